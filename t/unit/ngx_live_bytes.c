
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the byte and bit readers. */


#include <ngx_unit.h>
#include <ngx_live_bytes.h>


static void
test_read(void)
{
    u_char      *p, *end, *out;
    uint16_t     v16;
    uint32_t     v24, v32, le;
    uint64_t     v64;
    ngx_uint_t   v8;

    p = buf_copy("\x01\x02\x03\x04\x05\x06\x87\x88\x89\x8a"
                 "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\x01\x02\x03\x84xyz", 25);
    end = p + 25;

    p = ngx_live_read_u8(p, end, &v8);
    p = ngx_live_read_be16(p, end, &v16);
    p = ngx_live_read_be24(p, end, &v24);
    p = ngx_live_read_be32(p, end, &v32);
    p = ngx_live_read_be64(p, end, &v64);
    p = ngx_live_read_le32(p, end, &le);

    is_int(v8, 1, "u8");
    is_int(v16, 0x0203, "be16");
    is_int(v24, 0x040506, "be24");
    is_int(v32, 0x8788898a, "be32");
    ok(v64 == 0xfffefdfcfbfaf9f8ULL, "be64");
    is_int(le, 0x84030201, "le32");

    ok(ngx_live_take(p, end, 4, &out) == NULL && out == NULL, "take too much");
    ok(ngx_live_skip(p, end, 4) == NULL, "skip too much");

    p = ngx_live_take(p, end, 3, &out);
    is_mem(out, 3, "xyz", 3, "take");
    ok(p == end, "at the end");

    v8 = 7;
    p = ngx_live_read_u8(p, end, &v8);
    ok(p == NULL, "underrun is NULL");
    is_int(v8, 0, "and the value is zero");

    v32 = 7;
    ok(ngx_live_read_be32(NULL, end, &v32) == NULL, "NULL is handed through");
    is_int(v32, 0, "with a zero value");
}


static void
test_write(void)
{
    u_char  *buf, *p, *end;

    buf = buf_copy("----------------------------", 24);
    end = buf + 24;

    p = ngx_live_write_u8(buf, end, 0x101);
    p = ngx_live_write_be16(p, end, 0x0203);
    p = ngx_live_write_be24(p, end, 0x040506);
    p = ngx_live_write_be32(p, end, 0x0708090a);
    p = ngx_live_write_be64(p, end, 0x0b0c0d0e0f101112ULL);
    p = ngx_live_write_le32(p, end, 0x13141516);

    ok(p == buf + 22, "22 bytes written");
    is_mem(buf, 22, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e"
           "\x0f\x10\x11\x12\x16\x15\x14\x13", 22, "as expected");

    ok(ngx_live_write_be24(p, end, 1) == NULL, "overflow of an integer");
    ok(ngx_live_write_le32(p, end, 1) == NULL, "overflow of le32");
    ok(ngx_live_write_data(p, end, "abc", 3) == NULL, "overflow of data");
    is_mem(p, 2, "--", 2, "nothing was written then");

    p = ngx_live_write_data(p, end, "ab", 2);
    ok(p == end, "data up to the end");
    ok(ngx_live_write_data(p, end, NULL, 0) == end, "empty data");
    ok(ngx_live_write_data(NULL, end, "a", 1) == NULL, "NULL place");
}


static void
test_bits(void)
{
    u_char           *p;
    ngx_live_bits_t   b;

    p = buf_copy("\xa5\x0f\xff\xff\xff\xff\x80", 7);

    ngx_live_bits_init(&b, p, p + 7);

    is_int(ngx_live_bits_read(&b, 1), 1, "1 bit");
    is_int(ngx_live_bits_read(&b, 3), 2, "3 bits");
    is_int(ngx_live_bits_read(&b, 0), 0, "no bits");
    is_int(ngx_live_bits_read(&b, 8), 0x50, "8 bits over a boundary");
    is_int(ngx_live_bits_read(&b, 32), 0xffffffff, "32 bits");
    ngx_live_bits_skip(&b, 4);
    is_int(ngx_live_bits_read(&b, 8), 0x80, "8 bits after a skip");
    ok(!b.error, "no error at the exact end");

    is_int(ngx_live_bits_read(&b, 1), 0, "underrun reads zero");
    ok(b.error, "and sets the error");
    is_int(ngx_live_bits_read(&b, 32), 0, "for good");

    ngx_live_bits_init(&b, p, p + 1);
    ngx_live_bits_skip(&b, (ngx_uint_t) -1);
    ok(b.error, "skip of far too much");
}


static void
test_golomb(void)
{
    u_char           *p;
    ngx_uint_t        i;
    ngx_live_bits_t   b;

    static const int  signs[] = { 0, 1, -1, 2, -2, 3 };

    /* 1 010 011 00100 00101 00110 of H.264, table 9-2 */

    p = buf_copy("\xa6\x42\x98", 3);

    ngx_live_bits_init(&b, p, p + 3);

    for (i = 0; i < 6; i++) {
        is_int(ngx_live_bits_ue(&b), i, "ue %d", (int) i);
    }

    ngx_live_bits_init(&b, p, p + 3);

    for (i = 0; i < 6; i++) {
        is_int(ngx_live_bits_se(&b), signs[i], "se %d", signs[i]);
    }

    p = buf_copy("\x00\x00\x00\x01\xff\xff\xff\xfe\xff", 9);

    ngx_live_bits_init(&b, p, p + 9);
    is_int(ngx_live_bits_ue(&b), 0xfffffffe, "the greatest ue");
    ok(!b.error, "without an error");

    ngx_live_bits_init(&b, p, p + 9);
    is_int(ngx_live_bits_se(&b), -2147483647, "the least se");

    p = buf_copy("\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff", 10);

    ngx_live_bits_init(&b, p, p + 10);
    is_int(ngx_live_bits_ue(&b), 0, "32 leading zeros");
    ok(b.error, "are an error");

    ngx_live_bits_init(&b, p, p + 5);
    ngx_live_bits_skip(&b, 24);
    is_int(ngx_live_bits_ue(&b), 0, "ue cut short");
    ok(b.error, "is an error");
}


static void
test_nal(void)
{
    u_char           *p;
    ngx_live_bits_t   b;

    p = buf_copy("\x00\x00\x03\x01\x00\x00\x00\x03\x03\x00\x00\x03", 12);

    ngx_live_bits_init_nal(&b, p, p + 12);

    is_int(ngx_live_bits_read(&b, 24), 1, "emulation prevention dropped");
    is_int(ngx_live_bits_read(&b, 24), 0, "three zeros");
    is_int(ngx_live_bits_read(&b, 8), 3, "only one 03 of two is dropped");
    is_int(ngx_live_bits_read(&b, 16), 0, "last zeros");
    ok(!b.error, "no error so far");
    ngx_live_bits_read(&b, 1);
    ok(b.error, "a trailing 03 is not data");

    ngx_live_bits_init(&b, p, p + 12);
    is_int(ngx_live_bits_read(&b, 24), 3, "a plain reader keeps it");
}


int
main(void)
{
    test_read();
    test_write();
    test_bits();
    test_golomb();
    test_nal();

    return done_testing();
}
