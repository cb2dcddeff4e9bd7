
/*
 * Copyright (C) nginx-live authors
 */


/*
 * For tests only.  Helpers of the publisher's sound, and a location that
 * shows the sound in the ring:
 *
 *     application live { test_helper NAME PROGRAM ARG ...; }
 *     (it gets the pictures too if its name is "all")
 *     location /frames { live_test_frames; }
 *     /frames?app=live&name=a
 *
 *     C TRACK VERSION HEX                          configuration
 *     F TRACK SEQ DTS FLAGS PREFIX HEX             frame
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_helper.h"
#include "ngx_live_publish.h"
#include "ngx_live_test.h"


#define NGX_LIVE_TEST_HELPERS  4


typedef struct {
    ngx_uint_t                 n;
    ngx_live_helper_conf_t     helpers[NGX_LIVE_TEST_HELPERS];
} ngx_live_test_helper_conf_t;


static void *ngx_live_test_helper_create_conf(ngx_conf_t *cf);
static char *ngx_live_test_helper_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_live_test_helper(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_live_test_helper_config(ngx_live_stream_t *st,
    ngx_uint_t track);
static size_t ngx_http_live_test_frames_write(ngx_live_reader_t *r,
    u_char *buf);
static u_char *ngx_http_live_test_frame(ngx_live_reader_t *r,
    ngx_live_frame_t *f, u_char *p);
static void ngx_http_live_test_reader(ngx_live_reader_t *r);


static ngx_command_t  ngx_live_test_helper_commands[] = {

    { ngx_string("test_helper"),
      NGX_LIVE_APP_CONF|NGX_CONF_2MORE,
      ngx_live_test_helper,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_test_helper_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_live_test_helper_create_conf,      /* create application conf */
    ngx_live_test_helper_merge_conf,       /* merge application conf */

    NULL,                                  /* stream start */
    ngx_live_test_helper_config,           /* stream config */
    NULL,                                  /* stream frame */
    NULL,                                  /* stream stop */
    NULL,                                  /* stream adopt */
    NULL,                                  /* stream end */
    NULL,                                  /* stream free */
    NULL,                                  /* stream status */

    NULL,                                  /* session open */
    NULL,                                  /* session close */

    NULL                                   /* status */
};


ngx_module_t  ngx_live_test_helper_module = {
    NGX_MODULE_V1,
    &ngx_live_test_helper_module_ctx,      /* module context */
    ngx_live_test_helper_commands,         /* module directives */
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


static void *
ngx_live_test_helper_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_live_test_helper_conf_t));
}


static char *
ngx_live_test_helper_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    return NGX_CONF_OK;
}


static char *
ngx_live_test_helper(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_test_helper_conf_t  *thcf = conf;

    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_live_helper_conf_t  *helper;

    if (thcf->n == NGX_LIVE_TEST_HELPERS) {
        return "has too many helpers";
    }

    helper = &thcf->helpers[thcf->n++];
    value = cf->args->elts;

    ngx_cpystrn(helper->name, value[1].data, NGX_LIVE_HELPER_NAME_LEN);

    helper->argv = ngx_pcalloc(cf->pool, cf->args->nelts * sizeof(char *));
    if (helper->argv == NULL) {
        return NGX_CONF_ERROR;
    }

    /* the parser ends each argument with a zero */

    for (i = 2; i < cf->args->nelts; i++) {
        helper->argv[i - 2] = (char *) value[i].data;
    }

    helper->bitrate = 1000000;
    helper->timeout = 4000;
    helper->nice = 5;

    return NGX_CONF_OK;
}


static void
ngx_live_test_helper_config(ngx_live_stream_t *st, ngx_uint_t track)
{
    ngx_uint_t                    i;
    ngx_live_config_sh_t         *config;
    ngx_live_test_helper_conf_t  *thcf;

    thcf = ngx_live_get_module_app_conf(st->app, ngx_live_test_helper_module);

    if (thcf->n == 0) {
        return;
    }

    config = ngx_live_stream_config(st, track, 0);

    if (config == NULL || config->info.kind != NGX_LIVE_KIND_AUDIO
        || st->sh->tracks[track].source)
    {
        return;
    }

    for (i = 0; i < thcf->n; i++) {
        thcf->helpers[i].tracks = (ngx_uint_t) 1 << track;

        if (ngx_strcmp(thcf->helpers[i].name, "all") == 0) {
            thcf->helpers[i].tracks |= 1;
        }

        thcf->helpers[i].source = track;

        (void) ngx_live_helper_start(st, &thcf->helpers[i]);
    }
}


ngx_int_t
ngx_http_live_test_frames_handler(ngx_http_request_t *r)
{
    size_t              size;
    uint64_t            tail;
    ngx_int_t           rc;
    ngx_str_t           app, name;
    ngx_buf_t          *b;
    ngx_chain_t         out;
    ngx_live_reader_t   reader;
    ngx_live_stream_t  *st;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_arg(r, (u_char *) "app", 3, &app) != NGX_OK
        || ngx_http_arg(r, (u_char *) "name", 4, &name) != NGX_OK)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    st = ngx_live_stream_find(&app, &name);
    if (st == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_memzero(&reader, sizeof(ngx_live_reader_t));
    reader.handler = ngx_http_live_test_reader;

    b = NULL;

    if (ngx_live_reader_open(&reader, st, 1000) == NGX_OK) {

        tail = st->sh->ring->tail;

        if (ngx_live_ring_pin(st->sh->ring, tail) == NGX_OK) {
            ngx_live_reader_advance(&reader, tail);
        }

        /* what comes in between is left out */

        size = ngx_http_live_test_frames_write(&reader, NULL);
        b = ngx_create_temp_buf(r->pool, size + 65536);

        if (b) {
            b->last += ngx_http_live_test_frames_write(&reader, b->pos);
            *b->last++ = '\n';
        }

        ngx_live_reader_close(&reader);
    }

    ngx_live_stream_close(st);

    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_live_test_send(r, &out, b->last - b->pos);
}


static void
ngx_http_live_test_reader(ngx_live_reader_t *r)
{
    /* it is closed before it could be called */
}


/* without a buffer: the size only */

static size_t
ngx_http_live_test_frames_write(ngx_live_reader_t *r, u_char *buf)
{
    u_char                *p;
    size_t                 size;
    uint64_t               seq;
    ngx_uint_t             i;
    ngx_live_frame_t      *f;
    ngx_live_config_sh_t  *config;

    p = buf;
    size = 0;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        config = ngx_live_stream_config(r->stream, i, 0);

        if (config == NULL) {
            continue;
        }

        size += 64 + 2 * config->size;

        if (p) {
            p = ngx_sprintf(p, "C %ui %uD ", i, config->version);
            p = ngx_hex_dump(p, config->data, config->size);
            *p++ = '\n';
        }
    }

    for (seq = r->seq; (f = ngx_live_reader_frame(r, seq)) != NULL; seq++) {

        /* sound is enough */

        if (!(f->flags & NGX_LIVE_FRAME_AUDIO)) {
            continue;
        }

        size += 128 + 2 * f->size;

        if (p) {
            p = ngx_http_live_test_frame(r, f, p);
        }
    }

    return p ? (size_t) (p - buf) : size;
}


static u_char *
ngx_http_live_test_frame(ngx_live_reader_t *r, ngx_live_frame_t *f, u_char *p)
{
    size_t    n;
    u_char   *data;
    uint32_t  offset;

    p = ngx_sprintf(p, "F %ud %uL %L %ud %ud ", (unsigned) f->track, f->seq,
                    f->dts, (unsigned) f->flags, (unsigned) f->prefix);

    for (offset = 0;
         (n = ngx_live_reader_slice(r, f, offset, &data)) != 0;
         offset += n)
    {
        p = ngx_hex_dump(p, data, n);
    }

    *p++ = '\n';

    return p;
}
