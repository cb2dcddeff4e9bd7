
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the chat's state: what is taken is written so that it is read
 * as the same, within the size that is asked for.
 */


#include "ngx_live_chat_state.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(ngx_live_chat_state_t *st)
{
    size_t                  size;
    u_char                 *buf, *p;
    ngx_live_chat_state_t   again;

    if (st->room.len > NGX_LIVE_CHAT_STATE_ROOM
        || st->user.len > NGX_LIVE_CHAT_STATE_USER)
    {
        abort();
    }

    size = NGX_LIVE_CHAT_STATE_SIZE
           + ngx_live_chat_state_size(st->room.len, st->user.len);

    buf = malloc(size);
    if (buf == NULL) {
        abort();
    }

    p = ngx_live_chat_state_write_start(buf, st->secret);
    p = ngx_live_chat_state_write(p, &st->room, &st->user, &st->marks);
    p = ngx_live_chat_state_write_end(p);

    if (ngx_live_chat_state_start(&again, buf, p - buf) != NGX_OK
        || ngx_live_chat_state_next(&again) != NGX_OK
        || memcmp(&again.marks, &st->marks, sizeof(st->marks)) != 0
        || again.room.len != st->room.len
        || memcmp(again.room.data, st->room.data, st->room.len) != 0
        || again.user.len != st->user.len
        || memcmp(again.user.data, st->user.data, st->user.len) != 0
        || ngx_live_chat_state_next(&again) != NGX_DONE)
    {
        abort();
    }

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *p;
    ngx_int_t               rc;
    ngx_live_chat_state_t   st;

    p = malloc(size ? size : 1);
    if (p == NULL) {
        abort();
    }

    if (size) {
        memcpy(p, data, size);
    }

    rc = ngx_live_chat_state_start(&st, p, size);

    while (rc == NGX_OK) {
        rc = ngx_live_chat_state_next(&st);

        if (rc == NGX_OK) {
            check(&st);
        }
    }

    if (rc == NGX_ERROR && st.reason == NULL) {
        abort();
    }

    free(p);

    return 0;
}
