
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_metadata.h"
#include "ngx_live_stream.h"


static ngx_int_t ngx_live_metadata_put_locked(ngx_live_stream_sh_t *sh,
    ngx_live_metadata_t *m);
static void ngx_live_metadata_drop_locked(
    ngx_live_metadata_queue_sh_t *queue);


ngx_int_t
ngx_live_metadata_put(ngx_str_t *key, ngx_live_metadata_t *m)
{
    ngx_int_t              rc;
    ngx_live_stream_sh_t  *sh;

    if (ngx_live_zone == NULL) {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;

    ngx_live_zone_lock(ngx_live_zone);

    sh = ngx_live_stream_named_locked(key);

    if (sh && sh->metadata.wanted && sh->state != NGX_LIVE_STREAM_ENDED) {
        rc = ngx_live_metadata_put_locked(sh, m);

        if (rc != NGX_OK) {
            sh->metadata.dropped++;
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return rc;
}


static ngx_int_t
ngx_live_metadata_put_locked(ngx_live_stream_sh_t *sh, ngx_live_metadata_t *m)
{
    u_char                         *p;
    size_t                          size;
    ngx_live_metadata_sh_t         *e, **last;
    ngx_live_metadata_queue_sh_t   *queue;

    queue = &sh->metadata;

    if (m->scheme.len > NGX_LIVE_METADATA_URI_MAX
        || m->value.len > NGX_LIVE_METADATA_URI_MAX
        || queue->n >= NGX_LIVE_METADATA_MAX || queue->size >= queue->limit
        || m->data.len > queue->limit - queue->size)
    {
        return NGX_ERROR;
    }

    size = m->scheme.len + m->value.len + m->data.len;

    if (size > queue->limit - queue->size) {
        return NGX_ERROR;
    }

    e = ngx_live_zone_alloc_locked(ngx_live_zone,
                             offsetof(ngx_live_metadata_sh_t, bytes) + size);
    if (e == NULL) {
        return NGX_ERROR;
    }

    e->id = m->id;
    e->len = m->data.len;
    e->scheme = m->scheme.len;
    e->value = m->value.len;
    e->duration = m->duration;
    e->time = (m->time == NGX_LIVE_METADATA_NOW) ? ngx_live_stream_time(sh)
                                                 : m->time;

    p = ngx_cpymem(e->bytes, m->scheme.data, m->scheme.len);
    p = ngx_cpymem(p, m->value.data, m->value.len);
    ngx_memcpy(p, m->data.data, m->data.len);

    for (last = &queue->first; *last; last = &(*last)->next) { /* void */ }

    /* last: a worker that is killed before leaves the queue as it was */

    queue->size += size;
    queue->n++;
    *last = e;

    return NGX_OK;
}


void
ngx_live_metadata_want(ngx_live_stream_sh_t *sh, ngx_uint_t on)
{
    ngx_live_zone_lock(ngx_live_zone);

    sh->metadata.wanted = on;

    if (!on) {
        while (sh->metadata.first) {
            ngx_live_metadata_drop_locked(&sh->metadata);
            sh->metadata.dropped++;
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);
}


void
ngx_live_metadata_remove(ngx_live_stream_sh_t *sh, ngx_uint_t n)
{
    ngx_live_zone_lock(ngx_live_zone);

    for ( /* void */ ; n && sh->metadata.first; n--) {
        ngx_live_metadata_drop_locked(&sh->metadata);
        sh->metadata.taken++;
    }

    ngx_live_zone_unlock(ngx_live_zone);
}


static void
ngx_live_metadata_drop_locked(ngx_live_metadata_queue_sh_t *queue)
{
    size_t                   size;
    ngx_live_metadata_sh_t  *e;

    e = queue->first;
    size = (size_t) e->scheme + e->value + e->len;

    queue->first = e->next;

    /* the counters may be off by one that a killed worker has left */

    if (queue->first) {
        queue->n -= ngx_min(queue->n, 1);
        queue->size -= ngx_min(queue->size, size);

    } else {
        queue->n = 0;
        queue->size = 0;
    }

    ngx_live_zone_free_locked(ngx_live_zone, e);
}


void
ngx_live_metadata_free_locked(ngx_live_stream_sh_t *sh)
{
    while (sh->metadata.first) {
        ngx_live_metadata_drop_locked(&sh->metadata);
    }
}
