
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of names: what is read is written back as it was. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_name.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               buf[NGX_LIVE_HLS_NAME_FILE_LEN], *p;
    ngx_live_hls_name_t  name;

    if (ngx_live_hls_name_parse(&name, (u_char *) data, size) != NGX_OK) {
        return 0;
    }

    p = ngx_live_hls_name_file(buf, name.kind, &name.track, name.msn,
                               name.part, name.hash);

    if ((size_t) (p - buf) != name.file.len
        || p - buf > (ssize_t) sizeof(buf)
        || ngx_memcmp(buf, name.file.data, name.file.len) != 0)
    {
        abort();
    }

    return 0;
}
