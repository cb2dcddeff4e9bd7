
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of text for logs: behind what announces a token there is none. */


#include <ngx_unit.h>
#include <ngx_live_token_mask.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(u_char *p, u_char *last, const char *lead,
    const char *stop);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      len;
    u_char     *p;
    ngx_uint_t  i;
    ngx_str_t   names[] = { ngx_string("token"), ngx_string("t") };

    p = malloc(size ? size : 1);

    if (p == NULL) {
        abort();
    }

    ngx_memcpy(p, data, size);

    len = ngx_live_token_mask(p, size, names, 2);

    if (len > size) {
        abort();
    }

    for (i = 0; i < len; i++) {
        check(p + i, p + len, "&token=", "& \"");
        check(p + i, p + len, "?t=", "& \"");
        check(p + i, p + len, "/~", "/? \"");
        check(p + i, p + len, "/%7e", "/? \"");
    }

    free(p);

    return 0;
}


static void
check(u_char *p, u_char *last, const char *lead, const char *stop)
{
    size_t  len;

    len = strlen(lead);

    if ((size_t) (last - p) < len
        || ngx_strncasecmp(p, (u_char *) lead, len) != 0)
    {
        return;
    }

    for (p += len; p < last && strchr(stop, *p) == NULL; p++) {
        if (*p != '*') {
            abort();
        }
    }
}
