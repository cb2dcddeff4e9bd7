
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What a receiver keeps of one source: what to report of it (RFC 3550, section
 * 6.4.1 and appendix A), and which packets to ask for again (RFC 4585, section
 * 6.2.1).  Plain data; the clock of all calls is one in microseconds that does
 * not go back, and numbers are extended sequence numbers, as SRTP's index is
 * one.
 */


#ifndef _NGX_LIVE_RTP_RECEIVER_H_INCLUDED_
#define _NGX_LIVE_RTP_RECEIVER_H_INCLUDED_


#include "ngx_live_rtcp.h"


/* packets that are asked for at the same time; if more are missing it is
 * better to ask for a key frame */
#define NGX_LIVE_RTP_MISSING      128

/* how often one is asked for, and how long, microseconds */
#define NGX_LIVE_RTP_NACKS        10
#define NGX_LIVE_RTP_NACK_TIME    1000000

/* the least time between two requests for one packet */
#define NGX_LIVE_RTP_NACK_PAUSE   20000


typedef struct {
    uint64_t                  number;
    int64_t                   since;
    int64_t                   asked;       /* the last time */
    ngx_uint_t                times;
} ngx_live_rtp_missing_t;


typedef struct {
    uint32_t                  rate;        /* Hz, of timestamps */
    uint64_t                  first;       /* number */
    uint64_t                  highest;
    uint64_t                  packets;     /* without those that came twice */
    uint64_t                  octets;      /* of payloads */

    uint64_t                  expected;    /* at the last report */
    uint64_t                  reported;    /* packets, then */

    int64_t                   arrival;     /* of the newest packet */
    uint32_t                  timestamp;   /* its */
    uint32_t                  jitter;      /* 1/16 of timestamp units */

    uint32_t                  lsr;         /* of the last SR, 0: none */
    int64_t                   lsr_time;    /* when it came */

    ngx_uint_t                nmissing;    /* in ascending order */
    ngx_live_rtp_missing_t    missing[NGX_LIVE_RTP_MISSING];

    unsigned                  begun:1;
    unsigned                  lost:1;      /* packets were given up; cleared by
                                              the caller */
} ngx_live_rtp_receiver_t;


void ngx_live_rtp_receiver_init(ngx_live_rtp_receiver_t *r, uint32_t rate);

/*
 * A packet came: NGX_OK, or NGX_DECLINED: it came late, but was missing.  That
 * it did not come before is SRTP's to know.
 */
ngx_int_t ngx_live_rtp_receiver_add(ngx_live_rtp_receiver_t *r,
    uint64_t number, uint32_t timestamp, size_t octets, int64_t now);

/* an SR of this source came */
void ngx_live_rtp_receiver_sr(ngx_live_rtp_receiver_t *r,
    ngx_live_rtcp_sr_t *sr, int64_t now);

/* all but its ssrc; begins the next interval; NGX_DECLINED: nothing came yet */
ngx_int_t ngx_live_rtp_receiver_report(ngx_live_rtp_receiver_t *r,
    ngx_live_rtcp_report_t *report, int64_t now);

/*
 * The numbers to ask for now, n at most, and how many they are.  One is asked
 * for again when a round-trip time (in microseconds) has passed.
 */
ngx_uint_t ngx_live_rtp_receiver_nack(ngx_live_rtp_receiver_t *r,
    uint16_t *seqs, ngx_uint_t n, int64_t rtt, int64_t now);


/*
 * A sender's round-trip time from a report block, in microseconds; ntp is the
 * sender's clock now, in the format of an SR.  -1: the block has none.
 */
int64_t ngx_live_rtp_round_trip(ngx_live_rtcp_report_t *report, uint64_t ntp);


#endif /* _NGX_LIVE_RTP_RECEIVER_H_INCLUDED_ */
