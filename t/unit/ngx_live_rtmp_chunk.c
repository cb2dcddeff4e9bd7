
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_unit.h"

#include "ngx_live_rtmp_chunk.h"


static ngx_live_rtmp_chunk_reader_t  cr;
static ngx_live_rtmp_message_t       got[128];
static u_char                        bodies[128][512];
static ngx_uint_t                    ngot;
static ngx_uint_t                    blocks;
static ngx_uint_t                    fail_alloc;


static void *
resize(void *data, void *p, size_t size)
{
    if (size == 0) {
        blocks--;
        free(p);
        return NULL;
    }

    if (fail_alloc) {
        return NULL;
    }

    if (p == NULL) {
        blocks++;
    }

    return realloc(p, size);
}


static void
start(void)
{
    ngx_live_rtmp_chunk_init(&cr);

    cr.resize = resize;
    cr.max_message = 1024 * 1024;
    cr.max_memory = 2 * 1024 * 1024;

    ngot = 0;
}


/* slices of step bytes; messages land in got[] with copies of their bodies */

static ngx_int_t
feed(u_char *p, size_t len, size_t step)
{
    u_char     *pos, *last, *end;
    ngx_int_t   rc;

    end = p + len;

    do {
        len = ngx_min(step, (size_t) (end - p));
        pos = buf_copy(p, len);
        last = pos + len;
        p += len;

        for ( ;; ) {
            rc = ngx_live_rtmp_chunk_read(&cr, &pos, last, &got[ngot]);

            if (rc != NGX_OK) {
                break;
            }

            if (got[ngot].len) {
                memcpy(bodies[ngot], got[ngot].body,
                       ngx_min(got[ngot].len, 512));
            }

            ngot++;
        }

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (pos != last) {
            return NGX_BUSY;
        }

    } while (p < end);

    return rc;
}


static ngx_int_t
feed_hex(const char *hex, size_t step)
{
    u_char  buf[4096];

    return feed(buf, unhex(buf, hex), step);
}


static void
finish(void)
{
    ngx_live_rtmp_chunk_free(&cr);
    is_int(blocks, 0, "all memory is freed");
    is_int(cr.memory, 0, "none is accounted");
}


static void
test_types(size_t step)
{
    start();

    /* type 0, 1, 2, 3, and an empty message */

    is_int(feed_hex("03 000064 000003 14 01000000 616263"
                    "43 00000a 000002 12 6465"
                    "83 000014 6667"
                    "c3 6869"
                    "04 000001 000000 08 00000000", step), NGX_AGAIN,
           "four types in slices of %d", (int) step);
    is_int(ngot, 5, "five messages");

    is_int(got[0].timestamp, 100, "type 0 is absolute");
    is_int(got[0].msid, 1, "msid is little endian");
    is_int(got[0].type, 20, "type");
    is_int(got[0].csid, 3, "csid");
    is_mem(bodies[0], got[0].len, "abc", 3, "body");

    is_int(got[1].timestamp, 110, "type 1 has a delta");
    is_int(got[1].type, 18, "and a type");
    is_int(got[1].msid, 1, "and the msid from before");
    is_mem(bodies[1], got[1].len, "de", 2, "body");

    is_int(got[2].timestamp, 130, "type 2 has a delta");
    is_mem(bodies[2], got[2].len, "fg", 2, "body");

    is_int(got[3].timestamp, 150, "type 3 repeats it");
    is_mem(bodies[3], got[3].len, "hi", 2, "body");

    is_int(got[4].len, 0, "empty message");
    ok(got[4].body == NULL, "has no body");

    finish();
}


static void
test_csid(size_t step)
{
    start();

    is_int(feed_hex("00 00 000000 000001 08 00000000 61"
                    "00 ff 000000 000001 08 00000000 62"
                    "01 0000 000000 000001 08 00000000 63"
                    "01 ffff 000000 000001 08 00000000 64"
                    "3f 000000 000001 08 00000000 65", step), NGX_AGAIN,
           "long chunk stream ids");

    is_int(got[0].csid, 64, "two bytes, least");
    is_int(got[1].csid, 319, "two bytes, greatest");
    is_int(got[2].csid, 64, "three bytes, least");
    is_int(got[3].csid, 65599, "three bytes, greatest");
    is_int(got[4].csid, 63, "one byte, greatest");

    finish();
}


static void
test_type3_after_type0(void)
{
    start();

    feed_hex("03 000028 000001 08 01000000 61 c3 62 c3 63", 100);

    is_int(got[1].timestamp, 80, "type 3 after type 0 adds its timestamp");
    is_int(got[2].timestamp, 120, "and again");

    finish();
}


static void
test_interleaved(size_t step)
{
    u_char  buf[2048], *p;

    /* 300 bytes of video, audio between its chunks, chunk size 128 */

    start();

    p = buf;
    p += unhex(p, "06 000010 00012c 09 01000000");
    memset(p, 'v', 128);
    p += 128;
    p += unhex(p, "04 000011 000002 08 01000000 6161");
    p += unhex(p, "c6");
    memset(p, 'w', 128);
    p += 128;
    p += unhex(p, "c4 6262");
    p += unhex(p, "c6");
    memset(p, 'x', 44);
    p += 44;

    is_int(feed(buf, p - buf, step), NGX_AGAIN, "interleaved messages");
    is_int(ngot, 3, "three");
    is_mem(bodies[0], got[0].len, "aa", 2, "audio first");
    is_mem(bodies[1], got[1].len, "bb", 2, "audio again");
    is_int(got[2].len, 300, "then video");
    ok(bodies[2][127] == 'v' && bodies[2][128] == 'w'
       && bodies[2][255] == 'w' && bodies[2][256] == 'x'
       && bodies[2][299] == 'x', "in order");

    finish();
}


static void
test_chunk_size(size_t step)
{
    u_char  buf[2048], *p;

    /* it shrinks in the middle of another message, then grows */

    start();

    p = buf;
    p += unhex(p, "06 000010 000096 09 01000000");
    memset(p, 'v', 128);
    p += 128;
    p += unhex(p, "02 000000 000004 01 00000000 00000005");
    p += unhex(p, "c6 7777777777 c6 7777777777 c6 7777777777 c6 7777777777");
    p += unhex(p, "c6 7878");
    p += unhex(p, "02 000000 000004 01 00000000 00010000");
    p += unhex(p, "06 000010 000190 09 01000000");
    memset(p, 'y', 400);
    p += 400;

    is_int(feed(buf, p - buf, step), NGX_AGAIN, "chunk size changes");
    is_int(ngot, 2, "two messages");
    is_int(got[0].len, 150, "first");
    ok(bodies[0][128] == 'w' && bodies[0][149] == 'x', "in order");
    is_int(got[1].len, 400, "second in one chunk");
    is_int(cr.chunk_size, 65536, "the last size");

    finish();

    start();
    is_int(feed_hex("02 000000 000004 01 00000000 00000000", step), NGX_ERROR,
           "chunk size 0");
    finish();

    start();
    is_int(feed_hex("02 000000 000004 01 00000000 80000001", step), NGX_ERROR,
           "chunk size with its first bit set");
    finish();

    start();
    is_int(feed_hex("02 000000 000003 01 00000000 000001", step), NGX_ERROR,
           "truncated chunk size");
    finish();

    start();
    is_int(feed_hex("02 000000 000000 01 00000000", step), NGX_ERROR,
           "empty chunk size");
    finish();

    start();
    is_int(feed_hex("02 000000 000004 01 00000000 7fffffff", step), NGX_AGAIN,
           "greatest chunk size");
    finish();
}


static void
test_abort(size_t step)
{
    u_char  buf[2048], *p;

    start();

    p = buf;
    p += unhex(p, "06 000010 00012c 09 01000000");
    memset(p, 'v', 128);
    p += 128;
    p += unhex(p, "02 000000 000004 02 00000000 00000006");
    p += unhex(p, "02 000000 000004 02 00000000 00000009");
    p += unhex(p, "46 000005 000001 09 7a");

    is_int(feed(buf, p - buf, step), NGX_AGAIN, "abort");
    is_int(ngot, 1, "the message is gone");
    is_mem(bodies[0], got[0].len, "z", 1, "the next one begins anew");
    is_int(got[0].timestamp, 21, "with a delta to the aborted one");

    finish();
}


static void
test_extended(size_t step)
{
    u_char  buf[4096], *p;

    /* extended timestamps, in type 3 chunks too */

    start();

    p = buf;
    p += unhex(p, "06 ffffff 000082 09 01000000 01000000");
    memset(p, 'v', 128);
    p += 128;
    p += unhex(p, "c6 01000000 7777");
    p += unhex(p, "46 000010 000001 09 61");
    p += unhex(p, "46 ffffff 000001 09 ff000000 62");

    is_int(feed(buf, p - buf, step), NGX_AGAIN, "extended timestamps");
    is_int(ngot, 3, "three messages");
    is_int(got[0].timestamp, 0x1000000, "absolute");
    is_int(got[0].len, 130, "length");
    ok(bodies[0][128] == 'w' && bodies[0][129] == 'w', "body");
    is_int(got[1].timestamp, 0x1000010, "delta");
    is_int(got[2].timestamp, 0x10, "wraps");

    finish();

    /* left out in type 3 chunks, whose payload is four bytes or fewer */

    start();

    p = buf;
    p += unhex(p, "06 ffffff 000082 09 01000000 01000000");
    memset(p, 'v', 128);
    p += 128;
    p += unhex(p, "c6 7778");
    p += unhex(p, "46 000010 000001 09 61");
    p += unhex(p, "06 ffffff 000104 09 01000000 01000020");
    memset(p, 'x', 128);
    p += 128;
    p += unhex(p, "c6");
    memset(p, 'y', 128);
    p += 128;
    p += unhex(p, "c6 01000020");

    is_int(feed(buf, p - buf, step), NGX_AGAIN,
           "type 3 without extended timestamps");
    is_int(ngot, 3, "three messages");
    ok(bodies[0][128] == 'w' && bodies[0][129] == 'x', "body of the first");
    is_mem(bodies[1], got[1].len, "a", 1, "body of the second");
    is_int(got[1].timestamp, 0x1000010, "its time");
    is_int(got[2].timestamp, 0x1000020, "time of the third");
    ok(bodies[2][255] == 'y', "body of the third");
    is_mem(bodies[2] + 256, 4, "\x01\x00\x00\x20", 4,
           "a habit once seen is kept");

    finish();
}


static void
test_errors(size_t step)
{
    u_char      buf[4096], *p;
    ngx_uint_t  i;

    start();
    is_int(feed_hex("83 000001 61", step), NGX_ERROR, "type 2 first");
    ok(cr.reason != NULL, "has a reason");
    finish();

    start();
    is_int(feed_hex("c3 61", step), NGX_ERROR, "type 3 first");
    finish();

    start();
    is_int(feed_hex("42 000000 000004 03 00000001", step), NGX_AGAIN,
           "type 1 first");
    is_int(ngot, 1, "is taken");
    finish();

    start();
    is_int(feed_hex("03 000000 100001 09 01000000", step), NGX_ERROR,
           "too long message");
    finish();

    start();
    p = buf;
    p += unhex(p, "06 000010 000081 09 01000000");
    memset(p, 'v', 128);
    p += 128;
    p += unhex(p, "46 000010 000081 09");
    is_int(feed(buf, p - buf, step), NGX_ERROR, "new header within a message");
    finish();

    start();
    p = buf;

    for (i = 0; i < NGX_LIVE_RTMP_CHUNK_MAX_STREAMS; i++) {
        p += unhex(p, "00 00 000000 000000 08 00000000");
        p[-12] = (u_char) i;
    }

    is_int(feed(buf, p - buf, step), NGX_AGAIN, "as many streams as may be");

    unhex(buf, "00 ff 000000 000000 08 00000000");
    is_int(feed(buf, 13, step), NGX_ERROR, "one more");
    finish();
}


static void
test_memory(void)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   rc;
    ngx_uint_t  i;

    /* a long message costs what has come, not what was announced */

    start();
    cr.max_memory = 200000;

    feed_hex("02 000000 000004 01 00000000 00100000"
             "06 000000 100000 09 01000000 7676", 100);
    ok(cr.memory <= 4096, "memory grows with the bytes received");

    len = 0x10000;
    p = calloc(1, len);
    is_int(feed(p, len, 1000), NGX_AGAIN, "within the limit");
    is_int(feed(p, len, 1000), NGX_ERROR, "beyond the limit");
    free(p);
    finish();

    /* unfinished messages of many streams share the limit */

    start();
    cr.max_memory = 8 * 4096;
    rc = NGX_AGAIN;

    for (i = 3; i < 12 && rc == NGX_AGAIN; i++) {
        u_char  buf[16];

        unhex(buf, "03 000000 00ffff 09 01000000 7676");
        buf[0] = (u_char) i;

        feed_hex("02 000000 000004 01 00000000 00100000", 100);
        rc = feed(buf, 14, 100);

        if (rc == NGX_AGAIN) {
            /* the rest of the chunk is never sent: a fresh reader instead */
            cr.state = 0;
            cr.left = 0;
        }
    }

    is_int(rc, NGX_ERROR, "too much in unfinished messages");
    is_int(i, 12, "after eight");
    finish();

    start();
    fail_alloc = 1;
    is_int(feed_hex("03 000000 000001 09 01000000 61", 100), NGX_ERROR,
           "no memory for a stream");
    fail_alloc = 0;
    finish();

    start();
    feed_hex("03 000000 000002 09 01000000", 100);
    fail_alloc = 1;
    is_int(feed_hex("61", 100), NGX_ERROR, "no memory for a body");
    fail_alloc = 0;
    finish();
}


static void
test_in_place(void)
{
    u_char                   *p, *pos, *last;
    size_t                    len;
    ngx_live_rtmp_message_t   m;

    start();

    p = malloc(512);
    len = unhex(p, "03 000000 000004 09 01000000 61626364"
                   "43 000001 000002 09 65");
    pos = p;
    last = p + len;

    is_int(ngx_live_rtmp_chunk_read(&cr, &pos, last, &m), NGX_OK,
           "a message in one piece");
    ok(m.body == p + 12 && m.len == 4, "stays where it is");
    is_int(cr.memory, 0, "and takes no memory");

    is_int(ngx_live_rtmp_chunk_read(&cr, &pos, last, &m), NGX_AGAIN,
           "half a message");
    ok(pos == last, "is taken");

    p[0] = 0x66;
    pos = p;
    last = p + 1;

    is_int(ngx_live_rtmp_chunk_read(&cr, &pos, last, &m), NGX_OK,
           "the other half");
    is_mem(m.body, m.len, "ef", 2, "both together");

    /* a chunk size, in one piece as well */

    len = unhex(p, "02 000000 000004 01 00000000 00000002"
                   "43 000001 000004 09 6768 c3 696a");
    pos = p;
    last = p + len;

    is_int(ngx_live_rtmp_chunk_read(&cr, &pos, last, &m), NGX_OK,
           "chunks of two bytes");
    is_mem(m.body, m.len, "ghij", 4, "put together");

    free(p);
    finish();
}


/* the pieces from each offset on, put together, are the message's bytes */

static ngx_uint_t
pieces_match(ngx_live_rtmp_message_t *m, u_char *wire, size_t len,
    size_t chunk_size)
{
    size_t                 i, n;
    ngx_live_rtmp_piece_t  piece;

    for (i = 0; i < len; i++) {
        for (n = i; n < len; n += piece.hlen + piece.len) {
            ngx_live_rtmp_chunk_piece(&piece, m, chunk_size, n);

            if (piece.hlen + piece.len == 0
                || piece.hlen + piece.len > len - n
                || memcmp(wire + n, piece.header, piece.hlen) != 0
                || (piece.len
                    && memcmp(wire + n + piece.hlen, m->body + piece.body,
                              piece.len) != 0))
            {
                return 0;
            }
        }

        if (n != len) {
            return 0;
        }
    }

    return 1;
}


static void
test_write(void)
{
    u_char                   body[300], wire[1024], *p;
    size_t                   i, n;
    ngx_live_rtmp_message_t  m;

    static const uint32_t  times[] = {
        0, 1, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff
    };
    static const size_t    lens[] = { 0, 1, 127, 128, 129, 256, 257, 300 };

    for (i = 0; i < sizeof(body); i++) {
        body[i] = (u_char) (i * 7);
    }

    m.csid = 6;
    m.msid = 1;
    m.type = 9;
    m.body = body;
    m.timestamp = 0x010203;
    m.len = 5;

    p = ngx_live_rtmp_chunk_header0(wire, &m);
    is_mem(wire, p - wire, "\x06\x01\x02\x03\0\0\x05\x09\x01\0\0\0", 12,
           "header of type 0");

    p = ngx_live_rtmp_chunk_header3(wire, &m);
    is_mem(wire, p - wire, "\xc6", 1, "header of type 3");

    m.timestamp = 0xffffff;

    p = ngx_live_rtmp_chunk_header0(wire, &m);
    is_mem(wire, p - wire, "\x06\xff\xff\xff\0\0\x05\x09\x01\0\0\0\0\xff\xff"
           "\xff", 16, "extended header of type 0");

    p = ngx_live_rtmp_chunk_header3(wire, &m);
    is_mem(wire, p - wire, "\xc6\0\xff\xff\xff", 5,
           "extended header of type 3");

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        for (n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
            start();

            m.timestamp = times[i];
            m.len = (uint32_t) lens[n];

            p = ngx_live_rtmp_chunk_write(wire, &m, 128);
            is_int(p - wire, ngx_live_rtmp_chunk_wire_len(&m, 128),
                   "length on the wire");
            is_int(feed(wire, p - wire, 7), NGX_AGAIN, "is read back");
            ok(ngot == 1 && got[0].timestamp == times[i]
               && got[0].len == lens[n] && got[0].msid == 1
               && got[0].type == 9, "as it was written");

            ngx_live_rtmp_chunk_free(&cr);

            ok(pieces_match(&m, wire, p - wire, 128),
               "pieces from every offset");
        }
    }
}


int
main(void)
{
    size_t      i;

    static const size_t  steps[] = { 1, 2, 3, 5, 1000 };

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        test_types(steps[i]);
        test_csid(steps[i]);
        test_interleaved(steps[i]);
        test_chunk_size(steps[i]);
        test_abort(steps[i]);
        test_extended(steps[i]);
        test_errors(steps[i]);
    }

    test_type3_after_type0();
    test_memory();
    test_in_place();
    test_write();

    return done_testing();
}
