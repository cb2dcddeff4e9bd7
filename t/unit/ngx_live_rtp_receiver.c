
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of what a receiver reports and asks for. */


#include <ngx_unit.h>
#include <ngx_live_rtp_receiver.h>


#define MS  1000


static void test_report(void);
static void test_jitter(void);
static void test_late(void);
static void test_nack(void);
static void test_gaps(void);
static void test_give_up(void);
static void test_round_trip(void);


static ngx_live_rtp_receiver_t   r;
static ngx_live_rtcp_report_t    report;
static uint16_t                  seqs[NGX_LIVE_RTP_MISSING];


int
main(void)
{
    test_report();
    test_jitter();
    test_late();
    test_nack();
    test_gaps();
    test_give_up();
    test_round_trip();

    return done_testing();
}


static void
test_report(void)
{
    ngx_uint_t          i;
    ngx_live_rtcp_sr_t  sr;

    ngx_live_rtp_receiver_init(&r, 90000);
    is_int(ngx_live_rtp_receiver_report(&r, &report, 0), NGX_DECLINED,
           "nothing came");

    /* one of four is lost */

    for (i = 0; i < 100; i++) {
        if (i % 4 != 2) {
            ngx_live_rtp_receiver_add(&r, 65500 + i, i * 900, 10, i * 10 * MS);
        }
    }

    is_int(ngx_live_rtp_receiver_report(&r, &report, 1000 * MS), NGX_OK,
           "report");
    is_int(report.lost, 25, "lost");
    is_int(report.fraction, 64, "fraction");
    is_int(report.highest, 65599, "highest, with the roll-over");
    is_int(report.jitter, 0, "no jitter");
    is_int(report.lsr, 0, "no SR");
    is_int(r.octets, 750, "octets");

    sr.ntp = 0x0102030405060708;
    ngx_live_rtp_receiver_sr(&r, &sr, 2000 * MS);
    ngx_live_rtp_receiver_add(&r, 65600, 0, 10, 2000 * MS);

    is_int(ngx_live_rtp_receiver_report(&r, &report, 2500 * MS), NGX_OK,
           "report");
    is_int(report.fraction, 0, "nothing in this interval");
    is_int(report.lost, 25, "the sum is the same");
    is_int(report.lsr, 0x03040506, "LSR");
    is_int(report.dlsr, 32768, "half a second");

    /* more came than was expected: lost before, sent again */

    ngx_live_rtp_receiver_add(&r, 65502, 0, 10, 2000 * MS);
    is_int(ngx_live_rtp_receiver_report(&r, &report, 2500 * MS), NGX_OK,
           "report");
    is_int(report.fraction, 0, "fraction is not negative");
    is_int(report.lost, 24, "one came");
}


static void
test_jitter(void)
{
    ngx_uint_t  i;

    ngx_live_rtp_receiver_init(&r, 90000);

    /* each second one 10 ms late: 900 and -900 */

    for (i = 0; i < 1000; i++) {
        ngx_live_rtp_receiver_add(&r, 1 + i, (uint32_t) -5000 + i * 1800, 1,
                                  (i * 20 + (i % 2) * 10) * MS);
    }

    ngx_live_rtp_receiver_report(&r, &report, 0);
    ok(report.jitter > 890 && report.jitter <= 900, "jitter %u",
       report.jitter);

    ngx_live_rtp_receiver_add(&r, 2000, 0, 1, (int64_t) 3600000 * MS);
    ngx_live_rtp_receiver_report(&r, &report, 0);
    ok(report.jitter <= 900, "a pause is none");
}


static void
test_late(void)
{
    ngx_live_rtp_receiver_init(&r, 90000);

    is_int(ngx_live_rtp_receiver_add(&r, 100, 0, 1, 0), NGX_OK, "first");
    is_int(ngx_live_rtp_receiver_add(&r, 99, 0, 1, 0), NGX_DECLINED,
           "before it");
    is_int(ngx_live_rtp_receiver_add(&r, 101, 0, 1, 0), NGX_OK, "next");
    ngx_live_rtp_receiver_report(&r, &report, 0);
    is_int(report.lost, 0, "nothing is lost");
    is_int(r.nmissing, 0, "nor missing");
}


static void
test_nack(void)
{
    ngx_live_rtp_receiver_init(&r, 90000);

    ngx_live_rtp_receiver_add(&r, 65535, 0, 1, 0);
    ngx_live_rtp_receiver_add(&r, 65539, 0, 1, 0);

    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 2, 0, 0), 2, "two at most");
    is_int(seqs[0], 0, "the first");
    is_int(seqs[1], 1, "the second");
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 0, 1 * MS), 1,
           "the third");
    is_int(seqs[0], 2, "number");
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 0, 10 * MS), 0,
           "none is due");
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 0, 20 * MS), 2,
           "two are due again");

    ngx_live_rtp_receiver_add(&r, 65537, 0, 1, 25 * MS);
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 100 * MS, 60 * MS), 0,
           "not before a round trip");
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 100 * MS, 120 * MS), 2,
           "after that");
    is_int(seqs[0], 0, "the first");
    is_int(seqs[1], 2, "the third, as the second came");
    ok(!r.lost, "none is lost");
}


static void
test_gaps(void)
{
    ngx_live_rtp_receiver_init(&r, 90000);

    ngx_live_rtp_receiver_add(&r, 1000, 0, 1, 0);
    ngx_live_rtp_receiver_add(&r, 1101, 0, 1, 0);
    is_int(r.nmissing, 100, "a gap of a hundred");
    ok(!r.lost, "can be filled");

    ngx_live_rtp_receiver_add(&r, 1152, 0, 1, 0);
    is_int(r.nmissing, NGX_LIVE_RTP_MISSING, "fifty more");
    ok(r.lost, "the oldest are given up");
    is_int(r.missing[0].number, 1023, "these");
    is_int(r.missing[NGX_LIVE_RTP_MISSING - 1].number, 1151, "the newest");

    r.lost = 0;
    ngx_live_rtp_receiver_add(&r, 2000, 0, 1, 0);
    is_int(r.nmissing, 0, "a gap that is too long");
    ok(r.lost, "is lost");
}


static void
test_give_up(void)
{
    int64_t     now;
    ngx_uint_t  n;

    ngx_live_rtp_receiver_init(&r, 90000);

    ngx_live_rtp_receiver_add(&r, 1, 0, 1, 0);
    ngx_live_rtp_receiver_add(&r, 3, 0, 1, 0);
    n = 0;

    for (now = 0; now < 190 * MS; now += 5 * MS) {
        n += ngx_live_rtp_receiver_nack(&r, seqs, 10, 0, now);
    }

    is_int(n, NGX_LIVE_RTP_NACKS, "asked for ten times");
    ok(!r.lost, "there is still hope");
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 0, 210 * MS), 0,
           "not an eleventh time");
    ok(r.lost && r.nmissing == 0, "it is given up");

    ngx_live_rtp_receiver_init(&r, 90000);
    ngx_live_rtp_receiver_add(&r, 1, 0, 1, 0);
    ngx_live_rtp_receiver_add(&r, 3, 0, 1, 0);
    is_int(ngx_live_rtp_receiver_nack(&r, seqs, 10, 0, 1000 * MS), 0,
           "a second later it is of no use");
    ok(r.lost, "lost");
}


static void
test_round_trip(void)
{
    report.lsr = 0;
    is_int(ngx_live_rtp_round_trip(&report, 1), -1, "no SR yet");

    report.lsr = 0x00020000;
    report.dlsr = 0x8000;
    is_int(ngx_live_rtp_round_trip(&report, 0x0000000300000000), 500000,
           "half a second");
    is_int(ngx_live_rtp_round_trip(&report, 0x0000000200000000), 0,
           "never negative");

    report.lsr = 0xffff8000;
    is_int(ngx_live_rtp_round_trip(&report, 0x0001000080000000), 500000,
           "over the end of the middle bits");
}
