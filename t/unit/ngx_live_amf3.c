
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the AMF3 side of the AMF reader. */


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
test_values(void)
{
    double                 number;
    u_char                *p;
    ngx_str_t              s, key;
    ngx_uint_t             flag;
    ngx_live_amf_t        *a;
    ngx_live_amf_value_t   v;

    p = buf_copy("\x00\x02\x00\x01x", 5);

    ngx_live_amf_init_amf3(&amf, p, p + 5);
    is_int(ngx_live_amf_read_string(&amf, &s), NGX_OK, "with a format byte");
    is_str(&s, "x", "AMF0 follows");

    ngx_live_amf_init_amf3(&amf, p + 1, p + 5);
    is_int(ngx_live_amf_read_string(&amf, &s), NGX_OK, "without it");

    ngx_live_amf_init_amf3(&amf, p, p);
    is_int(ngx_live_amf_read_string(&amf, &s), NGX_DONE, "an empty message");

    a = from_hex("11 04 7f  11 04 81 00  11 04 ff ff ff ff  11 04 c0 80 80 00"
                 "11 05 3ff0000000000000  11 02  11 03  11 01  11 00"
                 "11 06 07 616263  11 06 01  11 06 00  05");

    ngx_live_amf_read_number(a, &number);
    ok(number == 127, "integer of a byte");
    ngx_live_amf_read_number(a, &number);
    ok(number == 128, "integer of two bytes");
    ngx_live_amf_read_number(a, &number);
    ok(number == -1, "integer of four bytes");
    ngx_live_amf_read_number(a, &number);
    ok(number == -268435456.0, "the least integer");
    ngx_live_amf_read_number(a, &number);
    ok(number == 1.0, "double");
    ngx_live_amf_read_boolean(a, &flag);
    is_int(flag, 0, "false");
    ngx_live_amf_read_boolean(a, &flag);
    is_int(flag, 1, "true");
    is_int(ngx_live_amf_read_null(a), NGX_OK, "null");
    is_int(ngx_live_amf_read_null(a), NGX_OK, "undefined");
    is_int(ngx_live_amf_read_number(a, &number), NGX_DECLINED, "no number");
    ngx_live_amf_read_string(a, &s);
    is_str(&s, "abc", "string");
    ngx_live_amf_read_string(a, &s);
    is_str(&s, "", "empty string");
    ngx_live_amf_read_string(a, &s);
    is_str(&s, "abc", "reference to the string");
    is_int(ngx_live_amf_read_null(a), NGX_OK, "AMF0 again");

    /*
     * two objects of class "C" with the sealed member "m", dynamic, the
     * second by a reference to the traits
     */

    a = from_hex("11 0a 1b 03 43 03 6d 04 05 03 64 06 02 01"
                 "11 0a 01 04 06 01  05");

    is_int(ngx_live_amf_read(a, &v), NGX_OK, "AMF3 object");
    is_int(v.type, NGX_LIVE_AMF_OBJECT, "its type");
    is_str(&v.string, "C", "its class");
    ngx_live_amf_next(a, &key);
    is_str(&key, "m", "sealed member");
    ngx_live_amf_read_number(a, &number);
    ok(number == 5, "its value");
    ngx_live_amf_next(a, &key);
    is_str(&key, "d", "dynamic member");
    ngx_live_amf_read_string(a, &s);
    is_str(&s, "m", "its value, a reference");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "its end");

    is_int(ngx_live_amf_read_object(a), NGX_OK, "object of known traits");
    ngx_live_amf_next(a, &key);
    is_str(&key, "m", "sealed member");
    ngx_live_amf_read_number(a, &number);
    ok(number == 6, "its value");
    is_int(ngx_live_amf_leave(a), NGX_OK, "left");
    is_int(ngx_live_amf_read_null(a), NGX_OK, "AMF0 again");

    /* [ k: true, 1, {} ], a date, bytes, references */

    a = from_hex("11 09 05 03 6b 03 01 04 01 0a 0b 01 01"
                 "11 08 01 4270000000000000  11 0c 05 6869"
                 "11 0a 00  11 09 00  11 08 00  11 0c 00  11 0b 05 3c3e");

    is_int(ngx_live_amf_read_object(a), NGX_OK, "AMF3 array");
    ngx_live_amf_next(a, &key);
    is_str(&key, "k", "associative part");
    ngx_live_amf_next(a, &key);
    is_str(&key, "", "dense part");
    ngx_live_amf_read_number(a, &number);
    ok(number == 1, "its first element");
    is_int(ngx_live_amf_next(a, &key), NGX_OK, "its second element");
    is_int(ngx_live_amf_next(a, &key), NGX_DONE, "its end");

    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_DATE, "date");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_BYTES, "byte array");
    is_str(&v.string, "hi", "its bytes");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_REFERENCE, "object reference");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_REFERENCE, "array reference");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_REFERENCE, "date reference");
    ngx_live_amf_read(a, &v);
    is_int(v.type, NGX_LIVE_AMF_REFERENCE, "byte array reference");
    ngx_live_amf_read_string(a, &s);
    is_str(&s, "<>", "XML");
    is_int(ngx_live_amf_skip(a), NGX_DONE, "all read");
}


static void
test_malformed(void)
{
    size_t           i;
    ngx_int_t        rc;
    ngx_live_amf_t  *a;

    static const struct {
        const char  *hex;
        const char  *reason;
    } bad[] = {
        { "11",                      "truncated AMF value" },
        { "11 04 ff ff ff",          "truncated AMF value" },
        { "11 05 00",                "truncated AMF value" },
        { "11 06 07 61",             "truncated AMF value" },
        { "11 06 00",                "AMF3 reference to unknown string" },
        { "11 08 01 00",             "truncated AMF value" },
        { "11 09 09 01 01",          "truncated AMF value" },
        { "11 0a 01",                "AMF3 reference to unknown traits" },
        { "11 0a 07 01",             "AMF3 externalizable object" },
        { "11 0a ff ff ff ff 01",    "AMF3 externalizable object" },
        { "11 0a ff ff ff fb 01",    "truncated AMF value" },
        { "11 0c 07 61",             "truncated AMF value" },
        { "11 0d",                   "AMF3 value of unknown type" },
        { "11 11",                   "AMF3 value of unknown type" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        a = from_hex(bad[i].hex);
        rc = ngx_live_amf_skip(a);

        ok(rc == NGX_ERROR && a->reason
           && strcmp(a->reason, bad[i].reason) == 0,
           "%s: %s", bad[i].hex, a->reason ? a->reason : "no error");
    }
}


static void
test_tables(void)
{
    u_char           tmp[1024], *p;
    ngx_str_t        s;
    ngx_uint_t       i;

    /* 70 strings of a byte, then references to the 64th and the 65th */

    p = tmp;

    for (i = 0; i < 70; i++) {
        *p++ = 0x11;
        *p++ = 0x06;
        *p++ = 0x03;
        *p++ = (u_char) (' ' + i);
    }

    p = ngx_cpymem(p, "\x11\x06\x7e" "\x11\x06\x81\x00", 7);

    ngx_live_amf_init(&amf, tmp, p);

    for (i = 0; i < 70; i++) {
        ngx_live_amf_read_string(&amf, &s);
    }

    is_int(ngx_live_amf_read_string(&amf, &s), NGX_OK, "the 64th string");
    is_str(&s, "_", "is kept");
    is_int(ngx_live_amf_read_string(&amf, &s), NGX_ERROR, "the 65th is not");

    /* objects of 20 traits, then references to the 16th and the 17th */

    p = tmp;

    for (i = 0; i < 20; i++) {
        p = ngx_cpymem(p, "\x11\x0a\x03\x01", 4);
    }

    p = ngx_cpymem(p, "\x11\x0a\x3d" "\x11\x0a\x41", 6);

    ngx_live_amf_init(&amf, tmp, p);

    for (i = 0; i < 20; i++) {
        ngx_live_amf_skip(&amf);
    }

    is_int(ngx_live_amf_skip(&amf), NGX_OK, "the 16th traits");
    is_int(ngx_live_amf_skip(&amf), NGX_ERROR, "the 17th are not kept");

    /* nesting */

    tmp[0] = 0x11;

    for (p = tmp + 1; p + 3 <= tmp + sizeof(tmp); p += 3) {
        memcpy(p, "\x09\x03\x01", 3);
    }

    ngx_live_amf_init(&amf, tmp, p);
    is_int(ngx_live_amf_skip(&amf), NGX_ERROR, "nested arrays");
    ok(strcmp(amf.reason, "AMF values nested too deep") == 0, "are refused");
}


int
main(void)
{
    test_values();
    test_malformed();
    test_tables();

    return done_testing();
}
