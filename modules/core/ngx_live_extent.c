
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_zone.h"


void
ngx_live_extent_init(ngx_live_zone_sh_t *sh)
{
    ngx_uint_t  i;

    for (i = 0; i + 1 < sh->nextents; i++) {
        sh->next[i] = i + 1;
    }

    sh->next[i] = NGX_LIVE_EXTENT_NONE;
    sh->free = 0;
    sh->nfree = sh->nextents;
}


uint32_t
ngx_live_extent_alloc(ngx_live_zone_t *zone)
{
    uint32_t             n;
    ngx_live_zone_sh_t  *sh;

    sh = zone->sh;

    ngx_live_zone_lock(zone);

    n = sh->free;

    if (n != NGX_LIVE_EXTENT_NONE) {
        sh->nfree--;
        sh->free = sh->next[n];
    }

    ngx_live_zone_unlock(zone);

    return n;
}


void
ngx_live_extent_free(ngx_live_zone_t *zone, uint32_t extent)
{
    ngx_live_zone_sh_t  *sh;

    sh = zone->sh;

    ngx_live_zone_lock(zone);

    sh->next[extent] = sh->free;
    sh->free = extent;
    sh->nfree++;

    ngx_live_zone_unlock(zone);
}
