
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_HALL_H_INCLUDED_
#define _NGX_LIVE_CHAT_HALL_H_INCLUDED_


#include "ngx_live_chat_room.h"


/*
 * A hall is a room as one worker has it: the clients that are connected here.
 * What is new in the room is copied from shared memory once, as a batch, of
 * which all clients are sent the same bytes; a client that could not take all
 * of it stands in the batch, which stays as long as somebody does.
 *
 * The first entry after a quiet moment is a batch of its own, at once; what
 * follows within the flush interval is the next one.
 *
 * All clients stand in a batch as soon as there is one.  They are told so many
 * in one turn of the event loop, of all rooms, so that others have theirs.
 */

typedef enum {
    NGX_LIVE_CHAT_WEBSOCKET = 0,
    NGX_LIVE_CHAT_DEFLATE,                 /* RFC 7692 */
    NGX_LIVE_CHAT_EVENTS,                  /* server-sent events */
    NGX_LIVE_CHAT_FORMATS
} ngx_live_chat_format_e;


typedef struct ngx_live_chat_hall_s    ngx_live_chat_hall_t;
typedef struct ngx_live_chat_batch_s   ngx_live_chat_batch_t;
typedef struct ngx_live_chat_client_s  ngx_live_chat_client_t;


typedef struct ngx_live_chat_waiter_s  ngx_live_chat_waiter_t;

/*
 * Who waits for a room of several nodes: to be opened, or for what was said to
 * have entered its log, whose id the handler gets.  The handler is called once,
 * and never from the function that it was given to.
 */

struct ngx_live_chat_waiter_s {
    ngx_queue_t                queue;      /* of the hall */
    ngx_live_chat_hall_t      *hall;       /* NULL: does not wait */
    uint64_t                   seq;        /* of what was said, 0: to open */
    void                     (*handler)(ngx_live_chat_waiter_t *w,
                                        ngx_live_chat_id_t *id);
};


struct ngx_live_chat_client_s {
    ngx_queue_t                queue;      /* of the hall */
    ngx_live_chat_hall_t      *hall;       /* NULL: not in any */
    ngx_live_chat_batch_t     *batch;      /* where it stands, NULL: at the
                                              end */
    size_t                     offset;     /* of the batch's text */
    ngx_uint_t                 format;

    /* there is a new batch; may let the client leave */
    void                     (*handler)(ngx_live_chat_client_t *client);

    unsigned                   cost:8;     /* of telling it, in WebSockets */
    unsigned                   behind:1;   /* is not sent what passes */
    unsigned                   away:1;     /* has to leave now: the handler is
                                              called for that */
    unsigned                   warden:1;   /* keeps order: is told more */
};


struct ngx_live_chat_hall_s {
    ngx_live_chat_room_sh_t   *room;
    ngx_str_t                  key;        /* "APP/NAME" */
    uint64_t                   serial;     /* entries up to it are batches */
    uint64_t                   told;       /* of the last of the log's */
    ngx_live_chat_cursor_t     cursor;     /* of that: where newcomers stand */
    uint64_t                   end;        /* bytes of all batches so far */
    ngx_queue_t                clients;    /* wardens first */
    ngx_queue_t               *next;       /* the client to be told next */
    ngx_uint_t                 untold;     /* clients from there on, around */
    ngx_queue_t                turn;       /* of halls with such clients */
    ngx_queue_t                batches;
    ngx_uint_t                 nclients;
    ngx_queue_t                waiters;
    ngx_msec_t                 flush;      /* ms */
    ngx_event_t                timer;
    ngx_event_t                reactions;  /* are to be summed up */

    unsigned                   pending:1;  /* there is more for the timer */
    unsigned                   queued:1;   /* for a turn */
};


/*
 * Enters the room, which is made if need be.  flush (ms) and history are the
 * room's from now on.  seen is where the client stands, or NULL: another
 * worker may have told it more than this one has told anybody, which then is
 * done first.  NGX_ERROR: there is no memory for the room.
 */
ngx_int_t ngx_live_chat_hall_enter(ngx_live_chat_client_t *client,
    ngx_str_t *key, ngx_msec_t flush, ngx_uint_t history,
    ngx_live_chat_cursor_t *seen);
void ngx_live_chat_hall_leave(ngx_live_chat_client_t *client);

/*
 * Before a room is entered it has to be open: NGX_OK if it is, NGX_AGAIN: it
 * is being opened, the waiter's handler is called; NGX_ERROR: no memory.
 */
ngx_int_t ngx_live_chat_hall_await_open(ngx_live_chat_waiter_t *w,
    ngx_str_t *key, ngx_uint_t history);
void ngx_live_chat_hall_await(ngx_live_chat_waiter_t *w,
    ngx_live_chat_hall_t *hall, uint64_t seq);
void ngx_live_chat_hall_forget(ngx_live_chat_waiter_t *w);

/* in init_process */
void ngx_live_chat_hall_init(void);
void ngx_live_chat_presence_init(ngx_cycle_t *cycle);
void ngx_live_chat_drain_init(ngx_cycle_t *cycle);

/* so many clients have to leave; how many did */
ngx_uint_t ngx_live_chat_hall_send_away(ngx_uint_t max);

/* each room that has clients in this worker */
void ngx_live_chat_hall_each(ngx_live_chat_zone_t *zone,
    void (*handler)(ngx_live_chat_zone_t *zone,
                    ngx_live_chat_room_sh_t *room));

/*
 * Each room that has wardens in this worker, and the wardens of a room, which
 * the handler may let leave.  Non-zero: there was one.
 */
ngx_uint_t ngx_live_chat_hall_wardens(
    void (*handler)(ngx_live_chat_hall_t *hall));
void ngx_live_chat_hall_tell_wardens(ngx_live_chat_hall_t *hall,
    void (*handler)(ngx_live_chat_client_t *client, void *data), void *data);

/* the first reaction since the last sum: the next is this worker's affair */
void ngx_live_chat_hall_react(ngx_live_chat_hall_t *hall);

/*
 * What the client is to be sent next: NGX_OK, NGX_DONE when there is nothing,
 * NGX_ERROR without memory.  sent moves it by n bytes.
 */
ngx_int_t ngx_live_chat_client_text(ngx_live_chat_client_t *client,
    ngx_str_t *text);
void ngx_live_chat_client_sent(ngx_live_chat_client_t *client, size_t n);

/* to the end: it is not sent batches */
void ngx_live_chat_client_skip(ngx_live_chat_client_t *client);

/* bytes, about, that wait for the client */
size_t ngx_live_chat_client_lag(ngx_live_chat_client_t *client);

/*
 * Entries of the log that the worker has already made batches of, as elements
 * of a JSON array, "A,B,C": those behind after (NULL: from the oldest), at
 * most the last max of them.  whole says that nothing between after and the
 * first one is missing (without it there may be none at all), since is the
 * serial number of after, last the cursor of the last one, if n.  In pool.
 */
typedef struct {
    ngx_live_chat_cursor_t    *after;
    ngx_live_chat_id_t        *before;     /* NULL: up to the newest */
    ngx_uint_t                 max;

    ngx_str_t                  text;
    ngx_uint_t                 n;
    ngx_live_chat_cursor_t     last;
    uint64_t                   since;
    ngx_uint_t                 whole;
} ngx_live_chat_history_t;

ngx_int_t ngx_live_chat_hall_history(ngx_live_chat_hall_t *hall,
    ngx_live_chat_history_t *h, ngx_pool_t *pool);


#endif /* _NGX_LIVE_CHAT_HALL_H_INCLUDED_ */
