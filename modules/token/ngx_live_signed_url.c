
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_signed_url.h"
#include "ngx_live_base64url.h"
#include "ngx_live_token_key.h"


#define NGX_LIVE_SIGNED_URL_DIGITS  12     /* of a time */


static ngx_int_t ngx_live_signed_url_decode(ngx_str_t *text, u_char *hash);
static ngx_int_t ngx_live_signed_url_hex(ngx_str_t *text, u_char *hash);
static ngx_uint_t ngx_live_signed_url_contains(ngx_str_t *text,
    ngx_str_t *part);


ngx_int_t
ngx_live_signed_url_check(ngx_live_signed_url_t *url, time_t now,
    const char **reason)
{
    u_char  given[NGX_LIVE_TOKEN_HASH], hash[NGX_LIVE_TOKEN_HASH];
    time_t  expires;

    if (url->signature.len == 0) {
        *reason = "no signature";
        return NGX_DECLINED;
    }

    if (ngx_live_signed_url_decode(&url->signature, given) != NGX_OK) {
        *reason = "malformed signature";
        return NGX_DECLINED;
    }

    if (url->expires.len == 0
        || url->expires.len > NGX_LIVE_SIGNED_URL_DIGITS)
    {
        *reason = "malformed expiry time";
        return NGX_DECLINED;
    }

    expires = ngx_atotm(url->expires.data, url->expires.len);

    if (expires == NGX_ERROR) {
        *reason = "malformed expiry time";
        return NGX_DECLINED;
    }

    if (!ngx_live_signed_url_contains(&url->text, &url->expires)) {
        *reason = "expiry time is not signed";
        return NGX_DECLINED;
    }

    if (url->secret.len < NGX_LIVE_SIGNED_URL_SECRET
        || ngx_live_token_key_hmac(hash, &url->secret, &url->text) != NGX_OK)
    {
        *reason = "no secret";
        return NGX_DECLINED;
    }

    if (!ngx_live_token_key_equal(given, hash, NGX_LIVE_TOKEN_HASH)) {
        *reason = "signature does not match";
        return NGX_DECLINED;
    }

    /* last, so that an answer tells nothing about what was not signed */

    if (expires <= now) {
        *reason = "signature expired";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_signed_url_decode(ngx_str_t *text, u_char *hash)
{
    size_t  n;

    if (text->len == 2 * NGX_LIVE_TOKEN_HASH) {
        return ngx_live_signed_url_hex(text, hash);
    }

    if (text->len != ngx_live_base64url_encoded(NGX_LIVE_TOKEN_HASH)) {
        return NGX_ERROR;
    }

    return ngx_live_base64url_decode(hash, &n, text->data, text->len);
}


static ngx_int_t
ngx_live_signed_url_hex(ngx_str_t *text, u_char *hash)
{
    size_t     i;
    ngx_int_t  n;

    for (i = 0; i < NGX_LIVE_TOKEN_HASH; i++) {
        n = ngx_hextoi(text->data + 2 * i, 2);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        hash[i] = (u_char) n;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_live_signed_url_contains(ngx_str_t *text, ngx_str_t *part)
{
    size_t  i;

    if (text->len < part->len) {
        return 0;
    }

    for (i = 0; i <= text->len - part->len; i++) {
        if (ngx_memcmp(text->data + i, part->data, part->len) == 0) {
            return 1;
        }
    }

    return 0;
}
