
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"
#include "ngx_live_worker.h"

#include <ngx_sha1.h>


static void ngx_live_redis_args_number(ngx_live_redis_args_t *a, int64_t n);
static ngx_str_t *ngx_live_redis_args_push(ngx_live_redis_args_t *a);
static void ngx_live_redis_server_init(ngx_log_t *log);
static ngx_int_t ngx_live_redis_eval(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call);
static void ngx_live_redis_hold(ngx_live_redis_call_t *call);
static void ngx_live_redis_release(ngx_live_redis_call_t *call);
static void ngx_live_redis_hold_timer(ngx_event_t *ev);


static const char  *ngx_live_redis_modes[] = {
    "off", "off", "server", "sentinel", "cluster"
};


/* NULL: there is no Redis in the configuration, or this is no worker */
ngx_live_redis_conf_t         *ngx_live_redis_conf;

/* exit_process: whoever waits for an answer is about to go, too */
static ngx_uint_t              ngx_live_redis_exiting;

/* the server, or the master that Sentinel names */
static ngx_live_redis_node_t   ngx_live_redis_server;

/* when it was last lost */
static int64_t                 ngx_live_redis_lost_at;

/* outside of shared memory until the worker has its slot */
static ngx_live_redis_sh_t     ngx_live_redis_stat_dummy;

/* calls that somebody waits for, and the timer that keeps the worker then */
static ngx_uint_t              ngx_live_redis_held;
static ngx_event_t             ngx_live_redis_hold_event;
static ngx_connection_t        ngx_live_redis_hold_dummy;

static ngx_queue_t             ngx_live_redis_watches = {
    &ngx_live_redis_watches, &ngx_live_redis_watches
};


ngx_uint_t
ngx_live_redis_on(void)
{
    return ngx_live_redis_conf != NULL;
}


ngx_uint_t
ngx_live_redis_up(void)
{
    return ngx_live_redis_conf && ngx_live_redis_stat->up;
}


ngx_msec_t
ngx_live_redis_timeout(void)
{
    return ngx_live_redis_conf ? ngx_live_redis_conf->timeout : 0;
}


int64_t
ngx_live_redis_lost(void)
{
    return ngx_live_redis_lost_at;
}


ngx_str_t *
ngx_live_redis_prefix(void)
{
    static ngx_str_t  none = ngx_null_string;

    return ngx_live_redis_conf ? &ngx_live_redis_conf->prefix : &none;
}


ngx_str_t *
ngx_live_redis_url(void)
{
    static ngx_str_t  none = ngx_null_string;

    return ngx_live_redis_conf ? &ngx_live_redis_conf->url : &none;
}


void
ngx_live_redis_args(ngx_live_redis_args_t *a, const char *command)
{
    a->argc = 0;
    a->key = 0;
    a->script = NULL;
    a->last = a->buf;
    a->error = 0;
    a->background = 0;

    ngx_live_redis_arg_text(a, command);
}


void
ngx_live_redis_args_script(ngx_live_redis_args_t *a,
    ngx_live_redis_script_t *script, ngx_uint_t keys)
{
    u_char      sum[20];
    ngx_str_t   sha1;
    ngx_sha1_t  ctx;

    if (!script->ready) {
        ngx_sha1_init(&ctx);
        ngx_sha1_update(&ctx, script->text.data, script->text.len);
        ngx_sha1_final(sum, &ctx);

        (void) ngx_hex_dump(script->sha1, sum, sizeof(sum));
        script->ready = 1;
    }

    ngx_live_redis_args(a, "EVALSHA");

    a->script = script;

    sha1.data = script->sha1;
    sha1.len = sizeof(script->sha1);

    ngx_live_redis_arg(a, &sha1);
    ngx_live_redis_args_number(a, keys);
}


static ngx_str_t *
ngx_live_redis_args_push(ngx_live_redis_args_t *a)
{
    if (a->argc == NGX_LIVE_REDIS_ARGS) {
        a->error = 1;
        a->argc--;
    }

    return &a->argv[a->argc++];
}


void
ngx_live_redis_arg(ngx_live_redis_args_t *a, ngx_str_t *value)
{
    *ngx_live_redis_args_push(a) = *value;
}


void
ngx_live_redis_arg_text(ngx_live_redis_args_t *a, const char *value)
{
    ngx_str_t  *arg;

    arg = ngx_live_redis_args_push(a);

    arg->data = (u_char *) value;
    arg->len = ngx_strlen(value);
}


void
ngx_live_redis_arg_int(ngx_live_redis_args_t *a, int64_t value)
{
    ngx_live_redis_args_number(a, value);
}


static void
ngx_live_redis_args_number(ngx_live_redis_args_t *a, int64_t n)
{
    ngx_str_t  *arg;

    arg = ngx_live_redis_args_push(a);

    if ((size_t) (a->buf + NGX_LIVE_REDIS_ARGS_BUF - a->last)
        < NGX_INT64_LEN)
    {
        a->error = 1;
        return;
    }

    arg->data = a->last;
    a->last = ngx_sprintf(a->last, "%L", n);
    arg->len = a->last - arg->data;
}


void
ngx_live_redis_key(ngx_live_redis_args_t *a, const char *fmt, ...)
{
    u_char     *end;
    va_list     args;
    ngx_str_t  *arg;

    if (a->key == 0) {
        a->key = a->argc;
    }

    arg = ngx_live_redis_args_push(a);
    end = a->buf + NGX_LIVE_REDIS_ARGS_BUF;

    arg->data = a->last;

    a->last = ngx_slprintf(a->last, end, "%V", ngx_live_redis_prefix());

    va_start(args, fmt);
    a->last = ngx_vslprintf(a->last, end, fmt, args);
    va_end(args);

    arg->len = a->last - arg->data;

    /* what ends at the end may have been cut */

    if (a->last == end) {
        a->error = 1;
    }
}


ngx_live_redis_call_t *
ngx_live_redis_command(ngx_live_redis_args_t *a,
    ngx_live_redis_handler_pt handler, void *data)
{
    ngx_live_redis_call_t  *call;

    if (ngx_live_redis_conf == NULL || a->error) {
        return NULL;
    }

    if (ngx_live_redis_stat->pending >= ngx_live_redis_conf->queue) {
        ngx_live_redis_stat->refused++;
        return NULL;
    }

    call = ngx_live_redis_call_create(a->argv, a->argc, handler, data);
    if (call == NULL) {
        return NULL;
    }

    call->key = a->key;
    call->script = a->script;

    ngx_live_redis_stat->commands++;
    ngx_live_redis_stat->pending++;

    if (handler && !a->background) {
        ngx_live_redis_hold(call);
    }

    ngx_live_redis_node_call(ngx_live_redis_route(call), call);

    return call;
}


void
ngx_live_redis_cancel(ngx_live_redis_call_t *call)
{
    if (call->sent) {

        /* its answer will come, and is not for the next one */

        call->handler = NULL;
        ngx_live_redis_release(call);
        return;
    }

    ngx_queue_remove(&call->queue);
    call->node->ncalls--;

    ngx_live_redis_call_free(call);
}


ngx_live_redis_call_t *
ngx_live_redis_call_create(ngx_str_t *argv, ngx_uint_t argc,
    ngx_live_redis_handler_pt handler, void *data)
{
    u_char                 *p;
    size_t                  size;
    ngx_uint_t              i;
    ngx_live_redis_call_t  *call;

    size = sizeof(ngx_live_redis_call_t) + argc * sizeof(ngx_str_t);

    for (i = 0; i < argc; i++) {
        size += argv[i].len;
    }

    call = ngx_alloc(size, ngx_cycle->log);
    if (call == NULL) {
        return NULL;
    }

    ngx_memzero(call, sizeof(ngx_live_redis_call_t));

    call->handler = handler;
    call->data = data;
    call->argc = argc;

    p = (u_char *) &call->argv[argc];

    for (i = 0; i < argc; i++) {
        call->argv[i].data = p;
        call->argv[i].len = argv[i].len;

        if (argv[i].len) {
            p = ngx_cpymem(p, argv[i].data, argv[i].len);
        }
    }

    return call;
}


void
ngx_live_redis_call_fail(ngx_live_redis_call_t *call, ngx_uint_t fault,
    const char *reason)
{
    ngx_live_redis_reply_t  reply;

    ngx_memzero(&reply, sizeof(ngx_live_redis_reply_t));

    reply.type = NGX_LIVE_REDIS_ERROR;
    reply.fault = fault;
    reply.str.data = (u_char *) reason;
    reply.str.len = ngx_strlen(reason);

    if (!call->internal) {
        ngx_live_redis_stat->failed++;
    }

    if (call->handler && !ngx_live_redis_exiting) {
        call->handler(&reply, call->data);
    }

    ngx_live_redis_call_free(call);
}


void
ngx_live_redis_call_free(ngx_live_redis_call_t *call)
{
    ngx_live_redis_release(call);

    if (!call->internal) {
        ngx_live_redis_stat->pending--;
    }

    ngx_free(call);
}


/*
 * A client whose request waits has no timer of its own, and a worker that
 * exits leaves when no timer is pending.  How long a call may take is decided
 * by the clocks of nodes: each is answered or fails.
 */

static void
ngx_live_redis_hold(ngx_live_redis_call_t *call)
{
    call->held = 1;

    if (ngx_live_redis_held++ == 0) {
        ngx_add_timer(&ngx_live_redis_hold_event,
                      ngx_live_redis_conf->timeout);
    }
}


static void
ngx_live_redis_release(ngx_live_redis_call_t *call)
{
    if (!call->held) {
        return;
    }

    call->held = 0;

    if (--ngx_live_redis_held == 0
        && ngx_live_redis_hold_event.timer_set)
    {
        ngx_del_timer(&ngx_live_redis_hold_event);
    }
}


static void
ngx_live_redis_hold_timer(ngx_event_t *ev)
{
    if (ngx_live_redis_held) {
        ngx_add_timer(ev, ngx_live_redis_conf->timeout);
    }
}


ngx_live_redis_node_t *
ngx_live_redis_route(ngx_live_redis_call_t *call)
{
    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_CLUSTER) {
        return ngx_live_redis_cluster_route(call);
    }

    return &ngx_live_redis_server;
}


/* error replies that are no answer yet */

ngx_int_t
ngx_live_redis_intercept(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call, ngx_live_redis_reply_t *reply)
{
    if (call->script
        && reply->str.len >= 8
        && ngx_strncmp(reply->str.data, "NOSCRIPT", 8) == 0)
    {
        return ngx_live_redis_eval(node, call);
    }

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_CLUSTER) {
        return ngx_live_redis_cluster_intercept(node, call, reply);
    }

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_SENTINEL
        && reply->str.len >= 8
        && ngx_strncmp(reply->str.data, "READONLY", 8) == 0
        && call->redirects++ < NGX_LIVE_REDIS_REDIRECTS)
    {
        /* it was not executed: the next master gets it */

        ngx_live_redis_move("it is a master no more");
        ngx_live_redis_node_call(node, call);

        return NGX_OK;
    }

    return NGX_DECLINED;
}


void
ngx_live_redis_move(const char *reason)
{
    if (ngx_live_redis_server.state != NGX_LIVE_REDIS_NODE_IDLE) {
        ngx_live_redis_node_fail(&ngx_live_redis_server, reason);
    }

    ngx_live_redis_sub_move(reason);
    ngx_live_redis_block_move(reason);
}


static ngx_int_t
ngx_live_redis_eval(ngx_live_redis_node_t *node, ngx_live_redis_call_t *call)
{
    ngx_str_set(&call->argv[0], "EVAL");
    call->argv[1] = call->script->text;
    call->script = NULL;

    ngx_live_redis_node_call(node, call);

    return NGX_OK;
}


ngx_int_t
ngx_live_redis_locate(ngx_live_redis_node_t *node)
{
    ngx_live_redis_peer_t  *peers;

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_SENTINEL) {
        return ngx_live_redis_sentinel_locate(node);
    }

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_CLUSTER) {
        return ngx_live_redis_cluster_locate(node);
    }

    /* a name that was resolved when nginx started may have several */

    peers = ngx_live_redis_conf->peers.elts;
    node->peer = peers[node->failures % ngx_live_redis_conf->peers.nelts];

    return NGX_OK;
}


void
ngx_live_redis_went_up(ngx_live_redis_node_t *node)
{
    ngx_queue_t             *q, *next;
    ngx_live_redis_watch_t  *w;

    if (node->ups > 1) {
        ngx_live_redis_stat->reconnects++;
    }

    ngx_live_redis_stat->up = 1;
    ngx_live_redis_stat->since = ngx_time();

    for (q = ngx_queue_head(&ngx_live_redis_watches);
         q != ngx_queue_sentinel(&ngx_live_redis_watches);
         q = next)
    {
        next = ngx_queue_next(q);
        w = ngx_queue_data(q, ngx_live_redis_watch_t, queue);

        w->handler(w->data);
    }
}


void
ngx_live_redis_went_down(ngx_live_redis_node_t *node)
{
    if (ngx_live_redis_stat->up) {
        ngx_live_redis_lost_at = (int64_t) ngx_current_msec;
    }

    if (ngx_live_redis_stat->up || ngx_live_redis_stat->since == 0) {
        ngx_live_redis_stat->up = 0;
        ngx_live_redis_stat->since = ngx_time();
    }
}


void
ngx_live_redis_watch(ngx_live_redis_watch_t *w)
{
    ngx_queue_insert_tail(&ngx_live_redis_watches, &w->queue);
}


void
ngx_live_redis_unwatch(ngx_live_redis_watch_t *w)
{
    ngx_queue_remove(&w->queue);
}


ngx_int_t
ngx_live_redis_init_process(ngx_cycle_t *cycle, ngx_live_redis_conf_t *conf)
{
    ngx_live_redis_stat = &ngx_live_redis_stat_dummy;

    if (ngx_live_slot >= 0) {
        ngx_live_redis_stat = &ngx_live_zone->sh->slots[ngx_live_slot].redis;
    }

    ngx_memzero(ngx_live_redis_stat, sizeof(ngx_live_redis_sh_t));

    ngx_live_redis_conf = conf;

    ngx_live_redis_hold_dummy.fd = (ngx_socket_t) -1;

    ngx_live_redis_hold_event.data = &ngx_live_redis_hold_dummy;
    ngx_live_redis_hold_event.log = cycle->log;
    ngx_live_redis_hold_event.handler = ngx_live_redis_hold_timer;

    if (conf->mode == NGX_LIVE_REDIS_CLUSTER) {
        if (ngx_live_redis_cluster_init(cycle) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        ngx_live_redis_server_init(cycle->log);
    }

    ngx_live_redis_block_init(cycle->log);

    return ngx_live_redis_sub_init(cycle->log);
}


static void
ngx_live_redis_server_init(ngx_log_t *log)
{
    ngx_live_redis_node_t  *node;

    node = &ngx_live_redis_server;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->login, log);

    node->locate = ngx_live_redis_locate;
    node->intercept = ngx_live_redis_intercept;
    node->up = ngx_live_redis_went_up;
    node->down = ngx_live_redis_went_down;

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_SENTINEL) {
        node->master = 1;
        ngx_live_redis_sentinel_init(log);
    }

    ngx_live_redis_node_start(node);
}


void
ngx_live_redis_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_live_redis_conf == NULL) {
        return;
    }

    ngx_live_redis_exiting = 1;

    ngx_live_redis_sub_done();
    ngx_live_redis_block_done();

    /* what was said at the end is sent, without waiting for answers */

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_CLUSTER) {
        ngx_live_redis_cluster_done();

    } else {
        ngx_live_redis_link_flush(&ngx_live_redis_server.link);
        ngx_live_redis_node_done(&ngx_live_redis_server);
    }

    if (ngx_live_redis_conf->mode == NGX_LIVE_REDIS_SENTINEL) {
        ngx_live_redis_sentinel_done();
    }

    ngx_live_redis_conf = NULL;
}


void
ngx_live_redis_status(ngx_live_json_t *js)
{
    time_t                since;
    ngx_uint_t            i, mode;
    ngx_live_slot_sh_t   *slot;
    ngx_live_redis_sh_t  *st;

    mode = ngx_live_redis_conf ? ngx_live_redis_conf->mode
                               : NGX_LIVE_REDIS_OFF;

    ngx_live_json_object(js, "redis");
    ngx_live_json_string(js, "mode", (u_char *) ngx_live_redis_modes[mode],
                         ngx_strlen(ngx_live_redis_modes[mode]));
    ngx_live_json_array(js, "workers");

    for (i = 0; mode != NGX_LIVE_REDIS_OFF && i < NGX_LIVE_SLOTS; i++) {
        slot = &ngx_live_zone->sh->slots[i];
        st = &slot->redis;

        if (slot->pid == 0) {
            continue;
        }

        since = st->since;

        ngx_live_json_object(js, NULL);
        ngx_live_json_int(js, "slot", i);
        ngx_live_json_bool(js, "up", st->up);
        ngx_live_json_bool(js, "subscribed", st->subscribed);
        ngx_live_json_int(js, "since", since ? ngx_time() - since : 0);
        ngx_live_json_int(js, "reconnects", st->reconnects);
        ngx_live_json_int(js, "commands", st->commands);
        ngx_live_json_int(js, "pending", st->pending);
        ngx_live_json_int(js, "refused", st->refused);
        ngx_live_json_int(js, "failed", st->failed);
        ngx_live_json_int(js, "messages", st->messages);
        ngx_live_json_object_end(js);
    }

    ngx_live_json_array_end(js);
    ngx_live_json_object_end(js);
}
