
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"
#include "ngx_live_url.h"


char *
ngx_http_live_location(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

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

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_live_path(ngx_http_request_t *r, const char *suffix,
    ngx_http_live_ctx_t **result)
{
    ngx_str_t                  path;
    const char                *reason;
    ngx_http_live_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_live_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    path = r->uri;

    if (path.len < clcf->name.len) {
        return NGX_HTTP_NOT_FOUND;
    }

    path.data += clcf->name.len;
    path.len -= clcf->name.len;

    if (suffix && ngx_live_url_cut_suffix(&path, suffix) != NGX_OK) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, NULL);
    }

    if (ngx_live_url_split(&path, &ctx->app, &ctx->name, &ctx->rest, &reason)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "client sent bad stream name: it %s", reason);

        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                     "bad stream name");
    }

    if (suffix && ctx->rest.len) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, NULL);
    }

    ngx_http_set_ctx(r, ctx, ngx_http_live_module);

    *result = ctx;

    return NGX_DECLINED;
}
