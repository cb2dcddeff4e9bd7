
/*
 * Copyright (C) nginx-live authors
 */


/*
 * UTF-8 (RFC 3629): validation of a text that comes in pieces, and code points
 * of a text that is known to be valid.
 */


#ifndef _NGX_LIVE_UTF8_H_INCLUDED_
#define _NGX_LIVE_UTF8_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_UTF8_MAX  4               /* bytes of a code point */


typedef struct {
    u_char                     need;       /* bytes of the code point to come,
                                              more than 3: failed */
    u_char                     low;        /* bounds of the next one */
    u_char                     high;
} ngx_live_utf8_t;


void ngx_live_utf8_init(ngx_live_utf8_t *u);

/*
 * The next piece, which may end within a code point.  NGX_ERROR, which is
 * final, as soon as a byte cannot be right: overlong forms, surrogates and
 * what is above U+10FFFF are noticed at their second byte at the latest.
 */
ngx_int_t ngx_live_utf8_feed(ngx_live_utf8_t *u, u_char *p, size_t len);

/* NGX_ERROR: the text was invalid or ends within a code point */
ngx_int_t ngx_live_utf8_end(ngx_live_utf8_t *u);

/* a whole text at once */
ngx_int_t ngx_live_utf8_check(u_char *p, size_t len);

/* the code point at *pos, which is moved; the text is valid and not at end */
uint32_t ngx_live_utf8_get(u_char **pos);

/* writes a code point, at most NGX_LIVE_UTF8_MAX bytes; the place behind it */
u_char *ngx_live_utf8_put(u_char *dst, uint32_t ch);


#endif /* _NGX_LIVE_UTF8_H_INCLUDED_ */
