
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_WORKER_H_INCLUDED_
#define _NGX_LIVE_WORKER_H_INCLUDED_


#include "ngx_live_zone.h"


/* this worker's slot (ngx_process_slot), or -1 outside of workers */
extern ngx_int_t  ngx_live_slot;


/*
 * Doorbells: one eventfd per slot, made once in the first init_module and
 * inherited by every later worker, so that workers of all generations can
 * ring each other.
 */

ngx_int_t ngx_live_worker_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_live_worker_init_process(ngx_cycle_t *cycle);
void ngx_live_worker_exit_process(ngx_cycle_t *cycle);

/* marks the stream dirty for the slot and rings its bell once */
void ngx_live_bell_ring_stream(ngx_uint_t slot, ngx_uint_t stream_index);

/* the same for packets of the stream, of which nobody else need know */
void ngx_live_bell_ring_packets(ngx_uint_t slot, ngx_uint_t stream_index);

/* rings without a stream: sessions to be ended, events, takeovers */
void ngx_live_bell_ring(ngx_uint_t slot);

/*
 * Topics: what other modules tell workers.  Their own data in shared memory
 * says what has changed; the handler, set in init_process, looks for it.  The
 * numbers are fixed, since workers of two generations ring each other.
 */

typedef enum {
    NGX_LIVE_TOPIC_CHAT = 0,
    NGX_LIVE_TOPIC_SFU,
    NGX_LIVE_TOPIC_MAX
} ngx_live_topic_e;

extern void  (*ngx_live_topic_handlers[NGX_LIVE_TOPIC_MAX])(void);

void ngx_live_bell_ring_topic(ngx_uint_t slot, ngx_uint_t topic);

/*
 * A notice: something came about of which no stream can tell, because there
 * is none yet or none any more.  The handler is called in those workers that
 * want it, this one included; it looks for itself at what it waits for.  Look
 * once more after having begun to want.
 */

extern void  (*ngx_live_notice_handler)(void);

void ngx_live_notice(void);
void ngx_live_notice_want(ngx_uint_t on);

/* non-zero if the slot is held by a living process */
ngx_uint_t ngx_live_slot_alive(ngx_uint_t slot);


/* a slot's worker died: its pins, sessions and streams are given up */
void ngx_live_worker_lost_slot_locked(ngx_uint_t slot);


#endif /* _NGX_LIVE_WORKER_H_INCLUDED_ */
