
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the names of segments and the like. */


#include <ngx_unit.h>
#include <ngx_live_hls_name.h>


static ngx_int_t
parse(ngx_live_hls_name_t *name, const char *text)
{
    return ngx_live_hls_name_parse(name, buf_copy(text, strlen(text)),
                                   strlen(text));
}


static void
test_good(void)
{
    ngx_live_hls_name_t  n;

    is_int(parse(&n, "index.m3u8"), NGX_OK, "multivariant playlist");
    is_int(n.kind, NGX_LIVE_HLS_NAME_INDEX, "its kind");
    is_int(n.session.len, 0, "no session");

    is_int(parse(&n, "5f3a_Z/v0.m3u8"), NGX_OK, "media playlist");
    is_int(n.kind, NGX_LIVE_HLS_NAME_PLAYLIST, "its kind");
    is_str(&n.session, "5f3a_Z", "its session");
    is_str(&n.track, "v0", "its track");
    is_str(&n.file, "v0.m3u8", "its file");

    is_int(parse(&n, "s/a1-init-0123456789abcdef.mp4"), NGX_OK,
           "initialization section");
    is_int(n.kind, NGX_LIVE_HLS_NAME_INIT, "its kind");
    ok(n.hash == 0x0123456789abcdefULL, "its hash");
    is_str(&n.track, "a1", "its track");

    is_int(parse(&n, "s/v0-0.m4s"), NGX_OK, "segment 0");
    ok(n.kind == NGX_LIVE_HLS_NAME_SEGMENT && n.msn == 0, "its MSN");

    is_int(parse(&n, "s/v0-9223372036854775807.m4s"), NGX_OK, "the last one");
    is_int(n.msn, INT64_MAX, "its MSN");

    is_int(parse(&n, "s/v0-1234.56.m4s"), NGX_OK, "part");
    ok(n.kind == NGX_LIVE_HLS_NAME_PART && n.msn == 1234 && n.part == 56,
       "its MSN and index");
    is_str(&n.file, "v0-1234.56.m4s", "its file");

    is_int(parse(&n, "s/v0-1.0.m4s"), NGX_OK, "part 0");
    is_int(parse(&n, "s/v0-1.65535.m4s"), NGX_OK, "the last part");
    is_int(parse(&n, "s/init-3.m4s"), NGX_OK, "a track with a strange name");
    is_str(&n.track, "init", "which it keeps");
}


static void
test_bad(void)
{
    ngx_uint_t           i;
    ngx_live_hls_name_t  n;

    static const char  *bad[] = {
        "", "/", "index.m3u", "index.m3u88", "Index.m3u8", "/index.m3u8",
        "s/", "s", "s/.m3u8", "/v0.m3u8", "s/v0", "s/v0.m3u", "s/v0.m3u8x",
        "s/v0.m3u8/", "s//v0.m3u8", "s/t/v0.m3u8", "../s/v0.m3u8",
        "s/../v0.m3u8", "s/v0-.m4s", "s/-1.m4s", "s/v0-1", "s/v0-1.m4",
        "s/v0-1.mp4", "s/v0-01.m4s", "s/v0-00.m4s", "s/v0-+1.m4s",
        "s/v0--1.m4s", "s/v0- 1.m4s", "s/v0-1 .m4s", "s/v0-0x1.m4s",
        "s/v0-1a.m4s", "s/v0-9223372036854775808.m4s",
        "s/v0-18446744073709551617.m4s",
        "s/v0-99999999999999999999999999999999.m4s",
        "s/v0-1..m4s", "s/v0-1.00.m4s", "s/v0-1.01.m4s", "s/v0-1.65536.m4s",
        "s/v0-1.4294967296.m4s", "s/v0-1.2.3.m4s", "s/v0-.2.m4s",
        "s/v0-1.m4s.m4s", "s/v0-1.m4s?x", "s/v0-1.M4S", "s/v 0-1.m4s",
        "s/v.0-1.m4s", "s/v%30-1.m4s", "s/v0-init-.mp4",
        "s/v0-init-0123456789abcde.mp4", "s/v0-init-0123456789abcdef0.mp4",
        "s/v0-init-0123456789ABCDEF.mp4", "s/v0-init-0123456789abcdeg.mp4",
        "s/v0-init-0123456789abcdef.m4s", "s/v0-Init-0123456789abcdef.mp4",
        "s/v0-i", "s/v0-i.mp4", "s/-init-0123456789abcdef.mp4",
        "s-1/v0-1.m4s", "123456789012345678901234567890123/v0-1.m4s",
        "s/t23456789012345678901234567890123-1.m4s"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(parse(&n, bad[i]), NGX_DECLINED, "\"%s\" is no name", bad[i]);
    }

    is_int(ngx_live_hls_name_parse(&n, buf_copy("s/v0-1\0.m4s", 11), 11),
           NGX_DECLINED, "a NUL is no digit");
    is_int(ngx_live_hls_name_parse(&n, buf_copy("s/v0.m3u8", 9), 8),
           NGX_DECLINED, "no byte beyond the end is read");
}


static void
test_write(void)
{
    u_char               buf[NGX_LIVE_HLS_NAME_FILE_LEN];
    ngx_str_t            s, v0 = ngx_string("v0");
    ngx_str_t            longest =
                             ngx_string("t23456789012345678901234567890_2");
    ngx_live_hls_name_t  n;
    u_char               path[2 + sizeof(buf)];

    s.data = buf;

    s.len = ngx_live_hls_name_file(buf, NGX_LIVE_HLS_NAME_PLAYLIST, &v0,
                                   0, 0, 0) - buf;
    is_str(&s, "v0.m3u8", "write a playlist's name");

    s.len = ngx_live_hls_name_file(buf, NGX_LIVE_HLS_NAME_INIT, &v0,
                                   0, 0, 0xfedcba987654321ULL) - buf;
    is_str(&s, "v0-init-0fedcba987654321.mp4", "an initialization section's");

    s.len = ngx_live_hls_name_file(buf, NGX_LIVE_HLS_NAME_SEGMENT, &v0,
                                   5000000000ULL, 0, 0) - buf;
    is_str(&s, "v0-5000000000.m4s", "a segment's");

    s.len = ngx_live_hls_name_file(buf, NGX_LIVE_HLS_NAME_PART, &v0,
                                   7, 0, 0) - buf;
    is_str(&s, "v0-7.0.m4s", "a part's");

    s.len = ngx_live_hls_name_file(buf, NGX_LIVE_HLS_NAME_INDEX, &v0,
                                   0, 0, 0) - buf;
    is_str(&s, "index.m3u8", "the multivariant playlist's");

    s.len = ngx_live_hls_name_file(buf, NGX_LIVE_HLS_NAME_PART, &longest,
                                   NGX_LIVE_HLS_MSN_MAX, NGX_LIVE_HLS_PART_MAX,
                                   0) - buf;
    ok(s.len <= sizeof(buf), "the longest name has room");

    memcpy(path, "s/", 2);
    memcpy(path + 2, buf, s.len);
    is_int(ngx_live_hls_name_parse(&n, path, s.len + 2), NGX_OK,
           "and is read back");
    ok(n.msn == NGX_LIVE_HLS_MSN_MAX && n.part == NGX_LIVE_HLS_PART_MAX
       && n.track.len == 32, "as it was");

    ok(ngx_live_hls_name_valid(&v0) && ngx_live_hls_name_valid(&longest),
       "valid words");
    s.len = 0;
    ok(!ngx_live_hls_name_valid(&s), "an empty one is not");
    ngx_str_set(&s, "a-b");
    ok(!ngx_live_hls_name_valid(&s), "nor one with a dash");
}


int
main(int argc, char **argv)
{
    test_good();
    test_bad();
    test_write();

    return done_testing();
}
