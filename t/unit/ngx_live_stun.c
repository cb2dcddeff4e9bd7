
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of STUN with the vectors of RFC 5769. */


#include <ngx_unit.h>
#include <ngx_live_stun.h>


#define TRANSACTION  "b7e7a701bc34d686fa87dfae"

/* RFC 5769, sections 2.1 to 2.3 */

#define REQUEST                                                               \
    "00010058 2112a442" TRANSACTION                                           \
    "80220010 5354554e 20746573 7420636c 69656e74 00240004 6e0001ff"          \
    "80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020"          \
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2"                   \
    "80280004 e57a3bcf"

#define RESPONSE4                                                             \
    "0101003c 2112a442" TRANSACTION                                           \
    "8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643"          \
    "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"                   \
    "80280004 c07d4c96"

#define RESPONSE6                                                             \
    "01010048 2112a442" TRANSACTION                                           \
    "8022000b 74657374 20766563 746f7220"                                     \
    "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"                   \
    "00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41"                   \
    "80280004 c8fb0b4c"


static void test_request(void);
static void test_response(const char *hex, ngx_uint_t family,
    const char *address);
static void test_damaged(void);
static void test_malformed(const char *hex, const char *what);
static void test_unknown(void);
static void test_write(void);
static void test_success(void);
static void test_refuse(void);
static void test_types(void);
static void test_fragments(void);
static ngx_int_t parse(ngx_live_stun_t *m, const char *hex);


static const char           *reason;
static ngx_live_hmac_key_t   key;
static const char            password[] = "VOkJxbRl1RmTxUk/WvJxBt";


int
main(void)
{
    ngx_live_hmac_key(&key, (u_char *) password, sizeof(password) - 1);

    test_request();
    test_response(RESPONSE4, AF_INET, "c0000201");
    test_response(RESPONSE6, AF_INET6, "20010db8123456780011223344556677");
    test_damaged();

    test_malformed("0001", "too short");
    test_malformed("00010000 2112a443" TRANSACTION, "another cookie");
    test_malformed("40010000 2112a442" TRANSACTION, "first bits not zero");
    test_malformed("00010004 2112a442" TRANSACTION, "length too great");
    test_malformed("00010002 2112a442" TRANSACTION "0000",
                   "length is no multiple of four");
    test_malformed("00010000 2112a442" TRANSACTION "00000000",
                   "bytes behind the message");
    test_malformed("00010004 2112a442" TRANSACTION "00060001",
                   "attribute without its value");
    test_malformed("00010008 2112a442" TRANSACTION "0006ffff 61616161",
                   "attribute longer than the message");
    test_malformed("00010008 2112a442" TRANSACTION "00240003 01020300",
                   "PRIORITY of three bytes");
    test_malformed("00010008 2112a442" TRANSACTION "00080004 01020304",
                   "MESSAGE-INTEGRITY of four bytes");
    test_malformed("01110008 2112a442" TRANSACTION "00090004 00000764",
                   "error 800");
    test_malformed("0101000c 2112a442" TRANSACTION "00200008 00030000 00000000",
                   "address of an unknown family");
    test_malformed("00010008 2112a442" TRANSACTION "80280004 00000000",
                   "FINGERPRINT is wrong");

    test_unknown();
    test_write();
    test_success();
    test_refuse();
    test_types();
    test_fragments();

    return done_testing();
}


static ngx_int_t
parse(ngx_live_stun_t *m, const char *hex)
{
    u_char  buf[1024], *p;
    size_t  n;

    n = unhex(buf, hex);
    p = buf_copy(buf, n);
    reason = NULL;

    return ngx_live_stun_parse(m, p, p + n, &reason);
}


static void
test_request(void)
{
    u_char           transaction[12];
    ngx_str_t        ours, theirs;
    ngx_live_stun_t  m;

    unhex(transaction, TRANSACTION);

    is_int(parse(&m, REQUEST), NGX_OK, "request");
    is_int(m.class, NGX_LIVE_STUN_REQUEST, "class");
    is_int(m.method, NGX_LIVE_STUN_BINDING, "method");
    is_mem(m.transaction, 12, transaction, 12, "transaction");
    is_str(&m.username, "evtj:h6vY", "username");
    is_int(m.priority, 0x6e0001ff, "priority");
    is_int(m.tie_breaker, 0x932ff9b151263b36, "tie breaker");
    ok(m.controlled && !m.controlling && !m.use_candidate, "role");
    ok(m.fingerprint, "fingerprint");
    is_int(m.nunknown, 0, "SOFTWARE need not be understood");
    is_int(ngx_live_stun_check(&m), 0, "has credentials");
    is_int(ngx_live_stun_verify(&m, &key), NGX_OK, "integrity");

    is_int(ngx_live_stun_fragments(&m, &ours, &theirs), NGX_OK, "fragments");
    is_str(&ours, "evtj", "ours");
    is_str(&theirs, "h6vY", "theirs");
}


static void
test_response(const char *hex, ngx_uint_t family, const char *address)
{
    u_char           ip[16];
    size_t           n;
    ngx_live_stun_t  m;

    n = unhex(ip, address);

    is_int(parse(&m, hex), NGX_OK, "response");
    is_int(m.class, NGX_LIVE_STUN_SUCCESS, "class");
    is_int(m.mapped.family, family, "family");
    is_int(m.mapped.port, 32853, "port");
    is_mem(m.mapped.ip, n, ip, n, "address");
    ok(m.fingerprint, "fingerprint");
    is_int(ngx_live_stun_verify(&m, &key), NGX_OK, "integrity");
}


/* each bit counts, and each missing byte */

static void
test_damaged(void)
{
    u_char           buf[128], *p;
    size_t           n, i;
    ngx_uint_t       taken;
    ngx_live_stun_t  m;

    n = unhex(buf, REQUEST);
    taken = 0;

    for (i = 0; i < n * 8; i++) {
        buf[i / 8] ^= (u_char) (1 << (i % 8));

        if (ngx_live_stun_parse(&m, buf, buf + n, &reason) == NGX_OK
            && m.fingerprint
            && ngx_live_stun_verify(&m, &key) == NGX_OK)
        {
            taken++;
        }

        buf[i / 8] ^= (u_char) (1 << (i % 8));
    }

    is_int(taken, 0, "no damaged request is taken");

    for (i = 0; i < n; i++) {
        p = buf_copy(buf, i);
        taken += (ngx_live_stun_parse(&m, p, p + i, &reason) == NGX_OK);
    }

    is_int(taken, 0, "no cut request is taken");
}


static void
test_malformed(const char *hex, const char *what)
{
    ngx_live_stun_t  m;

    is_int(parse(&m, hex), NGX_ERROR, "%s", what);
    ok(reason != NULL, "with a reason");
}


static void
test_unknown(void)
{
    ngx_live_stun_t  m;

    is_int(parse(&m, "00010014 2112a442" TRANSACTION
                     "7f010003 61626300 7f020000 80ff0001 00000000"), NGX_OK,
           "attributes that nobody knows");
    is_int(m.nunknown, 2, "two of them must be understood");
    is_int(m.unknown[0], 0x7f01, "the first");
    is_int(m.unknown[1], 0x7f02, "the second");
    is_int(ngx_live_stun_check(&m), 400, "no credentials");
    is_int(ngx_live_stun_verify(&m, &key), NGX_DECLINED, "no integrity");

    is_int(parse(&m, "00010020 2112a442" TRANSACTION
                     "00080014 00000000 00000000 00000000 00000000 00000000"
                     "7f010000 00250000"), NGX_OK,
           "attributes behind MESSAGE-INTEGRITY");
    is_int(m.nunknown, 0, "are ignored");
    ok(!m.use_candidate, "all of them");
    is_int(ngx_live_stun_verify(&m, &key), NGX_DECLINED, "wrong integrity");

    is_int(parse(&m, "00010024 2112a442" TRANSACTION
                     "7f010000 7f020000 7f030000 7f040000 7f050000 7f060000"
                     "7f070000 7f080000 7f090000"), NGX_OK, "nine unknown");
    is_int(m.nunknown, 9, "are counted");
}


static void
test_write(void)
{
    u_char                   buf[256], transaction[12];
    size_t                   len, i, n;
    ngx_str_t                name;
    ngx_live_stun_t          m;
    ngx_live_stun_writer_t   w;

    unhex(transaction, TRANSACTION);
    ngx_str_set(&name, "ours:theirs");

    len = 0;
    n = sizeof(buf);

    for (i = 0; i < 2; i++) {
        ngx_live_stun_begin(&w, buf, buf + n, NGX_LIVE_STUN_REQUEST,
                            transaction);
        ngx_live_stun_add_username(&w, &name);
        ngx_live_stun_add_priority(&w, 0x12345678);
        ngx_live_stun_add_use_candidate(&w);
        ngx_live_stun_add_role(&w, 1, 42);
        ngx_live_stun_add_integrity(&w, &key);
        len = ngx_live_stun_finish(&w);
        n = len;
    }

    is_int(len, n, "the buffer may be filled to its end");
    is_int(ngx_live_stun_parse(&m, buf, buf + len, &reason), NGX_OK,
           "request");
    is_str(&m.username, "ours:theirs", "username");
    is_int(m.priority, 0x12345678, "priority");
    is_int(m.tie_breaker, 42, "tie breaker");
    ok(m.controlling && m.use_candidate && m.fingerprint, "flags");
    is_int(ngx_live_stun_verify(&m, &key), NGX_OK, "integrity");

    for (i = 0; i < len; i++) {
        ngx_live_stun_begin(&w, buf, buf + i, NGX_LIVE_STUN_REQUEST,
                            transaction);
        ngx_live_stun_add_username(&w, &name);
        ngx_live_stun_add_priority(&w, 0x12345678);
        ngx_live_stun_add_use_candidate(&w);
        ngx_live_stun_add_role(&w, 1, 42);
        ngx_live_stun_add_integrity(&w, &key);
        n = ngx_live_stun_finish(&w);

        if (n) {
            ok(0, "a buffer of %lu bytes", (unsigned long) i);
        }
    }
}


static void
test_success(void)
{
    u_char               buf[128], out[128], ip[16];
    size_t               n, len;
    ngx_live_stun_t      m, r;
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;

    n = unhex(buf, REQUEST);
    is_int(ngx_live_stun_parse(&m, buf, buf + n, &reason), NGX_OK, "request");

    ngx_memzero(&sin, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(32853);
    sin.sin_addr.s_addr = htonl(0xc0000201);

    len = ngx_live_stun_success(out, out + sizeof(out), &m,
                                (struct sockaddr *) &sin, &key);
    ok(len > 0 && len < n, "success is shorter than the request");
    is_int(ngx_live_stun_parse(&r, out, out + len, &reason), NGX_OK, "v4");
    is_int(r.class, NGX_LIVE_STUN_SUCCESS, "class");
    is_mem(r.transaction, 12, m.transaction, 12, "transaction");
    is_int(r.mapped.family, AF_INET, "family");
    is_int(r.mapped.port, 32853, "port");
    is_mem(r.mapped.ip, 4, "\xc0\0\x02\x01", 4, "address");
    is_int(ngx_live_stun_verify(&r, &key), NGX_OK, "integrity");

    ngx_memzero(&sin6, sizeof(sin6));
    sin6.sin6_family = AF_INET6;
    sin6.sin6_port = htons(1);
    unhex(sin6.sin6_addr.s6_addr, "20010db8123456780011223344556677");
    unhex(ip, "20010db8123456780011223344556677");

    len = ngx_live_stun_success(out, out + sizeof(out), &m,
                                (struct sockaddr *) &sin6, &key);
    is_int(ngx_live_stun_parse(&r, out, out + len, &reason), NGX_OK, "v6");
    is_int(r.mapped.family, AF_INET6, "family");
    is_mem(r.mapped.ip, 16, ip, 16, "address");

    unhex(sin6.sin6_addr.s6_addr, "00000000000000000000ffffc0000201");

    len = ngx_live_stun_success(out, out + sizeof(out), &m,
                                (struct sockaddr *) &sin6, &key);
    is_int(ngx_live_stun_parse(&r, out, out + len, &reason), NGX_OK, "mapped");
    is_int(r.mapped.family, AF_INET, "is written as IPv4");

    sin.sin_family = AF_UNIX;
    is_int(ngx_live_stun_success(out, out + sizeof(out), &m,
                                 (struct sockaddr *) &sin, &key), 0,
           "no address of another family");
}


static void
test_refuse(void)
{
    u_char           buf[128], out[128];
    size_t           n, len, i;
    ngx_live_stun_t  m, r;

    static ngx_uint_t  codes[] = { 400, 401, 420, 487, 500 };

    n = unhex(buf, "00010008 2112a442" TRANSACTION "7f010000 7f020000");
    is_int(ngx_live_stun_parse(&m, buf, buf + n, &reason), NGX_OK, "request");

    for (i = 0; i < 5; i++) {
        len = ngx_live_stun_refuse(out, out + sizeof(out), &m, codes[i],
                                   codes[i] > 401 ? &key : NULL);
        ok(len > 0, "%lu", (unsigned long) codes[i]);
        is_int(ngx_live_stun_parse(&r, out, out + len, &reason), NGX_OK,
               "parsed");
        is_int(r.class, NGX_LIVE_STUN_ERROR, "class");
        is_int(r.error, codes[i], "code");
        is_int(ngx_live_stun_verify(&r, &key),
               codes[i] > 401 ? NGX_OK : NGX_DECLINED, "integrity");
    }

    is_int(ngx_live_stun_refuse(out, out + 50, &m, 420, &key), 0,
           "no room");

    len = ngx_live_stun_refuse(out, out + sizeof(out), &m, 420, NULL);
    n = unhex(buf, "000a0004 7f017f02");
    is_mem(out + len - 8 - n, n, buf, n, "UNKNOWN-ATTRIBUTES");
}


static void
test_types(void)
{
    ngx_live_stun_t  m;

    is_int(parse(&m, "00110000 2112a442" TRANSACTION), NGX_OK, "indication");
    is_int(m.class, NGX_LIVE_STUN_INDICATION, "class");
    is_int(parse(&m, "01110000 2112a442" TRANSACTION), NGX_OK, "error");
    is_int(m.class, NGX_LIVE_STUN_ERROR, "class");
    is_int(parse(&m, "3eef0000 2112a442" TRANSACTION), NGX_OK,
           "all bits of the method");
    is_int(m.method, 0xfff, "method");
    is_int(m.class, NGX_LIVE_STUN_REQUEST, "class");
}


static void
test_fragments(void)
{
    ngx_uint_t       i;
    ngx_str_t        ours, theirs;
    ngx_live_stun_t  m;

    static const char  *bad[] = { "", ":", "a:", ":a", "abc" };

    ngx_memzero(&m, sizeof(m));
    is_int(ngx_live_stun_fragments(&m, &ours, &theirs), NGX_ERROR, "absent");

    for (i = 0; i < 5; i++) {
        m.username.data = (u_char *) bad[i];
        m.username.len = strlen(bad[i]);
        is_int(ngx_live_stun_fragments(&m, &ours, &theirs), NGX_ERROR,
               "\"%s\"", bad[i]);
    }
}
