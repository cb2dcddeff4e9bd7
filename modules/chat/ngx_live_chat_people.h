
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

/* connections of the slot are gone */
void ngx_live_chat_people_lost_locked(ngx_live_chat_room_sh_t *room,
    ngx_uint_t slot);

/* of a room that is freed */
void ngx_live_chat_people_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


#endif /* _NGX_LIVE_CHAT_PEOPLE_H_INCLUDED_ */
