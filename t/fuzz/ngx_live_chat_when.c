
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of dates that clients ask for, and of texts of entries. */


#include "ngx_live_chat_when.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                *p;
    int64_t                ts, time;
    ngx_live_chat_when_t   when;

    p = malloc(size ? size : 1);
    if (p == NULL) {
        abort();
    }

    if (size) {
        memcpy(p, data, size);
    }

    /* a zone may lead to the last hours of 1969, leap seconds to 10000 */

    if (ngx_live_chat_when_parse(p, size, &when) == NGX_OK
        && (when.ms < -86400000 || when.ms > 999999999999999))
    {
        abort();
    }

    ngx_live_chat_when_said(p, size, &ts, &time);

    if (ts < -1 || time < -1 || (ts == -1 && time != -1)) {
        abort();
    }

    free(p);

    return 0;
}
