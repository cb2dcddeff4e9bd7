
/*
 * Copyright (C) nginx-live authors
 */


/*
 * OpenSSL's EVP allocates each time the state of a digest is copied, and a
 * copy of the pads is what a MAC begins with.  The functions below EVP do
 * not; they are deprecated, and present.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "ngx_live_hmac.h"


static void ngx_live_hmac_pad(uint32_t state[5], const u_char *block,
    u_char pad);
static void ngx_live_hmac_resume(SHA_CTX *sha, const uint32_t state[5]);


void
ngx_live_hmac_key(ngx_live_hmac_key_t *key, const u_char *secret, size_t len)
{
    u_char  block[SHA_CBLOCK];

    ngx_memzero(block, SHA_CBLOCK);

    if (len > SHA_CBLOCK) {
        SHA1(secret, len, block);

    } else if (len) {
        ngx_memcpy(block, secret, len);
    }

    ngx_live_hmac_pad(key->inner, block, 0x36);
    ngx_live_hmac_pad(key->outer, block, 0x5c);

    OPENSSL_cleanse(block, SHA_CBLOCK);
}


static void
ngx_live_hmac_pad(uint32_t state[5], const u_char *block, u_char pad)
{
    u_char      bytes[SHA_CBLOCK];
    SHA_CTX     sha;
    ngx_uint_t  i;

    for (i = 0; i < SHA_CBLOCK; i++) {
        bytes[i] = block[i] ^ pad;
    }

    SHA1_Init(&sha);
    SHA1_Update(&sha, bytes, SHA_CBLOCK);

    state[0] = sha.h0;
    state[1] = sha.h1;
    state[2] = sha.h2;
    state[3] = sha.h3;
    state[4] = sha.h4;

    OPENSSL_cleanse(bytes, SHA_CBLOCK);
    OPENSSL_cleanse(&sha, sizeof(SHA_CTX));
}


/* one block has been read */

static void
ngx_live_hmac_resume(SHA_CTX *sha, const uint32_t state[5])
{
    sha->h0 = state[0];
    sha->h1 = state[1];
    sha->h2 = state[2];
    sha->h3 = state[3];
    sha->h4 = state[4];

    sha->Nl = SHA_CBLOCK * 8;
    sha->Nh = 0;
    sha->num = 0;
}


void
ngx_live_hmac_sha1(const ngx_live_hmac_key_t *key,
    u_char mac[NGX_LIVE_HMAC_SHA1_LEN], const u_char *data, size_t len,
    const u_char *more, size_t mlen)
{
    SHA_CTX  sha;

    ngx_live_hmac_resume(&sha, key->inner);

    SHA1_Update(&sha, data, len);

    if (mlen) {
        SHA1_Update(&sha, more, mlen);
    }

    SHA1_Final(mac, &sha);

    ngx_live_hmac_resume(&sha, key->outer);

    SHA1_Update(&sha, mac, NGX_LIVE_HMAC_SHA1_LEN);
    SHA1_Final(mac, &sha);
}


ngx_uint_t
ngx_live_hmac_equal(const u_char *a, const u_char *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
