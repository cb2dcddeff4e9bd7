
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of permessage-deflate: offers, both ways, bombs. */


#include "ngx_live_chat_deflate.h"
#include "ngx_unit.h"


#define ANSWER  "permessage-deflate; server_no_context_takeover; "            \
                "client_no_context_takeover"


static void test_offers(void);
static void offer(const char *text, ngx_int_t rc, const char *answer);
static void test_deflate(void);
static void test_examples(void);
static void inflated(const char *hex, const char *text, const char *what);
static void refused(const char *hex, ngx_int_t rc, const char *what);
static void test_bounds(void);
static void test_bomb(void);


static ngx_live_chat_deflate_t  df;


int
main(void)
{
    ngx_live_chat_deflate_init(&df, 6);

    test_offers();
    test_deflate();
    test_examples();
    test_bounds();
    test_bomb();

    ngx_live_chat_deflate_done(&df);
    ngx_live_chat_deflate_done(&df);

    return done_testing();
}


static void
test_offers(void)
{
    /* browsers */
    offer("permessage-deflate; client_max_window_bits", NGX_OK, ANSWER);
    offer("permessage-deflate", NGX_OK, ANSWER);

    offer("permessage-deflate; server_no_context_takeover; "
          "client_no_context_takeover; server_max_window_bits=15; "
          "client_max_window_bits=15", NGX_OK,
          ANSWER "; server_max_window_bits=15");
    offer("permessage-deflate;client_max_window_bits=\"9\"", NGX_OK, ANSWER);
    offer("permessage-deflate;client_max_window_bits=\"1\\2\"", NGX_OK,
          ANSWER);
    offer(" , permessage-deflate ;\tclient_max_window_bits = 8 ,", NGX_OK,
          ANSWER);

    /* RFC 7692, 7.1.3: the next alternative */
    offer("permessage-deflate; client_max_window_bits; "
          "server_max_window_bits=10, permessage-deflate; "
          "client_max_window_bits", NGX_OK, ANSWER);
    offer("permessage-foo; x=1, permessage-deflate; server_max_window_bits=15",
          NGX_OK, ANSWER "; server_max_window_bits=15");
    offer("permessage-deflate, permessage-deflate; server_max_window_bits=15",
          NGX_OK, ANSWER);

    offer("", NGX_DECLINED, NULL);
    offer(" ,, ", NGX_DECLINED, NULL);
    offer("x-webkit-deflate-frame", NGX_DECLINED, NULL);
    offer("permessage-deflate2", NGX_DECLINED, NULL);
    offer("permessage-deflate; server_max_window_bits=14", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; server_max_window_bits", NGX_DECLINED, NULL);
    offer("permessage-deflate; server_max_window_bits=16", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; server_max_window_bits=015", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; server_max_window_bits=\"15 \"", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; client_max_window_bits=7", NGX_DECLINED, NULL);
    offer("permessage-deflate; client_max_window_bits=16", NGX_DECLINED, NULL);
    offer("permessage-deflate; client_max_window_bits=1500000000000",
          NGX_DECLINED, NULL);
    offer("permessage-deflate; client_max_window_bits=\"\"", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; server_no_context_takeover=1", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; client_no_context_takeover=\"\"", NGX_DECLINED,
          NULL);
    offer("permessage-deflate; client_max_window_bits; "
          "client_max_window_bits=10", NGX_DECLINED, NULL);
    offer("permessage-deflate; server_no_context_takeover; "
          "server_no_context_takeover", NGX_DECLINED, NULL);
    offer("permessage-deflate; unknown", NGX_DECLINED, NULL);

    offer("permessage-deflate;", NGX_ERROR, NULL);
    offer("permessage-deflate; client_max_window_bits=", NGX_ERROR, NULL);
    offer("permessage-deflate; x=\"1", NGX_ERROR, NULL);
    offer("permessage-deflate; x=\"1\\", NGX_ERROR, NULL);
    offer("permessage-deflate; =1", NGX_ERROR, NULL);
    offer("permessage-deflate permessage-deflate", NGX_ERROR, NULL);
    offer("permessage-deflate, ;", NGX_ERROR, NULL);
    offer("permessage-deflate; x=\"1\"2", NGX_ERROR, NULL);
    offer("permessage-deflate, b\xc3\xa4", NGX_ERROR, NULL);
}


static void
offer(const char *text, ngx_int_t rc, const char *answer)
{
    size_t     len;
    ngx_str_t  got;

    len = strlen(text);
    ngx_str_null(&got);

    is_int(ngx_live_chat_deflate_offer(buf_copy(text, len), len, &got), rc,
           "offer \"%s\"", text);

    if (answer) {
        is_str(&got, answer, "its answer");
    }
}


static void
test_deflate(void)
{
    u_char      in[400], out[400], back[400], *dst;
    size_t      i, n, m;
    ngx_int_t   rc;
    const char *reason;

    for (i = 0; i < sizeof(in); i++) {
        in[i] = (u_char) ("{\"type\":\"message\"}"[i % 18]);
    }

    is_int(ngx_live_chat_deflate(&df, in, 127, out, sizeof(out), &n),
           NGX_DECLINED, "too short");

    for (i = 0; i < 3; i++) {
        dst = buf_copy(in, 128 + i);

        is_int(ngx_live_chat_deflate(&df, in, 128 + i, dst, 128 + i, &n),
               NGX_OK, "deflated");
        ok(n < 60, "it is shorter: %lu", (unsigned long) n);
        is_int(ngx_live_chat_inflate(&df, dst, n, back, 128 + i, &m, &reason),
               NGX_OK, "inflated");
        is_mem(back, m, in, 128 + i, "the same");
    }

    dst = buf_copy(in, 10);

    is_int(ngx_live_chat_deflate(&df, in, sizeof(in), dst, 10, &n),
           NGX_DECLINED, "no room");
    is_int(ngx_live_chat_deflate(&df, in, sizeof(in), out, sizeof(out), &n),
           NGX_OK, "nothing is left of it");

    /* every message begins anew, so equal ones have equal bytes */

    is_int(ngx_live_chat_deflate(&df, in, sizeof(in), back, sizeof(out), &m),
           NGX_OK, "again");
    is_mem(back, m, out, n, "the same bytes");

    srandom(1);

    for (i = 0; i < sizeof(in); i++) {
        in[i] = (u_char) random();
    }

    dst = buf_copy(in, sizeof(in));
    rc = ngx_live_chat_deflate(&df, in, sizeof(in), dst, sizeof(in), &n);
    is_int(rc, NGX_DECLINED, "noise is sent as it is");
}


static void
test_examples(void)
{
    /* RFC 7692, 7.2.3 */

    inflated("f2 48 cd c9 c9 07 00", "Hello", "one block");
    inflated("00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello", "stored block");
    inflated("f3 48 cd c9 c9 07 00 00", "Hello", "final block");
    inflated("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello", "two blocks");
    inflated("00", "", "empty");
    inflated("", "", "not even a byte");
    inflated("f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00", "HelloHello",
             "two final blocks");

    refused("ff", NGX_ERROR, "no deflate");
    refused("f2 48 cd c9", NGX_ERROR, "cut off");
    refused("f2 48 cd c9 c9 07", NGX_ERROR, "cut off at its end");
    refused("f3 48 cd c9 c9 07 00", NGX_ERROR, "final block without more");
    refused("00 05 00 fa fe 48 65 6c 6c 6f 00", NGX_ERROR, "bad length");
    refused("03 00 03 00 03 00 03 00 03 00 03 00 03 00 03 00 03 00 00",
            NGX_ERROR, "nothing but final blocks");
    refused("f2 00 11 00 00", NGX_ERROR, "refers to the last message");
}


static void
inflated(const char *hex, const char *text, const char *what)
{
    size_t       n, len;
    u_char       buf[64], *p, *dst;
    const char  *reason;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);
    len = strlen(text);
    dst = buf_copy(text, len);

    memset(dst, 0, len);

    is_int(ngx_live_chat_inflate(&df, p, n, dst, len, &n, &reason), NGX_OK,
           "%s", what);
    is_mem(dst, n, text, len, "%s: text", what);

    /* what it refers to is not from the message before */

    if (len) {
        dst = buf_copy(text, len - 1);

        is_int(ngx_live_chat_inflate(&df, p, unhex(buf, hex), dst, len - 1, &n,
                                     &reason),
               NGX_DECLINED, "%s: no room", what);
    }
}


static void
refused(const char *hex, ngx_int_t rc, const char *what)
{
    size_t       n;
    u_char       buf[64], dst[64], *p;
    const char  *reason;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);
    reason = NULL;

    is_int(ngx_live_chat_inflate(&df, p, n, dst, sizeof(dst), &n, &reason), rc,
           "%s", what);
    ok(reason != NULL, "%s: reason", what);
}


static void
test_bounds(void)
{
    u_char      *dst, *out, *back;
    size_t       i, n, m;
    ngx_uint_t   good, bad;
    const char  *reason;

    out = malloc(1024);
    dst = malloc(1024);

    if (out == NULL || dst == NULL) {
        abort();
    }

    for (i = 0; i < 1024; i++) {
        out[i] = (u_char) ('a' + i * i / 7 % 13);
    }

    good = 0;
    bad = 0;

    for (i = NGX_LIVE_CHAT_DEFLATE_MIN; i <= 1024; i++) {

        if (ngx_live_chat_deflate(&df, out, i, dst, i, &n) != NGX_OK) {
            continue;
        }

        back = malloc(i);
        if (back == NULL) {
            abort();
        }

        good += (ngx_live_chat_inflate(&df, dst, n, back, i, &m, &reason)
                 == NGX_OK && m == i && memcmp(back, out, i) == 0);

        bad += (ngx_live_chat_inflate(&df, dst, n, back, i - 1, &m, &reason)
                == NGX_DECLINED);

        free(back);
    }

    ok(good > 800, "exactly enough room: %lu", (unsigned long) good);
    is_int(bad, good, "a byte too little");

    free(out);
    free(dst);
}


static void
test_bomb(void)
{
    u_char      *in, *out, dst[512];
    size_t       n;
    ngx_int_t    rc;
    const char  *reason;

    in = calloc(1, 4 << 20);
    out = malloc(4 << 20);

    if (in == NULL || out == NULL) {
        abort();
    }

    rc = ngx_live_chat_deflate(&df, in, 4 << 20, out, 4 << 20, &n);

    is_int(rc, NGX_OK, "4 MB of zeros");
    ok(n < 8192, "in %lu bytes", (unsigned long) n);

    reason = NULL;
    rc = ngx_live_chat_inflate(&df, out, n, dst, sizeof(dst), &n, &reason);

    is_int(rc, NGX_DECLINED, "are refused");
    ok(strcmp(reason, "inflated message is too long") == 0, "says so");

    free(in);
    free(out);
}
