
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_flv.h"
#include "ngx_live_amf.h"


#define NGX_HTTP_LIVE_FLV_METADATA_MAX  512

#define ngx_http_live_flv_tag_len(size)                                       \
    (NGX_LIVE_FLV_TAG_HEADER_LEN + (size) + NGX_LIVE_FLV_TAG_TRAILER_LEN)


static ngx_uint_t ngx_http_live_flv_select(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame, ngx_live_config_sh_t **configs);
static size_t ngx_http_live_flv_metadata(u_char *buf, u_char *end,
    ngx_live_config_sh_t **configs);
static u_char *ngx_http_live_flv_metadata_number(u_char *p, u_char *end,
    const char *key, double value);
static u_char *ngx_http_live_flv_head_create(ngx_http_live_flv_t *f,
    ngx_uint_t opcode, size_t size);
static u_char *ngx_http_live_flv_head_tag(u_char *p, ngx_uint_t type,
    u_char *data, size_t size, uint32_t ms);


ngx_uint_t  ngx_http_live_flv_tags[] = {
    NGX_LIVE_FLV_TAG_VIDEO,
    NGX_LIVE_FLV_TAG_AUDIO,
    NGX_LIVE_FLV_TAG_SCRIPT
};


/* the file header, onMetaData, and the configuration of each track */

ngx_int_t
ngx_http_live_flv_head_start(ngx_http_live_flv_t *f, ngx_live_frame_t *frame)
{
    size_t                 size, len;
    u_char                *p, metadata[NGX_HTTP_LIVE_FLV_METADATA_MAX];
    uint32_t               ms;
    ngx_uint_t             i, flags;
    ngx_live_config_sh_t  *configs[NGX_HTTP_LIVE_FLV_KINDS];

    flags = ngx_http_live_flv_select(f, frame, configs);
    ms = ngx_http_live_flv_ms(frame);

    len = 0;
    size = NGX_LIVE_FLV_FILE_HEADER_LEN;

    if (configs[NGX_HTTP_LIVE_FLV_DATA] == NULL) {
        len = ngx_http_live_flv_metadata(metadata,
                                         metadata + sizeof(metadata), configs);
        size += ngx_http_live_flv_tag_len(len);
    }

    for (i = 0; i < NGX_HTTP_LIVE_FLV_KINDS; i++) {
        if (configs[i] && ngx_live_config_is_sent(configs[i])) {
            size += ngx_http_live_flv_tag_len(configs[i]->size);
        }
    }

    p = ngx_http_live_flv_head_create(f, NGX_LIVE_WEBSOCKET_BINARY, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = ngx_live_flv_write_header(p, f->head->last, flags);

    if (len) {
        p = ngx_http_live_flv_head_tag(p, NGX_LIVE_FLV_TAG_SCRIPT, metadata,
                                       len, 0);
    }

    /*
     * Data first: players expect onMetaData before anything else, and at
     * zero: later ffmpeg takes it for a track of its own.
     */

    for (i = NGX_HTTP_LIVE_FLV_KINDS; i--; /* void */) {
        if (configs[i] && ngx_live_config_is_sent(configs[i])) {
            p = ngx_http_live_flv_head_tag(p, ngx_http_live_flv_tags[i],
                                           configs[i]->data, configs[i]->size,
                                           i == NGX_HTTP_LIVE_FLV_DATA ? 0
                                                                       : ms);
        }
    }

    f->started = 1;

    return NGX_OK;
}


/*
 * Finds a track of each kind and the configuration that goes with the first
 * frame; returns the flags of the file header.
 */

static ngx_uint_t
ngx_http_live_flv_select(ngx_http_live_flv_t *f, ngx_live_frame_t *frame,
    ngx_live_config_sh_t **configs)
{
    ngx_uint_t             i, kind, flags;
    ngx_live_config_sh_t  *config;

    flags = (frame->flags & NGX_LIVE_FRAME_VIDEO) ? NGX_LIVE_FLV_HAS_VIDEO
            : (frame->flags & NGX_LIVE_FRAME_AUDIO) ? NGX_LIVE_FLV_HAS_AUDIO
            : 0;

    for (i = 0; i < NGX_HTTP_LIVE_FLV_KINDS; i++) {
        configs[i] = NULL;
    }

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {

        config = ngx_live_stream_config(f->stream, i,
                                        i == frame->track ? frame->config
                                                          : 0);
        if (config == NULL || f->stream->sh->tracks[i].source) {
            continue;
        }

        switch (config->info.kind) {

        case NGX_LIVE_KIND_VIDEO:
            kind = NGX_HTTP_LIVE_FLV_VIDEO;
            break;

        case NGX_LIVE_KIND_AUDIO:
            kind = NGX_HTTP_LIVE_FLV_AUDIO;
            break;

        case NGX_LIVE_KIND_DATA:
            kind = NGX_HTTP_LIVE_FLV_DATA;
            break;

        default:
            continue;
        }

        if (configs[kind]) {
            continue;
        }

        configs[kind] = config;

        f->tracks[kind].id = i;
        f->tracks[kind].config = config->version;
    }

    if (configs[NGX_HTTP_LIVE_FLV_VIDEO]) {
        flags |= NGX_LIVE_FLV_HAS_VIDEO;
    }

    if (configs[NGX_HTTP_LIVE_FLV_AUDIO]) {
        flags |= NGX_LIVE_FLV_HAS_AUDIO;
    }

    return flags;
}


/* of a stream whose publisher has sent none */

static size_t
ngx_http_live_flv_metadata(u_char *buf, u_char *end,
    ngx_live_config_sh_t **configs)
{
    u_char                 *p;
    ngx_live_config_sh_t   *video, *audio;
    ngx_live_track_info_t  *info;

    video = configs[NGX_HTTP_LIVE_FLV_VIDEO];
    audio = configs[NGX_HTTP_LIVE_FLV_AUDIO];

    p = ngx_live_amf_write_string(buf, end, "onMetaData", 10);
    p = ngx_live_amf_write_ecma_array(p, end, 0);

    if (video) {
        info = &video->info;

        p = ngx_http_live_flv_metadata_number(p, end, "width", info->width);
        p = ngx_http_live_flv_metadata_number(p, end, "height",
                                              info->height);
        p = ngx_http_live_flv_metadata_number(p, end, "videocodecid",
                                              NGX_LIVE_FLV_VIDEO_AVC);

        if (info->fps_num && info->fps_den) {
            p = ngx_http_live_flv_metadata_number(p, end, "framerate",
                                    (double) info->fps_num / info->fps_den);
        }
    }

    if (audio) {
        info = &audio->info;

        p = ngx_http_live_flv_metadata_number(p, end, "audiosamplerate",
                                              info->rate);
        p = ngx_http_live_flv_metadata_number(p, end, "audiochannels",
                                              info->channels);
        p = ngx_http_live_flv_metadata_number(p, end, "audiocodecid",
                                    info->codec == NGX_LIVE_CODEC_MP3
                                    ? NGX_LIVE_FLV_AUDIO_MP3
                                    : NGX_LIVE_FLV_AUDIO_AAC);
    }

    p = ngx_live_amf_write_end(p, end);

    return p ? (size_t) (p - buf) : 0;
}


static u_char *
ngx_http_live_flv_metadata_number(u_char *p, u_char *end, const char *key,
    double value)
{
    p = ngx_live_amf_write_key(p, end, key, ngx_strlen(key));

    return ngx_live_amf_write_number(p, end, value);
}


/* the configuration that goes with the frame, before it */

ngx_int_t
ngx_http_live_flv_head_config(ngx_http_live_flv_t *f, ngx_live_frame_t *frame)
{
    u_char                     *p;
    ngx_uint_t                  kind;
    ngx_live_config_sh_t       *config;
    ngx_http_live_flv_track_t  *track;

    kind = ngx_http_live_flv_kind(frame);

    track = &f->tracks[kind];
    track->id = frame->track;
    track->config = frame->config;

    if (frame->config == 0) {
        return NGX_OK;
    }

    config = ngx_live_stream_config(f->stream, frame->track, frame->config);

    /* not kept any more: the next one will come soon */

    if (config == NULL || !ngx_live_config_is_sent(config)) {
        return NGX_OK;
    }

    p = ngx_http_live_flv_head_create(f, NGX_LIVE_WEBSOCKET_BINARY,
                                  ngx_http_live_flv_tag_len(config->size));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_live_flv_head_tag(p, ngx_http_live_flv_tags[kind], config->data,
                               config->size, ngx_http_live_flv_ms(frame));

    return NGX_OK;
}


/* what is in the scratch chain, after which the ring is not needed for it */

ngx_int_t
ngx_http_live_flv_head_chain(ngx_http_live_flv_t *f, ngx_live_send_t *s)
{
    ngx_http_live_flv_head_t  *head;

    head = ngx_alloc(offsetof(ngx_http_live_flv_head_t, data) + s->size,
                     f->request->connection->log);
    if (head == NULL) {
        return NGX_ERROR;
    }

    head->pos = head->data;
    head->last = ngx_live_send_flatten(s, head->data);

    f->head = head;

    return NGX_OK;
}


ngx_int_t
ngx_http_live_flv_head_control(ngx_http_live_flv_t *f, ngx_uint_t opcode,
    u_char *data, size_t len)
{
    u_char  *p;

    p = ngx_http_live_flv_head_create(f, opcode, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, data, len);

    return NGX_OK;
}


void
ngx_http_live_flv_head_free(ngx_http_live_flv_t *f)
{
    if (f->head) {
        ngx_free(f->head);
        f->head = NULL;
    }
}


/* returns the place for size bytes, which are one message of a WebSocket */

static u_char *
ngx_http_live_flv_head_create(ngx_http_live_flv_t *f, ngx_uint_t opcode,
    size_t size)
{
    size_t                     len;
    ngx_http_live_flv_head_t  *head;

    len = f->websocket ? ngx_live_websocket_header_len(size) : 0;

    head = ngx_alloc(offsetof(ngx_http_live_flv_head_t, data) + len + size,
                     f->request->connection->log);
    if (head == NULL) {
        return NULL;
    }

    head->pos = head->data;
    head->last = head->data + len + size;

    if (len) {
        (void) ngx_live_websocket_write_header(head->data, head->last, opcode,
                                               size);
    }

    f->head = head;

    return head->data + len;
}


/* there is room for it */

static u_char *
ngx_http_live_flv_head_tag(u_char *p, ngx_uint_t type, u_char *data,
    size_t size, uint32_t ms)
{
    u_char  *end;

    end = p + ngx_http_live_flv_tag_len(size);

    p = ngx_live_flv_write_tag(p, end, type, size, ms);
    p = ngx_cpymem(p, data, size);

    return ngx_live_flv_write_trailer(p, end, size);
}
