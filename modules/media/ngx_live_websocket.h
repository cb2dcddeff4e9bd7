
/*
 * Copyright (C) nginx-live authors
 */


/*
 * WebSocket frames (RFC 6455, 5): a parser of what a client sends, and the
 * header of what a server sends.
 */


#ifndef _NGX_LIVE_WEBSOCKET_H_INCLUDED_
#define _NGX_LIVE_WEBSOCKET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_utf8.h"


#define NGX_LIVE_WEBSOCKET_CONTINUATION  0x0
#define NGX_LIVE_WEBSOCKET_TEXT          0x1
#define NGX_LIVE_WEBSOCKET_BINARY        0x2
#define NGX_LIVE_WEBSOCKET_CLOSE         0x8
#define NGX_LIVE_WEBSOCKET_PING          0x9
#define NGX_LIVE_WEBSOCKET_PONG          0xa

/* or-ed to the opcode of a compressed message (RFC 7692, 6) */
#define NGX_LIVE_WEBSOCKET_RSV1          0x40

/* RFC 6455, 7.4.1 */
#define NGX_LIVE_WEBSOCKET_NORMAL        1000
#define NGX_LIVE_WEBSOCKET_AWAY          1001
#define NGX_LIVE_WEBSOCKET_PROTOCOL      1002
#define NGX_LIVE_WEBSOCKET_UNSUPPORTED   1003  /* a kind of data */
#define NGX_LIVE_WEBSOCKET_INVALID       1007  /* text is no UTF-8 */
#define NGX_LIVE_WEBSOCKET_POLICY        1008
#define NGX_LIVE_WEBSOCKET_TOO_BIG       1009
#define NGX_LIVE_WEBSOCKET_EXTENSION     1010
#define NGX_LIVE_WEBSOCKET_ERROR         1011

/* IANA's registry of close codes */
#define NGX_LIVE_WEBSOCKET_RESTART       1012
#define NGX_LIVE_WEBSOCKET_LATER         1013

#define NGX_LIVE_WEBSOCKET_CONTROL_MAX   125
#define NGX_LIVE_WEBSOCKET_HEADER_MAX    10    /* of a server's frame */


typedef struct {
    uint64_t                   max;        /* bytes of a message, set by the
                                              caller after init; of what
                                              arrives, if compressed */
    u_char                     deflate;    /* permessage-deflate was agreed
                                              on, set by the caller */

    /* of what was parsed last */
    u_char                     opcode;     /* of the message, never 0 */
    u_char                     fin;        /* the message ends with data */
    u_char                     compressed; /* the message is (RFC 7692, 6) */
    u_char                    *data;       /* unmasked, in the input */
    size_t                     len;

    /* after NGX_ERROR */
    const char                *reason;     /* constant */
    uint16_t                   code;       /* to be sent in a close frame */

    /* the parser's own, small: there is one for each of thousands */
    u_char                     state;
    u_char                     message;    /* opcode of the open message */
    uint64_t                   size;       /* of the message so far */
    uint64_t                   left;       /* payload of the frame to come */
    u_char                     rsv1;       /* of its first frame */
    u_char                     need;       /* bytes of header to come */
    u_char                     wide;       /* 8 of them, not 2 */
    u_char                     nmask;
    u_char                     ncontrol;
    ngx_live_utf8_t            utf8;       /* of the open text message */
    u_char                     first;      /* FIN, opcode */
    u_char                     mask[4];
    u_char                     control[NGX_LIVE_WEBSOCKET_CONTROL_MAX];
} ngx_live_websocket_t;


void ngx_live_websocket_init(ngx_live_websocket_t *ws, uint64_t max);

/*
 * Parses what a client sent, in pieces of any size, and moves *pos.  Text that
 * is not compressed is checked to be UTF-8, across fragments, and refused at
 * the first byte that cannot be right (RFC 6455, 8.1); compressed text is to
 * be checked by the caller.
 *
 *
 *   NGX_OK     a whole control frame, its payload in data, or a piece of a
 *              message, unmasked in place (len may be 0 only with fin); data
 *              is valid until the next call
 *   NGX_AGAIN  all of the input is used up
 *   NGX_ERROR  the client broke the protocol, see code and reason; final
 */
ngx_int_t ngx_live_websocket_parse(ngx_live_websocket_t *ws, u_char **pos,
    u_char *end);

/*
 * The code to answer a close frame with: that of its payload, NORMAL if it has
 * none, PROTOCOL if it may not be sent at all, INVALID if the reason is no
 * UTF-8 (RFC 6455, 5.5.1, 7.4).
 */
ngx_uint_t ngx_live_websocket_close_code(u_char *data, size_t len);


#define ngx_live_websocket_header_len(len)                                    \
    ((len) < 126 ? 2 : (len) < 65536 ? 4 : NGX_LIVE_WEBSOCKET_HEADER_MAX)

/*
 * The header of an unfragmented server frame with len bytes of payload: the
 * place behind it, NULL when the buffer is too short.
 */
u_char *ngx_live_websocket_write_header(u_char *pos, u_char *end,
    ngx_uint_t opcode, uint64_t len);


#endif /* _NGX_LIVE_WEBSOCKET_H_INCLUDED_ */
