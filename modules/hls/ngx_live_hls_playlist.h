
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Text of playlists, draft-pantos-hls-rfc8216bis.  Nothing is allocated and
 * nothing is kept: the caller owns memory and decides when what is rendered.
 *
 * A media playlist is the concatenation of
 *
 *     header   rendered anew when the window moves or a tag of it changes
 *     body     one entry without parts for each segment that is older than
 *              three target durations; append-only, its front is cut off by
 *              whole entries as the window moves
 *     recent   one entry with parts for each of the newer segments
 *     tail     the parts of the segment in progress, the hint, reports, or
 *              ENDLIST
 *
 * and a delta update of header, skip line, the last entries of the body,
 * recent and tail.  An entry is rendered once in either form.
 *
 * While text is rendered the ends of the URIs are recorded, so that a query
 * string can be put behind each of them later by copying.  URIs of media that
 * are signed have one already and are left alone.
 */


#ifndef _NGX_LIVE_HLS_PLAYLIST_H_INCLUDED_
#define _NGX_LIVE_HLS_PLAYLIST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_fit.h>
#include <ngx_live_hls_name.h>


/*
 * Writes the secret of a URI, NGX_LIVE_HLS_SECRET_LEN bytes, by its kind and
 * MSN or hash; date is the segment's in ms of the epoch, negative if it is not
 * known yet, or there is none.
 */

#define NGX_LIVE_HLS_SECRET_LEN  16

typedef void (*ngx_live_hls_sign_pt)(void *data, ngx_uint_t kind,
    uint64_t id, int64_t date, u_char *dst);


/*
 * Memory to render into.  Each function appends whole lines at pos, or
 * returns NGX_ERROR and leaves all as it was if text or uris are too short.
 */

typedef struct {
    u_char                   *start;
    u_char                   *pos;
    u_char                   *end;
    uint32_t                 *uris;        /* offsets from start, rising; may
                                              be NULL: not recorded */
    ngx_uint_t                nuris;
    ngx_uint_t                max_uris;
    ngx_live_hls_sign_pt      sign;        /* NULL: media URIs as they are */
    void                     *sign_data;
} ngx_live_hls_text_t;


typedef struct {
    int64_t                   duration;    /* ticks */
    unsigned                  independent:1;
    unsigned                  gap:1;
} ngx_live_hls_part_t;


typedef struct {
    uint64_t                  msn;
    int64_t                   duration;    /* ticks; not used in the tail */
    int64_t                   date;        /* of the first frame, ms of the
                                              epoch; negative: no tag */
    uint64_t                  map;         /* hash of the init section */
    ngx_live_hls_part_t      *parts;
    ngx_uint_t                nparts;
    unsigned                  new_map:1;   /* map is not that of the segment
                                              before, or discontinuity is set:
                                              the entry has a MAP line */
    unsigned                  discontinuity:1;
    unsigned                  gap:1;       /* the file or a part is missing */
} ngx_live_hls_segment_t;


/* the window and the constants of a rendition */

typedef struct {
    ngx_str_t                 track;
    ngx_uint_t                target_duration;         /* seconds */
    uint32_t                  part_target;             /* microseconds; 0:
                                                          plain HLS */
    uint64_t                  media_sequence;          /* of the first entry */
    uint64_t                  discontinuity_sequence;  /* tags that have left
                                                          the window */
    uint64_t                  map;         /* of the first entry, unless that
                                              has a MAP line of its own: 0 */
    unsigned                  independent:1;   /* every segment listed begins
                                                  with a key frame */
    unsigned                  delta:1;     /* the header is a delta's: no MAP */
    unsigned                  ended:1;
} ngx_live_hls_playlist_t;


/* another rendition of the same session */

typedef struct {
    ngx_str_t                 track;
    uint64_t                  last_msn;    /* MSN of its last part, or of its
                                              last segment in plain HLS */
    ngx_uint_t                last_part;   /* index of that part */
} ngx_live_hls_report_t;


ngx_int_t ngx_live_hls_playlist_header(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl);

/* EXT-X-SKIP, behind the header of a delta; skipped is not 0 */
ngx_int_t ngx_live_hls_playlist_skip(ngx_live_hls_text_t *t,
    ngx_uint_t skipped);

/* the entry of a complete segment, with or without its parts */
ngx_int_t ngx_live_hls_playlist_segment(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg,
    ngx_uint_t with_parts);

/* seg is the segment in progress, of which nothing is rendered but a hint as
 * long as it has no parts.  When pl->ended, seg may be NULL. */
ngx_int_t ngx_live_hls_playlist_tail(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg,
    const ngx_live_hls_report_t *reports, ngx_uint_t nreports);

/* bounds of what the functions above write, in bytes and in URIs */
size_t ngx_live_hls_playlist_header_size(void);
size_t ngx_live_hls_playlist_segment_size(ngx_uint_t nparts);
size_t ngx_live_hls_playlist_tail_size(ngx_uint_t nparts,
    ngx_uint_t nreports);

/*
 * The number of segments at the front of a window that are old: whose end is
 * more than limit ticks before the end of the list.  duration tells the
 * ticks of entry i of n; extra is what stands behind the last entry.  Only
 * the newer entries are looked at.
 *
 * Parts are listed for three target durations (6.2.2): extra is the parts of
 * the segment in progress, and limit is ngx_live_hls_playlist_parts_limit().
 * A delta skips what lies beyond CAN-SKIP-UNTIL, counted from the end of the
 * last segment: extra is 0 and limit ngx_live_hls_playlist_skip_limit().
 */
typedef int64_t (*ngx_live_hls_duration_pt)(void *data, ngx_uint_t i);

ngx_uint_t ngx_live_hls_playlist_older(ngx_live_hls_duration_pt duration,
    void *data, ngx_uint_t n, int64_t extra, int64_t limit);

#define ngx_live_hls_playlist_parts_limit(target_duration)                    \
    ((int64_t) (target_duration) * 3 * NGX_LIVE_HLS_TICKS)

#define ngx_live_hls_playlist_skip_limit(target_duration)                     \
    ((int64_t) (target_duration) * 6 * NGX_LIVE_HLS_TICKS)


/* what a part or a segment lasts as printed, in microseconds: a part may be
 * less than a tick above PART-TARGET by rounding, and then is PART-TARGET */
uint64_t ngx_live_hls_playlist_us(int64_t ticks, uint32_t part_target);


/*
 * Query strings.  ngx_live_hls_playlist_args() copies the arguments of a
 * request without those that begin with _HLS_, and escapes what may not stand
 * in a quoted URI; dst needs three times the length of args.  Returns the
 * length written, 0 if nothing is left.
 */
size_t ngx_live_hls_playlist_args(u_char *dst, const ngx_str_t *args);

/*
 * Copies the bytes from..to of a rendered text with "?args" behind each URI.
 * from and to lie between lines.  The size is asked for first; copying
 * returns the end of what was written.
 */
size_t ngx_live_hls_playlist_splice_size(const uint32_t *uris,
    ngx_uint_t nuris, size_t from, size_t to, size_t args_len);
u_char *ngx_live_hls_playlist_splice(u_char *dst, const u_char *text,
    const uint32_t *uris, ngx_uint_t nuris, size_t from, size_t to,
    const u_char *args, size_t args_len);

/*
 * The same without copying: slices of the text, with "?args" to be sent
 * behind each of them but the last.  slices needs one more element than there
 * are URIs in from..to; returns their number.
 */

typedef struct {
    uint32_t                  offset;
    uint32_t                  len;
    unsigned                  args:1;
} ngx_live_hls_slice_t;

ngx_uint_t ngx_live_hls_playlist_slices(ngx_live_hls_slice_t *slices,
    ngx_uint_t max, const uint32_t *uris, ngx_uint_t nuris, size_t from,
    size_t to);


/*
 * Bit rates of a rendition, 4.4.6.2: the peak over any contiguous segments
 * that last 0.5 to 1.5 target durations together, and the average.  Fed with
 * each segment as it is complete; zero it before the first.
 */

#define NGX_LIVE_HLS_RATE_SEGMENTS  16

typedef struct {
    uint64_t                  bytes[NGX_LIVE_HLS_RATE_SEGMENTS];
    int64_t                   ticks[NGX_LIVE_HLS_RATE_SEGMENTS];
    ngx_uint_t                n;           /* segments seen */
    uint64_t                  all_bytes;
    int64_t                   all_ticks;
    uint64_t                  peak;        /* bits per second */
    uint64_t                  average;
} ngx_live_hls_rate_t;

void ngx_live_hls_rate_add(ngx_live_hls_rate_t *rate, uint64_t bytes,
    int64_t ticks, ngx_uint_t target_duration);


/*
 * The multivariant playlist: each rendition of video is a variant, all
 * renditions of audio are one group that goes with each of them; without
 * video each rendition of audio is a variant.  A rendition's default is the
 * first one's.
 */

typedef struct {
    ngx_str_t                 track;
    ngx_str_t                 codec;       /* as in CODECS */
    ngx_str_t                 language;    /* audio; may be empty */
    ngx_str_t                 label;       /* audio: NAME; empty: the track */
    uint64_t                  bandwidth;   /* bits per second, peak */
    uint64_t                  average;     /* 0: unknown, left out */
    ngx_uint_t                width;       /* video; 0: unknown, left out */
    ngx_uint_t                height;
    ngx_live_hls_ratio_t      frame;       /* video; 0/0: left out */
    ngx_uint_t                channels;    /* audio; 0: left out */
    unsigned                  video:1;
} ngx_live_hls_rendition_t;

/* URIs are SESSION/TRACK.m3u8; independent is said of all segments */
ngx_int_t ngx_live_hls_playlist_multivariant(ngx_live_hls_text_t *t,
    const ngx_str_t *session, const ngx_live_hls_rendition_t *r,
    ngx_uint_t n, ngx_uint_t independent);


#endif /* _NGX_LIVE_HLS_PLAYLIST_H_INCLUDED_ */
