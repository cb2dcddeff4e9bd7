
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_JSON_H_INCLUDED_
#define _NGX_LIVE_JSON_H_INCLUDED_


#include "ngx_live.h"


/*
 * A writer of JSON into a chain of buffers.  Commas are its own business;
 * key may be NULL within arrays.  After a failed allocation it writes no
 * more and js->error is set.
 */

struct ngx_live_json_s {
    ngx_pool_t                *pool;
    ngx_chain_t               *out;
    ngx_chain_t              **last;
    ngx_buf_t                 *buf;
    off_t                      size;
    unsigned                   comma:1;
    unsigned                   error:1;
};


void ngx_live_json_init(ngx_live_json_t *js, ngx_pool_t *pool);
void ngx_live_json_object(ngx_live_json_t *js, const char *key);
void ngx_live_json_object_end(ngx_live_json_t *js);
void ngx_live_json_array(ngx_live_json_t *js, const char *key);
void ngx_live_json_array_end(ngx_live_json_t *js);
void ngx_live_json_string(ngx_live_json_t *js, const char *key, u_char *p,
    size_t len);
void ngx_live_json_int(ngx_live_json_t *js, const char *key, int64_t n);
/* n thousandths */
void ngx_live_json_milli(ngx_live_json_t *js, const char *key, int64_t n);
void ngx_live_json_bool(ngx_live_json_t *js, const char *key, ngx_uint_t b);


#endif /* _NGX_LIVE_JSON_H_INCLUDED_ */
