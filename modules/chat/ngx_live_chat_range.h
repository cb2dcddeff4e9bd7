
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_RANGE_H_INCLUDED_
#define _NGX_LIVE_CHAT_RANGE_H_INCLUDED_


#include "ngx_live_chat_room.h"
#include "ngx_live_chat_when.h"


/*
 * What was said from one moment to another, for those who watch a recording
 * or are behind live.
 */

#define NGX_LIVE_CHAT_RANGE      200       /* entries of an answer */
#define NGX_LIVE_CHAT_RANGE_MAX  1000


typedef struct {
    int64_t                    when;       /* ms, as the range has it */
    ngx_str_t                  text;       /* of the entry */
} ngx_live_chat_range_item_t;


typedef struct {
    int64_t                    from;       /* ms since 1970, or of the media */
    int64_t                    to;         /* not included */
    int64_t                    since;      /* ms since 1970: of media what was
                                              said before is another stream's */
    ngx_uint_t                 limit;
    ngx_uint_t                 media;

    ngx_array_t                items;      /* ngx_live_chat_range_item_t */

    ngx_str_t                  text;       /* "A,B,C" */
    int64_t                    next;       /* go on from there; -1: that is
                                              all */
    ngx_uint_t                 whole;      /* nothing of it was forgotten */
} ngx_live_chat_range_t;


/*
 * Fills in text, next and whole, from the room "APP/NAME" of this node; all
 * memory is of the pool.  Entries of one moment are never divided, so there may
 * be more of them than limit.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_live_chat_range(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_chat_range_t *range, ngx_pool_t *pool);


#endif /* _NGX_LIVE_CHAT_RANGE_H_INCLUDED_ */
