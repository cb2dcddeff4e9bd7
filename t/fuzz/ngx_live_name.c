
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of names: parts lie within the whole, valid names are safe. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_name.h>


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


static void
check_name(ngx_str_t *name)
{
    size_t       i;
    const char  *reason;

    reason = NULL;

    if (ngx_live_name_check(name, &reason) != NGX_OK) {

        if (reason == NULL) {
            abort();
        }

        return;
    }

    for (i = 0; i < name->len; i++) {
        if (name->data[i] <= ' ' || name->data[i] >= 127
            || strchr("/\\%?#&\"'<>{}:;,", name->data[i]))
        {
            abort();
        }
    }

    if (name->len == 0 || name->data[0] == '.') {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t  whole, name, args, app, instance;

    whole.data = (u_char *) data;
    whole.len = size;

    check_name(&whole);

    ngx_live_name_split(&whole, &name, &args);
    check_part(&name, &whole);
    check_part(&args, &whole);
    check_name(&name);

    ngx_live_name_split_app(&whole, &app, &instance, &args);
    check_part(&app, &whole);
    check_part(&instance, &whole);
    check_part(&args, &whole);

    return 0;
}
