
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token.h"
#include "ngx_live_redis.h"


/*
 * Revocations of all nodes that share a Redis: a sorted set "revoked" of what
 * is in force, members "KIND BEFORE VALUE" with the score UNTIL, and a channel
 * "revoke" of what is new, "UNTIL KIND BEFORE VALUE", where an UNTIL of 0 takes
 * it back.  The set is read whenever messages may have been missed.
 *
 * Each worker follows the channel, though the table is in shared memory: one
 * of them may be going or hang, and to enter a thing again changes nothing.
 */

#define NGX_LIVE_TOKEN_REDIS_MOST  10000   /* entries that are read */


static void ngx_live_token_redis_message(ngx_str_t *channel,
    ngx_str_t *message, void *data);
static ngx_int_t ngx_live_token_redis_member(u_char *p, u_char *last,
    time_t until);
static void ngx_live_token_redis_load(void *data);
static void ngx_live_token_redis_loaded(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_token_redis_tell(ngx_uint_t kind, ngx_str_t *value,
    time_t before, time_t until, ngx_log_t *log);


static const char  *ngx_live_token_redis_kinds[] = {
    "jti", "sub", "stream"
};


/* adds and tells in one step, and drops what is over */

static ngx_live_redis_script_t  ngx_live_token_redis_add =
    ngx_live_redis_script(
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4]) "
        "local last = redis.call('ZSCORE', KEYS[1], ARGV[2]) "
        "if not last or tonumber(last) < tonumber(ARGV[1]) then "
        "  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2]) "
        "end "
        "return redis.call('PUBLISH', ARGV[3], ARGV[1] .. ' ' .. ARGV[2])");

/* takes back all that were entered for a value */

static ngx_live_redis_script_t  ngx_live_token_redis_remove =
    ngx_live_redis_script(
        "for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do "
        "  local kind, value = string.match(m, '^(%a+) %d+ (.*)$') "
        "  if kind == ARGV[1] and value == ARGV[2] then "
        "    redis.call('ZREM', KEYS[1], m) "
        "  end "
        "end "
        "return redis.call('PUBLISH', ARGV[3], "
        "                  '0 ' .. ARGV[1] .. ' 0 ' .. ARGV[2])");


ngx_int_t
ngx_live_token_redis_init_process(ngx_cycle_t *cycle)
{
    u_char     *p;
    ngx_str_t   channel, *prefix;

    if (!ngx_live_redis_on()) {
        return NGX_OK;
    }

    prefix = ngx_live_redis_prefix();

    channel.len = prefix->len + sizeof("revoke") - 1;
    channel.data = ngx_pnalloc(cycle->pool, channel.len);
    if (channel.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(channel.data, prefix->data, prefix->len);
    ngx_memcpy(p, "revoke", sizeof("revoke") - 1);

    if (ngx_live_redis_subscribe(&channel, 0, ngx_live_token_redis_message,
                                 ngx_live_token_redis_load, NULL)
        == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_live_token_redis_message(ngx_str_t *channel, ngx_str_t *message,
    void *data)
{
    u_char  *p, *last, *space;
    time_t   until;

    p = message->data;
    last = p + message->len;

    space = ngx_strlchr(p, last, ' ');
    until = space ? ngx_atotm(p, space - p) : NGX_ERROR;

    if (until == NGX_ERROR
        || ngx_live_token_redis_member(space + 1, last, until) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "Redis sent an invalid revocation");
    }
}


/* "KIND BEFORE VALUE"; NGX_ERROR: it is none */

static ngx_int_t
ngx_live_token_redis_member(u_char *p, u_char *last, time_t until)
{
    size_t       len;
    time_t       before;
    u_char      *space;
    ngx_str_t    value;
    ngx_uint_t   kind;

    space = ngx_strlchr(p, last, ' ');

    if (space == NULL) {
        return NGX_ERROR;
    }

    len = space - p;

    for (kind = 0; kind < 3; kind++) {
        if (ngx_strlen(ngx_live_token_redis_kinds[kind]) == len
            && ngx_memcmp(ngx_live_token_redis_kinds[kind], p, len) == 0)
        {
            break;
        }
    }

    p = space + 1;
    space = ngx_strlchr(p, last, ' ');

    if (kind == 3 || space == NULL) {
        return NGX_ERROR;
    }

    before = ngx_atotm(p, space - p);

    if (before == NGX_ERROR) {
        return NGX_ERROR;
    }

    value.data = space + 1;
    value.len = last - value.data;

    if (until == 0) {
        (void) ngx_live_token_unrevoke(NGX_LIVE_REVOKE_JTI + kind, &value);
        return NGX_OK;
    }

    if (until <= ngx_time()) {
        return NGX_OK;
    }

    return ngx_live_token_revoke(NGX_LIVE_REVOKE_JTI + kind, &value, before,
                                 until, ngx_cycle->log);
}


static void
ngx_live_token_redis_load(void *data)
{
    ngx_live_redis_args_t  a;

    /* the latest first: they are those that matter longest */

    ngx_live_redis_args(&a, "ZREVRANGEBYSCORE");
    ngx_live_redis_key(&a, "revoked");
    ngx_live_redis_arg_text(&a, "+inf");
    ngx_live_redis_arg_int(&a, ngx_time());
    ngx_live_redis_arg_text(&a, "WITHSCORES");
    ngx_live_redis_arg_text(&a, "LIMIT");
    ngx_live_redis_arg_int(&a, 0);
    ngx_live_redis_arg_int(&a, NGX_LIVE_TOKEN_REDIS_MOST);

    a.background = 1;

    if (ngx_live_redis_command(&a, ngx_live_token_redis_loaded, NULL)
        == NULL)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "could not ask Redis for revocations");
    }
}


static void
ngx_live_token_redis_loaded(ngx_live_redis_reply_t *reply, void *data)
{
    u_char      *p;
    time_t       until;
    ngx_str_t   *member, *score;
    ngx_uint_t   i, bad;

    if (reply->type != NGX_LIVE_REDIS_ARRAY) {

        /* what was lost with the connection is asked for with the next one */

        if (reply->fault == NGX_LIVE_REDIS_ANSWERED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "Redis did not tell revocations: %V", &reply->str);
        }

        return;
    }

    bad = 0;

    for (i = 0; i + 1 < reply->n; i += 2) {

        member = &reply->elts[i].str;
        score = &reply->elts[i + 1].str;

        /* a score may have a fraction */

        p = ngx_strlchr(score->data, score->data + score->len, '.');

        until = ngx_atotm(score->data, p ? (size_t) (p - score->data)
                                         : score->len);

        if (!ngx_live_redis_is_text(&reply->elts[i])
            || !ngx_live_redis_is_text(&reply->elts[i + 1])
            || until == NGX_ERROR
            || ngx_live_token_redis_member(member->data,
                                           member->data + member->len, until)
               != NGX_OK)
        {
            bad++;
        }
    }

    if (bad) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%ui of %ui revocations in Redis are invalid or did "
                      "not fit in", bad, reply->n / 2);
    }

    if (reply->n / 2 == NGX_LIVE_TOKEN_REDIS_MOST) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "there are more than %d revocations in Redis",
                      NGX_LIVE_TOKEN_REDIS_MOST);
    }
}


ngx_int_t
ngx_live_token_revoke_everywhere(ngx_uint_t kind, ngx_str_t *value,
    time_t before, time_t until, ngx_log_t *log)
{
    ngx_int_t  rc;

    rc = ngx_live_token_revoke(kind, value, before, until, log);

    if (rc == NGX_OK) {
        ngx_live_token_redis_tell(kind, value, before, until, log);
    }

    return rc;
}


ngx_int_t
ngx_live_token_unrevoke_everywhere(ngx_uint_t kind, ngx_str_t *value,
    ngx_log_t *log)
{
    ngx_int_t  rc;

    rc = ngx_live_token_unrevoke(kind, value);

    ngx_live_token_redis_tell(kind, value, 0, 0, log);

    return rc;
}


/* until 0: it is taken back */

static void
ngx_live_token_redis_tell(ngx_uint_t kind, ngx_str_t *value, time_t before,
    time_t until, ngx_log_t *log)
{
    u_char                 *p;
    ngx_str_t               member, name;
    ngx_live_redis_args_t   a;

    if (!ngx_live_redis_on()) {
        return;
    }

    name.data = (u_char *) ngx_live_token_redis_kinds[kind
                                                      - NGX_LIVE_REVOKE_JTI];
    name.len = ngx_strlen(name.data);

    member.len = 0;
    member.data = ngx_alloc(sizeof("stream  ") + NGX_TIME_T_LEN + value->len,
                            log);
    if (member.data == NULL) {
        return;
    }

    if (until) {
        p = ngx_sprintf(member.data, "%V %T %V", &name, before, value);
        member.len = p - member.data;

        ngx_live_redis_args_script(&a, &ngx_live_token_redis_add, 1);
        ngx_live_redis_key(&a, "revoked");
        ngx_live_redis_arg_int(&a, until);
        ngx_live_redis_arg(&a, &member);
        ngx_live_redis_key(&a, "revoke");
        ngx_live_redis_arg_int(&a, ngx_time());

    } else {
        ngx_live_redis_args_script(&a, &ngx_live_token_redis_remove, 1);
        ngx_live_redis_key(&a, "revoked");
        ngx_live_redis_arg(&a, &name);
        ngx_live_redis_arg(&a, value);
        ngx_live_redis_key(&a, "revoke");
    }

    if (ngx_live_redis_command(&a, NULL, NULL) == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "Redis was not told of the revocation of a %V", &name);
    }

    ngx_free(member.data);
}
