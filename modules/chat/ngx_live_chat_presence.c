
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_hall.h"
#include "ngx_live_chat_people.h"
#include "ngx_live_stream.h"


/*
 * What a room says of itself, and does not remember: how many are there, and
 * the sum of their reactions.
 */

/* bytes of {"type":"reactions",..,"reactions":{"KIND":N,..}} behind the id */
#define NGX_LIVE_CHAT_REACTIONS_LEN                                           \
    (64 + NGX_LIVE_CHAT_KINDS * (NGX_LIVE_CHAT_KIND_LEN + NGX_INT64_LEN + 4))


static u_char *ngx_live_chat_reactions_locked(ngx_live_chat_room_sh_t *room,
    u_char *p);
static void ngx_live_chat_presence_tick(ngx_event_t *ev);
static void ngx_live_chat_presence_room(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


static ngx_event_t       ngx_live_chat_presence_event;
static ngx_connection_t  ngx_live_chat_presence_dummy;


void
ngx_live_chat_reactions_say(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    u_char                buf[NGX_LIVE_CHAT_REACTIONS_LEN], *p;
    ngx_live_chat_say_t   say;

    ngx_live_chat_lock(zone);

    p = ngx_live_chat_reactions_locked(room, buf);

    ngx_live_chat_unlock(zone);

    if (p == NULL) {
        return;
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"reactions\",");

    say.tail.data = buf;
    say.tail.len = p - buf;
    say.passing = 1;

    (void) ngx_live_chat_room_say(zone, room, &say);
}


/* NULL: there were none */

static u_char *
ngx_live_chat_reactions_locked(ngx_live_chat_room_sh_t *room, u_char *p)
{
    ngx_uint_t                    i, n;
    ngx_live_chat_reaction_sh_t  *r;

    n = 0;
    room->reactions_due = 0;

    p = ngx_cpymem(p, ",\"reactions\":{", sizeof(",\"reactions\":{") - 1);

    for (i = 0; i < NGX_LIVE_CHAT_KINDS; i++) {
        r = &room->reactions[i];

        if (r->n) {
            p = ngx_sprintf(p, "%s\"%*s\":%uD", n ? "," : "",
                            (size_t) r->len, r->kind, r->n);
            n++;
        }

        r->n = 0;
        r->len = 0;
    }

    *p++ = '}';
    *p++ = '}';

    return n ? p : NULL;
}


void
ngx_live_chat_presence_init(ngx_cycle_t *cycle)
{
    ngx_live_chat_presence_dummy.fd = (ngx_socket_t) -1;

    ngx_live_chat_presence_event.data = &ngx_live_chat_presence_dummy;
    ngx_live_chat_presence_event.handler = ngx_live_chat_presence_tick;
    ngx_live_chat_presence_event.log = cycle->log;
    ngx_live_chat_presence_event.cancelable = 1;

    ngx_add_timer(&ngx_live_chat_presence_event, 1000);
}


/* any worker that follows a room may be the one that says it */

static void
ngx_live_chat_presence_tick(ngx_event_t *ev)
{
    ngx_live_chat_zone_t  *zone;

    zone = ngx_live_chat_zone();

    if (zone) {
        ngx_live_chat_hall_each(zone, ngx_live_chat_presence_room);
        ngx_live_chat_hall_each(zone, ngx_live_chat_poll_tick);
    }

    ngx_add_timer(ev, 1000);
}


static void
ngx_live_chat_presence_room(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    u_char               *p;
    int64_t               now;
    ngx_str_t             people;
    ngx_uint_t            n;
    ngx_live_chat_say_t   say;

    ngx_live_chat_participants_tick(zone, room);

    now = ngx_live_clock();

    ngx_live_chat_lock(zone);

    n = ngx_live_chat_room_viewers(zone, room);

    ngx_live_chat_people_news_locked(zone, room, n > room->small, &people);

    if (people.len == 0
        && (n == room->told || now - room->presence < NGX_LIVE_CHAT_PRESENCE))
    {
        ngx_live_chat_unlock(zone);
        return;
    }

    room->told = n;
    room->presence = now;

    ngx_live_chat_unlock(zone);

    p = ngx_alloc(people.len + sizeof(",\"viewers\":}") + NGX_INT_T_LEN,
                  ngx_cycle->log);

    if (p) {
        ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

        ngx_str_set(&say.head, "{\"type\":\"presence\",");

        say.tail.data = p;
        say.tail.len = ngx_sprintf(p, ",\"viewers\":%ui%V}", n, &people) - p;
        say.passing = 1;
        say.local = 1;

        (void) ngx_live_chat_room_say(zone, room, &say);

        ngx_free(p);
    }

    if (people.len) {
        ngx_free(people.data);
    }
}
