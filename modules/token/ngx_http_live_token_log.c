
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_token.h"
#include "ngx_live_token_mask.h"


/*
 * Each line of the error log about a request names it, and what it was passed
 * to, with the tokens in it.  All that is written by one handler of nginx,
 * kept in the request: ours calls it and masks what it has written.
 */


static ngx_int_t ngx_http_live_token_log_handler(ngx_http_request_t *r);
static u_char *ngx_http_live_token_log_write(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);
static ngx_int_t ngx_http_live_token_log_add(ngx_array_t *args,
    u_char *data, size_t len);


/* nginx's own, the same for all requests */
static ngx_http_log_handler_pt  ngx_http_live_token_log_next;


void *
ngx_http_live_token_log_create(ngx_conf_t *cf)
{
    ngx_http_live_token_main_conf_t  *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_live_token_main_conf_t));

    if (tmcf == NULL
        || ngx_array_init(&tmcf->args, cf->pool, 4, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_http_live_token_log_add(&tmcf->args, (u_char *) "token",
                                       sizeof("token") - 1)
           != NGX_OK)
    {
        return NULL;
    }

    return tmcf;
}


/* "$arg_NAME" and "${arg_NAME}" */

ngx_int_t
ngx_http_live_token_log_value(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char                           *p, *last, *name;
    ngx_http_live_token_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_live_token_module);

    p = value->data;
    last = p + value->len;

    while ((p = ngx_strlchr(p, last, '$')) != NULL) {

        p++;

        if (p < last && *p == '{') {
            p++;
        }

        if (last - p < 4 || ngx_strncasecmp(p, (u_char *) "arg_", 4) != 0) {
            continue;
        }

        p += 4;
        name = p;

        while (p < last
               && ((*p >= '0' && *p <= '9') || *p == '_'
                   || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')))
        {
            p++;
        }

        if (p > name
            && ngx_http_live_token_log_add(&tmcf->args, name, p - name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_token_log_add(ngx_array_t *args, u_char *data, size_t len)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = args->elts;

    for (i = 0; i < args->nelts; i++) {
        if (name[i].len == len
            && ngx_strncasecmp(name[i].data, data, len) == 0)
        {
            return NGX_OK;
        }
    }

    name = ngx_array_push(args);
    if (name == NULL) {
        return NGX_ERROR;
    }

    name->data = data;
    name->len = len;

    return NGX_OK;
}


/*
 * As soon as the server, or then the location, is known to be one of tokens;
 * where a request is redirected to afterwards does not matter.
 */

ngx_int_t
ngx_http_live_token_log_init(ngx_conf_t *cf)
{
    if (ngx_http_live_add_phase_handler(cf, NGX_HTTP_POST_READ_PHASE,
                                        ngx_http_live_token_log_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_live_add_phase_handler(cf, NGX_HTTP_REWRITE_PHASE,
                                           ngx_http_live_token_log_handler);
}


static ngx_int_t
ngx_http_live_token_log_handler(ngx_http_request_t *r)
{
    if (!ngx_http_live_token_expected(r)) {
        return NGX_DECLINED;
    }

    /* lines of subrequests are written by the main one's */

    r = r->main;

    if (ngx_http_live_token_log_next == NULL) {
        ngx_http_live_token_log_next = r->log_handler;
    }

    if (r->log_handler == ngx_http_live_token_log_next) {
        r->log_handler = ngx_http_live_token_log_write;
    }

    return NGX_DECLINED;
}


static u_char *
ngx_http_live_token_log_write(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                           *p;
    ngx_http_live_token_main_conf_t  *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_live_token_module);

    p = ngx_http_live_token_log_next(r, sr, buf, len);

    return buf + ngx_live_token_mask(buf, p - buf, tmcf->args.elts,
                                     tmcf->args.nelts);
}


ngx_int_t
ngx_http_live_token_log_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                         line;
    ngx_http_live_token_main_conf_t  *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_live_token_module);

    line.len = r->main->request_line.len;
    line.data = ngx_pnalloc(r->pool, line.len);
    if (line.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(line.data, r->main->request_line.data, line.len);

    line.len = ngx_live_token_mask(line.data, line.len, tmcf->args.elts,
                                   tmcf->args.nelts);

    return ngx_http_live_variable_set(v, &line);
}
