
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_send.h"


static ngx_live_send_t  ngx_live_send_scratch;


ngx_live_send_t *
ngx_live_send_start(void)
{
    ngx_live_send_t  *s;

    s = &ngx_live_send_scratch;

    s->size = 0;
    s->nbufs = 0;
    s->pos = s->bytes;

    return s;
}


ngx_int_t
ngx_live_send_add(ngx_live_send_t *s, u_char *p, size_t len)
{
    ngx_buf_t  *b;

    if (len == 0) {
        return NGX_OK;
    }

    if (s->nbufs) {
        b = &s->bufs[s->nbufs - 1];

        if (b->last == p) {
            b->last += len;
            s->size += len;

            return NGX_OK;
        }

        if (s->nbufs == NGX_LIVE_SEND_BUFS) {
            return NGX_DECLINED;
        }

        s->links[s->nbufs - 1].next = &s->links[s->nbufs];
    }

    b = &s->bufs[s->nbufs];

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = p;
    b->pos = p;
    b->last = p + len;
    b->end = b->last;
    b->memory = 1;

    s->links[s->nbufs].buf = b;
    s->links[s->nbufs].next = NULL;

    s->nbufs++;
    s->size += len;

    return NGX_OK;
}


ngx_int_t
ngx_live_send_copy(ngx_live_send_t *s, u_char *p, size_t len)
{
    u_char     *dst;
    ngx_int_t   rc;

    if ((size_t) (s->bytes + NGX_LIVE_SEND_BYTES - s->pos) < len) {
        return NGX_DECLINED;
    }

    dst = s->pos;

    ngx_memcpy(dst, p, len);

    rc = ngx_live_send_add(s, dst, len);

    if (rc == NGX_OK) {
        s->pos += len;
    }

    return rc;
}


ngx_int_t
ngx_live_send_frame(ngx_live_send_t *s, ngx_live_reader_t *r,
    ngx_live_frame_t *f, uint32_t offset, uint32_t len)
{
    size_t   n;
    u_char  *p;

    while (len) {
        n = ngx_live_reader_slice(r, f, offset, &p);

        if (n == 0) {
            return NGX_ERROR;
        }

        if (n > len) {
            n = len;
        }

        if (ngx_live_send_add(s, p, n) != NGX_OK) {
            return NGX_DECLINED;
        }

        offset += n;
        len -= n;
    }

    return NGX_OK;
}


u_char *
ngx_live_send_flatten(ngx_live_send_t *s, u_char *dst)
{
    ngx_uint_t  i;

    for (i = 0; i < s->nbufs; i++) {
        dst = ngx_cpymem(dst, s->bufs[i].pos,
                         s->bufs[i].last - s->bufs[i].pos);
    }

    return dst;
}


ssize_t
ngx_live_send(ngx_live_send_t *s, ngx_connection_t *c)
{
    size_t        left;
    ngx_chain_t  *cl;

    cl = NULL;

    if (s->nbufs) {
        cl = s->links;

        /* or TLS would wait for a full record */
        s->bufs[s->nbufs - 1].flush = 1;

    } else if (!(c->buffered & NGX_LOWLEVEL_BUFFERED)) {
        return 0;
    }

    cl = c->send_chain(c, cl, 0);

    if (cl == NGX_CHAIN_ERROR) {
        return NGX_ERROR;
    }

    for (left = 0; cl; cl = cl->next) {
        left += cl->buf->last - cl->buf->pos;
    }

    return s->size - left;
}
