
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Opens N WebSocket clients of one room, has a process of its own say M
 * messages a second in it, and prints how many were delivered, how soon, and
 * what it cost the processes of the server; and what memory the clients had
 * taken before anything was said.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


#define CHATLOAD_BUFFER  262144
#define CHATLOAD_FRAME   2048           /* longer ones are skipped */
#define CHATLOAD_START   60             /* s, until all are connected */


typedef enum {
    chatload_live = 0,
    chatload_nchan,
    chatload_raw                        /* frames without a handshake */
} chatload_kind_e;


typedef enum {
    client_connecting = 0,
    client_response,
    client_joining,
    client_ready
} client_state_e;


typedef struct {
    int                fd;
    client_state_e     state;
    uint64_t           skip;            /* of a long frame */
    size_t             len;             /* of a frame that is not whole */
    u_char             buf[CHATLOAD_FRAME];
} client_t;


typedef struct {
    const char        *host;
    int                port;
    const char        *uri;
    const char        *say_uri;         /* of the sender */
    chatload_kind_e    kind;
    int                n;
    int                rate;            /* connections a second */
    double             messages;        /* a second */
    size_t             length;          /* of a message */
    double             seconds;

    int                ep;
    client_t          *clients;
    int                opened;
    int                ready;
    int                errors;
    char               error[128];

    pid_t              sender;
    int                go;              /* pipe to the sender */
    volatile uint64_t *sent;            /* shared with it */

    int                window;
    int64_t            now;
    uint64_t           delivered;
    uint64_t           bytes;
    uint64_t           reads;
    bench_stat_t       latency;

    bench_processes_t  before;
    bench_processes_t  idle;
    bench_processes_t  from;
    bench_processes_t  to;
} chatload_t;


static int chatload_options(chatload_t *cl, int argc, char **argv);
static int chatload_sender(chatload_t *cl);
static void chatload_say(chatload_t *cl, int go);
static int chatload_wait(chatload_t *cl, int fd, char *buf, size_t size);
static void chatload_loop(chatload_t *cl);
static int chatload_connect(chatload_t *cl);
static void chatload_measure(chatload_t *cl);
static void chatload_turn(chatload_t *cl);
static void chatload_open(chatload_t *cl);
static void chatload_event(chatload_t *cl, client_t *c);
static int chatload_greet(chatload_t *cl, client_t *c);
static size_t chatload_request(chatload_t *cl, const char *uri, char *buf,
    size_t size);
static int chatload_input(chatload_t *cl, client_t *c, u_char *p,
    u_char *end);
static int chatload_frame(chatload_t *cl, client_t *c, int opcode, u_char *p,
    size_t len);
static void chatload_fail(chatload_t *cl, client_t *c, const char *error);
static void chatload_report(chatload_t *cl, double seconds, uint64_t sent);


static chatload_t  chatload;

static const char  chatload_join[] = "{\"type\":\"join\"}";


int
main(int argc, char **argv)
{
    chatload_t  *cl;

    cl = &chatload;

    if (chatload_options(cl, argc, argv) == -1) {
        bench_usage("usage: chatload -p port [-k live | nchan | raw] "
                    "[-h address]\n"
                    "    [-u uri] [-U uri of who says it]\n"
                    "    [-c clients] [-r clients per second] "
                    "[-m messages per second]\n"
                    "    [-l bytes of a message] [-t seconds] "
                    "[-P pid,pid,...]");
    }

    bench_limits();

    cl->ep = epoll_create1(0);
    cl->clients = calloc(cl->n + 1, sizeof(client_t));
    cl->sent = mmap(NULL, sizeof(uint64_t), PROT_READ|PROT_WRITE,
                    MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (cl->ep == -1 || cl->clients == NULL || cl->sent == MAP_FAILED
        || chatload_sender(cl) == -1)
    {
        perror("chatload");
        return 1;
    }

    chatload_loop(cl);

    if (cl->sender > 0) {
        kill(cl->sender, SIGKILL);
        waitpid(cl->sender, NULL, 0);
    }

    return 0;
}


static int
chatload_options(chatload_t *cl, int argc, char **argv)
{
    int  c;

    cl->host = "127.0.0.1";
    cl->uri = "/chat/live/bench";
    cl->n = 100;
    cl->rate = 1000;
    cl->messages = 10;
    cl->length = 64;
    cl->seconds = 10;

    while ((c = getopt(argc, argv, "k:h:p:u:U:c:r:m:l:t:P:")) != -1) {
        switch (c) {
        case 'k':
            cl->kind = (strcmp(optarg, "raw") == 0) ? chatload_raw
                       : (strcmp(optarg, "nchan") == 0) ? chatload_nchan
                       : chatload_live;
            break;
        case 'h': cl->host = optarg; break;
        case 'p': cl->port = atoi(optarg); break;
        case 'u': cl->uri = optarg; break;
        case 'U': cl->say_uri = optarg; break;
        case 'c': cl->n = atoi(optarg); break;
        case 'r': cl->rate = atoi(optarg); break;
        case 'm': cl->messages = atof(optarg); break;
        case 'l': cl->length = atoi(optarg); break;
        case 't': cl->seconds = atof(optarg); break;
        case 'P':
            if (bench_processes_parse(&cl->before, optarg) == -1) {
                return -1;
            }
            break;
        default:
            return -1;
        }
    }

    if (cl->say_uri == NULL) {
        cl->say_uri = cl->uri;
    }

    return (cl->port == 0 || cl->n < 1 || cl->rate < 1 || cl->messages <= 0
            || cl->length < BENCH_MARK_SIZE || cl->length > 1024
            || optind < argc)
           ? -1 : 0;
}


/* who says it keeps his pace while the clients read */

static int
chatload_sender(chatload_t *cl)
{
    int  fds[2];

    if (cl->kind == chatload_raw) {
        return 0;
    }

    if (pipe(fds) == -1) {
        return -1;
    }

    cl->go = fds[1];
    cl->sender = fork();

    if (cl->sender == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(fds[1]);
        chatload_say(cl, fds[0]);
        _exit(1);
    }

    close(fds[0]);

    return cl->sender == -1 ? -1 : 0;
}


static void
chatload_say(chatload_t *cl, int go)
{
    int              fd;
    char             text[2048], buf[65536];
    size_t           len, head;
    int64_t          next, end;
    struct timespec  ts;

    fd = -1;

    /* the parent says when, or is gone */

    if (read(go, buf, 1) != 1
        || (fd = bench_connect(cl->host, cl->port, 0)) == -1)
    {
        return;
    }

    len = chatload_request(cl, cl->say_uri, buf, sizeof(buf));

    if (send(fd, buf, len, MSG_NOSIGNAL) == -1
        || chatload_wait(cl, fd, buf, sizeof(buf)) == -1)
    {
        return;
    }

    head = 0;

    if (cl->kind == chatload_live) {
        if (bench_ws_send(fd, 1, chatload_join, sizeof(chatload_join) - 1)
            == -1)
        {
            return;
        }

        head = sprintf(text, "{\"type\":\"message\",\"text\":\"");
    }

    memset(text + head, 'x', cl->length);
    len = head + cl->length;

    if (cl->kind == chatload_live) {
        len += sprintf(text + len, "\"}");
    }

    next = bench_now();
    end = next + (cl->seconds + 30) * BENCH_SECOND;

    while (next < end) {
        ts.tv_sec = next / BENCH_SECOND;
        ts.tv_nsec = next % BENCH_SECOND;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);

        bench_mark_write((u_char *) text + head, bench_now());

        if (bench_ws_send(fd, 1, text, len) == -1) {
            return;
        }

        __atomic_add_fetch(cl->sent, 1, __ATOMIC_RELAXED);
        next += BENCH_SECOND / cl->messages;

        while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) { /* void */ }
    }
}


static int
chatload_wait(chatload_t *cl, int fd, char *buf, size_t size)
{
    ssize_t        n;
    struct pollfd  pfd;

    pfd.fd = fd;
    pfd.events = POLLIN;

    if (poll(&pfd, 1, 10000) != 1) {
        return -1;
    }

    n = recv(fd, buf, size, 0);

    return (n > 12 && memcmp(buf, "HTTP/1.1 101", 12) == 0) ? 0 : -1;
}


static void
chatload_loop(chatload_t *cl)
{
    bench_processes_memory(&cl->before);
    cl->idle = cl->before;
    cl->from = cl->before;
    cl->to = cl->before;

    if (chatload_connect(cl) == -1) {
        snprintf(cl->error, sizeof(cl->error), "%d of %d clients came in",
                 cl->ready, cl->n);
        cl->errors++;
    }

    bench_processes_memory(&cl->idle);

    chatload_measure(cl);
}


static int
chatload_connect(chatload_t *cl)
{
    int64_t  next, end;

    cl->now = bench_now();
    next = cl->now;
    end = cl->now + CHATLOAD_START * BENCH_SECOND;

    while (cl->opened < cl->n || cl->ready + cl->errors < cl->n) {
        chatload_turn(cl);

        while (cl->opened < cl->n && cl->now >= next) {
            chatload_open(cl);
            next += BENCH_SECOND / cl->rate;
        }

        if (cl->now > end) {
            return -1;
        }
    }

    /* a second for the last to come to rest */

    end = cl->now + BENCH_SECOND;

    while (cl->now < end) {
        chatload_turn(cl);
    }

    return 0;
}


static void
chatload_measure(chatload_t *cl)
{
    int64_t   from, end;
    uint64_t  sent;

    if (cl->sender > 0 && write(cl->go, "", 1) != 1) {
        cl->errors++;
    }

    end = bench_now() + BENCH_SECOND;

    while (cl->now < end) {
        chatload_turn(cl);
    }

    cl->window = 1;
    sent = *cl->sent;
    bench_processes_cpu(&cl->from);
    from = bench_now();
    end = from + cl->seconds * BENCH_SECOND;

    while (cl->now < end) {
        chatload_turn(cl);
    }

    bench_processes_cpu(&cl->to);
    end = bench_now();
    sent = *cl->sent - sent;
    bench_processes_memory(&cl->to);

    chatload_report(cl, (double) (end - from) / BENCH_SECOND, sent);
}


static void
chatload_turn(chatload_t *cl)
{
    int                 i, n;
    struct epoll_event  events[512];

    n = epoll_wait(cl->ep, events, 512, 1);
    cl->now = bench_now();

    for (i = 0; i < n; i++) {
        chatload_event(cl, events[i].data.ptr);
    }
}


static void
chatload_open(chatload_t *cl)
{
    client_t           *c;
    struct epoll_event  ee;

    c = &cl->clients[cl->opened++];
    c->fd = bench_connect(cl->host, cl->port, 1);

    if (c->fd == -1) {
        chatload_fail(cl, c, strerror(errno));
        return;
    }

    ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
    ee.data.ptr = c;

    if (epoll_ctl(cl->ep, EPOLL_CTL_ADD, c->fd, &ee) == -1) {
        chatload_fail(cl, c, strerror(errno));
    }
}


static void
chatload_event(chatload_t *cl, client_t *c)
{
    ssize_t        n;
    u_char        *p;
    static u_char  buf[CHATLOAD_FRAME + CHATLOAD_BUFFER];

    if (c->fd == -1) {
        return;
    }

    if (c->state == client_connecting && chatload_greet(cl, c) == -1) {
        chatload_fail(cl, c, strerror(errno));
        return;
    }

    for ( ;; ) {
        p = buf + CHATLOAD_FRAME;
        n = recv(c->fd, p, CHATLOAD_BUFFER, MSG_DONTWAIT);

        if (n == -1 && (errno == EAGAIN || errno == ENOTCONN)) {
            return;
        }

        if (n <= 0) {
            chatload_fail(cl, c, n ? strerror(errno)
                                   : "connection closed by the server");
            return;
        }

        cl->now = bench_now();
        cl->reads += cl->window;

        memcpy(p - c->len, c->buf, c->len);

        if (chatload_input(cl, c, p - c->len, p + n) == -1) {
            chatload_fail(cl, c, "unexpected answer");
            return;
        }

        if (n < CHATLOAD_BUFFER) {
            return;
        }
    }
}


static int
chatload_greet(chatload_t *cl, client_t *c)
{
    char    buf[1024];
    size_t  len;

    if (cl->kind == chatload_raw) {
        c->state = client_ready;
        cl->ready++;
        return 0;
    }

    len = chatload_request(cl, cl->uri, buf, sizeof(buf));

    if (send(c->fd, buf, len, MSG_NOSIGNAL|MSG_DONTWAIT) == -1) {
        return (errno == EAGAIN || errno == ENOTCONN) ? 0 : -1;
    }

    c->state = client_response;

    return 0;
}


static size_t
chatload_request(chatload_t *cl, const char *uri, char *buf, size_t size)
{
    return bench_ws_request(buf, size, cl->host, uri,
                            "Mozilla/5.0 (X11; Linux x86_64) "
                            "AppleWebKit/537.36 (KHTML, like Gecko)");
}


static int
chatload_input(chatload_t *cl, client_t *c, u_char *p, u_char *end)
{
    size_t    head;
    uint64_t  len;
    u_char   *body;

    c->len = 0;

    if (c->state == client_response) {
        body = memmem(p, end - p, "\r\n\r\n", 4);

        if (body == NULL || memcmp(p, "HTTP/1.1 101", 12) != 0) {
            return -1;
        }

        p = body + 4;
        c->state = client_ready;

        if (cl->kind == chatload_live) {
            c->state = client_joining;

            if (bench_ws_send(c->fd, 1, chatload_join,
                              sizeof(chatload_join) - 1) == -1)
            {
                return -1;
            }

        } else {
            cl->ready++;
        }
    }

    while (p < end) {

        if (c->skip) {
            len = (uint64_t) (end - p) < c->skip ? (uint64_t) (end - p)
                                                 : c->skip;
            c->skip -= len;
            p += len;
            continue;
        }

        len = 0;
        head = bench_ws_head(p, end, &len);

        if (head == 0
            || ((uint64_t) (end - p) < head + len
                && head + len <= CHATLOAD_FRAME))
        {
            c->len = end - p;
            memcpy(c->buf, p, c->len);
            break;
        }

        if ((uint64_t) (end - p) < head + len) {
            c->skip = head + len;
        }

        if (chatload_frame(cl, c, p[0] & 0x0f, p + head,
                           c->skip ? 0 : len) == -1)
        {
            return -1;
        }

        p += c->skip ? 0 : head + len;
    }

    return 0;
}


static int
chatload_frame(chatload_t *cl, client_t *c, int opcode, u_char *p, size_t len)
{
    int64_t  mark;

    if (opcode == 9) {
        return bench_ws_send(c->fd, 10, "", 0);
    }

    if (opcode != 1) {
        return -1;
    }

    if (c->state == client_joining) {
        c->state = client_ready;
        cl->ready++;
        return 0;
    }

    mark = cl->window ? bench_mark_first(p, len) : -1;

    if (mark != -1) {
        cl->delivered++;
        cl->bytes += len;
        bench_stat_add(&cl->latency, (double) (cl->now - mark) / BENCH_MS);
    }

    return 0;
}


static void
chatload_fail(chatload_t *cl, client_t *c, const char *error)
{
    cl->errors++;
    snprintf(cl->error, sizeof(cl->error), "%s", error);

    if (c->fd != -1) {
        close(c->fd);
        c->fd = -1;
    }

    if (c->state == client_ready) {
        cl->ready--;
    }
}


static void
chatload_report(chatload_t *cl, double seconds, uint64_t sent)
{
    int   i;
    long  total;

    total = 0;

    for (i = 0; i < cl->idle.n; i++) {
        total += cl->idle.p[i].pss;
    }

    printf("{\"clients\": %d, \"ready\": %d, \"seconds\": %.3f, "
           "\"sent\": %llu, \"delivered\": %llu, \"bytes\": %llu, "
           "\"reads\": %llu, \"errors\": %d, \"error\": \"%s\", "
           "\"idle_pss\": %ld, ",
           cl->n, cl->ready, seconds, (unsigned long long) sent,
           (unsigned long long) cl->delivered,
           (unsigned long long) cl->bytes, (unsigned long long) cl->reads,
           cl->errors, cl->error, total);

    bench_stat_print(stdout, "latency_ms", &cl->latency);
    printf(", \"p999\": %.3f, \"idle\": {",
           bench_stat_percentile(&cl->latency, 99.9));
    bench_processes_print(stdout, &cl->before, &cl->idle);
    printf("}, ");
    bench_processes_print(stdout, &cl->from, &cl->to);
    printf("}\n");
}
