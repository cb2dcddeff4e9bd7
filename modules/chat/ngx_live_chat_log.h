
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_LOG_H_INCLUDED_
#define _NGX_LIVE_CHAT_LOG_H_INCLUDED_


#include "ngx_live_chat_hall.h"
#include "ngx_live_chat_room.h"


/*
 * A room's log: how entries come into it, what clients have seen of it, and
 * how they leave it again.  All under the zone's mutex.
 */


/* random, not 0 */
uint64_t ngx_live_chat_log_epoch(void);

/*
 * Entries of this epoch may come from now on, those up to base are not in the
 * log.  Of a known epoch only what base says is new.
 */
void ngx_live_chat_log_span(ngx_live_chat_room_sh_t *room, uint64_t epoch,
    ngx_live_chat_id_t *base);

/* the next local id, and the cursor of an entry that gets it */
void ngx_live_chat_log_next(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say);

/*
 * Enters what has its pos and its cursor, and lets its effect happen.
 * NGX_ERROR: there is no memory; it has been counted.
 */
ngx_int_t ngx_live_chat_log_enter_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say);

/* of the log or of what passes: the oldest; 0: there is none */
ngx_uint_t ngx_live_chat_log_drop_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_queue_t *entries);

/*
 * What who stands at the cursor has not seen has a greater serial number.
 * NGX_DECLINED: something of it is not in the log, or the epoch is unknown.
 */
ngx_int_t ngx_live_chat_log_seek_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_cursor_t *cursor, uint64_t *serial);

/* an entry that is called so: by its id or by its origin */
ngx_uint_t ngx_live_chat_entry_is(ngx_live_chat_entry_sh_t *e,
    ngx_live_chat_id_t *id);

/* see ngx_live_chat_hall_history() */
ngx_int_t ngx_live_chat_history_locked(ngx_live_chat_room_sh_t *room,
    uint64_t serial, ngx_live_chat_history_t *h, ngx_pool_t *pool);


#endif /* _NGX_LIVE_CHAT_LOG_H_INCLUDED_ */
