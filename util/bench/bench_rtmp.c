
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <stdlib.h>
#include <string.h>


/* what the reader waits for */

enum {
    bench_rtmp_s0 = 0,
    bench_rtmp_s1,
    bench_rtmp_s2,
    bench_rtmp_header,
    bench_rtmp_payload
};


#define BENCH_AMF_NUMBER  0
#define BENCH_AMF_STRING  2
#define BENCH_AMF_OBJECT  3
#define BENCH_AMF_NULL    5
#define BENCH_AMF_END     9


static size_t bench_rtmp_handshake(bench_rtmp_t *r, const u_char *p,
    size_t len);
static size_t bench_rtmp_header_size(bench_rtmp_t *r);
static int bench_rtmp_chunk(bench_rtmp_t *r);
static int bench_rtmp_begin(bench_rtmp_t *r, bench_rtmp_csid_t *m,
    u_char *p, int fmt);
static size_t bench_rtmp_data(bench_rtmp_t *r, const u_char *p, size_t len);
static void bench_rtmp_control(bench_rtmp_t *r, bench_rtmp_csid_t *m);
static void bench_rtmp_send(bench_rtmp_t *r, int csid, int type,
    uint32_t stream, u_char *data, size_t len);

static uint32_t bench_be32(const u_char *p);
static u_char *bench_put32(u_char *p, uint32_t n);
static u_char *bench_amf_string(u_char *p, const char *s);
static u_char *bench_amf_number(u_char *p, double n);
static u_char *bench_amf_key(u_char *p, const char *s);


size_t
bench_rtmp_size(size_t len)
{
    /* with an extended timestamp in each chunk */

    return len + 16 + (len / BENCH_RTMP_CHUNK + 1) * 5;
}


u_char *
bench_rtmp_write(u_char *p, int csid, int type, uint32_t timestamp,
    uint32_t stream, const u_char *data, size_t len)
{
    size_t    n;
    uint32_t  field;

    field = timestamp < 0xffffff ? timestamp : 0xffffff;

    *p++ = csid;
    *p++ = field >> 16;
    *p++ = field >> 8;
    *p++ = field;
    *p++ = len >> 16;
    *p++ = len >> 8;
    *p++ = len;
    *p++ = type;
    *p++ = stream;
    *p++ = stream >> 8;
    *p++ = stream >> 16;
    *p++ = stream >> 24;

    for ( ;; ) {
        if (field == 0xffffff) {
            p = bench_put32(p, timestamp);
        }

        n = len < BENCH_RTMP_CHUNK ? len : BENCH_RTMP_CHUNK;

        memcpy(p, data, n);
        p += n;
        data += n;
        len -= n;

        if (len == 0) {
            return p;
        }

        *p++ = 0xc0 | csid;
    }
}


bench_rtmp_t *
bench_rtmp_create(bench_rtmp_pt message, void *data, int raw)
{
    size_t         i;
    bench_rtmp_t  *r;

    r = calloc(1, sizeof(bench_rtmp_t));
    if (r == NULL) {
        return NULL;
    }

    r->csids = calloc(BENCH_RTMP_CSIDS, sizeof(bench_rtmp_csid_t));
    if (r->csids == NULL) {
        free(r);
        return NULL;
    }

    r->message = message;
    r->data = data;
    r->chunk_size = raw ? BENCH_RTMP_CHUNK : 128;
    r->state = bench_rtmp_header;

    if (raw) {
        return r;
    }

    r->state = bench_rtmp_s0;
    r->need = 1;

    /* C0 and C1 of the plain handshake: version 3, time, zero, filling */

    r->out[0] = 3;

    for (i = 9; i <= BENCH_RTMP_HANDSHAKE; i++) {
        r->out[i] = (u_char) (i * 31);
    }

    r->out_len = 1 + BENCH_RTMP_HANDSHAKE;

    return r;
}


void
bench_rtmp_free(bench_rtmp_t *r)
{
    free(r->csids);
    free(r);
}


int
bench_rtmp_handshaken(bench_rtmp_t *r)
{
    return r->state >= bench_rtmp_header;
}


int
bench_rtmp_input(bench_rtmp_t *r, const u_char *p, size_t len)
{
    size_t  n;
    u_char  ack[4];

    r->received += len;

    while (len) {

        if (r->state < bench_rtmp_header) {
            n = bench_rtmp_handshake(r, p, len);

        } else if (r->state == bench_rtmp_header) {
            n = 1;
            r->header[r->header_len++] = *p;

            if (r->header_len >= bench_rtmp_header_size(r)
                && bench_rtmp_chunk(r) == -1)
            {
                return -1;
            }

        } else {
            n = bench_rtmp_data(r, p, len);
        }

        if (n == 0) {
            return -1;
        }

        p += n;
        len -= n;
    }

    if (r->window && r->received - r->acked >= r->window / 2) {
        r->acked = r->received;
        bench_put32(ack, (uint32_t) r->received);
        bench_rtmp_send(r, 2, 3, 0, ack, 4);
    }

    return 0;
}


static size_t
bench_rtmp_handshake(bench_rtmp_t *r, const u_char *p, size_t len)
{
    size_t  n;

    n = len < r->need ? len : r->need;

    if (r->state == bench_rtmp_s1) {
        memcpy(r->handshake + BENCH_RTMP_HANDSHAKE - r->need, p, n);
    }

    r->need -= n;

    if (r->need) {
        return n;
    }

    r->need = BENCH_RTMP_HANDSHAKE;

    /* C2 repeats S1 */

    if (r->state == bench_rtmp_s1) {
        memcpy(r->out + r->out_len, r->handshake, BENCH_RTMP_HANDSHAKE);
        r->out_len += BENCH_RTMP_HANDSHAKE;
    }

    r->state++;

    return n;
}


/* the size of the header as far as the bytes so far tell */

static size_t
bench_rtmp_header_size(bench_rtmp_t *r)
{
    int            fmt;
    size_t         basic, size;
    u_char        *p;
    static size_t  sizes[] = { 11, 7, 3, 0 };

    p = r->header;
    fmt = p[0] >> 6;
    basic = (p[0] & 0x3f) == 0 ? 2 : (p[0] & 0x3f) == 1 ? 3 : 1;
    size = basic + sizes[fmt];

    if (r->header_len < size) {
        return size;
    }

    if (fmt == 3) {
        return size + (r->csids[p[0] & 0x3f].extended ? 4 : 0);
    }

    return size + (memcmp(p + basic, "\xff\xff\xff", 3) == 0 ? 4 : 0);
}


static int
bench_rtmp_chunk(bench_rtmp_t *r)
{
    int                 fmt, id;
    size_t              left;
    u_char             *p;
    bench_rtmp_csid_t  *m;

    p = r->header;
    fmt = p[0] >> 6;
    id = p[0] & 0x3f;

    if (id < 2) {
        r->error = "chunk stream id above 63";
        return -1;
    }

    m = &r->csids[id];
    p++;

    if (m->done == 0 && bench_rtmp_begin(r, m, p, fmt) == -1) {
        return -1;
    }

    left = m->len - m->done;

    r->current = m;
    r->chunk = left < r->chunk_size ? left : r->chunk_size;
    r->header_len = 0;
    r->state = bench_rtmp_payload;

    if (left == 0) {
        r->state = bench_rtmp_header;
    }

    return 0;
}


static int
bench_rtmp_begin(bench_rtmp_t *r, bench_rtmp_csid_t *m, u_char *p, int fmt)
{
    uint32_t  timestamp;

    m->head_len = 0;

    if (fmt == 3) {
        return 0;
    }

    timestamp = p[0] << 16 | p[1] << 8 | p[2];
    m->extended = (timestamp == 0xffffff);

    if (m->extended) {
        timestamp = bench_be32(r->header + r->header_len - 4);
    }

    m->timestamp = (fmt == 0) ? timestamp : m->timestamp + timestamp;

    if (fmt < 2) {
        m->len = (uint32_t) p[3] << 16 | p[4] << 8 | p[5];
        m->type = p[6];
    }

    return 0;
}


static size_t
bench_rtmp_data(bench_rtmp_t *r, const u_char *p, size_t len)
{
    size_t              n, head;
    bench_rtmp_csid_t  *m;

    m = r->current;
    n = len < r->chunk ? len : r->chunk;
    head = BENCH_RTMP_HEAD - m->head_len;

    if (head) {
        head = head < n ? head : n;
        memcpy(m->head + m->head_len, p, head);
        m->head_len += head;
    }

    m->done += n;
    r->chunk -= n;

    if (r->chunk) {
        return n;
    }

    r->state = bench_rtmp_header;

    if (m->done == m->len) {
        m->done = 0;
        bench_rtmp_control(r, m);
        r->message(r, m);
    }

    return n;
}


static void
bench_rtmp_control(bench_rtmp_t *r, bench_rtmp_csid_t *m)
{
    if (m->head_len < 4) {
        return;
    }

    switch (m->type) {

    case 1:
        r->chunk_size = bench_be32(m->head) & 0x7fffffff;

        if (r->chunk_size == 0) {
            r->chunk_size = 128;
        }

        break;

    case 4:

        /* PingRequest, PingResponse */

        if (m->head_len >= 6 && m->head[1] == 6) {
            m->head[1] = 7;
            bench_rtmp_send(r, 2, 4, 0, m->head, 6);
        }

        break;

    case 5:
        r->window = bench_be32(m->head);
        break;
    }
}


static void
bench_rtmp_send(bench_rtmp_t *r, int csid, int type, uint32_t stream,
    u_char *data, size_t len)
{
    u_char  *p;

    /* commands are shorter than the initial chunk size allows or follow it */

    if (sizeof(r->out) - r->out_len < bench_rtmp_size(len)) {
        r->error = "output buffer is full";
        return;
    }

    p = bench_rtmp_write(r->out + r->out_len, csid, type, 0, stream, data,
                         len);
    r->out_len = p - r->out;
}


void
bench_rtmp_connect(bench_rtmp_t *r, const char *host, int port,
    const char *app)
{
    char    url[256];
    u_char  buf[512], *p;

    bench_put32(buf, BENCH_RTMP_CHUNK);
    bench_rtmp_send(r, 2, 1, 0, buf, 4);

    snprintf(url, sizeof(url), "rtmp://%s:%d/%.64s", host, port, app);

    p = bench_amf_string(buf, "connect");
    p = bench_amf_number(p, 1);
    *p++ = BENCH_AMF_OBJECT;
    p = bench_amf_key(p, "app");
    p = bench_amf_string(p, app);
    p = bench_amf_key(p, "flashVer");
    p = bench_amf_string(p, "LNX 9,0,124,2");
    p = bench_amf_key(p, "tcUrl");
    p = bench_amf_string(p, url);
    p = bench_amf_key(p, "");
    *p++ = BENCH_AMF_END;

    bench_rtmp_send(r, 3, 20, 0, buf, p - buf);
}


void
bench_rtmp_create_stream(bench_rtmp_t *r)
{
    u_char  buf[64], *p;

    p = bench_amf_string(buf, "createStream");
    p = bench_amf_number(p, 2);
    *p++ = BENCH_AMF_NULL;

    bench_rtmp_send(r, 3, 20, 0, buf, p - buf);
}


void
bench_rtmp_publish(bench_rtmp_t *r, uint32_t stream, const char *name)
{
    u_char  buf[512], *p;

    p = bench_amf_string(buf, "publish");
    p = bench_amf_number(p, 3);
    *p++ = BENCH_AMF_NULL;
    p = bench_amf_string(p, name);
    p = bench_amf_string(p, "live");

    bench_rtmp_send(r, 4, 20, stream, buf, p - buf);
}


void
bench_rtmp_play(bench_rtmp_t *r, uint32_t stream, const char *name)
{
    u_char  buf[512], *p;

    p = bench_amf_string(buf, "play");
    p = bench_amf_number(p, 3);
    *p++ = BENCH_AMF_NULL;
    p = bench_amf_string(p, name);

    bench_rtmp_send(r, 4, 20, stream, buf, p - buf);
}


int
bench_rtmp_is(bench_rtmp_csid_t *m, const char *command)
{
    size_t  len;

    len = strlen(command);

    return m->type == 20 && m->head_len >= 3 + len
           && m->head[0] == BENCH_AMF_STRING && m->head[2] == len
           && memcmp(m->head + 3, command, len) == 0;
}


int
bench_rtmp_has(bench_rtmp_csid_t *m, const char *text)
{
    return m->type == 20
           && memmem(m->head, m->head_len, text, strlen(text)) != NULL;
}


/* the number at the end of the answer to createStream */

uint32_t
bench_rtmp_stream(bench_rtmp_csid_t *m)
{
    int       i;
    double    n;
    uint64_t  bits;

    if (m->head_len < 9 || m->head[m->head_len - 9] != BENCH_AMF_NUMBER) {
        return 1;
    }

    bits = 0;

    for (i = 8; i > 0; i--) {
        bits = bits << 8 | m->head[m->head_len - i];
    }

    memcpy(&n, &bits, sizeof(n));

    return (uint32_t) n;
}


static uint32_t
bench_be32(const u_char *p)
{
    return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}


static u_char *
bench_put32(u_char *p, uint32_t n)
{
    *p++ = n >> 24;
    *p++ = n >> 16;
    *p++ = n >> 8;
    *p++ = n;

    return p;
}


static u_char *
bench_amf_string(u_char *p, const char *s)
{
    *p++ = BENCH_AMF_STRING;

    return bench_amf_key(p, s);
}


static u_char *
bench_amf_key(u_char *p, const char *s)
{
    size_t  len;

    len = strnlen(s, 256);

    *p++ = len >> 8;
    *p++ = len;
    memcpy(p, s, len);

    return p + len;
}


static u_char *
bench_amf_number(u_char *p, double n)
{
    int       i;
    uint64_t  bits;

    memcpy(&bits, &n, sizeof(bits));
    *p++ = BENCH_AMF_NUMBER;

    for (i = 56; i >= 0; i -= 8) {
        *p++ = bits >> i;
    }

    return p;
}
