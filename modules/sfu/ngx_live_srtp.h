
/*
 * Copyright (C) nginx-live authors
 */


/*
 * SRTP and SRTCP (RFC 3711, RFC 7714) with the keys of DTLS-SRTP (RFC 5764).
 *
 * A context is one direction of one transport.  Nothing is allocated per
 * packet.  A sender has no state per source: the caller knows the index of
 * what it sends, 2^16 * ROC + SEQ.  A receiver has one per source, in memory
 * of the caller; these are plain data, so with the master keys a context can
 * be carried on by another process.
 */


#ifndef _NGX_LIVE_SRTP_H_INCLUDED_
#define _NGX_LIVE_SRTP_H_INCLUDED_


#include "ngx_live_hmac.h"


/* protection profiles, by their numbers in use_srtp */
#define NGX_LIVE_SRTP_AES128_CM_SHA1_80   0x0001
#define NGX_LIVE_SRTP_AEAD_AES_128_GCM    0x0007
#define NGX_LIVE_SRTP_AEAD_AES_256_GCM    0x0008

#define NGX_LIVE_SRTP_MAX_KEY             32      /* bytes */
#define NGX_LIVE_SRTP_MAX_SALT            14

/* what protection adds at most: the tag, and the index of RTCP */
#define NGX_LIVE_SRTP_MAX_TRAILER         16
#define NGX_LIVE_SRTCP_MAX_TRAILER        20

/* packets; retransmissions and probes come late */
#define NGX_LIVE_SRTP_WINDOW              1024

/* sources of RTCP that a receiver knows */
#define NGX_LIVE_SRTCP_SOURCES            16


/* session keys of RTP or of RTCP */

typedef struct {
    u_char                    key[NGX_LIVE_SRTP_MAX_KEY];
    u_char                    auth[NGX_LIVE_HMAC_SHA1_LEN];
    u_char                    salt[NGX_LIVE_SRTP_MAX_SALT];
} ngx_live_srtp_keys_t;


typedef struct {
    uint64_t                  highest;     /* index that came */
    uint64_t                  window[NGX_LIVE_SRTP_WINDOW / 64];
    uint32_t                  ssrc;
} ngx_live_srtp_source_t;


typedef struct {
    uint64_t                  window;      /* bit 0: the highest */
    uint32_t                  highest;
    uint32_t                  ssrc;
} ngx_live_srtcp_source_t;


typedef struct {
    void                     *cipher;      /* EVP_CIPHER_CTX; NULL: unused */
    ngx_live_hmac_key_t       auth;
    u_char                    salt[NGX_LIVE_SRTP_MAX_SALT];
} ngx_live_srtp_half_t;


typedef struct {
    ngx_live_srtp_half_t      rtp;
    ngx_live_srtp_half_t      rtcp;

    uint16_t                  profile;
    unsigned                  sender:1;

    uint32_t                  rtcp_index;  /* sender: of the next packet */

    /* receiver: memory for sources, by the caller */

    ngx_live_srtp_source_t   *sources;
    ngx_uint_t                nsources;    /* that are known */
    ngx_uint_t                max_sources;

    ngx_uint_t                nrtcp_sources;
    ngx_live_srtcp_source_t  *rtcp_sources;  /* NGX_LIVE_SRTCP_SOURCES */
} ngx_live_srtp_t;


/* a packet to be sent */

typedef struct {
    u_char                   *dst;         /* where the header stands already,
                                              then the prefix */
    u_char                   *end;         /* of the buffer */
    size_t                    header;      /* bytes, extensions included */
    size_t                    prefix;      /* bytes behind the header that are
                                              encrypted where they are */
    u_char                   *payload;     /* the rest, is not changed */
    size_t                    len;
    uint64_t                  index;       /* 48 bits */
} ngx_live_srtp_packet_t;


/* bytes of a profile's master key and salt; 0: unknown profile */
size_t ngx_live_srtp_key_len(ngx_uint_t profile);
size_t ngx_live_srtp_salt_len(ngx_uint_t profile);

/* bytes that a profile adds to a packet of RTP */
size_t ngx_live_srtp_tag_len(ngx_uint_t profile);

/* RFC 3711, section 4.3; NGX_OK or NGX_ERROR */
ngx_int_t ngx_live_srtp_derive(ngx_live_srtp_keys_t *keys, ngx_uint_t profile,
    const u_char *master_key, const u_char *master_salt, ngx_uint_t rtcp);

/*
 * NGX_OK or NGX_ERROR: unknown profile, or no memory.  A subscriber sends no
 * RTP: without "rtp" there is no cipher for it.  A receiver's memory for
 * sources is set by the caller afterwards.
 */
ngx_int_t ngx_live_srtp_init(ngx_live_srtp_t *s, ngx_uint_t profile,
    const u_char *master_key, const u_char *master_salt, ngx_uint_t sender,
    ngx_uint_t rtp);

/* the cipher of one half, with session keys: init() for tests and vectors */
ngx_int_t ngx_live_srtp_init_half(ngx_live_srtp_t *s,
    ngx_live_srtp_half_t *half, const ngx_live_srtp_keys_t *keys);

/* frees the ciphers and wipes the keys; may be called again */
void ngx_live_srtp_destroy(ngx_live_srtp_t *s);


/*
 * The length of the whole packet; 0 when there is no room, the index has come
 * to its end or has another sequence number than the header.  An index must
 * never be used with different bytes: that would disclose GCM's key.  What is
 * sent again is sent with a new index (RFC 4588), or exactly as it was.
 */
size_t ngx_live_srtp_protect(ngx_live_srtp_t *s, ngx_live_srtp_packet_t *p);

/*
 * dst has room for len bytes and may be src.  NGX_OK with the length of the
 * packet and its index; NGX_DECLINED: it came before or is too old, or there
 * is no memory for one more source; NGX_ERROR: malformed or not authentic.
 * The latter two set a reason, and dst is to be forgotten.
 */
ngx_int_t ngx_live_srtp_unprotect(ngx_live_srtp_t *s, u_char *dst,
    u_char *src, size_t *len, uint64_t *index, const char **reason);

/* forgets a source that will not come again */
void ngx_live_srtp_forget(ngx_live_srtp_t *s, uint32_t ssrc);

/* compounds of RTCP; dst may be src; as above */
size_t ngx_live_srtcp_protect(ngx_live_srtp_t *s, u_char *dst, u_char *end,
    u_char *src, size_t len);
ngx_int_t ngx_live_srtcp_unprotect(ngx_live_srtp_t *s, u_char *dst,
    u_char *src, size_t *len, const char **reason);


#endif /* _NGX_LIVE_SRTP_H_INCLUDED_ */
