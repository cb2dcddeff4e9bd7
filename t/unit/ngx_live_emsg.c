
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of event message boxes. */


#include <ngx_unit.h>
#include <ngx_live_emsg.h>


static ngx_live_emsg_t  emsg = {
    ngx_string("urn:x"), ngx_string("v"), ngx_string("data"),
    90000, 0x100000002ULL, NGX_LIVE_EMSG_UNKNOWN, 7
};


static void test_box(void);
static void test_short(void);


int
main(void)
{
    test_box();
    test_short();

    return done_testing();
}


static void
test_box(void)
{
    u_char  buf[128], box[128], *p;
    size_t  n;

    n = unhex(box, "0000002c 656d7367 01000000 00015f90 00000001 00000002"
                   "ffffffff 00000007 75726e3a7800 7600 64617461");

    p = ngx_live_emsg_write(buf, buf + sizeof(buf), &emsg);

    ok(p != NULL, "written");
    is_mem(buf, p - buf, (char *) box, n, "the box");
    is_int(p - buf, NGX_LIVE_EMSG_LEN + 5 + 1 + 4, "its length");
}


static void
test_short(void)
{
    u_char           *p;
    size_t            n, len;
    ngx_uint_t        bad;
    ngx_live_emsg_t   e;

    len = NGX_LIVE_EMSG_LEN + 10;
    bad = 0;

    for (n = 0; n < len; n++) {
        p = malloc(n + 1);
        bad += (ngx_live_emsg_write(p, p + n, &emsg) != NULL);
        free(p);
    }

    is_int(bad, 0, "not written where it does not fit");

    p = malloc(len);
    ok(ngx_live_emsg_write(p, p + len, &emsg) == p + len, "but where it does");

    e = emsg;
    e.data.len = NGX_MAX_SIZE_T_VALUE - 20;
    ok(ngx_live_emsg_write(p, p + len, &e) == NULL, "sizes do not wrap");

    free(p);
}
