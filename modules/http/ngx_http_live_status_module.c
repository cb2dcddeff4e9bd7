
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_live.h"
#include "ngx_live_json.h"
#include "ngx_live_redis.h"
#include "ngx_live_stream.h"


static ngx_int_t ngx_http_live_status_handler(ngx_http_request_t *r);
static void ngx_http_live_status_zone(ngx_live_json_t *js);
static void ngx_http_live_status_stream(ngx_live_json_t *js,
    ngx_live_stream_sh_t *sh);
static void ngx_http_live_status_track(ngx_live_json_t *js,
    ngx_live_stream_sh_t *sh, ngx_uint_t id, ngx_uint_t live);
static void ngx_http_live_status_packets(ngx_live_json_t *js,
    ngx_live_packets_sh_t *sh);
static void ngx_http_live_status_repairs(ngx_live_json_t *js,
    ngx_live_timeline_t *tl);
static void ngx_http_live_status_metadata(ngx_live_json_t *js,
    ngx_live_metadata_queue_sh_t *queue);
static void ngx_http_live_status_cstring(ngx_live_json_t *js, const char *key,
    const void *s);
static char *ngx_http_live_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_status_commands[] = {

    { ngx_string("live_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_status_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_live_status_module = {
    NGX_MODULE_V1,
    &ngx_http_live_status_module_ctx,      /* module context */
    ngx_http_live_status_commands,         /* module directives */
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


static const char  *ngx_http_live_status_states[] = {
    "live", "waiting", "ended"
};

static const char  *ngx_http_live_status_kinds[] = {
    "none", "video", "audio", "data"
};


static ngx_int_t
ngx_http_live_status_handler(ngx_http_request_t *r)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_chain_t        *cl;
    ngx_live_json_t     js;
    ngx_live_stream_t  *st;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_live_zone == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_live_json_init(&js, r->pool);

    ngx_live_json_object(&js, NULL);
    ngx_http_live_status_zone(&js);
    ngx_live_redis_status(&js);
    ngx_live_call_hooks(status, (&js));
    ngx_live_json_array(&js, "streams");

    for (i = 0; i < ngx_live_zone->sh->max_streams; i++) {

        if (ngx_live_zone->sh->streams[i] == NULL) {
            continue;
        }

        /* a handle keeps the stream from being freed meanwhile */

        st = ngx_live_stream_open_index(i);
        if (st == NULL) {
            continue;
        }

        ngx_http_live_status_stream(&js, st->sh);

        ngx_live_stream_close(st);
    }

    ngx_live_json_array_end(&js);
    ngx_live_json_object_end(&js);

    if (js.error) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    js.buf->last_buf = (r == r->main);
    js.buf->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = js.size;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_http_live_cache_control(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    cl = js.out;

    return ngx_http_output_filter(r, cl);
}


static void
ngx_http_live_status_zone(ngx_live_json_t *js)
{
    ngx_live_zone_sh_t    *sh;
    ngx_live_main_conf_t  *lmcf;

    sh = ngx_live_zone->sh;
    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    ngx_live_json_string(js, "node", lmcf->node.data, lmcf->node.len);
    ngx_http_live_status_cstring(js, "version", NGX_LIVE_VERSION);
    ngx_live_json_int(js, "generation", lmcf->generation);

    ngx_live_json_object(js, "zone");

    ngx_live_json_string(js, "name",
                         ngx_live_zone->shm_zone->shm.name.data,
                         ngx_live_zone->shm_zone->shm.name.len);
    ngx_live_json_int(js, "size", ngx_live_zone->shm_zone->shm.size);
    ngx_live_json_int(js, "extents", sh->nextents);
    ngx_live_json_int(js, "extents_free", sh->nfree);
    ngx_live_json_int(js, "slab_free",
                      ngx_live_zone->shpool->pfree * ngx_pagesize);
    ngx_live_json_int(js, "streams", sh->nstreams);
    ngx_live_json_int(js, "streams_max", sh->max_streams);
    ngx_live_json_int(js, "sessions", sh->nsessions);
    ngx_live_json_int(js, "refused", sh->refused);

    ngx_live_json_object_end(js);
}


static void
ngx_http_live_status_stream(ngx_live_json_t *js, ngx_live_stream_sh_t *sh)
{
    int64_t      end;
    ngx_uint_t   i;
    ngx_uint_t   state;

    state = sh->state;
    end = state == NGX_LIVE_STREAM_LIVE ? ngx_live_clock() : sh->waiting;

    ngx_live_json_object(js, NULL);

    ngx_live_json_string(js, "application", sh->app.data, sh->app.len);
    ngx_live_json_string(js, "name", sh->name.data, sh->name.len);
    ngx_http_live_status_cstring(js, "state",
                                 ngx_http_live_status_states[state]);
    ngx_http_live_status_cstring(js, "session", sh->session);
    ngx_live_json_int(js, "generation", sh->conf_generation);
    ngx_live_json_int(js, "owner", (ngx_int_t) sh->owner);
    ngx_live_json_milli(js, "uptime", end - sh->created);

    ngx_live_json_object(js, "publisher");
    ngx_http_live_status_cstring(js, "address", sh->address);
    ngx_live_json_string(js, "door", ngx_live_door_names[sh->door].data,
                         ngx_live_door_names[sh->door].len);
    ngx_live_json_milli(js, "connected",
                        sh->started ? end - sh->started : 0);
    ngx_live_json_int(js, "count", sh->publishers);
    ngx_live_json_object_end(js);

    ngx_live_json_array(js, "tracks");

    for (i = 0; i < sh->ntracks; i++) {
        if (sh->tracks[i].config) {
            ngx_http_live_status_track(js, sh, i,
                                       state == NGX_LIVE_STREAM_LIVE);
        }
    }

    ngx_live_json_array_end(js);

    ngx_live_json_object(js, "viewers");

    for (i = 0; i < NGX_LIVE_DOOR_MAX; i++) {
        ngx_live_json_int(js, (char *) ngx_live_door_names[i].data,
                          sh->viewers[i]);
    }

    ngx_live_json_object_end(js);

    ngx_live_json_int(js, "bytes_in", sh->bytes_in);
    ngx_live_json_int(js, "bytes_out", sh->bytes_out);
    ngx_live_json_int(js, "dropped", sh->dropped);
    ngx_live_json_int(js, "skipped", sh->skipped);
    ngx_live_json_int(js, "memory", ngx_live_ring_memory(sh->ring));
    ngx_live_json_int(js, "buffered",
                      (ngx_int_t) (sh->ring->head - sh->ring->tail));

    ngx_http_live_status_repairs(js, &sh->timeline);
    ngx_http_live_status_metadata(js, &sh->metadata);

    ngx_live_call_hooks(stream_status, (sh, js));

    ngx_live_json_object_end(js);
}


static void
ngx_http_live_status_track(ngx_live_json_t *js, ngx_live_stream_sh_t *sh,
    ngx_uint_t id, ngx_uint_t live)
{
    ngx_live_track_sh_t    *track;
    ngx_live_track_info_t  *info;

    track = &sh->tracks[id];
    info = &track->configs[track->config % NGX_LIVE_CONFIGS].info;

    ngx_live_json_object(js, NULL);

    ngx_live_json_int(js, "id", id);
    ngx_http_live_status_cstring(js, "kind",
                                 ngx_http_live_status_kinds[info->kind]);
    ngx_http_live_status_cstring(js, "codec", info->string);
    ngx_live_json_int(js, "config", track->config);

    if (track->source) {
        ngx_live_json_int(js, "source", track->source - 1);
    }

    if (info->kind == NGX_LIVE_KIND_VIDEO) {
        ngx_live_json_int(js, "width", info->width);
        ngx_live_json_int(js, "height", info->height);
        ngx_live_json_milli(js, "fps", live ? track->fps : 0);
        ngx_live_json_milli(js, "key_interval", track->key_interval / 90);
        ngx_live_json_int(js, "keys", track->keys);
    }

    if (info->kind == NGX_LIVE_KIND_AUDIO) {
        ngx_live_json_int(js, "rate", info->rate);
        ngx_live_json_int(js, "channels", info->channels);
    }

    ngx_live_json_int(js, "bitrate", live ? track->bitrate : 0);
    ngx_live_json_int(js, "frames", track->frames);
    ngx_live_json_int(js, "bytes", track->bytes);
    ngx_live_json_milli(js, "time", track->last / 90);

    ngx_http_live_status_packets(js, &sh->packets[id]);

    ngx_live_json_object_end(js);
}


static void
ngx_http_live_status_packets(ngx_live_json_t *js, ngx_live_packets_sh_t *sh)
{
    ngx_uint_t           i, n;
    ngx_atomic_uint_t    slots;
    ngx_live_ring_sh_t  *ring;

    n = 0;
    ring = sh->ring ? &sh->ring->ring : NULL;

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        for (slots = sh->readers[i]; slots; slots &= slots - 1) {
            n++;
        }
    }

    ngx_live_json_object(js, "packets");
    ngx_live_json_int(js, "readers", n);
    ngx_live_json_int(js, "buffered",
                      ring ? (ngx_int_t) (ring->head - ring->tail) : 0);
    ngx_live_json_int(js, "memory", ring ? ngx_live_ring_memory(ring) : 0);
    ngx_live_json_int(js, "dropped", ring ? ring->dropped : 0);
    ngx_live_json_object_end(js);
}


static void
ngx_http_live_status_repairs(ngx_live_json_t *js, ngx_live_timeline_t *tl)
{
    ngx_live_json_object(js, "repairs");

    ngx_live_json_int(js, "wraps", tl->wraps);
    ngx_live_json_int(js, "jumps_forward", tl->jumps_forward);
    ngx_live_json_int(js, "jumps_back", tl->jumps_back);
    ngx_live_json_int(js, "nonmonotonic", tl->nonmonotonic);
    ngx_live_json_int(js, "late_tracks", tl->late);
    ngx_live_json_int(js, "restarts", tl->restarts);

    ngx_live_json_object_end(js);
}


static void
ngx_http_live_status_metadata(ngx_live_json_t *js,
    ngx_live_metadata_queue_sh_t *queue)
{
    ngx_live_json_object(js, "metadata");

    ngx_live_json_int(js, "waiting", queue->n);
    ngx_live_json_int(js, "taken", queue->taken);
    ngx_live_json_int(js, "dropped", queue->dropped);

    ngx_live_json_object_end(js);
}


static void
ngx_http_live_status_cstring(ngx_live_json_t *js, const char *key,
    const void *s)
{
    ngx_live_json_string(js, key, (u_char *) s, ngx_strlen(s));
}


static char *
ngx_http_live_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_live_status_handler;

    return NGX_CONF_OK;
}
