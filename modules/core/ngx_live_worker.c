
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_worker.h"
#include "ngx_live_packets.h"
#include "ngx_live_session.h"
#include "ngx_live_stream.h"

#include <sys/eventfd.h>


#define NGX_LIVE_TICK  1000     /* ms */


static void ngx_live_bell_handler(ngx_event_t *rev);
static void ngx_live_bell_mark(ngx_atomic_t *words, ngx_uint_t index);
static void ngx_live_bell_answer(ngx_live_slot_sh_t *slot);
static void ngx_live_bell_topics(ngx_live_slot_sh_t *slot);
static void ngx_live_bell_words(ngx_atomic_t *words,
    void (*dispatch)(ngx_uint_t index));
static void ngx_live_tick_handler(ngx_event_t *ev);
static ngx_uint_t ngx_live_worker_is_keeper(void);
static void ngx_live_worker_check_slots(void);


ngx_int_t   ngx_live_slot = -1;

void      (*ngx_live_notice_handler)(void);
void      (*ngx_live_topic_handlers[NGX_LIVE_TOPIC_MAX])(void);


/*
 * The descriptors live in a static table because statics of a module survive
 * a reload: with a table per cycle an old worker could not ring new ones.
 */

static int                ngx_live_bells[NGX_LIVE_SLOTS];
static ngx_uint_t         ngx_live_bells_made;

static ngx_connection_t  *ngx_live_bell_connection;
static ngx_event_t        ngx_live_tick_event;
static ngx_connection_t   ngx_live_tick_dummy;


ngx_int_t
ngx_live_worker_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    if (ngx_live_bells_made || ngx_test_config) {
        return NGX_OK;
    }

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        ngx_live_bells[i] = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);

        if (ngx_live_bells[i] == -1) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          "eventfd() failed");
            return NGX_ERROR;
        }
    }

    ngx_live_bells_made = 1;

    return NGX_OK;
}


ngx_int_t
ngx_live_worker_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t         *rev;
    ngx_connection_t    *c;
    ngx_live_slot_sh_t  *slot;

    if (ngx_process_slot < 0 || ngx_process_slot >= NGX_LIVE_SLOTS) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "process slot %i is beyond the %i that live supports, "
                      "this worker has no streams",
                      (ngx_int_t) ngx_process_slot,
                      (ngx_int_t) NGX_LIVE_SLOTS);

        /* all that is not live is served */

        ngx_live_zone = NULL;

        return NGX_OK;
    }

    ngx_live_slot = ngx_process_slot;

    slot = &ngx_live_zone->sh->slots[ngx_live_slot];

    ngx_live_zone_lock(ngx_live_zone);

    if (slot->pid) {

        /* this process replaces one that died */

        ngx_live_worker_lost_slot_locked(ngx_live_slot);
    }

    slot->started = ngx_time();
    slot->generation = ngx_live_zone->sh->generation;
    slot->exiting = 0;
    slot->rung = 0;
    slot->kill = 0;
    slot->busy = 0;
    slot->noticed = 0;
    slot->topics = 0;
    ngx_memzero((void *) slot->dirty, sizeof(slot->dirty));
    ngx_memzero((void *) slot->packets, sizeof(slot->packets));

    ngx_live_barrier();

    slot->pid = ngx_pid;

    ngx_live_zone_unlock(ngx_live_zone);

    c = ngx_get_connection(ngx_live_bells[ngx_live_slot], cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    ngx_live_bell_connection = c;

    c->log = cycle->log;

    rev = c->read;
    rev->log = cycle->log;
    rev->handler = ngx_live_bell_handler;

    /* it is no client's: not a socket left open when the worker exits */
    rev->channel = 1;
    c->write->channel = 1;

    if (ngx_add_event(rev, NGX_READ_EVENT, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_live_tick_dummy.fd = (ngx_socket_t) -1;

    ngx_live_tick_event.data = &ngx_live_tick_dummy;
    ngx_live_tick_event.log = cycle->log;
    ngx_live_tick_event.handler = ngx_live_tick_handler;
    ngx_live_tick_event.cancelable = 1;

    ngx_add_timer(&ngx_live_tick_event, NGX_LIVE_TICK);

    return NGX_OK;
}


void
ngx_live_worker_exit_process(ngx_cycle_t *cycle)
{
    ngx_live_slot_sh_t  *slot;

    slot = &ngx_live_zone->sh->slots[ngx_live_slot];

    ngx_live_zone_lock(ngx_live_zone);

    if (slot->pid == (ngx_atomic_uint_t) ngx_pid) {
        ngx_live_worker_lost_slot_locked(ngx_live_slot);
        slot->pid = 0;
    }

    ngx_live_zone_unlock(ngx_live_zone);
}


/*
 * The order matters: the writer sets its mark before it looks at "rung", the
 * reader clears "rung" before it looks at the marks.
 */

void
ngx_live_bell_ring_stream(ngx_uint_t slot, ngx_uint_t stream_index)
{
    ngx_live_bell_mark(ngx_live_zone->sh->slots[slot].dirty, stream_index);
    ngx_live_bell_ring(slot);
}


void
ngx_live_bell_ring_packets(ngx_uint_t slot, ngx_uint_t stream_index)
{
    ngx_live_bell_mark(ngx_live_zone->sh->slots[slot].packets, stream_index);
    ngx_live_bell_ring(slot);
}


static void
ngx_live_bell_mark(ngx_atomic_t *words, ngx_uint_t index)
{
    ngx_live_atomic_or(&words[index / 64],
                       (ngx_atomic_uint_t) 1 << (index % 64));
}


void
ngx_live_bell_ring_topic(ngx_uint_t slot, ngx_uint_t topic)
{
    ngx_live_atomic_or(&ngx_live_zone->sh->slots[slot].topics,
                       (ngx_atomic_uint_t) 1 << topic);
    ngx_live_bell_ring(slot);
}


void
ngx_live_bell_ring(ngx_uint_t slot)
{
    uint64_t             one;
    ngx_live_slot_sh_t  *sl;

    sl = &ngx_live_zone->sh->slots[slot];

    ngx_live_barrier();

    if (!ngx_atomic_cmp_set(&sl->rung, 0, 1)) {
        return;
    }

    one = 1;

    if (write(ngx_live_bells[slot], &one, sizeof(uint64_t)) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "write() to doorbell of slot %ui failed", slot);
    }
}


static void
ngx_live_bell_handler(ngx_event_t *rev)
{
    uint64_t  n;

    if (read(ngx_live_bells[ngx_live_slot], &n, sizeof(uint64_t)) == -1
        && ngx_errno != NGX_EAGAIN)
    {
        ngx_log_error(NGX_LOG_ALERT, rev->log, ngx_errno,
                      "read() from doorbell failed");
    }

    ngx_live_bell_answer(&ngx_live_zone->sh->slots[ngx_live_slot]);
}


static void
ngx_live_bell_answer(ngx_live_slot_sh_t *slot)
{
    slot->rung = 0;

    ngx_live_barrier();

    /* packets have no time to wait */

    ngx_live_bell_words(slot->packets, ngx_live_packets_bell);
    ngx_live_bell_words(slot->dirty, ngx_live_stream_dispatch);

    if (slot->kill) {
        slot->kill = 0;
        ngx_live_barrier();

        ngx_live_session_bell();
    }

    if (slot->noticed) {
        slot->noticed = 0;
        ngx_live_barrier();

        if (ngx_live_notice_handler) {
            ngx_live_notice_handler();
        }
    }

    if (slot->topics) {
        ngx_live_bell_topics(slot);
    }
}


static void
ngx_live_bell_topics(ngx_live_slot_sh_t *slot)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  topics;

    topics = __sync_lock_test_and_set(&slot->topics, 0);

    for (i = 0; i < NGX_LIVE_TOPIC_MAX; i++) {
        if ((topics & ((ngx_atomic_uint_t) 1 << i))
            && ngx_live_topic_handlers[i])
        {
            ngx_live_topic_handlers[i]();
        }
    }
}


void
ngx_live_notice(void)
{
    ngx_uint_t           i;
    ngx_live_zone_sh_t  *sh;

    sh = ngx_live_zone->sh;

    ngx_live_barrier();

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        if (sh->notice[i / 64] & ((ngx_atomic_uint_t) 1 << (i % 64))) {
            sh->slots[i].noticed = 1;
            ngx_live_bell_ring(i);
        }
    }
}


void
ngx_live_notice_want(ngx_uint_t on)
{
    ngx_atomic_t       *word;
    ngx_atomic_uint_t   bit;

    if (ngx_live_zone == NULL) {

        /* a worker without a slot: nobody can ring it */

        return;
    }

    word = &ngx_live_zone->sh->notice[ngx_live_slot / 64];
    bit = (ngx_atomic_uint_t) 1 << (ngx_live_slot % 64);

    if (on) {
        ngx_live_atomic_or(word, bit);

    } else {
        ngx_live_atomic_and(word, ~bit);
    }

    ngx_live_barrier();
}


static void
ngx_live_bell_words(ngx_atomic_t *words, void (*dispatch)(ngx_uint_t index))
{
    ngx_uint_t         i, bit;
    ngx_atomic_uint_t  word;

    for (i = 0; i < NGX_LIVE_STREAM_WORDS; i++) {

        if (words[i] == 0) {
            continue;
        }

        word = __sync_lock_test_and_set(&words[i], 0);

        for (bit = 0; word; bit++, word >>= 1) {
            if (word & 1) {
                dispatch(i * 64 + bit);
            }
        }
    }
}


static void
ngx_live_tick_handler(ngx_event_t *ev)
{
    ngx_uint_t           keeper;
    ngx_live_slot_sh_t  *slot;

    slot = &ngx_live_zone->sh->slots[ngx_live_slot];

    if (ngx_exiting && !slot->exiting) {
        slot->exiting = 1;
    }

    if (slot->rung || slot->kill || slot->topics) {

        /* whoever wanted to ring may have died with the hand on the bell */

        ngx_live_bell_answer(slot);
    }

    keeper = ngx_live_worker_is_keeper();

    if (keeper) {
        ngx_live_worker_check_slots();
    }

    ngx_live_stream_tick(keeper);

    ngx_add_timer(ev, NGX_LIVE_TICK);
}


/*
 * One living worker, not an exiting one if there is another, keeps house.
 */

static ngx_uint_t
ngx_live_worker_is_keeper(void)
{
    ngx_uint_t           slot;
    ngx_atomic_uint_t    pid;
    ngx_live_zone_sh_t  *sh;

    sh = ngx_live_zone->sh;
    pid = sh->keeper;
    slot = sh->keeper_slot;

    if (ngx_exiting) {
        return 0;
    }

    if (pid == (ngx_atomic_uint_t) ngx_pid) {
        return 1;
    }

    if (pid
        && slot < NGX_LIVE_SLOTS
        && sh->slots[slot].pid == pid
        && !sh->slots[slot].exiting
        && ngx_live_slot_alive(slot))
    {
        return 0;
    }

    if (!ngx_atomic_cmp_set(&sh->keeper, pid, ngx_pid)) {
        return 0;
    }

    sh->keeper_slot = ngx_live_slot;

    return 1;
}


ngx_uint_t
ngx_live_slot_alive(ngx_uint_t slot)
{
    ngx_pid_t  pid;

    if (slot >= NGX_LIVE_SLOTS) {
        return 0;
    }

    pid = ngx_live_zone->sh->slots[slot].pid;

    if (pid == 0) {
        return 0;
    }

    if (pid == ngx_pid) {
        return 1;
    }

    return kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


static void
ngx_live_worker_check_slots(void)
{
    ngx_uint_t           i;
    ngx_atomic_uint_t    pid;
    ngx_live_slot_sh_t  *slot;

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        slot = &ngx_live_zone->sh->slots[i];
        pid = slot->pid;

        if (pid == 0 || ngx_live_slot_alive(i)) {
            continue;
        }

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "live worker %P in slot %ui is gone",
                      (ngx_pid_t) pid, i);

        ngx_live_zone_lock(ngx_live_zone);

        /* its successor in the slot may have been faster */

        if (slot->pid == pid) {
            ngx_live_worker_lost_slot_locked(i);
            slot->pid = 0;
        }

        ngx_live_zone_unlock(ngx_live_zone);
    }
}


void
ngx_live_worker_lost_slot_locked(ngx_uint_t slot)
{
    ngx_live_ring_lost_slot_locked(ngx_live_zone, slot);
    ngx_live_session_lost_slot_locked(slot);
    ngx_live_atomic_and(&ngx_live_zone->sh->notice[slot / 64],
                        ~((ngx_atomic_uint_t) 1 << (slot % 64)));
    ngx_live_stream_lost_slot_locked(slot);
    ngx_live_stream_sweep_locked(slot);
}
