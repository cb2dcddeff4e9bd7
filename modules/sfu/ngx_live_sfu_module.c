
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_json.h"
#include "ngx_live_sfu_session.h"


#define NGX_LIVE_SFU_SESSIONS  1024
#define NGX_LIVE_SFU_HELPER    "/usr/lib/nginx/helpers/live-media"


static ngx_int_t ngx_live_sfu_postconfiguration(ngx_conf_t *cf);
static void *ngx_live_sfu_create_main_conf(ngx_conf_t *cf);
static char *ngx_live_sfu_helper_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_live_sfu_status(ngx_live_json_t *js);


static ngx_conf_num_bounds_t  ngx_live_sfu_sessions_bounds = {
    ngx_conf_check_num_bounds, 1, 65536
};

static ngx_str_t  ngx_live_sfu_zone_name = ngx_string("live_sfu");


static ngx_command_t  ngx_live_sfu_commands[] = {

    { ngx_string("sfu_sessions"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_sfu_main_conf_t, sessions),
      &ngx_live_sfu_sessions_bounds },

    { ngx_string("sfu_helper"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_live_sfu_helper_path,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_sfu_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_live_sfu_postconfiguration,        /* postconfiguration */

    ngx_live_sfu_create_main_conf,         /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create application conf */
    NULL,                                  /* merge application conf */

    ngx_live_sfu_stream_start,             /* stream start */
    NULL,                                  /* stream config */
    NULL,                                  /* stream frame */
    ngx_live_sfu_stream_stop,              /* stream stop */
    NULL,                                  /* stream adopt */
    NULL,                                  /* stream end */
    NULL,                                  /* stream free */
    NULL,                                  /* stream status */

    NULL,                                  /* session open */
    NULL,                                  /* session close */

    ngx_live_sfu_status                    /* status */
};


ngx_module_t  ngx_live_sfu_module = {
    NGX_MODULE_V1,
    &ngx_live_sfu_module_ctx,              /* module context */
    ngx_live_sfu_commands,                 /* module directives */
    NGX_LIVE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_live_sfu_postconfiguration(ngx_conf_t *cf)
{
    ngx_shm_zone_t            *zone;
    ngx_live_sfu_main_conf_t  *smcf;

    smcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_sfu_module);

    if (smcf->sessions == NGX_CONF_UNSET_UINT) {
        smcf->sessions = NGX_LIVE_SFU_SESSIONS;
    }

    if (smcf->helper.data == NULL) {
        ngx_str_set(&smcf->helper, NGX_LIVE_SFU_HELPER);
    }

    smcf->argv[0] = (char *) smcf->helper.data;
    smcf->argv[1] = "opus";

    smcf->zone.max = smcf->sessions;

    zone = ngx_shared_memory_add(cf, &ngx_live_sfu_zone_name,
                                 ngx_live_sfu_zone_size(smcf->sessions),
                                 &ngx_live_sfu_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_live_sfu_zone_init;
    zone->data = &smcf->zone;

    return NGX_OK;
}


static void *
ngx_live_sfu_create_main_conf(ngx_conf_t *cf)
{
    ngx_live_sfu_main_conf_t  *smcf;

    smcf = ngx_pcalloc(cf->pool, sizeof(ngx_live_sfu_main_conf_t));
    if (smcf == NULL) {
        return NULL;
    }

    smcf->sessions = NGX_CONF_UNSET_UINT;

    return smcf;
}


static char *
ngx_live_sfu_helper_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_sfu_main_conf_t *smcf = conf;

    ngx_str_t  *value;

    if (smcf->helper.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    smcf->helper = value[1];

    if (ngx_strcmp(value[1].data, "off") == 0) {
        smcf->helper.len = 0;
        return NGX_CONF_OK;
    }

    if (ngx_conf_full_name(cf->cycle, &smcf->helper, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_live_sfu_worker_init(ngx_cycle_t *cycle)
{
    ngx_live_sfu_main_conf_t  *smcf;

    if ((ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
        || ngx_live_zone == NULL || ngx_live_slot < 0)
    {
        return NGX_OK;
    }

    smcf = ngx_live_get_module_main_conf(cycle, &ngx_live_sfu_module);

    if (smcf == NULL || smcf->zone.sh == NULL) {
        return NGX_OK;
    }

    ngx_live_sfu_zone = &smcf->zone;

    if (ngx_live_sfu_io_init(cycle) != NGX_OK
        || ngx_live_sfu_session_init(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_sfu_dtls_init(cycle);
}


static void
ngx_live_sfu_status(ngx_live_json_t *js)
{
    ngx_uint_t                   n;
    ngx_live_sfu_counters_sh_t  *c;

    if (ngx_live_sfu_zone == NULL) {
        return;
    }

    (void) ngx_live_sfu_sockets(&n);

    if (n == 0) {
        return;
    }

    c = &ngx_live_sfu_zone->sh->counters;

    ngx_live_json_object(js, "sfu");
    ngx_live_json_int(js, "sessions", ngx_live_sfu_zone->sh->nsessions);
    ngx_live_json_int(js, "max_sessions", ngx_live_sfu_zone->sh->max);
    ngx_live_json_int(js, "opened", c->sessions);
    ngx_live_json_int(js, "refused", c->refused);
    ngx_live_json_int(js, "received", c->received);
    ngx_live_json_int(js, "sent", c->sent);
    ngx_live_json_int(js, "unsent", c->unsent);
    ngx_live_json_int(js, "unknown", c->unknown);
    ngx_live_json_int(js, "unauthentic", c->unauthentic);
    ngx_live_json_int(js, "replayed", c->replayed);
    ngx_live_json_int(js, "handed", c->handed);
    ngx_live_json_int(js, "lost", c->lost);
    ngx_live_json_int(js, "handshakes", c->handshakes);
    ngx_live_json_int(js, "postponed", c->postponed);
    ngx_live_json_int(js, "retransmitted", c->nacks);
    ngx_live_json_int(js, "too_old", c->gone);
    ngx_live_json_object_end(js);
}
