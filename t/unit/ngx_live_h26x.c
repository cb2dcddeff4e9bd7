
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of H.264.  The records are those of x264, by FFmpeg. */


#include <ngx_unit.h>
#include <ngx_live_h26x.h>


#define AVCC_1080P                                                            \
    "0142c02affe1001b 6742c02ada01e0089f97016a020202800001f48000ea60078c1950" \
    "01000468ce0fc8"

#define AVCC_HIGH                                                             \
    "01f4001effe1001b 67f4001e919b281405ff1380880000030008000003019078b16cb0" \
    "01000668ebe3c44844 fff8f800"


static ngx_live_h264_config_t   c;
static ngx_live_h264_sps_t      s;
static const char              *reason;


static ngx_int_t
config(const char *hex, size_t cut)
{
    u_char   tmp[256], *p;
    size_t   len;

    len = unhex(tmp, hex);
    len -= ngx_min(cut, len);
    p = buf_copy(tmp, len);
    reason = "";

    return ngx_live_h264_parse_config(&c, p, p + len, &reason);
}


static ngx_int_t
sps(const char *hex, size_t cut)
{
    u_char   tmp[256], *p;
    size_t   len;

    len = unhex(tmp, hex);
    len -= ngx_min(cut, len);
    p = buf_copy(tmp, len);
    reason = "";

    return ngx_live_h264_parse_sps(&s, p, p + len, &reason);
}


static void
test_config(void)
{
    size_t      n;
    ngx_uint_t  bad;

    is_int(config(AVCC_1080P, 0), NGX_OK, "configuration");
    is_int(c.profile, 66, "profile");
    is_int(c.constraints, 0xc0, "constraints");
    is_int(c.level, 42, "level");
    is_int(c.nal_length_size, 4, "NAL length size");
    is_int(c.nsps, 1, "one SPS");
    is_int(c.npps, 1, "one PPS");
    is_int(c.sps[0].len, 27, "SPS length");
    is_mem(c.pps[0].data, c.pps[0].len, "\x68\xce\x0f\xc8", 4, "PPS");

    is_int(ngx_live_h264_parse_sps(&s, c.sps[0].data,
                                   c.sps[0].data + c.sps[0].len, &reason),
           NGX_OK, "its SPS");

    is_int(config(AVCC_HIGH, 0), NGX_OK, "configuration of High");
    is_int(config(AVCC_HIGH, 4), NGX_OK, "without its extension");

    bad = 0;

    for (n = 5; n < 46; n++) {
        bad += (config(AVCC_HIGH, n) != NGX_ERROR);
    }

    is_int(bad, 0, "any shorter: %s", reason);

    is_int(config("0042c02affe10000 00", 0), NGX_ERROR, "version: %s", reason);
    is_int(config("0142c02afee10000 00", 0), NGX_ERROR, "size: %s", reason);
    is_int(config("0142c02affe000", 0), NGX_ERROR, "count: %s", reason);
    is_int(config("0142c02a03010001 67 01 0001 68", 0), NGX_OK,
           "zeros in place of reserved ones");
    is_int(config("0142c02affff", 0), NGX_ERROR, "31 SPS: %s", reason);
    is_int(config("0142c02affe10000ff", 0), NGX_ERROR, "255 PPS: %s", reason);
}


static void
test_sps(void)
{
    is_int(sps("6742c02ada01e0089f97016a020202800001f48000ea60078c1950", 0),
           NGX_OK, "1080p, 59.94");
    is_int(s.width, 1920, "width");
    is_int(s.height, 1080, "height after cropping");
    is_int(s.num_units_in_tick, 1001, "units in a tick");
    is_int(s.time_scale, 120000, "time scale");
    is_int(s.fixed_frame_rate, 0, "variable frame rate");
    is_int(s.frame_mbs_only, 1, "progressive");
    is_int(s.colour_primaries, 1, "primaries");
    is_int(s.transfer, 1, "transfer");
    is_int(s.matrix, 1, "matrix");
    is_int(s.full_range, 0, "limited range");
    is_int(s.reorder_frames, 0, "no reordering");
    is_int(s.sar_width, 1, "square samples");
    is_int(s.chroma_format, 1, "4:2:0");
    is_int(s.bit_depth, 8, "bit depth");

    is_int(sps("67f4001e919b281405ff1380880000030008000003019078b16cb0", 0),
           NGX_OK, "High 4:4:4, 360p, 25");
    is_int(s.profile, 244, "profile");
    is_int(s.level, 30, "level");
    is_int(s.chroma_format, 3, "4:4:4");
    is_int(s.width, 640, "width");
    is_int(s.height, 360, "height");
    is_int(s.time_scale, s.num_units_in_tick * 50, "25 frames a second");
    is_int(s.reorder_frames, 2, "reordering");
    is_int(s.colour_primaries, 2, "unspecified primaries");

    is_int(sps("6742c00cd90141fb0110000003001000000301e0f142a480", 0),
           NGX_OK, "Baseline, 240p, 15");
    is_int(s.width, 320, "width");
    is_int(s.height, 240, "height");
    is_int(s.time_scale, s.num_units_in_tick * 30, "15 frames a second");

    is_int(sps("674d4028f403c0227ef011000003000100000300326040001312d00009896"
               "a4c200f8b1750", 0), NGX_OK, "1080i with HRD");
    is_int(s.width, 1920, "width");
    is_int(s.height, 1080, "height of the frame");
    is_int(s.frame_mbs_only, 0, "interlaced");
    is_int(s.time_scale, s.num_units_in_tick * 50, "25 frames a second");
    ok(s.reorder_frames >= 0, "reordering is said behind the HRD");

    is_int(sps("6742c01eda02d049bff0040002d1000003000100000300320f162ea0", 0),
           NGX_OK, "576p, wide");
    is_int(s.width, 720, "width");
    is_int(s.height, 576, "height");
    ok(s.sar_width == 64 && s.sar_height == 45, "extended SAR");

    is_int(sps("67f4000b919b2849fc7c7e0220000003002000000781e28532c0", 0),
           NGX_OK, "130x98 4:4:4");
    is_int(s.width, 130, "width");
    is_int(s.height, 98, "height");

    is_int(sps("676e000ba6cd9424fe2223016c80000003008000001e078a14cb", 0),
           NGX_OK, "High 10, full range");
    is_int(s.bit_depth, 10, "bit depth");
    is_int(s.full_range, 1, "full range");
    is_int(s.width, 130, "width");
    is_int(s.height, 98, "height");
}


static void
test_sps_malformed(void)
{
    is_int(sps("", 0), NGX_ERROR, "empty: %s", reason);
    is_int(sps("68ce0fc8", 0), NGX_ERROR, "a PPS: %s", reason);
    is_int(sps("67", 0), NGX_ERROR, "a byte: %s", reason);
    is_int(sps("6742c02ada01", 0), NGX_ERROR, "cut: %s", reason);

    is_int(sps("6742c02ada01e0089f97016a020202800001f48000ea60078c1950", 12),
           NGX_OK, "VUI cut");
    is_int(s.width, 1920, "the width is there");
    is_int(s.num_units_in_tick, 0, "the timing is not");

    /* 66: id 0, frame_num 0, poc 2, refs 0, gaps 0, then the size in ue */

    is_int(sps("6742001f f6 0004010020", 0), NGX_ERROR, "wide: %s", reason);
    is_int(sps("6742001f ffffffffffff", 0), NGX_OK, "ones: 16x16");
    is_int(sps("6764001f 0000000000000000", 0), NGX_ERROR, "zeros: %s",
           reason);
    is_int(sps("6742001f 0100 8000000000000000", 0), NGX_ERROR, "id: %s",
           reason);
}


static void
test_nal(void)
{
    u_char     *p, *end;
    ngx_str_t   nal;

    p = buf_copy("\x00\x00\x00\x02\x09\xf0" "\x00\x00\x00\x00"
                 "\x00\x00\x00\x03\x65\x01\x02", 17);
    end = p + 17;

    is_int(ngx_live_h264_is_idr(p, end, 4), 1, "IDR");
    is_int(ngx_live_h264_is_idr(p, end - 1, 4), NGX_ERROR, "cut");
    is_int(ngx_live_h264_is_idr(p, p + 6, 4), 0, "delimiter only");
    is_int(ngx_live_h264_is_idr(p, p, 4), 0, "empty");
    is_int(ngx_live_h264_is_idr(p, p + 8, 4), NGX_ERROR, "length cut");

    is_int(ngx_live_h264_next_nal(&p, end, 4, &nal), NGX_OK, "first");
    is_int(ngx_live_h264_nal_type(&nal), NGX_LIVE_H264_NAL_AUD, "delimiter");
    is_int(ngx_live_h264_next_nal(&p, end, 4, &nal), NGX_OK, "second");
    is_int(ngx_live_h264_nal_type(&nal), NGX_LIVE_H264_NAL_IDR,
           "an empty unit is stepped over");
    is_int(nal.len, 3, "length");
    is_int(ngx_live_h264_next_nal(&p, end, 4, &nal), NGX_DONE, "end");

    p = buf_copy("\x01\x41\x02\x65\x88", 5);
    is_int(ngx_live_h264_is_idr(p, p + 5, 1), 1, "lengths of a byte");
    p = buf_copy("\x00\x01\x41", 3);
    is_int(ngx_live_h264_is_idr(p, p + 3, 2), 0, "lengths of two bytes");
    p = buf_copy("\xff\xff\xff\xff\x65", 5);
    is_int(ngx_live_h264_is_idr(p, p + 5, 4), NGX_ERROR, "4 GB");
}


int
main(void)
{
    test_config();
    test_sps();
    test_sps_malformed();
    test_nal();

    return done_testing();
}
