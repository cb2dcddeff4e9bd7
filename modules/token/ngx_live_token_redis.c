
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token.h"
#include "ngx_live_token_revoke.h"
#include "ngx_live_redis.h"
#include "ngx_live_worker.h"
#include "ngx_live_name.h"


/*
 * Revocations of all nodes that share a Redis: a sorted set "revoked" of what
 * is in force, members "KIND BEFORE VALUE" with the score UNTIL, and a channel
 * "revoke" of what is new, "UNTIL KIND BEFORE VALUE", where an UNTIL of 0 takes
 * it back.  The set is read whenever messages may have been missed.
 *
 * What was taken back stays for a while as "undo KIND VALUE", with the time of
 * that, plus NGX_LIVE_TOKEN_REDIS_TRUST, as its score: a node that was away
 * then learns of it, and cannot bring back what it has entered earlier.
 *
 * Each worker follows the channel, though the table is in shared memory: one
 * of them may be going or hang, and to enter a thing again changes nothing.
 *
 * A member "node 0 NAME" says that this node has told all that it knows: a
 * Redis that lacks it has lost its memory.  Then, and when something could not
 * be told, one worker of the node tells everything again; after each other new
 * connection what is recent, since a master that was replaced may have taken
 * it with it.
 */

#define NGX_LIVE_TOKEN_REDIS_MOST   10000  /* entries that are read */
#define NGX_LIVE_TOKEN_REDIS_BATCH  16     /* that are told by one command */
#define NGX_LIVE_TOKEN_REDIS_TICK   500    /* ms */
#define NGX_LIVE_TOKEN_REDIS_REST   2000   /* ms: after a failure */
#define NGX_LIVE_TOKEN_REDIS_RECENT 120    /* s: a failover may lose it */
#define NGX_LIVE_TOKEN_REDIS_TRUST  2592000    /* s: life of "node" and
                                                  "undo" */


typedef struct {
    ngx_uint_t                 pending;    /* commands */
    ngx_uint_t                 failed;
    ngx_msec_t                 rested;     /* then it is tried again */
} ngx_live_token_redis_push_t;


/* what Redis is being told of */

typedef struct {
    ngx_uint_t                 kind;
    ngx_uint_t                 undo;
    ngx_str_t                  value;
} ngx_live_token_redis_told_t;


static void ngx_live_token_redis_message(ngx_str_t *channel,
    ngx_str_t *message, void *data);
static ngx_int_t ngx_live_token_redis_member(u_char *p, u_char *last,
    time_t until);
static ngx_int_t ngx_live_token_redis_undo(u_char *p, u_char *last,
    time_t when);
static ngx_uint_t ngx_live_token_redis_kind(u_char *p, size_t len);
static void ngx_live_token_redis_load(void *data);
static ngx_int_t ngx_live_token_redis_entry(ngx_str_t *member, time_t score);
static void ngx_live_token_redis_loaded(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_token_redis_tell(ngx_uint_t kind, ngx_str_t *value,
    time_t before, time_t until, ngx_log_t *log);
static ngx_int_t ngx_live_token_redis_send(ngx_live_token_redis_told_t *told,
    time_t before, time_t until);
static void ngx_live_token_redis_told(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_token_redis_untold(ngx_uint_t what);
static void ngx_live_token_redis_tick(ngx_event_t *ev);
static ngx_int_t ngx_live_token_redis_push_all(
    ngx_live_token_revoke_t *table, time_t since, ngx_pool_t *pool);
static ngx_int_t ngx_live_token_redis_push(ngx_array_t *list,
    ngx_uint_t from, ngx_pool_t *pool);
static void ngx_live_token_redis_pushed(ngx_live_redis_reply_t *reply,
    void *data);
static ngx_int_t ngx_live_token_redis_node(u_char *buf, size_t size,
    ngx_str_t *member);


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
        "local kind, value = string.match(ARGV[2], '^(%a+) %d+ (.*)$') "
        "redis.call('ZREM', KEYS[1], 'undo ' .. kind .. ' ' .. value) "
        "return redis.call('PUBLISH', ARGV[3], ARGV[1] .. ' ' .. ARGV[2])");

/* the same for many: those that are news are told */

static ngx_live_redis_script_t  ngx_live_token_redis_add_all =
    ngx_live_redis_script(
        "for i = 3, #ARGV, 3 do "
        "  local last = redis.call('ZSCORE', KEYS[1], ARGV[i + 1]) "
        "  local kind, value = "
        "      string.match(ARGV[i + 1], '^(%a+) %d+ (.*)$') "
        "  local undo = redis.call('ZSCORE', KEYS[1], "
        "                          'undo ' .. kind .. ' ' .. value) "
        "  if undo and undo - ARGV[2] >= tonumber(ARGV[i + 2]) then "
        "    redis.call('PUBLISH', ARGV[1], "
        "               '0 ' .. kind .. ' 0 ' .. value) "
        "  elseif not last or tonumber(last) < tonumber(ARGV[i]) then "
        "    redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) "
        "    redis.call('PUBLISH', ARGV[1], ARGV[i] .. ' ' .. ARGV[i + 1]) "
        "  end "
        "end "
        "return 0");

/* takes back all that were entered for a value */

static ngx_live_redis_script_t  ngx_live_token_redis_remove =
    ngx_live_redis_script(
        "for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do "
        "  local kind, value = string.match(m, '^(%a+) %d+ (.*)$') "
        "  if kind == ARGV[1] and value == ARGV[2] then "
        "    redis.call('ZREM', KEYS[1], m) "
        "  end "
        "end "
        "redis.call('ZADD', KEYS[1], ARGV[4], "
        "           'undo ' .. ARGV[1] .. ' ' .. ARGV[2]) "
        "return redis.call('PUBLISH', ARGV[3], "
        "                  '0 ' .. ARGV[1] .. ' 0 ' .. ARGV[2])");


static ngx_event_t                  ngx_live_token_redis_event;
static ngx_connection_t             ngx_live_token_redis_dummy;
static ngx_live_token_redis_push_t  ngx_live_token_redis_pushing;


ngx_int_t
ngx_live_token_redis_init_process(ngx_cycle_t *cycle)
{
    u_char       *p;
    ngx_str_t     channel, *prefix;
    ngx_event_t  *ev;

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

    ngx_live_token_redis_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_live_token_redis_event;

    ev->data = &ngx_live_token_redis_dummy;
    ev->log = cycle->log;
    ev->handler = ngx_live_token_redis_tick;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_LIVE_TOKEN_REDIS_TICK);

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
    time_t       before;
    u_char      *space;
    ngx_str_t    value;
    ngx_uint_t   kind;

    space = ngx_strlchr(p, last, ' ');

    if (space == NULL) {
        return NGX_ERROR;
    }

    kind = ngx_live_token_redis_kind(p, space - p);

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

    if (until <= ngx_time()
        || ngx_live_token_revoke_undone(NGX_LIVE_REVOKE_JTI + kind, &value, 0))
    {
        return NGX_OK;
    }

    return ngx_live_token_revoke(NGX_LIVE_REVOKE_JTI + kind, &value, before,
                                 until, ngx_cycle->log);
}


/* "KIND VALUE", which was taken back at a time; NGX_ERROR: it is none */

static ngx_int_t
ngx_live_token_redis_undo(u_char *p, u_char *last, time_t when)
{
    u_char      *space;
    ngx_str_t    value;
    ngx_uint_t   kind;

    space = ngx_strlchr(p, last, ' ');
    kind = space ? ngx_live_token_redis_kind(p, space - p) : 3;

    if (kind == 3) {
        return NGX_ERROR;
    }

    value.data = space + 1;
    value.len = last - value.data;

    ngx_live_token_unrevoke_older(NGX_LIVE_REVOKE_JTI + kind, &value, when);

    return NGX_OK;
}


/* 3: it is none */

static ngx_uint_t
ngx_live_token_redis_kind(u_char *p, size_t len)
{
    ngx_uint_t  kind;

    for (kind = 0; kind < 3; kind++) {
        if (ngx_strlen(ngx_live_token_redis_kinds[kind]) == len
            && ngx_memcmp(ngx_live_token_redis_kinds[kind], p, len) == 0)
        {
            break;
        }
    }

    return kind;
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


/* of the set */

static ngx_int_t
ngx_live_token_redis_entry(ngx_str_t *member, time_t score)
{
    u_char  *p, *last;

    p = member->data;
    last = p + member->len;

    if (member->len > 5 && ngx_strncmp(p, "undo ", 5) == 0) {
        return ngx_live_token_redis_undo(p + 5, last,
                                         score - NGX_LIVE_TOKEN_REDIS_TRUST);
    }

    return ngx_live_token_redis_member(p, last, score);
}


static void
ngx_live_token_redis_loaded(ngx_live_redis_reply_t *reply, void *data)
{
    u_char      *p, buf[256];
    time_t       until;
    ngx_str_t   *member, *score, node;
    ngx_uint_t   i, bad, known;

    if (reply->type != NGX_LIVE_REDIS_ARRAY) {

        /* what was lost with the connection is asked for with the next one */

        if (reply->fault == NGX_LIVE_REDIS_ANSWERED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "Redis did not tell revocations: %V", &reply->str);
        }

        return;
    }

    bad = 0;
    known = (reply->n / 2 == NGX_LIVE_TOKEN_REDIS_MOST);

    if (ngx_live_token_redis_node(buf, sizeof(buf), &node) != NGX_OK) {
        known = 1;
    }

    for (i = 0; i + 1 < reply->n; i += 2) {

        member = &reply->elts[i].str;
        score = &reply->elts[i + 1].str;

        if (member->len > 5 && ngx_strncmp(member->data, "node ", 5) == 0) {

            if (member->len == node.len
                && ngx_memcmp(member->data, node.data, node.len) == 0)
            {
                known = 1;
            }

            continue;
        }

        /* a score may have a fraction */

        p = ngx_strlchr(score->data, score->data + score->len, '.');

        until = ngx_atotm(score->data, p ? (size_t) (p - score->data)
                                         : score->len);

        if (!ngx_live_redis_is_text(&reply->elts[i])
            || !ngx_live_redis_is_text(&reply->elts[i + 1])
            || until == NGX_ERROR
            || ngx_live_token_redis_entry(member, until) != NGX_OK)
        {
            bad++;
        }
    }

    if (bad) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%ui of %ui revocations in Redis are invalid or did "
                      "not fit in", bad, reply->n / 2);
    }

    ngx_live_token_redis_untold(known ? NGX_LIVE_TOKEN_UNTOLD_RECENT
                                      : NGX_LIVE_TOKEN_UNTOLD_ALL);

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

    if (!ngx_live_redis_on()) {
        return ngx_live_token_unrevoke(kind, value);
    }

    rc = ngx_live_token_revoke_undo(kind, value,
                                    ngx_time() + NGX_LIVE_TOKEN_REDIS_TRUST);

    ngx_live_token_redis_tell(kind, value, ngx_time(), 0, log);

    return rc;
}


/* until 0: it was taken back, at the time of "before" */

static void
ngx_live_token_redis_tell(ngx_uint_t kind, ngx_str_t *value, time_t before,
    time_t until, ngx_log_t *log)
{
    ngx_live_token_redis_told_t  *told;

    if (!ngx_live_redis_on()) {
        return;
    }

    told = ngx_alloc(sizeof(ngx_live_token_redis_told_t) + value->len, log);

    if (told) {
        told->kind = kind;
        told->undo = (until == 0);
        told->value.len = value->len;
        told->value.data = (u_char *) (told + 1);
        ngx_memcpy(told->value.data, value->data, value->len);

        if (ngx_live_token_redis_send(told, before, until) == NGX_OK) {
            return;
        }

        ngx_free(told);
    }

    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "Redis was not told of the revocation of a %s",
                  ngx_live_token_redis_kinds[kind - NGX_LIVE_REVOKE_JTI]);

    ngx_live_token_redis_untold(NGX_LIVE_TOKEN_UNTOLD_ALL);
}


static ngx_int_t
ngx_live_token_redis_send(ngx_live_token_redis_told_t *told, time_t before,
    time_t until)
{
    u_char                  buf[sizeof("stream  ") + NGX_TIME_T_LEN
                                + NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t               member;
    const char             *name;
    ngx_live_redis_args_t   a;

    name = ngx_live_token_redis_kinds[told->kind - NGX_LIVE_REVOKE_JTI];

    if (told->undo) {
        ngx_live_redis_args_script(&a, &ngx_live_token_redis_remove, 1);
        ngx_live_redis_key(&a, "revoked");
        ngx_live_redis_arg_text(&a, name);
        ngx_live_redis_arg(&a, &told->value);
        ngx_live_redis_key(&a, "revoke");
        ngx_live_redis_arg_int(&a, before + NGX_LIVE_TOKEN_REDIS_TRUST);

    } else {
        member.data = buf;
        member.len = ngx_slprintf(buf, buf + sizeof(buf), "%s %T %V", name,
                                  before, &told->value)
                     - buf;

        ngx_live_redis_args_script(&a, &ngx_live_token_redis_add, 1);
        ngx_live_redis_key(&a, "revoked");
        ngx_live_redis_arg_int(&a, until);
        ngx_live_redis_arg(&a, &member);
        ngx_live_redis_key(&a, "revoke");
        ngx_live_redis_arg_int(&a, ngx_time());
    }

    return ngx_live_redis_command(&a, ngx_live_token_redis_told, told)
           ? NGX_OK : NGX_ERROR;
}


static void
ngx_live_token_redis_told(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_live_token_redis_told_t *told = data;

    if (reply->type == NGX_LIVE_REDIS_ERROR) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "Redis will be told of a revocation later: %V",
                      &reply->str);

        ngx_live_token_redis_pushing.rested = ngx_current_msec
                                              + NGX_LIVE_TOKEN_REDIS_REST;
        ngx_live_token_redis_untold(NGX_LIVE_TOKEN_UNTOLD_ALL);

    } else if (told->undo) {
        (void) ngx_live_token_revoke_undone(told->kind, &told->value, 1);
    }

    ngx_free(told);
}


static void
ngx_live_token_redis_untold(ngx_uint_t what)
{
    ngx_live_token_revoke_t  *table;

    table = ngx_live_token_revoke_table();

    if (table && table->sh->untold != NGX_LIVE_TOKEN_UNTOLD_ALL) {
        table->sh->untold = what;
    }
}


static void
ngx_live_token_redis_tick(ngx_event_t *ev)
{
    time_t                    since;
    ngx_pool_t               *pool;
    ngx_live_token_revoke_t  *table;

    ngx_add_timer(ev, NGX_LIVE_TOKEN_REDIS_TICK);

    table = ngx_live_token_revoke_table();

    if (table == NULL
        || table->sh->untold == 0
        || ngx_live_token_redis_pushing.pending
        || (ngx_msec_int_t) (ngx_live_token_redis_pushing.rested
                             - ngx_current_msec) > 0
        || !ngx_live_redis_up()
        || ngx_live_zone->sh->keeper != (ngx_atomic_uint_t) ngx_pid)
    {
        return;
    }

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ev->log);
    if (pool == NULL) {
        return;
    }

    /* what fails from now on is another reason to try again */

    since = table->sh->untold == NGX_LIVE_TOKEN_UNTOLD_ALL
            ? 0 : ngx_time() - NGX_LIVE_TOKEN_REDIS_RECENT;

    table->sh->untold = 0;
    ngx_live_token_redis_pushing.failed = 0;

    if (ngx_live_token_redis_push_all(table, since, pool) != NGX_OK) {
        ngx_live_token_redis_pushing.failed = 1;
        ngx_live_token_redis_untold(NGX_LIVE_TOKEN_UNTOLD_ALL);
    }

    ngx_destroy_pool(pool);
}


static ngx_int_t
ngx_live_token_redis_push_all(ngx_live_token_revoke_t *table, time_t since,
    ngx_pool_t *pool)
{
    ngx_uint_t                 i;
    ngx_array_t               *list, *undone;
    ngx_live_token_revoked_t  *r;

    list = ngx_live_token_revoke_list(table, 0, since, pool);
    undone = ngx_live_token_revoke_list(table, 1, 0, pool);

    if (list == NULL || undone == NULL) {
        return NGX_ERROR;
    }

    /* first what is taken back: it may have been entered anew since */

    r = undone->elts;

    for (i = 0; i < undone->nelts; i++) {
        ngx_live_token_redis_tell(r[i].kind, &r[i].value, r[i].since, 0,
                                  ngx_cycle->log);
    }

    for (i = 0; i == 0 || i < list->nelts; i += NGX_LIVE_TOKEN_REDIS_BATCH) {
        if (ngx_live_token_redis_push(list, i, pool) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* those from a number on; behind the last one, that this node has told all */

static ngx_int_t
ngx_live_token_redis_push(ngx_array_t *list, ngx_uint_t from, ngx_pool_t *pool)
{
    u_char                    *p;
    size_t                     size;
    ngx_str_t                  member;
    ngx_uint_t                 i, n;
    ngx_live_redis_args_t      a;
    ngx_live_token_revoked_t  *r;

    r = list->elts;
    n = ngx_min(from + NGX_LIVE_TOKEN_REDIS_BATCH, list->nelts);

    ngx_live_redis_args_script(&a, &ngx_live_token_redis_add_all, 1);
    ngx_live_redis_key(&a, "revoked");
    ngx_live_redis_key(&a, "revoke");
    ngx_live_redis_arg_int(&a, NGX_LIVE_TOKEN_REDIS_TRUST);

    for (i = from; i < n; i++) {

        size = sizeof("stream  ") + NGX_TIME_T_LEN + r[i].value.len;

        member.data = ngx_pnalloc(pool, size);
        if (member.data == NULL) {
            return NGX_ERROR;
        }

        p = ngx_sprintf(member.data, "%s %T %V",
                        ngx_live_token_redis_kinds[r[i].kind
                                                   - NGX_LIVE_REVOKE_JTI],
                        r[i].before, &r[i].value);
        member.len = p - member.data;

        ngx_live_redis_arg_int(&a, r[i].until);
        ngx_live_redis_arg(&a, &member);
        ngx_live_redis_arg_int(&a, r[i].since);
    }

    a.background = 1;

    if (ngx_live_redis_command(&a, ngx_live_token_redis_pushed,
                               n == list->nelts
                               ? &ngx_live_token_redis_pushing : NULL)
        == NULL)
    {
        return NGX_ERROR;
    }

    ngx_live_token_redis_pushing.pending++;

    return NGX_OK;
}


/* "data" is set for the last command */

static void
ngx_live_token_redis_pushed(ngx_live_redis_reply_t *reply, void *data)
{
    u_char                  buf[256];
    ngx_str_t               member;
    ngx_live_redis_args_t   a;

    ngx_live_token_redis_pushing.pending--;

    if (reply->type == NGX_LIVE_REDIS_ERROR) {
        ngx_live_token_redis_pushing.failed = 1;
        ngx_live_token_redis_pushing.rested = ngx_current_msec
                                              + NGX_LIVE_TOKEN_REDIS_REST;
        ngx_live_token_redis_untold(NGX_LIVE_TOKEN_UNTOLD_ALL);
    }

    if (data == NULL
        || ngx_live_token_redis_pushing.failed
        || ngx_live_token_redis_node(buf, sizeof(buf), &member) != NGX_OK)
    {
        return;
    }

    ngx_live_redis_args(&a, "ZADD");
    ngx_live_redis_key(&a, "revoked");
    ngx_live_redis_arg_int(&a, ngx_time() + NGX_LIVE_TOKEN_REDIS_TRUST);
    ngx_live_redis_arg(&a, &member);

    (void) ngx_live_redis_command(&a, NULL, NULL);
}


static ngx_int_t
ngx_live_token_redis_node(u_char *buf, size_t size, ngx_str_t *member)
{
    ngx_live_main_conf_t  *lmcf;

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    member->data = buf;
    member->len = ngx_slprintf(buf, buf + size, "node 0 %V", &lmcf->node)
                  - buf;

    return member->len < size ? NGX_OK : NGX_ERROR;
}
