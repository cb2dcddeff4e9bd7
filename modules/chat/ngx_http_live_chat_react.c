
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_stream.h"


/*
 * Reactions are not told one by one: a room counts them by kind, and twice a
 * second says how many there were.
 */

static const char *ngx_http_live_chat_passes_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_http_live_chat_user_t *user, ngx_live_chat_user_sh_t **userp);
static const char *ngx_http_live_chat_typing_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_http_live_chat_user_t *user, ngx_uint_t on, ngx_uint_t *tell);
static ngx_int_t ngx_http_live_chat_react_count(
    ngx_http_live_chat_deed_t *deed, ngx_str_t *kind, ngx_uint_t *first);
static const char *ngx_http_live_chat_react_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_http_live_chat_user_t *user, ngx_str_t *kind);
static ngx_live_chat_reaction_sh_t *ngx_http_live_chat_reaction(
    ngx_live_chat_room_sh_t *room, ngx_str_t *kind);


ngx_int_t
ngx_http_live_chat_react(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t   rc;
    ngx_uint_t  first;

    rc = ngx_http_live_chat_react_count(deed, &cmd->kind, &first);

    if (rc == NGX_OK && first) {
        ngx_live_chat_hall_react(deed->hall);
    }

    return rc;
}


static ngx_int_t
ngx_http_live_chat_react_count(ngx_http_live_chat_deed_t *deed,
    ngx_str_t *kind, ngx_uint_t *first)
{
    int64_t                   now;
    const char               *error;
    ngx_live_chat_zone_t     *zone;
    ngx_live_chat_room_sh_t  *room;

    zone = ngx_live_chat_zone();
    room = deed->hall->room;
    now = ngx_live_clock();

    *first = 0;

    ngx_live_chat_lock(zone);

    error = ngx_http_live_chat_react_locked(zone, room, deed->user, kind);

    /* the worker that was to say them may have died */

    if (error == NULL && now > room->reactions_due + 1000) {
        room->reactions_due = now + NGX_LIVE_CHAT_REACTIONS;
        *first = 1;
    }

    ngx_live_chat_unlock(zone);

    if (error) {
        return ngx_http_live_chat_refuse(deed, error, 429);
    }

    return NGX_OK;
}


static const char *
ngx_http_live_chat_react_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_http_live_chat_user_t *user,
    ngx_str_t *kind)
{
    const char                   *error;
    ngx_live_chat_user_sh_t      *u;
    ngx_live_chat_reaction_sh_t  *reaction;

    error = ngx_http_live_chat_passes_locked(zone, room, user, &u);

    if (error) {
        return error;
    }

    reaction = ngx_http_live_chat_reaction(room, kind);

    if (reaction == NULL) {
        return "too_many_kinds";
    }

    if (u->marks.shadow <= ngx_live_now()) {
        reaction->n++;
    }

    return NULL;
}


/* of all that passes a user has so much a second */

static const char *
ngx_http_live_chat_passes_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_http_live_chat_user_t *user,
    ngx_live_chat_user_sh_t **userp)
{
    ngx_live_chat_user_sh_t  *u;

    u = ngx_live_chat_user_locked(zone, room, &user->id, 1);

    if (u == NULL) {
        return "room_full";
    }

    if (u->marks.banned > ngx_live_now()) {
        return "banned";
    }

    if (u->reacted != ngx_time()) {
        u->reacted = ngx_time();
        u->reactions = 0;
    }

    if (u->reactions == NGX_LIVE_CHAT_USER_REACTIONS) {
        return "too_fast";
    }

    u->reactions++;
    *userp = u;

    return NULL;
}


const char *
ngx_http_live_chat_passes(ngx_http_live_chat_deed_t *deed,
    ngx_uint_t *hushed)
{
    const char               *error;
    ngx_live_chat_zone_t     *zone;
    ngx_live_chat_user_sh_t  *u;

    zone = ngx_live_chat_zone();

    *hushed = 0;

    ngx_live_chat_lock(zone);

    error = ngx_http_live_chat_passes_locked(zone, deed->hall->room,
                                             deed->user, &u);

    if (error == NULL) {
        *hushed = (u->marks.shadow > ngx_live_now());
    }

    ngx_live_chat_unlock(zone);

    return error;
}


static ngx_live_chat_reaction_sh_t *
ngx_http_live_chat_reaction(ngx_live_chat_room_sh_t *room, ngx_str_t *kind)
{
    ngx_uint_t                    i;
    ngx_live_chat_reaction_sh_t  *r;

    for (i = 0; i < NGX_LIVE_CHAT_KINDS; i++) {
        r = &room->reactions[i];

        if (r->len == 0) {
            r->len = (u_char) ngx_min(kind->len, NGX_LIVE_CHAT_KIND_LEN);
            ngx_memcpy(r->kind, kind->data, r->len);
            return r;
        }

        if (r->len == kind->len && ngx_memcmp(r->kind, kind->data, r->len) == 0)
        {
            return r;
        }
    }

    return NULL;
}


/* that somebody types is told where this is on; else nobody is told */

ngx_int_t
ngx_http_live_chat_typing(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t                  rc;
    const char                *error;
    ngx_uint_t                 tell;
    ngx_live_chat_say_t        say;
    ngx_http_live_ctx_t       *ctx;
    ngx_live_chat_zone_t      *zone;
    ngx_live_chat_app_conf_t  *cacf;

    ctx = ngx_http_live_get_ctx(deed->request);
    cacf = ngx_live_get_module_app_conf(ctx->access.conf,
                                        ngx_live_chat_module);

    if (!cacf->typing) {
        return NGX_OK;
    }

    zone = ngx_live_chat_zone();
    tell = 0;

    ngx_live_chat_lock(zone);

    error = ngx_http_live_chat_typing_locked(zone, deed->hall->room,
                                             deed->user, cmd->on, &tell);

    ngx_live_chat_unlock(zone);

    if (error) {
        return ngx_http_live_chat_refuse(deed, error, 429);
    }

    if (!tell) {
        return NGX_OK;
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"typing\",");

    say.tail.data = ngx_alloc(sizeof(",\"user\":,\"on\":false}")
                              + deed->user->json.len,
                              deed->request->connection->log);
    if (say.tail.data == NULL) {
        return NGX_ERROR;
    }

    say.tail.len = ngx_sprintf(say.tail.data, ",\"user\":%V,\"on\":%s}",
                               &deed->user->json, cmd->on ? "true" : "false")
                   - say.tail.data;
    say.user = deed->user->hash;
    say.passing = 1;

    rc = ngx_live_chat_room_say(zone, deed->hall->room, &say);

    ngx_free(say.tail.data);

    return (rc == NGX_ERROR) ? ngx_http_live_chat_refuse(deed, "room_full",
                                          NGX_HTTP_SERVICE_UNAVAILABLE)
                             : NGX_OK;
}


/*
 * Clients say it with each key: of one it is told every few seconds, and that
 * he has stopped only if it was told that he types.  Where many type nobody
 * could read it.
 */

static const char *
ngx_http_live_chat_typing_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_http_live_chat_user_t *user,
    ngx_uint_t on, ngx_uint_t *tell)
{
    int64_t                   now;
    const char               *error;
    ngx_live_chat_user_sh_t  *u;

    error = ngx_http_live_chat_passes_locked(zone, room, user, &u);

    if (error) {
        return error;
    }

    now = ngx_live_clock();

    if (u->marks.muted > ngx_live_now() || u->marks.shadow > ngx_live_now()
        || (user->level < room->restricted && !user->moderates))
    {
        return NULL;
    }

    if (!on) {
        *tell = (u->typed != 0);
        u->typed = 0;

        return NULL;
    }

    if (u->typed && now - u->typed < NGX_LIVE_CHAT_TYPING) {
        return NULL;
    }

    if (room->typed != ngx_time()) {
        room->typed = ngx_time();
        room->typing = 0;
    }

    if (room->typing == NGX_LIVE_CHAT_ROOM_TYPING) {
        return NULL;
    }

    room->typing++;
    u->typed = now;
    *tell = 1;

    return NULL;
}
