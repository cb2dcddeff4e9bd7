
/*
 * Copyright (C) nginx-live authors
 */


/*
 * For tests only.  An access handler that looks at the stream's name: "deny"
 * is refused, "later" and "laterdeny" are answered after 200 ms, "rename"
 * becomes "renamed", "renamebad" and "renamelong" something that is no name,
 * "renamelater" so after 200 ms.  A rule "test" for publish and play wants
 * the argument key=secret.  And a location that ends sessions and shows
 * events:
 *
 *     location /test { live_test; }
 *     /test?sub=alice  /test?jti=ID  /test?stream=UID  /test?session=ID
 *     /test?lease=NUMBER
 *     /test?events=SEQ
 *
 * or that reads packets: see ngx_live_test_packets.c.
 *
 *     /test?packets=APP/NAME  /test?packets=APP/NAME&track=1
 *     /test?packets=  /test?find=NUMBER  /test?close=
 *
 * or says that somebody takes part in the stream live/NAME:
 *
 *     /test?participant=joined&name=NAME&id=ID&audio=1&video=0
 *     /test?participant=status&..  /test?participant=left&..
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_access.h"
#include "ngx_live_event.h"
#include "ngx_live_json.h"
#include "ngx_live_participant.h"
#include "ngx_live_session.h"
#include "ngx_live_test.h"
#include "ngx_live_url.h"


#define NGX_LIVE_TEST_DELAY  200


static ngx_int_t ngx_live_test_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_live_test_access(ngx_live_access_t *a);
static ngx_int_t ngx_live_test_later(ngx_live_access_t *a);
static void ngx_live_test_timer(ngx_event_t *ev);
static void ngx_live_test_cancel(ngx_live_access_t *a);
static ngx_int_t ngx_live_test_rule(ngx_live_access_t *a);
static void ngx_live_test_event(ngx_live_event_sh_t *ev);
static ngx_int_t ngx_http_live_test_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_test_end(ngx_http_request_t *r);
static void ngx_http_live_test_packets(ngx_http_request_t *r,
    ngx_live_json_t *js);
static void ngx_http_live_test_participant(ngx_http_request_t *r);
static void ngx_http_live_test_events(ngx_live_json_t *js, uint64_t seq);
static char *ngx_http_live_test_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_live_module_t  ngx_live_test_module_ctx = {
    ngx_live_test_preconfiguration,        /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create application conf */
    NULL,                                  /* merge application conf */

    ngx_live_test_session_start,           /* stream start */
    NULL,                                  /* stream config */
    ngx_live_test_packets_frame,           /* stream frame */
    NULL,                                  /* stream stop */
    NULL,                                  /* stream adopt */
    NULL,                                  /* stream end */
    NULL,                                  /* stream free */
    NULL,                                  /* stream status */

    ngx_live_test_session_open,            /* session open */
    ngx_live_test_session_close,           /* session close */

    NULL                                   /* status */
};


ngx_module_t  ngx_live_test_module = {
    NGX_MODULE_V1,
    &ngx_live_test_module_ctx,             /* module context */
    NULL,                                  /* module directives */
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


static ngx_command_t  ngx_http_live_test_commands[] = {

    { ngx_string("live_test"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_test_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_live_test_handler },

    { ngx_string("live_test_frames"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_test_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_live_test_frames_handler },

    { ngx_string("live_test_redis"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_test_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_live_test_redis_handler },

    { ngx_string("live_test_metadata"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_test_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_live_test_metadata_handler },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_test_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_live_test_module = {
    NGX_MODULE_V1,
    &ngx_http_live_test_module_ctx,        /* module context */
    ngx_http_live_test_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_live_test_redis_init_process, /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


#define ngx_live_test_is(s, text)                                             \
    ((s)->len == sizeof(text) - 1                                             \
     && ngx_strncmp((s)->data, text, sizeof(text) - 1) == 0)


/* with any application longer than the key of a stream */
static u_char  ngx_live_test_long[600];


static ngx_int_t
ngx_live_test_preconfiguration(ngx_conf_t *cf)
{
    ngx_str_t  name = ngx_string("test");

    ngx_memset(ngx_live_test_long, 'x', sizeof(ngx_live_test_long));

    if (ngx_live_access_add_handler(cf, ngx_live_test_access) != NGX_OK
        || ngx_live_access_add_rule(cf, &name, ngx_live_test_rule) != NGX_OK
        || ngx_live_event_subscribe(cf, ngx_live_test_event) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_test_access(ngx_live_access_t *a)
{
    /* who it is, taken on trust: ?sub=alice&jti=1 */

    (void) ngx_live_url_arg(&a->args, "sub", &a->sub);
    (void) ngx_live_url_arg(&a->args, "jti", &a->jti);

    ngx_live_test_session_access(a);

    if (ngx_live_test_is(&a->name, "deny")) {
        ngx_str_set(&a->reason, "denied by test");
        return NGX_ABORT;
    }

    if (ngx_live_test_is(&a->name, "rename")) {
        ngx_str_set(&a->name, "renamed");
        return NGX_OK;
    }

    if (ngx_live_test_is(&a->name, "renamebad")) {
        ngx_str_set(&a->name, "../\nx");
        return NGX_OK;
    }

    if (ngx_live_test_is(&a->name, "renamelong")) {
        a->name.data = ngx_live_test_long;
        a->name.len = sizeof(ngx_live_test_long);
        return NGX_OK;
    }

    if (ngx_live_test_is(&a->name, "later")
        || ngx_live_test_is(&a->name, "renamelater")
        || ngx_live_test_is(&a->name, "laterdeny"))
    {
        return ngx_live_test_later(a);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_test_later(ngx_live_access_t *a)
{
    ngx_event_t  *ev;

    ev = ngx_pcalloc(a->pool, sizeof(ngx_event_t));
    if (ev == NULL) {
        return NGX_ERROR;
    }

    ev->handler = ngx_live_test_timer;
    ev->data = a;
    ev->log = a->log;

    a->ctx = ev;
    a->cancel = ngx_live_test_cancel;

    ngx_add_timer(ev, NGX_LIVE_TEST_DELAY);

    return NGX_AGAIN;
}


static void
ngx_live_test_timer(ngx_event_t *ev)
{
    ngx_live_access_t  *a = ev->data;

    if (ngx_live_test_is(&a->name, "laterdeny")) {
        ngx_str_set(&a->reason, "denied by test later");
        ngx_live_access_done(a, NGX_ABORT);
        return;
    }

    if (ngx_live_test_is(&a->name, "renamelater")) {
        ngx_str_set(&a->name, "a/b");
    }

    ngx_live_access_done(a, NGX_OK);
}


static void
ngx_live_test_cancel(ngx_live_access_t *a)
{
    ngx_event_t  *ev = a->ctx;

    ngx_log_error(NGX_LOG_INFO, a->log, 0, "test access check cancelled");

    ngx_del_timer(ev);
}


static ngx_int_t
ngx_live_test_rule(ngx_live_access_t *a)
{
    if (a->args.len >= sizeof("key=secret") - 1
        && ngx_strnstr(a->args.data, "key=secret", a->args.len))
    {
        return NGX_OK;
    }

    ngx_str_set(&a->reason, "test key is wrong");

    return NGX_DECLINED;
}


static void
ngx_live_test_event(ngx_live_event_sh_t *ev)
{
    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "test event %V \"%s\" \"%s\"",
                  &ngx_live_event_names[ev->type], ev->name, ev->detail);
}


static ngx_int_t
ngx_http_live_test_handler(ngx_http_request_t *r)
{
    ngx_int_t        rc;
    ngx_str_t        value;
    ngx_live_json_t  js;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_live_json_init(&js, r->pool);
    ngx_live_json_object(&js, NULL);

    ngx_live_json_int(&js, "slot", ngx_process_slot);
    ngx_live_json_int(&js, "pid", ngx_pid);
    ngx_live_json_int(&js, "ended", ngx_http_live_test_end(r));

    if (ngx_http_arg(r, (u_char *) "events", 6, &value) == NGX_OK) {
        ngx_http_live_test_events(&js, ngx_atoi(value.data, value.len));
    }

    ngx_http_live_test_packets(r, &js);
    ngx_http_live_test_participant(r);

    ngx_live_json_object_end(&js);

    return ngx_http_live_test_json(r, &js);
}


ngx_int_t
ngx_http_live_test_json(ngx_http_request_t *r, ngx_live_json_t *js)
{
    if (js->error) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    js->buf->last_buf = 1;

    return ngx_http_live_test_send(r, js->out, js->size);
}


ngx_int_t
ngx_http_live_test_send(ngx_http_request_t *r, ngx_chain_t *out, off_t size)
{
    ngx_int_t  rc;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = size;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


static ngx_int_t
ngx_http_live_test_end(ngx_http_request_t *r)
{
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) "sub", 3, &value) == NGX_OK) {
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_SUB, 0, &value);
    }

    if (ngx_http_arg(r, (u_char *) "jti", 3, &value) == NGX_OK) {
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_JTI, 0, &value);
    }

    if (ngx_http_arg(r, (u_char *) "stream", 6, &value) == NGX_OK) {
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_STREAM,
                                    ngx_atoi(value.data, value.len), NULL);
    }

    if (ngx_http_arg(r, (u_char *) "session", 7, &value) == NGX_OK) {
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_ID,
                                    ngx_atoi(value.data, value.len), NULL);
    }

    if (ngx_http_arg(r, (u_char *) "lease", 5, &value) == NGX_OK) {
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_LEASE,
                                    ngx_atoi(value.data, value.len), NULL);
    }

    return 0;
}


static void
ngx_http_live_test_participant(ngx_http_request_t *r)
{
    ngx_str_t               value;
    ngx_live_participant_t  p;

    if (ngx_http_arg(r, (u_char *) "participant", 11, &value) != NGX_OK) {
        return;
    }

    ngx_memzero(&p, sizeof(ngx_live_participant_t));

    p.what = (value.data[0] == 'j') ? NGX_LIVE_PARTICIPANT_JOINED
             : (value.data[0] == 'l') ? NGX_LIVE_PARTICIPANT_LEFT
                                      : NGX_LIVE_PARTICIPANT_STATUS;
    p.audio = -1;
    p.video = -1;

    ngx_str_set(&p.app, "live");
    ngx_str_set(&p.name, "a");
    ngx_str_set(&p.role, "viewer");

    (void) ngx_http_arg(r, (u_char *) "id", 2, &p.id);
    (void) ngx_http_arg(r, (u_char *) "name", 4, &p.name);

    if (ngx_http_arg(r, (u_char *) "audio", 5, &value) == NGX_OK) {
        p.audio = ngx_atoi(value.data, value.len);
    }

    if (ngx_http_arg(r, (u_char *) "video", 5, &value) == NGX_OK) {
        p.video = ngx_atoi(value.data, value.len);
    }

    ngx_live_participant(&p);
}


static void
ngx_http_live_test_packets(ngx_http_request_t *r, ngx_live_json_t *js)
{
    ngx_str_t  value, track;

    if (ngx_http_arg(r, (u_char *) "packets", 7, &value) == NGX_OK) {

        if (ngx_http_arg(r, (u_char *) "track", 5, &track) != NGX_OK) {
            ngx_str_set(&track, "0");
        }

        ngx_live_test_packets_open(&value, ngx_atoi(track.data, track.len));
        ngx_live_test_packets_show(js);
    }

    if (ngx_http_arg(r, (u_char *) "find", 4, &value) == NGX_OK) {
        ngx_live_test_packets_find(js, ngx_atoi(value.data, value.len));
    }

    if (ngx_http_arg(r, (u_char *) "close", 5, &value) == NGX_OK) {
        ngx_live_test_packets_close();
    }
}


static void
ngx_http_live_test_events(ngx_live_json_t *js, uint64_t seq)
{
    uint64_t             lost;
    ngx_live_event_sh_t  ev;

    lost = 0;

    ngx_live_json_array(js, "events");

    while (ngx_live_event_next(&seq, &ev, &lost) == NGX_OK) {
        ngx_live_json_object(js, NULL);
        ngx_live_json_int(js, "seq", ev.seq);
        ngx_live_json_int(js, "stream", ev.stream);
        ngx_live_json_string(js, "type", ngx_live_event_names[ev.type].data,
                             ngx_live_event_names[ev.type].len);
        ngx_live_json_string(js, "name", ev.name, ngx_strlen(ev.name));
        ngx_live_json_string(js, "detail", ev.detail, ngx_strlen(ev.detail));
        ngx_live_json_object_end(js);
    }

    ngx_live_json_array_end(js);
    ngx_live_json_int(js, "lost", lost);
}


/* the command's "post" is the handler */

static char *
ngx_http_live_test_location(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = (ngx_http_handler_pt) cmd->post;

    return NGX_CONF_OK;
}
