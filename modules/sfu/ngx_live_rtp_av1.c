
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtp_av1.h"


/* the aggregation header, section 4.4 */

#define NGX_LIVE_AV1_CONTINUES        0x80    /* Z */
#define NGX_LIVE_AV1_CONTINUED        0x40    /* Y */
#define NGX_LIVE_AV1_NEW_SEQUENCE     0x08    /* N */

/* the header of an OBU, AV1, 5.3.2 */

#define NGX_LIVE_AV1_FORBIDDEN        0x80
#define NGX_LIVE_AV1_EXTENSION        0x04
#define NGX_LIVE_AV1_HAS_SIZE         0x02

#define NGX_LIVE_AV1_SEQUENCE_HEADER  1
#define NGX_LIVE_AV1_DELIMITER        2
#define NGX_LIVE_AV1_TILE_LIST        8
#define NGX_LIVE_AV1_PADDING          15

#define ngx_live_av1_type(header)     (((header) >> 3) & 0x0f)

/* before an OBU that is not complete: room for its size to come */
#define NGX_LIVE_AV1_GAP              8


static ngx_int_t ngx_live_rtp_av1_element(u_char **pos, u_char *end,
    ngx_uint_t left, ngx_str_t *element);
static u_char *ngx_live_rtp_av1_read_size(u_char *p, u_char *end,
    size_t *size);
static u_char *ngx_live_rtp_av1_write_size(u_char *p, u_char *end,
    size_t size);
static ngx_uint_t ngx_live_rtp_av1_is_sent(u_char header);
static ngx_int_t ngx_live_rtp_av1_append(ngx_live_rtp_unit_t *u,
    ngx_str_t *element, const char **reason);
static ngx_int_t ngx_live_rtp_av1_close(ngx_live_rtp_unit_t *u,
    const char **reason);
static ngx_int_t ngx_live_rtp_av1_advance(ngx_live_rtp_av1_packer_t *k,
    const char **reason);
static u_char *ngx_live_rtp_av1_pack_part(ngx_live_rtp_av1_packer_t *k,
    u_char *p, u_char *end, size_t n);


ngx_int_t
ngx_live_rtp_av1_inspect(ngx_live_rtp_info_t *info, u_char *p, u_char *end)
{
    ngx_str_t   element;
    ngx_uint_t  flags;

    ngx_memzero(info, sizeof(ngx_live_rtp_info_t));

    p = ngx_live_read_u8(p, end, &flags);

    if (p == NULL
        || ngx_live_rtp_av1_element(&p, end, (flags >> 4) & 3, &element)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (flags & NGX_LIVE_AV1_CONTINUES) {
        return NGX_OK;
    }

    info->key = (flags & NGX_LIVE_AV1_NEW_SEQUENCE) != 0;

    if (element.len > 1 && (element.data[0] & NGX_LIVE_AV1_EXTENSION)) {
        info->temporal = element.data[1] >> 5;
        info->spatial = (element.data[1] >> 3) & 3;
    }

    return NGX_OK;
}


/* left: elements that are said to come, 0: each has a length, section 4.3 */

static ngx_int_t
ngx_live_rtp_av1_element(u_char **pos, u_char *end, ngx_uint_t left,
    ngx_str_t *element)
{
    u_char  *p;
    size_t   len;

    p = *pos;

    if (p == end) {
        return left ? NGX_ERROR : NGX_DONE;
    }

    if (left == 1) {
        len = end - p;

    } else {
        p = ngx_live_rtp_av1_read_size(p, end, &len);
    }

    p = ngx_live_take(p, end, len, &element->data);

    if (p == NULL) {
        return NGX_ERROR;
    }

    element->len = len;
    *pos = p;

    return NGX_OK;
}


/* leb128(): of 8 bytes at most, AV1, 4.10.5; no size is near 2^28 */

static u_char *
ngx_live_rtp_av1_read_size(u_char *p, u_char *end, size_t *size)
{
    ngx_uint_t  i, byte;

    *size = 0;

    for (i = 0; i < 8; i++) {
        p = ngx_live_read_u8(p, end, &byte);

        if (p == NULL) {
            return NULL;
        }

        *size |= (size_t) (byte & 0x7f) << (i * 7);

        if ((byte & 0x80) == 0) {
            return p;
        }
    }

    return NULL;
}


static u_char *
ngx_live_rtp_av1_write_size(u_char *p, u_char *end, size_t size)
{
    while (size >= 0x80) {
        p = ngx_live_write_u8(p, end, 0x80 | (size & 0x7f));
        size >>= 7;
    }

    return ngx_live_write_u8(p, end, size);
}


/* the others have no place in RTP, section 5 */

static ngx_uint_t
ngx_live_rtp_av1_is_sent(u_char header)
{
    ngx_uint_t  type;

    type = ngx_live_av1_type(header);

    return type != NGX_LIVE_AV1_DELIMITER && type != NGX_LIVE_AV1_TILE_LIST
           && type != NGX_LIVE_AV1_PADDING;
}


ngx_int_t
ngx_live_rtp_av1_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    ngx_int_t   rc;
    ngx_str_t   element;
    ngx_uint_t  flags, left, first;

    p = ngx_live_read_u8(p, end, &flags);

    if (p == NULL) {
        *reason = "RTP payload is too short";
        return NGX_ERROR;
    }

    if (((flags & NGX_LIVE_AV1_CONTINUES) != 0) != (u->open != NULL)) {
        *reason = "RTP fragments without a begin or an end";
        return NGX_ERROR;
    }

    left = (flags >> 4) & 3;
    first = 1;

    while ((rc = ngx_live_rtp_av1_element(&p, end, left, &element))
           == NGX_OK)
    {
        /* an OBU ends where the next element begins */

        if (!first && ngx_live_rtp_av1_close(u, reason) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_live_rtp_av1_append(u, &element, reason) != NGX_OK) {
            return NGX_ERROR;
        }

        first = 0;

        if (left && --left == 0) {
            break;
        }
    }

    if (rc == NGX_ERROR || first || p != end) {
        *reason = "malformed RTP payload of AV1";
        return NGX_ERROR;
    }

    if (flags & NGX_LIVE_AV1_CONTINUED) {
        return NGX_OK;
    }

    return ngx_live_rtp_av1_close(u, reason);
}


static ngx_int_t
ngx_live_rtp_av1_append(ngx_live_rtp_unit_t *u, ngx_str_t *element,
    const char **reason)
{
    u_char  *pos;

    pos = u->pos;

    if (u->open == NULL) {
        pos = ngx_live_skip(pos, u->end, NGX_LIVE_AV1_GAP);
    }

    pos = ngx_live_write_data(pos, u->end, element->data, element->len);

    if (pos == NULL) {
        *reason = "RTP frame is too long";
        return NGX_ERROR;
    }

    u->open = u->open ? u->open : u->pos;
    u->pos = pos;

    return NGX_OK;
}


/*
 * The OBU stands behind the gap, mostly without a size: it is moved behind
 * its header and size
 */

static ngx_int_t
ngx_live_rtp_av1_close(ngx_live_rtp_unit_t *u, const char **reason)
{
    u_char  *p, *pos, header;
    size_t   size;

    p = u->open + NGX_LIVE_AV1_GAP;
    pos = u->open;
    u->open = NULL;

    if (p == u->pos || (*p & NGX_LIVE_AV1_FORBIDDEN)) {
        *reason = "malformed AV1 OBU";
        return NGX_ERROR;
    }

    header = *p++;

    if (!ngx_live_rtp_av1_is_sent(header)) {
        u->pos = pos;
        return NGX_OK;
    }

    if (ngx_live_av1_type(header) == NGX_LIVE_AV1_SEQUENCE_HEADER) {
        u->key = 1;
    }

    *pos++ = (u_char) (header | NGX_LIVE_AV1_HAS_SIZE);

    if (header & NGX_LIVE_AV1_EXTENSION) {

        if (p == u->pos) {
            *reason = "malformed AV1 OBU";
            return NGX_ERROR;
        }

        *pos++ = *p++;
    }

    size = u->pos - p;

    if (header & NGX_LIVE_AV1_HAS_SIZE) {
        p = ngx_live_rtp_av1_read_size(p, u->pos, &size);

        if (p == NULL || (size_t) (u->pos - p) < size) {
            *reason = "malformed AV1 OBU";
            return NGX_ERROR;
        }
    }

    if (size >= (size_t) 1 << 28) {
        *reason = "RTP frame is too long";
        return NGX_ERROR;
    }

    /* at most 2 bytes of header and 4 of size, so it does not reach p */

    pos = ngx_live_rtp_av1_write_size(pos, p, size);
    ngx_memmove(pos, p, size);
    u->pos = pos + size;

    return NGX_OK;
}


ngx_int_t
ngx_live_rtp_av1_pack(ngx_live_rtp_av1_packer_t *k, u_char *dst, size_t *len,
    ngx_uint_t *last, const char **reason)
{
    u_char      *p, *end;
    size_t       left, room;
    ngx_int_t    rc;
    ngx_uint_t   flags;

    flags = 0;
    rc = NGX_OK;

    if (!k->begun) {
        k->begun = 1;
        flags = k->key ? NGX_LIVE_AV1_NEW_SEQUENCE : 0;
        rc = ngx_live_rtp_av1_advance(k, reason);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (k->header_len == 0) {
        return NGX_DONE;
    }

    if (k->offset) {
        flags |= NGX_LIVE_AV1_CONTINUES;
    }

    p = dst + 1;
    end = dst + k->max;

    while (rc == NGX_OK) {
        left = k->header_len + k->len - k->offset;
        room = end - p;

        if (left + (left < 0x80 ? 1 : 2) <= room) {
            p = ngx_live_rtp_av1_pack_part(k, p, end, left);
            rc = ngx_live_rtp_av1_advance(k, reason);
            continue;
        }

        /* what is too long for a packet begins a packet; in equal parts */

        if (p != dst + 1) {
            break;
        }

        if (k->offset == 0) {
            room -= 2;
            room = (left + room - 1) / room;
            k->fragment = (left + room - 1) / room;
        }

        p = ngx_live_rtp_av1_pack_part(k, p, end, k->fragment);
        flags |= NGX_LIVE_AV1_CONTINUED;
        break;
    }

    dst[0] = (u_char) flags;
    *len = p - dst;
    *last = (rc == NGX_DONE);

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/* an element of n bytes; the caller knows that there is room */

static u_char *
ngx_live_rtp_av1_pack_part(ngx_live_rtp_av1_packer_t *k, u_char *p,
    u_char *end, size_t n)
{
    p = ngx_live_rtp_av1_write_size(p, end, n);

    while (n && k->offset < k->header_len) {
        *p++ = k->header[k->offset++];
        n--;
    }

    p = ngx_live_write_data(p, end,
                            k->payload + (k->offset - k->header_len), n);
    k->offset += n;

    return p;
}


/* the next OBU that is to be sent; NGX_DONE: there is none */

static ngx_int_t
ngx_live_rtp_av1_advance(ngx_live_rtp_av1_packer_t *k, const char **reason)
{
    u_char      *p;
    ngx_uint_t   header, extension;

    k->header_len = 0;
    k->offset = 0;

    while (k->pos < k->end) {
        extension = 0;
        p = ngx_live_read_u8(k->pos, k->end, &header);

        if (header & NGX_LIVE_AV1_EXTENSION) {
            p = ngx_live_read_u8(p, k->end, &extension);
        }

        if (header & NGX_LIVE_AV1_HAS_SIZE) {
            p = ngx_live_rtp_av1_read_size(p, k->end, &k->len);

        } else {
            k->len = p ? (size_t) (k->end - p) : 0;
        }

        p = ngx_live_take(p, k->end, k->len, &k->payload);

        if (p == NULL || (header & NGX_LIVE_AV1_FORBIDDEN)) {
            *reason = "malformed AV1 OBU";
            return NGX_ERROR;
        }

        k->pos = p;

        if (ngx_live_rtp_av1_is_sent((u_char) header)) {
            k->header[0] = (u_char) (header & ~NGX_LIVE_AV1_HAS_SIZE);
            k->header[1] = (u_char) extension;
            k->header_len = (header & NGX_LIVE_AV1_EXTENSION) ? 2 : 1;
            return NGX_OK;
        }
    }

    return NGX_DONE;
}
