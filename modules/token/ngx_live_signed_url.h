
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Signed URLs for those who have no tokens: HMAC-SHA256 of a text that the
 * server and the one who signs put together alike, with the time up to which
 * it holds.
 */


#ifndef _NGX_LIVE_SIGNED_URL_H_INCLUDED_
#define _NGX_LIVE_SIGNED_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_SIGNED_URL_SECRET  16     /* least number of bytes */


typedef struct {
    ngx_str_t                  secret;
    ngx_str_t                  text;       /* what is signed */
    ngx_str_t                  signature;  /* 64 hex digits or 43 bytes of
                                              base64url */
    ngx_str_t                  expires;    /* s since the epoch, in digits */
} ngx_live_signed_url_t;


/*
 * NGX_OK: it is signed and now (s) is before expires.  NGX_DECLINED: it is
 * not, *reason (constant) says why.  The text must contain expires: a time
 * that is not signed could be changed by everybody.
 */
ngx_int_t ngx_live_signed_url_check(ngx_live_signed_url_t *url, time_t now,
    const char **reason);


#endif /* _NGX_LIVE_SIGNED_URL_H_INCLUDED_ */
