
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Settings of rooms, in live {}.
 */


#ifndef _NGX_LIVE_CHAT_H_INCLUDED_
#define _NGX_LIVE_CHAT_H_INCLUDED_


#include "ngx_live.h"
#include "ngx_live_chat_words.h"


typedef struct {
    ngx_int_t                  history;    /* entries */
    time_t                     age;        /* s, of what Redis keeps */
    ngx_int_t                  outbox;     /* entries that wait for Redis */
    ngx_int_t                  small;      /* clients of a small room */
    time_t                     slow;       /* s, unless moderators say so */
    ngx_uint_t                 restricted; /* NGX_LIVE_CHAT_ALL, ...: the
                                              same */
    ngx_flag_t                 typing;     /* who writes is told */
    ngx_flag_t                 links;      /* are allowed */
    ngx_uint_t                 metadata;   /* NGX_LIVE_CHAT_METADATA_* */
    ngx_live_chat_words_t     *words;      /* that are not, or NULL */
} ngx_live_chat_app_conf_t;


extern ngx_module_t  ngx_live_chat_module;


#endif /* _NGX_LIVE_CHAT_H_INCLUDED_ */
