
/*
 * Copyright (C) nginx-live authors
 */


/*
 * For tests only: commands to Redis by HTTP.
 *
 *     location /redis { live_test_redis; }
 *
 *     /redis?cmd=SET,a,1&key=1&n=3     a command, three times at once, whose
 *                                      first key is argument 1; &cancel=1
 *     /redis?script=a,5                a script: INCRBY a 5
 *     /redis?sub=c  /redis?psub=c*     subscribes, /redis?unsub=1 ends it
 *     /redis                           what this worker has seen
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_json.h"
#include "ngx_live_redis.h"
#include "ngx_live_test.h"


#define NGX_LIVE_TEST_MESSAGES  64
#define NGX_LIVE_TEST_TICK      10


typedef struct {
    ngx_http_request_t        *request;
    ngx_uint_t                 pending;
    ngx_uint_t                 refused;
    ngx_uint_t                 answers;
    ngx_uint_t                 errors;
    ngx_uint_t                 faults[5];
    ngx_live_json_t            js;
} ngx_http_live_test_redis_ctx_t;


typedef struct {
    u_char                     channel[64];
    u_char                     text[64];
} ngx_http_live_test_redis_message_t;


static ngx_int_t ngx_http_live_test_redis_arg(ngx_http_request_t *r,
    char *name, ngx_str_t *value);
static void ngx_http_live_test_redis_args(ngx_live_redis_args_t *a,
    ngx_str_t *value);
static ngx_int_t ngx_http_live_test_redis_command(ngx_http_request_t *r,
    ngx_live_redis_args_t *a);
static void ngx_http_live_test_redis_answer(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_http_live_test_redis_reply(ngx_live_json_t *js,
    const char *key, ngx_live_redis_reply_t *reply);
static ngx_int_t ngx_http_live_test_redis_sub(ngx_str_t *channel,
    ngx_uint_t pattern);
static void ngx_http_live_test_redis_message(ngx_str_t *channel,
    ngx_str_t *message, void *data);
static void ngx_http_live_test_redis_resync(void *data);
static void ngx_http_live_test_redis_seen(ngx_live_json_t *js);
static ngx_int_t ngx_http_live_test_redis_send(ngx_http_request_t *r,
    ngx_live_json_t *js);
static void ngx_http_live_test_redis_up(void *data);
static void ngx_http_live_test_redis_tick(ngx_event_t *ev);
static uint64_t ngx_http_live_test_redis_delay(void);
static uint64_t ngx_http_live_test_redis_clock(void);


static ngx_live_redis_script_t  ngx_http_live_test_redis_script =
    ngx_live_redis_script(
        "return redis.call('INCRBY', KEYS[1], ARGV[1]) -- live test");

static ngx_live_redis_sub_t                *ngx_http_live_test_redis_subs[8];
static ngx_uint_t                           ngx_http_live_test_redis_nsubs;
static ngx_uint_t                           ngx_http_live_test_redis_resyncs;
static ngx_uint_t                           ngx_http_live_test_redis_ups;
static ngx_uint_t                           ngx_http_live_test_redis_n;
static ngx_http_live_test_redis_message_t   ngx_http_live_test_redis_messages
                                                [NGX_LIVE_TEST_MESSAGES];

static ngx_event_t                          ngx_http_live_test_redis_event;
static ngx_connection_t                     ngx_http_live_test_redis_dummy;
static uint64_t                             ngx_http_live_test_redis_last;
static uint64_t                             ngx_http_live_test_redis_stall;
static ngx_live_redis_watch_t               ngx_http_live_test_redis_watch;


ngx_int_t
ngx_http_live_test_redis_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_str_t              value;
    ngx_live_json_t        js;
    ngx_live_redis_args_t  a;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_live_test_redis_arg(r, "cmd", &value) == NGX_OK) {
        ngx_live_redis_args(&a, "");
        a.argc = 0;

        ngx_http_live_test_redis_args(&a, &value);

        if (ngx_http_live_test_redis_arg(r, "key", &value) == NGX_OK) {
            a.key = ngx_atoi(value.data, value.len);
        }

        return ngx_http_live_test_redis_command(r, &a);
    }

    if (ngx_http_live_test_redis_arg(r, "script", &value) == NGX_OK) {
        ngx_live_redis_args_script(&a, &ngx_http_live_test_redis_script, 1);
        a.key = a.argc;
        ngx_http_live_test_redis_args(&a, &value);

        return ngx_http_live_test_redis_command(r, &a);
    }

    if (ngx_http_live_test_redis_arg(r, "sub", &value) == NGX_OK) {
        if (ngx_http_live_test_redis_sub(&value, 0) != NGX_OK) {
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }
    }

    if (ngx_http_live_test_redis_arg(r, "psub", &value) == NGX_OK) {
        if (ngx_http_live_test_redis_sub(&value, 1) != NGX_OK) {
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }
    }

    if (ngx_http_live_test_redis_arg(r, "unsub", &value) == NGX_OK) {
        for (i = 0; i < ngx_http_live_test_redis_nsubs; i++) {
            ngx_live_redis_unsubscribe(ngx_http_live_test_redis_subs[i]);
        }

        ngx_http_live_test_redis_nsubs = 0;
    }

    ngx_live_json_init(&js, r->pool);
    ngx_live_json_object(&js, NULL);
    ngx_http_live_test_redis_seen(&js);

    if (ngx_http_live_test_redis_arg(r, "reset", &value) == NGX_OK) {
        ngx_http_live_test_redis_stall = 0;
    }

    return ngx_http_live_test_redis_send(r, &js);
}


static ngx_int_t
ngx_http_live_test_redis_arg(ngx_http_request_t *r, char *name,
    ngx_str_t *value)
{
    u_char     *dst, *src;
    ngx_str_t   raw;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &raw) != NGX_OK) {
        return NGX_DECLINED;
    }

    value->data = ngx_pnalloc(r->pool, raw.len + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    dst = value->data;
    src = raw.data;

    ngx_unescape_uri(&dst, &src, raw.len, 0);

    value->len = dst - value->data;

    return NGX_OK;
}


static void
ngx_http_live_test_redis_args(ngx_live_redis_args_t *a, ngx_str_t *value)
{
    u_char     *p, *last, *comma;
    ngx_str_t   arg;

    p = value->data;
    last = p + value->len;

    for ( ;; ) {
        comma = ngx_strlchr(p, last, ',');

        arg.data = p;
        arg.len = (comma ? comma : last) - p;

        ngx_live_redis_arg(a, &arg);

        if (comma == NULL) {
            return;
        }

        p = comma + 1;
    }
}


static ngx_int_t
ngx_http_live_test_redis_command(ngx_http_request_t *r,
    ngx_live_redis_args_t *a)
{
    ngx_str_t                        value;
    ngx_uint_t                       i, n, cancel;
    ngx_live_redis_call_t           *call;
    ngx_http_live_test_redis_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_live_test_redis_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;

    ngx_live_json_init(&ctx->js, r->pool);
    ngx_live_json_object(&ctx->js, NULL);

    n = 1;

    if (ngx_http_live_test_redis_arg(r, "n", &value) == NGX_OK) {
        n = ngx_atoi(value.data, value.len);
    }

    cancel = ngx_http_live_test_redis_arg(r, "cancel", &value) == NGX_OK;

    for (i = 0; i < n; i++) {
        call = ngx_live_redis_command(a, ngx_http_live_test_redis_answer,
                                      ctx);
        if (call == NULL) {
            ctx->refused++;

        } else if (cancel) {
            ngx_live_redis_cancel(call);

        } else {
            ctx->pending++;
        }
    }

    if (ctx->pending == 0) {
        ngx_live_json_int(&ctx->js, "refused", ctx->refused);
        ngx_live_json_int(&ctx->js, "pid", ngx_pid);
        return ngx_http_live_test_redis_send(r, &ctx->js);
    }

    r->main->count++;

    return NGX_DONE;
}


static void
ngx_http_live_test_redis_answer(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_http_live_test_redis_ctx_t *ctx = data;

    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    ctx->pending--;
    ctx->answers++;

    if (reply->type == NGX_LIVE_REDIS_ERROR) {
        ctx->errors++;
        ctx->faults[reply->fault]++;
    }

    if (ctx->pending) {
        return;
    }

    ngx_live_json_int(&ctx->js, "pid", ngx_pid);
    ngx_live_json_int(&ctx->js, "answers", ctx->answers);
    ngx_live_json_int(&ctx->js, "refused", ctx->refused);
    ngx_live_json_int(&ctx->js, "errors", ctx->errors);
    ngx_live_json_int(&ctx->js, "down", ctx->faults[NGX_LIVE_REDIS_DOWN]);
    ngx_live_json_int(&ctx->js, "timeout",
                      ctx->faults[NGX_LIVE_REDIS_TIMEOUT]);
    ngx_live_json_int(&ctx->js, "lost", ctx->faults[NGX_LIVE_REDIS_LOST]);
    ngx_live_json_int(&ctx->js, "fault", reply->fault);
    ngx_http_live_test_redis_reply(&ctx->js, "reply", reply);

    r = ctx->request;
    c = r->connection;

    ngx_http_finalize_request(r, ngx_http_live_test_redis_send(r, &ctx->js));
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_live_test_redis_reply(ngx_live_json_t *js, const char *key,
    ngx_live_redis_reply_t *reply)
{
    ngx_uint_t  i;

    switch (reply->type) {

    case NGX_LIVE_REDIS_NIL:
        ngx_live_json_bool(js, key, 0);
        return;

    case NGX_LIVE_REDIS_INTEGER:
        ngx_live_json_int(js, key, reply->integer);
        return;

    case NGX_LIVE_REDIS_ARRAY:
        ngx_live_json_array(js, key);

        for (i = 0; i < reply->n; i++) {
            ngx_http_live_test_redis_reply(js, NULL, &reply->elts[i]);
        }

        ngx_live_json_array_end(js);
        return;

    default:
        ngx_live_json_string(js, key, reply->str.data, reply->str.len);
    }
}


static ngx_int_t
ngx_http_live_test_redis_sub(ngx_str_t *channel, ngx_uint_t pattern)
{
    ngx_live_redis_sub_t  *sub;

    if (ngx_http_live_test_redis_nsubs == 8) {
        return NGX_ERROR;
    }

    sub = ngx_live_redis_subscribe(channel, pattern,
                                   ngx_http_live_test_redis_message,
                                   ngx_http_live_test_redis_resync, NULL);
    if (sub == NULL) {
        return NGX_ERROR;
    }

    ngx_http_live_test_redis_subs[ngx_http_live_test_redis_nsubs++] = sub;

    return NGX_OK;
}


static void
ngx_http_live_test_redis_message(ngx_str_t *channel, ngx_str_t *message,
    void *data)
{
    ngx_http_live_test_redis_message_t  *m;

    m = &ngx_http_live_test_redis_messages[ngx_http_live_test_redis_n++
                                           % NGX_LIVE_TEST_MESSAGES];

    (void) ngx_cpystrn(m->channel, channel->data,
                       ngx_min(channel->len + 1, sizeof(m->channel)));
    (void) ngx_cpystrn(m->text, message->data,
                       ngx_min(message->len + 1, sizeof(m->text)));
}


static void
ngx_http_live_test_redis_resync(void *data)
{
    ngx_http_live_test_redis_resyncs++;
}


static void
ngx_http_live_test_redis_seen(ngx_live_json_t *js)
{
    ngx_uint_t                           i;
    ngx_http_live_test_redis_message_t  *m;

    ngx_live_json_int(js, "pid", ngx_pid);
    ngx_live_json_bool(js, "on", ngx_live_redis_on());
    ngx_live_json_bool(js, "up", ngx_live_redis_up());
    ngx_live_json_int(js, "ups", ngx_http_live_test_redis_ups);
    ngx_live_json_int(js, "resyncs", ngx_http_live_test_redis_resyncs);
    ngx_live_json_int(js, "stall", ngx_http_live_test_redis_stall / 1000);

    ngx_live_json_array(js, "messages");

    for (i = 0; i < ngx_min(ngx_http_live_test_redis_n,
                            NGX_LIVE_TEST_MESSAGES); i++)
    {
        m = &ngx_http_live_test_redis_messages[i];

        ngx_live_json_array(js, NULL);
        ngx_live_json_string(js, NULL, m->channel, ngx_strlen(m->channel));
        ngx_live_json_string(js, NULL, m->text, ngx_strlen(m->text));
        ngx_live_json_array_end(js);
    }

    ngx_live_json_array_end(js);
}


static ngx_int_t
ngx_http_live_test_redis_send(ngx_http_request_t *r, ngx_live_json_t *js)
{
    ngx_live_json_object_end(js);

    return ngx_http_live_test_json(r, js);
}


/*
 * The longest time that a turn of the event loop has taken, less what other
 * processes have taken meanwhile.
 */

ngx_int_t
ngx_http_live_test_redis_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    if (ngx_process != NGX_PROCESS_WORKER) {
        return NGX_OK;
    }

    ngx_http_live_test_redis_watch.handler = ngx_http_live_test_redis_up;
    ngx_live_redis_watch(&ngx_http_live_test_redis_watch);

    ngx_http_live_test_redis_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_live_test_redis_event;

    ev->data = &ngx_http_live_test_redis_dummy;
    ev->log = cycle->log;
    ev->handler = ngx_http_live_test_redis_tick;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_LIVE_TEST_TICK);

    return NGX_OK;
}


static void
ngx_http_live_test_redis_up(void *data)
{
    ngx_http_live_test_redis_ups++;
}


static void
ngx_http_live_test_redis_tick(ngx_event_t *ev)
{
    uint64_t         now, stall, delay;
    static uint64_t  delayed;

    now = ngx_http_live_test_redis_clock();
    delay = ngx_http_live_test_redis_delay();

    if (ngx_http_live_test_redis_last) {
        stall = now - ngx_http_live_test_redis_last;
        stall -= ngx_min(stall, NGX_LIVE_TEST_TICK * 1000
                                + (delay - delayed));

        ngx_http_live_test_redis_stall =
            ngx_max(ngx_http_live_test_redis_stall, stall);
    }

    ngx_http_live_test_redis_last = now;
    delayed = delay;

    ngx_add_timer(ev, NGX_LIVE_TEST_TICK);
}


/* us that the process was ready and others had the processor */

static uint64_t
ngx_http_live_test_redis_delay(void)
{
    int                 n;
    char                buf[128], *p;
    unsigned long long  delay;
    static int          fd = -1;

    if (fd == -1) {
        fd = open("/proc/self/schedstat", O_RDONLY|O_CLOEXEC);
    }

    n = pread(fd, buf, sizeof(buf) - 1, 0);

    if (n <= 0) {
        return 0;
    }

    buf[n] = '\0';
    p = strchr(buf, ' ');
    delay = p ? strtoull(p, NULL, 10) : 0;

    return delay / 1000;
}


static uint64_t
ngx_http_live_test_redis_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
