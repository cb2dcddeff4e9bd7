
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_disk.h"
#include "ngx_live_hls_file.h"
#include "ngx_live_hls_load.h"
#include "ngx_live_hls_name.h"

#include <ngx_thread_pool.h>


#define NGX_LIVE_HLS_DISK_APPEND    1
#define NGX_LIVE_HLS_DISK_TRUNCATE  2
#define NGX_LIVE_HLS_DISK_DELETE    3
#define NGX_LIVE_HLS_DISK_FILE      4
#define NGX_LIVE_HLS_DISK_JOURNAL   5
#define NGX_LIVE_HLS_DISK_RANGE     6
#define NGX_LIVE_HLS_DISK_FINAL     7

/* bytes of lines that may wait for a disk */
#define NGX_LIVE_HLS_DISK_LINES     262144

/* bytes of a journal that are not worth to be looked through */
#define NGX_LIVE_HLS_DISK_COMPACT   262144


/* a task of that size is not waited with */
#define NGX_LIVE_HLS_DISK_ENOUGH    65536

/* parts of one task */
#define NGX_LIVE_HLS_DISK_PARTS     16


struct ngx_live_hls_disk_task_s {
    ngx_thread_task_t             task;
    ngx_live_hls_disk_t          *disk;
    ngx_uint_t                    type;
    u_char                       *path;

    struct iovec                  data[NGX_LIVE_HLS_DISK_PARTS];
    ngx_uint_t                    n;
    size_t                        size;
    off_t                         offset;

    ngx_live_hls_rendition_sh_t  *rendition;
    uint64_t                      msn;
    uint64_t                      last;     /* + 1, of a range */
    ngx_uint_t                    part;     /* the first one */

    ngx_err_t                     err;
};


static ngx_live_hls_disk_task_t *ngx_live_hls_disk_task(
    ngx_live_hls_disk_t *disk, ngx_uint_t type, const char *name);
static ngx_live_hls_disk_task_t *ngx_live_hls_disk_segment(
    ngx_live_hls_disk_t *disk, ngx_uint_t type,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn);
static ngx_int_t ngx_live_hls_disk_post(ngx_live_hls_disk_task_t *t);
static void ngx_live_hls_disk_free(ngx_live_hls_disk_task_t *t);
static ngx_err_t ngx_live_hls_disk_append_file(ngx_live_hls_disk_task_t *t);
static void ngx_live_hls_disk_thread(void *data, ngx_log_t *log);
static ngx_int_t ngx_live_hls_disk_put(ngx_live_hls_disk_t *disk,
    ngx_uint_t type, const char *name, u_char *data, size_t size);
static void ngx_live_hls_disk_ended(ngx_live_hls_disk_t *disk);
static void ngx_live_hls_disk_delete_files(ngx_live_hls_disk_task_t *t);
static void ngx_live_hls_disk_run_journal(ngx_live_hls_disk_task_t *t,
    ngx_log_t *log);
static ngx_err_t ngx_live_hls_disk_write_journal(ngx_live_hls_disk_task_t *t,
    u_char *lines, size_t size, ngx_log_t *log);
static void ngx_live_hls_disk_done(ngx_event_t *ev);
static void ngx_live_hls_disk_failed(ngx_live_hls_disk_t *disk,
    ngx_live_hls_disk_task_t *t);
static void ngx_live_hls_disk_unref(ngx_live_hls_disk_t *disk);


ngx_live_hls_disk_t *
ngx_live_hls_disk_open(ngx_live_stream_t *st, ngx_live_hls_sh_t *hls,
    ngx_live_hls_app_conf_t *conf, void *data)
{
    ngx_live_hls_disk_t  *disk;

    disk = ngx_calloc(sizeof(ngx_live_hls_disk_t) + hls->dir.len + 1,
                      st->log);
    if (disk == NULL) {
        return NULL;
    }

    if (ngx_thread_mutex_create(&disk->mutex, st->log) != NGX_OK) {
        ngx_free(disk);
        return NULL;
    }

    disk->stream = st;
    disk->hls = hls;
    disk->pool = conf->pool;
    disk->log = ngx_cycle->log;
    disk->max = conf->queue;
    disk->data = data;
    disk->compact = NGX_LIVE_HLS_DISK_COMPACT;

    disk->dir.len = hls->dir.len;
    disk->dir.data = (u_char *) &disk[1];
    ngx_memcpy(disk->dir.data, hls->dir.data, hls->dir.len + 1);

    return disk;
}


void
ngx_live_hls_disk_close(ngx_live_hls_disk_t *disk)
{
    disk->closed = 1;
    disk->data = NULL;

    ngx_live_hls_disk_unref(disk);
}


static void
ngx_live_hls_disk_unref(ngx_live_hls_disk_t *disk)
{
    if (!disk->closed || disk->queued) {
        return;
    }

    (void) ngx_thread_mutex_destroy(&disk->mutex, disk->log);

    if (disk->lines) {
        ngx_free(disk->lines);
    }

    ngx_free(disk);
}


ngx_int_t
ngx_live_hls_disk_append(ngx_live_hls_disk_t *disk,
    ngx_live_hls_disk_task_t **pending, ngx_live_hls_rendition_sh_t *r,
    ngx_live_hls_part_sh_t *part, u_char *data, size_t size)
{
    ngx_live_hls_disk_task_t  *t;

    t = *pending;

    if (t && (t->msn != part->msn || t->offset + (off_t) t->size
                                     != (off_t) part->offset))
    {
        ngx_live_hls_disk_flush(pending);
        t = NULL;
    }

    if (t == NULL && disk->queued < disk->max) {
        t = ngx_live_hls_disk_segment(disk, NGX_LIVE_HLS_DISK_APPEND, r,
                                      part->msn);
    }

    if (t == NULL) {
        (void) ngx_atomic_fetch_add(&disk->hls->stat.disk_refused, 1);
        ngx_live_hls_disk_failed(disk, NULL);
        ngx_free(data);
        return NGX_DECLINED;
    }

    if (t->n == 0) {
        t->offset = part->offset;
        t->part = part->index;
    }

    t->data[t->n].iov_base = data;
    t->data[t->n].iov_len = size;
    t->n++;
    t->size += size;

    *pending = t;

    if (t->size >= NGX_LIVE_HLS_DISK_ENOUGH
        || t->n == NGX_LIVE_HLS_DISK_PARTS)
    {
        ngx_live_hls_disk_flush(pending);
    }

    return NGX_OK;
}


void
ngx_live_hls_disk_flush(ngx_live_hls_disk_task_t **pending)
{
    ngx_uint_t                     i, n, part;
    uint64_t                       msn;
    ngx_live_hls_disk_t           *disk;
    ngx_live_hls_disk_task_t      *t;
    ngx_live_hls_rendition_sh_t   *r;

    t = *pending;

    if (t == NULL) {
        return;
    }

    *pending = NULL;

    disk = t->disk;
    r = t->rendition;
    msn = t->msn;
    part = t->part;
    n = t->n;

    if (ngx_live_hls_disk_post(t) == NGX_OK || disk->data == NULL) {
        return;
    }

    (void) ngx_atomic_fetch_add(&disk->hls->stat.disk_refused, n);

    for (i = 0; i < n; i++) {
        disk->stored(disk->data, r, msn, part + i, 0);
    }
}


void
ngx_live_hls_disk_truncate(ngx_live_hls_disk_t *disk,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn, off_t size)
{
    ngx_live_hls_disk_task_t  *t;

    t = ngx_live_hls_disk_segment(disk, NGX_LIVE_HLS_DISK_TRUNCATE, r, msn);

    if (t) {
        t->offset = size;
        (void) ngx_live_hls_disk_post(t);
    }
}


void
ngx_live_hls_disk_delete(ngx_live_hls_disk_t *disk,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn)
{
    ngx_live_hls_disk_task_t  *t;

    t = ngx_live_hls_disk_segment(disk, NGX_LIVE_HLS_DISK_DELETE, r, msn);

    if (t) {
        (void) ngx_live_hls_disk_post(t);
    }
}


void
ngx_live_hls_disk_delete_range(ngx_live_hls_disk_t *disk,
    ngx_live_hls_rendition_sh_t *r, uint64_t from, uint64_t to)
{
    ngx_live_hls_disk_task_t  *t;

    if (from >= to) {
        return;
    }

    t = ngx_live_hls_disk_segment(disk, NGX_LIVE_HLS_DISK_RANGE, r, from);

    if (t) {
        t->last = to;
        (void) ngx_live_hls_disk_post(t);
    }
}


void
ngx_live_hls_disk_unlink(ngx_live_hls_disk_t *disk, const char *name)
{
    ngx_live_hls_disk_task_t  *t;

    t = ngx_live_hls_disk_task(disk, NGX_LIVE_HLS_DISK_DELETE, name);

    if (t) {
        (void) ngx_live_hls_disk_post(t);
    }
}


void
ngx_live_hls_disk_file(ngx_live_hls_disk_t *disk, const char *name,
    u_char *data, size_t size)
{
    (void) ngx_live_hls_disk_put(disk, NGX_LIVE_HLS_DISK_FILE, name, data,
                                 size);
}


static ngx_int_t
ngx_live_hls_disk_put(ngx_live_hls_disk_t *disk, ngx_uint_t type,
    const char *name, u_char *data, size_t size)
{
    ngx_live_hls_disk_task_t  *t;

    t = ngx_live_hls_disk_task(disk, type, name);

    if (t == NULL) {
        ngx_free(data);
        return NGX_DECLINED;
    }

    t->data[0].iov_base = data;
    t->data[0].iov_len = size;
    t->n = 1;

    return ngx_live_hls_disk_post(t);
}


void
ngx_live_hls_disk_final(ngx_live_hls_disk_t *disk, const char *name,
    u_char *data, size_t size)
{
    if (data == NULL
        || ngx_live_hls_disk_put(disk, NGX_LIVE_HLS_DISK_FINAL, name, data,
                                 size)
           != NGX_OK)
    {
        (void) ngx_atomic_fetch_add(&disk->hls->stat.disk_refused, 1);
        disk->unfinal = 1;
        return;
    }

    disk->finals++;

    disk->hls->finals = disk->finals;
    disk->hls->finals_since = ngx_live_clock();
}


void
ngx_live_hls_disk_end(ngx_live_hls_disk_t *disk, u_char *line, size_t len)
{
    disk->end_len = ngx_min(len, NGX_LIVE_HLS_DISK_END);
    ngx_memcpy(disk->end, line, disk->end_len);

    ngx_live_hls_disk_ended(disk);
}


/* without its playlists nobody would learn that the session is over */

static void
ngx_live_hls_disk_ended(ngx_live_hls_disk_t *disk)
{
    if (disk->end_len && disk->finals == 0 && !disk->unfinal) {
        (void) ngx_live_hls_disk_journal(disk, disk->end, disk->end_len);
    }
}


uint64_t
ngx_live_hls_disk_journal(ngx_live_hls_disk_t *disk, u_char *line, size_t len)
{
    u_char                    *p;
    ngx_uint_t                 run, lost;
    ngx_live_hls_disk_task_t  *t;

    run = 0;
    lost = 1;

    (void) ngx_thread_mutex_lock(&disk->mutex, disk->log);

    disk->given++;

    if (disk->lines == NULL) {
        disk->lines = ngx_alloc(NGX_LIVE_HLS_DISK_LINES, disk->log);
    }

    if (disk->lines && len <= NGX_LIVE_HLS_DISK_LINES - disk->size) {
        p = disk->lines + disk->size;
        ngx_memcpy(p, line, len);
        disk->size += len;
        lost = 0;
    }

    if (!disk->running && disk->lines) {
        disk->running = 1;
        run = 1;
    }

    (void) ngx_thread_mutex_unlock(&disk->mutex, disk->log);

    if (lost) {

        /* why it could not be written is in the log */

        (void) ngx_atomic_fetch_add(&disk->hls->stat.disk_refused, 1);
    }

    if (!run) {
        return disk->given;
    }

    t = ngx_live_hls_disk_task(disk, NGX_LIVE_HLS_DISK_JOURNAL, "journal");

    if (t == NULL || ngx_live_hls_disk_post(t) != NGX_OK) {
        disk->running = 0;
    }

    return disk->given;
}


static ngx_live_hls_disk_task_t *
ngx_live_hls_disk_segment(ngx_live_hls_disk_t *disk, ngx_uint_t type,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn)
{
    u_char                    *p, name[NGX_LIVE_HLS_NAME_FILE_LEN + 1];
    ngx_str_t                  track;
    ngx_live_hls_disk_task_t  *t;

    track.data = r->name;
    track.len = ngx_strlen(r->name);

    p = ngx_live_hls_name_file(name, NGX_LIVE_HLS_NAME_SEGMENT, &track, msn,
                               0, 0);
    *p = '\0';

    t = ngx_live_hls_disk_task(disk, type, (char *) name);

    if (t) {
        t->rendition = r;
        t->msn = msn;
    }

    return t;
}


static ngx_live_hls_disk_task_t *
ngx_live_hls_disk_task(ngx_live_hls_disk_t *disk, ngx_uint_t type,
    const char *name)
{
    size_t                     len;
    u_char                    *p;
    ngx_live_hls_disk_task_t  *t;

    len = ngx_strlen(name);

    t = ngx_calloc(sizeof(ngx_live_hls_disk_task_t) + disk->dir.len + len + 2,
                   disk->log);
    if (t == NULL) {
        return NULL;
    }

    t->disk = disk;
    t->type = type;
    t->path = (u_char *) &t[1];

    p = ngx_cpymem(t->path, disk->dir.data, disk->dir.len);
    *p++ = '/';
    ngx_memcpy(p, name, len + 1);

    t->task.ctx = t;
    t->task.handler = ngx_live_hls_disk_thread;
    t->task.event.data = t;
    t->task.event.log = disk->log;
    t->task.event.handler = ngx_live_hls_disk_done;

    return t;
}


static ngx_int_t
ngx_live_hls_disk_post(ngx_live_hls_disk_task_t *t)
{
    ngx_live_hls_disk_t  *disk;

    disk = t->disk;

    if (ngx_thread_task_post(disk->pool, &t->task) != NGX_OK) {
        ngx_live_hls_disk_free(t);
        return NGX_DECLINED;
    }

    disk->queued++;
    disk->stream->refs++;

    if (!disk->closed) {
        disk->hls->stat.disk_queued = disk->queued;
    }

    return NGX_OK;
}


static void
ngx_live_hls_disk_free(ngx_live_hls_disk_task_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->n; i++) {
        ngx_free(t->data[i].iov_base);
    }

    ngx_free(t);
}


static void
ngx_live_hls_disk_thread(void *data, ngx_log_t *log)
{
    ngx_live_hls_disk_task_t *t = data;

    switch (t->type) {

    case NGX_LIVE_HLS_DISK_APPEND:
        t->err = ngx_live_hls_disk_append_file(t);
        return;

    case NGX_LIVE_HLS_DISK_TRUNCATE:
        if (truncate((char *) t->path, t->offset) == -1) {
            t->err = (ngx_errno == NGX_ENOENT) ? 0 : ngx_errno;
        }

        return;

    case NGX_LIVE_HLS_DISK_DELETE:
        if (ngx_delete_file(t->path) == NGX_FILE_ERROR) {
            t->err = (ngx_errno == NGX_ENOENT) ? 0 : ngx_errno;
        }

        return;

    case NGX_LIVE_HLS_DISK_FILE:
    case NGX_LIVE_HLS_DISK_FINAL:
        t->err = ngx_live_hls_file_put(t->path, t->data[0].iov_base,
                                       t->data[0].iov_len);
        return;

    case NGX_LIVE_HLS_DISK_RANGE:
        ngx_live_hls_disk_delete_files(t);
        return;

    default: /* NGX_LIVE_HLS_DISK_JOURNAL */
        ngx_live_hls_disk_run_journal(t, log);
        return;
    }
}


static ngx_err_t
ngx_live_hls_disk_append_file(ngx_live_hls_disk_task_t *t)
{
    off_t       offset;
    ngx_fd_t    fd;
    ngx_err_t   err;
    ngx_uint_t  i;

    fd = ngx_live_hls_file_create(t->path, O_WRONLY, &err);

    if (fd == NGX_INVALID_FILE) {
        return err;
    }

    offset = t->offset;

    for (i = 0; err == 0 && i < t->n; i++) {
        err = ngx_live_hls_file_write(fd, t->data[i].iov_base,
                                      t->data[i].iov_len, offset);
        offset += t->data[i].iov_len;
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR && err == 0) {
        err = ngx_errno;
    }

    return err;
}


static void
ngx_live_hls_disk_delete_files(ngx_live_hls_disk_task_t *t)
{
    u_char     *path, buf[NGX_MAX_PATH];
    uint64_t    msn;
    ngx_str_t   name;

    name.data = t->rendition->name;
    name.len = ngx_strlen(t->rendition->name);

    for (msn = t->msn; msn < t->last; msn++) {
        path = ngx_live_hls_load_path(buf, t->disk->dir.data, &name,
                                      NGX_LIVE_HLS_NAME_SEGMENT, msn);

        if (path && ngx_delete_file(path) == NGX_FILE_ERROR
            && ngx_errno != NGX_ENOENT)
        {
            t->err = ngx_errno;
            return;
        }
    }
}


/*
 * Writes until there is nothing left.  Lines that could not be written stay
 * for the next time.
 */

static void
ngx_live_hls_disk_run_journal(ngx_live_hls_disk_task_t *t, ngx_log_t *log)
{
    u_char               *lines;
    size_t                size;
    uint64_t              given;
    ngx_err_t             err;
    ngx_live_hls_disk_t  *disk;

    disk = t->disk;
    lines = ngx_alloc(NGX_LIVE_HLS_DISK_LINES, log);
    err = lines ? 0 : NGX_ENOMEM;
    size = 0;
    given = 0;

    for ( ;; ) {
        (void) ngx_thread_mutex_lock(&disk->mutex, log);

        if (size && err == 0) {
            ngx_memmove(disk->lines, disk->lines + size, disk->size - size);
            disk->size -= size;
            disk->written = given;
        }

        if (disk->size == 0 || err) {
            disk->running = 0;
            disk->err = err;

            (void) ngx_thread_mutex_unlock(&disk->mutex, log);
            break;
        }

        size = disk->size;
        given = disk->given;
        ngx_memcpy(lines, disk->lines, size);

        (void) ngx_thread_mutex_unlock(&disk->mutex, log);

        err = ngx_live_hls_disk_write_journal(t, lines, size, log);
    }

    t->err = err;

    if (lines) {
        ngx_free(lines);
    }
}


/* there is one such task at a time: cut and compact are its own */

static ngx_err_t
ngx_live_hls_disk_write_journal(ngx_live_hls_disk_task_t *t, u_char *lines,
    size_t size, ngx_log_t *log)
{
    off_t                 end;
    ngx_err_t             err;
    ngx_live_hls_disk_t  *disk;

    disk = t->disk;

    if (disk->cut) {
        err = ngx_live_hls_file_cut(t->path, disk->read, disk->valid);

        if (err) {
            return err;
        }

        disk->cut = 0;
    }

    err = ngx_live_hls_file_append(t->path, lines, size, &end);

    if (err || end < disk->compact) {
        return err;
    }

    /* while it does not fail it stays below twice what it must hold */

    err = ngx_live_hls_file_compact(t->path, &end, log);

    if (err) {
        ngx_log_error(NGX_LOG_ERR, log, err,
                      "could not compact \"%s\"", t->path);
    }

    disk->compact = ngx_max(2 * end, NGX_LIVE_HLS_DISK_COMPACT);

    return 0;
}


static void
ngx_live_hls_disk_done(ngx_event_t *ev)
{
    uint64_t                   written;
    ngx_uint_t                 i;
    ngx_live_stream_t         *st;
    ngx_live_hls_disk_t       *disk;
    ngx_live_hls_disk_task_t  *t;

    t = ev->data;
    disk = t->disk;
    st = disk->stream;

    disk->queued--;

    if (!disk->closed) {
        disk->hls->stat.disk_queued = disk->queued;
    }

    if (t->err) {
        ngx_live_hls_disk_failed(disk, t);
    }

    switch (t->type) {

    case NGX_LIVE_HLS_DISK_APPEND:
        disk->failing = t->err ? 1 : 0;

        if (t->err == 0) {
            (void) ngx_atomic_fetch_add(&disk->hls->stat.disk_bytes, t->size);
        }

        for (i = 0; disk->data && i < t->n; i++) {
            disk->stored(disk->data, t->rendition, t->msn, t->part + i,
                         t->err == 0);
        }

        break;

    case NGX_LIVE_HLS_DISK_JOURNAL:
        (void) ngx_thread_mutex_lock(&disk->mutex, disk->log);
        written = t->err ? disk->given : disk->written;
        (void) ngx_thread_mutex_unlock(&disk->mutex, disk->log);

        if (disk->data) {
            disk->journaled(disk->data, written);
        }

        break;

    case NGX_LIVE_HLS_DISK_FINAL:
        disk->finals--;
        disk->hls->finals = disk->finals;

        if (t->err) {
            disk->unfinal = 1;
        }

        ngx_live_hls_disk_ended(disk);

        break;
    }

    ngx_live_hls_disk_free(t);

    ngx_live_hls_disk_unref(disk);
    ngx_live_stream_close(st);
}


/* an error is said once a minute, all are counted */

static void
ngx_live_hls_disk_failed(ngx_live_hls_disk_t *disk,
    ngx_live_hls_disk_task_t *t)
{
    if (t) {
        (void) ngx_atomic_fetch_add(&disk->hls->stat.disk_errors, 1);
    }

    if (disk->logged && ngx_current_msec - disk->logged < 60000) {
        return;
    }

    disk->logged = ngx_current_msec;

    if (t == NULL) {
        ngx_log_error(NGX_LOG_ERR, disk->log, 0,
                      "%ui disk tasks of HLS session \"%V\" are waiting, "
                      "parts are lost", disk->queued, &disk->dir);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, disk->log, t->err,
                  "could not %s \"%s\"",
                  (t->type == NGX_LIVE_HLS_DISK_DELETE) ? "delete" : "write",
                  t->path);
}
