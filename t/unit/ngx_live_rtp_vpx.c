
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the descriptors of VP8 and VP9. */


#include <ngx_unit.h>
#include <ngx_live_rtp_vpx.h>


static void test_vp8(void);
static void test_vp8_rewrite(void);
static void test_vp8_unpack(void);
static void test_vp9(void);
static void test_vp9_rewrite(void);
static void test_vp9_unpack(void);
static void test_cut(const char *hex, ngx_uint_t vp9);
static ngx_int_t vp8(ngx_live_rtp_vp8_t *d, const char *hex);
static ngx_int_t vp9(ngx_live_rtp_vp9_t *d, const char *hex);
static ngx_int_t unpack(ngx_live_rtp_unpack_pt handler, const char *hex);


static u_char                buf[64];
static u_char                room[64];
static const char           *reason;
static ngx_live_rtp_unit_t   unit;


int
main(void)
{
    test_vp8();
    test_vp8_rewrite();
    test_vp8_unpack();
    test_vp9();
    test_vp9_rewrite();
    test_vp9_unpack();

    test_cut("90f0 8123 45 67 00", 0);
    test_cut("ff 8123 2a 11 03 0a 38 0140 00f0 0280 01e0 02 04 01 08 0203"
             "00", 1);

    return done_testing();
}


static ngx_int_t
vp8(ngx_live_rtp_vp8_t *d, const char *hex)
{
    size_t   n;
    u_char  *p;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    return ngx_live_rtp_vp8_parse(d, p, p + n);
}


static ngx_int_t
vp9(ngx_live_rtp_vp9_t *d, const char *hex)
{
    size_t   n;
    u_char  *p;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    return ngx_live_rtp_vp9_parse(d, p, p + n);
}


static void
test_vp8(void)
{
    ngx_live_rtp_vp8_t    d;
    ngx_live_rtp_info_t   info;

    is_int(vp8(&d, "10 00"), NGX_OK, "the shortest");
    is_int(d.len, 1, "length");
    ok(d.start && d.key_frame && d.reference, "a key frame begins");
    is_int(d.width, 0, "its size is not there");
    ok(d.picture == 0 && d.tl0 == 0 && d.key == 0, "nothing else");

    is_int(vp8(&d, "90e0 8123 45 67 10 20 30 9d012a 8042 e001"), NGX_OK,
           "with picture id, TL0PICIDX and TID");
    is_int(d.len, 6, "length");
    is_int(d.picture_id, 0x123, "picture id");
    ok(d.long_id, "of 15 bits");
    is_int(d.tl0_picture, 0x45, "TL0PICIDX");
    is_int(d.temporal, 1, "TID");
    ok(d.sync, "Y");
    is_int(d.width, 640, "width");
    is_int(d.height, 480, "height");

    is_int(vp8(&d, "a180 23 01"), NGX_OK, "a middle, 7 bits");
    is_int(d.picture_id, 0x23, "picture id");
    ok(!d.long_id && !d.start && !d.key_frame && !d.reference, "flags");

    is_int(vp8(&d, "12 00"), NGX_OK, "the second partition");
    ok(!d.start, "is no begin");

    is_int(vp8(&d, "10 01"), NGX_OK, "inter frame");
    ok(d.start && !d.key_frame, "is no key frame");

    unhex(buf, "90f0 8123 45 6700");
    is_int(ngx_live_rtp_vp8_inspect(&info, buf, buf + 7), NGX_OK, "inspect");
    ok(info.key && info.start, "key");
    is_int(info.temporal, 1, "temporal layer");
    is_int(ngx_live_rtp_vp8_inspect(&info, buf, buf + 6), NGX_ERROR,
           "no frame behind the descriptor");
}


static void
test_vp8_rewrite(void)
{
    u_char              want[8];
    ngx_live_rtp_vp8_t  d;

    is_int(vp8(&d, "90f0 8123 45 67 00"), NGX_OK, "long");
    ngx_live_rtp_vp8_rewrite(&d, buf, 0x7fff, 0x1ab);
    unhex(want, "90f0 ffff ab 67 00");
    is_mem(buf, 7, want, 7, "rewritten");

    is_int(vp8(&d, "90c0 23 45 00"), NGX_OK, "short");
    ngx_live_rtp_vp8_rewrite(&d, buf, 0xff, 1);
    unhex(want, "90c0 7f 01 00");
    is_mem(buf, 5, want, 5, "rewritten");

    is_int(vp8(&d, "1000"), NGX_OK, "none");
    ngx_live_rtp_vp8_rewrite(&d, buf, 1, 1);
    is_mem(buf, 2, "\x10\0", 2, "nothing is");
}


static ngx_int_t
unpack(ngx_live_rtp_unpack_pt handler, const char *hex)
{
    size_t   n;
    u_char  *p;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);
    reason = NULL;

    return handler(&unit, p, p + n, &reason);
}


static void
test_vp8_unpack(void)
{
    ngx_memzero(&unit, sizeof(unit));
    unit.start = room;
    unit.pos = room;
    unit.end = room + 5;

    is_int(unpack(ngx_live_rtp_vp8_unpack, "00 0011"), NGX_ERROR,
           "no begin");
    is_int(unpack(ngx_live_rtp_vp8_unpack, "10 0011"), NGX_OK, "begin");
    is_int(unpack(ngx_live_rtp_vp8_unpack, "00 22"), NGX_OK, "middle");
    is_mem(room, unit.pos - room, "\0\x11\x22", 3, "frame");
    ok(unit.key, "a key frame");
    is_int(unpack(ngx_live_rtp_vp8_unpack, "10 33"), NGX_ERROR, "begin again");
    is_int(unpack(ngx_live_rtp_vp8_unpack, "00 333435"), NGX_ERROR, "no room");
    is_int(unpack(ngx_live_rtp_vp8_unpack, "80"), NGX_ERROR, "malformed");
}


static void
test_vp9(void)
{
    ngx_live_rtp_vp9_t    d;
    ngx_live_rtp_info_t   info;

    is_int(vp9(&d, "ae 8123 00 11 38 0140 00f0 0280 01e0 02 04 01 08 0203"
                   "aa"), NGX_OK, "a structure");
    is_int(d.picture_id, 0x123, "picture id");
    is_int(d.tl0_picture, 0x11, "TL0PICIDX");
    is_int(d.layers, 2, "two layers");
    is_int(d.width, 640, "width");
    is_int(d.height, 480, "height");
    is_int(d.len, 20, "length");
    ok(d.start && d.end && !d.predicted && !d.flexible, "flags");

    is_int(vp9(&d, "f4 23 35 03 0a aa"), NGX_OK, "flexible, two references");
    is_int(d.picture_id, 0x23, "picture id");
    is_int(d.temporal, 1, "temporal layer");
    is_int(d.spatial, 2, "spatial layer");
    ok(d.switching && d.inter && d.predicted, "flags");
    is_int(d.tl0, 0, "no TL0PICIDX");
    is_int(d.len, 5, "length");

    is_int(vp9(&d, "50 03 05 07 08 aa"), NGX_ERROR, "four references");

    unhex(buf, "8a 23 00 aa");
    is_int(ngx_live_rtp_vp9_inspect(&info, buf, buf + 4), NGX_OK, "inspect");
    ok(info.key && info.start && !info.end, "key");
    unhex(buf, "a8 23 02 11 aa");
    is_int(ngx_live_rtp_vp9_inspect(&info, buf, buf + 5), NGX_OK, "upper");
    ok(!info.key && info.start, "an upper layer is no key");
    is_int(info.spatial, 1, "spatial layer");
}


static void
test_vp9_rewrite(void)
{
    u_char              want[8];
    ngx_live_rtp_vp9_t  d;

    is_int(vp9(&d, "a8 8123 02 11 aa"), NGX_OK, "long");
    ngx_live_rtp_vp9_rewrite(&d, buf, 0x4567, 0x89);
    unhex(want, "a8 c567 02 89 aa");
    is_mem(buf, 6, want, 6, "rewritten");
}


static void
test_vp9_unpack(void)
{
    ngx_memzero(&unit, sizeof(unit));
    unit.start = room;
    unit.pos = room;
    unit.end = room + sizeof(room);

    is_int(unpack(ngx_live_rtp_vp9_unpack, "04 11"), NGX_ERROR, "no begin");
    is_int(unpack(ngx_live_rtp_vp9_unpack, "28 00 00 11"), NGX_OK, "begin");
    ok(unit.open != NULL, "is open");
    is_int(unpack(ngx_live_rtp_vp9_unpack, "24 00 00 22"), NGX_OK, "end");
    ok(unit.open == NULL, "is complete");
    is_int(unpack(ngx_live_rtp_vp9_unpack, "2c 03 00 33"), NGX_OK,
           "the layer above");
    is_mem(room, unit.pos - room, "\x11\x22\x33", 3, "a superframe");
    ok(unit.key, "a key frame");
}


/* all bytes of a descriptor are needed, and one behind it */

static void
test_cut(const char *hex, ngx_uint_t is_vp9)
{
    u_char              *p;
    size_t               n, i;
    ngx_int_t            rc;
    ngx_live_rtp_vp8_t   d8;
    ngx_live_rtp_vp9_t   d9;

    n = unhex(buf, hex);

    for (i = 0; i < n; i++) {
        p = buf_copy(buf, i);
        rc = is_vp9 ? ngx_live_rtp_vp9_parse(&d9, p, p + i)
                    : ngx_live_rtp_vp8_parse(&d8, p, p + i);

        is_int(rc, NGX_ERROR, "cut at %lu", (unsigned long) i);
    }
}
