
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of transport-wide feedback. */


#include <ngx_unit.h>
#include <ngx_live_twcc.h>


#define LOST  NGX_LIVE_TWCC_LOST


static void test_read(void);
static void test_browser(void);
static void test_written(void);
static void test_random(void);
static void test_bad(const char *hex, ngx_int_t parse, const char *what);
static void test_limits(void);
static void test_cut(void);
static void test_log(void);
static void logged(const char *expected, const char *what);
static ngx_int_t open_feedback(u_char *buf, size_t n, ngx_live_twcc_t *t);


int
main(void)
{
    test_read();
    test_browser();
    test_written();
    test_random();

    test_bad("8fcd0004 00000001 00000002 00010001 00000100", NGX_ERROR,
             "no chunks");
    test_bad("8fcd0003 00000001 00000002 00010001", NGX_ERROR, "too short");
    test_bad("81cd0005 00000001 00000002 00010001 00000100 20010000",
             NGX_ERROR, "another format");
    test_bad("8fcd0005 00000001 00000002 00010000 00000100 20010000",
             NGX_ERROR, "no packets");
    test_bad("8fcd0005 00000001 00000002 00011001 00000100 3fff3fff",
             NGX_ERROR, "more packets than allowed");
    test_bad("8fcd0005 00000001 00000002 00010003 00000100 20000000",
             NGX_ERROR, "runs of nothing");
    test_bad("8fcd0005 00000001 00000002 00010003 00000100 20030101", NGX_OK,
             "a time is missing");
    test_bad("8fcd0005 00000001 00000002 00010002 00000100 40020101", NGX_OK,
             "a long time is missing");

    test_limits();
    test_cut();
    test_log();

    return done_testing();
}


static ngx_int_t
open_feedback(u_char *buf, size_t n, ngx_live_twcc_t *t)
{
    u_char           *pos;
    const char       *reason;
    ngx_live_rtcp_t   p;

    pos = buf;

    if (ngx_live_rtcp_next(&pos, buf + n, &p, &reason) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_twcc_parse(&p, t);
}


/* all kinds of chunks */

static void
test_read(void)
{
    u_char            buf[64], *p;
    size_t            n;
    int64_t           time;
    uint16_t          seq;
    ngx_uint_t        i;
    ngx_live_twcc_t   t;

    static int64_t  want[] = {
        -252, LOST, LOST, -250,                       /* runs of 1, 2, 1 */
        -249, LOST, LOST, LOST, LOST, LOST, LOST,     /* 14 of one bit */
        LOST, LOST, LOST, LOST, LOST, LOST, -248,
        752, LOST, -248                               /* 7 of two bits */
    };

    /* the vector of two bits: large, none, large */

    n = unhex(buf, "8fcd0009 00000001 00000002 fffe0015 ffffff07"
                   "2001 0002 2001 a001 e200 04020101 03e8 fc18 0000");

    p = buf_copy(buf, n);
    is_int(open_feedback(p, n, &t), NGX_OK, "feedback");
    is_int(t.base, 0xfffe, "base");
    is_int(t.count, 21, "count");
    is_int(t.number, 7, "number");

    for (i = 0; i < 21; i++) {
        is_int(ngx_live_twcc_next(&t, &seq, &time), NGX_OK, "packet");
        is_int(seq, (0xfffe + i) & 0xffff, "number");
        is_int(time, want[i], "time");
    }

    is_int(ngx_live_twcc_next(&t, &seq, &time), NGX_DONE, "no more");
}


/* as Chromium writes it: filled with two bytes, which it calls padding */

static void
test_browser(void)
{
    u_char            buf[64], *p;
    size_t            n;
    int64_t           time, first;
    uint16_t          seq;
    ngx_uint_t        i;
    ngx_live_twcc_t   t;

    static int64_t  want[] = { 0, 33, 84, 103 };

    n = unhex(buf, "afcd0006 00000001 58aa85f3 00010004 09b30400"
                   "20049121 33130002");

    p = buf_copy(buf, n);
    is_int(open_feedback(p, n, &t), NGX_OK, "a browser's feedback");

    first = 0;

    for (i = 0; ngx_live_twcc_next(&t, &seq, &time) == NGX_OK; i++) {
        first = i ? first : time;
        is_int(time - first, want[i], "packet %u", seq);
    }

    is_int(i, 4, "four packets");
}


static void
test_written(void)
{
    u_char       buf[64], want[64], *end;
    size_t       n;
    ngx_uint_t   taken;

    static int64_t  times[] = {
        1000, 1001, LOST, 1300, 1299, LOST, LOST, LOST, LOST, LOST, LOST,
        LOST, LOST, LOST, 1400
    };

    end = ngx_live_twcc_write(buf, buf + sizeof(buf), 1, 2, 3, 65530, times,
                              15, &taken);
    n = unhex(want, "8fcd0008 00000001 00000002 fffa000f 00000303"
                    "d4a0 0007 2001 e8 01 012b ffff 65 0000 00");
    is_mem(buf, end - buf, want, n, "written");
    is_int(taken, 15, "all of them");
}


/* what is written is read */

static void
test_random(void)
{
    u_char            buf[1200], *end;
    int64_t           times[1000], now, time, first;
    uint16_t          seq;
    uint32_t          r;
    ngx_uint_t        i, k, n, taken, wrong, rounds;
    ngx_live_twcc_t   t;

    r = 1;
    wrong = 0;
    rounds = 0;

    for (k = 0; k < 200; k++) {
        n = 1000;
        now = (int64_t) k * 1000000;

        for (i = 0; i < n; i++) {
            r = r * 1664525 + 1013904223;

            /* loss of different frequency, in bursts or not */

            if ((r >> 8) % 100 < (k % 5) * 20) {
                times[i] = LOST;

            } else {
                now += (int64_t) ((r >> 16) % (k % 3 ? 20 : 600)) - 3;
                times[i] = now = ngx_max(now, 0);
            }
        }

        for (i = 0; i < n; ) {

            end = ngx_live_twcc_write(buf, buf + sizeof(buf), 1, 2, k,
                                      (uint16_t) i, times + i, n - i, &taken);
            rounds++;

            if (end == NULL && taken == 0) {

                /* the rest is lost */

                for ( /* void */ ; i < n; i++) {
                    wrong += (times[i] != LOST);
                }

                break;
            }

            first = LOST;

            if (end == NULL || open_feedback(buf, end - buf, &t) != NGX_OK
                || t.count != taken)
            {
                abort();
            }

            while (ngx_live_twcc_next(&t, &seq, &time) == NGX_OK) {

                /* 24 bits of reference */

                if (time != LOST && times[i] != LOST) {
                    first = (first == LOST) ? time - times[i] : first;
                    wrong += (time - times[i] != first
                              || first % ((int64_t) 1 << 32) != 0);

                } else {
                    wrong += (time != times[i]);
                }

                wrong += (seq != i);
                i++;
            }
        }
    }

    is_int(wrong, 0, "as they were, in %lu feedbacks", (unsigned long) rounds);
}


static void
test_bad(const char *hex, ngx_int_t parse, const char *what)
{
    u_char            buf[64], *p;
    size_t            n;
    int64_t           time;
    uint16_t          seq;
    ngx_int_t         rc;
    ngx_live_twcc_t   t;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);

    rc = open_feedback(p, n, &t);
    is_int(rc, parse, "%s", what);

    if (rc == NGX_OK) {
        while ((rc = ngx_live_twcc_next(&t, &seq, &time)) == NGX_OK) {
            /* void */
        }

        is_int(rc, NGX_ERROR, "is seen");
    }
}


static void
test_limits(void)
{
    u_char       buf[64], *p;
    int64_t      times[NGX_LIVE_TWCC_MAX + 1];
    ngx_uint_t   i, taken;

    for (i = 0; i <= NGX_LIVE_TWCC_MAX; i++) {
        times[i] = i ? LOST : 1;
    }

    p = ngx_live_twcc_write(buf, buf + 64, 1, 2, 3, 0, times, 0, &taken);
    ok(p == NULL, "no packets");
    p = ngx_live_twcc_write(buf, buf + 64, 1, 2, 3, 0, times,
                            NGX_LIVE_TWCC_MAX + 1, &taken);
    ok(p == NULL, "too many");
    p = ngx_live_twcc_write(buf, buf + 64, 1, 2, 3, 0, times + 1, 3, &taken);
    ok(p == NULL, "none came");
    p = ngx_live_twcc_write(buf, buf + 22, 1, 2, 3, 0, times, 1, &taken);
    ok(p == NULL, "no room for one");

    times[1] = 40000;
    p = ngx_live_twcc_write(buf, buf + 64, 1, 2, 3, 0, times, 2, &taken);
    ok(p != NULL, "a pause of ten seconds");
    is_int(taken, 1, "begins another feedback");
}


static ngx_live_twcc_log_t  history;


/* what the next feedback says, times as steps of 250 us */

static void
logged(const char *expected, const char *what)
{
    u_char            buf[1200], got[1200], *p, *end;
    int64_t           time;
    uint16_t          seq;
    ngx_live_twcc_t   t;

    end = ngx_live_twcc_log_write(&history, buf, buf + sizeof(buf), 1, 2);

    if (end == NULL) {
        ok(*expected == '\0', "%s: nothing", what);
        return;
    }

    p = got;

    if (open_feedback(buf, end - buf, &t) == NGX_OK) {
        p = ngx_sprintf(p, "#%ui", t.number);

        while (ngx_live_twcc_next(&t, &seq, &time) == NGX_OK) {
            p = (time == LOST) ? ngx_sprintf(p, " %ud:-", seq)
                               : ngx_sprintf(p, " %ud:%L", seq, time);
        }
    }

    is_mem(got, p - got, expected, strlen(expected), "%s", what);
}


static void
test_log(void)
{
    ngx_uint_t  i, n;
    u_char      buf[1200];

    logged("", "at first");

    ngx_live_twcc_log_add(&history, 65534, 250);
    ngx_live_twcc_log_add(&history, 65535, 500);
    ngx_live_twcc_log_add(&history, 1, 1000);
    logged("#0 65534:1 65535:2 0:- 1:4", "over the end of numbers");
    logged("", "nothing new");

    ngx_live_twcc_log_add(&history, 4, 2000);
    logged("#1 2:- 3:- 4:8", "loss before it is told");
    ngx_live_twcc_log_add(&history, 3, 2500);
    logged("#2 3:10 4:8", "what was late, once more");
    ngx_live_twcc_log_add(&history, 60000, 2750);
    logged("", "before the first");

    /* of a long silence, and of many packets */

    ngx_live_twcc_log_add(&history, 5000, 3000);
    logged("#3 5000:12", "a jump begins anew");
    ngx_live_twcc_log_add(&history, 4999, 3250);
    logged("", "nothing before it");

    for (i = 0; i < 3000; i++) {
        ngx_live_twcc_log_add(&history, (uint16_t) (5001 + i), 4000 + i * 250);
    }

    n = 0;

    while (ngx_live_twcc_log_write(&history, buf, buf + 200, 1, 2)) {
        n++;
    }

    ok(n > 3 && n < 20, "%lu feedbacks", (unsigned long) n);
    is_int(history.next, history.highest + 1, "up to the last packet");
    is_int(history.number, 4 + n, "their numbers");
}


/* any room is enough for some, or for none */

static void
test_cut(void)
{
    u_char            buf[128], *p, *end;
    size_t            i;
    int64_t           times[40];
    ngx_uint_t        n, taken, last;
    ngx_live_twcc_t   t;

    for (n = 0; n < 40; n++) {
        times[n] = (n % 3) ? (int64_t) n * 300 : LOST;
    }

    last = 0;

    for (i = 0; i < 128; i++) {
        p = buf_copy(buf, i);
        end = ngx_live_twcc_write(p, p + i, 1, 2, 3, 0, times, 40, &taken);

        if ((end == NULL) != (taken == 0) || taken < last
            || (end && (open_feedback(p, end - p, &t) != NGX_OK
                        || t.count != taken)))
        {
            ok(0, "room of %lu", (unsigned long) i);
        }

        last = taken;
    }

    is_int(last, 40, "all of them in the end");
}
