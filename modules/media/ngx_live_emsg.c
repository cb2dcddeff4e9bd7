
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_emsg.h"
#include "ngx_live_bytes.h"


u_char *
ngx_live_emsg_write(u_char *pos, u_char *end, ngx_live_emsg_t *emsg)
{
    u_char  *p;
    size_t   room;

    room = end - pos;

    /* sizes are below 2^32, their sum may not be */

    if (emsg->data.len > room || emsg->scheme.len > room
        || emsg->value.len > room
        || emsg->data.len + emsg->scheme.len + emsg->value.len
           + NGX_LIVE_EMSG_LEN > ngx_min(room, 0xffffffff))
    {
        return NULL;
    }

    p = ngx_live_write_be32(pos, end, NGX_LIVE_EMSG_LEN + emsg->scheme.len
                                      + emsg->value.len + emsg->data.len);
    p = ngx_live_write_data(p, end, "emsg", 4);
    p = ngx_live_write_be32(p, end, 0x01000000);
    p = ngx_live_write_be32(p, end, emsg->timescale);
    p = ngx_live_write_be64(p, end, emsg->time);
    p = ngx_live_write_be32(p, end, emsg->duration);
    p = ngx_live_write_be32(p, end, emsg->id);
    p = ngx_live_write_data(p, end, emsg->scheme.data, emsg->scheme.len);
    p = ngx_live_write_u8(p, end, 0);
    p = ngx_live_write_data(p, end, emsg->value.data, emsg->value.len);
    p = ngx_live_write_u8(p, end, 0);

    return ngx_live_write_data(p, end, emsg->data.data, emsg->data.len);
}
