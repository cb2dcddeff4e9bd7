
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the time of RTP's sources. */


#include <ngx_unit.h>
#include <ngx_live_rtp_clock.h>


static void test_time(void);
static void test_wrap(void);
static void test_skew(void);


static ngx_live_rtp_clock_t  audio;
static ngx_live_rtp_clock_t  video;


int
main(void)
{
    test_time();
    test_wrap();
    test_skew();

    return done_testing();
}


static void
test_time(void)
{
    ngx_live_rtp_clock_init(&audio, 48000);

    is_int(ngx_live_rtp_clock_time(&audio, 1000, 5000), 5000, "the first");
    is_int(ngx_live_rtp_clock_time(&audio, 1960, 99), 6800, "20 ms behind");
    is_int(ngx_live_rtp_clock_time(&audio, 40, 99), 3200, "before the first");
    is_int(ngx_live_rtp_clock_time(&audio, 2920, 99), 8600, "goes on");
    is_int(ngx_live_rtp_clock_timestamp(&audio, 8600), 2920, "and back");
    is_int(ngx_live_rtp_clock_timestamp(&audio, 5000 + 90000), 49000,
           "what is to come");
    is_int(ngx_live_rtp_clock_timestamp(&audio, 5000 - 90000),
           (uint32_t) (1000 - 48000), "and before the first");
}


/* some rounds of 2^32 */

static void
test_wrap(void)
{
    uint64_t    t;
    ngx_uint_t  wrong;

    wrong = 0;
    ngx_live_rtp_clock_init(&video, 90000);

    for (t = 0xfffff000; t < (uint64_t) 1 << 34; t += 0x10000001) {
        if (ngx_live_rtp_clock_time(&video, (uint32_t) t, 0)
            != (int64_t) (t - 0xfffff000))
        {
            wrong++;
        }
    }

    is_int(wrong, 0, "timestamps wrap");
}


static void
test_skew(void)
{
    ngx_live_time_t     skew;
    ngx_live_rtcp_sr_t  sr;

    ngx_memzero(&sr, sizeof(sr));

    ngx_live_rtp_clock_init(&audio, 48000);
    ngx_live_rtp_clock_init(&video, 90000);

    ngx_live_rtp_clock_sr(&video, &sr);
    is_int(ngx_live_rtp_clock_skew(&audio, &video, &skew), NGX_DECLINED,
           "no packets yet");

    /* video of 3.5 s comes 100 ms after audio of 3.5 s */

    (void) ngx_live_rtp_clock_time(&audio, 0xfffffff0, 10000);
    (void) ngx_live_rtp_clock_time(&video, 500, 19000);

    is_int(ngx_live_rtp_clock_skew(&audio, &video, &skew), NGX_DECLINED,
           "no reports yet");

    sr.ntp = ((uint64_t) 0xee000003 << 32) + 0x80000000;
    sr.timestamp = 0xfffffff0;
    ngx_live_rtp_clock_sr(&audio, &sr);

    sr.ntp = (uint64_t) 0xee000005 << 32;
    sr.timestamp = 500 + 135000;
    ngx_live_rtp_clock_sr(&video, &sr);

    is_int(ngx_live_rtp_clock_skew(&audio, &video, &skew), NGX_OK, "skew");
    is_int(skew, -9000, "video has to be 100 ms earlier");

    video.base += skew;
    is_int(ngx_live_rtp_clock_time(&video, 500, 0), 10000, "it is now");
    is_int(ngx_live_rtp_clock_skew(&audio, &video, &skew), NGX_OK, "skew");
    is_int(skew, 0, "is none any more");
}
