
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"
#include "ngx_live_redis_slot.h"


/*
 * The connection of commands that block, which others would have to wait for.
 * It is made when the first one is given.
 */


static ngx_int_t ngx_live_redis_block_locate(ngx_live_redis_node_t *node);
static ngx_int_t ngx_live_redis_block_intercept(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call, ngx_live_redis_reply_t *reply);


static ngx_live_redis_node_t  ngx_live_redis_block_node;

/* of the last command's key */
static ngx_uint_t             ngx_live_redis_block_slot;


void
ngx_live_redis_block_init(ngx_log_t *log)
{
    ngx_live_redis_node_t  *node;

    node = &ngx_live_redis_block_node;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->login, log);

    node->locate = ngx_live_redis_block_locate;
    node->intercept = ngx_live_redis_block_intercept;

    /* the other connection tells of the same trouble */
    node->quiet = 1;
}


void
ngx_live_redis_block_done(void)
{
    ngx_live_redis_node_done(&ngx_live_redis_block_node);
}


void
ngx_live_redis_block_move(const char *reason)
{
    if (ngx_live_redis_block_node.state == NGX_LIVE_REDIS_NODE_UP) {
        ngx_live_redis_node_fail(&ngx_live_redis_block_node, reason);
    }
}


static ngx_int_t
ngx_live_redis_block_locate(ngx_live_redis_node_t *node)
{
    if (ngx_live_redis_conf->mode != NGX_LIVE_REDIS_CLUSTER) {
        return ngx_live_redis_locate(node);
    }

    return ngx_live_redis_cluster_whose(ngx_live_redis_block_slot,
                                        &node->peer);
}


static ngx_int_t
ngx_live_redis_block_intercept(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call, ngx_live_redis_reply_t *reply)
{
    ngx_str_t  *error;

    error = &reply->str;

    /*
     * Another server has the key now, or will have it: the command fails, and
     * the next one is given to whom the cluster names then.
     */

    if ((error->len > 5 && ngx_strncmp(error->data, "MOVED", 5) == 0)
        || (error->len > 3 && ngx_strncmp(error->data, "ASK", 3) == 0)
        || (error->len > 11 && ngx_strncmp(error->data, "CLUSTERDOWN", 11) == 0)
        || (error->len > 9 && ngx_strncmp(error->data, "UNBLOCKED", 9) == 0))
    {
        reply->fault = NGX_LIVE_REDIS_MISROUTED;
        ngx_live_redis_block_slot = NGX_LIVE_REDIS_SLOTS;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_live_redis_block(ngx_str_t *argv, ngx_uint_t argc, ngx_uint_t key,
    ngx_msec_t time, ngx_live_redis_handler_pt handler, void *data)
{
    ngx_uint_t              slot;
    ngx_live_redis_call_t  *call;
    ngx_live_redis_node_t  *node;

    if (ngx_live_redis_conf == NULL) {
        return NGX_ERROR;
    }

    call = ngx_live_redis_call_create(argv, argc, handler, data);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->internal = 1;
    call->patience = time;

    node = &ngx_live_redis_block_node;
    slot = ngx_live_redis_slot(&argv[key]);

    if (slot != ngx_live_redis_block_slot) {

        if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_CLUSTER
            && node->state == NGX_LIVE_REDIS_NODE_UP)
        {
            ngx_live_redis_block_slot = slot;
            ngx_live_redis_node_fail(node, "another server has the key");
        }

        ngx_live_redis_block_slot = slot;
    }

    ngx_live_redis_node_call(node, call);

    return NGX_OK;
}
