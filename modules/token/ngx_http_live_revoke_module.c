
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_live.h>

#include "ngx_live_token.h"
#include "ngx_live_url.h"


/*
 * A location for operators: POST refuses tokens and ends what runs by them,
 * DELETE takes it back.
 *
 *     /revoke?jti=ID  /revoke?sub=NAME  /revoke?stream=APP/NAME
 *     [&before=S] [&until=S]
 */

#define NGX_HTTP_LIVE_REVOKE_VALUE  512    /* bytes */
#define NGX_HTTP_LIVE_REVOKE_TIME   (30 * 86400)


typedef struct {
    ngx_uint_t                  kind;      /* NGX_LIVE_REVOKE_* */
    ngx_str_t                   value;
    time_t                      before;
    time_t                      until;
} ngx_http_live_revoke_t;


static ngx_int_t ngx_http_live_revoke_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_revoke_parse(ngx_http_request_t *r,
    ngx_http_live_revoke_t *rv, const char **reason);
static ngx_int_t ngx_http_live_revoke_value(ngx_http_request_t *r,
    ngx_str_t *arg, ngx_str_t *value);
static ngx_int_t ngx_http_live_revoke_time(ngx_http_request_t *r,
    const char *key, time_t *time);
static char *ngx_http_live_revoke(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_revoke_commands[] = {

    { ngx_string("live_revoke"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_revoke,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_revoke_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_live_revoke_module = {
    NGX_MODULE_V1,
    &ngx_http_live_revoke_module_ctx,      /* module context */
    ngx_http_live_revoke_commands,         /* module directives */
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


static const char  *ngx_http_live_revoke_kinds[] = { "jti", "sub", "stream" };


static ngx_int_t
ngx_http_live_revoke_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    const char              *reason;
    ngx_http_live_revoke_t   rv;

    if (!(r->method & (NGX_HTTP_POST|NGX_HTTP_DELETE))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_live_revoke_parse(r, &rv, &reason);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "bad revocation: %s", reason);
        return ngx_http_live_problem(r, NGX_HTTP_BAD_REQUEST, reason);
    }

    if (r->method == NGX_HTTP_POST) {
        rc = ngx_live_token_revoke_everywhere(rv.kind, &rv.value, rv.before,
                                              rv.until, r->connection->log);

    } else {
        rc = ngx_live_token_unrevoke_everywhere(rv.kind, &rv.value,
                                                r->connection->log);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                     "was not revoked");
    }

    if (rc != NGX_OK) {
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "too many revocations");
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


/* NGX_DECLINED: a reason */

static ngx_int_t
ngx_http_live_revoke_parse(ngx_http_request_t *r, ngx_http_live_revoke_t *rv,
    const char **reason)
{
    ngx_str_t   arg;
    ngx_uint_t  i, n, found;

    found = 0;

    for (i = 0; i < 3; i++) {

        n = ngx_live_url_arg(&r->args, ngx_http_live_revoke_kinds[i], &arg);

        if (n) {
            found += n;
            rv->kind = NGX_LIVE_REVOKE_JTI + i;

            if (ngx_http_live_revoke_value(r, &arg, &rv->value) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    if (found != 1) {
        *reason = "one of jti, sub, stream is needed";
        return NGX_DECLINED;
    }

    if (rv->value.len == 0 || rv->value.len > NGX_HTTP_LIVE_REVOKE_VALUE) {
        *reason = "the value is empty or too long";
        return NGX_DECLINED;
    }

    /* those that were made up to now; a jti is but one token */

    rv->before = (rv->kind == NGX_LIVE_REVOKE_JTI) ? 0 : ngx_time() + 1;
    rv->until = ngx_time() + NGX_HTTP_LIVE_REVOKE_TIME;

    if (ngx_http_live_revoke_time(r, "before", &rv->before) != NGX_OK
        || ngx_http_live_revoke_time(r, "until", &rv->until) != NGX_OK)
    {
        *reason = "a time is no number of seconds";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_revoke_value(ngx_http_request_t *r, ngx_str_t *arg,
    ngx_str_t *value)
{
    u_char  *src, *dst;

    value->data = ngx_pnalloc(r->pool, arg->len + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    src = arg->data;
    dst = value->data;

    ngx_unescape_uri(&dst, &src, arg->len, 0);

    value->len = dst - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_revoke_time(ngx_http_request_t *r, const char *key,
    time_t *time)
{
    time_t     t;
    ngx_str_t  value;

    if (ngx_live_url_arg(&r->args, key, &value) == 0) {
        return NGX_OK;
    }

    t = ngx_atotm(value.data, value.len);

    if (t == NGX_ERROR) {
        return NGX_ERROR;
    }

    *time = t;

    return NGX_OK;
}


static char *
ngx_http_live_revoke(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_live_revoke_handler;

    return NGX_CONF_OK;
}
