
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_json.h"


static ngx_int_t ngx_http_live_chat_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_enter(ngx_http_request_t *r);
static ngx_uint_t ngx_http_live_chat_wants_events(ngx_http_request_t *r);

static void *ngx_http_live_chat_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_live_chat_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_chat_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_live_chat(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_live_chat_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_live_chat_check_ping(ngx_conf_t *cf, void *post,
    void *data);


typedef struct {
    ngx_uint_t                 locations;
} ngx_http_live_chat_main_conf_t;


static ngx_conf_enum_t  ngx_http_live_chat_guests[] = {
    { ngx_string("off"), NGX_HTTP_LIVE_CHAT_GUESTS_OFF },
    { ngx_string("read"), NGX_HTTP_LIVE_CHAT_GUESTS_READ },
    { ngx_string("write"), NGX_HTTP_LIVE_CHAT_GUESTS_WRITE },
    { ngx_null_string, 0 }
};


/* without a timer nobody would see that a client is gone */

static ngx_conf_post_t  ngx_http_live_chat_ping_post =
    { ngx_http_live_chat_check_ping };


static ngx_command_t  ngx_http_live_chat_commands[] = {

    { ngx_string("live_chat"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_chat,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_chat_deflate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, deflate),
      NULL },

    { ngx_string("live_chat_flush"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, flush),
      NULL },

    { ngx_string("live_chat_guests"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, guests),
      &ngx_http_live_chat_guests },

    { ngx_string("live_chat_message_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, message_size),
      NULL },

    { ngx_string("live_chat_message_length"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, message_length),
      NULL },

    { ngx_string("live_chat_ping"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, ping),
      &ngx_http_live_chat_ping_post },

    { ngx_string("live_chat_poll_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, poll_timeout),
      NULL },

    { ngx_string("live_chat_queue"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, queue),
      NULL },

    { ngx_string("live_chat_rate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_live_chat_rate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_chat_send_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_loc_conf_t, send_timeout),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_chat_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_live_chat_create_main_conf,   /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_chat_create_loc_conf,    /* create location configuration */
    ngx_http_live_chat_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_live_chat_module = {
    NGX_MODULE_V1,
    &ngx_http_live_chat_module_ctx,        /* module context */
    ngx_http_live_chat_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
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
ngx_http_live_chat_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_live_ctx_t  *ctx;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_live_method(r, NGX_HTTP_GET|NGX_HTTP_POST);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_live_path(r, &ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_live_chat_zone() == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "this worker has no rooms");
    }

    return ngx_http_live_access(r, NGX_LIVE_DOOR_CHAT, NGX_LIVE_ACTION_CHAT,
                                ngx_http_live_chat_enter);
}


static ngx_int_t
ngx_http_live_chat_enter(ngx_http_request_t *r)
{
    ngx_http_live_ctx_t            *ctx;
    ngx_http_live_chat_loc_conf_t  *lccf;

    ctx = ngx_http_live_get_ctx(r);
    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    if (ctx->access.sub.len == 0
        && lccf->guests == NGX_HTTP_LIVE_CHAT_GUESTS_OFF)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "chat in \"%V/%V\" refused: guests are not welcome",
                      &ctx->app, &ctx->name);

        return ngx_http_live_problem(r, NGX_HTTP_FORBIDDEN, NULL);
    }

    if (r->method == NGX_HTTP_POST) {
        return ngx_http_live_chat_post(r);
    }

    if (ngx_http_live_chat_wants_tips(r)) {
        return ngx_http_live_chat_tips(r);
    }

    if (ngx_http_live_chat_wants_range(r)) {
        return ngx_http_live_chat_range(r);
    }

    if (ngx_http_live_websocket(r) || ngx_http_live_chat_wants_events(r)) {
        return ngx_http_live_chat_open(r);
    }

    return ngx_http_live_chat_poll(r);
}


static ngx_uint_t
ngx_http_live_chat_wants_events(ngx_http_request_t *r)
{
    ngx_str_t  *accept;

    accept = ngx_http_live_header_in(r, "accept");

    return accept
           && ngx_strlcasestrn(accept->data, accept->data + accept->len,
                               (u_char *) "text/event-stream",
                               sizeof("text/event-stream") - 2)
              != NULL;
}


void
ngx_http_live_chat_show(ngx_live_json_t *js)
{
    ngx_live_chat_zone_t            *zone;
    ngx_live_chat_stat_t             stat;
    ngx_http_live_chat_main_conf_t  *lcmcf;

    zone = ngx_live_chat_zone();
    lcmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                                ngx_http_live_chat_module);

    if (zone == NULL || lcmcf == NULL || lcmcf->locations == 0) {
        return;
    }

    ngx_live_chat_zone_stat(zone, &stat);

    ngx_live_json_object(js, "chat");
    ngx_live_json_int(js, "rooms", stat.rooms);
    ngx_live_json_int(js, "clients", stat.clients);
    ngx_live_json_int(js, "entries", stat.entries);
    ngx_live_json_int(js, "lost", stat.lost);
    ngx_live_json_int(js, "refused", stat.refused);
    ngx_live_json_int(js, "alone", stat.nodes);
    ngx_live_json_int(js, "waiting", stat.waiting);
    ngx_live_json_int(js, "relayed", stat.relayed);
    ngx_live_json_int(js, "reconciled", stat.reconciled);
    ngx_live_json_int(js, "dropped", stat.dropped);
    ngx_live_json_object_end(js);
}


static void *
ngx_http_live_chat_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_live_chat_main_conf_t));
}


static void *
ngx_http_live_chat_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_live_chat_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_live_chat_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->flush = NGX_CONF_UNSET_MSEC;
    conf->ping = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->poll_timeout = NGX_CONF_UNSET_MSEC;
    conf->queue = NGX_CONF_UNSET_SIZE;
    conf->message_size = NGX_CONF_UNSET_SIZE;
    conf->message_length = NGX_CONF_UNSET_UINT;
    conf->guests = NGX_CONF_UNSET_UINT;
    conf->rate = NGX_CONF_UNSET_UINT;
    conf->deflate = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_live_chat_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_live_chat_loc_conf_t  *prev = parent;
    ngx_http_live_chat_loc_conf_t  *conf = child;

    ngx_conf_merge_msec_value(conf->flush, prev->flush, 50);
    ngx_conf_merge_msec_value(conf->ping, prev->ping, 30000);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 30000);
    ngx_conf_merge_msec_value(conf->poll_timeout, prev->poll_timeout, 25000);
    ngx_conf_merge_size_value(conf->queue, prev->queue, 256 * 1024);
    ngx_conf_merge_size_value(conf->message_size, prev->message_size, 4096);
    ngx_conf_merge_uint_value(conf->message_length, prev->message_length, 500);
    ngx_conf_merge_uint_value(conf->guests, prev->guests,
                              NGX_HTTP_LIVE_CHAT_GUESTS_READ);

    ngx_conf_merge_value(conf->deflate, prev->deflate, 1);

    if (conf->rate == NGX_CONF_UNSET_UINT) {

        if (prev->rate == NGX_CONF_UNSET_UINT) {
            prev->rate = 2000;
            prev->burst = 5;
        }

        conf->rate = prev->rate;
        conf->burst = prev->burst;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_live_chat(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_chat_main_conf_t  *lcmcf;

    lcmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_live_chat_module);
    lcmcf->locations++;

    return ngx_http_live_location(cf, ngx_http_live_chat_handler, NULL);
}


static char *
ngx_http_live_chat_check_ping(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *sp = data;

    if (*sp < NGX_HTTP_LIVE_CHAT_PING_MIN) {
        return "must be 100ms at least";
    }

    return NGX_CONF_OK;
}


/* "live_chat_rate 30r/m burst=5", or off */

static char *
ngx_http_live_chat_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_chat_loc_conf_t *lccf = conf;

    size_t      len;
    ngx_int_t   n, scale;
    ngx_str_t  *value;

    if (lccf->rate != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = value[1].len;
    scale = 1;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        lccf->rate = 0;
        return NGX_CONF_OK;
    }

    if (len > 3 && ngx_strncmp(value[1].data + len - 3, "r/m", 3) == 0) {
        scale = 60;
        len -= 3;

    } else if (len > 3 && ngx_strncmp(value[1].data + len - 3, "r/s", 3) == 0) {
        len -= 3;
    }

    n = ngx_atoi(value[1].data, len);

    if (n <= 0 || n > 1000000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid rate \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    lccf->rate = ngx_max(n * 1000 / scale, 1);
    lccf->burst = 5;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    n = NGX_ERROR;

    if (ngx_strncmp(value[2].data, "burst=", 6) == 0) {
        n = ngx_atoi(value[2].data + 6, value[2].len - 6);
    }

    if (n < 0 || n > 1000000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    lccf->burst = n;

    return NGX_CONF_OK;
}
