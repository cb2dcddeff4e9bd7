
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of ids and cursors: what is taken is written as it was, and any
 * bytes make a cursor that is taken.
 */


#include "ngx_live_chat_cursor.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   buf[NGX_LIVE_CHAT_CURSOR_LEN], *p;
    ngx_live_chat_id_t       id;
    ngx_live_chat_cursor_t   cursor, copy;

    p = malloc(size ? size : 1);
    if (p == NULL) {
        abort();
    }

    if (size) {
        memcpy(p, data, size);
    }

    if (ngx_live_chat_id_parse(p, size, &id) == NGX_OK
        && ((size_t) (ngx_live_chat_id_write(buf, &id) - buf) != size
            || memcmp(buf, p, size) != 0))
    {
        abort();
    }

    if (ngx_live_chat_cursor_parse(p, size, &cursor) == NGX_OK
        && ((size_t) (ngx_live_chat_cursor_write(buf, &cursor) - buf) != size
            || memcmp(buf, p, size) != 0))
    {
        abort();
    }

    if (size >= sizeof(ngx_live_chat_cursor_t)) {
        memcpy(&copy, p, sizeof(ngx_live_chat_cursor_t));
        if (copy.local == 0) {
            memset(&copy.local_id, 0, sizeof(ngx_live_chat_id_t));
        }

        size = ngx_live_chat_cursor_write(buf, &copy) - buf;

        if (ngx_live_chat_cursor_parse(buf, size, &cursor) != NGX_OK
            || memcmp(&copy, &cursor, sizeof(ngx_live_chat_cursor_t)) != 0)
        {
            abort();
        }
    }

    free(p);

    return 0;
}
