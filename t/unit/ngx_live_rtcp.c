
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of RTCP: compounds, what packets say, and what is written. */


#include <ngx_unit.h>
#include <ngx_live_rtcp.h>


static void test_compound(void);
static void test_bad(const char *hex, const char *what);
static void test_reports(void);
static void test_sdes(void);
static void test_bye(void);
static void test_nack(void);
static void test_refresh(void);
static void test_remb(void);
static void test_xr(void);
static void test_others(void);
static void test_room(void);
static u_char *write_all(u_char *p, u_char *end);
static void one(const char *hex);


static ngx_live_rtcp_t   p;
static const char       *reason;


int
main(void)
{
    test_compound();

    test_bad("80c8", "half a header");
    test_bad("40c90001 00000001", "version 1");
    test_bad("80c90002 00000001", "longer than the datagram");
    test_bad("80c90000", "no source");
    test_bad("a0c90001 00000001", "padding of one byte");
    test_bad("a0c90001 00000000", "padding of no bytes");
    test_bad("a0c90001 00000008", "padding longer than the packet");
    test_bad("a0c90001 00000004", "padding without a source before it");

    test_reports();
    test_sdes();
    test_bye();
    test_nack();
    test_refresh();
    test_remb();
    test_xr();
    test_others();
    test_room();

    return done_testing();
}


/* the first packet of a compound */

static void
one(const char *hex)
{
    u_char  buf[256], *pos;
    size_t  n;

    n = unhex(buf, hex);
    pos = buf_copy(buf, n);

    is_int(ngx_live_rtcp_next(&pos, pos + n, &p, &reason), NGX_OK, "packet");
}


static void
test_compound(void)
{
    u_char  buf[64], *pos, *end;
    size_t  n;

    n = unhex(buf, "80c90001 00000007"
                   "81ca0002 00000007 00000000"
                   "80cb0000"
                   "a1ce0003 00000001 00000002 00000004");
    pos = buf_copy(buf, n);
    end = pos + n;

    is_int(ngx_live_rtcp_next(&pos, end, &p, &reason), NGX_OK, "RR");
    is_int(p.type, NGX_LIVE_RTCP_RR, "type");
    is_int(p.ssrc, 7, "source");
    is_int(ngx_live_rtcp_next(&pos, end, &p, &reason), NGX_OK, "SDES");
    is_int(ngx_live_rtcp_next(&pos, end, &p, &reason), NGX_OK,
           "BYE of nobody");
    is_int(ngx_live_rtcp_next(&pos, end, &p, &reason), NGX_OK, "PLI, padded");
    is_int(p.type, NGX_LIVE_RTCP_PSFB, "type");
    is_int(p.count, NGX_LIVE_RTCP_PSFB_PLI, "format");
    is_int(p.len, 8, "without the padding");
    is_int(ngx_live_rtcp_next(&pos, end, &p, &reason), NGX_DONE, "end");
}


static void
test_bad(const char *hex, const char *what)
{
    u_char  buf[64], *pos;
    size_t  n;

    n = unhex(buf, hex);
    pos = buf_copy(buf, n);
    reason = NULL;

    is_int(ngx_live_rtcp_next(&pos, pos + n, &p, &reason), NGX_ERROR, "%s",
           what);
    ok(reason != NULL, "with a reason");
}


static void
test_reports(void)
{
    u_char                   buf[256], want[256], *end;
    size_t                   n;
    ngx_live_rtcp_sr_t       sr;
    ngx_live_rtcp_report_t   r[32];

    static const char  hex[] =
        "81c8000c 0000000a 0102030405060708 11121314 00000064 00000065"
        "0000000b 40fffffe 00010002 00000003 00000004 00000005";

    one(hex);
    is_int(ngx_live_rtcp_parse_sr(&p, &sr), NGX_OK, "SR");
    is_int(sr.ssrc, 10, "source");
    is_int(sr.ntp, 0x0102030405060708, "NTP");
    is_int(sr.timestamp, 0x11121314, "timestamp");
    is_int(sr.packets, 100, "packets");
    is_int(sr.octets, 101, "octets");

    is_int(ngx_live_rtcp_parse_report(&p, 0, &r[0]), NGX_OK, "report");
    is_int(r[0].ssrc, 11, "of");
    is_int(r[0].fraction, 64, "fraction");
    is_int(r[0].lost, -2, "lost");
    is_int(r[0].highest, 0x10002, "highest");
    is_int(r[0].jitter, 3, "jitter");
    is_int(r[0].lsr, 4, "LSR");
    is_int(r[0].dlsr, 5, "DLSR");
    is_int(ngx_live_rtcp_parse_report(&p, 1, &r[0]), NGX_DONE, "no more");

    end = ngx_live_rtcp_write_report(buf, buf + sizeof(buf), 10, &sr, r, 1);
    n = unhex(want, hex);
    is_mem(buf, end - buf, want, n, "written as it was");

    r[0].lost = 0x1000000;
    end = ngx_live_rtcp_write_report(buf, buf + sizeof(buf), 10, NULL, r, 1);
    n = unhex(want, "81c90007 0000000a"
                    "0000000b 407fffff 00010002 00000003 00000004 00000005");
    is_mem(buf, end - buf, want, n, "RR");

    ok(ngx_live_rtcp_write_report(buf, buf + sizeof(buf), 1, NULL, r, 32)
       == NULL, "32 reports");

    one("82c90007 0000000a"
        "0000000b 40fffffe 00010002 00000003 00000004 00000005");
    is_int(ngx_live_rtcp_parse_report(&p, 1, &r[0]), NGX_ERROR,
           "less reports than said");
    is_int(ngx_live_rtcp_parse_sr(&p, &sr), NGX_ERROR, "no SR");
    one("80c80001 0000000a");
    is_int(ngx_live_rtcp_parse_sr(&p, &sr), NGX_ERROR, "SR is too short");
}


static void
test_sdes(void)
{
    u_char      buf[64], want[64], *end;
    size_t      n;
    ngx_str_t   cname;

    one("82ca0007 00000001 060178 01026162 00"
        "00000002 0103636465 000000 00000000 00000000");
    is_int(ngx_live_rtcp_parse_cname(&p, 1, &cname), NGX_OK, "CNAME");
    is_str(&cname, "ab", "behind another item");
    is_int(ngx_live_rtcp_parse_cname(&p, 2, &cname), NGX_OK, "second source");
    is_str(&cname, "cde", "its name");
    is_int(ngx_live_rtcp_parse_cname(&p, 3, &cname), NGX_DECLINED, "none");

    one("81ca0002 00000001 01ff6162");
    is_int(ngx_live_rtcp_parse_cname(&p, 1, &cname), NGX_ERROR, "too long");
    one("81ca0002 00000001 01026162");
    is_int(ngx_live_rtcp_parse_cname(&p, 2, &cname), NGX_ERROR, "no end");

    ngx_str_set(&cname, "ab");
    end = ngx_live_rtcp_write_sdes(buf, buf + sizeof(buf), 5, &cname);
    n = unhex(want, "81ca0003 00000005 01026162 00000000");
    is_mem(buf, end - buf, want, n, "four zeros behind a whole word");

    ngx_str_set(&cname, "abc");
    end = ngx_live_rtcp_write_sdes(buf, buf + sizeof(buf), 5, &cname);
    n = unhex(want, "81ca0003 00000005 01036162 63000000");
    is_mem(buf, end - buf, want, n, "three behind three bytes");

    cname.len = 256;
    ok(ngx_live_rtcp_write_sdes(buf, buf + sizeof(buf), 5, &cname) == NULL,
       "256 bytes");
}


static void
test_bye(void)
{
    u_char    buf[64], *end;
    uint32_t  ssrc;

    one("82cb0002 00000001 00000002");
    is_int(ngx_live_rtcp_parse_bye(&p, 1, &ssrc), NGX_OK, "BYE");
    is_int(ssrc, 2, "the second");
    is_int(ngx_live_rtcp_parse_bye(&p, 2, &ssrc), NGX_DONE, "no more");

    one("82cb0001 00000001");
    is_int(ngx_live_rtcp_parse_bye(&p, 1, &ssrc), NGX_ERROR, "cut");

    end = ngx_live_rtcp_write_bye(buf, buf + sizeof(buf), 1);
    is_mem(buf, end - buf, "\x81\xcb\0\1\0\0\0\1", 8, "written");
}


static void
test_nack(void)
{
    u_char                 buf[64], want[64], *end;
    size_t                 n;
    uint16_t               seq;
    uint32_t               ssrc;
    ngx_uint_t             i;
    ngx_live_rtcp_nack_t   at;

    static uint16_t  seqs[] = { 65535, 0, 2, 15, 16, 40, 41, 41 };

    end = ngx_live_rtcp_write_nack(buf, buf + sizeof(buf), 1, 2, seqs, 8);
    n = unhex(want, "81cd0005 00000001 00000002 ffff8005 00100000 00280001");
    is_mem(buf, end - buf, want, n, "written");

    one("81cd0005 00000001 00000002 ffff8005 00100000 00280001");
    is_int(ngx_live_rtcp_parse_media(&p, &ssrc), NGX_OK, "about");
    is_int(ssrc, 2, "2");

    ngx_memzero(&at, sizeof(at));

    for (i = 0; i < 7; i++) {
        is_int(ngx_live_rtcp_parse_nack(&p, &at, &seq), NGX_OK, "NACK");
        is_int(seq, seqs[i], "%u", seqs[i]);
    }

    is_int(ngx_live_rtcp_parse_nack(&p, &at, &seq), NGX_DONE, "no more");
    is_int(ngx_live_rtcp_parse_nack(&p, &at, &seq), NGX_DONE, "never");

    one("81cd0003 00000001 00000002 0001ffff");
    ngx_memzero(&at, sizeof(at));

    for (i = 0; ngx_live_rtcp_parse_nack(&p, &at, &seq) == NGX_OK; i++) {
        if (seq != 1 + i) {
            ok(0, "%u", seq);
        }
    }

    is_int(i, 17, "a full mask");
}


static void
test_refresh(void)
{
    u_char      buf[64], want[64], *end;
    size_t      n;
    uint32_t    ssrc;
    ngx_uint_t  number;

    end = ngx_live_rtcp_write_pli(buf, buf + sizeof(buf), 1, 2);
    n = unhex(want, "81ce0002 00000001 00000002");
    is_mem(buf, end - buf, want, n, "PLI");

    end = ngx_live_rtcp_write_fir(buf, buf + sizeof(buf), 1, 2, 255);
    n = unhex(want, "84ce0004 00000001 00000000 00000002 ff000000");
    is_mem(buf, end - buf, want, n, "FIR");

    one("84ce0004 00000001 00000000 00000002 ff000000");
    is_int(ngx_live_rtcp_parse_fir(&p, 0, &ssrc, &number), NGX_OK, "parsed");
    is_int(ssrc, 2, "of");
    is_int(number, 255, "number");
    is_int(ngx_live_rtcp_parse_fir(&p, 1, &ssrc, &number), NGX_DONE, "one");

    one("81ce0001 00000001");
    is_int(ngx_live_rtcp_parse_media(&p, &ssrc), NGX_ERROR, "PLI of nothing");
}


static void
test_remb(void)
{
    u_char                 buf[128], want[64], *end;
    size_t                 n;
    ngx_live_rtcp_remb_t   remb;

    one("8fce0006 00000001 00000000 52454d42 02041240 0000000a 0000000b");
    is_int(ngx_live_rtcp_parse_remb(&p, &remb), NGX_OK, "REMB");
    is_int(remb.bitrate, 0x1240 << 1, "bit rate");
    is_int(remb.n, 2, "two sources");
    is_int(remb.sources[1], 11, "the second");

    remb.bitrate = 2500001;
    remb.n = 1;
    end = ngx_live_rtcp_write_remb(buf, buf + sizeof(buf), 1, &remb);
    n = unhex(want, "8fce0005 00000001 00000000 52454d42 0112625a 0000000a");
    is_mem(buf, end - buf, want, n, "written");

    one("8fce0005 00000001 00000000 52454d42 0112625a 0000000a");
    is_int(ngx_live_rtcp_parse_remb(&p, &remb), NGX_OK, "and parsed");
    is_int(remb.bitrate, 2500000, "bit rate");

    one("8fce0004 00000001 00000000 52454d42 00fc0001");
    is_int(ngx_live_rtcp_parse_remb(&p, &remb), NGX_OK, "the largest");
    is_int(remb.bitrate, INT64_MAX, "is bounded");

    one("8fce0004 00000001 00000000 52454d42 01000001");
    is_int(ngx_live_rtcp_parse_remb(&p, &remb), NGX_ERROR, "no sources");
    one("8fce0004 00000001 00000000 52454d43 00000001");
    is_int(ngx_live_rtcp_parse_remb(&p, &remb), NGX_ERROR, "another name");
}


static void
test_xr(void)
{
    u_char               buf[64], want[64], *end;
    size_t               n;
    ngx_live_rtcp_xr_t   xr;

    xr.ntp = 0x0102030405060708;
    xr.lrr = 9;
    xr.dlrr = 10;

    end = ngx_live_rtcp_write_xr(buf, buf + sizeof(buf), 1, 2, &xr);
    n = unhex(want, "80cf0008 00000001 04000002 01020304 05060708"
                    "05000003 00000002 00000009 0000000a");
    is_mem(buf, end - buf, want, n, "XR");

    one("80cf000c 00000001 01000000 04000002 01020304 05060708"
        "05000006 00000002 00000009 0000000a 00000003 00000001 00000001");
    is_int(ngx_live_rtcp_parse_xr(&p, 2, &xr), NGX_OK, "parsed");
    is_int(xr.ntp, 0x0102030405060708, "a receiver's clock");
    is_int(xr.lrr, 9, "LRR");
    is_int(xr.dlrr, 10, "DLRR");
    is_int(ngx_live_rtcp_parse_xr(&p, 4, &xr), NGX_OK, "of somebody else");
    is_int(xr.lrr, 0, "nothing");

    one("80cf0002 00000001 04000002");
    is_int(ngx_live_rtcp_parse_xr(&p, 2, &xr), NGX_ERROR, "a cut block");
}


/* each parser refuses packets of other types */

static void
test_others(void)
{
    uint16_t                 seq;
    uint32_t                 ssrc;
    ngx_str_t                s;
    ngx_uint_t               n;
    ngx_live_rtcp_xr_t       xr;
    ngx_live_rtcp_nack_t     at;
    ngx_live_rtcp_remb_t     remb;
    ngx_live_rtcp_report_t   r;

    ngx_memzero(&at, sizeof(at));
    one("81cc0001 00000001");

    is_int(ngx_live_rtcp_parse_report(&p, 0, &r), NGX_ERROR, "report");
    is_int(ngx_live_rtcp_parse_bye(&p, 0, &ssrc), NGX_ERROR, "BYE");
    is_int(ngx_live_rtcp_parse_cname(&p, 0, &s), NGX_ERROR, "SDES");
    is_int(ngx_live_rtcp_parse_media(&p, &ssrc), NGX_ERROR, "feedback");
    is_int(ngx_live_rtcp_parse_nack(&p, &at, &seq), NGX_ERROR, "NACK");
    is_int(ngx_live_rtcp_parse_fir(&p, 0, &ssrc, &n), NGX_ERROR, "FIR");
    is_int(ngx_live_rtcp_parse_remb(&p, &remb), NGX_ERROR, "REMB");
    is_int(ngx_live_rtcp_parse_xr(&p, 0, &xr), NGX_ERROR, "XR");
}


static u_char *
write_all(u_char *pos, u_char *end)
{
    ngx_str_t                cname;
    ngx_live_rtcp_sr_t       sr;
    ngx_live_rtcp_xr_t       xr;
    ngx_live_rtcp_remb_t     remb;
    ngx_live_rtcp_report_t   r;

    static uint16_t  seqs[] = { 1, 2, 30 };

    ngx_memzero(&sr, sizeof(sr));
    ngx_memzero(&r, sizeof(r));
    ngx_str_set(&cname, "name");
    xr.ntp = 1;
    xr.lrr = 1;
    xr.dlrr = 1;
    remb.bitrate = 1000000;
    remb.n = 1;
    remb.sources[0] = 1;

    pos = ngx_live_rtcp_write_report(pos, end, 1, &sr, &r, 1);
    pos = ngx_live_rtcp_write_sdes(pos, end, 1, &cname);
    pos = ngx_live_rtcp_write_nack(pos, end, 1, 2, seqs, 3);
    pos = ngx_live_rtcp_write_pli(pos, end, 1, 2);
    pos = ngx_live_rtcp_write_fir(pos, end, 1, 2, 3);
    pos = ngx_live_rtcp_write_remb(pos, end, 1, &remb);
    pos = ngx_live_rtcp_write_xr(pos, end, 1, 2, &xr);

    return ngx_live_rtcp_write_bye(pos, end, 1);
}


static void
test_room(void)
{
    u_char      buf[512], *end, *pos;
    size_t      n, i;
    ngx_uint_t  packets;

    end = write_all(buf, buf + sizeof(buf));
    n = end - buf;
    packets = 0;

    for (pos = buf; ngx_live_rtcp_next(&pos, end, &p, &reason) == NGX_OK; ) {
        packets++;
    }

    is_int(packets, 8, "eight packets");

    for (i = 0; i < n; i++) {
        pos = buf_copy(buf, i);

        if (write_all(pos, pos + i) != NULL) {
            ok(0, "room for %lu bytes", (unsigned long) i);
        }
    }

    pos = buf_copy(buf, n);
    ok(write_all(pos, pos + n) == pos + n, "%lu bytes suffice",
       (unsigned long) n);
}
