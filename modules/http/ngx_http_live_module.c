
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"


static ngx_int_t ngx_http_live_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_live_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_live_args_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static void *ngx_http_live_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_live_cors(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_commands[] = {

    { ngx_string("live_cors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_live_cors,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_module_ctx = {
    ngx_http_live_preconfiguration,        /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_create_loc_conf,         /* create location configuration */
    ngx_http_live_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_live_module = {
    NGX_MODULE_V1,
    &ngx_http_live_module_ctx,             /* module context */
    ngx_http_live_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_http_live_vars[] = {

    { ngx_string("live_app"), NULL, ngx_http_live_variable,
      offsetof(ngx_http_live_parts_t, app), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_name"), NULL, ngx_http_live_variable,
      offsetof(ngx_http_live_parts_t, name), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_args"), NULL, ngx_http_live_args_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_live_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_live_add_variables(cf, ngx_http_live_vars);
}


static ngx_int_t
ngx_http_live_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_live_parts_t  parts;

    if (ngx_http_live_parts(r->main, &parts) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_live_variable_set(v, (ngx_str_t *)
                                            ((u_char *) &parts + data));
}


static ngx_int_t
ngx_http_live_args_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    if (ngx_http_live_get_ctx(r->main) == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_live_variable_set(v, &r->main->args);
}


static void *
ngx_http_live_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_live_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_live_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->cors = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_http_live_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_live_loc_conf_t  *prev = parent;
    ngx_http_live_loc_conf_t  *conf = child;

    ngx_str_t  *origin;

    if (conf->cors != NGX_CONF_UNSET_PTR) {
        return NGX_CONF_OK;
    }

    if (prev->cors == NGX_CONF_UNSET_PTR) {
        prev->cors = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
        if (prev->cors == NULL) {
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(prev->cors);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_str_set(origin, "*");
    }

    conf->cors = prev->cors;

    return NGX_CONF_OK;
}


static char *
ngx_http_live_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_loc_conf_t *llcf = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i, alone;

    if (llcf->cors != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        llcf->cors = NULL;
        return NGX_CONF_OK;
    }

    llcf->cors = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                  sizeof(ngx_str_t));
    if (llcf->cors == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        alone = (ngx_strcmp(value[i].data, "*") == 0);

        if (alone ? cf->args->nelts > 2
                  : ngx_strstr(value[i].data, "://") == NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(llcf->cors);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
    }

    return NGX_CONF_OK;
}
