
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_SFU_SESSION_H_INCLUDED_
#define _NGX_LIVE_SFU_SESSION_H_INCLUDED_


#include "ngx_live_sfu.h"
#include "ngx_live_publish.h"
#include "ngx_live_rtp.h"
#include "ngx_live_srtp.h"


/* DTLS, its secrets and OpenSSL's header are one file's business */

typedef struct ngx_live_sfu_dtls_s     ngx_live_sfu_dtls_t;
typedef struct ngx_live_sfu_publish_s  ngx_live_sfu_publish_t;
typedef struct ngx_live_sfu_session_s  ngx_live_sfu_session_t;


/*
 * What is sent of a track.  A packet's index (RFC 3711, 3.3.1) is its number
 * in the ring less "base", its time is the stream's plus "offset"; both stay
 * the same until there is a gap, so that a packet that is sent again is the
 * same to the last bit.
 */

typedef struct {
    ngx_live_packets_reader_t  reader;
    ngx_live_sfu_session_t    *session;
    ngx_live_sfu_media_t      *media;
    ngx_uint_t                 kind;

    uint64_t                   since;     /* number: base is for what is not
                                             older */
    uint64_t                   base;
    uint64_t                   next;      /* index */
    uint32_t                   offset;    /* RTP time of the stream's 0 */
    ngx_live_time_t            live;      /* the newest time at the start: what
                                             is older is squeezed */
    int64_t                    squeeze;   /* by this factor */
    ngx_live_time_t            last;      /* time that was sent */

    uint32_t                   packets;
    uint32_t                   octets;
    ngx_msec_t                 reported;  /* the last SR */

    unsigned                   opened:1;
    unsigned                   started:1;
    unsigned                   resync:1;  /* a gap: a new base */
} ngx_live_sfu_out_t;


struct ngx_live_sfu_session_s {
    ngx_live_sfu_session_sh_t *sh;
    ngx_queue_t                queue;     /* of this worker */
    ngx_log_t                 *log;
    ngx_pool_t                *pool;      /* WHIP */
    ngx_event_t                timer;
    ngx_connection_t           dummy;     /* for the timer's log */

    ngx_msec_t                 checked;   /* the last valid check */
    ngx_uint_t                 path;      /* nominated, in sh->paths */
    ngx_uint_t                 last_path; /* that DTLS came from */

    ngx_live_sfu_dtls_t       *dtls;
    ngx_live_srtp_t            in;
    ngx_live_srtp_t            out;
    ngx_live_srtp_source_t    *sources;
    ngx_live_srtcp_source_t   *rtcp_sources;

    ngx_live_session_t         session;
    ngx_live_stream_t         *stream;
    ngx_live_sfu_out_t        *outs;      /* WHEP: by kind */
    ngx_live_sfu_publish_t    *publish;   /* WHIP */

    unsigned                   nominated:1;
    unsigned                   keyed:1;   /* SRTP can be used */
    unsigned                   playing:1;
    unsigned                   closed:1;
};


/*
 * ngx_live_sfu_module.c: sets ngx_live_sfu_zone in a worker that has streams;
 * before sockets are added.
 */
ngx_int_t ngx_live_sfu_worker_init(ngx_cycle_t *cycle);


/* ngx_live_sfu_io.c: sockets and datagrams of this worker */

typedef struct {
    ngx_socket_t               fd;        /* a copy: it outlives the listening
                                             one of a worker that exits */
    uint16_t                   number;
    ngx_uint_t                 family;
    struct sockaddr           *sockaddr;
    socklen_t                  socklen;
    ngx_uint_t                 port;
    ngx_uint_t                 wildcard;
    ngx_array_t               *addresses; /* ngx_str_t, NULL: not configured */
    ngx_msec_t                 timeout;
} ngx_live_sfu_socket_t;

ngx_int_t ngx_live_sfu_io_init(ngx_cycle_t *cycle);

/* takes over a listening socket, which is this worker's; takes a copy of s */
ngx_int_t ngx_live_sfu_io_add(ngx_cycle_t *cycle, ngx_listening_t *ls,
    ngx_live_sfu_socket_t *s);

/* by the number of a path, or NULL */
ngx_live_sfu_socket_t *ngx_live_sfu_socket(ngx_uint_t number);

/* all of them; *n says how many */
ngx_live_sfu_socket_t *ngx_live_sfu_sockets(ngx_uint_t *n);

/*
 * Memory for a datagram of NGX_LIVE_SFU_DATAGRAM bytes, then how much of it
 * was used and where it goes.  Datagrams leave in batches, at the latest at
 * the end of the event loop's turn.
 */
u_char *ngx_live_sfu_reserve(void);
void ngx_live_sfu_commit(ngx_live_sfu_path_t *path, size_t len);

/* at once, not in the batch */
void ngx_live_sfu_send(ngx_live_sfu_path_t *path, u_char *data, size_t len);

/* one more handshake in this turn of the event loop: NGX_OK, NGX_DECLINED */
ngx_int_t ngx_live_sfu_handshake(void);


/* ngx_live_sfu_session.c */

ngx_int_t ngx_live_sfu_session_init(ngx_cycle_t *cycle);

/* a datagram; handed: by another worker, so it is not handed over again */
void ngx_live_sfu_datagram(ngx_live_sfu_path_t *path, u_char *data,
    size_t len, ngx_uint_t handed);

/* closes and frees it; reason is for the log, NULL: none */
void ngx_live_sfu_close(ngx_live_sfu_session_t *s, const char *reason);

/* the keys are there: media may flow */
void ngx_live_sfu_connected(ngx_live_sfu_session_t *s);

/* where media go; NULL as long as nothing was nominated */
#define ngx_live_sfu_path(s)                                                  \
    ((s)->nominated ? &(s)->sh->paths[(s)->path] : NULL)

/* encrypts and sends a compound of RTCP */
void ngx_live_sfu_send_rtcp(ngx_live_sfu_session_t *s, u_char *data,
    size_t len);


/* ngx_live_sfu_dtls.c */

ngx_int_t ngx_live_sfu_dtls_init(ngx_cycle_t *cycle);

/* NGX_OK; NGX_ERROR: the session is to be closed, with the reason */
ngx_int_t ngx_live_sfu_dtls_input(ngx_live_sfu_session_t *s, u_char *data,
    size_t len, const char **reason);

/* once in a while: retransmits, frees what is not needed any more */
void ngx_live_sfu_dtls_tick(ngx_live_sfu_session_t *s);

/* notify: the client is told, as long as it is there to tell with */
void ngx_live_sfu_dtls_free(ngx_live_sfu_session_t *s, ngx_uint_t notify);


/* ngx_live_sfu_play.c */

ngx_int_t ngx_live_sfu_play_start(ngx_live_sfu_session_t *s);
void ngx_live_sfu_play_rtcp(ngx_live_sfu_session_t *s, u_char *p, u_char *end);
void ngx_live_sfu_play_tick(ngx_live_sfu_session_t *s);
void ngx_live_sfu_play_stop(ngx_live_sfu_session_t *s);


/* ngx_live_sfu_publish.c */

ngx_int_t ngx_live_sfu_publish_start(ngx_live_sfu_session_t *s);
void ngx_live_sfu_publish_rtp(ngx_live_sfu_session_t *s, u_char *p,
    size_t len, uint64_t index);
void ngx_live_sfu_publish_rtcp(ngx_live_sfu_session_t *s, u_char *p,
    u_char *end);
void ngx_live_sfu_publish_tick(ngx_live_sfu_session_t *s);
void ngx_live_sfu_publish_stop(ngx_live_sfu_session_t *s);


#endif /* _NGX_LIVE_SFU_SESSION_H_INCLUDED_ */
