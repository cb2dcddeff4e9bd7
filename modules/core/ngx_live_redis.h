
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_REDIS_H_INCLUDED_
#define _NGX_LIVE_REDIS_H_INCLUDED_


#include "ngx_live.h"
#include "ngx_live_json.h"
#include "ngx_live_redis_reply.h"


/*
 * The Redis client of a worker.  All of it is asynchronous and for workers
 * only: nothing here may be called from the master process or while the
 * configuration is read.  A handler is never called from within the function
 * that it was given to.
 *
 * Redis is advisory: whoever calls these functions goes on without an answer.
 */


/*
 * Non-zero if the configuration has a "redis".  The prefix of keys and
 * channels, "nl:" by default, is an empty string without one.
 */
ngx_uint_t ngx_live_redis_on(void);
ngx_str_t *ngx_live_redis_prefix(void);

/* registry_url, an empty string without one */
ngx_str_t *ngx_live_redis_url(void);

/* non-zero if commands are answered at the moment */
ngx_uint_t ngx_live_redis_up(void);

/* redis_timeout, ms; 0 without a Redis */
ngx_msec_t ngx_live_redis_timeout(void);

/*
 * ngx_live_clock() of when this was last over, 0: never.  Redis may have
 * forgotten what it was told up to then.
 */
int64_t ngx_live_redis_lost(void);


/*
 * The arguments of a command.
 *
 *     ngx_live_redis_args_t  a;
 *
 *     ngx_live_redis_args(&a, "HSET");
 *     ngx_live_redis_key(&a, "stream:{%V}", &name);
 *     ngx_live_redis_arg_text(&a, "node");
 *     ngx_live_redis_arg(&a, &lmcf->node);
 *
 *     call = ngx_live_redis_command(&a, handler, data);
 *
 * Texts and strings are not copied before the command is given; what is
 * formatted (keys, numbers) has 4096 bytes together.  Beyond that and beyond
 * 128 arguments the command is refused.
 */

#define NGX_LIVE_REDIS_ARGS      128
#define NGX_LIVE_REDIS_ARGS_BUF  4096

typedef struct ngx_live_redis_script_s  ngx_live_redis_script_t;

typedef struct {
    ngx_str_t                  argv[NGX_LIVE_REDIS_ARGS];
    ngx_uint_t                 argc;
    ngx_uint_t                 key;         /* index of the first key or
                                               0: none, any node will do */
    ngx_live_redis_script_t   *script;
    u_char                    *last;
    u_char                     buf[NGX_LIVE_REDIS_ARGS_BUF];
    unsigned                   error:1;
    unsigned                   background:1;    /* set by the caller: no
                                                   worker that exits waits
                                                   for the answer */
} ngx_live_redis_args_t;

void ngx_live_redis_args(ngx_live_redis_args_t *a, const char *command);
void ngx_live_redis_arg(ngx_live_redis_args_t *a, ngx_str_t *value);
void ngx_live_redis_arg_text(ngx_live_redis_args_t *a, const char *value);
void ngx_live_redis_arg_int(ngx_live_redis_args_t *a, int64_t value);

/*
 * A key or channel: the prefix and what is formatted as by ngx_sprintf.  The
 * first one decides which node of a cluster is asked: the keys of one command
 * or script have one hash tag.
 */
void ngx_live_redis_key(ngx_live_redis_args_t *a, const char *fmt, ...);


/*
 * Sends a command.  The handler is called once, later, with the answer, which
 * is valid during the call, or, when there is none, with an error reply whose
 * "fault" is not NGX_LIVE_REDIS_ANSWERED.  A handler of NULL means that nobody
 * wants to know.
 *
 * A worker that is told to exit gracefully stays until the handlers of all
 * commands have been called, those of args with "background" set aside.  One
 * that leaves at once calls no handler.
 *
 * NULL is returned, and the handler is not called, if the command is refused:
 * there is no Redis in the configuration, or it is down and "redis_queue"
 * commands wait already (newcomers are refused, since those that wait have
 * been promised an answer), or there is no memory.
 *
 * Blocking commands (BLPOP, WAIT), MULTI and SUBSCRIBE are not for this
 * connection, which all of the worker shares: write a script instead.
 */

typedef struct ngx_live_redis_call_s  ngx_live_redis_call_t;

typedef void (*ngx_live_redis_handler_pt)(ngx_live_redis_reply_t *reply,
    void *data);

ngx_live_redis_call_t *ngx_live_redis_command(ngx_live_redis_args_t *a,
    ngx_live_redis_handler_pt handler, void *data);

/*
 * The handler will not be called; whether the command is executed is open.
 * A call is over, and its pointer not valid any more, when its handler is
 * called.
 */
void ngx_live_redis_cancel(ngx_live_redis_call_t *call);


/*
 * A Lua script, run by EVALSHA and, if the server does not know it, by EVAL.
 * The structure is static; the rest of it is filled in at the first call.
 *
 *     static ngx_live_redis_script_t  script = ngx_live_redis_script(
 *         "return redis.call('INCRBY', KEYS[1], ARGV[1])");
 *
 *     ngx_live_redis_args_script(&a, &script, 1);
 *     ngx_live_redis_key(&a, "count:{%V}", &name);
 *     ngx_live_redis_arg_int(&a, 5);
 *
 *     call = ngx_live_redis_command(&a, handler, data);
 */

struct ngx_live_redis_script_s {
    ngx_str_t                  text;
    u_char                     sha1[40];
    ngx_uint_t                 ready;
};

#define ngx_live_redis_script(text)  { ngx_string(text), "", 0 }

void ngx_live_redis_args_script(ngx_live_redis_args_t *a,
    ngx_live_redis_script_t *script, ngx_uint_t keys);


/*
 * A command that blocks, such as XREAD, for at most "time" ms, on a connection
 * of its own; there is one per worker, so there is one such command at a time.
 * argv[key] is its first key, all that is copied.  The handler is called once,
 * as that of other commands; a worker that exits does not wait for it.  When
 * the connection is lost the next command makes a new one.
 */
ngx_int_t ngx_live_redis_block(ngx_str_t *argv, ngx_uint_t argc,
    ngx_uint_t key, ngx_msec_t time, ngx_live_redis_handler_pt handler,
    void *data);


/*
 * Subscriptions.  The channel (a pattern of PSUBSCRIBE if "pattern" is set)
 * is the whole name, with the prefix; it is copied.  The message's handler
 * gets the channel's name and the message, valid during the call.
 *
 * "resync" (may be NULL) is called each time the server has confirmed the
 * subscription, also the first time: messages arrive from now on, earlier
 * ones may have been missed, so what they told is to be read again.
 *
 * NULL: Redis is off or there is no memory.  Without a connection the
 * subscription waits for one.  Both handlers may unsubscribe.
 */

typedef struct ngx_live_redis_sub_s  ngx_live_redis_sub_t;

typedef void (*ngx_live_redis_message_pt)(ngx_str_t *channel,
    ngx_str_t *message, void *data);
typedef void (*ngx_live_redis_resync_pt)(void *data);

ngx_live_redis_sub_t *ngx_live_redis_subscribe(ngx_str_t *channel,
    ngx_uint_t pattern, ngx_live_redis_message_pt handler,
    ngx_live_redis_resync_pt resync, void *data);
void ngx_live_redis_unsubscribe(ngx_live_redis_sub_t *sub);


/*
 * Called each time commands begin to be answered again (and the first time):
 * what is to be in Redis is written again.  Initialise queue links by adding
 * the watch; it may be added in init_process of any module.
 */

typedef struct {
    ngx_queue_t                queue;
    void                     (*handler)(void *data);
    void                      *data;
} ngx_live_redis_watch_t;

void ngx_live_redis_watch(ngx_live_redis_watch_t *w);
void ngx_live_redis_unwatch(ngx_live_redis_watch_t *w);


/* internal to core: the object "redis" of live_status */
void ngx_live_redis_status(ngx_live_json_t *js);


#endif /* _NGX_LIVE_REDIS_H_INCLUDED_ */
