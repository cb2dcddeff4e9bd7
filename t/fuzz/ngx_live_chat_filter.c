
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the word filter: the input up to the first zero byte is a
 * list, the rest a text.  What is found lies within the text and has letters;
 * an entry that is a plain word finds itself.
 */


#include "ngx_live_chat_filter.h"
#include "ngx_live_utf8.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_uint_t
is_plain(u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] < 'a' || p[i] > 'z') {
            return 0;
        }
    }

    return len != 0;
}


static void
check_list(ngx_live_chat_filter_t *f, u_char *p, size_t len)
{
    u_char                 *end, *next;
    ngx_live_chat_match_t   match;

    for (end = p + len; p < end; p = next + 1) {
        next = ngx_strlchr(p, end, '\n');
        next = next ? next : end;

        if (is_plain(p, next - p)
            && ngx_live_chat_filter_match(f, p, next - p, &match) != NGX_OK)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                   len;
    u_char                  *list, *text;
    ngx_pool_t              *pool;
    ngx_uint_t               line;
    const char              *reason;
    ngx_live_chat_match_t    match;
    ngx_live_chat_filter_t  *f;

    len = strnlen((char *) data, size);

    list = malloc(len + 1);
    text = malloc(size - len + 1);

    if (list == NULL || text == NULL) {
        abort();
    }

    memcpy(list, data, len);

    if (len < size) {
        len++;
    }

    memcpy(text, data + len, size - len);

    pool = ngx_create_pool(4096, NULL);
    reason = NULL;

    f = ngx_live_chat_filter_create(pool, list, strnlen((char *) data, size),
                                    &line, &reason);

    if (f == NULL) {
        if (reason == NULL) {
            abort();
        }

        goto done;
    }

    if (ngx_live_chat_filter_match(f, text, size - len, &match) == NGX_OK
        && (match.len == 0 || match.line == 0
            || match.start > size - len
            || match.len > size - len - match.start
            || ngx_live_utf8_check(text + match.start, match.len) != NGX_OK))
    {
        abort();
    }

    check_list(f, list, strnlen((char *) data, size));

done:

    ngx_destroy_pool(pool);
    free(list);
    free(text);

    return 0;
}
