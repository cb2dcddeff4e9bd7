
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_zone.h"
#include "ngx_live_event.h"


static ngx_int_t ngx_live_zone_cut(ngx_live_zone_t *zone, ngx_log_t *log);


ngx_live_zone_t  *ngx_live_zone;


/*
 * The zone's lives: a new one is cut; at a reload the old contents go on;
 * a reload that would change it while streams run is refused when the
 * directive is read.
 */

ngx_int_t
ngx_live_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_live_zone_t  *ozone = data;

    size_t            len;
    ngx_live_zone_t  *zone;

    zone = shm_zone->data;
    zone->shm_zone = shm_zone;

    if (ozone) {
        zone->sh = ozone->sh;
        zone->shpool = ozone->shpool;
        return NGX_OK;
    }

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;
        return NGX_OK;
    }

    len = sizeof(" in live zone \"\"") + shm_zone->shm.name.len;

    zone->shpool->log_ctx = ngx_slab_alloc(zone->shpool, len);
    if (zone->shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(zone->shpool->log_ctx, " in live zone \"%V\"%Z",
                &shm_zone->shm.name);

    /* a full zone is counted and reported by those who wanted the memory */
    zone->shpool->log_nomem = 0;

    if (ngx_live_zone_cut(zone, shm_zone->shm.log) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "live zone \"%V\" is too small", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_zone_cut(ngx_live_zone_t *zone, ngx_log_t *log)
{
    size_t               size;
    ngx_uint_t           i;
    ngx_slab_pool_t     *shpool;
    ngx_live_zone_sh_t  *sh;

    shpool = zone->shpool;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_live_zone_sh_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->max_streams = zone->max_streams;

    sh->streams = ngx_slab_calloc(shpool,
                                  zone->max_streams * sizeof(void *));
    sh->events = ngx_slab_calloc(shpool, sizeof(ngx_live_event_ring_sh_t));

    if (sh->streams == NULL || sh->events == NULL) {
        return NGX_ERROR;
    }

    ((ngx_live_event_ring_sh_t *) sh->events)->head = 1;

    /* one eighth, at least a megabyte, stays with the slab allocator */

    size = shpool->pfree * ngx_pagesize;

    if (size < 3 * 1024 * 1024) {
        return NGX_ERROR;
    }

    size -= ngx_max(size / 8, 1024 * 1024);

    sh->nextents = size / NGX_LIVE_EXTENT_SIZE;

    sh->extents = ngx_slab_alloc(shpool,
                                 sh->nextents * NGX_LIVE_EXTENT_SIZE);
    sh->next = ngx_slab_alloc(shpool, sh->nextents * sizeof(uint32_t));
    sh->users = ngx_slab_alloc(shpool, sh->nextents * sizeof(uint32_t));

    if (sh->extents == NULL || sh->next == NULL || sh->users == NULL) {
        return NGX_ERROR;
    }

    ngx_live_extent_init(sh);

    ngx_rbtree_init(&sh->rbtree, &sh->sentinel, ngx_str_rbtree_insert_value);

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        ngx_queue_init(&sh->slots[i].sessions);
    }

    zone->sh = sh;
    shpool->data = sh;

    return NGX_OK;
}
