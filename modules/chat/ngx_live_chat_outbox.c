
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_log.h"
#include "ngx_live_chat_mark.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_relay.h"
#include "ngx_live_chat_users.h"
#include "ngx_live_redis.h"
#include "ngx_live_stream.h"


static ngx_live_chat_outgoing_sh_t *ngx_live_chat_outbox_put_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_live_chat_say_t *say);
static void ngx_live_chat_outbox_pop_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list);
static void ngx_live_chat_outbox_enter_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_outgoing_sh_t *out);
static void ngx_live_chat_outbox_scope_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, const char *scope);
static void ngx_live_chat_outbox_again_locked(ngx_live_chat_room_sh_t *room,
    uint64_t seq);
static void ngx_live_chat_outbox_state_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_opening_t *o,
    ngx_uint_t known);
static void ngx_live_chat_outbox_back_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, uint64_t seq);
static ngx_live_chat_entry_sh_t *ngx_live_chat_outbox_twin_locked(
    ngx_live_chat_room_sh_t *room, ngx_live_chat_id_t *origin);


void
ngx_live_chat_outbox_init_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_queue_init(&room->outbox.queue);
    ngx_queue_init(&room->sent.queue);

    room->backlog = NGX_LIVE_CHAT_BACKLOG;
    room->age = NGX_LIVE_CHAT_AGE;

    if (!ngx_live_redis_on()) {
        return;
    }

    room->scope = NGX_LIVE_CHAT_OPENING;
    room->waits = ngx_live_clock();

    ngx_live_chat_relay_ring(zone, room);
}


void
ngx_live_chat_outbox_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    zone->sh->outgone += room->outbox.n;

    while (room->outbox.n) {
        ngx_live_chat_outbox_pop_locked(zone, &room->outbox);
    }

    while (room->sent.n) {
        ngx_live_chat_outbox_pop_locked(zone, &room->sent);
    }
}


static void
ngx_live_chat_outbox_pop_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list)
{
    ngx_queue_t  *q;

    q = ngx_queue_head(&list->queue);

    ngx_queue_remove(q);
    list->n--;

    ngx_slab_free_locked(zone->shpool,
                         ngx_queue_data(q, ngx_live_chat_outgoing_sh_t,
                                        queue));
}


ngx_int_t
ngx_live_chat_outbox_say_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say)
{
    ngx_int_t                     rc;
    ngx_live_chat_outgoing_sh_t  *out;

    /* without a Redis in the new configuration nobody relays it */

    if (!ngx_live_redis_on()) {
        ngx_live_chat_outbox_cut_locked(zone, room);
    }

    ngx_live_chat_log_next(zone, room, say);

    if (say->speech && say->speech->shadow) {

        /* as if it had been said: only he is told so */

        say->cursor = room->cursor;
        say->hushed = 1;

        return NGX_OK;
    }

    if (room->scope != NGX_LIVE_CHAT_NODE
        && room->outbox.n >= room->backlog)
    {
        room->lost++;
        return NGX_ERROR;
    }

    out = ngx_live_chat_outbox_put_locked(zone, room, say);

    if (room->scope == NGX_LIVE_CHAT_NODE) {

        if (say->untold) {
            ngx_live_chat_effect_apply_locked(zone, room, &say->effect);
            say->hushed = 1;

            return NGX_OK;
        }

        say->seq = out ? out->seq : 0;
        rc = ngx_live_chat_log_enter_locked(zone, room, say);
        say->seq = 0;

        return rc;
    }

    if (out == NULL) {
        room->lost++;
        return NGX_ERROR;
    }

    say->seq = out->seq;

    ngx_live_chat_relay_ring(zone, room);

    return NGX_OK;
}


/* NULL: there is no memory, or nobody else will ever hear it */

static ngx_live_chat_outgoing_sh_t *
ngx_live_chat_outbox_put_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say)
{
    u_char                       *p;
    size_t                        len;
    ngx_live_chat_outgoing_sh_t  *out;

    while (room->outbox.n && room->outbox.n >= room->backlog) {
        ngx_live_chat_outbox_pop_locked(zone, &room->outbox);
        zone->sh->outgone++;
    }

    len = say->head.len + say->tail.len + say->effect.user.len;
    out = NULL;

    if (room->backlog) {
        out = ngx_live_chat_alloc_locked(zone, room,
                               offsetof(ngx_live_chat_outgoing_sh_t, data)
                               + len);
    }

    if (out == NULL) {
        zone->sh->outgone++;
        return NULL;
    }

    out->seq = ++zone->sh->seq;
    out->origin = say->pos;
    out->clock = ngx_live_clock();
    out->user = say->user;
    out->effect = say->effect;
    out->head_len = say->head.len;
    out->tail_len = say->tail.len;

    p = out->data;

    if (!say->untold) {
        p = ngx_cpymem(p, say->head.data, say->head.len);
        p = ngx_cpymem(p, say->tail.data, say->tail.len);
    }

    out->effect.user.data = p;

    if (say->effect.user.len) {
        ngx_memcpy(p, say->effect.user.data, say->effect.user.len);
    }

    if (room->scope == NGX_LIVE_CHAT_NODE) {
        out->entered = 1;
        room->done = out->seq;
    }

    ngx_queue_insert_tail(&room->outbox.queue, &out->queue);
    room->outbox.n++;

    return out;
}


void
ngx_live_chat_outbox_cut_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_uint_t                    was;
    ngx_queue_t                  *q;
    ngx_live_chat_outgoing_sh_t  *out;

    if (room->scope == NGX_LIVE_CHAT_NODE
        || room->scope == NGX_LIVE_CHAT_ALONE)
    {
        return;
    }

    was = room->scope;
    room->scope = NGX_LIVE_CHAT_NODE;

    if (room->epoch) {
        room->cursor.local = ngx_live_chat_log_epoch();
        ngx_memzero(&room->cursor.local_id, sizeof(ngx_live_chat_id_t));

        ngx_live_chat_log_span(room, room->cursor.local,
                               &room->cursor.local_id);
    }

    for (q = ngx_queue_head(&room->outbox.queue);
         q != ngx_queue_sentinel(&room->outbox.queue);
         q = ngx_queue_next(q))
    {
        out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);

        if (!out->entered) {
            ngx_live_chat_outbox_enter_locked(zone, room, out);
        }

        room->done = ngx_max(room->done, out->seq);
    }

    if (was == NGX_LIVE_CHAT_CLUSTER) {
        ngx_live_chat_outbox_scope_locked(zone, room, "node");
    }

    ngx_live_chat_room_ring(zone, room);
}


static void
ngx_live_chat_outbox_enter_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_outgoing_sh_t *out)
{
    ngx_live_chat_say_t  say;

    out->entered = 1;

    if (out->tail_len == 0) {
        ngx_live_chat_effect_apply_locked(zone, room, &out->effect);
        return;
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    say.head.data = out->data;
    say.head.len = out->head_len;
    say.tail.data = out->data + out->head_len;
    say.tail.len = out->tail_len;
    say.user = out->user;
    say.effect = out->effect;
    say.seq = out->seq;
    say.pos = out->origin;
    say.cursor = room->cursor;

    *ngx_live_chat_cursor_id(&say.cursor) = say.pos;

    (void) ngx_live_chat_log_enter_locked(zone, room, &say);
}


static void
ngx_live_chat_outbox_scope_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, const char *scope)
{
    u_char               tail[64];
    ngx_live_chat_say_t  say;

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"state\",");

    say.tail.data = tail;
    say.tail.len = ngx_sprintf(tail, ",\"scope\":\"%s\"}", scope) - tail;
    say.passing = 1;
    say.local = 1;

    ngx_live_chat_log_next(zone, room, &say);

    (void) ngx_live_chat_log_enter_locked(zone, room, &say);
}


void
ngx_live_chat_outbox_open_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_opening_t *o,
    ngx_live_chat_id_t *base)
{
    ngx_uint_t  was, known;

    was = room->scope;
    known = (room->epoch != 0);

    ngx_live_chat_outbox_state_locked(zone, room, o,
                                      o->fresh
                                      || (known && room->epoch != o->epoch));

    if (room->epoch != o->epoch) {
        room->restore = (o->fresh || known);
        room->epoch = o->epoch;
        room->stream = *base;

        ngx_live_chat_log_span(room, room->epoch, base);

    } else if (ngx_live_chat_id_cmp(&o->first, &room->stream) > 0
               && o->first.ms)
    {
        /* what was behind our position may have been dropped */

        ngx_live_chat_log_span(room, room->epoch, &o->first);
    }

    ngx_memzero(&room->cursor, sizeof(ngx_live_chat_cursor_t));

    room->cursor.epoch = room->epoch;
    room->cursor.id = room->stream;

    room->scope = NGX_LIVE_CHAT_CLUSTER;
    room->waits = ngx_live_clock();

    ngx_live_chat_outbox_again_locked(room, o->seq);

    if (was == NGX_LIVE_CHAT_NODE) {
        ngx_live_chat_outbox_scope_locked(zone, room, "cluster");
    }
}


/* what the stream has not got, though it was there, is sent again */

static void
ngx_live_chat_outbox_again_locked(ngx_live_chat_room_sh_t *room, uint64_t seq)
{
    ngx_queue_t                  *q;
    ngx_live_chat_outgoing_sh_t  *out;

    for (q = ngx_queue_head(&room->outbox.queue);
         q != ngx_queue_sentinel(&room->outbox.queue);
         q = ngx_queue_next(q))
    {
        out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);
        out->stored = 0;
    }

    while (room->sent.n) {
        q = ngx_queue_last(&room->sent.queue);
        out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);

        if (out->seq <= seq
            || ngx_live_clock() - out->clock > NGX_LIVE_CHAT_KEEP)
        {
            break;
        }

        out->entered = 1;
        out->stored = 0;
        out->counted = 1;

        ngx_queue_remove(q);
        room->sent.n--;

        ngx_queue_insert_head(&room->outbox.queue, q);
        room->outbox.n++;
    }
}


/*
 * Settings and marks are those of Redis, and what was done here meanwhile.
 * One that has forgotten them will be told ours.
 */

static void
ngx_live_chat_outbox_state_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_opening_t *o,
    ngx_uint_t forgotten)
{
    ngx_uint_t                    i;
    ngx_queue_t                  *q;
    ngx_live_chat_effect_t        effect;
    ngx_live_chat_outgoing_sh_t  *out;

    if (!forgotten) {
        room->pinned = o->pinned;
        room->slow_set = o->slow_set;
        room->restricted_set = o->restricted_set;

        if (o->slow_set) {
            room->slow = o->slow;
        }

        if (o->restricted_set) {
            room->restricted = o->restricted;
        }

        ngx_live_chat_users_unmark_locked(room);
        ngx_live_chat_mark_clear_locked(zone, &room->sn.str);
    }

    ngx_live_chat_purse_open_locked(zone, room, o->meta);

    for (i = 0; i < o->marks->n; i += 2) {
        if (ngx_live_chat_mark_parse(&o->marks->elts[i].str,
                                     &o->marks->elts[i + 1].str, &effect)
            == NGX_OK)
        {
            ngx_live_chat_effect_apply_locked(zone, room, &effect);
        }
    }

    for (q = ngx_queue_head(&room->outbox.queue);
         q != ngx_queue_sentinel(&room->outbox.queue);
         q = ngx_queue_next(q))
    {
        out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);

        if (out->entered) {
            ngx_live_chat_effect_apply_locked(zone, room, &out->effect);
        }
    }
}


void
ngx_live_chat_outbox_receive_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_record_t *rec)
{
    ngx_live_chat_say_t        say;
    ngx_live_chat_entry_sh_t  *twin;

    if (room->scope != NGX_LIVE_CHAT_CLUSTER
        || ngx_live_chat_id_cmp(&rec->id, &room->stream) <= 0)
    {
        return;
    }

    room->stream = rec->id;

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    if (rec->node == zone->sh->node) {
        ngx_live_chat_outbox_back_locked(zone, room, rec->seq);
        say.seq = rec->seq;
    }

    zone->sh->relayed++;

    twin = ngx_live_chat_outbox_twin_locked(room, &rec->origin);

    if (twin) {
        say.hidden = (twin->hidden && !twin->moved);

        twin->hidden = 1;
        twin->moved = 1;
    }

    if (rec->tail.len == 0) {
        ngx_live_chat_effect_apply_locked(zone, room, &rec->effect);
        return;
    }

    say.head = rec->head;
    say.tail = rec->tail;
    say.user = rec->user;
    say.effect = rec->effect;
    say.pos = rec->id;
    say.origin = rec->origin;
    say.cursor.epoch = room->epoch;
    say.cursor.id = rec->id;

    (void) ngx_live_chat_log_enter_locked(zone, room, &say);
}


static void
ngx_live_chat_outbox_back_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, uint64_t seq)
{
    ngx_queue_t                  *q;
    ngx_live_chat_outgoing_sh_t  *out;

    room->waits = ngx_live_clock();
    room->done = ngx_max(room->done, seq);

    while (room->outbox.n) {
        q = ngx_queue_head(&room->outbox.queue);
        out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);

        if (out->seq > seq) {
            break;
        }

        zone->sh->reconciled += out->entered;

        /* what is sent again is not kept longer for that */

        if (!out->back) {
            out->back = 1;
            out->clock = ngx_live_clock();
        }

        ngx_queue_remove(q);
        room->outbox.n--;

        ngx_queue_insert_tail(&room->sent.queue, q);
        room->sent.n++;
    }

    ngx_live_chat_outbox_trim_locked(zone, room);
}


void
ngx_live_chat_outbox_trim_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_outgoing_sh_t  *out;

    while (room->sent.n) {
        out = ngx_queue_data(ngx_queue_head(&room->sent.queue),
                             ngx_live_chat_outgoing_sh_t, queue);

        if (room->sent.n <= room->backlog
            && ngx_live_clock() - out->clock <= NGX_LIVE_CHAT_KEEP)
        {
            return;
        }

        ngx_live_chat_outbox_pop_locked(zone, &room->sent);
    }
}


/* the entry that it was before, if it is in the log */

static ngx_live_chat_entry_sh_t *
ngx_live_chat_outbox_twin_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_id_t *origin)
{
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (ngx_live_chat_entry_is(e, origin)) {
            return e;
        }
    }

    return NULL;
}


void
ngx_live_chat_outbox_id_locked(ngx_live_chat_room_sh_t *room, uint64_t seq,
    ngx_live_chat_id_t *id)
{
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    ngx_memzero(id, sizeof(ngx_live_chat_id_t));

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->seq == seq && !e->repeated) {
            *id = *ngx_live_chat_cursor_id(&e->cursor);
            return;
        }
    }
}
