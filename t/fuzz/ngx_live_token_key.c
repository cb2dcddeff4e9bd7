
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of keys: PEM texts, keys of JWKs and signatures of any bytes.
 */


#include "ngx_live_token_key.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(ngx_live_token_key_t *key, const uint8_t *data, size_t size)
{
    ngx_str_t   input = ngx_string("e30.e30"), sig;
    ngx_uint_t  alg;

    sig.data = (u_char *) data;
    sig.len = size;

    for (alg = NGX_LIVE_JWT_HS256; alg <= NGX_LIVE_JWT_EDDSA; alg <<= 1) {

        if (ngx_live_token_key_verify(key, alg, &input, &sig) == NGX_OK) {
            abort();
        }
    }

    ngx_live_token_key_free(key);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char            *reason;
    ngx_pool_t            *pool;
    ngx_uint_t             i, skipped;
    ngx_array_t           *jwks;
    ngx_live_token_key_t   key;

    if (ngx_live_token_key_pem(&key, (u_char *) data, size, &reason)
        == NGX_OK)
    {
        check(&key, data, size);
    }

    pool = ngx_create_pool(4096, NULL);
    jwks = ngx_array_create(pool, 4, sizeof(ngx_live_jwk_t));

    if (ngx_live_jwk_parse((u_char *) data, size, jwks, &skipped, pool,
                           &reason)
        == NGX_OK)
    {
        for (i = 0; i < jwks->nelts; i++) {
            if (ngx_live_token_key_jwk(&key, (ngx_live_jwk_t *) jwks->elts + i,
                                       &reason)
                == NGX_OK)
            {
                check(&key, data, size);
            }
        }
    }

    ngx_destroy_pool(pool);

    return 0;
}
