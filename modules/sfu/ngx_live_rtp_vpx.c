
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtp_vpx.h"


static u_char *ngx_live_rtp_vpx_picture(u_char *p, u_char *end,
    ngx_uint_t *id, ngx_uint_t *is_long);
static void ngx_live_rtp_vpx_rewrite(u_char *copy, size_t picture,
    ngx_uint_t is_long, size_t tl0, ngx_uint_t picture_id,
    ngx_uint_t tl0_picture);
static void ngx_live_rtp_vp8_size(ngx_live_rtp_vp8_t *d, u_char *p,
    u_char *end);
static u_char *ngx_live_rtp_vp9_references(u_char *p, u_char *end);
static u_char *ngx_live_rtp_vp9_structure(ngx_live_rtp_vp9_t *d, u_char *p,
    u_char *end);


/* 7 bits, or 15 behind a bit M */

static u_char *
ngx_live_rtp_vpx_picture(u_char *p, u_char *end, ngx_uint_t *id,
    ngx_uint_t *is_long)
{
    ngx_uint_t  low;

    p = ngx_live_read_u8(p, end, id);
    *is_long = (*id & 0x80) != 0;
    *id &= 0x7f;

    if (*is_long) {
        p = ngx_live_read_u8(p, end, &low);
        *id = *id << 8 | low;
    }

    return p;
}


static void
ngx_live_rtp_vpx_rewrite(u_char *copy, size_t picture, ngx_uint_t is_long,
    size_t tl0, ngx_uint_t picture_id, ngx_uint_t tl0_picture)
{
    if (picture && is_long) {
        copy[picture] = (u_char) (0x80 | (picture_id >> 8));
        copy[picture + 1] = (u_char) picture_id;

    } else if (picture) {
        copy[picture] = (u_char) (picture_id & 0x7f);
    }

    if (tl0) {
        copy[tl0] = (u_char) tl0_picture;
    }
}


ngx_int_t
ngx_live_rtp_vp8_parse(ngx_live_rtp_vp8_t *d, u_char *start, u_char *end)
{
    u_char      *p;
    ngx_uint_t   flags, more, byte, is_long;

    ngx_memzero(d, sizeof(ngx_live_rtp_vp8_t));

    more = 0;
    p = ngx_live_read_u8(start, end, &flags);

    if (flags & 0x80) {
        p = ngx_live_read_u8(p, end, &more);
    }

    if (more & 0x80) {
        d->picture = p ? (size_t) (p - start) : 0;
        p = ngx_live_rtp_vpx_picture(p, end, &d->picture_id, &is_long);
        d->long_id = is_long ? 1 : 0;
    }

    if (more & 0x40) {
        d->tl0 = p ? (size_t) (p - start) : 0;
        p = ngx_live_read_u8(p, end, &d->tl0_picture);
    }

    if (more & 0x30) {
        d->key = p ? (size_t) (p - start) : 0;
        p = ngx_live_read_u8(p, end, &byte);

        if (more & 0x20) {
            d->temporal = byte >> 6;
            d->sync = (byte >> 5) & 1;
        }
    }

    if (p == NULL || p == end) {
        return NGX_ERROR;
    }

    d->len = p - start;
    d->reference = (flags & 0x20) == 0;
    d->start = (flags & 0x17) == 0x10;
    d->key_frame = d->start && (*p & 1) == 0;

    if (d->key_frame) {
        ngx_live_rtp_vp8_size(d, p, end);
    }

    return NGX_OK;
}


/* RFC 6386, section 9.1: a tag of 3 bytes, a start code, 14 bits of each */

static void
ngx_live_rtp_vp8_size(ngx_live_rtp_vp8_t *d, u_char *p, u_char *end)
{
    if (end - p < 10 || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a) {
        return;
    }

    d->width = (p[6] | (ngx_uint_t) p[7] << 8) & 0x3fff;
    d->height = (p[8] | (ngx_uint_t) p[9] << 8) & 0x3fff;
}


ngx_int_t
ngx_live_rtp_vp9_parse(ngx_live_rtp_vp9_t *d, u_char *start, u_char *end)
{
    u_char      *p;
    ngx_uint_t   flags, layer, is_long;

    ngx_memzero(d, sizeof(ngx_live_rtp_vp9_t));

    p = ngx_live_read_u8(start, end, &flags);

    d->predicted = (flags >> 6) & 1;
    d->flexible = (flags >> 4) & 1;
    d->start = (flags >> 3) & 1;
    d->end = (flags >> 2) & 1;
    d->reference = (flags & 1) == 0;

    if (flags & 0x80) {
        d->picture = 1;
        p = ngx_live_rtp_vpx_picture(p, end, &d->picture_id, &is_long);
        d->long_id = is_long ? 1 : 0;
    }

    if (flags & 0x20) {
        p = ngx_live_read_u8(p, end, &layer);

        d->temporal = layer >> 5;
        d->switching = (layer >> 4) & 1;
        d->spatial = (layer >> 1) & 7;
        d->inter = layer & 1;

        if (!d->flexible) {
            d->tl0 = p ? (size_t) (p - start) : 0;
            p = ngx_live_read_u8(p, end, &d->tl0_picture);
        }
    }

    if (d->flexible && d->predicted) {
        p = ngx_live_rtp_vp9_references(p, end);
    }

    if (flags & 0x02) {
        p = ngx_live_rtp_vp9_structure(d, p, end);
    }

    if (p == NULL || p == end) {
        return NGX_ERROR;
    }

    d->len = p - start;

    return NGX_OK;
}


/* three at most, each says whether one more follows */

static u_char *
ngx_live_rtp_vp9_references(u_char *p, u_char *end)
{
    ngx_uint_t  i, byte;

    for (i = 0; i < 3; i++) {
        p = ngx_live_read_u8(p, end, &byte);

        if ((byte & 1) == 0) {
            return p;
        }
    }

    /* a fourth is not allowed */

    return NULL;
}


static u_char *
ngx_live_rtp_vp9_structure(ngx_live_rtp_vp9_t *d, u_char *p, u_char *end)
{
    uint16_t    width, height;
    ngx_uint_t  i, flags, n, byte;

    p = ngx_live_read_u8(p, end, &flags);
    d->layers = (flags >> 5) + 1;

    for (i = 0; (flags & 0x10) && i < d->layers; i++) {
        p = ngx_live_read_be16(p, end, &width);
        p = ngx_live_read_be16(p, end, &height);

        d->width = width;
        d->height = height;
    }

    if ((flags & 0x08) == 0) {
        return p;
    }

    p = ngx_live_read_u8(p, end, &n);

    for (i = 0; i < n && p; i++) {
        p = ngx_live_read_u8(p, end, &byte);
        p = ngx_live_skip(p, end, (byte >> 2) & 3);
    }

    return p;
}


void
ngx_live_rtp_vp8_rewrite(ngx_live_rtp_vp8_t *d, u_char *copy,
    ngx_uint_t picture_id, ngx_uint_t tl0_picture)
{
    ngx_live_rtp_vpx_rewrite(copy, d->picture, d->long_id, d->tl0, picture_id,
                             tl0_picture);
}


void
ngx_live_rtp_vp9_rewrite(ngx_live_rtp_vp9_t *d, u_char *copy,
    ngx_uint_t picture_id, ngx_uint_t tl0_picture)
{
    ngx_live_rtp_vpx_rewrite(copy, d->picture, d->long_id, d->tl0, picture_id,
                             tl0_picture);
}


ngx_int_t
ngx_live_rtp_vp8_inspect(ngx_live_rtp_info_t *info, u_char *p, u_char *end)
{
    ngx_live_rtp_vp8_t  d;

    ngx_memzero(info, sizeof(ngx_live_rtp_info_t));

    if (ngx_live_rtp_vp8_parse(&d, p, end) != NGX_OK) {
        return NGX_ERROR;
    }

    info->key = d.key_frame;
    info->start = d.start;
    info->temporal = d.temporal;

    return NGX_OK;
}


ngx_int_t
ngx_live_rtp_vp9_inspect(ngx_live_rtp_info_t *info, u_char *p, u_char *end)
{
    ngx_live_rtp_vp9_t  d;

    ngx_memzero(info, sizeof(ngx_live_rtp_info_t));

    if (ngx_live_rtp_vp9_parse(&d, p, end) != NGX_OK) {
        return NGX_ERROR;
    }

    info->key = d.start && !d.predicted && d.spatial == 0;
    info->start = d.start;
    info->end = d.end;
    info->temporal = d.temporal;
    info->spatial = d.spatial;

    return NGX_OK;
}


ngx_int_t
ngx_live_rtp_vp8_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    ngx_live_rtp_vp8_t  d;

    if (ngx_live_rtp_vp8_parse(&d, p, end) != NGX_OK) {
        *reason = "malformed VP8 descriptor";
        return NGX_ERROR;
    }

    if (d.start != (u->pos == u->start)) {
        *reason = "VP8 frame without its begin";
        return NGX_ERROR;
    }

    if (d.key_frame) {
        u->key = 1;
    }

    return ngx_live_rtp_unit_append(u, p + d.len, end, reason);
}


ngx_int_t
ngx_live_rtp_vp9_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    ngx_int_t           rc;
    ngx_live_rtp_vp9_t  d;

    if (ngx_live_rtp_vp9_parse(&d, p, end) != NGX_OK) {
        *reason = "malformed VP9 descriptor";
        return NGX_ERROR;
    }

    /* each layer's frame begins behind the end of the one before it */

    if (d.start != (u->open == NULL)) {
        *reason = "VP9 frame without its begin or its end";
        return NGX_ERROR;
    }

    if (d.start && !d.predicted && d.spatial == 0) {
        u->key = 1;
    }

    rc = ngx_live_rtp_unit_append(u, p + d.len, end, reason);

    if (rc == NGX_OK) {
        u->open = d.end ? NULL : u->start;
    }

    return rc;
}
