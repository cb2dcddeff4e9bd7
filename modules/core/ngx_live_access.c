
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_access.h"
#include "ngx_live_name.h"


static ngx_int_t ngx_live_access_run(ngx_live_access_t *a);
static ngx_int_t ngx_live_access_run_handlers(ngx_live_access_t *a,
    ngx_live_main_conf_t *lmcf);
static ngx_int_t ngx_live_access_check_name(ngx_live_access_t *a);
static ngx_int_t ngx_live_access_run_rules(ngx_live_access_t *a,
    ngx_live_main_conf_t *lmcf);
static ngx_int_t ngx_live_access_result(ngx_live_access_t *a, ngx_int_t rc);
static ngx_int_t ngx_live_access_deny(ngx_live_access_t *a, char *reason);
static ngx_uint_t ngx_live_access_mask(ngx_live_access_t *a);


ngx_str_t  ngx_live_door_names[] = {
    ngx_string("rtmp"),
    ngx_string("hls"),
    ngx_string("flv"),
    ngx_string("whip"),
    ngx_string("whep"),
    ngx_string("chat"),
    ngx_string("api"),
    ngx_null_string
};


ngx_int_t
ngx_live_access_check(ngx_live_access_t *a)
{
    a->current = 0;
    a->rules = 0;
    a->pending = 0;
    a->bad_name = 0;
    a->cancel = NULL;

    return ngx_live_access_run(a);
}


static ngx_int_t
ngx_live_access_run(ngx_live_access_t *a)
{
    ngx_int_t              rc;
    ngx_live_main_conf_t  *lmcf;

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    if (lmcf == NULL) {
        return ngx_live_access_deny(a, "no live block");
    }

    if (!a->rules) {
        rc = ngx_live_access_run_handlers(a, lmcf);

        if (rc != NGX_OK) {
            return rc;
        }

        /* only now: a handler may have renamed the stream */

        if (ngx_live_access_check_name(a) != NGX_OK) {
            return NGX_DECLINED;
        }

        a->conf = ngx_live_app_conf(lmcf, &a->app);

        if (a->conf == NULL) {
            return ngx_live_access_deny(a, "no such application");
        }

        a->rules = 1;
        a->current = 0;
    }

    return ngx_live_access_run_rules(a, lmcf);
}


static ngx_int_t
ngx_live_access_run_handlers(ngx_live_access_t *a, ngx_live_main_conf_t *lmcf)
{
    ngx_int_t                    rc;
    ngx_live_access_handler_pt  *handlers;

    handlers = lmcf->access.elts;

    while (a->current < lmcf->access.nelts) {

        rc = handlers[a->current++](a);

        if (rc == NGX_OK || rc == NGX_DECLINED) {
            continue;
        }

        return ngx_live_access_result(a, rc);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_access_check_name(ngx_live_access_t *a)
{
    const char  *reason;

    if (ngx_live_name_check(&a->app, &reason) == NGX_OK
        && ngx_live_name_check(&a->name, &reason) == NGX_OK)
    {
        return NGX_OK;
    }

    a->bad_name = 1;

    return ngx_live_access_deny(a, "bad stream name");
}


static ngx_int_t
ngx_live_access_run_rules(ngx_live_access_t *a, ngx_live_main_conf_t *lmcf)
{
    ngx_int_t                rc;
    ngx_uint_t               mask, any;
    ngx_live_access_rule_t  *rules;

    mask = ngx_live_access_mask(a);
    any = mask & NGX_LIVE_RULE_ANY;

    if (any) {

        if (a->action != NGX_LIVE_ACTION_CHAT) {
            return NGX_OK;
        }

        /* who speaks where anybody may can still prove who he is */

        mask = ~(ngx_uint_t) (NGX_LIVE_RULE_ANY|NGX_LIVE_RULE_NONE);
    }

    rules = lmcf->rules.elts;

    while (a->current < lmcf->rules.nelts) {

        if (!(rules[a->current].mask & mask)) {
            a->current++;
            continue;
        }

        rc = rules[a->current++].handler(a);

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        if (rc == NGX_AGAIN) {
            return ngx_live_access_result(a, rc);
        }

        /* refused by this rule; another one may allow */
    }

    if (any) {
        ngx_str_null(&a->reason);
        return NGX_OK;
    }

    if (a->reason.len == 0) {
        return ngx_live_access_deny(a, a->action == NGX_LIVE_ACTION_PUBLISH
                                       ? "publishing is not allowed"
                                       : "playing is not allowed");
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_live_access_mask(ngx_live_access_t *a)
{
    if (a->proved) {
        return NGX_LIVE_RULE_ANY;
    }

    if (a->action == NGX_LIVE_ACTION_ADMIN) {

        /* the API is guarded by the location it stands in */

        return NGX_LIVE_RULE_ANY;
    }

    return (a->action == NGX_LIVE_ACTION_PUBLISH) ? a->conf->publish
                                                  : a->conf->play;
}


static ngx_int_t
ngx_live_access_result(ngx_live_access_t *a, ngx_int_t rc)
{
    if (rc == NGX_AGAIN) {
        a->pending = 1;
        return NGX_AGAIN;
    }

    if (rc == NGX_ABORT && a->reason.len) {
        return NGX_DECLINED;
    }

    return ngx_live_access_deny(a, rc == NGX_ABORT ? "denied"
                                                   : "access check failed");
}


static ngx_int_t
ngx_live_access_deny(ngx_live_access_t *a, char *reason)
{
    a->reason.data = (u_char *) reason;
    a->reason.len = ngx_strlen(reason);

    return NGX_DECLINED;
}


void
ngx_live_access_done(ngx_live_access_t *a, ngx_int_t rc)
{
    if (!a->pending) {
        return;
    }

    a->pending = 0;
    a->cancel = NULL;

    if (a->rules) {
        rc = (rc == NGX_OK) ? NGX_OK : ngx_live_access_run(a);

    } else if (rc == NGX_OK || rc == NGX_DECLINED) {
        rc = ngx_live_access_run(a);

    } else {
        rc = ngx_live_access_result(a, rc);
    }

    if (rc != NGX_AGAIN) {
        a->handler(a, rc);
    }
}


void
ngx_live_access_cancel(ngx_live_access_t *a)
{
    if (!a->pending) {
        return;
    }

    a->pending = 0;

    if (a->cancel) {
        a->cancel(a);
        a->cancel = NULL;
    }
}


ngx_int_t
ngx_live_access_add_handler(ngx_conf_t *cf, ngx_live_access_handler_pt handler)
{
    ngx_live_main_conf_t        *lmcf;
    ngx_live_access_handler_pt  *h;

    lmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_core_module);

    h = ngx_array_push(&lmcf->access);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


ngx_int_t
ngx_live_access_add_rule(ngx_conf_t *cf, ngx_str_t *name,
    ngx_live_access_handler_pt handler)
{
    ngx_live_main_conf_t    *lmcf;
    ngx_live_access_rule_t  *rule;

    lmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_core_module);

    rule = ngx_array_push(&lmcf->rules);
    if (rule == NULL) {
        return NGX_ERROR;
    }

    rule->name = *name;
    rule->mask = NGX_LIVE_RULE_ANY << lmcf->rules.nelts;
    rule->handler = handler;

    return NGX_OK;
}


char *
ngx_live_access_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t               *value;
    ngx_uint_t               i, n, *mask, bit;
    ngx_live_main_conf_t    *lmcf;
    ngx_live_access_rule_t  *rules;

    mask = (ngx_uint_t *) (p + cmd->offset);

    if (*mask != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    *mask = 0;

    lmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_core_module);

    rules = lmcf->rules.elts;
    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        bit = 0;

        if (ngx_strcmp(value[i].data, "any") == 0) {
            bit = NGX_LIVE_RULE_ANY;

        } else if (ngx_strcmp(value[i].data, "none") == 0) {
            bit = NGX_LIVE_RULE_NONE;
        }

        for (n = 0; bit == 0 && n < lmcf->rules.nelts; n++) {
            if (rules[n].name.len == value[i].len
                && ngx_strncmp(rules[n].name.data, value[i].data,
                               value[i].len) == 0)
            {
                bit = rules[n].mask;
            }
        }

        if (bit == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown rule \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        *mask |= bit;
    }

    if ((*mask & (NGX_LIVE_RULE_ANY|NGX_LIVE_RULE_NONE))
        && cf->args->nelts > 2)
    {
        return "takes \"any\" and \"none\" only alone";
    }

    return NGX_CONF_OK;
}
