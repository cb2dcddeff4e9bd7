
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"

#include <ngx_thread_pool.h>


/*
 * Playlists that lie in files: of sessions that are over, and of those that
 * wait for their publisher after a restart.  A worker keeps the last few of
 * them; the first who asks after a second has a thread look whether the file
 * has changed, and all who ask meanwhile are held for that long.
 *
 * A task knows nothing of requests, so clients may come and go while it runs;
 * its file stays.
 */

#define NGX_HTTP_LIVE_HLS_FILES         64
#define NGX_HTTP_LIVE_HLS_FILES_SIZE    (32 * 1024 * 1024)

/* one of them at most */
#define NGX_HTTP_LIVE_HLS_FILE_MAX      (16 * 1024 * 1024)

/* ms: what is not there may be there soon; and seconds after which one that
 * nobody asks for is forgotten */
#define NGX_HTTP_LIVE_HLS_FILE_FRESH    1000
#define NGX_HTTP_LIVE_HLS_FILE_NONE     1
#define NGX_HTTP_LIVE_HLS_FILE_UNUSED   60


typedef struct {
    ngx_thread_task_t          task;
    ngx_http_live_hls_file_t  *file;        /* not the thread's */
    u_char                    *path;
    ngx_str_t                  session;
    ngx_live_hls_keys_t        keys;
    ngx_uint_t                 secrets;     /* there are keys */

    /* as it is known, then as it is */
    ngx_uint_t                 known;
    ngx_uint_t                 ended;
    time_t                     mtime;
    off_t                      size;
    ngx_file_uniq_t            uniq;

    struct timespec            time;        /* mtime */
    ngx_uint_t                 same;
    ngx_uint_t                 dir;
    ngx_err_t                  err;
    ngx_http_live_hls_saved_t *list;
} ngx_http_live_hls_file_task_t;


static ngx_http_live_hls_file_t *ngx_http_live_hls_file_find(ngx_str_t *path,
    uint32_t hash);
static ngx_http_live_hls_file_t *ngx_http_live_hls_file_add(
    ngx_http_request_t *r, ngx_str_t *path, uint32_t hash,
    ngx_str_t *session);
static void ngx_http_live_hls_file_shrink(ngx_uint_t room);
static void ngx_http_live_hls_file_forget(ngx_http_live_hls_file_t *file);
static size_t ngx_http_live_hls_file_size(ngx_http_live_hls_file_t *file);
static void ngx_http_live_hls_file_thread(void *data, ngx_log_t *log);
static ngx_uint_t ngx_http_live_hls_file_dir(u_char *path);
static ngx_uint_t ngx_http_live_hls_file_old(
    ngx_http_live_hls_file_task_t *t);
static ngx_int_t ngx_http_live_hls_file_read(
    ngx_http_live_hls_file_task_t *t, ngx_fd_t fd, ngx_log_t *log);
static void ngx_http_live_hls_file_done(ngx_event_t *ev);


static ngx_queue_t  ngx_http_live_hls_files;
static ngx_uint_t   ngx_http_live_hls_nfiles;
static size_t       ngx_http_live_hls_files_size;


ngx_int_t
ngx_http_live_hls_file(ngx_http_request_t *r, ngx_live_hls_app_conf_t *conf,
    ngx_str_t *path, ngx_str_t *session, ngx_http_live_hls_file_t **file)
{
    uint32_t                   hash;
    ngx_http_live_hls_file_t  *f;

    hash = ngx_crc32_short(path->data, path->len);

    f = ngx_http_live_hls_file_find(path, hash);

    if (f == NULL) {
        f = ngx_http_live_hls_file_add(r, path, hash, session);
    }

    if (f == NULL) {
        return ngx_http_live_hls_unavailable(r, "too much is read from disk");
    }

    f->used = ngx_time();
    f->threads = conf->pool;
    f->keys = conf->keys;

    ngx_queue_remove(&f->queue);
    ngx_queue_insert_head(&ngx_http_live_hls_files, &f->queue);

    if (f->known
        && ngx_current_msec - f->checked
           < (f->list ? NGX_HTTP_LIVE_HLS_FILE_FRESH
                      : NGX_HTTP_LIVE_HLS_FILE_NONE))
    {
        if (f->err) {
            return ngx_http_live_hls_unavailable(r, "cannot be read");
        }

        *file = f;

        return NGX_DECLINED;
    }

    if (ngx_http_live_hls_file_load(f) != NGX_OK) {
        return ngx_http_live_hls_unavailable(r, "too much is read from disk");
    }

    return ngx_http_live_hls_hold(r, conf, f, 3 * conf->target_duration, 0);
}


static ngx_http_live_hls_file_t *
ngx_http_live_hls_file_find(ngx_str_t *path, uint32_t hash)
{
    ngx_queue_t               *q;
    ngx_http_live_hls_file_t  *file;

    if (ngx_http_live_hls_files.next == NULL) {
        ngx_queue_init(&ngx_http_live_hls_files);
    }

    for (q = ngx_queue_head(&ngx_http_live_hls_files);
         q != ngx_queue_sentinel(&ngx_http_live_hls_files);
         q = ngx_queue_next(q))
    {
        file = ngx_queue_data(q, ngx_http_live_hls_file_t, queue);

        if (file->hash == hash && file->path.len == path->len
            && ngx_memcmp(file->path.data, path->data, path->len) == 0)
        {
            return file;
        }
    }

    return NULL;
}


static ngx_http_live_hls_file_t *
ngx_http_live_hls_file_add(ngx_http_request_t *r, ngx_str_t *path,
    uint32_t hash, ngx_str_t *session)
{
    u_char                    *p;
    ngx_http_live_ctx_t       *lctx;
    ngx_http_live_hls_file_t  *file;

    lctx = ngx_http_live_get_ctx(r);

    ngx_http_live_hls_file_shrink(1);

    if (ngx_http_live_hls_nfiles >= NGX_HTTP_LIVE_HLS_FILES) {
        return NULL;
    }

    file = ngx_calloc(sizeof(ngx_http_live_hls_file_t) + path->len + 1
                      + lctx->app.len + lctx->name.len + session->len,
                      ngx_cycle->log);
    if (file == NULL) {
        return NULL;
    }

    ngx_queue_init(&file->held);

    file->hash = hash;

    p = (u_char *) &file[1];

    file->path.data = p;
    file->path.len = path->len;
    p = ngx_cpymem(p, path->data, path->len);
    *p++ = '\0';

    file->app.data = p;
    file->app.len = lctx->app.len;
    p = ngx_cpymem(p, lctx->app.data, lctx->app.len);

    file->name.data = p;
    file->name.len = lctx->name.len;
    p = ngx_cpymem(p, lctx->name.data, lctx->name.len);

    if (session->len) {
        file->session.data = p;
        file->session.len = session->len;
        ngx_memcpy(p, session->data, session->len);
    }

    ngx_queue_insert_head(&ngx_http_live_hls_files, &file->queue);
    ngx_http_live_hls_nfiles++;

    return file;
}


/* forgets what was not used for the longest time */

static void
ngx_http_live_hls_file_shrink(ngx_uint_t room)
{
    ngx_queue_t               *q, *prev;
    ngx_http_live_hls_file_t  *file;

    for (q = ngx_queue_last(&ngx_http_live_hls_files);
         q != ngx_queue_sentinel(&ngx_http_live_hls_files);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        file = ngx_queue_data(q, ngx_http_live_hls_file_t, queue);

        if (ngx_http_live_hls_nfiles + room <= NGX_HTTP_LIVE_HLS_FILES
            && ngx_http_live_hls_files_size <= NGX_HTTP_LIVE_HLS_FILES_SIZE
            && ngx_time() - file->used < NGX_HTTP_LIVE_HLS_FILE_UNUSED)
        {
            return;
        }

        if (!file->busy && !file->loading && file->nheld == 0) {
            ngx_http_live_hls_file_forget(file);
        }
    }
}


static void
ngx_http_live_hls_file_forget(ngx_http_live_hls_file_t *file)
{
    ngx_queue_remove(&file->queue);

    ngx_http_live_hls_nfiles--;
    ngx_http_live_hls_files_size -= ngx_http_live_hls_file_size(file);

    if (file->list) {
        ngx_http_live_hls_text_free(&file->list->text);
    }

    ngx_free(file);
}


static size_t
ngx_http_live_hls_file_size(ngx_http_live_hls_file_t *file)
{
    return file->list ? file->list->text.len
                        + file->list->text.nuris * sizeof(uint32_t) : 0;
}


ngx_uint_t
ngx_http_live_hls_file_held(ngx_http_live_hls_file_t *file)
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_http_live_hls_file_t  *f;

    n = 0;

    for (q = ngx_queue_head(&ngx_http_live_hls_files);
         q != ngx_queue_sentinel(&ngx_http_live_hls_files);
         q = ngx_queue_next(q))
    {
        f = ngx_queue_data(q, ngx_http_live_hls_file_t, queue);

        if (f->app.len == file->app.len && f->name.len == file->name.len
            && ngx_memcmp(f->app.data, file->app.data, f->app.len) == 0
            && ngx_memcmp(f->name.data, file->name.data, f->name.len) == 0)
        {
            n += f->nheld;
        }
    }

    return n;
}


void
ngx_http_live_hls_file_each(void (*handler)(ngx_http_live_hls_file_t *file))
{
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_http_live_hls_file_t  *list[NGX_HTTP_LIVE_HLS_FILES], *file;

    n = 0;

    for (q = ngx_queue_head(&ngx_http_live_hls_files);
         q != ngx_queue_sentinel(&ngx_http_live_hls_files);
         q = ngx_queue_next(q))
    {
        file = ngx_queue_data(q, ngx_http_live_hls_file_t, queue);

        if (file->nwaits && !file->busy) {
            file->busy = 1;
            list[n++] = file;
        }
    }

    /* what the handler answers may ask for other files, and move all */

    while (n) {
        file = list[--n];
        handler(file);
        file->busy = 0;
    }
}


ngx_int_t
ngx_http_live_hls_file_load(ngx_http_live_hls_file_t *file)
{
    ngx_http_live_hls_file_task_t  *t;

    if (file->loading) {
        return NGX_OK;
    }

    t = ngx_calloc(sizeof(ngx_http_live_hls_file_task_t) + file->path.len + 1
                   + file->session.len, ngx_cycle->log);
    if (t == NULL) {
        return NGX_ERROR;
    }

    t->file = file;
    t->path = (u_char *) &t[1];
    ngx_memcpy(t->path, file->path.data, file->path.len + 1);

    t->session.data = t->path + file->path.len + 1;
    t->session.len = file->session.len;

    if (file->session.len) {
        ngx_memcpy(t->session.data, file->session.data, file->session.len);
    }

    if (file->keys) {
        t->keys = *file->keys;
        t->secrets = 1;
    }

    t->known = (file->list != NULL);
    t->ended = (file->list && file->list->ended);
    t->mtime = file->mtime;
    t->size = file->size;
    t->uniq = file->uniq;

    t->task.ctx = t;
    t->task.handler = ngx_http_live_hls_file_thread;
    t->task.event.data = t;
    t->task.event.log = ngx_cycle->log;
    t->task.event.handler = ngx_http_live_hls_file_done;

    if (ngx_thread_task_post(file->threads, &t->task) != NGX_OK) {
        ngx_free(t);
        return NGX_DECLINED;
    }

    file->loading = 1;

    return NGX_OK;
}


static void
ngx_http_live_hls_file_thread(void *data, ngx_log_t *log)
{
    ngx_http_live_hls_file_task_t *t = data;

    ngx_fd_t  fd;

    fd = open((char *) t->path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno != NGX_ENOENT && ngx_errno != NGX_ENOTDIR) {
            t->err = ngx_errno;
        }

    } else {
        if (ngx_http_live_hls_file_read(t, fd, log) != NGX_OK) {
            t->err = ngx_errno ? ngx_errno : EIO;
        }

        (void) ngx_close_file(fd);
    }

    if (t->err) {
        ngx_log_error(NGX_LOG_ERR, log, t->err, "could not read \"%s\"",
                      t->path);
    }

    if ((t->list ? !t->list->ended : (t->same && !t->ended))
        && ngx_http_live_hls_file_old(t))
    {
        if (t->list) {
            ngx_http_live_hls_text_free(&t->list->text);
        }

        t->list = NULL;
        t->same = 0;
    }

    t->dir = t->same || t->list || ngx_http_live_hls_file_dir(t->path);
}


/*
 * Written when a former life of nginx had just begun, while the publisher came
 * back: the journal says more.
 */

static ngx_uint_t
ngx_http_live_hls_file_old(ngx_http_live_hls_file_task_t *t)
{
    u_char           *p, path[NGX_MAX_PATH];
    ngx_file_info_t   fi;

    p = (u_char *) strrchr((char *) t->path, '/');

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%*s/journal%Z",
                        (size_t) (p - t->path), t->path);

    if (ngx_file_info(path, &fi) == NGX_FILE_ERROR) {
        return 0;
    }

    return fi.st_mtim.tv_sec > t->time.tv_sec
           || (fi.st_mtim.tv_sec == t->time.tv_sec
               && fi.st_mtim.tv_nsec > t->time.tv_nsec);
}


static ngx_uint_t
ngx_http_live_hls_file_dir(u_char *path)
{
    u_char           *p;
    ngx_uint_t        found;
    ngx_file_info_t   fi;

    p = (u_char *) strrchr((char *) path, '/');

    *p = '\0';
    found = (ngx_file_info(path, &fi) != NGX_FILE_ERROR);
    *p = '/';

    return found;
}


static ngx_int_t
ngx_http_live_hls_file_read(ngx_http_live_hls_file_task_t *t, ngx_fd_t fd,
    ngx_log_t *log)
{
    u_char           *data;
    off_t             size, len;
    ssize_t           n;
    ngx_file_info_t   fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        return NGX_ERROR;
    }

    size = ngx_file_size(&fi);
    t->time = fi.st_mtim;

    if (!ngx_is_file(&fi) || size == 0 || size > NGX_HTTP_LIVE_HLS_FILE_MAX) {
        return NGX_OK;
    }

    if (t->known && t->size == size && t->mtime == ngx_file_mtime(&fi)
        && t->uniq == ngx_file_uniq(&fi))
    {
        t->same = 1;
        return NGX_OK;
    }

    t->size = size;
    t->mtime = ngx_file_mtime(&fi);
    t->uniq = ngx_file_uniq(&fi);

    data = ngx_alloc(size, log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    for (len = 0; len < size; len += n) {
        ngx_set_errno(0);
        n = pread(fd, data + len, size - len, len);

        if (n <= 0) {
            ngx_free(data);
            return NGX_ERROR;
        }
    }

    t->list = ngx_http_live_hls_saved(data, size, t->secrets ? &t->keys : NULL,
                                      &t->session, log);

    ngx_free(data);

    return t->list ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_live_hls_file_done(ngx_event_t *ev)
{
    ngx_uint_t                      news;
    ngx_http_live_hls_file_t       *file;
    ngx_http_live_hls_file_task_t  *t;

    t = ev->data;
    file = t->file;

    news = !file->known || (t->same ? 0 : (t->list || file->list));

    if (!t->same) {
        ngx_http_live_hls_files_size -= ngx_http_live_hls_file_size(file);

        if (file->list) {
            ngx_http_live_hls_text_free(&file->list->text);
        }

        file->list = t->list;
        file->mtime = t->mtime;
        file->size = t->size;
        file->uniq = t->uniq;

        ngx_http_live_hls_files_size += ngx_http_live_hls_file_size(file);
    }

    file->err = t->err;
    file->dir = t->dir ? 1 : 0;
    file->known = 1;
    file->checked = ngx_current_msec;
    file->loading = 0;

    ngx_free(t);

    file->busy = 1;

    ngx_http_live_hls_hold_wake(file, news);

    if (file->again) {
        file->again = 0;

        if (file->nwaits) {
            (void) ngx_http_live_hls_file_load(file);
        }
    }

    file->busy = 0;

    ngx_http_live_hls_file_shrink(0);
}
