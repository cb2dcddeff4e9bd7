
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_PEOPLE_H_INCLUDED_
#define _NGX_LIVE_CHAT_PEOPLE_H_INCLUDED_


#include "ngx_live_chat_room.h"


/*
 * Those who are in a room, by name.  One entry per user, however many
 * connections he has, with their number in each worker, so that those of a
 * worker that died are known.  Under the zone's mutex.
 *
 * There are two lists: "people" are the clients of a room that is small, whose
 * coming and going is told by presence; "participants" are those who take part
 * by WebRTC.  All of it is of this node; that of others has to come by what
 * passes between nodes, beside the number of viewers.
 */

#define NGX_LIVE_CHAT_SMALL_MAX     200    /* clients of a small room */
#define NGX_LIVE_CHAT_PARTICIPANTS  64     /* of a room */

/*
 * ms: who has gone may be back, from a reload or another network.  One whom
 * nobody was there to miss for as long again is not told of.
 */
#define NGX_LIVE_CHAT_GRACE         5000


typedef struct {
    ngx_queue_t                queue;
    uint32_t                   hash;       /* of the id */
    uint32_t                   id_len;
    uint32_t                   json_len;
    int64_t                    left;       /* ngx_live_clock() since when he
                                              has no connection */
    uint16_t                   n[NGX_LIVE_SLOTS]; /* connections */
    unsigned                   told:1;     /* that he is there */
    unsigned                   audio:1;    /* of a participant */
    unsigned                   video:1;
    u_char                     data[1];    /* id, user's JSON */
} ngx_live_chat_person_sh_t;


typedef struct {
    ngx_str_t                  id;
    ngx_str_t                  json;       /* {"id":..,"name":..,"role":..} */
    uint32_t                   hash;       /* of id */
    ngx_uint_t                 audio;      /* result, of a participant */
    ngx_uint_t                 video;
} ngx_live_chat_person_t;


/*
 * A connection of this worker comes or goes.  NGX_DECLINED: nobody is told of
 * him, the list is full or there is no memory; he does not leave then.
 */
ngx_int_t ngx_live_chat_people_enter(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_person_t *p);
void ngx_live_chat_people_leave(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_person_t *p);

/*
 * Who has come and gone since the last time, as members of an object,
 *
 *     ,"joined":[USER,..],"left":[USER,..]
 *
 * or nothing; many: the room is not small, they are not told of.  On the heap
 * if text->len is not 0.
 */
void ngx_live_chat_people_news_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_uint_t many, ngx_str_t *text);

/*
 * One of a list.  find looks by the id; enter adds a connection of this worker
 * and makes him if need be: NULL, when the list has max of them or there is no
 * memory.  leave is non-zero when it was his last connection.  living drops
 * the connections of workers that died.
 */
#define ngx_live_chat_person(q)                                               \
    (ngx_queue_data(q, ngx_live_chat_person_sh_t, queue))

ngx_live_chat_person_sh_t *ngx_live_chat_person_find(
    ngx_live_chat_list_sh_t *list, ngx_live_chat_person_t *p);
ngx_live_chat_person_sh_t *ngx_live_chat_person_enter_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_live_chat_list_sh_t *list, ngx_uint_t max, ngx_live_chat_person_t *p);
ngx_uint_t ngx_live_chat_person_leave(ngx_live_chat_person_sh_t *person);
void ngx_live_chat_person_living(ngx_live_chat_person_sh_t *person);
void ngx_live_chat_person_move(ngx_live_chat_list_sh_t *from,
    ngx_live_chat_list_sh_t *to, ngx_live_chat_person_sh_t *person);
void ngx_live_chat_person_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list, ngx_live_chat_person_sh_t *person);

/* {"id":..,"name":..,"role":..}, in at most size bytes */
size_t ngx_live_chat_user_json_size(ngx_str_t *id, ngx_str_t *name,
    ngx_str_t *role);
u_char *ngx_live_chat_user_json_write(u_char *p, ngx_str_t *id,
    ngx_str_t *name, ngx_str_t *role);

/*
 * Participants.  take_part is non-zero if there are some whose worker lives,
 * under the mutex.  status sets flags of one, -1: as it was, and gets all of
 * them: NGX_DECLINED: nobody takes part, NGX_ABORT: he does not.  tick tells
 * of those whose worker died; json is a member of the room's object in the
 * welcome, or nothing, in the pool.
 */
void ngx_live_chat_participant_init(void);
ngx_int_t ngx_live_chat_participant_status(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_person_t *p, ngx_int_t audio,
    ngx_int_t video);
ngx_uint_t ngx_live_chat_people_take_part(ngx_live_chat_room_sh_t *room);
void ngx_live_chat_participants_tick(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);
ngx_int_t ngx_live_chat_participants_json(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_pool_t *pool, ngx_str_t *json);

/* connections of the slot are gone */
void ngx_live_chat_people_lost_locked(ngx_live_chat_room_sh_t *room,
    ngx_uint_t slot);

/* of a room that is freed */
void ngx_live_chat_people_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


#endif /* _NGX_LIVE_CHAT_PEOPLE_H_INCLUDED_ */
