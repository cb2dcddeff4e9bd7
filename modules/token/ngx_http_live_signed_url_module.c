
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"
#include "ngx_live_signed_url.h"


/*
 * A guard, in the access phase, of locations whose URLs somebody has signed:
 *
 *     live_signed_url         $arg_sig $arg_expires "$uri $arg_expires";
 *     live_signed_url_secret  file ...;
 */

#define NGX_HTTP_LIVE_SIGNED_URL_SECRET_MAX  4096   /* bytes */


typedef struct {
    ngx_http_complex_value_t    signature;
    ngx_http_complex_value_t    expires;
    ngx_http_complex_value_t    text;
} ngx_http_live_signed_url_t;


typedef struct {
    ngx_http_live_signed_url_t *url;       /* NULL: off */
    ngx_array_t                *secrets;   /* ngx_str_t */
} ngx_http_live_signed_url_loc_conf_t;


static ngx_int_t ngx_http_live_signed_url_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_signed_url_check(
    ngx_http_live_signed_url_loc_conf_t *lcf, ngx_live_signed_url_t *url,
    const char **reason);

static ngx_int_t ngx_http_live_signed_url_init(ngx_conf_t *cf);
static void *ngx_http_live_signed_url_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_signed_url_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_live_signed_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_live_signed_url_secret(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_live_signed_url_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret);


static ngx_command_t  ngx_http_live_signed_url_commands[] = {

    { ngx_string("live_signed_url"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
                        |NGX_CONF_TAKE1|NGX_CONF_TAKE3,
      ngx_http_live_signed_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_signed_url_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_live_signed_url_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_signed_url_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_live_signed_url_init,         /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_signed_url_create_loc_conf,
                                           /* create location configuration */
    ngx_http_live_signed_url_merge_loc_conf
                                           /* merge location configuration */
};


ngx_module_t  ngx_http_live_signed_url_module = {
    NGX_MODULE_V1,
    &ngx_http_live_signed_url_module_ctx,  /* module context */
    ngx_http_live_signed_url_commands,     /* module directives */
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


static ngx_int_t
ngx_http_live_signed_url_handler(ngx_http_request_t *r)
{
    const char                           *reason;
    ngx_live_signed_url_t                 url;
    ngx_http_live_signed_url_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_live_signed_url_module);

    if (lcf->url == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_complex_value(r, &lcf->url->signature, &url.signature)
           != NGX_OK
        || ngx_http_complex_value(r, &lcf->url->expires, &url.expires)
           != NGX_OK
        || ngx_http_complex_value(r, &lcf->url->text, &url.text) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_live_signed_url_check(lcf, &url, &reason) == NGX_OK) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "access forbidden by signed URL: %s", reason);

    return NGX_HTTP_FORBIDDEN;
}


/* the first secret is that which signs; others are on their way out */

static ngx_int_t
ngx_http_live_signed_url_check(ngx_http_live_signed_url_loc_conf_t *lcf,
    ngx_live_signed_url_t *url, const char **reason)
{
    ngx_str_t   *secrets;
    ngx_uint_t   i;

    secrets = lcf->secrets->elts;

    for (i = 0; i < lcf->secrets->nelts; i++) {
        url->secret = secrets[i];

        if (ngx_live_signed_url_check(url, ngx_time(), reason) == NGX_OK) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_live_signed_url_init(ngx_conf_t *cf)
{
    return ngx_http_live_add_phase_handler(cf, NGX_HTTP_ACCESS_PHASE,
                                           ngx_http_live_signed_url_handler);
}


static void *
ngx_http_live_signed_url_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_live_signed_url_loc_conf_t  *conf;

    conf = ngx_palloc(cf->pool, sizeof(ngx_http_live_signed_url_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->url = NGX_CONF_UNSET_PTR;
    conf->secrets = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_http_live_signed_url_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_live_signed_url_loc_conf_t *prev = parent;
    ngx_http_live_signed_url_loc_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->url, prev->url, NULL);
    ngx_conf_merge_ptr_value(conf->secrets, prev->secrets, NULL);

    if (conf->url && conf->secrets == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"live_signed_url\" needs \"live_signed_url_secret\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_live_signed_url(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_signed_url_loc_conf_t *lcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    if (lcf->url != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "off") != 0) {
            return "needs a signature, a time and a text, or \"off\"";
        }

        lcf->url = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_strstr(value[3].data, value[2].data) == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the text that is signed must contain the time "
                           "\"%V\", or anybody could change it", &value[2]);
        return NGX_CONF_ERROR;
    }

    lcf->url = ngx_palloc(cf->pool, sizeof(ngx_http_live_signed_url_t));
    if (lcf->url == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < 3; i++) {
        cv = (i == 0) ? &lcf->url->signature
                      : (i == 1) ? &lcf->url->expires : &lcf->url->text;

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value[i + 1];
        ccv.complex_value = cv;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_live_signed_url_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_live_signed_url_loc_conf_t *lcf = conf;

    char        *rv;
    ngx_str_t   *value, *secret;
    ngx_uint_t   i;

    if (lcf->secrets != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    lcf->secrets = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                    sizeof(ngx_str_t));
    if (lcf->secrets == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        secret = ngx_array_push(lcf->secrets);
        if (secret == NULL
            || ngx_conf_full_name(cf->cycle, &value[i], 1) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        rv = ngx_http_live_signed_url_read(cf, &value[i], secret);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


/* the bytes of the file, without a line's end behind them */

static char *
ngx_http_live_signed_url_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret)
{
    u_char     buf[NGX_HTTP_LIVE_SIGNED_URL_SECRET_MAX];
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));
    err = ngx_errno;

    (void) ngx_close_file(fd);

    if (n < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           ngx_read_fd_n " \"%V\" failed", name);
        return NGX_CONF_ERROR;
    }

    if (n == sizeof(buf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret in \"%V\" is too long", name);
        return NGX_CONF_ERROR;
    }

    while (n && (buf[n - 1] == LF || buf[n - 1] == CR)) {
        n--;
    }

    if (n < NGX_LIVE_SIGNED_URL_SECRET) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret in \"%V\" has less than %d bytes",
                           name, NGX_LIVE_SIGNED_URL_SECRET);
        return NGX_CONF_ERROR;
    }

    secret->len = n;
    secret->data = ngx_pnalloc(cf->pool, n);
    if (secret->data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(secret->data, buf, n);
    ngx_explicit_memzero(buf, sizeof(buf));

    return NGX_CONF_OK;
}
