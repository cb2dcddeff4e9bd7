
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_demux.h"
#include "ngx_live_bytes.h"


ngx_live_datagram_e
ngx_live_datagram_kind(const u_char *p, size_t len)
{
    if (len == 0) {
        return NGX_LIVE_DATAGRAM_UNKNOWN;
    }

    if (p[0] <= 3) {
        return NGX_LIVE_DATAGRAM_STUN;
    }

    if (p[0] >= 20 && p[0] <= 63) {
        return NGX_LIVE_DATAGRAM_DTLS;
    }

    if (p[0] < 128 || p[0] > 191 || len < 2) {
        return NGX_LIVE_DATAGRAM_UNKNOWN;
    }

    /* RFC 5761, section 4: packet types of RTCP are 192 to 223 */

    if (p[1] >= 192 && p[1] <= 223) {
        return NGX_LIVE_DATAGRAM_RTCP;
    }

    return NGX_LIVE_DATAGRAM_RTP;
}


ngx_int_t
ngx_live_framing_next(u_char **pos, u_char *end, size_t max, ngx_str_t *frame)
{
    u_char  *p;
    size_t   len;

    for ( ;; ) {
        p = *pos;

        if (end - p < NGX_LIVE_FRAMING_HEADER) {
            return NGX_AGAIN;
        }

        len = ngx_live_be16(p);
        p += NGX_LIVE_FRAMING_HEADER;

        if (len > max) {
            return NGX_ERROR;
        }

        if (len) {
            break;
        }

        *pos = p;
    }

    if ((size_t) (end - p) < len) {
        return NGX_AGAIN;
    }

    frame->data = p;
    frame->len = len;
    *pos = p + len;

    return NGX_OK;
}


void
ngx_live_framing_header(u_char header[NGX_LIVE_FRAMING_HEADER], size_t len)
{
    header[0] = (u_char) (len >> 8);
    header[1] = (u_char) len;
}
