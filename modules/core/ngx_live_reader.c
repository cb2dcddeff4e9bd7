
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_reader.h"
#include "ngx_live_worker.h"


/* readers of one stream that are served together */

struct ngx_live_fanout_s {
    ngx_queue_t                queue;     /* of the stream */
    ngx_queue_t                readers;
    ngx_live_stream_t         *stream;
    ngx_msec_t                 flush;
    ngx_msec_t                 last;
    uint64_t                   head;      /* of the ring, when last run */
    ngx_event_t                timer;
    ngx_connection_t           dummy;     /* for the event's log */
};


static ngx_live_fanout_t *ngx_live_reader_fanout(ngx_live_stream_t *st,
    ngx_msec_t flush);
static ngx_int_t ngx_live_reader_start(ngx_live_reader_t *r);
static void ngx_live_fanout_handler(ngx_event_t *ev);
static void ngx_live_fanout_run(ngx_live_fanout_t *fo);
static void ngx_live_reader_repin(ngx_live_stream_t *st);
static void ngx_live_reader_want(ngx_live_stream_t *st);
static uint64_t ngx_live_fanout_lowest(ngx_queue_t *readers, uint64_t seq);


ngx_int_t
ngx_live_reader_open(ngx_live_reader_t *r, ngx_live_stream_t *st,
    ngx_msec_t flush)
{
    ngx_live_fanout_t  *fo;

    fo = ngx_live_reader_fanout(st, flush);
    if (fo == NULL) {
        return NGX_ERROR;
    }

    r->stream = st;
    r->fanout = fo;
    r->slow = 0;

    if (ngx_live_reader_start(r) != NGX_OK) {
        r->waiting = 1;
        r->seq = 0;
    }

    st->refs++;
    ngx_queue_insert_tail(&fo->readers, &r->queue);

    ngx_live_reader_want(st);

    return NGX_OK;
}


static ngx_int_t
ngx_live_reader_start(ngx_live_reader_t *r)
{
    uint64_t             key;
    ngx_uint_t           tries;
    ngx_live_ring_sh_t  *ring;

    ring = r->stream->sh->ring;

    /* the writer may move on in between, but not often */

    for (tries = 0; tries < 4; tries++) {
        key = ring->key;

        if (key == 0) {
            return NGX_AGAIN;
        }

        if (ngx_live_ring_pin(ring, key) == NGX_OK) {
            r->seq = key;
            r->waiting = 0;
            return NGX_OK;
        }
    }

    return NGX_AGAIN;
}


static ngx_live_fanout_t *
ngx_live_reader_fanout(ngx_live_stream_t *st, ngx_msec_t flush)
{
    ngx_queue_t        *q;
    ngx_live_fanout_t  *fo;

    for (q = ngx_queue_head(&st->fanouts);
         q != ngx_queue_sentinel(&st->fanouts);
         q = ngx_queue_next(q))
    {
        fo = ngx_queue_data(q, ngx_live_fanout_t, queue);

        if (fo->flush == flush) {
            return fo;
        }
    }

    fo = ngx_pcalloc(st->pool, sizeof(ngx_live_fanout_t));
    if (fo == NULL) {
        return NULL;
    }

    ngx_queue_init(&fo->readers);

    fo->stream = st;
    fo->flush = flush;
    fo->last = ngx_current_msec - flush;

    fo->dummy.fd = (ngx_socket_t) -1;
    fo->timer.data = &fo->dummy;
    fo->dummy.data = fo;
    fo->timer.log = st->log;
    fo->timer.handler = ngx_live_fanout_handler;

    /* each reader's session holds a timer that keeps the worker */
    fo->timer.cancelable = 1;

    ngx_queue_insert_tail(&st->fanouts, &fo->queue);

    return fo;
}


void
ngx_live_reader_free_fanouts(ngx_live_stream_t *st)
{
    ngx_queue_t        *q;
    ngx_live_fanout_t  *fo;

    for (q = ngx_queue_head(&st->fanouts);
         q != ngx_queue_sentinel(&st->fanouts);
         q = ngx_queue_next(q))
    {
        fo = ngx_queue_data(q, ngx_live_fanout_t, queue);

        if (fo->timer.timer_set) {
            ngx_del_timer(&fo->timer);
        }
    }
}


void
ngx_live_reader_close(ngx_live_reader_t *r)
{
    ngx_live_stream_t  *st;

    st = r->stream;

    if (st == NULL) {
        return;
    }

    r->stream = NULL;

    ngx_queue_remove(&r->queue);

    if (!st->fanning) {
        ngx_live_reader_repin(st);
        ngx_live_reader_want(st);
    }

    ngx_live_stream_close(st);
}


ngx_live_frame_t *
ngx_live_reader_frame(ngx_live_reader_t *r, uint64_t seq)
{
    ngx_live_ring_sh_t  *ring;

    ring = r->stream->sh->ring;

    if (r->waiting || seq >= ring->head) {
        return NULL;
    }

    ngx_live_barrier();

    return ngx_live_ring_entry(ngx_live_zone, ring, seq);
}


ngx_int_t
ngx_live_reader_skip(ngx_live_reader_t *r)
{
    uint64_t             key;
    ngx_live_ring_sh_t  *ring;

    ring = r->stream->sh->ring;
    key = ring->key;

    if (key <= r->seq) {
        return NGX_DECLINED;
    }

    /* seq is pinned, so is everything after it */

    r->seq = key;
    r->slow = 0;

    (void) ngx_atomic_fetch_add(&r->stream->sh->skipped, 1);

    return NGX_OK;
}


/*
 * Called after each bell: what comes after a quiet moment goes out at once,
 * what follows within "flush" is merged.  While frames come, the timer alone
 * looks for them and the bell stays silent.
 */

void
ngx_live_reader_dispatch(ngx_live_stream_t *st)
{
    ngx_msec_t          passed;
    ngx_uint_t          run;
    ngx_queue_t        *q;
    ngx_live_fanout_t  *fo;

    run = 0;

    for (q = ngx_queue_head(&st->fanouts);
         q != ngx_queue_sentinel(&st->fanouts);
         q = ngx_queue_next(q))
    {
        fo = ngx_queue_data(q, ngx_live_fanout_t, queue);

        if (fo->timer.timer_set || ngx_queue_empty(&fo->readers)) {
            continue;
        }

        passed = ngx_current_msec - fo->last;

        if (passed < fo->flush) {
            ngx_add_timer(&fo->timer, fo->flush - passed);
            continue;
        }

        ngx_live_fanout_run(fo);
        run = 1;

        if (fo->flush) {
            ngx_add_timer(&fo->timer, fo->flush);
        }
    }

    if (run) {
        ngx_live_reader_repin(st);
    }

    ngx_live_reader_want(st);
}


static void
ngx_live_fanout_handler(ngx_event_t *ev)
{
    uint64_t            head;
    ngx_connection_t   *c;
    ngx_live_fanout_t  *fo;
    ngx_live_stream_t  *st;

    c = ev->data;
    fo = c->data;
    st = fo->stream;

    st->refs++;

    head = fo->head;

    ngx_live_fanout_run(fo);

    if (fo->head != head && !ngx_queue_empty(&fo->readers)) {
        ngx_add_timer(&fo->timer, fo->flush);
    }

    ngx_live_reader_repin(st);
    ngx_live_reader_want(st);

    ngx_live_stream_close(st);
}


static void
ngx_live_fanout_run(ngx_live_fanout_t *fo)
{
    ngx_queue_t         queue, *q;
    ngx_live_reader_t  *r;
    ngx_live_stream_t  *st;

    fo->last = ngx_current_msec;
    fo->head = fo->stream->sh->ring->head;

    if (ngx_queue_empty(&fo->readers)) {
        return;
    }

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &fo->readers);
    ngx_queue_init(&fo->readers);

    /* pins stay where they are while readers stand in the local queue */

    st = fo->stream;
    st->fanning = 1;

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&fo->readers, q);

        r = ngx_queue_data(q, ngx_live_reader_t, queue);

        if (r->waiting) {
            (void) ngx_live_reader_start(r);

        } else {
            r->slow = (r->seq < r->stream->sh->ring->tail);
        }

        r->handler(r);
    }

    st->fanning = 0;
}


/*
 * The bell is wanted for the next frame by those without a timer.  What came
 * before that was known is found here: the writer writes the frame first and
 * looks for who wants it afterwards.
 */

static void
ngx_live_reader_want(ngx_live_stream_t *st)
{
    uint64_t            head;
    ngx_uint_t          want, missed;
    ngx_queue_t        *q;
    ngx_atomic_t       *word;
    ngx_live_fanout_t  *fo;
    ngx_atomic_uint_t   bit;

    word = &st->sh->wanted[ngx_live_slot / 64];
    bit = (ngx_atomic_uint_t) 1 << (ngx_live_slot % 64);

    want = 0;
    missed = 0;

    for ( ;; ) {
        head = st->sh->ring->head;

        for (q = ngx_queue_head(&st->fanouts);
             q != ngx_queue_sentinel(&st->fanouts);
             q = ngx_queue_next(q))
        {
            fo = ngx_queue_data(q, ngx_live_fanout_t, queue);

            if (!ngx_queue_empty(&fo->readers) && !fo->timer.timer_set) {
                want = 1;
                missed |= (fo->head != head);
            }
        }

        if (!want) {
            if (*word & bit) {
                ngx_live_atomic_and(word, ~bit);
            }

            return;
        }

        if (*word & bit) {
            break;
        }

        /* a full barrier; look again */

        ngx_live_atomic_or(word, bit);
    }

    if (missed) {
        ngx_live_bell_ring_stream(ngx_live_slot, st->index);
    }
}


static void
ngx_live_reader_repin(ngx_live_stream_t *st)
{
    uint64_t            seq;
    ngx_queue_t        *q;
    ngx_live_fanout_t  *fo;

    seq = NGX_LIVE_NO_PIN;

    for (q = ngx_queue_head(&st->fanouts);
         q != ngx_queue_sentinel(&st->fanouts);
         q = ngx_queue_next(q))
    {
        fo = ngx_queue_data(q, ngx_live_fanout_t, queue);
        seq = ngx_live_fanout_lowest(&fo->readers, seq);
    }

    ngx_live_ring_repin(st->sh->ring, seq);
}


static uint64_t
ngx_live_fanout_lowest(ngx_queue_t *readers, uint64_t seq)
{
    ngx_queue_t        *q;
    ngx_live_reader_t  *r;

    for (q = ngx_queue_head(readers);
         q != ngx_queue_sentinel(readers);
         q = ngx_queue_next(q))
    {
        r = ngx_queue_data(q, ngx_live_reader_t, queue);

        if (!r->waiting && (seq == NGX_LIVE_NO_PIN || r->seq < seq)) {
            seq = r->seq;
        }
    }

    return seq;
}
