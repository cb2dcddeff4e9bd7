
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of Opus's header and packet durations. */


#include <ngx_unit.h>
#include <ngx_live_opus.h>


static void test_head(void);
static void test_bad(const char *hex, const char *what);
static void test_samples(void);


int
main(void)
{
    test_head();

    test_bad("4f70757348656164 01 02 3801 80bb0000 0000", "too short");
    test_bad("4f70757348656165 01 02 3801 80bb0000 0000 00", "another magic");
    test_bad("4f70757348656164 11 02 3801 80bb0000 0000 00",
             "another major version");
    test_bad("4f70757348656164 01 00 3801 80bb0000 0000 00", "no channels");
    test_bad("4f70757348656164 01 03 3801 80bb0000 0000 00",
             "three channels of family 0");
    test_bad("4f70757348656164 01 03 3801 80bb0000 0000 01 02 01 00 02",
             "mapping too short");

    test_samples();

    return done_testing();
}


static void
test_head(void)
{
    u_char                 buf[64], *p;
    size_t                 n;
    const char            *reason;
    ngx_live_opus_head_t   head;

    n = unhex(buf, "4f70757348656164 01 02 3801 80bb0000 0000 00");
    is_int(n, NGX_LIVE_OPUS_HEAD_LEN, "length");

    p = buf_copy(buf, n);

    is_int(ngx_live_opus_parse_head(&head, p, p + n, &reason), NGX_OK,
           "stereo");
    is_int(head.channels, 2, "channels");
    is_int(head.pre_skip, 312, "pre-skip");
    is_int(head.rate, 48000, "rate");
    is_int(head.family, 0, "family");

    free(p);

    n = unhex(buf, "4f70757348656164 0f 03 3801 44ac0000 0000 01 02 01 000201");
    p = buf_copy(buf, n);

    is_int(ngx_live_opus_parse_head(&head, p, p + n, &reason), NGX_OK,
           "three channels, another minor version");
    is_int(head.rate, 44100, "rate");

    free(p);
}


static void
test_bad(const char *hex, const char *what)
{
    u_char                 buf[64], *p;
    size_t                 n;
    const char            *reason;
    ngx_live_opus_head_t   head;

    reason = NULL;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    is_int(ngx_live_opus_parse_head(&head, p, p + n, &reason), NGX_ERROR,
           "%s", what);
    ok(reason != NULL, "with a reason");

    free(p);
}


static void
test_samples(void)
{
    u_char      packet[2];
    ngx_uint_t  config;

    /* RFC 6716, table 2: ten thousandths of a second */

    static ngx_uint_t  frames[] = {
        100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400, 600,
        100, 200, 100, 200,
        25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200
    };

    for (config = 0; config < 32; config++) {
        packet[0] = (u_char) (config << 3);

        is_int(ngx_live_opus_samples(packet, packet + 1),
               frames[config] * 48 / 10, "configuration %lu", config);
    }

    packet[0] = 0x78 | 1;
    is_int(ngx_live_opus_samples(packet, packet + 1), 1920, "two of 20 ms");

    packet[0] = 0x78 | 3;
    packet[1] = 0x80 | 6;
    is_int(ngx_live_opus_samples(packet, packet + 2), 5760, "six of 20 ms");

    packet[1] = 7;
    is_int(ngx_live_opus_samples(packet, packet + 2), 0, "more than 120 ms");

    is_int(ngx_live_opus_samples(packet, packet + 1), 0, "no count");
    is_int(ngx_live_opus_samples(packet, packet), 0, "nothing");
    is_int(ngx_live_opus_samples(NULL, NULL), 0, "nothing at all");
}
