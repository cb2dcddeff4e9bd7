
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtp_receiver.h"


static void ngx_live_rtp_receiver_jitter(ngx_live_rtp_receiver_t *r,
    uint32_t timestamp, int64_t now);
static void ngx_live_rtp_receiver_gap(ngx_live_rtp_receiver_t *r,
    uint64_t number, int64_t now);
static void ngx_live_rtp_receiver_forget(ngx_live_rtp_receiver_t *r,
    ngx_uint_t n);


void
ngx_live_rtp_receiver_init(ngx_live_rtp_receiver_t *r, uint32_t rate)
{
    ngx_memzero(r, sizeof(ngx_live_rtp_receiver_t));

    r->rate = rate;
}


ngx_int_t
ngx_live_rtp_receiver_add(ngx_live_rtp_receiver_t *r, uint64_t number,
    uint32_t timestamp, size_t octets, int64_t now)
{
    ngx_uint_t  i;

    r->packets++;
    r->octets += octets;

    if (!r->begun) {
        r->begun = 1;
        r->first = number;
        r->highest = number;
        r->arrival = now;
        r->timestamp = timestamp;

        return NGX_OK;
    }

    if (number > r->highest) {
        ngx_live_rtp_receiver_jitter(r, timestamp, now);
        ngx_live_rtp_receiver_gap(r, number, now);

        r->highest = number;

        return NGX_OK;
    }

    r->first = ngx_min(r->first, number);

    for (i = 0; i < r->nmissing; i++) {
        if (r->missing[i].number == number) {
            r->nmissing--;
            ngx_memmove(&r->missing[i], &r->missing[i + 1],
                        (r->nmissing - i) * sizeof(ngx_live_rtp_missing_t));
            break;
        }
    }

    return NGX_DECLINED;
}


/*
 * RFC 3550, A.8, of packets in order: one that was sent again would tell of
 * the loss
 */

static void
ngx_live_rtp_receiver_jitter(ngx_live_rtp_receiver_t *r, uint32_t timestamp,
    int64_t now)
{
    int64_t  d;

    d = (now - r->arrival) * r->rate / 1000000
        - (int32_t) (timestamp - r->timestamp);

    if (d < 0) {
        d = -d;
    }

    /* a pause of the source is no jitter */

    if (d < (int64_t) r->rate * 5) {
        r->jitter += (uint32_t) d - ((r->jitter + 8) >> 4);
    }

    r->arrival = now;
    r->timestamp = timestamp;
}


static void
ngx_live_rtp_receiver_gap(ngx_live_rtp_receiver_t *r, uint64_t number,
    int64_t now)
{
    uint64_t                 i, n;
    ngx_live_rtp_missing_t  *m;

    n = number - r->highest - 1;

    if (n == 0) {
        return;
    }

    if (n > NGX_LIVE_RTP_MISSING) {
        r->nmissing = 0;
        r->lost = 1;
        return;
    }

    if (r->nmissing + n > NGX_LIVE_RTP_MISSING) {
        ngx_live_rtp_receiver_forget(r, r->nmissing + n
                                        - NGX_LIVE_RTP_MISSING);
    }

    for (i = 0; i < n; i++) {
        m = &r->missing[r->nmissing++];

        m->number = r->highest + 1 + i;
        m->since = now;
        m->asked = 0;
        m->times = 0;
    }
}


/* the n oldest are given up */

static void
ngx_live_rtp_receiver_forget(ngx_live_rtp_receiver_t *r, ngx_uint_t n)
{
    if (n == 0) {
        return;
    }

    r->nmissing -= n;
    r->lost = 1;

    ngx_memmove(&r->missing[0], &r->missing[n],
                r->nmissing * sizeof(ngx_live_rtp_missing_t));
}


ngx_uint_t
ngx_live_rtp_receiver_nack(ngx_live_rtp_receiver_t *r, uint16_t *seqs,
    ngx_uint_t n, int64_t rtt, int64_t now)
{
    int64_t                  pause;
    ngx_uint_t               i, k, old;
    ngx_live_rtp_missing_t  *m;

    pause = ngx_max(rtt, NGX_LIVE_RTP_NACK_PAUSE);

    /* the oldest stand first, but may have been asked for less often */

    old = 0;

    for (i = 0; i < r->nmissing; i++) {
        m = &r->missing[i];

        if (now - m->since < NGX_LIVE_RTP_NACK_TIME
            && (m->times < NGX_LIVE_RTP_NACKS || now - m->asked < pause))
        {
            break;
        }

        old++;
    }

    ngx_live_rtp_receiver_forget(r, old);

    k = 0;

    for (i = 0; i < r->nmissing && k < n; i++) {
        m = &r->missing[i];

        if (m->times && (now - m->asked < pause
                         || m->times == NGX_LIVE_RTP_NACKS))
        {
            continue;
        }

        m->asked = now;
        m->times++;

        seqs[k++] = (uint16_t) m->number;
    }

    return k;
}


void
ngx_live_rtp_receiver_sr(ngx_live_rtp_receiver_t *r, ngx_live_rtcp_sr_t *sr,
    int64_t now)
{
    r->lsr = (uint32_t) (sr->ntp >> 16);
    r->lsr_time = now;
}


/* A.3 */

ngx_int_t
ngx_live_rtp_receiver_report(ngx_live_rtp_receiver_t *r,
    ngx_live_rtcp_report_t *report, int64_t now)
{
    int64_t   lost;
    uint64_t  expected, came;

    if (!r->begun) {
        return NGX_DECLINED;
    }

    expected = r->highest - r->first + 1;
    lost = (int64_t) (expected - r->packets);

    report->lost = (int32_t) ngx_max(ngx_min(lost, 0x7fffff), -0x800000);
    report->highest = (uint32_t) r->highest;
    report->jitter = r->jitter >> 4;
    report->lsr = r->lsr;
    report->dlsr = 0;
    report->fraction = 0;

    if (r->lsr) {
        report->dlsr = (uint32_t) ((now - r->lsr_time) * 65536 / 1000000);
    }

    came = r->packets - r->reported;

    if (expected > r->expected && expected - r->expected > came) {
        report->fraction = (expected - r->expected - came) * 256
                           / (expected - r->expected);
        report->fraction = ngx_min(report->fraction, 255);
    }

    r->expected = expected;
    r->reported = r->packets;

    return NGX_OK;
}


int64_t
ngx_live_rtp_round_trip(ngx_live_rtcp_report_t *report, uint64_t ntp)
{
    int32_t  rtt;

    if (report->lsr == 0) {
        return -1;
    }

    /* 1/65536 s, modulo 18 hours; clocks that are read twice may go back */

    rtt = (int32_t) ((uint32_t) (ntp >> 16) - report->lsr - report->dlsr);

    return rtt < 0 ? 0 : (int64_t) rtt * 1000000 / 65536;
}
