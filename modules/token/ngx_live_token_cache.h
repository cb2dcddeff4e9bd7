
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Verified tokens in shared memory: the signature of a token is checked once
 * per node.  An entry is found by a hash of the token and of the keys that
 * have verified it; the token itself is nowhere.  When there is no room the
 * entry that was not asked for the longest gives way.
 */


#ifndef _NGX_LIVE_TOKEN_CACHE_H_INCLUDED_
#define _NGX_LIVE_TOKEN_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_claims.h"
#include "ngx_live_token_key.h"


typedef struct {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;      /* the last one used first */
    ngx_uint_t                 n;
    ngx_atomic_t               hits;       /* also those that a worker has
                                              remembered by itself */
    uint64_t                   misses;
    uint64_t                   evicted;
} ngx_live_token_cache_sh_t;


typedef struct {
    ngx_live_token_cache_sh_t *sh;
    ngx_slab_pool_t           *shpool;
} ngx_live_token_cache_t;


/* shm_zone->init; its data is a ngx_live_token_cache_t */
ngx_int_t ngx_live_token_cache_init(ngx_shm_zone_t *shm_zone, void *data);

/*
 * hash is of NGX_LIVE_TOKEN_HASH bytes.  NGX_OK: the strings of claims are in
 * buf, of size bytes; NGX_DECLINED: there is no such token.
 */
ngx_int_t ngx_live_token_cache_get(ngx_live_token_cache_t *cache,
    u_char *hash, ngx_live_claims_t *claims, u_char *buf, size_t size);

void ngx_live_token_cache_put(ngx_live_token_cache_t *cache, u_char *hash,
    ngx_live_claims_t *claims);


#endif /* _NGX_LIVE_TOKEN_CACHE_H_INCLUDED_ */
