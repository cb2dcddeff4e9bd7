
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_packets.h"
#include "ngx_live_worker.h"


typedef struct {
    ngx_queue_t                readers;
    uint64_t                   head;      /* of the ring, when last run */
    unsigned                   running:1;
} ngx_live_packets_track_t;


struct ngx_live_packets_s {
    ngx_uint_t                 state;     /* of the stream, when last run */
    ngx_live_packets_track_t   tracks[NGX_LIVE_TRACKS];
};


static ngx_int_t ngx_live_packets_init(ngx_live_stream_t *st);
static ngx_int_t ngx_live_packets_start(ngx_live_packets_reader_t *r);
static void ngx_live_packets_run(ngx_live_stream_t *st, ngx_uint_t track);
static void ngx_live_packets_repin(ngx_live_stream_t *st, ngx_uint_t track);
static ngx_uint_t ngx_live_packets_any(ngx_live_packets_sh_t *sh);


ngx_uint_t
ngx_live_packets_wanted(ngx_live_stream_t *st, ngx_uint_t track)
{
    return ngx_live_packets_any(&st->sh->packets[track]);
}


uint64_t
ngx_live_packets_growth(ngx_live_stream_sh_t *sh)
{
    uint64_t    size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        if (sh->packets[i].ring && ngx_live_packets_any(&sh->packets[i])) {
            size += ngx_live_packet_ring_growth(sh->packets[i].ring);
        }
    }

    return size;
}


static ngx_uint_t
ngx_live_packets_any(ngx_live_packets_sh_t *sh)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        if (sh->readers[i]) {
            return 1;
        }
    }

    return 0;
}


ngx_live_packet_ring_sh_t *
ngx_live_stream_packets(ngx_live_stream_t *st, ngx_uint_t track,
    ngx_uint_t npackets, ngx_msec_t window)
{
    ngx_live_packets_sh_t      *sh;
    ngx_live_packet_ring_sh_t  *pr, *ring;

    if (track >= NGX_LIVE_TRACKS || !ngx_live_stream_owned(st)) {
        return NULL;
    }

    sh = &st->sh->packets[track];
    pr = sh->ring;

    if (pr == NULL) {
        ring = ngx_live_packet_ring_create(ngx_live_zone,
                                           ngx_live_zone_user(st->uid),
                                           npackets, window);
        if (ring == NULL) {
            return NULL;
        }

        /* the stream may be another worker's meanwhile */

        ngx_live_zone_lock(ngx_live_zone);

        if (sh->ring == NULL && ngx_live_stream_owned(st)) {
            sh->ring = ring;
            pr = ring;
        }

        ngx_live_zone_unlock(ngx_live_zone);

        if (pr == NULL) {
            ngx_live_packet_ring_destroy(ngx_live_zone, ring);
            return NULL;
        }
    }

    pr->window = window;
    ngx_live_packet_ring_writer(pr, st->generation);

    return pr;
}


void
ngx_live_packets_notify(ngx_live_stream_t *st, ngx_uint_t track)
{
    ngx_uint_t         i, bit;
    ngx_atomic_uint_t  slots;

    /* heads are written before those are looked at who want to know */

    ngx_live_barrier();

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        slots = st->sh->packets[track].readers[i];

        for (bit = 0; slots; bit++, slots >>= 1) {
            if (slots & 1) {
                ngx_live_bell_ring_packets(i * 64 + bit, st->index);
            }
        }
    }
}


ngx_int_t
ngx_live_packets_open(ngx_live_packets_reader_t *r, ngx_live_stream_t *st,
    ngx_uint_t track)
{
    ngx_uint_t                 first;
    ngx_atomic_uint_t          owner;
    ngx_live_packets_track_t  *local;

    if (track >= NGX_LIVE_TRACKS || ngx_live_packets_init(st) != NGX_OK) {
        return NGX_ERROR;
    }

    local = &st->packets->tracks[track];
    first = ngx_queue_empty(&local->readers) && !local->running;

    r->stream = st;
    r->track = track;
    r->seq = 0;
    r->slow = 0;
    r->waiting = 1;

    st->refs++;
    ngx_queue_insert_tail(&local->readers, &r->queue);

    if (first) {

        /* what is written behind this barrier rings, the rest is seen */

        ngx_live_atomic_or(&st->sh->packets[track].readers[ngx_live_slot / 64],
                           (ngx_atomic_uint_t) 1 << (ngx_live_slot % 64));

        owner = st->sh->owner;

        if (owner < NGX_LIVE_SLOTS) {
            ngx_live_bell_ring_stream(owner, st->index);
        }
    }

    (void) ngx_live_packets_start(r);

    return NGX_OK;
}


static ngx_int_t
ngx_live_packets_init(ngx_live_stream_t *st)
{
    ngx_uint_t  i;

    if (st->packets) {
        return NGX_OK;
    }

    st->packets = ngx_pcalloc(st->pool, sizeof(ngx_live_packets_t));
    if (st->packets == NULL) {
        return NGX_ERROR;
    }

    st->packets->state = st->sh->state;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        ngx_queue_init(&st->packets->tracks[i].readers);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_packets_start(ngx_live_packets_reader_t *r)
{
    uint64_t                    key;
    ngx_uint_t                  tries;
    ngx_live_packet_ring_sh_t  *pr;

    pr = r->stream->sh->packets[r->track].ring;

    if (pr == NULL) {
        return NGX_AGAIN;
    }

    /* the writer may move on in between, but not often */

    for (tries = 0; tries < 4; tries++) {
        key = pr->ring.key;

        if (key == 0) {
            return NGX_AGAIN;
        }

        if (ngx_live_ring_pin(&pr->ring, key) == NGX_OK) {
            r->seq = key;
            r->waiting = 0;
            return NGX_OK;
        }
    }

    return NGX_AGAIN;
}


void
ngx_live_packets_close(ngx_live_packets_reader_t *r)
{
    ngx_live_stream_t         *st;
    ngx_live_packets_track_t  *local;

    st = r->stream;

    if (st == NULL) {
        return;
    }

    r->stream = NULL;

    ngx_queue_remove(&r->queue);

    local = &st->packets->tracks[r->track];

    if (!local->running) {
        ngx_live_packets_repin(st, r->track);
    }

    ngx_live_stream_close(st);
}


ngx_live_packet_t *
ngx_live_packets_next(ngx_live_packets_reader_t *r)
{
    ngx_live_packet_ring_sh_t  *pr;

    if (r->waiting) {
        return NULL;
    }

    pr = r->stream->sh->packets[r->track].ring;

    if (r->seq >= pr->ring.head) {
        return NULL;
    }

    ngx_live_barrier();

    return ngx_live_packet_ring_entry(ngx_live_zone, pr, r->seq);
}


ngx_int_t
ngx_live_packets_skip(ngx_live_packets_reader_t *r)
{
    uint64_t  key;

    if (r->waiting) {
        return NGX_DECLINED;
    }

    key = r->stream->sh->packets[r->track].ring->ring.key;

    if (key <= r->seq) {
        return NGX_DECLINED;
    }

    /* seq is pinned, so is everything after it */

    r->seq = key;
    r->slow = 0;

    return NGX_OK;
}


ngx_live_packet_t *
ngx_live_packets_find(ngx_live_packets_reader_t *r, uint64_t number)
{
    ngx_live_packet_t          *p;
    ngx_live_packet_ring_sh_t  *pr;

    pr = r->stream->sh->packets[r->track].ring;

    if (pr == NULL
        || ngx_live_packet_ring_find(ngx_live_zone, pr, number, &p) != NGX_OK)
    {
        return NULL;
    }

    return p;
}


void
ngx_live_packets_release(ngx_live_packets_reader_t *r)
{
    ngx_live_stream_t  *st;

    st = r->stream;

    if (!st->packets->tracks[r->track].running) {
        ngx_live_packets_repin(st, r->track);
    }
}


void
ngx_live_packets_bell(ngx_uint_t index)
{
    ngx_live_stream_t  *st;

    if (index >= ngx_live_zone->sh->max_streams) {
        return;
    }

    st = ngx_live_stream_local(index);

    if (st == NULL) {
        return;
    }

    st->refs++;

    ngx_live_packets_dispatch(st);

    ngx_live_stream_close(st);
}


/* the caller holds the stream */

void
ngx_live_packets_dispatch(ngx_live_stream_t *st)
{
    ngx_uint_t                  i, state, changed;
    ngx_live_packets_track_t   *local;
    ngx_live_packet_ring_sh_t  *pr;

    if (st->packets == NULL) {
        return;
    }

    state = st->sh->state;
    changed = (state != st->packets->state);
    st->packets->state = state;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        local = &st->packets->tracks[i];

        if (ngx_queue_empty(&local->readers)) {
            continue;
        }

        pr = st->sh->packets[i].ring;

        if (changed || (pr && pr->ring.head != local->head)) {
            ngx_live_packets_run(st, i);
        }
    }
}


static void
ngx_live_packets_run(ngx_live_stream_t *st, ngx_uint_t track)
{
    ngx_queue_t                 queue, *q;
    ngx_live_packets_track_t   *local;
    ngx_live_packets_reader_t  *r;
    ngx_live_packet_ring_sh_t  *pr;

    pr = st->sh->packets[track].ring;
    local = &st->packets->tracks[track];

    if (pr) {
        local->head = pr->ring.head;
    }

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &local->readers);
    ngx_queue_init(&local->readers);

    /* pins stay where they are while readers stand in the local queue */

    local->running = 1;

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&local->readers, q);

        r = ngx_queue_data(q, ngx_live_packets_reader_t, queue);

        if (r->waiting) {
            (void) ngx_live_packets_start(r);

        } else {
            r->slow = (r->seq < pr->ring.tail);
        }

        r->handler(r);
    }

    local->running = 0;

    ngx_live_packets_repin(st, track);
}


/* also tells that the last reader has gone */

static void
ngx_live_packets_repin(ngx_live_stream_t *st, ngx_uint_t track)
{
    uint64_t                    seq;
    ngx_queue_t                *q, *readers;
    ngx_live_packets_sh_t      *sh;
    ngx_live_packets_reader_t  *r;

    seq = NGX_LIVE_NO_PIN;
    sh = &st->sh->packets[track];
    readers = &st->packets->tracks[track].readers;

    for (q = ngx_queue_head(readers);
         q != ngx_queue_sentinel(readers);
         q = ngx_queue_next(q))
    {
        r = ngx_queue_data(q, ngx_live_packets_reader_t, queue);

        if (!r->waiting && (seq == NGX_LIVE_NO_PIN || r->seq < seq)) {
            seq = r->seq;
        }
    }

    if (sh->ring) {
        ngx_live_ring_repin(&sh->ring->ring, seq);
    }

    if (ngx_queue_empty(readers)) {
        ngx_live_atomic_and(&sh->readers[ngx_live_slot / 64],
                            ~((ngx_atomic_uint_t) 1 << (ngx_live_slot % 64)));
    }
}


/* a publisher that is silent, and readers that have gone, need no memory */

void
ngx_live_packets_tick(ngx_live_stream_sh_t *sh)
{
    ngx_uint_t                  i;
    ngx_live_packet_ring_sh_t  *pr;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        pr = sh->packets[i].ring;

        if (pr == NULL) {
            continue;
        }

        if (ngx_live_packets_any(&sh->packets[i])) {
            ngx_live_packet_ring_expire(ngx_live_zone, pr, ngx_live_clock());

        } else {
            ngx_live_packet_ring_clear(ngx_live_zone, pr);
        }
    }
}


void
ngx_live_packets_lost_slot(ngx_live_stream_sh_t *sh, ngx_uint_t slot)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        ngx_live_atomic_and(&sh->packets[i].readers[slot / 64],
                            ~((ngx_atomic_uint_t) 1 << (slot % 64)));
    }
}
