
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"


#define NGX_LIVE_REDIS_REST_MIN  100    /* ms */
#define NGX_LIVE_REDIS_REST_MAX  3000
#define NGX_LIVE_REDIS_FLAP      5000


static void ngx_live_redis_node_resolve(ngx_live_redis_node_t *node);
static void ngx_live_redis_node_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_live_redis_node_connect(ngx_live_redis_node_t *node,
    u_char *host);
static void ngx_live_redis_node_open(ngx_live_redis_link_t *link);
static void ngx_live_redis_node_greet(ngx_live_redis_node_t *node,
    ngx_str_t *argv, ngx_uint_t argc);
static void ngx_live_redis_node_greeted(ngx_live_redis_node_t *node,
    ngx_live_redis_reply_t *reply, u_char what);
static void ngx_live_redis_node_reply(ngx_live_redis_link_t *link,
    ngx_live_redis_reply_t *reply);
static void ngx_live_redis_node_push(ngx_live_redis_link_t *link,
    ngx_live_redis_reply_t *reply);
static void ngx_live_redis_node_broken(ngx_live_redis_link_t *link);
static void ngx_live_redis_node_stop(ngx_live_redis_node_t *node,
    ngx_uint_t fault, const char *reason);
static void ngx_live_redis_node_log(ngx_live_redis_node_t *node,
    const char *reason, ngx_uint_t was_up);
static void ngx_live_redis_node_flush(ngx_live_redis_node_t *node);
static ngx_int_t ngx_live_redis_node_send(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call);
static void ngx_live_redis_node_timer(ngx_event_t *ev);
static void ngx_live_redis_node_clock(ngx_event_t *ev);
static ngx_uint_t ngx_live_redis_node_late(ngx_live_redis_node_t *node,
    ngx_msec_t *next);
static void ngx_live_redis_node_ping(ngx_live_redis_node_t *node);
static void ngx_live_redis_node_wind(ngx_live_redis_node_t *node,
    ngx_msec_t next);


ngx_live_redis_sh_t  *ngx_live_redis_stat;


/* timers look at the descriptor of their connection when they are logged */

static ngx_connection_t  ngx_live_redis_dummy;


void
ngx_live_redis_node_init(ngx_live_redis_node_t *node,
    ngx_live_redis_login_t *login, ngx_log_t *log)
{
    ngx_memzero(node, sizeof(ngx_live_redis_node_t));

    ngx_live_redis_dummy.fd = (ngx_socket_t) -1;

    node->login = login;
    node->log = log;

    ngx_queue_init(&node->waiting);
    ngx_queue_init(&node->sent);

    node->link.log = log;
    node->link.data = node;
    node->link.open = ngx_live_redis_node_open;
    node->link.reply = ngx_live_redis_node_reply;
    node->link.push = ngx_live_redis_node_push;
    node->link.broken = ngx_live_redis_node_broken;

    /* a worker that exits waits for answers, see ngx_live_redis_hold() */

    node->timer.data = &ngx_live_redis_dummy;
    node->timer.log = log;
    node->timer.handler = ngx_live_redis_node_timer;
    node->timer.cancelable = 1;

    node->clock.data = &ngx_live_redis_dummy;
    node->clock.log = log;
    node->clock.handler = ngx_live_redis_node_clock;
    node->clock.cancelable = 1;
}


void
ngx_live_redis_node_start(ngx_live_redis_node_t *node)
{
    ngx_int_t  rc;

    if (node->state != NGX_LIVE_REDIS_NODE_IDLE) {
        return;
    }

    node->state = NGX_LIVE_REDIS_NODE_LOCATING;

    ngx_add_timer(&node->timer, ngx_live_redis_conf->connect_timeout);

    rc = node->locate ? node->locate(node) : NGX_OK;

    if (rc != NGX_AGAIN) {
        ngx_live_redis_node_located(node, rc, "nobody knows where it is");
    }
}


void
ngx_live_redis_node_located(ngx_live_redis_node_t *node, ngx_int_t rc,
    const char *reason)
{
    if (node->state != NGX_LIVE_REDIS_NODE_LOCATING) {
        return;
    }

    if (rc != NGX_OK) {
        ngx_live_redis_node_fail(node, reason);
        return;
    }

    if (node->peer.port && !ngx_live_redis_peer_is_address(&node->peer)) {
        ngx_live_redis_node_resolve(node);
        return;
    }

    ngx_live_redis_node_connect(node, node->peer.host);
}


static void
ngx_live_redis_node_resolve(ngx_live_redis_node_t *node)
{
    ngx_str_t            name;
    ngx_resolver_ctx_t  *ctx, temp;

    if (ngx_live_redis_conf->resolver == NULL) {
        ngx_live_redis_node_fail(node, "no resolver defined for its name");
        return;
    }

    name.data = node->peer.host;
    name.len = ngx_strlen(node->peer.host);

    temp.name = name;

    ctx = ngx_resolve_start(ngx_live_redis_conf->resolver, &temp);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_live_redis_node_fail(node, "cannot ask the resolver");
        return;
    }

    ctx->name = name;
    ctx->handler = ngx_live_redis_node_resolved;
    ctx->data = node;
    ctx->timeout = ngx_live_redis_conf->connect_timeout;
    ctx->cancelable = 1;

    node->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        node->resolving = NULL;
        ngx_live_redis_node_fail(node, "cannot ask the resolver");
    }
}


static void
ngx_live_redis_node_resolved(ngx_resolver_ctx_t *ctx)
{
    u_char                  text[NGX_SOCKADDR_STRLEN + 1], *reason;
    size_t                  len;
    ngx_int_t               state;
    ngx_resolver_addr_t    *addr;
    ngx_live_redis_node_t  *node;

    node = ctx->data;
    node->resolving = NULL;

    reason = NULL;
    len = 0;
    state = ctx->state;

    if (state) {
        reason = (u_char *) ngx_resolver_strerror(state);

    } else {
        addr = &ctx->addrs[node->failures % ctx->naddrs];

        len = ngx_sock_ntop(addr->sockaddr, addr->socklen, text,
                            NGX_SOCKADDR_STRLEN, 0);
    }

    ngx_resolve_name_done(ctx);

    if (node->state != NGX_LIVE_REDIS_NODE_LOCATING) {
        return;
    }

    if (reason || len == 0) {
        ngx_live_redis_node_fail(node, reason ? (char *) reason
                                              : "address is strange");
        return;
    }

    text[len] = '\0';

    ngx_live_redis_node_connect(node, text);
}


static void
ngx_live_redis_node_connect(ngx_live_redis_node_t *node, u_char *host)
{
    node->state = NGX_LIVE_REDIS_NODE_CONNECTING;

    if (ngx_live_redis_link_connect(&node->link, host, node->peer.port)
        != NGX_OK)
    {
        ngx_live_redis_node_fail(node, (char *) node->link.reason);
    }
}


/*
 * Nothing else is sent before these are answered; PING tells a server that is
 * still loading, or wants a password, from one that works.
 */

static void
ngx_live_redis_node_open(ngx_live_redis_link_t *link)
{
    u_char                   name[80], db[NGX_INT_T_LEN], *p;
    ngx_str_t                argv[3];
    ngx_live_main_conf_t    *lmcf;
    ngx_live_redis_node_t   *node;
    ngx_live_redis_login_t  *login;

    node = link->data;
    login = node->login;

    node->state = NGX_LIVE_REDIS_NODE_GREETING;
    node->greetings = 0;
    node->pinged = 0;

    if (login->password.len) {
        ngx_str_set(&argv[0], "AUTH");
        argv[1] = login->user;
        argv[login->user.len ? 2 : 1] = login->password;

        ngx_live_redis_node_greet(node, argv, login->user.len ? 3 : 2);
    }

    if (login->db > 0) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = db;
        argv[1].len = ngx_sprintf(db, "%i", login->db) - db;

        ngx_live_redis_node_greet(node, argv, 2);
    }

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    argv[2].data = name;
    argv[2].len = ngx_snprintf(name, sizeof(name), "nginx-live:%i:%V",
                               (ngx_int_t) ngx_process_slot, &lmcf->node)
                  - name;

    for (p = name; p < name + argv[2].len; p++) {
        if (*p <= 0x20 || *p >= 0x7f) {
            *p = '-';
        }
    }

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "SETNAME");

    ngx_live_redis_node_greet(node, argv, 3);

    if (node->master) {
        ngx_str_set(&argv[0], "ROLE");

        ngx_live_redis_node_greet(node, argv, 1);
    }

    ngx_str_set(&argv[0], "PING");

    ngx_live_redis_node_greet(node, argv, 1);
}


static void
ngx_live_redis_node_greet(ngx_live_redis_node_t *node, ngx_str_t *argv,
    ngx_uint_t argc)
{
    ngx_live_redis_call_t  *call;

    /* without memory or a connection the timer of the state ends it */

    node->greetings++;

    call = ngx_live_redis_call_create(argv, argc, NULL, NULL);
    if (call == NULL) {
        return;
    }

    call->greeting = 1;
    call->internal = 1;
    call->node = node;

    if (ngx_live_redis_link_send(&node->link, argv, argc) != NGX_OK) {
        ngx_live_redis_call_free(call);
        return;
    }

    call->sent = 1;
    node->ncalls++;

    ngx_queue_insert_tail(&node->sent, &call->queue);
}


static void
ngx_live_redis_node_greeted(ngx_live_redis_node_t *node,
    ngx_live_redis_reply_t *reply, u_char what)
{
    u_char      reason[128], *p;
    ngx_uint_t  level;

    node->greetings--;

    /* a name and a role are worth having, but may be forbidden */

    if (reply->type == NGX_LIVE_REDIS_ERROR && what != 'C' && what != 'R') {

        p = ngx_snprintf(reason, sizeof(reason) - 1, "it says \"%V\"",
                         &reply->str);
        *p = '\0';

        node->refused = 1;
        ngx_live_redis_node_fail(node, (char *) reason);
        return;
    }

    if (what == 'R'
        && reply->type == NGX_LIVE_REDIS_ARRAY && reply->n
        && ngx_live_redis_is_text(&reply->elts[0])
        && (reply->elts[0].str.len != 6
            || ngx_strncmp(reply->elts[0].str.data, "master", 6) != 0))
    {
        ngx_live_redis_node_fail(node, "it is no master");
        return;
    }

    if (node->greetings) {
        return;
    }

    level = node->quiet || node->flapping || node->ups == 0 ? NGX_LOG_INFO
                                                            : NGX_LOG_NOTICE;

    node->state = NGX_LIVE_REDIS_NODE_UP;
    node->ups++;
    node->since = ngx_current_msec;
    node->refused = 0;

    ngx_del_timer(&node->timer);

    ngx_log_error(level, node->log, 0, "redis %s is up",
                  ngx_live_redis_peer_name(&node->peer));

    ngx_live_redis_node_wind(node, ngx_live_redis_conf->keepalive);

    if (node->up) {
        node->up(node);
    }

    ngx_live_redis_node_flush(node);
}


static void
ngx_live_redis_node_reply(ngx_live_redis_link_t *link,
    ngx_live_redis_reply_t *reply)
{
    u_char                      what;
    ngx_queue_t                *q;
    ngx_live_redis_call_t      *call;
    ngx_live_redis_node_t      *node;
    ngx_live_redis_handler_pt   handler;

    node = link->data;

    if (ngx_queue_empty(&node->sent)) {
        return;
    }

    q = ngx_queue_head(&node->sent);
    call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

    ngx_queue_remove(q);
    node->ncalls--;

    if (call->greeting) {

        what = call->argv[0].data[0];

        ngx_live_redis_call_free(call);
        ngx_live_redis_node_greeted(node, reply, what);
        return;
    }

    if (node->intercept
        && reply->type == NGX_LIVE_REDIS_ERROR
        && node->intercept(node, call, reply) == NGX_OK)
    {
        return;
    }

    handler = call->handler;

    if (handler) {
        handler(reply, call->data);
    }

    ngx_live_redis_call_free(call);
}


static void
ngx_live_redis_node_push(ngx_live_redis_link_t *link,
    ngx_live_redis_reply_t *reply)
{
    ngx_live_redis_node_t  *node;

    node = link->data;

    if (node->push) {
        node->push(node, reply);
    }
}


static void
ngx_live_redis_node_broken(ngx_live_redis_link_t *link)
{
    ngx_live_redis_node_t  *node;

    node = link->data;

    ngx_live_redis_node_fail(node, (char *) link->reason);
}


void
ngx_live_redis_node_fail(ngx_live_redis_node_t *node, const char *reason)
{
    ngx_msec_t  rest;
    ngx_uint_t  was_up;

    if (node->state == NGX_LIVE_REDIS_NODE_RESTING) {
        return;
    }

    was_up = (node->state == NGX_LIVE_REDIS_NODE_UP);

    if (was_up) {

        /* a server that takes us and throws us out is no better than none */

        node->flapping = (ngx_current_msec - node->since
                          < NGX_LIVE_REDIS_FLAP);

        if (!node->flapping) {
            node->failures = 0;
            node->reason[0] = '\0';
        }
    }

    ngx_live_redis_node_log(node, reason, was_up);

    node->state = NGX_LIVE_REDIS_NODE_RESTING;

    /* all workers lose it at once: they do not come back at once */

    rest = node->failures < 6 ? NGX_LIVE_REDIS_REST_MIN << node->failures
                              : NGX_LIVE_REDIS_REST_MAX;
    rest = ngx_min(rest, NGX_LIVE_REDIS_REST_MAX);
    rest = rest / 2 + ngx_random() % (rest / 2 + 1);

    node->failures++;

    ngx_add_timer(&node->timer, rest);

    ngx_live_redis_node_stop(node, NGX_LIVE_REDIS_LOST, reason);

    if (node->down) {
        node->down(node);
    }
}


/* closes the connection and answers what it has not answered */

static void
ngx_live_redis_node_stop(ngx_live_redis_node_t *node, ngx_uint_t fault,
    const char *reason)
{
    ngx_queue_t             sent, *q;
    ngx_live_redis_call_t  *call;

    if (node->resolving) {
        ngx_resolve_name_done(node->resolving);
        node->resolving = NULL;
    }

    ngx_live_redis_link_close(&node->link);

    if (ngx_queue_empty(&node->sent)) {
        return;
    }

    /* handlers may give new commands */

    ngx_queue_init(&sent);
    ngx_queue_add(&sent, &node->sent);
    ngx_queue_init(&node->sent);

    while (!ngx_queue_empty(&sent)) {
        q = ngx_queue_head(&sent);
        call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

        ngx_queue_remove(q);
        node->ncalls--;

        ngx_live_redis_call_fail(call, fault, reason);
    }
}


static void
ngx_live_redis_node_log(ngx_live_redis_node_t *node, const char *reason,
    ngx_uint_t was_up)
{
    ngx_uint_t  level;

    /* the same again is news to nobody */

    if (ngx_strcmp(node->reason, reason) == 0
        || (node->quiet && !ngx_live_redis_stat->up))
    {
        level = NGX_LOG_INFO;

    } else {
        level = node->refused ? NGX_LOG_ERR : NGX_LOG_WARN;
    }

    ngx_cpystrn(node->reason, (u_char *) reason, sizeof(node->reason));

    ngx_log_error(level, node->log, 0, "redis %s is %s: %s",
                  ngx_live_redis_peer_name(&node->peer),
                  was_up ? "lost" : "down", reason);
}


void
ngx_live_redis_node_done(ngx_live_redis_node_t *node)
{
    ngx_queue_t            *q;
    ngx_live_redis_call_t  *call;

    node->state = NGX_LIVE_REDIS_NODE_RESTING;

    if (node->timer.timer_set) {
        ngx_del_timer(&node->timer);
    }

    if (node->clock.timer_set) {
        ngx_del_timer(&node->clock);
    }

    ngx_live_redis_node_stop(node, NGX_LIVE_REDIS_LOST, "not used any more");

    while (!ngx_queue_empty(&node->waiting)) {
        q = ngx_queue_head(&node->waiting);
        call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

        ngx_queue_remove(q);
        node->ncalls--;

        ngx_live_redis_call_fail(call, NGX_LIVE_REDIS_DOWN,
                                 "not used any more");
    }

    if (node->clock.timer_set) {
        ngx_del_timer(&node->clock);
    }
}


void
ngx_live_redis_node_call(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call)
{
    call->node = node;
    call->sent = 0;
    call->deadline = ngx_current_msec + ngx_live_redis_conf->timeout
                     + call->patience;

    node->ncalls++;

    ngx_live_redis_node_wind(node, ngx_live_redis_conf->timeout);

    if (node->state == NGX_LIVE_REDIS_NODE_UP
        && ngx_live_redis_node_send(node, call) == NGX_OK)
    {
        return;
    }

    ngx_queue_insert_tail(&node->waiting, &call->queue);

    ngx_live_redis_node_start(node);
}


static void
ngx_live_redis_node_flush(ngx_live_redis_node_t *node)
{
    ngx_queue_t            *q;
    ngx_live_redis_call_t  *call;

    while (!ngx_queue_empty(&node->waiting)) {

        q = ngx_queue_head(&node->waiting);
        call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

        ngx_queue_remove(q);

        call->deadline = ngx_current_msec + ngx_live_redis_conf->timeout
                         + call->patience;

        if (ngx_live_redis_node_send(node, call) != NGX_OK) {
            ngx_queue_insert_head(&node->waiting, q);
            return;
        }
    }
}


static ngx_int_t
ngx_live_redis_node_send(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call)
{
    ngx_str_t               asking = ngx_string("ASKING");
    ngx_live_redis_call_t  *ask;

    if (call->asking) {
        call->asking = 0;

        ask = ngx_live_redis_call_create(&asking, 1, NULL, NULL);
        if (ask == NULL) {
            return NGX_ERROR;
        }

        ask->internal = 1;
        ask->deadline = call->deadline;
        ask->node = node;
        node->ncalls++;

        if (ngx_live_redis_node_send(node, ask) != NGX_OK) {
            node->ncalls--;
            ngx_live_redis_call_free(ask);
            return NGX_ERROR;
        }
    }

    if (ngx_live_redis_link_send(&node->link, call->argv, call->argc)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->sent = 1;
    ngx_queue_insert_tail(&node->sent, &call->queue);

    return NGX_OK;
}


static void
ngx_live_redis_node_timer(ngx_event_t *ev)
{
    ngx_live_redis_node_t  *node;

    node = (ngx_live_redis_node_t *)
               ((u_char *) ev - offsetof(ngx_live_redis_node_t, timer));

    if (node->state == NGX_LIVE_REDIS_NODE_RESTING) {
        node->state = NGX_LIVE_REDIS_NODE_IDLE;
        ngx_live_redis_node_start(node);
        return;
    }

    ngx_live_redis_node_fail(node, "timed out");
}


/*
 * All calls have the same time, so the oldest is the first to be late; answers
 * come in order, so when it is late, so is the server.
 */

static void
ngx_live_redis_node_clock(ngx_event_t *ev)
{
    ngx_msec_t              next;
    ngx_queue_t            *q;
    ngx_live_redis_call_t  *call;
    ngx_live_redis_node_t  *node;

    node = (ngx_live_redis_node_t *)
               ((u_char *) ev - offsetof(ngx_live_redis_node_t, clock));

    if (ngx_live_redis_node_late(node, &next)) {

        q = ngx_queue_head(&node->sent);

        if (q != ngx_queue_sentinel(&node->sent)) {
            call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

            ngx_queue_remove(q);
            node->ncalls--;

            ngx_live_redis_call_fail(call, NGX_LIVE_REDIS_TIMEOUT,
                                     "no answer in time");
        }

        ngx_live_redis_node_fail(node, "no answer in time");

        next = ngx_live_redis_conf->timeout;
    }

    while (!ngx_queue_empty(&node->waiting)) {

        q = ngx_queue_head(&node->waiting);
        call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

        if ((ngx_msec_int_t) (call->deadline - ngx_current_msec) > 0) {
            next = ngx_min(next, call->deadline - ngx_current_msec);
            break;
        }

        ngx_queue_remove(q);
        node->ncalls--;

        ngx_live_redis_call_fail(call, NGX_LIVE_REDIS_DOWN,
                                 (char *) node->reason);
    }

    if (node->state == NGX_LIVE_REDIS_NODE_UP
        || !ngx_queue_empty(&node->waiting))
    {
        ngx_live_redis_node_wind(node, next);
    }
}


/* non-zero if the server is; else when to look again, and a ping if due */

static ngx_uint_t
ngx_live_redis_node_late(ngx_live_redis_node_t *node, ngx_msec_t *next)
{
    ngx_msec_t              idle, timeout, keepalive;
    ngx_queue_t            *q;
    ngx_msec_int_t          left;
    ngx_live_redis_call_t  *call;

    timeout = ngx_live_redis_conf->timeout;
    keepalive = ngx_live_redis_conf->keepalive;
    idle = ngx_current_msec - node->link.read;

    *next = keepalive;

    if (node->state != NGX_LIVE_REDIS_NODE_UP) {
        return 0;
    }

    q = ngx_queue_head(&node->sent);

    if (q != ngx_queue_sentinel(&node->sent)) {
        call = ngx_queue_data(q, ngx_live_redis_call_t, queue);

        left = call->deadline - ngx_current_msec;

        if (left > 0) {
            *next = left;
            return 0;
        }

        /* a long answer, or a worker that has been busy itself */

        if (idle < timeout / 2 && left > -4 * (ngx_msec_int_t) timeout) {
            *next = timeout / 2;
            return 0;
        }

        return 1;
    }

    if (idle < keepalive) {
        node->pinged = 0;
        *next = keepalive - idle;
        return 0;
    }

    if (node->pinged) {
        return 1;
    }

    *next = timeout;

    node->pinged = 1;

    if (node->ping) {
        node->ping(node);

    } else {
        ngx_live_redis_node_ping(node);
    }

    return 0;
}


static void
ngx_live_redis_node_ping(ngx_live_redis_node_t *node)
{
    ngx_str_t               ping = ngx_string("PING");
    ngx_live_redis_call_t  *call;

    call = ngx_live_redis_call_create(&ping, 1, NULL, NULL);

    if (call) {
        call->internal = 1;
        ngx_live_redis_node_call(node, call);
    }
}


/* the clock rings in "next" ms or earlier */

static void
ngx_live_redis_node_wind(ngx_live_redis_node_t *node, ngx_msec_t next)
{
    ngx_msec_t  left;

    if (node->clock.timer_set) {
        left = node->clock.timer.key - ngx_current_msec;

        if ((ngx_msec_int_t) (left - next) <= 0) {
            return;
        }
    }

    ngx_add_timer(&node->clock, next);
}
