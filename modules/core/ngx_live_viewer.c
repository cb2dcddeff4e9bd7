
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_viewer.h"


/* places looked at for one hash; a table that is fuller counts too few */
#define NGX_LIVE_VIEWER_PROBES  16


typedef struct {
    uint32_t                   hash;     /* 0: never used */
    uint32_t                   until;    /* seconds of ngx_live_clock() */
} ngx_live_viewer_sh_t;


static ngx_live_viewer_sh_t *ngx_live_viewer_table(ngx_live_stream_sh_t *sh);


void
ngx_live_viewer_seen(ngx_live_stream_t *st, uint32_t hash, ngx_uint_t ttl)
{
    uint32_t               now;
    ngx_uint_t             i;
    ngx_live_viewer_sh_t  *v, *table, *place;

    table = ngx_live_viewer_table(st->sh);

    if (table == NULL) {
        return;
    }

    hash = hash ? hash : 1;
    now = (uint32_t) (ngx_live_clock() / 1000);
    place = NULL;

    for (i = 0; i < NGX_LIVE_VIEWER_PROBES; i++) {
        v = &table[(hash + i) % NGX_LIVE_VIEWERS];

        if (v->hash == hash) {
            place = v;
            break;
        }

        if (place == NULL && v->until < now) {
            place = v;
        }
    }

    if (place) {
        place->hash = hash;
        place->until = now + ttl;
    }
}


static ngx_live_viewer_sh_t *
ngx_live_viewer_table(ngx_live_stream_sh_t *sh)
{
    uint32_t  extent;

    if (sh->viewer_table == 0) {

        extent = ngx_live_extent_alloc(ngx_live_zone,
                                       ngx_live_zone_user(sh->uid));

        if (extent == NGX_LIVE_EXTENT_NONE) {
            return NULL;
        }

        ngx_memzero(ngx_live_extent_addr(ngx_live_zone, extent),
                    NGX_LIVE_EXTENT_SIZE);

        /* two workers may meet the first viewer at the same time */

        if (!ngx_atomic_cmp_set(&sh->viewer_table, 0, extent + 1)) {
            ngx_live_extent_free(ngx_live_zone, extent);
        }
    }

    return (ngx_live_viewer_sh_t *)
               ngx_live_extent_addr(ngx_live_zone, sh->viewer_table - 1);
}


void
ngx_live_viewer_count(ngx_live_stream_sh_t *sh)
{
    uint32_t               now;
    ngx_uint_t             i, n;
    ngx_live_viewer_sh_t  *table;

    if (sh->viewer_table == 0) {
        return;
    }

    table = ngx_live_viewer_table(sh);
    now = (uint32_t) (ngx_live_clock() / 1000);

    for (n = 0, i = 0; i < NGX_LIVE_VIEWERS; i++) {
        n += (table[i].until >= now);
    }

    sh->viewers[NGX_LIVE_DOOR_HLS] = n;
}
