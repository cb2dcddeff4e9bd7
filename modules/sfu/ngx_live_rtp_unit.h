
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Access units out of RTP packets: what a payload says of its frame, and the
 * frame put together of payloads that came in order.  The formats are in
 * ngx_live_rtp_h26x.h, ngx_live_rtp_vpx.h and ngx_live_rtp_av1.h; a payload of
 * Opus is a unit as it stands.
 */


#ifndef _NGX_LIVE_RTP_UNIT_H_INCLUDED_
#define _NGX_LIVE_RTP_UNIT_H_INCLUDED_


#include "ngx_live_rtp.h"


/* what a payload says; of H.264 and H.265 only "key" and "temporal" */

typedef struct {
    unsigned                  key:1;       /* a key frame begins here, or its
                                              parameter sets stand here */
    unsigned                  start:1;     /* of a frame of a spatial layer */
    unsigned                  end:1;
    ngx_uint_t                spatial;
    ngx_uint_t                temporal;
} ngx_live_rtp_info_t;


/* a unit that grows in memory of the caller */

typedef struct {
    u_char                   *start;
    u_char                   *pos;         /* behind what is there */
    u_char                   *end;
    u_char                   *open;        /* a part that is not complete */
    unsigned                  key:1;
} ngx_live_rtp_unit_t;


/* adds a payload that is not empty: NGX_OK, or NGX_ERROR with a reason: it is
 * malformed, does not go on where the last one ended, or there is no room */
typedef ngx_int_t (*ngx_live_rtp_unpack_pt)(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);


typedef struct {
    ngx_live_rtp_unit_t       unit;
    ngx_live_rtp_unpack_pt    unpack;
    uint64_t                  next;        /* extended number */
    uint32_t                  timestamp;
    unsigned                  begun:1;     /* packets of this unit came */
    unsigned                  synced:1;    /* a packet came */
    unsigned                  broken:1;    /* the unit is lost */
    unsigned                  lost:1;      /* packets before it are; cleared
                                              by the caller */
} ngx_live_rtp_assembler_t;


/* one more reader of payloads: of Opus, each packet is a unit */
ngx_int_t ngx_live_rtp_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason);

/* bytes of a unit; NGX_ERROR with a reason: no room */
ngx_int_t ngx_live_rtp_unit_append(ngx_live_rtp_unit_t *u, u_char *p,
    u_char *end, const char **reason);

void ngx_live_rtp_assembler_init(ngx_live_rtp_assembler_t *a,
    ngx_live_rtp_unpack_pt unpack, u_char *buf, size_t size);

/*
 * A packet of any number, in order: what comes late is not taken.
 *
 * NGX_OK:        a->unit is complete; take it and call _reset().
 * NGX_DONE:      so, but the packet belongs to the next one: add it again
 *                after that.
 * NGX_AGAIN:     more packets are needed.
 * NGX_DECLINED:  the unit or the packet is of no use, with a reason.  Call
 *                this function on.
 *
 * A unit behind a gap, or with one inside, is lost; whether the next one can be
 * decoded is the caller's to know.
 */
ngx_int_t ngx_live_rtp_assembler_add(ngx_live_rtp_assembler_t *a,
    ngx_live_rtp_t *rtp, uint64_t number, const char **reason);
void ngx_live_rtp_assembler_reset(ngx_live_rtp_assembler_t *a);


#endif /* _NGX_LIVE_RTP_UNIT_H_INCLUDED_ */
