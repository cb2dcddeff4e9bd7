
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of session descriptions: what was read is written, and read
 * again it says the same.
 */


#include "ngx_live_sdp.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
same(ngx_live_sdp_media_t *a, ngx_live_sdp_media_t *b)
{
    ngx_uint_t  i;

    if (a->mid.len != b->mid.len
        || (a->mid.len && memcmp(a->mid.data, b->mid.data, a->mid.len))
        || a->port != b->port)
    {
        abort();
    }

    if (a->port == 0) {
        return;
    }

    if (a->ncodecs != b->ncodecs
        || a->direction != b->direction
        || a->nextensions != b->nextensions)
    {
        abort();
    }

    for (i = 0; i < a->ncodecs; i++) {
        if (a->codecs[i].pt != b->codecs[i].pt
            || a->codecs[i].feedback != b->codecs[i].feedback)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char      *copy, *buf, *p;
    size_t       len;
    ngx_uint_t   i;
    const char  *reason;

    static ngx_live_sdp_t  sdp, again;

    copy = malloc(size ? size : 1);
    memcpy(copy, data, size);

    (void) ngx_live_sdp_parse_fragment(&sdp, copy, copy + size, &reason);

    reason = NULL;

    if (ngx_live_sdp_parse(&sdp, copy, copy + size, &reason) != NGX_OK) {
        if (reason == NULL) {
            abort();
        }

        free(copy);
        return 0;
    }

    /* all media share one transport and at least one format */

    ngx_str_set(&sdp.transport.ufrag, "ufra");
    ngx_str_set(&sdp.transport.pwd, "pwdpwdpwdpwdpwdpwdpwdp");

    for (i = 0; i < sdp.nmedia; i++) {
        if (sdp.media[i].ncodecs == 0) {
            sdp.media[i].port = 0;
        }
    }

    len = size * 16 + 65536;
    buf = malloc(len);
    p = ngx_live_sdp_write(&sdp, buf, buf + len);

    if (p == NULL
        || ngx_live_sdp_parse(&again, buf, p, &reason) != NGX_OK
        || again.nmedia != sdp.nmedia)
    {
        abort();
    }

    for (i = 0; i < sdp.nmedia; i++) {
        same(&sdp.media[i], &again.media[i]);
    }

    free(buf);
    free(copy);

    return 0;
}
