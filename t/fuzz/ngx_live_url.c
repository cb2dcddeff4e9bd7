
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of paths, numbers and query arguments. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_name.h>
#include <ngx_live_url.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_part(ngx_str_t *part, ngx_str_t *whole)
{
    if (part->len
        && (part->data < whole->data
            || part->len > (size_t) (whole->data + whole->len - part->data)))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char       text[24], *p;
    uint64_t     n;
    ngx_str_t    whole, app, name, rest, value;
    const char  *reason;

    whole.data = (u_char *) data;
    whole.len = size;

    if (ngx_live_url_split(&whole, &app, &name, &rest, &reason) == NGX_OK) {
        check_part(&app, &whole);
        check_part(&name, &whole);
        check_part(&rest, &whole);

        if (ngx_live_name_check(&app, &reason) != NGX_OK
            || ngx_live_name_check(&name, &reason) != NGX_OK)
        {
            abort();
        }
    }

    rest = whole;

    if (ngx_live_url_token(&rest, &value) == NGX_OK) {
        check_part(&value, &whole);
        check_part(&rest, &whole);
    }

    value = whole;
    (void) ngx_live_url_cut_suffix(&value, ".flv");

    ngx_live_url_arg(&whole, "k", &value);
    check_part(&value, &whole);

    if (ngx_live_url_sid(&whole, &value) == NGX_OK) {
        check_part(&value, &whole);
    }

    p = malloc(size ? size : 1);

    if (p == NULL) {
        abort();
    }

    value.data = p;
    value.len = size;
    memcpy(p, data, size);

    value.len = ngx_live_url_drop_sid(p, size);

    if (value.len > size || ngx_live_url_arg(&value, "sid", &rest)) {
        abort();
    }

    free(p);

    if (ngx_live_url_number(whole.data, whole.len, &n) == NGX_OK) {
        p = ngx_sprintf(text, "%uL", n);

        /* the text ends with the number, before it are zeros only */

        if ((size_t) (p - text) > size
            || (n && memcmp(data + size - (p - text), text, p - text) != 0))
        {
            abort();
        }
    }

    return 0;
}
