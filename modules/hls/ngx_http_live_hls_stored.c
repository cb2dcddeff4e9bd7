
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_hls_recover.h"


static ngx_int_t ngx_http_live_hls_stored_dir(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name,
    ngx_str_t *dir);
static ngx_int_t ngx_http_live_hls_stored_file(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name,
    ngx_str_t *dir, ngx_http_live_hls_file_t **file);
static ngx_int_t ngx_http_live_hls_stored_list(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name,
    ngx_str_t *dir);
static ngx_int_t ngx_http_live_hls_stored_return(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_http_live_hls_file_t *file);
static ngx_int_t ngx_http_live_hls_stored_etag(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_http_live_hls_saved_t *list,
    ngx_str_t *args);
static ngx_int_t ngx_http_live_hls_stored_send(ngx_http_request_t *r,
    ngx_http_live_hls_saved_t *list, ngx_str_t *args, const char *cache);
static ngx_int_t ngx_http_live_hls_stored_segment(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name,
    ngx_str_t *dir);
static ngx_int_t ngx_http_live_hls_stored_init(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name,
    ngx_str_t *dir);
static ngx_int_t ngx_http_live_hls_stored_media(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_str_t *dir);
static ngx_uint_t ngx_http_live_hls_stored_listed(
    ngx_http_live_hls_saved_t *list, uint64_t msn);
static ngx_int_t ngx_http_live_hls_stored_none(ngx_http_request_t *r,
    ngx_uint_t dir);


ngx_int_t
ngx_http_live_hls_stored(ngx_http_request_t *r, ngx_live_hls_app_conf_t *conf,
    ngx_live_hls_name_t *name)
{
    ngx_str_t  dir;

    if (ngx_http_live_hls_stored_dir(r, conf, name, &dir) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (name->kind) {

    case NGX_LIVE_HLS_NAME_INDEX:
    case NGX_LIVE_HLS_NAME_PLAYLIST:
        return ngx_http_live_hls_stored_list(r, conf, name, &dir);

    case NGX_LIVE_HLS_NAME_SEGMENT:
        return ngx_http_live_hls_stored_segment(r, conf, name, &dir);

    case NGX_LIVE_HLS_NAME_INIT:
        return ngx_http_live_hls_stored_init(r, conf, name, &dir);

    default: /* NGX_LIVE_HLS_NAME_PART */

        /* it will never be there again */

        return ngx_http_live_hls_stored_none(r, 0);
    }
}


static ngx_int_t
ngx_http_live_hls_stored_dir(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name, ngx_str_t *dir)
{
    u_char               *p;
    ngx_http_live_ctx_t  *lctx;

    lctx = ngx_http_live_get_ctx(r);

    p = ngx_pnalloc(r->pool, ngx_live_hls_dir_len(&conf->path, &lctx->app,
                                                  &lctx->name));
    if (p == NULL) {
        return NGX_ERROR;
    }

    dir->data = p;
    dir->len = ngx_live_hls_dir(p, &conf->path, &lctx->app, &lctx->name,
                                name->session.len ? &name->session : NULL)
               - p;

    return NGX_OK;
}


/* the playlist that is asked for, or that of the track */

static ngx_int_t
ngx_http_live_hls_stored_file(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name, ngx_str_t *dir,
    ngx_http_live_hls_file_t **file)
{
    u_char     line[NGX_LIVE_HLS_NAME_FILE_LEN + 1];
    ngx_str_t  list, path;

    list = name->file;

    if (name->kind != NGX_LIVE_HLS_NAME_INDEX) {
        list.data = line;
        list.len = ngx_snprintf(line, sizeof(line), "%V.m3u8", &name->track)
                   - line;
    }

    if (ngx_http_live_hls_path(r, dir, &list, &path) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_hls_file(r, conf, &path, &name->session, file);
}


static ngx_int_t
ngx_http_live_hls_stored_list(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name, ngx_str_t *dir)
{
    ngx_int_t                   rc;
    ngx_str_t                   args;
    ngx_uint_t                  ended;
    const char                 *cache;
    ngx_http_live_hls_file_t   *file;
    ngx_http_live_hls_saved_t  *list;

    rc = ngx_http_live_hls_stored_file(r, conf, name, dir, &file);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    list = file->list;

    if (list == NULL) {
        return ngx_http_live_hls_stored_none(r, file->dir);
    }

    ended = (name->kind == NGX_LIVE_HLS_NAME_PLAYLIST && list->ended);

    if (name->kind == NGX_LIVE_HLS_NAME_PLAYLIST && !ended) {
        rc = ngx_http_live_hls_stored_return(r, conf, file);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_http_live_hls_args(r, name->kind == NGX_LIVE_HLS_NAME_INDEX,
                               &args)
        != NGX_OK
        || ngx_http_live_hls_stored_etag(r, name, list, &args) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.last_modified_time = file->mtime;

    ngx_http_live_hls_list_type(r);

    /* a session that waits for its publisher after a restart has no end yet,
     * and another may begin */

    cache = ended ? "max-age=3600" : "max-age=1";

    if (ngx_http_live_get_ctx(r)->access.private) {
        cache = "private, no-store";
    }

    return ngx_http_live_hls_stored_send(r, list, &args, cache);
}


/*
 * It promises to block as the playlist of a living stream does.  There are no
 * parts in it, so a segment is waited for.
 */

static ngx_int_t
ngx_http_live_hls_stored_return(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_http_live_hls_file_t *file)
{
    ngx_str_t             msn, part, skip;
    ngx_uint_t            delta;
    const char           *reason;
    ngx_live_hls_edge_t   edge;
    ngx_live_hls_want_t   want;

    ngx_http_live_hls_arg(r, "_HLS_msn", &msn);
    ngx_http_live_hls_arg(r, "_HLS_part", &part);
    ngx_str_null(&skip);

    ngx_memzero(&edge, sizeof(ngx_live_hls_edge_t));
    edge.next = file->list->next;

    switch (ngx_live_hls_request(&edge, &msn, &part, &skip, &want, &delta,
                                 &reason))
    {
    case NGX_LIVE_HLS_WAIT:
        return ngx_http_live_hls_hold(r, conf, file,
                                      3000 * ngx_max(file->list->target, 1),
                                      1);

    case NGX_LIVE_HLS_BAD_REQUEST:
        return ngx_http_live_hls_bad(r, reason);

    default: /* NGX_LIVE_HLS_ANSWER */
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_http_live_hls_stored_etag(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_http_live_hls_saved_t *list,
    ngx_str_t *args)
{
    u_char     *p;
    ngx_str_t   etag;

    p = ngx_pnalloc(r->pool, name->session.len + name->file.len
                             + NGX_SIZE_T_LEN
                             + sizeof("\"---00000000.-00000000\""));
    if (p == NULL) {
        return NGX_ERROR;
    }

    etag.data = p;

    p = ngx_sprintf(p, "\"%V-%V-%08xD.%uz", &name->session, &name->file,
                    list->crc, list->text.len);

    if (args->len) {
        p = ngx_sprintf(p, "-%08xD", ngx_crc32_short(args->data, args->len));
    }

    *p++ = '"';

    etag.len = p - etag.data;

    return ngx_http_live_hls_header(r, "ETag", &etag, &r->headers_out.etag);
}


static ngx_int_t
ngx_http_live_hls_stored_send(ngx_http_request_t *r,
    ngx_http_live_hls_saved_t *list, ngx_str_t *args, const char *cache)
{
    off_t                        size;
    ngx_int_t                    rc;
    ngx_chain_t                 *out;
    ngx_http_live_hls_answer_t   a;

    ngx_memzero(&a, sizeof(ngx_http_live_hls_answer_t));

    a.n = 1;
    a.len = list->text.len;
    a.pieces[0].text = &list->text;
    a.pieces[0].to = list->text.len;

    if (ngx_http_live_hls_answer_hold(r, &a) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    out = ngx_http_live_hls_list_body(r, &a, args, &size);

    if (out == NULL || ngx_http_live_cache_control(r, cache) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_length_n = size;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


/*
 * A segment in a file counts when the playlist beside it names it: what was
 * being written when nginx ended may be of any length, and lost parts leave
 * holes.
 */

static ngx_int_t
ngx_http_live_hls_stored_segment(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name, ngx_str_t *dir)
{
    ngx_int_t                  rc;
    ngx_uint_t                 found;
    ngx_http_live_hls_file_t  *file;

    rc = ngx_http_live_hls_stored_file(r, conf, name, dir, &file);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    found = file->dir;

    if (file->list == NULL
        || !ngx_http_live_hls_stored_listed(file->list, name->msn))
    {
        return ngx_http_live_hls_stored_none(r, found);
    }

    rc = ngx_http_live_hls_stored_media(r, name, dir);

    return rc == NGX_DECLINED ? ngx_http_live_hls_stored_none(r, found) : rc;
}


/* what has left the window may still be asked for */

static ngx_uint_t
ngx_http_live_hls_stored_listed(ngx_http_live_hls_saved_t *list, uint64_t msn)
{
    uint64_t  n;

    if (msn < list->first) {
        return 1;
    }

    if (msn >= list->next) {
        return 0;
    }

    n = msn - list->first;

    return (list->gaps[n / 8] & (1 << (n % 8))) == 0;
}


static ngx_int_t
ngx_http_live_hls_stored_init(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name, ngx_str_t *dir)
{
    ngx_int_t                  rc;
    ngx_http_live_hls_file_t  *file;

    rc = ngx_http_live_hls_stored_media(r, name, dir);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (!ngx_live_hls_recover_early()) {
        return ngx_http_live_hls_stored_none(r, 0);
    }

    rc = ngx_http_live_hls_stored_file(r, conf, name, dir, &file);

    return rc == NGX_DECLINED ? ngx_http_live_hls_stored_none(r, file->dir)
                              : rc;
}


/* NGX_DECLINED: there is no such file */

static ngx_int_t
ngx_http_live_hls_stored_media(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_str_t *dir)
{
    ngx_int_t             rc;
    ngx_str_t             path;
    ngx_open_file_info_t  of;

    if (ngx_http_live_hls_path(r, dir, &name->file, &path) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_live_hls_open_file(r, &path, &of) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_http_live_hls_media_headers(r, name,
                                 name->track.len && name->track.data[0] == 'a',
                                 (int64_t) of.mtime * 1000);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_live_hls_send_file(r, &path, 0, -1,
                                     NGX_HTTP_LIVE_HLS_FOREVER);

    if (rc == NGX_DECLINED) {
        ngx_http_clear_etag(r);
        ngx_http_clear_last_modified(r);

        r->allow_ranges = 0;
    }

    return rc;
}


/* players give up at a 404 */

static ngx_int_t
ngx_http_live_hls_stored_none(ngx_http_request_t *r, ngx_uint_t dir)
{
    if (dir && ngx_live_hls_recover_early()) {
        return ngx_http_live_hls_unavailable(r, "nginx was just started");
    }

    return ngx_http_live_hls_none(r, "no such stream");
}
