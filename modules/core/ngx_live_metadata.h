
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_METADATA_H_INCLUDED_
#define _NGX_LIVE_METADATA_H_INCLUDED_


#include "ngx_live.h"


/*
 * Timed metadata of a stream: small pieces that any module, in any worker,
 * puts onto it, and that the one who packages the stream takes into its media.
 * They wait in shared memory, up to "metadata_queue" bytes and
 * NGX_LIVE_METADATA_MAX pieces per stream; what is more is dropped, and
 * counted.  They survive the worker that was to take them.
 */

#define NGX_LIVE_METADATA_MAX       256    /* pieces that wait */
#define NGX_LIVE_METADATA_URI_MAX   255    /* bytes of a scheme, a value */

#define NGX_LIVE_METADATA_NOW       ((ngx_live_time_t) -1)


typedef struct {
    ngx_str_t                  scheme;     /* what data is, a URI */
    ngx_str_t                  value;      /* whose it is, may be empty */
    ngx_str_t                  data;
    uint32_t                   id;         /* of the piece, in its scheme */
    ngx_live_time_t            time;       /* when it is to be presented, of
                                              the stream's time line */
    ngx_live_time_t            duration;   /* 0: nobody knows */
} ngx_live_metadata_t;


typedef struct ngx_live_metadata_sh_s  ngx_live_metadata_sh_t;

struct ngx_live_metadata_sh_s {
    ngx_live_metadata_sh_t    *next;
    uint32_t                   id;
    uint32_t                   len;        /* of data */
    uint32_t                   scheme;
    uint32_t                   value;
    ngx_live_time_t            time;
    ngx_live_time_t            duration;
    u_char                     bytes[1];   /* scheme, value, data */
};


/* of a stream; changed under the zone's mutex */

typedef struct {
    ngx_live_metadata_sh_t    *first;      /* oldest */
    ngx_atomic_t               n;          /* may be read without the mutex */
    ngx_uint_t                 wanted;     /* somebody takes them */
    size_t                     size;       /* bytes of data, and of URIs */
    size_t                     limit;      /* metadata_queue */
    uint64_t                   put;
    uint64_t                   taken;
    uint64_t                   dropped;    /* too many, or no memory */
} ngx_live_metadata_queue_sh_t;


/*
 * Puts a copy onto the stream "APP/NAME".  time may be NGX_LIVE_METADATA_NOW:
 * that of the newest frame.  NGX_DECLINED: there is no such stream here, or
 * nobody takes what is put onto it.  NGX_ERROR: dropped, and counted.
 */
ngx_int_t ngx_live_metadata_put(ngx_str_t *key, ngx_live_metadata_t *m);

/*
 * For the owner of a stream that packages it.  want says whether what is put
 * is taken at all: if not, what waits is dropped.  He looks at the queue with
 * the zone's mutex; remove takes the n oldest, which are in the media now.
 */
void ngx_live_metadata_want(ngx_live_stream_sh_t *sh, ngx_uint_t on);
void ngx_live_metadata_remove(ngx_live_stream_sh_t *sh, ngx_uint_t n);

/* internal to core: the stream is freed, with the zone's mutex */
void ngx_live_metadata_free_locked(ngx_live_stream_sh_t *sh);


#endif /* _NGX_LIVE_METADATA_H_INCLUDED_ */
