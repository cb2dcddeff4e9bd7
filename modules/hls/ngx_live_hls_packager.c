
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_packager.h"
#include "ngx_live_hls_archive.h"


/*
 * From the frames of a stream to the segments of a session:
 *
 *     measuring   frames are kept until their rate is known; then the
 *                 session gets its constants and its renditions
 *     live        frames go through the grid of their track into its queue,
 *                 the cutter takes them out, the track makes parts of them
 *     away        a timer adds gaps at the cadence of segments
 *
 * What runs between two discontinuities is called a run: a new one begins
 * with a publisher, a jump in time, a new configuration, or a new track.
 */


/* bytes of frames that wait for those of other tracks */
#define NGX_LIVE_HLS_PACKAGER_QUEUE  (32 * 1024 * 1024)

/* numbers of segments that are left out after a restart */
#define NGX_LIVE_HLS_PACKAGER_SKIP   2


static ngx_int_t ngx_live_hls_packager_resume(ngx_live_hls_packager_t *p);
static ngx_live_hls_sample_t *ngx_live_hls_packager_sample(
    ngx_live_hls_packager_t *p, ngx_live_frame_t *f);
static void ngx_live_hls_packager_wait(ngx_live_hls_packager_t *p,
    ngx_live_hls_sample_t *sample);
static void ngx_live_hls_packager_forget(ngx_live_hls_packager_t *p);
static void ngx_live_hls_packager_feed(ngx_live_hls_packager_t *p,
    ngx_live_hls_sample_t *sample);
static ngx_live_hls_track_t *ngx_live_hls_packager_find(
    ngx_live_hls_packager_t *p, ngx_uint_t track);
static ngx_live_hls_track_t *ngx_live_hls_packager_late(
    ngx_live_hls_packager_t *p, ngx_live_hls_sample_t *sample);
static void ngx_live_hls_packager_add_late(ngx_live_hls_packager_t *p);
static ngx_live_hls_track_t *ngx_live_hls_packager_add(
    ngx_live_hls_packager_t *p, ngx_uint_t track);
static void ngx_live_hls_packager_rate(ngx_live_hls_track_t *t,
    ngx_live_hls_sample_t *sample);
static ngx_uint_t ngx_live_hls_packager_grid(ngx_live_hls_packager_t *p,
    ngx_live_hls_track_t *t, ngx_live_hls_sample_t *sample);
static void ngx_live_hls_packager_snap(ngx_live_hls_track_t *t,
    ngx_live_hls_sample_t *sample);
static void ngx_live_hls_packager_finish_run(ngx_live_hls_packager_t *p);
static void ngx_live_hls_packager_new_run(ngx_live_hls_packager_t *p,
    ngx_live_hls_track_t *keep);
static void ngx_live_hls_packager_pump(ngx_live_hls_packager_t *p);
static ngx_uint_t ngx_live_hls_packager_pump_track(
    ngx_live_hls_packager_t *p, ngx_uint_t i);
static uint64_t ngx_live_hls_packager_next(ngx_live_hls_packager_t *p);
static void ngx_live_hls_packager_align(ngx_live_hls_packager_t *p);
static void ngx_live_hls_packager_gap_handler(ngx_event_t *ev);
static void ngx_live_hls_packager_gaps(ngx_live_hls_packager_t *p,
    uint32_t duration);
static int64_t ngx_live_hls_packager_last(ngx_live_hls_packager_t *p);


ngx_live_hls_packager_t *
ngx_live_hls_packager_create(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf)
{
    ngx_uint_t                i;
    ngx_live_hls_packager_t  *p;

    p = ngx_calloc(sizeof(ngx_live_hls_packager_t), st->log);
    if (p == NULL) {
        return NULL;
    }

    ngx_queue_init(&p->waiting);

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        ngx_queue_init(&p->tracks[i].samples);
    }

    p->stream = st;
    p->conf = conf;
    p->hls = ngx_live_hls_get(st->sh);

    if (p->hls == NULL) {
        p->hls = ngx_live_hls_index_create(st->sh, conf);
    }

    p->timer.data = p;
    p->timer.handler = ngx_live_hls_packager_gap_handler;
    p->timer.log = st->log;
    p->timer.cancelable = 1;

    if (p->hls) {
        p->disk = ngx_live_hls_disk_open(st, p->hls, conf, p);
    }

    if (p->disk == NULL) {
        ngx_live_hls_packager_destroy(p);
        return NULL;
    }

    ngx_live_metadata_want(st->sh, 1);

    p->disk->stored = ngx_live_hls_track_stored;
    p->disk->journaled = ngx_live_hls_track_journaled;

    if (p->hls->state != NGX_LIVE_HLS_MEASURING
        && ngx_live_hls_packager_resume(p) != NGX_OK)
    {
        ngx_live_hls_packager_destroy(p);
        return NULL;
    }

    return p;
}


/*
 * The session has been another worker's, or another life's: what it left
 * unfinished is finished first.
 */

static ngx_int_t
ngx_live_hls_packager_resume(ngx_live_hls_packager_t *p)
{
    ngx_uint_t             i;
    ngx_live_hls_track_t  *t;

    if (p->hls->version & 1) {
        ngx_live_hls_index_end(p->hls);
    }

    for (i = 0; i < p->hls->nrenditions; i++) {
        t = ngx_live_hls_packager_track(p, p->hls->renditions[i]);
        ngx_live_hls_track_repair(t);
    }

    if (ngx_live_hls_packager_cut(p) != NGX_OK) {
        return NGX_ERROR;
    }

    p->restart = 1;

    return NGX_OK;
}


void
ngx_live_hls_packager_destroy(ngx_live_hls_packager_t *p)
{
    ngx_uint_t             i;
    ngx_queue_t           *q;
    ngx_live_hls_track_t  *t;

    ngx_live_hls_packager_forget(p);

    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    for (i = 0; i < p->ntracks; i++) {
        t = &p->tracks[i];

        if (t->timer.timer_set) {
            ngx_del_timer(&t->timer);
        }

        while (!ngx_queue_empty(&t->samples)) {
            q = ngx_queue_head(&t->samples);
            ngx_queue_remove(q);
            ngx_free(ngx_queue_data(q, ngx_live_hls_sample_t, queue));
        }

        if (t->mux) {
            ngx_live_hls_mux_destroy(t->mux);
        }

        ngx_live_hls_disk_flush(&t->pending);
    }

    if (p->disk) {
        ngx_live_hls_disk_close(p->disk);
    }

    ngx_free(p);
}


/* a publisher came; its first frame is a discontinuity unless it is the first
 * publisher */

void
ngx_live_hls_packager_start(ngx_live_hls_packager_t *p)
{
    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    if (p->hls->state == NGX_LIVE_HLS_MEASURING) {
        return;
    }

    p->hls->stat.continued++;

    ngx_live_hls_packager_new_run(p, NULL);
    ngx_live_hls_index_state(p->hls, NGX_LIVE_HLS_LIVE);
}


void
ngx_live_hls_packager_frame(ngx_live_hls_packager_t *p, ngx_live_frame_t *f)
{
    ngx_queue_t            *q;
    ngx_live_hls_sample_t  *sample;

    if (p->off || f->prefix > f->size
        || !(f->flags & (NGX_LIVE_FRAME_VIDEO|NGX_LIVE_FRAME_AUDIO)))
    {
        return;
    }

    /* alternatives of what is packaged already */

    if (f->flags & NGX_LIVE_FRAME_DERIVED) {
        return;
    }

    sample = ngx_live_hls_packager_sample(p, f);
    if (sample == NULL) {
        return;
    }

    if (p->hls->state != NGX_LIVE_HLS_MEASURING) {
        ngx_live_hls_packager_feed(p, sample);
        return;
    }

    ngx_live_hls_packager_wait(p, sample);

    if (ngx_live_hls_measure(p) != NGX_OK) {
        return;
    }

    while (!ngx_queue_empty(&p->waiting)) {
        q = ngx_queue_head(&p->waiting);
        ngx_queue_remove(q);

        ngx_live_hls_packager_feed(p, ngx_queue_data(q, ngx_live_hls_sample_t,
                                                     queue));
    }

    p->nwaiting = 0;
    p->waiting_size = 0;
}


static ngx_live_hls_sample_t *
ngx_live_hls_packager_sample(ngx_live_hls_packager_t *p, ngx_live_frame_t *f)
{
    size_t                  size;
    ngx_live_hls_sample_t  *sample;

    size = f->size - f->prefix;

    sample = ngx_alloc(offsetof(ngx_live_hls_sample_t, data) + size,
                       p->stream->log);
    if (sample == NULL) {
        return NULL;
    }

    ngx_memzero(sample, offsetof(ngx_live_hls_sample_t, data));

    sample->cut.dts = f->dts;
    sample->cut.key = (f->flags & NGX_LIVE_FRAME_AUDIO)
                      || (f->flags & NGX_LIVE_FRAME_KEY);
    sample->received = f->received;
    sample->cts = f->cts;
    sample->config = f->config;
    sample->size = size;
    sample->track = f->track;
    sample->prefix = f->prefix;
    sample->discont = (f->flags & NGX_LIVE_FRAME_DISCONT) ? 1 : 0;

    ngx_live_ring_copy_out(ngx_live_zone, p->stream->sh->ring, f, f->prefix,
                           sample->data, size);

    return sample;
}


static void
ngx_live_hls_packager_wait(ngx_live_hls_packager_t *p,
    ngx_live_hls_sample_t *sample)
{
    if (sample->discont) {
        ngx_live_hls_packager_forget(p);
    }

    ngx_queue_insert_tail(&p->waiting, &sample->queue);

    p->nwaiting++;
    p->waiting_size += sample->size;
}


static void
ngx_live_hls_packager_forget(ngx_live_hls_packager_t *p)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&p->waiting)) {
        q = ngx_queue_head(&p->waiting);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_live_hls_sample_t, queue));
    }

    p->nwaiting = 0;
    p->waiting_size = 0;
}


static void
ngx_live_hls_packager_feed(ngx_live_hls_packager_t *p,
    ngx_live_hls_sample_t *sample)
{
    ngx_live_hls_track_t  *t;

    t = ngx_live_hls_packager_find(p, sample->track);

    if (t == NULL) {
        t = ngx_live_hls_packager_late(p, sample);

    } else if (p->late && sample->cut.key
               && (ngx_uint_t) (t - p->tracks) == p->cut.leader)
    {
        ngx_live_hls_packager_add_late(p);
    }

    if (t == NULL) {
        ngx_free(sample);
        return;
    }

    if (t->fed && (sample->discont || sample->config != t->newest)) {
        ngx_live_hls_packager_new_run(p, NULL);
    }

    /* of an encoder whose time hardly moves on */

    if (p->queued + sample->size > NGX_LIVE_HLS_PACKAGER_QUEUE) {
        t->lost = 1;
        ngx_free(sample);
        return;
    }

    if (sample->config != t->newest) {
        ngx_live_hls_packager_rate(t, sample);
    }

    if (ngx_live_hls_packager_grid(p, t, sample) == NGX_LIVE_HLS_GRID_BREAK
        && t->fed)
    {
        ngx_live_hls_packager_new_run(p, t);
    }

    ngx_live_hls_packager_snap(t, sample);

    if (!p->anchored) {
        p->anchored = 1;
        p->anchor = sample->cut.dts;
        p->date = ngx_max(sample->received, ngx_live_hls_packager_last(p));
    }

    t->fed = 1;
    t->newest = sample->config;

    p->queued += sample->size;
    ngx_queue_insert_tail(&t->samples, &sample->queue);
    ngx_live_hls_cut_seen(&p->cut, t - p->tracks, sample->cut.dts);

    ngx_live_hls_packager_pump(p);
}


static ngx_live_hls_track_t *
ngx_live_hls_packager_find(ngx_live_hls_packager_t *p, ngx_uint_t track)
{
    ngx_uint_t  i;

    for (i = 0; i < p->ntracks; i++) {
        if (p->tracks[i].track == track) {
            return &p->tracks[i];
        }
    }

    return NULL;
}


/*
 * A track that was not there when the session began: it begins a new run.
 * Pictures of a run begin with a key frame, so where there are pictures the
 * track waits for one.
 */

static ngx_live_hls_track_t *
ngx_live_hls_packager_late(ngx_live_hls_packager_t *p,
    ngx_live_hls_sample_t *sample)
{
    if (p->refused & ((ngx_uint_t) 1 << sample->track)) {
        return NULL;
    }

    if (p->tracks[p->cut.leader].r->kind == NGX_LIVE_KIND_VIDEO) {
        p->late |= (ngx_uint_t) 1 << sample->track;
        return NULL;
    }

    return sample->cut.key ? ngx_live_hls_packager_add(p, sample->track)
                           : NULL;
}


static void
ngx_live_hls_packager_add_late(ngx_live_hls_packager_t *p)
{
    ngx_uint_t  i, late;

    late = p->late;
    p->late = 0;

    for (i = 0; late; i++, late >>= 1) {
        if (late & 1) {
            (void) ngx_live_hls_packager_add(p, i);
        }
    }
}


static ngx_live_hls_track_t *
ngx_live_hls_packager_add(ngx_live_hls_packager_t *p, ngx_uint_t track)
{
    uint64_t                      msn;
    ngx_live_hls_track_t         *t;
    ngx_live_hls_segment_sh_t    *seg;
    ngx_live_hls_rendition_sh_t  *r, *other;

    if (p->ntracks == NGX_LIVE_TRACKS) {
        return NULL;
    }

    r = ngx_live_hls_measure_rendition(p, track, 0);
    if (r == NULL) {
        p->refused |= (ngx_uint_t) 1 << track;
        return NULL;
    }

    ngx_live_hls_packager_finish_run(p);

    msn = ngx_live_hls_packager_next(p);

    r->oldest = msn;
    r->first = msn;
    r->next = msn;
    r->edge = msn << 16;

    /* discontinuity sequence numbers of all renditions go together */

    other = p->tracks[0].r;
    r->discontinuity = other->discontinuity;

    for (msn = other->first; msn < other->next; msn++) {
        seg = ngx_live_hls_segment(other, msn);
        r->discontinuity += (seg->flags & NGX_LIVE_HLS_DISCONT) ? 1 : 0;
    }

    ngx_live_hls_index_link(p->hls, r);

    t = ngx_live_hls_packager_track(p, r);

    (void) ngx_live_hls_packager_cut(p);
    ngx_live_hls_packager_new_run(p, NULL);

    return t;
}


ngx_live_hls_track_t *
ngx_live_hls_packager_track(ngx_live_hls_packager_t *p,
    ngx_live_hls_rendition_sh_t *r)
{
    ngx_live_hls_track_t  *t;

    t = &p->tracks[p->ntracks++];

    t->packager = p;
    t->track = r->track;
    t->r = r;

    ngx_live_hls_grid_init(&t->grid, &r->frame,
                           r->kind == NGX_LIVE_KIND_AUDIO);
    return t;
}


/* the cutter, for the tracks that there are */

ngx_int_t
ngx_live_hls_packager_cut(ngx_live_hls_packager_t *p)
{
    ngx_uint_t               i, video[NGX_LIVE_TRACKS];
    ngx_live_hls_cut_conf_t  conf;

    ngx_memzero(&conf, sizeof(ngx_live_hls_cut_conf_t));

    conf.part = p->hls->low_latency ? p->hls->part_target : 0;
    conf.segment = (int64_t) p->conf->segment * 90;
    conf.limit = ngx_live_hls_cut_limit(p->hls->target_duration);
    conf.segment = ngx_min(conf.segment, conf.limit);
    conf.msn = ngx_live_hls_packager_next(p);

    for (i = 0; i < p->ntracks; i++) {
        video[i] = (p->tracks[i].r->kind == NGX_LIVE_KIND_VIDEO);
    }

    return ngx_live_hls_cut_init(&p->cut, &conf, video, p->ntracks);
}


static uint64_t
ngx_live_hls_packager_next(ngx_live_hls_packager_t *p)
{
    uint64_t    next;
    ngx_uint_t  i;

    next = 0;

    for (i = 0; i < p->ntracks; i++) {
        next = ngx_max(next, p->tracks[i].r->next);
    }

    return next;
}


/*
 * Another configuration may be another encoder's, whose frames last as long as
 * they like.  Sound says how long; pictures may say so, and where they do not
 * their times pass as they are.  What was measured is not asked again.
 */

static void
ngx_live_hls_packager_rate(ngx_live_hls_track_t *t,
    ngx_live_hls_sample_t *sample)
{
    ngx_uint_t                audio;
    ngx_live_hls_ratio_t      frame;
    ngx_live_config_sh_t     *config;
    ngx_live_hls_packager_t  *p;

    p = t->packager;
    audio = (t->r->kind == NGX_LIVE_KIND_AUDIO);

    config = ngx_live_stream_config(p->stream, t->track, sample->config);

    if (config == NULL) {
        return;
    }

    /*
     * The first configuration this packager sees is the one that was measured,
     * unless it goes on with what another worker has packaged.
     */

    if (!audio && t->newest == 0
        && (!p->restart || config->info.fps_num == 0))
    {
        return;
    }

    frame.num = audio ? config->info.samples : config->info.fps_den;
    frame.den = audio ? config->info.rate : config->info.fps_num;

    if (frame.num == 0 || frame.den == 0) {
        frame.num = 0;
        frame.den = 0;
    }

    if ((uint64_t) frame.num * t->r->frame.den
        == (uint64_t) frame.den * t->r->frame.num
        && (frame.den == 0) == (t->r->frame.den == 0))
    {
        return;
    }

    ngx_live_hls_grid_init(&t->grid, &frame, audio);

    ngx_live_hls_index_begin(p->hls);
    t->r->frame = frame;
    p->hls->generation++;
    ngx_live_hls_index_end(p->hls);
}


static ngx_uint_t
ngx_live_hls_packager_grid(ngx_live_hls_packager_t *p,
    ngx_live_hls_track_t *t, ngx_live_hls_sample_t *sample)
{
    int64_t     dts;
    ngx_uint_t  rc, anchor;

    dts = sample->cut.dts;

    anchor = ((ngx_uint_t) (t - p->tracks) == p->cut.leader)
             && ngx_live_hls_cut_due(&p->cut, dts,
                                     ngx_live_hls_grid_duration(&t->grid),
                                     sample->cut.key);

    rc = ngx_live_hls_grid_next(&t->grid, dts, anchor, &sample->cut.dts);
    sample->cut.duration = ngx_live_hls_grid_duration(&t->grid);

    if (rc == NGX_LIVE_HLS_GRID_LEFT && !p->loose) {
        p->loose = 1;

        ngx_log_error(NGX_LOG_WARN, p->stream->log, 0,
                      "frame rate of track %s of \"%V\" has changed, "
                      "parts are less regular from now on",
                      t->r->name, &p->stream->sh->sn.str);
    }

    return rc;
}


/*
 * RTMP rounds the composition time to milliseconds as well: whole frames
 * make whole frames again.
 */

static void
ngx_live_hls_packager_snap(ngx_live_hls_track_t *t,
    ngx_live_hls_sample_t *sample)
{
    int64_t  n, frame, cts;

    if (sample->cts == 0 || t->grid.loose || t->r->frame.den == 0) {
        return;
    }

    frame = ngx_live_hls_fit_ticks(&t->r->frame, 1);

    if (frame < 4 * NGX_LIVE_HLS_ROUND_MS) {
        return;
    }

    n = (sample->cts + (sample->cts > 0 ? frame : -frame) / 2) / frame;
    cts = (n >= 0) ? ngx_live_hls_fit_ticks(&t->r->frame, n)
                   : -ngx_live_hls_fit_ticks(&t->r->frame, -n);

    if (ngx_abs(cts - sample->cts) <= 2 * NGX_LIVE_HLS_ROUND_MS) {
        sample->cts = cts;
    }
}


static void
ngx_live_hls_packager_finish_run(ngx_live_hls_packager_t *p)
{
    ngx_uint_t  i;

    ngx_live_hls_cut_end(&p->cut);
    ngx_live_hls_packager_pump(p);

    for (i = 0; i < p->ntracks; i++) {
        ngx_live_hls_track_publish(&p->tracks[i], 1);
    }

    ngx_live_hls_packager_align(p);
}


/* keep: the track whose grid has found the break already */

static void
ngx_live_hls_packager_new_run(ngx_live_hls_packager_t *p,
    ngx_live_hls_track_t *keep)
{
    ngx_uint_t             i, discont;
    ngx_live_hls_track_t  *t;

    ngx_live_hls_packager_finish_run(p);

    discont = p->restart;

    for (i = 0; i < p->ntracks; i++) {
        t = &p->tracks[i];

        t->fed = 0;
        discont |= (t->r->next != t->r->oldest);

        if (t != keep) {
            ngx_live_hls_grid_reset(&t->grid);
        }
    }

    ngx_live_hls_cut_start(&p->cut, ngx_live_hls_packager_next(p), discont);

    p->hls->stat.discontinuities += discont;

    p->anchored = 0;
}


static void
ngx_live_hls_packager_pump(ngx_live_hls_packager_t *p)
{
    ngx_uint_t  i, n;

    do {
        n = ngx_live_hls_packager_pump_track(p, p->cut.leader);

        for (i = 0; i < p->ntracks; i++) {
            if (i != p->cut.leader) {
                n += ngx_live_hls_packager_pump_track(p, i);
            }
        }

    } while (n);
}


static ngx_uint_t
ngx_live_hls_packager_pump_track(ngx_live_hls_packager_t *p, ngx_uint_t i)
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_live_hls_track_t      *t;
    ngx_live_hls_sample_t     *head, *next;
    ngx_live_hls_cut_event_t   ev;

    t = &p->tracks[i];

    for (n = 0; /* void */; n++) {
        head = NULL;
        next = NULL;

        if (!ngx_queue_empty(&t->samples)) {
            q = ngx_queue_head(&t->samples);
            head = ngx_queue_data(q, ngx_live_hls_sample_t, queue);

            q = ngx_queue_next(q);

            if (q != ngx_queue_sentinel(&t->samples)) {
                next = ngx_queue_data(q, ngx_live_hls_sample_t, queue);
            }
        }

        if (ngx_live_hls_cut_next(&p->cut, i, head ? &head->cut : NULL,
                                  next ? &next->cut : NULL, &ev)
            != NGX_OK)
        {
            break;
        }

        ngx_live_hls_track_event(t, &ev, head);

        if (ev.type == NGX_LIVE_HLS_CUT_FRAME
            || ev.type == NGX_LIVE_HLS_CUT_DROP)
        {
            p->queued -= head->size;
            ngx_queue_remove(&head->queue);
            ngx_free(head);
        }
    }

    ngx_live_hls_track_publish(t, 0);

    return n;
}


/* all renditions go on with the same segment */

static void
ngx_live_hls_packager_align(ngx_live_hls_packager_t *p)
{
    uint64_t                    next;
    ngx_uint_t                  i, n;
    ngx_live_time_t             start;
    ngx_live_hls_track_t       *t, *other;
    ngx_live_hls_segment_sh_t  *seg;

    next = ngx_live_hls_packager_next(p);
    other = NULL;

    for (n = 0; n < p->ntracks; n++) {
        if (p->tracks[n].r->next == next) {
            other = &p->tracks[n];
            break;
        }
    }

    for (i = 0; other && i < p->ntracks; i++) {
        t = &p->tracks[i];

        while (t->r->next < next) {
            seg = ngx_live_hls_segment(other->r, t->r->next);
            start = seg->start;

            ngx_live_hls_track_gap(t, start, seg->duration, seg->date,
                                   seg->flags & NGX_LIVE_HLS_DISCONT);
        }
    }
}


/* the date at which the last segment ended: dates do not go back */

static int64_t
ngx_live_hls_packager_last(ngx_live_hls_packager_t *p)
{
    int64_t                       date;
    ngx_uint_t                    i;
    ngx_live_hls_segment_sh_t    *seg;
    ngx_live_hls_rendition_sh_t  *r;

    date = 0;

    for (i = 0; i < p->ntracks; i++) {
        r = p->tracks[i].r;

        if (r->next != r->oldest) {
            seg = ngx_live_hls_segment(r, r->next - 1);
            date = ngx_max(date, seg->date + seg->duration / 90);
        }
    }

    return date;
}


/*
 * Parts of the segment that was open may have been fetched, and are in caches
 * under their names: its number is not used for other bytes.  Nor is the next
 * one: the live edge does not wait for a slow disk, so the last segment may
 * have been listed, and its successor begun, without a line in the journal.
 */

void
ngx_live_hls_packager_skip(ngx_live_hls_packager_t *p, int64_t now)
{
    int64_t     passed;
    ngx_uint_t  i, n;

    ngx_live_hls_packager_align(p);

    passed = now - ngx_live_hls_packager_last(p);
    passed = ngx_min(passed, (int64_t) p->conf->segment);
    passed = ngx_max(passed, 200);

    for (n = 0; n < NGX_LIVE_HLS_PACKAGER_SKIP; n++) {

        for (i = 0; i < p->ntracks; i++) {
            ngx_live_hls_disk_delete(p->disk, p->tracks[i].r,
                                     p->tracks[i].r->next);
        }

        ngx_live_hls_packager_gaps(p, passed * 90
                                      / NGX_LIVE_HLS_PACKAGER_SKIP);
    }
}


int64_t
ngx_live_hls_packager_date(ngx_live_hls_packager_t *p, ngx_live_time_t dts)
{
    return p->date + (dts - p->anchor) / 90;
}


/* the publisher went away */

void
ngx_live_hls_packager_stop(ngx_live_hls_packager_t *p)
{
    if (p->hls->state == NGX_LIVE_HLS_MEASURING) {
        ngx_live_hls_packager_forget(p);
        return;
    }

    ngx_live_hls_packager_finish_run(p);
    ngx_live_hls_index_state(p->hls, NGX_LIVE_HLS_AWAY);
    ngx_live_stream_ring(p->stream);

    if (!p->timer.timer_set) {
        ngx_add_timer(&p->timer, p->conf->segment);
    }
}


static void
ngx_live_hls_packager_gap_handler(ngx_event_t *ev)
{
    ngx_live_hls_packager_t  *p;

    p = ev->data;

    if (!ngx_live_stream_owned(p->stream)) {
        return;
    }

    ngx_live_hls_packager_gaps(p, p->conf->segment * 90);
    ngx_live_stream_ring(p->stream);

    ngx_add_timer(&p->timer, p->conf->segment);
}


/* a segment without bytes, of all renditions */

static void
ngx_live_hls_packager_gaps(ngx_live_hls_packager_t *p, uint32_t duration)
{
    ngx_uint_t                  i;
    ngx_live_hls_track_t       *t;
    ngx_live_hls_segment_sh_t  *seg;

    for (i = 0; i < p->ntracks; i++) {
        t = &p->tracks[i];

        if (t->r->next == t->r->oldest) {
            continue;
        }

        seg = ngx_live_hls_segment(t->r, t->r->next - 1);

        ngx_live_hls_track_gap(t, seg->start + seg->duration, duration,
                               seg->date + seg->duration / 90, 0);
    }
}


/* the stream ended for good */

void
ngx_live_hls_packager_end(ngx_live_hls_packager_t *p)
{
    ngx_live_metadata_want(p->stream->sh, 0);

    if (p->hls->state == NGX_LIVE_HLS_MEASURING) {
        ngx_live_hls_index_state(p->hls, NGX_LIVE_HLS_ENDED);
        return;
    }

    ngx_live_hls_packager_finish_run(p);
    ngx_live_hls_index_state(p->hls, NGX_LIVE_HLS_ENDED);

    ngx_live_hls_archive(p);
    ngx_live_hls_record_end(p);

    ngx_live_stream_ring(p->stream);
}
