
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of the bit reader: each input byte says what to read next. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            i, ops;
    ngx_live_bits_t   b;

    if (size < 1) {
        return 0;
    }

    ops = ngx_min((size_t) data[0], size - 1);

    ngx_live_bits_init(&b, (u_char *) data + 1 + ops, (u_char *) data + size);
    b.nal = size & 1;

    for (i = 1; i <= ops; i++) {

        switch (data[i] >> 6) {

        case 0:
            (void) ngx_live_bits_ue(&b);
            break;

        case 1:
            (void) ngx_live_bits_se(&b);
            break;

        case 2:
            (void) ngx_live_bits_read(&b, data[i] % 33);
            break;

        default:
            ngx_live_bits_skip(&b, data[i]);
        }

        if (b.pos > b.end || b.left > 8) {
            abort();
        }
    }

    return 0;
}
