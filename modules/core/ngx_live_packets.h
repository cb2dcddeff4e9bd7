
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_PACKETS_H_INCLUDED_
#define _NGX_LIVE_PACKETS_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * The RTP packets of a stream's tracks.  They are written while somebody
 * wants them: a track has no ring before its first reader, and no memory
 * behind its last one.
 *
 * The writer is the stream's owner.  For each batch of packets:
 *
 *     if (ngx_live_packets_wanted(st, track)) {
 *         pr = ngx_live_stream_packets(st, track, 1000, 1000);
 *         ... ngx_live_packet_ring_write() or _reserve() and _commit()
 *         ngx_live_packets_notify(st, track);
 *     }
 *
 * When somebody comes who wants packets the owner's watchers are called.
 */

/* non-zero if any worker has a reader of the track */
ngx_uint_t ngx_live_packets_wanted(ngx_live_stream_t *st, ngx_uint_t track);

/*
 * The track's ring, made if there is none.  npackets and window (ms) are as of
 * ngx_live_packet_ring_create(); of a ring that exists window is set only.
 * NULL: this worker does not own the stream, or the zone is full; so ask
 * before each batch.  A new publisher or owner begins with a key packet.
 */
ngx_live_packet_ring_sh_t *ngx_live_stream_packets(ngx_live_stream_t *st,
    ngx_uint_t track, ngx_uint_t npackets, ngx_msec_t window);

/* rings the workers that have readers of the track */
void ngx_live_packets_notify(ngx_live_stream_t *st, ngx_uint_t track);


/*
 * A consumer of a track's packets, in any worker.  seq is the next packet it
 * wants; everything from there on is pinned for it.
 *
 * handler() is called when there are new packets, when the stream's state
 * has changed, and when the reader is too slow (slow set): it then moves on
 * by ngx_live_packets_skip() or closes.  It may close any reader.
 */

typedef struct ngx_live_packets_reader_s  ngx_live_packets_reader_t;

struct ngx_live_packets_reader_s {
    ngx_queue_t                queue;
    ngx_live_stream_t         *stream;
    ngx_uint_t                 track;
    uint64_t                   seq;
    void                     (*handler)(ngx_live_packets_reader_t *r);
    void                      *data;
    unsigned                   slow:1;
    unsigned                   waiting:1;   /* for a first key packet */
};


/*
 * Starts at the newest key packet or, when there is none, waits for it.
 * NGX_OK or NGX_ERROR.  The handler is not called from here: the door does
 * its first send itself.
 */
ngx_int_t ngx_live_packets_open(ngx_live_packets_reader_t *r,
    ngx_live_stream_t *st, ngx_uint_t track);
void ngx_live_packets_close(ngx_live_packets_reader_t *r);

/* the packet at r->seq, or NULL when it has not been written yet */
ngx_live_packet_t *ngx_live_packets_next(ngx_live_packets_reader_t *r);

/* the packets before n are done with */
#define ngx_live_packets_advance(r, n)  (r)->seq = (n)

/* moves to the newest key packet if that is ahead; NGX_DECLINED if not */
ngx_int_t ngx_live_packets_skip(ngx_live_packets_reader_t *r);

/*
 * The packet with this extended sequence number, or NULL if it never came or
 * is too old.  It stays valid up to ngx_live_packets_release(), which is
 * called after the last of several; within handler() it need not be.
 */
ngx_live_packet_t *ngx_live_packets_find(ngx_live_packets_reader_t *r,
    uint64_t number);
void ngx_live_packets_release(ngx_live_packets_reader_t *r);


/*
 * Internal to core: after a bell for packets, after one for anything else,
 * once a second in the owner, for a slot that died.
 */
void ngx_live_packets_bell(ngx_uint_t index);
void ngx_live_packets_dispatch(ngx_live_stream_t *st);
void ngx_live_packets_tick(ngx_live_stream_sh_t *sh);
void ngx_live_packets_lost_slot(ngx_live_stream_sh_t *sh, ngx_uint_t slot);

/* bytes that the rings of tracks with readers may take in addition */
uint64_t ngx_live_packets_growth(ngx_live_stream_sh_t *sh);


#endif /* _NGX_LIVE_PACKETS_H_INCLUDED_ */
