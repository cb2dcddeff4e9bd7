
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_watch.h"


#define NGX_LIVE_WATCH_INTERVAL  2000      /* ms */


/* what was read; of the thread while it runs */

typedef struct {
    ngx_live_watch_t          *watch;
    ngx_int_t                  rc;         /* NGX_DECLINED: unchanged */
    uint64_t                   stamp;      /* 0: there is no file */
    u_char                    *data;
    size_t                     len;
    ngx_err_t                  err;
    const char                *reason;
} ngx_live_watch_task_t;


typedef struct {
    ngx_event_t                timer;
    ngx_array_t               *watches;
    ngx_thread_pool_t         *threads;
} ngx_live_watch_all_t;


static void ngx_live_watch_load(ngx_live_watch_task_t *t);
static ngx_int_t ngx_live_watch_file(ngx_live_watch_task_t *t, ngx_fd_t fd);
static ngx_int_t ngx_live_watch_fail(ngx_live_watch_task_t *t, ngx_err_t err,
    const char *reason);
static ngx_int_t ngx_live_watch_task(ngx_cycle_t *cycle, ngx_live_watch_t *w);
static void ngx_live_watch_timer(ngx_event_t *ev);
static void ngx_live_watch_thread(void *data, ngx_log_t *log);
static void ngx_live_watch_done(ngx_event_t *ev);
static ngx_int_t ngx_live_watch_take(ngx_live_watch_task_t *t);


ngx_int_t
ngx_live_watch_read(ngx_conf_t *cf, ngx_live_watch_t *w)
{
    ngx_live_watch_task_t  t;

    ngx_memzero(&t, sizeof(ngx_live_watch_task_t));

    t.watch = w;

    ngx_live_watch_load(&t);

    if (t.rc == NGX_OK && ngx_live_watch_take(&t) == NGX_OK) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, t.err, "%s \"%V\": %s", w->what,
                  &w->path, t.reason);

    return NGX_ERROR;
}


/* in a thread, or while the configuration is read */

static void
ngx_live_watch_load(ngx_live_watch_task_t *t)
{
    ngx_fd_t  fd;

    t->err = 0;
    t->stamp = 0;
    t->data = NULL;

    fd = ngx_open_file(t->watch->path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        t->rc = ngx_live_watch_fail(t, ngx_errno, ngx_open_file_n " failed");
        return;
    }

    t->rc = ngx_live_watch_file(t, fd);

    (void) ngx_close_file(fd);

    if (t->rc == NGX_ERROR && t->data) {
        ngx_free(t->data);
        t->data = NULL;
    }
}


static ngx_int_t
ngx_live_watch_file(ngx_live_watch_task_t *t, ngx_fd_t fd)
{
    ssize_t           n;
    ngx_file_info_t   fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        return ngx_live_watch_fail(t, ngx_errno, ngx_fd_info_n " failed");
    }

    t->stamp = (uint64_t) ngx_file_mtime(&fi) * 1000003
               ^ (uint64_t) fi.st_mtim.tv_nsec
               ^ ((uint64_t) ngx_file_size(&fi) << 32)
               ^ ngx_file_uniq(&fi);

    if (t->stamp == t->watch->stamp) {
        return NGX_DECLINED;
    }

    if (!ngx_is_file(&fi)) {
        return ngx_live_watch_fail(t, 0, "it is no file");
    }

    if (ngx_file_size(&fi) > (off_t) t->watch->max) {
        return ngx_live_watch_fail(t, 0, "the file is too large");
    }

    t->data = ngx_alloc(ngx_file_size(&fi) + 1, ngx_cycle->log);
    if (t->data == NULL) {
        return ngx_live_watch_fail(t, 0, "no memory");
    }

    n = pread(fd, t->data, ngx_file_size(&fi), 0);

    if (n == -1) {
        return ngx_live_watch_fail(t, ngx_errno, "read() failed");
    }

    t->len = n;

    return NGX_OK;
}


static ngx_int_t
ngx_live_watch_fail(ngx_live_watch_task_t *t, ngx_err_t err,
    const char *reason)
{
    t->err = err;
    t->reason = reason;

    return NGX_ERROR;
}


static ngx_int_t
ngx_live_watch_take(ngx_live_watch_task_t *t)
{
    t->reason = "it is bad";

    if (t->watch->handler(t->watch, t->data, t->len, &t->reason) != NGX_OK) {
        ngx_free(t->data);
        t->data = NULL;

        return NGX_ERROR;
    }

    t->watch->stamp = t->stamp;
    t->watch->failed = 0;

    return NGX_OK;
}


ngx_int_t
ngx_live_watch_start(ngx_cycle_t *cycle, ngx_array_t *watches,
    ngx_thread_pool_t *threads)
{
    ngx_uint_t              i;
    ngx_live_watch_t      **w;
    ngx_live_watch_all_t   *all;

    w = watches->elts;

    if (watches->nelts == 0) {
        return NGX_OK;
    }

    for (i = 0; i < watches->nelts; i++) {
        if (ngx_live_watch_task(cycle, w[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    all = ngx_pcalloc(cycle->pool, sizeof(ngx_live_watch_all_t));
    if (all == NULL) {
        return NGX_ERROR;
    }

    all->watches = watches;
    all->threads = threads;

    all->timer.handler = ngx_live_watch_timer;
    all->timer.log = cycle->log;
    all->timer.data = all;
    all->timer.cancelable = 1;

    ngx_add_timer(&all->timer, NGX_LIVE_WATCH_INTERVAL);

    return NGX_OK;
}


static ngx_int_t
ngx_live_watch_task(ngx_cycle_t *cycle, ngx_live_watch_t *w)
{
    ngx_live_watch_task_t  *t;

    w->task = ngx_thread_task_alloc(cycle->pool,
                                    sizeof(ngx_live_watch_task_t));
    if (w->task == NULL) {
        return NGX_ERROR;
    }

    t = w->task->ctx;

    ngx_memzero(t, sizeof(ngx_live_watch_task_t));
    t->watch = w;

    w->task->handler = ngx_live_watch_thread;
    w->task->event.handler = ngx_live_watch_done;
    w->task->event.data = t;
    w->task->event.log = cycle->log;

    return NGX_OK;
}


static void
ngx_live_watch_timer(ngx_event_t *ev)
{
    ngx_uint_t              i;
    ngx_live_watch_t      **w;
    ngx_live_watch_all_t   *all;

    all = ev->data;
    w = all->watches->elts;

    for (i = 0; i < all->watches->nelts; i++) {

        /* a disk may take longer than the interval */

        if (!w[i]->task->event.active) {
            (void) ngx_thread_task_post(all->threads, w[i]->task);
        }
    }

    ngx_add_timer(ev, NGX_LIVE_WATCH_INTERVAL);
}


/* the stamp of the watch is changed only while no task runs */

static void
ngx_live_watch_thread(void *data, ngx_log_t *log)
{
    ngx_live_watch_load(data);
}


static void
ngx_live_watch_done(ngx_event_t *ev)
{
    ngx_live_watch_t       *w;
    ngx_live_watch_task_t  *t;

    t = ev->data;
    w = t->watch;

    if (t->rc == NGX_DECLINED) {
        w->failed = 0;
        return;
    }

    if (t->rc == NGX_OK && ngx_live_watch_take(t) == NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0, "%s \"%V\" were read again",
                      w->what, &w->path);
        return;
    }

    /* once for each state of the file; 1: it is not there */

    if (w->failed != t->stamp + 1) {
        w->failed = t->stamp + 1;

        ngx_log_error(NGX_LOG_ERR, ev->log, t->err,
                      "%s \"%V\": %s, the former ones stay", w->what,
                      &w->path, t->reason);
    }
}
