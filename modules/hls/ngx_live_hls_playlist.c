
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_playlist.h>


/* EXT-X-SKIP needs 9, EXT-X-MAP in a playlist that is not of I-frames 6:
 * draft-pantos-hls-rfc8216bis, 8 */
#define NGX_LIVE_HLS_VERSION      9

/* bounds of lines, without the variable text given to them */
#define NGX_LIVE_HLS_HEADER_SIZE  704
#define NGX_LIVE_HLS_ENTRY_SIZE   448
#define NGX_LIVE_HLS_LINE_SIZE                                                \
    (128 + NGX_LIVE_HLS_NAME_FILE_LEN + sizeof("?s=")                        \
     + NGX_LIVE_HLS_SECRET_LEN)


/*
 * The functions below write into a copy of the caller's text, which becomes
 * the caller's when all has found room.
 */

static void ngx_live_hls_text_add(ngx_live_hls_text_t *t, const char *fmt,
    ...);
static void ngx_live_hls_text_uri(ngx_live_hls_text_t *t, ngx_uint_t kind,
    const ngx_str_t *track, uint64_t msn, ngx_uint_t part, uint64_t hash,
    int64_t date);
static void ngx_live_hls_text_mark(ngx_live_hls_text_t *t);
static ngx_int_t ngx_live_hls_text_done(ngx_live_hls_text_t *t,
    ngx_live_hls_text_t *work);
static void ngx_live_hls_text_seconds(ngx_live_hls_text_t *t, const char *tag,
    uint64_t us);
static void ngx_live_hls_text_map(ngx_live_hls_text_t *t,
    const ngx_str_t *track, uint64_t map);
static void ngx_live_hls_text_date(ngx_live_hls_text_t *t, int64_t ms);
static void ngx_live_hls_text_head(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg);
static void ngx_live_hls_text_parts(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg);
static void ngx_live_hls_text_quoted(ngx_live_hls_text_t *t, const char *name,
    const ngx_str_t *value);
static void ngx_live_hls_text_media(ngx_live_hls_text_t *t,
    const ngx_str_t *session, const ngx_live_hls_rendition_t *r,
    ngx_uint_t first);
static void ngx_live_hls_text_variant(ngx_live_hls_text_t *t,
    const ngx_str_t *session, const ngx_live_hls_rendition_t *r,
    const ngx_live_hls_rendition_t *all, ngx_uint_t n);
static void ngx_live_hls_text_codecs(ngx_live_hls_text_t *t,
    const ngx_live_hls_rendition_t *r, const ngx_live_hls_rendition_t *all,
    ngx_uint_t n);
static uint64_t ngx_live_hls_rate_bits(uint64_t bytes, uint64_t ticks);
static ngx_uint_t ngx_live_hls_args_reserved(u_char *p, u_char *end);
static ngx_uint_t ngx_live_hls_uri_first(const uint32_t *uris,
    ngx_uint_t nuris, size_t from);


ngx_int_t
ngx_live_hls_playlist_header(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl)
{
    uint64_t             target;
    ngx_live_hls_text_t  w;

    w = *t;
    target = (uint64_t) pl->target_duration * 1000000;

    ngx_live_hls_text_add(&w, "#EXTM3U\n#EXT-X-VERSION:%d\n"
                          "#EXT-X-TARGETDURATION:%ui\n",
                          NGX_LIVE_HLS_VERSION, pl->target_duration);

    /* CAN-SKIP-UNTIL is at least six target durations, HOLD-BACK three,
     * PART-HOLD-BACK should be three times PART-TARGET: 4.4.3.8 */

    ngx_live_hls_text_add(&w, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES");
    ngx_live_hls_text_seconds(&w, ",CAN-SKIP-UNTIL=", 6 * target);

    if (pl->part_target) {
        ngx_live_hls_text_seconds(&w, ",PART-HOLD-BACK=",
                                  3 * (uint64_t) pl->part_target);
    }

    ngx_live_hls_text_seconds(&w, ",HOLD-BACK=", 3 * target);
    ngx_live_hls_text_add(&w, "\n");

    if (pl->part_target) {
        ngx_live_hls_text_seconds(&w, "#EXT-X-PART-INF:PART-TARGET=",
                                  pl->part_target);
        ngx_live_hls_text_add(&w, "\n");
    }

    ngx_live_hls_text_add(&w, "#EXT-X-MEDIA-SEQUENCE:%uL\n"
                          "#EXT-X-DISCONTINUITY-SEQUENCE:%uL\n",
                          pl->media_sequence, pl->discontinuity_sequence);

    if (pl->independent) {
        ngx_live_hls_text_add(&w, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }

    if (pl->map && !pl->delta) {
        ngx_live_hls_text_map(&w, &pl->track, pl->map);
    }

    return ngx_live_hls_text_done(t, &w);
}


ngx_int_t
ngx_live_hls_playlist_skip(ngx_live_hls_text_t *t, ngx_uint_t skipped)
{
    ngx_live_hls_text_t  w;

    w = *t;

    ngx_live_hls_text_add(&w, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%ui\n", skipped);

    return ngx_live_hls_text_done(t, &w);
}


ngx_int_t
ngx_live_hls_playlist_segment(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg,
    ngx_uint_t with_parts)
{
    ngx_live_hls_text_t  w;

    w = *t;

    ngx_live_hls_text_head(&w, pl, seg);

    if (with_parts) {
        ngx_live_hls_text_parts(&w, pl, seg);
    }

    if (seg->gap) {
        ngx_live_hls_text_add(&w, "#EXT-X-GAP\n");
    }

    ngx_live_hls_text_seconds(&w, "#EXTINF:",
                              ngx_live_hls_playlist_us(seg->duration, 0));
    ngx_live_hls_text_add(&w, ",\n");
    ngx_live_hls_text_uri(&w, NGX_LIVE_HLS_NAME_SEGMENT, &pl->track, seg->msn,
                          0, 0, seg->date);
    ngx_live_hls_text_add(&w, "\n");

    return ngx_live_hls_text_done(t, &w);
}


ngx_int_t
ngx_live_hls_playlist_tail(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg,
    const ngx_live_hls_report_t *reports, ngx_uint_t nreports)
{
    ngx_uint_t           i;
    ngx_live_hls_text_t  w;

    w = *t;

    /*
     * Tags of a segment without a part wait for its first one: players take
     * a lone EXT-X-DISCONTINUITY for a part of what was before it.
     */

    if (seg && seg->nparts && pl->part_target) {
        ngx_live_hls_text_head(&w, pl, seg);
        ngx_live_hls_text_parts(&w, pl, seg);
    }

    if (pl->ended) {
        ngx_live_hls_text_add(&w, "#EXT-X-ENDLIST\n");

        return ngx_live_hls_text_done(t, &w);
    }

    if (seg && pl->part_target) {
        ngx_live_hls_text_add(&w, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
        ngx_live_hls_text_uri(&w, NGX_LIVE_HLS_NAME_PART, &pl->track,
                              seg->msn, seg->nparts, 0,
                              seg->nparts ? seg->date : -1);
        ngx_live_hls_text_add(&w, "\"\n");
    }

    for (i = 0; i < nreports; i++) {

        ngx_live_hls_text_add(&w, "#EXT-X-RENDITION-REPORT:URI=\"");
        ngx_live_hls_text_uri(&w, NGX_LIVE_HLS_NAME_PLAYLIST,
                              &reports[i].track, 0, 0, 0, -1);
        ngx_live_hls_text_add(&w, "\",LAST-MSN=%uL", reports[i].last_msn);

        if (pl->part_target) {
            ngx_live_hls_text_add(&w, ",LAST-PART=%ui", reports[i].last_part);
        }

        ngx_live_hls_text_add(&w, "\n");
    }

    return ngx_live_hls_text_done(t, &w);
}


size_t
ngx_live_hls_playlist_header_size(void)
{
    return NGX_LIVE_HLS_HEADER_SIZE;
}


size_t
ngx_live_hls_playlist_segment_size(ngx_uint_t nparts)
{
    return NGX_LIVE_HLS_ENTRY_SIZE + nparts * NGX_LIVE_HLS_LINE_SIZE;
}


size_t
ngx_live_hls_playlist_tail_size(ngx_uint_t nparts, ngx_uint_t nreports)
{
    return NGX_LIVE_HLS_ENTRY_SIZE
           + (nparts + nreports + 1) * NGX_LIVE_HLS_LINE_SIZE;
}


ngx_uint_t
ngx_live_hls_playlist_older(ngx_live_hls_duration_pt duration, void *data,
    ngx_uint_t n, int64_t extra, int64_t limit)
{
    /* extra is how far the end of entry n - 1 is from the end of the list */

    while (n && extra <= limit) {
        n--;
        extra += duration(data, n);
    }

    return n;
}


uint64_t
ngx_live_hls_playlist_us(int64_t ticks, uint32_t part_target)
{
    uint64_t  us;

    if (ticks <= 0) {
        return 0;
    }

    us = ((uint64_t) ticks * 100 + 4) / 9;

    if (part_target && us > part_target && us - part_target <= 12) {
        return part_target;
    }

    return us;
}


static void
ngx_live_hls_text_head(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg)
{
    if (seg->discontinuity) {
        ngx_live_hls_text_add(t, "#EXT-X-DISCONTINUITY\n");
    }

    if (seg->discontinuity || seg->new_map) {
        ngx_live_hls_text_map(t, &pl->track, seg->map);
    }

    if (seg->date >= 0) {
        ngx_live_hls_text_date(t, seg->date);
    }
}


static void
ngx_live_hls_text_parts(ngx_live_hls_text_t *t,
    const ngx_live_hls_playlist_t *pl, const ngx_live_hls_segment_t *seg)
{
    ngx_uint_t                  i;
    const ngx_live_hls_part_t  *part;

    if (pl->part_target == 0) {
        return;
    }

    for (i = 0; i < seg->nparts; i++) {
        part = &seg->parts[i];

        ngx_live_hls_text_seconds(t, "#EXT-X-PART:DURATION=",
                                  ngx_live_hls_playlist_us(part->duration,
                                                           pl->part_target));
        ngx_live_hls_text_add(t, ",URI=\"");
        ngx_live_hls_text_uri(t, NGX_LIVE_HLS_NAME_PART, &pl->track,
                              seg->msn, i, 0, seg->date);
        ngx_live_hls_text_add(t, "\"%s%s\n",
                              part->independent ? ",INDEPENDENT=YES" : "",
                              part->gap ? ",GAP=YES" : "");
    }
}


static void
ngx_live_hls_text_map(ngx_live_hls_text_t *t, const ngx_str_t *track,
    uint64_t map)
{
    ngx_live_hls_text_add(t, "#EXT-X-MAP:URI=\"");
    ngx_live_hls_text_uri(t, NGX_LIVE_HLS_NAME_INIT, track, 0, 0, map, -1);
    ngx_live_hls_text_add(t, "\"\n");
}


static void
ngx_live_hls_text_seconds(ngx_live_hls_text_t *t, const char *tag,
    uint64_t us)
{
    ngx_live_hls_text_add(t, "%s%uL.%06uL", tag, us / 1000000, us % 1000000);
}


/* ISO 8601 in UTC; the days are turned into a date of the proleptic Gregorian
 * calendar whose years begin with March */

static void
ngx_live_hls_text_date(ngx_live_hls_text_t *t, int64_t ms)
{
    int64_t  days, sec, year, month, day, era, doe, yoe, doy;

    sec = ms / 1000;
    days = sec / 86400 + 719468;
    sec %= 86400;

    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);

    month = (5 * doy + 2) / 153;
    day = doy - (153 * month + 2) / 5 + 1;
    month += (month < 10) ? 3 : -9;
    year = yoe + era * 400 + (month <= 2);

    ngx_live_hls_text_add(t, "#EXT-X-PROGRAM-DATE-TIME:"
                          "%04L-%02L-%02LT%02L:%02L:%02L.%03LZ\n",
                          year, month, day, sec / 3600, sec / 60 % 60,
                          sec % 60, ms % 1000);
}


/* pos of NULL says that there was no room */

static void
ngx_live_hls_text_add(ngx_live_hls_text_t *t, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    if (t->pos == NULL) {
        return;
    }

    va_start(args, fmt);
    p = ngx_vslprintf(t->pos, t->end, fmt, args);
    va_end(args);

    /* ngx_vslprintf() cuts off what does not fit: one byte is left unused to
     * tell that from what just fits */

    t->pos = (p == t->end) ? NULL : p;
}


static void
ngx_live_hls_text_uri(ngx_live_hls_text_t *t, ngx_uint_t kind,
    const ngx_str_t *track, uint64_t msn, ngx_uint_t part, uint64_t hash,
    int64_t date)
{
    u_char  name[NGX_LIVE_HLS_NAME_FILE_LEN], *p;
    u_char  secret[NGX_LIVE_HLS_SECRET_LEN];

    p = ngx_live_hls_name_file(name, kind, track, msn, part, hash);

    ngx_live_hls_text_add(t, "%*s", (size_t) (p - name), name);

    if (t->sign == NULL || kind == NGX_LIVE_HLS_NAME_PLAYLIST) {
        ngx_live_hls_text_mark(t);
        return;
    }

    t->sign(t->sign_data, kind, kind == NGX_LIVE_HLS_NAME_INIT ? hash : msn,
            date, secret);

    ngx_live_hls_text_add(t, "?s=%*s", (size_t) NGX_LIVE_HLS_SECRET_LEN,
                          secret);
}


static void
ngx_live_hls_text_mark(ngx_live_hls_text_t *t)
{
    if (t->uris == NULL || t->pos == NULL) {
        return;
    }

    if (t->nuris == t->max_uris) {
        t->pos = NULL;
        return;
    }

    t->uris[t->nuris++] = (uint32_t) (t->pos - t->start);
}


static ngx_int_t
ngx_live_hls_text_done(ngx_live_hls_text_t *t, ngx_live_hls_text_t *work)
{
    if (work->pos == NULL) {
        return NGX_ERROR;
    }

    *t = *work;

    return NGX_OK;
}


/* NAME and the like are quoted strings: 4.2 */

static void
ngx_live_hls_text_quoted(ngx_live_hls_text_t *t, const char *name,
    const ngx_str_t *value)
{
    size_t  i;
    u_char  c;

    ngx_live_hls_text_add(t, "%s=\"", name);

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (c >= 0x20 && c != 0x7f && c != '"') {
            ngx_live_hls_text_add(t, "%c", (int) c);
        }
    }

    ngx_live_hls_text_add(t, "\"");
}


ngx_int_t
ngx_live_hls_playlist_multivariant(ngx_live_hls_text_t *t,
    const ngx_str_t *session, const ngx_live_hls_rendition_t *r,
    ngx_uint_t n, ngx_uint_t independent)
{
    ngx_uint_t           i, video, audio;
    ngx_live_hls_text_t  w;

    w = *t;
    video = 0;
    audio = 0;

    for (i = 0; i < n; i++) {
        video += r[i].video;
    }

    ngx_live_hls_text_add(&w, "#EXTM3U\n#EXT-X-VERSION:6\n");

    if (independent) {
        ngx_live_hls_text_add(&w, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }

    for (i = 0; i < n && video; i++) {
        if (!r[i].video) {
            ngx_live_hls_text_media(&w, session, &r[i], audio++ == 0);
        }
    }

    for (i = 0; i < n; i++) {
        if (r[i].video || !video) {
            ngx_live_hls_text_variant(&w, session, &r[i], r, video ? n : 0);
        }
    }

    return ngx_live_hls_text_done(t, &w);
}


static void
ngx_live_hls_text_media(ngx_live_hls_text_t *t, const ngx_str_t *session,
    const ngx_live_hls_rendition_t *r, ngx_uint_t first)
{
    ngx_live_hls_text_add(t, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\"");
    ngx_live_hls_text_quoted(t, ",NAME", r->label.len ? &r->label : &r->track);

    if (r->language.len) {
        ngx_live_hls_text_quoted(t, ",LANGUAGE", &r->language);
    }

    ngx_live_hls_text_add(t, ",DEFAULT=%s,AUTOSELECT=YES",
                          first ? "YES" : "NO");

    if (r->channels) {
        ngx_live_hls_text_add(t, ",CHANNELS=\"%ui\"", r->channels);
    }

    ngx_live_hls_text_add(t, ",URI=\"%*s/", session->len, session->data);
    ngx_live_hls_text_uri(t, NGX_LIVE_HLS_NAME_PLAYLIST, &r->track, 0, 0, 0,
                          -1);
    ngx_live_hls_text_add(t, "\"\n");
}


/* all is the renditions the variant may be played with, n is 0 if alone */

static void
ngx_live_hls_text_variant(ngx_live_hls_text_t *t, const ngx_str_t *session,
    const ngx_live_hls_rendition_t *r, const ngx_live_hls_rendition_t *all,
    ngx_uint_t n)
{
    uint64_t    peak, average, milli;
    ngx_uint_t  i, audio;

    audio = 0;
    peak = 0;
    average = 0;

    for (i = 0; i < n; i++) {
        if (!all[i].video) {
            peak = ngx_max(peak, all[i].bandwidth);
            average = ngx_max(average, all[i].average);
            audio = 1;
        }
    }

    ngx_live_hls_text_add(t, "#EXT-X-STREAM-INF:BANDWIDTH=%uL",
                          peak + r->bandwidth);

    if (r->average) {
        ngx_live_hls_text_add(t, ",AVERAGE-BANDWIDTH=%uL",
                              average + r->average);
    }

    ngx_live_hls_text_codecs(t, r, all, n);

    if (r->video && r->width && r->height) {
        ngx_live_hls_text_add(t, ",RESOLUTION=%uix%ui", r->width, r->height);
    }

    if (r->video && r->frame.num && r->frame.den) {
        milli = ((uint64_t) r->frame.den * 1000 + r->frame.num / 2)
                / r->frame.num;
        ngx_live_hls_text_add(t, ",FRAME-RATE=%uL.%03uL", milli / 1000,
                              milli % 1000);
    }

    ngx_live_hls_text_add(t, "%s\n%*s/", audio ? ",AUDIO=\"audio\"" : "",
                          session->len, session->data);
    ngx_live_hls_text_uri(t, NGX_LIVE_HLS_NAME_PLAYLIST, &r->track, 0, 0, 0,
                          -1);
    ngx_live_hls_text_add(t, "\n");
}


/* the formats of all renditions that the variant needs, each once: 4.4.6.2 */

static void
ngx_live_hls_text_codecs(ngx_live_hls_text_t *t,
    const ngx_live_hls_rendition_t *r, const ngx_live_hls_rendition_t *all,
    ngx_uint_t n)
{
    ngx_uint_t  i, k;

    ngx_live_hls_text_add(t, ",CODECS=\"%*s", r->codec.len, r->codec.data);

    for (i = 0; i < n; i++) {

        if (all[i].video) {
            continue;
        }

        for (k = 0; k < i; k++) {
            if (!all[k].video
                && all[k].codec.len == all[i].codec.len
                && ngx_memcmp(all[k].codec.data, all[i].codec.data,
                              all[i].codec.len)
                   == 0)
            {
                break;
            }
        }

        if (k == i) {
            ngx_live_hls_text_add(t, ",%*s", all[i].codec.len,
                                  all[i].codec.data);
        }
    }

    ngx_live_hls_text_add(t, "\"");
}


void
ngx_live_hls_rate_add(ngx_live_hls_rate_t *rate, uint64_t bytes,
    int64_t ticks, ngx_uint_t target_duration)
{
    int64_t     sum_ticks, target;
    uint64_t    sum_bytes, bits;
    ngx_uint_t  i, k;

    if (ticks <= 0) {
        return;
    }

    k = rate->n++ % NGX_LIVE_HLS_RATE_SEGMENTS;

    rate->bytes[k] = bytes;
    rate->ticks[k] = ticks;

    rate->all_bytes += bytes;
    rate->all_ticks += ticks;
    rate->average = ngx_live_hls_rate_bits(rate->all_bytes, rate->all_ticks);

    target = (int64_t) target_duration * NGX_LIVE_HLS_TICKS;
    sum_bytes = 0;
    sum_ticks = 0;

    for (i = 1; i <= ngx_min(rate->n, NGX_LIVE_HLS_RATE_SEGMENTS); i++) {

        k = (rate->n - i) % NGX_LIVE_HLS_RATE_SEGMENTS;

        sum_bytes += rate->bytes[k];
        sum_ticks += rate->ticks[k];

        if (sum_ticks * 2 > target * 3) {
            break;
        }

        if (sum_ticks * 2 >= target) {
            bits = ngx_live_hls_rate_bits(sum_bytes, sum_ticks);
            rate->peak = ngx_max(rate->peak, bits);
        }
    }

    rate->peak = ngx_max(rate->peak, rate->average);
}


/* bits per second; the product of all bytes of a long session is too large */

static uint64_t
ngx_live_hls_rate_bits(uint64_t bytes, uint64_t ticks)
{
    return bytes / ticks * (8 * NGX_LIVE_HLS_TICKS)
           + bytes % ticks * (8 * NGX_LIVE_HLS_TICKS) / ticks;
}


size_t
ngx_live_hls_playlist_args(u_char *dst, const ngx_str_t *args)
{
    u_char  *p, *end, *last, *out;

    static u_char  hex[] = "0123456789ABCDEF";

    out = dst;
    p = args->data;
    end = p + args->len;

    for ( /* void */ ; p != end; p = (last == end) ? end : last + 1) {

        last = ngx_strlchr(p, end, '&');
        if (last == NULL) {
            last = end;
        }

        if (p == last || ngx_live_hls_args_reserved(p, last)) {
            continue;
        }

        if (out != dst) {
            *out++ = '&';
        }

        for ( /* void */ ; p != last; p++) {

            /* RFC 3986, 3.4 */

            if ((*p >= '0' && *p <= '9')
                || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
                || (*p && strchr("-._~%!$'()*+,;=:@/?", *p)))
            {
                *out++ = *p;

            } else {
                *out++ = '%';
                *out++ = hex[*p >> 4];
                *out++ = hex[*p & 0xf];
            }
        }
    }

    return out - dst;
}


/* "_HLS_", in which any byte may be escaped */

static ngx_uint_t
ngx_live_hls_args_reserved(u_char *p, u_char *end)
{
    ngx_int_t    c;
    const char  *name;

    for (name = "_HLS_"; *name; name++) {

        if (p == end) {
            return 0;
        }

        c = *p++;

        if (c == '%' && end - p >= 2) {
            c = ngx_hextoi(p, 2);
            p += 2;
        }

        if (c != *name) {
            return 0;
        }
    }

    return 1;
}


/* the first URI that ends behind from */

static ngx_uint_t
ngx_live_hls_uri_first(const uint32_t *uris, ngx_uint_t nuris, size_t from)
{
    ngx_uint_t  lo, hi, mid;

    lo = 0;
    hi = nuris;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (uris[mid] <= from) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo;
}


size_t
ngx_live_hls_playlist_splice_size(const uint32_t *uris, ngx_uint_t nuris,
    size_t from, size_t to, size_t args_len)
{
    ngx_uint_t  n;

    n = ngx_live_hls_uri_first(uris, nuris, to)
        - ngx_live_hls_uri_first(uris, nuris, from);

    return to - from + (args_len ? n * (args_len + 1) : 0);
}


u_char *
ngx_live_hls_playlist_splice(u_char *dst, const u_char *text,
    const uint32_t *uris, ngx_uint_t nuris, size_t from, size_t to,
    const u_char *args, size_t args_len)
{
    ngx_uint_t  i;

    for (i = ngx_live_hls_uri_first(uris, nuris, from);
         args_len && i < nuris && uris[i] <= to;
         i++)
    {
        dst = ngx_cpymem(dst, text + from, uris[i] - from);
        *dst++ = '?';
        dst = ngx_cpymem(dst, args, args_len);
        from = uris[i];
    }

    return ngx_cpymem(dst, text + from, to - from);
}


ngx_uint_t
ngx_live_hls_playlist_slices(ngx_live_hls_slice_t *slices, ngx_uint_t max,
    const uint32_t *uris, ngx_uint_t nuris, size_t from, size_t to)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = ngx_live_hls_uri_first(uris, nuris, from);
         i < nuris && uris[i] <= to && n + 1 < max;
         i++)
    {
        slices[n].offset = (uint32_t) from;
        slices[n].len = (uint32_t) (uris[i] - from);
        slices[n].args = 1;
        n++;

        from = uris[i];
    }

    if (n < max && from < to) {
        slices[n].offset = (uint32_t) from;
        slices[n].len = (uint32_t) (to - from);
        slices[n].args = 0;
        n++;
    }

    return n;
}
