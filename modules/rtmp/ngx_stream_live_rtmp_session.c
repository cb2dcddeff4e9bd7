
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The connection: handshake, reading, messages that are neither commands nor
 * media, timeouts, the end.
 */


#include "ngx_stream_live_rtmp.h"
#include "ngx_live_bytes.h"

#include <openssl/rand.h>


#define NGX_STREAM_LIVE_RTMP_BUFFER  65536

/* buffers read by one event before others get their turn */
#define NGX_STREAM_LIVE_RTMP_READS   16

/* how long a client may take to read a refusal and to close, ms */
#define NGX_STREAM_LIVE_RTMP_LINGER  500


typedef struct {
    u_char                          type;
    ngx_int_t                     (*handler)(ngx_stream_live_rtmp_t *rs,
                                             ngx_live_rtmp_message_t *m);
} ngx_stream_live_rtmp_type_t;


static ngx_stream_live_rtmp_t *ngx_stream_live_rtmp_create(
    ngx_stream_session_t *s);
static void *ngx_stream_live_rtmp_resize(void *data, void *p, size_t size);
static u_char *ngx_stream_live_rtmp_log(ngx_log_t *log, u_char *buf,
    size_t len);
static void ngx_stream_live_rtmp_cleanup(void *data);

static void ngx_stream_live_rtmp_read_handler(ngx_event_t *rev);
static void ngx_stream_live_rtmp_write_handler(ngx_event_t *wev);
static void ngx_stream_live_rtmp_timeout(ngx_stream_live_rtmp_t *rs);
static void ngx_stream_live_rtmp_read(ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_read_stash(ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_stash(ngx_stream_live_rtmp_t *rs,
    u_char *pos, u_char *last);
static ngx_int_t ngx_stream_live_rtmp_input(ngx_stream_live_rtmp_t *rs,
    u_char *pos, u_char *last);
static ngx_int_t ngx_stream_live_rtmp_handshake(ngx_stream_live_rtmp_t *rs,
    u_char **pos, u_char *last);
static ngx_int_t ngx_stream_live_rtmp_dispatch(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_ignore(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_user_control(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_set_window(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_acknowledge(ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_finish(ngx_stream_live_rtmp_t *rs);


static ngx_stream_live_rtmp_type_t  ngx_stream_live_rtmp_types[] = {
    { NGX_LIVE_RTMP_AUDIO, ngx_stream_live_rtmp_publish_audio },
    { NGX_LIVE_RTMP_VIDEO, ngx_stream_live_rtmp_publish_video },
    { NGX_LIVE_RTMP_AGGREGATE, ngx_stream_live_rtmp_publish_aggregate },
    { NGX_LIVE_RTMP_AMF0_DATA, ngx_stream_live_rtmp_publish_data },
    { NGX_LIVE_RTMP_AMF3_DATA, ngx_stream_live_rtmp_publish_data },
    { NGX_LIVE_RTMP_AMF0_COMMAND, ngx_stream_live_rtmp_command },
    { NGX_LIVE_RTMP_AMF3_COMMAND, ngx_stream_live_rtmp_command },
    { NGX_LIVE_RTMP_ACK, ngx_stream_live_rtmp_ignore },
    { NGX_LIVE_RTMP_USER_CONTROL, ngx_stream_live_rtmp_user_control },
    { NGX_LIVE_RTMP_WINDOW_ACK_SIZE, ngx_stream_live_rtmp_set_window },
    { NGX_LIVE_RTMP_SET_PEER_BANDWIDTH, ngx_stream_live_rtmp_ignore },
    { NGX_LIVE_RTMP_AMF0_SHARED, ngx_stream_live_rtmp_ignore },
    { NGX_LIVE_RTMP_AMF3_SHARED, ngx_stream_live_rtmp_ignore },
    { 0, NULL }
};


static char  *ngx_stream_live_rtmp_actions[] = {
    "reading RTMP handshake",
    "waiting for RTMP connect",
    "reading RTMP commands",
    "checking RTMP access",
    "reading from RTMP publisher",
    "sending to RTMP player",
    "closing RTMP connection"
};


void
ngx_stream_live_rtmp_handler(ngx_stream_session_t *s)
{
    ngx_buf_t               *b;
    ngx_connection_t        *c;
    ngx_stream_live_rtmp_t  *rs;

    c = s->connection;

    rs = ngx_stream_live_rtmp_create(s);

    if (rs == NULL) {
        ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_HANDSHAKE);

    if (ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_stream_live_rtmp_close(rs, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

#if (NGX_STREAM_SSL)

    if (c->ssl) {
        /* a record each for the header and the body of a message is dear */
        c->ssl->buffer = 1;
    }

#endif

    c->read->handler = ngx_stream_live_rtmp_read_handler;
    c->write->handler = ngx_stream_live_rtmp_write_handler;

    ngx_add_timer(c->read, ngx_stream_live_rtmp_conf(rs)->handshake_timeout);

    /* of ssl_preread and its like */

    b = c->buffer;

    if (b && b->pos < b->last
        && ngx_stream_live_rtmp_stash(rs, b->pos, b->last) != NGX_OK)
    {
        ngx_stream_live_rtmp_close(rs, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_stream_live_rtmp_read(rs);
}


static ngx_stream_live_rtmp_t *
ngx_stream_live_rtmp_create(ngx_stream_session_t *s)
{
    ngx_pool_cleanup_t      *cln;
    ngx_stream_live_rtmp_t  *rs;

    rs = ngx_pcalloc(s->connection->pool, sizeof(ngx_stream_live_rtmp_t));
    if (rs == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(s->connection->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    rs->handshake = ngx_calloc(sizeof(ngx_live_rtmp_handshake_t),
                               s->connection->log);
    if (rs->handshake == NULL) {
        return NULL;
    }

    cln->handler = ngx_stream_live_rtmp_cleanup;
    cln->data = rs;

    rs->session = s;
    rs->connection = s->connection;
    rs->chunk_size = NGX_LIVE_RTMP_CHUNK_SIZE;

    ngx_live_rtmp_chunk_init(&rs->chunk);

    rs->chunk.resize = ngx_stream_live_rtmp_resize;
    rs->chunk.data = s->connection->log;
    rs->chunk.max_message = NGX_STREAM_LIVE_RTMP_MAX_COMMAND;
    rs->chunk.max_memory = 2 * NGX_STREAM_LIVE_RTMP_MAX_COMMAND;

    rs->window = (uint32_t) ngx_stream_live_rtmp_conf(rs)->window;

    ngx_stream_set_ctx(s, rs, ngx_stream_live_rtmp_module);

    s->log_handler = ngx_stream_live_rtmp_log;

    return rs;
}


static void *
ngx_stream_live_rtmp_resize(void *data, void *p, size_t size)
{
    void  *new;

    if (size == 0) {
        ngx_free(p);
        return NULL;
    }

    new = realloc(p, size);

    if (new == NULL) {
        ngx_log_error(NGX_LOG_EMERG, (ngx_log_t *) data, ngx_errno,
                      "realloc(%uz) failed", size);
    }

    return new;
}


static u_char *
ngx_stream_live_rtmp_log(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_stream_session_t    *s;
    ngx_stream_live_rtmp_t  *rs;

    s = log->data;
    rs = ngx_stream_live_rtmp_ctx(s);

    if (rs == NULL || rs->name.len == 0) {
        return buf;
    }

    return ngx_snprintf(buf, len, ", stream: \"%V/%V\"", &rs->app, &rs->name);
}


/* the connection's memory, however it ended */

static void
ngx_stream_live_rtmp_cleanup(void *data)
{
    ngx_stream_live_rtmp_t  *rs = data;

    ngx_stream_live_rtmp_end(rs, 0);
    ngx_live_rtmp_chunk_free(&rs->chunk);
    ngx_stream_live_rtmp_out_free(rs);

    if (rs->handshake) {
        ngx_free(rs->handshake);
        rs->handshake = NULL;
    }

    if (rs->stash) {
        ngx_free(rs->stash);
        rs->stash = NULL;
    }

    if (rs->pool) {
        ngx_str_null(&rs->app);
        ngx_str_null(&rs->name);
        ngx_str_null(&rs->args);

        ngx_destroy_pool(rs->pool);
        rs->pool = NULL;
    }
}


void
ngx_stream_live_rtmp_close(ngx_stream_live_rtmp_t *rs, ngx_uint_t rc)
{
    if (rs->closed) {
        return;
    }

    rs->closed = 1;

    /* before the access log: with TLS the pool may live on for a while */

    ngx_stream_live_rtmp_end(rs, 0);

    ngx_stream_finalize_session(rs->session, rs->status ? rs->status : rc);
}


void
ngx_stream_live_rtmp_set_state(ngx_stream_live_rtmp_t *rs, ngx_uint_t state)
{
    rs->state = state;
    rs->connection->log->action = ngx_stream_live_rtmp_actions[state];
}


static void
ngx_stream_live_rtmp_read_handler(ngx_event_t *rev)
{
    ngx_connection_t        *c;
    ngx_stream_live_rtmp_t  *rs;

    c = rev->data;
    rs = ngx_stream_live_rtmp_ctx((ngx_stream_session_t *) c->data);

    if (c->close) {
        ngx_log_error(NGX_LOG_INFO, c->log, 0, "shutdown timeout");
        ngx_stream_live_rtmp_close(rs, NGX_STREAM_OK);
        return;
    }

    if (rev->timedout) {
        rev->timedout = 0;
        ngx_stream_live_rtmp_timeout(rs);
        return;
    }

    ngx_stream_live_rtmp_read(rs);
}


static void
ngx_stream_live_rtmp_write_handler(ngx_event_t *wev)
{
    ngx_connection_t        *c;
    ngx_stream_live_rtmp_t  *rs;

    c = wev->data;
    rs = ngx_stream_live_rtmp_ctx((ngx_stream_session_t *) c->data);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client does not receive");
        ngx_stream_live_rtmp_close(rs, NGX_STREAM_OK);
        return;
    }

    ngx_stream_live_rtmp_flush(rs);
}


static void
ngx_stream_live_rtmp_timeout(ngx_stream_live_rtmp_t *rs)
{
    ngx_connection_t  *c;

    c = rs->connection;

    if (rs->state == NGX_STREAM_LIVE_RTMP_PLAY) {

        /*
         * A player has nothing to say.  What it answers does not matter: that
         * the ping is not acknowledged by TCP ends a half-open connection.
         */

        if (ngx_stream_live_rtmp_event(rs, NGX_STREAM_LIVE_RTMP_PING_REQUEST,
                                       (uint32_t) ngx_current_msec)
            != NGX_OK)
        {
            ngx_stream_live_rtmp_fail(rs);
            return;
        }

        ngx_add_timer(c->read, ngx_stream_live_rtmp_conf(rs)->timeout);

        ngx_stream_live_rtmp_flush(rs);
        return;
    }

    if (rs->state != NGX_STREAM_LIVE_RTMP_CLOSING) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
    }

    ngx_stream_live_rtmp_close(rs, NGX_STREAM_OK);
}


static void
ngx_stream_live_rtmp_read(ngx_stream_live_rtmp_t *rs)
{
    ssize_t            n;
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    static u_char  buffer[NGX_STREAM_LIVE_RTMP_BUFFER];

    c = rs->connection;
    rev = c->read;

    rc = ngx_stream_live_rtmp_read_stash(rs);

    for (i = 0; rc != NGX_ERROR; i++) {

        if (rs->state == NGX_STREAM_LIVE_RTMP_PENDING) {

            if (rev->pending_eof) {
                ngx_stream_live_rtmp_close(rs, NGX_STREAM_OK);
                return;
            }

            break;
        }

        if (i == NGX_STREAM_LIVE_RTMP_READS) {
            ngx_post_event(rev, &ngx_posted_next_events);
            break;
        }

        n = c->recv(c, buffer, NGX_STREAM_LIVE_RTMP_BUFFER);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_stream_live_rtmp_close(rs, NGX_STREAM_OK);
            return;
        }

        rs->session->received += n;
        ngx_live_session_bytes(&rs->registered, n, 0);

        rc = ngx_stream_live_rtmp_input(rs, buffer, buffer + n);
    }

    if (rc == NGX_ERROR || ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_stream_live_rtmp_fail(rs);
        return;
    }

    if (rs->state == NGX_STREAM_LIVE_RTMP_PUBLISH && i) {
        ngx_add_timer(rev, ngx_stream_live_rtmp_conf(rs)->timeout);
    }

    ngx_stream_live_rtmp_flush(rs);
}


static ngx_int_t
ngx_stream_live_rtmp_read_stash(ngx_stream_live_rtmp_t *rs)
{
    u_char     *p;
    ngx_int_t   rc;

    if (rs->stash == NULL || rs->state == NGX_STREAM_LIVE_RTMP_PENDING) {
        return NGX_OK;
    }

    p = rs->stash;
    rs->stash = NULL;

    /* also if it is empty: a complete message may wait in the reader */

    rc = ngx_stream_live_rtmp_input(rs, p, p + rs->stash_len);

    ngx_free(p);

    return rc;
}


static ngx_int_t
ngx_stream_live_rtmp_stash(ngx_stream_live_rtmp_t *rs, u_char *pos,
    u_char *last)
{
    rs->stash_len = last - pos;

    rs->stash = ngx_alloc(rs->stash_len + 1, rs->connection->log);
    if (rs->stash == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(rs->stash, pos, rs->stash_len);

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_input(ngx_stream_live_rtmp_t *rs, u_char *pos,
    u_char *last)
{
    ngx_int_t                rc;
    ngx_live_rtmp_message_t  m;

    if (rs->state == NGX_STREAM_LIVE_RTMP_CLOSING) {
        return NGX_OK;
    }

    if (rs->state == NGX_STREAM_LIVE_RTMP_HANDSHAKE) {
        rc = ngx_stream_live_rtmp_handshake(rs, &pos, last);

        if (rc != NGX_OK) {
            return (rc == NGX_AGAIN) ? NGX_OK : rc;
        }
    }

    for ( ;; ) {
        rc = ngx_live_rtmp_chunk_read(&rs->chunk, &pos, last, &m);

        if (rc == NGX_AGAIN) {
            return ngx_stream_live_rtmp_acknowledge(rs);
        }

        if (rc == NGX_ERROR) {
            rs->reason = rs->chunk.reason;
            return NGX_ERROR;
        }

        rc = ngx_stream_live_rtmp_dispatch(rs, &m);

        if (rc == NGX_AGAIN) {
            return ngx_stream_live_rtmp_stash(rs, pos, last);
        }

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_stream_live_rtmp_handshake(ngx_stream_live_rtmp_t *rs, u_char **pos,
    u_char *last)
{
    u_char                     *p;
    ngx_int_t                   rc;
    ngx_live_rtmp_handshake_t  *hs;

    hs = rs->handshake;

    for ( ;; ) {
        rc = ngx_live_rtmp_handshake_read(hs, pos, last);

        if (rc != NGX_DECLINED) {
            break;
        }

        p = ngx_stream_live_rtmp_out(rs, NGX_LIVE_RTMP_HANDSHAKE_OUT);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (RAND_bytes(p, NGX_LIVE_RTMP_HANDSHAKE_OUT) != 1) {
            rs->reason = "no random bytes";
            return NGX_ERROR;
        }

        if (ngx_live_rtmp_handshake_reply(hs, p, (uint32_t) ngx_current_msec)
            != NGX_OK)
        {
            rs->reason = hs->reason;
            return NGX_ERROR;
        }

        ngx_log_debug1(NGX_LOG_DEBUG_STREAM, rs->connection->log, 0,
                       "rtmp handshake scheme: %ui", hs->scheme);
    }

    if (rc == NGX_OK) {
        ngx_free(hs);
        rs->handshake = NULL;

        ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_CONNECT);

        ngx_add_timer(rs->connection->read,
                      ngx_stream_live_rtmp_conf(rs)->timeout);

    } else if (rc == NGX_ERROR) {
        rs->reason = hs->reason;
    }

    return rc;
}


static ngx_int_t
ngx_stream_live_rtmp_dispatch(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    ngx_stream_live_rtmp_type_t  *t;

    ngx_log_debug4(NGX_LOG_DEBUG_STREAM, rs->connection->log, 0,
                   "rtmp message type:%d len:%uD time:%uD msid:%uD",
                   (int) m->type, m->len, m->timestamp, m->msid);

    for (t = ngx_stream_live_rtmp_types; t->handler; t++) {
        if (t->type == m->type) {
            return t->handler(rs, m);
        }
    }

    ngx_log_debug1(NGX_LOG_DEBUG_STREAM, rs->connection->log, 0,
                   "rtmp message of unknown type %d", (int) m->type);

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_ignore(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_user_control(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    if (m->len < 2) {
        rs->reason = "truncated user control message";
        return NGX_ERROR;
    }

    if (ngx_live_be16(m->body) != NGX_STREAM_LIVE_RTMP_PING_REQUEST
        || m->len < 6)
    {
        return NGX_OK;
    }

    return ngx_stream_live_rtmp_event(rs, NGX_STREAM_LIVE_RTMP_PING_RESPONSE,
                                      ngx_live_be32(m->body + 2));
}


static ngx_int_t
ngx_stream_live_rtmp_set_window(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    uint32_t  window;

    if (m->len < 4) {
        rs->reason = "truncated window size";
        return NGX_ERROR;
    }

    window = ngx_live_be32(m->body);

    if (window) {
        rs->window = window;
    }

    return NGX_OK;
}


/* section 5.4.3: at most one for each read, however small the window is */

static ngx_int_t
ngx_stream_live_rtmp_acknowledge(ngx_stream_live_rtmp_t *rs)
{
    uint32_t  received;

    received = (uint32_t) rs->session->received;

    if (rs->state == NGX_STREAM_LIVE_RTMP_CONNECT
        || received - rs->acked < rs->window)
    {
        return NGX_OK;
    }

    rs->acked = received;

    return ngx_stream_live_rtmp_control(rs, NGX_LIVE_RTMP_ACK, received);
}


void
ngx_stream_live_rtmp_resume(ngx_stream_live_rtmp_t *rs)
{
    /* not from here: the input buffer may be in use up the stack */

    ngx_post_event(rs->connection->read, &ngx_posted_events);
}


void
ngx_stream_live_rtmp_flush(ngx_stream_live_rtmp_t *rs)
{
    ngx_int_t  rc;

    rc = ngx_stream_live_rtmp_send(rs);

    if (rc == NGX_OK && rs->state == NGX_STREAM_LIVE_RTMP_PLAY
        && ngx_stream_live_rtmp_play_ended(rs))
    {
        rc = ngx_stream_live_rtmp_finish(rs);
    }

    if (rc == NGX_ERROR) {
        ngx_stream_live_rtmp_fail(rs);
        return;
    }

    if (rs->state == NGX_STREAM_LIVE_RTMP_CLOSING && !rs->lingering) {
        rs->lingering = 1;
        ngx_add_timer(rs->connection->read, NGX_STREAM_LIVE_RTMP_LINGER);
    }
}


/* the stream that was played is no more */

static ngx_int_t
ngx_stream_live_rtmp_finish(ngx_stream_live_rtmp_t *rs)
{
    if (ngx_stream_live_rtmp_event(rs, NGX_STREAM_LIVE_RTMP_STREAM_EOF,
                                   rs->msid)
        != NGX_OK
        || ngx_stream_live_rtmp_status(rs, "NetStream.Play.UnpublishNotify",
                                       "Stream has ended.")
           != NGX_OK
        || ngx_stream_live_rtmp_status(rs, "NetStream.Play.Stop",
                                       "Stopped playing.")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_stream_live_rtmp_end(rs, 0);
    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_CLOSING);

    return ngx_stream_live_rtmp_send(rs);
}


void
ngx_stream_live_rtmp_fail(ngx_stream_live_rtmp_t *rs)
{
    if (rs->reason == NULL) {
        ngx_stream_live_rtmp_close(rs, NGX_STREAM_OK);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, rs->connection->log, 0,
                  "closing RTMP connection: %s", rs->reason);

    ngx_stream_live_rtmp_close(rs, NGX_STREAM_BAD_REQUEST);
}
