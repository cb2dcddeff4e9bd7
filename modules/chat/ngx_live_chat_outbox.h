
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_OUTBOX_H_INCLUDED_
#define _NGX_LIVE_CHAT_OUTBOX_H_INCLUDED_


#include "ngx_live_chat_record.h"
#include "ngx_live_chat_room.h"


/*
 * What is said in a room of several nodes.  It gets a number of this node and
 * waits in the outbox until the relay has put it into the room's stream, and
 * it has come back by that: then it enters the log, as at all other nodes.
 *
 * Without Redis the room goes on alone, in an epoch of its own: what waits,
 * and all that is said then, enters the log at once and stays in the outbox.
 * When it comes back later, under another id, the entry that it was is hidden.
 *
 * All of it under the zone's mutex.
 */

/* by default: entries of an outbox; s that the stream keeps, and at most */
#define NGX_LIVE_CHAT_BACKLOG      1000
#define NGX_LIVE_CHAT_AGE          86400
#define NGX_LIVE_CHAT_AGE_MAX      2592000

/* ms that what has come back is kept, for a Redis that forgets it */
#define NGX_LIVE_CHAT_KEEP  60000


typedef enum {
    NGX_LIVE_CHAT_ALONE = 0,               /* there are no other nodes */
    NGX_LIVE_CHAT_OPENING,                 /* who comes waits */
    NGX_LIVE_CHAT_CLUSTER,
    NGX_LIVE_CHAT_NODE                     /* without the others */
} ngx_live_chat_scope_e;


typedef struct {
    ngx_queue_t                queue;
    uint64_t                   seq;
    ngx_live_chat_id_t         origin;
    int64_t                    clock;      /* ngx_live_clock(): said, or has
                                              come back */
    uint32_t                   user;       /* hash */
    uint32_t                   head_len;
    uint32_t                   tail_len;
    ngx_live_chat_effect_t     effect;
    unsigned                   entered:1;  /* is in the log already */
    unsigned                   stored:1;   /* is in the stream already */
    unsigned                   counted:1;  /* was once, so that totals that
                                              we have of Redis include it */
    unsigned                   back:1;     /* has come back once */
    u_char                     data[1];    /* head, tail, user of effect */
} ngx_live_chat_outgoing_sh_t;


/* of a new room, and of one that is freed */
void ngx_live_chat_outbox_init_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);
void ngx_live_chat_outbox_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* as ngx_live_chat_room_say() */
ngx_int_t ngx_live_chat_outbox_say_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say);

/* Redis is lost: the room goes on alone, and says so */
void ngx_live_chat_outbox_cut_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* Redis is there: the room is as it says; entries are received then */
void ngx_live_chat_outbox_open_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_opening_t *o,
    ngx_live_chat_id_t *base);

/* an entry of the stream; what was received already is not so again */
void ngx_live_chat_outbox_receive_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_record_t *rec);

/* what has come back is forgotten after a while */
void ngx_live_chat_outbox_trim_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* the entry that the number has become: its id; 0-0: it has none */
void ngx_live_chat_outbox_id_locked(ngx_live_chat_room_sh_t *room,
    uint64_t seq, ngx_live_chat_id_t *id);


#endif /* _NGX_LIVE_CHAT_OUTBOX_H_INCLUDED_ */
