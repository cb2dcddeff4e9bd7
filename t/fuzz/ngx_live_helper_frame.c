
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the messages from helpers: the first byte is the size of the
 * pieces in which the others come.  Whole or in pieces, they say the same.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_helper_frame.h>


#define FUZZ_BODY  256


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static uint32_t fuzz_parse(const uint8_t *data, size_t size, size_t piece);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t  piece;

    if (size == 0) {
        return 0;
    }

    piece = data[0] + 1;

    if (fuzz_parse(data + 1, size - 1, piece)
        != fuzz_parse(data + 1, size - 1, size))
    {
        abort();
    }

    return 0;
}


static uint32_t
fuzz_parse(const uint8_t *data, size_t size, size_t piece)
{
    u_char                    *p, *pos, *last, *end, *body;
    uint32_t                   sum;
    ngx_int_t                  rc;
    const char                *reason;
    ngx_live_helper_parser_t   ps;

    body = malloc(FUZZ_BODY);

    if (body == NULL) {
        return 0;
    }

    ngx_live_helper_parser_init(&ps, body, FUZZ_BODY);

    sum = 1;
    rc = NGX_AGAIN;
    reason = NULL;

    p = (u_char *) data;
    end = p + size;

    while (p < end && rc != NGX_ERROR) {
        last = p + ngx_min(piece, (size_t) (end - p));

        for (pos = p; pos < last; /* void */ ) {
            rc = ngx_live_helper_parse(&ps, &pos, last, &reason);

            if (rc == NGX_AGAIN && pos != last) {
                abort();
            }

            if (rc != NGX_OK) {
                break;
            }

            if (ps.msg.size > FUZZ_BODY || ps.nbody != ps.msg.size
                || ps.msg.track > 255
                || ps.msg.type < NGX_LIVE_HELPER_CONFIG
                || ps.msg.type > NGX_LIVE_HELPER_PONG)
            {
                abort();
            }

            sum = sum * 31 + ps.msg.type + ps.msg.size
                  + (ps.nbody ? body[ps.nbody - 1] : 0);
        }

        p = last;
    }

    if (rc == NGX_ERROR && reason == NULL) {
        abort();
    }

    free(body);

    return sum + (rc == NGX_ERROR);
}
