
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_packager.h"
#include "ngx_live_hls_recover.h"
#include "ngx_live_json.h"
#include "ngx_live_worker.h"

#include <ngx_thread_pool.h>


/* of PART-TARGET, which is hls_part at least, that a part fills, in % */
#define NGX_LIVE_HLS_PART_LEAST  85


static void *ngx_live_hls_create_app_conf(ngx_conf_t *cf);
static char *ngx_live_hls_merge_app_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_uint_t ngx_live_hls_most_parts(ngx_live_hls_app_conf_t *conf);
static char *ngx_live_hls_check_conf(ngx_conf_t *cf,
    ngx_live_hls_app_conf_t *conf);
static char *ngx_live_hls_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_hls_waiters(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_live_hls_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_live_hls_init_process(ngx_cycle_t *cycle);

static ngx_live_hls_packager_t *ngx_live_hls_packager(ngx_live_stream_t *st);
static ngx_live_hls_packager_t *ngx_live_hls_open(ngx_live_stream_t *st);
static ngx_live_hls_packager_t *ngx_live_hls_create(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf);
static ngx_int_t ngx_live_hls_search(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf);
static void ngx_live_hls_recovered(ngx_live_stream_t *st,
    ngx_live_hls_recover_t *rec, ngx_int_t rc);
static void ngx_live_hls_replay(ngx_live_stream_t *st,
    ngx_live_hls_packager_t *p, uint64_t seq);
static void ngx_live_hls_close(ngx_live_stream_t *st);
static ngx_int_t ngx_live_hls_stream_start(ngx_live_stream_t *st);
static void ngx_live_hls_stream_frame(ngx_live_stream_t *st,
    ngx_live_frame_t *f);
static void ngx_live_hls_stream_stop(ngx_live_stream_t *st);
static void ngx_live_hls_stream_adopt(ngx_live_stream_t *st);
static void ngx_live_hls_stream_end(ngx_live_stream_t *st);
static void ngx_live_hls_stream_free(ngx_live_stream_sh_t *sh);
static void ngx_live_hls_stream_status(ngx_live_stream_sh_t *sh,
    ngx_live_json_t *js);
static void ngx_live_hls_status_rendition(ngx_live_hls_rendition_sh_t *r,
    ngx_live_json_t *js);
static void ngx_live_hls_status_counters(ngx_live_hls_sh_t *hls,
    ngx_live_json_t *js);


static ngx_conf_num_bounds_t  ngx_live_hls_queue_bounds = {
    ngx_conf_check_num_bounds, 1, 65536
};


static ngx_command_t  ngx_live_hls_commands[] = {

    { ngx_string("hls"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, enable),
      NULL },

    { ngx_string("hls_segment"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, segment),
      NULL },

    { ngx_string("hls_target_duration"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, target_duration),
      NULL },

    { ngx_string("hls_part"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, part),
      NULL },

    { ngx_string("hls_window"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, window),
      NULL },

    { ngx_string("hls_path"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_live_hls_path,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("hls_threads"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, threads),
      NULL },

    { ngx_string("hls_queue"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, queue),
      &ngx_live_hls_queue_bounds },

    { ngx_string("hls_waiters"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE12,
      ngx_live_hls_waiters,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("hls_secret"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_hls_app_conf_t, secrets),
      NULL },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_hls_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_live_hls_create_app_conf,          /* create application conf */
    ngx_live_hls_merge_app_conf,           /* merge application conf */

    ngx_live_hls_stream_start,             /* stream start */
    NULL,                                  /* stream config */
    ngx_live_hls_stream_frame,             /* stream frame */
    ngx_live_hls_stream_stop,              /* stream stop */
    ngx_live_hls_stream_adopt,             /* stream adopt */
    ngx_live_hls_stream_end,               /* stream end */
    ngx_live_hls_stream_free,              /* stream free */
    ngx_live_hls_stream_status,            /* stream status */

    NULL,                                  /* session open */
    NULL,                                  /* session close */

    NULL                                   /* status */
};


ngx_module_t  ngx_live_hls_module = {
    NGX_MODULE_V1,
    &ngx_live_hls_module_ctx,              /* module context */
    ngx_live_hls_commands,                 /* module directives */
    NGX_LIVE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_live_hls_init_module,              /* init module */
    ngx_live_hls_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/*
 * The packager of a stream that this worker owns, or NULL.
 */

static ngx_live_hls_packager_t *
ngx_live_hls_packager(ngx_live_stream_t *st)
{
    ngx_live_hls_local_t  *local;

    local = ngx_live_stream_module_ctx(st, ngx_live_hls_module);

    return local ? local->packager : NULL;
}


/* NULL also while a session is looked for: ngx_live_hls_recovered() follows */

static ngx_live_hls_packager_t *
ngx_live_hls_open(ngx_live_stream_t *st)
{
    ngx_live_hls_sh_t        *hls;
    ngx_live_hls_local_t     *local;
    ngx_live_hls_app_conf_t  *conf;

    local = ngx_live_hls_local(st);

    if (local == NULL || local->recover) {
        return NULL;
    }

    if (local->packager) {
        return local->packager;
    }

    conf = ngx_live_get_module_app_conf(st->app, ngx_live_hls_module);
    hls = ngx_live_hls_get(st->sh);

    if (!conf->enable) {

        if (hls) {
            ngx_live_metadata_want(st->sh, 0);
            ngx_live_hls_index_state(hls, NGX_LIVE_HLS_ENDED);
        }

        return NULL;
    }

    /* players know of its end: the stream has no other session */

    if (hls && hls->state == NGX_LIVE_HLS_ENDED) {
        return NULL;
    }

    if (hls == NULL || hls->recovering) {

        if (ngx_live_hls_search(st, conf) == NGX_AGAIN) {
            return NULL;
        }

    } else {
        hls->stat.adopted++;
    }

    return ngx_live_hls_create(st, conf);
}


static ngx_live_hls_packager_t *
ngx_live_hls_create(ngx_live_stream_t *st, ngx_live_hls_app_conf_t *conf)
{
    ngx_live_hls_packager_t  *p;

    p = ngx_live_hls_packager_create(st, conf);

    if (p == NULL) {
        ngx_log_error(NGX_LOG_ERR, st->log, 0,
                      "no memory for HLS of \"%V\"", &st->sh->sn.str);
        return NULL;
    }

    ngx_live_hls_local(st)->packager = p;

    return p;
}


/*
 * NGX_AGAIN: a session is looked for; players of the stream wait for its
 * first playlist, as they do while it is measured.
 */

static ngx_int_t
ngx_live_hls_search(ngx_live_stream_t *st, ngx_live_hls_app_conf_t *conf)
{
    ngx_live_hls_sh_t     *hls;
    ngx_live_hls_local_t  *local;

    hls = ngx_live_hls_get(st->sh);
    local = ngx_live_hls_local(st);

    if (ngx_live_hls_recover_wanted(st, conf)) {

        if (hls == NULL) {
            hls = ngx_live_hls_index_create(st->sh, conf);
        }

        if (hls) {
            if (!hls->recovering) {
                hls->recovered = st->sh->ring->head;
                hls->recovering = ngx_live_now();
            }

            local->recover = ngx_live_hls_recover(st, conf,
                                                  ngx_live_hls_recovered);
        }
    }

    if (local->recover) {
        return NGX_AGAIN;
    }

    if (hls) {
        hls->recovering = 0;
    }

    return NGX_DECLINED;
}


/* what has come in meanwhile is in the ring */

static void
ngx_live_hls_recovered(ngx_live_stream_t *st, ngx_live_hls_recover_t *rec,
    ngx_int_t rc)
{
    ngx_live_hls_sh_t        *hls;
    ngx_live_hls_packager_t  *p;

    ngx_live_hls_local(st)->recover = NULL;

    if (rc == NGX_ERROR) {
        return;
    }

    hls = ngx_live_hls_get(st->sh);

    p = ngx_live_hls_create(st, ngx_live_get_module_app_conf(st->app,
                                                        ngx_live_hls_module));
    if (p && rc == NGX_OK) {
        ngx_live_hls_recover_finish(rec, p);
        ngx_live_hls_packager_skip(p, hls->recovering);
    }

    hls->recovering = 0;

    if (p) {
        ngx_live_hls_replay(st, p, hls->recovered);

    } else if (rc == NGX_OK) {

        /* nobody may take its open segment for a new one */

        ngx_live_hls_index_state(hls, NGX_LIVE_HLS_ENDED);
    }

    ngx_live_stream_ring(st);
    ngx_live_notice();
}


static void
ngx_live_hls_replay(ngx_live_stream_t *st, ngx_live_hls_packager_t *p,
    uint64_t seq)
{
    ngx_live_ring_sh_t  *ring;

    ring = st->sh->ring;

    if (st->publisher || seq != ring->head) {
        ngx_live_hls_packager_start(p);
    }

    for (seq = ngx_max(seq, ring->tail); seq < ring->head; seq++) {
        ngx_live_hls_packager_frame(p, ngx_live_ring_entry(ngx_live_zone,
                                                           ring, seq));
    }

    if (st->publisher == NULL) {
        ngx_live_hls_packager_stop(p);
    }
}


static void
ngx_live_hls_close(ngx_live_stream_t *st)
{
    ngx_live_hls_local_t  *local;

    local = ngx_live_stream_module_ctx(st, ngx_live_hls_module);

    if (local == NULL) {
        return;
    }

    if (local->recover) {
        ngx_live_hls_recover_cancel(local->recover);
        local->recover = NULL;
    }

    if (local->packager) {
        ngx_live_hls_packager_destroy(local->packager);
        local->packager = NULL;
    }
}


static ngx_int_t
ngx_live_hls_stream_start(ngx_live_stream_t *st)
{
    ngx_live_hls_packager_t  *p;

    p = ngx_live_hls_open(st);

    if (p) {
        ngx_live_hls_packager_start(p);
    }

    /* without HLS the other doors go on */

    return NGX_OK;
}


static void
ngx_live_hls_stream_frame(ngx_live_stream_t *st, ngx_live_frame_t *f)
{
    ngx_live_hls_packager_t  *p;

    p = ngx_live_hls_packager(st);

    if (p) {
        ngx_live_hls_packager_frame(p, f);
    }
}


static void
ngx_live_hls_stream_stop(ngx_live_stream_t *st)
{
    ngx_live_hls_packager_t  *p;

    if (!st->owned) {
        ngx_live_hls_close(st);
        return;
    }

    p = ngx_live_hls_packager(st);

    if (p) {
        ngx_live_hls_packager_stop(p);
    }
}


static void
ngx_live_hls_stream_adopt(ngx_live_stream_t *st)
{
    ngx_live_hls_packager_t  *p;

    if (ngx_live_hls_get(st->sh) == NULL) {
        return;
    }

    p = ngx_live_hls_open(st);

    if (p) {
        ngx_live_hls_packager_stop(p);
    }
}


static void
ngx_live_hls_stream_end(ngx_live_stream_t *st)
{
    ngx_live_hls_sh_t        *hls;
    ngx_live_hls_packager_t  *p;

    p = ngx_live_hls_packager(st);

    if (p) {
        ngx_live_hls_packager_end(p);
    }

    ngx_live_hls_close(st);

    hls = ngx_live_hls_get(st->sh);

    if (hls) {
        hls->recovering = 0;
        ngx_live_hls_index_state(hls, NGX_LIVE_HLS_ENDED);
    }
}


static void
ngx_live_hls_stream_free(ngx_live_stream_sh_t *sh)
{
    ngx_live_hls_sh_t  *hls;

    hls = ngx_live_hls_get(sh);

    if (hls) {
        ngx_live_hls_index_free(hls);
    }
}


static void
ngx_live_hls_stream_status(ngx_live_stream_sh_t *sh, ngx_live_json_t *js)
{
    ngx_uint_t                 i;
    ngx_live_hls_sh_t         *hls;
    static const char * const  states[] = { "measuring", "live", "away",
                                            "ended", "recovering" };

    hls = ngx_live_hls_get(sh);

    if (hls == NULL) {
        return;
    }

    ngx_live_json_object(js, "hls");

    ngx_live_json_string(js, "session", hls->session,
                         ngx_strlen(hls->session));

    i = hls->recovering ? 4 : hls->state;

    ngx_live_json_string(js, "state", (u_char *) states[i],
                         ngx_strlen(states[i]));
    ngx_live_json_bool(js, "low_latency", hls->low_latency);

    if (hls->reason[0]) {
        ngx_live_json_string(js, "reason", hls->reason,
                             ngx_strlen(hls->reason));
    }

    ngx_live_json_int(js, "target_duration", hls->target_duration);
    ngx_live_json_int(js, "part_target_us", hls->part_target_us);

    ngx_live_json_array(js, "renditions");

    for (i = 0; i < hls->nrenditions; i++) {
        ngx_live_hls_status_rendition(hls->renditions[i], js);
    }

    ngx_live_json_array_end(js);

    ngx_live_hls_status_counters(hls, js);

    ngx_live_json_object_end(js);
}


static void
ngx_live_hls_status_rendition(ngx_live_hls_rendition_sh_t *r,
    ngx_live_json_t *js)
{
    ngx_live_json_object(js, NULL);

    ngx_live_json_string(js, "name", r->name, ngx_strlen(r->name));
    ngx_live_json_string(js, "codec", r->string, ngx_strlen(r->string));
    ngx_live_json_int(js, "first", r->first);
    ngx_live_json_int(js, "next", r->next);
    ngx_live_json_int(js, "discontinuities", r->discontinuity);
    ngx_live_json_int(js, "peak", r->bandwidth.peak);
    ngx_live_json_int(js, "average", r->bandwidth.average);
    ngx_live_json_int(js, "memory", ngx_live_ring_memory(r->ring)
                           + (r->nextents + 2) * NGX_LIVE_EXTENT_SIZE);

    ngx_live_json_object_end(js);
}


static void
ngx_live_hls_status_counters(ngx_live_hls_sh_t *hls, ngx_live_json_t *js)
{
    ngx_live_hls_stat_sh_t  *stat;

    stat = &hls->stat;

    ngx_live_json_int(js, "segments", stat->segments);
    ngx_live_json_int(js, "parts", stat->parts);
    ngx_live_json_int(js, "gaps", stat->gaps);
    ngx_live_json_int(js, "forced", stat->forced);
    ngx_live_json_int(js, "discontinuities", stat->discontinuities);
    ngx_live_json_int(js, "continued", stat->continued);
    ngx_live_json_int(js, "adopted", stat->adopted);
    ngx_live_json_int(js, "held", stat->held);
    ngx_live_json_int(js, "disk_errors", stat->disk_errors);
    ngx_live_json_int(js, "disk_refused", stat->disk_refused);
    ngx_live_json_int(js, "disk_queued", stat->disk_queued);
    ngx_live_json_int(js, "disk_bytes", stat->disk_bytes);
}


static void *
ngx_live_hls_create_app_conf(ngx_conf_t *cf)
{
    ngx_live_hls_app_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_live_hls_app_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->segment = NGX_CONF_UNSET_MSEC;
    conf->target_duration = NGX_CONF_UNSET_MSEC;
    conf->part = NGX_CONF_UNSET_MSEC;
    conf->window = NGX_CONF_UNSET_MSEC;
    conf->queue = NGX_CONF_UNSET_UINT;
    conf->waiters = NGX_CONF_UNSET_UINT;
    conf->conn_waiters = NGX_CONF_UNSET_UINT;
    conf->secrets = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_live_hls_merge_app_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_live_hls_app_conf_t *prev = parent;
    ngx_live_hls_app_conf_t *conf = child;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_msec_value(conf->segment, prev->segment, 4000);
    ngx_conf_merge_msec_value(conf->target_duration, prev->target_duration,
                              6000);
    ngx_conf_merge_msec_value(conf->part, prev->part, 500);
    ngx_conf_merge_msec_value(conf->window, prev->window, 60000);
    ngx_conf_merge_str_value(conf->path, prev->path, "");
    ngx_conf_merge_str_value(conf->threads, prev->threads, "default");
    ngx_conf_merge_uint_value(conf->queue, prev->queue, 128);
    ngx_conf_merge_uint_value(conf->waiters, prev->waiters, 10000);
    ngx_conf_merge_uint_value(conf->conn_waiters, prev->conn_waiters, 128);
    ngx_conf_merge_value(conf->secrets, prev->secrets, 0);

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    if (conf->secrets) {

        /* filled when nginx has made the directory */

        conf->keys = ngx_pcalloc(cf->pool, sizeof(ngx_live_hls_keys_t));
        if (conf->keys == NULL) {
            return NGX_CONF_ERROR;
        }

        /* a reload that fails later than now takes nginx with it */

        if (ngx_live_hls_secret_test(&conf->path, cf->log) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    conf->pool = ngx_thread_pool_add(cf, &conf->threads);
    if (conf->pool == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_live_hls_check_conf(cf, conf);
}


static char *
ngx_live_hls_check_conf(ngx_conf_t *cf, ngx_live_hls_app_conf_t *conf)
{
    const char           *error;
    ngx_live_app_conf_t  *lacf;

    lacf = ngx_live_conf_get_module_app_conf(cf, ngx_live_core_module);

    if (conf->path.len == 0) {
        error = "\"hls\" needs \"hls_path\"";

    } else if (conf->segment < 500 || conf->segment > 60000) {
        error = "\"hls_segment\" must be between 500ms and 60s";

    } else if (conf->target_duration < conf->segment
               || conf->target_duration > 120000)
    {
        error = "\"hls_target_duration\" must be between "
                "\"hls_segment\" and 2m";

    } else if (conf->part && (conf->part < 100 || conf->part > 10000)) {
        error = "\"hls_part\" must be between 100ms and 10s, or 0";

    } else if (conf->part > conf->segment) {
        error = "\"hls_part\" must not be longer than \"hls_segment\"";

    } else if (ngx_live_hls_most_parts(conf) > NGX_LIVE_HLS_PARTS) {
        error = "\"hls_part\" is too short: six times "
                "\"hls_target_duration\" may have more than 512 parts";

    } else if (conf->window < 3 * conf->target_duration) {
        error = "\"hls_window\" must be at least three times "
                "\"hls_target_duration\"";

    } else {
        return NGX_CONF_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "%s in application \"%V\" in %s:%ui",
                  error, &lacf->name, lacf->file, lacf->line);

    return NGX_CONF_ERROR;
}


/*
 * Parts are listed for three target durations and answered for three more:
 * at worst all are of the least length, and each segment ends with a short
 * one.
 */

static ngx_uint_t
ngx_live_hls_most_parts(ngx_live_hls_app_conf_t *conf)
{
    ngx_uint_t  time;

    if (conf->part == 0) {
        return 0;
    }

    time = 6 * conf->target_duration;

    return time * 100 / (NGX_LIVE_HLS_PART_LEAST * conf->part)
           + time / conf->segment;
}


/* nginx makes the directory and gives it to the workers' user */

static char *
ngx_live_hls_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_hls_app_conf_t *hacf = conf;

    ngx_str_t   *value;
    ngx_path_t  *path;

    if (hacf->path.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    path->name = value[1];

    while (path->name.len > 1 && path->name.data[path->name.len - 1] == '/') {
        path->name.data[--path->name.len] = '\0';
    }

    if (path->name.len < 1 || ngx_strcmp(path->name.data, "/") == 0) {
        return "is invalid";
    }

    if (ngx_conf_full_name(cf->cycle, &path->name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    if (ngx_add_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    hacf->path = path->name;

    return NGX_CONF_OK;
}


static char *
ngx_live_hls_waiters(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_hls_app_conf_t *hacf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (hacf->waiters != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR) {
        return "has an invalid number";
    }

    hacf->waiters = n;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    n = ngx_atoi(value[2].data, value[2].len);

    if (n == NGX_ERROR) {
        return "has an invalid number";
    }

    hacf->conn_waiters = n;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_live_hls_init_module(ngx_cycle_t *cycle)
{
    time_t                     listed;
    ngx_uint_t                 i;
    ngx_live_app_conf_t      **apps;
    ngx_live_main_conf_t      *lmcf;
    ngx_live_hls_app_conf_t   *conf;

    ngx_live_hls_recover_start();

    lmcf = ngx_live_main_conf(cycle);

    if (lmcf == NULL) {
        return NGX_OK;
    }

    apps = lmcf->apps.elts;

    for (i = 0; i < lmcf->apps.nelts; i++) {
        conf = ngx_live_get_module_app_conf(apps[i], ngx_live_hls_module);

        if (conf->keys == NULL) {
            continue;
        }

        listed = (2 * conf->window + 4 * conf->target_duration) / 1000;

        if (ngx_live_hls_secret_load(&conf->path, listed, conf->keys,
                                     cycle->log)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_init_process(ngx_cycle_t *cycle)
{
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    ngx_live_hls_mux_start();

    return ngx_live_hls_keeper_init_process(cycle);
}
