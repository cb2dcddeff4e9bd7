
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The grid of a track: timestamps on multiples of the frame duration, rebuilt
 * from timestamps that were rounded to milliseconds or that jitter.  What
 * comes out is strictly monotonic between two discontinuities.  Times are in
 * ticks of 1/90000 s.
 *
 * A track of video takes the nearest free place on the grid, so a frame that
 * is missing leaves its place empty.  A track of audio counts samples, and
 * follows the incoming time only where it departs by more than a threshold.
 * What the encoder's clock drifts against the frame rate is averaged and
 * corrected by small steps: for video only at the first frame of a segment,
 * where a part may be shorter than the others; for audio once in a while.
 * A loose track has no grid: timestamps pass, monotonic.
 */


#ifndef _NGX_LIVE_HLS_GRID_H_INCLUDED_
#define _NGX_LIVE_HLS_GRID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_fit.h>


/* results of ngx_live_hls_grid_next() */

#define NGX_LIVE_HLS_GRID_OK       0    /* on the grid */
#define NGX_LIVE_HLS_GRID_RESYNC   1    /* audio followed a gap, no harm */
#define NGX_LIVE_HLS_GRID_LEFT     2    /* the rate is not what it was: loose
                                           from now on; said once */
#define NGX_LIVE_HLS_GRID_BREAK    3    /* a discontinuity, anchored anew */


/* a departure of audio that is followed: 100 ms */
#define NGX_LIVE_HLS_GRID_GAP      9000

/* a jump that is a discontinuity: 1 s */
#define NGX_LIVE_HLS_GRID_JUMP     90000


typedef struct {
    ngx_live_hls_ratio_t      frame;
    int64_t                   in;          /* the last frame's */
    int64_t                   out;
    uint32_t                  rest;        /* of out, in 1/den ticks */
    int64_t                   last;        /* the last duration given out */
    int64_t                   error;       /* sum of (in - place) ... */
    ngx_uint_t                errors;      /* ... of so many frames */
    ngx_uint_t                strikes;
    unsigned                  started:1;
    unsigned                  audio:1;
    unsigned                  loose:1;
} ngx_live_hls_grid_t;


/* frame 0/0 makes the track loose at once */
void ngx_live_hls_grid_init(ngx_live_hls_grid_t *g,
    const ngx_live_hls_ratio_t *frame, ngx_uint_t audio);

/*
 * The place of the frame with timestamp in.  anchor says that a segment
 * begins with this frame (see ngx_live_hls_cut_due()); it matters for video
 * only.  Returns one of the results above; *out is set always.
 */
ngx_uint_t ngx_live_hls_grid_next(ngx_live_hls_grid_t *g, int64_t in,
    ngx_uint_t anchor, int64_t *out);

/* how long the last frame will last if none is missing; 0 is unknown */
int64_t ngx_live_hls_grid_duration(ngx_live_hls_grid_t *g);

/* the next frame starts anew, after a discontinuity that is known */
void ngx_live_hls_grid_reset(ngx_live_hls_grid_t *g);


#endif /* _NGX_LIVE_HLS_GRID_H_INCLUDED_ */
