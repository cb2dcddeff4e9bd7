
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_log.h"
#include "ngx_live_chat_stream.h"
#include "ngx_live_chat_mark.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_stream.h"


/* entries of a stream beyond the history: for nodes that were away */
#define NGX_LIVE_CHAT_STREAM_MORE     1000

/* s that keys stay when nobody writes them any more, at least */
#define NGX_LIVE_CHAT_STREAM_EXPIRE   86400

/* users of whom a script is told at once, with 16 totals */
#define NGX_LIVE_CHAT_STREAM_MARKS    12


static void ngx_live_chat_stream_keys(ngx_live_redis_args_t *a,
    ngx_str_t *name, uint32_t node);
static ngx_int_t ngx_live_chat_stream_outgoing(ngx_live_redis_args_t *a,
    ngx_live_chat_outgoing_sh_t *out, ngx_pool_t *pool);
static void ngx_live_chat_stream_operation(ngx_live_redis_args_t *a,
    ngx_live_chat_outgoing_sh_t *out, ngx_str_t *user, u_char *buf);
static ngx_int_t ngx_live_chat_stream_totals(ngx_live_redis_args_t *a,
    ngx_live_chat_room_sh_t *room, ngx_pool_t *pool);
static ngx_int_t ngx_live_chat_stream_copy(ngx_live_redis_args_t *a,
    u_char *data, size_t len, ngx_pool_t *pool);
static ngx_int_t ngx_live_chat_stream_mark(ngx_live_redis_args_t *a,
    ngx_str_t *user, u_char kind, int64_t until, ngx_pool_t *pool);
static ngx_uint_t ngx_live_chat_stream_expire(ngx_live_chat_room_sh_t *room);


/*
 * A room that is unknown, or has gone back behind what we have read, gets the
 * epoch that is proposed.
 *
 * ARGV: proposed epoch, known epoch, last id of that, entries, expiry
 */

static ngx_live_redis_script_t  ngx_live_chat_stream_open =
    ngx_live_redis_script(
    "local function id(s) "
    "local a, b = string.match(s, '^(%d+)-(%d+)$') "
    "return tonumber(a), tonumber(b) end "
    "local e = redis.call('HGET', KEYS[2], 'epoch') "
    "local last = '0-0' "
    "local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1) "
    "first = first[1] and first[1][1] or '0-0' "
    "if redis.call('EXISTS', KEYS[1]) == 1 then "
    "local x = redis.call('XINFO', 'STREAM', KEYS[1]) "
    "for i = 1, #x, 2 do "
    "if x[i] == 'last-generated-id' then last = x[i + 1] end end end "
    "if e == ARGV[2] then "
    "local am, as = id(last) "
    "local bm, bs = id(ARGV[3]) "
    "if am < bm or (am == bm and as < bs) then e = false end end "
    "local fresh = 0 "
    "if not e then e = ARGV[1] fresh = 1 "
    "redis.call('HSET', KEYS[2], 'epoch', e) end "
    "redis.call('EXPIRE', KEYS[2], ARGV[5]) "
    "local t = redis.call('TIME') "
    "local now = tonumber(t[1]) * 1000 "
    "local marks = redis.call('HGETALL', KEYS[3]) "
    "for i = 1, #marks, 2 do "
    "if (tonumber(marks[i + 1]) or 0) < now then "
    "redis.call('HDEL', KEYS[3], marks[i]) end end "
    "local list = {} "
    "if e ~= ARGV[2] then "
    "list = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[4]) end "
    "return { e, last, first, redis.call('GET', KEYS[4]) or '0', "
    "redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]), list, "
    "fresh }");


/*
 * What is in the stream already is not entered again: the answer is the
 * node's last number.
 *
 * A tip's key is counted once: the entry tells the total, or 0.  Of polls the
 * first one that begins, or ends, is told, and of each user one vote counts,
 * with the sum of its option.  What Redis does not know is left to the nodes.
 *
 * ARGV: epoch, most entries, ms that they stay, expiry, node, n, most keys of
 * tips; then of each number, origin, hash of the user, head, tail, effect, and
 * what it changes: an operation, a field, a value
 */

static ngx_live_redis_script_t  ngx_live_chat_stream_say =
    ngx_live_redis_script(
    "local e = redis.call('HGET', KEYS[2], 'epoch') "
    "if e ~= ARGV[1] then return { 'epoch' } end "
    "local last = redis.call('GET', KEYS[4]) or '0' "
    "local t = redis.call('TIME') "
    "local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000) "
    "local i = 8 "
    "for k = 1, tonumber(ARGV[6]) do "
    "if tonumber(ARGV[i]) > tonumber(last) then "
    "local op, f, v = ARGV[i + 6], ARGV[i + 7], ARGV[i + 8] "
    "local r = '' "
    "if op == 'm' then redis.call('HSET', KEYS[2], f, v) "
    "elseif op == 'd' then redis.call('HDEL', KEYS[2], f) "
    "elseif op == 'u' then redis.call('HSET', KEYS[3], f, v) "
    "elseif op == 'x' then "
    "redis.call('HDEL', KEYS[3], 'b ' .. f, 'm ' .. f, 's ' .. f) "
    "elseif op == 't' then "
    "for x in string.gmatch(string.sub(f, 4), '%S+') do "
    "if redis.call('ZADD', KEYS[5], 'NX', string.format('%.0f', now), x) == 0 "
    "then r = '0' end end "
    "redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -1 - tonumber(ARGV[7])) "
    "if r == '' then "
    "f = 'total ' .. string.sub(f, 1, 3) "
    "r = (tonumber(redis.call('HGET', KEYS[2], f) or '0') or 0) + tonumber(v) "
    "r = string.format('%.0f', math.min(r, 9007199254740991)) "
    "redis.call('HSET', KEYS[2], f, r) end "
    "elseif op == 'p' or op == 'v' or op == 'e' then "
    "local id, origin, till = string.match(redis.call('HGET', KEYS[2], "
    "'poll') or '', '^(%S+) (%S+) (%d+)$') "
    "till = tonumber(till) or 0 "
    "if op == 'p' then "
    "if id and origin ~= ARGV[i + 1] and (till == 0 or now < till + 60000) "
    "then r = '0' else r = '1' "
    "if origin ~= ARGV[i + 1] then redis.call('DEL', KEYS[6]) end end "
    "elseif op == 'e' then "
    "if id == f or origin == f then r = '1' "
    "redis.call('HDEL', KEYS[2], 'poll') redis.call('DEL', KEYS[6]) "
    "redis.call('HSET', KEYS[2], 'polled', id .. ' ' .. origin) "
    "elseif string.find(' ' .. (redis.call('HGET', KEYS[2], 'polled') or '') "
    ".. ' ', ' ' .. f .. ' ', 1, true) then r = '0' end "
    "elseif id then "
    "local poll, user = string.match(f, '^(%S+) (.*)$') "
    "if (id == poll or origin == poll) "
    "and redis.call('HSETNX', KEYS[6], 'u ' .. user, v) == 1 then "
    "r = string.format('%.0f', redis.call('HINCRBY', KEYS[6], 'n ' .. v, 1)) "
    "else r = '0' end end end "
    "local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', "
    "'p', e, 'n', ARGV[5], 's', ARGV[i], 'o', ARGV[i + 1], "
    "'u', ARGV[i + 2], 'h', ARGV[i + 3], 't', ARGV[i + 4], "
    "'e', ARGV[i + 5], 'r', r) "
    "if op == 'p' and r == '1' then "
    "redis.call('HSET', KEYS[2], 'poll', "
    "id .. ' ' .. ARGV[i + 1] .. ' ' .. v) end "
    "last = ARGV[i] end "
    "i = i + 9 end "
    "redis.call('SET', KEYS[4], last, 'EX', ARGV[4]) "
    "if ARGV[3] ~= '0' then "
    "redis.pcall('XTRIM', KEYS[1], 'MINID', '~', "
    "string.format('%.0f', now - tonumber(ARGV[3]))) end "
    "for k = 1, 6 do if k ~= 4 then "
    "redis.call('EXPIRE', KEYS[k], ARGV[4]) end end "
    "return { 'ok', last }");


/*
 * ARGV: expiry, slow, pinned or empty, n; n currencies and totals; marks and
 * until when
 */

static ngx_live_redis_script_t  ngx_live_chat_stream_restore =
    ngx_live_redis_script(
    "if ARGV[2] ~= '-1' then "
    "redis.call('HSETNX', KEYS[2], 'slow', ARGV[2]) end "
    "if ARGV[3] ~= '' then "
    "redis.call('HSETNX', KEYS[2], 'pinned', ARGV[3]) end "
    "local n = 4 + 2 * tonumber(ARGV[4]) "
    "for i = 5, n, 2 do "
    "local f = 'total ' .. ARGV[i] "
    "if (tonumber(redis.call('HGET', KEYS[2], f) or '0') or 0) "
    "< tonumber(ARGV[i + 1]) then "
    "redis.call('HSET', KEYS[2], f, ARGV[i + 1]) end end "
    "for i = n + 1, #ARGV, 2 do "
    "redis.call('HSETNX', KEYS[3], ARGV[i], ARGV[i + 1]) end "
    "for k = 2, 3 do redis.call('EXPIRE', KEYS[k], ARGV[1]) end "
    "return { 'ok' }");


/*
 * ARGV: node, viewers, ms that they count.  The answer has the epoch and how
 * many other nodes have.
 */

static ngx_live_redis_script_t  ngx_live_chat_stream_viewers =
    ngx_live_redis_script(
    "local t = redis.call('TIME') "
    "local now = tonumber(t[1]) * 1000 "
    "redis.call('HSET', KEYS[2], ARGV[1], "
    "ARGV[2] .. ' ' .. string.format('%.0f', now)) "
    "redis.call('PEXPIRE', KEYS[2], ARGV[3]) "
    "local sum = 0 "
    "local all = redis.call('HGETALL', KEYS[2]) "
    "for i = 1, #all, 2 do "
    "local n, at = string.match(all[i + 1], '^(%d+) (%d+)$') "
    "if not n or now - tonumber(at) > tonumber(ARGV[3]) then "
    "redis.call('HDEL', KEYS[2], all[i]) "
    "elseif all[i] ~= ARGV[1] then sum = sum + tonumber(n) end end "
    "return { redis.call('HGET', KEYS[1], 'epoch') or '', sum }");


static void
ngx_live_chat_stream_keys(ngx_live_redis_args_t *a, ngx_str_t *name,
    uint32_t node)
{
    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY, name);
    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":meta", name);
    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":users", name);

    if (node) {
        ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":seq:%08xD", name,
                           node);
    }
}


static ngx_uint_t
ngx_live_chat_stream_expire(ngx_live_chat_room_sh_t *room)
{
    return ngx_max(room->age, NGX_LIVE_CHAT_STREAM_EXPIRE);
}


/* a copy in pool, as an argument */

static ngx_int_t
ngx_live_chat_stream_copy(ngx_live_redis_args_t *a, u_char *data, size_t len,
    ngx_pool_t *pool)
{
    ngx_str_t  text;

    text.len = len;
    text.data = ngx_pnalloc(pool, len + 1);

    if (text.data == NULL) {
        return NGX_ERROR;
    }

    if (len) {
        ngx_memcpy(text.data, data, len);
    }

    ngx_live_redis_arg(a, &text);

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_stream_open_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool)
{
    u_char  *p, buf[NGX_LIVE_CHAT_ID_LEN];

    ngx_live_redis_args_script(a, &ngx_live_chat_stream_open, 4);

    a->background = 1;

    ngx_live_chat_stream_keys(a, &room->sn.str, zone->sh->node);

    p = ngx_live_chat_epoch_write(buf, ngx_live_chat_log_epoch());

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    p = room->epoch ? ngx_live_chat_epoch_write(buf, room->epoch) : buf;

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_live_chat_id_write(buf, &room->stream);

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_live_redis_arg_int(a, ngx_max(room->history, 1));
    ngx_live_redis_arg_int(a, ngx_live_chat_stream_expire(room));

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_stream_say_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool, uint64_t *last)
{
    u_char                       *p, buf[NGX_LIVE_CHAT_EPOCH_LEN];
    ngx_uint_t                    n, arg, ntips, nkeys;
    ngx_queue_t                  *q;
    ngx_live_chat_outgoing_sh_t  *out;

    ngx_live_chat_purse_limits(&ntips, &nkeys);

    ngx_live_redis_args_script(a, &ngx_live_chat_stream_say, 6);

    a->background = 1;

    ngx_live_chat_stream_keys(a, &room->sn.str, zone->sh->node);
    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":tips", &room->sn.str);
    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":votes", &room->sn.str);

    p = ngx_live_chat_epoch_write(buf, room->epoch);

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_live_redis_arg_int(a, room->history + NGX_LIVE_CHAT_STREAM_MORE);
    ngx_live_redis_arg_int(a, (int64_t) room->age * 1000);
    ngx_live_redis_arg_int(a, ngx_live_chat_stream_expire(room));

    p = ngx_sprintf(buf, "%08xD", zone->sh->node);

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    arg = a->argc;
    ngx_live_redis_arg_text(a, "");
    ngx_live_redis_arg_int(a, nkeys);

    n = 0;

    for (q = ngx_queue_head(&room->outbox.queue);
         q != ngx_queue_sentinel(&room->outbox.queue)
         && n < NGX_LIVE_CHAT_STREAM_SAYS;
         q = ngx_queue_next(q))
    {
        out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);

        if (out->stored) {
            continue;
        }

        if (ngx_live_chat_stream_outgoing(a, out, pool) != NGX_OK) {
            return NGX_ERROR;
        }

        *last = out->seq;
        n++;
    }

    a->argv[arg].data = ngx_pnalloc(pool, NGX_INT_T_LEN);
    if (a->argv[arg].data == NULL) {
        return NGX_ERROR;
    }

    a->argv[arg].len = ngx_sprintf(a->argv[arg].data, "%ui", n)
                       - a->argv[arg].data;

    return n ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_live_chat_stream_outgoing(ngx_live_redis_args_t *a,
    ngx_live_chat_outgoing_sh_t *out, ngx_pool_t *pool)
{
    u_char     *p, *effect, buf[NGX_LIVE_CHAT_ID_LEN];
    ngx_str_t   user;

    ngx_live_redis_arg_int(a, out->seq);

    p = ngx_live_chat_id_write(buf, &out->origin);

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_live_redis_arg_int(a, out->user);

    if (ngx_live_chat_stream_copy(a, out->data,
                                  out->tail_len ? out->head_len : 0, pool)
        != NGX_OK
        || ngx_live_chat_stream_copy(a, out->data + out->head_len,
                                     out->tail_len, pool)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the effect, its user twice, an id and a value */

    effect = ngx_pnalloc(pool, 2 * NGX_LIVE_CHAT_EFFECT_LEN + 8
                               + 2 * out->effect.user.len);
    if (effect == NULL) {
        return NGX_ERROR;
    }

    user.data = effect;
    p = ngx_live_chat_effect_write(effect, &out->effect);
    user.len = p - effect;

    ngx_live_redis_arg(a, &user);

    ngx_live_chat_stream_operation(a, out, &out->effect.user, p);

    return NGX_OK;
}


/* an operation, a field and a value, written to buf */

static void
ngx_live_chat_stream_operation(ngx_live_redis_args_t *a,
    ngx_live_chat_outgoing_sh_t *out, ngx_str_t *user, u_char *buf)
{
    ngx_str_t                field, value;
    const char              *op;
    ngx_live_chat_effect_t  *effect;

    effect = &out->effect;
    field.data = buf;
    op = "";

    switch (effect->type) {

    case NGX_LIVE_CHAT_EFFECT_BAN:
    case NGX_LIVE_CHAT_EFFECT_TIMEOUT:
    case NGX_LIVE_CHAT_EFFECT_SHADOW:
        op = "u";
        buf = ngx_sprintf(buf, "%c %V",
                          effect->type == NGX_LIVE_CHAT_EFFECT_BAN ? 'b'
                          : effect->type == NGX_LIVE_CHAT_EFFECT_SHADOW ? 's'
                          : 'm', user);
        field.len = buf - field.data;
        value.data = buf;
        buf = ngx_sprintf(buf, "%L", effect->until);
        break;

    case NGX_LIVE_CHAT_EFFECT_UNBAN:
        op = "x";
        buf = ngx_cpymem(buf, user->data, user->len);
        field.len = buf - field.data;
        value.data = buf;
        break;

    case NGX_LIVE_CHAT_EFFECT_SLOW:
        op = "m";
        buf = ngx_cpymem(buf, "slow", 4);
        field.len = 4;
        value.data = buf;
        buf = ngx_sprintf(buf, "%L", effect->number);
        break;

    case NGX_LIVE_CHAT_EFFECT_RESTRICT:
        op = "m";
        buf = ngx_cpymem(buf, "restrict", 8);
        field.len = 8;
        value.data = buf;
        buf = ngx_sprintf(buf, "%L", effect->number);
        break;

    case NGX_LIVE_CHAT_EFFECT_PIN:
    case NGX_LIVE_CHAT_EFFECT_UNPIN:
        op = (effect->type == NGX_LIVE_CHAT_EFFECT_PIN) ? "m" : "d";
        buf = ngx_cpymem(buf, "pinned", 6);
        field.len = 6;
        value.data = buf;
        buf = ngx_live_chat_id_write(buf, &effect->message);
        break;

    case NGX_LIVE_CHAT_EFFECT_TIP:
        op = "t";
        buf = ngx_cpymem(buf, user->data, user->len);
        field.len = user->len;
        value.data = buf;
        buf = ngx_sprintf(buf, "%L", out->counted ? 0 : effect->number);
        break;

    case NGX_LIVE_CHAT_EFFECT_POLL:
        op = "p";
        field.len = 0;
        value.data = buf;
        buf = ngx_sprintf(buf, "%L", effect->until);
        break;

    case NGX_LIVE_CHAT_EFFECT_POLL_END:
        op = "e";
        buf = ngx_live_chat_id_write(buf, &effect->message);
        field.len = buf - field.data;
        value.data = buf;
        break;

    case NGX_LIVE_CHAT_EFFECT_VOTE:
        op = "v";
        buf = ngx_live_chat_id_write(buf, &effect->message);
        buf = ngx_sprintf(buf, " %V", user);
        field.len = buf - field.data;
        value.data = buf;
        buf = ngx_sprintf(buf, "%L", effect->number);
        break;

    default:
        field.len = 0;
        value.data = buf;
    }

    value.len = buf - value.data;

    ngx_live_redis_arg_text(a, op);
    ngx_live_redis_arg(a, &field);
    ngx_live_redis_arg(a, &value);
}


ngx_int_t
ngx_live_chat_stream_restore_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool)
{
    u_char                 *p, buf[NGX_LIVE_CHAT_ID_LEN];
    ngx_str_t               user;
    ngx_uint_t              n;
    ngx_live_chat_marks_t   marks;

    if (room->restore == 0) {
        return NGX_DECLINED;
    }

    ngx_live_redis_args_script(a, &ngx_live_chat_stream_restore, 3);

    a->background = 1;

    ngx_live_chat_stream_keys(a, &room->sn.str, 0);

    ngx_live_redis_arg_int(a, ngx_live_chat_stream_expire(room));
    ngx_live_redis_arg_int(a, room->slow_set ? (int64_t) room->slow : -1);

    p = room->pinned.ms ? ngx_live_chat_id_write(buf, &room->pinned) : buf;

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_live_chat_stream_totals(a, room, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    /* so many at a time: restore is where the next ones begin */

    for (n = 0; n < NGX_LIVE_CHAT_STREAM_MARKS; n++, room->restore++) {

        if (ngx_live_chat_mark_list_locked(zone, &room->sn.str,
                                           room->restore - 1, &user, &marks)
            != NGX_OK)
        {
            room->restore = 0;
            return NGX_OK;
        }

        if (ngx_live_chat_stream_mark(a, &user, 'b', marks.banned, pool)
            != NGX_OK
            || ngx_live_chat_stream_mark(a, &user, 'm', marks.muted, pool)
               != NGX_OK
            || ngx_live_chat_stream_mark(a, &user, 's', marks.shadow, pool)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* as Redis has counted them: what it has not is still to be said */

static ngx_int_t
ngx_live_chat_stream_totals(ngx_live_redis_args_t *a,
    ngx_live_chat_room_sh_t *room, ngx_pool_t *pool)
{
    ngx_uint_t                 i, n;
    ngx_live_chat_total_sh_t  *total;

    n = 0;

    for (i = 0; room->purse && i < NGX_LIVE_CHAT_CURRENCIES; i++) {
        n += (room->purse->totals[i].counted != 0);
    }

    ngx_live_redis_arg_int(a, n);

    for (i = 0; n && i < NGX_LIVE_CHAT_CURRENCIES; i++) {
        total = &room->purse->totals[i];

        if (total->counted == 0) {
            continue;
        }

        if (ngx_live_chat_stream_copy(a, total->currency,
                                      NGX_LIVE_CHAT_CURRENCY, pool)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_live_redis_arg_int(a, total->counted);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_stream_mark(ngx_live_redis_args_t *a, ngx_str_t *user,
    u_char kind, int64_t until, ngx_pool_t *pool)
{
    u_char     *p;
    ngx_str_t   name;

    if (until <= ngx_live_now()) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, user->len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name.data = p;
    name.len = ngx_sprintf(p, "%c %V", kind, user) - p;

    ngx_live_redis_arg(a, &name);
    ngx_live_redis_arg_int(a, until);

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_stream_viewers_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool)
{
    u_char  *p, buf[8];

    ngx_live_redis_args_script(a, &ngx_live_chat_stream_viewers, 2);

    a->background = 1;

    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":meta", &room->sn.str);
    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_KEY ":viewers",
                       &room->sn.str);

    p = ngx_sprintf(buf, "%08xD", zone->sh->node);

    if (ngx_live_chat_stream_copy(a, buf, p - buf, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_live_redis_arg_int(a, ngx_live_chat_room_clients(zone, room));
    ngx_live_redis_arg_int(a, 3 * NGX_LIVE_CHAT_PRESENCE);

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_stream_pass_locked(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_pool_t *pool)
{
    u_char                    *p, *text, buf[8];
    ngx_str_t                  key;
    ngx_queue_t               *q, *next;
    ngx_live_chat_entry_sh_t  *e;

    next = NULL;

    for (q = ngx_queue_last(&room->passing);
         q != ngx_queue_sentinel(&room->passing);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->serial <= room->passed) {
            break;
        }

        if (e->shared) {
            next = q;
        }
    }

    if (next == NULL) {
        room->passed = room->serial;
        return NGX_DECLINED;
    }

    e = ngx_queue_data(next, ngx_live_chat_entry_sh_t, queue);
    room->passed = e->serial;

    /* its text is head "id":"ID" tail */

    text = ngx_strnstr(e->text, "\"id\":\"", e->len);

    if (text == NULL) {
        return NGX_DECLINED;
    }

    p = ngx_strlchr(text + 6, e->text + e->len, '"');

    if (p == NULL) {
        return NGX_DECLINED;
    }

    ngx_live_redis_args(a, "XADD");

    a->background = 1;

    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_PASSING);
    ngx_live_redis_arg_text(a, "MAXLEN");
    ngx_live_redis_arg_text(a, "~");
    ngx_live_redis_arg_int(a, 1000);
    ngx_live_redis_arg_text(a, "*");
    ngx_live_redis_arg_text(a, "n");

    (void) ngx_sprintf(buf, "%08xD", zone->sh->node);

    if (ngx_live_chat_stream_copy(a, buf, 8, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    key = room->sn.str;

    ngx_live_redis_arg_text(a, "k");

    if (ngx_live_chat_stream_copy(a, key.data, key.len, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_live_redis_arg_text(a, "h");

    if (ngx_live_chat_stream_copy(a, e->text, text - e->text, pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_live_redis_arg_text(a, "t");

    return ngx_live_chat_stream_copy(a, p + 1, e->text + e->len - p - 1,
                                     pool);
}


void
ngx_live_chat_stream_wake(ngx_live_redis_args_t *a,
    ngx_live_chat_zone_t *zone)
{
    ngx_live_redis_args(a, "XADD");

    a->background = 1;

    ngx_live_redis_key(a, NGX_LIVE_CHAT_STREAM_WAKE, zone->sh->node);
    ngx_live_redis_arg_text(a, "MAXLEN");
    ngx_live_redis_arg_int(a, 1);
    ngx_live_redis_arg_text(a, "*");
    ngx_live_redis_arg_text(a, "w");
    ngx_live_redis_arg_text(a, "1");
}
