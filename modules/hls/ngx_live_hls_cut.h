
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Where parts and segments begin.  One clock cuts all renditions: the leader,
 * the first track of video or, where there is none, of audio, sets boundaries
 * in media time; every track begins segment N at its first frame whose DTS is
 * not before boundary N.  Parts are counted by each track alone, anew in each
 * segment.  Times are DTS in ticks of 1/90000 s.
 *
 * The machine keeps no frames.  The caller has a queue for each track and
 * offers the two oldest frames of it; the second one is the look-ahead that
 * tells how long the first one lasts:
 *
 *     on arrival:  ngx_live_hls_cut_seen(cut, track, dts);
 *
 *     do {
 *         for each track, the leader first:
 *             while (ngx_live_hls_cut_next(cut, track, head or NULL,
 *                                          next or NULL, &ev)
 *                    == NGX_OK)
 *             {
 *                 FRAME, DROP: take head out of the queue
 *             }
 *     } while there were events;
 *
 * Events of a track come in the order
 *
 *     ( ( FRAME+ PART_END )+ SEGMENT_END )+
 *
 * without PART_END when there are no parts, and SEGMENT_END alone, with gap
 * set, for a segment in which the track had no frame.
 *
 * States of a run:
 *
 *     idle        nothing has been decided; waits for the leader's first
 *                 frame, or for patience to pass
 *     running     boundaries[msn - base] is known for the current segment of
 *                 every track; the next ones appear as the leader goes on
 *     ending      ngx_live_hls_cut_end() was called: what is queued is used
 *                 up, then all tracks are closed at one and the same MSN
 *
 * ngx_live_hls_cut_start() makes it idle again, with MSN going on.
 */


#ifndef _NGX_LIVE_HLS_CUT_H_INCLUDED_
#define _NGX_LIVE_HLS_CUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_HLS_CUT_TRACKS    16

/* boundaries that the slowest track may lie behind the fastest */
#define NGX_LIVE_HLS_CUT_BOUNDS    16


/* types of events */

#define NGX_LIVE_HLS_CUT_FRAME        1
#define NGX_LIVE_HLS_CUT_DROP         2
#define NGX_LIVE_HLS_CUT_PART_END     3
#define NGX_LIVE_HLS_CUT_SEGMENT_END  4


typedef struct {
    int64_t                   part;        /* PART-TARGET, see
                                              ngx_live_hls_fit_target_ticks();
                                              0: no parts */
    int64_t                   segment;     /* hls_segment */
    int64_t                   limit;       /* see ngx_live_hls_cut_limit() */
    int64_t                   recover;     /* least length of a segment that
                                              began without a key frame; 0 is
                                              1 s or segment if that is less.
                                              A cut without a key frame comes
                                              earlier by up to as much where a
                                              key frame is expected soon after
                                              the limit, and would be lost */
    int64_t                   patience;    /* how far a track may stay behind
                                              the others; 0 is 1 s */
    uint64_t                  msn;         /* of the first segment */
} ngx_live_hls_cut_conf_t;


typedef struct {
    int64_t                   dts;
    int64_t                   duration;    /* expected; 0 is unknown */
    unsigned                  key:1;       /* always set for audio */
} ngx_live_hls_cut_frame_t;


typedef struct {
    ngx_uint_t                type;
    ngx_uint_t                track;
    uint64_t                  msn;
    ngx_uint_t                part;        /* index of the part; SEGMENT_END:
                                              number of parts */
    int64_t                   start;       /* FRAME, DROP: DTS; else DTS of
                                              the first frame; of a gap, the
                                              boundary */
    int64_t                   duration;    /* FRAME: until the next frame, at
                                              most PART-TARGET when there are
                                              parts */
    ngx_uint_t                frames;      /* of the part or the segment */
    unsigned                  new_segment:1;    /* FRAME: is the first */
    unsigned                  new_part:1;       /* FRAME: is the first */
    unsigned                  discontinuity:1;  /* FRAME with new_segment,
                                                   SEGMENT_END: the segment
                                                   begins a run */
    unsigned                  independent:1;    /* the segment or part begins
                                                   with a key frame */
    unsigned                  forced:1;         /* SEGMENT_END: cut before it
                                                   got too long, not because
                                                   of a key frame */
    unsigned                  gap:1;            /* SEGMENT_END: no frames */
} ngx_live_hls_cut_event_t;


typedef struct {
    int64_t                   time;
    unsigned                  forced:1;    /* not at a key frame */
    unsigned                  discontinuity:1;
} ngx_live_hls_cut_bound_t;


typedef struct {
    uint64_t                  msn;         /* current segment */
    int64_t                   seen;        /* newest DTS in the queue */
    int64_t                   dts;         /* of the last frame taken */
    int64_t                   start;       /* of the segment */
    int64_t                   duration;
    int64_t                   part_start;
    int64_t                   part_duration;
    ngx_uint_t                frames;      /* of the segment so far */
    ngx_uint_t                part_frames;
    ngx_uint_t                part;        /* index of the current part */
    unsigned                  seen_any:1;
    unsigned                  taken:1;     /* dts is valid */
    unsigned                  key:1;       /* segment began with a key frame */
    unsigned                  part_key:1;
    unsigned                  video:1;
} ngx_live_hls_cut_track_t;


typedef struct {
    ngx_live_hls_cut_conf_t   conf;
    ngx_live_hls_cut_track_t  tracks[NGX_LIVE_HLS_CUT_TRACKS];
    ngx_uint_t                ntracks;
    ngx_uint_t                leader;
    ngx_live_hls_cut_bound_t  bounds[NGX_LIVE_HLS_CUT_BOUNDS];
    uint64_t                  base;        /* MSN of the run's first segment */
    uint64_t                  last;        /* MSN of the newest boundary */
    int64_t                   decided;     /* there is no further boundary up
                                              to here, inclusive */
    int64_t                   newest;      /* highest DTS seen */
    int64_t                   reach;       /* end of the newest frame taken */
    int64_t                   key;         /* DTS of the leader's last key
                                              frame, and from the one before:
                                              0 if there was none */
    int64_t                   interval;
    unsigned                  running:1;
    unsigned                  ending:1;
    unsigned                  leader_done:1;   /* ending: queue is used up */
    unsigned                  seen_any:1;
    unsigned                  discontinuity:1;
} ngx_live_hls_cut_t;


/*
 * The longest segment for a target duration of so many seconds.  An EXTINF
 * rounded to the nearest second must not exceed it (4.4.3.1); a tenth of the
 * half second is left to the audio frame that begins before a boundary.
 */
#define ngx_live_hls_cut_limit(seconds)                                       \
    ((int64_t) (seconds) * 90000 + 36000)


/* video[i] is non-zero for a track of video; n is 1 to 16 */
ngx_int_t ngx_live_hls_cut_init(ngx_live_hls_cut_t *cut,
    const ngx_live_hls_cut_conf_t *conf, const ngx_uint_t *video,
    ngx_uint_t n);

/* a frame of the track has been put into its queue */
void ngx_live_hls_cut_seen(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    int64_t dts);

/*
 * head and next are the two oldest frames of the track's queue, NULL where
 * there is none.
 *
 * NGX_OK     an event; FRAME and DROP speak of head and take it
 * NGX_AGAIN  nothing to say until there are more frames, of this track or
 *            of another
 * NGX_DONE   ending: the track is closed, for now; when all tracks answer so
 *            in one round, the run is over
 */
ngx_int_t ngx_live_hls_cut_next(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    const ngx_live_hls_cut_frame_t *head,
    const ngx_live_hls_cut_frame_t *next, ngx_live_hls_cut_event_t *ev);

/* no frame will follow those in the queues */
void ngx_live_hls_cut_end(ngx_live_hls_cut_t *cut);

/*
 * After the end: a new run.  Its first MSN is the one after the last, or msn
 * where that is higher, because segments were listed as gaps meanwhile.
 */
void ngx_live_hls_cut_start(ngx_live_hls_cut_t *cut, uint64_t msn,
    ngx_uint_t discontinuity);

/* non-zero when a frame of the leader with this DTS, key or not, would begin
 * a segment; for the anchor of ngx_live_hls_grid_next() */
ngx_uint_t ngx_live_hls_cut_due(ngx_live_hls_cut_t *cut, int64_t dts,
    int64_t duration, ngx_uint_t key);


#endif /* _NGX_LIVE_HLS_CUT_H_INCLUDED_ */
