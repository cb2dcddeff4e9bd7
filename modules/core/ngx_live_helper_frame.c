
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_helper_frame.h"
#include "ngx_live_bytes.h"


#define NGX_LIVE_HELPER_MAGIC    0x4c48
#define NGX_LIVE_HELPER_VERSION  1

#define NGX_LIVE_HELPER_FLAGS                                                 \
    (NGX_LIVE_HELPER_KEY|NGX_LIVE_HELPER_DISCONT|NGX_LIVE_HELPER_DROPPED)


void
ngx_live_helper_write_header(u_char *p, ngx_live_helper_message_t *msg)
{
    u_char  *end;

    end = p + NGX_LIVE_HELPER_HEADER_LEN;

    p = ngx_live_write_be16(p, end, NGX_LIVE_HELPER_MAGIC);
    p = ngx_live_write_u8(p, end, NGX_LIVE_HELPER_VERSION);
    p = ngx_live_write_u8(p, end, msg->type);
    p = ngx_live_write_be32(p, end, msg->size);
    p = ngx_live_write_u8(p, end, msg->track);
    p = ngx_live_write_u8(p, end, 0);
    p = ngx_live_write_be16(p, end, msg->flags);
    p = ngx_live_write_be32(p, end, msg->codec);
    p = ngx_live_write_be32(p, end, msg->config);
    p = ngx_live_write_be32(p, end, (uint32_t) msg->cts);

    (void) ngx_live_write_be64(p, end, (uint64_t) msg->dts);
}


ngx_int_t
ngx_live_helper_parse_header(ngx_live_helper_message_t *msg, u_char *p,
    u_char *end, const char **reason)
{
    uint16_t    magic, flags;
    uint32_t    cts;
    uint64_t    dts;
    ngx_uint_t  version, zero;

    p = ngx_live_read_be16(p, end, &magic);
    p = ngx_live_read_u8(p, end, &version);
    p = ngx_live_read_u8(p, end, &msg->type);
    p = ngx_live_read_be32(p, end, &msg->size);
    p = ngx_live_read_u8(p, end, &msg->track);
    p = ngx_live_read_u8(p, end, &zero);
    p = ngx_live_read_be16(p, end, &flags);
    p = ngx_live_read_be32(p, end, &msg->codec);
    p = ngx_live_read_be32(p, end, &msg->config);
    p = ngx_live_read_be32(p, end, &cts);
    p = ngx_live_read_be64(p, end, &dts);

    if (p == NULL) {
        return NGX_AGAIN;
    }

    msg->flags = flags;
    msg->cts = (int32_t) cts;
    msg->dts = (int64_t) dts;

    if (magic != NGX_LIVE_HELPER_MAGIC || zero) {
        *reason = "something else than messages";
        return NGX_ERROR;
    }

    if (version != NGX_LIVE_HELPER_VERSION) {
        *reason = "a message of unknown version";
        return NGX_ERROR;
    }

    if (flags & ~NGX_LIVE_HELPER_FLAGS) {
        *reason = "unknown flags";
        return NGX_ERROR;
    }

    switch (msg->type) {

    case NGX_LIVE_HELPER_CONFIG:
        return NGX_OK;

    case NGX_LIVE_HELPER_FRAME:
        if (msg->size) {
            return NGX_OK;
        }

        *reason = "an empty frame";
        return NGX_ERROR;

    case NGX_LIVE_HELPER_PING:
    case NGX_LIVE_HELPER_PONG:
        if (msg->size == 0) {
            return NGX_OK;
        }

        *reason = "a ping or pong with a body";
        return NGX_ERROR;

    default:
        *reason = "a message of unknown type";
        return NGX_ERROR;
    }
}


void
ngx_live_helper_parser_init(ngx_live_helper_parser_t *ps, u_char *body,
    size_t max)
{
    ngx_memzero(ps, sizeof(ngx_live_helper_parser_t));

    ps->body = body;
    ps->max = max;
}


ngx_int_t
ngx_live_helper_parse(ngx_live_helper_parser_t *ps, u_char **pos, u_char *end,
    const char **reason)
{
    size_t  n;

    if (ps->nheader == NGX_LIVE_HELPER_HEADER_LEN
        && ps->nbody == ps->msg.size)
    {
        /* the last one was complete */

        ps->nheader = 0;
        ps->nbody = 0;
    }

    if (ps->nheader < NGX_LIVE_HELPER_HEADER_LEN) {

        n = NGX_LIVE_HELPER_HEADER_LEN - ps->nheader;
        n = ngx_min(n, (size_t) (end - *pos));

        ngx_memcpy(ps->header + ps->nheader, *pos, n);

        ps->nheader += n;
        *pos += n;

        if (ps->nheader < NGX_LIVE_HELPER_HEADER_LEN) {
            return NGX_AGAIN;
        }

        if (ngx_live_helper_parse_header(&ps->msg, ps->header,
                                         ps->header + ps->nheader, reason)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ps->msg.size > ps->max) {
            *reason = "a message that is too large";
            return NGX_ERROR;
        }
    }

    n = ps->msg.size - ps->nbody;
    n = ngx_min(n, (size_t) (end - *pos));

    if (n) {
        ngx_memcpy(ps->body + ps->nbody, *pos, n);

        ps->nbody += n;
        *pos += n;
    }

    return (ps->nbody == ps->msg.size) ? NGX_OK : NGX_AGAIN;
}
