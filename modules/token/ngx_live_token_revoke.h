
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The table of revocations in shared memory: ngx_live_token_revoke() and its
 * like of ngx_live_token.h.
 */


#ifndef _NGX_LIVE_TOKEN_REVOKE_H_INCLUDED_
#define _NGX_LIVE_TOKEN_REVOKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_claims.h"


/*
 * Of the same size forever: a reload with another one would forget what was
 * revoked.  Room for some seven thousand entries.
 */
#define NGX_LIVE_TOKEN_REVOKE_SIZE  (1024 * 1024)

#define NGX_LIVE_TOKEN_UNTOLD_ALL     1
#define NGX_LIVE_TOKEN_UNTOLD_RECENT  2


typedef struct {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;      /* the oldest one last */
    ngx_atomic_t               n;

    /* of verification, for there is always this zone */
    ngx_atomic_t               verified;
    ngx_atomic_t               refused;

    ngx_atomic_t               untold;     /* Redis may lack some of them,
                                              NGX_LIVE_TOKEN_UNTOLD_ */
    ngx_atomic_t               generation; /* + 1 when more is revoked */
} ngx_live_token_revoke_sh_t;


typedef struct {
    ngx_live_token_revoke_sh_t *sh;
    ngx_slab_pool_t            *shpool;
} ngx_live_token_revoke_t;


typedef struct {
    ngx_uint_t                 kind;
    time_t                     before;     /* s, 0: all */
    time_t                     until;      /* s */
    time_t                     since;      /* s, when it was entered, or
                                              undone */
    ngx_str_t                  value;
} ngx_live_token_revoked_t;


/* shm_zone->init; its data is a ngx_live_token_revoke_t */
ngx_int_t ngx_live_token_revoke_init(ngx_shm_zone_t *shm_zone, void *data);

/* the table of the running cycle, NULL if there is none */
ngx_live_token_revoke_t *ngx_live_token_revoke_table(void);

/*
 * What was not revoked at a generation is not until there is another one.  It
 * is read before the table is.
 */
ngx_atomic_uint_t ngx_live_token_revoke_generation(void);

/* non-zero if all tokens of "APP/NAME" were revoked that are as old */
ngx_uint_t ngx_live_token_revoked_stream(ngx_live_claims_t *claims,
    ngx_str_t *stream);

/*
 * What is in force, or undone, and was entered here at "since" (s) or later,
 * ngx_live_token_revoked_t in the pool; NULL: no memory.
 */
ngx_array_t *ngx_live_token_revoke_list(ngx_live_token_revoke_t *table,
    ngx_uint_t undone, time_t since, ngx_pool_t *pool);

/*
 * Takes back as ngx_live_token_unrevoke() does, but keeps it in mind until
 * Redis knows; "until" if there was none here.  What Redis says of the value
 * meanwhile is out of date.
 */
ngx_int_t ngx_live_token_revoke_undo(ngx_uint_t kind, ngx_str_t *value,
    time_t until);

/* takes back what was entered at that time (s) or earlier */
void ngx_live_token_unrevoke_older(ngx_uint_t kind, ngx_str_t *value,
    time_t when);

/* non-zero if this is so; forget: Redis knows */
ngx_uint_t ngx_live_token_revoke_undone(ngx_uint_t kind, ngx_str_t *value,
    ngx_uint_t forget);


#endif /* _NGX_LIVE_TOKEN_REVOKE_H_INCLUDED_ */
