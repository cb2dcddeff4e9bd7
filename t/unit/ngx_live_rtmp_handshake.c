
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ngx_live_rtmp_handshake.h"


#define SIZE    NGX_LIVE_RTMP_HANDSHAKE_SIZE
#define DIGEST  NGX_LIVE_RTMP_HANDSHAKE_DIGEST


static const u_char  player_key[] = "Genuine Adobe Flash Player 001";
static const u_char  server_key[] =
    "Genuine Adobe Flash Media Server 001"
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"
    "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";

static ngx_live_rtmp_handshake_t  hs;
static u_char                     out[NGX_LIVE_RTMP_HANDSHAKE_OUT];


static void
hmac(const u_char *key, size_t keylen, const u_char *p, size_t len, u_char *md)
{
    unsigned int  n;

    HMAC(EVP_sha256(), key, (int) keylen, p, len, md, &n);
}


static size_t
place(const u_char *p, size_t base)
{
    return base + 4
           + (p[base] + p[base + 1] + p[base + 2] + p[base + 3]) % 728;
}


/* C0 and C1 of a client; base is 8, 772 or 0 for a plain one */

static void
make_c1(u_char *p, size_t base, ngx_uint_t seed)
{
    size_t  i, offset;
    u_char  buf[SIZE];

    p[0] = 3;
    p++;

    for (i = 0; i < SIZE; i++) {
        seed = seed * 1103515245 + 12345;
        p[i] = (u_char) (seed >> 16);
    }

    ngx_memzero(p + 4, 4);

    if (base == 0) {
        return;
    }

    p[4] = 9;

    offset = place(p, base);

    memcpy(buf, p, offset);
    memcpy(buf + offset, p + offset + DIGEST, SIZE - offset - DIGEST);

    hmac(player_key, 30, buf, SIZE - DIGEST, p + offset);
}


static ngx_int_t
feed(u_char *p, size_t len, size_t *used)
{
    u_char     *pos;
    ngx_int_t   rc;

    p = buf_copy(p, len);
    pos = p;

    rc = ngx_live_rtmp_handshake_read(&hs, &pos, p + len);

    if (used) {
        *used = pos - p;
    }

    return rc;
}


static void
test_plain(void)
{
    u_char  in[1 + SIZE];
    size_t  i, used;

    ngx_memzero(&hs, sizeof(hs));
    memset(out, 0x5a, sizeof(out));
    make_c1(in, 0, 1);

    for (i = 0; i < SIZE; i++) {
        if (feed(in + i, 1, NULL) != NGX_AGAIN) {
            break;
        }
    }

    is_int(i, SIZE, "C0 and C1 byte by byte");
    is_int(feed(in + SIZE, 1, NULL), NGX_DECLINED, "C1 complete");
    is_int(feed(in, 1, &used), NGX_DECLINED, "waits for the reply");
    is_int(used, 0, "and reads nothing");

    is_int(ngx_live_rtmp_handshake_reply(&hs, out, 0x01020304), NGX_OK,
           "plain reply");
    is_int(hs.scheme, NGX_LIVE_RTMP_HANDSHAKE_PLAIN, "plain scheme");
    is_mem(out, 9, "\x03\x01\x02\x03\x04\0\0\0\0", 9, "S0, time and zero");
    is_int(out[9], 0x5a, "the rest of S1 is left as it was");
    is_mem(out + 1 + SIZE, SIZE, in + 1, SIZE, "S2 is C1");

    is_int(feed(in, SIZE - 1, &used), NGX_AGAIN, "C2 but for a byte");
    is_int(used, SIZE - 1, "all is used");
    is_int(feed(in, 10, &used), NGX_OK, "C2 complete");
    is_int(used, 1, "what follows is left alone");
    is_int(feed(in, 10, &used), NGX_OK, "done");
    is_int(used, 0, "nothing is used once it is done");
}


static void
test_version(void)
{
    u_char  in[1 + SIZE];

    ngx_memzero(&hs, sizeof(hs));
    make_c1(in, 0, 1);
    in[0] = 6;

    is_int(feed(in, 1, NULL), NGX_ERROR, "RTMPE is refused at its first byte");
    ok(hs.reason != NULL, "with a reason");

    ngx_memzero(&hs, sizeof(hs));
    is_int(feed((u_char *) "GET / HTTP/1.1\r\n", 16, NULL), NGX_ERROR,
           "HTTP is refused");

    ngx_memzero(&hs, sizeof(hs));
    is_int(feed(in, 0, NULL), NGX_AGAIN, "no bytes at all");
}


static void
test_digest(size_t base, ngx_uint_t scheme)
{
    u_char     in[1 + SIZE], key[DIGEST], md[DIGEST], *s1, *s2;
    ngx_int_t  offset;

    ngx_memzero(&hs, sizeof(hs));
    memset(out, 0xff, sizeof(out));
    make_c1(in, base, 7);

    is_int(feed(in, 1 + SIZE, NULL), NGX_DECLINED, "C1 at once");
    is_int(ngx_live_rtmp_handshake_reply(&hs, out, 77), NGX_OK,
           "digest reply");
    is_int(hs.scheme, scheme, "scheme is found");

    s1 = out + 1;
    s2 = s1 + SIZE;

    offset = ngx_live_rtmp_handshake_digest_find(s1, scheme, server_key, 36);
    is_int(offset, place(s1, base), "S1 is signed");
    ok(s1[4] >= 3, "S1 tells a version that clients take for digest");

    hmac(server_key, sizeof(server_key) - 1, in + 1 + place(in + 1, base),
         DIGEST, key);
    hmac(key, DIGEST, s2, SIZE - DIGEST, md);
    is_mem(s2 + SIZE - DIGEST, DIGEST, md, DIGEST, "S2 answers C1");

    /* one flipped bit makes a plain client of it */

    ngx_memzero(&hs, sizeof(hs));
    in[1 + place(in + 1, base)] ^= 1;

    feed(in, 1 + SIZE, NULL);
    ngx_live_rtmp_handshake_reply(&hs, out, 77);
    is_int(hs.scheme, NGX_LIVE_RTMP_HANDSHAKE_PLAIN, "wrong digest is plain");
}


static void
test_offsets(void)
{
    u_char      in[1 + SIZE];
    ngx_uint_t  i, failed;

    failed = 0;

    for (i = 0; i < 2000; i++) {
        ngx_memzero(&hs, sizeof(hs));
        make_c1(in, (i & 1) ? 8 : 772, i);

        feed(in, 1 + SIZE, NULL);
        ngx_live_rtmp_handshake_reply(&hs, out, (uint32_t) i);

        if (hs.scheme == NGX_LIVE_RTMP_HANDSHAKE_PLAIN) {
            failed++;
        }
    }

    is_int(failed, 0, "digests at all places are found");
}


int
main(void)
{
    test_plain();
    test_version();
    test_digest(8, NGX_LIVE_RTMP_HANDSHAKE_SCHEME0);
    test_digest(772, NGX_LIVE_RTMP_HANDSHAKE_SCHEME1);
    test_offsets();

    return done_testing();
}
