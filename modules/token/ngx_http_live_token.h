
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What the files of ngx_http_live_token_module share.
 */


#ifndef _NGX_HTTP_LIVE_TOKEN_H_INCLUDED_
#define _NGX_HTTP_LIVE_TOKEN_H_INCLUDED_


#include "ngx_http_live.h"
#include "ngx_live_token.h"


typedef struct {
    ngx_array_t                args;       /* ngx_str_t: names of arguments
                                              that tokens are read from */
} ngx_http_live_token_main_conf_t;


/* non-zero if requests to this location may have tokens */
ngx_uint_t ngx_http_live_token_expected(ngx_http_request_t *r);


/*
 * Requests without their tokens, ngx_http_live_token_log.c.  At configuration
 * time: create makes the main configuration, value takes note of a value of
 * "live_token", init adds handlers.
 */
void *ngx_http_live_token_log_create(ngx_conf_t *cf);
ngx_int_t ngx_http_live_token_log_value(ngx_conf_t *cf, ngx_str_t *value);
ngx_int_t ngx_http_live_token_log_init(ngx_conf_t *cf);

/* $live_request */
ngx_int_t ngx_http_live_token_log_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


extern ngx_module_t  ngx_http_live_token_module;


#endif /* _NGX_HTTP_LIVE_TOKEN_H_INCLUDED_ */
