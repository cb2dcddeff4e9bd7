
/*
 * Copyright (C) nginx-live authors
 */


/*
 * RTMP handshake of the server's side, plain and digest.
 *
 * The plain form is section 5.2 of the RTMP specification 1.0; the digest
 * form, which Flash Player 9 introduced and most encoders still begin with,
 * is in no specification: C1 and S1 carry 32 bytes of HMAC-SHA256 over
 * their other 1504 bytes at a place that four of their bytes tell, in one of
 * two schemes; C2 and S2 end in 32 bytes that answer the peer's.
 */


#ifndef _NGX_LIVE_RTMP_HANDSHAKE_H_INCLUDED_
#define _NGX_LIVE_RTMP_HANDSHAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_RTMP_HANDSHAKE_VERSION  3
#define NGX_LIVE_RTMP_HANDSHAKE_SIZE     1536
#define NGX_LIVE_RTMP_HANDSHAKE_DIGEST   32

/* C0 and C1 */
#define NGX_LIVE_RTMP_HANDSHAKE_IN       (1 + NGX_LIVE_RTMP_HANDSHAKE_SIZE)

/* S0, S1 and S2 */
#define NGX_LIVE_RTMP_HANDSHAKE_OUT      (1 + 2 * NGX_LIVE_RTMP_HANDSHAKE_SIZE)


typedef enum {
    NGX_LIVE_RTMP_HANDSHAKE_C1 = 0,      /* collecting C0 and C1 */
    NGX_LIVE_RTMP_HANDSHAKE_REPLY,       /* C1 is complete, render the reply */
    NGX_LIVE_RTMP_HANDSHAKE_C2,          /* skipping C2 */
    NGX_LIVE_RTMP_HANDSHAKE_DONE
} ngx_live_rtmp_handshake_state_e;


typedef enum {
    NGX_LIVE_RTMP_HANDSHAKE_PLAIN = 0,
    NGX_LIVE_RTMP_HANDSHAKE_SCHEME0,     /* the place of the digest is told */
                                         /* by bytes 8 to 11 */
    NGX_LIVE_RTMP_HANDSHAKE_SCHEME1      /* by bytes 772 to 775 */
} ngx_live_rtmp_handshake_scheme_e;


/* To be zeroed before the first call; holds no memory of its own. */

typedef struct {
    ngx_uint_t    state;                 /* ngx_live_rtmp_handshake_state_e */
    ngx_uint_t    scheme;                /* ngx_live_rtmp_handshake_scheme_e */
    size_t        len;                   /* bytes of the current packet */
    const char   *reason;                /* set with NGX_ERROR */
    u_char        in[NGX_LIVE_RTMP_HANDSHAKE_IN];
} ngx_live_rtmp_handshake_t;


/*
 * Takes bytes of the client from *pos on and moves *pos behind those it has
 * used; what follows C2 is left alone.  Returns
 *   NGX_AGAIN     all bytes are used, more are needed;
 *   NGX_DECLINED  C1 is complete: ngx_live_rtmp_handshake_reply() is due;
 *   NGX_OK        C2 is complete;
 *   NGX_ERROR     the client does not speak RTMP, hs->reason says why.
 */

ngx_int_t ngx_live_rtmp_handshake_read(ngx_live_rtmp_handshake_t *hs,
    u_char **pos, u_char *last);

/*
 * Renders S0, S1 and S2 into out, which holds NGX_LIVE_RTMP_HANDSHAKE_OUT
 * bytes and has been filled with random bytes by the caller.  The time is
 * in milliseconds since an epoch of the caller's choice.  Returns NGX_OK, or
 * NGX_ERROR when the cryptographic library fails.
 */

ngx_int_t ngx_live_rtmp_handshake_reply(ngx_live_rtmp_handshake_t *hs,
    u_char *out, uint32_t time);

/*
 * Finds and checks the digest of a C1 or S1 of 1536 bytes that was made with
 * the first keylen bytes of a key.  Returns the offset of the digest, or
 * NGX_DECLINED.
 */

ngx_int_t ngx_live_rtmp_handshake_digest_find(const u_char *p,
    ngx_uint_t scheme, const u_char *key, size_t keylen);


#endif /* _NGX_LIVE_RTMP_HANDSHAKE_H_INCLUDED_ */
