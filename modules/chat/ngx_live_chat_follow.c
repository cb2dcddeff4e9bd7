
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_follow.h"


/* ms that XREAD blocks, and entries of a stream that it takes at once */
#define NGX_LIVE_CHAT_RELAY_BLOCK   2000
#define NGX_LIVE_CHAT_RELAY_COUNT   200


static ngx_uint_t ngx_live_chat_relay_streams_locked(
    ngx_live_chat_zone_t *zone, ngx_str_t *keys, ngx_str_t *ids,
    ngx_pool_t *pool);
static void ngx_live_chat_relay_got(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_chat_relay_stream(ngx_live_chat_zone_t *zone,
    ngx_str_t *key, ngx_live_redis_reply_t *entries, ngx_pool_t *pool);
static ngx_uint_t ngx_live_chat_relay_key(ngx_str_t *key, const char *prefix,
    ngx_str_t *name);
static void ngx_live_chat_relay_position(ngx_live_redis_reply_t *entries,
    ngx_live_chat_id_t *id);
static void ngx_live_chat_relay_passing(ngx_live_chat_zone_t *zone,
    ngx_live_redis_reply_t *entries, ngx_pool_t *pool);


/* ends what blocks: there is a room more to be read */

void
ngx_live_chat_relay_wake(ngx_live_chat_zone_t *zone)
{
    ngx_live_redis_args_t  a;

    if (!ngx_live_chat_relay.reading) {
        ngx_live_chat_relay_read(zone);
        return;
    }

    if (ngx_live_chat_relay.waking) {
        return;
    }

    ngx_live_chat_stream_wake(&a, zone);

    if (ngx_live_redis_command(&a, NULL, NULL)) {
        ngx_live_chat_relay.waking = 1;
    }
}


/*
 * XREAD COUNT n BLOCK ms STREAMS key .. id ..; there are as many streams as
 * rooms, and two.
 */

void
ngx_live_chat_relay_read(ngx_live_chat_zone_t *zone)
{
    ngx_str_t              *argv, *keys, *ids;
    ngx_uint_t              i, n, max;
    ngx_pool_t             *pool;
    ngx_live_chat_relay_t  *relay;

    relay = &ngx_live_chat_relay;

    if (relay->reading || !relay->mine || !ngx_live_redis_up()
        || zone->sh->nrooms == 0)
    {
        return;
    }

    pool = ngx_create_pool(16384, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    ngx_live_chat_lock(zone);

    max = zone->sh->nrooms + 2;

    argv = ngx_pcalloc(pool, (6 + 2 * max) * sizeof(ngx_str_t));
    ids = ngx_pcalloc(pool, max * sizeof(ngx_str_t));

    if (argv == NULL || ids == NULL) {
        ngx_live_chat_unlock(zone);
        ngx_destroy_pool(pool);
        return;
    }

    keys = argv + 6;

    n = ngx_live_chat_relay_streams_locked(zone, keys, ids, pool);

    ngx_live_chat_unlock(zone);

    ngx_str_set(&argv[0], "XREAD");
    ngx_str_set(&argv[1], "COUNT");
    argv[2] = ngx_live_chat_relay_text(pool, "%ui",
                                     (ngx_uint_t) NGX_LIVE_CHAT_RELAY_COUNT);
    ngx_str_set(&argv[3], "BLOCK");
    argv[4] = ngx_live_chat_relay_text(pool, "%ui",
                                     (ngx_uint_t) NGX_LIVE_CHAT_RELAY_BLOCK);
    ngx_str_set(&argv[5], "STREAMS");

    for (i = 0; i < n; i++) {
        keys[n + i] = ids[i];
    }

    relay->waking = 0;

    if (ngx_live_redis_block(argv, 6 + 2 * n, 6, NGX_LIVE_CHAT_RELAY_BLOCK,
                             ngx_live_chat_relay_got, NULL)
        == NGX_OK)
    {
        relay->reading = 1;
    }

    ngx_destroy_pool(pool);
}


static ngx_uint_t
ngx_live_chat_relay_streams_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *keys, ngx_str_t *ids, ngx_pool_t *pool)
{
    ngx_uint_t                   i, n;
    ngx_live_chat_relay_t       *relay;
    ngx_live_chat_room_sh_t     *room;
    ngx_live_chat_relay_room_t  *rr;

    relay = &ngx_live_chat_relay;

    keys[0] = ngx_live_chat_relay_text(pool, "%V" NGX_LIVE_CHAT_STREAM_WAKE,
                                       ngx_live_redis_prefix(),
                                       zone->sh->node);
    ids[0] = ngx_live_chat_relay_text(pool, "%uL-%uL", relay->woken.ms,
                                      relay->woken.seq);

    keys[1] = ngx_live_chat_relay_text(pool,
                                       "%V" NGX_LIVE_CHAT_STREAM_PASSING,
                                       ngx_live_redis_prefix());

    if (relay->passed.ms) {
        ids[1] = ngx_live_chat_relay_text(pool, "%uL-%uL", relay->passed.ms,
                                          relay->passed.seq);
    } else {
        ngx_str_set(&ids[1], "$");
    }

    for (i = 0, n = 2; i < NGX_LIVE_CHAT_ROOMS; i++) {
        room = zone->sh->rooms[i];
        rr = &relay->rooms[i];

        if (room == NULL || room->birth != rr->birth || !rr->open
            || room->scope != NGX_LIVE_CHAT_CLUSTER)
        {
            continue;
        }

        keys[n] = ngx_live_chat_relay_text(pool,
                                           "%V" NGX_LIVE_CHAT_STREAM_KEY,
                                           ngx_live_redis_prefix(),
                                           &room->sn.str);
        ids[n] = ngx_live_chat_relay_text(pool, "%uL-%uL", room->stream.ms,
                                          room->stream.seq);
        n++;
    }

    return n;
}


ngx_str_t
ngx_live_chat_relay_text(ngx_pool_t *pool, const char *fmt, ...)
{
    u_char     *p, buf[1024];
    va_list     args;
    ngx_str_t   text;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + sizeof(buf), fmt, args);
    va_end(args);

    text.len = p - buf;
    text.data = ngx_pnalloc(pool, text.len + 1);

    if (text.data == NULL) {
        ngx_str_set(&text, "");
        return text;
    }

    ngx_memcpy(text.data, buf, text.len);

    return text;
}


static void
ngx_live_chat_relay_got(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_uint_t               i;
    ngx_pool_t              *pool;
    ngx_live_chat_zone_t    *zone;
    ngx_live_redis_reply_t  *e;

    ngx_live_chat_relay.reading = 0;

    zone = ngx_live_chat_zone();

    if (zone == NULL || !ngx_live_chat_relay.mine) {
        return;
    }

    if (reply->type == NGX_LIVE_REDIS_ERROR) {

        if (reply->fault == NGX_LIVE_REDIS_ANSWERED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "redis refused to read the chat: \"%V\"",
                          &reply->str);
        }

        /* the next tick tries again */

        return;
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);

    if (pool && reply->type == NGX_LIVE_REDIS_ARRAY) {

        for (i = 0; i < reply->n; i++) {
            e = &reply->elts[i];

            if (e->type == NGX_LIVE_REDIS_ARRAY && e->n == 2
                && ngx_live_redis_is_text(&e->elts[0])
                && e->elts[1].type == NGX_LIVE_REDIS_ARRAY)
            {
                ngx_live_chat_relay_stream(zone, &e->elts[0].str,
                                           &e->elts[1], pool);
            }
        }
    }

    if (pool) {
        ngx_destroy_pool(pool);
    }

    ngx_live_chat_relay_read(zone);
}


static void
ngx_live_chat_relay_stream(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_redis_reply_t *entries, ngx_pool_t *pool)
{
    ngx_str_t                 name;
    ngx_live_chat_room_sh_t  *room;

    if (ngx_live_chat_relay_key(key, "{chat}:wake:", &name)) {
        ngx_live_chat_relay_position(entries, &ngx_live_chat_relay.woken);
        return;
    }

    if (ngx_live_chat_relay_key(key, NGX_LIVE_CHAT_STREAM_PASSING, &name)) {
        ngx_live_chat_relay_position(entries, &ngx_live_chat_relay.passed);
        ngx_live_chat_relay_passing(zone, entries, pool);
        return;
    }

    if (!ngx_live_chat_relay_key(key, "{chat}:room:", &name)) {
        return;
    }

    ngx_live_chat_relay_entries(zone, &name, entries, 0, pool);

    ngx_live_chat_lock(zone);

    room = ngx_live_chat_room_find_locked(zone, &name);

    if (room) {
        ngx_live_chat_room_ring(zone, room);
    }

    ngx_live_chat_unlock(zone);
}


static ngx_uint_t
ngx_live_chat_relay_key(ngx_str_t *key, const char *prefix, ngx_str_t *name)
{
    size_t  len;

    len = ngx_live_redis_prefix()->len;

    if (key->len < len + ngx_strlen(prefix)
        || ngx_memcmp(key->data + len, prefix, ngx_strlen(prefix)) != 0)
    {
        return 0;
    }

    len += ngx_strlen(prefix);

    name->data = key->data + len;
    name->len = key->len - len;

    return 1;
}


/* of the last of them */

static void
ngx_live_chat_relay_position(ngx_live_redis_reply_t *entries,
    ngx_live_chat_id_t *id)
{
    ngx_live_redis_reply_t  *e;

    if (entries->n == 0) {
        return;
    }

    e = &entries->elts[entries->n - 1];

    if (e->type == NGX_LIVE_REDIS_ARRAY && e->n
        && ngx_live_redis_is_text(&e->elts[0]))
    {
        (void) ngx_live_chat_id_parse(e->elts[0].str.data,
                                      e->elts[0].str.len, id);
    }
}


void
ngx_live_chat_relay_entries(ngx_live_chat_zone_t *zone, ngx_str_t *name,
    ngx_live_redis_reply_t *entries, ngx_uint_t reverse, ngx_pool_t *pool)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    const char               *reason;
    ngx_live_chat_record_t    rec;
    ngx_live_chat_room_sh_t  *room;

    for (i = 0; i < entries->n; i++) {

        rc = ngx_live_chat_record_parse(
                 &entries->elts[reverse ? entries->n - 1 - i : i],
                 &rec, 0, pool, &reason);

        if (rc == NGX_ERROR) {
            return;
        }

        ngx_live_chat_lock(zone);

        room = ngx_live_chat_room_find_locked(zone, name);

        if (room && zone->sh->relay == ngx_pid) {

            if (rc == NGX_OK && (reverse || rec.epoch == room->epoch)) {
                ngx_live_chat_outbox_receive_locked(zone, room, &rec);

            } else if (ngx_live_chat_id_cmp(&rec.id, &room->stream) > 0) {
                room->stream = rec.id;
            }

            if (rc == NGX_OK && rec.epoch != room->epoch && !reverse) {
                ngx_live_chat_relay.rooms[room->index].open = 0;
                ngx_live_chat_unlock(zone);
                return;
            }
        }

        ngx_live_chat_unlock(zone);

        if (rc == NGX_DECLINED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "redis has an entry of room \"%V\" that is none: "
                          "%s", name, reason);
        }
    }
}


static void
ngx_live_chat_relay_passing(ngx_live_chat_zone_t *zone,
    ngx_live_redis_reply_t *entries, ngx_pool_t *pool)
{
    ngx_uint_t              i;
    const char             *reason;
    ngx_live_chat_say_t     say;
    ngx_live_chat_record_t  rec;

    for (i = 0; i < entries->n; i++) {

        if (ngx_live_chat_record_parse(&entries->elts[i], &rec, 1, pool,
                                       &reason)
            != NGX_OK
            || rec.node == zone->sh->node
            || rec.tail.len == 0)
        {
            continue;
        }

        ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

        say.head = rec.head;
        say.tail = rec.tail;
        say.passing = 1;
        say.local = 1;

        ngx_live_chat_say_to(zone, &rec.room, &say);
    }
}
