
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_conf.h"
#include "ngx_live_name.h"


static ngx_int_t ngx_live_token_rule_confirm(ngx_live_access_t *a);
static ngx_int_t ngx_live_token_rule_claims(ngx_live_access_t *a,
    ngx_live_claims_t *claims, const char **reason);


ngx_int_t
ngx_live_token_allow(ngx_live_claims_t *claims, ngx_live_token_use_t *use,
    const char **reason)
{
    u_char      buf[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t   stream;

    if (use->app.len) {

        if (!ngx_live_claims_stream(&claims->streams, &use->app, &use->name)) {
            *reason = "token of another stream";
            return NGX_DECLINED;
        }

        if (ngx_live_name_key(&use->app, &use->name, buf, &stream, reason)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }

        if (ngx_live_token_revoked_stream(claims, &stream)) {
            *reason = "token revoked";
            return NGX_DECLINED;
        }
    }

    if (use->action == NGX_LIVE_ACTION_PUBLISH
        && claims->role < NGX_LIVE_ROLE_CREATOR)
    {
        *reason = "token's role may not publish";
        return NGX_DECLINED;
    }

    if (use->action == NGX_LIVE_ACTION_ADMIN
        && claims->role != NGX_LIVE_ROLE_ADMIN)
    {
        *reason = "token's role may not administer";
        return NGX_DECLINED;
    }

    if (claims->ip.len
        && (use->sockaddr == NULL
            || !ngx_live_claims_address(&claims->ip, use->sockaddr)))
    {
        *reason = "token of another address";
        return NGX_DECLINED;
    }

    if (!ngx_live_claims_country(&claims->countries, &use->country)) {
        *reason = use->country.len ? "token of another country"
                                   : "token of a country, client's is unknown";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_token_rule(ngx_live_access_t *a)
{
    ngx_int_t           rc;
    ngx_str_t           edge;
    const char         *reason;
    ngx_live_claims_t  *claims;

    /* without the word of a cache in front an answer is for one client */

    a->private = (ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_EDGE, &edge)
                  != NGX_OK);

    claims = ngx_palloc(a->pool, sizeof(ngx_live_claims_t));
    if (claims == NULL) {
        return NGX_ERROR;
    }

    reason = "token cannot be verified";

    rc = ngx_live_token_rule_claims(a, claims, &reason);

    if (rc != NGX_OK) {
        a->reason.data = (u_char *) reason;
        a->reason.len = ngx_strlen(reason);
        return rc;
    }

    a->sub = claims->sub;
    a->jti = claims->jti;

    /* what a cache takes it keeps for all */

    a->max_rate = a->private ? claims->max_rate : 0;

    a->confirm = ngx_live_token_rule_confirm;
    a->confirm_data = claims;

    return ngx_live_token_session_rule(a, claims);
}


/*
 * What is revoked is in the table before the sessions are looked through, so
 * that a session is seen there or sees it here.
 */

static ngx_int_t
ngx_live_token_rule_confirm(ngx_live_access_t *a)
{
    u_char       buf[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t    stream;
    const char  *reason;

    if (ngx_live_name_key(&a->app, &a->name, buf, &stream, &reason) != NGX_OK
        || ngx_live_token_revoked(a->confirm_data, &stream))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_rule_claims(ngx_live_access_t *a, ngx_live_claims_t *claims,
    const char **reason)
{
    time_t                 leeway;
    ngx_int_t              rc;
    ngx_str_t              token, value;
    ngx_live_token_use_t   use;

    if (ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_RAW, &token) != NGX_OK) {
        *reason = "no token";
        return NGX_DECLINED;
    }

    leeway = 0;

    if (ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_LEEWAY, &value)
        == NGX_OK)
    {
        leeway = ngx_atotm(value.data, value.len);

        if (leeway == NGX_ERROR) {
            leeway = 0;
        }
    }

    rc = ngx_live_token_verify(ngx_live_token_conf(a->conf), &token,
                               ngx_time(), leeway, claims, a->pool, reason);

    if (rc != NGX_OK) {
        return rc;
    }

    use.action = a->action;
    use.app = a->app;
    use.name = a->name;
    use.sockaddr = a->sockaddr;

    ngx_str_null(&use.country);

    if (claims->countries.len) {
        (void) ngx_live_token_variable(a, NGX_LIVE_TOKEN_VAR_COUNTRY,
                                       &use.country);
    }

    return ngx_live_token_allow(claims, &use, reason);
}


ngx_int_t
ngx_live_token_variable(ngx_live_access_t *a, char *name, ngx_str_t *value)
{
    ngx_str_t  key;

    ngx_str_null(value);

    key.data = (u_char *) name;
    key.len = ngx_strlen(name);

    if (a->variable == NULL
        || a->variable(a, &key, value) != NGX_OK
        || value->len == 0)
    {
        ngx_str_null(value);
        return NGX_DECLINED;
    }

    return NGX_OK;
}
