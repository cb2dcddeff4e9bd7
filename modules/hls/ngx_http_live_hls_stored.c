
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_hls_load.h"
#include "ngx_live_hls_recover.h"


/* playlists that are read into memory */
#define NGX_HTTP_LIVE_HLS_STORED_MAX  (16 * 1024 * 1024)

#define NGX_HTTP_LIVE_HLS_ENDLIST     "#EXT-X-ENDLIST\n"


static ngx_int_t ngx_http_live_hls_stored_dir(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name,
    ngx_str_t *dir);
static ngx_int_t ngx_http_live_hls_stored_list(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_str_t *path);
static ngx_int_t ngx_http_live_hls_stored_etag(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_open_file_info_t *of, ngx_str_t *args);
static const char *ngx_http_live_hls_stored_cache(ngx_live_hls_name_t *name,
    ngx_open_file_info_t *of);
static ngx_int_t ngx_http_live_hls_stored_send(ngx_http_request_t *r,
    ngx_open_file_info_t *of, ngx_str_t *args, const char *cache);
static ngx_int_t ngx_http_live_hls_stored_uris(ngx_http_request_t *r,
    ngx_http_live_hls_text_t *text);
static u_char *ngx_http_live_hls_stored_uri(u_char *p, u_char *last);
static ngx_int_t ngx_http_live_hls_stored_media(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_str_t *path);
static ngx_uint_t ngx_http_live_hls_stored_listed(ngx_http_request_t *r,
    ngx_str_t *dir, ngx_live_hls_name_t *name);
static ngx_uint_t ngx_http_live_hls_stored_older(u_char *text, size_t size,
    uint64_t msn);
static ngx_int_t ngx_http_live_hls_stored_none(ngx_http_request_t *r,
    ngx_str_t *dir, ngx_uint_t kind);


ngx_int_t
ngx_http_live_hls_stored(ngx_http_request_t *r, ngx_live_hls_app_conf_t *conf,
    ngx_live_hls_name_t *name)
{
    ngx_int_t  rc;
    ngx_str_t  dir, path;

    if (ngx_http_live_hls_stored_dir(r, conf, name, &dir) != NGX_OK
        || ngx_http_live_hls_path(r, &dir, &name->file, &path) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (name->kind == NGX_LIVE_HLS_NAME_INDEX
        || name->kind == NGX_LIVE_HLS_NAME_PLAYLIST)
    {
        rc = ngx_http_live_hls_stored_list(r, name, &path);

    } else if (name->kind == NGX_LIVE_HLS_NAME_SEGMENT
               && !ngx_http_live_hls_stored_listed(r, &dir, name))
    {
        rc = NGX_DECLINED;

    } else {
        rc = ngx_http_live_hls_stored_media(r, name, &path);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_live_hls_stored_none(r, &dir, name->kind);
    }

    return rc;
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


static ngx_int_t
ngx_http_live_hls_stored_list(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_str_t *path)
{
    ngx_str_t              args;
    const char            *cache;
    ngx_open_file_info_t   of;

    if (ngx_http_live_hls_open_file(r, path, &of) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_http_live_hls_args(r, &args) != NGX_OK
        || ngx_http_live_hls_stored_etag(r, name, &of, &args) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.last_modified_time = of.mtime;

    ngx_http_live_hls_list_type(r);

    cache = ngx_http_live_hls_stored_cache(name, &of);

    if (args.len == 0) {
        return ngx_http_live_hls_send_file(r, path, 0, -1, cache);
    }

    return ngx_http_live_hls_stored_send(r, &of, &args, cache);
}


/* the file is written anew at most once, when its session ends */

static ngx_int_t
ngx_http_live_hls_stored_etag(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_open_file_info_t *of, ngx_str_t *args)
{
    u_char     *p;
    ngx_str_t   etag;

    p = ngx_pnalloc(r->pool, name->session.len + name->file.len
                             + NGX_TIME_T_LEN + NGX_OFF_T_LEN
                             + sizeof("\"---.-00000000\""));
    if (p == NULL) {
        return NGX_ERROR;
    }

    etag.data = p;

    p = ngx_sprintf(p, "\"%V-%V-%T.%O", &name->session, &name->file,
                    of->mtime, of->size);

    if (args->len) {
        p = ngx_sprintf(p, "-%08xD", ngx_crc32_short(args->data, args->len));
    }

    *p++ = '"';

    etag.len = p - etag.data;

    return ngx_http_live_hls_header(r, "ETag", &etag, &r->headers_out.etag);
}


/* a session that waits for its publisher after a restart has no end yet, and
 * another may begin */

static const char *
ngx_http_live_hls_stored_cache(ngx_live_hls_name_t *name,
    ngx_open_file_info_t *of)
{
    off_t   offset;
    u_char  buf[sizeof(NGX_HTTP_LIVE_HLS_ENDLIST) - 1];

    offset = of->size - (off_t) sizeof(buf);

    if (name->kind == NGX_LIVE_HLS_NAME_PLAYLIST
        && offset >= 0
        && pread(of->fd, buf, sizeof(buf), offset) == (ssize_t) sizeof(buf)
        && ngx_memcmp(buf, NGX_HTTP_LIVE_HLS_ENDLIST, sizeof(buf)) == 0)
    {
        return "max-age=3600";
    }

    return "max-age=1";
}


static ngx_int_t
ngx_http_live_hls_stored_send(ngx_http_request_t *r,
    ngx_open_file_info_t *of, ngx_str_t *args, const char *cache)
{
    off_t                        size;
    ssize_t                      n;
    ngx_int_t                    rc;
    ngx_chain_t                 *out;
    ngx_http_live_hls_text_t    *text;
    ngx_http_live_hls_answer_t   a;

    if (of->size == 0 || of->size > NGX_HTTP_LIVE_HLS_STORED_MAX) {
        return NGX_DECLINED;
    }

    text = ngx_pcalloc(r->pool, sizeof(ngx_http_live_hls_text_t));
    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text->len = of->size;
    text->data = ngx_pnalloc(r->pool, text->len);

    if (text->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = pread(of->fd, text->data, text->len, 0);

    if (n != (ssize_t) text->len) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, n == -1 ? ngx_errno : 0,
                      "could not read a stored playlist");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_live_hls_stored_uris(r, text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    a.n = 1;
    a.len = text->len;
    a.pieces[0].text = text;
    a.pieces[0].from = 0;
    a.pieces[0].to = text->len;

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


/* where URIs end: it is our own text, each line has one at most */

static ngx_int_t
ngx_http_live_hls_stored_uris(ngx_http_request_t *r,
    ngx_http_live_hls_text_t *text)
{
    u_char      *p, *eol, *last, *uri;
    ngx_uint_t   n;

    last = text->data + text->len;
    n = 0;

    for (p = text->data; p < last; p++) {
        n += (*p == '\n');
    }

    text->uris = ngx_palloc(r->pool, (n + 1) * sizeof(uint32_t));
    if (text->uris == NULL) {
        return NGX_ERROR;
    }

    for (p = text->data; p < last; p = eol + 1) {
        eol = ngx_strlchr(p, last, '\n');

        if (eol == NULL) {
            break;
        }

        uri = ngx_http_live_hls_stored_uri(p, eol);

        if (uri) {
            text->uris[text->nuris++] = (uint32_t) (uri - text->data);
        }
    }

    return NGX_OK;
}


static u_char *
ngx_http_live_hls_stored_uri(u_char *p, u_char *last)
{
    if (p == last) {
        return NULL;
    }

    if (*p != '#') {
        return last;
    }

    p = ngx_strlcasestrn(p, last, (u_char *) "URI=\"", 5 - 1);

    return p ? ngx_strlchr(p + 5, last, '"') : NULL;
}


static ngx_int_t
ngx_http_live_hls_stored_media(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_str_t *path)
{
    ngx_int_t             rc;
    ngx_open_file_info_t  of;

    if (ngx_http_live_hls_open_file(r, path, &of) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_http_live_hls_media_headers(r, name,
                                 name->track.len && name->track.data[0] == 'a',
                                 (int64_t) of.mtime * 1000);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_live_hls_send_file(r, path, 0, -1,
                                       NGX_HTTP_LIVE_HLS_FOREVER);
}


/*
 * A segment in a file counts when the playlist beside it names it: what was
 * being written when nginx ended may be of any length, and lost parts leave
 * holes.
 */

static ngx_uint_t
ngx_http_live_hls_stored_listed(ngx_http_request_t *r, ngx_str_t *dir,
    ngx_live_hls_name_t *name)
{
    u_char      *p, *text, line[NGX_LIVE_HLS_NAME_FILE_LEN + 2];
    size_t       size, len;
    time_t       mtime;
    ngx_str_t    file, path;
    ngx_uint_t   listed;

    file.data = line;
    file.len = ngx_sprintf(line, "%V.m3u8", &name->track) - line;

    if (ngx_http_live_hls_path(r, dir, &file, &path) != NGX_OK) {
        return 0;
    }

    text = ngx_live_hls_load_file(path.data, NGX_HTTP_LIVE_HLS_STORED_MAX,
                                  &size, &mtime, r->connection->log);
    if (text == NULL) {
        return 0;
    }

    len = ngx_sprintf(line, "\n%V\n", &name->file) - line;
    p = memmem(text, size, line, len);

    if (p == NULL) {
        listed = ngx_http_live_hls_stored_older(text, size, name->msn);

    } else {

        /* the line before is EXTINF, the one before that may say "gap" */

        while (p > text && *--p != '\n') { /* void */ }

        len = sizeof("#EXT-X-GAP") - 1;

        listed = (size_t) (p - text) < len
                 || ngx_memcmp(p - len, "#EXT-X-GAP", len) != 0;
    }

    ngx_free(text);

    return listed;
}


/* what has left the window may still be asked for */

static ngx_uint_t
ngx_http_live_hls_stored_older(u_char *text, size_t size, uint64_t msn)
{
    u_char    *p, *end;
    size_t     len;
    uint64_t   first;

    len = sizeof("\n#EXT-X-MEDIA-SEQUENCE:") - 1;
    p = memmem(text, size, "\n#EXT-X-MEDIA-SEQUENCE:", len);

    if (p == NULL) {
        return 0;
    }

    p += len;
    end = memchr(p, '\n', text + size - p);

    return end
           && ngx_live_hls_name_number(p, end, NGX_LIVE_HLS_MSN_MAX, &first)
              == NGX_OK
           && msn < first;
}


static ngx_int_t
ngx_http_live_hls_stored_none(ngx_http_request_t *r, ngx_str_t *dir,
    ngx_uint_t kind)
{
    ngx_file_info_t  fi;

    ngx_http_clear_etag(r);
    ngx_http_clear_last_modified(r);

    r->allow_ranges = 0;

    /* players give up at a 404; a part will never be there again */

    if (kind != NGX_LIVE_HLS_NAME_PART
        && ngx_live_hls_recover_early()
        && ngx_file_info(dir->data, &fi) != NGX_FILE_ERROR)
    {
        return ngx_http_live_hls_unavailable(r, "nginx was just started");
    }

    return ngx_http_live_hls_none(r, "no such stream");
}
