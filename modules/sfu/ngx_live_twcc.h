
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01,
 * section 3.1): which packets came, and when.  Times are in steps of 250 us, by
 * the clock of the receiver, and not negative when they are written; what is
 * read has 24 + 8 bits of them.
 */


#ifndef _NGX_LIVE_TWCC_H_INCLUDED_
#define _NGX_LIVE_TWCC_H_INCLUDED_


#include "ngx_live_rtcp.h"


/* more packets in a feedback are an error: two bytes may stand for thousands */
#define NGX_LIVE_TWCC_MAX             4096

#define NGX_LIVE_TWCC_LOST            INT64_MIN


/* a feedback, and the place in it */

typedef struct {
    uint16_t                  base;        /* the first sequence number */
    ngx_uint_t                count;       /* of packets, received or not */
    ngx_uint_t                number;      /* of the feedback, 8 bits */
    int64_t                   time;        /* of the last packet that came */

    ngx_uint_t                n;           /* packets that were read */
    u_char                   *chunk;
    u_char                   *chunks;      /* end */
    u_char                   *delta;
    u_char                   *end;
    ngx_uint_t                run;         /* rest of a run */
    ngx_uint_t                symbol;
    ngx_uint_t                bits;        /* rest of a vector */
    ngx_uint_t                width;
} ngx_live_twcc_t;


/* NGX_OK, or NGX_ERROR when the packet is of another type or malformed */
ngx_int_t ngx_live_twcc_parse(ngx_live_rtcp_t *p, ngx_live_twcc_t *t);

/*
 * The next packet: NGX_OK with the time it came at or NGX_LIVE_TWCC_LOST;
 * NGX_DONE behind the last one; NGX_ERROR: times are missing.
 */
ngx_int_t ngx_live_twcc_next(ngx_live_twcc_t *t, uint16_t *seq,
    int64_t *time);


/*
 * What came on a transport: the times of the last packets, by number.  Begins
 * as zeros.
 */

#define NGX_LIVE_TWCC_LOG             1024    /* packets */

typedef struct {
    uint64_t                  first;       /* that can be told of */
    uint64_t                  next;        /* to be reported first */
    uint64_t                  highest;     /* that came */
    ngx_uint_t                number;      /* of the next feedback */
    unsigned                  begun:1;
    int64_t                   times[NGX_LIVE_TWCC_LOG];  /* 250 us; LOST */
} ngx_live_twcc_log_t;


/* a packet came, at a time in microseconds that is not negative; if it was
 * reported as lost, it is reported once more with those behind it */
void ngx_live_twcc_log_add(ngx_live_twcc_log_t *log, uint16_t seq,
    int64_t now);

/*
 * Writes the next feedback: the place behind it.  NULL: nothing came since the
 * last one, or there is no room.  To be called until then.
 */
u_char *ngx_live_twcc_log_write(ngx_live_twcc_log_t *log, u_char *pos,
    u_char *end, uint32_t sender, uint32_t media);


/*
 * Writes a feedback of n packets (NGX_LIVE_TWCC_MAX at most) from base on.
 * *taken tells for how many of them there was room and a form: a packet that
 * came 8 s before or behind the one before it begins the next feedback.  NULL
 * when none of those came.
 */
u_char *ngx_live_twcc_write(u_char *pos, u_char *end, uint32_t sender,
    uint32_t media, ngx_uint_t number, uint16_t base, int64_t *times,
    ngx_uint_t n, ngx_uint_t *taken);


#endif /* _NGX_LIVE_TWCC_H_INCLUDED_ */
