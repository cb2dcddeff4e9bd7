
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_conf.h"
#include "ngx_live_token_memo.h"


static ngx_int_t ngx_live_token_find(ngx_live_token_conf_t *conf,
    ngx_str_t *token, time_t now, time_t leeway, ngx_live_claims_t *claims,
    ngx_pool_t *pool, const char **reason);
static ngx_int_t ngx_live_token_remembered(ngx_live_token_conf_t *conf,
    ngx_live_token_cache_t *cache, ngx_str_t *token, time_t now,
    ngx_live_claims_t *claims, const char **reason);
static ngx_int_t ngx_live_token_check(ngx_live_token_conf_t *conf,
    ngx_str_t *token, ngx_live_claims_t *claims, const char **reason);
static ngx_int_t ngx_live_token_parties(ngx_live_token_conf_t *conf,
    ngx_live_claims_t *claims, const char **reason);
static u_char *ngx_live_token_context(ngx_live_token_conf_t *conf);
static ngx_int_t ngx_live_token_chain(u_char *hash, ngx_array_t *names);


/* a worker verifies one token at a time */

static u_char  ngx_live_token_buf[NGX_LIVE_JWT_SIZE(NGX_LIVE_TOKEN_MAX)];
static u_char  ngx_live_token_claims_buf[
                                  NGX_LIVE_CLAIMS_SIZE(NGX_LIVE_TOKEN_MAX)];

static ngx_live_token_memo_t  ngx_live_token_memo;


ngx_int_t
ngx_live_token_verify(ngx_live_token_conf_t *conf, ngx_str_t *token,
    time_t now, time_t leeway, ngx_live_claims_t *claims, ngx_pool_t *pool,
    const char **reason)
{
    ngx_int_t                 rc;
    ngx_live_token_revoke_t  *table;

    rc = ngx_live_token_find(conf, token, now, leeway, claims, pool, reason);

    table = ngx_live_token_revoke_table();

    if (table && rc == NGX_OK) {
        (void) ngx_atomic_fetch_add(&table->sh->verified, 1);

    } else if (table && rc == NGX_DECLINED) {
        (void) ngx_atomic_fetch_add(&table->sh->refused, 1);
    }

    return rc;
}


/* a remembered token has been checked, but for what changes with time */

static ngx_int_t
ngx_live_token_find(ngx_live_token_conf_t *conf, ngx_str_t *token,
    time_t now, time_t leeway, ngx_live_claims_t *claims, ngx_pool_t *pool,
    const char **reason)
{
    u_char                       *p, *context;
    ngx_int_t                     rc;
    ngx_atomic_uint_t             generation;
    ngx_live_claims_t             parsed, *found;
    ngx_live_token_main_conf_t   *tmcf;
    ngx_live_token_memo_entry_t  *e;

    if (token->len > NGX_LIVE_TOKEN_MAX) {
        *reason = "token is too long";
        return NGX_DECLINED;
    }

    tmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_token_module);

    if (tmcf == NULL || conf == NULL || conf->set == NULL) {
        *reason = "there are no keys";
        return NGX_DECLINED;
    }

    context = ngx_live_token_context(conf);
    if (context == NULL) {
        return NGX_ERROR;
    }

    /* before it is looked for among what is revoked */

    generation = ngx_live_token_revoke_generation();

    e = NULL;
    found = &parsed;

    if (tmcf->cache) {
        e = ngx_live_token_memo_get(&ngx_live_token_memo, context, token);
    }

    if (e) {
        (void) ngx_atomic_fetch_add(&tmcf->cache->sh->hits, 1);
        found = &e->claims;

    } else {
        rc = ngx_live_token_remembered(conf, tmcf->cache, token, now, &parsed,
                                       reason);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_live_claims_time(found, now, leeway, reason) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (e == NULL || e->checked != generation) {

        if (ngx_live_token_revoked(found, NULL)) {
            *reason = "token revoked";
            return NGX_DECLINED;
        }

        if (e) {
            e->checked = generation;

        } else if (tmcf->cache && found->exp > now) {
            (void) ngx_live_token_memo_put(&ngx_live_token_memo, context,
                                           token, found, generation,
                                           ngx_cycle->log);
        }
    }

    p = ngx_pnalloc(pool, found->data.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_live_claims_copy(claims, found, p);

    return NGX_OK;
}


/* what another worker has verified, or this one does now */

static ngx_int_t
ngx_live_token_remembered(ngx_live_token_conf_t *conf,
    ngx_live_token_cache_t *cache, ngx_str_t *token, time_t now,
    ngx_live_claims_t *claims, const char **reason)
{
    u_char     hash[NGX_LIVE_TOKEN_HASH];
    ngx_int_t  rc;
    ngx_str_t  context;

    if (cache) {
        context.data = conf->hash;
        context.len = NGX_LIVE_TOKEN_HASH;

        if (ngx_live_token_key_hash(hash, &context, token) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_live_token_cache_get(cache, hash, claims,
                                     ngx_live_token_claims_buf,
                                     sizeof(ngx_live_token_claims_buf))
            == NGX_OK)
        {
            return NGX_OK;
        }
    }

    rc = ngx_live_token_check(conf, token, claims, reason);

    if (rc == NGX_OK && cache && claims->exp > now) {
        ngx_live_token_cache_put(cache, hash, claims);
    }

    return rc;
}


/*
 * Signature first: of a payload that nobody has signed nothing is looked at.
 */

static ngx_int_t
ngx_live_token_check(ngx_live_token_conf_t *conf, ngx_str_t *token,
    ngx_live_claims_t *claims, const char **reason)
{
    ngx_int_t       rc;
    ngx_live_jwt_t  jwt;

    if (ngx_live_jwt_parse(token, ngx_live_token_buf, &jwt, reason) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_live_token_keys_verify(conf->set->keys, &jwt, reason);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_live_claims_parse(jwt.payload.data, jwt.payload.len,
                              ngx_live_token_claims_buf, claims, reason)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_live_token_parties(conf, claims, reason);
}


static ngx_int_t
ngx_live_token_parties(ngx_live_token_conf_t *conf, ngx_live_claims_t *claims,
    const char **reason)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    if (conf->issuers) {
        name = conf->issuers->elts;

        for (i = 0; i < conf->issuers->nelts; i++) {
            if (name[i].len == claims->iss.len
                && ngx_memcmp(name[i].data, claims->iss.data, name[i].len)
                   == 0)
            {
                break;
            }
        }

        if (i == conf->issuers->nelts) {
            *reason = "token of another issuer";
            return NGX_DECLINED;
        }
    }

    if (conf->audiences) {
        name = conf->audiences->elts;

        for (i = 0; i < conf->audiences->nelts; i++) {
            if (ngx_live_claims_has(&claims->aud, &name[i])) {
                return NGX_OK;
            }
        }
    }

    /* RFC 7519, 4.1.3: a token for others must not be taken */

    if (conf->audiences || claims->aud.len) {
        *reason = "token for another audience";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * What a token is remembered with: with other keys, issuers or audiences it is
 * another one.  NULL: a failure of the library.
 */

static u_char *
ngx_live_token_context(ngx_live_token_conf_t *conf)
{
    if (conf->generation == conf->set->generation) {
        return conf->hash;
    }

    ngx_memcpy(conf->hash, conf->set->keys->hash, NGX_LIVE_TOKEN_HASH);

    if (ngx_live_token_chain(conf->hash, conf->issuers) != NGX_OK
        || ngx_live_token_chain(conf->hash, conf->audiences) != NGX_OK)
    {
        return NULL;
    }

    conf->generation = conf->set->generation;

    return conf->hash;
}


static ngx_int_t
ngx_live_token_chain(u_char *hash, ngx_array_t *names)
{
    ngx_str_t   *name, end;
    ngx_uint_t   i;

    ngx_str_null(&end);

    if (names) {
        name = names->elts;

        for (i = 0; i < names->nelts; i++) {
            if (ngx_live_token_key_chain(hash, &name[i]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return ngx_live_token_key_chain(hash, &end);
}
