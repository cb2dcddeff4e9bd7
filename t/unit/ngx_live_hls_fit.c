
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of frame durations and PART-TARGET. */


#include <ngx_unit.h>
#include <ngx_live_hls_fit.h>


typedef __int128  wide_t;


static const ngx_live_hls_ratio_t  rates[] = {
    { 1, 12 }, { 1, 15 }, { 1001, 24000 }, { 1, 24 }, { 1, 25 },
    { 1001, 30000 }, { 1, 30 }, { 1, 50 }, { 1001, 60000 }, { 1, 60 }
};

#define NRATES  (sizeof(rates) / sizeof(rates[0]))


/* timestamps of the nth frame, rounded to a multiple of unit ticks */

static int64_t
stamp(const ngx_live_hls_ratio_t *r, int64_t n, int64_t unit, ngx_uint_t up)
{
    wide_t  t, d;

    t = (wide_t) n * r->num * 90000;
    d = (wide_t) r->den * unit;

    if (up) {
        t += d / 2;
    }

    return (int64_t) (t / d) * unit;
}


static void
check_rate(const ngx_live_hls_ratio_t *r, ngx_uint_t n, int64_t from,
    int64_t unit, ngx_uint_t up)
{
    int64_t                dts[600];
    ngx_int_t              rc;
    ngx_uint_t             i;
    const char            *reason;
    ngx_live_hls_ratio_t   frame;

    for (i = 0; i < n; i++) {
        dts[i] = stamp(r, from + i, unit, up);
    }

    reason = "";
    rc = ngx_live_hls_fit_measure(dts, n, unit, NULL, &frame, &reason);

    ok(rc == NGX_OK && frame.num == r->num && frame.den == r->den,
       "%u/%u from %d, %s to %d, %d frames: %u/%u %s", r->num, r->den,
       (int) from, up ? "rounded" : "truncated", (int) unit, (int) n,
       frame.num, frame.den, reason);
}


static void
test_measure(void)
{
    ngx_uint_t            i, n;

    static const ngx_live_hls_ratio_t  odd[] = {
        { 1, 18 }, { 2, 15 }, { 2, 25 }, { 1, 5 }, { 1, 1 }, { 1, 90 }
    };

    for (i = 0; i < NRATES; i++) {

        /* a second and a half of frames, two seconds, and a short GOP */

        n = rates[i].den * 3 / rates[i].num / 2;

        check_rate(&rates[i], n, 0, 90, 0);
        check_rate(&rates[i], n, 0, 90, 1);
        check_rate(&rates[i], n, 1234567, 90, 1);
        check_rate(&rates[i], n, 7654321, 90, 0);
        check_rate(&rates[i], n * 4 / 3, 777, 1, 0);
        check_rate(&rates[i], n * 4 / 3, 778, 1, 1);

        if (rates[i].num == 1) {
            check_rate(&rates[i], n / 3 < 6 ? 6 : n / 3, 4242, 90, 0);
        }
    }

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        check_rate(&odd[i], 90, 31, 90, 1);
    }
}


static void
test_measure_hint(void)
{
    int64_t               dts[20];
    ngx_uint_t            i;
    const char           *reason;
    ngx_live_hls_ratio_t  frame, hint;

    /* a few frames do not tell 24 from 23.976: the hint does */

    for (i = 0; i < 12; i++) {
        dts[i] = stamp(&rates[3], i, 90, 0);
    }

    hint = rates[2];
    (void) ngx_live_hls_fit_measure(dts, 8, 90, &hint, &frame, &reason);
    is_int(frame.den, 24000, "the hint decides");

    (void) ngx_live_hls_fit_measure(dts, 8, 90, NULL, &frame, &reason);
    is_int(frame.den, 24, "the whole rate without it");

    hint = rates[4];
    (void) ngx_live_hls_fit_measure(dts, 8, 90, &hint, &frame, &reason);
    is_int(frame.den, 24, "a hint that is wrong is no help");

    hint.num = 0;
    hint.den = 0;
    (void) ngx_live_hls_fit_measure(dts, 8, 90, &hint, &frame, &reason);
    is_int(frame.den, 24, "nor is an empty one");
}


static void
test_measure_holes(void)
{
    int64_t               dts[60];
    ngx_int_t             rc;
    ngx_uint_t            i;
    const char           *reason;
    ngx_live_hls_ratio_t  frame;

    for (i = 0; i < 60; i++) {
        dts[i] = stamp(&rates[6], i + (i > 10) + 2 * (i > 40), 90, 0);
    }

    rc = ngx_live_hls_fit_measure(dts, 60, 90, NULL, &frame, &reason);
    ok(rc == NGX_OK && frame.num == 1 && frame.den == 30,
       "30 fps with three frames missing");

    for (i = 0; i < 60; i++) {
        dts[i] = stamp(&rates[6], i, 90, 0) + (i % 3) * 450;
    }

    frame.num = 1;
    rc = ngx_live_hls_fit_measure(dts, 60, 90, NULL, &frame, &reason);
    ok(rc == NGX_DECLINED && frame.num == 0 && frame.den == 0,
       "a jitter of 10 ms is no constant rate");

    for (i = 0; i < 60; i++) {
        dts[i] = stamp(&rates[6], i, 90, 0) + (i >= 30 ? 9000 * (i - 30) : 0);
    }

    rc = ngx_live_hls_fit_measure(dts, 60, 90, NULL, &frame, &reason);
    is_int(rc, NGX_DECLINED, "a rate that changes is no constant rate");

    dts[5] = dts[4];
    rc = ngx_live_hls_fit_measure(dts, 20, 90, NULL, &frame, &reason);
    is_int(rc, NGX_DECLINED, "nor is time that stands still");

    rc = ngx_live_hls_fit_measure(dts, 4, 90, NULL, &frame, &reason);
    is_int(rc, NGX_AGAIN, "four frames are too few");

    for (i = 0; i < 10; i++) {
        dts[i] = -(int64_t) i * 3000;
    }

    rc = ngx_live_hls_fit_measure(dts, 10, 90, NULL, &frame, &reason);
    is_int(rc, NGX_DECLINED, "time that runs back");

    for (i = 0; i < 10; i++) {
        dts[i] = (int64_t) i << 58;
    }

    rc = ngx_live_hls_fit_measure(dts, 10, 90, NULL, &frame, &reason);
    is_int(rc, NGX_DECLINED, "frames of years");
}


/* whether some whole number of frames fills 85 to 100 % of t microseconds */

static ngx_uint_t
fits(const ngx_live_hls_ratio_t *r, uint64_t t, ngx_uint_t *count)
{
    wide_t  n;

    n = (wide_t) t * r->den / ((wide_t) r->num * 1000000);
    *count = (ngx_uint_t) n;

    return n > 0
           && n * r->num * 1000000 <= (wide_t) t * r->den
           && n * r->num * 100000000 >= (wide_t) t * r->den * 85;
}


/* the table: what is found fits, and nothing below it does */

static void
test_part_table(void)
{
    uint32_t               target;
    uint64_t               t;
    ngx_int_t              rc;
    ngx_uint_t             i, k, a, v, count[2], n[2], good;
    const char            *reason;
    ngx_live_hls_ratio_t   frame[2];

    static const uint32_t  parts[] = { 200000, 333000, 500000, 1000000 };

    static const ngx_live_hls_ratio_t  audio[] = {
        { 1024, 44100 }, { 1024, 48000 }, { 1152, 44100 }, { 1152, 48000 },
        { 0, 0 }
    };

    for (v = 0; v <= NRATES; v++) {
        for (i = 0; i < 4; i++) {
            for (a = 0; a < 5; a++) {

                frame[0] = (v < NRATES) ? rates[v] : audio[4];
                frame[1] = audio[a];

                rc = ngx_live_hls_fit_part(parts[i], frame, 2, &target, count,
                                           &reason);

                if (v == NRATES && a == 4) {
                    ok(rc == NGX_DECLINED && target == 0, "nothing is known");
                    continue;
                }

                n[0] = 0;
                n[1] = 0;

                good = 0;

                for (t = parts[i]; t <= 2 * parts[i]; t++) {
                    good = 1;

                    for (k = 0; k < 2; k++) {
                        if (frame[k].num && !fits(&frame[k], t, &n[k])) {
                            good = 0;
                        }
                    }

                    if (good) {
                        break;
                    }
                }

                if (!good) {
                    t = 0;
                    n[0] = 0;
                    n[1] = 0;
                }

                ok(target == t && count[0] == n[0] && count[1] == n[1]
                   && rc == (good ? NGX_OK : NGX_DECLINED)
                   && (good || reason),
                   "%u/%u with %u/%u in %u: %u (%d, %d)", frame[0].num,
                   frame[0].den, frame[1].num, frame[1].den, parts[i],
                   target, (int) count[0], (int) count[1]);
            }
        }
    }
}


static void
check_part(uint32_t part, ngx_uint_t v, uint32_t samples, uint32_t rate,
    uint32_t expected)
{
    uint32_t               target;
    ngx_uint_t             count[2];
    const char            *reason;
    ngx_live_hls_ratio_t   frame[2];

    frame[0] = rates[v];
    frame[1].num = samples;
    frame[1].den = rate;

    (void) ngx_live_hls_fit_part(part, frame, 2, &target, count, &reason);

    is_int(target, expected, "%u/%u and %u/%u in %u us", frame[0].num,
           frame[0].den, samples, rate, part);
}


static void
test_part_values(void)
{
    uint32_t               target;
    ngx_int_t              rc;
    ngx_uint_t             count[3];
    const char            *reason;
    ngx_live_hls_ratio_t   frame[3];

    check_part(200000, 3, 1024, 48000, 208334);      /* 5 frames of 24 fps */
    check_part(200000, 2, 1024, 48000, 208542);      /* 23.976 */
    check_part(200000, 6, 1024, 48000, 200000);      /* 6 of 30 fps */
    check_part(200000, 5, 1024, 44100, 200200);      /* 29.97 */
    check_part(200000, 4, 1024, 48000, 200000);
    check_part(200000, 0, 1024, 48000, 250000);      /* 3 of 12 fps */
    check_part(500000, 3, 1024, 48000, 500000);
    check_part(333000, 6, 1024, 48000, 333000);      /* 9 of 30 fps: 90 % */
    check_part(1000000, 1, 1152, 44100, 1000000);

    /* three renditions, one of them variable */

    frame[0] = rates[3];
    frame[1].num = 0;
    frame[1].den = 0;
    frame[2].num = 1024;
    frame[2].den = 48000;

    rc = ngx_live_hls_fit_part(200000, frame, 3, &target, count, &reason);
    ok(rc == NGX_OK && target == 208334, "a variable rendition is left out");
    ok(count[0] == 5 && count[1] == 0 && count[2] == 9, "frames per part");

    rc = ngx_live_hls_fit_part(200000, frame + 2, 1, &target, count, &reason);
    ok(rc == NGX_OK && target == 200000 && count[0] == 9, "audio alone");

    frame[0].num = 1;
    frame[0].den = 2;
    rc = ngx_live_hls_fit_part(200000, frame, 1, &target, count, &reason);
    ok(rc == NGX_DECLINED && target == 0, "a frame of 500 ms in 200 ms");
    ok(strcmp(reason, "a frame lasts longer than two parts") == 0, "%s",
       reason);

    /* 300 and 360 ms: no multiples within 15 % of each other below 400 ms */

    frame[0].num = 30;
    frame[0].den = 100;
    frame[1].num = 36;
    frame[1].den = 100;
    rc = ngx_live_hls_fit_part(200000, frame, 2, &target, count, &reason);
    ok(rc == NGX_DECLINED && target == 0, "no common multiple");
    ok(strcmp(reason, "no part duration fits whole frames of all renditions")
       == 0, "%s", reason);

    rc = ngx_live_hls_fit_part(0, frame, 2, &target, count, &reason);
    is_int(rc, NGX_DECLINED, "no wish");

    frame[0].den = 0;
    rc = ngx_live_hls_fit_part(200000, frame, 2, &target, count, &reason);
    is_int(rc, NGX_DECLINED, "30/0 is no duration");
}


static void
test_ticks(void)
{
    is_int(ngx_live_hls_fit_ticks(&rates[6], 1), 3000, "30 fps");
    is_int(ngx_live_hls_fit_ticks(&rates[2], 1), 3754, "23.976 fps, rounded");
    is_int(ngx_live_hls_fit_ticks(&rates[2], 4), 15015, "four of them, exact");
    is_int(ngx_live_hls_fit_target_ticks(208334), 18751, "rounded up");
    is_int(ngx_live_hls_fit_target_ticks(200000), 18000, "exact");
}


int
main(int argc, char **argv)
{
    test_measure();
    test_measure_hint();
    test_measure_holes();
    test_part_table();
    test_part_values();
    test_ticks();

    return done_testing();
}
