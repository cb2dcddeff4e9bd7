
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of permessage-deflate: offers, what clients send, and that what
 * is deflated is inflated to the same.
 */


#include "ngx_live_chat_deflate.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_live_chat_deflate_t  df;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       n, m, max;
    u_char      *p, *dst, *back;
    ngx_int_t    rc;
    ngx_str_t    answer;
    const char  *reason;

    if (size == 0) {
        return 0;
    }

    if (df.level == 0) {
        ngx_live_chat_deflate_init(&df, 6);
    }

    max = data[0] * 8;
    size--;

    p = malloc(size + 1);
    dst = malloc(size + 1);
    back = malloc(max + 1);

    if (p == NULL || dst == NULL || back == NULL) {
        abort();
    }

    memcpy(p, data + 1, size);

    if (ngx_live_chat_deflate_offer(p, size, &answer) == NGX_OK
        && answer.len < 18)
    {
        abort();
    }

    reason = NULL;
    rc = ngx_live_chat_inflate(&df, p, size, back, max, &n, &reason);

    if (rc == NGX_OK ? n > max : reason == NULL) {
        abort();
    }

    free(back);

    if (ngx_live_chat_deflate(&df, p, size, dst, size, &n) == NGX_OK) {
        back = malloc(size);

        if (back == NULL || n >= size) {
            abort();
        }

        rc = ngx_live_chat_inflate(&df, dst, n, back, size, &m, &reason);

        if (rc != NGX_OK || m != size || memcmp(back, p, size) != 0) {
            abort();
        }

        free(back);
    }

    free(p);
    free(dst);

    return 0;
}
