
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_SFU_PUBLISH_H_INCLUDED_
#define _NGX_LIVE_SFU_PUBLISH_H_INCLUDED_


#include "ngx_live_sfu_session.h"


#define NGX_LIVE_SFU_REORDER    256      /* packets that wait for others */
#define NGX_LIVE_SFU_SETS       512      /* bytes of a parameter set */


typedef struct ngx_live_sfu_in_s  ngx_live_sfu_in_t;


/* a packet that came before another one */

typedef struct {
    uint64_t                   index;
    u_char                    *data;     /* heap: its payload; NULL: none */
    uint16_t                   size;
    uint16_t                   marker;
    uint32_t                   timestamp;
} ngx_live_sfu_waiting_t;


/* a track of a publisher */

struct ngx_live_sfu_in_s {
    ngx_live_sfu_publish_t    *publish;
    ngx_uint_t                 kind;
    ngx_uint_t                 track;    /* of the stream */
    ngx_uint_t                 rate;     /* of the RTP clock, Hz */

    uint32_t                   ssrc;
    uint64_t                   numbers;  /* added to an index */
    uint64_t                   next;     /* index that frames wait for */
    uint64_t                   highest;
    uint64_t                   first;
    uint64_t                   received;
    uint64_t                   reported; /* expected and received, */
    uint64_t                   counted;  /* up to the last report */
    ngx_msec_t                 gap;      /* since when next is missing */
    ngx_msec_t                 nacked;
    ngx_live_sfu_waiting_t     waiting[NGX_LIVE_SFU_REORDER];

    uint32_t                   lsr;      /* of the last SR */
    ngx_msec_t                 sr;       /* when it came */

    /* time: RTP's without wrap, from the first packet on */

    uint32_t                   timestamp;
    int64_t                    time;     /* of "timestamp" */
    int64_t                    start;    /* ms: arrival of the first */
    ngx_live_time_t            delta;    /* the stream's time of 0 */

    /* the frame that is being put together */

    u_char                    *frame;
    size_t                     size;
    size_t                     capacity;
    size_t                     fragment_pos; /* of a NAL unit in pieces */
    int64_t                    frame_time;
    u_char                     sps[NGX_LIVE_SFU_SETS];
    u_char                     pps[NGX_LIVE_SFU_SETS];
    size_t                     sps_len;
    size_t                     pps_len;

    unsigned                   started:1;
    unsigned                   timed:1;  /* delta is known */
    unsigned                   configured:1;
    unsigned                   changed:1;  /* parameter sets */
    unsigned                   need_key:1;
    unsigned                   key:1;    /* the frame is one */
    unsigned                   broken:1; /* and lacks something */
    unsigned                   fragment:1;
    unsigned                   discont:1;
};


struct ngx_live_sfu_publish_s {
    ngx_live_sfu_session_t    *session;
    ngx_live_publisher_t       publisher;
    ngx_live_sfu_in_t          ins[NGX_LIVE_SFU_KINDS];
    ngx_int_t                  opened;   /* NGX_OK: the stream is ours */
    ngx_msec_t                 start;
    ngx_msec_t                 pli;
    ngx_msec_t                 report;
    ngx_uint_t                 wanted;   /* tracks that somebody watched */
};


/*
 * ngx_live_sfu_depacketise.c: packets in their order become frames of the
 * stream.  lost: some are missing before this one.
 */
void ngx_live_sfu_depacketise(ngx_live_sfu_in_t *in, u_char *p, size_t len,
    uint32_t timestamp, ngx_uint_t marker, ngx_uint_t lost);

/* RTP time since the track's first packet, ticks */
int64_t ngx_live_sfu_in_time(ngx_live_sfu_in_t *in, uint32_t timestamp);

/* the H.264 payload begins a key frame: it has an IDR slice or an SPS */
ngx_uint_t ngx_live_sfu_is_key(u_char *p, size_t len);

/* asks for a key frame, not too often */
void ngx_live_sfu_publish_pli(ngx_live_sfu_publish_t *publish);


#endif /* _NGX_LIVE_SFU_PUBLISH_H_INCLUDED_ */
