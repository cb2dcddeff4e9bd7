
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_EFFECT_H_INCLUDED_
#define _NGX_LIVE_CHAT_EFFECT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_cursor.h"


/*
 * What an entry does to the state of its room, beyond being read: a ban, a
 * pin, a tip's total.  It belongs to what is said (ngx_live_chat_say_t), is
 * checked when somebody says it, and applied under the zone's mutex when the
 * entry enters the log, so that all nodes that have the entry have its effect.
 *
 * A new effect is a type, a line in ngx_live_chat_effects[] with its name and
 * one or two functions, and, if need be, members below that no other effect
 * has: all of them, but those of the result, travel with the entry.
 */

typedef enum {
    NGX_LIVE_CHAT_EFFECT_NONE = 0,
    NGX_LIVE_CHAT_EFFECT_DELETE,           /* message */
    NGX_LIVE_CHAT_EFFECT_BAN,              /* user, until */
    NGX_LIVE_CHAT_EFFECT_UNBAN,            /* user */
    NGX_LIVE_CHAT_EFFECT_TIMEOUT,          /* user, until */
    NGX_LIVE_CHAT_EFFECT_PURGE,            /* user */
    NGX_LIVE_CHAT_EFFECT_PIN,              /* message */
    NGX_LIVE_CHAT_EFFECT_UNPIN,
    NGX_LIVE_CHAT_EFFECT_CLEAR,
    NGX_LIVE_CHAT_EFFECT_SLOW,             /* number: s */
    NGX_LIVE_CHAT_EFFECT_SHADOW,           /* user, until */
    NGX_LIVE_CHAT_EFFECT_TIP,              /* number, user: the currency and
                                              keys, with blanks between */
    NGX_LIVE_CHAT_EFFECT_RESTRICT,         /* number: NGX_LIVE_CHAT_ALL, .. */
    NGX_LIVE_CHAT_EFFECT_POLL,             /* number: of options, until or
                                              0 */
    NGX_LIVE_CHAT_EFFECT_POLL_END,         /* message: that began it */
    NGX_LIVE_CHAT_EFFECT_VOTE,             /* message: the same, user,
                                              number: option */
    NGX_LIVE_CHAT_EFFECTS
} ngx_live_chat_effect_e;


/* bytes that an effect may add to the text of its entry */
#define NGX_LIVE_CHAT_EFFECT_ADDED  64

/* until: for ever */
#define NGX_LIVE_CHAT_EVER          ((int64_t) 1 << 62)


typedef struct {
    ngx_uint_t                 type;       /* NGX_LIVE_CHAT_EFFECT_NONE, .. */
    ngx_live_chat_id_t         message;
    ngx_str_t                  user;       /* his id */
    int64_t                    until;      /* ms since 1970 */
    int64_t                    number;

    /* what Redis has counted with it, 0: it has not */
    int64_t                    sum;

    /* result, or of Redis: it was there before, and does nothing now */
    ngx_uint_t                 repeated;

    /* result: members of the entry's object, ",\"total\":500", ... */
    size_t                     added_len;
    u_char                     added[NGX_LIVE_CHAT_EFFECT_ADDED];
} ngx_live_chat_effect_t;


#endif /* _NGX_LIVE_CHAT_EFFECT_H_INCLUDED_ */
