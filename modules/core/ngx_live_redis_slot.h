
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_REDIS_SLOT_H_INCLUDED_
#define _NGX_LIVE_REDIS_SLOT_H_INCLUDED_


#include "ngx_live_redis_reply.h"


/*
 * What a client of Redis Cluster has to know (Redis cluster specification):
 * the slot of a key, error replies that name another node, and the reply of
 * CLUSTER SLOTS.  Pure: whatever a server says is only looked at.
 */

#define NGX_LIVE_REDIS_SLOTS  16384


/* hosts point into the reply; an empty one is that of the server asked */

typedef struct {
    ngx_uint_t                 slot;
    ngx_uint_t                 ask;         /* this once, preceded by ASKING */
    ngx_str_t                  host;
    ngx_uint_t                 port;
} ngx_live_redis_redirect_t;


typedef struct {
    ngx_uint_t                 first;
    ngx_uint_t                 last;
    ngx_str_t                  host;        /* of the master */
    ngx_uint_t                 port;
} ngx_live_redis_range_t;


/*
 * 0 to 16383: CRC16 of the key, or of its hash tag, which is what is between
 * the first "{" and the next "}" if that is not empty.
 */
ngx_uint_t ngx_live_redis_slot(ngx_str_t *key);

/* NGX_DECLINED: the error is neither MOVED nor ASK; NGX_ERROR: it is broken */
ngx_int_t ngx_live_redis_slot_redirect(ngx_str_t *error,
    ngx_live_redis_redirect_t *r, const char **reason);

/*
 * The range number i of the reply; NGX_DONE behind the last one, NGX_ERROR if
 * it is not as it should be.
 */
ngx_int_t ngx_live_redis_slot_range(ngx_live_redis_reply_t *reply,
    ngx_uint_t i, ngx_live_redis_range_t *range, const char **reason);


#endif /* _NGX_LIVE_REDIS_SLOT_H_INCLUDED_ */
