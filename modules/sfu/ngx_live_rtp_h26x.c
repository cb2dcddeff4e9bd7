
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Both formats differ in the header of a NAL unit, one byte or two, and in
 * the numbers of types.
 */


#include "ngx_live_rtp_h26x.h"


#define NGX_LIVE_RTP_FU_START         0x80
#define NGX_LIVE_RTP_FU_END           0x40


typedef struct {
    size_t                    header;      /* bytes of a NAL unit's */
    ngx_uint_t                aggregate;   /* types of packets */
    ngx_uint_t                fragment;
    ngx_uint_t                first_key;   /* of slices */
    ngx_uint_t                last_key;
    ngx_uint_t                sps;
    ngx_uint_t                delimiter;
    ngx_uint_t                filler;
} ngx_live_rtp_h26x_format_t;


static ngx_live_rtp_h26x_format_t  ngx_live_rtp_h264 = {
    1, 24, 28, 5, 5, 7, 9, 12
};

/* all pictures of random access are key frames */

static ngx_live_rtp_h26x_format_t  ngx_live_rtp_h265 = {
    2, 48, 49, 16, 21, 33, 35, 38
};


#define ngx_live_rtp_nal_type(f, p)                                           \
    ((f)->header == 1 ? (p)[0] & 0x1f : ((p)[0] >> 1) & 0x3f)

#define ngx_live_rtp_fu_type(f, p)                                            \
    ((p)[(f)->header] & ((f)->header == 1 ? 0x1f : 0x3f))


static ngx_int_t ngx_live_rtp_h26x_inspect(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_info_t *info, u_char *p, u_char *end);
static ngx_uint_t ngx_live_rtp_h26x_is_nal(ngx_live_rtp_h26x_format_t *f,
    ngx_uint_t type);
static ngx_uint_t ngx_live_rtp_h26x_is_key(ngx_live_rtp_h26x_format_t *f,
    ngx_uint_t type);
static ngx_int_t ngx_live_rtp_h26x_next(u_char **pos, u_char *end,
    size_t header, ngx_str_t *nal);
static ngx_int_t ngx_live_rtp_h26x_unpack(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p, u_char *end, const char **reason);
static ngx_int_t ngx_live_rtp_h26x_unpack_nal(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p, u_char *end, const char **reason);
static ngx_int_t ngx_live_rtp_h26x_unpack_fragment(
    ngx_live_rtp_h26x_format_t *f, ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);
static u_char *ngx_live_rtp_h26x_unpack_start(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p);
static ngx_int_t ngx_live_rtp_h26x_advance(ngx_live_rtp_h26x_packer_t *k,
    ngx_live_rtp_h26x_format_t *f, const char **reason);
static ngx_int_t ngx_live_rtp_h26x_read(ngx_live_rtp_h26x_packer_t *k,
    ngx_str_t *nal, const char **reason);
static ngx_int_t ngx_live_rtp_h26x_pack_fragment(
    ngx_live_rtp_h26x_packer_t *k, ngx_live_rtp_h26x_format_t *f, u_char *dst,
    size_t *len, const char **reason);
static ngx_int_t ngx_live_rtp_h26x_pack_nals(ngx_live_rtp_h26x_packer_t *k,
    ngx_live_rtp_h26x_format_t *f, u_char *dst, size_t *len,
    const char **reason);
static void ngx_live_rtp_h26x_join(ngx_live_rtp_h26x_format_t *f,
    u_char *header, u_char *nal);


ngx_int_t
ngx_live_rtp_h264_inspect(ngx_live_rtp_info_t *info, u_char *p, u_char *end)
{
    return ngx_live_rtp_h26x_inspect(&ngx_live_rtp_h264, info, p, end);
}


ngx_int_t
ngx_live_rtp_h265_inspect(ngx_live_rtp_info_t *info, u_char *p, u_char *end)
{
    ngx_int_t  rc;

    rc = ngx_live_rtp_h26x_inspect(&ngx_live_rtp_h265, info, p, end);

    /* the id is never zero, H.265, 7.4.2.2 */

    if (rc == NGX_OK && (p[1] & 7) > 1) {
        info->temporal = (p[1] & 7) - 1;
    }

    return rc;
}


/* types of NAL units; those behind are RTP's, and are never inside others */

static ngx_uint_t
ngx_live_rtp_h26x_is_nal(ngx_live_rtp_h26x_format_t *f, ngx_uint_t type)
{
    return type < f->aggregate && (type > 0 || f->header == 2);
}


static ngx_uint_t
ngx_live_rtp_h26x_is_key(ngx_live_rtp_h26x_format_t *f, ngx_uint_t type)
{
    return type >= f->first_key && type <= f->last_key;
}


static ngx_int_t
ngx_live_rtp_h26x_inspect(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_info_t *info, u_char *p, u_char *end)
{
    ngx_int_t   rc;
    ngx_str_t   nal;
    ngx_uint_t  type;

    ngx_memzero(info, sizeof(ngx_live_rtp_info_t));

    if ((size_t) (end - p) <= f->header) {
        return NGX_ERROR;
    }

    type = ngx_live_rtp_nal_type(f, p);

    if (type == f->fragment) {
        info->key = (p[f->header] & NGX_LIVE_RTP_FU_START)
                    && ngx_live_rtp_h26x_is_key(f, ngx_live_rtp_fu_type(f, p));
        return NGX_OK;
    }

    if (type == f->aggregate) {
        p += f->header;

        while ((rc = ngx_live_rtp_h26x_next(&p, end, f->header, &nal))
               == NGX_OK)
        {
            type = ngx_live_rtp_nal_type(f, nal.data);

            if (type == f->sps || ngx_live_rtp_h26x_is_key(f, type)) {
                info->key = 1;
            }
        }

        if (rc == NGX_ERROR) {
            info->key = 0;
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (!ngx_live_rtp_h26x_is_nal(f, type)) {
        return NGX_ERROR;
    }

    info->key = (type == f->sps || ngx_live_rtp_h26x_is_key(f, type));

    return NGX_OK;
}


/* a NAL unit of an aggregation packet, behind 2 bytes of length */

static ngx_int_t
ngx_live_rtp_h26x_next(u_char **pos, u_char *end, size_t header,
    ngx_str_t *nal)
{
    u_char    *p;
    uint16_t   len;

    if (*pos == end) {
        return NGX_DONE;
    }

    p = ngx_live_read_be16(*pos, end, &len);
    p = ngx_live_take(p, end, len, &nal->data);

    if (p == NULL || len <= header) {
        return NGX_ERROR;
    }

    nal->len = len;
    *pos = p;

    return NGX_OK;
}


ngx_int_t
ngx_live_rtp_h264_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    return ngx_live_rtp_h26x_unpack(&ngx_live_rtp_h264, u, p, end, reason);
}


ngx_int_t
ngx_live_rtp_h265_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    return ngx_live_rtp_h26x_unpack(&ngx_live_rtp_h265, u, p, end, reason);
}


static ngx_int_t
ngx_live_rtp_h26x_unpack(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p, u_char *end, const char **reason)
{
    ngx_int_t   rc;
    ngx_str_t   nal;
    ngx_uint_t  type;

    if ((size_t) (end - p) <= f->header) {
        *reason = "RTP payload is too short";
        return NGX_ERROR;
    }

    type = ngx_live_rtp_nal_type(f, p);

    if (type == f->fragment) {
        return ngx_live_rtp_h26x_unpack_fragment(f, u, p, end, reason);
    }

    if (u->open) {
        *reason = "RTP fragments without an end";
        return NGX_ERROR;
    }

    if (type != f->aggregate) {
        return ngx_live_rtp_h26x_unpack_nal(f, u, p, end, reason);
    }

    p += f->header;

    while ((rc = ngx_live_rtp_h26x_next(&p, end, f->header, &nal)) == NGX_OK) {
        rc = ngx_live_rtp_h26x_unpack_nal(f, u, nal.data, nal.data + nal.len,
                                          reason);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (rc == NGX_ERROR) {
        *reason = "malformed RTP aggregation packet";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_rtp_h26x_unpack_nal(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p, u_char *end, const char **reason)
{
    u_char      *pos;
    ngx_uint_t   type;

    type = ngx_live_rtp_nal_type(f, p);

    if (!ngx_live_rtp_h26x_is_nal(f, type)) {
        *reason = "RTP payload of unknown type";
        return NGX_ERROR;
    }

    pos = ngx_live_write_be32(u->pos, u->end, end - p);
    pos = ngx_live_write_data(pos, u->end, p, end - p);

    if (pos == NULL) {
        *reason = "RTP frame is too long";
        return NGX_ERROR;
    }

    if (ngx_live_rtp_h26x_is_key(f, type)) {
        u->key = 1;
    }

    u->pos = pos;

    return NGX_OK;
}


static ngx_int_t
ngx_live_rtp_h26x_unpack_fragment(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p, u_char *end, const char **reason)
{
    u_char      *pos, *data;
    ngx_uint_t   flags;

    flags = p[f->header];
    data = p + f->header + 1;

    if (((flags & NGX_LIVE_RTP_FU_START) != 0) != (u->open == NULL)) {
        *reason = "RTP fragments without a begin or an end";
        return NGX_ERROR;
    }

    if (!ngx_live_rtp_h26x_is_nal(f, ngx_live_rtp_fu_type(f, p))) {
        *reason = "RTP payload of unknown type";
        return NGX_ERROR;
    }

    pos = u->pos;

    if (u->open == NULL) {
        pos = ngx_live_rtp_h26x_unpack_start(f, u, p);
    }

    pos = ngx_live_write_data(pos, u->end, data, end - data);

    if (pos == NULL) {
        *reason = "RTP frame is too long";
        return NGX_ERROR;
    }

    u->open = u->open ? u->open : u->pos;
    u->pos = pos;

    if (flags & NGX_LIVE_RTP_FU_END) {
        ngx_live_write_be32(u->open, u->end,
                            pos - u->open - NGX_LIVE_RTP_NAL_LENGTH);
        u->open = NULL;
    }

    return NGX_OK;
}


/* a length to be known later, and the header of the NAL unit */

static u_char *
ngx_live_rtp_h26x_unpack_start(ngx_live_rtp_h26x_format_t *f,
    ngx_live_rtp_unit_t *u, u_char *p)
{
    u_char      *pos;
    ngx_uint_t   type;

    type = ngx_live_rtp_fu_type(f, p);

    if (ngx_live_rtp_h26x_is_key(f, type)) {
        u->key = 1;
    }

    pos = ngx_live_write_be32(u->pos, u->end, 0);

    if (f->header == 1) {
        return ngx_live_write_u8(pos, u->end, (p[0] & 0xe0) | type);
    }

    pos = ngx_live_write_u8(pos, u->end, (p[0] & 0x81) | type << 1);

    return ngx_live_write_u8(pos, u->end, p[1]);
}


ngx_int_t
ngx_live_rtp_h26x_pack(ngx_live_rtp_h26x_packer_t *k, u_char *dst,
    size_t *len, ngx_uint_t *last, const char **reason)
{
    ngx_int_t                    rc;
    ngx_live_rtp_h26x_format_t  *f;

    f = k->h265 ? &ngx_live_rtp_h265 : &ngx_live_rtp_h264;

    if (!k->begun) {
        k->begun = 1;

        rc = ngx_live_rtp_h26x_advance(k, f, reason);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (k->nal.data == NULL) {
        return NGX_DONE;
    }

    if (k->nal.len <= k->max) {
        rc = ngx_live_rtp_h26x_pack_nals(k, f, dst, len, reason);

    } else if (!k->single) {
        rc = ngx_live_rtp_h26x_pack_fragment(k, f, dst, len, reason);

    } else {
        *reason = "NAL unit is too long for packetization-mode 0";
        rc = NGX_ERROR;
    }

    *last = (rc == NGX_DONE);

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/* the next NAL unit that is to be sent; NGX_DONE: there is none */

static ngx_int_t
ngx_live_rtp_h26x_advance(ngx_live_rtp_h26x_packer_t *k,
    ngx_live_rtp_h26x_format_t *f, const char **reason)
{
    ngx_int_t    rc;
    ngx_str_t    nal;
    ngx_uint_t   type;

    k->nal.data = NULL;

    while ((rc = ngx_live_rtp_h26x_read(k, &nal, reason)) == NGX_OK) {

        if (nal.len <= f->header) {
            continue;
        }

        type = ngx_live_rtp_nal_type(f, nal.data);

        if (ngx_live_rtp_h26x_is_nal(f, type) && type != f->delimiter
            && type != f->filler)
        {
            k->nal = nal;
            return NGX_OK;
        }
    }

    return rc;
}


static ngx_int_t
ngx_live_rtp_h26x_read(ngx_live_rtp_h26x_packer_t *k, ngx_str_t *nal,
    const char **reason)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i, byte;

    if (k->nsets) {
        *nal = *k->sets++;
        k->nsets--;
        return NGX_OK;
    }

    if (k->pos == k->end) {
        return NGX_DONE;
    }

    p = k->pos;
    len = 0;

    for (i = 0; i < k->length_size; i++) {
        p = ngx_live_read_u8(p, k->end, &byte);
        len = len << 8 | byte;
    }

    p = ngx_live_take(p, k->end, len, &nal->data);

    if (p == NULL) {
        *reason = "NAL unit is longer than its access unit";
        return NGX_ERROR;
    }

    nal->len = len;
    k->pos = p;

    return NGX_OK;
}


/* NGX_OK, NGX_DONE behind the last NAL unit, NGX_ERROR: the next is broken */

static ngx_int_t
ngx_live_rtp_h26x_pack_fragment(ngx_live_rtp_h26x_packer_t *k,
    ngx_live_rtp_h26x_format_t *f, u_char *dst, size_t *len,
    const char **reason)
{
    u_char      *p, *nal;
    size_t       n, room;
    ngx_uint_t   flags;

    p = dst;
    nal = k->nal.data;
    flags = 0;

    if (k->offset == 0) {
        flags = NGX_LIVE_RTP_FU_START;
        k->offset = f->header;

        /* of equal lengths, so that one system call can send them */

        n = k->nal.len - f->header;
        room = k->max - f->header - 1;
        room = (n + room - 1) / room;
        k->fragment = (n + room - 1) / room;
    }

    n = ngx_min(k->fragment, k->nal.len - k->offset);

    if (k->offset + n == k->nal.len) {
        flags |= NGX_LIVE_RTP_FU_END;
    }

    if (f->header == 1) {
        *p++ = (u_char) ((nal[0] & 0xe0) | f->fragment);

    } else {
        *p++ = (u_char) ((nal[0] & 0x81) | f->fragment << 1);
        *p++ = nal[1];
    }

    *p++ = (u_char) (flags | ngx_live_rtp_nal_type(f, nal));
    ngx_memcpy(p, nal + k->offset, n);

    *len = p + n - dst;
    k->offset += n;

    if (k->offset < k->nal.len) {
        return NGX_OK;
    }

    k->offset = 0;

    return ngx_live_rtp_h26x_advance(k, f, reason);
}


/* one NAL unit, or as many as there is room for */

static ngx_int_t
ngx_live_rtp_h26x_pack_nals(ngx_live_rtp_h26x_packer_t *k,
    ngx_live_rtp_h26x_format_t *f, u_char *dst, size_t *len,
    const char **reason)
{
    u_char     *p, *end;
    ngx_int_t   rc;
    ngx_str_t   nal;

    nal = k->nal;
    rc = ngx_live_rtp_h26x_advance(k, f, reason);

    if (rc != NGX_OK || k->single
        || f->header + 4 + nal.len + k->nal.len > k->max)
    {
        ngx_memcpy(dst, nal.data, nal.len);
        *len = nal.len;

        return rc;
    }

    end = dst + k->max;
    p = ngx_live_write_data(dst, end, nal.data, f->header);

    dst[0] = (u_char) (f->header == 1 ? (dst[0] & 0xe0) | f->aggregate
                                      : (dst[0] & 0x81) | f->aggregate << 1);

    for ( ;; ) {
        ngx_live_rtp_h26x_join(f, dst, nal.data);

        p = ngx_live_write_be16(p, end, nal.len);
        p = ngx_live_write_data(p, end, nal.data, nal.len);

        nal = k->nal;

        if (rc != NGX_OK || (size_t) (end - p) < 2 + nal.len) {
            break;
        }

        rc = ngx_live_rtp_h26x_advance(k, f, reason);
    }

    *len = p - dst;

    return rc;
}


/*
 * RFC 6184, section 5.7: the greatest NRI; RFC 7798, section 4.4.2: the lowest
 * temporal id; and F if one has it
 */

static void
ngx_live_rtp_h26x_join(ngx_live_rtp_h26x_format_t *f, u_char *header,
    u_char *nal)
{
    header[0] |= nal[0] & 0x80;

    if (f->header == 1) {

        if ((nal[0] & 0x60) > (header[0] & 0x60)) {
            header[0] = (u_char) ((header[0] & 0x9f) | (nal[0] & 0x60));
        }

    } else if ((nal[1] & 7) < (header[1] & 7)) {
        header[1] = (u_char) ((header[1] & 0xf8) | (nal[1] & 7));
    }
}
