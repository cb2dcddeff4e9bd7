
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What a datagram on the one port of a WebRTC transport is (RFC 7983, updated
 * by RFC 9443, and RFC 5761 for RTP and RTCP), and the same datagrams over
 * TCP, each behind its length (RFC 4571).
 */


#ifndef _NGX_LIVE_DEMUX_H_INCLUDED_
#define _NGX_LIVE_DEMUX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_FRAMING_HEADER  2


typedef enum {
    NGX_LIVE_DATAGRAM_UNKNOWN = 0,
    NGX_LIVE_DATAGRAM_STUN,
    NGX_LIVE_DATAGRAM_DTLS,
    NGX_LIVE_DATAGRAM_RTP,
    NGX_LIVE_DATAGRAM_RTCP
} ngx_live_datagram_e;


/* by its first bytes; what it says is not looked into */
ngx_live_datagram_e ngx_live_datagram_kind(const u_char *p, size_t len);


/*
 * The next frame of bytes read from TCP.  NGX_OK: frame points into them and
 * *pos stands behind it; it is never empty, as empty ones are passed over.
 * NGX_AGAIN: more bytes are needed; those from *pos on are to be kept.
 * NGX_ERROR: it is longer than max, so the connection is of no use any more.
 */
ngx_int_t ngx_live_framing_next(u_char **pos, u_char *end, size_t max,
    ngx_str_t *frame);

/* the header of a frame of len bytes, at most 65535 */
void ngx_live_framing_header(u_char header[NGX_LIVE_FRAMING_HEADER],
    size_t len);


#endif /* _NGX_LIVE_DEMUX_H_INCLUDED_ */
