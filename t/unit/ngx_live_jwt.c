
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the compact form: parts, header, what is refused. */


#include "ngx_live_jwt.h"
#include "ngx_live_base64url.h"
#include "ngx_unit.h"


static ngx_live_jwt_t   jwt;
static const char      *reason;


static ngx_int_t parse(const char *text);
static ngx_int_t parse_header(const char *header);
static void test_vectors(void);
static void test_parts(void);
static void test_headers(void);
static void test_algs(void);


int
main(void)
{
    test_vectors();
    test_parts();
    test_headers();
    test_algs();

    return done_testing();
}


static ngx_int_t
parse(const char *text)
{
    u_char     *buf;
    ngx_str_t   token;

    static u_char  space[NGX_LIVE_JWT_SIZE(4096)];

    token.len = strlen(text);
    token.data = buf_copy(text, token.len);
    buf = buf_copy(space, NGX_LIVE_JWT_SIZE(token.len));

    reason = NULL;

    return ngx_live_jwt_parse(&token, buf, &jwt, &reason);
}


static ngx_int_t
parse_header(const char *header)
{
    char     text[4096];
    u_char  *p;

    p = ngx_live_base64url_encode((u_char *) text, (u_char *) header,
                                  strlen(header));
    strcpy((char *) p, ".e30.c2ln");

    return parse(text);
}


static void
test_vectors(void)
{
    ngx_int_t  rc;

    rc = parse("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
               "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l"
               "eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
               "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");

    is_int(rc, NGX_OK, "RFC 7515, A.1");
    is_int(jwt.alg, NGX_LIVE_JWT_HS256, "algorithm");
    is_str(&jwt.payload, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
           "\"http://example.com/is_root\":true}", "payload");
    is_int(jwt.signature.len, 32, "signature");
    is_int(jwt.input.len, 135, "input");
    is_int(jwt.kid.len, 0, "no kid");

    is_int(parse("eyJhbGciOiJub25lIn0."
                 "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l"
                 "eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."),
           NGX_ERROR, "RFC 7515, A.5, RFC 7519, 6.1: not signed");
    is_int(parse("eyJhbGciOiJub25lIn0.e30.c2ln"), NGX_ERROR,
           "\"none\" with a signature");
    ok(strcmp(reason, "token's algorithm is not supported") == 0,
       "reason: %s", reason);

    is_int(parse("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
                 "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-"
                 "mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpR"
                 "wcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"),
           NGX_ERROR, "RFC 7515, A.4: ES512");
    ok(strcmp(reason, "token's algorithm is not supported") == 0,
       "reason: %s", reason);

    is_int(parse("{\"payload\":\"eyJpc3MiOiJqb2UifQ\",\"signatures\":[{"
                 "\"protected\":\"eyJhbGciOiJSUzI1NiJ9\","
                 "\"signature\":\"c2ln\"}]}"),
           NGX_ERROR, "RFC 7515, A.6: JSON");

    is_int(parse("eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0."
                 "QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8.AxY8DCtDaGlsbGljb3RoZQ."
                 "MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeW.fiK51VwhsxJ-siBMR-YFiA"),
           NGX_ERROR, "RFC 7519, A.1: encrypted");
}


static void
test_parts(void)
{
    ngx_uint_t          i;
    static const char  *texts[] = {
        "", ".", "..", "...", "a", "e30", "e30.e30", "e30.e30.",
        "eyJhbGciOiJIUzI1NiJ9.e30", "eyJhbGciOiJIUzI1NiJ9.e30.",
        "eyJhbGciOiJIUzI1NiJ9..c2ln", ".e30.c2ln",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln.x",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln=", "eyJhbGciOiJIUzI1NiJ9.e30=.c2ln",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2lo_", " eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
        "eyJhbGciOiJIUzI1NiJ9.e31.c2ln", "eyJhbGciOiJIUzI1NiJ8.e30.c2ln"
    };

    is_int(parse("eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), NGX_OK, "good");
    is_str(&jwt.input, "eyJhbGciOiJIUzI1NiJ9.e30", "input");
    is_str(&jwt.payload, "{}", "payload");
    is_str(&jwt.signature, "sig", "signature");

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_int(parse(texts[i]), NGX_ERROR, "\"%s\" is refused", texts[i]);
        ok(reason != NULL, "reason: %s", reason ? reason : "none");
    }
}


static void
test_headers(void)
{
    char        text[512];
    ngx_uint_t  i;

    static const char  *good[] = {
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":\"jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}",
        "{\"alg\":\"HS256\",\"jku\":\"http://evil\",\"x\":{}}"
    };

    static const char  *bad[] = {
        "{}", "[]", "\"HS256\"", "{\"alg\":1}", "{\"alg\":null}",
        "{\"alg\":[\"HS256\"]}", "{\"alg\":\"hs256\"}", "{\"alg\":\"HS2560\"}",
        "{\"alg\":\"None\"}", "{\"alg\":\"nOnE\"}", "{\"alg\":\"\"}",
        "{\"alg\":\"RS512\"}", "{\"alg\":\"HS256\\u0000\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"HS256\",\"crit\":null}",
        "{\"alg\":\"HS256\",\"b64\":true}",
        "{\"alg\":\"HS256\",\"zip\":\"DEF\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWE\"}", "{\"alg\":\"HS256\",\"typ\":1}",
        "{\"alg\":\"HS256\",\"kid\":\"\"}", "{\"alg\":\"HS256\",\"kid\":7}",
        "{\"alg\":\"HS256\"", "{\"alg\":\"HS256\"}x"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_int(parse_header(good[i]), NGX_OK, "%s", good[i]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(parse_header(bad[i]), NGX_ERROR, "%s is refused", bad[i]);
        ok(reason != NULL, "reason: %s", reason ? reason : "none");
    }

    is_int(parse_header("{\"alg\":\"ES384\",\"kid\":\"a\\u00e9\"}"), NGX_OK,
           "kid");
    is_str(&jwt.kid, "a\xc3\xa9", "value");
    is_int(jwt.alg, NGX_LIVE_JWT_ES384, "algorithm");

    for (i = 255; i < 257; i++) {
        strcpy(text, "{\"alg\":\"HS256\",\"kid\":\"");
        memset(text + 22, 'k', i);
        strcpy(text + 22 + i, "\"}");

        is_int(parse_header(text), i == 255 ? NGX_OK : NGX_ERROR,
               "kid of %d bytes", (int) i);
    }
}


static void
test_algs(void)
{
    ngx_str_t  name = ngx_string("EdDSA"), none = ngx_string("none");

    is_int(ngx_live_jwt_alg(&name), NGX_LIVE_JWT_EDDSA, "EdDSA");
    is_int(ngx_live_jwt_alg(&none), 0, "none");
    is_int(ngx_live_jwt_hash(NGX_LIVE_JWT_ES384), 48, "hash of ES384");
    is_int(ngx_live_jwt_hash(NGX_LIVE_JWT_EDDSA), 0, "hash of EdDSA");
}
