
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_utf8.h"


#define NGX_LIVE_UTF8_FAILED  0xff


static ngx_int_t ngx_live_utf8_lead(ngx_live_utf8_t *u, u_char ch);


void
ngx_live_utf8_init(ngx_live_utf8_t *u)
{
    u->need = 0;
    u->low = 0x80;
    u->high = 0xbf;
}


ngx_int_t
ngx_live_utf8_feed(ngx_live_utf8_t *u, u_char *p, size_t len)
{
    u_char    ch, *end;
    uint64_t  word;

    if (u->need == NGX_LIVE_UTF8_FAILED) {
        return NGX_ERROR;
    }

    end = p + len;

    while (p < end) {

        if (u->need == 0) {

            while (end - p >= 8) {
                ngx_memcpy(&word, p, 8);

                if (word & 0x8080808080808080ULL) {
                    break;
                }

                p += 8;
            }

            if (p == end) {
                break;
            }

            ch = *p++;

            if (ch >= 0x80 && ngx_live_utf8_lead(u, ch) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        ch = *p++;

        if (ch < u->low || ch > u->high) {
            u->need = NGX_LIVE_UTF8_FAILED;
            return NGX_ERROR;
        }

        u->low = 0x80;
        u->high = 0xbf;
        u->need--;
    }

    return NGX_OK;
}


/*
 * RFC 3629, 4: the bounds of the second byte leave out overlong forms after
 * E0 and F0, surrogates after ED and what is above U+10FFFF after F4.
 */

static ngx_int_t
ngx_live_utf8_lead(ngx_live_utf8_t *u, u_char ch)
{
    if (ch < 0xc2 || ch > 0xf4) {
        u->need = NGX_LIVE_UTF8_FAILED;
        return NGX_ERROR;
    }

    if (ch < 0xe0) {
        u->need = 1;
        return NGX_OK;
    }

    if (ch < 0xf0) {
        u->need = 2;

        if (ch == 0xe0) {
            u->low = 0xa0;

        } else if (ch == 0xed) {
            u->high = 0x9f;
        }

        return NGX_OK;
    }

    u->need = 3;

    if (ch == 0xf0) {
        u->low = 0x90;

    } else if (ch == 0xf4) {
        u->high = 0x8f;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_utf8_end(ngx_live_utf8_t *u)
{
    return (u->need == 0) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_live_utf8_check(u_char *p, size_t len)
{
    ngx_live_utf8_t  u;

    ngx_live_utf8_init(&u);

    if (ngx_live_utf8_feed(&u, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_utf8_end(&u);
}


uint32_t
ngx_live_utf8_get(u_char **pos)
{
    u_char    *p;
    uint32_t   ch;

    p = *pos;

    if (p[0] < 0x80) {
        *pos = p + 1;
        return p[0];
    }

    if (p[0] < 0xe0) {
        *pos = p + 2;
        return ((uint32_t) (p[0] & 0x1f) << 6) | (p[1] & 0x3f);
    }

    if (p[0] < 0xf0) {
        *pos = p + 3;
        return ((uint32_t) (p[0] & 0x0f) << 12)
               | ((uint32_t) (p[1] & 0x3f) << 6) | (p[2] & 0x3f);
    }

    *pos = p + 4;

    ch = ((uint32_t) (p[0] & 0x07) << 18) | ((uint32_t) (p[1] & 0x3f) << 12)
         | ((uint32_t) (p[2] & 0x3f) << 6) | (p[3] & 0x3f);

    return ch;
}


u_char *
ngx_live_utf8_put(u_char *dst, uint32_t ch)
{
    if (ch < 0x80) {
        *dst++ = (u_char) ch;
        return dst;
    }

    if (ch < 0x800) {
        *dst++ = (u_char) (0xc0 | (ch >> 6));
        *dst++ = (u_char) (0x80 | (ch & 0x3f));
        return dst;
    }

    if (ch < 0x10000) {
        *dst++ = (u_char) (0xe0 | (ch >> 12));
        *dst++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        *dst++ = (u_char) (0x80 | (ch & 0x3f));
        return dst;
    }

    *dst++ = (u_char) (0xf0 | (ch >> 18));
    *dst++ = (u_char) (0x80 | ((ch >> 12) & 0x3f));
    *dst++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
    *dst++ = (u_char) (0x80 | (ch & 0x3f));

    return dst;
}
