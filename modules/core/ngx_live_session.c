
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_session.h"
#include "ngx_live_access.h"
#include "ngx_live_event.h"
#include "ngx_live_name.h"
#include "ngx_live_worker.h"


/* bytes that are accounted at a time */
#define NGX_LIVE_SESSION_BYTES  65536

/* bytes of a sub or jti that are kept */
#define NGX_LIVE_SESSION_ID     1024


static ngx_live_session_sh_t *ngx_live_session_create_locked(
    ngx_live_session_t *s, ngx_live_access_t *a);
static uint64_t ngx_live_session_name(ngx_str_t *app, ngx_str_t *name);
static uint64_t ngx_live_session_hash(u_char *p, size_t len);
static ngx_int_t ngx_live_session_confirm(ngx_live_session_t *s,
    ngx_live_access_t *a);
static void ngx_live_session_account(ngx_live_session_t *s);
static ngx_int_t ngx_live_session_match(ngx_live_session_sh_t *sh,
    ngx_uint_t by, uint64_t id, ngx_str_t *value);


ngx_int_t
ngx_live_session_open(ngx_live_session_t *s, ngx_live_stream_t *st,
    ngx_live_access_t *a)
{
    ngx_live_session_sh_t  *sh;

    ngx_live_zone_lock(ngx_live_zone);

    sh = ngx_live_session_create_locked(s, a);

    if (sh == NULL) {
        ngx_live_zone_unlock(ngx_live_zone);
        return NGX_ERROR;
    }

    sh->stream = st ? st->uid : 0;
    sh->index = st ? st->index : 0;

    ngx_live_zone->sh->nsessions++;
    ngx_queue_insert_tail(&ngx_live_zone->sh->slots[ngx_live_slot].sessions,
                          &sh->queue);

    ngx_live_zone_unlock(ngx_live_zone);

    s->sh = sh;
    s->stream = st;
    s->in = 0;
    s->out = 0;
    s->reason = NULL;

    if (st) {
        st->refs++;
    }

    if (st && a->action == NGX_LIVE_ACTION_PLAY) {
        (void) ngx_atomic_fetch_add(&st->sh->viewers[a->door], 1);
        ngx_live_event(NGX_LIVE_EVENT_PLAY, st, a->door, (char *) sh->address);
    }

    if (ngx_live_session_confirm(s, a) != NGX_OK) {

        /* the door has not finished opening: by the bell */

        sh->kill = 1;
        ngx_live_zone->sh->slots[ngx_live_slot].kill = 1;
        ngx_live_bell_ring(ngx_live_slot);
    }

    return NGX_OK;
}


static ngx_live_session_sh_t *
ngx_live_session_create_locked(ngx_live_session_t *s, ngx_live_access_t *a)
{
    size_t                  sub, jti;
    u_char                 *p;
    ngx_live_session_sh_t  *sh;

    sub = ngx_min(a->sub.len, NGX_LIVE_SESSION_ID);
    jti = ngx_min(a->jti.len, NGX_LIVE_SESSION_ID);

    sh = ngx_live_zone_alloc_locked(ngx_live_zone,
                                    sizeof(ngx_live_session_sh_t) + sub + jti);
    if (sh == NULL) {
        return NULL;
    }

    sh->name = ngx_live_session_name(&a->app, &a->name);
    sh->id = ++ngx_live_zone->sh->next_session;
    sh->lease = a->lease;
    sh->door = a->door;
    sh->action = a->action;
    sh->slot = ngx_live_slot;
    sh->start = ngx_live_now();
    sh->local = s;

    ngx_memcpy(sh->address, a->address.data,
               ngx_min(a->address.len, NGX_SOCKADDR_STRLEN));

    sh->sub_len = sub;
    sh->jti_len = jti;

    p = sh->ids;

    if (sub) {
        p = ngx_cpymem(p, a->sub.data, sub);
    }

    if (jti) {
        ngx_memcpy(p, a->jti.data, jti);
    }

    return sh;
}


/*
 * Between the check and the entry in the registry somebody may have ended the
 * sessions of this sub, and missed this one.
 */

static ngx_int_t
ngx_live_session_confirm(ngx_live_session_t *s, ngx_live_access_t *a)
{
    ngx_int_t            rc;
    ngx_live_module_t  **m;

    rc = NGX_OK;

    for (m = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle)->modules; *m; m++) {
        if ((*m)->session_open && (*m)->session_open(s, a) != NGX_OK) {
            rc = NGX_DECLINED;
        }
    }

    if (a->confirm && a->confirm(a) != NGX_OK) {
        rc = NGX_DECLINED;
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, a->log, 0,
                      "session of \"%V/%V\" is allowed no more",
                      &a->app, &a->name);
    }

    return rc;
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

    ngx_live_call_hooks(session_close, (s));

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

    case NGX_LIVE_SESSION_BY_NAME:
        return sh->name == id;

    case NGX_LIVE_SESSION_BY_LEASE:
        return sh->lease && sh->lease == id;

    default: /* NGX_LIVE_SESSION_BY_JTI */
        return sh->jti_len
               && sh->jti_len == value->len
               && ngx_memcmp(sh->ids + sh->sub_len, value->data, value->len)
                  == 0;
    }
}


static uint64_t
ngx_live_session_name(ngx_str_t *app, ngx_str_t *name)
{
    u_char       buf[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t    key;
    const char  *reason;

    /* it was checked with the access */

    if (ngx_live_name_key(app, name, buf, &key, &reason) != NGX_OK) {
        return 0;
    }

    return ngx_live_session_hash(key.data, key.len);
}


static uint64_t
ngx_live_session_hash(u_char *p, size_t len)
{
    return ((uint64_t) ngx_murmur_hash2(p, len) << 32)
           | ngx_crc32_long(p, len);
}


ngx_uint_t
ngx_live_session_end(ngx_uint_t by, uint64_t id, ngx_str_t *value)
{
    ngx_uint_t              i, n, found;
    ngx_queue_t            *q;
    ngx_live_slot_sh_t     *slot;
    ngx_live_session_sh_t  *sh;

    n = 0;

    if (by == NGX_LIVE_SESSION_BY_NAME) {
        id = ngx_live_session_hash(value->data, value->len);
    }

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
