
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The ring in a zone of shared anonymous memory: each slot is a process of
 * its own where it matters.
 */


#include "ngx_unit.h"
#include "ngx_live_ring.h"
#include "ngx_live_worker.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>


#define EXTENT   NGX_LIVE_EXTENT_SIZE
#define EXTENTS  96
#define SMALL    (1024 * 1024)

#define READERS  4
#define FRAMES   20000
#define RACES    400000
#define DEATHS   12          /* for each time that the mutex is locked */
#define STEPS    180         /* within so many instructions */


ngx_int_t  ngx_live_slot;

static ngx_live_zone_t     fake;
static ngx_live_zone_t    *zone = &fake;
static ngx_slab_pool_t    *pool;
static ngx_atomic_t       *mutex;
static ngx_atomic_t       *allocated;       /* blocks of the slab part */
static u_char             *slab, *slab_end;
static u_char             *scratch;
static ngx_uint_t          deadly;          /* stop at the lock so many on */

static struct {
    ngx_atomic_t           ready;
    ngx_atomic_t           done;
    ngx_atomic_t           started;         /* readers at a key frame */
    ngx_atomic_t           read;
    ngx_atomic_t           corrupt;
    ngx_atomic_t           skipped;
    ngx_atomic_t           late;
} *shared;


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
        shared = map(4096);
        zone->shpool = pool;

        scratch = malloc(EXTENTS * EXTENT);
    }

    slab = memory;
    slab_end = memory + SMALL;
    *allocated = 0;
    ngx_live_slot = 0;

    ngx_memzero(shared, 4096);

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


static uint32_t
size_of(uint64_t seq)
{
    uint64_t  n;

    n = (seq * 2654435761u) >> 7;

    switch (seq % 16) {

    case 0:
        return 60000 + n % 90000;

    case 5:
        return 0;

    case 7:
        return 1;

    default:
        return n % 6000;
    }
}


static ngx_live_frame_t *
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

static ngx_uint_t
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


static void
test_create(void)
{
    ngx_uint_t           i;
    ngx_live_ring_sh_t  *ring;

    make_zone(EXTENTS);

    ring = ngx_live_ring_create(zone, 1, 1, 1);

    ok(ring != NULL, "created");
    is_int(zone->sh->nfree, EXTENTS - 1, "an extent of entries");
    is_int(ring->nentries, 1024, "1024 entries");
    is_int(ring->max_size, EXTENT, "one extent of bytes");
    is_int(ngx_live_ring_memory(ring), 0, "nothing is held");

    ngx_live_ring_destroy(zone, ring);

    ring = ngx_live_ring_create(zone, 1, 4800, 5 * EXTENT + 1);

    is_int(ring->nentries, 8192, "entries are rounded up");
    is_int(ring->max_size, 6 * EXTENT, "bytes are rounded up");
    is_int(ring->mask, 7, "extents of bytes are a power of two");
    is_int(zone->sh->nfree, EXTENTS - 8, "eight extents of entries");
    is_int(zone->sh->nrings, 1, "counted");

    ngx_live_ring_destroy(zone, ring);

    ring = ngx_live_ring_create(zone, 1, 1000000, SMALL);

    is_int(ring->nentries, 65536, "entries have an upper limit");

    ngx_live_ring_destroy(zone, ring);

    is_int(zone->sh->nfree, EXTENTS, "all extents came back");
    is_int(*allocated, 0, "so did the slab's blocks");
    is_int(zone->sh->nrings, 0, "no ring");

    make_zone(7);

    ring = ngx_live_ring_create(zone, 1, 8192, SMALL);

    ok(ring == NULL, "zone is too small");
    is_int(zone->sh->nfree, 7, "no extent is lost");
    is_int(*allocated, 0, "no block is lost");

    make_zone(EXTENTS);

    for (i = 0; ngx_live_ring_create(zone, 1, 1, 512 * SMALL); i++) {
        /* void */
    }

    ok(i > 0 && i < EXTENTS, "slab is full");
    is_int(zone->sh->nfree, EXTENTS - i, "one extent each");
}


static void
test_write(void)
{
    uint64_t             pos;
    ngx_buf_t            b;
    ngx_chain_t          cl;
    ngx_live_frame_t    *f, g;
    ngx_live_ring_sh_t  *ring;

    make_zone(EXTENTS);

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    f = put(ring, 100, NGX_LIVE_FRAME_KEY);

    is_int(f->seq, 1, "the first is 1");
    is_int(f->pos, 0, "at 0");
    is_int(ring->head, 2, "head");
    is_int(ring->key, 1, "key frame");
    is_int(check(ring, 1), 2, "one slice");

    f = put(ring, 3 * EXTENT, 0);

    is_int(f->pos, 100, "position");
    is_int(ring->key, 1, "no key frame");
    is_int(check(ring, 2), 5, "over four extents");
    is_int(ngx_live_ring_memory(ring), 4 * EXTENT, "memory");

    f = put(ring, 0, 0);

    is_int(f->size, 0, "an empty frame");
    is_int(check(ring, 3), 1, "has no slice");

    f = put(ring, EXTENT - 100, 0);

    is_int(check(ring, 4), 2, "up to the end of an extent");
    is_int(ring->pos, 4 * EXTENT, "which is full");
    is_int(ngx_live_ring_memory(ring), 4 * EXTENT, "none is begun");

    f = put(ring, 5 * EXTENT, 0);

    ok(f == NULL, "a frame for which there is no room");
    is_int(ring->head, 5, "is not there");
    is_int(ring->pos, 4 * EXTENT, "nor are its bytes");

    /* two steps */

    pos = ring->pos;
    ngx_memzero(&g, sizeof(ngx_live_frame_t));
    g.dts = 5 * 3000;

    f = ngx_live_ring_reserve(zone, ring, &g, 4);

    ok(f != NULL, "reserved");
    is_int(ring->head, 5, "nobody sees it");
    is_int(ring->pos, pos, "nothing is taken");

    f = ngx_live_ring_reserve(zone, ring, &g, 3);

    scratch[0] = byte(5, 0);
    scratch[1] = byte(5, 1);
    scratch[2] = byte(5, 2);

    ngx_live_ring_copy_in(zone, ring, f, 2, scratch + 2, 1);
    ngx_live_ring_copy_in(zone, ring, f, 0, scratch, 2);
    ngx_live_ring_commit(ring, f);

    is_int(check(ring, 5), 2, "filled in pieces");

    ngx_memset(scratch, 0, 3);
    ngx_live_ring_copy_out(zone, ring, f, 1, scratch, 2);

    is_int(scratch[0], byte(5, 1), "copied out");
    is_int(scratch[1], byte(5, 2), "to the end");
    is_int(scratch[2], 0, "not beyond");

    /* sizes that do not fit into 32 bits */

    ngx_memzero(&b, sizeof(ngx_buf_t));

    b.pos = scratch;
    b.last = scratch + NGX_MAX_INT32_VALUE;
    cl.buf = &b;
    cl.next = &cl;

    ok(ngx_live_ring_write(zone, ring, &g, &cl) == NULL, "too large");

    ngx_live_ring_destroy(zone, ring);
    is_int(zone->sh->nfree, EXTENTS, "all extents came back");
}


static void
test_wrap(void)
{
    uint64_t             seq, bad;
    ngx_uint_t           most;
    ngx_live_ring_sh_t  *ring;

    make_zone(EXTENTS);

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    bad = 0;
    most = 0;

    for (seq = 1; seq < 5000; seq++) {

        if (put(ring, size_of(seq), 0) == NULL) {
            bad++;
            break;
        }

        if (seq > 20) {
            ngx_live_ring_trim(zone, ring, seq - 20);

            if (!check(ring, seq - 20)) {
                bad++;
            }
        }

        if (!check(ring, seq)) {
            bad++;
        }

        most = ngx_max(most, ngx_live_ring_memory(ring));
    }

    is_int(bad, 0, "5000 frames in 1024 entries");
    ok(ring->pos > 64 * EXTENT, "positions went round many times");
    ok(most <= 8 * EXTENT, "max_size was kept");
    is_int((EXTENTS - 1 - zone->sh->nfree) * EXTENT,
           ngx_live_ring_memory(ring), "memory is what was taken");

    ngx_live_ring_trim(zone, ring, 1000000);

    is_int(ring->tail, ring->head, "no trim beyond the head");
    is_int(ngx_live_ring_memory(ring), 0, "empty");

    ngx_live_ring_destroy(zone, ring);
    is_int(zone->sh->nfree, EXTENTS, "all extents came back");
}


static void
test_full(void)
{
    ngx_uint_t           i;
    ngx_live_ring_sh_t  *ring;

    make_zone(EXTENTS);

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    for (i = 0; put(ring, 1, 0) != NULL; i++) { /* void */ }

    is_int(i, 1024, "index is full");

    ngx_live_ring_trim(zone, ring, 2);
    ok(put(ring, 1, 0) != NULL, "one more");
    ok(put(ring, 1, 0) == NULL, "not two");
    ok(check(ring, 2) && check(ring, 1025), "the others are there");

    ngx_live_ring_destroy(zone, ring);

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    for (i = 0; put(ring, EXTENT / 4, 0) != NULL; i++) { /* void */ }

    is_int(i, 32, "bytes are full");

    ngx_live_ring_trim(zone, ring, 4);
    ok(put(ring, 1, 0) == NULL, "three quarters of an extent free none");

    ngx_live_ring_trim(zone, ring, 5);
    ok(put(ring, EXTENT, 0) != NULL, "a whole one does");
    ok(check(ring, 5) && check(ring, 33), "the others are there");

    ngx_live_ring_destroy(zone, ring);
    is_int(zone->sh->nfree, EXTENTS, "all extents came back");
}


static void
test_pins(void)
{
    ngx_uint_t           nfree;
    ngx_live_ring_sh_t  *ring;

    make_zone(EXTENTS);

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    put(ring, EXTENT, NGX_LIVE_FRAME_KEY);
    put(ring, EXTENT, 0);
    put(ring, EXTENT, 0);
    put(ring, EXTENT, NGX_LIVE_FRAME_KEY);

    nfree = zone->sh->nfree;

    ngx_live_slot = 3;
    is_int(ngx_live_ring_pin(ring, 2), NGX_OK, "pinned");

    ngx_live_slot = NGX_LIVE_SLOTS - 1;
    is_int(ngx_live_ring_pin(ring, 3), NGX_OK, "pinned by the last slot");
    is_int(ngx_live_ring_pin(ring, 4), NGX_OK, "a higher one as well");
    is_int(ring->pins[NGX_LIVE_SLOTS - 1], 3, "the lower one holds it");

    ngx_live_ring_trim(zone, ring, 5);

    is_int(ring->tail, 5, "all is forgotten");
    is_int(ring->freed, 2, "but held from the lowest pin on");
    is_int(zone->sh->nfree, nfree + 1, "one extent is free");
    ok(check(ring, 2) && check(ring, 4), "and can be read");

    is_int(ngx_live_ring_pin(ring, 4), NGX_DECLINED, "too late to begin");
    is_int(ring->pins[NGX_LIVE_SLOTS - 1], 3, "the old pin stays");

    ngx_live_slot = 5;
    is_int(ngx_live_ring_pin(ring, 4), NGX_DECLINED, "for others, too");
    is_int(ring->pins[5], NGX_LIVE_NO_PIN, "no pin stays");

    ngx_live_slot = 3;
    ngx_live_ring_repin(ring, 4);
    ngx_live_ring_trim(zone, ring, 5);

    is_int(ring->freed, 3, "now the other one is the lowest");

    ngx_live_ring_lost_slot_locked(zone, NGX_LIVE_SLOTS - 1);
    ngx_live_ring_trim(zone, ring, 5);

    is_int(ring->freed, 4, "a lost slot holds nothing");
    is_int(zone->sh->nfree, nfree + 3, "one extent is left");

    ngx_live_ring_repin(ring, NGX_LIVE_NO_PIN);
    ngx_live_ring_trim(zone, ring, 5);

    is_int(ring->freed, 5, "nobody holds anything");
    is_int(zone->sh->nfree, nfree + 4, "all bytes are free");

    /* a writer that may not free drops */

    is_int(put(ring, EXTENT, NGX_LIVE_FRAME_KEY)->seq, 5, "it goes on");
    is_int(ngx_live_ring_pin(ring, 5), NGX_OK, "a reader that stands");

    while (put(ring, EXTENT, 0)) {
        ngx_live_ring_trim(zone, ring, ring->head);
    }

    is_int(ring->head, 13, "eight extents are pinned");
    ok(check(ring, 5) && check(ring, 12), "untouched");

    ngx_live_ring_repin(ring, ring->head);
    ok(put(ring, EXTENT, 0) != NULL, "it came");

    ngx_live_ring_destroy(zone, ring);
    is_int(zone->sh->nfree, EXTENTS, "all extents came back");
    is_int(*allocated, 0, "so did the slab's blocks");
}


/* a zone that is full: no ring may starve the others */

static void
test_share(void)
{
    ngx_uint_t           i;
    ngx_live_ring_sh_t  *a, *b;

    make_zone(64);

    a = ngx_live_ring_create(zone, 1, 1024, 256 * EXTENT);

    for (i = 0; put(a, EXTENT, 0); i++) { /* void */ }

    is_int(i, 63, "alone it has everything");

    ngx_live_ring_trim(zone, a, 9);

    b = ngx_live_ring_create(zone, 1, 1024, 256 * EXTENT);
    ok(b != NULL, "a second one");
    is_int(zone->sh->nfree, 7, "with little memory");

    for (i = 0; put(a, EXTENT, 0); i++) { /* void */ }

    is_int(i, 3, "the first one leaves a reserve");

    for (i = 0; put(b, EXTENT, 0); i++) { /* void */ }

    is_int(i, 4, "to the second one");
    is_int(zone->sh->nfree, 0, "which may use all of it");

    for (i = 0; i < 200; i++) {
        ngx_live_ring_trim(zone, a, a->tail + 1);
        ngx_live_ring_trim(zone, b, b->tail + 1);

        if (put(b, EXTENT, 0) == NULL) {
            break;
        }

        (void) put(a, EXTENT, 0);
    }

    is_int(i, 200, "the smaller one always finds memory");

    ngx_live_ring_destroy(zone, a);
    ngx_live_ring_destroy(zone, b);

    is_int(zone->sh->nfree, 64, "all extents came back");
}


/*
 * A reader in a process of its own: it starts at a key frame, reads all up to
 * the head and is sometimes slow.
 */

static void
reader(ngx_live_ring_sh_t *ring, ngx_uint_t slot)
{
    uint64_t  seq, key, n;

    ngx_live_slot = slot;
    srandom(slot);
    seq = 0;

    (void) ngx_atomic_fetch_add(&shared->ready, 1);

    for (n = 0; !shared->done; n++) {

        if (seq == 0) {
            key = ring->key;

            if (key == 0 || ngx_live_ring_pin(ring, key) != NGX_OK) {
                if (key) {
                    (void) ngx_atomic_fetch_add(&shared->late, 1);
                }

                sched_yield();
                continue;
            }

            seq = key;
            (void) ngx_atomic_fetch_add(&shared->started, 1);
        }

        if (seq < ring->tail && random() % 2) {
            key = ring->key;

            if (key > seq) {
                seq = key;
                (void) ngx_atomic_fetch_add(&shared->skipped, 1);
            }
        }

        while (seq < ring->head) {
            ngx_live_barrier();

            if (random() % 64 == 0) {
                sched_yield();
            }

            if (!check(ring, seq)) {
                (void) ngx_atomic_fetch_add(&shared->corrupt, 1);
            }

            (void) ngx_atomic_fetch_add(&shared->read, 1);
            seq++;

            if (random() % 16 == 0) {
                ngx_live_ring_repin(ring, seq);
            }
        }

        ngx_live_ring_repin(ring, seq);

        if (n % 64 == slot) {

            /* goes and comes again */

            ngx_live_ring_repin(ring, NGX_LIVE_NO_PIN);
            seq = 0;
        }

        sched_yield();
    }

    _exit(0);
}


static void
test_stress(void)
{
    int                  status;
    pid_t                pids[READERS];
    uint64_t             seq;
    ngx_uint_t           i, dropped, key;
    ngx_live_ring_sh_t  *ring;

    make_zone(48);

    ring = ngx_live_ring_create(zone, 1, 1024, 24 * EXTENT);

    for (i = 0; i < READERS; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            reader(ring, i + 1);
        }
    }

    while (shared->ready < READERS) {
        sched_yield();
    }

    dropped = 0;
    seq = 0;

    for (i = 0; i < FRAMES; i++) {
        key = (i % 10 == 0) ? NGX_LIVE_FRAME_KEY : 0;

        if (put(ring, size_of(ring->head), key) == NULL) {
            dropped++;

            /* as a publisher does */

            if (ring->key > ring->tail) {
                ngx_live_ring_trim(zone, ring, ring->key);
            }

            sched_yield();
        }

        if (ring->head > 40) {
            seq = ring->head - 40;

            if (ring->key && seq > ring->key) {
                seq = ring->key;
            }

            ngx_live_ring_trim(zone, ring, seq);
        }

        if (i == FRAMES / 2) {

            /* in the middle of whatever it does */

            kill(pids[0], SIGKILL);
            waitpid(pids[0], &status, 0);

            ngx_shmtx_lock(&pool->mutex);
            ngx_live_ring_lost_slot_locked(zone, 1);
            ngx_shmtx_unlock(&pool->mutex);
        }
    }

    shared->done = 1;

    for (i = 1; i < READERS; i++) {
        waitpid(pids[i], &status, 0);
        ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader %lu", i);
    }

    printf("# %lu frames read, %lu starts, %lu too late, %lu skips, "
           "%lu of %d dropped\n", shared->read, shared->started,
           shared->late, shared->skipped, dropped, FRAMES);

    is_int(shared->corrupt, 0, "no reader saw a wrong byte");
    ok(shared->read > FRAMES / 10, "they read");
    ok(shared->started > READERS, "they started again");

    for (i = 1; i <= READERS; i++) {
        ring->pins[i] = NGX_LIVE_NO_PIN;
    }

    ngx_live_ring_trim(zone, ring, ring->head);

    is_int(ring->freed, ring->head, "nothing is pinned");

    ngx_live_ring_destroy(zone, ring);

    is_int(zone->sh->nfree, 48, "all extents came back");
    is_int(*allocated, 0, "so did the slab's blocks");
}


/*
 * Pins against the tail: a reader takes the oldest frame, which the writer is
 * about to forget, and its extent is used again at once.
 */

static void
racer(ngx_live_ring_sh_t *ring, ngx_uint_t slot)
{
    u_char            *p;
    uint64_t           seq, got;
    ngx_uint_t         i;
    ngx_live_frame_t  *f;

    ngx_live_slot = slot;

    (void) ngx_atomic_fetch_add(&shared->ready, 1);

    while (!shared->done) {
        seq = ring->tail;

        if (seq == ring->head) {
            continue;
        }

        if (ngx_live_ring_pin(ring, seq) != NGX_OK) {
            shared->late++;
            continue;
        }

        f = ngx_live_ring_entry(zone, ring, seq);

        for (i = 0; i < 20; i++) {
            (void) ngx_live_ring_slice(zone, ring, f, 0, &p);
            ngx_memcpy(&got, p, sizeof(uint64_t));

            if (got != seq) {
                shared->corrupt++;
                break;
            }
        }

        shared->read++;
        ngx_live_ring_repin(ring, NGX_LIVE_NO_PIN);
    }

    _exit(0);
}


static void
test_race(void)
{
    int                  status;
    pid_t                pid;
    uint64_t             seq;
    ngx_uint_t           i;
    ngx_live_frame_t    *f, g;
    ngx_live_ring_sh_t  *ring;

    make_zone(16);
    ngx_memzero(&g, sizeof(ngx_live_frame_t));

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    pid = fork();

    if (pid == 0) {
        racer(ring, 1);
    }

    while (!shared->ready) {
        sched_yield();
    }

    for (i = 0; i < RACES; i++) {
        f = ngx_live_ring_reserve(zone, ring, &g, EXTENT);

        if (f) {
            seq = ring->head;
            ngx_live_ring_copy_in(zone, ring, f, 0, (u_char *) &seq, 8);
            ngx_live_ring_commit(ring, f);
        }

        if (ring->head - ring->tail > 1) {
            ngx_live_ring_trim(zone, ring, ring->tail + 1);
        }
    }

    shared->done = 1;
    waitpid(pid, &status, 0);

    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader");

    printf("# %lu frames read, %lu too late\n", shared->read, shared->late);

    is_int(shared->corrupt, 0, "a pin holds or is refused");
    ok(shared->read > 0, "some were held");

    ngx_live_ring_destroy(zone, ring);
}


/*
 * A worker makes two rings and frees one.  It is killed so many instructions
 * after it has locked the mutex for the nth time.
 */

static void
live_and_die(ngx_uint_t n)
{
    ngx_uint_t           i;
    ngx_live_frame_t     f;
    ngx_live_ring_sh_t  *a, *b;

    ngx_memzero(&f, sizeof(ngx_live_frame_t));

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1) {
        _exit(77);
    }

    deadly = n;

    a = ngx_live_ring_create(zone, 7, 2048, 4 * EXTENT);
    b = ngx_live_ring_create(zone, 8, 1024, 4 * EXTENT);

    for (i = 0; i < 6; i++) {
        ngx_live_ring_commit(a, ngx_live_ring_reserve(zone, a, &f, 40000));
        ngx_live_ring_commit(b, ngx_live_ring_reserve(zone, b, &f, 40000));
        ngx_live_ring_trim(zone, a, a->head - 1);
    }

    ngx_live_ring_destroy(zone, a);

    _exit(0);
}


/* 1: it was killed, 0: it was never there */

static ngx_uint_t
kill_after(ngx_uint_t n, ngx_uint_t steps)
{
    int         status;
    pid_t       pid;
    ngx_uint_t  i;

    pid = fork();

    if (pid == 0) {
        live_and_die(n);
    }

    for (i = 0; /* void */; i++) {

        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
            return i != 0;
        }

        if (i == steps) {
            break;
        }

        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1) {
            abort();
        }
    }

    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);

    /* as nginx's master does */

    *mutex = 0;

    return 1;
}


/* all of the zone is either free, once, or has a user */

static ngx_uint_t
whole(void)
{
    u_char      seen[EXTENTS];
    uint32_t    i;
    ngx_uint_t  n, used;

    ngx_memzero(seen, sizeof(seen));

    n = 0;
    used = 0;

    for (i = zone->sh->free; i != NGX_LIVE_EXTENT_NONE; i = zone->sh->next[i]) {

        if (i >= zone->sh->nextents || seen[i]++ || zone->sh->users[i]) {
            return 0;
        }

        n++;
    }

    for (i = 0; i < zone->sh->nextents; i++) {
        used += (zone->sh->users[i] != 0);
    }

    return n == zone->sh->nfree && n + used == zone->sh->nextents;
}


static void
test_death(void)
{
    int                  status;
    pid_t                pid;
    uint32_t             user;
    ngx_uint_t           n, deaths, lost, broken, kept;
    ngx_live_ring_sh_t  *ring;

    pid = fork();

    if (pid == 0) {
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 ? 77 : 0);
    }

    waitpid(pid, &status, 0);

    if (WEXITSTATUS(status) == 77) {
        ok(1, "processes cannot be traced here # SKIP");
        return;
    }

    lost = 0;
    broken = 0;
    kept = 0;

    for (deaths = 0; /* void */; deaths++) {
        n = deaths / DEATHS + 1;

        make_zone(EXTENTS);

        ring = ngx_live_ring_create(zone, 3, 1024, 4 * EXTENT);
        put(ring, 1000, NGX_LIVE_FRAME_KEY);

        if (!kill_after(n, deaths * 37 % STEPS)) {
            break;
        }

        lost += !whole();

        /* a stream that is there is not touched */

        user = 3;
        ngx_live_ring_sweep_locked(zone, &user, 1);

        broken += !whole();
        broken += (zone->sh->nfree != EXTENTS - 2);
        broken += (zone->sh->rings != ring || zone->sh->nrings != 1);

        kept += (check(ring, 1) != 0);

        ngx_live_ring_release_locked(zone, 3);

        broken += !whole();
        broken += (zone->sh->nfree != EXTENTS);
        broken += (zone->sh->rings != NULL || zone->sh->nrings != 0);
    }

    ok(n > 20, "killed at %d moments, of %d locks", (int) deaths, (int) n - 1);
    ok(lost > 0, "%d times something was lost", (int) lost);
    is_int(broken, 0, "and found");
    is_int(kept, deaths, "nobody else noticed");
}


static void
test_users(void)
{
    uint32_t             users[] = { 2, 5, 9 };
    ngx_live_ring_sh_t  *two, *five, *six;

    is_int(ngx_live_extent_user(2, users, 3), 1, "the first");
    is_int(ngx_live_extent_user(5, users, 3), 1, "the second");
    is_int(ngx_live_extent_user(9, users, 3), 1, "the last");
    is_int(ngx_live_extent_user(0, users, 3), 0, "nobody");
    is_int(ngx_live_extent_user(6, users, 3), 0, "another");
    is_int(ngx_live_extent_user(10, users, 3), 0, "one beyond");
    is_int(ngx_live_extent_user(5, users, 0), 0, "none of none");

    make_zone(EXTENTS);

    two = ngx_live_ring_create(zone, 2, 1024, 4 * EXTENT);
    six = ngx_live_ring_create(zone, 6, 1024, 4 * EXTENT);
    five = ngx_live_ring_create(zone, 5, 1024, 4 * EXTENT);
    put(two, 1000, NGX_LIVE_FRAME_KEY);
    put(six, 1000, NGX_LIVE_FRAME_KEY);

    (void) ngx_live_extent_alloc(zone, 5);
    (void) ngx_live_extent_alloc(zone, 7);

    is_int(zone->sh->nfree, EXTENTS - 7, "seven extents are used");

    ngx_live_ring_sweep_locked(zone, users, 3);

    ok(whole(), "the zone is whole");
    is_int(zone->sh->nfree, EXTENTS - 4, "those of unknown users are free");
    is_int(zone->sh->nrings, 2, "so is their ring");
    ok(zone->sh->rings == five && five->next == two, "others stay");
    ok(check(two, 1), "with what is in them");

    ngx_live_ring_release_locked(zone, 5);

    is_int(zone->sh->nfree, EXTENTS - 2, "all of a user");
    ok(zone->sh->rings == two && two->next == NULL, "and of nobody else");

    ngx_live_ring_destroy(zone, two);

    is_int(zone->sh->nfree, EXTENTS, "all is free");
    is_int(*allocated, 0, "in the slab, too");
}


int
main(void)
{
    is_int(sizeof(ngx_live_frame_t), 64, "size of an entry");

    test_create();
    test_write();
    test_wrap();
    test_full();
    test_pins();
    test_share();
    test_stress();
    test_race();
    test_users();
    test_death();

    return done_testing();
}
