
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_recover.h"
#include "ngx_live_hls_load.h"
#include "ngx_live_hls_name.h"

#include <ngx_thread_pool.h>


/* seconds after the start by which the keeper has been everywhere */
#define NGX_LIVE_HLS_RECOVER_EARLY  3

/* ms until a full queue of tasks is tried again */
#define NGX_LIVE_HLS_RECOVER_AGAIN  200


struct ngx_live_hls_recover_s {
    ngx_thread_task_t             task;
    ngx_live_stream_t            *stream;    /* a reference */
    ngx_live_hls_recover_pt       handler;
    ngx_thread_pool_t            *threads;
    ngx_event_t                   timer;     /* to try again to post it */
    ngx_connection_t              dummy;
    time_t                        time;      /* see _recover_time() */

    unsigned                      cancelled:1;

    /* the task's, while it runs */
    u_char                        session[NGX_LIVE_SESSION_LEN + 1];
    u_char                        dir[NGX_MAX_PATH];
    ngx_uint_t                    found;
    ngx_live_hls_loaded_t         loaded;

    uint64_t                      gone[NGX_LIVE_TRACKS][2];
};


static void ngx_live_hls_recover_post(ngx_live_hls_recover_t *rec);
static void ngx_live_hls_recover_again(ngx_event_t *ev);
static void ngx_live_hls_recover_thread(void *data, ngx_log_t *log);
static ngx_int_t ngx_live_hls_recover_find(ngx_live_hls_recover_t *rec);
static void ngx_live_hls_recover_look(ngx_live_hls_recover_t *rec);
static void ngx_live_hls_recover_done(ngx_event_t *ev);
static void ngx_live_hls_recover_free(ngx_live_hls_recover_t *rec);
static ngx_int_t ngx_live_hls_recover_session(ngx_live_hls_recover_t *rec,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_sh_t *hls);
static ngx_int_t ngx_live_hls_recover_rendition(ngx_live_hls_recover_t *rec,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_sh_t *hls, ngx_uint_t n);
static void ngx_live_hls_recover_info(ngx_live_track_info_t *info,
    ngx_live_hls_journal_track_t *track);
static void ngx_live_hls_recover_segment(ngx_live_hls_recover_t *rec,
    ngx_live_hls_sh_t *hls, ngx_live_hls_rendition_sh_t *r,
    ngx_live_hls_loaded_segment_t *from);


/* when nginx was started; a reload does not change it */

static ngx_msec_t  ngx_live_hls_started;


void
ngx_live_hls_recover_start(void)
{
    if (ngx_live_hls_started == 0) {
        ngx_live_hls_started = ngx_current_msec;
    }
}


ngx_uint_t
ngx_live_hls_recover_early(void)
{
    return ngx_current_msec - ngx_live_hls_started
           <= NGX_LIVE_HLS_RECOVER_EARLY * 1000;
}


/*
 * The directory is read only while a session may be there that was cut off
 * by the restart.
 */

ngx_uint_t
ngx_live_hls_recover_wanted(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf)
{
    return ngx_current_msec - ngx_live_hls_started
           <= (ngx_msec_t) ngx_live_hls_recover_time(conf, st->app->reconnect)
              * 1000
           && ngx_live_hls_dir_len(&conf->path, &st->sh->app, &st->sh->name)
              <= NGX_MAX_PATH;
}


ngx_live_hls_recover_t *
ngx_live_hls_recover(ngx_live_stream_t *st, ngx_live_hls_app_conf_t *conf,
    ngx_live_hls_recover_pt handler)
{
    ngx_live_hls_recover_t  *rec;

    rec = ngx_calloc(sizeof(ngx_live_hls_recover_t), st->log);
    if (rec == NULL) {
        return NULL;
    }

    st->refs++;

    rec->stream = st;
    rec->handler = handler;
    rec->threads = conf->pool;
    rec->time = ngx_live_hls_recover_time(conf, st->app->reconnect);

    (void) ngx_live_hls_dir(rec->dir, &conf->path, &st->sh->app,
                            &st->sh->name, NULL);

    rec->dummy.fd = (ngx_socket_t) -1;
    rec->dummy.data = rec;

    rec->timer.handler = ngx_live_hls_recover_again;
    rec->timer.data = &rec->dummy;
    rec->timer.log = ngx_cycle->log;
    rec->timer.cancelable = 1;

    rec->task.ctx = rec;
    rec->task.handler = ngx_live_hls_recover_thread;
    rec->task.event.data = rec;
    rec->task.event.log = ngx_cycle->log;
    rec->task.event.handler = ngx_live_hls_recover_done;

    ngx_live_hls_recover_post(rec);

    return rec;
}


static void
ngx_live_hls_recover_post(ngx_live_hls_recover_t *rec)
{
    if (ngx_thread_task_post(rec->threads, &rec->task) != NGX_OK) {
        ngx_add_timer(&rec->timer, NGX_LIVE_HLS_RECOVER_AGAIN);
    }
}


static void
ngx_live_hls_recover_again(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_live_hls_recover_post(c->data);
}


void
ngx_live_hls_recover_cancel(ngx_live_hls_recover_t *rec)
{
    rec->cancelled = 1;

    if (rec->timer.timer_set) {
        ngx_del_timer(&rec->timer);
        ngx_live_hls_recover_free(rec);
    }
}


/*
 * Reads and changes nothing: until it is done the stream may have become
 * another worker's, which does the same.
 */

static void
ngx_live_hls_recover_thread(void *data, ngx_log_t *log)
{
    ngx_live_hls_recover_t *rec = data;

    if (ngx_live_hls_recover_find(rec) != NGX_OK
        || ngx_live_hls_load(&rec->loaded, rec->dir, log) != NGX_OK)
    {
        return;
    }

    if (!rec->loaded.ended) {
        ngx_live_hls_recover_look(rec);
        rec->found = 1;
    }
}


/* the session with the newest journal */

static ngx_int_t
ngx_live_hls_recover_find(ngx_live_hls_recover_t *rec)
{
    u_char           *p, path[NGX_MAX_PATH];
    time_t            newest;
    ngx_dir_t         d;
    ngx_str_t         name;
    ngx_file_info_t   fi;

    name.data = rec->dir;
    name.len = ngx_strlen(rec->dir);

    p = rec->dir + name.len;

    if (ngx_open_dir(&name, &d) == NGX_ERROR) {
        return NGX_DECLINED;
    }

    newest = time(NULL) - rec->time;

    while (ngx_read_dir(&d) == NGX_OK) {

        name.data = ngx_de_name(&d);
        name.len = ngx_de_namelen(&d);

        if (name.len > NGX_LIVE_SESSION_LEN
            || !ngx_live_hls_name_valid(&name))
        {
            continue;
        }

        (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%V/journal%Z", rec->dir,
                            &name);

        if (ngx_file_info(path, &fi) != NGX_FILE_ERROR
            && ngx_file_mtime(&fi) >= newest)
        {
            newest = ngx_file_mtime(&fi);
            ngx_cpystrn(rec->session, name.data, name.len + 1);
        }
    }

    (void) ngx_close_dir(&d);

    if (rec->session[0] == '\0') {
        return NGX_DECLINED;
    }

    *p++ = '/';
    ngx_cpystrn(p, rec->session, NGX_LIVE_SESSION_LEN + 1);

    return NGX_OK;
}


/* a segment whose file is not as long as it should be is a gap */

static void
ngx_live_hls_recover_look(ngx_live_hls_recover_t *rec)
{
    u_char                           *path, buf[NGX_MAX_PATH];
    ngx_uint_t                        i, n;
    ngx_file_info_t                   fi;
    ngx_live_hls_loaded_segment_t    *seg;
    ngx_live_hls_loaded_rendition_t  *lr;

    for (i = 0; i < rec->loaded.n; i++) {
        lr = &rec->loaded.renditions[i];

        for (n = 0; n < lr->n; n++) {
            seg = &lr->segments[n];

            path = ngx_live_hls_load_path(buf, rec->dir, &lr->track.name,
                                          NGX_LIVE_HLS_NAME_SEGMENT,
                                          seg->msn);

            if (path == NULL || seg->bytes == 0
                || ngx_file_info(path, &fi) == NGX_FILE_ERROR
                || ngx_file_size(&fi) < (off_t) seg->bytes)
            {
                seg->flags |= NGX_LIVE_HLS_GAP;
            }
        }
    }
}


static void
ngx_live_hls_recover_done(ngx_event_t *ev)
{
    ngx_uint_t                recovered;
    ngx_live_stream_t        *st;
    ngx_live_hls_sh_t        *hls;
    ngx_live_hls_recover_t   *rec;
    ngx_live_hls_app_conf_t  *conf;

    rec = ev->data;
    st = rec->stream;

    /* if another worker has taken the stream, that one will do it */

    if (rec->cancelled || !ngx_live_stream_owned(st)) {

        if (!rec->cancelled) {
            rec->handler(st, rec, NGX_ERROR);
        }

        ngx_live_hls_recover_free(rec);
        return;
    }

    hls = ngx_live_hls_get(st->sh);
    conf = ngx_live_get_module_app_conf(st->app, ngx_live_hls_module);

    recovered = (rec->found
                 && ngx_live_hls_recover_session(rec, conf, hls) == NGX_OK);

    rec->handler(st, rec, recovered ? NGX_OK : NGX_DECLINED);

    ngx_live_hls_recover_free(rec);
}


static void
ngx_live_hls_recover_free(ngx_live_hls_recover_t *rec)
{
    ngx_live_stream_t  *st;

    st = rec->stream;

    ngx_live_hls_load_free(&rec->loaded);
    ngx_free(rec);

    ngx_live_stream_close(st);
}


static ngx_int_t
ngx_live_hls_recover_session(ngx_live_hls_recover_t *rec,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_sh_t *hls)
{
    ngx_uint_t              i, n;
    ngx_live_stream_t      *st;
    ngx_live_hls_loaded_t  *l;

    st = rec->stream;
    l = &rec->loaded;

    if (hls->version & 1) {
        ngx_live_hls_index_end(hls);
    }

    /* what players were told stays */

    hls->target_duration = l->header.target;

    /* there are renditions if a worker has died on the next few lines */

    n = hls->nrenditions ? 0 : l->n;

    for (i = 0; i < n; i++) {
        if (ngx_live_hls_recover_rendition(rec, conf, hls, i) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, st->log, 0,
                          "live zone is full, a rendition of \"%V\" "
                          "is not continued", &st->sh->sn.str);
        }
    }

    if (hls->nrenditions == 0
        || ngx_live_hls_index_session(hls, st->sh, &conf->path, rec->session)
           != NGX_OK)
    {
        hls->target_duration = (conf->target_duration + 999) / 1000;
        return NGX_DECLINED;
    }

    ngx_cpystrn(st->sh->session, rec->session, sizeof(st->sh->session));

    hls->created = l->header.created;
    hls->part_target_us = l->header.part;
    hls->part_target = ngx_live_hls_fit_target_ticks(l->header.part);
    hls->low_latency = (l->header.part != 0);

    ngx_live_hls_index_state(hls, NGX_LIVE_HLS_AWAY);

    ngx_log_error(NGX_LOG_NOTICE, st->log, 0,
                  "HLS session \"%s\" of \"%V\" is continued",
                  st->sh->session, &st->sh->sn.str);

    return NGX_OK;
}


/*
 * The playlists of the files would be old news when nginx is started the next
 * time.
 */

void
ngx_live_hls_recover_finish(ngx_live_hls_recover_t *rec,
    ngx_live_hls_packager_t *p)
{
    u_char                  name[NGX_LIVE_HLS_NAME_FILE_LEN + 1];
    ngx_uint_t              i;
    ngx_live_hls_loaded_t  *l;

    l = &rec->loaded;

    p->disk->cut = 1;
    p->disk->read = l->len;
    p->disk->valid = l->valid;

    for (i = 0; i < l->n; i++) {
        (void) ngx_snprintf(name, sizeof(name), "%V.m3u8%Z",
                            &l->renditions[i].track.name);
        ngx_live_hls_disk_unlink(p->disk, (char *) name);
    }

    for (i = 0; i < p->hls->nrenditions; i++) {
        ngx_live_hls_disk_delete_range(p->disk, p->hls->renditions[i],
                                       rec->gone[i][0], rec->gone[i][1]);
    }

    if (p->ntracks && p->tracks[0].r->first > l->window.first) {
        ngx_live_hls_record_window(p);
    }
}


static ngx_int_t
ngx_live_hls_recover_rendition(ngx_live_hls_recover_t *rec,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_sh_t *hls, ngx_uint_t n)
{
    ngx_int_t                         track;
    ngx_uint_t                        i;
    ngx_live_track_info_t             info;
    ngx_live_hls_rendition_sh_t      *r;
    ngx_live_hls_loaded_rendition_t  *lr;

    lr = &rec->loaded.renditions[n];

    if (lr->n == 0) {
        return NGX_OK;
    }

    /* v0, a1 */

    track = ngx_atoi(lr->track.name.data + 1, lr->track.name.len - 1);

    if (track == NGX_ERROR || track >= NGX_LIVE_TRACKS) {
        return NGX_OK;
    }

    ngx_live_hls_recover_info(&info, &lr->track);

    r = ngx_live_hls_index_rendition(hls, track, &info, lr->segments[0].msn,
                                     ngx_live_hls_measure_capacity(hls, conf),
                                     rec->stream->app->buffer_size);
    if (r == NULL) {
        return NGX_ERROR;
    }

    r->frame = lr->track.frame;
    r->discontinuity = rec->loaded.window.dseq;

    rec->gone[hls->nrenditions][0] = r->oldest;

    for (i = 0; i < lr->n; i++) {
        ngx_live_hls_recover_segment(rec, hls, r, &lr->segments[i]);
    }

    rec->gone[hls->nrenditions][1] = r->oldest;

    ngx_live_hls_index_link(hls, r);

    return NGX_OK;
}


static void
ngx_live_hls_recover_info(ngx_live_track_info_t *info,
    ngx_live_hls_journal_track_t *track)
{
    size_t  len;

    ngx_memzero(info, sizeof(ngx_live_track_info_t));

    info->kind = track->video ? NGX_LIVE_KIND_VIDEO : NGX_LIVE_KIND_AUDIO;
    info->codec = track->video ? NGX_LIVE_CODEC_H264 : NGX_LIVE_CODEC_AAC;
    info->width = track->width;
    info->height = track->height;
    info->rate = track->rate;
    info->channels = track->channels;

    len = ngx_min(track->codec.len, NGX_LIVE_CODEC_LEN - 1);
    ngx_memcpy(info->string, track->codec.data, len);
}


static void
ngx_live_hls_recover_segment(ngx_live_hls_recover_t *rec,
    ngx_live_hls_sh_t *hls, ngx_live_hls_rendition_sh_t *r,
    ngx_live_hls_loaded_segment_t *from)
{
    uint64_t                   first, last;
    ngx_live_hls_segment_sh_t  seg;

    ngx_memzero(&seg, sizeof(ngx_live_hls_segment_sh_t));

    seg.start = from->start;
    seg.date = from->date;
    seg.duration = from->duration;
    seg.flags = from->flags;

    if (!(seg.flags & NGX_LIVE_HLS_GAP)) {
        seg.size = from->bytes;
        seg.flags |= NGX_LIVE_HLS_FILE;
    }

    /* initialization sections are read from their files */

    if (from->map) {
        seg.init = ngx_live_hls_index_init(hls, r, from->map, NULL);
    }

    ngx_live_hls_index_publish(hls, r, NULL, &seg);
    ngx_live_hls_index_expire(hls, r, &first, &last);
}
