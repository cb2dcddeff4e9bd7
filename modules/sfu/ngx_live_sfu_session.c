
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A session in the worker that owns it: checks of ICE (RFC 8445, as a lite
 * agent), then DTLS, then SRTP, until it is ended or falls silent.
 */


#include "ngx_live_sfu_session.h"
#include "ngx_live_demux.h"
#include "ngx_live_rtcp.h"
#include "ngx_live_stun.h"


/* ms: reports, retransmissions of DTLS, the end */
#define NGX_LIVE_SFU_TICK     250
#define NGX_LIVE_SFU_SWEEP    1000

/* ms without a valid check, when no socket says otherwise */
#define NGX_LIVE_SFU_TIMEOUT  30000


static void ngx_live_sfu_stun(ngx_live_sfu_path_t *path, u_char *data,
    size_t len, ngx_uint_t handed);
static ngx_live_sfu_session_t *ngx_live_sfu_local(
    ngx_live_sfu_session_sh_t *sh);
static ngx_live_sfu_session_t *ngx_live_sfu_take(
    ngx_live_sfu_session_sh_t *sh, ngx_live_sfu_path_t *path);
static ngx_int_t ngx_live_sfu_open(ngx_live_sfu_session_t *s);
static ngx_int_t ngx_live_sfu_open_stream(ngx_live_sfu_session_t *s,
    ngx_live_access_t *a);
static void ngx_live_sfu_checked(ngx_live_sfu_session_t *s,
    ngx_live_sfu_path_t *path, ngx_live_stun_t *m);
static void ngx_live_sfu_address(ngx_live_sfu_path_t *path,
    ngx_sockaddr_t *sa);
static void ngx_live_sfu_input(ngx_live_sfu_session_t *s,
    ngx_live_sfu_path_t *path, ngx_uint_t kind, u_char *data, size_t len);
static void ngx_live_sfu_rtp(ngx_live_sfu_session_t *s, u_char *data,
    size_t len);
static void ngx_live_sfu_rtcp(ngx_live_sfu_session_t *s, u_char *data,
    size_t len);
static void ngx_live_sfu_kill_handler(ngx_live_session_t *session);
static void ngx_live_sfu_timer_handler(ngx_event_t *ev);
static ngx_uint_t ngx_live_sfu_shut_down(void);
static void ngx_live_sfu_sweep_handler(ngx_event_t *ev);


static ngx_live_sfu_session_t  **ngx_live_sfu_locals;  /* by index */
static ngx_queue_t               ngx_live_sfu_queue;
static ngx_event_t               ngx_live_sfu_sweep_event;
static ngx_connection_t          ngx_live_sfu_sweep_dummy;


ngx_int_t
ngx_live_sfu_session_init(ngx_cycle_t *cycle)
{
    ngx_queue_init(&ngx_live_sfu_queue);

    ngx_live_sfu_locals = ngx_pcalloc(cycle->pool, ngx_live_sfu_zone->sh->max
                                      * sizeof(ngx_live_sfu_session_t *));
    if (ngx_live_sfu_locals == NULL) {
        return NGX_ERROR;
    }

    ngx_live_sfu_sweep_dummy.fd = (ngx_socket_t) -1;

    ngx_live_sfu_sweep_event.data = &ngx_live_sfu_sweep_dummy;
    ngx_live_sfu_sweep_event.log = cycle->log;
    ngx_live_sfu_sweep_event.handler = ngx_live_sfu_sweep_handler;
    ngx_live_sfu_sweep_event.cancelable = 1;

    ngx_add_timer(&ngx_live_sfu_sweep_event, NGX_LIVE_SFU_SWEEP);

    return NGX_OK;
}


static void
ngx_live_sfu_sweep_handler(ngx_event_t *ev)
{
    ngx_live_sfu_sweep();
    ngx_add_timer(ev, NGX_LIVE_SFU_SWEEP);
}


void
ngx_live_sfu_datagram(ngx_live_sfu_path_t *path, u_char *data, size_t len,
    ngx_uint_t handed)
{
    ngx_uint_t                  kind;
    ngx_live_sfu_session_t     *s;
    ngx_live_sfu_session_sh_t  *sh;

    kind = ngx_live_datagram_kind(data, len);

    if (kind == NGX_LIVE_DATAGRAM_STUN) {
        ngx_live_sfu_stun(path, data, len, handed);
        return;
    }

    sh = NULL;

    if (kind != NGX_LIVE_DATAGRAM_UNKNOWN) {
        sh = ngx_live_sfu_find_path(path);
    }

    if (sh == NULL) {
        ngx_live_sfu_count(unknown);
        return;
    }

    if (sh->owner != (ngx_atomic_uint_t) ngx_live_slot) {

        if (!handed) {
            ngx_live_sfu_hand_over(sh, path, data, len);
        }

        return;
    }

    s = ngx_live_sfu_local(sh);

    if (s) {
        ngx_live_sfu_input(s, path, kind, data, len);
    }
}


/*
 * Who does not know the password gets no answer: an error would tell those
 * who guess, and is of no use to those who do not.
 */

static void
ngx_live_sfu_stun(ngx_live_sfu_path_t *path, u_char *data, size_t len,
    ngx_uint_t handed)
{
    u_char                      buf[NGX_LIVE_STUN_HEADER + 128];
    size_t                      n;
    ngx_str_t                   ours, theirs;
    const char                 *reason;
    ngx_sockaddr_t              sa;
    ngx_live_stun_t             m;
    ngx_live_sfu_session_t     *s;
    ngx_live_sfu_session_sh_t  *sh;

    if (ngx_live_stun_parse(&m, data, data + len, &reason) != NGX_OK
        || m.method != NGX_LIVE_STUN_BINDING
        || m.class != NGX_LIVE_STUN_REQUEST
        || ngx_live_stun_check(&m) != 0
        || ngx_live_stun_fragments(&m, &ours, &theirs) != NGX_OK)
    {
        ngx_live_sfu_count(unknown);
        return;
    }

    sh = ngx_live_sfu_find_ufrag(&ours);

    if (sh == NULL) {
        ngx_live_sfu_count(unknown);
        return;
    }

    if (ngx_live_stun_verify(&m, &sh->key) != NGX_OK) {
        ngx_live_sfu_count(unauthentic);
        return;
    }

    s = ngx_live_sfu_take(sh, path);

    if (s == NULL) {

        if (!handed && sh->state == NGX_LIVE_SFU_ADOPTED
            && sh->owner != (ngx_atomic_uint_t) ngx_live_slot)
        {
            ngx_live_sfu_hand_over(sh, path, data, len);
        }

        return;
    }

    ngx_live_sfu_address(path, &sa);

    if (m.nunknown) {
        n = ngx_live_stun_refuse(buf, buf + sizeof(buf), &m,
                                 NGX_LIVE_STUN_UNKNOWN_ATTRIBUTE, &sh->key);

    } else if (m.controlled) {

        /* a lite agent is never the controlling one */

        n = ngx_live_stun_refuse(buf, buf + sizeof(buf), &m,
                                 NGX_LIVE_STUN_ROLE_CONFLICT, &sh->key);

    } else {
        n = ngx_live_stun_success(buf, buf + sizeof(buf), &m, &sa.sockaddr,
                                  &sh->key);
        ngx_live_sfu_checked(s, path, &m);
    }

    if (n) {
        ngx_live_sfu_send(path, buf, n);
    }
}


static void
ngx_live_sfu_address(ngx_live_sfu_path_t *path, ngx_sockaddr_t *sa)
{
    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

    sa->sockaddr_in6.sin6_family = AF_INET6;
    sa->sockaddr_in6.sin6_port = path->port;
    ngx_memcpy(&sa->sockaddr_in6.sin6_addr, path->ip, 16);
}


static ngx_live_sfu_session_t *
ngx_live_sfu_local(ngx_live_sfu_session_sh_t *sh)
{
    return ngx_live_sfu_locals[ngx_live_sfu_index(sh)];
}


/* our session, if it is ours, or becomes so by this first check of it */

static ngx_live_sfu_session_t *
ngx_live_sfu_take(ngx_live_sfu_session_sh_t *sh, ngx_live_sfu_path_t *path)
{
    ngx_live_sfu_session_t  *s;

    if (sh->state == NGX_LIVE_SFU_ADOPTED) {
        return (sh->owner == (ngx_atomic_uint_t) ngx_live_slot)
               ? ngx_live_sfu_local(sh) : NULL;
    }

    if (ngx_live_sfu_adopt(sh) != NGX_OK) {
        return NULL;
    }

    s = ngx_calloc(sizeof(ngx_live_sfu_session_t), ngx_cycle->log);

    if (s == NULL) {
        ngx_live_sfu_destroy(sh);
        return NULL;
    }

    s->sh = sh;
    s->log = ngx_cycle->log;
    s->checked = ngx_current_msec;

    s->dummy.fd = (ngx_socket_t) -1;
    s->timer.data = &s->dummy;
    s->timer.log = s->log;
    s->timer.handler = ngx_live_sfu_timer_handler;

    ngx_live_sfu_locals[ngx_live_sfu_index(sh)] = s;
    ngx_queue_insert_tail(&ngx_live_sfu_queue, &s->queue);

    /* not cancelable: a worker that exits stays for its sessions */

    s->dummy.data = s;
    ngx_add_timer(&s->timer, NGX_LIVE_SFU_TICK);

    if (ngx_live_sfu_open(s) != NGX_OK) {
        ngx_live_sfu_close(s, NULL);
        return NULL;
    }

    return s;
}


static ngx_int_t
ngx_live_sfu_open(ngx_live_sfu_session_t *s)
{
    ngx_live_access_t           a;
    ngx_live_sfu_session_sh_t  *sh;

    sh = s->sh;

    ngx_memzero(&a, sizeof(ngx_live_access_t));

    a.door = sh->door;
    a.action = (sh->door == NGX_LIVE_DOOR_WHIP) ? NGX_LIVE_ACTION_PUBLISH
                                                : NGX_LIVE_ACTION_PLAY;
    a.log = s->log;
    a.lease = sh->lease;

    a.app.data = sh->app;
    a.app.len = sh->app_len;
    a.name.data = sh->name;
    a.name.len = sh->name_len;
    a.sub.data = sh->sub;
    a.sub.len = sh->sub_len;
    a.jti.data = sh->jti;
    a.jti.len = sh->jti_len;
    a.address.data = sh->address;
    a.address.len = sh->address_len;

    s->session.handler = ngx_live_sfu_kill_handler;
    s->session.data = s;

    return ngx_live_sfu_open_stream(s, &a);
}


static ngx_int_t
ngx_live_sfu_open_stream(ngx_live_sfu_session_t *s, ngx_live_access_t *a)
{
    if (s->sh->door == NGX_LIVE_DOOR_WHIP) {
        s->pool = ngx_create_pool(1024, s->log);

        if (s->pool == NULL) {
            return NGX_ERROR;
        }

        return ngx_live_session_open(&s->session, NULL, a);
    }

    s->stream = ngx_live_stream_find(&a->app, &a->name);

    if (s->stream == NULL) {
        return NGX_ERROR;
    }

    return ngx_live_session_open(&s->session, s->stream, a);
}


static void
ngx_live_sfu_checked(ngx_live_sfu_session_t *s, ngx_live_sfu_path_t *path,
    ngx_live_stun_t *m)
{
    ngx_uint_t  n;

    s->checked = ngx_current_msec;

    n = ngx_live_sfu_add_path(s->sh, path,
                              s->nominated ? s->path : s->last_path);

    /* the last nomination counts: the client's address may have changed */

    if (m->use_candidate) {
        s->path = n;
        s->nominated = 1;

        if (s->keyed && !s->playing) {
            ngx_live_sfu_connected(s);
        }
    }
}


static void
ngx_live_sfu_input(ngx_live_sfu_session_t *s, ngx_live_sfu_path_t *path,
    ngx_uint_t kind, u_char *data, size_t len)
{
    ngx_uint_t   i;
    const char  *reason;

    switch (kind) {

    case NGX_LIVE_DATAGRAM_DTLS:

        for (i = 0; i < s->sh->npaths; i++) {
            if (ngx_memcmp(&s->sh->paths[i], path,
                           sizeof(ngx_live_sfu_path_t))
                == 0)
            {
                s->last_path = i;
            }
        }

        if (ngx_live_sfu_dtls_input(s, data, len, &reason) != NGX_OK) {
            ngx_live_sfu_close(s, reason);
            return;
        }

        if (s->keyed && s->nominated && !s->playing) {
            ngx_live_sfu_connected(s);
        }

        return;

    case NGX_LIVE_DATAGRAM_RTP:
        ngx_live_sfu_rtp(s, data, len);
        return;

    default: /* NGX_LIVE_DATAGRAM_RTCP */
        ngx_live_sfu_rtcp(s, data, len);
        return;
    }
}


void
ngx_live_sfu_connected(ngx_live_sfu_session_t *s)
{
    s->playing = 1;

    ngx_log_error(NGX_LOG_INFO, s->log, 0,
                  "WebRTC session of \"%*s/%*s\" is connected",
                  (size_t) s->sh->app_len, s->sh->app,
                  (size_t) s->sh->name_len, s->sh->name);

    if (s->sh->door == NGX_LIVE_DOOR_WHEP) {

        if (ngx_live_sfu_play_start(s) != NGX_OK) {
            ngx_live_sfu_close(s, "no memory");
        }

        return;
    }

    if (ngx_live_sfu_publish_start(s) != NGX_OK) {
        ngx_live_sfu_close(s, "it cannot publish");
    }
}


static void
ngx_live_sfu_rtp(ngx_live_sfu_session_t *s, u_char *data, size_t len)
{
    uint64_t     index;
    ngx_int_t    rc;
    const char  *reason;

    if (!s->keyed || s->publish == NULL) {
        return;
    }

    ngx_live_session_bytes(&s->session, len, 0);

    rc = ngx_live_srtp_unprotect(&s->in, data, data, &len, &index, &reason);

    if (rc == NGX_DECLINED) {
        ngx_live_sfu_count(replayed);
        return;
    }

    if (rc != NGX_OK) {
        ngx_live_sfu_count(unauthentic);
        return;
    }

    ngx_live_sfu_publish_rtp(s, data, len, index);
}


static void
ngx_live_sfu_rtcp(ngx_live_sfu_session_t *s, u_char *data, size_t len)
{
    ngx_int_t    rc;
    const char  *reason;

    if (!s->keyed) {
        return;
    }

    rc = ngx_live_srtcp_unprotect(&s->in, data, data, &len, &reason);

    if (rc == NGX_DECLINED) {
        ngx_live_sfu_count(replayed);
        return;
    }

    if (rc != NGX_OK) {
        ngx_live_sfu_count(unauthentic);
        return;
    }

    if (s->publish) {
        ngx_live_sfu_publish_rtcp(s, data, data + len);

    } else if (s->outs) {
        ngx_live_sfu_play_rtcp(s, data, data + len);
    }
}


void
ngx_live_sfu_send_rtcp(ngx_live_sfu_session_t *s, u_char *data, size_t len)
{
    u_char               *buf;
    size_t                n;
    ngx_live_sfu_path_t  *path;

    path = ngx_live_sfu_path(s);

    if (path == NULL || !s->keyed) {
        return;
    }

    buf = ngx_live_sfu_reserve();

    n = ngx_live_srtcp_protect(&s->out, buf, buf + NGX_LIVE_SFU_DATAGRAM,
                               data, len);
    if (n) {
        ngx_live_sfu_commit(path, n);
    }
}


static void
ngx_live_sfu_kill_handler(ngx_live_session_t *session)
{
    ngx_live_sfu_close(session->data,
                       session->reason ? session->reason : "it was ended");
}


static void
ngx_live_sfu_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t               timeout;
    ngx_connection_t        *dummy;
    ngx_live_sfu_socket_t   *sock;
    ngx_live_sfu_session_t  *s;

    dummy = ev->data;
    s = dummy->data;

    if (s->sh->ended) {
        ngx_live_sfu_close(s, "client has ended it");
        return;
    }

    if (ngx_exiting && ngx_live_sfu_shut_down()) {
        ngx_live_sfu_close(s, "worker is shutting down");
        return;
    }

    timeout = NGX_LIVE_SFU_TIMEOUT;

    if (s->sh->npaths) {
        sock = ngx_live_sfu_socket(s->sh->paths[0].socket);

        if (sock) {
            timeout = sock->timeout;
        }
    }

    if (ngx_current_msec - s->checked > timeout) {
        ngx_live_sfu_close(s, "client is silent");
        return;
    }

    ngx_live_sfu_dtls_tick(s);

    ngx_add_timer(&s->timer, NGX_LIVE_SFU_TICK);

    if (s->outs) {
        ngx_live_sfu_play_tick(s);

    } else if (s->publish) {
        ngx_live_sfu_publish_tick(s);
    }
}


/* nginx ends connections by "worker_shutdown_timeout", and we have none */

static ngx_uint_t
ngx_live_sfu_shut_down(void)
{
    ngx_core_conf_t    *ccf;

    static ngx_msec_t   since;

    if (since == 0) {
        since = ngx_current_msec ? ngx_current_msec : 1;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    return ccf->shutdown_timeout
           && ngx_current_msec - since >= ccf->shutdown_timeout;
}


void
ngx_live_sfu_close(ngx_live_sfu_session_t *s, const char *reason)
{
    if (s->closed) {
        return;
    }

    s->closed = 1;

    if (reason) {
        ngx_log_error(NGX_LOG_INFO, s->log, 0,
                      "WebRTC session of \"%*s/%*s\" ends: %s",
                      (size_t) s->sh->app_len, s->sh->app,
                      (size_t) s->sh->name_len, s->sh->name, reason);
    }

    ngx_live_sfu_play_stop(s);
    ngx_live_sfu_publish_stop(s);

    ngx_live_session_close(&s->session);

    if (s->stream) {
        ngx_live_stream_close(s->stream);
    }

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    ngx_live_sfu_dtls_free(s, 1);
    ngx_live_srtp_destroy(&s->in);
    ngx_live_srtp_destroy(&s->out);

    if (s->sources) {
        ngx_free(s->sources);
    }

    if (s->rtcp_sources) {
        ngx_free(s->rtcp_sources);
    }

    if (s->pool) {
        ngx_destroy_pool(s->pool);
    }

    ngx_queue_remove(&s->queue);
    ngx_live_sfu_locals[ngx_live_sfu_index(s->sh)] = NULL;

    ngx_live_sfu_destroy(s->sh);

    ngx_free(s);
}
