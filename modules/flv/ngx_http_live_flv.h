
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_HTTP_LIVE_FLV_H_INCLUDED_
#define _NGX_HTTP_LIVE_FLV_H_INCLUDED_


#include "ngx_http_live.h"
#include "ngx_live_event.h"
#include "ngx_live_flv.h"
#include "ngx_live_reader.h"
#include "ngx_live_send.h"
#include "ngx_live_session.h"
#include "ngx_live_websocket.h"


typedef struct {
    ngx_msec_t                 flush;
    ngx_msec_t                 send_timeout;
} ngx_http_live_flv_loc_conf_t;


/* FLV has one track of each kind */

typedef enum {
    NGX_HTTP_LIVE_FLV_VIDEO = 0,
    NGX_HTTP_LIVE_FLV_AUDIO,
    NGX_HTTP_LIVE_FLV_DATA,
    NGX_HTTP_LIVE_FLV_KINDS
} ngx_http_live_flv_kind_e;

#define NGX_HTTP_LIVE_FLV_NO_TRACK  0xff


typedef struct {
    uint32_t                   config;     /* version that was sent, or 0 */
    uint8_t                    id;
} ngx_http_live_flv_track_t;


/* bytes that are not in the ring: on the heap until they have left */

typedef struct {
    u_char                    *pos;
    u_char                    *last;
    u_char                     data[1];
} ngx_http_live_flv_head_t;


/* only of a player that came as WebSocket */

typedef struct {
    ngx_live_websocket_t       parser;
    ngx_uint_t                 code;       /* of the close frame to be sent */
    size_t                     npong;
    u_char                     pong[NGX_LIVE_WEBSOCKET_CONTROL_MAX];

    unsigned                   ping:1;     /* pong is to be sent */
    unsigned                   close_sent:1;
    unsigned                   close_received:1;
} ngx_http_live_flv_websocket_t;


/*
 * A player.  What it is sent next is the head, then the frame reader.seq as
 * a tag from its byte offset on.  A tag's bytes depend on nothing but the
 * frame, so this is all there is to remember of a partial send.
 */

typedef struct {
    ngx_http_request_t             *request;
    ngx_live_stream_t              *stream;  /* NULL: detached */
    ngx_live_reader_t               reader;
    ngx_live_session_t              session;
    ngx_http_live_flv_head_t       *head;
    ngx_http_live_flv_websocket_t  *websocket;
    ngx_http_live_copy_t           *copy;     /* over HTTP/2, HTTP/3 */
    ngx_msec_t                      progress; /* bytes have left last */
    uint32_t                        offset;
    ngx_http_live_flv_track_t       tracks[NGX_HTTP_LIVE_FLV_KINDS];

    unsigned                        started:1;  /* file header was made */
    unsigned                        blocked:1;  /* by the client */
    unsigned                        need_key:1; /* drop what is before it */
    unsigned                        skipped:1;  /* nothing has left since */
    unsigned                        closing:1;  /* no more tags */
} ngx_http_live_flv_t;


/* what a frame is to a player */

typedef enum {
    NGX_HTTP_LIVE_FLV_SEND = 0,
    NGX_HTTP_LIVE_FLV_SKIP,                /* of another track */
    NGX_HTTP_LIVE_FLV_CHANGE               /* a configuration goes before it */
} ngx_http_live_flv_check_e;


/* FLV time: milliseconds, which wrap */
#define ngx_http_live_flv_ms(f)                                               \
    ((uint32_t) ((f)->dts / NGX_LIVE_TICKS_PER_MS))

#define ngx_http_live_flv_kind(f)                                             \
    (((f)->flags & NGX_LIVE_FRAME_VIDEO) ? NGX_HTTP_LIVE_FLV_VIDEO            \
     : ((f)->flags & NGX_LIVE_FRAME_AUDIO) ? NGX_HTTP_LIVE_FLV_AUDIO          \
     : NGX_HTTP_LIVE_FLV_DATA)


/* by kind: NGX_LIVE_FLV_TAG_* */
extern ngx_uint_t  ngx_http_live_flv_tags[];
extern ngx_module_t  ngx_http_live_flv_module;


/*
 * Sends what there is.  NGX_OK: all of it; NGX_AGAIN: the client takes no
 * more for now; NGX_DONE: that was the end; NGX_ERROR.
 */
ngx_int_t ngx_http_live_flv_send(ngx_http_live_flv_t *f);

/*
 * The reader is too slow: what is left of a tag that was begun is copied out
 * of the ring, and the player goes on at the newest key frame.
 */
ngx_int_t ngx_http_live_flv_skip(ngx_http_live_flv_t *f);

/* heads: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_live_flv_head_start(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame);
ngx_int_t ngx_http_live_flv_head_config(ngx_http_live_flv_t *f,
    ngx_live_frame_t *frame);
ngx_int_t ngx_http_live_flv_head_chain(ngx_http_live_flv_t *f,
    ngx_live_send_t *s);
ngx_int_t ngx_http_live_flv_head_control(ngx_http_live_flv_t *f,
    ngx_uint_t opcode, u_char *data, size_t len);
void ngx_http_live_flv_head_free(ngx_http_live_flv_t *f);

/* frames of the client; ends the player itself */
void ngx_http_live_flv_websocket_handler(ngx_http_request_t *r);

/* no more tags: ends when what was begun has left */
void ngx_http_live_flv_end(ngx_http_live_flv_t *f, ngx_uint_t code);

/* sends; NGX_DONE: that was the end, and the player is gone */
ngx_int_t ngx_http_live_flv_run(ngx_http_live_flv_t *f);

/* ends the request */
void ngx_http_live_flv_finalize(ngx_http_live_flv_t *f, ngx_int_t rc);


#endif /* _NGX_HTTP_LIVE_FLV_H_INCLUDED_ */
