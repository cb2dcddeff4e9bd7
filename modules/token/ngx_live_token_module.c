
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_conf.h"


#define NGX_LIVE_TOKEN_CACHE      (1024 * 1024)
#define NGX_LIVE_TOKEN_CACHE_MIN  (64 * 1024)
#define NGX_LIVE_TOKEN_SESSIONS   (4 * 1024 * 1024)


static ngx_int_t ngx_live_token_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_live_token_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_live_token_load(ngx_conf_t *cf,
    ngx_live_token_main_conf_t *tmcf);
static void ngx_live_token_cleanup(void *data);
static ngx_int_t ngx_live_token_check_apps(ngx_conf_t *cf);
static ngx_int_t ngx_live_token_add_zones(ngx_conf_t *cf,
    ngx_live_token_main_conf_t *tmcf);
static ngx_int_t ngx_live_token_add_cache(ngx_conf_t *cf,
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
static char *ngx_live_token_sessions_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_token_sessions_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_token_cache_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_live_token_opened(ngx_live_session_t *session,
    ngx_live_access_t *a);
static void ngx_live_token_closed(ngx_live_session_t *session);
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

    { ngx_string("token_sessions"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE12,
      ngx_live_token_sessions_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("token_sessions_zone"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_live_token_sessions_zone,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
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
    NULL,                                  /* stream status */

    ngx_live_token_opened,                 /* session open */
    ngx_live_token_closed,                 /* session close */

    ngx_live_token_status                  /* status */
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


static ngx_str_t  ngx_live_token_rule_name = ngx_string("token");
static ngx_str_t  ngx_live_token_cache_name = ngx_string("live_token_cache");
static ngx_str_t  ngx_live_token_revoke_name = ngx_string("live_token_revoked");
static ngx_str_t  ngx_live_token_sessions_name =
    ngx_string("live_token_sessions");


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


ngx_live_token_sessions_t *
ngx_live_token_sessions(void)
{
    ngx_live_token_main_conf_t  *tmcf;

    tmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_token_module);

    return tmcf ? tmcf->sessions : NULL;
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

    tmcf->sessions = ngx_pcalloc(cf->pool, sizeof(ngx_live_token_sessions_t));
    if (tmcf->sessions == NULL) {
        return NGX_ERROR;
    }

    if (tmcf->sessions_size == NGX_CONF_UNSET) {
        tmcf->sessions_size = NGX_LIVE_TOKEN_SESSIONS;
    }

    zone = ngx_shared_memory_add(cf, &ngx_live_token_sessions_name,
                                 tmcf->sessions_size, &ngx_live_token_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_live_token_sessions_init;
    zone->data = tmcf->sessions;

    return ngx_live_token_add_cache(cf, tmcf);
}


static ngx_int_t
ngx_live_token_add_cache(ngx_conf_t *cf, ngx_live_token_main_conf_t *tmcf)
{
    ngx_shm_zone_t  *zone;

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
    tmcf->sessions_size = NGX_CONF_UNSET;

    return tmcf;
}


static void *
ngx_live_token_create_app_conf(ngx_conf_t *cf)
{
    ngx_live_token_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_live_token_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->sessions = NGX_CONF_UNSET_UINT;
    conf->sessions_lease = NGX_CONF_UNSET_MSEC;

    return conf;
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

    ngx_conf_merge_uint_value(conf->sessions, prev->sessions,
                              NGX_LIVE_TOKEN_SESSIONS_REFUSE);
    ngx_conf_merge_msec_value(conf->sessions_lease, prev->sessions_lease,
                              NGX_LIVE_TOKEN_SESSION_LEASE);

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
ngx_live_token_sessions_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_token_conf_t  *tcf = conf;

    ngx_str_t  *value, s;
    ngx_int_t   lease;

    if (tcf->sessions != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "refuse") == 0) {
        tcf->sessions = NGX_LIVE_TOKEN_SESSIONS_REFUSE;

    } else if (ngx_strcmp(value[1].data, "replace") == 0) {
        tcf->sessions = NGX_LIVE_TOKEN_SESSIONS_REPLACE;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", it must be \"refuse\" or "
                           "\"replace\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    /* a lease goes with its policy: both are inherited or neither */

    tcf->sessions_lease = NGX_LIVE_TOKEN_SESSION_LEASE;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    lease = NGX_ERROR;

    if (ngx_strncmp(value[2].data, "lease=", 6) == 0) {
        s.data = value[2].data + 6;
        s.len = value[2].len - 6;

        lease = ngx_parse_time(&s, 0);
    }

    if (lease < NGX_LIVE_TOKEN_SESSION_MIN
        || lease > NGX_LIVE_TOKEN_SESSION_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", a lease is 3s to 1h",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    tcf->sessions_lease = lease;

    return NGX_CONF_OK;
}


static char *
ngx_live_token_sessions_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_token_main_conf_t  *tmcf = conf;

    ngx_str_t  *value;

    if (tmcf->sessions_size != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tmcf->sessions_size = ngx_parse_size(&value[1]);

    if (tmcf->sessions_size < NGX_LIVE_TOKEN_CACHE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\", at least 64k are needed",
                           &value[1]);
        return NGX_CONF_ERROR;
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
ngx_live_token_opened(ngx_live_session_t *session, ngx_live_access_t *a)
{
    if (ngx_live_token_rate_opened(session, a) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_token_session_opened(session, a);
}


static void
ngx_live_token_closed(ngx_live_session_t *session)
{
    ngx_live_token_rate_closed(session);
    ngx_live_token_session_closed(session);
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

    if (ngx_live_token_redis_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_token_session_init_process(cycle);
}
