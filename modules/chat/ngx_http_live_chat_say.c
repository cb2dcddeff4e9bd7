
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_chat_people.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_stream.h"


static ngx_int_t ngx_http_live_chat_no_room(ngx_http_live_chat_t *ch);
static void ngx_http_live_chat_appear(ngx_http_live_chat_t *ch,
    ngx_live_chat_app_conf_t *cacf);
static const char *ngx_http_live_chat_state(ngx_http_request_t *r);
static u_char *ngx_http_live_chat_totals(u_char *p,
    ngx_live_chat_room_sh_t *room);
static ngx_int_t ngx_http_live_chat_welcome(ngx_http_live_chat_t *ch,
    ngx_live_chat_cursor_t *cursor);


ngx_int_t
ngx_http_live_chat_join(ngx_http_live_chat_t *ch, ngx_str_t *name,
    ngx_live_chat_cursor_t *cursor)
{
    ngx_http_request_t        *r;
    ngx_http_live_ctx_t       *ctx;
    ngx_live_chat_app_conf_t  *cacf;

    r = ch->request;
    ctx = ngx_http_live_get_ctx(r);
    cacf = ngx_live_get_module_app_conf(ctx->access.conf,
                                        ngx_live_chat_module);

    if (ngx_http_live_chat_user(r, &ch->user, name) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ch->key.len == 0 && ngx_http_live_chat_key(r, &ch->key) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * Who joins again leaves first: batches that wait for it would tell it
     * once more what the welcome does.
     */

    if (ngx_http_live_chat_last(ch) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ch->user.moderates) {
        ch->client.warden = 1;
        ngx_http_live_chat_health_start();
    }

    switch (ngx_http_live_chat_await_open(ch, cursor, cacf->history)) {

    case NGX_OK:
        return ngx_http_live_chat_come_in(ch, cursor);

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_live_chat_no_room(ch);
    }
}


ngx_int_t
ngx_http_live_chat_come_in(ngx_http_live_chat_t *ch,
    ngx_live_chat_cursor_t *cursor)
{
    ngx_http_request_t             *r;
    ngx_http_live_ctx_t            *ctx;
    ngx_live_chat_app_conf_t       *cacf;
    ngx_http_live_chat_loc_conf_t  *lccf;

    r = ch->request;
    ctx = ngx_http_live_get_ctx(r);
    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);
    cacf = ngx_live_get_module_app_conf(ctx->access.conf,
                                        ngx_live_chat_module);

    if (ngx_live_chat_hall_enter(&ch->client, &ch->key, lccf->flush,
                                 cacf->history, cursor)
        != NGX_OK)
    {
        return ngx_http_live_chat_no_room(ch);
    }

    ngx_http_live_chat_appear(ch, cacf);

    return ngx_http_live_chat_welcome(ch, cursor);
}


void
ngx_http_live_chat_settle(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_app_conf_t *cacf)
{
    room->age = cacf->age;
    room->backlog = cacf->outbox;

    if (!room->slow_set) {
        room->slow = cacf->slow;
    }

    if (!room->restricted_set) {
        room->restricted = cacf->restricted;
    }
}


static void
ngx_http_live_chat_appear(ngx_http_live_chat_t *ch,
    ngx_live_chat_app_conf_t *cacf)
{
    ngx_live_chat_person_t    p;
    ngx_live_chat_room_sh_t  *room;

    room = ch->client.hall->room;
    room->small = cacf->small;

    ngx_http_live_chat_settle(room, cacf);

    p.id = ch->user.id;
    p.json = ch->user.json;
    p.hash = ch->user.hash;

    ch->present = (ngx_live_chat_people_enter(ngx_live_chat_zone(), room, &p)
                   == NGX_OK);
}


static ngx_int_t
ngx_http_live_chat_no_room(ngx_http_live_chat_t *ch)
{
    ngx_log_error(NGX_LOG_ERR, ch->request->connection->log, 0,
                  "no memory for room \"%V\", see \"chat_zone\"", &ch->key);

    return NGX_DECLINED;
}


void
ngx_http_live_chat_leave(ngx_http_live_chat_t *ch)
{
    ngx_live_chat_person_t  p;

    ngx_http_live_chat_wait_no_more(ch);

    if (ch->present) {
        ch->present = 0;

        p.id = ch->user.id;
        p.hash = ch->user.hash;

        ngx_live_chat_people_leave(ngx_live_chat_zone(),
                                   ch->client.hall->room, &p);
    }

    ngx_live_chat_hall_leave(&ch->client);
}


ngx_int_t
ngx_http_live_chat_key(ngx_http_request_t *r, ngx_str_t *key)
{
    ngx_http_live_ctx_t  *ctx;

    ctx = ngx_http_live_get_ctx(r);

    key->len = ctx->app.len + 1 + ctx->name.len;
    key->data = ngx_pnalloc(r->pool, key->len);

    if (key->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(key->data, "%V/%V", &ctx->app, &ctx->name);

    return NGX_OK;
}


static const char *
ngx_http_live_chat_state(ngx_http_request_t *r)
{
    ngx_uint_t            live;
    ngx_live_stream_t    *st;
    ngx_http_live_ctx_t  *ctx;

    ctx = ngx_http_live_get_ctx(r);

    st = ngx_live_stream_find(&ctx->app, &ctx->name);

    if (st == NULL) {
        return "ended";
    }

    live = (st->sh->state == NGX_LIVE_STREAM_LIVE);

    ngx_live_stream_close(st);

    return live ? "live" : "waiting";
}


/*
 * What the room's log says up to here; all that comes later is in batches.
 * A cursor of another epoch, or of what the log has lost, is told as such: the
 * client has missed something, and begins anew.
 */

static ngx_int_t
ngx_http_live_chat_welcome(ngx_http_live_chat_t *ch,
    ngx_live_chat_cursor_t *from)
{
    u_char                   *p;
    size_t                    len;
    ngx_int_t                 rc;
    ngx_str_t                 json, poll, participants;
    ngx_uint_t                resumed;
    ngx_pool_t               *pool;
    ngx_live_chat_hall_t     *hall;
    ngx_live_chat_history_t   h;

    hall = ch->client.hall;

    /* a client that joins again and again must not fill its request's pool */

    pool = ngx_create_pool(4096, ch->request->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&h, sizeof(ngx_live_chat_history_t));

    rc = NGX_OK;
    resumed = 0;

    if (from) {
        h.after = from;
        h.max = NGX_HTTP_LIVE_CHAT_MISSED;

        rc = ngx_live_chat_hall_history(hall, &h, pool);
        resumed = h.whole;
    }

    if (!resumed && rc == NGX_OK) {
        h.after = NULL;
        h.max = NGX_HTTP_LIVE_CHAT_HISTORY;

        rc = ngx_live_chat_hall_history(hall, &h, pool);
    }

    if (rc == NGX_OK) {
        rc = ngx_live_chat_poll_text(ngx_live_chat_zone(), hall->room,
                                     &ch->user.id, pool, &poll);
    }

    if (rc == NGX_OK) {
        rc = ngx_live_chat_participants_json(ngx_live_chat_zone(), hall->room,
                                             pool, &participants);
    }

    if (rc != NGX_OK) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    len = sizeof("{\"type\":\"welcome\",\"you\":,\"writes\":false,"
                 "\"moderates\":false,\"room\":{\"name\":\"\",\"viewers\":},"
                 "\"resumed\":false,\"cursor\":\"\",\"messages\":[]}") - 1
          + ch->user.json.len + hall->key.len + NGX_INT_T_LEN
          + NGX_LIVE_CHAT_CURSOR_LEN + h.text.len
          + sizeof(",\"slow\":,\"state\":\"waiting\",\"scope\":\"cluster\","
                   "\"pinned\":\"\""
                   ",\"restricted\":\"subscribers\"") - 1
          + sizeof(",\"totals\":,\"poll\":") - 1 + NGX_LIVE_CHAT_TOTALS_LEN
          + poll.len
          + NGX_INT_T_LEN + NGX_LIVE_CHAT_ID_LEN + participants.len;

    json.data = ngx_pnalloc(pool, len);

    if (json.data == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    p = ngx_sprintf(json.data, "{\"type\":\"welcome\",\"you\":%V,\"writes\":%s,"
                    "\"moderates\":%s,\"room\":{\"name\":\"%V\","
                    "\"viewers\":%ui,\"slow\":%ui",
                    &ch->user.json, ch->user.writes ? "true" : "false",
                    ch->user.moderates ? "true" : "false", &hall->key,
                    ngx_live_chat_room_viewers(ngx_live_chat_zone(),
                                               hall->room),
                    hall->room->slow);

    p = ngx_sprintf(p, ",\"state\":\"%s\"",
                    ngx_http_live_chat_state(ch->request));

    if (hall->room->restricted) {
        p = ngx_sprintf(p, ",\"restricted\":\"%V\"",
                     &ngx_live_chat_restrict_names[hall->room->restricted]);
    }

    if (hall->room->scope != NGX_LIVE_CHAT_ALONE) {
        p = ngx_sprintf(p, ",\"scope\":\"%s\"",
                        hall->room->scope == NGX_LIVE_CHAT_CLUSTER ? "cluster"
                                                                 : "node");
    }

    if (hall->room->pinned.ms) {
        p = ngx_sprintf(p, ",\"pinned\":\"");
        p = ngx_live_chat_id_write(p, &hall->room->pinned);
        *p++ = '"';
    }

    p = ngx_http_live_chat_totals(p, hall->room);

    if (poll.len) {
        p = ngx_sprintf(p, ",\"poll\":%V", &poll);
    }

    p = ngx_sprintf(p, "%V},\"resumed\":%s,\"cursor\":\"", &participants,
                    resumed ? "true" : "false");
    p = ngx_live_chat_cursor_write(p, &hall->cursor);
    p = ngx_sprintf(p, "\",\"messages\":[%V]}", &h.text);

    json.len = p - json.data;

    rc = ngx_http_live_chat_own(ch, &json);

    ngx_destroy_pool(pool);

    return rc;
}


static u_char *
ngx_http_live_chat_totals(u_char *p, ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_zone_t  *zone;

    if (room->purse == NULL) {
        return p;
    }

    zone = ngx_live_chat_zone();

    p = ngx_sprintf(p, ",\"totals\":");

    ngx_live_chat_lock(zone);

    p = ngx_live_chat_totals_write_locked(p, room);

    ngx_live_chat_unlock(zone);

    return p;
}
