
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_FILE_H_INCLUDED_
#define _NGX_LIVE_HLS_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Files of a session.  All of this blocks, and is called in threads only;
 * several threads and processes may do so at the same time.  Paths end with
 * a \0; a result of 0 is success.
 */

/* also makes the directories that are missing */
ngx_fd_t ngx_live_hls_file_create(u_char *path, int flags, ngx_err_t *err);

ngx_err_t ngx_live_hls_file_write(ngx_fd_t fd, u_char *data, size_t size,
    off_t offset);

/* a whole file, replaced at once */
ngx_err_t ngx_live_hls_file_put(u_char *path, u_char *data, size_t size);


/*
 * Journals.  While one is changed it is locked, so that it can be replaced:
 * a task of a former owner may still have lines for it.
 */

/*
 * Appends whole lines, all or nothing; a torn line before them is cut off.
 * *size is that of the journal afterwards.
 */
ngx_err_t ngx_live_hls_file_append(u_char *path, u_char *lines, size_t len,
    off_t *size);

/*
 * What was read of a journal, len bytes, is gone on with behind the first
 * "valid" of them; it may have been ended since then.
 */
ngx_err_t ngx_live_hls_file_cut(u_char *path, off_t len, off_t valid);

/* writes the last line of such a journal; EAGAIN: it has grown */
ngx_err_t ngx_live_hls_file_end(u_char *path, off_t len, off_t valid,
    u_char *line, size_t size);

/* leaves out what has left the window; *size as above */
ngx_err_t ngx_live_hls_file_compact(u_char *path, off_t *size,
    ngx_log_t *log);


#endif /* _NGX_LIVE_HLS_FILE_H_INCLUDED_ */
