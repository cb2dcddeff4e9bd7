
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"


static ngx_int_t ngx_http_live_cors_headers(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_preflight(ngx_http_request_t *r,
    ngx_str_t *allow);
static ngx_int_t ngx_http_live_allow(ngx_http_request_t *r,
    ngx_uint_t methods, ngx_str_t *allow);


typedef struct {
    ngx_uint_t                 method;
    ngx_str_t                  name;
} ngx_http_live_method_t;


static ngx_http_live_method_t  ngx_http_live_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET") },
    { NGX_HTTP_HEAD, ngx_string("HEAD") },
    { NGX_HTTP_POST, ngx_string("POST") },
    { NGX_HTTP_PUT, ngx_string("PUT") },
    { NGX_HTTP_PATCH, ngx_string("PATCH") },
    { NGX_HTTP_DELETE, ngx_string("DELETE") },
    { NGX_HTTP_OPTIONS, ngx_string("OPTIONS") },
    { 0, ngx_null_string }
};


typedef struct {
    ngx_uint_t                 status;
    const char                *title;
} ngx_http_live_title_t;


static ngx_http_live_title_t  ngx_http_live_titles[] = {
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 422, "Unprocessable Content" },
    { 426, "Upgrade Required" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 503, "Service Unavailable" },
    { 0, "Error" }
};


static ngx_str_t  ngx_http_live_any = ngx_string("*");
static ngx_str_t  ngx_http_live_origin = ngx_string("Origin");
static ngx_str_t  ngx_http_live_expose =
    ngx_string("Date, Age, Content-Length, ETag, Link, Location");
static ngx_str_t  ngx_http_live_request_headers =
    ngx_string("Authorization, Cache-Control, Content-Type, If-Match, "
               "If-Modified-Since, If-None-Match, Range");
static ngx_str_t  ngx_http_live_max_age = ngx_string("86400");


ngx_int_t
ngx_http_live_method(ngx_http_request_t *r, ngx_uint_t methods)
{
    ngx_int_t  rc;
    ngx_str_t  allow;

    if (!(r->method & methods
          & (NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH)))
    {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_live_cors_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method & methods) {
        return NGX_DECLINED;
    }

    if (ngx_http_live_allow(r, methods|NGX_HTTP_OPTIONS, &allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_live_preflight(r, &allow);
    }

    return ngx_http_live_problem(r, NGX_HTTP_NOT_ALLOWED, NULL);
}


/* RFC 9110, 10.2.1 */

static ngx_int_t
ngx_http_live_allow(ngx_http_request_t *r, ngx_uint_t methods,
    ngx_str_t *allow)
{
    u_char                  *p;
    ngx_http_live_method_t  *m;

    p = ngx_pnalloc(r->pool, 64);
    if (p == NULL) {
        return NGX_ERROR;
    }

    allow->data = p;

    for (m = ngx_http_live_methods; m->method; m++) {
        if (m->method & methods) {
            p = ngx_sprintf(p, "%s%V", p == allow->data ? "" : ", ",
                            &m->name);
        }
    }

    allow->len = p - allow->data;

    return ngx_http_live_header(r, "Allow", allow);
}


/* what a browser asks for before a request of another origin */

static ngx_int_t
ngx_http_live_preflight(ngx_http_request_t *r, ngx_str_t *allow)
{
    ngx_http_live_loc_conf_t  *llcf;

    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    if (llcf->cors) {

        if (ngx_http_live_header(r, "Access-Control-Allow-Methods", allow)
            != NGX_OK
            || ngx_http_live_header(r, "Access-Control-Allow-Headers",
                                    &ngx_http_live_request_headers)
               != NGX_OK
            || ngx_http_live_header(r, "Access-Control-Max-Age",
                                    &ngx_http_live_max_age)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_live_cors_headers(ngx_http_request_t *r)
{
    ngx_str_t                 *origin;
    ngx_http_live_loc_conf_t  *llcf;

    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    if (llcf->cors == NULL) {
        return NGX_OK;
    }

    origin = llcf->cors->elts;

    if (origin[0].len == 1) {
        origin = &ngx_http_live_any;

    } else {

        /* caches must not give one origin's answer to another */

        if (ngx_http_live_header(r, "Vary", &ngx_http_live_origin)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        origin = ngx_http_live_origin_allowed(r);

        if (origin == NULL) {
            return NGX_OK;
        }
    }

    if (ngx_http_live_header(r, "Access-Control-Allow-Origin", origin)
        != NGX_OK
        || ngx_http_live_header(r, "Access-Control-Expose-Headers",
                                &ngx_http_live_expose)
           != NGX_OK
        || ngx_http_live_header(r, "Timing-Allow-Origin", origin) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_str_t *
ngx_http_live_origin_allowed(ngx_http_request_t *r)
{
    ngx_str_t                 *origin, *allowed;
    ngx_uint_t                 i;
    ngx_http_live_loc_conf_t  *llcf;

    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    origin = ngx_http_live_header_in(r, "origin");

    if (origin == NULL || llcf->cors == NULL) {
        return NULL;
    }

    allowed = llcf->cors->elts;

    for (i = 0; i < llcf->cors->nelts; i++) {

        if (allowed[i].len == 1) {
            return &ngx_http_live_any;
        }

        if (allowed[i].len == origin->len
            && ngx_strncasecmp(allowed[i].data, origin->data, origin->len)
               == 0)
        {
            return &allowed[i];
        }
    }

    return NULL;
}


ngx_table_elt_t *
ngx_http_live_header_push(ngx_http_request_t *r, const char *key)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);

    return h;
}


ngx_int_t
ngx_http_live_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_http_live_header_push(r, key);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->value = *value;

    return NGX_OK;
}


ngx_int_t
ngx_http_live_cache_control(ngx_http_request_t *r, const char *value)
{
    ngx_str_t  s;

    if (ngx_http_live_cache_value(r, value, &s) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_live_header(r, "Cache-Control", &s);
}


ngx_int_t
ngx_http_live_cache_value(ngx_http_request_t *r, const char *value,
    ngx_str_t *s)
{
    ngx_http_live_ctx_t  *ctx;

    ctx = ngx_http_live_get_ctx(r);

    s->data = (u_char *) value;
    s->len = ngx_strlen(value);

    if (ctx == NULL || !ctx->access.private
        || ngx_strstr(value, "no-store"))
    {
        return NGX_OK;
    }

    s->data = ngx_pnalloc(r->pool, sizeof("private, ") - 1 + s->len);
    if (s->data == NULL) {
        return NGX_ERROR;
    }

    s->len = ngx_sprintf(s->data, "private, %s", value) - s->data;

    return NGX_OK;
}


ngx_str_t *
ngx_http_live_header_in(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i].value;
        }
    }
}


ngx_int_t
ngx_http_live_endless_header(ngx_http_request_t *r)
{
    ngx_int_t   rc;
    ngx_uint_t  version;

#if (NGX_HTTP_GZIP)
    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return ngx_http_send_header(r);
    }

    /* to filters the client is one of HTTP/1.0, so none thinks of chunks */

    r->keepalive = 0;

    version = r->http_version;
    r->http_version = NGX_HTTP_VERSION_10;

    rc = ngx_http_send_header(r);

    r->http_version = version;

    return rc;
}


ngx_int_t
ngx_http_live_reply(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body)
{
    ngx_buf_t    *b;
    ngx_int_t     rc;
    ngx_chain_t   out;

    /* of a request that is refused nobody has read it: not the next one */

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (body->len == 0) {
        return ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_live_problem(ngx_http_request_t *r, ngx_uint_t status,
    const char *detail)
{
    size_t                  len;
    ngx_str_t               body;
    ngx_http_live_title_t  *t;

    for (t = ngx_http_live_titles; t->status && t->status != status; t++) {
        /* void */
    }

    len = sizeof("{\"title\":\"\",\"status\":,\"detail\":\"\"}\n") - 1
          + ngx_strlen(t->title) + NGX_INT_T_LEN
          + (detail ? ngx_strlen(detail) : 0);

    body.data = ngx_pnalloc(r->pool, len);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.len = (detail
                ? ngx_sprintf(body.data,
                              "{\"title\":\"%s\",\"status\":%ui,"
                              "\"detail\":\"%s\"}\n",
                              t->title, status, detail)
                : ngx_sprintf(body.data, "{\"title\":\"%s\",\"status\":%ui}\n",
                              t->title, status))
               - body.data;

    return ngx_http_live_reply(r, status, "application/problem+json", &body);
}
