
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"


static ngx_int_t ngx_http_live_hls_not_found(ngx_http_live_hls_ctx_t *ctx,
    const char *reason);
static ngx_int_t ngx_http_live_hls_copy_init(ngx_http_live_hls_ctx_t *ctx,
    ngx_str_t *bytes);
static ngx_int_t ngx_http_live_hls_copy_part(ngx_http_live_hls_ctx_t *ctx,
    uint64_t msn, ngx_uint_t part, ngx_live_hls_part_sh_t *to);
static ngx_int_t ngx_http_live_hls_copy_segment(ngx_http_live_hls_ctx_t *ctx,
    ngx_live_hls_segment_sh_t *to);
static ngx_int_t ngx_http_live_hls_send_range(ngx_http_live_hls_ctx_t *ctx,
    off_t offset, off_t size);
static ngx_int_t ngx_http_live_hls_send_bytes(ngx_http_live_hls_ctx_t *ctx,
    ngx_http_live_hls_text_t *bytes);
static ngx_http_live_hls_text_t *ngx_http_live_hls_bytes(
    ngx_http_live_hls_ctx_t *ctx, uint64_t first, uint64_t last, size_t size);
static ngx_http_live_hls_text_t *ngx_http_live_hls_copy(
    ngx_http_live_hls_ctx_t *ctx, uint64_t first, uint64_t last, size_t size);
static ngx_int_t ngx_http_live_hls_send(ngx_http_request_t *r,
    ngx_chain_t *out, off_t size, const char *cache);


ngx_int_t
ngx_http_live_hls_init(ngx_http_live_hls_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_str_t            bytes;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ngx_http_live_hls_copy_init(ctx, &bytes) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_live_hls_media_headers(r, &ctx->name,
                            ctx->rendition->kind == NGX_LIVE_KIND_AUDIO,
                            ctx->stream->hls->created);
    if (rc != NGX_OK) {
        return rc;
    }

    if (bytes.len == 0) {

        /* of a session that began before a restart */

        return ngx_http_live_hls_send_range(ctx, 0, -1);
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = bytes.data;
    b->last = bytes.data + bytes.len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_live_hls_send(r, &out, bytes.len,
                                  NGX_HTTP_LIVE_HLS_FOREVER);
}


/* nothing, if it is in a file only */

static ngx_int_t
ngx_http_live_hls_copy_init(ngx_http_live_hls_ctx_t *ctx, ngx_str_t *bytes)
{
    u_char                  *data;
    size_t                   size;
    ngx_uint_t               i, tries;
    ngx_live_hls_sh_t       *hls;
    ngx_atomic_uint_t        version;
    ngx_live_hls_init_sh_t  *init;

    hls = ctx->stream->hls;

    for (tries = 0; tries < NGX_LIVE_HLS_TRIES; tries++) {

        ngx_str_null(bytes);
        data = NULL;
        size = 0;

        version = ngx_live_hls_read(hls);

        for (i = 0; i < NGX_LIVE_HLS_INITS; i++) {
            init = &ctx->rendition->inits[i];

            if (init->version && init->hash == ctx->name.hash) {
                data = init->data;
                size = init->size;
                break;
            }
        }

        /* its memory may be another's already, but not while it is known */

        if (ngx_live_hls_changed(hls, version)) {
            continue;
        }

        if (data == NULL) {
            return NGX_OK;
        }

        bytes->data = ngx_pnalloc(ctx->request->pool, size);
        if (bytes->data == NULL) {
            return NGX_ERROR;
        }

        bytes->len = size;
        ngx_memcpy(bytes->data, data, size);

        if (!ngx_live_hls_changed(hls, version)) {
            return NGX_OK;
        }
    }

    ngx_str_null(bytes);

    return NGX_OK;
}


ngx_int_t
ngx_http_live_hls_part(ngx_http_live_hls_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_live_hls_edge_t        edge;
    ngx_live_hls_part_sh_t     part;
    ngx_http_live_hls_text_t  *bytes;

    if (ctx->stream->hls->state == NGX_LIVE_HLS_MEASURING
        || ngx_http_live_hls_edge(ctx, &edge) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_live_hls_request_part(&edge, ctx->name.msn, ctx->name.part);

    if (rc == NGX_AGAIN && !edge.ended) {
        return NGX_DECLINED;
    }

    if (rc != NGX_OK) {
        return ngx_http_live_hls_not_found(ctx, "no such part");
    }

    rc = ngx_http_live_hls_copy_part(ctx, ctx->name.msn, ctx->name.part,
                                     &part);

    if (rc == NGX_AGAIN) {
        return NGX_DECLINED;
    }

    /*
     * What the disk has refused may have been listed before, and is a gap for
     * those who have not seen it yet: from memory it is answered all the same.
     */

    if (rc != NGX_OK || part.size == 0) {
        return ngx_http_live_hls_not_found(ctx, "no such part");
    }

    rc = ngx_http_live_hls_media_headers(ctx->request, &ctx->name,
                            ctx->rendition->kind == NGX_LIVE_KIND_AUDIO,
                            part.published);
    if (rc != NGX_OK) {
        return rc;
    }

    bytes = ngx_http_live_hls_bytes(ctx, part.seq, part.seq, part.size);

    if (bytes) {
        return ngx_http_live_hls_send_bytes(ctx, bytes);
    }

    if (!(part.flags & NGX_LIVE_HLS_FILE)) {
        return ngx_http_live_hls_not_found(ctx, "part is not stored yet");
    }

    return ngx_http_live_hls_send_range(ctx, part.offset, part.size);
}


/*
 * A segment has no URL until it is complete; its length is what the index
 * says.  While its file is not, it is put together from its parts.
 */

ngx_int_t
ngx_http_live_hls_segment(ngx_http_live_hls_ctx_t *ctx)
{
    uint64_t                   first, last;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_live_hls_part_sh_t     part;
    ngx_http_live_hls_text_t  *bytes;
    ngx_live_hls_segment_sh_t  seg;

    rc = ngx_http_live_hls_copy_segment(ctx, &seg);

    if (rc != NGX_OK || seg.size == 0 || (seg.flags & NGX_LIVE_HLS_GAP)) {
        return ngx_http_live_hls_not_found(ctx, "no such segment");
    }

    rc = ngx_http_live_hls_media_headers(ctx->request, &ctx->name,
                            ctx->rendition->kind == NGX_LIVE_KIND_AUDIO,
                            seg.date + seg.duration / 90);
    if (rc != NGX_OK) {
        return rc;
    }

    if (seg.flags & NGX_LIVE_HLS_FILE) {
        return ngx_http_live_hls_send_range(ctx, 0, seg.size);
    }

    first = 0;
    last = 0;

    /* of plain HLS a segment is one part, which is not listed */

    for (i = 0; i < ngx_max(seg.parts, 1); i++) {

        if (ngx_http_live_hls_copy_part(ctx, ctx->name.msn, i, &part)
            != NGX_OK
            || part.seq == 0
            || (last && part.seq != last + 1))
        {
            first = 0;
            break;
        }

        if (first == 0) {
            first = part.seq;
        }

        last = part.seq;
    }

    bytes = ngx_http_live_hls_bytes(ctx, first, last, seg.size);

    if (bytes) {
        return ngx_http_live_hls_send_bytes(ctx, bytes);
    }

    return ngx_http_live_hls_not_found(ctx, "segment is not stored yet");
}


static ngx_int_t
ngx_http_live_hls_not_found(ngx_http_live_hls_ctx_t *ctx, const char *reason)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "%s: \"%V\" of stream \"%V\"", reason, &ctx->name.file,
                  &ctx->stream->st->sh->sn.str);

    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->allow_ranges = 0;

    (void) ngx_http_live_cache_control(r, "no-store");

    return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND, reason);
}


static ngx_int_t
ngx_http_live_hls_copy_part(ngx_http_live_hls_ctx_t *ctx, uint64_t msn,
    ngx_uint_t index, ngx_live_hls_part_sh_t *to)
{
    ngx_uint_t               tries;
    ngx_live_hls_sh_t       *hls;
    ngx_atomic_uint_t        version;
    ngx_live_hls_part_sh_t  *part;

    hls = ctx->stream->hls;

    for (tries = 0; tries < NGX_LIVE_HLS_TRIES; tries++) {

        version = ngx_live_hls_read(hls);

        part = ngx_live_hls_part(ctx->rendition, msn, index);

        if (part) {
            *to = *part;
        }

        if (!ngx_live_hls_changed(hls, version)) {
            return part ? NGX_OK : NGX_DECLINED;
        }
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_live_hls_copy_segment(ngx_http_live_hls_ctx_t *ctx,
    ngx_live_hls_segment_sh_t *to)
{
    uint64_t                      msn;
    ngx_uint_t                    tries, found;
    ngx_live_hls_sh_t            *hls;
    ngx_atomic_uint_t             version;
    ngx_live_hls_rendition_sh_t  *r;

    hls = ctx->stream->hls;
    r = ctx->rendition;
    msn = ctx->name.msn;

    ngx_memzero(to, sizeof(ngx_live_hls_segment_sh_t));

    for (tries = 0; tries < NGX_LIVE_HLS_TRIES; tries++) {

        version = ngx_live_hls_read(hls);

        found = (msn >= r->oldest && msn < r->next);

        if (found) {
            *to = *ngx_live_hls_segment(r, msn);
            found = (to->flags & NGX_LIVE_HLS_COMPLETE) != 0;
        }

        if (!ngx_live_hls_changed(hls, version)) {
            return found ? NGX_OK : NGX_DECLINED;
        }
    }

    return NGX_DECLINED;
}


/*
 * A URL never means two things, so the name is the tag and the answer may be
 * kept for ever.
 */

ngx_int_t
ngx_http_live_hls_media_headers(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_uint_t audio, int64_t date)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.last_modified_time = date / 1000;

    if (audio) {
        ngx_str_set(&r->headers_out.content_type, "audio/mp4");

    } else {
        ngx_str_set(&r->headers_out.content_type, "video/mp4");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    p = ngx_pnalloc(r->pool, name->session.len + name->file.len + 3);
    h = ngx_http_live_header_push(r, "ETag");

    if (p == NULL || h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->value.data = p;
    h->value.len = ngx_sprintf(p, "\"%V-%V\"", &name->session, &name->file)
                   - p;

    r->headers_out.etag = h;

    /* several ranges in one answer would need it in one buffer */

    r->allow_ranges = 1;
    r->single_range = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_hls_send_range(ngx_http_live_hls_ctx_t *ctx, off_t offset,
    off_t size)
{
    ngx_int_t            rc;
    ngx_str_t            dir, file, path;
    u_char               name[NGX_LIVE_HLS_NAME_FILE_LEN];
    ngx_uint_t           kind;
    ngx_http_request_t  *r;

    r = ctx->request;
    dir = ctx->stream->hls->dir;

    kind = ctx->name.kind;

    if (kind == NGX_LIVE_HLS_NAME_PART) {
        kind = NGX_LIVE_HLS_NAME_SEGMENT;
    }

    file.data = name;
    file.len = ngx_live_hls_name_file(name, kind, &ctx->name.track,
                                      ctx->name.msn, 0, ctx->name.hash)
               - name;

    if (ngx_http_live_hls_path(r, &dir, &file, &path) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_live_hls_send_file(r, &path, offset, size,
                                     NGX_HTTP_LIVE_HLS_FOREVER);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_hls_not_found(ctx, "file is gone");
    }

    return rc;
}


ngx_int_t
ngx_http_live_hls_path(ngx_http_request_t *r, ngx_str_t *dir,
    ngx_str_t *file, ngx_str_t *path)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, dir->len + file->len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    path->data = p;
    path->len = ngx_sprintf(p, "%V/%V%Z", dir, file) - p - 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_live_hls_open_file(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    of->read_ahead = clcf->read_ahead;
    of->directio = NGX_OPEN_FILE_DIRECTIO_OFF;

    if (ngx_open_cached_file(NULL, path, of, r->pool) != NGX_OK) {

        if (of->err != 0 && of->err != NGX_ENOENT && of->err != NGX_ENOTDIR) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, of->err,
                          "%s \"%V\" failed", of->failed, path);
        }

        return NGX_DECLINED;
    }

    return of->is_file ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_live_hls_send_file(ngx_http_request_t *r, ngx_str_t *path,
    off_t offset, off_t size, const char *cache)
{
    ngx_int_t              rc;
    ngx_buf_t             *b;
    ngx_chain_t            out;
    ngx_open_file_info_t   of;

    if (ngx_http_live_hls_open_file(r, path, &of) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (size == -1) {
        size = of.size - offset;
    }

    if (of.size < offset + size) {
        return NGX_DECLINED;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file_pos = offset;
    b->file_last = offset + size;
    b->in_file = size ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->sync = (b->last_buf || b->in_file) ? 0 : 1;
    b->last_in_chain = 1;

    b->file->fd = of.fd;
    b->file->name = *path;
    b->file->log = r->connection->log;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_live_hls_send(r, &out, size, cache);

    return rc == NGX_DECLINED ? NGX_ERROR : rc;
}


static ngx_int_t
ngx_http_live_hls_send_bytes(ngx_http_live_hls_ctx_t *ctx,
    ngx_http_live_hls_text_t *bytes)
{
    ngx_buf_t           *b;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = ctx->request;

    b = ngx_calloc_buf(r->pool);

    if (b == NULL || ngx_http_live_hls_text_hold(r, bytes) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = bytes->data;
    b->last = bytes->data + bytes->len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_live_hls_send(r, &out, bytes->len,
                                  NGX_HTTP_LIVE_HLS_FOREVER);
}


/*
 * Parts first to last as they are in memory, or NULL.  They are copied once
 * for all who ask in this worker: a client that takes its time to read holds
 * the copy and never the ring.
 */

static ngx_http_live_hls_text_t *
ngx_http_live_hls_bytes(ngx_http_live_hls_ctx_t *ctx, uint64_t first,
    uint64_t last, size_t size)
{
    ngx_uint_t                 i;
    ngx_http_live_hls_text_t  *text;
    ngx_http_live_hls_copy_t  *copy, *oldest;

    if (first == 0 || size == 0) {
        return NULL;
    }

    copy = ctx->stream->copies[ctx->n];
    oldest = copy;

    for (i = 0; i < NGX_HTTP_LIVE_HLS_COPIES; i++) {

        if (copy[i].text && copy[i].first == first && copy[i].last == last) {
            return copy[i].text;
        }

        if (copy[i].last < oldest->last) {
            oldest = &copy[i];
        }
    }

    text = ngx_http_live_hls_copy(ctx, first, last, size);

    if (text) {
        ngx_http_live_hls_text_free(oldest->text);

        oldest->first = first;
        oldest->last = last;
        oldest->text = text;
    }

    return text;
}


static ngx_http_live_hls_text_t *
ngx_http_live_hls_copy(ngx_http_live_hls_ctx_t *ctx, uint64_t first,
    uint64_t last, size_t size)
{
    size_t                     len;
    uint64_t                   seq;
    ngx_live_frame_t          *f;
    ngx_live_ring_sh_t        *ring;
    ngx_http_live_hls_text_t  *text;

    ring = ctx->rendition->ring;

    text = ngx_alloc(sizeof(ngx_http_live_hls_text_t) + size,
                     ctx->stream->st->log);
    if (text == NULL) {
        return NULL;
    }

    ngx_memzero(text, sizeof(ngx_http_live_hls_text_t));

    text->refs = 1;
    text->data = (u_char *) &text[1];
    text->len = size;

    if (ngx_live_ring_pin(ring, first) != NGX_OK) {
        ngx_free(text);
        return NULL;
    }

    len = 0;

    for (seq = first; seq <= last; seq++) {
        f = ngx_live_ring_entry(ngx_live_zone, ring, seq);

        if (f->seq != seq || f->size > size - len) {
            break;
        }

        ngx_live_ring_copy_out(ngx_live_zone, ring, f, 0, text->data + len,
                               f->size);
        len += f->size;
    }

    ngx_live_ring_repin(ring, NGX_LIVE_NO_PIN);

    if (seq <= last || len != size) {
        ngx_free(text);
        return NULL;
    }

    return text;
}


static ngx_int_t
ngx_http_live_hls_send(ngx_http_request_t *r, ngx_chain_t *out, off_t size,
    const char *cache)
{
    ngx_int_t         rc;
    ngx_str_t         value;
    ngx_table_elt_t  *h;

    r->headers_out.content_length_n = size;

    if (ngx_http_live_cache_value(r, cache, &value) != NGX_OK
        || ngx_http_live_hls_header(r, "Cache-Control", &value, &h) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_HTTP_RANGE_NOT_SATISFIABLE) {

        /* that is of the request, not of the file */

        ngx_str_set(&h->value, "no-store");
    }

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}
