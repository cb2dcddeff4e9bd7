
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the journal of a session. */


#include <ngx_unit.h>
#include <ngx_live_hls_journal.h>


#define LINE  NGX_LIVE_HLS_JOURNAL_LINE


static ngx_live_hls_journal_record_t  rec;


static size_t
line(char *buf, const char *text)
{
    uint32_t  crc;

    crc = ngx_crc32_long((u_char *) text, strlen(text));

    return sprintf(buf, "%s *%08x\n", text, crc);
}


static void
is_line(const char *expected)
{
    char     text[LINE + 1];
    u_char   buf[LINE], *end, *p;
    size_t   len, i, bad;

    memset(buf, 'x', LINE);
    end = ngx_live_hls_journal_write(buf, buf + LINE, &rec);
    len = line(text, expected);

    ok(end != NULL, "written");

    if (end == NULL) {
        return;
    }

    is_mem(buf, (size_t) (end - buf), text, len, "%s", expected);

    for (i = 0, bad = 0; i < len; i++) {
        p = (u_char *) buf_copy(buf, i);
        bad += (ngx_live_hls_journal_write(p, p + i, &rec) != NULL);
    }

    is_int(bad, 0, "not into less room");
}


static void
header(void)
{
    memset(&rec, 0, sizeof(rec));
    rec.type = NGX_LIVE_HLS_JOURNAL_HEADER;
    ngx_str_set(&rec.u.header.session, "5fab_1");
    ngx_str_set(&rec.u.header.stream, "live/d%20emo");
    rec.u.header.created = 1700000000123;
    rec.u.header.target = 6;
    rec.u.header.part = 208334;
}


static void
track(void)
{
    memset(&rec, 0, sizeof(rec));
    rec.type = NGX_LIVE_HLS_JOURNAL_TRACK;
    ngx_str_set(&rec.u.track.name, "v0");
    ngx_str_set(&rec.u.track.codec, "avc1.64001f");
    rec.u.track.video = 1;
    rec.u.track.map = 0xfedcba9876543210ULL;
    rec.u.track.width = 1920;
    rec.u.track.height = 1080;
    rec.u.track.frame.num = 1001;
    rec.u.track.frame.den = 30000;
}


static void
segment(void)
{
    ngx_live_hls_journal_rendition_t  *r;

    memset(&rec, 0, sizeof(rec));
    rec.type = NGX_LIVE_HLS_JOURNAL_SEGMENT;
    rec.u.segment.msn = 5000000000;
    rec.u.segment.start = -90000;
    rec.u.segment.date = 1700000004123;
    rec.u.segment.discontinuity = 1;
    rec.u.segment.n = 2;

    r = rec.u.segment.renditions;
    ngx_str_set(&r[0].track, "v0");
    r[0].duration = 360000;
    r[0].bytes = 1234567;
    r[0].map = 0xfedcba9876543210ULL;
    r[0].independent = 1;
    ngx_str_set(&r[1].track, "a1");
    r[1].duration = 359040;
    r[1].bytes = 0;
    r[1].map = 1;
    r[1].gap = 1;
}


static void
test_write(void)
{
    u_char      buf[LINE];
    ngx_uint_t  i;

    header();
    is_line("H 1 5fab_1 live/d%20emo 1700000000123 6 208334");

    track();
    is_line("T v0 video avc1.64001f fedcba9876543210 1920 1080 1001/30000 "
            "0 0 -");

    ngx_str_set(&rec.u.track.name, "a1");
    ngx_str_set(&rec.u.track.language, "de");
    rec.u.track.video = 0;
    rec.u.track.rate = 48000;
    rec.u.track.channels = 2;
    is_line("T a1 audio avc1.64001f fedcba9876543210 1920 1080 1001/30000 "
            "48000 2 de");

    segment();
    is_line("S 5000000000 -90000 1700000004123 D "
            "v0:360000:1234567:fedcba9876543210:I "
            "a1:359040:0:0000000000000001:G");

    rec.u.segment.date = -1;
    rec.u.segment.discontinuity = 0;
    rec.u.segment.n = 1;
    rec.u.segment.renditions[0].independent = 0;
    is_line("S 5000000000 -90000 - - v0:360000:1234567:fedcba9876543210:-");

    rec.u.segment.renditions[0].independent = 1;
    rec.u.segment.renditions[0].gap = 1;
    is_line("S 5000000000 -90000 - - v0:360000:1234567:fedcba9876543210:IG");

    memset(&rec, 0, sizeof(rec));
    rec.type = NGX_LIVE_HLS_JOURNAL_WINDOW;
    rec.u.window.first = 17;
    rec.u.window.dseq = 3;
    is_line("W 17 3");

    rec.type = NGX_LIVE_HLS_JOURNAL_END;
    is_line("E");

    /* what cannot be read back is not written */

    rec.type = 0;
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "no type");
    rec.type = 6;
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "type 6");

    header();
    ngx_str_set(&rec.u.header.stream, "live/d emo");
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "a blank");
    ngx_str_set(&rec.u.header.stream, "live/\ndemo");
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "a newline");
    header();
    rec.u.header.session.len = 0;
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "no session");
    track();
    ngx_str_set(&rec.u.track.name, "v-0");
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "a dash");
    segment();
    rec.u.segment.n = 17;
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "17 tracks");
    segment();
    rec.u.segment.renditions[1].duration = -1;
    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) == NULL, "below 0");

    /* the longest there can be */

    segment();
    rec.u.segment.msn = NGX_LIVE_HLS_MSN_MAX;
    rec.u.segment.start = INT64_MIN + 1;
    rec.u.segment.n = 16;

    for (i = 0; i < 16; i++) {
        ngx_str_set(&rec.u.segment.renditions[i].track,
                    "t23456789012345678901234567890_2");
        rec.u.segment.renditions[i].duration = INT64_MAX;
        rec.u.segment.renditions[i].bytes = INT64_MAX;
        rec.u.segment.renditions[i].independent = 1;
        rec.u.segment.renditions[i].gap = 1;
    }

    ok(ngx_live_hls_journal_write(buf, buf + LINE, &rec) != NULL,
       "16 tracks with long names");
}


/* a journal of all records, written and read back, cut off at any byte */

static size_t
whole(u_char *buf)
{
    u_char  *p, *end;

    p = buf;
    end = buf + 4096;

    header();
    p = ngx_live_hls_journal_write(p, end, &rec);
    track();
    p = ngx_live_hls_journal_write(p, end, &rec);
    segment();
    p = ngx_live_hls_journal_write(p, end, &rec);
    rec.u.segment.date = -1;
    p = ngx_live_hls_journal_write(p, end, &rec);
    memset(&rec, 0, sizeof(rec));
    rec.type = NGX_LIVE_HLS_JOURNAL_WINDOW;
    rec.u.window.first = 5000000000;
    p = ngx_live_hls_journal_write(p, end, &rec);
    rec.type = NGX_LIVE_HLS_JOURNAL_END;
    p = ngx_live_hls_journal_write(p, end, &rec);

    return p - buf;
}


static void
test_read(void)
{
    u_char                             buf[4096], *data;
    size_t                             len, i, lines, n;
    ngx_int_t                          rc;
    ngx_uint_t                         bad;
    ngx_live_hls_journal_t             j;
    ngx_live_hls_journal_rendition_t  *r;

    len = whole(buf);

    ngx_live_hls_journal_init(&j, buf_copy(buf, len), len);

    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "header");
    is_int(rec.type, NGX_LIVE_HLS_JOURNAL_HEADER, "its type");
    is_str(&rec.u.header.session, "5fab_1", "session");
    is_str(&rec.u.header.stream, "live/d%20emo", "stream");
    is_int(rec.u.header.created, 1700000000123, "created");
    is_int(rec.u.header.target, 6, "target duration");
    is_int(rec.u.header.part, 208334, "part target");

    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "track");
    is_int(rec.type, NGX_LIVE_HLS_JOURNAL_TRACK, "its type");
    is_str(&rec.u.track.name, "v0", "name");
    is_str(&rec.u.track.codec, "avc1.64001f", "codec");
    is_int(rec.u.track.language.len, 0, "no language");
    ok(rec.u.track.video && rec.u.track.map == 0xfedcba9876543210ULL
       && rec.u.track.width == 1920 && rec.u.track.height == 1080
       && rec.u.track.frame.num == 1001 && rec.u.track.frame.den == 30000
       && rec.u.track.rate == 0 && rec.u.track.channels == 0, "numbers");

    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "segment");
    is_int(rec.type, NGX_LIVE_HLS_JOURNAL_SEGMENT, "its type");
    ok(rec.u.segment.msn == 5000000000 && rec.u.segment.start == -90000
       && rec.u.segment.date == 1700000004123
       && rec.u.segment.discontinuity && rec.u.segment.n == 2, "numbers");
    r = rec.u.segment.renditions;
    is_str(&r[0].track, "v0", "video");
    ok(r[0].duration == 360000 && r[0].bytes == 1234567
       && r[0].map == 0xfedcba9876543210ULL && r[0].independent && !r[0].gap,
       "its numbers");
    is_str(&r[1].track, "a1", "audio");
    ok(r[1].duration == 359040 && r[1].bytes == 0 && r[1].map == 1
       && !r[1].independent && r[1].gap, "its numbers");

    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "segment again");
    is_int(rec.u.segment.date, -1, "without date");
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "window");
    is_int(rec.u.window.first, 5000000000, "its first segment");
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "end");
    is_int(rec.type, NGX_LIVE_HLS_JOURNAL_END, "its type");
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_DONE, "no more");
    ok(j.pos == j.end && j.ended && j.line == 6, "all was read");

    /* torn at any byte: whole lines are read, the rest is ignored */

    for (i = 0, bad = 0; i < len; i++) {

        for (lines = 0, n = 0; n < i; n++) {
            lines += (buf[n] == '\n');
        }

        data = buf_copy(buf, i);
        ngx_live_hls_journal_init(&j, data, i);

        for (n = 0; (rc = ngx_live_hls_journal_next(&j, &rec)) == NGX_OK; n++)
        {
            /* void */
        }

        bad += (rc != NGX_DONE || n != lines);
        bad += (j.pos != data && j.pos[-1] != '\n');
        bad += (j.end != data + i);
    }

    is_int(bad, 0, "a torn last line is ignored, wherever it is torn");

    /* in pieces */

    data = buf_copy(buf, len);
    ngx_live_hls_journal_init(&j, data, 0);
    j.more = 1;

    for (i = 0, n = 0; i <= len; i++) {
        j.end = data + i;

        while ((rc = ngx_live_hls_journal_next(&j, &rec)) == NGX_OK) {
            n++;
        }

        if (rc != NGX_AGAIN) {
            break;
        }
    }

    ok(n == 6 && rc == NGX_AGAIN, "byte by byte, more to come");
    j.more = 0;
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_DONE, "no more to come");

    /* a byte that was changed */

    for (i = 0, bad = 0; i < len; i++) {

        if (buf[i] == '\n') {
            continue;
        }

        data = buf_copy(buf, len);
        data[i] ^= 0x04;
        ngx_live_hls_journal_init(&j, data, len);

        while ((rc = ngx_live_hls_journal_next(&j, &rec)) == NGX_OK) {
            /* void */
        }

        /* hexadecimal digits of a sum are of either case */

        bad += (rc != NGX_ERROR || j.reason == NULL);
    }

    is_int(bad, 0, "a changed byte is found, wherever it is");
}


static void
is_refused(const char *text, const char *reason)
{
    char                     buf[2 * LINE];
    size_t                   n;
    ngx_int_t                rc;
    ngx_live_hls_journal_t   j;

    n = line(buf, "H 1 s live/demo 0 6 0");

    if (text[0] == 'H') {
        n = 0;
    }

    n += line(buf + n, text);

    ngx_live_hls_journal_init(&j, buf_copy(buf, n), n);

    while ((rc = ngx_live_hls_journal_next(&j, &rec)) == NGX_OK) {
        /* void */
    }

    ok(rc == NGX_ERROR && j.reason && strcmp(j.reason, reason) == 0,
       "\"%.70s\": %s", text, j.reason ? j.reason : "read");
}


static void
is_read(const char *text)
{
    char                     buf[2 * LINE];
    size_t                   n;
    ngx_live_hls_journal_t   j;

    n = line(buf, "H 1 s live/demo 0 6 0");
    n += line(buf + n, text);

    ngx_live_hls_journal_init(&j, buf_copy(buf, n), n);

    ok(ngx_live_hls_journal_next(&j, &rec) == NGX_OK
       && ngx_live_hls_journal_next(&j, &rec) == NGX_OK, "\"%.70s\" is read",
       text);
}


static void
test_garbage(void)
{
    char                     buf[3 * LINE], text[2 * LINE];
    size_t                   n, i;
    ngx_live_hls_journal_t   j;

    static const char  *malformed[] = {
        "H 2 s live/demo 0 6 0", "H 1 s live/demo 0 6", "H 1 s live/demo 0",
        "H 1 s live/demo 0 6 0 ", "H 1 s live/demo 0 6 0 0",
        "H 1 s-1 live/demo 0 6 0", "H 1 - live/demo 0 6 0",
        "H 1 s live/demo x 6 0", "H 1 s live/demo 0 -6 0",
        "H 1 s live/demo 0 6 4294967296", "H  1 s live/demo 0 6 0", "H1",
        "H 1 s live/demo 99999999999999999999 6 0",
        "H 1 s live/\x80 0 6 0", "H 1 s \tlive/demo 0 6 0",
        "S", "S 1", "S 1 0 0", "S 1 0 0 X", "S -1 0 0 D", "S 1 0 -1 D",
        "S 9223372036854775808 0 0 D", "S 1 0 0 D ", "S 1 0 0 D v0",
        "S 1 0 0 D v0:", "S 1 0 0 D v0:1:2:0000000000000001",
        "S 1 0 0 D v0:1:2:0000000000000001:",
        "S 1 0 0 D v0:1:2:0000000000000001:X",
        "S 1 0 0 D v0:1:2:000000000000001:I",
        "S 1 0 0 D v0:1:2:000000000000000G:I",
        "S 1 0 0 D v0:-1:2:0000000000000001:I",
        "S 1 0 0 D v0:1:-2:0000000000000001:I",
        "S 1 0 0 D v 0:1:2:0000000000000001:I",
        "S 1 0 0 D v0:1:2:0000000000000001:I  a1:1:2:0000000000000001:I",
        "T v0 video x 0000000000000001 1 2 3/4 5 6",
        "T v0 movie x 0000000000000001 1 2 3/4 5 6 -",
        "T v0 video x 0000000000000001 1 2 3/4/5 5 6 -",
        "T v0 video x 0000000000000001 1 2 34 5 6 -",
        "T v/0 video x 0000000000000001 1 2 3/4 5 6 -",
        "W 1", "W 1 2 3", "W 1 -", "E 1", "E "
    };

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_refused(malformed[i], "malformed record");
    }

    is_refused("X", "unknown record");
    is_refused("h 1 s live/demo 0 6 0", "unknown record");
    is_refused("", "no checksum");
    is_refused("H 1 s live/demo 0 6 0 *00000000", "malformed record");

    is_read("S 1 0 0 -");
    is_read("S 1 0 - D v0:1:2:0000000000000001:-");
    is_read("T v0 audio - 0000000000000001 0 0 0/0 0 0 -");

    /* 17 renditions */

    n = sprintf(text, "S 1 0 0 D");

    for (i = 0; i < 17; i++) {
        n += sprintf(text + n, " v%d:1:2:0000000000000001:I", (int) i);
    }

    is_refused(text, "malformed record");

    /* a line that is too long */

    memset(text, 'W', 2 * LINE);
    text[LINE - 10] = '\0';
    is_refused(text, "line is too long");
    text[LINE - 11] = '\0';
    is_refused(text, "malformed record");

    memset(text, '\0', LINE);
    ngx_live_hls_journal_init(&j, (u_char *) text, LINE);
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_DONE,
           "zeros at the end are a torn line");
    ngx_live_hls_journal_init(&j, (u_char *) text, LINE);
    j.more = 1;
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_ERROR,
           "more of them is not waited for");

    /* records in the wrong order */

    n = line(buf, "S 1 0 0 -");
    ngx_live_hls_journal_init(&j, (u_char *) buf, n);
    ok(ngx_live_hls_journal_next(&j, &rec) == NGX_ERROR
       && strcmp(j.reason, "no header") == 0 && j.line == 1, "no header");

    n = line(buf, "H 1 s live/demo 0 6 0");
    n += line(buf + n, "H 1 s live/demo 0 6 0");
    ngx_live_hls_journal_init(&j, (u_char *) buf, n);
    (void) ngx_live_hls_journal_next(&j, &rec);
    ok(ngx_live_hls_journal_next(&j, &rec) == NGX_ERROR
       && strcmp(j.reason, "second header") == 0 && j.line == 2,
       "a second header");

    n = line(buf, "H 1 s live/demo 0 6 0");
    n += line(buf + n, "S 7 0 0 -");
    n += line(buf + n, "S 7 0 0 -");
    n += line(buf + n, "S 39 0 0 -");
    n += line(buf + n, "S 8 0 0 -");
    ngx_live_hls_journal_init(&j, (u_char *) buf, n);

    for (i = 0; i < 4; i++) {
        is_int(ngx_live_hls_journal_next(&j, &rec), NGX_OK, "in order");
    }

    ok(ngx_live_hls_journal_next(&j, &rec) == NGX_ERROR
       && strcmp(j.reason, "media sequence number goes back") == 0,
       "MSN 8 after 39");

    n = line(buf, "H 1 s live/demo 0 6 0");
    n += line(buf + n, "E");
    n += line(buf + n, "W 1 1");
    ngx_live_hls_journal_init(&j, (u_char *) buf, n);
    (void) ngx_live_hls_journal_next(&j, &rec);
    (void) ngx_live_hls_journal_next(&j, &rec);
    ok(ngx_live_hls_journal_next(&j, &rec) == NGX_ERROR
       && strcmp(j.reason, "record after the end") == 0, "more after the end");

    ngx_live_hls_journal_init(&j, (u_char *) "\n", 1);
    ok(ngx_live_hls_journal_next(&j, &rec) == NGX_ERROR
       && strcmp(j.reason, "no checksum") == 0, "an empty line");

    ngx_live_hls_journal_init(&j, NULL, 0);
    is_int(ngx_live_hls_journal_next(&j, &rec), NGX_DONE, "an empty journal");
}


static void
test_compact(void)
{
    char    buf[2048], want[2048];
    u_char  out[2048];
    size_t  n, w, len;

    n = line(buf, "H 1 s live/demo 0 6 0");
    w = line(want, "H 1 s live/demo 0 6 0");

    n += line(buf + n, "T v0 video avc1.64001f 0000000000000001 16 16 1/30 "
              "0 0 -");
    n += line(buf + n, "T a1 audio mp4a.40.2 0000000000000002 0 0 1/50 "
              "48000 2 -");
    n += line(buf + n, "S 0 0 0 - v0:90000:1000:0000000000000001:I");
    n += line(buf + n, "S 0 0 0 - a1:90000:1000:0000000000000002:I");
    n += line(buf + n, "W 1 0");
    n += line(buf + n, "S 1 0 0 - v0:90000:1000:0000000000000001:I");
    n += line(buf + n, "T v0 video avc1.64001f 0000000000000003 32 32 1/30 "
              "0 0 -");
    n += line(buf + n, "S 2 0 0 D v0:90000:1000:0000000000000003:I");

    w += line(want + w, "T v0 video avc1.64001f 0000000000000003 32 32 1/30 "
              "0 0 -");
    w += line(want + w, "T a1 audio mp4a.40.2 0000000000000002 0 0 1/50 "
              "48000 2 -");
    w += line(want + w, "W 2 7");
    w += line(want + w, "S 2 0 0 D v0:90000:1000:0000000000000003:I");

    len = n;

    n += line(buf + n, "W 2 7");

    is_mem(out, ngx_live_hls_journal_compact((u_char *) buf, n, out), want, w,
           "the window is left");
    is_mem(out, ngx_live_hls_journal_compact((u_char *) want, w, out), want, w,
           "once more nothing changes");

    is_int(ngx_live_hls_journal_compact((u_char *) buf, n - 1, out), 0,
           "a torn journal");

    buf[100] ^= 1;
    is_int(ngx_live_hls_journal_compact((u_char *) buf, n, out), 0,
           "a damaged one");
    buf[100] ^= 1;

    n = len + line(buf + len, "E");
    is_int(ngx_live_hls_journal_compact((u_char *) buf, n, out), 0,
           "one that has ended");
    is_int(ngx_live_hls_journal_compact((u_char *) buf, 0, out), 0,
           "an empty one");
}


int
main(int argc, char **argv)
{
    test_compact();
    test_write();
    test_read();
    test_garbage();

    return done_testing();
}
