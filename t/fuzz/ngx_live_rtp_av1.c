
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of AV1 in RTP: payloads, each behind its length; what they make
 * is packed, and unpacked as it was.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_demux.h>
#include <ngx_live_rtp_av1.h>


#define ROOM  4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(ngx_live_rtp_unit_t *u, size_t max);
static void as_unit(u_char *p, size_t len, size_t max);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               *p, *end, room[ROOM];
    size_t                max;
    ngx_str_t             payload;
    const char           *reason;
    ngx_live_rtp_unit_t   u;
    ngx_live_rtp_info_t   info;

    if (size < 1) {
        return 0;
    }

    max = 64 + data[0] * 4;
    p = (u_char *) data + 1;
    end = (u_char *) data + size;

    as_unit(p, end - p, max);

    ngx_memzero(&u, sizeof(u));
    u.start = room;
    u.pos = room;
    u.end = room + ROOM;
    reason = NULL;

    while (ngx_live_framing_next(&p, end, 65535, &payload) == NGX_OK) {
        (void) ngx_live_rtp_av1_inspect(&info, payload.data,
                                        payload.data + payload.len);

        if (ngx_live_rtp_av1_unpack(&u, payload.data,
                                    payload.data + payload.len, &reason)
            != NGX_OK)
        {
            if (reason == NULL) {
                abort();
            }

            return 0;
        }

        if (u.pos < u.start || u.pos > u.end) {
            abort();
        }
    }

    if (u.open == NULL && u.pos != u.start) {
        again(&u, max);
    }

    return 0;
}


static void
again(ngx_live_rtp_unit_t *u, size_t max)
{
    u_char                      dst[2048], room[ROOM + 64];
    size_t                      len;
    ngx_uint_t                  last;
    const char                 *reason;
    ngx_live_rtp_unit_t         v;
    ngx_live_rtp_av1_packer_t   k;

    ngx_memzero(&k, sizeof(k));
    k.pos = u->start;
    k.end = u->pos;
    k.max = max;

    ngx_memzero(&v, sizeof(v));
    v.start = room;
    v.pos = room;
    v.end = room + sizeof(room);

    do {
        if (ngx_live_rtp_av1_pack(&k, dst, &len, &last, &reason) != NGX_OK
            || len > max
            || ngx_live_rtp_av1_unpack(&v, dst, dst + len, &reason) != NGX_OK)
        {
            abort();
        }

    } while (!last);

    if (v.open || v.pos - v.start != u->pos - u->start
        || memcmp(room, u->start, v.pos - v.start) != 0)
    {
        abort();
    }
}


static void
as_unit(u_char *p, size_t len, size_t max)
{
    u_char                     *dst;
    size_t                      n;
    ngx_uint_t                  last;
    const char                 *reason;
    ngx_live_rtp_av1_packer_t   k;

    ngx_memzero(&k, sizeof(k));
    k.pos = p;
    k.end = p + len;
    k.max = max;

    dst = malloc(max);
    if (dst == NULL) {
        abort();
    }

    while (ngx_live_rtp_av1_pack(&k, dst, &n, &last, &reason) == NGX_OK) {
        if (n < 2 || n > max) {
            abort();
        }
    }

    free(dst);
}
