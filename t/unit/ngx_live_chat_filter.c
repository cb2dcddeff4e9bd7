
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the word filter: tricks, and what must not be found. */


#include "ngx_live_chat_filter.h"
#include "ngx_unit.h"


static ngx_pool_t               *pool;
static ngx_live_chat_filter_t   *filter;
static const char               *reason;
static ngx_uint_t                line;


static void list(const char *text);
static void bad_list(const char *text, ngx_uint_t expected,
    const char *what);
static void found(const char *text, const char *part);
static void passed(const char *text);
static void test_words(void);
static void test_tricks(void);
static void test_false(void);
static void test_patterns(void);
static void test_scripts(void);
static void test_lists(void);
static u_char *many_word(u_char *p, ngx_uint_t i);
static void test_many(void);


int
main(void)
{
    pool = ngx_create_pool(4096, NULL);

    test_words();
    test_tricks();
    test_false();
    test_patterns();
    test_scripts();
    test_lists();
    test_many();

    ngx_destroy_pool(pool);

    return done_testing();
}


static void
list(const char *text)
{
    size_t  len;

    len = strlen(text);

    filter = ngx_live_chat_filter_create(pool, buf_copy(text, len), len, &line,
                                         &reason);
    if (filter == NULL) {
        ok(0, "list: line %lu: %s", (unsigned long) line, reason);
        exit(1);
    }
}


static void
bad_list(const char *text, ngx_uint_t expected, const char *what)
{
    size_t  len;

    len = strlen(text);
    reason = NULL;

    filter = ngx_live_chat_filter_create(pool, buf_copy(text, len), len, &line,
                                         &reason);
    ok(filter == NULL, "%s", what);
    is_int(line, expected, "%s: line", what);
    ok(reason != NULL, "%s: %s", what, reason);
}


static void
found(const char *text, const char *part)
{
    size_t                  len;
    u_char                 *p;
    ngx_live_chat_match_t   match;

    len = strlen(text);
    p = buf_copy(text, len);

    is_int(ngx_live_chat_filter_match(filter, p, len, &match), NGX_OK,
           "\"%s\"", text);
    is_mem(p + match.start, match.len, part, strlen(part), "the part");
}


static void
passed(const char *text)
{
    size_t                  len;
    ngx_int_t               rc;
    ngx_live_chat_match_t   match;

    len = strlen(text);
    match.line = 0;

    rc = ngx_live_chat_filter_match(filter, buf_copy(text, len), len, &match);

    is_int(rc, NGX_DECLINED, "not \"%s\"", text);

    if (rc == NGX_OK) {
        printf("#   line %lu, %.*s\n", (unsigned long) match.line,
               (int) match.len, text + match.start);
    }
}


static void
test_words(void)
{
    ngx_live_chat_match_t  match;

    list("# a list\n\n  bad \r\nworse\n");

    is_int(ngx_live_chat_filter_words(filter), 2, "two words");

    found("bad", "bad");
    found("so bad!", "bad");
    found("BAD", "BAD");
    found("very (Bad) indeed", "Bad");
    found("much worse.", "worse");
    passed("");
    passed("good");
    passed("ba d");

    is_int(ngx_live_chat_filter_match(filter, (u_char *) "x worse", 7, &match),
           NGX_OK, "worse");
    is_int(match.line, 4, "its line");

    is_int(ngx_live_chat_filter_match(filter, (u_char *) "bad\xff", 4, &match),
           NGX_ERROR, "no UTF-8");
}


static void
test_tricks(void)
{
    list("bad\nshit\nass\nhell\ndamn");

    /* digits and signs */

    found("b4d", "b4d");
    found("b@d!", "b@d");
    found("sh1t", "sh1t");
    found("$h!t", "$h!t");
    found("5h17", "5h17");
    found("a$$", "a$$");
    found("@ss", "@ss");
    found("he11", "he11");
    found("h3|l", "h3|l");
    found("hell!", "hell");
    found("damn!!1", "damn");
    found("shit5", "shit");
    found("bad123", "bad");
    found("$bad", "bad");
    found("@bad", "bad");

    /* look-alikes, diacritics, forms */

    found("bаd", "bаd");
    found("ЬАD bäd", "bäd");
    found("bád", "bád");
    found("ḅạḍ", "ḅạḍ");
    found("ｂａｄ", "ｂａｄ");
    found("𝖇𝖆𝖉", "𝖇𝖆𝖉");
    found("🅱🅰🅳", "🅱🅰🅳");
    found("ΗELL", "ΗELL");
    found("bad🇩🇪", "bad");

    /* hidden */

    found("b\xcc\xb6" "a\xcc\xb6" "d\xcc\xb6",
          "b\xcc\xb6" "a\xcc\xb6" "d\xcc\xb6");
    found("b\xe2\x80\x8b" "ad", "b\xe2\x80\x8b" "ad");
    found("b\xc2\xad" "a\xe2\x80\x8d" "d", "b\xc2\xad" "a\xe2\x80\x8d" "d");

    /* repeated */

    found("baaaad", "baaaad");
    found("bbaadd", "bbaadd");
    found("shiiiiit", "shiiiiit");
    found("asssss", "asssss");
    passed("as");
    passed("hel");

    /* spaced */

    found("b a d", "b a d");
    found("b.a.d", "b.a.d");
    found("so b-a-d!", "b-a-d");
    found("b * a * d", "b * a * d");
    found("b_a_d", "b_a_d");
    found("b😀a😀d", "b😀a😀d");
    found("b'a'd", "b'a'd");
    found("b aa dd", "b aa dd");
    found("a s s", "a s s");
    found("s h 1 t", "s h 1 t");
    found("B\nA\nD", "B\nA\nD");
    found("a b a d one", "b a d");
    found("it's b a d", "b a d");
    found("bad's", "bad");
}


static void
test_false(void)
{
    list("bad\ncunt\nass\nsex\ntit\nhell\nrape\nas\n");

    passed("grab ad");
    passed("b ad");
    passed("ba d");
    passed("grab a dog");
    passed("Scunthorpe");
    passed("class, assistant and bass");
    passed("Sussex, Middlesex");
    passed("title");
    passed("hello shell");
    passed("grapes");
    passed("badge, Baden-Baden");
    passed("b       a       d");
    passed("don't");
    passed("it's a dog");
    passed("2024-11-05 10:45");
    passed("бад");
    passed("bqd b b b");

    passed("455 $5.45");
    passed("4 5 5");

    found("as", "as");
    found("Middle sex", "sex");
    found("a 4 5 5", "a 4 5 5");
}


static void
test_patterns(void)
{
    list("1488\nfud*\n*ware\n*xyz*\n=Exact\nkill yourself\n=god*\nb a d\n"
         "straße");

    found("number 1488!", "1488");
    found("fud", "fud");
    found("fudder", "fudd");
    passed("befud");

    found("ware", "ware");
    found("Malware", "ware");
    passed("wares");

    found("xyz", "xyz");
    found("aaxyzbb", "xyz");
    found("aax¥yz xyzz", "xyzz");

    found("exact", "exact");
    found("an EXACT one", "EXACT");
    passed("exactt");
    passed("éxact");
    passed("ex4ct");
    passed("e x a c t");
    passed("exactly");

    found("kill yourself", "kill yourself");
    found("KILL... Y0URSELF", "KILL... Y0URSELF");
    passed("kill and yourself");
    passed("killyourself");
    passed("skill yourself");

    found("god", "god");
    found("godly", "god");
    passed("good");

    found("bad", "bad");

    found("strasse", "strasse");
    found("Straße", "Straße");
    passed("strase");
}


static void
test_scripts(void)
{
    list("плохо\nδοκιμή\n坏话\nばか\nשלום\nй*\nbad");

    found("это ПЛОХО!", "ПЛОХО");
    found("πολύ ΔΟΚΙΜΗ", "ΔΟΚΙΜΗ");
    found("你说坏话了", "坏话");
    found("お前ばかです", "ばか");
    found("坏 话 坏话", "坏话");
    found("中bad文", "bad");
    found("שלום", "שלום");
    found("йод", "й");
    passed("неплохой");
    passed("坏");
    passed("话坏");
    passed("ばと");
    passed("中文");
}


static void
test_lists(void)
{
    u_char  *p;

    list("");
    passed("bad");
    is_int(ngx_live_chat_filter_words(filter), 0, "an empty list");

    list("\xef\xbb\xbf" "bad\n#good");
    found("bad", "bad");
    passed("good");

    bad_list("good\n!!\n", 2, "no letters");
    bad_list("\n\n*\n", 3, "a star alone");
    bad_list("=\n", 1, "nothing");
    bad_list("a*b", 1, "a star within");
    bad_list("bad\n\xff\n", 2, "no UTF-8");

    p = malloc(NGX_LIVE_CHAT_FILTER_LIST + 1);
    if (p == NULL) {
        abort();
    }

    memset(p, 'a', 400);
    p[400] = '\0';
    bad_list((char *) p, 1, "a long line");

    memset(p, '\n', NGX_LIVE_CHAT_FILTER_LIST + 1);
    ok(ngx_live_chat_filter_create(pool, p, NGX_LIVE_CHAT_FILTER_LIST + 1,
                                   &line, &reason) == NULL, "a long list");

    free(p);
}


static u_char *
many_word(u_char *p, ngx_uint_t i)
{
    return ngx_sprintf(p, "%c%c%c%ui%c", (int) ('a' + i % 26),
                       (int) ('b' + i / 26 % 25), (int) ('c' + i / 650 % 24),
                       i % 7 * 2 + 2, (int) ('a' + i / 15600));
}


static void
test_many(void)
{
    u_char                  *p, *last, text[NGX_LIVE_CHAT_FILTER_TEXT + 1];
    ngx_uint_t               i, n;
    ngx_live_chat_match_t    match;

    p = malloc(400000);
    if (p == NULL) {
        abort();
    }

    last = p;

    for (i = 0; i < 20000; i++) {
        last = many_word(last, i);
        *last++ = '\n';
    }

    filter = ngx_live_chat_filter_create(pool, p, last - p, &line, &reason);

    ok(filter != NULL, "20000 words");

    n = 0;

    for (i = 0; i < 20000 && filter; i++) {
        last = many_word(ngx_cpymem(text, "x ", 2), i);
        last = ngx_cpymem(last, " y", 2);

        n += (ngx_live_chat_filter_match(filter, text, last - text, &match)
              == NGX_OK);
    }

    is_int(n, 20000, "each is found");

    for (i = 0; i < NGX_LIVE_CHAT_FILTER_TEXT; i++) {
        text[i] = (u_char) ("ab "[i % 3]);
    }

    ok(filter
       && ngx_live_chat_filter_match(filter, text, NGX_LIVE_CHAT_FILTER_TEXT,
                                     &match) == NGX_DECLINED, "a long text");
    ok(filter
       && ngx_live_chat_filter_match(filter, text,
                                     NGX_LIVE_CHAT_FILTER_TEXT + 1, &match)
          == NGX_ERROR, "too long");

    free(p);
}
