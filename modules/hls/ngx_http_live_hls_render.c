
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_hls_index.h"


/*
 * From the index to text.  What is rendered behind the sequence lock goes to
 * scratch memory first, and is taken from there when nothing has changed
 * meanwhile.
 */


/* entries of the body that are rendered at once */
#define NGX_HTTP_LIVE_HLS_BATCH  256

/* bytes of scratch memory: more than any texts need */
#define NGX_HTTP_LIVE_HLS_MOST   (16 * 1024 * 1024)


typedef struct {
    ngx_live_hls_sh_t            *hls;
    ngx_live_hls_rendition_sh_t  *r;
    uint64_t                      first;     /* msn */
    ngx_uint_t                    count;     /* complete segments */
    ngx_uint_t                    plain;     /* of them, without parts */
    ngx_uint_t                    skipped;   /* by a delta */
    uint64_t                      rewritten;
    uint64_t                      tag[2];
    ngx_live_hls_playlist_t       pl;
    ngx_live_hls_part_t           parts[NGX_LIVE_HLS_PARTS];

    /* what was rendered: the ends of entries, of heads and of the tail */
    uint64_t                      msn;       /* of the first entry */
    ngx_uint_t                    n;
    ngx_http_live_hls_entry_t     entries[NGX_HTTP_LIVE_HLS_BATCH];
    size_t                        ends[3];
    ngx_uint_t                    uris[3];
    unsigned                      partial:1; /* entries, and no more */
} ngx_http_live_hls_window_t;


static void ngx_http_live_hls_signer(ngx_http_live_hls_stream_t *hs,
    ngx_live_hls_signer_t *signer);
static ngx_int_t ngx_http_live_hls_render_try(ngx_http_live_hls_stream_t *hs,
    ngx_int_t n, ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t);
static void ngx_http_live_hls_window(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_stream_t *hs, ngx_uint_t n);
static ngx_int_t ngx_http_live_hls_render_list(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body, ngx_live_hls_text_t *t);
static ngx_int_t ngx_http_live_hls_render_body(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body, ngx_live_hls_text_t *t);
static ngx_int_t ngx_http_live_hls_render_head(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body, ngx_live_hls_text_t *t,
    ngx_uint_t skipped);
static ngx_int_t ngx_http_live_hls_render_tail(ngx_http_live_hls_window_t *w,
    ngx_live_hls_text_t *t);
static ngx_uint_t ngx_http_live_hls_first_map(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body);
static ngx_uint_t ngx_http_live_hls_body_valid(
    ngx_http_live_hls_window_t *w, ngx_http_live_hls_body_t *body);
static void ngx_http_live_hls_mark(ngx_http_live_hls_window_t *w,
    ngx_live_hls_text_t *t, ngx_uint_t i);
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
static ngx_int_t ngx_http_live_hls_scratch_grow(ngx_log_t *log);
static ngx_int_t ngx_http_live_hls_take(ngx_http_live_hls_stream_t *hs,
    ngx_int_t n, ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t);
static ngx_int_t ngx_http_live_hls_take_body(ngx_http_live_hls_list_t *list,
    ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t, ngx_log_t *log);
static ngx_int_t ngx_http_live_hls_body_room(ngx_http_live_hls_list_t *list,
    ngx_http_live_hls_window_t *w, size_t size, ngx_log_t *log);
static ngx_http_live_hls_text_t *ngx_http_live_hls_take_text(
    ngx_live_hls_text_t *t, size_t from, size_t to, ngx_uint_t first,
    ngx_uint_t last, ngx_log_t *log);


static struct {
    size_t                     size;
    u_char                    *data;
    ngx_uint_t                 max_uris;
    uint32_t                  *uris;
} ngx_http_live_hls_scratch;


#define ngx_http_live_hls_list(hs, n)                                         \
    (((n) < 0) ? &(hs)->index : &(hs)->lists[n])


ngx_int_t
ngx_http_live_hls_render(ngx_http_live_hls_stream_t *hs, ngx_int_t n)
{
    ngx_int_t                           rc;
    ngx_uint_t                          tries;
    ngx_live_hls_text_t                 t;
    ngx_atomic_uint_t                   version;
    ngx_live_hls_signer_t               signer;
    static ngx_http_live_hls_window_t   w;

    tries = NGX_LIVE_HLS_TRIES;

    ngx_http_live_hls_signer(hs, &signer);

    while (tries) {

        t.start = ngx_http_live_hls_scratch.data;
        t.pos = t.start;
        t.end = t.start + ngx_http_live_hls_scratch.size;
        t.uris = ngx_http_live_hls_scratch.uris;
        t.nuris = 0;
        t.max_uris = ngx_http_live_hls_scratch.max_uris;
        t.sign = signer.keys ? ngx_live_hls_secret_sign : NULL;
        t.sign_data = &signer;

        version = ngx_live_hls_read(hs->hls);

        if (version & 1) {
            ngx_cpu_pause();
            tries--;
            continue;
        }

        rc = ngx_http_live_hls_render_try(hs, n, &w, &t);

        if (ngx_live_hls_changed(hs->hls, version)) {
            tries--;
            continue;
        }

        if (rc == NGX_ERROR) {

            /* too short, or never allocated */

            if (ngx_http_live_hls_scratch_grow(hs->st->log) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (ngx_http_live_hls_take(hs, n, &w, &t) != NGX_OK) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        /* NGX_AGAIN: there is more to be put into the body */
    }

    return NGX_AGAIN;
}


/* the name of a session is written once, before anybody sees it */

static void
ngx_http_live_hls_signer(ngx_http_live_hls_stream_t *hs,
    ngx_live_hls_signer_t *signer)
{
    ngx_memzero(signer, sizeof(ngx_live_hls_signer_t));

    signer->keys = hs->conf->keys;
    signer->session.data = hs->hls->session;
    signer->session.len = ngx_strlen(hs->hls->session);
}


static ngx_int_t
ngx_http_live_hls_render_try(ngx_http_live_hls_stream_t *hs, ngx_int_t n,
    ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t)
{
    ngx_int_t  rc;

    w->tag[0] = hs->hls->generation;
    w->tag[1] = hs->hls->changed;
    w->n = 0;
    w->partial = 0;

    if (n >= 0) {
        ngx_http_live_hls_window(w, hs, n);
        return ngx_http_live_hls_render_list(w, hs->lists[n].body, t);
    }

    rc = ngx_http_live_hls_render_index(hs->hls, t);

    w->plain = 0;
    w->skipped = 0;

    ngx_http_live_hls_mark(w, t, 0);
    ngx_http_live_hls_mark(w, t, 1);
    ngx_http_live_hls_mark(w, t, 2);

    return rc;
}


/* the numbers may be torn until the sequence lock says otherwise */

static void
ngx_http_live_hls_window(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_stream_t *hs, ngx_uint_t n)
{
    int64_t                       open;
    ngx_uint_t                    i;
    ngx_live_hls_sh_t            *hls;
    ngx_live_hls_segment_t        seg;
    ngx_live_hls_rendition_sh_t  *r;

    hls = hs->hls;
    r = hls->renditions[n];

    w->hls = hls;
    w->r = r;
    w->first = r->first;
    w->count = ngx_min(r->next - r->first, r->capacity);
    w->rewritten = r->rewritten;

    ngx_memzero(&w->pl, sizeof(ngx_live_hls_playlist_t));

    w->pl.track.data = r->name;
    w->pl.track.len = ngx_strnlen(r->name, sizeof(r->name));
    w->pl.target_duration = hls->target_duration;
    w->pl.part_target = hls->low_latency ? hls->part_target_us : 0;
    w->pl.media_sequence = w->first;
    w->pl.discontinuity_sequence = r->discontinuity;
    w->pl.independent = ngx_http_live_hls_independent(r);
    w->pl.ended = (hls->state == NGX_LIVE_HLS_ENDED);

    ngx_http_live_hls_entry(w, w->first + w->count, &seg);
    ngx_http_live_hls_entry_parts(w, &seg);

    for (open = 0, i = 0; i < seg.nparts; i++) {
        open += seg.parts[i].duration;
    }

    w->plain = ngx_live_hls_playlist_older(ngx_http_live_hls_duration, w,
                w->count, open,
                ngx_live_hls_playlist_parts_limit(w->pl.target_duration));

    w->skipped = ngx_live_hls_playlist_older(ngx_http_live_hls_duration, w,
                w->count, 0,
                ngx_live_hls_playlist_skip_limit(w->pl.target_duration));

    w->skipped = ngx_min(w->skipped, w->plain);
}


static ngx_int_t
ngx_http_live_hls_render_list(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body, ngx_live_hls_text_t *t)
{
    ngx_int_t  rc;

    if (!ngx_http_live_hls_body_valid(w, body)) {
        body = NULL;
    }

    rc = ngx_http_live_hls_render_body(w, body, t);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_live_hls_render_head(w, body, t, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_live_hls_mark(w, t, 0);

    if (w->skipped
        && ngx_http_live_hls_render_head(w, body, t, w->skipped) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_live_hls_mark(w, t, 1);

    if (ngx_http_live_hls_render_tail(w, t) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_live_hls_mark(w, t, 2);

    return NGX_OK;
}


/* the entries of older segments that the body does not have yet; NGX_AGAIN
 * when there are more than are rendered at once */

static ngx_int_t
ngx_http_live_hls_render_body(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body, ngx_live_hls_text_t *t)
{
    uint64_t                 msn, last;
    ngx_live_hls_segment_t   seg;

    w->msn = body ? body->msn + body->n : w->first;
    last = w->first + w->plain;

    for (msn = w->msn; msn < last; msn++) {

        if (w->n == NGX_HTTP_LIVE_HLS_BATCH) {
            w->partial = 1;
            return NGX_AGAIN;
        }

        ngx_http_live_hls_entry(w, msn, &seg);

        if (ngx_live_hls_playlist_segment(t, &w->pl, &seg, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        w->entries[w->n].end = t->pos - t->start;
        w->entries[w->n].uris = t->nuris;
        w->entries[w->n].map = seg.new_map;
        w->n++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_hls_render_head(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body, ngx_live_hls_text_t *t,
    ngx_uint_t skipped)
{
    ngx_live_hls_segment_t  seg;

    w->pl.delta = (skipped != 0);
    w->pl.map = 0;

    if (w->count && !ngx_http_live_hls_first_map(w, body)) {
        ngx_http_live_hls_entry(w, w->first, &seg);
        w->pl.map = seg.map;
    }

    if (ngx_live_hls_playlist_header(t, &w->pl) != NGX_OK) {
        return NGX_ERROR;
    }

    return skipped ? ngx_live_hls_playlist_skip(t, skipped) : NGX_OK;
}


/* whether the entry of the first segment has a MAP line, as it is rendered */

static ngx_uint_t
ngx_http_live_hls_first_map(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body)
{
    ngx_live_hls_segment_t  seg;

    if (w->plain == 0) {
        ngx_http_live_hls_entry(w, w->first, &seg);
        return seg.new_map;
    }

    if (body && w->first < body->msn + body->n) {
        return body->entries[w->first - body->msn].map;
    }

    return w->entries[0].map;
}


/* the segments with parts, and what follows them */

static ngx_int_t
ngx_http_live_hls_render_tail(ngx_http_live_hls_window_t *w,
    ngx_live_hls_text_t *t)
{
    ngx_uint_t               i, nreports;
    ngx_live_hls_report_t    reports[NGX_LIVE_TRACKS];
    ngx_live_hls_segment_t   seg;

    for (i = w->plain; i < w->count; i++) {
        ngx_http_live_hls_entry(w, w->first + i, &seg);
        ngx_http_live_hls_entry_parts(w, &seg);

        if (ngx_live_hls_playlist_segment(t, &w->pl, &seg, 1) != NGX_OK) {
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


static void
ngx_http_live_hls_mark(ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t,
    ngx_uint_t i)
{
    w->ends[i] = t->pos - t->start;
    w->uris[i] = t->nuris;
}


/* it goes up to the window, and nothing in it has become a gap since */

static ngx_uint_t
ngx_http_live_hls_body_valid(ngx_http_live_hls_window_t *w,
    ngx_http_live_hls_body_t *body)
{
    return body
           && body->rewritten == w->rewritten
           && body->msn <= w->first
           && body->msn + body->n >= w->first;
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

    init = ngx_live_hls_init(w->r, s->init);

    if (init == NULL) {

        /* of a segment without bytes it may not be known */

        init = ngx_live_hls_init(w->r, w->r->init);
    }

    if (init) {
        seg->map = init->hash;
        seg->new_map = seg->discontinuity
                       || (msn > w->first
                           && ngx_live_hls_segment(w->r, msn - 1)->init
                              != s->init);
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


static ngx_int_t
ngx_http_live_hls_scratch_grow(ngx_log_t *log)
{
    size_t      size;
    u_char     *p;
    ngx_uint_t  max_uris;

    size = ngx_max(65536, ngx_http_live_hls_scratch.size * 2);
    max_uris = size / 16;

    if (size > NGX_HTTP_LIVE_HLS_MOST) {
        ngx_log_error(NGX_LOG_ALERT, log, 0, "playlist is too large");
        return NGX_ERROR;
    }

    p = ngx_alloc(size + max_uris * sizeof(uint32_t), log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_live_hls_scratch.data) {
        ngx_free(ngx_http_live_hls_scratch.data);
    }

    ngx_http_live_hls_scratch.data = p;
    ngx_http_live_hls_scratch.size = size;
    ngx_http_live_hls_scratch.uris = (uint32_t *) (p + size);
    ngx_http_live_hls_scratch.max_uris = max_uris;

    return NGX_OK;
}


/* what was rendered is as it should be */

static ngx_int_t
ngx_http_live_hls_take(ngx_http_live_hls_stream_t *hs, ngx_int_t n,
    ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t)
{
    size_t                     from;
    ngx_log_t                 *log;
    ngx_uint_t                 i, first;
    ngx_http_live_hls_list_t  *list;
    ngx_http_live_hls_text_t  *texts[3];

    log = hs->st->log;
    list = ngx_http_live_hls_list(hs, n);

    if (n >= 0 && ngx_http_live_hls_take_body(list, w, t, log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (w->partial) {
        return NGX_OK;
    }

    from = w->n ? w->entries[w->n - 1].end : 0;
    first = w->n ? w->entries[w->n - 1].uris : 0;

    for (i = 0; i < 3; i++) {
        texts[i] = ngx_http_live_hls_take_text(t, from, w->ends[i], first,
                                               w->uris[i], log);
        if (texts[i] == NULL) {
            while (i--) {
                ngx_http_live_hls_text_free(texts[i]);
            }

            return NGX_ERROR;
        }

        from = w->ends[i];
        first = w->uris[i];
    }

    ngx_http_live_hls_list_drop(list);

    list->generation = w->tag[0];
    list->tag[0] = w->tag[0];
    list->tag[1] = w->tag[1];

    list->head[NGX_HTTP_LIVE_HLS_FULL] = texts[0];
    list->head[NGX_HTTP_LIVE_HLS_DELTA] = texts[1];
    list->tail = texts[2];

    if (w->skipped) {
        list->skips = 1;
    }

    if (list->body && w->plain) {
        i = w->first - list->body->msn;

        list->first[NGX_HTTP_LIVE_HLS_FULL] = i;
        list->first[NGX_HTTP_LIVE_HLS_DELTA] = i + w->skipped;
        list->last = i + w->plain;

        list->from[NGX_HTTP_LIVE_HLS_FULL] =
                                     ngx_http_live_hls_body_end(list->body, i);
        list->from[NGX_HTTP_LIVE_HLS_DELTA] =
                        ngx_http_live_hls_body_end(list->body, i + w->skipped);
        list->to = ngx_http_live_hls_body_end(list->body, list->last);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_hls_take_body(ngx_http_live_hls_list_t *list,
    ngx_http_live_hls_window_t *w, ngx_live_hls_text_t *t, ngx_log_t *log)
{
    size_t                      size;
    ngx_uint_t                  i, nuris;
    ngx_http_live_hls_body_t   *body;
    ngx_http_live_hls_entry_t  *e;

    if (w->n == 0) {

        if (list->body && !ngx_http_live_hls_body_valid(w, list->body)) {
            ngx_http_live_hls_text_free(&list->body->text);
            ngx_http_live_hls_gzip_drop(list);
            list->body = NULL;
        }

        return NGX_OK;
    }

    size = w->entries[w->n - 1].end;
    nuris = w->entries[w->n - 1].uris;

    if (ngx_http_live_hls_body_room(list, w, size, log) != NGX_OK) {
        return NGX_ERROR;
    }

    body = list->body;

    ngx_memcpy(body->text.data + body->text.len, t->start, size);

    for (i = 0; i < nuris; i++) {
        body->text.uris[body->text.nuris + i] = body->text.len + t->uris[i];
    }

    for (i = 0; i < w->n; i++) {
        e = &body->entries[body->n++];

        e->end = body->text.len + w->entries[i].end;
        e->uris = body->text.nuris + w->entries[i].uris;
        e->map = w->entries[i].map;
    }

    body->text.len += size;
    body->text.nuris += nuris;

    return NGX_OK;
}


/*
 * Room for w->n entries of so many bytes.  Memory that is full is left to
 * those who still send from it; what is in the window is copied into half as
 * much again, so each line is copied but a few times in its life.
 */

static ngx_int_t
ngx_http_live_hls_body_room(ngx_http_live_hls_list_t *list,
    ngx_http_live_hls_window_t *w, size_t size, ngx_log_t *log)
{
    size_t                      from, live;
    ngx_uint_t                  i, k, n, max, uris, first;
    ngx_http_live_hls_body_t   *old, *body;

    old = list->body;

    if (!ngx_http_live_hls_body_valid(w, old)) {
        ngx_http_live_hls_gzip_drop(list);

        k = 0;
        n = 0;
        from = 0;
        live = 0;
        first = 0;
        uris = 0;

    } else {
        if (old->n + w->n <= old->max
            && old->text.len + size <= old->size)
        {
            return NGX_OK;
        }

        k = w->first - old->msn;
        n = old->n - k;
        from = ngx_http_live_hls_body_end(old, k);
        live = old->text.len - from;
        first = k ? old->entries[k - 1].uris : 0;
        uris = old->text.nuris - first;
    }

    max = (n + w->n) * 3 / 2 + 64;
    size = (live + size) * 3 / 2 + 8192;

    /* an entry has two URIs at most, that of its map and its own */

    body = ngx_alloc(sizeof(ngx_http_live_hls_body_t)
                     + max * (sizeof(ngx_http_live_hls_entry_t)
                              + 2 * sizeof(uint32_t))
                     + size, log);
    if (body == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(body, sizeof(ngx_http_live_hls_body_t));

    body->entries = (ngx_http_live_hls_entry_t *) &body[1];
    body->text.uris = (uint32_t *) &body->entries[max];
    body->text.data = (u_char *) &body->text.uris[2 * max];
    body->text.refs = 1;
    body->size = size;
    body->max = max;
    body->msn = w->first;
    body->rewritten = w->rewritten;
    body->n = n;

    if (n) {
        ngx_memcpy(body->text.data, old->text.data + from, live);

        for (i = 0; i < uris; i++) {
            body->text.uris[i] = old->text.uris[first + i] - from;
        }

        for (i = 0; i < n; i++) {
            body->entries[i].end = old->entries[k + i].end - from;
            body->entries[i].uris = old->entries[k + i].uris - first;
            body->entries[i].map = old->entries[k + i].map;
        }

        body->text.len = live;
        body->text.nuris = uris;
    }

    if (old) {
        ngx_http_live_hls_text_free(&old->text);
    }

    list->body = body;

    return NGX_OK;
}


static ngx_http_live_hls_text_t *
ngx_http_live_hls_take_text(ngx_live_hls_text_t *t, size_t from, size_t to,
    ngx_uint_t first, ngx_uint_t last, ngx_log_t *log)
{
    size_t                     uris;
    ngx_uint_t                 i;
    ngx_http_live_hls_text_t  *text;

    uris = (last - first) * sizeof(uint32_t);

    text = ngx_alloc(sizeof(ngx_http_live_hls_text_t) + uris + (to - from),
                     log);
    if (text == NULL) {
        return NULL;
    }

    text->refs = 1;
    text->len = to - from;
    text->nuris = last - first;
    text->uris = (uint32_t *) &text[1];
    text->data = (u_char *) text->uris + uris;

    for (i = 0; i < text->nuris; i++) {
        text->uris[i] = t->uris[first + i] - from;
    }

    ngx_memcpy(text->data, t->start + from, text->len);

    return text;
}
