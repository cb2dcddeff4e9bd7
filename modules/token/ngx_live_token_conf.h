
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What the files of the token module share: its configuration, and the rule.
 */


#ifndef _NGX_LIVE_TOKEN_CONF_H_INCLUDED_
#define _NGX_LIVE_TOKEN_CONF_H_INCLUDED_


#include "ngx_live_token.h"
#include "ngx_live_token_cache.h"
#include "ngx_live_token_keys.h"
#include "ngx_live_token_revoke.h"
#include "ngx_live_token_session.h"


/* what happens to a session too many */

#define NGX_LIVE_TOKEN_SESSIONS_REFUSE   0
#define NGX_LIVE_TOKEN_SESSIONS_REPLACE  1


typedef struct {
    ngx_array_t                sets;       /* ngx_live_token_set_t * */
    ngx_thread_pool_t         *threads;
    ssize_t                    cache_size; /* 0: off */
    ngx_live_token_cache_t    *cache;      /* NULL: off */
    ngx_live_token_revoke_t   *revoked;    /* NULL: there are no keys */
    ssize_t                    sessions_size;
    ngx_live_token_sessions_t *sessions;   /* NULL: there are no keys */
} ngx_live_token_main_conf_t;


struct ngx_live_token_conf_s {
    ngx_live_token_set_t      *set;        /* NULL: no keys; may be that of
                                              live {} */
    ngx_array_t               *issuers;    /* ngx_str_t, NULL: any */
    ngx_array_t               *audiences;  /* ngx_str_t, NULL: tokens for
                                              nobody in particular */

    ngx_uint_t                 sessions;   /* NGX_LIVE_TOKEN_SESSIONS_* */
    ngx_msec_t                 sessions_lease;

    /* of the keys of that generation, with issuers and audiences */
    ngx_uint_t                 generation;
    u_char                     hash[NGX_LIVE_TOKEN_HASH];
};


/* the rule of "publish token" and "play token" */
ngx_int_t ngx_live_token_rule(ngx_live_access_t *a);

/*
 * The last thing that the rule asks: max_sessions.  It may answer later, and
 * has set a->reason when it declines.
 */
ngx_int_t ngx_live_token_session_rule(ngx_live_access_t *a,
    ngx_live_claims_t *claims);

/* a variable of the door: NGX_OK, it has a value; a failure is none */
ngx_int_t ngx_live_token_variable(ngx_live_access_t *a, char *name,
    ngx_str_t *value);

/* hooks */
ngx_int_t ngx_live_token_session_opened(ngx_live_session_t *session,
    ngx_live_access_t *a);
void ngx_live_token_session_closed(ngx_live_session_t *session);
ngx_int_t ngx_live_token_rate_opened(ngx_live_session_t *session,
    ngx_live_access_t *a);
void ngx_live_token_rate_closed(ngx_live_session_t *session);
void ngx_live_token_status(ngx_live_json_t *js);

/* the session's part of it */
void ngx_live_token_session_status(ngx_live_json_t *js);
ngx_int_t ngx_live_token_session_init_process(ngx_cycle_t *cycle);

/* counts a session that was ended for its rate */
void ngx_live_token_session_fast(void);


#endif /* _NGX_LIVE_TOKEN_CONF_H_INCLUDED_ */
