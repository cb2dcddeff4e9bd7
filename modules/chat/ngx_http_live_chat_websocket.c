
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_deflate.h"


#define NGX_HTTP_LIVE_CHAT_READ_SIZE  4096

/* reads at one go, before others have their turn */
#define NGX_HTTP_LIVE_CHAT_READS      4


static ngx_int_t ngx_http_live_chat_before(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_input(ngx_http_live_chat_t *ch,
    u_char *p, u_char *end);
static ngx_int_t ngx_http_live_chat_hold(ngx_http_live_chat_t *ch,
    u_char *p, u_char *end);
static ngx_int_t ngx_http_live_chat_frame(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_piece(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_whole(ngx_http_live_chat_t *ch,
    u_char *p, size_t len);


void
ngx_http_live_chat_websocket_handler(ngx_http_request_t *r)
{
    u_char                 buf[NGX_HTTP_LIVE_CHAT_READ_SIZE];
    ssize_t                n;
    ngx_uint_t             i;
    ngx_event_t           *rev;
    ngx_connection_t      *c;
    ngx_http_live_chat_t  *ch;

    c = r->connection;
    rev = c->read;
    ch = ngx_http_get_module_ctx(r, ngx_http_live_chat_module);

    if (ngx_http_live_chat_before(ch) != NGX_OK) {
        return;
    }

    for (i = 0; i < NGX_HTTP_LIVE_CHAT_READS; i++) {

        n = c->recv(c, buf, NGX_HTTP_LIVE_CHAT_READ_SIZE);

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_http_live_chat_finalize(ch, NGX_ERROR);
            }

            return;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_log_error(NGX_LOG_INFO, c->log, 0, "client closed connection");

            c->error = 1;
            ngx_http_live_chat_finalize(ch, NGX_HTTP_CLIENT_CLOSED_REQUEST);

            return;
        }

        if (ngx_http_live_chat_input(ch, buf, buf + n) != NGX_OK) {
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


/* what came together with the request, or had to wait */

static ngx_int_t
ngx_http_live_chat_before(ngx_http_live_chat_t *ch)
{
    u_char                          *p;
    size_t                           n;
    ngx_int_t                        rc;
    ngx_buf_t                       *b;
    ngx_event_t                     *rev;
    ngx_http_live_chat_websocket_t  *ws;

    ws = ch->websocket;
    rev = ch->request->connection->read;

    if (ngx_http_live_chat_holds(ch)) {
        ws->held = 1;

        if (ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_http_live_chat_finalize(ch, NGX_ERROR);
            return NGX_DONE;
        }

        return NGX_AGAIN;
    }

    b = ch->request->header_in;

    if (b->pos != b->last) {
        n = b->last - b->pos;
        b->pos = b->last;

        return ngx_http_live_chat_input(ch, b->last - n, b->last);
    }

    if (ws->rest == NULL) {
        return NGX_OK;
    }

    p = ws->rest;
    ws->rest = NULL;

    rc = ngx_http_live_chat_input(ch, p, p + ws->rest_len);

    ngx_free(p);

    return rc;
}


/* NGX_DONE: the client may be gone; NGX_AGAIN: it is not read from now */

static ngx_int_t
ngx_http_live_chat_input(ngx_http_live_chat_t *ch, u_char *p, u_char *end)
{
    ngx_int_t                        rc;
    ngx_http_live_chat_websocket_t  *ws;

    ws = ch->websocket;

    ch->heard = ngx_current_msec;
    ngx_live_session_bytes(&ch->session, end - p, 0);

    do {
        rc = ngx_live_websocket_parse(&ws->parser, &p, end);

        if (rc == NGX_ERROR) {
            ngx_log_error(NGX_LOG_INFO, ch->request->connection->log, 0,
                          "client sent invalid WebSocket frame: %s",
                          ws->parser.reason);

            ws->close_received = 1;
            ngx_http_live_chat_end(ch, ws->parser.code);

            return NGX_DONE;
        }

        if (rc == NGX_AGAIN) {
            break;
        }

        rc = ngx_http_live_chat_frame(ch);

        if (rc == NGX_ERROR) {
            ngx_http_live_chat_finalize(ch, NGX_ERROR);
            return NGX_DONE;
        }

        if (rc == NGX_DECLINED) {
            ngx_http_live_chat_end(ch, ws->code);
            return NGX_DONE;
        }

        if (ws->close_received) {
            ngx_http_live_chat_end(ch, ws->code);
            return NGX_DONE;
        }

        if (ch->entrance || ch->waiting > NGX_HTTP_LIVE_CHAT_HEADS_OWN) {
            rc = ngx_http_live_chat_hold(ch, p, end);
        }

    } while (rc == NGX_OK);

    if (rc != NGX_AGAIN || ws->held) {
        return rc;
    }

    /* a client that takes nothing is not told everything */

    return ch->heads && !ch->blocked ? ngx_http_live_chat_run(ch) : NGX_OK;
}


/*
 * A client that asks without reading answers waits with its questions, so that
 * it costs no more memory than one of them.
 */

static ngx_int_t
ngx_http_live_chat_hold(ngx_http_live_chat_t *ch, u_char *p, u_char *end)
{
    ngx_http_live_chat_websocket_t  *ws;

    if (ngx_http_live_chat_run(ch) != NGX_OK) {
        return NGX_DONE;
    }

    if (!ngx_http_live_chat_holds(ch)) {
        return NGX_OK;
    }

    ws = ch->websocket;
    ws->held = 1;

    if (p == end) {
        return NGX_AGAIN;
    }

    ws->rest = ngx_alloc(end - p, ch->request->connection->log);

    if (ws->rest == NULL) {
        ngx_http_live_chat_finalize(ch, NGX_ERROR);
        return NGX_DONE;
    }

    ngx_memcpy(ws->rest, p, end - p);
    ws->rest_len = end - p;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_live_chat_frame(ngx_http_live_chat_t *ch)
{
    ngx_live_websocket_t            *parser;
    ngx_http_live_chat_websocket_t  *ws;

    ws = ch->websocket;
    parser = &ws->parser;

    switch (parser->opcode) {

    case NGX_LIVE_WEBSOCKET_PING:
        return ch->closing ? NGX_OK
               : ngx_http_live_chat_own_frame(ch, NGX_LIVE_WEBSOCKET_PONG,
                                              parser->data, parser->len);

    case NGX_LIVE_WEBSOCKET_PONG:
        return NGX_OK;

    case NGX_LIVE_WEBSOCKET_CLOSE:
        ws->close_received = 1;
        ws->code = ngx_live_websocket_close_code(parser->data, parser->len);

        return NGX_OK;

    default:
        return ch->closing ? NGX_OK : ngx_http_live_chat_piece(ch);
    }
}


/* most messages come in one piece; of others the first ones are kept */

static ngx_int_t
ngx_http_live_chat_piece(ngx_http_live_chat_t *ch)
{
    u_char                          *p;
    ngx_int_t                        rc;
    ngx_live_websocket_t            *parser;
    ngx_http_live_chat_loc_conf_t   *lccf;
    ngx_http_live_chat_websocket_t  *ws;

    ws = ch->websocket;
    parser = &ws->parser;

    if (parser->opcode != NGX_LIVE_WEBSOCKET_TEXT) {
        ws->code = NGX_LIVE_WEBSOCKET_UNSUPPORTED;
        return NGX_DECLINED;
    }

    if (ws->message == NULL && parser->fin) {
        return ngx_http_live_chat_whole(ch, parser->data, parser->len);
    }

    if (ws->message == NULL) {
        lccf = ngx_http_get_module_loc_conf(ch->request,
                                            ngx_http_live_chat_module);

        /* the parser has no more than that */

        ws->message = ngx_alloc(lccf->message_size,
                                ch->request->connection->log);
        if (ws->message == NULL) {
            return NGX_ERROR;
        }

        ws->size = 0;
    }

    ngx_memcpy(ws->message + ws->size, parser->data, parser->len);
    ws->size += parser->len;

    if (!parser->fin) {
        return NGX_OK;
    }

    p = ws->message;
    ws->message = NULL;

    rc = ngx_http_live_chat_whole(ch, p, ws->size);

    ngx_free(p);

    return rc;
}


/* NGX_DECLINED: to be closed by ws->code */

static ngx_int_t
ngx_http_live_chat_whole(ngx_http_live_chat_t *ch, u_char *p, size_t len)
{
    size_t                          n;
    u_char                         *text;
    ngx_int_t                       rc;
    const char                     *reason;
    ngx_http_live_chat_loc_conf_t  *lccf;
    static ngx_live_chat_deflate_t  df;

    if (!ch->websocket->parser.compressed) {
        return ngx_http_live_chat_command(ch, p, len);
    }

    lccf = ngx_http_get_module_loc_conf(ch->request,
                                        ngx_http_live_chat_module);

    if (!df.inflating) {
        ngx_live_chat_deflate_init(&df, 1);
    }

    text = ngx_alloc(lccf->message_size, ch->request->connection->log);
    if (text == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_live_chat_inflate(&df, p, len, text, lccf->message_size, &n,
                               &reason);

    if (rc == NGX_OK && ngx_live_utf8_check(text, n) != NGX_OK) {
        reason = "text is not UTF-8";
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_live_chat_command(ch, text, n);

    } else {
        ngx_log_error(NGX_LOG_INFO, ch->request->connection->log, 0,
                      "client sent invalid compressed message: %s", reason);

        ch->websocket->code = (rc == NGX_DECLINED)
                              ? NGX_LIVE_WEBSOCKET_TOO_BIG
                              : NGX_LIVE_WEBSOCKET_INVALID;
        rc = NGX_DECLINED;
    }

    ngx_free(text);

    return rc;
}
