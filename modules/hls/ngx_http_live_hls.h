
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_HTTP_LIVE_HLS_H_INCLUDED_
#define _NGX_HTTP_LIVE_HLS_H_INCLUDED_


#include <ngx_http_live.h>

#include "ngx_live_hls.h"
#include "ngx_live_hls_name.h"
#include "ngx_live_hls_playlist.h"
#include "ngx_live_hls_request.h"


/*
 * The HTTP half of HLS: what this worker keeps for a stream that somebody
 * watches.  Texts are rendered once per change and worker, plain and gzip,
 * whole and delta, when first asked for, and shared by all answers; they are
 * counted, because an answer may still be on its way when the next is made.
 *
 * A media playlist is sent in pieces: a head, those entries of the body that
 * are in the window, and a tail of what has parts.  A delta has a head of its
 * own, and less of the body or nothing of it.
 */

typedef struct {
    ngx_uint_t                 refs;
    size_t                     len;
    u_char                    *data;
    ngx_uint_t                 nuris;
    uint32_t                  *uris;        /* ends of URIs in data */
} ngx_http_live_hls_text_t;


/*
 * The body has an entry for each segment that is too old to have parts.  It
 * is only appended to; when its memory is full another one is made of what
 * is in the window.
 */

typedef struct {
    uint32_t                   end;         /* in the text */
    uint32_t                   uris;        /* number of URIs up to there */
    uint32_t                   map;         /* it has a MAP line */
} ngx_http_live_hls_entry_t;


typedef struct {
    ngx_http_live_hls_text_t   text;        /* first: is freed as this */
    size_t                     size;        /* of its data */
    uint64_t                   msn;         /* of the first entry */
    ngx_uint_t                 n;           /* entries */
    ngx_uint_t                 max;
    ngx_http_live_hls_entry_t *entries;
    uint64_t                   rewritten;   /* of the rendition */
} ngx_http_live_hls_body_t;


/* where entry i begins, if it is the end of the one before */

#define ngx_http_live_hls_body_end(body, i)                                   \
    ((i) ? (body)->entries[(i) - 1].end : 0)


#define NGX_HTTP_LIVE_HLS_FULL   0
#define NGX_HTTP_LIVE_HLS_DELTA  1


/* entries of the body, compressed; of ngx_http_live_hls_gzip.c */
typedef struct ngx_http_live_hls_block_s  ngx_http_live_hls_block_t;


/* a playlist as of now; without a tail there is none */

typedef struct {
    ngx_atomic_uint_t          generation;  /* of hls, when rendered */
    uint64_t                   tag[2];      /* no other text of the session's
                                               has it */
    ngx_http_live_hls_body_t  *body;
    size_t                     from[2];     /* of the body, full and delta */
    size_t                     to;
    ngx_uint_t                 first[2];    /* the same as entries */
    ngx_uint_t                 last;
    ngx_http_live_hls_text_t  *head[2];
    ngx_http_live_hls_text_t  *tail;
    ngx_http_live_hls_text_t  *gzip[2];     /* all of it */
    ngx_http_live_hls_block_t *blocks;      /* of the body */
    unsigned                   skips:1;     /* there may be a delta */
} ngx_http_live_hls_list_t;


/* what is sent for it */

typedef struct {
    ngx_http_live_hls_text_t  *text;
    size_t                     from;
    size_t                     to;
} ngx_http_live_hls_piece_t;


typedef struct {
    ngx_uint_t                 n;
    ngx_http_live_hls_piece_t  pieces[3];
    size_t                     len;
    uint64_t                   tag[2];
    unsigned                   delta:1;
} ngx_http_live_hls_answer_t;


/* parts in memory, as text, by their numbers in the ring */

#define NGX_HTTP_LIVE_HLS_COPIES  2

typedef struct {
    uint64_t                     first;
    uint64_t                     last;
    ngx_http_live_hls_text_t    *text;
} ngx_http_live_hls_copy_t;


typedef struct {
    ngx_live_stream_t         *st;
    ngx_live_hls_sh_t         *hls;
    ngx_live_hls_app_conf_t   *conf;
    ngx_live_watcher_t         watcher;
    ngx_event_t                timer;       /* of the oldest waiter */
    ngx_connection_t           dummy;
    ngx_queue_t                waiters;     /* ngx_http_live_hls_ctx_t */
    ngx_uint_t                 nwaiters;
    ngx_atomic_uint_t          generation;  /* of hls, when last looked at */
    ngx_atomic_uint_t          state;       /* of the stream, likewise */
    ngx_msec_t                 used;

    ngx_http_live_hls_list_t   index;
    ngx_http_live_hls_list_t   lists[NGX_LIVE_TRACKS];
    ngx_http_live_hls_copy_t   copies[NGX_LIVE_TRACKS]
                                     [NGX_HTTP_LIVE_HLS_COPIES];
} ngx_http_live_hls_stream_t;


/*
 * A request.  While it waits it stands in its stream's queue; answer() is
 * tried again each time the edge has moved and says NGX_DECLINED to wait on.
 * (NGX_AGAIN is what sending says to a slow client.)
 */

typedef struct ngx_http_live_hls_ctx_s  ngx_http_live_hls_ctx_t;

struct ngx_http_live_hls_ctx_s {
    ngx_http_request_t          *request;
    ngx_live_stream_t           *handle;    /* until the request is gone */
    ngx_http_live_hls_stream_t  *stream;    /* until it is answered */
    ngx_live_hls_app_conf_t     *conf;
    ngx_live_hls_name_t          name;
    ngx_live_hls_rendition_sh_t *rendition;
    ngx_uint_t                   n;         /* of the rendition */

    ngx_queue_t                  queue;
    ngx_msec_t                   deadline;
    ngx_live_hls_want_t          want;
    ngx_int_t                  (*answer)(ngx_http_live_hls_ctx_t *ctx);
    ngx_uint_t                  *conn;      /* waiters of the connection */

    unsigned                     waiting:1;
    unsigned                     blocking:1; /* asked with _HLS_msn */
    unsigned                     delta:1;
};


/*
 * A playlist in a file.  What is read of files is read in threads, once for
 * all who ask in this worker: ngx_http_live_hls_file.c.
 */

typedef struct {
    ngx_http_live_hls_text_t   text;        /* first: is freed as this */
    uint64_t                   first;       /* msn */
    uint64_t                   next;
    uint64_t                   target;      /* seconds */
    uint32_t                   crc;
    u_char                    *gaps;        /* a bit each, from first on */
    unsigned                   ended:1;
} ngx_http_live_hls_saved_t;


typedef struct {
    ngx_queue_t                queue;       /* newest use first */
    uint32_t                   hash;
    ngx_str_t                  path;        /* with \0 */
    ngx_str_t                  app;
    ngx_str_t                  name;
    ngx_str_t                  session;     /* empty: multivariant */
    void                      *threads;     /* ngx_thread_pool_t */
    ngx_live_hls_keys_t       *keys;        /* NULL: URIs have no secrets */

    ngx_http_live_hls_saved_t *list;        /* NULL: there is none */
    time_t                     mtime;
    off_t                      size;
    ngx_file_uniq_t            uniq;
    ngx_err_t                  err;         /* could not be read */
    ngx_msec_t                 checked;
    time_t                     used;

    ngx_queue_t                held;        /* ngx_http_live_hls_held_t */
    ngx_uint_t                 nheld;
    ngx_uint_t                 nwaits;      /* of them, for a publisher */

    unsigned                   known:1;     /* it was looked at */
    unsigned                   dir:1;       /* its directory exists */
    unsigned                   loading:1;   /* a task is on its way */
    unsigned                   again:1;     /* then once more */
    unsigned                   busy:1;
} ngx_http_live_hls_file_t;


/* a request that stands in the queue of a file */

typedef struct {
    ngx_queue_t                queue;
    ngx_queue_t                all;         /* of this worker */
    ngx_http_request_t        *request;
    ngx_http_live_hls_file_t  *file;        /* NULL: is not held */
    ngx_uint_t                *conn;        /* waiters of the connection */
    ngx_msec_t                 deadline;
    unsigned                   waits:1;     /* for its publisher's return, or
                                               its end; else for the disk */
} ngx_http_live_hls_held_t;


extern ngx_module_t  ngx_http_live_hls_module;


/* common: ngx_http_live_hls_module.c */

/* once access is allowed: the content handler */
ngx_int_t ngx_http_live_hls_allowed(ngx_http_request_t *r);

/* 400 and 404 that are not to be kept; reason is a constant */
ngx_int_t ngx_http_live_hls_bad(ngx_http_request_t *r, const char *reason);
ngx_int_t ngx_http_live_hls_none(ngx_http_request_t *r, const char *reason);

/* a response header that is looked at, or changed, later; key is a constant */
ngx_int_t ngx_http_live_hls_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value, ngx_table_elt_t **header);


/* playlists: ngx_http_live_hls_playlist.c */

ngx_int_t ngx_http_live_hls_index(ngx_http_live_hls_ctx_t *ctx);
ngx_int_t ngx_http_live_hls_playlist(ngx_http_live_hls_ctx_t *ctx);

/* Content-Type of playlists */
void ngx_http_live_hls_list_type(ngx_http_request_t *r);

/* the value of an argument, with data NULL if there is none */
void ngx_http_live_hls_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/* the request's arguments as they are put behind URIs, with the "?" */
ngx_int_t ngx_http_live_hls_args(ngx_http_request_t *r,
    ngx_uint_t multivariant, ngx_str_t *args);

/* the text with args behind each URI; NULL: no memory */
ngx_chain_t *ngx_http_live_hls_list_body(ngx_http_request_t *r,
    ngx_http_live_hls_answer_t *a, ngx_str_t *args, off_t *size);


/* media: ngx_http_live_hls_media.c */

ngx_int_t ngx_http_live_hls_init(ngx_http_live_hls_ctx_t *ctx);
ngx_int_t ngx_http_live_hls_segment(ngx_http_live_hls_ctx_t *ctx);
ngx_int_t ngx_http_live_hls_part(ngx_http_live_hls_ctx_t *ctx);

/* NGX_OK: headers of media are set */
ngx_int_t ngx_http_live_hls_media_headers(ngx_http_request_t *r,
    ngx_live_hls_name_t *name, ngx_uint_t audio, int64_t date);

/* path is DIR/FILE, with \0 */
ngx_int_t ngx_http_live_hls_path(ngx_http_request_t *r, ngx_str_t *dir,
    ngx_str_t *file, ngx_str_t *path);

/*
 * NGX_DECLINED: there is no such file, or it is shorter; nothing was sent.
 * size -1 is all of it; cache is a constant.
 */
ngx_int_t ngx_http_live_hls_open_file(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of);
ngx_int_t ngx_http_live_hls_send_file(ngx_http_request_t *r, ngx_str_t *path,
    off_t offset, off_t size, const char *cache);

#define NGX_HTTP_LIVE_HLS_FOREVER  "max-age=31536000, immutable"


/* sessions that are over, from their files: ngx_http_live_hls_stored.c */

ngx_int_t ngx_http_live_hls_stored(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_name_t *name);


/* playlists in files: ngx_http_live_hls_file.c */

/*
 * NGX_DECLINED: *file says what the file has, or had a second ago.  It is good
 * until the handler returns; its text may be held.  Else the request has been
 * answered, or is held and will be handled anew.
 */
ngx_int_t ngx_http_live_hls_file(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_str_t *path, ngx_str_t *session,
    ngx_http_live_hls_file_t **file);

/* has a look at the file, and at what was held for it */
ngx_int_t ngx_http_live_hls_file_load(ngx_http_live_hls_file_t *file);

/* those of its stream that are held, at all its files */
ngx_uint_t ngx_http_live_hls_file_held(ngx_http_live_hls_file_t *file);

/* calls it for each file for which somebody waits */
void ngx_http_live_hls_file_each(
    void (*handler)(ngx_http_live_hls_file_t *file));


/* what is read of them: ngx_http_live_hls_saved.c */

/*
 * A copy of the text, in threads.  With keys each URI of media is given its
 * secret, that which it had while the session was alive.  NULL: no memory.
 */
ngx_http_live_hls_saved_t *ngx_http_live_hls_saved(u_char *data, size_t len,
    ngx_live_hls_keys_t *keys, ngx_str_t *session, ngx_log_t *log);


/* requests that are held at files: ngx_http_live_hls_hold.c */

/*
 * For "timeout" ms at most: NGX_DONE, and the request is handled anew once
 * there is news.  Limits and answers are those of ngx_http_live_hls_wait().
 */
ngx_int_t ngx_http_live_hls_hold(ngx_http_request_t *r,
    ngx_live_hls_app_conf_t *conf, ngx_http_live_hls_file_t *file,
    ngx_msec_t timeout, ngx_uint_t waits);

/* the file was looked at; waits: also those who wait for a publisher */
void ngx_http_live_hls_hold_wake(ngx_http_live_hls_file_t *file,
    ngx_uint_t waits);


/* where the edge of a rendition stands */
ngx_int_t ngx_http_live_hls_edge(ngx_http_live_hls_ctx_t *ctx,
    ngx_live_hls_edge_t *edge);


/* waiting: ngx_http_live_hls_wait.c */

/*
 * The worker's object of a stream; it holds a handle of its own and goes
 * when the stream has ended or nobody has asked for a while.
 */
ngx_http_live_hls_stream_t *ngx_http_live_hls_stream(ngx_live_stream_t *st,
    ngx_live_hls_sh_t *hls);

/*
 * Queues the request: NGX_DONE.  At most conf->waiters of a stream and
 * conf->conn_waiters of a connection wait; others are answered by 503.
 */
ngx_int_t ngx_http_live_hls_wait(ngx_http_live_hls_ctx_t *ctx);

/* the counter of a client connection's waiters; NULL: no memory */
ngx_uint_t *ngx_http_live_hls_conn(ngx_http_request_t *r);

/* 503 with Retry-After; reason is a constant */
ngx_int_t ngx_http_live_hls_unavailable(ngx_http_request_t *r,
    const char *reason);

/* removes it from the queue, if it is there */
void ngx_http_live_hls_unwait(ngx_http_live_hls_ctx_t *ctx);


/* texts: ngx_http_live_hls_text.c */

/*
 * The text of a playlist as of now, rendered if it has changed; n is the
 * rendition, or -1 for the multivariant playlist.  A delta that would skip
 * nothing is the full playlist.  NGX_DECLINED: there is no memory, or the
 * index is being written.
 */
ngx_int_t ngx_http_live_hls_text(ngx_http_live_hls_stream_t *hs, ngx_int_t n,
    ngx_uint_t delta, ngx_uint_t gzip, ngx_http_live_hls_answer_t *a);

ngx_int_t ngx_http_live_hls_answer_hold(ngx_http_request_t *r,
    ngx_http_live_hls_answer_t *a);

/* keeps it for as long as the request */
ngx_int_t ngx_http_live_hls_text_hold(ngx_http_request_t *r,
    ngx_http_live_hls_text_t *text);

void ngx_http_live_hls_text_free(ngx_http_live_hls_text_t *text);
void ngx_http_live_hls_list_drop(ngx_http_live_hls_list_t *list);
void ngx_http_live_hls_text_forget(ngx_http_live_hls_stream_t *hs);


/*
 * Compressed: ngx_http_live_hls_gzip.c.  The text of a list that has been
 * rendered; NULL: no memory.  drop forgets the blocks of a body that is none
 * any more.
 */
ngx_http_live_hls_text_t *ngx_http_live_hls_gzip(
    ngx_http_live_hls_list_t *list, ngx_uint_t delta, ngx_log_t *log);
void ngx_http_live_hls_gzip_drop(ngx_http_live_hls_list_t *list);


/* rendering: ngx_http_live_hls_render.c; NGX_AGAIN: it is being written */

ngx_int_t ngx_http_live_hls_render(ngx_http_live_hls_stream_t *hs,
    ngx_int_t n);


#endif /* _NGX_HTTP_LIVE_HLS_H_INCLUDED_ */
