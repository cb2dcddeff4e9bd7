
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What a token says: the registered claims of RFC 7519, 4.1 and ours in the
 * object "live".
 */


#ifndef _NGX_LIVE_CLAIMS_H_INCLUDED_
#define _NGX_LIVE_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_CLAIM_MAX     255         /* bytes of iss, sub, jti */
#define NGX_LIVE_CLAIM_LIST    64          /* members of a list */
#define NGX_LIVE_CLAIM_NEVER   253402300800LL  /* year 10000: no "exp" */


typedef enum {
    NGX_LIVE_ROLE_VIEWER = 0,              /* also without "role" */
    NGX_LIVE_ROLE_GUEST,
    NGX_LIVE_ROLE_MODERATOR,
    NGX_LIVE_ROLE_SERVER,                  /* of the site, not a person */
    NGX_LIVE_ROLE_CREATOR,
    NGX_LIVE_ROLE_PUBLISHER,
    NGX_LIVE_ROLE_ADMIN,
    NGX_LIVE_ROLE_MAX
} ngx_live_role_e;


/*
 * Lists are texts of members that end with a zero byte each, without which
 * no member is; an empty list has length 0.  All strings point into data, so
 * that the whole is moved by ngx_live_claims_copy().
 */

typedef struct {
    time_t                     exp;        /* s, NGX_LIVE_CLAIM_NEVER: none */
    time_t                     nbf;        /* s, 0: none */
    time_t                     iat;        /* s, 0: none */

    ngx_str_t                  iss;
    ngx_str_t                  sub;
    ngx_str_t                  jti;
    ngx_str_t                  aud;        /* list */
    ngx_str_t                  streams;    /* list of patterns */
    ngx_str_t                  countries;  /* list, upper case */
    ngx_str_t                  groups;     /* list: what the sub belongs to */
    ngx_str_t                  ip;         /* prefixes, 17 bytes each: an
                                              IPv6 or mapped IPv4 address
                                              and its length in bits */

    ngx_uint_t                 role;       /* NGX_LIVE_ROLE_* */
    ngx_uint_t                 max_sessions; /* 0: no limit */
    uint64_t                   max_rate;   /* bits per second, 0: no limit */
    unsigned                   age_verified:1;

    ngx_str_t                  data;
} ngx_live_claims_t;


/*
 * Parses the JSON text of the claims.  Strings are written to buf, which
 * holds at least NGX_LIVE_CLAIMS_SIZE(len) bytes.  NGX_ERROR: a claim has a
 * wrong type or value, *reason says which.
 */
#define NGX_LIVE_CLAIMS_SIZE(len)  (4 * (len) + 64)

ngx_int_t ngx_live_claims_parse(u_char *p, size_t len, u_char *buf,
    ngx_live_claims_t *claims, const char **reason);

/* claims whose strings lie in buf, which holds src->data.len bytes */
void ngx_live_claims_copy(ngx_live_claims_t *dst, ngx_live_claims_t *src,
    u_char *buf);

/*
 * NGX_OK if now (s) is within nbf, iat and exp, each give or take leeway (s);
 * NGX_DECLINED with a reason if not.
 */
ngx_int_t ngx_live_claims_time(ngx_live_claims_t *claims, time_t now,
    time_t leeway, const char **reason);

/* non-zero if value is a member of the list, compared byte by byte */
ngx_uint_t ngx_live_claims_has(ngx_str_t *list, ngx_str_t *value);

/* the same for countries, in whichever case; an empty list has all */
ngx_uint_t ngx_live_claims_country(ngx_str_t *list, ngx_str_t *value);

/*
 * Non-zero if one of the patterns matches "APP/NAME": "*" at the end of a
 * pattern matches all that follows, elsewhere any bytes except "/".
 */
ngx_uint_t ngx_live_claims_stream(ngx_str_t *patterns, ngx_str_t *app,
    ngx_str_t *name);

/*
 * Non-zero if the list is empty or an IPv4 or IPv6 address is within one of
 * its prefixes; addresses of other families are in none.
 */
ngx_uint_t ngx_live_claims_address(ngx_str_t *prefixes,
    struct sockaddr *sockaddr);

/* "viewer", ... by NGX_LIVE_ROLE_* */
extern ngx_str_t  ngx_live_role_names[];


#endif /* _NGX_LIVE_CLAIMS_H_INCLUDED_ */
