
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_ZONE_H_INCLUDED_
#define _NGX_LIVE_ZONE_H_INCLUDED_


#include "ngx_live.h"


/*
 * The zone is cut once, when it is created: a slab part for everything small
 * (index, names, sessions) and fixed extents with a free list for everything
 * large (rings).  Slab pages are contiguous and first-fit, so rings of
 * unknown size do not belong there.
 */

#define NGX_LIVE_EXTENT_SIZE   65536
#define NGX_LIVE_EXTENT_SHIFT  16
#define NGX_LIVE_EXTENT_NONE   0xffffffff

#define NGX_LIVE_SLOTS         128     /* live worker processes at once */
#define NGX_LIVE_STREAMS_MAX   4096    /* upper limit of zone streams=N */

#define NGX_LIVE_SLOT_WORDS    (NGX_LIVE_SLOTS / 64)
#define NGX_LIVE_STREAM_WORDS  (NGX_LIVE_STREAMS_MAX / 64)


/* what a worker says about its Redis client, written by it alone */

typedef struct {
    ngx_atomic_t               up;
    ngx_atomic_t               subscribed;  /* the other connection is up */
    ngx_atomic_t               since;       /* s: it is so */
    ngx_atomic_t               reconnects;
    ngx_atomic_t               commands;
    ngx_atomic_t               pending;     /* not answered yet */
    ngx_atomic_t               refused;     /* too many waited */
    ngx_atomic_t               failed;      /* had no answer */
    ngx_atomic_t               messages;    /* of subscriptions */
} ngx_live_redis_sh_t;


/*
 * A worker process, indexed by ngx_process_slot, which is unique among the
 * live processes of all generations.
 */

typedef struct {
    ngx_atomic_t               pid;         /* 0: slot is free */
    time_t                     started;
    ngx_uint_t                 generation;  /* of its configuration */
    ngx_atomic_t               exiting;
    ngx_atomic_t               rung;        /* the bell is ringing already */
    ngx_atomic_t               kill;        /* sessions here are to be ended */
    ngx_atomic_t               noticed;     /* see ngx_live_notice() */
    ngx_atomic_t               topics;      /* bits of NGX_LIVE_TOPIC_* */
    uint32_t                   busy;        /* user whose memory is being made
                                               or freed here, 0: none */
    ngx_atomic_t               dirty[NGX_LIVE_STREAM_WORDS];
    ngx_atomic_t               packets[NGX_LIVE_STREAM_WORDS];
    ngx_queue_t                sessions;    /* ngx_live_session_sh_t */
    ngx_live_redis_sh_t        redis;
} ngx_live_slot_sh_t;


typedef struct {
    ngx_rbtree_t               rbtree;      /* streams by application/name */
    ngx_rbtree_node_t          sentinel;

    ngx_uint_t                 nstreams;
    ngx_uint_t                 max_streams;
    ngx_live_stream_sh_t     **streams;     /* by index, NULL: free */
    uint64_t                   next_uid;
    uint64_t                   next_session;
    ngx_uint_t                 nsessions;

    ngx_uint_t                 generation;  /* of the newest configuration */
    ngx_msec_t                 drain;       /* its "live_drain", 0: off */
    ngx_atomic_t               keeper;      /* pid of the housekeeper */
    ngx_atomic_t               keeper_slot;

    u_char                    *extents;     /* nextents * EXTENT_SIZE */
    ngx_uint_t                 nextents;
    ngx_uint_t                 nfree;
    uint32_t                   free;        /* head of the free list */
    uint32_t                  *next;
    uint32_t                  *users;       /* by extent, 0: free */

    ngx_live_ring_sh_t        *rings;       /* a list */
    ngx_uint_t                 nrings;

    ngx_atomic_t               refused;     /* newcomers: zone was full */

    ngx_atomic_t               notice[NGX_LIVE_SLOT_WORDS];
                                            /* slots that want notices */

    void                      *events;      /* ngx_live_event_ring_sh_t */

    ngx_live_slot_sh_t         slots[NGX_LIVE_SLOTS];
} ngx_live_zone_sh_t;


struct ngx_live_zone_s {
    ngx_live_zone_sh_t        *sh;
    ngx_slab_pool_t           *shpool;
    ngx_shm_zone_t            *shm_zone;
    ngx_uint_t                 max_streams;
};


/* full barriers; ngx_memory_barrier() may be a compiler's one only */
#define ngx_live_barrier()            __sync_synchronize()
#define ngx_live_atomic_or(p, v)      __sync_fetch_and_or(p, v)
#define ngx_live_atomic_and(p, v)     __sync_fetch_and_and(p, v)


/* the zone of the running cycle, NULL without live {} */
extern ngx_live_zone_t  *ngx_live_zone;


ngx_int_t ngx_live_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/*
 * Extents.  alloc returns an extent number or NGX_LIVE_EXTENT_NONE when the
 * zone is full.  Both take the zone's mutex.  init puts all nextents of them
 * onto the free list.
 *
 * Each extent knows its user, a stream, see ngx_live_zone_user(): a worker may
 * be killed at any moment, also with an extent in its hands.  sweep frees
 * those whose users are not among the n given, in ascending order, and makes
 * the free list anew, in whatever state it was left.  release does it with
 * what a user has lost that goes.
 */

void ngx_live_extent_init(ngx_live_zone_sh_t *sh);
uint32_t ngx_live_extent_alloc(ngx_live_zone_t *zone, uint32_t user);
void ngx_live_extent_free(ngx_live_zone_t *zone, uint32_t extent);
void ngx_live_extent_sweep_locked(ngx_live_zone_sh_t *sh, uint32_t *users,
    ngx_uint_t n);
void ngx_live_extent_release_locked(ngx_live_zone_sh_t *sh, uint32_t user);

/* non-zero if user is among n in ascending order */
ngx_uint_t ngx_live_extent_user(uint32_t user, uint32_t *users, ngx_uint_t n);

#define ngx_live_zone_user(uid)     ((uint32_t) (uid))

#define ngx_live_extent_addr(zone, n)                                         \
    ((zone)->sh->extents + ((size_t) (n) << NGX_LIVE_EXTENT_SHIFT))

#define ngx_live_zone_lock(zone)    ngx_shmtx_lock(&(zone)->shpool->mutex)
#define ngx_live_zone_unlock(zone)  ngx_shmtx_unlock(&(zone)->shpool->mutex)

#define ngx_live_zone_alloc_locked(zone, size)                                \
    ngx_slab_calloc_locked((zone)->shpool, size)
#define ngx_live_zone_free_locked(zone, p)                                    \
    ngx_slab_free_locked((zone)->shpool, p)


#endif /* _NGX_LIVE_ZONE_H_INCLUDED_ */
