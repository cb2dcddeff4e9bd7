
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"
#include "ngx_live_redis_slot.h"


/*
 * A cluster: any of its nodes, the guide, is asked who has which slots and
 * gets the commands without a key; the others are connected to when a command
 * is for them.
 */


#define NGX_LIVE_REDIS_NODES    1024
#define NGX_LIVE_REDIS_REFRESH  1000    /* ms: not more often */


typedef struct {
    ngx_queue_t                queue;
    ngx_live_redis_node_t      node;
    unsigned                   used:1;      /* has slots */
} ngx_live_redis_member_t;


static void ngx_live_redis_cluster_up(ngx_live_redis_node_t *node);
static void ngx_live_redis_cluster_lost(ngx_live_redis_node_t *node);
static void ngx_live_redis_cluster_soon(void);
static void ngx_live_redis_cluster_refresh(ngx_event_t *ev);
static void ngx_live_redis_cluster_answer(ngx_live_redis_reply_t *reply,
    void *data);
static const char *ngx_live_redis_cluster_learn(
    ngx_live_redis_reply_t *reply);
static void ngx_live_redis_cluster_sweep(ngx_uint_t all);
static void ngx_live_redis_cluster_unpark(void);
static ngx_live_redis_member_t *ngx_live_redis_cluster_member(
    ngx_str_t *host, ngx_uint_t port, ngx_live_redis_node_t *from);


static ngx_live_redis_node_t     ngx_live_redis_guide;

/* what waits until it is known who has which slots; never connected */
static ngx_live_redis_node_t     ngx_live_redis_parked;

static ngx_queue_t               ngx_live_redis_members;
static ngx_uint_t                ngx_live_redis_nmembers;
static ngx_live_redis_member_t **ngx_live_redis_slots;

static ngx_event_t               ngx_live_redis_refresh_event;
static ngx_connection_t          ngx_live_redis_refresh_dummy;
static ngx_msec_t                ngx_live_redis_refreshed;
static ngx_uint_t                ngx_live_redis_refreshing;
static ngx_uint_t                ngx_live_redis_learned;


ngx_int_t
ngx_live_redis_cluster_init(ngx_cycle_t *cycle)
{
    ngx_event_t            *ev;
    ngx_live_redis_node_t  *node;

    ngx_live_redis_slots = ngx_pcalloc(cycle->pool,
                                       NGX_LIVE_REDIS_SLOTS
                                       * sizeof(ngx_live_redis_member_t *));
    if (ngx_live_redis_slots == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_init(&ngx_live_redis_members);

    ngx_live_redis_refresh_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_live_redis_refresh_event;

    ev->data = &ngx_live_redis_refresh_dummy;
    ev->log = cycle->log;
    ev->handler = ngx_live_redis_cluster_refresh;
    ev->cancelable = 1;

    node = &ngx_live_redis_parked;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->login, cycle->log);

    node->state = NGX_LIVE_REDIS_NODE_RESTING;
    ngx_cpystrn(node->reason, (u_char *) "no node of the cluster is known",
                sizeof(node->reason));

    node = &ngx_live_redis_guide;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->login, cycle->log);

    node->locate = ngx_live_redis_cluster_locate;
    node->intercept = ngx_live_redis_intercept;
    node->up = ngx_live_redis_cluster_up;
    node->down = ngx_live_redis_went_down;

    ngx_live_redis_node_start(node);

    return NGX_OK;
}


void
ngx_live_redis_cluster_done(void)
{
    ngx_queue_t              *q;
    ngx_live_redis_member_t  *m;

    ngx_live_redis_link_flush(&ngx_live_redis_guide.link);

    for (q = ngx_queue_head(&ngx_live_redis_members);
         q != ngx_queue_sentinel(&ngx_live_redis_members);
         q = ngx_queue_next(q))
    {
        m = ngx_queue_data(q, ngx_live_redis_member_t, queue);
        ngx_live_redis_link_flush(&m->node.link);
    }

    ngx_live_redis_cluster_sweep(1);

    ngx_live_redis_node_done(&ngx_live_redis_parked);
    ngx_live_redis_node_done(&ngx_live_redis_guide);
}


/* those of the configuration, and those that have become known, in turn */

ngx_int_t
ngx_live_redis_cluster_locate(ngx_live_redis_node_t *node)
{
    ngx_uint_t                n, peers;
    ngx_queue_t              *q;
    ngx_live_redis_peer_t    *peer;
    ngx_live_redis_member_t  *m;

    peer = ngx_live_redis_conf->peers.elts;
    peers = ngx_live_redis_conf->peers.nelts;

    n = node->turn++ % (peers + ngx_live_redis_nmembers);

    if (n < peers) {
        node->peer = peer[n];
        return NGX_OK;
    }

    q = ngx_queue_head(&ngx_live_redis_members);

    for (n -= peers; n; n--) {
        q = ngx_queue_next(q);
    }

    m = ngx_queue_data(q, ngx_live_redis_member_t, queue);
    node->peer = m->node.peer;

    return NGX_OK;
}


ngx_int_t
ngx_live_redis_cluster_whose(ngx_uint_t slot, ngx_live_redis_peer_t *peer)
{
    ngx_live_redis_member_t  *m;

    m = (slot < NGX_LIVE_REDIS_SLOTS) ? ngx_live_redis_slots[slot] : NULL;

    if (m == NULL) {
        return NGX_ERROR;
    }

    *peer = m->node.peer;

    return NGX_OK;
}


ngx_live_redis_node_t *
ngx_live_redis_cluster_route(ngx_live_redis_call_t *call)
{
    ngx_live_redis_member_t  *m;

    if (call->key == 0 || call->key >= call->argc) {
        return &ngx_live_redis_guide;
    }

    m = ngx_live_redis_slots[ngx_live_redis_slot(&call->argv[call->key])];

    if (m) {
        return &m->node;
    }

    /* the guide says who has it, or that nobody has */

    return ngx_live_redis_learned ? &ngx_live_redis_guide
                                  : &ngx_live_redis_parked;
}


ngx_int_t
ngx_live_redis_cluster_intercept(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call, ngx_live_redis_reply_t *reply)
{
    ngx_int_t                   rc;
    const char                 *reason;
    ngx_live_redis_member_t    *m;
    ngx_live_redis_redirect_t   to;

    reason = "";

    rc = ngx_live_redis_slot_redirect(&reply->str, &to, &reason);

    if (rc == NGX_DECLINED) {

        if (reply->str.len > 11
            && ngx_strncmp(reply->str.data, "CLUSTERDOWN", 11) == 0)
        {
            ngx_live_redis_cluster_soon();
        }

        return NGX_DECLINED;
    }

    reply->fault = NGX_LIVE_REDIS_MISROUTED;

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_WARN, node->log, 0, "redis %s sent %s",
                      ngx_live_redis_peer_name(&node->peer), reason);
        return NGX_DECLINED;
    }

    if (call->redirects++ == NGX_LIVE_REDIS_REDIRECTS) {
        return NGX_DECLINED;
    }

    m = ngx_live_redis_cluster_member(&to.host, to.port, node);
    if (m == NULL) {
        return NGX_DECLINED;
    }

    if (to.ask) {
        call->asking = 1;

    } else {
        ngx_live_redis_slots[to.slot] = m;
        ngx_live_redis_cluster_soon();
    }

    ngx_live_redis_node_call(&m->node, call);

    return NGX_OK;
}


static void
ngx_live_redis_cluster_up(ngx_live_redis_node_t *node)
{
    ngx_live_redis_cluster_refresh(&ngx_live_redis_refresh_event);
}


/* a master that is gone: another one may have its slots soon */

static void
ngx_live_redis_cluster_lost(ngx_live_redis_node_t *node)
{
    ngx_live_redis_cluster_soon();
}


static void
ngx_live_redis_cluster_soon(void)
{
    ngx_msec_t  passed;

    if (ngx_live_redis_refresh_event.timer_set) {
        return;
    }

    passed = ngx_current_msec - ngx_live_redis_refreshed;

    ngx_add_timer(&ngx_live_redis_refresh_event,
                  passed < NGX_LIVE_REDIS_REFRESH
                  ? NGX_LIVE_REDIS_REFRESH - passed : 1);
}


static void
ngx_live_redis_cluster_refresh(ngx_event_t *ev)
{
    ngx_str_t               argv[2];
    ngx_live_redis_call_t  *call;

    if (ngx_live_redis_refreshing
        || ngx_live_redis_guide.state != NGX_LIVE_REDIS_NODE_UP)
    {
        return;
    }

    ngx_str_set(&argv[0], "CLUSTER");
    ngx_str_set(&argv[1], "SLOTS");

    ngx_live_redis_refreshed = ngx_current_msec;

    call = ngx_live_redis_call_create(argv, 2, ngx_live_redis_cluster_answer,
                                      NULL);
    if (call == NULL) {
        return;
    }

    call->internal = 1;
    ngx_live_redis_refreshing = 1;

    ngx_live_redis_node_call(&ngx_live_redis_guide, call);
}


static void
ngx_live_redis_cluster_answer(ngx_live_redis_reply_t *reply, void *data)
{
    const char             *reason;
    ngx_live_redis_node_t  *guide;

    guide = &ngx_live_redis_guide;

    ngx_live_redis_refreshing = 0;

    if (reply->type == NGX_LIVE_REDIS_ERROR
        && reply->fault != NGX_LIVE_REDIS_ANSWERED)
    {
        return;
    }

    reason = ngx_live_redis_cluster_learn(reply);

    if (reason) {

        /* the next one may know better */

        ngx_live_redis_node_fail(guide, reason);
        return;
    }

    ngx_live_redis_learned = 1;

    if (!ngx_live_redis_stat->up) {
        ngx_live_redis_went_up(guide);
    }

    ngx_live_redis_cluster_sweep(0);
    ngx_live_redis_cluster_unpark();
}


/* NULL, or what is wrong with the reply, of which nothing is taken then */

static const char *
ngx_live_redis_cluster_learn(ngx_live_redis_reply_t *reply)
{
    ngx_int_t                 rc;
    ngx_uint_t                i, slot;
    const char               *reason;
    ngx_queue_t              *q;
    ngx_live_redis_range_t    range;
    ngx_live_redis_member_t  *m;

    reason = NULL;

    if (reply->type == NGX_LIVE_REDIS_ERROR) {
        return "it is not part of a cluster, or does not say which";
    }

    for (i = 0; /* void */ ; i++) {
        rc = ngx_live_redis_slot_range(reply, i, &range, &reason);

        if (rc == NGX_DONE) {
            break;
        }

        if (rc != NGX_OK) {
            return reason;
        }
    }

    if (i == 0) {
        return "its cluster has no slots";
    }

    for (q = ngx_queue_head(&ngx_live_redis_members);
         q != ngx_queue_sentinel(&ngx_live_redis_members);
         q = ngx_queue_next(q))
    {
        m = ngx_queue_data(q, ngx_live_redis_member_t, queue);
        m->used = 0;
    }

    ngx_memzero(ngx_live_redis_slots,
                NGX_LIVE_REDIS_SLOTS * sizeof(ngx_live_redis_member_t *));

    for (i = 0; i < reply->n; i++) {
        (void) ngx_live_redis_slot_range(reply, i, &range, &reason);

        m = ngx_live_redis_cluster_member(&range.host, range.port,
                                          &ngx_live_redis_guide);
        if (m == NULL) {
            continue;
        }

        m->used = 1;

        for (slot = range.first; slot <= range.last; slot++) {
            ngx_live_redis_slots[slot] = m;
        }
    }

    return NULL;
}


/* members without slots, when they have nothing to do */

static void
ngx_live_redis_cluster_sweep(ngx_uint_t all)
{
    ngx_queue_t              *q, *next;
    ngx_live_redis_member_t  *m;

    for (q = ngx_queue_head(&ngx_live_redis_members);
         q != ngx_queue_sentinel(&ngx_live_redis_members);
         q = next)
    {
        next = ngx_queue_next(q);
        m = ngx_queue_data(q, ngx_live_redis_member_t, queue);

        if (!all && (m->used || m->node.ncalls)) {
            continue;
        }

        /* without calls there is no handler that could change the list */

        ngx_live_redis_node_done(&m->node);

        if (all || m->node.link.context) {
            continue;
        }

        ngx_queue_remove(q);
        ngx_live_redis_nmembers--;
        ngx_free(m);
    }
}


static void
ngx_live_redis_cluster_unpark(void)
{
    ngx_queue_t             parked, *q;
    ngx_live_redis_call_t  *call;

    if (ngx_queue_empty(&ngx_live_redis_parked.waiting)) {
        return;
    }

    ngx_queue_init(&parked);
    ngx_queue_add(&parked, &ngx_live_redis_parked.waiting);
    ngx_queue_init(&ngx_live_redis_parked.waiting);

    while (!ngx_queue_empty(&parked)) {
        q = ngx_queue_head(&parked);
        call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

        ngx_queue_remove(q);
        ngx_live_redis_parked.ncalls--;

        ngx_live_redis_node_call(ngx_live_redis_cluster_route(call), call);
    }
}


/* by host and port; the host of the one who said it if it is empty */

static ngx_live_redis_member_t *
ngx_live_redis_cluster_member(ngx_str_t *host, ngx_uint_t port,
    ngx_live_redis_node_t *from)
{
    ngx_str_t                 own;
    ngx_queue_t              *q;
    ngx_live_redis_peer_t     peer;
    ngx_live_redis_member_t  *m;

    if (host->len == 0) {
        own.data = from->peer.host;
        own.len = ngx_strlen(own.data);
        host = &own;
    }

    if (ngx_live_redis_peer_set(&peer, host, port) != NGX_OK) {
        return NULL;
    }

    for (q = ngx_queue_head(&ngx_live_redis_members);
         q != ngx_queue_sentinel(&ngx_live_redis_members);
         q = ngx_queue_next(q))
    {
        m = ngx_queue_data(q, ngx_live_redis_member_t, queue);

        if (m->node.peer.port == peer.port
            && ngx_strcmp(m->node.peer.host, peer.host) == 0)
        {
            return m;
        }
    }

    if (ngx_live_redis_nmembers == NGX_LIVE_REDIS_NODES) {
        return NULL;
    }

    m = ngx_alloc(sizeof(ngx_live_redis_member_t), from->log);
    if (m == NULL) {
        return NULL;
    }

    ngx_live_redis_node_init(&m->node, &ngx_live_redis_conf->login,
                             from->log);

    m->used = 0;
    m->node.peer = peer;
    m->node.intercept = ngx_live_redis_intercept;
    m->node.down = ngx_live_redis_cluster_lost;

    ngx_queue_insert_tail(&ngx_live_redis_members, &m->queue);
    ngx_live_redis_nmembers++;

    return m;
}
