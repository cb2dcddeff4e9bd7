
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Opens N players of one stream by RTMP, HTTP-FLV or, against the floor, raw
 * TCP, reads for a while and prints what they received, how soon, and what it
 * cost the processes of the server meanwhile.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>


#define PLAYERS_BUFFER  262144
#define PLAYERS_HEAD    64

/* after these a worker has all that it has once and not for each player */
#define PLAYERS_WARM    8


typedef enum {
    players_raw = 0,
    players_rtmp,
    players_flv
} players_door_e;


/* reader of HTTP-FLV: response header, chunks if any, tags */

enum {
    flv_response = 0,
    flv_chunk_size,
    flv_chunk_end,
    flv_body
};


typedef struct {
    int              fd;
    int              index;
    int              connected;
    int              playing;
    int64_t          start;

    bench_rtmp_t    *rtmp;
    int              commanded;

    int              state;
    int              chunked;
    uint64_t         chunk;
    char             line[2048];
    size_t           line_len;

    u_char           tag[11 + PLAYERS_HEAD];
    size_t           tag_len;
    size_t           tag_left;          /* of body and size to come */
    size_t           tag_body;
    size_t           skip;              /* of the file's header */
} player_t;


typedef struct {
    const char      *host;
    int              port;
    const char      *app;
    const char      *name;
    const char      *uri;
    players_door_e   door;
    int              n;
    int              rate;              /* connections a second */
    double           seconds;

    int              ep;
    player_t        *players;
    int              opened;
    int              warm;
    int              errors;
    char             error[128];

    int              window;
    int64_t          now;
    uint64_t         bytes;
    uint64_t         messages;
    bench_stat_t     first;
    bench_stat_t     latency;

    bench_processes_t  before;
    bench_processes_t  from;
    bench_processes_t  to;
} players_t;


static int players_options(players_t *ps, int argc, char **argv);
static void players_loop(players_t *ps);
static void players_open(players_t *ps);
static void players_event(players_t *ps, player_t *pl, uint32_t events);
static int players_flush(players_t *ps, player_t *pl);
static int players_greet(players_t *ps, player_t *pl);
static void players_fail(players_t *ps, player_t *pl, const char *error);
static void players_message(bench_rtmp_t *r, bench_rtmp_csid_t *m);
static void players_frame(players_t *ps, player_t *pl, int type, u_char *p,
    size_t len);
static int players_http(players_t *ps, player_t *pl, u_char *p, size_t len);
static int players_http_line(players_t *ps, player_t *pl, u_char c);
static int players_http_header(players_t *ps, player_t *pl);
static void players_tags(players_t *ps, player_t *pl, u_char *p, size_t len);
static void players_report(players_t *ps, double seconds);


static players_t  players;


int
main(int argc, char **argv)
{
    players_t  *ps;

    ps = &players;

    if (players_options(ps, argc, argv) == -1) {
        bench_usage("usage: players [-d raw | rtmp | flv] [-h address] "
                    "[-p port] [-a app] [-n name]\n"
                    "    [-u uri of FLV] [-c players] [-r per second] "
                    "[-t seconds] [-P pid,pid,...]");
    }

    bench_limits();

    ps->ep = epoll_create1(0);
    ps->players = calloc(ps->n + 1, sizeof(player_t));

    if (ps->ep == -1 || ps->players == NULL) {
        perror("players");
        return 1;
    }

    players_loop(ps);

    return 0;
}


static int
players_options(players_t *ps, int argc, char **argv)
{
    int  c;

    ps->host = "127.0.0.1";
    ps->port = 1935;
    ps->app = "live";
    ps->name = "bench";
    ps->door = players_rtmp;
    ps->n = 1;
    ps->rate = 200;
    ps->seconds = 10;

    while ((c = getopt(argc, argv, "d:h:p:a:n:u:c:r:t:P:")) != -1) {
        switch (c) {
        case 'd':
            ps->door = (strcmp(optarg, "raw") == 0) ? players_raw
                       : (strcmp(optarg, "flv") == 0) ? players_flv
                       : players_rtmp;
            break;
        case 'h': ps->host = optarg; break;
        case 'p': ps->port = atoi(optarg); break;
        case 'a': ps->app = optarg; break;
        case 'n': ps->name = optarg; break;
        case 'u': ps->uri = optarg; break;
        case 'c': ps->n = atoi(optarg); break;
        case 'r': ps->rate = atoi(optarg); break;
        case 't': ps->seconds = atof(optarg); break;
        case 'P':
            if (bench_processes_parse(&ps->before, optarg) == -1) {
                return -1;
            }
            break;
        default:
            return -1;
        }
    }

    return (ps->n < 0 || ps->rate < 1 || optind < argc) ? -1 : 0;
}


static void
players_loop(players_t *ps)
{
    int                 i, n;
    int64_t             from, end, next;
    struct epoll_event  events[512];

    bench_processes_memory(&ps->before);
    ps->from = ps->before;
    ps->to = ps->before;

    ps->now = bench_now();
    next = ps->now;
    from = 0;
    end = 0;

    for ( ;; ) {
        n = epoll_wait(ps->ep, events, 512, 1);
        ps->now = bench_now();

        for (i = 0; i < n; i++) {
            players_event(ps, events[i].data.ptr, events[i].events);
        }

        while (ps->opened < ps->n && ps->now >= next) {

            if (ps->opened == PLAYERS_WARM && ps->warm == 0) {
                ps->warm = ps->opened;
                next = ps->now + BENCH_SECOND;
                break;
            }

            if (ps->opened == PLAYERS_WARM) {
                bench_processes_memory(&ps->before);
            }

            players_open(ps);
            next += BENCH_SECOND / ps->rate;

            /* a second for the last to come to rest */

            from = ps->now + BENCH_SECOND;
        }

        if (ps->opened < ps->n || ps->now < from) {
            continue;
        }

        if (!ps->window) {
            ps->window = 1;
            bench_processes_cpu(&ps->from);
            from = bench_now();
            end = from + ps->seconds * BENCH_SECOND;
            continue;
        }

        if (ps->now >= end) {
            break;
        }
    }

    bench_processes_cpu(&ps->to);
    end = bench_now();
    bench_processes_memory(&ps->to);

    players_report(ps, (double) (end - from) / BENCH_SECOND);
}


static void
players_open(players_t *ps)
{
    player_t           *pl;
    struct epoll_event  ee;

    pl = &ps->players[ps->opened];
    pl->index = ps->opened++;
    pl->start = bench_now();
    pl->skip = 13;
    pl->fd = bench_connect(ps->host, ps->port, 1);

    if (pl->fd == -1) {
        players_fail(ps, pl, strerror(errno));
        return;
    }

    if (ps->door != players_flv) {
        pl->rtmp = bench_rtmp_create(players_message, pl,
                                     ps->door == players_raw);

        if (pl->rtmp == NULL) {
            players_fail(ps, pl, "out of memory");
            return;
        }
    }

    ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
    ee.data.ptr = pl;

    if (epoll_ctl(ps->ep, EPOLL_CTL_ADD, pl->fd, &ee) == -1) {
        players_fail(ps, pl, strerror(errno));
    }
}


static void
players_event(players_t *ps, player_t *pl, uint32_t events)
{
    int            rc;
    ssize_t        n;
    static u_char  buf[PLAYERS_BUFFER];

    if (pl->fd == -1) {
        return;
    }

    if (players_greet(ps, pl) == -1) {
        players_fail(ps, pl, strerror(errno));
        return;
    }

    for ( ;; ) {
        n = recv(pl->fd, buf, sizeof(buf), MSG_DONTWAIT);

        if (n == -1 && (errno == EAGAIN || errno == ENOTCONN)) {
            return;
        }

        if (n <= 0) {
            players_fail(ps, pl, n ? strerror(errno)
                                   : "connection closed by the server");
            return;
        }

        ps->now = bench_now();

        if (ps->window) {
            ps->bytes += n;
        }

        rc = pl->rtmp ? bench_rtmp_input(pl->rtmp, buf, n)
                      : players_http(ps, pl, buf, n);

        if (rc == -1 || (pl->rtmp && pl->rtmp->error)) {
            players_fail(ps, pl, pl->rtmp && pl->rtmp->error
                                 ? pl->rtmp->error : "bad response");
            return;
        }

        if (pl->rtmp && players_flush(ps, pl) == -1) {
            players_fail(ps, pl, strerror(errno));
            return;
        }

        /* with EPOLLET the end is read as long as it has been told */

        if ((size_t) n < sizeof(buf) && !(events & EPOLLRDHUP)) {
            return;
        }
    }
}


/* what is to be said first, once the connection stands */

static int
players_greet(players_t *ps, player_t *pl)
{
    int        n;
    int        err;
    char       request[1024];
    socklen_t  len;

    if (pl->connected) {
        return pl->rtmp ? players_flush(ps, pl) : 0;
    }

    len = sizeof(err);

    if (getsockopt(pl->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1) {
        return -1;
    }

    if (err) {
        errno = err;
        return -1;
    }

    if (pl->rtmp) {
        if (players_flush(ps, pl) == -1) {
            return -1;
        }

        pl->connected = 1;
        return 0;
    }

    if (ps->uri) {
        n = snprintf(request, sizeof(request), "GET %.512s", ps->uri);

    } else {
        n = snprintf(request, sizeof(request), "GET /flv/%.200s/%.200s.flv",
                     ps->app, ps->name);
    }

    n += snprintf(request + n, sizeof(request) - n,
                  " HTTP/1.1\r\nHost: %.64s\r\n\r\n", ps->host);

    if (send(pl->fd, request, n, MSG_NOSIGNAL) == -1) {
        return (errno == EAGAIN || errno == ENOTCONN) ? 0 : -1;
    }

    pl->connected = 1;

    return 0;
}


static int
players_flush(players_t *ps, player_t *pl)
{
    ssize_t        n;
    bench_rtmp_t  *r;

    r = pl->rtmp;

    if (ps->door == players_rtmp && bench_rtmp_handshaken(r)
        && !pl->commanded)
    {
        bench_rtmp_connect(r, ps->host, ps->port, ps->app);
        pl->commanded = 1;
    }

    if (r->out_len == 0) {
        return 0;
    }

    /* the raw player's acknowledgements are not for the floor */

    n = (ps->door == players_raw) ? (ssize_t) r->out_len
        : send(pl->fd, r->out, r->out_len, MSG_NOSIGNAL);

    if (n == -1) {
        return (errno == EAGAIN || errno == ENOTCONN) ? 0 : -1;
    }

    memmove(r->out, r->out + n, r->out_len - n);
    r->out_len -= n;

    return 0;
}


static void
players_fail(players_t *ps, player_t *pl, const char *error)
{
    ps->errors++;
    snprintf(ps->error, sizeof(ps->error), "%s", error);

    if (pl->fd != -1) {
        close(pl->fd);
        pl->fd = -1;
    }
}


static void
players_message(bench_rtmp_t *r, bench_rtmp_csid_t *m)
{
    player_t  *pl;

    pl = r->data;

    if (m->type == BENCH_FLV_AUDIO || m->type == BENCH_FLV_VIDEO) {
        players_frame(&players, pl, m->type, m->head, m->head_len);
        return;
    }

    if (bench_rtmp_is(m, "_error") || bench_rtmp_has(m, "error")) {
        r->error = "server answered with an error";
        return;
    }

    if (!bench_rtmp_is(m, "_result")) {
        return;
    }

    if (bench_rtmp_has(m, "NetConnection")) {
        bench_rtmp_create_stream(r);

    } else {
        bench_rtmp_play(r, bench_rtmp_stream(m), players.name);
    }
}


static void
players_frame(players_t *ps, player_t *pl, int type, u_char *p, size_t len)
{
    int64_t  mark;

    if (!pl->playing && type == BENCH_FLV_VIDEO && len > 1
        && (p[0] >> 4 & 7) == 1 && p[1] == 1)
    {
        pl->playing = 1;
        bench_stat_add(&ps->first, (double) (ps->now - pl->start) / BENCH_MS);
    }

    if (!ps->window) {
        return;
    }

    ps->messages++;

    mark = bench_mark_first(p, len < PLAYERS_HEAD ? len : PLAYERS_HEAD);

    if (mark != -1) {
        bench_stat_add(&ps->latency, (double) (ps->now - mark) / BENCH_MS);
    }
}


static int
players_http(players_t *ps, player_t *pl, u_char *p, size_t len)
{
    size_t  n;

    while (len) {

        if (pl->state != flv_body) {
            if (players_http_line(ps, pl, *p) == -1) {
                return -1;
            }

            p++;
            len--;
            continue;
        }

        n = len;

        if (pl->chunked) {
            n = (pl->chunk < n) ? pl->chunk : n;
            pl->chunk -= n;

            if (pl->chunk == 0) {
                pl->state = flv_chunk_end;
            }
        }

        players_tags(ps, pl, p, n);

        p += n;
        len -= n;
    }

    return 0;
}


static int
players_http_line(players_t *ps, player_t *pl, u_char c)
{
    if (pl->line_len == sizeof(pl->line) - 1) {
        return -1;
    }

    pl->line[pl->line_len++] = c;
    pl->line[pl->line_len] = '\0';

    if (c != '\n') {
        return 0;
    }

    switch (pl->state) {

    case flv_response:

        if (pl->line_len < 4
            || memcmp(pl->line + pl->line_len - 4, "\r\n\r\n", 4) != 0)
        {
            return 0;
        }

        if (players_http_header(ps, pl) == -1) {
            return -1;
        }

        break;

    case flv_chunk_end:
        pl->state = flv_chunk_size;
        break;

    default:
        pl->chunk = strtoull(pl->line, NULL, 16);

        if (pl->chunk == 0) {
            return -1;
        }

        pl->state = flv_body;
    }

    pl->line_len = 0;

    return 0;
}


static int
players_http_header(players_t *ps, player_t *pl)
{
    if (strncmp(pl->line, "HTTP/1.1 200", 12) != 0) {
        return -1;
    }

    pl->chunked = strcasestr(pl->line, "transfer-encoding: chunked") != NULL;
    pl->state = pl->chunked ? flv_chunk_size : flv_body;

    return 0;
}


static void
players_tags(players_t *ps, player_t *pl, u_char *p, size_t len)
{
    size_t  n, want;

    while (len) {

        if (pl->skip) {
            n = (pl->skip < len) ? pl->skip : len;
            pl->skip -= n;

        } else if (pl->tag_len < 11) {
            n = (11 - pl->tag_len < len) ? 11 - pl->tag_len : len;
            memcpy(pl->tag + pl->tag_len, p, n);
            pl->tag_len += n;

            if (pl->tag_len == 11) {
                pl->tag_body = (size_t) pl->tag[1] << 16 | pl->tag[2] << 8
                               | pl->tag[3];
                pl->tag_left = pl->tag_body + 4;
            }

        } else {
            n = (pl->tag_left < len) ? pl->tag_left : len;
            want = sizeof(pl->tag) - pl->tag_len;
            want = (want < n) ? want : n;

            memcpy(pl->tag + pl->tag_len, p, want);
            pl->tag_len += want;
            pl->tag_left -= n;

            if (pl->tag_left == 0) {
                want = pl->tag_len - 11;
                want = (want < pl->tag_body) ? want : pl->tag_body;

                players_frame(ps, pl, pl->tag[0] & 0x1f, pl->tag + 11, want);
                pl->tag_len = 0;
            }
        }

        p += n;
        len -= n;
    }
}


static void
players_report(players_t *ps, double seconds)
{
    printf("{\"players\": %d, \"measured\": %d, \"playing\": %zu, "
           "\"errors\": %d, \"error\": \"%s\", \"seconds\": %.3f, "
           "\"bytes\": %llu, \"messages\": %llu, ",
           ps->n, ps->n - ps->warm, ps->first.n, ps->errors, ps->error,
           seconds,
           (unsigned long long) ps->bytes,
           (unsigned long long) ps->messages);

    bench_stat_print(stdout, "first_key_ms", &ps->first);
    printf(", ");
    bench_stat_print(stdout, "latency_ms", &ps->latency);
    printf(", ");

    /* memory is compared with that before the players measured */

    for (int i = 0; i < ps->from.n; i++) {
        ps->from.p[i].rss = ps->before.p[i].rss;
        ps->from.p[i].pss = ps->before.p[i].pss;
        ps->from.p[i].anon = ps->before.p[i].anon;
    }

    bench_processes_print(stdout, &ps->from, &ps->to);
    printf("}\n");
}
