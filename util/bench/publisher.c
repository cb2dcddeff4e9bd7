
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Publishes an FLV file over RTMP in real time, again and again with
 * timestamps that go on, each frame marked with the time of its sending.
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


typedef struct {
    const char      *host;
    int              port;
    const char      *app;
    char             name[128];
    double           seconds;

    int              fd;
    uint32_t         stream;
    int              publishing;
    int              failed;

    u_char          *buf;
    size_t           size;

    uint64_t         frames;
    uint64_t         bytes;
    bench_stat_t     late;              /* ms behind the due time */
} publisher_t;


static int publisher_run(publisher_t *pub, bench_flv_t *flv);
static int publisher_start(publisher_t *pub, bench_rtmp_t *r);
static void publisher_message(bench_rtmp_t *r, bench_rtmp_csid_t *m);
static int publisher_receive(publisher_t *pub, bench_rtmp_t *r, int timeout);
static int publisher_headers(publisher_t *pub, bench_flv_t *flv);
static int publisher_send(publisher_t *pub, int type, uint32_t timestamp,
    u_char *data, size_t len);
static int publisher_write(publisher_t *pub, u_char *p, size_t len);
static int publisher_stream(publisher_t *pub, bench_rtmp_t *r,
    bench_flv_t *flv);
static void publisher_report(publisher_t *pub, bench_rtmp_t *r);
static int publisher_fork(publisher_t *pub, bench_flv_t *flv, int n);
static void publisher_stop(int signo);


static volatile sig_atomic_t  publisher_stopped;


int
main(int argc, char **argv)
{
    int            c, n;
    const char    *file, *name;
    publisher_t    pub;
    bench_flv_t   *flv;

    memset(&pub, 0, sizeof(pub));
    pub.host = "127.0.0.1";
    pub.port = 1935;
    pub.app = "live";
    pub.seconds = 60;
    name = "bench";
    file = NULL;
    n = 1;

    while ((c = getopt(argc, argv, "h:p:a:n:f:t:c:")) != -1) {
        switch (c) {
        case 'h': pub.host = optarg; break;
        case 'p': pub.port = atoi(optarg); break;
        case 'a': pub.app = optarg; break;
        case 'n': name = optarg; break;
        case 'f': file = optarg; break;
        case 't': pub.seconds = atof(optarg); break;
        case 'c': n = atoi(optarg); break;
        default: file = NULL; optind = argc + 1;
        }
    }

    if (file == NULL || n < 1) {
        bench_usage("usage: publisher -f FLV [-h address] [-p port] "
                    "[-a app] [-n name] [-t seconds] [-c streams]\n"
                    "more than one stream are NAME, NAME-1, NAME-2, ...");
    }

    bench_limits();
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(pub.name, sizeof(pub.name), "%s", name);

    signal(SIGTERM, publisher_stop);
    signal(SIGINT, publisher_stop);

    flv = bench_flv_load(file);
    if (flv == NULL) {
        return 1;
    }

    return publisher_fork(&pub, flv, n);
}


static void
publisher_stop(int signo)
{
    publisher_stopped = 1;
}


static int
publisher_fork(publisher_t *pub, bench_flv_t *flv, int n)
{
    int    i, status, rc;
    pid_t  pid[64];

    n = n < 64 ? n : 64;

    for (i = 1; i < n; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            snprintf(pub->name + strlen(pub->name),
                     sizeof(pub->name) - strlen(pub->name), "-%d", i);
            exit(publisher_run(pub, flv));
        }
    }

    rc = publisher_run(pub, flv);

    for (i = 1; i < n; i++) {
        if (pid[i] > 0) {
            kill(pid[i], SIGTERM);
            waitpid(pid[i], &status, 0);
            rc |= status ? 1 : 0;
        }
    }

    return rc;
}


static int
publisher_run(publisher_t *pub, bench_flv_t *flv)
{
    bench_rtmp_t  *r;

    pub->fd = bench_connect(pub->host, pub->port, 0);
    if (pub->fd == -1) {
        perror("publisher: connect()");
        return 1;
    }

    r = bench_rtmp_create(publisher_message, pub, 0);

    if (r == NULL || publisher_start(pub, r) == -1) {
        fprintf(stderr, "publisher: publishing failed: %s\n",
                r && r->error ? r->error : "connection closed");
        return 1;
    }

    printf("{\"publishing\": \"%s\"}\n", pub->name);

    if (publisher_headers(pub, flv) == -1
        || publisher_stream(pub, r, flv) == -1)
    {
        fprintf(stderr, "publisher: publishing ended: %s\n",
                r->error ? r->error : strerror(errno));
        pub->failed = 1;
    }

    publisher_report(pub, r);
    close(pub->fd);

    return pub->failed;
}


static int
publisher_start(publisher_t *pub, bench_rtmp_t *r)
{
    int      connected;
    int64_t  end;

    connected = 0;
    end = bench_now() + 10 * BENCH_SECOND;

    while (!pub->publishing) {

        if (bench_rtmp_handshaken(r) && !connected) {
            bench_rtmp_connect(r, pub->host, pub->port, pub->app);
            connected = 1;
        }

        if (publisher_receive(pub, r, 100) == -1 || bench_now() > end) {
            return -1;
        }
    }

    return 0;
}


static void
publisher_message(bench_rtmp_t *r, bench_rtmp_csid_t *m)
{
    publisher_t  *pub;

    pub = r->data;

    if (bench_rtmp_is(m, "_error") || bench_rtmp_has(m, "error")) {
        r->error = "server answered with an error";
        pub->failed = 1;
        return;
    }

    if (bench_rtmp_is(m, "_result")) {

        if (bench_rtmp_has(m, "NetConnection")) {
            bench_rtmp_create_stream(r);

        } else {
            pub->stream = bench_rtmp_stream(m);
            bench_rtmp_publish(r, pub->stream, pub->name);
        }

        return;
    }

    if (bench_rtmp_is(m, "onStatus")
        && bench_rtmp_has(m, "NetStream.Publish.Start"))
    {
        pub->publishing = 1;
    }
}


static int
publisher_receive(publisher_t *pub, bench_rtmp_t *r, int timeout)
{
    u_char         buf[8192];
    ssize_t        n;
    struct pollfd  pfd;

    if (r->out_len) {
        if (publisher_write(pub, r->out, r->out_len) == -1) {
            return -1;
        }

        r->out_len = 0;
    }

    if (timeout) {
        pfd.fd = pub->fd;
        pfd.events = POLLIN;

        if (poll(&pfd, 1, timeout) == -1 && errno != EINTR) {
            return -1;
        }
    }

    n = recv(pub->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n == -1) {
        return (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    }

    if (n == 0) {
        r->error = "connection closed by the server";
        return -1;
    }

    if (bench_rtmp_input(r, buf, n) == -1 || pub->failed) {
        return -1;
    }

    return 0;
}


static int
publisher_headers(publisher_t *pub, bench_flv_t *flv)
{
    size_t         len;
    u_char        *p;
    bench_frame_t  *meta;
    static u_char  set[] = { 2, 0, 13, '@', 's', 'e', 't', 'D', 'a', 't', 'a',
                             'F', 'r', 'a', 'm', 'e' };

    meta = &flv->meta;

    if (meta->len) {
        len = sizeof(set) + meta->len;

        p = malloc(len);
        if (p == NULL) {
            return -1;
        }

        memcpy(p, set, sizeof(set));
        memcpy(p + sizeof(set), meta->data, meta->len);

        if (publisher_send(pub, BENCH_FLV_META, 0, p, len) == -1) {
            return -1;
        }

        free(p);
    }

    if (publisher_send(pub, BENCH_FLV_VIDEO, 0, flv->video.header.data,
                       flv->video.header.len)
        == -1)
    {
        return -1;
    }

    return publisher_send(pub, BENCH_FLV_AUDIO, 0, flv->audio.header.data,
                          flv->audio.header.len);
}


static int
publisher_stream(publisher_t *pub, bench_rtmp_t *r, bench_flv_t *flv)
{
    int64_t          start, due, now;
    bench_source_t   src;
    struct timespec  ts;

    bench_source_init(&src, flv);
    start = bench_now();

    while (!publisher_stopped) {

        due = start + bench_source_due(&src);

        if (due - start > pub->seconds * BENCH_SECOND) {
            break;
        }

        ts.tv_sec = due / BENCH_SECOND;
        ts.tv_nsec = due % BENCH_SECOND;

        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0) {
            continue;
        }

        now = bench_now();
        bench_stat_add(&pub->late, (double) (now - due) / BENCH_MS);
        bench_source_next(&src, now);

        if (publisher_send(pub, src.type, src.timestamp, src.buf, src.len)
            == -1
            || publisher_receive(pub, r, 0) == -1)
        {
            return -1;
        }

        pub->frames++;
    }

    return 0;
}


static int
publisher_send(publisher_t *pub, int type, uint32_t timestamp, u_char *data,
    size_t len)
{
    size_t   size;
    u_char  *p;

    size = bench_rtmp_size(len);

    if (size > pub->size) {
        p = realloc(pub->buf, size);
        if (p == NULL) {
            return -1;
        }

        pub->buf = p;
        pub->size = size;
    }

    p = bench_rtmp_write(pub->buf, type == BENCH_FLV_AUDIO ? 5 : 6, type,
                         timestamp, pub->stream, data, len);
    pub->bytes += len;

    return publisher_write(pub, pub->buf, p - pub->buf);
}


static int
publisher_write(publisher_t *pub, u_char *p, size_t len)
{
    ssize_t  n;

    while (len) {
        n = send(pub->fd, p, len, MSG_NOSIGNAL);

        if (n == -1) {
            if (errno == EINTR && !publisher_stopped) {
                continue;
            }

            return -1;
        }

        p += n;
        len -= n;
    }

    return 0;
}


static void
publisher_report(publisher_t *pub, bench_rtmp_t *r)
{
    printf("{\"name\": \"%s\", \"frames\": %llu, \"bytes\": %llu, ",
           pub->name, (unsigned long long) pub->frames,
           (unsigned long long) pub->bytes);
    bench_stat_print(stdout, "late_ms", &pub->late);
    printf("}\n");
}
