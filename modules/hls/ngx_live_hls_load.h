
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_LOAD_H_INCLUDED_
#define _NGX_LIVE_HLS_LOAD_H_INCLUDED_


#include "ngx_live_hls_archive.h"


/*
 * A session as its journal tells it.  Strings point into data.  Blocking and
 * thread-safe.
 */

typedef struct {
    uint64_t                      msn;
    ngx_live_time_t               start;
    int64_t                       date;
    int64_t                       duration;
    uint64_t                      bytes;
    uint64_t                      map;
    ngx_uint_t                    flags;     /* NGX_LIVE_HLS_* */
} ngx_live_hls_loaded_segment_t;


typedef struct {
    ngx_live_hls_journal_track_t    track;
    ngx_live_hls_loaded_segment_t  *segments;  /* without holes in msn */
    ngx_uint_t                      n;
    ngx_uint_t                      allocated;
} ngx_live_hls_loaded_rendition_t;


typedef struct {
    u_char                           *data;
    size_t                            len;
    size_t                            valid;   /* without a torn last line */
    time_t                            mtime;
    ngx_live_hls_journal_header_t     header;
    ngx_live_hls_journal_window_t     window;
    ngx_live_hls_loaded_rendition_t   renditions[NGX_LIVE_TRACKS];
    ngx_uint_t                        n;
    ngx_uint_t                        ended;
} ngx_live_hls_loaded_t;


/* dir is that of the session, with \0; NGX_DECLINED: no usable journal */
ngx_int_t ngx_live_hls_load(ngx_live_hls_loaded_t *l, u_char *dir,
    ngx_log_t *log);
void ngx_live_hls_load_free(ngx_live_hls_loaded_t *l);

/* a whole file of at most max bytes, by ngx_alloc(); NULL if there is none */
u_char *ngx_live_hls_load_file(u_char *path, size_t max, size_t *size,
    time_t *mtime, ngx_log_t *log);

/* the path of a file of the session: "buf" has NGX_MAX_PATH bytes */
u_char *ngx_live_hls_load_path(u_char *buf, u_char *dir, ngx_str_t *track,
    ngx_uint_t kind, uint64_t n);


#endif /* _NGX_LIVE_HLS_LOAD_H_INCLUDED_ */
