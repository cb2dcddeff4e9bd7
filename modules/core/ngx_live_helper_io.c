
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What goes to a helper and what comes from it.  Frames are sent out of the
 * ring, where a reader stands for the helper: a slow one is a slow reader, and
 * nothing is queued.
 */


#include "ngx_live_helper.h"

#include <linux/sockios.h>


/* slices of a frame in one call */
#define NGX_LIVE_HELPER_IOVS   16

/* reads of one event, before others have their turn */
#define NGX_LIVE_HELPER_READS  16

/* bytes of messages in a second, beside 16 seconds of media */
#define NGX_LIVE_HELPER_FLOOD  (1024 * 1024)

/* lines of text in that many ms */
#define NGX_LIVE_HELPER_LINES       16
#define NGX_LIVE_HELPER_LINES_TIME  10000

/* ms by which frames are merged */
#define NGX_LIVE_HELPER_FLUSH  10


static ngx_connection_t *ngx_live_helper_connection(ngx_live_helper_t *h,
    ngx_socket_t fd, ngx_event_handler_pt reader);
static void ngx_live_helper_reader(ngx_live_reader_t *r);
static void ngx_live_helper_slow(ngx_live_helper_t *h);
static ngx_int_t ngx_live_helper_keep_rest(ngx_live_helper_t *h,
    ngx_live_frame_t *f);
static void ngx_live_helper_writer(ngx_event_t *wev);
static ngx_int_t ngx_live_helper_send_out(ngx_live_helper_t *h);
static ngx_int_t ngx_live_helper_send_ping(ngx_live_helper_t *h);
static ngx_uint_t ngx_live_helper_wanted(ngx_live_helper_t *h,
    ngx_live_frame_t *f);
static ngx_int_t ngx_live_helper_send_config(ngx_live_helper_t *h,
    ngx_live_frame_t *f);
static ngx_int_t ngx_live_helper_send_frame(ngx_live_helper_t *h,
    ngx_live_frame_t *f);
static void ngx_live_helper_frame_header(ngx_live_helper_t *h,
    ngx_live_frame_t *f, u_char *p);
static ssize_t ngx_live_helper_writev(ngx_live_helper_t *h, struct iovec *iovs,
    ngx_uint_t n);
static void ngx_live_helper_read(ngx_event_t *rev);
static ngx_int_t ngx_live_helper_received(ngx_live_helper_t *h, u_char *p,
    u_char *end);
static ngx_int_t ngx_live_helper_flood(ngx_live_helper_t *h, size_t n,
    const char **reason);
static void ngx_live_helper_text(ngx_event_t *rev);
static void ngx_live_helper_text_line(ngx_live_helper_t *h);


static uint32_t  ngx_live_helper_codecs[] = {
    0,                                     /* none */
    NGX_LIVE_HELPER_AVC,
    NGX_LIVE_HELPER_AAC,
    NGX_LIVE_HELPER_MP3,
    0,                                     /* script */
    NGX_LIVE_HELPER_OPUS
};

#define NGX_LIVE_HELPER_CODECS                                                \
    (sizeof(ngx_live_helper_codecs) / sizeof(ngx_live_helper_codecs[0]))


ngx_int_t
ngx_live_helper_open(ngx_live_helper_t *h, ngx_live_helper_process_t *process)
{
    h->pid = process->pid;

    h->connection = ngx_live_helper_connection(h, process->fd,
                                               ngx_live_helper_read);
    if (h->connection == NULL) {
        (void) close(process->fd);
        (void) close(process->log);
        return NGX_ERROR;
    }

    h->connection->write->handler = ngx_live_helper_writer;

    h->text = ngx_live_helper_connection(h, process->log,
                                         ngx_live_helper_text);
    if (h->text == NULL) {
        (void) close(process->log);
        return NGX_ERROR;
    }

    h->body = ngx_alloc(NGX_LIVE_HELPER_BODY_MAX, h->log);
    if (h->body == NULL) {
        return NGX_ERROR;
    }

    ngx_live_helper_parser_init(&h->parser, h->body, NGX_LIVE_HELPER_BODY_MAX);

    h->reader.handler = ngx_live_helper_reader;
    h->reader.data = h;

    if (ngx_live_reader_open(&h->reader, h->stream, NGX_LIVE_HELPER_FLUSH)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h->alive = ngx_current_msec;

    return NGX_OK;
}


static ngx_connection_t *
ngx_live_helper_connection(ngx_live_helper_t *h, ngx_socket_t fd,
    ngx_event_handler_pt reader)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, h->log);
    if (c == NULL) {
        return NULL;
    }

    c->data = h;
    c->log = h->log;
    c->read->log = h->log;
    c->write->log = h->log;
    c->read->handler = reader;

    /* it is no client's: not a socket left open when the worker exits */

    c->read->channel = 1;
    c->write->channel = 1;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NULL;
    }

    return c;
}


void
ngx_live_helper_close(ngx_live_helper_t *h)
{
    ngx_live_reader_close(&h->reader);

    if (h->connection) {
        ngx_close_connection(h->connection);
        h->connection = NULL;
    }

    if (h->text) {
        ngx_close_connection(h->text);
        h->text = NULL;
    }

    if (h->out) {
        ngx_free(h->out);
        h->out = NULL;
    }

    if (h->body) {
        ngx_free(h->body);
        h->body = NULL;
    }

    ngx_memzero(h->configs, sizeof(h->configs));

    h->pid = 0;
    h->offset = 0;
    h->carried = 0;
    h->codec = 0;
    h->window = 0;
    h->window_bytes = 0;
    h->flood = 0;
    h->nline = 0;
    h->ping = 0;
    h->asked = 0;
    h->blocked = 0;
    h->need_key = 0;
}


static void
ngx_live_helper_reader(ngx_live_reader_t *r)
{
    ngx_live_helper_t  *h;

    h = r->data;

    if (r->slow) {
        ngx_live_helper_slow(h);
    }

    if (!h->blocked) {
        ngx_live_helper_send(h);
    }
}


/*
 * The helper is too slow: what it is getting is completed from a copy, and it
 * goes on at the newest key frame.
 */

static void
ngx_live_helper_slow(ngx_live_helper_t *h)
{
    ngx_live_frame_t  *f;

    f = ngx_live_reader_frame(&h->reader, h->reader.seq);

    if (f && h->offset && ngx_live_helper_keep_rest(h, f) != NGX_OK) {
        return;
    }

    if (ngx_live_reader_skip(&h->reader) != NGX_OK) {

        /* a group of pictures without end: wait for the next one */

        ngx_live_reader_advance(&h->reader, ngx_live_reader_head(&h->reader));
        h->reader.slow = 0;
        h->need_key = 1;
    }

    h->carried |= NGX_LIVE_HELPER_DROPPED;
    h->sh->skipped++;
}


static ngx_int_t
ngx_live_helper_keep_rest(ngx_live_helper_t *h, ngx_live_frame_t *f)
{
    u_char              *p, *data, header[NGX_LIVE_HELPER_HEADER_LEN];
    size_t               size;
    ngx_live_ring_sh_t  *ring;

    ring = h->stream->sh->ring;
    size = NGX_LIVE_HELPER_HEADER_LEN + f->size - f->prefix;

    data = ngx_alloc(size, h->log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_live_helper_frame_header(h, f, header);

    p = ngx_cpymem(data, header, NGX_LIVE_HELPER_HEADER_LEN);

    ngx_live_ring_copy_out(ngx_live_zone, ring, f, f->prefix, p,
                           f->size - f->prefix);

    h->out = data;
    h->out_size = size;
    h->out_sent = h->offset;

    h->offset = 0;
    h->carried = 0;

    return NGX_OK;
}


static void
ngx_live_helper_writer(ngx_event_t *wev)
{
    ngx_connection_t   *c;
    ngx_live_helper_t  *h;

    c = wev->data;
    h = c->data;

    /* it has read since the socket was full */

    h->blocked = 0;
    h->alive = ngx_current_msec;

    ngx_live_helper_send(h);
}


void
ngx_live_helper_send(ngx_live_helper_t *h)
{
    ngx_int_t           rc;
    ngx_live_frame_t   *f;
    ngx_live_reader_t  *r;

    r = &h->reader;

    for ( ;; ) {

        if (h->out) {
            rc = ngx_live_helper_send_out(h);

        } else if (h->ping && h->offset == 0) {
            rc = ngx_live_helper_send_ping(h);

        } else {
            f = ngx_live_reader_frame(r, r->seq);

            if (f == NULL) {
                return;
            }

            if (h->offset == 0 && !ngx_live_helper_wanted(h, f)) {
                ngx_live_reader_advance(r, r->seq + 1);
                continue;
            }

            rc = (h->offset == 0 && f->config != h->configs[f->track])
                 ? ngx_live_helper_send_config(h, f)
                 : ngx_live_helper_send_frame(h, f);
        }

        if (rc == NGX_ERROR) {
            ngx_live_helper_down(h, "has died");
            return;
        }

        if (rc == NGX_AGAIN) {
            h->blocked = 1;

            if (ngx_handle_write_event(h->connection->write, 0) != NGX_OK) {
                ngx_live_helper_down(h, "cannot be written to");
            }

            return;
        }
    }
}


/*
 * A socket is writable again when most of it was read, which takes a slow
 * helper longer than it has for an answer.
 */

ngx_uint_t
ngx_live_helper_has_read(ngx_live_helper_t *h)
{
    int         n;
    ngx_uint_t  changed;

    if (!h->blocked || ioctl(h->connection->fd, SIOCOUTQ, &n) == -1) {
        h->unread = 0;
        return 0;
    }

    changed = (n < h->unread);
    h->unread = n;

    return changed;
}


static ngx_int_t
ngx_live_helper_send_out(ngx_live_helper_t *h)
{
    ssize_t       n;
    struct iovec  iov;

    iov.iov_base = h->out + h->out_sent;
    iov.iov_len = h->out_size - h->out_sent;

    n = ngx_live_helper_writev(h, &iov, 1);

    if (n < 0) {
        return n;
    }

    h->out_sent += n;

    if (h->out_sent == h->out_size) {
        ngx_free(h->out);
        h->out = NULL;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_helper_send_ping(ngx_live_helper_t *h)
{
    ngx_live_helper_message_t  msg;

    h->out = ngx_alloc(NGX_LIVE_HELPER_HEADER_LEN, h->log);
    if (h->out == NULL) {
        return NGX_ERROR;
    }

    h->out_size = NGX_LIVE_HELPER_HEADER_LEN;
    h->out_sent = 0;
    h->ping = 0;

    ngx_memzero(&msg, sizeof(ngx_live_helper_message_t));

    msg.type = NGX_LIVE_HELPER_PING;
    msg.dts = ++h->pings;

    ngx_live_helper_write_header(h->out, &msg);

    return NGX_OK;
}


static ngx_uint_t
ngx_live_helper_wanted(ngx_live_helper_t *h, ngx_live_frame_t *f)
{
    /* a break in the time of one track is one of them all */

    if (!(f->flags & NGX_LIVE_FRAME_DERIVED)) {

        if (f->flags & NGX_LIVE_FRAME_DISCONT) {
            h->carried |= NGX_LIVE_HELPER_DISCONT;
        }

        if (f->flags & NGX_LIVE_FRAME_DROPPED) {
            h->carried |= NGX_LIVE_HELPER_DROPPED;
        }
    }

    if (!(h->conf->tracks & ((ngx_uint_t) 1 << f->track))
        || f->config == 0 || f->prefix >= f->size)
    {
        return 0;
    }

    if (h->need_key && (f->flags & NGX_LIVE_FRAME_VIDEO)
        && !(f->flags & NGX_LIVE_FRAME_KEY))
    {
        return 0;
    }

    if (f->flags & NGX_LIVE_FRAME_VIDEO) {
        h->need_key = 0;
    }

    return 1;
}


/* the configuration that goes with the frame, before it */

static ngx_int_t
ngx_live_helper_send_config(ngx_live_helper_t *h, ngx_live_frame_t *f)
{
    size_t                      size;
    ngx_uint_t                  codec;
    ngx_live_config_sh_t       *config;
    ngx_live_helper_message_t   msg;

    h->configs[f->track] = f->config;

    config = ngx_live_stream_config(h->stream, f->track, f->config);

    codec = config ? config->info.codec : 0;
    codec = (codec < NGX_LIVE_HELPER_CODECS) ? ngx_live_helper_codecs[codec]
                                             : 0;

    if (codec == 0) {

        /* not kept any more, a newer one will come */

        return NGX_OK;
    }

    /* that of MP3 is made of its frames' constant bits and is no record */

    size = (codec == NGX_LIVE_HELPER_MP3 || config->size < f->prefix)
           ? 0 : config->size - f->prefix;

    h->out = ngx_alloc(NGX_LIVE_HELPER_HEADER_LEN + size, h->log);
    if (h->out == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&msg, sizeof(ngx_live_helper_message_t));

    msg.type = NGX_LIVE_HELPER_CONFIG;
    msg.track = f->track;
    msg.size = size;
    msg.codec = codec;
    msg.config = f->config;
    msg.dts = f->dts;

    ngx_live_helper_write_header(h->out, &msg);
    ngx_memcpy(h->out + NGX_LIVE_HELPER_HEADER_LEN,
               config->data + config->size - size, size);

    h->out_size = NGX_LIVE_HELPER_HEADER_LEN + size;
    h->out_sent = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_live_helper_send_frame(ngx_live_helper_t *h, ngx_live_frame_t *f)
{
    u_char        *p, header[NGX_LIVE_HELPER_HEADER_LEN];
    size_t         len;
    ssize_t        n;
    uint32_t       size, offset;
    ngx_uint_t     i;
    struct iovec   iovs[NGX_LIVE_HELPER_IOVS];

    i = 0;
    offset = f->prefix;
    size = NGX_LIVE_HELPER_HEADER_LEN + f->size - f->prefix;

    if (h->offset < NGX_LIVE_HELPER_HEADER_LEN) {
        ngx_live_helper_frame_header(h, f, header);

        iovs[i].iov_base = header + h->offset;
        iovs[i++].iov_len = NGX_LIVE_HELPER_HEADER_LEN - h->offset;

    } else {
        offset += h->offset - NGX_LIVE_HELPER_HEADER_LEN;
    }

    while (i < NGX_LIVE_HELPER_IOVS) {
        len = ngx_live_reader_slice(&h->reader, f, offset, &p);

        if (len == 0) {
            break;
        }

        iovs[i].iov_base = p;
        iovs[i++].iov_len = len;

        offset += len;
    }

    n = ngx_live_helper_writev(h, iovs, i);

    if (n < 0) {
        return n;
    }

    h->offset += n;

    if (h->offset == size) {
        h->offset = 0;
        h->carried = 0;
        h->sh->in++;

        ngx_live_reader_advance(&h->reader, f->seq + 1);
    }

    return NGX_OK;
}


static void
ngx_live_helper_frame_header(ngx_live_helper_t *h, ngx_live_frame_t *f,
    u_char *p)
{
    ngx_live_helper_message_t  msg;

    ngx_memzero(&msg, sizeof(ngx_live_helper_message_t));

    msg.type = NGX_LIVE_HELPER_FRAME;
    msg.track = f->track;
    msg.flags = h->carried;
    msg.size = f->size - f->prefix;
    msg.config = f->config;
    msg.cts = f->cts;
    msg.dts = f->dts;

    if (f->flags & NGX_LIVE_FRAME_KEY) {
        msg.flags |= NGX_LIVE_HELPER_KEY;
    }

    ngx_live_helper_write_header(p, &msg);
}


/* bytes written, NGX_AGAIN or NGX_ERROR */

static ssize_t
ngx_live_helper_writev(ngx_live_helper_t *h, struct iovec *iovs, ngx_uint_t n)
{
    ssize_t        rc;
    struct msghdr  msg;

    ngx_memzero(&msg, sizeof(struct msghdr));

    msg.msg_iov = iovs;
    msg.msg_iovlen = n;

    do {
        rc = sendmsg(h->connection->fd, &msg, MSG_NOSIGNAL);

    } while (rc == -1 && ngx_errno == NGX_EINTR);

    if (rc != -1) {
        return rc;
    }

    h->connection->write->ready = 0;

    return (ngx_errno == NGX_EAGAIN) ? NGX_AGAIN : NGX_ERROR;
}


static void
ngx_live_helper_read(ngx_event_t *rev)
{
    static u_char       buf[65536];

    ssize_t             n;
    ngx_uint_t          i;
    ngx_connection_t   *c;
    ngx_live_helper_t  *h;

    c = rev->data;
    h = c->data;

    for (i = 0; i < NGX_LIVE_HELPER_READS; i++) {

        n = recv(c->fd, buf, sizeof(buf), 0);

        if (n > 0) {
            h->alive = ngx_current_msec;

            if (ngx_live_helper_received(h, buf, buf + n) != NGX_OK) {
                return;
            }

            continue;
        }

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1 && ngx_errno == NGX_EAGAIN) {
            rev->ready = 0;

            if (ngx_handle_read_event(rev, 0) == NGX_OK) {
                return;
            }
        }

        ngx_live_helper_down(h, "has died");
        return;
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


static ngx_int_t
ngx_live_helper_received(ngx_live_helper_t *h, u_char *p, u_char *end)
{
    u_char       text[NGX_LIVE_HELPER_LINE_MAX], *last;
    ngx_int_t    rc;
    const char  *reason;

    rc = ngx_live_helper_flood(h, end - p, &reason);

    while (p < end) {

        if (rc != NGX_OK) {
            goto failed;
        }

        rc = ngx_live_helper_parse(&h->parser, &p, end, &reason);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_OK) {
            rc = ngx_live_helper_message(h, &reason);
        }
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

failed:

    h->sh->killed++;

    last = ngx_snprintf(text, sizeof(text) - 1, "sent %s and was killed",
                        reason);
    *last = '\0';

    ngx_live_helper_down(h, (char *) text);

    return NGX_ERROR;
}


/* a helper that writes without end must not keep the worker busy */

static ngx_int_t
ngx_live_helper_flood(ngx_live_helper_t *h, size_t n, const char **reason)
{
    if (ngx_current_msec - h->flood_start > 1000) {
        h->flood_start = ngx_current_msec;
        h->flood = 0;
    }

    h->flood += n;

    if (h->flood <= NGX_LIVE_HELPER_FLOOD + 2 * h->conf->bitrate) {
        return NGX_OK;
    }

    *reason = "too much at once";

    return NGX_ERROR;
}


/* why it has died may not have been read yet */

void
ngx_live_helper_last_words(ngx_live_helper_t *h)
{
    if (h->text) {
        ngx_live_helper_text(h->text->read);
    }

    ngx_live_helper_text_line(h);
}


/* what it says for people */

static void
ngx_live_helper_text(ngx_event_t *rev)
{
    u_char             *p, buf[4096];
    ssize_t             n;
    ngx_uint_t          i;
    ngx_connection_t   *c;
    ngx_live_helper_t  *h;

    c = rev->data;
    h = c->data;

    for (i = 0; i < NGX_LIVE_HELPER_READS; i++) {
        n = read(c->fd, buf, sizeof(buf));

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1 && ngx_errno == NGX_EAGAIN) {
            rev->ready = 0;

            if (ngx_handle_read_event(rev, 0) == NGX_OK) {
                return;
            }
        }

        if (n <= 0) {

            /* closed: the other socket says whether it is dead */

            ngx_live_helper_text_line(h);

            if (rev->active) {
                (void) ngx_del_event(rev, NGX_READ_EVENT, 0);
            }

            return;
        }

        for (p = buf; p < buf + n; p++) {

            if (*p == '\n' || *p == '\r') {
                ngx_live_helper_text_line(h);

            } else if (h->nline < NGX_LIVE_HELPER_LINE_MAX) {
                h->line[h->nline++] = (*p < ' ' || *p == 0x7f) ? ' ' : *p;
            }
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


static void
ngx_live_helper_text_line(ngx_live_helper_t *h)
{
    if (h->nline == 0) {
        return;
    }

    if (ngx_current_msec - h->lines_start > NGX_LIVE_HELPER_LINES_TIME) {

        if (h->lines > NGX_LIVE_HELPER_LINES) {
            ngx_log_error(NGX_LOG_WARN, h->log, 0,
                          "helper \"%s\" of \"%V\": %ui more lines",
                          h->sh->name, &h->stream->sh->sn.str,
                          h->lines - NGX_LIVE_HELPER_LINES);
        }

        h->lines_start = ngx_current_msec;
        h->lines = 0;
    }

    if (h->lines++ < NGX_LIVE_HELPER_LINES) {
        ngx_log_error(NGX_LOG_WARN, h->log, 0, "helper \"%s\" of \"%V\": %*s",
                      h->sh->name, &h->stream->sh->sn.str,
                      h->nline, h->line);
    }

    h->nline = 0;
}
