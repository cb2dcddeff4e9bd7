
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "ngx_live_srtp.h"
#include "ngx_live_rtp.h"
#include "ngx_live_bytes.h"


#define NGX_LIVE_SRTP_HMAC_TAG    10
#define NGX_LIVE_SRTP_GCM_TAG     16

#define NGX_LIVE_SRTCP_HEADER     8        /* is not encrypted */
#define NGX_LIVE_SRTCP_INDEX      4        /* bytes, with the bit E */
#define NGX_LIVE_SRTCP_ENCRYPTED  0x80000000

#define NGX_LIVE_SRTP_MAX_INDEX   ((uint64_t) 1 << 48)
#define NGX_LIVE_SRTCP_MAX_INDEX  0x7fffffff

#define ngx_live_srtp_gcm(s)                                                  \
    ((s)->profile != NGX_LIVE_SRTP_AES128_CM_SHA1_80)


static ngx_int_t ngx_live_srtp_prf(EVP_CIPHER_CTX *ctx, const u_char *salt,
    size_t salt_len, ngx_uint_t label, u_char *out, size_t len);
static const EVP_CIPHER *ngx_live_srtp_cipher(ngx_uint_t profile);
static ngx_int_t ngx_live_srtp_start(ngx_live_srtp_t *s,
    ngx_live_srtp_half_t *half, uint32_t ssrc, uint64_t index,
    const u_char *header, size_t len, const u_char *word);
static ngx_int_t ngx_live_srtp_update(ngx_live_srtp_half_t *half, u_char *dst,
    const u_char *src, size_t len);
static ngx_int_t ngx_live_srtp_seal(ngx_live_srtp_half_t *half, u_char *tag);
static ngx_int_t ngx_live_srtp_open(ngx_live_srtp_half_t *half, u_char *tag);
static ngx_int_t ngx_live_srtp_decrypt(ngx_live_srtp_t *s, u_char *dst,
    u_char *src, size_t header, size_t len, uint64_t index);
static ngx_int_t ngx_live_srtp_finish(ngx_live_srtp_t *s,
    ngx_live_srtp_half_t *half, u_char *dst, u_char *src, size_t header,
    size_t len);
static ngx_live_srtp_source_t *ngx_live_srtp_find(ngx_live_srtp_t *s,
    uint32_t ssrc);
static uint64_t ngx_live_srtp_guess(ngx_live_srtp_source_t *source,
    ngx_uint_t seq);
static ngx_uint_t ngx_live_srtp_replayed(ngx_live_srtp_source_t *source,
    uint64_t index);
static void ngx_live_srtp_came(ngx_live_srtp_source_t *source,
    uint64_t index);
static ngx_int_t ngx_live_srtcp_decrypt(ngx_live_srtp_t *s, u_char *dst,
    u_char *src, size_t len, u_char *trailer, uint32_t index);
static ngx_live_srtcp_source_t *ngx_live_srtcp_find(ngx_live_srtp_t *s,
    uint32_t ssrc);
static ngx_uint_t ngx_live_srtcp_replayed(ngx_live_srtcp_source_t *source,
    uint32_t index);
static void ngx_live_srtcp_came(ngx_live_srtcp_source_t *source,
    uint32_t index);


size_t
ngx_live_srtp_key_len(ngx_uint_t profile)
{
    switch (profile) {

    case NGX_LIVE_SRTP_AES128_CM_SHA1_80:
    case NGX_LIVE_SRTP_AEAD_AES_128_GCM:
        return 16;

    case NGX_LIVE_SRTP_AEAD_AES_256_GCM:
        return 32;

    default:
        return 0;
    }
}


size_t
ngx_live_srtp_salt_len(ngx_uint_t profile)
{
    if (ngx_live_srtp_key_len(profile) == 0) {
        return 0;
    }

    return profile == NGX_LIVE_SRTP_AES128_CM_SHA1_80 ? 14 : 12;
}


size_t
ngx_live_srtp_tag_len(ngx_uint_t profile)
{
    return profile == NGX_LIVE_SRTP_AES128_CM_SHA1_80
           ? NGX_LIVE_SRTP_HMAC_TAG : NGX_LIVE_SRTP_GCM_TAG;
}


ngx_int_t
ngx_live_srtp_derive(ngx_live_srtp_keys_t *keys, ngx_uint_t profile,
    const u_char *master_key, const u_char *master_salt, ngx_uint_t rtcp)
{
    size_t             key_len, salt_len;
    ngx_int_t          rc;
    ngx_uint_t         label;
    EVP_CIPHER_CTX    *ctx;
    const EVP_CIPHER  *cipher;

    key_len = ngx_live_srtp_key_len(profile);
    salt_len = ngx_live_srtp_salt_len(profile);

    if (key_len == 0) {
        return NGX_ERROR;
    }

    ngx_memzero(keys, sizeof(ngx_live_srtp_keys_t));

    /* of a longer key: RFC 6188, section 3 */

    cipher = key_len == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    label = rtcp ? 3 : 0;

    if (EVP_EncryptInit_ex(ctx, cipher, NULL, master_key, NULL) == 1
        && ngx_live_srtp_prf(ctx, master_salt, salt_len, label, keys->key,
                             key_len) == NGX_OK
        && ngx_live_srtp_prf(ctx, master_salt, salt_len, label + 1,
                             keys->auth, NGX_LIVE_HMAC_SHA1_LEN) == NGX_OK
        && ngx_live_srtp_prf(ctx, master_salt, salt_len, label + 2,
                             keys->salt, salt_len) == NGX_OK)
    {
        rc = NGX_OK;
    }

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


/*
 * The key stream that begins at the label, XORed with the salt: RFC 3711,
 * sections 4.3.1 and 4.3.3, with a key derivation rate of zero.  A salt of 96
 * bits is followed by zeros: RFC 7714, section 11.
 */

static ngx_int_t
ngx_live_srtp_prf(EVP_CIPHER_CTX *ctx, const u_char *salt, size_t salt_len,
    ngx_uint_t label, u_char *out, size_t len)
{
    int     n;
    u_char  iv[16];

    ngx_memzero(iv, sizeof(iv));
    ngx_memcpy(iv, salt, salt_len);
    iv[7] ^= (u_char) label;

    ngx_memzero(out, len);

    if (EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, iv) != 1
        || EVP_EncryptUpdate(ctx, out, &n, out, (int) len) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_srtp_init(ngx_live_srtp_t *s, ngx_uint_t profile,
    const u_char *master_key, const u_char *master_salt, ngx_uint_t sender,
    ngx_uint_t rtp)
{
    ngx_int_t             rc;
    ngx_uint_t            i;
    ngx_live_srtp_keys_t  keys;

    ngx_memzero(s, sizeof(ngx_live_srtp_t));

    s->profile = (uint16_t) profile;
    s->sender = sender ? 1 : 0;

    rc = NGX_OK;

    for (i = rtp ? 0 : 1; i < 2 && rc == NGX_OK; i++) {
        rc = ngx_live_srtp_derive(&keys, profile, master_key, master_salt, i);

        if (rc == NGX_OK) {
            rc = ngx_live_srtp_init_half(s, i ? &s->rtcp : &s->rtp, &keys);
        }

        OPENSSL_cleanse(&keys, sizeof(ngx_live_srtp_keys_t));
    }

    if (rc != NGX_OK) {
        ngx_live_srtp_destroy(s);
    }

    return rc;
}


static const EVP_CIPHER *
ngx_live_srtp_cipher(ngx_uint_t profile)
{
    switch (profile) {

    case NGX_LIVE_SRTP_AES128_CM_SHA1_80:
        return EVP_aes_128_ctr();

    case NGX_LIVE_SRTP_AEAD_AES_128_GCM:
        return EVP_aes_128_gcm();

    default:
        return EVP_aes_256_gcm();
    }
}


ngx_int_t
ngx_live_srtp_init_half(ngx_live_srtp_t *s, ngx_live_srtp_half_t *half,
    const ngx_live_srtp_keys_t *keys)
{
    int              encrypt;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    /* a key stream is the same in both directions */

    encrypt = s->sender || !ngx_live_srtp_gcm(s);

    if (EVP_CipherInit_ex(ctx, ngx_live_srtp_cipher(s->profile), NULL,
                          keys->key, NULL, encrypt)
        != 1)
    {
        EVP_CIPHER_CTX_free(ctx);
        return NGX_ERROR;
    }

    half->cipher = ctx;
    ngx_memcpy(half->salt, keys->salt, NGX_LIVE_SRTP_MAX_SALT);

    if (!ngx_live_srtp_gcm(s)) {
        ngx_live_hmac_key(&half->auth, keys->auth, NGX_LIVE_HMAC_SHA1_LEN);
    }

    return NGX_OK;
}


void
ngx_live_srtp_destroy(ngx_live_srtp_t *s)
{
    EVP_CIPHER_CTX_free(s->rtp.cipher);
    EVP_CIPHER_CTX_free(s->rtcp.cipher);

    OPENSSL_cleanse(&s->rtp, sizeof(ngx_live_srtp_half_t));
    OPENSSL_cleanse(&s->rtcp, sizeof(ngx_live_srtp_half_t));

    s->rtp.cipher = NULL;
    s->rtcp.cipher = NULL;
}


/*
 * The initial vectors: SSRC and index XORed with the salt; before them are
 * 4 bytes with counter mode (RFC 3711, section 4.1.1) and 2 bytes with GCM
 * (RFC 7714, section 8.1 and 9.1).  With GCM the header, and of RTCP the word
 * of the index, are authenticated here.
 */

static ngx_int_t
ngx_live_srtp_start(ngx_live_srtp_t *s, ngx_live_srtp_half_t *half,
    uint32_t ssrc, uint64_t index, const u_char *header, size_t len,
    const u_char *word)
{
    u_char      iv[16], *p;
    ngx_uint_t  i;

    ngx_memzero(iv, sizeof(iv));
    ngx_memcpy(iv, half->salt, NGX_LIVE_SRTP_MAX_SALT);

    p = iv + (ngx_live_srtp_gcm(s) ? 2 : 4);

    for (i = 4; i > 0; i--) {
        p[i - 1] ^= (u_char) ssrc;
        ssrc >>= 8;
    }

    for (i = 10; i > 4; i--) {
        p[i - 1] ^= (u_char) index;
        index >>= 8;
    }

    if (EVP_CipherInit_ex(half->cipher, NULL, NULL, NULL, iv, -1) != 1) {
        return NGX_ERROR;
    }

    if (!ngx_live_srtp_gcm(s)) {
        return NGX_OK;
    }

    if (ngx_live_srtp_update(half, NULL, header, len) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_srtp_update(half, NULL, word, word ? 4 : 0);
}


/* dst is NULL for data that are authenticated only */

static ngx_int_t
ngx_live_srtp_update(ngx_live_srtp_half_t *half, u_char *dst,
    const u_char *src, size_t len)
{
    int  n;

    if (len == 0) {
        return NGX_OK;
    }

    if (EVP_CipherUpdate(half->cipher, dst, &n, src, (int) len) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_srtp_seal(ngx_live_srtp_half_t *half, u_char *tag)
{
    int     n;
    u_char  none[16];

    if (EVP_CipherFinal_ex(half->cipher, none, &n) != 1
        || EVP_CIPHER_CTX_ctrl(half->cipher, EVP_CTRL_AEAD_GET_TAG,
                               NGX_LIVE_SRTP_GCM_TAG, tag)
           != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_srtp_open(ngx_live_srtp_half_t *half, u_char *tag)
{
    int     n;
    u_char  none[16];

    if (EVP_CIPHER_CTX_ctrl(half->cipher, EVP_CTRL_AEAD_SET_TAG,
                            NGX_LIVE_SRTP_GCM_TAG, tag)
        != 1
        || EVP_CipherFinal_ex(half->cipher, none, &n) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


size_t
ngx_live_srtp_protect(ngx_live_srtp_t *s, ngx_live_srtp_packet_t *p)
{
    u_char                *body, *tag, roc[4], mac[NGX_LIVE_HMAC_SHA1_LEN];
    size_t                 room, taken;
    ngx_live_srtp_half_t  *half;

    half = &s->rtp;
    room = p->end - p->dst;
    taken = p->header + p->prefix + ngx_live_srtp_tag_len(s->profile);

    if (half->cipher == NULL || p->header < NGX_LIVE_RTP_HEADER
        || room < taken || room - taken < p->len
        || p->index >= NGX_LIVE_SRTP_MAX_INDEX
        || ngx_live_be16(p->dst + 2) != (uint16_t) p->index)
    {
        return 0;
    }

    body = p->dst + p->header;
    tag = body + p->prefix + p->len;

    if (ngx_live_srtp_start(s, half, ngx_live_be32(p->dst + 8), p->index,
                            p->dst, p->header, NULL)
        != NGX_OK
        || ngx_live_srtp_update(half, body, body, p->prefix) != NGX_OK
        || ngx_live_srtp_update(half, body + p->prefix, p->payload, p->len)
           != NGX_OK)
    {
        return 0;
    }

    if (ngx_live_srtp_gcm(s)) {

        if (ngx_live_srtp_seal(half, tag) != NGX_OK) {
            return 0;
        }

        return tag + NGX_LIVE_SRTP_GCM_TAG - p->dst;
    }

    ngx_live_write_be32(roc, roc + 4, p->index >> 16);
    ngx_live_hmac_sha1(&half->auth, mac, p->dst, tag - p->dst, roc, 4);
    ngx_memcpy(tag, mac, NGX_LIVE_SRTP_HMAC_TAG);

    return tag + NGX_LIVE_SRTP_HMAC_TAG - p->dst;
}


ngx_int_t
ngx_live_srtp_unprotect(ngx_live_srtp_t *s, u_char *dst, u_char *src,
    size_t *len, uint64_t *index, const char **reason)
{
    size_t                   header, tag, n;
    uint32_t                 ssrc;
    ngx_live_srtp_source_t  *source;

    tag = ngx_live_srtp_tag_len(s->profile);
    header = ngx_live_rtp_header_len(src, src + *len);

    if (header == 0 || *len - header < tag || s->rtp.cipher == NULL) {
        *reason = "malformed SRTP packet";
        return NGX_ERROR;
    }

    n = *len - tag;
    ssrc = ngx_live_be32(src + 8);
    source = ngx_live_srtp_find(s, ssrc);

    if (source == NULL) {

        if (s->nsources == s->max_sources) {
            *reason = "too many SRTP sources";
            return NGX_DECLINED;
        }

        *index = ngx_live_be16(src + 2);

    } else {
        *index = ngx_live_srtp_guess(source, ngx_live_be16(src + 2));

        if (ngx_live_srtp_replayed(source, *index)) {
            *reason = "replayed SRTP packet";
            return NGX_DECLINED;
        }
    }

    if (ngx_live_srtp_decrypt(s, dst, src, header, n, *index) != NGX_OK) {
        *reason = "SRTP packet is not authentic";
        return NGX_ERROR;
    }

    /* a source is known from its first authentic packet on */

    if (source == NULL) {
        source = &s->sources[s->nsources++];
        ngx_memzero(source, sizeof(ngx_live_srtp_source_t));
        source->ssrc = ssrc;
        source->highest = *index;
    }

    ngx_live_srtp_came(source, *index);
    *len = n;

    return NGX_OK;
}


/* len is without the tag, which stands behind */

static ngx_int_t
ngx_live_srtp_decrypt(ngx_live_srtp_t *s, u_char *dst, u_char *src,
    size_t header, size_t len, uint64_t index)
{
    u_char                 roc[4], mac[NGX_LIVE_HMAC_SHA1_LEN];
    ngx_live_srtp_half_t  *half;

    half = &s->rtp;

    if (!ngx_live_srtp_gcm(s)) {
        ngx_live_write_be32(roc, roc + 4, index >> 16);
        ngx_live_hmac_sha1(&half->auth, mac, src, len, roc, 4);

        if (!ngx_live_hmac_equal(mac, src + len, NGX_LIVE_SRTP_HMAC_TAG)) {
            return NGX_ERROR;
        }
    }

    if (ngx_live_srtp_start(s, half, ngx_live_be32(src + 8), index, src,
                            header, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_srtp_finish(s, half, dst, src, header, len);
}


/* what stands behind the header, and the tag of GCM behind that */

static ngx_int_t
ngx_live_srtp_finish(ngx_live_srtp_t *s, ngx_live_srtp_half_t *half,
    u_char *dst, u_char *src, size_t header, size_t len)
{
    if (ngx_live_srtp_update(half, dst + header, src + header, len - header)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_live_srtp_gcm(s)
        && ngx_live_srtp_open(half, src + len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (dst != src) {
        ngx_memcpy(dst, src, header);
    }

    return NGX_OK;
}


static ngx_live_srtp_source_t *
ngx_live_srtp_find(ngx_live_srtp_t *s, uint32_t ssrc)
{
    ngx_uint_t  i;

    for (i = 0; i < s->nsources; i++) {
        if (s->sources[i].ssrc == ssrc) {
            return &s->sources[i];
        }
    }

    return NULL;
}


/*
 * RFC 3711, section 3.3.1; before the first roll-over there is none to go
 * back to
 */

static uint64_t
ngx_live_srtp_guess(ngx_live_srtp_source_t *source, ngx_uint_t seq)
{
    uint64_t    roc;
    ngx_uint_t  last;

    roc = source->highest >> 16;
    last = source->highest & 0xffff;

    if (last < 32768) {

        if (seq > last + 32768 && roc > 0) {
            roc--;
        }

    } else if (last - 32768 > seq) {
        roc++;
    }

    return (roc << 16 | seq) & (NGX_LIVE_SRTP_MAX_INDEX - 1);
}


static ngx_uint_t
ngx_live_srtp_replayed(ngx_live_srtp_source_t *source, uint64_t index)
{
    ngx_uint_t  bit;

    if (index > source->highest) {
        return 0;
    }

    if (source->highest - index >= NGX_LIVE_SRTP_WINDOW) {
        return 1;
    }

    bit = index % NGX_LIVE_SRTP_WINDOW;

    return (source->window[bit / 64] >> (bit % 64)) & 1;
}


/* the window is a ring of bits: those that are passed over are cleared */

static void
ngx_live_srtp_came(ngx_live_srtp_source_t *source, uint64_t index)
{
    uint64_t    i;
    ngx_uint_t  bit;

    if (index > source->highest) {

        if (index - source->highest >= NGX_LIVE_SRTP_WINDOW) {
            ngx_memzero(source->window, sizeof(source->window));

        } else {
            for (i = source->highest + 1; i < index; i++) {
                bit = i % NGX_LIVE_SRTP_WINDOW;
                source->window[bit / 64] &= ~((uint64_t) 1 << (bit % 64));
            }
        }

        source->highest = index;
    }

    bit = index % NGX_LIVE_SRTP_WINDOW;
    source->window[bit / 64] |= (uint64_t) 1 << (bit % 64);
}


void
ngx_live_srtp_forget(ngx_live_srtp_t *s, uint32_t ssrc)
{
    ngx_live_srtp_source_t  *source;

    source = ngx_live_srtp_find(s, ssrc);

    if (source) {
        *source = s->sources[--s->nsources];
    }
}


size_t
ngx_live_srtcp_protect(ngx_live_srtp_t *s, u_char *dst, u_char *end,
    u_char *src, size_t len)
{
    u_char                *p, word[4], mac[NGX_LIVE_HMAC_SHA1_LEN];
    size_t                 room, trailer;
    uint32_t               index;
    ngx_live_srtp_half_t  *half;

    half = &s->rtcp;
    room = end - dst;
    trailer = ngx_live_srtp_tag_len(s->profile) + NGX_LIVE_SRTCP_INDEX;

    if (half->cipher == NULL || len < NGX_LIVE_SRTCP_HEADER
        || room < trailer || room - trailer < len
        || s->rtcp_index > NGX_LIVE_SRTCP_MAX_INDEX)
    {
        return 0;
    }

    index = s->rtcp_index++;
    ngx_live_write_be32(word, word + 4, NGX_LIVE_SRTCP_ENCRYPTED | index);

    if (dst != src) {
        ngx_memcpy(dst, src, NGX_LIVE_SRTCP_HEADER);
    }

    if (ngx_live_srtp_start(s, half, ngx_live_be32(dst + 4), index, dst,
                            NGX_LIVE_SRTCP_HEADER, word)
        != NGX_OK
        || ngx_live_srtp_update(half, dst + NGX_LIVE_SRTCP_HEADER,
                                src + NGX_LIVE_SRTCP_HEADER,
                                len - NGX_LIVE_SRTCP_HEADER)
           != NGX_OK)
    {
        return 0;
    }

    p = dst + len;

    /* the tag stands before the index with GCM, RFC 7714, section 9.2 */

    if (ngx_live_srtp_gcm(s)) {

        if (ngx_live_srtp_seal(half, p) != NGX_OK) {
            return 0;
        }

        ngx_memcpy(p + NGX_LIVE_SRTP_GCM_TAG, word, 4);

        return len + trailer;
    }

    ngx_live_hmac_sha1(&half->auth, mac, dst, len, word, 4);
    ngx_memcpy(p, word, 4);
    ngx_memcpy(p + 4, mac, NGX_LIVE_SRTP_HMAC_TAG);

    return len + trailer;
}


ngx_int_t
ngx_live_srtcp_unprotect(ngx_live_srtp_t *s, u_char *dst, u_char *src,
    size_t *len, const char **reason)
{
    u_char                   *p;
    size_t                    trailer, n;
    uint32_t                  ssrc, index;
    ngx_live_srtcp_source_t  *source;

    trailer = ngx_live_srtp_tag_len(s->profile) + NGX_LIVE_SRTCP_INDEX;

    if (*len < NGX_LIVE_SRTCP_HEADER + trailer || (src[0] & 0xc0) != 0x80
        || s->rtcp.cipher == NULL)
    {
        *reason = "malformed SRTCP packet";
        return NGX_ERROR;
    }

    n = *len - trailer;
    p = src + n;
    ssrc = ngx_live_be32(src + 4);

    index = ngx_live_be32(ngx_live_srtp_gcm(s) ? p + NGX_LIVE_SRTP_GCM_TAG : p);

    /* no profile without encryption is negotiated */

    if (!(index & NGX_LIVE_SRTCP_ENCRYPTED)) {
        *reason = "SRTCP packet is not encrypted";
        return NGX_ERROR;
    }

    index &= NGX_LIVE_SRTCP_MAX_INDEX;
    source = ngx_live_srtcp_find(s, ssrc);

    if (source == NULL && (s->nrtcp_sources == NGX_LIVE_SRTCP_SOURCES
                           || s->rtcp_sources == NULL))
    {
        *reason = "too many SRTCP sources";
        return NGX_DECLINED;
    }

    if (source && ngx_live_srtcp_replayed(source, index)) {
        *reason = "replayed SRTCP packet";
        return NGX_DECLINED;
    }

    if (ngx_live_srtcp_decrypt(s, dst, src, n, p, index) != NGX_OK) {
        *reason = "SRTCP packet is not authentic";
        return NGX_ERROR;
    }

    if (source == NULL) {
        source = &s->rtcp_sources[s->nrtcp_sources++];
        source->ssrc = ssrc;
        source->highest = index;
        source->window = 0;
    }

    ngx_live_srtcp_came(source, index);
    *len = n;

    return NGX_OK;
}


/* len is without the trailer */

static ngx_int_t
ngx_live_srtcp_decrypt(ngx_live_srtp_t *s, u_char *dst, u_char *src,
    size_t len, u_char *trailer, uint32_t index)
{
    u_char                *word, mac[NGX_LIVE_HMAC_SHA1_LEN];
    ngx_live_srtp_half_t  *half;

    half = &s->rtcp;
    word = trailer;

    if (ngx_live_srtp_gcm(s)) {
        word += NGX_LIVE_SRTP_GCM_TAG;

    } else {
        ngx_live_hmac_sha1(&half->auth, mac, src, len, word, 4);

        if (!ngx_live_hmac_equal(mac, trailer + 4, NGX_LIVE_SRTP_HMAC_TAG)) {
            return NGX_ERROR;
        }
    }

    if (ngx_live_srtp_start(s, half, ngx_live_be32(src + 4), index, src,
                            NGX_LIVE_SRTCP_HEADER, word)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_srtp_finish(s, half, dst, src, NGX_LIVE_SRTCP_HEADER, len);
}


static ngx_live_srtcp_source_t *
ngx_live_srtcp_find(ngx_live_srtp_t *s, uint32_t ssrc)
{
    ngx_uint_t  i;

    for (i = 0; i < s->nrtcp_sources; i++) {
        if (s->rtcp_sources[i].ssrc == ssrc) {
            return &s->rtcp_sources[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_live_srtcp_replayed(ngx_live_srtcp_source_t *source, uint32_t index)
{
    if (index > source->highest) {
        return 0;
    }

    if (source->highest - index >= 64) {
        return 1;
    }

    return (source->window >> (source->highest - index)) & 1;
}


static void
ngx_live_srtcp_came(ngx_live_srtcp_source_t *source, uint32_t index)
{
    uint32_t  ahead;

    if (index > source->highest) {
        ahead = index - source->highest;
        source->window = ahead < 64 ? source->window << ahead : 0;
        source->highest = index;
    }

    source->window |= (uint64_t) 1 << (source->highest - index);
}
