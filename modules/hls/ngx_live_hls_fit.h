
/*
 * Copyright (C) nginx-live authors
 */


/*
 * How long a frame lasts and how long a part may be.
 *
 * A frame duration is a ratio in seconds, num/den: 1001/30000, 1024/48000.
 * 0/0 stands for a duration that varies or is not known.
 */


#ifndef _NGX_LIVE_HLS_FIT_H_INCLUDED_
#define _NGX_LIVE_HLS_FIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_HLS_TICKS         90000

/* what a timestamp has been rounded to, in ticks */
#define NGX_LIVE_HLS_ROUND_MS      90
#define NGX_LIVE_HLS_ROUND_TICK    1

/* frames that a measurement needs, and looks at */
#define NGX_LIVE_HLS_MEASURE_MIN   5
#define NGX_LIVE_HLS_MEASURE_MAX   600

#define NGX_LIVE_HLS_FIT_MAX       16


typedef struct {
    uint32_t                  num;
    uint32_t                  den;
} ngx_live_hls_ratio_t;


/*
 * Measures the frame duration from DTS values in ticks, in decoding order,
 * each of them rounded or truncated to a multiple of round.  A few missing
 * frames do no harm.  hint is the rate that the encoder or the bitstream
 * claims, as a frame duration, or NULL; it only decides between rates which
 * all explain the values.  Half a second of frames tells 30 from 29.97 in
 * most cases, a second in all.
 *
 * NGX_OK        *frame is the nominal frame duration
 * NGX_AGAIN     fewer than NGX_LIVE_HLS_MEASURE_MIN frames
 * NGX_DECLINED  no constant rate explains the values, *frame is 0/0 and
 *               *reason says why
 */
ngx_int_t ngx_live_hls_fit_measure(const int64_t *dts, ngx_uint_t n,
    int64_t round, const ngx_live_hls_ratio_t *hint,
    ngx_live_hls_ratio_t *frame, const char **reason);


/*
 * Fits PART-TARGET: the smallest value from part up to twice part, all in
 * microseconds, such that a whole number of frames of every rendition fills
 * 85 to 100 % of it (draft-pantos-hls-rfc8216bis, 4.4.4.9).  It is rounded
 * up to the microsecond, so that what is printed is never below the truth.
 * frame has n elements (1 to NGX_LIVE_HLS_FIT_MAX), one for each rendition
 * that counts; those of varying duration, 0/0, are left out of the
 * reckoning.  count, of n elements, receives the frames per part, 0 for
 * those left out.
 *
 * NGX_OK        *target is PART-TARGET
 * NGX_DECLINED  there is none: plain HLS; *reason says why, *target is 0
 */
ngx_int_t ngx_live_hls_fit_part(uint32_t part,
    const ngx_live_hls_ratio_t *frame, ngx_uint_t n, uint32_t *target,
    ngx_uint_t *count, const char **reason);


/* a duration of n frames in ticks, rounded to the nearest */
int64_t ngx_live_hls_fit_ticks(const ngx_live_hls_ratio_t *frame,
    ngx_uint_t n);

/* PART-TARGET in ticks, rounded up: what the cutter compares with */
int64_t ngx_live_hls_fit_target_ticks(uint32_t target);


#endif /* _NGX_LIVE_HLS_FIT_H_INCLUDED_ */
