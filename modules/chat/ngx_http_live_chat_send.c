
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_send.h"


/* bytes of what is given to HTTP/2 at once */
#define NGX_HTTP_LIVE_CHAT_COPY_SIZE  65536


static ngx_int_t ngx_http_live_chat_send_rest(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_send_head(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_send_batch(ngx_http_live_chat_t *ch);
static ngx_int_t ngx_http_live_chat_write(ngx_http_live_chat_t *ch,
    u_char *p, size_t len, size_t *sent);
static ngx_int_t ngx_http_live_chat_write_copy(ngx_http_live_chat_t *ch,
    u_char *p, size_t len, size_t *sent);
static u_char *ngx_http_live_chat_head(ngx_http_live_chat_t *ch, size_t size);


ngx_int_t
ngx_http_live_chat_send(ngx_http_live_chat_t *ch)
{
    ngx_int_t  rc;

    rc = ngx_http_live_chat_send_rest(ch);

    while (rc == NGX_OK) {

        if (ch->heads && !ch->halfway) {
            rc = ngx_http_live_chat_send_head(ch);

        } else if (ch->client.batch) {
            rc = ngx_http_live_chat_send_batch(ch);

        } else {
            return NGX_OK;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/* of the response header, or what TLS has kept */

static ngx_int_t
ngx_http_live_chat_send_rest(ngx_http_live_chat_t *ch)
{
    size_t               sent;
    ngx_http_request_t  *r;

    r = ch->request;

    if (ch->copy) {
        return ngx_http_live_copy_flush(r, ch->copy);
    }

    if (r->out == NULL) {
        return r->connection->buffered
               ? ngx_http_live_chat_write(ch, NULL, 0, &sent) : NGX_OK;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return r->out ? NGX_AGAIN : NGX_OK;
}


static ngx_int_t
ngx_http_live_chat_send_head(ngx_http_live_chat_t *ch)
{
    size_t                      sent;
    ngx_int_t                   rc;
    ngx_http_live_chat_head_t  *head;

    head = ch->heads;

    rc = ngx_http_live_chat_write(ch, head->pos, head->last - head->pos,
                                  &sent);

    head->pos += sent;

    if (head->pos == head->last) {
        ch->waiting -= head->last - (u_char *) head;
        ch->heads = head->next;

        if (ch->heads == NULL) {
            ch->last = &ch->heads;
        }

        ngx_free(head);
    }

    return rc;
}


/* once begun it is gone on with: TLS wants the same bytes again */

static ngx_int_t
ngx_http_live_chat_send_batch(ngx_http_live_chat_t *ch)
{
    size_t                          sent;
    ngx_int_t                       rc;
    ngx_str_t                       text;
    ngx_http_live_chat_loc_conf_t  *lccf;

    rc = ngx_live_chat_client_text(&ch->client, &text);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_live_chat_write(ch, text.data, text.len, &sent);

    ch->halfway = (sent < text.len);

    if (sent) {
        ngx_live_chat_client_sent(&ch->client, sent);
    }

    if (!ch->halfway && ch->client.batch) {
        lccf = ngx_http_get_module_loc_conf(ch->request,
                                            ngx_http_live_chat_module);

        ch->client.behind = ngx_live_chat_client_lag(&ch->client)
                            > lccf->queue / 2;
    }

    return rc;
}


/*
 * NGX_AGAIN: the socket takes no more.  TLS copies what it could not send:
 * it must not be given other bytes instead.
 */

static ngx_int_t
ngx_http_live_chat_write(ngx_http_live_chat_t *ch, u_char *p, size_t len,
    size_t *sent)
{
    ssize_t            n;
    ngx_live_send_t   *s;
    ngx_connection_t  *c;

    if (ch->copy) {
        return ngx_http_live_chat_write_copy(ch, p, len, sent);
    }

    c = ch->request->connection;

    *sent = 0;

    if (!c->write->ready) {
        n = 0;

    } else if (c->ssl) {
        s = ngx_live_send_start();

        if (len) {
            (void) ngx_live_send_add(s, p, len);
        }

        n = ngx_live_send(s, c);

    } else {
        n = c->send(c, p, len);

        if (n == NGX_AGAIN) {
            n = 0;
        }
    }

    if (n < 0) {
        c->error = 1;
        return NGX_ERROR;
    }

    if (n) {
        *sent = n;
        c->sent += n;

        ngx_live_session_bytes(&ch->session, 0, n);

        ch->progress = ngx_current_msec;
    }

    if ((size_t) n == len && !c->buffered) {
        return NGX_OK;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* nothing of ours waits in nginx but one piece */

static ngx_int_t
ngx_http_live_chat_write_copy(ngx_http_live_chat_t *ch, u_char *p, size_t len,
    size_t *sent)
{
    u_char  *data;

    *sent = 0;

    len = ngx_min(len, NGX_HTTP_LIVE_CHAT_COPY_SIZE);

    data = ngx_http_live_copy_alloc(ch->request, ch->copy, len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(data, p, len);

    *sent = len;

    ngx_live_session_bytes(&ch->session, 0, len);

    ch->progress = ngx_current_msec;

    return ngx_http_live_copy_send(ch->request, ch->copy);
}


ngx_int_t
ngx_http_live_chat_own(ngx_http_live_chat_t *ch, ngx_str_t *json)
{
    u_char  *p;

    if (ch->websocket) {
        return ngx_http_live_chat_own_frame(ch, NGX_LIVE_WEBSOCKET_TEXT,
                                            json->data, json->len);
    }

    p = ngx_http_live_chat_head(ch, json->len + sizeof("data: \n\n") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(p, "data: ", sizeof("data: ") - 1);
    p = ngx_cpymem(p, json->data, json->len);
    *p++ = LF;
    *p++ = LF;

    return NGX_OK;
}


ngx_int_t
ngx_http_live_chat_own_frame(ngx_http_live_chat_t *ch, ngx_uint_t opcode,
    u_char *data, size_t len)
{
    u_char  *p;
    size_t   size;

    if (ch->websocket == NULL) {

        /* a comment keeps it alive */

        p = ngx_http_live_chat_head(ch, sizeof(":\n\n") - 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(p, ":\n\n", sizeof(":\n\n") - 1);

        return NGX_OK;
    }

    size = ngx_live_websocket_header_len(len) + len;

    p = ngx_http_live_chat_head(ch, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = ngx_live_websocket_write_header(p, p + size, opcode, len);

    if (len) {
        ngx_memcpy(p, data, len);
    }

    return NGX_OK;
}


static u_char *
ngx_http_live_chat_head(ngx_http_live_chat_t *ch, size_t size)
{
    ngx_http_live_chat_head_t  *head;

    if (ch->waiting + size > NGX_HTTP_LIVE_CHAT_HEADS_MAX) {
        ngx_log_error(NGX_LOG_INFO, ch->request->connection->log, 0,
                      "client asks for more than it takes");
        return NULL;
    }

    /* small ones cost as much as their heads */

    size += offsetof(ngx_http_live_chat_head_t, data);

    head = ngx_alloc(size, ch->request->connection->log);
    if (head == NULL) {
        return NULL;
    }

    head->next = NULL;
    head->pos = head->data;
    head->last = (u_char *) head + size;

    *ch->last = head;
    ch->last = &head->next;
    ch->waiting += size;

    return head->data;
}


/* the last of the room that it is sent: what was begun */

ngx_int_t
ngx_http_live_chat_last(ngx_http_live_chat_t *ch)
{
    u_char                     *p;
    ngx_str_t                   text;
    ngx_http_live_chat_head_t  *heads, **last;

    if (ch->halfway
        && ngx_live_chat_client_text(&ch->client, &text) == NGX_OK)
    {
        /* before all others */

        heads = ch->heads;
        last = ch->last;

        ch->heads = NULL;
        ch->last = &ch->heads;

        p = ngx_http_live_chat_head(ch, text.len);

        if (p) {
            ngx_memcpy(p, text.data, text.len);
        }

        *ch->last = heads;

        if (heads) {
            ch->last = last;
        }

        if (p == NULL) {
            return NGX_ERROR;
        }
    }

    ch->halfway = 0;

    ngx_http_live_chat_leave(ch);

    return NGX_OK;
}


void
ngx_http_live_chat_heads_free(ngx_http_live_chat_t *ch)
{
    ngx_http_live_chat_head_t  *head;

    while (ch->heads) {
        head = ch->heads;
        ch->heads = head->next;
        ngx_free(head);
    }

    ch->last = &ch->heads;
    ch->waiting = 0;
}
