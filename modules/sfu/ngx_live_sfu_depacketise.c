
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Packets of a publisher become frames: H.264 (RFC 6184: single NAL units,
 * STAP-A, FU-A) as FLV carries it, with a configuration record made of its
 * parameter sets, and Opus (RFC 7587), a packet a frame.
 */


#include "ngx_live_sfu_publish.h"
#include "ngx_live_codec_string.h"
#include "ngx_live_flv.h"
#include "ngx_live_h26x.h"
#include "ngx_live_opus.h"


#define NGX_LIVE_SFU_NAL_STAP_A  24
#define NGX_LIVE_SFU_NAL_FU_A    28

/* bytes: of an FLV tag's header before the frame, and of a frame */
#define NGX_LIVE_SFU_PREFIX      5
#define NGX_LIVE_SFU_FRAME       (4 * 1024 * 1024)


static void ngx_live_sfu_depacketise_h264(ngx_live_sfu_in_t *in, u_char *p,
    size_t len);
static void ngx_live_sfu_depacketise_nal(ngx_live_sfu_in_t *in, u_char *p,
    size_t len);
static void ngx_live_sfu_depacketise_set(ngx_live_sfu_in_t *in, u_char *set,
    size_t *set_len, u_char *p, size_t len);
static void ngx_live_sfu_depacketise_fragment(ngx_live_sfu_in_t *in,
    u_char *p, size_t len);
static u_char *ngx_live_sfu_depacketise_room(ngx_live_sfu_in_t *in,
    size_t len);
static void ngx_live_sfu_depacketise_end(ngx_live_sfu_in_t *in);
static ngx_int_t ngx_live_sfu_config_h264(ngx_live_sfu_in_t *in);
static ngx_int_t ngx_live_sfu_config_opus(ngx_live_sfu_in_t *in);
static void ngx_live_sfu_depacketise_opus(ngx_live_sfu_in_t *in, u_char *p,
    size_t len, int64_t time);
static void ngx_live_sfu_emit(ngx_live_sfu_in_t *in, u_char *p, size_t len,
    size_t prefix, int64_t time, ngx_uint_t flags);
static void ngx_live_sfu_timed(ngx_live_sfu_in_t *in, int64_t time);


int64_t
ngx_live_sfu_in_time(ngx_live_sfu_in_t *in, uint32_t timestamp)
{
    int64_t  time;

    /* packets of the past do not move what the wrap is known by */

    time = in->time + (int32_t) (timestamp - in->timestamp);

    if (time > in->time) {
        in->time = time;
        in->timestamp = timestamp;
    }

    return ngx_live_rescale(time, in->rate, NGX_LIVE_TIMESCALE);
}


ngx_uint_t
ngx_live_sfu_is_key(u_char *p, size_t len)
{
    u_char  type;

    if (len == 0) {
        return 0;
    }

    type = p[0] & 0x1f;

    if (type == NGX_LIVE_SFU_NAL_STAP_A) {

        /* parameter sets stand before the slices */

        return len > 3 && (p[3] & 0x1f) == NGX_LIVE_H264_NAL_SPS;
    }

    return type == NGX_LIVE_H264_NAL_SPS;
}


void
ngx_live_sfu_depacketise(ngx_live_sfu_in_t *in, u_char *p, size_t len,
    uint32_t timestamp, ngx_uint_t marker, ngx_uint_t lost)
{
    int64_t  time;

    if (lost) {

        /* pictures refer to what is missing, sound does not */

        in->size = 0;
        in->broken = 1;
        in->fragment = 0;

        if (in->kind == NGX_LIVE_SFU_VIDEO) {
            in->need_key = 1;
            ngx_live_sfu_publish_pli(in->publish);
        }

        return;
    }

    if (len == 0) {
        return;
    }

    time = ngx_live_sfu_in_time(in, timestamp);

    if (in->kind == NGX_LIVE_SFU_AUDIO) {
        ngx_live_sfu_depacketise_opus(in, p, len, time);
        return;
    }

    if (in->size && time != in->frame_time) {

        /* the packet with the marker was lost, or there was none */

        ngx_live_sfu_depacketise_end(in);
    }

    in->frame_time = time;

    ngx_live_sfu_depacketise_h264(in, p, len);

    if (marker) {
        ngx_live_sfu_depacketise_end(in);
    }
}


static void
ngx_live_sfu_depacketise_h264(ngx_live_sfu_in_t *in, u_char *p, size_t len)
{
    u_char  *end;
    size_t   n;

    switch (p[0] & 0x1f) {

    case NGX_LIVE_SFU_NAL_STAP_A:
        end = p + len;
        p++;

        while (end - p > 2) {
            n = (size_t) p[0] << 8 | p[1];
            p += 2;

            if (n == 0 || (size_t) (end - p) < n) {
                in->broken = 1;
                return;
            }

            ngx_live_sfu_depacketise_nal(in, p, n);
            p += n;
        }

        return;

    case NGX_LIVE_SFU_NAL_FU_A:
        ngx_live_sfu_depacketise_fragment(in, p, len);
        return;

    default:
        ngx_live_sfu_depacketise_nal(in, p, len);
    }
}


static void
ngx_live_sfu_depacketise_nal(ngx_live_sfu_in_t *in, u_char *p, size_t len)
{
    u_char  *dst;

    switch (p[0] & 0x1f) {

    case NGX_LIVE_H264_NAL_SPS:
        ngx_live_sfu_depacketise_set(in, in->sps, &in->sps_len, p, len);
        return;

    case NGX_LIVE_H264_NAL_PPS:
        ngx_live_sfu_depacketise_set(in, in->pps, &in->pps_len, p, len);
        return;

    case NGX_LIVE_H264_NAL_AUD:
        return;

    case NGX_LIVE_H264_NAL_IDR:
        in->key = 1;
        break;

    default:

        /* 0 and 24 to 31 are no NAL units of H.264 */

        if ((p[0] & 0x1f) == 0 || (p[0] & 0x1f) >= NGX_LIVE_SFU_NAL_STAP_A) {
            in->broken = 1;
            return;
        }
    }

    dst = ngx_live_sfu_depacketise_room(in, len + 4);

    if (dst) {
        dst[0] = (u_char) (len >> 24);
        dst[1] = (u_char) (len >> 16);
        dst[2] = (u_char) (len >> 8);
        dst[3] = (u_char) len;

        ngx_memcpy(dst + 4, p, len);
    }
}


static void
ngx_live_sfu_depacketise_set(ngx_live_sfu_in_t *in, u_char *set,
    size_t *set_len, u_char *p, size_t len)
{
    if (len > NGX_LIVE_SFU_SETS
        || (*set_len == len && ngx_memcmp(set, p, len) == 0))
    {
        return;
    }

    ngx_memcpy(set, p, len);
    *set_len = len;
    in->changed = 1;
}


/* RFC 6184, 5.8; the length of the unit is known at its end */

static void
ngx_live_sfu_depacketise_fragment(ngx_live_sfu_in_t *in, u_char *p,
    size_t len)
{
    u_char  *dst, header;
    size_t   n, start;

    if (len < 3) {
        in->broken = 1;
        return;
    }

    header = p[1];
    n = len - 2;

    if (header & 0x80) {
        dst = ngx_live_sfu_depacketise_room(in, 5);

        if (dst == NULL) {
            return;
        }

        dst[0] = 0;
        dst[1] = 0;
        dst[2] = 0;
        dst[3] = 1;
        dst[4] = (p[0] & 0xe0) | (header & 0x1f);

        in->fragment = 1;
        in->fragment_pos = in->size - 5;

        if ((header & 0x1f) == NGX_LIVE_H264_NAL_IDR) {
            in->key = 1;
        }
    }

    if (!in->fragment) {
        in->broken = 1;
        return;
    }

    dst = ngx_live_sfu_depacketise_room(in, n);

    if (dst == NULL) {
        return;
    }

    ngx_memcpy(dst, p + 2, n);

    if (header & 0x40) {
        in->fragment = 0;
    }

    start = in->fragment_pos;
    n = in->size - start - 4;
    dst = in->frame + start;

    dst[0] = (u_char) (n >> 24);
    dst[1] = (u_char) (n >> 16);
    dst[2] = (u_char) (n >> 8);
    dst[3] = (u_char) n;
}


/* more of the frame; the first time with the header of the tag */

static u_char *
ngx_live_sfu_depacketise_room(ngx_live_sfu_in_t *in, size_t len)
{
    u_char  *p;
    size_t   size;

    if (in->size == 0) {
        len += NGX_LIVE_SFU_PREFIX;
    }

    if (in->capacity - in->size < len) {
        size = ngx_max(in->capacity * 2, in->size + len);
        size = ngx_align(size, 65536);

        if (size > NGX_LIVE_SFU_FRAME) {
            in->broken = 1;
            return NULL;
        }

        p = ngx_alloc(size, in->publish->session->log);

        if (p == NULL) {
            in->broken = 1;
            return NULL;
        }

        if (in->frame) {
            ngx_memcpy(p, in->frame, in->size);
            ngx_free(in->frame);
        }

        in->frame = p;
        in->capacity = size;
    }

    p = in->frame + in->size + (in->size ? 0 : NGX_LIVE_SFU_PREFIX);

    in->size += len;

    return p;
}


static void
ngx_live_sfu_depacketise_end(ngx_live_sfu_in_t *in)
{
    u_char      *p;
    size_t       size;
    ngx_uint_t   key, broken;

    p = in->frame;
    size = in->size;
    key = in->key;
    broken = in->broken || in->fragment;

    in->size = 0;
    in->key = 0;
    in->broken = 0;
    in->fragment = 0;

    if (broken) {
        in->need_key = 1;
        ngx_live_sfu_publish_pli(in->publish);
        return;
    }

    if (size == 0 || (in->need_key && !key)) {
        return;
    }

    if (key && (in->changed || !in->configured)
        && ngx_live_sfu_config_h264(in) != NGX_OK)
    {
        return;
    }

    if (!in->configured) {
        return;
    }

    in->need_key = 0;

    p[0] = (key ? NGX_LIVE_FLV_FRAME_KEY : NGX_LIVE_FLV_FRAME_INTER) << 4
           | NGX_LIVE_FLV_VIDEO_AVC;
    p[1] = NGX_LIVE_FLV_AVC_NALU;
    p[2] = 0;
    p[3] = 0;
    p[4] = 0;

    ngx_live_sfu_emit(in, p, size, NGX_LIVE_SFU_PREFIX, in->frame_time,
                      NGX_LIVE_FRAME_VIDEO | (key ? NGX_LIVE_FRAME_KEY : 0));
}


/* 14496-15, 5.3.3.1, as RTMP players are sent it */

static ngx_int_t
ngx_live_sfu_config_h264(ngx_live_sfu_in_t *in)
{
    u_char                  data[2 * NGX_LIVE_SFU_SETS + 32], *p;
    const char             *reason;
    ngx_live_h264_sps_t     sps;
    ngx_live_track_info_t   info;

    if (in->sps_len < 4 || in->pps_len == 0
        || ngx_live_h264_parse_sps(&sps, in->sps, in->sps + in->sps_len,
                                   &reason)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&info, sizeof(ngx_live_track_info_t));

    info.kind = NGX_LIVE_KIND_VIDEO;
    info.codec = NGX_LIVE_CODEC_H264;
    info.width = (uint16_t) sps.width;
    info.height = (uint16_t) sps.height;

    p = ngx_live_codec_string_h264(info.string,
                                   info.string + NGX_LIVE_CODEC_LEN - 1,
                                   sps.profile, sps.constraints, sps.level);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = '\0';

    p = data;

    *p++ = NGX_LIVE_FLV_FRAME_KEY << 4 | NGX_LIVE_FLV_VIDEO_AVC;
    *p++ = NGX_LIVE_FLV_AVC_CONFIG;
    *p++ = 0;
    *p++ = 0;
    *p++ = 0;

    *p++ = 1;
    p = ngx_cpymem(p, in->sps + 1, 3);
    *p++ = 0xff;                          /* lengths of 4 bytes */
    *p++ = 0xe1;
    *p++ = (u_char) (in->sps_len >> 8);
    *p++ = (u_char) in->sps_len;
    p = ngx_cpymem(p, in->sps, in->sps_len);
    *p++ = 1;
    *p++ = (u_char) (in->pps_len >> 8);
    *p++ = (u_char) in->pps_len;
    p = ngx_cpymem(p, in->pps, in->pps_len);

    if (ngx_live_publish_config(&in->publish->publisher, in->track, &info,
                                data, p - data)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    in->configured = 1;
    in->changed = 0;

    return NGX_OK;
}


/* Enhanced RTMP's header, then OpusHead (RFC 7845, 5.1) */

static ngx_int_t
ngx_live_sfu_config_opus(ngx_live_sfu_in_t *in)
{
    u_char                 *p;
    ngx_live_track_info_t   info;

    static u_char  data[] = {
        NGX_LIVE_FLV_AUDIO_EX << 4, 'O', 'p', 'u', 's',
        'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0x38, 0x01,
        0x80, 0xbb, 0, 0, 0, 0, 0
    };

    ngx_memzero(&info, sizeof(ngx_live_track_info_t));

    info.kind = NGX_LIVE_KIND_AUDIO;
    info.codec = NGX_LIVE_CODEC_OPUS;
    info.channels = 2;
    info.rate = NGX_LIVE_OPUS_RATE;

    /* not for those who take a track of each kind */

    if (in->track != in->kind) {
        in->publish->publisher.stream->sh->tracks[in->track].source =
                                                              in->track + 1;
    }

    p = ngx_cpystrn(info.string, (u_char *) "opus", NGX_LIVE_CODEC_LEN);
    *p = '\0';

    if (ngx_live_publish_config(&in->publish->publisher, in->track, &info,
                                data, sizeof(data))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    in->configured = 1;

    return NGX_OK;
}


static void
ngx_live_sfu_depacketise_opus(ngx_live_sfu_in_t *in, u_char *p, size_t len,
    int64_t time)
{
    u_char  frame[NGX_LIVE_SFU_DATAGRAM + NGX_LIVE_SFU_PREFIX];

    if (len > NGX_LIVE_SFU_DATAGRAM
        || ngx_live_opus_samples(p, p + len) == 0
        || (!in->configured && ngx_live_sfu_config_opus(in) != NGX_OK))
    {
        return;
    }

    frame[0] = NGX_LIVE_FLV_AUDIO_EX << 4 | 1;
    ngx_memcpy(&frame[1], "Opus", 4);
    ngx_memcpy(&frame[NGX_LIVE_SFU_PREFIX], p, len);

    ngx_live_sfu_emit(in, frame, len + NGX_LIVE_SFU_PREFIX,
                      NGX_LIVE_SFU_PREFIX, time, NGX_LIVE_FRAME_AUDIO);
}


/* sound beside pictures has the time of these */

static void
ngx_live_sfu_emit(ngx_live_sfu_in_t *in, u_char *p, size_t len, size_t prefix,
    int64_t time, ngx_uint_t flags)
{
    uint32_t                 ms;
    ngx_buf_t                b;
    ngx_chain_t              chain;
    ngx_live_frame_t         f;
    ngx_live_sfu_in_t       *video;
    ngx_live_sfu_publish_t  *publish;

    publish = in->publish;
    video = &publish->ins[NGX_LIVE_SFU_VIDEO];

    ngx_memzero(&b, sizeof(ngx_buf_t));

    b.pos = p;
    b.last = p + len;
    b.memory = 1;

    chain.buf = &b;
    chain.next = NULL;

    if (in->kind == NGX_LIVE_SFU_AUDIO
        && publish->session->sh->media[NGX_LIVE_SFU_VIDEO].used)
    {
        if (!video->timed) {
            return;
        }

        /* both began to count when their first packets came */

        in->delta = video->delta + (in->start - video->start)
                                   * NGX_LIVE_TICKS_PER_MS;
        in->timed = 1;

        ngx_memzero(&f, sizeof(ngx_live_frame_t));

        f.track = (uint8_t) in->track;
        f.dts = in->delta + time;
        f.flags = (uint16_t) flags;
        f.prefix = (uint8_t) prefix;

        (void) ngx_live_publish_derived(&publish->publisher, &f, &chain);
        return;
    }

    ms = (uint32_t) (in->start + ngx_live_ticks_to_ms(time));

    if (ngx_live_publish_frame(&publish->publisher, in->track, ms, 0, flags,
                               prefix, &chain)
        == NGX_OK)
    {
        ngx_live_sfu_timed(in, time);
    }
}


/*
 * How the stream's time follows from ours: once, since milliseconds are
 * coarser than RTP, and again when the stream's was repaired.
 */

static void
ngx_live_sfu_timed(ngx_live_sfu_in_t *in, int64_t time)
{
    ngx_live_time_t  delta;

    delta = in->publish->publisher.stream->sh->tracks[in->track].last - time;

    if (!in->timed || delta - in->delta > NGX_LIVE_TIMESCALE / 10
        || in->delta - delta > NGX_LIVE_TIMESCALE / 10)
    {
        in->delta = delta;
        in->timed = 1;
    }
}
