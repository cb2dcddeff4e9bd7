
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_recover.h"
#include "ngx_live_hls_file.h"
#include "ngx_live_hls_load.h"
#include "ngx_live_hls_name.h"
#include "ngx_live_worker.h"

#include <ngx_thread_pool.h>


/*
 * One worker looks through hls_path from time to time, in a thread.  Of the
 * sessions that are not those of a living stream,
 *
 *     one that a restart has cut off and that may still be continued gets
 *     playlists, so that its players find it meanwhile;
 *     one that was not continued gets its end;
 *     one that ended longer than hls_window ago is deleted.
 */

#define NGX_LIVE_HLS_KEEPER_FIRST  1000
#define NGX_LIVE_HLS_KEEPER_TICK   10000

/* seconds for which a session without a journal is left alone */
#define NGX_LIVE_HLS_KEEPER_EMPTY  3600

/* and a name without a session */
#define NGX_LIVE_HLS_KEEPER_UNUSED 60

/*
 * Seconds more than what a publisher has for its return: its session is being
 * looked for, perhaps on a slow disk.
 */
#define NGX_LIVE_HLS_KEEPER_LATE   3

/* ms between two lines about playlists that could not be written */
#define NGX_LIVE_HLS_KEEPER_LOG    60000


typedef struct {
    ngx_str_t                  dir;        /* hls_path/APP, with \0 */
    time_t                     recover;    /* seconds */
    time_t                     window;
} ngx_live_hls_keeper_app_t;


typedef struct {
    ngx_thread_task_t          task;
    ngx_uint_t                 running;
    time_t                     now;

    ngx_array_t                apps;       /* ngx_live_hls_keeper_app_t */
    ngx_thread_pool_t         *threads;

    u_char                    *live;       /* sessions, \0 after each */
    ngx_uint_t                 nlive;

    ngx_uint_t                 changed;    /* playlists were written */

    ngx_msec_t                 clock;      /* ms */
    ngx_msec_t                 logged;
} ngx_live_hls_keeper_t;


#define NGX_LIVE_HLS_KEEPER_LEN  (NGX_LIVE_SESSION_LEN + 1)


static ngx_int_t ngx_live_hls_keeper_apps(ngx_live_hls_keeper_t *k,
    ngx_cycle_t *cycle);
static void ngx_live_hls_keeper_handler(ngx_event_t *ev);
static ngx_int_t ngx_live_hls_keeper_live(ngx_live_hls_keeper_t *k);
static void ngx_live_hls_keeper_thread(void *data, ngx_log_t *log);
static void ngx_live_hls_keeper_done(ngx_event_t *ev);
static void ngx_live_hls_keeper_app(ngx_live_hls_keeper_t *k,
    ngx_live_hls_keeper_app_t *app, ngx_log_t *log);
static ngx_uint_t ngx_live_hls_keeper_stream(ngx_live_hls_keeper_t *k,
    ngx_live_hls_keeper_app_t *app, u_char *dir, ngx_log_t *log);
static void ngx_live_hls_keeper_session(ngx_live_hls_keeper_t *k,
    ngx_live_hls_keeper_app_t *app, u_char *dir, ngx_log_t *log);
static ngx_uint_t ngx_live_hls_keeper_ended(u_char *path);
static ngx_err_t ngx_live_hls_keeper_end(ngx_live_hls_keeper_t *k,
    u_char *dir, ngx_uint_t ended, ngx_log_t *log);
static ngx_err_t ngx_live_hls_keeper_final(ngx_live_hls_loaded_t *l,
    u_char *dir, ngx_log_t *log);
static ngx_err_t ngx_live_hls_keeper_media(ngx_live_hls_loaded_t *l,
    ngx_uint_t n, u_char *dir, ngx_uint_t ended, ngx_log_t *log);
static ngx_err_t ngx_live_hls_keeper_index(ngx_live_hls_loaded_t *l,
    u_char *dir, ngx_log_t *log);
static void ngx_live_hls_keeper_delete(u_char *dir, ngx_log_t *log);
static void ngx_live_hls_keeper_delete_index(u_char *dir, ngx_log_t *log);
static ngx_int_t ngx_live_hls_keeper_next(ngx_dir_t *d, u_char *dir,
    u_char *path, u_char **name);


static ngx_live_hls_keeper_t  ngx_live_hls_keeper;
static ngx_event_t            ngx_live_hls_keeper_event;

/* what a timer is logged with */
static ngx_connection_t       ngx_live_hls_keeper_dummy;


ngx_int_t
ngx_live_hls_keeper_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t            *ev;
    ngx_live_hls_keeper_t  *k;

    k = &ngx_live_hls_keeper;
    ngx_memzero(k, sizeof(ngx_live_hls_keeper_t));

    if (ngx_live_zone == NULL) {
        return NGX_OK;
    }

    if (ngx_live_hls_keeper_apps(k, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (k->apps.nelts == 0) {
        return NGX_OK;
    }

    ev = &ngx_live_hls_keeper_event;
    ngx_memzero(ev, sizeof(ngx_event_t));

    ngx_live_hls_keeper_dummy.fd = (ngx_socket_t) -1;

    ev->handler = ngx_live_hls_keeper_handler;
    ev->data = &ngx_live_hls_keeper_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_LIVE_HLS_KEEPER_FIRST);

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_keeper_apps(ngx_live_hls_keeper_t *k, ngx_cycle_t *cycle)
{
    u_char                     *p;
    size_t                      len;
    ngx_str_t                   none;
    ngx_uint_t                  i;
    ngx_live_app_conf_t       **apps;
    ngx_live_main_conf_t       *lmcf;
    ngx_live_hls_app_conf_t    *conf;
    ngx_live_hls_keeper_app_t  *app;

    lmcf = ngx_live_main_conf(cycle);

    if (lmcf == NULL) {
        return NGX_OK;
    }

    if (ngx_array_init(&k->apps, cycle->pool, 4,
                       sizeof(ngx_live_hls_keeper_app_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_null(&none);
    apps = lmcf->apps.elts;

    for (i = 0; i < lmcf->apps.nelts; i++) {
        conf = ngx_live_get_module_app_conf(apps[i], ngx_live_hls_module);

        if (!conf->enable) {
            continue;
        }

        app = ngx_array_push(&k->apps);
        if (app == NULL) {
            return NGX_ERROR;
        }

        len = ngx_live_hls_dir_len(&conf->path, &apps[i]->name, &none);

        app->dir.data = ngx_pnalloc(cycle->pool, len);
        if (app->dir.data == NULL) {
            return NGX_ERROR;
        }

        /* without the slash before an empty name */

        p = ngx_live_hls_dir(app->dir.data, &conf->path, &apps[i]->name,
                             &none, NULL);
        *--p = '\0';
        app->dir.len = p - app->dir.data;

        app->recover = ngx_live_hls_recover_time(conf, apps[i]->reconnect);
        app->window = conf->window / 1000;

        k->threads = conf->pool;
    }

    return NGX_OK;
}


static void
ngx_live_hls_keeper_handler(ngx_event_t *ev)
{
    ngx_thread_task_t      *task;
    ngx_live_hls_keeper_t  *k;

    k = &ngx_live_hls_keeper;

    ngx_add_timer(ev, NGX_LIVE_HLS_KEEPER_TICK);

    if (k->running || ngx_exiting
        || ngx_live_zone->sh->keeper != (ngx_atomic_uint_t) ngx_pid
        || ngx_live_hls_keeper_live(k) != NGX_OK)
    {
        return;
    }

    k->now = ngx_time();
    k->clock = ngx_current_msec;
    k->changed = 0;

    task = &k->task;
    ngx_memzero(task, sizeof(ngx_thread_task_t));

    task->ctx = k;
    task->handler = ngx_live_hls_keeper_thread;
    task->event.data = k;
    task->event.log = ev->log;
    task->event.handler = ngx_live_hls_keeper_done;

    if (ngx_thread_task_post(k->threads, task) == NGX_OK) {
        k->running = 1;

    } else {
        ngx_free(k->live);
    }
}


/* copies the sessions of living streams */

static ngx_int_t
ngx_live_hls_keeper_live(ngx_live_hls_keeper_t *k)
{
    u_char                 *p;
    ngx_uint_t              i;
    ngx_live_hls_sh_t      *hls;
    ngx_live_zone_sh_t     *zsh;
    ngx_live_stream_sh_t   *sh;

    zsh = ngx_live_zone->sh;

    k->live = ngx_alloc(2 * zsh->max_streams * NGX_LIVE_HLS_KEEPER_LEN,
                        ngx_cycle->log);
    if (k->live == NULL) {
        return NGX_ERROR;
    }

    p = k->live;
    k->nlive = 0;

    ngx_live_zone_lock(ngx_live_zone);

    for (i = 0; i < zsh->max_streams; i++) {
        sh = zsh->streams[i];

        if (sh == NULL || sh->state == NGX_LIVE_STREAM_ENDED) {
            continue;
        }

        p = ngx_cpymem(p, sh->session, NGX_LIVE_HLS_KEEPER_LEN);
        k->nlive++;

        hls = ngx_live_hls_get(sh);

        if (hls) {
            p = ngx_cpymem(p, hls->session, NGX_LIVE_HLS_KEEPER_LEN);
            k->nlive++;
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return NGX_OK;
}


static void
ngx_live_hls_keeper_done(ngx_event_t *ev)
{
    ngx_live_hls_keeper_t  *k;

    k = ev->data;

    ngx_free(k->live);
    k->running = 0;

    /* to those who wait for what has not come back */

    if (k->changed) {
        ngx_live_notice();
    }
}


static void
ngx_live_hls_keeper_thread(void *data, ngx_log_t *log)
{
    ngx_live_hls_keeper_t *k = data;

    ngx_uint_t                  i;
    ngx_live_hls_keeper_app_t  *app;

    app = k->apps.elts;

    for (i = 0; i < k->apps.nelts; i++) {
        ngx_live_hls_keeper_app(k, &app[i], log);
    }
}


static void
ngx_live_hls_keeper_app(ngx_live_hls_keeper_t *k,
    ngx_live_hls_keeper_app_t *app, ngx_log_t *log)
{
    u_char           *name, path[NGX_MAX_PATH];
    ngx_dir_t         d;
    ngx_file_info_t   fi;

    if (ngx_open_dir(&app->dir, &d) == NGX_ERROR) {
        return;
    }

    while (ngx_live_hls_keeper_next(&d, app->dir.data, path, &name) == NGX_OK)
    {
        if (ngx_live_hls_keeper_stream(k, app, path, log)) {
            continue;
        }

        /* of a name that has no session any more; fails when one begins */

        if (ngx_file_info(path, &fi) != NGX_FILE_ERROR
            && k->now - ngx_file_mtime(&fi) > NGX_LIVE_HLS_KEEPER_UNUSED)
        {
            (void) ngx_delete_dir(path);
        }
    }

    (void) ngx_close_dir(&d);
}


/* the number of entries that were found */

static ngx_uint_t
ngx_live_hls_keeper_stream(ngx_live_hls_keeper_t *k,
    ngx_live_hls_keeper_app_t *app, u_char *dir, ngx_log_t *log)
{
    u_char      *name, path[NGX_MAX_PATH];
    ngx_dir_t    d;
    ngx_str_t    s;
    ngx_uint_t   i, n;

    s.data = dir;
    s.len = ngx_strlen(dir);

    if (ngx_open_dir(&s, &d) == NGX_ERROR) {
        return 0;
    }

    for (n = 0;
         ngx_live_hls_keeper_next(&d, dir, path, &name) == NGX_OK;
         n++)
    {
        s.data = name;
        s.len = ngx_strlen(name);

        if (s.len > NGX_LIVE_SESSION_LEN || !ngx_live_hls_name_valid(&s)) {
            continue;
        }

        for (i = 0; i < k->nlive; i++) {
            if (ngx_strcmp(k->live + i * NGX_LIVE_HLS_KEEPER_LEN, name) == 0) {
                break;
            }
        }

        if (i == k->nlive) {
            ngx_live_hls_keeper_session(k, app, path, log);
        }
    }

    (void) ngx_close_dir(&d);

    return n;
}


static void
ngx_live_hls_keeper_session(ngx_live_hls_keeper_t *k,
    ngx_live_hls_keeper_app_t *app, u_char *dir, ngx_log_t *log)
{
    u_char           path[NGX_MAX_PATH];
    time_t           age, late;
    ngx_err_t        err;
    ngx_file_info_t  fi;

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/journal%Z", dir);

    if (ngx_file_info(path, &fi) == NGX_FILE_ERROR) {

        if (ngx_file_info(dir, &fi) != NGX_FILE_ERROR
            && k->now - ngx_file_mtime(&fi) > NGX_LIVE_HLS_KEEPER_EMPTY)
        {
            ngx_live_hls_keeper_delete(dir, log);
        }

        return;
    }

    age = k->now - ngx_file_mtime(&fi);

    if (ngx_live_hls_keeper_ended(path)) {
        if (age > app->window) {
            ngx_live_hls_keeper_delete(dir, log);
        }

        return;
    }

    late = app->recover + NGX_LIVE_HLS_KEEPER_LATE;

    err = ngx_live_hls_keeper_end(k, dir, age > late, log);

    if (err == 0) {
        return;
    }

    if (k->logged == 0 || k->clock - k->logged >= NGX_LIVE_HLS_KEEPER_LOG) {
        k->logged = k->clock;

        ngx_log_error(NGX_LOG_ERR, log, err,
                      "could not write playlists of HLS session \"%s\"", dir);
    }

    /* it cannot end on a disk that is full of such sessions */

    if (age > late + app->window) {
        ngx_live_hls_keeper_delete(dir, log);
    }
}


/* whether the last line is "E *XXXXXXXX" */

static ngx_uint_t
ngx_live_hls_keeper_ended(u_char *path)
{
    u_char    buf[12];
    ssize_t   n;
    ngx_fd_t  fd;

    fd = open((char *) path, O_RDONLY|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    n = 0;

    if (lseek(fd, - (off_t) sizeof(buf), SEEK_END) != -1) {
        n = read(fd, buf, sizeof(buf));
    }

    (void) ngx_close_file(fd);

    return n == sizeof(buf) && ngx_memcmp(buf, "E *", 3) == 0
           && buf[11] == '\n';
}


/* writes the playlists of a session; the final ones only once */

static ngx_err_t
ngx_live_hls_keeper_end(ngx_live_hls_keeper_t *k, u_char *dir,
    ngx_uint_t ended, ngx_log_t *log)
{
    u_char                  path[NGX_MAX_PATH];
    ngx_err_t               err;
    ngx_uint_t              i;
    ngx_file_info_t         fi;
    ngx_live_hls_loaded_t   l;

    if (ngx_live_hls_load(&l, dir, log) != NGX_OK) {
        return 0;
    }

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%V.m3u8%Z", dir,
                        &l.renditions[0].track.name);

    err = 0;

    if (!ended && ngx_file_info(path, &fi) != NGX_FILE_ERROR
        && ngx_file_mtime(&fi) > l.mtime)
    {
        goto done;
    }

    for (i = 0; err == 0 && i < l.n; i++) {
        err = ngx_live_hls_keeper_media(&l, i, dir, ended, log);
    }

    if (err == 0) {
        err = ngx_live_hls_keeper_index(&l, dir, log);
    }

    /* without its playlists nobody would learn that it is over */

    if (err == 0 && ended) {
        err = ngx_live_hls_keeper_final(&l, dir, log);
    }

    k->changed += (err == 0);

done:

    ngx_live_hls_load_free(&l);

    return err;
}


static ngx_err_t
ngx_live_hls_keeper_final(ngx_live_hls_loaded_t *l, u_char *dir,
    ngx_log_t *log)
{
    u_char                         *p, line[64], path[NGX_MAX_PATH];
    ngx_err_t                       err;
    ngx_uint_t                      i;
    ngx_live_hls_journal_record_t   rec;

    rec.type = NGX_LIVE_HLS_JOURNAL_END;
    p = ngx_live_hls_journal_write(line, line + sizeof(line), &rec);

    if (p == NULL) {
        return 0;
    }

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/journal%Z", dir);

    err = ngx_live_hls_file_end(path, l->len, l->valid, line, p - line);

    if (err == 0) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "HLS session \"%s\" was not continued and ends", dir);
        return 0;
    }

    if (err != EAGAIN) {
        return err;
    }

    /* it goes on meanwhile: after another restart these would be wrong */

    for (i = 0; i < l->n; i++) {
        (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%V.m3u8%Z", dir,
                            &l->renditions[i].track.name);
        (void) ngx_delete_file(path);
    }

    return 0;
}


static ngx_err_t
ngx_live_hls_keeper_media(ngx_live_hls_loaded_t *l, ngx_uint_t n, u_char *dir,
    ngx_uint_t ended, ngx_log_t *log)
{
    u_char                           *text, *p, path[NGX_MAX_PATH];
    size_t                            size;
    uint64_t                          last;
    ngx_err_t                         err;
    ngx_uint_t                        i;
    ngx_file_info_t                   fi;
    ngx_live_hls_archive_t            a;
    ngx_live_hls_segment_t           *seg;
    ngx_live_hls_loaded_segment_t    *from;
    ngx_live_hls_loaded_rendition_t  *r;

    r = &l->renditions[n];

    ngx_memzero(&a, sizeof(ngx_live_hls_archive_t));

    a.segments = ngx_calloc((r->n + 1) * sizeof(ngx_live_hls_segment_t), log);
    if (a.segments == NULL) {
        return NGX_ENOMEM;
    }

    a.playlist.track = r->track.name;
    a.playlist.target_duration = l->header.target;
    a.playlist.discontinuity_sequence = l->window.dseq;
    a.playlist.independent = 1;
    a.playlist.ended = ended;

    last = 0;

    for (i = 0; i < r->n; i++) {
        from = &r->segments[i];

        p = ngx_live_hls_load_path(path, dir, &r->track.name,
                                   NGX_LIVE_HLS_NAME_SEGMENT, from->msn);

        if (p == NULL || ngx_file_info(p, &fi) == NGX_FILE_ERROR
            || ngx_file_size(&fi) < (off_t) from->bytes)
        {
            from->flags |= NGX_LIVE_HLS_GAP;

            /* files that the window had left behind are not there */

            if (a.n == 0) {
                a.playlist.discontinuity_sequence +=
                               (from->flags & NGX_LIVE_HLS_DISCONT) ? 1 : 0;
                continue;
            }
        }

        seg = &a.segments[a.n++];

        seg->msn = from->msn;
        seg->duration = from->duration;
        seg->date = from->date;
        seg->map = from->map;
        seg->discontinuity = (from->flags & NGX_LIVE_HLS_DISCONT) ? 1 : 0;
        seg->gap = (from->flags & NGX_LIVE_HLS_GAP) ? 1 : 0;
        seg->new_map = (from->map
                        && (seg->discontinuity || from->map != last));
        last = from->map;

        if (!(from->flags & (NGX_LIVE_HLS_GAP|NGX_LIVE_HLS_INDEPENDENT))) {
            a.playlist.independent = 0;
        }
    }

    a.playlist.media_sequence = a.n ? a.segments[0].msn : 0;

    text = ngx_live_hls_archive_media(&a, &size, log);

    ngx_free(a.segments);

    if (text == NULL) {
        return NGX_ENOMEM;
    }

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%V.m3u8%Z", dir,
                        &r->track.name);

    err = ngx_live_hls_file_put(path, text, size);

    ngx_free(text);

    return err;
}


static ngx_err_t
ngx_live_hls_keeper_index(ngx_live_hls_loaded_t *l, u_char *dir,
    ngx_log_t *log)
{
    u_char                           *text, path[NGX_MAX_PATH];
    size_t                            size;
    ngx_err_t                         err;
    ngx_uint_t                        i, k, independent;
    ngx_live_hls_rate_t               rate;
    ngx_live_hls_rendition_t          list[NGX_LIVE_TRACKS], *to;
    ngx_live_hls_loaded_segment_t    *seg;
    ngx_live_hls_loaded_rendition_t  *r;

    independent = 1;

    ngx_memzero(list, sizeof(list));

    for (i = 0; i < l->n; i++) {
        r = &l->renditions[i];
        to = &list[i];

        ngx_memzero(&rate, sizeof(ngx_live_hls_rate_t));

        for (k = 0; k < r->n; k++) {
            seg = &r->segments[k];

            if (seg->flags & NGX_LIVE_HLS_GAP) {
                continue;
            }

            ngx_live_hls_rate_add(&rate, seg->bytes, seg->duration,
                                  l->header.target);

            if (!(seg->flags & NGX_LIVE_HLS_INDEPENDENT)) {
                independent = 0;
            }
        }

        to->track = r->track.name;
        to->codec = r->track.codec;
        to->bandwidth = rate.peak;
        to->average = rate.average;
        to->width = r->track.width;
        to->height = r->track.height;
        to->frame = r->track.frame;
        to->channels = r->track.channels;
        to->video = r->track.video;
    }

    text = ngx_live_hls_archive_index(&l->header.session, list, l->n,
                                      independent, &size, log);
    if (text == NULL) {
        return NGX_ENOMEM;
    }

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/../index.m3u8%Z", dir);

    err = ngx_live_hls_file_put(path, text, size);

    ngx_free(text);

    return err;
}


static void
ngx_live_hls_keeper_delete(u_char *dir, ngx_log_t *log)
{
    u_char     *name, path[NGX_MAX_PATH];
    ngx_dir_t   d;
    ngx_str_t   s;

    ngx_live_hls_keeper_delete_index(dir, log);

    s.data = dir;
    s.len = ngx_strlen(dir);

    if (ngx_open_dir(&s, &d) == NGX_ERROR) {
        return;
    }

    while (ngx_live_hls_keeper_next(&d, dir, path, &name) == NGX_OK) {
        (void) ngx_delete_file(path);
    }

    (void) ngx_close_dir(&d);

    if (ngx_delete_dir(dir) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "could not delete \"%s\"", dir);
    }
}


/* the index of the stream, if it is that of this session */

static void
ngx_live_hls_keeper_delete_index(u_char *dir, ngx_log_t *log)
{
    u_char  *data, *session, path[NGX_MAX_PATH];
    size_t   size;
    time_t   mtime;

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/../index.m3u8%Z", dir);

    data = ngx_live_hls_load_file(path, 1024 * 1024, &size, &mtime, log);

    if (data == NULL) {
        return;
    }

    session = (u_char *) strrchr((char *) dir, '/') + 1;

    if (ngx_strnstr(data, (char *) session, size)) {
        (void) ngx_delete_file(path);
    }

    ngx_free(data);
}


/* the next entry but those that begin with a dot */

static ngx_int_t
ngx_live_hls_keeper_next(ngx_dir_t *d, u_char *dir, u_char *path,
    u_char **name)
{
    size_t  len;

    for ( ;; ) {
        if (ngx_read_dir(d) == NGX_ERROR) {
            return NGX_DONE;
        }

        *name = ngx_de_name(d);
        len = ngx_de_namelen(d);

        if (len == 0 || (*name)[0] == '.'
            || ngx_strlen(dir) + len + 2 > NGX_MAX_PATH)
        {
            continue;
        }

        (void) ngx_snprintf(path, NGX_MAX_PATH, "%s/%s%Z", dir, *name);

        return NGX_OK;
    }
}
