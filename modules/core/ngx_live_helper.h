
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HELPER_H_INCLUDED_
#define _NGX_LIVE_HELPER_H_INCLUDED_


#include "ngx_live_helper_frame.h"
#include "ngx_live_json.h"
#include "ngx_live_reader.h"


/*
 * Supervised helper processes: a program that is given tracks of a stream and
 * makes a new one of them, because a worker runs no decoder and no encoder.
 *
 * A helper belongs to the worker that owns the stream and lives while there
 * is a publisher.  Its descriptor 0 is a socket, on which it reads and writes
 * the messages of ngx_live_helper_frame.h; end of file means that it is not
 * needed any more.  What it writes to descriptors 1 and 2 goes to the error
 * log.  One that dies, that does not answer or that says something wrong is
 * started anew after a time that doubles with each failure.
 */

#define NGX_LIVE_HELPERS           4      /* of a stream */
#define NGX_LIVE_HELPER_NAME_LEN   16


/* what a module that wants a helper fills; it has to last as the stream does */

typedef struct {
    u_char                     name[NGX_LIVE_HELPER_NAME_LEN];
    char                     **argv;     /* program and arguments, then NULL */
    ngx_uint_t                 tracks;   /* it gets: a bit for each */
    ngx_uint_t                 source;   /* of them, what the new track is
                                            made of */
    uint32_t                   codec;    /* NGX_LIVE_HELPER_AAC ..._OPUS of
                                            the new track; 0: either */
    ngx_uint_t                 bitrate;  /* most bits per second of media that
                                            it may write */
    ngx_msec_t                 timeout;  /* ms for an answer */
    ngx_int_t                  nice;
} ngx_live_helper_conf_t;


/*
 * The part in shared memory, an attachment of the stream.  The owner alone
 * writes it; the next owner goes on with it.
 */

typedef struct {
    u_char                     name[NGX_LIVE_HELPER_NAME_LEN];
    ngx_uint_t                 track;     /* the new one */
    ngx_pid_t                  pid;       /* 0: does not run */
    uint64_t                   starts;
    uint64_t                   restarts;  /* after it died or was killed */
    uint64_t                   killed;    /* because it did not answer, or
                                             said something wrong */
    ngx_uint_t                 failures;  /* in a row */
    int64_t                    started;   /* ngx_live_clock() */
    int64_t                    retry;     /* not before, ngx_live_clock() */
    uint64_t                   in;        /* frames that it was given */
    uint64_t                   out;       /* and that were made a track */
    uint64_t                   dropped;   /* of its frames: their time was over
                                             already */
    uint64_t                   skipped;   /* times that it was too slow */
} ngx_live_helper_sh_t;


typedef struct ngx_live_helper_s  ngx_live_helper_t;


/*
 * Starts a helper, or nothing if the one of that name is there already.  To
 * be called by the owner while there is a publisher: in stream_start or, when
 * the tracks are known, in stream_config.  It is stopped by core.  NGX_ERROR:
 * no memory, or there is no room for another track.
 */
ngx_int_t ngx_live_helper_start(ngx_live_stream_t *st,
    ngx_live_helper_conf_t *conf);


/* internal to core */

#define NGX_LIVE_HELPER_BODY_MAX   65536  /* bytes of a message from a helper */
#define NGX_LIVE_HELPER_LINE_MAX   512


typedef struct {
    ngx_pid_t                  pid;
    ngx_socket_t               fd;        /* of messages */
    ngx_fd_t                   log;       /* of text */
} ngx_live_helper_process_t;


struct ngx_live_helper_s {
    ngx_queue_t                queue;     /* of the stream's helpers */
    ngx_live_stream_t         *stream;
    ngx_live_helper_conf_t    *conf;
    ngx_live_helper_sh_t      *sh;
    ngx_log_t                 *log;

    ngx_event_t                timer;     /* starts it, or asks how it is */

    /* while it runs */

    ngx_pid_t                  pid;
    ngx_connection_t          *connection;
    ngx_connection_t          *text;
    ngx_live_reader_t          reader;

    uint32_t                   configs[NGX_LIVE_TRACKS]; /* that it has */
    uint32_t                   offset;    /* in the message of reader.seq */
    u_char                    *out;       /* a message in memory */
    size_t                     out_size;
    size_t                     out_sent;
    ngx_uint_t                 carried;   /* flags of frames it was not given */

    uint64_t                   pings;
    ngx_msec_t                 alive;     /* it did something */
    int                        unread;    /* bytes in the socket */

    ngx_live_helper_parser_t   parser;
    u_char                    *body;
    uint32_t                   codec;     /* of the new track, 0: not yet */
    ngx_live_time_t            window;    /* a second's, for conf->bitrate */
    size_t                     window_bytes;
    ngx_msec_t                 flood_start;
    size_t                     flood;     /* bytes in that second */

    u_char                     line[NGX_LIVE_HELPER_LINE_MAX];
    size_t                     nline;
    ngx_msec_t                 lines_start;
    ngx_uint_t                 lines;

    unsigned                   ping:1;    /* is due */
    unsigned                   asked:1;   /* an answer is awaited */
    unsigned                   blocked:1; /* the socket is full */
    unsigned                   need_key:1;
};


/* stops all helpers of a stream: its publisher has left, or its ownership */
void ngx_live_helper_stop(ngx_live_stream_t *st);

/* kills the process unless it is dead, logs why, and starts it anew later */
void ngx_live_helper_down(ngx_live_helper_t *h, const char *reason);

void ngx_live_helper_free(ngx_live_stream_sh_t *sh);
void ngx_live_helper_status(ngx_live_stream_sh_t *sh, ngx_live_json_t *js);


/* NGX_OK: a process was made; program errors come as its text and end */
ngx_int_t ngx_live_helper_spawn(ngx_live_helper_process_t *process,
    char **argv, ngx_int_t nice, ngx_log_t *log);

/* sends a signal if the process is certain to be the helper still */
void ngx_live_helper_signal(ngx_live_helper_t *h, int signo);


/* messages and text */
ngx_int_t ngx_live_helper_open(ngx_live_helper_t *h,
    ngx_live_helper_process_t *process);
void ngx_live_helper_close(ngx_live_helper_t *h);
void ngx_live_helper_send(ngx_live_helper_t *h);

/* of a full socket: whether something was taken out since the last call */
ngx_uint_t ngx_live_helper_has_read(ngx_live_helper_t *h);
void ngx_live_helper_last_words(ngx_live_helper_t *h);

/* a message from the helper; NGX_ERROR with a reason */
ngx_int_t ngx_live_helper_message(ngx_live_helper_t *h, const char **reason);


#endif /* _NGX_LIVE_HELPER_H_INCLUDED_ */
