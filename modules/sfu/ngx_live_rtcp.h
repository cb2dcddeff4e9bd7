
/*
 * Copyright (C) nginx-live authors
 */


/*
 * RTCP: reports, SDES and BYE (RFC 3550, section 6), feedback (RFC 4585 and
 * RFC 5104), REMB (draft-alvestrand-rmcat-remb), round-trip times of receivers
 * (RFC 3611).  Transport-wide feedback is in ngx_live_twcc.h.
 *
 * A compound, also one of reduced size (RFC 5506), is walked through packet by
 * packet; what a packet says is read by the function of its type.  The writers
 * add one packet each and return the place behind it, or NULL when it does not
 * fit; a NULL place is handed through.
 */


#ifndef _NGX_LIVE_RTCP_H_INCLUDED_
#define _NGX_LIVE_RTCP_H_INCLUDED_


#include "ngx_live_bytes.h"


#define NGX_LIVE_RTCP_SR              200
#define NGX_LIVE_RTCP_RR              201
#define NGX_LIVE_RTCP_SDES            202
#define NGX_LIVE_RTCP_BYE             203
#define NGX_LIVE_RTCP_RTPFB           205     /* count is the format: */
#define NGX_LIVE_RTCP_PSFB            206
#define NGX_LIVE_RTCP_XR              207

#define NGX_LIVE_RTCP_RTPFB_NACK      1
#define NGX_LIVE_RTCP_RTPFB_TWCC      15
#define NGX_LIVE_RTCP_PSFB_PLI        1
#define NGX_LIVE_RTCP_PSFB_FIR        4
#define NGX_LIVE_RTCP_PSFB_APPLICATION  15    /* REMB, among others */

#define NGX_LIVE_RTCP_MAX_REPORTS     31
#define NGX_LIVE_RTCP_MAX_SOURCES     16      /* of REMB; others are dropped */


/* data is what stands behind the first 4 bytes, less padding */

typedef struct {
    ngx_uint_t                type;
    ngx_uint_t                count;       /* or format, 0..31 */
    uint32_t                  ssrc;        /* of the sender */
    u_char                   *data;
    size_t                    len;         /* 4 at least, but for a BYE and
                                              SDES without sources */
} ngx_live_rtcp_t;


typedef struct {
    uint32_t                  ssrc;
    uint64_t                  ntp;         /* 32 bits of seconds, of fraction */
    uint32_t                  timestamp;   /* RTP, at that time */
    uint32_t                  packets;
    uint32_t                  octets;
} ngx_live_rtcp_sr_t;


typedef struct {
    uint32_t                  ssrc;        /* which is reported of */
    ngx_uint_t                fraction;    /* lost, of 256 */
    int32_t                   lost;        /* 24 bits */
    uint32_t                  highest;     /* extended sequence number */
    uint32_t                  jitter;
    uint32_t                  lsr;         /* middle of the last SR's ntp */
    uint32_t                  dlsr;        /* since then, 1/65536 s */
} ngx_live_rtcp_report_t;


typedef struct {
    uint64_t                  bitrate;     /* bit/s */
    ngx_uint_t                n;
    uint32_t                  sources[NGX_LIVE_RTCP_MAX_SOURCES];
} ngx_live_rtcp_remb_t;


/* a place in the list of a NACK; begins as zeros */

typedef struct {
    size_t                    offset;
    ngx_uint_t                bit;
} ngx_live_rtcp_nack_t;


/* blocks of an XR: a receiver's clock, and an answer to it */

typedef struct {
    uint64_t                  ntp;         /* of RRTR; 0: absent */
    uint32_t                  lrr;         /* of DLRR for "ssrc"; 0: absent */
    uint32_t                  dlrr;        /* 1/65536 s */
} ngx_live_rtcp_xr_t;


/* NGX_OK with the next packet, NGX_DONE at the end, NGX_ERROR with a reason */
ngx_int_t ngx_live_rtcp_next(u_char **pos, u_char *end, ngx_live_rtcp_t *p,
    const char **reason);

/* NGX_OK, or NGX_ERROR: of another type, or too short; as are all below */
ngx_int_t ngx_live_rtcp_parse_sr(ngx_live_rtcp_t *p, ngx_live_rtcp_sr_t *sr);

/* the n-th report of an SR or RR; NGX_DONE behind the last one */
ngx_int_t ngx_live_rtcp_parse_report(ngx_live_rtcp_t *p, ngx_uint_t n,
    ngx_live_rtcp_report_t *report);

/* the n-th source of a BYE; NGX_DONE behind the last one */
ngx_int_t ngx_live_rtcp_parse_bye(ngx_live_rtcp_t *p, ngx_uint_t n,
    uint32_t *ssrc);

/* the CNAME of a source, NGX_DECLINED if there is none */
ngx_int_t ngx_live_rtcp_parse_cname(ngx_live_rtcp_t *p, uint32_t ssrc,
    ngx_str_t *cname);

/* the source that feedback is about: of NACK, PLI and TWCC */
ngx_int_t ngx_live_rtcp_parse_media(ngx_live_rtcp_t *p, uint32_t *ssrc);

/* the next sequence number of a NACK; NGX_DONE behind the last one */
ngx_int_t ngx_live_rtcp_parse_nack(ngx_live_rtcp_t *p,
    ngx_live_rtcp_nack_t *at, uint16_t *seq);

/* the n-th request of a FIR; NGX_DONE behind the last one */
ngx_int_t ngx_live_rtcp_parse_fir(ngx_live_rtcp_t *p, ngx_uint_t n,
    uint32_t *ssrc, ngx_uint_t *number);

ngx_int_t ngx_live_rtcp_parse_remb(ngx_live_rtcp_t *p,
    ngx_live_rtcp_remb_t *remb);

ngx_int_t ngx_live_rtcp_parse_xr(ngx_live_rtcp_t *p, uint32_t ssrc,
    ngx_live_rtcp_xr_t *xr);


/* at most NGX_LIVE_RTCP_MAX_REPORTS reports; an RR without sr */
u_char *ngx_live_rtcp_write_report(u_char *pos, u_char *end, uint32_t ssrc,
    ngx_live_rtcp_sr_t *sr, ngx_live_rtcp_report_t *reports, ngx_uint_t n);

/* cname has at most 255 bytes */
u_char *ngx_live_rtcp_write_sdes(u_char *pos, u_char *end, uint32_t ssrc,
    ngx_str_t *cname);
u_char *ngx_live_rtcp_write_bye(u_char *pos, u_char *end, uint32_t ssrc);

/* the numbers stand in the order in which they were sent */
u_char *ngx_live_rtcp_write_nack(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media, uint16_t *seqs, ngx_uint_t n);

u_char *ngx_live_rtcp_write_pli(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media);
u_char *ngx_live_rtcp_write_fir(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media, ngx_uint_t number);
u_char *ngx_live_rtcp_write_remb(u_char *pos, u_char *end, uint32_t sender,
    ngx_live_rtcp_remb_t *remb);

/* an answer to a receiver's clock; ntp and lrr of 0 leave their block out */
u_char *ngx_live_rtcp_write_xr(u_char *pos, u_char *end, uint32_t sender,
    uint32_t ssrc, ngx_live_rtcp_xr_t *xr);

/* the header of a packet, and its length once all of it is written; internal
 * to the writers of RTCP */
u_char *ngx_live_rtcp_begin(u_char *pos, u_char *end, ngx_uint_t type,
    ngx_uint_t count, uint32_t ssrc);
u_char *ngx_live_rtcp_end(u_char *start, u_char *pos);


#endif /* _NGX_LIVE_RTCP_H_INCLUDED_ */
