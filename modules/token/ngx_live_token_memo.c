
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_token_memo.h>


static ngx_live_token_memo_entry_t **ngx_live_token_memo_pair(
    ngx_live_token_memo_t *memo, ngx_str_t *token);
static ngx_uint_t ngx_live_token_memo_is(ngx_live_token_memo_entry_t *e,
    u_char *context, ngx_str_t *token);
static ngx_uint_t ngx_live_token_memo_same(u_char *a, u_char *b, size_t len);
static void ngx_live_token_memo_free(ngx_live_token_memo_t *memo,
    ngx_live_token_memo_entry_t *e);


ngx_live_token_memo_entry_t *
ngx_live_token_memo_get(ngx_live_token_memo_t *memo, u_char *context,
    ngx_str_t *token)
{
    ngx_live_token_memo_entry_t  *e, **pair;

    pair = ngx_live_token_memo_pair(memo, token);

    e = pair[0];

    if (e && ngx_live_token_memo_is(e, context, token)) {
        return e;
    }

    e = pair[1];

    if (e == NULL || !ngx_live_token_memo_is(e, context, token)) {
        return NULL;
    }

    pair[1] = pair[0];
    pair[0] = e;

    return e;
}


ngx_live_token_memo_entry_t *
ngx_live_token_memo_put(ngx_live_token_memo_t *memo, u_char *context,
    ngx_str_t *token, ngx_live_claims_t *claims, ngx_atomic_uint_t checked,
    ngx_log_t *log)
{
    u_char                        *p;
    ngx_live_token_memo_entry_t   *e, **pair;

    if (token->len > NGX_LIVE_TOKEN_MEMO_MAX
        || claims->data.len > NGX_LIVE_TOKEN_MEMO_MAX - token->len)
    {
        return NULL;
    }

    e = ngx_alloc(sizeof(ngx_live_token_memo_entry_t) + token->len
                  + claims->data.len, log);
    if (e == NULL) {
        return NULL;
    }

    p = (u_char *) &e[1];

    ngx_memcpy(e->context, context, NGX_LIVE_TOKEN_HASH);
    e->checked = checked;
    e->token.data = p;
    e->token.len = token->len;

    p = ngx_cpymem(p, token->data, token->len);

    ngx_live_claims_copy(&e->claims, claims, p);

    pair = ngx_live_token_memo_pair(memo, token);

    ngx_live_token_memo_free(memo, pair[1]);

    pair[1] = pair[0];
    pair[0] = e;
    memo->n++;

    return e;
}


void
ngx_live_token_memo_clear(ngx_live_token_memo_t *memo)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_TOKEN_MEMO_PAIRS; i++) {
        ngx_live_token_memo_free(memo, memo->pairs[i][0]);
        ngx_live_token_memo_free(memo, memo->pairs[i][1]);

        memo->pairs[i][0] = NULL;
        memo->pairs[i][1] = NULL;
    }
}


/* the signature is the end of a token: bytes as good as random */

static ngx_live_token_memo_entry_t **
ngx_live_token_memo_pair(ngx_live_token_memo_t *memo, ngx_str_t *token)
{
    size_t    len;
    uint64_t  key;

    key = 0;
    len = ngx_min(token->len, sizeof(uint64_t));

    ngx_memcpy(&key, token->data + token->len - len, len);

    /* base64url leaves the same bits of each byte as they are: spread them */

    key *= 0x9e3779b97f4a7c15ULL;

    return memo->pairs[(key >> 32) & (NGX_LIVE_TOKEN_MEMO_PAIRS - 1)];
}


static ngx_uint_t
ngx_live_token_memo_is(ngx_live_token_memo_entry_t *e, u_char *context,
    ngx_str_t *token)
{
    return e->token.len == token->len
           && ngx_memcmp(e->context, context, NGX_LIVE_TOKEN_HASH) == 0
           && ngx_live_token_memo_same(e->token.data, token->data,
                                       token->len);
}


/* CRYPTO_memcmp() takes byte by byte, which was half of a look-up's time */

static ngx_uint_t
ngx_live_token_memo_same(u_char *a, u_char *b, size_t len)
{
    uint64_t  x, y, differ;

    differ = 0;

    for ( /* void */ ; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
        ngx_memcpy(&x, a, sizeof(uint64_t));
        ngx_memcpy(&y, b, sizeof(uint64_t));

        differ |= x ^ y;

        a += sizeof(uint64_t);
        b += sizeof(uint64_t);
    }

    while (len--) {
        differ |= *a++ ^ *b++;
    }

    return differ == 0;
}


static void
ngx_live_token_memo_free(ngx_live_token_memo_t *memo,
    ngx_live_token_memo_entry_t *e)
{
    if (e) {
        ngx_free(e);
        memo->n--;
    }
}
