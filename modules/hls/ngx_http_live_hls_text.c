
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_hls_index.h"

#include <zlib.h>


typedef struct {
    ngx_live_hls_sh_t            *hls;
    ngx_live_hls_rendition_sh_t  *r;
    uint64_t                      first;     /* msn */
    ngx_uint_t                    count;     /* complete segments */
    ngx_live_hls_playlist_t       pl;
    ngx_live_hls_part_t           parts[NGX_LIVE_HLS_PARTS];
} ngx_http_live_hls_window_t;


static ngx_int_t ngx_http_live_hls_render(ngx_http_live_hls_stream_t *hs,
    ngx_int_t n, ngx_uint_t delta, ngx_live_hls_text_t *t, uint64_t *tag);
static ngx_int_t ngx_http_live_hls_render_list(ngx_http_live_hls_window_t *w,
    ngx_uint_t delta, ngx_live_hls_text_t *t);
static void ngx_http_live_hls_window(ngx_http_live_hls_window_t *w,
    ngx_live_hls_sh_t *hls, ngx_uint_t n);
static ngx_uint_t ngx_http_live_hls_independent(
    ngx_live_hls_rendition_sh_t *r);
static int64_t ngx_http_live_hls_duration(void *data, ngx_uint_t i);
static void ngx_http_live_hls_entry(ngx_http_live_hls_window_t *w,
    uint64_t msn, ngx_live_hls_segment_t *seg);
static void ngx_http_live_hls_entry_parts(ngx_http_live_hls_window_t *w,
    ngx_live_hls_segment_t *seg);
static ngx_uint_t ngx_http_live_hls_reports(ngx_http_live_hls_window_t *w,
    ngx_live_hls_report_t *reports);
static ngx_int_t ngx_http_live_hls_render_index(ngx_live_hls_sh_t *hls,
    ngx_live_hls_text_t *t);
static void ngx_http_live_hls_text_tag(ngx_http_live_hls_text_t *text,
    ngx_int_t n, uint64_t *tag);
static void ngx_http_live_hls_text_drop(ngx_http_live_hls_variant_t *v);
static ngx_http_live_hls_text_t *ngx_http_live_hls_text_make(
    ngx_live_hls_text_t *t, ngx_log_t *log);
static ngx_http_live_hls_text_t *ngx_http_live_hls_text_gzip(
    ngx_http_live_hls_text_t *plain, ngx_log_t *log);
static void ngx_http_live_hls_text_cleanup(void *data);


/*
 * Where texts are rendered, before their size is known: it grows to the
 * largest playlist of the worker and stays.
 */

static struct {
    size_t                     size;
    u_char                    *data;
    ngx_uint_t                 max_uris;
    uint32_t                  *uris;
} ngx_http_live_hls_scratch;


ngx_http_live_hls_text_t *
ngx_http_live_hls_text(ngx_http_live_hls_stream_t *hs, ngx_int_t n,
    ngx_uint_t delta, ngx_uint_t gzip)
{
    uint64_t                      tag[2];
    ngx_live_hls_text_t           t;
    ngx_http_live_hls_variant_t  *v;

    v = (n < 0) ? &hs->index : &hs->lists[n][delta];

    if (v->plain == NULL || v->generation != hs->hls->generation) {

        if (ngx_http_live_hls_render(hs, n, delta, &t, tag) != NGX_OK) {
            return NULL;
        }

        ngx_http_live_hls_text_drop(v);

        v->plain = ngx_http_live_hls_text_make(&t, hs->st->log);
        v->generation = tag[0];

        if (v->plain) {
            ngx_http_live_hls_text_tag(v->plain, n, tag);
        }
    }

    if (v->plain && gzip && v->gzip == NULL) {
        v->gzip = ngx_http_live_hls_text_gzip(v->plain, hs->st->log);
    }

    return gzip ? v->gzip : v->plain;
}


/*
 * What is behind a number of changes is rendered the same way in all workers.
 * They are counted from 0 anew after a restart, of the same session: the time
 * of the last one is a part of the tag.  The multivariant playlist seldom
 * says something new.
 */

static void
ngx_http_live_hls_text_tag(ngx_http_live_hls_text_t *text, ngx_int_t n,
    uint64_t *tag)
{
    ngx_str_t  s;

    if (n < 0) {
        s.data = text->data;
        s.len = text->len;

        tag[0] = ngx_live_hls_index_hash(&s);
        tag[1] = text->len;
    }

    text->tag[0] = tag[0];
    text->tag[1] = tag[1];
}


static void
ngx_http_live_hls_text_drop(ngx_http_live_hls_variant_t *v)
{
    ngx_http_live_hls_text_free(v->plain);
    ngx_http_live_hls_text_free(v->gzip);

    v->plain = NULL;
    v->gzip = NULL;
}


/*
 * Renders into the scratch memory, which grows until the text fits, and
 * behind the sequence lock: what is rendered from an index that changed
 * meanwhile is thrown away.
 */

static ngx_int_t
ngx_http_live_hls_render(ngx_http_live_hls_stream_t *hs, ngx_int_t n,
    ngx_uint_t delta, ngx_live_hls_text_t *t, uint64_t *tag)
{
    ngx_int_t                           rc;
    ngx_uint_t                          tries;
    ngx_atomic_uint_t                   version;
    static ngx_http_live_hls_window_t   window;

    for (tries = 0; tries < NGX_LIVE_HLS_TRIES; tries++) {

        t->start = ngx_http_live_hls_scratch.data;
        t->pos = t->start;
        t->end = t->start + ngx_http_live_hls_scratch.size;
        t->uris = ngx_http_live_hls_scratch.uris;
        t->nuris = 0;
        t->max_uris = ngx_http_live_hls_scratch.max_uris;

        version = ngx_live_hls_read(hs->hls);

        tag[0] = hs->hls->generation;
        tag[1] = hs->hls->changed;

        if (n < 0) {
            rc = ngx_http_live_hls_render_index(hs->hls, t);

        } else {
            ngx_http_live_hls_window(&window, hs->hls, n);
            rc = ngx_http_live_hls_render_list(&window, delta, t);
        }

        if (ngx_live_hls_changed(hs->hls, version)) {
            continue;
        }

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        /* too short, or never allocated */

        ngx_http_live_hls_scratch.size =
                   ngx_max(65536, ngx_http_live_hls_scratch.size * 2);
        ngx_http_live_hls_scratch.max_uris =
                   ngx_http_live_hls_scratch.size / 16;

        if (ngx_http_live_hls_scratch.data) {
            ngx_free(ngx_http_live_hls_scratch.data);
        }

        ngx_http_live_hls_scratch.data =
                   ngx_alloc(ngx_http_live_hls_scratch.size
                             + ngx_http_live_hls_scratch.max_uris
                               * sizeof(uint32_t),
                             hs->st->log);

        if (ngx_http_live_hls_scratch.data == NULL) {
            ngx_http_live_hls_scratch.size = 0;
            return NGX_ERROR;
        }

        ngx_http_live_hls_scratch.uris = (uint32_t *)
                                     (ngx_http_live_hls_scratch.data
                                      + ngx_http_live_hls_scratch.size);
    }

    return NGX_AGAIN;
}


/* the numbers may be torn until the sequence lock says otherwise */

static void
ngx_http_live_hls_window(ngx_http_live_hls_window_t *w,
    ngx_live_hls_sh_t *hls, ngx_uint_t n)
{
    ngx_live_hls_rendition_sh_t  *r;

    r = hls->renditions[n];

    w->hls = hls;
    w->r = r;
    w->first = r->first;
    w->count = ngx_min(r->next - r->first, r->capacity);

    ngx_memzero(&w->pl, sizeof(ngx_live_hls_playlist_t));

    w->pl.track.data = r->name;
    w->pl.track.len = ngx_strnlen(r->name, sizeof(r->name));
    w->pl.target_duration = hls->target_duration;
    w->pl.part_target = hls->low_latency ? hls->part_target_us : 0;
    w->pl.media_sequence = w->first;
    w->pl.discontinuity_sequence = r->discontinuity;
    w->pl.independent = ngx_http_live_hls_independent(r);
    w->pl.ended = (hls->state == NGX_LIVE_HLS_ENDED);
}


static ngx_int_t
ngx_http_live_hls_render_list(ngx_http_live_hls_window_t *w,
    ngx_uint_t delta, ngx_live_hls_text_t *t)
{
    int64_t                  open;
    ngx_uint_t               i, skipped, plain, nreports;
    ngx_live_hls_report_t    reports[NGX_LIVE_TRACKS];
    ngx_live_hls_segment_t   seg;

    ngx_http_live_hls_entry(w, w->first + w->count, &seg);
    ngx_http_live_hls_entry_parts(w, &seg);

    for (open = 0, i = 0; i < seg.nparts; i++) {
        open += seg.parts[i].duration;
    }

    plain = ngx_live_hls_playlist_older(ngx_http_live_hls_duration, w,
                w->count, open,
                ngx_live_hls_playlist_parts_limit(w->pl.target_duration));

    skipped = 0;

    if (delta) {
        skipped = ngx_live_hls_playlist_older(ngx_http_live_hls_duration, w,
                w->count, 0,
                ngx_live_hls_playlist_skip_limit(w->pl.target_duration));
    }

    w->pl.delta = (skipped != 0);

    if (w->count) {
        ngx_http_live_hls_entry(w, w->first, &seg);

        if (!seg.new_map) {
            w->pl.map = seg.map;
        }
    }

    if (ngx_live_hls_playlist_header(t, &w->pl) != NGX_OK) {
        return NGX_ERROR;
    }

    if (skipped && ngx_live_hls_playlist_skip(t, skipped) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = skipped; i < w->count; i++) {
        ngx_http_live_hls_entry(w, w->first + i, &seg);

        if (i >= plain) {
            ngx_http_live_hls_entry_parts(w, &seg);
        }

        if (ngx_live_hls_playlist_segment(t, &w->pl, &seg, i >= plain)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    nreports = ngx_http_live_hls_reports(w, reports);

    if (w->pl.ended) {
        return ngx_live_hls_playlist_tail(t, &w->pl, NULL, reports, nreports);
    }

    ngx_http_live_hls_entry(w, w->first + w->count, &seg);
    ngx_http_live_hls_entry_parts(w, &seg);

    return ngx_live_hls_playlist_tail(t, &w->pl, &seg, reports, nreports);
}


/* of the open segment as well, as soon as a part of it is listed */

static ngx_uint_t
ngx_http_live_hls_independent(ngx_live_hls_rendition_sh_t *r)
{
    ngx_live_hls_part_sh_t  *part;

    if (r->dependent > r->first) {
        return 0;
    }

    part = ngx_live_hls_part(r, r->next, 0);

    return part == NULL
           || (part->flags & (NGX_LIVE_HLS_INDEPENDENT|NGX_LIVE_HLS_GAP));
}


static int64_t
ngx_http_live_hls_duration(void *data, ngx_uint_t i)
{
    ngx_http_live_hls_window_t  *w = data;

    return ngx_live_hls_segment(w->r, w->first + i)->duration;
}


static void
ngx_http_live_hls_entry(ngx_http_live_hls_window_t *w, uint64_t msn,
    ngx_live_hls_segment_t *seg)
{
    ngx_live_hls_init_sh_t     *init;
    ngx_live_hls_segment_sh_t  *s;

    ngx_memzero(seg, sizeof(ngx_live_hls_segment_t));

    seg->msn = msn;
    seg->parts = w->parts;

    s = ngx_live_hls_segment(w->r, msn);

    seg->duration = s->duration;
    seg->date = s->date;
    seg->discontinuity = (s->flags & NGX_LIVE_HLS_DISCONT) != 0;
    seg->gap = (s->flags & NGX_LIVE_HLS_GAP) != 0;
    seg->new_map = seg->discontinuity;

    init = ngx_live_hls_init(w->r, s->init);

    if (init) {
        seg->map = init->hash;
    }

    if (msn > w->first
        && ngx_live_hls_segment(w->r, msn - 1)->init != s->init)
    {
        seg->new_map = 1;
    }
}


static void
ngx_http_live_hls_entry_parts(ngx_http_live_hls_window_t *w,
    ngx_live_hls_segment_t *seg)
{
    ngx_uint_t               n;
    ngx_live_hls_part_t     *part;
    ngx_live_hls_part_sh_t  *p;

    seg->nparts = 0;

    if (!w->pl.part_target) {
        return;
    }

    for (n = 0; n < NGX_LIVE_HLS_PARTS; n++) {
        p = ngx_live_hls_part(w->r, seg->msn, n);

        if (p == NULL) {
            break;
        }

        part = &w->parts[n];

        part->duration = p->duration;
        part->independent = (p->flags & NGX_LIVE_HLS_INDEPENDENT) != 0;
        part->gap = (p->flags & NGX_LIVE_HLS_GAP) != 0;

        seg->nparts++;
    }
}


static ngx_uint_t
ngx_http_live_hls_reports(ngx_http_live_hls_window_t *w,
    ngx_live_hls_report_t *reports)
{
    uint64_t                      edge;
    ngx_uint_t                    i, n;
    ngx_live_hls_report_t        *report;
    ngx_live_hls_rendition_sh_t  *r;

    n = 0;

    for (i = 0; i < w->hls->nrenditions && i < NGX_LIVE_TRACKS; i++) {
        r = w->hls->renditions[i];

        if (r == w->r) {
            continue;
        }

        edge = r->edge;

        if (edge == 0) {
            continue;
        }

        report = &reports[n++];

        report->track.data = r->name;
        report->track.len = ngx_strnlen(r->name, sizeof(r->name));
        report->last_msn = edge >> 16;

        if (edge & 0xffff) {
            report->last_part = (edge & 0xffff) - 1;
            continue;
        }

        if (report->last_msn == 0) {
            n--;
            continue;
        }

        report->last_msn--;
        report->last_part = ngx_live_hls_segment(r, report->last_msn)->parts;

        if (report->last_part) {
            report->last_part--;
        }
    }

    return n;
}


static ngx_int_t
ngx_http_live_hls_render_index(ngx_live_hls_sh_t *hls, ngx_live_hls_text_t *t)
{
    ngx_uint_t                    i, n, independent;
    ngx_str_t                     session;
    ngx_live_hls_rendition_t      list[NGX_LIVE_TRACKS], *to;
    ngx_live_hls_rendition_sh_t  *r;

    ngx_memzero(list, sizeof(list));

    n = ngx_min(hls->nrenditions, NGX_LIVE_TRACKS);
    independent = 1;

    for (i = 0; i < n; i++) {
        r = hls->renditions[i];
        to = &list[i];

        to->track.data = r->name;
        to->track.len = ngx_strnlen(r->name, sizeof(r->name));
        to->codec.data = r->string;
        to->codec.len = ngx_strnlen(r->string, sizeof(r->string));
        to->bandwidth = r->bandwidth.peak;
        to->average = r->bandwidth.average;
        to->width = r->width;
        to->height = r->height;
        to->frame = r->frame;
        to->channels = r->channels;
        to->video = (r->kind == NGX_LIVE_KIND_VIDEO);

        independent &= ngx_http_live_hls_independent(r);
    }

    session.data = hls->session;
    session.len = ngx_strnlen(hls->session, sizeof(hls->session));

    return ngx_live_hls_playlist_multivariant(t, &session, list, n,
                                              independent);
}


static ngx_http_live_hls_text_t *
ngx_http_live_hls_text_make(ngx_live_hls_text_t *t, ngx_log_t *log)
{
    size_t                     len, uris;
    ngx_http_live_hls_text_t  *text;

    len = t->pos - t->start;
    uris = t->nuris * sizeof(uint32_t);

    text = ngx_alloc(sizeof(ngx_http_live_hls_text_t) + uris + len, log);
    if (text == NULL) {
        return NULL;
    }

    text->refs = 1;
    text->len = len;
    text->nuris = t->nuris;
    text->uris = (uint32_t *) &text[1];
    text->data = (u_char *) text->uris + uris;

    ngx_memcpy(text->uris, t->uris, uris);
    ngx_memcpy(text->data, t->start, len);

    return text;
}


static ngx_http_live_hls_text_t *
ngx_http_live_hls_text_gzip(ngx_http_live_hls_text_t *plain, ngx_log_t *log)
{
    int                        rc;
    size_t                     bound;
    z_stream                   z;
    ngx_http_live_hls_text_t  *text;

    ngx_memzero(&z, sizeof(z_stream));

    /* 31: the largest window, with gzip's header */

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 31, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "deflateInit2() failed");
        return NULL;
    }

    bound = deflateBound(&z, plain->len);

    text = ngx_alloc(sizeof(ngx_http_live_hls_text_t) + bound, log);
    if (text == NULL) {
        (void) deflateEnd(&z);
        return NULL;
    }

    ngx_memzero(text, sizeof(ngx_http_live_hls_text_t));

    text->refs = 1;
    text->data = (u_char *) &text[1];
    text->tag[0] = plain->tag[0];
    text->tag[1] = plain->tag[1];

    z.next_in = plain->data;
    z.avail_in = plain->len;
    z.next_out = text->data;
    z.avail_out = bound;

    rc = deflate(&z, Z_FINISH);

    text->len = z.total_out;

    (void) deflateEnd(&z);

    if (rc != Z_STREAM_END) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "deflate() failed: %d", rc);
        ngx_free(text);
        return NULL;
    }

    return text;
}


ngx_int_t
ngx_http_live_hls_text_hold(ngx_http_request_t *r,
    ngx_http_live_hls_text_t *text)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_live_hls_text_cleanup;
    cln->data = text;

    text->refs++;

    return NGX_OK;
}


static void
ngx_http_live_hls_text_cleanup(void *data)
{
    ngx_http_live_hls_text_free(data);
}


void
ngx_http_live_hls_text_free(ngx_http_live_hls_text_t *text)
{
    if (text && --text->refs == 0) {
        ngx_free(text);
    }
}


void
ngx_http_live_hls_text_forget(ngx_http_live_hls_stream_t *hs)
{
    ngx_uint_t  i, n;

    ngx_http_live_hls_text_drop(&hs->index);

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        ngx_http_live_hls_text_drop(&hs->lists[i][NGX_HTTP_LIVE_HLS_FULL]);
        ngx_http_live_hls_text_drop(&hs->lists[i][NGX_HTTP_LIVE_HLS_DELTA]);
    }

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        for (n = 0; n < NGX_HTTP_LIVE_HLS_COPIES; n++) {
            ngx_http_live_hls_text_free(hs->copies[i][n].text);
        }
    }

    ngx_memzero(hs->copies, sizeof(hs->copies));
}
