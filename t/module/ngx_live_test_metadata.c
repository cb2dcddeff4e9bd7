
/*
 * Copyright (C) nginx-live authors
 */


/*
 * For tests only: a location that puts timed metadata onto a stream.
 *
 *     location /metadata { live_test_metadata; }
 *     /metadata?stream=APP/NAME&data=TEXT
 *     /metadata?stream=APP/NAME&data=TEXT&id=1&time=TICKS&duration=TICKS&n=3
 *
 * The scheme is "urn:test", the value "v".  It says what became of it.
 */


#include "ngx_live_metadata.h"
#include "ngx_live_test.h"


static int64_t ngx_http_live_test_metadata_arg(ngx_http_request_t *r,
    char *name, int64_t otherwise);


ngx_int_t
ngx_http_live_test_metadata_handler(ngx_http_request_t *r)
{
    int64_t               i, n, counts[3];
    ngx_int_t             rc;
    ngx_str_t             key;
    ngx_live_json_t       js;
    ngx_live_metadata_t   m;

    ngx_memzero(&m, sizeof(ngx_live_metadata_t));
    ngx_memzero(counts, sizeof(counts));

    ngx_str_set(&m.scheme, "urn:test");
    ngx_str_set(&m.value, "v");

    if (ngx_http_arg(r, (u_char *) "stream", 6, &key) != NGX_OK
        || ngx_http_arg(r, (u_char *) "data", 4, &m.data) != NGX_OK)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    m.id = ngx_http_live_test_metadata_arg(r, "id", 0);
    m.time = ngx_http_live_test_metadata_arg(r, "time",
                                             NGX_LIVE_METADATA_NOW);
    m.duration = ngx_http_live_test_metadata_arg(r, "duration", 0);
    n = ngx_http_live_test_metadata_arg(r, "n", 1);

    for (i = 0; i < n; i++) {
        rc = ngx_live_metadata_put(&key, &m);
        counts[rc == NGX_OK ? 0 : rc == NGX_DECLINED ? 1 : 2]++;
    }

    ngx_live_json_init(&js, r->pool);
    ngx_live_json_object(&js, NULL);
    ngx_live_json_int(&js, "put", counts[0]);
    ngx_live_json_int(&js, "declined", counts[1]);
    ngx_live_json_int(&js, "dropped", counts[2]);
    ngx_live_json_object_end(&js);

    return ngx_http_live_test_json(r, &js);
}


static int64_t
ngx_http_live_test_metadata_arg(ngx_http_request_t *r, char *name,
    int64_t otherwise)
{
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return otherwise;
    }

    return ngx_atoi(value.data, value.len);
}
