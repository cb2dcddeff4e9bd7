
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

/* non-zero if the slot is held by a living process */
ngx_uint_t ngx_live_slot_alive(ngx_uint_t slot);


/* a slot's worker died: its pins, sessions and streams are given up */
void ngx_live_worker_lost_slot_locked(ngx_uint_t slot);


#endif /* _NGX_LIVE_WORKER_H_INCLUDED_ */
