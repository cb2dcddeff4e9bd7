
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_batch.h"
#include "ngx_live_chat_log.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_chat_relay.h"


/*
 * WebSockets that are told in a turn of the event loop: each takes a system
 * call of 3 to 5 microseconds.
 */
#define NGX_LIVE_CHAT_HALL_TURN  500


static ngx_uint_t ngx_live_chat_hall_behind(ngx_live_chat_zone_t *zone,
    ngx_live_chat_hall_t *hall, ngx_live_chat_cursor_t *seen);
static ngx_live_chat_hall_t *ngx_live_chat_hall_find(
    ngx_live_chat_zone_t *zone, ngx_str_t *key);
static ngx_live_chat_hall_t *ngx_live_chat_hall_create(
    ngx_live_chat_zone_t *zone, ngx_str_t *key, ngx_uint_t history);
static void ngx_live_chat_hall_unused(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_free(ngx_live_chat_hall_t *hall);
static ngx_live_chat_client_t *ngx_live_chat_hall_warden(
    ngx_live_chat_hall_t *hall, ngx_queue_t *q);
static void ngx_live_chat_hall_bell(void);
static void ngx_live_chat_hall_settle(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_opened(ngx_live_chat_zone_t *zone,
    ngx_live_chat_hall_t *hall);
static ngx_live_chat_waiter_t *ngx_live_chat_hall_served(
    ngx_live_chat_zone_t *zone, ngx_live_chat_hall_t *hall,
    ngx_live_chat_id_t *id);
static void ngx_live_chat_hall_news(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_timer(ngx_event_t *ev);
static void ngx_live_chat_hall_reactions(ngx_event_t *ev);
static void ngx_live_chat_hall_flush(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_stand(ngx_live_chat_hall_t *hall,
    ngx_live_chat_batch_t *batch);
static void ngx_live_chat_hall_queue(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_turn_handler(ngx_event_t *ev);
static void ngx_live_chat_hall_turn(void);
static void ngx_live_chat_hall_tell(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_told(ngx_live_chat_hall_t *hall);
static void ngx_live_chat_hall_drop(ngx_live_chat_hall_t *hall);


/* by the room's index; statics outlive a reload, but a worker has its own */

static ngx_live_chat_hall_t  *ngx_live_chat_halls[NGX_LIVE_CHAT_ROOMS];
static ngx_connection_t       ngx_live_chat_dummy;

static ngx_queue_t            ngx_live_chat_turns;
static ngx_event_t            ngx_live_chat_turn;
static ngx_uint_t             ngx_live_chat_left = NGX_LIVE_CHAT_HALL_TURN;
static ngx_uint_t             ngx_live_chat_telling;


void
ngx_live_chat_hall_init(void)
{
    ngx_live_chat_dummy.fd = (ngx_socket_t) -1;

    ngx_queue_init(&ngx_live_chat_turns);

    ngx_live_chat_turn.data = &ngx_live_chat_dummy;
    ngx_live_chat_turn.handler = ngx_live_chat_hall_turn_handler;
    ngx_live_chat_turn.log = ngx_cycle->log;

    ngx_live_topic_handlers[NGX_LIVE_TOPIC_CHAT] = ngx_live_chat_hall_bell;
}


ngx_int_t
ngx_live_chat_hall_enter(ngx_live_chat_client_t *client, ngx_str_t *key,
    ngx_msec_t flush, ngx_uint_t history, ngx_live_chat_cursor_t *seen)
{
    ngx_live_chat_zone_t  *zone;
    ngx_live_chat_hall_t  *hall;

    zone = ngx_live_chat_zone();
    hall = ngx_live_chat_hall_find(zone, key);

    if (hall && seen && ngx_live_chat_hall_behind(zone, hall, seen)) {
        ngx_live_chat_hall_flush(hall);

        /* its clients may have left */

        hall = ngx_live_chat_hall_find(zone, key);
    }

    if (hall == NULL) {
        hall = ngx_live_chat_hall_create(zone, key, history);

        if (hall == NULL) {
            return NGX_ERROR;
        }
    }

    hall->flush = flush;
    hall->room->history = history;
    hall->nclients++;

    client->hall = hall;
    client->batch = NULL;
    client->offset = 0;
    client->behind = 0;

    if (client->warden) {
        ngx_queue_insert_head(&hall->clients, &client->queue);

    } else {
        ngx_queue_insert_tail(&hall->clients, &client->queue);
    }

    /* it is passed on the way to those that are still to be told */

    hall->untold += (hall->untold != 0);

    ngx_live_chat_room_count(hall->room, 1);

    return NGX_OK;
}


/* who comes has seen more than anybody was told here */

static ngx_uint_t
ngx_live_chat_hall_behind(ngx_live_chat_zone_t *zone,
    ngx_live_chat_hall_t *hall, ngx_live_chat_cursor_t *seen)
{
    uint64_t   serial;
    ngx_int_t  rc;

    ngx_live_chat_lock(zone);

    rc = ngx_live_chat_log_seek_locked(hall->room, seen, &serial);

    ngx_live_chat_unlock(zone);

    return rc == NGX_OK && serial > hall->serial;
}


static ngx_live_chat_hall_t *
ngx_live_chat_hall_find(ngx_live_chat_zone_t *zone, ngx_str_t *key)
{
    ngx_live_chat_hall_t     *hall;
    ngx_live_chat_room_sh_t  *room;

    ngx_live_chat_lock(zone);

    room = ngx_live_chat_room_find_locked(zone, key);
    hall = room ? ngx_live_chat_halls[room->index] : NULL;

    ngx_live_chat_unlock(zone);

    return hall;
}


/* a room with a hall is not freed: it is followed */

static ngx_live_chat_hall_t *
ngx_live_chat_hall_create(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_uint_t history)
{
    ngx_live_chat_hall_t     *hall;
    ngx_live_chat_room_sh_t  *room;

    hall = ngx_calloc(sizeof(ngx_live_chat_hall_t), ngx_cycle->log);
    if (hall == NULL) {
        return NULL;
    }

    room = ngx_live_chat_room_follow(zone, key, history);

    if (room == NULL) {
        ngx_free(hall);
        return NULL;
    }

    hall->room = room;
    hall->key = room->sn.str;

    ngx_queue_init(&hall->clients);
    ngx_queue_init(&hall->batches);
    ngx_queue_init(&hall->waiters);

    hall->next = &hall->clients;

    hall->timer.data = &ngx_live_chat_dummy;
    hall->timer.handler = ngx_live_chat_hall_timer;
    hall->timer.log = ngx_cycle->log;
    hall->timer.cancelable = 1;

    hall->reactions.data = &ngx_live_chat_dummy;
    hall->reactions.handler = ngx_live_chat_hall_reactions;
    hall->reactions.log = ngx_cycle->log;
    hall->reactions.cancelable = 1;

    ngx_live_chat_lock(zone);

    hall->serial = room->serial;
    hall->told = room->serial;
    hall->cursor = room->cursor;

    ngx_live_chat_unlock(zone);

    ngx_live_chat_halls[room->index] = hall;

    return hall;
}


void
ngx_live_chat_hall_leave(ngx_live_chat_client_t *client)
{
    ngx_live_chat_hall_t  *hall;

    hall = client->hall;

    if (hall == NULL) {
        return;
    }

    client->hall = NULL;

    if (client->batch) {
        client->batch->waiting--;
        client->batch = NULL;
    }

    if (hall->next == &client->queue) {
        hall->next = ngx_queue_next(hall->next);
    }

    ngx_queue_remove(&client->queue);
    ngx_live_chat_room_count(hall->room, -1);

    hall->nclients--;

    ngx_live_chat_hall_drop(hall);
    ngx_live_chat_hall_unused(hall);
}


/* while clients are told, the turn frees what it has in its hands */

static void
ngx_live_chat_hall_unused(ngx_live_chat_hall_t *hall)
{
    if (hall->nclients || !ngx_queue_empty(&hall->waiters)) {
        return;
    }

    if (ngx_live_chat_telling) {
        ngx_live_chat_hall_queue(hall);

    } else {
        ngx_live_chat_hall_free(hall);
    }
}


static void
ngx_live_chat_hall_free(ngx_live_chat_hall_t *hall)
{
    ngx_live_chat_halls[hall->room->index] = NULL;

    if (hall->queued) {
        ngx_queue_remove(&hall->turn);
    }

    if (hall->timer.timer_set) {
        ngx_del_timer(&hall->timer);
    }

    if (hall->reactions.timer_set) {
        ngx_del_timer(&hall->reactions);
        ngx_live_chat_reactions_say(ngx_live_chat_zone(), hall->room);
        ngx_live_chat_votes_say(ngx_live_chat_zone(), hall->room, 1);
    }

    ngx_live_chat_room_leave(ngx_live_chat_zone(), hall->room);

    ngx_free(hall);
}


void
ngx_live_chat_hall_each(ngx_live_chat_zone_t *zone,
    void (*handler)(ngx_live_chat_zone_t *zone,
                    ngx_live_chat_room_sh_t *room))
{
    ngx_uint_t             i;
    ngx_live_chat_hall_t  *hall;

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {
        hall = ngx_live_chat_halls[i];

        if (hall) {
            handler(zone, hall->room);
        }
    }
}


static ngx_live_chat_client_t *
ngx_live_chat_hall_warden(ngx_live_chat_hall_t *hall, ngx_queue_t *q)
{
    ngx_live_chat_client_t  *client;

    if (q == ngx_queue_sentinel(&hall->clients)) {
        return NULL;
    }

    client = ngx_queue_data(q, ngx_live_chat_client_t, queue);

    return client->warden ? client : NULL;
}


ngx_uint_t
ngx_live_chat_hall_wardens(void (*handler)(ngx_live_chat_hall_t *hall))
{
    ngx_uint_t             i, n;
    ngx_live_chat_hall_t  *hall;

    n = 0;

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {
        hall = ngx_live_chat_halls[i];

        if (hall
            && ngx_live_chat_hall_warden(hall, ngx_queue_head(&hall->clients)))
        {
            handler(hall);
            n = 1;
        }
    }

    return n;
}


void
ngx_live_chat_hall_tell_wardens(ngx_live_chat_hall_t *hall,
    void (*handler)(ngx_live_chat_client_t *client, void *data), void *data)
{
    ngx_uint_t               telling;
    ngx_queue_t             *q, *next;
    ngx_live_chat_client_t  *client;

    telling = ngx_live_chat_telling;
    ngx_live_chat_telling = 1;

    for (q = ngx_queue_head(&hall->clients);
         (client = ngx_live_chat_hall_warden(hall, q));
         q = next)
    {
        next = ngx_queue_next(q);
        handler(client, data);
    }

    ngx_live_chat_telling = telling;

    ngx_live_chat_hall_unused(hall);
    ngx_live_chat_hall_turn();
}


ngx_uint_t
ngx_live_chat_hall_send_away(ngx_uint_t max)
{
    ngx_uint_t               i, n;
    ngx_live_chat_hall_t    *hall;
    ngx_live_chat_client_t  *client;

    n = 0;

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {

        /* with the last of its clients a hall goes */

        while ((hall = ngx_live_chat_halls[i]) != NULL
               && !ngx_queue_empty(&hall->clients))
        {
            if (n == max) {
                return n;
            }

            client = ngx_queue_data(ngx_queue_head(&hall->clients),
                                    ngx_live_chat_client_t, queue);

            client->away = 1;
            client->handler(client);

            n++;

            if (ngx_live_chat_halls[i] == hall
                && ngx_queue_head(&hall->clients) == &client->queue)
            {
                break;
            }
        }
    }

    return n;
}


void
ngx_live_chat_hall_react(ngx_live_chat_hall_t *hall)
{
    if (!hall->reactions.timer_set) {
        ngx_add_timer(&hall->reactions, NGX_LIVE_CHAT_REACTIONS);
    }
}


static void
ngx_live_chat_hall_reactions(ngx_event_t *ev)
{
    ngx_live_chat_hall_t  *hall;

    hall = (ngx_live_chat_hall_t *)
               ((u_char *) ev - offsetof(ngx_live_chat_hall_t, reactions));

    ngx_live_chat_reactions_say(ngx_live_chat_zone(), hall->room);
    ngx_live_chat_votes_say(ngx_live_chat_zone(), hall->room, 0);
}


static void
ngx_live_chat_hall_bell(void)
{
    ngx_uint_t             i, bit;
    ngx_atomic_t          *words;
    ngx_atomic_uint_t      word;
    ngx_live_chat_zone_t  *zone;

    zone = ngx_live_chat_zone();

    if (zone == NULL) {
        return;
    }

    words = zone->sh->dirty[ngx_live_slot];

    for (i = 0; i < NGX_LIVE_CHAT_WORDS; i++) {

        if (words[i] == 0) {
            continue;
        }

        word = __sync_lock_test_and_set(&words[i], 0);

        for (bit = 0; word; bit++, word >>= 1) {
            if ((word & 1) && ngx_live_chat_halls[i * 64 + bit]) {
                ngx_live_chat_hall_settle(ngx_live_chat_halls[i * 64 + bit]);
            }

            if ((word & 1) && ngx_live_chat_halls[i * 64 + bit]) {
                ngx_live_chat_hall_news(ngx_live_chat_halls[i * 64 + bit]);
            }
        }
    }

    ngx_live_chat_relay_bell(zone);
}


ngx_int_t
ngx_live_chat_hall_await_open(ngx_live_chat_waiter_t *w, ngx_str_t *key,
    ngx_uint_t history)
{
    ngx_live_chat_zone_t  *zone;
    ngx_live_chat_hall_t  *hall;

    zone = ngx_live_chat_zone();
    hall = ngx_live_chat_hall_find(zone, key);

    if (hall == NULL) {
        hall = ngx_live_chat_hall_create(zone, key, history);
    }

    if (hall == NULL) {
        return NGX_ERROR;
    }

    if (hall->room->scope != NGX_LIVE_CHAT_OPENING) {
        return NGX_OK;
    }

    ngx_live_chat_hall_await(w, hall, 0);

    return NGX_AGAIN;
}


void
ngx_live_chat_hall_await(ngx_live_chat_waiter_t *w,
    ngx_live_chat_hall_t *hall, uint64_t seq)
{
    w->hall = hall;
    w->seq = seq;

    ngx_queue_insert_tail(&hall->waiters, &w->queue);
}


void
ngx_live_chat_hall_forget(ngx_live_chat_waiter_t *w)
{
    ngx_live_chat_hall_t  *hall;

    hall = w->hall;

    if (hall == NULL) {
        return;
    }

    w->hall = NULL;
    ngx_queue_remove(&w->queue);

    ngx_live_chat_hall_unused(hall);
}


/* those who have waited long enough; without them it may be of no use */

static void
ngx_live_chat_hall_settle(ngx_live_chat_hall_t *hall)
{
    ngx_uint_t               telling;
    ngx_live_chat_id_t       id;
    ngx_live_chat_zone_t    *zone;
    ngx_live_chat_waiter_t  *w;

    if (ngx_queue_empty(&hall->waiters)) {
        return;
    }

    zone = ngx_live_chat_zone();

    telling = ngx_live_chat_telling;
    ngx_live_chat_telling = 1;

    ngx_live_chat_hall_opened(zone, hall);

    while ((w = ngx_live_chat_hall_served(zone, hall, &id))) {
        w->hall = NULL;
        ngx_queue_remove(&w->queue);

        w->handler(w, &id);
    }

    ngx_live_chat_telling = telling;

    ngx_live_chat_hall_unused(hall);
    ngx_live_chat_hall_turn();
}


/* nobody was told anything before: newcomers stand where the log ends now */

static void
ngx_live_chat_hall_opened(ngx_live_chat_zone_t *zone,
    ngx_live_chat_hall_t *hall)
{
    if (hall->nclients || hall->room->scope == NGX_LIVE_CHAT_OPENING) {
        return;
    }

    ngx_live_chat_lock(zone);

    hall->serial = hall->room->serial;
    hall->told = hall->room->serial;
    hall->cursor = hall->room->cursor;

    ngx_live_chat_unlock(zone);
}


static ngx_live_chat_waiter_t *
ngx_live_chat_hall_served(ngx_live_chat_zone_t *zone,
    ngx_live_chat_hall_t *hall, ngx_live_chat_id_t *id)
{
    ngx_queue_t              *q;
    ngx_live_chat_room_sh_t  *room;
    ngx_live_chat_waiter_t   *w, *found;

    room = hall->room;
    found = NULL;

    ngx_memzero(id, sizeof(ngx_live_chat_id_t));

    ngx_live_chat_lock(zone);

    for (q = ngx_queue_head(&hall->waiters);
         q != ngx_queue_sentinel(&hall->waiters);
         q = ngx_queue_next(q))
    {
        w = ngx_queue_data(q, ngx_live_chat_waiter_t, queue);

        if (w->seq == 0 && room->scope != NGX_LIVE_CHAT_OPENING) {
            found = w;
            break;
        }

        if (w->seq && w->seq <= room->done) {
            ngx_live_chat_outbox_id_locked(room, w->seq, id);
            found = w;
            break;
        }
    }

    ngx_live_chat_unlock(zone);

    return found;
}


static void
ngx_live_chat_hall_news(ngx_live_chat_hall_t *hall)
{
    if (hall->timer.timer_set || hall->queued) {
        hall->pending = 1;
        return;
    }

    if (hall->flush) {
        ngx_add_timer(&hall->timer, hall->flush);
    }

    ngx_live_chat_hall_flush(hall);
}


static void
ngx_live_chat_hall_timer(ngx_event_t *ev)
{
    ngx_live_chat_hall_t  *hall;

    hall = (ngx_live_chat_hall_t *)
               ((u_char *) ev - offsetof(ngx_live_chat_hall_t, timer));

    /* who has not been told the last batch gets no other one meanwhile */

    if (hall->pending && !hall->queued) {
        hall->pending = 0;
        ngx_live_chat_hall_news(hall);
    }
}


static void
ngx_live_chat_hall_flush(ngx_live_chat_hall_t *hall)
{
    ngx_uint_t              lost;
    ngx_live_chat_zone_t   *zone;
    ngx_live_chat_batch_t  *batch;

    zone = ngx_live_chat_zone();

    ngx_live_chat_lock(zone);

    lost = (hall->room->dropped > hall->serial);

    batch = ngx_live_chat_batch_create_locked(zone, hall->room, hall->serial);

    ngx_live_chat_unlock(zone);

    if (batch == NULL) {
        return;
    }

    if (lost) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "room \"%V\" has lost messages before they were sent, "
                      "see \"chat_zone\"", &hall->key);
    }

    hall->serial = batch->serial;

    if (batch->told) {
        hall->told = batch->told;
        hall->cursor = batch->cursor;
    }

    hall->end += batch->texts[NGX_LIVE_CHAT_WEBSOCKET][0].len;
    batch->end = hall->end;

    ngx_queue_insert_tail(&hall->batches, &batch->queue);

    ngx_live_chat_hall_stand(hall, batch);
    ngx_live_chat_hall_queue(hall);
    ngx_live_chat_hall_turn();
}


/* they are told from where the last round has come to, and around */

static void
ngx_live_chat_hall_stand(ngx_live_chat_hall_t *hall,
    ngx_live_chat_batch_t *batch)
{
    ngx_queue_t             *q;
    ngx_live_chat_client_t  *client;

    for (q = ngx_queue_head(&hall->clients);
         q != ngx_queue_sentinel(&hall->clients);
         q = ngx_queue_next(q))
    {
        client = ngx_queue_data(q, ngx_live_chat_client_t, queue);

        if (client->batch == NULL) {
            client->batch = batch;
            client->offset = 0;
            client->behind = 0;
            batch->waiting++;
        }
    }

    hall->untold = hall->nclients;
}


static void
ngx_live_chat_hall_queue(ngx_live_chat_hall_t *hall)
{
    if (!hall->queued) {
        hall->queued = 1;
        ngx_queue_insert_tail(&ngx_live_chat_turns, &hall->turn);
    }
}


static void
ngx_live_chat_hall_turn_handler(ngx_event_t *ev)
{
    ngx_live_chat_left = NGX_LIVE_CHAT_HALL_TURN;

    ngx_live_chat_hall_turn();
}


/* a room that is not through lets others go first the next time */

static void
ngx_live_chat_hall_turn(void)
{
    ngx_queue_t           *q;
    ngx_live_chat_hall_t  *hall;

    if (ngx_live_chat_telling) {
        return;
    }

    ngx_live_chat_telling = 1;

    while (ngx_live_chat_left && !ngx_queue_empty(&ngx_live_chat_turns)) {

        q = ngx_queue_head(&ngx_live_chat_turns);
        hall = ngx_queue_data(q, ngx_live_chat_hall_t, turn);

        ngx_live_chat_hall_tell(hall);

        ngx_queue_remove(q);

        if (hall->nclients && hall->untold) {
            ngx_queue_insert_tail(&ngx_live_chat_turns, q);

        } else {
            hall->queued = 0;
            ngx_live_chat_hall_told(hall);
        }
    }

    ngx_live_chat_telling = 0;

    if (ngx_live_chat_left != NGX_LIVE_CHAT_HALL_TURN
        && !ngx_live_chat_turn.posted)
    {
        ngx_post_event(&ngx_live_chat_turn, &ngx_posted_next_events);
    }
}


static void
ngx_live_chat_hall_tell(ngx_live_chat_hall_t *hall)
{
    ngx_uint_t               cost;
    ngx_queue_t             *q;
    ngx_live_chat_client_t  *client;

    while (ngx_live_chat_left && hall->untold && hall->nclients) {

        q = hall->next;

        if (q == ngx_queue_sentinel(&hall->clients)) {
            q = ngx_queue_next(q);
        }

        hall->next = ngx_queue_next(q);
        hall->untold--;

        client = ngx_queue_data(q, ngx_live_chat_client_t, queue);

        cost = ngx_max(client->cost, 1);
        ngx_live_chat_left -= ngx_min(cost, ngx_live_chat_left);

        client->handler(client);
    }
}


/* all of them have been; more may have been said meanwhile */

static void
ngx_live_chat_hall_told(ngx_live_chat_hall_t *hall)
{
    hall->untold = 0;

    if (hall->nclients == 0) {
        ngx_live_chat_hall_drop(hall);

        /* who waits for the room is no client yet */

        if (ngx_queue_empty(&hall->waiters)) {
            ngx_live_chat_hall_free(hall);
            return;
        }
    }

    if (hall->pending && !hall->timer.timer_set) {
        hall->pending = 0;
        ngx_live_chat_hall_news(hall);
    }
}


/* batches in which nobody stands, and nobody before them */

static void
ngx_live_chat_hall_drop(ngx_live_chat_hall_t *hall)
{
    ngx_queue_t            *q;
    ngx_live_chat_batch_t  *batch;

    while (!ngx_queue_empty(&hall->batches)) {
        q = ngx_queue_head(&hall->batches);
        batch = ngx_queue_data(q, ngx_live_chat_batch_t, queue);

        if (batch->waiting) {
            return;
        }

        ngx_queue_remove(q);
        ngx_live_chat_batch_free(batch);
    }
}


ngx_int_t
ngx_live_chat_client_text(ngx_live_chat_client_t *client, ngx_str_t *text)
{
    ngx_str_t  *whole;

    for ( ;; ) {

        if (client->batch == NULL) {
            return NGX_DONE;
        }

        whole = ngx_live_chat_batch_text(client->batch, client->format,
                                         client->behind);
        if (whole == NULL) {
            return NGX_ERROR;
        }

        if (client->offset < whole->len) {
            text->data = whole->data + client->offset;
            text->len = whole->len - client->offset;
            return NGX_OK;
        }

        /* nothing of this batch is for it */

        ngx_live_chat_client_sent(client, 0);
    }
}


void
ngx_live_chat_client_sent(ngx_live_chat_client_t *client, size_t n)
{
    ngx_str_t              *whole;
    ngx_queue_t            *q;
    ngx_live_chat_hall_t   *hall;
    ngx_live_chat_batch_t  *batch;

    hall = client->hall;
    batch = client->batch;

    client->offset += n;

    whole = ngx_live_chat_batch_text(batch, client->format, client->behind);

    if (whole && client->offset < whole->len) {
        return;
    }

    client->offset = 0;
    batch->waiting--;

    q = ngx_queue_next(&batch->queue);

    if (q == ngx_queue_sentinel(&hall->batches)) {
        client->batch = NULL;
        client->behind = 0;

    } else {
        client->batch = ngx_queue_data(q, ngx_live_chat_batch_t, queue);
        client->batch->waiting++;
    }

    if (batch->waiting == 0) {
        ngx_live_chat_hall_drop(hall);
    }
}


void
ngx_live_chat_client_skip(ngx_live_chat_client_t *client)
{
    if (client->batch) {
        client->batch->waiting--;
        client->batch = NULL;
        client->offset = 0;

        ngx_live_chat_hall_drop(client->hall);
    }
}


size_t
ngx_live_chat_client_lag(ngx_live_chat_client_t *client)
{
    ngx_live_chat_batch_t  *batch;

    batch = client->batch;

    if (batch == NULL) {
        return 0;
    }

    return client->hall->end - batch->end
           + batch->texts[NGX_LIVE_CHAT_WEBSOCKET][0].len;
}


ngx_int_t
ngx_live_chat_hall_history(ngx_live_chat_hall_t *hall,
    ngx_live_chat_history_t *h, ngx_pool_t *pool)
{
    ngx_int_t              rc;
    ngx_live_chat_zone_t  *zone;

    zone = ngx_live_chat_zone();

    ngx_live_chat_lock(zone);

    rc = ngx_live_chat_history_locked(hall->room, hall->serial, h, pool);

    ngx_live_chat_unlock(zone);

    return rc;
}
