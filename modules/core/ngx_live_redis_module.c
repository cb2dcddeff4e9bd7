
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"
#include "ngx_live_registry.h"


#define NGX_LIVE_REDIS_PREFIX_MAX    32
#define NGX_LIVE_REDIS_PASSWORD_MAX  512


typedef struct {
    ngx_str_t                  name;        /* "db=" */
    char                    *(*set)(ngx_conf_t *cf,
                                    ngx_live_redis_conf_t *rcf,
                                    ngx_str_t *value, ngx_uint_t offset);
    ngx_uint_t                 offset;
    ngx_uint_t                 modes;       /* bits, by mode */
} ngx_live_redis_parameter_t;


static void *ngx_live_redis_create_main_conf(ngx_conf_t *cf);
static char *ngx_live_redis_init_main_conf(ngx_conf_t *cf, void *conf);
static char *ngx_live_redis_servers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_redis_parameter(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_str_t *value);
static char *ngx_live_redis_address(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_str_t *value);
static char *ngx_live_redis_set_str(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_str_t *value, ngx_uint_t offset);
static char *ngx_live_redis_set_db(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_str_t *value, ngx_uint_t offset);
static char *ngx_live_redis_set_prefix(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_str_t *value, ngx_uint_t offset);
static char *ngx_live_redis_set_file(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_str_t *value, ngx_uint_t offset);
static char *ngx_live_redis_resolver(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_live_redis_resolve(ngx_conf_t *cf,
    ngx_live_redis_conf_t *rcf, ngx_live_redis_peer_t *from);
static ngx_int_t ngx_live_redis_module_init_process(ngx_cycle_t *cycle);


#define NGX_LIVE_REDIS_ANY                                                    \
    (1 << NGX_LIVE_REDIS_SERVER                                               \
     | 1 << NGX_LIVE_REDIS_SENTINEL                                           \
     | 1 << NGX_LIVE_REDIS_CLUSTER)

static ngx_live_redis_parameter_t  ngx_live_redis_parameters[] = {

    { ngx_string("db="),
      ngx_live_redis_set_db,
      0,
      1 << NGX_LIVE_REDIS_SERVER | 1 << NGX_LIVE_REDIS_SENTINEL },

    { ngx_string("user="),
      ngx_live_redis_set_str,
      offsetof(ngx_live_redis_conf_t, login.user),
      NGX_LIVE_REDIS_ANY },

    { ngx_string("password="),
      ngx_live_redis_set_str,
      offsetof(ngx_live_redis_conf_t, login.password),
      NGX_LIVE_REDIS_ANY },

    { ngx_string("password_file="),
      ngx_live_redis_set_file,
      offsetof(ngx_live_redis_conf_t, login.password),
      NGX_LIVE_REDIS_ANY },

    { ngx_string("prefix="),
      ngx_live_redis_set_prefix,
      offsetof(ngx_live_redis_conf_t, prefix),
      NGX_LIVE_REDIS_ANY },

    { ngx_string("name="),
      ngx_live_redis_set_str,
      offsetof(ngx_live_redis_conf_t, master),
      1 << NGX_LIVE_REDIS_SENTINEL },

    { ngx_string("sentinel_user="),
      ngx_live_redis_set_str,
      offsetof(ngx_live_redis_conf_t, sentinel.user),
      1 << NGX_LIVE_REDIS_SENTINEL },

    { ngx_string("sentinel_password="),
      ngx_live_redis_set_str,
      offsetof(ngx_live_redis_conf_t, sentinel.password),
      1 << NGX_LIVE_REDIS_SENTINEL },

    { ngx_string("sentinel_password_file="),
      ngx_live_redis_set_file,
      offsetof(ngx_live_redis_conf_t, sentinel.password),
      1 << NGX_LIVE_REDIS_SENTINEL },

    { ngx_null_string, NULL, 0, 0 }
};


static ngx_conf_num_bounds_t  ngx_live_redis_queue_bounds = {
    ngx_conf_check_num_bounds, 1, 1000000
};


static ngx_command_t  ngx_live_redis_commands[] = {

    { ngx_string("redis"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_1MORE,
      ngx_live_redis_servers,
      NGX_LIVE_MAIN_CONF_OFFSET,
      NGX_LIVE_REDIS_SERVER,
      NULL },

    { ngx_string("redis_sentinel"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_2MORE,
      ngx_live_redis_servers,
      NGX_LIVE_MAIN_CONF_OFFSET,
      NGX_LIVE_REDIS_SENTINEL,
      NULL },

    { ngx_string("redis_cluster"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_1MORE,
      ngx_live_redis_servers,
      NGX_LIVE_MAIN_CONF_OFFSET,
      NGX_LIVE_REDIS_CLUSTER,
      NULL },

    { ngx_string("redis_connect_timeout"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_redis_conf_t, connect_timeout),
      NULL },

    { ngx_string("redis_timeout"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_redis_conf_t, timeout),
      NULL },

    { ngx_string("redis_keepalive"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_redis_conf_t, keepalive),
      NULL },

    { ngx_string("redis_queue"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_redis_conf_t, queue),
      &ngx_live_redis_queue_bounds },

    { ngx_string("redis_resolver"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_1MORE,
      ngx_live_redis_resolver,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("registry_url"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_redis_conf_t, url),
      NULL },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_redis_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_live_redis_create_main_conf,       /* create main configuration */
    ngx_live_redis_init_main_conf,         /* init main configuration */

    NULL,                                  /* create application conf */
    NULL,                                  /* merge application conf */

    ngx_live_registry_start,               /* stream start */
    ngx_live_registry_config,              /* stream config */
    NULL,                                  /* stream frame */
    ngx_live_registry_change,              /* stream stop */
    ngx_live_registry_change,              /* stream adopt */
    ngx_live_registry_end,                 /* stream end */
    NULL,                                  /* stream free */
    NULL,                                  /* stream status */

    NULL,                                  /* session open */
    NULL,                                  /* session close */

    NULL                                   /* status */
};


ngx_module_t  ngx_live_redis_module = {
    NGX_MODULE_V1,
    &ngx_live_redis_module_ctx,            /* module context */
    ngx_live_redis_commands,               /* module directives */
    NGX_LIVE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_live_redis_module_init_process,    /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_live_redis_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_live_redis_create_main_conf(ngx_conf_t *cf)
{
    ngx_live_redis_conf_t  *rcf;

    rcf = ngx_pcalloc(cf->pool, sizeof(ngx_live_redis_conf_t));
    if (rcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&rcf->peers, cf->pool, 4,
                       sizeof(ngx_live_redis_peer_t))
        != NGX_OK)
    {
        return NULL;
    }

    rcf->connect_timeout = NGX_CONF_UNSET_MSEC;
    rcf->timeout = NGX_CONF_UNSET_MSEC;
    rcf->keepalive = NGX_CONF_UNSET_MSEC;
    rcf->queue = NGX_CONF_UNSET_UINT;

    return rcf;
}


static char *
ngx_live_redis_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_live_redis_conf_t  *rcf = conf;

    ngx_uint_t              i, n;
    ngx_live_redis_peer_t  *peers;

    ngx_conf_init_msec_value(rcf->connect_timeout, 1000);
    ngx_conf_init_msec_value(rcf->timeout, 1000);
    ngx_conf_init_msec_value(rcf->keepalive, 15000);
    ngx_conf_init_uint_value(rcf->queue, 4096);

    if (rcf->prefix.len == 0) {
        ngx_str_set(&rcf->prefix, "nl:");
    }

    if (rcf->connect_timeout == 0 || rcf->timeout == 0
        || rcf->keepalive == 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "a timeout of redis cannot be zero");
        return NGX_CONF_ERROR;
    }

    if (rcf->resolver) {
        return NGX_CONF_OK;
    }

    /* without a resolver names are resolved here, once, to all addresses */

    n = rcf->peers.nelts;
    peers = ngx_palloc(cf->temp_pool, n * sizeof(ngx_live_redis_peer_t));
    if (peers == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(peers, rcf->peers.elts, n * sizeof(ngx_live_redis_peer_t));
    rcf->peers.nelts = 0;

    for (i = 0; i < n; i++) {
        if (ngx_live_redis_resolve(cf, rcf, &peers[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_live_redis_resolve(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_live_redis_peer_t *from)
{
    size_t                  len;
    ngx_url_t               u;
    ngx_uint_t              i;
    ngx_live_redis_peer_t  *peer;

    ngx_memzero(&u, sizeof(ngx_url_t));

    if (from->port && !ngx_live_redis_peer_is_address(from)) {

        u.host.data = from->host;
        u.host.len = ngx_strlen(from->host);
        u.port = from->port;

        if (ngx_inet_resolve_host(cf->pool, &u) != NGX_OK) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s in redis \"%s\"",
                          u.err ? u.err : "no memory", from->host);
            return NGX_ERROR;
        }
    }

    for (i = 0; i < ngx_max(u.naddrs, 1); i++) {

        peer = ngx_array_push(&rcf->peers);
        if (peer == NULL) {
            return NGX_ERROR;
        }

        *peer = *from;

        if (u.naddrs) {
            len = ngx_sock_ntop(u.addrs[i].sockaddr, u.addrs[i].socklen,
                                peer->host, NGX_LIVE_REDIS_HOST - 1, 0);
            peer->host[len] = '\0';
        }
    }

    return NGX_OK;
}


/* redis, redis_sentinel, redis_cluster: "cmd->offset" is the mode */

static char *
ngx_live_redis_servers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_redis_conf_t *rcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (rcf->mode) {
        return "is duplicate: there is one Redis";
    }

    value = cf->args->elts;
    rcf->mode = cmd->offset;

    if (rcf->mode == NGX_LIVE_REDIS_SERVER
        && ngx_strcmp(value[1].data, "off") == 0)
    {
        rcf->mode = NGX_LIVE_REDIS_OFF;
        return cf->args->nelts == 2 ? NGX_CONF_OK
                                    : "has parameters after \"off\"";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        rv = ngx_live_redis_parameter(cf, rcf, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (rcf->peers.nelts == 0) {
        return "has no address";
    }

    if (rcf->mode == NGX_LIVE_REDIS_SERVER && rcf->peers.nelts > 1) {
        return "has several addresses: for more than one server there are "
               "\"redis_sentinel\" and \"redis_cluster\"";
    }

    if (rcf->mode == NGX_LIVE_REDIS_SENTINEL && rcf->master.len == 0) {
        return "has no \"name=\" of the master";
    }

    if ((rcf->login.user.len && rcf->login.password.len == 0)
        || (rcf->sentinel.user.len && rcf->sentinel.password.len == 0))
    {
        return "has a user without a password";
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_redis_parameter(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_str_t *value)
{
    ngx_live_redis_parameter_t  *p;

    for (p = ngx_live_redis_parameters; p->name.len; p++) {

        if (value->len < p->name.len
            || ngx_strncmp(value->data, p->name.data, p->name.len) != 0)
        {
            continue;
        }

        /* the value may be a password: it is not repeated */

        if (!(p->modes & (1 << rcf->mode))) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter \"%V\" does not belong here",
                               &p->name);
            return NGX_CONF_ERROR;
        }

        value->data += p->name.len;
        value->len -= p->name.len;

        if (value->len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter \"%V\" is empty", &p->name);
            return NGX_CONF_ERROR;
        }

        return p->set(cf, rcf, value, p->offset);
    }

    return ngx_live_redis_address(cf, rcf, value);
}


static char *
ngx_live_redis_address(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_str_t *value)
{
    ngx_str_t               path;
    ngx_url_t               u;
    ngx_live_redis_peer_t  *peer;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *value;
    u.no_resolve = 1;
    u.default_port = rcf->mode == NGX_LIVE_REDIS_SENTINEL
                     ? NGX_LIVE_REDIS_SENTINEL_PORT : NGX_LIVE_REDIS_PORT;

    if (ngx_strlchr(value->data, value->data + value->len, '=')) {

        /* it may be a misspelt password= */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unknown parameter");
        return NGX_CONF_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.uri.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in address \"%V\"",
                           u.err ? u.err : "invalid path", value);
        return NGX_CONF_ERROR;
    }

    peer = ngx_array_push(&rcf->peers);
    if (peer == NULL) {
        return NGX_CONF_ERROR;
    }

    if (u.family == AF_UNIX) {
        path = *value;
        path.data += 5;
        path.len -= 5;

        if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (path.len >= sizeof(((struct sockaddr_un *) 0)->sun_path)) {
            return "has too long a path";
        }

        if (ngx_live_redis_peer_set(peer, &path, 0) != NGX_OK) {
            return "has an invalid path";
        }

        return NGX_CONF_OK;
    }

    if (u.host.len > 2 && u.host.data[0] == '[') {
        u.host.data++;
        u.host.len -= 2;
    }

    if (u.port == 0
        || ngx_live_redis_peer_set(peer, &u.host, u.port) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid address \"%V\"",
                           value);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_redis_set_str(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_str_t *value, ngx_uint_t offset)
{
    ngx_str_t  *field;

    field = (ngx_str_t *) ((u_char *) rcf + offset);

    if (field->len) {
        return "has a parameter twice";
    }

    *field = *value;

    return NGX_CONF_OK;
}


static char *
ngx_live_redis_set_db(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_str_t *value, ngx_uint_t offset)
{
    rcf->login.db = ngx_atoi(value->data, value->len);

    return rcf->login.db == NGX_ERROR ? "has an invalid \"db=\""
                                      : NGX_CONF_OK;
}


/* braces would be a hash tag, the others have a meaning in patterns */

static char *
ngx_live_redis_set_prefix(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_str_t *value, ngx_uint_t offset)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (ch <= 0x20 || ch >= 0x7f || ngx_strchr("{}*?[]\\^", ch)) {
            return "has an invalid character in \"prefix=\"";
        }
    }

    if (value->len > NGX_LIVE_REDIS_PREFIX_MAX) {
        return "has a \"prefix=\" of more than 32 characters";
    }

    return ngx_live_redis_set_str(cf, rcf, value, offset);
}


/* the first line of a file */

static char *
ngx_live_redis_set_file(ngx_conf_t *cf, ngx_live_redis_conf_t *rcf,
    ngx_str_t *value, ngx_uint_t offset)
{
    u_char     *p;
    size_t      len;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t   password;

    if (ngx_conf_full_name(cf->cycle, value, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(value->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", value);
        return NGX_CONF_ERROR;
    }

    p = ngx_palloc(cf->pool, NGX_LIVE_REDIS_PASSWORD_MAX);

    n = p ? ngx_read_fd(fd, p, NGX_LIVE_REDIS_PASSWORD_MAX) : -1;

    if (ngx_close_file(fd) == NGX_FILE_ERROR || n < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", value);
        return NGX_CONF_ERROR;
    }

    for (len = 0; len < (size_t) n; len++) {
        if (p[len] == CR || p[len] == LF) {
            break;
        }
    }

    if (len == 0 || len == NGX_LIVE_REDIS_PASSWORD_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no password in the first line of \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    password.data = p;
    password.len = len;

    return ngx_live_redis_set_str(cf, rcf, &password, offset);
}


static char *
ngx_live_redis_resolver(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_redis_conf_t *rcf = conf;

    ngx_str_t  *value;

    if (rcf->resolver) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rcf->resolver = ngx_resolver_create(cf, &value[1], cf->args->nelts - 1);

    return rcf->resolver ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_live_redis_module_init_process(ngx_cycle_t *cycle)
{
    ngx_live_redis_conf_t  *rcf;

    if (ngx_live_zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    rcf = ngx_live_get_module_main_conf(cycle, &ngx_live_redis_module);

    if (rcf == NULL || rcf->mode <= NGX_LIVE_REDIS_OFF) {
        return NGX_OK;
    }

    if (ngx_live_redis_init_process(cycle, rcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_registry_init_process(cycle);
}
