
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_session.h"
#include "ngx_live_access.h"
#include "ngx_live_event.h"
#include "ngx_live_worker.h"


/* bytes that are accounted at a time */
#define NGX_LIVE_SESSION_BYTES  65536


static void ngx_live_session_account(ngx_live_session_t *s);
static ngx_int_t ngx_live_session_match(ngx_live_session_sh_t *sh,
    ngx_uint_t by, uint64_t id, ngx_str_t *value);


ngx_int_t
ngx_live_session_open(ngx_live_session_t *s, ngx_live_stream_t *st,
    ngx_uint_t door, ngx_uint_t action, ngx_str_t *address, ngx_str_t *sub,
    ngx_str_t *jti)
{
    size_t                  sub_len, jti_len, len;
    u_char                 *p;
    ngx_live_zone_sh_t     *zsh;
    ngx_live_session_sh_t  *sh;

    sub_len = sub ? ngx_min(sub->len, 1024) : 0;
    jti_len = jti ? ngx_min(jti->len, 1024) : 0;

    zsh = ngx_live_zone->sh;

    ngx_live_zone_lock(ngx_live_zone);

    sh = ngx_live_zone_alloc_locked(ngx_live_zone,
                                    sizeof(ngx_live_session_sh_t)
                                    + sub_len + jti_len);
    if (sh == NULL) {
        ngx_live_zone_unlock(ngx_live_zone);
        return NGX_ERROR;
    }

    sh->id = ++zsh->next_session;
    sh->stream = st ? st->uid : 0;
    sh->index = st ? st->index : 0;
    sh->door = door;
    sh->action = action;
    sh->slot = ngx_live_slot;
    sh->start = ngx_live_now();
    sh->local = s;

    len = ngx_min(address->len, NGX_SOCKADDR_STRLEN);
    ngx_memcpy(sh->address, address->data, len);

    sh->sub_len = sub_len;
    sh->jti_len = jti_len;

    p = sh->ids;

    if (sub_len) {
        p = ngx_cpymem(p, sub->data, sub_len);
    }

    if (jti_len) {
        ngx_memcpy(p, jti->data, jti_len);
    }

    zsh->nsessions++;
    ngx_queue_insert_tail(&zsh->slots[ngx_live_slot].sessions, &sh->queue);

    ngx_live_zone_unlock(ngx_live_zone);

    s->sh = sh;
    s->stream = st;
    s->in = 0;
    s->out = 0;

    if (st) {
        st->refs++;
    }

    if (st && action == NGX_LIVE_ACTION_PLAY) {
        (void) ngx_atomic_fetch_add(&st->sh->viewers[door], 1);
        ngx_live_event(NGX_LIVE_EVENT_PLAY, st, door, (char *) sh->address);
    }

    return NGX_OK;
}


void
ngx_live_session_close(ngx_live_session_t *s)
{
    ngx_live_stream_t      *st;
    ngx_live_session_sh_t  *sh;

    sh = s->sh;

    if (sh == NULL) {
        return;
    }

    ngx_live_session_account(s);

    st = s->stream;

    if (st && sh->action == NGX_LIVE_ACTION_PLAY) {
        (void) ngx_atomic_fetch_add(&st->sh->viewers[sh->door],
                                    (ngx_atomic_int_t) -1);
        ngx_live_event(NGX_LIVE_EVENT_PLAY_DONE, st, sh->door,
                       (char *) sh->address);
    }

    s->sh = NULL;
    s->stream = NULL;

    ngx_live_zone_lock(ngx_live_zone);

    ngx_queue_remove(&sh->queue);
    ngx_live_zone->sh->nsessions--;
    ngx_live_zone_free_locked(ngx_live_zone, sh);

    ngx_live_zone_unlock(ngx_live_zone);

    if (st) {
        ngx_live_stream_close(st);
    }
}


void
ngx_live_session_bytes(ngx_live_session_t *s, size_t in, size_t out)
{
    if (s->sh == NULL) {
        return;
    }

    s->in += in;
    s->out += out;

    if (s->in + s->out >= NGX_LIVE_SESSION_BYTES) {
        ngx_live_session_account(s);
    }
}


/* a player's memory and what all workers write are dear to touch */

static void
ngx_live_session_account(ngx_live_session_t *s)
{
    /* only this worker writes them */

    s->sh->bytes_in += s->in;
    s->sh->bytes_out += s->out;

    if (s->stream && s->out) {
        (void) ngx_atomic_fetch_add(&s->stream->sh->bytes_out, s->out);
    }

    s->in = 0;
    s->out = 0;
}


static ngx_int_t
ngx_live_session_match(ngx_live_session_sh_t *sh, ngx_uint_t by, uint64_t id,
    ngx_str_t *value)
{
    switch (by) {

    case NGX_LIVE_SESSION_BY_ID:
        return sh->id == id;

    case NGX_LIVE_SESSION_BY_STREAM:
        return sh->stream == id;

    case NGX_LIVE_SESSION_BY_SUB:
        return sh->sub_len
               && sh->sub_len == value->len
               && ngx_memcmp(sh->ids, value->data, value->len) == 0;

    default: /* NGX_LIVE_SESSION_BY_JTI */
        return sh->jti_len
               && sh->jti_len == value->len
               && ngx_memcmp(sh->ids + sh->sub_len, value->data, value->len)
                  == 0;
    }
}


ngx_uint_t
ngx_live_session_end(ngx_uint_t by, uint64_t id, ngx_str_t *value)
{
    ngx_uint_t              i, n, found;
    ngx_queue_t            *q;
    ngx_live_slot_sh_t     *slot;
    ngx_live_session_sh_t  *sh;

    n = 0;

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        slot = &ngx_live_zone->sh->slots[i];
        found = 0;

        ngx_live_zone_lock(ngx_live_zone);

        for (q = ngx_queue_head(&slot->sessions);
             q != ngx_queue_sentinel(&slot->sessions);
             q = ngx_queue_next(q))
        {
            sh = ngx_queue_data(q, ngx_live_session_sh_t, queue);

            if (ngx_live_session_match(sh, by, id, value)) {
                sh->kill = 1;
                found++;
            }
        }

        ngx_live_zone_unlock(ngx_live_zone);

        if (found) {
            n += found;
            slot->kill = 1;
            ngx_live_bell_ring(i);
        }
    }

    return n;
}


void
ngx_live_session_bell(void)
{
    ngx_queue_t            *q;
    ngx_live_slot_sh_t     *slot;
    ngx_live_session_t     *s;
    ngx_live_session_sh_t  *sh;

    slot = &ngx_live_zone->sh->slots[ngx_live_slot];

    /* a handler removes its session and perhaps others: begin anew */

    for ( ;; ) {
        s = NULL;

        ngx_live_zone_lock(ngx_live_zone);

        for (q = ngx_queue_head(&slot->sessions);
             q != ngx_queue_sentinel(&slot->sessions);
             q = ngx_queue_next(q))
        {
            sh = ngx_queue_data(q, ngx_live_session_sh_t, queue);

            if (sh->kill) {
                sh->kill = 0;
                s = sh->local;
                break;
            }
        }

        ngx_live_zone_unlock(ngx_live_zone);

        if (s == NULL) {
            return;
        }

        s->handler(s);
    }
}


void
ngx_live_session_lost_slot_locked(ngx_uint_t slot)
{
    ngx_queue_t            *q, *sessions;
    ngx_live_zone_sh_t     *zsh;
    ngx_live_stream_sh_t   *st;
    ngx_live_session_sh_t  *sh;

    zsh = ngx_live_zone->sh;
    sessions = &zsh->slots[slot].sessions;

    while (!ngx_queue_empty(sessions)) {
        q = ngx_queue_head(sessions);
        sh = ngx_queue_data(q, ngx_live_session_sh_t, queue);

        ngx_queue_remove(q);
        zsh->nsessions--;

        st = zsh->streams[sh->index];

        if (sh->action == NGX_LIVE_ACTION_PLAY
            && st && st->uid == sh->stream)
        {
            (void) ngx_atomic_fetch_add(&st->viewers[sh->door],
                                        (ngx_atomic_int_t) -1);
        }

        ngx_live_zone_free_locked(ngx_live_zone, sh);
    }
}
