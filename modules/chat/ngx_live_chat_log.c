
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_log.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_metadata.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_stream.h"

#include <sys/random.h>


/* what say_write() puts between head and tail */
#define NGX_LIVE_CHAT_MIDDLE_LEN                                              \
    (NGX_LIVE_CHAT_SAY_LEN - NGX_LIVE_CHAT_EFFECT_ADDED)


static u_char *ngx_live_chat_say_middle(u_char *p, ngx_live_chat_say_t *say);
static ngx_uint_t ngx_live_chat_log_has(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_id_t *id);
static void ngx_live_chat_log_link_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_entry_sh_t *e);
static void ngx_live_chat_log_trim_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);
static ngx_uint_t ngx_live_chat_log_stale(ngx_queue_t *entries);
static ngx_live_chat_span_sh_t *ngx_live_chat_log_find_span(
    ngx_live_chat_room_sh_t *room, uint64_t epoch);
static ngx_int_t ngx_live_chat_log_find(ngx_live_chat_room_sh_t *room,
    uint64_t epoch, ngx_live_chat_id_t *id, uint64_t *serial);
static uint64_t ngx_live_chat_log_before(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_id_t *id);


uint64_t
ngx_live_chat_log_epoch(void)
{
    uint64_t  epoch;

    if (getrandom(&epoch, sizeof(uint64_t), 0) != sizeof(uint64_t)) {
        epoch = ((uint64_t) ngx_time() << 32) ^ ngx_random();
    }

    return epoch ? epoch : 1;
}


void
ngx_live_chat_log_span(ngx_live_chat_room_sh_t *room, uint64_t epoch,
    ngx_live_chat_id_t *base)
{
    ngx_uint_t                i;
    ngx_live_chat_span_sh_t  *span;

    span = ngx_live_chat_log_find_span(room, epoch);

    if (span == NULL) {

        /* a free one, or that of which nothing is heard for longest */

        span = &room->spans[0];

        for (i = 1; i < NGX_LIVE_CHAT_SPANS && span->epoch; i++) {
            if (room->spans[i].epoch == 0
                || room->spans[i].serial < span->serial)
            {
                span = &room->spans[i];
            }
        }

        span->epoch = 0;
    }

    span->serial = room->serial;
    span->base = *base;
    span->epoch = epoch;
}


void
ngx_live_chat_log_next(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say)
{
    uint64_t  now;

    /* like the ids of a Redis stream: ms, and a number within one */

    now = ngx_live_now();

    if (now > room->last.ms) {
        room->last.ms = now;
        room->last.seq = 0;

    } else {
        room->last.seq++;
    }

    say->pos = room->last;
    say->cursor = room->cursor;

    /* with other nodes ids have to differ from theirs */

    if (room->scope != NGX_LIVE_CHAT_ALONE) {

        if (say->pos.seq > 0xffff) {
            say->pos.ms += say->pos.seq >> 16;
            say->pos.seq &= 0xffff;
        }

        say->pos.seq |= (uint64_t) zone->sh->node << 16;
    }

    *ngx_live_chat_cursor_id(&say->cursor) = say->pos;
}


u_char *
ngx_live_chat_say_write(u_char *p, ngx_live_chat_say_t *say)
{
    p = ngx_cpymem(p, say->head.data, say->head.len);
    p = ngx_live_chat_say_middle(p, say);

    if (say->effect.added_len == 0) {
        return ngx_cpymem(p, say->tail.data, say->tail.len);
    }

    p = ngx_cpymem(p, say->tail.data, say->tail.len - 1);
    p = ngx_cpymem(p, say->effect.added, say->effect.added_len);
    *p++ = '}';

    return p;
}


static u_char *
ngx_live_chat_say_middle(u_char *p, ngx_live_chat_say_t *say)
{
    p = ngx_cpymem(p, "\"id\":\"", sizeof("\"id\":\"") - 1);
    p = ngx_live_chat_id_write(p, &say->pos);

    if (say->origin.ms) {
        p = ngx_cpymem(p, "\",\"origin\":\"",
                       sizeof("\",\"origin\":\"") - 1);
        p = ngx_live_chat_id_write(p, &say->origin);
    }

    if (!say->passing) {
        p = ngx_cpymem(p, "\",\"cursor\":\"",
                       sizeof("\",\"cursor\":\"") - 1);
        p = ngx_live_chat_cursor_write(p, &say->cursor);
    }

    *p++ = '"';

    return p;
}


ngx_int_t
ngx_live_chat_log_enter_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say)
{
    u_char                     middle[NGX_LIVE_CHAT_MIDDLE_LEN];
    size_t                     len;
    ngx_live_chat_entry_sh_t  *e;

    /* a byte too many may cost as much as the entry */

    len = say->head.len + (ngx_live_chat_say_middle(middle, say) - middle)
          + say->tail.len;

    if (say->effect.type) {
        len += NGX_LIVE_CHAT_EFFECT_ADDED;
    }

    e = ngx_live_chat_alloc_locked(zone, room,
                             offsetof(ngx_live_chat_entry_sh_t, text) + len);

    if (e == NULL) {
        room->lost++;
        return NGX_ERROR;
    }

    ngx_live_chat_effect_apply_locked(zone, room, &say->effect);

    e->len = ngx_live_chat_say_write(e->text, say) - e->text;
    e->serial = room->serial + 1;
    e->cursor = say->cursor;
    e->origin = say->origin;
    e->clock = ngx_live_clock();
    e->user = say->user;
    e->seq = say->seq;
    e->passing = say->passing ? 1 : 0;
    e->tip = (say->effect.type == NGX_LIVE_CHAT_EFFECT_TIP);
    e->hidden = say->hidden ? 1 : 0;
    e->shared = !say->local;

    e->room = room;

    if (say->effect.type == NGX_LIVE_CHAT_EFFECT_POLL
        && !say->effect.repeated)
    {
        ngx_live_chat_ballot_open_locked(zone, room, e, &say->effect);
    }

    /* it was said on two nodes at once: the first one counts */

    if (say->effect.repeated && !ngx_live_chat_log_has(room, &say->origin)) {
        e->repeated = 1;
        e->hidden = 1;
    }

    ngx_live_chat_log_link_locked(zone, room, e);

    return NGX_OK;
}


/* the entry that comes again had this id before */

static ngx_uint_t
ngx_live_chat_log_has(ngx_live_chat_room_sh_t *room, ngx_live_chat_id_t *id)
{
    ngx_queue_t  *q;

    if (id->ms == 0) {
        return 0;
    }

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        if (ngx_live_chat_entry_is(ngx_queue_data(q, ngx_live_chat_entry_sh_t,
                                                  queue), id))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_live_chat_log_link_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_entry_sh_t *e)
{
    room->bytes += e->len;
    room->used = e->clock;

    ngx_queue_insert_tail(&zone->sh->entries, &e->all);

    if (e->passing) {
        ngx_queue_insert_tail(&room->passing, &e->queue);

    } else {
        ngx_queue_insert_tail(&room->log, &e->queue);
        room->cursor = e->cursor;
        room->n++;
    }

    /* what a worker that was killed has not finished is not seen by others */

    room->serial++;

    ngx_live_chat_metadata_locked(room, e);

    ngx_live_chat_log_trim_locked(zone, room);
}


static void
ngx_live_chat_log_trim_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    while (room->bytes > NGX_LIVE_CHAT_LOG_MAX
           && (ngx_live_chat_log_drop_locked(zone, room, &room->passing)
               || ngx_live_chat_log_drop_locked(zone, room, &room->log)))
    {
        /* void */
    }

    while (ngx_live_chat_log_stale(&room->passing)) {
        (void) ngx_live_chat_log_drop_locked(zone, room, &room->passing);
    }

    while (room->n > room->history && ngx_live_chat_log_stale(&room->log)) {
        (void) ngx_live_chat_log_drop_locked(zone, room, &room->log);
    }
}


/* the oldest of them has been seen by every worker */

static ngx_uint_t
ngx_live_chat_log_stale(ngx_queue_t *entries)
{
    ngx_live_chat_entry_sh_t  *e;

    if (ngx_queue_empty(entries)) {
        return 0;
    }

    e = ngx_queue_data(ngx_queue_head(entries), ngx_live_chat_entry_sh_t,
                       queue);

    return ngx_live_clock() - e->clock > NGX_LIVE_CHAT_FRESH;
}


ngx_uint_t
ngx_live_chat_log_drop_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_queue_t *entries)
{
    ngx_queue_t               *q;
    ngx_live_chat_span_sh_t   *span;
    ngx_live_chat_entry_sh_t  *e;

    if (ngx_queue_empty(entries)) {
        return 0;
    }

    q = ngx_queue_head(entries);
    e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

    ngx_queue_remove(q);
    ngx_queue_remove(&e->all);

    if (entries == &room->log) {
        span = ngx_live_chat_log_find_span(room,
                                      ngx_live_chat_cursor_epoch(&e->cursor));

        if (span && span->serial < e->serial) {
            span->base = *ngx_live_chat_cursor_id(&e->cursor);
            span->serial = e->serial;
        }

        room->dropped = e->serial;
        room->n--;
    }

    room->bytes -= ngx_min(room->bytes, e->len);

    if (!ngx_live_chat_purse_keep_locked(zone, room, e)) {
        ngx_slab_free_locked(zone->shpool, e);
    }

    return 1;
}


static ngx_live_chat_span_sh_t *
ngx_live_chat_log_find_span(ngx_live_chat_room_sh_t *room, uint64_t epoch)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_CHAT_SPANS; i++) {
        if (room->spans[i].epoch == epoch) {
            return &room->spans[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_live_chat_log_seek_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_cursor_t *cursor, uint64_t *serial)
{
    if (cursor->local
        && ngx_live_chat_log_find(room, cursor->local, &cursor->local_id,
                                  serial)
           == NGX_OK)
    {
        return NGX_OK;
    }

    /* by another node's: what it was told there it knows by its origin */

    return ngx_live_chat_log_find(room, cursor->epoch, &cursor->id, serial);
}


static ngx_int_t
ngx_live_chat_log_find(ngx_live_chat_room_sh_t *room, uint64_t epoch,
    ngx_live_chat_id_t *id, uint64_t *serial)
{
    ngx_queue_t               *q;
    ngx_live_chat_span_sh_t   *span;
    ngx_live_chat_entry_sh_t  *e;

    span = epoch ? ngx_live_chat_log_find_span(room, epoch) : NULL;

    if (span == NULL || ngx_live_chat_id_cmp(id, &span->base) < 0) {
        return NGX_DECLINED;
    }

    *serial = span->serial;

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (ngx_live_chat_cursor_epoch(&e->cursor) == epoch
            && ngx_live_chat_id_cmp(ngx_live_chat_cursor_id(&e->cursor), id)
               <= 0)
        {
            *serial = e->serial;
            break;
        }
    }

    return (room->dropped > *serial) ? NGX_DECLINED : NGX_OK;
}


ngx_uint_t
ngx_live_chat_entry_is(ngx_live_chat_entry_sh_t *e, ngx_live_chat_id_t *id)
{
    return ngx_live_chat_id_cmp(ngx_live_chat_cursor_id(&e->cursor), id) == 0
           || (e->origin.ms && ngx_live_chat_id_cmp(&e->origin, id) == 0);
}


/*
 * The serial number up to which, without it, entries are before the one that
 * is called so.  If it is gone, ids of all epochs begin with the time.
 */

static uint64_t
ngx_live_chat_log_before(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_id_t *id)
{
    uint64_t                   serial;
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    serial = room->serial + 1;

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (ngx_live_chat_entry_is(e, id)) {
            return e->serial;
        }

        if (ngx_live_chat_id_cmp(ngx_live_chat_cursor_id(&e->cursor), id)
            >= 0)
        {
            serial = e->serial;
        }
    }

    return serial;
}


ngx_int_t
ngx_live_chat_history_locked(ngx_live_chat_room_sh_t *room, uint64_t serial,
    ngx_live_chat_history_t *h, ngx_pool_t *pool)
{
    u_char                    *p;
    size_t                     size;
    uint64_t                   before;
    ngx_queue_t               *q, *first;
    ngx_live_chat_entry_sh_t  *e;

    size = 0;
    first = ngx_queue_sentinel(&room->log);

    h->n = 0;
    h->since = 0;
    h->whole = (h->after == NULL
                || ngx_live_chat_log_seek_locked(room, h->after, &h->since)
                   == NGX_OK);
    ngx_str_null(&h->text);

    if (!h->whole) {
        return NGX_OK;
    }

    before = h->before ? ngx_live_chat_log_before(room, h->before)
                       : room->serial + 1;
    before = ngx_min(before, serial + 1);

    for (q = ngx_queue_last(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->serial >= before) {
            continue;
        }

        if (e->serial <= h->since) {
            break;
        }

        if (h->n == h->max) {
            h->whole = 0;
            break;
        }

        if (h->n == 0) {
            h->last = e->cursor;
        }

        if (!e->hidden) {
            size += e->len + 1;
            h->n++;
        }

        first = q;
    }

    if (size == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    h->text.data = p;

    for (q = first; q != ngx_queue_sentinel(&room->log); q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->serial >= before) {
            break;
        }

        if (!e->hidden) {
            p = ngx_cpymem(p, e->text, e->len);
            *p++ = ',';
        }
    }

    h->text.len = p - h->text.data - 1;

    return NGX_OK;
}
