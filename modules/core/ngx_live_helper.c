
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The life of a helper:
 *
 *     waiting   for the time of its next start, by a timer
 *     running   a timer asks it once a second how it is
 *     stopped   there is no publisher in this worker
 *
 * Whatever goes wrong ends the process and leads to waiting.
 */


#include "ngx_live_helper.h"


#define NGX_LIVE_HELPER_KEY_SH    0x504c4548     /* "HELP" */

/* ms */
#define NGX_LIVE_HELPER_TICK      1000
#define NGX_LIVE_HELPER_RETRY     500
#define NGX_LIVE_HELPER_RETRY_MAX 30000

/* ms after which a life was a good one */
#define NGX_LIVE_HELPER_GOOD      30000

/* tracks that publishers number themselves: RTMP's video, audio, data */
#define NGX_LIVE_HELPER_TRACKS    3


typedef struct {
    ngx_uint_t                 n;
    ngx_live_helper_sh_t       helpers[NGX_LIVE_HELPERS];
} ngx_live_helpers_sh_t;


static ngx_live_helper_sh_t *ngx_live_helper_shared(ngx_live_stream_t *st,
    ngx_live_helper_conf_t *conf);
static ngx_live_helpers_sh_t *ngx_live_helper_table(ngx_live_stream_t *st);
static ngx_uint_t ngx_live_helper_new_track(ngx_live_stream_t *st,
    ngx_live_helpers_sh_t *table);
static ngx_queue_t *ngx_live_helper_list(ngx_live_stream_t *st);
static void ngx_live_helper_timer(ngx_event_t *ev);
static void ngx_live_helper_run(ngx_live_helper_t *h);
static void ngx_live_helper_ask(ngx_live_helper_t *h);
static void ngx_live_helper_retry(ngx_live_helper_t *h);


ngx_int_t
ngx_live_helper_start(ngx_live_stream_t *st, ngx_live_helper_conf_t *conf)
{
    ngx_queue_t           *list, *q;
    ngx_live_helper_t     *h;
    ngx_live_helper_sh_t  *sh;

    if (st->publisher == NULL || !ngx_live_stream_owned(st)) {
        return NGX_ERROR;
    }

    list = ngx_live_helper_list(st);

    if (list == NULL) {
        return NGX_ERROR;
    }

    for (q = ngx_queue_head(list);
         q != ngx_queue_sentinel(list);
         q = ngx_queue_next(q))
    {
        h = ngx_queue_data(q, ngx_live_helper_t, queue);

        if (ngx_strcmp(h->conf->name, conf->name) == 0) {
            return NGX_OK;
        }
    }

    sh = ngx_live_helper_shared(st, conf);

    if (sh == NULL) {
        ngx_log_error(NGX_LOG_ERR, st->log, 0,
                      "no room for helper \"%s\" of \"%V\": \"tracks\" or "
                      "the zone is too small", conf->name, &st->sh->sn.str);
        return NGX_ERROR;
    }

    h = ngx_calloc(sizeof(ngx_live_helper_t), st->log);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->stream = st;
    h->conf = conf;
    h->sh = sh;
    h->log = st->log;

    h->timer.handler = ngx_live_helper_timer;
    h->timer.data = h;
    h->timer.log = st->log;

    /* the publisher's session keeps a worker that is leaving */

    h->timer.cancelable = 1;

    /* one that a dead worker had has met the end of file */

    sh->pid = 0;

    ngx_queue_insert_tail(list, &h->queue);

    /* not from within the hook: the stream is only just being set up */

    ngx_add_timer(&h->timer,
                  ngx_max(sh->retry - ngx_live_clock(), 1));

    return NGX_OK;
}


/* what the helper of this name, in whichever worker, has left; or a new one */

static ngx_live_helper_sh_t *
ngx_live_helper_shared(ngx_live_stream_t *st, ngx_live_helper_conf_t *conf)
{
    ngx_uint_t              i, track;
    ngx_live_helper_sh_t   *sh;
    ngx_live_helpers_sh_t  *table;

    table = ngx_live_helper_table(st);

    if (table == NULL) {
        return NULL;
    }

    for (i = 0; i < table->n; i++) {
        sh = &table->helpers[i];

        if (ngx_strcmp(sh->name, conf->name) == 0) {
            return sh->track < st->app->tracks ? sh : NULL;
        }
    }

    if (table->n == NGX_LIVE_HELPERS) {
        return NULL;
    }

    track = ngx_live_helper_new_track(st, table);

    if (track == NGX_LIVE_TRACKS) {
        return NULL;
    }

    sh = &table->helpers[table->n];

    ngx_memzero(sh, sizeof(ngx_live_helper_sh_t));
    ngx_cpystrn(sh->name, conf->name, NGX_LIVE_HELPER_NAME_LEN);

    sh->track = track;
    st->sh->tracks[track].source = conf->source + 1;

    ngx_live_barrier();

    table->n++;

    return sh;
}


static ngx_live_helpers_sh_t *
ngx_live_helper_table(ngx_live_stream_t *st)
{
    ngx_live_helpers_sh_t  *table;

    table = ngx_live_stream_attachment(st->sh, NGX_LIVE_HELPER_KEY_SH);

    if (table) {
        return table;
    }

    ngx_live_zone_lock(ngx_live_zone);

    table = ngx_live_zone_alloc_locked(ngx_live_zone,
                                       sizeof(ngx_live_helpers_sh_t));

    if (table && ngx_live_stream_attach(st->sh, NGX_LIVE_HELPER_KEY_SH, table)
                 != NGX_OK)
    {
        ngx_live_zone_free_locked(ngx_live_zone, table);
        table = NULL;
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return table;
}


/* from the last one down: publishers number theirs from the first one up */

static ngx_uint_t
ngx_live_helper_new_track(ngx_live_stream_t *st, ngx_live_helpers_sh_t *table)
{
    ngx_uint_t            track;
    ngx_live_track_sh_t  *t;

    for (track = st->app->tracks; track > NGX_LIVE_HELPER_TRACKS; track--) {
        t = &st->sh->tracks[track - 1];

        if (t->config == 0 && t->source == 0) {
            return track - 1;
        }
    }

    return NGX_LIVE_TRACKS;
}


static ngx_queue_t *
ngx_live_helper_list(ngx_live_stream_t *st)
{
    ngx_queue_t  *list;

    list = ngx_live_stream_module_ctx(st, ngx_live_core_module);

    if (list == NULL) {
        list = ngx_palloc(st->pool, sizeof(ngx_queue_t));

        if (list) {
            ngx_queue_init(list);
            ngx_live_stream_module_ctx(st, ngx_live_core_module) = list;
        }
    }

    return list;
}


void
ngx_live_helper_stop(ngx_live_stream_t *st)
{
    ngx_queue_t        *list, *q;
    ngx_live_helper_t  *h;

    list = ngx_live_stream_module_ctx(st, ngx_live_core_module);

    if (list == NULL) {
        return;
    }

    while (!ngx_queue_empty(list)) {
        q = ngx_queue_head(list);
        ngx_queue_remove(q);

        h = ngx_queue_data(q, ngx_live_helper_t, queue);

        if (h->timer.timer_set) {
            ngx_del_timer(&h->timer);
        }

        /* end of file asks it to end, the signals see to it: it may hang */

        ngx_live_helper_signal(h, SIGTERM);
        ngx_live_helper_signal(h, SIGCONT);

        ngx_live_helper_close(h);

        /* the shared part is the next owner's already, if there is one */

        if (ngx_live_stream_owned(st)) {
            h->sh->pid = 0;
        }

        ngx_free(h);
    }
}


static void
ngx_live_helper_timer(ngx_event_t *ev)
{
    ngx_live_helper_t  *h;

    h = ev->data;

    if (!ngx_live_stream_owned(h->stream) || h->stream->publisher == NULL) {

        /* about to be stopped */

        return;
    }

    if (h->connection == NULL) {
        ngx_live_helper_run(h);

    } else {
        ngx_live_helper_ask(h);
    }
}


static void
ngx_live_helper_run(ngx_live_helper_t *h)
{
    ngx_live_helper_process_t  process;

    h->sh->starts++;
    h->sh->started = ngx_live_clock();

    if (ngx_live_helper_spawn(&process, h->conf->argv, h->conf->nice, h->log)
        != NGX_OK)
    {
        ngx_live_helper_retry(h);
        return;
    }

    h->sh->pid = process.pid;

    if (ngx_live_helper_open(h, &process) != NGX_OK) {
        ngx_live_helper_down(h, "has no memory or connection");
        return;
    }

    ngx_log_error(NGX_LOG_INFO, h->log, 0,
                  "helper \"%s\" of \"%V\" started, pid %P",
                  h->sh->name, &h->stream->sh->sn.str, process.pid);

    ngx_add_timer(&h->timer, NGX_LIVE_HELPER_TICK);

    ngx_live_helper_send(h);
}


/*
 * Whoever neither answers, nor says anything else, nor reads for so long will
 * not do so any more.
 */

static void
ngx_live_helper_ask(ngx_live_helper_t *h)
{
    if (ngx_live_helper_has_read(h)) {
        h->alive = ngx_current_msec;
    }

    if (!h->asked) {
        h->asked = 1;
        h->ping = 1;
        h->alive = ngx_current_msec;

    } else if (ngx_current_msec - h->alive > h->conf->timeout) {
        h->sh->killed++;

        ngx_live_helper_down(h, "does not answer and was killed");
        return;
    }

    ngx_add_timer(&h->timer, NGX_LIVE_HELPER_TICK);

    if (!h->blocked) {
        ngx_live_helper_send(h);
    }
}


void
ngx_live_helper_down(ngx_live_helper_t *h, const char *reason)
{
    ngx_live_helper_signal(h, SIGKILL);

    ngx_live_helper_last_words(h);
    ngx_live_helper_close(h);

    if (!ngx_live_stream_owned(h->stream) || h->stream->publisher == NULL) {
        return;
    }

    h->sh->pid = 0;

    ngx_live_helper_retry(h);

    ngx_log_error(NGX_LOG_WARN, h->log, 0,
                  "helper \"%s\" of \"%V\" %s, next start in %L ms",
                  h->sh->name, &h->stream->sh->sn.str, reason,
                  h->sh->retry - ngx_live_clock());
}


/* 0.5, 1, 2 ... 30 s */

static void
ngx_live_helper_retry(ngx_live_helper_t *h)
{
    ngx_msec_t             delay;
    ngx_live_helper_sh_t  *sh;

    sh = h->sh;

    if (ngx_live_clock() - sh->started > NGX_LIVE_HELPER_GOOD) {
        sh->failures = 0;
    }

    delay = NGX_LIVE_HELPER_RETRY << ngx_min(sh->failures, 6);
    delay = ngx_min(delay, NGX_LIVE_HELPER_RETRY_MAX);

    sh->failures++;
    sh->restarts++;
    sh->retry = ngx_live_clock() + delay;

    ngx_add_timer(&h->timer, delay);
}


void
ngx_live_helper_free(ngx_live_stream_sh_t *sh)
{
    void  *table;

    table = ngx_live_stream_attachment(sh, NGX_LIVE_HELPER_KEY_SH);

    if (table) {
        ngx_live_zone_lock(ngx_live_zone);
        ngx_live_zone_free_locked(ngx_live_zone, table);
        ngx_live_zone_unlock(ngx_live_zone);
    }
}


void
ngx_live_helper_status(ngx_live_stream_sh_t *sh, ngx_live_json_t *js)
{
    int64_t                 retry;
    ngx_uint_t              i, live;
    ngx_live_helper_sh_t   *helper;
    ngx_live_helpers_sh_t  *table;

    table = ngx_live_stream_attachment(sh, NGX_LIVE_HELPER_KEY_SH);

    if (table == NULL) {
        return;
    }

    live = (sh->state == NGX_LIVE_STREAM_LIVE);

    ngx_live_json_array(js, "helpers");

    for (i = 0; i < table->n; i++) {
        helper = &table->helpers[i];

        retry = helper->retry - ngx_live_clock();

        if (helper->pid || !live || retry < 0) {
            retry = 0;
        }

        ngx_live_json_object(js, NULL);

        ngx_live_json_string(js, "name", helper->name,
                             ngx_strlen(helper->name));
        ngx_live_json_int(js, "track", helper->track);
        ngx_live_json_bool(js, "running", live && helper->pid);
        ngx_live_json_int(js, "pid", live ? helper->pid : 0);
        ngx_live_json_int(js, "starts", helper->starts);
        ngx_live_json_int(js, "restarts", helper->restarts);
        ngx_live_json_int(js, "killed", helper->killed);
        ngx_live_json_milli(js, "retry", retry);
        ngx_live_json_int(js, "in", helper->in);
        ngx_live_json_int(js, "out", helper->out);
        ngx_live_json_int(js, "dropped", helper->dropped);
        ngx_live_json_int(js, "skipped", helper->skipped);

        ngx_live_json_object_end(js);
    }

    ngx_live_json_array_end(js);
}
