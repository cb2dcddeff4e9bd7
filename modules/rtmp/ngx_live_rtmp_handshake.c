
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ngx_live_rtmp_handshake.h"


#define NGX_LIVE_RTMP_HANDSHAKE_SPAN    728

/* what a server reports in bytes 4 to 7 of a digest S1; any but 0 will do */
#define NGX_LIVE_RTMP_HANDSHAKE_SERVER  0x05000401


static ngx_int_t ngx_live_rtmp_handshake_hmac(const u_char *key, size_t keylen,
    const u_char *p, size_t hole, size_t len, u_char *md);
static size_t ngx_live_rtmp_handshake_offset(const u_char *p,
    ngx_uint_t scheme);
static void ngx_live_rtmp_handshake_time(u_char *p, uint32_t value);
static ngx_int_t ngx_live_rtmp_handshake_detect(ngx_live_rtmp_handshake_t *hs,
    ngx_uint_t *scheme);
static void ngx_live_rtmp_handshake_plain(ngx_live_rtmp_handshake_t *hs,
    u_char *s1, u_char *s2, uint32_t time);
static ngx_int_t ngx_live_rtmp_handshake_signed(ngx_live_rtmp_handshake_t *hs,
    u_char *s1, u_char *s2, uint32_t time, size_t offset);


/*
 * The short keys are the readable beginnings: 30 bytes for the player, 36
 * for the server.
 */

static const u_char  ngx_live_rtmp_handshake_player_key[] =
    "Genuine Adobe Flash Player 001";

static const u_char  ngx_live_rtmp_handshake_server_key[] =
    "Genuine Adobe Flash Media Server 001"
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"
    "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";

#define NGX_LIVE_RTMP_HANDSHAKE_PLAYER_LEN  30
#define NGX_LIVE_RTMP_HANDSHAKE_SERVER_LEN  36


ngx_int_t
ngx_live_rtmp_handshake_read(ngx_live_rtmp_handshake_t *hs, u_char **pos,
    u_char *last)
{
    size_t  n;

    if (hs->state == NGX_LIVE_RTMP_HANDSHAKE_C1) {

        if (hs->len == 0 && *pos < last
            && **pos != NGX_LIVE_RTMP_HANDSHAKE_VERSION)
        {
            hs->reason = "unsupported version in handshake";
            return NGX_ERROR;
        }

        n = ngx_min((size_t) (last - *pos),
                    NGX_LIVE_RTMP_HANDSHAKE_IN - hs->len);

        ngx_memcpy(hs->in + hs->len, *pos, n);

        *pos += n;
        hs->len += n;

        if (hs->len < NGX_LIVE_RTMP_HANDSHAKE_IN) {
            return NGX_AGAIN;
        }

        hs->len = 0;
        hs->state = NGX_LIVE_RTMP_HANDSHAKE_REPLY;
    }

    if (hs->state == NGX_LIVE_RTMP_HANDSHAKE_REPLY) {
        return NGX_DECLINED;
    }

    if (hs->state == NGX_LIVE_RTMP_HANDSHAKE_C2) {

        /* not checked: encoders in use answer with all kinds of bytes */

        n = ngx_min((size_t) (last - *pos),
                    NGX_LIVE_RTMP_HANDSHAKE_SIZE - hs->len);

        *pos += n;
        hs->len += n;

        if (hs->len < NGX_LIVE_RTMP_HANDSHAKE_SIZE) {
            return NGX_AGAIN;
        }

        hs->state = NGX_LIVE_RTMP_HANDSHAKE_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_rtmp_handshake_reply(ngx_live_rtmp_handshake_t *hs, u_char *out,
    uint32_t time)
{
    u_char     *s1, *s2;
    ngx_int_t   offset;

    s1 = out + 1;
    s2 = s1 + NGX_LIVE_RTMP_HANDSHAKE_SIZE;

    out[0] = NGX_LIVE_RTMP_HANDSHAKE_VERSION;

    offset = ngx_live_rtmp_handshake_detect(hs, &hs->scheme);

    if (hs->scheme == NGX_LIVE_RTMP_HANDSHAKE_PLAIN) {
        ngx_live_rtmp_handshake_plain(hs, s1, s2, time);

    } else if (ngx_live_rtmp_handshake_signed(hs, s1, s2, time, offset)
               != NGX_OK)
    {
        hs->reason = "HMAC failed in handshake";
        return NGX_ERROR;
    }

    hs->state = NGX_LIVE_RTMP_HANDSHAKE_C2;

    return NGX_OK;
}


ngx_int_t
ngx_live_rtmp_handshake_digest_find(const u_char *p, ngx_uint_t scheme,
    const u_char *key, size_t keylen)
{
    size_t  offset;
    u_char  md[NGX_LIVE_RTMP_HANDSHAKE_DIGEST];

    offset = ngx_live_rtmp_handshake_offset(p, scheme);

    if (ngx_live_rtmp_handshake_hmac(key, keylen, p, offset,
                                     NGX_LIVE_RTMP_HANDSHAKE_SIZE, md)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (CRYPTO_memcmp(md, p + offset, NGX_LIVE_RTMP_HANDSHAKE_DIGEST) != 0) {
        return NGX_DECLINED;
    }

    return offset;
}


/* HMAC-SHA256 of len bytes but for the 32 bytes at a hole below len */

static ngx_int_t
ngx_live_rtmp_handshake_hmac(const u_char *key, size_t keylen, const u_char *p,
    size_t hole, size_t len, u_char *md)
{
    size_t        rest;
    u_char        buf[NGX_LIVE_RTMP_HANDSHAKE_SIZE];
    unsigned int  n;

    if (hole < len) {
        rest = hole + NGX_LIVE_RTMP_HANDSHAKE_DIGEST;

        ngx_memcpy(buf, p, hole);
        ngx_memcpy(buf + hole, p + rest, len - rest);

        len -= NGX_LIVE_RTMP_HANDSHAKE_DIGEST;
        p = buf;
    }

    n = NGX_LIVE_RTMP_HANDSHAKE_DIGEST;

    if (HMAC(EVP_sha256(), key, (int) keylen, p, len, md, &n) == NULL
        || n != NGX_LIVE_RTMP_HANDSHAKE_DIGEST)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the offset is at most 1503 in scheme 1: the digest ends within the packet */

static size_t
ngx_live_rtmp_handshake_offset(const u_char *p, ngx_uint_t scheme)
{
    size_t  base;

    base = (scheme == NGX_LIVE_RTMP_HANDSHAKE_SCHEME0) ? 8 : 772;

    p += base;

    return base + 4
           + ((size_t) p[0] + p[1] + p[2] + p[3])
             % NGX_LIVE_RTMP_HANDSHAKE_SPAN;
}


static void
ngx_live_rtmp_handshake_time(u_char *p, uint32_t value)
{
    p[0] = (u_char) (value >> 24);
    p[1] = (u_char) (value >> 16);
    p[2] = (u_char) (value >> 8);
    p[3] = (u_char) value;
}


static ngx_int_t
ngx_live_rtmp_handshake_detect(ngx_live_rtmp_handshake_t *hs,
    ngx_uint_t *scheme)
{
    u_char      *c1;
    ngx_int_t    offset;
    ngx_uint_t   i;

    static const ngx_uint_t  schemes[] = {
        NGX_LIVE_RTMP_HANDSHAKE_SCHEME0,
        NGX_LIVE_RTMP_HANDSHAKE_SCHEME1
    };

    c1 = hs->in + 1;

    /* a plain client has zero where a digest client tells its version */

    if (c1[4] != 0 || c1[5] != 0 || c1[6] != 0 || c1[7] != 0) {

        for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
            offset = ngx_live_rtmp_handshake_digest_find(c1, schemes[i],
                                          ngx_live_rtmp_handshake_player_key,
                                          NGX_LIVE_RTMP_HANDSHAKE_PLAYER_LEN);
            if (offset != NGX_DECLINED) {
                *scheme = schemes[i];
                return offset;
            }
        }
    }

    *scheme = NGX_LIVE_RTMP_HANDSHAKE_PLAIN;

    return 0;
}


static void
ngx_live_rtmp_handshake_plain(ngx_live_rtmp_handshake_t *hs, u_char *s1,
    u_char *s2, uint32_t time)
{
    ngx_live_rtmp_handshake_time(s1, time);
    ngx_memzero(s1 + 4, 4);

    /*
     * RTMP 1.0, 5.2.4, puts the time it was read into the second word, but
     * librtmp, and so OBS, compares all of it with what it has sent.
     */

    ngx_memcpy(s2, hs->in + 1, NGX_LIVE_RTMP_HANDSHAKE_SIZE);
}


static ngx_int_t
ngx_live_rtmp_handshake_signed(ngx_live_rtmp_handshake_t *hs, u_char *s1,
    u_char *s2, uint32_t time, size_t offset)
{
    size_t  place;
    u_char  key[NGX_LIVE_RTMP_HANDSHAKE_DIGEST];

    ngx_live_rtmp_handshake_time(s1, time);
    ngx_live_rtmp_handshake_time(s1 + 4, NGX_LIVE_RTMP_HANDSHAKE_SERVER);

    place = ngx_live_rtmp_handshake_offset(s1, hs->scheme);

    if (ngx_live_rtmp_handshake_hmac(ngx_live_rtmp_handshake_server_key,
                                     NGX_LIVE_RTMP_HANDSHAKE_SERVER_LEN,
                                     s1, place, NGX_LIVE_RTMP_HANDSHAKE_SIZE,
                                     s1 + place)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the key of S2 is the client's digest under the server's whole key */

    if (ngx_live_rtmp_handshake_hmac(ngx_live_rtmp_handshake_server_key,
                                   sizeof(ngx_live_rtmp_handshake_server_key)
                                   - 1,
                                   hs->in + 1 + offset,
                                   NGX_LIVE_RTMP_HANDSHAKE_DIGEST,
                                   NGX_LIVE_RTMP_HANDSHAKE_DIGEST, key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    place = NGX_LIVE_RTMP_HANDSHAKE_SIZE - NGX_LIVE_RTMP_HANDSHAKE_DIGEST;

    return ngx_live_rtmp_handshake_hmac(key, NGX_LIVE_RTMP_HANDSHAKE_DIGEST,
                                        s2, place, place, s2 + place);
}
