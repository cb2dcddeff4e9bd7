
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Asks for the URIs of a file, one line each, in turn, by N connections, as
 * fast as they are answered.  After a while it begins to count.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>


#define REQUESTS_WARM  0.2              /* s */


typedef struct {
    const char        *host;
    int                port;
    const char        *file;
    int                nconns;
    double             seconds;

    char             **uris;
    size_t             nuris;
    size_t             next;

    int                ep;
    bench_http_t      *conns;
    int                window;
    uint64_t           requests;
    uint64_t           bytes;
    uint64_t           errors;
    int                status;          /* the last that was not 200 */

    bench_processes_t  from;
    bench_processes_t  to;
} requests_t;


static int requests_options(requests_t *r, int argc, char **argv);
static int requests_read(requests_t *r);
static int requests_open(requests_t *r);
static void requests_loop(requests_t *r);
static int requests_ask(requests_t *r, bench_http_t *h);
static int requests_event(requests_t *r, bench_http_t *h);
static void requests_report(requests_t *r, double seconds);


static requests_t  requests;


int
main(int argc, char **argv)
{
    requests_t  *r;

    r = &requests;

    if (requests_options(r, argc, argv) == -1) {
        bench_usage("usage: requests -f file [-h address] [-p port] "
                    "[-c connections] [-t seconds] [-P pid,pid,...]");
    }

    if (requests_read(r) == -1 || requests_open(r) == -1) {
        perror("requests");
        return 1;
    }

    requests_loop(r);

    return 0;
}


static int
requests_options(requests_t *r, int argc, char **argv)
{
    int  c;

    r->host = "127.0.0.1";
    r->port = 8080;
    r->nconns = 16;
    r->seconds = 1;

    while ((c = getopt(argc, argv, "h:p:f:c:t:P:")) != -1) {
        switch (c) {
        case 'h': r->host = optarg; break;
        case 'p': r->port = atoi(optarg); break;
        case 'f': r->file = optarg; break;
        case 'c': r->nconns = atoi(optarg); break;
        case 't': r->seconds = atof(optarg); break;
        case 'P':
            if (bench_processes_parse(&r->from, optarg) == -1) {
                return -1;
            }
            break;
        default:
            return -1;
        }
    }

    return (r->file == NULL || r->nconns < 1) ? -1 : 0;
}


static int
requests_read(requests_t *r)
{
    FILE    *f;
    char    *line, **uris;
    size_t   size;
    ssize_t  len;

    f = fopen(r->file, "r");
    if (f == NULL) {
        return -1;
    }

    for ( ;; ) {
        line = NULL;
        size = 0;
        len = getline(&line, &size, f);

        if (len < 1) {
            free(line);
            break;
        }

        line[strcspn(line, "\n")] = '\0';

        uris = realloc(r->uris, (r->nuris + 1) * sizeof(char *));
        if (uris == NULL) {
            return -1;
        }

        r->uris = uris;
        r->uris[r->nuris++] = line;
    }

    fclose(f);

    errno = EINVAL;

    return r->nuris ? 0 : -1;
}


static int
requests_open(requests_t *r)
{
    int                 i;
    bench_http_t       *h;
    struct epoll_event  ee;

    r->ep = epoll_create1(0);
    r->conns = calloc(r->nconns, sizeof(bench_http_t));

    if (r->ep == -1 || r->conns == NULL) {
        return -1;
    }

    for (i = 0; i < r->nconns; i++) {
        h = &r->conns[i];

        h->fd = bench_connect(r->host, r->port, 0);
        if (h->fd == -1) {
            return -1;
        }

        bench_nonblocking(h->fd);

        ee.events = EPOLLIN;
        ee.data.ptr = h;

        if (epoll_ctl(r->ep, EPOLL_CTL_ADD, h->fd, &ee) == -1
            || requests_ask(r, h) == -1)
        {
            return -1;
        }
    }

    return 0;
}


static void
requests_loop(requests_t *r)
{
    int                 i, n;
    int64_t             now, from, end;
    struct epoll_event  events[64];

    r->to = r->from;
    from = 0;
    end = bench_now() + REQUESTS_WARM * BENCH_SECOND;

    for ( ;; ) {
        n = epoll_wait(r->ep, events, 64, 10);

        for (i = 0; i < n; i++) {
            if (requests_event(r, events[i].data.ptr) == -1) {
                r->errors++;
                close(((bench_http_t *) events[i].data.ptr)->fd);
            }
        }

        now = bench_now();

        if (now < end) {
            continue;
        }

        if (r->window) {
            break;
        }

        r->window = 1;
        bench_processes_cpu(&r->from);
        from = bench_now();
        end = from + r->seconds * BENCH_SECOND;
    }

    bench_processes_cpu(&r->to);

    requests_report(r, (double) (now - from) / BENCH_SECOND);
}


/* a request is short: it fits into the socket's buffer */

static int
requests_ask(requests_t *r, bench_http_t *h)
{
    bench_http_request(h, r->host, r->uris[r->next++ % r->nuris]);

    return bench_http_send(h) == 1 ? 0 : -1;
}


static int
requests_event(requests_t *r, bench_http_t *h)
{
    int  rc;

    rc = bench_http_read(h);

    if (rc != 1) {
        return rc;
    }

    if (h->status != 200) {
        r->errors++;
        r->status = h->status;

    } else if (r->window) {
        r->requests++;
        r->bytes += h->body_len;
    }

    return h->close ? -1 : requests_ask(r, h);
}


static void
requests_report(requests_t *r, double seconds)
{
    printf("{\"seconds\": %.3f, \"requests\": %llu, \"bytes\": %llu, "
           "\"errors\": %llu, \"status\": %d, ",
           seconds, (unsigned long long) r->requests,
           (unsigned long long) r->bytes, (unsigned long long) r->errors,
           r->status);

    bench_processes_print(stdout, &r->from, &r->to);
    printf("}\n");
}
