
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Readers of a ring in processes of their own, as those of workers, while the
 * test writes: what they read is judged by the test's functions, and counted.
 */


#ifndef _NGX_UNIT_READERS_H_INCLUDED_
#define _NGX_UNIT_READERS_H_INCLUDED_


#include "ngx_unit_zone.h"


#define READERS  4


/* of "seq", which is pinned; 0: it is not what was written */
typedef ngx_uint_t (*unit_read_pt)(void *data, uint64_t seq);

/*
 * Pins the oldest and looks at it: NGX_OK, NGX_ERROR (it is not what was
 * written), NGX_DECLINED (it was gone), NGX_AGAIN (there is none)
 */
typedef ngx_int_t (*unit_race_pt)(void *data);


static struct {
    ngx_atomic_t           ready;
    ngx_atomic_t           done;
    ngx_atomic_t           started;         /* readers at a key */
    ngx_atomic_t           read;
    ngx_atomic_t           found;           /* by number */
    ngx_atomic_t           late;            /* those that were gone */
    ngx_atomic_t           corrupt;
    ngx_atomic_t           skipped;
} *shared;

static pid_t               readers[READERS];


static void
count(ngx_atomic_t *counter)
{
    (void) ngx_atomic_fetch_add(counter, 1);
}


/* starts at a key, reads all up to the head and is sometimes slow */

static void
reader(ngx_live_ring_sh_t *ring, ngx_uint_t slot, unit_read_pt read,
    void *data)
{
    uint64_t  seq, key, n;

    ngx_live_slot = slot;
    srandom(slot);
    seq = 0;

    count(&shared->ready);

    for (n = 0; !shared->done; n++) {

        if (seq == 0) {
            key = ring->key;

            if (key == 0 || ngx_live_ring_pin(ring, key) != NGX_OK) {
                if (key) {
                    count(&shared->late);
                }

                sched_yield();
                continue;
            }

            seq = key;
            count(&shared->started);
        }

        if (seq < ring->tail && random() % 2) {
            key = ring->key;

            if (key > seq) {
                seq = key;
                count(&shared->skipped);
            }
        }

        while (seq < ring->head) {
            ngx_live_barrier();

            if (random() % 64 == 0) {
                sched_yield();
            }

            if (!read(data, seq)) {
                count(&shared->corrupt);
            }

            count(&shared->read);
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
start_readers(ngx_live_ring_sh_t *ring, unit_read_pt read, void *data)
{
    ngx_uint_t  i;

    ngx_memzero(shared, 4096);

    for (i = 0; i < READERS; i++) {
        readers[i] = fork();

        if (readers[i] == 0) {
            reader(ring, i + 1, read, data);
        }
    }

    while (shared->ready < READERS) {
        sched_yield();
    }
}


/* the first one, in the middle of whatever it does */

static void
kill_reader(void)
{
    int  status;

    kill(readers[0], SIGKILL);
    waitpid(readers[0], &status, 0);

    ngx_shmtx_lock(&pool->mutex);
    ngx_live_ring_lost_slot_locked(zone, 1);
    ngx_shmtx_unlock(&pool->mutex);
}


/* that one is gone already */

static void
end_readers(ngx_live_ring_sh_t *ring)
{
    int         status;
    ngx_uint_t  i;

    shared->done = 1;

    for (i = 1; i < READERS; i++) {
        waitpid(readers[i], &status, 0);
        ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader %lu", i);
    }

    for (i = 1; i <= READERS; i++) {
        ring->pins[i] = NGX_LIVE_NO_PIN;
    }

    is_int(shared->corrupt, 0, "no reader saw a wrong byte");
    ok(shared->started > READERS, "they started again");
}


/* pins against the tail: one that takes what is about to be forgotten */

static void
start_racer(ngx_live_ring_sh_t *ring, unit_race_pt race, void *data)
{
    ngx_int_t  rc;

    ngx_memzero(shared, 4096);

    readers[0] = fork();

    if (readers[0] == 0) {
        ngx_live_slot = 1;
        shared->ready = 1;

        while (!shared->done) {
            rc = race(data);

            if (rc == NGX_AGAIN) {
                continue;
            }

            if (rc == NGX_DECLINED) {
                shared->late++;
                continue;
            }

            if (rc != NGX_OK) {
                shared->corrupt++;
            }

            shared->read++;
            ngx_live_ring_repin(ring, NGX_LIVE_NO_PIN);
        }

        _exit(0);
    }

    while (!shared->ready) {
        sched_yield();
    }
}


static void
end_racer(void)
{
    int  status;

    shared->done = 1;
    waitpid(readers[0], &status, 0);

    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader");

    printf("# %lu taken, %lu too late\n", shared->read, shared->late);

    is_int(shared->corrupt, 0, "a pin holds or is refused");
    ok(shared->read > 0, "some were held");
}


#endif /* _NGX_UNIT_READERS_H_INCLUDED_ */
