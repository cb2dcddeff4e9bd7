
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_deflate.h"


/*
 * The life of a client that stays: how it comes, what keeps it, how it goes.
 */

/* ms that a client has to answer our close frame */
#define NGX_HTTP_LIVE_CHAT_LINGER  2000

/* of a response, that are still to come, at least */
#define NGX_HTTP_LIVE_CHAT_HEADERS  4


static ngx_http_live_chat_t *ngx_http_live_chat_create(ngx_http_request_t *r);
static void *ngx_http_live_chat_alloc(ngx_http_request_t *r, size_t size);
static ngx_int_t ngx_http_live_chat_header(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_extensions(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_offers(ngx_http_request_t *r,
    ngx_str_t *answer);
static ngx_int_t ngx_http_live_chat_events_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_start(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_resume(ngx_http_live_chat_t *ch);
static void ngx_http_live_chat_news(ngx_live_chat_client_t *client);
static void ngx_http_live_chat_session_handler(ngx_live_session_t *s);
static void ngx_http_live_chat_write_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_expired(ngx_http_live_chat_t *ch);
static void ngx_http_live_chat_set_timer(ngx_http_live_chat_t *ch);
static void ngx_http_live_chat_finish(ngx_http_live_chat_t *ch);
static void ngx_http_live_chat_detach(ngx_http_live_chat_t *ch);
static void ngx_http_live_chat_cleanup(void *data);


ngx_int_t
ngx_http_live_chat_open(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_live_ctx_t   *ctx;
    ngx_http_live_chat_t  *ch;

    ctx = ngx_http_live_get_ctx(r);

    ch = ngx_http_live_chat_create(r);

    if (ch == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ch->session.handler = ngx_http_live_chat_session_handler;
    ch->session.data = ch;

    if (ngx_live_session_open(&ch->session, NULL, &ctx->access) != NGX_OK) {
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "the live zone is full");
    }

    ch->open = 1;

    rc = ngx_http_live_chat_header(ch);

    if (rc != NGX_DECLINED) {
        ngx_http_live_chat_detach(ch);
        return rc;
    }

    return ngx_http_live_chat_start(ch);
}


static ngx_http_live_chat_t *
ngx_http_live_chat_create(ngx_http_request_t *r)
{
    ngx_http_cleanup_t             *cln;
    ngx_http_live_chat_t           *ch;
    ngx_http_live_chat_loc_conf_t  *lccf;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    ch = ngx_http_live_chat_alloc(r, sizeof(ngx_http_live_chat_t));
    if (ch == NULL) {
        return NULL;
    }

    cln->data = ch;

    ch->request = r;
    ch->last = &ch->heads;
    ch->client.handler = ngx_http_live_chat_news;
    ch->client.format = NGX_LIVE_CHAT_EVENTS;
    ch->client.cost = r->connection->ssl ? 2 : 1;

    if (ngx_http_live_websocket(r)) {
        ch->websocket = ngx_http_live_chat_alloc(r,
                                      sizeof(ngx_http_live_chat_websocket_t));
        if (ch->websocket == NULL) {
            return NULL;
        }

        lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

        ngx_live_websocket_init(&ch->websocket->parser, lccf->message_size);

        ch->client.format = NGX_LIVE_CHAT_WEBSOCKET;

    } else if (r->http_version >= NGX_HTTP_VERSION_20) {

        ch->copy = ngx_http_live_copy_create(r);

        if (ch->copy == NULL) {
            return NULL;
        }

        ch->client.cost = 3;
    }

    cln->handler = ngx_http_live_chat_cleanup;

    ngx_http_set_ctx(r, ch, ngx_http_live_chat_module);

    return ch;
}


/*
 * Zeroed memory for as long as the request.  A room of thousands is mostly
 * their requests; in each nginx has made room for twenty headers of the
 * response, of which those of a chat need a few.  What is behind them is
 * used instead of more of the pool.
 */

static void *
ngx_http_live_chat_alloc(ngx_http_request_t *r, size_t size)
{
    u_char      *p;
    ngx_list_t  *list;
    ngx_uint_t   n;

    list = &r->headers_out.headers;
    n = (size + list->size - 1) / list->size;

    if (list->last != &list->part
        || list->nalloc < list->part.nelts + NGX_HTTP_LIVE_CHAT_HEADERS + n)
    {
        return ngx_pcalloc(r->pool, size);
    }

    list->nalloc -= n;

    p = (u_char *) list->part.elts + list->nalloc * list->size;

    ngx_memzero(p, size);

    return p;
}


/* NGX_DECLINED: the response header was sent, or waits in r->out */

static ngx_int_t
ngx_http_live_chat_header(ngx_http_live_chat_t *ch)
{
    ngx_int_t                  rc;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = ch->request;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (ch->copy == NULL && clcf->tcp_nodelay
        && ngx_tcp_nodelay(r->connection) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ch->websocket) {

        if (ngx_http_live_chat_extensions(ch) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_live_websocket_accept(r);
    }

    rc = ngx_http_live_chat_events_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_live_chat_extensions(ngx_http_live_chat_t *ch)
{
    ngx_http_request_t             *r;
    ngx_http_live_chat_loc_conf_t  *lccf;

    r = ch->request;
    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    if (!lccf->deflate
        || ngx_http_live_chat_offers(r, &ch->websocket->answer) != NGX_OK)
    {
        return NGX_OK;
    }

    ch->websocket->parser.deflate = 1;
    ch->client.format = NGX_LIVE_CHAT_DEFLATE;

    return ngx_http_live_header(r, "Sec-WebSocket-Extensions",
                                &ch->websocket->answer);
}


/*
 * RFC 6455, 9.1: offers in several headers are one list.  One that breaks the
 * grammar is none.
 */

static ngx_int_t
ngx_http_live_chat_offers(ngx_http_request_t *r, ngx_str_t *answer)
{
    ngx_int_t         rc, result;
    ngx_str_t         text;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static ngx_str_t  name = ngx_string("Sec-WebSocket-Extensions");

    result = NGX_DECLINED;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len != name.len
                || ngx_strncasecmp(h[i].key.data, name.data, name.len) != 0)
            {
                continue;
            }

            rc = ngx_live_chat_deflate_offer(h[i].value.data, h[i].value.len,
                                             &text);
            if (rc == NGX_ERROR) {
                return NGX_DECLINED;
            }

            if (rc == NGX_OK && result != NGX_OK) {
                result = NGX_OK;
                *answer = text;
            }
        }
    }

    return result;
}


static ngx_int_t
ngx_http_live_chat_events_header(ngx_http_request_t *r)
{
    if (ngx_http_live_cache_control(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;

    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    return ngx_http_live_endless_header(r);
}


static ngx_int_t
ngx_http_live_chat_start(ngx_http_live_chat_t *ch)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ch->request;
    c = r->connection;

    c->log->action = "chatting";

    ch->progress = ngx_current_msec;
    ch->heard = ngx_current_msec;

    if (ch->websocket == NULL && ngx_http_live_chat_resume(ch) != NGX_OK) {

        ngx_http_live_chat_detach(ch);
        return NGX_ERROR;
    }

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_live_chat_write_handler;

    if (ch->websocket) {
        r->read_event_handler = ngx_http_live_chat_websocket_handler;

        /* not from here: it may end the request */
        ngx_post_event(c->read, &ngx_posted_events);
    }

    (void) ngx_http_live_chat_run(ch);

    return NGX_DONE;
}


/* of server-sent events: the browser says itself what it has seen last */

static ngx_int_t
ngx_http_live_chat_resume(ngx_http_live_chat_t *ch)
{
    ngx_int_t                rc;
    ngx_str_t                text, name, *last;
    ngx_http_request_t      *r;
    ngx_live_chat_cursor_t   cursor;

    r = ch->request;

    last = ngx_http_live_header_in(r, "last-event-id");

    if (last) {
        text = *last;

    } else if (ngx_http_arg(r, (u_char *) "cursor", 6, &text) != NGX_OK) {
        ngx_str_null(&text);
    }

    if (ngx_http_live_chat_name_arg(r, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_live_chat_join(ch, &name,
               ngx_live_chat_cursor_parse(text.data, text.len, &cursor)
               == NGX_OK ? &cursor : NULL);

    return (rc == NGX_AGAIN) ? NGX_OK : rc;
}


/* of the hall */

static void
ngx_http_live_chat_news(ngx_live_chat_client_t *client)
{
    ngx_connection_t               *c;
    ngx_http_live_chat_t           *ch;
    ngx_http_live_chat_loc_conf_t  *lccf;

    ch = (ngx_http_live_chat_t *) client;

    if (client->away) {
        c = ch->request->connection;

        ngx_http_live_chat_end(ch, NGX_LIVE_WEBSOCKET_RESTART);
        ngx_http_run_posted_requests(c);

        return;
    }

    if (!ch->blocked) {

        c = ch->request->connection;

        if (ngx_http_live_chat_run(ch) == NGX_DONE) {
            ngx_http_run_posted_requests(c);
        }

        return;
    }

    lccf = ngx_http_get_module_loc_conf(ch->request,
                                        ngx_http_live_chat_module);

    if (ngx_live_chat_client_lag(client) <= lccf->queue) {
        return;
    }

    c = ch->request->connection;

    ngx_http_set_log_request(c->log, ch->request);

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "client is too slow for the chat, %uz bytes wait",
                  ngx_live_chat_client_lag(client));

    ngx_http_live_chat_end(ch, NGX_LIVE_WEBSOCKET_LATER);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_live_chat_session_handler(ngx_live_session_t *s)
{
    ngx_connection_t      *c;
    ngx_http_live_chat_t  *ch;

    ch = s->data;
    c = ch->request->connection;

    ngx_http_set_log_request(c->log, ch->request);

    ngx_log_error(NGX_LOG_INFO, c->log, 0, "session was ended");

    ngx_http_live_chat_end(ch, NGX_LIVE_WEBSOCKET_POLICY);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_live_chat_write_handler(ngx_http_request_t *r)
{
    ngx_event_t           *wev;
    ngx_http_live_chat_t  *ch;

    wev = r->connection->write;
    ch = ngx_http_get_module_ctx(r, ngx_http_live_chat_module);

    if (wev->timedout) {
        wev->timedout = 0;

        if (ngx_http_live_chat_expired(ch) != NGX_OK) {
            return;
        }
    }

    if (ngx_http_live_chat_run(ch) == NGX_OK
        && ch->websocket && ch->websocket->held
        && !ngx_http_live_chat_holds(ch))
    {
        ch->websocket->held = 0;
        ch->heard = ngx_current_msec;

        ngx_post_event(r->connection->read, &ngx_posted_events);
    }
}


/*
 * The timer is always there: it sees clients that are gone without a word,
 * and while it is pending a worker that is leaving stays for its clients.
 */

static ngx_int_t
ngx_http_live_chat_expired(ngx_http_live_chat_t *ch)
{
    ngx_connection_t               *c;
    ngx_http_live_chat_loc_conf_t  *lccf;

    if (!ch->open) {

        /* no close frame was received */

        ngx_http_live_chat_finalize(ch, NGX_OK);
        return NGX_DONE;
    }

    c = ch->request->connection;
    lccf = ngx_http_get_module_loc_conf(ch->request,
                                        ngx_http_live_chat_module);

    if (ch->blocked
        ? ngx_current_msec - ch->progress >= lccf->send_timeout
        : ch->websocket
          && ngx_current_msec - ch->heard > lccf->ping + lccf->ping / 2)
    {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");

        c->timedout = 1;
        ngx_http_live_chat_finalize(ch, NGX_ERROR);

        return NGX_DONE;
    }

    if (ch->blocked) {
        return NGX_OK;
    }

    if (ngx_http_live_chat_own_frame(ch, NGX_LIVE_WEBSOCKET_PING, NULL, 0)
        != NGX_OK)
    {
        ngx_http_live_chat_finalize(ch, NGX_ERROR);
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_live_chat_run(ngx_http_live_chat_t *ch)
{
    ngx_int_t     rc;
    ngx_event_t  *wev;

    rc = ngx_http_live_chat_send(ch);

    if (rc == NGX_ERROR) {
        ngx_http_live_chat_finalize(ch, NGX_ERROR);
        return NGX_DONE;
    }

    if (rc == NGX_AGAIN && !ch->blocked) {
        wev = ch->request->connection->write;

        ch->progress = ngx_current_msec;

        /* not that of the next ping */

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }
    }

    ch->blocked = (rc == NGX_AGAIN);

    if (ch->closing && ch->open && !ch->blocked) {
        ngx_http_live_chat_finish(ch);
        return NGX_DONE;
    }

    ngx_http_live_chat_set_timer(ch);

    return NGX_OK;
}


static void
ngx_http_live_chat_set_timer(ngx_http_live_chat_t *ch)
{
    ngx_msec_t                      passed, timeout;
    ngx_event_t                    *wev;
    ngx_http_live_chat_loc_conf_t  *lccf;

    wev = ch->request->connection->write;

    if (wev->timer_set) {
        return;
    }

    lccf = ngx_http_get_module_loc_conf(ch->request,
                                        ngx_http_live_chat_module);

    timeout = lccf->ping;

    if (ch->blocked) {
        passed = ngx_current_msec - ch->progress;
        timeout = (passed < lccf->send_timeout) ? lccf->send_timeout - passed
                                                : 1;
    }

    ngx_add_timer(wev, timeout);
}


void
ngx_http_live_chat_end(ngx_http_live_chat_t *ch, ngx_uint_t code)
{
    u_char  payload[2];

    if (!ch->open) {

        /* the answer to our close frame */

        ngx_http_live_chat_finalize(ch, NGX_OK);
        return;
    }

    if (ch->closing) {
        return;
    }

    if (ngx_http_live_chat_last(ch) != NGX_OK) {
        ngx_http_live_chat_finalize(ch, NGX_ERROR);
        return;
    }

    ch->closing = 1;

    if (ch->websocket) {
        ch->websocket->close_sent = 1;

        payload[0] = (u_char) (code >> 8);
        payload[1] = (u_char) code;

        if (ngx_http_live_chat_own_frame(ch, NGX_LIVE_WEBSOCKET_CLOSE,
                                         payload, 2)
            != NGX_OK)
        {
            ngx_http_live_chat_finalize(ch, NGX_ERROR);
            return;
        }
    }

    (void) ngx_http_live_chat_run(ch);
}


/* all has been sent */

static void
ngx_http_live_chat_finish(ngx_http_live_chat_t *ch)
{
    ngx_int_t     rc;
    ngx_event_t  *wev;

    rc = NGX_OK;

    ngx_http_live_chat_detach(ch);

    if (ch->websocket && !ch->websocket->close_received) {
        wev = ch->request->connection->write;
        ngx_add_timer(wev, NGX_HTTP_LIVE_CHAT_LINGER);
        return;
    }

    if (ch->copy) {

        /* END_STREAM; over HTTP/1 the connection ends */

        rc = ngx_http_send_special(ch->request, NGX_HTTP_LAST);
    }

    ngx_http_live_chat_finalize(ch, rc);
}


void
ngx_http_live_chat_finalize(ngx_http_live_chat_t *ch, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = ch->request;

    ngx_http_live_chat_detach(ch);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_live_chat_detach(ngx_http_live_chat_t *ch)
{
    if (!ch->open) {
        return;
    }

    ch->open = 0;

    ngx_http_live_chat_leave(ch);
    ngx_live_session_close(&ch->session);
    ngx_http_live_chat_heads_free(ch);

    if (ch->websocket == NULL) {
        return;
    }

    if (ch->websocket->message) {
        ngx_free(ch->websocket->message);
        ch->websocket->message = NULL;
    }

    if (ch->websocket->rest) {
        ngx_free(ch->websocket->rest);
        ch->websocket->rest = NULL;
    }
}


static void
ngx_http_live_chat_cleanup(void *data)
{
    ngx_http_live_chat_detach(data);
}
