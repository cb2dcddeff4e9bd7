
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Loads an LL-HLS server in one of two ways.  Live: N clients follow the live
 * edge of all renditions, each by a connection of its own, with blocking
 * reloads and a request for each part, and the time is taken from the newest
 * frame of a part to the part fetched.  Closed: N connections ask for the
 * newest playlist, part or segment, or for a given URI, as fast as they are
 * answered.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>


#define HLSLOAD_TRACKS  2
#define HLSLOAD_LATE    200             /* ms */
#define HLSLOAD_START   30              /* s, until all are connected */


/* what a connection waits for */

typedef enum {
    hlsload_first = 0,                  /* a playlist, at once */
    hlsload_blocked,                    /* a playlist with the next part */
    hlsload_part,
    hlsload_closed                      /* closed loop */
} hlsload_phase_e;


typedef struct {
    bench_http_t       http;
    int                track;
    int                used;            /* had an answer */
    hlsload_phase_e    phase;
    uint32_t           events;
    bench_edge_t       edge;            /* fetched so far */
    bench_edge_t       next;
    bench_edge_t       fetching;
    int                newest;
    int                idle;            /* playlists without news in a row */
    int64_t            asked;
    int64_t            listed;          /* when the part's playlist came */
} hlsload_conn_t;


typedef struct {
    char               playlist[2 * BENCH_URI];
    bench_stat_t       part;            /* newest frame to part fetched */
    bench_stat_t       list;            /* newest frame to playlist read */
    bench_stat_t       fetch;           /* part asked for to part fetched */
} hlsload_track_t;


typedef struct {
    const char        *host;
    int                port;
    const char        *uri;
    const char        *kind;
    int                n;
    int                rate;
    double             seconds;

    int                ep;
    int                ntracks;
    hlsload_track_t    tracks[HLSLOAD_TRACKS];
    hlsload_conn_t    *conns;
    int                nconns;
    int                opened;
    char               target[2 * BENCH_URI];

    int                window;
    int64_t            now;
    uint64_t           playlists;
    uint64_t           parts;
    uint64_t           closed;
    uint64_t           closed_bytes;
    uint64_t           bytes;
    uint64_t           gaps;
    uint64_t           errors;
    char               error[192];

    bench_processes_t  from;
    bench_processes_t  to;
} hlsload_t;


static int hlsload_options(hlsload_t *hl, int argc, char **argv);
static int hlsload_init(hlsload_t *hl);
static void hlsload_loop(hlsload_t *hl);
static void hlsload_open(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_ask(hlsload_t *hl, hlsload_conn_t *c, const char *uri);
static void hlsload_reload(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_event(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_watch(hlsload_t *hl, hlsload_conn_t *c, uint32_t events);
static void hlsload_answer(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_refused(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_playlist(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_fetched(hlsload_t *hl, hlsload_conn_t *c);
static void hlsload_target(hlsload_t *hl, hlsload_conn_t *c,
    bench_playlist_t *pl);
static void hlsload_fail(hlsload_t *hl, hlsload_conn_t *c, const char *error);
static void hlsload_report(hlsload_t *hl, double seconds);


static hlsload_t  hlsload;


int
main(int argc, char **argv)
{
    hlsload_t  *hl;

    hl = &hlsload;

    if (hlsload_options(hl, argc, argv) == -1) {
        bench_usage("usage: hlsload -u uri [-h address] [-p port] "
                    "[-k live | playlist | part | segment | file]\n"
                    "    [-c clients] [-r clients per second] [-t seconds] "
                    "[-P pid,pid,...]\n"
                    "the URI is that of a multivariant playlist, or with "
                    "-k file of anything");
    }

    bench_limits();

    if (hlsload_init(hl) == -1) {
        return 1;
    }

    hlsload_loop(hl);

    return 0;
}


static int
hlsload_options(hlsload_t *hl, int argc, char **argv)
{
    int  c;

    hl->host = "127.0.0.1";
    hl->port = 8080;
    hl->kind = "live";
    hl->n = 1;
    hl->rate = 100;
    hl->seconds = 10;

    while ((c = getopt(argc, argv, "h:p:u:k:c:r:t:P:")) != -1) {
        switch (c) {
        case 'h': hl->host = optarg; break;
        case 'p': hl->port = atoi(optarg); break;
        case 'u': hl->uri = optarg; break;
        case 'k': hl->kind = optarg; break;
        case 'c': hl->n = atoi(optarg); break;
        case 'r': hl->rate = atoi(optarg); break;
        case 't': hl->seconds = atof(optarg); break;
        case 'P':
            if (bench_processes_parse(&hl->from, optarg) == -1) {
                return -1;
            }
            break;
        default:
            return -1;
        }
    }

    return (hl->uri == NULL || hl->n < 1 || hl->rate < 1) ? -1 : 0;
}


static int
hlsload_init(hlsload_t *hl)
{
    int           i, live;
    char          video[BENCH_URI], audio[BENCH_URI];
    bench_http_t  h;

    live = strcmp(hl->kind, "live") == 0;

    if (strcmp(hl->kind, "file") == 0) {
        snprintf(hl->target, sizeof(hl->target), "%s", hl->uri);

    } else {
        memset(&h, 0, sizeof(h));

        if (bench_http_get(&h, hl->host, hl->port, hl->uri) != 200
            || bench_playlist_master((char *) h.body, video, audio) == -1)
        {
            fprintf(stderr, "hlsload: no playlist at %s\n", hl->uri);
            return -1;
        }

        bench_uri(hl->tracks[0].playlist, hl->uri, video);
        hl->ntracks = 1;

        if (audio[0] && live) {
            bench_uri(hl->tracks[1].playlist, hl->uri, audio);
            hl->ntracks = 2;
        }

        free(h.body);
    }

    if (live) {
        hl->nconns = hl->n * hl->ntracks;

    } else {

        /* the first follows the live edge for the others */

        hl->nconns = hl->n + hl->ntracks;
    }

    hl->ep = epoll_create1(0);
    hl->conns = calloc(hl->nconns, sizeof(hlsload_conn_t));

    if (hl->ep == -1 || hl->conns == NULL) {
        perror("hlsload");
        return -1;
    }

    for (i = 0; i < hl->nconns; i++) {
        hl->conns[i].http.fd = -1;
        hl->conns[i].track = live ? i % hl->ntracks : 0;
        hl->conns[i].phase = live || i < hl->ntracks ? hlsload_first
                                                     : hlsload_closed;
    }

    return 0;
}


static void
hlsload_loop(hlsload_t *hl)
{
    int                 i, n;
    int64_t             start, from, end, next, step;
    struct epoll_event  events[512];

    hl->to = hl->from;
    hl->now = bench_now();
    start = hl->now;
    next = hl->now;
    from = hl->now;
    end = 0;
    step = BENCH_SECOND / hl->rate / (hl->ntracks ? hl->ntracks : 1);

    for ( ;; ) {
        n = epoll_wait(hl->ep, events, 512, 1);
        hl->now = bench_now();

        for (i = 0; i < n; i++) {
            hlsload_event(hl, events[i].data.ptr);
        }

        while (hl->opened < hl->nconns && hl->now >= next
               && (hl->target[0] || hl->conns[hl->opened].phase
                                    != hlsload_closed))
        {
            hlsload_open(hl, &hl->conns[hl->opened++]);
            next += step;

            /* two seconds for the last to come to rest */

            from = hl->now + 2 * BENCH_SECOND;
        }

        if (hl->opened < hl->nconns || hl->now < from) {
            if (hl->now - start > HLSLOAD_START * BENCH_SECOND) {
                hlsload_fail(hl, NULL, "nothing to ask for");
                break;
            }

            continue;
        }

        if (!hl->window) {
            hl->window = 1;
            bench_processes_cpu(&hl->from);
            from = bench_now();
            end = from + hl->seconds * BENCH_SECOND;
            continue;
        }

        if (hl->now >= end) {
            break;
        }
    }

    bench_processes_cpu(&hl->to);

    hlsload_report(hl, (double) (bench_now() - from) / BENCH_SECOND);
}


static void
hlsload_open(hlsload_t *hl, hlsload_conn_t *c)
{
    struct epoll_event  ee;

    c->used = 0;
    c->http.fd = bench_connect(hl->host, hl->port, 1);

    if (c->http.fd == -1) {
        hlsload_fail(hl, NULL, strerror(errno));
        return;
    }

    c->events = EPOLLIN|EPOLLOUT;
    ee.events = c->events;
    ee.data.ptr = c;

    if (epoll_ctl(hl->ep, EPOLL_CTL_ADD, c->http.fd, &ee) == -1) {
        hlsload_fail(hl, c, strerror(errno));
        return;
    }

    if (c->phase == hlsload_closed) {
        hlsload_ask(hl, c, hl->target);
        return;
    }

    c->phase = hlsload_first;
    hlsload_ask(hl, c, hl->tracks[c->track].playlist);
}


static void
hlsload_ask(hlsload_t *hl, hlsload_conn_t *c, const char *uri)
{
    int  rc;

    c->asked = bench_now();
    bench_http_request(&c->http, hl->host, uri);

    rc = bench_http_send(&c->http);

    if (rc == -1) {
        hlsload_fail(hl, c, strerror(errno));
        return;
    }

    hlsload_watch(hl, c, rc ? EPOLLIN : EPOLLIN|EPOLLOUT);
}


static void
hlsload_reload(hlsload_t *hl, hlsload_conn_t *c)
{
    char         uri[2 * BENCH_URI + 64];
    const char  *playlist;

    playlist = hl->tracks[c->track].playlist;

    snprintf(uri, sizeof(uri), "%s%s_HLS_msn=%lld&_HLS_part=%d", playlist,
             strchr(playlist, '?') ? "&" : "?",
             (long long) c->next.msn, c->next.part);

    c->phase = hlsload_blocked;
    hlsload_ask(hl, c, uri);
}


static void
hlsload_event(hlsload_t *hl, hlsload_conn_t *c)
{
    int  rc;

    if (c->http.fd == -1) {
        return;
    }

    rc = bench_http_send(&c->http);

    if (rc == 1) {
        hlsload_watch(hl, c, EPOLLIN);
        rc = bench_http_read(&c->http);
    }

    if (rc == 0) {
        return;
    }

    if (rc == -1) {
        hlsload_fail(hl, c, "connection closed by the server");
        return;
    }

    hl->now = bench_now();
    c->used = 1;

    if (hl->window) {
        hl->bytes += c->http.body_len;
    }

    hlsload_answer(hl, c);
}


static void
hlsload_watch(hlsload_t *hl, hlsload_conn_t *c, uint32_t events)
{
    struct epoll_event  ee;

    if (c->events == events) {
        return;
    }

    c->events = events;
    ee.events = events;
    ee.data.ptr = c;

    (void) epoll_ctl(hl->ep, EPOLL_CTL_MOD, c->http.fd, &ee);
}


static void
hlsload_answer(hlsload_t *hl, hlsload_conn_t *c)
{
    if (c->http.status != 200) {
        hlsload_refused(hl, c);
        return;
    }

    switch (c->phase) {

    case hlsload_closed:
        if (hl->window) {
            hl->closed++;
            hl->closed_bytes += c->http.body_len;
        }

        if (c->http.close) {
            close(c->http.fd);
            hlsload_open(hl, c);

        } else {
            hlsload_ask(hl, c, hl->target);
        }

        return;

    case hlsload_part:
        hlsload_fetched(hl, c);
        break;

    default:
        hlsload_playlist(hl, c);
    }
}


/* the server may say why: what is printed must stay a JSON string */

static void
hlsload_refused(hlsload_t *hl, hlsload_conn_t *c)
{
    char  *p, error[sizeof(hl->error)];

    snprintf(error, sizeof(error), "status %d for %.60s: %.48s",
             c->http.status, c->http.out + sizeof("GET ") - 1,
             c->http.body_len ? (char *) c->http.body : "");

    for (p = error; *p; p++) {
        if (*p == '"' || *p == '\\' || *p < ' ') {
            *p = ' ';
        }
    }

    hlsload_fail(hl, c, error);
}


static void
hlsload_playlist(hlsload_t *hl, hlsload_conn_t *c)
{
    char              uri[2 * BENCH_URI];
    bench_playlist_t  pl;

    hl->playlists += hl->window;

    if (bench_playlist_parse(&pl, (char *) c->http.body, c->edge) == -1
        || pl.ended)
    {
        hlsload_fail(hl, c, "playlist is broken or ended");
        return;
    }

    if (hl->nconns > hl->n * hl->ntracks) {
        hlsload_target(hl, c, &pl);
    }

    c->next = pl.next;

    if (c->phase == hlsload_first) {
        c->edge = pl.last;
        hlsload_reload(hl, c);
        return;
    }

    if (pl.uri[0] == '\0' || pl.gap) {
        hl->gaps += hl->window && pl.gap;
        c->edge = pl.gap ? pl.uri_edge : c->edge;

        /* a server that does not block would be asked without end */

        if (!pl.gap && ++c->idle > 20) {
            hlsload_fail(hl, c, "blocking reload without the part");
            return;
        }

        hlsload_reload(hl, c);
        return;
    }

    c->idle = 0;
    c->listed = hl->now;
    c->fetching = pl.uri_edge;
    c->newest = (pl.uri_edge.msn == pl.last.msn
                 && pl.uri_edge.part == pl.last.part);
    c->phase = hlsload_part;

    bench_uri(uri, hl->tracks[c->track].playlist, pl.uri);
    hlsload_ask(hl, c, uri);
}


static void
hlsload_fetched(hlsload_t *hl, hlsload_conn_t *c)
{
    int64_t           mark;
    hlsload_track_t  *track;

    track = &hl->tracks[c->track];

    if (hl->window) {
        hl->parts++;
        mark = bench_mark_last(c->http.body, c->http.body_len);

        if (mark != -1) {
            bench_stat_add(&track->part,
                           (double) (hl->now - mark) / BENCH_MS);
            bench_stat_add(&track->list,
                           (double) (c->listed - mark) / BENCH_MS);
        }

        bench_stat_add(&track->fetch, (double) (hl->now - c->asked)
                                      / BENCH_MS);
    }

    c->edge = c->fetching;

    if (!c->newest) {
        c->next.msn = c->edge.msn;
        c->next.part = c->edge.part + 1;
    }

    hlsload_reload(hl, c);
}


static void
hlsload_target(hlsload_t *hl, hlsload_conn_t *c, bench_playlist_t *pl)
{
    const char        *playlist;
    bench_edge_t       before;
    bench_playlist_t   newest;

    playlist = hl->tracks[c->track].playlist;

    if (strcmp(hl->kind, "playlist") == 0) {
        snprintf(hl->target, sizeof(hl->target), "%s", playlist);
        return;
    }

    if (strcmp(hl->kind, "segment") == 0) {
        if (pl->segment[0]) {
            bench_uri(hl->target, playlist, pl->segment);
        }

        return;
    }

    before = pl->last;
    before.part--;

    (void) bench_playlist_parse(&newest, (char *) c->http.body, before);

    if (newest.uri[0]) {
        bench_uri(hl->target, playlist, newest.uri);
    }
}


static void
hlsload_fail(hlsload_t *hl, hlsload_conn_t *c, const char *error)
{
    hl->errors++;
    snprintf(hl->error, sizeof(hl->error), "%s", error);

    if (c == NULL || c->http.fd == -1) {
        return;
    }

    close(c->http.fd);
    c->http.fd = -1;

    /* one that had worked comes back, as a player does */

    if (c->used && hl->errors < 10000) {
        hlsload_open(hl, c);
    }
}


static void
hlsload_report(hlsload_t *hl, double seconds)
{
    int               i;
    hlsload_track_t  *t;
    static char      *names[] = { "video", "audio" };

    printf("{\"kind\": \"%s\", \"clients\": %d, \"seconds\": %.3f, "
           "\"playlists\": %llu, \"parts\": %llu, \"closed\": %llu, "
           "\"closed_bytes\": %llu, \"bytes\": %llu, \"gaps\": %llu, "
           "\"errors\": %llu, \"error\": \"%s\", ",
           hl->kind, hl->n, seconds,
           (unsigned long long) hl->playlists,
           (unsigned long long) hl->parts,
           (unsigned long long) hl->closed,
           (unsigned long long) hl->closed_bytes,
           (unsigned long long) hl->bytes,
           (unsigned long long) hl->gaps,
           (unsigned long long) hl->errors, hl->error);

    for (i = 0; i < hl->ntracks; i++) {
        t = &hl->tracks[i];

        printf("\"%s\": {", names[i]);
        bench_stat_print(stdout, "part_ms", &t->part);
        printf(", ");
        bench_stat_print(stdout, "playlist_ms", &t->list);
        printf(", ");
        bench_stat_print(stdout, "fetch_ms", &t->fetch);
        printf(", \"late\": %zu}, ", bench_stat_above(&t->part,
                                                      HLSLOAD_LATE));
    }

    bench_processes_print(stdout, &hl->from, &hl->to);
    printf("}\n");
}
