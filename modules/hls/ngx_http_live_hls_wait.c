
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_worker.h"


/* ms that texts are kept for a stream nobody asks for */
#define NGX_HTTP_LIVE_HLS_IDLE  60000


static void ngx_http_live_hls_watcher(ngx_live_watcher_t *w);
static void ngx_http_live_hls_wake(ngx_http_live_hls_stream_t *hs);
static void ngx_http_live_hls_resume(ngx_http_live_hls_ctx_t *ctx,
    ngx_int_t rc);
static ngx_uint_t ngx_http_live_hls_waiters(ngx_live_hls_sh_t *hls);
static void ngx_http_live_hls_count(ngx_http_live_hls_stream_t *hs);
static void ngx_http_live_hls_timeout(ngx_event_t *ev);
static void ngx_http_live_hls_set_timer(ngx_http_live_hls_stream_t *hs);
static void ngx_http_live_hls_destroy(ngx_http_live_hls_stream_t *hs);
static void ngx_http_live_hls_conn_cleanup(void *data);


/* seconds */
static ngx_str_t  ngx_http_live_hls_retry = ngx_string("1");


ngx_http_live_hls_stream_t *
ngx_http_live_hls_stream(ngx_live_stream_t *st, ngx_live_hls_sh_t *hls)
{
    ngx_live_hls_local_t        *local;
    ngx_http_live_hls_stream_t  *hs;

    local = ngx_live_hls_local(st);
    if (local == NULL) {
        return NULL;
    }

    hs = local->http;

    if (hs) {
        hs->used = ngx_current_msec;
        return hs;
    }

    hs = ngx_calloc(sizeof(ngx_http_live_hls_stream_t), st->log);
    if (hs == NULL) {
        return NULL;
    }

    hs->st = st;
    hs->hls = hls;
    hs->used = ngx_current_msec;
    hs->generation = hls->generation;
    hs->state = st->sh->state;

    ngx_queue_init(&hs->waiters);

    hs->dummy.fd = (ngx_socket_t) -1;
    hs->dummy.data = hs;
    hs->timer.data = &hs->dummy;
    hs->timer.handler = ngx_http_live_hls_timeout;
    hs->timer.log = st->log;

    hs->watcher.handler = ngx_http_live_hls_watcher;
    hs->watcher.data = hs;

    st->refs++;
    ngx_live_stream_watch(st, &hs->watcher);

    local->http = hs;

    return hs;
}


static void
ngx_http_live_hls_destroy(ngx_http_live_hls_stream_t *hs)
{
    ngx_live_stream_t     *st;
    ngx_live_hls_local_t  *local;

    st = hs->st;

    local = ngx_live_hls_local(st);
    local->http = NULL;

    if (hs->timer.timer_set) {
        ngx_del_timer(&hs->timer);
    }

    ngx_live_stream_unwatch(&hs->watcher);
    ngx_http_live_hls_text_forget(hs);

    ngx_free(hs);

    ngx_live_stream_close(st);
}


static void
ngx_http_live_hls_watcher(ngx_live_watcher_t *w)
{
    ngx_http_live_hls_stream_t  *hs;

    hs = w->data;

    /* most bells are about frames */

    if (hs->generation != hs->hls->generation
        || hs->state != hs->st->sh->state)
    {
        hs->generation = hs->hls->generation;
        hs->state = hs->st->sh->state;

        ngx_http_live_hls_wake(hs);
    }

    if (hs->nwaiters == 0
        && (hs->state == NGX_LIVE_STREAM_ENDED
            || ngx_current_msec - hs->used > NGX_HTTP_LIVE_HLS_IDLE))
    {
        ngx_http_live_hls_destroy(hs);
    }
}


static void
ngx_http_live_hls_wake(ngx_http_live_hls_stream_t *hs)
{
    ngx_int_t                 rc;
    ngx_queue_t               queue, *q;
    ngx_http_live_hls_ctx_t  *ctx;

    if (ngx_queue_empty(&hs->waiters)) {
        return;
    }

    /* an answer may end other requests, of the same connection */

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &hs->waiters);
    ngx_queue_init(&hs->waiters);

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&hs->waiters, q);

        ctx = ngx_queue_data(q, ngx_http_live_hls_ctx_t, queue);

        rc = ctx->answer(ctx);

        if (rc != NGX_DECLINED) {
            ngx_http_live_hls_resume(ctx, rc);
        }
    }

    ngx_http_live_hls_set_timer(hs);
}


static void
ngx_http_live_hls_resume(ngx_http_live_hls_ctx_t *ctx, ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    ngx_http_live_hls_unwait(ctx);

    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_live_hls_wait(ngx_http_live_hls_ctx_t *ctx)
{
    ngx_http_request_t          *r;
    ngx_http_live_hls_stream_t  *hs;

    r = ctx->request;
    hs = ctx->stream;

    if (r != r->main) {

        /* the page that includes it, or the check it is, would wait for it */

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "subrequest \"%V\" does not wait for stream \"%V\"",
                      &r->uri, &hs->st->sh->sn.str);

        return ngx_http_live_hls_unavailable(r, "subrequests do not wait");
    }

    ctx->conn = ngx_http_live_hls_conn(r);
    if (ctx->conn == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_live_hls_waiters(hs->hls) >= ctx->conf->waiters
        || *ctx->conn >= ctx->conf->conn_waiters)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "too many requests wait for stream \"%V\"",
                      &hs->st->sh->sn.str);

        return ngx_http_live_hls_unavailable(r, "too many requests wait");
    }

    /* RFC 8216bis 6.2.5.2: three target durations without news are too long */

    ctx->deadline = ngx_current_msec + hs->hls->target_duration * 3 * 1000;

    ctx->waiting = 1;
    (*ctx->conn)++;
    hs->nwaiters++;
    ngx_http_live_hls_count(hs);

    ngx_queue_insert_tail(&hs->waiters, &ctx->queue);
    ngx_http_live_hls_set_timer(hs);

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


ngx_int_t
ngx_http_live_hls_unavailable(ngx_http_request_t *r, const char *reason)
{
    if (ngx_http_live_cache_control(r, "no-store") != NGX_OK
        || ngx_http_live_header(r, "Retry-After", &ngx_http_live_hls_retry)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE, reason);
}


void
ngx_http_live_hls_unwait(ngx_http_live_hls_ctx_t *ctx)
{
    if (!ctx->waiting) {
        return;
    }

    ctx->waiting = 0;

    ngx_queue_remove(&ctx->queue);

    (*ctx->conn)--;
    ctx->stream->nwaiters--;
    ngx_http_live_hls_count(ctx->stream);

    if (ctx->stream->nwaiters == 0 && ctx->stream->timer.timer_set) {
        ngx_del_timer(&ctx->stream->timer);
    }
}


/* of all workers; a few that come at the same moment may be more */

static ngx_uint_t
ngx_http_live_hls_waiters(ngx_live_hls_sh_t *hls)
{
    ngx_uint_t                  i, n;
    ngx_live_hls_waiters_sh_t  *w;

    n = 0;

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        w = &hls->waiters[i];

        if (w->n && w->pid == (uint32_t) ngx_live_zone->sh->slots[i].pid) {
            n += w->n;
        }
    }

    return n;
}


static void
ngx_http_live_hls_count(ngx_http_live_hls_stream_t *hs)
{
    ngx_live_hls_waiters_sh_t  *w;

    w = &hs->hls->waiters[ngx_live_slot];

    w->n = hs->nwaiters;
    w->pid = ngx_pid;
}


/*
 * Requests wait in the order of their arrival, so the first one's deadline is
 * the earliest; the timer also keeps a worker that is told to exit.
 */

static void
ngx_http_live_hls_set_timer(ngx_http_live_hls_stream_t *hs)
{
    ngx_msec_int_t            left;
    ngx_http_live_hls_ctx_t  *ctx;

    if (hs->timer.timer_set || ngx_queue_empty(&hs->waiters)) {
        return;
    }

    ctx = ngx_queue_data(ngx_queue_head(&hs->waiters),
                         ngx_http_live_hls_ctx_t, queue);

    left = (ngx_msec_int_t) (ctx->deadline - ngx_current_msec);

    ngx_add_timer(&hs->timer, ngx_max(left, 1));
}


static void
ngx_http_live_hls_timeout(ngx_event_t *ev)
{
    ngx_int_t                    rc;
    ngx_queue_t                 *q;
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_live_stream_t           *st;
    ngx_http_live_hls_ctx_t     *ctx;
    ngx_http_live_hls_stream_t  *hs;

    c = ev->data;
    hs = c->data;
    st = hs->st;

    st->refs++;

    while (!ngx_queue_empty(&hs->waiters)) {
        q = ngx_queue_head(&hs->waiters);
        ctx = ngx_queue_data(q, ngx_http_live_hls_ctx_t, queue);

        if ((ngx_msec_int_t) (ctx->deadline - ngx_current_msec) > 0) {
            break;
        }

        r = ctx->request;

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "stream \"%V\" brought no news for three target "
                      "durations", &st->sh->sn.str);

        rc = ngx_http_live_hls_unavailable(r, "the stream brings no news");

        ngx_http_live_hls_resume(ctx, rc);
    }

    ngx_http_live_hls_set_timer(hs);

    ngx_live_stream_close(st);
}


/*
 * Waiters are counted by client connection: in HTTP/2 many requests share
 * one, and each has a connection structure of its own.
 */

ngx_uint_t *
ngx_http_live_hls_conn(ngx_http_request_t *r)
{
    ngx_connection_t    *c;
    ngx_pool_cleanup_t  *cln;

    c = r->connection;

#if (NGX_HTTP_V2)
    if (r->stream) {
        c = r->stream->connection->connection;
    }
#endif

#if (NGX_HTTP_V3)
    if (c->quic) {
        c = c->quic->parent;
    }
#endif

    for (cln = c->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_live_hls_conn_cleanup) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_uint_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_live_hls_conn_cleanup;
    *(ngx_uint_t *) cln->data = 0;

    return cln->data;
}


static void
ngx_http_live_hls_conn_cleanup(void *data)
{
    /* only marks the counter */
}
