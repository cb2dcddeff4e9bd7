
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"


/*
 * Where the master is: one connection asks a sentinel each time that the
 * master is connected to, another one listens to what it announces.
 */


#define NGX_LIVE_REDIS_LOCATING  4


static ngx_int_t ngx_live_redis_sentinel_turn(ngx_live_redis_node_t *node);
static void ngx_live_redis_sentinel_answer(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_redis_sentinel_located(ngx_live_redis_peer_t *peer,
    const char *reason);
static void ngx_live_redis_sentinel_subscribe(ngx_live_redis_node_t *node);
static void ngx_live_redis_sentinel_push(ngx_live_redis_node_t *node,
    ngx_live_redis_reply_t *reply);


static ngx_live_redis_node_t   ngx_live_redis_sentinel_asked;
static ngx_live_redis_node_t   ngx_live_redis_sentinel_heard;

static ngx_uint_t              ngx_live_redis_sentinel_asking;

/* who wants to know */
static ngx_uint_t              ngx_live_redis_sentinel_n;
static ngx_live_redis_node_t  *ngx_live_redis_sentinel_nodes
                                   [NGX_LIVE_REDIS_LOCATING];


void
ngx_live_redis_sentinel_init(ngx_log_t *log)
{
    ngx_live_redis_node_t  *node;

    node = &ngx_live_redis_sentinel_asked;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->sentinel, log);

    node->locate = ngx_live_redis_sentinel_turn;

    node = &ngx_live_redis_sentinel_heard;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->sentinel, log);

    node->locate = ngx_live_redis_sentinel_turn;
    node->up = ngx_live_redis_sentinel_subscribe;
    node->ping = ngx_live_redis_sentinel_subscribe;
    node->push = ngx_live_redis_sentinel_push;
    node->quiet = 1;

    ngx_live_redis_node_start(node);
}


void
ngx_live_redis_sentinel_done(void)
{
    ngx_live_redis_node_done(&ngx_live_redis_sentinel_heard);
    ngx_live_redis_node_done(&ngx_live_redis_sentinel_asked);
}


/* the next sentinel: the one that has not failed just now */

static ngx_int_t
ngx_live_redis_sentinel_turn(ngx_live_redis_node_t *node)
{
    ngx_live_redis_peer_t  *peers;

    peers = ngx_live_redis_conf->peers.elts;
    node->peer = peers[node->turn++ % ngx_live_redis_conf->peers.nelts];

    return NGX_OK;
}


ngx_int_t
ngx_live_redis_sentinel_locate(ngx_live_redis_node_t *node)
{
    ngx_uint_t              i;
    ngx_str_t               argv[3];
    ngx_live_redis_call_t  *call;

    for (i = 0; i < ngx_live_redis_sentinel_n; i++) {
        if (ngx_live_redis_sentinel_nodes[i] == node) {
            break;
        }
    }

    if (i == NGX_LIVE_REDIS_LOCATING) {
        return NGX_ERROR;
    }

    if (i == ngx_live_redis_sentinel_n) {
        ngx_live_redis_sentinel_nodes[i] = node;
        ngx_live_redis_sentinel_n++;
    }

    if (ngx_live_redis_sentinel_asking) {
        return NGX_AGAIN;
    }

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "GET-MASTER-ADDR-BY-NAME");
    argv[2] = ngx_live_redis_conf->master;

    call = ngx_live_redis_call_create(argv, 3,
                                      ngx_live_redis_sentinel_answer, NULL);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->internal = 1;
    ngx_live_redis_sentinel_asking = 1;

    ngx_live_redis_node_call(&ngx_live_redis_sentinel_asked, call);

    return NGX_AGAIN;
}


static void
ngx_live_redis_sentinel_answer(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_int_t               port;
    ngx_live_redis_reply_t  *e;
    ngx_live_redis_peer_t    peer;

    ngx_live_redis_sentinel_asking = 0;

    if (reply->type == NGX_LIVE_REDIS_ERROR
        && reply->fault != NGX_LIVE_REDIS_ANSWERED)
    {
        /* the node has moved on to the next one itself */

        ngx_live_redis_sentinel_located(NULL, "no sentinel answers");
        return;
    }

    e = reply->elts;

    if (reply->type == NGX_LIVE_REDIS_ARRAY
        && reply->n == 2
        && ngx_live_redis_is_text(&e[0])
        && ngx_live_redis_is_text(&e[1]))
    {
        port = ngx_atoi(e[1].str.data, e[1].str.len);

        if (port > 0
            && ngx_live_redis_peer_set(&peer, &e[0].str, port) == NGX_OK)
        {
            ngx_live_redis_sentinel_located(&peer, NULL);
            return;
        }
    }

    ngx_live_redis_node_fail(&ngx_live_redis_sentinel_asked,
                             "this sentinel does not know the master");

    ngx_live_redis_sentinel_located(NULL, "no sentinel knows the master");
}


static void
ngx_live_redis_sentinel_located(ngx_live_redis_peer_t *peer,
    const char *reason)
{
    ngx_live_redis_node_t  *node;

    while (ngx_live_redis_sentinel_n) {
        node = ngx_live_redis_sentinel_nodes[--ngx_live_redis_sentinel_n];

        if (peer && node->state == NGX_LIVE_REDIS_NODE_LOCATING) {
            node->peer = *peer;
        }

        ngx_live_redis_node_located(node, peer ? NGX_OK : NGX_ERROR, reason);
    }
}


static void
ngx_live_redis_sentinel_subscribe(ngx_live_redis_node_t *node)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "SUBSCRIBE");
    ngx_str_set(&argv[1], "+switch-master");

    (void) ngx_live_redis_link_send(&node->link, argv, 2);
}


/* message +switch-master "NAME OLD-IP OLD-PORT NEW-IP NEW-PORT" */

static void
ngx_live_redis_sentinel_push(ngx_live_redis_node_t *node,
    ngx_live_redis_reply_t *reply)
{
    ngx_str_t  *text, *name;

    text = &reply->elts[2].str;
    name = &ngx_live_redis_conf->master;

    if (reply->elts[0].str.len != sizeof("message") - 1
        || !ngx_live_redis_is_text(&reply->elts[2])
        || text->len <= name->len
        || text->data[name->len] != ' '
        || ngx_memcmp(text->data, name->data, name->len) != 0)
    {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, node->log, 0,
                  "redis sentinel announces another master: %V", text);

    ngx_live_redis_move("another master was announced");
}
