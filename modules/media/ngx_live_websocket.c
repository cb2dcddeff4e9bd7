
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_bytes.h"
#include "ngx_live_websocket.h"


#define NGX_LIVE_WEBSOCKET_FIN      0x80
#define NGX_LIVE_WEBSOCKET_RSV      0x70
#define NGX_LIVE_WEBSOCKET_OPCODE   0x0f
#define NGX_LIVE_WEBSOCKET_MASKED   0x80


/*
 * first    the byte with FIN, the reserved bits and the opcode
 * length   the byte with the mask bit and the 7-bit length
 * extended 2 or 8 bytes of length
 * mask     4 bytes of masking key
 * payload
 */

typedef enum {
    sw_first = 0,
    sw_length,
    sw_extended,
    sw_mask,
    sw_payload,
    sw_failed
} ngx_live_websocket_state_e;


#define ngx_live_websocket_is_control(opcode)  ((opcode) & 0x8)


static ngx_int_t ngx_live_websocket_first(ngx_live_websocket_t *ws,
    u_char ch);
static ngx_int_t ngx_live_websocket_begin(ngx_live_websocket_t *ws,
    u_char ch);
static ngx_int_t ngx_live_websocket_length(ngx_live_websocket_t *ws,
    u_char ch);
static ngx_int_t ngx_live_websocket_extended(ngx_live_websocket_t *ws);
static ngx_int_t ngx_live_websocket_check(ngx_live_websocket_t *ws);
static ngx_int_t ngx_live_websocket_control(ngx_live_websocket_t *ws,
    u_char **pos, u_char *end);
static ngx_int_t ngx_live_websocket_data(ngx_live_websocket_t *ws,
    u_char **pos, u_char *end);
static ngx_int_t ngx_live_websocket_text(ngx_live_websocket_t *ws);
static ngx_int_t ngx_live_websocket_fail(ngx_live_websocket_t *ws,
    ngx_uint_t code, const char *reason);


void
ngx_live_websocket_init(ngx_live_websocket_t *ws, uint64_t max)
{
    ngx_memzero(ws, sizeof(ngx_live_websocket_t));

    ws->max = max;
}


ngx_int_t
ngx_live_websocket_parse(ngx_live_websocket_t *ws, u_char **pos, u_char *end)
{
    u_char     ch;
    ngx_int_t  rc;

    for ( ;; ) {

        if (ws->state == sw_failed) {
            return NGX_ERROR;
        }

        if (ws->state == sw_payload) {

            if (ngx_live_websocket_is_control(ws->first)) {
                return ngx_live_websocket_control(ws, pos, end);
            }

            rc = ngx_live_websocket_data(ws, pos, end);

            if (rc == NGX_DECLINED) {
                continue;
            }

            return rc;
        }

        if (*pos == end) {
            return NGX_AGAIN;
        }

        ch = *(*pos)++;
        rc = NGX_OK;

        switch (ws->state) {

        case sw_first:
            rc = ngx_live_websocket_first(ws, ch);
            break;

        case sw_length:
            rc = ngx_live_websocket_length(ws, ch);
            break;

        case sw_extended:
            ws->left = (ws->left << 8) | ch;

            if (--ws->need == 0) {
                rc = ngx_live_websocket_extended(ws);
            }

            break;

        default: /* sw_mask */
            ws->mask[ws->nmask++] = ch;

            if (ws->nmask == 4) {
                ws->nmask = 0;
                ws->ncontrol = 0;
                ws->state = sw_payload;
            }
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


static ngx_int_t
ngx_live_websocket_first(ngx_live_websocket_t *ws, u_char ch)
{
    ngx_uint_t  opcode, rsv;

    opcode = ch & NGX_LIVE_WEBSOCKET_OPCODE;
    rsv = ch & NGX_LIVE_WEBSOCKET_RSV;

    /* RFC 7692, 6: the first frame of a message says that it is compressed */

    if (ws->deflate
        && (opcode == NGX_LIVE_WEBSOCKET_TEXT
            || opcode == NGX_LIVE_WEBSOCKET_BINARY))
    {
        rsv &= ~NGX_LIVE_WEBSOCKET_RSV1;
    }

    if (rsv) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "reserved bits are set");
    }

    if (!ngx_live_websocket_is_control(opcode)) {
        return ngx_live_websocket_begin(ws, ch);
    }

    if (opcode > NGX_LIVE_WEBSOCKET_PONG) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "unknown opcode");
    }

    if (!(ch & NGX_LIVE_WEBSOCKET_FIN)) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "fragmented control frame");
    }

    ws->first = ch;
    ws->state = sw_length;

    return NGX_OK;
}


/* a frame of a message */

static ngx_int_t
ngx_live_websocket_begin(ngx_live_websocket_t *ws, u_char ch)
{
    ngx_uint_t  opcode;

    opcode = ch & NGX_LIVE_WEBSOCKET_OPCODE;

    if (opcode == NGX_LIVE_WEBSOCKET_CONTINUATION) {

        if (ws->message == 0) {
            return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                           "continuation of no message");
        }

    } else if (opcode > NGX_LIVE_WEBSOCKET_BINARY) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "unknown opcode");

    } else {

        if (ws->message) {
            return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                           "message within a message");
        }

        ws->message = opcode;
        ws->rsv1 = (ch & NGX_LIVE_WEBSOCKET_RSV1) ? 1 : 0;
        ws->size = 0;

        ngx_live_utf8_init(&ws->utf8);
    }

    ws->first = ch;
    ws->state = sw_length;

    return NGX_OK;
}


static ngx_int_t
ngx_live_websocket_length(ngx_live_websocket_t *ws, u_char ch)
{
    ngx_uint_t  len;

    len = ch & ~NGX_LIVE_WEBSOCKET_MASKED;

    if (!(ch & NGX_LIVE_WEBSOCKET_MASKED)) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "frame is not masked");
    }

    if (ngx_live_websocket_is_control(ws->first)
        && len > NGX_LIVE_WEBSOCKET_CONTROL_MAX)
    {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "control frame is too long");
    }

    if (len < 126) {
        ws->left = len;
        return ngx_live_websocket_check(ws);
    }

    ws->left = 0;
    ws->wide = (len == 127);
    ws->need = ws->wide ? 8 : 2;
    ws->state = sw_extended;

    return NGX_OK;
}


/* RFC 6455, 5.2: a length has no more bytes than it needs, 63 bits at most */

static ngx_int_t
ngx_live_websocket_extended(ngx_live_websocket_t *ws)
{
    if (ws->left >> 63) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "frame length has 64 bits");
    }

    if (ws->left < (ws->wide ? 65536 : 126)) {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_PROTOCOL,
                                       "frame length is not minimal");
    }

    return ngx_live_websocket_check(ws);
}


static ngx_int_t
ngx_live_websocket_check(ngx_live_websocket_t *ws)
{
    if (!ngx_live_websocket_is_control(ws->first)) {

        if (ws->left > ws->max || ws->size > ws->max - ws->left) {
            return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_TOO_BIG,
                                           "message is too long");
        }

        ws->size += ws->left;
    }

    ws->state = sw_mask;

    return NGX_OK;
}


static ngx_int_t
ngx_live_websocket_control(ngx_live_websocket_t *ws, u_char **pos,
    u_char *end)
{
    while (ws->left) {

        if (*pos == end) {
            return NGX_AGAIN;
        }

        ws->control[ws->ncontrol] = *(*pos)++ ^ ws->mask[ws->ncontrol & 3];
        ws->ncontrol++;
        ws->left--;
    }

    ws->opcode = ws->first & NGX_LIVE_WEBSOCKET_OPCODE;
    ws->fin = 1;
    ws->compressed = 0;
    ws->data = ws->control;
    ws->len = ws->ncontrol;
    ws->state = sw_first;

    return NGX_OK;
}


static ngx_int_t
ngx_live_websocket_data(ngx_live_websocket_t *ws, u_char **pos, u_char *end)
{
    size_t  n;

    n = end - *pos;

    if (n == 0 && ws->left) {
        return NGX_AGAIN;
    }

    if (n > ws->left) {
        n = (size_t) ws->left;
    }

    ws->opcode = ws->message;
    ws->compressed = ws->rsv1;
    ws->data = *pos;
    ws->len = n;

    ws->left -= n;

    while (n) {
        *(*pos)++ ^= ws->mask[ws->nmask];
        ws->nmask = (ws->nmask + 1) & 3;
        n--;
    }

    ws->fin = 0;

    if (ws->left == 0) {
        ws->state = sw_first;
        ws->nmask = 0;

        if (ws->first & NGX_LIVE_WEBSOCKET_FIN) {
            ws->fin = 1;
            ws->message = 0;

        } else if (ws->len == 0) {
            /* an empty fragment is nothing to tell */
            return NGX_DECLINED;
        }
    }

    if (ws->opcode == NGX_LIVE_WEBSOCKET_TEXT && !ws->compressed) {
        return ngx_live_websocket_text(ws);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_websocket_text(ngx_live_websocket_t *ws)
{
    if (ngx_live_utf8_feed(&ws->utf8, ws->data, ws->len) != NGX_OK
        || (ws->fin && ngx_live_utf8_end(&ws->utf8) != NGX_OK))
    {
        return ngx_live_websocket_fail(ws, NGX_LIVE_WEBSOCKET_INVALID,
                                       "text is not UTF-8");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_websocket_fail(ngx_live_websocket_t *ws, ngx_uint_t code,
    const char *reason)
{
    ws->state = sw_failed;
    ws->code = code;
    ws->reason = reason;

    return NGX_ERROR;
}


ngx_uint_t
ngx_live_websocket_close_code(u_char *data, size_t len)
{
    ngx_uint_t  code;

    if (len == 0) {
        return NGX_LIVE_WEBSOCKET_NORMAL;
    }

    if (len == 1) {
        return NGX_LIVE_WEBSOCKET_PROTOCOL;
    }

    code = ngx_live_be16(data);

    /* RFC 6455, 7.4: 1004 to 1006 and 1015 are never sent */

    if (!((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
          || (code >= 3000 && code <= 4999)))
    {
        return NGX_LIVE_WEBSOCKET_PROTOCOL;
    }

    if (ngx_live_utf8_check(data + 2, len - 2) != NGX_OK) {
        return NGX_LIVE_WEBSOCKET_INVALID;
    }

    return code;
}


u_char *
ngx_live_websocket_write_header(u_char *pos, u_char *end, ngx_uint_t opcode,
    uint64_t len)
{
    pos = ngx_live_write_u8(pos, end, NGX_LIVE_WEBSOCKET_FIN | opcode);

    if (len < 126) {
        return ngx_live_write_u8(pos, end, (ngx_uint_t) len);
    }

    if (len < 65536) {
        pos = ngx_live_write_u8(pos, end, 126);
        return ngx_live_write_be16(pos, end, len);
    }

    pos = ngx_live_write_u8(pos, end, 127);

    return ngx_live_write_be64(pos, end, len);
}
