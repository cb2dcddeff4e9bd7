
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of UTF-8: every code point, every pair of bytes, pieces. */


#include "ngx_live_utf8.h"
#include "ngx_unit.h"


static ngx_uint_t refused_at(const char *hex);
static void test_all(void);
static void test_pairs(void);
static void test_early(void);
static void test_pieces(void);


int
main(void)
{
    test_all();
    test_pairs();
    test_early();
    test_pieces();

    return done_testing();
}


/* the number of the byte at which the text is refused, 0: it is not */

static ngx_uint_t
refused_at(const char *hex)
{
    u_char           buf[64], *p;
    size_t           i, n;
    ngx_live_utf8_t  u;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    ngx_live_utf8_init(&u);

    for (i = 0; i < n; i++) {
        if (ngx_live_utf8_feed(&u, p + i, 1) != NGX_OK) {

            if (ngx_live_utf8_feed(&u, (u_char *) "x", 1) != NGX_ERROR
                || ngx_live_utf8_end(&u) != NGX_ERROR
                || ngx_live_utf8_check(p, n) != NGX_ERROR)
            {
                return 99;
            }

            return i + 1;
        }
    }

    return 0;
}


static void
test_all(void)
{
    u_char      buf[8], *p, *last;
    uint32_t    ch;
    ngx_uint_t  bad, surrogates;

    bad = 0;
    surrogates = 0;

    for (ch = 0; ch < 0x120000; ch++) {
        last = ngx_live_utf8_put(buf, ch);

        if (ngx_live_utf8_check(buf, last - buf) != NGX_OK) {
            surrogates += (ch >= 0xd800 && ch <= 0xdfff);
            bad++;
            continue;
        }

        p = buf;

        if (ngx_live_utf8_get(&p) != ch || p != last
            || ngx_live_utf8_check(buf, last - buf - 1)
               != (ch < 0x80 ? NGX_OK : NGX_ERROR))
        {
            bad += 1000000;
        }
    }

    is_int(surrogates, 0x800, "surrogates are refused");
    is_int(bad, 0x800 + 0x10000, "so is what is above U+10FFFF, nothing else");
}


static void
test_pairs(void)
{
    u_char      p[2];
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < 65536; i++) {
        p[0] = (u_char) (i >> 8);
        p[1] = (u_char) i;
        n += (ngx_live_utf8_check(p, 2) == NGX_OK);
    }

    is_int(n, 128 * 128 + 0x800 - 0x80, "valid texts of two bytes");
}


static void
test_early(void)
{
    is_int(refused_at(""), 0, "empty");
    is_int(refused_at("ce ba e1 bd b9 cf 83 ce bc ce b5"), 0, "kosme");
    is_int(refused_at("00"), 0, "NUL");
    is_int(refused_at("80"), 1, "continuation of nothing");
    is_int(refused_at("c0 80"), 1, "overlong NUL");
    is_int(refused_at("c1 bf"), 1, "overlong DEL");
    is_int(refused_at("e0 80 80"), 2, "overlong, three bytes");
    is_int(refused_at("f0 8f bf bf"), 2, "overlong, four bytes");
    is_int(refused_at("ed a0 80"), 2, "surrogate");
    is_int(refused_at("ef bf bf"), 0, "noncharacter");
    is_int(refused_at("f4 8f bf bf"), 0, "U+10FFFF");
    is_int(refused_at("f4 90 80 80"), 2, "U+110000");
    is_int(refused_at("f5"), 1, "F5");
    is_int(refused_at("fe"), 1, "FE");
    is_int(refused_at("ce ba ce ce"), 4, "no continuation");
    is_int(refused_at("e2 82 41"), 3, "no second continuation");
}


static void
test_pieces(void)
{
    u_char           buf[64], *p;
    size_t           i, n;
    ngx_uint_t       good;
    ngx_live_utf8_t  u;

    n = unhex(buf, "61 62 63 64 65 66 67 68 c3 a4 e2 82 ac f0 9f 98 80"
                   "61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f f0 9f 91 8d");
    p = buf_copy(buf, n);
    good = 0;

    for (i = 0; i <= n; i++) {
        ngx_live_utf8_init(&u);

        good += (ngx_live_utf8_feed(&u, p, i) == NGX_OK
                 && ngx_live_utf8_feed(&u, p + i, 0) == NGX_OK
                 && ngx_live_utf8_feed(&u, p + i, n - i) == NGX_OK
                 && ngx_live_utf8_end(&u) == NGX_OK);
    }

    is_int(good, n + 1, "two pieces of any size");

    ngx_live_utf8_init(&u);
    (void) ngx_live_utf8_feed(&u, p, 9);
    is_int(ngx_live_utf8_end(&u), NGX_ERROR, "ends within a code point");

    ngx_live_utf8_init(&u);
    is_int(ngx_live_utf8_end(&u), NGX_OK, "an empty text");
}
