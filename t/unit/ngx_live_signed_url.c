
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of signed URLs. */


#include "ngx_live_signed_url.h"
#include "ngx_live_base64url.h"
#include "ngx_live_token_key.h"
#include "ngx_unit.h"


#define URL  "/hls/live/demo/"


static const char  *reason;
static u_char       hash[NGX_LIVE_TOKEN_HASH];


static ngx_int_t check(const char *text, const char *expires,
    const char *signature, time_t now);
static void test_signed(void);
static void test_refused(void);


int
main(void)
{
    ngx_str_t  secret = ngx_string("correct horse battery");
    ngx_str_t  text = ngx_string(URL "1000");

    (void) ngx_live_token_key_hmac(hash, &secret, &text);

    test_signed();
    test_refused();

    return done_testing();
}


static ngx_int_t
check(const char *text, const char *expires, const char *signature,
    time_t now)
{
    ngx_live_signed_url_t  url;

    ngx_str_set(&url.secret, "correct horse battery");

    url.text.len = strlen(text);
    url.text.data = buf_copy(text, url.text.len);
    url.expires.len = strlen(expires);
    url.expires.data = buf_copy(expires, url.expires.len);
    url.signature.len = strlen(signature);
    url.signature.data = buf_copy(signature, url.signature.len);

    reason = "";

    return ngx_live_signed_url_check(&url, now, &reason);
}


static void
test_signed(void)
{
    char    text[80];
    size_t  i;

    for (i = 0; i < 32; i++) {
        sprintf(text + 2 * i, "%02x", hash[i]);
    }

    is_int(check(URL "1000", "1000", text, 999), NGX_OK, "hex");
    is_int(check(URL "1000", "1000", text, 1000), NGX_DECLINED, "expired");
    ok(strcmp(reason, "signature expired") == 0, "reason: %s", reason);
    is_int(check(URL "1001", "1001", text, 999), NGX_DECLINED, "later");
    ok(strcmp(reason, "signature does not match") == 0, "reason: %s", reason);
    is_int(check("/hls/live/other/1000", "1000", text, 999), NGX_DECLINED,
           "another stream");
    is_int(check(URL "1000", "2000", text, 999), NGX_DECLINED,
           "a time that is not signed");

    for (i = 0; i < 64; i++) {
        text[i] = ngx_toupper(text[i]);
    }

    is_int(check(URL "1000", "1000", text, 999), NGX_OK, "upper case");

    text[63] ^= 1;
    is_int(check(URL "1000", "1000", text, 999), NGX_DECLINED, "another bit");

    *ngx_live_base64url_encode((u_char *) text, hash, 32) = '\0';
    is_int(check(URL "1000", "1000", text, 999), NGX_OK, "base64url");
}


static void
test_refused(void)
{
    char                   text[80];
    ngx_live_signed_url_t  url;

    *ngx_live_base64url_encode((u_char *) text, hash, 32) = '\0';

    is_int(check(URL, "", text, 999), NGX_DECLINED, "no time: %s", reason);
    is_int(check(URL "-1", "-1", text, 999), NGX_DECLINED, "negative time");
    is_int(check(URL "1e9", "1e9", text, 999), NGX_DECLINED, "no number");
    is_int(check(URL "9999999999999", "9999999999999", text, 999),
           NGX_DECLINED, "a time too far");
    is_int(check(URL "1000", "1000", "", 999), NGX_DECLINED, "no signature");
    is_int(check(URL "1000", "1000", "AAAA", 999), NGX_DECLINED, "too short");

    text[42] = '=';
    is_int(check(URL "1000", "1000", text, 999), NGX_DECLINED, "padding");

    memset(text, 'g', 64);
    text[64] = '\0';
    is_int(check(URL "1000", "1000", text, 999), NGX_DECLINED, "no hex");
    is_int(check("", "1000", text, 999), NGX_DECLINED, "no text");

    ngx_memzero(&url, sizeof(url));
    ngx_str_set(&url.expires, "1000");
    ngx_str_set(&url.text, "1000");
    url.signature.data = (u_char *) text;
    url.signature.len = 64;
    memset(text, '0', 64);
    is_int(ngx_live_signed_url_check(&url, 1, &reason), NGX_DECLINED,
           "no secret");
}
