
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_stream_live.h"
#include "ngx_stream_live_rtmp.h"


static ngx_int_t ngx_stream_live_rtmp_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);

static ngx_int_t ngx_stream_live_rtmp_preconfiguration(ngx_conf_t *cf);
static void *ngx_stream_live_rtmp_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_live_rtmp_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_stream_live_rtmp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_conf_num_bounds_t  ngx_stream_live_rtmp_streams_bounds = {
    ngx_conf_check_num_bounds, 1, 31
};


static ngx_command_t  ngx_stream_live_rtmp_commands[] = {

    { ngx_string("live_rtmp"),
      NGX_STREAM_SRV_CONF|NGX_CONF_NOARGS,
      ngx_stream_live_rtmp,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_rtmp_flush"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, flush),
      NULL },

    { ngx_string("live_rtmp_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, timeout),
      NULL },

    { ngx_string("live_rtmp_handshake_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, handshake_timeout),
      NULL },

    { ngx_string("live_rtmp_send_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, send_timeout),
      NULL },

    { ngx_string("live_rtmp_chunk_size"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, chunk_size),
      NULL },

    { ngx_string("live_rtmp_max_message"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, max_message),
      NULL },

    { ngx_string("live_rtmp_window"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, window),
      NULL },

    { ngx_string("live_rtmp_max_streams"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_rtmp_srv_conf_t, max_streams),
      &ngx_stream_live_rtmp_streams_bounds },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_live_rtmp_module_ctx = {
    ngx_stream_live_rtmp_preconfiguration, /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_live_rtmp_create_srv_conf,  /* create server configuration */
    ngx_stream_live_rtmp_merge_srv_conf    /* merge server configuration */
};


ngx_module_t  ngx_stream_live_rtmp_module = {
    NGX_MODULE_V1,
    &ngx_stream_live_rtmp_module_ctx,      /* module context */
    ngx_stream_live_rtmp_commands,         /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_stream_variable_t  ngx_stream_live_rtmp_vars[] = {

    { ngx_string("live_app"), NULL, ngx_stream_live_rtmp_variable,
      offsetof(ngx_stream_live_rtmp_t, app), NGX_STREAM_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_name"), NULL, ngx_stream_live_rtmp_variable,
      offsetof(ngx_stream_live_rtmp_t, name), NGX_STREAM_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_args"), NULL, ngx_stream_live_rtmp_variable,
      offsetof(ngx_stream_live_rtmp_t, args), NGX_STREAM_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_action"), NULL, ngx_stream_live_rtmp_variable,
      offsetof(ngx_stream_live_rtmp_t, action), NGX_STREAM_VAR_NOCACHEABLE,
      0 },

      ngx_stream_null_variable
};


static ngx_int_t
ngx_stream_live_rtmp_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_stream_live_rtmp_t  *rs;

    rs = ngx_stream_live_rtmp_ctx(s);

    if (rs == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_stream_live_variable_set(v, (ngx_str_t *)
                                              ((char *) rs + data));
}


static ngx_int_t
ngx_stream_live_rtmp_preconfiguration(ngx_conf_t *cf)
{
    return ngx_stream_live_add_variables(cf, ngx_stream_live_rtmp_vars);
}


static void *
ngx_stream_live_rtmp_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_live_rtmp_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_live_rtmp_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->flush = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->handshake_timeout = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->chunk_size = NGX_CONF_UNSET_SIZE;
    conf->max_message = NGX_CONF_UNSET_SIZE;
    conf->window = NGX_CONF_UNSET_SIZE;
    conf->max_streams = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_stream_live_rtmp_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_stream_live_rtmp_srv_conf_t  *prev = parent;
    ngx_stream_live_rtmp_srv_conf_t  *conf = child;

    ngx_conf_merge_msec_value(conf->flush, prev->flush, 50);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 30000);
    ngx_conf_merge_msec_value(conf->handshake_timeout,
                              prev->handshake_timeout, 10000);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 30000);
    ngx_conf_merge_size_value(conf->chunk_size, prev->chunk_size, 65536);
    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->window, prev->window, 2500000);
    ngx_conf_merge_value(conf->max_streams, prev->max_streams, 8);

    if (conf->chunk_size < NGX_LIVE_RTMP_CHUNK_SIZE
        || conf->chunk_size > NGX_LIVE_RTMP_MAX_LEN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"live_rtmp_chunk_size\" must be between 128 "
                           "and 16777215 bytes");
        return NGX_CONF_ERROR;
    }

    if (conf->max_message < NGX_STREAM_LIVE_RTMP_MAX_COMMAND
        || conf->max_message > NGX_LIVE_RTMP_MAX_LEN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"live_rtmp_max_message\" must be between 64k "
                           "and 16777215 bytes");
        return NGX_CONF_ERROR;
    }

    if (conf->window < 1024 || conf->window > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"live_rtmp_window\" must be between 1k and 2g");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_live_rtmp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_core_srv_conf_t  *cscf;

    cscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module);

    if (cscf->handler) {
        return "is duplicate or conflicts with another handler";
    }

    cscf->handler = ngx_stream_live_rtmp_handler;

    return NGX_CONF_OK;
}
