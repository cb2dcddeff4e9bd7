
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_command.h"
#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_log.h"
#include "ngx_live_chat_mark.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_users.h"


typedef struct {
    /* may be NULL */
    const char  *(*check)(ngx_live_chat_zone_t *zone,
                          ngx_live_chat_room_sh_t *room,
                          ngx_live_chat_effect_t *effect);
    void         (*apply)(ngx_live_chat_zone_t *zone,
                          ngx_live_chat_room_sh_t *room,
                          ngx_live_chat_effect_t *effect);
} ngx_live_chat_effect_def_t;


static const char *ngx_live_chat_effect_message(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static const char *ngx_live_chat_effect_entry(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static const char *ngx_live_chat_effect_user(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_delete(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_mark(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_purge(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_pin(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_clear(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_slow(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_effect_restrict(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static ngx_uint_t ngx_live_chat_hide_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_id_t *pos, uint32_t user, ngx_uint_t look);
static ngx_uint_t ngx_live_chat_hide_entries(ngx_queue_t *entries,
    ngx_live_chat_id_t *pos, uint32_t user, ngx_uint_t look);


/* by NGX_LIVE_CHAT_EFFECT_NONE, ... */

static ngx_live_chat_effect_def_t  ngx_live_chat_effects[] = {
    { NULL, NULL },
    { ngx_live_chat_effect_message, ngx_live_chat_effect_delete },
    { ngx_live_chat_effect_user, ngx_live_chat_effect_mark },
    { ngx_live_chat_effect_user, ngx_live_chat_effect_mark },
    { ngx_live_chat_effect_user, ngx_live_chat_effect_mark },
    { ngx_live_chat_effect_user, ngx_live_chat_effect_purge },
    { ngx_live_chat_effect_entry, ngx_live_chat_effect_pin },
    { NULL, ngx_live_chat_effect_pin },
    { NULL, ngx_live_chat_effect_clear },
    { NULL, ngx_live_chat_effect_slow },
    { ngx_live_chat_effect_user, ngx_live_chat_effect_mark },
    { ngx_live_chat_purse_check_locked, ngx_live_chat_purse_add_locked },
    { NULL, ngx_live_chat_effect_restrict },
    { ngx_live_chat_ballot_check_locked, NULL },
    { ngx_live_chat_ballot_check_locked, ngx_live_chat_ballot_end_locked },
    { ngx_live_chat_vote_check_locked, ngx_live_chat_vote_add_locked }
};


const char *
ngx_live_chat_effect_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_live_chat_effect_def_t  *def;

    def = &ngx_live_chat_effects[effect->type];

    return def->check ? def->check(zone, room, effect) : NULL;
}


void
ngx_live_chat_effect_apply_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_live_chat_effect_def_t  *def;

    def = &ngx_live_chat_effects[effect->type];

    if (def->apply) {
        def->apply(zone, room, effect);
    }
}


static const char *
ngx_live_chat_effect_message(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    if (ngx_live_chat_hide_locked(room, &effect->message, 0, 1) == 0) {
        return "no_message";
    }

    return NULL;
}


/* whatever it is, so that an announcement may be pinned, too */

static const char *
ngx_live_chat_effect_entry(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (!e->hidden && ngx_live_chat_entry_is(e, &effect->message))
        {
            return NULL;
        }
    }

    return "no_message";
}


/* he is remembered from now on, so that there is a place for the mark */

static const char *
ngx_live_chat_effect_user(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_uint_t  create;

    create = (effect->type != NGX_LIVE_CHAT_EFFECT_UNBAN);

    if (ngx_live_chat_user_locked(zone, room, &effect->user, create) == NULL) {
        return create ? "room_full" : "no_user";
    }

    if (create && effect->type != NGX_LIVE_CHAT_EFFECT_PURGE
        && ngx_live_chat_mark_reserve_locked(zone, &room->sn.str,
                                             &effect->user)
           != NGX_OK)
    {
        return "room_full";
    }

    return NULL;
}


static void
ngx_live_chat_effect_delete(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    (void) ngx_live_chat_hide_locked(room, &effect->message, 0, 0);
}


static void
ngx_live_chat_effect_mark(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_live_chat_user_sh_t  *user;

    user = ngx_live_chat_user_locked(zone, room, &effect->user,
                                 effect->type != NGX_LIVE_CHAT_EFFECT_UNBAN);
    if (user == NULL) {
        return;
    }

    switch (effect->type) {

    case NGX_LIVE_CHAT_EFFECT_BAN:
        user->marks.banned = effect->until;
        ngx_live_chat_effect_purge(zone, room, effect);
        break;

    case NGX_LIVE_CHAT_EFFECT_SHADOW:
        user->marks.shadow = effect->until;
        break;

    case NGX_LIVE_CHAT_EFFECT_TIMEOUT:
        user->marks.muted = effect->until;
        break;

    default: /* NGX_LIVE_CHAT_EFFECT_UNBAN */
        user->marks.banned = 0;
        user->marks.shadow = 0;
        user->marks.muted = 0;
    }

    (void) ngx_live_chat_mark_set_locked(zone, &room->sn.str, &effect->user,
                                         &user->marks);
    ngx_live_chat_keep_changed();
}


static void
ngx_live_chat_effect_purge(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    uint32_t  hash;

    hash = ngx_crc32_long(effect->user.data, effect->user.len);

    (void) ngx_live_chat_hide_locked(room, NULL, hash + (hash == 0), 0);
}


static void
ngx_live_chat_effect_pin(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_memzero(&room->pinned, sizeof(ngx_live_chat_id_t));

    if (effect->type == NGX_LIVE_CHAT_EFFECT_PIN) {
        room->pinned = effect->message;
    }
}


static void
ngx_live_chat_effect_clear(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    (void) ngx_live_chat_hide_locked(room, NULL, 0, 0);
}


static void
ngx_live_chat_effect_slow(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    room->slow = effect->number;
    room->slow_set = 1;
}


static void
ngx_live_chat_effect_restrict(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    room->restricted = NGX_LIVE_CHAT_ALL;

    if (effect->number == NGX_LIVE_CHAT_FOLLOWERS
        || effect->number == NGX_LIVE_CHAT_SUBSCRIBERS)
    {
        room->restricted = effect->number;
    }

    room->restricted_set = 1;
}


/*
 * What was said is not shown any more: the entry at pos, all of a user (hash)
 * or, if both are NULL and 0, everything.  Returns how many entries it were,
 * or are, if it is only looked for them.
 */

static ngx_uint_t
ngx_live_chat_hide_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_id_t *pos, uint32_t user, ngx_uint_t look)
{
    ngx_uint_t  n;

    n = ngx_live_chat_hide_entries(&room->log, pos, user, look);

    if (room->purse) {
        n += ngx_live_chat_hide_entries(&room->purse->tips, pos, user, look);
    }

    return n;
}


static ngx_uint_t
ngx_live_chat_hide_entries(ngx_queue_t *entries, ngx_live_chat_id_t *pos,
    uint32_t user, ngx_uint_t look)
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    n = 0;

    for (q = ngx_queue_head(entries);
         q != ngx_queue_sentinel(entries);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        /* what has no user is what moderators did */

        if (e->hidden || e->user == 0
            || (pos && !ngx_live_chat_entry_is(e, pos))
            || (user && e->user != user))
        {
            continue;
        }

        if (!look) {
            e->hidden = 1;
        }

        n++;
    }

    return n;
}
