
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_flv.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>
#include <ngx_live_flv.h>


#define NGX_LIVE_FLV_HEADER_SIZE   9

/* the frame type's highest bit of Enhanced RTMP: a packet type, not a codec */
#define NGX_LIVE_FLV_EX_VIDEO      0x80

/* enhanced packet types that are followed by something else than a FourCC */
#define NGX_LIVE_FLV_EX_MULTITRACK_AUDIO  5
#define NGX_LIVE_FLV_EX_MULTITRACK_VIDEO  6


static const char  ngx_live_flv_truncated_audio[] = "truncated audio message";
static const char  ngx_live_flv_truncated_video[] = "truncated video message";


/* E.2, and the PreviousTagSize0 of E.3 */

u_char *
ngx_live_flv_write_header(u_char *pos, u_char *end, ngx_uint_t flags)
{
    if (ngx_live_skip(pos, end, NGX_LIVE_FLV_FILE_HEADER_LEN) == NULL) {
        return NULL;
    }

    pos = ngx_live_write_data(pos, end, "FLV\x01", 4);
    pos = ngx_live_write_u8(pos, end, flags & (NGX_LIVE_FLV_HAS_VIDEO
                                               | NGX_LIVE_FLV_HAS_AUDIO));
    pos = ngx_live_write_be32(pos, end, NGX_LIVE_FLV_HEADER_SIZE);

    return ngx_live_write_be32(pos, end, 0);
}


/* E.4.1; the lower 24 bits of the time stand before the upper 8 */

u_char *
ngx_live_flv_write_tag(u_char *pos, u_char *end, ngx_uint_t type, size_t size,
    uint32_t timestamp)
{
    if (size > NGX_LIVE_FLV_MAX_TAG_SIZE
        || ngx_live_skip(pos, end, NGX_LIVE_FLV_TAG_HEADER_LEN) == NULL)
    {
        return NULL;
    }

    pos = ngx_live_write_u8(pos, end, type);
    pos = ngx_live_write_be24(pos, end, size);
    pos = ngx_live_write_be24(pos, end, timestamp);
    pos = ngx_live_write_u8(pos, end, timestamp >> 24);

    return ngx_live_write_be24(pos, end, 0);
}


u_char *
ngx_live_flv_write_trailer(u_char *pos, u_char *end, size_t size)
{
    return ngx_live_write_be32(pos, end, NGX_LIVE_FLV_TAG_HEADER_LEN + size);
}


ngx_int_t
ngx_live_flv_parse_header(u_char **pos, u_char *end, ngx_uint_t *flags,
    const char **reason)
{
    u_char    *p;
    uint32_t   size;

    p = *pos;

    if ((size_t) (end - p) < NGX_LIVE_FLV_HEADER_SIZE) {
        return NGX_AGAIN;
    }

    if (ngx_memcmp(p, "FLV", 3) != 0) {
        *reason = "no FLV signature";
        return NGX_ERROR;
    }

    if (p[3] != 1) {
        *reason = "unknown FLV version";
        return NGX_ERROR;
    }

    size = ngx_live_be32(p + 5);

    if (size != NGX_LIVE_FLV_HEADER_SIZE) {
        *reason = "unexpected FLV header size";
        return NGX_ERROR;
    }

    if ((size_t) (end - p) < NGX_LIVE_FLV_FILE_HEADER_LEN) {
        return NGX_AGAIN;
    }

    *flags = p[4] & (NGX_LIVE_FLV_HAS_VIDEO | NGX_LIVE_FLV_HAS_AUDIO);
    *pos = p + NGX_LIVE_FLV_FILE_HEADER_LEN;

    return NGX_OK;
}


ngx_int_t
ngx_live_flv_parse_tag(u_char **pos, u_char *end, ngx_live_flv_tag_t *tag,
    const char **reason)
{
    u_char  *p;

    p = *pos;

    if ((size_t) (end - p) < NGX_LIVE_FLV_TAG_HEADER_LEN) {
        return NGX_AGAIN;
    }

    if (p[0] & 0xc0) {
        *reason = "reserved bits in FLV tag";
        return NGX_ERROR;
    }

    tag->filter = (p[0] >> 5) & 1;
    tag->type = p[0] & 0x1f;
    tag->size = ngx_live_be24(p + 1);
    tag->timestamp = ngx_live_be24(p + 4) | ((uint32_t) p[7] << 24);

    if (tag->type != NGX_LIVE_FLV_TAG_AUDIO
        && tag->type != NGX_LIVE_FLV_TAG_VIDEO
        && tag->type != NGX_LIVE_FLV_TAG_SCRIPT)
    {
        *reason = "FLV tag of unknown type";
        return NGX_ERROR;
    }

    *pos = p + NGX_LIVE_FLV_TAG_HEADER_LEN;

    return NGX_OK;
}


/* E.4.2.1; Enhanced RTMP v2, "Enhanced Audio" */

ngx_int_t
ngx_live_flv_parse_audio(ngx_live_flv_audio_t *audio, u_char *pos,
    u_char *end, const char **reason)
{
    u_char      *p;
    ngx_uint_t   c;

    static const ngx_uint_t  rates[] = { 5512, 11025, 22050, 44100 };

    ngx_memzero(audio, sizeof(ngx_live_flv_audio_t));

    p = ngx_live_read_u8(pos, end, &c);

    if (p == NULL) {
        *reason = ngx_live_flv_truncated_audio;
        return NGX_ERROR;
    }

    audio->format = c >> 4;

    if (audio->format == NGX_LIVE_FLV_AUDIO_EX) {
        audio->packet_type = c & 0x0f;

        if (audio->packet_type != NGX_LIVE_FLV_EX_MULTITRACK_AUDIO) {
            (void) ngx_live_read_be32(p, end, &audio->fourcc);
        }

        *reason = "unsupported enhanced audio";
        return NGX_DECLINED;
    }

    audio->rate = rates[(c >> 2) & 3];
    audio->bits = (c & 2) ? 16 : 8;
    audio->channels = (c & 1) ? 2 : 1;

    if (audio->format == NGX_LIVE_FLV_AUDIO_MP3_8K) {
        audio->rate = 8000;
    }

    if (audio->format == NGX_LIVE_FLV_AUDIO_AAC) {
        p = ngx_live_read_u8(p, end, &audio->packet_type);

        if (p == NULL) {
            *reason = ngx_live_flv_truncated_audio;
            return NGX_ERROR;
        }
    }

    audio->data = p;
    audio->len = end - p;

    return NGX_OK;
}


/* E.4.3.1; Enhanced RTMP v2, "Enhanced Video" */

ngx_int_t
ngx_live_flv_parse_video(ngx_live_flv_video_t *video, u_char *pos,
    u_char *end, const char **reason)
{
    u_char      *p;
    uint32_t     cts;
    ngx_uint_t   c;

    ngx_memzero(video, sizeof(ngx_live_flv_video_t));

    p = ngx_live_read_u8(pos, end, &c);

    if (p == NULL) {
        *reason = ngx_live_flv_truncated_video;
        return NGX_ERROR;
    }

    video->frame_type = (c >> 4) & 7;

    if (c & NGX_LIVE_FLV_EX_VIDEO) {
        video->packet_type = c & 0x0f;

        if (video->packet_type != NGX_LIVE_FLV_EX_MULTITRACK_VIDEO) {
            (void) ngx_live_read_be32(p, end, &video->fourcc);
        }

        *reason = "unsupported enhanced video";
        return NGX_DECLINED;
    }

    video->codec = c & 0x0f;

    /* the body of an info frame is one byte, a seek command, of any codec */

    if (video->codec == NGX_LIVE_FLV_VIDEO_AVC
        && video->frame_type != NGX_LIVE_FLV_FRAME_INFO)
    {
        p = ngx_live_read_u8(p, end, &video->packet_type);
        p = ngx_live_read_be24(p, end, &cts);

        if (p == NULL) {
            *reason = ngx_live_flv_truncated_video;
            return NGX_ERROR;
        }

        /* SI24 */

        video->cts = (int32_t) cts - ((cts & 0x800000) ? 0x1000000 : 0);
    }

    video->data = p;
    video->len = end - p;

    return NGX_OK;
}
