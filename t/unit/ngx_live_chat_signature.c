
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Unit test of signatures of webhooks.  The hash was made by
 *
 *     printf '1700000000.{"id":"evt_1"}' \
 *         | openssl dgst -sha256 -hmac whsec_0123456789abcdef
 */


#include "ngx_live_chat_signature.h"
#include "ngx_unit.h"


#define HASH                                                                  \
    "dea1657bd5053cb0f8a75ebf0bd3d22e0cdeb79563b44db6b88864e522fb8bc4"
#define OTHER                                                                 \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


static ngx_live_chat_signature_t   sig;
static const char                 *reason;


static ngx_int_t parse(const char *header);
static ngx_int_t check(int64_t now, const char *secret);
static void test_parse(void);
static void test_check(void);
static void test_secrets(void);


int
main(void)
{
    test_parse();
    test_check();
    test_secrets();

    return done_testing();
}


static ngx_int_t
parse(const char *header)
{
    reason = NULL;

    return ngx_live_chat_signature_parse(buf_copy(header, strlen(header)),
                                         strlen(header), &sig, &reason);
}


static ngx_int_t
check(int64_t now, const char *secret)
{
    ngx_str_t  secrets[2];
    ngx_str_t  text = ngx_string("1700000000.{\"id\":\"evt_1\"}");

    ngx_str_set(&secrets[0], "another secret of 30 characters");

    secrets[1].data = (u_char *) secret;
    secrets[1].len = strlen(secret);

    return ngx_live_chat_signature_check(&sig, secrets, 2, &text, now, 300,
                                         &reason);
}


static void
test_parse(void)
{
    is_int(parse("t=1700000000,v1=" HASH), NGX_OK, "one signature");
    is_str(&sig.time, "1700000000", "time");
    is_int(sig.seconds, 1700000000, "seconds");
    is_int(sig.n, 1, "one");

    is_int(parse(" v1=" OTHER " , t=1 ,v0=abc,v1=" HASH ",v2=,x, ,"), NGX_OK,
           "in any order, with others");
    is_int(sig.n, 2, "two");
    is_int(sig.hash[0][1], 0x11, "decoded");

    is_int(parse("t=1,v1=" OTHER ",v1=" OTHER ",v1=" OTHER ",v1=" OTHER
                 ",v1=" OTHER ",v1=" OTHER ",v1=" OTHER ",v1=" OTHER
                 ",v1=" HASH), NGX_OK, "nine");
    is_int(sig.n, 8, "eight are looked at");

    is_int(parse(""), NGX_ERROR, "empty");
    is_int(parse("t=1"), NGX_ERROR, "no signature");
    is_int(parse("v1=" HASH), NGX_ERROR, "no time");
    is_int(parse("t=,v1=" HASH), NGX_ERROR, "an empty time");
    is_int(parse("t=-1,v1=" HASH), NGX_ERROR, "a negative time");
    is_int(parse("t=1x,v1=" HASH), NGX_ERROR, "no number");
    is_int(parse("t=1234567890123,v1=" HASH), NGX_ERROR, "too long");
    is_int(parse("t=1,t=2,v1=" HASH), NGX_ERROR, "two times");
    is_int(parse("t=1,v1=" HASH "0"), NGX_ERROR, "a signature too long");
    is_int(parse("t=1,v1=0g" HASH), NGX_ERROR, "no hex");
    ok(reason != NULL, "there is a reason");
}


static void
test_check(void)
{
    (void) parse("t=1700000000,v1=" OTHER ",v1=" HASH);

    is_int(check(1700000000, "whsec_0123456789abcdef"), NGX_OK, "signed");
    is_int(check(1700000300, "whsec_0123456789abcdef"), NGX_OK, "in time");
    is_int(check(1699999700, "whsec_0123456789abcdef"), NGX_OK,
           "by another clock");
    is_int(check(1700000301, "whsec_0123456789abcdef"), NGX_DECLINED,
           "too old");
    is_int(check(1699999699, "whsec_0123456789abcdef"), NGX_DECLINED,
           "of the future");
    is_int(check(1700000000, "whsec_0123456789abcdee"), NGX_DECLINED,
           "another secret");

    (void) parse("t=1700000000,v1=" OTHER);
    is_int(check(1700000000, "whsec_0123456789abcdef"), NGX_DECLINED,
           "another signature");
}


static void
test_secrets(void)
{
    ngx_str_t    secrets[NGX_LIVE_CHAT_SECRETS];
    ngx_uint_t   n;
    const char  *text;

    text = "# first\n\n whsec_0123456789 \r\nwhsec_abcdefghij";

    is_int(ngx_live_chat_secrets_parse((u_char *) text, strlen(text), secrets,
                                       &n, &reason), NGX_OK, "secrets");
    is_int(n, 2, "two");
    is_str(&secrets[0], "whsec_0123456789", "one");
    is_str(&secrets[1], "whsec_abcdefghij", "another");

    is_int(ngx_live_chat_secrets_parse((u_char *) text, 8, secrets, &n,
                                       &reason), NGX_ERROR, "none");
    is_int(ngx_live_chat_secrets_parse((u_char *) "short\n", 6, secrets, &n,
                                       &reason), NGX_ERROR, "too short");

    text = "0123456789abcdef\n0123456789abcdef\n0123456789abcdef\n"
           "0123456789abcdef\n0123456789abcdef\n0123456789abcdef\n"
           "0123456789abcdef\n0123456789abcdef\n0123456789abcdef\n";

    is_int(ngx_live_chat_secrets_parse((u_char *) text, strlen(text), secrets,
                                       &n, &reason), NGX_ERROR, "too many");
}
