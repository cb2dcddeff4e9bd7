
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Verified tokens in a worker's own memory, before those in shared memory: a
 * token that comes with each segment costs no digest, no lock and no search.
 *
 * The token is kept as a whole and compared as a whole, in constant time; an
 * entry is found by the last bytes of its signature, which nobody can choose
 * who has no key.  Where a pair of places is taken, the one that was not asked
 * for last gives way.
 */


#ifndef _NGX_LIVE_TOKEN_MEMO_H_INCLUDED_
#define _NGX_LIVE_TOKEN_MEMO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_claims.h"
#include "ngx_live_token_key.h"


/*
 * A worker's viewers, some thousands; 64 KiB of pointers, and as much memory as
 * there are tokens, at most 16 MiB.  Longer ones are left to shared memory.
 */
#define NGX_LIVE_TOKEN_MEMO_PAIRS  4096    /* a power of two */
#define NGX_LIVE_TOKEN_MEMO_MAX    2048    /* bytes of token and claims */


typedef struct {
    u_char                     context[NGX_LIVE_TOKEN_HASH];
    ngx_atomic_uint_t          checked;    /* generation of revocations that
                                              do not have it */
    ngx_str_t                  token;
    ngx_live_claims_t          claims;
} ngx_live_token_memo_entry_t;


typedef struct {
    ngx_live_token_memo_entry_t *pairs[NGX_LIVE_TOKEN_MEMO_PAIRS][2];
    ngx_uint_t                   n;
} ngx_live_token_memo_t;


/*
 * context is of NGX_LIVE_TOKEN_HASH bytes and stands for the keys, issuers and
 * audiences that the token was verified with.  The entry is good until the
 * next put.  NULL: there is none.
 */
ngx_live_token_memo_entry_t *ngx_live_token_memo_get(
    ngx_live_token_memo_t *memo, u_char *context, ngx_str_t *token);

/* a copy of all; NULL: too long, or no memory */
ngx_live_token_memo_entry_t *ngx_live_token_memo_put(
    ngx_live_token_memo_t *memo, u_char *context, ngx_str_t *token,
    ngx_live_claims_t *claims, ngx_atomic_uint_t checked, ngx_log_t *log);

void ngx_live_token_memo_clear(ngx_live_token_memo_t *memo);


#endif /* _NGX_LIVE_TOKEN_MEMO_H_INCLUDED_ */
