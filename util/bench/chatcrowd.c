
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A crowd of WebSocket clients in many rooms on several nodes.  All of them
 * listen, and one after another says something.  Who loses its connection
 * comes back with its cursor, every other time to another node.  In the end
 * each has to have each message of its room once and in order.
 *
 * When all have joined they begin to speak; SIGUSR1 ends that, and SIGUSR2 the
 * time whose latency is that of a quiet day.  Each line that is printed is an
 * object: how things stand, and at last the report.
 */


#include "ngx_live_crowd.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define CHATCROWD_BUFFER   16384
#define CHATCROWD_JOIN     30           /* s that a join may take */
#define CHATCROWD_SECONDS  600          /* of talk that are room for */

#define chatcrowd_seconds(ns)  ((double) (ns) / BENCH_SECOND)


static int chatcrowd_options(chatcrowd_t *cc, int argc, char **argv);
static int chatcrowd_ports(chatcrowd_t *cc, char *list);
static int chatcrowd_init(chatcrowd_t *cc);
static void chatcrowd_signal(int signo);
static void chatcrowd_loop(chatcrowd_t *cc);
static void chatcrowd_timers(chatcrowd_t *cc);
static int chatcrowd_done(chatcrowd_t *cc);
static int chatcrowd_joined(chatcrowd_t *cc);
static void chatcrowd_say(chatcrowd_t *cc);
static client_t *chatcrowd_speaker(chatcrowd_t *cc, int room);
static void chatcrowd_connect(chatcrowd_t *cc, client_t *c);
static void chatcrowd_leave(chatcrowd_t *cc, client_t *c);
static void chatcrowd_greet(chatcrowd_t *cc, client_t *c);
static void chatcrowd_event(chatcrowd_t *cc, client_t *c);
static int chatcrowd_input(chatcrowd_t *cc, client_t *c);
static int chatcrowd_response(chatcrowd_t *cc, client_t *c);
static int chatcrowd_frame(chatcrowd_t *cc, client_t *c, int first, u_char *p,
    size_t len);
static void chatcrowd_closed(chatcrowd_t *cc, client_t *c, int code);
static void chatcrowd_status(chatcrowd_t *cc, const char *phase);
static void chatcrowd_report(chatcrowd_t *cc);


static chatcrowd_t            chatcrowd;

static volatile sig_atomic_t  chatcrowd_quiet;
static volatile sig_atomic_t  chatcrowd_stormy;


int
main(int argc, char **argv)
{
    chatcrowd_t  *cc;

    cc = &chatcrowd;

    if (chatcrowd_options(cc, argc, argv) == -1) {
        bench_usage("usage: chatcrowd -p port,port,... [-u uri of the rooms]\n"
                    "    [-c clients] [-r rooms] [-m messages per second]\n"
                    "    [-w seconds until all is settled]\n"
                    "    [-x lost,order,twice,untrue]");
    }

    bench_limits();

    if (chatcrowd_init(cc) == -1) {
        perror("chatcrowd");
        return 1;
    }

    chatcrowd_loop(cc);
    chatcrowd_report(cc);

    return 0;
}


static int
chatcrowd_options(chatcrowd_t *cc, int argc, char **argv)
{
    int  c;

    cc->uri = "/chat/live/crowd";
    cc->n = 100;
    cc->nrooms = 4;
    cc->rate = 20;
    cc->patience = 30;
    cc->cheat = "";

    while ((c = getopt(argc, argv, "p:u:c:r:m:w:x:")) != -1) {
        switch (c) {
        case 'p':
            if (chatcrowd_ports(cc, optarg) == -1) {
                return -1;
            }
            break;
        case 'u': cc->uri = optarg; break;
        case 'c': cc->n = atoi(optarg); break;
        case 'r': cc->nrooms = atoi(optarg); break;
        case 'm': cc->rate = atof(optarg); break;
        case 'w': cc->patience = atof(optarg); break;
        case 'x': cc->cheat = optarg; break;
        default:
            return -1;
        }
    }

    return (cc->nnodes == 0 || cc->nrooms < 1 || cc->n < cc->nrooms
            || cc->rate <= 0 || optind < argc)
           ? -1 : 0;
}


static int
chatcrowd_ports(chatcrowd_t *cc, char *list)
{
    char  *p;

    for (p = strtok(list, ","); p; p = strtok(NULL, ",")) {
        if (cc->nnodes == CHATCROWD_NODES || atoi(p) <= 0) {
            return -1;
        }

        cc->ports[cc->nnodes++] = atoi(p);
    }

    return 0;
}


static int
chatcrowd_init(chatcrowd_t *cc)
{
    int        i, max;
    char       name[64];
    client_t  *c;

    signal(SIGUSR1, chatcrowd_signal);
    signal(SIGUSR2, chatcrowd_signal);

    cc->ep = epoll_create1(0);
    cc->clients = calloc(cc->n, sizeof(client_t));
    cc->rooms = calloc(cc->nrooms, sizeof(crowd_room_t));

    if (cc->ep == -1 || cc->clients == NULL || cc->rooms == NULL) {
        return -1;
    }

    max = cc->rate * CHATCROWD_SECONDS / cc->nrooms + 100;
    cc->now = bench_now();

    for (i = 0; i < cc->nrooms; i++) {
        snprintf(name, sizeof(name), "room %d", i);

        if (crowd_room_init(&cc->rooms[i], name, max) == -1) {
            return -1;
        }
    }

    for (i = 0; i < cc->n; i++) {
        c = &cc->clients[i];
        c->fd = -1;
        c->node = i / cc->nrooms % cc->nnodes;
        c->when = cc->now + i * BENCH_MS;
        c->size = CHATCROWD_BUFFER;
        c->buf = malloc(c->size);

        if (c->buf == NULL
            || crowd_reader_init(&c->reader, &cc->rooms[i % cc->nrooms], i)
               == -1)
        {
            return -1;
        }
    }

    return 0;
}


static void
chatcrowd_signal(int signo)
{
    if (signo == SIGUSR1) {
        chatcrowd_quiet = 1;
    }

    chatcrowd_stormy = 1;
}


static void
chatcrowd_loop(chatcrowd_t *cc)
{
    int                 i, n;
    int64_t             timers, status;
    const char         *phase;
    struct epoll_event  events[512];

    phase = "joining";
    timers = 0;
    status = 0;

    while (!chatcrowd_done(cc)) {

        n = epoll_wait(cc->ep, events, 512, 2);
        cc->now = bench_now();
        cc->stormy = chatcrowd_stormy;

        for (i = 0; i < n; i++) {
            chatcrowd_event(cc, events[i].data.ptr);
        }

        if (cc->now >= timers) {
            timers = cc->now + 10 * BENCH_MS;
            chatcrowd_timers(cc);
        }

        if (chatcrowd_quiet && cc->quiet == 0) {
            phase = "settling";
            cc->quiet = cc->now;

        } else if (cc->next == 0 && chatcrowd_joined(cc) == cc->n) {
            phase = "speaking";
            cc->next = cc->now + BENCH_SECOND / cc->rate;
        }

        while (cc->next && !cc->quiet && cc->now >= cc->next) {
            chatcrowd_say(cc);
            cc->next += BENCH_SECOND / cc->rate;
        }

        if (cc->now >= status) {
            status = cc->now + 200 * BENCH_MS;
            chatcrowd_status(cc, phase);
        }
    }
}


static void
chatcrowd_timers(chatcrowd_t *cc)
{
    int        i;
    client_t  *c;

    for (i = 0; i < cc->n; i++) {
        c = &cc->clients[i];

        if (c->state == client_away && cc->now >= c->when) {
            chatcrowd_connect(cc, c);

        } else if (c->state != client_away && c->state != client_joined
                   && cc->now > c->when + CHATCROWD_JOIN * BENCH_SECOND)
        {
            crowd_fault(crowd_late, "client %d waits for node %d in state %d",
                        i, c->node, c->state);
            chatcrowd_leave(cc, c);
        }
    }
}


/* a second for what may still come although nobody waits for it */

static int
chatcrowd_done(chatcrowd_t *cc)
{
    int  i;

    if (cc->quiet == 0) {
        return 0;
    }

    if (cc->now > cc->quiet + cc->patience * BENCH_SECOND) {
        return 1;
    }

    if (cc->settled && cc->now < cc->settled + BENCH_SECOND) {
        return 0;
    }

    for (i = 0; i < cc->nrooms && crowd_settled(&cc->rooms[i]); i++) {
        /* void */
    }

    if (i < cc->nrooms || chatcrowd_joined(cc) < cc->n) {
        cc->settled = 0;
        return 0;
    }

    if (cc->settled) {
        return 1;
    }

    cc->settled = cc->now;

    return 0;
}


static int
chatcrowd_joined(chatcrowd_t *cc)
{
    int  i, n;

    n = 0;

    for (i = 0; i < cc->n; i++) {
        n += cc->clients[i].state == client_joined;
    }

    return n;
}


static void
chatcrowd_say(chatcrowd_t *cc)
{
    int        number, room;
    char       text[256];
    size_t     len;
    client_t  *c;

    room = cc->said % cc->nrooms;
    c = chatcrowd_speaker(cc, room);

    if (c == NULL) {
        return;
    }

    number = crowd_say(c->reader.room, c->node, c->reader.number);

    if (number == -1) {
        return;
    }

    cc->said++;

    if (room == 0 && number == 6 && chatcrowd_cheats(cc, "untrue")) {
        c->reader.room->messages[number].state = crowd_acked;
        return;
    }

    len = snprintf(text, sizeof(text),
                   "{\"type\":\"message\",\"text\":\"%s%d\",\"id\":\"%d\"}",
                   CHATCROWD_TEXT, number, number);

    if (bench_ws_send(c->fd, 1, text, len) == -1) {
        chatcrowd_leave(cc, c);
    }
}


static client_t *
chatcrowd_speaker(chatcrowd_t *cc, int room)
{
    int        i, n;
    client_t  *c;

    n = (cc->n - room + cc->nrooms - 1) / cc->nrooms;

    for (i = 0; i < n; i++) {
        c = &cc->clients[room + cc->nrooms * (random() % n)];

        if (c->state == client_joined) {
            return c;
        }
    }

    return NULL;
}


static void
chatcrowd_connect(chatcrowd_t *cc, client_t *c)
{
    struct epoll_event  ee;

    c->fd = bench_connect("127.0.0.1", cc->ports[c->node], 1);
    c->state = client_connecting;
    c->scope = scope_unknown;
    c->when = cc->now;
    c->len = 0;

    ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
    ee.data.ptr = c;

    if (c->fd == -1
        || epoll_ctl(cc->ep, EPOLL_CTL_ADD, c->fd, &ee) == -1)
    {
        chatcrowd_leave(cc, c);
    }
}


/* it comes back within half a second */

static void
chatcrowd_leave(chatcrowd_t *cc, client_t *c)
{
    if (c->state == client_joined) {
        cc->lost++;
        c->times++;
        crowd_hang_up(c->reader.room, c->reader.number);

        if ((c->times + c->reader.number) % 2 && cc->nnodes > 1) {
            c->node = (c->node + 1) % cc->nnodes;
            cc->elsewhere++;
        }
    }

    if (c->fd != -1) {
        close(c->fd);
        c->fd = -1;
    }

    c->state = client_away;
    c->scope = scope_unknown;
    c->when = cc->now + (20 + random() % 480) * BENCH_MS;
}


static void
chatcrowd_greet(chatcrowd_t *cc, client_t *c)
{
    int        error;
    char       buf[1024], uri[256], agent[64];
    size_t     len;
    socklen_t  size;

    size = sizeof(error);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1
        || error)
    {
        chatcrowd_leave(cc, c);
        return;
    }

    snprintf(uri, sizeof(uri), "%s%d", cc->uri,
             (int) (c->reader.room - cc->rooms));
    snprintf(agent, sizeof(agent), "crowd/%d", c->reader.number);

    len = bench_ws_request(buf, sizeof(buf), "localhost", uri, agent);

    if (send(c->fd, buf, len, MSG_NOSIGNAL) == (ssize_t) len) {
        c->state = client_response;
        return;
    }

    if (errno != EAGAIN && errno != ENOTCONN) {
        chatcrowd_leave(cc, c);
    }
}


static void
chatcrowd_event(chatcrowd_t *cc, client_t *c)
{
    u_char   *p;
    ssize_t   n;

    if (c->state == client_connecting) {
        chatcrowd_greet(cc, c);
    }

    while (c->fd != -1 && c->state != client_connecting) {

        if (c->len == c->size) {
            p = realloc(c->buf, c->size * 2);

            if (p == NULL) {
                chatcrowd_leave(cc, c);
                return;
            }

            c->buf = p;
            c->size *= 2;
        }

        n = recv(c->fd, c->buf + c->len, c->size - c->len, MSG_DONTWAIT);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            chatcrowd_leave(cc, c);
            return;
        }

        c->len += n;
        cc->now = bench_now();

        if (chatcrowd_input(cc, c) == -1) {
            chatcrowd_leave(cc, c);
            return;
        }
    }
}


static int
chatcrowd_input(chatcrowd_t *cc, client_t *c)
{
    u_char    *p, *end;
    size_t     head;
    uint64_t   len;

    if (c->state == client_response && chatcrowd_response(cc, c) == -1) {
        return -1;
    }

    if (c->state == client_response) {
        return 0;
    }

    p = c->buf;
    end = p + c->len;

    while (c->fd != -1) {
        head = bench_ws_head(p, end, &len);

        if (head == 0 || (uint64_t) (end - p) < head + len) {
            break;
        }

        if (chatcrowd_frame(cc, c, p[0], p + head, len) == -1) {
            return -1;
        }

        p += head + len;
    }

    c->len = end - p;
    memmove(c->buf, p, c->len);

    return 0;
}


static int
chatcrowd_response(chatcrowd_t *cc, client_t *c)
{
    char    text[384];
    u_char  *body;
    size_t  len;

    body = memmem(c->buf, c->len, "\r\n\r\n", 4);

    if (body == NULL) {
        return 0;
    }

    if (memcmp(c->buf, "HTTP/1.1 101", 12) != 0) {
        crowd_fault(crowd_broken, "client %d: %.20s", c->reader.number,
                    c->buf);
        return -1;
    }

    body += 4;
    c->len -= body - c->buf;
    memmove(c->buf, body, c->len);
    c->state = client_joining;

    len = snprintf(text, sizeof(text), "{\"type\":\"join\"");

    if (c->cursor[0]) {
        len += snprintf(text + len, sizeof(text) - len, ",\"cursor\":\"%s\"",
                        c->cursor);
    }

    len += snprintf(text + len, sizeof(text) - len, "}");

    return bench_ws_send(c->fd, 1, text, len);
}


static int
chatcrowd_frame(chatcrowd_t *cc, client_t *c, int first, u_char *p, size_t len)
{
    bench_json_t  json;

    switch (first) {

    case 0x81:
        json.p = (char *) p;
        json.end = (char *) p + len;

        if (chatcrowd_message(cc, c, &json) == -1) {
            crowd_fault(crowd_broken, "client %d: %.*s", c->reader.number,
                        len < 300 ? (int) len : 300, p);
        }

        return 0;

    case 0x88:
        chatcrowd_closed(cc, c, len < 2 ? 0 : p[0] << 8 | p[1]);
        return -1;

    case 0x89:
        return bench_ws_send(c->fd, 10, (char *) p, len < 126 ? len : 0);

    case 0x8a:
        return 0;

    default:
        crowd_fault(crowd_broken, "client %d: a frame that begins with %x",
                    c->reader.number, first);
        return -1;
    }
}


static void
chatcrowd_closed(chatcrowd_t *cc, client_t *c, int code)
{
    int  i;

    for (i = 0; i < CHATCROWD_CODES; i++) {
        if (cc->codes[i][0] == code || cc->codes[i][1] == 0) {
            cc->codes[i][0] = code;
            cc->codes[i][1]++;
            break;
        }
    }

    if (code != 1001 && code != 1012) {
        crowd_fault(crowd_closed, "client %d of node %d was closed by %d",
                    c->reader.number, c->node, code);
    }
}


static void
chatcrowd_status(chatcrowd_t *cc, const char *phase)
{
    int              i, scopes[3];
    struct timespec  ts;

    memset(scopes, 0, sizeof(scopes));

    for (i = 0; i < cc->n; i++) {
        scopes[cc->clients[i].scope]++;
    }

    clock_gettime(CLOCK_REALTIME, &ts);

    printf("{\"at\": %.3f, \"phase\": \"%s\", \"joined\": %d, \"said\": %llu, "
           "\"acked\": %llu, \"shown\": %llu, \"node\": %d, \"cluster\": %d, "
           "\"lost\": %llu, \"faults\": %d}\n",
           ts.tv_sec + chatcrowd_seconds(ts.tv_nsec), phase,
           chatcrowd_joined(cc), (unsigned long long) cc->said,
           (unsigned long long) cc->acked, (unsigned long long) cc->shown,
           scopes[scope_node], scopes[scope_cluster],
           (unsigned long long) cc->lost, crowd_faults_count());
    fflush(stdout);
}


static void
chatcrowd_report(chatcrowd_t *cc)
{
    int              i;
    uint64_t         states[4];
    crowd_reader_t **readers;

    memset(states, 0, sizeof(states));
    readers = malloc(cc->n * sizeof(crowd_reader_t *));

    for (i = 0; readers && i < cc->n; i++) {
        readers[i] = &cc->clients[i].reader;
    }

    for (i = 0; readers && i < cc->nrooms; i++) {
        crowd_judge(&cc->rooms[i], readers, cc->n, states);
    }

    printf("{\"phase\": \"done\", \"clients\": %d, \"joined\": %d, "
           "\"said\": %llu, \"acked\": %llu, \"unknown\": %llu, "
           "\"shown\": %llu, \"dropped\": %llu, \"lost\": %llu, "
           "\"resumed\": %llu, \"elsewhere\": %llu, \"settled\": %.3f, ",
           cc->n, chatcrowd_joined(cc), (unsigned long long) cc->said,
           (unsigned long long) states[crowd_acked],
           (unsigned long long) states[crowd_unknown],
           (unsigned long long) cc->shown, (unsigned long long) cc->dropped,
           (unsigned long long) cc->lost, (unsigned long long) cc->resumed,
           (unsigned long long) cc->elsewhere,
           cc->settled ? chatcrowd_seconds(cc->settled - cc->quiet) : -1);

    bench_stat_print(stdout, "joins_ms", &cc->joins);
    printf(", ");
    bench_stat_print(stdout, "same_ms", &cc->same);
    printf(", ");
    bench_stat_print(stdout, "across_ms", &cc->across);
    printf(", ");
    bench_stat_print(stdout, "calm_ms", &cc->calm);
    printf(", \"codes\": {");

    for (i = 0; i < CHATCROWD_CODES && cc->codes[i][1]; i++) {
        printf("%s\"%d\": %d", i ? ", " : "", cc->codes[i][0],
               cc->codes[i][1]);
    }

    printf("}, ");
    crowd_faults_print(stdout);
    printf(", \"samples\": [");

    for (i = 0; i < cc->nsamples; i++) {
        printf("%s%.*s", i ? ", " : "", (int) cc->samples[i].len,
               cc->samples[i].text);
    }

    printf("]}\n");
}
