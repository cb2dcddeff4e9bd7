
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"
#include "ngx_live_json.h"
#include "ngx_live_registry.h"
#include "ngx_live_url.h"


/*
 * Where streams are, whichever node has them: /PREFIX/APP/NAME says it of one,
 * /PREFIX/ of all.
 */


#define NGX_HTTP_LIVE_REGISTRY_MAX  1000


typedef struct {
    ngx_http_request_t        *request;
    ngx_live_json_t            js;
    ngx_live_registry_find_t  *list;
    ngx_array_t                finds;       /* ngx_http_live_registry_find_t */
    ngx_uint_t                 pending;
    ngx_uint_t                 failed;
    ngx_uint_t                 found;
    unsigned                   one:1;
} ngx_http_live_registry_ctx_t;


typedef struct {
    ngx_http_live_registry_ctx_t  *ctx;
    ngx_live_registry_find_t      *find;    /* NULL: answered */
    ngx_str_t                      app;
    ngx_str_t                      name;
} ngx_http_live_registry_find_t;


static ngx_int_t ngx_http_live_registry_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_registry_ask(
    ngx_http_live_registry_ctx_t *ctx, ngx_str_t *path);
static void ngx_http_live_registry_cleanup(void *data);
static void ngx_http_live_registry_listed(ngx_int_t rc, ngx_str_t *app,
    ngx_str_t *name, void *data);
static ngx_int_t ngx_http_live_registry_find(
    ngx_http_live_registry_ctx_t *ctx, ngx_str_t *app, ngx_str_t *name);
static void ngx_http_live_registry_found(ngx_int_t rc,
    ngx_live_registry_entry_t *entry, void *data);
static void ngx_http_live_registry_write(ngx_live_json_t *js,
    ngx_http_live_registry_find_t *f, ngx_live_registry_entry_t *entry);
static void ngx_http_live_registry_done(ngx_http_live_registry_ctx_t *ctx);
static ngx_int_t ngx_http_live_registry_send(
    ngx_http_live_registry_ctx_t *ctx);
static char *ngx_http_live_registry(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_registry_commands[] = {

    { ngx_string("live_registry"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_registry,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_registry_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_live_registry_module = {
    NGX_MODULE_V1,
    &ngx_http_live_registry_module_ctx,    /* module context */
    ngx_http_live_registry_commands,       /* module directives */
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
ngx_http_live_registry_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_str_t                      path;
    ngx_pool_cleanup_t            *cln;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_live_registry_ctx_t  *ctx;

    rc = ngx_http_live_method(r, NGX_HTTP_GET|NGX_HTTP_HEAD);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->uri.len < clcf->name.len) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, NULL);
    }

    path.data = r->uri.data + clcf->name.len;
    path.len = r->uri.len - clcf->name.len;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_live_registry_ctx_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = cln->data;

    ngx_memzero(ctx, sizeof(ngx_http_live_registry_ctx_t));

    if (ngx_array_init(&ctx->finds, r->pool, 1,
                       sizeof(ngx_http_live_registry_find_t *))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;
    cln->handler = ngx_http_live_registry_cleanup;

    ngx_live_json_init(&ctx->js, r->pool);

    rc = ngx_http_live_registry_ask(ctx, &path);

    if (rc == NGX_OK) {
        r->main->count++;
        return NGX_DONE;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, "bad stream name");
    }

    return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                 "no Redis is asked");
}


/* NGX_OK: an answer will come; NGX_DECLINED: the path is no stream's */

static ngx_int_t
ngx_http_live_registry_ask(ngx_http_live_registry_ctx_t *ctx, ngx_str_t *path)
{
    ngx_str_t    app, name, rest;
    const char  *reason;

    if (path->len == 0) {
        ctx->list = ngx_live_registry_list(NGX_HTTP_LIVE_REGISTRY_MAX,
                                           ngx_http_live_registry_listed, ctx);

        ngx_live_json_object(&ctx->js, NULL);
        ngx_live_json_array(&ctx->js, "streams");

        return ctx->list ? NGX_OK : NGX_ERROR;
    }

    if (ngx_live_url_split(path, &app, &name, &rest, &reason) != NGX_OK
        || rest.len)
    {
        return NGX_DECLINED;
    }

    ctx->one = 1;

    return ngx_http_live_registry_find(ctx, &app, &name);
}


static void
ngx_http_live_registry_cleanup(void *data)
{
    ngx_http_live_registry_ctx_t *ctx = data;

    ngx_uint_t                       i;
    ngx_http_live_registry_find_t  **f;

    if (ctx->list) {
        ngx_live_registry_cancel(ctx->list);
    }

    f = ctx->finds.elts;

    for (i = 0; i < ctx->finds.nelts; i++) {
        if (f[i]->find) {
            ngx_live_registry_cancel(f[i]->find);
        }
    }
}


static void
ngx_http_live_registry_listed(ngx_int_t rc, ngx_str_t *app, ngx_str_t *name,
    void *data)
{
    ngx_http_live_registry_ctx_t *ctx = data;

    ctx->list = NULL;

    if (rc == NGX_AGAIN) {
        if (ngx_http_live_registry_find(ctx, app, name) != NGX_OK) {
            ctx->failed = 1;
        }

        return;
    }

    if (rc == NGX_ERROR) {
        ctx->failed = 1;
    }

    if (ctx->pending == 0) {
        ngx_http_live_registry_done(ctx);
    }
}


static ngx_int_t
ngx_http_live_registry_find(ngx_http_live_registry_ctx_t *ctx, ngx_str_t *app,
    ngx_str_t *name)
{
    ngx_pool_t                      *pool;
    ngx_http_live_registry_find_t   *f, **p;

    pool = ctx->request->pool;

    f = ngx_pcalloc(pool, sizeof(ngx_http_live_registry_find_t));
    p = ngx_array_push(&ctx->finds);

    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = f;

    if (f == NULL) {
        ctx->finds.nelts--;
        return NGX_ERROR;
    }

    f->ctx = ctx;
    f->app.len = app->len;
    f->app.data = ngx_pstrdup(pool, app);
    f->name.len = name->len;
    f->name.data = ngx_pstrdup(pool, name);

    if (f->app.data == NULL || f->name.data == NULL) {
        return NGX_ERROR;
    }

    f->find = ngx_live_registry_find(&f->app, &f->name,
                                     ngx_http_live_registry_found, f);
    if (f->find == NULL) {
        return NGX_ERROR;
    }

    ctx->pending++;

    return NGX_OK;
}


static void
ngx_http_live_registry_found(ngx_int_t rc, ngx_live_registry_entry_t *entry,
    void *data)
{
    ngx_http_live_registry_find_t *f = data;

    ngx_http_live_registry_ctx_t  *ctx;

    ctx = f->ctx;

    f->find = NULL;
    ctx->pending--;

    if (rc == NGX_OK) {
        ctx->found++;
        ngx_http_live_registry_write(&ctx->js, f, entry);
    }

    if (rc == NGX_ERROR) {
        ctx->failed = 1;
    }

    if (ctx->pending == 0) {
        ngx_http_live_registry_done(ctx);
    }
}


static void
ngx_http_live_registry_write(ngx_live_json_t *js,
    ngx_http_live_registry_find_t *f, ngx_live_registry_entry_t *entry)
{
    off_t  start;

    start = ngx_atoof(entry->start.data, entry->start.len);

    ngx_live_json_object(js, NULL);
    ngx_live_json_string(js, "application", f->app.data, f->app.len);
    ngx_live_json_string(js, "name", f->name.data, f->name.len);
    ngx_live_json_string(js, "node", entry->node.data, entry->node.len);
    ngx_live_json_string(js, "url", entry->url.data, entry->url.len);
    ngx_live_json_string(js, "state", entry->state.data, entry->state.len);
    ngx_live_json_string(js, "door", entry->door.data, entry->door.len);
    ngx_live_json_string(js, "session", entry->session.data,
                         entry->session.len);
    ngx_live_json_string(js, "tracks", entry->tracks.data, entry->tracks.len);
    ngx_live_json_int(js, "start", ngx_max(start, 0));
    ngx_live_json_object_end(js);
}


static void
ngx_http_live_registry_done(ngx_http_live_registry_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    if (ctx->failed) {
        rc = ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                   "Redis does not answer");

    } else if (ctx->one && ctx->found == 0) {
        rc = ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                   "no node has this stream");

    } else {
        rc = ngx_http_live_registry_send(ctx);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_live_registry_send(ngx_http_live_registry_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_live_json_t     *js;
    ngx_http_request_t  *r;

    r = ctx->request;
    js = &ctx->js;

    if (!ctx->one) {
        ngx_live_json_array_end(js);
        ngx_live_json_object_end(js);
    }

    if (js->error) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    js->buf->last_buf = (r == r->main);
    js->buf->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = js->size;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_http_live_cache_control(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, js->out);
}


static char *
ngx_http_live_registry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->noname)
    {
        return "needs a location given by a prefix";
    }

    clcf->handler = ngx_http_live_registry_handler;

    return NGX_CONF_OK;
}
