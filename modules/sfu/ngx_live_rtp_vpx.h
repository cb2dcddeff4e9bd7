
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The payload descriptors of VP8 (RFC 7741, section 4.2) and VP9 (RFC 9628,
 * section 4.2), which are rewritten when a receiver changes layers, and their
 * frames.
 */


#ifndef _NGX_LIVE_RTP_VPX_H_INCLUDED_
#define _NGX_LIVE_RTP_VPX_H_INCLUDED_


#include "ngx_live_rtp_unit.h"




typedef struct {
    size_t                    len;         /* bytes before the frame's */
    size_t                    picture;     /* offset of the id; 0: none */
    size_t                    tl0;         /* offset of TL0PICIDX; 0: none */
    size_t                    key;         /* offset of TID, Y, KEYIDX; or 0 */
    ngx_uint_t                picture_id;
    ngx_uint_t                tl0_picture;
    ngx_uint_t                temporal;    /* TID */
    unsigned                  long_id:1;   /* 15 bits, else 7 */
    unsigned                  sync:1;      /* Y: needs the base layer only */
    unsigned                  reference:1; /* other frames need this one */
    unsigned                  start:1;     /* of the frame */
    unsigned                  key_frame:1; /* if it starts here */
    ngx_uint_t                width;       /* of a key frame; or 0 */
    ngx_uint_t                height;
} ngx_live_rtp_vp8_t;


typedef struct {
    size_t                    len;
    size_t                    picture;     /* as above */
    size_t                    tl0;
    ngx_uint_t                picture_id;
    ngx_uint_t                tl0_picture;
    ngx_uint_t                temporal;
    ngx_uint_t                spatial;
    unsigned                  long_id:1;
    unsigned                  flexible:1;
    unsigned                  predicted:1; /* from other pictures */
    unsigned                  start:1;     /* of the layer's frame */
    unsigned                  end:1;
    unsigned                  switching:1; /* U: up from here on */
    unsigned                  inter:1;     /* D: needs the layer below */
    unsigned                  reference:1; /* for higher spatial layers */
    ngx_uint_t                layers;      /* spatial, if said here; or 0 */
    ngx_uint_t                width;       /* of the highest; or 0 */
    ngx_uint_t                height;
} ngx_live_rtp_vp9_t;


/* NGX_OK, or NGX_ERROR: malformed */
ngx_int_t ngx_live_rtp_vp8_parse(ngx_live_rtp_vp8_t *d, u_char *p,
    u_char *end);
ngx_int_t ngx_live_rtp_vp9_parse(ngx_live_rtp_vp9_t *d, u_char *p,
    u_char *end);

/*
 * Puts the lowest bits of a picture id and of a TL0PICIDX into a copy of the
 * descriptor, where it has them.
 */
void ngx_live_rtp_vp8_rewrite(ngx_live_rtp_vp8_t *d, u_char *copy,
    ngx_uint_t picture_id, ngx_uint_t tl0_picture);
void ngx_live_rtp_vp9_rewrite(ngx_live_rtp_vp9_t *d, u_char *copy,
    ngx_uint_t picture_id, ngx_uint_t tl0_picture);

ngx_int_t ngx_live_rtp_vp8_inspect(ngx_live_rtp_info_t *info, u_char *p,
    u_char *end);
ngx_int_t ngx_live_rtp_vp9_inspect(ngx_live_rtp_info_t *info, u_char *p,
    u_char *end);

/* see ngx_live_rtp_unpack_pt; of VP9 all spatial layers, a superframe's */
ngx_int_t ngx_live_rtp_vp8_unpack(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);
ngx_int_t ngx_live_rtp_vp9_unpack(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);


#endif /* _NGX_LIVE_RTP_VPX_H_INCLUDED_ */
