
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Names of applications and streams.  A valid name may stand as it is in a
 * path of a file, a URL, a Redis key, a log line, JSON and an HLS playlist:
 *
 *     1..128 bytes of A-Z a-z 0-9 . _ ~ - @ + =, not beginning with . or ~
 *
 * This is the only limit: a stream's key, "APP/NAME", has room for any two.
 *
 * ":" is not among them, since a relative link to "a:b" is read as one with
 * the scheme "a" (RFC 3986, 4.2).
 */


#ifndef _NGX_LIVE_NAME_H_INCLUDED_
#define _NGX_LIVE_NAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_NAME_MAX      128
#define NGX_LIVE_NAME_KEY_MAX  (2 * NGX_LIVE_NAME_MAX + 1)


/* NGX_OK, or NGX_ERROR with a constant reason ("is empty", ...) */
ngx_int_t ngx_live_name_check(ngx_str_t *name, const char **reason);

/*
 * The key of a stream, "APP/NAME", in buf, which holds NGX_LIVE_NAME_KEY_MAX
 * bytes.  NGX_ERROR with a reason when one of both is no valid name.
 */
ngx_int_t ngx_live_name_key(ngx_str_t *app, ngx_str_t *name, u_char *buf,
    ngx_str_t *key, const char **reason);

/*
 * Splits "name?args", as RTMP clients send stream names.  The parts point
 * into whole and may be empty; nothing is checked or decoded.
 */
void ngx_live_name_split(ngx_str_t *whole, ngx_str_t *name, ngx_str_t *args);

/*
 * Splits "app/instance?args", as RTMP clients send applications.  A slash at
 * the end of the application, as OBS sends it for "rtmp://host/live/", is no
 * part of either.
 */
void ngx_live_name_split_app(ngx_str_t *whole, ngx_str_t *app,
    ngx_str_t *instance, ngx_str_t *args);


#endif /* _NGX_LIVE_NAME_H_INCLUDED_ */
