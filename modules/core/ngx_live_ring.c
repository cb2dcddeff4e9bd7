
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_ring.h"
#include "ngx_live_worker.h"


#define NGX_LIVE_RING_PER_EXTENT                                              \
    (NGX_LIVE_EXTENT_SIZE / sizeof(ngx_live_frame_t))


static ngx_live_ring_sh_t *ngx_live_ring_alloc_locked(ngx_live_zone_t *zone,
    uint32_t user, size_t size, ngx_uint_t ndata);
static void ngx_live_ring_free_locked(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t **link);
static void ngx_live_ring_free_extents(ngx_live_zone_t *zone, uint32_t *list,
    ngx_uint_t n);
static void ngx_live_ring_reclaim(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring);
static void ngx_live_ring_slot(ngx_live_ring_sh_t *ring);
static ngx_int_t ngx_live_ring_room(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring, uint32_t size);
static ngx_uint_t ngx_live_ring_may_grow(ngx_live_zone_t *zone,
    ngx_live_ring_sh_t *ring);


/* the part of a zone's extents that is not for everybody */
#define NGX_LIVE_RING_RESERVE  16


#define ngx_live_ring_extent(ring, pos)                                       \
    (ring)->data[((pos) >> NGX_LIVE_EXTENT_SHIFT) & (ring)->mask]


ngx_live_ring_sh_t *
ngx_live_ring_create(ngx_live_zone_t *zone, uint32_t user,
    ngx_uint_t nentries, size_t max_size)
{
    ngx_uint_t           i, n;
    ngx_live_ring_sh_t  *ring;

    for (n = NGX_LIVE_RING_PER_EXTENT;
         n < nentries
         && n < NGX_LIVE_RING_PER_EXTENT * NGX_LIVE_RING_ENTRY_EXTENTS;
         n <<= 1)
    { /* void */ }

    ring = ngx_live_ring_alloc(zone, user, sizeof(ngx_live_ring_sh_t), n,
                               max_size);
    if (ring == NULL) {
        return NULL;
    }

    for (i = 0; i < n / NGX_LIVE_RING_PER_EXTENT; i++) {
        ring->entries[i] = ngx_live_extent_alloc(zone, user);

        if (ring->entries[i] == NGX_LIVE_EXTENT_NONE) {
            ngx_live_ring_destroy(zone, ring);
            return NULL;
        }
    }

    return ring;
}


ngx_live_ring_sh_t *
ngx_live_ring_alloc(ngx_live_zone_t *zone, uint32_t user, size_t size,
    ngx_uint_t nentries, size_t max_size)
{
    ngx_uint_t           ndata;
    ngx_live_ring_sh_t  *ring;

    for (ndata = 4; ndata * NGX_LIVE_EXTENT_SIZE < max_size; ndata <<= 1) {
        /* void */
    }

    ngx_live_zone_lock(zone);
    ring = ngx_live_ring_alloc_locked(zone, user, size, ndata);
    ngx_live_zone_unlock(zone);

    if (ring) {
        ring->nentries = nentries;
        ring->max_size = ngx_align(max_size, NGX_LIVE_EXTENT_SIZE);
    }

    return ring;
}


/* in the list already, so that it is found if this worker dies */

static ngx_live_ring_sh_t *
ngx_live_ring_alloc_locked(ngx_live_zone_t *zone, uint32_t user,
    size_t size, ngx_uint_t ndata)
{
    ngx_uint_t           i;
    ngx_live_ring_sh_t  *ring;

    ring = ngx_live_zone_alloc_locked(zone, size);
    if (ring == NULL) {
        return NULL;
    }

    ring->data = ngx_live_zone_alloc_locked(zone, ndata * sizeof(uint32_t));
    if (ring->data == NULL) {
        ngx_live_zone_free_locked(zone, ring);
        return NULL;
    }

    for (i = 0; i < ndata; i++) {
        ring->data[i] = NGX_LIVE_EXTENT_NONE;
    }

    for (i = 0; i < NGX_LIVE_RING_ENTRY_EXTENTS; i++) {
        ring->entries[i] = NGX_LIVE_EXTENT_NONE;
    }

    ring->user = user;
    ring->head = 1;
    ring->tail = 1;
    ring->freed = 1;
    ring->mask = ndata - 1;
    ring->next = zone->sh->rings;

    ngx_live_barrier();

    zone->sh->rings = ring;
    zone->sh->nrings++;

    return ring;
}


void
ngx_live_ring_destroy(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring)
{
    ngx_live_ring_sh_t  **link;

    ngx_live_ring_free_extents(zone, ring->data, ring->mask + 1);
    ngx_live_ring_free_extents(zone, ring->entries,
                               NGX_LIVE_RING_ENTRY_EXTENTS);

    ngx_live_zone_lock(zone);

    for (link = &zone->sh->rings; *link != ring; link = &(*link)->next) {
        /* void */
    }

    ngx_live_ring_free_locked(zone, link);

    ngx_live_zone_unlock(zone);
}


/* takes it off the list, by one write, and frees what the slab has of it */

static void
ngx_live_ring_free_locked(ngx_live_zone_t *zone, ngx_live_ring_sh_t **link)
{
    ngx_live_ring_sh_t  *ring;

    ring = *link;
    *link = ring->next;
    zone->sh->nrings--;

    ngx_live_barrier();

    ngx_live_zone_free_locked(zone, ring->data);
    ngx_live_zone_free_locked(zone, ring);
}


void
ngx_live_ring_release_locked(ngx_live_zone_t *zone, uint32_t user)
{
    ngx_live_ring_sh_t  **link;

    for (link = &zone->sh->rings; *link; /* void */) {

        if ((*link)->user == user) {
            ngx_live_ring_free_locked(zone, link);

        } else {
            link = &(*link)->next;
        }
    }

    ngx_live_extent_release_locked(zone->sh, user);
}


void
ngx_live_ring_sweep_locked(ngx_live_zone_t *zone, uint32_t *users,
    ngx_uint_t n)
{
    ngx_uint_t            nrings;
    ngx_live_ring_sh_t  **link;

    nrings = 0;

    for (link = &zone->sh->rings; *link; /* void */) {

        if (ngx_live_extent_user((*link)->user, users, n)) {
            link = &(*link)->next;
            nrings++;
            continue;
        }

        ngx_live_ring_free_locked(zone, link);
    }

    zone->sh->nrings = nrings;

    ngx_live_extent_sweep_locked(zone->sh, users, n);
}


static void
ngx_live_ring_free_extents(ngx_live_zone_t *zone, uint32_t *list,
    ngx_uint_t n)
{
    uint32_t    extent;
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        extent = list[i];

        if (extent != NGX_LIVE_EXTENT_NONE) {

            /* if this worker dies in between it is lost until it is swept */

            list[i] = NGX_LIVE_EXTENT_NONE;
            ngx_live_extent_free(zone, extent);
        }
    }
}


ngx_live_frame_t *
ngx_live_ring_entry(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint64_t seq)
{
    ngx_uint_t         i;
    ngx_live_frame_t  *entries;

    i = seq & (ring->nentries - 1);

    entries = (ngx_live_frame_t *) ngx_live_extent_addr(zone,
                                  ring->entries[i / NGX_LIVE_RING_PER_EXTENT]);

    return &entries[i % NGX_LIVE_RING_PER_EXTENT];
}


ngx_live_frame_t *
ngx_live_ring_write(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, ngx_chain_t *in)
{
    size_t             len;
    uint32_t           size, offset;
    ngx_chain_t       *cl;
    ngx_live_frame_t  *entry;

    size = 0;

    for (cl = in; cl; cl = cl->next) {
        len = cl->buf->last - cl->buf->pos;

        if (len > NGX_MAX_INT32_VALUE - size) {
            return NULL;
        }

        size += len;
    }

    entry = ngx_live_ring_reserve(zone, ring, f, size);
    if (entry == NULL) {
        return NULL;
    }

    offset = 0;

    for (cl = in; cl; cl = cl->next) {
        len = cl->buf->last - cl->buf->pos;
        ngx_live_ring_copy_in(zone, ring, entry, offset, cl->buf->pos, len);
        offset += len;
    }

    ngx_live_ring_commit(ring, entry);

    return entry;
}


ngx_live_frame_t *
ngx_live_ring_reserve(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t size)
{
    ngx_live_frame_t  *entry;

    if (ngx_live_ring_room(zone, ring, size) != NGX_OK) {
        return NULL;
    }

    entry = ngx_live_ring_entry(zone, ring, ring->head);

    *entry = *f;

    entry->seq = ring->head;
    entry->pos = ring->pos;
    entry->size = size;

    return entry;
}


/*
 * Makes sure that an entry and size bytes at ring->pos can be written: what
 * is below the tail and the pins is freed first, then extents are taken.
 */

static ngx_int_t
ngx_live_ring_room(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint32_t size)
{
    ngx_live_ring_reclaim(zone, ring);

    return ngx_live_ring_extend(zone, ring, size);
}


ngx_int_t
ngx_live_ring_extend(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint32_t size)
{
    uint32_t  extent;
    uint64_t  pos, last;

    if (ring->head - ring->freed >= ring->nentries) {
        return NGX_DECLINED;
    }

    if (size == 0) {
        return NGX_OK;
    }

    last = (ring->pos + size - 1) >> NGX_LIVE_EXTENT_SHIFT;

    if ((last - (ring->first >> NGX_LIVE_EXTENT_SHIFT) + 1)
        * NGX_LIVE_EXTENT_SIZE > ring->max_size)
    {
        return NGX_DECLINED;
    }

    for (pos = ring->pos >> NGX_LIVE_EXTENT_SHIFT; pos <= last; pos++) {

        if (ring->data[pos & ring->mask] != NGX_LIVE_EXTENT_NONE) {
            continue;
        }

        if (!ngx_live_ring_may_grow(zone, ring)) {
            return NGX_DECLINED;
        }

        extent = ngx_live_extent_alloc(zone, ring->user);
        if (extent == NGX_LIVE_EXTENT_NONE) {
            return NGX_DECLINED;
        }

        ring->data[pos & ring->mask] = extent;
    }

    return NGX_OK;
}


/*
 * The last extents of a zone are for those rings that hold less than an equal
 * share of it, so that no stream can starve the others.
 */

static ngx_uint_t
ngx_live_ring_may_grow(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring)
{
    uint64_t             held;
    ngx_live_zone_sh_t  *sh;

    sh = zone->sh;

    if (sh->nfree > sh->nextents / NGX_LIVE_RING_RESERVE) {
        return 1;
    }

    held = (ring->pos >> NGX_LIVE_EXTENT_SHIFT)
           - (ring->first >> NGX_LIVE_EXTENT_SHIFT);

    return held * sh->nrings < sh->nextents;
}


void
ngx_live_ring_copy_in(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t offset, u_char *p, size_t len)
{
    size_t   n;
    u_char  *dst;

    while (len) {
        n = ngx_live_ring_slice(zone, ring, f, offset, &dst);
        n = ngx_min(n, len);

        if (n == 0) {
            return;
        }

        ngx_memcpy(dst, p, n);

        p += n;
        offset += n;
        len -= n;
    }
}


void
ngx_live_ring_commit(ngx_live_ring_sh_t *ring, ngx_live_frame_t *f)
{
    /* a writer that dies in between leaves a hole, not an overlap */

    ring->pos = f->pos + f->size;

    ngx_live_barrier();

    if ((f->flags & (NGX_LIVE_FRAME_KEY|NGX_LIVE_FRAME_DERIVED))
        == NGX_LIVE_FRAME_KEY)
    {
        ring->head = f->seq + 1;
        ring->key = f->seq;

    } else {
        ring->head = f->seq + 1;
    }

    ngx_live_barrier();
}


void
ngx_live_ring_trim(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint64_t seq)
{
    if (seq > ring->head) {
        seq = ring->head;
    }

    if (seq > ring->tail) {
        ring->tail = seq;
    }

    ngx_live_ring_reclaim(zone, ring);
}


static void
ngx_live_ring_reclaim(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring)
{
    uint64_t  seq, first;

    if (ring->freed == ring->tail) {
        return;
    }

    seq = ngx_live_ring_lowest(ring, ring->tail);

    if (seq <= ring->freed) {
        return;
    }

    first = (seq == ring->head)
            ? ring->pos : ngx_live_ring_entry(zone, ring, seq)->pos;

    ngx_live_ring_forget(zone, ring, seq, first);
}


void
ngx_live_ring_forget(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    uint64_t seq, uint64_t first)
{
    uint64_t  pos;

    ring->freed = seq;

    for (pos = ring->first >> NGX_LIVE_EXTENT_SHIFT;
         pos < first >> NGX_LIVE_EXTENT_SHIFT;
         pos++)
    {
        ngx_live_ring_free_extents(zone, &ring->data[pos & ring->mask], 1);
    }

    ring->first = first;
}


uint64_t
ngx_live_ring_lowest(ngx_live_ring_sh_t *ring, uint64_t seq)
{
    uint64_t    pin;
    ngx_uint_t  i, n;

    /* the tail is written before pins are read: see the header */

    ngx_live_barrier();

    n = ring->npins;

    for (i = 0; i < n; i++) {
        pin = ring->pins[i];

        if (pin != NGX_LIVE_NO_PIN && pin < seq) {
            seq = pin;
        }
    }

    return seq;
}


ngx_int_t
ngx_live_ring_pin(ngx_live_ring_sh_t *ring, uint64_t seq)
{
    uint64_t  pin;

    pin = ring->pins[ngx_live_slot];

    if (pin != NGX_LIVE_NO_PIN && pin <= seq) {

        /* everything from the pin on is held already */

        return (seq >= ring->tail) ? NGX_OK : NGX_DECLINED;
    }

    ngx_live_ring_slot(ring);

    ring->pins[ngx_live_slot] = seq;

    ngx_live_barrier();

    if (seq >= ring->tail) {
        return NGX_OK;
    }

    ring->pins[ngx_live_slot] = pin;

    return NGX_DECLINED;
}


/* before the first pin of this slot, so that the writer looks at it */

static void
ngx_live_ring_slot(ngx_live_ring_sh_t *ring)
{
    ngx_atomic_uint_t  n;

    for ( ;; ) {
        n = ring->npins;

        if (n > (ngx_atomic_uint_t) ngx_live_slot
            || ngx_atomic_cmp_set(&ring->npins, n, ngx_live_slot + 1))
        {
            return;
        }
    }
}


void
ngx_live_ring_repin(ngx_live_ring_sh_t *ring, uint64_t seq)
{
    /* what was read behind the old pin was read before */

    ngx_live_barrier();

    ring->pins[ngx_live_slot] = seq;
}


size_t
ngx_live_ring_slice(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t offset, u_char **p)
{
    size_t    n, rest;
    uint64_t  pos;

    if (offset >= f->size) {
        return 0;
    }

    rest = f->size - offset;
    pos = f->pos + offset;

    n = NGX_LIVE_EXTENT_SIZE - (pos & (NGX_LIVE_EXTENT_SIZE - 1));

    *p = ngx_live_extent_addr(zone, ngx_live_ring_extent(ring, pos))
         + (pos & (NGX_LIVE_EXTENT_SIZE - 1));

    return ngx_min(n, rest);
}


void
ngx_live_ring_copy_out(ngx_live_zone_t *zone, ngx_live_ring_sh_t *ring,
    ngx_live_frame_t *f, uint32_t offset, u_char *dst, size_t len)
{
    size_t   n;
    u_char  *p;

    while (len) {
        n = ngx_live_ring_slice(zone, ring, f, offset, &p);
        n = ngx_min(n, len);

        if (n == 0) {
            return;
        }

        dst = ngx_cpymem(dst, p, n);
        offset += n;
        len -= n;
    }
}


void
ngx_live_ring_lost_slot_locked(ngx_live_zone_t *zone, ngx_uint_t slot)
{
    ngx_live_ring_sh_t  *ring;

    for (ring = zone->sh->rings; ring; ring = ring->next) {
        ring->pins[slot] = NGX_LIVE_NO_PIN;
    }
}


size_t
ngx_live_ring_memory(ngx_live_ring_sh_t *ring)
{
    if (ring->pos == ring->first) {
        return 0;
    }

    return (((ring->pos - 1) >> NGX_LIVE_EXTENT_SHIFT)
            - (ring->first >> NGX_LIVE_EXTENT_SHIFT) + 1)
           << NGX_LIVE_EXTENT_SHIFT;
}
