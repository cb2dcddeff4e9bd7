
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Reading of JSON (RFC 8259) by jansson, which no other file knows.  Duplicate
 * members, zero bytes, bad UTF-8 and deep nesting are refused.
 */


#ifndef _NGX_LIVE_TOKEN_JSON_H_INCLUDED_
#define _NGX_LIVE_TOKEN_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_TOKEN_JSON_DEPTH  16


typedef struct json_t  ngx_live_token_json_t;

typedef enum {
    NGX_LIVE_TOKEN_JSON_NONE = 0,          /* the value is NULL: not there */
    NGX_LIVE_TOKEN_JSON_OBJECT,
    NGX_LIVE_TOKEN_JSON_ARRAY,
    NGX_LIVE_TOKEN_JSON_STRING,
    NGX_LIVE_TOKEN_JSON_NUMBER,
    NGX_LIVE_TOKEN_JSON_TRUE,
    NGX_LIVE_TOKEN_JSON_FALSE,
    NGX_LIVE_TOKEN_JSON_NULL
} ngx_live_token_json_e;


/*
 * An object, to be freed; NULL with a constant reason: the text is none or
 * there is no memory.  Everything below belongs to it, strings too.
 */
ngx_live_token_json_t *ngx_live_token_json_parse(u_char *p, size_t len,
    const char **reason);
void ngx_live_token_json_free(ngx_live_token_json_t *js);

ngx_uint_t ngx_live_token_json_type(ngx_live_token_json_t *js);

/* a member of an object, NULL if it has none of that name or is no object */
ngx_live_token_json_t *ngx_live_token_json_get(ngx_live_token_json_t *js,
    const char *name);

/* NGX_ERROR: no string */
ngx_int_t ngx_live_token_json_string(ngx_live_token_json_t *js,
    ngx_str_t *value);

/*
 * A number from 0 to max, 2^53 at most; a fraction is dropped, or makes it
 * the next one if up.  NGX_ERROR: no number, or out of bounds.
 */
ngx_int_t ngx_live_token_json_number(ngx_live_token_json_t *js, int64_t max,
    ngx_uint_t up, int64_t *value);

/* members of an array, 0 if it is none */
ngx_uint_t ngx_live_token_json_size(ngx_live_token_json_t *js);
ngx_live_token_json_t *ngx_live_token_json_at(ngx_live_token_json_t *js,
    ngx_uint_t i);


#endif /* _NGX_LIVE_TOKEN_JSON_H_INCLUDED_ */
