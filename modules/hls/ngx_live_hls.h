
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_H_INCLUDED_
#define _NGX_LIVE_HLS_H_INCLUDED_


#include "ngx_live_stream.h"
#include "ngx_live_hls_playlist.h"
#include "ngx_live_hls_secret.h"


/*
 * The contract between the packager, which runs in the worker that owns a
 * stream, and whoever answers HTTP requests, in any worker.
 *
 * A stream with "hls on" has a ngx_live_hls_sh_t as its attachment from the
 * moment its publisher begins.  While it is "recovering" its session is not
 * yet to be relied on.  Then it describes one session: its renditions
 * (one per track), their segments in the window and the parts of the newest
 * segments.  Bytes are found in two places: the newest parts in a ring of
 * their rendition, and every part, appended to the file of its segment,
 * under hls->dir.
 *
 *     DIR = hls_path/APP/NAME/SESSION, see ngx_live_hls_dir()
 *     DIR/TRACK-MSN.m4s         a segment: its parts, one after the other
 *     DIR/TRACK-init-HASH.mp4   an initialization segment
 *     DIR/journal               one line per segment
 *     DIR/TRACK.m3u8            media playlists, to be answered as they are:
 *                               written when the session has ended, or while
 *                               it waits after a restart of nginx
 *     DIR/../index.m3u8         the multivariant playlist of that session
 *
 * A session that is not that of a living stream is answered from these files
 * alone; they are deleted hls_window after its end.
 *
 * Locking.  The owner is the only writer and takes no lock.  Everything from
 * "session" on is read behind a sequence lock:
 *
 *     n = NGX_LIVE_HLS_TRIES;
 *
 *     do {
 *         version = ngx_live_hls_read(hls);
 *         copy what is needed; pointers out of it are not followed blindly
 *     } while (ngx_live_hls_changed(hls, version) && --n);
 *
 * An odd version means that the owner is writing (or died doing so, until
 * the next owner puts it right): give up after NGX_LIVE_HLS_TRIES and try
 * again at the stream's next wake-up.  Renditions are added and never moved
 * or removed before the stream is freed, so pointers to them and to their
 * rings stay valid as long as the handle of the stream.  Initialization
 * sections are to be copied, behind the lock.
 *
 * After each publication the owner calls ngx_live_stream_ring(), so watchers
 * in all workers run.
 */

#define NGX_LIVE_HLS_KEY            0x484c5320   /* "HLS " */

#define NGX_LIVE_HLS_TRIES          100

#define NGX_LIVE_HLS_INITS          8       /* versions in a window */
#define NGX_LIVE_HLS_PARTS          512     /* in the index of a rendition */
#define NGX_LIVE_HLS_SEGMENTS       1024    /* that need no extent */
#define NGX_LIVE_HLS_EXTENTS        64      /* more, 2048 segments each */
#define NGX_LIVE_HLS_REASON_LEN     96


typedef enum {
    NGX_LIVE_HLS_MEASURING = 0,     /* no playlist yet: the first GOP */
    NGX_LIVE_HLS_LIVE,
    NGX_LIVE_HLS_AWAY,              /* gaps, while the publisher is away */
    NGX_LIVE_HLS_ENDED              /* nothing will be added */
} ngx_live_hls_state_e;


#define NGX_LIVE_HLS_INDEPENDENT    0x0001  /* starts with a key frame */
#define NGX_LIVE_HLS_DISCONT        0x0002  /* EXT-X-DISCONTINUITY before it */
#define NGX_LIVE_HLS_GAP            0x0004  /* EXT-X-GAP: no bytes, or lost */
#define NGX_LIVE_HLS_COMPLETE       0x0008  /* of a segment: may be named */
#define NGX_LIVE_HLS_FILE           0x0010  /* all of its bytes are on disk */


/*
 * A segment.  While it is open only start, date, init and flags are valid;
 * its parts are those of the part index with the same msn.
 */

typedef struct {
    ngx_live_time_t            start;       /* dts of its first sample */
    int64_t                    date;        /* of start, ms since the epoch */
    uint32_t                   duration;    /* ticks */
    uint32_t                   size;        /* bytes, 0: a gap */
    uint32_t                   init;        /* version of its map */
    uint16_t                   parts;       /* 0: plain, or of a gap */
    uint16_t                   flags;
} ngx_live_hls_segment_sh_t;


/*
 * A part.  Its bytes are entry "seq" of the rendition's ring (0: never were
 * there) and [offset, offset + size) of the segment's file.
 */

typedef struct {
    uint64_t                   msn;         /* 0 and size 0: unused */
    uint64_t                   seq;
    uint32_t                   offset;      /* within the segment */
    uint32_t                   size;        /* bytes, 0: a gap */
    uint32_t                   duration;    /* ticks */
    uint16_t                   index;       /* within the segment, from 0 */
    uint16_t                   flags;
    int64_t                    published;   /* ms since the epoch */
    int64_t                    since;       /* ngx_live_clock() of that */
} ngx_live_hls_part_sh_t;


typedef struct {
    uint32_t                   version;     /* counted by the rendition from
                                               1, 0: unused */
    uint32_t                   size;
    u_char                    *data;        /* slab, may be NULL: see file */
    uint64_t                   hash;
    int64_t                    created;     /* ms since the epoch */
} ngx_live_hls_init_sh_t;


/*
 * A rendition.  Of its segments [first, next) are complete and are those of
 * the playlist, [oldest, first) have left it but may still be asked for;
 * segment "next" is the open one.  edge is (msn << 16 | parts) of the open
 * segment: part P of segment M was published if edge > (M << 16 | P), and
 * segment M is complete if edge >= ((M + 1) << 16).  It may be read without
 * the sequence lock.
 */

typedef struct {
    ngx_atomic_t               edge;
    ngx_atomic_t               generation;  /* of its playlist: + 1 for each
                                               change of what it says */
    ngx_live_ring_sh_t        *ring;        /* parts: aux is msn << 16 | part */

    uint32_t                   extent;      /* this one */
    u_char                     name[8];     /* TRACK of URLs, \0: v0, a1 */
    uint32_t                   track;       /* of the stream */
    uint8_t                    kind;        /* NGX_LIVE_KIND_* */
    uint8_t                    codec;
    u_char                     string[NGX_LIVE_CODEC_LEN]; /* RFC 6381, \0 */
    uint32_t                   width;
    uint32_t                   height;
    uint32_t                   channels;
    uint32_t                   rate;
    ngx_live_hls_ratio_t       frame;       /* duration, as measured */
    ngx_live_hls_rate_t        bandwidth;

    ngx_live_time_t            listed;      /* ticks: [first, next) */
    ngx_live_time_t            kept;        /* ticks: [oldest, next) */
    uint64_t                   oldest;      /* msn */
    uint64_t                   first;       /* msn, oldest in the window */
    uint64_t                   next;        /* msn, the open one */
    uint64_t                   discontinuity; /* EXT-X-DISCONTINUITY-SEQUENCE
                                               of "first" */
    uint64_t                   dependent;   /* newest msn that is not
                                               independent, + 1; or 0: if
                                               above "first", the playlist is
                                               not INDEPENDENT-SEGMENTS */

    uint64_t                   rewritten;   /* + 1 when a complete segment
                                               says something else */

    uint32_t                   init;        /* newest version */
    ngx_live_hls_init_sh_t     inits[NGX_LIVE_HLS_INITS];

    ngx_uint_t                 first_part;  /* counted without end; slot is */
    ngx_uint_t                 next_part;   /* n % NGX_LIVE_HLS_PARTS */
    ngx_live_hls_part_sh_t     parts[NGX_LIVE_HLS_PARTS];

    ngx_uint_t                 capacity;    /* of the index, segments */
    ngx_uint_t                 nextents;
    uint32_t                   extents[NGX_LIVE_HLS_EXTENTS];
    ngx_live_hls_segment_sh_t  segments[NGX_LIVE_HLS_SEGMENTS];
} ngx_live_hls_rendition_sh_t;              /* one extent */


typedef struct {
    uint64_t                   segments;    /* completed */
    uint64_t                   parts;
    uint64_t                   gaps;        /* parts and segments lost */
    uint64_t                   forced;      /* cuts without a key frame */
    uint64_t                   discontinuities;
    uint64_t                   continued;   /* publishers after the first */
    uint64_t                   adopted;     /* owners after the first */
    uint64_t                   held;        /* segments named before their
                                               journal line: disk too slow */
    ngx_atomic_t               disk_errors;
    ngx_atomic_t               disk_refused; /* queue was full */
    ngx_uint_t                 disk_queued; /* now, of the owner */
    ngx_atomic_t               disk_bytes;
} ngx_live_hls_stat_sh_t;


/* of a worker: counted while it lives, so that a dead one's are none */

typedef struct {
    uint32_t                   pid;
    uint32_t                   n;           /* requests that wait there */
} ngx_live_hls_waiters_sh_t;


typedef struct {
    ngx_atomic_t               version;     /* odd: being written */
    ngx_atomic_t               generation;  /* + 1 for each change of any
                                               rendition or of the session */

    u_char                     session[NGX_LIVE_SESSION_LEN + 1];
    ngx_str_t                  dir;         /* slab, no trailing slash, \0 */
    uint32_t                   user;        /* of extents: the stream */

    ngx_uint_t                 state;       /* NGX_LIVE_HLS_* */
    int64_t                    recovering;  /* since, ms, or 0: the files are
                                               looked through for a session
                                               that is to be continued */
    uint64_t                   recovered;   /* first frame to be packaged
                                               then */
    ngx_uint_t                 low_latency; /* 0: no parts, see reason */
    u_char                     reason[NGX_LIVE_HLS_REASON_LEN];

    ngx_uint_t                 target_duration; /* seconds */
    ngx_live_time_t            part_target; /* ticks, rounded up */
    uint32_t                   part_target_us;
    ngx_live_time_t            window;      /* ticks */
    ngx_msec_t                 reconnect;

    int64_t                    created;     /* ms since the epoch */
    int64_t                    changed;     /* of the last publication */

    ngx_uint_t                 nrenditions;
    ngx_live_hls_rendition_sh_t  *renditions[NGX_LIVE_TRACKS];

    ngx_live_hls_stat_sh_t     stat;

    ngx_uint_t                 finals;      /* final playlists that are being
                                               written by the last owner */
    int64_t                    finals_since; /* ngx_live_clock() */

    ngx_live_hls_waiters_sh_t  waiters[NGX_LIVE_SLOTS];
} ngx_live_hls_sh_t;


/* directives of live {} and application {} */

typedef struct {
    ngx_flag_t                 enable;      /* hls */
    ngx_msec_t                 segment;     /* hls_segment */
    ngx_msec_t                 target_duration;
    ngx_msec_t                 part;
    ngx_msec_t                 window;
    ngx_str_t                  path;        /* absolute, no trailing slash */
    ngx_str_t                  threads;     /* name of the thread pool */
    ngx_uint_t                 queue;       /* disk tasks that may wait */
    ngx_uint_t                 waiters;     /* hls_waiters: per stream */
    ngx_uint_t                 conn_waiters; /* ... and per connection */
    void                      *pool;        /* ngx_thread_pool_t */
    ngx_flag_t                 secrets;     /* hls_secret */
    ngx_live_hls_keys_t       *keys;        /* of secrets, NULL: off */
} ngx_live_hls_app_conf_t;


extern ngx_module_t  ngx_live_hls_module;


/* the index of a stream, or NULL: "hls off", or nothing arrived yet */

#define ngx_live_hls_get(sh)                                                  \
    ((ngx_live_hls_sh_t *) ngx_live_stream_attachment(sh, NGX_LIVE_HLS_KEY))


static ngx_inline ngx_atomic_uint_t
ngx_live_hls_read(ngx_live_hls_sh_t *hls)
{
    ngx_atomic_uint_t  version;

    version = hls->version;
    ngx_live_barrier();

    return version;
}


static ngx_inline ngx_uint_t
ngx_live_hls_changed(ngx_live_hls_sh_t *hls, ngx_atomic_uint_t version)
{
    ngx_live_barrier();

    return (version & 1) || hls->version != version;
}


/*
 * All of the following look at an index without checking the sequence lock:
 * that is the caller's.
 */

/* by the TRACK of a URL; NULL: none */
ngx_live_hls_rendition_sh_t *ngx_live_hls_rendition(ngx_live_hls_sh_t *hls,
    ngx_str_t *name);

/* first <= msn <= next is the caller's to check */
ngx_live_hls_segment_sh_t *ngx_live_hls_segment(
    ngx_live_hls_rendition_sh_t *r, uint64_t msn);

/* NULL when it is not in the index: too old, or not published */
ngx_live_hls_part_sh_t *ngx_live_hls_part(ngx_live_hls_rendition_sh_t *r,
    uint64_t msn, ngx_uint_t index);

/* NULL: unused */
ngx_live_hls_init_sh_t *ngx_live_hls_init(ngx_live_hls_rendition_sh_t *r,
    uint32_t version);

/* parts counted without end, first_part <= n < next_part */
#define ngx_live_hls_part_n(r, n)                                             \
    (&(r)->parts[(n) % NGX_LIVE_HLS_PARTS])


/*
 * Writes the directory of a stream, or of one of its sessions if session is
 * not NULL, with a terminating \0: what APP and NAME may not have, see
 * ngx_live_name.h, is written as %XX.  A session is as long as one of a URL
 * at most.  dst needs ngx_live_hls_dir_len() bytes.  Returns the place of
 * the \0.
 */
u_char *ngx_live_hls_dir(u_char *dst, ngx_str_t *path, ngx_str_t *app,
    ngx_str_t *name, ngx_str_t *session);

#define ngx_live_hls_dir_len(path, app, name)                                 \
    ((path)->len + 3 * ((app)->len + (name)->len)                             \
     + NGX_LIVE_HLS_NAME_LEN + sizeof("///"))


/*
 * What this worker has for a stream; it lives as long as the stream's handle,
 * in its pool.  NULL: no memory.
 */

typedef struct {
    void                      *packager;    /* while it owns the stream */
    void                      *recover;     /* before it has a packager */
    void                      *http;        /* the HTTP handler's */
} ngx_live_hls_local_t;

ngx_live_hls_local_t *ngx_live_hls_local(ngx_live_stream_t *st);


#endif /* _NGX_LIVE_HLS_H_INCLUDED_ */
