
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live.h"
#include "ngx_live_zone.h"
#include "ngx_live_worker.h"
#include "ngx_live_stream.h"


static char *ngx_live_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_live_create_confs(ngx_conf_t *cf,
    ngx_live_conf_ctx_t *ctx);
static char *ngx_live_merge_apps(ngx_conf_t *cf, ngx_live_main_conf_t *lmcf,
    ngx_live_conf_ctx_t *ctx);
static char *ngx_live_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_live_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_live_init_process(ngx_cycle_t *cycle);
static void ngx_live_exit_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_live_commands[] = {

    { ngx_string("live"),
      NGX_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_live_block,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_live_module_ctx = {
    ngx_string("live"),
    NULL,
    ngx_live_init_conf
};


ngx_module_t  ngx_live_module = {
    NGX_MODULE_V1,
    &ngx_live_module_ctx,                  /* module context */
    ngx_live_commands,                     /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_live_init_module,                  /* init module */
    ngx_live_init_process,                 /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_live_exit_process,                 /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_live_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                  *rv;
    ngx_uint_t             i;
    ngx_conf_t             pcf;
    ngx_live_module_t     *module;
    ngx_live_conf_ctx_t   *ctx;
    ngx_live_main_conf_t  *lmcf;

    if (*(ngx_live_conf_ctx_t **) conf) {
        return "is duplicate";
    }

    ctx = ngx_pcalloc(cf->pool, sizeof(ngx_live_conf_ctx_t));
    if (ctx == NULL) {
        return NGX_CONF_ERROR;
    }

    *(ngx_live_conf_ctx_t **) conf = ctx;

    if (ngx_live_create_confs(cf, ctx) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    pcf = *cf;
    cf->ctx = ctx;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type != NGX_LIVE_MODULE) {
            continue;
        }

        module = cf->cycle->modules[i]->ctx;

        if (module->preconfiguration
            && module->preconfiguration(cf) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    cf->module_type = NGX_LIVE_MODULE;
    cf->cmd_type = NGX_LIVE_MAIN_CONF;

    rv = ngx_conf_parse(cf, NULL);

    if (rv != NGX_CONF_OK) {
        *cf = pcf;
        return rv;
    }

    lmcf = ctx->main_conf[ngx_live_core_module.ctx_index];

    rv = ngx_live_merge_apps(cf, lmcf, ctx);

    if (rv != NGX_CONF_OK) {
        *cf = pcf;
        return rv;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type != NGX_LIVE_MODULE) {
            continue;
        }

        module = cf->cycle->modules[i]->ctx;

        if (module->postconfiguration
            && module->postconfiguration(cf) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    *cf = pcf;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_live_create_confs(ngx_conf_t *cf, ngx_live_conf_ctx_t *ctx)
{
    ngx_uint_t          i, n, mi;
    ngx_live_module_t  *module;

    n = ngx_count_modules(cf->cycle, NGX_LIVE_MODULE);

    ctx->main_conf = ngx_pcalloc(cf->pool, sizeof(void *) * n);
    ctx->app_conf = ngx_pcalloc(cf->pool, sizeof(void *) * n);

    if (ctx->main_conf == NULL || ctx->app_conf == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type != NGX_LIVE_MODULE) {
            continue;
        }

        module = cf->cycle->modules[i]->ctx;
        mi = cf->cycle->modules[i]->ctx_index;

        if (module->create_main_conf) {
            ctx->main_conf[mi] = module->create_main_conf(cf);
            if (ctx->main_conf[mi] == NULL) {
                return NGX_ERROR;
            }
        }

        if (module->create_app_conf) {
            ctx->app_conf[mi] = module->create_app_conf(cf);
            if (ctx->app_conf[mi] == NULL) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static char *
ngx_live_merge_apps(ngx_conf_t *cf, ngx_live_main_conf_t *lmcf,
    ngx_live_conf_ctx_t *ctx)
{
    char                  *rv;
    ngx_uint_t             i, n, mi;
    ngx_live_module_t     *module;
    ngx_live_conf_ctx_t    app_ctx;
    ngx_live_app_conf_t  **apps;

    apps = lmcf->apps.elts;
    app_ctx = *ctx;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (cf->cycle->modules[i]->type != NGX_LIVE_MODULE) {
            continue;
        }

        module = cf->cycle->modules[i]->ctx;
        mi = cf->cycle->modules[i]->ctx_index;

        if (module->init_main_conf) {
            rv = module->init_main_conf(cf, ctx->main_conf[mi]);
            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }

        if (module->merge_app_conf == NULL) {
            continue;
        }

        for (n = 0; n < lmcf->apps.nelts; n++) {

            /* modules ask for other modules' settings of the application */

            app_ctx.app_conf = apps[n]->app_conf;
            cf->ctx = &app_ctx;

            rv = module->merge_app_conf(cf, ctx->app_conf[mi],
                                        apps[n]->app_conf[mi]);

            cf->ctx = ctx;

            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }
    }

    return NGX_CONF_OK;
}


ngx_live_main_conf_t *
ngx_live_main_conf(ngx_cycle_t *cycle)
{
    return ngx_live_get_module_main_conf(cycle, &ngx_live_core_module);
}


void *
ngx_live_get_module_main_conf(ngx_cycle_t *cycle, ngx_module_t *module)
{
    ngx_live_conf_ctx_t  *ctx;

    ctx = (ngx_live_conf_ctx_t *) ngx_get_conf(cycle->conf_ctx,
                                               ngx_live_module);

    return ctx ? ctx->main_conf[module->ctx_index] : NULL;
}


ngx_live_app_conf_t *
ngx_live_app_conf(ngx_live_main_conf_t *lmcf, ngx_str_t *name)
{
    ngx_uint_t             i;
    ngx_live_app_conf_t  **apps;

    apps = lmcf->apps.elts;

    for (i = 0; i < lmcf->apps.nelts; i++) {
        if (apps[i]->name.len == name->len
            && ngx_memcmp(apps[i]->name.data, name->data, name->len) == 0)
        {
            return apps[i];
        }
    }

    return NULL;
}


/*
 * With "master_process off" nginx reads a new configuration, but initialises
 * the process no second time: timers, threads and streams would go on with
 * settings and a zone of a cycle that is about to be freed.
 */

static char *
ngx_live_init_conf(ngx_cycle_t *cycle, void *conf)
{
    if (ngx_process == NGX_PROCESS_SINGLE && ngx_live_slot >= 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "live cannot be reloaded with \"master_process off\", "
                      "restart nginx");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_live_init_module(ngx_cycle_t *cycle)
{
    ngx_live_main_conf_t  *lmcf;

    lmcf = ngx_live_main_conf(cycle);

    if (lmcf == NULL) {
        ngx_live_zone = NULL;
        return NGX_OK;
    }

    ngx_live_zone = lmcf->zone;
    lmcf->generation = ++ngx_live_zone->sh->generation;
    ngx_live_zone->sh->drain = lmcf->drain;

    return ngx_live_worker_init_module(cycle);
}


static ngx_int_t
ngx_live_init_process(ngx_cycle_t *cycle)
{
    if (ngx_live_zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    if (ngx_live_stream_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_worker_init_process(cycle);
}


static void
ngx_live_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_live_zone && ngx_live_slot >= 0) {
        ngx_live_worker_exit_process(cycle);
    }
}
