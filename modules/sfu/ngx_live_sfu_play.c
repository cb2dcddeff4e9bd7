
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A subscriber: packets of the rings, with its own numbers and keys.
 */


#include "ngx_live_sfu_session.h"
#include "ngx_live_rtcp.h"


#define NGX_LIVE_SFU_OPUS_RATE  48000

/* a group of pictures that is over at the start is shown within this time */
#define NGX_LIVE_SFU_CATCH_UP   (NGX_LIVE_TIMESCALE / 10)

/* ms between two reports of a track */
#define NGX_LIVE_SFU_REPORT     1000

/* of one compound, which a client sends */
#define NGX_LIVE_SFU_NACKS      512

#define NGX_LIVE_SFU_NTP_EPOCH  2208988800UL


static void ngx_live_sfu_play_tracks(ngx_live_sfu_session_t *s);
static void ngx_live_sfu_play_open(ngx_live_sfu_out_t *out, ngx_uint_t track);
static void ngx_live_sfu_play_handler(ngx_live_packets_reader_t *r);
static void ngx_live_sfu_play_send(ngx_live_sfu_out_t *out);
static void ngx_live_sfu_play_first(ngx_live_sfu_out_t *out,
    ngx_live_packet_t *p);
static void ngx_live_sfu_play_gap(ngx_live_sfu_out_t *out,
    ngx_live_packet_t *p);
static ngx_int_t ngx_live_sfu_play_packet(ngx_live_sfu_out_t *out,
    ngx_live_packet_t *p);
static uint32_t ngx_live_sfu_play_time(ngx_live_sfu_out_t *out,
    ngx_live_time_t time);
static void ngx_live_sfu_play_nack(ngx_live_sfu_session_t *s,
    ngx_live_rtcp_t *p);
static ngx_int_t ngx_live_sfu_play_again(ngx_live_sfu_out_t *out,
    uint16_t seq);
static void ngx_live_sfu_play_report(ngx_live_sfu_out_t *out);


ngx_int_t
ngx_live_sfu_play_start(ngx_live_sfu_session_t *s)
{
    ngx_uint_t           i;
    ngx_live_sfu_out_t  *out;

    s->outs = ngx_calloc(NGX_LIVE_SFU_KINDS * sizeof(ngx_live_sfu_out_t),
                         s->log);
    if (s->outs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        out = &s->outs[i];

        out->session = s;
        out->media = &s->sh->media[i];
        out->kind = i;
        out->reader.handler = ngx_live_sfu_play_handler;
        out->reader.data = out;

        /* between 1 and 2^15, so that a receiver's first guess is right */

        out->next = 1 + ngx_random() % 0x7fff;
        out->offset = (uint32_t) ngx_random();
    }

    ngx_live_sfu_play_tracks(s);

    return NGX_OK;
}


void
ngx_live_sfu_play_stop(ngx_live_sfu_session_t *s)
{
    ngx_uint_t  i;

    if (s->outs == NULL) {
        return;
    }

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        if (s->outs[i].opened) {
            ngx_live_packets_close(&s->outs[i].reader);
        }
    }

    ngx_free(s->outs);
    s->outs = NULL;
}


/* sound may come later than pictures: a helper makes it when it is wanted */

static void
ngx_live_sfu_play_tracks(ngx_live_sfu_session_t *s)
{
    ngx_uint_t           i, track;
    ngx_live_sfu_out_t  *out;

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        out = &s->outs[i];

        if (!out->media->used) {
            continue;
        }

        track = ngx_live_sfu_track(s->stream, i);

        if (track == NGX_LIVE_SFU_NONE
            || (out->opened && out->reader.track == track))
        {
            continue;
        }

        if (out->opened) {
            ngx_live_packets_close(&out->reader);
            out->opened = 0;
            out->resync = 1;
        }

        ngx_live_sfu_play_open(out, track);
    }
}


static void
ngx_live_sfu_play_open(ngx_live_sfu_out_t *out, ngx_uint_t track)
{
    if (ngx_live_packets_open(&out->reader, out->session->stream, track)
        != NGX_OK)
    {
        return;
    }

    out->opened = 1;

    ngx_live_sfu_play_send(out);
}


static void
ngx_live_sfu_play_handler(ngx_live_packets_reader_t *r)
{
    ngx_live_sfu_out_t  *out;

    out = r->data;

    if (r->slow) {

        /* nothing waits for a subscriber, so it is this worker that is slow */

        (void) ngx_live_packets_skip(r);
        out->resync = 1;
    }

    ngx_live_sfu_play_send(out);
}


static void
ngx_live_sfu_play_send(ngx_live_sfu_out_t *out)
{
    size_t              bytes;
    ngx_live_packet_t  *p;

    bytes = 0;

    for ( ;; ) {
        p = ngx_live_packets_next(&out->reader);

        if (p == NULL) {
            break;
        }

        if (!out->started) {
            ngx_live_sfu_play_first(out, p);

        } else if (out->resync
                   || (p->flags & (NGX_LIVE_PACKET_DISCONT
                                   |NGX_LIVE_PACKET_DROPPED)))
        {
            ngx_live_sfu_play_gap(out, p);
        }

        if (ngx_live_sfu_play_packet(out, p) == NGX_OK) {
            bytes += p->size;
            out->packets++;
            out->octets += p->size - p->prefix;
            out->last = p->time;
        }

        ngx_live_packets_advance(&out->reader, out->reader.seq + 1);
    }

    if (bytes) {
        ngx_live_session_bytes(&out->session->session, 0, bytes);
    }
}


/*
 * A player shows the first picture when it comes and the others by their
 * times.  What is over already is given times close to each other, so that it
 * is shown at once; otherwise the player would stay behind by that much.
 */

static void
ngx_live_sfu_play_first(ngx_live_sfu_out_t *out, ngx_live_packet_t *p)
{
    ngx_live_time_t             behind;
    ngx_live_packet_t          *last;
    ngx_live_packet_ring_sh_t  *pr;

    pr = out->reader.stream->sh->packets[out->reader.track].ring;
    last = ngx_live_packet_ring_entry(ngx_live_zone, pr, pr->ring.head - 1);

    behind = last->time - p->time;

    out->live = last->time;
    out->squeeze = (behind > NGX_LIVE_SFU_CATCH_UP)
                   ? (behind + NGX_LIVE_SFU_CATCH_UP - 1)
                     / NGX_LIVE_SFU_CATCH_UP
                   : 1;

    out->since = p->number;
    out->base = p->number - out->next;
    out->started = 1;
    out->resync = 0;
}


static void
ngx_live_sfu_play_gap(ngx_live_sfu_out_t *out, ngx_live_packet_t *p)
{
    out->resync = 0;

    if (p->number > out->since && p->number - out->base == out->next) {
        return;
    }

    out->since = p->number;
    out->base = p->number - out->next;
}


/* the same packet always gives the same bytes */

static ngx_int_t
ngx_live_sfu_play_packet(ngx_live_sfu_out_t *out, ngx_live_packet_t *p)
{
    u_char                  *buf;
    size_t                   n;
    uint32_t                 time;
    ngx_live_sfu_path_t     *path;
    ngx_live_sfu_session_t  *s;
    ngx_live_srtp_packet_t   packet;

    s = out->session;
    path = ngx_live_sfu_path(s);

    if (path == NULL || p->number < out->since) {
        return NGX_DECLINED;
    }

    packet.index = p->number - out->base;

    if (packet.index >= out->next) {
        out->next = packet.index + 1;
    }

    buf = ngx_live_sfu_reserve();
    time = ngx_live_sfu_play_time(out, p->time);

    buf[0] = 0x80;
    buf[1] = out->media->pt | ((p->flags & NGX_LIVE_PACKET_MARKER) ? 0x80 : 0);

    (void) ngx_live_write_be16(buf + 2, buf + 4, packet.index & 0xffff);
    (void) ngx_live_write_be32(buf + 4, buf + 8, time);
    (void) ngx_live_write_be32(buf + 8, buf + 12, out->media->ssrc);

    packet.dst = buf;
    packet.end = buf + NGX_LIVE_SFU_DATAGRAM;
    packet.header = NGX_LIVE_RTP_HEADER;
    packet.prefix = 0;
    packet.payload = ngx_live_packet_data(p) + p->prefix;
    packet.len = p->size - p->prefix;

    n = ngx_live_srtp_protect(&s->out, &packet);

    if (n == 0) {
        return NGX_ERROR;
    }

    ngx_live_sfu_commit(path, n);

    return NGX_OK;
}


/* ticks are those of video; sound has a clock of its own */

static uint32_t
ngx_live_sfu_play_time(ngx_live_sfu_out_t *out, ngx_live_time_t time)
{
    if (time < out->live && out->squeeze > 1) {
        time = out->live - (out->live - time) / out->squeeze;
    }

    if (out->kind == NGX_LIVE_SFU_AUDIO) {
        time = ngx_live_rescale(time, NGX_LIVE_TIMESCALE,
                                NGX_LIVE_SFU_OPUS_RATE);
    }

    return (uint32_t) time + out->offset;
}


void
ngx_live_sfu_play_rtcp(ngx_live_sfu_session_t *s, u_char *p, u_char *end)
{
    const char       *reason;
    ngx_live_rtcp_t   packet;

    while (ngx_live_rtcp_next(&p, end, &packet, &reason) == NGX_OK) {

        if (packet.type == NGX_LIVE_RTCP_RTPFB
            && packet.count == NGX_LIVE_RTCP_RTPFB_NACK)
        {
            ngx_live_sfu_play_nack(s, &packet);
        }
    }
}


static void
ngx_live_sfu_play_nack(ngx_live_sfu_session_t *s, ngx_live_rtcp_t *p)
{
    uint16_t               seq;
    uint32_t               ssrc;
    ngx_uint_t             i, n;
    ngx_live_sfu_out_t    *out;
    ngx_live_rtcp_nack_t   at;

    if (ngx_live_rtcp_parse_media(p, &ssrc) != NGX_OK) {
        return;
    }

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        if (s->outs[i].started && s->outs[i].media->ssrc == ssrc) {
            break;
        }
    }

    if (i == NGX_LIVE_SFU_KINDS) {
        return;
    }

    out = &s->outs[i];

    if (!out->opened) {
        return;
    }

    ngx_memzero(&at, sizeof(ngx_live_rtcp_nack_t));

    for (n = 0; n < NGX_LIVE_SFU_NACKS; n++) {

        if (ngx_live_rtcp_parse_nack(p, &at, &seq) != NGX_OK) {
            break;
        }

        if (ngx_live_sfu_play_again(out, seq) == NGX_OK) {
            ngx_live_sfu_count(nacks);

        } else {
            ngx_live_sfu_count(gone);
        }
    }

    ngx_live_packets_release(&out->reader);
}


static ngx_int_t
ngx_live_sfu_play_again(ngx_live_sfu_out_t *out, uint16_t seq)
{
    uint64_t            index, number;
    ngx_live_packet_t  *p;

    /* the newest one with this number that was sent */

    index = ngx_live_rtp_extend(out->next - 1, seq);

    if (index >= out->next) {
        return NGX_DECLINED;
    }

    number = index + out->base;

    if (number < out->since) {
        return NGX_DECLINED;
    }

    p = ngx_live_packets_find(&out->reader, number);

    return p ? ngx_live_sfu_play_packet(out, p) : NGX_DECLINED;
}


void
ngx_live_sfu_play_tick(ngx_live_sfu_session_t *s)
{
    ngx_uint_t           i;
    ngx_live_sfu_out_t  *out;

    if (s->stream->sh->state == NGX_LIVE_STREAM_ENDED) {
        ngx_live_sfu_close(s, "stream has ended");
        return;
    }

    ngx_live_sfu_play_tracks(s);

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        out = &s->outs[i];

        if (out->started && out->packets
            && ngx_current_msec - out->reported >= NGX_LIVE_SFU_REPORT)
        {
            out->reported = ngx_current_msec;
            ngx_live_sfu_play_report(out);
        }
    }
}


/*
 * Both tracks have the stream's time, so any wall clock tells a player how
 * they belong together; what is said is the time at which the newest packet
 * was sent, near enough.
 */

static void
ngx_live_sfu_play_report(ngx_live_sfu_out_t *out)
{
    u_char                   buf[256], *p;
    int64_t                  now, since;
    ngx_str_t                cname;
    ngx_live_time_t          time;
    ngx_live_rtcp_sr_t       sr;
    ngx_live_sfu_session_t  *s;

    s = out->session;

    /* the same instant for both: that of the stream's newest frame */

    since = ngx_live_clock() - s->stream->sh->last_frame;
    since = ngx_max(since, 0);

    time = s->stream->sh->timeline.out + since * NGX_LIVE_TICKS_PER_MS;
    now = ngx_live_now();

    sr.ssrc = out->media->ssrc;
    sr.ntp = ((uint64_t) (now / 1000) + NGX_LIVE_SFU_NTP_EPOCH) << 32
             | ((uint64_t) (now % 1000) << 32) / 1000;
    sr.timestamp = ngx_live_sfu_play_time(out, time);
    sr.packets = out->packets;
    sr.octets = out->octets;

    ngx_str_set(&cname, "live");

    p = ngx_live_rtcp_write_report(buf, buf + sizeof(buf), sr.ssrc, &sr,
                                   NULL, 0);
    p = ngx_live_rtcp_write_sdes(p, buf + sizeof(buf), sr.ssrc, &cname);

    if (p) {
        ngx_live_sfu_send_rtcp(s, buf, p - buf);
    }
}
