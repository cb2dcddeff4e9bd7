
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of texts, names and kinds of reactions. */


#include "ngx_live_chat_text.h"
#include "ngx_unit.h"


typedef ngx_uint_t (*clean_pt)(u_char *dst, u_char *p, size_t len,
    ngx_uint_t max, ngx_str_t *text);


static void is_clean(clean_pt f, const char *text, const char *expected,
    const char *what);
static void is_bad(clean_pt f, const char *text, ngx_uint_t max,
    ngx_uint_t rc, const char *what);
static void test_text(void);
static void test_line(void);
static void test_length(void);
static void test_kind(void);


int
main(void)
{
    test_text();
    test_line();
    test_length();
    test_kind();

    return done_testing();
}


static void
is_clean(clean_pt f, const char *text, const char *expected, const char *what)
{
    size_t      len;
    u_char     *p, *dst;
    ngx_str_t   got, again;

    len = strlen(text);
    p = buf_copy(text, len);
    dst = buf_copy(text, len);

    is_int(f(dst, p, len, 100, &got), NGX_LIVE_CHAT_TEXT_OK, "%s", what);
    is_str(&got, expected, "%s: text", what);

    /* in place, and once more */

    is_int(f(p, p, len, 100, &again), NGX_LIVE_CHAT_TEXT_OK, "in place");
    is_int(f(p, p, again.len, 100, &again), NGX_LIVE_CHAT_TEXT_OK, "again");
    is_str(&again, expected, "the same");
}


static void
is_bad(clean_pt f, const char *text, ngx_uint_t max, ngx_uint_t rc,
    const char *what)
{
    size_t     len;
    ngx_str_t  got;

    len = strlen(text);

    is_int(f(buf_copy(text, len), buf_copy(text, len), len, max, &got), rc,
           "%s", what);
}


static void
test_text(void)
{
    clean_pt  f = ngx_live_chat_text_clean;

    is_clean(f, "Hello, World!", "Hello, World!", "plain");
    is_clean(f, " \t\n Hello \xe3\x80\x80\xc2\xa0\n", "Hello", "trimmed");
    is_clean(f, "a\x01\x1b[31mb\x7f\xc2\x9b" "c", "a[31mbc", "controls");
    is_clean(f, "a\tb", "a b", "tab");
    is_clean(f, "a\r\nb\rc\nd", "a\nb\nc\nd", "newlines");
    is_clean(f, "a\xe2\x80\xa8" "b", "a\nb", "line separator");
    is_clean(f, "a\n\n\n\n\nb", "a\n\nb", "many newlines");
    is_clean(f, "a\n \n \n \nb", "a\n \n  b", "newlines and blanks");
    is_clean(f, "a  b", "a  b", "blanks");
    is_clean(f, "a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x81\xa9", "abc",
             "bidirectional overrides");
    is_clean(f, "\xef\xbb\xbf" "a\xef\xbf\xbe" "b\xf4\x8f\xbf\xbf", "ab",
             "BOM and noncharacters");
    is_clean(f, "e\xcc\x81", "e\xcc\x81", "mark");
    is_clean(f, "\xcc\x81" "e \xcc\x81" "f", "e f", "marks of nothing");
    is_clean(f, "Z\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86y\xcc\x81",
             "Z\xcc\x81\xcc\x82\xcc\x83\xcc\x84y\xcc\x81", "heap of marks");
    is_clean(f, "\xe0\xb8\x81\xe0\xb9\x87\xe0\xb9\x87\xe0\xb9\x87\xe0\xb9\x87"
             "\xe0\xb9\x87\xe0\xb9\x87", "\xe0\xb8\x81\xe0\xb9\x87\xe0\xb9\x87"
             "\xe0\xb9\x87\xe0\xb9\x87", "of Thai marks");
    is_clean(f, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
             "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "joined emoji");

    /* the flag of Scotland begins with these */

    is_clean(f, "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2",
             "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2", "flag");
    is_clean(f, "a\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2", "a", "hidden tags");

    is_bad(f, "", 100, NGX_LIVE_CHAT_TEXT_EMPTY, "empty");
    is_bad(f, " \n\t ", 100, NGX_LIVE_CHAT_TEXT_EMPTY, "blanks");
    is_bad(f, "\xe2\x80\x8b\xe2\x81\xa0", 100, NGX_LIVE_CHAT_TEXT_EMPTY,
           "not to be seen");
    is_bad(f, "\xcc\x81", 100, NGX_LIVE_CHAT_TEXT_EMPTY, "mark of nothing");
    is_bad(f, "\xc0\x80", 100, NGX_LIVE_CHAT_TEXT_INVALID, "no UTF-8");
    is_bad(f, "a\xe2\x82", 100, NGX_LIVE_CHAT_TEXT_INVALID, "cut off");
}


static void
test_line(void)
{
    clean_pt  f = ngx_live_chat_text_line;

    is_clean(f, "  Joe \n\n  Doe ", "Joe Doe", "one line");
    is_clean(f, "J\xe2\x80\x8b\xe2\x80\x8f\xc2\xad" "o\xef\xb8\x8f" "e", "Joe",
             "without what is not seen");
    is_clean(f, "a \xe2\x80\xae \xc2\xa0 b", "a b", "runs of blanks");

    is_bad(f, "\xe2\x80\x8b", 100, NGX_LIVE_CHAT_TEXT_EMPTY, "empty");
}


static void
test_length(void)
{
    clean_pt  f = ngx_live_chat_text_clean;

    is_bad(f, "12345", 5, NGX_LIVE_CHAT_TEXT_OK, "exactly");
    is_bad(f, "123456", 5, NGX_LIVE_CHAT_TEXT_LONG, "too long");
    is_bad(f, "  12345       ", 5, NGX_LIVE_CHAT_TEXT_OK,
           "blanks do not count");
    is_bad(f, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2, NGX_LIVE_CHAT_TEXT_OK,
           "code points, not bytes");
    is_bad(f, "e\xcc\x81", 1, NGX_LIVE_CHAT_TEXT_LONG, "nor letters");
}


static void
test_kind(void)
{
    ngx_uint_t  i;

    const char *good[] = {
        "heart", "a", "0", "plus_1-a", "0123456789abcdef",
        "👍", "❤", "❤️", "👍🏽", "🏳️‍🌈", "🇩🇪", "1️⃣", "#⃣", "©", "👩‍💻", NULL
    };

    const char *bad[] = {
        "", "0123456789abcdefg", "Heart", "a b", "👍👍", "👍a", "a👍", "🇩",
        "🇩🇪🇩", "🏽", "👍‍", "‍👍", "️", "👍🏽🏽", "1️", "#", "é", "👨‍👩‍👧‍👦", "\n",
        "👍‍a", "👍 ", NULL
    };

    for (i = 0; good[i]; i++) {
        is_int(ngx_live_chat_text_kind(buf_copy(good[i], strlen(good[i])),
                                       strlen(good[i])), 1,
               "kind \"%s\"", good[i]);
    }

    for (i = 0; bad[i]; i++) {
        is_int(ngx_live_chat_text_kind(buf_copy(bad[i], strlen(bad[i])),
                                       strlen(bad[i])), 0,
               "no kind \"%s\"", bad[i][0] == '\n' ? "newline" : bad[i]);
    }
}
