
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_id3.h"
#include "ngx_live_bytes.h"


#define NGX_LIVE_ID3_HEADER  10
#define NGX_LIVE_ID3_UTF8    3


static u_char *ngx_live_id3_size(u_char *pos, u_char *end, size_t size);


u_char *
ngx_live_id3_write(u_char *pos, u_char *end, ngx_str_t *description,
    ngx_str_t *text)
{
    u_char  *p;
    size_t   room, size;

    room = ngx_min((size_t) (end - pos), NGX_LIVE_ID3_MAX);

    if (description->len > room || text->len > room) {
        return NULL;
    }

    size = 2 + description->len + text->len;

    if (size + 2 * NGX_LIVE_ID3_HEADER > room) {
        return NULL;
    }

    /* the header, then that of the frame: both without flags */

    p = ngx_live_write_data(pos, end, "ID3\x04\0\0", 6);
    p = ngx_live_id3_size(p, end, size + NGX_LIVE_ID3_HEADER);
    p = ngx_live_write_data(p, end, "TXXX", 4);
    p = ngx_live_id3_size(p, end, size);
    p = ngx_live_write_be16(p, end, 0);

    p = ngx_live_write_u8(p, end, NGX_LIVE_ID3_UTF8);
    p = ngx_live_write_data(p, end, description->data, description->len);
    p = ngx_live_write_u8(p, end, 0);

    return ngx_live_write_data(p, end, text->data, text->len);
}


/* synchsafe: seven bits in each byte (ID3v2.4.0, 6.2) */

static u_char *
ngx_live_id3_size(u_char *pos, u_char *end, size_t size)
{
    uint32_t  value;

    value = (size & 0x7f) | (size & 0x3f80) << 1 | (size & 0x1fc000) << 2
            | (size & 0xfe00000) << 3;

    return ngx_live_write_be32(pos, end, value);
}
