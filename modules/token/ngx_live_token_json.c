
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_json_depth.h"
#include "ngx_live_token_json.h"

#include <jansson.h>


ngx_live_token_json_t *
ngx_live_token_json_parse(u_char *p, size_t len, const char **reason)
{
    json_t        *js;
    json_error_t   error;

    /* jansson recurses down to 2048 levels */

    if (ngx_live_json_depth(p, len) > NGX_LIVE_TOKEN_JSON_DEPTH) {
        *reason = "JSON is nested too deeply";
        return NULL;
    }

    js = json_loadb((char *) p, len, JSON_REJECT_DUPLICATES, &error);

    if (js == NULL) {
        *reason = (json_error_code(&error) == json_error_duplicate_key)
                  ? "JSON has duplicate members" : "invalid JSON";
        return NULL;
    }

    if (!json_is_object(js)) {
        json_decref(js);
        *reason = "JSON is no object";
        return NULL;
    }

    return js;
}


void
ngx_live_token_json_free(ngx_live_token_json_t *js)
{
    json_decref(js);
}


ngx_uint_t
ngx_live_token_json_type(ngx_live_token_json_t *js)
{
    if (js == NULL) {
        return NGX_LIVE_TOKEN_JSON_NONE;
    }

    switch (json_typeof(js)) {

    case JSON_OBJECT:
        return NGX_LIVE_TOKEN_JSON_OBJECT;

    case JSON_ARRAY:
        return NGX_LIVE_TOKEN_JSON_ARRAY;

    case JSON_STRING:
        return NGX_LIVE_TOKEN_JSON_STRING;

    case JSON_INTEGER:
    case JSON_REAL:
        return NGX_LIVE_TOKEN_JSON_NUMBER;

    case JSON_TRUE:
        return NGX_LIVE_TOKEN_JSON_TRUE;

    case JSON_FALSE:
        return NGX_LIVE_TOKEN_JSON_FALSE;

    default: /* JSON_NULL */
        return NGX_LIVE_TOKEN_JSON_NULL;
    }
}


ngx_live_token_json_t *
ngx_live_token_json_get(ngx_live_token_json_t *js, const char *name)
{
    return json_object_get(js, name);
}


ngx_int_t
ngx_live_token_json_string(ngx_live_token_json_t *js, ngx_str_t *value)
{
    if (!json_is_string(js)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(js);
    value->len = json_string_length(js);

    return NGX_OK;
}


ngx_int_t
ngx_live_token_json_number(ngx_live_token_json_t *js, int64_t max,
    ngx_uint_t up, int64_t *value)
{
    double   real;
    int64_t  n;

    if (json_is_integer(js)) {
        n = json_integer_value(js);

    } else if (json_is_real(js)) {
        real = json_real_value(js);

        if (!(real >= 0 && real <= (double) max)) {
            return NGX_ERROR;
        }

        n = (int64_t) real;

        if (up && (double) n < real) {
            n++;
        }

    } else {
        return NGX_ERROR;
    }

    if (n < 0 || n > max) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


ngx_uint_t
ngx_live_token_json_size(ngx_live_token_json_t *js)
{
    return json_array_size(js);
}


ngx_live_token_json_t *
ngx_live_token_json_at(ngx_live_token_json_t *js, ngx_uint_t i)
{
    return json_array_get(js, i);
}
