
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Sound of any codec becomes Opus at 48 kHz in packets of 20 ms, which is
 * what browsers take over WebRTC.
 *
 * The time of a packet is that of its first sample, counted in samples from
 * where the run began: inputs come with times rounded to milliseconds.  A run
 * ends when the input's time is not what it should be; then what has not
 * filled a packet yet is forgotten.
 */


#include "ngx_live_media.h"

#include <libavcodec/avcodec.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>


#define NGX_LIVE_MEDIA_OPUS_RATE     48000
#define NGX_LIVE_MEDIA_OPUS_BITRATE  96000

/* ticks; an input that is farther than this from its time begins a new run */
#define NGX_LIVE_MEDIA_OPUS_OFF      (50 * 90)


static ngx_int_t ngx_live_media_opus_init(int argc, char **argv);
static ngx_int_t ngx_live_media_opus_config(ngx_live_media_input_t *in);
static ngx_int_t ngx_live_media_opus_frame(ngx_live_media_input_t *in);
static ngx_int_t ngx_live_media_opus_decoded(void);
static ngx_int_t ngx_live_media_opus_resampler(void);
static ngx_int_t ngx_live_media_opus_encoder(int channels);
static void ngx_live_media_opus_run(int64_t dts);
static ngx_int_t ngx_live_media_opus_encode(void);
static ngx_int_t ngx_live_media_opus_packets(void);
static ngx_int_t ngx_live_media_opus_failed(const char *what, int rc);


static struct {
    int64_t             bitrate;

    AVCodecContext     *decoder;
    AVCodecContext     *encoder;
    SwrContext         *swr;
    AVAudioFifo        *fifo;
    AVFrame            *frame;     /* decoded */
    AVFrame            *samples;   /* for the encoder */
    AVPacket           *packet;

    int                 rate;      /* that the resampler takes */
    int                 format;
    int                 channels;

    ngx_uint_t          flags;     /* for the next packet */
    unsigned            running:1;
    int64_t             base;      /* dts of sample 0 of the run, ticks */
    int64_t             in;        /* samples taken, at 48 kHz */
    int64_t             out;       /* given to the encoder */
} ngx_live_media;


ngx_live_media_mode_t  ngx_live_media_opus = {
    "opus",
    " [bitrate]",
    ngx_live_media_opus_init,
    ngx_live_media_opus_config,
    ngx_live_media_opus_frame
};


static ngx_int_t
ngx_live_media_opus_init(int argc, char **argv)
{
    av_log_set_level(AV_LOG_FATAL);

    ngx_live_media.bitrate = argc > 0 ? strtol(argv[0], NULL, 10)
                                      : NGX_LIVE_MEDIA_OPUS_BITRATE;

    if (argc > 1
        || ngx_live_media.bitrate < 6000 || ngx_live_media.bitrate > 510000)
    {
        return NGX_ERROR;
    }

    ngx_live_media.frame = av_frame_alloc();
    ngx_live_media.samples = av_frame_alloc();
    ngx_live_media.packet = av_packet_alloc();

    if (ngx_live_media.frame == NULL || ngx_live_media.samples == NULL
        || ngx_live_media.packet == NULL)
    {
        return ngx_live_media_opus_failed("allocation", AVERROR(ENOMEM));
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_media_opus_config(ngx_live_media_input_t *in)
{
    int              rc;
    enum AVCodecID   id;
    const AVCodec   *codec;
    AVCodecContext  *c;

    switch (in->msg.codec) {

    case NGX_LIVE_HELPER_AAC:
        id = AV_CODEC_ID_AAC;
        break;

    case NGX_LIVE_HELPER_MP3:
        id = AV_CODEC_ID_MP3;
        break;

    case NGX_LIVE_HELPER_OPUS:
        id = AV_CODEC_ID_OPUS;
        break;

    default:
        fprintf(stderr, "the track is no sound that can be decoded\n");
        return NGX_ERROR;
    }

    avcodec_free_context(&ngx_live_media.decoder);

    codec = avcodec_find_decoder(id);
    c = codec ? avcodec_alloc_context3(codec) : NULL;

    if (c == NULL) {
        return ngx_live_media_opus_failed("decoder", AVERROR_DECODER_NOT_FOUND);
    }

    ngx_live_media.decoder = c;

    if (in->msg.size) {
        c->extradata = av_mallocz(in->msg.size + AV_INPUT_BUFFER_PADDING_SIZE);

        if (c->extradata == NULL) {
            return ngx_live_media_opus_failed("allocation", AVERROR(ENOMEM));
        }

        memcpy(c->extradata, in->body, in->msg.size);
        c->extradata_size = in->msg.size;
    }

    c->thread_count = 1;

    rc = avcodec_open2(c, codec, NULL);

    return rc < 0 ? ngx_live_media_opus_failed("decoder", rc) : NGX_OK;
}


static ngx_int_t
ngx_live_media_opus_frame(ngx_live_media_input_t *in)
{
    int         rc;
    int64_t     expected;
    ngx_uint_t  breaks;

    breaks = in->msg.flags & (NGX_LIVE_HELPER_DISCONT|NGX_LIVE_HELPER_DROPPED);

    /* also of what cannot be decoded */

    ngx_live_media.flags |= breaks;

    if (ngx_live_media.decoder == NULL) {
        return NGX_OK;
    }

    if (breaks) {
        avcodec_flush_buffers(ngx_live_media.decoder);
        ngx_live_media.running = 0;
    }

    expected = ngx_live_media.base
               + ngx_live_media.in * 90000 / NGX_LIVE_MEDIA_OPUS_RATE;

    if (!ngx_live_media.running
        || in->msg.dts > expected + NGX_LIVE_MEDIA_OPUS_OFF
        || in->msg.dts < expected - NGX_LIVE_MEDIA_OPUS_OFF)
    {
        ngx_live_media_opus_run(in->msg.dts);
    }

    ngx_live_media.packet->data = in->body;
    ngx_live_media.packet->size = in->msg.size;

    rc = avcodec_send_packet(ngx_live_media.decoder, ngx_live_media.packet);

    ngx_live_media.packet->data = NULL;
    ngx_live_media.packet->size = 0;

    /* a broken frame is the publisher's fault and leaves a hole */

    while (rc >= 0) {
        rc = avcodec_receive_frame(ngx_live_media.decoder,
                                   ngx_live_media.frame);

        if (rc >= 0 && ngx_live_media_opus_decoded() != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_live_media.encoder ? ngx_live_media_opus_encode() : NGX_OK;
}


static void
ngx_live_media_opus_run(int64_t dts)
{
    if (ngx_live_media.fifo) {
        av_audio_fifo_reset(ngx_live_media.fifo);
    }

    /* the encoder keeps some samples: it starts anew with the run */

    avcodec_free_context(&ngx_live_media.encoder);
    swr_free(&ngx_live_media.swr);

    if (ngx_live_media.running) {
        ngx_live_media.flags |= NGX_LIVE_HELPER_DISCONT;
    }

    ngx_live_media.running = 1;
    ngx_live_media.base = dts;
    ngx_live_media.in = 0;
    ngx_live_media.out = 0;
}


static ngx_int_t
ngx_live_media_opus_decoded(void)
{
    int       n, rc;
    uint8_t  *data;
    AVFrame  *f;

    f = ngx_live_media.frame;

    if (ngx_live_media.swr == NULL
        || f->sample_rate != ngx_live_media.rate
        || f->format != ngx_live_media.format
        || f->ch_layout.nb_channels != ngx_live_media.channels)
    {
        if (ngx_live_media_opus_resampler() != NGX_OK) {
            return NGX_ERROR;
        }
    }

    n = swr_get_out_samples(ngx_live_media.swr, f->nb_samples);
    data = NULL;

    rc = av_samples_alloc(&data, NULL,
                          ngx_live_media.encoder->ch_layout.nb_channels, n,
                          AV_SAMPLE_FMT_FLT, 0);
    if (rc < 0) {
        return ngx_live_media_opus_failed("allocation", rc);
    }

    n = swr_convert(ngx_live_media.swr, &data, n,
                    (const uint8_t **) f->extended_data, f->nb_samples);

    if (n > 0) {
        n = av_audio_fifo_write(ngx_live_media.fifo, (void **) &data, n);
    }

    av_freep(&data);
    av_frame_unref(f);

    if (n < 0) {
        return ngx_live_media_opus_failed("resampler", n);
    }

    ngx_live_media.in += n;

    return NGX_OK;
}


/* the rest that the former one holds, less than a millisecond, is let go */

static ngx_int_t
ngx_live_media_opus_resampler(void)
{
    int              rc;
    AVFrame         *f;
    AVChannelLayout  out;

    f = ngx_live_media.frame;

    rc = f->ch_layout.nb_channels > 1 ? 2 : 1;

    if (ngx_live_media_opus_encoder(rc) != NGX_OK) {
        return NGX_ERROR;
    }

    av_channel_layout_default(&out,
                          ngx_live_media.encoder->ch_layout.nb_channels);

    swr_free(&ngx_live_media.swr);

    rc = swr_alloc_set_opts2(&ngx_live_media.swr, &out, AV_SAMPLE_FMT_FLT,
                             NGX_LIVE_MEDIA_OPUS_RATE, &f->ch_layout,
                             f->format, f->sample_rate, 0, NULL);
    if (rc >= 0) {
        rc = swr_init(ngx_live_media.swr);
    }

    if (rc < 0) {
        return ngx_live_media_opus_failed("resampler", rc);
    }

    ngx_live_media.rate = f->sample_rate;
    ngx_live_media.format = f->format;
    ngx_live_media.channels = f->ch_layout.nb_channels;

    return NGX_OK;
}


/* a change of the number of channels within a run does not change it here */

static ngx_int_t
ngx_live_media_opus_encoder(int channels)
{
    int                         rc;
    const AVCodec              *codec;
    AVCodecContext             *c;
    ngx_live_helper_message_t   msg;

    if (ngx_live_media.encoder) {
        return NGX_OK;
    }

    codec = avcodec_find_encoder_by_name("libopus");
    c = codec ? avcodec_alloc_context3(codec) : NULL;

    if (c == NULL) {
        return ngx_live_media_opus_failed("encoder", AVERROR_ENCODER_NOT_FOUND);
    }

    ngx_live_media.encoder = c;

    c->sample_rate = NGX_LIVE_MEDIA_OPUS_RATE;
    c->sample_fmt = AV_SAMPLE_FMT_FLT;
    c->bit_rate = ngx_live_media.bitrate;
    c->time_base = (AVRational) { 1, NGX_LIVE_MEDIA_OPUS_RATE };
    av_channel_layout_default(&c->ch_layout, channels);

    (void) av_opt_set(c->priv_data, "frame_duration", "20", 0);

    rc = avcodec_open2(c, codec, NULL);

    if (rc < 0) {
        return ngx_live_media_opus_failed("encoder", rc);
    }

    if (ngx_live_media.fifo) {
        av_audio_fifo_free(ngx_live_media.fifo);
    }

    ngx_live_media.fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLT, channels,
                                              NGX_LIVE_MEDIA_OPUS_RATE / 10);
    if (ngx_live_media.fifo == NULL) {
        return ngx_live_media_opus_failed("allocation", AVERROR(ENOMEM));
    }

    /* the same one again is no change to nginx */

    memset(&msg, 0, sizeof(ngx_live_helper_message_t));

    msg.type = NGX_LIVE_HELPER_CONFIG;
    msg.codec = NGX_LIVE_HELPER_OPUS;
    msg.size = c->extradata_size;

    return ngx_live_media_write(&msg, c->extradata);
}


static ngx_int_t
ngx_live_media_opus_encode(void)
{
    int              rc;
    AVFrame         *s;
    AVCodecContext  *c;

    s = ngx_live_media.samples;
    c = ngx_live_media.encoder;

    while (av_audio_fifo_size(ngx_live_media.fifo) >= c->frame_size) {

        s->nb_samples = c->frame_size;
        s->format = c->sample_fmt;
        s->sample_rate = c->sample_rate;
        s->pts = ngx_live_media.out;

        rc = av_channel_layout_copy(&s->ch_layout, &c->ch_layout);

        if (rc >= 0) {
            rc = av_frame_get_buffer(s, 0);
        }

        if (rc >= 0) {
            rc = av_audio_fifo_read(ngx_live_media.fifo, (void **) s->data,
                                    c->frame_size);
        }

        if (rc >= 0) {
            rc = avcodec_send_frame(c, s);
        }

        av_frame_unref(s);

        if (rc < 0) {
            return ngx_live_media_opus_failed("encoder", rc);
        }

        ngx_live_media.out += c->frame_size;

        rc = ngx_live_media_opus_packets();

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_media_opus_packets(void)
{
    int                        rc;
    AVPacket                  *packet;
    ngx_live_helper_message_t  msg;

    packet = ngx_live_media.packet;

    while ((rc = avcodec_receive_packet(ngx_live_media.encoder, packet)) >= 0)
    {
        memset(&msg, 0, sizeof(ngx_live_helper_message_t));

        /*
         * The encoder's delay is in its pts already: what a decoder makes of
         * the packet stands at the time at which it stood in the input.
         */

        msg.type = NGX_LIVE_HELPER_FRAME;
        msg.flags = ngx_live_media.flags;
        msg.size = packet->size;
        msg.dts = ngx_live_media.base
                  + packet->pts * 90000 / NGX_LIVE_MEDIA_OPUS_RATE;

        ngx_live_media.flags = 0;

        rc = ngx_live_media_write(&msg, packet->data);

        av_packet_unref(packet);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == AVERROR(EAGAIN)) ? NGX_OK
                                  : ngx_live_media_opus_failed("encoder", rc);
}


static ngx_int_t
ngx_live_media_opus_failed(const char *what, int rc)
{
    char  text[AV_ERROR_MAX_STRING_SIZE];

    (void) av_strerror(rc, text, sizeof(text));

    fprintf(stderr, "%s failed: %s\n", what, text);

    return NGX_ERROR;
}
