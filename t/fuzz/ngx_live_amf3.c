
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the AMF3 side of the AMF reader: the input is a run of AMF3
 * values, read as what stands in an AMF3 array.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_amf.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_string(ngx_str_t *s, u_char *data, u_char *end)
{
    if (s->len && (s->data < data || s->len > (size_t) (end - s->data))) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    u_char                *data, *end;
    ngx_str_t              key;
    ngx_int_t              rc;
    ngx_live_amf_t         a;
    ngx_live_amf_value_t   v;

    /* an array of 100 elements, whatever is missing is found missing */

    data = malloc(size + 105);
    memcpy(data, "\x11\x09\x81\x49\x01", 5);

    if (size) {
        memcpy(data + 5, bytes, size);
    }

    memset(data + 5 + size, 0, 100);
    end = data + size + 105;

    ngx_live_amf_init(&a, data, end);

    do {
        rc = ngx_live_amf_read(&a, &v);

        if (rc == NGX_OK) {
            check_string(&v.string, data, end);

        } else if (rc == NGX_DONE && a.depth) {
            rc = ngx_live_amf_next(&a, &key);
            check_string(&key, data, end);

            rc = (rc == NGX_DONE) ? NGX_OK : rc;
        }

        if (a.pos < data || a.pos > end || a.depth > NGX_LIVE_AMF_MAX_DEPTH) {
            abort();
        }

    } while (rc == NGX_OK);

    if (rc == NGX_ERROR && a.reason == NULL) {
        abort();
    }

    free(data);

    return 0;
}
