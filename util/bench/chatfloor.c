
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The floor of a chat: the least that a program must do to tell many clients
 * the same.  It reads nothing, makes no connection of messages and clients
 * but a loop of send(), of one frame each time or, with -F, of all frames
 * that were due since the last time.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>


#define CHATFLOOR_CLIENTS  8192
#define CHATFLOOR_FRAMES   64


typedef struct {
    int        port;
    int64_t    interval;                /* ns between messages */
    int64_t    flush;                   /* ns, 0: send each message */
    size_t     length;                  /* of a message, with its header */
    int64_t    next;

    u_char     out[CHATFLOOR_FRAMES * 1024];
    size_t     out_len;

    int        ep;
    int        listen;
    int        timer;
    int        fds[CHATFLOOR_CLIENTS];
    int        n;
} chatfloor_t;


static int chatfloor_init(chatfloor_t *f);
static void chatfloor_loop(chatfloor_t *f);
static void chatfloor_accept(chatfloor_t *f);
static void chatfloor_send(chatfloor_t *f);
static void chatfloor_frame(chatfloor_t *f, int64_t due);
static void chatfloor_stop(int signo);


static volatile sig_atomic_t  chatfloor_stopped;
static chatfloor_t            chatfloor;


int
main(int argc, char **argv)
{
    int           c, i, workers;
    chatfloor_t  *f;

    f = &chatfloor;
    f->interval = BENCH_SECOND / 10;
    f->length = 300;
    workers = 2;

    while ((c = getopt(argc, argv, "p:m:l:F:w:")) != -1) {
        switch (c) {
        case 'p': f->port = atoi(optarg); break;
        case 'm': f->interval = BENCH_SECOND / atof(optarg); break;
        case 'l': f->length = atoi(optarg); break;
        case 'F': f->flush = atoi(optarg) * BENCH_MS; break;
        case 'w': workers = atoi(optarg); break;
        default: f->port = 0; optind = argc + 1;
        }
    }

    if (f->port == 0 || f->interval <= 0 || f->length < 130
        || f->length > 1024)
    {
        bench_usage("usage: chatfloor -p port [-m messages per second] "
                    "[-l length]\n    [-F flush, ms] [-w workers]");
    }

    bench_limits();

    f->next = bench_now();

    for (i = 0; i < workers; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);

            if (chatfloor_init(f) == -1) {
                perror("chatfloor");
                return 1;
            }

            chatfloor_loop(f);
        }
    }

    signal(SIGTERM, chatfloor_stop);
    signal(SIGINT, chatfloor_stop);

    while (!chatfloor_stopped && pause() == -1) { /* void */ }

    return 0;
}


static void
chatfloor_stop(int signo)
{
    chatfloor_stopped = 1;
}


static int
chatfloor_init(chatfloor_t *f)
{
    int64_t             step;
    struct itimerspec   it;
    struct epoll_event  ee;

    f->listen = bench_listen(f->port);
    f->ep = epoll_create1(0);
    f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    if (f->listen == -1 || f->ep == -1 || f->timer == -1) {
        return -1;
    }

    step = f->flush > f->interval ? f->flush : f->interval;

    it.it_value.tv_sec = f->next / BENCH_SECOND;
    it.it_value.tv_nsec = f->next % BENCH_SECOND;
    it.it_interval.tv_sec = step / BENCH_SECOND;
    it.it_interval.tv_nsec = step % BENCH_SECOND;

    ee.events = EPOLLIN;
    ee.data.fd = f->listen;

    if (epoll_ctl(f->ep, EPOLL_CTL_ADD, f->listen, &ee) == -1) {
        return -1;
    }

    ee.data.fd = f->timer;

    if (epoll_ctl(f->ep, EPOLL_CTL_ADD, f->timer, &ee) == -1) {
        return -1;
    }

    return timerfd_settime(f->timer, TFD_TIMER_ABSTIME, &it, NULL);
}


static void
chatfloor_loop(chatfloor_t *f)
{
    int                 i, n;
    uint64_t            expired;
    struct epoll_event  events[16];

    for ( ;; ) {
        n = epoll_wait(f->ep, events, 16, -1);

        for (i = 0; i < n; i++) {

            if (events[i].data.fd == f->listen) {
                chatfloor_accept(f);

            } else if (read(f->timer, &expired, sizeof(expired)) != -1) {
                chatfloor_send(f);
            }
        }
    }
}


static void
chatfloor_accept(chatfloor_t *f)
{
    int  fd;

    while (f->n < CHATFLOOR_CLIENTS) {

        fd = accept4(f->listen, NULL, NULL, SOCK_NONBLOCK);
        if (fd == -1) {
            return;
        }

        f->fds[f->n++] = fd;
    }
}


static void
chatfloor_send(chatfloor_t *f)
{
    int      i;
    int64_t  now;

    now = bench_now();

    /* a message is said when it is due, as far as its clients know */

    while (f->next <= now) {
        f->out_len = 0;

        do {
            chatfloor_frame(f, f->next);
            f->next += f->interval;

        } while (f->flush && f->next <= now
                 && f->out_len + 1024 <= sizeof(f->out));

        for (i = 0; i < f->n; i++) {
            if (send(f->fds[i], f->out, f->out_len, MSG_NOSIGNAL) == -1
                && errno != EAGAIN)
            {
                close(f->fds[i]);
                f->fds[i--] = f->fds[--f->n];
            }
        }
    }
}


static void
chatfloor_frame(chatfloor_t *f, int64_t due)
{
    u_char  *p;

    p = f->out + f->out_len;

    /* an unmasked text frame: RFC 6455, 5.2 */

    p[0] = 0x81;
    p[1] = 126;
    p[2] = (f->length - 4) >> 8;
    p[3] = (f->length - 4) & 0xff;

    memset(p + 4, 'x', f->length - 4);
    bench_mark_write(p + 4, due);

    f->out_len += f->length;
}
