
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_url.h"
#include "ngx_live_viewer.h"

#include <openssl/rand.h>


static ngx_int_t ngx_http_live_hls_send_text(ngx_http_live_hls_ctx_t *ctx,
    ngx_int_t n, ngx_uint_t delta);
static ngx_int_t ngx_http_live_hls_list_headers(ngx_http_live_hls_ctx_t *ctx,
    ngx_int_t n, ngx_uint_t gzip, ngx_str_t *args,
    ngx_http_live_hls_answer_t *a);
static ngx_int_t ngx_http_live_hls_list_etag(ngx_http_live_hls_ctx_t *ctx,
    ngx_int_t n, ngx_uint_t gzip, ngx_str_t *args,
    ngx_http_live_hls_answer_t *a);
static ngx_int_t ngx_http_live_hls_list_cache(ngx_http_live_hls_ctx_t *ctx,
    ngx_int_t n);
static ngx_chain_t *ngx_http_live_hls_list_spliced(ngx_http_request_t *r,
    ngx_http_live_hls_answer_t *a, ngx_str_t *args, off_t *size);
static size_t ngx_http_live_hls_sid(ngx_http_request_t *r, u_char *args,
    size_t len);
static ngx_uint_t ngx_http_live_hls_gzip_ok(ngx_http_request_t *r);
static void ngx_http_live_hls_viewer(ngx_http_live_hls_ctx_t *ctx);


static ngx_str_t  ngx_http_live_hls_gzip_name = ngx_string("gzip");
static ngx_str_t  ngx_http_live_hls_vary = ngx_string("Accept-Encoding");


/*
 * The multivariant playlist is there when each rendition has a complete
 * segment: a player that starts has something to start with.
 */

ngx_int_t
ngx_http_live_hls_index(ngx_http_live_hls_ctx_t *ctx)
{
    ngx_uint_t                    i;
    ngx_live_hls_sh_t            *hls;
    ngx_live_hls_rendition_sh_t  *r;

    hls = ctx->stream->hls;

    if (hls->state == NGX_LIVE_HLS_MEASURING) {
        return NGX_DECLINED;
    }

    if (hls->nrenditions == 0) {
        return ngx_http_live_hls_none(ctx->request, "nothing to play");
    }

    for (i = 0; i < hls->nrenditions; i++) {
        r = hls->renditions[i];

        if (r->next == r->first && hls->state != NGX_LIVE_HLS_ENDED) {
            return NGX_DECLINED;
        }
    }

    return ngx_http_live_hls_send_text(ctx, -1, NGX_HTTP_LIVE_HLS_FULL);
}


ngx_int_t
ngx_http_live_hls_playlist(ngx_http_live_hls_ctx_t *ctx)
{
    ngx_int_t             rc;
    ngx_str_t             msn, part, skip;
    const char           *reason;
    ngx_uint_t            delta;
    ngx_http_request_t   *r;
    ngx_live_hls_edge_t   edge;

    r = ctx->request;

    if (ctx->stream->hls->state == NGX_LIVE_HLS_MEASURING
        || ngx_http_live_hls_edge(ctx, &edge) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ctx->waiting && ctx->blocking) {

        if (!edge.ended && !ngx_live_hls_request_ready(&edge, &ctx->want)) {
            return NGX_DECLINED;
        }

        return ngx_http_live_hls_send_text(ctx, ctx->n, ctx->delta);
    }

    ngx_http_live_hls_viewer(ctx);

    ngx_http_live_hls_arg(r, "_HLS_msn", &msn);
    ngx_http_live_hls_arg(r, "_HLS_part", &part);
    ngx_http_live_hls_arg(r, "_HLS_skip", &skip);

    rc = ngx_live_hls_request(&edge, &msn, &part, &skip, &ctx->want, &delta,
                              &reason);

    if (rc == NGX_LIVE_HLS_BAD_REQUEST) {
        return ngx_http_live_hls_bad(r, reason);
    }

    ctx->blocking = (msn.data != NULL && !edge.ended);
    ctx->delta = delta;

    if (rc == NGX_LIVE_HLS_WAIT) {
        return NGX_DECLINED;
    }

    return ngx_http_live_hls_send_text(ctx, ctx->n, ctx->delta);
}


ngx_int_t
ngx_http_live_hls_edge(ngx_http_live_hls_ctx_t *ctx,
    ngx_live_hls_edge_t *edge)
{
    uint64_t                      e;
    ngx_uint_t                    tries;
    ngx_live_hls_sh_t            *hls;
    ngx_atomic_uint_t             version;
    ngx_live_hls_rendition_sh_t  *r;

    hls = ctx->stream->hls;
    r = ctx->rendition;

    for (tries = 0; tries < NGX_LIVE_HLS_TRIES; tries++) {

        version = ngx_live_hls_read(hls);

        e = r->edge;

        edge->next = e >> 16;
        edge->parts = e & 0xffff;
        edge->part_target = hls->low_latency ? hls->part_target_us : 0;
        edge->ended = (hls->state == NGX_LIVE_HLS_ENDED);
        edge->last_parts = (edge->next > r->first)
                  ? ngx_live_hls_segment(r, edge->next - 1)->parts : 0;

        if (!ngx_live_hls_changed(hls, version)) {
            return NGX_OK;
        }
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_live_hls_send_text(ngx_http_live_hls_ctx_t *ctx, ngx_int_t n,
    ngx_uint_t delta)
{
    off_t                      size;
    ngx_int_t                  rc;
    ngx_str_t                  args;
    ngx_uint_t                 gzip;
    ngx_chain_t               *out;
    ngx_http_request_t          *r;
    ngx_http_live_hls_answer_t   a;

    r = ctx->request;

    if (ngx_http_live_hls_args(r, n < 0, &args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* with arguments of its own a text is nobody else's: not compressed */

    gzip = (args.len == 0 && ngx_http_live_hls_gzip_ok(r));

    /* NGX_DECLINED waits */

    if (ngx_http_live_hls_text(ctx->stream, n, delta, gzip, &a) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_http_live_hls_answer_hold(r, &a) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    out = ngx_http_live_hls_list_body(r, &a, &args, &size);

    if (out == NULL
        || ngx_http_live_hls_list_headers(ctx, n, gzip, &args, &a) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_length_n = size;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


static ngx_int_t
ngx_http_live_hls_list_headers(ngx_http_live_hls_ctx_t *ctx, ngx_int_t n,
    ngx_uint_t gzip, ngx_str_t *args, ngx_http_live_hls_answer_t *a)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    r->headers_out.status = NGX_HTTP_OK;

    /* seconds are too coarse for what changes several times in each */

    if (ctx->stream->hls->state == NGX_LIVE_HLS_ENDED) {
        r->headers_out.last_modified_time = ctx->stream->hls->changed / 1000;
    }

    ngx_http_live_hls_list_type(r);

    if (gzip
        && ngx_http_live_hls_header(r, "Content-Encoding",
                                    &ngx_http_live_hls_gzip_name,
                                    &r->headers_out.content_encoding)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (args->len == 0
        && ngx_http_live_header(r, "Vary", &ngx_http_live_hls_vary) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_live_hls_list_etag(ctx, n, gzip, args, a) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_live_hls_list_cache(ctx, n);
}


void
ngx_http_live_hls_list_type(ngx_http_request_t *r)
{
    ngx_str_set(&r->headers_out.content_type,
                "application/vnd.apple.mpegurl");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
}


/* strong: the text's tag and its form, of the session */

static ngx_int_t
ngx_http_live_hls_list_etag(ngx_http_live_hls_ctx_t *ctx, ngx_int_t n,
    ngx_uint_t gzip, ngx_str_t *args, ngx_http_live_hls_answer_t *a)
{
    u_char              *p;
    ngx_str_t            etag;
    ngx_live_hls_sh_t   *hls;
    ngx_http_request_t  *r;

    r = ctx->request;
    hls = ctx->stream->hls;

    p = ngx_pnalloc(r->pool, NGX_LIVE_SESSION_LEN + NGX_LIVE_HLS_NAME_LEN
                             + 2 * 16 + sizeof("\"---.-00000000dz\""));
    if (p == NULL) {
        return NGX_ERROR;
    }

    etag.data = p;

    p = ngx_sprintf(p, "\"%s-%s-%xL.%xL", hls->session,
                    (n < 0) ? (u_char *) "index" : hls->renditions[n]->name,
                    a->tag[0], a->tag[1]);

    if (args->len) {
        p = ngx_sprintf(p, "-%08xD", ngx_crc32_short(args->data, args->len));
    }

    if (a->delta) {
        *p++ = 'd';
    }

    if (gzip) {
        *p++ = 'z';
    }

    *p++ = '"';

    etag.len = p - etag.data;

    return ngx_http_live_hls_header(r, "ETag", &etag, &r->headers_out.etag);
}


/*
 * What a playlist says at a certain edge never changes, so an answer to a
 * blocking request may be kept; the plain URL is new with each part.
 */

static ngx_int_t
ngx_http_live_hls_list_cache(ngx_http_live_hls_ctx_t *ctx, ngx_int_t n)
{
    u_char             *p;
    ngx_str_t           value;
    ngx_uint_t          age;
    ngx_live_hls_sh_t  *hls;

    if (ngx_http_live_get_ctx(ctx->request)->access.private) {
        ngx_str_set(&value, "private, no-store");
        return ngx_http_live_header(ctx->request, "Cache-Control", &value);
    }

    hls = ctx->stream->hls;

    if (hls->state == NGX_LIVE_HLS_ENDED) {
        age = (n < 0) ? hls->target_duration : 3600;

    } else if (n < 0) {
        age = ngx_max(hls->target_duration / 2, 1);

    } else {
        age = ctx->blocking ? hls->target_duration : 1;
    }

    p = ngx_pnalloc(ctx->request->pool, sizeof("max-age=") + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "max-age=%ui", age) - p;

    return ngx_http_live_header(ctx->request, "Cache-Control", &value);
}


ngx_chain_t *
ngx_http_live_hls_list_body(ngx_http_request_t *r,
    ngx_http_live_hls_answer_t *a, ngx_str_t *args, off_t *size)
{
    ngx_buf_t                  *b;
    ngx_uint_t                  i;
    ngx_chain_t                *out, *cl, **last;
    ngx_http_live_hls_piece_t  *piece;

    if (args->len) {
        return ngx_http_live_hls_list_spliced(r, a, args, size);
    }

    b = NULL;
    last = &out;

    for (i = 0; i < a->n; i++) {
        piece = &a->pieces[i];

        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            return NULL;
        }

        b->pos = piece->text->data + piece->from;
        b->last = piece->text->data + piece->to;
        b->memory = 1;

        cl->buf = b;
        *last = cl;
        last = &cl->next;
    }

    *last = NULL;

    if (b == NULL) {
        return NULL;
    }

    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    *size = a->len;

    return out;
}


/* the arguments go behind each URI: not rendered anew, but copied */

static ngx_chain_t *
ngx_http_live_hls_list_spliced(ngx_http_request_t *r,
    ngx_http_live_hls_answer_t *a, ngx_str_t *args, off_t *size)
{
    ngx_buf_t                  *b;
    ngx_uint_t                  i;
    ngx_chain_t                *cl;
    ngx_http_live_hls_piece_t  *piece;

    *size = 0;

    for (i = 0; i < a->n; i++) {
        piece = &a->pieces[i];

        *size += ngx_live_hls_playlist_splice_size(piece->text->uris,
                                                   piece->text->nuris,
                                                   piece->from, piece->to,
                                                   args->len - 1);
    }

    b = ngx_create_temp_buf(r->pool, *size);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    /* with a "?" of its own */

    for (i = 0; i < a->n; i++) {
        piece = &a->pieces[i];

        b->last = ngx_live_hls_playlist_splice(b->last, piece->text->data,
                                               piece->text->uris,
                                               piece->text->nuris,
                                               piece->from, piece->to,
                                               args->data + 1, args->len - 1);
    }

    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    cl->buf = b;
    cl->next = NULL;

    return cl;
}


/*
 * A player whose session is counted is told from others by an id, which the
 * links of the multivariant playlist carry to media playlists and no further:
 * media need not be told apart.
 */

ngx_int_t
ngx_http_live_hls_args(ngx_http_request_t *r, ngx_uint_t multivariant,
    ngx_str_t *args)
{
    size_t      len;
    u_char     *p;
    ngx_uint_t  limited;

    ngx_str_null(args);

    limited = ngx_http_live_get_ctx(r)->access.limited;

    if (r->args.len == 0 && !(limited && multivariant)) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, 1 + 3 * r->args.len + sizeof("&sid=") - 1
                             + NGX_LIVE_URL_SID_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = ngx_live_hls_playlist_args(p + 1, &r->args);

    if (limited) {
        len = ngx_live_url_drop_sid(p + 1, len);
    }

    if (limited && multivariant) {
        len = ngx_http_live_hls_sid(r, p + 1, len);
    }

    if (len == (size_t) NGX_ERROR) {
        return NGX_ERROR;
    }

    if (len) {
        *p = '?';
        args->data = p;
        args->len = len + 1;
    }

    return NGX_OK;
}


/*
 * That of the request or a new one, as the last argument: the URI of a report
 * is compared with the beginning of the one that was loaded.
 */

static size_t
ngx_http_live_hls_sid(ngx_http_request_t *r, u_char *args, size_t len)
{
    u_char     *p, bytes[NGX_LIVE_URL_SID_LEN / 4 * 3];
    ngx_str_t   sid, random;

    p = args + len;

    if (len) {
        *p++ = '&';
    }

    p = ngx_cpymem(p, "sid=", 4);

    if (ngx_live_url_sid(&r->args, &sid) == NGX_OK) {
        p = ngx_cpymem(p, sid.data, sid.len);
        return p - args;
    }

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return (size_t) NGX_ERROR;
    }

    random.data = bytes;
    random.len = sizeof(bytes);
    sid.data = p;

    ngx_encode_base64url(&sid, &random);

    return p + sid.len - args;
}


static ngx_uint_t
ngx_http_live_hls_gzip_ok(ngx_http_request_t *r)
{
    u_char     *p, *last;
    ngx_str_t  *accept;

    if (r != r->main) {

        /* what becomes part of a page is not compressed by itself */

        return 0;
    }

    accept = ngx_http_live_header_in(r, "accept-encoding");

    if (accept == NULL) {
        return 0;
    }

    p = accept->data;
    last = p + accept->len;

    p = ngx_strlcasestrn(p, last, (u_char *) "gzip", 3);

    if (p == NULL) {
        return 0;
    }

    /* "gzip; q=0" refuses it: RFC 9110, 12.4.2 */

    for (p += 4; p < last && (*p == ' ' || *p == ';'); p++) { /* void */ }

    if (last - p < 3 || ngx_strncasecmp(p, (u_char *) "q=0", 3) != 0) {
        return 1;
    }

    for (p += 3; p < last && *p != ','; p++) {
        if (*p >= '1' && *p <= '9') {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_live_hls_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    static u_char  empty[1];

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), value) != NGX_OK) {
        ngx_str_null(value);
        return;
    }

    if (value->data == NULL) {
        value->data = empty;
    }
}


/*
 * Who asks for a playlist is a viewer for as long as a request may wait.  A
 * cache in front counts as one; it knows its viewers itself.
 */

static void
ngx_http_live_hls_viewer(ngx_http_live_hls_ctx_t *ctx)
{
    uint32_t             hash;
    ngx_table_elt_t     *agent;
    ngx_http_request_t  *r;

    r = ctx->request;
    agent = r->headers_in.user_agent;

    ngx_crc32_init(hash);
    ngx_crc32_update(&hash, r->connection->addr_text.data,
                     r->connection->addr_text.len);

    if (agent) {
        ngx_crc32_update(&hash, agent->value.data, agent->value.len);
    }

    ngx_crc32_final(hash);

    ngx_live_viewer_seen(ctx->stream->st, hash,
                         ctx->stream->hls->target_duration * 3);
}
