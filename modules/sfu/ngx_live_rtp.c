
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtp.h"


static void ngx_live_rtp_parse_one_byte(ngx_live_rtp_t *rtp, u_char *p,
    u_char *end);
static void ngx_live_rtp_parse_two_byte(ngx_live_rtp_t *rtp, u_char *p,
    u_char *end);
static void ngx_live_rtp_add(ngx_live_rtp_t *rtp, ngx_uint_t id, u_char *data,
    size_t len);
static u_char *ngx_live_rtp_write_extensions(u_char *pos, u_char *end,
    ngx_live_rtp_header_t *header);
static ngx_int_t ngx_live_rtp_form(ngx_live_rtp_header_t *header);


ngx_int_t
ngx_live_rtp_parse(ngx_live_rtp_t *rtp, u_char *pos, u_char *end,
    const char **reason)
{
    u_char      *block;
    size_t       header, n;
    ngx_uint_t   profile;

    rtp->nextensions = 0;

    header = ngx_live_rtp_header_len(pos, end);

    if (header == 0) {
        *reason = "malformed RTP header";
        return NGX_ERROR;
    }

    rtp->start = pos;
    rtp->marker = pos[1] >> 7;
    rtp->type = pos[1] & 0x7f;
    rtp->seq = ngx_live_be16(pos + 2);
    rtp->timestamp = ngx_live_be32(pos + 4);
    rtp->ssrc = ngx_live_be32(pos + 8);
    rtp->payload = pos + header;
    rtp->len = end - rtp->payload;
    rtp->padding = 0;

    if (pos[0] & 0x20) {
        n = rtp->len ? *(end - 1) : 0;

        if (n == 0 || n > rtp->len) {
            *reason = "malformed RTP padding";
            return NGX_ERROR;
        }

        rtp->padding = n;
        rtp->len -= n;
    }

    if (pos[0] & 0x10) {
        block = pos + NGX_LIVE_RTP_HEADER + (size_t) (pos[0] & 0x0f) * 4;
        profile = ngx_live_be16(block);

        if (profile == NGX_LIVE_RTP_ONE_BYTE) {
            ngx_live_rtp_parse_one_byte(rtp, block + 4, rtp->payload);

        } else if ((profile & 0xfff0) == NGX_LIVE_RTP_TWO_BYTE) {
            ngx_live_rtp_parse_two_byte(rtp, block + 4, rtp->payload);
        }
    }

    return NGX_OK;
}


/*
 * RFC 8285, section 4.2: an id of 15 ends the list, as does an element that
 * goes past the end; the rest of the packet is good nevertheless
 */

static void
ngx_live_rtp_parse_one_byte(ngx_live_rtp_t *rtp, u_char *p, u_char *end)
{
    size_t      len;
    ngx_uint_t  id;

    while (p < end) {

        id = *p >> 4;
        len = (size_t) (*p & 0x0f) + 1;

        if (id == 0) {
            p++;
            continue;
        }

        if (id == 15 || (size_t) (end - p) < 1 + len) {
            return;
        }

        ngx_live_rtp_add(rtp, id, p + 1, len);
        p += 1 + len;
    }
}


/* section 4.3: a value may be empty */

static void
ngx_live_rtp_parse_two_byte(ngx_live_rtp_t *rtp, u_char *p, u_char *end)
{
    size_t      len;
    ngx_uint_t  id;

    while (p < end) {

        id = *p;

        if (id == 0) {
            p++;
            continue;
        }

        if (end - p < 2) {
            return;
        }

        len = p[1];

        if ((size_t) (end - p) < 2 + len) {
            return;
        }

        ngx_live_rtp_add(rtp, id, p + 2, len);
        p += 2 + len;
    }
}


static void
ngx_live_rtp_add(ngx_live_rtp_t *rtp, ngx_uint_t id, u_char *data, size_t len)
{
    ngx_live_rtp_extension_t  *e;

    if (rtp->nextensions == NGX_LIVE_RTP_MAX_EXTENSIONS) {
        return;
    }

    e = &rtp->extensions[rtp->nextensions++];

    e->id = id;
    e->data = data;
    e->len = len;
}


ngx_live_rtp_extension_t *
ngx_live_rtp_extension(ngx_live_rtp_t *rtp, ngx_uint_t id)
{
    ngx_uint_t  i;

    for (i = 0; id && i < rtp->nextensions; i++) {
        if (rtp->extensions[i].id == id) {
            return &rtp->extensions[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_live_rtp_restore(ngx_live_rtp_t *rtp, ngx_uint_t type, uint32_t ssrc)
{
    if (rtp->len < 2) {
        return NGX_DECLINED;
    }

    rtp->seq = ngx_live_be16(rtp->payload);
    rtp->payload += 2;
    rtp->len -= 2;
    rtp->type = (u_char) type;
    rtp->ssrc = ssrc;

    return NGX_OK;
}


u_char *
ngx_live_rtp_write(u_char *pos, u_char *end, ngx_live_rtp_header_t *header)
{
    u_char  *p;

    p = ngx_live_write_u8(pos, end, header->nextensions ? 0x90 : 0x80);
    p = ngx_live_write_u8(p, end, (header->marker ? 0x80 : 0)
                                  | (header->type & 0x7f));
    p = ngx_live_write_be16(p, end, header->seq);
    p = ngx_live_write_be32(p, end, header->timestamp);
    p = ngx_live_write_be32(p, end, header->ssrc);

    if (p == NULL || header->nextensions == 0) {
        return p;
    }

    return ngx_live_rtp_write_extensions(p, end, header);
}


/* the bytes before each value, 1 or 2; NGX_ERROR: there is no form */

static ngx_int_t
ngx_live_rtp_form(ngx_live_rtp_header_t *header)
{
    ngx_int_t                  form;
    ngx_uint_t                 i;
    ngx_live_rtp_extension_t  *e;

    form = 1;

    for (i = 0; i < header->nextensions; i++) {
        e = &header->extensions[i];

        if (e->id == 0 || e->id > 255 || e->len > 255) {
            return NGX_ERROR;
        }

        if (e->id > 14 || e->len == 0 || e->len > 16) {
            form = 2;
        }
    }

    return form;
}


static u_char *
ngx_live_rtp_write_extensions(u_char *pos, u_char *end,
    ngx_live_rtp_header_t *header)
{
    u_char                    *p, *block;
    size_t                     n;
    ngx_int_t                  form;
    ngx_uint_t                 i;
    ngx_live_rtp_extension_t  *e;

    form = ngx_live_rtp_form(header);

    if (form == NGX_ERROR) {
        return NULL;
    }

    p = ngx_live_take(pos, end, 4, &block);

    for (i = 0; i < header->nextensions; i++) {
        e = &header->extensions[i];

        if (form == 1) {
            p = ngx_live_write_u8(p, end, e->id << 4 | (e->len - 1));

        } else {
            p = ngx_live_write_u8(p, end, e->id);
            p = ngx_live_write_u8(p, end, e->len);
        }

        p = ngx_live_write_data(p, end, e->data, e->len);
    }

    if (p == NULL) {
        return NULL;
    }

    n = p - (block + 4);

    while (n % 4) {
        p = ngx_live_write_u8(p, end, 0);
        n++;
    }

    ngx_live_write_be16(block, block + 2, form == 1 ? NGX_LIVE_RTP_ONE_BYTE
                                                    : NGX_LIVE_RTP_TWO_BYTE);
    ngx_live_write_be16(block + 2, block + 4, n / 4);

    return p;
}
