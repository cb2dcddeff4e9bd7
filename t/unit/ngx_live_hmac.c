
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of HMAC-SHA1 with the vectors of RFC 2202, section 3. */


#include <ngx_unit.h>
#include <ngx_live_hmac.h>


static void test_mac(const char *secret, const char *data, const char *mac,
    const char *what);
static void test_long(void);


int
main(void)
{
    test_mac("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
             "4869205468657265",
             "b617318655057264e28bc0b6fb378c8ef146be00", "case 1");
    test_mac("4a656665",
             "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
             "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", "case 2");
    test_long();

    ok(ngx_live_hmac_equal((u_char *) "abc", (u_char *) "abc", 3), "equal");
    ok(!ngx_live_hmac_equal((u_char *) "abc", (u_char *) "abd", 3), "not");

    return done_testing();
}


static void
test_mac(const char *secret, const char *data, const char *mac,
    const char *what)
{
    u_char               s[64], d[64], m[20], got[20];
    size_t               i, slen, len;
    ngx_live_hmac_key_t  key;

    slen = unhex(s, secret);
    len = unhex(d, data);
    unhex(m, mac);

    ngx_live_hmac_key(&key, s, slen);

    for (i = 0; i <= len; i++) {
        ngx_live_hmac_sha1(&key, got, d, i, d + i, len - i);
        is_mem(got, 20, m, 20, "%s cut at %lu", what, (unsigned long) i);
    }
}


/* case 6: the key is longer than a block */

static void
test_long(void)
{
    u_char               s[80], m[20], got[20];
    const char          *data;
    ngx_live_hmac_key_t  key;

    data = "Test Using Larger Than Block-Size Key - Hash Key First";

    ngx_memset(s, 0xaa, 80);
    unhex(m, "aa4ae5e15272d00e95705637ce8a3b55ed402112");

    ngx_live_hmac_key(&key, s, 80);
    ngx_live_hmac_sha1(&key, got, (u_char *) data, strlen(data), NULL, 0);

    is_mem(got, 20, m, 20, "case 6");
}
