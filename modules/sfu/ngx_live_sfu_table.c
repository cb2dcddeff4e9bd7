
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_sfu.h"

#include <sys/random.h>


/* ms that an answer waits for the client's first check */
#define NGX_LIVE_SFU_OFFER_TIMEOUT  15000

#define NGX_LIVE_SFU_RANDOM         (NGX_LIVE_SFU_ID + 6 + 24)


static size_t ngx_live_sfu_addresses(ngx_uint_t sessions);
static void *ngx_live_sfu_zone_part(ngx_slab_pool_t *shpool, size_t size);
static uint32_t ngx_live_sfu_hash(ngx_live_sfu_path_t *path);
static ngx_uint_t ngx_live_sfu_same_path(ngx_live_sfu_path_t *a,
    ngx_live_sfu_path_t *b);
static void ngx_live_sfu_enter_locked(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path);
static void ngx_live_sfu_leave_locked(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path);
static void ngx_live_sfu_free_locked(ngx_live_sfu_session_sh_t *sh);


ngx_live_sfu_zone_t  *ngx_live_sfu_zone;


/* four addresses each, and half of the table stays empty */

static size_t
ngx_live_sfu_addresses(ngx_uint_t sessions)
{
    size_t  n;

    for (n = 1024; n < sessions * 8; n <<= 1) { /* void */ }

    return n;
}


/*
 * Most of it are rings that are never touched, and so no memory, as long as
 * each datagram is received by the worker it is for.
 */

size_t
ngx_live_sfu_zone_size(ngx_uint_t sessions)
{
    size_t  size;

    size = sizeof(ngx_live_sfu_sh_t)
           + sessions * sizeof(ngx_live_sfu_session_sh_t)
           + ngx_live_sfu_addresses(sessions)
             * sizeof(ngx_live_sfu_address_sh_t)
           + NGX_LIVE_SLOTS * sizeof(ngx_live_sfu_ring_sh_t);

    size += 16 * ngx_pagesize;

    /* what the slab keeps for each page */

    size += size / ngx_pagesize * 2 * sizeof(ngx_slab_page_t);

    return ngx_align(size, ngx_pagesize);
}


ngx_int_t
ngx_live_sfu_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_live_sfu_zone_t *old = data;

    ngx_live_sfu_sh_t    *sh;
    ngx_live_sfu_zone_t  *zone;

    zone = shm_zone->data;

    if (old) {
        zone->sh = old->sh;
        zone->shpool = old->shpool;
        return NGX_OK;
    }

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;
        return NGX_OK;
    }

    sh = ngx_slab_calloc(zone->shpool, sizeof(ngx_live_sfu_sh_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->max = zone->max;
    sh->mask = ngx_live_sfu_addresses(zone->max) - 1;

    sh->sessions = ngx_live_sfu_zone_part(zone->shpool, sh->max
                                          * sizeof(ngx_live_sfu_session_sh_t));
    sh->addresses = ngx_live_sfu_zone_part(zone->shpool, (sh->mask + 1)
                                          * sizeof(ngx_live_sfu_address_sh_t));
    sh->rings = ngx_live_sfu_zone_part(zone->shpool, NGX_LIVE_SLOTS
                                       * sizeof(ngx_live_sfu_ring_sh_t));

    if (sh->sessions == NULL || sh->addresses == NULL || sh->rings == NULL) {
        return NGX_ERROR;
    }

    if (getrandom(sh->secret, sizeof(sh->secret), 0) != sizeof(sh->secret)) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, ngx_errno,
                      "getrandom() failed");
        return NGX_ERROR;
    }

    if (ngx_live_sfu_cert_make(sh, shm_zone->shm.log) != NGX_OK) {
        return NGX_ERROR;
    }

    zone->sh = sh;
    zone->shpool->data = sh;

    return NGX_OK;
}


/* memory of a new zone is zero; to write that would make it real */

static void *
ngx_live_sfu_zone_part(ngx_slab_pool_t *shpool, size_t size)
{
    return ngx_slab_alloc(shpool, ngx_align(size, ngx_pagesize));
}


ngx_live_sfu_session_sh_t *
ngx_live_sfu_create(u_char pwd[NGX_LIVE_SFU_PWD])
{
    u_char                      bytes[9], random[NGX_LIVE_SFU_RANDOM];
    ngx_str_t                   src, dst;
    ngx_uint_t                  i, n;
    ngx_live_sfu_sh_t          *table;
    ngx_live_sfu_session_sh_t  *sh;

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
        return NULL;
    }

    table = ngx_live_sfu_zone->sh;
    sh = NULL;

    ngx_live_sfu_lock();

    for (i = 0; i < table->max && table->nsessions < table->max; i++) {
        n = (table->next + i) % table->max;

        if (table->sessions[n].state == NGX_LIVE_SFU_FREE
            && table->sessions[n].pid == 0)
        {
            sh = &table->sessions[n];

            ngx_memzero(sh, sizeof(ngx_live_sfu_session_sh_t));

            sh->owner = NGX_LIVE_NO_OWNER;
            sh->pid = ngx_pid;
            sh->created = ngx_live_clock();

            table->nsessions++;
            table->next = n + 1;
            break;
        }
    }

    ngx_live_sfu_unlock();

    if (sh == NULL) {
        ngx_live_sfu_count(refused);
        return NULL;
    }

    ngx_live_sfu_count(sessions);

    ngx_memcpy(sh->id, random, NGX_LIVE_SFU_ID);

    bytes[0] = (u_char) (n >> 16);
    bytes[1] = (u_char) (n >> 8);
    bytes[2] = (u_char) n;

    ngx_memcpy(&bytes[3], random + NGX_LIVE_SFU_ID, 6);

    src.data = bytes;
    src.len = sizeof(bytes);
    dst.data = sh->ufrag;

    ngx_encode_base64(&dst, &src);

    src.data = random + NGX_LIVE_SFU_ID + 6;
    src.len = 24;
    dst.data = pwd;

    ngx_encode_base64(&dst, &src);

    ngx_live_hmac_key(&sh->key, pwd, NGX_LIVE_SFU_PWD);

    return sh;
}


void
ngx_live_sfu_offer(ngx_live_sfu_session_sh_t *sh)
{
    ngx_live_barrier();

    sh->state = NGX_LIVE_SFU_OFFERED;
}


void
ngx_live_sfu_destroy(ngx_live_sfu_session_sh_t *sh)
{
    ngx_live_sfu_lock();
    ngx_live_sfu_free_locked(sh);
    ngx_live_sfu_unlock();
}


static void
ngx_live_sfu_free_locked(ngx_live_sfu_session_sh_t *sh)
{
    ngx_uint_t  i;

    for (i = 0; i < sh->npaths; i++) {
        ngx_live_sfu_leave_locked(sh, &sh->paths[i]);
    }

    sh->state = NGX_LIVE_SFU_FREE;

    ngx_live_barrier();

    sh->owner = NGX_LIVE_NO_OWNER;
    sh->pid = 0;
    sh->npaths = 0;

    ngx_explicit_memzero(&sh->key, sizeof(ngx_live_hmac_key_t));

    ngx_live_sfu_zone->sh->nsessions--;
}


ngx_int_t
ngx_live_sfu_adopt(ngx_live_sfu_session_sh_t *sh)
{
    ngx_int_t  rc;

    rc = NGX_DECLINED;

    ngx_live_sfu_lock();

    if (sh->state == NGX_LIVE_SFU_OFFERED && !sh->ended) {
        sh->owner = ngx_live_slot;
        sh->pid = ngx_pid;
        sh->state = NGX_LIVE_SFU_ADOPTED;
        rc = NGX_OK;
    }

    ngx_live_sfu_unlock();

    return rc;
}


void
ngx_live_sfu_end(ngx_live_sfu_session_sh_t *sh)
{
    ngx_uint_t  owner;

    ngx_live_sfu_lock();

    owner = sh->owner;
    sh->ended = 1;

    if (sh->state == NGX_LIVE_SFU_OFFERED) {
        ngx_live_sfu_free_locked(sh);
        owner = NGX_LIVE_NO_OWNER;
    }

    ngx_live_sfu_unlock();

    if (owner < NGX_LIVE_SLOTS) {
        ngx_live_bell_ring_topic(owner, NGX_LIVE_TOPIC_SFU);
    }
}


ngx_live_sfu_session_sh_t *
ngx_live_sfu_find_ufrag(ngx_str_t *ufrag)
{
    u_char                      bytes[12];
    ngx_str_t                   dst;
    ngx_uint_t                  n;
    ngx_live_sfu_session_sh_t  *sh;

    if (ufrag->len != NGX_LIVE_SFU_UFRAG) {
        return NULL;
    }

    dst.data = bytes;

    if (ngx_decode_base64(&dst, ufrag) != NGX_OK || dst.len != 9) {
        return NULL;
    }

    n = (ngx_uint_t) bytes[0] << 16 | bytes[1] << 8 | bytes[2];

    if (n >= ngx_live_sfu_zone->sh->max) {
        return NULL;
    }

    sh = &ngx_live_sfu_zone->sh->sessions[n];

    if (sh->state == NGX_LIVE_SFU_FREE
        || !ngx_live_hmac_equal(sh->ufrag, ufrag->data, NGX_LIVE_SFU_UFRAG))
    {
        return NULL;
    }

    return sh;
}


/* of requests to change or end a session: few, so nothing is kept for them */

ngx_live_sfu_session_sh_t *
ngx_live_sfu_find_id(ngx_str_t *hex)
{
    u_char                      id[NGX_LIVE_SFU_ID];
    ngx_int_t                   byte;
    ngx_uint_t                  i;
    ngx_live_sfu_session_sh_t  *sh;

    if (hex->len != 2 * NGX_LIVE_SFU_ID) {
        return NULL;
    }

    for (i = 0; i < NGX_LIVE_SFU_ID; i++) {
        byte = ngx_hextoi(hex->data + 2 * i, 2);

        if (byte == NGX_ERROR) {
            return NULL;
        }

        id[i] = (u_char) byte;
    }

    for (i = 0; i < ngx_live_sfu_zone->sh->max; i++) {
        sh = &ngx_live_sfu_zone->sh->sessions[i];

        if (sh->state != NGX_LIVE_SFU_FREE
            && ngx_live_hmac_equal(sh->id, id, NGX_LIVE_SFU_ID))
        {
            return sh;
        }
    }

    return NULL;
}


/*
 * Only addresses that have passed a check get into the table, so a peer can
 * choose some bytes of what is hashed, but not many addresses.
 */

static uint32_t
ngx_live_sfu_hash(ngx_live_sfu_path_t *path)
{
    uint32_t  hash;

    ngx_crc32_init(hash);
    ngx_crc32_update(&hash, ngx_live_sfu_zone->sh->secret,
                     sizeof(ngx_live_sfu_zone->sh->secret));
    ngx_crc32_update(&hash, path->ip, sizeof(path->ip));
    ngx_crc32_update(&hash, (u_char *) &path->port, sizeof(path->port));
    ngx_crc32_final(hash);

    return hash ? hash : 1;
}


static ngx_uint_t
ngx_live_sfu_same_path(ngx_live_sfu_path_t *a, ngx_live_sfu_path_t *b)
{
    return a->port == b->port && a->socket == b->socket
           && ngx_memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}


/*
 * Without the mutex: what is read may be changing, so the session is asked
 * whether the address is its own.  In the worst case a datagram is lost.
 */

ngx_live_sfu_session_sh_t *
ngx_live_sfu_find_path(ngx_live_sfu_path_t *path)
{
    uint32_t                    hash;
    ngx_uint_t                  i, j, index;
    ngx_live_sfu_sh_t          *table;
    ngx_live_sfu_session_sh_t  *sh;
    ngx_live_sfu_address_sh_t  *a;

    table = ngx_live_sfu_zone->sh;
    hash = ngx_live_sfu_hash(path);

    for (i = 0; i < NGX_LIVE_SFU_PROBES; i++) {
        a = &table->addresses[(hash + i) & table->mask];
        index = a->index;

        if (a->hash != hash || index >= table->max) {
            continue;
        }

        sh = &table->sessions[index];

        if (sh->state != NGX_LIVE_SFU_ADOPTED) {
            continue;
        }

        for (j = 0; j < NGX_LIVE_SFU_PATHS && j < sh->npaths; j++) {
            if (ngx_live_sfu_same_path(&sh->paths[j], path)) {
                return sh;
            }
        }
    }

    return NULL;
}


ngx_uint_t
ngx_live_sfu_add_path(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path, ngx_uint_t keep)
{
    ngx_uint_t  i;

    for (i = 0; i < sh->npaths; i++) {
        if (ngx_live_sfu_same_path(&sh->paths[i], path)) {
            return i;
        }
    }

    ngx_live_sfu_lock();

    if (sh->npaths < NGX_LIVE_SFU_PATHS) {
        i = sh->npaths++;

    } else {
        i = (keep + 1) % NGX_LIVE_SFU_PATHS;
        ngx_live_sfu_leave_locked(sh, &sh->paths[i]);
    }

    sh->paths[i] = *path;

    ngx_live_sfu_enter_locked(sh, path);

    ngx_live_sfu_unlock();

    return i;
}


/* a client behind the same address may have gone without a word */

static void
ngx_live_sfu_enter_locked(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path)
{
    uint32_t                    hash;
    ngx_uint_t                  i;
    ngx_live_sfu_sh_t          *table;
    ngx_live_sfu_address_sh_t  *a, *place;

    table = ngx_live_sfu_zone->sh;
    hash = ngx_live_sfu_hash(path);
    place = NULL;

    for (i = 0; i < NGX_LIVE_SFU_PROBES; i++) {
        a = &table->addresses[(hash + i) & table->mask];

        if (a->hash == hash) {
            place = a;
            break;
        }

        if (a->hash == 0 && place == NULL) {
            place = a;
        }
    }

    if (place == NULL) {
        place = &table->addresses[hash & table->mask];
    }

    place->hash = 0;
    ngx_live_barrier();
    place->index = (uint32_t) ngx_live_sfu_index(sh);
    ngx_live_barrier();
    place->hash = hash;
}


static void
ngx_live_sfu_leave_locked(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path)
{
    uint32_t                    hash;
    ngx_uint_t                  i;
    ngx_live_sfu_sh_t          *table;
    ngx_live_sfu_address_sh_t  *a;

    table = ngx_live_sfu_zone->sh;
    hash = ngx_live_sfu_hash(path);

    for (i = 0; i < NGX_LIVE_SFU_PROBES; i++) {
        a = &table->addresses[(hash + i) & table->mask];

        if (a->hash == hash && a->index == ngx_live_sfu_index(sh)) {
            a->hash = 0;
        }
    }
}


void
ngx_live_sfu_hand_over(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path, u_char *data, size_t len)
{
    ngx_uint_t                   owner;
    ngx_live_sfu_ring_sh_t      *ring;
    ngx_live_sfu_datagram_sh_t  *d;

    owner = sh->owner;

    if (owner >= NGX_LIVE_SLOTS || len > NGX_LIVE_SFU_DATAGRAM) {
        return;
    }

    ring = &ngx_live_sfu_zone->sh->rings[owner];

    ngx_live_sfu_lock();

    if (ring->head - ring->tail >= NGX_LIVE_SFU_RING) {
        ngx_live_sfu_unlock();
        ngx_live_sfu_count(lost);
        return;
    }

    d = &ring->datagrams[ring->head % NGX_LIVE_SFU_RING];

    d->index = (uint32_t) ngx_live_sfu_index(sh);
    d->len = (uint16_t) len;
    d->path = *path;
    ngx_memcpy(d->data, data, len);

    ngx_live_barrier();

    ring->head++;

    ngx_live_sfu_unlock();

    ngx_live_sfu_count(handed);
    ngx_live_bell_ring_topic(owner, NGX_LIVE_TOPIC_SFU);
}


void
ngx_live_sfu_sweep(void)
{
    int64_t                     now;
    ngx_uint_t                  i, dead;
    ngx_live_sfu_sh_t          *table;
    ngx_live_sfu_session_sh_t  *sh;

    table = ngx_live_sfu_zone->sh;
    now = ngx_live_clock();

    for (i = 0; i < table->max && table->nsessions; i++) {
        sh = &table->sessions[i];

        if (sh->pid == 0) {
            continue;
        }

        if (sh->state == NGX_LIVE_SFU_ADOPTED) {
            dead = ((ngx_pid_t) sh->pid != ngx_pid
                    && kill((ngx_pid_t) sh->pid, 0) == -1
                    && ngx_errno == NGX_ESRCH);

        } else {
            dead = (now - sh->created > NGX_LIVE_SFU_OFFER_TIMEOUT);
        }

        if (!dead) {
            continue;
        }

        ngx_live_sfu_lock();

        if (sh->pid
            && (sh->state != NGX_LIVE_SFU_ADOPTED
                || (kill((ngx_pid_t) sh->pid, 0) == -1
                    && ngx_errno == NGX_ESRCH)))
        {
            ngx_live_sfu_free_locked(sh);
        }

        ngx_live_sfu_unlock();
    }
}
