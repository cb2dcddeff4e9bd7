
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_h26x.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>
#include <ngx_live_h26x.h>


#define NGX_LIVE_H264_EXTENDED_SAR     255
#define NGX_LIVE_H264_MAX_CPB          32


static u_char *ngx_live_h264_parse_sets(u_char *p, u_char *end, ngx_uint_t n,
    ngx_str_t *sets);
static ngx_uint_t ngx_live_h264_is_high(ngx_uint_t profile);
static const char *ngx_live_h264_parse_chroma(ngx_live_h264_sps_t *s,
    ngx_live_bits_t *b);
static void ngx_live_h264_skip_scaling_list(ngx_live_bits_t *b,
    ngx_uint_t size);
static const char *ngx_live_h264_parse_order(ngx_live_h264_sps_t *s,
    ngx_live_bits_t *b);
static const char *ngx_live_h264_parse_size(ngx_live_h264_sps_t *s,
    ngx_live_bits_t *b);
static void ngx_live_h264_parse_vui(ngx_live_h264_sps_t *s,
    ngx_live_bits_t *b);
static void ngx_live_h264_parse_video_signal(ngx_live_h264_sps_t *s,
    ngx_live_bits_t *b);
static void ngx_live_h264_parse_sar(ngx_live_h264_sps_t *s,
    ngx_live_bits_t *b);
static void ngx_live_h264_skip_hrd(ngx_live_bits_t *b);


/* H.264, table E-1, by aspect_ratio_idc 1..16 */

static const uint8_t  ngx_live_h264_sar[][2] = {
    { 1, 1 }, { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 }, { 24, 11 },
    { 20, 11 }, { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 }, { 64, 33 },
    { 160, 99 }, { 4, 3 }, { 3, 2 }, { 2, 1 }
};


ngx_int_t
ngx_live_h264_parse_config(ngx_live_h264_config_t *c, u_char *pos,
    u_char *end, const char **reason)
{
    u_char      *p;
    ngx_uint_t   version, lengths, count;

    c->nsps = 0;
    c->npps = 0;

    p = ngx_live_read_u8(pos, end, &version);
    p = ngx_live_read_u8(p, end, &c->profile);
    p = ngx_live_read_u8(p, end, &c->constraints);
    p = ngx_live_read_u8(p, end, &c->level);
    p = ngx_live_read_u8(p, end, &lengths);
    p = ngx_live_read_u8(p, end, &count);

    if (p == NULL) {
        *reason = "truncated AVC configuration";
        return NGX_ERROR;
    }

    if (version != 1) {
        *reason = "unknown version of AVC configuration";
        return NGX_ERROR;
    }

    /* the upper bits are reserved and not looked at, some encoders have
     * zeros there */

    c->nal_length_size = (lengths & 3) + 1;
    c->nsps = count & 0x1f;

    if (c->nal_length_size == 3 || c->nsps == 0) {
        *reason = (c->nsps == 0) ? "AVC configuration without SPS"
                                 : "invalid NAL length size";
        return NGX_ERROR;
    }

    p = ngx_live_h264_parse_sets(p, end, c->nsps, c->sps);
    p = ngx_live_read_u8(p, end, &c->npps);
    p = ngx_live_h264_parse_sets(p, end, c->npps, c->pps);

    /* chroma format and SPS extensions may follow, they are not needed */

    if (p == NULL) {
        *reason = "truncated AVC configuration";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static u_char *
ngx_live_h264_parse_sets(u_char *p, u_char *end, ngx_uint_t n,
    ngx_str_t *sets)
{
    uint16_t    len;
    ngx_uint_t  i;

    for (i = 0; i < n && p != NULL; i++) {
        p = ngx_live_read_be16(p, end, &len);
        p = ngx_live_take(p, end, len, &sets[i].data);
        sets[i].len = len;
    }

    return p;
}


ngx_int_t
ngx_live_h264_parse_sps(ngx_live_h264_sps_t *s, u_char *pos, u_char *end,
    const char **reason)
{
    const char       *err;
    ngx_live_bits_t   b;

    ngx_memzero(s, sizeof(ngx_live_h264_sps_t));

    s->colour_primaries = 2;
    s->transfer = 2;
    s->matrix = 2;
    s->reorder_frames = -1;

    ngx_live_bits_init_nal(&b, pos, end);

    if ((ngx_live_bits_read(&b, 8) & 0x9f) != NGX_LIVE_H264_NAL_SPS) {
        *reason = "no SPS";
        return NGX_ERROR;
    }

    s->profile = ngx_live_bits_read(&b, 8);
    s->constraints = ngx_live_bits_read(&b, 8);
    s->level = ngx_live_bits_read(&b, 8);
    s->id = ngx_live_bits_ue(&b);

    if (s->id > 31) {
        *reason = "invalid SPS id";
        return NGX_ERROR;
    }

    err = ngx_live_h264_parse_chroma(s, &b);

    if (err == NULL) {
        err = ngx_live_h264_parse_order(s, &b);
    }

    if (err == NULL) {
        err = ngx_live_h264_parse_size(s, &b);
    }

    if (err == NULL && b.error) {
        err = "truncated SPS";
    }

    if (err) {
        *reason = err;
        return NGX_ERROR;
    }

    /*
     * What follows describes only: one that is cut short, as some cameras
     * send it, is taken as far as it goes.
     */

    if (ngx_live_bits_read(&b, 1)) {
        ngx_live_h264_parse_vui(s, &b);
    }

    if (s->reorder_frames == -1
        && (s->poc_type == 2 || s->profile == 66))
    {
        s->reorder_frames = 0;
    }

    return NGX_OK;
}


/* the profiles that say their chroma format, 7.3.2.1.1 */

static ngx_uint_t
ngx_live_h264_is_high(ngx_uint_t profile)
{
    switch (profile) {

    case 100: case 110: case 122: case 244: case 44: case 83: case 86:
    case 118: case 128: case 138: case 139: case 134: case 135:
        return 1;
    }

    return 0;
}


static const char *
ngx_live_h264_parse_chroma(ngx_live_h264_sps_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  i, n, chroma_depth;

    s->chroma_format = 1;
    s->bit_depth = 8;

    if (!ngx_live_h264_is_high(s->profile)) {
        return NULL;
    }

    s->chroma_format = ngx_live_bits_ue(b);

    if (s->chroma_format > 3) {
        return "invalid chroma format in SPS";
    }

    /* separate_colour_plane_flag: each plane is a monochrome picture */

    if (s->chroma_format == 3 && ngx_live_bits_read(b, 1)) {
        s->chroma_format = 0;
        n = 12;

    } else {
        n = (s->chroma_format == 3) ? 12 : 8;
    }

    s->bit_depth = ngx_live_bits_ue(b);
    chroma_depth = ngx_live_bits_ue(b);

    if (s->bit_depth > 6 || chroma_depth > 6) {
        return "invalid bit depth in SPS";
    }

    s->bit_depth += 8;

    /* qpprime_y_zero_transform_bypass_flag */

    ngx_live_bits_skip(b, 1);

    if (ngx_live_bits_read(b, 1)) {

        for (i = 0; i < n && !b->error; i++) {
            if (ngx_live_bits_read(b, 1)) {
                ngx_live_h264_skip_scaling_list(b, (i < 6) ? 16 : 64);
            }
        }
    }

    return NULL;
}


/* 7.3.2.1.1.1 */

static void
ngx_live_h264_skip_scaling_list(ngx_live_bits_t *b, ngx_uint_t size)
{
    ngx_uint_t  i, last, next;

    last = 8;
    next = 8;

    for (i = 0; i < size && next != 0 && !b->error; i++) {
        next = (last + (ngx_uint_t) ngx_live_bits_se(b)) & 0xff;

        if (next) {
            last = next;
        }
    }
}


static const char *
ngx_live_h264_parse_order(ngx_live_h264_sps_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  i, n;

    /* log2_max_frame_num_minus4 */

    if (ngx_live_bits_ue(b) > 12) {
        return "invalid frame number length in SPS";
    }

    s->poc_type = ngx_live_bits_ue(b);

    switch (s->poc_type) {

    case 0:
        if (ngx_live_bits_ue(b) > 12) {
            return "invalid picture order count length in SPS";
        }

        break;

    case 1:
        ngx_live_bits_skip(b, 1);
        (void) ngx_live_bits_se(b);
        (void) ngx_live_bits_se(b);
        n = ngx_live_bits_ue(b);

        if (n > 255) {
            return "invalid picture order count cycle in SPS";
        }

        for (i = 0; i < n && !b->error; i++) {
            (void) ngx_live_bits_se(b);
        }

        break;

    case 2:
        break;

    default:
        return "invalid picture order count type in SPS";
    }

    s->ref_frames = ngx_live_bits_ue(b);

    if (s->ref_frames > 16) {
        return "too many reference frames in SPS";
    }

    /* gaps_in_frame_num_value_allowed_flag */

    ngx_live_bits_skip(b, 1);

    return NULL;
}


static const char *
ngx_live_h264_parse_size(ngx_live_h264_sps_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  width, height, left, right, top, bottom, unit_x, unit_y;

    width = ngx_live_bits_ue(b);
    height = ngx_live_bits_ue(b);

    s->frame_mbs_only = ngx_live_bits_read(b, 1);

    if (width >= NGX_LIVE_H264_MAX_DIMENSION / 16
        || height >= NGX_LIVE_H264_MAX_DIMENSION / 16)
    {
        return "picture too large in SPS";
    }

    width = (width + 1) * 16;
    height = (height + 1) * 16 * (2 - s->frame_mbs_only);

    if (!s->frame_mbs_only) {
        ngx_live_bits_skip(b, 1);
    }

    ngx_live_bits_skip(b, 1);

    if (ngx_live_bits_read(b, 1)) {
        left = ngx_live_bits_ue(b);
        right = ngx_live_bits_ue(b);
        top = ngx_live_bits_ue(b);
        bottom = ngx_live_bits_ue(b);

        /* 7-19 to 7-22: units of chroma samples, of frame lines */

        unit_x = (s->chroma_format == 1 || s->chroma_format == 2) ? 2 : 1;
        unit_y = (s->chroma_format == 1) ? 2 : 1;
        unit_y *= 2 - s->frame_mbs_only;

        if (left > width || right > width || top > height || bottom > height
            || (left + right) * unit_x >= width
            || (top + bottom) * unit_y >= height)
        {
            return "invalid cropping in SPS";
        }

        width -= (left + right) * unit_x;
        height -= (top + bottom) * unit_y;
    }

    if (height > NGX_LIVE_H264_MAX_DIMENSION) {
        return "picture too large in SPS";
    }

    s->width = width;
    s->height = height;

    return NULL;
}


/* E.1.1; a field is taken over only when it was read in whole */

static void
ngx_live_h264_parse_vui(ngx_live_h264_sps_t *s, ngx_live_bits_t *b)
{
    uint32_t    units, scale;
    ngx_uint_t  fixed, hrd, n;

    ngx_live_h264_parse_sar(s, b);

    /* overscan */

    if (ngx_live_bits_read(b, 1)) {
        ngx_live_bits_skip(b, 1);
    }

    ngx_live_h264_parse_video_signal(s, b);

    /* chroma_sample_loc_type of both fields */

    if (ngx_live_bits_read(b, 1)) {
        (void) ngx_live_bits_ue(b);
        (void) ngx_live_bits_ue(b);
    }

    if (ngx_live_bits_read(b, 1)) {
        units = ngx_live_bits_read(b, 32);
        scale = ngx_live_bits_read(b, 32);
        fixed = ngx_live_bits_read(b, 1);

        if (!b->error && units && scale) {
            s->num_units_in_tick = units;
            s->time_scale = scale;
            s->fixed_frame_rate = fixed;
        }
    }

    hrd = 0;

    for (n = 0; n < 2; n++) {
        if (ngx_live_bits_read(b, 1)) {
            ngx_live_h264_skip_hrd(b);
            hrd = 1;
        }
    }

    /* low_delay_hrd_flag, pic_struct_present_flag */

    ngx_live_bits_skip(b, hrd + 1);

    if (ngx_live_bits_read(b, 1)) {

        /* motion vectors, bytes, bits and vector lengths */

        ngx_live_bits_skip(b, 1);

        for (n = 0; n < 4; n++) {
            (void) ngx_live_bits_ue(b);
        }

        n = ngx_live_bits_ue(b);

        if (!b->error && n <= 16) {
            s->reorder_frames = n;
        }
    }
}


static void
ngx_live_h264_parse_sar(ngx_live_h264_sps_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  idc, width, height;

    if (ngx_live_bits_read(b, 1) == 0) {
        return;
    }

    idc = ngx_live_bits_read(b, 8);

    if (idc == NGX_LIVE_H264_EXTENDED_SAR) {
        width = ngx_live_bits_read(b, 16);
        height = ngx_live_bits_read(b, 16);

        if (!b->error && width && height) {
            s->sar_width = width;
            s->sar_height = height;
        }

        return;
    }

    if (idc >= 1
        && idc <= sizeof(ngx_live_h264_sar) / sizeof(ngx_live_h264_sar[0]))
    {
        s->sar_width = ngx_live_h264_sar[idc - 1][0];
        s->sar_height = ngx_live_h264_sar[idc - 1][1];
    }
}


static void
ngx_live_h264_parse_video_signal(ngx_live_h264_sps_t *s, ngx_live_bits_t *b)
{
    ngx_uint_t  primaries, transfer, matrix;

    if (ngx_live_bits_read(b, 1) == 0) {
        return;
    }

    /* video_format */

    ngx_live_bits_skip(b, 3);

    s->full_range = ngx_live_bits_read(b, 1);

    if (ngx_live_bits_read(b, 1)) {
        primaries = ngx_live_bits_read(b, 8);
        transfer = ngx_live_bits_read(b, 8);
        matrix = ngx_live_bits_read(b, 8);

        if (!b->error) {
            s->colour_primaries = primaries;
            s->transfer = transfer;
            s->matrix = matrix;
        }
    }
}


/* hrd_parameters(), E.1.2 */

static void
ngx_live_h264_skip_hrd(ngx_live_bits_t *b)
{
    ngx_uint_t  i, n;

    n = ngx_live_bits_ue(b);

    if (n >= NGX_LIVE_H264_MAX_CPB) {
        b->error = 1;
        return;
    }

    /* bit_rate_scale, cpb_size_scale */

    ngx_live_bits_skip(b, 4 + 4);

    for (i = 0; i <= n && !b->error; i++) {
        (void) ngx_live_bits_ue(b);
        (void) ngx_live_bits_ue(b);
        ngx_live_bits_skip(b, 1);
    }

    /* the lengths of three delays and of the time offset */

    ngx_live_bits_skip(b, 5 + 5 + 5 + 5);
}


ngx_int_t
ngx_live_h264_next_nal(u_char **pos, u_char *end, ngx_uint_t nal_length_size,
    ngx_str_t *nal)
{
    u_char      *p;
    uint32_t     len;
    ngx_uint_t   i;

    p = *pos;

    do {
        if (p == end) {
            *pos = p;
            return NGX_DONE;
        }

        if ((size_t) (end - p) < nal_length_size) {
            return NGX_ERROR;
        }

        len = 0;

        for (i = 0; i < nal_length_size; i++) {
            len = (len << 8) | *p++;
        }

    } while (len == 0);

    p = ngx_live_take(p, end, len, &nal->data);

    if (p == NULL) {
        return NGX_ERROR;
    }

    nal->len = len;
    *pos = p;

    return NGX_OK;
}


ngx_int_t
ngx_live_h264_is_idr(u_char *pos, u_char *end, ngx_uint_t nal_length_size)
{
    ngx_int_t  rc, idr;
    ngx_str_t  nal;

    idr = 0;

    while ((rc = ngx_live_h264_next_nal(&pos, end, nal_length_size, &nal))
           == NGX_OK)
    {
        if (ngx_live_h264_nal_type(&nal) == NGX_LIVE_H264_NAL_IDR) {
            idr = 1;
        }
    }

    return (rc == NGX_DONE) ? idr : NGX_ERROR;
}
