
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_WORDS_H_INCLUDED_
#define _NGX_LIVE_CHAT_WORDS_H_INCLUDED_


#include "ngx_live_chat_filter.h"

#include <ngx_thread_pool.h>


/*
 * Files of words that are not to be said.  They are read when nginx starts,
 * where a bad one is an error, and looked at every few seconds: a changed one
 * is read by a thread, and a bad one leaves the former words in force.
 */

typedef struct {
    ngx_str_t                  path;
    ngx_live_chat_filter_t    *filter;
    ngx_pool_t                *pool;       /* of the filter */
    uint64_t                   stamp;      /* of the file that was read */
    uint64_t                   failed;     /* of the one that was bad */
    ngx_thread_task_t         *task;
} ngx_live_chat_words_t;


/* at configuration time; NULL: it has been logged */
ngx_live_chat_words_t *ngx_live_chat_words_add(ngx_conf_t *cf,
    ngx_array_t *all, ngx_str_t *path);

/* in a worker: all are ngx_live_chat_words_t * */
ngx_int_t ngx_live_chat_words_watch(ngx_cycle_t *cycle, ngx_array_t *all,
    ngx_thread_pool_t *threads);


#endif /* _NGX_LIVE_CHAT_WORDS_H_INCLUDED_ */
