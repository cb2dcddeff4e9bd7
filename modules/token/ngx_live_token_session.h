
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Playback sessions of tokens with "max_sessions": a table in shared memory of
 * those of this node.  A session has a lease that is renewed: one of a
 * connection by its worker, one of HLS by each reload of a media playlist.
 * One that was ended to make room is remembered for a while, so that its
 * client does not come back as a new one at once.
 */


#ifndef _NGX_LIVE_TOKEN_SESSION_H_INCLUDED_
#define _NGX_LIVE_TOKEN_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_claims.h"


#define NGX_LIVE_TOKEN_SESSION_LEASE  20000      /* ms */
#define NGX_LIVE_TOKEN_SESSION_MIN    3000
#define NGX_LIVE_TOKEN_SESSION_MAX    3600000

/* ms of silence after which one that was ended may come back */
#define NGX_LIVE_TOKEN_SESSION_FORGET 60000

/* of a sub, those that were ended and are remembered */
#define NGX_LIVE_TOKEN_SESSION_ENDED  32


typedef struct {
    uint64_t                   sub[2];      /* beginning of its SHA-256 */
    uint64_t                   id;          /* not 0 */
    int64_t                    start;       /* ms since the epoch, 0: now */
    uint32_t                   max;         /* of the sub */
    uint32_t                   lease;       /* ms */
    unsigned                   replace:1;   /* the oldest gives way; else the
                                               newest is refused */
} ngx_live_token_session_t;


typedef struct ngx_live_token_sessions_sh_s  ngx_live_token_sessions_sh_t;

typedef struct {
    ngx_live_token_sessions_sh_t *sh;
    ngx_slab_pool_t              *shpool;
} ngx_live_token_sessions_t;


typedef struct {
    ngx_uint_t                 now;         /* sessions */
    ngx_uint_t                 refused;     /* since the zone was made */
    ngx_uint_t                 ended;
    ngx_uint_t                 unlimited;   /* had no place in the zone */
    ngx_uint_t                 fast;        /* ended for their rate */
} ngx_live_token_sessions_stat_t;


/* shm_zone->init; its data is a ngx_live_token_sessions_t */
ngx_int_t ngx_live_token_sessions_init(ngx_shm_zone_t *shm_zone, void *data);

/* the table of the running cycle, NULL if there is none */
ngx_live_token_sessions_t *ngx_live_token_sessions(void);

void ngx_live_token_sessions_stat(ngx_live_token_sessions_t *t,
    ngx_live_token_sessions_stat_t *stat);


/* fills in s->sub */
ngx_int_t ngx_live_token_session_sub(ngx_live_token_session_t *s,
    ngx_str_t *sub);

/*
 * NGX_OK: it is known, and its lease was renewed; *tell: Redis is to be told,
 * by whoever calls.  NGX_ABORT: it was ended.  NGX_DECLINED: it is new.
 */
ngx_int_t ngx_live_token_session_renew(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t *tell);

/* non-zero if those of this node are as many as there may be */
ngx_uint_t ngx_live_token_session_full(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s);

/*
 * Enters a new session.  Unless it was admitted already, by Redis, the
 * sessions of this node decide: NGX_DECLINED if it is refused, or the oldest
 * ones are ended.  NGX_ABORT: it has been ended meanwhile.  NGX_OK also when
 * the zone is full: nobody is turned away for that.
 */
ngx_int_t ngx_live_token_session_enter(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t admitted, ngx_log_t *log);

/* Redis has refused it */
void ngx_live_token_session_refused(ngx_live_token_sessions_t *t);

/* one was ended for its rate */
void ngx_live_token_session_count_fast(ngx_live_token_sessions_t *t);

/* ends it, in whichever worker, if this node has it */
void ngx_live_token_session_end(ngx_live_token_sessions_t *t, uint64_t *sub,
    uint64_t id, ngx_log_t *log);

/*
 * A connection's session runs in this worker, which renews it from now on.
 * NGX_ABORT: it was ended before.
 */
ngx_int_t ngx_live_token_session_bind(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s);

/* NGX_DECLINED: it is not there; idle: it is left if it runs in a worker */
ngx_int_t ngx_live_token_session_remove(ngx_live_token_sessions_t *t,
    uint64_t *sub, uint64_t id, ngx_uint_t idle);


/*
 * Renews those of this worker whose turn it is, and returns, of up to n, those
 * of which Redis is to be told.  *more: there may be others.
 */
ngx_uint_t ngx_live_token_session_due(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t n, ngx_uint_t tell,
    ngx_uint_t *more);

/* what a former worker of this slot has left runs nowhere any more */
void ngx_live_token_session_orphan(ngx_live_token_sessions_t *t);

/* removes one that dead workers have left; NGX_DECLINED: there is none */
ngx_int_t ngx_live_token_session_lost(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s);

/*
 * The next sessions behind *last, which is zero at first, that Redis was not
 * told of after a time (ngx_live_clock()); they count as told.  Returns how
 * many; *last is the place to go on from.  *more is zero when all have been
 * seen.
 */
ngx_uint_t ngx_live_token_session_walk(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *last, int64_t since,
    ngx_live_token_session_t *s, ngx_uint_t n, ngx_uint_t *more);


#endif /* _NGX_LIVE_TOKEN_SESSION_H_INCLUDED_ */
