
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_url.h"


/* ms that final playlists are waited for */
#define NGX_HTTP_LIVE_HLS_FINALS  10000


static ngx_int_t ngx_http_live_hls_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_live_hls_proved(ngx_http_request_t *r,
    ngx_http_live_ctx_t *lctx);
static ngx_uint_t ngx_http_live_hls_playback(ngx_http_live_ctx_t *lctx);
static ngx_uint_t ngx_http_live_hls_is(ngx_live_hls_sh_t *hls,
    ngx_live_hls_name_t *name);
static ngx_live_stream_t *ngx_http_live_hls_ended(ngx_http_live_ctx_t *lctx,
    ngx_live_hls_name_t *name);
static ngx_int_t ngx_http_live_hls_answer(ngx_http_request_t *r,
    ngx_live_stream_t *st, ngx_live_hls_app_conf_t *conf,
    ngx_live_hls_name_t *name);
static ngx_int_t ngx_http_live_hls_find(ngx_http_live_hls_ctx_t *ctx);
static void ngx_http_live_hls_cleanup(void *data);
static char *ngx_http_live_hls(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_hls_commands[] = {

    { ngx_string("live_hls"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_hls,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_hls_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_live_hls_module = {
    NGX_MODULE_V1,
    &ngx_http_live_hls_module_ctx,         /* module context */
    ngx_http_live_hls_commands,            /* module directives */
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
ngx_http_live_hls_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_live_ctx_t  *lctx;

    rc = ngx_http_live_method(r, NGX_HTTP_GET|NGX_HTTP_HEAD);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_live_path(r, &lctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    lctx->proved = ngx_http_live_hls_proved(r, lctx);
    lctx->playback = ngx_http_live_hls_playback(lctx);

    return ngx_http_live_access(r, NGX_LIVE_DOOR_HLS, NGX_LIVE_ACTION_PLAY,
                                ngx_http_live_hls_allowed);
}


/* who knows the secret of a segment has been given a playlist */

static ngx_uint_t
ngx_http_live_hls_proved(ngx_http_request_t *r, ngx_http_live_ctx_t *lctx)
{
    ngx_str_t                 value;
    ngx_live_app_conf_t      *app;
    ngx_live_main_conf_t     *lmcf;
    ngx_live_hls_name_t       name;
    ngx_live_hls_app_conf_t  *conf;

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);
    app = lmcf ? ngx_live_app_conf(lmcf, &lctx->app) : NULL;

    if (app == NULL) {
        return 0;
    }

    conf = ngx_live_get_module_app_conf(app, ngx_live_hls_module);

    return conf->keys
           && ngx_live_url_arg(&r->args, NGX_LIVE_HLS_SECRET_ARG, &value) == 1
           && ngx_live_hls_name_parse(&name, lctx->rest.data, lctx->rest.len)
              == NGX_OK
           && ngx_live_hls_secret_check(conf->keys, &name, &value);
}


/* who reloads playlists is watching */

static ngx_uint_t
ngx_http_live_hls_playback(ngx_http_live_ctx_t *lctx)
{
    ngx_live_hls_name_t  name;

    if (ngx_live_hls_name_parse(&name, lctx->rest.data, lctx->rest.len)
        == NGX_OK
        && name.kind == NGX_LIVE_HLS_NAME_PLAYLIST)
    {
        return NGX_LIVE_PLAYBACK_REQUEST;
    }

    return NGX_LIVE_PLAYBACK_PART;
}


ngx_int_t
ngx_http_live_hls_allowed(ngx_http_request_t *r)
{
    ngx_live_stream_t        *st, *ended;
    ngx_live_hls_sh_t        *hls;
    ngx_live_hls_name_t       name;
    ngx_http_live_ctx_t      *lctx;
    ngx_live_hls_app_conf_t  *conf;

    lctx = ngx_http_live_get_ctx(r);

    if (ngx_live_hls_name_parse(&name, lctx->rest.data, lctx->rest.len)
        != NGX_OK)
    {
        return ngx_http_live_hls_none(r, "no such file");
    }

    conf = ngx_live_get_module_app_conf(lctx->access.conf,
                                        ngx_live_hls_module);

    st = ngx_live_stream_find(&lctx->app, &lctx->name);
    hls = st ? ngx_live_hls_get(st->sh) : NULL;

    if (hls
        && (name.kind == NGX_LIVE_HLS_NAME_INDEX
            || ngx_http_live_hls_is(hls, &name)))
    {
        return ngx_http_live_hls_answer(r, st, conf, &name);
    }

    if (name.kind != NGX_LIVE_HLS_NAME_INDEX || st == NULL) {
        ended = ngx_http_live_hls_ended(lctx, &name);

        if (ended) {
            if (st) {
                ngx_live_stream_close(st);
            }

            return ngx_http_live_hls_answer(r, ended, conf, &name);
        }
    }

    if (st) {
        ngx_live_stream_close(st);

        if (hls == NULL && name.kind == NGX_LIVE_HLS_NAME_INDEX) {
            return ngx_http_live_hls_none(r, "the stream has no HLS");
        }
    }

    if (!conf->enable) {
        return ngx_http_live_hls_none(r, "no such stream");
    }

    return ngx_http_live_hls_stored(r, conf, &name);
}


static ngx_uint_t
ngx_http_live_hls_is(ngx_live_hls_sh_t *hls, ngx_live_hls_name_t *name)
{
    return hls->recovering == 0
           && name->session.len == ngx_strlen(hls->session)
           && ngx_strncmp(name->session.data, hls->session,
                          name->session.len)
              == 0;
}


/*
 * Of a session that is over, until its playlists are files: players give up at
 * a 404.  A worker that was killed may have left them unwritten.
 */

static ngx_live_stream_t *
ngx_http_live_hls_ended(ngx_http_live_ctx_t *lctx, ngx_live_hls_name_t *name)
{
    ngx_uint_t          i;
    ngx_live_hls_sh_t  *hls;
    ngx_live_stream_t  *st;

    i = 0;

    while ((st = ngx_live_stream_next_ended(&lctx->app, &lctx->name, &i))) {

        hls = ngx_live_hls_get(st->sh);

        if (hls && hls->finals
            && ngx_live_clock() - hls->finals_since < NGX_HTTP_LIVE_HLS_FINALS
            && (name->kind == NGX_LIVE_HLS_NAME_INDEX
                || ngx_http_live_hls_is(hls, name)))
        {
            return st;
        }

        ngx_live_stream_close(st);
    }

    return NULL;
}


/* takes over the handle of the stream */

static ngx_int_t
ngx_http_live_hls_answer(ngx_http_request_t *r, ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name)
{
    ngx_int_t                 rc;
    ngx_pool_cleanup_t       *cln;
    ngx_http_live_hls_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_live_hls_ctx_t));
    if (cln == NULL) {
        ngx_live_stream_close(st);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_live_hls_ctx_t));

    ctx->request = r;
    ctx->conf = conf;
    ctx->name = *name;

    ctx->stream = ngx_http_live_hls_stream(st, ngx_live_hls_get(st->sh));

    if (ctx->stream == NULL) {
        ngx_live_stream_close(st);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->handle = st;
    ctx->stream->conf = conf;

    cln->handler = ngx_http_live_hls_cleanup;

    if (ngx_http_live_hls_find(ctx) != NGX_OK) {
        return ngx_http_live_hls_none(r, "no such rendition");
    }

    rc = ctx->answer(ctx);

    return rc == NGX_DECLINED ? ngx_http_live_hls_wait(ctx) : rc;
}


static ngx_int_t
ngx_http_live_hls_find(ngx_http_live_hls_ctx_t *ctx)
{
    ngx_uint_t          i;
    ngx_live_hls_sh_t  *hls;

    hls = ctx->stream->hls;

    if (ctx->name.kind == NGX_LIVE_HLS_NAME_INDEX) {
        ctx->answer = ngx_http_live_hls_index;
        return NGX_OK;
    }

    ctx->rendition = ngx_live_hls_rendition(hls, &ctx->name.track);

    if (ctx->rendition == NULL) {
        return NGX_DECLINED;
    }

    for (i = 0; i < hls->nrenditions; i++) {
        if (hls->renditions[i] == ctx->rendition) {
            ctx->n = i;
        }
    }

    switch (ctx->name.kind) {

    case NGX_LIVE_HLS_NAME_PLAYLIST:
        ctx->answer = ngx_http_live_hls_playlist;
        break;

    case NGX_LIVE_HLS_NAME_INIT:
        ctx->answer = ngx_http_live_hls_init;
        break;

    case NGX_LIVE_HLS_NAME_SEGMENT:
        ctx->answer = ngx_http_live_hls_segment;
        break;

    default: /* NGX_LIVE_HLS_NAME_PART */
        ctx->answer = ngx_http_live_hls_part;
        break;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_live_hls_bad(ngx_http_request_t *r, const char *reason)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "bad playlist request: %s", reason);

    (void) ngx_http_live_cache_control(r, "no-store");

    return ngx_http_live_problem(r, NGX_HTTP_BAD_REQUEST, reason);
}


ngx_int_t
ngx_http_live_hls_none(ngx_http_request_t *r, const char *reason)
{
    (void) ngx_http_live_cache_control(r, "no-store");

    return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, reason);
}


ngx_int_t
ngx_http_live_hls_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value, ngx_table_elt_t **header)
{
    ngx_table_elt_t  *h;

    h = ngx_http_live_header_push(r, key);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->value = *value;

    *header = h;

    return NGX_OK;
}


static void
ngx_http_live_hls_cleanup(void *data)
{
    ngx_http_live_hls_ctx_t *ctx = data;

    ngx_http_live_hls_unwait(ctx);

    /* the stream's object may be gone: it does not wait for slow clients */

    ngx_live_stream_close(ctx->handle);
}


static char *
ngx_http_live_hls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_live_location(cf, ngx_http_live_hls_handler, NULL);
}
