
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of SRTP: the input is received as it is, and its bytes, written
 * as packets, are received as they were.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_srtp.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void receive(u_char *p, size_t len);
static void through(u_char *p, size_t len, ngx_uint_t prefix);


static ngx_live_srtp_t           tx;
static ngx_live_srtp_t           rx;
static ngx_live_srtp_source_t    sources[4];
static ngx_live_srtcp_source_t   rtcp_sources[NGX_LIVE_SRTCP_SOURCES];


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char      key[48];
    ngx_uint_t  profile;

    if (size < 2 || size > 1500) {
        return 0;
    }

    profile = data[0] % 3 ? NGX_LIVE_SRTP_AEAD_AES_128_GCM
                          : NGX_LIVE_SRTP_AES128_CM_SHA1_80;

    ngx_memset(key, 0x5a, sizeof(key));

    if (ngx_live_srtp_init(&tx, profile, key, key + 16, 1, 1) != NGX_OK
        || ngx_live_srtp_init(&rx, profile, key, key + 16, 0, 1) != NGX_OK)
    {
        abort();
    }

    rx.sources = sources;
    rx.max_sources = 4;
    rx.rtcp_sources = rtcp_sources;

    receive((u_char *) data + 2, size - 2);
    through((u_char *) data + 2, size - 2, data[1]);

    ngx_live_srtp_destroy(&tx);
    ngx_live_srtp_destroy(&rx);

    return 0;
}


static void
receive(u_char *p, size_t len)
{
    u_char      *copy, *dst;
    size_t       n;
    uint64_t     index;
    const char  *reason;

    copy = malloc(len ? len : 1);
    dst = malloc(len ? len : 1);

    if (copy == NULL || dst == NULL) {
        abort();
    }

    ngx_memcpy(copy, p, len);

    n = len;
    reason = NULL;

    if (ngx_live_srtp_unprotect(&rx, dst, copy, &n, &index, &reason) == NGX_OK
        || reason == NULL)
    {
        abort();
    }

    n = len;
    reason = NULL;

    if (ngx_live_srtcp_unprotect(&rx, dst, copy, &n, &reason) == NGX_OK
        || reason == NULL)
    {
        abort();
    }

    free(copy);
    free(dst);
}


static void
through(u_char *p, size_t len, ngx_uint_t prefix)
{
    u_char                   b[1600], c[1600];
    size_t                   n;
    uint64_t                 index;
    const char              *reason;
    ngx_live_srtp_packet_t   packet;

    ngx_memzero(b, 12);
    b[0] = 0x80;
    b[3] = 1;

    packet.dst = b;
    packet.end = b + sizeof(b);
    packet.header = 12;
    packet.prefix = ngx_min(prefix, len);
    packet.payload = p + packet.prefix;
    packet.len = len - packet.prefix;
    packet.index = 1;

    ngx_memcpy(b + 12, p, packet.prefix);

    n = ngx_live_srtp_protect(&tx, &packet);

    if (n == 0
        || ngx_live_srtp_unprotect(&rx, c, b, &n, &index, &reason) != NGX_OK
        || n != 12 + len || index != 1 || memcmp(c + 12, p, len) != 0
        || ngx_live_srtp_unprotect(&rx, c, b, &n, &index, &reason) == NGX_OK)
    {
        abort();
    }
}
