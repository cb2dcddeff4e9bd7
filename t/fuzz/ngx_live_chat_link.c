
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of links: a link that is appended is found. */


#include "ngx_live_chat_link.h"
#include "ngx_live_utf8.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *p, *buf;

    if (ngx_live_utf8_check((u_char *) data, size) != NGX_OK) {
        return 0;
    }

    p = malloc(size + 12);
    buf = malloc(size + 12);

    if (p == NULL || buf == NULL) {
        abort();
    }

    memcpy(p, data, size);
    memcpy(p + size, " http://a.de", 12);

    if (!ngx_live_chat_has_link(p, size + 12, buf)) {
        abort();
    }

    free(p);
    free(buf);

    /* of exactly that size */

    p = malloc(size ? size : 1);
    buf = malloc(size ? size : 1);

    if (p == NULL || buf == NULL) {
        abort();
    }

    memcpy(p, data, size);

    (void) ngx_live_chat_has_link(p, size, buf);

    free(p);
    free(buf);

    return 0;
}
