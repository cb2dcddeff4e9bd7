
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_packager.h"
#include "ngx_live_hls_name.h"


/* ms that a segment waits for its line in the journal, before it is named
 * nevertheless: the live edge does not wait for a slow disk */
#define NGX_LIVE_HLS_HOLD  100


static void ngx_live_hls_track_frame(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev, ngx_live_hls_sample_t *sample);
static void ngx_live_hls_track_open(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev, ngx_live_hls_sample_t *sample);
static ngx_int_t ngx_live_hls_track_mux(ngx_live_hls_track_t *t,
    ngx_live_hls_sample_t *sample);
static uint32_t ngx_live_hls_track_init(ngx_live_hls_track_t *t);
static void ngx_live_hls_track_part(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev);
static void ngx_live_hls_track_store(ngx_live_hls_track_t *t,
    ngx_live_hls_mux_buf_t *buf);
static void ngx_live_hls_track_full(ngx_live_hls_packager_t *p);
static void ngx_live_hls_track_segment(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev);
static void ngx_live_hls_track_forced(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev);
static void ngx_live_hls_track_hold(ngx_live_hls_track_t *t);
static void ngx_live_hls_track_timer(ngx_event_t *ev);
static void ngx_live_hls_track_expire(ngx_live_hls_track_t *t);
static void ngx_live_hls_track_rewrite(ngx_live_hls_track_t *t,
    ngx_live_hls_part_sh_t *part);


void
ngx_live_hls_track_event(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev, ngx_live_hls_sample_t *sample)
{
    if (!ngx_live_stream_owned(t->packager->stream)) {
        return;
    }

    switch (ev->type) {

    case NGX_LIVE_HLS_CUT_FRAME:
        ngx_live_hls_track_frame(t, ev, sample);
        return;

    case NGX_LIVE_HLS_CUT_PART_END:
        ngx_live_hls_track_part(t, ev);
        return;

    case NGX_LIVE_HLS_CUT_SEGMENT_END:
        ngx_live_hls_track_segment(t, ev);
        return;

    default: /* NGX_LIVE_HLS_CUT_DROP */
        return;
    }
}


static void
ngx_live_hls_track_frame(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev, ngx_live_hls_sample_t *sample)
{
    if (ev->new_segment) {
        ngx_live_hls_track_open(t, ev, sample);
    }

    if (t->mux == NULL) {
        t->lost = 1;
        return;
    }

    /* the part could not be kept in memory */

    if (sample->size > t->r->ring->max_size - t->bytes) {
        t->lost = 1;
        ngx_live_hls_track_full(t->packager);
        return;
    }

    t->shown = t->bytes ? ngx_min(t->shown, sample->cut.dts + sample->cts)
                        : sample->cut.dts + sample->cts;
    t->bytes += sample->size;

    if (ngx_live_hls_mux_frame(t->mux, sample->cut.dts, sample->cts,
                               ev->duration, sample->cut.key, sample->data,
                               sample->size)
        != NGX_OK)
    {
        t->lost = 1;

        if (!t->broken) {
            t->broken = 1;

            ngx_log_error(NGX_LOG_ERR, t->packager->stream->log, 0,
                          "could not package a frame of track %s of \"%V\"",
                          t->r->name, &t->packager->stream->sh->sn.str);
        }
    }
}


static void
ngx_live_hls_track_open(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev, ngx_live_hls_sample_t *sample)
{
    ngx_live_hls_packager_t  *p;

    p = t->packager;

    ngx_live_hls_track_publish(t, 1);

    t->size = 0;
    t->bytes = 0;
    t->parts = 0;
    t->lost = 0;

    ngx_memzero(&t->segment, sizeof(ngx_live_hls_segment_sh_t));

    /* the date is that of the first picture to be seen, as sound has it */

    if (sample->cut.key) {
        t->delay = sample->cts;
    }

    t->segment.start = ev->start;
    t->segment.date = ngx_live_hls_packager_date(p, ev->start + t->delay);
    t->segment.flags = (ev->independent ? NGX_LIVE_HLS_INDEPENDENT : 0)
                       | (ev->discontinuity ? NGX_LIVE_HLS_DISCONT : 0);

    if (t->mux == NULL || t->config != sample->config) {
        (void) ngx_live_hls_track_mux(t, sample);
    }

    if (t->mux) {
        t->segment.init = ngx_live_hls_track_init(t);

        if (t->segment.init == 0) {
            ngx_live_hls_mux_destroy(t->mux);
            t->mux = NULL;
        }
    }

    ngx_live_hls_index_open(p->hls, t->r, &t->segment);
}


static ngx_int_t
ngx_live_hls_track_mux(ngx_live_hls_track_t *t, ngx_live_hls_sample_t *sample)
{
    size_t                   size;
    u_char                  *record;
    ngx_live_stream_t       *st;
    ngx_live_config_sh_t    *config;
    ngx_live_track_info_t   *info;

    st = t->packager->stream;

    if (t->mux) {
        ngx_live_hls_mux_destroy(t->mux);
        t->mux = NULL;
    }

    config = ngx_live_stream_config(st, t->track, sample->config);

    if (config == NULL || config->size < sample->prefix) {
        return NGX_ERROR;
    }

    record = config->data + sample->prefix;
    size = config->size - sample->prefix;
    info = &config->info;

    if (info->codec == NGX_LIVE_CODEC_MP3) {
        size = 0;
    }

    t->mux = ngx_live_hls_mux_create(info, record, size, st->log);

    if (t->mux == NULL) {

        /* it is tried again with each segment */

        if (!t->broken) {
            t->broken = 1;

            ngx_log_error(NGX_LOG_ERR, st->log, 0,
                          "could not package track %s of \"%V\"",
                          t->r->name, &st->sh->sn.str);
        }

        return NGX_ERROR;
    }

    t->config = sample->config;
    t->broken = 0;

    if (ngx_strcmp(t->r->string, info->string) != 0
        || t->r->width != info->width || t->r->height != info->height)
    {
        ngx_live_hls_index_begin(t->packager->hls);

        ngx_cpystrn(t->r->string, info->string, NGX_LIVE_CODEC_LEN);
        t->r->width = info->width;
        t->r->height = info->height;
        t->r->rate = info->rate;
        t->r->channels = info->channels;
        t->packager->hls->generation++;

        ngx_live_hls_index_end(t->packager->hls);
    }

    return NGX_OK;
}


/* the version of the mux's initialization section; a new one is also written
 * to disk and to the journal */

static uint32_t
ngx_live_hls_track_init(ngx_live_hls_track_t *t)
{
    u_char                   *p, *data, name[NGX_LIVE_HLS_NAME_FILE_LEN + 1];
    uint32_t                  version, last;
    uint64_t                  hash;
    ngx_str_t                 init, track;
    ngx_live_hls_packager_t  *packager;

    packager = t->packager;

    ngx_live_hls_mux_init(t->mux, &init);
    hash = ngx_live_hls_index_hash(&init);

    last = t->r->init;
    version = ngx_live_hls_index_init(packager->hls, t->r, hash, &init);

    if (version == 0 || version == last) {
        return version;
    }

    track.data = t->r->name;
    track.len = ngx_strlen(t->r->name);

    p = ngx_live_hls_name_file(name, NGX_LIVE_HLS_NAME_INIT, &track, 0, 0,
                               hash);
    *p = '\0';

    data = ngx_alloc(init.len, packager->stream->log);

    if (data) {
        ngx_memcpy(data, init.data, init.len);
        ngx_live_hls_disk_file(packager->disk, (char *) name, data, init.len);
    }

    ngx_live_hls_record_track(t, hash);

    return version;
}


static void
ngx_live_hls_track_part(ngx_live_hls_track_t *t, ngx_live_hls_cut_event_t *ev)
{
    ngx_uint_t               n;
    ngx_live_hls_mux_buf_t   buf;

    ngx_live_hls_track_publish(t, 1);

    ngx_memzero(&t->part, sizeof(ngx_live_hls_part_sh_t));

    t->part.msn = ev->msn;
    t->part.index = ev->part;
    t->part.duration = ev->duration;
    t->part.offset = t->size;
    t->part.flags = ev->independent ? NGX_LIVE_HLS_INDEPENDENT : 0;

    if (t->mux == NULL || ngx_live_hls_mux_flush(t->mux, &buf) != NGX_OK) {
        buf.data = NULL;
        buf.size = 0;
    }

    t->bytes = 0;

    n = ngx_live_hls_metadata_add(t, &buf, t->shown, t->shown + ev->duration);

    ngx_live_hls_track_store(t, &buf);

    /* a part that is lost has told nobody */

    if (n && t->part.size) {
        ngx_live_metadata_remove(t->packager->stream->sh, n);
    }

    t->parts++;
    t->ready = 1;
}


/*
 * Memory first, for the live edge; then the disk.  While the disk refuses
 * bytes, or is known to fail, a part is a gap: it would be gone from memory
 * before everybody has had it.
 */

static void
ngx_live_hls_track_store(ngx_live_hls_track_t *t, ngx_live_hls_mux_buf_t *buf)
{
    size_t                    size;
    ngx_uint_t                failing;
    ngx_live_hls_packager_t  *p;

    p = t->packager;
    size = buf->size;

    if (buf->data == NULL) {
        goto lost;
    }

    failing = p->disk->failing;

    t->part.size = size;

    if (!failing) {
        t->part.seq = ngx_live_hls_index_bytes(t->r, &t->part, buf->data,
                                               size);
        if (t->part.seq == 0) {
            ngx_live_hls_track_full(p);
        }
    }

    if (ngx_live_hls_disk_append(p->disk, &t->pending, t->r, &t->part,
                                 buf->data, size)
        != NGX_OK
        || t->part.seq == 0)
    {
        goto lost;
    }

    t->size += size;

    return;

lost:

    t->lost = 1;
    t->part.size = 0;
    t->part.seq = 0;
    t->part.flags |= NGX_LIVE_HLS_GAP;
    t->size += size;
}


static void
ngx_live_hls_track_full(ngx_live_hls_packager_t *p)
{
    if (p->full && ngx_current_msec - p->full < 60000) {
        return;
    }

    p->full = ngx_current_msec;

    ngx_log_error(NGX_LOG_ERR, p->stream->log, 0,
                  "live zone is full, or readers hold all of its memory: "
                  "parts of \"%V\" are lost", &p->stream->sh->sn.str);
}


static void
ngx_live_hls_track_segment(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev)
{
    ngx_uint_t                n;
    ngx_live_hls_part_sh_t   *part;
    ngx_live_hls_packager_t  *p;

    p = t->packager;

    if (ev->gap) {
        ngx_live_hls_track_publish(t, 1);
        ngx_live_hls_track_gap(t, ev->start, ev->duration,
                               ngx_live_hls_packager_date(p, ev->start),
                               ev->discontinuity ? NGX_LIVE_HLS_DISCONT : 0);
        return;
    }

    if (!p->hls->low_latency) {

        /* one part, which is not listed */

        ev->part = 0;
        ngx_live_hls_track_part(t, ev);
    }

    ngx_live_hls_disk_flush(&t->pending);

    if (ev->forced) {
        ngx_live_hls_track_forced(t, ev);
    }

    for (n = 0; n < t->parts; n++) {
        part = ngx_live_hls_part(t->r, ev->msn, n);

        if (part && (part->flags & NGX_LIVE_HLS_GAP)) {
            t->lost = 1;
        }
    }

    t->segment.duration = ev->duration;
    t->segment.parts = p->hls->low_latency ? t->parts : 0;
    t->segment.size = t->size;

    if (t->lost) {
        t->segment.flags |= NGX_LIVE_HLS_GAP;
        t->segment.size = 0;
    }

    ngx_live_hls_track_hold(t);
}


static void
ngx_live_hls_track_forced(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev)
{
    ngx_live_hls_packager_t  *p;

    p = t->packager;

    if ((ngx_uint_t) (t - p->tracks) != p->cut.leader
        || t->r->kind != NGX_LIVE_KIND_VIDEO)
    {
        return;
    }

    p->hls->stat.forced++;

    if (p->forced) {
        return;
    }

    p->forced = 1;

    ngx_log_error(NGX_LOG_WARN, p->stream->log, 0,
                  "segment of \"%V\" was cut without a key frame after %Lms: "
                  "the encoder's key-frame interval is above "
                  "hls_target_duration %uis",
                  &p->stream->sh->sn.str, (int64_t) ev->duration / 90,
                  p->hls->target_duration);
}


/* the journal names a segment before a playlist does */

static void
ngx_live_hls_track_hold(ngx_live_hls_track_t *t)
{
    ngx_live_hls_record_segment(t);

    t->held = 1;

    t->timer.data = t;
    t->timer.handler = ngx_live_hls_track_timer;
    t->timer.log = t->packager->stream->log;

    if (!t->timer.timer_set) {
        ngx_add_timer(&t->timer, NGX_LIVE_HLS_HOLD);
    }
}


static void
ngx_live_hls_track_timer(ngx_event_t *ev)
{
    ngx_live_hls_track_t *t = ev->data;

    t->packager->hls->stat.held++;

    ngx_live_hls_track_publish(t, 1);
}


void
ngx_live_hls_track_publish(ngx_live_hls_track_t *t, ngx_uint_t held)
{
    ngx_live_hls_packager_t  *p;

    if ((!t->ready && !t->held) || (t->held && !held)) {
        return;
    }

    p = t->packager;

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    if (!ngx_live_stream_owned(p->stream)) {
        t->ready = 0;
        t->held = 0;
        return;
    }

    ngx_live_hls_index_publish(p->hls, t->r, t->ready ? &t->part : NULL,
                               t->held ? &t->segment : NULL);

    if (t->held) {
        ngx_live_hls_track_expire(t);
    }

    t->ready = 0;
    t->held = 0;

    ngx_live_stream_ring(p->stream);
}


void
ngx_live_hls_track_gap(ngx_live_hls_track_t *t, ngx_live_time_t start,
    uint32_t duration, int64_t date, ngx_uint_t flags)
{
    ngx_memzero(&t->segment, sizeof(ngx_live_hls_segment_sh_t));

    t->size = 0;
    t->parts = 0;

    t->segment.start = start;
    t->segment.duration = duration;
    t->segment.date = date;
    t->segment.init = t->r->init;
    t->segment.flags = NGX_LIVE_HLS_GAP | flags;

    t->packager->hls->stat.gaps++;

    ngx_live_hls_track_hold(t);
    ngx_live_hls_track_publish(t, 1);
}


/* files go when nothing can name them any more */

static void
ngx_live_hls_track_expire(ngx_live_hls_track_t *t)
{
    uint64_t                  from, to, first;
    ngx_live_hls_packager_t  *p;

    p = t->packager;
    first = t->r->first;

    ngx_live_hls_index_expire(p->hls, t->r, &from, &to);

    while (from < to) {
        ngx_live_hls_disk_delete(p->disk, t->r, from++);
    }

    if (t == p->tracks && t->r->first != first) {
        p->moved += t->r->first - first;

        if (p->moved >= 16) {
            p->moved = 0;
            ngx_live_hls_record_window(p);
        }
    }
}


void
ngx_live_hls_track_stored(void *data, ngx_live_hls_rendition_sh_t *r,
    uint64_t msn, ngx_uint_t part, ngx_uint_t ok)
{
    ngx_live_hls_packager_t *p = data;

    ngx_uint_t             i;
    ngx_live_hls_track_t  *t;

    if (!ngx_live_stream_owned(p->stream)) {
        return;
    }

    for (i = 0; i < p->ntracks; i++) {
        t = &p->tracks[i];

        if (t->r != r) {
            continue;
        }

        /* it may not have been published yet */

        if (t->ready && t->part.msn == msn && t->part.index == part) {
            t->part.flags |= ok ? NGX_LIVE_HLS_FILE : NGX_LIVE_HLS_GAP;
        }

        if (!ok && t->held && r->next == msn) {
            t->segment.flags |= NGX_LIVE_HLS_GAP;
        }
    }

    ngx_live_hls_index_stored(p->hls, r, msn, part, ok);

    if (!ok) {
        ngx_live_stream_ring(p->stream);
    }
}


void
ngx_live_hls_track_journaled(void *data, uint64_t number)
{
    ngx_live_hls_packager_t *p = data;

    ngx_uint_t             i;
    ngx_live_hls_track_t  *t;

    for (i = 0; i < p->ntracks; i++) {
        t = &p->tracks[i];

        if (t->held && t->line <= number) {
            ngx_live_hls_track_publish(t, 1);
        }
    }
}


/*
 * The former owner's queue died with it: parts that it did not see written
 * are written again, from memory.
 */

void
ngx_live_hls_track_repair(ngx_live_hls_track_t *t)
{
    uint32_t                    size;
    ngx_uint_t                  n, parts;
    ngx_live_time_t             duration;
    ngx_live_hls_part_sh_t     *part;
    ngx_live_hls_packager_t    *p;
    ngx_live_hls_segment_sh_t  *seg;

    p = t->packager;

    size = 0;
    parts = 0;
    duration = 0;

    for (n = t->r->first_part; n != t->r->next_part; n++) {
        part = ngx_live_hls_part_n(t->r, n);

        if (!(part->flags & (NGX_LIVE_HLS_FILE|NGX_LIVE_HLS_GAP))) {
            ngx_live_hls_track_rewrite(t, part);
        }

        if (part->msn != t->r->next) {
            continue;
        }

        parts++;
        size += part->size;
        duration += part->duration;

        t->lost |= (part->flags & NGX_LIVE_HLS_GAP) ? 1 : 0;
    }

    ngx_live_hls_disk_flush(&t->pending);

    if (parts == 0) {
        return;
    }

    seg = ngx_live_hls_segment(t->r, t->r->next);

    t->segment = *seg;
    t->segment.duration = duration;
    t->segment.parts = parts;
    t->segment.size = t->lost ? 0 : size;
    t->segment.flags |= t->lost ? NGX_LIVE_HLS_GAP : 0;

    ngx_live_hls_disk_truncate(p->disk, t->r, t->r->next, size);

    ngx_live_hls_track_hold(t);
    ngx_live_hls_track_publish(t, 1);

    t->lost = 0;
}


static void
ngx_live_hls_track_rewrite(ngx_live_hls_track_t *t,
    ngx_live_hls_part_sh_t *part)
{
    u_char                   *data;
    ngx_live_frame_t         *f;
    ngx_live_ring_sh_t       *ring;
    ngx_live_hls_packager_t  *p;

    p = t->packager;
    ring = t->r->ring;
    data = NULL;

    if (part->seq && part->seq >= ring->tail && part->seq < ring->head) {
        data = ngx_alloc(part->size, p->stream->log);
    }

    if (data) {
        f = ngx_live_ring_entry(ngx_live_zone, ring, part->seq);
        ngx_live_ring_copy_out(ngx_live_zone, ring, f, 0, data, part->size);

        if (ngx_live_hls_disk_append(p->disk, &t->pending, t->r, part, data,
                                     part->size)
            == NGX_OK)
        {
            return;
        }
    }

    ngx_live_hls_index_stored(p->hls, t->r, part->msn, part->index, 0);
}
