
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_packet_ring.h"
#include "ngx_live_worker.h"


static ngx_int_t ngx_live_packet_ring_room(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_uint_t key);
static ngx_int_t ngx_live_packet_ring_shorten(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_uint_t key);
static void ngx_live_packet_ring_trim(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, uint64_t seq);
static void ngx_live_packet_ring_reclaim(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr);


/* where a slot is, as bytes of a ring of frames would be */

#define ngx_live_packet_pos(seq)                                              \
    ((((uint64_t) (seq) / NGX_LIVE_PACKETS_PER_EXTENT)                        \
      << NGX_LIVE_EXTENT_SHIFT)                                               \
     + ((uint64_t) (seq) % NGX_LIVE_PACKETS_PER_EXTENT)                       \
       * NGX_LIVE_PACKET_SLOT)


ngx_live_packet_ring_sh_t *
ngx_live_packet_ring_create(ngx_live_zone_t *zone, uint32_t user,
    ngx_uint_t npackets, ngx_msec_t window)
{
    size_t                      size;
    ngx_uint_t                  n, slots, extents;
    ngx_live_ring_sh_t         *ring;
    ngx_live_packet_ring_sh_t  *pr;

    npackets = ngx_max(npackets, NGX_LIVE_PACKET_RING_MIN);
    npackets = ngx_min(npackets, NGX_LIVE_PACKET_RING_MAX);

    for (n = NGX_LIVE_PACKET_RING_MIN; n < npackets; n <<= 1) { /* void */ }

    size = offsetof(ngx_live_packet_ring_sh_t, index) + n * sizeof(uint32_t);

    /* freed by the extent: one more is partly free, and one partly written */

    slots = npackets + NGX_LIVE_PACKETS_PER_EXTENT;

    extents = (slots + NGX_LIVE_PACKETS_PER_EXTENT - 1)
              / NGX_LIVE_PACKETS_PER_EXTENT + 1;

    ring = ngx_live_ring_alloc(zone, user, size, slots,
                               extents * NGX_LIVE_EXTENT_SIZE);
    if (ring == NULL) {
        return NULL;
    }

    pr = (ngx_live_packet_ring_sh_t *) ring;

    pr->npackets = npackets;
    pr->window = window;
    pr->dropping = 1;
    pr->fresh = 1;
    pr->mask = n - 1;

    ring->pos = ngx_live_packet_pos(ring->head);
    ring->first = ring->pos;

    return pr;
}


ngx_live_packet_t *
ngx_live_packet_ring_entry(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, uint64_t seq)
{
    u_char      *p;
    uint64_t     n;
    ngx_uint_t   slot;

    n = seq / NGX_LIVE_PACKETS_PER_EXTENT;
    slot = seq % NGX_LIVE_PACKETS_PER_EXTENT;

    p = ngx_live_extent_addr(zone, pr->ring.data[n & pr->ring.mask]);

    return (ngx_live_packet_t *) (p + slot * NGX_LIVE_PACKET_SLOT);
}


void
ngx_live_packet_ring_writer(ngx_live_packet_ring_sh_t *pr, uint64_t writer)
{
    if (pr->writer != writer) {
        pr->writer = writer;
        pr->dropping = 1;
        pr->fresh = 1;
    }
}


ngx_live_packet_t *
ngx_live_packet_ring_write(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_live_packet_t *p, u_char *data,
    size_t size)
{
    ngx_live_packet_t  *entry;

    entry = ngx_live_packet_ring_reserve(zone, pr, p, size);

    if (entry) {
        ngx_memcpy(ngx_live_packet_data(entry), data, size);
        ngx_live_packet_ring_commit(pr, entry);
    }

    return entry;
}


ngx_live_packet_t *
ngx_live_packet_ring_reserve(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_live_packet_t *p, size_t size)
{
    ngx_uint_t           key;
    ngx_live_packet_t   *entry;
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    key = p->flags & NGX_LIVE_PACKET_KEY;

    if (size > NGX_LIVE_PACKET_MAX) {
        ring->dropped++;
        return NULL;
    }

    if (pr->dropping && !key) {

        /* the first packets of a writer are no loss */

        if (!pr->fresh) {
            ring->dropped++;
        }

        return NULL;
    }

    ngx_live_packet_ring_expire(zone, pr, p->received);

    if (ngx_live_packet_ring_room(zone, pr, key) != NGX_OK) {
        ring->dropped++;
        pr->dropping = 1;
        return NULL;
    }

    entry = ngx_live_packet_ring_entry(zone, pr, ring->head);

    *entry = *p;

    entry->seq = ring->head;
    entry->size = size;

    if (pr->dropping) {
        entry->flags |= pr->fresh ? NGX_LIVE_PACKET_DISCONT
                                  : NGX_LIVE_PACKET_DROPPED;
    }

    return entry;
}


/*
 * What the index and the key say is looked for below the head only, so that a
 * writer that dies anywhere leaves what was before.
 */

void
ngx_live_packet_ring_commit(ngx_live_packet_ring_sh_t *pr,
    ngx_live_packet_t *p)
{
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;

    pr->dropping = 0;
    pr->fresh = 0;
    pr->index[p->number & pr->mask] = (uint32_t) p->seq;

    ring->pos = ngx_live_packet_pos(p->seq + 1);

    ngx_live_barrier();

    ring->head = p->seq + 1;

    pr->most = ngx_max(pr->most, ring->head - ring->tail);

    if (p->flags & NGX_LIVE_PACKET_KEY) {
        ring->key = p->seq;
    }
}


static ngx_int_t
ngx_live_packet_ring_room(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_uint_t key)
{
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;

    /* the last writer may have died between this and the head */

    ring->pos = ngx_live_packet_pos(ring->head);

    if (ngx_live_ring_extend(zone, ring, NGX_LIVE_PACKET_SLOT) == NGX_OK) {
        return NGX_OK;
    }

    ngx_live_packet_ring_reclaim(zone, pr);

    do {
        if (ngx_live_ring_extend(zone, ring, NGX_LIVE_PACKET_SLOT)
            == NGX_OK)
        {
            return NGX_OK;
        }

    } while (ngx_live_packet_ring_shorten(zone, pr, key) == NGX_OK);

    return NGX_DECLINED;
}


/*
 * Forgets an extent's worth of the oldest packets up to the newest key, and
 * for a new key everything; but nothing as long as pins hold it anyway.
 */

static ngx_int_t
ngx_live_packet_ring_shorten(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, ngx_uint_t key)
{
    uint64_t             seq, freed;
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    freed = ring->freed;

    if (ngx_live_ring_lowest(ring, ring->head) <= freed) {
        return NGX_DECLINED;
    }

    if (ring->tail < ring->key) {
        seq = ring->tail + NGX_LIVE_PACKETS_PER_EXTENT;
        seq = ngx_min(seq, ring->key);

    } else if (key && ring->tail < ring->head) {
        ring->key = 0;
        seq = ring->head;

    } else {
        return NGX_DECLINED;
    }

    ngx_live_packet_ring_trim(zone, pr, seq);
    ngx_live_packet_ring_reclaim(zone, pr);

    return NGX_OK;
}


void
ngx_live_packet_ring_expire(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, int64_t now)
{
    int64_t              limit;
    uint64_t             seq, head, end;
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    head = ring->head;
    end = head;
    seq = ring->tail;
    limit = now - (int64_t) pr->window;

    if (ring->key && head - ring->key < pr->npackets / 4 * 3) {
        end = ring->key;
    }

    if (head - seq >= pr->npackets) {
        seq = head - pr->npackets + 1;
    }

    while (seq < end
           && ngx_live_packet_ring_entry(zone, pr, seq)->received < limit)
    {
        seq++;
        pr->aged = 1;
    }

    if (seq > ring->tail) {

        if (seq > ring->key) {
            ring->key = 0;
        }

        ngx_live_packet_ring_trim(zone, pr, seq);
    }
}


void
ngx_live_packet_ring_clear(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr)
{
    uint32_t            *extent, n;
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    ring->key = 0;

    pr->most = 0;
    pr->aged = 0;

    ngx_live_packet_ring_trim(zone, pr, ring->head);
    ngx_live_packet_ring_reclaim(zone, pr);

    if (ring->freed < ring->head) {
        return;
    }

    /* the one that has been begun */

    extent = &ring->data[(ring->pos >> NGX_LIVE_EXTENT_SHIFT) & ring->mask];
    n = *extent;

    if (n != NGX_LIVE_EXTENT_NONE) {
        *extent = NGX_LIVE_EXTENT_NONE;
        ngx_live_extent_free(zone, n);
    }
}


uint64_t
ngx_live_packet_ring_growth(ngx_live_packet_ring_sh_t *pr)
{
    uint64_t    size, memory;
    ngx_uint_t  n;

    n = pr->npackets;

    if (pr->aged) {
        n = ngx_min(n, pr->most + pr->most / 4);
    }

    /* the first one and the last one are shared with what is forgotten */

    size = (n + NGX_LIVE_PACKETS_PER_EXTENT - 1)
           / NGX_LIVE_PACKETS_PER_EXTENT + 1;

    size <<= NGX_LIVE_EXTENT_SHIFT;
    memory = ngx_live_ring_memory(&pr->ring);

    return size > memory ? size - memory : 0;
}


/* pins are looked at when a whole extent can be freed, not for each packet */

static void
ngx_live_packet_ring_trim(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, uint64_t seq)
{
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    ring->tail = seq;

    if (seq / NGX_LIVE_PACKETS_PER_EXTENT
        != ring->freed / NGX_LIVE_PACKETS_PER_EXTENT)
    {
        ngx_live_packet_ring_reclaim(zone, pr);
    }
}


static void
ngx_live_packet_ring_reclaim(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr)
{
    uint64_t             seq;
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    seq = ngx_live_ring_lowest(ring, ring->tail);

    if (seq > ring->freed) {
        ngx_live_ring_forget(zone, ring, seq, ngx_live_packet_pos(seq));
    }
}


ngx_int_t
ngx_live_packet_ring_find(ngx_live_zone_t *zone,
    ngx_live_packet_ring_sh_t *pr, uint64_t number, ngx_live_packet_t **p)
{
    uint64_t             seq, head, pin;
    ngx_live_ring_sh_t  *ring;

    ring = &pr->ring;
    pin = ring->pins[ngx_live_slot];
    head = ring->head;

    ngx_live_barrier();

    seq = head - (uint32_t) ((uint32_t) head - pr->index[number & pr->mask]);

    if (seq >= head
        || seq < ring->tail
        || ngx_live_ring_pin(ring, seq) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    *p = ngx_live_packet_ring_entry(zone, pr, seq);

    if ((*p)->number == number) {
        return NGX_OK;
    }

    /* another one with the same place in the index */

    ngx_live_ring_repin(ring, pin);

    return NGX_DECLINED;
}
