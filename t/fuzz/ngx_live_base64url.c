
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of base64url: what is taken is written the same way again. */


#include "ngx_live_base64url.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *dst, *text, *end;
    size_t   n, max;

    max = ngx_live_base64url_decoded(size);

    dst = malloc(max + 1);
    text = malloc(size + 1);

    if (dst == NULL || text == NULL) {
        abort();
    }

    if (ngx_live_base64url_decode(dst, &n, (u_char *) data, size) == NGX_OK) {

        if (n != max || ngx_live_base64url_encoded(n) != size) {
            abort();
        }

        end = ngx_live_base64url_encode(text, dst, n);

        if ((size_t) (end - text) != size || memcmp(text, data, size) != 0) {
            abort();
        }
    }

    free(dst);
    free(text);

    return 0;
}
