
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The ring in a zone of shared anonymous memory: each slot is a process of
 * its own where it matters.
 */


#include "ngx_unit_readers.h"


#define FRAMES   20000
#define RACES    400000


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


static ngx_uint_t
read_frame(void *data, uint64_t seq)
{
    return check(data, seq) != 0;
}


static void
test_stress(void)
{
    uint64_t             seq;
    ngx_uint_t           i, dropped, key;
    ngx_live_ring_sh_t  *ring;

    make_zone(48);

    ring = ngx_live_ring_create(zone, 1, 1024, 24 * EXTENT);

    start_readers(ring, read_frame, ring);

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
            kill_reader();
        }
    }

    end_readers(ring);

    printf("# %lu frames read, %lu starts, %lu too late, %lu skips, "
           "%lu of %d dropped\n", shared->read, shared->started,
           shared->late, shared->skipped, dropped, FRAMES);

    ok(shared->read > FRAMES / 10, "they read");

    ngx_live_ring_trim(zone, ring, ring->head);

    is_int(ring->freed, ring->head, "nothing is pinned");

    ngx_live_ring_destroy(zone, ring);

    is_int(zone->sh->nfree, 48, "all extents came back");
    is_int(*allocated, 0, "so did the slab's blocks");
}


/* its extent is used again at once */

static ngx_int_t
race_frame(void *data)
{
    u_char              *p;
    uint64_t             seq, got;
    ngx_uint_t           i;
    ngx_live_frame_t    *f;
    ngx_live_ring_sh_t  *ring;

    ring = data;
    seq = ring->tail;

    if (seq == ring->head) {
        return NGX_AGAIN;
    }

    if (ngx_live_ring_pin(ring, seq) != NGX_OK) {
        return NGX_DECLINED;
    }

    f = ngx_live_ring_entry(zone, ring, seq);

    for (i = 0; i < 20; i++) {
        (void) ngx_live_ring_slice(zone, ring, f, 0, &p);
        ngx_memcpy(&got, p, sizeof(uint64_t));

        if (got != seq) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
test_race(void)
{
    uint64_t             seq;
    ngx_uint_t           i;
    ngx_live_frame_t    *f, g;
    ngx_live_ring_sh_t  *ring;

    make_zone(16);
    ngx_memzero(&g, sizeof(ngx_live_frame_t));

    ring = ngx_live_ring_create(zone, 1, 1024, 8 * EXTENT);

    start_racer(ring, race_frame, ring);

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

    end_racer();

    ngx_live_ring_destroy(zone, ring);
}


int
main(void)
{
    shared = map(4096);

    is_int(sizeof(ngx_live_frame_t), 64, "size of an entry");

    test_create();
    test_write();
    test_wrap();
    test_full();
    test_pins();
    test_share();
    test_stress();
    test_race();

    return done_testing();
}
