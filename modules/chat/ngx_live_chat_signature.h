
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Webhooks signed in Stripe's scheme: a header "t=TIME,v1=HEX[,v1=HEX...]",
 * where each v1 is the HMAC-SHA256 of "TIME.BODY" by one of the secrets that
 * are in force.
 */


#ifndef _NGX_LIVE_CHAT_SIGNATURE_H_INCLUDED_
#define _NGX_LIVE_CHAT_SIGNATURE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_CHAT_SIGNATURE_HASH  32   /* bytes */
#define NGX_LIVE_CHAT_SIGNATURES      8    /* of a header that are looked at */

#define NGX_LIVE_CHAT_SECRETS         8    /* of a file */
#define NGX_LIVE_CHAT_SECRET_MIN      16   /* bytes */
#define NGX_LIVE_CHAT_SECRET_MAX      256


typedef struct {
    ngx_str_t                  time;       /* of the header, as it stands */
    int64_t                    seconds;    /* the same, since 1970 */
    ngx_uint_t                 n;
    u_char                     hash[NGX_LIVE_CHAT_SIGNATURES]
                                   [NGX_LIVE_CHAT_SIGNATURE_HASH];
} ngx_live_chat_signature_t;


/*
 * NGX_OK, or NGX_ERROR with a constant reason.  Schemes that are not known and
 * signatures that are none are passed over; at least one is left.
 */
ngx_int_t ngx_live_chat_signature_parse(u_char *p, size_t len,
    ngx_live_chat_signature_t *sig, const char **reason);

/*
 * text is "TIME.BODY", now and tolerance are seconds.  NGX_OK: it was signed
 * by one of the n secrets, tolerance ago at most (and no later than that from
 * now, as clocks differ).  NGX_DECLINED: it was not, with a constant reason.
 * How long it takes says nothing about the secrets but their number.
 */
ngx_int_t ngx_live_chat_signature_check(ngx_live_chat_signature_t *sig,
    ngx_str_t *secrets, ngx_uint_t n, ngx_str_t *text, int64_t now,
    int64_t tolerance, const char **reason);

/*
 * Secrets of a file, one per line; blank lines and those that begin with "#"
 * are none.  They point into p and have blanks on neither side.  NGX_ERROR
 * with a constant reason; there is at least one otherwise.
 */
ngx_int_t ngx_live_chat_secrets_parse(u_char *p, size_t len,
    ngx_str_t secrets[NGX_LIVE_CHAT_SECRETS], ngx_uint_t *n,
    const char **reason);


#endif /* _NGX_LIVE_CHAT_SIGNATURE_H_INCLUDED_ */
