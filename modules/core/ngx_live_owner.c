
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Who owns a stream: taking and giving up, what is done once a second for
 * those that wait for their publisher, and for what a dead worker has left.
 */


#include "ngx_live_stream.h"
#include "ngx_live_packets.h"
#include "ngx_live_publish.h"
#include "ngx_live_event.h"
#include "ngx_live_viewer.h"
#include "ngx_live_worker.h"


/* ms after which a stream is ended whose creator never published */
#define NGX_LIVE_STREAM_UNUSED  5000


static void ngx_live_stream_tick_owned(ngx_live_stream_t *st);
static void ngx_live_stream_give_up(ngx_live_stream_t *st,
    const char *reason);
static void ngx_live_stream_drain(void);
static void ngx_live_stream_keep(ngx_uint_t index);
static void ngx_live_stream_adopt(ngx_live_stream_t *st);
static int ngx_libc_cdecl ngx_live_stream_cmp_users(const void *one,
    const void *two);


ngx_uint_t
ngx_live_stream_busy(ngx_live_stream_sh_t *sh)
{
    return sh->ack < sh->writer
           && sh->writer_slot != (ngx_atomic_uint_t) ngx_live_slot
           && ngx_live_slot_alive(sh->writer_slot);
}


void
ngx_live_stream_own(ngx_live_stream_t *st, uint64_t generation)
{
    if (!st->owned) {
        st->refs++;
        st->owned = 1;
    }

    st->generation = generation;

    st->sh->writer_slot = ngx_live_slot;
    st->sh->writer = generation;
}


/*
 * The stream is another worker's, or nobody's, from now on.  The acknowledge-
 * ment comes after the hooks: what they write last belongs to us still.
 */

void
ngx_live_stream_release(ngx_live_stream_t *st, const char *reason)
{
    uint64_t               generation;
    ngx_atomic_uint_t      owner;
    ngx_live_publisher_t  *pub;

    generation = st->generation;
    pub = st->publisher;

    st->owned = 0;
    st->publisher = NULL;

    ngx_live_call_hooks(stream_stop, (st));

    if (pub) {
        ngx_live_event(NGX_LIVE_EVENT_PUBLISH_DONE, st, pub->door, reason);
    }

    st->app = NULL;

    if (st->sh->ack < generation) {
        st->sh->ack = generation;
    }

    ngx_live_barrier();

    owner = st->sh->owner;

    if (owner < NGX_LIVE_SLOTS) {
        ngx_live_bell_ring_stream(owner, st->index);
    }

    if (pub) {
        ngx_live_publish_lost(pub, reason);
    }

    ngx_live_stream_close(st);
}


void
ngx_live_stream_end(ngx_live_stream_t *st)
{
    ngx_live_publisher_t  *pub;

    if (!ngx_live_stream_owned(st)) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, st->log, 0, "live stream \"%V\" ended",
                  &st->sh->sn.str);

    pub = st->publisher;
    st->publisher = NULL;

    if (pub) {
        ngx_live_call_hooks(stream_stop, (st));
    }

    ngx_live_call_hooks(stream_end, (st));

    ngx_live_zone_lock(ngx_live_zone);

    ngx_rbtree_delete(&ngx_live_zone->sh->rbtree, &st->sh->sn.node);
    st->sh->state = NGX_LIVE_STREAM_ENDED;
    st->sh->owner = NGX_LIVE_NO_OWNER;

    ngx_live_zone_unlock(ngx_live_zone);

    ngx_live_stream_ring(st);

    st->owned = 0;
    st->app = NULL;

    if (pub) {
        ngx_live_event(NGX_LIVE_EVENT_PUBLISH_DONE, st, pub->door,
                       "stream ended");
        ngx_live_publish_lost(pub, "stream ended");
    }

    ngx_live_event(NGX_LIVE_EVENT_END, st, st->sh->door, NULL);

    ngx_live_stream_close(st);
}


void
ngx_live_stream_tick(ngx_uint_t keeper)
{
    ngx_uint_t             i;
    ngx_live_stream_sh_t  *sh;

    if (ngx_exiting) {
        ngx_live_stream_drain();
    }

    for (i = 0; i < ngx_live_zone->sh->max_streams; i++) {

        if (ngx_live_stream_local(i) && ngx_live_stream_local(i)->owned) {
            ngx_live_stream_tick_owned(ngx_live_stream_local(i));
            continue;
        }

        if (!keeper) {
            continue;
        }

        sh = ngx_live_zone->sh->streams[i];

        if (sh && (sh->owner == NGX_LIVE_NO_OWNER)) {
            ngx_live_stream_keep(i);
        }
    }
}


static void
ngx_live_stream_tick_owned(ngx_live_stream_t *st)
{
    ngx_live_stream_sh_t  *sh;

    sh = st->sh;

    if (st->generation != sh->generation) {
        ngx_live_stream_release(st, NGX_LIVE_PUBLISH_TAKEN);
        return;
    }

    ngx_live_viewer_count(sh);
    ngx_live_packets_tick(sh);

    if (st->publisher) {
        return;
    }

    if (ngx_live_clock() - sh->waiting > (int64_t) sh->reconnect) {
        ngx_live_stream_end(st);
        return;
    }

    if (ngx_exiting) {

        /* without its publisher it needs no worker that is leaving */

        ngx_live_stream_give_up(st, "worker is exiting");
    }
}


/* whoever publishes next, or the keeper, takes it */

static void
ngx_live_stream_give_up(ngx_live_stream_t *st, const char *reason)
{
    ngx_live_stream_sh_t  *sh;

    sh = st->sh;

    ngx_live_zone_lock(ngx_live_zone);

    if (sh->generation == st->generation) {
        sh->owner = NGX_LIVE_NO_OWNER;
        sh->generation++;

        if (sh->state == NGX_LIVE_STREAM_LIVE) {
            sh->waiting = ngx_live_clock();
            sh->state = NGX_LIVE_STREAM_WAITING;
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    ngx_live_stream_release(st, reason);
}


/*
 * After a reload publishers stay with the old worker.  With "live_drain" it
 * sends them away one by one; each comes back to a new worker and continues
 * its stream.  The newest configuration says whether, not the worker's own.
 */

static void
ngx_live_stream_drain(void)
{
    static ngx_msec_t   last;

    ngx_uint_t          i;
    ngx_msec_t          drain;
    ngx_live_stream_t  *st;

    drain = ngx_live_zone->sh->drain;

    if (drain == 0 || (last && ngx_current_msec - last < drain)) {
        return;
    }

    for (i = 0; i < ngx_live_zone->sh->max_streams; i++) {
        st = ngx_live_stream_local(i);

        if (st && st->owned && st->publisher) {
            ngx_log_error(NGX_LOG_NOTICE, st->log, 0,
                          "live stream \"%V\" is drained", &st->sh->sn.str);

            last = ngx_current_msec;

            ngx_live_stream_give_up(st, "worker is exiting");
            return;
        }
    }
}


static void
ngx_live_stream_keep(ngx_uint_t index)
{
    ngx_live_stream_t  *st;

    st = ngx_live_stream_open_index(index);

    if (st == NULL) {
        return;
    }

    if (st->sh->state != NGX_LIVE_STREAM_ENDED) {
        ngx_live_stream_adopt(st);
    }

    /* frees an ended one that nobody holds any more */

    ngx_live_stream_close(st);
}


static void
ngx_live_stream_adopt(ngx_live_stream_t *st)
{
    uint64_t               generation;
    ngx_live_stream_sh_t  *sh;

    sh = st->sh;
    generation = 0;

    ngx_live_zone_lock(ngx_live_zone);

    if (sh->owner == NGX_LIVE_NO_OWNER
        && sh->state == NGX_LIVE_STREAM_WAITING
        && !ngx_live_stream_busy(sh)
        && (sh->publishers
            || ngx_live_clock() - sh->created > NGX_LIVE_STREAM_UNUSED))
    {
        generation = ++sh->generation;
        sh->owner = ngx_live_slot;
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (generation == 0) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, st->log, 0, "live stream \"%V\" adopted",
                  &sh->sn.str);

    ngx_live_stream_own(st, generation);

    st->app = ngx_live_app_conf(ngx_live_main_conf((ngx_cycle_t *) ngx_cycle),
                                &sh->app);

    if (st->app == NULL || sh->publishers == 0) {
        ngx_live_stream_end(st);
        return;
    }

    ngx_live_call_hooks(stream_adopt, (st));

    ngx_live_stream_ring(st);
}


void
ngx_live_stream_lost_slot_locked(ngx_uint_t slot)
{
    ngx_uint_t             i;
    ngx_live_zone_sh_t    *zsh;
    ngx_live_stream_sh_t  *sh;

    zsh = ngx_live_zone->sh;

    for (i = 0; i < zsh->max_streams; i++) {
        sh = zsh->streams[i];

        if (sh == NULL) {
            continue;
        }

        if (sh->writer_slot == slot && sh->ack < sh->writer) {
            sh->ack = sh->writer;
        }

        ngx_live_atomic_and(&sh->interest[slot / 64],
                            ~((ngx_atomic_uint_t) 1 << (slot % 64)));

        ngx_live_packets_lost_slot(sh, slot);

        if (sh->owner != slot) {
            continue;
        }

        sh->generation++;
        sh->owner = NGX_LIVE_NO_OWNER;

        if (sh->state == NGX_LIVE_STREAM_LIVE) {
            sh->waiting = ngx_live_clock();
            sh->state = NGX_LIVE_STREAM_WAITING;
        }
    }
}


/*
 * Takes back what a worker had in its hands when it died: memory is kept for
 * streams that are there, and for those that living workers are making or
 * freeing.
 */

void
ngx_live_stream_sweep_locked(ngx_uint_t slot)
{
    static uint32_t  users[NGX_LIVE_STREAMS_MAX + NGX_LIVE_SLOTS];

    ngx_uint_t             i, n;
    ngx_live_zone_sh_t    *zsh;

    zsh = ngx_live_zone->sh;
    zsh->slots[slot].busy = 0;
    n = 0;

    for (i = 0; i < zsh->max_streams; i++) {
        if (zsh->streams[i]) {
            users[n++] = ngx_live_zone_user(zsh->streams[i]->uid);
        }
    }

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        if (zsh->slots[i].busy) {
            users[n++] = zsh->slots[i].busy;
        }
    }

    ngx_qsort(users, n, sizeof(uint32_t), ngx_live_stream_cmp_users);

    ngx_live_ring_sweep_locked(ngx_live_zone, users, n);
}


static int ngx_libc_cdecl
ngx_live_stream_cmp_users(const void *one, const void *two)
{
    uint32_t  a, b;

    a = *(const uint32_t *) one;
    b = *(const uint32_t *) two;

    return (a > b) - (a < b);
}
