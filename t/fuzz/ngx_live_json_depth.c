
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the depth of JSON texts: no more than brackets are opened,
 * and no less than that of the text without its last byte.
 */


#include "ngx_live_json_depth.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      i;
    ngx_uint_t  open, depth;

    open = 0;

    for (i = 0; i < size; i++) {
        open += (data[i] == '{' || data[i] == '[');
    }

    depth = ngx_live_json_depth((u_char *) data, size);

    if (depth > open
        || (size && depth < ngx_live_json_depth((u_char *) data, size - 1)))
    {
        abort();
    }

    return 0;
}
