
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The first byte is the length of the slices.  What was read is written again
 * with another chunk size and must be read back as it was.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_rtmp_chunk.h"


#define LIMIT  65536


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *resize(void *data, void *p, size_t size);
static void init(ngx_live_rtmp_chunk_reader_t *cr);
static void write_again(ngx_live_rtmp_message_t *m, size_t chunk_size);
static ngx_int_t drain(ngx_live_rtmp_chunk_reader_t *cr, u_char *p, size_t n);


static ngx_int_t  blocks;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                        n, step;
    u_char                       *p;
    ngx_int_t                     rc;
    ngx_live_rtmp_chunk_reader_t  cr;

    if (size == 0) {
        return 0;
    }

    step = 1 + (size_t) data[0];
    data++;
    size--;

    init(&cr);

    while (size) {
        n = ngx_min(size, step);

        p = malloc(n);
        if (p == NULL) {
            abort();
        }

        memcpy(p, data, n);
        data += n;
        size -= n;

        rc = drain(&cr, p, n);
        free(p);

        if (rc == NGX_ERROR) {
            break;
        }
    }

    ngx_live_rtmp_chunk_free(&cr);

    if (cr.memory != 0 || blocks != 0) {
        abort();
    }

    return 0;
}


static void *
resize(void *data, void *p, size_t size)
{
    if (size == 0) {
        blocks--;
        free(p);
        return NULL;
    }

    blocks += (p == NULL);

    return realloc(p, size);
}


static void
init(ngx_live_rtmp_chunk_reader_t *cr)
{
    ngx_live_rtmp_chunk_init(cr);

    cr->resize = resize;
    cr->max_message = LIMIT;
    cr->max_memory = 2 * LIMIT;
}


static ngx_int_t
drain(ngx_live_rtmp_chunk_reader_t *cr, u_char *p, size_t n)
{
    u_char                   *last;
    ngx_int_t                 rc;
    ngx_live_rtmp_message_t   m;

    last = p + n;

    while ((rc = ngx_live_rtmp_chunk_read(cr, &p, last, &m)) == NGX_OK) {
        write_again(&m, cr->chunk_size);
    }

    if (rc == NGX_AGAIN && p != last) {
        abort();
    }

    if (rc == NGX_ERROR && cr->reason == NULL) {
        abort();
    }

    if (cr->memory > cr->max_memory) {
        abort();
    }

    return rc;
}


static void
write_again(ngx_live_rtmp_message_t *m, size_t chunk_size)
{
    size_t                         len;
    u_char                        *wire, *pos;
    ngx_live_rtmp_message_t        w, r;
    ngx_live_rtmp_chunk_reader_t   cr;

    w = *m;
    w.csid = 5;
    chunk_size = ngx_max(ngx_min(chunk_size, LIMIT), 16);

    len = ngx_live_rtmp_chunk_wire_len(&w, chunk_size);

    wire = malloc(len);
    if (wire == NULL) {
        abort();
    }

    if (ngx_live_rtmp_chunk_write(wire, &w, chunk_size) != wire + len) {
        abort();
    }

    init(&cr);
    cr.chunk_size = (uint32_t) chunk_size;
    pos = wire;

    if (ngx_live_rtmp_chunk_read(&cr, &pos, wire + len, &r) != NGX_OK
        || pos != wire + len || r.timestamp != w.timestamp || r.len != w.len
        || r.type != w.type || r.msid != w.msid
        || (r.len && memcmp(r.body, w.body, r.len) != 0))
    {
        abort();
    }

    ngx_live_rtmp_chunk_free(&cr);
    free(wire);
}
