
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What publishing and playing share: names, the access check, the registry.
 */


#include "ngx_stream_live_rtmp.h"
#include "ngx_live_name.h"


#define NGX_STREAM_LIVE_RTMP_POOL  1024


static ngx_int_t ngx_stream_live_rtmp_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static void ngx_stream_live_rtmp_printable(ngx_str_t *s);
static ngx_int_t ngx_stream_live_rtmp_set_name(ngx_stream_live_rtmp_t *rs,
    ngx_str_t *name);
static ngx_int_t ngx_stream_live_rtmp_set_args(ngx_stream_live_rtmp_t *rs,
    ngx_str_t *args);
static ngx_int_t ngx_stream_live_rtmp_access(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t action);
static ngx_int_t ngx_stream_live_rtmp_access_result(ngx_stream_live_rtmp_t *rs,
    ngx_int_t rc);
static void ngx_stream_live_rtmp_access_handler(ngx_live_access_t *a,
    ngx_int_t rc);
static ngx_int_t ngx_stream_live_rtmp_access_variable(ngx_live_access_t *a,
    ngx_str_t *name, ngx_str_t *value);
static void ngx_stream_live_rtmp_kill_handler(ngx_live_session_t *s);


static ngx_str_t  ngx_stream_live_rtmp_publish_name = ngx_string("publish");
static ngx_str_t  ngx_stream_live_rtmp_play_name = ngx_string("play");


static ngx_int_t
ngx_stream_live_rtmp_copy(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pstrdup(pool, src);

    return (dst->data == NULL) ? NGX_ERROR : NGX_OK;
}


/* an invalid name goes to the log only */

static void
ngx_stream_live_rtmp_printable(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < 0x20 || s->data[i] >= 0x7f || s->data[i] == '"') {
            s->data[i] = '?';
        }
    }

    s->len = ngx_min(s->len, NGX_LIVE_NAME_MAX);
}


ngx_int_t
ngx_stream_live_rtmp_set_app(ngx_stream_live_rtmp_t *rs, ngx_str_t *whole)
{
    ngx_str_t              copy;
    const char            *reason;
    ngx_live_main_conf_t  *lmcf;

    if (whole->len > NGX_STREAM_LIVE_RTMP_MAX_STRING) {
        rs->reason = "too long application";
        return NGX_ERROR;
    }

    if (ngx_stream_live_rtmp_copy(rs->connection->pool, &copy, whole)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_live_name_split_app(&copy, &rs->connect_app, &rs->instance,
                            &rs->connect_args);

    if (ngx_live_name_check(&rs->connect_app, &reason) != NGX_OK) {
        ngx_stream_live_rtmp_printable(&rs->connect_app);
        rs->reason = "invalid application";
        return NGX_DECLINED;
    }

    rs->app = rs->connect_app;

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    if (lmcf == NULL || ngx_live_zone == NULL) {
        rs->reason = "no live block";
        return NGX_DECLINED;
    }

    /* an access handler may know more names */

    if (lmcf->access.nelts == 0
        && ngx_live_app_conf(lmcf, &rs->connect_app) == NULL)
    {
        rs->reason = "no such application";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_stream_live_rtmp_begin(ngx_stream_live_rtmp_t *rs, ngx_uint_t action,
    ngx_str_t *whole, uint32_t msid)
{
    ngx_int_t    rc;
    ngx_uint_t   publish;
    const char  *reason;

    publish = (action == NGX_LIVE_ACTION_PUBLISH);

    rs->msid = msid;
    rs->action = publish ? ngx_stream_live_rtmp_publish_name
                         : ngx_stream_live_rtmp_play_name;

    ngx_str_null(&rs->name);
    ngx_str_null(&rs->args);
    rs->app = rs->connect_app;

    if (rs->pool) {
        ngx_destroy_pool(rs->pool);
    }

    rs->pool = ngx_create_pool(NGX_STREAM_LIVE_RTMP_POOL,
                               rs->connection->log);
    if (rs->pool == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_stream_live_rtmp_set_name(rs, whole);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED
        || ngx_live_name_check(&rs->name, &reason) != NGX_OK)
    {
        ngx_stream_live_rtmp_printable(&rs->name);

        return ngx_stream_live_rtmp_refuse_text(rs,
                                publish ? NGX_STREAM_LIVE_RTMP_PUBLISH_BAD_NAME
                                        : NGX_STREAM_LIVE_RTMP_PLAY_BAD_NAME,
                                "bad stream name");
    }

    return ngx_stream_live_rtmp_access(rs, action);
}


/* the name may stand in the application, arguments in either */

static ngx_int_t
ngx_stream_live_rtmp_set_name(ngx_stream_live_rtmp_t *rs, ngx_str_t *whole)
{
    ngx_int_t  rc;
    ngx_str_t  name, args;

    if (whole->len > NGX_STREAM_LIVE_RTMP_MAX_STRING) {
        rs->reason = "too long stream name";
        return NGX_ERROR;
    }

    ngx_live_name_split(whole, &name, &args);

    rc = NGX_OK;

    if (rs->instance.len) {

        if (name.len == 0) {
            name = rs->instance;

        } else if (rs->instance.len != sizeof("_definst_") - 1
                   || ngx_strncmp(rs->instance.data, "_definst_",
                                  sizeof("_definst_") - 1)
                      != 0)
        {
            rc = NGX_DECLINED;
        }
    }

    if (ngx_stream_live_rtmp_copy(rs->pool, &rs->name, &name) != NGX_OK
        || ngx_stream_live_rtmp_set_args(rs, &args) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_stream_live_rtmp_set_args(ngx_stream_live_rtmp_t *rs, ngx_str_t *args)
{
    u_char  *p;

    if (rs->connect_args.len == 0) {
        return ngx_stream_live_rtmp_copy(rs->pool, &rs->args, args);
    }

    if (args->len == 0) {
        return ngx_stream_live_rtmp_copy(rs->pool, &rs->args,
                                         &rs->connect_args);
    }

    p = ngx_pnalloc(rs->pool, args->len + 1 + rs->connect_args.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    rs->args.data = p;
    rs->args.len = ngx_sprintf(p, "%V&%V", args, &rs->connect_args) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_access(ngx_stream_live_rtmp_t *rs, ngx_uint_t action)
{
    ngx_live_access_t  *a;

    a = ngx_pcalloc(rs->pool, sizeof(ngx_live_access_t));
    if (a == NULL) {
        return NGX_ERROR;
    }

    a->door = NGX_LIVE_DOOR_RTMP;
    a->action = action;
    a->app = rs->app;
    a->name = rs->name;
    a->args = rs->args;
    a->sockaddr = rs->connection->sockaddr;
    a->socklen = rs->connection->socklen;
    a->address = rs->connection->addr_text;
    a->pool = rs->pool;
    a->log = rs->connection->log;
    a->variable = ngx_stream_live_rtmp_access_variable;
    a->handler = ngx_stream_live_rtmp_access_handler;
    a->data = rs;

    rs->access = a;

    return ngx_stream_live_rtmp_access_result(rs, ngx_live_access_check(a));
}


static ngx_int_t
ngx_stream_live_rtmp_access_result(ngx_stream_live_rtmp_t *rs, ngx_int_t rc)
{
    ngx_uint_t          publish, refusal;
    ngx_live_access_t  *a;

    a = rs->access;

    if (rc == NGX_AGAIN) {
        ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_PENDING);
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        publish = (a->action == NGX_LIVE_ACTION_PUBLISH);

        if (a->bad_name) {
            refusal = publish ? NGX_STREAM_LIVE_RTMP_PUBLISH_BAD_NAME
                              : NGX_STREAM_LIVE_RTMP_PLAY_BAD_NAME;

        } else {
            refusal = publish ? NGX_STREAM_LIVE_RTMP_PUBLISH_DENIED
                              : NGX_STREAM_LIVE_RTMP_PLAY_DENIED;
        }

        return ngx_stream_live_rtmp_refuse(rs, refusal, 0, &a->reason);
    }

    /* it may have been renamed */

    rs->app = a->app;
    rs->name = a->name;

    return (a->action == NGX_LIVE_ACTION_PUBLISH)
           ? ngx_stream_live_rtmp_publish_allowed(rs)
           : ngx_stream_live_rtmp_play_allowed(rs);
}


static void
ngx_stream_live_rtmp_access_handler(ngx_live_access_t *a, ngx_int_t rc)
{
    ngx_stream_live_rtmp_t  *rs;

    rs = a->data;

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_COMMAND);

    ngx_stream_live_rtmp_answer(rs,
                                ngx_stream_live_rtmp_access_result(rs, rc));
}


static ngx_int_t
ngx_stream_live_rtmp_access_variable(ngx_live_access_t *a, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_uint_t                    key;
    ngx_stream_live_rtmp_t       *rs;
    ngx_stream_variable_value_t  *v;

    rs = a->data;

    key = ngx_hash_key(name->data, name->len);

    v = ngx_stream_get_variable(rs->session, name, key);

    if (v == NULL || v->not_found) {
        return NGX_DECLINED;
    }

    value->data = v->data;
    value->len = v->len;

    return NGX_OK;
}


void
ngx_stream_live_rtmp_answer(ngx_stream_live_rtmp_t *rs, ngx_int_t rc)
{
    if (rc == NGX_ERROR) {
        ngx_stream_live_rtmp_fail(rs);
        return;
    }

    if (rc == NGX_AGAIN) {
        return;
    }

    ngx_stream_live_rtmp_resume(rs);
    ngx_stream_live_rtmp_flush(rs);
}


ngx_int_t
ngx_stream_live_rtmp_register(ngx_stream_live_rtmp_t *rs,
    ngx_live_stream_t *st)
{
    rs->registered.handler = ngx_stream_live_rtmp_kill_handler;
    rs->registered.data = rs;

    return ngx_live_session_open(&rs->registered, st, rs->access);
}


/* somebody wants this session ended: a publisher's stream with it */

static void
ngx_stream_live_rtmp_kill_handler(ngx_live_session_t *s)
{
    ngx_int_t                rc;
    ngx_uint_t               refusal;
    const char              *reason;
    ngx_stream_live_rtmp_t  *rs;

    rs = s->data;

    refusal = rs->publish ? NGX_STREAM_LIVE_RTMP_PUBLISH_ENDED
                          : NGX_STREAM_LIVE_RTMP_PLAY_ENDED;

    reason = s->reason ? s->reason : "session is to be ended";

    ngx_stream_live_rtmp_end(rs, 1);

    rc = ngx_stream_live_rtmp_refuse_text(rs, refusal, reason);
    if (rc == NGX_ERROR) {
        ngx_stream_live_rtmp_fail(rs);
        return;
    }

    ngx_stream_live_rtmp_flush(rs);
}


void
ngx_stream_live_rtmp_end(ngx_stream_live_rtmp_t *rs, ngx_uint_t final)
{
    ngx_live_publisher_t  *pub;

    if (rs->access) {
        ngx_live_access_cancel(rs->access);
        rs->access = NULL;
    }

    ngx_live_session_close(&rs->registered);
    rs->registered.stream = NULL;

    if (rs->publish) {
        pub = &rs->publish->publisher;
        rs->publish = NULL;
        ngx_live_publish_close(pub, final);
    }

    if (rs->play) {
        ngx_stream_live_rtmp_play_close(rs);
    }
}


void
ngx_stream_live_rtmp_stop(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_end(rs, 0);

    rs->chunk.max_message = NGX_STREAM_LIVE_RTMP_MAX_COMMAND;

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_COMMAND);

    ngx_add_timer(rs->connection->read, ngx_stream_live_rtmp_conf(rs)->timeout);
}
