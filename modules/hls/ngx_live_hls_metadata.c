
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_packager.h"
#include "ngx_live_emsg.h"


/* ticks: what is to be presented that much later is taken nevertheless */
#define NGX_LIVE_HLS_METADATA_AHEAD  (10 * 90000)


static ngx_uint_t ngx_live_hls_metadata_write(ngx_live_hls_track_t *t,
    ngx_live_hls_mux_buf_t *buf, size_t room, ngx_live_time_t start,
    ngx_live_time_t end);
static uint64_t ngx_live_hls_metadata_scale(ngx_live_time_t time,
    uint32_t scale);


ngx_uint_t
ngx_live_hls_metadata_add(ngx_live_hls_track_t *t,
    ngx_live_hls_mux_buf_t *buf, ngx_live_time_t start, ngx_live_time_t end)
{
    size_t                         room;
    ngx_uint_t                     n;
    ngx_live_hls_mux_buf_t         with;
    ngx_live_hls_packager_t       *p;
    ngx_live_metadata_queue_sh_t  *queue;

    p = t->packager;
    queue = &p->stream->sh->metadata;

    /* one of the tracks carries them, that whose pictures are seen */

    if (queue->n == 0 || buf->data == NULL
        || (ngx_uint_t) (t - p->tracks) != p->cut.leader
        || buf->size > t->r->ring->max_size)
    {
        return 0;
    }

    room = queue->size + queue->n * NGX_LIVE_EMSG_LEN;
    room = ngx_min(room, t->r->ring->max_size - buf->size);

    with.data = ngx_alloc(room + buf->size, p->stream->log);
    if (with.data == NULL) {
        return 0;
    }

    with.size = 0;

    n = ngx_live_hls_metadata_write(t, &with, room, start, end);

    if (n == 0) {
        ngx_free(with.data);
        return 0;
    }

    ngx_memcpy(with.data + with.size, buf->data, buf->size);
    with.size += buf->size;

    ngx_free(buf->data);
    *buf = with;

    return n;
}


static ngx_uint_t
ngx_live_hls_metadata_write(ngx_live_hls_track_t *t,
    ngx_live_hls_mux_buf_t *buf, size_t room, ngx_live_time_t start,
    ngx_live_time_t end)
{
    u_char                  *p, *last;
    uint32_t                 scale;
    ngx_uint_t               n;
    ngx_live_emsg_t          emsg;
    ngx_live_metadata_sh_t  *e;

    n = 0;
    p = buf->data;
    last = p + room;
    scale = ngx_live_hls_mux_timescale(t->mux);

    ngx_live_zone_lock(ngx_live_zone);

    for (e = t->packager->stream->sh->metadata.first; e; e = e->next) {

        if (e->time >= end && e->time < end + NGX_LIVE_HLS_METADATA_AHEAD) {
            break;
        }

        emsg.scheme.data = e->bytes;
        emsg.scheme.len = e->scheme;
        emsg.value.data = e->bytes + e->scheme;
        emsg.value.len = e->value;
        emsg.data.data = emsg.value.data + e->value;
        emsg.data.len = e->len;

        /* within the chunk that carries it, CMAF, 7.4.5 */

        emsg.timescale = scale;
        emsg.time = ngx_live_hls_metadata_scale(
                        (e->time > start && e->time < end) ? e->time : start,
                        scale);
        emsg.id = e->id;
        emsg.duration = NGX_LIVE_EMSG_UNKNOWN;

        if (e->duration > 0) {
            emsg.duration = ngx_min(
                             ngx_live_hls_metadata_scale(e->duration, scale),
                             NGX_LIVE_EMSG_UNKNOWN - 1);
        }

        p = ngx_live_emsg_write(p, last, &emsg);

        if (p == NULL) {
            break;
        }

        buf->size = p - buf->data;
        n++;
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return n;
}


/* rounded as the times of frames are */

static uint64_t
ngx_live_hls_metadata_scale(ngx_live_time_t time, uint32_t scale)
{
    time = ngx_max(time, 0);

    return time / 90000 * scale + (time % 90000 * scale + 45000) / 90000;
}
