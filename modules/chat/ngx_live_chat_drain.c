
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_hall.h"


/*
 * What a worker that is leaving does with its clients.  They hear and are
 * heard as long as it lives, so they may stay, unless "live_drain" says
 * otherwise; but those have to go who have nobody to talk to any more: no
 * newer configuration has this zone, or its bells.
 */

/* ms between two looks, and while there are clients to be sent away */
#define NGX_LIVE_CHAT_DRAIN_LOOK  1000
#define NGX_LIVE_CHAT_DRAIN_TICK  100

/* clients in that time: 100 and 500 a second come back elsewhere */
#define NGX_LIVE_CHAT_DRAIN_SLOW  10
#define NGX_LIVE_CHAT_DRAIN_FAST  50


static void ngx_live_chat_drain_handler(ngx_event_t *ev);
static ngx_uint_t ngx_live_chat_drain_alone(void);


static ngx_event_t       ngx_live_chat_drain_event;
static ngx_connection_t  ngx_live_chat_drain_dummy;


void
ngx_live_chat_drain_init(ngx_cycle_t *cycle)
{
    ngx_live_chat_drain_dummy.fd = (ngx_socket_t) -1;

    ngx_live_chat_drain_event.data = &ngx_live_chat_drain_dummy;
    ngx_live_chat_drain_event.handler = ngx_live_chat_drain_handler;
    ngx_live_chat_drain_event.log = cycle->log;
    ngx_live_chat_drain_event.cancelable = 1;

    ngx_add_timer(&ngx_live_chat_drain_event, NGX_LIVE_CHAT_DRAIN_LOOK);
}


static void
ngx_live_chat_drain_handler(ngx_event_t *ev)
{
    ngx_uint_t         alone, n;
    static ngx_uint_t  logged;

    if (!ngx_exiting || ngx_live_chat_zone() == NULL) {
        ngx_add_timer(ev, NGX_LIVE_CHAT_DRAIN_LOOK);
        return;
    }

    alone = ngx_live_chat_drain_alone();
    n = 0;

    if (alone || ngx_live_zone->sh->drain) {
        n = ngx_live_chat_hall_send_away(alone ? NGX_LIVE_CHAT_DRAIN_FAST
                                               : NGX_LIVE_CHAT_DRAIN_SLOW);
    }

    if (n && !logged) {
        logged = 1;

        ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                      "chat is drained%s",
                      alone ? ": nobody shares its rooms any more" : "");
    }

    ngx_add_timer(ev, NGX_LIVE_CHAT_DRAIN_TICK);
}


static ngx_uint_t
ngx_live_chat_drain_alone(void)
{
    ngx_live_chat_zone_t  *zone;
    ngx_live_main_conf_t  *lmcf;

    zone = ngx_live_chat_zone();
    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);

    return zone->generation == zone->sh->generation
           || lmcf->generation == ngx_live_zone->sh->generation;
}
