
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_session_redis.h"


/*
 * Of each sub, which is named by a hash of it, three sorted sets: sessions by
 * the time their lease is over, the same ones by the time they began, and
 * those that were ended to make room by the time they are forgotten.  Times are
 * Redis' own, so that the clocks of nodes do not matter.
 *
 * Who is ended is told to all nodes by the channel "session", as "SUB ID".
 */

#define NGX_LIVE_TOKEN_SESSION_SUB   32    /* digits */
#define NGX_LIVE_TOKEN_SESSION_ID    16


static ngx_live_redis_call_t *ngx_live_token_session_command(
    ngx_live_token_session_t *s, const char *mode, int64_t start,
    ngx_live_redis_handler_pt handler, void *data);
static void ngx_live_token_session_keys(ngx_live_redis_args_t *a,
    uint64_t *sub);
static void ngx_live_token_session_message(ngx_str_t *channel,
    ngx_str_t *message, void *data);
static void ngx_live_token_session_watch_handler(void *data);
static void ngx_live_token_session_walk_handler(ngx_event_t *ev);


/*
 * KEYS: leases, starts, ended.  ARGV: "new" or "renew", id, start, max, lease
 * and the time until what was ended is forgotten in ms, "replace" or "refuse",
 * channel, sub.
 *
 * Returns the time the session began, 0 if it is refused, -1 if it was ended.
 *
 * Only who enters is counted: when two tokens of a sub have different limits,
 * the lower one must not end what the higher one allows.  A session that goes
 * on enters if Redis has lost it, or did not know it since it was away when it
 * began; there may be too many then.
 */

static ngx_live_redis_script_t  ngx_live_token_session_enter_script =
    ngx_live_redis_script(
        "local lease, start, over = KEYS[1], KEYS[2], KEYS[3] "
        "local mode, id, policy = ARGV[1], ARGV[2], ARGV[7] "
        "local max, ms = tonumber(ARGV[4]), tonumber(ARGV[5]) "
        "local forget = tonumber(ARGV[6]) "
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "

        "local function live(key, ttl) "
        "  if redis.call('PTTL', key) < ttl then "
        "    redis.call('PEXPIRE', key, ttl) "
        "  end "
        "end "

        "local function stop(s) "
        "  redis.call('ZREM', lease, s) "
        "  redis.call('ZREM', start, s) "
        "  redis.call('ZADD', over, now + forget, s) "
        "  redis.call('ZREMRANGEBYRANK', over, 0, -33) "
        "  live(over, forget) "
        "  redis.call('PUBLISH', ARGV[8], ARGV[9] .. ' ' .. s) "
        "end "

        "redis.call('ZREMRANGEBYSCORE', over, '-inf', now) "

        "if redis.call('ZSCORE', over, id) then "
        "  stop(id) "
        "  return -1 "
        "end "

        "for _, s in ipairs(redis.call('ZRANGEBYSCORE', lease, '-inf', now)) "
        "do "
        "  redis.call('ZREM', lease, s) "
        "  redis.call('ZREM', start, s) "
        "end "

        "local began = redis.call('ZSCORE', start, id) "

        "if not began then "
        "  local n = redis.call('ZCARD', lease) "
        "  if mode == 'new' and policy == 'refuse' and n >= max then "
        "    return 0 "
        "  end "
        "  began = mode == 'new' and now or ARGV[3] "
        "  redis.call('ZADD', lease, now + ms, id) "
        "  redis.call('ZADD', start, began, id) "
        "  local from = policy == 'replace' and 'ZRANGE' or 'ZREVRANGE' "
        "  if n >= max then "
        "    for _, s in ipairs(redis.call(from, start, 0, n - max)) do "
        "      stop(s) "
        "    end "
        "  end "
        "end "

        "if not redis.call('ZSCORE', start, id) then "
        "  return -1 "
        "end "

        "redis.call('ZADD', lease, now + ms, id) "
        "live(lease, ms) "
        "live(start, ms) "

        "return tonumber(began)");

static ngx_live_redis_script_t  ngx_live_token_session_remove_script =
    ngx_live_redis_script(
        "redis.call('ZREM', KEYS[2], ARGV[1]) "
        "return redis.call('ZREM', KEYS[1], ARGV[1])");


static ngx_live_redis_watch_t    ngx_live_token_session_watch;
static ngx_event_t               ngx_live_token_session_walk_event;
static ngx_live_token_session_t  ngx_live_token_session_walk_last;


ngx_live_redis_call_t *
ngx_live_token_session_ask(ngx_live_token_session_t *s,
    ngx_live_redis_handler_pt handler, void *data)
{
    return ngx_live_token_session_command(s, "new", 0, handler, data);
}


ngx_uint_t
ngx_live_token_session_answer(ngx_live_redis_reply_t *reply,
    ngx_live_token_session_t *s)
{
    if (reply->type != NGX_LIVE_REDIS_INTEGER) {

        if (reply->fault == NGX_LIVE_REDIS_ANSWERED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "Redis did not count a session: %V", &reply->str);
        }

        return NGX_LIVE_TOKEN_SESSION_UNKNOWN;
    }

    if (reply->integer > 0) {
        s->start = reply->integer;
        return NGX_LIVE_TOKEN_SESSION_ADMITTED;
    }

    return reply->integer ? NGX_LIVE_TOKEN_SESSION_OVER
                          : NGX_LIVE_TOKEN_SESSION_REFUSED;
}


ngx_int_t
ngx_live_token_session_tell(ngx_live_token_session_t *s)
{
    /* one that is to be ended is told by the channel */

    return ngx_live_token_session_command(s, "renew", s->start, NULL, NULL)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_live_redis_call_t *
ngx_live_token_session_command(ngx_live_token_session_t *s, const char *mode,
    int64_t start, ngx_live_redis_handler_pt handler, void *data)
{
    u_char                 id[NGX_LIVE_TOKEN_SESSION_ID];
    u_char                 sub[NGX_LIVE_TOKEN_SESSION_SUB];
    ngx_str_t              str;
    ngx_live_redis_args_t  a;

    /* what is behind the times when Redis is back need not wait for it */

    if (!ngx_live_redis_up()) {
        return NULL;
    }

    ngx_live_redis_args_script(&a, &ngx_live_token_session_enter_script, 3);
    ngx_live_token_session_keys(&a, s->sub);
    ngx_live_redis_arg_text(&a, mode);

    str.data = id;
    str.len = ngx_sprintf(id, "%016xL", s->id) - id;
    ngx_live_redis_arg(&a, &str);

    ngx_live_redis_arg_int(&a, start);
    ngx_live_redis_arg_int(&a, s->max);
    ngx_live_redis_arg_int(&a, s->lease);
    ngx_live_redis_arg_int(&a, NGX_LIVE_TOKEN_SESSION_FORGET);
    ngx_live_redis_arg_text(&a, s->replace ? "replace" : "refuse");
    ngx_live_redis_key(&a, "session");

    str.data = sub;
    str.len = ngx_sprintf(sub, "%016xL%016xL", s->sub[0], s->sub[1]) - sub;
    ngx_live_redis_arg(&a, &str);

    return ngx_live_redis_command(&a, handler, data);
}


static void
ngx_live_token_session_keys(ngx_live_redis_args_t *a, uint64_t *sub)
{
    ngx_live_redis_key(a, "sessions:{%016xL%016xL}:lease", sub[0], sub[1]);
    ngx_live_redis_key(a, "sessions:{%016xL%016xL}:start", sub[0], sub[1]);
    ngx_live_redis_key(a, "sessions:{%016xL%016xL}:ended", sub[0], sub[1]);
}


void
ngx_live_token_session_untell(uint64_t *sub, uint64_t id)
{
    u_char                 buf[NGX_LIVE_TOKEN_SESSION_ID];
    ngx_str_t              str;
    ngx_live_redis_args_t  a;

    if (!ngx_live_redis_up()) {
        return;
    }

    ngx_live_redis_args_script(&a, &ngx_live_token_session_remove_script, 3);
    ngx_live_token_session_keys(&a, sub);

    str.data = buf;
    str.len = ngx_sprintf(buf, "%016xL", id) - buf;
    ngx_live_redis_arg(&a, &str);

    (void) ngx_live_redis_command(&a, NULL, NULL);
}


ngx_int_t
ngx_live_token_session_redis_init(ngx_cycle_t *cycle)
{
    u_char       *p;
    ngx_str_t     channel, *prefix;
    ngx_event_t  *ev;

    static ngx_connection_t  dummy;

    if (!ngx_live_redis_on()) {
        return NGX_OK;
    }

    prefix = ngx_live_redis_prefix();

    channel.len = prefix->len + sizeof("session") - 1;
    channel.data = ngx_pnalloc(cycle->pool, channel.len);
    if (channel.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(channel.data, prefix->data, prefix->len);
    ngx_memcpy(p, "session", sizeof("session") - 1);

    if (ngx_live_redis_subscribe(&channel, 0, ngx_live_token_session_message,
                                 NULL, NULL)
        == NULL)
    {
        return NGX_ERROR;
    }

    dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_live_token_session_walk_event;
    ev->handler = ngx_live_token_session_walk_handler;
    ev->data = &dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_live_token_session_watch.handler =
                                         ngx_live_token_session_watch_handler;
    ngx_live_redis_watch(&ngx_live_token_session_watch);

    return NGX_OK;
}


/* all workers hear it; the first one does it */

static void
ngx_live_token_session_message(ngx_str_t *channel, ngx_str_t *message,
    void *data)
{
    u_char                     *p;
    uint64_t                    value[3];
    ngx_int_t                   n;
    ngx_uint_t                  i, k;
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();
    p = message->data;

    if (t == NULL
        || message->len != NGX_LIVE_TOKEN_SESSION_SUB + 1
                           + NGX_LIVE_TOKEN_SESSION_ID
        || p[NGX_LIVE_TOKEN_SESSION_SUB] != ' ')
    {
        return;
    }

    for (i = 0; i < 3; i++) {
        value[i] = 0;

        for (k = 0; k < 2; k++, p += 8) {
            n = ngx_hextoi(p, 8);

            if (n == NGX_ERROR) {
                return;
            }

            value[i] = value[i] << 32 | (uint64_t) n;
        }

        p += (i == 1);
    }

    ngx_live_token_session_end(t, value, value[2], ngx_cycle->log);
}


/* a Redis that has returned may know nothing */

static void
ngx_live_token_session_watch_handler(void *data)
{
    ngx_memzero(&ngx_live_token_session_walk_last,
                sizeof(ngx_live_token_session_t));

    if (!ngx_live_token_session_walk_event.timer_set) {
        ngx_add_timer(&ngx_live_token_session_walk_event, 1);
    }
}


/* some at a time: others have commands, too */

static void
ngx_live_token_session_walk_handler(ngx_event_t *ev)
{
    ngx_uint_t                  i, n, more;
    ngx_live_token_session_t    s[64];
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (t == NULL || !ngx_live_redis_up()) {
        return;
    }

    /* another worker may have told some of them since */

    n = ngx_live_token_session_walk(t, &ngx_live_token_session_walk_last,
                                    ngx_live_redis_lost(), s, 64, &more);

    for (i = 0; i < n; i++) {
        (void) ngx_live_token_session_tell(&s[i]);
    }

    if (more) {
        ngx_add_timer(ev, 10);
    }
}
