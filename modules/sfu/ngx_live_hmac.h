
/*
 * Copyright (C) nginx-live authors
 */


/*
 * HMAC-SHA1 (RFC 2104) with kept pads: a key is the two states of SHA-1
 * behind its first blocks, so that a MAC costs two blocks less and nothing
 * is allocated.  STUN and SRTP use it for each datagram.
 */


#ifndef _NGX_LIVE_HMAC_H_INCLUDED_
#define _NGX_LIVE_HMAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_HMAC_SHA1_LEN  20


typedef struct {
    uint32_t                  inner[5];
    uint32_t                  outer[5];
} ngx_live_hmac_key_t;


/* a key of any length; the structure is plain data, to be wiped by its owner */
void ngx_live_hmac_key(ngx_live_hmac_key_t *key, const u_char *secret,
    size_t len);

/* the MAC of two pieces, one behind the other; "more" may be NULL */
void ngx_live_hmac_sha1(const ngx_live_hmac_key_t *key,
    u_char mac[NGX_LIVE_HMAC_SHA1_LEN], const u_char *data, size_t len,
    const u_char *more, size_t mlen);

/* 1 when n bytes are equal, in a time that does not tell where they differ */
ngx_uint_t ngx_live_hmac_equal(const u_char *a, const u_char *b, size_t n);


#endif /* _NGX_LIVE_HMAC_H_INCLUDED_ */
