
/*
 * Copyright (C) nginx-live authors
 */


/*
 * FLV (Adobe Flash Video File Format 10.1, annex E): the file header, the
 * tag header, and the headers inside audio and video tags, which RTMP
 * messages of types 8 and 9 begin with too.
 */


#ifndef _NGX_LIVE_FLV_H_INCLUDED_
#define _NGX_LIVE_FLV_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* file header with the PreviousTagSize0 that always follows it */
#define NGX_LIVE_FLV_FILE_HEADER_LEN   13
#define NGX_LIVE_FLV_TAG_HEADER_LEN    11
#define NGX_LIVE_FLV_TAG_TRAILER_LEN   4
#define NGX_LIVE_FLV_MAX_TAG_SIZE      0xffffff

#define NGX_LIVE_FLV_HAS_VIDEO         0x01
#define NGX_LIVE_FLV_HAS_AUDIO         0x04

#define NGX_LIVE_FLV_TAG_AUDIO         8
#define NGX_LIVE_FLV_TAG_VIDEO         9
#define NGX_LIVE_FLV_TAG_SCRIPT        18

#define NGX_LIVE_FLV_AUDIO_MP3         2
#define NGX_LIVE_FLV_AUDIO_EX          9      /* Enhanced RTMP v2 */
#define NGX_LIVE_FLV_AUDIO_AAC         10
#define NGX_LIVE_FLV_AUDIO_MP3_8K      14

#define NGX_LIVE_FLV_AAC_CONFIG        0
#define NGX_LIVE_FLV_AAC_RAW           1

#define NGX_LIVE_FLV_FRAME_KEY         1
#define NGX_LIVE_FLV_FRAME_INTER       2
#define NGX_LIVE_FLV_FRAME_DISPOSABLE  3
#define NGX_LIVE_FLV_FRAME_INFO        5      /* a command, no picture */

#define NGX_LIVE_FLV_VIDEO_AVC         7

#define NGX_LIVE_FLV_AVC_CONFIG        0
#define NGX_LIVE_FLV_AVC_NALU          1
#define NGX_LIVE_FLV_AVC_END           2


typedef struct {
    ngx_uint_t                type;
    ngx_uint_t                filter;      /* encrypted: not supported */
    uint32_t                  size;        /* of the data behind the header */
    uint32_t                  timestamp;   /* ms, with its extension, wraps */
} ngx_live_flv_tag_t;


typedef struct {
    ngx_uint_t                format;      /* NGX_LIVE_FLV_AUDIO_... */
    ngx_uint_t                rate;        /* Hz; for AAC and MP3 a hint */
    ngx_uint_t                bits;        /* 8 or 16 */
    ngx_uint_t                channels;    /* 1 or 2; a hint too */
    ngx_uint_t                packet_type; /* AAC and enhanced only, or 0 */
    uint32_t                  fourcc;      /* enhanced, or 0 */
    u_char                   *data;        /* into the buffer */
    size_t                    len;
} ngx_live_flv_audio_t;


typedef struct {
    ngx_uint_t                frame_type;  /* NGX_LIVE_FLV_FRAME_... */
    ngx_uint_t                codec;       /* 0 when enhanced */
    ngx_uint_t                packet_type; /* AVC and enhanced only, or 0 */
    int32_t                   cts;         /* ms, pts - dts, signed 24 bit */
    uint32_t                  fourcc;      /* enhanced, or 0 */
    u_char                   *data;        /* into the buffer */
    size_t                    len;
} ngx_live_flv_video_t;


/* flags: NGX_LIVE_FLV_HAS_...; NULL when the buffer is too short */
u_char *ngx_live_flv_write_header(u_char *pos, u_char *end, ngx_uint_t flags);

/* the tag header; behind the data follows write_trailer(); NULL as above,
 * or when size is above NGX_LIVE_FLV_MAX_TAG_SIZE */
u_char *ngx_live_flv_write_tag(u_char *pos, u_char *end, ngx_uint_t type,
    size_t size, uint32_t timestamp);
u_char *ngx_live_flv_write_trailer(u_char *pos, u_char *end, size_t size);

/*
 * The parsers return NGX_OK and move *pos behind what they have read;
 * NGX_AGAIN when more bytes are needed; NGX_ERROR with a reason.
 */
ngx_int_t ngx_live_flv_parse_header(u_char **pos, u_char *end,
    ngx_uint_t *flags, const char **reason);
ngx_int_t ngx_live_flv_parse_tag(u_char **pos, u_char *end,
    ngx_live_flv_tag_t *tag, const char **reason);

/*
 * Of a whole audio or video tag (RTMP message):  NGX_OK; NGX_DECLINED for an
 * Enhanced RTMP header, which is not supported for now: fourcc and
 * packet_type are set then as far as they can be; NGX_ERROR with a reason
 * when it is truncated.
 */
ngx_int_t ngx_live_flv_parse_audio(ngx_live_flv_audio_t *audio, u_char *pos,
    u_char *end, const char **reason);
ngx_int_t ngx_live_flv_parse_video(ngx_live_flv_video_t *video, u_char *pos,
    u_char *end, const char **reason);


#endif /* _NGX_LIVE_FLV_H_INCLUDED_ */
