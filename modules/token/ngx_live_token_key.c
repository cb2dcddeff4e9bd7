
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>


#define NGX_LIVE_TOKEN_RSA_MIN  2048       /* bits: RFC 7518, 3.3 */
#define NGX_LIVE_TOKEN_RSA_MAX  8192
#define NGX_LIVE_TOKEN_POINT    97         /* bytes: 04, x, y of P-384 */


static EVP_PKEY *ngx_live_token_key_rsa(ngx_live_jwk_t *jwk);
static EVP_PKEY *ngx_live_token_key_ec(ngx_live_jwk_t *jwk);
static EVP_PKEY *ngx_live_token_key_build(const char *type,
    OSSL_PARAM_BLD *bld);
static ngx_int_t ngx_live_token_key_pkey(ngx_live_token_key_t *key,
    EVP_PKEY *pkey, const char **reason);
static ngx_uint_t ngx_live_token_key_algs(EVP_PKEY *pkey);
static ngx_uint_t ngx_live_token_key_ec_algs(EVP_PKEY *pkey);
static EVP_PKEY *ngx_live_token_key_read_pem(u_char *p, size_t len,
    ngx_uint_t *private);
static int ngx_live_token_key_password(char *buf, int size, int rwflag,
    void *data);
static EVP_MAC_CTX *ngx_live_token_key_mac(void);
static ngx_int_t ngx_live_token_key_verify_secret(ngx_live_token_key_t *key,
    ngx_uint_t alg, ngx_str_t *input, ngx_str_t *signature);
static ngx_int_t ngx_live_token_key_verify_public(ngx_live_token_key_t *key,
    ngx_uint_t alg, ngx_str_t *input, u_char *sig, size_t len);
static ngx_int_t ngx_live_token_key_verify_ecdsa(ngx_live_token_key_t *key,
    ngx_uint_t alg, ngx_str_t *input, ngx_str_t *signature);
static const EVP_MD *ngx_live_token_key_md(ngx_uint_t alg);


ngx_int_t
ngx_live_token_key_jwk(ngx_live_token_key_t *key, ngx_live_jwk_t *jwk,
    const char **reason)
{
    ngx_int_t   rc;
    EVP_PKEY   *pkey;

    if (jwk->type == NGX_LIVE_JWK_OCT) {
        rc = ngx_live_token_key_secret(key, jwk->x.data, jwk->x.len, reason);

    } else {

        switch (jwk->type) {

        case NGX_LIVE_JWK_RSA:
            pkey = ngx_live_token_key_rsa(jwk);
            break;

        case NGX_LIVE_JWK_ED25519:
            pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                               jwk->x.data, jwk->x.len);
            break;

        default: /* P-256, P-384 */
            pkey = ngx_live_token_key_ec(jwk);
            break;
        }

        rc = ngx_live_token_key_pkey(key, pkey, reason);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    key->algs &= jwk->algs;
    key->kid = jwk->kid;
    key->private = jwk->secret;

    return NGX_OK;
}


static EVP_PKEY *
ngx_live_token_key_rsa(ngx_live_jwk_t *jwk)
{
    BIGNUM          *n, *e;
    EVP_PKEY        *pkey;
    OSSL_PARAM_BLD  *bld;

    pkey = NULL;

    bld = OSSL_PARAM_BLD_new();
    n = BN_bin2bn(jwk->x.data, jwk->x.len, NULL);
    e = BN_bin2bn(jwk->y.data, jwk->y.len, NULL);

    if (bld && n && e
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        pkey = ngx_live_token_key_build("RSA", bld);
    }

    BN_free(n);
    BN_free(e);
    OSSL_PARAM_BLD_free(bld);

    return pkey;
}


static EVP_PKEY *
ngx_live_token_key_ec(ngx_live_jwk_t *jwk)
{
    char            *group;
    u_char           point[NGX_LIVE_TOKEN_POINT], *p;
    EVP_PKEY        *pkey;
    OSSL_PARAM_BLD  *bld;

    pkey = NULL;

    group = (jwk->type == NGX_LIVE_JWK_P256) ? "P-256" : "P-384";

    if (1 + jwk->x.len + jwk->y.len > sizeof(point)) {
        return NULL;
    }

    /* uncompressed; a point off the curve is refused by the import */

    p = point;
    *p++ = POINT_CONVERSION_UNCOMPRESSED;
    p = ngx_cpymem(p, jwk->x.data, jwk->x.len);
    p = ngx_cpymem(p, jwk->y.data, jwk->y.len);

    bld = OSSL_PARAM_BLD_new();

    if (bld
        && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
                                           group, 0)
           == 1
        && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
                                            point, p - point)
           == 1)
    {
        pkey = ngx_live_token_key_build("EC", bld);
    }

    OSSL_PARAM_BLD_free(bld);

    return pkey;
}


static EVP_PKEY *
ngx_live_token_key_build(const char *type, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY      *pkey;
    OSSL_PARAM    *params;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;

    params = OSSL_PARAM_BLD_to_param(bld);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (params == NULL || ctx == NULL
        || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);

    return pkey;
}


/*
 * Takes over pkey, which may be NULL.
 */

static ngx_int_t
ngx_live_token_key_pkey(ngx_live_token_key_t *key, EVP_PKEY *pkey,
    const char **reason)
{
    ngx_memzero(key, sizeof(ngx_live_token_key_t));

    ERR_clear_error();

    if (pkey == NULL) {
        *reason = "invalid key";
        return NGX_ERROR;
    }

    key->algs = ngx_live_token_key_algs(pkey);
    ERR_clear_error();

    if (key->algs == 0) {
        EVP_PKEY_free(pkey);
        *reason = "key is of an unknown type or too weak";
        return NGX_ERROR;
    }

    key->pkey = pkey;

    return NGX_OK;
}


static ngx_uint_t
ngx_live_token_key_algs(EVP_PKEY *pkey)
{
    int  bits;

    bits = EVP_PKEY_get_bits(pkey);

    switch (EVP_PKEY_get_base_id(pkey)) {

    case EVP_PKEY_RSA:
        return (bits >= NGX_LIVE_TOKEN_RSA_MIN
                && bits <= NGX_LIVE_TOKEN_RSA_MAX) ? NGX_LIVE_JWT_RSA : 0;

    case EVP_PKEY_RSA_PSS:
        return (bits >= NGX_LIVE_TOKEN_RSA_MIN
                && bits <= NGX_LIVE_TOKEN_RSA_MAX) ? NGX_LIVE_JWT_PS256 : 0;

    case EVP_PKEY_EC:
        return ngx_live_token_key_ec_algs(pkey);

    case EVP_PKEY_ED25519:
        return NGX_LIVE_JWT_EDDSA;

    default:
        return 0;
    }
}


static ngx_uint_t
ngx_live_token_key_ec_algs(EVP_PKEY *pkey)
{
    int     nid;
    char    name[64];
    size_t  len;

    if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) != 1) {
        return 0;
    }

    nid = OBJ_sn2nid(name);

    if (nid == NID_undef) {
        nid = EC_curve_nist2nid(name);
    }

    switch (nid) {

    case NID_X9_62_prime256v1:
        return NGX_LIVE_JWT_ES256;

    case NID_secp384r1:
        return NGX_LIVE_JWT_ES384;

    default:
        return 0;
    }
}


ngx_int_t
ngx_live_token_key_pem(ngx_live_token_key_t *key, u_char *p, size_t len,
    const char **reason)
{
    EVP_PKEY    *pkey;
    ngx_uint_t   private;

    pkey = ngx_live_token_key_read_pem(p, len, &private);

    if (ngx_live_token_key_pkey(key, pkey, reason) != NGX_OK) {
        return NGX_ERROR;
    }

    key->private = private;

    return NGX_OK;
}


static EVP_PKEY *
ngx_live_token_key_read_pem(u_char *p, size_t len, ngx_uint_t *private)
{
    BIO       *bio;
    X509      *cert;
    EVP_PKEY  *pkey;

    *private = 0;

    bio = BIO_new_mem_buf(p, len);
    if (bio == NULL) {
        return NULL;
    }

    if (ngx_strnstr(p, "-----BEGIN PUBLIC KEY-----", len)) {
        pkey = PEM_read_bio_PUBKEY(bio, NULL, ngx_live_token_key_password,
                                   NULL);

    } else if (ngx_strnstr(p, "-----BEGIN CERTIFICATE-----", len)) {
        cert = PEM_read_bio_X509(bio, NULL, ngx_live_token_key_password,
                                 NULL);
        pkey = cert ? X509_get_pubkey(cert) : NULL;
        X509_free(cert);

    } else {
        pkey = PEM_read_bio_PrivateKey(bio, NULL, ngx_live_token_key_password,
                                       NULL);
        *private = 1;
    }

    BIO_free(bio);

    return pkey;
}


/*
 * Nobody is asked on a terminal.
 */

static int
ngx_live_token_key_password(char *buf, int size, int rwflag, void *data)
{
    return -1;
}


ngx_int_t
ngx_live_token_key_secret(ngx_live_token_key_t *key, u_char *p, size_t len,
    const char **reason)
{
    ngx_memzero(key, sizeof(ngx_live_token_key_t));

    key->algs = ngx_live_jwk_secret_algs(len);

    if (key->algs == 0) {
        *reason = "secret is shorter than 32 bytes";
        return NGX_ERROR;
    }

    key->secret.data = p;
    key->secret.len = len;

    return NGX_OK;
}


void
ngx_live_token_key_free(ngx_live_token_key_t *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;

    if (key->secret.len) {
        OPENSSL_cleanse(key->secret.data, key->secret.len);
    }
}


ngx_int_t
ngx_live_token_key_verify(ngx_live_token_key_t *key, ngx_uint_t alg,
    ngx_str_t *input, ngx_str_t *signature)
{
    ngx_int_t  rc;

    if (!(alg & key->algs)) {
        return NGX_DECLINED;
    }

    switch (alg) {

    case NGX_LIVE_JWT_HS256:
    case NGX_LIVE_JWT_HS384:
    case NGX_LIVE_JWT_HS512:

        if (key->pkey) {
            return NGX_DECLINED;
        }

        rc = ngx_live_token_key_verify_secret(key, alg, input, signature);
        break;

    case NGX_LIVE_JWT_ES256:
    case NGX_LIVE_JWT_ES384:
        rc = ngx_live_token_key_verify_ecdsa(key, alg, input, signature);
        break;

    default: /* RS256, PS256, EdDSA */
        rc = ngx_live_token_key_verify_public(key, alg, input,
                                              signature->data,
                                              signature->len);
        break;
    }

    /* nginx would log what is left there as a failure of TLS */

    ERR_clear_error();

    return rc;
}


static ngx_int_t
ngx_live_token_key_verify_secret(ngx_live_token_key_t *key, ngx_uint_t alg,
    ngx_str_t *input, ngx_str_t *signature)
{
    u_char    hash[EVP_MAX_MD_SIZE];
    unsigned  len;

    if (HMAC(ngx_live_token_key_md(alg), key->secret.data, key->secret.len,
             input->data, input->len, hash, &len)
        == NULL)
    {
        return NGX_ERROR;
    }

    return (signature->len == len
            && ngx_live_token_key_equal(signature->data, hash, len))
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_live_token_key_verify_public(ngx_live_token_key_t *key, ngx_uint_t alg,
    ngx_str_t *input, u_char *sig, size_t len)
{
    ngx_int_t      rc;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    /* a key that allows neither this hash nor this salt has not signed it */

    rc = NGX_DECLINED;

    if (EVP_DigestVerifyInit(ctx, &pctx, ngx_live_token_key_md(alg), NULL,
                             key->pkey)
        != 1)
    {
        goto done;
    }

    /* RFC 7518, 3.5: MGF1 with the same hash and a salt of its size */

    if (alg == NGX_LIVE_JWT_PS256
        && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1
            || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST)
               != 1
            || EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, EVP_sha256()) != 1))
    {
        goto done;
    }

    rc = (EVP_DigestVerify(ctx, sig, len, input->data, input->len) == 1)
         ? NGX_OK : NGX_DECLINED;

done:

    EVP_MD_CTX_free(ctx);

    return rc;
}


/*
 * RFC 7518, 3.4: r and s of fixed length, where OpenSSL wants DER.
 */

static ngx_int_t
ngx_live_token_key_verify_ecdsa(ngx_live_token_key_t *key, ngx_uint_t alg,
    ngx_str_t *input, ngx_str_t *signature)
{
    int         len;
    size_t      size;
    u_char     *der;
    BIGNUM     *r, *s;
    ngx_int_t   rc;
    ECDSA_SIG  *sig;

    size = ngx_live_jwt_hash(alg);

    if (signature->len != 2 * size) {
        return NGX_DECLINED;
    }

    sig = ECDSA_SIG_new();
    r = BN_bin2bn(signature->data, size, NULL);
    s = BN_bin2bn(signature->data + size, size, NULL);

    if (sig == NULL || r == NULL || s == NULL
        || ECDSA_SIG_set0(sig, r, s) != 1)
    {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return NGX_ERROR;
    }

    der = NULL;
    len = i2d_ECDSA_SIG(sig, &der);

    ECDSA_SIG_free(sig);

    if (len <= 0) {
        return NGX_ERROR;
    }

    rc = ngx_live_token_key_verify_public(key, alg, input, der, len);

    OPENSSL_free(der);

    return rc;
}


static const EVP_MD *
ngx_live_token_key_md(ngx_uint_t alg)
{
    switch (ngx_live_jwt_hash(alg)) {

    case 32:
        return EVP_sha256();

    case 48:
        return EVP_sha384();

    case 64:
        return EVP_sha512();

    default: /* EdDSA */
        return NULL;
    }
}


ngx_int_t
ngx_live_token_key_hash(u_char *hash, ngx_str_t *a, ngx_str_t *b)
{
    static EVP_MD      *md;
    static EVP_MD_CTX  *ctx;

    /* finding the algorithm costs more than hashing a token */

    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();
    }

    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
    }

    if (ctx == NULL || md == NULL
        || EVP_DigestInit_ex(ctx, md, NULL) != 1
        || EVP_DigestUpdate(ctx, a->data, a->len) != 1
        || EVP_DigestUpdate(ctx, b->data, b->len) != 1
        || EVP_DigestFinal_ex(ctx, hash, NULL) != 1)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_token_key_chain(u_char *hash, ngx_str_t *text)
{
    ngx_int_t    rc;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1
          && EVP_DigestUpdate(ctx, hash, NGX_LIVE_TOKEN_HASH) == 1
          && EVP_DigestUpdate(ctx, text->data, text->len) == 1
          && EVP_DigestFinal_ex(ctx, hash, NULL) == 1) ? NGX_OK : NGX_ERROR;

    EVP_MD_CTX_free(ctx);

    return rc;
}


static EVP_MAC_CTX *
ngx_live_token_key_mac(void)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (ctx && EVP_MAC_CTX_set_params(ctx, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


ngx_int_t
ngx_live_token_key_hmac(u_char *hash, ngx_str_t *secret, ngx_str_t *text)
{
    size_t               n;
    static EVP_MAC_CTX  *ctx;

    /* HMAC() spends most of its time on finding the algorithm */

    if (ctx == NULL) {
        ctx = ngx_live_token_key_mac();
    }

    if (ctx == NULL
        || EVP_MAC_init(ctx, secret->data, secret->len, NULL) != 1
        || EVP_MAC_update(ctx, text->data, text->len) != 1
        || EVP_MAC_final(ctx, hash, &n, NGX_LIVE_TOKEN_HASH) != 1)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_live_token_key_equal(u_char *a, u_char *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
