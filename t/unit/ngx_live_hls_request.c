
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Unit test of blocking reload, draft-pantos-hls-rfc8216bis, 6.2.5.2: segment
 * 10 is complete with 4 parts, 2 parts of segment 11 are there.
 */


#include <ngx_unit.h>
#include <ngx_live_hls_request.h>


#define ANSWER  NGX_LIVE_HLS_ANSWER
#define WAIT    NGX_LIVE_HLS_WAIT
#define BAD     NGX_LIVE_HLS_BAD_REQUEST
#define WHOLE   NGX_LIVE_HLS_WHOLE


typedef struct {
    const char           *msn;
    const char           *part;
    ngx_uint_t            result;
    uint64_t              want_msn;
    uint64_t              want_part;
} case_t;


static const case_t  cases[] = {

    /* no directive, and what is there already */

    { NULL, NULL, ANSWER, 0, WHOLE },
    { "0", NULL, ANSWER, 0, WHOLE },
    { "10", NULL, ANSWER, 10, WHOLE },
    { "0010", NULL, ANSWER, 10, WHOLE },
    { "9", "1000", ANSWER, 9, 1000 },
    { "10", "0", ANSWER, 10, 0 },
    { "10", "3", ANSWER, 10, 3 },
    { "11", "0", ANSWER, 11, 0 },
    { "11", "1", ANSWER, 11, 1 },

    /* a part past the end of its segment is part 0 of the next one */

    { "10", "4", ANSWER, 11, 0 },
    { "10", "1000", ANSWER, 11, 0 },
    { "10", "99999999999999999999999999", ANSWER, 11, 0 },

    /* what is not there */

    { "11", NULL, WAIT, 11, WHOLE },
    { "12", NULL, WAIT, 12, WHOLE },
    { "11", "2", WAIT, 11, 2 },
    { "12", "0", WAIT, 12, 0 },

    /* the Advance Part Limit: 3 / 0.5 parts behind part 1 */

    { "11", "7", WAIT, 11, 7 },
    { "11", "8", BAD, 0, 0 },
    { "12", "5", WAIT, 12, 5 },
    { "12", "6", BAD, 0, 0 },

    /* the last MSN plus two */

    { "13", NULL, BAD, 0, 0 },
    { "13", "0", BAD, 0, 0 },
    { "4294967306", NULL, BAD, 0, 0 },
    { "18446744073709551615", NULL, BAD, 0, 0 },
    { "18446744073709551616", NULL, BAD, 0, 0 },
    { "18446744073709551626", NULL, BAD, 0, 0 },
    { "340282366920938463463374607431768211466", NULL, BAD, 0, 0 },
    { "11", "4294967297", BAD, 0, 0 },
    { "11", "18446744073709551615", BAD, 0, 0 },
    { "11", "18446744073709551616", BAD, 0, 0 },
    { "11", "18446744073709551617", BAD, 0, 0 },

    /* malformed */

    { NULL, "0", BAD, 0, 0 },
    { NULL, "", BAD, 0, 0 },
    { "", NULL, BAD, 0, 0 },
    { "", "0", BAD, 0, 0 },
    { "10", "", BAD, 0, 0 },
    { "-1", NULL, BAD, 0, 0 },
    { "+1", NULL, BAD, 0, 0 },
    { " 1", NULL, BAD, 0, 0 },
    { "1 ", NULL, BAD, 0, 0 },
    { "1.0", NULL, BAD, 0, 0 },
    { "0x1", NULL, BAD, 0, 0 },
    { "1e1", NULL, BAD, 0, 0 },
    { "10", "-1", BAD, 0, 0 },
    { "10", "a", BAD, 0, 0 },
    { "10", "1%30", BAD, 0, 0 }
};


static void
set(ngx_str_t *s, const char *text)
{
    s->len = text ? strlen(text) : 0;
    s->data = text ? buf_copy(text, s->len) : NULL;
}


static ngx_uint_t
ask(const ngx_live_hls_edge_t *edge, const char *msn, const char *part,
    const char *skip, ngx_live_hls_want_t *want, ngx_uint_t *delta)
{
    ngx_str_t     m, p, s;
    ngx_uint_t    rc;
    const char   *reason;

    set(&m, msn);
    set(&p, part);
    set(&s, skip);

    rc = ngx_live_hls_request(edge, &m, &p, &s, want, delta, &reason);

    if ((rc == BAD) != (reason != NULL)) {
        return 0;
    }

    return rc;
}


static void
setup(ngx_live_hls_edge_t *edge)
{
    memset(edge, 0, sizeof(ngx_live_hls_edge_t));

    edge->next = 11;
    edge->parts = 2;
    edge->last_parts = 4;
    edge->part_target = 500000;
}


static void
test_cases(void)
{
    ngx_uint_t            i, rc, delta;
    const case_t         *c;
    ngx_live_hls_want_t   want;
    ngx_live_hls_edge_t   edge;

    setup(&edge);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        c = &cases[i];
        rc = ask(&edge, c->msn, c->part, NULL, &want, &delta);

        ok(rc == c->result
           && (rc == BAD || (want.msn == c->want_msn
                             && want.part == c->want_part)),
           "_HLS_msn=%s _HLS_part=%s: %d", c->msn ? c->msn : "(none)",
           c->part ? c->part : "(none)", (int) rc);
    }
}


static void
test_ended(void)
{
    ngx_uint_t            i, delta, bad;
    ngx_live_hls_want_t   want;
    ngx_live_hls_edge_t   edge;

    setup(&edge);
    edge.ended = 1;

    for (i = 0, bad = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bad += (ask(&edge, cases[i].msn, cases[i].part, "YES", &want, &delta)
                != ANSWER);
        bad += delta;
    }

    is_int(bad, 0, "an ended playlist ignores all directives");

    want.msn = 11;
    want.part = 2;
    ok(ngx_live_hls_request_ready(&edge, &want), "waiters are released");
    is_int(ngx_live_hls_request_part(&edge, 11, 2), NGX_DECLINED,
           "a hinted part will not come");
}


static void
test_limits(void)
{
    ngx_uint_t            delta;
    ngx_live_hls_want_t   want;
    ngx_live_hls_edge_t   edge;

    setup(&edge);

    edge.part_target = 208334;
    is_int(ask(&edge, "11", "15", NULL, &want, &delta), WAIT, "14 parts ahead");
    is_int(ask(&edge, "11", "16", NULL, &want, &delta), BAD, "15 are too many");

    edge.part_target = 200000;
    is_int(ask(&edge, "11", "16", NULL, &want, &delta), WAIT, "15 of 200 ms");
    is_int(ask(&edge, "11", "17", NULL, &want, &delta), BAD, "not 16");

    edge.part_target = 1000000;
    is_int(ask(&edge, "11", "4", NULL, &want, &delta), WAIT, "3 of a second");
    is_int(ask(&edge, "11", "5", NULL, &want, &delta), BAD, "not 4");

    edge.part_target = 2000000;
    is_int(ask(&edge, "11", "4", NULL, &want, &delta), WAIT, "3 of two");
    is_int(ask(&edge, "11", "5", NULL, &want, &delta), BAD, "not 4");

    /* plain HLS has no parts */

    edge.part_target = 0;
    edge.parts = 0;
    edge.last_parts = 0;
    is_int(ask(&edge, "11", NULL, NULL, &want, &delta), WAIT, "plain: waits");
    is_int(ask(&edge, "11", "3", NULL, &want, &delta), WAIT, "for a segment");
    ok(want.part == WHOLE && want.msn == 11, "whatever the part");
    is_int(ask(&edge, "10", "3", NULL, &want, &delta), ANSWER, "if it must");
    is_int(ask(&edge, "11", "x", NULL, &want, &delta), BAD, "or is refused");

    /* nothing is there yet */

    memset(&edge, 0, sizeof(edge));
    edge.part_target = 500000;
    is_int(ask(&edge, "0", "0", NULL, &want, &delta), WAIT, "the first part");
    is_int(ask(&edge, "0", NULL, NULL, &want, &delta), WAIT, "first segment");
    is_int(ask(&edge, "1", NULL, NULL, &want, &delta), WAIT, "the second");
    is_int(ask(&edge, "2", NULL, NULL, &want, &delta), BAD, "not the third");
}


static void
test_skip(void)
{
    ngx_uint_t            delta;
    ngx_live_hls_want_t   want;
    ngx_live_hls_edge_t   edge;

    setup(&edge);

    is_int(ask(&edge, NULL, NULL, "YES", &want, &delta), ANSWER, "a delta");
    is_int(delta, 1, "is asked for by YES");
    (void) ask(&edge, "11", "2", "v2", &want, &delta);
    is_int(delta, 1, "and by v2");
    (void) ask(&edge, "11", "2", NULL, &want, &delta);
    is_int(delta, 0, "and not without");
    is_int(ask(&edge, "10", NULL, "yes", &want, &delta), ANSWER, "any other");
    is_int(delta, 0, "is ignored");
    (void) ask(&edge, "10", NULL, "", &want, &delta);
    is_int(delta, 0, "so is none");
}


static void
test_ready(void)
{
    ngx_live_hls_want_t   want;
    ngx_live_hls_edge_t   edge;

    setup(&edge);

    want.msn = 11;
    want.part = 2;
    ok(!ngx_live_hls_request_ready(&edge, &want), "part 2 is not there");
    edge.parts = 3;
    ok(ngx_live_hls_request_ready(&edge, &want), "until it is");

    /* the segment ends with part 2: part 3 is part 0 of the next one */

    want.part = 3;
    ok(!ngx_live_hls_request_ready(&edge, &want), "part 3 is not there");
    edge.next = 12;
    edge.last_parts = 3;
    edge.parts = 0;
    ok(!ngx_live_hls_request_ready(&edge, &want), "nor when the segment ends");
    ok(want.msn == 12 && want.part == 0, "it is part 0 of the next one");
    edge.parts = 1;
    ok(ngx_live_hls_request_ready(&edge, &want), "which comes");

    /* a waiter that slept over a whole segment */

    want.msn = 11;
    want.part = 9;
    edge.next = 13;
    edge.parts = 0;
    ok(ngx_live_hls_request_ready(&edge, &want), "and is long gone");

    want.msn = 13;
    want.part = WHOLE;
    edge.parts = 5;
    ok(!ngx_live_hls_request_ready(&edge, &want), "a segment is not its parts");
    edge.next = 14;
    ok(ngx_live_hls_request_ready(&edge, &want), "until it is complete");

    /* a segment that is a gap has no parts, and the next may be one too */

    want.msn = 13;
    want.part = 0;
    edge.last_parts = 0;
    edge.parts = 0;
    ok(ngx_live_hls_request_ready(&edge, &want), "a gap is news as it is");
    want.msn = 14;
    ok(!ngx_live_hls_request_ready(&edge, &want), "what follows is waited for");
}


static void
test_part(void)
{
    ngx_live_hls_edge_t   edge;

    setup(&edge);

    is_int(ngx_live_hls_request_part(&edge, 9, 7), NGX_OK, "an older segment");
    is_int(ngx_live_hls_request_part(&edge, 10, 3), NGX_OK, "the last one");
    is_int(ngx_live_hls_request_part(&edge, 10, 4), NGX_DECLINED,
           "which has no such part");
    is_int(ngx_live_hls_request_part(&edge, 11, 1), NGX_OK, "a listed part");
    is_int(ngx_live_hls_request_part(&edge, 11, 2), NGX_AGAIN, "the hinted");
    is_int(ngx_live_hls_request_part(&edge, 11, 3), NGX_DECLINED, "not hinted");
    is_int(ngx_live_hls_request_part(&edge, 12, 0), NGX_DECLINED, "not hinted");

    edge.part_target = 0;
    is_int(ngx_live_hls_request_part(&edge, 11, 2), NGX_DECLINED, "plain HLS");
}


int
main(int argc, char **argv)
{
    test_cases();
    test_ended();
    test_limits();
    test_skip();
    test_ready();
    test_part();

    return done_testing();
}
