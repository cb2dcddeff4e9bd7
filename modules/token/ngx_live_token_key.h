
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Keys, signatures and hashes, by OpenSSL's EVP, which no other file of the
 * module knows.  Nothing here logs; OpenSSL's error queue is left empty.
 */


#ifndef _NGX_LIVE_TOKEN_KEY_H_INCLUDED_
#define _NGX_LIVE_TOKEN_KEY_H_INCLUDED_


#include "ngx_live_jwk.h"


#define NGX_LIVE_TOKEN_HASH    32          /* bytes of SHA-256 */


/*
 * A key verifies signatures of its own algorithms only: a public key is never
 * taken for a secret.
 */

typedef struct {
    ngx_str_t                  kid;        /* empty: none */
    ngx_uint_t                 algs;       /* NGX_LIVE_JWT_* mask */
    struct evp_pkey_st        *pkey;       /* NULL: a secret; to be freed */
    ngx_str_t                  secret;
    ngx_uint_t                 private;    /* a private key was given */
} ngx_live_token_key_t;


/*
 * Make a key; kid and secret point to where they came from.  NGX_ERROR with a
 * constant reason; there is nothing to be freed then.
 *
 *   jwk      of ngx_live_jwk_parse()
 *   pem      a public key, a certificate, or a private key without password,
 *            of which the public half is used: RSA of 2048 bits and more,
 *            P-256, P-384, Ed25519
 *   secret   of at least 32 bytes
 */
ngx_int_t ngx_live_token_key_jwk(ngx_live_token_key_t *key,
    ngx_live_jwk_t *jwk, const char **reason);
ngx_int_t ngx_live_token_key_pem(ngx_live_token_key_t *key, u_char *p,
    size_t len, const char **reason);
ngx_int_t ngx_live_token_key_secret(ngx_live_token_key_t *key, u_char *p,
    size_t len, const char **reason);

void ngx_live_token_key_free(ngx_live_token_key_t *key);

/*
 * NGX_OK: input was signed with the key by alg, one of key->algs;
 * NGX_DECLINED: it was not, or the signature is malformed.
 */
ngx_int_t ngx_live_token_key_verify(ngx_live_token_key_t *key, ngx_uint_t alg,
    ngx_str_t *input, ngx_str_t *signature);

/*
 * SHA-256 of two texts, one after the other, in hash of NGX_LIVE_TOKEN_HASH
 * bytes.  Not for threads.
 */
ngx_int_t ngx_live_token_key_hash(u_char *hash, ngx_str_t *a, ngx_str_t *b);

/* hash = SHA-256 of hash and a text; may run in a thread */
ngx_int_t ngx_live_token_key_chain(u_char *hash, ngx_str_t *text);

/* HMAC-SHA256 of a text, in hash of NGX_LIVE_TOKEN_HASH bytes */
ngx_int_t ngx_live_token_key_hmac(u_char *hash, ngx_str_t *secret,
    ngx_str_t *text);

/* non-zero if equal; takes the same time wherever they differ */
ngx_uint_t ngx_live_token_key_equal(u_char *a, u_char *b, size_t len);


#endif /* _NGX_LIVE_TOKEN_KEY_H_INCLUDED_ */
