
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of access units out of RTP packets. */


#include <ngx_unit.h>
#include <ngx_live_rtp_h26x.h>


static void test_plain(void);
static void test_frames(void);
static void test_no_marker(void);
static void test_gaps(void);
static void test_probes(void);
static ngx_int_t add(uint64_t number, uint32_t timestamp, ngx_uint_t marker,
    const char *hex);


static u_char                     room[64];
static const char                *reason;
static ngx_live_rtp_assembler_t   a;


int
main(void)
{
    test_plain();
    test_frames();
    test_no_marker();
    test_gaps();
    test_probes();

    return done_testing();
}


static ngx_int_t
add(uint64_t number, uint32_t timestamp, ngx_uint_t marker, const char *hex)
{
    u_char          buf[64];
    ngx_live_rtp_t  rtp;

    ngx_memzero(&rtp, sizeof(rtp));
    rtp.len = unhex(buf, hex);
    rtp.payload = buf_copy(buf, rtp.len);
    rtp.timestamp = timestamp;
    rtp.marker = marker ? 1 : 0;
    reason = NULL;

    return ngx_live_rtp_assembler_add(&a, &rtp, number, &reason);
}


static void
test_plain(void)
{
    ngx_live_rtp_assembler_init(&a, ngx_live_rtp_unpack, room, 4);

    is_int(add(7, 0, 1, "0102"), NGX_OK, "a packet is a unit");
    is_mem(a.unit.start, a.unit.pos - a.unit.start, "\1\2", 2, "as it is");
    ok(a.unit.key, "each is a key");
    ngx_live_rtp_assembler_reset(&a);

    is_int(add(8, 960, 1, "0102030405"), NGX_DECLINED, "too long");
    ok(reason != NULL, "with a reason");
    is_int(add(9, 1920, 1, "01020304"), NGX_OK, "the next one is not");
}


static void
test_frames(void)
{
    ngx_live_rtp_assembler_init(&a, ngx_live_rtp_h264_unpack, room,
                                sizeof(room));

    is_int(add(65534, 1, 0, "6711"), NGX_AGAIN, "SPS");
    is_int(add(65535, 1, 0, "6822"), NGX_AGAIN, "PPS");
    is_int(add(65536, 1, 0, "7c8533"), NGX_AGAIN, "IDR");
    is_int(add(65537, 1, 1, "7c4544"), NGX_OK, "its end");
    is_mem(a.unit.start, a.unit.pos - a.unit.start,
           "\0\0\0\2\x67\x11\0\0\0\2\x68\x22\0\0\0\3\x65\x33\x44", 19,
           "an access unit");
    ok(a.unit.key, "a key frame");
    ok(!a.lost, "nothing is lost");
    ngx_live_rtp_assembler_reset(&a);

    is_int(add(65538, 2, 1, "6155"), NGX_OK, "the next one");
    ok(!a.unit.key, "is none");
    ngx_live_rtp_assembler_reset(&a);

    is_int(add(65537, 1, 1, "7c4544"), NGX_DECLINED, "what is late");
    is_int(add(65539, 3, 1, "7c8155"), NGX_DECLINED, "a fragment and no end");
    ok(a.lost, "is lost");
    is_int(add(65540, 4, 1, "6155"), NGX_OK, "not the next one");
}


static void
test_no_marker(void)
{
    ngx_live_rtp_assembler_init(&a, ngx_live_rtp_h264_unpack, room,
                                sizeof(room));

    is_int(add(1, 1, 0, "6511"), NGX_AGAIN, "no marker");
    is_int(add(2, 2, 0, "6122"), NGX_DONE, "the next timestamp ends it");
    is_mem(a.unit.start, a.unit.pos - a.unit.start, "\0\0\0\2\x65\x11", 6,
           "the unit");
    ngx_live_rtp_assembler_reset(&a);
    is_int(add(2, 2, 0, "6122"), NGX_AGAIN, "the packet again");
    is_int(add(3, 2, 1, "6133"), NGX_OK, "marker");
    is_int(a.unit.pos - a.unit.start, 12, "two slices");
    ok(!a.lost, "nothing is lost");
}


static void
test_gaps(void)
{
    ngx_live_rtp_assembler_init(&a, ngx_live_rtp_h264_unpack, room,
                                sizeof(room));

    is_int(add(1, 1, 0, "6511"), NGX_AGAIN, "begin");
    is_int(add(3, 1, 0, "6133"), NGX_DECLINED, "a packet is missing");
    ok(a.lost, "lost");
    is_int(add(4, 1, 1, "6144"), NGX_DECLINED, "all of the unit");
    a.lost = 0;
    is_int(add(5, 2, 1, "6155"), NGX_OK, "the next one is good");
    ok(!a.lost, "nothing else was lost");
    ngx_live_rtp_assembler_reset(&a);

    is_int(add(7, 4, 1, "6177"), NGX_DECLINED, "a gap before a unit");
    is_int(add(8, 5, 0, "6188"), NGX_AGAIN, "the next begins");
    is_int(add(10, 6, 1, "61aa"), NGX_DECLINED, "its end was lost");
    is_int(add(11, 7, 1, "61bb"), NGX_OK, "good again");
}


static void
test_probes(void)
{
    ngx_live_rtp_assembler_init(&a, ngx_live_rtp_h264_unpack, room,
                                sizeof(room));

    is_int(add(1, 1, 0, ""), NGX_AGAIN, "padding only");
    is_int(add(2, 1, 1, ""), NGX_AGAIN, "with a marker");
    is_int(add(3, 2, 1, "6511"), NGX_OK, "a unit");
    ok(!a.lost, "nothing is lost");
}
