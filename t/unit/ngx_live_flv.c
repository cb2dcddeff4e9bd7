
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the FLV headers. */


#include <ngx_unit.h>
#include <ngx_live_flv.h>


static void
test_file(void)
{
    size_t               n;
    u_char               buf[64], *p, *q, *end;
    ngx_int_t            rc;
    ngx_uint_t           flags, short_ok;
    const char          *reason;
    ngx_live_flv_tag_t   tag;

    end = buf + sizeof(buf);

    p = ngx_live_flv_write_header(buf, end, NGX_LIVE_FLV_HAS_VIDEO
                                            | NGX_LIVE_FLV_HAS_AUDIO);
    is_mem(buf, p - buf, "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00", 13,
           "file header");

    q = ngx_live_flv_write_tag(p, end, NGX_LIVE_FLV_TAG_VIDEO, 0x010203,
                               0xa1b2c3d4);
    is_mem(p, q - p, "\x09\x01\x02\x03\xb2\xc3\xd4\xa1\x00\x00\x00", 11,
           "tag header");

    p = ngx_live_flv_write_trailer(q, end, 0x010203);
    is_mem(q, p - q, "\x00\x01\x02\x0e", 4, "tag trailer");

    ok(ngx_live_flv_write_header(buf, buf + 12, 5) == NULL,
       "no room for a file header");
    ok(ngx_live_flv_write_tag(buf, buf + 10, 9, 1, 1) == NULL,
       "no room for a tag header");
    ok(ngx_live_flv_write_tag(buf, end, 9, 0x1000000, 1) == NULL,
       "size of more than 24 bits");
    ok(ngx_live_flv_write_trailer(buf, buf + 3, 1) == NULL,
       "no room for a trailer");

    ngx_live_flv_write_header(buf, end, 5);

    q = buf;
    is_int(ngx_live_flv_parse_header(&q, end, &flags, &reason), NGX_OK,
           "header parsed");
    ok(q == buf + 13, "to its end");
    is_int(flags, 5, "flags");

    is_int(ngx_live_flv_parse_tag(&q, end, &tag, &reason), NGX_OK,
           "tag parsed");
    is_int(tag.type, NGX_LIVE_FLV_TAG_VIDEO, "type");
    is_int(tag.size, 0x010203, "size");
    is_int(tag.timestamp, 0xa1b2c3d4, "timestamp");
    is_int(tag.filter, 0, "no filter");
    ok(q == buf + 24, "to its end");

    short_ok = 0;

    for (n = 0; n < 13; n++) {
        p = q = buf_copy(buf, n);
        rc = ngx_live_flv_parse_header(&q, q + n, &flags, &reason);
        short_ok += (rc == NGX_AGAIN && p == q);
    }

    is_int(short_ok, 13, "a part of the header is not enough");

    short_ok = 0;

    for (n = 0; n < 11; n++) {
        p = q = buf_copy(buf + 13, n);
        rc = ngx_live_flv_parse_tag(&q, q + n, &tag, &reason);
        short_ok += (rc == NGX_AGAIN && p == q);
    }

    is_int(short_ok, 11, "a part of the tag header is not enough");
}


static void
test_malformed(void)
{
    u_char              *p;
    ngx_uint_t           flags;
    const char          *reason;
    ngx_live_flv_tag_t   tag;

    p = buf_copy("FLW\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00", 13);
    is_int(ngx_live_flv_parse_header(&p, p + 13, &flags, &reason), NGX_ERROR,
           "signature: %s", reason);

    p = buf_copy("FLV\x02\x05\x00\x00\x00\x09\x00\x00\x00\x00", 13);
    is_int(ngx_live_flv_parse_header(&p, p + 13, &flags, &reason), NGX_ERROR,
           "version: %s", reason);

    p = buf_copy("FLV\x01\x05\xff\xff\xff\xff\x00\x00\x00\x00", 13);
    is_int(ngx_live_flv_parse_header(&p, p + 13, &flags, &reason), NGX_ERROR,
           "size: %s", reason);

    p = buf_copy("\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 11);
    is_int(ngx_live_flv_parse_tag(&p, p + 11, &tag, &reason), NGX_ERROR,
           "type: %s", reason);

    p = buf_copy("\x48\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 11);
    is_int(ngx_live_flv_parse_tag(&p, p + 11, &tag, &reason), NGX_ERROR,
           "bits: %s", reason);

    p = buf_copy("\x28\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 11);
    is_int(ngx_live_flv_parse_tag(&p, p + 11, &tag, &reason), NGX_OK,
           "encrypted tag");
    is_int(tag.filter, 1, "filter");
}


static void
test_audio(void)
{
    u_char                *p;
    const char            *reason;
    ngx_live_flv_audio_t   a;

    p = buf_copy("\xaf\x00\x12\x10", 4);

    is_int(ngx_live_flv_parse_audio(&a, p, p + 4, &reason), NGX_OK, "AAC");
    is_int(a.format, NGX_LIVE_FLV_AUDIO_AAC, "format");
    is_int(a.packet_type, NGX_LIVE_FLV_AAC_CONFIG, "packet type");
    is_int(a.rate, 44100, "rate");
    is_int(a.bits, 16, "bits");
    is_int(a.channels, 2, "channels");
    is_mem(a.data, a.len, "\x12\x10", 2, "data");

    is_int(ngx_live_flv_parse_audio(&a, p, p + 2, &reason), NGX_OK,
           "AAC without data");
    is_int(a.len, 0, "its length");
    is_int(ngx_live_flv_parse_audio(&a, p, p + 1, &reason), NGX_ERROR,
           "AAC cut: %s", reason);
    is_int(ngx_live_flv_parse_audio(&a, p, p, &reason), NGX_ERROR,
           "empty: %s", reason);

    p = buf_copy("\x26\xff\xfb", 3);

    is_int(ngx_live_flv_parse_audio(&a, p, p + 3, &reason), NGX_OK, "MP3");
    is_int(a.format, NGX_LIVE_FLV_AUDIO_MP3, "format");
    is_int(a.rate, 11025, "rate");
    is_int(a.channels, 1, "channels");
    is_mem(a.data, a.len, "\xff\xfb", 2, "data");

    p = buf_copy("\xe2", 1);

    is_int(ngx_live_flv_parse_audio(&a, p, p + 1, &reason), NGX_OK,
           "MP3 of 8 kHz");
    is_int(a.rate, 8000, "rate");

    p = buf_copy("\x91Opusx", 6);

    is_int(ngx_live_flv_parse_audio(&a, p, p + 6, &reason), NGX_DECLINED,
           "enhanced: %s", reason);
    is_int(a.packet_type, 1, "its packet type");
    is_int(a.fourcc, 0x4f707573, "its FourCC");
    is_int(ngx_live_flv_parse_audio(&a, p, p + 4, &reason), NGX_DECLINED,
           "enhanced and cut");
    is_int(a.fourcc, 0, "without a FourCC");
}


static void
test_video(void)
{
    u_char                *p;
    const char            *reason;
    ngx_live_flv_video_t   v;

    p = buf_copy("\x17\x01\x00\x00\x50\x65", 6);

    is_int(ngx_live_flv_parse_video(&v, p, p + 6, &reason), NGX_OK, "AVC");
    is_int(v.frame_type, NGX_LIVE_FLV_FRAME_KEY, "frame type");
    is_int(v.codec, NGX_LIVE_FLV_VIDEO_AVC, "codec");
    is_int(v.packet_type, NGX_LIVE_FLV_AVC_NALU, "packet type");
    is_int(v.cts, 80, "composition time");
    is_mem(v.data, v.len, "\x65", 1, "data");

    is_int(ngx_live_flv_parse_video(&v, p, p + 4, &reason), NGX_ERROR,
           "cut: %s", reason);
    is_int(ngx_live_flv_parse_video(&v, p, p, &reason), NGX_ERROR,
           "empty: %s", reason);

    p = buf_copy("\x27\x01\xff\xff\xfe\x41", 6);

    is_int(ngx_live_flv_parse_video(&v, p, p + 6, &reason), NGX_OK, "B-frame");
    is_int(v.cts, -2, "negative composition time");

    p = buf_copy("\x27\x01\x80\x00\x00\x41", 6);

    ngx_live_flv_parse_video(&v, p, p + 6, &reason);
    is_int(v.cts, -0x800000, "the least composition time");

    p = buf_copy("\x22\x00", 2);

    is_int(ngx_live_flv_parse_video(&v, p, p + 2, &reason), NGX_OK, "H.263");
    is_int(v.codec, 2, "codec");
    is_int(v.len, 1, "data");

    p = buf_copy("\x57\x00", 2);

    is_int(ngx_live_flv_parse_video(&v, p, p + 2, &reason), NGX_OK,
           "info frame");
    is_int(v.frame_type, NGX_LIVE_FLV_FRAME_INFO, "frame type");

    p = buf_copy("\x90hvc1\x01", 6);

    is_int(ngx_live_flv_parse_video(&v, p, p + 6, &reason), NGX_DECLINED,
           "enhanced: %s", reason);
    is_int(v.fourcc, 0x68766331, "its FourCC");
    is_int(v.packet_type, 0, "its packet type");
    is_int(v.frame_type, NGX_LIVE_FLV_FRAME_KEY, "its frame type");

    p = buf_copy("\x96\x01hvc1", 6);

    is_int(ngx_live_flv_parse_video(&v, p, p + 6, &reason), NGX_DECLINED,
           "enhanced, multitrack");
    is_int(v.fourcc, 0, "no FourCC is guessed");
}


int
main(void)
{
    test_file();
    test_malformed();
    test_audio();
    test_video();

    return done_testing();
}
