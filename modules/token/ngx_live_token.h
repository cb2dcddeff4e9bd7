
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What the doors' halves of the token module use: verification of a token,
 * what it allows, and revocation.
 */


#ifndef _NGX_LIVE_TOKEN_H_INCLUDED_
#define _NGX_LIVE_TOKEN_H_INCLUDED_


#include "ngx_live.h"
#include "ngx_live_access.h"
#include "ngx_live_claims.h"


#define NGX_LIVE_TOKEN_MAX     4096        /* bytes of a token */


/*
 * Variables that the rule "token" asks a door for, by a->variable():
 *
 *   live_token_raw      the token; without it the rule is not satisfied
 *   live_token_leeway   s, as decimal digits; 0 if there is none
 *   live_token_country  the client's country, if a token is bound to some
 *   live_token_edge     a cache in front checks tokens itself; if there is
 *                       none the rule sets a->private
 *   live_token_session  what tells players of HLS apart, besides the id that
 *                       their playlist gave them
 */

#define NGX_LIVE_TOKEN_VAR_RAW      "live_token_raw"
#define NGX_LIVE_TOKEN_VAR_LEEWAY   "live_token_leeway"
#define NGX_LIVE_TOKEN_VAR_COUNTRY  "live_token_country"
#define NGX_LIVE_TOKEN_VAR_EDGE     "live_token_edge"
#define NGX_LIVE_TOKEN_VAR_SESSION  "live_token_session"


/* token_key, token_issuer and token_audience of an application or live {} */
typedef struct ngx_live_token_conf_s  ngx_live_token_conf_t;


/*
 * At configuration time, what "live_token" is in stream {} and http {}: "off"
 * sets on to 0, values of a size, one or more and each with a variable, are
 * compiled into an array.
 */
typedef ngx_int_t (*ngx_live_token_compile_pt)(ngx_conf_t *cf,
    ngx_str_t *value, void *cv);

char *ngx_live_token_values(ngx_conf_t *cf, ngx_flag_t *on,
    ngx_array_t **values, size_t size, ngx_live_token_compile_pt compile);

/*
 * The settings of an application; NULL: those of live {} itself, for
 * locations that are not streams.  At run time only.  Returns NULL when there
 * is no live {}.
 */
ngx_live_token_conf_t *ngx_live_token_conf(ngx_live_app_conf_t *app);

/*
 * NGX_OK: the token's signature, times (leeway in s), issuer and audience are
 * right and it has not been revoked as a whole, by jti or by sub.  The
 * strings of claims are in pool.
 *
 * NGX_DECLINED: refused, *reason (constant) says why: for our log, not for
 * the client.  NGX_ERROR: no memory or a failure of the library.
 *
 * A token that was verified is remembered in shared memory until it expires,
 * as long as the keys, the issuer and the audience do not change.
 */
ngx_int_t ngx_live_token_verify(ngx_live_token_conf_t *conf, ngx_str_t *token,
    time_t now, time_t leeway, ngx_live_claims_t *claims, ngx_pool_t *pool,
    const char **reason);


/* what a client with a verified token wants to do */

typedef struct {
    ngx_uint_t                 action;     /* NGX_LIVE_ACTION_* */
    ngx_str_t                  app;        /* empty: no stream is meant, and */
    ngx_str_t                  name;       /* "streams" is not looked at */
    struct sockaddr           *sockaddr;   /* of the client */
    ngx_str_t                  country;    /* empty: unknown */
} ngx_live_token_use_t;

/*
 * NGX_OK if the claims allow it: stream, role, address, country, and the
 * stream has not been revoked.  NGX_DECLINED with a constant reason if not.
 */
ngx_int_t ngx_live_token_allow(ngx_live_claims_t *claims,
    ngx_live_token_use_t *use, const char **reason);


typedef enum {
    NGX_LIVE_REVOKE_JTI = 0,
    NGX_LIVE_REVOKE_SUB,
    NGX_LIVE_REVOKE_STREAM                 /* value is "APP/NAME" */
} ngx_live_revoke_e;

/*
 * Refuses tokens from now on and ends the running sessions, in all workers of
 * this node:
 *
 *   before   tokens whose iat (s) is before it; 0: all.  A token without iat
 *            is refused in any case
 *   until    s since the epoch, when the entry is forgotten
 *
 * Repeating it changes both times to the later ones.  NGX_ERROR: the value is
 * empty or too long, or the table is full; it has been logged.
 */
ngx_int_t ngx_live_token_revoke(ngx_uint_t kind, ngx_str_t *value,
    time_t before, time_t until, ngx_log_t *log);

/* takes it back: NGX_OK, or NGX_DECLINED when there was none */
ngx_int_t ngx_live_token_unrevoke(ngx_uint_t kind, ngx_str_t *value);

/*
 * Non-zero if the token was revoked, by jti or sub, or, unless stream is
 * NULL, all tokens of "APP/NAME" were.  verify() and allow() ask it.
 */
ngx_uint_t ngx_live_token_revoked(ngx_live_claims_t *claims,
    ngx_str_t *stream);


/*
 * The same on this node and, by Redis, on all others; without Redis, or when
 * it is away, on this one.
 */
ngx_int_t ngx_live_token_revoke_everywhere(ngx_uint_t kind, ngx_str_t *value,
    time_t before, time_t until, ngx_log_t *log);
ngx_int_t ngx_live_token_unrevoke_everywhere(ngx_uint_t kind,
    ngx_str_t *value, ngx_log_t *log);

/* internal: of ngx_live_token_module's init_process */
ngx_int_t ngx_live_token_redis_init_process(ngx_cycle_t *cycle);


extern ngx_module_t  ngx_live_token_module;


#endif /* _NGX_LIVE_TOKEN_H_INCLUDED_ */
