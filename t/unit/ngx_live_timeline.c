
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_unit.h"
#include "ngx_live_timeline.h"


#define MS     90
#define VIDEO  0
#define AUDIO  1


static ngx_live_timeline_t  tl;
static ngx_live_time_t      out;
static int64_t              now;


static void
begin(void)
{
    ngx_memzero(&tl, sizeof(ngx_live_timeline_t));
    ngx_live_timeline_restart(&tl);
    now = 1000000;
}


static ngx_uint_t
map(ngx_uint_t track, uint32_t ms)
{
    return ngx_live_timeline_map(&tl, track, ms, now, &out);
}


static void
test_start(void)
{
    begin();

    is_int(map(VIDEO, 5000000), 0, "a start needs no repair");
    is_int(out, 0, "a stream starts at 0");

    is_int(map(AUDIO, 5000010), 0, "audio shares the clock");
    is_int(out, 10 * MS, "audio is 10 ms behind");

    is_int(map(VIDEO, 5000033), 0, "next frame");
    is_int(out, 33 * MS, "33 ms");
}


static void
test_wrap(void)
{
    begin();

    map(VIDEO, 0xffffffff - 39);
    map(AUDIO, 0xffffffff - 29);

    now += 50;

    is_int(map(VIDEO, 10), NGX_LIVE_TIMELINE_WRAP, "video wraps");
    is_int(out, 50 * MS, "time goes on over the wrap");

    is_int(map(AUDIO, 13), NGX_LIVE_TIMELINE_WRAP, "audio wraps");
    is_int(out, 53 * MS, "audio goes on over the wrap");

    is_int(tl.wraps, 2, "wraps are counted");
    is_int(tl.jumps_back, 0, "a wrap is no jump");
}


static void
test_wrap_before_audio(void)
{
    begin();

    map(VIDEO, 0xffffffff - 39);
    now += 50;
    map(VIDEO, 10);

    is_int(map(AUDIO, 12), 0, "audio that starts after the wrap");
    is_int(out, 52 * MS, "is where video is");
}


static void
test_jump(int64_t by)
{
    uint32_t  base;

    begin();

    base = 3600000;

    map(VIDEO, base);
    map(AUDIO, base + 5);

    now += 40;
    map(VIDEO, base + 40);
    map(AUDIO, base + 45);

    now += 100;
    base += by;

    is_int(map(VIDEO, base + 80),
           by > 0 ? NGX_LIVE_TIMELINE_FORWARD : NGX_LIVE_TIMELINE_BACK,
           "video jumps by %ld ms", (long) by);
    ok(out >= 145 * MS && out <= 245 * MS,
       "time goes on by what has passed: %ld", (long) (out / MS));

    is_int(map(AUDIO, base + 85),
           by > 0 ? NGX_LIVE_TIMELINE_FORWARD : NGX_LIVE_TIMELINE_BACK,
           "audio jumps too");
    is_int(out - tl.tracks[VIDEO].out, 5 * MS, "and stays with video");

    now += 40;
    is_int(map(VIDEO, base + 120), 0, "afterwards nothing is repaired");
    is_int(out - tl.tracks[AUDIO].out, 35 * MS, "distances are the input's");

    is_int(tl.jumps_forward + tl.jumps_back, 2, "jumps are counted");
}


static void
test_jump_of_one_track(void)
{
    ngx_uint_t  i;

    begin();

    map(VIDEO, 0);
    map(AUDIO, 0);

    for (i = 1; i < 10; i++) {
        now += 40;
        map(VIDEO, i * 40);
        map(AUDIO, 600000 + i * 40);

        ok(out >= (int64_t) (i * 40 - 40) * MS
           && out < (int64_t) (i * 40 + 400) * MS,
           "audio that alone jumps ten minutes stays near video");

        is_int(tl.tracks[VIDEO].out, i * 40 * MS, "video is left alone");
    }

    is_int(tl.jumps_forward, 1, "one jump");
}


static void
test_late_audio(void)
{
    begin();

    map(VIDEO, 0);
    now += 5000;
    map(VIDEO, 2000);
    map(VIDEO, 4000);
    map(VIDEO, 5000);

    is_int(map(AUDIO, 5010), 0, "audio that starts late shares the clock");
    is_int(out, 5010 * MS, "late audio");

    begin();

    map(VIDEO, 1000);
    now += 5000;
    map(VIDEO, 3500);
    map(VIDEO, 6000);

    is_int(map(AUDIO, 900000), NGX_LIVE_TIMELINE_LATE,
           "late audio with a clock of its own");
    is_int(out, 5000 * MS, "is set to the time of arrival");
    is_int(tl.late, 1, "and counted");
}


static void
test_monotonic(void)
{
    int64_t  last;

    begin();

    map(VIDEO, 0);
    map(VIDEO, 40);
    last = out;

    is_int(map(VIDEO, 40), NGX_LIVE_TIMELINE_MONO, "the same time twice");
    ok(out > last, "time of a track increases strictly");
    last = out;

    is_int(map(VIDEO, 20), NGX_LIVE_TIMELINE_MONO, "20 ms back");
    ok(out > last, "time of a track increases still");

    is_int(map(VIDEO, 80), 0, "80 ms");
    is_int(out, 80 * MS, "no drift is left behind");

    is_int(tl.nonmonotonic, 2, "both are counted");
}


static void
test_restart(void)
{
    begin();

    map(VIDEO, 100);
    map(AUDIO, 100);
    now += 40;
    map(VIDEO, 140);

    now += 3000;
    ngx_live_timeline_restart(&tl);

    is_int(map(VIDEO, 0), NGX_LIVE_TIMELINE_RESTART, "a new publisher");
    is_int(out, (40 + 3000) * MS, "continues by the wall clock");

    is_int(map(AUDIO, 0), 0, "its audio");
    is_int(out, (40 + 3000) * MS, "is with its video");

    is_int(tl.restarts, 1, "restarts are counted");
}


static void
test_random(void)
{
    uint32_t    seed, ms;
    ngx_uint_t  i, track;
    int64_t     last[2];

    begin();

    seed = 1;
    last[0] = last[1] = -1;

    for (i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        track = (seed >> 16) & 1;
        ms = seed ^ (seed << 7);

        if (i % 3) {
            ms = i * 20;
        }

        now += 20;
        map(track, ms);

        if (out <= last[track]) {
            ok(0, "time of track %d went back at %d", (int) track, (int) i);
            return;
        }

        last[track] = out;
    }

    ok(1, "whatever comes in, time increases");

    ok(last[0] < (int64_t) (now - 1000000) * MS * 20, "and stays bounded");
}


int
main(void)
{
    test_start();
    test_wrap();
    test_wrap_before_audio();
    test_jump(600000);
    test_jump(-600000);
    test_jump(-3600000);
    test_jump_of_one_track();
    test_late_audio();
    test_monotonic();
    test_restart();
    test_random();

    return done_testing();
}
