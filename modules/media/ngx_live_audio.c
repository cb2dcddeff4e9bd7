
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_audio.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>
#include <ngx_live_audio.h>


#define NGX_LIVE_AAC_MAX_RATE      192000

#define NGX_LIVE_AAC_SYNC_SBR      0x2b7
#define NGX_LIVE_AAC_SYNC_PS       0x548


static ngx_uint_t ngx_live_aac_object_type(ngx_live_bits_t *b);
static ngx_uint_t ngx_live_aac_sample_rate(ngx_live_bits_t *b);
static void ngx_live_aac_ga_config(ngx_live_aac_config_t *c,
    ngx_live_bits_t *b);
static void ngx_live_aac_program_config(ngx_live_aac_config_t *c,
    ngx_live_bits_t *b);
static void ngx_live_aac_sync_extension(ngx_live_aac_config_t *c,
    ngx_live_bits_t *b);


/* ISO/IEC 14496-3, table 1.18 */

static const uint32_t  ngx_live_aac_rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000,
    11025, 8000, 7350
};


/* table 1.19; zero: reserved, or a program config element */

static const uint8_t  ngx_live_aac_channels[] = {
    0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0
};


/* kbit/s by index 1..14: MPEG-1 layers 1, 2, 3; MPEG-2 and 2.5: 1, 2 and 3 */

static const uint16_t  ngx_live_mp3_bitrates[5][14] = {
    { 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
    { 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
    { 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
    { 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
    { 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 }
};

static const uint16_t  ngx_live_mp3_rates[3] = { 44100, 48000, 32000 };


ngx_int_t
ngx_live_aac_parse_config(ngx_live_aac_config_t *c, u_char *pos, u_char *end,
    const char **reason)
{
    ngx_live_bits_t  b;

    ngx_memzero(c, sizeof(ngx_live_aac_config_t));
    ngx_live_bits_init(&b, pos, end);

    c->object_type = ngx_live_aac_object_type(&b);
    c->sample_rate = ngx_live_aac_sample_rate(&b);
    c->channel_config = ngx_live_bits_read(&b, 4);
    c->channels = ngx_live_aac_channels[c->channel_config];
    c->output_rate = c->sample_rate;
    c->frame_length = 1024;

    if (c->object_type == NGX_LIVE_AAC_SBR
        || c->object_type == NGX_LIVE_AAC_PS)
    {
        c->hierarchical = 1;
        c->sbr = 1;
        c->ps = (c->object_type == NGX_LIVE_AAC_PS);
        c->output_rate = ngx_live_aac_sample_rate(&b);
        c->object_type = ngx_live_aac_object_type(&b);
    }

    if (b.error) {
        *reason = "truncated AAC configuration";
        return NGX_ERROR;
    }

    if (c->sample_rate == 0 || c->output_rate == 0) {
        *reason = "invalid AAC sample rate";
        return NGX_ERROR;
    }

    if (c->object_type < NGX_LIVE_AAC_MAIN
        || c->object_type > NGX_LIVE_AAC_LTP)
    {
        *reason = "unsupported AAC object type";
        return NGX_DECLINED;
    }

    ngx_live_aac_ga_config(c, &b);

    if (b.error) {
        *reason = "truncated AAC configuration";
        return NGX_ERROR;
    }

    if (c->channels == 0) {
        *reason = "invalid AAC channel configuration";
        return NGX_ERROR;
    }

    if (!c->sbr) {
        ngx_live_aac_sync_extension(c, &b);
    }

    return NGX_OK;
}


/* 1.6.2.1, GetAudioObjectType() */

static ngx_uint_t
ngx_live_aac_object_type(ngx_live_bits_t *b)
{
    ngx_uint_t  type;

    type = ngx_live_bits_read(b, 5);

    if (type == 31) {
        type = 32 + ngx_live_bits_read(b, 6);
    }

    return type;
}


/* zero when reserved or absurd */

static ngx_uint_t
ngx_live_aac_sample_rate(ngx_live_bits_t *b)
{
    ngx_uint_t  index, rate;

    index = ngx_live_bits_read(b, 4);

    if (index == 15) {
        rate = ngx_live_bits_read(b, 24);

        return (rate <= NGX_LIVE_AAC_MAX_RATE) ? rate : 0;
    }

    if (index >= sizeof(ngx_live_aac_rates) / sizeof(ngx_live_aac_rates[0])) {
        return 0;
    }

    return ngx_live_aac_rates[index];
}


/* GASpecificConfig(), 4.4.1, of object types 1..4 */

static void
ngx_live_aac_ga_config(ngx_live_aac_config_t *c, ngx_live_bits_t *b)
{
    if (ngx_live_bits_read(b, 1)) {
        c->frame_length = 960;
    }

    /* dependsOnCoreCoder, coreCoderDelay */

    if (ngx_live_bits_read(b, 1)) {
        ngx_live_bits_skip(b, 14);
    }

    /* extensionFlag, of no consequence for these types */

    ngx_live_bits_skip(b, 1);

    if (c->channel_config == 0) {
        ngx_live_aac_program_config(c, b);
    }
}


/* program_config_element(), 4.4.1.1: only the channels are of interest */

static void
ngx_live_aac_program_config(ngx_live_aac_config_t *c, ngx_live_bits_t *b)
{
    ngx_uint_t  i, elements, lfe, data, cc, comment;

    /* element_instance_tag, object_type, sampling_frequency_index */

    ngx_live_bits_skip(b, 4 + 2 + 4);

    elements = ngx_live_bits_read(b, 4);
    elements += ngx_live_bits_read(b, 4);
    elements += ngx_live_bits_read(b, 4);
    lfe = ngx_live_bits_read(b, 2);
    data = ngx_live_bits_read(b, 3);
    cc = ngx_live_bits_read(b, 4);

    /* mono, stereo and matrix mixdown */

    if (ngx_live_bits_read(b, 1)) {
        ngx_live_bits_skip(b, 4);
    }

    if (ngx_live_bits_read(b, 1)) {
        ngx_live_bits_skip(b, 4);
    }

    if (ngx_live_bits_read(b, 1)) {
        ngx_live_bits_skip(b, 3);
    }

    c->channels = lfe;

    for (i = 0; i < elements; i++) {
        c->channels += 1 + ngx_live_bits_read(b, 1);
        ngx_live_bits_skip(b, 4);
    }

    ngx_live_bits_skip(b, lfe * 4 + data * 4 + cc * 5);

    /* byte_alignment(), counted from the start of the configuration */

    ngx_live_bits_skip(b, b->left);

    comment = ngx_live_bits_read(b, 8);
    ngx_live_bits_skip(b, comment * 8);
}


/*
 * SBR and PS signalled behind a configuration that older decoders
 * understand, 1.6.6.1.  What is cut short there is not there.
 */

static void
ngx_live_aac_sync_extension(ngx_live_aac_config_t *c, ngx_live_bits_t *b)
{
    ngx_uint_t  rate;

    if (ngx_live_bits_left(b) < 16
        || ngx_live_bits_read(b, 11) != NGX_LIVE_AAC_SYNC_SBR
        || ngx_live_aac_object_type(b) != NGX_LIVE_AAC_SBR
        || ngx_live_bits_read(b, 1) == 0)
    {
        return;
    }

    rate = ngx_live_aac_sample_rate(b);

    if (b->error || rate == 0) {
        return;
    }

    c->sbr = 1;
    c->output_rate = rate;

    if (ngx_live_bits_left(b) >= 12
        && ngx_live_bits_read(b, 11) == NGX_LIVE_AAC_SYNC_PS)
    {
        c->ps = ngx_live_bits_read(b, 1);
    }
}


ngx_int_t
ngx_live_mp3_parse_header(ngx_live_mp3_header_t *h, u_char *pos, u_char *end,
    const char **reason)
{
    uint32_t    v;
    ngx_uint_t  version, layer, bitrate, rate, table, padding;

    ngx_memzero(h, sizeof(ngx_live_mp3_header_t));

    if (ngx_live_read_be32(pos, end, &v) == NULL) {
        *reason = "truncated MP3 header";
        return NGX_ERROR;
    }

    version = (v >> 19) & 3;
    layer = 4 - ((v >> 17) & 3);
    bitrate = (v >> 12) & 15;
    rate = (v >> 10) & 3;
    padding = (v >> 9) & 1;

    if ((v & 0xffe00000) != 0xffe00000 || version == 1 || layer == 4) {
        *reason = "no MP3 header";
        return NGX_ERROR;
    }

    /* bitrate 0 is the free format: the size of a frame is not in it */

    if (bitrate == 0 || bitrate == 15 || rate == 3) {
        *reason = "unsupported MP3 bitrate or sample rate";
        return NGX_ERROR;
    }

    /* the two bits of the version are 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5 */

    if (version == 3) {
        h->version = 10;
        h->sample_rate = ngx_live_mp3_rates[rate];
        table = layer - 1;

    } else {
        h->version = (version == 2) ? 20 : 25;
        h->sample_rate = ngx_live_mp3_rates[rate] / ((version == 2) ? 2 : 4);
        table = (layer == 1) ? 3 : 4;
    }

    h->layer = layer;
    h->bitrate = ngx_live_mp3_bitrates[table][bitrate - 1] * 1000;
    h->channels = ((v >> 6) & 3) == 3 ? 1 : 2;

    if (layer == 1) {
        h->samples = 384;
        h->size = (12 * h->bitrate / h->sample_rate + padding) * 4;

    } else {
        h->samples = (layer == 3 && version != 3) ? 576 : 1152;
        h->size = h->samples / 8 * h->bitrate / h->sample_rate + padding;
    }

    return NGX_OK;
}
