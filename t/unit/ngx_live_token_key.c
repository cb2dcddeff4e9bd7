
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Unit test of signatures: the vectors of RFC 7515 and 8037, keys made here
 * for the other algorithms, and keys that are taken for another's.
 */


#include "ngx_live_jwt.h"
#include "ngx_live_token_key.h"
#include "ngx_live_base64url.h"
#include "ngx_unit.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>


#define PAYLOAD  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9" \
                 "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"


static ngx_pool_t      *pool;
static const char      *reason;

static ngx_live_token_key_t  keys[16];
static ngx_str_t             tokens[16];
static ngx_uint_t            n;


static void jwk(const char *name, const char *json, const char *token);
static ngx_int_t verify(ngx_live_token_key_t *key, ngx_str_t *token);
static void made(const char *name, const char *alg, EVP_PKEY *pkey);
static void sign(const char *alg, EVP_PKEY *pkey, ngx_str_t *token);
static ngx_str_t pem(EVP_PKEY *pkey, ngx_uint_t private);
static void secret(const char *alg, const EVP_MD *md);
static void test_each(void);
static void test_tampered(void);
static void test_keys(void);
static void test_hash(void);


int
main(void)
{
    pool = ngx_create_pool(4096, NULL);

    jwk("RFC 7515, A.1",
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"
        "-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}",
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD "."
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");

    jwk("RFC 7515, A.2",
        "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbj"
        "i9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCg"
        "NMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5"
        "rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Z"
        "wKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
        "PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
        "eyJhbGciOiJSUzI1NiJ9." PAYLOAD "."
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHI"
        "m4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB"
        "--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN938"
        "3LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
        "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");

    jwk("RFC 7515, A.3",
        "{\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        "eyJhbGciOiJFUzI1NiJ9." PAYLOAD "."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQx"
        "fKTUJqPP3-Kg6NU1Q");

    jwk("RFC 8037, A.4",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt"
        "9g7sVvpAr_MuM0KAg");

    made("PS256", "PS256", EVP_RSA_gen(2048));
    made("ES384", "ES384", EVP_EC_gen("P-384"));
    made("ES256 by PEM", "ES256", EVP_EC_gen("P-256"));
    made("EdDSA by PEM", "EdDSA", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    secret("HS384", EVP_sha384());
    secret("HS512", EVP_sha512());

    test_each();
    test_tampered();
    test_keys();
    test_hash();

    while (n) {
        ngx_live_token_key_free(&keys[--n]);
    }

    ngx_destroy_pool(pool);

    return done_testing();
}


static void
jwk(const char *name, const char *json, const char *token)
{
    ngx_uint_t    skipped;
    ngx_array_t  *set;

    set = ngx_array_create(pool, 1, sizeof(ngx_live_jwk_t));

    is_int(ngx_live_jwk_parse((u_char *) json, strlen(json), set, &skipped,
                              pool, &reason),
           NGX_OK, "%s: key", name);
    is_int(ngx_live_token_key_jwk(&keys[n], set->elts, &reason), NGX_OK,
           "imported");

    tokens[n].data = (u_char *) token;
    tokens[n].len = strlen(token);

    is_int(verify(&keys[n], &tokens[n]), NGX_OK, "%s is verified", name);

    n++;
}


static ngx_int_t
verify(ngx_live_token_key_t *key, ngx_str_t *token)
{
    u_char          buf[NGX_LIVE_JWT_SIZE(4096)];
    ngx_live_jwt_t  jwt;

    if (ngx_live_jwt_parse(token, buf, &jwt, &reason) != NGX_OK) {
        return NGX_ABORT;
    }

    return ngx_live_token_key_verify(key, jwt.alg, &jwt.input, &jwt.signature);
}


static void
made(const char *name, const char *alg, EVP_PKEY *pkey)
{
    ngx_str_t  text;

    text = pem(pkey, 0);

    is_int(ngx_live_token_key_pem(&keys[n], text.data, text.len, &reason),
           NGX_OK, "%s: key", name);
    is_int(keys[n].private, 0, "a public key");

    sign(alg, pkey, &tokens[n]);

    is_int(verify(&keys[n], &tokens[n]), NGX_OK, "%s is verified", name);

    ngx_live_token_key_free(&keys[n]);

    text = pem(pkey, 1);

    is_int(ngx_live_token_key_pem(&keys[n], text.data, text.len, &reason),
           NGX_OK, "%s: private key", name);
    is_int(keys[n].private, 1, "is known as one");
    is_int(verify(&keys[n], &tokens[n]), NGX_OK, "its public half verifies");

    EVP_PKEY_free(pkey);

    n++;
}


static void
sign(const char *alg, EVP_PKEY *pkey, ngx_str_t *token)
{
    char             header[64];
    size_t           len;
    u_char          *p, sig[1024];
    EVP_MD_CTX      *ctx;
    EVP_PKEY_CTX    *pctx;
    ECDSA_SIG       *ec;
    const u_char    *der;
    const EVP_MD    *md;

    token->data = ngx_palloc(pool, 4096);

    sprintf(header, "{\"alg\":\"%s\"}", alg);
    p = ngx_live_base64url_encode(token->data, (u_char *) header,
                                  strlen(header));
    p = ngx_cpymem(p, ".e30", 4);

    md = strcmp(alg, "EdDSA") == 0 ? NULL
         : strcmp(alg, "ES384") == 0 ? EVP_sha384() : EVP_sha256();

    ctx = EVP_MD_CTX_new();
    EVP_DigestSignInit(ctx, &pctx, md, NULL, pkey);

    if (alg[0] == 'P') {
        EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST);
    }

    len = sizeof(sig);
    EVP_DigestSign(ctx, sig, &len, token->data, p - token->data);
    EVP_MD_CTX_free(ctx);

    if (alg[0] == 'E' && alg[1] == 'S') {
        der = sig;
        ec = d2i_ECDSA_SIG(NULL, &der, len);
        len = (md == EVP_sha384()) ? 96 : 64;
        BN_bn2binpad(ECDSA_SIG_get0_r(ec), sig, len / 2);
        BN_bn2binpad(ECDSA_SIG_get0_s(ec), sig + len / 2, len / 2);
        ECDSA_SIG_free(ec);
    }

    *p++ = '.';
    p = ngx_live_base64url_encode(p, sig, len);

    token->len = p - token->data;
}


static ngx_str_t
pem(EVP_PKEY *pkey, ngx_uint_t private)
{
    BIO        *bio;
    char       *data;
    ngx_str_t   text;

    bio = BIO_new(BIO_s_mem());

    if (private) {
        PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);

    } else {
        PEM_write_bio_PUBKEY(bio, pkey);
    }

    text.len = BIO_get_mem_data(bio, &data);
    text.data = buf_copy(data, text.len);

    BIO_free(bio);

    return text;
}


static void
secret(const char *alg, const EVP_MD *md)
{
    char       header[64];
    u_char    *p, sig[64];
    unsigned   len;
    u_char    *key;

    key = buf_copy("0123456789abcdef0123456789abcdef"
                   "0123456789abcdef0123456789abcdef", 64);

    is_int(ngx_live_token_key_secret(&keys[n], key, 64, &reason), NGX_OK,
           "%s: secret", alg);

    tokens[n].data = ngx_palloc(pool, 1024);

    sprintf(header, "{\"alg\":\"%s\"}", alg);
    p = ngx_live_base64url_encode(tokens[n].data, (u_char *) header,
                                  strlen(header));
    p = ngx_cpymem(p, ".e30", 4);

    HMAC(md, key, 64, tokens[n].data, p - tokens[n].data, sig, &len);

    *p++ = '.';
    p = ngx_live_base64url_encode(p, sig, len);
    tokens[n].len = p - tokens[n].data;

    is_int(verify(&keys[n], &tokens[n]), NGX_OK, "%s is verified", alg);

    n++;
}


/*
 * No key verifies what another one has signed, but the two secrets, which
 * are the same.
 */

static void
test_each(void)
{
    ngx_uint_t  i, k;

    for (i = 0; i < n; i++) {
        for (k = 0; k < n; k++) {

            if (i == k || (i >= n - 2 && k >= n - 2)) {
                continue;
            }

            is_int(verify(&keys[k], &tokens[i]), NGX_DECLINED,
                   "token %d by key %d", (int) i, (int) k);
        }
    }
}


static void
test_tampered(void)
{
    u_char      *p, c;
    size_t       j;
    ngx_str_t    token;
    ngx_uint_t   i, good;

    for (i = 0; i < n; i++) {
        token.len = tokens[i].len;
        token.data = buf_copy(tokens[i].data, token.len);
        good = 0;

        /* the first bytes of the signature and the last of the payload */

        p = ngx_strlchr(token.data, token.data + token.len, '.');
        p = ngx_strlchr(p + 1, token.data + token.len, '.');

        for (j = 1; j < 12; j++) {
            c = p[j];
            p[j] = (c == 'A') ? 'B' : 'A';
            good += (verify(&keys[i], &token) == NGX_OK);
            p[j] = c;
        }

        c = p[-2];
        p[-2] = (c == 'A') ? 'B' : 'A';
        good += (verify(&keys[i], &token) == NGX_OK);
        p[-2] = c;

        token.len -= 4;
        good += (verify(&keys[i], &token) == NGX_OK);
        token.len += 4;

        is_int(good, 0, "changes of token %d are noticed", (int) i);
        is_int(verify(&keys[i], &token), NGX_OK, "it was good before");
    }
}


static void
test_keys(void)
{
    u_char                 hash[NGX_LIVE_TOKEN_HASH];
    EVP_PKEY              *pkey;
    ngx_str_t              text, input, sig;
    ngx_uint_t             i;
    ngx_live_jwk_t         point;
    ngx_live_token_key_t   key;

    static const char  *bad[] = {
        "", "-----BEGIN PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\n"
        "AAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
        "text"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(ngx_live_token_key_pem(&key, buf_copy(bad[i], strlen(bad[i])),
                                      strlen(bad[i]), &reason),
               NGX_ERROR, "no key: %s", reason);
    }

    pkey = EVP_RSA_gen(1024);
    text = pem(pkey, 0);
    is_int(ngx_live_token_key_pem(&key, text.data, text.len, &reason),
           NGX_ERROR, "1024 bits: %s", reason);
    EVP_PKEY_free(pkey);

    pkey = EVP_EC_gen("P-521");
    text = pem(pkey, 0);
    is_int(ngx_live_token_key_pem(&key, text.data, text.len, &reason),
           NGX_ERROR, "P-521: %s", reason);
    EVP_PKEY_free(pkey);

    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    text = pem(pkey, 0);
    is_int(ngx_live_token_key_pem(&key, text.data, text.len, &reason),
           NGX_ERROR, "X25519: %s", reason);
    EVP_PKEY_free(pkey);

    is_int(ngx_live_token_key_secret(&key, text.data, 31, &reason),
           NGX_ERROR, "31 bytes: %s", reason);

    memset(&point, 0, sizeof(point));
    point.type = NGX_LIVE_JWK_P256;
    point.algs = NGX_LIVE_JWT_ES256;
    point.x.data = point.y.data = text.data;
    point.x.len = point.y.len = 32;

    is_int(ngx_live_token_key_jwk(&key, &point, &reason), NGX_ERROR,
           "a point off the curve: %s", reason);

    /* the text of a public key as a secret: what made others fall */

    pkey = EVP_RSA_gen(2048);
    text = pem(pkey, 0);
    (void) ngx_live_token_key_pem(&key, text.data, text.len, &reason);

    input.data = (u_char *) "a.b";
    input.len = 3;
    sig.data = hash;
    sig.len = sizeof(hash);

    (void) ngx_live_token_key_hmac(hash, &text, &input);

    is_int(ngx_live_token_key_verify(&key, NGX_LIVE_JWT_HS256, &input, &sig),
           NGX_DECLINED, "a public key is no secret");

    ngx_live_token_key_free(&key);
    EVP_PKEY_free(pkey);
}


static void
test_hash(void)
{
    u_char     hash[NGX_LIVE_TOKEN_HASH], want[NGX_LIVE_TOKEN_HASH];
    ngx_str_t  a = ngx_string("a"), bc = ngx_string("bc");
    ngx_str_t  key = ngx_string("Jefe");
    ngx_str_t  text = ngx_string("what do ya want for nothing?");

    /* FIPS 180-2, B.1 */

    unhex(want, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
                "f20015ad");
    is_int(ngx_live_token_key_hash(hash, &a, &bc), NGX_OK, "hash");
    is_mem(hash, 32, want, 32, "of abc");
    is_int(ngx_live_token_key_hash(hash, &a, &bc), NGX_OK, "hash again");
    is_mem(hash, 32, want, 32, "of abc");

    /* RFC 4231, 4.3 */

    unhex(want, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b9"
                "64ec3843");
    is_int(ngx_live_token_key_hmac(hash, &key, &text), NGX_OK, "HMAC");
    is_mem(hash, 32, want, 32, "of RFC 4231");

    ok(ngx_live_token_key_equal(hash, want, 32), "equal");
    want[31] ^= 1;
    ok(!ngx_live_token_key_equal(hash, want, 32), "not equal");
}
