
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of names. */


#include <ngx_unit.h>
#include <ngx_live_name.h>


static const char  *reason;


static ngx_int_t
check(const char *text, size_t len)
{
    ngx_str_t  name;

    name.len = len;
    name.data = buf_copy(text, len);
    reason = "";

    return ngx_live_name_check(&name, &reason);
}


static void
test_check(void)
{
    u_char       c, text[200];
    ngx_uint_t   i, valid;
    const char  *list;

    is_int(check("demo", 4), NGX_OK, "demo");
    is_int(check("a", 1), NGX_OK, "a byte");
    is_int(check("a.b..c", 6), NGX_OK, "dots inside");
    is_int(check("x~-_@+=", 7), NGX_OK, "punctuation");

    is_int(check("", 0), NGX_ERROR, "empty: %s", reason);
    is_int(check(".", 1), NGX_ERROR, "dot: %s", reason);
    is_int(check("..", 2), NGX_ERROR, "two dots: %s", reason);
    is_int(check(".x", 2), NGX_ERROR, "dot first: %s", reason);
    is_int(check("~x", 2), NGX_ERROR, "tilde first: %s", reason);
    is_int(check("a/b", 3), NGX_ERROR, "slash: %s", reason);
    is_int(check("a\0b", 3), NGX_ERROR, "NUL: %s", reason);
    is_int(check("a%2e", 4), NGX_ERROR, "percent: %s", reason);
    is_int(check("\xc3\xa4", 2), NGX_ERROR, "UTF-8: %s", reason);

    memset(text, 'x', sizeof(text));
    is_int(check((char *) text, 128), NGX_OK, "128 bytes");
    is_int(check((char *) text, 129), NGX_ERROR, "129 bytes: %s", reason);

    /* each byte as the second of a name */

    list = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
           "._~-@+=";
    valid = 0;

    for (i = 0; i < 256; i++) {
        c = (u_char) i;
        text[1] = c;

        if (check((char *) text, 2) == NGX_OK) {
            valid += (c != 0 && strchr(list, c) != NULL) ? 1 : 1000;
        }
    }

    is_int(valid, strlen(list), "the valid bytes and no other");
}


static void
test_key(void)
{
    u_char     out[NGX_LIVE_NAME_KEY_MAX], text[200];
    ngx_str_t  app, name, key;

    ngx_str_set(&app, "live");
    ngx_str_set(&name, "demo");
    is_int(ngx_live_name_key(&app, &name, out, &key, &reason), NGX_OK, "key");
    is_str(&key, "live/demo", "APP/NAME");

    memset(text, 'x', sizeof(text));
    app.data = text;
    app.len = 128;
    name = app;
    is_int(ngx_live_name_key(&app, &name, out, &key, &reason), NGX_OK,
           "the longest key");
    is_int(key.len, sizeof(out), "fills its room");

    name.len = 129;
    is_int(ngx_live_name_key(&app, &name, out, &key, &reason), NGX_ERROR,
           "too long name: %s", reason);
    is_int(ngx_live_name_key(&name, &app, out, &key, &reason), NGX_ERROR,
           "too long application: %s", reason);
}


static void
test_split(void)
{
    ngx_str_t  s, name, args, app, instance;

    ngx_str_set(&s, "demo?token=x&y=?");
    ngx_live_name_split(&s, &name, &args);
    is_str(&name, "demo", "name");
    is_str(&args, "token=x&y=?", "arguments");

    ngx_str_set(&s, "demo");
    ngx_live_name_split(&s, &name, &args);
    is_str(&name, "demo", "name alone");
    is_str(&args, "", "no arguments");

    ngx_str_set(&s, "?a");
    ngx_live_name_split(&s, &name, &args);
    is_str(&name, "", "no name");
    is_str(&args, "a", "arguments alone");

    ngx_str_null(&s);
    ngx_live_name_split(&s, &name, &args);
    is_str(&name, "", "nothing");

    ngx_str_set(&s, "live/_definst_?key=a/b");
    ngx_live_name_split_app(&s, &app, &instance, &args);
    is_str(&app, "live", "application");
    is_str(&instance, "_definst_", "instance");
    is_str(&args, "key=a/b", "arguments");

    ngx_str_set(&s, "live/");
    ngx_live_name_split_app(&s, &app, &instance, &args);
    is_str(&app, "live", "application with a slash");
    is_str(&instance, "", "no instance");

    ngx_str_set(&s, "live?x=1");
    ngx_live_name_split_app(&s, &app, &instance, &args);
    is_str(&app, "live", "application with arguments");
    is_str(&instance, "", "no instance");
    is_str(&args, "x=1", "arguments");

    ngx_str_set(&s, "live/a/b/");
    ngx_live_name_split_app(&s, &app, &instance, &args);
    is_str(&app, "live", "application");
    is_str(&instance, "a/b", "longer instance");

    ngx_str_null(&s);
    ngx_live_name_split_app(&s, &app, &instance, &args);
    is_str(&app, "", "nothing");
}


int
main(void)
{
    test_check();
    test_key();
    test_split();

    return done_testing();
}
