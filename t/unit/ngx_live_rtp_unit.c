
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Unit test of access units out of RTP packets, also of packets of Chromium
 * (AV1, H.264, VP8, VP9) and GStreamer (H.265, Opus), which are the fuzzer's
 * corpus.
 */


#include <ngx_unit.h>
#include <ngx_live_demux.h>
#include <ngx_live_rtp_av1.h>
#include <ngx_live_rtp_h26x.h>
#include <ngx_live_rtp_vpx.h>


static void test_plain(void);
static void test_frames(void);
static void test_no_marker(void);
static void test_gaps(void);
static void test_probes(void);
static void test_audio(void);
static void test_captured(const char *name, ngx_live_rtp_unpack_pt unpack,
    ngx_uint_t units, size_t bytes, uint32_t crc);
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
    test_audio();

    test_captured("opus", ngx_live_rtp_unpack, 6, 1126, 0xda7ae16e);
    test_captured("h264", ngx_live_rtp_h264_unpack, 8, 5738, 0xc46b088c);
    test_captured("h265", ngx_live_rtp_h265_unpack, 2, 4794, 0x9769588b);
    test_captured("vp8", ngx_live_rtp_vp8_unpack, 6, 4790, 0x8d7acb52);
    test_captured("vp9", ngx_live_rtp_vp9_unpack, 5, 4983, 0xbfbd6f27);
    test_captured("av1", ngx_live_rtp_av1_unpack, 7, 5167, 0xd34ea612);

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


/* markers do not matter, and what is lost is one packet */

static void
test_audio(void)
{
    ngx_live_rtp_assembler_init(&a, ngx_live_rtp_unpack, room, sizeof(room));

    is_int(add(1, 0, 1, "01"), NGX_OK, "audio with a marker");
    ngx_live_rtp_assembler_reset(&a);
    is_int(add(2, 960, 0, "02"), NGX_OK, "and without");
    ngx_live_rtp_assembler_reset(&a);
    is_int(add(5, 3840, 0, "05"), NGX_OK, "behind a gap");
    ok(a.lost, "which is seen");
}


/* all that FFmpeg decodes: numbers of frames, and their bytes */

static void
test_captured(const char *name, ngx_live_rtp_unpack_pt unpack,
    ngx_uint_t units, size_t bytes, uint32_t crc)
{
    FILE            *f;
    size_t           len, got;
    u_char          *p, *end;
    uint32_t         sum;
    uint64_t         number;
    ngx_int_t        rc;
    ngx_str_t        frame;
    ngx_uint_t       n, keys;
    ngx_live_rtp_t   rtp;
    char             path[1024];

    static u_char  data[16384], unit[16384];

    snprintf(path, sizeof(path), "%s/t/fuzz/corpus/ngx_live_rtp_unit/%s",
             NGX_UNIT_TOP, name);

    f = fopen(path, "r");
    if (f == NULL) {
        ok(0, "%s", path);
        return;
    }

    len = fread(data, 1, sizeof(data), f);
    fclose(f);

    ngx_live_rtp_assembler_init(&a, unpack, unit, sizeof(unit));

    p = data + 1;
    end = data + len;
    number = 0;
    n = 0;
    keys = 0;
    got = 0;
    ngx_crc32_init(sum);

    while (ngx_live_framing_next(&p, end, 1500, &frame) == NGX_OK) {

        if (ngx_live_rtp_parse(&rtp, frame.data, frame.data + frame.len,
                               &reason)
            != NGX_OK)
        {
            ok(0, "%s", reason);
            return;
        }

        number = number ? ngx_live_rtp_extend(number, rtp.seq)
                        : ngx_live_rtp_first(rtp.seq);

        rc = ngx_live_rtp_assembler_add(&a, &rtp, number, &reason);

        if (rc == NGX_AGAIN) {
            continue;
        }

        if (rc != NGX_OK) {
            ok(0, "%s", reason);
            return;
        }

        len = a.unit.pos - a.unit.start;
        ngx_crc32_update(&sum, a.unit.start, len);
        got += len;
        n++;
        keys += a.unit.key;

        ngx_live_rtp_assembler_reset(&a);
    }

    ngx_crc32_final(sum);

    is_int(n, units, "units of %s", name);
    is_int(got, bytes, "bytes");
    is_int(sum, crc, "their sum");
    ok(keys >= 1, "a key frame");
    ok(!a.lost, "nothing is lost");
}
