
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>


/* of a time: up to the year 33658 */
#define NGX_LIVE_CHAT_SIGNATURE_DIGITS  12


static void ngx_live_chat_signature_trim(ngx_str_t *s);
static ngx_int_t ngx_live_chat_signature_item(ngx_live_chat_signature_t *sig,
    ngx_str_t *item, const char **reason);
static ngx_int_t ngx_live_chat_signature_time(ngx_live_chat_signature_t *sig,
    ngx_str_t *value, const char **reason);
static void ngx_live_chat_signature_add(ngx_live_chat_signature_t *sig,
    ngx_str_t *value);
static ngx_uint_t ngx_live_chat_signature_by(ngx_live_chat_signature_t *sig,
    ngx_str_t *secret, ngx_str_t *text);


ngx_int_t
ngx_live_chat_signature_parse(u_char *p, size_t len,
    ngx_live_chat_signature_t *sig, const char **reason)
{
    u_char     *end;
    ngx_str_t   item;

    ngx_memzero(sig, sizeof(ngx_live_chat_signature_t));

    end = p + len;

    while (p < end) {
        item.data = p;

        while (p < end && *p != ',') {
            p++;
        }

        item.len = p - item.data;

        if (p < end) {
            p++;
        }

        ngx_live_chat_signature_trim(&item);

        if (ngx_live_chat_signature_item(sig, &item, reason) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (sig->time.len == 0) {
        *reason = "no time";
        return NGX_ERROR;
    }

    if (sig->n == 0) {
        *reason = "no signature";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_live_chat_signature_trim(ngx_str_t *s)
{
    u_char  c;

    while (s->len && (*s->data == ' ' || *s->data == '\t')) {
        s->data++;
        s->len--;
    }

    while (s->len) {
        c = s->data[s->len - 1];

        if (c != ' ' && c != '\t' && c != CR) {
            break;
        }

        s->len--;
    }
}


static ngx_int_t
ngx_live_chat_signature_item(ngx_live_chat_signature_t *sig, ngx_str_t *item,
    const char **reason)
{
    ngx_str_t  value;

    value = *item;

    if (item->len > 2 && ngx_memcmp(item->data, "t=", 2) == 0) {
        value.data += 2;
        value.len -= 2;

        return ngx_live_chat_signature_time(sig, &value, reason);
    }

    if (item->len > 3 && ngx_memcmp(item->data, "v1=", 3) == 0) {
        value.data += 3;
        value.len -= 3;

        ngx_live_chat_signature_add(sig, &value);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_signature_time(ngx_live_chat_signature_t *sig,
    ngx_str_t *value, const char **reason)
{
    time_t  seconds;

    if (sig->time.len) {
        *reason = "two times";
        return NGX_ERROR;
    }

    seconds = NGX_ERROR;

    if (value->len <= NGX_LIVE_CHAT_SIGNATURE_DIGITS) {
        seconds = ngx_atotm(value->data, value->len);
    }

    if (seconds == NGX_ERROR) {
        *reason = "malformed time";
        return NGX_ERROR;
    }

    sig->time = *value;
    sig->seconds = seconds;

    return NGX_OK;
}


static void
ngx_live_chat_signature_add(ngx_live_chat_signature_t *sig, ngx_str_t *value)
{
    size_t     i;
    ngx_int_t  n;

    if (sig->n == NGX_LIVE_CHAT_SIGNATURES
        || value->len != 2 * NGX_LIVE_CHAT_SIGNATURE_HASH)
    {
        return;
    }

    for (i = 0; i < NGX_LIVE_CHAT_SIGNATURE_HASH; i++) {
        n = ngx_hextoi(value->data + 2 * i, 2);

        if (n == NGX_ERROR) {
            return;
        }

        sig->hash[sig->n][i] = (u_char) n;
    }

    sig->n++;
}


ngx_int_t
ngx_live_chat_signature_check(ngx_live_chat_signature_t *sig,
    ngx_str_t *secrets, ngx_uint_t n, ngx_str_t *text, int64_t now,
    int64_t tolerance, const char **reason)
{
    ngx_uint_t  i, found;

    found = 0;

    for (i = 0; i < n; i++) {
        found |= ngx_live_chat_signature_by(sig, &secrets[i], text);
    }

    if (!found) {
        *reason = "signature does not match";
        return NGX_DECLINED;
    }

    /* last: an answer tells nothing about a time that was not signed */

    if (sig->seconds < now - tolerance) {
        *reason = "signature is too old";
        return NGX_DECLINED;
    }

    if (sig->seconds > now + tolerance) {
        *reason = "signature is of the future";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_live_chat_signature_by(ngx_live_chat_signature_t *sig, ngx_str_t *secret,
    ngx_str_t *text)
{
    u_char      hash[NGX_LIVE_CHAT_SIGNATURE_HASH];
    ngx_uint_t  i, found;

    if (HMAC(EVP_sha256(), secret->data, (int) secret->len, text->data,
             text->len, hash, NULL)
        == NULL)
    {
        return 0;
    }

    found = 0;

    for (i = 0; i < sig->n; i++) {
        found |= (CRYPTO_memcmp(sig->hash[i], hash, sizeof(hash)) == 0);
    }

    return found;
}


ngx_int_t
ngx_live_chat_secrets_parse(u_char *p, size_t len,
    ngx_str_t secrets[NGX_LIVE_CHAT_SECRETS], ngx_uint_t *n,
    const char **reason)
{
    u_char     *end;
    ngx_str_t   line;

    *n = 0;
    end = p + len;

    while (p < end) {
        line.data = p;

        while (p < end && *p != LF) {
            p++;
        }

        line.len = p - line.data;

        if (p < end) {
            p++;
        }

        ngx_live_chat_signature_trim(&line);

        if (line.len == 0 || line.data[0] == '#') {
            continue;
        }

        if (line.len < NGX_LIVE_CHAT_SECRET_MIN
            || line.len > NGX_LIVE_CHAT_SECRET_MAX)
        {
            *reason = "a secret has 16 to 256 bytes";
            return NGX_ERROR;
        }

        if (*n == NGX_LIVE_CHAT_SECRETS) {
            *reason = "there are too many secrets";
            return NGX_ERROR;
        }

        secrets[(*n)++] = line;
    }

    if (*n == 0) {
        *reason = "there is no secret";
        return NGX_ERROR;
    }

    return NGX_OK;
}
