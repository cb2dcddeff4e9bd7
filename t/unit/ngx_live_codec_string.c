
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the names of codecs. */


#include <ngx_unit.h>
#include <ngx_live_codec_string.h>


int
main(void)
{
    u_char  buf[NGX_LIVE_CODEC_STRING_LEN], *p, *end;

    end = buf + sizeof(buf);

    p = ngx_live_codec_string_h264(buf, end, 100, 0, 31);
    is_mem(buf, p - buf, "avc1.64001f", 11, "High, 3.1");

    p = ngx_live_codec_string_h264(buf, end, 66, 0xc0, 10);
    is_mem(buf, p - buf, "avc1.42c00a", 11, "Constrained Baseline, 1.0");

    p = ngx_live_codec_string_h264(buf, buf + 11, 77, 64, 40);
    is_mem(buf, p - buf, "avc1.4d4028", 11, "Main, 4.0, just fits");

    ok(ngx_live_codec_string_h264(buf, buf + 10, 77, 64, 40) == NULL,
       "no room");

    p = ngx_live_codec_string_mp4a(buf, end, 2);
    is_mem(buf, p - buf, "mp4a.40.2", 9, "AAC LC");

    p = ngx_live_codec_string_mp4a(buf, end, 29);
    is_mem(buf, p - buf, "mp4a.40.29", 10, "AAC with PS");

    p = ngx_live_codec_string_mp4a(buf, end, NGX_LIVE_CODEC_STRING_MP3);
    is_mem(buf, p - buf, "mp4a.40.34", 10, "MP3");

    ok(ngx_live_codec_string_mp4a(buf, buf + 8, 2) == NULL, "no room");
    ok(ngx_live_codec_string_mp4a(buf, buf, 2) == NULL, "no room at all");

    return done_testing();
}
