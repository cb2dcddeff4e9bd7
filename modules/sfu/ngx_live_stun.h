
/*
 * Copyright (C) nginx-live authors
 */


/*
 * STUN (RFC 8489) as ICE uses it (RFC 8445, section 7 and 16): binding
 * requests, responses and indications, with short-term credentials.
 */


#ifndef _NGX_LIVE_STUN_H_INCLUDED_
#define _NGX_LIVE_STUN_H_INCLUDED_


#include "ngx_live_hmac.h"


#define NGX_LIVE_STUN_COOKIE              0x2112a442
#define NGX_LIVE_STUN_HEADER              20      /* bytes */
#define NGX_LIVE_STUN_TRANSACTION         12      /* bytes */

#define NGX_LIVE_STUN_BINDING             0x001   /* the method */

#define NGX_LIVE_STUN_REQUEST             0       /* classes */
#define NGX_LIVE_STUN_INDICATION          1
#define NGX_LIVE_STUN_SUCCESS             2
#define NGX_LIVE_STUN_ERROR               3

#define NGX_LIVE_STUN_BAD_REQUEST         400     /* errors */
#define NGX_LIVE_STUN_UNAUTHENTICATED     401
#define NGX_LIVE_STUN_UNKNOWN_ATTRIBUTE   420
#define NGX_LIVE_STUN_ROLE_CONFLICT       487
#define NGX_LIVE_STUN_SERVER_ERROR        500

/* more of them are counted, not listed */
#define NGX_LIVE_STUN_UNKNOWN_MAX         8

/* USERNAME has less than 509 bytes, RFC 8489, section 14.3 */
#define NGX_LIVE_STUN_USERNAME_MAX        508


/* an address of a mapped-address attribute */

typedef struct {
    ngx_uint_t                family;      /* AF_INET, AF_INET6; 0: none */
    ngx_uint_t                port;
    u_char                    ip[16];      /* the first 4 for AF_INET */
} ngx_live_stun_address_t;


/* pointers lead into the datagram that was parsed */

typedef struct {
    ngx_uint_t                method;
    ngx_uint_t                class;
    u_char                   *start;
    u_char                   *end;
    u_char                   *transaction; /* 12 bytes */

    ngx_str_t                 username;    /* data is NULL when it is absent */
    u_char                   *integrity;   /* attribute, header included */
    uint32_t                  priority;    /* 0: absent */
    uint64_t                  tie_breaker; /* of either role */
    ngx_uint_t                error;       /* 300..699; 0: absent */
    ngx_live_stun_address_t   mapped;

    ngx_uint_t                nunknown;    /* comprehension-required */
    uint16_t                  unknown[NGX_LIVE_STUN_UNKNOWN_MAX];

    unsigned                  use_candidate:1;
    unsigned                  controlling:1;
    unsigned                  controlled:1;
    unsigned                  fingerprint:1;  /* present, and right */
} ngx_live_stun_t;


/*
 * NGX_OK, or NGX_ERROR with a reason: what is no STUN message of whole
 * attributes, or has a wrong FINGERPRINT, gets no answer (section 6.3).
 * Attributes behind MESSAGE-INTEGRITY are ignored but FINGERPRINT, of equal
 * ones the first is taken.  Nothing is authenticated yet.
 */
ngx_int_t ngx_live_stun_parse(ngx_live_stun_t *m, u_char *pos, u_char *end,
    const char **reason);

/* NGX_OK when MESSAGE-INTEGRITY is there and right; NGX_DECLINED if not */
ngx_int_t ngx_live_stun_verify(ngx_live_stun_t *m,
    const ngx_live_hmac_key_t *key);

/*
 * What a binding request is answered with before its MESSAGE-INTEGRITY is
 * looked at: 400 without credentials (section 9.1.3), or 0.  A request with
 * nunknown gets 420 behind that.
 */
ngx_uint_t ngx_live_stun_check(ngx_live_stun_t *m);

/* USERNAME of a check, "ours:theirs" (RFC 8445, section 7.2.2); NGX_OK or
 * NGX_ERROR */
ngx_int_t ngx_live_stun_fragments(ngx_live_stun_t *m, ngx_str_t *ours,
    ngx_str_t *theirs);


/*
 * The writer: a message is begun, attributes follow, integrity and then
 * fingerprint come last.  When the buffer is too short pos becomes NULL and
 * stays so.
 */

typedef struct {
    u_char                   *start;
    u_char                   *pos;
    u_char                   *end;
} ngx_live_stun_writer_t;


void ngx_live_stun_begin(ngx_live_stun_writer_t *w, u_char *buf, u_char *end,
    ngx_uint_t class, const u_char *transaction);

void ngx_live_stun_add_username(ngx_live_stun_writer_t *w, ngx_str_t *name);
void ngx_live_stun_add_priority(ngx_live_stun_writer_t *w, uint32_t priority);
void ngx_live_stun_add_use_candidate(ngx_live_stun_writer_t *w);
void ngx_live_stun_add_role(ngx_live_stun_writer_t *w, ngx_uint_t controlling,
    uint64_t tie_breaker);

/* XOR-MAPPED-ADDRESS; an IPv4-mapped IPv6 address is written as IPv4 */
void ngx_live_stun_add_address(ngx_live_stun_writer_t *w, struct sockaddr *sa);

void ngx_live_stun_add_error(ngx_live_stun_writer_t *w, ngx_uint_t code);

/* UNKNOWN-ATTRIBUTES: those of a request */
void ngx_live_stun_add_unknown(ngx_live_stun_writer_t *w, ngx_live_stun_t *m);

void ngx_live_stun_add_integrity(ngx_live_stun_writer_t *w,
    const ngx_live_hmac_key_t *key);

/* fingerprint, and the length of the whole message, or 0: it did not fit */
size_t ngx_live_stun_finish(ngx_live_stun_writer_t *w);


/*
 * A whole answer to a binding request: success with the address it came from,
 * or an error.  key is NULL when the request was not authenticated.  The
 * length, or 0.
 */
size_t ngx_live_stun_success(u_char *buf, u_char *end, ngx_live_stun_t *m,
    struct sockaddr *sa, const ngx_live_hmac_key_t *key);
size_t ngx_live_stun_refuse(u_char *buf, u_char *end, ngx_live_stun_t *m,
    ngx_uint_t code, const ngx_live_hmac_key_t *key);


#endif /* _NGX_LIVE_STUN_H_INCLUDED_ */
