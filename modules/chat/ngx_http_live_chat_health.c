
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_stream.h"


/*
 * How the stream is, for those who keep order in its room.  It is made once
 * per worker and room, and only where one of them listens.
 */

#define NGX_HTTP_LIVE_CHAT_HEALTH  5000    /* ms */


static void ngx_http_live_chat_health_tick(ngx_event_t *ev);
static void ngx_http_live_chat_health_room(ngx_live_chat_hall_t *hall);
static ngx_live_stream_t *ngx_http_live_chat_health_stream(
    ngx_live_chat_hall_t *hall);
static u_char *ngx_http_live_chat_health_write(u_char *p,
    ngx_live_stream_sh_t *sh);
static void ngx_http_live_chat_health_tell(ngx_live_chat_client_t *client,
    void *data);


static ngx_event_t       ngx_http_live_chat_health_event;
static ngx_connection_t  ngx_http_live_chat_health_dummy;


void
ngx_http_live_chat_health_start(void)
{
    ngx_event_t  *ev;

    ev = &ngx_http_live_chat_health_event;

    if (ev->timer_set) {
        return;
    }

    ngx_http_live_chat_health_dummy.fd = (ngx_socket_t) -1;

    ev->data = &ngx_http_live_chat_health_dummy;
    ev->handler = ngx_http_live_chat_health_tick;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_HTTP_LIVE_CHAT_HEALTH);
}


/* as long as there is somebody who wants to know */

static void
ngx_http_live_chat_health_tick(ngx_event_t *ev)
{
    if (ngx_live_chat_hall_wardens(ngx_http_live_chat_health_room)) {
        ngx_add_timer(ev, NGX_HTTP_LIVE_CHAT_HEALTH);
    }
}


static void
ngx_http_live_chat_health_room(ngx_live_chat_hall_t *hall)
{
    u_char              buf[256], *p;
    ngx_str_t           json;
    ngx_live_stream_t  *st;

    st = ngx_http_live_chat_health_stream(hall);

    if (st == NULL) {
        return;
    }

    if (st->sh->state != NGX_LIVE_STREAM_LIVE) {
        ngx_live_stream_close(st);
        return;
    }

    p = ngx_http_live_chat_health_write(buf, st->sh);

    ngx_live_stream_close(st);

    json.data = buf;
    json.len = ngx_sprintf(p, ",\"viewers\":%ui}",
                           ngx_live_chat_room_clients(ngx_live_chat_zone(),
                                                      hall->room))
               - buf;

    ngx_live_chat_hall_tell_wardens(hall, ngx_http_live_chat_health_tell,
                                    &json);
}


static ngx_live_stream_t *
ngx_http_live_chat_health_stream(ngx_live_chat_hall_t *hall)
{
    u_char     *p, *last;
    ngx_str_t   app, name;

    last = hall->key.data + hall->key.len;
    p = ngx_strlchr(hall->key.data, last, '/');

    if (p == NULL) {
        return NULL;
    }

    app.data = hall->key.data;
    app.len = p - hall->key.data;
    name.data = p + 1;
    name.len = last - name.data;

    return ngx_live_stream_find(&app, &name);
}


/* of what the publisher sends: tracks made of others cost it nothing */

static u_char *
ngx_http_live_chat_health_write(u_char *p, ngx_live_stream_sh_t *sh)
{
    uint64_t              bitrate;
    ngx_uint_t            i;
    ngx_live_track_sh_t  *track, *video;

    bitrate = 0;
    video = NULL;

    for (i = 0; i < sh->ntracks; i++) {
        track = &sh->tracks[i];

        if (track->config == 0 || track->source) {
            continue;
        }

        bitrate += track->bitrate;

        if (video == NULL
            && track->configs[track->config % NGX_LIVE_CONFIGS].info.kind
               == NGX_LIVE_KIND_VIDEO)
        {
            video = track;
        }
    }

    p = ngx_sprintf(p, "{\"type\":\"health\",\"bitrate\":%uL,\"dropped\":%uL",
                    bitrate, (uint64_t) sh->dropped);

    if (video) {
        p = ngx_sprintf(p, ",\"fps\":%uD.%03uD,\"gop\":%L",
                        video->fps / 1000, video->fps % 1000,
                        ngx_max(video->key_interval, 0)
                        / NGX_LIVE_TICKS_PER_MS);
    }

    return p;
}


/* of one who is slow it is what is left out first */

static void
ngx_http_live_chat_health_tell(ngx_live_chat_client_t *client, void *data)
{
    ngx_str_t *json = data;

    ngx_connection_t      *c;
    ngx_http_live_chat_t  *ch;

    ch = (ngx_http_live_chat_t *) client;

    if (ch->blocked || ch->closing) {
        return;
    }

    c = ch->request->connection;

    if (ngx_http_live_chat_own(ch, json) != NGX_OK) {
        ngx_http_live_chat_finalize(ch, NGX_ERROR);

    } else if (ngx_http_live_chat_run(ch) == NGX_OK) {
        return;
    }

    ngx_http_run_posted_requests(c);
}
