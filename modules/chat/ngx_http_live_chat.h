
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_HTTP_LIVE_CHAT_H_INCLUDED_
#define _NGX_HTTP_LIVE_CHAT_H_INCLUDED_


#include "ngx_http_live.h"
#include "ngx_live_chat.h"
#include "ngx_live_chat_command.h"
#include "ngx_live_chat_hall.h"
#include "ngx_live_chat_users.h"
#include "ngx_live_session.h"
#include "ngx_live_websocket.h"


/* who has no identity of his own may ... */

#define NGX_HTTP_LIVE_CHAT_GUESTS_OFF    0
#define NGX_HTTP_LIVE_CHAT_GUESTS_READ   1
#define NGX_HTTP_LIVE_CHAT_GUESTS_WRITE  2

#define NGX_HTTP_LIVE_CHAT_PING_MIN      100    /* ms */

/* code points of a name */
#define NGX_HTTP_LIVE_CHAT_NAME_MAX      32

/* entries that are shown unless asked for more, and at most */
#define NGX_HTTP_LIVE_CHAT_HISTORY       50
#define NGX_HTTP_LIVE_CHAT_HISTORY_MAX   200

/* who resumes gets all that he has missed: the log's bytes are limited */
#define NGX_HTTP_LIVE_CHAT_MISSED        NGX_MAX_UINT32_VALUE

/*
 * Bytes of own messages that may wait for a client, e.g. histories: when there
 * are more than OWN it is not read from until it has taken them.
 */
#define NGX_HTTP_LIVE_CHAT_HEADS_OWN     (64 * 1024)
#define NGX_HTTP_LIVE_CHAT_HEADS_MAX     (4 * NGX_LIVE_CHAT_LOG_MAX)


typedef struct {
    ngx_msec_t                 flush;
    ngx_msec_t                 ping;
    ngx_msec_t                 send_timeout;
    ngx_msec_t                 poll_timeout;
    size_t                     queue;
    size_t                     message_size;   /* bytes of JSON */
    ngx_uint_t                 message_length; /* code points of text */
    ngx_uint_t                 guests;
    ngx_uint_t                 rate;       /* messages per 1000 s */
    ngx_uint_t                 burst;
    ngx_flag_t                 deflate;
} ngx_http_live_chat_loc_conf_t;


/* who speaks; the strings are the request's */

typedef struct {
    ngx_str_t                  id;
    ngx_str_t                  role;
    ngx_str_t                  json;       /* {"id":..,"name":..,"role":..} */
    uint32_t                   hash;       /* of id, not 0 */
    ngx_uint_t                 level;      /* NGX_LIVE_CHAT_FOLLOWERS, ... */
    unsigned                   guest:1;
    unsigned                   writes:1;
    unsigned                   moderates:1;
    unsigned                   serves:1;   /* a server: it may say tips */
} ngx_http_live_chat_user_t;


/* bytes for this client alone: on the heap until they have left */

typedef struct ngx_http_live_chat_head_s  ngx_http_live_chat_head_t;

struct ngx_http_live_chat_head_s {
    ngx_http_live_chat_head_t  *next;
    u_char                     *pos;
    u_char                     *last;
    u_char                      data[1];
};


/* only of a client that came as WebSocket */

typedef struct {
    ngx_live_websocket_t       parser;
    u_char                    *message;    /* heap: pieces of one so far */
    size_t                     size;
    ngx_uint_t                 code;       /* of the close frame to be sent */
    ngx_str_t                  answer;     /* of extensions */
    u_char                    *rest;       /* heap: input that waits for the
                                              client to read */
    size_t                     rest_len;

    unsigned                   close_sent:1;
    unsigned                   close_received:1;
    unsigned                   held:1;     /* it is not read from */
} ngx_http_live_chat_websocket_t;


typedef struct ngx_http_live_chat_s           ngx_http_live_chat_t;
typedef struct ngx_http_live_chat_ack_s       ngx_http_live_chat_ack_t;
typedef struct ngx_http_live_chat_entrance_s  ngx_http_live_chat_entrance_t;

/*
 * A client that stays: WebSocket or server-sent events.  It is sent its own
 * messages first, then the batches of the hall.
 */

struct ngx_http_live_chat_s {
    ngx_live_chat_client_t           client;   /* must be first */
    ngx_http_request_t              *request;
    ngx_live_session_t               session;
    ngx_http_live_chat_user_t        user;
    ngx_str_t                        key;      /* of the room */
    ngx_http_live_chat_websocket_t  *websocket;
    ngx_http_live_copy_t            *copy;     /* over HTTP/2, HTTP/3 */
    ngx_http_live_chat_head_t       *heads;
    ngx_http_live_chat_head_t      **last;
    size_t                           waiting;  /* bytes of heads */
    ngx_msec_t                       progress; /* bytes have left last */
    ngx_msec_t                       heard;    /* bytes have come last */
    ngx_msec_t                       said;     /* for the rate */
    ngx_uint_t                       excess;
    ngx_http_live_chat_entrance_t   *entrance; /* heap: waits to come in */
    ngx_http_live_chat_ack_t        *acks;     /* heap: to be told when what
                                                  it said is in the log */

    unsigned                         open:1;   /* it is in the room */
    unsigned                         joined:1; /* it had its welcome */
    unsigned                         blocked:1;
    unsigned                         halfway:1; /* a batch is to be sent
                                                   before the heads */
    unsigned                         closing:1;
    unsigned                         present:1; /* among the room's people */
};


extern ngx_module_t  ngx_http_live_chat_module;


/* the object "chat" of live_status, if a location has one */
void ngx_http_live_chat_show(ngx_live_json_t *js);

/* content handlers, once the client was let in */
ngx_int_t ngx_http_live_chat_open(ngx_http_request_t *r);
ngx_int_t ngx_http_live_chat_poll(ngx_http_request_t *r);
ngx_int_t ngx_http_live_chat_post(ngx_http_request_t *r);
ngx_int_t ngx_http_live_chat_tips(ngx_http_request_t *r);

/* GET with "from" or "to": what was said between them */
ngx_uint_t ngx_http_live_chat_wants_range(ngx_http_request_t *r);
ngx_int_t ngx_http_live_chat_range(ngx_http_request_t *r);

/* non-zero if GET asks for tips: "tips" or "tips=NUMBER" */
ngx_uint_t ngx_http_live_chat_wants_tips(ngx_http_request_t *r);

/*
 * The client as it stands in the request's token or as a guest.  user is
 * zeroed, or what was made before: then only the name is another one.
 */
ngx_int_t ngx_http_live_chat_user(ngx_http_request_t *r,
    ngx_http_live_chat_user_t *user, ngx_str_t *name);

/* the argument "name", decoded and cleaned; empty: none, or not fit */
ngx_int_t ngx_http_live_chat_name_arg(ngx_http_request_t *r, ngx_str_t *name);

/*
 * Own messages.  NGX_ERROR: no memory, or too much waits for the client.
 */
ngx_int_t ngx_http_live_chat_own(ngx_http_live_chat_t *ch, ngx_str_t *json);
ngx_int_t ngx_http_live_chat_own_frame(ngx_http_live_chat_t *ch,
    ngx_uint_t opcode, u_char *data, size_t len);

/*
 * Enters the room, or does it again with another name; the welcome is who I
 * am, how the room is and what was said since cursor; NULL: the last of it.
 * NGX_DECLINED: there is no memory for the room, it is in none.  NGX_AGAIN: the
 * room has to be opened, it comes in when that is done.
 */
ngx_int_t ngx_http_live_chat_join(ngx_http_live_chat_t *ch, ngx_str_t *name,
    ngx_live_chat_cursor_t *cursor);

/* what moderators have not decided is as the application's settings say */
void ngx_http_live_chat_settle(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_app_conf_t *cacf);

/* the client leaves the room, of which it may be in none */
void ngx_http_live_chat_leave(ngx_http_live_chat_t *ch);

/* there is one in this worker who wants to know how streams are */
void ngx_http_live_chat_health_start(void);

/*
 * Sends what there is: NGX_OK, NGX_AGAIN: the client takes no more for now,
 * NGX_ERROR.  last leaves the room; what was begun becomes an own message.
 */
ngx_int_t ngx_http_live_chat_send(ngx_http_live_chat_t *ch);
ngx_int_t ngx_http_live_chat_last(ngx_http_live_chat_t *ch);
void ngx_http_live_chat_heads_free(ngx_http_live_chat_t *ch);

/* sends what there is; NGX_DONE: the client is gone */
ngx_int_t ngx_http_live_chat_run(ngx_http_live_chat_t *ch);

/* no more: ends when what was begun has left; code is of WebSocket */
void ngx_http_live_chat_end(ngx_http_live_chat_t *ch, ngx_uint_t code);

/* ends the request at once */
void ngx_http_live_chat_finalize(ngx_http_live_chat_t *ch, ngx_int_t rc);

/* frames of the client; ends it itself */
void ngx_http_live_chat_websocket_handler(ngx_http_request_t *r);

/* what it has sent is not looked at before it has taken what waits for it */
#define ngx_http_live_chat_holds(ch)                                          \
    ((ch)->entrance                                                           \
     || ((ch)->blocked && (ch)->waiting > NGX_HTTP_LIVE_CHAT_HEADS_OWN))

/* "APP/NAME" of the request's room, in its pool */
ngx_int_t ngx_http_live_chat_key(ngx_http_request_t *r, ngx_str_t *key);


/*
 * Something that a user does in a room by a JSON text:
 *
 *   NGX_OK        it was done, pos is its position in the log
 *   NGX_DECLINED  it was refused: error is a code for the client, a constant,
 *                 and status what HTTP says to it
 *   NGX_ERROR     no memory
 */

typedef struct {
    ngx_http_request_t              *request;
    ngx_http_live_chat_user_t       *user;
    ngx_live_chat_hall_t            *hall;
    ngx_http_live_chat_t            *client;  /* NULL: does not stay */

    ngx_live_chat_id_t               pos;
    uint64_t                         seq;      /* it enters the log later, 0:
                                                  it has */
    ngx_uint_t                       later;    /* the client is answered when
                                                  the room is open */
    ngx_uint_t                       repeated; /* it was done before */
    ngx_uint_t                       tip;
    const char                      *error;
    ngx_uint_t                       status;
    ngx_uint_t                       wait;    /* s, 0: nothing to wait for */
    size_t                           ref_len;  /* what the client calls it */
    u_char                           ref[NGX_LIVE_CHAT_NONCE_MAX];
} ngx_http_live_chat_deed_t;

ngx_int_t ngx_http_live_chat_do(ngx_http_live_chat_deed_t *deed,
    ngx_str_t *json);

/* NGX_DECLINED */
ngx_int_t ngx_http_live_chat_refuse(ngx_http_live_chat_deed_t *deed,
    const char *error, ngx_uint_t status);

/* of what is done: the same results */
ngx_int_t ngx_http_live_chat_react(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);

ngx_int_t ngx_http_live_chat_typing(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);

/*
 * What passes, e.g. a status, is limited, too: NULL, or the code of the error;
 * hushed: others are not to be told.
 */
const char *ngx_http_live_chat_passes(ngx_http_live_chat_deed_t *deed,
    ngx_uint_t *hushed);
ngx_int_t ngx_http_live_chat_range_history(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
ngx_int_t ngx_http_live_chat_moderate(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);

ngx_int_t ngx_http_live_chat_tip(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
ngx_int_t ngx_http_live_chat_announce(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
ngx_int_t ngx_http_live_chat_ask(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
ngx_int_t ngx_http_live_chat_vote(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
ngx_int_t ngx_http_live_chat_ask_end(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);

/*
 * A tip, of whoever was asked before; of deed, user may be NULL.  One that has
 * been seen is NGX_DECLINED with the error "seen".
 */
ngx_int_t ngx_http_live_chat_give(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_tip_t *tip);

/*
 * Puts the body behind what body holds, in the request's pool.  NGX_DECLINED:
 * it has more than max bytes, or it went to a file.
 */
ngx_int_t ngx_http_live_chat_body(ngx_http_request_t *r, size_t max,
    ngx_str_t *body);

/*
 * One that visits the room of the request's path by a request, of whose pool it
 * is, zeroed but for what the client is to be; it leaves when that ends.  The
 * handler is called in the room when that is open, the results are those of a
 * content handler: at once, or NGX_DONE and later.  Who does not stay is out of
 * the room when the handler returns.
 */

typedef struct ngx_http_live_chat_visitor_s  ngx_http_live_chat_visitor_t;

typedef ngx_int_t (*ngx_http_live_chat_visit_pt)(
    ngx_http_live_chat_visitor_t *v);

struct ngx_http_live_chat_visitor_s {
    ngx_live_chat_client_t           client;   /* must be first */
    ngx_live_chat_waiter_t           waiter;
    ngx_http_request_t              *request;
    ngx_str_t                        key;      /* of the room */
    ngx_http_live_chat_visit_pt      handler;
    void                            *data;     /* of the handler */
    ngx_live_chat_id_t               id;       /* of what it has said */

    unsigned                         stays:1;
    unsigned                         tip:1;
    unsigned                         repeated:1; /* another node has counted
                                                    the tip */
};

ngx_int_t ngx_http_live_chat_visit(ngx_http_live_chat_visitor_t *v,
    ngx_http_request_t *r, ngx_http_live_chat_visit_pt handler);

/*
 * By a handler, when a deed was NGX_OK: its result is that of the next handler,
 * which is called when the deed is in the log; id is its id there then.
 */
ngx_int_t ngx_http_live_chat_visit_said(ngx_http_live_chat_visitor_t *v,
    ngx_http_live_chat_deed_t *deed, ngx_http_live_chat_visit_pt handler);

/*
 * Rooms of several nodes: come_in is the end of join when the room is open,
 * await_open and await_log wait for that, and answer the client then;
 * wait_no_more forgets it.
 */
ngx_int_t ngx_http_live_chat_come_in(ngx_http_live_chat_t *ch,
    ngx_live_chat_cursor_t *cursor);
ngx_int_t ngx_http_live_chat_await_open(ngx_http_live_chat_t *ch,
    ngx_live_chat_cursor_t *cursor, ngx_uint_t history);
ngx_int_t ngx_http_live_chat_await_log(ngx_http_live_chat_t *ch,
    ngx_http_live_chat_deed_t *deed);
void ngx_http_live_chat_wait_no_more(ngx_http_live_chat_t *ch);

/* the answer to what the client has called somehow, or an error */
ngx_int_t ngx_http_live_chat_answer(ngx_http_live_chat_t *ch,
    ngx_http_live_chat_deed_t *deed);

/*
 * The same for a client that stays, who is told of errors.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_live_chat_command(ngx_http_live_chat_t *ch, u_char *data,
    size_t len);


#endif /* _NGX_HTTP_LIVE_CHAT_H_INCLUDED_ */
