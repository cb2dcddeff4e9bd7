
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_name.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_name.h>


/* a bit for each byte below 128 that a name may have */

static const uint32_t  ngx_live_name_bytes[4] = {
    0x00000000,
                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x23ff6800, /* 0010 0011 1111 1111  0110 1000 0000 0000 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x87ffffff, /* 1000 0111 1111 1111  1111 1111 1111 1111 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x47fffffe  /* 0100 0111 1111 1111  1111 1111 1111 1110 */
};


ngx_int_t
ngx_live_name_check(ngx_str_t *name, const char **reason)
{
    size_t  i;
    u_char  c;

    if (name->len == 0) {
        *reason = "is empty";
        return NGX_ERROR;
    }

    if (name->len > NGX_LIVE_NAME_MAX) {
        *reason = "is too long";
        return NGX_ERROR;
    }

    if (name->data[0] == '.') {
        *reason = "begins with a dot";
        return NGX_ERROR;
    }

    /* in a path it begins a token */

    if (name->data[0] == '~') {
        *reason = "begins with a tilde";
        return NGX_ERROR;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c >= 128
            || !(ngx_live_name_bytes[c >> 5] & ((uint32_t) 1 << (c & 31))))
        {
            *reason = "has an invalid character";
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_name_key(ngx_str_t *app, ngx_str_t *name, u_char *buf,
    ngx_str_t *key, const char **reason)
{
    u_char  *p;

    if (ngx_live_name_check(app, reason) != NGX_OK
        || ngx_live_name_check(name, reason) != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_cpymem(buf, app->data, app->len);
    *p++ = '/';
    p = ngx_cpymem(p, name->data, name->len);

    key->data = buf;
    key->len = p - buf;

    return NGX_OK;
}


void
ngx_live_name_split(ngx_str_t *whole, ngx_str_t *name, ngx_str_t *args)
{
    size_t  i;

    *name = *whole;
    ngx_str_null(args);

    for (i = 0; i < whole->len; i++) {

        if (whole->data[i] == '?') {
            name->len = i;
            args->data = whole->data + i + 1;
            args->len = whole->len - i - 1;

            return;
        }
    }
}


void
ngx_live_name_split_app(ngx_str_t *whole, ngx_str_t *app, ngx_str_t *instance,
    ngx_str_t *args)
{
    size_t  i;

    ngx_live_name_split(whole, app, args);
    ngx_str_null(instance);

    for (i = 0; i < app->len; i++) {

        if (app->data[i] == '/') {
            instance->data = app->data + i + 1;
            instance->len = app->len - i - 1;
            app->len = i;

            break;
        }
    }

    if (instance->len && instance->data[instance->len - 1] == '/') {
        instance->len--;
    }
}
