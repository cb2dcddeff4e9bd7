
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What a client of a chat says: a JSON object (RFC 8259) with a "type", see
 * docs/chat-protocol.md.  Members that are not known are ignored, so that newer
 * clients can talk to older servers; those that are null count as missing.
 */


#ifndef _NGX_LIVE_CHAT_COMMAND_H_INCLUDED_
#define _NGX_LIVE_CHAT_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_cursor.h"
#include "ngx_live_chat_when.h"
#include "ngx_live_chat_payment.h"


#define NGX_LIVE_CHAT_DEPTH         4      /* of JSON */
#define NGX_LIVE_CHAT_NONCE_MAX     64     /* bytes */
#define NGX_LIVE_CHAT_USER_MAX      256    /* bytes */
#define NGX_LIVE_CHAT_REASON_MAX    200    /* code points */
#define NGX_LIVE_CHAT_PERSON_MAX    64     /* code points, in a tip */

#define NGX_LIVE_CHAT_OPTIONS_MIN   2      /* of a poll */
#define NGX_LIVE_CHAT_OPTIONS_MAX   10
#define NGX_LIVE_CHAT_QUESTION_MAX  200    /* code points */
#define NGX_LIVE_CHAT_OPTION_MAX    80

/* seconds */
#define NGX_LIVE_CHAT_BAN_MAX       315360000
#define NGX_LIVE_CHAT_TIMEOUT_MAX   1209600
#define NGX_LIVE_CHAT_SLOW_MAX      21600
#define NGX_LIVE_CHAT_POLL_MAX      86400


typedef enum {
    NGX_LIVE_CHAT_JOIN = 0,                /* cursor, name */
    NGX_LIVE_CHAT_MESSAGE,                 /* text, id */
    NGX_LIVE_CHAT_REACTION,                /* kind */
    NGX_LIVE_CHAT_TYPING,                  /* on */
    NGX_LIVE_CHAT_STATUS,                  /* audio, video */
    NGX_LIVE_CHAT_HISTORY,                 /* message, limit */
    NGX_LIVE_CHAT_MODERATE,                /* action, and what it needs */
    NGX_LIVE_CHAT_TIP,                     /* tip */
    NGX_LIVE_CHAT_ANNOUNCEMENT,            /* text */
    NGX_LIVE_CHAT_POLL,                    /* text, options, seconds */
    NGX_LIVE_CHAT_VOTE,                    /* message, option */
    NGX_LIVE_CHAT_POLL_END                 /* message */
} ngx_live_chat_type_e;


typedef enum {
    NGX_LIVE_CHAT_DELETE = 0,              /* message */
    NGX_LIVE_CHAT_BAN,                     /* user, seconds or for ever */
    NGX_LIVE_CHAT_UNBAN,                   /* user */
    NGX_LIVE_CHAT_TIMEOUT,                 /* user, seconds */
    NGX_LIVE_CHAT_PURGE,                   /* user */
    NGX_LIVE_CHAT_PIN,                     /* message */
    NGX_LIVE_CHAT_UNPIN,                   /* message or all */
    NGX_LIVE_CHAT_CLEAR,
    NGX_LIVE_CHAT_SLOW,                    /* seconds, 0: off */
    NGX_LIVE_CHAT_SHADOW,                  /* user, seconds or for ever */
    NGX_LIVE_CHAT_RESTRICT                 /* value */
} ngx_live_chat_action_e;


/* who may write; each one includes those behind it */

typedef enum {
    NGX_LIVE_CHAT_ALL = 0,
    NGX_LIVE_CHAT_FOLLOWERS,
    NGX_LIVE_CHAT_SUBSCRIBERS
} ngx_live_chat_restrict_e;


typedef struct {
    size_t                     size;       /* bytes of a command */
    ngx_uint_t                 text;       /* code points of a message */
    ngx_uint_t                 name;       /* code points of a name */
    ngx_uint_t                 history;    /* messages asked for at once */
} ngx_live_chat_limits_t;


/* strings are empty and numbers 0 if they are not there */

typedef struct {
    ngx_uint_t                 type;       /* NGX_LIVE_CHAT_JOIN, ... */
    ngx_uint_t                 action;     /* NGX_LIVE_CHAT_DELETE, ... */

    ngx_str_t                  id;         /* the client's own, printable
                                              ASCII without '"' and '\' */
    ngx_str_t                  text;       /* cleaned, not empty */
    ngx_str_t                  name;       /* cleaned */
    ngx_str_t                  kind;       /* of a reaction */
    ngx_str_t                  user;       /* target of moderation */
    ngx_str_t                  reason;     /* of it, cleaned */

    ngx_live_chat_cursor_t     cursor;
    ngx_live_chat_id_t         message;    /* target of moderation; history is
                                              of before it */
    ngx_live_chat_when_t       from;       /* history is of what was said */
    ngx_live_chat_when_t       to;         /* from the one up to the other */
    unsigned                   has_from:1;
    unsigned                   has_to:1;
    unsigned                   has_cursor:1;
    unsigned                   has_message:1;
    unsigned                   on:1;       /* has begun to type */

    ngx_int_t                  audio;      /* 0, 1, or -1: as it was */
    ngx_int_t                  video;
    ngx_uint_t                 limit;      /* 1 to that of limits, 0: as the
                                              server likes */
    time_t                     seconds;
    ngx_live_chat_tip_t        tip;
    ngx_uint_t                 noptions;
    ngx_str_t                  options[NGX_LIVE_CHAT_OPTIONS_MAX];
    ngx_uint_t                 option;     /* 0.. */
    ngx_uint_t                 value;      /* NGX_LIVE_CHAT_ALL, ... */

    /* after NGX_ERROR */
    ngx_str_t                  code;       /* for the client, constant */
    const char                *error;      /* for people, constant */
} ngx_live_chat_command_t;


/*
 * Parses the JSON text of a command.  Strings are written to buf, which holds
 * len bytes.  NGX_ERROR: refused, see code and error; id is there if the
 * client gave a good one, so that it can be told which command it was:
 *
 *     bad_json      no JSON, no object, nested too deeply, a member twice
 *     too_long      the command, its text or name
 *     empty         nothing of the text can be seen
 *     unknown_type, unknown_action
 *     bad_cursor    to be dropped by the client
 *     bad_field     a member is missing, of another type or out of bounds
 */
ngx_int_t ngx_live_chat_command_parse(u_char *p, size_t len, u_char *buf,
    ngx_live_chat_limits_t *limits, ngx_live_chat_command_t *cmd);


/* "delete", ... by NGX_LIVE_CHAT_DELETE, ... */
extern ngx_str_t  ngx_live_chat_action_names[];

/* "off", "followers", "subscribers" by NGX_LIVE_CHAT_ALL, ... */
extern ngx_str_t  ngx_live_chat_restrict_names[];


#endif /* _NGX_LIVE_CHAT_COMMAND_H_INCLUDED_ */
