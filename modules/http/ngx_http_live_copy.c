
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live.h"


static void ngx_http_live_copy_cleanup(void *data);


/*
 * A pool cleanup, not one of the request: a stream of HTTP/2 that was reset
 * has its frames in the connection's queue until later.
 */

ngx_http_live_copy_t *
ngx_http_live_copy_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_live_copy_t));
    if (cln == NULL) {
        return NULL;
    }

    ngx_memzero(cln->data, sizeof(ngx_http_live_copy_t));

    cln->handler = ngx_http_live_copy_cleanup;

    return cln->data;
}


static void
ngx_http_live_copy_cleanup(void *data)
{
    ngx_http_live_copy_t *copy = data;

    if (copy->data) {
        ngx_free(copy->data);
    }
}


ngx_int_t
ngx_http_live_copy_flush(ngx_http_request_t *r, ngx_http_live_copy_t *copy)
{
    if (r->out || r->buffered || r->connection->buffered) {

        if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    if (copy->data == NULL) {
        return NGX_OK;
    }

    if (copy->buf.pos != copy->buf.last) {
        return NGX_AGAIN;
    }

    ngx_free(copy->data);
    copy->data = NULL;

    return NGX_OK;
}


u_char *
ngx_http_live_copy_alloc(ngx_http_request_t *r, ngx_http_live_copy_t *copy,
    size_t size)
{
    ngx_buf_t  *b;

    copy->data = ngx_alloc(size, r->connection->log);
    if (copy->data == NULL) {
        return NULL;
    }

    b = &copy->buf;

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = copy->data;
    b->pos = copy->data;
    b->last = copy->data + size;
    b->end = b->last;
    b->memory = 1;
    b->flush = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_live_copy_create;

    copy->out.buf = b;
    copy->out.next = NULL;

    return copy->data;
}


ngx_int_t
ngx_http_live_copy_send(ngx_http_request_t *r, ngx_http_live_copy_t *copy)
{
    if (ngx_http_output_filter(r, &copy->out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_live_copy_flush(r, copy);
}
