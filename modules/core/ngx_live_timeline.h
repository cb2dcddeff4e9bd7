
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_TIMELINE_H_INCLUDED_
#define _NGX_LIVE_TIMELINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_time.h"


/*
 * One timeline per stream.  A publisher's timestamps are repaired once, here,
 * before any consumer sees them: after it the dts of each track increases
 * strictly, tracks share one clock, and a publisher that returns goes on
 * where the last one stopped.
 *
 * Pure: no allocation, no logging, no clock of its own.
 */

#define NGX_LIVE_TIMELINE_TRACKS  16

/* ticks; a larger step of the input is a jump */
#define NGX_LIVE_TIMELINE_JUMP    (3 * 90000)


typedef struct {
    int64_t                    raw;      /* last input, unwrapped, ticks */
    int64_t                    offset;   /* out = raw + offset */
    ngx_live_time_t            out;      /* last output */
    int64_t                    step;     /* last regular distance */
    unsigned                   seen:1;   /* since the publisher came */
    unsigned                   used:1;   /* ever */
} ngx_live_timeline_track_t;


typedef struct {
    ngx_live_timeline_track_t  tracks[NGX_LIVE_TIMELINE_TRACKS];

    ngx_live_time_t            out;      /* largest output of any track */
    int64_t                    out_ms;   /* arrival of that frame, ms */
    int64_t                    offset;   /* newest offset of any track */
    int64_t                    jump_ms;  /* arrival of the last jump */

    uint64_t                   wraps;    /* repairs, each counted */
    uint64_t                   jumps_forward;
    uint64_t                   jumps_back;
    uint64_t                   nonmonotonic;
    uint64_t                   late;     /* tracks that began later */
    uint64_t                   restarts; /* publishers that continued */

    unsigned                   started:1;
    unsigned                   restart:1;
} ngx_live_timeline_t;


/* what was done to a timestamp */

#define NGX_LIVE_TIMELINE_WRAP     0x01
#define NGX_LIVE_TIMELINE_FORWARD  0x02
#define NGX_LIVE_TIMELINE_BACK     0x04
#define NGX_LIVE_TIMELINE_MONO     0x08
#define NGX_LIVE_TIMELINE_LATE     0x10
#define NGX_LIVE_TIMELINE_RESTART  0x20


/* a publisher came (again) */
void ngx_live_timeline_restart(ngx_live_timeline_t *tl);

/*
 * Maps the timestamp of a frame: ms is RTMP's 32-bit time in milliseconds,
 * now the time of arrival in ms of any steady clock.  Returns the repairs made;
 * after WRAP alone or MONO time still continues, after the others the frame
 * begins a discontinuity (FORWARD, BACK, RESTART).
 */
ngx_uint_t ngx_live_timeline_map(ngx_live_timeline_t *tl, ngx_uint_t track,
    uint32_t ms, int64_t now, ngx_live_time_t *out);


#endif /* _NGX_LIVE_TIMELINE_H_INCLUDED_ */
