
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of texts: what comes out is no longer, valid, and stays as it is
 * when it is cleaned again.
 */


#include "ngx_live_chat_fold.h"
#include "ngx_live_chat_text.h"
#include "ngx_live_utf8.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(u_char *p, size_t size, ngx_uint_t line)
{
    u_char      *dst, *c, *end, *again;
    ngx_str_t    text, same;
    ngx_uint_t   rc, kind;

    dst = malloc(size + 1);
    again = malloc(size + 1);

    if (dst == NULL || again == NULL) {
        abort();
    }

    rc = line ? ngx_live_chat_text_line(dst, p, size, 50, &text)
              : ngx_live_chat_text_clean(dst, p, size, 50, &text);

    if (rc != NGX_LIVE_CHAT_TEXT_INVALID) {

        if (text.len > size
            || ngx_live_utf8_check(text.data, text.len) != NGX_OK)
        {
            abort();
        }

        end = text.data + text.len;

        for (c = text.data; c < end; /* void */) {
            kind = ngx_live_chat_kind(ngx_live_utf8_get(&c));

            if (kind == NGX_LIVE_CHAT_CONTROL
                || (line && kind == NGX_LIVE_CHAT_HIDDEN))
            {
                abort();
            }
        }

        if ((line ? ngx_live_chat_text_line(again, text.data, text.len, 50,
                                            &same)
                  : ngx_live_chat_text_clean(again, text.data, text.len, 50,
                                             &same))
            != rc
            || same.len != text.len
            || memcmp(same.data, text.data, same.len) != 0)
        {
            abort();
        }

        (void) ngx_live_chat_text_kind(p, size);
    }

    free(dst);
    free(again);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *p;

    p = malloc(size + 1);
    if (p == NULL) {
        abort();
    }

    memcpy(p, data, size);

    check(p, size, 0);
    check(p, size, 1);

    free(p);

    return 0;
}
