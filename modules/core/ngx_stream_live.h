
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What the modules of stream {} share.  They are inlined: the core has no
 * symbol of nginx's stream module, and the doors have none of each other.
 */


#ifndef _NGX_STREAM_LIVE_H_INCLUDED_
#define _NGX_STREAM_LIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>


/* at preconfiguration; vars end with ngx_stream_null_variable */

static ngx_inline ngx_int_t
ngx_stream_live_add_variables(ngx_conf_t *cf, ngx_stream_variable_t *vars)
{
    ngx_stream_variable_t  *var, *v;

    for (v = vars; v->name.len; v++) {
        var = ngx_stream_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* not to be kept, a connection may ask for several streams; empty: none */

static ngx_inline ngx_int_t
ngx_stream_live_variable_set(ngx_stream_variable_value_t *v, ngx_str_t *s)
{
    if (s->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->len = s->len;
    v->data = s->data;

    return NGX_OK;
}


#endif /* _NGX_STREAM_LIVE_H_INCLUDED_ */
