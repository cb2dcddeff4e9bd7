
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_file.h"
#include "ngx_live_hls_journal.h"

#include <sys/file.h>


#define NGX_LIVE_HLS_FILE_ACCESS  0644
#define NGX_LIVE_HLS_FILE_DIR     0755

/* somebody else removes an empty directory, or replaces a journal, so often
 * while we make something of it */
#define NGX_LIVE_HLS_FILE_TRIES   16

/* "E *XXXXXXXX\n" */
#define NGX_LIVE_HLS_FILE_END     12


static ngx_fd_t ngx_live_hls_file_lock(u_char *path, off_t *size,
    ngx_err_t *err);
static ngx_err_t ngx_live_hls_file_heal(ngx_fd_t fd, off_t *size);
static ngx_uint_t ngx_live_hls_file_ended(ngx_fd_t fd, off_t size);
static ngx_err_t ngx_live_hls_file_replace(u_char *path, u_char *data,
    size_t size, ngx_uint_t sync);
static ngx_err_t ngx_live_hls_file_read(ngx_fd_t fd, u_char *data,
    size_t size);


ngx_fd_t
ngx_live_hls_file_create(u_char *path, int flags, ngx_err_t *err)
{
    ngx_fd_t    fd;
    ngx_uint_t  tries;

    flags |= O_CREAT|O_CLOEXEC;

    fd = open((char *) path, flags, NGX_LIVE_HLS_FILE_ACCESS);

    for (tries = 0;
         fd == NGX_INVALID_FILE && ngx_errno == NGX_ENOENT
         && tries < NGX_LIVE_HLS_FILE_TRIES;
         tries++)
    {
        (void) ngx_create_full_path(path, NGX_LIVE_HLS_FILE_DIR);
        fd = open((char *) path, flags, NGX_LIVE_HLS_FILE_ACCESS);
    }

    *err = (fd == NGX_INVALID_FILE) ? ngx_errno : 0;

    return fd;
}


ngx_err_t
ngx_live_hls_file_write(ngx_fd_t fd, u_char *data, size_t size, off_t offset)
{
    ssize_t  n;

    while (size) {
        n = pwrite(fd, data, size, offset);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n <= 0) {
            return (n == -1) ? ngx_errno : NGX_ENOSPC;
        }

        data += n;
        size -= n;
        offset += n;
    }

    return 0;
}


ngx_err_t
ngx_live_hls_file_put(u_char *path, u_char *data, size_t size)
{
    return ngx_live_hls_file_replace(path, data, size, 0);
}


static ngx_err_t
ngx_live_hls_file_replace(u_char *path, u_char *data, size_t size,
    ngx_uint_t sync)
{
    u_char     temp[NGX_MAX_PATH];
    ngx_fd_t   fd;
    ngx_err_t  err;

    if (ngx_strlen(path) + sizeof(".tmp") > sizeof(temp)) {
        return ENAMETOOLONG;
    }

    (void) ngx_sprintf(temp, "%s.tmp%Z", path);

    fd = ngx_live_hls_file_create(temp, O_WRONLY|O_TRUNC, &err);

    if (fd == NGX_INVALID_FILE) {
        return err;
    }

    err = ngx_live_hls_file_write(fd, data, size, 0);

    if (err == 0 && sync && fsync(fd) == -1) {
        err = ngx_errno;
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR && err == 0) {
        err = ngx_errno;
    }

    if (err == 0 && ngx_rename_file(temp, path) == NGX_FILE_ERROR) {
        err = ngx_errno;
    }

    if (err) {
        (void) ngx_delete_file(temp);
    }

    return err;
}


/*
 * Opens a journal and locks it, where the file system can; who has waited for
 * the lock may have waited for a file that is no more the journal.
 */

static ngx_fd_t
ngx_live_hls_file_lock(u_char *path, off_t *size, ngx_err_t *err)
{
    ngx_fd_t         fd;
    ngx_uint_t       tries;
    ngx_file_info_t  fi, now;

    for (tries = 0; tries < NGX_LIVE_HLS_FILE_TRIES; tries++) {
        fd = ngx_live_hls_file_create(path, O_RDWR, err);

        if (fd == NGX_INVALID_FILE) {
            return NGX_INVALID_FILE;
        }

        while (flock(fd, LOCK_EX) == -1 && ngx_errno == NGX_EINTR) {
            /* void */
        }

        if (ngx_fd_info(fd, &fi) != NGX_FILE_ERROR
            && ngx_file_info(path, &now) != NGX_FILE_ERROR
            && ngx_file_uniq(&fi) == ngx_file_uniq(&now))
        {
            *size = ngx_file_size(&fi);
            return fd;
        }

        (void) ngx_close_file(fd);
    }

    *err = EAGAIN;

    return NGX_INVALID_FILE;
}


ngx_err_t
ngx_live_hls_file_append(u_char *path, u_char *lines, size_t len, off_t *size)
{
    off_t      end;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_live_hls_file_lock(path, &end, &err);

    if (fd == NGX_INVALID_FILE) {
        return err;
    }

    err = ngx_live_hls_file_heal(fd, &end);

    if (err == 0) {
        err = ngx_live_hls_file_write(fd, lines, len, end);

        if (err && ftruncate(fd, end) == -1) {
            err = ngx_errno;
        }
    }

    *size = err ? end : end + (off_t) len;

    (void) ngx_close_file(fd);

    return err;
}


/* a line that its writer did not live to finish would spoil the next one */

static ngx_err_t
ngx_live_hls_file_heal(ngx_fd_t fd, off_t *size)
{
    u_char   *p, buf[NGX_LIVE_HLS_JOURNAL_LINE];
    size_t    len;
    ssize_t   n;

    len = ngx_min(*size, (off_t) sizeof(buf));

    if (len == 0) {
        return 0;
    }

    n = pread(fd, buf, len, *size - len);

    if (n != (ssize_t) len) {
        return (n == -1) ? ngx_errno : EIO;
    }

    for (p = buf + len; p > buf && p[-1] != '\n'; p--) { /* void */ }

    if (p == buf + len || (p == buf && *size > (off_t) len)) {
        return 0;
    }

    *size -= buf + len - p;

    return (ftruncate(fd, *size) == -1) ? ngx_errno : 0;
}


ngx_err_t
ngx_live_hls_file_cut(u_char *path, off_t len, off_t valid)
{
    off_t      size;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_live_hls_file_lock(path, &size, &err);

    if (fd == NGX_INVALID_FILE) {
        return err;
    }

    if (((size == len && valid < len)
         || (size == valid + NGX_LIVE_HLS_FILE_END
             && ngx_live_hls_file_ended(fd, size)))
        && ftruncate(fd, valid) == -1)
    {
        err = ngx_errno;
    }

    (void) ngx_close_file(fd);

    return err;
}


static ngx_uint_t
ngx_live_hls_file_ended(ngx_fd_t fd, off_t size)
{
    u_char  buf[NGX_LIVE_HLS_FILE_END];

    return size >= NGX_LIVE_HLS_FILE_END
           && pread(fd, buf, sizeof(buf), size - NGX_LIVE_HLS_FILE_END)
              == NGX_LIVE_HLS_FILE_END
           && ngx_memcmp(buf, "E *", 3) == 0
           && buf[NGX_LIVE_HLS_FILE_END - 1] == '\n';
}


ngx_err_t
ngx_live_hls_file_end(u_char *path, off_t len, off_t valid, u_char *line,
    size_t size)
{
    off_t      now;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_live_hls_file_lock(path, &now, &err);

    if (fd == NGX_INVALID_FILE) {
        return err;
    }

    if (now != len) {
        err = EAGAIN;

    } else if (ftruncate(fd, valid) == -1) {
        err = ngx_errno;

    } else {
        err = ngx_live_hls_file_write(fd, line, size, valid);

        if (err && ftruncate(fd, valid) == -1) {
            err = ngx_errno;
        }
    }

    (void) ngx_close_file(fd);

    return err;
}


ngx_err_t
ngx_live_hls_file_compact(u_char *path, off_t *size, ngx_log_t *log)
{
    u_char     *data;
    size_t      len;
    ngx_fd_t    fd;
    ngx_err_t   err;

    fd = ngx_live_hls_file_lock(path, size, &err);

    if (fd == NGX_INVALID_FILE) {
        return err;
    }

    data = ngx_alloc(2 * *size, log);

    if (data == NULL) {
        err = NGX_ENOMEM;
        goto done;
    }

    err = ngx_live_hls_file_read(fd, data, *size);

    if (err) {
        goto done;
    }

    /* of one that is damaged nothing is thrown away */

    len = ngx_live_hls_journal_compact(data, *size, data + *size);

    if (len && (off_t) len < *size) {
        err = ngx_live_hls_file_replace(path, data + *size, len, 1);

        if (err == 0) {
            *size = len;
        }
    }

done:

    if (data) {
        ngx_free(data);
    }

    (void) ngx_close_file(fd);

    return err;
}


static ngx_err_t
ngx_live_hls_file_read(ngx_fd_t fd, u_char *data, size_t size)
{
    size_t   len;
    ssize_t  n;

    for (len = 0; len < size; len += n) {
        n = pread(fd, data + len, size - len, len);

        if (n <= 0) {
            return (n == -1) ? ngx_errno : EIO;
        }
    }

    return 0;
}
