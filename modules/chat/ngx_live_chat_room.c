
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_log.h"
#include "ngx_live_chat_mark.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_chat_people.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_users.h"
#include "ngx_live_stream.h"

#include <sys/random.h>


/* entries, or rooms, that may be dropped for what finds no memory */
#define NGX_LIVE_CHAT_TRIES  64


static void ngx_live_chat_room_unfollow(ngx_live_chat_room_sh_t *room,
    ngx_uint_t slot);
static ngx_live_chat_room_sh_t *ngx_live_chat_room_create_locked(
    ngx_live_chat_zone_t *zone, ngx_str_t *key);
static ngx_int_t ngx_live_chat_room_index_locked(ngx_live_chat_zone_t *zone);
static void ngx_live_chat_room_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);
static ngx_uint_t ngx_live_chat_room_idle(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);
static void ngx_live_chat_rooms_expire_locked(ngx_live_chat_zone_t *zone);
static ngx_int_t ngx_live_chat_room_say_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say);
static ngx_uint_t ngx_live_chat_room_yield_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *but);


ngx_int_t
ngx_live_chat_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_live_chat_zone_t *old = data;

    ngx_live_chat_zone_t  *zone;

    zone = shm_zone->data;

    if (old) {
        zone->sh = old->sh;
        zone->shpool = old->shpool;

        /* it may have another file now */

        zone->sh->marks_version++;

        return NGX_OK;
    }

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;
        return NGX_OK;
    }

    zone->sh = ngx_slab_calloc(zone->shpool, sizeof(ngx_live_chat_sh_t));
    if (zone->sh == NULL) {
        return NGX_ERROR;
    }

    if (getrandom(zone->sh->secret, sizeof(zone->sh->secret), 0)
        != sizeof(zone->sh->secret)
        || getrandom(&zone->sh->node, sizeof(uint32_t), 0)
           != sizeof(uint32_t))
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, ngx_errno,
                      "getrandom() failed");
        return NGX_ERROR;
    }

    zone->shpool->data = zone->sh;

    /* memory that is used up is said by us, with the room */
    zone->shpool->log_nomem = 0;

    ngx_rbtree_init(&zone->sh->rbtree, &zone->sh->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&zone->sh->queue);
    ngx_queue_init(&zone->sh->entries);

    ngx_rbtree_init(&zone->sh->marks, &zone->sh->marks_sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&zone->sh->marked);

    ngx_live_chat_keep_enter(zone, &zone->state, shm_zone->shm.log);

    return NGX_OK;
}


void
ngx_live_chat_zone_claim(ngx_live_chat_zone_t *zone)
{
    ngx_uint_t                i;
    ngx_live_chat_room_sh_t  *room;

    ngx_live_chat_lock(zone);

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {
        room = zone->sh->rooms[i];

        if (room) {
            ngx_live_chat_room_unfollow(room, ngx_live_slot);
            ngx_live_chat_people_lost_locked(room, ngx_live_slot);
        }
    }

    ngx_memzero((void *) zone->sh->dirty[ngx_live_slot],
                sizeof(zone->sh->dirty[ngx_live_slot]));

    zone->sh->pids[ngx_live_slot] = ngx_pid;

    ngx_live_chat_unlock(zone);
}


void
ngx_live_chat_zone_stat(ngx_live_chat_zone_t *zone, ngx_live_chat_stat_t *stat)
{
    ngx_uint_t                i;
    ngx_live_chat_room_sh_t  *room;

    ngx_memzero(stat, sizeof(ngx_live_chat_stat_t));

    stat->refused = zone->sh->refused;

    ngx_live_chat_lock(zone);

    stat->rooms = zone->sh->nrooms;
    stat->relayed = zone->sh->relayed;
    stat->reconciled = zone->sh->reconciled;
    stat->dropped = zone->sh->outgone;

    for (i = 0; i < NGX_LIVE_CHAT_ROOMS; i++) {
        room = zone->sh->rooms[i];

        if (room) {
            stat->clients += ngx_live_chat_room_clients(zone, room);
            stat->entries += room->n;
            stat->lost += room->lost;
            stat->waiting += room->outbox.n;
            stat->nodes += (room->scope == NGX_LIVE_CHAT_NODE);
        }
    }

    ngx_live_chat_unlock(zone);
}


static void
ngx_live_chat_room_unfollow(ngx_live_chat_room_sh_t *room, ngx_uint_t slot)
{
    room->clients[slot] = 0;
    ngx_live_atomic_and(&room->slots[slot / 64],
                        ~((ngx_atomic_uint_t) 1 << (slot % 64)));
}


ngx_live_chat_room_sh_t *
ngx_live_chat_room_find_locked(ngx_live_chat_zone_t *zone, ngx_str_t *key)
{
    return (ngx_live_chat_room_sh_t *)
               ngx_str_rbtree_lookup(&zone->sh->rbtree, key,
                                     ngx_crc32_long(key->data, key->len));
}


ngx_live_chat_room_sh_t *
ngx_live_chat_room_get_locked(ngx_live_chat_zone_t *zone, ngx_str_t *key)
{
    ngx_live_chat_room_sh_t  *room;

    room = ngx_live_chat_room_find_locked(zone, key);

    return room ? room : ngx_live_chat_room_create_locked(zone, key);
}


ngx_live_chat_room_sh_t *
ngx_live_chat_room_follow(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_uint_t history)
{
    ngx_live_chat_room_sh_t  *room;

    ngx_live_chat_lock(zone);

    room = ngx_live_chat_room_get_locked(zone, key);

    if (room) {
        room->history = history;
        room->used = ngx_live_clock();

        ngx_queue_remove(&room->queue);
        ngx_queue_insert_head(&zone->sh->queue, &room->queue);

        room->clients[ngx_live_slot] = 0;
        ngx_live_atomic_or(&room->slots[ngx_live_slot / 64],
                           (ngx_atomic_uint_t) 1 << (ngx_live_slot % 64));
    }

    ngx_live_chat_unlock(zone);

    if (room == NULL) {
        (void) ngx_atomic_fetch_add(&zone->sh->refused, 1);
    }

    return room;
}


void
ngx_live_chat_room_leave(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_lock(zone);

    ngx_live_chat_room_unfollow(room, ngx_live_slot);
    room->used = ngx_live_clock();

    ngx_live_chat_unlock(zone);
}


static ngx_live_chat_room_sh_t *
ngx_live_chat_room_create_locked(ngx_live_chat_zone_t *zone, ngx_str_t *key)
{
    ngx_int_t                 index;
    ngx_live_chat_room_sh_t  *room;

    ngx_live_chat_rooms_expire_locked(zone);

    index = ngx_live_chat_room_index_locked(zone);

    if (index == NGX_ERROR) {
        return NULL;
    }

    room = ngx_live_chat_alloc_locked(zone, NULL,
                               sizeof(ngx_live_chat_room_sh_t) + key->len);
    if (room == NULL) {
        return NULL;
    }

    room->sn.str.data = (u_char *) room + sizeof(ngx_live_chat_room_sh_t);
    room->sn.str.len = key->len;
    ngx_memcpy(room->sn.str.data, key->data, key->len);
    room->sn.node.key = ngx_crc32_long(key->data, key->len);

    room->index = index;
    room->birth = ++zone->sh->births;

    ngx_queue_init(&room->log);
    ngx_queue_init(&room->passing);
    ngx_queue_init(&room->recent);
    ngx_queue_init(&room->people.queue);
    ngx_queue_init(&room->participants.queue);
    ngx_rbtree_init(&room->users, &room->sentinel,
                    ngx_str_rbtree_insert_value);

    /* of the room's earlier lives none is meant */

    room->cursor.epoch = ngx_live_chat_log_epoch();
    ngx_live_chat_log_span(room, room->cursor.epoch, &room->cursor.id);

    ngx_rbtree_insert(&zone->sh->rbtree, &room->sn.node);
    ngx_queue_insert_head(&zone->sh->queue, &room->queue);

    zone->sh->nrooms++;
    zone->sh->rooms[index] = room;

    ngx_live_chat_outbox_init_locked(zone, room);

    return room;
}


static ngx_int_t
ngx_live_chat_room_index_locked(ngx_live_chat_zone_t *zone)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_live_chat_room_sh_t  *room;

    if (zone->sh->nrooms < NGX_LIVE_CHAT_ROOMS) {

        for (i = 0; zone->sh->rooms[i]; i++) { /* void */ }

        return i;
    }

    /* all are taken: that which nobody has used for longest gives way */

    for (q = ngx_queue_last(&zone->sh->queue);
         q != ngx_queue_sentinel(&zone->sh->queue);
         q = ngx_queue_prev(q))
    {
        room = ngx_queue_data(q, ngx_live_chat_room_sh_t, queue);

        if (ngx_live_chat_room_idle(zone, room)) {
            i = room->index;
            ngx_live_chat_room_free_locked(zone, room);
            return i;
        }
    }

    return NGX_ERROR;
}


static ngx_uint_t
ngx_live_chat_room_idle(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_uint_t  i;

    if (room->packaged
        && ngx_live_clock() - room->packaged < NGX_LIVE_CHAT_PACKAGED)
    {
        return 0;
    }

    /* of workers that are gone nobody follows it */

    (void) ngx_live_chat_room_clients(zone, room);

    for (i = 0; i < NGX_LIVE_SLOT_WORDS; i++) {
        if (room->slots[i]) {
            return 0;
        }
    }

    return !ngx_live_chat_people_take_part(room);
}


static void
ngx_live_chat_rooms_expire_locked(ngx_live_chat_zone_t *zone)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_live_chat_room_sh_t  *room;

    for (i = 0; i < 2 && !ngx_queue_empty(&zone->sh->queue); i++) {
        q = ngx_queue_last(&zone->sh->queue);
        room = ngx_queue_data(q, ngx_live_chat_room_sh_t, queue);

        if (ngx_live_clock() - room->used < NGX_LIVE_CHAT_LINGER) {
            return;
        }

        if (ngx_live_chat_room_idle(zone, room)) {
            ngx_live_chat_room_free_locked(zone, room);
            continue;
        }

        /* it is in use: not to be looked at again soon */

        room->used = ngx_live_clock();
        ngx_queue_remove(q);
        ngx_queue_insert_head(&zone->sh->queue, q);
    }
}


static void
ngx_live_chat_room_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_queue_remove(&room->queue);
    ngx_rbtree_delete(&zone->sh->rbtree, &room->sn.node);

    zone->sh->rooms[room->index] = NULL;
    zone->sh->nrooms--;

    while (ngx_live_chat_log_drop_locked(zone, room, &room->passing)
           || ngx_live_chat_log_drop_locked(zone, room, &room->log))
    {
        /* void */
    }

    ngx_live_chat_purse_free_locked(zone, room);
    ngx_live_chat_ballot_free_locked(zone, room);
    ngx_live_chat_outbox_free_locked(zone, room);
    ngx_live_chat_users_free_locked(zone, room);
    ngx_live_chat_people_free_locked(zone, room);
    ngx_slab_free_locked(zone->shpool, room);
}


ngx_int_t
ngx_live_chat_room_say(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say)
{
    ngx_int_t  rc;

    ngx_live_chat_lock(zone);

    rc = ngx_live_chat_room_say_locked(zone, room, say);

    ngx_live_chat_unlock(zone);

    if (rc == NGX_OK && !say->hushed && say->seq == 0) {
        ngx_live_chat_room_ring(zone, room);
    }

    return rc;
}


void
ngx_live_chat_say_to(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_chat_say_t *say)
{
    ngx_live_chat_room_sh_t  *room;

    ngx_live_chat_lock(zone);

    room = ngx_live_chat_room_find_locked(zone, key);

    if (room && ngx_live_chat_room_say_locked(zone, room, say) == NGX_OK) {
        ngx_live_chat_room_ring(zone, room);
    }

    ngx_live_chat_unlock(zone);
}


static ngx_int_t
ngx_live_chat_room_say_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say)
{
    if (say->speech) {
        say->error = ngx_live_chat_speech_locked(zone, room, say->speech);

        if (say->error) {
            return NGX_DECLINED;
        }
    }

    say->error = ngx_live_chat_effect_check_locked(zone, room, &say->effect);

    if (say->error) {
        return NGX_DECLINED;
    }

    if (room->scope != NGX_LIVE_CHAT_ALONE && !say->passing) {
        return ngx_live_chat_outbox_say_locked(zone, room, say);
    }

    if (say->untold) {
        ngx_live_chat_effect_apply_locked(zone, room, &say->effect);

        say->hushed = 1;
        return NGX_OK;
    }

    ngx_live_chat_log_next(zone, room, say);

    if (say->speech && say->speech->shadow) {

        /* as if it had been said: only he is told so */

        say->hushed = 1;
        return NGX_OK;
    }

    return ngx_live_chat_log_enter_locked(zone, room, say);
}


/*
 * Zeroed.  When there is no memory, what nobody listens to gives way first,
 * then what is oldest, whichever its room: entries of one age are neighbours,
 * so whole pages become free.
 */

void *
ngx_live_chat_alloc_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, size_t size)
{
    void                      *p;
    ngx_uint_t                 i;
    ngx_live_chat_entry_sh_t  *e;

    for (i = 0; i < NGX_LIVE_CHAT_TRIES; i++) {
        p = ngx_slab_calloc_locked(zone->shpool, size);

        if (p) {
            return p;
        }

        if (ngx_live_chat_room_yield_locked(zone, room)) {
            continue;
        }

        if (ngx_queue_empty(&zone->sh->entries)) {
            break;
        }

        e = ngx_queue_data(ngx_queue_head(&zone->sh->entries),
                           ngx_live_chat_entry_sh_t, all);

        (void) ngx_live_chat_log_drop_locked(zone, e->room,
                                              e->passing ? &e->room->passing
                                                         : &e->room->log);
    }

    return NULL;
}


/* the room but this that nobody has used for longest; 0: all are in use */

static ngx_uint_t
ngx_live_chat_room_yield_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *but)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_live_chat_room_sh_t  *room;

    q = ngx_queue_last(&zone->sh->queue);

    for (i = 0;
         i < NGX_LIVE_CHAT_TRIES && q != ngx_queue_sentinel(&zone->sh->queue);
         i++)
    {
        room = ngx_queue_data(q, ngx_live_chat_room_sh_t, queue);

        if (room != but && ngx_live_chat_room_idle(zone, room)) {
            ngx_live_chat_room_free_locked(zone, room);
            return 1;
        }

        q = ngx_queue_prev(q);
    }

    return 0;
}


void
ngx_live_chat_room_ring(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_uint_t  i;

    ngx_live_barrier();

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {

        if (!(room->slots[i / 64] & ((ngx_atomic_uint_t) 1 << (i % 64)))) {
            continue;
        }

        ngx_live_atomic_or(&zone->sh->dirty[i][room->index / 64],
                           (ngx_atomic_uint_t) 1 << (room->index % 64));
        ngx_live_bell_ring_topic(i, NGX_LIVE_TOPIC_CHAT);
    }
}


void
ngx_live_chat_room_count(ngx_live_chat_room_sh_t *room, ngx_int_t n)
{
    /* only this worker writes it */

    room->clients[ngx_live_slot] += n;
}


ngx_uint_t
ngx_live_chat_room_clients(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_pid_t   pid;
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {

        if (!(room->slots[i / 64] & ((ngx_atomic_uint_t) 1 << (i % 64)))) {
            continue;
        }

        pid = zone->sh->pids[i];

        if (pid == ngx_pid || kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH) {
            n += room->clients[i];
            continue;
        }

        /* its worker died */

        ngx_live_chat_room_unfollow(room, i);
    }

    return n;
}


ngx_uint_t
ngx_live_chat_room_viewers(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_uint_t  n;

    n = ngx_live_chat_room_clients(zone, room);

    if (room->scope == NGX_LIVE_CHAT_CLUSTER) {
        n += room->others;
    }

    return n;
}
