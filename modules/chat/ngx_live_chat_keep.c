
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_mark.h"
#include "ngx_live_stream.h"


/*
 * The file of "chat_state".  It is read with the configuration, and written
 * by a thread of one worker, at most once a second, as another one that takes
 * its place.
 */

#define NGX_LIVE_CHAT_KEEP_TICK   1000     /* ms */
#define NGX_LIVE_CHAT_KEEP_RETRY  10000    /* ms, when it could not be */
#define NGX_LIVE_CHAT_KEEP_LEAVE  3000     /* ms that a worker that is leaving
                                              lets others do it */
#define NGX_LIVE_CHAT_KEEP_MAX    (64 * 1024 * 1024)


/* of the thread while it runs */

typedef struct {
    ngx_str_t                  path;
    ngx_str_t                  temp;
    ngx_str_t                  text;
    uint64_t                   version;
    ngx_err_t                  err;
    const char                *failed;     /* NULL: it was written */
} ngx_live_chat_keep_t;


static ngx_int_t ngx_live_chat_keep_file(ngx_conf_t *cf, ngx_fd_t fd,
    ngx_str_t *text);
static ngx_int_t ngx_live_chat_keep_check(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *text);
static void ngx_live_chat_keep_timer(ngx_event_t *ev);
static ngx_int_t ngx_live_chat_keep_claim_locked(ngx_live_chat_zone_t *zone);
static void ngx_live_chat_keep_thread(void *data, ngx_log_t *log);
static const char *ngx_live_chat_keep_write(ngx_live_chat_keep_t *keep);
static void ngx_live_chat_keep_done(ngx_event_t *ev);


static ngx_event_t         ngx_live_chat_keep_event;
static ngx_connection_t    ngx_live_chat_keep_dummy;
static ngx_thread_task_t  *ngx_live_chat_keep_task;
static ngx_thread_pool_t  *ngx_live_chat_keep_threads;


ngx_int_t
ngx_live_chat_keep_read(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    ngx_str_null(text);

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno == NGX_ENOENT) {
            return NGX_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    rc = ngx_live_chat_keep_file(cf, fd, text);

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "chat state \"%V\" cannot be read", path);
    }

    (void) ngx_close_file(fd);

    return (rc == NGX_OK) ? ngx_live_chat_keep_check(cf, path, text) : rc;
}


static ngx_int_t
ngx_live_chat_keep_file(ngx_conf_t *cf, ngx_fd_t fd, ngx_str_t *text)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > NGX_LIVE_CHAT_KEEP_MAX) {
        ngx_set_errno(EFBIG);
        return NGX_ERROR;
    }

    text->data = ngx_pnalloc(cf->pool, ngx_file_size(&fi) + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    while (text->len < (size_t) ngx_file_size(&fi)) {

        n = pread(fd, text->data + text->len, ngx_file_size(&fi) - text->len,
                  text->len);

        if (n == -1) {
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }

        text->len += n;
    }

    return NGX_OK;
}


/* all of it, before anything of it is believed: names are read in place */

static ngx_int_t
ngx_live_chat_keep_check(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text)
{
    u_char                 *copy;
    ngx_int_t               rc;
    ngx_live_chat_state_t   st;

    copy = ngx_alloc(text->len + 1, cf->log);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, text->data, text->len);

    rc = ngx_live_chat_state_start(&st, copy, text->len);

    while (rc == NGX_OK) {
        rc = ngx_live_chat_state_next(&st);
    }

    ngx_free(copy);

    if (rc == NGX_DONE) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "chat state \"%V\": %s in line %ui", path, st.reason,
                       st.line);

    return NGX_ERROR;
}


void
ngx_live_chat_keep_enter(ngx_live_chat_zone_t *zone, ngx_str_t *text,
    ngx_log_t *log)
{
    ngx_live_chat_state_t  st;

    if (text->len == 0
        || ngx_live_chat_state_start(&st, text->data, text->len) != NGX_OK)
    {
        return;
    }

    ngx_memcpy(zone->sh->secret, st.secret, NGX_LIVE_CHAT_SECRET_LEN);

    while (ngx_live_chat_state_next(&st) == NGX_OK) {

        if (ngx_live_chat_mark_set_locked(zone, &st.room, &st.user, &st.marks)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, log, 0,
                          "no memory for all of the chat's state, "
                          "see \"chat_zone\"");
            return;
        }
    }
}


ngx_int_t
ngx_live_chat_keep_init(ngx_cycle_t *cycle, ngx_str_t *path,
    ngx_thread_pool_t *threads)
{
    ngx_event_t           *ev;
    ngx_thread_task_t     *task;
    ngx_live_chat_keep_t  *keep;

    task = ngx_thread_task_alloc(cycle->pool, sizeof(ngx_live_chat_keep_t));
    if (task == NULL) {
        return NGX_ERROR;
    }

    keep = task->ctx;

    ngx_memzero(keep, sizeof(ngx_live_chat_keep_t));

    keep->path = *path;
    keep->temp.len = path->len + sizeof(".tmp") - 1;
    keep->temp.data = ngx_pnalloc(cycle->pool, keep->temp.len + 1);

    if (keep->temp.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(keep->temp.data, "%V.tmp%Z", path);

    task->handler = ngx_live_chat_keep_thread;
    task->event.handler = ngx_live_chat_keep_done;
    task->event.data = keep;
    task->event.log = cycle->log;

    ngx_live_chat_keep_task = task;
    ngx_live_chat_keep_threads = threads;
    ngx_live_chat_keep_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_live_chat_keep_event;

    ev->handler = ngx_live_chat_keep_timer;
    ev->data = &ngx_live_chat_keep_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_LIVE_CHAT_KEEP_TICK);

    return NGX_OK;
}


void
ngx_live_chat_keep_changed(void)
{
    if (ngx_live_chat_keep_task) {
        ngx_add_timer(&ngx_live_chat_keep_event, 1);
    }
}


static void
ngx_live_chat_keep_timer(ngx_event_t *ev)
{
    ngx_int_t              rc;
    ngx_live_chat_zone_t  *zone;
    ngx_live_chat_keep_t  *keep;

    ngx_add_timer(ev, NGX_LIVE_CHAT_KEEP_TICK);

    zone = ngx_live_chat_zone();

    if (zone == NULL || ngx_live_chat_keep_task->event.active) {
        return;
    }

    keep = ngx_live_chat_keep_task->ctx;

    ngx_live_chat_lock(zone);

    rc = ngx_live_chat_keep_claim_locked(zone);

    if (rc == NGX_OK) {
        keep->version = zone->sh->marks_version;

        rc = ngx_live_chat_mark_write_locked(zone, &keep->text);

        if (rc != NGX_OK) {
            zone->sh->marks_keeper = 0;
        }
    }

    ngx_live_chat_unlock(zone);

    if (rc != NGX_OK) {
        return;
    }

    if (ngx_thread_task_post(ngx_live_chat_keep_threads,
                             ngx_live_chat_keep_task)
        != NGX_OK)
    {
        zone->sh->marks_keeper = 0;
        ngx_free(keep->text.data);
    }
}


/* NGX_DECLINED: nothing is to be written, or not now, or not by this worker */

static ngx_int_t
ngx_live_chat_keep_claim_locked(ngx_live_chat_zone_t *zone)
{
    int64_t              now;
    ngx_pid_t            pid;
    ngx_live_chat_sh_t  *sh;

    sh = zone->sh;
    now = ngx_live_clock();
    pid = sh->marks_keeper;

    if (sh->marks_version == sh->marks_kept || now < sh->marks_due) {
        return NGX_DECLINED;
    }

    /* a newer configuration may have another file */

    if (zone->generation != sh->generation) {
        return NGX_DECLINED;
    }

    if (ngx_exiting && now - sh->marks_changed < NGX_LIVE_CHAT_KEEP_LEAVE) {
        return NGX_DECLINED;
    }

    if (pid && pid != ngx_pid
        && (kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH))
    {
        return NGX_DECLINED;
    }

    sh->marks_keeper = ngx_pid;
    sh->marks_due = now + NGX_LIVE_CHAT_KEEP_TICK;

    return NGX_OK;
}


static void
ngx_live_chat_keep_thread(void *data, ngx_log_t *log)
{
    ngx_live_chat_keep_t *keep = data;

    keep->failed = ngx_live_chat_keep_write(keep);
    keep->err = ngx_errno;
}


/* NULL, or what has failed */

static const char *
ngx_live_chat_keep_write(ngx_live_chat_keep_t *keep)
{
    size_t    sent;
    ssize_t   n;
    ngx_fd_t  fd;

    /* names of guests, with their secret, are nobody else's affair */

    fd = ngx_open_file(keep->temp.data, NGX_FILE_WRONLY, NGX_FILE_TRUNCATE,
                       0600);
    if (fd == NGX_INVALID_FILE) {
        return ngx_open_file_n;
    }

    for (sent = 0; sent < keep->text.len; sent += n) {
        n = pwrite(fd, keep->text.data + sent, keep->text.len - sent, sent);

        if (n == -1) {
            (void) ngx_close_file(fd);
            return "pwrite()";
        }
    }

    if (fsync(fd) == -1) {
        (void) ngx_close_file(fd);
        return "fsync()";
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        return ngx_close_file_n;
    }

    if (ngx_rename_file(keep->temp.data, keep->path.data) == NGX_FILE_ERROR) {
        return ngx_rename_file_n;
    }

    return NULL;
}


static void
ngx_live_chat_keep_done(ngx_event_t *ev)
{
    ngx_live_chat_keep_t *keep = ev->data;

    ngx_live_chat_zone_t  *zone;

    ngx_free(keep->text.data);

    zone = ngx_live_chat_zone();

    if (zone == NULL) {
        return;
    }

    ngx_live_chat_lock(zone);

    zone->sh->marks_keeper = 0;

    if (keep->failed) {
        zone->sh->marks_due = ngx_live_clock() + NGX_LIVE_CHAT_KEEP_RETRY;

    } else if (zone->generation == zone->sh->generation) {
        zone->sh->marks_kept = keep->version;
    }

    ngx_live_chat_unlock(zone);

    if (keep->failed) {
        ngx_log_error(NGX_LOG_ERR, ev->log, keep->err,
                      "chat state \"%V\" cannot be written: %s failed",
                      &keep->path, keep->failed);
    }
}
