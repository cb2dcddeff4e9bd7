
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_load.h"
#include "ngx_live_hls_name.h"


#define NGX_LIVE_HLS_LOAD_MAX  (256 * 1024 * 1024)


static void ngx_live_hls_load_window(ngx_live_hls_loaded_t *l);
static ngx_int_t ngx_live_hls_load_record(ngx_live_hls_loaded_t *l,
    ngx_live_hls_journal_record_t *rec, ngx_log_t *log);
static ngx_int_t ngx_live_hls_load_track(ngx_live_hls_loaded_t *l,
    ngx_live_hls_journal_track_t *track);
static ngx_live_hls_loaded_rendition_t *ngx_live_hls_load_rendition(
    ngx_live_hls_loaded_t *l, ngx_str_t *name);
static ngx_int_t ngx_live_hls_load_segment(ngx_live_hls_loaded_t *l,
    ngx_live_hls_journal_segment_t *rec, ngx_uint_t i, ngx_log_t *log);
static ngx_live_hls_loaded_segment_t *ngx_live_hls_load_push(
    ngx_live_hls_loaded_rendition_t *r, ngx_log_t *log);


ngx_int_t
ngx_live_hls_load(ngx_live_hls_loaded_t *l, u_char *dir, ngx_log_t *log)
{
    u_char                         path[NGX_MAX_PATH];
    ngx_int_t                      rc;
    ngx_live_hls_journal_t         j;
    ngx_live_hls_journal_record_t  rec;

    ngx_memzero(l, sizeof(ngx_live_hls_loaded_t));

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/journal%Z", dir);

    l->data = ngx_live_hls_load_file(path, NGX_LIVE_HLS_LOAD_MAX, &l->len,
                                     &l->mtime, log);
    if (l->data == NULL) {
        return NGX_DECLINED;
    }

    ngx_live_hls_load_window(l);

    ngx_live_hls_journal_init(&j, l->data, l->len);

    for ( ;; ) {
        rc = ngx_live_hls_journal_next(&j, &rec);

        if (rc != NGX_OK) {
            break;
        }

        if (ngx_live_hls_load_record(l, &rec, log) != NGX_OK) {
            rc = NGX_ERROR;
            break;
        }
    }

    /* garbage ends it, what stands before that counts */

    l->valid = j.pos - l->data;

    if (!j.started || l->n == 0) {
        ngx_live_hls_load_free(l);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_live_hls_load_free(ngx_live_hls_loaded_t *l)
{
    ngx_uint_t  i;

    for (i = 0; i < l->n; i++) {
        if (l->renditions[i].segments) {
            ngx_free(l->renditions[i].segments);
        }
    }

    if (l->data) {
        ngx_free(l->data);
    }

    l->data = NULL;
    l->n = 0;
}


/* the newest W line comes first: most of a long journal is not needed */

static void
ngx_live_hls_load_window(ngx_live_hls_loaded_t *l)
{
    ngx_live_hls_journal_t         j;
    ngx_live_hls_journal_record_t  rec;

    ngx_live_hls_journal_init(&j, l->data, l->len);

    while (ngx_live_hls_journal_next(&j, &rec) == NGX_OK) {
        if (rec.type == NGX_LIVE_HLS_JOURNAL_WINDOW) {
            l->window = rec.u.window;
        }
    }
}


static ngx_int_t
ngx_live_hls_load_record(ngx_live_hls_loaded_t *l,
    ngx_live_hls_journal_record_t *rec, ngx_log_t *log)
{
    ngx_uint_t  i;

    switch (rec->type) {

    case NGX_LIVE_HLS_JOURNAL_HEADER:
        l->header = rec->u.header;
        return NGX_OK;

    case NGX_LIVE_HLS_JOURNAL_TRACK:
        return ngx_live_hls_load_track(l, &rec->u.track);

    case NGX_LIVE_HLS_JOURNAL_SEGMENT:

        if (rec->u.segment.msn < l->window.first) {
            return NGX_OK;
        }

        for (i = 0; i < rec->u.segment.n; i++) {
            if (ngx_live_hls_load_segment(l, &rec->u.segment, i, log)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        return NGX_OK;

    case NGX_LIVE_HLS_JOURNAL_END:
        l->ended = 1;
        return NGX_OK;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_live_hls_load_track(ngx_live_hls_loaded_t *l,
    ngx_live_hls_journal_track_t *track)
{
    ngx_live_hls_loaded_rendition_t  *r;

    r = ngx_live_hls_load_rendition(l, &track->name);

    if (r == NULL) {
        if (l->n == NGX_LIVE_TRACKS) {
            return NGX_ERROR;
        }

        r = &l->renditions[l->n++];
        ngx_memzero(r, sizeof(ngx_live_hls_loaded_rendition_t));
    }

    r->track = *track;

    return NGX_OK;
}


static ngx_live_hls_loaded_rendition_t *
ngx_live_hls_load_rendition(ngx_live_hls_loaded_t *l, ngx_str_t *name)
{
    ngx_uint_t  i;
    ngx_str_t  *s;

    for (i = 0; i < l->n; i++) {
        s = &l->renditions[i].track.name;

        if (s->len == name->len
            && ngx_memcmp(s->data, name->data, name->len) == 0)
        {
            return &l->renditions[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_live_hls_load_segment(ngx_live_hls_loaded_t *l,
    ngx_live_hls_journal_segment_t *rec, ngx_uint_t i, ngx_log_t *log)
{
    uint64_t                           msn;
    ngx_live_hls_loaded_segment_t     *seg, *last;
    ngx_live_hls_loaded_rendition_t   *r;
    ngx_live_hls_journal_rendition_t  *jr;

    jr = &rec->renditions[i];

    r = ngx_live_hls_load_rendition(l, &jr->track);

    if (r == NULL) {
        return NGX_OK;
    }

    msn = r->n ? r->segments[r->n - 1].msn + 1 : rec->msn;

    if (rec->msn < msn) {

        /* again: a new owner has closed what the old one had not */

        if (msn - rec->msn > r->n) {
            return NGX_OK;
        }

        seg = &r->segments[r->n - (msn - rec->msn)];

    } else {

        if (rec->msn - msn > 64) {
            return NGX_ERROR;
        }

        /* lines that are missing were segments nevertheless */

        while (msn < rec->msn) {
            seg = ngx_live_hls_load_push(r, log);
            if (seg == NULL) {
                return NGX_ERROR;
            }

            last = seg - 1;

            *seg = *last;
            seg->msn = msn++;
            seg->start = last->start + last->duration;
            seg->date = last->date + last->duration / 90;
            seg->bytes = 0;
            seg->flags = NGX_LIVE_HLS_GAP;
        }

        seg = ngx_live_hls_load_push(r, log);
        if (seg == NULL) {
            return NGX_ERROR;
        }
    }

    seg->msn = rec->msn;
    seg->start = rec->start;
    seg->date = rec->date;
    seg->duration = jr->duration;
    seg->bytes = jr->bytes;
    seg->map = jr->map;
    seg->flags = (rec->discontinuity ? NGX_LIVE_HLS_DISCONT : 0)
                 | (jr->independent ? NGX_LIVE_HLS_INDEPENDENT : 0)
                 | (jr->gap ? NGX_LIVE_HLS_GAP : 0);

    return NGX_OK;
}


static ngx_live_hls_loaded_segment_t *
ngx_live_hls_load_push(ngx_live_hls_loaded_rendition_t *r, ngx_log_t *log)
{
    ngx_uint_t                      n;
    ngx_live_hls_loaded_segment_t  *segments;

    if (r->n == r->allocated) {
        n = ngx_max(64, r->allocated * 2);

        segments = ngx_alloc(n * sizeof(ngx_live_hls_loaded_segment_t), log);
        if (segments == NULL) {
            return NULL;
        }

        if (r->segments) {
            ngx_memcpy(segments, r->segments,
                       r->n * sizeof(ngx_live_hls_loaded_segment_t));
            ngx_free(r->segments);
        }

        r->segments = segments;
        r->allocated = n;
    }

    return &r->segments[r->n++];
}


u_char *
ngx_live_hls_load_file(u_char *path, size_t max, size_t *size, time_t *mtime,
    ngx_log_t *log)
{
    u_char           *data;
    size_t            len;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    fd = open((char *) path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW);

    if (fd == NGX_INVALID_FILE) {
        return NULL;
    }

    data = NULL;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR
        || !ngx_is_file(&fi)
        || ngx_file_size(&fi) == 0
        || ngx_file_size(&fi) > (off_t) max)
    {
        goto done;
    }

    *size = ngx_file_size(&fi);
    *mtime = ngx_file_mtime(&fi);

    data = ngx_alloc(*size, log);

    if (data == NULL) {
        goto done;
    }

    for (len = 0; len < *size; len += n) {
        n = read(fd, data + len, *size - len);

        if (n <= 0) {
            ngx_free(data);
            data = NULL;
            break;
        }
    }

done:

    (void) ngx_close_file(fd);

    return data;
}


u_char *
ngx_live_hls_load_path(u_char *buf, u_char *dir, ngx_str_t *track,
    ngx_uint_t kind, uint64_t n)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(dir);

    if (len + NGX_LIVE_HLS_NAME_FILE_LEN + 2 > NGX_MAX_PATH) {
        return NULL;
    }

    p = ngx_cpymem(buf, dir, len);
    *p++ = '/';
    p = ngx_live_hls_name_file(p, kind, track, n, 0, n);
    *p = '\0';

    return buf;
}
