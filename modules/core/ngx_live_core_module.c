
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live.h"
#include "ngx_live_access.h"
#include "ngx_live_event.h"
#include "ngx_live_helper.h"
#include "ngx_live_stream.h"


#define NGX_LIVE_ZONE_SIZE     (64 * 1024 * 1024)
#define NGX_LIVE_ZONE_MIN      (8 * 1024 * 1024)
#define NGX_LIVE_STREAMS       1024

#define NGX_LIVE_METADATA_QUEUE      (32 * 1024)
#define NGX_LIVE_METADATA_QUEUE_MAX  (1024 * 1024)


static void *ngx_live_core_create_main_conf(ngx_conf_t *cf);
static ngx_live_module_t **ngx_live_core_modules(ngx_conf_t *cf);
static char *ngx_live_core_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_live_core_create_app_conf(ngx_conf_t *cf);
static char *ngx_live_core_merge_app_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_live_core_application(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_core_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_core_add_zone(ngx_conf_t *cf,
    ngx_live_main_conf_t *lmcf, ngx_str_t *name, ssize_t size,
    ngx_uint_t streams);
static char *ngx_live_core_check_zone(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, ngx_uint_t streams);
static char *ngx_live_core_check_metadata(ngx_conf_t *cf, void *post,
    void *data);


static ngx_conf_enum_t  ngx_live_core_conflicts[] = {
    { ngx_string("reject"), NGX_LIVE_CONFLICT_REJECT },
    { ngx_string("takeover"), NGX_LIVE_CONFLICT_TAKEOVER },
    { ngx_null_string, 0 }
};


static ngx_conf_num_bounds_t  ngx_live_core_tracks_bounds = {
    ngx_conf_check_num_bounds, 1, NGX_LIVE_TRACKS
};


static ngx_conf_post_t  ngx_live_core_metadata_post = {
    ngx_live_core_check_metadata
};


static ngx_command_t  ngx_live_core_commands[] = {

    { ngx_string("node"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_main_conf_t, node),
      NULL },

    { ngx_string("zone"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE23,
      ngx_live_core_zone,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_drain"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_main_conf_t, drain),
      NULL },

    { ngx_string("application"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_live_core_application,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("publish"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_1MORE,
      ngx_live_access_rules,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, publish),
      NULL },

    { ngx_string("play"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_1MORE,
      ngx_live_access_rules,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, play),
      NULL },

    { ngx_string("publish_conflict"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, publish_conflict),
      &ngx_live_core_conflicts },

    { ngx_string("publish_stale"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, publish_stale),
      NULL },

    { ngx_string("reconnect"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, reconnect),
      NULL },

    { ngx_string("buffer"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, buffer),
      NULL },

    { ngx_string("buffer_size"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, buffer_size),
      NULL },

    { ngx_string("tracks"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, tracks),
      &ngx_live_core_tracks_bounds },

    { ngx_string("metadata_queue"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_app_conf_t, metadata_queue),
      &ngx_live_core_metadata_post },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_core_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_live_core_create_main_conf,        /* create main configuration */
    ngx_live_core_init_main_conf,          /* init main configuration */

    ngx_live_core_create_app_conf,         /* create application conf */
    ngx_live_core_merge_app_conf,          /* merge application conf */

    NULL,                                  /* stream start */
    NULL,                                  /* stream config */
    NULL,                                  /* stream frame */
    ngx_live_helper_stop,                  /* stream stop */
    NULL,                                  /* stream adopt */
    NULL,                                  /* stream end */
    ngx_live_helper_free,                  /* stream free */
    ngx_live_helper_status,                /* stream status */

    NULL,                                  /* session open */
    NULL,                                  /* session close */

    NULL                                   /* status */
};


ngx_module_t  ngx_live_core_module = {
    NGX_MODULE_V1,
    &ngx_live_core_module_ctx,             /* module context */
    ngx_live_core_commands,                /* module directives */
    NGX_LIVE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_live_core_create_main_conf(ngx_conf_t *cf)
{
    ngx_live_main_conf_t  *lmcf;

    lmcf = ngx_pcalloc(cf->pool, sizeof(ngx_live_main_conf_t));
    if (lmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&lmcf->apps, cf->pool, 4,
                       sizeof(ngx_live_app_conf_t *)) != NGX_OK
        || ngx_array_init(&lmcf->access, cf->pool, 4,
                          sizeof(ngx_live_access_handler_pt)) != NGX_OK
        || ngx_array_init(&lmcf->rules, cf->pool, 4,
                          sizeof(ngx_live_access_rule_t)) != NGX_OK
        || ngx_array_init(&lmcf->subscribers, cf->pool, 4,
                          sizeof(ngx_live_event_handler_pt)) != NGX_OK)
    {
        return NULL;
    }

    lmcf->modules = ngx_live_core_modules(cf);
    if (lmcf->modules == NULL) {
        return NULL;
    }

    lmcf->drain = NGX_CONF_UNSET_MSEC;

    return lmcf;
}


/* hooks are called for each frame: those that may have one stand together */

static ngx_live_module_t **
ngx_live_core_modules(ngx_conf_t *cf)
{
    ngx_uint_t           i, n;
    ngx_live_module_t  **modules;

    n = ngx_count_modules(cf->cycle, NGX_LIVE_MODULE);

    modules = ngx_pcalloc(cf->pool, (n + 1) * sizeof(ngx_live_module_t *));
    if (modules == NULL) {
        return NULL;
    }

    n = 0;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type == NGX_LIVE_MODULE) {
            modules[n++] = cf->cycle->modules[i]->ctx;
        }
    }

    return modules;
}


static char *
ngx_live_core_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_live_main_conf_t  *lmcf = conf;

    ngx_str_t  name;

    ngx_conf_init_msec_value(lmcf->drain, 0);

    if (lmcf->node.len == 0) {
        lmcf->node = cf->cycle->hostname;
    }

    if (lmcf->zone) {
        return NGX_CONF_OK;
    }

    ngx_str_set(&name, "live");

    return ngx_live_core_add_zone(cf, lmcf, &name, NGX_LIVE_ZONE_SIZE,
                                  NGX_LIVE_STREAMS);
}


static void *
ngx_live_core_create_app_conf(ngx_conf_t *cf)
{
    ngx_live_app_conf_t  *lacf;

    lacf = ngx_pcalloc(cf->pool, sizeof(ngx_live_app_conf_t));
    if (lacf == NULL) {
        return NULL;
    }

    lacf->publish = NGX_CONF_UNSET_UINT;
    lacf->play = NGX_CONF_UNSET_UINT;
    lacf->publish_conflict = NGX_CONF_UNSET_UINT;
    lacf->publish_stale = NGX_CONF_UNSET_MSEC;
    lacf->reconnect = NGX_CONF_UNSET_MSEC;
    lacf->buffer = NGX_CONF_UNSET_MSEC;
    lacf->buffer_size = NGX_CONF_UNSET_SIZE;
    lacf->tracks = NGX_CONF_UNSET_UINT;
    lacf->metadata_queue = NGX_CONF_UNSET_SIZE;

    return lacf;
}


static char *
ngx_live_core_merge_app_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_live_app_conf_t  *prev = parent;
    ngx_live_app_conf_t  *conf = child;

    if (conf->publish == NGX_CONF_UNSET_UINT
        && prev->publish == NGX_CONF_UNSET_UINT)
    {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no \"publish\" is defined for application \"%V\" in "
                      "%s:%ui, publishing is refused",
                      &conf->name, conf->file, conf->line);
    }

    ngx_conf_merge_uint_value(conf->publish, prev->publish,
                              NGX_LIVE_RULE_NONE);
    ngx_conf_merge_uint_value(conf->play, prev->play, NGX_LIVE_RULE_ANY);
    ngx_conf_merge_uint_value(conf->publish_conflict, prev->publish_conflict,
                              NGX_LIVE_CONFLICT_REJECT);
    ngx_conf_merge_msec_value(conf->publish_stale, prev->publish_stale, 3000);
    ngx_conf_merge_msec_value(conf->reconnect, prev->reconnect, 30000);
    ngx_conf_merge_msec_value(conf->buffer, prev->buffer, 8000);
    ngx_conf_merge_size_value(conf->buffer_size, prev->buffer_size,
                              64 * 1024 * 1024);
    ngx_conf_merge_uint_value(conf->tracks, prev->tracks, NGX_LIVE_TRACKS);
    ngx_conf_merge_size_value(conf->metadata_queue, prev->metadata_queue,
                              NGX_LIVE_METADATA_QUEUE);

    if (conf->buffer < 1000 || conf->buffer > 120000) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"buffer\" of application \"%V\" must be between "
                      "1s and 120s in %s:%ui",
                      &conf->name, conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    if (conf->buffer_size < 1024 * 1024
        || conf->buffer_size > 1024 * 1024 * 1024)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"buffer_size\" of application \"%V\" must be between "
                      "1m and 1024m in %s:%ui",
                      &conf->name, conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_core_application(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_main_conf_t  *lmcf = conf;

    char                  *rv;
    ngx_str_t             *value;
    ngx_uint_t             i, n;
    ngx_conf_t             pcf;
    ngx_live_module_t     *module;
    ngx_live_app_conf_t   *lacf, **app;
    ngx_live_conf_ctx_t   *ctx, *parent;

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > 128
        || value[1].data[0] == '.'
        || ngx_strlchr(value[1].data, value[1].data + value[1].len, '/'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid application name \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_live_app_conf(lmcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate application \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    parent = cf->ctx;

    n = ngx_count_modules(cf->cycle, NGX_LIVE_MODULE);

    ctx = ngx_pcalloc(cf->pool, sizeof(ngx_live_conf_ctx_t));
    if (ctx == NULL) {
        return NGX_CONF_ERROR;
    }

    ctx->main_conf = parent->main_conf;
    ctx->app_conf = ngx_pcalloc(cf->pool, sizeof(void *) * n);
    if (ctx->app_conf == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type != NGX_LIVE_MODULE) {
            continue;
        }

        module = cf->cycle->modules[i]->ctx;

        if (module->create_app_conf == NULL) {
            continue;
        }

        conf = module->create_app_conf(cf);
        if (conf == NULL) {
            return NGX_CONF_ERROR;
        }

        ctx->app_conf[cf->cycle->modules[i]->ctx_index] = conf;
    }

    lacf = ctx->app_conf[ngx_live_core_module.ctx_index];

    lacf->name = value[1];
    lacf->app_conf = ctx->app_conf;
    lacf->file = cf->conf_file->file.name.data;
    lacf->line = cf->conf_file->line;

    app = ngx_array_push(&lmcf->apps);
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    *app = lacf;

    pcf = *cf;

    cf->ctx = ctx;
    cf->cmd_type = NGX_LIVE_APP_CONF;

    rv = ngx_conf_parse(cf, NULL);

    *cf = pcf;

    return rv;
}


static char *
ngx_live_core_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_main_conf_t  *lmcf = conf;

    ssize_t     size;
    ngx_int_t   streams;
    ngx_str_t  *value;

    if (lmcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_LIVE_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small, at least 8m are needed",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    streams = NGX_LIVE_STREAMS;

    if (cf->args->nelts == 4) {

        streams = NGX_ERROR;

        if (ngx_strncmp(value[3].data, "streams=", 8) == 0) {
            streams = ngx_atoi(value[3].data + 8, value[3].len - 8);
        }

        if (streams < 1 || streams > NGX_LIVE_STREAMS_MAX) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[3]);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_live_core_add_zone(cf, lmcf, &value[1], size, streams);
}


static char *
ngx_live_core_add_zone(ngx_conf_t *cf, ngx_live_main_conf_t *lmcf,
    ngx_str_t *name, ssize_t size, ngx_uint_t streams)
{
    char             *rv;
    ngx_shm_zone_t   *shm_zone;
    ngx_live_zone_t  *zone;

    rv = ngx_live_core_check_zone(cf, name, size, streams);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_live_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->max_streams = streams;

    shm_zone = ngx_shared_memory_add(cf, name, size, &ngx_live_core_module);
    if (shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    shm_zone->init = ngx_live_zone_init;
    shm_zone->data = zone;

    lmcf->zone = zone;

    return NGX_CONF_OK;
}


/*
 * At a reload the zone goes on only if it is the same: while streams run,
 * another one would cut them off, so it is refused.
 */

static char *
ngx_live_core_check_zone(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    ngx_uint_t streams)
{
    ngx_shm_zone_t  *old;

    if (ngx_live_zone == NULL || ngx_live_zone->sh == NULL) {
        return NGX_CONF_OK;
    }

    old = ngx_live_zone->shm_zone;

    if (old->shm.size == size
        && old->shm.name.len == name->len
        && ngx_strncmp(old->shm.name.data, name->data, name->len) == 0)
    {
        if (ngx_live_zone->sh->max_streams == streams) {
            return NGX_CONF_OK;
        }

        /* nginx would go on with the memory as it was cut */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"streams\" of zone \"%V\" cannot change: "
                           "restart nginx to change it", &old->shm.name);

        return NGX_CONF_ERROR;
    }

    if (ngx_live_zone->sh->nstreams == 0) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "zone \"%V\" cannot change while %ui streams run: "
                       "restart nginx to change it",
                       &old->shm.name, ngx_live_zone->sh->nstreams);

    return NGX_CONF_ERROR;
}


/* a part of HLS carries all of it */

static char *
ngx_live_core_check_metadata(ngx_conf_t *cf, void *post, void *data)
{
    size_t *sp = data;

    if (*sp > NGX_LIVE_METADATA_QUEUE_MAX) {
        return "must be 1m at most";
    }

    return NGX_CONF_OK;
}
