
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_REDIS_REPLY_H_INCLUDED_
#define _NGX_LIVE_REDIS_REPLY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_LIVE_REDIS_NIL = 0,
    NGX_LIVE_REDIS_STATUS,              /* str: "OK" */
    NGX_LIVE_REDIS_STRING,              /* str: any bytes */
    NGX_LIVE_REDIS_INTEGER,             /* integer */
    NGX_LIVE_REDIS_ARRAY,               /* n, elts */
    NGX_LIVE_REDIS_ERROR                /* str: "WRONGTYPE Operation ..." */
} ngx_live_redis_type_e;


/*
 * Why an error reply does not come from Redis.  After TIMEOUT and LOST the
 * command may have been executed, after the others it has not.
 */

typedef enum {
    NGX_LIVE_REDIS_ANSWERED = 0,
    NGX_LIVE_REDIS_DOWN,                /* it waited in vain for Redis */
    NGX_LIVE_REDIS_TIMEOUT,             /* no answer in time */
    NGX_LIVE_REDIS_LOST,                /* the connection went meanwhile */
    NGX_LIVE_REDIS_MISROUTED            /* MOVED or ASK too often */
} ngx_live_redis_fault_e;


typedef struct ngx_live_redis_reply_s  ngx_live_redis_reply_t;

struct ngx_live_redis_reply_s {
    ngx_uint_t                 type;        /* NGX_LIVE_REDIS_NIL.. */
    ngx_uint_t                 fault;       /* of an error */
    ngx_str_t                  str;
    int64_t                    integer;
    ngx_uint_t                 n;
    ngx_live_redis_reply_t    *elts;
};


#define ngx_live_redis_is_text(reply)                                         \
    ((reply)->type == NGX_LIVE_REDIS_STRING                                   \
     || (reply)->type == NGX_LIVE_REDIS_STATUS)


#endif /* _NGX_LIVE_REDIS_REPLY_H_INCLUDED_ */
