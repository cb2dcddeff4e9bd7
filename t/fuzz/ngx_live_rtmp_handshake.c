
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_rtmp_handshake.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                     n, step;
    u_char                    *p, *pos, *last;
    ngx_int_t                  rc;
    ngx_live_rtmp_handshake_t  hs;

    static u_char  out[NGX_LIVE_RTMP_HANDSHAKE_OUT];

    if (size == 0) {
        return 0;
    }

    ngx_memzero(&hs, sizeof(hs));

    step = 1 + 8 * (size_t) data[0];
    data++;
    size--;

    while (size) {
        n = ngx_min(size, step);

        p = malloc(n);
        if (p == NULL) {
            break;
        }

        memcpy(p, data, n);
        data += n;
        size -= n;

        pos = p;
        last = p + n;

        do {
            rc = ngx_live_rtmp_handshake_read(&hs, &pos, last);

            if (rc == NGX_DECLINED
                && ngx_live_rtmp_handshake_reply(&hs, out, 1) != NGX_OK)
            {
                abort();
            }

        } while (rc == NGX_DECLINED);

        if (rc == NGX_AGAIN && pos != last) {
            abort();
        }

        if (rc == NGX_ERROR && hs.reason == NULL) {
            abort();
        }

        free(p);

        if (rc == NGX_ERROR || rc == NGX_OK) {
            break;
        }
    }

    return 0;
}
