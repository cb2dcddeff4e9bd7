
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_INDEX_H_INCLUDED_
#define _NGX_LIVE_HLS_INDEX_H_INCLUDED_


#include "ngx_live_hls.h"


/*
 * The writing side of the index: called by the owner of the stream only.
 * What changes between begin and end is seen by readers as one change.
 */

static ngx_inline void
ngx_live_hls_index_begin(ngx_live_hls_sh_t *hls)
{
    hls->version++;
    ngx_live_barrier();
}


static ngx_inline void
ngx_live_hls_index_end(ngx_live_hls_sh_t *hls)
{
    ngx_live_barrier();
    hls->version++;
}


/* an attachment of the stream, without renditions; NULL: no memory */
ngx_live_hls_sh_t *ngx_live_hls_index_create(ngx_live_stream_sh_t *sh,
    ngx_live_hls_app_conf_t *conf);
void ngx_live_hls_index_free(ngx_live_hls_sh_t *hls);

/* sets the session and its directory */
ngx_int_t ngx_live_hls_index_session(ngx_live_hls_sh_t *hls,
    ngx_live_stream_sh_t *sh, ngx_str_t *path, u_char *session);

/*
 * A rendition whose first segment will be msn, with an index for so many
 * segments and a ring for so many bytes.  It is seen once it is linked.
 */
ngx_live_hls_rendition_sh_t *ngx_live_hls_index_rendition(
    ngx_live_hls_sh_t *hls, ngx_uint_t track, ngx_live_track_info_t *info,
    uint64_t msn, ngx_uint_t capacity, size_t size);
void ngx_live_hls_index_link(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r);

/*
 * The version of an initialization section with these bytes, new or known;
 * 0: no memory, or all are in use.  data NULL: only its hash is known.
 */
uint32_t ngx_live_hls_index_init(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t hash, ngx_str_t *data);
uint64_t ngx_live_hls_index_hash(ngx_str_t *data);

/* segment r->next begins */
void ngx_live_hls_index_open(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, ngx_live_hls_segment_sh_t *seg);

/*
 * Bytes of a part into the ring: its seq, or 0 when there is no room.
 * Parts that are on disk make room.
 */
uint64_t ngx_live_hls_index_bytes(ngx_live_hls_rendition_sh_t *r,
    ngx_live_hls_part_sh_t *part, u_char *data, size_t size);

/*
 * Publishes a part, a complete segment or both (either may be NULL), and
 * forgets old parts.  The segment is r->next.
 */
void ngx_live_hls_index_publish(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, ngx_live_hls_part_sh_t *part,
    ngx_live_hls_segment_sh_t *seg);

/* moves the window; the caller deletes the files of [*from, *to) */
void ngx_live_hls_index_expire(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t *from, uint64_t *to);

/* the bytes of a part are on disk, or lost for ever */
void ngx_live_hls_index_stored(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn, ngx_uint_t part,
    ngx_uint_t ok);

void ngx_live_hls_index_state(ngx_live_hls_sh_t *hls, ngx_uint_t state);


#endif /* _NGX_LIVE_HLS_INDEX_H_INCLUDED_ */
