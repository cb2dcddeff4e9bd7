
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_base64url.h"


static ngx_int_t ngx_live_base64url_value(u_char c);


ngx_int_t
ngx_live_base64url_decode(u_char *dst, size_t *n, u_char *src, size_t len)
{
    u_char     *d;
    size_t      i;
    uint32_t    bits;
    ngx_int_t   v;
    ngx_uint_t  have;

    if (len % 4 == 1) {
        return NGX_ERROR;
    }

    d = dst;
    bits = 0;
    have = 0;

    for (i = 0; i < len; i++) {
        v = ngx_live_base64url_value(src[i]);

        if (v < 0) {
            return NGX_ERROR;
        }

        bits = (bits << 6) | v;
        have += 6;

        if (have >= 8) {
            have -= 8;
            *d++ = (u_char) (bits >> have);
            bits &= (1 << have) - 1;
        }
    }

    /* RFC 4648, 3.5: otherwise several texts would mean the same */

    if (bits) {
        return NGX_ERROR;
    }

    *n = d - dst;

    return NGX_OK;
}


static ngx_int_t
ngx_live_base64url_value(u_char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    if (c == '-') {
        return 62;
    }

    if (c == '_') {
        return 63;
    }

    return -1;
}


u_char *
ngx_live_base64url_encode(u_char *dst, u_char *src, size_t len)
{
    size_t             i;
    uint32_t           bits;
    ngx_uint_t         have;
    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_";

    bits = 0;
    have = 0;

    for (i = 0; i < len; i++) {
        bits = (bits << 8) | src[i];
        have += 8;

        while (have >= 6) {
            have -= 6;
            *dst++ = alphabet[(bits >> have) & 0x3f];
        }
    }

    if (have) {
        *dst++ = alphabet[(bits << (6 - have)) & 0x3f];
    }

    return dst;
}
