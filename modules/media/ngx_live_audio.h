
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Audio: the AudioSpecificConfig of AAC (ISO/IEC 14496-3, 1.6.2.1) and the
 * frame header of MP3 (ISO/IEC 11172-3, 2.4.1.3, and 13818-3).
 */


#ifndef _NGX_LIVE_AUDIO_H_INCLUDED_
#define _NGX_LIVE_AUDIO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_AAC_MAIN          1
#define NGX_LIVE_AAC_LC            2
#define NGX_LIVE_AAC_SSR           3
#define NGX_LIVE_AAC_LTP           4
#define NGX_LIVE_AAC_SBR           5
#define NGX_LIVE_AAC_PS            29


typedef struct {
    ngx_uint_t                object_type;   /* of the core, mostly LC */
    ngx_uint_t                sample_rate;   /* Hz, of the core */
    ngx_uint_t                output_rate;   /* Hz, with explicit SBR twice
                                                that of the core */
    ngx_uint_t                channel_config;
    ngx_uint_t                channels;      /* of the core, without PS */
    ngx_uint_t                frame_length;  /* samples of sample_rate in a
                                                frame: 1024 or 960 */
    unsigned                  sbr:1;         /* explicitly signalled */
    unsigned                  ps:1;
    unsigned                  hierarchical:1;  /* signalled by the first
                                                  object type, 5 or 29 */
} ngx_live_aac_config_t;


typedef struct {
    ngx_uint_t                version;       /* 10, 20, 25: MPEG-1, 2, 2.5 */
    ngx_uint_t                layer;         /* 1..3 */
    ngx_uint_t                bitrate;       /* bit/s */
    ngx_uint_t                sample_rate;   /* Hz */
    ngx_uint_t                channels;      /* 1 or 2 */
    ngx_uint_t                samples;       /* per frame */
    size_t                    size;          /* of the frame, bytes */
} ngx_live_mp3_header_t;


/*
 * NGX_OK for the object types 1..4, with or without SBR and PS;
 * NGX_DECLINED for another one that was understood up to its rate and
 * channels; NGX_ERROR when malformed.  The latter two set a reason.
 */
ngx_int_t ngx_live_aac_parse_config(ngx_live_aac_config_t *config,
    u_char *pos, u_char *end, const char **reason);

/* the header that the buffer begins with: NGX_OK, or NGX_ERROR with a reason;
 * the frame itself may be longer than the buffer */
ngx_int_t ngx_live_mp3_parse_header(ngx_live_mp3_header_t *header,
    u_char *pos, u_char *end, const char **reason);


#endif /* _NGX_LIVE_AUDIO_H_INCLUDED_ */
