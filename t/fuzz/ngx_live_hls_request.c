
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of blocking requests: seven bytes of the edge, then the values
 * of the directives, separated by newlines; "-" is an absent one.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_request.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const uint8_t *
value(ngx_str_t *s, const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *start;

    start = p;

    while (p != end && *p != '\n') {
        p++;
    }

    s->data = (u_char *) start;
    s->len = p - start;

    if (s->len == 1 && *start == '-') {
        s->data = NULL;
        s->len = 0;
    }

    return (p == end) ? end : p + 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t             msn, part, skip;
    ngx_uint_t            rc, delta;
    const char           *reason;
    const uint8_t        *p, *end;
    ngx_live_hls_want_t   want, again;
    ngx_live_hls_edge_t   edge;

    if (size < 7) {
        return 0;
    }

    ngx_memzero(&edge, sizeof(edge));

    edge.next = data[0];
    edge.parts = data[1];
    edge.last_parts = data[2];
    edge.part_target = (data[3] << 16) | (data[4] << 8) | data[5];
    edge.ended = data[6] & 1;

    end = data + size;
    p = value(&msn, data + 7, end);
    p = value(&part, p, end);
    (void) value(&skip, p, end);

    rc = ngx_live_hls_request(&edge, &msn, &part, &skip, &want, &delta,
                              &reason);
    again = want;

    if ((rc == NGX_LIVE_HLS_BAD_REQUEST) != (reason != NULL)) {
        abort();
    }

    /* who waits is not ready, and will be when two segments are over */

    if (rc == NGX_LIVE_HLS_WAIT) {

        if (ngx_live_hls_request_ready(&edge, &again)
            || ngx_memcmp(&again, &want, sizeof(want)) != 0
            || want.msn > edge.next + 1)
        {
            abort();
        }

        edge.next += 3;

        if (!ngx_live_hls_request_ready(&edge, &again)) {
            abort();
        }
    }

    (void) ngx_live_hls_request_part(&edge, data[3], data[4]);

    return 0;
}
