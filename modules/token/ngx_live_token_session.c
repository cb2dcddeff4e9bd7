
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_session.h"
#include "ngx_live_token_key.h"
#include "ngx_live_redis.h"
#include "ngx_live_session.h"
#include "ngx_live_worker.h"


#define NGX_LIVE_TOKEN_SESSION_NOBODY  0xffff    /* no slot */

#define NGX_LIVE_TOKEN_SESSION_PURGE   4         /* looked at for a new one */
#define NGX_LIVE_TOKEN_SESSION_WALK    512       /* looked at under the lock */
#define NGX_LIVE_TOKEN_SESSION_OUSTED  16        /* ended for a new one */
#define NGX_LIVE_TOKEN_SESSION_MUTE    10000     /* ms between complaints */


/*
 * Ordered by sub and id, so that those of a sub are side by side.  128 bytes.
 */

typedef struct {
    ngx_rbtree_node_t          node;        /* key: sub[0] */
    ngx_queue_t                queue;       /* the longest silent one last */
    ngx_queue_t                slots;       /* of its slot, the next due one
                                               first */
    uint64_t                   sub;         /* sub[1] */
    uint64_t                   id;
    int64_t                    start;       /* ms since the epoch */
    int64_t                    expires;     /* ngx_live_clock() */
    int64_t                    told;        /* to Redis; likewise */
    uint16_t                   max;
    uint16_t                   slot;
    unsigned                   lease:30;    /* ms */
    unsigned                   replace:1;
    unsigned                   ended:1;
} ngx_live_token_session_sh_t;


struct ngx_live_token_sessions_sh_s {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;
    ngx_uint_t                 n;
    ngx_uint_t                 refused;
    ngx_uint_t                 ended;
    ngx_uint_t                 unlimited;
    ngx_uint_t                 fast;
    int64_t                    complained;  /* ngx_live_clock() */
    ngx_queue_t                lost;        /* of dead workers */
    ngx_queue_t                slots[NGX_LIVE_SLOTS];
};


/* the sessions of a sub, as counted */

typedef struct {
    ngx_uint_t                    n;
    ngx_live_token_session_sh_t  *oldest;
    ngx_uint_t                    ended;
    ngx_live_token_session_sh_t  *stale;    /* ended, the first to go */
} ngx_live_token_session_count_t;


/* ended while the table was locked: their connections are closed later */

typedef struct {
    ngx_uint_t                 n;
    uint64_t                   ids[NGX_LIVE_TOKEN_SESSION_OUSTED];
} ngx_live_token_session_ousted_t;


static ngx_int_t ngx_live_token_session_enter_locked(
    ngx_live_token_sessions_t *t, ngx_live_token_session_t *s,
    ngx_uint_t admitted, ngx_live_token_session_ousted_t *ousted);
static ngx_int_t ngx_live_token_session_insert_locked(
    ngx_live_token_sessions_t *t, ngx_live_token_session_t *s,
    ngx_uint_t admitted);
static ngx_live_token_session_sh_t *ngx_live_token_session_find_locked(
    ngx_live_token_sessions_t *t, uint64_t *sub, uint64_t id);
static void ngx_live_token_session_count_locked(ngx_live_token_sessions_t *t,
    uint64_t *sub, ngx_live_token_session_count_t *count);
static void ngx_live_token_session_set_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_sh_t *e, ngx_live_token_session_t *s);
static void ngx_live_token_session_get(ngx_live_token_session_sh_t *e,
    ngx_live_token_session_t *s);
static void ngx_live_token_session_end_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_sh_t *e, ngx_live_token_session_ousted_t *ousted);
static void ngx_live_token_session_close(
    ngx_live_token_session_ousted_t *ousted, ngx_log_t *log);
static ngx_uint_t ngx_live_token_session_complain_locked(
    ngx_live_token_sessions_t *t);
static void ngx_live_token_session_purge_locked(ngx_live_token_sessions_t *t,
    ngx_uint_t max);
static void ngx_live_token_session_delete_locked(
    ngx_live_token_sessions_t *t, ngx_live_token_session_sh_t *e);
static ngx_live_token_session_sh_t *ngx_live_token_session_first_locked(
    ngx_live_token_sessions_t *t, uint64_t *sub, uint64_t id);
static ngx_live_token_session_sh_t *ngx_live_token_session_next_locked(
    ngx_live_token_sessions_t *t, ngx_live_token_session_sh_t *e);
static ngx_int_t ngx_live_token_session_compare(uint64_t *sub, uint64_t id,
    ngx_rbtree_node_t *node);
static void ngx_live_token_session_rbtree_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);


#define ngx_live_token_session_entry(n)                                       \
    ((ngx_live_token_session_sh_t *)                                          \
        ((u_char *) (n) - offsetof(ngx_live_token_session_sh_t, node)))

#define ngx_live_token_session_is(e, s)                                       \
    ((e)->node.key == (s)[0] && (e)->sub == (s)[1])


ngx_int_t
ngx_live_token_sessions_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_live_token_sessions_t *old = data;

    ngx_uint_t                  i;
    ngx_live_token_sessions_t  *t;

    t = shm_zone->data;

    /* a reload goes on with what is there */

    if (old) {
        *t = *old;
        return NGX_OK;
    }

    t->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        t->sh = t->shpool->data;
        return NGX_OK;
    }

    t->sh = ngx_slab_calloc(t->shpool, sizeof(ngx_live_token_sessions_sh_t));
    if (t->sh == NULL) {
        return NGX_ERROR;
    }

    t->shpool->data = t->sh;
    t->shpool->log_nomem = 0;

    ngx_rbtree_init(&t->sh->rbtree, &t->sh->sentinel,
                    ngx_live_token_session_rbtree_insert);
    ngx_queue_init(&t->sh->queue);
    ngx_queue_init(&t->sh->lost);

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        ngx_queue_init(&t->sh->slots[i]);
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_token_session_sub(ngx_live_token_session_t *s, ngx_str_t *sub)
{
    u_char     hash[NGX_LIVE_TOKEN_HASH];
    ngx_str_t  none;

    ngx_str_null(&none);

    if (ngx_live_token_key_hash(hash, sub, &none) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(s->sub, hash, sizeof(s->sub));

    return NGX_OK;
}


ngx_int_t
ngx_live_token_session_renew(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t *tell)
{
    int64_t                       now;
    ngx_int_t                     rc;
    ngx_live_token_session_sh_t  *e;

    *tell = 0;
    now = ngx_live_clock();
    rc = NGX_DECLINED;

    ngx_shmtx_lock(&t->shpool->mutex);

    e = ngx_live_token_session_find_locked(t, s->sub, s->id);

    if (e && e->ended) {
        e->expires = now + NGX_LIVE_TOKEN_SESSION_FORGET;
        rc = NGX_ABORT;

    } else if (e) {
        ngx_live_token_session_set_locked(t, e, s);
        rc = NGX_OK;

        if (ngx_live_redis_up() && now - e->told > s->lease / 3) {
            e->told = now;
            s->start = e->start;
            *tell = 1;
        }
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


ngx_uint_t
ngx_live_token_session_full(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s)
{
    ngx_live_token_session_count_t  count;

    ngx_shmtx_lock(&t->shpool->mutex);

    ngx_live_token_session_count_locked(t, s->sub, &count);

    if (count.n >= s->max) {
        t->sh->refused++;
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return count.n >= s->max;
}


void
ngx_live_token_session_refused(ngx_live_token_sessions_t *t)
{
    ngx_shmtx_lock(&t->shpool->mutex);
    t->sh->refused++;
    ngx_shmtx_unlock(&t->shpool->mutex);
}


void
ngx_live_token_session_count_fast(ngx_live_token_sessions_t *t)
{
    ngx_shmtx_lock(&t->shpool->mutex);
    t->sh->fast++;
    ngx_shmtx_unlock(&t->shpool->mutex);
}


ngx_int_t
ngx_live_token_session_enter(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t admitted, ngx_log_t *log)
{
    ngx_int_t                        rc;
    ngx_uint_t                       complain;
    ngx_live_token_session_ousted_t  ousted;

    ousted.n = 0;
    complain = 0;

    ngx_shmtx_lock(&t->shpool->mutex);

    rc = ngx_live_token_session_enter_locked(t, s, admitted, &ousted);

    if (rc == NGX_ERROR) {
        complain = ngx_live_token_session_complain_locked(t);
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    if (complain) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "sessions are not limited: \"token_sessions_zone\" is "
                      "too small");
    }

    ngx_live_token_session_close(&ousted, log);

    return rc;
}


/* NGX_ERROR: there is no place for it */

static ngx_int_t
ngx_live_token_session_enter_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t admitted,
    ngx_live_token_session_ousted_t *ousted)
{
    ngx_live_token_session_sh_t     *e;
    ngx_live_token_session_count_t   count;

    e = ngx_live_token_session_find_locked(t, s->sub, s->id);

    if (e && e->ended) {
        return NGX_ABORT;
    }

    if (e) {

        /* another request of the same player was faster */

        ngx_live_token_session_set_locked(t, e, s);
        return NGX_OK;
    }

    ngx_live_token_session_count_locked(t, s->sub, &count);

    while (!admitted && count.n >= s->max) {

        if (!s->replace) {
            t->sh->refused++;
            return NGX_DECLINED;
        }

        if (ousted->n == NGX_LIVE_TOKEN_SESSION_OUSTED) {
            break;
        }

        ngx_live_token_session_end_locked(t, count.oldest, ousted);
        ngx_live_token_session_count_locked(t, s->sub, &count);
    }

    /* one player cannot fill the zone with those that it has replaced */

    if (count.ended > NGX_LIVE_TOKEN_SESSION_ENDED) {
        ngx_live_token_session_delete_locked(t, count.stale);
    }

    return ngx_live_token_session_insert_locked(t, s, admitted);
}


static ngx_int_t
ngx_live_token_session_insert_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t admitted)
{
    ngx_live_token_session_sh_t  *e;

    ngx_live_token_session_purge_locked(t, NGX_LIVE_TOKEN_SESSION_PURGE);

    e = ngx_slab_calloc_locked(t->shpool, sizeof(ngx_live_token_session_sh_t));

    if (e == NULL) {
        ngx_live_token_session_purge_locked(t, t->sh->n);

        e = ngx_slab_calloc_locked(t->shpool,
                                   sizeof(ngx_live_token_session_sh_t));
    }

    if (e == NULL) {
        t->sh->unlimited++;
        return NGX_ERROR;
    }

    e->node.key = s->sub[0];
    e->sub = s->sub[1];
    e->id = s->id;
    e->start = s->start ? s->start : ngx_live_now();
    e->told = admitted ? ngx_live_clock() : 0;
    e->slot = NGX_LIVE_TOKEN_SESSION_NOBODY;

    ngx_queue_init(&e->slots);

    ngx_rbtree_insert(&t->sh->rbtree, &e->node);
    ngx_queue_insert_head(&t->sh->queue, &e->queue);
    t->sh->n++;

    ngx_live_token_session_set_locked(t, e, s);

    return NGX_OK;
}


/* NULL also if its time is over */

static ngx_live_token_session_sh_t *
ngx_live_token_session_find_locked(ngx_live_token_sessions_t *t, uint64_t *sub,
    uint64_t id)
{
    ngx_live_token_session_sh_t  *e;

    e = ngx_live_token_session_first_locked(t, sub, id);

    if (e == NULL || e->id != id || !ngx_live_token_session_is(e, sub)) {
        return NULL;
    }

    if (e->expires <= ngx_live_clock()) {
        ngx_live_token_session_delete_locked(t, e);
        return NULL;
    }

    return e;
}


static void
ngx_live_token_session_count_locked(ngx_live_token_sessions_t *t,
    uint64_t *sub, ngx_live_token_session_count_t *count)
{
    int64_t                       now;
    ngx_live_token_session_sh_t  *e, *next;

    now = ngx_live_clock();

    ngx_memzero(count, sizeof(ngx_live_token_session_count_t));

    for (e = ngx_live_token_session_first_locked(t, sub, 0);
         e && ngx_live_token_session_is(e, sub);
         e = next)
    {
        next = ngx_live_token_session_next_locked(t, e);

        if (e->expires <= now) {
            ngx_live_token_session_delete_locked(t, e);
            continue;
        }

        if (e->ended) {
            count->ended++;

            if (count->stale == NULL || e->expires < count->stale->expires) {
                count->stale = e;
            }

            continue;
        }

        count->n++;

        if (count->oldest == NULL || e->start < count->oldest->start) {
            count->oldest = e;
        }
    }
}


/* renewed, with what the token says now */

static void
ngx_live_token_session_set_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_sh_t *e, ngx_live_token_session_t *s)
{
    e->max = (uint16_t) ngx_min(s->max, 0xffff);
    e->lease = s->lease;
    e->replace = s->replace;
    e->expires = ngx_live_clock() + s->lease;

    ngx_queue_remove(&e->queue);
    ngx_queue_insert_head(&t->sh->queue, &e->queue);
}


static void
ngx_live_token_session_get(ngx_live_token_session_sh_t *e,
    ngx_live_token_session_t *s)
{
    s->sub[0] = e->node.key;
    s->sub[1] = e->sub;
    s->id = e->id;
    s->start = e->start;
    s->max = e->max;
    s->lease = e->lease;
    s->replace = e->replace;
}


void
ngx_live_token_session_end(ngx_live_token_sessions_t *t, uint64_t *sub,
    uint64_t id, ngx_log_t *log)
{
    ngx_live_token_session_sh_t      *e;
    ngx_live_token_session_ousted_t   ousted;

    ousted.n = 0;

    ngx_shmtx_lock(&t->shpool->mutex);

    e = ngx_live_token_session_find_locked(t, sub, id);

    if (e && !e->ended) {
        ngx_live_token_session_end_locked(t, e, &ousted);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    ngx_live_token_session_close(&ousted, log);
}


static void
ngx_live_token_session_end_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_sh_t *e, ngx_live_token_session_ousted_t *ousted)
{
    e->ended = 1;
    e->expires = ngx_live_clock() + NGX_LIVE_TOKEN_SESSION_FORGET;

    t->sh->ended++;

    ousted->ids[ousted->n++] = e->id;
}


static void
ngx_live_token_session_close(ngx_live_token_session_ousted_t *ousted,
    ngx_log_t *log)
{
    ngx_uint_t  i;

    for (i = 0; i < ousted->n; i++) {
        ngx_log_error(NGX_LOG_INFO, log, 0,
                      "session %016xL gives way to another one of its sub",
                      ousted->ids[i]);

        if (ngx_live_zone) {
            (void) ngx_live_session_end(NGX_LIVE_SESSION_BY_LEASE,
                                        ousted->ids[i], NULL);
        }
    }
}


static ngx_uint_t
ngx_live_token_session_complain_locked(ngx_live_token_sessions_t *t)
{
    int64_t  now;

    now = ngx_live_clock();

    if (t->sh->complained
        && now - t->sh->complained < NGX_LIVE_TOKEN_SESSION_MUTE)
    {
        return 0;
    }

    t->sh->complained = now;

    return 1;
}


ngx_int_t
ngx_live_token_session_bind(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s)
{
    ngx_int_t                     rc;
    ngx_live_token_session_sh_t  *e;

    rc = NGX_OK;

    ngx_shmtx_lock(&t->shpool->mutex);

    e = ngx_live_token_session_find_locked(t, s->sub, s->id);

    if (e && e->ended) {
        rc = NGX_ABORT;

    } else if (e && e->slot == NGX_LIVE_TOKEN_SESSION_NOBODY) {
        e->slot = (uint16_t) ngx_live_slot;
        ngx_queue_insert_tail(&t->sh->slots[ngx_live_slot], &e->slots);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


ngx_int_t
ngx_live_token_session_remove(ngx_live_token_sessions_t *t, uint64_t *sub,
    uint64_t id, ngx_uint_t idle)
{
    ngx_live_token_session_sh_t  *e;

    ngx_shmtx_lock(&t->shpool->mutex);

    e = ngx_live_token_session_find_locked(t, sub, id);

    if (e && idle && e->slot != NGX_LIVE_TOKEN_SESSION_NOBODY) {
        e = NULL;
    }

    if (e) {
        ngx_live_token_session_delete_locked(t, e);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return e ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_live_token_session_due(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s, ngx_uint_t n, ngx_uint_t tell,
    ngx_uint_t *more)
{
    int64_t                       now;
    ngx_uint_t                    i, seen;
    ngx_queue_t                  *q, *queue;
    ngx_live_token_session_sh_t  *e;

    i = 0;
    *more = 0;
    now = ngx_live_clock();
    queue = &t->sh->slots[ngx_live_slot];

    ngx_shmtx_lock(&t->shpool->mutex);

    for (seen = 0; !ngx_queue_empty(queue); seen++) {

        q = ngx_queue_head(queue);
        e = ngx_queue_data(q, ngx_live_token_session_sh_t, slots);

        if (!e->ended && e->expires - now > (int64_t) (2 * e->lease / 3)) {
            break;
        }

        if (i == n || seen == NGX_LIVE_TOKEN_SESSION_WALK) {
            *more = 1;
            break;
        }

        ngx_queue_remove(q);

        if (e->ended) {

            /* its connection is being closed */

            ngx_queue_init(q);
            continue;
        }

        ngx_queue_insert_tail(queue, q);

        e->expires = now + e->lease;

        ngx_queue_remove(&e->queue);
        ngx_queue_insert_head(&t->sh->queue, &e->queue);

        if (tell) {
            e->told = now;
            ngx_live_token_session_get(e, &s[i++]);
        }
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return i;
}


void
ngx_live_token_session_orphan(ngx_live_token_sessions_t *t)
{
    ngx_queue_t  *queue;

    queue = &t->sh->slots[ngx_live_slot];

    ngx_shmtx_lock(&t->shpool->mutex);

    if (!ngx_queue_empty(queue)) {
        ngx_queue_add(&t->sh->lost, queue);
        ngx_queue_init(queue);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);
}


ngx_int_t
ngx_live_token_session_lost(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *s)
{
    ngx_live_token_session_sh_t  *e;

    e = NULL;

    /* the usual case costs no lock */

    if (ngx_queue_empty(&t->sh->lost)) {
        return NGX_DECLINED;
    }

    ngx_shmtx_lock(&t->shpool->mutex);

    if (!ngx_queue_empty(&t->sh->lost)) {
        e = ngx_queue_data(ngx_queue_head(&t->sh->lost),
                           ngx_live_token_session_sh_t, slots);

        ngx_live_token_session_get(e, s);
        ngx_live_token_session_delete_locked(t, e);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return e ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_live_token_session_walk(ngx_live_token_sessions_t *t,
    ngx_live_token_session_t *last, int64_t since,
    ngx_live_token_session_t *s, ngx_uint_t n, ngx_uint_t *more)
{
    int64_t                       now;
    ngx_uint_t                    i, seen;
    ngx_live_token_session_sh_t  *e;

    i = 0;
    now = ngx_live_clock();

    ngx_shmtx_lock(&t->shpool->mutex);

    e = ngx_live_token_session_first_locked(t, last->sub, last->id + 1);

    for (seen = 0;
         e && i < n && seen < NGX_LIVE_TOKEN_SESSION_WALK;
         seen++)
    {
        ngx_live_token_session_get(e, last);

        if (!e->ended && e->expires > now && e->told <= since) {
            e->told = now;
            ngx_live_token_session_get(e, &s[i++]);
        }

        e = ngx_live_token_session_next_locked(t, e);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    *more = (e != NULL);

    return i;
}


void
ngx_live_token_sessions_stat(ngx_live_token_sessions_t *t,
    ngx_live_token_sessions_stat_t *stat)
{
    int64_t                       now;
    ngx_queue_t                  *q;
    ngx_live_token_session_sh_t  *e;

    now = ngx_live_clock();

    ngx_shmtx_lock(&t->shpool->mutex);

    stat->now = 0;
    stat->refused = t->sh->refused;
    stat->ended = t->sh->ended;
    stat->unlimited = t->sh->unlimited;
    stat->fast = t->sh->fast;

    for (q = ngx_queue_head(&t->sh->queue);
         q != ngx_queue_sentinel(&t->sh->queue);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_live_token_session_sh_t, queue);

        stat->now += (!e->ended && e->expires > now);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);
}


/*
 * Drops what is over among those that were silent longest; those that are not
 * go to the head, so that each one's turn comes.
 */

static void
ngx_live_token_session_purge_locked(ngx_live_token_sessions_t *t,
    ngx_uint_t max)
{
    int64_t                       now;
    ngx_queue_t                  *q;
    ngx_live_token_session_sh_t  *e;

    now = ngx_live_clock();

    while (max-- && !ngx_queue_empty(&t->sh->queue)) {

        q = ngx_queue_last(&t->sh->queue);
        e = ngx_queue_data(q, ngx_live_token_session_sh_t, queue);

        if (e->expires <= now) {
            ngx_live_token_session_delete_locked(t, e);
            continue;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_head(&t->sh->queue, q);
    }
}


static void
ngx_live_token_session_delete_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_sh_t *e)
{
    ngx_queue_remove(&e->slots);
    ngx_queue_remove(&e->queue);
    ngx_rbtree_delete(&t->sh->rbtree, &e->node);
    ngx_slab_free_locked(t->shpool, e);
    t->sh->n--;
}


/* the first one from there on */

static ngx_live_token_session_sh_t *
ngx_live_token_session_first_locked(ngx_live_token_sessions_t *t,
    uint64_t *sub, uint64_t id)
{
    ngx_int_t           rc;
    ngx_rbtree_node_t  *node, *sentinel, *found;

    found = NULL;
    node = t->sh->rbtree.root;
    sentinel = t->sh->rbtree.sentinel;

    while (node != sentinel) {
        rc = ngx_live_token_session_compare(sub, id, node);

        if (rc <= 0) {
            found = node;
        }

        if (rc == 0) {
            break;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return found ? ngx_live_token_session_entry(found) : NULL;
}


static ngx_live_token_session_sh_t *
ngx_live_token_session_next_locked(ngx_live_token_sessions_t *t,
    ngx_live_token_session_sh_t *e)
{
    ngx_rbtree_node_t  *node;

    node = ngx_rbtree_next(&t->sh->rbtree, &e->node);

    return node ? ngx_live_token_session_entry(node) : NULL;
}


static ngx_int_t
ngx_live_token_session_compare(uint64_t *sub, uint64_t id,
    ngx_rbtree_node_t *node)
{
    ngx_live_token_session_sh_t  *e;

    e = ngx_live_token_session_entry(node);

    if (sub[0] != node->key) {
        return sub[0] < node->key ? -1 : 1;
    }

    if (sub[1] != e->sub) {
        return sub[1] < e->sub ? -1 : 1;
    }

    if (id != e->id) {
        return id < e->id ? -1 : 1;
    }

    return 0;
}


static void
ngx_live_token_session_rbtree_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel)
{
    uint64_t                      sub[2];
    ngx_rbtree_node_t           **p;
    ngx_live_token_session_sh_t  *e;

    e = ngx_live_token_session_entry(node);

    sub[0] = node->key;
    sub[1] = e->sub;

    for ( ;; ) {
        p = (ngx_live_token_session_compare(sub, e->id, temp) < 0)
            ? &temp->left : &temp->right;

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}
