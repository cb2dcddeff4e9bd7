
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Extents and whose they are, also after a process was killed that had some
 * in its hands.
 */


#include "ngx_unit_zone.h"

#include <sys/ptrace.h>


#define DEATHS   12          /* for each time that the mutex is locked */
#define STEPS    180         /* within so many instructions */


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
    test_users();
    test_death();

    return done_testing();
}
