
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What a helper says becomes a track.  It is believed as little as a client
 * is: its configuration goes through the same parsers, and how much it may
 * write and at what times is bounded.
 */


#include "ngx_live_helper.h"
#include "ngx_live_audio.h"
#include "ngx_live_codec_string.h"
#include "ngx_live_flv.h"
#include "ngx_live_opus.h"
#include "ngx_live_publish.h"


/* the longest header of an FLV tag, that of Enhanced RTMP: a type, FourCC */
#define NGX_LIVE_HELPER_PREFIX_MAX  5


static ngx_int_t ngx_live_helper_config(ngx_live_helper_t *h,
    const char **reason);
static ngx_int_t ngx_live_helper_aac(ngx_live_track_info_t *info,
    u_char *p, u_char *end, const char **reason);
static ngx_int_t ngx_live_helper_opus(ngx_live_track_info_t *info,
    u_char *p, u_char *end, const char **reason);
static ngx_int_t ngx_live_helper_frame(ngx_live_helper_t *h,
    const char **reason);
static ngx_int_t ngx_live_helper_budget(ngx_live_helper_t *h,
    ngx_live_helper_message_t *msg);
static size_t ngx_live_helper_prefix(u_char *p, uint32_t codec,
    ngx_uint_t config);


ngx_int_t
ngx_live_helper_message(ngx_live_helper_t *h, const char **reason)
{
    ngx_live_helper_message_t  *msg;

    msg = &h->parser.msg;

    switch (msg->type) {

    case NGX_LIVE_HELPER_PONG:

        if (h->asked && msg->dts == (int64_t) h->pings) {
            h->asked = 0;
        }

        return NGX_OK;

    case NGX_LIVE_HELPER_CONFIG:
        return ngx_live_helper_config(h, reason);

    case NGX_LIVE_HELPER_FRAME:
        return ngx_live_helper_frame(h, reason);

    default: /* NGX_LIVE_HELPER_PING */
        *reason = "a ping";
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_live_helper_config(ngx_live_helper_t *h, const char **reason)
{
    u_char                     *data, *p;
    size_t                      n;
    ngx_int_t                   rc;
    ngx_live_track_info_t       info;
    ngx_live_helper_message_t  *msg;

    msg = &h->parser.msg;

    if (h->stream->publisher == NULL) {
        return NGX_OK;
    }

    if (h->conf->codec && h->conf->codec != msg->codec) {
        *reason = "a codec that was not asked for";
        return NGX_ERROR;
    }

    ngx_memzero(&info, sizeof(ngx_live_track_info_t));

    switch (msg->codec) {

    case NGX_LIVE_HELPER_AAC:
        rc = ngx_live_helper_aac(&info, h->body, h->body + msg->size, reason);
        break;

    case NGX_LIVE_HELPER_OPUS:
        rc = ngx_live_helper_opus(&info, h->body, h->body + msg->size, reason);
        break;

    default:
        *reason = "an unknown codec";
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    data = ngx_alloc(NGX_LIVE_HELPER_PREFIX_MAX + msg->size, h->log);
    if (data == NULL) {
        *reason = "a configuration for which there is no memory";
        return NGX_ERROR;
    }

    n = ngx_live_helper_prefix(data, msg->codec, 1);
    p = ngx_cpymem(data + n, h->body, msg->size);

    rc = ngx_live_publish_config(h->stream->publisher, h->sh->track, &info,
                                 data, p - data);
    ngx_free(data);

    if (rc != NGX_OK && rc != NGX_ABORT) {
        *reason = "a configuration that cannot be kept";
        return NGX_ERROR;
    }

    h->codec = msg->codec;

    return NGX_OK;
}


static ngx_int_t
ngx_live_helper_aac(ngx_live_track_info_t *info, u_char *p, u_char *end,
    const char **reason)
{
    ngx_uint_t              type;
    ngx_live_aac_config_t   config;

    if (ngx_live_aac_parse_config(&config, p, end, reason) != NGX_OK) {
        return NGX_ERROR;
    }

    info->kind = NGX_LIVE_KIND_AUDIO;
    info->codec = NGX_LIVE_CODEC_AAC;
    info->channels = (uint16_t) config.channels;
    info->rate = (uint32_t) config.sample_rate;
    info->samples = (uint32_t) config.frame_length;

    type = config.ps ? NGX_LIVE_AAC_PS
                     : config.sbr ? NGX_LIVE_AAC_SBR : config.object_type;

    p = ngx_live_codec_string_mp4a(info->string,
                                   info->string + NGX_LIVE_CODEC_LEN - 1,
                                   type);
    if (p == NULL) {
        *reason = "AAC without a name";
        return NGX_ERROR;
    }

    *p = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_live_helper_opus(ngx_live_track_info_t *info, u_char *p, u_char *end,
    const char **reason)
{
    ngx_live_opus_head_t  head;

    if (ngx_live_opus_parse_head(&head, p, end, reason) != NGX_OK) {
        return NGX_ERROR;
    }

    info->kind = NGX_LIVE_KIND_AUDIO;
    info->codec = NGX_LIVE_CODEC_OPUS;
    info->channels = (uint16_t) head.channels;
    info->rate = NGX_LIVE_OPUS_RATE;

    ngx_cpystrn(info->string, (u_char *) "opus", NGX_LIVE_CODEC_LEN);

    return NGX_OK;
}


static ngx_int_t
ngx_live_helper_frame(ngx_live_helper_t *h, const char **reason)
{
    u_char                      prefix[NGX_LIVE_HELPER_PREFIX_MAX];
    size_t                      n;
    ngx_int_t                   rc;
    ngx_buf_t                   bufs[2];
    ngx_chain_t                 chain[2];
    ngx_live_frame_t            f;
    ngx_live_helper_message_t  *msg;

    msg = &h->parser.msg;

    if (h->stream->publisher == NULL) {
        return NGX_OK;
    }

    if (h->codec == 0) {
        *reason = "a frame before its configuration";
        return NGX_ERROR;
    }

    n = ngx_live_helper_prefix(prefix, h->codec, 0);

    ngx_memzero(&f, sizeof(ngx_live_frame_t));

    f.track = h->sh->track;
    f.dts = msg->dts;
    f.flags = NGX_LIVE_FRAME_AUDIO;
    f.prefix = n;

    if (msg->flags & NGX_LIVE_HELPER_DISCONT) {
        f.flags |= NGX_LIVE_FRAME_DISCONT;
    }

    if (msg->flags & NGX_LIVE_HELPER_DROPPED) {
        f.flags |= NGX_LIVE_FRAME_DROPPED;
    }

    if (ngx_live_helper_budget(h, msg) != NGX_OK) {
        *reason = "more than its bit rate";
        return NGX_ERROR;
    }

    ngx_memzero(bufs, sizeof(bufs));

    bufs[0].pos = prefix;
    bufs[0].last = prefix + n;
    bufs[0].memory = 1;

    bufs[1].pos = h->body;
    bufs[1].last = h->body + msg->size;
    bufs[1].memory = 1;

    chain[0].buf = &bufs[0];
    chain[0].next = &chain[1];
    chain[1].buf = &bufs[1];
    chain[1].next = NULL;

    rc = ngx_live_publish_derived(h->stream->publisher, &f, chain);

    if (rc == NGX_ERROR) {
        *reason = "a frame of a time that is far from the stream's";
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        h->sh->dropped++;

    } else if (rc == NGX_OK) {
        h->sh->out++;
    }

    return NGX_OK;
}


/* of a second of media; of one that goes back in time all is one second */

static ngx_int_t
ngx_live_helper_budget(ngx_live_helper_t *h, ngx_live_helper_message_t *msg)
{
    if (msg->dts > h->window && (uint64_t) msg->dts - (uint64_t) h->window
                                > NGX_LIVE_TIMESCALE)
    {
        h->window = msg->dts;
        h->window_bytes = 0;
    }

    h->window_bytes += NGX_LIVE_HELPER_HEADER_LEN + msg->size;

    return (h->window_bytes <= h->conf->bitrate / 8) ? NGX_OK : NGX_ERROR;
}


/*
 * The ring keeps bodies of FLV tags.  Opus has none in FLV proper; it has one
 * in Enhanced RTMP v2: the sound format 9, a packet type (0 is the sequence
 * start, 1 coded frames) and a FourCC.
 */

static size_t
ngx_live_helper_prefix(u_char *p, uint32_t codec, ngx_uint_t config)
{
    if (codec == NGX_LIVE_HELPER_AAC) {

        /* 44 kHz, 16 bits, stereo, whatever the configuration says */

        p[0] = NGX_LIVE_FLV_AUDIO_AAC << 4 | 0x0f;
        p[1] = config ? NGX_LIVE_FLV_AAC_CONFIG : NGX_LIVE_FLV_AAC_RAW;

        return 2;
    }

    p[0] = NGX_LIVE_FLV_AUDIO_EX << 4 | (config ? 0 : 1);
    ngx_memcpy(&p[1], "Opus", 4);

    return 5;
}
