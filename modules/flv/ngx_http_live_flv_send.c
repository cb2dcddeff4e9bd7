
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_flv.h"


/* bytes of a player's copy, all that it may wait for over HTTP/2 */
#define NGX_HTTP_LIVE_FLV_COPY_SIZE   65536

/* bytes of a batch that is worth a copy; larger ones go out of the ring */
#define NGX_HTTP_LIVE_FLV_BATCH_SIZE  65536

#define NGX_HTTP_LIVE_FLV_PREFIX_MAX                                          \
    (NGX_LIVE_WEBSOCKET_HEADER_MAX + NGX_LIVE_FLV_TAG_HEADER_LEN)


/*
 * What the last player was sent.  Players that keep up stand at the same frame
 * when they are served, one after another, and are sent the same bytes: from
 * one buffer and by a plain send(), which is what makes many of them cheap.
 */

typedef struct {
    uint64_t                   uid;        /* of the stream, 0: no batch */
    uint64_t                   seq;        /* the first frame */
    uint64_t                   next;       /* behind the last one */
    uint64_t                   head;       /* of the ring at that time */
    ngx_uint_t                 websocket;
    ngx_http_live_flv_track_t  tracks[NGX_HTTP_LIVE_FLV_KINDS];
    size_t                     size;
    u_char                     data[NGX_HTTP_LIVE_FLV_BATCH_SIZE];
} ngx_http_live_flv_batch_t;


static ngx_int_t ngx_http_live_flv_send_direct(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_send_batch(ngx_http_live_flv_t *f);
static void ngx_http_live_flv_save_batch(ngx_http_live_flv_t *f,
    ngx_live_send_t *s, uint64_t next);
static ngx_int_t ngx_http_live_flv_send_copy(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_prepare(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_prepare_last(ngx_http_live_flv_t *f);
static ngx_int_t ngx_http_live_flv_prepare_frame(ngx_http_live_flv_t *f);
static ngx_live_send_t *ngx_http_live_flv_fill(ngx_http_live_flv_t *f,
    size_t limit, uint64_t *next);
static void ngx_http_live_flv_advance(ngx_http_live_flv_t *f, size_t n);
static void ngx_http_live_flv_sent(ngx_http_live_flv_t *f, size_t n);
static ngx_uint_t ngx_http_live_flv_check(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame);
static ngx_int_t ngx_http_live_flv_add_tag(ngx_http_live_flv_t *f,
    ngx_live_send_t *s, ngx_live_frame_t *frame, uint32_t offset);
static size_t ngx_http_live_flv_prefix_len(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame);


static ngx_http_live_flv_batch_t  ngx_http_live_flv_batch;


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
    uint64_t           next;
    ngx_int_t          rc;
    ngx_live_send_t   *s;
    ngx_connection_t  *c;

    rc = ngx_http_live_flv_send_batch(f);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    c = f->request->connection;

    for ( ;; ) {
        rc = ngx_http_live_flv_prepare(f);

        if (rc != NGX_OK && rc != NGX_DONE) {
            return rc;
        }

        s = ngx_http_live_flv_fill(f, NGX_MAX_SIZE_T_VALUE, &next);

        ngx_http_live_flv_save_batch(f, s, next);

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


/* NGX_DECLINED: this player needs something else */

static ngx_int_t
ngx_http_live_flv_send_batch(ngx_http_live_flv_t *f)
{
    ssize_t                     n;
    ngx_connection_t           *c;
    ngx_http_live_flv_batch_t  *batch;

    batch = &ngx_http_live_flv_batch;
    c = f->request->connection;

    if (batch->seq != f->reader.seq
        || batch->uid != f->stream->uid
        || batch->head != ngx_live_reader_head(&f->reader)
        || f->head || f->offset || f->closing || f->need_key || !f->started
        || f->reader.waiting
        || batch->websocket != (f->websocket != NULL)
        || (f->websocket && f->websocket->ping)
        || c->ssl
        || ngx_memcmp(batch->tracks, f->tracks, sizeof(f->tracks)) != 0)
    {
        return NGX_DECLINED;
    }

    n = c->send(c, batch->data, batch->size);

    if (n == (ssize_t) batch->size) {
        ngx_http_live_flv_sent(f, n);
        ngx_live_reader_advance(&f->reader, batch->next);

        return NGX_OK;
    }

    if (n > 0) {
        ngx_http_live_flv_advance(f, n);
        return NGX_AGAIN;
    }

    return (n == NGX_AGAIN) ? NGX_AGAIN : NGX_ERROR;
}


static void
ngx_http_live_flv_save_batch(ngx_http_live_flv_t *f, ngx_live_send_t *s,
    uint64_t next)
{
    ngx_http_live_flv_batch_t  *batch;

    batch = &ngx_http_live_flv_batch;

    if (s->size == 0 || s->size > NGX_HTTP_LIVE_FLV_BATCH_SIZE
        || f->head || f->offset || f->request->connection->ssl
        || next != ngx_live_reader_head(&f->reader))
    {
        return;
    }

    (void) ngx_live_send_flatten(s, batch->data);

    batch->uid = f->stream->uid;
    batch->seq = f->reader.seq;
    batch->next = next;
    batch->head = next;
    batch->websocket = (f->websocket != NULL);
    batch->size = s->size;

    ngx_memcpy(batch->tracks, f->tracks, sizeof(f->tracks));
}


/* HTTP/2, HTTP/3 */

static ngx_int_t
ngx_http_live_flv_send_copy(ngx_http_live_flv_t *f)
{
    u_char               *p;
    uint64_t              next;
    ngx_int_t             rc;
    ngx_live_send_t      *s;
    ngx_http_request_t   *r;

    r = f->request;

    rc = ngx_http_live_copy_flush(r, f->copy);

    while (rc == NGX_OK) {

        rc = ngx_http_live_flv_prepare(f);

        if (rc != NGX_OK && rc != NGX_DONE) {
            return rc;
        }

        s = ngx_http_live_flv_fill(f, NGX_HTTP_LIVE_FLV_COPY_SIZE, &next);

        if (s->size == 0) {
            return rc;
        }

        p = ngx_http_live_copy_alloc(r, f->copy, s->size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_live_send_flatten(s, p);

        ngx_http_live_flv_advance(f, s->size);

        rc = ngx_http_live_copy_send(r, f->copy);
    }

    return rc;
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
                || (frame->flags & NGX_LIVE_FRAME_DERIVED)
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


/*
 * The head and as many tags as fit, of about limit bytes; next is the frame
 * behind the last one.
 */

static ngx_live_send_t *
ngx_http_live_flv_fill(ngx_http_live_flv_t *f, size_t limit, uint64_t *next)
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

    seq = f->reader.seq;
    offset = f->offset;

    if (!f->started || (f->need_key && offset == 0)) {
        limit = 0;
    }

    for ( /* void */ ; s->size < limit; seq++) {

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

    *next = seq;

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

    ngx_http_live_flv_sent(f, n);

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


static void
ngx_http_live_flv_sent(ngx_http_live_flv_t *f, size_t n)
{
    f->skipped = 0;
    f->progress = ngx_current_msec;

    ngx_live_session_bytes(&f->session, 0, n);
}


static ngx_uint_t
ngx_http_live_flv_check(ngx_http_live_flv_t *f, ngx_live_frame_t *frame)
{
    ngx_http_live_flv_track_t  *track;

    track = &f->tracks[ngx_http_live_flv_kind(frame)];

    if (frame->size == 0 || frame->size > NGX_LIVE_FLV_MAX_TAG_SIZE
        || (frame->flags & NGX_LIVE_FRAME_DERIVED))
    {
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
