
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_keys.h"


#define NGX_LIVE_TOKEN_WATCH  2000         /* ms */


typedef struct {
    ngx_live_token_set_t      *set;

    /* of the thread while it runs */
    uint64_t                   stamp;
    ngx_int_t                  rc;         /* NGX_DECLINED: unchanged */
    ngx_live_token_keys_t     *keys;
    ngx_live_token_fault_t     fault;
} ngx_live_token_watch_t;


static ngx_int_t ngx_live_token_watch_set(ngx_cycle_t *cycle,
    ngx_live_token_set_t *set);
static void ngx_live_token_watch_timer(ngx_event_t *ev);
static void ngx_live_token_watch_thread(void *data, ngx_log_t *log);
static void ngx_live_token_watch_done(ngx_event_t *ev);


static ngx_event_t         ngx_live_token_watch_event;
static ngx_array_t        *ngx_live_token_watch_sets;
static ngx_thread_pool_t  *ngx_live_token_watch_threads;


ngx_int_t
ngx_live_token_watch(ngx_cycle_t *cycle, ngx_array_t *sets,
    ngx_thread_pool_t *threads)
{
    ngx_uint_t              i;
    ngx_live_token_set_t  **set;

    set = sets->elts;

    if (sets->nelts == 0) {
        return NGX_OK;
    }

    for (i = 0; i < sets->nelts; i++) {
        if (ngx_live_token_watch_set(cycle, set[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_live_token_watch_sets = sets;
    ngx_live_token_watch_threads = threads;

    ngx_memzero(&ngx_live_token_watch_event, sizeof(ngx_event_t));

    ngx_live_token_watch_event.handler = ngx_live_token_watch_timer;
    ngx_live_token_watch_event.log = cycle->log;
    ngx_live_token_watch_event.data = &ngx_live_token_watch_event;
    ngx_live_token_watch_event.cancelable = 1;

    ngx_add_timer(&ngx_live_token_watch_event, NGX_LIVE_TOKEN_WATCH);

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_watch_set(ngx_cycle_t *cycle, ngx_live_token_set_t *set)
{
    ngx_thread_task_t       *task;
    ngx_live_token_watch_t  *w;

    task = ngx_thread_task_alloc(cycle->pool, sizeof(ngx_live_token_watch_t));
    if (task == NULL) {
        return NGX_ERROR;
    }

    w = task->ctx;
    ngx_memzero(w, sizeof(ngx_live_token_watch_t));
    w->set = set;

    task->handler = ngx_live_token_watch_thread;
    task->event.handler = ngx_live_token_watch_done;
    task->event.data = w;
    task->event.log = cycle->log;

    set->task = task;

    return NGX_OK;
}


static void
ngx_live_token_watch_timer(ngx_event_t *ev)
{
    ngx_uint_t              i;
    ngx_live_token_set_t  **set;

    set = ngx_live_token_watch_sets->elts;

    for (i = 0; i < ngx_live_token_watch_sets->nelts; i++) {

        /* a disk may take longer than the interval */

        if (!set[i]->task->event.active) {
            (void) ngx_thread_task_post(ngx_live_token_watch_threads,
                                        set[i]->task);
        }
    }

    ngx_add_timer(ev, NGX_LIVE_TOKEN_WATCH);
}


/*
 * The set's stamp is changed by the worker only while no task runs.  The
 * stamp is taken before the files are read: a change in between is seen the
 * next time.
 */

static void
ngx_live_token_watch_thread(void *data, ngx_log_t *log)
{
    ngx_live_token_watch_t *w = data;

    w->keys = NULL;
    w->stamp = 0;
    w->rc = ngx_live_token_keys_stamp(&w->set->sources, &w->stamp, &w->fault);

    if (w->rc != NGX_OK) {
        return;
    }

    if (w->stamp == w->set->stamp) {
        w->rc = NGX_DECLINED;
        return;
    }

    w->keys = ngx_live_token_keys_load(&w->set->sources, &w->fault, log);
    w->rc = w->keys ? NGX_OK : NGX_ERROR;
}


static void
ngx_live_token_watch_done(ngx_event_t *ev)
{
    ngx_live_token_set_t    *set;
    ngx_live_token_watch_t  *w = ev->data;

    set = w->set;

    if (w->rc == NGX_DECLINED) {
        set->failed = set->stamp;
        return;
    }

    if (w->rc != NGX_OK) {

        /* 0: the files cannot be looked at */

        if (set->failed != w->stamp) {
            set->failed = w->stamp;

            ngx_log_error(NGX_LOG_ERR, ev->log, w->fault.err,
                          "token key \"%s\": %s, the former keys stay",
                          w->fault.path, w->fault.reason);
        }

        return;
    }

    ngx_live_token_keys_free(set->keys);

    set->keys = w->keys;
    set->stamp = w->stamp;
    set->failed = w->stamp;
    set->generation++;

    ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                  "token keys were read again: %ui", set->keys->keys.nelts);

    if (set->keys->keys.nelts == 0) {
        ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                      "no token keys are left: every token is refused");
    }
}
