
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The floor: the least that a program must do to send a live stream to many
 * players over TCP.  It reads no network input, speaks no protocol, copies a
 * frame once and not per player, and sends from one buffer that all players
 * share, either each message by a send() of its own or, with -F, all that has
 * come since the last send, an interval ago, by one.  The bytes are RTMP's
 * chunks, so that the same player counts and dates them.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>


#define FLOOR_RING     (8 * 1024 * 1024)
#define FLOOR_PLAYERS  4096
#define FLOOR_HEADERS  8192


typedef struct {
    int              fd;
    int              blocked;
    uint64_t         pos;               /* in the ring */
} floor_player_t;


typedef struct {
    int              port;
    int64_t          flush;             /* ns, 0: send each message */
    int64_t          flushed;           /* when it was sent last */
    bench_source_t   source;
    int64_t          start;

    u_char          *ring;              /* mapped twice in a row */
    uint64_t         head;
    uint64_t         gop;               /* position of the last key frame */
    u_char          *out;
    size_t           out_size;

    u_char           headers[FLOOR_HEADERS];
    size_t           headers_len;

    int              ep;
    int              listen;
    int              timer;
    floor_player_t  *players[FLOOR_PLAYERS];
    int              n;
} floor_t;


static void floor_worker(floor_t *f, bench_flv_t *flv);
static int floor_init(floor_t *f, bench_flv_t *flv);
static u_char *floor_map(void);
static void floor_headers(floor_t *f, bench_flv_t *flv);
static void floor_loop(floor_t *f);
static void floor_timer(floor_t *f);
static void floor_arm(floor_t *f);
static void floor_message(floor_t *f);
static void floor_accept(floor_t *f);
static void floor_send_all(floor_t *f);
static int floor_send(floor_t *f, floor_player_t *player);
static void floor_close(floor_t *f, floor_player_t *player);
static void floor_stop(int signo);


static volatile sig_atomic_t  floor_stopped;


int
main(int argc, char **argv)
{
    int           c, i, workers;
    const char   *file;
    floor_t       f;
    bench_flv_t  *flv;

    memset(&f, 0, sizeof(f));
    file = NULL;
    workers = 2;

    while ((c = getopt(argc, argv, "p:f:F:w:")) != -1) {
        switch (c) {
        case 'p': f.port = atoi(optarg); break;
        case 'f': file = optarg; break;
        case 'F': f.flush = atoi(optarg) * BENCH_MS; break;
        case 'w': workers = atoi(optarg); break;
        default: file = NULL; optind = argc + 1;
        }
    }

    if (file == NULL || f.port == 0) {
        bench_usage("usage: floor -p port -f FLV [-F flush, ms] [-w workers]");
    }

    bench_limits();

    flv = bench_flv_load(file);
    if (flv == NULL) {
        return 1;
    }

    f.start = bench_now();

    for (i = 0; i < workers; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            floor_worker(&f, flv);
            return 1;
        }
    }

    signal(SIGTERM, floor_stop);
    signal(SIGINT, floor_stop);

    while (!floor_stopped && pause() == -1) { /* void */ }

    return 0;
}


static void
floor_stop(int signo)
{
    floor_stopped = 1;
}


static void
floor_worker(floor_t *f, bench_flv_t *flv)
{
    if (floor_init(f, flv) == -1) {
        perror("floor");
        return;
    }

    floor_headers(f, flv);
    floor_arm(f);
    floor_loop(f);
}


static int
floor_init(floor_t *f, bench_flv_t *flv)
{
    struct epoll_event  ee;

    f->ring = floor_map();
    f->listen = bench_listen(f->port);
    f->ep = epoll_create1(0);
    f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    if (f->ring == NULL || f->listen == -1 || f->ep == -1 || f->timer == -1) {
        return -1;
    }

    bench_source_init(&f->source, flv);

    ee.events = EPOLLIN;
    ee.data.ptr = &f->listen;

    if (epoll_ctl(f->ep, EPOLL_CTL_ADD, f->listen, &ee) == -1) {
        return -1;
    }

    ee.data.ptr = &f->timer;

    return epoll_ctl(f->ep, EPOLL_CTL_ADD, f->timer, &ee);
}


/* what wraps around is contiguous when the ring is mapped twice in a row */

static u_char *
floor_map(void)
{
    int      fd;
    u_char  *p;

    fd = memfd_create("floor", 0);

    if (fd == -1 || ftruncate(fd, FLOOR_RING) == -1) {
        return NULL;
    }

    p = mmap(NULL, 2 * FLOOR_RING, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1,
             0);

    if (p == MAP_FAILED
        || mmap(p, FLOOR_RING, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED,
                fd, 0) == MAP_FAILED
        || mmap(p + FLOOR_RING, FLOOR_RING, PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_FIXED, fd, 0) == MAP_FAILED)
    {
        return NULL;
    }

    return p;
}


static void
floor_headers(floor_t *f, bench_flv_t *flv)
{
    size_t           i;
    u_char          *p;
    bench_frame_t   *h[3];
    static int       types[] = { BENCH_FLV_META, BENCH_FLV_VIDEO,
                                 BENCH_FLV_AUDIO };

    h[0] = &flv->meta;
    h[1] = &flv->video.header;
    h[2] = &flv->audio.header;

    p = f->headers;

    for (i = 0; i < 3; i++) {
        if (bench_rtmp_size(h[i]->len)
            <= (size_t) (f->headers + FLOOR_HEADERS - p))
        {
            p = bench_rtmp_write(p, 6, types[i], 0, 1, h[i]->data, h[i]->len);
        }
    }

    f->headers_len = p - f->headers;
}


static void
floor_loop(floor_t *f)
{
    int                 i, n;
    void               *ptr;
    floor_player_t     *player;
    struct epoll_event  events[512];

    for ( ;; ) {
        n = epoll_wait(f->ep, events, 512, -1);

        for (i = 0; i < n; i++) {
            ptr = events[i].data.ptr;

            if (ptr == &f->timer) {
                floor_timer(f);
                continue;
            }

            if (ptr == &f->listen) {
                floor_accept(f);
                continue;
            }

            player = ptr;

            if (events[i].events & (EPOLLHUP|EPOLLERR|EPOLLRDHUP)) {
                floor_close(f, player);

            } else if (player->blocked) {
                player->blocked = 0;

                if (floor_send(f, player) == -1) {
                    floor_close(f, player);
                }
            }
        }

        /* a closed player may stand in later events of the same batch */

        for (i = 0; i < f->n; i++) {
            if (f->players[i]->fd == -1) {
                free(f->players[i]);
                f->players[i--] = f->players[--f->n];
            }
        }
    }
}


static void
floor_timer(floor_t *f)
{
    int64_t   now;
    uint64_t  expired;

    if (read(f->timer, &expired, sizeof(expired)) == -1) {
        return;
    }

    now = bench_now();

    while (f->start + bench_source_due(&f->source) <= now) {
        floor_message(f);

        if (f->flush == 0) {
            floor_send_all(f);
        }
    }

    if (f->flush) {
        f->flushed = now;
        floor_send_all(f);
    }

    floor_arm(f);
}


static void
floor_arm(floor_t *f)
{
    int64_t            at;
    struct itimerspec  it;

    at = f->start + bench_source_due(&f->source);

    if (at < f->flushed + f->flush) {
        at = f->flushed + f->flush;
    }

    memset(&it, 0, sizeof(it));
    it.it_value.tv_sec = at / BENCH_SECOND;
    it.it_value.tv_nsec = at % BENCH_SECOND;

    timerfd_settime(f->timer, TFD_TIMER_ABSTIME, &it, NULL);
}


static void
floor_message(floor_t *f)
{
    u_char          *p;
    bench_source_t  *src;

    src = &f->source;

    /* a message is sent at its due time as far as its receivers know */

    bench_source_next(src, f->start + bench_source_due(src));

    if (src->type == BENCH_FLV_VIDEO && src->key) {
        f->gop = f->head;
    }

    p = f->ring + f->head % FLOOR_RING;
    p = bench_rtmp_write(p, src->type == BENCH_FLV_AUDIO ? 5 : 6, src->type,
                         src->timestamp, 1, src->buf, src->len);

    f->head += p - (f->ring + f->head % FLOOR_RING);
}


static void
floor_accept(floor_t *f)
{
    int                 fd;
    floor_player_t     *player;
    struct epoll_event  ee;

    while (f->n < FLOOR_PLAYERS) {

        fd = accept4(f->listen, NULL, NULL, SOCK_NONBLOCK);
        if (fd == -1) {
            return;
        }

        player = calloc(1, sizeof(floor_player_t));
        if (player == NULL) {
            close(fd);
            return;
        }

        player->fd = fd;
        player->pos = f->gop;

        ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
        ee.data.ptr = player;

        f->players[f->n++] = player;

        if (epoll_ctl(f->ep, EPOLL_CTL_ADD, fd, &ee) == -1
            || send(fd, f->headers, f->headers_len, MSG_NOSIGNAL) == -1
            || floor_send(f, player) == -1)
        {
            floor_close(f, player);
        }
    }
}


static void
floor_send_all(floor_t *f)
{
    int  i;

    for (i = 0; i < f->n; i++) {
        if (floor_send(f, f->players[i]) == -1) {
            floor_close(f, f->players[i]);
        }
    }
}


static int
floor_send(floor_t *f, floor_player_t *player)
{
    size_t   len;
    ssize_t  n;

    if (player->fd == -1 || player->blocked) {
        return 0;
    }

    /* too slow: what it would be sent is being overwritten */

    if (f->head - player->pos > FLOOR_RING * 3 / 4) {
        return -1;
    }

    while (player->pos < f->head) {
        len = f->head - player->pos;

        n = send(player->fd, f->ring + player->pos % FLOOR_RING, len,
                 MSG_NOSIGNAL|MSG_DONTWAIT);

        if (n == -1) {
            if (errno == EAGAIN) {
                player->blocked = 1;
                return 0;
            }

            return -1;
        }

        player->pos += n;

        if ((size_t) n < len) {
            player->blocked = 1;
            return 0;
        }
    }

    return 0;
}


static void
floor_close(floor_t *f, floor_player_t *player)
{
    if (player->fd != -1) {
        close(player->fd);
        player->fd = -1;
    }
}
