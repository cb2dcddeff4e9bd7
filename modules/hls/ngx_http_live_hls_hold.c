
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_worker.h"


/*
 * Requests about what is not in this worker's hands: a file that is being
 * read, or the return of a publisher to a session of the files.  The one is
 * told by the task's end, the other by a notice, of the worker that has the
 * publisher or of the one that has ended the session.
 */

/* ms between two looks for those who have waited too long */
#define NGX_HTTP_LIVE_HLS_HOLD_TICK  100


static void ngx_http_live_hls_hold_notice(void);
static void ngx_http_live_hls_hold_look(ngx_http_live_hls_file_t *file);
static void ngx_http_live_hls_hold_load(ngx_http_live_hls_file_t *file);
static ngx_uint_t ngx_http_live_hls_hold_returned(
    ngx_http_live_hls_file_t *file);
static void ngx_http_live_hls_hold_resume(ngx_http_live_hls_held_t *held);
static void ngx_http_live_hls_hold_answer(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_live_hls_hold_timer(ngx_msec_t deadline);
static void ngx_http_live_hls_hold_timeout(ngx_event_t *ev);
static void ngx_http_live_hls_unhold(ngx_http_live_hls_held_t *held);
static void ngx_http_live_hls_hold_cleanup(void *data);


static ngx_queue_t       ngx_http_live_hls_holds;
static ngx_uint_t        ngx_http_live_hls_nwaits;

/* it is not cancelable: a worker that is exiting answers them first */
static ngx_event_t       ngx_http_live_hls_hold_event;
static ngx_connection_t  ngx_http_live_hls_hold_dummy;


ngx_int_t
ngx_http_live_hls_hold(ngx_http_request_t *r, ngx_live_hls_app_conf_t *conf,
    ngx_http_live_hls_file_t *file, ngx_msec_t timeout, ngx_uint_t waits)
{
    ngx_uint_t                *conn;
    ngx_pool_cleanup_t        *cln;
    ngx_http_live_hls_held_t  *held;

    if (waits && r != r->main) {

        /* the page that includes it would wait for it */

        return ngx_http_live_hls_unavailable(r, "subrequests do not wait");
    }

    conn = ngx_http_live_hls_conn(r);
    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_live_hls_held_t));

    if (conn == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    held = cln->data;
    ngx_memzero(held, sizeof(ngx_http_live_hls_held_t));

    cln->handler = ngx_http_live_hls_hold_cleanup;

    if (*conn >= conf->conn_waiters
        || ngx_http_live_hls_file_held(file) >= conf->waiters)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "too many requests wait for \"%V\"", &file->path);

        return ngx_http_live_hls_unavailable(r, "too many requests wait");
    }

    if (waits) {

        /* it may have come, or ended, just before we began to listen */

        if (ngx_http_live_hls_nwaits == 0) {
            ngx_live_notice_handler = ngx_http_live_hls_hold_notice;
            ngx_live_notice_want(1);
        }

        if (ngx_http_live_hls_hold_returned(file)) {
            if (ngx_http_live_hls_nwaits == 0) {
                ngx_live_notice_want(0);
            }

            return ngx_http_live_hls_allowed(r);
        }

        ngx_http_live_hls_nwaits++;

        if (file->nwaits++ == 0) {
            ngx_http_live_hls_hold_load(file);
        }
    }

    if (ngx_http_live_hls_holds.next == NULL) {
        ngx_queue_init(&ngx_http_live_hls_holds);
    }

    held->request = r;
    held->file = file;
    held->conn = conn;
    held->waits = waits ? 1 : 0;
    held->deadline = ngx_current_msec + timeout;

    file->nheld++;
    (*conn)++;

    ngx_queue_insert_tail(&file->held, &held->queue);
    ngx_queue_insert_tail(&ngx_http_live_hls_holds, &held->all);

    ngx_http_live_hls_hold_timer(held->deadline);

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static void
ngx_http_live_hls_hold_notice(void)
{
    if (ngx_http_live_hls_nwaits) {
        ngx_http_live_hls_file_each(ngx_http_live_hls_hold_look);
    }
}


static void
ngx_http_live_hls_hold_look(ngx_http_live_hls_file_t *file)
{
    if (ngx_http_live_hls_hold_returned(file)) {
        ngx_http_live_hls_hold_wake(file, 1);
        return;
    }

    ngx_http_live_hls_hold_load(file);
}


/* what is being read now may have been there before */

static void
ngx_http_live_hls_hold_load(ngx_http_live_hls_file_t *file)
{
    if (file->loading) {
        file->again = 1;
        return;
    }

    (void) ngx_http_live_hls_file_load(file);
}


static ngx_uint_t
ngx_http_live_hls_hold_returned(ngx_http_live_hls_file_t *file)
{
    ngx_uint_t          found;
    ngx_live_hls_sh_t  *hls;
    ngx_live_stream_t  *st;

    st = ngx_live_stream_find(&file->app, &file->name);

    if (st == NULL) {
        return 0;
    }

    hls = ngx_live_hls_get(st->sh);

    found = hls && hls->recovering == 0
            && file->session.len == ngx_strlen(hls->session)
            && ngx_strncmp(file->session.data, hls->session,
                           file->session.len)
               == 0;

    ngx_live_stream_close(st);

    return found;
}


void
ngx_http_live_hls_hold_wake(ngx_http_live_hls_file_t *file, ngx_uint_t waits)
{
    ngx_queue_t                queue, *q;
    ngx_http_live_hls_held_t  *held;

    if (ngx_queue_empty(&file->held)) {
        return;
    }

    /* an answer may end other requests, of the same connection */

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &file->held);
    ngx_queue_init(&file->held);

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        held = ngx_queue_data(q, ngx_http_live_hls_held_t, queue);

        if (held->waits && !waits) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&file->held, q);
            continue;
        }

        ngx_http_live_hls_hold_resume(held);
    }
}


/* it may be held again, by another request's worth of memory */

static void
ngx_http_live_hls_hold_resume(ngx_http_live_hls_held_t *held)
{
    ngx_http_request_t  *r;

    r = held->request;

    ngx_http_live_hls_unhold(held);

    ngx_http_set_log_request(r->connection->log, r);

    ngx_http_live_hls_hold_answer(r, ngx_http_live_hls_allowed(r));
}


static void
ngx_http_live_hls_hold_answer(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_live_hls_hold_timer(ngx_msec_t deadline)
{
    ngx_event_t     *ev;
    ngx_msec_int_t   left;

    ev = &ngx_http_live_hls_hold_event;

    if (ev->handler == NULL) {
        ngx_http_live_hls_hold_dummy.fd = (ngx_socket_t) -1;
        ev->data = &ngx_http_live_hls_hold_dummy;
        ev->handler = ngx_http_live_hls_hold_timeout;
        ev->log = ngx_cycle->log;
    }

    if (ev->timer_set) {

        if ((ngx_msec_int_t) (ev->timer.key - deadline) <= 0) {
            return;
        }

        ngx_del_timer(ev);
    }

    left = (ngx_msec_int_t) (deadline - ngx_current_msec);

    ngx_add_timer(ev, ngx_max(left, NGX_HTTP_LIVE_HLS_HOLD_TICK));
}


static void
ngx_http_live_hls_hold_timeout(ngx_event_t *ev)
{
    ngx_int_t                  rc;
    ngx_queue_t                queue, *q;
    ngx_http_request_t        *r;
    ngx_http_live_hls_held_t  *held;

    if (ngx_queue_empty(&ngx_http_live_hls_holds)) {
        return;
    }

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &ngx_http_live_hls_holds);
    ngx_queue_init(&ngx_http_live_hls_holds);

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        held = ngx_queue_data(q, ngx_http_live_hls_held_t, all);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&ngx_http_live_hls_holds, q);

        if ((ngx_msec_int_t) (held->deadline - ngx_current_msec) > 0) {
            ngx_http_live_hls_hold_timer(held->deadline);
            continue;
        }

        r = held->request;

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "there was no news of \"%V\"", &held->file->path);

        rc = ngx_http_live_hls_unavailable(r, held->waits
                                           ? "the stream brings no news"
                                           : "the disk is too slow");
        ngx_http_live_hls_unhold(held);

        ngx_http_set_log_request(r->connection->log, r);
        ngx_http_live_hls_hold_answer(r, rc);
    }
}


static void
ngx_http_live_hls_unhold(ngx_http_live_hls_held_t *held)
{
    ngx_http_live_hls_file_t  *file;

    file = held->file;

    if (file == NULL) {
        return;
    }

    held->file = NULL;

    ngx_queue_remove(&held->queue);
    ngx_queue_remove(&held->all);

    file->nheld--;
    (*held->conn)--;

    if (held->waits) {
        file->nwaits--;

        if (--ngx_http_live_hls_nwaits == 0) {
            ngx_live_notice_want(0);
        }
    }

    if (ngx_queue_empty(&ngx_http_live_hls_holds)
        && ngx_http_live_hls_hold_event.timer_set)
    {
        ngx_del_timer(&ngx_http_live_hls_hold_event);
    }
}


static void
ngx_http_live_hls_hold_cleanup(void *data)
{
    ngx_http_live_hls_unhold(data);
}
