
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"


/*
 * Rooms of several nodes: who comes waits until it is known what the others
 * have said, who has said something until they can hear it.  Clients that stay
 * are first, then those that visit the room by one request.
 */


struct ngx_http_live_chat_entrance_s {
    ngx_live_chat_waiter_t     waiter;     /* must be first */
    ngx_http_live_chat_t      *ch;
    ngx_live_chat_cursor_t     cursor;
    ngx_uint_t                 resumes;
    size_t                     ref_len;
    u_char                     ref[NGX_LIVE_CHAT_NONCE_MAX];
};


struct ngx_http_live_chat_ack_s {
    ngx_live_chat_waiter_t     waiter;     /* must be first */
    ngx_http_live_chat_t      *ch;
    ngx_http_live_chat_ack_t  *next;
    size_t                     ref_len;
    u_char                     ref[NGX_LIVE_CHAT_NONCE_MAX];
};


static void ngx_http_live_chat_opened(ngx_live_chat_waiter_t *w,
    ngx_live_chat_id_t *id);
static void ngx_http_live_chat_logged(ngx_live_chat_waiter_t *w,
    ngx_live_chat_id_t *id);
static void ngx_http_live_chat_waited(ngx_http_live_chat_t *ch,
    ngx_http_live_chat_deed_t *deed, ngx_int_t rc);
static ngx_int_t ngx_http_live_chat_visitor_waits(
    ngx_http_live_chat_visitor_t *v);
static void ngx_http_live_chat_visitor_called(ngx_live_chat_waiter_t *w,
    ngx_live_chat_id_t *id);
static ngx_int_t ngx_http_live_chat_visitor_enters(
    ngx_http_live_chat_visitor_t *v);
static void ngx_http_live_chat_visitor_cleanup(void *data);


ngx_int_t
ngx_http_live_chat_await_open(ngx_http_live_chat_t *ch,
    ngx_live_chat_cursor_t *cursor, ngx_uint_t history)
{
    ngx_int_t                       rc;
    ngx_http_live_chat_entrance_t  *e;

    e = ngx_calloc(sizeof(ngx_http_live_chat_entrance_t),
                   ch->request->connection->log);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->waiter.handler = ngx_http_live_chat_opened;
    e->ch = ch;

    if (cursor) {
        e->cursor = *cursor;
        e->resumes = 1;
    }

    rc = ngx_live_chat_hall_await_open(&e->waiter, &ch->key, history);

    if (rc == NGX_AGAIN) {
        ch->entrance = e;

    } else {
        ngx_free(e);
    }

    return rc;
}


static void
ngx_http_live_chat_opened(ngx_live_chat_waiter_t *w, ngx_live_chat_id_t *id)
{
    ngx_int_t                       rc;
    ngx_http_live_chat_t           *ch;
    ngx_http_live_chat_deed_t       deed;
    ngx_http_live_chat_entrance_t  *e;

    e = (ngx_http_live_chat_entrance_t *) w;
    ch = e->ch;

    ch->entrance = NULL;

    ngx_http_set_log_request(ch->request->connection->log, ch->request);

    ngx_memzero(&deed, sizeof(ngx_http_live_chat_deed_t));

    rc = ngx_http_live_chat_come_in(ch, e->resumes ? &e->cursor : NULL);

    if (rc == NGX_DECLINED) {
        (void) ngx_http_live_chat_refuse(&deed, "room_full", 0);
    }

    deed.ref_len = e->ref_len;
    ngx_memcpy(deed.ref, e->ref, e->ref_len);

    ngx_free(e);

    ngx_http_live_chat_waited(ch, &deed, rc);
}


ngx_int_t
ngx_http_live_chat_await_log(ngx_http_live_chat_t *ch,
    ngx_http_live_chat_deed_t *deed)
{
    ngx_http_live_chat_ack_t  *ack;

    if (deed->later) {
        ch->entrance->ref_len = deed->ref_len;
        ngx_memcpy(ch->entrance->ref, deed->ref, deed->ref_len);

        return NGX_OK;
    }

    ack = ngx_calloc(sizeof(ngx_http_live_chat_ack_t),
                     ch->request->connection->log);
    if (ack == NULL) {
        return NGX_ERROR;
    }

    ack->waiter.handler = ngx_http_live_chat_logged;
    ack->ch = ch;
    ack->ref_len = deed->ref_len;
    ngx_memcpy(ack->ref, deed->ref, deed->ref_len);

    ack->next = ch->acks;
    ch->acks = ack;

    ngx_live_chat_hall_await(&ack->waiter, ch->client.hall, deed->seq);

    return NGX_OK;
}


static void
ngx_http_live_chat_logged(ngx_live_chat_waiter_t *w, ngx_live_chat_id_t *id)
{
    ngx_http_live_chat_t       *ch;
    ngx_http_live_chat_ack_t   *ack, **p;
    ngx_http_live_chat_deed_t   deed;

    ack = (ngx_http_live_chat_ack_t *) w;
    ch = ack->ch;

    for (p = &ch->acks; *p != ack; p = &(*p)->next) { /* void */ }

    *p = ack->next;

    ngx_memzero(&deed, sizeof(ngx_http_live_chat_deed_t));

    deed.pos = *id;
    deed.ref_len = ack->ref_len;
    ngx_memcpy(deed.ref, ack->ref, ack->ref_len);

    ngx_free(ack);

    ngx_http_set_log_request(ch->request->connection->log, ch->request);

    ngx_http_live_chat_waited(ch, &deed, NGX_OK);
}


static void
ngx_http_live_chat_waited(ngx_http_live_chat_t *ch,
    ngx_http_live_chat_deed_t *deed, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = ch->request->connection;

    if (rc == NGX_ERROR
        || ngx_http_live_chat_answer(ch, deed) != NGX_OK)
    {
        ngx_http_live_chat_finalize(ch, NGX_ERROR);

    } else if (ngx_http_live_chat_run(ch) == NGX_OK
               && ch->websocket && ch->websocket->held
               && !ngx_http_live_chat_holds(ch))
    {
        ch->websocket->held = 0;
        ch->heard = ngx_current_msec;

        ngx_post_event(c->read, &ngx_posted_events);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_http_live_chat_wait_no_more(ngx_http_live_chat_t *ch)
{
    ngx_http_live_chat_ack_t  *ack;

    if (ch->entrance) {
        ngx_live_chat_hall_forget(&ch->entrance->waiter);
        ngx_free(ch->entrance);
        ch->entrance = NULL;
    }

    while (ch->acks) {
        ack = ch->acks;
        ch->acks = ack->next;

        ngx_live_chat_hall_forget(&ack->waiter);
        ngx_free(ack);
    }
}


ngx_int_t
ngx_http_live_chat_visit(ngx_http_live_chat_visitor_t *v,
    ngx_http_request_t *r, ngx_http_live_chat_visit_pt handler)
{
    ngx_str_t                  key;
    ngx_http_cleanup_t        *cln;
    ngx_http_live_ctx_t       *ctx;
    ngx_live_chat_app_conf_t  *cacf;

    ctx = ngx_http_live_get_ctx(r);
    cacf = ngx_live_get_module_app_conf(ctx->access.conf,
                                        ngx_live_chat_module);

    cln = ngx_http_cleanup_add(r, 0);

    if (cln == NULL || ngx_http_live_chat_key(r, &key) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->request = r;
    v->key = key;
    v->handler = handler;
    v->waiter.handler = ngx_http_live_chat_visitor_called;

    cln->handler = ngx_http_live_chat_visitor_cleanup;
    cln->data = v;

    switch (ngx_live_chat_hall_await_open(&v->waiter, &key, cacf->history)) {

    case NGX_OK:
        return ngx_http_live_chat_visitor_enters(v);

    case NGX_AGAIN:
        r->connection->log->action = "waiting for the room to be opened";
        return ngx_http_live_chat_visitor_waits(v);

    default:
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "no memory for the room");
    }
}


ngx_int_t
ngx_http_live_chat_visit_said(ngx_http_live_chat_visitor_t *v,
    ngx_http_live_chat_deed_t *deed, ngx_http_live_chat_visit_pt handler)
{
    v->handler = handler;
    v->id = deed->pos;
    v->tip = deed->tip;

    if (deed->seq == 0) {
        return handler(v);
    }

    ngx_live_chat_hall_await(&v->waiter, v->client.hall, deed->seq);

    v->request->connection->log->action = "waiting for what was said";

    return ngx_http_live_chat_visitor_waits(v);
}


/* a client that goes is noticed: what was asked for ends, too */

static ngx_int_t
ngx_http_live_chat_visitor_waits(ngx_http_live_chat_visitor_t *v)
{
    ngx_http_request_t  *r;

    r = v->request;

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_DONE;
}


static void
ngx_http_live_chat_visitor_called(ngx_live_chat_waiter_t *w,
    ngx_live_chat_id_t *id)
{
    ngx_int_t                      rc;
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_live_chat_visitor_t  *v;

    v = (ngx_http_live_chat_visitor_t *)
            ((u_char *) w - offsetof(ngx_http_live_chat_visitor_t, waiter));

    r = v->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;

    if (w->seq == 0) {
        rc = ngx_http_live_chat_visitor_enters(v);

    } else {

        /* what is no entry keeps the id that it had here */

        if (id->ms) {
            v->id = *id;

        } else {
            v->repeated = v->tip;
        }

        rc = v->handler(v);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_live_chat_visitor_enters(ngx_http_live_chat_visitor_t *v)
{
    ngx_int_t                       rc;
    ngx_http_live_ctx_t            *ctx;
    ngx_live_chat_app_conf_t       *cacf;
    ngx_http_live_chat_loc_conf_t  *lccf;

    ctx = ngx_http_live_get_ctx(v->request);
    lccf = ngx_http_get_module_loc_conf(v->request,
                                        ngx_http_live_chat_module);
    cacf = ngx_live_get_module_app_conf(ctx->access.conf,
                                        ngx_live_chat_module);

    /* what a poll has seen is no batch to it, but a position */

    if (ngx_live_chat_hall_enter(&v->client, &v->key, lccf->flush,
                                 cacf->history, NULL)
        != NGX_OK)
    {
        return ngx_http_live_problem(v->request, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "no memory for the room");
    }

    ngx_http_live_chat_settle(v->client.hall->room, cacf);

    rc = v->handler(v);

    if (!v->stays) {
        ngx_live_chat_hall_leave(&v->client);
    }

    return rc;
}


static void
ngx_http_live_chat_visitor_cleanup(void *data)
{
    ngx_http_live_chat_visitor_t *v = data;

    ngx_live_chat_hall_forget(&v->waiter);
    ngx_live_chat_hall_leave(&v->client);
}
