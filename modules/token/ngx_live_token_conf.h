
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


typedef struct {
    ngx_array_t                sets;       /* ngx_live_token_set_t * */
    ngx_thread_pool_t         *threads;
    ssize_t                    cache_size; /* 0: off */
    ngx_live_token_cache_t    *cache;      /* NULL: off */
    ngx_live_token_revoke_t   *revoked;    /* NULL: there are no keys */
} ngx_live_token_main_conf_t;


struct ngx_live_token_conf_s {
    ngx_live_token_set_t      *set;        /* NULL: no keys; may be that of
                                              live {} */
    ngx_array_t               *issuers;    /* ngx_str_t, NULL: any */
    ngx_array_t               *audiences;  /* ngx_str_t, NULL: tokens for
                                              nobody in particular */

    /* of the keys of that generation, with issuers and audiences */
    ngx_uint_t                 generation;
    u_char                     hash[NGX_LIVE_TOKEN_HASH];
};


/* the rule of "publish token" and "play token" */
ngx_int_t ngx_live_token_rule(ngx_live_access_t *a);


#endif /* _NGX_LIVE_TOKEN_CONF_H_INCLUDED_ */
