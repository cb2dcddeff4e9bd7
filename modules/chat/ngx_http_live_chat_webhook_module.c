
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_payment.h"
#include "ngx_live_chat_signature.h"
#include "ngx_live_watch.h"


/*
 * Payments by webhooks in Stripe's scheme.  One URL is for all rooms: metadata
 * of the payment name the room.  What is signed and understood is answered by
 * 200, whether it is a tip or not, since all else is sent again for days; by
 * 503 what should be.
 */

/* bytes */
#define NGX_HTTP_LIVE_CHAT_EVENT_SIZE    (64 * 1024)
#define NGX_HTTP_LIVE_CHAT_SECRETS_SIZE  4096


typedef struct {
    ngx_live_watch_t           watch;
    u_char                    *data;       /* heap: what secrets point into */
    size_t                     len;
    ngx_uint_t                 n;
    ngx_str_t                  secrets[NGX_LIVE_CHAT_SECRETS];
} ngx_http_live_chat_secrets_t;


typedef struct {
    ngx_array_t                watches;    /* ngx_live_watch_t * */
    ngx_thread_pool_t         *threads;
} ngx_http_live_chat_webhook_main_conf_t;


typedef struct {
    ngx_flag_t                     enable; /* only here: not inherited */
    ngx_http_live_chat_secrets_t  *secrets;
    time_t                         tolerance;
    ngx_uint_t                     events; /* NGX_LIVE_CHAT_EVENT_* */
} ngx_http_live_chat_webhook_loc_conf_t;


static ngx_int_t ngx_http_live_chat_webhook_handler(ngx_http_request_t *r);
static void ngx_http_live_chat_webhook_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_chat_webhook_check(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_live_chat_webhook_event(ngx_http_request_t *r,
    ngx_str_t *event);
static ngx_int_t ngx_http_live_chat_webhook_room(ngx_http_request_t *r,
    ngx_live_chat_payment_t *pm);
static ngx_int_t ngx_http_live_chat_webhook_give(
    ngx_http_live_chat_visitor_t *v);
static ngx_int_t ngx_http_live_chat_webhook_given(
    ngx_http_live_chat_visitor_t *v);
static ngx_int_t ngx_http_live_chat_webhook_refuse(ngx_http_request_t *r,
    const char *reason);
static ngx_int_t ngx_http_live_chat_webhook_ignore(ngx_http_request_t *r,
    ngx_live_chat_payment_t *pm, ngx_uint_t level, const char *reason);
static ngx_int_t ngx_http_live_chat_webhook_answer(ngx_http_request_t *r,
    const char *member, const char *value);

static ngx_http_live_chat_secrets_t *ngx_http_live_chat_secrets_add(
    ngx_conf_t *cf, ngx_str_t *path);
static ngx_int_t ngx_http_live_chat_secrets_handler(ngx_live_watch_t *w,
    u_char *p, size_t len, const char **reason);
static void ngx_http_live_chat_secrets_cleanup(void *data);

static ngx_int_t ngx_http_live_chat_webhook_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_live_chat_webhook_init_process(ngx_cycle_t *cycle);
static void *ngx_http_live_chat_webhook_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_live_chat_webhook_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_chat_webhook_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_live_chat_webhook(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_live_chat_webhook_secret(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


static ngx_conf_bitmask_t  ngx_http_live_chat_webhook_events[] = {
    { ngx_string("checkout.session.completed"),
      NGX_LIVE_CHAT_EVENT_CHECKOUT },
    { ngx_string("checkout.session.async_payment_succeeded"),
      NGX_LIVE_CHAT_EVENT_ASYNC },
    { ngx_string("payment_intent.succeeded"), NGX_LIVE_CHAT_EVENT_INTENT },
    { ngx_string("charge.succeeded"), NGX_LIVE_CHAT_EVENT_CHARGE },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_live_chat_webhook_commands[] = {

    { ngx_string("live_chat_webhook"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_live_chat_webhook,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_chat_webhook_events"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_webhook_loc_conf_t, events),
      &ngx_http_live_chat_webhook_events },

    { ngx_string("live_chat_webhook_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_live_chat_webhook_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("live_chat_webhook_tolerance"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_live_chat_webhook_loc_conf_t, tolerance),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_chat_webhook_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_live_chat_webhook_init,       /* postconfiguration */

    ngx_http_live_chat_webhook_create_main_conf,
                                           /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_chat_webhook_create_loc_conf,
                                           /* create location configuration */
    ngx_http_live_chat_webhook_merge_loc_conf
                                           /* merge location configuration */
};


ngx_module_t  ngx_http_live_chat_webhook_module = {
    NGX_MODULE_V1,
    &ngx_http_live_chat_webhook_module_ctx, /* module context */
    ngx_http_live_chat_webhook_commands,   /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_live_chat_webhook_init_process, /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_live_chat_webhook_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_live_method(r, NGX_HTTP_POST);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_live_chat_zone() == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "this worker has no rooms");
    }

    if (r->headers_in.content_length_n > NGX_HTTP_LIVE_CHAT_EVENT_SIZE) {
        return ngx_http_live_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     "event is too long");
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_live_chat_webhook_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_live_chat_webhook_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    rc = ngx_http_live_chat_webhook_check(r, &body);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_live_chat_webhook_event(r, &body);
    }

    ngx_http_finalize_request(r, rc);
}


/* NGX_DECLINED: it is signed, nothing was answered */

static ngx_int_t
ngx_http_live_chat_webhook_check(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t                               rc;
    ngx_str_t                              *header, text;
    const char                             *reason;
    ngx_live_chat_signature_t               sig;
    ngx_http_live_chat_secrets_t           *secrets;
    ngx_http_live_chat_webhook_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_webhook_module);
    secrets = lcf->secrets;

    header = ngx_http_live_header_in(r, "stripe-signature");

    if (header == NULL) {
        return ngx_http_live_chat_webhook_refuse(r, "no signature");
    }

    if (ngx_live_chat_signature_parse(header->data, header->len, &sig,
                                      &reason)
        != NGX_OK)
    {
        return ngx_http_live_chat_webhook_refuse(r, reason);
    }

    /* what is signed: the time, a dot, the body */

    text.len = sig.time.len + 1;
    text.data = ngx_pnalloc(r->pool, text.len);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_sprintf(text.data, "%V.", &sig.time);

    rc = ngx_http_live_chat_body(r, NGX_HTTP_LIVE_CHAT_EVENT_SIZE, &text);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     "event is too long");
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_live_chat_signature_check(&sig, secrets->secrets, secrets->n,
                                      &text, ngx_time(), lcf->tolerance,
                                      &reason)
        != NGX_OK)
    {
        return ngx_http_live_chat_webhook_refuse(r, reason);
    }

    body->data = text.data + sig.time.len + 1;
    body->len = text.len - sig.time.len - 1;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_live_chat_webhook_event(ngx_http_request_t *r, ngx_str_t *event)
{
    u_char                                 *buf;
    ngx_int_t                               rc;
    const char                             *reason;
    ngx_live_chat_payment_t                *pm;
    ngx_http_live_chat_visitor_t           *v;
    ngx_http_live_chat_webhook_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_webhook_module);

    v = ngx_pcalloc(r->pool, sizeof(ngx_http_live_chat_visitor_t));
    pm = ngx_pcalloc(r->pool, sizeof(ngx_live_chat_payment_t));
    buf = ngx_pnalloc(r->pool, event->len + 1);

    if (v == NULL || pm == NULL || buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_live_chat_payment_parse(event->data, event->len, buf,
                                     lcf->events, pm, &reason);

    if (rc == NGX_ERROR) {
        return ngx_http_live_chat_webhook_refuse(r, reason);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_live_chat_webhook_ignore(r, pm, NGX_LOG_INFO, reason);
    }

    rc = ngx_http_live_chat_webhook_room(r, pm);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_chat_webhook_ignore(r, pm, NGX_LOG_WARN,
                                                 "no such application");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->data = pm;

    return ngx_http_live_chat_visit(v, r, ngx_http_live_chat_webhook_give);
}


/* as if the path had named the room */

static ngx_int_t
ngx_http_live_chat_webhook_room(ngx_http_request_t *r,
    ngx_live_chat_payment_t *pm)
{
    ngx_http_live_ctx_t   *ctx;
    ngx_live_main_conf_t  *lmcf;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_live_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    ctx->request = r;
    ctx->app = pm->app;
    ctx->name = pm->name;
    ctx->access.conf = lmcf ? ngx_live_app_conf(lmcf, &pm->app) : NULL;

    if (ctx->access.conf == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_live_module);

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_chat_webhook_give(ngx_http_live_chat_visitor_t *v)
{
    ngx_int_t                   rc;
    ngx_live_chat_payment_t    *pm;
    ngx_http_live_chat_deed_t   deed;

    pm = v->data;

    ngx_memzero(&deed, sizeof(ngx_http_live_chat_deed_t));

    deed.request = v->request;
    deed.hall = v->client.hall;

    rc = ngx_http_live_chat_give(&deed, &pm->tip);

    if (rc == NGX_OK) {
        return ngx_http_live_chat_visit_said(v, &deed,
                                             ngx_http_live_chat_webhook_given);
    }

    if (rc != NGX_DECLINED) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_strcmp(deed.error, "seen") == 0) {
        return ngx_http_live_chat_webhook_answer(v->request, "repeated", NULL);
    }

    if (deed.status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        return ngx_http_live_problem(v->request, deed.status, deed.error);
    }

    return ngx_http_live_chat_webhook_ignore(v->request, pm, NGX_LOG_WARN,
                                             deed.error);
}


static ngx_int_t
ngx_http_live_chat_webhook_given(ngx_http_live_chat_visitor_t *v)
{
    u_char  id[NGX_LIVE_CHAT_ID_LEN + 1];

    if (v->repeated) {
        return ngx_http_live_chat_webhook_answer(v->request, "repeated", NULL);
    }

    *ngx_live_chat_id_write(id, &v->id) = '\0';

    return ngx_http_live_chat_webhook_answer(v->request, "id", (char *) id);
}


/* reasons are no secret: who cannot sign learns nothing by them */

static ngx_int_t
ngx_http_live_chat_webhook_refuse(ngx_http_request_t *r, const char *reason)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "webhook refused: %s", reason);

    return ngx_http_live_problem(r, NGX_HTTP_BAD_REQUEST, reason);
}


static ngx_int_t
ngx_http_live_chat_webhook_ignore(ngx_http_request_t *r,
    ngx_live_chat_payment_t *pm, ngx_uint_t level, const char *reason)
{
    ngx_log_error(level, r->connection->log, 0,
                  "webhook's event \"%V\" ignored: %s", &pm->id, reason);

    return ngx_http_live_chat_webhook_answer(r, "ignored", reason);
}


/* a value that needs no escapes; NULL: true */

static ngx_int_t
ngx_http_live_chat_webhook_answer(ngx_http_request_t *r, const char *member,
    const char *value)
{
    ngx_str_t  json;

    json.data = ngx_pnalloc(r->pool, sizeof("{\"\":\"\"}") + sizeof("true")
                                     + ngx_strlen(member)
                                     + (value ? ngx_strlen(value) : 0));
    if (json.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (value) {
        json.len = ngx_sprintf(json.data, "{\"%s\":\"%s\"}", member, value)
                   - json.data;

    } else {
        json.len = ngx_sprintf(json.data, "{\"%s\":true}", member) - json.data;
    }

    return ngx_http_live_reply(r, NGX_HTTP_OK, "application/json", &json);
}


static ngx_int_t
ngx_http_live_chat_secrets_handler(ngx_live_watch_t *w, u_char *p, size_t len,
    const char **reason)
{
    ngx_uint_t                     n;
    ngx_str_t                      found[NGX_LIVE_CHAT_SECRETS];
    ngx_http_live_chat_secrets_t  *secrets;

    secrets = w->data;

    if (ngx_live_chat_secrets_parse(p, len, found, &n, reason) != NGX_OK) {
        ngx_explicit_memzero(p, len);
        return NGX_ERROR;
    }

    ngx_http_live_chat_secrets_cleanup(secrets);

    secrets->data = p;
    secrets->len = len;
    secrets->n = n;
    ngx_memcpy(secrets->secrets, found, sizeof(found));

    return NGX_OK;
}


static void
ngx_http_live_chat_secrets_cleanup(void *data)
{
    ngx_http_live_chat_secrets_t *secrets = data;

    if (secrets->data) {
        ngx_explicit_memzero(secrets->data, secrets->len);
        ngx_free(secrets->data);
        secrets->data = NULL;
        secrets->n = 0;
    }
}


static ngx_int_t
ngx_http_live_chat_webhook_init(ngx_conf_t *cf)
{
    ngx_http_live_chat_webhook_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf,
                                           ngx_http_live_chat_webhook_module);

    if (mcf->watches.nelts) {
        mcf->threads = ngx_thread_pool_add(cf, NULL);

        if (mcf->threads == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_chat_webhook_init_process(ngx_cycle_t *cycle)
{
    ngx_http_live_chat_webhook_main_conf_t  *mcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                           ngx_http_live_chat_webhook_module);
    if (mcf == NULL) {
        return NGX_OK;
    }

    return ngx_live_watch_start(cycle, &mcf->watches, mcf->threads);
}


static void *
ngx_http_live_chat_webhook_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_live_chat_webhook_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool,
                      sizeof(ngx_http_live_chat_webhook_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&mcf->watches, cf->pool, 1,
                       sizeof(ngx_live_watch_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return mcf;
}


static void *
ngx_http_live_chat_webhook_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_live_chat_webhook_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool,
                       sizeof(ngx_http_live_chat_webhook_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->secrets = NGX_CONF_UNSET_PTR;
    conf->tolerance = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_live_chat_webhook_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_live_chat_webhook_loc_conf_t *prev = parent;
    ngx_http_live_chat_webhook_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_ptr_value(conf->secrets, prev->secrets, NULL);
    ngx_conf_merge_sec_value(conf->tolerance, prev->tolerance, 300);
    ngx_conf_merge_bitmask_value(conf->events, prev->events,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_LIVE_CHAT_EVENTS_ALL));

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    if (conf->secrets == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"live_chat_webhook\" needs "
                      "\"live_chat_webhook_secret\"");
        return NGX_CONF_ERROR;
    }

    /* nginx' own module comes first: an event must not go to a file */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    clcf->client_body_buffer_size = ngx_max(clcf->client_body_buffer_size,
                                            NGX_HTTP_LIVE_CHAT_EVENT_SIZE);

    return NGX_CONF_OK;
}


/* "live_chat_webhook stripe" */

static char *
ngx_http_live_chat_webhook(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_chat_webhook_loc_conf_t *lcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (lcf->enable) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "stripe") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unknown scheme \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_live_chat_webhook_handler;

    lcf->enable = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_live_chat_webhook_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_live_chat_webhook_loc_conf_t *lcf = conf;

    ngx_str_t  *value, path;

    if (lcf->secrets != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    lcf->secrets = ngx_http_live_chat_secrets_add(cf, &path);

    return lcf->secrets ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* a file is read once, however many locations name it */

static ngx_http_live_chat_secrets_t *
ngx_http_live_chat_secrets_add(ngx_conf_t *cf, ngx_str_t *path)
{
    ngx_uint_t                                i;
    ngx_live_watch_t                         *w, **wp;
    ngx_pool_cleanup_t                       *cln;
    ngx_http_live_chat_secrets_t             *secrets;
    ngx_http_live_chat_webhook_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf,
                                           ngx_http_live_chat_webhook_module);
    wp = mcf->watches.elts;

    for (i = 0; i < mcf->watches.nelts; i++) {
        if (ngx_strcmp(wp[i]->path.data, path->data) == 0) {
            return wp[i]->data;
        }
    }

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_http_live_chat_secrets_t));
    wp = ngx_array_push(&mcf->watches);

    if (cln == NULL || wp == NULL) {
        return NULL;
    }

    secrets = cln->data;
    ngx_memzero(secrets, sizeof(ngx_http_live_chat_secrets_t));

    cln->handler = ngx_http_live_chat_secrets_cleanup;

    w = &secrets->watch;
    *wp = w;

    w->path = *path;
    w->what = "secrets of webhooks";
    w->max = NGX_HTTP_LIVE_CHAT_SECRETS_SIZE;
    w->handler = ngx_http_live_chat_secrets_handler;
    w->data = secrets;

    return (ngx_live_watch_read(cf, w) == NGX_OK) ? secrets : NULL;
}
