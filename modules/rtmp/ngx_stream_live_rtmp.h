
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_STREAM_LIVE_RTMP_H_INCLUDED_
#define _NGX_STREAM_LIVE_RTMP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_stream.h>

#include "ngx_live_access.h"
#include "ngx_live_publish.h"
#include "ngx_live_reader.h"
#include "ngx_live_send.h"
#include "ngx_live_session.h"
#include "ngx_live_amf.h"
#include "ngx_live_rtmp_chunk.h"
#include "ngx_live_rtmp_handshake.h"


/* chunk streams we send on: control, replies, media */

#define NGX_STREAM_LIVE_RTMP_CSID_CONTROL  2
#define NGX_STREAM_LIVE_RTMP_CSID_COMMAND  3
#define NGX_STREAM_LIVE_RTMP_CSID_AUDIO    4
#define NGX_STREAM_LIVE_RTMP_CSID_DATA     5
#define NGX_STREAM_LIVE_RTMP_CSID_VIDEO    6

/* user control events, section 7.1.7 */

#define NGX_STREAM_LIVE_RTMP_STREAM_BEGIN   0
#define NGX_STREAM_LIVE_RTMP_STREAM_EOF     1
#define NGX_STREAM_LIVE_RTMP_PING_REQUEST   6
#define NGX_STREAM_LIVE_RTMP_PING_RESPONSE  7

/* longest message before publishing, longest reply, replies not yet read */

#define NGX_STREAM_LIVE_RTMP_MAX_COMMAND   65536
#define NGX_STREAM_LIVE_RTMP_MAX_REPLY     1024
#define NGX_STREAM_LIVE_RTMP_MAX_OUT       65536

/* of app, name and arguments as a client may send them */
#define NGX_STREAM_LIVE_RTMP_MAX_STRING    2048


typedef struct {
    ngx_msec_t                      flush;
    ngx_msec_t                      timeout;
    ngx_msec_t                      handshake_timeout;
    ngx_msec_t                      send_timeout;
    size_t                          chunk_size;
    size_t                          max_message;
    size_t                          window;
    ngx_int_t                       max_streams;
} ngx_stream_live_rtmp_srv_conf_t;


/*
 * The life of a connection:
 *   HANDSHAKE  until C2 has come, within live_rtmp_handshake_timeout;
 *   CONNECT    the first command must be "connect";
 *   COMMAND    connected, neither publishing nor playing;
 *   PENDING    an access handler or another worker is asked: input waits;
 *   PUBLISH    the client publishes;
 *   PLAY       the client plays;
 *   CLOSING    the last replies go out, input is dropped.
 */

typedef enum {
    NGX_STREAM_LIVE_RTMP_HANDSHAKE = 0,
    NGX_STREAM_LIVE_RTMP_CONNECT,
    NGX_STREAM_LIVE_RTMP_COMMAND,
    NGX_STREAM_LIVE_RTMP_PENDING,
    NGX_STREAM_LIVE_RTMP_PUBLISH,
    NGX_STREAM_LIVE_RTMP_PLAY,
    NGX_STREAM_LIVE_RTMP_CLOSING
} ngx_stream_live_rtmp_state_e;


/* also the tracks of a stream that is published by RTMP */

typedef enum {
    NGX_STREAM_LIVE_RTMP_VIDEO = 0,
    NGX_STREAM_LIVE_RTMP_AUDIO,
    NGX_STREAM_LIVE_RTMP_DATA,
    NGX_STREAM_LIVE_RTMP_KINDS
} ngx_stream_live_rtmp_kind_e;


typedef struct ngx_stream_live_rtmp_s      ngx_stream_live_rtmp_t;
typedef struct ngx_stream_live_rtmp_out_s  ngx_stream_live_rtmp_out_t;


/* bytes of ours that wait to be sent; the bytes follow the structure */

struct ngx_stream_live_rtmp_out_s {
    ngx_stream_live_rtmp_out_t     *next;
    u_char                         *pos;
    u_char                         *last;
    u_char                         *end;
    unsigned                        uncounted:1;
};


typedef struct {
    ngx_live_publisher_t            publisher;
    unsigned                        configured:3; /* by kind */
    unsigned                        dropped:3;    /* said once, by kind */
    u_char                          mp3[5];       /* of the audio track */
} ngx_stream_live_rtmp_publish_t;


/*
 * A player has no output of its own: bytes are made from the ring.  The
 * bytes of the frame at reader.seq, preceded by its track's configuration if
 * that is not the one last sent, are always the same, so "offset" alone says
 * how many of them have left.
 */

typedef struct {
    ngx_live_reader_t               reader;
    ngx_live_stream_t              *stream;
    size_t                          offset;
    int                             tracks[NGX_STREAM_LIVE_RTMP_KINDS];
    uint32_t                        configs[NGX_STREAM_LIVE_RTMP_KINDS];
    unsigned                        reading:1;  /* reader is open */
    unsigned                        started:1;  /* headers were sent */
    unsigned                        behind:1;   /* moved, not yet caught up */
} ngx_stream_live_rtmp_play_t;


struct ngx_stream_live_rtmp_s {
    ngx_stream_session_t           *session;
    ngx_connection_t               *connection;
    ngx_uint_t                      state;
    const char                     *reason;     /* with NGX_ERROR */

    /* input */

    ngx_live_rtmp_handshake_t      *handshake;
    ngx_live_rtmp_chunk_reader_t    chunk;
    u_char                         *stash;      /* unread while PENDING */
    size_t                          stash_len;
    uint32_t                        acked;
    uint32_t                        window;     /* the client's */

    /* output */

    ngx_stream_live_rtmp_out_t     *out;
    size_t                          out_len;
    size_t                          chunk_size;

    /* what the client wants; strings are in the connection's pool, or in
     * "pool", which lives until the next publish or play */

    ngx_str_t                       connect_app;
    ngx_str_t                       connect_args;
    ngx_str_t                       instance;   /* of an app "live/inst" */
    ngx_str_t                       app;
    ngx_str_t                       name;
    ngx_str_t                       args;
    ngx_str_t                       action;     /* "publish" or "play" */
    double                          encoding;
    uint32_t                        msids;      /* created, by bit */
    uint32_t                        msid;       /* of publish or play */

    ngx_pool_t                     *pool;
    ngx_live_access_t              *access;
    ngx_live_session_t              registered;
    ngx_stream_live_rtmp_publish_t *publish;
    ngx_stream_live_rtmp_play_t    *play;

    ngx_uint_t                      status;     /* of a refusal */

    unsigned                        closed:1;
    unsigned                        lingering:1;
};


/* why something is refused, an index of the table of codes */

typedef enum {
    NGX_STREAM_LIVE_RTMP_BAD_APP = 0,
    NGX_STREAM_LIVE_RTMP_PUBLISH_BAD_NAME,
    NGX_STREAM_LIVE_RTMP_PUBLISH_CONFLICT,
    NGX_STREAM_LIVE_RTMP_PUBLISH_DENIED,
    NGX_STREAM_LIVE_RTMP_PUBLISH_FAILED,
    NGX_STREAM_LIVE_RTMP_PUBLISH_CODEC,
    NGX_STREAM_LIVE_RTMP_PUBLISH_ENDED,
    NGX_STREAM_LIVE_RTMP_PLAY_BAD_NAME,
    NGX_STREAM_LIVE_RTMP_PLAY_NOT_FOUND,
    NGX_STREAM_LIVE_RTMP_PLAY_DENIED,
    NGX_STREAM_LIVE_RTMP_PLAY_FAILED,
    NGX_STREAM_LIVE_RTMP_PLAY_ENDED
} ngx_stream_live_rtmp_refusal_e;


extern ngx_module_t  ngx_stream_live_rtmp_module;


#define ngx_stream_live_rtmp_ctx(s)                                           \
    ((ngx_stream_live_rtmp_t *)                                               \
     ngx_stream_get_module_ctx(s, ngx_stream_live_rtmp_module))

#define ngx_stream_live_rtmp_conf(rs)                                         \
    ((ngx_stream_live_rtmp_srv_conf_t *)                                      \
     ngx_stream_get_module_srv_conf((rs)->session,                            \
                                    ngx_stream_live_rtmp_module))


/*
 * Handlers of messages and commands return
 *   NGX_OK     go on;
 *   NGX_AGAIN  the state is PENDING: input waits;
 *   NGX_DONE   the state is CLOSING: replies are sent, then it is closed;
 *   NGX_ERROR  close at once, rs->reason is for the log, or NULL.
 * None of them closes the connection itself.
 */


/* session.c: the connection */

void ngx_stream_live_rtmp_handler(ngx_stream_session_t *s);
void ngx_stream_live_rtmp_close(ngx_stream_live_rtmp_t *rs, ngx_uint_t rc);

/* also says in the log what is being done */
void ngx_stream_live_rtmp_set_state(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t state);

/* ends PENDING: what was not read yet is read from the event loop */
void ngx_stream_live_rtmp_resume(ngx_stream_live_rtmp_t *rs);

/* sends what can be sent and closes the connection if that fails */
void ngx_stream_live_rtmp_flush(ngx_stream_live_rtmp_t *rs);

/* closes after NGX_ERROR, with rs->reason in the log if there is one */
void ngx_stream_live_rtmp_fail(ngx_stream_live_rtmp_t *rs);


/* output.c: what is sent besides frames, and the sending of both */

/* space for len bytes to be filled by the caller, NULL with a reason */
u_char *ngx_stream_live_rtmp_out(ngx_stream_live_rtmp_t *rs, size_t len);

/* the same, to be sent before all that waits */
u_char *ngx_stream_live_rtmp_out_first(ngx_stream_live_rtmp_t *rs,
    size_t len);

/* queues a message of any kind; m->csid, type, msid, timestamp, body */
ngx_int_t ngx_stream_live_rtmp_message(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
ngx_int_t ngx_stream_live_rtmp_control(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t type, uint32_t value);
ngx_int_t ngx_stream_live_rtmp_event(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t event, uint32_t value);

/* NGX_OK: all is sent; NGX_AGAIN: the write event is awaited; NGX_ERROR */
ngx_int_t ngx_stream_live_rtmp_send(ngx_stream_live_rtmp_t *rs);
void ngx_stream_live_rtmp_out_free(ngx_stream_live_rtmp_t *rs);


/* reply.c: command messages to the client */

ngx_int_t ngx_stream_live_rtmp_reply_connect(ngx_stream_live_rtmp_t *rs,
    double transaction);
ngx_int_t ngx_stream_live_rtmp_reply_null(ngx_stream_live_rtmp_t *rs,
    double transaction);
ngx_int_t ngx_stream_live_rtmp_reply_number(ngx_stream_live_rtmp_t *rs,
    double transaction, double number);
ngx_int_t ngx_stream_live_rtmp_reply_unknown(ngx_stream_live_rtmp_t *rs,
    double transaction);

/* onStatus of level "status" */
ngx_int_t ngx_stream_live_rtmp_status(ngx_stream_live_rtmp_t *rs,
    const char *code, const char *description);

/* onFCPublish and its like */
ngx_int_t ngx_stream_live_rtmp_notify(ngx_stream_live_rtmp_t *rs,
    const char *command, const char *code, ngx_str_t *description);

/*
 * Refuses or ends what the client does: the info line with the reason, the
 * code and description of the table, and CLOSING.  The transaction is that
 * of "connect".  Returns NGX_DONE or NGX_ERROR.
 */
ngx_int_t ngx_stream_live_rtmp_refuse(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t refusal, double transaction, ngx_str_t *reason);
ngx_int_t ngx_stream_live_rtmp_refuse_text(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t refusal, const char *reason);


/* command.c */

ngx_int_t ngx_stream_live_rtmp_command(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);


/* stream.c: names and access, what publish and play share */

/*
 * Takes the app of "connect" apart: NGX_OK, NGX_ERROR, or NGX_DECLINED with
 * rs->reason when there is no such application.
 */
ngx_int_t ngx_stream_live_rtmp_set_app(ngx_stream_live_rtmp_t *rs,
    ngx_str_t *app);

/* asks for access, then publishes or plays, at once or later */
ngx_int_t ngx_stream_live_rtmp_begin(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t action, ngx_str_t *name, uint32_t msid);

/* ends PENDING with the result of what was asked for */
void ngx_stream_live_rtmp_answer(ngx_stream_live_rtmp_t *rs, ngx_int_t rc);

/* enters the session registry; NGX_ERROR: no memory in the zone */
ngx_int_t ngx_stream_live_rtmp_register(ngx_stream_live_rtmp_t *rs,
    ngx_live_stream_t *st);

/*
 * Leaves whatever was begun, with or without success; idempotent.  A stream
 * that was published waits for its publisher, unless "final".
 */
void ngx_stream_live_rtmp_end(ngx_stream_live_rtmp_t *rs, ngx_uint_t final);

/* the same by wish of the client, which may go on with other commands */
void ngx_stream_live_rtmp_stop(ngx_stream_live_rtmp_t *rs);


/* publish.c */

ngx_int_t ngx_stream_live_rtmp_publish_allowed(ngx_stream_live_rtmp_t *rs);
ngx_int_t ngx_stream_live_rtmp_publish_audio(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
ngx_int_t ngx_stream_live_rtmp_publish_video(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
ngx_int_t ngx_stream_live_rtmp_publish_data(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);
ngx_int_t ngx_stream_live_rtmp_publish_aggregate(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m);


/* play.c */

ngx_int_t ngx_stream_live_rtmp_play_allowed(ngx_stream_live_rtmp_t *rs);

/* stops reading; the rest of a frame that is partly sent is kept */
ngx_int_t ngx_stream_live_rtmp_play_pause(ngx_stream_live_rtmp_t *rs);
ngx_int_t ngx_stream_live_rtmp_play_resume(ngx_stream_live_rtmp_t *rs);

/* stops for good */
void ngx_stream_live_rtmp_play_close(ngx_stream_live_rtmp_t *rs);

/* the stream has ended and all of it has been sent */
ngx_uint_t ngx_stream_live_rtmp_play_ended(ngx_stream_live_rtmp_t *rs);

/*
 * Queues what precedes the next frame; adds frames; "n" of their bytes left.
 * gather returns the number behind the last frame it has looked at, 0 if
 * there was a configuration among them.
 */
ngx_int_t ngx_stream_live_rtmp_play_prepare(ngx_stream_live_rtmp_t *rs);
uint64_t ngx_stream_live_rtmp_play_gather(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send);
ngx_int_t ngx_stream_live_rtmp_play_sent(ngx_stream_live_rtmp_t *rs,
    size_t n);


/* batch.c */

/* non-zero if the player is to be sent what the one before was sent */
ngx_uint_t ngx_stream_live_rtmp_batch_same(ngx_stream_live_rtmp_t *rs);

/* keeps what is about to be sent, frames up to head, for the next players */
void ngx_stream_live_rtmp_batch_save(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send, uint64_t head);

/* sends it and moves the player on: bytes of *size sent, NGX_ERROR */
ssize_t ngx_stream_live_rtmp_batch_send(ngx_stream_live_rtmp_t *rs,
    size_t *size);


#endif /* _NGX_STREAM_LIVE_RTMP_H_INCLUDED_ */
