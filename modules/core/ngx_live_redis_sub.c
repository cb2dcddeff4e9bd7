
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"


/*
 * Subscriptions of the worker, on a connection of their own.
 */


struct ngx_live_redis_sub_s {
    ngx_queue_t                queue;
    ngx_str_t                  channel;     /* behind the structure */
    ngx_live_redis_message_pt  handler;
    ngx_live_redis_resync_pt   resync;
    void                      *data;

    unsigned                   pattern:1;
    unsigned                   asked:1;     /* on this connection */
    unsigned                   confirmed:1;
    unsigned                   removed:1;   /* freed after the handlers */
};


static ngx_live_redis_sub_t *ngx_live_redis_sub_find(ngx_str_t *channel,
    ngx_uint_t pattern);
static void ngx_live_redis_sub_send(ngx_live_redis_sub_t *sub);
static void ngx_live_redis_sub_ask(const char *command, ngx_str_t *channel);
static void ngx_live_redis_sub_up(ngx_live_redis_node_t *node);
static void ngx_live_redis_sub_down(ngx_live_redis_node_t *node);
static void ngx_live_redis_sub_ping(ngx_live_redis_node_t *node);
static void ngx_live_redis_sub_push(ngx_live_redis_node_t *node,
    ngx_live_redis_reply_t *reply);
static void ngx_live_redis_sub_message(ngx_str_t *name, ngx_uint_t pattern,
    ngx_str_t *channel, ngx_str_t *message);
static void ngx_live_redis_sub_confirmed(ngx_str_t *name,
    ngx_uint_t pattern);
static void ngx_live_redis_sub_sweep(void);


static ngx_live_redis_node_t  ngx_live_redis_sub_node;
static ngx_queue_t            ngx_live_redis_subs = {
    &ngx_live_redis_subs, &ngx_live_redis_subs
};
static ngx_uint_t             ngx_live_redis_sub_depth;


#define ngx_live_redis_sub_is(sub, name, is_pattern)                          \
    ((sub)->pattern == (is_pattern)                                           \
     && (sub)->channel.len == (name)->len                                     \
     && ngx_memcmp((sub)->channel.data, (name)->data, (name)->len) == 0)


ngx_live_redis_sub_t *
ngx_live_redis_subscribe(ngx_str_t *channel, ngx_uint_t pattern,
    ngx_live_redis_message_pt handler, ngx_live_redis_resync_pt resync,
    void *data)
{
    ngx_live_redis_sub_t  *sub;

    if (ngx_live_redis_conf == NULL || channel->len == 0) {
        return NULL;
    }

    sub = ngx_alloc(sizeof(ngx_live_redis_sub_t) + channel->len,
                    ngx_cycle->log);
    if (sub == NULL) {
        return NULL;
    }

    ngx_memzero(sub, sizeof(ngx_live_redis_sub_t));

    sub->channel.data = (u_char *) &sub[1];
    sub->channel.len = channel->len;
    ngx_memcpy(sub->channel.data, channel->data, channel->len);

    sub->handler = handler;
    sub->resync = resync;
    sub->data = data;
    sub->pattern = (pattern != 0);

    ngx_queue_insert_tail(&ngx_live_redis_subs, &sub->queue);

    /* nobody needs the connection before the first subscription */

    ngx_live_redis_node_start(&ngx_live_redis_sub_node);

    if (ngx_live_redis_sub_node.state == NGX_LIVE_REDIS_NODE_UP) {
        ngx_live_redis_sub_send(sub);
    }

    return sub;
}


void
ngx_live_redis_unsubscribe(ngx_live_redis_sub_t *sub)
{
    ngx_uint_t  asked;

    asked = sub->asked;
    sub->removed = 1;

    if (asked
        && ngx_live_redis_sub_node.state == NGX_LIVE_REDIS_NODE_UP
        && ngx_live_redis_sub_find(&sub->channel, sub->pattern) == NULL)
    {
        ngx_live_redis_sub_ask(sub->pattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE",
                               &sub->channel);
    }

    ngx_live_redis_sub_sweep();
}


static ngx_live_redis_sub_t *
ngx_live_redis_sub_find(ngx_str_t *channel, ngx_uint_t pattern)
{
    ngx_queue_t           *q;
    ngx_live_redis_sub_t  *sub;

    for (q = ngx_queue_head(&ngx_live_redis_subs);
         q != ngx_queue_sentinel(&ngx_live_redis_subs);
         q = ngx_queue_next(q))
    {
        sub = ngx_queue_data(q, ngx_live_redis_sub_t, queue);

        if (!sub->removed && ngx_live_redis_sub_is(sub, channel, pattern)) {
            return sub;
        }
    }

    return NULL;
}


static void
ngx_live_redis_sub_send(ngx_live_redis_sub_t *sub)
{
    sub->asked = 1;
    sub->confirmed = 0;

    ngx_live_redis_sub_ask(sub->pattern ? "PSUBSCRIBE" : "SUBSCRIBE",
                           &sub->channel);
}


static void
ngx_live_redis_sub_ask(const char *command, ngx_str_t *channel)
{
    ngx_str_t  argv[2];

    argv[0].data = (u_char *) command;
    argv[0].len = ngx_strlen(command);
    argv[1] = *channel;

    if (ngx_live_redis_link_send(&ngx_live_redis_sub_node.link, argv, 2)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_INFO, ngx_live_redis_sub_node.log, 0,
                      "redis subscription \"%V\" waits", channel);
    }
}


ngx_int_t
ngx_live_redis_sub_init(ngx_log_t *log)
{
    ngx_live_redis_node_t  *node;

    node = &ngx_live_redis_sub_node;

    ngx_live_redis_node_init(node, &ngx_live_redis_conf->login, log);

    node->locate = ngx_live_redis_locate;
    node->up = ngx_live_redis_sub_up;
    node->down = ngx_live_redis_sub_down;
    node->push = ngx_live_redis_sub_push;
    node->ping = ngx_live_redis_sub_ping;

    /* the other connection tells of the same trouble */
    node->quiet = 1;

    return NGX_OK;
}


void
ngx_live_redis_sub_done(void)
{
    ngx_live_redis_node_done(&ngx_live_redis_sub_node);
}


void
ngx_live_redis_sub_move(const char *reason)
{
    if (ngx_live_redis_sub_node.state == NGX_LIVE_REDIS_NODE_UP) {
        ngx_live_redis_node_fail(&ngx_live_redis_sub_node, reason);
    }
}


static void
ngx_live_redis_sub_up(ngx_live_redis_node_t *node)
{
    ngx_queue_t           *q;
    ngx_live_redis_sub_t  *sub;

    ngx_live_redis_stat->subscribed = 1;

    /* first of all: while it lasts hiredis knows what a message is */

    ngx_live_redis_sub_ping(node);

    for (q = ngx_queue_head(&ngx_live_redis_subs);
         q != ngx_queue_sentinel(&ngx_live_redis_subs);
         q = ngx_queue_next(q))
    {
        sub = ngx_queue_data(q, ngx_live_redis_sub_t, queue);

        if (!sub->removed) {
            ngx_live_redis_sub_send(sub);
        }
    }
}


static void
ngx_live_redis_sub_down(ngx_live_redis_node_t *node)
{
    ngx_queue_t           *q;
    ngx_live_redis_sub_t  *sub;

    ngx_live_redis_stat->subscribed = 0;

    for (q = ngx_queue_head(&ngx_live_redis_subs);
         q != ngx_queue_sentinel(&ngx_live_redis_subs);
         q = ngx_queue_next(q))
    {
        sub = ngx_queue_data(q, ngx_live_redis_sub_t, queue);
        sub->asked = 0;
    }
}


/*
 * hiredis 0.14 takes a PING on this connection for a command that is never
 * answered; to subscribe again to a channel without messages does as well.
 */

static void
ngx_live_redis_sub_ping(ngx_live_redis_node_t *node)
{
    u_char     name[128];
    ngx_str_t  channel;

    channel.data = name;
    channel.len = ngx_snprintf(name, sizeof(name), "%Vheartbeat",
                               &ngx_live_redis_conf->prefix)
                  - name;

    ngx_live_redis_sub_ask("SUBSCRIBE", &channel);
}


static void
ngx_live_redis_sub_push(ngx_live_redis_node_t *node,
    ngx_live_redis_reply_t *reply)
{
    ngx_str_t               *kind;
    ngx_live_redis_reply_t  *e;

    e = reply->elts;
    kind = &e[0].str;

    ngx_live_redis_sub_depth++;

    if (kind->len == 7 && ngx_strncmp(kind->data, "message", 7) == 0
        && ngx_live_redis_is_text(&e[2]))
    {
        ngx_live_redis_sub_message(&e[1].str, 0, &e[1].str, &e[2].str);

    } else if (kind->len == 8 && ngx_strncmp(kind->data, "pmessage", 8) == 0
               && reply->n >= 4
               && ngx_live_redis_is_text(&e[2])
               && ngx_live_redis_is_text(&e[3]))
    {
        ngx_live_redis_sub_message(&e[1].str, 1, &e[2].str, &e[3].str);

    } else if (kind->len == 9 && ngx_strncmp(kind->data, "subscribe", 9) == 0) {
        ngx_live_redis_sub_confirmed(&e[1].str, 0);

    } else if (kind->len == 10
               && ngx_strncmp(kind->data, "psubscribe", 10) == 0)
    {
        ngx_live_redis_sub_confirmed(&e[1].str, 1);
    }

    ngx_live_redis_sub_depth--;

    ngx_live_redis_sub_sweep();
}


static void
ngx_live_redis_sub_message(ngx_str_t *name, ngx_uint_t pattern,
    ngx_str_t *channel, ngx_str_t *message)
{
    ngx_queue_t           *q;
    ngx_live_redis_sub_t  *sub;

    ngx_live_redis_stat->messages++;

    for (q = ngx_queue_head(&ngx_live_redis_subs);
         q != ngx_queue_sentinel(&ngx_live_redis_subs);
         q = ngx_queue_next(q))
    {
        sub = ngx_queue_data(q, ngx_live_redis_sub_t, queue);

        if (!sub->removed && ngx_live_redis_sub_is(sub, name, pattern)) {
            sub->handler(channel, message, sub->data);
        }
    }
}


static void
ngx_live_redis_sub_confirmed(ngx_str_t *name, ngx_uint_t pattern)
{
    ngx_queue_t           *q;
    ngx_live_redis_sub_t  *sub;

    for (q = ngx_queue_head(&ngx_live_redis_subs);
         q != ngx_queue_sentinel(&ngx_live_redis_subs);
         q = ngx_queue_next(q))
    {
        sub = ngx_queue_data(q, ngx_live_redis_sub_t, queue);

        if (!sub->removed
            && sub->asked
            && !sub->confirmed
            && ngx_live_redis_sub_is(sub, name, pattern))
        {
            sub->confirmed = 1;

            if (sub->resync) {
                sub->resync(sub->data);
            }
        }
    }
}


/* a handler may have removed any of them, also the one after its own */

static void
ngx_live_redis_sub_sweep(void)
{
    ngx_queue_t           *q, *next;
    ngx_live_redis_sub_t  *sub;

    if (ngx_live_redis_sub_depth) {
        return;
    }

    for (q = ngx_queue_head(&ngx_live_redis_subs);
         q != ngx_queue_sentinel(&ngx_live_redis_subs);
         q = next)
    {
        next = ngx_queue_next(q);
        sub = ngx_queue_data(q, ngx_live_redis_sub_t, queue);

        if (sub->removed) {
            ngx_queue_remove(q);
            ngx_free(sub);
        }
    }
}
