
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_flv.h"


/* ms that a client has to answer our close frame */
#define NGX_HTTP_LIVE_FLV_LINGER       2000

/* bytes of a message of the client, which nobody reads */
#define NGX_HTTP_LIVE_FLV_MESSAGE_MAX  65536


static ngx_int_t ngx_http_live_flv_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_flv_play(ngx_http_request_t *r);
static ngx_http_live_flv_t *ngx_http_live_flv_create(ngx_http_request_t *r,
    ngx_live_stream_t *st);
static ngx_int_t ngx_http_live_flv_open(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_header(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_headers_out(ngx_http_request_t *r);
static void ngx_http_live_flv_start(ngx_http_live_flv_t *f);
static void ngx_http_live_flv_reader_handler(ngx_live_reader_t *reader);
static void ngx_http_live_flv_session_handler(ngx_live_session_t *s);
static void ngx_http_live_flv_write_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_flv_expired(ngx_http_live_flv_t *f);
static void ngx_http_live_flv_set_timer(ngx_http_live_flv_t *f);
static void ngx_http_live_flv_finish(ngx_http_live_flv_t *f);
static void ngx_http_live_flv_detach(ngx_http_live_flv_t *f);
static void ngx_http_live_flv_cleanup(void *data);
static void *ngx_http_live_flv_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_flv_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_live_flv(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_flv_commands[] = {

    { ngx_string("live_flv"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_flv,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_flv_flush"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_flv_loc_conf_t, flush),
      NULL },

    { ngx_string("live_flv_send_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_flv_loc_conf_t, send_timeout),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_flv_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_flv_create_loc_conf,     /* create location configuration */
    ngx_http_live_flv_merge_loc_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_live_flv_module = {
    NGX_MODULE_V1,
    &ngx_http_live_flv_module_ctx,         /* module context */
    ngx_http_live_flv_commands,            /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_live_flv_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_live_ctx_t  *ctx;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_live_method(r, NGX_HTTP_GET|NGX_HTTP_HEAD);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_live_path(r, &ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_live_access(r, NGX_LIVE_DOOR_FLV, NGX_LIVE_ACTION_PLAY,
                                ngx_http_live_flv_play);
}


static ngx_int_t
ngx_http_live_flv_play(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_live_stream_t    *st;
    ngx_http_live_ctx_t  *ctx;
    ngx_http_live_flv_t  *f;

    ctx = ngx_http_live_get_ctx(r);

    st = ngx_live_stream_find(&ctx->app, &ctx->name);

    if (st == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, "no such stream");
    }

    if (r->method == NGX_HTTP_HEAD) {
        ngx_live_stream_close(st);
        return ngx_http_live_flv_headers_out(r);
    }

    /* from here on the stream is closed by the player's cleanup */

    f = ngx_http_live_flv_create(r, st);

    if (f == NULL) {
        ngx_live_stream_close(st);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_live_flv_open(f) != NGX_OK) {
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "the live zone is full");
    }

    rc = ngx_http_live_flv_header(f);

    if (rc != NGX_DECLINED) {
        ngx_http_live_flv_detach(f);
        return rc;
    }

    ngx_http_live_flv_start(f);

    return NGX_DONE;
}


static ngx_http_live_flv_t *
ngx_http_live_flv_create(ngx_http_request_t *r, ngx_live_stream_t *st)
{
    ngx_uint_t            i;
    ngx_http_cleanup_t   *cln;
    ngx_http_live_flv_t  *f;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_live_flv_t));
    if (cln == NULL) {
        return NULL;
    }

    f = cln->data;

    ngx_memzero(f, sizeof(ngx_http_live_flv_t));

    f->request = r;

    for (i = 0; i < NGX_HTTP_LIVE_FLV_KINDS; i++) {
        f->tracks[i].id = NGX_HTTP_LIVE_FLV_NO_TRACK;
    }

    if (ngx_http_live_websocket(r)) {
        f->websocket = ngx_pcalloc(r->pool,
                                   sizeof(ngx_http_live_flv_websocket_t));
        if (f->websocket == NULL) {
            return NULL;
        }

        ngx_live_websocket_init(&f->websocket->parser,
                                NGX_HTTP_LIVE_FLV_MESSAGE_MAX);

        f->websocket->code = NGX_LIVE_WEBSOCKET_NORMAL;

    } else if (r->http_version >= NGX_HTTP_VERSION_20) {

        f->copy = ngx_http_live_copy_create(r);

        if (f->copy == NULL) {
            return NULL;
        }
    }

    f->stream = st;

    cln->handler = ngx_http_live_flv_cleanup;

    ngx_http_set_ctx(r, f, ngx_http_live_flv_module);

    return f;
}


static ngx_int_t
ngx_http_live_flv_open(ngx_http_live_flv_t *f)
{
    ngx_http_request_t            *r;
    ngx_http_live_ctx_t           *ctx;
    ngx_http_live_flv_loc_conf_t  *flcf;

    r = f->request;
    ctx = ngx_http_live_get_ctx(r);
    flcf = ngx_http_get_module_loc_conf(r, ngx_http_live_flv_module);

    f->session.handler = ngx_http_live_flv_session_handler;
    f->session.data = f;

    if (ngx_live_session_open(&f->session, f->stream, &ctx->access) != NGX_OK) {
        goto failed;
    }

    f->reader.handler = ngx_http_live_flv_reader_handler;
    f->reader.data = f;

    if (ngx_live_reader_open(&f->reader, f->stream, flcf->flush) == NGX_OK) {
        return NGX_OK;
    }

failed:

    ngx_http_live_flv_detach(f);

    return NGX_ERROR;
}


/* NGX_DECLINED: the response header was sent, or waits in r->out */

static ngx_int_t
ngx_http_live_flv_header(ngx_http_live_flv_t *f)
{
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = f->request;
    c = r->connection;

    if (f->copy == NULL) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (clcf->tcp_nodelay && ngx_tcp_nodelay(c) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (f->websocket) {
        return ngx_http_live_websocket_accept(r);
    }

    rc = ngx_http_live_flv_headers_out(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_live_flv_headers_out(ngx_http_request_t *r)
{
    if (ngx_http_live_cache_control(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;

    ngx_str_set(&r->headers_out.content_type, "video/x-flv");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    return ngx_http_live_endless_header(r);
}


static void
ngx_http_live_flv_start(ngx_http_live_flv_t *f)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = f->request;
    c = r->connection;

    c->log->action = "sending live stream";

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_live_flv_write_handler;

    f->progress = ngx_current_msec;

    if (f->websocket) {
        r->read_event_handler = ngx_http_live_flv_websocket_handler;

        /* not from here: it may end the request */
        ngx_post_event(c->read, &ngx_posted_events);
    }

    (void) ngx_http_live_flv_run(f);
}


static void
ngx_http_live_flv_reader_handler(ngx_live_reader_t *reader)
{
    ngx_connection_t    *c;
    ngx_http_live_flv_t  *f;

    f = reader->data;
    c = f->request->connection;

    if (reader->slow && ngx_http_live_flv_skip(f) != NGX_OK) {
        ngx_http_live_flv_finalize(f, NGX_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }

    if (f->blocked) {
        return;
    }

    if (ngx_http_live_flv_run(f) == NGX_DONE) {
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_live_flv_session_handler(ngx_live_session_t *s)
{
    ngx_connection_t     *c;
    ngx_http_live_flv_t  *f;

    f = s->data;
    c = f->request->connection;

    ngx_http_set_log_request(c->log, f->request);

    ngx_log_error(NGX_LOG_INFO, c->log, 0, "session was ended%s%s",
                  s->reason ? ": " : "", s->reason ? s->reason : "");

    ngx_http_live_flv_end(f, NGX_LIVE_WEBSOCKET_POLICY);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_live_flv_write_handler(ngx_http_request_t *r)
{
    ngx_event_t          *wev;
    ngx_http_live_flv_t  *f;

    wev = r->connection->write;
    f = ngx_http_get_module_ctx(r, ngx_http_live_flv_module);

    if (wev->timedout) {
        wev->timedout = 0;

        if (ngx_http_live_flv_expired(f) != NGX_OK) {
            return;
        }
    }

    (void) ngx_http_live_flv_run(f);
}


static ngx_int_t
ngx_http_live_flv_expired(ngx_http_live_flv_t *f)
{
    ngx_connection_t              *c;
    ngx_http_live_flv_loc_conf_t  *flcf;

    if (f->stream == NULL) {

        /* no close frame was received */

        ngx_http_live_flv_finalize(f, NGX_OK);
        return NGX_DONE;
    }

    flcf = ngx_http_get_module_loc_conf(f->request, ngx_http_live_flv_module);

    if (!f->blocked || ngx_current_msec - f->progress < flcf->send_timeout) {
        return NGX_OK;
    }

    c = f->request->connection;

    ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");

    ngx_live_event(NGX_LIVE_EVENT_STALL, f->stream, NGX_LIVE_DOOR_FLV,
                   (char *) f->session.sh->address);

    c->timedout = 1;
    ngx_http_live_flv_finalize(f, NGX_ERROR);

    return NGX_DONE;
}


ngx_int_t
ngx_http_live_flv_run(ngx_http_live_flv_t *f)
{
    ngx_int_t  rc;

    /* after the end it waits for the client's close frame */

    rc = f->stream ? ngx_http_live_flv_send(f) : NGX_OK;

    if (rc == NGX_DONE) {
        ngx_http_live_flv_finish(f);
        return NGX_DONE;
    }

    if (rc == NGX_ERROR) {
        ngx_http_live_flv_finalize(f, NGX_ERROR);
        return NGX_DONE;
    }

    ngx_http_live_flv_set_timer(f);

    return NGX_OK;
}


/*
 * The timer is always there: it sees stalled clients, and while it is pending
 * a worker that is leaving stays for its players.
 */

static void
ngx_http_live_flv_set_timer(ngx_http_live_flv_t *f)
{
    ngx_msec_t                     passed, timeout;
    ngx_event_t                   *wev;
    ngx_http_live_flv_loc_conf_t  *flcf;

    wev = f->request->connection->write;

    if (wev->timer_set) {
        return;
    }

    flcf = ngx_http_get_module_loc_conf(f->request, ngx_http_live_flv_module);

    timeout = flcf->send_timeout;

    if (f->blocked) {
        passed = ngx_current_msec - f->progress;
        timeout = (passed < timeout) ? timeout - passed : 1;
    }

    ngx_add_timer(wev, timeout);
}


void
ngx_http_live_flv_end(ngx_http_live_flv_t *f, ngx_uint_t code)
{
    if (f->websocket) {
        f->websocket->code = code;

        if (f->stream == NULL) {

            /* the answer to our close frame */

            ngx_http_live_flv_finalize(f, NGX_OK);
            return;
        }
    }

    f->closing = 1;

    if (f->blocked) {
        ngx_http_live_flv_finalize(f, NGX_ERROR);
        return;
    }

    (void) ngx_http_live_flv_run(f);
}


/* all has been sent */

static void
ngx_http_live_flv_finish(ngx_http_live_flv_t *f)
{
    ngx_int_t            rc;
    ngx_event_t         *wev;
    ngx_http_request_t  *r;

    r = f->request;
    rc = NGX_OK;

    ngx_http_live_flv_detach(f);

    if (f->websocket && !f->websocket->close_received) {
        wev = r->connection->write;
        ngx_add_timer(wev, NGX_HTTP_LIVE_FLV_LINGER);
        return;
    }

    if (f->copy) {
        rc = ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    ngx_http_live_flv_finalize(f, rc);
}


void
ngx_http_live_flv_finalize(ngx_http_live_flv_t *f, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = f->request;

    ngx_http_live_flv_detach(f);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_live_flv_detach(ngx_http_live_flv_t *f)
{
    ngx_live_stream_t  *st;

    st = f->stream;

    if (st == NULL) {
        return;
    }

    f->stream = NULL;

    ngx_live_reader_close(&f->reader);
    ngx_live_session_close(&f->session);
    ngx_live_stream_close(st);

    ngx_http_live_flv_head_free(f);
}


static void
ngx_http_live_flv_cleanup(void *data)
{
    ngx_http_live_flv_detach(data);
}


static void *
ngx_http_live_flv_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_live_flv_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_live_flv_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->flush = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_http_live_flv_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_live_flv_loc_conf_t  *prev = parent;
    ngx_http_live_flv_loc_conf_t  *conf = child;

    ngx_conf_merge_msec_value(conf->flush, prev->flush, 50);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 30000);

    return NGX_CONF_OK;
}


static char *
ngx_http_live_flv(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_live_location(cf, ngx_http_live_flv_handler, ".flv");
}
