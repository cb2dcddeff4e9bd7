
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_base64url.h"
#include "ngx_live_bytes.h"
#include "ngx_live_chat_cursor.h"


/* epoch, ms, seq, once or twice, and the checksum of them */
#define NGX_LIVE_CHAT_CURSOR_PART   24
#define NGX_LIVE_CHAT_CURSOR_BYTES  (2 * NGX_LIVE_CHAT_CURSOR_PART + 4)

/* the form of cursors: another one has another checksum */
#define NGX_LIVE_CHAT_CURSOR_FORM   0x63686131


static ngx_int_t ngx_live_chat_id_number(u_char *p, size_t len, uint64_t *n);
static uint32_t ngx_live_chat_cursor_sum(u_char *p, size_t len);


ngx_int_t
ngx_live_chat_id_parse(u_char *p, size_t len, ngx_live_chat_id_t *id)
{
    u_char  *dash;

    if (len > NGX_LIVE_CHAT_ID_LEN) {
        return NGX_ERROR;
    }

    dash = ngx_strlchr(p, p + len, '-');

    if (dash == NULL) {
        return NGX_ERROR;
    }

    if (ngx_live_chat_id_number(p, dash - p, &id->ms) != NGX_OK) {
        return NGX_ERROR;
    }

    dash++;

    return ngx_live_chat_id_number(dash, p + len - dash, &id->seq);
}


static ngx_int_t
ngx_live_chat_id_number(u_char *p, size_t len, uint64_t *n)
{
    u_char    *end;
    uint64_t   value, digit;

    if (len == 0 || (*p == '0' && len > 1)) {
        return NGX_ERROR;
    }

    value = 0;

    for (end = p + len; p < end; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        digit = *p - '0';

        if (value > (UINT64_MAX - digit) / 10) {
            return NGX_ERROR;
        }

        value = value * 10 + digit;
    }

    *n = value;

    return NGX_OK;
}


u_char *
ngx_live_chat_id_write(u_char *dst, ngx_live_chat_id_t *id)
{
    return ngx_sprintf(dst, "%uL-%uL", id->ms, id->seq);
}


ngx_int_t
ngx_live_chat_id_cmp(ngx_live_chat_id_t *a, ngx_live_chat_id_t *b)
{
    if (a->ms != b->ms) {
        return (a->ms < b->ms) ? -1 : 1;
    }

    if (a->seq != b->seq) {
        return (a->seq < b->seq) ? -1 : 1;
    }

    return 0;
}


ngx_int_t
ngx_live_chat_cursor_parse(u_char *p, size_t len,
    ngx_live_chat_cursor_t *cursor)
{
    size_t  n, body;
    u_char  buf[NGX_LIVE_CHAT_CURSOR_BYTES + 2];

    if (len != NGX_LIVE_CHAT_CURSOR_SHORT && len != NGX_LIVE_CHAT_CURSOR_LEN) {
        return NGX_ERROR;
    }

    body = (len == NGX_LIVE_CHAT_CURSOR_LEN) ? 2 * NGX_LIVE_CHAT_CURSOR_PART
                                             : NGX_LIVE_CHAT_CURSOR_PART;

    if (ngx_live_base64url_decode(buf, &n, p, len) != NGX_OK
        || n != body + 4)
    {
        return NGX_ERROR;
    }

    if (ngx_live_be32(buf + body) != ngx_live_chat_cursor_sum(buf, body)) {
        return NGX_ERROR;
    }

    ngx_memzero(cursor, sizeof(ngx_live_chat_cursor_t));

    cursor->epoch = ngx_live_be64(buf);
    cursor->id.ms = ngx_live_be64(buf + 8);
    cursor->id.seq = ngx_live_be64(buf + 16);

    if (body == NGX_LIVE_CHAT_CURSOR_PART) {
        return NGX_OK;
    }

    cursor->local = ngx_live_be64(buf + 24);
    cursor->local_id.ms = ngx_live_be64(buf + 32);
    cursor->local_id.seq = ngx_live_be64(buf + 40);

    /* a cursor has one text only */

    return cursor->local ? NGX_OK : NGX_ERROR;
}


u_char *
ngx_live_chat_cursor_write(u_char *dst, ngx_live_chat_cursor_t *cursor)
{
    u_char  *p, *end, buf[NGX_LIVE_CHAT_CURSOR_BYTES];

    end = buf + NGX_LIVE_CHAT_CURSOR_BYTES;

    p = ngx_live_write_be64(buf, end, cursor->epoch);
    p = ngx_live_write_be64(p, end, cursor->id.ms);
    p = ngx_live_write_be64(p, end, cursor->id.seq);

    if (cursor->local) {
        p = ngx_live_write_be64(p, end, cursor->local);
        p = ngx_live_write_be64(p, end, cursor->local_id.ms);
        p = ngx_live_write_be64(p, end, cursor->local_id.seq);
    }

    p = ngx_live_write_be32(p, end, ngx_live_chat_cursor_sum(buf, p - buf));

    return ngx_live_base64url_encode(dst, buf, p - buf);
}


static uint32_t
ngx_live_chat_cursor_sum(u_char *p, size_t len)
{
    return ngx_crc32_short(p, len) ^ NGX_LIVE_CHAT_CURSOR_FORM;
}
