
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What the HTTP doors share of URLs: paths, numbers, query arguments.
 */


#ifndef _NGX_LIVE_URL_H_INCLUDED_
#define _NGX_LIVE_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Splits the part of a decoded path behind the location's prefix:
 *
 *     live/demo/index.m3u8  ->  live, demo, index.m3u8
 *     live/demo             ->  live, demo, ""
 *
 * One slash at the start is stepped over.  The parts point into path; app
 * and name are valid by ngx_live_name_check(), or NGX_ERROR is returned with
 * a constant reason; rest is as it came, without its slash.
 */
ngx_int_t ngx_live_url_split(ngx_str_t *path, ngx_str_t *app,
    ngx_str_t *name, ngx_str_t *rest, const char **reason);

/*
 * Takes a first component ~TOKEN off the path, with the slash before it:
 *
 *     ~abc/live/demo  ->  abc, live/demo
 *
 * NGX_DECLINED: there is none, and the path is as it was.
 */
ngx_int_t ngx_live_url_token(ngx_str_t *path, ngx_str_t *token);

/* cuts a suffix (".flv") off: NGX_OK, or NGX_DECLINED when it is not there
 * or there is nothing before it */
ngx_int_t ngx_live_url_cut_suffix(ngx_str_t *s, const char *suffix);

/*
 * A decimal number of digits only, at least one; leading zeros are allowed,
 * so the text may be of any length.  NGX_ERROR: another byte, or above
 * UINT64_MAX; *value is not touched then.
 */
ngx_int_t ngx_live_url_number(u_char *data, size_t len, uint64_t *value);

/*
 * Looks for an argument in a query string.  Keys are compared byte by byte,
 * nothing is decoded.  Returns how many times it is there; value is that of
 * the first, empty when it has no "=".
 */
ngx_uint_t ngx_live_url_arg(ngx_str_t *args, const char *key,
    ngx_str_t *value);

/*
 * The id of a playback session that a playlist has put behind its links: the
 * argument "sid", once, of 16 characters of base64url.  NGX_DECLINED: there is
 * none.
 */
#define NGX_LIVE_URL_SID_LEN    16

ngx_int_t ngx_live_url_sid(ngx_str_t *args, ngx_str_t *sid);

/* takes all arguments "sid" away, in place; returns the new length */
size_t ngx_live_url_drop_sid(u_char *args, size_t len);


#endif /* _NGX_LIVE_URL_H_INCLUDED_ */
