
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_journal.h>


/* " *01234567\n" */
#define NGX_LIVE_HLS_JOURNAL_SUM   11

#define NGX_LIVE_HLS_JOURNAL_BIG   0x7fffffffffffffffULL


/*
 * A place in a line.  Writers and readers do nothing once it has failed, so
 * a record is one run of calls with one check at its end.
 */

typedef struct {
    u_char                   *pos;
    u_char                   *end;
    ngx_uint_t                failed;
} ngx_live_hls_journal_line_t;


typedef struct {
    u_char                    name;
    void                    (*write)(ngx_live_hls_journal_line_t *l,
                                  const ngx_live_hls_journal_record_t *rec);
    void                    (*read)(ngx_live_hls_journal_line_t *l,
                                  ngx_live_hls_journal_record_t *rec);
} ngx_live_hls_journal_type_t;


/* lines of a journal that count, beside those of segments */

typedef struct {
    ngx_str_t                 header;
    ngx_str_t                 window;
    uint64_t                  first;       /* segment of the window */
    ngx_uint_t                n;           /* tracks */
    ngx_str_t                 names[NGX_LIVE_HLS_JOURNAL_TRACKS];
    ngx_str_t                 tracks[NGX_LIVE_HLS_JOURNAL_TRACKS];
} ngx_live_hls_journal_kept_t;


static void ngx_live_hls_journal_write_header(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_write_track(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_write_segment(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_write_window(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_write_end(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_add(ngx_live_hls_journal_line_t *l,
    const char *fmt, ...);
static void ngx_live_hls_journal_add_word(ngx_live_hls_journal_line_t *l,
    u_char before, const ngx_str_t *s);

static void ngx_live_hls_journal_read_header(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_read_track(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_read_segment(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_read_rendition(
    ngx_live_hls_journal_line_t *l, ngx_live_hls_journal_rendition_t *r);
static void ngx_live_hls_journal_read_window(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_read_end(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec);
static void ngx_live_hls_journal_word(ngx_live_hls_journal_line_t *l,
    u_char before, u_char stop, ngx_str_t *s);
static void ngx_live_hls_journal_name(ngx_live_hls_journal_line_t *l,
    u_char before, u_char stop, ngx_str_t *s);
static uint64_t ngx_live_hls_journal_number(ngx_live_hls_journal_line_t *l,
    u_char before, u_char stop, uint64_t max);
static uint64_t ngx_live_hls_journal_hash(ngx_live_hls_journal_line_t *l,
    u_char before, u_char stop);
static int64_t ngx_live_hls_journal_signed(ngx_live_hls_journal_line_t *l,
    u_char before, u_char stop);

static const char *ngx_live_hls_journal_parse(u_char *p, u_char *end,
    ngx_live_hls_journal_record_t *rec);
static const char *ngx_live_hls_journal_sum(u_char *p, u_char *end);
static const char *ngx_live_hls_journal_order(ngx_live_hls_journal_t *j,
    ngx_live_hls_journal_record_t *rec);
static ngx_int_t ngx_live_hls_journal_keep(ngx_live_hls_journal_kept_t *kept,
    u_char *data, size_t len);
static ngx_int_t ngx_live_hls_journal_keep_track(
    ngx_live_hls_journal_kept_t *kept, ngx_str_t *name, ngx_str_t *line);


/* by NGX_LIVE_HLS_JOURNAL_* */

static const ngx_live_hls_journal_type_t  ngx_live_hls_journal_types[] = {

    { 0, NULL, NULL },

    { 'H', ngx_live_hls_journal_write_header,
           ngx_live_hls_journal_read_header },

    { 'T', ngx_live_hls_journal_write_track,
           ngx_live_hls_journal_read_track },

    { 'S', ngx_live_hls_journal_write_segment,
           ngx_live_hls_journal_read_segment },

    { 'W', ngx_live_hls_journal_write_window,
           ngx_live_hls_journal_read_window },

    { 'E', ngx_live_hls_journal_write_end,
           ngx_live_hls_journal_read_end }
};

#define NGX_LIVE_HLS_JOURNAL_TYPES                                            \
    (sizeof(ngx_live_hls_journal_types) / sizeof(ngx_live_hls_journal_type_t))


u_char *
ngx_live_hls_journal_write(u_char *p, u_char *end,
    const ngx_live_hls_journal_record_t *rec)
{
    uint32_t                     crc;
    ngx_live_hls_journal_line_t  l;

    if (rec->type == 0 || rec->type >= NGX_LIVE_HLS_JOURNAL_TYPES) {
        return NULL;
    }

    if (end - p > NGX_LIVE_HLS_JOURNAL_LINE) {
        end = p + NGX_LIVE_HLS_JOURNAL_LINE;
    }

    if (end - p < NGX_LIVE_HLS_JOURNAL_SUM + 1) {
        return NULL;
    }

    /* one byte more than is used tells what fits from what was cut off */

    l.pos = p;
    l.end = end - NGX_LIVE_HLS_JOURNAL_SUM;
    l.failed = 0;

    ngx_live_hls_journal_add(&l, "%c",
                             ngx_live_hls_journal_types[rec->type].name);
    ngx_live_hls_journal_types[rec->type].write(&l, rec);

    if (l.failed) {
        return NULL;
    }

    crc = ngx_crc32_long(p, l.pos - p);

    return ngx_slprintf(l.pos, end, " *%08xD\n", crc);
}


static void
ngx_live_hls_journal_write_header(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec)
{
    const ngx_live_hls_journal_header_t  *h;

    h = &rec->u.header;

    if (!ngx_live_hls_name_valid(&h->session)) {
        l->failed = 1;
    }

    ngx_live_hls_journal_add(l, " 1");
    ngx_live_hls_journal_add_word(l, ' ', &h->session);
    ngx_live_hls_journal_add_word(l, ' ', &h->stream);
    ngx_live_hls_journal_add(l, " %L %ui %uD", h->created, h->target, h->part);
}


static void
ngx_live_hls_journal_write_track(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec)
{
    const ngx_live_hls_journal_track_t  *t;

    t = &rec->u.track;

    if (!ngx_live_hls_name_valid(&t->name)) {
        l->failed = 1;
    }

    ngx_live_hls_journal_add_word(l, ' ', &t->name);
    ngx_live_hls_journal_add(l, t->video ? " video" : " audio");
    ngx_live_hls_journal_add_word(l, ' ', &t->codec);
    ngx_live_hls_journal_add(l, " %016xL %ui %ui %uD/%uD %ui %ui",
                             (int64_t) t->map, t->width, t->height,
                             t->frame.num, t->frame.den, t->rate,
                             t->channels);
    ngx_live_hls_journal_add_word(l, ' ', &t->language);
}


static void
ngx_live_hls_journal_write_segment(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec)
{
    ngx_uint_t                               i;
    const ngx_live_hls_journal_segment_t    *s;
    const ngx_live_hls_journal_rendition_t  *r;

    s = &rec->u.segment;

    if (s->n > NGX_LIVE_HLS_JOURNAL_TRACKS) {
        l->failed = 1;
        return;
    }

    ngx_live_hls_journal_add(l, " %uL %L", s->msn, s->start);

    if (s->date < 0) {
        ngx_live_hls_journal_add(l, " -");

    } else {
        ngx_live_hls_journal_add(l, " %L", s->date);
    }

    ngx_live_hls_journal_add(l, s->discontinuity ? " D" : " -");

    for (i = 0; i < s->n; i++) {
        r = &s->renditions[i];

        if (!ngx_live_hls_name_valid(&r->track) || r->duration < 0) {
            l->failed = 1;
        }

        ngx_live_hls_journal_add_word(l, ' ', &r->track);
        ngx_live_hls_journal_add(l, ":%L:%uL:%016xL:%s%s%s", r->duration,
                                 r->bytes, (int64_t) r->map,
                                 r->independent ? "I" : "",
                                 r->gap ? "G" : "",
                                 r->independent || r->gap ? "" : "-");
    }
}


static void
ngx_live_hls_journal_write_window(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec)
{
    ngx_live_hls_journal_add(l, " %uL %uL", rec->u.window.first,
                             rec->u.window.dseq);
}


static void
ngx_live_hls_journal_write_end(ngx_live_hls_journal_line_t *l,
    const ngx_live_hls_journal_record_t *rec)
{
}


static void
ngx_live_hls_journal_add(ngx_live_hls_journal_line_t *l, const char *fmt, ...)
{
    va_list  args;

    if (l->failed) {
        return;
    }

    va_start(args, fmt);
    l->pos = ngx_vslprintf(l->pos, l->end, fmt, args);
    va_end(args);

    if (l->pos == l->end) {
        l->failed = 1;
    }
}


static void
ngx_live_hls_journal_add_word(ngx_live_hls_journal_line_t *l, u_char before,
    const ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] <= ' ' || s->data[i] >= 0x7f) {
            l->failed = 1;
            return;
        }
    }

    if (s->len == 0) {
        ngx_live_hls_journal_add(l, "%c-", before);
        return;
    }

    ngx_live_hls_journal_add(l, "%c%V", before, s);
}


void
ngx_live_hls_journal_init(ngx_live_hls_journal_t *j, u_char *data, size_t len)
{
    ngx_memzero(j, sizeof(ngx_live_hls_journal_t));

    j->pos = data;
    j->end = data + len;
}


ngx_int_t
ngx_live_hls_journal_next(ngx_live_hls_journal_t *j,
    ngx_live_hls_journal_record_t *rec)
{
    u_char  *last;

    last = ngx_strlchr(j->pos, j->end, '\n');

    if (last == NULL) {

        if (j->more && j->end - j->pos < NGX_LIVE_HLS_JOURNAL_LINE) {
            return NGX_AGAIN;
        }

        if (j->more) {
            j->line++;
            j->reason = "line is too long";
            return NGX_ERROR;
        }

        return NGX_DONE;
    }

    j->line++;

    j->reason = ngx_live_hls_journal_parse(j->pos, last, rec);

    if (j->reason == NULL) {
        j->reason = ngx_live_hls_journal_order(j, rec);
    }

    if (j->reason) {
        return NGX_ERROR;
    }

    j->pos = last + 1;

    return NGX_OK;
}


size_t
ngx_live_hls_journal_compact(u_char *data, size_t len, u_char *out)
{
    u_char                         *p, *line;
    ngx_uint_t                      i;
    ngx_live_hls_journal_t          j;
    ngx_live_hls_journal_kept_t     kept;
    ngx_live_hls_journal_record_t   rec;

    ngx_memzero(&kept, sizeof(ngx_live_hls_journal_kept_t));

    if (ngx_live_hls_journal_keep(&kept, data, len) != NGX_OK) {
        return 0;
    }

    p = ngx_cpymem(out, kept.header.data, kept.header.len);

    for (i = 0; i < kept.n; i++) {
        p = ngx_cpymem(p, kept.tracks[i].data, kept.tracks[i].len);
    }

    if (kept.window.len) {
        p = ngx_cpymem(p, kept.window.data, kept.window.len);
    }

    ngx_live_hls_journal_init(&j, data, len);

    for (line = j.pos;
         ngx_live_hls_journal_next(&j, &rec) == NGX_OK;
         line = j.pos)
    {
        if (rec.type == NGX_LIVE_HLS_JOURNAL_SEGMENT
            && rec.u.segment.msn >= kept.first)
        {
            p = ngx_cpymem(p, line, j.pos - line);
        }
    }

    return p - out;
}


/* finds the newest lines of a whole journal that has not ended */

static ngx_int_t
ngx_live_hls_journal_keep(ngx_live_hls_journal_kept_t *kept, u_char *data,
    size_t len)
{
    ngx_int_t                      rc;
    ngx_str_t                      line;
    ngx_live_hls_journal_t         j;
    ngx_live_hls_journal_record_t  rec;

    ngx_live_hls_journal_init(&j, data, len);

    for ( ;; ) {
        line.data = j.pos;
        rc = ngx_live_hls_journal_next(&j, &rec);

        if (rc != NGX_OK) {
            break;
        }

        line.len = j.pos - line.data;

        switch (rec.type) {

        case NGX_LIVE_HLS_JOURNAL_HEADER:
            kept->header = line;
            break;

        case NGX_LIVE_HLS_JOURNAL_TRACK:

            if (ngx_live_hls_journal_keep_track(kept, &rec.u.track.name,
                                                &line)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            break;

        case NGX_LIVE_HLS_JOURNAL_WINDOW:
            kept->window = line;
            kept->first = rec.u.window.first;
            break;

        case NGX_LIVE_HLS_JOURNAL_END:
            return NGX_ERROR;
        }
    }

    return (rc == NGX_DONE && j.pos == data + len && kept->header.len)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_live_hls_journal_keep_track(ngx_live_hls_journal_kept_t *kept,
    ngx_str_t *name, ngx_str_t *line)
{
    ngx_uint_t  i;

    for (i = 0; i < kept->n; i++) {
        if (kept->names[i].len == name->len
            && ngx_memcmp(kept->names[i].data, name->data, name->len) == 0)
        {
            break;
        }
    }

    if (i == NGX_LIVE_HLS_JOURNAL_TRACKS) {
        return NGX_ERROR;
    }

    if (i == kept->n) {
        kept->names[kept->n++] = *name;
    }

    kept->tracks[i] = *line;

    return NGX_OK;
}


static const char *
ngx_live_hls_journal_order(ngx_live_hls_journal_t *j,
    ngx_live_hls_journal_record_t *rec)
{
    if (j->ended) {
        return "record after the end";
    }

    if (j->started == (rec->type == NGX_LIVE_HLS_JOURNAL_HEADER)) {
        return j->started ? "second header" : "no header";
    }

    switch (rec->type) {

    case NGX_LIVE_HLS_JOURNAL_HEADER:
        j->started = 1;
        break;

    case NGX_LIVE_HLS_JOURNAL_SEGMENT:

        if (j->segments
            && rec->u.segment.msn + NGX_LIVE_HLS_JOURNAL_LAG < j->msn)
        {
            return "media sequence number goes back";
        }

        j->segments = 1;
        j->msn = ngx_max(j->msn, rec->u.segment.msn);
        break;

    case NGX_LIVE_HLS_JOURNAL_END:
        j->ended = 1;
        break;

    default:
        break;
    }

    return NULL;
}


static const char *
ngx_live_hls_journal_parse(u_char *p, u_char *end,
    ngx_live_hls_journal_record_t *rec)
{
    ngx_uint_t                   i;
    const char                  *reason;
    ngx_live_hls_journal_line_t  l;

    if (end - p >= NGX_LIVE_HLS_JOURNAL_LINE) {
        return "line is too long";
    }

    reason = ngx_live_hls_journal_sum(p, end);
    if (reason) {
        return reason;
    }

    ngx_memzero(rec, sizeof(ngx_live_hls_journal_record_t));

    l.pos = p + 1;
    l.end = end - (NGX_LIVE_HLS_JOURNAL_SUM - 1);
    l.failed = 0;

    for (i = 1; i < NGX_LIVE_HLS_JOURNAL_TYPES; i++) {

        if (ngx_live_hls_journal_types[i].name != *p) {
            continue;
        }

        rec->type = i;
        ngx_live_hls_journal_types[i].read(&l, rec);

        if (l.failed || l.pos != l.end) {
            return "malformed record";
        }

        return NULL;
    }

    return "unknown record";
}


static const char *
ngx_live_hls_journal_sum(u_char *p, u_char *end)
{
    u_char     *last;
    ngx_int_t   crc;

    if (end - p < NGX_LIVE_HLS_JOURNAL_SUM) {
        return "no checksum";
    }

    last = end - (NGX_LIVE_HLS_JOURNAL_SUM - 1);

    if (last[0] != ' ' || last[1] != '*') {
        return "no checksum";
    }

    crc = ngx_hextoi(last + 2, 8);

    if (crc == NGX_ERROR || (uint32_t) crc != ngx_crc32_long(p, last - p)) {
        return "wrong checksum";
    }

    return NULL;
}


static void
ngx_live_hls_journal_read_header(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec)
{
    ngx_live_hls_journal_header_t  *h;

    h = &rec->u.header;

    if (ngx_live_hls_journal_number(l, ' ', ' ', NGX_MAX_INT32_VALUE) != 1) {
        l->failed = 1;
    }

    ngx_live_hls_journal_name(l, ' ', ' ', &h->session);
    ngx_live_hls_journal_word(l, ' ', ' ', &h->stream);
    h->created = ngx_live_hls_journal_signed(l, ' ', ' ');
    h->target = ngx_live_hls_journal_number(l, ' ', ' ', NGX_MAX_INT32_VALUE);
    h->part = ngx_live_hls_journal_number(l, ' ', ' ', NGX_MAX_UINT32_VALUE);
}


static void
ngx_live_hls_journal_read_track(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec)
{
    ngx_str_t                      kind;
    ngx_live_hls_journal_track_t  *t;

    t = &rec->u.track;

    ngx_live_hls_journal_name(l, ' ', ' ', &t->name);
    ngx_live_hls_journal_word(l, ' ', ' ', &kind);

    if (kind.len == 5 && ngx_memcmp(kind.data, "video", 5) == 0) {
        t->video = 1;

    } else if (kind.len != 5 || ngx_memcmp(kind.data, "audio", 5) != 0) {
        l->failed = 1;
    }

    ngx_live_hls_journal_word(l, ' ', ' ', &t->codec);
    t->map = ngx_live_hls_journal_hash(l, ' ', ' ');
    t->width = ngx_live_hls_journal_number(l, ' ', ' ', NGX_MAX_INT32_VALUE);
    t->height = ngx_live_hls_journal_number(l, ' ', ' ', NGX_MAX_INT32_VALUE);
    t->frame.num = ngx_live_hls_journal_number(l, ' ', '/',
                                               NGX_MAX_UINT32_VALUE);
    t->frame.den = ngx_live_hls_journal_number(l, '/', ' ',
                                               NGX_MAX_UINT32_VALUE);
    t->rate = ngx_live_hls_journal_number(l, ' ', ' ', NGX_MAX_INT32_VALUE);
    t->channels = ngx_live_hls_journal_number(l, ' ', ' ',
                                              NGX_MAX_INT32_VALUE);
    ngx_live_hls_journal_word(l, ' ', ' ', &t->language);
}


static void
ngx_live_hls_journal_read_segment(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec)
{
    ngx_str_t                        flags;
    ngx_live_hls_journal_segment_t  *s;

    s = &rec->u.segment;

    s->msn = ngx_live_hls_journal_number(l, ' ', ' ', NGX_LIVE_HLS_MSN_MAX);
    s->start = ngx_live_hls_journal_signed(l, ' ', ' ');

    if (l->end - l->pos > 2 && ngx_memcmp(l->pos, " - ", 3) == 0) {
        l->pos += 2;
        s->date = -1;

    } else {
        s->date = ngx_live_hls_journal_number(l, ' ', ' ',
                                              NGX_LIVE_HLS_JOURNAL_BIG);
    }

    ngx_live_hls_journal_word(l, ' ', ' ', &flags);

    if (flags.len == 1 && flags.data[0] == 'D') {
        s->discontinuity = 1;

    } else if (flags.len) {
        l->failed = 1;
    }

    while (!l->failed && l->pos != l->end) {

        if (s->n == NGX_LIVE_HLS_JOURNAL_TRACKS) {
            l->failed = 1;
            return;
        }

        ngx_live_hls_journal_read_rendition(l, &s->renditions[s->n++]);
    }
}


static void
ngx_live_hls_journal_read_rendition(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_rendition_t *r)
{
    size_t     i;
    ngx_str_t  flags;

    ngx_live_hls_journal_name(l, ' ', ':', &r->track);
    r->duration = ngx_live_hls_journal_number(l, ':', ':',
                                              NGX_LIVE_HLS_JOURNAL_BIG);
    r->bytes = ngx_live_hls_journal_number(l, ':', ':',
                                           NGX_LIVE_HLS_JOURNAL_BIG);
    r->map = ngx_live_hls_journal_hash(l, ':', ':');
    ngx_live_hls_journal_word(l, ':', ' ', &flags);

    for (i = 0; i < flags.len; i++) {

        if (flags.data[i] == 'I') {
            r->independent = 1;

        } else if (flags.data[i] == 'G') {
            r->gap = 1;

        } else {
            l->failed = 1;
        }
    }
}


static void
ngx_live_hls_journal_read_window(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec)
{
    rec->u.window.first = ngx_live_hls_journal_number(l, ' ', ' ',
                                                      NGX_LIVE_HLS_MSN_MAX);
    rec->u.window.dseq = ngx_live_hls_journal_number(l, ' ', ' ',
                                                    NGX_LIVE_HLS_JOURNAL_BIG);
}


static void
ngx_live_hls_journal_read_end(ngx_live_hls_journal_line_t *l,
    ngx_live_hls_journal_record_t *rec)
{
}


/* the byte before and what follows up to stop or the end; "-" is empty */

static void
ngx_live_hls_journal_word(ngx_live_hls_journal_line_t *l, u_char before,
    u_char stop, ngx_str_t *s)
{
    u_char  *p;

    ngx_str_null(s);

    if (l->failed) {
        return;
    }

    if (l->pos == l->end || *l->pos != before) {
        l->failed = 1;
        return;
    }

    s->data = ++l->pos;

    for (p = s->data; p != l->end && *p != stop; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            l->failed = 1;
            return;
        }
    }

    s->len = p - s->data;
    l->pos = p;

    if (s->len == 0) {
        l->failed = 1;

    } else if (s->len == 1 && s->data[0] == '-') {
        s->len = 0;
    }
}


static void
ngx_live_hls_journal_name(ngx_live_hls_journal_line_t *l, u_char before,
    u_char stop, ngx_str_t *s)
{
    ngx_live_hls_journal_word(l, before, stop, s);

    if (!l->failed && !ngx_live_hls_name_valid(s)) {
        l->failed = 1;
    }
}


static uint64_t
ngx_live_hls_journal_number(ngx_live_hls_journal_line_t *l, u_char before,
    u_char stop, uint64_t max)
{
    uint64_t   value;
    ngx_str_t  s;

    ngx_live_hls_journal_word(l, before, stop, &s);

    if (l->failed
        || ngx_live_hls_name_number(s.data, s.data + s.len, max, &value)
           != NGX_OK)
    {
        l->failed = 1;
        return 0;
    }

    return value;
}


static int64_t
ngx_live_hls_journal_signed(ngx_live_hls_journal_line_t *l, u_char before,
    u_char stop)
{
    uint64_t    value;
    ngx_str_t   s;
    ngx_uint_t  minus;

    ngx_live_hls_journal_word(l, before, stop, &s);

    minus = (s.len && s.data[0] == '-');

    if (l->failed
        || ngx_live_hls_name_number(s.data + minus, s.data + s.len,
                                    NGX_LIVE_HLS_JOURNAL_BIG, &value)
           != NGX_OK)
    {
        l->failed = 1;
        return 0;
    }

    return minus ? -(int64_t) value : (int64_t) value;
}


static uint64_t
ngx_live_hls_journal_hash(ngx_live_hls_journal_line_t *l, u_char before,
    u_char stop)
{
    uint64_t   value;
    ngx_str_t  s;

    ngx_live_hls_journal_word(l, before, stop, &s);

    if (l->failed
        || ngx_live_hls_name_hash(s.data, s.data + s.len, &value) != NGX_OK)
    {
        l->failed = 1;
        return 0;
    }

    return value;
}
