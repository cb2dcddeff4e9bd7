
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_PUBLISH_H_INCLUDED_
#define _NGX_LIVE_PUBLISH_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * The writing side of a stream.  A door fills the first part and calls
 * ngx_live_publish_open() after the access check:
 *
 *   NGX_OK        the stream is ours; publish
 *   NGX_AGAIN     another worker is giving it up; ready() is called with the
 *                 result within a second
 *   NGX_DECLINED  refused; pub->refusal and pub->reason say why
 *   NGX_ERROR     no memory
 *
 * closed() is called when core ends the publisher (takeover, administration);
 * the door then tells its client and closes; it does not call
 * ngx_live_publish_close().
 */

typedef enum {
    NGX_LIVE_REFUSED_CONFLICT = 1,     /* another publisher is there */
    NGX_LIVE_REFUSED_FULL              /* streams or memory of the zone */
} ngx_live_refusal_e;


#define NGX_LIVE_PUBLISH_TAKEN  "taken over by another publisher"


struct ngx_live_publisher_s {
    ngx_live_app_conf_t       *app;
    ngx_str_t                  name;
    ngx_uint_t                 door;
    ngx_str_t                  address;      /* text, for status */
    ngx_log_t                 *log;
    ngx_pool_t                *pool;
    void                      *data;
    void                     (*ready)(ngx_live_publisher_t *pub, ngx_int_t rc);
    void                     (*closed)(ngx_live_publisher_t *pub,
                                       const char *reason);

    /* set by core */
    ngx_live_stream_t         *stream;
    uint64_t                   generation;
    ngx_uint_t                 refusal;
    const char                *reason;
    ngx_live_watcher_t         watcher;      /* waits for the old owner */
    ngx_event_t                timer;
    unsigned                   opened:1;
    unsigned                   pending:1;
    unsigned                   continued:1;  /* an existing stream goes on */
    unsigned                   discont:1;    /* mark the next frame */
};


ngx_int_t ngx_live_publish_open(ngx_live_publisher_t *pub);

/*
 * The publisher leaves.  The stream waits "reconnect" for its return; with
 * "end" set (an explicit unpublish is no reason; administration is) it ends
 * at once.  Also cancels a pending open.
 */
void ngx_live_publish_close(ngx_live_publisher_t *pub, ngx_uint_t end);

/*
 * A new configuration of a track; data is what RTMP players are sent: the
 * FLV tag body with its prefix.  The same bytes again are no change.
 * NGX_DECLINED: too large, or the 17th change in ten seconds; data is dropped
 * and counted then.
 */
ngx_int_t ngx_live_publish_config(ngx_live_publisher_t *pub,
    ngx_uint_t track, ngx_live_track_info_t *info, u_char *data, size_t size);

/*
 * A frame: ms is the raw 32-bit dts of RTMP, cts in ticks, flags KEY, VIDEO,
 * AUDIO or DATA, prefix the length of the FLV tag header within the bytes of
 * chain "in".  NGX_OK also when the frame was dropped and counted;
 * NGX_ABORT when the stream is not ours any more.
 */
ngx_int_t ngx_live_publish_frame(ngx_live_publisher_t *pub, ngx_uint_t track,
    uint32_t ms, int32_t cts, ngx_uint_t flags, ngx_uint_t prefix,
    ngx_chain_t *in);

/*
 * A frame of a track that was made of another one of the same stream, so its
 * time is the stream's already: f gives track, dts, cts, flags, prefix.
 * NGX_AGAIN when it was dropped for lack of memory, and counted; NGX_DECLINED
 * when its time is not after the one before, which is no fault of a source
 * that began anew; NGX_ERROR when it is far from the stream's; NGX_ABORT as
 * above.
 */
ngx_int_t ngx_live_publish_derived(ngx_live_publisher_t *pub,
    ngx_live_frame_t *f, ngx_chain_t *in);

/*
 * Internal to core: ownership was lost; calls closed().  The event has been
 * sent already, before anybody else could publish.
 */
void ngx_live_publish_lost(ngx_live_publisher_t *pub, const char *reason);


#endif /* _NGX_LIVE_PUBLISH_H_INCLUDED_ */
