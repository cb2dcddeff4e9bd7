
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_cache.h"


#define NGX_LIVE_TOKEN_EVICT  16           /* entries for a new one */


typedef struct {
    ngx_rbtree_node_t          node;
    ngx_queue_t                queue;
    u_char                     hash[NGX_LIVE_TOKEN_HASH];
    ngx_live_claims_t          claims;
    u_char                     data[1];
} ngx_live_token_entry_sh_t;


static ngx_live_token_entry_sh_t *ngx_live_token_cache_find_locked(
    ngx_live_token_cache_t *cache, u_char *hash);
static ngx_live_token_entry_sh_t *ngx_live_token_cache_alloc_locked(
    ngx_live_token_cache_t *cache, size_t size);
static void ngx_live_token_cache_delete_locked(ngx_live_token_cache_t *cache,
    ngx_live_token_entry_sh_t *e);
static void ngx_live_token_cache_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_int_t ngx_live_token_cache_compare(ngx_rbtree_key_t key,
    u_char *hash, ngx_rbtree_node_t *node);
static ngx_rbtree_key_t ngx_live_token_cache_key(u_char *hash);


ngx_int_t
ngx_live_token_cache_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_live_token_cache_t *old = data;

    ngx_live_token_cache_t  *cache;

    cache = shm_zone->data;

    /* a reload goes on with what is there */

    if (old) {
        *cache = *old;
        return NGX_OK;
    }

    cache->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        cache->sh = cache->shpool->data;
        return NGX_OK;
    }

    cache->sh = ngx_slab_calloc(cache->shpool,
                                sizeof(ngx_live_token_cache_sh_t));
    if (cache->sh == NULL) {
        return NGX_ERROR;
    }

    cache->shpool->data = cache->sh;

    /* that it is full is what it is made for */

    cache->shpool->log_nomem = 0;

    ngx_rbtree_init(&cache->sh->rbtree, &cache->sh->sentinel,
                    ngx_live_token_cache_insert);
    ngx_queue_init(&cache->sh->queue);

    return NGX_OK;
}


ngx_int_t
ngx_live_token_cache_get(ngx_live_token_cache_t *cache, u_char *hash,
    ngx_live_claims_t *claims, u_char *buf, size_t size)
{
    ngx_live_token_entry_sh_t  *e;

    ngx_shmtx_lock(&cache->shpool->mutex);

    e = ngx_live_token_cache_find_locked(cache, hash);

    if (e == NULL || e->claims.data.len > size) {
        cache->sh->misses++;
        ngx_shmtx_unlock(&cache->shpool->mutex);
        return NGX_DECLINED;
    }

    (void) ngx_atomic_fetch_add(&cache->sh->hits, 1);

    ngx_queue_remove(&e->queue);
    ngx_queue_insert_head(&cache->sh->queue, &e->queue);

    ngx_live_claims_copy(claims, &e->claims, buf);

    ngx_shmtx_unlock(&cache->shpool->mutex);

    return NGX_OK;
}


void
ngx_live_token_cache_put(ngx_live_token_cache_t *cache, u_char *hash,
    ngx_live_claims_t *claims)
{
    size_t                      size;
    ngx_live_token_entry_sh_t  *e;

    size = offsetof(ngx_live_token_entry_sh_t, data) + claims->data.len;

    ngx_shmtx_lock(&cache->shpool->mutex);

    /* another worker may have been asked at the same time */

    if (ngx_live_token_cache_find_locked(cache, hash) == NULL) {

        e = ngx_live_token_cache_alloc_locked(cache, size);

        if (e) {
            ngx_memcpy(e->hash, hash, NGX_LIVE_TOKEN_HASH);
            ngx_live_claims_copy(&e->claims, claims, e->data);

            e->node.key = ngx_live_token_cache_key(hash);
            ngx_rbtree_insert(&cache->sh->rbtree, &e->node);
            ngx_queue_insert_head(&cache->sh->queue, &e->queue);
            cache->sh->n++;
        }
    }

    ngx_shmtx_unlock(&cache->shpool->mutex);
}


static ngx_live_token_entry_sh_t *
ngx_live_token_cache_alloc_locked(ngx_live_token_cache_t *cache, size_t size)
{
    ngx_uint_t                  i;
    ngx_queue_t                *q;
    ngx_live_token_entry_sh_t  *e;

    for (i = 0; i <= NGX_LIVE_TOKEN_EVICT; i++) {

        e = ngx_slab_alloc_locked(cache->shpool, size);

        if (e || ngx_queue_empty(&cache->sh->queue)) {
            return e;
        }

        q = ngx_queue_last(&cache->sh->queue);
        e = ngx_queue_data(q, ngx_live_token_entry_sh_t, queue);

        ngx_live_token_cache_delete_locked(cache, e);
        cache->sh->evicted++;
    }

    /* pieces of another size: room comes with the next ones */

    return NULL;
}


static void
ngx_live_token_cache_delete_locked(ngx_live_token_cache_t *cache,
    ngx_live_token_entry_sh_t *e)
{
    ngx_queue_remove(&e->queue);
    ngx_rbtree_delete(&cache->sh->rbtree, &e->node);
    ngx_slab_free_locked(cache->shpool, e);
    cache->sh->n--;
}


static ngx_live_token_entry_sh_t *
ngx_live_token_cache_find_locked(ngx_live_token_cache_t *cache, u_char *hash)
{
    ngx_int_t           rc;
    ngx_rbtree_key_t    key;
    ngx_rbtree_node_t  *node, *sentinel;

    key = ngx_live_token_cache_key(hash);
    node = cache->sh->rbtree.root;
    sentinel = cache->sh->rbtree.sentinel;

    while (node != sentinel) {
        rc = ngx_live_token_cache_compare(key, hash, node);

        if (rc == 0) {
            return (ngx_live_token_entry_sh_t *) node;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_live_token_cache_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t          **p;
    ngx_live_token_entry_sh_t   *e;

    e = (ngx_live_token_entry_sh_t *) node;

    for ( ;; ) {
        p = (ngx_live_token_cache_compare(node->key, e->hash, temp) < 0)
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


static ngx_int_t
ngx_live_token_cache_compare(ngx_rbtree_key_t key, u_char *hash,
    ngx_rbtree_node_t *node)
{
    ngx_live_token_entry_sh_t  *e;

    if (key != node->key) {
        return (key < node->key) ? -1 : 1;
    }

    e = (ngx_live_token_entry_sh_t *) node;

    return ngx_memcmp(hash, e->hash, NGX_LIVE_TOKEN_HASH);
}


static ngx_rbtree_key_t
ngx_live_token_cache_key(u_char *hash)
{
    ngx_rbtree_key_t  key;

    ngx_memcpy(&key, hash, sizeof(ngx_rbtree_key_t));

    return key;
}
