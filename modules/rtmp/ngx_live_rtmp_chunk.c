
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_bytes.h"
#include "ngx_live_rtmp_chunk.h"


#define NGX_LIVE_RTMP_CHUNK_EXTENDED      0xffffff

/* a body's memory begins with this and doubles */
#define NGX_LIVE_RTMP_CHUNK_BODY          4096


/*
 * A chunk is read in these steps:
 *   BASIC     the first byte, which tells the length of the basic header;
 *   HEADER    the rest of the basic header and the message header;
 *   EXTENDED  the extended timestamp;
 *   PAYLOAD   cr->left bytes of body.
 */

enum {
    ngx_live_rtmp_chunk_basic = 0,
    ngx_live_rtmp_chunk_header,
    ngx_live_rtmp_chunk_extended,
    ngx_live_rtmp_chunk_payload
};


/*
 * Section 5.3.1.3 wants the extended timestamp in type 3 chunks too, but
 * there are encoders that leave it out there; what a peer does is seen at
 * its first such chunk.
 */

enum {
    ngx_live_rtmp_chunk_ext_unknown = 0,
    ngx_live_rtmp_chunk_ext_present,
    ngx_live_rtmp_chunk_ext_absent
};


static ngx_int_t ngx_live_rtmp_chunk_feed(ngx_live_rtmp_chunk_reader_t *cr,
    u_char **pos, u_char *last, ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_live_rtmp_chunk_collect(ngx_live_rtmp_chunk_reader_t *cr,
    u_char **pos, u_char *last);
static void ngx_live_rtmp_chunk_parse_basic(ngx_live_rtmp_chunk_reader_t *cr);
static ngx_int_t ngx_live_rtmp_chunk_parse_header(
    ngx_live_rtmp_chunk_reader_t *cr);
static ngx_int_t ngx_live_rtmp_chunk_parse_fields(
    ngx_live_rtmp_chunk_reader_t *cr, ngx_live_rtmp_chunk_stream_t *cs,
    u_char *p, ngx_uint_t fmt);
static ngx_int_t ngx_live_rtmp_chunk_parse_extended(
    ngx_live_rtmp_chunk_reader_t *cr);
static ngx_int_t ngx_live_rtmp_chunk_begin(ngx_live_rtmp_chunk_reader_t *cr);
static ngx_int_t ngx_live_rtmp_chunk_payload_read(
    ngx_live_rtmp_chunk_reader_t *cr, u_char **pos, u_char *last);
static ngx_int_t ngx_live_rtmp_chunk_finish(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_live_rtmp_chunk_control(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs);
static ngx_live_rtmp_chunk_stream_t *ngx_live_rtmp_chunk_find(
    ngx_live_rtmp_chunk_reader_t *cr, uint32_t csid);
static ngx_int_t ngx_live_rtmp_chunk_add(ngx_live_rtmp_chunk_reader_t *cr,
    uint32_t csid);
static ngx_int_t ngx_live_rtmp_chunk_grow(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs, size_t want);
static void ngx_live_rtmp_chunk_drop(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs);


static const u_char  ngx_live_rtmp_chunk_header_len[] = { 11, 7, 3, 0 };


void
ngx_live_rtmp_chunk_init(ngx_live_rtmp_chunk_reader_t *cr)
{
    ngx_memzero(cr, sizeof(ngx_live_rtmp_chunk_reader_t));

    cr->chunk_size = NGX_LIVE_RTMP_CHUNK_SIZE;
    cr->hneed = 1;
}


void
ngx_live_rtmp_chunk_free(ngx_live_rtmp_chunk_reader_t *cr)
{
    ngx_uint_t  i;

    for (i = 0; i < cr->nstreams; i++) {
        ngx_live_rtmp_chunk_drop(cr, &cr->streams[i]);
    }

    if (cr->streams) {
        (void) cr->resize(cr->data, cr->streams, 0);
    }

    cr->streams = NULL;
    cr->nstreams = 0;
    cr->nalloc = 0;
}


ngx_int_t
ngx_live_rtmp_chunk_read(ngx_live_rtmp_chunk_reader_t *cr, u_char **pos,
    u_char *last, ngx_live_rtmp_message_t *m)
{
    u_char     *p;
    ngx_int_t   rc;

    if (cr->finished) {
        ngx_live_rtmp_chunk_drop(cr, &cr->streams[cr->finished - 1]);
        cr->finished = 0;
    }

    for ( ;; ) {

        if (cr->rpos < cr->rlast) {
            p = cr->replay + cr->rpos;
            rc = ngx_live_rtmp_chunk_feed(cr, &p, cr->replay + cr->rlast, m);
            cr->rpos = (u_char) (p - cr->replay);

        } else {
            rc = ngx_live_rtmp_chunk_feed(cr, pos, last, m);
        }

        if (rc != NGX_AGAIN || (cr->rpos == cr->rlast && *pos == last)) {
            return rc;
        }
    }
}


/* NGX_AGAIN with bytes left in the input means there are bytes to replay */

static ngx_int_t
ngx_live_rtmp_chunk_feed(ngx_live_rtmp_chunk_reader_t *cr, u_char **pos,
    u_char *last, ngx_live_rtmp_message_t *m)
{
    ngx_int_t  rc;

    for ( ;; ) {

        if (cr->state == ngx_live_rtmp_chunk_payload) {
            rc = ngx_live_rtmp_chunk_payload_read(cr, pos, last);

            if (rc != NGX_OK) {
                return rc;
            }

            rc = ngx_live_rtmp_chunk_finish(cr, m);

            if (rc != NGX_DECLINED) {
                return rc;
            }

            continue;
        }

        if (ngx_live_rtmp_chunk_collect(cr, pos, last) != NGX_OK) {
            return NGX_AGAIN;
        }

        switch (cr->state) {

        case ngx_live_rtmp_chunk_basic:
            ngx_live_rtmp_chunk_parse_basic(cr);
            rc = NGX_OK;
            break;

        case ngx_live_rtmp_chunk_header:
            rc = ngx_live_rtmp_chunk_parse_header(cr);
            break;

        default: /* ngx_live_rtmp_chunk_extended */
            rc = ngx_live_rtmp_chunk_parse_extended(cr);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


static ngx_int_t
ngx_live_rtmp_chunk_collect(ngx_live_rtmp_chunk_reader_t *cr, u_char **pos,
    u_char *last)
{
    size_t  n;

    n = ngx_min((size_t) (last - *pos), (size_t) (cr->hneed - cr->hlen));

    ngx_memcpy(cr->header + cr->hlen, *pos, n);

    *pos += n;
    cr->hlen += (u_char) n;

    return cr->hlen == cr->hneed ? NGX_OK : NGX_AGAIN;
}


static void
ngx_live_rtmp_chunk_parse_basic(ngx_live_rtmp_chunk_reader_t *cr)
{
    ngx_uint_t  low;

    /* section 5.3.1.1: 0 and 1 announce one and two bytes more */

    low = cr->header[0] & 0x3f;

    cr->hneed += (low == 0) ? 1 : (low == 1) ? 2 : 0;
    cr->hneed += ngx_live_rtmp_chunk_header_len[cr->header[0] >> 6];

    cr->state = ngx_live_rtmp_chunk_header;
}


static ngx_int_t
ngx_live_rtmp_chunk_parse_header(ngx_live_rtmp_chunk_reader_t *cr)
{
    u_char                        *p;
    uint32_t                       csid;
    ngx_uint_t                     fmt;
    ngx_live_rtmp_chunk_stream_t  *cs;

    p = cr->header;
    fmt = *p >> 6;
    csid = *p++ & 0x3f;

    if (csid == 0) {
        csid = 64 + *p++;

    } else if (csid == 1) {
        csid = 64 + p[0] + 256 * (uint32_t) p[1];
        p += 2;
    }

    cs = ngx_live_rtmp_chunk_find(cr, csid);

    if (cs == NULL) {

        /* librtmp begins its control stream with type 1 */

        if (fmt > 1) {
            cr->reason = "chunk without a header to repeat";
            return NGX_ERROR;
        }

        if (ngx_live_rtmp_chunk_add(cr, csid) != NGX_OK) {
            return NGX_ERROR;
        }

        cs = &cr->streams[cr->nstreams - 1];
    }

    cr->current = cs - cr->streams;

    if (ngx_live_rtmp_chunk_parse_fields(cr, cs, p, fmt) != NGX_OK) {
        return NGX_ERROR;
    }

    if (cs->extended
        && !(fmt == 3 && cr->ext_habit == ngx_live_rtmp_chunk_ext_absent))
    {
        cr->state = ngx_live_rtmp_chunk_extended;
        cr->hneed += 4;
        return NGX_OK;
    }

    return ngx_live_rtmp_chunk_begin(cr);
}


static ngx_int_t
ngx_live_rtmp_chunk_parse_fields(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs, u_char *p, ngx_uint_t fmt)
{
    if (fmt == 3) {
        return NGX_OK;
    }

    if (cs->started) {
        cr->reason = "new message within a message";
        return NGX_ERROR;
    }

    /* section 5.3.1.2 */

    cs->delta = ngx_live_be24(p);
    cs->extended = (cs->delta == NGX_LIVE_RTMP_CHUNK_EXTENDED);

    if (fmt < 2) {
        cs->len = ngx_live_be24(p + 3);
        cs->type = p[6];

        if (cs->len > cr->max_message) {
            cr->reason = "too long message";
            return NGX_ERROR;
        }
    }

    if (fmt == 0) {
        cs->msid = (uint32_t) p[7] | (uint32_t) p[8] << 8
                   | (uint32_t) p[9] << 16 | (uint32_t) p[10] << 24;

        /* the sum below makes it absolute */

        cs->timestamp = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_rtmp_chunk_parse_extended(ngx_live_rtmp_chunk_reader_t *cr)
{
    u_char                        *p;
    uint32_t                       value;
    ngx_live_rtmp_chunk_stream_t  *cs;

    cs = &cr->streams[cr->current];

    p = cr->header + cr->hneed - 4;
    value = ngx_live_be32(p);

    if ((cr->header[0] >> 6) != 3) {
        cs->delta = value;
        return ngx_live_rtmp_chunk_begin(cr);
    }

    if (cr->ext_habit == ngx_live_rtmp_chunk_ext_unknown) {

        if (value == cs->delta) {
            cr->ext_habit = ngx_live_rtmp_chunk_ext_present;

        } else {
            cr->ext_habit = ngx_live_rtmp_chunk_ext_absent;

            ngx_memcpy(cr->replay, p, 4);
            cr->rpos = 0;
            cr->rlast = 4;

            if (ngx_live_rtmp_chunk_begin(cr) != NGX_OK) {
                return NGX_ERROR;
            }

            return NGX_AGAIN;
        }
    }

    if (!cs->started) {
        cs->delta = value;
    }

    return ngx_live_rtmp_chunk_begin(cr);
}


/* the headers of a chunk are complete */

static ngx_int_t
ngx_live_rtmp_chunk_begin(ngx_live_rtmp_chunk_reader_t *cr)
{
    ngx_live_rtmp_chunk_stream_t  *cs;

    cs = &cr->streams[cr->current];

    if (!cs->started) {
        cs->started = 1;
        cs->received = 0;

        /*
         * Section 5.3.1.2.4: a message begun by type 3 is one delta later,
         * which after type 0 is that one's timestamp.
         */

        cs->timestamp += cs->delta;
    }

    cr->left = ngx_min(cs->len - cs->received, cr->chunk_size);
    cr->body = NULL;

    cr->state = ngx_live_rtmp_chunk_payload;
    cr->hlen = 0;
    cr->hneed = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_rtmp_chunk_payload_read(ngx_live_rtmp_chunk_reader_t *cr,
    u_char **pos, u_char *last)
{
    size_t                         n;
    ngx_live_rtmp_chunk_stream_t  *cs;

    if (cr->left == 0) {
        return NGX_OK;
    }

    n = ngx_min((size_t) (last - *pos), cr->left);

    if (n == 0) {
        return NGX_AGAIN;
    }

    cs = &cr->streams[cr->current];

    if (n == cs->len) {

        /* all of the message stands in the input: it is not copied */

        cr->body = *pos;
        cs->received = cs->len;
        cr->left = 0;

        *pos += n;

        return NGX_OK;
    }

    /* further chunks of the message are likely to stand there, too */

    if (cs->size - cs->received < n
        && ngx_live_rtmp_chunk_grow(cr, cs, cs->received
                                            + (size_t) (last - *pos))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(cs->body + cs->received, *pos, n);

    *pos += n;
    cs->received += n;
    cr->left -= n;

    return cr->left ? NGX_AGAIN : NGX_OK;
}


/* the end of a chunk; NGX_DECLINED if there is nothing for the caller yet */

static ngx_int_t
ngx_live_rtmp_chunk_finish(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_message_t *m)
{
    ngx_int_t                      rc;
    ngx_live_rtmp_chunk_stream_t  *cs;

    cs = &cr->streams[cr->current];

    cr->state = ngx_live_rtmp_chunk_basic;

    if (cs->received < cs->len) {
        return NGX_DECLINED;
    }

    cs->started = 0;

    if (cs->type == NGX_LIVE_RTMP_SET_CHUNK_SIZE
        || cs->type == NGX_LIVE_RTMP_ABORT)
    {
        rc = ngx_live_rtmp_chunk_control(cr, cs);
        ngx_live_rtmp_chunk_drop(cr, cs);
        return rc;
    }

    m->timestamp = cs->timestamp;
    m->msid = cs->msid;
    m->csid = cs->csid;
    m->len = cs->len;
    m->type = cs->type;
    m->body = cr->body ? cr->body : cs->body;

    cr->finished = cr->current + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_rtmp_chunk_control(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs)
{
    uint32_t                       value;
    ngx_live_rtmp_chunk_stream_t  *other;

    if (cs->len < 4) {
        cr->reason = "too short control message";
        return NGX_ERROR;
    }

    value = ngx_live_be32(cr->body ? cr->body : cs->body);

    if (cs->type == NGX_LIVE_RTMP_SET_CHUNK_SIZE) {

        /* section 5.4.1: the first bit must be zero */

        if (value == 0 || value > NGX_LIVE_RTMP_CHUNK_MAX_SIZE) {
            cr->reason = "invalid chunk size";
            return NGX_ERROR;
        }

        cr->chunk_size = value;

        return NGX_DECLINED;
    }

    other = ngx_live_rtmp_chunk_find(cr, value);

    if (other) {
        ngx_live_rtmp_chunk_drop(cr, other);
        other->started = 0;
    }

    return NGX_DECLINED;
}


static ngx_live_rtmp_chunk_stream_t *
ngx_live_rtmp_chunk_find(ngx_live_rtmp_chunk_reader_t *cr, uint32_t csid)
{
    ngx_uint_t  i;

    for (i = 0; i < cr->nstreams; i++) {
        if (cr->streams[i].csid == csid) {
            return &cr->streams[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_live_rtmp_chunk_add(ngx_live_rtmp_chunk_reader_t *cr, uint32_t csid)
{
    ngx_uint_t                     n;
    ngx_live_rtmp_chunk_stream_t  *cs;

    if (cr->nstreams == NGX_LIVE_RTMP_CHUNK_MAX_STREAMS) {
        cr->reason = "too many chunk streams";
        return NGX_ERROR;
    }

    if (cr->nstreams == cr->nalloc) {
        n = cr->nalloc ? 2 * cr->nalloc : 4;

        cs = cr->resize(cr->data, cr->streams,
                        n * sizeof(ngx_live_rtmp_chunk_stream_t));
        if (cs == NULL) {
            cr->reason = "no memory for chunk streams";
            return NGX_ERROR;
        }

        cr->streams = cs;
        cr->nalloc = n;
    }

    cs = &cr->streams[cr->nstreams++];

    ngx_memzero(cs, sizeof(ngx_live_rtmp_chunk_stream_t));
    cs->csid = csid;

    return NGX_OK;
}


static ngx_int_t
ngx_live_rtmp_chunk_grow(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs, size_t want)
{
    size_t   size;
    u_char  *body;

    size = ngx_max(2 * (size_t) cs->size, NGX_LIVE_RTMP_CHUNK_BODY);
    size = ngx_max(size, want);
    size = ngx_min(size, cs->len);

    if (size - cs->size > cr->max_memory - cr->memory) {
        cr->reason = "too much in unfinished messages";
        return NGX_ERROR;
    }

    body = cr->resize(cr->data, cs->body, size);
    if (body == NULL) {
        cr->reason = "no memory for a message";
        return NGX_ERROR;
    }

    cr->memory += size - cs->size;
    cs->body = body;
    cs->size = size;

    return NGX_OK;
}


static void
ngx_live_rtmp_chunk_drop(ngx_live_rtmp_chunk_reader_t *cr,
    ngx_live_rtmp_chunk_stream_t *cs)
{
    if (cs->body == NULL) {
        return;
    }

    (void) cr->resize(cr->data, cs->body, 0);

    cr->memory -= cs->size;
    cs->body = NULL;
    cs->size = 0;
    cs->received = 0;
}


u_char *
ngx_live_rtmp_chunk_header0(u_char *p, const ngx_live_rtmp_message_t *m)
{
    uint32_t  ts;

    ts = ngx_min(m->timestamp, NGX_LIVE_RTMP_CHUNK_EXTENDED);

    *p++ = (u_char) m->csid;

    *p++ = (u_char) (ts >> 16);
    *p++ = (u_char) (ts >> 8);
    *p++ = (u_char) ts;

    *p++ = (u_char) (m->len >> 16);
    *p++ = (u_char) (m->len >> 8);
    *p++ = (u_char) m->len;

    *p++ = m->type;

    *p++ = (u_char) m->msid;
    *p++ = (u_char) (m->msid >> 8);
    *p++ = (u_char) (m->msid >> 16);
    *p++ = (u_char) (m->msid >> 24);

    if (ts == NGX_LIVE_RTMP_CHUNK_EXTENDED) {
        *p++ = (u_char) (m->timestamp >> 24);
        *p++ = (u_char) (m->timestamp >> 16);
        *p++ = (u_char) (m->timestamp >> 8);
        *p++ = (u_char) m->timestamp;
    }

    return p;
}


u_char *
ngx_live_rtmp_chunk_header3(u_char *p, const ngx_live_rtmp_message_t *m)
{
    *p++ = (u_char) (0xc0 | m->csid);

    if (m->timestamp >= NGX_LIVE_RTMP_CHUNK_EXTENDED) {
        *p++ = (u_char) (m->timestamp >> 24);
        *p++ = (u_char) (m->timestamp >> 16);
        *p++ = (u_char) (m->timestamp >> 8);
        *p++ = (u_char) m->timestamp;
    }

    return p;
}


size_t
ngx_live_rtmp_chunk_wire_len(const ngx_live_rtmp_message_t *m,
    size_t chunk_size)
{
    size_t  ext, more;

    ext = (m->timestamp >= NGX_LIVE_RTMP_CHUNK_EXTENDED) ? 4 : 0;
    more = m->len ? (m->len - 1) / chunk_size : 0;

    return 12 + ext + m->len + more * (1 + ext);
}


u_char *
ngx_live_rtmp_chunk_write(u_char *p, const ngx_live_rtmp_message_t *m,
    size_t chunk_size)
{
    size_t   n, left;
    u_char  *body;

    p = ngx_live_rtmp_chunk_header0(p, m);

    body = m->body;
    left = m->len;

    while (left) {
        n = ngx_min(left, chunk_size);

        p = ngx_cpymem(p, body, n);

        body += n;
        left -= n;

        if (left) {
            p = ngx_live_rtmp_chunk_header3(p, m);
        }
    }

    return p;
}


void
ngx_live_rtmp_chunk_piece(ngx_live_rtmp_piece_t *piece,
    const ngx_live_rtmp_message_t *m, size_t chunk_size, size_t offset)
{
    size_t  hlen, body;
    u_char  header[NGX_LIVE_RTMP_CHUNK_HEADER0];

    hlen = ngx_live_rtmp_chunk_header0(header, m) - header;
    body = 0;

    if (offset >= hlen + chunk_size) {

        /* all further chunks are of one length but for the last one */

        offset -= hlen + chunk_size;

        hlen = ngx_live_rtmp_chunk_header3(header, m) - header;

        body = chunk_size * (1 + offset / (hlen + chunk_size));
        offset %= hlen + chunk_size;
    }

    piece->hlen = 0;
    piece->len = ngx_min(m->len - body, chunk_size);
    piece->body = body;

    if (offset < hlen) {
        piece->hlen = hlen - offset;
        ngx_memcpy(piece->header, header + offset, piece->hlen);

    } else {
        piece->body += offset - hlen;
        piece->len -= offset - hlen;
    }
}
