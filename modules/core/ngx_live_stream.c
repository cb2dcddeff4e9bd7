
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_stream.h"
#include "ngx_live_packets.h"
#include "ngx_live_name.h"
#include "ngx_live_publish.h"
#include "ngx_live_reader.h"
#include "ngx_live_worker.h"


/* frames per second of all tracks that a ring is laid out for */
#define NGX_LIVE_STREAM_FRAMES  300

/* bits per second of a stream that has not been measured yet */
#define NGX_LIVE_STREAM_RATE    2500000

/* ms by which a group of pictures goes beyond the buffer */
#define NGX_LIVE_STREAM_GROUP   2000


static ngx_live_stream_t *ngx_live_stream_handle(ngx_live_stream_sh_t *sh);
static ngx_live_stream_sh_t *ngx_live_stream_alloc_locked(
    ngx_live_app_conf_t *app, ngx_str_t *name, uint64_t uid,
    ngx_live_ring_sh_t *ring);
static ngx_uint_t ngx_live_stream_fits(ngx_live_app_conf_t *app);
static uint64_t ngx_live_stream_growth(ngx_live_stream_sh_t *sh);
static ngx_str_node_t *ngx_live_stream_lookup_locked(ngx_str_t *app,
    ngx_str_t *name);
static void ngx_live_stream_free(ngx_live_stream_sh_t *sh);
static ngx_uint_t ngx_live_stream_unused_locked(ngx_live_stream_sh_t *sh);
static void ngx_live_stream_unlink_locked(ngx_live_stream_sh_t *sh);
static void ngx_live_stream_ring_slots(ngx_live_stream_t *st,
    ngx_uint_t word, ngx_atomic_uint_t slots);
static void ngx_live_stream_call_watchers(ngx_live_stream_t *st);


/* handles, by index */
static ngx_live_stream_t  *ngx_live_streams[NGX_LIVE_STREAMS_MAX];
static ngx_uint_t          ngx_live_nmodules;


#define ngx_live_slot_word  (ngx_live_slot / 64)
#define ngx_live_slot_bit   ((ngx_atomic_uint_t) 1 << (ngx_live_slot % 64))


ngx_int_t
ngx_live_stream_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    ngx_live_nmodules = 0;

    for (i = 0; cycle->modules[i]; i++) {
        if (cycle->modules[i]->type == NGX_LIVE_MODULE) {
            ngx_live_nmodules++;
        }
    }

    return NGX_OK;
}


ngx_live_stream_t *
ngx_live_stream_find(ngx_str_t *app, ngx_str_t *name)
{
    ngx_str_node_t        *sn;
    ngx_live_stream_sh_t  *sh;

    if (ngx_live_zone == NULL) {
        return NULL;
    }

    ngx_live_zone_lock(ngx_live_zone);

    sn = ngx_live_stream_lookup_locked(app, name);

    if (sn == NULL) {
        ngx_live_zone_unlock(ngx_live_zone);
        return NULL;
    }

    sh = (ngx_live_stream_sh_t *) sn;

    /* from here on it is not freed */

    ngx_live_atomic_or(&sh->interest[ngx_live_slot_word], ngx_live_slot_bit);

    ngx_live_zone_unlock(ngx_live_zone);

    return ngx_live_stream_handle(sh);
}


ngx_live_stream_t *
ngx_live_stream_open_index(ngx_uint_t index)
{
    ngx_live_stream_sh_t  *sh;

    ngx_live_zone_lock(ngx_live_zone);

    sh = ngx_live_zone->sh->streams[index];

    if (sh) {
        ngx_live_atomic_or(&sh->interest[ngx_live_slot_word],
                           ngx_live_slot_bit);
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return sh ? ngx_live_stream_handle(sh) : NULL;
}


ngx_live_stream_t *
ngx_live_stream_next_ended(ngx_str_t *app, ngx_str_t *name, ngx_uint_t *i)
{
    u_char                 buf[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t              key;
    const char            *reason;
    ngx_live_stream_sh_t  *sh;

    if (ngx_live_zone == NULL
        || ngx_live_name_key(app, name, buf, &key, &reason) != NGX_OK)
    {
        return NULL;
    }

    ngx_live_zone_lock(ngx_live_zone);

    for (sh = NULL; *i < ngx_live_zone->sh->max_streams; sh = NULL) {

        sh = ngx_live_zone->sh->streams[(*i)++];

        if (sh && sh->state == NGX_LIVE_STREAM_ENDED
            && sh->sn.str.len == key.len
            && ngx_memcmp(sh->sn.str.data, key.data, key.len) == 0)
        {
            ngx_live_atomic_or(&sh->interest[ngx_live_slot_word],
                               ngx_live_slot_bit);
            break;
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return sh ? ngx_live_stream_handle(sh) : NULL;
}


static ngx_str_node_t *
ngx_live_stream_lookup_locked(ngx_str_t *app, ngx_str_t *name)
{
    u_char       buf[NGX_LIVE_NAME_KEY_MAX];
    uint32_t     hash;
    ngx_str_t    key;
    const char  *reason;

    if (ngx_live_name_key(app, name, buf, &key, &reason) != NGX_OK) {
        return NULL;
    }

    hash = ngx_crc32_short(key.data, key.len);

    return ngx_str_rbtree_lookup(&ngx_live_zone->sh->rbtree, &key, hash);
}


ngx_live_stream_sh_t *
ngx_live_stream_named_locked(ngx_str_t *key)
{
    return (ngx_live_stream_sh_t *)
               ngx_str_rbtree_lookup(&ngx_live_zone->sh->rbtree, key,
                                     ngx_crc32_short(key->data, key->len));
}


ngx_live_time_t
ngx_live_stream_time(ngx_live_stream_sh_t *sh)
{
    ngx_uint_t            i, kind;
    ngx_live_time_t       time;
    ngx_live_track_sh_t  *track;

    time = 0;

    for (i = 0; i < sh->ntracks; i++) {
        track = &sh->tracks[i];
        kind = track->configs[track->config % NGX_LIVE_CONFIGS].info.kind;

        /* what a helper makes comes late, and data may be ahead */

        if (track->source == 0
            && (kind == NGX_LIVE_KIND_VIDEO || kind == NGX_LIVE_KIND_AUDIO))
        {
            time = ngx_max(time, track->last);
        }
    }

    return time;
}


ngx_live_stream_t *
ngx_live_stream_local(ngx_uint_t index)
{
    return ngx_live_streams[index];
}


static ngx_live_stream_t *
ngx_live_stream_handle(ngx_live_stream_sh_t *sh)
{
    ngx_pool_t         *pool;
    ngx_live_stream_t  *st;

    st = ngx_live_streams[sh->index];

    if (st) {
        st->refs++;
        return st;
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        goto failed;
    }

    st = ngx_pcalloc(pool, sizeof(ngx_live_stream_t));
    if (st == NULL) {
        goto failed;
    }

    st->ctx = ngx_pcalloc(pool, ngx_live_nmodules * sizeof(void *));
    if (st->ctx == NULL) {
        goto failed;
    }

    st->pool = pool;
    st->log = ngx_cycle->log;
    st->sh = sh;
    st->index = sh->index;
    st->uid = sh->uid;
    st->refs = 1;

    ngx_queue_init(&st->watchers);
    ngx_queue_init(&st->fanouts);

    ngx_live_streams[sh->index] = st;

    return st;

failed:

    if (pool) {
        ngx_destroy_pool(pool);
    }

    ngx_live_atomic_and(&sh->interest[ngx_live_slot_word], ~ngx_live_slot_bit);

    return NULL;
}


void
ngx_live_stream_close(ngx_live_stream_t *st)
{
    ngx_uint_t             i, n, last;
    ngx_live_stream_sh_t  *sh;

    if (--st->refs) {
        return;
    }

    sh = st->sh;

    ngx_live_reader_free_fanouts(st);

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        for (n = 0; n < NGX_LIVE_CONFIGS; n++) {
            if (st->configs[i][n]) {
                ngx_free(st->configs[i][n]);
            }
        }
    }

    ngx_live_streams[st->index] = NULL;
    ngx_destroy_pool(st->pool);

    ngx_live_zone_lock(ngx_live_zone);

    ngx_live_atomic_and(&sh->interest[ngx_live_slot_word], ~ngx_live_slot_bit);

    last = ngx_live_stream_unused_locked(sh);

    if (last) {
        ngx_live_stream_unlink_locked(sh);
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (last) {
        ngx_live_stream_free(sh);
    }
}


static ngx_uint_t
ngx_live_stream_unused_locked(ngx_live_stream_sh_t *sh)
{
    ngx_uint_t  i;

    if (sh->state != NGX_LIVE_STREAM_ENDED) {
        return 0;
    }

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        if (sh->interest[i]) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_live_stream_unlink_locked(ngx_live_stream_sh_t *sh)
{
    ngx_live_zone->sh->slots[ngx_live_slot].busy = ngx_live_zone_user(sh->uid);

    ngx_live_barrier();

    ngx_live_zone->sh->streams[sh->index] = NULL;
    ngx_live_zone->sh->nstreams--;
}


static void
ngx_live_stream_free(ngx_live_stream_sh_t *sh)
{
    uint32_t    user;
    ngx_uint_t  i, n;

    user = ngx_live_zone_user(sh->uid);

    ngx_live_call_hooks(stream_free, (sh));

    if (sh->ring) {
        ngx_live_ring_destroy(ngx_live_zone, sh->ring);
    }

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        if (sh->packets[i].ring) {
            ngx_live_packet_ring_destroy(ngx_live_zone, sh->packets[i].ring);
        }
    }

    if (sh->viewer_table) {
        ngx_live_extent_free(ngx_live_zone, sh->viewer_table - 1);
    }

    ngx_live_zone_lock(ngx_live_zone);

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        for (n = 0; n < NGX_LIVE_CONFIGS; n++) {
            if (sh->tracks[i].configs[n].data) {
                ngx_live_zone_free_locked(ngx_live_zone,
                                          sh->tracks[i].configs[n].data);
            }
        }
    }

    ngx_live_metadata_free_locked(sh);

    ngx_live_zone_free_locked(ngx_live_zone, sh->sn.str.data);
    ngx_live_zone_free_locked(ngx_live_zone, sh);

    /* what its workers have lost when they died */

    ngx_live_ring_release_locked(ngx_live_zone, user);

    ngx_live_zone->sh->slots[ngx_live_slot].busy = 0;

    ngx_live_zone_unlock(ngx_live_zone);
}


ngx_live_stream_t *
ngx_live_stream_create(ngx_live_app_conf_t *app, ngx_str_t *name,
    const char **full)
{
    uint64_t               uid;
    const char            *reason;
    ngx_str_node_t        *sn;
    ngx_live_ring_sh_t    *ring;
    ngx_live_stream_sh_t  *sh;

    *full = NULL;

    if (ngx_live_name_check(name, &reason) != NGX_OK) {

        /* it could not be found again; access checks have seen to that */

        return NULL;
    }

    if (ngx_live_zone->sh->nstreams >= ngx_live_zone->sh->max_streams) {
        *full = "live zone is full, too many streams";
        return NULL;
    }

    if (!ngx_live_stream_fits(app)) {
        *full = "live zone is full";
        return NULL;
    }

    ngx_live_zone_lock(ngx_live_zone);
    uid = ++ngx_live_zone->sh->next_uid;
    ngx_live_zone->sh->slots[ngx_live_slot].busy = ngx_live_zone_user(uid);
    ngx_live_zone_unlock(ngx_live_zone);

    /* twice the buffer: a ring holds at least a group of pictures */

    ring = ngx_live_ring_create(ngx_live_zone, ngx_live_zone_user(uid),
                                2 * app->buffer * NGX_LIVE_STREAM_FRAMES
                                / 1000,
                                app->buffer_size);
    if (ring == NULL) {
        ngx_live_zone->sh->slots[ngx_live_slot].busy = 0;
        *full = "live zone is full";
        return NULL;
    }

    ngx_live_zone_lock(ngx_live_zone);

    sn = ngx_live_stream_lookup_locked(&app->name, name);
    sh = sn ? (ngx_live_stream_sh_t *) sn
            : ngx_live_stream_alloc_locked(app, name, uid, ring);

    if (sh) {
        ngx_live_atomic_or(&sh->interest[ngx_live_slot_word],
                           ngx_live_slot_bit);
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (sh == NULL || sh->ring != ring) {

        /* no memory, or another worker was faster */

        ngx_live_ring_destroy(ngx_live_zone, ring);
    }

    ngx_live_zone->sh->slots[ngx_live_slot].busy = 0;

    if (sh == NULL) {
        *full = "live zone is full";
        return NULL;
    }

    return ngx_live_stream_handle(sh);
}


/*
 * A newcomer is let in if there is memory for it after all others have filled
 * their buffers.
 */

static ngx_uint_t
ngx_live_stream_fits(ngx_live_app_conf_t *app)
{
    uint64_t               size;
    ngx_uint_t             i;
    ngx_live_zone_sh_t    *zsh;
    ngx_live_stream_sh_t  *sh;

    zsh = ngx_live_zone->sh;

    size = (uint64_t) (app->buffer + NGX_LIVE_STREAM_GROUP)
           * (NGX_LIVE_STREAM_RATE / 8) / 1000;
    size = ngx_min(size, app->buffer_size);

    ngx_live_zone_lock(ngx_live_zone);

    for (i = 0; i < zsh->max_streams; i++) {
        sh = zsh->streams[i];

        if (sh && sh->state != NGX_LIVE_STREAM_ENDED) {
            size += ngx_live_stream_growth(sh);
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (zsh->nstreams == 0) {

        /* the first one may try in any case */

        return 1;
    }

    return size <= (uint64_t) zsh->nfree * NGX_LIVE_EXTENT_SIZE;
}


/* bytes that a running stream will want in addition to those that it has */

static uint64_t
ngx_live_stream_growth(ngx_live_stream_sh_t *sh)
{
    uint64_t    size, memory, rate;
    ngx_uint_t  i;

    rate = 0;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        rate += sh->tracks[i].bitrate;
    }

    if (rate == 0) {
        rate = NGX_LIVE_STREAM_RATE;
    }

    size = (sh->buffer + NGX_LIVE_STREAM_GROUP) * (rate / 8) / 1000;
    size = ngx_min(size, sh->ring->max_size);
    memory = ngx_live_ring_memory(sh->ring);

    return (size > memory ? size - memory : 0) + ngx_live_packets_growth(sh);
}


static ngx_live_stream_sh_t *
ngx_live_stream_alloc_locked(ngx_live_app_conf_t *app, ngx_str_t *name,
    uint64_t uid, ngx_live_ring_sh_t *ring)
{
    u_char                *p;
    ngx_uint_t             i;
    ngx_live_zone_sh_t    *zsh;
    ngx_live_stream_sh_t  *sh;

    zsh = ngx_live_zone->sh;

    for (i = 0; i < zsh->max_streams && zsh->streams[i]; i++) { /* void */ }

    if (i == zsh->max_streams) {
        return NULL;
    }

    sh = ngx_live_zone_alloc_locked(ngx_live_zone,
                                    sizeof(ngx_live_stream_sh_t));
    if (sh == NULL) {
        return NULL;
    }

    p = ngx_live_zone_alloc_locked(ngx_live_zone,
                                   app->name.len + 1 + name->len);
    if (p == NULL) {
        ngx_live_zone_free_locked(ngx_live_zone, sh);
        return NULL;
    }

    sh->sn.str.data = p;
    sh->app.data = p;
    sh->app.len = app->name.len;

    p = ngx_cpymem(p, app->name.data, app->name.len);
    *p++ = '/';

    sh->name.data = p;
    sh->name.len = name->len;

    p = ngx_cpymem(p, name->data, name->len);

    sh->sn.str.len = p - sh->sn.str.data;
    sh->sn.node.key = ngx_crc32_short(sh->sn.str.data, sh->sn.str.len);

    sh->index = i;
    sh->uid = uid;
    sh->created = ngx_live_clock();
    sh->state = NGX_LIVE_STREAM_WAITING;
    sh->waiting = sh->created;
    sh->owner = NGX_LIVE_NO_OWNER;
    sh->reconnect = app->reconnect;
    sh->buffer = app->buffer;
    sh->metadata.limit = app->metadata_queue;
    sh->ring = ring;

    p = ngx_sprintf(sh->session, "%xL%04xD", ngx_live_now(),
                    (uint32_t) ngx_random() & 0xffff);
    *p = '\0';

    /* last: a half-made stream is harmless until it is linked */

    zsh->nstreams++;
    zsh->streams[i] = sh;
    ngx_rbtree_insert(&zsh->rbtree, &sh->sn.node);

    return sh;
}


void
ngx_live_stream_watch(ngx_live_stream_t *st, ngx_live_watcher_t *w)
{
    ngx_queue_insert_tail(&st->watchers, &w->queue);
}


void
ngx_live_stream_unwatch(ngx_live_watcher_t *w)
{
    ngx_queue_remove(&w->queue);
}


void
ngx_live_stream_ring(ngx_live_stream_t *st)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        ngx_live_stream_ring_slots(st, i, st->sh->interest[i]);
    }
}


void
ngx_live_stream_ring_frame(ngx_live_stream_t *st)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        ngx_live_stream_ring_slots(st, i,
                                   st->sh->interest[i] & st->sh->wanted[i]);
    }
}


static void
ngx_live_stream_ring_slots(ngx_live_stream_t *st, ngx_uint_t word,
    ngx_atomic_uint_t slots)
{
    ngx_uint_t  bit;

    for (bit = 0; slots; bit++, slots >>= 1) {
        if (slots & 1) {
            ngx_live_bell_ring_stream(word * 64 + bit, st->index);
        }
    }
}


void
ngx_live_stream_dispatch(ngx_uint_t index)
{
    ngx_live_stream_t  *st;

    if (index >= ngx_live_zone->sh->max_streams) {
        return;
    }

    st = ngx_live_streams[index];

    if (st == NULL) {
        return;
    }

    st->refs++;

    if (st->owned && st->generation != st->sh->generation) {
        ngx_live_stream_release(st, NGX_LIVE_PUBLISH_TAKEN);
    }

    ngx_live_reader_dispatch(st);
    ngx_live_packets_dispatch(st);
    ngx_live_stream_call_watchers(st);

    ngx_live_stream_close(st);
}


static void
ngx_live_stream_call_watchers(ngx_live_stream_t *st)
{
    ngx_queue_t          queue, *q;
    ngx_live_watcher_t  *w;

    if (ngx_queue_empty(&st->watchers)) {
        return;
    }

    /* a watcher may remove any other, so none is remembered as the next */

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &st->watchers);
    ngx_queue_init(&st->watchers);

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&st->watchers, q);

        w = ngx_queue_data(q, ngx_live_watcher_t, queue);
        w->handler(w);
    }
}


void *
ngx_live_stream_attachment(ngx_live_stream_sh_t *sh, uint32_t key)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_ATTACHMENTS; i++) {
        if (sh->attachments[i].key == key) {
            return sh->attachments[i].data;
        }
    }

    return NULL;
}


ngx_int_t
ngx_live_stream_attach(ngx_live_stream_sh_t *sh, uint32_t key, void *data)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_ATTACHMENTS; i++) {

        if (sh->attachments[i].key == 0 || sh->attachments[i].key == key) {

            /* readers find it by its key, so that comes last */

            sh->attachments[i].data = data;
            ngx_live_barrier();
            sh->attachments[i].key = key;

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


ngx_live_config_sh_t *
ngx_live_stream_config(ngx_live_stream_t *st, ngx_uint_t track,
    uint32_t version)
{
    ngx_live_config_sh_t  *sh, *local, **cached;

    if (track >= NGX_LIVE_TRACKS) {
        return NULL;
    }

    if (version == 0) {
        version = st->sh->tracks[track].config;

        if (version == 0) {
            return NULL;
        }
    }

    cached = &st->configs[track][version % NGX_LIVE_CONFIGS];

    if (*cached && (*cached)->version == version) {
        return *cached;
    }

    local = NULL;
    sh = &st->sh->tracks[track].configs[version % NGX_LIVE_CONFIGS];

    ngx_live_zone_lock(ngx_live_zone);

    if (sh->version == version) {
        local = ngx_alloc(sizeof(ngx_live_config_sh_t) + sh->size, st->log);

        if (local) {
            *local = *sh;
            local->data = (u_char *) &local[1];
            ngx_memcpy(local->data, sh->data, sh->size);
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (local) {
        if (*cached) {
            ngx_free(*cached);
        }

        *cached = local;
    }

    return local;
}
