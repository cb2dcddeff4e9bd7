
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The keys of "token_key": files and directories of PEM texts, JWKs, sets of
 * them, and secrets; read at configuration time and, when they change, by a
 * thread of each worker.
 */


#ifndef _NGX_LIVE_TOKEN_KEYS_H_INCLUDED_
#define _NGX_LIVE_TOKEN_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include "ngx_live_token_key.h"


#define NGX_LIVE_TOKEN_KEYS_MAX  256       /* of a set */
#define NGX_LIVE_TOKEN_TRIES     16        /* keys tried for one token */


/* a "token_key" */

typedef struct {
    ngx_str_t                  path;       /* ends with a zero byte */
    ngx_str_t                  kid;        /* empty: as the file says */
    ngx_uint_t                 algs;       /* 0: as the file says */
} ngx_live_token_source_t;


/* what was read at one time; never changed afterwards */

typedef struct {
    ngx_array_t                keys;       /* ngx_live_token_key_t */
    u_char                     hash[NGX_LIVE_TOKEN_HASH]; /* of all files */
    ngx_uint_t                 private;    /* private keys among them */
    ngx_pool_t                *pool;
} ngx_live_token_keys_t;


/* why keys could not be read */

typedef struct {
    u_char                     path[NGX_MAX_PATH];
    const char                *reason;
    ngx_err_t                  err;
} ngx_live_token_fault_t;


typedef struct {
    ngx_array_t                sources;    /* ngx_live_token_source_t */
    ngx_live_token_keys_t     *keys;       /* NULL: not read yet */
    uint64_t                   stamp;      /* of the files they are from */
    ngx_uint_t                 generation; /* of keys, in this process */

    /* the watch */
    ngx_thread_task_t         *task;
    uint64_t                   failed;     /* stamp of files that were told
                                              about in the log */
} ngx_live_token_set_t;


/*
 * A number that differs when one of the files has come, gone or changed.
 * NGX_ERROR: fault says which cannot be looked at.  May run in a thread.
 */
ngx_int_t ngx_live_token_keys_stamp(ngx_array_t *sources, uint64_t *stamp,
    ngx_live_token_fault_t *fault);

/*
 * Reads all of the sources, NULL with a fault if one of them is bad.  An empty
 * directory has no keys.  May run in a thread.
 */
ngx_live_token_keys_t *ngx_live_token_keys_load(ngx_array_t *sources,
    ngx_live_token_fault_t *fault, ngx_log_t *log);

void ngx_live_token_keys_free(ngx_live_token_keys_t *keys);

/*
 * NGX_OK: one of the keys has signed the token.  Those of another kid are not
 * tried, those without one are.  NGX_DECLINED with a constant reason.
 */
ngx_int_t ngx_live_token_keys_verify(ngx_live_token_keys_t *keys,
    ngx_live_jwt_t *jwt, const char **reason);

/*
 * Looks after sets (ngx_live_token_set_t *) in this worker: changes are seen
 * within seconds.  Keys that cannot be read are told about once, and the
 * former ones stay.
 */
ngx_int_t ngx_live_token_watch(ngx_cycle_t *cycle, ngx_array_t *sets,
    ngx_thread_pool_t *threads);


#endif /* _NGX_LIVE_TOKEN_KEYS_H_INCLUDED_ */
