
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_ARCHIVE_H_INCLUDED_
#define _NGX_LIVE_HLS_ARCHIVE_H_INCLUDED_


#include "ngx_live_hls_packager.h"


/*
 * Playlists as files: TRACK.m3u8 in the directory of the session, index.m3u8
 * in that of the stream.
 */

typedef struct {
    ngx_live_hls_playlist_t    playlist;
    ngx_live_hls_segment_t    *segments;
    ngx_uint_t                 n;
} ngx_live_hls_archive_t;

/* bytes from ngx_alloc(), or NULL; of plain HLS, without parts */
u_char *ngx_live_hls_archive_media(ngx_live_hls_archive_t *a, size_t *size,
    ngx_log_t *log);
u_char *ngx_live_hls_archive_index(ngx_str_t *session,
    ngx_live_hls_rendition_t *renditions, ngx_uint_t n,
    ngx_uint_t independent, size_t *size, ngx_log_t *log);

/* the final playlists of a session that ends now */
void ngx_live_hls_archive(ngx_live_hls_packager_t *p);


#endif /* _NGX_LIVE_HLS_ARCHIVE_H_INCLUDED_ */
