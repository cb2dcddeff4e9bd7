
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"
#include "ngx_live_url.h"


static ngx_int_t ngx_http_live_path_split(ngx_http_request_t *r,
    ngx_http_live_parts_t *parts, ngx_str_t *rest, const char **reason);


char *
ngx_http_live_location(ngx_conf_t *cf, ngx_http_handler_pt handler,
    const char *suffix)
{
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_live_loc_conf_t  *llcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    llcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_live_module);

    if (clcf->handler == handler) {
        return "is duplicate";
    }

    if (clcf->named
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->noname || clcf->exact_match)
    {
        return "needs a location given by a prefix";
    }

    clcf->handler = handler;
    llcf->suffix = suffix;
    llcf->streams = 1;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_live_path(ngx_http_request_t *r, ngx_http_live_ctx_t **result)
{
    ngx_int_t               rc;
    const char             *reason;
    ngx_http_live_ctx_t    *ctx;
    ngx_http_live_parts_t   parts;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_live_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_live_path_split(r, &parts, &ctx->rest, &reason);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, NULL);
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "client sent bad stream name: it %s", reason);

        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                     "bad stream name");
    }

    ctx->request = r;
    ctx->token = parts.token;
    ctx->app = parts.app;
    ctx->name = parts.name;

    ngx_http_set_ctx(r, ctx, ngx_http_live_module);

    *result = ctx;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_live_parts(ngx_http_request_t *r, ngx_http_live_parts_t *parts)
{
    ngx_str_t                  rest;
    const char                *reason;
    ngx_http_live_ctx_t       *ctx;
    ngx_http_live_loc_conf_t  *llcf;

    ctx = ngx_http_live_get_ctx(r);

    if (ctx) {
        parts->token = ctx->token;
        parts->app = ctx->app;
        parts->name = ctx->name;

        return NGX_OK;
    }

    ngx_memzero(parts, sizeof(ngx_http_live_parts_t));

    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    if (!llcf->streams
        || ngx_http_live_path_split(r, parts, &rest, &reason) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* NGX_DECLINED: another path; NGX_ERROR: a bad name, for a reason */

static ngx_int_t
ngx_http_live_path_split(ngx_http_request_t *r, ngx_http_live_parts_t *parts,
    ngx_str_t *rest, const char **reason)
{
    ngx_str_t                  path;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_live_loc_conf_t  *llcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    ngx_str_null(&parts->token);

    path = r->uri;

    if (path.len < clcf->name.len) {
        return NGX_DECLINED;
    }

    path.data += clcf->name.len;
    path.len -= clcf->name.len;

    (void) ngx_live_url_token(&path, &parts->token);

    if (llcf->suffix
        && ngx_live_url_cut_suffix(&path, llcf->suffix) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_live_url_split(&path, &parts->app, &parts->name, rest, reason)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (llcf->suffix && rest->len) ? NGX_DECLINED : NGX_OK;
}
