
/*
 * Copyright (C) nginx-live authors
 */


/*
 * H.264 (ITU-T H.264, ISO/IEC 14496-15): the decoder configuration record,
 * the sequence parameter set, and the NAL units of an access unit as FLV and
 * ISO BMFF carry them, each with its length before it.
 *
 * H.265 will stand in this file too (ngx_live_h265_...): its configuration
 * record, parameter sets and NAL units are variants of these.
 */


#ifndef _NGX_LIVE_H26X_H_INCLUDED_
#define _NGX_LIVE_H26X_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the counts have 5 and 8 bits */
#define NGX_LIVE_H264_MAX_SPS          31
#define NGX_LIVE_H264_MAX_PPS          255

/* a picture's width and height are not greater */
#define NGX_LIVE_H264_MAX_DIMENSION    16384

#define NGX_LIVE_H264_NAL_SLICE        1
#define NGX_LIVE_H264_NAL_IDR          5
#define NGX_LIVE_H264_NAL_SEI          6
#define NGX_LIVE_H264_NAL_SPS          7
#define NGX_LIVE_H264_NAL_PPS          8
#define NGX_LIVE_H264_NAL_AUD          9

/* the type of a NAL unit that is not empty */
#define ngx_live_h264_nal_type(nal)    ((nal)->data[0] & 0x1f)


/* strings point into the buffer that was parsed */

typedef struct {
    ngx_uint_t                profile;
    ngx_uint_t                constraints; /* the byte of constraint flags */
    ngx_uint_t                level;       /* 31 is 3.1 */
    ngx_uint_t                nal_length_size;  /* 1, 2 or 4 */
    ngx_uint_t                nsps;        /* 1 at least */
    ngx_uint_t                npps;
    ngx_str_t                 sps[NGX_LIVE_H264_MAX_SPS];
    ngx_str_t                 pps[NGX_LIVE_H264_MAX_PPS];
} ngx_live_h264_config_t;


typedef struct {
    ngx_uint_t                profile;
    ngx_uint_t                constraints;
    ngx_uint_t                level;
    ngx_uint_t                id;
    ngx_uint_t                chroma_format;  /* 1 is 4:2:0 */
    ngx_uint_t                bit_depth;      /* of luma */
    ngx_uint_t                poc_type;       /* 2: output in decoding order */
    ngx_uint_t                ref_frames;
    ngx_uint_t                width;       /* luma samples, after cropping */
    ngx_uint_t                height;
    ngx_uint_t                sar_width;   /* of a sample; 0: unknown */
    ngx_uint_t                sar_height;

    /* two ticks are a frame: fps = time_scale / num_units_in_tick / 2 */
    uint32_t                  num_units_in_tick;  /* 0: no timing */
    uint32_t                  time_scale;

    /* ISO/IEC 23091-2 code points, 2 is unspecified */
    ngx_uint_t                colour_primaries;
    ngx_uint_t                transfer;
    ngx_uint_t                matrix;

    ngx_int_t                 reorder_frames;  /* at most; -1: not said */

    unsigned                  frame_mbs_only:1;  /* no interlacing */
    unsigned                  fixed_frame_rate:1;
    unsigned                  full_range:1;
} ngx_live_h264_sps_t;


/* AVCDecoderConfigurationRecord, 14496-15, 5.3.3.1; NGX_OK, or NGX_ERROR
 * with a reason; the parameter sets themselves are not looked into */
ngx_int_t ngx_live_h264_parse_config(ngx_live_h264_config_t *config,
    u_char *pos, u_char *end, const char **reason);

/* a whole NAL unit of type 7, with its header byte; H.264, 7.3.2.1.1; NGX_OK,
 * or NGX_ERROR with a reason */
ngx_int_t ngx_live_h264_parse_sps(ngx_live_h264_sps_t *sps, u_char *pos,
    u_char *end, const char **reason);

/*
 * Steps over an access unit: NGX_OK with the next NAL unit, which is never
 * empty; NGX_DONE at the end; NGX_ERROR when a length goes past it.
 */
ngx_int_t ngx_live_h264_next_nal(u_char **pos, u_char *end,
    ngx_uint_t nal_length_size, ngx_str_t *nal);

/* 1 when the access unit has an IDR slice, 0 when not; NGX_ERROR as above */
ngx_int_t ngx_live_h264_is_idr(u_char *pos, u_char *end,
    ngx_uint_t nal_length_size);


#endif /* _NGX_LIVE_H26X_H_INCLUDED_ */
