
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token.h"


char *
ngx_live_token_values(ngx_conf_t *cf, ngx_flag_t *on, ngx_array_t **values,
    size_t size, ngx_live_token_compile_pt compile)
{
    void        *cv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (*on != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *on = 0;
        return NGX_CONF_OK;
    }

    *on = 1;

    *values = ngx_array_create(cf->pool, cf->args->nelts - 1, size);
    if (*values == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strlchr(value[i].data, value[i].data + value[i].len, '$')
            == NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" has no variable: every client would "
                               "have the same token", &value[i]);
            return NGX_CONF_ERROR;
        }

        cv = ngx_array_push(*values);

        if (cv == NULL || compile(cf, &value[i], cv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
