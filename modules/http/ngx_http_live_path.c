
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"
#include "ngx_live_url.h"


static void ngx_http_live_path_rest(ngx_http_request_t *r, ngx_str_t *path,
    ngx_str_t *token);


char *
ngx_http_live_location(ngx_conf_t *cf, ngx_http_handler_pt handler)
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
    llcf->streams = 1;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_live_path(ngx_http_request_t *r, const char *suffix,
    ngx_http_live_ctx_t **result)
{
    ngx_str_t             path;
    const char           *reason;
    ngx_http_live_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_live_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;

    ngx_http_live_path_rest(r, &path, &ctx->token);

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


void
ngx_http_live_path_token(ngx_http_request_t *r, ngx_str_t *token,
    ngx_str_t *app)
{
    u_char     *p;
    ngx_str_t   path;

    ngx_http_live_path_rest(r, &path, token);

    if (path.len && path.data[0] == '/') {
        path.data++;
        path.len--;
    }

    p = ngx_strlchr(path.data, path.data + path.len, '/');

    app->data = path.data;
    app->len = p ? (size_t) (p - path.data) : 0;
}


/* the path behind the location's prefix and a token */

static void
ngx_http_live_path_rest(ngx_http_request_t *r, ngx_str_t *path,
    ngx_str_t *token)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    *path = r->uri;

    ngx_str_null(token);

    if (path->len < clcf->name.len) {

        /* a location that was found by other means than its prefix */

        path->len = 0;
        return;
    }

    path->data += clcf->name.len;
    path->len -= clcf->name.len;

    (void) ngx_live_url_token(path, token);
}
