
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_VIEWER_H_INCLUDED_
#define _NGX_LIVE_VIEWER_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * Viewers without a session: who pulls a stream piece by piece (HLS) is a
 * viewer as long as it keeps asking.  They are known by a hash of what tells
 * one client from another, in a table of one extent per stream; any worker
 * writes it, without a lock: a lost update costs a viewer for a moment.
 */

#define NGX_LIVE_VIEWERS  (NGX_LIVE_EXTENT_SIZE / 8)


/* a request of a viewer; it counts for ttl seconds */
void ngx_live_viewer_seen(ngx_live_stream_t *st, uint32_t hash,
    ngx_uint_t ttl);

/* internal to core: counts them, once a second, in the owner */
void ngx_live_viewer_count(ngx_live_stream_sh_t *sh);


#endif /* _NGX_LIVE_VIEWER_H_INCLUDED_ */
