
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_REDIS_NODE_H_INCLUDED_
#define _NGX_LIVE_REDIS_NODE_H_INCLUDED_


#include "ngx_live_redis.h"
#include "ngx_live_redis_link.h"
#include "ngx_live_zone.h"


/*
 * Internal to the Redis client: a server, the connection to it, what waits
 * for it and what it has not answered yet.
 */


#define NGX_LIVE_REDIS_PORT           6379
#define NGX_LIVE_REDIS_SENTINEL_PORT  26379

#define NGX_LIVE_REDIS_REDIRECTS      5
#define NGX_LIVE_REDIS_HOST           256


typedef enum {
    NGX_LIVE_REDIS_UNSET = 0,
    NGX_LIVE_REDIS_OFF,
    NGX_LIVE_REDIS_SERVER,              /* redis */
    NGX_LIVE_REDIS_SENTINEL,            /* redis_sentinel */
    NGX_LIVE_REDIS_CLUSTER              /* redis_cluster */
} ngx_live_redis_mode_e;


/* where a server is: an address, a name for the resolver, or a path */

typedef struct {
    u_char                     host[NGX_LIVE_REDIS_HOST];   /* \0 */
    in_port_t                  port;    /* 0: host is the path of a socket */
} ngx_live_redis_peer_t;


typedef struct {
    ngx_str_t                  user;
    ngx_str_t                  password;
    ngx_int_t                  db;
} ngx_live_redis_login_t;


typedef struct {
    ngx_uint_t                 mode;
    ngx_array_t                peers;       /* ngx_live_redis_peer_t */

    ngx_str_t                  prefix;
    ngx_str_t                  master;      /* as Sentinel calls it */
    ngx_live_redis_login_t     login;
    ngx_live_redis_login_t     sentinel;

    ngx_msec_t                 connect_timeout;
    ngx_msec_t                 timeout;
    ngx_msec_t                 keepalive;
    ngx_uint_t                 queue;

    ngx_resolver_t            *resolver;

    ngx_str_t                  url;         /* of this node */
} ngx_live_redis_conf_t;


/*
 * The life of a connection:
 *
 *   IDLE        nobody has needed it yet
 *   LOCATING    Sentinel or the resolver is being asked where the server is
 *   CONNECTING  connect() is under way
 *   GREETING    AUTH, SELECT, CLIENT SETNAME, PING have been sent
 *   UP          commands are sent
 *   RESTING     it failed; the next attempt comes when the timer expires
 *
 * One timer bounds LOCATING, CONNECTING and GREETING together.
 */

typedef enum {
    NGX_LIVE_REDIS_NODE_IDLE = 0,
    NGX_LIVE_REDIS_NODE_LOCATING,
    NGX_LIVE_REDIS_NODE_CONNECTING,
    NGX_LIVE_REDIS_NODE_GREETING,
    NGX_LIVE_REDIS_NODE_UP,
    NGX_LIVE_REDIS_NODE_RESTING
} ngx_live_redis_node_state_e;


typedef struct ngx_live_redis_node_s  ngx_live_redis_node_t;


/* one allocation: the structure, argv and what argv points at */

struct ngx_live_redis_call_s {
    ngx_queue_t                queue;
    ngx_live_redis_node_t     *node;
    ngx_live_redis_handler_pt  handler;     /* NULL: nobody wants to know */
    void                      *data;
    ngx_msec_t                 deadline;
    ngx_msec_t                 patience;    /* ms that it may block */
    ngx_live_redis_script_t   *script;
    ngx_uint_t                 key;
    ngx_uint_t                 redirects;

    unsigned                   sent:1;
    unsigned                   greeting:1;
    unsigned                   asking:1;    /* preceded by ASKING */
    unsigned                   internal:1;  /* not of the worker's commands */
    unsigned                   held:1;      /* keeps a worker from exiting */

    ngx_uint_t                 argc;
    ngx_str_t                  argv[1];
};


struct ngx_live_redis_node_s {
    ngx_live_redis_link_t      link;
    ngx_live_redis_peer_t      peer;
    ngx_live_redis_login_t    *login;
    ngx_log_t                 *log;
    void                      *data;

    ngx_uint_t                 state;
    ngx_uint_t                 failures;    /* since it was up for long */
    ngx_msec_t                 since;       /* it was up, ngx_current_msec */
    ngx_uint_t                 ups;
    ngx_uint_t                 turn;        /* of those that take turns */
    ngx_uint_t                 greetings;   /* not answered yet */
    u_char                     reason[192]; /* of the last failure, \0 */

    ngx_queue_t                waiting;     /* ngx_live_redis_call_t */
    ngx_queue_t                sent;
    ngx_uint_t                 ncalls;      /* in both */

    ngx_event_t                timer;       /* of the state */
    ngx_event_t                clock;       /* of calls and keepalive */
    ngx_resolver_ctx_t        *resolving;

    /*
     * locate sets node->peer and returns NGX_OK, or NGX_AGAIN and calls
     * ngx_live_redis_node_located() later.  NULL: the peer is where it is.
     */
    ngx_int_t                (*locate)(ngx_live_redis_node_t *node);
    void                     (*up)(ngx_live_redis_node_t *node);
    /* it was up or has failed to become so */
    void                     (*down)(ngx_live_redis_node_t *node);
    /* NGX_OK: the call goes on elsewhere, this was not its answer */
    ngx_int_t                (*intercept)(ngx_live_redis_node_t *node,
                                          ngx_live_redis_call_t *call,
                                          ngx_live_redis_reply_t *reply);
    /* subscribers: a message, and what keeps the connection alive, PING if
       NULL */
    void                     (*push)(ngx_live_redis_node_t *node,
                                     ngx_live_redis_reply_t *reply);
    void                     (*ping)(ngx_live_redis_node_t *node);

    unsigned                   refused:1;   /* the last failure was an error
                                               reply of the server */
    unsigned                   master:1;    /* has to say so when greeted */
    unsigned                   flapping:1;  /* it was not up for long */
    unsigned                   pinged:1;
    unsigned                   quiet:1;     /* silent while Redis is down */
};


extern ngx_live_redis_conf_t  *ngx_live_redis_conf;
extern ngx_live_redis_sh_t    *ngx_live_redis_stat;


/*
 * The hooks and the peer are set after init.  start does nothing unless the
 * node is idle; done closes the connection, answers what is pending and
 * leaves the node's memory to its owner, at once or, within a handler of the
 * link, when node->link.context has become NULL.
 */
void ngx_live_redis_node_init(ngx_live_redis_node_t *node,
    ngx_live_redis_login_t *login, ngx_log_t *log);
void ngx_live_redis_node_start(ngx_live_redis_node_t *node);
void ngx_live_redis_node_located(ngx_live_redis_node_t *node, ngx_int_t rc,
    const char *reason);
void ngx_live_redis_node_fail(ngx_live_redis_node_t *node,
    const char *reason);
void ngx_live_redis_node_done(ngx_live_redis_node_t *node);

/* the call is sent or waits; the node is started if it is idle */
void ngx_live_redis_node_call(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call);

/*
 * A call of its own with the arguments copied; NULL: no memory.  "internal"
 * is to be set before it is given to a node unless it is one of the worker's
 * commands.
 */
ngx_live_redis_call_t *ngx_live_redis_call_create(ngx_str_t *argv,
    ngx_uint_t argc, ngx_live_redis_handler_pt handler, void *data);

/* calls the handler with an error reply, and frees the call */
void ngx_live_redis_call_fail(ngx_live_redis_call_t *call, ngx_uint_t fault,
    const char *reason);
void ngx_live_redis_call_free(ngx_live_redis_call_t *call);

ngx_int_t ngx_live_redis_init_process(ngx_cycle_t *cycle,
    ngx_live_redis_conf_t *conf);
void ngx_live_redis_exit_process(ngx_cycle_t *cycle);

/* where commands with this key go, and who is asked again; of the mode */
ngx_live_redis_node_t *ngx_live_redis_route(ngx_live_redis_call_t *call);
ngx_int_t ngx_live_redis_intercept(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call, ngx_live_redis_reply_t *reply);
/* node->locate of the servers of the mode */
ngx_int_t ngx_live_redis_locate(ngx_live_redis_node_t *node);
/* node->up and ->down of those that decide whether Redis is there */
void ngx_live_redis_went_up(ngx_live_redis_node_t *node);
void ngx_live_redis_went_down(ngx_live_redis_node_t *node);

ngx_int_t ngx_live_redis_sub_init(ngx_log_t *log);
void ngx_live_redis_sub_done(void);
/* the server has changed: subscribe there */
void ngx_live_redis_sub_move(const char *reason);

void ngx_live_redis_block_init(ngx_log_t *log);
void ngx_live_redis_block_done(void);
void ngx_live_redis_block_move(const char *reason);

/* the server has changed: all connections are made anew */
void ngx_live_redis_move(const char *reason);

void ngx_live_redis_sentinel_init(ngx_log_t *log);
void ngx_live_redis_sentinel_done(void);
ngx_int_t ngx_live_redis_sentinel_locate(ngx_live_redis_node_t *node);

ngx_int_t ngx_live_redis_cluster_init(ngx_cycle_t *cycle);
void ngx_live_redis_cluster_done(void);
ngx_int_t ngx_live_redis_cluster_locate(ngx_live_redis_node_t *node);
/* NGX_ERROR: it is not known who has the slot */
ngx_int_t ngx_live_redis_cluster_whose(ngx_uint_t slot,
    ngx_live_redis_peer_t *peer);
ngx_live_redis_node_t *ngx_live_redis_cluster_route(
    ngx_live_redis_call_t *call);
ngx_int_t ngx_live_redis_cluster_intercept(ngx_live_redis_node_t *node,
    ngx_live_redis_call_t *call, ngx_live_redis_reply_t *reply);

/* "host:port" or "unix:path" for the log, in a static buffer */
u_char *ngx_live_redis_peer_name(ngx_live_redis_peer_t *peer);
ngx_int_t ngx_live_redis_peer_set(ngx_live_redis_peer_t *peer,
    ngx_str_t *host, ngx_uint_t port);
ngx_uint_t ngx_live_redis_peer_is_address(ngx_live_redis_peer_t *peer);


#endif /* _NGX_LIVE_REDIS_NODE_H_INCLUDED_ */
