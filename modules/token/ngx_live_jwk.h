
/*
 * Copyright (C) nginx-live authors
 */


/*
 * JSON Web Keys and sets of them (RFC 7517; RFC 7518, 6; RFC 8037, 2): the
 * numbers of keys that can verify a signature, and what they may be used for.
 */


#ifndef _NGX_LIVE_JWK_H_INCLUDED_
#define _NGX_LIVE_JWK_H_INCLUDED_


#include "ngx_live_jwt.h"


#define NGX_LIVE_JWK_MAX       64          /* keys of a set */


typedef enum {
    NGX_LIVE_JWK_OCT = 0,
    NGX_LIVE_JWK_RSA,
    NGX_LIVE_JWK_P256,
    NGX_LIVE_JWK_P384,
    NGX_LIVE_JWK_ED25519
} ngx_live_jwk_type_e;


typedef struct {
    ngx_uint_t                 type;       /* NGX_LIVE_JWK_* */
    ngx_uint_t                 algs;       /* NGX_LIVE_JWT_* mask, not 0 */
    ngx_str_t                  kid;        /* empty: none */
    ngx_str_t                  x;          /* oct: k; RSA: n; others: x */
    ngx_str_t                  y;          /* RSA: e; EC: y */
    ngx_uint_t                 secret;     /* it has a private part */
} ngx_live_jwk_t;


/*
 * Parses a JWK or a JWK Set and pushes its keys, at most NGX_LIVE_JWK_MAX,
 * onto an array of ngx_live_jwk_t.  Strings are allocated from pool.
 *
 * RFC 7517, 5: members of a set that cannot be used are passed over, *skipped
 * is their number.  NGX_ERROR with a constant reason: no key is left, then of
 * the last one that was passed over, or the text is malformed.
 */
ngx_int_t ngx_live_jwk_parse(u_char *p, size_t len, ngx_array_t *keys,
    ngx_uint_t *skipped, ngx_pool_t *pool, const char **reason);

/* the algorithms of a secret of len bytes: RFC 7518, 3.2 */
ngx_uint_t ngx_live_jwk_secret_algs(size_t len);


#endif /* _NGX_LIVE_JWK_H_INCLUDED_ */
