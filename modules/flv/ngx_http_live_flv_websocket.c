
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_flv.h"


#define NGX_HTTP_LIVE_FLV_READ_SIZE   2048

/* reads at one go, before others have their turn */
#define NGX_HTTP_LIVE_FLV_READS       8


static ngx_int_t ngx_http_live_flv_websocket_input(ngx_http_live_flv_t *f,
    u_char *p, u_char *end);
static void ngx_http_live_flv_websocket_frame(ngx_http_live_flv_t *f);


void
ngx_http_live_flv_websocket_handler(ngx_http_request_t *r)
{
    u_char                buf[NGX_HTTP_LIVE_FLV_READ_SIZE];
    ssize_t               n;
    ngx_buf_t            *b;
    ngx_uint_t            i;
    ngx_event_t          *rev;
    ngx_connection_t     *c;
    ngx_http_live_flv_t  *f;

    c = r->connection;
    rev = c->read;
    f = ngx_http_get_module_ctx(r, ngx_http_live_flv_module);

    /* what came together with the request */

    b = r->header_in;

    if (b->pos != b->last) {
        n = b->last - b->pos;
        b->pos = b->last;

        if (ngx_http_live_flv_websocket_input(f, b->last - n, b->last)
            != NGX_OK)
        {
            return;
        }
    }

    for (i = 0; i < NGX_HTTP_LIVE_FLV_READS; i++) {

        n = c->recv(c, buf, NGX_HTTP_LIVE_FLV_READ_SIZE);

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_http_live_flv_finalize(f, NGX_ERROR);
            }

            return;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_log_error(NGX_LOG_INFO, c->log, 0, "client closed connection");

            c->error = 1;
            ngx_http_live_flv_finalize(f, NGX_HTTP_CLIENT_CLOSED_REQUEST);

            return;
        }

        if (ngx_http_live_flv_websocket_input(f, buf, buf + n) != NGX_OK) {
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


/* NGX_DONE: the player may be gone */

static ngx_int_t
ngx_http_live_flv_websocket_input(ngx_http_live_flv_t *f, u_char *p,
    u_char *end)
{
    ngx_int_t                       rc;
    ngx_http_live_flv_websocket_t  *ws;

    ws = f->websocket;

    ngx_live_session_bytes(&f->session, end - p, 0);

    do {
        rc = ngx_live_websocket_parse(&ws->parser, &p, end);

        if (rc == NGX_OK) {
            ngx_http_live_flv_websocket_frame(f);
        }

    } while (rc == NGX_OK && !ws->close_received);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_INFO, f->request->connection->log, 0,
                      "client sent invalid WebSocket frame: %s",
                      ws->parser.reason);

        ws->close_received = 1;
        ngx_http_live_flv_end(f, ws->parser.code);

        return NGX_DONE;
    }

    if (ws->close_received) {
        ngx_http_live_flv_end(f, ws->code);
        return NGX_DONE;
    }

    return ws->ping ? ngx_http_live_flv_run(f) : NGX_OK;
}


/* players have nothing to say but ping and close */

static void
ngx_http_live_flv_websocket_frame(ngx_http_live_flv_t *f)
{
    ngx_live_websocket_t           *parser;
    ngx_http_live_flv_websocket_t  *ws;

    ws = f->websocket;
    parser = &ws->parser;

    switch (parser->opcode) {

    case NGX_LIVE_WEBSOCKET_PING:

        /* RFC 6455, 5.5.3: it is enough to answer the newest */

        ws->ping = 1;
        ws->npong = parser->len;
        ngx_memcpy(ws->pong, parser->data, parser->len);

        break;

    case NGX_LIVE_WEBSOCKET_CLOSE:
        ws->close_received = 1;
        ws->code = ngx_live_websocket_close_code(parser->data, parser->len);

        break;

    default:
        break;
    }
}
