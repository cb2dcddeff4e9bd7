
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Nanoseconds per packet of SRTP, ours and libsrtp2's, and bytes per context:
 * one plain packet is encrypted for many receivers, as a fan-out does it.
 *
 * usage: srtp [BYTES] [RECEIVERS]
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include <srtp2/srtp.h>

#include "ngx_live_srtp.h"


#define ROUNDS  200000


static int64_t now(void);
static double ours(ngx_uint_t profile, size_t len, ngx_uint_t n,
    size_t *bytes);
static double theirs(ngx_uint_t profile, size_t len, ngx_uint_t n,
    size_t *bytes);


static u_char  key[64];
static u_char  payload[1500];


int
main(int argc, char **argv)
{
    size_t       len, a, b;
    double       x, y;
    ngx_uint_t   i, n;

    static struct {
        ngx_uint_t   profile;
        const char  *name;
    } profiles[] = {
        { NGX_LIVE_SRTP_AEAD_AES_128_GCM, "AEAD_AES_128_GCM" },
        { NGX_LIVE_SRTP_AEAD_AES_256_GCM, "AEAD_AES_256_GCM" },
        { NGX_LIVE_SRTP_AES128_CM_SHA1_80, "AES128_CM_SHA1_80" }
    };

    len = argc > 1 ? (size_t) atoi(argv[1]) : 1200;
    n = argc > 2 ? (ngx_uint_t) atoi(argv[2]) : 200;

    if (len < 12 || len > sizeof(payload) || n == 0) {
        return 1;
    }

    srtp_init();

    printf("%lu bytes, %lu receivers: ns per packet, bytes per context\n",
           (unsigned long) len, (unsigned long) n);

    for (i = 0; i < 3; i++) {
        x = ours(profiles[i].profile, len, n, &a);
        y = theirs(profiles[i].profile, len, n, &b);

        printf("%-18s  nginx-live %5.0f ns %6lu   libsrtp2 %5.0f ns %6lu\n",
               profiles[i].name, x, (unsigned long) a, y, (unsigned long) b);
    }

    return 0;
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static double
ours(ngx_uint_t profile, size_t len, ngx_uint_t n, size_t *bytes)
{
    u_char                   dst[2048];
    size_t                   before;
    int64_t                  start;
    uint64_t                 i;
    ngx_live_srtp_t         *contexts;
    ngx_live_srtp_packet_t   p;

    before = mallinfo2().uordblks;
    contexts = calloc(n, sizeof(ngx_live_srtp_t));

    if (contexts == NULL) {
        abort();
    }

    for (i = 0; i < n; i++) {
        if (ngx_live_srtp_init(&contexts[i], profile, key, key + 32, 1, 1)
            != NGX_OK)
        {
            abort();
        }
    }

    *bytes = (mallinfo2().uordblks - before) / n;
    start = now();

    for (i = 0; i < ROUNDS; i++) {
        ngx_memzero(dst, 12);
        dst[0] = 0x80;
        dst[2] = (u_char) ((i / n) >> 8);
        dst[3] = (u_char) (i / n);

        p.dst = dst;
        p.end = dst + sizeof(dst);
        p.header = 12;
        p.prefix = 0;
        p.payload = payload;
        p.len = len - 12;
        p.index = i / n;

        if (ngx_live_srtp_protect(&contexts[i % n], &p) == 0) {
            abort();
        }
    }

    start = now() - start;

    for (i = 0; i < n; i++) {
        ngx_live_srtp_destroy(&contexts[i]);
    }

    free(contexts);

    return (double) start / ROUNDS;
}


static double
theirs(ngx_uint_t profile, size_t len, ngx_uint_t n, size_t *bytes)
{
    int             size;
    u_char          dst[2048];
    size_t          before;
    srtp_t         *sessions;
    int64_t         start;
    uint64_t        i;
    srtp_policy_t   policy;

    memset(&policy, 0, sizeof(policy));

    if (profile == NGX_LIVE_SRTP_AES128_CM_SHA1_80) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);

    } else if (profile == NGX_LIVE_SRTP_AEAD_AES_128_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);

    } else {
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
    }

    policy.ssrc.type = ssrc_any_outbound;
    policy.key = key;
    policy.window_size = 1024;

    before = mallinfo2().uordblks;
    sessions = calloc(n, sizeof(srtp_t));

    if (sessions == NULL) {
        abort();
    }

    for (i = 0; i < n; i++) {
        if (srtp_create(&sessions[i], &policy) != srtp_err_status_ok) {
            abort();
        }
    }

    *bytes = (mallinfo2().uordblks - before) / n;
    start = now();

    for (i = 0; i < ROUNDS; i++) {
        memset(dst, 0, 12);
        dst[0] = 0x80;
        dst[2] = (u_char) ((i / n) >> 8);
        dst[3] = (u_char) (i / n);
        memcpy(dst + 12, payload, len - 12);
        size = (int) len;

        if (srtp_protect(sessions[i % n], dst, &size) != srtp_err_status_ok) {
            abort();
        }
    }

    start = now() - start;

    for (i = 0; i < n; i++) {
        srtp_dealloc(sessions[i]);
    }

    free(sessions);

    return (double) start / ROUNDS;
}
