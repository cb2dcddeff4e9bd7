
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_SEND_H_INCLUDED_
#define _NGX_LIVE_SEND_H_INCLUDED_


#include "ngx_live_reader.h"


/*
 * One send of many small pieces without an allocation: the worker's only
 * scratch chain.  A door starts it, adds memory, ring bytes and small
 * pieces of its own, sends, and moves its cursor by the bytes that left; a
 * rest is made anew from the cursor when the socket is writable again.
 * Nothing of it outlives the call in which it was started.
 */

#define NGX_LIVE_SEND_BUFS   256
#define NGX_LIVE_SEND_BYTES  8192

typedef struct {
    size_t                     size;       /* bytes added */
    ngx_uint_t                 nbufs;
    u_char                    *pos;        /* free in bytes[] */
    ngx_chain_t                links[NGX_LIVE_SEND_BUFS];
    ngx_buf_t                  bufs[NGX_LIVE_SEND_BUFS];
    u_char                     bytes[NGX_LIVE_SEND_BYTES];
} ngx_live_send_t;


/* empties the scratch chain and returns it */
ngx_live_send_t *ngx_live_send_start(void);

/* appends memory that stays; NGX_DECLINED: the chain is full */
ngx_int_t ngx_live_send_add(ngx_live_send_t *s, u_char *p, size_t len);

/* appends a copy of a few bytes */
ngx_int_t ngx_live_send_copy(ngx_live_send_t *s, u_char *p, size_t len);

/* appends the bytes [offset, offset + len) of a frame, or a part of them */
ngx_int_t ngx_live_send_frame(ngx_live_send_t *s, ngx_live_reader_t *r,
    ngx_live_frame_t *f, uint32_t offset, uint32_t len);

/* copies the chain's size bytes to dst; returns the place behind them */
u_char *ngx_live_send_flatten(ngx_live_send_t *s, u_char *dst);

/*
 * Sends the chain: the number of bytes that c has taken, or NGX_ERROR.  With
 * an empty chain what TLS has buffered is flushed.  Less than s->size, or
 * c->buffered, means: wait for the write event.
 */
ssize_t ngx_live_send(ngx_live_send_t *s, ngx_connection_t *c);


#endif /* _NGX_LIVE_SEND_H_INCLUDED_ */
