
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of UTF-8: pieces make no difference, and what is valid is
 * written again as it was read.  The first byte is the size of a piece.
 */


#include "ngx_live_utf8.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n, piece;
    u_char           *p, *end, *start, out[NGX_LIVE_UTF8_MAX];
    uint32_t          ch;
    ngx_int_t         rc;
    ngx_live_utf8_t   u;

    if (size == 0) {
        return 0;
    }

    piece = data[0] % 16 + 1;
    p = (u_char *) data + 1;
    end = (u_char *) data + size;

    rc = ngx_live_utf8_check(p, end - p);

    ngx_live_utf8_init(&u);

    while (p < end) {
        n = ngx_min(piece, (size_t) (end - p));

        if (ngx_live_utf8_feed(&u, p, n) != NGX_OK) {
            break;
        }

        p += n;
    }

    if (ngx_live_utf8_end(&u) != rc) {
        abort();
    }

    if (rc != NGX_OK) {
        return 0;
    }

    p = (u_char *) data + 1;

    while (p < end) {
        start = p;
        ch = ngx_live_utf8_get(&p);

        if (p > end || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff)) {
            abort();
        }

        n = ngx_live_utf8_put(out, ch) - out;

        if (n != (size_t) (p - start) || memcmp(out, start, n) != 0) {
            abort();
        }
    }

    return 0;
}
