
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_registry.h"
#include "ngx_live_access.h"
#include "ngx_live_redis.h"
#include "ngx_live_session.h"
#include "ngx_live_worker.h"


#define NGX_LIVE_REGISTRY_SOON   50     /* ms: changes are told together */
#define NGX_LIVE_REGISTRY_NAMES  50     /* of one command */


static void ngx_live_registry_soon(void *data);
static void ngx_live_registry_timer(ngx_event_t *ev);
static void ngx_live_registry_streams(void);
static void ngx_live_registry_stream(ngx_live_stream_t *st);
static void ngx_live_registry_answer(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_registry_tracks(ngx_live_stream_sh_t *sh,
    ngx_str_t *text, size_t size);
static void ngx_live_registry_node(void);


/*
 * The publisher that came last has the name: two nodes with the same stream
 * do not take it from each other at each renewal, and an encoder that has gone
 * over to another node does not wait for the lease of the first.
 *
 * ARGV: lease, node, start, then further fields and values.  The name of the
 * node that has it is returned, nil if it is ours.
 */

static ngx_live_redis_script_t  ngx_live_registry_renew =
    ngx_live_redis_script(
        "local s = redis.call('HMGET', KEYS[1], 'node', 'start') "
        "if s[1] and s[1] ~= ARGV[2] "
        "and (tonumber(s[2]) or 0) > tonumber(ARGV[3]) then "
        "return s[1] end "
        "redis.call('HSET', KEYS[1], 'node', ARGV[2], 'start', ARGV[3], "
        "unpack(ARGV, 4)) "
        "redis.call('PEXPIRE', KEYS[1], ARGV[1]) "
        "return false");

static ngx_live_redis_script_t  ngx_live_registry_delete =
    ngx_live_redis_script(
        "if redis.call('HGET', KEYS[1], 'node') == ARGV[1] "
        "and redis.call('HGET', KEYS[1], 'uid') == ARGV[2] then "
        "return redis.call('DEL', KEYS[1]) end "
        "return 0");


/* names of streams, by when their leases end on the server's clock */

static ngx_live_redis_script_t  ngx_live_registry_index =
    ngx_live_redis_script(
        "local now = tonumber(redis.call('TIME')[1]) "
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) "
        "for i = 2, #ARGV do "
        "redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end "
        "redis.call('EXPIRE', KEYS[1], ARGV[1]) "
        "return 0");


static const char  *ngx_live_registry_states[] = {
    "live", "waiting", "ended"
};


static ngx_event_t             ngx_live_registry_event;
static ngx_connection_t        ngx_live_registry_dummy;
static ngx_live_redis_watch_t  ngx_live_registry_watch;

/* by index of the stream: another node has its name, which has been logged */
static u_char                 *ngx_live_registry_lost;


ngx_int_t
ngx_live_registry_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    ngx_live_registry_lost = ngx_pcalloc(cycle->pool,
                                         ngx_live_zone->sh->max_streams);
    if (ngx_live_registry_lost == NULL) {
        return NGX_ERROR;
    }

    ngx_live_registry_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_live_registry_event;

    ev->data = &ngx_live_registry_dummy;
    ev->log = cycle->log;
    ev->handler = ngx_live_registry_timer;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_LIVE_REGISTRY_RENEW);

    /* a Redis that has returned may know nothing */

    ngx_live_registry_watch.handler = ngx_live_registry_soon;
    ngx_live_redis_watch(&ngx_live_registry_watch);

    return NGX_OK;
}


ngx_int_t
ngx_live_registry_start(ngx_live_stream_t *st)
{
    if (ngx_live_redis_on()) {
        ngx_live_registry_lost[st->index] = 0;
        ngx_live_registry_soon(NULL);
    }

    return NGX_OK;
}


void
ngx_live_registry_config(ngx_live_stream_t *st, ngx_uint_t track)
{
    ngx_live_registry_soon(NULL);
}


void
ngx_live_registry_change(ngx_live_stream_t *st)
{
    ngx_live_registry_soon(NULL);
}


static void
ngx_live_registry_soon(void *data)
{
    ngx_event_t     *ev;
    ngx_msec_int_t   left;

    if (!ngx_live_redis_on()) {
        return;
    }

    ev = &ngx_live_registry_event;
    left = ev->timer.key - ngx_current_msec;

    if (!ev->timer_set || left > NGX_LIVE_REGISTRY_SOON) {
        ngx_add_timer(ev, NGX_LIVE_REGISTRY_SOON);
    }
}


void
ngx_live_registry_end(ngx_live_stream_t *st)
{
    ngx_live_main_conf_t   *lmcf;
    ngx_live_redis_args_t   a;

    if (!ngx_live_redis_on()) {
        return;
    }

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    ngx_live_redis_args_script(&a, &ngx_live_registry_delete, 1);
    ngx_live_redis_key(&a, "stream:{%V}", &st->sh->sn.str);
    ngx_live_redis_arg(&a, &lmcf->node);
    ngx_live_redis_arg_int(&a, st->sh->uid);

    /* if it fails, the lease runs out */

    (void) ngx_live_redis_command(&a, NULL, NULL);
}


static void
ngx_live_registry_timer(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_LIVE_REGISTRY_RENEW);

    if (!ngx_live_redis_up()) {
        return;
    }

    ngx_live_registry_streams();

    if (ngx_live_zone->sh->keeper == (ngx_atomic_uint_t) ngx_pid) {
        ngx_live_registry_node();
    }
}


static void
ngx_live_registry_streams(void)
{
    ngx_uint_t              i, n;
    ngx_live_stream_t      *st;
    ngx_live_zone_sh_t     *sh;
    ngx_live_redis_args_t   a;

    n = 0;
    sh = ngx_live_zone->sh;

    for (i = 0; i < sh->max_streams; i++) {

        st = sh->streams[i] ? ngx_live_stream_local(i) : NULL;

        if (st == NULL
            || !ngx_live_stream_owned(st)
            || st->sh->state == NGX_LIVE_STREAM_ENDED)
        {
            continue;
        }

        ngx_live_registry_stream(st);

        if (n++ == 0) {
            ngx_live_redis_args_script(&a, &ngx_live_registry_index, 1);
            ngx_live_redis_key(&a, "streams");
            ngx_live_redis_arg_int(&a, NGX_LIVE_REGISTRY_LEASE / 1000);
        }

        ngx_live_redis_arg(&a, &st->sh->sn.str);

        if (n == NGX_LIVE_REGISTRY_NAMES) {
            (void) ngx_live_redis_command(&a, NULL, NULL);
            n = 0;
        }
    }

    if (n) {
        (void) ngx_live_redis_command(&a, NULL, NULL);
    }
}


static void
ngx_live_registry_stream(ngx_live_stream_t *st)
{
    u_char                  buf[256];
    ngx_str_t               tracks;
    ngx_live_main_conf_t   *lmcf;
    ngx_live_stream_sh_t   *sh;
    ngx_live_redis_args_t   a;

    sh = st->sh;
    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    tracks.data = buf;
    ngx_live_registry_tracks(sh, &tracks, sizeof(buf));

    ngx_live_redis_args_script(&a, &ngx_live_registry_renew, 1);
    ngx_live_redis_key(&a, "stream:{%V}", &sh->sn.str);

    ngx_live_redis_arg_int(&a, NGX_LIVE_REGISTRY_LEASE);
    ngx_live_redis_arg(&a, &lmcf->node);
    ngx_live_redis_arg_int(&a, ngx_live_now()
                               - (ngx_live_clock() - sh->started));

    ngx_live_redis_arg_text(&a, "uid");
    ngx_live_redis_arg_int(&a, sh->uid);
    ngx_live_redis_arg_text(&a, "session");
    ngx_live_redis_arg_text(&a, (char *) sh->session);
    ngx_live_redis_arg_text(&a, "state");
    ngx_live_redis_arg_text(&a, ngx_live_registry_states[sh->state]);
    ngx_live_redis_arg_text(&a, "door");
    ngx_live_redis_arg(&a, &ngx_live_door_names[sh->door]);
    ngx_live_redis_arg_text(&a, "tracks");
    ngx_live_redis_arg(&a, &tracks);
    ngx_live_redis_arg_text(&a, "url");
    ngx_live_redis_arg(&a, ngx_live_redis_url());

    a.background = 1;

    (void) ngx_live_redis_command(&a, ngx_live_registry_answer,
                                  (void *) (uintptr_t) st->index);
}


static void
ngx_live_registry_answer(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_uint_t          index;
    ngx_live_stream_t  *st;

    index = (uintptr_t) data;

    if (reply->type == NGX_LIVE_REDIS_NIL) {
        ngx_live_registry_lost[index] = 0;
        return;
    }

    if (reply->type == NGX_LIVE_REDIS_ERROR) {

        if (reply->fault == NGX_LIVE_REDIS_ANSWERED) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "redis does not take a stream's entry: %V",
                          &reply->str);
        }

        return;
    }

    st = ngx_live_stream_local(index);

    if (st == NULL || ngx_live_registry_lost[index]) {
        return;
    }

    ngx_live_registry_lost[index] = 1;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "stream \"%V\" is published on node \"%V\" too, where its "
                  "publisher came later", &st->sh->sn.str, &reply->str);
}


static void
ngx_live_registry_tracks(ngx_live_stream_sh_t *sh, ngx_str_t *text,
    size_t size)
{
    u_char                 *p, *end;
    ngx_uint_t              i;
    ngx_live_track_sh_t    *track;
    ngx_live_track_info_t  *info;

    p = text->data;
    end = p + size;

    for (i = 0; i < sh->ntracks; i++) {
        track = &sh->tracks[i];

        if (track->config == 0) {
            continue;
        }

        info = &track->configs[track->config % NGX_LIVE_CONFIGS].info;

        if (info->kind == NGX_LIVE_KIND_VIDEO
            || info->kind == NGX_LIVE_KIND_AUDIO)
        {
            p = ngx_slprintf(p, end, "%s%s", p == text->data ? "" : ",",
                             info->string);
        }
    }

    text->len = p - text->data;
}


static void
ngx_live_registry_node(void)
{
    ngx_live_main_conf_t   *lmcf;
    ngx_live_redis_args_t   a;

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    ngx_live_redis_args(&a, "HSET");
    ngx_live_redis_key(&a, "node:{%V}", &lmcf->node);
    ngx_live_redis_arg_text(&a, "version");
    ngx_live_redis_arg_text(&a, NGX_LIVE_VERSION);
    ngx_live_redis_arg_text(&a, "time");
    ngx_live_redis_arg_int(&a, ngx_live_now());
    ngx_live_redis_arg_text(&a, "streams");
    ngx_live_redis_arg_int(&a, ngx_live_zone->sh->nstreams);
    ngx_live_redis_arg_text(&a, "sessions");
    ngx_live_redis_arg_int(&a, ngx_live_zone->sh->nsessions);

    ngx_live_redis_arg_text(&a, "url");
    ngx_live_redis_arg(&a, ngx_live_redis_url());

    (void) ngx_live_redis_command(&a, NULL, NULL);

    ngx_live_redis_args(&a, "PEXPIRE");
    ngx_live_redis_key(&a, "node:{%V}", &lmcf->node);
    ngx_live_redis_arg_int(&a, NGX_LIVE_REGISTRY_LEASE);

    (void) ngx_live_redis_command(&a, NULL, NULL);
}
