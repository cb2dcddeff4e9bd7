
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_jwt.h"
#include "ngx_live_base64url.h"
#include "ngx_live_token_json.h"


typedef struct {
    ngx_str_t                  name;
    ngx_uint_t                 alg;
    size_t                     hash;
} ngx_live_jwt_alg_t;


static ngx_int_t ngx_live_jwt_split(ngx_str_t *token, ngx_str_t *parts);
static ngx_int_t ngx_live_jwt_header(ngx_str_t *header, u_char *buf,
    ngx_live_jwt_t *jwt, const char **reason);
static const char *ngx_live_jwt_read(ngx_live_token_json_t *js, u_char *buf,
    ngx_live_jwt_t *jwt);
static ngx_uint_t ngx_live_jwt_type(ngx_str_t *typ);


static ngx_live_jwt_alg_t  ngx_live_jwt_algs[] = {
    { ngx_string("HS256"), NGX_LIVE_JWT_HS256, 32 },
    { ngx_string("HS384"), NGX_LIVE_JWT_HS384, 48 },
    { ngx_string("HS512"), NGX_LIVE_JWT_HS512, 64 },
    { ngx_string("RS256"), NGX_LIVE_JWT_RS256, 32 },
    { ngx_string("PS256"), NGX_LIVE_JWT_PS256, 32 },
    { ngx_string("ES256"), NGX_LIVE_JWT_ES256, 32 },
    { ngx_string("ES384"), NGX_LIVE_JWT_ES384, 48 },
    { ngx_string("EdDSA"), NGX_LIVE_JWT_EDDSA, 0 },
    { ngx_null_string, 0, 0 }
};


ngx_int_t
ngx_live_jwt_parse(ngx_str_t *token, u_char *buf, ngx_live_jwt_t *jwt,
    const char **reason)
{
    ngx_uint_t  i;
    ngx_str_t   parts[3], decoded[3];

    if (ngx_live_jwt_split(token, parts) != NGX_OK) {
        *reason = "token has not three parts";
        return NGX_ERROR;
    }

    for (i = 0; i < 3; i++) {

        if (parts[i].len == 0) {
            *reason = (i == 2) ? "token is not signed"
                               : "token has an empty part";
            return NGX_ERROR;
        }

        decoded[i].data = buf;

        if (ngx_live_base64url_decode(buf, &decoded[i].len, parts[i].data,
                                      parts[i].len)
            != NGX_OK)
        {
            *reason = "token is no base64url";
            return NGX_ERROR;
        }

        buf += decoded[i].len;
    }

    jwt->input.data = token->data;
    jwt->input.len = parts[2].data - 1 - token->data;
    jwt->payload = decoded[1];
    jwt->signature = decoded[2];

    return ngx_live_jwt_header(&decoded[0], buf, jwt, reason);
}


static ngx_int_t
ngx_live_jwt_split(ngx_str_t *token, ngx_str_t *parts)
{
    u_char      *p, *end, *dot;
    ngx_uint_t   i;

    p = token->data;
    end = p + token->len;

    for (i = 0; i < 2; i++) {
        dot = ngx_strlchr(p, end, '.');

        if (dot == NULL) {
            return NGX_ERROR;
        }

        parts[i].data = p;
        parts[i].len = dot - p;

        p = dot + 1;
    }

    if (ngx_strlchr(p, end, '.')) {
        return NGX_ERROR;
    }

    parts[2].data = p;
    parts[2].len = end - p;

    return NGX_OK;
}


static ngx_int_t
ngx_live_jwt_header(ngx_str_t *header, u_char *buf, ngx_live_jwt_t *jwt,
    const char **reason)
{
    ngx_live_token_json_t  *js;

    js = ngx_live_token_json_parse(header->data, header->len, reason);

    if (js == NULL) {
        return NGX_ERROR;
    }

    *reason = ngx_live_jwt_read(js, buf, jwt);

    ngx_live_token_json_free(js);

    return *reason ? NGX_ERROR : NGX_OK;
}


/*
 * NULL, or what is wrong.  Keys that a header brings along ("jwk", "jku",
 * "x5c") are what an attacker would bring: they are not looked at.
 */

static const char *
ngx_live_jwt_read(ngx_live_token_json_t *js, u_char *buf, ngx_live_jwt_t *jwt)
{
    ngx_str_t               value;
    ngx_live_token_json_t  *item;

    /* RFC 7515, 4.1.11: what is critical must be understood */

    if (ngx_live_token_json_get(js, "crit")) {
        return "token has critical extensions";
    }

    /* RFC 7797: the payload would not be base64url */

    if (ngx_live_token_json_get(js, "b64")) {
        return "token has an unencoded payload";
    }

    if (ngx_live_token_json_get(js, "zip")) {
        return "token is compressed";
    }

    item = ngx_live_token_json_get(js, "typ");

    if (item
        && (ngx_live_token_json_string(item, &value) != NGX_OK
            || !ngx_live_jwt_type(&value)))
    {
        return "token is of another type";
    }

    item = ngx_live_token_json_get(js, "alg");

    if (ngx_live_token_json_string(item, &value) != NGX_OK) {
        return "token names no algorithm";
    }

    jwt->alg = ngx_live_jwt_alg(&value);

    if (jwt->alg == 0) {
        return "token's algorithm is not supported";
    }

    ngx_str_null(&jwt->kid);

    item = ngx_live_token_json_get(js, "kid");

    if (item == NULL) {
        return NULL;
    }

    if (ngx_live_token_json_string(item, &value) != NGX_OK
        || value.len == 0
        || value.len > NGX_LIVE_JWT_KID_MAX)
    {
        return "token has a bad \"kid\"";
    }

    ngx_memcpy(buf, value.data, value.len);

    jwt->kid.data = buf;
    jwt->kid.len = value.len;

    return NULL;
}


/*
 * RFC 7519, 5.1; RFC 9068, 2.1; "JOSE" is any compact signature (RFC 7515,
 * 4.1.9).
 */

static ngx_uint_t
ngx_live_jwt_type(ngx_str_t *typ)
{
    ngx_uint_t          i;
    static const char  *types[] = { "JWT", "JOSE", "at+jwt",
                                    "application/at+jwt" };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (typ->len == ngx_strlen(types[i])
            && ngx_strncasecmp(typ->data, (u_char *) types[i], typ->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_live_jwt_alg(ngx_str_t *name)
{
    ngx_live_jwt_alg_t  *a;

    for (a = ngx_live_jwt_algs; a->alg; a++) {
        if (a->name.len == name->len
            && ngx_memcmp(a->name.data, name->data, name->len) == 0)
        {
            return a->alg;
        }
    }

    return 0;
}


size_t
ngx_live_jwt_hash(ngx_uint_t alg)
{
    ngx_live_jwt_alg_t  *a;

    for (a = ngx_live_jwt_algs; a->alg; a++) {
        if (a->alg == alg) {
            return a->hash;
        }
    }

    return 0;
}
