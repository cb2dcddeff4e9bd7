
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of RTP: what is parsed is written, and parsed again. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_rtp.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *p, *end, out[8192];
    ngx_uint_t              i;
    const char             *reason;
    ngx_live_rtp_t          rtp, again;
    ngx_live_rtp_header_t   h;

    p = (u_char *) data;
    reason = NULL;

    if (ngx_live_rtp_parse(&rtp, p, p + size, &reason) != NGX_OK) {
        if (reason == NULL) {
            abort();
        }

        return 0;
    }

    if (rtp.payload + rtp.len + rtp.padding != p + size) {
        abort();
    }

    h.timestamp = rtp.timestamp;
    h.ssrc = rtp.ssrc;
    h.seq = rtp.seq;
    h.type = rtp.type;
    h.marker = rtp.marker;
    h.nextensions = rtp.nextensions;
    h.extensions = rtp.extensions;

    end = ngx_live_rtp_write(out, out + sizeof(out), &h);

    if (end == NULL
        || ngx_live_rtp_parse(&again, out, end, &reason) != NGX_OK
        || again.nextensions != rtp.nextensions || again.seq != rtp.seq
        || again.ssrc != rtp.ssrc || again.type != rtp.type || again.len != 0)
    {
        abort();
    }

    for (i = 0; i < rtp.nextensions; i++) {
        if (again.extensions[i].id != rtp.extensions[i].id
            || again.extensions[i].len != rtp.extensions[i].len
            || memcmp(again.extensions[i].data, rtp.extensions[i].data,
                      rtp.extensions[i].len) != 0)
        {
            abort();
        }
    }

    return 0;
}
