
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_event.h"


ngx_str_t  ngx_live_event_names[] = {
    ngx_string("publish"),
    ngx_string("publish_done"),
    ngx_string("play"),
    ngx_string("play_done"),
    ngx_string("stall"),
    ngx_string("codec"),
    ngx_string("end"),
    ngx_null_string
};


ngx_int_t
ngx_live_event_subscribe(ngx_conf_t *cf, ngx_live_event_handler_pt handler)
{
    ngx_live_main_conf_t       *lmcf;
    ngx_live_event_handler_pt  *h;

    lmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_core_module);

    h = ngx_array_push(&lmcf->subscribers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


void
ngx_live_event(ngx_uint_t type, ngx_live_stream_t *st, ngx_uint_t door,
    const char *detail)
{
    u_char                     *last;
    ngx_uint_t                  i;
    ngx_live_event_sh_t         ev, *slot;
    ngx_live_main_conf_t       *lmcf;
    ngx_live_event_ring_sh_t   *ring;
    ngx_live_event_handler_pt  *handlers;

    ngx_memzero(&ev, sizeof(ngx_live_event_sh_t));

    ev.time = ngx_live_now();
    ev.type = type;
    ev.door = door;
    ev.stream = st->sh->uid;

    last = ngx_snprintf(ev.name, sizeof(ev.name) - 1, "%V",
                        &st->sh->sn.str);
    *last = '\0';

    if (detail) {
        ngx_cpystrn(ev.detail, (u_char *) detail, NGX_LIVE_EVENT_DETAIL);
    }

    ring = ngx_live_zone->sh->events;

    ngx_live_zone_lock(ngx_live_zone);

    ev.seq = ring->head;
    slot = &ring->events[ev.seq % NGX_LIVE_EVENT_RING];

    /* a follower that reads meanwhile sees that the number has changed */

    slot->seq = 0;
    ngx_live_barrier();

    *slot = ev;
    ngx_live_barrier();

    ring->head = ev.seq + 1;

    ngx_live_zone_unlock(ngx_live_zone);

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);
    handlers = lmcf->subscribers.elts;

    for (i = 0; i < lmcf->subscribers.nelts; i++) {
        handlers[i](&ev);
    }
}


ngx_int_t
ngx_live_event_next(uint64_t *seq, ngx_live_event_sh_t *ev, uint64_t *lost)
{
    uint64_t                   next, head;
    ngx_live_event_sh_t       *slot;
    ngx_live_event_ring_sh_t  *ring;

    ring = ngx_live_zone->sh->events;

    for ( ;; ) {
        head = ring->head;
        next = *seq + 1;

        if (next >= head) {
            return NGX_DONE;
        }

        if (head - next > NGX_LIVE_EVENT_RING) {
            *lost += head - NGX_LIVE_EVENT_RING - next;
            next = head - NGX_LIVE_EVENT_RING;
        }

        slot = &ring->events[next % NGX_LIVE_EVENT_RING];

        *ev = *slot;

        ngx_live_barrier();

        *seq = next;

        if (slot->seq == next && ev->seq == next) {
            return NGX_OK;
        }

        (*lost)++;
    }
}
