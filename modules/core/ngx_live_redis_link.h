
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_REDIS_LINK_H_INCLUDED_
#define _NGX_LIVE_REDIS_LINK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_redis_reply.h"


/*
 * A connection of hiredis on nginx's events: the only part that knows
 * hiredis.  It knows no queues, no timeouts and no names: whoever owns the
 * link closes it when it has waited long enough.
 *
 * A server that answers what nobody has asked is disconnected: hiredis would
 * abort the process.
 */

typedef struct ngx_live_redis_link_s  ngx_live_redis_link_t;

struct ngx_live_redis_link_s {
    void                      *context;     /* NULL: not connected */
    ngx_connection_t          *connection;
    ngx_log_t                 *log;
    void                      *data;

    /* it is connected: commands may be sent from now on, but the link must
       not be closed within this call */
    void                     (*open)(ngx_live_redis_link_t *link);
    /* the answer to the oldest command; valid during the call */
    void                     (*reply)(ngx_live_redis_link_t *link,
                                      ngx_live_redis_reply_t *reply);
    /* a message, or the confirmation, of a subscription: an array of at
       least three, whose first two are strings */
    void                     (*push)(ngx_live_redis_link_t *link,
                                     ngx_live_redis_reply_t *reply);
    /* the connection broke, "reason" says why; not called after _close() */
    void                     (*broken)(ngx_live_redis_link_t *link);

    ngx_msec_t                 read;        /* ngx_current_msec when something
                                               was read */
    u_char                     reason[128];

    unsigned                   closing:1;
    unsigned                   writing:1;
    unsigned                   pushing:1;   /* what is being read is a push */
    unsigned                   refused:1;   /* "reason" is ours */
};


/*
 * Begins to connect: host is an address or, with port 0, the path of a unix
 * socket, both ending in \0.  NGX_ERROR: see link->reason.
 */
ngx_int_t ngx_live_redis_link_connect(ngx_live_redis_link_t *link,
    u_char *host, in_port_t port);

/* sends a command; with more arguments it allocates */
#define NGX_LIVE_REDIS_LINK_ARGS  72

ngx_int_t ngx_live_redis_link_send(ngx_live_redis_link_t *link,
    ngx_str_t *argv, ngx_uint_t argc);

/* writes what the socket takes at once: for a process that exits */
void ngx_live_redis_link_flush(ngx_live_redis_link_t *link);

/* none of the handlers is called any more; link->context becomes NULL when
   the handler that is running has returned, which is before the next event */
void ngx_live_redis_link_close(ngx_live_redis_link_t *link);


#endif /* _NGX_LIVE_REDIS_LINK_H_INCLUDED_ */
