
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Event message boxes, version 1 (ISO/IEC 23009-1, 5.10.3.3): timed metadata
 * in front of the moof of a CMAF chunk (ISO/IEC 23000-19, 7.4.5).
 */


#ifndef _NGX_LIVE_EMSG_H_INCLUDED_
#define _NGX_LIVE_EMSG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes besides the scheme, the value and the data */
#define NGX_LIVE_EMSG_LEN      34

#define NGX_LIVE_EMSG_UNKNOWN  0xffffffff  /* duration */


typedef struct {
    ngx_str_t                 scheme;      /* a URI, without a \0 */
    ngx_str_t                 value;       /* likewise, of the scheme */
    ngx_str_t                 data;
    uint32_t                  timescale;   /* per second: the track's */
    uint64_t                  time;        /* when it is presented */
    uint32_t                  duration;    /* NGX_LIVE_EMSG_UNKNOWN */
    uint32_t                  id;
} ngx_live_emsg_t;


/* the box, or NULL when it does not fit */
u_char *ngx_live_emsg_write(u_char *pos, u_char *end, ngx_live_emsg_t *emsg);


#endif /* _NGX_LIVE_EMSG_H_INCLUDED_ */
