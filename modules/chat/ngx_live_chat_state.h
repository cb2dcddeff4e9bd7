
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The file in which rooms remember, over a restart, what moderators have done
 * to users.  Its lines are
 *
 *     nginx-live chat 1
 *     secret HEX
 *     user ROOM ID BANNED MUTED SHADOW
 *     ...
 *     end
 *
 * with times in ms since 1970, 0: not so; in names, what is not visible ASCII,
 * and "%", are bytes as %XX.
 */


#ifndef _NGX_LIVE_CHAT_STATE_H_INCLUDED_
#define _NGX_LIVE_CHAT_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_CHAT_SECRET_LEN   16      /* bytes */
#define NGX_LIVE_CHAT_STATE_ROOM   512     /* bytes of a room's name */
#define NGX_LIVE_CHAT_STATE_USER   256     /* bytes of a user's id */


/* all that a moderator can do to a user: ms since 1970, 0: he has not */

typedef struct {
    int64_t                    banned;
    int64_t                    muted;
    int64_t                    shadow;
} ngx_live_chat_marks_t;


typedef struct {
    u_char                    *pos;        /* of the text, which is changed */
    u_char                    *end;
    ngx_uint_t                 line;
    u_char                     secret[NGX_LIVE_CHAT_SECRET_LEN];
    const char                *reason;

    /* of the user that was read; the names lie in the text */
    ngx_str_t                  room;
    ngx_str_t                  user;
    ngx_live_chat_marks_t      marks;
} ngx_live_chat_state_t;


/*
 * start() reads up to the first user, next() the next one: NGX_OK, NGX_DONE at
 * the end, NGX_ERROR: it is no such file, line and reason say why.
 */
ngx_int_t ngx_live_chat_state_start(ngx_live_chat_state_t *st, u_char *p,
    size_t len);
ngx_int_t ngx_live_chat_state_next(ngx_live_chat_state_t *st);

/* bytes, at most, of a user of such names, and of all that is around users */
#define ngx_live_chat_state_size(room, user)                                  \
    (sizeof("user    \n") - 1 + 3 * ((room) + (user)) + 3 * (NGX_INT64_LEN + 1))

#define NGX_LIVE_CHAT_STATE_SIZE                                              \
    (sizeof("nginx-live chat 1\nsecret \nend\n") + 2 * NGX_LIVE_CHAT_SECRET_LEN)

u_char *ngx_live_chat_state_write_start(u_char *p, u_char *secret);
u_char *ngx_live_chat_state_write(u_char *p, ngx_str_t *room, ngx_str_t *user,
    ngx_live_chat_marks_t *marks);
u_char *ngx_live_chat_state_write_end(u_char *p);


#endif /* _NGX_LIVE_CHAT_STATE_H_INCLUDED_ */
