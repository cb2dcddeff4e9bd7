
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Unit test of SRTP: the vectors of RFC 3711, appendix B, and of RFC 7714,
 * and thousands of packets each way compared with what libsrtp2 makes of them.
 */


#include <ngx_unit.h>
#include <ngx_live_bytes.h>
#include <ngx_live_srtp.h>
#include <srtp2/srtp.h>


#define SOURCES  4
#define ROOM     2048


static void test_derive(void);
static void test_gcm_rtp(ngx_uint_t profile, const char *key,
    const char *expected);
static void test_gcm_rtcp(void);
static void test_profile(ngx_uint_t profile);
static void test_rtp(ngx_uint_t profile);
static void test_rtcp(ngx_uint_t profile);
static void test_replay(ngx_uint_t profile);
static void test_late(ngx_uint_t profile);
static void test_damaged(ngx_uint_t profile);
static void test_limits(ngx_uint_t profile);
static void test_sources(ngx_uint_t profile);
static void test_rtcp_replay(ngx_uint_t profile);
static void pair(ngx_uint_t profile);
static void unpair(void);
static size_t protect(u_char *dst, size_t header, u_char *payload, size_t len,
    size_t prefix, uint64_t index);
static size_t plain(u_char *p, uint16_t seq, uint32_t ssrc, size_t *header);
static uint32_t next_random(void);
static srtp_t peer(ngx_uint_t profile, ngx_uint_t sender);


static uint32_t                  state = 1;
static u_char                    master[64];
static ngx_live_srtp_t           tx;
static ngx_live_srtp_t           rx;
static ngx_live_srtp_source_t    sources[SOURCES];
static ngx_live_srtcp_source_t   rtcp_sources[NGX_LIVE_SRTCP_SOURCES];
static const char               *reason;


int
main(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(master); i++) {
        master[i] = (u_char) (i * 7 + 3);
    }

    srtp_init();

    test_derive();
    test_gcm_rtp(NGX_LIVE_SRTP_AEAD_AES_128_GCM,
                 "000102030405060708090a0b0c0d0e0f",
                 "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a"
                 "51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce");
    test_gcm_rtp(NGX_LIVE_SRTP_AEAD_AES_256_GCM,
                 "000102030405060708090a0b0c0d0e0f"
                 "101112131415161718191a1b1c1d1e1f",
                 "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a02"
                 "76ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13");
    test_gcm_rtcp();

    test_profile(NGX_LIVE_SRTP_AES128_CM_SHA1_80);
    test_profile(NGX_LIVE_SRTP_AEAD_AES_128_GCM);
    test_profile(NGX_LIVE_SRTP_AEAD_AES_256_GCM);

    is_int(ngx_live_srtp_init(&tx, 2, master, master, 1, 1), NGX_ERROR,
           "unknown profile");
    is_int(ngx_live_srtp_salt_len(2), 0, "no salt");

    srtp_shutdown();

    return done_testing();
}


static void
test_profile(ngx_uint_t profile)
{
    printf("# profile %lu\n", (unsigned long) profile);

    test_rtp(profile);
    test_rtcp(profile);
    test_replay(profile);
    test_late(profile);
    test_damaged(profile);
    test_limits(profile);
    test_sources(profile);
    test_rtcp_replay(profile);
}


static uint32_t
next_random(void)
{
    state = state * 1664525 + 1013904223;

    return state >> 8;
}


/* RFC 3711, B.3 */

static void
test_derive(void)
{
    u_char                key[16], salt[14], buf[32];
    ngx_live_srtp_keys_t  keys;

    unhex(key, "E1F97A0D3E018BE0D64FA32C06DE4139");
    unhex(salt, "0EC675AD498AFEEBB6960B3AABE6");

    is_int(ngx_live_srtp_derive(&keys, NGX_LIVE_SRTP_AES128_CM_SHA1_80, key,
                                salt, 0), NGX_OK, "derivation");

    unhex(buf, "C61E7A93744F39EE10734AFE3FF7A087");
    is_mem(keys.key, 16, buf, 16, "cipher key");
    unhex(buf, "30CBBC08863D8C85D49DB34A9AE1");
    is_mem(keys.salt, 14, buf, 14, "cipher salt");
    unhex(buf, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
    is_mem(keys.auth, 20, buf, 20, "authentication key");
}


/* RFC 7714, sections 16.1.1 and 16.2.1 */

static void
test_gcm_rtp(ngx_uint_t profile, const char *key, const char *expected)
{
    u_char                  buf[128], payload[64], cipher[64];
    size_t                  len, n;
    ngx_live_srtp_keys_t    keys;
    ngx_live_srtp_packet_t  p;

    ngx_memzero(&keys, sizeof(keys));
    ngx_memzero(&tx, sizeof(tx));

    unhex(keys.key, key);
    unhex(keys.salt, "517569642070726f2071756f");

    tx.profile = (uint16_t) profile;
    tx.sender = 1;
    is_int(ngx_live_srtp_init_half(&tx, &tx.rtp, &keys), NGX_OK, "init");

    p.dst = buf;
    p.end = buf + sizeof(buf);
    p.header = unhex(buf, "8040f17b8041f8d35501a0b2");
    p.prefix = 0;
    p.payload = payload;
    p.len = unhex(payload, "47616c6c696120657374206f6d6e69732064697669736120"
                           "696e207061727465732074726573");
    p.index = 0xf17b;

    len = ngx_live_srtp_protect(&tx, &p);
    n = unhex(cipher, expected);
    is_mem(buf + 12, len - 12, cipher, n, "RFC 7714, RTP");

    ngx_live_srtp_destroy(&tx);
}


/* RFC 7714, section 17.1 */

static void
test_gcm_rtcp(void)
{
    u_char                buf[128], out[128];
    size_t                len, n;
    ngx_live_srtp_keys_t  keys;

    ngx_memzero(&keys, sizeof(keys));
    ngx_memzero(&tx, sizeof(tx));

    unhex(keys.key, "000102030405060708090a0b0c0d0e0f");
    unhex(keys.salt, "517569642070726f2071756f");

    tx.profile = NGX_LIVE_SRTP_AEAD_AES_128_GCM;
    tx.sender = 1;
    tx.rtcp_index = 0x5d4;
    is_int(ngx_live_srtp_init_half(&tx, &tx.rtcp, &keys), NGX_OK, "init");

    n = unhex(buf, "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a"
                   "0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef"
                   "deadbeef");
    len = ngx_live_srtcp_protect(&tx, out, out + sizeof(out), buf, n);

    n = unhex(buf, "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99"
                   "7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded"
                   "0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4");
    is_mem(out, len, buf, n, "RFC 7714, RTCP");

    ngx_live_srtp_destroy(&tx);
}


static srtp_t
peer(ngx_uint_t profile, ngx_uint_t sender)
{
    srtp_t         session;
    srtp_policy_t  policy;

    ngx_memzero(&policy, sizeof(policy));

    switch (profile) {

    case NGX_LIVE_SRTP_AES128_CM_SHA1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;

    case NGX_LIVE_SRTP_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;

    default:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
    }

    policy.ssrc.type = sender ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = master;
    policy.window_size = 1024;
    policy.allow_repeat_tx = 1;

    session = NULL;
    is_int(srtp_create(&session, &policy), srtp_err_status_ok,
           "the peer's context");

    return session;
}


static void
pair(ngx_uint_t profile)
{
    u_char  *salt;

    salt = master + ngx_live_srtp_key_len(profile);

    if (ngx_live_srtp_init(&tx, profile, master, salt, 1, 1) != NGX_OK
        || ngx_live_srtp_init(&rx, profile, master, salt, 0, 1) != NGX_OK)
    {
        abort();
    }

    rx.sources = sources;
    rx.max_sources = SOURCES;
    rx.rtcp_sources = rtcp_sources;
}


static void
unpair(void)
{
    ngx_live_srtp_destroy(&tx);
    ngx_live_srtp_destroy(&rx);
    ngx_live_srtp_destroy(&rx);
}


/* a packet with some sources, extensions and a payload of any length */

static size_t
plain(u_char *p, uint16_t seq, uint32_t ssrc, size_t *header)
{
    u_char  *last;
    size_t   len, i, ncsrc, nwords;

    ncsrc = next_random() % 3;
    nwords = next_random() % 4;
    len = next_random() % 1200;

    p[0] = (u_char) (0x80 | ncsrc | (nwords ? 0x10 : 0));
    p[1] = 96;

    last = ngx_live_write_be16(p + 2, p + 4, seq);
    last = ngx_live_write_be32(last, last + 4, next_random());
    last = ngx_live_write_be32(last, last + 4, ssrc);

    for (i = 0; i < ncsrc; i++) {
        last = ngx_live_write_be32(last, last + 4, next_random());
    }

    if (nwords) {
        last = ngx_live_write_be16(last, last + 2, 0xbede);
        last = ngx_live_write_be16(last, last + 2, nwords);

        for (i = 0; i < nwords * 4; i++) {
            *last++ = 0;
        }
    }

    *header = last - p;

    for (i = 0; i < len; i++) {
        *last++ = (u_char) next_random();
    }

    return last - p;
}


static size_t
protect(u_char *dst, size_t header, u_char *payload, size_t len, size_t prefix,
    uint64_t index)
{
    ngx_live_srtp_packet_t  p;

    p.dst = dst;
    p.end = dst + ROOM;
    p.header = header;
    p.prefix = prefix;
    p.payload = payload + prefix;
    p.len = len - prefix;
    p.index = index;

    ngx_memcpy(dst + header, payload, prefix);

    return ngx_live_srtp_protect(&tx, &p);
}


static void
test_rtp(ngx_uint_t profile)
{
    int         n;
    u_char      a[ROOM], b[ROOM], c[ROOM];
    size_t      len, got, header;
    srtp_t      out, in;
    uint64_t    index, i;
    ngx_uint_t  same, theirs, ours;

    out = peer(profile, 1);
    in = peer(profile, 0);
    pair(profile);

    same = 0;
    theirs = 0;
    ours = 0;

    /* in steps, so that the sequence number rolls over three times */

    for (i = 0; i < 2000; i++) {
        index = 100 + i * 100;
        len = plain(a, (uint16_t) index, 0xcafebabe, &header);

        ngx_memcpy(b, a, len);
        n = (int) len;

        if (srtp_protect(out, b, &n) != srtp_err_status_ok) {
            abort();
        }

        ngx_memcpy(c, a, header);
        got = protect(c, header, a + header, len - header,
                      len > header ? i % ngx_min(40, len - header) : 0, index);

        same += (got == (size_t) n && memcmp(b, c, got) == 0);

        n = (int) got;
        ngx_memcpy(b, c, got);

        theirs += (srtp_unprotect(in, b, &n) == srtp_err_status_ok
                   && (size_t) n == len && memcmp(a, b, len) == 0);

        /* in place, or not */

        if (i % 2) {
            ours += (ngx_live_srtp_unprotect(&rx, c, c, &got, &index, &reason)
                     == NGX_OK && got == len && memcmp(a, c, len) == 0);

        } else {
            ours += (ngx_live_srtp_unprotect(&rx, b, c, &got, &index, &reason)
                     == NGX_OK && got == len && memcmp(a, b, len) == 0);
        }
    }

    is_int(same, 2000, "protected as libsrtp does");
    is_int(theirs, 2000, "unprotected by libsrtp");
    is_int(ours, 2000, "and by us");
    is_int(sources[0].highest, 100 + 1999 * 100, "the index goes on");

    srtp_dealloc(out);
    srtp_dealloc(in);
    unpair();
}


static void
test_rtcp(ngx_uint_t profile)
{
    int         n;
    u_char      a[ROOM], b[ROOM], c[ROOM];
    size_t      len, got;
    srtp_t      out;
    ngx_uint_t  i, same, ours;

    out = peer(profile, 1);
    pair(profile);

    /* libsrtp counts from 1 */

    tx.rtcp_index = 1;
    same = 0;
    ours = 0;

    for (i = 0; i < 500; i++) {
        len = 8 + (next_random() % 100) * 4;
        ngx_memset(a, (int) i, len);
        ngx_memcpy(a, "\x80\xc8\0\0\0\0\0\1", 8);

        ngx_memcpy(b, a, len);
        n = (int) len;

        if (srtp_protect_rtcp(out, b, &n) != srtp_err_status_ok) {
            abort();
        }

        got = ngx_live_srtcp_protect(&tx, c, c + ROOM, a, len);
        same += (got == (size_t) n && memcmp(b, c, got) == 0);

        got = (size_t) n;
        ours += (ngx_live_srtcp_unprotect(&rx, b, b, &got, &reason) == NGX_OK
                 && got == len && memcmp(a, b, len) == 0);
    }

    is_int(same, 500, "RTCP is protected as libsrtp does");
    is_int(ours, 500, "and unprotected");

    srtp_dealloc(out);
    unpair();
}


static void
test_replay(ngx_uint_t profile)
{
    u_char      a[64], b[ROOM], c[ROOM];
    size_t      len;
    uint64_t    index, i;
    ngx_uint_t  again, declined;

    pair(profile);

    ngx_memzero(a, sizeof(a));
    a[0] = 0x80;
    again = 0;
    declined = 0;

    /* each twice, in blocks of eight backwards */

    for (i = 0; i < 70000; i++) {
        index = (i ^ 7) + 60000;
        ngx_live_write_be16(a + 2, a + 4, index);
        ngx_memcpy(b, a, 12);

        len = protect(b, 12, a + 12, 20, 0, index);

        if (ngx_live_srtp_unprotect(&rx, c, b, &len, &index, &reason)
            != NGX_OK)
        {
            declined++;
        }

        if (i % 16 == 0) {
            len = 32 + ngx_live_srtp_tag_len(profile);
            again += (ngx_live_srtp_unprotect(&rx, c, b, &len, &index,
                                              &reason) != NGX_DECLINED);
        }
    }

    is_int(declined, 0, "out of order is taken");
    is_int(again, 0, "what came before is not");

    unpair();
}


/* 1023 behind is taken once, 1024 is not */

static void
test_late(ngx_uint_t profile)
{
    u_char      a[64], b[ROOM], c[ROOM];
    size_t      len;
    uint64_t    index;
    ngx_uint_t  i;

    static struct {
        uint64_t   index;
        ngx_int_t  rc;
    } cases[] = {
        { 65000, NGX_OK },
        { 66100, NGX_OK },
        { 65077, NGX_OK },
        { 65077, NGX_DECLINED },
        { 65076, NGX_DECLINED },
        { 65000, NGX_DECLINED },
        { 65535, NGX_OK },
        { 65536, NGX_OK },
        { 65536, NGX_DECLINED },
        { 68000, NGX_OK },
        { 66976, NGX_DECLINED },
        { 66977, NGX_OK },
        { 68000 + 32767, NGX_OK },
        { 68000 + 32766, NGX_OK }
    };

    pair(profile);
    ngx_memzero(a, sizeof(a));
    a[0] = 0x80;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        index = cases[i].index;
        ngx_live_write_be16(a + 2, a + 4, index);
        ngx_memcpy(b, a, 12);

        len = protect(b, 12, a + 12, 20, 0, index);
        is_int(ngx_live_srtp_unprotect(&rx, c, b, &len, &index, &reason),
               cases[i].rc, "index %lu", (unsigned long) cases[i].index);
        is_int(index, cases[i].index, "is known");
    }

    unpair();
}


static void
test_damaged(ngx_uint_t profile)
{
    u_char      a[128], b[ROOM], c[ROOM], *p;
    size_t      len, n, i;
    uint64_t    index;
    ngx_uint_t  taken;

    pair(profile);

    ngx_memzero(a, sizeof(a));
    a[0] = 0x90;
    a[3] = 9;
    ngx_memcpy(a + 12, "\xbe\xde\0\1\x10\xaa\0\0", 8);
    ngx_memcpy(b, a, 20);

    len = protect(b, 20, a + 20, 40, 0, 9);
    taken = 0;

    for (i = 0; i < len * 8; i++) {
        b[i / 8] ^= (u_char) (1 << (i % 8));
        n = len;
        taken += (ngx_live_srtp_unprotect(&rx, c, b, &n, &index, &reason)
                  == NGX_OK);
        b[i / 8] ^= (u_char) (1 << (i % 8));
    }

    for (i = 0; i < len; i++) {
        p = buf_copy(b, i);
        n = i;
        taken += (ngx_live_srtp_unprotect(&rx, p, p, &n, &index, &reason)
                  == NGX_OK);
    }

    is_int(taken, 0, "no damaged or cut packet is taken");
    is_int(rx.nsources, 0, "and no source is made of them");

    len = ngx_live_srtcp_protect(&tx, b, b + ROOM, a, 40);

    for (i = 0; i < len * 8; i++) {
        b[i / 8] ^= (u_char) (1 << (i % 8));
        n = len;
        taken += (ngx_live_srtcp_unprotect(&rx, c, b, &n, &reason) == NGX_OK);
        b[i / 8] ^= (u_char) (1 << (i % 8));
    }

    for (i = 0; i < len; i++) {
        p = buf_copy(b, i);
        n = i;
        taken += (ngx_live_srtcp_unprotect(&rx, p, p, &n, &reason) == NGX_OK);
    }

    is_int(taken, 0, "nor of RTCP");
    is_int(rx.nrtcp_sources, 0, "no source");

    unpair();
}


static void
test_limits(ngx_uint_t profile)
{
    u_char                  *b, a[ROOM];
    size_t                   tag, i;
    ngx_live_srtp_packet_t   p;

    pair(profile);

    tag = ngx_live_srtp_tag_len(profile);
    ngx_memzero(a, sizeof(a));
    a[0] = 0x80;

    for (i = 12; i <= 32 + tag; i++) {
        b = buf_copy(a, i);

        p.dst = b;
        p.end = b + i;
        p.header = 12;
        p.prefix = 0;
        p.payload = a;
        p.len = 20;
        p.index = 65536;

        is_int(ngx_live_srtp_protect(&tx, &p), i == 32 + tag ? i : 0,
               "room for %lu bytes", (unsigned long) i);
    }

    p.end = a + ROOM;
    p.dst = a;
    p.index = 65537;
    is_int(ngx_live_srtp_protect(&tx, &p), 0, "another sequence number");
    p.index = (uint64_t) 1 << 48;
    is_int(ngx_live_srtp_protect(&tx, &p), 0, "the end of the index");
    p.index -= 65536;
    ok(ngx_live_srtp_protect(&tx, &p) > 0, "is far");

    tx.rtcp_index = 0x7fffffff;
    ok(ngx_live_srtcp_protect(&tx, a, a + ROOM, a, 40) > 0, "RTCP: the last");
    is_int(ngx_live_srtcp_protect(&tx, a, a + ROOM, a, 40), 0, "the end");
    tx.rtcp_index = 0;
    is_int(ngx_live_srtcp_protect(&tx, a, a + 40 + tag + 3, a, 40), 0,
           "no room");
    is_int(ngx_live_srtcp_protect(&tx, a, a + ROOM, a, 7), 0, "too short");

    ngx_live_srtp_destroy(&tx);
    is_int(ngx_live_srtp_protect(&tx, &p), 0, "without keys");

    unpair();
}


static void
test_sources(ngx_uint_t profile)
{
    u_char      a[64], b[ROOM];
    size_t      len;
    uint64_t    index;
    ngx_uint_t  i;

    pair(profile);
    ngx_memzero(a, sizeof(a));
    a[0] = 0x80;

    for (i = 0; i <= SOURCES; i++) {
        a[11] = (u_char) i;
        ngx_memcpy(b, a, 12);
        len = protect(b, 12, a + 12, 20, 0, 65536);

        /* the roll-over counter of a receiver begins with 0 */

        is_int(ngx_live_srtp_unprotect(&rx, b, b, &len, &index, &reason),
               i < SOURCES ? NGX_ERROR : NGX_DECLINED,
               "ROC 1 is not guessed");

        ngx_memcpy(b, a, 12);
        len = protect(b, 12, a + 12, 20, 0, 0);
        is_int(ngx_live_srtp_unprotect(&rx, b, b, &len, &index, &reason),
               i < SOURCES ? NGX_OK : NGX_DECLINED, "source %lu",
               (unsigned long) i);
    }

    ngx_live_srtp_forget(&rx, 0);
    ngx_live_srtp_forget(&rx, 77);
    is_int(rx.nsources, SOURCES - 1, "one is forgotten");

    ngx_memcpy(b, a, 12);
    len = protect(b, 12, a + 12, 20, 0, 0);
    is_int(ngx_live_srtp_unprotect(&rx, b, b, &len, &index, &reason), NGX_OK,
           "room for another one");

    unpair();
}


static void
test_rtcp_replay(ngx_uint_t profile)
{
    u_char      a[64], b[ROOM], c[ROOM];
    size_t      len, n;
    ngx_uint_t  i, rc;

    static struct {
        uint32_t   index;
        ngx_int_t  rc;
    } cases[] = {
        { 10, NGX_OK }, { 10, NGX_DECLINED }, { 9, NGX_OK },
        { 9, NGX_DECLINED }, { 80, NGX_OK }, { 17, NGX_OK },
        { 16, NGX_DECLINED }, { 79, NGX_OK }, { 500, NGX_OK },
        { 80, NGX_DECLINED }, { 499, NGX_OK }
    };

    pair(profile);
    ngx_memzero(a, sizeof(a));
    a[0] = 0x80;
    a[1] = 201;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tx.rtcp_index = cases[i].index;
        len = ngx_live_srtcp_protect(&tx, b, b + ROOM, a, 32);
        is_int(ngx_live_srtcp_unprotect(&rx, c, b, &len, &reason),
               cases[i].rc, "RTCP index %lu", (unsigned long) cases[i].index);
    }

    rc = 0;

    for (i = 0; i < NGX_LIVE_SRTCP_SOURCES + 4; i++) {
        a[7] = (u_char) (i + 1);
        n = ngx_live_srtcp_protect(&tx, b, b + ROOM, a, 32);
        rc += (ngx_live_srtcp_unprotect(&rx, c, b, &n, &reason) == NGX_OK);
    }

    is_int(rc, NGX_LIVE_SRTCP_SOURCES - 1, "sources of RTCP are bounded");

    unpair();
}
