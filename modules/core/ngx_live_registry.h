
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_REGISTRY_H_INCLUDED_
#define _NGX_LIVE_REGISTRY_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * What runs on this node is told to Redis in keys that expire unless they are
 * renewed: each stream by the worker that owns it, the node by one of its
 * workers.  They are gone ten seconds after a node's death, also when its last
 * command took a while.
 */

#define NGX_LIVE_REGISTRY_LEASE  9000   /* ms: an entry outlives its node */
#define NGX_LIVE_REGISTRY_RENEW  3000


ngx_int_t ngx_live_registry_init_process(ngx_cycle_t *cycle);

/* hooks of a stream's life: something is to be told soon, or now */
ngx_int_t ngx_live_registry_start(ngx_live_stream_t *st);
void ngx_live_registry_config(ngx_live_stream_t *st, ngx_uint_t track);
void ngx_live_registry_change(ngx_live_stream_t *st);
void ngx_live_registry_end(ngx_live_stream_t *st);


/*
 * Where a stream is, whichever node has it.  The handler is called once,
 * later:
 *
 *   NGX_OK        with the entry, valid during the call
 *   NGX_DECLINED  no node has it
 *   NGX_ERROR     Redis has not answered in redis_timeout
 *
 * NULL: there is no Redis, or too much waits for it already, or one of both is
 * no name; the handler is not called.
 */

typedef struct {
    ngx_str_t                  node;
    ngx_str_t                  url;         /* its registry_url, or empty */
    ngx_str_t                  session;
    ngx_str_t                  state;       /* "live", "waiting" */
    ngx_str_t                  door;        /* "rtmp", ... */
    ngx_str_t                  tracks;      /* "avc1.640028,mp4a.40.2" */
    ngx_str_t                  start;       /* ms since the epoch, digits */
} ngx_live_registry_entry_t;

typedef struct ngx_live_registry_find_s  ngx_live_registry_find_t;

typedef void (*ngx_live_registry_found_pt)(ngx_int_t rc,
    ngx_live_registry_entry_t *entry, void *data);

ngx_live_registry_find_t *ngx_live_registry_find(ngx_str_t *app,
    ngx_str_t *name, ngx_live_registry_found_pt handler, void *data);

/*
 * The names of all streams, at most "max": the handler is called with
 * NGX_AGAIN for each, which may be over since, and then with NGX_OK; or with
 * NGX_ERROR.  NULL as above.
 */
typedef void (*ngx_live_registry_listed_pt)(ngx_int_t rc, ngx_str_t *app,
    ngx_str_t *name, void *data);

ngx_live_registry_find_t *ngx_live_registry_list(ngx_uint_t max,
    ngx_live_registry_listed_pt handler, void *data);

/* the handler will not be called; not from within it, nor after it */
void ngx_live_registry_cancel(ngx_live_registry_find_t *find);


#endif /* _NGX_LIVE_REGISTRY_H_INCLUDED_ */
