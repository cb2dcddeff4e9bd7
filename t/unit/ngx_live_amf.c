
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the AMF reader and writer. */


#include <ngx_unit.h>
#include <ngx_live_amf.h>


static ngx_live_amf_t  amf;


static ngx_live_amf_t *
from_hex(const char *hex)
{
    u_char   tmp[4096], *p;
    size_t   len;

    len = unhex(tmp, hex);
    p = buf_copy(tmp, len);

    ngx_live_amf_init(&amf, p, p + len);

    return &amf;
}


static void
test_connect(void)
{
    double           number;
    ngx_int_t        rc;
    ngx_str_t        s, key;
    ngx_uint_t       n, flag;
    ngx_live_amf_t  *a;

    /* connect, 1, { app: "live", fpad: false, capabilities: 239, x: null } */

    a = from_hex("02 0007 636f6e6e656374  00 3ff0000000000000"
                 "03 0003 617070 02 0004 6c697665"
                 "   0004 66706164 01 00"
                 "   000c 6361706162696c6974696573 00 406de00000000000"
                 "   0001 78 05"
                 "   0000 09");

    is_int(ngx_live_amf_read_number(a, &number), NGX_DECLINED,
           "a string is no number");
    is_int(ngx_live_amf_read_object(a), NGX_DECLINED, "and no object");
    is_int(ngx_live_amf_read_string(a, &s), NGX_OK, "string");
    is_str(&s, "connect", "its text");
    is_int(ngx_live_amf_read_string(a, &s), NGX_DECLINED,
           "a number is no string");
    is_int(ngx_live_amf_read_number(a, &number), NGX_OK, "number");
    ok(number == 1.0, "its value");
    is_int(ngx_live_amf_read_null(a), NGX_DECLINED, "an object is not null");
    is_int(ngx_live_amf_read_object(a), NGX_OK, "object");

    is_int(ngx_live_amf_read_string(a, &s), NGX_DONE,
           "no value before its key");

    is_int(ngx_live_amf_next(a, &key), NGX_OK, "first key");
    is_str(&key, "app", "its name");
    is_int(ngx_live_amf_read_number(a, &number), NGX_DECLINED,
           "its value is no number");
    is_int(ngx_live_amf_read_string(a, &s), NGX_OK, "but a string");
    is_str(&s, "live", "of this text");
    is_int(ngx_live_amf_read_string(a, &s), NGX_DONE, "once only");

    is_int(ngx_live_amf_next(a, &key), NGX_OK, "second key");
    is_int(ngx_live_amf_read_boolean(a, &flag), NGX_OK, "boolean");
    is_int(flag, 0, "false");

    n = 0;

    while ((rc = ngx_live_amf_next(a, &key)) == NGX_OK) {
        n++;
    }

    is_int(rc, NGX_DONE, "the end of the object");
    is_int(n, 2, "two properties stepped over");
    is_int(ngx_live_amf_read_string(a, &s), NGX_DONE, "the end of the buffer");
    is_int(ngx_live_amf_skip(a), NGX_DONE, "nothing to skip");
    is_int(ngx_live_amf_leave(a), NGX_OK, "nothing to leave");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "no container is open");
}


static void
test_types(void)
{
    ngx_str_t              key;
    ngx_live_amf_t        *a;
    ngx_live_amf_value_t   v;

    a = from_hex("01 02  06  0d  07 0001  0b 4270000000000000 0000"
                 "0c 00000003 616263  0f 00000002 3c3e"
                 "0a 00000002 05 01 01"
                 "10 0003 466f6f 0001 61 06 000009"
                 "08 00000001 0001 61 02 0000 000009"
                 "05");

    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_BOOLEAN, "boolean");
    is_int(v.boolean, 1, "any non-zero byte is true");
    is_int(ngx_live_amf_read_null(a), NGX_OK, "undefined reads as null");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_NULL, "unsupported reads as null");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_REFERENCE, "reference");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_DATE, "date");
    ok(v.number == 1099511627776.0, "milliseconds");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_STRING, "long string");
    is_str(&v.string, "abc", "its text");
    ngx_live_amf_read(a, &v);
    is_str(&v.string, "<>", "XML");

    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_STRICT_ARRAY, "strict array");
    is_int(ngx_live_amf_next(a, &key), NGX_OK, "first element");
    is_int(key.len, 0, "has no key");
    is_int(ngx_live_amf_next(a, &key), NGX_OK, "second element");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "no third");

    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_OBJECT, "typed object");
    is_str(&v.string, "Foo", "its class");
    is_int(ngx_live_amf_leave(a), NGX_OK, "left");

    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_ECMA_ARRAY, "ECMA array");
    is_int(ngx_live_amf_next(a, &key), NGX_OK, "its key");
    is_str(&key, "a", "by name");
    is_int(ngx_live_amf_leave(a), NGX_OK, "left with a value pending");

    is_int(ngx_live_amf_read_null(a), NGX_OK, "null");
    ok(a->pos == a->end, "all read");
}


static void
test_nested(void)
{
    ngx_int_t        rc;
    ngx_str_t        key, s;
    ngx_uint_t       n;
    ngx_live_amf_t  *a;

    /* { a: { b: { c: 1 }, d: [ null, {} ] }, e: "x" }, "y" */

    a = from_hex("03 0001 61 03 0001 62 03 0001 63 00 3ff0000000000000 000009"
                 "   0001 64 0a 00000002 05 03 000009 000009"
                 "   0001 65 02 0001 78 000009"
                 "02 0001 79");

    is_int(ngx_live_amf_read_object(a), NGX_OK, "outer object");

    n = 0;

    while ((rc = ngx_live_amf_next(a, &key)) == NGX_OK) {
        n++;
    }

    is_int(rc, NGX_DONE, "walked without reading");
    is_int(n, 2, "two properties");
    is_int(ngx_live_amf_read_string(a, &s), NGX_OK, "what stands behind it");
    is_str(&s, "y", "is in place");

    a = from_hex("03 0001 61 03 0001 62 03 0001 63 00 3ff0000000000000 000009"
                 "   0001 64 0a 00000002 05 03 000009 000009"
                 "   0001 65 02 0001 78 000009"
                 "02 0001 79");

    ngx_live_amf_read_object(a);
    ngx_live_amf_next(a, &key);
    is_int(ngx_live_amf_read_object(a), NGX_OK, "inner object");
    ngx_live_amf_next(a, &key);
    is_str(&key, "b", "its first key");
    is_int(ngx_live_amf_leave(a), NGX_OK, "left at once");
    is_int(ngx_live_amf_next(a, &key), NGX_OK, "next of the outer one");
    is_str(&key, "e", "is its second property");
    is_int(ngx_live_amf_skip(a), NGX_OK, "its value skipped");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "its end");
}


static void
test_malformed(void)
{
    size_t           i, len;
    u_char           whole[256], deep[4096], *p;
    ngx_int_t        rc;
    ngx_str_t        key, s;
    ngx_uint_t       n;
    ngx_live_amf_t  *a;

    static const struct {
        const char  *hex;
        const char  *reason;
    } bad[] = {
        { "02 0004 616263",          "truncated AMF value" },
        { "02 00",                   "truncated AMF value" },
        { "00 3ff00000000000",       "truncated AMF value" },
        { "01",                      "truncated AMF value" },
        { "07 00",                   "truncated AMF value" },
        { "08 000000",               "truncated AMF value" },
        { "0a 00000001",             "truncated AMF value" },
        { "0a ffffffff 05",          "truncated AMF value" },
        { "0b 4270000000000000 00",  "truncated AMF value" },
        { "0c ffffffff 61",          "truncated AMF value" },
        { "03",                      "truncated AMF value" },
        { "03 0001 61",              "truncated AMF value" },
        { "03 0000",                 "truncated AMF value" },
        { "03 0001 61 05",           "truncated AMF value" },
        { "03 0001 61 08 00000000",  "truncated AMF value" },
        { "10 0003 46",              "truncated AMF value" },
        { "09",                      "unexpected AMF object end" },
        { "0a 00000001 09",          "unexpected AMF object end" },
        { "03 0001 61 09",           "unexpected AMF object end" },
        { "04",                      "AMF value of unknown type" },
        { "0e",                      "AMF value of unknown type" },
        { "12",                      "AMF value of unknown type" },
        { "ff",                      "AMF value of unknown type" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        a = from_hex(bad[i].hex);
        rc = ngx_live_amf_skip(a);

        ok(rc == NGX_ERROR && a->reason
           && strcmp(a->reason, bad[i].reason) == 0,
           "%s: %s", bad[i].hex, a->reason ? a->reason : "no error");
    }

    is_int(ngx_live_amf_skip(a), NGX_ERROR, "an error stays");
    is_int(ngx_live_amf_read_string(a, &s), NGX_ERROR, "for every reader");
    is_int(ngx_live_amf_next(a, &key), NGX_ERROR, "and for the iterator");

    /* any prefix of a value but the whole of it is an error */

    len = unhex(whole, "03 0001 61 03 0001 62 0a 00000002 05 02 0001 78"
                "000009 000009"
                "11 0a 0b 01 03 62 06 05 6869 01 000009"
                "0b 4270000000000000 0000");

    n = 0;

    for (i = 1; i <= len; i++) {
        p = buf_copy(whole, i);
        ngx_live_amf_init(&amf, p, p + i);

        do {
            rc = ngx_live_amf_skip(&amf);
        } while (rc == NGX_OK);

        n += (rc == NGX_DONE);
    }

    is_int(n, 3, "three values end at three places");

    /* nesting */

    for (n = 0; n + 4 <= sizeof(deep); n += 4) {
        memcpy(deep + n, "\x03\x00\x01" "a", 4);
    }

    ngx_live_amf_init(&amf, deep, deep + sizeof(deep));
    is_int(ngx_live_amf_skip(&amf), NGX_ERROR, "1024 nested objects");
    ok(strcmp(amf.reason, "AMF values nested too deep") == 0, "are refused");

    for (n = 0; n + 5 <= sizeof(deep); n += 5) {
        memcpy(deep + n, "\x0a\x00\x00\x00\x01", 5);
    }

    ngx_live_amf_init(&amf, deep, deep + 5 * 32);
    memcpy(deep + 5 * 31, "\x0a\x00\x00\x00\x00", 5);
    is_int(ngx_live_amf_skip(&amf), NGX_OK, "32 nested arrays are read");

    /* a great number of values */

    len = NGX_LIVE_AMF_MAX_VALUES + 10;
    p = malloc(5 + len);
    memset(p, 5, 5 + len);
    p[0] = 0x0a;
    p[1] = 0;
    p[2] = 1;
    p[3] = 0;
    p[4] = 10;

    ngx_live_amf_init(&amf, p, p + 5 + len);
    is_int(ngx_live_amf_skip(&amf), NGX_ERROR, "too many values");
    ok(strcmp(amf.reason, "too many AMF values") == 0, "are refused");
    free(p);
}


static void
test_tolerated(void)
{
    ngx_str_t        key, s;
    ngx_live_amf_t  *a;

    a = from_hex("08 00000002 0001 61 05 0001 62 02 0001 78");

    is_int(ngx_live_amf_read_object(a), NGX_OK, "ECMA array");
    ngx_live_amf_next(a, &key);
    ngx_live_amf_next(a, &key);
    is_int(ngx_live_amf_read_string(a, &s), NGX_OK, "its last value");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "ends with the buffer");
    is_int(ngx_live_amf_read_string(a, &s), NGX_DONE, "without an error");

    a = from_hex("03 0000 02 0001 78 000009");

    ngx_live_amf_read_object(a);
    is_int(ngx_live_amf_next(a, &key), NGX_OK, "an empty key");
    is_int(ngx_live_amf_read_string(a, &s), NGX_OK, "may have a value");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "and is no end");
}


static void
test_write(void)
{
    u_char  *buf, *p, *end, *big;
    size_t   n, len;

    buf = malloc(256);
    end = buf + 256;

    p = ngx_live_amf_write_string(buf, end, "_result", 7);
    p = ngx_live_amf_write_number(p, end, 1);
    p = ngx_live_amf_write_null(p, end);
    p = ngx_live_amf_write_object(p, end);
    p = ngx_live_amf_write_key(p, end, "ok", 2);
    p = ngx_live_amf_write_boolean(p, end, 7);
    p = ngx_live_amf_write_key(p, end, "list", 4);
    p = ngx_live_amf_write_ecma_array(p, end, 0);
    p = ngx_live_amf_write_end(p, end);
    p = ngx_live_amf_write_end(p, end);

    is_mem(buf, p - buf,
           "\x02\x00\x07_result\x00\x3f\xf0\x00\x00\x00\x00\x00\x00\x05\x03"
           "\x00\x02ok\x01\x01\x00\x04list\x08\x00\x00\x00\x00\x00\x00\x09"
           "\x00\x00\x09", 44, "a reply");

    /* every shorter buffer */

    len = p - buf;

    for (n = 0; n < len; n++) {
        p = malloc(n + 1);

        end = ngx_live_amf_write_string(p, p + n, "_result", 7);
        end = ngx_live_amf_write_number(end, p + n, 1);
        end = ngx_live_amf_write_null(end, p + n);
        end = ngx_live_amf_write_object(end, p + n);
        end = ngx_live_amf_write_key(end, p + n, "ok", 2);
        end = ngx_live_amf_write_boolean(end, p + n, 7);
        end = ngx_live_amf_write_key(end, p + n, "list", 4);
        end = ngx_live_amf_write_ecma_array(end, p + n, 0);
        end = ngx_live_amf_write_end(end, p + n);
        end = ngx_live_amf_write_end(end, p + n);

        free(p);

        if (end != NULL) {
            break;
        }
    }

    is_int(n, len, "fails in every shorter buffer");

    free(buf);

    len = 70000;
    big = calloc(1, len);
    buf = malloc(len + 5);

    p = ngx_live_amf_write_string(buf, buf + len + 5, big, len);
    ok(p == buf + len + 5, "a long string");
    is_mem(buf, 5, "\x0c\x00\x01\x11\x70", 5, "its header");
    ok(ngx_live_amf_write_key(buf, buf + len + 5, big, len) == NULL,
       "a key of that length");

    free(big);
    free(buf);
}


static void
test_integer(void)
{
    is_int(ngx_live_amf_integer(-1.9), -1, "cut");
    is_int(ngx_live_amf_integer(0.0 / 0.0), 0, "NaN");
    is_int(ngx_live_amf_integer(1e300), INT64_MAX, "too great");
    is_int(ngx_live_amf_integer(-1.0 / 0.0), INT64_MIN, "too little");
    is_int(ngx_live_amf_integer(9223372036854775807.0), INT64_MAX, "2^63");
}


int
main(void)
{
    test_connect();
    test_types();
    test_nested();
    test_malformed();
    test_tolerated();
    test_write();
    test_integer();

    return done_testing();
}
