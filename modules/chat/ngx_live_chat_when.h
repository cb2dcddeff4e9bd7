
/*
 * Copyright (C) nginx-live authors
 */


/*
 * When something was said: what a client asks for, and what an entry says of
 * itself.
 */


#ifndef _NGX_LIVE_CHAT_WHEN_H_INCLUDED_
#define _NGX_LIVE_CHAT_WHEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    int64_t                    ms;         /* since 1970, or of the media */
    unsigned                   media:1;
} ngx_live_chat_when_t;


/*
 * "1500" is ms of the stream's media; "2023-11-14T22:13:20.500Z", and other
 * dates of RFC 3339 up to ms, as EXT-X-PROGRAM-DATE-TIME has them, are ms since
 * 1970.  NGX_ERROR: neither.
 */
ngx_int_t ngx_live_chat_when_parse(u_char *p, size_t len,
    ngx_live_chat_when_t *when);

/*
 * "ts" and "time" of an entry's text, as the server has written it: they come
 * before all that somebody else has said.  -1 where there is none.
 */
void ngx_live_chat_when_said(u_char *p, size_t len, int64_t *ts,
    int64_t *time);


#endif /* _NGX_LIVE_CHAT_WHEN_H_INCLUDED_ */
