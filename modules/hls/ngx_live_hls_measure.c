
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_packager.h"


/*
 * The first group of pictures tells the frame durations, from which
 * PART-TARGET follows; a longer one is not waited for to its end.
 */

#define NGX_LIVE_HLS_MEASURE_LEAST  (90000)
#define NGX_LIVE_HLS_MEASURE_MOST   (2 * 90000)
#define NGX_LIVE_HLS_MEASURE_LATE   (4 * 90000)
#define NGX_LIVE_HLS_MEASURE_BYTES  (32 * 1024 * 1024)


typedef struct {
    ngx_uint_t                 n;
    ngx_uint_t                 keys;
    ngx_uint_t                 kind;
    ngx_live_time_t            first;
    ngx_live_time_t            last;
    ngx_live_time_t            longest;   /* between two frames */
    ngx_live_hls_ratio_t       frame;
    int64_t                    dts[NGX_LIVE_HLS_MEASURE_MAX];
} ngx_live_hls_measured_t;


static ngx_int_t ngx_live_hls_measure_ready(ngx_live_hls_packager_t *p);
static ngx_uint_t ngx_live_hls_measure_video(ngx_live_hls_packager_t *p);
static void ngx_live_hls_measure_track(ngx_live_hls_packager_t *p,
    ngx_uint_t track, ngx_live_hls_measured_t *m);
static void ngx_live_hls_measure_frame(ngx_live_hls_packager_t *p,
    ngx_uint_t track, ngx_live_hls_measured_t *m);
static void ngx_live_hls_measure_fit(ngx_live_hls_packager_t *p,
    ngx_live_hls_ratio_t *frames, ngx_uint_t n, ngx_live_time_t longest);
static void ngx_live_hls_measure_plain(ngx_live_hls_packager_t *p,
    const char *reason);


ngx_int_t
ngx_live_hls_measure(ngx_live_hls_packager_t *p)
{
    ngx_uint_t                    i, n;
    ngx_live_time_t               longest;
    ngx_live_hls_ratio_t          frames[NGX_LIVE_TRACKS];
    ngx_live_hls_measured_t      *m;
    ngx_live_hls_rendition_sh_t  *r;

    if (ngx_live_hls_measure_ready(p) != NGX_OK) {
        return NGX_AGAIN;
    }

    m = ngx_alloc(sizeof(ngx_live_hls_measured_t), p->stream->log);
    if (m == NULL) {
        return NGX_AGAIN;
    }

    n = 0;
    longest = 0;

    for (i = 0; i < p->stream->sh->ntracks; i++) {

        ngx_live_hls_measure_track(p, i, m);

        if (m->n == 0) {
            continue;
        }

        ngx_live_hls_measure_frame(p, i, m);

        r = ngx_live_hls_measure_rendition(p, i, 0);
        if (r == NULL) {
            continue;
        }

        r->frame = m->frame;
        frames[n++] = m->frame;

        if (m->frame.den == 0) {
            longest = ngx_max(longest, m->longest);
        }

        ngx_live_hls_index_link(p->hls, r);

        (void) ngx_live_hls_packager_track(p, r);
    }

    ngx_free(m);

    if (n == 0) {
        p->off = 1;
        return NGX_AGAIN;
    }

    ngx_live_hls_measure_fit(p, frames, n, longest);

    if (ngx_live_hls_packager_cut(p) != NGX_OK) {
        p->off = 1;
        return NGX_AGAIN;
    }

    ngx_live_hls_record_header(p);
    ngx_live_hls_index_state(p->hls, NGX_LIVE_HLS_LIVE);

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_measure_ready(ngx_live_hls_packager_t *p)
{
    ngx_uint_t              keys, video, audio;
    ngx_queue_t            *q;
    ngx_live_time_t         first, last, span;
    ngx_live_config_sh_t   *config;
    ngx_live_hls_sample_t  *s;

    if (p->waiting_size > NGX_LIVE_HLS_MEASURE_BYTES) {
        return NGX_OK;
    }

    keys = 0;
    video = 0;
    audio = 0;

    q = ngx_queue_head(&p->waiting);
    s = ngx_queue_data(q, ngx_live_hls_sample_t, queue);
    first = s->cut.dts;

    q = ngx_queue_last(&p->waiting);
    s = ngx_queue_data(q, ngx_live_hls_sample_t, queue);
    last = s->cut.dts;

    /* looks at all of them only when there may be enough */

    if (last - first < NGX_LIVE_HLS_MEASURE_LEAST) {
        return NGX_AGAIN;
    }

    for (q = ngx_queue_head(&p->waiting);
         q != ngx_queue_sentinel(&p->waiting);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_live_hls_sample_t, queue);

        config = ngx_live_stream_config(p->stream, s->track, 0);

        if (config == NULL) {
            continue;
        }

        if (config->info.kind == NGX_LIVE_KIND_VIDEO) {
            video++;
            keys += s->cut.key;

        } else {
            audio++;
        }

        first = ngx_min(first, s->cut.dts);
        last = ngx_max(last, s->cut.dts);
    }

    span = last - first;

    if (video) {
        return (keys && span >= NGX_LIVE_HLS_MEASURE_MOST)
               || (keys > 1 && audio && span >= NGX_LIVE_HLS_MEASURE_LEAST)
               ? NGX_OK : NGX_AGAIN;
    }

    /* pictures that were announced may be late */

    return (audio && span >= (ngx_live_hls_measure_video(p)
                              ? NGX_LIVE_HLS_MEASURE_LATE
                              : NGX_LIVE_HLS_MEASURE_LEAST))
           ? NGX_OK : NGX_AGAIN;
}


static ngx_uint_t
ngx_live_hls_measure_video(ngx_live_hls_packager_t *p)
{
    ngx_uint_t             i;
    ngx_live_config_sh_t  *config;

    for (i = 0; i < p->stream->sh->ntracks; i++) {
        config = ngx_live_stream_config(p->stream, i, 0);

        if (config && config->info.kind == NGX_LIVE_KIND_VIDEO) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_live_hls_measure_track(ngx_live_hls_packager_t *p, ngx_uint_t track,
    ngx_live_hls_measured_t *m)
{
    ngx_queue_t            *q;
    ngx_live_hls_sample_t  *s;

    ngx_memzero(m, offsetof(ngx_live_hls_measured_t, dts));

    for (q = ngx_queue_head(&p->waiting);
         q != ngx_queue_sentinel(&p->waiting);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_live_hls_sample_t, queue);

        if (s->track != track) {
            continue;
        }

        if (m->n && s->cut.dts - m->last > m->longest) {
            m->longest = s->cut.dts - m->last;
        }

        m->last = s->cut.dts;

        if (m->n < NGX_LIVE_HLS_MEASURE_MAX) {
            m->dts[m->n++] = s->cut.dts;
        }
    }
}


static void
ngx_live_hls_measure_frame(ngx_live_hls_packager_t *p, ngx_uint_t track,
    ngx_live_hls_measured_t *m)
{
    const char             *reason;
    ngx_live_hls_ratio_t    hint, *h;
    ngx_live_config_sh_t   *config;
    ngx_live_track_info_t  *info;

    config = ngx_live_stream_config(p->stream, track, 0);

    if (config == NULL) {
        return;
    }

    info = &config->info;

    if (info->kind == NGX_LIVE_KIND_AUDIO && info->samples && info->rate) {
        m->frame.num = info->samples;
        m->frame.den = info->rate;
        return;
    }

    h = NULL;

    if (info->fps_num && info->fps_den) {
        hint.num = info->fps_den;
        hint.den = info->fps_num;
        h = &hint;
    }

    if (ngx_live_hls_fit_measure(m->dts, m->n, NGX_LIVE_HLS_ROUND_MS, h,
                                 &m->frame, &reason)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_NOTICE, p->stream->log, 0,
                      "no constant frame rate in track %ui of \"%V\": %s",
                      track, &p->stream->sh->sn.str, reason);

        m->frame.num = 0;
        m->frame.den = 0;
    }
}


static void
ngx_live_hls_measure_fit(ngx_live_hls_packager_t *p,
    ngx_live_hls_ratio_t *frames, ngx_uint_t n, ngx_live_time_t longest)
{
    uint32_t            target;
    ngx_uint_t          count[NGX_LIVE_TRACKS];
    const char         *reason;
    ngx_live_hls_sh_t  *hls;

    hls = p->hls;

    if (p->conf->part == 0) {
        ngx_live_hls_measure_plain(p, "hls_part is 0");
        return;
    }

    if (ngx_live_hls_fit_part(p->conf->part * 1000, frames, n, &target, count,
                              &reason)
        != NGX_OK)
    {
        ngx_live_hls_measure_plain(p, reason);
        return;
    }

    if (longest > ngx_live_hls_fit_target_ticks(target)) {
        ngx_live_hls_measure_plain(p, "a frame lasts longer than a part");
        return;
    }

    hls->part_target_us = target;
    hls->part_target = ngx_live_hls_fit_target_ticks(target);
    hls->low_latency = 1;
}


static void
ngx_live_hls_measure_plain(ngx_live_hls_packager_t *p, const char *reason)
{
    ngx_cpystrn(p->hls->reason, (u_char *) reason, NGX_LIVE_HLS_REASON_LEN);

    ngx_log_error(NGX_LOG_NOTICE, p->stream->log, 0,
                  "HLS of \"%V\" has no parts: %s",
                  &p->stream->sh->sn.str, reason);
}


ngx_live_hls_rendition_sh_t *
ngx_live_hls_measure_rendition(ngx_live_hls_packager_t *p, ngx_uint_t track,
    uint64_t msn)
{
    ngx_live_config_sh_t         *config;
    ngx_live_track_info_t        *info;
    ngx_live_hls_rendition_sh_t  *r;

    config = ngx_live_stream_config(p->stream, track, 0);

    if (config == NULL) {
        return NULL;
    }

    info = &config->info;

    if (info->codec != NGX_LIVE_CODEC_H264 && info->codec != NGX_LIVE_CODEC_AAC
        && info->codec != NGX_LIVE_CODEC_MP3)
    {
        return NULL;
    }

    r = ngx_live_hls_index_rendition(p->hls, track, info, msn,
                                     ngx_live_hls_measure_capacity(p->hls,
                                                               p->conf),
                                     p->stream->app->buffer_size);
    if (r == NULL) {
        ngx_log_error(NGX_LOG_ERR, p->stream->log, 0,
                      "live zone is full, no HLS of track %ui of \"%V\"",
                      track, &p->stream->sh->sn.str);
        return NULL;
    }

    if (info->kind == NGX_LIVE_KIND_AUDIO && info->samples && info->rate) {
        r->frame.num = info->samples;
        r->frame.den = info->rate;
    }

    return r;
}


/* segments may be shorter than wished for where an encoder restarts often */

ngx_uint_t
ngx_live_hls_measure_capacity(ngx_live_hls_sh_t *hls,
    ngx_live_hls_app_conf_t *conf)
{
    ngx_msec_t  keep;

    keep = hls->target_duration * 20000;
    keep = ngx_min(keep, conf->window);

    return (conf->window + keep) / conf->segment * 3 / 2 + 64;
}
