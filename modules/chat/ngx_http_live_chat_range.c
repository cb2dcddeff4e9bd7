
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_range.h"
#include "ngx_live_redis.h"
#include "ngx_live_stream.h"


/*
 * What was said from one moment to another.  An answer changes only by what
 * moderators do, and by nodes that come back, once its time is over.
 */

/* ms, later than any moment */
#define NGX_HTTP_LIVE_CHAT_ALWAYS   ((int64_t) 1 << 62)

/* ms after which something may still be said before a moment */
#define NGX_HTTP_LIVE_CHAT_SETTLED  5000

/* "2023-11-14T22:13:20.500Z" */
#define NGX_HTTP_LIVE_CHAT_DATE_LEN  32


static ngx_int_t ngx_http_live_chat_range_visit(
    ngx_http_live_chat_visitor_t *v);
static ngx_int_t ngx_http_live_chat_range_args(ngx_http_request_t *r,
    ngx_live_chat_range_t *range);
static ngx_int_t ngx_http_live_chat_range_set(ngx_http_request_t *r,
    ngx_live_chat_range_t *range, ngx_live_chat_when_t *from,
    ngx_live_chat_when_t *to);
static ngx_int_t ngx_http_live_chat_range_arg(ngx_http_request_t *r,
    char *name, ngx_live_chat_when_t *when);
static int64_t ngx_http_live_chat_range_since(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_range_answer(ngx_http_request_t *r,
    ngx_live_chat_range_t *range);
static ngx_int_t ngx_http_live_chat_range_cache(ngx_http_request_t *r,
    const char *value);
static ngx_int_t ngx_http_live_chat_range_write(ngx_live_chat_range_t *range,
    const char *head, ngx_str_t *json, ngx_pool_t *pool);
static u_char *ngx_http_live_chat_range_next(u_char *p,
    ngx_live_chat_range_t *range);


ngx_uint_t
ngx_http_live_chat_wants_range(ngx_http_request_t *r)
{
    ngx_str_t  value;

    return ngx_http_arg(r, (u_char *) "from", 4, &value) == NGX_OK
           || ngx_http_arg(r, (u_char *) "to", 2, &value) == NGX_OK;
}


ngx_int_t
ngx_http_live_chat_range(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_live_chat_visitor_t  *v;

    v = ngx_pcalloc(r->pool, sizeof(ngx_http_live_chat_visitor_t)
                             + sizeof(ngx_live_chat_range_t));
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->data = v + 1;

    rc = ngx_http_live_chat_range_args(r, v->data);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_problem(r, NGX_HTTP_BAD_REQUEST, "bad range");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* only other nodes can have said something in a room that is not here */

    if (ngx_live_redis_on()) {
        return ngx_http_live_chat_visit(v, r, ngx_http_live_chat_range_visit);
    }

    v->request = r;

    if (ngx_http_live_chat_key(r, &v->key) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_chat_range_visit(v);
}


static ngx_int_t
ngx_http_live_chat_range_visit(ngx_http_live_chat_visitor_t *v)
{
    if (ngx_live_chat_range(ngx_live_chat_zone(), &v->key, v->data,
                            v->request->pool)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_chat_range_answer(v->request, v->data);
}


/* NGX_DECLINED: they are wrong */

static ngx_int_t
ngx_http_live_chat_range_args(ngx_http_request_t *r,
    ngx_live_chat_range_t *range)
{
    ngx_int_t             n, from, to;
    ngx_str_t             value;
    ngx_live_chat_when_t  first, last;

    from = ngx_http_live_chat_range_arg(r, "from", &first);
    to = ngx_http_live_chat_range_arg(r, "to", &last);

    if (from == NGX_ERROR || to == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (from == NGX_DECLINED || to == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    range->limit = NGX_LIVE_CHAT_RANGE;

    if (ngx_http_arg(r, (u_char *) "limit", 5, &value) == NGX_OK) {
        n = ngx_atoi(value.data, value.len);

        if (n < 1) {
            return NGX_DECLINED;
        }

        range->limit = ngx_min(n, NGX_LIVE_CHAT_RANGE_MAX);
    }

    return ngx_http_live_chat_range_set(r, range,
                                        from == NGX_OK ? &first : NULL,
                                        to == NGX_OK ? &last : NULL);
}


/* one of both may be NULL; NGX_DECLINED: they do not fit */

static ngx_int_t
ngx_http_live_chat_range_set(ngx_http_request_t *r,
    ngx_live_chat_range_t *range, ngx_live_chat_when_t *from,
    ngx_live_chat_when_t *to)
{
    range->from = from ? from->ms : 0;
    range->to = to ? to->ms : NGX_HTTP_LIVE_CHAT_ALWAYS;
    range->media = from ? from->media : to->media;
    range->since = range->media ? ngx_http_live_chat_range_since(r) : 0;

    /* one time line for both */

    if ((from && to && from->media != to->media) || range->from > range->to) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* NGX_DONE: there is none */

static ngx_int_t
ngx_http_live_chat_range_arg(ngx_http_request_t *r, char *name,
    ngx_live_chat_when_t *when)
{
    u_char     *dst, *src;
    ngx_str_t   value;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return NGX_DONE;
    }

    dst = ngx_pnalloc(r->pool, value.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    src = value.data;
    value.data = dst;

    ngx_unescape_uri(&dst, &src, value.len, 0);

    return (ngx_live_chat_when_parse(value.data, dst - value.data, when)
            == NGX_OK) ? NGX_OK : NGX_DECLINED;
}


/* when the stream began, which is where its time line does */

static int64_t
ngx_http_live_chat_range_since(ngx_http_request_t *r)
{
    int64_t               since;
    ngx_live_stream_t    *st;
    ngx_http_live_ctx_t  *ctx;

    ctx = ngx_http_live_get_ctx(r);

    st = ngx_live_stream_find(&ctx->app, &ctx->name);

    if (st == NULL) {
        return 0;
    }

    since = ngx_live_now() - (ngx_live_clock() - st->sh->created);

    ngx_live_stream_close(st);

    return since;
}


static ngx_int_t
ngx_http_live_chat_range_answer(ngx_http_request_t *r,
    ngx_live_chat_range_t *range)
{
    ngx_str_t    body;
    const char  *cache;

    if (ngx_http_live_chat_range_write(range, "{", &body, r->pool) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cache = (!range->media
             && range->to < ngx_live_now() - NGX_HTTP_LIVE_CHAT_SETTLED)
            ? "max-age=10" : "max-age=1";

    if (ngx_http_live_chat_range_cache(r, cache) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_live_reply(r, NGX_HTTP_OK, "application/json", &body);
}


/*
 * The chat asks for a token where nobody needs one, too, to know who somebody
 * is; here everybody is told the same.
 */

static ngx_int_t
ngx_http_live_chat_range_cache(ngx_http_request_t *r, const char *value)
{
    ngx_str_t                       s;
    ngx_http_live_ctx_t            *ctx;
    ngx_http_live_chat_loc_conf_t  *lccf;

    ctx = ngx_http_live_get_ctx(r);
    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    if (!(ctx->access.conf->play & NGX_LIVE_RULE_ANY)
        || lccf->guests == NGX_HTTP_LIVE_CHAT_GUESTS_OFF)
    {
        return ngx_http_live_cache_control(r, value);
    }

    s.data = (u_char *) value;
    s.len = ngx_strlen(value);

    return ngx_http_live_header(r, "Cache-Control", &s);
}


static ngx_int_t
ngx_http_live_chat_range_write(ngx_live_chat_range_t *range, const char *head,
    ngx_str_t *json, ngx_pool_t *pool)
{
    u_char  *p;

    json->data = ngx_pnalloc(pool,
                             ngx_strlen(head) + range->text.len
                             + sizeof("\"whole\":false,\"messages\":[],"
                                      "\"next\":\"\"}") - 1
                             + NGX_HTTP_LIVE_CHAT_DATE_LEN);
    if (json->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(json->data, "%s\"whole\":%s,\"messages\":[%V]", head,
                    range->whole ? "true" : "false", &range->text);

    if (range->next != -1) {
        p = ngx_http_live_chat_range_next(p, range);
    }

    *p++ = '}';

    json->len = p - json->data;

    return NGX_OK;
}


/* as it is to be asked for */

static u_char *
ngx_http_live_chat_range_next(u_char *p, ngx_live_chat_range_t *range)
{
    ngx_tm_t  tm;

    if (range->media) {
        return ngx_sprintf(p, ",\"next\":\"%L\"", range->next);
    }

    ngx_gmtime(range->next / 1000, &tm);

    return ngx_sprintf(p, ",\"next\":\"%4d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                       (int) (range->next % 1000));
}


ngx_int_t
ngx_http_live_chat_range_history(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t              rc;
    ngx_str_t              json;
    ngx_pool_t            *pool;
    ngx_live_chat_range_t  range;

    ngx_memzero(&range, sizeof(ngx_live_chat_range_t));

    range.limit = cmd->limit ? cmd->limit : NGX_HTTP_LIVE_CHAT_HISTORY;

    if (ngx_http_live_chat_range_set(deed->request, &range,
                                     cmd->has_from ? &cmd->from : NULL,
                                     cmd->has_to ? &cmd->to : NULL)
        != NGX_OK)
    {
        return ngx_http_live_chat_refuse(deed, "bad_field",
                                         NGX_HTTP_BAD_REQUEST);
    }

    pool = ngx_create_pool(4096, deed->request->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_live_chat_range(ngx_live_chat_zone(), &deed->hall->key, &range,
                             pool);

    if (rc == NGX_OK) {
        rc = ngx_http_live_chat_range_write(&range, "{\"type\":\"history\",",
                                            &json, pool);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_live_chat_own(deed->client, &json);
    }

    ngx_destroy_pool(pool);

    return rc;
}
