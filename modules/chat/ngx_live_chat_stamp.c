
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_stamp.h"
#include "ngx_live_stream.h"


static int64_t ngx_live_chat_stream_time(ngx_str_t *key);


u_char *
ngx_live_chat_stamp(u_char *p, ngx_str_t *key)
{
    int64_t  time;

    time = ngx_live_chat_stream_time(key);

    p = ngx_sprintf(p, ",\"ts\":%L", ngx_live_now());

    if (time != -1) {
        p = ngx_sprintf(p, ",\"time\":%L", time);
    }

    return p;
}


/* ms of the media that the room's viewers see, -1: there is no stream */

static int64_t
ngx_live_chat_stream_time(ngx_str_t *key)
{
    u_char             *slash;
    int64_t             time;
    ngx_str_t           app, name;
    ngx_live_stream_t  *st;

    slash = ngx_strlchr(key->data, key->data + key->len, '/');

    if (slash == NULL) {
        return -1;
    }

    app.data = key->data;
    app.len = slash - key->data;

    name.data = slash + 1;
    name.len = key->data + key->len - name.data;

    st = ngx_live_stream_find(&app, &name);

    if (st == NULL) {
        return -1;
    }

    time = ngx_live_stream_time(st->sh) / NGX_LIVE_TICKS_PER_MS;

    ngx_live_stream_close(st);

    return time;
}
