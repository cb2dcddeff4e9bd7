
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_unit_readers.h"
#include "ngx_live_packet_ring.h"


#define PER      NGX_LIVE_PACKETS_PER_EXTENT
#define KEY      NGX_LIVE_PACKET_KEY

#define PACKETS  60000
#define RACES    1000000

/* numbers are not those of the ring, and begin anywhere */
#define NUMBER   0x123456789aull


static int64_t  now;

static u_char
octet(uint64_t number, uint32_t i)
{
    return (u_char) (number * 37 + i * 11 + (i >> 8) * 5);
}


static size_t
size_of(uint64_t number)
{
    return number % 16 == 0 ? NGX_LIVE_PACKET_MAX
                            : (number * 2654435761u >> 7) % 1300;
}


static ngx_live_packet_t *
add_size(ngx_live_packet_ring_sh_t *pr, uint64_t number, ngx_uint_t flags,
    size_t size)
{
    size_t             i;
    ngx_live_packet_t  p;

    ngx_memzero(&p, sizeof(ngx_live_packet_t));

    p.number = number;
    p.time = number * 3000;
    p.received = now;
    p.flags = flags;

    for (i = 0; i < size; i++) {
        scratch[i] = octet(number, i);
    }

    return ngx_live_packet_ring_write(zone, pr, &p, scratch, size);
}


static ngx_live_packet_t *
add(ngx_live_packet_ring_sh_t *pr, uint64_t number, ngx_uint_t flags)
{
    return add_size(pr, number, flags, size_of(number));
}


static ngx_uint_t
intact(ngx_live_packet_t *p)
{
    size_t   i;
    u_char  *data;

    if (p->time != (ngx_live_time_t) p->number * 3000
        || p->size != size_of(p->number))
    {
        return 0;
    }

    data = ngx_live_packet_data(p);

    for (i = 0; i < p->size; i++) {
        if (data[i] != octet(p->number, i)) {
            return 0;
        }
    }

    return 1;
}


/* found, intact, and of that seq; pins are given back */

static ngx_uint_t
found(ngx_live_packet_ring_sh_t *pr, uint64_t number, uint64_t seq)
{
    uint64_t            pin;
    ngx_uint_t          rc;
    ngx_live_packet_t  *p;

    pin = pr->ring.pins[ngx_live_slot];

    rc = ngx_live_packet_ring_find(zone, pr, number, &p) == NGX_OK
         && p->number == number && p->seq == seq && intact(p);

    ngx_live_ring_repin(&pr->ring, pin);

    return rc;
}


static ngx_uint_t
gone(ngx_live_packet_ring_sh_t *pr, uint64_t number)
{
    uint64_t            pin;
    ngx_live_packet_t  *p;

    pin = pr->ring.pins[ngx_live_slot];

    return ngx_live_packet_ring_find(zone, pr, number, &p) == NGX_DECLINED
           && pr->ring.pins[ngx_live_slot] == pin;
}


static void
destroyed(ngx_live_packet_ring_sh_t *pr)
{
    ngx_live_packet_ring_destroy(zone, pr);

    is_int(zone->sh->nfree, zone->sh->nextents, "all extents came back");
    is_int(*allocated, 0, "so did the slab's blocks");
    is_int(zone->sh->nrings, 0, "no ring");
}


static void
test_create(void)
{
    ngx_uint_t                  i, blocks;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(EXTENTS);

    pr = ngx_live_packet_ring_create(zone, 1, 1, 1000);

    is_int(pr->npackets, NGX_LIVE_PACKET_RING_MIN, "a least number");
    is_int(pr->mask, 63, "index of what may be held");
    is_int(zone->sh->nfree, EXTENTS, "no extent before there are packets");
    is_int(ngx_live_ring_memory(&pr->ring), 0, "no memory");
    is_int(zone->sh->nrings, 1, "counted");
    ok(gone(pr, 0) && gone(pr, 1) && gone(pr, NUMBER)
       && gone(pr, 0xffffffffffffffffull), "empty");

    destroyed(pr);

    pr = ngx_live_packet_ring_create(zone, 1, 1000000, 1000);

    is_int(pr->npackets, NGX_LIVE_PACKET_RING_MAX, "a largest number");

    destroyed(pr);

    make_zone(EXTENTS);

    for (i = 0; ; i++) {
        blocks = *allocated;

        if (ngx_live_packet_ring_create(zone, 1, 16384, 1000) == NULL) {
            break;
        }
    }

    ok(i > 0, "slab is full");
    is_int(*allocated, blocks, "no block is lost");
    is_int(zone->sh->nrings, i, "no ring is left of it");
}


static void
test_write(void)
{
    ngx_uint_t                  i;
    ngx_live_packet_t          *p, t;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(EXTENTS);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 1000, 1000);

    ok(add(pr, NUMBER - 1, 0) == NULL, "nothing before the first key");
    is_int(pr->ring.dropped, 0, "which is no loss");
    is_int(zone->sh->nfree, EXTENTS, "nor memory");

    p = add(pr, NUMBER, KEY|NGX_LIVE_PACKET_START);

    is_int(p->seq, 1, "the first is 1");
    is_int(p->flags, KEY|NGX_LIVE_PACKET_START|NGX_LIVE_PACKET_DISCONT,
           "begins something");
    is_int(pr->ring.head, 2, "head");
    is_int(pr->ring.key, 1, "key");
    is_int(ngx_live_ring_memory(&pr->ring), EXTENT, "an extent");
    is_int((size_t) p % 64, 0, "header is a cache line");

    ok(found(pr, NUMBER, 1), "found by its number");
    ok(gone(pr, 1) && gone(pr, NUMBER - 1) && gone(pr, NUMBER + 1),
       "no other one");
    ok(gone(pr, NUMBER + 1024) && gone(pr, NUMBER & 0xffffffff),
       "nor one of the same place in the index");

    p = add(pr, NUMBER + 1, 0);

    is_int(p->flags, 0, "flags as they were given");
    is_int(pr->ring.key, 1, "no key");

    ok(add_size(pr, NUMBER + 2, 0, NGX_LIVE_PACKET_MAX + 1) == NULL,
       "too large");
    is_int(pr->ring.dropped, 1, "counted");

    /* in two steps */

    ngx_memzero(&t, sizeof(ngx_live_packet_t));
    t.number = NUMBER + 16 * 3;
    t.time = t.number * 3000;
    t.received = now;

    p = ngx_live_packet_ring_reserve(zone, pr, &t, NGX_LIVE_PACKET_MAX);

    is_int(pr->ring.head, 3, "nobody sees what is reserved");
    ok(gone(pr, t.number), "nor finds it");

    p = ngx_live_packet_ring_reserve(zone, pr, &t, NGX_LIVE_PACKET_MAX);

    is_int(p->seq, 3, "it was forgotten");

    p->size = size_of(t.number);

    for (i = 0; i < p->size; i++) {
        ngx_live_packet_data(p)[i] = octet(t.number, i);
    }

    ngx_live_packet_ring_commit(pr, p);

    ok(found(pr, t.number, 3), "a smaller one was committed");

    /* what comes late, and what comes twice */

    ok(add(pr, NUMBER + 5, 0) && add(pr, NUMBER + 3, 0)
       && add(pr, NUMBER + 4, 0), "another order");
    ok(found(pr, NUMBER + 3, 5) && found(pr, NUMBER + 4, 6)
       && found(pr, NUMBER + 5, 4), "found by number");
    ok(add(pr, NUMBER + 3, 0) && found(pr, NUMBER + 3, 7), "newest of two");

    /* another writer */

    ngx_live_packet_ring_writer(pr, 7);

    ok(add(pr, NUMBER + 100, 0) == NULL, "it begins with a key");
    is_int(pr->ring.dropped, 1, "not counted");

    p = add(pr, NUMBER + 101, KEY);

    is_int(p->flags, KEY|NGX_LIVE_PACKET_DISCONT, "it begins");
    is_int(p->seq, 8, "and goes on");
    is_int(pr->ring.key, 8, "key");

    ngx_live_packet_ring_writer(pr, 7);

    ok(add(pr, NUMBER + 102, 0) != NULL, "the same writer");
    ok(found(pr, NUMBER, 1), "the old ones are there");

    destroyed(pr);
}


/* many times round: seq, slots, index, and both edges of what is held */

static void
test_wrap(void)
{
    uint64_t                    n;
    ngx_uint_t                  bad, edge, most;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(EXTENTS);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 300, 1000000);

    is_int(pr->ring.mask, 15, "sixteen extents");

    bad = 0;
    edge = 0;
    most = 0;

    for (n = 0; n < 20000; n++) {

        if (add(pr, NUMBER + n, n == 0 ? KEY : 0) == NULL
            || !found(pr, NUMBER + n, n + 1)
            || !gone(pr, NUMBER + n + 1))
        {
            bad++;
        }

        if (n >= 300
            && (!found(pr, NUMBER + n - 299, n - 298)
                || !gone(pr, NUMBER + n - 300)))
        {
            edge++;
        }

        most = ngx_max(most, ngx_live_ring_memory(&pr->ring));
    }

    is_int(bad, 0, "20000 packets are found when they come");
    is_int(edge, 0, "the last 300 of them, no more and no less");
    is_int(pr->ring.head, 20001, "head");
    is_int(pr->ring.tail, 20001 - 300, "tail");
    is_int(pr->ring.key, 0, "the key went with the others");
    ok(most <= 9 * EXTENT, "%lu extents at most", most / EXTENT);
    is_int((EXTENTS - zone->sh->nfree) * EXTENT,
           ngx_live_ring_memory(&pr->ring), "memory is what was taken");

    /* of seq the index has 32 bits */

    ngx_live_packet_ring_clear(zone, pr);

    is_int(zone->sh->nfree, EXTENTS, "empty");

    pr->ring.head = 0xffffffffull - 100;
    pr->ring.tail = pr->ring.head;
    pr->ring.freed = pr->ring.head;
    pr->ring.first = ((pr->ring.head / PER) << NGX_LIVE_EXTENT_SHIFT)
                     + pr->ring.head % PER * NGX_LIVE_PACKET_SLOT;
    pr->ring.pos = pr->ring.first;

    for (n = 0; n < 400; n++) {
        bad += add(pr, NUMBER + 50000 + n, 0) == NULL;
        bad += !found(pr, NUMBER + 50000 + n, 0xffffffffull - 100 + n);
        bad += n > 200 && !found(pr, NUMBER + 50000 + n - 200,
                                 0xffffffffull - 300 + n);
    }

    is_int(bad, 0, "found when seq grows beyond 32 bits");
    ok(pr->ring.head > 0xffffffffull, "which it did");

    /* numbers as hostile as they can be */

    for (n = 0; n < 2000; n++) {
        bad += add(pr, n * 512, 0) == NULL;
        bad += !found(pr, n * 512, pr->ring.head - 1);
    }

    is_int(bad, 0, "the newest of one place in the index is found");
    ok(gone(pr, 1998 * 512), "the one before is not");

    destroyed(pr);
}


static void
test_time(void)
{
    ngx_uint_t                  i;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(EXTENTS);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 1000, 1000);

    is_int(ngx_live_packet_ring_growth(pr), 25 * EXTENT, "it may be filled");

    /* audio: all are keys, 50 a second */

    for (i = 0; i < 500; i++) {
        add(pr, i, KEY);
        now += 20;
    }

    is_int(pr->ring.head - pr->ring.tail, 51, "a second of them");
    ok(found(pr, 449, 450) && gone(pr, 448), "found to that edge");
    ok(ngx_live_ring_memory(&pr->ring) <= 3 * EXTENT, "little memory");
    is_int(ngx_live_ring_memory(&pr->ring) + ngx_live_packet_ring_growth(pr),
           3 * EXTENT, "and little more is expected");

    /* time alone makes them old, but not the newest key */

    ngx_live_packet_ring_expire(zone, pr, now + 480);
    is_int(pr->ring.head - pr->ring.tail, 26, "half of them");

    ngx_live_packet_ring_expire(zone, pr, now + 100000);
    is_int(pr->ring.head - pr->ring.tail, 1, "the newest key stays");
    is_int(pr->ring.key, 500, "to begin with");

    ngx_live_packet_ring_clear(zone, pr);
    is_int(pr->ring.head, pr->ring.tail, "all is forgotten");
    is_int(pr->ring.key, 0, "no key");
    is_int(zone->sh->nfree, EXTENTS, "no memory");
    ok(gone(pr, 499), "nothing is found");
    is_int(ngx_live_packet_ring_growth(pr), 25 * EXTENT, "it may be filled");

    /* it goes on in the middle of an extent */

    add(pr, 500, 0);
    is_int(pr->ring.head, 502, "goes on");
    is_int(zone->sh->nfree, EXTENTS - 1, "with an extent");
    ok(found(pr, 500, 501), "found");

    /* video: a key every two seconds is longer than the window */

    for (i = 0; i < 600; i++) {
        add(pr, 1000 + i, i % 200 == 0 ? KEY : 0);
        now += 10;
    }

    is_int(pr->ring.head - pr->ring.key, 200, "newest key");
    is_int(pr->ring.tail, pr->ring.key, "is the oldest packet");

    /* and then none any more: three quarters of the ring */

    for ( /* void */ ; i < 400 + 749; i++) {
        add(pr, 1000 + i, 0);
        now += 10;
    }

    is_int(pr->ring.tail, pr->ring.key, "as long as it is possible");
    is_int(ngx_live_ring_memory(&pr->ring) + ngx_live_packet_ring_growth(pr),
           (uint64_t) ((750 + 187 + PER - 1) / PER + 1) * EXTENT,
           "as much is expected again");

    for (i = 0; i < 2; i++) {
        add(pr, 3000 + i, 0);
    }

    is_int(pr->ring.key, 0, "then no longer");
    is_int(pr->ring.head - pr->ring.tail, 102, "a second is left");
    ok(ngx_live_ring_memory(&pr->ring) <= 4 * EXTENT, "memory was freed");

    /* a clock that jumps */

    now -= 3600000;

    for (i = 0; i < 5000; i++) {
        add(pr, 5000 + i, 0);
        now += 10;
    }

    is_int(pr->ring.head - pr->ring.tail, 101, "back: it recovers");

    now += 3600000;
    add(pr, 20000, 0);

    is_int(pr->ring.head - pr->ring.tail, 1, "forward: all are old");

    destroyed(pr);
}


static void
test_pins(void)
{
    ngx_uint_t                  i;
    ngx_live_packet_t          *p;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(EXTENTS);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 200, 1000);

    for (i = 1; i <= 150; i++) {
        add(pr, i, i == 1 || i == 101 ? KEY : 0);
    }

    /* a reader at the newest key, who looks for an older one */

    ngx_live_slot = 3;

    is_int(ngx_live_ring_pin(&pr->ring, pr->ring.key), NGX_OK, "pinned");
    is_int(ngx_live_packet_ring_find(zone, pr, 50, &p), NGX_OK, "found");
    is_int(pr->ring.pins[3], 50, "it is pinned, too");

    ngx_live_slot = 0;
    now += 10000;

    add(pr, 151, KEY);

    is_int(pr->ring.tail, 101, "the others are forgotten");

    add(pr, 152, 0);

    is_int(pr->ring.tail, 151, "up to the next key");
    is_int(pr->ring.freed, 50, "memory from the lowest pin on is not");
    ok(intact(p) && p->number == 50, "not overwritten");
    ok(gone(pr, 50), "but found no more");

    ngx_live_slot = 3;
    ngx_live_ring_repin(&pr->ring, 151);
    ok(gone(pr, 50), "not by the reader either");
    ok(found(pr, 151, 151), "who finds others");

    ngx_live_slot = 0;
    ngx_live_packet_ring_clear(zone, pr);
    is_int(pr->ring.freed, 151, "freed");
    ok(ngx_live_ring_memory(&pr->ring) == EXTENT, "except for an extent");

    /* one who stands: the writer drops up to a key, and overwrites nothing */

    for (i = 153; add(pr, i, 0); i++) { /* void */ }

    is_int(pr->ring.head - pr->ring.freed, 242, "all is pinned");
    is_int(pr->ring.dropped, 1, "dropped");
    ok(pr->ring.tail > 151, "its slot is behind the tail: too slow");
    is_int(pr->ring.key, 0, "no key");

    add(pr, i + 1, 0);
    add(pr, i + 2, KEY);
    is_int(pr->ring.dropped, 3, "a key, too");

    p = ngx_live_packet_ring_entry(zone, pr, 151);
    ok(intact(p) && p->number == 151, "the oldest is intact");

    ngx_live_slot = 3;
    ngx_live_ring_repin(&pr->ring, pr->ring.head);
    ngx_live_slot = 0;

    ok(add(pr, i + 3, 0) == NULL, "it came, but no key has");

    p = add(pr, i + 4, KEY);
    is_int(p->flags, KEY|NGX_LIVE_PACKET_DROPPED, "with the next one");
    is_int(pr->ring.dropped, 4, "counted");
    ok(add(pr, i + 5, 0) != NULL, "it goes on");

    /* its worker dies */

    for ( /* void */ ; add(pr, i + 6, 0); i++) { /* void */ }

    ngx_live_ring_lost_slot_locked(zone, 3);

    ok(add(pr, i + 7, KEY) != NULL, "a lost slot holds nothing");

    /* all but the last one are gone then */

    ngx_live_packet_ring_clear(zone, pr);
    is_int(zone->sh->nfree, EXTENTS, "no memory is held");

    destroyed(pr);
}


/* a zone without memory: the past is shortened, then it begins with a key */

static void
test_full(void)
{
    ngx_uint_t                  i, n;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(8);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 4000, 100000);

    add(pr, 1, KEY);

    for (i = 2; i < 300; i++) {
        add(pr, i, 0);
    }

    add(pr, 300, KEY);

    for (i = 301; add(pr, i, 0); i++) { /* void */ }

    is_int(zone->sh->nfree, 0, "zone is full");
    is_int(pr->ring.tail, 300, "shortened to the key");
    ok(i > 300 + 6 * PER, "all memory was used: %lu packets", i - 300);
    is_int(pr->ring.dropped, 1, "dropped");

    ok(add(pr, i, 0) == NULL, "up to the next key");
    n = i + 1;

    ok(add(pr, n, KEY) != NULL, "which takes the memory of all others");
    is_int(pr->ring.head - pr->ring.tail, 1, "it is alone");
    is_int(ngx_live_ring_memory(&pr->ring), EXTENT, "memory");
    is_int(pr->ring.dropped, 2, "counted");
    ok(found(pr, n, pr->ring.key), "found");

    destroyed(pr);
}


static ngx_uint_t
read_packet(void *data, uint64_t seq)
{
    uint64_t                    number;
    ngx_uint_t                  rc;
    ngx_live_packet_t          *p;
    ngx_live_packet_ring_sh_t  *pr;

    pr = data;
    p = ngx_live_packet_ring_entry(zone, pr, seq);

    rc = p->seq == seq && intact(p);

    /* somebody lost one that was sent before */

    number = p->number - random() % 300;

    if (ngx_live_packet_ring_find(zone, pr, number, &p) == NGX_OK) {

        if (random() % 8 == 0) {
            sched_yield();
        }

        rc = rc && p->number == number && intact(p);

        count(&shared->found);
    }

    return rc;
}


static void
test_stress(void)
{
    uint64_t                    number;
    ngx_uint_t                  i;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(20);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 400, 500);

    start_readers(&pr->ring, read_packet, pr);

    number = NUMBER;

    for (i = 0; i < PACKETS; i++) {

        /* losses, and pairs in the wrong order */

        number += (i % 97 == 0) ? 3 : 1;

        if (add(pr, i % 31 < 2 ? number ^ 1 : number, i % 50 == 0 ? KEY : 0)
            == NULL)
        {
            sched_yield();
        }

        if (i % 4 == 0) {
            now++;
        }

        if (i % 128 == 0) {
            sched_yield();
        }

        if (i == PACKETS / 2) {
            kill_reader();
        }
    }

    end_readers(&pr->ring);

    printf("# %lu packets read, %lu found by number, %lu starts, %lu skips, "
           "%lu of %d dropped\n", shared->read, shared->found,
           shared->started, shared->skipped, (ngx_uint_t) pr->ring.dropped,
           PACKETS);

    ok(shared->read > PACKETS / 10, "they read");
    ok(shared->found > PACKETS / 20, "they found others by number");

    ngx_live_packet_ring_clear(zone, pr);
    is_int(zone->sh->nfree, 20, "nothing is held");

    destroyed(pr);
}


/*
 * A writer that is killed anywhere leaves a ring that another one continues,
 * and that readers can go on with.
 */

static void
test_writer(void)
{
    int                         status;
    pid_t                       pid;
    uint64_t                    seq;
    ngx_uint_t                  round, bad, wait;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(EXTENTS);
    ngx_memzero(shared, 4096);
    now = 1000000;

    pr = ngx_live_packet_ring_create(zone, 1, 200, 500);
    bad = 0;

    for (round = 1; round <= 40; round++) {
        shared->ready = 0;
        pid = fork();

        if (pid == 0) {
            ngx_live_slot = 1;
            ngx_live_packet_ring_writer(pr, round);

            for ( ;; ) {
                (void) add(pr, pr->ring.head + NUMBER,
                           pr->ring.head % 100 == 0 || pr->fresh ? KEY : 0);
                shared->ready++;
                now++;
            }
        }

        for (wait = round * 50; shared->ready < wait; /* void */ ) {
            sched_yield();
        }

        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);

        /* it may have had the mutex, which nginx's master would release */

        *mutex = 0;

        for (seq = pr->ring.tail; seq < pr->ring.head; seq++) {
            if (!found(pr, seq + NUMBER, seq)) {
                bad++;
            }
        }

        if (!gone(pr, pr->ring.head + NUMBER)) {
            bad++;
        }
    }

    is_int(bad, 0, "%lu packets of 40 writers, all of them killed",
           (ngx_uint_t) pr->ring.head);
    is_int(pr->ring.dropped, 0, "none was dropped");

    /* what one has lost, between the list and the ring, is found */

    ngx_live_ring_sweep_locked(zone, NULL, 0);

    is_int(zone->sh->nfree, EXTENTS, "all extents came back");
    is_int(*allocated, 0, "so did the slab's blocks");
    is_int(zone->sh->nrings, 0, "no ring");
}


static ngx_int_t
race_packet(void *data)
{
    uint64_t                    number;
    ngx_uint_t                  i;
    ngx_live_packet_t          *p;
    ngx_live_packet_ring_sh_t  *pr;

    pr = data;
    number = pr->ring.tail + NUMBER;

    if (ngx_live_packet_ring_find(zone, pr, number, &p) != NGX_OK) {
        return NGX_DECLINED;
    }

    for (i = 0; i < 20; i++) {
        if (p->number != number
            || *(uint64_t *) ngx_live_packet_data(p) != number)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
test_race(void)
{
    uint64_t                    number;
    ngx_uint_t                  i;
    ngx_live_packet_t           t;
    ngx_live_packet_ring_sh_t  *pr;

    make_zone(16);
    ngx_memzero(&t, sizeof(ngx_live_packet_t));

    /* no extent is kept for longer than it must be */

    pr = ngx_live_packet_ring_create(zone, 1, 64, 0);
    t.flags = KEY;

    start_racer(&pr->ring, race_packet, pr);

    for (i = 0; i < RACES; i++) {
        number = pr->ring.head + NUMBER;
        t.number = number;
        t.received = i;

        (void) ngx_live_packet_ring_write(zone, pr, &t, (u_char *) &number,
                                          8);
    }

    end_racer();

    destroyed(pr);
}


int
main(void)
{
    shared = map(4096);

    is_int(sizeof(ngx_live_packet_t), 64, "size of a header");
    is_int(PER, 42, "packets of an extent");

    test_create();
    test_write();
    test_wrap();
    test_time();
    test_pins();
    test_full();
    test_stress();
    test_writer();
    test_race();

    return done_testing();
}
