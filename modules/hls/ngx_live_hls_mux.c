
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_mux.h"
#include "ngx_live_bytes.h"

#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>


#define NGX_LIVE_HLS_MUX_IO        16384
#define NGX_LIVE_HLS_MUX_PART      32768
#define NGX_LIVE_HLS_MUX_PART_MAX  (256 * 1024 * 1024)

/*
 * Not negative_cts_offsets: it adds the composition offset of the first frame
 * to every dts and takes it from every offset.
 */
#define NGX_LIVE_HLS_MUX_FLAGS                                                \
    "empty_moov+default_base_moof+frag_custom+frag_discont+skip_trailer"


/* what a write callback is handed */

#if (LIBAVFORMAT_VERSION_MAJOR >= 61)
typedef const uint8_t  ngx_live_hls_mux_byte_t;
#else
typedef uint8_t        ngx_live_hls_mux_byte_t;
#endif


struct ngx_live_hls_mux_s {
    AVFormatContext           *format;
    AVIOContext               *io;
    AVStream                  *stream;
    AVPacket                  *packet;

    u_char                    *init;
    size_t                     init_size;

    u_char                    *out;        /* of the current part */
    size_t                     size;
    size_t                     allocated;
    size_t                     last;       /* size of the last part */

    int64_t                    shift;      /* of composition offsets */

    ngx_log_t                 *log;

    unsigned                   video:1;
    unsigned                   frames:1;   /* the part has one */
    unsigned                   negative:1; /* an offset was below zero */
    unsigned                   error:1;
};


static ngx_int_t ngx_live_hls_mux_open(ngx_live_hls_mux_t *mux,
    ngx_live_track_info_t *info, u_char *record, size_t size);
static ngx_int_t ngx_live_hls_mux_parameters(AVCodecParameters *par,
    ngx_live_track_info_t *info, u_char *record, size_t size);
static ngx_int_t ngx_live_hls_mux_header(ngx_live_hls_mux_t *mux);
static int ngx_live_hls_mux_write(void *opaque, ngx_live_hls_mux_byte_t *data,
    int len);
static ngx_int_t ngx_live_hls_mux_offsets(ngx_live_hls_mux_t *mux);
static u_char *ngx_live_hls_mux_box(u_char *p, u_char *end, const char *type,
    u_char **last);
static void ngx_live_hls_mux_log(void *ctx, int level, const char *fmt,
    va_list args);


void
ngx_live_hls_mux_start(void)
{
    av_log_set_callback(ngx_live_hls_mux_log);
}


/*
 * What libavformat has to say comes once per packet when it comes, so it is
 * for debugging; its failures are logged by the caller.
 */

static void
ngx_live_hls_mux_log(void *ctx, int level, const char *fmt, va_list args)
{
#if (NGX_DEBUG)
    int     n;
    size_t  len;
    char    line[512];

    if (level > AV_LOG_WARNING) {
        return;
    }

    n = vsnprintf(line, sizeof(line), fmt, args);

    if (n <= 0) {
        return;
    }

    len = ngx_min((size_t) n, sizeof(line) - 1);

    while (len && line[len - 1] == '\n') {
        len--;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "libavformat: %*s", len, line);
#endif
}


ngx_live_hls_mux_t *
ngx_live_hls_mux_create(ngx_live_track_info_t *info, u_char *record,
    size_t size, ngx_log_t *log)
{
    ngx_live_hls_mux_t  *mux;

    mux = ngx_calloc(sizeof(ngx_live_hls_mux_t), log);
    if (mux == NULL) {
        return NULL;
    }

    mux->log = log;
    mux->last = NGX_LIVE_HLS_MUX_PART;
    mux->video = (info->kind == NGX_LIVE_KIND_VIDEO);

    if (ngx_live_hls_mux_open(mux, info, record, size) != NGX_OK
        || ngx_live_hls_mux_header(mux) != NGX_OK)
    {
        ngx_live_hls_mux_destroy(mux);
        return NULL;
    }

    return mux;
}


static ngx_int_t
ngx_live_hls_mux_open(ngx_live_hls_mux_t *mux, ngx_live_track_info_t *info,
    u_char *record, size_t size)
{
    u_char  *p;

    if (avformat_alloc_output_context2(&mux->format, NULL, "mp4", NULL) < 0) {
        return NGX_ERROR;
    }

    p = av_malloc(NGX_LIVE_HLS_MUX_IO);
    if (p == NULL) {
        return NGX_ERROR;
    }

    mux->io = avio_alloc_context(p, NGX_LIVE_HLS_MUX_IO, 1, mux, NULL,
                                 ngx_live_hls_mux_write, NULL);
    if (mux->io == NULL) {
        av_free(p);
        return NGX_ERROR;
    }

    mux->format->pb = mux->io;
    mux->format->flags |= AVFMT_FLAG_CUSTOM_IO|AVFMT_FLAG_BITEXACT;
    mux->format->avoid_negative_ts = 0;

    mux->packet = av_packet_alloc();
    mux->stream = avformat_new_stream(mux->format, NULL);

    if (mux->packet == NULL || mux->stream == NULL) {
        return NGX_ERROR;
    }

    mux->stream->time_base = (AVRational) { 1, mux->video ? 90000
                                                    : (int) info->rate };

    return ngx_live_hls_mux_parameters(mux->stream->codecpar, info, record,
                                       size);
}


static ngx_int_t
ngx_live_hls_mux_parameters(AVCodecParameters *par,
    ngx_live_track_info_t *info, u_char *record, size_t size)
{
    switch (info->codec) {

    case NGX_LIVE_CODEC_H264:
        par->codec_type = AVMEDIA_TYPE_VIDEO;
        par->codec_id = AV_CODEC_ID_H264;
        par->width = info->width;
        par->height = info->height;
        break;

    case NGX_LIVE_CODEC_AAC:
    case NGX_LIVE_CODEC_MP3:
        if (info->rate == 0 || info->channels == 0) {
            return NGX_ERROR;
        }

        par->codec_type = AVMEDIA_TYPE_AUDIO;
        par->codec_id = (info->codec == NGX_LIVE_CODEC_AAC) ? AV_CODEC_ID_AAC
                                                            : AV_CODEC_ID_MP3;
        par->sample_rate = info->rate;
        par->frame_size = info->samples;
        av_channel_layout_default(&par->ch_layout, info->channels);
        break;

    default:
        return NGX_ERROR;
    }

    if (size == 0) {
        return NGX_OK;
    }

    par->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (par->extradata == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(par->extradata, record, size);
    par->extradata_size = size;

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_mux_header(ngx_live_hls_mux_t *mux)
{
    int            rc;
    AVDictionary  *options;

    options = NULL;

    av_dict_set(&options, "movflags", NGX_LIVE_HLS_MUX_FLAGS, 0);
    av_dict_set(&options, "use_editlist", "0", 0);
    av_dict_set(&options, "brand", "iso6", 0);

    rc = avformat_write_header(mux->format, &options);
    av_dict_free(&options);

    if (rc < 0) {
        return NGX_ERROR;
    }

    avio_flush(mux->io);

    if (mux->error || mux->size == 0) {
        return NGX_ERROR;
    }

    mux->init = mux->out;
    mux->init_size = mux->size;

    mux->out = NULL;
    mux->size = 0;
    mux->allocated = 0;

    return NGX_OK;
}


void
ngx_live_hls_mux_destroy(ngx_live_hls_mux_t *mux)
{
    if (mux->packet) {
        av_packet_free(&mux->packet);
    }

    if (mux->format) {
        avformat_free_context(mux->format);
    }

    if (mux->io) {
        av_freep(&mux->io->buffer);
        avio_context_free(&mux->io);
    }

    if (mux->init) {
        ngx_free(mux->init);
    }

    if (mux->out) {
        ngx_free(mux->out);
    }

    ngx_free(mux);
}


void
ngx_live_hls_mux_init(ngx_live_hls_mux_t *mux, ngx_str_t *init)
{
    init->data = mux->init;
    init->len = mux->init_size;
}


uint32_t
ngx_live_hls_mux_timescale(ngx_live_hls_mux_t *mux)
{
    return mux->stream->time_base.den;
}


static int
ngx_live_hls_mux_write(void *opaque, ngx_live_hls_mux_byte_t *data, int len)
{
    ngx_live_hls_mux_t *mux = opaque;

    size_t   need, allocated;
    u_char  *p;

    need = mux->size + len;

    if (need > mux->allocated) {

        if (need > NGX_LIVE_HLS_MUX_PART_MAX) {
            mux->error = 1;
            return AVERROR(EFBIG);
        }

        allocated = mux->allocated ? mux->allocated * 2
                                   : mux->last + mux->last / 4;
        allocated = ngx_max(allocated, need);

        p = ngx_alloc(allocated, mux->log);
        if (p == NULL) {
            mux->error = 1;
            return AVERROR(ENOMEM);
        }

        if (mux->out) {
            ngx_memcpy(p, mux->out, mux->size);
            ngx_free(mux->out);
        }

        mux->out = p;
        mux->allocated = allocated;
    }

    ngx_memcpy(mux->out + mux->size, data, len);
    mux->size += len;

    return len;
}


ngx_int_t
ngx_live_hls_mux_frame(ngx_live_hls_mux_t *mux, ngx_live_time_t dts,
    int32_t cts, ngx_live_time_t duration, ngx_uint_t key, u_char *data,
    size_t size)
{
    int         rc;
    int64_t     start, end, scale, offset;
    AVPacket   *packet;

    scale = mux->stream->time_base.den;

    /* both ends are rounded, so what follows begins where this one ends */

    start = av_rescale(dts, scale, 90000);
    end = av_rescale(dts + duration, scale, 90000);

    /*
     * libavformat does not take a pts before its dts: once there was such a
     * frame, all offsets are written too large and put right afterwards
     */

    if (!mux->frames && mux->negative) {
        mux->shift = scale;
    }

    offset = av_rescale(cts, scale, 90000) + mux->shift;

    if (offset < 0) {
        mux->negative = 1;
        offset = 0;
    }

    packet = mux->packet;

    packet->dts = start;
    packet->pts = start + offset;
    packet->duration = end - start;
    packet->flags = key ? AV_PKT_FLAG_KEY : 0;
    packet->data = data;
    packet->size = size;
    packet->stream_index = 0;

    if (!mux->frames) {

        /*
         * otherwise the first dts of a fragment is made to be the sum of
         * all durations before it, which is wrong after a hole
         */

        (void) av_opt_set(mux->format->priv_data, "movflags",
                          "+frag_discont", 0);
    }

    rc = av_write_frame(mux->format, packet);

    packet->data = NULL;
    packet->size = 0;

    if (rc < 0 || mux->error) {
        return NGX_ERROR;
    }

    mux->frames = 1;

    return NGX_OK;
}


ngx_int_t
ngx_live_hls_mux_flush(ngx_live_hls_mux_t *mux, ngx_live_hls_mux_buf_t *part)
{
    part->data = NULL;
    part->size = 0;

    if (!mux->frames) {
        return NGX_ERROR;
    }

    mux->frames = 0;

    if (av_write_frame(mux->format, NULL) < 0) {
        return NGX_ERROR;
    }

    avio_flush(mux->io);

    if (mux->error || ngx_live_hls_mux_offsets(mux) != NGX_OK) {
        return NGX_ERROR;
    }

    part->data = mux->out;
    part->size = mux->size;

    mux->last = mux->size;

    mux->out = NULL;
    mux->size = 0;
    mux->allocated = 0;

    return NGX_OK;
}


/*
 * Makes the track run one of version 1, with signed composition offsets
 * (ISO/IEC 14496-12, 8.8.8).
 */

static ngx_int_t
ngx_live_hls_mux_offsets(ngx_live_hls_mux_t *mux)
{
    u_char    *p, *end;
    size_t     step, at;
    uint32_t   flags, n, offset;

    p = mux->out;
    end = p + mux->size;

    p = ngx_live_hls_mux_box(p, end, "moof", &end);
    p = ngx_live_hls_mux_box(p, end, "traf", &end);
    p = ngx_live_hls_mux_box(p, end, "trun", &end);

    if (p == NULL || end - p < 8) {
        return NGX_ERROR;
    }

    flags = ngx_live_be24(p + 1);
    n = ngx_live_be32(p + 4);

    if (!(flags & 0x800)) {
        return NGX_OK;
    }

    p[0] = 1;

    if (mux->shift == 0) {
        return NGX_OK;
    }

    p += 8 + ((flags & 0x1) ? 4 : 0) + ((flags & 0x4) ? 4 : 0);

    at = ((flags & 0x100) ? 4 : 0) + ((flags & 0x200) ? 4 : 0)
         + ((flags & 0x400) ? 4 : 0);
    step = at + 4;

    if ((size_t) (end - p) / step < n) {
        return NGX_ERROR;
    }

    for ( /* void */ ; n; n--, p += step) {
        offset = ngx_live_be32(p + at) - (uint32_t) mux->shift;
        (void) ngx_live_write_be32(p + at, end, offset);
    }

    return NGX_OK;
}


/* the payload of the first box of that type, and its end */

static u_char *
ngx_live_hls_mux_box(u_char *p, u_char *end, const char *type, u_char **last)
{
    uint32_t  size;

    while (p && end - p >= 8) {
        size = ngx_live_be32(p);

        if (size < 8 || (size_t) (end - p) < size) {
            return NULL;
        }

        if (ngx_memcmp(p + 4, type, 4) == 0) {
            *last = p + size;
            return p + 8;
        }

        p += size;
    }

    return NULL;
}
