
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_PACKET_RING_H_INCLUDED_
#define _NGX_LIVE_PACKET_RING_H_INCLUDED_


#include "ngx_live_ring.h"


/*
 * The RTP packets of one track, in slots of a fixed size: what is sent now,
 * and the retransmission buffer for what was sent before.  Writer, readers,
 * pins and the newest key are those of a ring of frames (ngx_live_ring.h),
 * whose structure it begins with:
 *
 *     freed <= tail <= head
 *
 * Packets are kept in the order in which they came, seq 1, 2, ...; so one that
 * the network has delayed, or that was asked for again, reaches the readers
 * when it is there, without anybody waiting for it or looking for holes.
 * Their extended sequence numbers (RFC 3711, section 3.3.1: roll-over counter
 * and SEQ) are found by an index.
 *
 * A slot is a header of one cache line and 1472 bytes, the largest UDP payload
 * of an Ethernet frame (1500 - 20 - 8): 42 of them are an extent but for 1 KiB.
 * No packet crosses extents, it can be encrypted from where it lies.
 */

#define NGX_LIVE_PACKET_MAX          1472   /* bytes */
#define NGX_LIVE_PACKET_SLOT                                                  \
    (sizeof(ngx_live_packet_t) + NGX_LIVE_PACKET_MAX)
#define NGX_LIVE_PACKETS_PER_EXTENT                                           \
    (NGX_LIVE_EXTENT_SIZE / NGX_LIVE_PACKET_SLOT)

#define NGX_LIVE_PACKET_RING_MIN     64     /* packets */
#define NGX_LIVE_PACKET_RING_MAX     16384

#define NGX_LIVE_PACKET_KEY          0x0001 /* first one of a key frame */
#define NGX_LIVE_PACKET_START        0x0002 /* first one of a frame */
#define NGX_LIVE_PACKET_MARKER       0x0004 /* RTP's bit M: mostly the last */
#define NGX_LIVE_PACKET_DISCONT      0x0008 /* first one of a writer; set by
                                               the ring, too */
#define NGX_LIVE_PACKET_DROPPED      0x0010 /* packets are missing before it;
                                               set by the ring */


/* the data follow the header */

typedef struct {
    uint64_t                   seq;      /* in this ring */
    uint64_t                   number;   /* extended RTP sequence number */
    ngx_live_time_t            time;     /* RTP timestamp without wrap, ticks */
    int64_t                    received; /* ms of ngx_live_clock() */
    uint64_t                   frame;    /* seq in the ring of frames, or 0 */
    uint16_t                   size;     /* bytes */
    uint16_t                   prefix;   /* of them RTP header, 0: payload
                                            only */
    uint16_t                   flags;
    uint8_t                    spatial;  /* layers, 0: the lowest */
    uint8_t                    temporal;
    uint8_t                    rid;      /* index of an RTP stream id */
    uint8_t                    unused[7];
    uint64_t                   aux;      /* free for the writer */
} ngx_live_packet_t;


typedef struct {
    ngx_live_ring_sh_t         ring;     /* first: it is freed as one */

    ngx_uint_t                 npackets;
    ngx_msec_t                 window;   /* ms */
    uint64_t                   writer;   /* who wrote last, any number */
    ngx_uint_t                 dropping; /* up to the next key packet */
    ngx_uint_t                 fresh;    /* nothing of this writer yet */
    ngx_uint_t                 most;     /* packets so far at the same time */
    ngx_uint_t                 aged;     /* some have become too old */

    ngx_uint_t                 mask;     /* of the index */
    uint32_t                   index[1]; /* low half of seq, by number */
} ngx_live_packet_ring_sh_t;


/*
 * Creates a ring for at most npackets (64 to 16384) that came within window
 * milliseconds.  From the newest key packet on they are kept longer, as long
 * as these are less than three quarters of npackets.  An extent is taken for
 * each 42 of them when it is needed, and given back.  NULL when the zone's
 * slab is full.
 */
ngx_live_packet_ring_sh_t *ngx_live_packet_ring_create(ngx_live_zone_t *zone,
    uint32_t user, ngx_uint_t npackets, ngx_msec_t window);

/* frees it with its extents; nobody may hold a pin any more */
#define ngx_live_packet_ring_destroy(zone, pr)                                \
    ngx_live_ring_destroy(zone, &(pr)->ring)


/*
 * Writer: a ring begins, and goes on after another writer, with a key packet
 * (all packets of audio are such); what comes before is ignored.  Numbers
 * should go on, so that an old packet is not found by a new number.
 */
void ngx_live_packet_ring_writer(ngx_live_packet_ring_sh_t *pr,
    uint64_t writer);

/*
 * Writer: "p" gives all fields except seq and size; "received" is the current
 * time.  The data are written to ngx_live_packet_data() of the result, its
 * size may be lowered, then it is committed, or simply forgotten.  NULL: there
 * is no room (pins hold it, or the zone is full), then packets are dropped and
 * counted up to the next key packet; or size is too large, which is counted.
 */
ngx_live_packet_t *ngx_live_packet_ring_reserve(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_live_packet_t *p, size_t size);
void ngx_live_packet_ring_commit(ngx_live_packet_ring_sh_t *pr,
    ngx_live_packet_t *p);

/* reserves, copies and commits */
ngx_live_packet_t *ngx_live_packet_ring_write(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_live_packet_t *p, u_char *data,
    size_t size);

/*
 * Writer: forgets what is too old at this time, ms of ngx_live_clock(), or
 * everything, so that all memory is freed that is not pinned.
 */
void ngx_live_packet_ring_expire(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, int64_t now);
void ngx_live_packet_ring_clear(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr);

/*
 * Bytes of extents that it may take in addition to what it has: for npackets,
 * or, when some have become too old and so a window is known, for what that
 * has held and a quarter more.
 */
uint64_t ngx_live_packet_ring_growth(ngx_live_packet_ring_sh_t *pr);


#define ngx_live_packet_data(p)                                               \
    ((u_char *) (p) + sizeof(ngx_live_packet_t))

/* the packet with this seq, which is below the head; only behind a pin */
ngx_live_packet_t *ngx_live_packet_ring_entry(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, uint64_t seq);

/*
 * Reader: the packet with this extended sequence number, in constant time.
 * NGX_OK: it is pinned for this slot, until ngx_live_ring_repin() is called
 * for &pr->ring with what the slot's readers need.  NGX_DECLINED: it never
 * came, or is too old; pins are as they were.
 */
ngx_int_t ngx_live_packet_ring_find(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, uint64_t number, ngx_live_packet_t **p);


#endif /* _NGX_LIVE_PACKET_RING_H_INCLUDED_ */
