
/*
 * Copyright (C) nginx-live authors
 */


/*
 * permessage-deflate (RFC 7692) without context takeover on either side, so
 * that a message is compressed once for all who understand it, and nothing is
 * remembered of a client between its messages.
 */


#ifndef _NGX_LIVE_CHAT_DEFLATE_H_INCLUDED_
#define _NGX_LIVE_CHAT_DEFLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <zlib.h>


/* bytes; shorter messages are sent as they are */
#define NGX_LIVE_CHAT_DEFLATE_MIN  128


/*
 * Two streams for all messages of a process, made when they are needed first:
 * about 150 kB and 40 kB.
 */

typedef struct {
    z_stream                   deflate;
    z_stream                   inflate;
    ngx_int_t                  level;
    ngx_uint_t                 deflating;  /* the stream has been made */
    ngx_uint_t                 inflating;
} ngx_live_chat_deflate_t;


/*
 * A value of Sec-WebSocket-Extensions: the first alternative that can be met
 * is accepted, and answer, a constant, is to be sent back.  One that demands
 * a window smaller than 2^15 of the server, or has a parameter which is
 * unknown, twice there or of a bad value (RFC 7692, 7) is passed over.
 *
 *   NGX_OK        accepted
 *   NGX_DECLINED  no alternative; another header may have one
 *   NGX_ERROR     the value breaks the grammar (RFC 6455, 9.1)
 */
ngx_int_t ngx_live_chat_deflate_offer(u_char *p, size_t len,
    ngx_str_t *answer);

/* level is zlib's, 1..9 or -1; nothing is allocated yet */
void ngx_live_chat_deflate_init(ngx_live_chat_deflate_t *df, ngx_int_t level);
void ngx_live_chat_deflate_done(ngx_live_chat_deflate_t *df);

/*
 * Compresses a message of len bytes into dst, which has size bytes; *n is what
 * a frame with RSV1 has to carry.  A dst of len bytes is always enough.
 *
 *   NGX_DECLINED  to be sent as it is: shorter than NGX_LIVE_CHAT_DEFLATE_MIN,
 *                 or no shorter when compressed, or dst is too small
 *   NGX_ERROR     no memory
 */
ngx_int_t ngx_live_chat_deflate(ngx_live_chat_deflate_t *df, u_char *p,
    size_t len, u_char *dst, size_t size, size_t *n);

/*
 * Inflates a whole message, the joined payload of its frames, into dst.
 *
 *   NGX_OK        *n bytes
 *   NGX_DECLINED  too big: there are more than size bytes; close by 1009
 *   NGX_ERROR     not deflated, or no memory; close by 1007
 *
 * With a constant reason if not NGX_OK.  What it costs is bounded by len and
 * size together.
 */
ngx_int_t ngx_live_chat_inflate(ngx_live_chat_deflate_t *df, u_char *p,
    size_t len, u_char *dst, size_t size, size_t *n, const char **reason);


#endif /* _NGX_LIVE_CHAT_DEFLATE_H_INCLUDED_ */
