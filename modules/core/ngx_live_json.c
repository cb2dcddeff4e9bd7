
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_json.h"


#define NGX_LIVE_JSON_BUF  4096


static u_char *ngx_live_json_need(ngx_live_json_t *js, size_t len);
static void ngx_live_json_raw(ngx_live_json_t *js, const char *p, size_t len);
static void ngx_live_json_key(ngx_live_json_t *js, const char *key);
static void ngx_live_json_open(ngx_live_json_t *js, const char *key,
    const char *bracket);
static void ngx_live_json_close(ngx_live_json_t *js, const char *bracket);


void
ngx_live_json_init(ngx_live_json_t *js, ngx_pool_t *pool)
{
    ngx_memzero(js, sizeof(ngx_live_json_t));

    js->pool = pool;
    js->last = &js->out;
}


static u_char *
ngx_live_json_need(ngx_live_json_t *js, size_t len)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (js->error) {
        return NULL;
    }

    b = js->buf;

    if (b && (size_t) (b->end - b->last) >= len) {
        return b->last;
    }

    b = ngx_create_temp_buf(js->pool, ngx_max(len, NGX_LIVE_JSON_BUF));
    cl = ngx_alloc_chain_link(js->pool);

    if (b == NULL || cl == NULL) {
        js->error = 1;
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    *js->last = cl;
    js->last = &cl->next;
    js->buf = b;

    return b->last;
}


static void
ngx_live_json_raw(ngx_live_json_t *js, const char *p, size_t len)
{
    u_char  *dst;

    dst = ngx_live_json_need(js, len);
    if (dst == NULL) {
        return;
    }

    js->buf->last = ngx_cpymem(dst, p, len);
    js->size += len;
}


static void
ngx_live_json_key(ngx_live_json_t *js, const char *key)
{
    if (js->comma) {
        ngx_live_json_raw(js, ",", 1);
    }

    js->comma = 1;

    if (key) {
        ngx_live_json_raw(js, "\"", 1);
        ngx_live_json_raw(js, key, ngx_strlen(key));
        ngx_live_json_raw(js, "\":", 2);
    }
}


static void
ngx_live_json_open(ngx_live_json_t *js, const char *key, const char *bracket)
{
    ngx_live_json_key(js, key);
    ngx_live_json_raw(js, bracket, 1);
    js->comma = 0;
}


static void
ngx_live_json_close(ngx_live_json_t *js, const char *bracket)
{
    ngx_live_json_raw(js, bracket, 1);
    js->comma = 1;
}


void
ngx_live_json_object(ngx_live_json_t *js, const char *key)
{
    ngx_live_json_open(js, key, "{");
}


void
ngx_live_json_object_end(ngx_live_json_t *js)
{
    ngx_live_json_close(js, "}");
}


void
ngx_live_json_array(ngx_live_json_t *js, const char *key)
{
    ngx_live_json_open(js, key, "[");
}


void
ngx_live_json_array_end(ngx_live_json_t *js)
{
    ngx_live_json_close(js, "]");
}


void
ngx_live_json_string(ngx_live_json_t *js, const char *key, u_char *p,
    size_t len)
{
    u_char     *dst;
    uintptr_t   escape;

    ngx_live_json_key(js, key);

    escape = ngx_escape_json(NULL, p, len);

    dst = ngx_live_json_need(js, len + escape + 2);
    if (dst == NULL) {
        return;
    }

    *dst++ = '"';
    dst = (u_char *) ngx_escape_json(dst, p, len);
    *dst++ = '"';

    js->size += dst - js->buf->last;
    js->buf->last = dst;
}


void
ngx_live_json_int(ngx_live_json_t *js, const char *key, int64_t n)
{
    u_char  text[NGX_INT64_LEN + 1], *p;

    p = ngx_sprintf(text, "%L", n);

    ngx_live_json_key(js, key);
    ngx_live_json_raw(js, (char *) text, p - text);
}


void
ngx_live_json_milli(ngx_live_json_t *js, const char *key, int64_t n)
{
    u_char  text[NGX_INT64_LEN + 8], *p;

    p = text;

    if (n < 0) {
        *p++ = '-';
        n = -n;
    }

    p = ngx_sprintf(p, "%L.%03L", n / 1000, n % 1000);

    ngx_live_json_key(js, key);
    ngx_live_json_raw(js, (char *) text, p - text);
}


void
ngx_live_json_bool(ngx_live_json_t *js, const char *key, ngx_uint_t b)
{
    ngx_live_json_key(js, key);

    if (b) {
        ngx_live_json_raw(js, "true", 4);

    } else {
        ngx_live_json_raw(js, "false", 5);
    }
}
