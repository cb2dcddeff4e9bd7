
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the AMF reader: the buffer is read three times, by skipping,
 * by the typed readers, and value by value.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_amf.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(ngx_live_amf_t *a, u_char *data, size_t size)
{
    if (a->pos < data || a->pos > data + size
        || a->depth > NGX_LIVE_AMF_MAX_DEPTH)
    {
        abort();
    }
}


static void
check_string(ngx_str_t *s, u_char *data, size_t size)
{
    if (s->len
        && (s->data < data || s->len > (size_t) (data + size - s->data)))
    {
        abort();
    }
}


static size_t
skip_all(ngx_live_amf_t *a, u_char *data, size_t size)
{
    ngx_int_t  rc;

    ngx_live_amf_init(a, data, data + size);

    do {
        rc = ngx_live_amf_skip(a);
        check(a, data, size);
    } while (rc == NGX_OK);

    if (rc == NGX_ERROR && a->reason == NULL) {
        abort();
    }

    return rc == NGX_DONE ? a->values : 0;
}


static ngx_int_t
read_any(ngx_live_amf_t *a, ngx_str_t *s)
{
    double       number;
    ngx_int_t    rc;
    ngx_uint_t   boolean;

    rc = ngx_live_amf_read_string(a, s);

    if (rc == NGX_DECLINED) {
        rc = ngx_live_amf_read_number(a, &number);

        if (rc == NGX_OK) {
            (void) ngx_live_amf_integer(number);
        }
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_live_amf_read_boolean(a, &boolean);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_live_amf_read_null(a);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_live_amf_read_object(a);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_live_amf_skip(a);
    }

    return rc;
}


/* containers are entered and walked to their ends */

static size_t
read_all(ngx_live_amf_t *a, u_char *data, size_t size)
{
    ngx_int_t  rc;
    ngx_str_t  s, key;

    ngx_live_amf_init(a, data, data + size);

    for ( ;; ) {
        ngx_str_null(&s);

        rc = read_any(a, &s);
        check(a, data, size);
        check_string(&s, data, size);

        if (rc == NGX_DONE) {

            if (a->depth == 0) {
                break;
            }

            rc = ngx_live_amf_next(a, &key);
            check_string(&key, data, size);
        }

        if (rc == NGX_ERROR) {
            break;
        }
    }

    return rc == NGX_DONE ? a->values : 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t                 skipped, read;
    u_char                *data;
    ngx_str_t              key;
    ngx_live_amf_t         a;
    ngx_live_amf_value_t   v;

    data = (u_char *) bytes;

    skipped = skip_all(&a, data, size);
    read = read_all(&a, data, size);

    if (skipped != read) {
        abort();
    }

    ngx_live_amf_init_amf3(&a, data, data + size);

    while (ngx_live_amf_read(&a, &v) == NGX_OK) {
        check_string(&v.string, data, size);

        if (ngx_live_amf_next(&a, &key) == NGX_OK) {
            ngx_live_amf_leave(&a);
        }

        check(&a, data, size);
    }

    return 0;
}
