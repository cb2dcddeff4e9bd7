
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of tags of ID3. */


#include <ngx_unit.h>
#include <ngx_live_id3.h>


static ngx_str_t  name = ngx_string("urn:x");


static void test_tag(void);
static void test_long(void);
static void test_short(void);


int
main(void)
{
    test_tag();
    test_long();
    test_short();

    return done_testing();
}


static void
test_tag(void)
{
    u_char     buf[128], tag[128], *p;
    size_t     n;
    ngx_str_t  text = ngx_string("{\"a\":1}");

    n = unhex(tag, "494433 0400 00 00000018 54585858 0000000e 0000"
                   "03 75726e3a7800 7b2261223a317d");

    p = ngx_live_id3_write(buf, buf + sizeof(buf), &name, &text);

    ok(p != NULL, "written");
    is_mem(buf, p - buf, (char *) tag, n, "the tag");
    is_int(p - buf, NGX_LIVE_ID3_LEN + name.len + text.len, "its length");
}


static void
test_long(void)
{
    u_char     buf[20 + 2 + 5 + 300], *p;
    u_char     data[300];
    ngx_str_t  text;

    ngx_memset(data, 'a', sizeof(data));
    text.data = data;
    text.len = sizeof(data);

    p = ngx_live_id3_write(buf, buf + sizeof(buf), &name, &text);

    ok(p == buf + sizeof(buf), "written");
    is_mem(buf + 6, 4, "\0\0\2\x3d", 4, "seven bits in each byte");
    is_mem(buf + 14, 4, "\0\0\2\x33", 4, "of the frame, too");
}


static void
test_short(void)
{
    u_char      *p;
    size_t       n, len;
    ngx_str_t    text = ngx_string("text"), huge;
    ngx_uint_t   bad;

    len = NGX_LIVE_ID3_LEN + name.len + text.len;
    bad = 0;

    for (n = 0; n < len; n++) {
        p = malloc(n + 1);
        bad += (ngx_live_id3_write(p, p + n, &name, &text) != NULL);
        free(p);
    }

    is_int(bad, 0, "not written where it does not fit");

    p = malloc(len);
    ok(ngx_live_id3_write(p, p + len, &name, &text) == p + len,
       "but where it does");

    huge.data = text.data;
    huge.len = NGX_MAX_SIZE_T_VALUE - 8;
    ok(ngx_live_id3_write(p, p + len, &name, &huge) == NULL,
       "sizes do not wrap");

    free(p);
}
