
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Sending.  What is ours (replies, pings) waits in small blocks that exist
 * only while it waits; frames are sent out of the ring.
 */


#include "ngx_stream_live_rtmp.h"
#include "ngx_live_bytes.h"


#define NGX_STREAM_LIVE_RTMP_BLOCK  1024


static ngx_stream_live_rtmp_out_t *ngx_stream_live_rtmp_out_block(
    ngx_stream_live_rtmp_t *rs, size_t len);
static ssize_t ngx_stream_live_rtmp_send_chain(ngx_stream_live_rtmp_t *rs,
    size_t *size);
static void ngx_stream_live_rtmp_out_gather(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send);
static void ngx_stream_live_rtmp_out_sent(ngx_stream_live_rtmp_t *rs,
    size_t n);
static ngx_int_t ngx_stream_live_rtmp_sent(ngx_stream_live_rtmp_t *rs,
    size_t n, size_t own);


u_char *
ngx_stream_live_rtmp_out(ngx_stream_live_rtmp_t *rs, size_t len)
{
    u_char                       *p;
    ngx_stream_live_rtmp_out_t  **last, *block;

    if (len > NGX_STREAM_LIVE_RTMP_MAX_OUT - rs->out_len) {
        rs->reason = "client does not read replies";
        return NULL;
    }

    block = NULL;

    for (last = &rs->out; *last; last = &(*last)->next) {
        block = *last;
    }

    if (block == NULL || (size_t) (block->end - block->last) < len) {
        block = ngx_stream_live_rtmp_out_block(rs, len);
        if (block == NULL) {
            return NULL;
        }

        *last = block;
    }

    p = block->last;

    block->last += len;
    rs->out_len += len;

    return p;
}


/*
 * The rest of a frame, which may be long, goes out first and does not count
 * as a reply.
 */

u_char *
ngx_stream_live_rtmp_out_first(ngx_stream_live_rtmp_t *rs, size_t len)
{
    ngx_stream_live_rtmp_out_t  *block;

    block = ngx_stream_live_rtmp_out_block(rs, len);
    if (block == NULL) {
        return NULL;
    }

    block->last += len;
    block->end = block->last;

    block->next = rs->out;
    block->uncounted = 1;
    rs->out = block;

    return block->pos;
}


static ngx_stream_live_rtmp_out_t *
ngx_stream_live_rtmp_out_block(ngx_stream_live_rtmp_t *rs, size_t len)
{
    size_t                       size;
    ngx_stream_live_rtmp_out_t  *block;

    size = sizeof(ngx_stream_live_rtmp_out_t)
           + ngx_max(len, NGX_STREAM_LIVE_RTMP_BLOCK);

    block = ngx_alloc(size, rs->connection->log);
    if (block == NULL) {
        rs->reason = "no memory for a reply";
        return NULL;
    }

    block->next = NULL;
    block->uncounted = 0;
    block->pos = (u_char *) block + sizeof(ngx_stream_live_rtmp_out_t);
    block->last = block->pos;
    block->end = (u_char *) block + size;

    return block;
}


void
ngx_stream_live_rtmp_out_free(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_out_t  *block;

    while (rs->out) {
        block = rs->out;
        rs->out = block->next;
        ngx_free(block);
    }

    rs->out_len = 0;
}


ngx_int_t
ngx_stream_live_rtmp_message(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    u_char  *p;

    p = ngx_stream_live_rtmp_out(rs, ngx_live_rtmp_chunk_wire_len(m,
                                                          rs->chunk_size));
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_live_rtmp_chunk_write(p, m, rs->chunk_size);

    return NGX_OK;
}


/* section 5.4: msid 0, chunk stream 2 */

ngx_int_t
ngx_stream_live_rtmp_control(ngx_stream_live_rtmp_t *rs, ngx_uint_t type,
    uint32_t value)
{
    u_char                   *p, body[5];
    ngx_live_rtmp_message_t   m;

    p = ngx_live_write_be32(body, body + sizeof(body), value);

    if (type == NGX_LIVE_RTMP_SET_PEER_BANDWIDTH) {
        *p++ = 2;                              /* "dynamic" */
    }

    ngx_memzero(&m, sizeof(ngx_live_rtmp_message_t));

    m.csid = NGX_STREAM_LIVE_RTMP_CSID_CONTROL;
    m.type = (u_char) type;
    m.body = body;
    m.len = (uint32_t) (p - body);

    if (ngx_stream_live_rtmp_message(rs, &m) != NGX_OK) {
        return NGX_ERROR;
    }

    if (type == NGX_LIVE_RTMP_SET_CHUNK_SIZE) {
        rs->chunk_size = value;
    }

    return NGX_OK;
}


ngx_int_t
ngx_stream_live_rtmp_event(ngx_stream_live_rtmp_t *rs, ngx_uint_t event,
    uint32_t value)
{
    u_char                   *p, body[6];
    ngx_live_rtmp_message_t   m;

    p = ngx_live_write_be16(body, body + sizeof(body), event);
    (void) ngx_live_write_be32(p, body + sizeof(body), value);

    ngx_memzero(&m, sizeof(ngx_live_rtmp_message_t));

    m.csid = NGX_STREAM_LIVE_RTMP_CSID_CONTROL;
    m.type = NGX_LIVE_RTMP_USER_CONTROL;
    m.body = body;
    m.len = sizeof(body);

    return ngx_stream_live_rtmp_message(rs, &m);
}


ngx_int_t
ngx_stream_live_rtmp_send(ngx_stream_live_rtmp_t *rs)
{
    size_t             size;
    ssize_t            n;
    ngx_uint_t         done;
    ngx_event_t       *wev;
    ngx_connection_t  *c;

    c = rs->connection;
    wev = c->write;

    if (!wev->ready && wev->timer_set) {
        return NGX_AGAIN;
    }

    for ( ;; ) {

        if (rs->play && ngx_stream_live_rtmp_batch_same(rs)) {
            n = ngx_stream_live_rtmp_batch_send(rs, &size);

            /* what has come in the meantime comes with the next one */

            done = (n == (ssize_t) size);

        } else {

            if (rs->play && ngx_stream_live_rtmp_play_prepare(rs) != NGX_OK) {
                return NGX_ERROR;
            }

            n = ngx_stream_live_rtmp_send_chain(rs, &size);

            done = (size == 0 && !c->buffered);
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (done) {

            if (wev->timer_set) {
                ngx_del_timer(wev);
            }

            return NGX_OK;
        }

        if ((size_t) n < size || c->buffered) {

            if (n || !wev->timer_set) {
                ngx_add_timer(wev,
                              ngx_stream_live_rtmp_conf(rs)->send_timeout);
            }

            if (ngx_handle_write_event(wev, 0) != NGX_OK) {
                return NGX_ERROR;
            }

            return NGX_AGAIN;
        }
    }
}


/* what waits of our own, and frames: bytes of *size sent, NGX_ERROR */

static ssize_t
ngx_stream_live_rtmp_send_chain(ngx_stream_live_rtmp_t *rs, size_t *size)
{
    size_t            own;
    ssize_t           n;
    uint64_t          head;
    ngx_live_send_t  *send;

    send = ngx_live_send_start();

    /* nothing may come between the bytes of a frame */

    if (rs->play == NULL || rs->play->offset == 0) {
        ngx_stream_live_rtmp_out_gather(rs, send);
    }

    own = send->size;

    if (rs->play) {
        head = ngx_stream_live_rtmp_play_gather(rs, send);

        if (head && own == 0 && send->size) {
            ngx_stream_live_rtmp_batch_save(rs, send, head);
        }
    }

    *size = send->size;

    if (*size == 0 && !rs->connection->buffered) {
        return 0;
    }

    n = ngx_live_send(send, rs->connection);

    if (n != NGX_ERROR && ngx_stream_live_rtmp_sent(rs, n, own) != NGX_OK) {
        return NGX_ERROR;
    }

    return n;
}


static void
ngx_stream_live_rtmp_out_gather(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send)
{
    ngx_stream_live_rtmp_out_t  *block;

    for (block = rs->out; block; block = block->next) {
        if (ngx_live_send_add(send, block->pos, block->last - block->pos)
            != NGX_OK)
        {
            return;
        }
    }
}


static ngx_int_t
ngx_stream_live_rtmp_sent(ngx_stream_live_rtmp_t *rs, size_t n, size_t own)
{
    if (n == 0) {
        return NGX_OK;
    }

    ngx_live_session_bytes(&rs->registered, 0, n);

    own = ngx_min(own, n);

    ngx_stream_live_rtmp_out_sent(rs, own);

    return (n > own) ? ngx_stream_live_rtmp_play_sent(rs, n - own) : NGX_OK;
}


static void
ngx_stream_live_rtmp_out_sent(ngx_stream_live_rtmp_t *rs, size_t n)
{
    size_t                       len;
    ngx_stream_live_rtmp_out_t  *block;

    while (rs->out) {
        block = rs->out;
        len = ngx_min(n, (size_t) (block->last - block->pos));

        block->pos += len;
        n -= len;

        if (!block->uncounted) {
            rs->out_len -= len;
        }

        if (block->pos < block->last) {
            return;
        }

        rs->out = block->next;
        ngx_free(block);
    }
}
