
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_EVENT_H_INCLUDED_
#define _NGX_LIVE_EVENT_H_INCLUDED_


#include "ngx_live_stream.h"


typedef enum {
    NGX_LIVE_EVENT_PUBLISH = 0,       /* a publisher came */
    NGX_LIVE_EVENT_PUBLISH_DONE,      /* it left */
    NGX_LIVE_EVENT_PLAY,
    NGX_LIVE_EVENT_PLAY_DONE,
    NGX_LIVE_EVENT_STALL,             /* frames dropped, a reader skipped */
    NGX_LIVE_EVENT_CODEC,             /* a track's configuration changed */
    NGX_LIVE_EVENT_END,               /* the stream ended for good */
    NGX_LIVE_EVENT_MAX
} ngx_live_event_e;


#define NGX_LIVE_EVENT_RING    1024
#define NGX_LIVE_EVENT_DETAIL  96

typedef struct {
    uint64_t                   seq;
    int64_t                    time;      /* ms since the epoch */
    uint64_t                   stream;    /* uid */
    uint32_t                   type;
    uint32_t                   door;
    u_char                     name[160]; /* APP/NAME, \0, may be cut */
    u_char                     detail[NGX_LIVE_EVENT_DETAIL];
} ngx_live_event_sh_t;


typedef struct {
    ngx_atomic_t               head;      /* next seq, from 1 */
    ngx_live_event_sh_t        events[NGX_LIVE_EVENT_RING];
} ngx_live_event_ring_sh_t;


typedef void (*ngx_live_event_handler_pt)(ngx_live_event_sh_t *ev);

/* at configuration time: called in the process where the event happens */
ngx_int_t ngx_live_event_subscribe(ngx_conf_t *cf,
    ngx_live_event_handler_pt handler);

void ngx_live_event(ngx_uint_t type, ngx_live_stream_t *st, ngx_uint_t door,
    const char *detail);

/*
 * Follows the events of all workers: copies the next one after *seq and moves
 * *seq; NGX_DONE when there is none.  Events that were overwritten before
 * they were read are added to *lost.
 */
ngx_int_t ngx_live_event_next(uint64_t *seq, ngx_live_event_sh_t *ev,
    uint64_t *lost);

extern ngx_str_t  ngx_live_event_names[];


#endif /* _NGX_LIVE_EVENT_H_INCLUDED_ */
