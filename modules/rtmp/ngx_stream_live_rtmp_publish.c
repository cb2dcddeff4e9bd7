
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Publishing: messages become configurations and frames of the stream.
 */


#include "ngx_stream_live_rtmp.h"
#include "ngx_live_audio.h"
#include "ngx_live_bytes.h"
#include "ngx_live_codec_string.h"
#include "ngx_live_flv.h"
#include "ngx_live_h26x.h"


static ngx_int_t ngx_stream_live_rtmp_publish_opened(
    ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_publish_refused(
    ngx_stream_live_rtmp_t *rs, ngx_int_t rc);
static void ngx_stream_live_rtmp_publish_ready(ngx_live_publisher_t *pub,
    ngx_int_t rc);
static void ngx_stream_live_rtmp_publish_closed(ngx_live_publisher_t *pub,
    const char *reason);

static ngx_int_t ngx_stream_live_rtmp_publish_expected(
    ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_publish_codec(
    ngx_stream_live_rtmp_t *rs, const char *what, ngx_uint_t codec);
static ngx_int_t ngx_stream_live_rtmp_publish_avc_config(
    ngx_stream_live_rtmp_t *rs, ngx_live_flv_video_t *video,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_publish_aac_config(
    ngx_stream_live_rtmp_t *rs, ngx_live_flv_audio_t *audio,
    ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_publish_aac(ngx_stream_live_rtmp_t *rs,
    ngx_live_flv_audio_t *audio, ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_publish_mp3(ngx_stream_live_rtmp_t *rs,
    ngx_live_flv_audio_t *audio, ngx_live_rtmp_message_t *m);
static ngx_int_t ngx_stream_live_rtmp_publish_config(
    ngx_stream_live_rtmp_t *rs, ngx_uint_t kind, ngx_live_track_info_t *info,
    u_char *data, size_t len);
static ngx_int_t ngx_stream_live_rtmp_publish_frame(
    ngx_stream_live_rtmp_t *rs, ngx_uint_t kind, ngx_live_rtmp_message_t *m,
    ngx_uint_t flags, ngx_uint_t prefix, int32_t cts);
static ngx_int_t ngx_stream_live_rtmp_publish_sub(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);


/* by ngx_stream_live_rtmp_kind_e, which are the tracks too */

static ngx_uint_t  ngx_stream_live_rtmp_publish_flags[] = {
    NGX_LIVE_FRAME_VIDEO,
    NGX_LIVE_FRAME_AUDIO,
    NGX_LIVE_FRAME_DATA
};

static char  *ngx_stream_live_rtmp_publish_kinds[] = {
    "video", "audio", "data"
};


ngx_int_t
ngx_stream_live_rtmp_publish_allowed(ngx_stream_live_rtmp_t *rs)
{
    ngx_int_t                        rc;
    ngx_live_publisher_t            *pub;
    ngx_stream_live_rtmp_publish_t  *publish;

    publish = ngx_pcalloc(rs->pool, sizeof(ngx_stream_live_rtmp_publish_t));
    if (publish == NULL) {
        return NGX_ERROR;
    }

    pub = &publish->publisher;

    pub->app = rs->access->conf;
    pub->name = rs->name;
    pub->door = NGX_LIVE_DOOR_RTMP;
    pub->address = rs->connection->addr_text;
    pub->log = rs->connection->log;
    pub->pool = rs->pool;
    pub->data = rs;
    pub->ready = ngx_stream_live_rtmp_publish_ready;
    pub->closed = ngx_stream_live_rtmp_publish_closed;

    rs->publish = publish;

    rc = ngx_live_publish_open(pub);

    if (rc == NGX_OK) {
        return ngx_stream_live_rtmp_publish_opened(rs);
    }

    if (rc == NGX_AGAIN) {
        ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_PENDING);
        return NGX_AGAIN;
    }

    return ngx_stream_live_rtmp_publish_refused(rs, rc);
}


static ngx_int_t
ngx_stream_live_rtmp_publish_opened(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_srv_conf_t  *conf;

    if (ngx_stream_live_rtmp_register(rs, rs->publish->publisher.stream)
        != NGX_OK)
    {
        return ngx_stream_live_rtmp_publish_refused(rs, NGX_ERROR);
    }

    if (ngx_stream_live_rtmp_event(rs, NGX_STREAM_LIVE_RTMP_STREAM_BEGIN,
                                   rs->msid)
        != NGX_OK
        || ngx_stream_live_rtmp_status(rs, "NetStream.Publish.Start",
                                       "Started publishing.")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    conf = ngx_stream_live_rtmp_conf(rs);

    rs->chunk.max_message = (uint32_t) conf->max_message;
    rs->chunk.max_memory = 2 * conf->max_message;

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_PUBLISH);

    ngx_add_timer(rs->connection->read, conf->timeout);

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_publish_refused(ngx_stream_live_rtmp_t *rs, ngx_int_t rc)
{
    ngx_uint_t             refusal;
    const char            *reason;
    ngx_live_publisher_t  *pub;

    pub = &rs->publish->publisher;

    refusal = NGX_STREAM_LIVE_RTMP_PUBLISH_FAILED;
    reason = "no memory";

    if (rc == NGX_DECLINED) {
        reason = pub->reason;

        if (pub->refusal == NGX_LIVE_REFUSED_CONFLICT) {
            refusal = NGX_STREAM_LIVE_RTMP_PUBLISH_CONFLICT;
        }
    }

    return ngx_stream_live_rtmp_refuse_text(rs, refusal, reason);
}


static void
ngx_stream_live_rtmp_publish_ready(ngx_live_publisher_t *pub, ngx_int_t rc)
{
    ngx_stream_live_rtmp_t  *rs;

    rs = pub->data;

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_COMMAND);

    rc = (rc == NGX_OK) ? ngx_stream_live_rtmp_publish_opened(rs)
                        : ngx_stream_live_rtmp_publish_refused(rs, rc);

    ngx_stream_live_rtmp_answer(rs, rc);
}


/* core has given the stream to somebody else, or ended it */

static void
ngx_stream_live_rtmp_publish_closed(ngx_live_publisher_t *pub,
    const char *reason)
{
    ngx_int_t                rc;
    ngx_stream_live_rtmp_t  *rs;

    rs = pub->data;

    if (rs->publish == NULL) {
        return;
    }

    rs->publish = NULL;

    rc = ngx_stream_live_rtmp_refuse_text(rs,
                                          NGX_STREAM_LIVE_RTMP_PUBLISH_ENDED,
                                          reason);
    ngx_stream_live_rtmp_answer(rs, rc);
}


static ngx_int_t
ngx_stream_live_rtmp_publish_expected(ngx_stream_live_rtmp_t *rs)
{
    if (rs->state == NGX_STREAM_LIVE_RTMP_PUBLISH) {
        return NGX_OK;
    }

    rs->reason = "media or data without \"publish\"";

    return NGX_ERROR;
}


static ngx_int_t
ngx_stream_live_rtmp_publish_codec(ngx_stream_live_rtmp_t *rs,
    const char *what, ngx_uint_t codec)
{
    u_char     buf[64];
    ngx_str_t  reason;

    reason.data = buf;

    if (codec > 255) {

        /* four characters of Enhanced RTMP */

        reason.len = ngx_snprintf(buf, sizeof(buf),
                                  "unsupported %s codec 0x%08xi", what, codec)
                     - buf;
    } else {
        reason.len = ngx_snprintf(buf, sizeof(buf),
                                  "unsupported %s codec %ui", what, codec)
                     - buf;
    }

    return ngx_stream_live_rtmp_refuse(rs, NGX_STREAM_LIVE_RTMP_PUBLISH_CODEC,
                                       0, &reason);
}


ngx_int_t
ngx_stream_live_rtmp_publish_video(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    ngx_int_t             rc;
    ngx_uint_t            flags;
    ngx_live_flv_video_t  video;

    if (ngx_stream_live_rtmp_publish_expected(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    if (m->len == 0) {
        return NGX_OK;
    }

    rc = ngx_live_flv_parse_video(&video, m->body, m->body + m->len,
                                  &rs->reason);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_stream_live_rtmp_publish_codec(rs, "video", video.fourcc);
    }

    if (video.frame_type == NGX_LIVE_FLV_FRAME_INFO) {
        return NGX_OK;
    }

    if (video.codec != NGX_LIVE_FLV_VIDEO_AVC) {
        return ngx_stream_live_rtmp_publish_codec(rs, "video", video.codec);
    }

    if (video.packet_type == NGX_LIVE_FLV_AVC_CONFIG) {
        return ngx_stream_live_rtmp_publish_avc_config(rs, &video, m);
    }

    if (video.packet_type != NGX_LIVE_FLV_AVC_NALU || video.len == 0) {
        return NGX_OK;
    }

    flags = (video.frame_type == NGX_LIVE_FLV_FRAME_KEY)
            ? NGX_LIVE_FRAME_KEY : 0;

    return ngx_stream_live_rtmp_publish_frame(rs, NGX_STREAM_LIVE_RTMP_VIDEO,
                                          m, flags, video.data - m->body,
                                          video.cts * NGX_LIVE_TICKS_PER_MS);
}


static ngx_int_t
ngx_stream_live_rtmp_publish_avc_config(ngx_stream_live_rtmp_t *rs,
    ngx_live_flv_video_t *video, ngx_live_rtmp_message_t *m)
{
    u_char                  *p;
    ngx_str_t               *nal;
    ngx_live_h264_sps_t      sps;
    ngx_live_track_info_t    info;
    ngx_live_h264_config_t   config;

    if (ngx_live_h264_parse_config(&config, video->data,
                                   video->data + video->len, &rs->reason)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    nal = &config.sps[0];

    if (ngx_live_h264_parse_sps(&sps, nal->data, nal->data + nal->len,
                                &rs->reason)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&info, sizeof(ngx_live_track_info_t));

    info.kind = NGX_LIVE_KIND_VIDEO;
    info.codec = NGX_LIVE_CODEC_H264;
    info.width = (uint16_t) sps.width;
    info.height = (uint16_t) sps.height;

    if (sps.num_units_in_tick && sps.num_units_in_tick <= 0x7fffffff) {
        info.fps_num = sps.time_scale;
        info.fps_den = 2 * sps.num_units_in_tick;
    }

    p = ngx_live_codec_string_h264(info.string,
                                   info.string + NGX_LIVE_CODEC_LEN - 1,
                                   config.profile, config.constraints,
                                   config.level);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = '\0';

    return ngx_stream_live_rtmp_publish_config(rs, NGX_STREAM_LIVE_RTMP_VIDEO,
                                               &info, m->body, m->len);
}


ngx_int_t
ngx_stream_live_rtmp_publish_audio(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    ngx_int_t             rc;
    ngx_live_flv_audio_t  audio;

    if (ngx_stream_live_rtmp_publish_expected(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    /* some encoders mark silence so */

    if (m->len == 0) {
        return NGX_OK;
    }

    rc = ngx_live_flv_parse_audio(&audio, m->body, m->body + m->len,
                                  &rs->reason);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_stream_live_rtmp_publish_codec(rs, "audio", audio.fourcc);
    }

    switch (audio.format) {

    case NGX_LIVE_FLV_AUDIO_AAC:
        return ngx_stream_live_rtmp_publish_aac(rs, &audio, m);

    case NGX_LIVE_FLV_AUDIO_MP3:
    case NGX_LIVE_FLV_AUDIO_MP3_8K:
        return ngx_stream_live_rtmp_publish_mp3(rs, &audio, m);

    default:
        return ngx_stream_live_rtmp_publish_codec(rs, "audio", audio.format);
    }
}


static ngx_int_t
ngx_stream_live_rtmp_publish_aac(ngx_stream_live_rtmp_t *rs,
    ngx_live_flv_audio_t *audio, ngx_live_rtmp_message_t *m)
{
    if (audio->len == 0) {
        return NGX_OK;
    }

    if (audio->packet_type == NGX_LIVE_FLV_AAC_CONFIG) {
        return ngx_stream_live_rtmp_publish_aac_config(rs, audio, m);
    }

    return ngx_stream_live_rtmp_publish_frame(rs, NGX_STREAM_LIVE_RTMP_AUDIO,
                                              m, 0, audio->data - m->body, 0);
}


static ngx_int_t
ngx_stream_live_rtmp_publish_aac_config(ngx_stream_live_rtmp_t *rs,
    ngx_live_flv_audio_t *audio, ngx_live_rtmp_message_t *m)
{
    u_char                 *p;
    ngx_int_t               rc;
    ngx_uint_t              type;
    ngx_live_track_info_t   info;
    ngx_live_aac_config_t   config;

    rc = ngx_live_aac_parse_config(&config, audio->data,
                                   audio->data + audio->len, &rs->reason);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_stream_live_rtmp_publish_codec(rs, "AAC",
                                                  config.object_type);
    }

    ngx_memzero(&info, sizeof(ngx_live_track_info_t));

    /* rate and samples are those of the core, with SBR too */

    info.kind = NGX_LIVE_KIND_AUDIO;
    info.codec = NGX_LIVE_CODEC_AAC;
    info.channels = (uint16_t) config.channels;
    info.rate = (uint32_t) config.sample_rate;
    info.samples = (uint32_t) config.frame_length;

    type = config.ps ? NGX_LIVE_AAC_PS
                     : config.sbr ? NGX_LIVE_AAC_SBR : config.object_type;

    p = ngx_live_codec_string_mp4a(info.string,
                                   info.string + NGX_LIVE_CODEC_LEN - 1,
                                   type);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = '\0';

    return ngx_stream_live_rtmp_publish_config(rs, NGX_STREAM_LIVE_RTMP_AUDIO,
                                               &info, m->body, m->len);
}


/*
 * MP3 has no configuration record, each frame says all.  The track's
 * configuration is made of what does not change from frame to frame: the FLV
 * header, version, layer, rate and channels.  Players are not sent it.
 */

static ngx_int_t
ngx_stream_live_rtmp_publish_mp3(ngx_stream_live_rtmp_t *rs,
    ngx_live_flv_audio_t *audio, ngx_live_rtmp_message_t *m)
{
    u_char                  config[5], *p;
    ngx_int_t               rc;
    ngx_live_track_info_t   info;
    ngx_live_mp3_header_t   header;

    if (audio->len < 4) {
        rs->reason = "truncated MP3 frame";
        return NGX_ERROR;
    }

    config[0] = m->body[0];
    config[1] = audio->data[0];
    config[2] = audio->data[1] & 0xfe;        /* without "protected" */
    config[3] = audio->data[2] & 0x0c;        /* rate */
    config[4] = audio->data[3] & 0xc0;        /* channel mode */

    if (!(rs->publish->configured & (1 << NGX_STREAM_LIVE_RTMP_AUDIO))
        || ngx_memcmp(config, rs->publish->mp3, sizeof(config)) != 0)
    {
        if (ngx_live_mp3_parse_header(&header, audio->data,
                                      audio->data + audio->len, &rs->reason)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_memzero(&info, sizeof(ngx_live_track_info_t));

        info.kind = NGX_LIVE_KIND_AUDIO;
        info.codec = NGX_LIVE_CODEC_MP3;
        info.channels = (uint16_t) header.channels;
        info.rate = (uint32_t) header.sample_rate;
        info.samples = (uint32_t) header.samples;

        p = ngx_live_codec_string_mp4a(info.string,
                                       info.string + NGX_LIVE_CODEC_LEN - 1,
                                       NGX_LIVE_CODEC_STRING_MP3);
        if (p == NULL) {
            return NGX_ERROR;
        }

        *p = '\0';

        rc = ngx_stream_live_rtmp_publish_config(rs,
                                                 NGX_STREAM_LIVE_RTMP_AUDIO,
                                                 &info, config,
                                                 sizeof(config));
        if (rc != NGX_OK) {
            return rc;
        }

        ngx_memcpy(rs->publish->mp3, config, sizeof(config));
    }

    return ngx_stream_live_rtmp_publish_frame(rs, NGX_STREAM_LIVE_RTMP_AUDIO,
                                              m, 0, audio->data - m->body, 0);
}


/*
 * Data messages in AMF0: "onMetaData", which encoders wrap into a call of
 * "@setDataFrame", is kept for players that come later; others are passed on.
 */

ngx_int_t
ngx_stream_live_rtmp_publish_data(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    u_char                   *data, *end;
    ngx_int_t                 rc;
    ngx_str_t                 name;
    ngx_live_amf_t            amf;
    ngx_live_track_info_t     info;
    ngx_live_rtmp_message_t   d;

    if (ngx_stream_live_rtmp_publish_expected(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    end = m->body + m->len;

    if (m->type == NGX_LIVE_RTMP_AMF3_DATA) {
        ngx_live_amf_init_amf3(&amf, m->body, end);

    } else {
        ngx_live_amf_init(&amf, m->body, end);
    }

    data = amf.pos;

    rc = ngx_live_amf_read_string(&amf, &name);

    if (rc == NGX_OK && name.len == 13
        && ngx_strncmp(name.data, "@setDataFrame", 13) == 0)
    {
        data = amf.pos;
        rc = ngx_live_amf_read_string(&amf, &name);
    }

    if (rc != NGX_OK) {
        rs->reason = (rc == NGX_ERROR) ? amf.reason : "data without a name";
        return NGX_ERROR;
    }

    if (name.len == 0 || name.data[0] == '@') {

        /* "@clearDataFrame" and calls that nobody here makes use of */

        return NGX_OK;
    }

    /* what is malformed is not handed to players */

    while ((rc = ngx_live_amf_skip(&amf)) == NGX_OK) { /* void */ }

    if (rc == NGX_ERROR) {
        rs->reason = amf.reason;
        return NGX_ERROR;
    }

    if (name.len == 10 && ngx_strncmp(name.data, "onMetaData", 10) == 0) {
        ngx_memzero(&info, sizeof(ngx_live_track_info_t));

        info.kind = NGX_LIVE_KIND_DATA;
        info.codec = NGX_LIVE_CODEC_SCRIPT;

        return ngx_stream_live_rtmp_publish_config(rs,
                                                   NGX_STREAM_LIVE_RTMP_DATA,
                                                   &info, data, end - data);
    }

    d = *m;
    d.body = data;
    d.len = (uint32_t) (end - data);

    return ngx_stream_live_rtmp_publish_frame(rs, NGX_STREAM_LIVE_RTMP_DATA,
                                              &d, 0, 0, 0);
}


/* section 7.1.6: FLV tags, whose times are relative to the first one's */

ngx_int_t
ngx_stream_live_rtmp_publish_aggregate(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    u_char                   *p, *end;
    uint32_t                  first;
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_live_flv_tag_t        tag;
    ngx_live_rtmp_message_t   sub;

    if (ngx_stream_live_rtmp_publish_expected(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    p = m->body;
    end = p + m->len;
    first = 0;

    for (n = 0; p < end; n++) {
        rc = ngx_live_flv_parse_tag(&p, end, &tag, &rs->reason);

        if (rc == NGX_AGAIN || (rc == NGX_OK && (size_t) (end - p) < tag.size))
        {
            rs->reason = "truncated aggregate message";
            return NGX_ERROR;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        if (n == 0) {
            first = tag.timestamp;
        }

        sub = *m;
        sub.type = (u_char) tag.type;
        sub.timestamp = m->timestamp + (tag.timestamp - first);
        sub.body = p;
        sub.len = tag.size;

        rc = ngx_stream_live_rtmp_publish_sub(rs, &sub);

        if (rc != NGX_OK) {
            return rc;
        }

        p += tag.size;
        p += ngx_min((size_t) (end - p), NGX_LIVE_FLV_TAG_TRAILER_LEN);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_publish_sub(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    switch (m->type) {

    case NGX_LIVE_RTMP_AUDIO:
        return ngx_stream_live_rtmp_publish_audio(rs, m);

    case NGX_LIVE_RTMP_VIDEO:
        return ngx_stream_live_rtmp_publish_video(rs, m);

    case NGX_LIVE_RTMP_AMF0_DATA:
        return ngx_stream_live_rtmp_publish_data(rs, m);

    default:
        return NGX_OK;
    }
}


static ngx_int_t
ngx_stream_live_rtmp_publish_config(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t kind, ngx_live_track_info_t *info, u_char *data, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_live_publish_config(&rs->publish->publisher, kind, info, data,
                                 len);

    switch (rc) {

    case NGX_OK:
        rs->publish->configured |= 1 << kind;
        return NGX_OK;

    case NGX_ABORT:

        /* the stream is another publisher's, closed() is about to be called */

        return NGX_OK;

    case NGX_DECLINED:

        if (kind == NGX_STREAM_LIVE_RTMP_DATA) {

            if (!(rs->publish->dropped & (1 << kind))) {
                rs->publish->dropped |= 1 << kind;

                ngx_log_error(NGX_LOG_INFO, rs->connection->log, 0,
                              "metadata of %uz bytes is ignored", len);
            }

            return NGX_OK;
        }

        rs->reason = "codec configuration cannot be kept";
        return NGX_ERROR;

    default: /* NGX_ERROR */
        return ngx_stream_live_rtmp_publish_refused(rs, NGX_ERROR);
    }
}


static ngx_int_t
ngx_stream_live_rtmp_publish_frame(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t kind, ngx_live_rtmp_message_t *m, ngx_uint_t flags,
    ngx_uint_t prefix, int32_t cts)
{
    ngx_int_t                        rc;
    ngx_buf_t                        b;
    ngx_chain_t                      in;
    ngx_stream_live_rtmp_publish_t  *publish;

    publish = rs->publish;

    if (kind != NGX_STREAM_LIVE_RTMP_DATA
        && !(publish->configured & (1 << kind)))
    {
        if (!(publish->dropped & (1 << kind))) {
            publish->dropped |= 1 << kind;

            ngx_log_error(NGX_LOG_INFO, rs->connection->log, 0,
                          "%s frames before their configuration are dropped",
                          ngx_stream_live_rtmp_publish_kinds[kind]);
        }

        return NGX_OK;
    }

    ngx_memzero(&b, sizeof(ngx_buf_t));

    b.pos = m->body;
    b.last = m->body + m->len;
    b.memory = 1;

    in.buf = &b;
    in.next = NULL;

    rc = ngx_live_publish_frame(&publish->publisher, kind, m->timestamp, cts,
                                flags
                                | ngx_stream_live_rtmp_publish_flags[kind],
                                prefix, &in);

    if (rc == NGX_ERROR) {
        rs->reason = "frame cannot be written";
        return NGX_ERROR;
    }

    /* after NGX_ABORT closed() is about to be called */

    return NGX_OK;
}
