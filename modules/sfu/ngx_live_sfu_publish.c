
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A publisher: its packets go into the rings of packets as they come, and,
 * put in order, into the ring of frames.
 */


#include "ngx_live_sfu_publish.h"
#include "ngx_live_rtcp.h"


#define NGX_LIVE_SFU_NVIDEO      4096     /* packets that are kept, */
#define NGX_LIVE_SFU_NAUDIO      256
#define NGX_LIVE_SFU_WINDOW      2000     /* ms, and for how long */

/* ms: how long frames wait for a packet, and when it is asked for again */
#define NGX_LIVE_SFU_GAP         200
#define NGX_LIVE_SFU_NACK        30
#define NGX_LIVE_SFU_NACK_MAX    64       /* packets at a time */

/*
 * ms: a browser sends a key frame when it is asked to; segments of HLS and new
 * players need one every now and then
 */
#define NGX_LIVE_SFU_PLI         2000
#define NGX_LIVE_SFU_PLI_AGAIN   500

#define NGX_LIVE_SFU_REPORTS     1000     /* ms */

/* bits per second: what a publisher is allowed to send */
#define NGX_LIVE_SFU_BITRATE     2500000

#define NGX_LIVE_SFU_SSRC        1        /* of our reports */


static void ngx_live_sfu_publish_ready(ngx_live_publisher_t *pub,
    ngx_int_t rc);
static void ngx_live_sfu_publish_closed(ngx_live_publisher_t *pub,
    const char *reason);
static void ngx_live_sfu_publish_first(ngx_live_sfu_in_t *in,
    ngx_live_rtp_t *rtp, uint64_t index);
static void ngx_live_sfu_publish_packet(ngx_live_sfu_in_t *in,
    ngx_live_rtp_t *rtp, uint64_t index);
static void ngx_live_sfu_publish_order(ngx_live_sfu_in_t *in,
    ngx_live_rtp_t *rtp, uint64_t index);
static void ngx_live_sfu_publish_drain(ngx_live_sfu_in_t *in);
static void ngx_live_sfu_publish_skip(ngx_live_sfu_in_t *in);
static void ngx_live_sfu_publish_nack(ngx_live_sfu_in_t *in);
static void ngx_live_sfu_publish_report(ngx_live_sfu_publish_t *publish);
static void ngx_live_sfu_publish_count(ngx_live_sfu_in_t *in,
    ngx_live_rtcp_report_t *report);


ngx_int_t
ngx_live_sfu_publish_start(ngx_live_sfu_session_t *s)
{
    ngx_str_t                app;
    ngx_uint_t               i;
    ngx_live_publisher_t    *pub;
    ngx_live_sfu_publish_t  *publish;

    publish = ngx_calloc(sizeof(ngx_live_sfu_publish_t), s->log);
    if (publish == NULL) {
        return NGX_ERROR;
    }

    s->publish = publish;
    publish->session = s;
    publish->start = ngx_current_msec;

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        publish->ins[i].publish = publish;
        publish->ins[i].kind = i;
        publish->ins[i].rate = (i == NGX_LIVE_SFU_VIDEO) ? 90000 : 48000;
        publish->ins[i].need_key = (i == NGX_LIVE_SFU_VIDEO);
    }

    pub = &publish->publisher;

    app.data = s->sh->app;
    app.len = s->sh->app_len;

    pub->app = ngx_live_app_conf(
                     ngx_live_main_conf((ngx_cycle_t *) ngx_cycle), &app);

    if (pub->app == NULL) {
        return NGX_ERROR;
    }

    /*
     * Beside pictures, Opus is a track that only those use who know it: others
     * have the publisher's sound in the second one.
     */

    publish->ins[NGX_LIVE_SFU_AUDIO].track =
        s->sh->media[NGX_LIVE_SFU_VIDEO].used
        ? pub->app->tracks - 1 : NGX_LIVE_SFU_AUDIO;

    pub->name.data = s->sh->name;
    pub->name.len = s->sh->name_len;
    pub->address.data = s->sh->address;
    pub->address.len = s->sh->address_len;
    pub->door = NGX_LIVE_DOOR_WHIP;
    pub->log = s->log;
    pub->pool = s->pool;
    pub->data = publish;
    pub->ready = ngx_live_sfu_publish_ready;
    pub->closed = ngx_live_sfu_publish_closed;

    publish->opened = ngx_live_publish_open(pub);

    if (publish->opened == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, s->log, 0,
                      "publishing over WebRTC is refused: %s", pub->reason);
    }

    return (publish->opened == NGX_OK || publish->opened == NGX_AGAIN)
           ? NGX_OK : NGX_ERROR;
}


static void
ngx_live_sfu_publish_ready(ngx_live_publisher_t *pub, ngx_int_t rc)
{
    ngx_live_sfu_publish_t  *publish;

    publish = pub->data;
    publish->opened = rc;

    if (rc != NGX_OK) {
        ngx_live_sfu_close(publish->session, "stream is not free");
    }
}


static void
ngx_live_sfu_publish_closed(ngx_live_publisher_t *pub, const char *reason)
{
    ngx_live_sfu_publish_t  *publish;

    publish = pub->data;
    publish->opened = NGX_DONE;

    ngx_live_sfu_close(publish->session, reason);
}


void
ngx_live_sfu_publish_stop(ngx_live_sfu_session_t *s)
{
    ngx_uint_t               i, j;
    ngx_live_sfu_in_t       *in;
    ngx_live_sfu_publish_t  *publish;

    publish = s->publish;

    if (publish == NULL) {
        return;
    }

    s->publish = NULL;

    if (publish->opened == NGX_OK || publish->opened == NGX_AGAIN) {
        ngx_live_publish_close(&publish->publisher, 0);
    }

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        in = &publish->ins[i];

        for (j = 0; j < NGX_LIVE_SFU_REORDER; j++) {
            if (in->waiting[j].data) {
                ngx_free(in->waiting[j].data);
            }
        }

        if (in->frame) {
            ngx_free(in->frame);
        }
    }

    ngx_free(publish);
}


void
ngx_live_sfu_publish_rtp(ngx_live_sfu_session_t *s, u_char *p, size_t len,
    uint64_t index)
{
    ngx_uint_t          i;
    const char         *reason;
    ngx_live_rtp_t      rtp;
    ngx_live_sfu_in_t  *in;

    if (s->publish->opened != NGX_OK
        || ngx_live_rtp_parse(&rtp, p, p + len, &reason) != NGX_OK)
    {
        return;
    }

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        if (s->sh->media[i].used && s->sh->media[i].pt == rtp.type) {
            break;
        }
    }

    if (i == NGX_LIVE_SFU_KINDS) {
        return;
    }

    in = &s->publish->ins[i];

    if (!in->started) {
        ngx_live_sfu_publish_first(in, &rtp, index);
    }

    /* a second layer, or a source that has nothing to do with it */

    if (rtp.ssrc != in->ssrc || index < in->first) {
        return;
    }

    in->received++;
    in->highest = ngx_max(in->highest, index);

    /* packets without a payload are probes of bandwidth */

    if (rtp.len) {
        ngx_live_sfu_publish_packet(in, &rtp, index);
    }

    ngx_live_sfu_publish_order(in, &rtp, index);
}


static void
ngx_live_sfu_publish_first(ngx_live_sfu_in_t *in, ngx_live_rtp_t *rtp,
    uint64_t index)
{
    in->started = 1;
    in->ssrc = rtp->ssrc;
    in->first = index;
    in->next = index;
    in->highest = index;
    in->timestamp = rtp->timestamp;
    in->start = ngx_current_msec - in->publish->start;
    in->discont = 1;

    /* numbers that nobody has seen, whoever has written before */

    in->numbers = ((uint64_t) ngx_live_clock() << 12) - index;

    if (in->kind == NGX_LIVE_SFU_VIDEO) {
        ngx_live_sfu_publish_pli(in->publish);
    }
}


/* for players over WebRTC, as soon as it is there */

static void
ngx_live_sfu_publish_packet(ngx_live_sfu_in_t *in, ngx_live_rtp_t *rtp,
    uint64_t index)
{
    ngx_live_packet_t           p;
    ngx_live_stream_t          *st;
    ngx_live_packet_ring_sh_t  *ring;

    st = in->publish->publisher.stream;

    if (!in->timed || !ngx_live_packets_wanted(st, in->track)) {
        in->discont = 1;
        return;
    }

    ring = ngx_live_stream_packets(st, in->track,
                                   in->kind == NGX_LIVE_SFU_VIDEO
                                   ? NGX_LIVE_SFU_NVIDEO
                                   : NGX_LIVE_SFU_NAUDIO,
                                   NGX_LIVE_SFU_WINDOW);
    if (ring == NULL) {
        return;
    }

    ngx_memzero(&p, sizeof(ngx_live_packet_t));

    p.number = in->numbers + index;
    p.time = in->delta + ngx_live_sfu_in_time(in, rtp->timestamp);
    p.received = ngx_live_clock();

    if (rtp->marker) {
        p.flags |= NGX_LIVE_PACKET_MARKER;
    }

    if (in->kind == NGX_LIVE_SFU_AUDIO
        || ngx_live_sfu_is_key(rtp->payload, rtp->len))
    {
        p.flags |= NGX_LIVE_PACKET_KEY;
    }

    if (in->discont) {

        /* players start at a key frame */

        if (!(p.flags & NGX_LIVE_PACKET_KEY)) {
            ngx_live_sfu_publish_pli(in->publish);
            return;
        }

        p.flags |= NGX_LIVE_PACKET_DISCONT;
    }

    if (ngx_live_packet_ring_write(ngx_live_zone, ring, &p, rtp->payload,
                                   rtp->len))
    {
        in->discont = 0;
        ngx_live_packets_notify(st, in->track);
    }
}


/* frames are put together in order, and wait for what is asked for again */

static void
ngx_live_sfu_publish_order(ngx_live_sfu_in_t *in, ngx_live_rtp_t *rtp,
    uint64_t index)
{
    ngx_live_sfu_waiting_t  *w;

    if (index < in->next) {
        return;
    }

    if (index == in->next) {
        in->next++;
        in->gap = 0;

        ngx_live_sfu_depacketise(in, rtp->payload, rtp->len, rtp->timestamp,
                                 rtp->marker, 0);
        ngx_live_sfu_publish_drain(in);
        return;
    }

    if (index - in->next >= NGX_LIVE_SFU_REORDER) {
        ngx_live_sfu_publish_skip(in);

        if (index - in->next >= NGX_LIVE_SFU_REORDER) {
            return;
        }
    }

    w = &in->waiting[index % NGX_LIVE_SFU_REORDER];

    if (w->data == NULL) {
        w->data = ngx_alloc(rtp->len + 1, in->publish->session->log);

        if (w->data == NULL) {
            return;
        }

        ngx_memcpy(w->data, rtp->payload, rtp->len);

        w->index = index;
        w->size = (uint16_t) rtp->len;
        w->marker = rtp->marker;
        w->timestamp = rtp->timestamp;
    }

    if (in->gap == 0) {
        in->gap = ngx_current_msec ? ngx_current_msec : 1;
    }

    if (ngx_current_msec - in->gap > NGX_LIVE_SFU_GAP) {
        ngx_live_sfu_publish_skip(in);
        return;
    }

    if (ngx_current_msec - in->nacked >= NGX_LIVE_SFU_NACK) {
        in->nacked = ngx_current_msec;
        ngx_live_sfu_publish_nack(in);
    }
}


static void
ngx_live_sfu_publish_drain(ngx_live_sfu_in_t *in)
{
    ngx_live_sfu_waiting_t  *w;

    for ( ;; ) {
        w = &in->waiting[in->next % NGX_LIVE_SFU_REORDER];

        if (w->data == NULL || w->index != in->next) {
            break;
        }

        in->next++;

        ngx_live_sfu_depacketise(in, w->data, w->size, w->timestamp,
                                 w->marker, 0);
        ngx_free(w->data);
        w->data = NULL;
    }

    in->gap = (in->highest >= in->next) ? ngx_current_msec : 0;
}


/* what is missing will not come: goes on at what has come behind it */

static void
ngx_live_sfu_publish_skip(ngx_live_sfu_in_t *in)
{
    ngx_uint_t               n;
    ngx_live_sfu_waiting_t  *w;

    for (n = 0; n < NGX_LIVE_SFU_REORDER && in->next <= in->highest; n++) {
        in->next++;

        w = &in->waiting[in->next % NGX_LIVE_SFU_REORDER];

        if (w->data && w->index == in->next) {
            break;
        }
    }

    ngx_live_sfu_depacketise(in, NULL, 0, 0, 0, 1);
    ngx_live_sfu_publish_drain(in);
}


static void
ngx_live_sfu_publish_nack(ngx_live_sfu_in_t *in)
{
    u_char                   buf[512], *p;
    uint16_t                 seqs[NGX_LIVE_SFU_NACK_MAX];
    uint64_t                 i;
    ngx_uint_t               n;
    ngx_live_sfu_waiting_t  *w;

    n = 0;

    for (i = in->next; i < in->highest && n < NGX_LIVE_SFU_NACK_MAX; i++) {
        w = &in->waiting[i % NGX_LIVE_SFU_REORDER];

        if (w->data == NULL || w->index != i) {
            seqs[n++] = (uint16_t) i;
        }
    }

    if (n == 0) {
        return;
    }

    p = ngx_live_rtcp_write_report(buf, buf + sizeof(buf), NGX_LIVE_SFU_SSRC,
                                   NULL, NULL, 0);
    p = ngx_live_rtcp_write_nack(p, buf + sizeof(buf), NGX_LIVE_SFU_SSRC,
                                 in->ssrc, seqs, n);

    if (p) {
        ngx_live_sfu_send_rtcp(in->publish->session, buf, p - buf);
    }
}


void
ngx_live_sfu_publish_pli(ngx_live_sfu_publish_t *publish)
{
    u_char              buf[128], *p;
    ngx_live_sfu_in_t  *in;

    in = &publish->ins[NGX_LIVE_SFU_VIDEO];

    if (!in->started
        || (publish->pli
            && ngx_current_msec - publish->pli < NGX_LIVE_SFU_PLI_AGAIN))
    {
        return;
    }

    publish->pli = ngx_current_msec ? ngx_current_msec : 1;

    p = ngx_live_rtcp_write_report(buf, buf + sizeof(buf), NGX_LIVE_SFU_SSRC,
                                   NULL, NULL, 0);
    p = ngx_live_rtcp_write_pli(p, buf + sizeof(buf), NGX_LIVE_SFU_SSRC,
                                in->ssrc);

    if (p) {
        ngx_live_sfu_send_rtcp(publish->session, buf, p - buf);
    }
}


void
ngx_live_sfu_publish_rtcp(ngx_live_sfu_session_t *s, u_char *p, u_char *end)
{
    ngx_uint_t           i;
    const char          *reason;
    ngx_live_rtcp_t      packet;
    ngx_live_rtcp_sr_t   sr;

    while (ngx_live_rtcp_next(&p, end, &packet, &reason) == NGX_OK) {

        if (packet.type != NGX_LIVE_RTCP_SR
            || ngx_live_rtcp_parse_sr(&packet, &sr) != NGX_OK)
        {
            continue;
        }

        for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
            if (s->publish->ins[i].started
                && s->publish->ins[i].ssrc == sr.ssrc)
            {
                s->publish->ins[i].lsr = (uint32_t) (sr.ntp >> 16);
                s->publish->ins[i].sr = ngx_current_msec;
            }
        }
    }
}


void
ngx_live_sfu_publish_tick(ngx_live_sfu_session_t *s)
{
    ngx_uint_t               i;
    ngx_live_sfu_in_t       *in;
    ngx_live_sfu_publish_t  *publish;

    publish = s->publish;

    if (publish->opened != NGX_OK) {
        return;
    }

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        in = &publish->ins[i];

        if (in->gap && ngx_current_msec - in->gap > NGX_LIVE_SFU_GAP) {
            ngx_live_sfu_publish_skip(in);
        }
    }

    if (ngx_current_msec - publish->pli >= NGX_LIVE_SFU_PLI) {
        ngx_live_sfu_publish_pli(publish);
    }

    if (ngx_current_msec - publish->report >= NGX_LIVE_SFU_REPORTS) {
        publish->report = ngx_current_msec;
        ngx_live_sfu_publish_report(publish);
    }
}


static void
ngx_live_sfu_publish_report(ngx_live_sfu_publish_t *publish)
{
    u_char                   buf[512], *p;
    ngx_uint_t               i, n;
    ngx_live_sfu_in_t       *in;
    ngx_live_rtcp_remb_t     remb;
    ngx_live_rtcp_report_t   reports[NGX_LIVE_SFU_KINDS];

    n = 0;

    ngx_memzero(&remb, sizeof(ngx_live_rtcp_remb_t));

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        in = &publish->ins[i];

        if (in->started) {
            remb.sources[n] = in->ssrc;
            ngx_live_sfu_publish_count(in, &reports[n++]);
        }
    }

    if (n == 0) {
        return;
    }

    remb.n = n;
    remb.bitrate = NGX_LIVE_SFU_BITRATE;

    p = ngx_live_rtcp_write_report(buf, buf + sizeof(buf), NGX_LIVE_SFU_SSRC,
                                   NULL, reports, n);

    if (publish->session->sh->media[NGX_LIVE_SFU_VIDEO].feedback
        & NGX_LIVE_SDP_REMB)
    {
        p = ngx_live_rtcp_write_remb(p, buf + sizeof(buf), NGX_LIVE_SFU_SSRC,
                                     &remb);
    }

    if (p) {
        ngx_live_sfu_send_rtcp(publish->session, buf, p - buf);
    }
}


/* RFC 3550, appendix A.3 */

static void
ngx_live_sfu_publish_count(ngx_live_sfu_in_t *in,
    ngx_live_rtcp_report_t *report)
{
    int64_t   lost;
    uint64_t  expected, expected_now, received_now;

    ngx_memzero(report, sizeof(ngx_live_rtcp_report_t));

    expected = in->highest - in->first + 1;
    expected_now = expected - in->reported;
    received_now = in->received - in->counted;

    in->reported = expected;
    in->counted = in->received;

    report->ssrc = in->ssrc;
    report->highest = (uint32_t) in->highest;

    if (expected_now > received_now) {
        report->fraction = (expected_now - received_now) * 256 / expected_now;
        report->fraction = ngx_min(report->fraction, 255);
    }

    lost = (int64_t) expected - (int64_t) in->received;
    lost = ngx_max(lost, -0x800000);
    report->lost = (int32_t) ngx_min(lost, 0x7fffff);

    if (in->lsr) {
        report->lsr = in->lsr;
        report->dlsr = (uint32_t) ((ngx_current_msec - in->sr) * 65536 / 1000);
    }
}
