
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of what a datagram is, and of frames over TCP. */


#include <ngx_unit.h>
#include <ngx_live_demux.h>


static void test_kind(void);
static void test_framing(void);


int
main(void)
{
    test_kind();
    test_framing();

    return done_testing();
}


static void
test_kind(void)
{
    u_char               p[2];
    ngx_uint_t           i, n[5];
    ngx_live_datagram_e  kind;

    ngx_memzero(n, sizeof(n));
    p[1] = 96;

    for (i = 0; i < 256; i++) {
        p[0] = (u_char) i;
        n[ngx_live_datagram_kind(p, 2)]++;
    }

    is_int(n[NGX_LIVE_DATAGRAM_STUN], 4, "STUN: 0..3");
    is_int(n[NGX_LIVE_DATAGRAM_DTLS], 44, "DTLS: 20..63");
    is_int(n[NGX_LIVE_DATAGRAM_RTP], 64, "RTP: 128..191");
    is_int(n[NGX_LIVE_DATAGRAM_UNKNOWN], 144, "the others are unknown");

    p[0] = 0x80;

    for (i = 0; i < 256; i++) {
        p[1] = (u_char) i;
        kind = ngx_live_datagram_kind(p, 2);

        if ((kind == NGX_LIVE_DATAGRAM_RTCP) != (i >= 192 && i <= 223)) {
            ok(0, "second byte %lu", (unsigned long) i);
        }
    }

    is_int(ngx_live_datagram_kind(p, 0), NGX_LIVE_DATAGRAM_UNKNOWN, "empty");
    is_int(ngx_live_datagram_kind(p, 1), NGX_LIVE_DATAGRAM_UNKNOWN,
           "RTP of one byte");
}


static void
test_framing(void)
{
    u_char     buf[32], header[2], *p, *pos, *end;
    size_t     n, i;
    ngx_str_t  frame;

    n = unhex(buf, "0003 616263 0000 0002 6465 0001");
    p = buf_copy(buf, n);
    pos = p;
    end = p + n;

    is_int(ngx_live_framing_next(&pos, end, 16, &frame), NGX_OK, "first");
    is_str(&frame, "abc", "frame");
    is_int(ngx_live_framing_next(&pos, end, 16, &frame), NGX_OK,
           "an empty one is passed over");
    is_str(&frame, "de", "frame");
    is_int(ngx_live_framing_next(&pos, end, 16, &frame), NGX_AGAIN, "cut");
    is_int(pos - p, 11, "the rest is kept");

    for (i = 0; i < 5; i++) {
        pos = p;
        is_int(ngx_live_framing_next(&pos, p + i, 16, &frame), NGX_AGAIN,
               "%lu bytes", (unsigned long) i);
        ok(pos == p, "nothing is taken");
    }

    pos = p;
    is_int(ngx_live_framing_next(&pos, end, 2, &frame), NGX_ERROR,
           "longer than allowed");

    ngx_live_framing_header(header, 1234);
    is_mem(header, 2, "\x04\xd2", 2, "header");
}
