
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_websocket.h"
#include "ngx_unit.h"


static u_char  input[4096];


static size_t
frame(const char *hex)
{
    return unhex(input, hex);
}


static void
test_example(void)
{
    size_t                 n;
    u_char                *p;
    ngx_live_websocket_t   ws;

    /* RFC 6455, 5.7: a single-frame masked text message */

    n = frame("81 85 37 fa 21 3d 7f 9f 4d 51 58");
    p = input;

    ngx_live_websocket_init(&ws, 100);

    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK, "text");
    is_int(ws.opcode, NGX_LIVE_WEBSOCKET_TEXT, "opcode");
    is_int(ws.fin, 1, "fin");
    is_mem(ws.data, ws.len, "Hello", 5, "unmasked");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_AGAIN, "no more");
}


static void
test_pieces(void)
{
    u_char                *p, out[64];
    size_t                 i, n, len;
    ngx_int_t              rc;
    ngx_uint_t             pings, ends;
    ngx_live_websocket_t   ws;

    /* "Hel", a ping within the message, an empty fragment, "lo" */

    n = frame("01 83 37 fa 21 3d 7f 9f 4d"
              "89 82 01 02 03 04 69 6b"
              "00 80 00 00 00 00"
              "80 82 37 fa 21 3d 5b 95");

    ngx_live_websocket_init(&ws, 100);

    pings = 0;
    ends = 0;
    len = 0;
    rc = NGX_OK;

    for (i = 0; i < n; i++) {
        p = input + i;

        while ((rc = ngx_live_websocket_parse(&ws, &p, input + i + 1))
               == NGX_OK)
        {
            if (ws.opcode == NGX_LIVE_WEBSOCKET_PING) {
                pings++;
                is_mem(ws.data, ws.len, "hi", 2, "payload of the ping");
                continue;
            }

            memcpy(out + len, ws.data, ws.len);
            len += ws.len;
            ends += ws.fin;
        }

        if (rc == NGX_ERROR) {
            break;
        }
    }

    is_int(rc, NGX_AGAIN, "byte by byte");
    is_int(pings, 1, "one ping");
    is_int(ends, 1, "one message");
    is_mem(out, len, "Hello", 5, "joined");
}


static void
test_lengths(void)
{
    size_t                 n;
    u_char                *p;
    ngx_live_websocket_t   ws;

    n = frame("82 fe 01 00 00 00 00 00");
    memset(input + n, 'x', 256);
    p = input;

    ngx_live_websocket_init(&ws, 256);

    is_int(ngx_live_websocket_parse(&ws, &p, input + n + 256), NGX_OK,
           "16-bit length");
    is_int(ws.len, 256, "all of it");

    ngx_live_websocket_init(&ws, 65536);

    n = frame("82 ff 00 00 00 00 00 01 00 00 00 00 00 00 61 62");
    p = input;

    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "64-bit length");
    is_mem(ws.data, ws.len, "ab", 2, "payload");

    ngx_live_websocket_init(&ws, 0);

    n = frame("82 80 00 00 00 00");
    p = input;

    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "empty message");
    is_int(ws.len, 0, "its length");
    is_int(ws.fin, 1, "it ends");
}


static ngx_uint_t  deflate;


static void
test_refused(const char *hex, ngx_uint_t code, const char *what)
{
    u_char                *p;
    size_t                 n;
    ngx_int_t              rc;
    ngx_live_websocket_t   ws;

    ngx_live_websocket_init(&ws, 10);
    ws.deflate = deflate;

    n = frame(hex);
    p = input;

    do {
        rc = ngx_live_websocket_parse(&ws, &p, input + n);
    } while (rc == NGX_OK);

    is_int(rc, NGX_ERROR, "%s", what);
    is_int(ws.code, code, "%s: code", what);
    ok(ws.reason != NULL, "%s: reason", what);
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_ERROR,
           "%s: final", what);
}


static void
test_malformed(void)
{
    test_refused("c1 80 00 00 00 00", 1002, "reserved bit");
    test_refused("83 80 00 00 00 00", 1002, "reserved data opcode");
    test_refused("8b 80 00 00 00 00", 1002, "reserved control opcode");
    test_refused("80 80 00 00 00 00", 1002, "continuation of nothing");
    test_refused("01 80 00 00 00 00 81 80", 1002, "message within a message");
    test_refused("09 80 00 00 00 00", 1002, "fragmented ping");
    test_refused("89 fe 00 7e", 1002, "long ping");
    test_refused("81 05 48 65 6c 6c 6f", 1002, "not masked");
    test_refused("81 8b 00 00 00 00", 1009, "long message");
    test_refused("01 8a 00 00 00 00 31 31 31 31 31 31 31 31 31 31"
                 "80 81 00 00 00 00", 1009, "long message of two frames");
    test_refused("81 ff 7f ff ff ff ff ff ff ff 00 00 00 00", 1009,
                 "the longest length");
    test_refused("01 81 00 00 00 00 31"
                 "80 ff 7f ff ff ff ff ff ff ff 00 00 00 00", 1009,
                 "the longest fragment");
    test_refused("81 ff ff ff ff ff ff ff ff ff 00 00 00 00", 1002,
                 "a length of 64 bits");
    test_refused("81 fe 00 7d 00 00 00 00", 1002, "16 bits for 125");
    test_refused("81 ff 00 00 00 00 00 00 ff ff 00 00 00 00", 1002,
                 "64 bits for 65535");
    test_refused("a1 80 00 00 00 00", 1002, "RSV2");
    test_refused("91 80 00 00 00 00", 1002, "RSV3");
}


static void
test_utf8(void)
{
    size_t                 n;
    u_char                *p;
    ngx_live_websocket_t   ws;

    test_refused("81 82 00 00 00 00 c3 28", 1007, "text is no UTF-8");
    test_refused("01 81 00 00 00 00 c3 80 81 00 00 00 00 28", 1007,
                 "nor across fragments");
    test_refused("01 81 00 00 00 00 c3 80 80 00 00 00 00", 1007,
                 "ends within a code point");
    test_refused("01 84 00 00 00 00 61 f4 90 80", 1007,
                 "refused before it ends");
    test_refused("01 8a 00 00 00 00 61 f4 90", 1007,
                 "refused before the frame ends");

    ngx_live_websocket_init(&ws, 100);

    n = frame("01 81 00 00 00 00 c3"
              "89 81 00 00 00 00 ff"
              "80 81 00 00 00 00 a4"
              "82 81 00 00 00 00 ff");
    p = input;

    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK, "half");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "a ping in between may be anything");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "the other half");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "binary may be anything");
}


static void
test_deflate(void)
{
    size_t                 n;
    u_char                *p;
    ngx_live_websocket_t   ws;

    ngx_live_websocket_init(&ws, 100);
    ws.deflate = 1;

    /* RFC 7692, 7.2.3.1: in two fragments, with a ping within */

    n = frame("41 83 00 00 00 00 f2 48 cd"
              "89 80 00 00 00 00"
              "80 84 00 00 00 00 c9 c9 07 00"
              "81 81 00 00 00 00 61"
              "c2 81 00 00 00 00 ff");
    p = input;

    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK, "RSV1");
    is_int(ws.compressed, 1, "compressed");
    is_int(ws.fin, 0, "more to come");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK, "ping");
    is_int(ws.compressed, 0, "which is not");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "the other fragment");
    is_int(ws.compressed, 1, "compressed");
    is_int(ws.fin, 1, "the message ends");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK,
           "another message");
    is_int(ws.compressed, 0, "not compressed");
    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK, "binary");
    is_int(ws.compressed, 1, "compressed");

    deflate = 1;

    test_refused("41 80 00 00 00 00 c0 80", 1002, "RSV1 of a continuation");
    test_refused("c9 80 00 00 00 00", 1002, "RSV1 of a ping");
    test_refused("e1 80 00 00 00 00", 1002, "RSV2 with RSV1");
    test_refused("81 81 00 00 00 00 ff", 1007, "text that is not compressed");

    deflate = 0;
}


static void
test_close(void)
{
    size_t                 n;
    u_char                *p;
    ngx_live_websocket_t   ws;

    n = frame("88 82 00 00 00 00 03 e9");
    p = input;

    ngx_live_websocket_init(&ws, 0);

    is_int(ngx_live_websocket_parse(&ws, &p, input + n), NGX_OK, "close");
    is_int(ws.opcode, NGX_LIVE_WEBSOCKET_CLOSE, "opcode");
    is_int(ngx_live_websocket_close_code(ws.data, ws.len), 1001, "its code");

    is_int(ngx_live_websocket_close_code(NULL, 0), 1000, "no code");
    is_int(ngx_live_websocket_close_code((u_char *) "\x03", 1), 1002,
           "half a code");
    is_int(ngx_live_websocket_close_code((u_char *) "\x03\xed", 2), 1002,
           "a code that is never sent");
    is_int(ngx_live_websocket_close_code((u_char *) "\x0b\xb8", 2), 3000,
           "an application's code");
    is_int(ngx_live_websocket_close_code((u_char *) "\x03\xe8\xc3\xa4", 4),
           1000, "with a reason");
    is_int(ngx_live_websocket_close_code((u_char *) "\x03\xe8\xc3", 3), 1007,
           "with a reason that is no UTF-8");
    is_int(ngx_live_websocket_close_code((u_char *) "\x03\xf5", 2), 1013,
           "try again later");
    is_int(ngx_live_websocket_close_code((u_char *) "\x03\xf7", 2), 1002,
           "1015");
    is_int(ngx_live_websocket_close_code((u_char *) "\x07\xd0", 2), 1002,
           "2000");
    is_int(ngx_live_websocket_close_code((u_char *) "\x13\x88", 2), 1002,
           "5000");
}


static void
test_write(void)
{
    u_char  buf[16], *p;

    p = ngx_live_websocket_write_header(buf, buf + 16,
                                        NGX_LIVE_WEBSOCKET_BINARY, 125);
    is_mem(buf, p - buf, "\x82\x7d", 2, "7-bit length");
    is_int(ngx_live_websocket_header_len(125), 2, "its size");

    p = ngx_live_websocket_write_header(buf, buf + 16,
                                        NGX_LIVE_WEBSOCKET_PONG, 126);
    is_mem(buf, p - buf, "\x8a\x7e\x00\x7e", 4, "16-bit length");
    is_int(ngx_live_websocket_header_len(65535), 4, "its size");

    p = ngx_live_websocket_write_header(buf, buf + 16,
                                        NGX_LIVE_WEBSOCKET_BINARY, 65536);
    is_mem(buf, p - buf, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10,
           "64-bit length");
    is_int(ngx_live_websocket_header_len(65536), 10, "its size");

    ok(ngx_live_websocket_write_header(buf, buf + 9,
                                       NGX_LIVE_WEBSOCKET_BINARY, 65536)
       == NULL, "too short");
    ok(ngx_live_websocket_write_header(buf, buf + 1,
                                       NGX_LIVE_WEBSOCKET_CLOSE, 0)
       == NULL, "much too short");
}


int
main(void)
{
    test_example();
    test_pieces();
    test_lengths();
    test_malformed();
    test_utf8();
    test_deflate();
    test_close();
    test_write();

    return done_testing();
}
