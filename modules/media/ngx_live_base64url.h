
/*
 * Copyright (C) nginx-live authors
 */


/*
 * base64url without padding (RFC 4648, 5; RFC 7515, 2).  nginx's own decoder
 * takes padding and bits that are lost; here each text has one meaning and
 * each meaning one text.
 */


#ifndef _NGX_LIVE_BASE64URL_H_INCLUDED_
#define _NGX_LIVE_BASE64URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes that a text of len bytes decodes to, if it is valid */
#define ngx_live_base64url_decoded(len)  ((len) / 4 * 3 + (len) % 4 * 3 / 4)

/* bytes of the text of len bytes */
#define ngx_live_base64url_encoded(len)                                       \
    ((len) / 3 * 4 + ((len) % 3 * 4 + 2) / 3)

/*
 * Decodes into dst, which holds ngx_live_base64url_decoded(len) bytes and may
 * be src itself.  NGX_ERROR: padding, a byte that is not of the alphabet, an
 * impossible length, or bits behind the last byte that are not zero.
 */
ngx_int_t ngx_live_base64url_decode(u_char *dst, size_t *n, u_char *src,
    size_t len);

/* returns the end of the text in dst, which is not src */
u_char *ngx_live_base64url_encode(u_char *dst, u_char *src, size_t len);


#endif /* _NGX_LIVE_BASE64URL_H_INCLUDED_ */
