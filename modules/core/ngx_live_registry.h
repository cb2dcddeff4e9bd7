
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


#endif /* _NGX_LIVE_REGISTRY_H_INCLUDED_ */
