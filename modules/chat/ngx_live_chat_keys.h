
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_KEYS_H_INCLUDED_
#define _NGX_LIVE_CHAT_KEYS_H_INCLUDED_


#include "ngx_live_chat_room.h"


/*
 * What a room has seen, so that it is not counted twice: payments, and users
 * who have voted.  Of each text a keyed hash is remembered, 64 bytes of the
 * zone, with a number of the caller's.  All of it is under the zone's mutex.
 */

typedef struct ngx_live_chat_key_sh_s   ngx_live_chat_key_sh_t;


/* NULL: there is no memory; but is a room that is not to give way for it */
ngx_live_chat_keys_sh_t *ngx_live_chat_keys_create_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *but);

/* the number, or NGX_DECLINED: it was not seen */
ngx_int_t ngx_live_chat_keys_find_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_keys_sh_t *keys, ngx_str_t *text);

/*
 * A text that was not seen; number is 0 to 255.  At most max are remembered:
 * with forget the oldest one gives way, else it is NGX_DECLINED.  NGX_ERROR:
 * there is no memory.
 */
ngx_int_t ngx_live_chat_keys_add_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *but, ngx_live_chat_keys_sh_t *keys,
    ngx_str_t *text, ngx_uint_t number, ngx_uint_t max, ngx_uint_t forget);

ngx_uint_t ngx_live_chat_keys_n(ngx_live_chat_keys_sh_t *keys);

void ngx_live_chat_keys_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_keys_sh_t *keys);


#endif /* _NGX_LIVE_CHAT_KEYS_H_INCLUDED_ */
