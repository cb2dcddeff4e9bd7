
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the audio headers. */


#include <ngx_unit.h>
#include <ngx_live_audio.h>


static ngx_live_aac_config_t   c;
static ngx_live_mp3_header_t   h;
static const char             *reason;


static ngx_int_t
aac(const char *hex)
{
    u_char   tmp[64], *p;
    size_t   len;

    reason = "";
    len = unhex(tmp, hex);
    p = buf_copy(tmp, len);

    return ngx_live_aac_parse_config(&c, p, p + len, &reason);
}


static ngx_int_t
mp3(const char *hex)
{
    u_char   tmp[64], *p;
    size_t   len;

    reason = "";
    len = unhex(tmp, hex);
    p = buf_copy(tmp, len);

    return ngx_live_mp3_parse_header(&h, p, p + len, &reason);
}


static void
test_aac(void)
{
    is_int(aac("1210"), NGX_OK, "LC, 44.1 kHz, stereo");
    is_int(c.object_type, NGX_LIVE_AAC_LC, "object type");
    is_int(c.sample_rate, 44100, "rate");
    is_int(c.output_rate, 44100, "output rate");
    is_int(c.channels, 2, "channels");
    is_int(c.frame_length, 1024, "frame length");
    ok(!c.sbr && !c.ps, "no SBR, no PS");

    is_int(aac("1214"), NGX_OK, "LC of 960 samples");
    is_int(c.frame_length, 960, "frame length");

    is_int(aac("118856e500"), NGX_OK, "sync extension that denies SBR");
    is_int(c.sample_rate, 48000, "rate");
    is_int(c.channels, 1, "channels");
    ok(!c.sbr, "no SBR");

    is_int(aac("139056e5a0"), NGX_OK, "sync extension with SBR");
    is_int(c.sample_rate, 22050, "rate of the core");
    is_int(c.output_rate, 44100, "output rate");
    ok(c.sbr && !c.ps && !c.hierarchical, "SBR");

    is_int(aac("138856e5a54880"), NGX_OK, "sync extension with PS");
    ok(c.sbr && c.ps, "SBR and PS");

    is_int(aac("139056e5"), NGX_OK, "sync extension cut short");
    ok(!c.sbr, "is not there");

    is_int(aac("2b920800"), NGX_OK, "hierarchical SBR");
    is_int(c.object_type, NGX_LIVE_AAC_LC, "object type of the core");
    is_int(c.sample_rate, 22050, "rate of the core");
    is_int(c.output_rate, 44100, "output rate");
    ok(c.sbr && !c.ps && c.hierarchical, "SBR");

    is_int(aac("eb8a0800"), NGX_OK, "hierarchical PS");
    ok(c.sbr && c.ps && c.hierarchical, "SBR and PS");
    is_int(c.channels, 1, "channels");

    /* 2 (5), 15 (4), 22050 (24), 2 (4), 000 */

    is_int(aac("17802b1110"), NGX_OK, "explicit rate");
    is_int(c.sample_rate, 22050, "rate");
    is_int(c.channels, 2, "channels");

    is_int(aac("11b0"), NGX_OK, "5.1");
    is_int(c.channels, 6, "channels");
    is_int(aac("11b8"), NGX_OK, "7.1");
    is_int(c.channels, 8, "channels");

    /* program config element: one front pair, one LFE, no comment */

    is_int(aac("1180 04 c4 04 00 20 00 00"), NGX_OK,
           "program config element");
    is_int(c.channels, 3, "channels");
}


static void
test_aac_malformed(void)
{
    is_int(aac(""), NGX_ERROR, "empty: %s", reason);
    is_int(aac("12"), NGX_ERROR, "one byte: %s", reason);
    is_int(aac("1780"), NGX_ERROR, "explicit rate cut: %s", reason);
    is_int(aac("1790000010"), NGX_ERROR, "1 MHz: %s", reason);
    is_int(aac("1780000010"), NGX_ERROR, "0 Hz: %s", reason);
    is_int(aac("1690"), NGX_ERROR, "reserved rate: %s", reason);
    is_int(aac("1248"), NGX_ERROR, "reserved channels: %s", reason);
    is_int(aac("1200"), NGX_ERROR, "program config cut: %s", reason);
    is_int(aac("2b92"), NGX_ERROR, "hierarchical SBR cut: %s", reason);
    is_int(aac("2b97f000"), NGX_ERROR, "its type unreadable: %s", reason);

    is_int(aac("b98a00"), NGX_DECLINED, "ER AAC LD: %s", reason);
    is_int(c.object_type, 23, "object type");
    is_int(aac("f8e85000"), NGX_DECLINED, "ER AAC ELD: %s", reason);
    is_int(c.object_type, 39, "object type by escape");
    is_int(aac("0210"), NGX_DECLINED, "null object type: %s", reason);
}


static void
test_mp3(void)
{
    is_int(mp3("fffb9064"), NGX_OK, "MPEG-1 layer 3");
    is_int(h.version, 10, "version");
    is_int(h.layer, 3, "layer");
    is_int(h.bitrate, 128000, "bitrate");
    is_int(h.sample_rate, 44100, "rate");
    is_int(h.channels, 2, "channels");
    is_int(h.samples, 1152, "samples");
    is_int(h.size, 417, "size");

    is_int(mp3("fffb9264"), NGX_OK, "with padding");
    is_int(h.size, 418, "size");

    is_int(mp3("fff384c4"), NGX_OK, "MPEG-2 layer 3, mono");
    is_int(h.version, 20, "version");
    is_int(h.bitrate, 64000, "bitrate");
    is_int(h.sample_rate, 24000, "rate");
    is_int(h.channels, 1, "channels");
    is_int(h.samples, 576, "samples");
    is_int(h.size, 192, "size");

    is_int(mp3("ffe328c4"), NGX_OK, "MPEG-2.5 layer 3");
    is_int(h.version, 25, "version");
    is_int(h.sample_rate, 8000, "rate");
    is_int(h.bitrate, 16000, "bitrate");
    is_int(h.size, 144, "size");

    is_int(mp3("fffda400"), NGX_OK, "MPEG-1 layer 2");
    is_int(h.layer, 2, "layer");
    is_int(h.bitrate, 192000, "bitrate");
    is_int(h.size, 576, "size");

    is_int(mp3("ffffc000"), NGX_OK, "MPEG-1 layer 1");
    is_int(h.bitrate, 384000, "bitrate");
    is_int(h.samples, 384, "samples");
    is_int(h.size, 416, "size");

    is_int(mp3("fffb90"), NGX_ERROR, "cut: %s", reason);
    is_int(mp3(""), NGX_ERROR, "empty: %s", reason);
    is_int(mp3("fe fb9064"), NGX_ERROR, "sync: %s", reason);
    is_int(mp3("ffeb9064"), NGX_ERROR, "reserved version: %s", reason);
    is_int(mp3("fff99064"), NGX_ERROR, "reserved layer: %s", reason);
    is_int(mp3("fffb0064"), NGX_ERROR, "free format: %s", reason);
    is_int(mp3("fffbf064"), NGX_ERROR, "bad bitrate: %s", reason);
    is_int(mp3("fffb9c64"), NGX_ERROR, "reserved rate: %s", reason);
}


int
main(void)
{
    test_aac();
    test_aac_malformed();
    test_mp3();

    return done_testing();
}
