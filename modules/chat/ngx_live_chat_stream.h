
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_STREAM_H_INCLUDED_
#define _NGX_LIVE_CHAT_STREAM_H_INCLUDED_


#include "ngx_live_chat_outbox.h"
#include "ngx_live_redis.h"


/*
 * The scripts by which the relay changes what Redis has of a room.  Their keys
 * have one hash tag, so that one XREAD can name the streams of all rooms:
 *
 *     {chat}:room:APP/NAME            the stream
 *     {chat}:room:APP/NAME:meta       a hash: epoch, slow, pinned
 *     {chat}:room:APP/NAME:users      a hash of marks: "b USER", "m USER" and
 *                                     "s USER", until when
 *     {chat}:room:APP/NAME:seq:NODE   the node's last number in the stream
 *     {chat}:room:APP/NAME:viewers    a hash: NODE, viewers and time
 *     {chat}:passing                  a stream of what passes in all rooms
 *     {chat}:wake:NODE                ends what blocks
 */

#define NGX_LIVE_CHAT_STREAM_KEY      "{chat}:room:%V"
#define NGX_LIVE_CHAT_STREAM_PASSING  "{chat}:passing"
#define NGX_LIVE_CHAT_STREAM_WAKE     "{chat}:wake:%08xD"

/* entries that a script is given at once */
#define NGX_LIVE_CHAT_STREAM_SAYS     10


/*
 * Commands; a has to live until they are given, and so has pool, where copies
 * of what is in shared memory are.  NGX_DECLINED: there is nothing to be sent;
 * NGX_ERROR: no memory.
 */

ngx_int_t ngx_live_chat_stream_open_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool);

/* *last is the number of the last one of them */
ngx_int_t ngx_live_chat_stream_say_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool, uint64_t *last);

/* some of the marks and the settings, if they are to be restored */
ngx_int_t ngx_live_chat_stream_restore_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool);

ngx_int_t ngx_live_chat_stream_viewers_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool);

/* the next that passes */
ngx_int_t ngx_live_chat_stream_pass_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool);

void ngx_live_chat_stream_wake(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone);


#endif /* _NGX_LIVE_CHAT_STREAM_H_INCLUDED_ */
