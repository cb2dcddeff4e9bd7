
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_MARK_H_INCLUDED_
#define _NGX_LIVE_CHAT_MARK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_live_chat_room.h"
#include "ngx_live_chat_state.h"


/*
 * What moderators have done to users, of all rooms of the zone: it outlives
 * the rooms, which go when nobody has used them for long, and with
 * "chat_state" nginx.  Users of a room have copies.  Under the zone's mutex.
 */

#define NGX_LIVE_CHAT_MARKS  32768         /* of a zone */


/* NGX_DECLINED: there are none */
ngx_int_t ngx_live_chat_mark_get_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *room, ngx_str_t *user, ngx_live_chat_marks_t *marks);

/*
 * Marks of which none holds any more are forgotten.  reserve makes a place, so
 * that set finds memory; NGX_ERROR: there is none.
 */
ngx_int_t ngx_live_chat_mark_reserve_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *room, ngx_str_t *user);
ngx_int_t ngx_live_chat_mark_set_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *room, ngx_str_t *user, ngx_live_chat_marks_t *marks);

/*
 * Of a room: clear forgets them all, list gives those that hold from number n
 * (from 0) on, one at a time; NGX_DONE: there is none more.  The id lies in the
 * zone.
 */
void ngx_live_chat_mark_clear_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *room);
ngx_int_t ngx_live_chat_mark_list_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *room, ngx_uint_t n, ngx_str_t *user,
    ngx_live_chat_marks_t *marks);

/*
 * The file.  read gets its text at configuration time, NGX_ERROR: it is no
 * such file, it has been logged; enter puts what it says into a new zone.
 */
ngx_int_t ngx_live_chat_keep_read(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *text);
void ngx_live_chat_keep_enter(ngx_live_chat_zone_t *zone, ngx_str_t *text,
    ngx_log_t *log);

/* the text of the file as it has to be now; on the heap; NGX_ERROR */
ngx_int_t ngx_live_chat_mark_write_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *text);

/* in init_process: it is written by threads when it has changed */
ngx_int_t ngx_live_chat_keep_init(ngx_cycle_t *cycle, ngx_str_t *path,
    ngx_thread_pool_t *threads);

/* it has changed here just now */
void ngx_live_chat_keep_changed(void);


#endif /* _NGX_LIVE_CHAT_MARK_H_INCLUDED_ */
