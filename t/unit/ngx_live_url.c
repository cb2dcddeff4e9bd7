
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of paths, numbers and query arguments. */


#include <ngx_unit.h>
#include <ngx_live_url.h>


static const char  *reason;
static ngx_str_t    app, name, rest;


static ngx_int_t
split(const char *text)
{
    ngx_str_t  path;

    path.len = strlen(text);
    path.data = buf_copy(text, path.len);
    reason = "";

    return ngx_live_url_split(&path, &app, &name, &rest, &reason);
}


static void
test_split(void)
{
    is_int(split("live/demo/index.m3u8"), NGX_OK, "all parts");
    is_str(&app, "live", "application");
    is_str(&name, "demo", "name");
    is_str(&rest, "index.m3u8", "rest");

    is_int(split("/live/demo/s/v-1.2.m4s"), NGX_OK, "a slash first");
    is_str(&app, "live", "application");
    is_str(&rest, "s/v-1.2.m4s", "rest with a slash");

    is_int(split("live/demo"), NGX_OK, "no rest");
    is_str(&rest, "", "is empty");
    is_int(split("live/demo/"), NGX_OK, "a slash last");
    is_str(&rest, "", "is no rest");

    is_int(split("live/demo//x"), NGX_OK, "an empty part");
    is_str(&rest, "/x", "belongs to the rest");

    is_int(split("live"), NGX_ERROR, "no name: %s", reason);
    is_int(split("live/"), NGX_ERROR, "empty name: %s", reason);
    is_int(split(""), NGX_ERROR, "nothing: %s", reason);
    is_int(split("/"), NGX_ERROR, "a slash: %s", reason);
    is_int(split("//demo/x"), NGX_ERROR, "empty application: %s", reason);
    is_int(split("live/../x"), NGX_ERROR, "dots: %s", reason);
    is_int(split("live/a b/x"), NGX_ERROR, "a blank: %s", reason);

    ngx_str_set(&name, "demo.flv");
    is_int(ngx_live_url_cut_suffix(&name, ".flv"), NGX_OK, "suffix");
    is_str(&name, "demo", "cut off");
    is_int(ngx_live_url_cut_suffix(&name, ".flv"), NGX_DECLINED, "once");
    ngx_str_set(&name, ".flv");
    is_int(ngx_live_url_cut_suffix(&name, ".flv"), NGX_DECLINED,
           "nothing before it");
    ngx_str_set(&name, "flv");
    is_int(ngx_live_url_cut_suffix(&name, ".flv"), NGX_DECLINED, "too short");
}


static ngx_int_t
number(const char *text, uint64_t *v)
{
    size_t  len;

    len = strlen(text);

    return ngx_live_url_number(buf_copy(text, len), len, v);
}


static void
test_token(void)
{
    ngx_str_t  path, token;

    ngx_str_set(&path, "/~a.b-c_d/live/demo/index.m3u8");
    is_int(ngx_live_url_token(&path, &token), NGX_OK, "token");
    is_str(&token, "a.b-c_d", "without its tilde");
    is_str(&path, "live/demo/index.m3u8", "the rest of the path");

    ngx_str_set(&path, "~/live/demo");
    is_int(ngx_live_url_token(&path, &token), NGX_OK, "empty token");
    is_int(token.len, 0, "is empty");
    is_str(&path, "live/demo", "and the rest");

    ngx_str_set(&path, "live/~demo/x");
    is_int(ngx_live_url_token(&path, &token), NGX_DECLINED, "later tilde");
    is_str(&path, "live/~demo/x", "the path is as it was");

    ngx_str_set(&path, "/~abc");
    is_int(ngx_live_url_token(&path, &token), NGX_DECLINED, "nothing behind");
    is_str(&path, "/~abc", "is as it was");

    ngx_str_set(&path, "");
    is_int(ngx_live_url_token(&path, &token), NGX_DECLINED, "empty path");
}


static void
test_number(void)
{
    uint64_t  v;

    is_int(number("0", &v), NGX_OK, "zero");
    is_int(v, 0, "its value");
    is_int(number("1234567890", &v), NGX_OK, "a number");
    is_int(v, 1234567890, "its value");
    is_int(number("18446744073709551615", &v), NGX_OK, "the greatest");
    ok(v == UINT64_MAX, "its value");
    is_int(number("000000000000000000000000000000000007", &v), NGX_OK,
           "leading zeros");
    is_int(v, 7, "its value");

    is_int(number("18446744073709551616", &v), NGX_ERROR, "one more");
    is_int(number("99999999999999999999999999999999999", &v), NGX_ERROR,
           "far more");
    is_int(number("", &v), NGX_ERROR, "empty");
    is_int(number("-1", &v), NGX_ERROR, "sign");
    is_int(number("+1", &v), NGX_ERROR, "plus");
    is_int(number(" 1", &v), NGX_ERROR, "blank");
    is_int(number("1.0", &v), NGX_ERROR, "fraction");
    is_int(number("0x1", &v), NGX_ERROR, "hex");
    is_int(number("1e3", &v), NGX_ERROR, "exponent");
    is_int(v, 7, "the value is left alone");
}


static void
test_arg(void)
{
    ngx_str_t  args, value;

    ngx_str_set(&args, "_HLS_msn=5&_HLS_part=&x&_HLS_msn=6&y=a=b");

    is_int(ngx_live_url_arg(&args, "_HLS_msn", &value), 2, "twice there");
    is_str(&value, "5", "the first wins");
    is_int(ngx_live_url_arg(&args, "_HLS_part", &value), 1, "empty value");
    is_str(&value, "", "is empty");
    is_int(ngx_live_url_arg(&args, "x", &value), 1, "no value");
    is_str(&value, "", "is empty");
    is_int(ngx_live_url_arg(&args, "y", &value), 1, "value with =");
    is_str(&value, "a=b", "in whole");

    is_int(ngx_live_url_arg(&args, "_hls_msn", &value), 0, "another case");
    is_str(&value, "", "no value");
    is_int(ngx_live_url_arg(&args, "_HLS", &value), 0, "a part of a key");
    is_int(ngx_live_url_arg(&args, "a", &value), 0, "a value is no key");

    ngx_str_set(&args, "&&=z&k=1&");
    is_int(ngx_live_url_arg(&args, "k", &value), 1, "among empty ones");
    is_str(&value, "1", "value");
    is_int(ngx_live_url_arg(&args, "", &value), 3, "the empty key");

    ngx_str_null(&args);
    is_int(ngx_live_url_arg(&args, "k", &value), 0, "no arguments");
}


static ngx_int_t
sid(const char *text, ngx_str_t *value)
{
    ngx_str_t  args;

    args.len = strlen(text);
    args.data = buf_copy(text, args.len);

    return ngx_live_url_sid(&args, value);
}


static void
test_sid(void)
{
    ngx_str_t  value;

    is_int(sid("sid=abcdefghij_-XYZ0", &value), NGX_OK, "sid");
    is_str(&value, "abcdefghij_-XYZ0", "its value");
    is_int(sid("token=a&sid=abcdefghij_-XYZ0&x", &value), NGX_OK,
           "among others");
    is_str(&value, "abcdefghij_-XYZ0", "its value");

    is_int(sid("", &value), NGX_DECLINED, "none");
    is_int(sid("sid=", &value), NGX_DECLINED, "empty");
    is_int(sid("sid=abcdefghij_-XYZ", &value), NGX_DECLINED, "too short");
    is_int(sid("sid=abcdefghij_-XYZ01", &value), NGX_DECLINED, "too long");
    is_int(sid("sid=abcdefghij_-XYZ.", &value), NGX_DECLINED, "a dot");
    is_int(sid("sid=abcdefghij%2DXYZ", &value), NGX_DECLINED, "escaped");
    is_int(sid("Sid=abcdefghij_-XYZ0", &value), NGX_DECLINED, "another case");
    is_int(sid("sid=abcdefghij_-XYZ0&sid=abcdefghij_-XYZ0", &value),
           NGX_DECLINED, "twice");
}


static void
drop(const char *text, const char *rest)
{
    ngx_str_t  args;

    args.len = strlen(text);
    args.data = buf_copy(text, args.len);
    args.len = ngx_live_url_drop_sid(args.data, args.len);

    is_str(&args, rest, "without sid: %s", text);
}


static void
test_drop_sid(void)
{
    drop("", "");
    drop("sid=1", "");
    drop("sid", "");
    drop("sid=1&sid=2", "");
    drop("token=a&sid=1", "token=a");
    drop("sid=1&token=a", "token=a");
    drop("a=sid&sid=1&b=sid=2&c", "a=sid&b=sid=2&c");
    drop("sidd=1&si=2&a?sid=3", "sidd=1&si=2&a?sid=3");
    drop("a&&b&", "a&b");
}


int
main(void)
{
    test_split();
    test_token();
    test_number();
    test_arg();
    test_sid();
    test_drop_sid();

    return done_testing();
}
