
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_BENCH_H_INCLUDED_
#define _NGX_LIVE_BENCH_H_INCLUDED_


/*
 * The programs of the benchmark share no code with the modules they measure
 * and do without nginx's headers.  Time is CLOCK_MONOTONIC in nanoseconds,
 * which all processes of a host share.
 */


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>


typedef unsigned char  u_char;


#define BENCH_SECOND     1000000000LL
#define BENCH_MS         1000000LL


/*
 * The mark: 16 bytes of name and the time of sending in 16 hexadecimal digits,
 * put into each frame by the sender, found again by the receiver.  It is text,
 * so that H.264 needs no emulation prevention (ISO/IEC 14496-10, 7.4.1).
 */

#define BENCH_MARK       "nginx-live-bench"
#define BENCH_MARK_NAME  16
#define BENCH_MARK_SIZE  32

int64_t bench_now(void);
void bench_mark_write(u_char *p, int64_t ns);

/* time of the first or of the last mark in a buffer, -1 without one */
int64_t bench_mark_first(const u_char *p, size_t len);
int64_t bench_mark_last(const u_char *p, size_t len);


/* samples, in milliseconds when they are times */

typedef struct {
    float               *values;
    size_t               n;
    size_t               size;
    int                  sorted;
} bench_stat_t;

void bench_stat_add(bench_stat_t *st, double value);
double bench_stat_percentile(bench_stat_t *st, double percent);
size_t bench_stat_above(bench_stat_t *st, double limit);

/* prints "name": {"n", "p50", "p95", "p99", "max"} */
void bench_stat_print(FILE *out, const char *name, bench_stat_t *st);


/* the processes of the server that is measured */

#define BENCH_PIDS       32

typedef struct {
    pid_t                pid;
    double               cpu;           /* seconds, user and system */
    long                 rss;           /* KiB */
    long                 pss;
    long                 anon;          /* of pss, what is not shared */
} bench_process_t;

typedef struct {
    bench_process_t      p[BENCH_PIDS];
    int                  n;
} bench_processes_t;

/* "pid,pid,...", -1 on a bad list */
int bench_processes_parse(bench_processes_t *ps, const char *list);
void bench_processes_cpu(bench_processes_t *ps);
void bench_processes_memory(bench_processes_t *ps);

/* prints "processes": [...], the difference between two readings */
void bench_processes_print(FILE *out, bench_processes_t *from,
    bench_processes_t *to);


/* sockets; functions return -1 and leave errno on failure */

int bench_connect(const char *host, int port, int nonblocking);
int bench_listen(int port);
void bench_nonblocking(int fd);
void bench_limits(void);
void bench_usage(const char *text);


/* WebSockets */

size_t bench_ws_request(char *buf, size_t size, const char *host,
    const char *uri, const char *agent);

/* a whole message of up to 2040 bytes, in one call; -1 on failure */
int bench_ws_send(int fd, int opcode, const char *text, size_t len);

/* bytes of a frame's head, 0 if it is not whole, and len of what follows */
size_t bench_ws_head(const u_char *p, const u_char *end, uint64_t *len);


/*
 * JSON as it comes from the server that is measured: values are told apart,
 * but not read.  A span of a string is what stands between its quotes.
 */

typedef struct {
    const char          *p;
    const char          *end;
} bench_json_t;

/* enters a value that is an object or an array; -1: it is neither */
int bench_json_enter(bench_json_t *value, bench_json_t *inner, char kind);

/* the next member or element: 1, 0 behind the last one, -1 if it is broken */
int bench_json_member(bench_json_t *inner, bench_json_t *name,
    bench_json_t *value);
int bench_json_element(bench_json_t *inner, bench_json_t *value);

int bench_json_is(bench_json_t *value, const char *text);

/* prints a text as a string */
void bench_json_print(FILE *out, const char *text, size_t len);


/* an FLV file as an endless source of messages at a constant rate */

#define BENCH_FLV_AUDIO  8
#define BENCH_FLV_VIDEO  9
#define BENCH_FLV_META   18

typedef struct {
    u_char              *data;
    size_t               len;
    int                  key;
} bench_frame_t;

typedef struct {
    bench_frame_t       *frames;
    size_t               n;
    double               rate;          /* frames per second */
    bench_frame_t        header;        /* sequence header */
    uint32_t             first;
    uint32_t             last;
} bench_track_t;

typedef struct {
    bench_track_t        video;
    bench_track_t        audio;
    bench_frame_t        meta;
    u_char              *file;
} bench_flv_t;

typedef struct {
    bench_flv_t         *flv;
    uint64_t             video;         /* frames sent so far */
    uint64_t             audio;
    u_char              *buf;           /* of the message below */
    size_t               size;

    int                  type;
    int                  key;
    uint32_t             timestamp;     /* ms */
    int64_t              due;           /* ns from the start */
    size_t               len;
} bench_source_t;

bench_flv_t *bench_flv_load(const char *path);
void bench_source_init(bench_source_t *src, bench_flv_t *flv);

/* when the next message is due, in ns from the start */
int64_t bench_source_due(bench_source_t *src);

/* makes the next message in src->buf, marked with the time given */
void bench_source_next(bench_source_t *src, int64_t mark);


/* RTMP: a writer of messages and a reader of whole connections */

#define BENCH_RTMP_CHUNK      4096
#define BENCH_RTMP_HEAD       512
#define BENCH_RTMP_CSIDS      64
#define BENCH_RTMP_HANDSHAKE  1536

typedef struct {
    uint32_t             timestamp;
    uint32_t             len;
    uint32_t             done;          /* bytes of the message so far */
    uint8_t              type;
    uint8_t              extended;
    uint16_t             head_len;
    u_char               head[BENCH_RTMP_HEAD];
} bench_rtmp_csid_t;

typedef struct bench_rtmp_s  bench_rtmp_t;

/* called for each whole message with its first BENCH_RTMP_HEAD bytes */
typedef void (*bench_rtmp_pt)(bench_rtmp_t *r, bench_rtmp_csid_t *m);

struct bench_rtmp_s {
    bench_rtmp_pt        message;
    void                *data;
    int                  state;
    size_t               need;          /* bytes of handshake to come */
    size_t               chunk;         /* left of the chunk's payload */
    uint32_t             chunk_size;
    uint32_t             window;
    uint64_t             received;
    uint64_t             acked;
    bench_rtmp_csid_t   *current;
    bench_rtmp_csid_t   *csids;
    size_t               header_len;
    u_char               header[18];
    u_char               handshake[BENCH_RTMP_HANDSHAKE];

    /* what is to be sent, to be taken by the caller */
    size_t               out_len;
    u_char               out[8192];

    const char          *error;         /* a constant */
};

/*
 * the bytes of a message in chunks of BENCH_RTMP_CHUNK into p, which must hold
 * bench_rtmp_size(len); returns the end
 */
size_t bench_rtmp_size(size_t len);
u_char *bench_rtmp_write(u_char *p, int csid, int type, uint32_t timestamp,
    uint32_t stream, const u_char *data, size_t len);

/* a client with C0 and C1 in r->out, or, raw, one that reads chunks at once */
bench_rtmp_t *bench_rtmp_create(bench_rtmp_pt message, void *data, int raw);
void bench_rtmp_free(bench_rtmp_t *r);

/* feeds what was received; -1 with r->error at a protocol error */
int bench_rtmp_input(bench_rtmp_t *r, const u_char *p, size_t len);
int bench_rtmp_handshaken(bench_rtmp_t *r);

/* append commands to r->out */
void bench_rtmp_connect(bench_rtmp_t *r, const char *host, int port,
    const char *app);
void bench_rtmp_create_stream(bench_rtmp_t *r);
void bench_rtmp_publish(bench_rtmp_t *r, uint32_t stream, const char *name);
void bench_rtmp_play(bench_rtmp_t *r, uint32_t stream, const char *name);

/* parts of a command message */
int bench_rtmp_is(bench_rtmp_csid_t *m, const char *command);
int bench_rtmp_has(bench_rtmp_csid_t *m, const char *text);
uint32_t bench_rtmp_stream(bench_rtmp_csid_t *m);


/* a keep-alive HTTP/1.1 client connection, one request at a time */

typedef struct {
    int                  fd;
    int                  state;
    int                  status;
    int                  chunked;
    int                  close;
    int64_t              left;          /* of the body or of its chunk */

    char                 head[4096];
    size_t               head_len;

    u_char              *body;          /* NUL-terminated */
    size_t               body_len;
    size_t               body_size;

    char                 out[2048];
    size_t               out_len;
    size_t               out_sent;
} bench_http_t;

void bench_http_request(bench_http_t *h, const char *host, const char *uri);

/* -1 error, 0 again, 1 done */
int bench_http_send(bench_http_t *h);
int bench_http_read(bench_http_t *h);

/* a whole request in blocking mode; the status or -1 */
int bench_http_get(bench_http_t *h, const char *host, int port,
    const char *uri);


/* what an LL-HLS client needs of a playlist */

#define BENCH_URI        512

typedef struct {
    int64_t              msn;
    int                  part;
} bench_edge_t;

typedef struct {
    bench_edge_t         last;          /* newest listed part */
    bench_edge_t         next;          /* what a blocking reload asks for */
    char                 uri[BENCH_URI];        /* of the part after a given */
    bench_edge_t         uri_edge;
    char                 segment[BENCH_URI];    /* newest whole segment */
    int                  gap;           /* that part is EXT-X-GAP */
    int                  ended;
} bench_playlist_t;

/* fills all of it; uri is the first part after "from", or empty */
int bench_playlist_parse(bench_playlist_t *pl, const char *text,
    bench_edge_t from);

/* the first video and the first audio playlist of a multivariant one */
int bench_playlist_master(const char *text, char *video, char *audio);

/* resolves a relative URI against the URI of a playlist */
void bench_uri(char *to, const char *base, const char *uri);


#endif /* _NGX_LIVE_BENCH_H_INCLUDED_ */
