
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of RTP's header and its extensions. */


#include <ngx_unit.h>
#include <ngx_live_rtp.h>


static void test_plain(void);
static void test_padding(void);
static void test_one_byte(void);
static void test_two_byte(void);
static void test_odd(void);
static void test_bad(const char *hex, const char *what);
static void test_write(void);
static void test_write_two(void);
static void test_room(void);
static void test_extend(void);
static void test_restore(void);
static ngx_int_t parse(const char *hex);


static ngx_live_rtp_t   rtp;
static const char      *reason;


int
main(void)
{
    test_plain();
    test_padding();
    test_one_byte();
    test_two_byte();
    test_odd();

    test_bad("", "empty");
    test_bad("8060000100000002000000", "11 bytes");
    test_bad("406000010000000200000003", "version 1");
    test_bad("816000010000000200000003 000000", "half a CSRC");
    test_bad("906000010000000200000003 bede00", "half an extension header");
    test_bad("906000010000000200000003 bede0002 10aa0000", "cut extensions");
    test_bad("a06000010000000200000003", "padding without a payload");
    test_bad("a06000010000000200000003 00", "padding of no bytes");
    test_bad("a06000010000000200000003 0005", "padding longer than payload");

    test_write();
    test_write_two();
    test_room();
    test_extend();
    test_restore();

    return done_testing();
}


static ngx_int_t
parse(const char *hex)
{
    u_char  buf[256], *p;
    size_t  n;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);
    reason = NULL;

    return ngx_live_rtp_parse(&rtp, p, p + n, &reason);
}


static void
test_plain(void)
{
    is_int(parse("82e0fffe 01020304 a1b2c3d4 00000001 00000002 616263"),
           NGX_OK, "two CSRC");
    ok(rtp.marker, "marker");
    is_int(rtp.type, 96, "type");
    is_int(rtp.seq, 65534, "sequence number");
    is_int(rtp.timestamp, 0x01020304, "timestamp");
    is_int(rtp.ssrc, 0xa1b2c3d4, "SSRC");
    is_mem(rtp.payload, rtp.len, "abc", 3, "payload");
    is_int(rtp.nextensions, 0, "no extensions");
    ok(ngx_live_rtp_extension(&rtp, 1) == NULL, "none");

    is_int(parse("80600001 00000000 00000000"), NGX_OK, "no payload");
    is_int(rtp.len, 0, "is none");
    ok(!rtp.marker, "no marker");
}


static void
test_padding(void)
{
    is_int(parse("a0600001 00000000 00000000 6162 000003"), NGX_OK,
           "padding");
    is_int(rtp.padding, 3, "of three bytes");
    is_mem(rtp.payload, rtp.len, "ab", 2, "payload");

    is_int(parse("a0600001 00000000 00000000 000003"), NGX_OK,
           "padding only, a probe");
    is_int(rtp.len, 0, "no payload");
}


static void
test_one_byte(void)
{
    ngx_live_rtp_extension_t  *e;

    is_int(parse("90600001 00000000 00000000 bede0003"
                 "10aa 32010203 00 41bbcc 00 00 61"), NGX_OK, "one byte");
    is_int(rtp.nextensions, 3, "three extensions");

    e = ngx_live_rtp_extension(&rtp, 1);
    is_mem(e->data, e->len, "\xaa", 1, "the first");
    e = ngx_live_rtp_extension(&rtp, 3);
    is_mem(e->data, e->len, "\1\2\3", 3, "the second");
    e = ngx_live_rtp_extension(&rtp, 4);
    is_mem(e->data, e->len, "\xbb\xcc", 2, "the third");
    ok(ngx_live_rtp_extension(&rtp, 0) == NULL, "0 is none");
    is_mem(rtp.payload, rtp.len, "a", 1, "payload");
}


static void
test_two_byte(void)
{
    ngx_live_rtp_extension_t  *e;

    is_int(parse("90600001 00000000 00000000 10000003"
                 "0100 00 1f03010203 ff0155 00 61"), NGX_OK, "two bytes");
    is_int(rtp.nextensions, 3, "three extensions");

    e = ngx_live_rtp_extension(&rtp, 1);
    is_int(e->len, 0, "an empty one");
    e = ngx_live_rtp_extension(&rtp, 31);
    is_mem(e->data, e->len, "\1\2\3", 3, "of id 31");
    e = ngx_live_rtp_extension(&rtp, 255);
    is_mem(e->data, e->len, "\x55", 1, "of id 255");

    is_int(parse("90600001 00000000 00000000 100f0001 0102aabb"), NGX_OK,
           "with application bits");
    is_int(rtp.nextensions, 1, "one");
}


static void
test_odd(void)
{
    is_int(parse("90600001 00000000 00000000 bede0001 10aaf0bb 61"), NGX_OK,
           "id 15");
    is_int(rtp.nextensions, 1, "ends the list");
    is_int(parse("90600001 00000000 00000000 bede0001 10aa2fbb 61"), NGX_OK,
           "an element longer than the block");
    is_int(rtp.nextensions, 1, "is not taken");
    is_int(rtp.len, 1, "the payload is");
    is_int(parse("90600001 00000000 00000000 10000001 01010002 61"), NGX_OK,
           "two bytes, cut");
    is_int(parse("90600001 00000000 00000000 10000001 01ff0002 61"), NGX_OK,
           "two bytes, too long");
    is_int(rtp.nextensions, 0, "nothing is taken");
    is_int(parse("90600001 00000000 00000000 12340001 10aa0000 61"), NGX_OK,
           "another profile");
    is_int(rtp.nextensions, 0, "is passed over");
    is_int(parse("90600001 00000000 00000000 bede0000 61"), NGX_OK, "empty");
    is_int(rtp.nextensions, 0, "no extensions");
    is_int(parse("90600001 00000000 00000000 bede0009"
                 "10011001 10011001 10011001 10011001 10011001"
                 "10011001 10011001 10011001 10011001"), NGX_OK,
           "eighteen extensions");
    is_int(rtp.nextensions, NGX_LIVE_RTP_MAX_EXTENSIONS, "are bounded");
}


static void
test_bad(const char *hex, const char *what)
{
    is_int(parse(hex), NGX_ERROR, "%s", what);
    ok(reason != NULL, "with a reason");
}


static void
test_write(void)
{
    u_char                     buf[64], want[64], *p;
    size_t                     n;
    ngx_live_rtp_header_t      h;
    ngx_live_rtp_extension_t   e[2];

    ngx_memzero(&h, sizeof(h));
    h.timestamp = 0x01020304;
    h.ssrc = 0xa1b2c3d4;
    h.seq = 7;
    h.type = 111;
    h.marker = 1;

    p = ngx_live_rtp_write(buf, buf + sizeof(buf), &h);
    n = unhex(want, "80ef0007 01020304 a1b2c3d4");
    is_mem(buf, p - buf, want, n, "without extensions");

    e[0].id = 14;
    e[0].data = (u_char *) "0123456789abcdef";
    e[0].len = 16;
    e[1].id = 1;
    e[1].data = (u_char *) "x";
    e[1].len = 1;
    h.nextensions = 2;
    h.extensions = e;
    h.marker = 0;

    p = ngx_live_rtp_write(buf, buf + sizeof(buf), &h);
    n = unhex(want, "906f0007 01020304 a1b2c3d4 bede0005"
                    "ef 30313233343536373839616263646566 1078 00");
    is_mem(buf, p - buf, want, n, "with extensions of one byte");
}


static void
test_write_two(void)
{
    u_char                     buf[64], want[64], *p;
    size_t                     n;
    ngx_live_rtp_header_t      h;
    ngx_live_rtp_extension_t   e[2];

    ngx_memzero(&h, sizeof(h));
    e[0].id = 15;
    e[0].data = (u_char *) "ab";
    e[0].len = 2;
    e[1].id = 1;
    e[1].data = (u_char *) "x";
    e[1].len = 1;
    h.nextensions = 2;
    h.extensions = e;

    p = ngx_live_rtp_write(buf, buf + sizeof(buf), &h);
    n = unhex(want, "90000000 00000000 00000000 10000002"
                    "0f026162 01017800");
    is_mem(buf, p - buf, want, n, "id 15 needs two bytes");

    e[0].id = 2;
    e[0].len = 0;
    p = ngx_live_rtp_write(buf, buf + sizeof(buf), &h);
    n = unhex(want, "90000000 00000000 00000000 10000002"
                    "0200 010178 000000");
    is_mem(buf, p - buf, want, n, "so does an empty one");

    e[0].id = 0;
    ok(ngx_live_rtp_write(buf, buf + sizeof(buf), &h) == NULL, "id 0");
    e[0].id = 256;
    ok(ngx_live_rtp_write(buf, buf + sizeof(buf), &h) == NULL, "id 256");
    e[0].id = 1;
    e[0].len = 256;
    ok(ngx_live_rtp_write(buf, buf + sizeof(buf), &h) == NULL, "256 bytes");
}


static void
test_room(void)
{
    size_t                     i;
    u_char                    *p;
    ngx_live_rtp_header_t      h;
    ngx_live_rtp_extension_t   e;

    ngx_memzero(&h, sizeof(h));
    e.id = 1;
    e.data = (u_char *) "ab";
    e.len = 2;
    h.nextensions = 1;
    h.extensions = &e;

    for (i = 0; i < 20; i++) {
        p = buf_copy("01234567890123456789", i);
        ok(ngx_live_rtp_write(p, p + i, &h) == NULL, "%lu bytes",
           (unsigned long) i);
    }

    p = buf_copy("01234567890123456789", 20);
    ok(ngx_live_rtp_write(p, p + 20, &h) == p + 20, "20 bytes suffice");
}


static void
test_extend(void)
{
    is_int(ngx_live_rtp_extend(65535, 0), 65536, "roll-over");
    is_int(ngx_live_rtp_extend(65536, 65535), 65535, "and back");
    is_int(ngx_live_rtp_extend(10, 65535), 65535, "nothing is before zero");
    is_int(ngx_live_rtp_extend(131072 + 5, 6), 131072 + 6, "next");
    is_int(ngx_live_rtp_extend(ngx_live_rtp_first(0), 65535), 65535,
           "room before the first");
}


static void
test_restore(void)
{
    is_int(parse("80e10009 00000001 0000000b 12346162"), NGX_OK,
           "a retransmission");
    is_int(ngx_live_rtp_restore(&rtp, 96, 10), NGX_OK, "restored");
    is_int(rtp.seq, 0x1234, "sequence number");
    is_int(rtp.type, 96, "type");
    is_int(rtp.ssrc, 10, "source");
    ok(rtp.marker, "the marker stays");
    is_mem(rtp.payload, rtp.len, "ab", 2, "payload");

    is_int(parse("a0e10009 00000001 0000000b 00000003"), NGX_OK, "a probe");
    is_int(ngx_live_rtp_restore(&rtp, 96, 10), NGX_DECLINED,
           "repeats nothing");
}
