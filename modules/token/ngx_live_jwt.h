
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The compact form of a JSON Web Signature (RFC 7515, 7.1), as of a token
 * (RFC 7519).
 */


#ifndef _NGX_LIVE_JWT_H_INCLUDED_
#define _NGX_LIVE_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* algorithms: RFC 7518, 3.1; RFC 8037, 3.1.  There is no "none". */

#define NGX_LIVE_JWT_HS256     0x0001
#define NGX_LIVE_JWT_HS384     0x0002
#define NGX_LIVE_JWT_HS512     0x0004
#define NGX_LIVE_JWT_RS256     0x0008
#define NGX_LIVE_JWT_PS256     0x0010
#define NGX_LIVE_JWT_ES256     0x0020
#define NGX_LIVE_JWT_ES384     0x0040
#define NGX_LIVE_JWT_EDDSA     0x0080

#define NGX_LIVE_JWT_HS        0x0007
#define NGX_LIVE_JWT_RSA       0x0018
#define NGX_LIVE_JWT_ALL       0x00ff

#define NGX_LIVE_JWT_KID_MAX   255         /* bytes of "kid" */


typedef struct {
    ngx_uint_t                 alg;        /* NGX_LIVE_JWT_* */
    ngx_str_t                  kid;        /* empty: none */
    ngx_str_t                  input;      /* what is signed; in the token */
    ngx_str_t                  payload;    /* decoded, as is the signature */
    ngx_str_t                  signature;
} ngx_live_jwt_t;


/*
 * Takes a token apart; what is decoded is written to buf, which holds
 * NGX_LIVE_JWT_SIZE(token->len) bytes.  NGX_ERROR with a constant reason: it
 * is malformed, or its header says something that cannot be obeyed.  Nothing
 * is verified yet, and the payload may be anything.
 */
#define NGX_LIVE_JWT_SIZE(len)  (2 * (len) + 16)

ngx_int_t ngx_live_jwt_parse(ngx_str_t *token, u_char *buf,
    ngx_live_jwt_t *jwt, const char **reason);

/* NGX_LIVE_JWT_* of an "alg", 0: not supported */
ngx_uint_t ngx_live_jwt_alg(ngx_str_t *name);

/* bytes of the hash, e.g. 32 for HS256; 0 for EdDSA */
size_t ngx_live_jwt_hash(ngx_uint_t alg);


#endif /* _NGX_LIVE_JWT_H_INCLUDED_ */
