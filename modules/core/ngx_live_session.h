
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_SESSION_H_INCLUDED_
#define _NGX_LIVE_SESSION_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * The registry of sessions in shared memory: who publishes, plays or chats
 * where.  Any worker can end a session, or all of a stream, sub or jti: by a
 * flag in the entry and the doorbell of the worker that holds it.
 */

typedef struct {
    ngx_queue_t                queue;      /* of its slot */
    uint64_t                   id;
    uint64_t                   lease;      /* a->lease, 0: none */
    uint64_t                   stream;     /* uid, 0: none */
    uint64_t                   name;       /* hash of "APP/NAME" */
    ngx_uint_t                 index;      /* of the stream */
    ngx_uint_t                 door;
    ngx_uint_t                 action;
    ngx_uint_t                 slot;
    int64_t                    start;      /* ms since the epoch */
    ngx_atomic_t               bytes_in;
    ngx_atomic_t               bytes_out;
    ngx_atomic_t               kill;
    ngx_live_session_t        *local;      /* in the process that holds it */
    u_char                     address[NGX_SOCKADDR_STRLEN + 1];
    uint16_t                   sub_len;
    uint16_t                   jti_len;
    u_char                     ids[1];     /* sub, jti */
} ngx_live_session_sh_t;


struct ngx_live_session_s {
    ngx_live_session_sh_t     *sh;
    ngx_live_stream_t         *stream;     /* its viewers are counted; the
                                              session has a reference */
    size_t                     in;         /* bytes, not accounted yet */
    size_t                     out;
    const char                *reason;     /* by who ends it, in this worker,
                                              for the log; a constant or NULL */
    void                     (*handler)(ngx_live_session_t *s);
    void                      *data;
};


/*
 * Enters the session of a, which was allowed and need not outlive the call.
 * handler is called, in this worker and not from here, when somebody wants it
 * ended; the door then closes as for any error, which includes
 * ngx_live_session_close().  So it is ended at once if what had allowed it
 * holds no more: see a->confirm.  A player counts as a viewer of its door.
 * NGX_ERROR: no memory in the zone.
 */
ngx_int_t ngx_live_session_open(ngx_live_session_t *s, ngx_live_stream_t *st,
    ngx_live_access_t *a);
void ngx_live_session_close(ngx_live_session_t *s);

/*
 * Accounts bytes that were received or sent, in shared memory some at a time
 * and all when the session is closed; session may be closed.
 */
void ngx_live_session_bytes(ngx_live_session_t *s, size_t in, size_t out);


typedef enum {
    NGX_LIVE_SESSION_BY_ID = 0,
    NGX_LIVE_SESSION_BY_STREAM,            /* id is the stream's uid */
    NGX_LIVE_SESSION_BY_SUB,
    NGX_LIVE_SESSION_BY_JTI,
    NGX_LIVE_SESSION_BY_LEASE,             /* id is the lease, not 0 */
    NGX_LIVE_SESSION_BY_NAME               /* value is "APP/NAME": those of a
                                              chat have no stream */
} ngx_live_session_by_e;

/* returns the number of sessions that will be ended, in any worker */
ngx_uint_t ngx_live_session_end(ngx_uint_t by, uint64_t id, ngx_str_t *value);

/* internal to core */
void ngx_live_session_bell(void);
void ngx_live_session_lost_slot_locked(ngx_uint_t slot);


#endif /* _NGX_LIVE_SESSION_H_INCLUDED_ */
