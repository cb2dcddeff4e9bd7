
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_token.h"


/*
 * Where a request's token is read from, and the guard of locations that are
 * not streams.  What a token allows at a stream is decided by "publish" and
 * "play", whose rule "token" asks for the variables of this module.
 */

#define NGX_HTTP_LIVE_TOKEN_LEEWAY  10     /* s */


typedef struct {
    ngx_array_t                *values;    /* ngx_http_complex_value_t,
                                              NULL: off or default */
    ngx_http_complex_value_t   *country;
    ngx_http_complex_value_t   *stream;    /* "APP/NAME" of the guard */
    ngx_http_complex_value_t   *session;   /* NULL: address and agent */
    time_t                      leeway;
    ngx_flag_t                  guard;     /* "live_token" is set, not off */
    ngx_flag_t                  edge;
} ngx_http_live_token_loc_conf_t;


/* of a request; a token is looked at when first asked for */

typedef struct {
    ngx_str_t                   token;
    ngx_int_t                   rc;        /* NGX_OK: the claims are right */
    const char                 *reason;
    ngx_live_claims_t           claims;
} ngx_http_live_token_ctx_t;


static ngx_int_t ngx_http_live_token_access_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_token_use(ngx_http_request_t *r,
    ngx_live_token_use_t *use);
static ngx_int_t ngx_http_live_token_refuse(ngx_http_request_t *r,
    ngx_http_live_token_ctx_t *ctx);
static ngx_http_live_token_ctx_t *ngx_http_live_token_get(
    ngx_http_request_t *r);
static ngx_live_token_conf_t *ngx_http_live_token_app(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_token_read(ngx_http_request_t *r,
    ngx_str_t *token);
static void ngx_http_live_token_bearer(ngx_str_t *token);
static ngx_int_t ngx_http_live_token_country(ngx_http_request_t *r,
    ngx_str_t *country);

static ngx_int_t ngx_http_live_token_client(ngx_http_request_t *r,
    ngx_str_t *client);

static ngx_int_t ngx_http_live_token_raw_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_live_token_conf_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_live_token_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_live_token_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_live_token_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static ngx_int_t ngx_http_live_token_groups_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_live_token_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_live_token_init(ngx_conf_t *cf);
static void *ngx_http_live_token_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_token_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_live_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_live_token_compile(ngx_conf_t *cf,
    ngx_str_t *value, void *cv);


static ngx_command_t  ngx_http_live_token_commands[] = {

    { ngx_string("live_token"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_live_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_token_leeway"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_token_loc_conf_t, leeway),
      NULL },

    { ngx_string("live_token_country"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_token_loc_conf_t, country),
      NULL },

    { ngx_string("live_token_stream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_token_loc_conf_t, stream),
      NULL },

    { ngx_string("live_token_session"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_token_loc_conf_t, session),
      NULL },

    { ngx_string("live_token_edge"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_token_loc_conf_t, edge),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_token_module_ctx = {
    ngx_http_live_token_preconfiguration,  /* preconfiguration */
    ngx_http_live_token_init,              /* postconfiguration */

    ngx_http_live_token_log_create,        /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_token_create_loc_conf,   /* create location configuration */
    ngx_http_live_token_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_live_token_module = {
    NGX_MODULE_V1,
    &ngx_http_live_token_module_ctx,       /* module context */
    ngx_http_live_token_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


typedef enum {
    NGX_HTTP_LIVE_TOKEN_LEEWAY_VAR = 0,
    NGX_HTTP_LIVE_TOKEN_COUNTRY_VAR,
    NGX_HTTP_LIVE_TOKEN_SESSION_VAR,
    NGX_HTTP_LIVE_TOKEN_EDGE_VAR
} ngx_http_live_token_var_e;


typedef enum {
    NGX_HTTP_LIVE_TOKEN_ROLE = 0,
    NGX_HTTP_LIVE_TOKEN_EXP,
    NGX_HTTP_LIVE_TOKEN_RATE,
    NGX_HTTP_LIVE_TOKEN_AGE
} ngx_http_live_token_number_e;


static ngx_http_variable_t  ngx_http_live_token_vars[] = {

    /* for the rule */

    { ngx_string(NGX_LIVE_TOKEN_VAR_RAW), NULL,
      ngx_http_live_token_raw_variable, 0, 0, 0 },

    { ngx_string(NGX_LIVE_TOKEN_VAR_LEEWAY), NULL,
      ngx_http_live_token_conf_variable, NGX_HTTP_LIVE_TOKEN_LEEWAY_VAR,
      0, 0 },

    { ngx_string(NGX_LIVE_TOKEN_VAR_COUNTRY), NULL,
      ngx_http_live_token_conf_variable, NGX_HTTP_LIVE_TOKEN_COUNTRY_VAR,
      0, 0 },

    { ngx_string(NGX_LIVE_TOKEN_VAR_SESSION), NULL,
      ngx_http_live_token_conf_variable, NGX_HTTP_LIVE_TOKEN_SESSION_VAR,
      0, 0 },

    { ngx_string(NGX_LIVE_TOKEN_VAR_EDGE), NULL,
      ngx_http_live_token_conf_variable, NGX_HTTP_LIVE_TOKEN_EDGE_VAR,
      0, 0 },

    /* for everybody */

    { ngx_string("live_token_status"), NULL,
      ngx_http_live_token_status_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_sub"), NULL, ngx_http_live_token_claim_variable,
      offsetof(ngx_live_claims_t, sub), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_jti"), NULL, ngx_http_live_token_claim_variable,
      offsetof(ngx_live_claims_t, jti), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_iss"), NULL, ngx_http_live_token_claim_variable,
      offsetof(ngx_live_claims_t, iss), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_role"), NULL, ngx_http_live_token_number_variable,
      NGX_HTTP_LIVE_TOKEN_ROLE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_exp"), NULL,
      ngx_http_live_token_number_variable,
      NGX_HTTP_LIVE_TOKEN_EXP, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_max_rate"), NULL,
      ngx_http_live_token_number_variable,
      NGX_HTTP_LIVE_TOKEN_RATE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_age_verified"), NULL,
      ngx_http_live_token_number_variable,
      NGX_HTTP_LIVE_TOKEN_AGE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_token_groups"), NULL,
      ngx_http_live_token_groups_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("live_request"), NULL, ngx_http_live_token_log_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/*
 * A door's location is left to "publish" and "play", which know what is meant
 * to be done there.
 */

static ngx_int_t
ngx_http_live_token_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_live_token_use_t             use;
    ngx_http_live_loc_conf_t        *llcf;
    ngx_http_live_token_ctx_t       *ctx;
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);
    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    if (tlcf->guard != 1 || llcf->streams) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_live_token_get(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->rc != NGX_OK) {
        return ngx_http_live_token_refuse(r, ctx);
    }

    rc = ngx_http_live_token_use(r, &use);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ctx->reason = "no stream in the request";
        return ngx_http_live_token_refuse(r, ctx);
    }

    if (ngx_live_token_allow(&ctx->claims, &use, &ctx->reason) != NGX_OK) {
        return ngx_http_live_token_refuse(r, ctx);
    }

    if (!tlcf->edge) {
        ngx_http_live_limit_rate(r, ctx->claims.max_rate);
    }

    return NGX_OK;
}


/* NGX_DECLINED: a stream is meant, but not named */

static ngx_int_t
ngx_http_live_token_use(ngx_http_request_t *r, ngx_live_token_use_t *use)
{
    u_char                          *slash;
    ngx_str_t                        stream;
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);

    ngx_memzero(use, sizeof(ngx_live_token_use_t));

    use->action = NGX_LIVE_ACTION_PLAY;
    use->sockaddr = r->connection->sockaddr;

    if (ngx_http_live_token_country(r, &use->country) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tlcf->stream == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, tlcf->stream, &stream) != NGX_OK) {
        return NGX_ERROR;
    }

    slash = ngx_strlchr(stream.data, stream.data + stream.len, '/');

    if (slash == NULL || slash == stream.data
        || slash == stream.data + stream.len - 1)
    {
        return NGX_DECLINED;
    }

    use->app.data = stream.data;
    use->app.len = slash - stream.data;
    use->name.data = slash + 1;
    use->name.len = stream.data + stream.len - use->name.data;

    return NGX_OK;
}


/* RFC 6750, 3; why is not told: who tries keys has no use for a hint */

static ngx_int_t
ngx_http_live_token_refuse(ngx_http_request_t *r,
    ngx_http_live_token_ctx_t *ctx)
{
    ngx_table_elt_t  *h;

    if (ctx->rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "access forbidden by token: %s", ctx->reason);

    if (ctx->token.len) {
        return NGX_HTTP_FORBIDDEN;
    }

    h = ngx_http_live_header_push(r, "WWW-Authenticate");
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&h->value, "Bearer");

    r->headers_out.www_authenticate = h;

    return NGX_HTTP_UNAUTHORIZED;
}


/* the result of verification, NULL: no memory */

static ngx_http_live_token_ctx_t *
ngx_http_live_token_get(ngx_http_request_t *r)
{
    ngx_live_token_conf_t           *conf;
    ngx_http_live_token_ctx_t       *ctx;
    ngx_http_live_token_loc_conf_t  *tlcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_live_token_module);

    if (ctx) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_live_token_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    if (ngx_http_live_token_read(r, &ctx->token) != NGX_OK) {
        return NULL;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_live_token_module);

    ctx->rc = NGX_DECLINED;

    if (ctx->token.len == 0) {
        ctx->reason = "no token";
        return ctx;
    }

    conf = ngx_http_live_token_app(r);

    if (conf == NULL) {
        ctx->reason = "no keys";
        return ctx;
    }

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);

    ctx->rc = ngx_live_token_verify(conf, &ctx->token, ngx_time(),
                                    tlcf->leeway, &ctx->claims, r->pool,
                                    &ctx->reason);

    return ctx;
}


/* the keys of the application that a path names, or those of live {} */

static ngx_live_token_conf_t *
ngx_http_live_token_app(ngx_http_request_t *r)
{
    ngx_live_app_conf_t    *conf;
    ngx_live_main_conf_t   *lmcf;
    ngx_http_live_parts_t   parts;

    conf = NULL;
    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    if (lmcf && ngx_http_live_parts(r, &parts) == NGX_OK) {
        conf = ngx_live_app_conf(lmcf, &parts.app);
    }

    return ngx_live_token_conf(conf);
}


ngx_uint_t
ngx_http_live_token_expected(ngx_http_request_t *r)
{
    ngx_http_live_loc_conf_t        *llcf;
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);
    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    return tlcf->guard == 1 || llcf->streams;
}


/*
 * The first value that is not empty.  A token in a door's path comes before
 * all others; without "live_token" it may also be an argument or a header.
 */

static ngx_int_t
ngx_http_live_token_read(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_uint_t                       i;
    ngx_http_live_parts_t            parts;
    ngx_http_complex_value_t        *values;
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);

    ngx_str_null(token);

    if (tlcf->guard == 0) {
        return NGX_OK;
    }

    (void) ngx_http_live_parts(r, &parts);

    *token = parts.token;

    if (token->len) {
        return NGX_OK;
    }

    if (tlcf->guard == NGX_CONF_UNSET) {

        if (ngx_http_arg(r, (u_char *) "token", 5, token) != NGX_OK
            || token->len == 0)
        {
            ngx_str_null(token);

            if (r->headers_in.authorization) {
                *token = r->headers_in.authorization->value;
                ngx_http_live_token_bearer(token);
            }
        }

        return NGX_OK;
    }

    values = tlcf->values->elts;

    for (i = 0; i < tlcf->values->nelts && token->len == 0; i++) {

        if (ngx_http_complex_value(r, &values[i], token) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_live_token_bearer(token);
    }

    return NGX_OK;
}


/* RFC 6750, 2.1; credentials of other schemes are not tokens */

static void
ngx_http_live_token_bearer(ngx_str_t *token)
{
    u_char  *space;

    /* memchr() looks at more than a byte at once */

    space = token->len ? memchr(token->data, ' ', token->len) : NULL;

    if (space == NULL) {
        return;
    }

    if (space - token->data != sizeof("Bearer") - 1
        || ngx_strncasecmp(token->data, (u_char *) "Bearer",
                           sizeof("Bearer") - 1)
           != 0)
    {
        token->len = 0;
        return;
    }

    token->len -= sizeof("Bearer ") - 1;
    token->data = space + 1;

    while (token->len && *token->data == ' ') {
        token->data++;
        token->len--;
    }
}


static ngx_int_t
ngx_http_live_token_country(ngx_http_request_t *r, ngx_str_t *country)
{
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);

    if (tlcf->country == NULL) {
        ngx_str_null(country);
        return NGX_OK;
    }

    return ngx_http_complex_value(r, tlcf->country, country);
}


/* of a session of HLS */

static ngx_int_t
ngx_http_live_token_client(ngx_http_request_t *r, ngx_str_t *client)
{
    u_char                          *p;
    ngx_str_t                       *address, agent;
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);

    if (tlcf->session) {
        return ngx_http_complex_value(r, tlcf->session, client);
    }

    address = &r->connection->addr_text;
    ngx_str_null(&agent);

    if (r->headers_in.user_agent) {
        agent = r->headers_in.user_agent->value;
    }

    p = ngx_pnalloc(r->pool, address->len + 1 + agent.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    client->data = p;
    client->len = ngx_sprintf(p, "%V %V", address, &agent) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_token_raw_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  token;

    if (ngx_http_live_token_read(r, &token) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_live_variable_set(v, &token);
}


static ngx_int_t
ngx_http_live_token_conf_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                        s;
    ngx_http_live_token_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_live_token_module);

    switch (data) {

    case NGX_HTTP_LIVE_TOKEN_LEEWAY_VAR:
        s.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
        if (s.data == NULL) {
            return NGX_ERROR;
        }

        s.len = ngx_sprintf(s.data, "%T", tlcf->leeway) - s.data;
        break;

    case NGX_HTTP_LIVE_TOKEN_COUNTRY_VAR:
        if (ngx_http_live_token_country(r, &s) != NGX_OK) {
            return NGX_ERROR;
        }

        break;

    case NGX_HTTP_LIVE_TOKEN_SESSION_VAR:
        if (ngx_http_live_token_client(r, &s) != NGX_OK) {
            return NGX_ERROR;
        }

        break;

    default: /* NGX_HTTP_LIVE_TOKEN_EDGE_VAR */
        if (tlcf->edge) {
            ngx_str_set(&s, "on");

        } else {
            ngx_str_null(&s);
        }
    }

    return ngx_http_live_variable_set(v, &s);
}


static ngx_int_t
ngx_http_live_token_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                   s;
    ngx_http_live_token_ctx_t  *ctx;

    ctx = ngx_http_live_token_get(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->rc == NGX_OK) {
        ngx_str_set(&s, "valid");

    } else if (ctx->token.len == 0) {
        ngx_str_set(&s, "none");

    } else if (ctx->rc == NGX_DECLINED) {
        s.data = (u_char *) ctx->reason;
        s.len = ngx_strlen(ctx->reason);

    } else {
        ngx_str_set(&s, "failed");
    }

    return ngx_http_live_variable_set(v, &s);
}


static ngx_int_t
ngx_http_live_token_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                  *s;
    ngx_http_live_token_ctx_t  *ctx;

    ctx = ngx_http_live_token_get(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    s = (ngx_str_t *) ((u_char *) &ctx->claims + data);

    if (ctx->rc != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_live_variable_set(v, s);
}


/* members of the list, with commas between them */

static ngx_int_t
ngx_http_live_token_groups_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    size_t                      i;
    ngx_str_t                   s;
    ngx_http_live_token_ctx_t  *ctx;

    ctx = ngx_http_live_token_get(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->rc != NGX_OK || ctx->claims.groups.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.len = ctx->claims.groups.len - 1;
    s.data = ngx_pnalloc(r->pool, s.len + 1);

    if (s.data == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < s.len; i++) {
        s.data[i] = ctx->claims.groups.data[i];

        if (s.data[i] == '\0') {
            s.data[i] = ',';
        }
    }

    return ngx_http_live_variable_set(v, &s);
}


static ngx_int_t
ngx_http_live_token_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                      buf[NGX_INT64_LEN], *p;
    ngx_str_t                   s;
    ngx_http_live_token_ctx_t  *ctx;

    ctx = ngx_http_live_token_get(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    p = buf;

    if (ctx->rc == NGX_OK) {

        switch (data) {

        case NGX_HTTP_LIVE_TOKEN_ROLE:
            return ngx_http_live_variable_set(v,
                                    &ngx_live_role_names[ctx->claims.role]);

        case NGX_HTTP_LIVE_TOKEN_EXP:
            if (ctx->claims.exp != NGX_LIVE_CLAIM_NEVER) {
                p = ngx_sprintf(buf, "%T", ctx->claims.exp);
            }

            break;

        case NGX_HTTP_LIVE_TOKEN_RATE:

            /* bytes per second, as limit_rate wants it; 0: no limit */

            p = ngx_sprintf(buf, "%uL", (ctx->claims.max_rate + 7) / 8);
            break;

        default: /* NGX_HTTP_LIVE_TOKEN_AGE */
            *p++ = ctx->claims.age_verified ? '1' : '0';
        }
    }

    if (p == buf) {
        v->not_found = 1;
        return NGX_OK;
    }

    s.len = p - buf;
    s.data = ngx_pnalloc(r->pool, s.len);
    if (s.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(s.data, buf, s.len);
    return ngx_http_live_variable_set(v, &s);
}


static ngx_int_t
ngx_http_live_token_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_live_add_variables(cf, ngx_http_live_token_vars);
}


static ngx_int_t
ngx_http_live_token_init(ngx_conf_t *cf)
{
    if (ngx_http_live_add_phase_handler(cf, NGX_HTTP_ACCESS_PHASE,
                                        ngx_http_live_token_access_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_live_token_log_init(cf);
}


static void *
ngx_http_live_token_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_live_token_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_live_token_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->country = NGX_CONF_UNSET_PTR;
    conf->stream = NGX_CONF_UNSET_PTR;
    conf->session = NGX_CONF_UNSET_PTR;
    conf->leeway = NGX_CONF_UNSET;
    conf->guard = NGX_CONF_UNSET;
    conf->edge = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_live_token_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_live_token_loc_conf_t  *prev = parent;
    ngx_http_live_token_loc_conf_t  *conf = child;

    if (conf->guard == NGX_CONF_UNSET) {
        conf->guard = prev->guard;
        conf->values = prev->values;
    }

    ngx_conf_merge_ptr_value(conf->country, prev->country, NULL);
    ngx_conf_merge_ptr_value(conf->stream, prev->stream, NULL);
    ngx_conf_merge_ptr_value(conf->session, prev->session, NULL);
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway,
                             NGX_HTTP_LIVE_TOKEN_LEEWAY);
    ngx_conf_merge_value(conf->edge, prev->edge, 0);

    return NGX_CONF_OK;
}


static char *
ngx_http_live_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_token_loc_conf_t  *tlcf = conf;

    return ngx_live_token_values(cf, &tlcf->guard, &tlcf->values,
                                 sizeof(ngx_http_complex_value_t),
                                 ngx_http_live_token_compile);
}


static ngx_int_t
ngx_http_live_token_compile(ngx_conf_t *cf, ngx_str_t *value, void *cv)
{
    ngx_http_compile_complex_value_t  ccv;

    if (ngx_http_live_token_log_value(cf, value) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    return ngx_http_compile_complex_value(&ccv);
}
