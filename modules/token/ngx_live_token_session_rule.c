
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_conf.h"
#include "ngx_live_token_session_redis.h"
#include "ngx_live_json.h"
#include "ngx_live_session.h"
#include "ngx_live_url.h"

#include <openssl/rand.h>


#define NGX_LIVE_TOKEN_SESSION_TICK  1000  /* ms */
#define NGX_LIVE_TOKEN_SESSION_TELL  64    /* at a time */
#define NGX_LIVE_TOKEN_SESSION_LOST  1024  /* of dead workers, per tick */


/* a rule that waits for Redis */

typedef struct {
    ngx_live_access_t         *access;
    ngx_live_redis_call_t     *call;
    ngx_live_token_session_t   session;
} ngx_live_token_session_ctx_t;


/* of the pool of a connection's session, which may never begin */

typedef struct {
    uint64_t                   sub[2];
    uint64_t                   id;
} ngx_live_token_session_cleanup_t;


static ngx_int_t ngx_live_token_session_make(ngx_live_access_t *a,
    ngx_live_claims_t *claims, ngx_live_token_session_t *s);
static ngx_int_t ngx_live_token_session_id(ngx_live_access_t *a,
    uint64_t *id);
static ngx_int_t ngx_live_token_session_begin(ngx_live_access_t *a,
    ngx_live_token_sessions_t *t, ngx_live_token_session_t *s);
static void ngx_live_token_session_reply(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_token_session_cancel(ngx_live_access_t *a);
static ngx_int_t ngx_live_token_session_decide(ngx_live_access_t *a,
    ngx_live_token_session_t *s, ngx_uint_t admitted);
static ngx_int_t ngx_live_token_session_hold(ngx_live_access_t *a,
    ngx_live_token_session_t *s);
static void ngx_live_token_session_cleanup(void *data);
static ngx_int_t ngx_live_token_session_refuse(ngx_live_access_t *a,
    char *reason);
static void ngx_live_token_session_timer(ngx_event_t *ev);


static ngx_event_t  ngx_live_token_session_event;


/*
 * One of HLS is usually known: it costs a look into the table of this node.
 */

ngx_int_t
ngx_live_token_session_rule(ngx_live_access_t *a, ngx_live_claims_t *claims)
{
    ngx_int_t                   rc;
    ngx_uint_t                  tell;
    ngx_live_token_session_t    s;
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (claims->max_sessions == 0 || a->action != NGX_LIVE_ACTION_PLAY
        || t == NULL)
    {
        return NGX_OK;
    }

    /* requests of a cache are not those of its viewers */

    if (a->playback != NGX_LIVE_PLAYBACK_SESSION && !a->private) {
        return NGX_OK;
    }

    if (claims->sub.len == 0) {
        return ngx_live_token_session_refuse(a,
                                         "token limits sessions of nobody");
    }

    a->limited = 1;

    if (a->playback == NGX_LIVE_PLAYBACK_PART) {
        return NGX_OK;
    }

    if (ngx_live_token_session_make(a, claims, &s) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_DECLINED;

    if (a->playback == NGX_LIVE_PLAYBACK_REQUEST) {
        rc = ngx_live_token_session_renew(t, &s, &tell);
    }

    switch (rc) {

    case NGX_OK:
        if (tell) {
            (void) ngx_live_token_session_tell(&s);
        }

        return NGX_OK;

    case NGX_ABORT:
        return ngx_live_token_session_refuse(a, "session gave way to another");

    default: /* NGX_DECLINED */
        return ngx_live_token_session_begin(a, t, &s);
    }
}


static ngx_int_t
ngx_live_token_session_make(ngx_live_access_t *a, ngx_live_claims_t *claims,
    ngx_live_token_session_t *s)
{
    ngx_live_token_conf_t  *conf;

    conf = ngx_live_token_conf(a->conf);

    s->start = 0;
    s->max = (uint32_t) ngx_min(claims->max_sessions, 0xffff);
    s->lease = (uint32_t) conf->sessions_lease;
    s->replace = (conf->sessions == NGX_LIVE_TOKEN_SESSIONS_REPLACE);

    if (ngx_live_token_session_sub(s, &claims->sub) != NGX_OK) {
        return NGX_ERROR;
    }

    if (a->playback == NGX_LIVE_PLAYBACK_REQUEST) {
        return ngx_live_token_session_id(a, &s->id);
    }

    do {
        if (RAND_bytes((u_char *) &s->id, sizeof(s->id)) != 1) {
            return NGX_ERROR;
        }
    } while (s->id == 0);

    return NGX_OK;
}


/*
 * Whoever got a URL from somebody else is another client, and so another
 * session: the id that a playlist gave does not suffice.
 */

static ngx_int_t
ngx_live_token_session_id(ngx_live_access_t *a, uint64_t *id)
{
    u_char     hash[NGX_LIVE_TOKEN_HASH], buf[1 + NGX_LIVE_URL_SID_LEN];
    ngx_str_t  sid, client;

    buf[0] = 0;

    if (ngx_live_url_sid(&a->args, &sid) == NGX_OK) {
        buf[0] = 1;
        ngx_memcpy(buf + 1, sid.data, NGX_LIVE_URL_SID_LEN);
    }

    sid.data = buf;
    sid.len = buf[0] ? sizeof(buf) : 1;

    (void) ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_SESSION, &client);

    if (ngx_live_token_key_hash(hash, &sid, &client) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(id, hash, sizeof(uint64_t));

    *id = *id ? *id : 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_session_begin(ngx_live_access_t *a,
    ngx_live_token_sessions_t *t, ngx_live_token_session_t *s)
{
    ngx_live_token_session_ctx_t  *ctx;

    if (!ngx_live_redis_up()) {
        return ngx_live_token_session_decide(a, s, 0);
    }

    /* those of other nodes can only be more */

    if (!s->replace && ngx_live_token_session_full(t, s)) {
        return ngx_live_token_session_refuse(a, "too many sessions");
    }

    ctx = ngx_palloc(a->pool, sizeof(ngx_live_token_session_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->access = a;
    ctx->session = *s;
    ctx->call = ngx_live_token_session_ask(s, ngx_live_token_session_reply,
                                           ctx);

    if (ctx->call == NULL) {
        return ngx_live_token_session_decide(a, s, 0);
    }

    a->ctx = ctx;
    a->cancel = ngx_live_token_session_cancel;

    return NGX_AGAIN;
}


static void
ngx_live_token_session_reply(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_live_token_session_ctx_t *ctx = data;

    ngx_int_t                   rc;
    ngx_live_access_t          *a;
    ngx_live_token_sessions_t  *t;

    a = ctx->access;
    t = ngx_live_token_sessions();

    switch (ngx_live_token_session_answer(reply, &ctx->session)) {

    case NGX_LIVE_TOKEN_SESSION_ADMITTED:
        rc = ngx_live_token_session_decide(a, &ctx->session, 1);
        break;

    case NGX_LIVE_TOKEN_SESSION_REFUSED:
        ngx_live_token_session_refused(t);
        rc = ngx_live_token_session_refuse(a, "too many sessions");
        break;

    case NGX_LIVE_TOKEN_SESSION_OVER:
        rc = ngx_live_token_session_refuse(a, "session gave way to another");
        break;

    default: /* NGX_LIVE_TOKEN_SESSION_UNKNOWN */
        rc = ngx_live_token_session_decide(a, &ctx->session, 0);
    }

    ngx_live_access_done(a, rc);
}


/* Redis may have admitted it */

static void
ngx_live_token_session_cancel(ngx_live_access_t *a)
{
    ngx_live_token_session_ctx_t  *ctx;

    ctx = a->ctx;

    ngx_live_redis_cancel(ctx->call);

    if (a->playback == NGX_LIVE_PLAYBACK_SESSION) {
        ngx_live_token_session_untell(ctx->session.sub, ctx->session.id);
    }
}


static ngx_int_t
ngx_live_token_session_decide(ngx_live_access_t *a,
    ngx_live_token_session_t *s, ngx_uint_t admitted)
{
    ngx_int_t                   rc;
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (a->playback == NGX_LIVE_PLAYBACK_SESSION
        && ngx_live_token_session_hold(a, s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_live_token_session_enter(t, s, admitted, a->log);

    if (rc == NGX_DECLINED) {
        return ngx_live_token_session_refuse(a, "too many sessions");
    }

    if (rc == NGX_ABORT) {
        return ngx_live_token_session_refuse(a, "session gave way to another");
    }

    if (a->playback == NGX_LIVE_PLAYBACK_SESSION) {
        a->lease = s->id;
    }

    return NGX_OK;
}


/*
 * A player that is allowed to see a stream that is not there, and tries again,
 * must not be in its own way.
 */

static ngx_int_t
ngx_live_token_session_hold(ngx_live_access_t *a, ngx_live_token_session_t *s)
{
    ngx_pool_cleanup_t                *cln;
    ngx_live_token_session_cleanup_t  *clean;

    cln = ngx_pool_cleanup_add(a->pool,
                               sizeof(ngx_live_token_session_cleanup_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    clean = cln->data;

    clean->sub[0] = s->sub[0];
    clean->sub[1] = s->sub[1];
    clean->id = s->id;

    cln->handler = ngx_live_token_session_cleanup;

    return NGX_OK;
}


static void
ngx_live_token_session_cleanup(void *data)
{
    ngx_live_token_session_cleanup_t *clean = data;

    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (t
        && ngx_live_token_session_remove(t, clean->sub, clean->id, 1)
           == NGX_OK)
    {
        ngx_live_token_session_untell(clean->sub, clean->id);
    }
}


static ngx_int_t
ngx_live_token_session_refuse(ngx_live_access_t *a, char *reason)
{
    a->reason.data = (u_char *) reason;
    a->reason.len = ngx_strlen(reason);

    return NGX_DECLINED;
}


ngx_int_t
ngx_live_token_session_opened(ngx_live_session_t *session,
    ngx_live_access_t *a)
{
    ngx_live_token_session_t    s;
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (a->lease == 0 || t == NULL) {
        return NGX_OK;
    }

    s.id = a->lease;

    if (ngx_live_token_session_sub(&s, &a->sub) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_token_session_bind(t, &s);
}


void
ngx_live_token_session_closed(ngx_live_session_t *session)
{
    ngx_str_t                   sub;
    ngx_live_token_session_t    s;
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (session->sh->lease == 0 || t == NULL) {
        return;
    }

    sub.data = session->sh->ids;
    sub.len = session->sh->sub_len;

    if (ngx_live_token_session_sub(&s, &sub) != NGX_OK) {
        return;
    }

    (void) ngx_live_token_session_remove(t, s.sub, session->sh->lease, 0);

    ngx_live_token_session_untell(s.sub, session->sh->lease);
}


ngx_int_t
ngx_live_token_session_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                *ev;
    ngx_live_token_sessions_t  *t;

    static ngx_connection_t  dummy;

    t = ngx_live_token_sessions();

    if (t == NULL) {
        return NGX_OK;
    }

    ngx_live_token_session_orphan(t);

    dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_live_token_session_event;

    ev->handler = ngx_live_token_session_timer;
    ev->data = &dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_LIVE_TOKEN_SESSION_TICK);

    return ngx_live_token_session_redis_init(cycle);
}


/* also in a worker that is exiting, for as long as it has players */

static void
ngx_live_token_session_timer(ngx_event_t *ev)
{
    ngx_uint_t                  i, n, more;
    ngx_live_token_session_t    s[NGX_LIVE_TOKEN_SESSION_TELL];
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    ngx_add_timer(ev, NGX_LIVE_TOKEN_SESSION_TICK);

    do {
        n = ngx_live_token_session_due(t, s, NGX_LIVE_TOKEN_SESSION_TELL,
                                       ngx_live_redis_up(), &more);

        for (i = 0; i < n; i++) {
            (void) ngx_live_token_session_tell(&s[i]);
        }

    } while (more);

    if (ngx_live_redis_on() && !ngx_live_redis_up()) {
        return;
    }

    for (i = 0;
         i < NGX_LIVE_TOKEN_SESSION_LOST
         && ngx_live_token_session_lost(t, &s[0]) == NGX_OK;
         i++)
    {
        ngx_live_token_session_untell(s[0].sub, s[0].id);
    }
}


void
ngx_live_token_session_fast(void)
{
    ngx_live_token_sessions_t  *t;

    t = ngx_live_token_sessions();

    if (t) {
        ngx_live_token_session_count_fast(t);
    }
}


void
ngx_live_token_session_status(ngx_live_json_t *js)
{
    ngx_live_token_sessions_t       *t;
    ngx_live_token_sessions_stat_t   stat;

    t = ngx_live_token_sessions();

    if (t == NULL) {
        return;
    }

    ngx_live_token_sessions_stat(t, &stat);

    ngx_live_json_object(js, "token_sessions");
    ngx_live_json_int(js, "now", stat.now);
    ngx_live_json_int(js, "refused", stat.refused);
    ngx_live_json_int(js, "ended", stat.ended);
    ngx_live_json_int(js, "unlimited", stat.unlimited);
    ngx_live_json_int(js, "too_fast", stat.fast);
    ngx_live_json_object_end(js);
}
