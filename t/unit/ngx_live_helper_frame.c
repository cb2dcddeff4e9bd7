
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the messages between a worker and its helpers. */


#include <ngx_unit.h>
#include <ngx_live_helper_frame.h>


static void test_header(void);
static void test_bad(const char *hex, const char *reason);
static void test_pieces(size_t piece);
static void test_large(void);


static const char  test_frame[] =
    "4c48 01 02 00000003 05 00 0003 00000000 00000007 fffffffe "
    "0000000000015f90";


int
main(void)
{
    test_header();

    test_bad("4d48 01 02 00000003 05 00 0003 00000000 00000007 00000000 "
             "0000000000015f90", "something else than messages");
    test_bad("4c48 01 02 00000003 05 01 0003 00000000 00000007 00000000 "
             "0000000000015f90", "something else than messages");
    test_bad("4c48 02 02 00000003 05 00 0003 00000000 00000007 00000000 "
             "0000000000015f90", "a message of unknown version");
    test_bad("4c48 01 05 00000000 05 00 0003 00000000 00000007 00000000 "
             "0000000000015f90", "a message of unknown type");
    test_bad("4c48 01 00 00000000 05 00 0003 00000000 00000007 00000000 "
             "0000000000015f90", "a message of unknown type");
    test_bad("4c48 01 02 00000000 05 00 0003 00000000 00000007 00000000 "
             "0000000000015f90", "an empty frame");
    test_bad("4c48 01 02 00000001 05 00 0008 00000000 00000007 00000000 "
             "0000000000015f90", "unknown flags");
    test_bad("4c48 01 04 00000001 00 00 0000 00000000 00000000 00000000 "
             "0000000000000001", "a ping or pong with a body");

    test_pieces(1);
    test_pieces(7);
    test_pieces(32);
    test_pieces(1000);

    test_large();

    return done_testing();
}


static void
test_header(void)
{
    u_char                      buf[NGX_LIVE_HELPER_HEADER_LEN], *p;
    u_char                      out[NGX_LIVE_HELPER_HEADER_LEN];
    size_t                      n;
    const char                 *reason;
    ngx_live_helper_message_t   msg;

    n = unhex(buf, test_frame);
    is_int(n, NGX_LIVE_HELPER_HEADER_LEN, "length of a header");

    p = buf_copy(buf, n);

    is_int(ngx_live_helper_parse_header(&msg, p, p + n, &reason), NGX_OK,
           "header");
    is_int(msg.type, NGX_LIVE_HELPER_FRAME, "type");
    is_int(msg.size, 3, "size");
    is_int(msg.track, 5, "track");
    is_int(msg.flags, NGX_LIVE_HELPER_KEY|NGX_LIVE_HELPER_DISCONT, "flags");
    is_int(msg.config, 7, "configuration");
    is_int(msg.cts, -2, "cts");
    is_int(msg.dts, 90000, "dts");

    msg.dts = -1;
    ngx_live_helper_write_header(out, &msg);

    is_mem(out, 24, buf, 24, "written as it was read");

    ngx_memzero(&msg, sizeof(ngx_live_helper_message_t));

    is_int(ngx_live_helper_parse_header(&msg, out, out + sizeof(out),
                                        &reason), NGX_OK, "and read again");
    is_int(msg.dts, -1, "negative dts");

    free(p);

    for (n = 0; n < NGX_LIVE_HELPER_HEADER_LEN; n++) {
        p = buf_copy(buf, n);

        if (ngx_live_helper_parse_header(&msg, p, p + n, &reason)
            != NGX_AGAIN)
        {
            break;
        }

        free(p);
    }

    is_int(n, NGX_LIVE_HELPER_HEADER_LEN, "shorter ones need more");
}


static void
test_bad(const char *hex, const char *reason)
{
    u_char                      buf[NGX_LIVE_HELPER_HEADER_LEN];
    size_t                      n;
    ngx_int_t                   rc;
    ngx_str_t                   s;
    const char                 *r;
    ngx_live_helper_message_t   msg;

    r = "";
    n = unhex(buf, hex);

    rc = ngx_live_helper_parse_header(&msg, buf, buf + n, &r);

    s.data = (u_char *) r;
    s.len = strlen(r);

    is_int(rc, NGX_ERROR, "%s", reason);
    is_str(&s, reason, "reason");
}


/* a frame, a ping, a frame, in pieces of some bytes */

static void
test_pieces(size_t piece)
{
    u_char                    *p, *pos, *end, in[256], body[3], types[8];
    size_t                     n, len;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    const char                *reason;
    ngx_live_helper_parser_t   ps;

    n = unhex(in, test_frame);
    n += unhex(in + n, "aabbcc");
    n += unhex(in + n, "4c48 01 03 00000000 00 00 0000 00000000 00000000 "
                       "00000000 0000000000000001");
    n += unhex(in + n, test_frame);
    n += unhex(in + n, "ddeeff");

    ngx_live_helper_parser_init(&ps, body, sizeof(body));

    i = 0;

    for (p = in; p < in + n; p += len) {
        len = ngx_min(piece, (size_t) (in + n - p));

        pos = p;
        end = p + len;

        while (pos < end) {
            rc = ngx_live_helper_parse(&ps, &pos, end, &reason);

            if (rc != NGX_OK) {
                ok(rc == NGX_AGAIN && pos == end, "more is needed");
                break;
            }

            types[i++] = (u_char) ps.msg.type;

            if (i == 1) {
                is_mem(ps.body, ps.nbody, "\xaa\xbb\xcc", 3, "first body");
            }
        }
    }

    is_mem(types, i, "\x02\x03\x02", 3, "types, pieces of %lu", piece);
    is_mem(ps.body, ps.nbody, "\xdd\xee\xff", 3, "last body");
}


static void
test_large(void)
{
    u_char                    *pos, in[64], body[2];
    size_t                     n;
    ngx_str_t                  s;
    const char                *reason;
    ngx_live_helper_parser_t   ps;

    reason = "";
    n = unhex(in, test_frame);

    ngx_live_helper_parser_init(&ps, body, sizeof(body));

    pos = in;

    is_int(ngx_live_helper_parse(&ps, &pos, in + n, &reason), NGX_ERROR,
           "no room for the body");

    s.data = (u_char *) reason;
    s.len = strlen(reason);

    is_str(&s, "a message that is too large", "reason");
}
