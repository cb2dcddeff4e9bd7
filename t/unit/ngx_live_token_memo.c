
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of a worker's memory of tokens. */


#include "ngx_live_token_memo.h"
#include "ngx_unit.h"


static ngx_live_token_memo_t  memo;
static u_char                 context[2][NGX_LIVE_TOKEN_HASH];
static u_char                 buf[NGX_LIVE_CLAIMS_SIZE(4096)];


static ngx_live_claims_t claims(const char *text);
static ngx_str_t token(const char *text);
static ngx_live_token_memo_entry_t *get(ngx_uint_t c, const char *text);
static ngx_live_token_memo_entry_t *put(ngx_uint_t c, const char *text,
    const char *json);
static void test_found(void);
static void test_other(void);
static void test_pair(void);
static void test_bounds(void);


int
main(void)
{
    memset(context[0], 1, NGX_LIVE_TOKEN_HASH);
    memset(context[1], 1, NGX_LIVE_TOKEN_HASH);
    context[1][NGX_LIVE_TOKEN_HASH - 1] = 2;

    test_found();
    test_other();
    test_pair();
    test_bounds();

    ngx_live_token_memo_clear(&memo);
    is_int(memo.n, 0, "nothing is left");
    ok(get(0, "a.b.signature") == NULL, "nor found");

    return done_testing();
}


static ngx_live_claims_t
claims(const char *text)
{
    const char         *reason;
    ngx_live_claims_t   c;

    if (ngx_live_claims_parse((u_char *) text, strlen(text), buf, &c, &reason)
        != NGX_OK)
    {
        printf("# %s: %s\n", text, reason);
        exit(1);
    }

    return c;
}


static ngx_str_t
token(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = buf_copy(text, s.len);

    return s;
}


static ngx_live_token_memo_entry_t *
get(ngx_uint_t c, const char *text)
{
    ngx_str_t                     s;
    ngx_live_token_memo_entry_t  *e;

    s = token(text);
    e = ngx_live_token_memo_get(&memo, context[c], &s);
    free(s.data);

    return e;
}


static ngx_live_token_memo_entry_t *
put(ngx_uint_t c, const char *text, const char *json)
{
    ngx_str_t                     s;
    ngx_live_claims_t             cl;
    ngx_live_token_memo_entry_t  *e;

    s = token(text);
    cl = claims(json);
    e = ngx_live_token_memo_put(&memo, context[c], &s, &cl, 7, NULL);
    free(s.data);

    /* all of it was copied */

    memset(buf, 'x', sizeof(buf));

    return e;
}


static void
test_found(void)
{
    ngx_live_token_memo_entry_t  *e;

    ok(get(0, "a.b.signature") == NULL, "nothing yet");
    ok(get(0, "") == NULL, "nor the empty one");

    e = put(0, "a.b.signature", "{\"sub\":\"alice\",\"exp\":1000,"
            "\"live\":{\"streams\":[\"live/*\",\"x/y\"]}}");
    ok(e != NULL, "is kept");
    ok(get(0, "a.b.signature") == e, "and found");
    is_int(e->checked, 7, "revocations");
    is_int(e->claims.exp, 1000, "a number");
    is_str(&e->claims.sub, "alice", "a text");
    is_mem(e->claims.streams.data, e->claims.streams.len, "live/*\0x/y", 11,
           "a list");
}


static void
test_other(void)
{
    ok(get(1, "a.b.signature") == NULL, "with other keys it is another one");
    ok(get(0, "b.b.signature") == NULL, "of the same signature");
    ok(get(0, "a.b.signaturE") == NULL, "of another one");
    ok(get(0, "aa.b.signature") == NULL, "longer");
    ok(get(0, ".b.signature") == NULL, "shorter");
    ok(get(0, "e") == NULL, "very short");
}


/* two that end alike stand in one pair: a third one takes the older's place */

static void
test_pair(void)
{
    put(0, "1.signature", "{\"sub\":\"bob\"}");
    ok(get(0, "a.b.signature") != NULL, "the first of a pair");
    ok(get(0, "1.signature") != NULL, "the second");
    is_int(memo.n, 2, "are kept");

    ok(get(0, "a.b.signature") != NULL, "the first is used again");

    put(0, "2.signature", "{\"sub\":\"carol\"}");
    is_int(memo.n, 2, "a third replaces one");
    ok(get(0, "1.signature") == NULL, "that was not used");
    ok(get(0, "a.b.signature") != NULL, "not the other");
    is_str(&get(0, "2.signature")->claims.sub, "carol", "and is found");

    put(1, "2.signature", "{\"sub\":\"dan\"}");
    is_str(&get(0, "2.signature")->claims.sub, "carol", "of the first keys");
    is_str(&get(1, "2.signature")->claims.sub, "dan", "of the second");
}


static void
test_bounds(void)
{
    char        text[NGX_LIVE_TOKEN_MEMO_MAX + 2];
    ngx_uint_t  i, n;

    memset(text, 'a', sizeof(text));
    text[NGX_LIVE_TOKEN_MEMO_MAX + 1] = '\0';
    ok(put(0, text, "{}") == NULL, "too long a token");

    text[NGX_LIVE_TOKEN_MEMO_MAX] = '\0';
    ok(put(0, text, "{}") != NULL, "the longest");
    ok(get(0, text) != NULL, "is found");

    text[NGX_LIVE_TOKEN_MEMO_MAX - 4] = '\0';
    ok(put(0, text, "{\"sub\":\"alice\"}") == NULL, "with too long claims");

    for (i = 0; i < 100000; i++) {
        snprintf(text, sizeof(text), "token.%lu.%08lx", (unsigned long) i,
                 (unsigned long) (i * 2654435761UL) & 0xffffffff);
        put(0, text, "{}");
    }

    ok(memo.n <= 2 * NGX_LIVE_TOKEN_MEMO_PAIRS, "no more than there is room");
    ok(memo.n > 2 * NGX_LIVE_TOKEN_MEMO_PAIRS * 9 / 10, "which is used");

    for (n = 0; i > 100000 - 2000; i--) {
        snprintf(text, sizeof(text), "token.%lu.%08lx",
                 (unsigned long) (i - 1),
                 (unsigned long) ((i - 1) * 2654435761UL) & 0xffffffff);
        n += (get(0, text) != NULL);
    }

    ok(n > 1900, "the newest are there: %lu of 2000", (unsigned long) n);
}
