
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What to do with a request for a media playlist: blocking reload and delta
 * updates, draft-pantos-hls-rfc8216bis, 6.2.5.
 */


#ifndef _NGX_LIVE_HLS_REQUEST_H_INCLUDED_
#define _NGX_LIVE_HLS_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_HLS_ANSWER        1
#define NGX_LIVE_HLS_WAIT          2
#define NGX_LIVE_HLS_BAD_REQUEST   3

/* in part of ngx_live_hls_want_t: the segment as a whole */
#define NGX_LIVE_HLS_WHOLE         ((uint64_t) -1)


/* where a rendition stands */

typedef struct {
    uint64_t                  next;        /* MSN of the segment in progress,
                                              one more than that of the last
                                              complete one */
    ngx_uint_t                parts;       /* parts of it that are listed */
    ngx_uint_t                last_parts;  /* parts of the last complete one,
                                              0 if there is none */
    uint32_t                  part_target; /* microseconds, 0: plain HLS */
    unsigned                  ended:1;     /* EXT-X-ENDLIST is in the list */
} ngx_live_hls_edge_t;


/* what a waiter waits for */

typedef struct {
    uint64_t                  msn;
    uint64_t                  part;
} ngx_live_hls_want_t;


/*
 * msn, part and skip are the values of _HLS_msn, _HLS_part and _HLS_skip as
 * they stand in the query string, with data NULL where the argument is
 * absent.
 *
 * NGX_LIVE_HLS_ANSWER       the playlist as it is, a delta if *delta
 * NGX_LIVE_HLS_WAIT         once *want is there
 * NGX_LIVE_HLS_BAD_REQUEST  *reason says why
 *
 * *delta is set when the client asks for a delta update and may have one;
 * any value of _HLS_skip but YES and v2 is ignored.  Of an ended playlist
 * every directive is ignored.
 */
ngx_uint_t ngx_live_hls_request(const ngx_live_hls_edge_t *edge,
    const ngx_str_t *msn, const ngx_str_t *part, const ngx_str_t *skip,
    ngx_live_hls_want_t *want, ngx_uint_t *delta, const char **reason);

/*
 * Whether what a waiter waits for is there; to be asked each time the edge
 * has moved by a part or a segment.  A part past the end of its segment
 * becomes part 0 of the next one, so *want may change; unless that segment
 * has none at all, because it is a gap.
 */
ngx_uint_t ngx_live_hls_request_ready(const ngx_live_hls_edge_t *edge,
    ngx_live_hls_want_t *want);

/*
 * What to do with a request for a part near the edge.  Only the part that
 * EXT-X-PRELOAD-HINT names may be waited for (6.2.6).
 *
 * NGX_OK        it is listed, or of a segment before the last one, of which
 *               the edge does not know the parts: look it up
 * NGX_AGAIN     hinted: hold the request, ask again when the edge has moved
 * NGX_DECLINED  404: not hinted, or the segment has ended without it
 */
ngx_int_t ngx_live_hls_request_part(const ngx_live_hls_edge_t *edge,
    uint64_t msn, ngx_uint_t part);


#endif /* _NGX_LIVE_HLS_REQUEST_H_INCLUDED_ */
