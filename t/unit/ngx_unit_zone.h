
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A zone of shared anonymous memory for the tests of what lies in it, with
 * the mutex and the slab part that it needs, and frames whose bytes follow
 * from their numbers.
 */


#ifndef _NGX_UNIT_ZONE_H_INCLUDED_
#define _NGX_UNIT_ZONE_H_INCLUDED_


#include "ngx_unit.h"
#include "ngx_live_ring.h"
#include "ngx_live_worker.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>


#define EXTENT   NGX_LIVE_EXTENT_SIZE
#define EXTENTS  96
#define SMALL    (1024 * 1024)


ngx_int_t  ngx_live_slot;

static ngx_live_zone_t     fake;
static ngx_live_zone_t    *zone = &fake;
static ngx_slab_pool_t    *pool;
static ngx_atomic_t       *mutex;
static ngx_atomic_t       *allocated;       /* blocks of the slab part */
static u_char             *slab, *slab_end;
static u_char             *scratch;
static ngx_uint_t          deadly;          /* stop at the lock so many on */


void
ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    while (!ngx_atomic_cmp_set(mutex, 0, 1)) {
        sched_yield();
    }

    if (deadly && --deadly == 0) {
        raise(SIGSTOP);
    }
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    (void) ngx_atomic_cmp_set(mutex, 1, 0);
}


/* blocks are not used again: what is freed is counted and overwritten */

void *
ngx_slab_calloc_locked(ngx_slab_pool_t *p, size_t size)
{
    size_t  *block;

    size = ngx_align(size, 16) + 16;

    if ((size_t) (slab_end - slab) < size) {
        return NULL;
    }

    block = (size_t *) slab;
    slab += size;

    block[0] = size - 16;
    ngx_memzero(block + 2, size - 16);

    (*allocated)++;

    return block + 2;
}


void
ngx_slab_free_locked(ngx_slab_pool_t *p, void *data)
{
    ngx_memset(data, 0xdb, ((size_t *) data)[-2]);

    (*allocated)--;
}


static void *
map(size_t size)
{
    void  *p;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
             -1, 0);
    if (p == MAP_FAILED) {
        abort();
    }

    return p;
}


static void
make_zone(ngx_uint_t nextents)
{
    static u_char  *memory;

    if (memory == NULL) {
        memory = map(SMALL);
        mutex = map(4096);
        allocated = mutex + 8;

        zone->sh = map(ngx_align(sizeof(ngx_live_zone_sh_t), 4096));
        zone->sh->extents = map(EXTENTS * EXTENT);
        zone->sh->next = map(4096);
        zone->sh->users = map(4096);

        pool = map(4096);
        zone->shpool = pool;

        scratch = malloc(EXTENTS * EXTENT);
    }

    slab = memory;
    slab_end = memory + SMALL;
    *allocated = 0;
    ngx_live_slot = 0;

    zone->sh->nextents = nextents;
    zone->sh->nrings = 0;
    zone->sh->rings = NULL;

    ngx_live_extent_init(zone->sh);
}


/* the bytes of a frame follow from its number */

static u_char
byte(uint64_t seq, uint32_t i)
{
    return (u_char) (seq * 37 + i * 11 + (i >> 8) * 5 + (i >> 16));
}


static ngx_inline ngx_live_frame_t *
put(ngx_live_ring_sh_t *ring, uint32_t size, ngx_uint_t flags)
{
    uint32_t          i;
    ngx_buf_t         b[2];
    ngx_chain_t       cl[2];
    ngx_live_frame_t  f;

    ngx_memzero(&f, sizeof(ngx_live_frame_t));
    ngx_memzero(b, sizeof(b));

    f.flags = flags;
    f.dts = ring->head * 3000;

    for (i = 0; i < size; i++) {
        scratch[i] = byte(ring->head, i);
    }

    b[0].pos = scratch;
    b[0].last = scratch + size / 3;
    b[1].pos = b[0].last;
    b[1].last = scratch + size;

    cl[0].buf = &b[0];
    cl[0].next = &cl[1];
    cl[1].buf = &b[1];
    cl[1].next = NULL;

    return ngx_live_ring_write(zone, ring, &f, cl);
}


/* by slices, as a door sends; returns the number of them, 0: wrong bytes */

static ngx_inline ngx_uint_t
check(ngx_live_ring_sh_t *ring, uint64_t seq)
{
    size_t             n, k;
    u_char            *p;
    uint32_t           offset;
    ngx_uint_t         slices;
    ngx_live_frame_t  *f;

    f = ngx_live_ring_entry(zone, ring, seq);

    if (f->seq != seq || f->dts != (ngx_live_time_t) seq * 3000) {
        return 0;
    }

    slices = 1;
    offset = 0;

    while ((n = ngx_live_ring_slice(zone, ring, f, offset, &p)) != 0) {

        for (k = 0; k < n; k++) {
            if (p[k] != byte(seq, offset + k)) {
                return 0;
            }
        }

        offset += n;
        slices++;
    }

    return offset == f->size ? slices : 0;
}


#endif /* _NGX_UNIT_ZONE_H_INCLUDED_ */
