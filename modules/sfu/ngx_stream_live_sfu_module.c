
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_stream_live.h"
#include "ngx_live_sfu_session.h"


typedef struct {
    ngx_flag_t                 enabled;
    ngx_array_t               *addresses;  /* ngx_str_t */
    ngx_msec_t                 timeout;
} ngx_stream_live_sfu_srv_conf_t;


static void *ngx_stream_live_sfu_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_live_sfu_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_stream_live_sfu(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_stream_live_sfu_address(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_stream_live_sfu_handler(ngx_stream_session_t *s);
static ngx_int_t ngx_stream_live_sfu_init_process(ngx_cycle_t *cycle);
static ngx_stream_live_sfu_srv_conf_t *ngx_stream_live_sfu_conf(
    ngx_listening_t *ls);


static ngx_command_t  ngx_stream_live_sfu_commands[] = {

    { ngx_string("live_sfu"),
      NGX_STREAM_SRV_CONF|NGX_CONF_NOARGS,
      ngx_stream_live_sfu,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_sfu_address"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_1MORE,
      ngx_stream_live_sfu_address,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_sfu_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_live_sfu_srv_conf_t, timeout),
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_live_sfu_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_live_sfu_create_srv_conf,   /* create server configuration */
    ngx_stream_live_sfu_merge_srv_conf     /* merge server configuration */
};


ngx_module_t  ngx_stream_live_sfu_module = {
    NGX_MODULE_V1,
    &ngx_stream_live_sfu_module_ctx,       /* module context */
    ngx_stream_live_sfu_commands,          /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_stream_live_sfu_init_process,      /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_stream_live_sfu_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_live_sfu_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_live_sfu_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->addresses = NGX_CONF_UNSET_PTR;
    conf->timeout = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_stream_live_sfu_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_stream_live_sfu_srv_conf_t *prev = parent;
    ngx_stream_live_sfu_srv_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->addresses, prev->addresses, NULL);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 30000);

    return NGX_CONF_OK;
}


static char *
ngx_stream_live_sfu(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_live_sfu_srv_conf_t *sscf = conf;

    ngx_stream_core_srv_conf_t  *cscf;

    if (sscf->enabled) {
        return "is duplicate";
    }

    sscf->enabled = 1;

    cscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module);
    cscf->handler = ngx_stream_live_sfu_handler;

    return NGX_CONF_OK;
}


static char *
ngx_stream_live_sfu_address(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_live_sfu_srv_conf_t *sscf = conf;

    ngx_str_t   *value, *s;
    ngx_addr_t   addr;
    ngx_uint_t   i;

    if (sscf->addresses != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    sscf->addresses = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (sscf->addresses == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_parse_addr(cf->pool, &addr, value[i].data, value[i].len)
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        s = ngx_array_push(sscf->addresses);
        if (s == NULL) {
            return NGX_CONF_ERROR;
        }

        *s = value[i];
    }

    return NGX_CONF_OK;
}


/* datagrams never get here */

static void
ngx_stream_live_sfu_handler(ngx_stream_session_t *s)
{
    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "client connected to \"live_sfu\" over TCP, "
                  "which is not supported");

    ngx_stream_finalize_session(s, NGX_STREAM_OK);
}


/*
 * nginx has made a connection of each listening socket that this worker
 * reads; its handler is replaced.
 */

static ngx_int_t
ngx_stream_live_sfu_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i;
    ngx_listening_t                 *ls;
    ngx_live_sfu_socket_t            s;
    ngx_stream_live_sfu_srv_conf_t  *sscf;

    if (ngx_live_sfu_worker_init(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_live_sfu_zone == NULL) {
        return NGX_OK;
    }

    ls = cycle->listening.elts;

    for (i = 0; i < cycle->listening.nelts; i++) {

        if (ls[i].type != SOCK_DGRAM
            || ls[i].handler != ngx_stream_init_connection)
        {
            continue;
        }

#if (NGX_HAVE_REUSEPORT)
        if (ls[i].reuseport && ls[i].worker != ngx_worker) {
            continue;
        }
#endif

        sscf = ngx_stream_live_sfu_conf(&ls[i]);

        if (sscf == NULL || !sscf->enabled) {
            continue;
        }

        ngx_memzero(&s, sizeof(ngx_live_sfu_socket_t));

        s.addresses = sscf->addresses;
        s.timeout = sscf->timeout;

        if (ngx_live_sfu_io_add(cycle, &ls[i], &s) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* of the first address, when a wildcard socket serves several */

static ngx_stream_live_sfu_srv_conf_t *
ngx_stream_live_sfu_conf(ngx_listening_t *ls)
{
    ngx_stream_port_t       *port;
    ngx_stream_conf_ctx_t   *ctx;
    ngx_stream_addr_conf_t  *conf;

    port = ls->servers;

    if (port == NULL || port->naddrs == 0) {
        return NULL;
    }

#if (NGX_HAVE_INET6)
    if (ls->sockaddr->sa_family == AF_INET6) {
        conf = &((ngx_stream_in6_addr_t *) port->addrs)->conf;

    } else
#endif
    {
        conf = &((ngx_stream_in_addr_t *) port->addrs)->conf;
    }

#if (nginx_version >= 1025005)
    ctx = conf->default_server->ctx;
#else
    ctx = conf->ctx;
#endif

    return ctx->srv_conf[ngx_stream_live_sfu_module.ctx_index];
}
