
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_follow.h"
#include "ngx_live_chat_log.h"
#include "ngx_live_chat_metadata.h"
#include "ngx_live_chat_relay.h"
#include "ngx_live_stream.h"


/* ms: how often it looks at all rooms */
#define NGX_LIVE_CHAT_RELAY_TICK    100

/* ms before a room that could not be opened is tried again */
#define NGX_LIVE_CHAT_RELAY_REST    500


/* what an answer is for */

typedef struct {
    ngx_uint_t                 index;
    uint64_t                   birth;
    uint64_t                   last;       /* number */
    ngx_uint_t                 life;
    ngx_uint_t                 kind;
} ngx_live_chat_relay_call_t;


typedef enum {
    NGX_LIVE_CHAT_RELAY_OPEN = 0,
    NGX_LIVE_CHAT_RELAY_SAY,
    NGX_LIVE_CHAT_RELAY_RESTORE,
    NGX_LIVE_CHAT_RELAY_VIEWERS,
    NGX_LIVE_CHAT_RELAY_PASS
} ngx_live_chat_relay_kind_e;


static void ngx_live_chat_relay_tick(ngx_event_t *ev);
static void ngx_live_chat_relay_elect(ngx_live_chat_zone_t *zone);
static void ngx_live_chat_relay_begin(void);
static void ngx_live_chat_relay_up(void *data);
static void ngx_live_chat_relay_turn(ngx_live_chat_zone_t *zone,
    ngx_uint_t index);
static ngx_uint_t ngx_live_chat_relay_late(ngx_live_chat_room_sh_t *room);
static ngx_int_t ngx_live_chat_relay_next_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_relay_room_t *rr,
    ngx_live_redis_args_t *a, ngx_pool_t *pool,
    ngx_live_chat_relay_call_t *call);
static void ngx_live_chat_relay_answer(ngx_live_redis_reply_t *reply,
    void *data);
static void ngx_live_chat_relay_opened(ngx_live_chat_zone_t *zone,
    ngx_uint_t index, ngx_live_redis_reply_t *reply);
static void ngx_live_chat_relay_said(ngx_live_chat_zone_t *zone,
    ngx_live_chat_relay_call_t *call, ngx_live_redis_reply_t *reply);
static void ngx_live_chat_relay_counted(ngx_live_chat_zone_t *zone,
    ngx_uint_t index, ngx_live_redis_reply_t *reply);


ngx_live_chat_relay_t    ngx_live_chat_relay;

static ngx_connection_t  ngx_live_chat_relay_dummy;


void
ngx_live_chat_relay_init(ngx_cycle_t *cycle)
{
    ngx_live_chat_relay_t  *relay;

    if (!ngx_live_redis_on()) {
        return;
    }

    relay = &ngx_live_chat_relay;

    ngx_memzero(relay, sizeof(ngx_live_chat_relay_t));

    ngx_live_chat_relay_dummy.fd = (ngx_socket_t) -1;

    relay->timer.data = &ngx_live_chat_relay_dummy;
    relay->timer.handler = ngx_live_chat_relay_tick;
    relay->timer.log = cycle->log;
    relay->timer.cancelable = 1;

    relay->watch.handler = ngx_live_chat_relay_up;

    ngx_live_redis_watch(&relay->watch);

    ngx_live_chat_relay_elect(ngx_live_chat_zone());

    ngx_add_timer(&relay->timer, NGX_LIVE_CHAT_RELAY_TICK);
}


void
ngx_live_chat_relay_done(void)
{
    ngx_live_chat_zone_t  *zone;

    zone = ngx_live_chat_zone();

    if (zone == NULL || !ngx_live_chat_relay.mine) {
        return;
    }

    ngx_live_chat_relay.mine = 0;

    ngx_live_chat_lock(zone);

    if (zone->sh->relay == ngx_pid) {
        zone->sh->relay = 0;
    }

    ngx_live_chat_unlock(zone);
}


void
ngx_live_chat_relay_ring(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_atomic_or(&zone->sh->calls[room->index / 64],
                       (ngx_atomic_uint_t) 1 << (room->index % 64));

    ngx_live_barrier();

    if (zone->sh->relay) {
        ngx_live_bell_ring_topic(zone->sh->relay_slot, NGX_LIVE_TOPIC_CHAT);
    }
}


void
ngx_live_chat_relay_bell(ngx_live_chat_zone_t *zone)
{
    ngx_uint_t          i, bit;
    ngx_atomic_uint_t   word;

    if (!ngx_live_chat_relay.mine) {
        return;
    }

    for (i = 0; i < NGX_LIVE_CHAT_WORDS; i++) {

        if (zone->sh->calls[i] == 0) {
            continue;
        }

        word = __sync_lock_test_and_set(&zone->sh->calls[i], 0);

        for (bit = 0; word; bit++, word >>= 1) {
            if (word & 1) {
                ngx_live_chat_relay_turn(zone, i * 64 + bit);
            }
        }
    }
}


static void
ngx_live_chat_relay_tick(ngx_event_t *ev)
{
    ngx_uint_t              i;
    ngx_live_chat_zone_t   *zone;
    ngx_live_chat_relay_t  *relay;

    relay = &ngx_live_chat_relay;
    zone = ngx_live_chat_zone();

    ngx_add_timer(ev, NGX_LIVE_CHAT_RELAY_TICK);

    if (zone == NULL) {
        return;
    }

    ngx_live_chat_relay_elect(zone);

    if (!relay->mine) {
        return;
    }

    if (ngx_live_clock() - relay->packaged >= NGX_LIVE_CHAT_METADATA_FOLLOW) {
        relay->packaged = ngx_live_clock();
        ngx_live_chat_metadata_follow(zone);
    }

    if (ngx_live_redis_up()) {
        relay->down = 0;

    } else if (relay->down == 0) {
        relay->down = ngx_live_clock();
    }

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {
        if (zone->sh->rooms[i]) {
            ngx_live_chat_relay_turn(zone, i);
        }
    }

    ngx_live_chat_relay_read(zone);
}


static void
ngx_live_chat_relay_elect(ngx_live_chat_zone_t *zone)
{
    ngx_pid_t  pid;

    pid = zone->sh->relay;

    /* one that exits is the relay as long as nobody else can be */

    if (pid == ngx_pid && ngx_exiting) {
        zone->sh->relay_leaves = 1;
    }

    if (pid == ngx_pid
        || (pid && (kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH)
            && (!zone->sh->relay_leaves || ngx_exiting)))
    {
        /* of a process with our number that died it may be a leftover */

        if (pid != ngx_pid) {
            ngx_live_chat_relay.mine = 0;

        } else if (!ngx_live_chat_relay.mine) {
            ngx_live_chat_relay_begin();
        }

        return;
    }

    ngx_live_chat_lock(zone);

    if (zone->sh->relay == pid) {
        zone->sh->relay = ngx_pid;
        zone->sh->relay_slot = ngx_live_slot;
        zone->sh->relay_leaves = 0;
        ngx_live_chat_relay_begin();
    }

    ngx_live_chat_unlock(zone);
}


static void
ngx_live_chat_relay_begin(void)
{
    ngx_live_chat_relay_t  *relay;

    relay = &ngx_live_chat_relay;

    relay->mine = 1;
    relay->down = 0;
    relay->life++;

    ngx_memzero(relay->rooms, sizeof(relay->rooms));

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "this worker relays the chat");
}


/* what was sent before may have been lost, or the server is another one */

static void
ngx_live_chat_relay_up(void *data)
{
    ngx_uint_t              i;
    ngx_live_chat_zone_t   *zone;
    ngx_live_chat_relay_t  *relay;

    relay = &ngx_live_chat_relay;
    zone = ngx_live_chat_zone();

    if (zone == NULL || !relay->mine) {
        return;
    }

    relay->down = 0;
    relay->life++;

    ngx_memzero(relay->rooms, sizeof(relay->rooms));

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {
        if (zone->sh->rooms[i]) {
            ngx_live_chat_relay_turn(zone, i);
        }
    }
}


/* what a room needs next */

static void
ngx_live_chat_relay_turn(ngx_live_chat_zone_t *zone, ngx_uint_t index)
{
    ngx_int_t                    rc;
    ngx_pool_t                  *pool;
    ngx_live_redis_args_t        a;
    ngx_live_chat_room_sh_t     *room;
    ngx_live_chat_relay_room_t  *rr;
    ngx_live_chat_relay_call_t   call, *copy;

    rr = &ngx_live_chat_relay.rooms[index];
    pool = NULL;
    rc = NGX_DECLINED;

    ngx_memzero(&call, sizeof(ngx_live_chat_relay_call_t));

    ngx_live_chat_lock(zone);

    room = zone->sh->rooms[index];

    if (room == NULL || zone->sh->relay != ngx_pid) {
        ngx_live_chat_unlock(zone);
        return;
    }

    if (rr->birth != room->birth) {
        ngx_memzero(rr, sizeof(ngx_live_chat_relay_room_t));
        rr->birth = room->birth;
    }

    if (room->scope == NGX_LIVE_CHAT_ALONE) {

        /* there was no Redis before a reload */

        room->scope = NGX_LIVE_CHAT_NODE;
    }

    if (room->scope != NGX_LIVE_CHAT_CLUSTER) {

        /* another worker may have given up */

        rr->open = 0;
    }

    if (ngx_live_chat_relay_late(room)) {
        ngx_live_chat_outbox_cut_locked(zone, room);

        rr->open = 0;
        rr->rest = ngx_live_clock() + NGX_LIVE_CHAT_RELAY_REST;
    }

    ngx_live_chat_outbox_trim_locked(zone, room);

    if (ngx_live_redis_up() && !rr->busy && rr->rest <= ngx_live_clock()) {

        pool = ngx_create_pool(4096, ngx_cycle->log);

        if (pool) {
            rc = ngx_live_chat_relay_next_locked(zone, room, rr, &a, pool,
                                                 &call);
        }
    }

    ngx_live_chat_unlock(zone);

    if (rc == NGX_OK) {
        copy = ngx_alloc(sizeof(ngx_live_chat_relay_call_t), ngx_cycle->log);

        if (copy) {
            *copy = call;
            copy->index = index;
            copy->birth = rr->birth;
            copy->life = ngx_live_chat_relay.life;

            if (ngx_live_redis_command(&a, ngx_live_chat_relay_answer, copy)) {
                rr->busy = 1;

            } else {
                ngx_free(copy);
            }
        }
    }

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


/* Redis has not answered in time: nobody is to wait any more */

static ngx_uint_t
ngx_live_chat_relay_late(ngx_live_chat_room_sh_t *room)
{
    int64_t                       now, since, timeout;
    ngx_live_chat_outgoing_sh_t  *out;

    now = ngx_live_clock();
    timeout = ngx_live_redis_timeout();

    switch (room->scope) {

    case NGX_LIVE_CHAT_OPENING:
        return now - room->waits >= timeout;

    case NGX_LIVE_CHAT_CLUSTER:

        if (ngx_live_chat_relay.down
            && now - ngx_live_chat_relay.down >= timeout)
        {
            return 1;
        }

        if (room->outbox.n == 0) {
            return 0;
        }

        out = ngx_queue_data(ngx_queue_head(&room->outbox.queue),
                             ngx_live_chat_outgoing_sh_t, queue);
        since = ngx_max(out->clock, room->waits);

        return now - since >= timeout;

    default:
        return 0;
    }
}


static ngx_int_t
ngx_live_chat_relay_next_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_relay_room_t *rr,
    ngx_live_redis_args_t *a, ngx_pool_t *pool,
    ngx_live_chat_relay_call_t *call)
{
    ngx_int_t  rc;

    if (!rr->open) {
        call->kind = NGX_LIVE_CHAT_RELAY_OPEN;
        return ngx_live_chat_stream_open_locked(a, zone, room, pool);
    }

    if (room->scope != NGX_LIVE_CHAT_CLUSTER) {
        return NGX_DECLINED;
    }

    /* first what was, so that what is said now changes that */

    call->kind = NGX_LIVE_CHAT_RELAY_RESTORE;
    rc = ngx_live_chat_stream_restore_locked(a, zone, room, pool);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    call->kind = NGX_LIVE_CHAT_RELAY_SAY;
    rc = ngx_live_chat_stream_say_locked(a, zone, room, pool, &call->last);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    call->kind = NGX_LIVE_CHAT_RELAY_PASS;
    rc = ngx_live_chat_stream_pass_locked(a, zone, room, pool);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_live_clock() - rr->counted < NGX_LIVE_CHAT_PRESENCE) {
        return NGX_DECLINED;
    }

    rr->counted = ngx_live_clock();
    call->kind = NGX_LIVE_CHAT_RELAY_VIEWERS;

    return ngx_live_chat_stream_viewers_locked(a, zone, room, pool);
}


static void
ngx_live_chat_relay_answer(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_live_chat_relay_call_t  *call = data;

    ngx_live_chat_zone_t        *zone;
    ngx_live_chat_relay_room_t  *rr;

    zone = ngx_live_chat_zone();
    rr = &ngx_live_chat_relay.rooms[call->index];

    if (zone == NULL || !ngx_live_chat_relay.mine
        || call->life != ngx_live_chat_relay.life
        || call->birth != rr->birth)
    {
        ngx_free(call);
        return;
    }

    rr->busy = 0;

    if (reply->type == NGX_LIVE_REDIS_ERROR) {

        rr->rest = ngx_live_clock() + NGX_LIVE_CHAT_RELAY_REST;

        if (reply->fault == NGX_LIVE_REDIS_ANSWERED) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "redis refused the chat: \"%V\"", &reply->str);
        }

        ngx_free(call);
        return;
    }

    switch (call->kind) {

    case NGX_LIVE_CHAT_RELAY_OPEN:
        ngx_live_chat_relay_opened(zone, call->index, reply);
        break;

    case NGX_LIVE_CHAT_RELAY_SAY:
        ngx_live_chat_relay_said(zone, call, reply);
        break;

    case NGX_LIVE_CHAT_RELAY_VIEWERS:
        ngx_live_chat_relay_counted(zone, call->index, reply);
        break;

    default:
        break;
    }

    ngx_live_chat_relay_turn(zone, call->index);

    ngx_free(call);
}


static void
ngx_live_chat_relay_opened(ngx_live_chat_zone_t *zone, ngx_uint_t index,
    ngx_live_redis_reply_t *reply)
{
    ngx_str_t                    name;
    ngx_uint_t                   n, anew;
    ngx_pool_t                  *pool;
    const char                  *reason;
    ngx_live_chat_id_t           base;
    ngx_live_chat_record_t       rec;
    ngx_live_chat_room_sh_t     *room;
    ngx_live_chat_opening_t      o;
    ngx_live_chat_relay_room_t  *rr;

    rr = &ngx_live_chat_relay.rooms[index];

    if (ngx_live_chat_opening_parse(reply, &o) != NGX_OK) {
        rr->rest = ngx_live_clock() + NGX_LIVE_CHAT_RELAY_REST;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "redis has a room of another form");
        return;
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    /* what is older than the oldest of them is not in our log */

    base = o.last;
    n = o.entries->n;

    if (n) {
        (void) ngx_live_chat_record_parse(&o.entries->elts[n - 1], &rec, 0,
                                          pool, &reason);
        base = rec.id;

        if (base.seq) {
            base.seq--;

        } else if (base.ms) {
            base.ms--;
            base.seq = UINT64_MAX;
        }
    }

    ngx_live_chat_lock(zone);

    room = zone->sh->rooms[index];

    if (room == NULL || room->birth != rr->birth
        || zone->sh->relay != ngx_pid)
    {
        ngx_live_chat_unlock(zone);
        ngx_destroy_pool(pool);
        return;
    }

    anew = (room->epoch != o.epoch);
    name = ngx_live_chat_relay_text(pool, "%V", &room->sn.str);

    ngx_live_chat_outbox_open_locked(zone, room, &o, &base);

    rr->open = 1;

    ngx_live_chat_unlock(zone);

    if (anew) {
        ngx_live_chat_relay_entries(zone, &name, o.entries, 1, pool);
    }

    ngx_live_chat_lock(zone);

    room = zone->sh->rooms[index];

    if (room && room->birth == rr->birth) {
        ngx_live_chat_room_ring(zone, room);
    }

    ngx_live_chat_unlock(zone);

    ngx_destroy_pool(pool);

    ngx_live_chat_relay_wake(zone);
}


static void
ngx_live_chat_relay_said(ngx_live_chat_zone_t *zone,
    ngx_live_chat_relay_call_t *call, ngx_live_redis_reply_t *reply)
{
    ngx_queue_t                  *q;
    ngx_live_chat_room_sh_t      *room;
    ngx_live_chat_outgoing_sh_t  *out;

    if (reply->type != NGX_LIVE_REDIS_ARRAY || reply->n != 2) {

        /* it has another epoch */

        ngx_live_chat_relay.rooms[call->index].open = 0;
        return;
    }

    ngx_live_chat_lock(zone);

    room = zone->sh->rooms[call->index];

    if (room && room->birth == call->birth) {

        for (q = ngx_queue_head(&room->outbox.queue);
             q != ngx_queue_sentinel(&room->outbox.queue);
             q = ngx_queue_next(q))
        {
            out = ngx_queue_data(q, ngx_live_chat_outgoing_sh_t, queue);

            if (out->seq > call->last) {
                break;
            }

            out->stored = 1;
        }
    }

    ngx_live_chat_unlock(zone);
}


static void
ngx_live_chat_relay_counted(ngx_live_chat_zone_t *zone, ngx_uint_t index,
    ngx_live_redis_reply_t *reply)
{
    uint64_t                    epoch;
    ngx_live_chat_room_sh_t    *room;
    ngx_live_chat_relay_room_t  *rr;

    rr = &ngx_live_chat_relay.rooms[index];

    if (reply->type != NGX_LIVE_REDIS_ARRAY || reply->n != 2
        || reply->elts[1].type != NGX_LIVE_REDIS_INTEGER)
    {
        return;
    }

    if (!ngx_live_redis_is_text(&reply->elts[0])
        || ngx_live_chat_epoch_parse(&reply->elts[0].str, &epoch) != NGX_OK)
    {
        epoch = 0;
    }

    ngx_live_chat_lock(zone);

    room = zone->sh->rooms[index];

    if (room && room->birth == rr->birth) {
        room->others = (uint32_t) ngx_max(ngx_min(reply->elts[1].integer,
                                                  1000000000), 0);

        if (room->epoch != epoch) {
            rr->open = 0;
        }
    }

    ngx_live_chat_unlock(zone);
}
