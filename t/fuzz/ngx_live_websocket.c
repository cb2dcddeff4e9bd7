
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the WebSocket parser: whatever the pieces in which the input
 * arrives, the same messages come out.  The first byte is the size of a piece
 * and, by its highest bit, whether compression was agreed on.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_websocket.h>


#define MAX  512


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_int_t
run(u_char *data, size_t size, ngx_uint_t deflate, size_t piece,
    uint64_t *hash, u_char *out, size_t *len)
{
    size_t                 n;
    u_char                *p, *end;
    ngx_int_t              rc;
    ngx_live_websocket_t   ws;

    ngx_live_websocket_init(&ws, MAX);
    ws.deflate = deflate;

    rc = NGX_AGAIN;
    *hash = 0;
    *len = 0;

    for (p = data; p < data + size; /* void */) {
        n = ngx_min(piece, (size_t) (data + size - p));
        end = p + n;

        while ((rc = ngx_live_websocket_parse(&ws, &p, end)) == NGX_OK) {

            if (ws.opcode & 0x8) {
                *hash = *hash * 31 + ws.opcode + ws.len
                        + ngx_live_websocket_close_code(ws.data, ws.len);
                continue;
            }

            if (ws.compressed && !deflate) {
                abort();
            }

            ngx_memcpy(out + *len, ws.data, ws.len);
            *len += ws.len;

            if (ws.fin) {
                *hash = *hash * 31 + ws.opcode + ws.compressed * 16;
            }
        }

        if (rc == NGX_ERROR) {
            if (ws.reason == NULL || ws.code == 0) {
                abort();
            }

            break;
        }

        if (p != end) {
            abort();
        }
    }

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      len1, len2, min;
    u_char     *in, *out1, *out2;
    uint64_t    hash1, hash2;
    ngx_int_t   rc1, rc2;
    ngx_uint_t  deflate;

    if (size < 2) {
        return 0;
    }

    deflate = data[0] >> 7;

    in = malloc(size - 1);
    out1 = malloc(size);
    out2 = malloc(size);

    memcpy(in, data + 1, size - 1);
    rc1 = run(in, size - 1, deflate, size, &hash1, out1, &len1);

    memcpy(in, data + 1, size - 1);
    rc2 = run(in, size - 1, deflate, data[0] % 16 + 1, &hash2, out2, &len2);

    /* of a text that is refused, smaller pieces may tell more */

    min = ngx_min(len1, len2);

    if (rc1 != rc2 || hash1 != hash2 || (len1 != len2 && rc1 != NGX_ERROR)
        || memcmp(out1, out2, min) != 0)
    {
        abort();
    }

    free(in);
    free(out1);
    free(out2);

    return 0;
}
