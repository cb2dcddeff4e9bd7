
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_url.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_name.h>
#include <ngx_live_url.h>


static void ngx_live_url_cut(ngx_str_t *rest, u_char c, ngx_str_t *part);


ngx_int_t
ngx_live_url_split(ngx_str_t *path, ngx_str_t *app, ngx_str_t *name,
    ngx_str_t *rest, const char **reason)
{
    *rest = *path;

    if (rest->len && rest->data[0] == '/') {
        rest->data++;
        rest->len--;
    }

    ngx_live_url_cut(rest, '/', app);
    ngx_live_url_cut(rest, '/', name);

    if (ngx_live_name_check(app, reason) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_name_check(name, reason);
}


/* takes what stands before the first c off rest, and c itself */

static void
ngx_live_url_cut(ngx_str_t *rest, u_char c, ngx_str_t *part)
{
    size_t  i;

    *part = *rest;

    for (i = 0; i < rest->len; i++) {

        if (rest->data[i] == c) {
            part->len = i;
            rest->data += i + 1;
            rest->len -= i + 1;

            return;
        }
    }

    ngx_str_null(rest);
}


ngx_int_t
ngx_live_url_token(ngx_str_t *path, ngx_str_t *token)
{
    u_char  *p, *end, *slash;

    p = path->data;
    end = p + path->len;

    if (p != end && *p == '/') {
        p++;
    }

    if (p == end || *p++ != '~') {
        return NGX_DECLINED;
    }

    slash = ngx_strlchr(p, end, '/');

    if (slash == NULL) {
        return NGX_DECLINED;
    }

    token->data = p;
    token->len = slash - p;

    path->data = slash + 1;
    path->len = end - path->data;

    return NGX_OK;
}


ngx_int_t
ngx_live_url_cut_suffix(ngx_str_t *s, const char *suffix)
{
    size_t  len;

    len = ngx_strlen(suffix);

    if (s->len <= len
        || ngx_memcmp(s->data + s->len - len, suffix, len) != 0)
    {
        return NGX_DECLINED;
    }

    s->len -= len;

    return NGX_OK;
}


ngx_int_t
ngx_live_url_number(u_char *data, size_t len, uint64_t *value)
{
    size_t    i;
    uint64_t  v, digit;

    if (len == 0) {
        return NGX_ERROR;
    }

    v = 0;

    for (i = 0; i < len; i++) {

        if (data[i] < '0' || data[i] > '9') {
            return NGX_ERROR;
        }

        digit = data[i] - '0';

        if (v > (UINT64_MAX - digit) / 10) {
            return NGX_ERROR;
        }

        v = v * 10 + digit;
    }

    *value = v;

    return NGX_OK;
}


ngx_uint_t
ngx_live_url_arg(ngx_str_t *args, const char *key, ngx_str_t *value)
{
    size_t      len;
    ngx_str_t   rest, arg, name;
    ngx_uint_t  n;

    n = 0;
    len = ngx_strlen(key);
    rest = *args;
    ngx_str_null(value);

    while (rest.len) {
        ngx_live_url_cut(&rest, '&', &arg);
        ngx_live_url_cut(&arg, '=', &name);

        if (name.len == len && ngx_memcmp(name.data, key, len) == 0
            && n++ == 0)
        {
            *value = arg;
        }
    }

    return n;
}


ngx_int_t
ngx_live_url_sid(ngx_str_t *args, ngx_str_t *sid)
{
    size_t  i;
    u_char  c;

    if (ngx_live_url_arg(args, "sid", sid) != 1
        || sid->len != NGX_LIVE_URL_SID_LEN)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < NGX_LIVE_URL_SID_LEN; i++) {
        c = sid->data[i];

        if (!((c >= '0' && c <= '9')
              || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
              || c == '-' || c == '_'))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


size_t
ngx_live_url_drop_sid(u_char *args, size_t len)
{
    u_char     *out;
    ngx_str_t   rest, arg, value, name;

    out = args;

    rest.data = args;
    rest.len = len;

    while (rest.len) {
        ngx_live_url_cut(&rest, '&', &arg);

        value = arg;
        ngx_live_url_cut(&value, '=', &name);

        if (arg.len == 0
            || (name.len == 3 && ngx_memcmp(name.data, "sid", 3) == 0))
        {
            continue;
        }

        if (out != args) {
            *out++ = '&';
        }

        out = ngx_movemem(out, arg.data, arg.len);
    }

    return out - args;
}
