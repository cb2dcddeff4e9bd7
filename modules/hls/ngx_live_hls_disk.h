
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_DISK_H_INCLUDED_
#define _NGX_LIVE_HLS_DISK_H_INCLUDED_


#include "ngx_live_hls.h"


/*
 * Everything that is written to or deleted from the directory of a session,
 * by tasks in nginx's thread pool.  Appends state their offset, so their
 * order does not matter; lines of the journal are written in the order they
 * were given.  A task keeps the stream's handle.
 *
 * What was allocated by ngx_alloc() is handed over: it is freed here, also
 * on refusal.
 */

/* bytes of a journal's last line */
#define NGX_LIVE_HLS_DISK_END  16


typedef struct ngx_live_hls_disk_s       ngx_live_hls_disk_t;
typedef struct ngx_live_hls_disk_task_s  ngx_live_hls_disk_task_t;

/* a part was written, or not */
typedef void (*ngx_live_hls_disk_stored_pt)(void *data,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn, ngx_uint_t part,
    ngx_uint_t ok);

/* all lines up to this number were written, or given up */
typedef void (*ngx_live_hls_disk_journal_pt)(void *data, uint64_t number);


struct ngx_live_hls_disk_s {
    ngx_live_stream_t            *stream;
    ngx_live_hls_sh_t            *hls;
    void                         *pool;      /* ngx_thread_pool_t */
    ngx_str_t                     dir;       /* of the session, with \0 */
    ngx_log_t                    *log;

    ngx_uint_t                    max;
    ngx_uint_t                    queued;
    ngx_msec_t                    logged;    /* 0: not yet */

    void                         *data;      /* NULL: closed */
    ngx_live_hls_disk_stored_pt   stored;
    ngx_live_hls_disk_journal_pt  journaled;

    /* the journal's lines, shared with its task */
    ngx_thread_mutex_t            mutex;
    u_char                       *lines;
    size_t                        size;
    uint64_t                      given;     /* number of the last line */
    uint64_t                      written;
    ngx_err_t                     err;
    ngx_uint_t                    running;   /* its task */

    /* the task's, once it was posted */
    ngx_uint_t                    cut;       /* the journal is gone on with: */
    off_t                         read;      /* bytes that were read of it, */
    off_t                         valid;     /* of which so many count */
    off_t                         compact;   /* at this size */

    /* the last line, which follows the final playlists */
    u_char                        end[NGX_LIVE_HLS_DISK_END];
    size_t                        end_len;
    ngx_uint_t                    finals;    /* are being written */

    unsigned                      failing:1; /* the last append failed */
    unsigned                      unfinal:1; /* one could not be written */
    unsigned                      closed:1;
};


ngx_live_hls_disk_t *ngx_live_hls_disk_open(ngx_live_stream_t *st,
    ngx_live_hls_sh_t *hls, ngx_live_hls_app_conf_t *conf, void *data);

/* pending tasks are finished, their results are told to nobody */
void ngx_live_hls_disk_close(ngx_live_hls_disk_t *disk);

/*
 * NGX_DECLINED: the queue is full.  Small parts of a segment are put together
 * in *pending, which is NULL at first, until there are enough of them or
 * flush is called: at the end of the segment at the latest.
 */
ngx_int_t ngx_live_hls_disk_append(ngx_live_hls_disk_t *disk,
    ngx_live_hls_disk_task_t **pending, ngx_live_hls_rendition_sh_t *r,
    ngx_live_hls_part_sh_t *part, u_char *data, size_t size);
void ngx_live_hls_disk_flush(ngx_live_hls_disk_task_t **pending);

/* cuts a segment to its length, deletes it */
void ngx_live_hls_disk_truncate(ngx_live_hls_disk_t *disk,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn, off_t size);
void ngx_live_hls_disk_delete(ngx_live_hls_disk_t *disk,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn);
void ngx_live_hls_disk_delete_range(ngx_live_hls_disk_t *disk,
    ngx_live_hls_rendition_sh_t *r, uint64_t from, uint64_t to);
void ngx_live_hls_disk_unlink(ngx_live_hls_disk_t *disk, const char *name);

/* a whole file, replaced at once; name is relative to the session */
void ngx_live_hls_disk_file(ngx_live_hls_disk_t *disk, const char *name,
    u_char *data, size_t size);

/*
 * The same for a playlist of a session that is over; data is NULL: there was
 * no memory for it.  Afterwards the journal's last line is given, at most
 * NGX_LIVE_HLS_DISK_END bytes: it is written when all such playlists were,
 * and left to the keeper when one was not.
 */
void ngx_live_hls_disk_final(ngx_live_hls_disk_t *disk, const char *name,
    u_char *data, size_t size);
void ngx_live_hls_disk_end(ngx_live_hls_disk_t *disk, u_char *line,
    size_t len);

/* number of the line */
uint64_t ngx_live_hls_disk_journal(ngx_live_hls_disk_t *disk, u_char *line,
    size_t len);


#endif /* _NGX_LIVE_HLS_DISK_H_INCLUDED_ */
