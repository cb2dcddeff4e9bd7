
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Media time: a signed 64-bit count of 1/90000 s ("ticks"), in which whole
 * milliseconds and the frame times of all usual frame rates are exact, or
 * nearly so, and which does not wrap.
 */


#ifndef _NGX_LIVE_TIME_H_INCLUDED_
#define _NGX_LIVE_TIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef int64_t  ngx_live_time_t;


#define NGX_LIVE_TIMESCALE        90000
#define NGX_LIVE_TICKS_PER_MS     90

/* "2038-01-19T03:14:07.999Z", without a terminating zero */
#define NGX_LIVE_ISO8601_LEN      24


/*
 * value * to / from, rounded to the nearest, halves away from zero; what
 * does not fit becomes INT64_MIN or INT64_MAX; from is not zero
 */
int64_t ngx_live_rescale(int64_t value, uint32_t from, uint32_t to);

/*
 * Writes NGX_LIVE_ISO8601_LEN bytes, UTC, and returns the place behind them;
 * times before 1970 and behind 9999 are written as the nearest of these.
 */
u_char *ngx_live_iso8601(u_char *buf, int64_t ms);


/* ms is of any sign; the caller's milliseconds are far from 2^63 / 90 */

static ngx_inline ngx_live_time_t
ngx_live_ms_to_ticks(int64_t ms)
{
    return ms * NGX_LIVE_TICKS_PER_MS;
}


static ngx_inline int64_t
ngx_live_ticks_to_ms(ngx_live_time_t ticks)
{
    return ngx_live_rescale(ticks, NGX_LIVE_TIMESCALE, 1000);
}


#endif /* _NGX_LIVE_TIME_H_INCLUDED_ */
