
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_publish.h"
#include "ngx_live_event.h"
#include "ngx_live_worker.h"


/* ms that a living owner has for giving up a stream */
#define NGX_LIVE_PUBLISH_TAKEOVER  1000

/* changes of a track's configuration, within ms */
#define NGX_LIVE_PUBLISH_CHANGES       16
#define NGX_LIVE_PUBLISH_CHANGES_TIME  10000

/* ms between two log lines about the same lack of memory */
#define NGX_LIVE_PUBLISH_LOG       60000

/* ms between two log lines about timestamps that jumped */
#define NGX_LIVE_PUBLISH_JUMP_LOG  1000

/* ticks by which a derived frame may be older or newer than the newest one */
#define NGX_LIVE_PUBLISH_DERIVED_OLD  (300 * 90000)
#define NGX_LIVE_PUBLISH_DERIVED_NEW  (1 * 90000)


static ngx_int_t ngx_live_publish_stream(ngx_live_publisher_t *pub);
static ngx_int_t ngx_live_publish_take(ngx_live_publisher_t *pub);
static ngx_int_t ngx_live_publish_conflict_locked(ngx_live_publisher_t *pub,
    ngx_live_stream_sh_t *sh);
static ngx_int_t ngx_live_publish_refuse(ngx_live_publisher_t *pub,
    ngx_uint_t refusal, const char *reason);
static ngx_int_t ngx_live_publish_wait(ngx_live_publisher_t *pub);
static void ngx_live_publish_wait_done(ngx_live_publisher_t *pub);
static void ngx_live_publish_watcher(ngx_live_watcher_t *w);
static void ngx_live_publish_timer(ngx_event_t *ev);
static void ngx_live_publish_begin(ngx_live_publisher_t *pub);
static ngx_int_t ngx_live_publish_config_same(ngx_live_track_sh_t *track,
    u_char *data, size_t size);
static ngx_int_t ngx_live_publish_config_often(ngx_live_track_sh_t *track);
static void ngx_live_publish_time(ngx_live_publisher_t *pub,
    ngx_live_frame_t *f, uint32_t ms);
static ngx_live_frame_t *ngx_live_publish_write(ngx_live_publisher_t *pub,
    ngx_live_frame_t *f, ngx_chain_t *in);
static ngx_int_t ngx_live_publish_shorten(ngx_live_ring_sh_t *ring);
static void ngx_live_publish_drop(ngx_live_publisher_t *pub);
static void ngx_live_publish_trim(ngx_live_stream_t *st, ngx_live_time_t now);
static void ngx_live_publish_account(ngx_live_stream_sh_t *sh,
    ngx_live_frame_t *f);
static void ngx_live_publish_window(ngx_live_track_sh_t *track, int64_t now);
static ngx_uint_t ngx_live_publish_has_video(ngx_live_stream_sh_t *sh);


ngx_int_t
ngx_live_publish_open(ngx_live_publisher_t *pub)
{
    ngx_int_t           rc;
    ngx_uint_t          tries;
    ngx_live_stream_t  *st;

    for (tries = 0; tries < 2; tries++) {

        rc = ngx_live_publish_stream(pub);

        if (rc != NGX_OK) {
            return rc;
        }

        st = pub->stream;

        rc = ngx_live_publish_take(pub);

        if (rc == NGX_OK) {
            ngx_live_publish_begin(pub);
            return NGX_OK;
        }

        if (rc == NGX_AGAIN) {
            return ngx_live_publish_wait(pub);
        }

        pub->stream = NULL;
        ngx_live_stream_close(st);

        if (rc != NGX_BUSY) {
            return rc;
        }

        /* it ended between two looks at it: the next one is new */
    }

    return ngx_live_publish_refuse(pub, NGX_LIVE_REFUSED_CONFLICT,
                                   "stream is just ending");
}


static ngx_int_t
ngx_live_publish_stream(ngx_live_publisher_t *pub)
{
    const char  *full;

    pub->stream = ngx_live_stream_find(&pub->app->name, &pub->name);

    if (pub->stream) {
        return NGX_OK;
    }

    pub->stream = ngx_live_stream_create(pub->app, &pub->name, &full);

    if (pub->stream) {
        return NGX_OK;
    }

    if (full == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_atomic_fetch_add(&ngx_live_zone->sh->refused, 1);

    return ngx_live_publish_refuse(pub, NGX_LIVE_REFUSED_FULL, full);
}


/*
 * Takes ownership: NGX_OK if nobody else writes, NGX_AGAIN if a living worker
 * has to give it up first, NGX_BUSY if the stream has ended.
 */

static ngx_int_t
ngx_live_publish_take(ngx_live_publisher_t *pub)
{
    ngx_int_t              rc;
    ngx_atomic_uint_t      owner;
    ngx_live_stream_t     *st;
    ngx_live_publisher_t  *old;
    ngx_live_stream_sh_t  *sh;

    st = pub->stream;
    sh = st->sh;

    ngx_live_zone_lock(ngx_live_zone);

    rc = ngx_live_publish_conflict_locked(pub, sh);

    owner = sh->owner;

    if (rc == NGX_OK) {
        pub->generation = ++sh->generation;
        sh->owner = ngx_live_slot;
        pub->continued = (sh->publishers != 0);
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (rc != NGX_OK) {
        return rc;
    }

    if (owner < NGX_LIVE_SLOTS && owner != (ngx_atomic_uint_t) ngx_live_slot)
    {
        ngx_live_bell_ring_stream(owner, st->index);
    }

    if (st->owned && sh->writer_slot == (ngx_atomic_uint_t) ngx_live_slot) {

        /* it stays here, with all that the modules have made of it */

        st->generation = pub->generation;

        old = st->publisher;
        st->publisher = NULL;

        if (old) {
            ngx_live_call_hooks(stream_stop, (st));
            ngx_live_event(NGX_LIVE_EVENT_PUBLISH_DONE, st, old->door,
                           NGX_LIVE_PUBLISH_TAKEN);
            ngx_live_publish_lost(old, NGX_LIVE_PUBLISH_TAKEN);
        }

        return NGX_OK;
    }

    if (st->owned) {
        ngx_live_stream_release(st, NGX_LIVE_PUBLISH_TAKEN);
    }

    return ngx_live_stream_busy(sh) ? NGX_AGAIN : NGX_OK;
}


/*
 * "reject" protects only a publisher that has delivered media lately: the
 * connection of an encoder that was cut off may stand for minutes.
 */

static ngx_int_t
ngx_live_publish_conflict_locked(ngx_live_publisher_t *pub,
    ngx_live_stream_sh_t *sh)
{
    if (sh->state == NGX_LIVE_STREAM_ENDED) {

        return NGX_BUSY;
    }

    if (sh->state != NGX_LIVE_STREAM_LIVE
        || pub->app->publish_conflict == NGX_LIVE_CONFLICT_TAKEOVER
        || !ngx_live_slot_alive(sh->owner)
        || ngx_live_clock() - ngx_max(sh->last_frame, sh->started)
           > (int64_t) pub->app->publish_stale)
    {
        return NGX_OK;
    }

    return ngx_live_publish_refuse(pub, NGX_LIVE_REFUSED_CONFLICT,
                                   "already publishing");
}


static ngx_int_t
ngx_live_publish_refuse(ngx_live_publisher_t *pub, ngx_uint_t refusal,
    const char *reason)
{
    pub->refusal = refusal;
    pub->reason = reason;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_publish_wait(ngx_live_publisher_t *pub)
{
    ngx_memzero(&pub->timer, sizeof(ngx_event_t));

    pub->watcher.handler = ngx_live_publish_watcher;
    pub->watcher.data = pub;

    pub->timer.handler = ngx_live_publish_timer;
    pub->timer.data = pub;
    pub->timer.log = pub->log;

    ngx_live_stream_watch(pub->stream, &pub->watcher);
    ngx_add_timer(&pub->timer, NGX_LIVE_PUBLISH_TAKEOVER);

    pub->pending = 1;

    return NGX_AGAIN;
}


static void
ngx_live_publish_watcher(ngx_live_watcher_t *w)
{
    ngx_live_publisher_t  *pub;
    ngx_live_stream_sh_t  *sh;

    pub = w->data;
    sh = pub->stream->sh;

    if (sh->generation != pub->generation || !ngx_live_stream_busy(sh)) {
        ngx_live_publish_wait_done(pub);
    }
}


static void
ngx_live_publish_timer(ngx_event_t *ev)
{
    ngx_live_publish_wait_done(ev->data);
}


static void
ngx_live_publish_wait_done(ngx_live_publisher_t *pub)
{
    ngx_live_stream_t  *st;

    pub->pending = 0;
    st = pub->stream;

    ngx_live_stream_unwatch(&pub->watcher);

    if (pub->timer.timer_set) {
        ngx_del_timer(&pub->timer);
    }

    if (st->sh->generation == pub->generation) {
        ngx_live_publish_begin(pub);
        pub->ready(pub, NGX_OK);
        return;
    }

    pub->stream = NULL;
    ngx_live_stream_close(st);

    pub->ready(pub, ngx_live_publish_refuse(pub, NGX_LIVE_REFUSED_CONFLICT,
                                            "already publishing"));
}


static void
ngx_live_publish_begin(ngx_live_publisher_t *pub)
{
    u_char                *p;
    ngx_uint_t             i;
    ngx_live_stream_t     *st;
    ngx_live_stream_sh_t  *sh;

    st = pub->stream;
    sh = st->sh;

    ngx_live_stream_own(st, pub->generation);

    st->app = pub->app;
    st->publisher = pub;

    pub->opened = 1;
    pub->discont = pub->continued;

    sh->conf_generation =
              ngx_live_main_conf((ngx_cycle_t *) ngx_cycle)->generation;
    sh->reconnect = pub->app->reconnect;
    sh->stale = pub->app->publish_stale;
    sh->buffer = pub->app->buffer;
    sh->metadata.limit = pub->app->metadata_queue;
    sh->door = pub->door;
    sh->started = ngx_live_clock();
    sh->publishers++;

    p = ngx_cpymem(sh->address, pub->address.data,
                   ngx_min(pub->address.len, NGX_SOCKADDR_STRLEN));
    *p = '\0';

    /* frames follow from a key frame on */

    sh->dropping = pub->continued;

    ngx_live_timeline_restart(&sh->timeline);

    sh->waiting = 0;
    sh->state = NGX_LIVE_STREAM_LIVE;

    ngx_log_error(NGX_LOG_NOTICE, pub->log, 0, "live stream \"%V\" %s",
                  &sh->sn.str, pub->continued ? "continues" : "started");

    ngx_live_call_hooks(stream_start, (st));

    for (i = 0; i < sh->ntracks; i++) {
        if (sh->tracks[i].config) {
            ngx_live_call_hooks(stream_config, (st, i));
        }
    }

    ngx_live_event(NGX_LIVE_EVENT_PUBLISH, st, pub->door,
                   (char *) sh->address);
    ngx_live_stream_ring(st);
}


void
ngx_live_publish_lost(ngx_live_publisher_t *pub, const char *reason)
{
    ngx_live_stream_t  *st;

    st = pub->stream;

    pub->stream = NULL;
    pub->opened = 0;

    pub->closed(pub, reason);

    ngx_live_stream_close(st);
}


void
ngx_live_publish_close(ngx_live_publisher_t *pub, ngx_uint_t end)
{
    ngx_live_stream_t     *st;
    ngx_live_stream_sh_t  *sh;

    st = pub->stream;

    if (st == NULL) {
        return;
    }

    sh = st->sh;

    if (pub->pending) {

        /* taken, but never begun: whoever comes next may have it */

        pub->pending = 0;

        ngx_live_stream_unwatch(&pub->watcher);

        if (pub->timer.timer_set) {
            ngx_del_timer(&pub->timer);
        }

        ngx_live_zone_lock(ngx_live_zone);

        if (sh->generation == pub->generation) {
            sh->owner = NGX_LIVE_NO_OWNER;
            sh->generation++;
            sh->state = NGX_LIVE_STREAM_WAITING;
            sh->waiting = ngx_live_clock();
        }

        ngx_live_zone_unlock(ngx_live_zone);

    } else if (pub->opened && ngx_live_stream_owned(st)) {

        sh->waiting = ngx_live_clock();
        sh->state = NGX_LIVE_STREAM_WAITING;

        st->publisher = NULL;

        ngx_log_error(NGX_LOG_NOTICE, pub->log, 0,
                      "live stream \"%V\" lost its publisher", &sh->sn.str);

        ngx_live_call_hooks(stream_stop, (st));
        ngx_live_event(NGX_LIVE_EVENT_PUBLISH_DONE, st, pub->door, NULL);
        ngx_live_stream_ring(st);

        if (end || sh->reconnect == 0) {
            ngx_live_stream_end(st);
        }

    } else if (st->publisher == pub) {

        /* ownership went elsewhere, the bell has not been heard yet */

        st->publisher = NULL;
    }

    pub->opened = 0;
    pub->stream = NULL;

    ngx_live_stream_close(st);
}


ngx_int_t
ngx_live_publish_config(ngx_live_publisher_t *pub, ngx_uint_t n,
    ngx_live_track_info_t *info, u_char *data, size_t size)
{
    u_char                *p, *old;
    uint32_t               version;
    ngx_live_stream_t     *st;
    ngx_live_track_sh_t   *track;
    ngx_live_config_sh_t  *config;

    st = pub->stream;

    if (st == NULL || !ngx_live_stream_owned(st)) {
        return NGX_ABORT;
    }

    if (n >= NGX_LIVE_TRACKS || n >= pub->app->tracks
        || size > NGX_LIVE_CONFIG_MAX)
    {
        return NGX_DECLINED;
    }

    track = &st->sh->tracks[n];
    track->publisher = st->sh->publishers;

    if (ngx_live_publish_config_same(track, data, size) == NGX_OK) {
        return NGX_OK;
    }

    if (ngx_live_publish_config_often(track) == NGX_OK) {

        if (info->kind != NGX_LIVE_KIND_DATA) {
            return NGX_DECLINED;
        }

        st->sh->dropped++;

        return NGX_OK;
    }

    version = track->config + 1;
    config = &track->configs[version % NGX_LIVE_CONFIGS];

    ngx_live_zone_lock(ngx_live_zone);

    p = ngx_live_zone_alloc_locked(ngx_live_zone, ngx_max(size, 1));

    if (p) {
        ngx_memcpy(p, data, size);

        old = config->data;

        config->version = 0;
        config->data = p;
        config->size = size;
        config->info = *info;

        ngx_live_barrier();

        config->version = version;
        track->config = version;

        if (old) {
            ngx_live_zone_free_locked(ngx_live_zone, old);
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (p == NULL) {
        return NGX_ERROR;
    }

    if (n >= st->sh->ntracks) {
        st->sh->ntracks = n + 1;
    }

    if (info->kind != NGX_LIVE_KIND_DATA) {
        ngx_live_event(NGX_LIVE_EVENT_CODEC, st, pub->door,
                       (char *) info->string);
    }

    ngx_live_call_hooks(stream_config, (st, n));

    return NGX_OK;
}


static ngx_int_t
ngx_live_publish_config_same(ngx_live_track_sh_t *track, u_char *data,
    size_t size)
{
    ngx_live_config_sh_t  *config;

    if (track->config == 0) {
        return NGX_DECLINED;
    }

    config = &track->configs[track->config % NGX_LIVE_CONFIGS];

    if (config->size == size && ngx_memcmp(config->data, data, size) == 0) {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* each change costs players a message and packagers an initialization */

static ngx_int_t
ngx_live_publish_config_often(ngx_live_track_sh_t *track)
{
    int64_t  now;

    now = ngx_live_clock();

    if (now - track->changed > NGX_LIVE_PUBLISH_CHANGES_TIME) {
        track->changed = now;
        track->changes = 0;
    }

    return ++track->changes > NGX_LIVE_PUBLISH_CHANGES ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_live_publish_frame(ngx_live_publisher_t *pub, ngx_uint_t track,
    uint32_t ms, int32_t cts, ngx_uint_t flags, ngx_uint_t prefix,
    ngx_chain_t *in)
{
    ngx_live_frame_t       f, *entry;
    ngx_live_stream_t     *st;
    ngx_live_stream_sh_t  *sh;

    st = pub->stream;

    if (st == NULL || !ngx_live_stream_owned(st)) {
        return NGX_ABORT;
    }

    if (track >= NGX_LIVE_TRACKS || prefix > 255) {
        return NGX_ERROR;
    }

    sh = st->sh;

    ngx_memzero(&f, sizeof(ngx_live_frame_t));

    f.received = ngx_live_now();
    f.cts = cts;
    f.flags = flags;
    f.track = track;
    f.prefix = prefix;
    f.config = sh->tracks[track].config;

    ngx_live_publish_time(pub, &f, ms);

    sh->last_frame = ngx_live_clock();

    if ((flags & NGX_LIVE_FRAME_AUDIO) && !ngx_live_publish_has_video(sh)) {
        f.flags |= NGX_LIVE_FRAME_KEY;
    }

    if (sh->dropping) {

        if (!(f.flags & NGX_LIVE_FRAME_KEY)
            || (f.flags & NGX_LIVE_FRAME_DATA))
        {
            /* the first frames of an encoder that returns are no loss */

            if (!pub->discont) {
                sh->dropped++;
            }

            return NGX_OK;
        }

        sh->dropping = 0;
        f.flags |= NGX_LIVE_FRAME_DROPPED;
    }

    if (pub->discont) {
        f.flags |= NGX_LIVE_FRAME_DISCONT;
    }

    entry = ngx_live_publish_write(pub, &f, in);

    if (entry == NULL) {
        ngx_live_publish_drop(pub);
        return NGX_OK;
    }

    pub->discont = 0;

    ngx_live_publish_account(sh, entry);
    ngx_live_call_hooks(stream_frame, (st, entry));
    ngx_live_publish_trim(st, entry->dts);
    ngx_live_stream_ring_frame(st);

    return NGX_OK;
}


ngx_int_t
ngx_live_publish_derived(ngx_live_publisher_t *pub, ngx_live_frame_t *f,
    ngx_chain_t *in)
{
    ngx_live_frame_t      *entry;
    ngx_live_stream_t     *st;
    ngx_live_track_sh_t   *track;
    ngx_live_stream_sh_t  *sh;

    st = pub->stream;

    if (st == NULL || !ngx_live_stream_owned(st)) {
        return NGX_ABORT;
    }

    sh = st->sh;
    track = &sh->tracks[f->track];

    if (f->dts > sh->timeline.out + NGX_LIVE_PUBLISH_DERIVED_NEW
        || f->dts < sh->timeline.out - NGX_LIVE_PUBLISH_DERIVED_OLD)
    {
        return NGX_ERROR;
    }

    if (track->frames && f->dts <= track->last) {
        return NGX_DECLINED;
    }

    f->received = ngx_live_now();
    f->config = track->config;
    f->flags |= NGX_LIVE_FRAME_DERIVED;

    /* while the source is dropped, or for lack of memory: the others go on */

    entry = sh->dropping ? NULL : ngx_live_publish_write(pub, f, in);

    if (entry == NULL) {
        sh->dropped++;
        return NGX_AGAIN;
    }

    ngx_live_publish_account(sh, entry);
    ngx_live_call_hooks(stream_frame, (st, entry));
    ngx_live_publish_trim(st, sh->timeline.out);
    ngx_live_stream_ring_frame(st);

    return NGX_OK;
}


static void
ngx_live_publish_time(ngx_live_publisher_t *pub, ngx_live_frame_t *f,
    uint32_t ms)
{
    static ngx_msec_t     logged;

    int64_t               now;
    ngx_uint_t            level, repairs;
    ngx_live_timeline_t  *tl;

    tl = &pub->stream->sh->timeline;

    now = ngx_live_clock();

    repairs = ngx_live_timeline_map(tl, f->track, ms, now, &f->dts);

    if (repairs & (NGX_LIVE_TIMELINE_FORWARD|NGX_LIVE_TIMELINE_BACK)) {

        /* an encoder could cause it with each frame: they are counted */

        if (logged == 0
            || ngx_current_msec - logged > NGX_LIVE_PUBLISH_JUMP_LOG)
        {
            logged = ngx_current_msec;
            level = NGX_LOG_WARN;

        } else {
            level = NGX_LOG_DEBUG;
        }

        ngx_log_error(level, pub->log, 0,
                      "timestamps of \"%V\" jumped %s, stream goes on "
                      "with a discontinuity", &pub->stream->sh->sn.str,
                      repairs & NGX_LIVE_TIMELINE_BACK ? "back" : "forward");

        /* tracks that follow the first one's jump begin no second one */

        if (tl->tracks[f->track].offset == tl->offset
            && tl->jump_ms == now)
        {
            pub->discont = 1;
        }
    }
}


static ngx_live_frame_t *
ngx_live_publish_write(ngx_live_publisher_t *pub, ngx_live_frame_t *f,
    ngx_chain_t *in)
{
    ngx_live_frame_t    *entry;
    ngx_live_ring_sh_t  *ring;

    ring = pub->stream->sh->ring;

    entry = ngx_live_ring_write(ngx_live_zone, ring, f, in);

    if (entry) {
        return entry;
    }

    /* no room: shorten the past up to the newest key frame, then to nothing */

    while (ngx_live_publish_shorten(ring) == NGX_OK) {

        entry = ngx_live_ring_write(ngx_live_zone, ring, f, in);

        if (entry) {
            return entry;
        }
    }

    if ((f->flags & (NGX_LIVE_FRAME_KEY|NGX_LIVE_FRAME_DERIVED))
        != NGX_LIVE_FRAME_KEY)
    {
        return NULL;
    }

    ring->key = 0;
    ngx_live_ring_trim(ngx_live_zone, ring, ring->head);

    return ngx_live_ring_write(ngx_live_zone, ring, f, in);
}


/* forgets an extent's worth of the oldest frames, but no group of pictures */

static ngx_int_t
ngx_live_publish_shorten(ngx_live_ring_sh_t *ring)
{
    uint64_t  seq, pos;

    seq = ring->tail;

    if (seq >= ring->key) {
        return NGX_DECLINED;
    }

    pos = ngx_live_ring_entry(ngx_live_zone, ring, seq)->pos
          + NGX_LIVE_EXTENT_SIZE;

    do {
        seq++;

    } while (seq < ring->key
             && ngx_live_ring_entry(ngx_live_zone, ring, seq)->pos < pos);

    ngx_live_ring_trim(ngx_live_zone, ring, seq);

    return NGX_OK;
}


/*
 * A frame that found no memory takes those up to the next key frame with it.
 * Pins are never overridden: their slots are told that they are too slow.
 */

static void
ngx_live_publish_drop(ngx_live_publisher_t *pub)
{
    static ngx_msec_t      logged;

    ngx_live_stream_sh_t  *sh;

    sh = pub->stream->sh;

    sh->dropped++;
    sh->dropping = 1;

    ngx_live_event(NGX_LIVE_EVENT_STALL, pub->stream, pub->door,
                   "no memory for a frame");

    if (logged == 0 || ngx_current_msec - logged > NGX_LIVE_PUBLISH_LOG) {
        logged = ngx_current_msec;

        ngx_log_error(NGX_LOG_ERR, pub->log, 0,
                      "no memory for frames of live stream \"%V\", dropping "
                      "up to the next key frame: zone \"%V\" or "
                      "\"buffer_size\" is too small", &sh->sn.str,
                      &ngx_live_zone->shm_zone->shm.name);
    }

    ngx_live_stream_ring(pub->stream);
}


/*
 * The ring keeps "buffer" of time and always the newest key frame.
 */

static void
ngx_live_publish_trim(ngx_live_stream_t *st, ngx_live_time_t now)
{
    uint64_t             seq, head;
    ngx_live_time_t      limit;
    ngx_live_ring_sh_t  *ring;

    ring = st->sh->ring;
    head = ring->head;
    limit = now - (ngx_live_time_t) st->sh->buffer * 90;

    seq = ring->tail;

    /* an index that is nearly full is shortened whatever the time */

    if (head - seq > ring->nentries * 3 / 4) {
        seq = head - ring->nentries * 3 / 4;
    }

    while (seq + 1 < head
           && ngx_live_ring_entry(ngx_live_zone, ring, seq)->dts < limit)
    {
        seq++;
    }

    if (ring->key && seq > ring->key) {

        if (head - ring->key < ring->nentries * 3 / 4) {
            seq = ring->key;

        } else {
            ring->key = 0;
        }
    }

    if (seq > ring->tail) {
        ngx_live_ring_trim(ngx_live_zone, ring, seq);
    }
}


static void
ngx_live_publish_account(ngx_live_stream_sh_t *sh, ngx_live_frame_t *f)
{
    ngx_live_track_sh_t  *track;

    track = &sh->tracks[f->track];

    if (!(f->flags & NGX_LIVE_FRAME_DERIVED)) {
        sh->bytes_in += f->size;
    }

    if (track->frames) {
        track->duration = f->dts - track->last;
    }

    track->last = f->dts;
    track->frames++;
    track->bytes += f->size;

    if ((f->flags & (NGX_LIVE_FRAME_KEY|NGX_LIVE_FRAME_VIDEO))
        == (NGX_LIVE_FRAME_KEY|NGX_LIVE_FRAME_VIDEO))
    {
        if (track->keys && !(f->flags & NGX_LIVE_FRAME_DISCONT)) {
            track->key_interval = f->dts - track->last_key;
        }

        track->keys++;
        track->last_key = f->dts;
    }

    ngx_live_publish_window(track, ngx_live_clock());

    track->window_bytes += f->size;
    track->window_frames++;
}


static void
ngx_live_publish_window(ngx_live_track_sh_t *track, int64_t now)
{
    int64_t  passed;

    if (track->window_start == 0) {
        track->window_start = now;
        return;
    }

    passed = now - track->window_start;

    if (passed < 2000) {
        return;
    }

    track->bitrate = track->window_bytes * 8000 / passed;
    track->fps = track->window_frames * 1000000 / passed;

    track->window_start = now;
    track->window_bytes = 0;
    track->window_frames = 0;
}


static ngx_uint_t
ngx_live_publish_has_video(ngx_live_stream_sh_t *sh)
{
    uint32_t              version;
    ngx_uint_t            i;
    ngx_live_track_sh_t  *track;

    for (i = 0; i < sh->ntracks; i++) {
        track = &sh->tracks[i];
        version = track->config;

        /* the one before may have had tracks that this one has not */

        if (version
            && track->publisher == sh->publishers
            && track->configs[version % NGX_LIVE_CONFIGS].info.kind
               == NGX_LIVE_KIND_VIDEO)
        {
            return 1;
        }
    }

    return 0;
}
