
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_READER_H_INCLUDED_
#define _NGX_LIVE_READER_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * A consumer of frames.  seq is the next frame it wants; everything from
 * there on is pinned for it.  The door sends straight from the ring and moves
 * seq forward only when all bytes of a frame have left.
 *
 * handler() is called when there is something new, at most once per "flush"
 * milliseconds: the first frame after a quiet moment at once, what follows
 * merged.  Readers of one stream and flush time share one timer.  It is also
 * called when the stream's state changed (sh->state) and when the reader is
 * too slow (slow set): it then moves on by ngx_live_reader_skip() or closes.
 * The handler may close its own reader, not others.
 */

typedef struct ngx_live_fanout_s  ngx_live_fanout_t;

struct ngx_live_reader_s {
    ngx_queue_t                queue;
    ngx_live_stream_t         *stream;
    ngx_live_fanout_t         *fanout;
    uint64_t                   seq;
    void                     (*handler)(ngx_live_reader_t *r);
    void                      *data;
    unsigned                   slow:1;
    unsigned                   waiting:1;   /* for a first key frame */
};


/*
 * Starts at the newest key frame (audio-only streams: the newest frame), or,
 * when there is none yet, waits for it.  NGX_OK or NGX_ERROR.  The handler is
 * not called from here: the door does its first send itself.
 */
ngx_int_t ngx_live_reader_open(ngx_live_reader_t *r, ngx_live_stream_t *st,
    ngx_msec_t flush);
void ngx_live_reader_close(ngx_live_reader_t *r);

/* the frame seq, or NULL when it has not been written yet */
ngx_live_frame_t *ngx_live_reader_frame(ngx_live_reader_t *r, uint64_t seq);

/* seq is done with up to here */
#define ngx_live_reader_advance(r, n)  (r)->seq = (n)

/*
 * Moves to the newest key frame if that is ahead; NGX_DECLINED if not.
 * A partly sent frame is the caller's business: copy the rest first.
 */
ngx_int_t ngx_live_reader_skip(ngx_live_reader_t *r);

/* newest seq + 1 */
#define ngx_live_reader_head(r)  (r)->stream->sh->ring->head

#define ngx_live_reader_slice(r, f, offset, p)                                \
    ngx_live_ring_slice(ngx_live_zone, (r)->stream->sh->ring, f, offset, p)

/* internal to core */
void ngx_live_reader_dispatch(ngx_live_stream_t *st);
void ngx_live_reader_free_fanouts(ngx_live_stream_t *st);


#endif /* _NGX_LIVE_READER_H_INCLUDED_ */
