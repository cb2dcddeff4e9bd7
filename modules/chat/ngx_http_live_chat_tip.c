
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_stamp.h"


/*
 * Tips, which servers say, what is announced, and the tips so far.
 */

/* who has given without an id */
#define NGX_HTTP_LIVE_CHAT_GIVER  "guest"

/* of an answer */
#define NGX_HTTP_LIVE_CHAT_TIPS   200


static size_t ngx_http_live_chat_escaped(ngx_str_t *s);
static u_char *ngx_http_live_chat_giver(u_char *p, ngx_live_chat_tip_t *tip);
static ngx_int_t ngx_http_live_chat_give_say(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_say_t *say);
static ngx_int_t ngx_http_live_chat_tips_visit(
    ngx_http_live_chat_visitor_t *v);
static ngx_uint_t ngx_http_live_chat_tips_max(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_tips_answer(ngx_http_request_t *r,
    ngx_live_chat_room_sh_t *room, ngx_str_t *body);


ngx_int_t
ngx_http_live_chat_tip(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t  rc;

    if (!deed->user->serves) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    rc = ngx_http_live_chat_give(deed, &cmd->tip);

    /* who asks again because the answer was lost is told that it is done */

    if (rc == NGX_DECLINED && ngx_strcmp(deed->error, "seen") == 0) {
        deed->error = NULL;
        deed->repeated = 1;

        return NGX_OK;
    }

    return rc;
}


ngx_int_t
ngx_http_live_chat_give(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_tip_t *tip)
{
    u_char               *p, keys[NGX_LIVE_CHAT_PURSE_KEYS_LEN];
    size_t                len;
    ngx_int_t             rc;
    ngx_live_chat_say_t   say;

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"tip\",");

    say.effect.type = NGX_LIVE_CHAT_EFFECT_TIP;
    say.effect.number = tip->amount;
    say.effect.user.data = keys;
    say.effect.user.len = ngx_live_chat_purse_keys(keys, tip) - keys;

    /* nobody's are what moderators do, which cannot be removed */

    if (tip->user.len) {
        say.user = ngx_crc32_long(tip->user.data, tip->user.len);

    } else {
        say.user = ngx_crc32_long((u_char *) NGX_HTTP_LIVE_CHAT_GIVER,
                                  sizeof(NGX_HTTP_LIVE_CHAT_GIVER) - 1);
    }

    say.user += (say.user == 0);

    len = NGX_LIVE_CHAT_STAMP_LEN
          + sizeof(",\"user\":{\"id\":\"\",\"name\":\"\",\"role\":\"viewer\"}"
                   ",\"amount\":,\"currency\":\"EUR\",\"text\":\"\"}") - 1
          + 2 * sizeof(NGX_HTTP_LIVE_CHAT_GIVER)
          + 2 * ngx_http_live_chat_escaped(&tip->user)
          + ngx_http_live_chat_escaped(&tip->name) + NGX_INT64_LEN
          + ngx_http_live_chat_escaped(&tip->text);

    say.tail.data = ngx_alloc(len, deed->request->connection->log);
    if (say.tail.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_live_chat_stamp(say.tail.data, &deed->hall->key);
    p = ngx_http_live_chat_giver(p, tip);
    p = ngx_sprintf(p, ",\"amount\":%L,\"currency\":\"%*s\"", tip->amount,
                    (size_t) NGX_LIVE_CHAT_CURRENCY, tip->currency);

    if (tip->text.len) {
        p = ngx_sprintf(p, ",\"text\":\"");
        p = (u_char *) ngx_escape_json(p, tip->text.data, tip->text.len);
        *p++ = '"';
    }

    *p++ = '}';

    say.tail.len = p - say.tail.data;

    rc = ngx_http_live_chat_give_say(deed, &say);

    ngx_free(say.tail.data);

    deed->tip = 1;

    if (rc == NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, deed->request->connection->log, 0,
                      "tip of %L %*s in room \"%V\"", tip->amount,
                      (size_t) NGX_LIVE_CHAT_CURRENCY, tip->currency,
                      &deed->hall->key);
    }

    return rc;
}


static size_t
ngx_http_live_chat_escaped(ngx_str_t *s)
{
    return s->len + ngx_escape_json(NULL, s->data, s->len);
}


/* who has a name only is a guest; nothing of one who has neither */

static u_char *
ngx_http_live_chat_giver(u_char *p, ngx_live_chat_tip_t *tip)
{
    ngx_str_t  id, name;

    if (tip->user.len == 0 && tip->name.len == 0) {
        return p;
    }

    ngx_str_set(&id, NGX_HTTP_LIVE_CHAT_GIVER);

    if (tip->user.len) {
        id = tip->user;
    }

    name = tip->name.len ? tip->name : id;

    p = ngx_sprintf(p, ",\"user\":{\"id\":\"");
    p = (u_char *) ngx_escape_json(p, id.data, id.len);
    p = ngx_sprintf(p, "\",\"name\":\"");
    p = (u_char *) ngx_escape_json(p, name.data, name.len);

    return ngx_sprintf(p, "\",\"role\":\"%s\"}",
                       tip->user.len ? "viewer" : "guest");
}


static ngx_int_t
ngx_http_live_chat_give_say(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_say_t *say)
{
    ngx_int_t  rc;

    rc = ngx_live_chat_room_say(ngx_live_chat_zone(), deed->hall->room, say);

    if (rc == NGX_DECLINED && ngx_strcmp(say->error, "room_full") != 0) {
        return ngx_http_live_chat_refuse(deed, say->error, NGX_HTTP_CONFLICT);
    }

    if (rc != NGX_OK) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    deed->pos = say->pos;
    deed->seq = say->seq;

    return NGX_OK;
}


ngx_int_t
ngx_http_live_chat_announce(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    u_char               *p;
    ngx_int_t             rc;
    ngx_live_chat_say_t   say;

    if (!deed->user->moderates && !deed->user->serves) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"announcement\",");

    say.user = deed->user->hash;

    say.tail.data = ngx_alloc(NGX_LIVE_CHAT_STAMP_LEN
                              + sizeof(",\"by\":,\"text\":\"\"}") - 1
                              + deed->user->json.len
                              + ngx_http_live_chat_escaped(&cmd->text),
                              deed->request->connection->log);
    if (say.tail.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_live_chat_stamp(say.tail.data, &deed->hall->key);
    p = ngx_sprintf(p, ",\"by\":%V,\"text\":\"", &deed->user->json);
    p = (u_char *) ngx_escape_json(p, cmd->text.data, cmd->text.len);
    *p++ = '"';
    *p++ = '}';

    say.tail.len = p - say.tail.data;

    rc = ngx_http_live_chat_give_say(deed, &say);

    ngx_free(say.tail.data);

    return rc;
}


ngx_uint_t
ngx_http_live_chat_wants_tips(ngx_http_request_t *r)
{
    ngx_str_t  value;

    return ngx_http_arg(r, (u_char *) "tips", 4, &value) == NGX_OK
           || (r->args.len == 4 && ngx_memcmp(r->args.data, "tips", 4) == 0)
           || (r->args.len > 5 && ngx_memcmp(r->args.data, "tips&", 5) == 0)
           || (r->args.len > 5 && ngx_memcmp(r->args.data + r->args.len - 5,
                                             "&tips", 5) == 0);
}


ngx_int_t
ngx_http_live_chat_tips(ngx_http_request_t *r)
{
    ngx_http_live_chat_visitor_t  *v;

    v = ngx_pcalloc(r->pool, sizeof(ngx_http_live_chat_visitor_t));
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_chat_visit(v, r, ngx_http_live_chat_tips_visit);
}


static ngx_int_t
ngx_http_live_chat_tips_visit(ngx_http_live_chat_visitor_t *v)
{
    ngx_str_t  body;

    if (ngx_http_live_chat_tips_answer(v->request, v->client.hall->room, &body)
        != NGX_OK
        || ngx_http_live_cache_control(v->request, "no-store") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_reply(v->request, NGX_HTTP_OK, "application/json",
                               &body);
}


static ngx_uint_t
ngx_http_live_chat_tips_max(ngx_http_request_t *r)
{
    ngx_int_t  n;
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) "tips", 4, &value) != NGX_OK) {
        return NGX_HTTP_LIVE_CHAT_TIPS;
    }

    n = ngx_atoi(value.data, value.len);

    return (n < 0) ? NGX_HTTP_LIVE_CHAT_TIPS
                   : ngx_min((ngx_uint_t) n, NGX_HTTP_LIVE_CHAT_TIPS);
}


static ngx_int_t
ngx_http_live_chat_tips_answer(ngx_http_request_t *r,
    ngx_live_chat_room_sh_t *room, ngx_str_t *body)
{
    u_char                *p, totals[NGX_LIVE_CHAT_TOTALS_LEN];
    ngx_str_t              tips;
    ngx_live_chat_zone_t  *zone;

    zone = ngx_live_chat_zone();

    if (ngx_live_chat_tips_list(zone, room, ngx_http_live_chat_tips_max(r),
                                r->pool, &tips)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_live_chat_lock(zone);

    p = ngx_live_chat_totals_write_locked(totals, room);

    ngx_live_chat_unlock(zone);

    if (p == totals) {
        p = ngx_cpymem(totals, "{}", 2);
    }

    body->data = ngx_pnalloc(r->pool, sizeof("{\"totals\":,\"tips\":[]}") - 1
                                      + (p - totals) + tips.len);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    body->len = ngx_sprintf(body->data, "{\"totals\":%*s,\"tips\":[%V]}",
                            (size_t) (p - totals), totals, &tips)
                - body->data;

    return NGX_OK;
}
