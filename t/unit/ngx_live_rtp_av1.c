
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of AV1 in RTP. */


#include <ngx_unit.h>
#include <ngx_live_rtp_av1.h>


#define ROOM  200000


static void test_inspect(void);
static void inspect(const char *hex, ngx_int_t rc, ngx_uint_t key,
    ngx_uint_t temporal, ngx_uint_t spatial);
static void test_unpack(void);
static void test_bad(const char *first, const char *second,
    const char *what);
static void test_pack(void);
static void test_random(void);
static void test_room(void);
static ngx_int_t unpack(const char *hex);
static void begin(size_t size);


static u_char                in[ROOM];
static u_char                out[ROOM];
static const char           *reason;
static ngx_live_rtp_unit_t   unit;


int
main(void)
{
    test_inspect();
    test_unpack();

    test_bad("", NULL, "empty");
    test_bad("00", NULL, "no element");
    test_bad("10", NULL, "an element that does not come");
    test_bad("0005300102", NULL, "an element that is cut");
    test_bad("0080", NULL, "a size that is cut");
    test_bad("00808080808080808001", NULL, "a size without an end");
    test_bad("90300102", NULL, "a continuation of nothing");
    test_bad("50300102", "10300102", "no continuation");
    test_bad("10b00102", NULL, "the forbidden bit");
    test_bad("1034", NULL, "an extension that is cut");
    test_bad("10320501", NULL, "a size that is too great");
    test_bad("0000", NULL, "an empty element");

    test_pack();
    test_random();
    test_room();

    return done_testing();
}


static void
test_inspect(void)
{
    inspect("18 0a01", NGX_OK, 1, 0, 0);
    inspect("10 3001", NGX_OK, 0, 0, 0);
    inspect("10 34 4801", NGX_OK, 0, 2, 1);
    inspect("98 34 4801", NGX_OK, 0, 0, 0);
    inspect("00 0334 4801", NGX_OK, 0, 2, 1);
    inspect("00 0434 4801", NGX_ERROR, 0, 0, 0);
}


static void
inspect(const char *hex, ngx_int_t rc, ngx_uint_t key, ngx_uint_t temporal,
    ngx_uint_t spatial)
{
    u_char                buf[64], *p;
    size_t                n;
    ngx_live_rtp_info_t   info;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    is_int(ngx_live_rtp_av1_inspect(&info, p, p + n), rc, "%s", hex);
    is_int(info.key, key, "key");
    is_int(info.temporal, temporal, "temporal layer");
    is_int(info.spatial, spatial, "spatial layer");
}


static void
begin(size_t size)
{
    ngx_memzero(&unit, sizeof(unit));
    unit.start = out;
    unit.pos = out;
    unit.end = out + size;
}


static ngx_int_t
unpack(const char *hex)
{
    u_char  buf[256], *p;
    size_t  n;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);
    reason = NULL;

    return ngx_live_rtp_av1_unpack(&unit, p, p + n, &reason);
}


static void
test_unpack(void)
{
    u_char  want[64];
    size_t  n;

    begin(ROOM);

    /* three elements, the last one without a length, and continued */

    is_int(unpack("78 02 1000 03 081122 30aa"), NGX_OK, "first packet");
    ok(unit.open != NULL, "the last OBU goes on");
    is_int(unpack("90 bb"), NGX_OK, "second packet");
    ok(unit.open == NULL, "complete");
    n = unhex(want, "0a02 1122 3202 aabb");
    is_mem(out, unit.pos - out, want, n,
           "OBUs with sizes, without the delimiter");
    ok(unit.key, "a sequence header");

    begin(ROOM);
    is_int(unpack("20 04 364801cc 3602 dd"), NGX_ERROR,
           "the size goes past the element");
    begin(ROOM);
    is_int(unpack("20 04 364801cc 34 48 ddee"), NGX_OK, "as it should be");
    n = unhex(want, "364801cc 364802ddee");
    is_mem(out, unit.pos - out, want, n, "extensions are kept");
}


static void
test_bad(const char *first, const char *second, const char *what)
{
    ngx_int_t  rc;

    begin(ROOM);
    rc = unpack(first);

    if (second) {
        is_int(rc, NGX_OK, "the first of two");
        rc = unpack(second);
    }

    is_int(rc, NGX_ERROR, "%s", what);
    ok(reason != NULL, "with a reason");
}


static void
test_pack(void)
{
    u_char                      buf[256], dst[64], want[64];
    size_t                      n, len;
    ngx_uint_t                  last;
    ngx_live_rtp_av1_packer_t   k;

    ngx_memzero(&k, sizeof(k));
    k.pos = buf;
    k.end = buf + unhex(buf, "1200 0a021122 364802aabb 7a01ff");
    k.max = 64;
    k.key = 1;

    is_int(ngx_live_rtp_av1_pack(&k, dst, &len, &last, &reason), NGX_OK,
           "packed");
    n = unhex(want, "08 03 081122 04 3448aabb");
    is_mem(dst, len, want, n, "two elements");
    ok(last, "the last packet");
    is_int(ngx_live_rtp_av1_pack(&k, dst, &len, &last, &reason), NGX_DONE,
           "no more");

    ngx_memzero(&k, sizeof(k));
    k.pos = buf;
    k.end = buf + unhex(buf, "1200");
    k.max = 64;
    is_int(ngx_live_rtp_av1_pack(&k, dst, &len, &last, &reason), NGX_DONE,
           "nothing to send");

    ngx_memzero(&k, sizeof(k));
    k.pos = buf;
    k.end = buf + unhex(buf, "3203aabb");
    k.max = 64;
    is_int(ngx_live_rtp_av1_pack(&k, dst, &len, &last, &reason), NGX_ERROR,
           "a size that is too great");

    ngx_memzero(&k, sizeof(k));
    k.pos = buf;
    k.end = buf + unhex(buf, "3003aabb");
    k.max = 64;
    is_int(ngx_live_rtp_av1_pack(&k, dst, &len, &last, &reason), NGX_OK,
           "the last OBU may be without its size");
    is_mem(dst, len, "\0\4\x30\3\xaa\xbb", 6, "packet");
}


/* OBUs of all lengths go through RTP */

static void
test_random(void)
{
    u_char                      dst[1200], *p;
    size_t                      len, n, max, before;
    uint32_t                    r;
    ngx_uint_t                  i, j, k, last, packets, wrong, unequal;
    ngx_live_rtp_av1_packer_t   packer;

    r = 7;
    wrong = 0;
    packets = 0;
    unequal = 0;

    for (k = 0; k < 300; k++) {
        p = in;

        for (i = 0; i < 1 + k % 5; i++) {
            r = r * 1664525 + 1013904223;
            n = (r >> 8) % (k % 3 ? 200 : 9000);

            *p++ = (u_char) (i ? 0x32 : 0x36);

            if (i == 0) {
                *p++ = 0x48;
            }

            for (len = n; len >= 0x80; len >>= 7) {
                *p++ = (u_char) (0x80 | (len & 0x7f));
            }

            *p++ = (u_char) len;

            for (j = 0; j < n; j++) {
                *p++ = (u_char) (r >> (j % 24));
            }
        }

        max = 64 + (r >> 8) % 1100;

        ngx_memzero(&packer, sizeof(packer));
        packer.pos = in;
        packer.end = p;
        packer.max = max;

        begin(ROOM);
        before = 0;

        do {
            if (ngx_live_rtp_av1_pack(&packer, dst, &len, &last, &reason)
                != NGX_OK
                || len > max
                || ngx_live_rtp_av1_unpack(&unit, dst, dst + len, &reason)
                   != NGX_OK)
            {
                wrong++;
                break;
            }

            packets++;

            if ((dst[0] & 0xc0) == 0xc0) {
                unequal += (before != len);
            }

            before = len;

        } while (!last);

        wrong += (unit.pos - out != p - in || memcmp(out, in, p - in) != 0
                  || unit.open != NULL || unit.key);
    }

    is_int(wrong, 0, "%lu packets are what they were made of",
           (unsigned long) packets);
    is_int(unequal, 0, "fragments are of equal length");
}


static void
test_room(void)
{
    u_char  buf[16], *p;
    size_t  n, i;

    n = unhex(buf, "10300102");

    for (i = 0; i < 12; i++) {
        p = buf_copy(in, i);

        ngx_memzero(&unit, sizeof(unit));
        unit.start = p;
        unit.pos = p;
        unit.end = p + i;

        is_int(ngx_live_rtp_av1_unpack(&unit, buf, buf + n, &reason),
               i < 11 ? NGX_ERROR : NGX_OK, "room of %lu", (unsigned long) i);
    }
}
