
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtcp.h"


#define NGX_LIVE_RTCP_SENDER_INFO     20      /* bytes */
#define NGX_LIVE_RTCP_REPORT          24
#define NGX_LIVE_RTCP_FIR             8

#define NGX_LIVE_RTCP_SDES_END        0
#define NGX_LIVE_RTCP_SDES_CNAME      1

#define NGX_LIVE_RTCP_XR_RRTR         4
#define NGX_LIVE_RTCP_XR_DLRR         5

#define ngx_live_rtcp_is(p, t, c)     ((p)->type == (t) && (p)->count == (c))


static ngx_int_t ngx_live_rtcp_sdes_item(u_char **pos, u_char *end,
    ngx_uint_t *type, ngx_str_t *value);
static void ngx_live_rtcp_parse_dlrr(u_char *p, u_char *end, uint32_t ssrc,
    ngx_live_rtcp_xr_t *xr);


ngx_int_t
ngx_live_rtcp_next(u_char **pos, u_char *end, ngx_live_rtcp_t *p,
    const char **reason)
{
    u_char  *start;
    size_t   len, padding;

    start = *pos;

    if (start == end) {
        return NGX_DONE;
    }

    if (end - start < 4 || (start[0] & 0xc0) != 0x80) {
        *reason = "malformed RTCP header";
        return NGX_ERROR;
    }

    len = (size_t) ngx_live_be16(start + 2) * 4;

    if ((size_t) (end - start) < 4 + len) {
        *reason = "RTCP packet is longer than its datagram";
        return NGX_ERROR;
    }

    p->type = start[1];
    p->count = start[0] & 0x1f;
    p->data = start + 4;
    p->len = len;

    *pos = start + 4 + len;

    /*
     * RFC 3550, section 6.4.1, wants a multiple of four; browsers fill their
     * transport-wide feedback up to it with one to three bytes
     */

    if (start[0] & 0x20) {
        padding = len ? p->data[len - 1] : 0;

        if (padding == 0 || padding > len) {
            *reason = "malformed RTCP padding";
            return NGX_ERROR;
        }

        p->len -= padding;
    }

    if (p->len < 4) {

        if (p->count == 0 && (p->type == NGX_LIVE_RTCP_BYE
                              || p->type == NGX_LIVE_RTCP_SDES))
        {
            p->ssrc = 0;
            return NGX_OK;
        }

        *reason = "RTCP packet is too short";
        return NGX_ERROR;
    }

    p->ssrc = ngx_live_be32(p->data);

    return NGX_OK;
}


ngx_int_t
ngx_live_rtcp_parse_sr(ngx_live_rtcp_t *p, ngx_live_rtcp_sr_t *sr)
{
    u_char  *pos, *end;

    if (p->type != NGX_LIVE_RTCP_SR) {
        return NGX_ERROR;
    }

    end = p->data + p->len;

    pos = ngx_live_read_be32(p->data, end, &sr->ssrc);
    pos = ngx_live_read_be64(pos, end, &sr->ntp);
    pos = ngx_live_read_be32(pos, end, &sr->timestamp);
    pos = ngx_live_read_be32(pos, end, &sr->packets);
    pos = ngx_live_read_be32(pos, end, &sr->octets);

    return pos ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_live_rtcp_parse_report(ngx_live_rtcp_t *p, ngx_uint_t n,
    ngx_live_rtcp_report_t *report)
{
    u_char    *pos, *end;
    size_t     skip;
    uint32_t   loss;

    if (p->type == NGX_LIVE_RTCP_SR) {
        skip = 4 + NGX_LIVE_RTCP_SENDER_INFO;

    } else if (p->type == NGX_LIVE_RTCP_RR) {
        skip = 4;

    } else {
        return NGX_ERROR;
    }

    if (n >= p->count) {
        return NGX_DONE;
    }

    end = p->data + p->len;

    pos = ngx_live_skip(p->data, end, skip + n * NGX_LIVE_RTCP_REPORT);
    pos = ngx_live_read_be32(pos, end, &report->ssrc);
    pos = ngx_live_read_be32(pos, end, &loss);
    pos = ngx_live_read_be32(pos, end, &report->highest);
    pos = ngx_live_read_be32(pos, end, &report->jitter);
    pos = ngx_live_read_be32(pos, end, &report->lsr);
    pos = ngx_live_read_be32(pos, end, &report->dlsr);

    report->fraction = loss >> 24;
    report->lost = (int32_t) (loss & 0xffffff);

    if (report->lost & 0x800000) {
        report->lost -= 0x1000000;
    }

    return pos ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_live_rtcp_parse_bye(ngx_live_rtcp_t *p, ngx_uint_t n, uint32_t *ssrc)
{
    u_char  *pos, *end;

    if (p->type != NGX_LIVE_RTCP_BYE) {
        return NGX_ERROR;
    }

    if (n >= p->count) {
        return NGX_DONE;
    }

    end = p->data + p->len;

    pos = ngx_live_skip(p->data, end, n * 4);
    pos = ngx_live_read_be32(pos, end, ssrc);

    return pos ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_live_rtcp_parse_cname(ngx_live_rtcp_t *p, uint32_t ssrc,
    ngx_str_t *cname)
{
    u_char      *pos, *end;
    uint32_t     source;
    ngx_int_t    rc;
    ngx_str_t    value;
    ngx_uint_t   type, n;

    if (p->type != NGX_LIVE_RTCP_SDES) {
        return NGX_ERROR;
    }

    pos = p->data;
    end = pos + p->len;

    for (n = 0; n < p->count; n++) {

        pos = ngx_live_read_be32(pos, end, &source);

        if (pos == NULL) {
            return NGX_ERROR;
        }

        while ((rc = ngx_live_rtcp_sdes_item(&pos, end, &type, &value))
               == NGX_OK)
        {
            if (source == ssrc && type == NGX_LIVE_RTCP_SDES_CNAME) {
                *cname = value;
                return NGX_OK;
            }
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        /* the next source begins at a multiple of 4 bytes */

        pos = ngx_live_skip(pos, end, (size_t) (p->data - pos) & 3);

        if (pos == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_DECLINED;
}


/* NGX_DONE behind the item that ends a list */

static ngx_int_t
ngx_live_rtcp_sdes_item(u_char **pos, u_char *end, ngx_uint_t *type,
    ngx_str_t *value)
{
    u_char      *p;
    ngx_uint_t   len;

    p = ngx_live_read_u8(*pos, end, type);

    if (p == NULL) {
        return NGX_ERROR;
    }

    if (*type == NGX_LIVE_RTCP_SDES_END) {
        *pos = p;
        return NGX_DONE;
    }

    p = ngx_live_read_u8(p, end, &len);
    p = ngx_live_take(p, end, len, &value->data);

    if (p == NULL) {
        return NGX_ERROR;
    }

    value->len = len;
    *pos = p;

    return NGX_OK;
}


ngx_int_t
ngx_live_rtcp_parse_media(ngx_live_rtcp_t *p, uint32_t *ssrc)
{
    if ((p->type != NGX_LIVE_RTCP_RTPFB && p->type != NGX_LIVE_RTCP_PSFB)
        || p->len < 8)
    {
        return NGX_ERROR;
    }

    *ssrc = ngx_live_be32(p->data + 4);

    return NGX_OK;
}


ngx_int_t
ngx_live_rtcp_parse_nack(ngx_live_rtcp_t *p, ngx_live_rtcp_nack_t *at,
    uint16_t *seq)
{
    u_char    *item;
    uint16_t   mask;

    if (!ngx_live_rtcp_is(p, NGX_LIVE_RTCP_RTPFB, NGX_LIVE_RTCP_RTPFB_NACK)
        || p->len < 8)
    {
        return NGX_ERROR;
    }

    if (at->offset == 0) {
        at->offset = 8;
    }

    while (p->len - at->offset >= 4) {
        item = p->data + at->offset;

        if (at->bit == 0) {
            at->bit = 1;
            *seq = ngx_live_be16(item);
            return NGX_OK;
        }

        /* bit n of the mask: n + 1 behind */

        mask = ngx_live_be16(item + 2);

        while (at->bit <= 16) {
            if (mask & (1 << (at->bit++ - 1))) {
                *seq = (uint16_t) (ngx_live_be16(item) + at->bit - 1);
                return NGX_OK;
            }
        }

        at->bit = 0;
        at->offset += 4;
    }

    return NGX_DONE;
}


ngx_int_t
ngx_live_rtcp_parse_fir(ngx_live_rtcp_t *p, ngx_uint_t n, uint32_t *ssrc,
    ngx_uint_t *number)
{
    u_char  *item;

    if (!ngx_live_rtcp_is(p, NGX_LIVE_RTCP_PSFB, NGX_LIVE_RTCP_PSFB_FIR)
        || p->len < 8)
    {
        return NGX_ERROR;
    }

    if (n >= (p->len - 8) / NGX_LIVE_RTCP_FIR) {
        return NGX_DONE;
    }

    item = p->data + 8 + n * NGX_LIVE_RTCP_FIR;

    *ssrc = ngx_live_be32(item);
    *number = item[4];

    return NGX_OK;
}


/* "REMB", a count, 6 bits of exponent and 18 of mantissa, the sources */

ngx_int_t
ngx_live_rtcp_parse_remb(ngx_live_rtcp_t *p, ngx_live_rtcp_remb_t *remb)
{
    u_char      *item;
    uint64_t     mantissa;
    ngx_uint_t   i, n, exponent;

    if (!ngx_live_rtcp_is(p, NGX_LIVE_RTCP_PSFB,
                          NGX_LIVE_RTCP_PSFB_APPLICATION)
        || p->len < 16 || ngx_memcmp(p->data + 8, "REMB", 4) != 0)
    {
        return NGX_ERROR;
    }

    item = p->data + 12;
    n = item[0];

    if ((p->len - 16) / 4 < n) {
        return NGX_ERROR;
    }

    exponent = item[1] >> 2;
    mantissa = ngx_live_be24(item + 1) & 0x3ffff;

    if (exponent > 45) {
        remb->bitrate = mantissa ? INT64_MAX : 0;

    } else {
        remb->bitrate = mantissa << exponent;
    }

    remb->n = ngx_min(n, NGX_LIVE_RTCP_MAX_SOURCES);

    for (i = 0; i < remb->n; i++) {
        remb->sources[i] = ngx_live_be32(item + 4 + i * 4);
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_rtcp_parse_xr(ngx_live_rtcp_t *p, uint32_t ssrc,
    ngx_live_rtcp_xr_t *xr)
{
    u_char      *pos, *end, *body;
    uint16_t     words;
    ngx_uint_t   type;

    if (p->type != NGX_LIVE_RTCP_XR) {
        return NGX_ERROR;
    }

    ngx_memzero(xr, sizeof(ngx_live_rtcp_xr_t));

    pos = p->data + 4;
    end = p->data + p->len;

    while (pos < end) {
        pos = ngx_live_read_u8(pos, end, &type);
        pos = ngx_live_skip(pos, end, 1);
        pos = ngx_live_read_be16(pos, end, &words);
        pos = ngx_live_take(pos, end, (size_t) words * 4, &body);

        if (pos == NULL) {
            return NGX_ERROR;
        }

        if (type == NGX_LIVE_RTCP_XR_RRTR && words >= 2) {
            xr->ntp = ngx_live_be64(body);

        } else if (type == NGX_LIVE_RTCP_XR_DLRR) {
            ngx_live_rtcp_parse_dlrr(body, pos, ssrc, xr);
        }
    }

    return NGX_OK;
}


static void
ngx_live_rtcp_parse_dlrr(u_char *p, u_char *end, uint32_t ssrc,
    ngx_live_rtcp_xr_t *xr)
{
    while (end - p >= 12) {

        if (ngx_live_be32(p) == ssrc) {
            xr->lrr = ngx_live_be32(p + 4);
            xr->dlrr = ngx_live_be32(p + 8);
        }

        p += 12;
    }
}


u_char *
ngx_live_rtcp_begin(u_char *pos, u_char *end, ngx_uint_t type,
    ngx_uint_t count, uint32_t ssrc)
{
    pos = ngx_live_write_u8(pos, end, 0x80 | count);
    pos = ngx_live_write_u8(pos, end, type);
    pos = ngx_live_write_be16(pos, end, 0);

    return ngx_live_write_be32(pos, end, ssrc);
}


u_char *
ngx_live_rtcp_end(u_char *start, u_char *pos)
{
    if (pos) {
        ngx_live_write_be16(start + 2, pos, (pos - start) / 4 - 1);
    }

    return pos;
}


u_char *
ngx_live_rtcp_write_report(u_char *pos, u_char *end, uint32_t ssrc,
    ngx_live_rtcp_sr_t *sr, ngx_live_rtcp_report_t *reports, ngx_uint_t n)
{
    u_char      *p;
    uint32_t     lost;
    ngx_uint_t   i;

    if (n > NGX_LIVE_RTCP_MAX_REPORTS) {
        return NULL;
    }

    p = ngx_live_rtcp_begin(pos, end, sr ? NGX_LIVE_RTCP_SR
                                         : NGX_LIVE_RTCP_RR, n, ssrc);

    if (sr) {
        p = ngx_live_write_be64(p, end, sr->ntp);
        p = ngx_live_write_be32(p, end, sr->timestamp);
        p = ngx_live_write_be32(p, end, sr->packets);
        p = ngx_live_write_be32(p, end, sr->octets);
    }

    for (i = 0; i < n; i++) {
        lost = (uint32_t) ngx_max(ngx_min(reports[i].lost, 0x7fffff),
                                  -0x800000);

        p = ngx_live_write_be32(p, end, reports[i].ssrc);
        p = ngx_live_write_u8(p, end, ngx_min(reports[i].fraction, 255));
        p = ngx_live_write_be24(p, end, lost);
        p = ngx_live_write_be32(p, end, reports[i].highest);
        p = ngx_live_write_be32(p, end, reports[i].jitter);
        p = ngx_live_write_be32(p, end, reports[i].lsr);
        p = ngx_live_write_be32(p, end, reports[i].dlsr);
    }

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_sdes(u_char *pos, u_char *end, uint32_t ssrc,
    ngx_str_t *cname)
{
    u_char  *p;

    if (cname->len > 255) {
        return NULL;
    }

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_SDES, 1, ssrc);
    p = ngx_live_write_u8(p, end, NGX_LIVE_RTCP_SDES_CNAME);
    p = ngx_live_write_u8(p, end, cname->len);
    p = ngx_live_write_data(p, end, cname->data, cname->len);

    do {
        p = ngx_live_write_u8(p, end, NGX_LIVE_RTCP_SDES_END);
    } while (p && (p - pos) % 4);

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_bye(u_char *pos, u_char *end, uint32_t ssrc)
{
    u_char  *p;

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_BYE, 1, ssrc);

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_nack(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media, uint16_t *seqs, ngx_uint_t n)
{
    u_char      *p;
    uint16_t     first, behind, mask;
    ngx_uint_t   i;

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_RTPFB,
                            NGX_LIVE_RTCP_RTPFB_NACK, sender);
    p = ngx_live_write_be32(p, end, media);

    i = 0;

    while (i < n) {
        first = seqs[i++];
        mask = 0;

        while (i < n) {
            behind = (uint16_t) (seqs[i] - first);

            if (behind > 16) {
                break;
            }

            if (behind) {
                mask |= (uint16_t) (1 << (behind - 1));
            }

            i++;
        }

        p = ngx_live_write_be16(p, end, first);
        p = ngx_live_write_be16(p, end, mask);
    }

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_pli(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media)
{
    u_char  *p;

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_PSFB,
                            NGX_LIVE_RTCP_PSFB_PLI, sender);
    p = ngx_live_write_be32(p, end, media);

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_fir(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media, ngx_uint_t number)
{
    u_char  *p;

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_PSFB,
                            NGX_LIVE_RTCP_PSFB_FIR, sender);

    /* the source stands with each request, RFC 5104, section 4.3.1.2 */

    p = ngx_live_write_be32(p, end, 0);
    p = ngx_live_write_be32(p, end, media);
    p = ngx_live_write_u8(p, end, number);
    p = ngx_live_write_be24(p, end, 0);

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_remb(u_char *pos, u_char *end, uint32_t sender,
    ngx_live_rtcp_remb_t *remb)
{
    u_char      *p;
    uint64_t     mantissa;
    ngx_uint_t   i, n, exponent;

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_PSFB,
                            NGX_LIVE_RTCP_PSFB_APPLICATION, sender);

    n = ngx_min(remb->n, NGX_LIVE_RTCP_MAX_SOURCES);
    mantissa = remb->bitrate;
    exponent = 0;

    while (mantissa > 0x3ffff) {
        mantissa >>= 1;
        exponent++;
    }

    p = ngx_live_write_be32(p, end, 0);
    p = ngx_live_write_data(p, end, "REMB", 4);
    p = ngx_live_write_u8(p, end, n);
    p = ngx_live_write_be24(p, end, exponent << 18 | mantissa);

    for (i = 0; i < n; i++) {
        p = ngx_live_write_be32(p, end, remb->sources[i]);
    }

    return ngx_live_rtcp_end(pos, p);
}


u_char *
ngx_live_rtcp_write_xr(u_char *pos, u_char *end, uint32_t sender,
    uint32_t ssrc, ngx_live_rtcp_xr_t *xr)
{
    u_char  *p;

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_XR, 0, sender);

    if (xr->ntp) {
        p = ngx_live_write_be32(p, end,
                                (uint32_t) NGX_LIVE_RTCP_XR_RRTR << 24 | 2);
        p = ngx_live_write_be64(p, end, xr->ntp);
    }

    if (xr->lrr) {
        p = ngx_live_write_be32(p, end,
                                (uint32_t) NGX_LIVE_RTCP_XR_DLRR << 24 | 3);
        p = ngx_live_write_be32(p, end, ssrc);
        p = ngx_live_write_be32(p, end, xr->lrr);
        p = ngx_live_write_be32(p, end, xr->dlrr);
    }

    return ngx_live_rtcp_end(pos, p);
}
