
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_stream_live.h"
#include "ngx_live_token.h"
#include "ngx_live_url.h"


/*
 * Where the token of an RTMP client is read from.  What it allows is decided
 * by "publish" and "play", whose rule "token" asks for the variables of this
 * module.
 */

#define NGX_STREAM_LIVE_TOKEN_LEEWAY  10   /* s */


typedef struct {
    ngx_array_t                   *values; /* ngx_stream_complex_value_t */
    ngx_stream_complex_value_t    *country;
    time_t                         leeway;
    ngx_flag_t                     on;     /* unset: the argument "token" */
} ngx_stream_live_token_srv_conf_t;


static ngx_int_t ngx_stream_live_token_raw_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_stream_live_token_leeway_variable(
    ngx_stream_session_t *s, ngx_stream_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_stream_live_token_country_variable(
    ngx_stream_session_t *s, ngx_stream_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_stream_live_token_arg_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);

static ngx_int_t ngx_stream_live_token_preconfiguration(ngx_conf_t *cf);
static void *ngx_stream_live_token_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_live_token_merge_srv_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_stream_live_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_stream_live_token_compile(ngx_conf_t *cf,
    ngx_str_t *value, void *cv);


static ngx_command_t  ngx_stream_live_token_commands[] = {

    { ngx_string("live_token"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_1MORE,
      ngx_stream_live_token,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_token_leeway"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_token_srv_conf_t, leeway),
      NULL },

    { ngx_string("live_token_country"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_set_complex_value_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_token_srv_conf_t, country),
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_live_token_module_ctx = {
    ngx_stream_live_token_preconfiguration,
                                           /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_live_token_create_srv_conf, /* create server configuration */
    ngx_stream_live_token_merge_srv_conf   /* merge server configuration */
};


ngx_module_t  ngx_stream_live_token_module = {
    NGX_MODULE_V1,
    &ngx_stream_live_token_module_ctx,     /* module context */
    ngx_stream_live_token_commands,        /* module directives */
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


static ngx_stream_variable_t  ngx_stream_live_token_vars[] = {

    { ngx_string(NGX_LIVE_TOKEN_VAR_RAW), NULL,
      ngx_stream_live_token_raw_variable, 0, NGX_STREAM_VAR_NOCACHEABLE, 0 },

    { ngx_string(NGX_LIVE_TOKEN_VAR_LEEWAY), NULL,
      ngx_stream_live_token_leeway_variable, 0, NGX_STREAM_VAR_NOCACHEABLE,
      0 },

    { ngx_string(NGX_LIVE_TOKEN_VAR_COUNTRY), NULL,
      ngx_stream_live_token_country_variable, 0, NGX_STREAM_VAR_NOCACHEABLE,
      0 },

    /* of $live_args */

    { ngx_string("live_arg_"), NULL, ngx_stream_live_token_arg_variable,
      0, NGX_STREAM_VAR_NOCACHEABLE|NGX_STREAM_VAR_PREFIX, 0 },

      ngx_stream_null_variable
};


static ngx_str_t  ngx_stream_live_token_default =
    ngx_string("$live_arg_token");

static ngx_str_t  ngx_stream_live_token_args = ngx_string("live_args");


/* bytes of an argument's name */
#define NGX_STREAM_LIVE_TOKEN_ARG  64


static ngx_int_t
ngx_stream_live_token_raw_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                          token;
    ngx_uint_t                         i;
    ngx_stream_complex_value_t        *values;
    ngx_stream_live_token_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(s, ngx_stream_live_token_module);

    ngx_str_null(&token);

    if (conf->on) {
        values = conf->values->elts;

        for (i = 0; i < conf->values->nelts && token.len == 0; i++) {

            if (ngx_stream_complex_value(s, &values[i], &token) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return ngx_stream_live_variable_set(v, &token);
}


static ngx_int_t
ngx_stream_live_token_leeway_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                          leeway;
    ngx_stream_live_token_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(s, ngx_stream_live_token_module);

    leeway.data = ngx_pnalloc(s->connection->pool, NGX_TIME_T_LEN);
    if (leeway.data == NULL) {
        return NGX_ERROR;
    }

    leeway.len = ngx_sprintf(leeway.data, "%T", conf->leeway) - leeway.data;

    return ngx_stream_live_variable_set(v, &leeway);
}


static ngx_int_t
ngx_stream_live_token_country_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                          country;
    ngx_stream_live_token_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(s, ngx_stream_live_token_module);

    ngx_str_null(&country);

    if (conf->country
        && ngx_stream_complex_value(s, conf->country, &country) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_stream_live_variable_set(v, &country);
}


/* what a door makes of the stream's name is in its variable live_args */

static ngx_int_t
ngx_stream_live_token_arg_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *name = (ngx_str_t *) data;

    u_char                        key[NGX_STREAM_LIVE_TOKEN_ARG];
    ngx_str_t                     args, value;
    ngx_uint_t                    hash;
    ngx_stream_variable_value_t  *vv;

    hash = ngx_hash_key(ngx_stream_live_token_args.data,
                        ngx_stream_live_token_args.len);

    vv = ngx_stream_get_variable(s, &ngx_stream_live_token_args, hash);

    ngx_str_null(&value);

    if (vv && !vv->not_found
        && name->len - (sizeof("live_arg_") - 1) < sizeof(key))
    {
        (void) ngx_cpystrn(key, name->data + sizeof("live_arg_") - 1,
                           name->len - (sizeof("live_arg_") - 1) + 1);

        args.len = vv->len;
        args.data = vv->data;

        (void) ngx_live_url_arg(&args, (char *) key, &value);
    }

    return ngx_stream_live_variable_set(v, &value);
}


static ngx_int_t
ngx_stream_live_token_preconfiguration(ngx_conf_t *cf)
{
    return ngx_stream_live_add_variables(cf, ngx_stream_live_token_vars);
}


static void *
ngx_stream_live_token_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_live_token_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_live_token_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->country = NGX_CONF_UNSET_PTR;
    conf->leeway = NGX_CONF_UNSET;
    conf->on = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_stream_live_token_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_stream_live_token_srv_conf_t  *prev = parent;
    ngx_stream_live_token_srv_conf_t  *conf = child;

    if (prev->on == NGX_CONF_UNSET) {
        prev->on = 1;
        prev->values = ngx_array_create(cf->pool, 1,
                                        sizeof(ngx_stream_complex_value_t));

        if (prev->values == NULL
            || ngx_stream_live_token_compile(cf,
                                             &ngx_stream_live_token_default,
                                             ngx_array_push(prev->values))
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (conf->on == NGX_CONF_UNSET) {
        conf->on = prev->on;
        conf->values = prev->values;
    }

    ngx_conf_merge_ptr_value(conf->country, prev->country, NULL);
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway,
                             NGX_STREAM_LIVE_TOKEN_LEEWAY);

    return NGX_CONF_OK;
}


static char *
ngx_stream_live_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_live_token_srv_conf_t  *tscf = conf;

    return ngx_live_token_values(cf, &tscf->on, &tscf->values,
                                 sizeof(ngx_stream_complex_value_t),
                                 ngx_stream_live_token_compile);
}


static ngx_int_t
ngx_stream_live_token_compile(ngx_conf_t *cf, ngx_str_t *value, void *cv)
{
    ngx_stream_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_stream_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    return ngx_stream_compile_complex_value(&ccv);
}
