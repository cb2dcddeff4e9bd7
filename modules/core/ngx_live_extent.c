
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_zone.h"


static void ngx_live_extent_free_locked(ngx_live_zone_sh_t *sh,
    uint32_t extent);


void
ngx_live_extent_init(ngx_live_zone_sh_t *sh)
{
    ngx_uint_t  i;

    ngx_memzero(sh->users, sh->nextents * sizeof(uint32_t));

    for (i = 0; i + 1 < sh->nextents; i++) {
        sh->next[i] = i + 1;
    }

    sh->next[i] = NGX_LIVE_EXTENT_NONE;
    sh->free = 0;
    sh->nfree = sh->nextents;
}


uint32_t
ngx_live_extent_alloc(ngx_live_zone_t *zone, uint32_t user)
{
    uint32_t             n;
    ngx_live_zone_sh_t  *sh;

    sh = zone->sh;

    ngx_live_zone_lock(zone);

    n = sh->free;

    if (n != NGX_LIVE_EXTENT_NONE) {
        sh->nfree--;
        sh->free = sh->next[n];

        /* who dies here has lost it: until it is swept, nobody has it */

        ngx_live_barrier();
        sh->users[n] = user;
    }

    ngx_live_zone_unlock(zone);

    return n;
}


void
ngx_live_extent_free(ngx_live_zone_t *zone, uint32_t extent)
{
    ngx_live_zone_lock(zone);
    ngx_live_extent_free_locked(zone->sh, extent);
    ngx_live_zone_unlock(zone);
}


static void
ngx_live_extent_free_locked(ngx_live_zone_sh_t *sh, uint32_t extent)
{
    sh->users[extent] = 0;
    sh->next[extent] = sh->free;

    ngx_live_barrier();

    sh->free = extent;
    sh->nfree++;
}


void
ngx_live_extent_sweep_locked(ngx_live_zone_sh_t *sh, uint32_t *users,
    ngx_uint_t n)
{
    uint32_t    i, first;
    ngx_uint_t  nfree;

    /* whoever sweeps may be killed as well: then the zone is full meanwhile */

    sh->free = NGX_LIVE_EXTENT_NONE;
    sh->nfree = 0;

    ngx_live_barrier();

    first = NGX_LIVE_EXTENT_NONE;
    nfree = 0;

    for (i = sh->nextents; i-- > 0; /* void */) {

        if (ngx_live_extent_user(sh->users[i], users, n)) {
            continue;
        }

        sh->users[i] = 0;
        sh->next[i] = first;
        first = i;
        nfree++;
    }

    ngx_live_barrier();

    sh->free = first;
    sh->nfree = nfree;
}


void
ngx_live_extent_release_locked(ngx_live_zone_sh_t *sh, uint32_t user)
{
    uint32_t  i;

    for (i = 0; i < sh->nextents; i++) {
        if (sh->users[i] == user) {
            ngx_live_extent_free_locked(sh, i);
        }
    }
}


ngx_uint_t
ngx_live_extent_user(uint32_t user, uint32_t *users, ngx_uint_t n)
{
    ngx_uint_t  low, high, i;

    low = 0;
    high = n;

    while (low < high) {
        i = (low + high) / 2;

        if (users[i] == user) {
            return user != 0;
        }

        if (users[i] < user) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return 0;
}
