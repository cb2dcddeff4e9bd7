
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_USERS_H_INCLUDED_
#define _NGX_LIVE_CHAT_USERS_H_INCLUDED_


#include "ngx_live_chat_room.h"


/*
 * What a room knows of those who have spoken in it: how fast they speak, and
 * what moderators have done to them.  One entry per user, however many
 * connections, under the zone's mutex; those of whom nothing is to be
 * remembered give way to others.
 */

#define NGX_LIVE_CHAT_USERS  4096          /* of a room */

/* ms that the same text is a duplicate */
#define NGX_LIVE_CHAT_SAME   30000


typedef struct {
    ngx_str_node_t             sn;         /* the user's id */
    ngx_queue_t                queue;      /* most recent first */
    int64_t                    said;       /* ngx_live_clock(), 0: nothing */
    ngx_uint_t                 excess;     /* messages * 1000 above the rate */
    uint32_t                   same;       /* hash of the last text */
    int64_t                    typed;      /* ngx_live_clock(): it was said
                                              that he types; 0: he does not */
    time_t                     reacted;    /* s: the second of reactions */
    ngx_uint_t                 reactions;
    ngx_live_chat_marks_t      marks;      /* copied from those of the zone;
                                              shadow: only he sees what he
                                              says */
} ngx_live_chat_user_sh_t;


/* what is asked of a user who speaks */

struct ngx_live_chat_speech_s {
    ngx_str_t                 *id;
    ngx_uint_t                 rate;       /* messages per 1000 s, 0: any */
    ngx_uint_t                 burst;
    uint32_t                   text;       /* hash of what he says */
    ngx_uint_t                 level;      /* NGX_LIVE_CHAT_FOLLOWERS: he is
                                              one, ... */
    unsigned                   exempt:1;   /* from slow mode and the rate */
    unsigned                   shadow:1;   /* result: not for others */
    ngx_uint_t                 wait;       /* result: s until he may, 0: it is
                                              not known */
};


/* NULL: there is none, and, with create, no memory */
ngx_live_chat_user_sh_t *ngx_live_chat_user_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room, ngx_str_t *id,
    ngx_uint_t create);

/*
 * NULL: he may say it, and it has been counted; else the code of the error.
 */
const char *ngx_live_chat_speech_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_speech_t *speech);

/* nobody is banned, muted or shadowed any more */
void ngx_live_chat_users_unmark_locked(ngx_live_chat_room_sh_t *room);

/* of a room that is freed */
void ngx_live_chat_users_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


#endif /* _NGX_LIVE_CHAT_USERS_H_INCLUDED_ */
