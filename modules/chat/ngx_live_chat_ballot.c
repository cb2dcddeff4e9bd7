
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_chat_stamp.h"
#include "ngx_live_stream.h"


/* ms after which another worker says the end, if the first one died */
#define NGX_LIVE_CHAT_CLOSING  10000

/* where what is asked begins in an entry */
#define NGX_LIVE_CHAT_ASKED    ",\"question\":"


typedef struct {
    ngx_live_chat_id_t         id;
    size_t                     votes_len;
    u_char                     votes[NGX_LIVE_CHAT_VOTES_LEN];
    ngx_str_t                  asked;      /* heap */
} ngx_live_chat_result_t;


static ngx_uint_t ngx_live_chat_ballot_is(ngx_live_chat_ballot_sh_t *ballot,
    ngx_live_chat_id_t *id);
static ngx_uint_t ngx_live_chat_ballot_open(
    ngx_live_chat_ballot_sh_t *ballot);
static u_char *ngx_live_chat_votes_write(u_char *p,
    ngx_live_chat_ballot_sh_t *ballot);
static const char *ngx_live_chat_poll_close(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_id_t *poll,
    ngx_live_chat_result_t *result);


const char *
ngx_live_chat_ballot_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    if (effect->type == NGX_LIVE_CHAT_EFFECT_POLL) {
        return room->ballot ? "poll_open" : NULL;
    }

    return (room->ballot
            && ngx_live_chat_ballot_is(room->ballot, &effect->message))
           ? NULL : "no_poll";
}


static ngx_uint_t
ngx_live_chat_ballot_is(ngx_live_chat_ballot_sh_t *ballot,
    ngx_live_chat_id_t *id)
{
    return ngx_live_chat_id_cmp(&ballot->id, id) == 0
           || (ballot->origin.ms
               && ngx_live_chat_id_cmp(&ballot->origin, id) == 0);
}


void
ngx_live_chat_ballot_end_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    if (room->ballot && !effect->repeated
        && ngx_live_chat_ballot_is(room->ballot, &effect->message))
    {
        ngx_live_chat_ballot_free_locked(zone, room);
    }
}


void
ngx_live_chat_ballot_open_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_entry_sh_t *e,
    ngx_live_chat_effect_t *effect)
{
    ngx_live_chat_ballot_sh_t  *ballot;

    ballot = room->ballot;

    /* the same one, by the id that it has in the cluster */

    if (ballot && e->origin.ms
        && ngx_live_chat_ballot_is(ballot, &e->origin))
    {
        ballot->id = *ngx_live_chat_cursor_id(&e->cursor);
        ballot->origin = e->origin;
        return;
    }

    ngx_live_chat_ballot_free_locked(zone, room);

    if (effect->number < NGX_LIVE_CHAT_OPTIONS_MIN
        || effect->number > NGX_LIVE_CHAT_OPTIONS_MAX)
    {
        return;
    }

    ballot = ngx_live_chat_alloc_locked(zone, room,
                             offsetof(ngx_live_chat_ballot_sh_t, text)
                             + e->len);
    if (ballot == NULL) {
        room->lost++;
        return;
    }

    ballot->voters = ngx_live_chat_keys_create_locked(zone, room);

    if (ballot->voters == NULL) {
        room->lost++;
        ngx_slab_free_locked(zone->shpool, ballot);
        return;
    }

    ballot->id = *ngx_live_chat_cursor_id(&e->cursor);
    ballot->origin = e->origin;
    ballot->until = effect->until;
    ballot->n = effect->number;
    ballot->len = e->len;
    ngx_memcpy(ballot->text, e->text, e->len);

    room->ballot = ballot;
}


void
ngx_live_chat_ballot_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_ballot_sh_t  *ballot;

    ballot = room->ballot;

    if (ballot) {
        room->ballot = NULL;

        ngx_live_chat_keys_free_locked(zone, ballot->voters);
        ngx_slab_free_locked(zone->shpool, ballot);
    }
}


static ngx_uint_t
ngx_live_chat_ballot_open(ngx_live_chat_ballot_sh_t *ballot)
{
    return ballot && ballot->closing == 0
           && (ballot->until == 0 || ballot->until > ngx_live_now());
}


const char *
ngx_live_chat_vote(ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_str_t *user, ngx_live_chat_id_t *poll, ngx_uint_t option,
    ngx_uint_t hushed, ngx_uint_t *first)
{
    int64_t               now;
    ngx_live_chat_say_t   say;

    *first = 0;
    now = ngx_live_clock();

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    say.untold = 1;
    say.effect.type = NGX_LIVE_CHAT_EFFECT_VOTE;
    say.effect.user = *user;
    say.effect.number = option;

    ngx_live_chat_lock(zone);

    if (poll) {
        say.effect.message = *poll;

    } else if (room->ballot) {
        say.effect.message = room->ballot->id;
    }

    say.error = ngx_live_chat_vote_check_locked(zone, room, &say.effect);

    if (say.error == NULL && hushed) {

        /* nobody else has to know */

        say.effect.repeated = 1;
        ngx_live_chat_vote_add_locked(zone, room, &say.effect);
    }

    /* the worker that was to tell them may have died */

    if (say.error == NULL && now > room->ballot->due + 1000) {
        room->ballot->due = now + NGX_LIVE_CHAT_REACTIONS;
        *first = 1;
    }

    ngx_live_chat_unlock(zone);

    if (say.error == NULL && !hushed
        && ngx_live_chat_room_say(zone, room, &say) == NGX_ERROR)
    {
        return "room_full";
    }

    return say.error;
}


const char *
ngx_live_chat_vote_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_live_chat_ballot_sh_t  *ballot;

    ballot = room->ballot;

    if (!ngx_live_chat_ballot_open(ballot)
        || !ngx_live_chat_ballot_is(ballot, &effect->message))
    {
        return "no_poll";
    }

    if ((ngx_uint_t) effect->number >= ballot->n) {
        return "bad_option";
    }

    if (ngx_live_chat_keys_find_locked(zone, ballot->voters, &effect->user)
        != NGX_DECLINED)
    {
        return "voted";
    }

    return (ngx_live_chat_keys_n(ballot->voters) < ngx_live_chat_votes_max())
           ? NULL : "room_full";
}


/* with Redis its sums are those of all nodes, and it knows who has voted */

void
ngx_live_chat_vote_add_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_uint_t                  option, known;
    ngx_live_chat_ballot_sh_t  *ballot;

    ballot = room->ballot;
    option = effect->number;

    if (ballot == NULL || !ngx_live_chat_ballot_is(ballot, &effect->message)
        || option >= ballot->n)
    {
        return;
    }

    known = (ngx_live_chat_keys_find_locked(zone, ballot->voters,
                                            &effect->user)
             != NGX_DECLINED);

    if (!known
        && ngx_live_chat_keys_add_locked(zone, room, ballot->voters,
                                         &effect->user, option,
                                         ngx_live_chat_votes_max(), 0)
           != NGX_OK)
    {
        known = 1;
    }

    if (effect->sum) {
        ballot->votes[option] = (uint32_t) ngx_min(effect->sum, UINT32_MAX);

    } else if (!effect->repeated && !known) {
        ballot->votes[option]++;
    }

    if (room->scope == NGX_LIVE_CHAT_CLUSTER && ballot->due == 0) {
        ballot->due = ngx_live_clock() + NGX_LIVE_CHAT_REACTIONS;
    }
}


static u_char *
ngx_live_chat_votes_write(u_char *p, ngx_live_chat_ballot_sh_t *ballot)
{
    ngx_uint_t  i;

    *p++ = '[';

    for (i = 0; i < ballot->n; i++) {
        p = ngx_sprintf(p, "%s%uD", i ? "," : "", ballot->votes[i]);
    }

    *p++ = ']';

    return p;
}


void
ngx_live_chat_votes_say(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_uint_t now)
{
    u_char                     *p, buf[64 + NGX_LIVE_CHAT_ID_LEN
                                       + NGX_LIVE_CHAT_VOTES_LEN];
    ngx_live_chat_say_t         say;
    ngx_live_chat_ballot_sh_t  *ballot;

    p = buf;

    ngx_live_chat_lock(zone);

    ballot = room->ballot;

    /* a timer may be some ms early by this clock */

    if (ballot && ballot->due
        && (now || ngx_live_clock() > ballot->due - 50))
    {
        ballot->due = 0;

        p = ngx_sprintf(p, ",\"poll\":\"");
        p = ngx_live_chat_id_write(p, &ballot->id);
        p = ngx_sprintf(p, "\",\"votes\":");
        p = ngx_live_chat_votes_write(p, ballot);
        *p++ = '}';
    }

    ngx_live_chat_unlock(zone);

    if (p == buf) {
        return;
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"votes\",");

    say.tail.data = buf;
    say.tail.len = p - buf;
    say.passing = 1;
    say.local = 1;

    (void) ngx_live_chat_room_say(zone, room, &say);
}


ngx_int_t
ngx_live_chat_poll_end(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_id_t *poll, ngx_str_t *by,
    ngx_live_chat_say_t *say)
{
    u_char                  *p;
    ngx_int_t                rc;
    ngx_live_chat_result_t   result;

    ngx_memzero(say, sizeof(ngx_live_chat_say_t));

    say->error = ngx_live_chat_poll_close(zone, room, poll, &result);

    if (say->error) {
        return NGX_DECLINED;
    }

    ngx_str_set(&say->head, "{\"type\":\"poll_end\",");

    say->effect.type = NGX_LIVE_CHAT_EFFECT_POLL_END;
    say->effect.message = result.id;

    p = ngx_alloc(NGX_LIVE_CHAT_STAMP_LEN
                  + sizeof(",\"by\":,\"poll\":\"\",\"votes\":}") - 1
                  + (by ? by->len : 0) + NGX_LIVE_CHAT_ID_LEN
                  + result.votes_len + result.asked.len, ngx_cycle->log);

    if (p == NULL) {
        ngx_free(result.asked.data);
        return NGX_ERROR;
    }

    say->tail.data = p;

    p = ngx_live_chat_stamp(p, &room->sn.str);

    if (by) {
        p = ngx_sprintf(p, ",\"by\":%V", by);
    }

    p = ngx_sprintf(p, ",\"poll\":\"");
    p = ngx_live_chat_id_write(p, &result.id);
    p = ngx_sprintf(p, "\",\"votes\":");
    p = ngx_cpymem(p, result.votes, result.votes_len);
    p = ngx_cpymem(p, result.asked.data, result.asked.len);

    say->tail.len = p - say->tail.data;

    rc = ngx_live_chat_room_say(zone, room, say);

    ngx_free(say->tail.data);
    ngx_free(result.asked.data);

    return rc;
}


/*
 * No vote is taken any more.  What is said of it is made outside of the mutex,
 * so somebody else may have said it, which the effect then refuses.
 */

static const char *
ngx_live_chat_poll_close(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_id_t *poll,
    ngx_live_chat_result_t *result)
{
    u_char                     *p;
    const char                 *error;
    ngx_live_chat_ballot_sh_t  *ballot;

    error = "no_poll";
    result->asked.data = NULL;

    ngx_live_chat_lock(zone);

    ballot = room->ballot;

    if (ballot && (poll == NULL || ngx_live_chat_ballot_is(ballot, poll))) {
        result->id = ballot->id;
        result->votes_len = ngx_live_chat_votes_write(result->votes, ballot)
                            - result->votes;

        p = ngx_strnstr(ballot->text, NGX_LIVE_CHAT_ASKED, ballot->len);

        if (p == NULL) {
            p = ballot->text + ballot->len - 1;
        }

        result->asked.len = ballot->text + ballot->len - p;
        result->asked.data = ngx_alloc(result->asked.len, ngx_cycle->log);

        error = "room_full";

        if (result->asked.data) {
            ngx_memcpy(result->asked.data, p, result->asked.len);

            ballot->closing = ngx_live_clock();
            error = NULL;
        }
    }

    ngx_live_chat_unlock(zone);

    return error;
}


void
ngx_live_chat_poll_tick(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    int64_t                     now;
    ngx_uint_t                  over;
    ngx_live_chat_id_t          id;
    ngx_live_chat_say_t         say;
    ngx_live_chat_ballot_sh_t  *ballot;

    /* without the mutex: most rooms have none */

    if (room->ballot == NULL) {
        return;
    }

    ngx_live_chat_votes_say(zone, room, 0);

    over = 0;
    now = ngx_live_clock();

    ngx_live_chat_lock(zone);

    ballot = room->ballot;

    if (ballot
        && ((ballot->closing && now > ballot->closing + NGX_LIVE_CHAT_CLOSING)
            || (ballot->closing == 0 && ballot->until
                && ballot->until <= ngx_live_now())))
    {
        over = 1;
        id = ballot->id;
        ballot->closing = now;
    }

    ngx_live_chat_unlock(zone);

    if (over) {
        (void) ngx_live_chat_poll_end(zone, room, &id, NULL, &say);
    }
}


ngx_int_t
ngx_live_chat_poll_text(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_str_t *user, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char                     *p;
    ngx_int_t                   rc, voted;
    ngx_live_chat_ballot_sh_t  *ballot;

    ngx_str_null(text);

    if (room->ballot == NULL) {
        return NGX_OK;
    }

    rc = NGX_OK;

    ngx_live_chat_lock(zone);

    ballot = room->ballot;

    if (ngx_live_chat_ballot_open(ballot)) {
        p = ngx_pnalloc(pool, sizeof("{\"entry\":,\"votes\":,\"left\":,"
                                     "\"voted\":}") - 1
                              + ballot->len + NGX_LIVE_CHAT_VOTES_LEN
                              + NGX_INT64_LEN + NGX_INT_T_LEN);

        if (p == NULL) {
            rc = NGX_ERROR;

        } else {
            text->data = p;

            p = ngx_sprintf(p, "{\"entry\":%*s,\"votes\":", ballot->len,
                            ballot->text);
            p = ngx_live_chat_votes_write(p, ballot);

            if (ballot->until) {
                p = ngx_sprintf(p, ",\"left\":%L",
                                ballot->until - ngx_live_now());
            }

            voted = ngx_live_chat_keys_find_locked(zone, ballot->voters, user);

            if (voted != NGX_DECLINED) {
                p = ngx_sprintf(p, ",\"voted\":%i", voted);
            }

            *p++ = '}';

            text->len = p - text->data;
        }
    }

    ngx_live_chat_unlock(zone);

    return rc;
}
