
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of signed URLs: "TEXT expires signature", nothing of it good. */


#include "ngx_live_signed_url.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *p, *end;
    const char             *reason;
    ngx_live_signed_url_t   url;

    reason = NULL;
    p = (u_char *) data;
    end = p + size;

    ngx_memzero(&url, sizeof(ngx_live_signed_url_t));
    ngx_str_set(&url.secret, "of which nobody knows but we");

    url.text.data = p;
    p = ngx_strlchr(p, end, ' ');
    p = p ? p : end;
    url.text.len = p - url.text.data;

    url.expires.data = (p < end) ? ++p : p;
    p = ngx_strlchr(p, end, ' ');
    p = p ? p : end;
    url.expires.len = p - url.expires.data;

    url.signature.data = (p < end) ? ++p : p;
    url.signature.len = end - p;

    if (ngx_live_signed_url_check(&url, 1000, &reason) == NGX_OK
        || reason == NULL)
    {
        abort();
    }

    return 0;
}
