
/*
 * Copyright (C) nginx-live authors
 */


/*
 * AV1 in RTP (AOM, "RTP Payload Format For AV1", section 4).  Units are
 * temporal units as FLV and ISO BMFF carry them: OBUs with their sizes, without
 * temporal delimiters.
 */


#ifndef _NGX_LIVE_RTP_AV1_H_INCLUDED_
#define _NGX_LIVE_RTP_AV1_H_INCLUDED_


#include "ngx_live_rtp_unit.h"


/* NGX_OK, or NGX_ERROR: malformed; layers are known where an OBU begins */
ngx_int_t ngx_live_rtp_av1_inspect(ngx_live_rtp_info_t *info, u_char *p,
    u_char *end);

/* see ngx_live_rtp_unpack_pt */
ngx_int_t ngx_live_rtp_av1_unpack(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);


/* set by the caller up to "key", then payloads are asked for one by one */

typedef struct {
    u_char                   *pos;         /* the temporal unit */
    u_char                   *end;
    size_t                    max;         /* bytes of a payload, 64..16000 */
    unsigned                  key:1;       /* begins a coded video sequence */

    u_char                    header[2];   /* of the OBU that comes next */
    size_t                    header_len;  /* 0: there is none */
    u_char                   *payload;
    size_t                    len;
    size_t                    offset;      /* of header and payload, sent */
    size_t                    fragment;
    unsigned                  begun:1;
} ngx_live_rtp_av1_packer_t;


/* as ngx_live_rtp_h26x_pack() */
ngx_int_t ngx_live_rtp_av1_pack(ngx_live_rtp_av1_packer_t *k, u_char *dst,
    size_t *len, ngx_uint_t *last, const char **reason);


#endif /* _NGX_LIVE_RTP_AV1_H_INCLUDED_ */
