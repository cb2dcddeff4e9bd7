
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtp_clock.h"


static ngx_live_time_t ngx_live_rtp_clock_of(ngx_live_rtp_clock_t *c,
    int64_t units);
static ngx_live_time_t ngx_live_rtp_clock_zero(ngx_live_rtp_clock_t *c);


void
ngx_live_rtp_clock_init(ngx_live_rtp_clock_t *c, uint32_t rate)
{
    ngx_memzero(c, sizeof(ngx_live_rtp_clock_t));

    c->rate = rate;
}


static ngx_live_time_t
ngx_live_rtp_clock_of(ngx_live_rtp_clock_t *c, int64_t units)
{
    return c->base + ngx_live_rescale(units, c->rate, NGX_LIVE_TIMESCALE);
}


ngx_live_time_t
ngx_live_rtp_clock_time(ngx_live_rtp_clock_t *c, uint32_t timestamp,
    ngx_live_time_t now)
{
    int64_t  units;

    if (!c->begun) {
        c->begun = 1;
        c->timestamp = timestamp;
        c->base = now;

        return now;
    }

    units = c->units + (int32_t) (timestamp - c->timestamp);

    if (units > c->units) {
        c->units = units;
        c->timestamp = timestamp;
    }

    return ngx_live_rtp_clock_of(c, units);
}


void
ngx_live_rtp_clock_sr(ngx_live_rtp_clock_t *c, ngx_live_rtcp_sr_t *sr)
{
    if (!c->begun) {
        return;
    }

    c->reported = 1;
    c->ntp = sr->ntp;
    c->sr_units = c->units + (int32_t) (sr->timestamp - c->timestamp);
}


/* the time at the sender's clock 0, modulo its 2^32 seconds */

static ngx_live_time_t
ngx_live_rtp_clock_zero(ngx_live_rtp_clock_t *c)
{
    int64_t   seconds;
    uint64_t  fraction;

    seconds = (int64_t) (c->ntp >> 32);
    fraction = (c->ntp & 0xffffffff) * NGX_LIVE_TIMESCALE;

    return ngx_live_rtp_clock_of(c, c->sr_units)
           - seconds * NGX_LIVE_TIMESCALE - (int64_t) (fraction >> 32);
}


ngx_int_t
ngx_live_rtp_clock_skew(ngx_live_rtp_clock_t *first,
    ngx_live_rtp_clock_t *second, ngx_live_time_t *skew)
{
    if (!first->reported || !second->reported) {
        return NGX_DECLINED;
    }

    *skew = ngx_live_rtp_clock_zero(first) - ngx_live_rtp_clock_zero(second);

    return NGX_OK;
}


uint32_t
ngx_live_rtp_clock_timestamp(ngx_live_rtp_clock_t *c, ngx_live_time_t time)
{
    int64_t  units;

    units = ngx_live_rescale(time - c->base, NGX_LIVE_TIMESCALE, c->rate);

    return c->timestamp + (uint32_t) (units - c->units);
}
