
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of claims: types, bounds, times, patterns, addresses. */


#include "ngx_live_claims.h"
#include "ngx_unit.h"

#include <arpa/inet.h>


static ngx_live_claims_t  claims;
static const char        *reason;
static u_char             space[NGX_LIVE_CLAIMS_SIZE(4096)];


static ngx_int_t parse(const char *json);
static void test_plain(void);
static void test_times(void);
static void test_lists(void);
static void test_refused(void);
static void test_size(void);
static void test_copy(void);
static void test_streams(void);
static void test_addresses(void);
static void test_countries(void);


int
main(void)
{
    test_plain();
    test_times();
    test_lists();
    test_refused();
    test_size();
    test_copy();
    test_streams();
    test_addresses();
    test_countries();

    return done_testing();
}


static ngx_int_t
parse(const char *json)
{
    size_t   len;
    u_char  *p, *buf;

    len = strlen(json);
    p = buf_copy(json, len);

    memset(space, 0xa5, sizeof(space));
    buf = buf_copy(space, NGX_LIVE_CLAIMS_SIZE(len));

    reason = NULL;

    return ngx_live_claims_parse(p, len, buf, &claims, &reason);
}


static void
test_plain(void)
{
    is_int(parse("{}"), NGX_OK, "nothing is claimed");
    is_int(claims.exp, NGX_LIVE_CLAIM_NEVER, "no exp");
    is_int(claims.nbf, 0, "no nbf");
    is_int(claims.role, NGX_LIVE_ROLE_VIEWER, "a viewer");
    is_int(claims.streams.len, 0, "of no stream");
    is_int(claims.max_sessions, 0, "no limit");

    is_int(parse("{\"iss\":\"joe\",\"exp\":1300819380,"
                 "\"http://example.com/is_root\":true}"),
           NGX_OK, "RFC 7519, 3.1");
    is_str(&claims.iss, "joe", "iss");
    is_int(claims.exp, 1300819380, "exp");

    is_int(parse("{\"sub\":\"u-1\",\"jti\":\"t-1\",\"iat\":10,\"nbf\":11,"
                 "\"live\":{\"role\":\"publisher\",\"age_verified\":true,"
                 "\"max_sessions\":3,\"max_rate\":6e6,\"later\":[{}]}}"),
           NGX_OK, "ours");
    is_str(&claims.sub, "u-1", "sub");
    is_str(&claims.jti, "t-1", "jti");
    is_int(claims.iat, 10, "iat");
    is_int(claims.nbf, 11, "nbf");
    is_int(claims.role, NGX_LIVE_ROLE_PUBLISHER, "role");
    is_int(claims.age_verified, 1, "age");
    is_int(claims.max_sessions, 3, "sessions");
    is_int(claims.max_rate, 6000000, "rate");
}


static void
test_times(void)
{
    is_int(parse("{\"exp\":100.9,\"nbf\":50.1,\"iat\":49.9}"), NGX_OK,
           "fractions");
    is_int(claims.exp, 100, "exp is earlier");
    is_int(claims.nbf, 51, "nbf is later");
    is_int(claims.iat, 49, "iat is earlier");

    is_int(ngx_live_claims_time(&claims, 50, 0, &reason), NGX_DECLINED,
           "before nbf");
    ok(strcmp(reason, "token not yet valid") == 0, "says so: %s", reason);
    is_int(ngx_live_claims_time(&claims, 50, 1, &reason), NGX_OK,
           "within leeway");
    is_int(ngx_live_claims_time(&claims, 51, 0, &reason), NGX_OK, "at nbf");
    is_int(ngx_live_claims_time(&claims, 99, 0, &reason), NGX_OK,
           "before exp");
    is_int(ngx_live_claims_time(&claims, 100, 0, &reason), NGX_DECLINED,
           "at exp");
    ok(strcmp(reason, "token expired") == 0, "says so: %s", reason);
    is_int(ngx_live_claims_time(&claims, 104, 5, &reason), NGX_OK,
           "within leeway");
    is_int(ngx_live_claims_time(&claims, 105, 5, &reason), NGX_DECLINED,
           "and no longer");

    is_int(parse("{\"iat\":1000}"), NGX_OK, "iat only");
    is_int(ngx_live_claims_time(&claims, 990, 9, &reason), NGX_DECLINED,
           "issued in the future");
    is_int(ngx_live_claims_time(&claims, 253402300799, 0, &reason), NGX_OK,
           "never expires");

    is_int(parse("{\"exp\":0}"), NGX_OK, "exp 0");
    is_int(ngx_live_claims_time(&claims, 1, 0, &reason), NGX_DECLINED,
           "is a time");
}


static void
test_lists(void)
{
    is_int(parse("{\"aud\":\"a\",\"live\":{\"streams\":[\"live/x\",\"y/*\"],"
                 "\"countries\":[\"de\",\"At\"],"
                 "\"groups\":[\"follower\",\"a\"],\"ip\":\"10.0.0.0/8\"}}"),
           NGX_OK, "lists");
    is_mem(claims.aud.data, claims.aud.len, "a\0", 2, "aud");
    is_mem(claims.streams.data, claims.streams.len, "live/x\0y/*\0", 11,
           "streams");
    is_mem(claims.countries.data, claims.countries.len, "DE\0AT\0", 6,
           "countries");
    is_mem(claims.groups.data, claims.groups.len, "follower\0a\0", 11,
           "groups");
    is_mem(claims.ip.data, claims.ip.len,
           "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0\x68", 17, "ip");

    ok(ngx_live_claims_has(&claims.streams, &(ngx_str_t) ngx_string("y/*")),
       "has");
    ok(!ngx_live_claims_has(&claims.streams, &(ngx_str_t) ngx_string("y/")),
       "has not");
    ok(!ngx_live_claims_has(&claims.aud, &(ngx_str_t) ngx_null_string),
       "has no empty one");
}


static void
test_refused(void)
{
    ngx_uint_t          i;
    static const char  *texts[] = {
        "", "[]", "1", "null", "{", "{\"exp\":1,\"exp\":2}",
        "{\"sub\":\"a\\u0000b\"}", "{\"sub\":\"a\xff\"}", "{}{}",

        "{\"exp\":\"1\"}", "{\"exp\":null}", "{\"exp\":-1}",
        "{\"exp\":253402300800}", "{\"exp\":1e300}", "{\"exp\":-0.5}",
        "{\"nbf\":true}", "{\"nbf\":253402300799.5}", "{\"iat\":[1]}",
        "{\"exp\":99999999999999999999999}",

        "{\"iss\":1}", "{\"iss\":\"\"}", "{\"sub\":[\"a\"]}",
        "{\"jti\":\"a\\nb\"}", "{\"sub\":\"\\u007f\"}",
        "{\"aud\":[]}", "{\"aud\":[1]}", "{\"aud\":{}}", "{\"aud\":[\"\"]}",

        "{\"live\":[]}", "{\"live\":null}", "{\"live\":\"live/*\"}",
        "{\"live\":{\"streams\":[]}}", "{\"live\":{\"streams\":[[\"a\"]]}}",
        "{\"live\":{\"role\":\"root\"}}", "{\"live\":{\"role\":\"Admin\"}}",
        "{\"live\":{\"role\":[\"admin\"]}}", "{\"live\":{\"role\":null}}",
        "{\"live\":{\"age_verified\":1}}", "{\"live\":{\"age_verified\":null}}",
        "{\"live\":{\"max_sessions\":0}}", "{\"live\":{\"max_sessions\":-1}}",
        "{\"live\":{\"max_sessions\":\"3\"}}", "{\"live\":{\"max_rate\":0}}",
        "{\"live\":{\"max_rate\":1e13}}",
        "{\"live\":{\"countries\":[\"01234567890123456\"]}}",

        "{\"live\":{\"ip\":\"10.0.0\"}}", "{\"live\":{\"ip\":\"10.0.0.0/33\"}}",
        "{\"live\":{\"ip\":\"10.0.0.0/\"}}", "{\"live\":{\"ip\":\"/8\"}}",
        "{\"live\":{\"ip\":\"::1/129\"}}", "{\"live\":{\"ip\":\"::1/+1\"}}",
        "{\"live\":{\"ip\":\"::1/0008\"}}", "{\"live\":{\"ip\":\"host\"}}",
        "{\"live\":{\"ip\":[]}}",
        "{\"live\":{\"ip\":\"0000000000000000000000000000000000000000000::\"}}"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_int(parse(texts[i]), NGX_ERROR, "%s is refused", texts[i]);
        ok(reason != NULL, "reason: %s", reason ? reason : "none");
    }
}


static void
test_size(void)
{
    char        text[4096], *p;
    ngx_uint_t  i;

    for (i = 254; i < 258; i++) {
        p = text + sprintf(text, "{\"sub\":\"");
        memset(p, 'a', i);
        strcpy(p + i, "\"}");

        is_int(parse(text), i <= 255 ? NGX_OK : NGX_ERROR, "sub of %d bytes",
               (int) i);
    }

    /* the shortest texts that grow most */

    for (i = 63; i < 67; i++) {
        p = text + sprintf(text, "{\"live\":{\"ip\":[\"::\"");
        while ((ngx_uint_t) (p - text) < 18 + (i - 1) * 5) {
            p += sprintf(p, ",\"::\"");
        }

        strcpy(p, "]}}");

        is_int(parse(text), i <= 64 ? NGX_OK : NGX_ERROR, "%d addresses",
               (int) i);
    }

    memset(text, '[', sizeof(text));
    memcpy(text, "{\"a\":", 5);
    text[500] = '\0';

    is_int(parse(text), NGX_ERROR, "deep nesting");
    ok(strcmp(reason, "JSON is nested too deeply") == 0, "says so");
}


static void
test_copy(void)
{
    u_char             *buf;
    ngx_live_claims_t   copy;

    (void) parse("{\"iss\":\"i\",\"sub\":\"s\",\"jti\":\"j\",\"aud\":\"a\","
                 "\"exp\":7,\"live\":{\"streams\":\"x/y\",\"role\":\"guest\","
                 "\"countries\":[\"de\"],\"ip\":\"::1\"}}");

    buf = malloc(claims.data.len);
    ngx_live_claims_copy(&copy, &claims, buf);
    memset(claims.data.data, 0, claims.data.len);

    is_str(&copy.iss, "i", "iss");
    is_str(&copy.sub, "s", "sub");
    is_str(&copy.jti, "j", "jti");
    is_mem(copy.aud.data, copy.aud.len, "a", 2, "aud");
    is_mem(copy.streams.data, copy.streams.len, "x/y", 4, "streams");
    is_mem(copy.countries.data, copy.countries.len, "DE", 3, "countries");
    is_int(copy.ip.data[15], 1, "ip");
    is_int(copy.ip.data[16], 128, "bits");
    is_int(copy.exp, 7, "exp");
    is_int(copy.role, NGX_LIVE_ROLE_GUEST, "role");
    is_int(copy.data.len, claims.data.len, "size");

    free(buf);
}


static void
test_streams(void)
{
    char        json[256];
    ngx_str_t   app, name;
    ngx_uint_t  i;

    static const struct {
        const char  *pattern;
        const char  *app;
        const char  *name;
        ngx_uint_t   match;
    } cases[] = {
        { "live/alice", "live", "alice", 1 },
        { "live/alice", "live", "alicex", 0 },
        { "live/alice", "live", "alic", 0 },
        { "live/alice", "livex", "alice", 0 },
        { "live/*", "live", "alice", 1 },
        { "live/*", "live2", "alice", 0 },
        { "live/*", "liv", "alice", 0 },
        { "live*", "live2", "alice", 1 },
        { "live", "live", "alice", 0 },
        { "*/*", "live", "alice", 1 },
        { "*", "live", "alice", 1 },
        { "*/alice", "live", "alice", 1 },
        { "*/alice", "live", "bob", 0 },
        { "*alice", "live", "alice", 0 },
        { "l*e/al*e", "live", "alice", 1 },
        { "l*e/al*e", "live", "alicex", 0 },
        { "l*e/al*e", "live", "ale", 1 },
        { "live/a*", "live", "alice", 1 },
        { "live/a*", "live", "bob", 0 },
        { "live/*-hd", "live", "a-hd-hd", 1 },
        { "live/*-hd", "live", "a-hd-h", 0 },
        { "*a*/x*y*z", "aba", "xyyz", 1 },
        { "*a*b/x", "aab", "x", 1 },
        { "*b/x", "b", "b/x", 0 },
        { "a**/b", "a", "b", 1 },
        { "/", "live", "alice", 0 },
        { "live/", "live", "alice", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sprintf(json, "{\"live\":{\"streams\":[\"no/no\",\"%s\"]}}",
                cases[i].pattern);
        (void) parse(json);

        app.len = strlen(cases[i].app);
        app.data = buf_copy(cases[i].app, app.len);
        name.len = strlen(cases[i].name);
        name.data = buf_copy(cases[i].name, name.len);

        is_int(ngx_live_claims_stream(&claims.streams, &app, &name),
               cases[i].match, "%s and %s/%s", cases[i].pattern,
               cases[i].app, cases[i].name);
    }

    (void) parse("{}");
    is_int(ngx_live_claims_stream(&claims.streams, &app, &name), 0,
           "no streams");
}


static void
test_addresses(void)
{
    char                 json[256];
    ngx_uint_t           i;
    struct sockaddr     *sa;
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;
    struct sockaddr_un   sun;

    static const struct {
        const char  *prefix;
        const char  *address;
        ngx_uint_t   match;
    } cases[] = {
        { "10.0.0.1", "10.0.0.1", 1 },
        { "10.0.0.1", "10.0.0.2", 0 },
        { "10.0.0.0/8", "10.255.0.1", 1 },
        { "10.0.0.0/8", "11.0.0.1", 0 },
        { "10.9.9.9/8", "10.255.0.1", 1 },
        { "192.168.4.0/22", "192.168.7.255", 1 },
        { "192.168.4.0/22", "192.168.8.0", 0 },
        { "0.0.0.0/0", "1.2.3.4", 1 },
        { "0.0.0.0/0", "2001:db8::1", 0 },
        { "10.0.0.0/8", "::ffff:10.1.2.3", 1 },
        { "2001:db8::/32", "2001:db8:1::1", 1 },
        { "2001:db8::/32", "2001:db9::1", 0 },
        { "2001:db8::1", "2001:db8::1", 1 },
        { "2001:db8::1", "2001:db8::2", 0 },
        { "2001:db8::/33", "2001:db8:8000::1", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sprintf(json, "{\"live\":{\"ip\":[\"203.0.113.7\",\"%s\"]}}",
                cases[i].prefix);
        (void) parse(json);

        memset(&sin, 0, sizeof(sin));
        memset(&sin6, 0, sizeof(sin6));

        sin.sin_family = AF_INET;
        sin6.sin6_family = AF_INET6;

        sa = (struct sockaddr *) &sin;

        if (inet_pton(AF_INET, cases[i].address, &sin.sin_addr) != 1) {
            (void) inet_pton(AF_INET6, cases[i].address, &sin6.sin6_addr);
            sa = (struct sockaddr *) &sin6;
        }

        is_int(ngx_live_claims_address(&claims.ip, sa), cases[i].match,
               "%s and %s", cases[i].prefix, cases[i].address);
    }

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;

    is_int(ngx_live_claims_address(&claims.ip, (struct sockaddr *) &sun), 0,
           "a socket file is in no prefix");

    (void) parse("{}");
    is_int(ngx_live_claims_address(&claims.ip, (struct sockaddr *) &sun), 1,
           "any address without a claim");
}


static void
test_countries(void)
{
    ngx_str_t  de = ngx_string("de"), fr = ngx_string("FR");
    ngx_str_t  none = ngx_null_string;

    (void) parse("{\"live\":{\"countries\":[\"AT\",\"De\"]}}");

    is_int(ngx_live_claims_country(&claims.countries, &de), 1, "in it");
    is_int(ngx_live_claims_country(&claims.countries, &fr), 0, "not in it");
    is_int(ngx_live_claims_country(&claims.countries, &none), 0, "unknown");

    (void) parse("{}");
    is_int(ngx_live_claims_country(&claims.countries, &none), 1, "any");
}
