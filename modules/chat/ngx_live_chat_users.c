
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_mark.h"
#include "ngx_live_chat_users.h"
#include "ngx_live_stream.h"


static ngx_live_chat_user_sh_t *ngx_live_chat_user_create_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room, ngx_str_t *id);
static ngx_uint_t ngx_live_chat_user_forget_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room);
static ngx_uint_t ngx_live_chat_user_marked(ngx_live_chat_user_sh_t *user);
static ngx_uint_t ngx_live_chat_too_fast(ngx_live_chat_user_sh_t *user,
    ngx_live_chat_speech_t *speech, int64_t now);


ngx_live_chat_user_sh_t *
ngx_live_chat_user_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_str_t *id, ngx_uint_t create)
{
    ngx_uint_t                found;
    ngx_live_chat_marks_t     marks;
    ngx_live_chat_user_sh_t  *user;

    user = (ngx_live_chat_user_sh_t *)
               ngx_str_rbtree_lookup(&room->users, id,
                                     ngx_crc32_long(id->data, id->len));

    if (user) {
        ngx_queue_remove(&user->queue);
        ngx_queue_insert_head(&room->recent, &user->queue);
        return user;
    }

    found = (ngx_live_chat_mark_get_locked(zone, &room->sn.str, id, &marks)
             == NGX_OK);

    if (!create && !found) {
        return NULL;
    }

    user = ngx_live_chat_user_create_locked(zone, room, id);

    if (user && found) {
        user->marks = marks;
    }

    return user;
}


static ngx_live_chat_user_sh_t *
ngx_live_chat_user_create_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_str_t *id)
{
    ngx_live_chat_user_sh_t  *user;

    if (room->nusers >= NGX_LIVE_CHAT_USERS
        && !ngx_live_chat_user_forget_locked(zone, room))
    {
        return NULL;
    }

    user = ngx_slab_calloc_locked(zone->shpool,
                                  sizeof(ngx_live_chat_user_sh_t) + id->len);

    if (user == NULL && ngx_live_chat_user_forget_locked(zone, room)) {
        user = ngx_slab_calloc_locked(zone->shpool,
                                      sizeof(ngx_live_chat_user_sh_t)
                                      + id->len);
    }

    if (user == NULL) {
        user = ngx_live_chat_alloc_locked(zone, room,
                                          sizeof(ngx_live_chat_user_sh_t)
                                          + id->len);
    }

    if (user == NULL) {
        return NULL;
    }

    user->sn.str.data = (u_char *) user + sizeof(ngx_live_chat_user_sh_t);
    user->sn.str.len = id->len;
    ngx_memcpy(user->sn.str.data, id->data, id->len);
    user->sn.node.key = ngx_crc32_long(id->data, id->len);

    ngx_queue_insert_head(&room->recent, &user->queue);
    ngx_rbtree_insert(&room->users, &user->sn.node);
    room->nusers++;

    return user;
}


/* he of whom nothing was heard for longest; 0: all are marked */

static ngx_uint_t
ngx_live_chat_user_forget_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_queue_t              *q;
    ngx_live_chat_user_sh_t  *user;

    for (q = ngx_queue_last(&room->recent);
         q != ngx_queue_sentinel(&room->recent);
         q = ngx_queue_prev(q))
    {
        user = ngx_queue_data(q, ngx_live_chat_user_sh_t, queue);

        if (ngx_live_chat_user_marked(user)) {
            continue;
        }

        ngx_queue_remove(q);
        ngx_rbtree_delete(&room->users, &user->sn.node);
        room->nusers--;

        ngx_slab_free_locked(zone->shpool, user);

        return 1;
    }

    return 0;
}


static ngx_uint_t
ngx_live_chat_user_marked(ngx_live_chat_user_sh_t *user)
{
    int64_t                 now;
    ngx_live_chat_marks_t  *marks;

    now = ngx_live_now();
    marks = &user->marks;

    return marks->banned > now || marks->shadow > now || marks->muted > now;
}


const char *
ngx_live_chat_speech_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_speech_t *speech)
{
    int64_t                   now;
    ngx_live_chat_user_sh_t  *user;

    user = ngx_live_chat_user_locked(zone, room, speech->id, 1);

    if (user == NULL) {
        return "room_full";
    }

    now = ngx_live_now();

    if (user->marks.banned > now) {
        return "banned";
    }

    if (user->marks.muted > now) {
        return "muted";
    }

    speech->shadow = (user->marks.shadow > now);

    if (speech->exempt) {
        return NULL;
    }

    if (speech->level < room->restricted) {
        return "restricted";
    }

    now = ngx_live_clock();

    if (user->said && room->slow
        && now - user->said < (int64_t) room->slow * 1000)
    {
        speech->wait = ((int64_t) room->slow * 1000 - (now - user->said) + 999)
                       / 1000;
        return "slow_mode";
    }

    if (user->said && user->same == speech->text
        && now - user->said < NGX_LIVE_CHAT_SAME)
    {
        return "duplicate";
    }

    if (ngx_live_chat_too_fast(user, speech, now)) {
        return "too_fast";
    }

    user->said = now;
    user->same = speech->text;

    return NULL;
}


/* a leaky bucket, as limit_req has it */

static ngx_uint_t
ngx_live_chat_too_fast(ngx_live_chat_user_sh_t *user,
    ngx_live_chat_speech_t *speech, int64_t now)
{
    uint64_t  excess, leaked;

    if (speech->rate == 0 || user->said == 0) {
        user->excess = 0;
        return 0;
    }

    /* rate is messages per 1000 s, so thousandths of one per s */

    leaked = (uint64_t) ngx_max(now - user->said, 0) * speech->rate / 1000;
    excess = user->excess + 1000;
    excess = (excess > leaked) ? excess - leaked : 0;

    if (excess > (uint64_t) speech->burst * 1000) {
        return 1;
    }

    user->excess = excess;

    return 0;
}


void
ngx_live_chat_users_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_queue_t              *q;
    ngx_live_chat_user_sh_t  *user;

    while (!ngx_queue_empty(&room->recent)) {
        q = ngx_queue_head(&room->recent);
        user = ngx_queue_data(q, ngx_live_chat_user_sh_t, queue);

        ngx_queue_remove(q);
        ngx_slab_free_locked(zone->shpool, user);
    }
}


void
ngx_live_chat_users_unmark_locked(ngx_live_chat_room_sh_t *room)
{
    ngx_queue_t              *q;
    ngx_live_chat_user_sh_t  *user;

    for (q = ngx_queue_head(&room->recent);
         q != ngx_queue_sentinel(&room->recent);
         q = ngx_queue_next(q))
    {
        user = ngx_queue_data(q, ngx_live_chat_user_sh_t, queue);

        ngx_memzero(&user->marks, sizeof(ngx_live_chat_marks_t));
    }
}
