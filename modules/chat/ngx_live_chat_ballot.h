
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_BALLOT_H_INCLUDED_
#define _NGX_LIVE_CHAT_BALLOT_H_INCLUDED_


#include "ngx_live_chat_command.h"
#include "ngx_live_chat_keys.h"


/*
 * A room's open poll: what was asked, how many have chosen what, and who has
 * voted.  It begins and ends with an entry of the log; the sums in between are
 * told twice a second, as what passes.  Under the zone's mutex.
 */

/* bytes of [N,...] */
#define NGX_LIVE_CHAT_VOTES_LEN                                               \
    (2 + NGX_LIVE_CHAT_OPTIONS_MAX * (NGX_INT32_LEN + 1))


struct ngx_live_chat_ballot_sh_s {
    ngx_live_chat_id_t         id;         /* of the entry */
    ngx_live_chat_id_t         origin;
    int64_t                    until;      /* ms since 1970, 0: no end */
    int64_t                    due;        /* ngx_live_clock(): sums are told;
                                              0: they are */
    int64_t                    closing;    /* ngx_live_clock(): its end is
                                              being said; 0: it is not */
    ngx_uint_t                 n;          /* options */
    uint32_t                   votes[NGX_LIVE_CHAT_OPTIONS_MAX];
    ngx_live_chat_keys_sh_t   *voters;
    size_t                     len;
    u_char                     text[1];    /* the entry */
};


/* how many votes of a poll are taken, by "chat_votes" */
ngx_uint_t ngx_live_chat_votes_max(void);

/* of the effects; an entry that opens a poll has entered the log */
const char *ngx_live_chat_ballot_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
void ngx_live_chat_ballot_end_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
void ngx_live_chat_ballot_open_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_entry_sh_t *e,
    ngx_live_chat_effect_t *effect);

const char *ngx_live_chat_vote_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
void ngx_live_chat_vote_add_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);

/*
 * Of the user with this id; poll is NULL for whichever is open.  NULL, or the
 * code of the error: "no_poll", "bad_option", "voted", "room_full".  *first:
 * sums are to be told soon, by this worker.  A vote that does not count
 * (hushed) is only remembered.
 */
const char *ngx_live_chat_vote(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_str_t *user, ngx_live_chat_id_t *poll,
    ngx_uint_t option, ngx_uint_t hushed, ngx_uint_t *first);

/* tells the sums if they have changed and it is time, or in any case */
void ngx_live_chat_votes_say(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_uint_t now);

/*
 * Ends the open poll, or the one that is named, by the user of the JSON text,
 * or NULL: its time is over.  What is said is in say, if it was.  NGX_DECLINED
 * with say->error; NGX_ERROR: no memory.
 */
ngx_int_t ngx_live_chat_poll_end(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_id_t *poll, ngx_str_t *by,
    ngx_live_chat_say_t *say);

/*
 * Every second, by those who follow the room: ends a poll that is over, tells
 * sums that votes at other nodes have changed.
 */
void ngx_live_chat_poll_tick(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/*
 * The open poll as a JSON object, as user sees it, in pool; empty: there is
 * none.
 */
ngx_int_t ngx_live_chat_poll_text(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_str_t *user, ngx_pool_t *pool,
    ngx_str_t *text);

void ngx_live_chat_ballot_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


#endif /* _NGX_LIVE_CHAT_BALLOT_H_INCLUDED_ */
