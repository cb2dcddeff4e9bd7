
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_jwk.h"
#include "ngx_live_base64url.h"
#include "ngx_live_token_json.h"


#define NGX_LIVE_JWK_SECRET    4096        /* bytes of "k" */
#define NGX_LIVE_JWK_RSA_MIN   256         /* bytes of "n": RFC 7518, 3.3 */
#define NGX_LIVE_JWK_RSA_LIMIT 1024        /* larger ones cost too much */
#define NGX_LIVE_JWK_E         8           /* bytes of "e" */


/* a row for each kind of key, by "kty" and "crv" */

typedef struct {
    const char                *kty;
    const char                *crv;        /* NULL: none */
    ngx_uint_t                 type;
    ngx_uint_t                 algs;       /* without "alg" */
    const char                *x;
    size_t                     x_min;      /* bytes */
    size_t                     x_max;
    const char                *y;          /* NULL: none */
    size_t                     y_min;
    size_t                     y_max;
    const char                *secret;     /* member of the private half */
} ngx_live_jwk_type_t;


static const char *ngx_live_jwk_read(ngx_live_token_json_t *js,
    ngx_live_jwk_t *jwk, ngx_pool_t *pool);
static ngx_live_jwk_type_t *ngx_live_jwk_find_type(ngx_live_token_json_t *js);
static const char *ngx_live_jwk_use(ngx_live_token_json_t *js);
static const char *ngx_live_jwk_algs(ngx_live_token_json_t *js,
    ngx_live_jwk_t *jwk);
static ngx_int_t ngx_live_jwk_bytes(ngx_live_token_json_t *js,
    const char *name, ngx_live_jwk_type_t *type, ngx_str_t *value,
    ngx_pool_t *pool);
static ngx_uint_t ngx_live_jwk_is(ngx_live_token_json_t *js,
    const char *text);


static ngx_live_jwk_type_t  ngx_live_jwk_types[] = {

    { "oct", NULL, NGX_LIVE_JWK_OCT, NGX_LIVE_JWT_HS,
      "k", 32, NGX_LIVE_JWK_SECRET, NULL, 0, 0, NULL },

    { "RSA", NULL, NGX_LIVE_JWK_RSA, NGX_LIVE_JWT_RSA,
      "n", NGX_LIVE_JWK_RSA_MIN, NGX_LIVE_JWK_RSA_LIMIT,
      "e", 1, NGX_LIVE_JWK_E, "d" },

    { "EC", "P-256", NGX_LIVE_JWK_P256, NGX_LIVE_JWT_ES256,
      "x", 32, 32, "y", 32, 32, "d" },

    { "EC", "P-384", NGX_LIVE_JWK_P384, NGX_LIVE_JWT_ES384,
      "x", 48, 48, "y", 48, 48, "d" },

    { "OKP", "Ed25519", NGX_LIVE_JWK_ED25519, NGX_LIVE_JWT_EDDSA,
      "x", 32, 32, NULL, 0, 0, "d" },

    { NULL, NULL, 0, 0, NULL, 0, 0, NULL, 0, 0, NULL }
};


ngx_int_t
ngx_live_jwk_parse(u_char *p, size_t len, ngx_array_t *keys,
    ngx_uint_t *skipped, ngx_pool_t *pool, const char **reason)
{
    const char             *error;
    ngx_uint_t              i, n, found;
    ngx_live_jwk_t          jwk, *key;
    ngx_live_token_json_t  *js, *set;

    *skipped = 0;

    js = ngx_live_token_json_parse(p, len, reason);

    if (js == NULL) {
        return NGX_ERROR;
    }

    set = ngx_live_token_json_get(js, "keys");
    n = set ? ngx_live_token_json_size(set) : 1;
    found = 0;
    error = "set has no keys";

    for (i = 0; i < n && found < NGX_LIVE_JWK_MAX; i++) {

        *reason = ngx_live_jwk_read(set ? ngx_live_token_json_at(set, i) : js,
                                    &jwk, pool);
        if (*reason) {
            error = *reason;
            (*skipped)++;
            continue;
        }

        key = ngx_array_push(keys);
        if (key == NULL) {
            error = "no memory";
            found = 0;
            break;
        }

        *key = jwk;
        found++;
    }

    *skipped += n - i;

    ngx_live_token_json_free(js);

    if (found == 0) {
        *reason = error;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * NULL, or why the key cannot be used.
 */

static const char *
ngx_live_jwk_read(ngx_live_token_json_t *js, ngx_live_jwk_t *jwk,
    ngx_pool_t *pool)
{
    ngx_str_t               kid;
    const char             *reason;
    ngx_live_jwk_type_t    *type;
    ngx_live_token_json_t  *item;

    ngx_memzero(jwk, sizeof(ngx_live_jwk_t));

    type = ngx_live_jwk_find_type(js);

    if (type == NULL) {
        return "key is of an unknown type";
    }

    reason = ngx_live_jwk_use(js);

    if (reason) {
        return reason;
    }

    jwk->type = type->type;
    jwk->algs = type->algs;

    if (ngx_live_jwk_bytes(js, type->x, type, &jwk->x, pool) != NGX_OK
        || jwk->x.len < type->x_min
        || jwk->x.len > type->x_max)
    {
        return "key is too short, too long or no base64url";
    }

    if (type->y
        && (ngx_live_jwk_bytes(js, type->y, type, &jwk->y, pool) != NGX_OK
            || jwk->y.len < type->y_min
            || jwk->y.len > type->y_max))
    {
        return "key is not complete";
    }

    if (jwk->type == NGX_LIVE_JWK_RSA
        && ((jwk->x.data[jwk->x.len - 1] & jwk->y.data[jwk->y.len - 1] & 1)
            == 0
            || (jwk->y.len == 1 && jwk->y.data[0] < 3)
            || (jwk->x.len == NGX_LIVE_JWK_RSA_MIN
                && !(jwk->x.data[0] & 0x80))))
    {
        return "key is a weak one of RSA";
    }

    jwk->secret = (type->secret
                   && ngx_live_token_json_get(js, type->secret));

    item = ngx_live_token_json_get(js, "kid");

    if (item) {
        if (ngx_live_token_json_string(item, &kid) != NGX_OK
            || kid.len == 0
            || kid.len > NGX_LIVE_JWT_KID_MAX)
        {
            return "key has a bad \"kid\"";
        }

        jwk->kid.len = kid.len;
        jwk->kid.data = ngx_pstrdup(pool, &kid);

        if (jwk->kid.data == NULL) {
            return "no memory";
        }
    }

    return ngx_live_jwk_algs(js, jwk);
}


static ngx_live_jwk_type_t *
ngx_live_jwk_find_type(ngx_live_token_json_t *js)
{
    ngx_live_jwk_type_t    *type;
    ngx_live_token_json_t  *kty, *crv;

    kty = ngx_live_token_json_get(js, "kty");
    crv = ngx_live_token_json_get(js, "crv");

    for (type = ngx_live_jwk_types; type->kty; type++) {
        if (ngx_live_jwk_is(kty, type->kty)
            && (type->crv == NULL || ngx_live_jwk_is(crv, type->crv)))
        {
            return type;
        }
    }

    return NULL;
}


/*
 * RFC 7517, 4.2 and 4.3.  The key of an issuer may be told to sign only,
 * which does not hinder its public half.
 */

static const char *
ngx_live_jwk_use(ngx_live_token_json_t *js)
{
    ngx_uint_t              i;
    ngx_live_token_json_t  *item, *op;

    item = ngx_live_token_json_get(js, "use");

    if (item && !ngx_live_jwk_is(item, "sig")) {
        return "key is not for signatures";
    }

    item = ngx_live_token_json_get(js, "key_ops");

    if (item == NULL) {
        return NULL;
    }

    for (i = 0; i < ngx_live_token_json_size(item); i++) {
        op = ngx_live_token_json_at(item, i);

        if (ngx_live_jwk_is(op, "verify") || ngx_live_jwk_is(op, "sign")) {
            return NULL;
        }
    }

    return "key is not for signatures";
}


/*
 * A key is bound to the algorithm that it names, or to those of its type.
 */

static const char *
ngx_live_jwk_algs(ngx_live_token_json_t *js, ngx_live_jwk_t *jwk)
{
    ngx_str_t               name;
    ngx_live_token_json_t  *item;

    if (jwk->type == NGX_LIVE_JWK_OCT) {
        jwk->algs = ngx_live_jwk_secret_algs(jwk->x.len);
    }

    item = ngx_live_token_json_get(js, "alg");

    if (item == NULL) {
        return NULL;
    }

    if (ngx_live_token_json_string(item, &name) != NGX_OK) {
        return "key has a bad \"alg\"";
    }

    jwk->algs &= ngx_live_jwt_alg(&name);

    return jwk->algs ? NULL : "key does not suit its algorithm";
}


ngx_uint_t
ngx_live_jwk_secret_algs(size_t len)
{
    ngx_uint_t  alg, algs;

    algs = 0;

    for (alg = NGX_LIVE_JWT_HS256; alg <= NGX_LIVE_JWT_HS512; alg <<= 1) {
        if (len >= ngx_live_jwt_hash(alg)) {
            algs |= alg;
        }
    }

    return algs;
}


static ngx_int_t
ngx_live_jwk_bytes(ngx_live_token_json_t *js, const char *name,
    ngx_live_jwk_type_t *type, ngx_str_t *value, ngx_pool_t *pool)
{
    ngx_str_t               text;
    ngx_live_token_json_t  *item;

    item = ngx_live_token_json_get(js, name);

    if (ngx_live_token_json_string(item, &text) != NGX_OK
        || text.len > ngx_live_base64url_encoded(NGX_LIVE_JWK_SECRET))
    {
        return NGX_ERROR;
    }

    value->data = ngx_pnalloc(pool, text.len + 1);

    if (value->data == NULL
        || ngx_live_base64url_decode(value->data, &value->len, text.data,
                                     text.len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* RFC 7518, 2: the least number of bytes; some write a zero before it */

    while (type->type == NGX_LIVE_JWK_RSA
           && value->len > 1 && value->data[0] == 0)
    {
        value->data++;
        value->len--;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_live_jwk_is(ngx_live_token_json_t *js, const char *text)
{
    ngx_str_t  value;

    return ngx_live_token_json_string(js, &value) == NGX_OK
           && value.len == ngx_strlen(text)
           && ngx_memcmp(value.data, text, value.len) == 0;
}
