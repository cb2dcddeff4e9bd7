
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"


/*
 * The room for those whose network takes neither WebSocket nor events: GET
 * asks what was said since a cursor and waits for it, POST says something.
 */

/* an answer of its own, against the write of a WebSocket */
#define NGX_HTTP_LIVE_CHAT_POLL_COST  8

/* entries of an answer to one without a cursor */
#define NGX_HTTP_LIVE_CHAT_POLL_MAX  500


typedef struct {
    ngx_http_live_chat_visitor_t  visitor;    /* must be first */
    ngx_live_chat_cursor_t        after;
    uint64_t                      since;      /* its serial number */
    ngx_event_t                   timer;
    unsigned                      suspended:1;
} ngx_http_live_chat_poll_t;


typedef struct {
    ngx_http_live_chat_visitor_t  visitor;    /* must be first */
    ngx_http_live_chat_user_t     user;
    ngx_str_t                     body;
} ngx_http_live_chat_post_t;


static ngx_int_t ngx_http_live_chat_poll_enter(
    ngx_http_live_chat_visitor_t *v);
static ngx_int_t ngx_http_live_chat_poll_start(ngx_http_live_chat_poll_t *p,
    ngx_str_t *cursor, ngx_live_chat_history_t *h);
static ngx_int_t ngx_http_live_chat_poll_suspend(
    ngx_http_live_chat_poll_t *p);
static void ngx_http_live_chat_poll_news(ngx_live_chat_client_t *client);
static void ngx_http_live_chat_poll_timeout(ngx_event_t *ev);
static void ngx_http_live_chat_poll_done(ngx_http_live_chat_poll_t *p);
static ngx_int_t ngx_http_live_chat_poll_answer(ngx_http_live_chat_poll_t *p,
    ngx_live_chat_history_t *h, ngx_uint_t resumed);
static void ngx_http_live_chat_poll_cleanup(void *data);
static void ngx_http_live_chat_post_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_post_visit(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_live_chat_post_say(ngx_http_live_chat_visitor_t *v);
static ngx_int_t ngx_http_live_chat_post_said(
    ngx_http_live_chat_visitor_t *v);
static ngx_int_t ngx_http_live_chat_post_repeated(ngx_http_request_t *r);


ngx_int_t
ngx_http_live_chat_poll(ngx_http_request_t *r)
{
    ngx_http_cleanup_t         *cln;
    ngx_http_live_chat_poll_t  *p;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_live_chat_poll_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = cln->data;

    ngx_memzero(p, sizeof(ngx_http_live_chat_poll_t));

    p->visitor.client.handler = ngx_http_live_chat_poll_news;
    p->visitor.client.cost = NGX_HTTP_LIVE_CHAT_POLL_COST;
    p->visitor.stays = 1;

    cln->handler = ngx_http_live_chat_poll_cleanup;

    return ngx_http_live_chat_visit(&p->visitor, r,
                                    ngx_http_live_chat_poll_enter);
}


static ngx_int_t
ngx_http_live_chat_poll_enter(ngx_http_live_chat_visitor_t *v)
{
    ngx_int_t                   rc;
    ngx_str_t                   cursor;
    ngx_live_chat_history_t     h;
    ngx_http_live_chat_poll_t  *p;

    p = (ngx_http_live_chat_poll_t *) v;

    if (ngx_http_arg(v->request, (u_char *) "cursor", 6, &cursor) != NGX_OK) {
        ngx_str_null(&cursor);
    }

    rc = ngx_http_live_chat_poll_start(p, &cursor, &h);

    if (rc == NGX_AGAIN) {
        return ngx_http_live_chat_poll_suspend(p);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_chat_poll_answer(p, &h, rc == NGX_OK);
}


/*
 * NGX_AGAIN: nothing has been said since; NGX_DECLINED: that cursor is of no
 * use any more, so the answer is what a newcomer gets.
 */

static ngx_int_t
ngx_http_live_chat_poll_start(ngx_http_live_chat_poll_t *p,
    ngx_str_t *text, ngx_live_chat_history_t *h)
{
    ngx_pool_t            *pool;
    ngx_live_chat_hall_t  *hall;

    pool = p->visitor.request->pool;
    hall = p->visitor.client.hall;

    ngx_memzero(h, sizeof(ngx_live_chat_history_t));

    h->max = NGX_HTTP_LIVE_CHAT_MISSED;

    if (text->len
        && ngx_live_chat_cursor_parse(text->data, text->len, &p->after)
           == NGX_OK)
    {
        h->after = &p->after;

        if (ngx_live_chat_hall_history(hall, h, pool) != NGX_OK) {
            return NGX_ERROR;
        }

        p->since = h->since;

        if (h->whole) {
            return h->n ? NGX_OK : NGX_AGAIN;
        }
    }

    h->after = NULL;
    h->max = NGX_HTTP_LIVE_CHAT_POLL_MAX;

    if (ngx_live_chat_hall_history(hall, h, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_live_chat_poll_suspend(ngx_http_live_chat_poll_t *p)
{
    ngx_http_request_t             *r;
    ngx_http_live_chat_loc_conf_t  *lccf;

    r = p->visitor.request;
    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    r->connection->log->action = "waiting for something to be said";

    p->suspended = 1;

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    p->timer.handler = ngx_http_live_chat_poll_timeout;
    p->timer.data = p;
    p->timer.log = r->connection->log;

    ngx_add_timer(&p->timer, lccf->poll_timeout);

    return NGX_DONE;
}


static void
ngx_http_live_chat_poll_news(ngx_live_chat_client_t *client)
{
    ngx_http_live_chat_poll_t  *p;

    p = (ngx_http_live_chat_poll_t *) client;

    if (client->away) {

        /* it asks the next worker */

        ngx_http_live_chat_poll_done(p);
        return;
    }

    /* what has passed is not for it, so it may have nothing to be told */

    ngx_live_chat_client_skip(client);

    if (p->suspended && client->hall->told > p->since) {
        ngx_http_live_chat_poll_done(p);
    }
}


static void
ngx_http_live_chat_poll_timeout(ngx_event_t *ev)
{
    ngx_http_live_chat_poll_done(ev->data);
}


static void
ngx_http_live_chat_poll_done(ngx_http_live_chat_poll_t *p)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_live_chat_history_t   h;

    r = p->visitor.request;
    c = r->connection;

    p->suspended = 0;

    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;

    ngx_memzero(&h, sizeof(ngx_live_chat_history_t));

    h.after = &p->after;
    h.max = NGX_HTTP_LIVE_CHAT_MISSED;

    rc = ngx_live_chat_hall_history(p->visitor.client.hall, &h, r->pool);

    if (rc == NGX_OK) {
        rc = ngx_http_live_chat_poll_answer(p, &h, h.whole);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_live_chat_poll_answer(ngx_http_live_chat_poll_t *p,
    ngx_live_chat_history_t *h, ngx_uint_t resumed)
{
    u_char                  *s;
    ngx_str_t                body;
    ngx_http_request_t      *r;
    ngx_live_chat_hall_t    *hall;
    ngx_live_chat_cursor_t   cursor;

    r = p->visitor.request;
    hall = p->visitor.client.hall;

    cursor = h->n ? h->last : h->after ? *h->after : hall->cursor;

    ngx_live_chat_hall_leave(&p->visitor.client);

    body.data = ngx_pnalloc(r->pool,
                            sizeof("{\"resumed\":false,\"cursor\":\"\","
                                   "\"messages\":[]}") - 1
                            + NGX_LIVE_CHAT_CURSOR_LEN + h->text.len);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s = ngx_sprintf(body.data, "{\"resumed\":%s,\"cursor\":\"",
                    resumed ? "true" : "false");
    s = ngx_live_chat_cursor_write(s, &cursor);
    s = ngx_sprintf(s, "\",\"messages\":[%V]}", &h->text);

    body.len = s - body.data;

    if (ngx_http_live_cache_control(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_reply(r, NGX_HTTP_OK, "application/json", &body);
}


static void
ngx_http_live_chat_poll_cleanup(void *data)
{
    ngx_http_live_chat_poll_t *p = data;

    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    p->suspended = 0;
}


ngx_int_t
ngx_http_live_chat_post(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_live_chat_loc_conf_t  *lccf;

    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    /* a body without a length is limited by client_max_body_size */

    if (r->headers_in.content_length_n > (off_t) lccf->message_size) {
        return ngx_http_live_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     "message is too long");
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_live_chat_post_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_live_chat_post_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       body;
    ngx_http_live_chat_loc_conf_t  *lccf;

    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    ngx_str_null(&body);

    rc = ngx_http_live_chat_body(r, lccf->message_size, &body);

    if (rc == NGX_OK) {
        rc = ngx_http_live_chat_post_visit(r, &body);

    } else if (rc == NGX_DECLINED) {
        rc = ngx_http_live_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                   "message is too long");
    }

    ngx_http_finalize_request(r, rc);
}


ngx_int_t
ngx_http_live_chat_body(ngx_http_request_t *r, size_t max, ngx_str_t *body)
{
    u_char       *p;
    size_t        n;
    ngx_chain_t  *cl;

    p = ngx_pnalloc(r->pool, body->len + max);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    max += body->len;

    if (body->len) {
        ngx_memcpy(p, body->data, body->len);
    }

    body->data = p;

    cl = r->request_body ? r->request_body->bufs : NULL;

    for ( /* void */ ; cl; cl = cl->next) {

        n = cl->buf->last - cl->buf->pos;

        if (cl->buf->in_file || n > max - body->len) {
            return NGX_DECLINED;
        }

        /* the last one of an empty body has no memory */

        if (n) {
            ngx_memcpy(body->data + body->len, cl->buf->pos, n);
            body->len += n;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_chat_post_visit(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_str_t                   name;
    ngx_http_live_chat_post_t  *post;

    post = ngx_pcalloc(r->pool, sizeof(ngx_http_live_chat_post_t));

    if (post == NULL
        || ngx_http_live_chat_name_arg(r, &name) != NGX_OK
        || ngx_http_live_chat_user(r, &post->user, &name) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    post->body = *body;

    return ngx_http_live_chat_visit(&post->visitor, r,
                                    ngx_http_live_chat_post_say);
}


static ngx_int_t
ngx_http_live_chat_post_say(ngx_http_live_chat_visitor_t *v)
{
    ngx_int_t                   rc;
    ngx_http_live_chat_post_t  *post;
    ngx_http_live_chat_deed_t   deed;

    post = (ngx_http_live_chat_post_t *) v;

    ngx_memzero(&deed, sizeof(ngx_http_live_chat_deed_t));

    deed.request = v->request;
    deed.user = &post->user;
    deed.hall = v->client.hall;

    rc = ngx_http_live_chat_do(&deed, &post->body);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_live_problem(v->request, deed.status, deed.error);
    }

    if (deed.repeated) {
        return ngx_http_live_chat_post_repeated(v->request);
    }

    return ngx_http_live_chat_visit_said(v, &deed,
                                         ngx_http_live_chat_post_said);
}


static ngx_int_t
ngx_http_live_chat_post_said(ngx_http_live_chat_visitor_t *v)
{
    u_char     *p;
    ngx_str_t   json;

    if (v->repeated) {
        return ngx_http_live_chat_post_repeated(v->request);
    }

    json.data = ngx_pnalloc(v->request->pool, sizeof("{\"id\":\"\"}") - 1
                                              + NGX_LIVE_CHAT_ID_LEN);
    if (json.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(json.data, "{\"id\":\"", sizeof("{\"id\":\"") - 1);
    p = ngx_live_chat_id_write(p, &v->id);
    *p++ = '"';
    *p++ = '}';

    json.len = p - json.data;

    return ngx_http_live_reply(v->request, NGX_HTTP_OK, "application/json",
                               &json);
}


static ngx_int_t
ngx_http_live_chat_post_repeated(ngx_http_request_t *r)
{
    ngx_str_t  json;

    ngx_str_set(&json, "{\"repeated\":true}");

    return ngx_http_live_reply(r, NGX_HTTP_OK, "application/json", &json);
}
