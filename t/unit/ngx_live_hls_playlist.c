
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of playlists: exact text, and the rules that it follows. */


#include <ngx_unit.h>
#include <ngx_live_hls_playlist.h>


#define S  90000


static u_char                   buf[16384];
static uint32_t                 uris[256];
static ngx_live_hls_text_t      text;
static ngx_live_hls_playlist_t  pl;


static void
reset(void)
{
    text.start = buf;
    text.pos = buf;
    text.end = buf + sizeof(buf);
    text.uris = uris;
    text.nuris = 0;
    text.max_uris = 256;
}


static void
setup(void)
{
    reset();

    memset(&pl, 0, sizeof(pl));
    ngx_str_set(&pl.track, "v0");
    pl.target_duration = 6;
    pl.part_target = 208334;
    pl.media_sequence = 10;
    pl.discontinuity_sequence = 2;
    pl.map = 0xabcdef0123456789ULL;
    pl.independent = 1;
}


static void
is_text(const char *expected, const char *what)
{
    is_mem(buf, (size_t) (text.pos - buf), expected, strlen(expected), "%s",
           what);
    reset();
}


static void
test_header(void)
{
    setup();

    ok(ngx_live_hls_playlist_header(&text, &pl) == NGX_OK, "header");
    ok((size_t) (text.pos - buf) <= ngx_live_hls_playlist_header_size(),
       "within its bound");
    is_int(text.nuris, 1, "has one URI");
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:9\n"
            "#EXT-X-TARGETDURATION:6\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
            "CAN-SKIP-UNTIL=36.000000,PART-HOLD-BACK=0.625002,"
            "HOLD-BACK=18.000000\n"
            "#EXT-X-PART-INF:PART-TARGET=0.208334\n"
            "#EXT-X-MEDIA-SEQUENCE:10\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MAP:URI=\"v0-init-abcdef0123456789.mp4\"\n",
            "of low latency");

    pl.part_target = 0;
    pl.independent = 0;
    pl.map = 0;
    pl.media_sequence = NGX_LIVE_HLS_MSN_MAX;

    ok(ngx_live_hls_playlist_header(&text, &pl) == NGX_OK, "header");
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:9\n"
            "#EXT-X-TARGETDURATION:6\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
            "CAN-SKIP-UNTIL=36.000000,HOLD-BACK=18.000000\n"
            "#EXT-X-MEDIA-SEQUENCE:9223372036854775807\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:2\n",
            "plain, dependent, with the map in the first entry");

    pl.map = 1;
    pl.delta = 1;
    ok(ngx_live_hls_playlist_header(&text, &pl) == NGX_OK, "header");
    ok(ngx_live_hls_playlist_skip(&text, 7193) == NGX_OK, "and skip line");
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:9\n"
            "#EXT-X-TARGETDURATION:6\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
            "CAN-SKIP-UNTIL=36.000000,HOLD-BACK=18.000000\n"
            "#EXT-X-MEDIA-SEQUENCE:9223372036854775807\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
            "#EXT-X-SKIP:SKIPPED-SEGMENTS=7193\n",
            "of a delta");
}


static void
test_segment(void)
{
    ngx_live_hls_part_t     parts[3];
    ngx_live_hls_segment_t  seg;

    setup();

    memset(parts, 0, sizeof(parts));
    parts[0].duration = 18750;
    parts[0].independent = 1;
    parts[1].duration = 18751;
    parts[2].duration = 3750;

    memset(&seg, 0, sizeof(seg));
    seg.msn = 12;
    seg.duration = 41251;
    seg.date = 1709251199999;
    seg.map = 0x11;
    seg.parts = parts;
    seg.nparts = 3;

    ok(ngx_live_hls_playlist_segment(&text, &pl, &seg, 1) == NGX_OK, "entry");
    ok((size_t) (text.pos - buf) <= ngx_live_hls_playlist_segment_size(3),
       "within its bound");
    is_int(text.nuris, 4, "URIs");
    is_text("#EXT-X-PROGRAM-DATE-TIME:2024-02-29T23:59:59.999Z\n"
            "#EXT-X-PART:DURATION=0.208333,URI=\"v0-12.0.m4s\","
            "INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.208334,URI=\"v0-12.1.m4s\"\n"
            "#EXT-X-PART:DURATION=0.041667,URI=\"v0-12.2.m4s\"\n"
            "#EXTINF:0.458344,\n"
            "v0-12.m4s\n", "with parts, none above PART-TARGET by rounding");

    (void) ngx_live_hls_playlist_segment(&text, &pl, &seg, 0);
    is_text("#EXT-X-PROGRAM-DATE-TIME:2024-02-29T23:59:59.999Z\n"
            "#EXTINF:0.458344,\n"
            "v0-12.m4s\n", "without parts");

    seg.date = 0;
    seg.discontinuity = 1;
    seg.gap = 1;
    parts[1].gap = 1;
    parts[2].independent = 1;
    parts[2].gap = 1;

    (void) ngx_live_hls_playlist_segment(&text, &pl, &seg, 1);
    is_text("#EXT-X-DISCONTINUITY\n"
            "#EXT-X-MAP:URI=\"v0-init-0000000000000011.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n"
            "#EXT-X-PART:DURATION=0.208333,URI=\"v0-12.0.m4s\","
            "INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.208334,URI=\"v0-12.1.m4s\",GAP=YES\n"
            "#EXT-X-PART:DURATION=0.041667,URI=\"v0-12.2.m4s\","
            "INDEPENDENT=YES,GAP=YES\n"
            "#EXT-X-GAP\n"
            "#EXTINF:0.458344,\n"
            "v0-12.m4s\n", "a discontinuity with gaps");

    seg.discontinuity = 0;
    seg.new_map = 1;
    seg.gap = 0;
    seg.date = -1;
    seg.duration = 4 * S;
    pl.part_target = 0;

    (void) ngx_live_hls_playlist_segment(&text, &pl, &seg, 1);
    is_text("#EXT-X-MAP:URI=\"v0-init-0000000000000011.mp4\"\n"
            "#EXTINF:4.000000,\n"
            "v0-12.m4s\n", "plain HLS has no parts");
}


static void
test_dates(void)
{
    ngx_uint_t              i;
    ngx_live_hls_segment_t  seg;

    static const struct {
        int64_t             ms;
        const char         *text;
    } dates[] = {
        { 951782400000, "2000-02-29T00:00:00.000" },
        { 951868800001, "2000-03-01T00:00:00.001" },
        { 978307199999, "2000-12-31T23:59:59.999" },
        { 978307200000, "2001-01-01T00:00:00.000" },
        { 1735689599010, "2024-12-31T23:59:59.010" },
        { 4107542400000, "2100-03-01T00:00:00.000" },
        { 253402300799999, "9999-12-31T23:59:59.999" }
    };

    setup();
    memset(&seg, 0, sizeof(seg));

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        seg.date = dates[i].ms;
        (void) ngx_live_hls_playlist_segment(&text, &pl, &seg, 0);

        ok(ngx_strncmp(buf, "#EXT-X-PROGRAM-DATE-TIME:", 25) == 0
           && ngx_strncmp(buf + 25, dates[i].text, 23) == 0
           && buf[48] == 'Z' && buf[49] == '\n', "%s", dates[i].text);
        reset();
    }
}


static void
test_tail(void)
{
    ngx_live_hls_part_t     parts[2];
    ngx_live_hls_report_t   reports[2];
    ngx_live_hls_segment_t  seg;

    setup();

    memset(parts, 0, sizeof(parts));
    parts[0].duration = 18750;
    parts[0].independent = 1;
    parts[1].duration = 18750;

    memset(&seg, 0, sizeof(seg));
    seg.msn = 13;
    seg.date = 1700000000000;
    seg.discontinuity = 1;
    seg.map = 0x22;
    seg.parts = parts;
    seg.nparts = 2;

    ngx_str_set(&reports[0].track, "a1");
    reports[0].last_msn = 13;
    reports[0].last_part = 0;
    ngx_str_set(&reports[1].track, "v2");
    reports[1].last_msn = 12;
    reports[1].last_part = 19;

    ok(ngx_live_hls_playlist_tail(&text, &pl, &seg, reports, 2) == NGX_OK,
       "tail");
    ok((size_t) (text.pos - buf) <= ngx_live_hls_playlist_tail_size(2, 2),
       "within its bound");
    is_int(text.nuris, 6, "URIs");
    is_text("#EXT-X-DISCONTINUITY\n"
            "#EXT-X-MAP:URI=\"v0-init-0000000000000022.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
            "#EXT-X-PART:DURATION=0.208333,URI=\"v0-13.0.m4s\","
            "INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.208333,URI=\"v0-13.1.m4s\"\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v0-13.2.m4s\"\n"
            "#EXT-X-RENDITION-REPORT:URI=\"a1.m3u8\",LAST-MSN=13,"
            "LAST-PART=0\n"
            "#EXT-X-RENDITION-REPORT:URI=\"v2.m3u8\",LAST-MSN=12,"
            "LAST-PART=19\n", "of a segment in progress");

    /* a tag of a segment never stands without a part of it */

    seg.nparts = 0;
    (void) ngx_live_hls_playlist_tail(&text, &pl, &seg, NULL, 0);
    is_text("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v0-13.0.m4s\"\n",
            "of a segment without parts: the hint");

    /* plain HLS */

    pl.part_target = 0;
    (void) ngx_live_hls_playlist_tail(&text, &pl, &seg, reports, 1);
    is_text("#EXT-X-RENDITION-REPORT:URI=\"a1.m3u8\",LAST-MSN=13\n",
            "of plain HLS: the reports");

    /* the end */

    pl.part_target = 208334;
    pl.ended = 1;
    (void) ngx_live_hls_playlist_tail(&text, &pl, NULL, reports, 2);
    is_text("#EXT-X-ENDLIST\n", "of the end: no hint, no reports");

    seg.nparts = 1;
    seg.discontinuity = 0;
    (void) ngx_live_hls_playlist_tail(&text, &pl, &seg, reports, 2);
    is_text("#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
            "#EXT-X-PART:DURATION=0.208333,URI=\"v0-13.0.m4s\","
            "INDEPENDENT=YES\n"
            "#EXT-X-ENDLIST\n", "of the end, with parts left");
}


/* a secret tells what it was made of */

static void
sign(void *data, ngx_uint_t kind, uint64_t id, int64_t date, u_char *dst)
{
    char  s[NGX_LIVE_HLS_SECRET_LEN + 1];

    snprintf(s, sizeof(s), "%c%c%014llx",
             kind == NGX_LIVE_HLS_NAME_INIT ? 'i' : 'm',
             date < 0 ? '-' : '0', (unsigned long long) id);
    memcpy(dst, s, NGX_LIVE_HLS_SECRET_LEN);

    (*(ngx_uint_t *) data)++;
}


static void
test_signed(void)
{
    size_t                  size;
    ngx_uint_t              i, calls, bad;
    ngx_live_hls_part_t     parts[8];
    ngx_live_hls_report_t   report;
    ngx_live_hls_segment_t  seg;

    setup();

    calls = 0;
    text.sign = sign;
    text.sign_data = &calls;

    memset(parts, 0, sizeof(parts));
    memset(&seg, 0, sizeof(seg));

    parts[0].duration = 18750;
    seg.msn = 13;
    seg.date = 0;
    seg.new_map = 1;
    seg.map = 0x22;
    seg.parts = parts;
    seg.nparts = 1;
    seg.duration = 18750;

    ngx_str_set(&report.track, "a1");
    report.last_msn = 13;
    report.last_part = 0;

    ok(ngx_live_hls_playlist_segment(&text, &pl, &seg, 1) == NGX_OK,
       "signed segment");
    is_int(text.nuris, 0, "nothing is put behind its URIs");
    is_text("#EXT-X-MAP:URI=\"v0-init-0000000000000022.mp4"
            "?s=i-00000000000022\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n"
            "#EXT-X-PART:DURATION=0.208333,"
            "URI=\"v0-13.0.m4s?s=m00000000000000d\"\n"
            "#EXTINF:0.208333,\n"
            "v0-13.m4s?s=m00000000000000d\n", "with secrets");

    ok(ngx_live_hls_playlist_tail(&text, &pl, &seg, &report, 1) == NGX_OK,
       "signed tail");
    is_int(text.nuris, 1, "but the report's");
    is_text("#EXT-X-MAP:URI=\"v0-init-0000000000000022.mp4"
            "?s=i-00000000000022\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n"
            "#EXT-X-PART:DURATION=0.208333,"
            "URI=\"v0-13.0.m4s?s=m00000000000000d\"\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,"
            "URI=\"v0-13.1.m4s?s=m00000000000000d\"\n"
            "#EXT-X-RENDITION-REPORT:URI=\"a1.m3u8\",LAST-MSN=13,"
            "LAST-PART=0\n", "with the hint's secret");

    is_int(calls, 6, "each URI of media");

    reset();
    seg.msn = 14;
    seg.nparts = 0;
    (void) ngx_live_hls_playlist_tail(&text, &pl, &seg, &report, 0);
    is_text("#EXT-X-PRELOAD-HINT:TYPE=PART,"
            "URI=\"v0-14.0.m4s?s=m-0000000000000e\"\n",
            "the date of what has not begun is not known");

    /* the longest of all is within the bounds, and too little is noticed */

    memset(buf, 'x', NGX_LIVE_HLS_NAME_LEN);
    pl.track.data = (u_char *) "0123456789abcdef0123456789abcdef";
    pl.track.len = NGX_LIVE_HLS_NAME_LEN;
    seg.msn = NGX_LIVE_HLS_MSN_MAX;
    seg.map = 0xffffffffffffffffULL;
    seg.date = 4102444800000;
    seg.discontinuity = 1;
    seg.gap = 1;
    seg.nparts = 8;

    for (i = 0; i < 8; i++) {
        parts[i].duration = 18750;
        parts[i].independent = 1;
        parts[i].gap = 1;
    }

    reset();
    text.end = buf + ngx_live_hls_playlist_segment_size(8);
    ok(ngx_live_hls_playlist_segment(&text, &pl, &seg, 1) == NGX_OK,
       "the longest segment");
    size = text.pos - buf;

    for (bad = 0, i = 0; i <= size; i++) {
        reset();
        text.end = buf + i;
        bad += (ngx_live_hls_playlist_segment(&text, &pl, &seg, 1) == NGX_OK);
    }

    is_int(bad, 0, "less room is not enough");

    text.sign = NULL;
    reset();
}


static void
test_bounds(void)
{
    size_t                  size;
    ngx_uint_t              i, bad;
    ngx_live_hls_part_t     parts[4];
    ngx_live_hls_report_t   report;
    ngx_live_hls_segment_t  seg;

    setup();

    memset(parts, 0, sizeof(parts));
    memset(&seg, 0, sizeof(seg));

    for (i = 0; i < 4; i++) {
        parts[i].duration = INT64_MAX / 200;
        parts[i].independent = 1;
        parts[i].gap = 1;
    }

    ngx_str_set(&pl.track, "t23456789012345678901234567890_2");
    pl.target_duration = 0x7fffffff;
    pl.part_target = 0xffffffff;
    pl.media_sequence = NGX_LIVE_HLS_MSN_MAX;
    pl.discontinuity_sequence = NGX_LIVE_HLS_MSN_MAX;

    seg.msn = NGX_LIVE_HLS_MSN_MAX;
    seg.duration = INT64_MAX / 200;
    seg.date = 253402300799999;
    seg.discontinuity = 1;
    seg.gap = 1;
    seg.parts = parts;
    seg.nparts = 4;

    report.track = pl.track;
    report.last_msn = NGX_LIVE_HLS_MSN_MAX;
    report.last_part = NGX_LIVE_HLS_PART_MAX;

    size = ngx_live_hls_playlist_header_size();
    text.end = buf + size;
    ok(ngx_live_hls_playlist_header(&text, &pl) == NGX_OK, "longest header");
    reset();

    size = ngx_live_hls_playlist_segment_size(4);
    text.end = buf + size;
    ok(ngx_live_hls_playlist_segment(&text, &pl, &seg, 1) == NGX_OK,
       "longest entry");
    is_int(text.nuris, 6, "its URIs");
    reset();

    size = ngx_live_hls_playlist_tail_size(4, 1);
    text.end = buf + size;
    ok(ngx_live_hls_playlist_tail(&text, &pl, &seg, &report, 1) == NGX_OK,
       "longest tail");

    size = text.pos - buf;

    for (i = 0, bad = 0; i < size; i++) {
        reset();
        text.pos = buf + 1;
        text.end = buf + 1 + i;
        text.end[0] = '!';
        bad += (ngx_live_hls_playlist_tail(&text, &pl, &seg, &report, 1)
                != NGX_ERROR);
        bad += (text.pos != buf + 1 || text.nuris != 0
                || text.end[0] != '!');
    }

    is_int(bad, 0, "less room than that is an error that leaves all as it was");

    for (i = 0, bad = 0; i < 7; i++) {
        reset();
        text.max_uris = i;
        bad += (ngx_live_hls_playlist_tail(&text, &pl, &seg, &report, 1)
                != NGX_ERROR);
        bad += (text.pos != buf || text.nuris != 0);
    }

    is_int(bad, 0, "so is less room for URIs");

    reset();
    text.uris = NULL;
    ok(ngx_live_hls_playlist_tail(&text, &pl, &seg, &report, 1) == NGX_OK,
       "unless they are not wanted");
}


static int64_t
four_seconds(void *data, ngx_uint_t i)
{
    (*(ngx_uint_t *) data)++;

    return 4 * S;
}


static void
test_older(void)
{
    ngx_uint_t  looked;

    /* target 6 s: parts of what ends within the last 18 s */

    looked = 0;
    is_int(ngx_live_hls_playlist_older(four_seconds, &looked, 1000, 0,
                                       ngx_live_hls_playlist_parts_limit(6)),
           995, "five segments end within 18 s: 0, 4, 8, 12, 16");
    is_int(looked, 5, "no others are looked at");
    is_int(ngx_live_hls_playlist_older(four_seconds, &looked, 1000, 2 * S,
                                       ngx_live_hls_playlist_parts_limit(6)),
           995, "with 2 s of parts 2, 6, 10, 14, 18");
    is_int(ngx_live_hls_playlist_older(four_seconds, &looked, 1000, 2 * S + 1,
                                       ngx_live_hls_playlist_parts_limit(6)),
           996, "with a tick more one less");
    is_int(ngx_live_hls_playlist_older(four_seconds, &looked, 1000, 0,
                                       ngx_live_hls_playlist_skip_limit(6)),
           990, "a delta keeps 36 s");
    is_int(ngx_live_hls_playlist_older(four_seconds, &looked, 7, 0,
                                       ngx_live_hls_playlist_skip_limit(6)),
           0, "all of a short window");
    is_int(ngx_live_hls_playlist_older(four_seconds, &looked, 0, 0, 1), 0,
           "none of none");
}


static void
is_args(const char *args, const char *expected)
{
    u_char     out[512];
    ngx_str_t  s;

    s.len = strlen(args);
    s.data = buf_copy(args, s.len);

    is_mem(out, ngx_live_hls_playlist_args(out, &s), expected,
           strlen(expected), "arguments \"%s\"", args);
}


static void
test_args(void)
{
    is_args("", "");
    is_args("token=abc", "token=abc");
    is_args("_HLS_msn=1", "");
    is_args("_HLS_msn=1&_HLS_part=2&_HLS_skip=YES", "");
    is_args("_HLS_msn=1&token=abc&_HLS_part=2", "token=abc");
    is_args("a=1&_HLS_msn=1&b=2&", "a=1&b=2");
    is_args("&&a=1&&", "a=1");
    is_args("%5FHLS%5fmsn=1&%5f%48LS_part=2&a", "a");
    is_args("_HLS&_HLSmsn=2&x_HLS_=3", "_HLS&_HLSmsn=2&x_HLS_=3");
    is_args("_HLS_", "");
    is_args("%5", "%5");
    is_args("%", "%");
    is_args("a=%22%0a&b=x y\"\n#<>\\\x80",
            "a=%22%0a&b=x%20y%22%0A%23%3C%3E%5C%80");
    is_args("a=-._~!$'()*+,;=:@/?", "a=-._~!$'()*+,;=:@/?");
}


static void
test_splice(void)
{
    u_char                 out[1024], *p;
    size_t                 mid, size;
    ngx_uint_t             i, n;
    ngx_live_hls_slice_t   slices[16];
    ngx_live_hls_segment_t seg;

    static const char  *both =
        "#EXTINF:4.000000,\n"
        "v0-20.m4s?token=abc\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-MAP:URI=\"v0-init-0000000000000000.mp4?token=abc\"\n"
        "#EXTINF:4.000000,\n"
        "v0-21.m4s?token=abc\n";

    setup();
    memset(&seg, 0, sizeof(seg));
    seg.msn = 20;
    seg.duration = 4 * S;
    seg.date = -1;

    (void) ngx_live_hls_playlist_segment(&text, &pl, &seg, 0);
    mid = text.pos - buf;

    seg.msn = 21;
    seg.discontinuity = 1;
    (void) ngx_live_hls_playlist_segment(&text, &pl, &seg, 0);
    size = text.pos - buf;

    is_int(text.nuris, 3, "three URIs");

    n = ngx_live_hls_playlist_splice_size(uris, 3, 0, size, 9);
    p = ngx_live_hls_playlist_splice(out, buf, uris, 3, 0, size,
                                     (u_char *) "token=abc", 9);
    is_int(p - out, n, "the size is foreseen");
    is_mem(out, (size_t) (p - out), both, strlen(both), "all spliced");

    n = ngx_live_hls_playlist_splice_size(uris, 3, mid, size, 9);
    p = ngx_live_hls_playlist_splice(out, buf, uris, 3, mid, size,
                                     (u_char *) "token=abc", 9);
    is_int(p - out, n, "the size of the second entry");
    is_mem(out, (size_t) (p - out), both + 38, strlen(both) - 38,
           "the second entry alone");

    n = ngx_live_hls_playlist_splice_size(uris, 3, 0, mid, 9);
    p = ngx_live_hls_playlist_splice(out, buf, uris, 3, 0, mid,
                                     (u_char *) "token=abc", 9);
    is_int(p - out, n, "the size of the first entry");
    is_mem(out, (size_t) (p - out), both, 38, "the first entry alone");

    n = ngx_live_hls_playlist_splice_size(uris, 3, 0, size, 0);
    p = ngx_live_hls_playlist_splice(out, buf, uris, 3, 0, size, NULL, 0);
    is_int(n, size, "without arguments nothing grows");
    is_mem(out, (size_t) (p - out), buf, size, "nor changes");

    /* the same in slices */

    n = ngx_live_hls_playlist_slices(slices, 16, uris, 3, 0, size);
    is_int(n, 4, "slices");

    for (i = 0, p = out; i < n; i++) {
        p = ngx_cpymem(p, buf + slices[i].offset, slices[i].len);

        if (slices[i].args) {
            p = ngx_cpymem(p, "?token=abc", 10);
        }
    }

    is_mem(out, (size_t) (p - out), both, strlen(both), "say the same");
    is_int(ngx_live_hls_playlist_slices(slices, 16, uris, 3, mid, size), 3,
           "of the second entry");
    is_int(ngx_live_hls_playlist_slices(slices, 2, uris, 3, 0, size), 2,
           "no more than there is room for");
}


static void
test_rate(void)
{
    ngx_uint_t           i;
    ngx_live_hls_rate_t  rate;

    memset(&rate, 0, sizeof(rate));

    ngx_live_hls_rate_add(&rate, 500000, 4 * S, 6);
    is_int(rate.peak, 1000000, "one segment of 4 s");
    ngx_live_hls_rate_add(&rate, 1000000, 4 * S, 6);
    is_int(rate.peak, 2000000, "a larger one");
    is_int(rate.average, 1500000, "the average");
    ngx_live_hls_rate_add(&rate, 100000, 4 * S, 6);
    is_int(rate.peak, 2000000, "a smaller one");

    /* segments of 1 s count by three and more */

    memset(&rate, 0, sizeof(rate));

    for (i = 0; i < 100; i++) {
        ngx_live_hls_rate_add(&rate, i == 50 ? 400000 : 100000, S, 6);
    }

    is_int(rate.peak, 600000 * 8 / 3, "a short peak is spread");

    memset(&rate, 0, sizeof(rate));
    ngx_live_hls_rate_add(&rate, 100000, 0, 6);
    is_int(rate.peak, 0, "no duration is no rate");
    ngx_live_hls_rate_add(&rate, 100000, S, 6);
    is_int(rate.peak, 800000, "a short segment alone is its average");

    rate.all_bytes = 1ULL << 60;
    rate.all_ticks = 1ULL << 42;
    ngx_live_hls_rate_add(&rate, 0, 1, 6);
    is_int(rate.average / 1000000, 188743, "bytes of years");
}


static void
test_multivariant(void)
{
    ngx_str_t                 session = ngx_string("5fab");
    ngx_live_hls_rendition_t  r[4];

    setup();
    memset(r, 0, sizeof(r));

    r[0].video = 1;
    ngx_str_set(&r[0].track, "v0");
    ngx_str_set(&r[0].codec, "avc1.64001f");
    r[0].bandwidth = 3000000;
    r[0].average = 2500000;
    r[0].width = 1280;
    r[0].height = 720;
    r[0].frame.num = 1001;
    r[0].frame.den = 30000;

    ngx_str_set(&r[1].track, "a1");
    ngx_str_set(&r[1].codec, "mp4a.40.2");
    r[1].bandwidth = 130000;
    r[1].average = 128000;
    r[1].channels = 2;

    ok(ngx_live_hls_playlist_multivariant(&text, &session, r, 2, 1) == NGX_OK,
       "multivariant playlist");
    is_int(text.nuris, 2, "URIs");
    ok(buf[uris[0]] == '"' && buf[uris[1]] == '\n', "end where they end");
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"a1\","
            "DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\","
            "URI=\"5fab/a1.m3u8\"\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=3130000,AVERAGE-BANDWIDTH=2628000,"
            "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,"
            "FRAME-RATE=29.970,AUDIO=\"audio\"\n"
            "5fab/v0.m3u8\n", "video and audio");

    (void) ngx_live_hls_playlist_multivariant(&text, &session, r, 1, 0);
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2500000,"
            "CODECS=\"avc1.64001f\",RESOLUTION=1280x720,FRAME-RATE=29.970\n"
            "5fab/v0.m3u8\n", "video alone");

    (void) ngx_live_hls_playlist_multivariant(&text, &session, r + 1, 1, 1);
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,"
            "CODECS=\"mp4a.40.2\"\n"
            "5fab/a1.m3u8\n", "audio alone");

    /* two of each; text of the encoder's cannot break out of its quotes */

    r[2] = r[1];
    ngx_str_set(&r[2].track, "a2");
    ngx_str_set(&r[2].label, "Deut\"sch\n");
    ngx_str_set(&r[2].language, "de");
    r[2].bandwidth = 200000;
    r[2].average = 0;
    r[2].channels = 0;

    r[3] = r[0];
    ngx_str_set(&r[3].track, "v3");
    r[3].width = 0;
    r[3].average = 0;
    r[3].frame.num = 1;
    r[3].frame.den = 60;

    (void) ngx_live_hls_playlist_multivariant(&text, &session, r, 4, 0);
    is_text("#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"a1\","
            "DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\","
            "URI=\"5fab/a1.m3u8\"\n"
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Deutsch\","
            "LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,"
            "URI=\"5fab/a2.m3u8\"\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=3200000,AVERAGE-BANDWIDTH=2628000,"
            "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,"
            "FRAME-RATE=29.970,AUDIO=\"audio\"\n"
            "5fab/v0.m3u8\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=3200000,"
            "CODECS=\"avc1.64001f,mp4a.40.2\","
            "FRAME-RATE=60.000,AUDIO=\"audio\"\n"
            "5fab/v3.m3u8\n", "two of each");
}


int
main(int argc, char **argv)
{
    test_header();
    test_segment();
    test_dates();
    test_tail();
    test_signed();
    test_bounds();
    test_older();
    test_args();
    test_splice();
    test_rate();
    test_multivariant();

    return done_testing();
}
