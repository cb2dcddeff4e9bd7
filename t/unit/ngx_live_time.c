
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of media time. */


#include <ngx_unit.h>
#include <ngx_live_time.h>


static void
test_rescale(void)
{
    int64_t     v, d;
    uint64_t    seed;
    __int128    exact, back;
    uint32_t    from, to;
    ngx_uint_t  i, bad;

    is_int(ngx_live_ms_to_ticks(1000), 90000, "ms to ticks");
    is_int(ngx_live_ms_to_ticks(-1), -90, "negative");
    is_int(ngx_live_ticks_to_ms(90000), 1000, "ticks to ms");
    is_int(ngx_live_ticks_to_ms(44), 0, "rounded down");
    is_int(ngx_live_ticks_to_ms(45), 1, "rounded up");
    is_int(ngx_live_ticks_to_ms(-44), 0, "negative, rounded up");
    is_int(ngx_live_ticks_to_ms(-46), -1, "negative, rounded down");

    is_int(ngx_live_rescale(1024, 48000, 90000), 1920, "frame of 48 kHz");
    is_int(ngx_live_rescale(1024, 44100, 90000), 2090, "frame of 44.1 kHz");
    is_int(ngx_live_rescale(1001, 30000, 90000), 3003, "29.97 fps");
    is_int(ngx_live_rescale(INT64_MAX, 90000, 90000), INT64_MAX, "identity");
    is_int(ngx_live_rescale(INT64_MIN, 90000, 90000), INT64_MIN,
           "identity of the least");
    is_int(ngx_live_rescale(INT64_MAX, 1, 2), INT64_MAX, "saturated");
    is_int(ngx_live_rescale(INT64_MIN, 1, 2), INT64_MIN,
           "saturated, negative");
    is_int(ngx_live_rescale(5, 7, 0), 0, "to zero");
    is_int(ngx_live_rescale(INT64_MAX, 0xffffffff, 0xfffffffe),
           9223372034707292159, "great factors");

    seed = 88172645463325252ULL;
    bad = 0;

    for (i = 0; i < 20000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;

        v = (int64_t) seed >> (seed % 63);
        from = (uint32_t) (seed >> 20) | 1;
        to = (uint32_t) (seed >> 31);

        exact = (__int128) v * to;
        d = ngx_live_rescale(v, from, to);
        back = (__int128) d * from;

        if (d == INT64_MAX || d == INT64_MIN) {
            bad += (exact / from < INT64_MAX && exact / from > INT64_MIN);
            continue;
        }

        /* the nearest: twice the distance is not above "from" */

        exact = (exact > back) ? exact - back : back - exact;
        bad += (exact * 2 > from);
    }

    is_int(bad, 0, "20000 values rounded to the nearest");
}


static void
test_iso8601(void)
{
    u_char      buf[NGX_LIVE_ISO8601_LEN], *p;
    ngx_uint_t  i;

    static const struct {
        int64_t      ms;
        const char  *text;
    } times[] = {
        { 0,                 "1970-01-01T00:00:00.000Z" },
        { -1,                "1970-01-01T00:00:00.000Z" },
        { 951782399999,      "2000-02-28T23:59:59.999Z" },
        { 951782400000,      "2000-02-29T00:00:00.000Z" },
        { 951868800000,      "2000-03-01T00:00:00.000Z" },
        { 1234567890123,     "2009-02-13T23:31:30.123Z" },
        { 1709164800007,     "2024-02-29T00:00:00.007Z" },
        { 1735689599999,     "2024-12-31T23:59:59.999Z" },
        { 1735689600000,     "2025-01-01T00:00:00.000Z" },
        { 4107542399000,     "2100-02-28T23:59:59.000Z" },
        { 4107542400000,     "2100-03-01T00:00:00.000Z" },
        { 253402300799999,   "9999-12-31T23:59:59.999Z" },
        { 253402300800000,   "9999-12-31T23:59:59.999Z" },
        { INT64_MAX,         "9999-12-31T23:59:59.999Z" }
    };

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        p = ngx_live_iso8601(buf, times[i].ms);
        is_mem(buf, p - buf, times[i].text, NGX_LIVE_ISO8601_LEN,
               "%s", times[i].text);
    }
}


int
main(void)
{
    test_rescale();
    test_iso8601();

    return done_testing();
}
