
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_RING_H_INCLUDED_
#define _NGX_LIVE_RING_H_INCLUDED_


#include "ngx_live_zone.h"


/*
 * A ring: one writer appends entries with their bytes, readers in any worker
 * read them in place.  Entries are numbered from 1 without end (seq), bytes
 * have positions without end (pos); both are mapped onto a list of extents.
 * No lock is taken except for the zone's, once per extent.
 *
 *     freed <= tail <= head
 *
 * Entries [tail, head) may be read by a reader that has pinned them.  A
 * reader writes its slot's pin first and looks at the tail afterwards; the
 * writer moves the tail first and looks at the pins afterwards, and frees
 * only what is below both.  With a full barrier in between on either side
 * one of the two always sees the other.
 *
 * The same structure holds the frames of a stream and the parts of an HLS
 * rendition: the writer gives the meaning to an entry's fields.
 */

#define NGX_LIVE_FRAME_KEY      0x0001   /* decodable without earlier ones */
#define NGX_LIVE_FRAME_DISCONT  0x0002   /* time does not continue the last */
#define NGX_LIVE_FRAME_VIDEO    0x0004
#define NGX_LIVE_FRAME_AUDIO    0x0008
#define NGX_LIVE_FRAME_DATA     0x0010
#define NGX_LIVE_FRAME_DROPPED  0x0020   /* frames are missing before it */
#define NGX_LIVE_FRAME_DERIVED  0x0040   /* of a track made of another one: no
                                            entry to start at */

#define NGX_LIVE_NO_PIN         0        /* entries start at 1 */


struct ngx_live_frame_s {
    uint64_t                   seq;
    uint64_t                   pos;      /* of the first byte */
    ngx_live_time_t            dts;      /* ticks, on the stream's timeline */
    int64_t                    received; /* ms since the epoch */
    uint32_t                   size;     /* bytes */
    int32_t                    cts;      /* pts - dts, ticks */
    uint32_t                   config;   /* version of the track's config */
    uint16_t                   flags;
    uint8_t                    track;
    uint8_t                    prefix;   /* bytes of FLV tag header that
                                            precede the access unit */
    uint64_t                   aux;      /* free for the ring's writer */
    uint64_t                   unused;   /* 64 bytes: an extent must hold a
                                            power of two of them */
};


#define NGX_LIVE_RING_ENTRY_EXTENTS  64  /* at 1024 entries each */

struct ngx_live_ring_sh_s {
    ngx_live_ring_sh_t        *next;     /* in zone->sh->rings, under its
                                            mutex */
    uint32_t                   user;     /* of its extents */

    ngx_atomic_t               head;     /* next seq to be written */
    ngx_atomic_t               tail;     /* oldest seq to start at; a reader
                                            below it is too slow */
    ngx_atomic_t               freed;    /* below it memory was reused */
    ngx_atomic_t               key;      /* newest entry to start at, or 0 */
    ngx_atomic_t               npins;    /* slots from here on had no pin */
    ngx_atomic_t               pins[NGX_LIVE_SLOTS];

    uint64_t                   pos;      /* next byte */
    uint64_t                   first;    /* oldest byte still held */

    size_t                     max_size; /* bytes, multiple of an extent */
    ngx_uint_t                 nentries; /* power of two */
    ngx_uint_t                 mask;     /* data extents, power of two - 1 */
    uint64_t                   dropped;  /* entries for lack of memory */

    uint32_t                   entries[NGX_LIVE_RING_ENTRY_EXTENTS];
    uint32_t                  *data;     /* mask + 1 extent numbers */
};


/*
 * Creates a ring for at most nentries entries (rounded up to a power of two,
 * 1024 to 65536) and max_size bytes.  Takes the zone's mutex.  NULL when the
 * zone is full.
 */
ngx_live_ring_sh_t *ngx_live_ring_create(ngx_live_zone_t *zone,
    uint32_t user, ngx_uint_t nentries, size_t max_size);

/* frees the ring and its extents; nobody may hold a pin any more */
void ngx_live_ring_destroy(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring);


/*
 * Writer: appends an entry.  "f" gives all fields except seq, pos and size;
 * the bytes are those of chain "in" (memory buffers).  Returns the entry in
 * the ring, or NULL when the zone or the ring's max_size has no room: the
 * caller drops and counts.
 */
ngx_live_frame_t *ngx_live_ring_write(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring, ngx_live_frame_t *f, ngx_chain_t *in);

/* as above in two steps: reserve, fill slices, commit or drop */
ngx_live_frame_t *ngx_live_ring_reserve(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring, ngx_live_frame_t *f, uint32_t size);
void ngx_live_ring_copy_in(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t offset, u_char *p, size_t len);
void ngx_live_ring_commit(ngx_live_ring_sh_t *ring, ngx_live_frame_t *f);

/*
 * Writer: forgets entries below seq; memory is freed as far as pins allow.
 */
void ngx_live_ring_trim(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint64_t seq);


/* the entry with this number; valid only behind a pin */
ngx_live_frame_t *ngx_live_ring_entry(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring, uint64_t seq);

/*
 * Reader: pins seq for this worker's slot (if not pinned lower already) and
 * returns NGX_OK, or NGX_DECLINED if that entry is gone.  unpin with the new
 * lowest position of all of this worker's readers, or NGX_LIVE_NO_PIN.
 */
ngx_int_t ngx_live_ring_pin(ngx_live_ring_sh_t *ring, uint64_t seq);
void ngx_live_ring_repin(ngx_live_ring_sh_t *ring, uint64_t seq);

/*
 * The bytes of an entry from offset on: *p points into the ring, the number
 * of contiguous bytes is returned (0 at the end).  An entry crosses extents,
 * so call it until all bytes were seen.
 */
size_t ngx_live_ring_slice(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t offset, u_char **p);

/* copies len bytes from offset; they must exist */
void ngx_live_ring_copy_out(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t offset, u_char *dst, size_t len);

/* drops the pins of a slot in all rings of the zone: its worker died */
void ngx_live_ring_lost_slot_locked(ngx_live_zone_t *zone, ngx_uint_t slot);

/* frees what is left of a user that goes: a worker died and has lost it */
void ngx_live_ring_release_locked(ngx_live_zone_t *zone, uint32_t user);

/*
 * Frees the rings, and extents, whose users are not among the n given, in
 * ascending order: their workers died while they made or freed them.
 */
void ngx_live_ring_sweep_locked(ngx_live_zone_t *zone, uint32_t *users,
    ngx_uint_t n);

/* bytes of extents that the ring holds now */
size_t ngx_live_ring_memory(ngx_live_ring_sh_t *ring);


/*
 * Internal to core: what rings of other entries are made of.  alloc makes a
 * structure of "size" bytes that begins with a ring and has no extent yet;
 * ngx_live_ring_destroy() frees it.  extend takes the extents of size bytes at
 * ring->pos and of one more entry; NGX_DECLINED when there is no room.  lowest
 * is seq or the lowest pin, which may stand below "freed" for a moment; forget
 * frees what is below entry seq, whose first byte is at "first".
 */
ngx_live_ring_sh_t *ngx_live_ring_alloc(ngx_live_zone_t *zone, uint32_t user,
    size_t size, ngx_uint_t nentries, size_t max_size);
ngx_int_t ngx_live_ring_extend(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring, uint32_t size);
uint64_t ngx_live_ring_lowest(ngx_live_ring_sh_t *ring, uint64_t seq);
void ngx_live_ring_forget(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint64_t seq, uint64_t first);


#endif /* _NGX_LIVE_RING_H_INCLUDED_ */
