
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"


/* ms that an answer may take, longer than any handler's own timeout */
#define NGX_HTTP_LIVE_ACCESS_TIMEOUT  60000


static ngx_int_t ngx_http_live_access_suspend(ngx_http_request_t *r,
    ngx_http_live_ctx_t *ctx);
static void ngx_http_live_access_resume(ngx_live_access_t *a, ngx_int_t rc);
static ngx_int_t ngx_http_live_access_result(ngx_http_request_t *r,
    ngx_http_live_ctx_t *ctx, ngx_int_t rc);
static ngx_int_t ngx_http_live_access_variable(ngx_live_access_t *a,
    ngx_str_t *name, ngx_str_t *value);
static void ngx_http_live_access_timeout(ngx_event_t *ev);
static void ngx_http_live_access_cleanup(void *data);


static char  *ngx_http_live_action_names[] = {
    "publish",
    "play",
    "chat",
    "administration"
};


ngx_int_t
ngx_http_live_access(ngx_http_request_t *r, ngx_uint_t door,
    ngx_uint_t action, ngx_http_handler_pt handler)
{
    ngx_int_t             rc;
    ngx_live_access_t    *a;
    ngx_http_live_ctx_t  *ctx;

    ctx = ngx_http_live_get_ctx(r);

    ctx->handler = handler;

    a = &ctx->access;

    ngx_memzero(a, sizeof(ngx_live_access_t));

    a->door = door;
    a->action = action;
    a->app = ctx->app;
    a->name = ctx->name;
    a->args = r->args;
    a->sockaddr = r->connection->sockaddr;
    a->socklen = r->connection->socklen;
    a->address = r->connection->addr_text;
    a->pool = r->pool;
    a->log = r->connection->log;
    a->variable = ngx_http_live_access_variable;
    a->data = r;
    a->proved = ctx->proved;
    a->playback = ctx->playback;
    a->handler = ngx_http_live_access_resume;

    rc = ngx_live_access_check(a);

    if (rc == NGX_AGAIN) {
        return ngx_http_live_access_suspend(r, ctx);
    }

    return ngx_http_live_access_result(r, ctx, rc);
}


static ngx_int_t
ngx_http_live_access_suspend(ngx_http_request_t *r, ngx_http_live_ctx_t *ctx)
{
    ngx_connection_t    *c;
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_event_t));
    if (cln == NULL) {
        ngx_live_access_cancel(&ctx->access);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->timer = cln->data;
    ngx_memzero(ctx->timer, sizeof(ngx_event_t));

    cln->handler = ngx_http_live_access_cleanup;
    cln->data = ctx;

    c = r->connection;
    c->log->action = "waiting for an access check";

    ctx->suspended = 1;

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    /* the connection's timers may be another request's, if it is a mirror */

    ctx->timer->handler = ngx_http_live_access_timeout;
    ctx->timer->data = ctx;
    ctx->timer->log = c->log;

    ngx_add_timer(ctx->timer, NGX_HTTP_LIVE_ACCESS_TIMEOUT);

    return NGX_DONE;
}


static void
ngx_http_live_access_resume(ngx_live_access_t *a, ngx_int_t rc)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_http_live_ctx_t  *ctx;

    r = a->data;
    c = r->connection;
    ctx = ngx_http_live_get_ctx(r);

    ctx->suspended = 0;
    ngx_del_timer(ctx->timer);

    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    rc = ngx_http_live_access_result(r, ctx, rc);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_live_access_result(ngx_http_request_t *r, ngx_http_live_ctx_t *ctx,
    ngx_int_t rc)
{
    ngx_live_access_t     *a;
    ngx_live_main_conf_t  *lmcf;

    a = &ctx->access;

    if (rc == NGX_OK) {
        ctx->app = a->app;
        ctx->name = a->name;

        /* a live connection that is too slow would only lose pictures */

        if (a->playback != NGX_LIVE_PLAYBACK_SESSION) {
            ngx_http_live_limit_rate(r, a->max_rate);
        }

        return ctx->handler(r);
    }

    /* what a handler has made of an invalid name is not for the log */

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "%s of \"%V/%V\" refused: %V",
                  ngx_http_live_action_names[a->action],
                  a->bad_name ? &ctx->app : &a->app,
                  a->bad_name ? &ctx->name : &a->name, &a->reason);

    if (a->bad_name) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                     "bad stream name");
    }

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    if (lmcf && ngx_live_app_conf(lmcf, &a->app) == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                     "no such application");
    }

    return ngx_http_live_problem(r, NGX_HTTP_FORBIDDEN, NULL);
}


void
ngx_http_live_limit_rate(ngx_http_request_t *r, uint64_t rate)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (rate == 0) {
        return;
    }

    rate = (rate + 7) / 8;

    if (!r->limit_rate_set) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        r->limit_rate = ngx_http_complex_value_size(r, clcf->limit_rate, 0);
        r->limit_rate_set = 1;
    }

    if (r->limit_rate == 0 || r->limit_rate > rate) {
        r->limit_rate = (size_t) rate;
    }
}


static ngx_int_t
ngx_http_live_access_variable(ngx_live_access_t *a, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_uint_t                  key;
    ngx_str_t                   lowcase;
    ngx_http_request_t         *r;
    ngx_http_variable_value_t  *vv;

    r = a->data;

    lowcase.len = name->len;
    lowcase.data = ngx_pnalloc(r->pool, name->len);
    if (lowcase.data == NULL) {
        return NGX_ERROR;
    }

    key = ngx_hash_strlow(lowcase.data, name->data, name->len);

    vv = ngx_http_get_variable(r, &lowcase, key);

    if (vv == NULL || vv->not_found) {
        return NGX_DECLINED;
    }

    value->len = vv->len;
    value->data = vv->data;

    return NGX_OK;
}


static void
ngx_http_live_access_timeout(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_http_live_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_error(NGX_LOG_ERR, c->log, NGX_ETIMEDOUT,
                  "access check timed out");

    ngx_live_access_cancel(&ctx->access);
    ctx->suspended = 0;

    r->read_event_handler = ngx_http_block_reading;

    ngx_http_finalize_request(r, ngx_http_live_problem(r,
                                     NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "access check timed out"));
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_live_access_cleanup(void *data)
{
    ngx_http_live_ctx_t *ctx = data;

    if (ctx->suspended) {
        ctx->suspended = 0;
        ngx_del_timer(ctx->timer);
        ngx_live_access_cancel(&ctx->access);
    }
}
