
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_archive.h"


static u_char *ngx_live_hls_archive_rendition(ngx_live_hls_packager_t *p,
    ngx_live_hls_rendition_sh_t *r, size_t *size);
static void ngx_live_hls_archive_multivariant(ngx_live_hls_packager_t *p);


u_char *
ngx_live_hls_archive_media(ngx_live_hls_archive_t *a, size_t *size,
    ngx_log_t *log)
{
    size_t               len;
    u_char              *p;
    ngx_uint_t           i;
    ngx_live_hls_text_t  t;

    len = ngx_live_hls_playlist_header_size()
          + a->n * ngx_live_hls_playlist_segment_size(0)
          + ngx_live_hls_playlist_tail_size(0, 0);

    p = ngx_alloc(len, log);
    if (p == NULL) {
        return NULL;
    }

    ngx_memzero(&t, sizeof(ngx_live_hls_text_t));

    t.start = p;
    t.pos = p;
    t.end = p + len;

    if (ngx_live_hls_playlist_header(&t, &a->playlist) != NGX_OK) {
        goto failed;
    }

    for (i = 0; i < a->n; i++) {
        if (ngx_live_hls_playlist_segment(&t, &a->playlist, &a->segments[i],
                                          0)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (a->playlist.ended
        && ngx_live_hls_playlist_tail(&t, &a->playlist, NULL, NULL, 0)
           != NGX_OK)
    {
        goto failed;
    }

    *size = t.pos - p;

    return p;

failed:

    ngx_free(p);

    return NULL;
}


u_char *
ngx_live_hls_archive_index(ngx_str_t *session,
    ngx_live_hls_rendition_t *renditions, ngx_uint_t n,
    ngx_uint_t independent, size_t *size, ngx_log_t *log)
{
    size_t               len;
    u_char              *p;
    ngx_live_hls_text_t  t;

    len = 1024 * (n + 1) * (n + 1);

    p = ngx_alloc(len, log);
    if (p == NULL) {
        return NULL;
    }

    ngx_memzero(&t, sizeof(ngx_live_hls_text_t));

    t.start = p;
    t.pos = p;
    t.end = p + len;

    if (ngx_live_hls_playlist_multivariant(&t, session, renditions, n,
                                           independent)
        != NGX_OK)
    {
        ngx_free(p);
        return NULL;
    }

    *size = t.pos - p;

    return p;
}


void
ngx_live_hls_archive(ngx_live_hls_packager_t *p)
{
    u_char                       *data, name[sizeof("01234567.m3u8")];
    size_t                        size;
    ngx_uint_t                    i;
    ngx_live_hls_rendition_sh_t  *r;

    for (i = 0; i < p->hls->nrenditions; i++) {
        r = p->hls->renditions[i];
        size = 0;

        data = ngx_live_hls_archive_rendition(p, r, &size);

        (void) ngx_sprintf(name, "%s.m3u8%Z", r->name);
        ngx_live_hls_disk_final(p->disk, (char *) name, data, size);
    }

    ngx_live_hls_archive_multivariant(p);
}


static u_char *
ngx_live_hls_archive_rendition(ngx_live_hls_packager_t *p,
    ngx_live_hls_rendition_sh_t *r, size_t *size)
{
    u_char                     *text;
    uint32_t                    last;
    uint64_t                    msn;
    ngx_live_hls_init_sh_t     *init;
    ngx_live_hls_segment_t     *seg;
    ngx_live_hls_archive_t      a;
    ngx_live_hls_segment_sh_t  *sh;

    ngx_memzero(&a, sizeof(ngx_live_hls_archive_t));

    a.n = r->next - r->first;
    a.segments = ngx_calloc((a.n + 1) * sizeof(ngx_live_hls_segment_t),
                            p->stream->log);
    if (a.segments == NULL) {
        return NULL;
    }

    a.playlist.track.data = r->name;
    a.playlist.track.len = ngx_strlen(r->name);
    a.playlist.target_duration = p->hls->target_duration;
    a.playlist.media_sequence = r->first;
    a.playlist.discontinuity_sequence = r->discontinuity;
    a.playlist.independent = (r->dependent <= r->first);
    a.playlist.ended = 1;

    last = 0;

    for (msn = r->first; msn < r->next; msn++) {
        sh = ngx_live_hls_segment(r, msn);
        seg = &a.segments[msn - r->first];
        init = ngx_live_hls_init(r, sh->init);

        seg->msn = msn;
        seg->duration = sh->duration;
        seg->date = sh->date;
        seg->map = init ? init->hash : 0;
        seg->discontinuity = (sh->flags & NGX_LIVE_HLS_DISCONT) ? 1 : 0;
        seg->gap = (sh->flags & NGX_LIVE_HLS_GAP) ? 1 : 0;
        seg->new_map = (seg->map
                        && (seg->discontinuity || sh->init != last));
        last = sh->init;
    }

    text = ngx_live_hls_archive_media(&a, size, p->stream->log);

    ngx_free(a.segments);

    return text;
}


static void
ngx_live_hls_archive_multivariant(ngx_live_hls_packager_t *p)
{
    u_char                       *data;
    size_t                        size;
    ngx_str_t                     session;
    ngx_uint_t                    i, independent;
    ngx_live_hls_rendition_t      list[NGX_LIVE_TRACKS], *to;
    ngx_live_hls_rendition_sh_t  *r;

    independent = 1;

    ngx_memzero(list, sizeof(list));

    for (i = 0; i < p->hls->nrenditions; i++) {
        r = p->hls->renditions[i];
        to = &list[i];

        to->track.data = r->name;
        to->track.len = ngx_strlen(r->name);
        to->codec.data = r->string;
        to->codec.len = ngx_strlen(r->string);
        to->bandwidth = r->bandwidth.peak;
        to->average = r->bandwidth.average;
        to->width = r->width;
        to->height = r->height;
        to->frame = r->frame;
        to->channels = r->channels;
        to->video = (r->kind == NGX_LIVE_KIND_VIDEO);

        independent &= (r->dependent <= r->first);
    }

    session.data = p->hls->session;
    session.len = ngx_strlen(p->hls->session);

    size = 0;

    data = ngx_live_hls_archive_index(&session, list, p->hls->nrenditions,
                                      independent, &size, p->stream->log);

    ngx_live_hls_disk_final(p->disk, "../index.m3u8", data, size);
}
