
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_FOLLOW_H_INCLUDED_
#define _NGX_LIVE_CHAT_FOLLOW_H_INCLUDED_


#include "ngx_live_chat_stream.h"


/*
 * Internal to the relay: its state, and how it follows the streams of all
 * rooms.
 */


/* a room, as this worker knows it */

typedef struct {
    uint64_t                   birth;      /* of the room that is meant */
    int64_t                    rest;       /* ngx_live_clock(): not before */
    int64_t                    counted;    /* of viewers */
    unsigned                   open:1;     /* on this connection */
    unsigned                   busy:1;     /* an answer is awaited */
} ngx_live_chat_relay_room_t;


typedef struct {
    ngx_event_t                timer;
    ngx_live_redis_watch_t     watch;
    int64_t                    down;       /* ngx_live_clock() since when Redis
                                              is, 0: it is up */
    ngx_uint_t                 life;       /* connections so far */
    int64_t                    packaged;   /* ngx_live_clock(): looked for
                                              streams */
    ngx_live_chat_id_t         woken;      /* position of the wake stream */
    ngx_live_chat_id_t         passed;     /* of what passes */
    ngx_live_chat_relay_room_t  rooms[NGX_LIVE_CHAT_ROOMS];

    unsigned                   mine:1;     /* this worker is the relay */
    unsigned                   reading:1;
    unsigned                   waking:1;
} ngx_live_chat_relay_t;


extern ngx_live_chat_relay_t  ngx_live_chat_relay;


/* reads, if it does not do so already; wake: there is a room more */
void ngx_live_chat_relay_wake(ngx_live_chat_zone_t *zone);
void ngx_live_chat_relay_read(ngx_live_chat_zone_t *zone);

/*
 * Entries of a room's stream, in reverse or not; those of another epoch make
 * that it is opened again, unless they are its opening.
 */
void ngx_live_chat_relay_entries(ngx_live_chat_zone_t *zone,
    ngx_str_t *name, ngx_live_redis_reply_t *entries, ngx_uint_t reverse,
    ngx_pool_t *pool);

/* as by ngx_sprintf(); an empty text without memory, which Redis refuses */
ngx_str_t ngx_live_chat_relay_text(ngx_pool_t *pool, const char *fmt,
    ...);


#endif /* _NGX_LIVE_CHAT_FOLLOW_H_INCLUDED_ */
