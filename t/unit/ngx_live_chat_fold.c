
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of kinds and look-alikes. */


#include "ngx_live_chat_fold.h"
#include "ngx_live_utf8.h"
#include "ngx_unit.h"


static void folded(const char *text, const char *expected, const char *what);
static void test_kinds(void);
static void test_fold(void);
static void test_lower(void);
static void test_twice(void);


int
main(void)
{
    test_kinds();
    test_fold();
    test_lower();
    test_twice();

    return done_testing();
}


static void
folded(const char *text, const char *expected, const char *what)
{
    u_char  buf[256], *p, *last;

    last = buf;

    for (p = (u_char *) text; *p; /* void */) {
        last = ngx_live_utf8_put(last,
                                 ngx_live_chat_fold(ngx_live_utf8_get(&p), 0));
    }

    is_mem(buf, last - buf, expected, strlen(expected), "%s", what);
}


static void
test_kinds(void)
{
    ngx_uint_t  i;

    struct {
        uint32_t     ch;
        ngx_uint_t   kind;
        const char  *what;
    } kinds[] = {
        { 'a', NGX_LIVE_CHAT_LETTER, "a" },
        { 'Z', NGX_LIVE_CHAT_LETTER, "Z" },
        { '0', NGX_LIVE_CHAT_LETTER, "0" },
        { '@', NGX_LIVE_CHAT_SIGN, "@" },
        { '{', NGX_LIVE_CHAT_SIGN, "{" },
        { '~', NGX_LIVE_CHAT_SIGN, "~" },
        { ' ', NGX_LIVE_CHAT_BLANK, "space" },
        { '\t', NGX_LIVE_CHAT_BLANK, "tab" },
        { 0, NGX_LIVE_CHAT_CONTROL, "NUL" },
        { 0x1b, NGX_LIVE_CHAT_CONTROL, "ESC" },
        { 0x7f, NGX_LIVE_CHAT_CONTROL, "DEL" },
        { 0x9b, NGX_LIVE_CHAT_CONTROL, "CSI" },
        { 0xa0, NGX_LIVE_CHAT_BLANK, "no-break space" },
        { 0xad, NGX_LIVE_CHAT_HIDDEN, "soft hyphen" },
        { 0xb5, NGX_LIVE_CHAT_LETTER, "micro" },
        { 0xe4, NGX_LIVE_CHAT_LETTER, "a with diaeresis" },
        { 0x301, NGX_LIVE_CHAT_MARK, "acute" },
        { 0x416, NGX_LIVE_CHAT_LETTER, "Zhe" },
        { 0x5d0, NGX_LIVE_CHAT_LETTER, "Alef" },
        { 0xe47, NGX_LIVE_CHAT_MARK, "Maitaikhu" },
        { 0x200b, NGX_LIVE_CHAT_HIDDEN, "zero width space" },
        { 0x200d, NGX_LIVE_CHAT_HIDDEN, "zero width joiner" },
        { 0x2014, NGX_LIVE_CHAT_SIGN, "dash" },
        { 0x202e, NGX_LIVE_CHAT_CONTROL, "right-to-left override" },
        { 0x2066, NGX_LIVE_CHAT_CONTROL, "isolate" },
        { 0x20ac, NGX_LIVE_CHAT_SIGN, "euro" },
        { 0x2122, NGX_LIVE_CHAT_SIGN, "trade mark" },
        { 0x2764, NGX_LIVE_CHAT_SIGN, "heart" },
        { 0x3000, NGX_LIVE_CHAT_BLANK, "ideographic space" },
        { 0x3042, NGX_LIVE_CHAT_LETTER, "Hiragana A" },
        { 0x4e2d, NGX_LIVE_CHAT_LETTER, "Han" },
        { 0xac00, NGX_LIVE_CHAT_LETTER, "Hangul" },
        { 0xfe0f, NGX_LIVE_CHAT_HIDDEN, "variation selector" },
        { 0xfeff, NGX_LIVE_CHAT_HIDDEN, "BOM" },
        { 0xff21, NGX_LIVE_CHAT_LETTER, "full-width A" },
        { 0xfffe, NGX_LIVE_CHAT_CONTROL, "U+FFFE" },
        { 0x1f600, NGX_LIVE_CHAT_SIGN, "grinning face" },
        { 0xe0067, NGX_LIVE_CHAT_HIDDEN, "tag" },
        { 0x10ffff, NGX_LIVE_CHAT_CONTROL, "U+10FFFF" }
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        is_int(ngx_live_chat_kind(kinds[i].ch), kinds[i].kind, "%s",
               kinds[i].what);
    }

    is_int(ngx_live_chat_unspaced(0x4e2d), 1, "Han has no blanks");
    is_int(ngx_live_chat_unspaced(0x416), 0, "Cyrillic has");
    is_int(ngx_live_chat_unspaced(0xac00), 0, "Hangul has");
}


static void
test_fold(void)
{
    folded("Hello, World 42", "hello, world 42", "ASCII");
    folded("ÀÉÎÕÜ àéîõü ñçß", "aeiou aeiou ncs", "Latin-1");
    folded("ĀĞŁŚŽ āğłśž", "aglsz aglsz", "Latin Extended-A");
    folded("ạếộữ", "aeou", "Vietnamese");
    folded("аеорсхі АЕОРСХІ", "aeopcxi aeopcxi", "Cyrillic look-alikes");
    folded("жЖЯя", "жжяя", "other Cyrillic");
    folded("Ёё Йй", "ee ии", "with diacritics");
    folded("αεικορτυχ", "aeikoptux", "Greek look-alikes");
    folded("ΣΔσςδ", "σδσσδ", "other Greek");
    folded("ＡＢＣａｂｃ０９！", "abcabc09!", "full-width");
    folded("𝐀𝐛𝒄𝓓𝔢𝕗𝟎𝟗", "abcdef09", "mathematical");
    folded("ⒶⓩⒷ🅰🅱🄲🇩", "azbabcd", "in circles and squares");
    folded("ℂℍℝⅰⅤ", "chriv", "letterlike");
    folded("ᴀʙᴄᴅ", "abcd", "small capitals");
    folded("中かア€😀", "中かア€😀", "all else");

    is_int(ngx_live_chat_fold(0x397, 1), 'h', "Eta among Latin letters");
    is_int(ngx_live_chat_fold(0x397, 0), 'n', "Eta among others");
}


static void
test_lower(void)
{
    u_char      *p, *q;
    ngx_uint_t   bad;

    p = (u_char *) "AZÀÞĀĶĹŇŊŶŸŹŽΑΣΆΈΏЀЏАЯѠҊӀӁӐԱՖ@[×中";
    q = (u_char *) "azàþāķĺňŋŷÿźžασάέώѐџаяѡҋӏӂӑաֆ@[×中";

    for (bad = 0; *p; /* void */) {
        bad += (ngx_live_chat_lower(ngx_live_utf8_get(&p))
                != ngx_live_utf8_get(&q));
    }

    is_int(bad, 0, "lower case");
}


static void
test_twice(void)
{
    uint32_t    ch, to;
    ngx_uint_t  changed, kind;

    changed = 0;
    kind = 0;

    for (ch = 0; ch <= 0x10ffff; ch++) {
        to = ngx_live_chat_fold(ch, 0);

        changed += (ngx_live_chat_fold(to, 0) != to);

        kind += (to != ch && ngx_live_chat_kind(to) != NGX_LIVE_CHAT_LETTER
                 && ngx_live_chat_kind(ch) == NGX_LIVE_CHAT_LETTER);

        kind += (to != ch && ngx_live_chat_kind(to) == NGX_LIVE_CHAT_LETTER
                 && ngx_live_chat_kind(ch) != NGX_LIVE_CHAT_LETTER);
    }

    is_int(changed, 0, "folded twice is folded once");
    is_int(kind, 0, "letters become letters, signs signs");
}
