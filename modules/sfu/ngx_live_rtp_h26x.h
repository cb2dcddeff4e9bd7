
/*
 * Copyright (C) nginx-live authors
 */


/*
 * H.264 in RTP (RFC 6184, packetization modes 0 and 1) and H.265 (RFC 7798,
 * without interleaving): single NAL units, aggregation packets and fragments.
 * Units are NAL units each with its length before it, as FLV and ISO BMFF
 * carry them.
 */


#ifndef _NGX_LIVE_RTP_H26X_H_INCLUDED_
#define _NGX_LIVE_RTP_H26X_H_INCLUDED_


#include "ngx_live_rtp_unit.h"


/* bytes before each NAL unit that was unpacked */
#define NGX_LIVE_RTP_NAL_LENGTH       4


/* NGX_OK, or NGX_ERROR: malformed, or of a kind that is not negotiated */
ngx_int_t ngx_live_rtp_h264_inspect(ngx_live_rtp_info_t *info, u_char *p,
    u_char *end);
ngx_int_t ngx_live_rtp_h265_inspect(ngx_live_rtp_info_t *info, u_char *p,
    u_char *end);

/* see ngx_live_rtp_unpack_pt */
ngx_int_t ngx_live_rtp_h264_unpack(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);
ngx_int_t ngx_live_rtp_h265_unpack(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);


/*
 * The packer: set by the caller up to "sets", then payloads are asked for one
 * by one.  Access unit delimiters, filler and what has a type of RTP's own are
 * left out.
 */

typedef struct {
    u_char                   *pos;         /* the access unit */
    u_char                   *end;
    ngx_uint_t                length_size; /* 1, 2 or 4 bytes */
    size_t                    max;         /* bytes of a payload, 64 at least */
    unsigned                  h265:1;
    unsigned                  single:1;    /* packetization-mode 0 */
    ngx_uint_t                nsets;       /* parameter sets to send before */
    ngx_str_t                *sets;

    ngx_str_t                 nal;         /* that comes next; data NULL */
    size_t                    fragment;    /* bytes of each, but the last */
    size_t                    offset;      /* of the next one; 0: the first */
    unsigned                  begun:1;
} ngx_live_rtp_h26x_packer_t;


/*
 * Writes the next payload to dst, where max bytes have room: NGX_OK with its
 * length and whether it is the last one, which gets the marker; NGX_DONE: the
 * unit was empty; NGX_ERROR with a reason: its lengths are wrong, or a NAL unit
 * is too long for mode 0.
 */
ngx_int_t ngx_live_rtp_h26x_pack(ngx_live_rtp_h26x_packer_t *k, u_char *dst,
    size_t *len, ngx_uint_t *last, const char **reason);


#endif /* _NGX_LIVE_RTP_H26X_H_INCLUDED_ */
