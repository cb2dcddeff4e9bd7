
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_packager.h"


static uint64_t ngx_live_hls_record(ngx_live_hls_packager_t *p,
    ngx_live_hls_journal_record_t *rec);


static uint64_t
ngx_live_hls_record(ngx_live_hls_packager_t *p,
    ngx_live_hls_journal_record_t *rec)
{
    u_char  *last, line[NGX_LIVE_HLS_JOURNAL_LINE];

    last = ngx_live_hls_journal_write(line, line + sizeof(line), rec);

    if (last == NULL) {
        ngx_log_error(NGX_LOG_ALERT, p->stream->log, 0,
                      "could not make a journal line of type %ui",
                      rec->type);
        return 0;
    }

    return ngx_live_hls_disk_journal(p->disk, line, last - line);
}


void
ngx_live_hls_record_header(ngx_live_hls_packager_t *p)
{
    u_char                         *last, *start;
    ngx_live_hls_journal_record_t   rec;

    ngx_memzero(&rec, sizeof(ngx_live_hls_journal_record_t));

    rec.type = NGX_LIVE_HLS_JOURNAL_HEADER;
    rec.u.header.session.data = p->hls->session;
    rec.u.header.session.len = ngx_strlen(p->hls->session);

    /* APP/NAME, escaped, is the end of the directory but for the session */

    start = p->disk->dir.data + p->conf->path.len + 1;
    last = p->disk->dir.data + p->disk->dir.len - rec.u.header.session.len - 1;

    rec.u.header.stream.data = start;
    rec.u.header.stream.len = last - start;
    rec.u.header.created = p->hls->created;
    rec.u.header.target = p->hls->target_duration;
    rec.u.header.part = p->hls->part_target_us;

    (void) ngx_live_hls_record(p, &rec);
}


void
ngx_live_hls_record_track(ngx_live_hls_track_t *t, uint64_t map)
{
    ngx_live_hls_journal_track_t   *tr;
    ngx_live_hls_journal_record_t   rec;

    ngx_memzero(&rec, sizeof(ngx_live_hls_journal_record_t));

    rec.type = NGX_LIVE_HLS_JOURNAL_TRACK;

    tr = &rec.u.track;

    tr->name.data = t->r->name;
    tr->name.len = ngx_strlen(t->r->name);
    tr->codec.data = t->r->string;
    tr->codec.len = ngx_strlen(t->r->string);
    tr->map = map;
    tr->width = t->r->width;
    tr->height = t->r->height;
    tr->frame = t->r->frame;
    tr->rate = t->r->rate;
    tr->channels = t->r->channels;
    tr->video = (t->r->kind == NGX_LIVE_KIND_VIDEO);

    (void) ngx_live_hls_record(t->packager, &rec);
}


/* t->segment, which is t->r->next */

void
ngx_live_hls_record_segment(ngx_live_hls_track_t *t)
{
    ngx_live_hls_init_sh_t            *init;
    ngx_live_hls_journal_record_t      rec;
    ngx_live_hls_journal_segment_t    *seg;
    ngx_live_hls_journal_rendition_t  *r;

    ngx_memzero(&rec, sizeof(ngx_live_hls_journal_record_t));

    rec.type = NGX_LIVE_HLS_JOURNAL_SEGMENT;

    seg = &rec.u.segment;

    seg->msn = t->r->next;
    seg->start = t->segment.start;
    seg->date = t->segment.date;
    seg->discontinuity = (t->segment.flags & NGX_LIVE_HLS_DISCONT) ? 1 : 0;
    seg->n = 1;

    init = ngx_live_hls_init(t->r, t->segment.init);

    r = &seg->renditions[0];

    r->track.data = t->r->name;
    r->track.len = ngx_strlen(t->r->name);
    r->duration = t->segment.duration;
    r->bytes = t->segment.size;
    r->map = init ? init->hash : 0;
    r->independent = (t->segment.flags & NGX_LIVE_HLS_INDEPENDENT) ? 1 : 0;
    r->gap = (t->segment.flags & NGX_LIVE_HLS_GAP) ? 1 : 0;

    t->line = ngx_live_hls_record(t->packager, &rec);
}


void
ngx_live_hls_record_window(ngx_live_hls_packager_t *p)
{
    ngx_live_hls_journal_record_t  rec;

    ngx_memzero(&rec, sizeof(ngx_live_hls_journal_record_t));

    rec.type = NGX_LIVE_HLS_JOURNAL_WINDOW;
    rec.u.window.first = p->tracks[0].r->first;
    rec.u.window.dseq = p->tracks[0].r->discontinuity;

    (void) ngx_live_hls_record(p, &rec);
}


void
ngx_live_hls_record_end(ngx_live_hls_packager_t *p)
{
    u_char                         *last, line[NGX_LIVE_HLS_DISK_END];
    ngx_live_hls_journal_record_t   rec;

    ngx_memzero(&rec, sizeof(ngx_live_hls_journal_record_t));

    rec.type = NGX_LIVE_HLS_JOURNAL_END;

    last = ngx_live_hls_journal_write(line, line + sizeof(line), &rec);

    if (last) {
        ngx_live_hls_disk_end(p->disk, line, last - line);
    }
}
