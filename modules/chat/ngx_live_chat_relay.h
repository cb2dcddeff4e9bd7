
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_RELAY_H_INCLUDED_
#define _NGX_LIVE_CHAT_RELAY_H_INCLUDED_


#include "ngx_live_chat_room.h"


/*
 * The relay is the worker that speaks to Redis for all rooms of the node: it
 * puts what is in their outboxes into their streams, and follows these by one
 * command that blocks.  When it dies or exits another worker takes its place.
 */

/* in init_process; does nothing without a Redis */
void ngx_live_chat_relay_init(ngx_cycle_t *cycle);
void ngx_live_chat_relay_done(void);

/* it is to look at the room */
void ngx_live_chat_relay_ring(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* the bell of rooms was rung: in the relay, it may have been that */
void ngx_live_chat_relay_bell(ngx_live_chat_zone_t *zone);


#endif /* _NGX_LIVE_CHAT_RELAY_H_INCLUDED_ */
