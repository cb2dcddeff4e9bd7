
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of H.264 and H.265 in RTP. */


#include <ngx_unit.h>
#include <ngx_live_rtp_h26x.h>


#define ROOM  400000


static void test_inspect(void);
static void inspect(ngx_uint_t h265, const char *hex, ngx_int_t rc,
    ngx_uint_t key, const char *what);
static void test_shapes(void);
static void shape(ngx_uint_t h265, const char *unit, const char *packets[],
    const char *what);
static void test_random(ngx_uint_t h265);
static void test_modes(void);
static void test_bad(ngx_uint_t h265, const char *first, const char *second,
    const char *what);
static void test_room(void);
static void init(ngx_live_rtp_h26x_packer_t *k, ngx_uint_t h265, u_char *p,
    size_t len, size_t max);


static u_char       in[ROOM];
static u_char       out[ROOM];
static const char  *reason;


int
main(void)
{
    test_inspect();
    test_shapes();
    test_random(0);
    test_random(1);
    test_modes();

    test_bad(0, "61", NULL, "a header only");
    test_bad(0, "0011", NULL, "type 0");
    test_bad(0, "1911", NULL, "STAP-B");
    test_bad(0, "1d8111", NULL, "FU-B");
    test_bad(0, "180005", NULL, "an aggregation packet, cut");
    test_bad(0, "1800006111", NULL, "an empty unit in it");
    test_bad(0, "7c0511", NULL, "a fragment without a begin");
    test_bad(0, "7c9c11", NULL, "a fragment of fragments");
    test_bad(0, "1800027c85", NULL, "a fragment in an aggregation packet");
    test_bad(0, "7c8511", "7c8511", "a begin behind a begin");
    test_bad(0, "7c8511", "6111", "a unit between fragments");
    test_bad(1, "0201", NULL, "H.265: a header only");
    test_bad(1, "640111", NULL, "PACI");
    test_bad(1, "62011311", NULL, "a fragment without a begin");

    test_room();

    return done_testing();
}


static void
test_inspect(void)
{
    inspect(0, "6588", NGX_OK, 1, "IDR");
    inspect(0, "6742", NGX_OK, 1, "SPS");
    inspect(0, "419a", NGX_OK, 0, "slice");
    inspect(0, "68ce", NGX_OK, 0, "PPS");
    inspect(0, "7c8588", NGX_OK, 1, "FU-A that begins an IDR");
    inspect(0, "7c0588", NGX_OK, 0, "FU-A in the middle of it");
    inspect(0, "7c8188", NGX_OK, 0, "FU-A of a slice");
    inspect(0, "7800026742000268ce", NGX_OK, 1, "STAP-A with an SPS");
    inspect(0, "780002419a00024101", NGX_OK, 0, "STAP-A of slices");
    inspect(0, "7800026588ff", NGX_ERROR, 0, "STAP-A, malformed");
    inspect(0, "65", NGX_ERROR, 0, "too short");
    inspect(0, "1fff", NGX_ERROR, 0, "type 31");
    inspect(1, "2601af", NGX_OK, 1, "IDR");
    inspect(1, "2a01af", NGX_OK, 1, "CRA");
    inspect(1, "4201af", NGX_OK, 1, "SPS");
    inspect(1, "0201af", NGX_OK, 0, "slice");
    inspect(1, "62019311", NGX_OK, 1, "FU that begins an IDR");
    inspect(1, "62011311", NGX_OK, 0, "FU in the middle of it");
    inspect(1, "6001000342010100034401 01", NGX_OK, 1, "AP with an SPS");
    inspect(1, "7e01af", NGX_ERROR, 0, "type 63");
}


static void
inspect(ngx_uint_t h265, const char *hex, ngx_int_t rc, ngx_uint_t key,
    const char *what)
{
    u_char                buf[64], *p;
    size_t                n;
    ngx_int_t             got;
    ngx_live_rtp_info_t   info;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    got = h265 ? ngx_live_rtp_h265_inspect(&info, p, p + n)
               : ngx_live_rtp_h264_inspect(&info, p, p + n);

    is_int(got, rc, "%s", what);
    is_int(info.key, key, "is %sa key frame", key ? "" : "not ");
}


static void
init(ngx_live_rtp_h26x_packer_t *k, ngx_uint_t h265, u_char *p, size_t len,
    size_t max)
{
    ngx_memzero(k, sizeof(ngx_live_rtp_h26x_packer_t));

    k->pos = p;
    k->end = p + len;
    k->length_size = 4;
    k->max = max;
    k->h265 = h265 ? 1 : 0;
}


static void
test_shapes(void)
{
    const char  *single[] = { "6511223344", NULL };
    const char  *joined[] = { "780003674211000268ce000265aa", NULL };
    const char  *joined5[] = { "600100034001110003420122", NULL };

    shape(0, "00000005 6511223344", single, "one NAL unit");
    shape(0, "00000002 09f0 00000003 674211 00000002 68ce 00000002 65aa"
             "00000003 0cffff", joined, "an aggregation packet");
    shape(1, "00000003 400111 00000003 420122", joined5, "of H.265");
}


static void
shape(ngx_uint_t h265, const char *unit, const char *packets[],
    const char *what)
{
    u_char                       buf[256], dst[256], want[256], *p;
    size_t                       n, len;
    ngx_uint_t                   i, last;
    ngx_live_rtp_h26x_packer_t   k;

    n = unhex(buf, unit);
    p = buf_copy(buf, n);
    init(&k, h265, p, n, 64);

    for (i = 0; packets[i]; i++) {
        is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_OK,
               "%s", what);
        n = unhex(want, packets[i]);
        is_mem(dst, len, want, n, "packet");
        is_int(last, packets[i + 1] == NULL, "marker");
    }

    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_DONE,
           "no more");
}


/* NAL units of all lengths go through RTP */

static void
test_random(ngx_uint_t h265)
{
    u_char                       dst[1200], *p;
    size_t                       len, n, max;
    uint32_t                     r;
    ngx_int_t                    rc;
    ngx_uint_t                   i, j, k, last, packets, unequal, wrong;
    ngx_live_rtp_unit_t          u;
    ngx_live_rtp_h26x_packer_t   packer;

    r = 7;
    wrong = 0;
    packets = 0;
    unequal = 0;

    for (k = 0; k < 300; k++) {
        p = in;

        for (i = 0; i < 1 + k % 7; i++) {
            r = r * 1664525 + 1013904223;
            n = 3 + (r >> 8) % (k % 3 ? 200 : 9000);

            p = ngx_live_write_be32(p, in + ROOM, n);

            for (j = 0; j < n; j++) {
                p[j] = (u_char) (r >> (j % 24));
            }

            p[0] = h265 ? 0x02 : 0x61;
            p[1] = h265 ? 0x01 : p[1];
            p += n;
        }

        max = 64 + (r >> 8) % 1100;
        init(&packer, h265, in, p - in, max);

        ngx_memzero(&u, sizeof(u));
        u.start = out;
        u.pos = out;
        u.end = out + ROOM;
        n = 0;

        do {
            rc = ngx_live_rtp_h26x_pack(&packer, dst, &len, &last, &reason);

            if (rc != NGX_OK || len > max) {
                wrong++;
                break;
            }

            rc = h265 ? ngx_live_rtp_h265_unpack(&u, dst, dst + len, &reason)
                      : ngx_live_rtp_h264_unpack(&u, dst, dst + len, &reason);
            wrong += (rc != NGX_OK);
            packets++;

            /* a fragment is as long as the one before it, or the last one */

            if ((dst[0] & (h265 ? 0x7e : 0x1f)) == (h265 ? 98 : 28)) {
                j = dst[h265 ? 2 : 1];
                unequal += (!(j & 0xc0) && n && len != n);
                n = (j & 0x40) ? 0 : len;
            }

        } while (!last);

        wrong += (u.pos - out != p - in || memcmp(out, in, p - in) != 0
                  || u.open != NULL || u.key);
    }

    is_int(wrong, 0, "%lu packets are what they were made of",
           (unsigned long) packets);
    is_int(unequal, 0, "fragments are of equal length");
}


static void
test_modes(void)
{
    u_char                       buf[256], dst[64];
    size_t                       n, len;
    ngx_str_t                    sets[2];
    ngx_uint_t                   last;
    ngx_live_rtp_h26x_packer_t   k;

    ngx_str_set(&sets[0], "\x67""ab");
    ngx_str_set(&sets[1], "\x68""cd");

    n = unhex(buf, "0002 6511 0002 6522");
    init(&k, 0, buf, n, 64);
    k.length_size = 2;
    k.single = 1;
    k.nsets = 2;
    k.sets = sets;

    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_OK,
           "mode 0");
    is_mem(dst, len, "gab", 3, "SPS first");
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_OK,
           "then");
    is_mem(dst, len, "hcd", 3, "PPS");
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_OK,
           "then");
    is_mem(dst, len, "\x65\x11", 2, "a slice");
    ok(!last, "not the last");
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_OK,
           "then");
    ok(last, "the last");

    ngx_memzero(buf, sizeof(buf));
    buf[3] = 65;
    buf[4] = 0x65;
    init(&k, 0, buf, 69, 64);
    k.single = 1;
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_ERROR,
           "mode 0 has no fragments");

    buf[3] = 66;
    init(&k, 0, buf, 69, 64);
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_ERROR,
           "longer than the access unit");

    n = unhex(buf, "00000002 6511 00000005 65");
    init(&k, 0, buf, n, 64);
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_ERROR,
           "so is the second one");

    n = unhex(buf, "00000000 00000001 65 00000002 09f0");
    init(&k, 0, buf, n, 64);
    is_int(ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason), NGX_DONE,
           "nothing to send");
}


static void
test_bad(ngx_uint_t h265, const char *first, const char *second,
    const char *what)
{
    u_char                buf[64], *p;
    size_t                n;
    ngx_int_t             rc;
    ngx_live_rtp_unit_t   u;

    ngx_memzero(&u, sizeof(u));
    u.start = out;
    u.pos = out;
    u.end = out + ROOM;

    n = unhex(buf, first);
    p = buf_copy(buf, n);
    rc = h265 ? ngx_live_rtp_h265_unpack(&u, p, p + n, &reason)
              : ngx_live_rtp_h264_unpack(&u, p, p + n, &reason);

    if (second) {
        is_int(rc, NGX_OK, "the first of two");
        n = unhex(buf, second);
        p = buf_copy(buf, n);
        reason = NULL;
        rc = ngx_live_rtp_h264_unpack(&u, p, p + n, &reason);
    }

    is_int(rc, NGX_ERROR, "%s", what);
    ok(reason != NULL, "with a reason");
}


static void
test_room(void)
{
    u_char                buf[16], *p;
    size_t                n, i;
    ngx_live_rtp_unit_t   u;

    n = unhex(buf, "7cc51122");

    for (i = 0; i < 8; i++) {
        p = buf_copy(in, i);

        ngx_memzero(&u, sizeof(u));
        u.start = p;
        u.pos = p;
        u.end = p + i;

        is_int(ngx_live_rtp_h264_unpack(&u, buf, buf + n, &reason),
               i < 7 ? NGX_ERROR : NGX_OK, "room of %lu", (unsigned long) i);
    }

    is_mem(u.start, u.pos - u.start, "\0\0\0\3\x65\x11\x22", 7,
           "a fragment that is whole");
    ok(u.key, "a key frame");
}
