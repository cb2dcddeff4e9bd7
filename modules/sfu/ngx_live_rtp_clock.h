
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The time of a source: RTP timestamps, which begin anywhere and wrap, become
 * ticks of one time for all tracks of a sender.  Its reports say which of its
 * timestamps belong together (RFC 3550, section 6.4.1).
 */


#ifndef _NGX_LIVE_RTP_CLOCK_H_INCLUDED_
#define _NGX_LIVE_RTP_CLOCK_H_INCLUDED_


#include "ngx_live_rtcp.h"
#include "ngx_live_time.h"


typedef struct {
    uint32_t                  rate;        /* Hz, of timestamps */
    uint32_t                  timestamp;   /* the newest */
    int64_t                   units;       /* its, since the first one */
    ngx_live_time_t           base;        /* of the first one */

    uint64_t                  ntp;         /* of the last SR */
    int64_t                   sr_units;
    unsigned                  begun:1;
    unsigned                  reported:1;  /* an SR came */
} ngx_live_rtp_clock_t;


void ngx_live_rtp_clock_init(ngx_live_rtp_clock_t *c, uint32_t rate);

/*
 * The time of a timestamp, which may be older than others that came.  The
 * first one's is "now": packets of several tracks that come at the same time
 * are from about the same time.
 */
ngx_live_time_t ngx_live_rtp_clock_time(ngx_live_rtp_clock_t *c,
    uint32_t timestamp, ngx_live_time_t now);

/* an SR of the source; without effect before its first packet */
void ngx_live_rtp_clock_sr(ngx_live_rtp_clock_t *c, ngx_live_rtcp_sr_t *sr);

/*
 * How far the second clock is behind the first one: what its base has to be
 * raised by, so that both tracks are in step.  NGX_DECLINED: an SR is missing.
 */
ngx_int_t ngx_live_rtp_clock_skew(ngx_live_rtp_clock_t *first,
    ngx_live_rtp_clock_t *second, ngx_live_time_t *skew);

/* the timestamp at a time, by which an SR for others is made */
uint32_t ngx_live_rtp_clock_timestamp(ngx_live_rtp_clock_t *c,
    ngx_live_time_t time);


#endif /* _NGX_LIVE_RTP_CLOCK_H_INCLUDED_ */
