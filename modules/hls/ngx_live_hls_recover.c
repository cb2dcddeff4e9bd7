
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_recover.h"
#include "ngx_live_hls_load.h"
#include "ngx_live_hls_name.h"


/* seconds after the start by which the keeper has been everywhere */
#define NGX_LIVE_HLS_RECOVER_EARLY  3


static ngx_int_t ngx_live_hls_recover_find(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, u_char *session, u_char *dir);
static void ngx_live_hls_recover_session(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_loaded_t *l, u_char *dir);
static ngx_int_t ngx_live_hls_recover_rendition(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_sh_t *hls,
    ngx_live_hls_loaded_t *l, ngx_live_hls_loaded_rendition_t *lr,
    u_char *dir);
static void ngx_live_hls_recover_info(ngx_live_track_info_t *info,
    ngx_live_hls_journal_track_t *track);
static void ngx_live_hls_recover_segment(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, ngx_live_hls_loaded_segment_t *from,
    ngx_str_t *name, u_char *dir, ngx_log_t *log);
static uint32_t ngx_live_hls_recover_init(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t hash, ngx_str_t *name,
    u_char *dir, ngx_log_t *log);


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
 * by the restart; it blocks for as long as it takes to read one journal.
 */

ngx_int_t
ngx_live_hls_recover(ngx_live_stream_t *st, ngx_live_hls_app_conf_t *conf)
{
    u_char                 session[NGX_LIVE_SESSION_LEN + 1];
    u_char                 dir[NGX_MAX_PATH];
    ngx_live_hls_loaded_t  l;

    if (ngx_current_msec - ngx_live_hls_started
        > (ngx_msec_t) ngx_live_hls_recover_time(conf, st->app->reconnect)
          * 1000)
    {
        return NGX_DECLINED;
    }

    if (ngx_live_hls_dir_len(&conf->path, &st->sh->app, &st->sh->name)
        > NGX_MAX_PATH
        || ngx_live_hls_recover_find(st, conf, session, dir) != NGX_OK
        || ngx_live_hls_load(&l, dir, st->log) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (!l.ended) {
        ngx_cpystrn(st->sh->session, session, sizeof(st->sh->session));
        ngx_live_hls_recover_session(st, conf, &l, dir);
    }

    ngx_live_hls_load_free(&l);

    return ngx_live_hls_get(st->sh) ? NGX_OK : NGX_DECLINED;
}


/* the session with the newest journal */

static ngx_int_t
ngx_live_hls_recover_find(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, u_char *session, u_char *dir)
{
    u_char           *p, path[NGX_MAX_PATH];
    time_t            newest;
    ngx_dir_t         d;
    ngx_str_t         name;
    ngx_file_info_t   fi;

    p = ngx_live_hls_dir(dir, &conf->path, &st->sh->app, &st->sh->name, NULL);

    name.data = dir;
    name.len = p - dir;

    if (ngx_open_dir(&name, &d) == NGX_ERROR) {
        return NGX_DECLINED;
    }

    newest = ngx_time()
             - (time_t) ngx_live_hls_recover_time(conf, st->app->reconnect);
    *session = '\0';

    while (ngx_read_dir(&d) == NGX_OK) {

        name.data = ngx_de_name(&d);
        name.len = ngx_de_namelen(&d);

        if (name.len > NGX_LIVE_SESSION_LEN
            || !ngx_live_hls_name_valid(&name))
        {
            continue;
        }

        (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%V/journal%Z", dir, &name);

        if (ngx_file_info(path, &fi) != NGX_FILE_ERROR
            && ngx_file_mtime(&fi) >= newest)
        {
            newest = ngx_file_mtime(&fi);
            ngx_cpystrn(session, name.data, name.len + 1);
        }
    }

    (void) ngx_close_dir(&d);

    if (*session == '\0') {
        return NGX_DECLINED;
    }

    *p++ = '/';
    ngx_cpystrn(p, session, NGX_LIVE_SESSION_LEN + 1);

    return NGX_OK;
}


static void
ngx_live_hls_recover_session(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_loaded_t *l, u_char *dir)
{
    u_char              path[NGX_MAX_PATH];
    ngx_uint_t          i;
    ngx_live_hls_sh_t  *hls;

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/journal%Z", dir);

    if (l->valid < l->len && truncate((char *) path, l->valid) == -1) {
        ngx_log_error(NGX_LOG_ERR, st->log, ngx_errno,
                      "could not truncate \"%s\"", path);
        return;
    }

    hls = ngx_live_hls_index_create(st->sh, conf);
    if (hls == NULL) {
        return;
    }

    /* what players were told stays */

    hls->created = l->header.created;
    hls->target_duration = l->header.target;
    hls->part_target_us = l->header.part;
    hls->part_target = ngx_live_hls_fit_target_ticks(l->header.part);
    hls->low_latency = (l->header.part != 0);

    for (i = 0; i < l->n; i++) {

        /* it would be old news when nginx is started the next time */

        (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%V.m3u8%Z", dir,
                            &l->renditions[i].track.name);
        (void) ngx_delete_file(path);

        if (ngx_live_hls_recover_rendition(st, conf, hls, l,
                                           &l->renditions[i], dir)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, st->log, 0,
                          "live zone is full, a rendition of \"%V\" "
                          "is not continued", &st->sh->sn.str);
        }
    }

    if (hls->nrenditions == 0) {
        return;
    }

    ngx_live_hls_index_state(hls, NGX_LIVE_HLS_AWAY);

    ngx_log_error(NGX_LOG_NOTICE, st->log, 0,
                  "HLS session \"%s\" of \"%V\" is continued",
                  st->sh->session, &st->sh->sn.str);
}


static ngx_int_t
ngx_live_hls_recover_rendition(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_sh_t *hls,
    ngx_live_hls_loaded_t *l, ngx_live_hls_loaded_rendition_t *lr,
    u_char *dir)
{
    ngx_int_t                     track;
    ngx_uint_t                    i;
    ngx_live_track_info_t         info;
    ngx_live_hls_rendition_sh_t  *r;

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
                                     st->app->buffer_size);
    if (r == NULL) {
        return NGX_ERROR;
    }

    r->frame = lr->track.frame;
    r->discontinuity = l->window.dseq;

    for (i = 0; i < lr->n; i++) {
        ngx_live_hls_recover_segment(hls, r, &lr->segments[i],
                                     &lr->track.name, dir, st->log);
    }

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


/* a file that is not as long as it should be is a gap */

static void
ngx_live_hls_recover_segment(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, ngx_live_hls_loaded_segment_t *from,
    ngx_str_t *name, u_char *dir, ngx_log_t *log)
{
    u_char                     *path, buf[NGX_MAX_PATH];
    uint64_t                    first, last;
    ngx_file_info_t             fi;
    ngx_live_hls_segment_sh_t   seg;

    ngx_memzero(&seg, sizeof(ngx_live_hls_segment_sh_t));

    seg.start = from->start;
    seg.date = from->date;
    seg.duration = from->duration;
    seg.size = from->bytes;
    seg.flags = from->flags | NGX_LIVE_HLS_FILE;

    path = ngx_live_hls_load_path(buf, dir, name, NGX_LIVE_HLS_NAME_SEGMENT,
                                  from->msn);

    if (path == NULL || seg.size == 0
        || ngx_file_info(path, &fi) == NGX_FILE_ERROR
        || ngx_file_size(&fi) < (off_t) seg.size)
    {
        seg.flags |= NGX_LIVE_HLS_GAP;
        seg.size = 0;
    }

    if (seg.flags & NGX_LIVE_HLS_GAP) {
        seg.flags &= ~NGX_LIVE_HLS_FILE;
    }

    if (from->map) {
        seg.init = ngx_live_hls_recover_init(hls, r, from->map, name, dir,
                                             log);
    }

    ngx_live_hls_index_publish(hls, r, NULL, &seg);
    ngx_live_hls_index_expire(hls, r, &first, &last);

    while (first < last) {
        path = ngx_live_hls_load_path(buf, dir, name,
                                      NGX_LIVE_HLS_NAME_SEGMENT, first++);
        if (path) {
            (void) ngx_delete_file(path);
        }
    }
}


static uint32_t
ngx_live_hls_recover_init(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t hash, ngx_str_t *name,
    u_char *dir, ngx_log_t *log)
{
    u_char     *path, buf[NGX_MAX_PATH];
    time_t      mtime;
    uint32_t    version;
    ngx_str_t   data;
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_HLS_INITS; i++) {
        if (r->inits[i].version && r->inits[i].hash == hash) {
            return r->inits[i].version;
        }
    }

    path = ngx_live_hls_load_path(buf, dir, name, NGX_LIVE_HLS_NAME_INIT,
                                  hash);
    data.data = NULL;

    if (path) {
        data.data = ngx_live_hls_load_file(path, NGX_LIVE_CONFIG_MAX * 2,
                                           &data.len, &mtime, log);
    }

    version = ngx_live_hls_index_init(hls, r, hash, data.data ? &data : NULL);

    if (data.data) {
        ngx_free(data.data);
    }

    return version;
}
