
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_flv.h"


/* bytes of a player's copy, all that it may wait for over HTTP/2 */
#define NGX_HTTP_LIVE_FLV_COPY_SIZE   65536

#define NGX_HTTP_LIVE_FLV_PREFIX_MAX                                          \
    (NGX_LIVE_WEBSOCKET_HEADER_MAX + NGX_LIVE_FLV_TAG_HEADER_LEN)


static ngx_int_t ngx_http_live_flv_send_direct(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_send_copy(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_copy(ngx_http_live_flv_t *f,
    ngx_live_send_t *s);
static ngx_int_t ngx_http_live_flv_prepare(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_prepare_last(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_prepare_frame(ngx_http_live_flv_t *f);
static ngx_live_send_t *ngx_http_live_flv_fill(ngx_http_live_flv_t *f,
    size_t limit);
static void ngx_http_live_flv_advance(ngx_http_live_flv_t *f, size_t n);
static ngx_uint_t ngx_http_live_flv_check(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame);
static ngx_int_t ngx_http_live_flv_add_tag(ngx_http_live_flv_t *f,
    ngx_live_send_t *s, ngx_live_frame_t *frame, uint32_t offset);
static size_t ngx_http_live_flv_prefix_len(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame);


ngx_int_t
ngx_http_live_flv_send(ngx_http_live_flv_t *f)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = f->request;
    c = r->connection;

    if (f->copy) {
        rc = ngx_http_live_flv_send_copy(f);

    } else {

        /* the response header may not have left yet */

        if (r->out) {
            rc = ngx_http_output_filter(r, NULL);

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }
        }

        rc = r->out ? NGX_AGAIN : ngx_http_live_flv_send_direct(f);
    }

    if (rc != NGX_AGAIN) {
        f->blocked = 0;
        return rc;
    }

    if (!f->blocked) {
        f->blocked = 1;
        f->progress = ngx_current_msec;
    }

    if (!f->copy && ngx_handle_write_event(c->write, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* HTTP/1: from the ring to the socket */

static ngx_int_t
ngx_http_live_flv_send_direct(ngx_http_live_flv_t *f)
{
    ssize_t            n;
    ngx_int_t          rc;
    ngx_live_send_t   *s;
    ngx_connection_t  *c;

    c = f->request->connection;

    for ( ;; ) {
        rc = ngx_http_live_flv_prepare(f);

        if (rc != NGX_OK && rc != NGX_DONE) {
            return rc;
        }

        s = ngx_http_live_flv_fill(f, NGX_MAX_SIZE_T_VALUE);

        n = ngx_live_send(s, c);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n) {
            ngx_http_live_flv_advance(f, n);
        }

        if ((size_t) n < s->size || (c->buffered & NGX_LOWLEVEL_BUFFERED)) {
            return NGX_AGAIN;
        }

        if (s->size == 0) {
            return rc;
        }
    }
}


/*
 * HTTP/2, HTTP/3: what a frame of theirs holds stays until it has been sent,
 * also of a stream that was reset, and must not be ring memory that the
 * writer wants back.  So a bounded piece is copied, and the next one when
 * that has left.
 */

static ngx_int_t
ngx_http_live_flv_send_copy(ngx_http_live_flv_t *f)
{
    ngx_int_t                  rc;
    ngx_live_send_t           *s;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_live_flv_copy_t  *copy;

    r = f->request;
    c = r->connection;
    copy = f->copy;

    if (r->out || r->buffered || c->buffered) {
        rc = ngx_http_output_filter(r, NULL);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    for ( ;; ) {

        if (copy->data) {

            if (copy->buf.pos != copy->buf.last) {
                return NGX_AGAIN;
            }

            ngx_free(copy->data);
            copy->data = NULL;
        }

        rc = ngx_http_live_flv_prepare(f);

        if (rc != NGX_OK && rc != NGX_DONE) {
            return rc;
        }

        s = ngx_http_live_flv_fill(f, NGX_HTTP_LIVE_FLV_COPY_SIZE);

        if (s->size == 0) {
            return rc;
        }

        rc = ngx_http_live_flv_copy(f, s);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_http_live_flv_copy(ngx_http_live_flv_t *f, ngx_live_send_t *s)
{
    u_char                    *p;
    ngx_buf_t                 *b;
    ngx_uint_t                 i;
    ngx_http_live_flv_copy_t  *copy;

    copy = f->copy;

    copy->data = ngx_alloc(s->size, f->request->connection->log);
    if (copy->data == NULL) {
        return NGX_ERROR;
    }

    p = copy->data;

    for (i = 0; i < s->nbufs; i++) {
        p = ngx_cpymem(p, s->bufs[i].pos, s->bufs[i].last - s->bufs[i].pos);
    }

    ngx_http_live_flv_advance(f, s->size);

    b = &copy->buf;

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = copy->data;
    b->pos = copy->data;
    b->last = p;
    b->end = p;
    b->memory = 1;
    b->flush = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_live_flv_module;

    copy->out.buf = b;
    copy->out.next = NULL;

    return ngx_http_output_filter(f->request, &copy->out);
}


/*
 * Between two tags: sees to it that the cursor stands at something that can
 * be sent as it is.  NGX_DONE: nothing will follow what is there.
 */

static ngx_int_t
ngx_http_live_flv_prepare(ngx_http_live_flv_t *f)
{
    ngx_http_live_flv_websocket_t  *ws;

    if (f->head || f->offset) {
        return NGX_OK;
    }

    ws = f->websocket;

    if (ws && ws->ping && !ws->close_sent) {
        ws->ping = 0;
        return ngx_http_live_flv_head_control(f, NGX_LIVE_WEBSOCKET_PONG,
                                              ws->pong, ws->npong);
    }

    if (f->closing) {
        return ngx_http_live_flv_prepare_last(f);
    }

    return ngx_http_live_flv_prepare_frame(f);
}


static ngx_int_t
ngx_http_live_flv_prepare_last(ngx_http_live_flv_t *f)
{
    u_char                          code[2];
    ngx_http_live_flv_websocket_t  *ws;

    ws = f->websocket;

    if (ws == NULL || ws->close_sent) {
        return NGX_DONE;
    }

    ws->close_sent = 1;

    code[0] = (u_char) (ws->code >> 8);
    code[1] = (u_char) ws->code;

    return ngx_http_live_flv_head_control(f, NGX_LIVE_WEBSOCKET_CLOSE, code,
                                          2);
}


static ngx_int_t
ngx_http_live_flv_prepare_frame(ngx_http_live_flv_t *f)
{
    ngx_uint_t          ended;
    ngx_live_frame_t   *frame;
    ngx_live_reader_t  *reader;

    reader = &f->reader;

    /* before the last look at the ring: nothing is written after the end */

    ended = (f->stream->sh->state == NGX_LIVE_STREAM_ENDED);

    for ( ;; ) {
        frame = ngx_live_reader_frame(reader, reader->seq);

        if (frame == NULL) {

            if (!ended) {
                return NGX_OK;
            }

            f->closing = 1;

            return ngx_http_live_flv_prepare_last(f);
        }

        if (f->need_key
            && (!(frame->flags & NGX_LIVE_FRAME_KEY)
                || (!(frame->flags & NGX_LIVE_FRAME_VIDEO)
                    && f->tracks[NGX_HTTP_LIVE_FLV_VIDEO].id
                       != NGX_HTTP_LIVE_FLV_NO_TRACK)))
        {
            ngx_live_reader_advance(reader, reader->seq + 1);
            continue;
        }

        if (!f->started) {
            return ngx_http_live_flv_head_start(f, frame);
        }

        switch (ngx_http_live_flv_check(f, frame)) {

        case NGX_HTTP_LIVE_FLV_SKIP:
            ngx_live_reader_advance(reader, reader->seq + 1);
            continue;

        case NGX_HTTP_LIVE_FLV_CHANGE:
            f->need_key = 0;
            return ngx_http_live_flv_head_config(f, frame);

        default: /* NGX_HTTP_LIVE_FLV_SEND */
            f->need_key = 0;
            return NGX_OK;
        }
    }
}


/* the head and as many tags as fit, of about limit bytes */

static ngx_live_send_t *
ngx_http_live_flv_fill(ngx_http_live_flv_t *f, size_t limit)
{
    uint32_t            offset;
    uint64_t            seq;
    ngx_uint_t          rc;
    ngx_live_send_t    *s;
    ngx_live_frame_t   *frame;

    s = ngx_live_send_start();

    if (f->head) {
        (void) ngx_live_send_add(s, f->head->pos,
                                 f->head->last - f->head->pos);
    }

    offset = f->offset;

    if (!f->started || (f->need_key && offset == 0)) {
        return s;
    }

    for (seq = f->reader.seq; s->size < limit; seq++) {

        if (offset == 0 && f->closing) {
            break;
        }

        frame = ngx_live_reader_frame(&f->reader, seq);

        if (frame == NULL) {
            break;
        }

        if (offset == 0) {
            rc = ngx_http_live_flv_check(f, frame);

            if (rc == NGX_HTTP_LIVE_FLV_SKIP) {
                continue;
            }

            if (rc == NGX_HTTP_LIVE_FLV_CHANGE) {
                break;
            }
        }

        if (ngx_http_live_flv_add_tag(f, s, frame, offset) != NGX_OK) {
            break;
        }

        offset = 0;
    }

    return s;
}


/* n bytes of what was filled have left */

static void
ngx_http_live_flv_advance(ngx_http_live_flv_t *f, size_t n)
{
    size_t                     left;
    uint64_t                   seq;
    ngx_live_frame_t          *frame;
    ngx_http_live_flv_head_t  *head;

    f->skipped = 0;
    f->progress = ngx_current_msec;

    ngx_live_session_bytes(&f->session, 0, n);

    head = f->head;

    if (head) {
        left = head->last - head->pos;

        if (n < left) {
            head->pos += n;
            return;
        }

        n -= left;
        ngx_http_live_flv_head_free(f);
    }

    for (seq = f->reader.seq; n; seq++) {
        frame = ngx_live_reader_frame(&f->reader, seq);

        if (f->offset == 0
            && ngx_http_live_flv_check(f, frame) == NGX_HTTP_LIVE_FLV_SKIP)
        {
            continue;
        }

        left = ngx_http_live_flv_prefix_len(f, frame) + frame->size
               + NGX_LIVE_FLV_TAG_TRAILER_LEN - f->offset;

        if (n < left) {
            f->offset += n;
            break;
        }

        n -= left;
        f->offset = 0;
    }

    ngx_live_reader_advance(&f->reader, seq);
}


static ngx_uint_t
ngx_http_live_flv_check(ngx_http_live_flv_t *f, ngx_live_frame_t *frame)
{
    ngx_http_live_flv_track_t  *track;

    track = &f->tracks[ngx_http_live_flv_kind(frame)];

    if (frame->size == 0 || frame->size > NGX_LIVE_FLV_MAX_TAG_SIZE) {
        return NGX_HTTP_LIVE_FLV_SKIP;
    }

    if (frame->track != track->id) {
        return (track->id == NGX_HTTP_LIVE_FLV_NO_TRACK)
               ? NGX_HTTP_LIVE_FLV_CHANGE : NGX_HTTP_LIVE_FLV_SKIP;
    }

    return (frame->config != track->config) ? NGX_HTTP_LIVE_FLV_CHANGE
                                            : NGX_HTTP_LIVE_FLV_SEND;
}


static ngx_int_t
ngx_http_live_flv_add_tag(ngx_http_live_flv_t *f, ngx_live_send_t *s,
    ngx_live_frame_t *frame, uint32_t offset)
{
    size_t      len;
    u_char      buf[NGX_HTTP_LIVE_FLV_PREFIX_MAX], *p, *end;
    ngx_int_t   rc;

    len = ngx_http_live_flv_prefix_len(f, frame);
    end = buf + sizeof(buf);

    if (offset < len) {
        p = buf;

        if (f->websocket) {
            p = ngx_live_websocket_write_header(p, end,
                                      NGX_LIVE_WEBSOCKET_BINARY,
                                      NGX_LIVE_FLV_TAG_HEADER_LEN + frame->size
                                      + NGX_LIVE_FLV_TAG_TRAILER_LEN);
        }

        (void) ngx_live_flv_write_tag(p, end,
                        ngx_http_live_flv_tags[ngx_http_live_flv_kind(frame)],
                        frame->size, ngx_http_live_flv_ms(frame));

        rc = ngx_live_send_copy(s, buf + offset, len - offset);

        if (rc != NGX_OK) {
            return rc;
        }

        offset = len;
    }

    offset -= len;

    if (offset < frame->size) {
        rc = ngx_live_send_frame(s, &f->reader, frame, offset,
                                 frame->size - offset);
        if (rc != NGX_OK) {
            return rc;
        }

        offset = frame->size;
    }

    offset -= frame->size;

    (void) ngx_live_flv_write_trailer(buf, end, frame->size);

    return ngx_live_send_copy(s, buf + offset,
                              NGX_LIVE_FLV_TAG_TRAILER_LEN - offset);
}


static size_t
ngx_http_live_flv_prefix_len(ngx_http_live_flv_t *f, ngx_live_frame_t *frame)
{
    if (f->websocket == NULL) {
        return NGX_LIVE_FLV_TAG_HEADER_LEN;
    }

    return NGX_LIVE_FLV_TAG_HEADER_LEN
           + ngx_live_websocket_header_len(NGX_LIVE_FLV_TAG_HEADER_LEN
                                           + frame->size
                                           + NGX_LIVE_FLV_TAG_TRAILER_LEN);
}


ngx_int_t
ngx_http_live_flv_skip(ngx_http_live_flv_t *f)
{
    ngx_live_send_t    *s;
    ngx_live_frame_t   *frame;
    ngx_live_reader_t  *reader;

    reader = &f->reader;

    if (!f->skipped) {
        f->skipped = 1;

        ngx_log_error(NGX_LOG_INFO, f->request->connection->log, 0,
                      "client is too slow, skipping to a key frame");

        ngx_live_event(NGX_LIVE_EVENT_STALL, f->stream, NGX_LIVE_DOOR_FLV,
                       (char *) f->session.sh->address);
    }

    if (f->offset) {
        frame = ngx_live_reader_frame(reader, reader->seq);

        s = ngx_live_send_start();

        if (ngx_http_live_flv_add_tag(f, s, frame, f->offset) != NGX_OK
            || ngx_http_live_flv_head_chain(f, s) != NGX_OK)
        {
            return NGX_ERROR;
        }

        f->offset = 0;
        ngx_live_reader_advance(reader, reader->seq + 1);
    }

    if (ngx_live_reader_skip(reader) != NGX_OK) {

        /* there is no key frame ahead: wait for one, holding nothing */

        reader->slow = 0;
        f->need_key = 1;
        ngx_live_reader_advance(reader, ngx_live_reader_head(reader));
    }

    return NGX_OK;
}
