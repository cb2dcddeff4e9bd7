
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the grid that timestamps are put on. */


#include <ngx_unit.h>
#include <ngx_live_hls_grid.h>


static const ngx_live_hls_ratio_t  fps30 = { 1, 30 };
static const ngx_live_hls_ratio_t  fps23 = { 1001, 24000 };
static const ngx_live_hls_ratio_t  aac48 = { 1024, 48000 };
static const ngx_live_hls_ratio_t  aac44 = { 1024, 44100 };
static const ngx_live_hls_ratio_t  none = { 0, 0 };


/* the nth frame's time in ticks, truncated to milliseconds */

static int64_t
stamp(const ngx_live_hls_ratio_t *r, int64_t n)
{
    return n * r->num * 1000 / r->den * 90;
}


static void
test_exact(const ngx_live_hls_ratio_t *r, ngx_uint_t audio, const char *name)
{
    int64_t              n, out, last, low, high, d, exact, worst;
    ngx_uint_t           rc, bad;
    ngx_live_hls_grid_t  g;

    ngx_live_hls_grid_init(&g, r, audio);

    last = 0;
    bad = 0;
    worst = 0;
    low = INT64_MAX;
    high = 0;

    /* three hours of frames */

    for (n = 0; n < (int64_t) 10800 * r->den / r->num; n++) {

        rc = ngx_live_hls_grid_next(&g, 900000 + stamp(r, n), n % 100 == 0,
                                    &out);

        exact = 900000 + n * r->num * 90000 / r->den;
        worst = ngx_max(worst, ngx_abs(out - exact));
        bad += (rc != NGX_LIVE_HLS_GRID_OK);

        if (n) {
            d = out - last;
            low = ngx_min(low, d);
            high = ngx_max(high, d);
        }

        last = out;
    }

    is_int(bad, 0, "%s: never off the grid", name);
    is_int(worst, 0, "%s: no drift in three hours", name);
    is_int(low, (int64_t) r->num * 90000 / r->den, "%s: shortest", name);
    ok(high - low <= 1, "%s: durations differ by a tick at most", name);
}


static void
test_missing(void)
{
    int64_t              n, out, bad;
    ngx_live_hls_grid_t  g;

    ngx_live_hls_grid_init(&g, &fps30, 0);
    bad = 0;

    for (n = 0; n < 1000; n++) {
        if (n % 50 == 7 || n % 50 == 8 || n % 33 == 0) {
            continue;
        }

        bad += (ngx_live_hls_grid_next(&g, stamp(&fps30, n), 0, &out) != 0);

        /* the first frame that came was frame 1 */

        bad += ngx_abs(out - (n - 1) * 3000 - stamp(&fps30, 1)) > 0;
    }

    is_int(bad, 0, "a missing frame leaves its place empty");
    is_int(ngx_live_hls_grid_duration(&g), 3000, "what is expected next");

    out = 0;
    is_int(ngx_live_hls_grid_next(&g, stamp(&fps30, 1025), 0, &out), 0,
           "a hole of 26 frames is less than a second");
    is_int(out, 1024 * 3000 + stamp(&fps30, 1), "and stays on the grid");

    is_int(ngx_live_hls_grid_next(&g, stamp(&fps30, 1060), 0, &out),
           NGX_LIVE_HLS_GRID_BREAK, "a hole of 35 is a discontinuity");
    is_int(out, stamp(&fps30, 1060), "which is where it was said to be");

    is_int(ngx_live_hls_grid_next(&g, 90000, 0, &out),
           NGX_LIVE_HLS_GRID_BREAK, "so is a jump back");
    is_int(out, 90000, "to there");

    ngx_live_hls_grid_reset(&g);
    is_int(ngx_live_hls_grid_next(&g, 9000000, 0, &out),
           NGX_LIVE_HLS_GRID_OK, "a reset expects nothing");
    is_int(out, 9000000, "and takes any time");
}


/* an encoder whose clock is off by parts per million; a jitter of +-4 ms */

static void
test_slew(int64_t ppm)
{
    int64_t              n, in, out, last, error, irregular, worst;
    ngx_uint_t           bad;
    ngx_live_hls_grid_t  g;

    static const int64_t  jitter[] = { 0, 360, -270, 90, -360, 180, 0 };

    ngx_live_hls_grid_init(&g, &fps30, 0);

    last = -1;
    bad = 0;
    worst = 0;
    irregular = 0;

    for (n = 0; n < 108000; n++) {

        in = n * 3000 + n * 3 * ppm / 1000 + jitter[n % 7];

        bad += (ngx_live_hls_grid_next(&g, in, n % 60 == 0, &out) != 0);
        bad += (out <= last);

        error = out - in;
        worst = ngx_max(worst, ngx_abs(error));

        if (n && out - last != 3000) {
            irregular++;
            bad += (n % 60 != 0);
        }

        last = out;
    }

    is_int(bad, 0, "%d ppm: monotonic, corrected at anchors only", (int) ppm);
    ok(worst < 1500, "%d ppm: at most %d ticks away", (int) ppm, (int) worst);
    ok(irregular <= 108000 / 60, "%d ppm: %d corrections", (int) ppm,
       (int) irregular);

    if (ppm == 0) {
        is_int(irregular, 0, "without drift there is no correction");
    }
}


static void
test_left(void)
{
    int64_t              n, in, out, last;
    ngx_uint_t           rc, left, bad, late;
    ngx_live_hls_grid_t  g;

    ngx_live_hls_grid_init(&g, &fps30, 0);

    in = 0;
    last = -1;
    left = 0;
    bad = 0;
    late = 0;

    /* 30 fps becomes 60 */

    for (n = 0; n < 600; n++) {
        in += (n < 300) ? 3000 : 1500;

        rc = ngx_live_hls_grid_next(&g, in, n % 60 == 0, &out);

        left += (rc == NGX_LIVE_HLS_GRID_LEFT);
        bad += (out <= last || rc == NGX_LIVE_HLS_GRID_BREAK);
        late = (n >= 400 && out != in);
        last = out;
    }

    is_int(left, 1, "a doubled rate leaves the grid, once");
    is_int(bad, 0, "without a step back");
    is_int(late, 0, "and time is what it was said to be, soon");
    is_int(ngx_live_hls_grid_duration(&g), 1500, "next is as long as last");

    /* half of the frames: their places stay empty */

    ngx_live_hls_grid_init(&g, &fps30, 0);
    bad = 0;

    for (n = 0; n < 100; n++) {
        bad += (ngx_live_hls_grid_next(&g, n * 6000, 0, &out) != 0);
        bad += (out != n * 6000);
    }

    is_int(bad, 0, "a halved rate is on the grid");

    /* no rate at all */

    ngx_live_hls_grid_init(&g, &none, 0);
    in = 0;
    bad = 0;
    last = -1;

    for (n = 0; n < 100; n++) {
        in += 900 + n * n * 31 % 4500;
        bad += (ngx_live_hls_grid_next(&g, in, 0, &out) != 0);
        bad += (out <= last || out < in || out > in + 90);
        last = out;
    }

    is_int(bad, 0, "a loose track hands timestamps through");
    ngx_live_hls_grid_next(&g, in, 0, &out);
    is_int(out, last + 1, "a timestamp that is repeated is one tick later");
}


static void
test_audio(void)
{
    int64_t              n, in, out, last;
    ngx_uint_t           rc, bad, resync, breaks, left;
    ngx_live_hls_grid_t  g;

    ngx_live_hls_grid_init(&g, &aac48, 1);
    bad = 0;

    /* +-30 ms of jitter */

    for (n = 0; n < 5000; n++) {
        in = 90000 + n * 1920 + (n * 7919 % 61 - 30) * 90;

        if (n == 0) {
            in = 90000;
        }

        bad += (ngx_live_hls_grid_next(&g, in, 0, &out) != 0);
        bad += (out != 90000 + n * 1920);
    }

    is_int(bad, 0, "samples are counted, jitter is not followed");

    in = out + 1920 + 9000;
    is_int(ngx_live_hls_grid_next(&g, in, 0, &out), NGX_LIVE_HLS_GRID_OK,
           "100 ms are not followed");
    is_int(out, in - 9000, "and change nothing");

    in = out + 1920 + 9090;
    is_int(ngx_live_hls_grid_next(&g, in, 0, &out), NGX_LIVE_HLS_GRID_RESYNC,
           "101 ms are a gap");
    is_int(out, in, "which is followed");

    in = out + 1920 - 9090;
    is_int(ngx_live_hls_grid_next(&g, in, 0, &out), NGX_LIVE_HLS_GRID_BREAK,
           "101 ms too early are a discontinuity");
    is_int(out, in, "at the time that was said");

    in = out + 90001;
    is_int(ngx_live_hls_grid_next(&g, in, 0, &out), NGX_LIVE_HLS_GRID_BREAK,
           "so is a gap of more than a second");

    /* a clock that drifts by 100 ppm, for an hour: 360 ms */

    ngx_live_hls_grid_init(&g, &aac44, 1);
    bad = 0;
    last = -1;

    for (n = 0; n < 155000; n++) {
        in = n * 1024 * 90000 / 44100;
        in = (in + in / 10000) / 90 * 90;

        bad += (ngx_live_hls_grid_next(&g, in, 0, &out) != 0);
        bad += (out <= last || ngx_abs(out - in) > 3600);
        last = out;
    }

    is_int(bad, 0, "a slow drift is followed within 40 ms, without gaps");

    /* frames of 2048 samples that claim to be 1024, and the other way round */

    ngx_live_hls_grid_init(&g, &aac48, 1);
    resync = breaks = left = 0;

    for (n = 0; n < 500; n++) {
        rc = ngx_live_hls_grid_next(&g, n * 3840, 0, &out);
        resync += (rc == NGX_LIVE_HLS_GRID_RESYNC);
        left += (rc == NGX_LIVE_HLS_GRID_LEFT);
    }

    ok(left == 1 && resync <= 2 && out == 499 * 3840,
       "frames twice as long are found out");

    ngx_live_hls_grid_init(&g, &aac48, 1);
    left = 0;

    for (n = 0; n < 500; n++) {
        rc = ngx_live_hls_grid_next(&g, n * 960, 0, &out);
        breaks += (rc == NGX_LIVE_HLS_GRID_BREAK);
        left += (rc == NGX_LIVE_HLS_GRID_LEFT);
    }

    ok(left == 1 && breaks <= 2 && out == 499 * 960,
       "so are frames half as long");
}


int
main(int argc, char **argv)
{
    test_exact(&fps30, 0, "30 fps");
    test_exact(&fps23, 0, "23.976 fps");
    test_exact(&aac48, 1, "48 kHz");
    test_exact(&aac44, 1, "44.1 kHz");

    test_missing();
    test_slew(0);
    test_slew(50);
    test_slew(-50);
    test_slew(1000);
    test_slew(-1000);
    test_left();
    test_audio();

    return done_testing();
}
