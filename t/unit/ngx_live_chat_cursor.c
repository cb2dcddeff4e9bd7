
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of ids and cursors: both ways, order, what is refused. */


#include "ngx_live_chat_cursor.h"
#include "ngx_unit.h"


static ngx_int_t parse(const char *text);
static void test_id(void);
static void test_order(void);
static void test_cursor(void);
static void test_refused(void);


static ngx_live_chat_id_t  id;


int
main(void)
{
    test_id();
    test_order();
    test_cursor();
    test_refused();

    return done_testing();
}


static ngx_int_t
parse(const char *text)
{
    size_t  len;

    len = strlen(text);

    return ngx_live_chat_id_parse(buf_copy(text, len), len, &id);
}


static void
test_id(void)
{
    u_char      buf[NGX_LIVE_CHAT_ID_LEN];
    const char *max = "18446744073709551615-18446744073709551615";

    is_int(parse("1700000000000-3"), NGX_OK, "an id");
    is_int(id.ms, 1700000000000, "ms");
    is_int(id.seq, 3, "seq");

    is_int(parse("0-0"), NGX_OK, "the first");
    is_int(id.ms, 0, "ms");
    is_int(id.seq, 0, "seq");
    is_mem(buf, ngx_live_chat_id_write(buf, &id) - buf, "0-0", 3, "written");

    is_int(parse(max), NGX_OK, "the last");
    ok(id.ms == UINT64_MAX, "ms");
    ok(id.seq == UINT64_MAX, "seq");
    is_mem(buf, ngx_live_chat_id_write(buf, &id) - buf, max,
           NGX_LIVE_CHAT_ID_LEN, "written");

    is_int(parse("18446744073709551616-0"), NGX_ERROR, "ms of 65 bits");
    is_int(parse("0-18446744073709551616"), NGX_ERROR, "seq of 65 bits");
    is_int(parse("0-99999999999999999999"), NGX_ERROR, "20 nines");
    is_int(parse(""), NGX_ERROR, "empty");
    is_int(parse("1"), NGX_ERROR, "no seq");
    is_int(parse("1-"), NGX_ERROR, "empty seq");
    is_int(parse("-1"), NGX_ERROR, "empty ms");
    is_int(parse("1-1-1"), NGX_ERROR, "three numbers");
    is_int(parse("01-1"), NGX_ERROR, "leading zero");
    is_int(parse("1-01"), NGX_ERROR, "leading zero of seq");
    is_int(parse("+1-1"), NGX_ERROR, "sign");
    is_int(parse("1-*"), NGX_ERROR, "of commands only");
    is_int(parse("1 -1"), NGX_ERROR, "blank");
}


static void
test_order(void)
{
    ngx_live_chat_id_t  a = { 5, 9 }, b = { 6, 0 }, c = { 6, 1 };

    is_int(ngx_live_chat_id_cmp(&a, &b), -1, "ms first");
    is_int(ngx_live_chat_id_cmp(&b, &a), 1, "the other way");
    is_int(ngx_live_chat_id_cmp(&b, &c), -1, "then seq");
    is_int(ngx_live_chat_id_cmp(&c, &b), 1, "the other way");
    is_int(ngx_live_chat_id_cmp(&c, &c), 0, "the same");
}


static void
test_cursor(void)
{
    u_char                  buf[NGX_LIVE_CHAT_CURSOR_LEN];
    ngx_live_chat_cursor_t  c, cursor = { 0x0123456789abcdefULL,
                                          { 1700000000000ULL, 42 },
                                          0, { 0, 0 } };

    is_int(ngx_live_chat_cursor_write(buf, &cursor) - buf,
           NGX_LIVE_CHAT_CURSOR_SHORT, "length");
    is_int(ngx_live_chat_cursor_parse(buf, NGX_LIVE_CHAT_CURSOR_SHORT, &c),
           NGX_OK, "parsed");
    ok(c.epoch == cursor.epoch, "epoch");
    is_int(c.id.ms, 1700000000000, "ms");
    is_int(c.id.seq, 42, "seq");
    is_int(c.local, 0, "no epoch of the node");

    /* that of docs/chat-protocol.md */

    is_int(ngx_live_chat_cursor_parse(buf_copy("AAABi8_lQPAAAAGLz-VoAAAAAAAAAA"
                                               "ADxy3VqQ", 38), 38, &c),
           NGX_OK, "a cursor written elsewhere");
    is_int(c.epoch, 1699999990000, "epoch");
    is_int(c.id.ms, 1700000000000, "ms");
    is_int(c.id.seq, 3, "seq");

    memset(&cursor, 0xff, sizeof(cursor));

    (void) ngx_live_chat_cursor_write(buf, &cursor);
    is_int(ngx_live_chat_cursor_parse(buf, sizeof(buf), &c), NGX_OK,
           "the last one");
    ok(c.epoch == UINT64_MAX && c.id.ms == UINT64_MAX
       && c.id.seq == UINT64_MAX, "all ones");
    ok(c.local == UINT64_MAX && c.local_id.ms == UINT64_MAX
       && c.local_id.seq == UINT64_MAX, "also of the node");

    cursor.local = 1;
    (void) ngx_live_chat_cursor_write(buf, &cursor);
    (void) ngx_live_chat_cursor_parse(buf, sizeof(buf), &c);
    is_int(ngx_live_chat_cursor_epoch(&c), 1, "where one stands");
    ok(ngx_live_chat_cursor_id(&c) == &c.local_id, "the id there");
}


static void
test_refused(void)
{
    u_char                  buf[NGX_LIVE_CHAT_CURSOR_LEN + 1], ch;
    size_t                  i;
    ngx_uint_t              bit, refused;
    ngx_live_chat_cursor_t  c, cursor = { 7, { 8, 9 }, 10, { 11, 12 } };

    (void) ngx_live_chat_cursor_write(buf, &cursor);
    buf[NGX_LIVE_CHAT_CURSOR_LEN] = 'A';

    refused = 0;

    for (i = 0; i < NGX_LIVE_CHAT_CURSOR_LEN; i++) {
        ch = buf[i];

        for (bit = 0; bit < 8; bit++) {
            buf[i] = (u_char) (ch ^ (1 << bit));

            refused += (ngx_live_chat_cursor_parse(buf,
                                                   NGX_LIVE_CHAT_CURSOR_LEN,
                                                   &c)
                        == NGX_ERROR);
        }

        buf[i] = ch;
    }

    is_int(refused, 8 * NGX_LIVE_CHAT_CURSOR_LEN, "each flipped bit");

    for (i = 0, refused = 0; i <= NGX_LIVE_CHAT_CURSOR_LEN + 1; i++) {
        if (i == NGX_LIVE_CHAT_CURSOR_LEN) {
            continue;
        }

        refused += (ngx_live_chat_cursor_parse(buf, i, &c) == NGX_ERROR);
    }

    is_int(refused, sizeof(buf), "each other length");

    memset(buf, 'A', sizeof(buf));
    is_int(ngx_live_chat_cursor_parse(buf, NGX_LIVE_CHAT_CURSOR_LEN, &c),
           NGX_ERROR, "zeros");
}
