
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat.h"
#include "ngx_live_chat_log.h"
#include "ngx_live_chat_metadata.h"
#include "ngx_live_id3.h"
#include "ngx_live_metadata.h"
#include "ngx_live_stream.h"


/* ms: what was said longer ago, and is read from Redis, is history */
#define NGX_LIVE_CHAT_METADATA_LATE  60000

/* bytes of the names of streams that are followed, at most */
#define NGX_LIVE_CHAT_METADATA_KEY   1024

#define NGX_LIVE_CHAT_METADATA_ALL                                            \
    (NGX_LIVE_CHAT_METADATA_TIPS|NGX_LIVE_CHAT_METADATA_PINS                  \
     |NGX_LIVE_CHAT_METADATA_POLLS)


typedef struct {
    ngx_str_t                  head;       /* of the entry's text */
    ngx_uint_t                 kind;
} ngx_live_chat_metadata_kind_t;


static ngx_uint_t ngx_live_chat_metadata_kind(ngx_live_chat_entry_sh_t *e);
static ngx_uint_t ngx_live_chat_metadata_new(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_entry_sh_t *e, ngx_live_chat_id_t *id);
static ngx_live_chat_app_conf_t *ngx_live_chat_metadata_conf(ngx_str_t *key);
static ngx_int_t ngx_live_chat_metadata_packaged(ngx_uint_t i,
    ngx_str_t *key);


/* "type" is an entry's first member; of polls there is more than one */

static ngx_live_chat_metadata_kind_t  ngx_live_chat_metadata_kinds[] = {
    { ngx_string("{\"type\":\"tip\""), NGX_LIVE_CHAT_METADATA_TIPS },
    { ngx_string("{\"type\":\"pinned\""), NGX_LIVE_CHAT_METADATA_PINS },
    { ngx_string("{\"type\":\"unpinned\""), NGX_LIVE_CHAT_METADATA_PINS },
    { ngx_string("{\"type\":\"poll"), NGX_LIVE_CHAT_METADATA_POLLS },
    { ngx_null_string, 0 }
};

static ngx_str_t  ngx_live_chat_urn = ngx_string(NGX_LIVE_CHAT_URN);


void
ngx_live_chat_metadata_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_entry_sh_t *e)
{
    u_char                    *p;
    size_t                     size;
    ngx_str_t                  text;
    ngx_uint_t                 kind;
    ngx_live_chat_id_t         id;
    ngx_live_metadata_t        m;
    ngx_live_chat_app_conf_t  *cacf;

    kind = (e->passing || e->hidden) ? 0 : ngx_live_chat_metadata_kind(e);
    id = e->origin.ms ? e->origin : *ngx_live_chat_cursor_id(&e->cursor);

    if (kind == 0) {
        return;
    }

    cacf = ngx_live_chat_metadata_conf(&room->sn.str);

    if (cacf == NULL || !(cacf->metadata & kind)
        || !ngx_live_chat_metadata_new(room, e, &id))
    {
        return;
    }

    text.data = e->text;
    text.len = e->len;
    size = NGX_LIVE_ID3_LEN + ngx_live_chat_urn.len + text.len;

    p = ngx_alloc(size, ngx_cycle->log);
    if (p == NULL) {
        return;
    }

    ngx_memzero(&m, sizeof(ngx_live_metadata_t));

    ngx_str_set(&m.scheme, NGX_LIVE_ID3_SCHEME);
    m.value = ngx_live_chat_urn;
    m.data.data = p;
    m.data.len = size;
    m.id = ngx_crc32_long((u_char *) &id, sizeof(ngx_live_chat_id_t));
    m.time = NGX_LIVE_METADATA_NOW;

    if (ngx_live_id3_write(p, p + size, &ngx_live_chat_urn, &text)) {
        (void) ngx_live_metadata_put(&room->sn.str, &m);
    }

    ngx_free(p);
}


static ngx_uint_t
ngx_live_chat_metadata_kind(ngx_live_chat_entry_sh_t *e)
{
    ngx_live_chat_metadata_kind_t  *k;

    for (k = ngx_live_chat_metadata_kinds; k->kind; k++) {
        if (e->len > k->head.len
            && ngx_memcmp(e->text, k->head.data, k->head.len) == 0)
        {
            return k->kind;
        }
    }

    return 0;
}


/* what was said while Redis was away comes once more when it is back */

static ngx_uint_t
ngx_live_chat_metadata_new(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_entry_sh_t *e, ngx_live_chat_id_t *id)
{
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *other;

    if (ngx_live_now() - (int64_t) id->ms > NGX_LIVE_CHAT_METADATA_LATE) {
        return 0;
    }

    for (q = ngx_queue_head(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (other != e && ngx_live_chat_entry_is(other, id)) {
            return 0;
        }
    }

    return 1;
}


static ngx_live_chat_app_conf_t *
ngx_live_chat_metadata_conf(ngx_str_t *key)
{
    u_char                *p;
    ngx_str_t              app;
    ngx_live_app_conf_t   *lacf;
    ngx_live_main_conf_t  *lmcf;

    app.data = key->data;

    p = ngx_strlchr(app.data, app.data + key->len, '/');
    if (p == NULL) {
        return NULL;
    }

    app.len = p - app.data;

    lmcf = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle);
    lacf = lmcf ? ngx_live_app_conf(lmcf, &app) : NULL;

    return lacf ? ngx_live_get_module_app_conf(lacf, ngx_live_chat_module)
                : NULL;
}


void
ngx_live_chat_metadata_follow(ngx_live_chat_zone_t *zone)
{
    u_char                     buf[NGX_LIVE_CHAT_METADATA_KEY];
    ngx_str_t                  key;
    ngx_uint_t                 i;
    ngx_live_chat_room_sh_t   *room;
    ngx_live_chat_app_conf_t  *cacf;

    key.data = buf;

    for (i = 0; ngx_live_zone && i < ngx_live_zone->sh->max_streams; i++) {

        if (ngx_live_chat_metadata_packaged(i, &key) != NGX_OK) {
            continue;
        }

        cacf = ngx_live_chat_metadata_conf(&key);

        if (cacf == NULL || !(cacf->metadata & NGX_LIVE_CHAT_METADATA_ALL)) {
            continue;
        }

        ngx_live_chat_lock(zone);

        room = ngx_live_chat_room_get_locked(zone, &key);

        if (room) {

            /* what it is opened with, unless somebody has come before */

            if (room->packaged == 0 && room->history == 0) {
                room->history = cacf->history;
                room->age = cacf->age;
                room->backlog = cacf->outbox;
            }

            room->packaged = ngx_live_clock();
        }

        ngx_live_chat_unlock(zone);
    }
}


/* the mutex of the chat is never taken within that of streams */

static ngx_int_t
ngx_live_chat_metadata_packaged(ngx_uint_t i, ngx_str_t *key)
{
    ngx_int_t              rc;
    ngx_live_stream_sh_t  *sh;

    /* without the mutex: most places are free */

    if (ngx_live_zone->sh->streams[i] == NULL) {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;

    ngx_live_zone_lock(ngx_live_zone);

    sh = ngx_live_zone->sh->streams[i];

    if (sh && sh->metadata.wanted && sh->state != NGX_LIVE_STREAM_ENDED
        && sh->sn.str.len <= NGX_LIVE_CHAT_METADATA_KEY)
    {
        ngx_memcpy(key->data, sh->sn.str.data, sh->sn.str.len);
        key->len = sh->sn.str.len;
        rc = NGX_OK;
    }

    ngx_live_zone_unlock(ngx_live_zone);

    return rc;
}
