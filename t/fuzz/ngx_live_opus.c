
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of Opus's header and packets. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_opus.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                *p, *end;
    ngx_int_t              rc;
    const char            *reason;
    ngx_live_opus_head_t   head;

    p = (u_char *) data;
    end = p + size;
    reason = NULL;

    rc = ngx_live_opus_parse_head(&head, p, end, &reason);

    if ((rc == NGX_OK && head.channels == 0)
        || (rc != NGX_OK && reason == NULL))
    {
        abort();
    }

    if (ngx_live_opus_samples(p, end) > 5760) {
        abort();
    }

    return 0;
}
