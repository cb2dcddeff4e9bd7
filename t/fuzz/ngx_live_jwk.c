
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of key sets: what is taken is within its type's bounds. */


#include "ngx_live_jwk.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(ngx_live_jwk_t *key)
{
    if (key->algs == 0 || (key->algs & ~NGX_LIVE_JWT_ALL)
        || key->type > NGX_LIVE_JWK_ED25519
        || key->x.len < 32
        || key->kid.len > NGX_LIVE_JWT_KID_MAX)
    {
        abort();
    }

    if (key->type != NGX_LIVE_JWK_OCT && (key->algs & NGX_LIVE_JWT_HS)) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char   *reason;
    ngx_pool_t   *pool;
    ngx_uint_t    i, skipped;
    ngx_array_t  *keys;

    pool = ngx_create_pool(4096, NULL);
    keys = ngx_array_create(pool, 4, sizeof(ngx_live_jwk_t));
    reason = NULL;

    if (ngx_live_jwk_parse((u_char *) data, size, keys, &skipped, pool,
                           &reason)
        == NGX_OK)
    {
        if (keys->nelts == 0 || keys->nelts > NGX_LIVE_JWK_MAX) {
            abort();
        }

        for (i = 0; i < keys->nelts; i++) {
            check((ngx_live_jwk_t *) keys->elts + i);
        }

    } else if (reason == NULL) {
        abort();
    }

    ngx_destroy_pool(pool);

    return 0;
}
