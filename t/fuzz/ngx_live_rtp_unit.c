
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of access units out of RTP: the first byte chooses the format,
 * then come packets, each behind its length.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_demux.h>
#include <ngx_live_rtp_av1.h>
#include <ngx_live_rtp_h26x.h>
#include <ngx_live_rtp_vpx.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(ngx_live_rtp_assembler_t *a, ngx_live_rtp_t *rtp,
    uint64_t number);


static ngx_live_rtp_unpack_pt  formats[] = {
    ngx_live_rtp_unpack,
    ngx_live_rtp_h264_unpack,
    ngx_live_rtp_h265_unpack,
    ngx_live_rtp_vp8_unpack,
    ngx_live_rtp_vp9_unpack,
    ngx_live_rtp_av1_unpack
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                     *p, *end, *room;
    uint64_t                    number;
    ngx_str_t                   frame;
    const char                 *reason;
    ngx_live_rtp_t              rtp;
    ngx_live_rtp_assembler_t    a;

    if (size == 0) {
        return 0;
    }

    room = malloc(4096);
    if (room == NULL) {
        abort();
    }

    ngx_live_rtp_assembler_init(&a, formats[data[0] % 6], room, 4096);

    p = (u_char *) data + 1;
    end = (u_char *) data + size;
    number = 0;

    while (ngx_live_framing_next(&p, end, 65535, &frame) == NGX_OK) {

        if (ngx_live_rtp_parse(&rtp, frame.data, frame.data + frame.len,
                               &reason)
            != NGX_OK)
        {
            continue;
        }

        number = number ? ngx_live_rtp_extend(number, rtp.seq)
                        : ngx_live_rtp_first(rtp.seq);

        add(&a, &rtp, number);
    }

    free(room);

    return 0;
}


static void
add(ngx_live_rtp_assembler_t *a, ngx_live_rtp_t *rtp, uint64_t number)
{
    ngx_int_t    rc;
    ngx_uint_t   tries;
    const char  *reason;

    for (tries = 0; tries < 2; tries++) {
        reason = NULL;
        rc = ngx_live_rtp_assembler_add(a, rtp, number, &reason);

        if (a->unit.pos < a->unit.start || a->unit.pos > a->unit.end
            || (rc == NGX_DECLINED && reason == NULL))
        {
            abort();
        }

        if (rc == NGX_AGAIN || rc == NGX_DECLINED) {
            return;
        }

        if (a->unit.pos == a->unit.start && rc == NGX_DONE) {
            abort();
        }

        ngx_live_rtp_assembler_reset(a);

        if (rc == NGX_OK) {
            return;
        }
    }

    /* it is the first of its unit now */

    abort();
}
