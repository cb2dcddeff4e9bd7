
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Playback sessions of all nodes that share a Redis.
 */


#ifndef _NGX_LIVE_TOKEN_SESSION_REDIS_H_INCLUDED_
#define _NGX_LIVE_TOKEN_SESSION_REDIS_H_INCLUDED_


#include "ngx_live_redis.h"
#include "ngx_live_token_session.h"


typedef enum {
    NGX_LIVE_TOKEN_SESSION_ADMITTED = 0,    /* s->start is set */
    NGX_LIVE_TOKEN_SESSION_REFUSED,
    NGX_LIVE_TOKEN_SESSION_OVER,            /* it was ended */
    NGX_LIVE_TOKEN_SESSION_UNKNOWN          /* Redis gave no answer */
} ngx_live_token_session_answer_e;


/*
 * Asks whether a new session may begin; NULL: there is no Redis at the moment.
 * The handler reads the reply by ngx_live_token_session_answer().  The call
 * may be cancelled.
 */
ngx_live_redis_call_t *ngx_live_token_session_ask(ngx_live_token_session_t *s,
    ngx_live_redis_handler_pt handler, void *data);
ngx_uint_t ngx_live_token_session_answer(ngx_live_redis_reply_t *reply,
    ngx_live_token_session_t *s);

/*
 * Nobody waits for these: a session goes on, which enters it again if Redis
 * has lost it; it is over.  NGX_DECLINED: there is no Redis at the moment.
 */
ngx_int_t ngx_live_token_session_tell(ngx_live_token_session_t *s);
void ngx_live_token_session_untell(uint64_t *sub, uint64_t id);

/* subscribes to the channel of those that are ended; in a worker */
ngx_int_t ngx_live_token_session_redis_init(ngx_cycle_t *cycle);


#endif /* _NGX_LIVE_TOKEN_SESSION_REDIS_H_INCLUDED_ */
