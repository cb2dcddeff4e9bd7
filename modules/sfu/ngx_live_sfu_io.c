
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Datagrams in and out, in batches.  nginx's own reader takes one datagram
 * at a time and makes a connection for each address, whoever has written it
 * there; so the listening socket is read by us.
 */


#include "ngx_live_sfu_session.h"

#include <sys/socket.h>


#define NGX_LIVE_SFU_SOCKETS     16
#define NGX_LIVE_SFU_READ        32      /* datagrams of a system call */
#define NGX_LIVE_SFU_READS       4       /* of them in a turn */
#define NGX_LIVE_SFU_WRITE       64
#define NGX_LIVE_SFU_BUFFER      1536
#define NGX_LIVE_SFU_HANDSHAKES  8       /* half a millisecond each */


static void ngx_live_sfu_read_handler(ngx_event_t *ev);
static void ngx_live_sfu_path_read(ngx_live_sfu_path_t *path,
    ngx_sockaddr_t *sa, uint16_t number);
static socklen_t ngx_live_sfu_path_write(ngx_live_sfu_path_t *path,
    ngx_live_sfu_socket_t *s, ngx_sockaddr_t *sa);
static void ngx_live_sfu_topic(void);
static void ngx_live_sfu_flush(void);
static void ngx_live_sfu_flush_handler(ngx_event_t *ev);
static void ngx_live_sfu_turn(void);


static ngx_live_sfu_socket_t  ngx_live_sfu_list[NGX_LIVE_SFU_SOCKETS];
static ngx_uint_t             ngx_live_sfu_nlist;

/* what was read last, and what is to be sent */

static u_char                 ngx_live_sfu_in[NGX_LIVE_SFU_READ]
                                             [NGX_LIVE_SFU_BUFFER];

static struct {
    u_char                    data[NGX_LIVE_SFU_WRITE][NGX_LIVE_SFU_BUFFER];
    struct mmsghdr            msgs[NGX_LIVE_SFU_WRITE];
    struct iovec              iovs[NGX_LIVE_SFU_WRITE];
    ngx_sockaddr_t            addrs[NGX_LIVE_SFU_WRITE];
    ngx_uint_t                n;
    ngx_socket_t              fd;         /* of all of them */
} ngx_live_sfu_batch;

static ngx_event_t            ngx_live_sfu_flush_event;
static ngx_uint_t             ngx_live_sfu_nhandshakes;


ngx_int_t
ngx_live_sfu_io_init(ngx_cycle_t *cycle)
{
    ngx_live_sfu_nlist = 0;
    ngx_live_sfu_batch.n = 0;

    ngx_live_sfu_flush_event.handler = ngx_live_sfu_flush_handler;
    ngx_live_sfu_flush_event.log = cycle->log;

    ngx_live_topic_handlers[NGX_LIVE_TOPIC_SFU] = ngx_live_sfu_topic;

    return NGX_OK;
}


ngx_int_t
ngx_live_sfu_io_add(ngx_cycle_t *cycle, ngx_listening_t *ls,
    ngx_live_sfu_socket_t *s)
{
    uint32_t                hash;
    ngx_live_sfu_socket_t  *sock;

    if (ngx_live_sfu_nlist == NGX_LIVE_SFU_SOCKETS) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "more than %d sockets of \"live_sfu\", "
                      "\"%V\" is not served", NGX_LIVE_SFU_SOCKETS,
                      &ls->addr_text);
        return NGX_OK;
    }

    sock = &ngx_live_sfu_list[ngx_live_sfu_nlist];

    *sock = *s;

    /* a copy, since nginx closes its own while sessions go on */

    sock->fd = fcntl(ls->fd, F_DUPFD_CLOEXEC, 0);

    if (sock->fd == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "fcntl(F_DUPFD_CLOEXEC) failed");
        return NGX_ERROR;
    }

    /* workers of all generations agree on it */

    hash = ngx_crc32_short((u_char *) ls->sockaddr, ls->socklen);

    sock->number = (uint16_t) (hash ^ hash >> 16);
    sock->family = ls->sockaddr->sa_family;
    sock->sockaddr = ls->sockaddr;
    sock->socklen = ls->socklen;
    sock->port = ngx_inet_get_port(ls->sockaddr);
    sock->wildcard = ngx_inet_wildcard(ls->sockaddr);

    ngx_live_sfu_nlist++;

    if (ls->connection) {
        ls->connection->data = (void *) (uintptr_t) sock->number;
        ls->connection->read->handler = ngx_live_sfu_read_handler;
    }

    return NGX_OK;
}


ngx_live_sfu_socket_t *
ngx_live_sfu_socket(ngx_uint_t number)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_live_sfu_nlist; i++) {
        if (ngx_live_sfu_list[i].number == number) {
            return &ngx_live_sfu_list[i];
        }
    }

    return NULL;
}


ngx_live_sfu_socket_t *
ngx_live_sfu_sockets(ngx_uint_t *n)
{
    *n = ngx_live_sfu_nlist;

    return ngx_live_sfu_list;
}


static void
ngx_live_sfu_read_handler(ngx_event_t *ev)
{
    int                   n, i;
    ngx_uint_t            turns;
    ngx_sockaddr_t        addrs[NGX_LIVE_SFU_READ];
    struct iovec          iovs[NGX_LIVE_SFU_READ];
    struct mmsghdr        msgs[NGX_LIVE_SFU_READ];
    ngx_connection_t     *c;
    ngx_live_sfu_path_t   path;

    c = ev->data;

    for (turns = 0; turns < NGX_LIVE_SFU_READS; turns++) {

        ngx_memzero(msgs, sizeof(msgs));

        for (i = 0; i < NGX_LIVE_SFU_READ; i++) {
            iovs[i].iov_base = ngx_live_sfu_in[i];
            iovs[i].iov_len = NGX_LIVE_SFU_BUFFER;
            msgs[i].msg_hdr.msg_iov = &iovs[i];
            msgs[i].msg_hdr.msg_iovlen = 1;
            msgs[i].msg_hdr.msg_name = &addrs[i];
            msgs[i].msg_hdr.msg_namelen = sizeof(ngx_sockaddr_t);
        }

        n = recvmmsg(c->fd, msgs, NGX_LIVE_SFU_READ, MSG_DONTWAIT, NULL);

        if (n == -1) {

            if (ngx_socket_errno != NGX_EAGAIN
                && ngx_socket_errno != NGX_EINTR)
            {
                ngx_log_error(NGX_LOG_ERR, ev->log, ngx_socket_errno,
                              "recvmmsg() failed");
            }

            return;
        }

        (void) ngx_atomic_fetch_add(
                             &ngx_live_sfu_zone->sh->counters.received, n);

        for (i = 0; i < n; i++) {

            if (msgs[i].msg_hdr.msg_flags & MSG_TRUNC) {
                ngx_live_sfu_count(unknown);
                continue;
            }

            ngx_live_sfu_path_read(&path, &addrs[i],
                                   (uint16_t) (uintptr_t) c->data);
            ngx_live_sfu_datagram(&path, ngx_live_sfu_in[i], msgs[i].msg_len,
                                  0);
        }

        /* the event is level-triggered: the rest comes with the next turn */

        if (n < NGX_LIVE_SFU_READ) {
            return;
        }
    }
}


static void
ngx_live_sfu_path_read(ngx_live_sfu_path_t *path, ngx_sockaddr_t *sa,
    uint16_t number)
{
    ngx_memzero(path, sizeof(ngx_live_sfu_path_t));

    path->socket = number;

    if (sa->sockaddr.sa_family == AF_INET6) {
        path->port = sa->sockaddr_in6.sin6_port;
        ngx_memcpy(path->ip, &sa->sockaddr_in6.sin6_addr, 16);
        return;
    }

    path->port = sa->sockaddr_in.sin_port;
    path->ip[10] = 0xff;
    path->ip[11] = 0xff;
    ngx_memcpy(path->ip + 12, &sa->sockaddr_in.sin_addr, 4);
}


static socklen_t
ngx_live_sfu_path_write(ngx_live_sfu_path_t *path, ngx_live_sfu_socket_t *s,
    ngx_sockaddr_t *sa)
{
    if (s->family == AF_INET6) {
        ngx_memzero(&sa->sockaddr_in6, sizeof(struct sockaddr_in6));

        sa->sockaddr_in6.sin6_family = AF_INET6;
        sa->sockaddr_in6.sin6_port = path->port;
        ngx_memcpy(&sa->sockaddr_in6.sin6_addr, path->ip, 16);

        return sizeof(struct sockaddr_in6);
    }

    ngx_memzero(&sa->sockaddr_in, sizeof(struct sockaddr_in));

    sa->sockaddr_in.sin_family = AF_INET;
    sa->sockaddr_in.sin_port = path->port;
    ngx_memcpy(&sa->sockaddr_in.sin_addr, path->ip + 12, 4);

    return sizeof(struct sockaddr_in);
}


/* datagrams that others have received for us, and sessions to be ended */

static void
ngx_live_sfu_topic(void)
{
    u_char                       data[NGX_LIVE_SFU_DATAGRAM];
    size_t                       len;
    ngx_uint_t                   n;
    ngx_live_sfu_path_t          path;
    ngx_live_sfu_ring_sh_t      *ring;
    ngx_live_sfu_datagram_sh_t  *d;

    if (ngx_live_sfu_zone == NULL) {
        return;
    }

    ngx_live_sfu_turn();

    ring = &ngx_live_sfu_zone->sh->rings[ngx_live_slot];

    for (n = 0; ring->tail != ring->head && n < NGX_LIVE_SFU_RING; n++) {
        ngx_live_barrier();

        d = &ring->datagrams[ring->tail % NGX_LIVE_SFU_RING];

        len = ngx_min(d->len, NGX_LIVE_SFU_DATAGRAM);
        path = d->path;
        ngx_memcpy(data, d->data, len);

        ngx_live_barrier();

        ring->tail++;

        ngx_live_sfu_datagram(&path, data, len, 1);
    }

    if (ring->tail != ring->head) {
        ngx_live_bell_ring_topic(ngx_live_slot, NGX_LIVE_TOPIC_SFU);
    }
}


u_char *
ngx_live_sfu_reserve(void)
{
    if (ngx_live_sfu_batch.n == NGX_LIVE_SFU_WRITE) {
        ngx_live_sfu_flush();
    }

    return ngx_live_sfu_batch.data[ngx_live_sfu_batch.n];
}


void
ngx_live_sfu_commit(ngx_live_sfu_path_t *path, size_t len)
{
    ngx_uint_t              n;
    struct msghdr          *msg;
    ngx_live_sfu_socket_t  *s;

    s = ngx_live_sfu_socket(path->socket);

    if (s == NULL) {
        return;
    }

    n = ngx_live_sfu_batch.n;

    if (n && ngx_live_sfu_batch.fd != s->fd) {

        /* what was just written goes first in the next batch */

        ngx_live_sfu_flush();
        ngx_memcpy(ngx_live_sfu_batch.data[0], ngx_live_sfu_batch.data[n],
                   len);
        n = 0;
    }

    ngx_live_sfu_batch.fd = s->fd;

    ngx_live_sfu_batch.iovs[n].iov_base = ngx_live_sfu_batch.data[n];
    ngx_live_sfu_batch.iovs[n].iov_len = len;

    msg = &ngx_live_sfu_batch.msgs[n].msg_hdr;

    ngx_memzero(msg, sizeof(struct msghdr));

    msg->msg_iov = &ngx_live_sfu_batch.iovs[n];
    msg->msg_iovlen = 1;
    msg->msg_name = &ngx_live_sfu_batch.addrs[n];
    msg->msg_namelen = ngx_live_sfu_path_write(path, s,
                                               &ngx_live_sfu_batch.addrs[n]);

    ngx_live_sfu_batch.n = n + 1;

    ngx_live_sfu_turn();
}


void
ngx_live_sfu_send(ngx_live_sfu_path_t *path, u_char *data, size_t len)
{
    socklen_t               socklen;
    ngx_sockaddr_t          sa;
    ngx_live_sfu_socket_t  *s;

    s = ngx_live_sfu_socket(path->socket);

    if (s == NULL) {
        return;
    }

    socklen = ngx_live_sfu_path_write(path, s, &sa);

    if (sendto(s->fd, data, len, MSG_DONTWAIT, &sa.sockaddr, socklen) == -1) {
        ngx_live_sfu_count(unsent);
        return;
    }

    ngx_live_sfu_count(sent);
}


/*
 * A datagram that a full socket does not take is lost, as it would be in the
 * network: who misses it asks for it again.
 */

static void
ngx_live_sfu_flush(void)
{
    int         sent;
    ngx_uint_t  i, n, unsent;

    n = ngx_live_sfu_batch.n;
    unsent = 0;

    ngx_live_sfu_batch.n = 0;

    for (i = 0; i < n; /* void */ ) {
        sent = sendmmsg(ngx_live_sfu_batch.fd, &ngx_live_sfu_batch.msgs[i],
                        n - i, MSG_DONTWAIT);

        if (sent > 0) {
            i += sent;
            continue;
        }

        if (sent == -1 && ngx_socket_errno == NGX_EINTR) {
            continue;
        }

        if (sent == -1 && ngx_socket_errno == NGX_EAGAIN) {
            unsent += n - i;
            break;
        }

        /* one address cannot be reached: the others can */

        unsent++;
        i++;
    }

    (void) ngx_atomic_fetch_add(&ngx_live_sfu_zone->sh->counters.sent,
                                n - unsent);

    if (unsent) {
        (void) ngx_atomic_fetch_add(&ngx_live_sfu_zone->sh->counters.unsent,
                                    unsent);
    }
}


static void
ngx_live_sfu_turn(void)
{
    if (!ngx_live_sfu_flush_event.posted) {
        ngx_post_event(&ngx_live_sfu_flush_event, &ngx_posted_events);
    }
}


/* the end of a turn */

static void
ngx_live_sfu_flush_handler(ngx_event_t *ev)
{
    ngx_live_sfu_nhandshakes = 0;

    if (ngx_live_sfu_batch.n) {
        ngx_live_sfu_flush();
    }
}


ngx_int_t
ngx_live_sfu_handshake(void)
{
    if (ngx_live_sfu_nhandshakes == NGX_LIVE_SFU_HANDSHAKES) {
        ngx_live_sfu_count(postponed);
        return NGX_DECLINED;
    }

    ngx_live_sfu_nhandshakes++;
    ngx_live_sfu_turn();

    return NGX_OK;
}
