
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of H.264 and H.265 in RTP: the first two bytes choose the format
 * and a length; then come payloads, each behind its length.  What they make is
 * packed and unpacked again.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_demux.h>
#include <ngx_live_rtp_h26x.h>


#define ROOM  4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ngx_int_t take(ngx_live_rtp_unit_t *u, ngx_uint_t h265, u_char *p,
    size_t len);
static void again(ngx_live_rtp_unit_t *u, ngx_uint_t h265, size_t max);
static void as_unit(u_char *p, size_t len, ngx_uint_t h265, size_t max);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               *p, *end, room[ROOM];
    size_t                max;
    ngx_str_t             payload;
    ngx_uint_t            h265;
    ngx_live_rtp_unit_t   u;

    if (size < 2) {
        return 0;
    }

    h265 = data[0] & 1;
    max = 64 + data[1] * 4;
    p = (u_char *) data + 2;
    end = (u_char *) data + size;

    as_unit(p, end - p, h265, max);

    ngx_memzero(&u, sizeof(u));
    u.start = room;
    u.pos = room;
    u.end = room + ROOM;

    while (ngx_live_framing_next(&p, end, 65535, &payload) == NGX_OK) {
        if (take(&u, h265, payload.data, payload.len) != NGX_OK) {
            return 0;
        }
    }

    if (u.open == NULL && u.pos != u.start) {
        again(&u, h265, max);
    }

    return 0;
}


static ngx_int_t
take(ngx_live_rtp_unit_t *u, ngx_uint_t h265, u_char *p, size_t len)
{
    u_char               *copy;
    ngx_int_t             rc;
    const char           *reason;
    ngx_live_rtp_info_t   info;

    copy = malloc(len);
    if (copy == NULL) {
        abort();
    }

    ngx_memcpy(copy, p, len);
    reason = NULL;

    if (h265) {
        (void) ngx_live_rtp_h265_inspect(&info, copy, copy + len);
        rc = ngx_live_rtp_h265_unpack(u, copy, copy + len, &reason);

    } else {
        (void) ngx_live_rtp_h264_inspect(&info, copy, copy + len);
        rc = ngx_live_rtp_h264_unpack(u, copy, copy + len, &reason);
    }

    if (u->pos < u->start || u->pos > u->end
        || (rc == NGX_ERROR && reason == NULL))
    {
        abort();
    }

    free(copy);

    return rc;
}


/* delimiters and filler are left out, so what is packed twice is the same */

static void
again(ngx_live_rtp_unit_t *u, ngx_uint_t h265, size_t max)
{
    u_char                       dst[2048], room[2][ROOM];
    size_t                       len, n[2];
    ngx_int_t                    rc;
    ngx_uint_t                   i, last;
    const char                  *reason;
    ngx_live_rtp_unit_t          v;
    ngx_live_rtp_h26x_packer_t   k;

    v = *u;

    for (i = 0; i < 2; i++) {
        ngx_memzero(&k, sizeof(k));
        k.pos = v.start;
        k.end = v.pos;
        k.length_size = 4;
        k.max = max;
        k.h265 = h265 ? 1 : 0;

        v.start = room[i];
        v.pos = room[i];
        v.end = room[i] + ROOM;

        do {
            rc = ngx_live_rtp_h26x_pack(&k, dst, &len, &last, &reason);

            if (rc == NGX_DONE) {
                break;
            }

            if (rc == NGX_ERROR || len > max
                || take(&v, h265, dst, len) != NGX_OK)
            {
                abort();
            }

        } while (!last);

        if (v.open) {
            abort();
        }

        n[i] = v.pos - v.start;
    }

    if (n[0] != n[1] || memcmp(room[0], room[1], n[0]) != 0) {
        abort();
    }
}


/* the input as an access unit */

static void
as_unit(u_char *p, size_t len, ngx_uint_t h265, size_t max)
{
    u_char                      *dst;
    size_t                       n;
    ngx_uint_t                   last;
    const char                  *reason;
    ngx_live_rtp_h26x_packer_t   k;

    ngx_memzero(&k, sizeof(k));
    k.pos = p;
    k.end = p + len;
    k.length_size = len % 3 ? 4 : 2;
    k.max = max;
    k.h265 = h265 ? 1 : 0;

    dst = malloc(max);
    if (dst == NULL) {
        abort();
    }

    while (ngx_live_rtp_h26x_pack(&k, dst, &n, &last, &reason) == NGX_OK) {
        if (n == 0 || n > max) {
            abort();
        }
    }

    free(dst);
}
