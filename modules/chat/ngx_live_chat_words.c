
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_words.h"
#include <ngx_event.h>


#define NGX_LIVE_CHAT_WORDS_WATCH  2000    /* ms */


/* what was read; of the thread while it runs */

typedef struct {
    ngx_live_chat_words_t     *words;
    ngx_int_t                  rc;         /* NGX_DECLINED: unchanged */
    uint64_t                   stamp;      /* 0: there is no file */
    ngx_pool_t                *pool;
    ngx_live_chat_filter_t    *filter;
    ngx_err_t                  err;
    ngx_uint_t                 line;
    const char                *reason;
} ngx_live_chat_words_read_t;


static ngx_int_t ngx_live_chat_words_load(
    ngx_live_chat_words_read_t *read);
static ngx_int_t ngx_live_chat_words_file(
    ngx_live_chat_words_read_t *read, ngx_fd_t fd);
static void ngx_live_chat_words_log(ngx_live_chat_words_read_t *read,
    ngx_uint_t level, ngx_log_t *log);
static void ngx_live_chat_words_cleanup(void *data);
static void ngx_live_chat_words_timer(ngx_event_t *ev);
static void ngx_live_chat_words_thread(void *data, ngx_log_t *log);
static void ngx_live_chat_words_done(ngx_event_t *ev);


static ngx_event_t         ngx_live_chat_words_event;
static ngx_array_t        *ngx_live_chat_words_all;
static ngx_thread_pool_t  *ngx_live_chat_words_threads;


ngx_live_chat_words_t *
ngx_live_chat_words_add(ngx_conf_t *cf, ngx_array_t *all, ngx_str_t *path)
{
    ngx_uint_t                   i;
    ngx_pool_cleanup_t          *cln;
    ngx_live_chat_words_t       *words, **p;
    ngx_live_chat_words_read_t   read;

    p = all->elts;

    for (i = 0; i < all->nelts; i++) {
        if (p[i]->path.len == path->len
            && ngx_strcmp(p[i]->path.data, path->data) == 0)
        {
            return p[i];
        }
    }

    words = ngx_pcalloc(cf->pool, sizeof(ngx_live_chat_words_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    p = ngx_array_push(all);

    if (words == NULL || cln == NULL || p == NULL) {
        return NULL;
    }

    *p = words;
    words->path = *path;

    cln->handler = ngx_live_chat_words_cleanup;
    cln->data = words;

    ngx_memzero(&read, sizeof(ngx_live_chat_words_read_t));

    read.words = words;

    if (ngx_live_chat_words_load(&read) != NGX_OK) {
        ngx_live_chat_words_log(&read, NGX_LOG_EMERG, cf->log);
        return NULL;
    }

    words->pool = read.pool;
    words->filter = read.filter;
    words->stamp = read.stamp;

    return words;
}


/* in a thread, or while the configuration is read */

static ngx_int_t
ngx_live_chat_words_load(ngx_live_chat_words_read_t *read)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    read->err = 0;
    read->line = 0;
    read->stamp = 0;
    read->pool = NULL;

    fd = ngx_open_file(read->words->path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN,
                       0);

    if (fd == NGX_INVALID_FILE) {
        read->err = ngx_errno;
        read->reason = ngx_open_file_n " failed";
        return NGX_ERROR;
    }

    rc = ngx_live_chat_words_file(read, fd);

    (void) ngx_close_file(fd);

    if (rc == NGX_ERROR && read->pool) {
        ngx_destroy_pool(read->pool);
        read->pool = NULL;
    }

    return rc;
}


static ngx_int_t
ngx_live_chat_words_file(ngx_live_chat_words_read_t *read, ngx_fd_t fd)
{
    u_char           *p;
    ssize_t           n;
    ngx_pool_t       *tmp;
    ngx_file_info_t   fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        read->err = ngx_errno;
        read->reason = ngx_fd_info_n " failed";
        return NGX_ERROR;
    }

    read->stamp = (uint64_t) ngx_file_mtime(&fi) * 1000003
                  ^ (uint64_t) fi.st_mtim.tv_nsec
                  ^ ((uint64_t) ngx_file_size(&fi) << 32)
                  ^ ngx_file_uniq(&fi);

    if (read->stamp == read->words->stamp) {
        return NGX_DECLINED;
    }

    if (ngx_file_size(&fi) > NGX_LIVE_CHAT_FILTER_LIST) {
        read->reason = "the file is too large";
        return NGX_ERROR;
    }

    read->pool = ngx_create_pool(4096, ngx_cycle->log);
    tmp = ngx_create_pool(512, ngx_cycle->log);

    p = tmp ? ngx_palloc(tmp, ngx_file_size(&fi) + 1) : NULL;

    if (read->pool == NULL || p == NULL) {
        read->reason = "no memory";

    } else {
        n = pread(fd, p, ngx_file_size(&fi), 0);

        if (n == -1) {
            read->err = ngx_errno;
            read->reason = "read() failed";

        } else {
            read->filter = ngx_live_chat_filter_create(read->pool, p, n,
                                                       &read->line,
                                                       &read->reason);
        }
    }

    if (tmp) {
        ngx_destroy_pool(tmp);
    }

    return read->filter ? NGX_OK : NGX_ERROR;
}


static void
ngx_live_chat_words_log(ngx_live_chat_words_read_t *read, ngx_uint_t level,
    ngx_log_t *log)
{
    if (read->line) {
        ngx_log_error(level, log, read->err,
                      "chat words \"%V\": %s in line %ui",
                      &read->words->path, read->reason, read->line);
        return;
    }

    ngx_log_error(level, log, read->err, "chat words \"%V\": %s",
                  &read->words->path, read->reason);
}


static void
ngx_live_chat_words_cleanup(void *data)
{
    ngx_live_chat_words_t *words = data;

    if (words->pool) {
        ngx_destroy_pool(words->pool);
        words->pool = NULL;
        words->filter = NULL;
    }
}


ngx_int_t
ngx_live_chat_words_watch(ngx_cycle_t *cycle, ngx_array_t *all,
    ngx_thread_pool_t *threads)
{
    ngx_uint_t                    i;
    ngx_thread_task_t            *task;
    ngx_live_chat_words_t       **words;
    ngx_live_chat_words_read_t   *read;

    words = all->elts;

    for (i = 0; i < all->nelts; i++) {

        task = ngx_thread_task_alloc(cycle->pool,
                                     sizeof(ngx_live_chat_words_read_t));
        if (task == NULL) {
            return NGX_ERROR;
        }

        read = task->ctx;

        ngx_memzero(read, sizeof(ngx_live_chat_words_read_t));
        read->words = words[i];

        task->handler = ngx_live_chat_words_thread;
        task->event.handler = ngx_live_chat_words_done;
        task->event.data = read;
        task->event.log = cycle->log;

        words[i]->task = task;
    }

    if (all->nelts == 0) {
        return NGX_OK;
    }

    ngx_live_chat_words_all = all;
    ngx_live_chat_words_threads = threads;

    ngx_memzero(&ngx_live_chat_words_event, sizeof(ngx_event_t));

    ngx_live_chat_words_event.handler = ngx_live_chat_words_timer;
    ngx_live_chat_words_event.log = cycle->log;
    ngx_live_chat_words_event.data = &ngx_live_chat_words_event;
    ngx_live_chat_words_event.cancelable = 1;

    ngx_add_timer(&ngx_live_chat_words_event, NGX_LIVE_CHAT_WORDS_WATCH);

    return NGX_OK;
}


static void
ngx_live_chat_words_timer(ngx_event_t *ev)
{
    ngx_uint_t               i;
    ngx_live_chat_words_t  **words;

    words = ngx_live_chat_words_all->elts;

    for (i = 0; i < ngx_live_chat_words_all->nelts; i++) {

        /* a disk may take longer than the interval */

        if (!words[i]->task->event.active) {
            (void) ngx_thread_task_post(ngx_live_chat_words_threads,
                                        words[i]->task);
        }
    }

    ngx_add_timer(ev, NGX_LIVE_CHAT_WORDS_WATCH);
}


static void
ngx_live_chat_words_thread(void *data, ngx_log_t *log)
{
    ngx_live_chat_words_read_t *read = data;

    read->filter = NULL;
    read->rc = ngx_live_chat_words_load(read);
}


static void
ngx_live_chat_words_done(ngx_event_t *ev)
{
    ngx_live_chat_words_t       *words;
    ngx_live_chat_words_read_t  *read = ev->data;

    words = read->words;

    switch (read->rc) {

    case NGX_DECLINED:
        words->failed = 0;
        return;

    case NGX_ERROR:

        /* once for each state of the file; 1: it is not there */

        if (words->failed != read->stamp + 1) {
            words->failed = read->stamp + 1;
            ngx_live_chat_words_log(read, NGX_LOG_ERR, ev->log);
        }

        return;

    default: /* NGX_OK */
        break;
    }

    ngx_destroy_pool(words->pool);

    words->pool = read->pool;
    words->filter = read->filter;
    words->stamp = read->stamp;
    words->failed = 0;

    ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                  "chat words \"%V\" were read again: %ui", &words->path,
                  ngx_live_chat_filter_words(words->filter));
}
