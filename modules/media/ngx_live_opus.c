
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_opus.h"
#include "ngx_live_bytes.h"


/* 120 ms, RFC 6716, 3.2.5, R5 */
#define NGX_LIVE_OPUS_SAMPLES_MAX  5760


ngx_int_t
ngx_live_opus_parse_head(ngx_live_opus_head_t *head, u_char *pos, u_char *end,
    const char **reason)
{
    u_char      *p, *magic, *bytes;
    ngx_uint_t   version;

    p = ngx_live_take(pos, end, 8, &magic);
    p = ngx_live_read_u8(p, end, &version);
    p = ngx_live_read_u8(p, end, &head->channels);
    p = ngx_live_take(p, end, 2, &bytes);
    p = ngx_live_read_le32(p, end, &head->rate);
    p = ngx_live_skip(p, end, 2);
    p = ngx_live_read_u8(p, end, &head->family);

    if (p == NULL) {
        *reason = "OpusHead is too short";
        return NGX_ERROR;
    }

    head->pre_skip = bytes[0] | (ngx_uint_t) bytes[1] << 8;

    if (ngx_memcmp(magic, "OpusHead", 8) != 0) {
        *reason = "no OpusHead";
        return NGX_ERROR;
    }

    /* the upper half of the octet is the major version */

    if (version & 0xf0) {
        *reason = "OpusHead of unknown version";
        return NGX_ERROR;
    }

    if (head->channels == 0 || (head->family == 0 && head->channels > 2)) {
        *reason = "OpusHead with wrong number of channels";
        return NGX_ERROR;
    }

    /* counts of streams and coupled streams, and an octet per channel */

    if (head->family && (size_t) (end - p) < 2 + head->channels) {
        *reason = "OpusHead without its channel mapping";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_live_opus_samples(u_char *pos, u_char *end)
{
    ngx_uint_t  config, n, frame;

    if (pos == NULL || pos >= end) {
        return 0;
    }

    config = *pos >> 3;

    if (config < 12) {

        /* SILK: 10, 20, 40, 60 ms */

        frame = (config & 3) == 3 ? 2880 : (ngx_uint_t) 480 << (config & 3);

    } else if (config < 16) {

        /* hybrid: 10, 20 ms */

        frame = (ngx_uint_t) 480 << (config & 1);

    } else {

        /* CELT: 2.5, 5, 10, 20 ms */

        frame = (ngx_uint_t) 120 << (config & 3);
    }

    switch (*pos & 3) {

    case 0:
        n = 1;
        break;

    case 1:
    case 2:
        n = 2;
        break;

    default:
        if (end - pos < 2) {
            return 0;
        }

        n = pos[1] & 0x3f;
        break;
    }

    return (n * frame <= NGX_LIVE_OPUS_SAMPLES_MAX) ? n * frame : 0;
}
