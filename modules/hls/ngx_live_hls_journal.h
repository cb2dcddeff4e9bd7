
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The journal of a session: what is needed to go on with it after nginx was
 * restarted, and to serve it until its window has passed.  Append-only text,
 * a record a line, each closed by " *" and the CRC-32 of what stands before
 * that in eight hexadecimal digits:
 *
 *   H 1 SESSION STREAM CREATED TARGET PART
 *   T NAME KIND CODEC MAP WIDTH HEIGHT NUM/DEN RATE CHANNELS LANGUAGE
 *   S MSN START DATE FLAGS NAME:DURATION:BYTES:MAP:FLAGS...
 *   W FIRST DSEQ
 *   E
 *
 * H is the first line and the only one of its kind.  A T line tells of a
 * track, and again when its configuration changes.  An S line tells of a
 * segment and of those renditions of it that are complete; there may be
 * several of one MSN, each with other renditions, and MSNs do not go back by
 * more than a rendition may lag behind another.
 * W says that the window begins at MSN FIRST, and how many discontinuities
 * have left it.  E is EXT-X-ENDLIST, nothing follows it.  Flags are D
 * (discontinuity), I (independent), G (gap), or "-".  An empty string and an
 * absent date are "-".  CODEC, STREAM and LANGUAGE have no blanks or control
 * characters: the caller escapes them.
 *
 * A last line without its newline was being written when the machine
 * stopped; it is ignored, and is to be cut off before more is appended.
 */


#ifndef _NGX_LIVE_HLS_JOURNAL_H_INCLUDED_
#define _NGX_LIVE_HLS_JOURNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_fit.h>
#include <ngx_live_hls_name.h>


#define NGX_LIVE_HLS_JOURNAL_HEADER   1
#define NGX_LIVE_HLS_JOURNAL_TRACK    2
#define NGX_LIVE_HLS_JOURNAL_SEGMENT  3
#define NGX_LIVE_HLS_JOURNAL_WINDOW   4
#define NGX_LIVE_HLS_JOURNAL_END      5

#define NGX_LIVE_HLS_JOURNAL_TRACKS   16

/* segments that a rendition may lag behind the others */
#define NGX_LIVE_HLS_JOURNAL_LAG      16

/* no line is longer, its newline included */
#define NGX_LIVE_HLS_JOURNAL_LINE     4096


typedef struct {
    ngx_str_t                 session;
    ngx_str_t                 stream;      /* APP/NAME, escaped */
    int64_t                   created;     /* ms of the epoch */
    ngx_uint_t                target;      /* EXT-X-TARGETDURATION, seconds */
    uint32_t                  part;        /* PART-TARGET, microseconds; 0:
                                              plain HLS */
} ngx_live_hls_journal_header_t;


typedef struct {
    ngx_str_t                 name;
    ngx_str_t                 codec;
    ngx_str_t                 language;
    uint64_t                  map;         /* hash of the init section */
    ngx_uint_t                width;
    ngx_uint_t                height;
    ngx_live_hls_ratio_t      frame;
    ngx_uint_t                rate;
    ngx_uint_t                channels;
    unsigned                  video:1;
} ngx_live_hls_journal_track_t;


typedef struct {
    ngx_str_t                 track;
    int64_t                   duration;    /* ticks */
    uint64_t                  bytes;
    uint64_t                  map;
    unsigned                  independent:1;
    unsigned                  gap:1;
} ngx_live_hls_journal_rendition_t;


typedef struct {
    uint64_t                  msn;
    int64_t                   start;       /* DTS, ticks */
    int64_t                   date;        /* ms of the epoch; -1: none */
    ngx_uint_t                n;
    ngx_live_hls_journal_rendition_t
                              renditions[NGX_LIVE_HLS_JOURNAL_TRACKS];
    unsigned                  discontinuity:1;
} ngx_live_hls_journal_segment_t;


typedef struct {
    uint64_t                  first;
    uint64_t                  dseq;        /* EXT-X-DISCONTINUITY-SEQUENCE */
} ngx_live_hls_journal_window_t;


typedef struct {
    ngx_uint_t                type;

    union {
        ngx_live_hls_journal_header_t    header;
        ngx_live_hls_journal_track_t     track;
        ngx_live_hls_journal_segment_t   segment;
        ngx_live_hls_journal_window_t    window;
    } u;
} ngx_live_hls_journal_record_t;


/*
 * Writes a record as one line into p..end; NGX_LIVE_HLS_JOURNAL_LINE bytes
 * suffice.  Returns its end, or NULL if it does not fit or a value is not
 * allowed.
 */
u_char *ngx_live_hls_journal_write(u_char *p, u_char *end,
    const ngx_live_hls_journal_record_t *rec);


/*
 * Reads a journal from memory, whole or piece by piece.  With more set, what
 * follows the last newline of the piece is not yet an end: NGX_AGAIN is
 * returned, and the next piece begins at pos.
 */

typedef struct {
    u_char                   *pos;         /* what has been read up to */
    u_char                   *end;
    ngx_uint_t                line;        /* number of the last line read */
    uint64_t                  msn;         /* highest so far */
    const char               *reason;
    unsigned                  more:1;
    unsigned                  started:1;   /* H was read */
    unsigned                  segments:1;  /* an S was read */
    unsigned                  ended:1;     /* E was read */
} ngx_live_hls_journal_t;


void ngx_live_hls_journal_init(ngx_live_hls_journal_t *j, u_char *data,
    size_t len);

/*
 * NGX_OK     *rec is the next record; its strings point into the data
 * NGX_AGAIN  more is set and the piece holds no further line
 * NGX_DONE   the end; what follows pos, if anything, is a torn line
 * NGX_ERROR  garbage in j->line; j->reason says what
 */
ngx_int_t ngx_live_hls_journal_next(ngx_live_hls_journal_t *j,
    ngx_live_hls_journal_record_t *rec);

/*
 * Copies what still counts of a whole journal: the newest T line of each
 * track, the newest W line, and the segments of its window.  "out" has room
 * for len bytes.  Returns how many were used; 0: it is damaged, or has ended.
 */
size_t ngx_live_hls_journal_compact(u_char *data, size_t len, u_char *out);


#endif /* _NGX_LIVE_HLS_JOURNAL_H_INCLUDED_ */
