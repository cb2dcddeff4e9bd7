
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of when something was said. */


#include <ngx_unit.h>
#include <ngx_live_chat_when.h>


static void test_good(const char *text, int64_t ms, ngx_uint_t media);
static void test_bad(const char *text);
static void test_said(const char *text, int64_t ts, int64_t time);


int
main(void)
{
    test_good("0", 0, 1);
    test_good("93500", 93500, 1);
    test_good("999999999999999", 999999999999999, 1);
    test_bad("");
    test_bad("1000000000000000");
    test_bad("-5");
    test_bad("5s");

    test_good("1970-01-01T00:00:00Z", 0, 0);
    test_good("2023-11-14T22:13:20.000Z", 1700000000000, 0);
    test_good("2023-11-14t22:13:20.5z", 1700000000500, 0);
    test_good("2023-11-14T22:13:20.123456Z", 1700000000123, 0);
    test_good("2023-11-15T00:13:20+02:00", 1700000000000, 0);
    test_good("2023-11-15T00:13:20 02:00", 1700000000000, 0);
    test_good("2023-11-14T20:43:20-01:30", 1700000000000, 0);
    test_good("2024-02-29T00:00:00Z", 1709164800000, 0);
    test_good("2000-03-01T00:00:00Z", 951868800000, 0);
    test_good("9999-12-31T23:59:60Z", 253402300800000, 0);

    test_bad("2023-11-14");
    test_bad("2023-11-14T22:13:20");
    test_bad("2023-11-14T22:13:20.Z");
    test_bad("2023-13-14T22:13:20Z");
    test_bad("2023-00-14T22:13:20Z");
    test_bad("2023-11-32T22:13:20Z");
    test_bad("2023-11-14T24:13:20Z");
    test_bad("2023-11-14T22:60:20Z");
    test_bad("1969-11-14T22:13:20Z");
    test_bad("2023-11-14T22:13:20Zx");
    test_bad("2023-11-14T22:13:20+0200");
    test_bad("2023-11-14T22:13:20+24:00");
    test_bad("x023-11-14T22:13:20Z");

    test_said("{\"type\":\"message\",\"id\":\"1-0\",\"cursor\":\"x\",\"ts\":17,"
              "\"time\":93,\"user\":{}}", 17, 93);
    test_said("{\"type\":\"pinned\",\"id\":\"1-0\",\"ts\":1700000000000,"
              "\"by\":{}}", 1700000000000, -1);
    test_said("{\"id\":\"1-0\",\"ts\":5", 5, -1);
    test_said("{\"id\":\"1-0\",\"ts\":", -1, -1);
    test_said("{\"id\":\"1-0\",\"ts\":x", -1, -1);
    test_said("{\"id\":\"1-0\",\"ts\":5,\"time\":", 5, -1);
    test_said("{\"id\":\"1-0\"}", -1, -1);
    test_said("", -1, -1);

    return done_testing();
}


static void
test_good(const char *text, int64_t ms, ngx_uint_t media)
{
    u_char                *p;
    ngx_live_chat_when_t   when;

    p = buf_copy((u_char *) text, strlen(text));

    is_int(ngx_live_chat_when_parse(p, strlen(text), &when), NGX_OK, "%s",
           text);
    is_int(when.ms, ms, "ms of %s", text);
    is_int(when.media, media, "kind of %s", text);

    free(p);
}


static void
test_bad(const char *text)
{
    u_char                *p;
    ngx_live_chat_when_t   when;

    p = buf_copy((u_char *) text, strlen(text));

    is_int(ngx_live_chat_when_parse(p, strlen(text), &when), NGX_ERROR,
           "bad: \"%s\"", text);

    free(p);
}


static void
test_said(const char *text, int64_t ts, int64_t time)
{
    u_char   *p;
    int64_t   a, b;

    p = buf_copy((u_char *) text, strlen(text));

    ngx_live_chat_when_said(p, strlen(text), &a, &b);

    is_int(a, ts, "ts of %s", text);
    is_int(b, time, "time of %s", text);

    free(p);
}
