
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_RECORD_H_INCLUDED_
#define _NGX_LIVE_CHAT_RECORD_H_INCLUDED_


#include "ngx_live_chat_effect.h"
#include "ngx_live_redis_reply.h"


/*
 * What Redis has of rooms: entries of streams, and the answers of scripts.
 * Whoever can write to Redis may have written them, and they are sent to
 * browsers: what is taken is what this suite could have written.
 */

#define NGX_LIVE_CHAT_RECORD_HEAD   64     /* bytes */
#define NGX_LIVE_CHAT_RECORD_TEXT   65536
#define NGX_LIVE_CHAT_RECORD_DEPTH  5      /* of its JSON */
#define NGX_LIVE_CHAT_RECORD_USER   512    /* bytes of an id, or of hashes */
#define NGX_LIVE_CHAT_RECORD_SLOW   86400  /* s */
#define NGX_LIVE_CHAT_RECORD_AMOUNT 9007199254740991
#define NGX_LIVE_CHAT_RECORD_OPTIONS 10    /* of a poll */
#define NGX_LIVE_CHAT_RECORD_RESTRICT 2    /* the last kind of it */

/* bytes of an epoch in hexadecimal digits */
#define NGX_LIVE_CHAT_EPOCH_LEN     16

/* bytes of ngx_live_chat_effect_write() without the user */
#define NGX_LIVE_CHAT_EFFECT_LEN                                              \
    (16 + NGX_LIVE_CHAT_ID_LEN + 3 * NGX_INT64_LEN + 10)


/*
 * An entry of a stream.  Its fields are
 *
 *     p   the room's epoch
 *     n   the node that has said it, of its own number s
 *     o   its id there
 *     u   the hash of the user who said it, 0: nobody's
 *     h   the text before the id, and
 *     t   behind it; both are empty: it has an effect only
 *     e   the effect, or empty
 *     r   what the effect came to, if it counts; 0: it was there before
 *
 * An entry of what passes has n, h, t, and k, the room.  Strings point into
 * the reply.
 */

typedef struct {
    ngx_live_chat_id_t         id;
    uint64_t                   epoch;
    uint32_t                   node;
    uint64_t                   seq;
    ngx_live_chat_id_t         origin;
    uint32_t                   user;
    ngx_str_t                  head;
    ngx_str_t                  tail;
    ngx_str_t                  room;
    ngx_live_chat_effect_t     effect;
} ngx_live_chat_record_t;


/*
 * pool is for what is needed meanwhile.  NGX_DECLINED: it is none of ours,
 * *reason says why; id is there if it has one.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_live_chat_record_parse(ngx_live_redis_reply_t *reply,
    ngx_live_chat_record_t *rec, ngx_uint_t passing, ngx_pool_t *pool,
    const char **reason);

/* "NAME MESSAGE UNTIL NUMBER USER"; writes nothing for no effect */
u_char *ngx_live_chat_effect_write(u_char *p,
    ngx_live_chat_effect_t *effect);
/* NGX_OK or NGX_ERROR; the user points into the text */
ngx_int_t ngx_live_chat_effect_parse(u_char *p, size_t len,
    ngx_live_chat_effect_t *effect);

/* 16 hexadecimal digits, not all 0; and 8 of a node */
ngx_int_t ngx_live_chat_epoch_parse(ngx_str_t *text, uint64_t *epoch);
u_char *ngx_live_chat_epoch_write(u_char *p, uint64_t epoch);


/*
 * The answer of the script that opens a room: the epoch, the stream's last and
 * first id, the node's last number, settings, marks of users, the newest
 * entries, newest first, and whether the epoch has begun just now.
 */

typedef struct {
    uint64_t                   epoch;
    ngx_live_chat_id_t         last;
    ngx_live_chat_id_t         first;      /* 0-0: the stream is empty */
    uint64_t                   seq;
    ngx_uint_t                 fresh;      /* nobody knew the room */
    ngx_uint_t                 slow;
    ngx_uint_t                 slow_set;
    ngx_uint_t                 restricted; /* as the effect's number */
    ngx_uint_t                 restricted_set;
    ngx_live_chat_id_t         pinned;
    ngx_live_redis_reply_t    *marks;      /* n is even: names and values */
    ngx_live_redis_reply_t    *meta;       /* the same */
    ngx_live_redis_reply_t    *entries;
} ngx_live_chat_opening_t;

ngx_int_t ngx_live_chat_opening_parse(ngx_live_redis_reply_t *reply,
    ngx_live_chat_opening_t *o);

/*
 * A total of tips by its name, "total EUR", whose end is the currency.
 * NGX_DECLINED: it is none.
 */
ngx_int_t ngx_live_chat_total_parse(ngx_str_t *name, ngx_str_t *value,
    int64_t *amount);

/*
 * A mark: the effect that makes it, BAN, TIMEOUT or SHADOW.  NGX_DECLINED: it
 * is none.
 */
ngx_int_t ngx_live_chat_mark_parse(ngx_str_t *name, ngx_str_t *value,
    ngx_live_chat_effect_t *effect);


#endif /* _NGX_LIVE_CHAT_RECORD_H_INCLUDED_ */
