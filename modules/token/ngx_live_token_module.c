
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token.h"
#include "ngx_live_token_cache.h"
#include "ngx_live_token_keys.h"
#include "ngx_live_token_revoke.h"
#include "ngx_live_name.h"


#define NGX_LIVE_TOKEN_CACHE      (1024 * 1024)
#define NGX_LIVE_TOKEN_CACHE_MIN  (64 * 1024)


typedef struct {
    ngx_array_t                sets;       /* ngx_live_token_set_t * */
    ngx_thread_pool_t         *threads;
    ssize_t                    cache_size; /* 0: off */
    ngx_live_token_cache_t    *cache;      /* NULL: off */
    ngx_live_token_revoke_t   *revoked;    /* NULL: there are no keys */
} ngx_live_token_main_conf_t;


struct ngx_live_token_conf_s {
    ngx_live_token_set_t      *set;        /* NULL: no keys; may be that of
                                              live {} */
    ngx_array_t               *issuers;    /* ngx_str_t, NULL: any */
    ngx_array_t               *audiences;  /* ngx_str_t, NULL: tokens for
                                              nobody in particular */

    /* of the keys of that generation, with issuers and audiences */
    ngx_uint_t                 generation;
    u_char                     hash[NGX_LIVE_TOKEN_HASH];
};


static ngx_int_t ngx_live_token_check(ngx_live_token_conf_t *conf,
    ngx_str_t *token, ngx_live_claims_t *claims, const char **reason);
static ngx_int_t ngx_live_token_parties(ngx_live_token_conf_t *conf,
    ngx_live_claims_t *claims, const char **reason);
static ngx_int_t ngx_live_token_hash(ngx_live_token_conf_t *conf,
    ngx_str_t *token, u_char *hash);
static ngx_int_t ngx_live_token_chain(u_char *hash, ngx_array_t *names);
static ngx_int_t ngx_live_token_rule(ngx_live_access_t *a);
static ngx_int_t ngx_live_token_rule_claims(ngx_live_access_t *a,
    ngx_live_claims_t *claims, const char **reason);
static ngx_int_t ngx_live_token_variable(ngx_live_access_t *a, char *name,
    ngx_str_t *value);

static ngx_int_t ngx_live_token_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_live_token_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_live_token_load(ngx_conf_t *cf,
    ngx_live_token_main_conf_t *tmcf);
static void ngx_live_token_cleanup(void *data);
static ngx_int_t ngx_live_token_check_apps(ngx_conf_t *cf);
static ngx_int_t ngx_live_token_add_zones(ngx_conf_t *cf,
    ngx_live_token_main_conf_t *tmcf);
static void *ngx_live_token_create_main_conf(ngx_conf_t *cf);
static void *ngx_live_token_create_app_conf(ngx_conf_t *cf);
static char *ngx_live_token_merge_app_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_live_token_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_live_token_key_algs_conf(ngx_str_t *value,
    ngx_uint_t *algs);
static ngx_live_token_set_t *ngx_live_token_add_set(ngx_conf_t *cf);
static char *ngx_live_token_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_token_cache_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_live_token_init_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_live_token_commands[] = {

    { ngx_string("token_key"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE123,
      ngx_live_token_key,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("token_issuer"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_1MORE,
      ngx_live_token_names,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_token_conf_t, issuers),
      NULL },

    { ngx_string("token_audience"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_1MORE,
      ngx_live_token_names,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_token_conf_t, audiences),
      NULL },

    { ngx_string("token_cache"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_live_token_cache_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_token_module_ctx = {
    ngx_live_token_preconfiguration,       /* preconfiguration */
    ngx_live_token_postconfiguration,      /* postconfiguration */

    ngx_live_token_create_main_conf,       /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_live_token_create_app_conf,        /* create application conf */
    ngx_live_token_merge_app_conf,         /* merge application conf */

    NULL,                                  /* stream start */
    NULL,                                  /* stream config */
    NULL,                                  /* stream frame */
    NULL,                                  /* stream stop */
    NULL,                                  /* stream adopt */
    NULL,                                  /* stream end */
    NULL,                                  /* stream free */
    NULL                                   /* stream status */
};


ngx_module_t  ngx_live_token_module = {
    NGX_MODULE_V1,
    &ngx_live_token_module_ctx,            /* module context */
    ngx_live_token_commands,               /* module directives */
    NGX_LIVE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_live_token_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* a worker verifies one token at a time */

static u_char  ngx_live_token_buf[NGX_LIVE_JWT_SIZE(NGX_LIVE_TOKEN_MAX)];
static u_char  ngx_live_token_claims_buf[
                                  NGX_LIVE_CLAIMS_SIZE(NGX_LIVE_TOKEN_MAX)];

static ngx_str_t  ngx_live_token_rule_name = ngx_string("token");
static ngx_str_t  ngx_live_token_cache_name = ngx_string("live_token_cache");
static ngx_str_t  ngx_live_token_revoke_name = ngx_string("live_token_revoked");


ngx_live_token_conf_t *
ngx_live_token_conf(ngx_live_app_conf_t *app)
{
    ngx_live_conf_ctx_t  *ctx;

    if (app) {
        return ngx_live_get_module_app_conf(app, ngx_live_token_module);
    }

    ctx = (ngx_live_conf_ctx_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                               ngx_live_module);

    return ctx ? ctx->app_conf[ngx_live_token_module.ctx_index] : NULL;
}


ngx_live_token_revoke_t *
ngx_live_token_revoke_table(void)
{
    ngx_live_token_main_conf_t  *tmcf;

    tmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_token_module);

    return tmcf ? tmcf->revoked : NULL;
}


ngx_int_t
ngx_live_token_verify(ngx_live_token_conf_t *conf, ngx_str_t *token,
    time_t now, time_t leeway, ngx_live_claims_t *claims, ngx_pool_t *pool,
    const char **reason)
{
    u_char                      *p, hash[NGX_LIVE_TOKEN_HASH];
    ngx_int_t                    rc;
    ngx_live_claims_t            found;
    ngx_live_token_main_conf_t  *tmcf;

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

    if (ngx_live_token_hash(conf, token, hash) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_DECLINED;

    if (tmcf->cache) {
        rc = ngx_live_token_cache_get(tmcf->cache, hash, &found,
                                      ngx_live_token_claims_buf,
                                      sizeof(ngx_live_token_claims_buf));
    }

    if (rc != NGX_OK) {
        rc = ngx_live_token_check(conf, token, &found, reason);

        if (rc != NGX_OK) {
            return rc;
        }

        if (tmcf->cache && found.exp > now) {
            ngx_live_token_cache_put(tmcf->cache, hash, &found);
        }
    }

    if (ngx_live_claims_time(&found, now, leeway, reason) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_live_token_revoked(&found, NULL)) {
        *reason = "token revoked";
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, found.data.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_live_claims_copy(claims, &found, p);

    return NGX_OK;
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
 * What a token is remembered by: with other keys, issuers or audiences it is
 * another one.
 */

static ngx_int_t
ngx_live_token_hash(ngx_live_token_conf_t *conf, ngx_str_t *token,
    u_char *hash)
{
    ngx_str_t  context;

    if (conf->generation != conf->set->generation) {

        ngx_memcpy(conf->hash, conf->set->keys->hash, NGX_LIVE_TOKEN_HASH);

        if (ngx_live_token_chain(conf->hash, conf->issuers) != NGX_OK
            || ngx_live_token_chain(conf->hash, conf->audiences) != NGX_OK)
        {
            return NGX_ERROR;
        }

        conf->generation = conf->set->generation;
    }

    context.data = conf->hash;
    context.len = NGX_LIVE_TOKEN_HASH;

    return ngx_live_token_key_hash(hash, &context, token);
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


ngx_int_t
ngx_live_token_allow(ngx_live_claims_t *claims, ngx_live_token_use_t *use,
    const char **reason)
{
    u_char      buf[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t   stream;

    if (use->app.len) {

        if (!ngx_live_claims_stream(&claims->streams, &use->app, &use->name)) {
            *reason = "token of another stream";
            return NGX_DECLINED;
        }

        if (ngx_live_name_key(&use->app, &use->name, buf, &stream, reason)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }

        if (ngx_live_token_revoked(claims, &stream)) {
            *reason = "token revoked";
            return NGX_DECLINED;
        }
    }

    if (use->action == NGX_LIVE_ACTION_PUBLISH
        && claims->role < NGX_LIVE_ROLE_CREATOR)
    {
        *reason = "token's role may not publish";
        return NGX_DECLINED;
    }

    if (use->action == NGX_LIVE_ACTION_ADMIN
        && claims->role != NGX_LIVE_ROLE_ADMIN)
    {
        *reason = "token's role may not administer";
        return NGX_DECLINED;
    }

    if (claims->ip.len
        && (use->sockaddr == NULL
            || !ngx_live_claims_address(&claims->ip, use->sockaddr)))
    {
        *reason = "token of another address";
        return NGX_DECLINED;
    }

    if (!ngx_live_claims_country(&claims->countries, &use->country)) {
        *reason = use->country.len ? "token of another country"
                                   : "token of a country, client's is unknown";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * The rule of "publish token" and "play token".
 */

static ngx_int_t
ngx_live_token_rule(ngx_live_access_t *a)
{
    ngx_int_t           rc;
    ngx_str_t           edge;
    const char         *reason;
    ngx_live_claims_t   claims;

    /* without the word of a cache in front an answer is for one client */

    a->private = (ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_EDGE, &edge)
                  != NGX_OK);

    reason = "token cannot be verified";

    rc = ngx_live_token_rule_claims(a, &claims, &reason);

    if (rc != NGX_OK) {
        a->reason.data = (u_char *) reason;
        a->reason.len = ngx_strlen(reason);
        return rc;
    }

    a->sub = claims.sub;
    a->jti = claims.jti;

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_rule_claims(ngx_live_access_t *a, ngx_live_claims_t *claims,
    const char **reason)
{
    time_t                 leeway;
    ngx_int_t              rc;
    ngx_str_t              token, value;
    ngx_live_token_use_t   use;

    if (ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_RAW, &token) != NGX_OK) {
        *reason = "no token";
        return NGX_DECLINED;
    }

    leeway = 0;

    if (ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_LEEWAY, &value)
        == NGX_OK)
    {
        leeway = ngx_atotm(value.data, value.len);

        if (leeway == NGX_ERROR) {
            leeway = 0;
        }
    }

    rc = ngx_live_token_verify(ngx_live_token_conf(a->conf), &token,
                               ngx_time(), leeway, claims, a->pool, reason);

    if (rc != NGX_OK) {
        return rc;
    }

    use.action = a->action;
    use.app = a->app;
    use.name = a->name;
    use.sockaddr = a->sockaddr;

    ngx_str_null(&use.country);

    if (claims->countries.len) {
        (void) ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_COUNTRY,
                                       &use.country);
    }

    return ngx_live_token_allow(claims, &use, reason);
}


/*
 * NGX_OK: it has a value.  A failure is none.
 */

static ngx_int_t
ngx_live_token_variable(ngx_live_access_t *a, char *name, ngx_str_t *value)
{
    ngx_str_t  key;

    ngx_str_null(value);

    key.data = (u_char *) name;
    key.len = ngx_strlen(name);

    if (a->variable == NULL
        || a->variable(a, &key, value) != NGX_OK
        || value->len == 0)
    {
        ngx_str_null(value);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_preconfiguration(ngx_conf_t *cf)
{
    return ngx_live_access_add_rule(cf, &ngx_live_token_rule_name,
                                    ngx_live_token_rule);
}


static ngx_int_t
ngx_live_token_postconfiguration(ngx_conf_t *cf)
{
    ngx_live_token_main_conf_t  *tmcf;

    tmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_token_module);

    if (ngx_live_token_check_apps(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tmcf->sets.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_live_token_load(cf, tmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    tmcf->threads = ngx_thread_pool_add(cf, NULL);

    if (tmcf->threads == NULL) {
        return NGX_ERROR;
    }

    return ngx_live_token_add_zones(cf, tmcf);
}


/*
 * "publish token" without keys would refuse everybody.
 */

static ngx_int_t
ngx_live_token_check_apps(ngx_conf_t *cf)
{
    ngx_uint_t               i, mask;
    ngx_live_app_conf_t    **apps;
    ngx_live_main_conf_t    *lmcf;
    ngx_live_token_conf_t   *conf;
    ngx_live_access_rule_t  *rules;

    lmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_core_module);

    rules = lmcf->rules.elts;
    mask = 0;

    for (i = 0; i < lmcf->rules.nelts; i++) {
        if (rules[i].handler == ngx_live_token_rule) {
            mask = rules[i].mask;
        }
    }

    apps = lmcf->apps.elts;

    for (i = 0; i < lmcf->apps.nelts; i++) {
        conf = ngx_live_get_module_app_conf(apps[i], ngx_live_token_module);

        if (((apps[i]->publish | apps[i]->play) & mask) && conf->set == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "application \"%V\" wants tokens but has no "
                          "\"token_key\" in %s:%ui",
                          &apps[i]->name, apps[i]->file, apps[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_load(ngx_conf_t *cf, ngx_live_token_main_conf_t *tmcf)
{
    ngx_uint_t               i;
    ngx_pool_cleanup_t      *cln;
    ngx_live_token_set_t   **set;
    ngx_live_token_fault_t   fault;

    set = tmcf->sets.elts;

    for (i = 0; i < tmcf->sets.nelts; i++) {

        cln = ngx_pool_cleanup_add(cf->pool, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_live_token_cleanup;
        cln->data = set[i];

        /* first the stamp: see the watch */

        if (ngx_live_token_keys_stamp(&set[i]->sources, &set[i]->stamp, &fault)
            == NGX_OK)
        {
            set[i]->keys = ngx_live_token_keys_load(&set[i]->sources, &fault,
                                                    cf->cycle->log);
        }

        if (set[i]->keys == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, fault.err,
                          "token key \"%s\": %s", fault.path, fault.reason);
            return NGX_ERROR;
        }

        if (set[i]->keys->keys.nelts == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no key in any \"token_key\"");
            return NGX_ERROR;
        }

        if (set[i]->keys->private) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "%ui of the token keys are private: to verify "
                          "tokens the public ones are enough",
                          set[i]->keys->private);
        }

        set[i]->failed = set[i]->stamp;
        set[i]->generation = 1;
    }

    return NGX_OK;
}


static void
ngx_live_token_cleanup(void *data)
{
    ngx_live_token_set_t  *set = data;

    if (set->keys) {
        ngx_live_token_keys_free(set->keys);
        set->keys = NULL;
    }
}


static ngx_int_t
ngx_live_token_add_zones(ngx_conf_t *cf, ngx_live_token_main_conf_t *tmcf)
{
    ngx_shm_zone_t  *zone;

    tmcf->revoked = ngx_pcalloc(cf->pool, sizeof(ngx_live_token_revoke_t));
    if (tmcf->revoked == NULL) {
        return NGX_ERROR;
    }

    zone = ngx_shared_memory_add(cf, &ngx_live_token_revoke_name,
                                 NGX_LIVE_TOKEN_REVOKE_SIZE,
                                 &ngx_live_token_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_live_token_revoke_init;
    zone->data = tmcf->revoked;

    if (tmcf->cache_size == NGX_CONF_UNSET) {
        tmcf->cache_size = NGX_LIVE_TOKEN_CACHE;
    }

    if (tmcf->cache_size == 0) {
        return NGX_OK;
    }

    tmcf->cache = ngx_pcalloc(cf->pool, sizeof(ngx_live_token_cache_t));
    if (tmcf->cache == NULL) {
        return NGX_ERROR;
    }

    zone = ngx_shared_memory_add(cf, &ngx_live_token_cache_name,
                                 tmcf->cache_size, &ngx_live_token_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_live_token_cache_init;
    zone->data = tmcf->cache;

    return NGX_OK;
}


static void *
ngx_live_token_create_main_conf(ngx_conf_t *cf)
{
    ngx_live_token_main_conf_t  *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_live_token_main_conf_t));
    if (tmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&tmcf->sets, cf->pool, 4,
                       sizeof(ngx_live_token_set_t *))
        != NGX_OK)
    {
        return NULL;
    }

    tmcf->cache_size = NGX_CONF_UNSET;

    return tmcf;
}


static void *
ngx_live_token_create_app_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_live_token_conf_t));
}


static char *
ngx_live_token_merge_app_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_live_token_conf_t  *prev = parent;
    ngx_live_token_conf_t  *conf = child;

    if (conf->set == NULL) {
        conf->set = prev->set;
    }

    if (conf->issuers == NULL) {
        conf->issuers = prev->issuers;
    }

    if (conf->audiences == NULL) {
        conf->audiences = prev->audiences;
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_token_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_token_conf_t  *tcf = conf;

    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_live_token_source_t  *source;

    value = cf->args->elts;

    if (tcf->set == NULL) {
        tcf->set = ngx_live_token_add_set(cf);
        if (tcf->set == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    source = ngx_array_push(&tcf->set->sources);
    if (source == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(source, sizeof(ngx_live_token_source_t));

    source->path = value[1];

    if (ngx_conf_full_name(cf->cycle, &source->path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "kid=", 4) == 0
            && value[i].len > 4 && value[i].len <= 4 + NGX_LIVE_JWT_KID_MAX)
        {
            source->kid.data = value[i].data + 4;
            source->kid.len = value[i].len - 4;
            continue;
        }

        if (ngx_strncmp(value[i].data, "alg=", 4) == 0
            && ngx_live_token_key_algs_conf(&value[i], &source->algs)
               == NGX_OK)
        {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * "alg=HS256,HS384"
 */

static ngx_int_t
ngx_live_token_key_algs_conf(ngx_str_t *value, ngx_uint_t *algs)
{
    u_char      *p, *end, *comma;
    ngx_str_t    name;
    ngx_uint_t   alg;

    p = value->data + 4;
    end = value->data + value->len;

    for ( ;; ) {
        comma = ngx_strlchr(p, end, ',');

        name.data = p;
        name.len = (comma ? comma : end) - p;

        alg = ngx_live_jwt_alg(&name);

        if (alg == 0) {
            return NGX_ERROR;
        }

        *algs |= alg;

        if (comma == NULL) {
            return NGX_OK;
        }

        p = comma + 1;
    }
}


static ngx_live_token_set_t *
ngx_live_token_add_set(ngx_conf_t *cf)
{
    ngx_live_token_set_t        *set, **p;
    ngx_live_token_main_conf_t  *tmcf;

    tmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_token_module);

    set = ngx_pcalloc(cf->pool, sizeof(ngx_live_token_set_t));
    p = ngx_array_push(&tmcf->sets);

    if (set == NULL || p == NULL
        || ngx_array_init(&set->sources, cf->pool, 2,
                          sizeof(ngx_live_token_source_t))
           != NGX_OK)
    {
        return NULL;
    }

    *p = set;

    return set;
}


static char *
ngx_live_token_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t     *value, *name;
    ngx_uint_t     i;
    ngx_array_t  **names;

    names = (ngx_array_t **) (p + cmd->offset);

    if (*names) {
        return "is duplicate";
    }

    value = cf->args->elts;

    *names = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_str_t));
    if (*names == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "has an empty name";
        }

        name = ngx_array_push(*names);
        *name = value[i];
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_token_cache_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_token_main_conf_t  *tmcf = conf;

    ngx_str_t  *value;

    if (tmcf->cache_size != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tmcf->cache_size = 0;
        return NGX_CONF_OK;
    }

    tmcf->cache_size = ngx_parse_size(&value[1]);

    if (tmcf->cache_size < NGX_LIVE_TOKEN_CACHE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\", at least 64k are needed",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_live_token_init_process(ngx_cycle_t *cycle)
{
    ngx_live_token_main_conf_t  *tmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    tmcf = ngx_live_get_module_main_conf(cycle, &ngx_live_token_module);

    if (tmcf == NULL || tmcf->sets.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_live_token_watch(cycle, &tmcf->sets, tmcf->threads) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_token_redis_init_process(cycle);
}
