
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A stand-in for WebRTC: the owner cuts frames into packets, a reader in any
 * worker puts them together again and keeps the MD5 of the last frames.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_md5.h>

#include "ngx_live_test.h"
#include "ngx_live_packets.h"


#define NGX_LIVE_TEST_PACKET   1200      /* bytes */
#define NGX_LIVE_TEST_PACKETS  1000
#define NGX_LIVE_TEST_WINDOW   10000     /* ms */
#define NGX_LIVE_TEST_NUMBER   100000    /* that of seq 0 */
#define NGX_LIVE_TEST_FRAMES   64


typedef struct {
    ngx_live_packets_reader_t  reader;
    ngx_md5_t                  md5;
    uint64_t                   frame;    /* that is being read, or 0 */
    uint64_t                   first;    /* number of its first packet */
    uint64_t                   last;     /* of the last complete one */
    uint64_t                   next;     /* number that is expected */

    ngx_uint_t                 packets;
    ngx_uint_t                 frames;
    ngx_uint_t                 gaps;
    ngx_uint_t                 broken;
    ngx_uint_t                 discont;
    ngx_uint_t                 skips;
    u_char                     digests[NGX_LIVE_TEST_FRAMES][16];
} ngx_live_test_packets_t;


static void ngx_live_test_packets_handler(ngx_live_packets_reader_t *r);
static void ngx_live_test_packets_packet(ngx_live_test_packets_t *t,
    ngx_live_packet_t *p);
static void ngx_live_test_packets_digest(ngx_live_json_t *js,
    const char *name, u_char *digest);


static ngx_live_test_packets_t  ngx_live_test_packets;


void
ngx_live_test_packets_frame(ngx_live_stream_t *st, ngx_live_frame_t *f)
{
    uint32_t                    offset;
    ngx_live_packet_t           p, *entry;
    ngx_live_packet_ring_sh_t  *pr;

    if (f->size == 0 || !ngx_live_packets_wanted(st, f->track)) {
        return;
    }

    pr = ngx_live_stream_packets(st, f->track, NGX_LIVE_TEST_PACKETS,
                                 NGX_LIVE_TEST_WINDOW);
    if (pr == NULL) {
        return;
    }

    ngx_memzero(&p, sizeof(ngx_live_packet_t));

    p.time = f->dts;
    p.received = ngx_live_clock();
    p.frame = f->seq;
    p.flags = NGX_LIVE_PACKET_START;

    if (f->flags & (NGX_LIVE_FRAME_KEY|NGX_LIVE_FRAME_AUDIO)) {
        p.flags |= NGX_LIVE_PACKET_KEY;
    }

    for (offset = 0; offset < f->size; offset += p.size) {
        p.size = ngx_min(f->size - offset, NGX_LIVE_TEST_PACKET);
        p.number = NGX_LIVE_TEST_NUMBER + pr->ring.head;

        if (offset + p.size == f->size) {
            p.flags |= NGX_LIVE_PACKET_MARKER;
        }

        entry = ngx_live_packet_ring_reserve(ngx_live_zone, pr, &p, p.size);
        if (entry == NULL) {
            continue;
        }

        ngx_live_ring_copy_out(ngx_live_zone, st->sh->ring, f, offset,
                               ngx_live_packet_data(entry), p.size);
        ngx_live_packet_ring_commit(pr, entry);

        p.flags = 0;
    }

    ngx_live_packets_notify(st, f->track);
}


void
ngx_live_test_packets_open(ngx_str_t *name, ngx_uint_t track)
{
    u_char                   *p;
    ngx_str_t                 app, stream;
    ngx_live_stream_t        *st;
    ngx_live_test_packets_t  *t;

    t = &ngx_live_test_packets;

    p = ngx_strlchr(name->data, name->data + name->len, '/');

    if (p == NULL || t->reader.stream) {
        return;
    }

    app.data = name->data;
    app.len = p - name->data;
    stream.data = p + 1;
    stream.len = name->data + name->len - stream.data;

    st = ngx_live_stream_find(&app, &stream);
    if (st == NULL) {
        return;
    }

    ngx_memzero(t, sizeof(ngx_live_test_packets_t));
    t->reader.handler = ngx_live_test_packets_handler;

    if (ngx_live_packets_open(&t->reader, st, track) == NGX_OK) {
        ngx_live_test_packets_handler(&t->reader);
    }

    /* the reader has its own reference */

    ngx_live_stream_close(st);
}


void
ngx_live_test_packets_close(void)
{
    ngx_live_packets_close(&ngx_live_test_packets.reader);
}


static void
ngx_live_test_packets_handler(ngx_live_packets_reader_t *r)
{
    ngx_live_packet_t        *p;
    ngx_live_test_packets_t  *t;

    t = &ngx_live_test_packets;

    if (r->stream->sh->state == NGX_LIVE_STREAM_ENDED) {
        ngx_live_packets_close(r);
        return;
    }

    if (r->slow && ngx_live_packets_skip(r) == NGX_OK) {
        t->skips++;
        t->next = 0;
        t->frame = 0;
    }

    while ((p = ngx_live_packets_next(r)) != NULL) {
        ngx_live_test_packets_packet(t, p);
        ngx_live_packets_advance(r, r->seq + 1);
    }
}


static void
ngx_live_test_packets_packet(ngx_live_test_packets_t *t, ngx_live_packet_t *p)
{
    t->packets++;
    t->gaps += (t->next && t->next != p->number);
    t->discont += (p->flags & NGX_LIVE_PACKET_DISCONT) != 0;
    t->next = p->number + 1;

    if (p->flags & NGX_LIVE_PACKET_START) {
        t->broken += (t->frame != 0);
        t->frame = p->frame;
        t->first = p->number;
        ngx_md5_init(&t->md5);
    }

    if (p->frame != t->frame) {
        t->broken++;
        t->frame = 0;
        return;
    }

    ngx_md5_update(&t->md5, ngx_live_packet_data(p), p->size);

    if (p->flags & NGX_LIVE_PACKET_MARKER) {
        ngx_md5_final(t->digests[t->frames++ % NGX_LIVE_TEST_FRAMES],
                      &t->md5);
        t->last = t->first;
        t->frame = 0;
    }
}


void
ngx_live_test_packets_show(ngx_live_json_t *js)
{
    ngx_uint_t                i;
    ngx_live_test_packets_t  *t;

    t = &ngx_live_test_packets;

    ngx_live_json_int(js, "reading", t->reader.stream != NULL);
    ngx_live_json_int(js, "packets", t->packets);
    ngx_live_json_int(js, "frames", t->frames);
    ngx_live_json_int(js, "gaps", t->gaps);
    ngx_live_json_int(js, "broken", t->broken);
    ngx_live_json_int(js, "discont", t->discont);
    ngx_live_json_int(js, "skips", t->skips);
    ngx_live_json_int(js, "last", t->last);

    ngx_live_json_array(js, "digests");

    i = t->frames > NGX_LIVE_TEST_FRAMES ? t->frames - NGX_LIVE_TEST_FRAMES
                                         : 0;

    for ( /* void */ ; i < t->frames; i++) {
        ngx_live_test_packets_digest(js, NULL,
                                     t->digests[i % NGX_LIVE_TEST_FRAMES]);
    }

    ngx_live_json_array_end(js);
}


void
ngx_live_test_packets_find(ngx_live_json_t *js, uint64_t number)
{
    u_char                      digest[16];
    ngx_md5_t                   md5;
    ngx_live_packet_t          *p;
    ngx_live_packets_reader_t  *r;

    r = &ngx_live_test_packets.reader;

    if (r->stream == NULL) {
        return;
    }

    p = ngx_live_packets_find(r, number);

    if (p) {
        ngx_md5_init(&md5);
        ngx_md5_update(&md5, ngx_live_packet_data(p), p->size);
        ngx_md5_final(digest, &md5);

        ngx_live_json_int(js, "found", p->number);
        ngx_live_test_packets_digest(js, "digest", digest);
    }

    ngx_live_packets_release(r);
}


static void
ngx_live_test_packets_digest(ngx_live_json_t *js, const char *name,
    u_char *digest)
{
    u_char  hex[32];

    ngx_hex_dump(hex, digest, 16);
    ngx_live_json_string(js, name, hex, 32);
}
