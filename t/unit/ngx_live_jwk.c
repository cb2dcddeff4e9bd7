
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of JSON Web Keys: types, bounds, purposes, sets. */


#include "ngx_live_jwk.h"
#include "ngx_unit.h"


#define K32  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define K48  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define X    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define N256 "\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26m" \
             "PddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD" \
             "1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5" \
             "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlx" \
             "vb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2" \
             "ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\""


static ngx_pool_t      *pool;
static ngx_array_t     *keys;
static ngx_uint_t       skipped;
static const char      *reason;


static ngx_int_t parse(const char *text);
static ngx_live_jwk_t *key(ngx_uint_t i);
static void test_types(void);
static void test_algs(void);
static void test_use(void);
static void test_refused(void);
static void test_sets(void);


int
main(void)
{
    pool = ngx_create_pool(4096, NULL);

    test_types();
    test_algs();
    test_use();
    test_refused();
    test_sets();

    ngx_destroy_pool(pool);

    return done_testing();
}


static ngx_int_t
parse(const char *text)
{
    keys = ngx_array_create(pool, 4, sizeof(ngx_live_jwk_t));
    reason = NULL;

    return ngx_live_jwk_parse(buf_copy(text, strlen(text)), strlen(text),
                              keys, &skipped, pool, &reason);
}


static ngx_live_jwk_t *
key(ngx_uint_t i)
{
    static ngx_live_jwk_t  none;

    return i < keys->nelts ? (ngx_live_jwk_t *) keys->elts + i : &none;
}


static void
test_types(void)
{
    is_int(parse("{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" K32 "\"}"), NGX_OK,
           "oct");
    is_int(key(0)->type, NGX_LIVE_JWK_OCT, "type");
    is_int(key(0)->x.len, 32, "k");
    is_str(&key(0)->kid, "a", "kid");
    is_int(key(0)->secret, 0, "no private half");

    is_int(parse("{\"kty\":\"RSA\"," N256 ",\"e\":\"AQAB\",\"d\":\"AA\"}"),
           NGX_OK, "RSA");
    is_int(key(0)->type, NGX_LIVE_JWK_RSA, "type");
    is_int(key(0)->x.len, 256, "n");
    is_mem(key(0)->y.data, key(0)->y.len, "\1\0\1", 3, "e");
    is_int(key(0)->algs, NGX_LIVE_JWT_RS256|NGX_LIVE_JWT_PS256, "algorithms");
    is_int(key(0)->secret, 1, "private half");

    is_int(parse("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X
                 "\"}"), NGX_OK, "EC");
    is_int(key(0)->type, NGX_LIVE_JWK_P256, "type");
    is_int(key(0)->algs, NGX_LIVE_JWT_ES256, "algorithms");

    is_int(parse("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" K48
                 "\",\"y\":\"" K48 "\"}"), NGX_OK, "P-384");
    is_int(key(0)->algs, NGX_LIVE_JWT_ES384, "algorithms");

    is_int(parse("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}"),
           NGX_OK, "OKP");
    is_int(key(0)->algs, NGX_LIVE_JWT_EDDSA, "algorithms");
}


static void
test_algs(void)
{
    (void) parse("{\"kty\":\"oct\",\"k\":\"" K32 "\"}");
    is_int(key(0)->algs, NGX_LIVE_JWT_HS256, "32 bytes");

    (void) parse("{\"kty\":\"oct\",\"k\":\"" K48 "\"}");
    is_int(key(0)->algs, NGX_LIVE_JWT_HS256|NGX_LIVE_JWT_HS384, "48 bytes");

    (void) parse("{\"kty\":\"oct\",\"k\":\"" K48 "\",\"alg\":\"HS384\"}");
    is_int(key(0)->algs, NGX_LIVE_JWT_HS384, "alg binds");

    (void) parse("{\"kty\":\"RSA\"," N256 ",\"e\":\"AQAB\",\"alg\":\"PS256\"}");
    is_int(key(0)->algs, NGX_LIVE_JWT_PS256, "PS256");

    is_int(ngx_live_jwk_secret_algs(31), 0, "31 bytes are not enough");
    is_int(ngx_live_jwk_secret_algs(64), NGX_LIVE_JWT_HS, "64 bytes");
}


static void
test_use(void)
{
    is_int(parse("{\"kty\":\"oct\",\"use\":\"sig\",\"key_ops\":[\"sign\","
                 "\"verify\"],\"k\":\"" K32 "\"}"), NGX_OK, "to sign");
    is_int(parse("{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"" K32 "\"}"),
           NGX_ERROR, "to encrypt");
    is_int(parse("{\"kty\":\"oct\",\"use\":[\"sig\"],\"k\":\"" K32 "\"}"),
           NGX_ERROR, "use is no list");
    is_int(parse("{\"kty\":\"oct\",\"key_ops\":[\"encrypt\"],\"k\":\"" K32
                 "\"}"), NGX_ERROR, "operations");
    is_int(parse("{\"kty\":\"oct\",\"key_ops\":[],\"k\":\"" K32 "\"}"),
           NGX_ERROR, "no operation");
    is_int(parse("{\"kty\":\"oct\",\"key_ops\":\"verify\",\"k\":\"" K32
                 "\"}"), NGX_ERROR, "operations are a list");
}


static void
test_refused(void)
{
    ngx_uint_t          i;
    static const char  *texts[] = {
        "", "{}", "[]", "{\"kty\":1}", "{\"kty\":\"oct\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{\"kty\":\"oct\",\"k\":1}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "=\"}",
        "{\"kty\":\"oct\",\"kid\":\"\",\"k\":\"" K32 "\"}",
        "{\"kty\":\"oct\",\"kid\":1,\"k\":\"" K32 "\"}",
        "{\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":\"" K32 "\"}",
        "{\"kty\":\"oct\",\"alg\":\"none\",\"k\":\"" K32 "\"}",
        "{\"kty\":\"oct\",\"alg\":\"RS256\",\"k\":\"" K32 "\"}",
        "{\"kty\":\"oct\",\"alg\":7,\"k\":\"" K32 "\"}",
        "{\"kty\":\"RSA\",\"n\":\"" K48 "\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\"," N256 "}",
        "{\"kty\":\"RSA\"," N256 ",\"e\":\"\"}",
        "{\"kty\":\"RSA\"," N256 ",\"e\":\"AQ\"}",
        "{\"kty\":\"RSA\"," N256 ",\"e\":\"AQAA\"}",
        "{\"kty\":\"RSA\"," N256 ",\"e\":\"AQAAAAAAAAAB\"}",
        "{\"kty\":\"RSA\"," N256 ",\"e\":\"AQAB\",\"alg\":\"HS256\"}",
        "{\"kty\":\"RSA\"," N256 ",\"e\":\"AQAB\",\"alg\":\"RS512\"}",
        "{\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" X "\",\"y\":\"" X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" K48 "\",\"y\":\"" X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" K48 "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" X "\"}",
        "{\"keys\":[]}", "{\"keys\":{}}", "{\"keys\":1}",
        "{\"keys\":[1,null,\"x\"]}"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_int(parse(texts[i]), NGX_ERROR, "%s is refused", texts[i]);
        ok(reason != NULL, "reason: %s", reason ? reason : "none");
    }
}


static void
test_sets(void)
{
    char        text[16384], *p;
    ngx_uint_t  i;

    is_int(parse("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" K32
                 "\"},{\"kty\":\"new\"},{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\""
                 K48 "\"}]}"),
           NGX_OK, "set");
    is_int(keys->nelts, 2, "keys");
    is_int(skipped, 1, "one is passed over");
    is_str(&key(1)->kid, "b", "the second");

    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i < 70; i++) {
        p += sprintf(p, "%s{\"kty\":\"oct\",\"k\":\"" K32 "\"}",
                     i ? "," : "");
    }

    strcpy(p, "]}");

    is_int(parse(text), NGX_OK, "a large set");
    is_int(keys->nelts, NGX_LIVE_JWK_MAX, "is bounded");
    is_int(skipped, 70 - NGX_LIVE_JWK_MAX, "the rest is passed over");
}
