
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_fold.h"


typedef struct {
    uint32_t               first;
    uint32_t               last;
    ngx_uint_t             kind;
} ngx_live_chat_fold_range_t;


typedef struct {
    uint16_t               ch;
    uint16_t               to;
} ngx_live_chat_fold_pair_t;


typedef struct {
    uint32_t               first;
    uint32_t               last;
    u_char                *letters;        /* '.': the code point itself */
} ngx_live_chat_fold_table_t;


static uint32_t ngx_live_chat_fold_greek(uint32_t ch);
static uint32_t ngx_live_chat_fold_forms(uint32_t ch);
static uint32_t ngx_live_chat_fold_pair(uint32_t ch);


/* sorted; what is in none is a letter */

static ngx_live_chat_fold_range_t  ngx_live_chat_fold_ranges[] = {
    { 0x0000, 0x0008, NGX_LIVE_CHAT_CONTROL },
    { 0x0009, 0x000a, NGX_LIVE_CHAT_BLANK },
    { 0x000b, 0x000c, NGX_LIVE_CHAT_CONTROL },
    { 0x000d, 0x000d, NGX_LIVE_CHAT_BLANK },
    { 0x000e, 0x001f, NGX_LIVE_CHAT_CONTROL },
    { 0x0020, 0x0020, NGX_LIVE_CHAT_BLANK },
    { 0x0021, 0x002f, NGX_LIVE_CHAT_SIGN },
    { 0x003a, 0x0040, NGX_LIVE_CHAT_SIGN },
    { 0x005b, 0x0060, NGX_LIVE_CHAT_SIGN },
    { 0x007b, 0x007e, NGX_LIVE_CHAT_SIGN },
    { 0x007f, 0x0084, NGX_LIVE_CHAT_CONTROL },
    { 0x0085, 0x0085, NGX_LIVE_CHAT_BLANK },
    { 0x0086, 0x009f, NGX_LIVE_CHAT_CONTROL },
    { 0x00a0, 0x00a0, NGX_LIVE_CHAT_BLANK },
    { 0x00a1, 0x00a9, NGX_LIVE_CHAT_SIGN },
    { 0x00ab, 0x00ac, NGX_LIVE_CHAT_SIGN },
    { 0x00ad, 0x00ad, NGX_LIVE_CHAT_HIDDEN },
    { 0x00ae, 0x00b4, NGX_LIVE_CHAT_SIGN },
    { 0x00b6, 0x00b9, NGX_LIVE_CHAT_SIGN },
    { 0x00bb, 0x00bf, NGX_LIVE_CHAT_SIGN },
    { 0x00d7, 0x00d7, NGX_LIVE_CHAT_SIGN },
    { 0x00f7, 0x00f7, NGX_LIVE_CHAT_SIGN },
    { 0x02c2, 0x02c5, NGX_LIVE_CHAT_SIGN },
    { 0x02d2, 0x02df, NGX_LIVE_CHAT_SIGN },
    { 0x0300, 0x034e, NGX_LIVE_CHAT_MARK },
    { 0x034f, 0x034f, NGX_LIVE_CHAT_HIDDEN },
    { 0x0350, 0x036f, NGX_LIVE_CHAT_MARK },
    { 0x037e, 0x037e, NGX_LIVE_CHAT_SIGN },
    { 0x0387, 0x0387, NGX_LIVE_CHAT_SIGN },
    { 0x0483, 0x0489, NGX_LIVE_CHAT_MARK },
    { 0x055a, 0x055f, NGX_LIVE_CHAT_SIGN },
    { 0x0589, 0x058f, NGX_LIVE_CHAT_SIGN },
    { 0x0591, 0x05bd, NGX_LIVE_CHAT_MARK },
    { 0x05be, 0x05be, NGX_LIVE_CHAT_SIGN },
    { 0x05bf, 0x05bf, NGX_LIVE_CHAT_MARK },
    { 0x05c0, 0x05c0, NGX_LIVE_CHAT_SIGN },
    { 0x05c1, 0x05c2, NGX_LIVE_CHAT_MARK },
    { 0x05c3, 0x05c3, NGX_LIVE_CHAT_SIGN },
    { 0x05c4, 0x05c5, NGX_LIVE_CHAT_MARK },
    { 0x05c6, 0x05c6, NGX_LIVE_CHAT_SIGN },
    { 0x05c7, 0x05c7, NGX_LIVE_CHAT_MARK },
    { 0x05f3, 0x05f4, NGX_LIVE_CHAT_SIGN },
    { 0x0600, 0x060f, NGX_LIVE_CHAT_SIGN },
    { 0x0610, 0x061a, NGX_LIVE_CHAT_MARK },
    { 0x061b, 0x061b, NGX_LIVE_CHAT_SIGN },
    { 0x061c, 0x061c, NGX_LIVE_CHAT_HIDDEN },
    { 0x061e, 0x061f, NGX_LIVE_CHAT_SIGN },
    { 0x064b, 0x065f, NGX_LIVE_CHAT_MARK },
    { 0x066a, 0x066d, NGX_LIVE_CHAT_SIGN },
    { 0x0670, 0x0670, NGX_LIVE_CHAT_MARK },
    { 0x06d4, 0x06d4, NGX_LIVE_CHAT_SIGN },
    { 0x06d6, 0x06dc, NGX_LIVE_CHAT_MARK },
    { 0x06df, 0x06e4, NGX_LIVE_CHAT_MARK },
    { 0x06e7, 0x06e8, NGX_LIVE_CHAT_MARK },
    { 0x06ea, 0x06ed, NGX_LIVE_CHAT_MARK },
    { 0x0e31, 0x0e31, NGX_LIVE_CHAT_MARK },
    { 0x0e34, 0x0e3a, NGX_LIVE_CHAT_MARK },
    { 0x0e47, 0x0e4e, NGX_LIVE_CHAT_MARK },
    { 0x0eb1, 0x0eb1, NGX_LIVE_CHAT_MARK },
    { 0x0eb4, 0x0ebc, NGX_LIVE_CHAT_MARK },
    { 0x0ec8, 0x0ece, NGX_LIVE_CHAT_MARK },
    { 0x115f, 0x1160, NGX_LIVE_CHAT_HIDDEN },
    { 0x1680, 0x1680, NGX_LIVE_CHAT_BLANK },
    { 0x17b4, 0x17b5, NGX_LIVE_CHAT_HIDDEN },
    { 0x180b, 0x180f, NGX_LIVE_CHAT_HIDDEN },
    { 0x1ab0, 0x1aff, NGX_LIVE_CHAT_MARK },
    { 0x1dc0, 0x1dff, NGX_LIVE_CHAT_MARK },
    { 0x2000, 0x200a, NGX_LIVE_CHAT_BLANK },
    { 0x200b, 0x200f, NGX_LIVE_CHAT_HIDDEN },
    { 0x2010, 0x2027, NGX_LIVE_CHAT_SIGN },
    { 0x2028, 0x2029, NGX_LIVE_CHAT_BLANK },
    { 0x202a, 0x202e, NGX_LIVE_CHAT_CONTROL },
    { 0x202f, 0x202f, NGX_LIVE_CHAT_BLANK },
    { 0x2030, 0x205e, NGX_LIVE_CHAT_SIGN },
    { 0x205f, 0x205f, NGX_LIVE_CHAT_BLANK },
    { 0x2060, 0x2065, NGX_LIVE_CHAT_HIDDEN },
    { 0x2066, 0x2069, NGX_LIVE_CHAT_CONTROL },
    { 0x206a, 0x206f, NGX_LIVE_CHAT_HIDDEN },
    { 0x2070, 0x2070, NGX_LIVE_CHAT_SIGN },
    { 0x2072, 0x207e, NGX_LIVE_CHAT_SIGN },
    { 0x2080, 0x208f, NGX_LIVE_CHAT_SIGN },
    { 0x20a0, 0x20cf, NGX_LIVE_CHAT_SIGN },
    { 0x20d0, 0x20ff, NGX_LIVE_CHAT_MARK },
    { 0x2100, 0x2101, NGX_LIVE_CHAT_SIGN },
    { 0x2103, 0x2106, NGX_LIVE_CHAT_SIGN },
    { 0x2108, 0x2109, NGX_LIVE_CHAT_SIGN },
    { 0x2114, 0x2114, NGX_LIVE_CHAT_SIGN },
    { 0x2116, 0x2118, NGX_LIVE_CHAT_SIGN },
    { 0x211e, 0x2123, NGX_LIVE_CHAT_SIGN },
    { 0x2190, 0x249b, NGX_LIVE_CHAT_SIGN },
    { 0x24ea, 0x27ff, NGX_LIVE_CHAT_SIGN },
    { 0x2800, 0x2800, NGX_LIVE_CHAT_HIDDEN },
    { 0x2801, 0x2bff, NGX_LIVE_CHAT_SIGN },
    { 0x2e00, 0x2e7f, NGX_LIVE_CHAT_SIGN },
    { 0x3000, 0x3000, NGX_LIVE_CHAT_BLANK },
    { 0x3001, 0x3004, NGX_LIVE_CHAT_SIGN },
    { 0x3008, 0x3020, NGX_LIVE_CHAT_SIGN },
    { 0x302a, 0x302f, NGX_LIVE_CHAT_MARK },
    { 0x3030, 0x3030, NGX_LIVE_CHAT_SIGN },
    { 0x3036, 0x3037, NGX_LIVE_CHAT_SIGN },
    { 0x303d, 0x303f, NGX_LIVE_CHAT_SIGN },
    { 0x3099, 0x309a, NGX_LIVE_CHAT_MARK },
    { 0x30fb, 0x30fb, NGX_LIVE_CHAT_SIGN },
    { 0x3164, 0x3164, NGX_LIVE_CHAT_HIDDEN },
    { 0xe000, 0xf8ff, NGX_LIVE_CHAT_SIGN },
    { 0xfdd0, 0xfdef, NGX_LIVE_CHAT_CONTROL },
    { 0xfe00, 0xfe0f, NGX_LIVE_CHAT_HIDDEN },
    { 0xfe10, 0xfe1f, NGX_LIVE_CHAT_SIGN },
    { 0xfe20, 0xfe2f, NGX_LIVE_CHAT_MARK },
    { 0xfe30, 0xfe6f, NGX_LIVE_CHAT_SIGN },
    { 0xfeff, 0xfeff, NGX_LIVE_CHAT_HIDDEN },
    { 0xff01, 0xff0f, NGX_LIVE_CHAT_SIGN },
    { 0xff1a, 0xff20, NGX_LIVE_CHAT_SIGN },
    { 0xff3b, 0xff40, NGX_LIVE_CHAT_SIGN },
    { 0xff5b, 0xff65, NGX_LIVE_CHAT_SIGN },
    { 0xffa0, 0xffa0, NGX_LIVE_CHAT_HIDDEN },
    { 0xffe0, 0xfff8, NGX_LIVE_CHAT_SIGN },
    { 0xfff9, 0xfffb, NGX_LIVE_CHAT_CONTROL },
    { 0xfffc, 0xfffd, NGX_LIVE_CHAT_SIGN },
    { 0x1d173, 0x1d17a, NGX_LIVE_CHAT_HIDDEN },
    { 0x1f000, 0x1f10f, NGX_LIVE_CHAT_SIGN },
    { 0x1f12a, 0x1f12f, NGX_LIVE_CHAT_SIGN },
    { 0x1f14a, 0x1f14f, NGX_LIVE_CHAT_SIGN },
    { 0x1f16a, 0x1f16f, NGX_LIVE_CHAT_SIGN },
    { 0x1f18a, 0x1f1e5, NGX_LIVE_CHAT_SIGN },
    { 0x1f200, 0x1faff, NGX_LIVE_CHAT_SIGN },
    { 0xe0000, 0xe0fff, NGX_LIVE_CHAT_HIDDEN }
};


static u_char  ngx_live_chat_fold_latin[] =
    "aaaaaaaceeeeiiiidnooooo.ouuuuypsaaaaaaaceeeeiiiidnooooo.ouuuuypy"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
    "bbbb..ccc.ddd.eeeffg..iikkl..nnooo..pp.....ttttuu.vyyzz........."
    "....dddlllnnnaaiioouuuuuuuuuueaaaaaaggggkkoooo..jdddgg..nnaaaaoo"
    "aaaaeeeeiiiioooorrrruuuusstt..hhnd..zzaaeeooooooooyylntj..acclts"
    "z..bu.eejj.qrryy.a.bccdd.e.e....ggg...h.iiilll...mnnn.......rrr."
    "r.s.....tu.v...yzz.......b.ghj.lq...............";


static u_char  ngx_live_chat_fold_phonetic[] =
    "a...cd.e..jklm.o........p..tu...vwz.........a.b.de.ghijklmn.o.pr"
    "tuwa...bde...g.km.o...ptu..v......iruv......bdfmnprrstz......p..";


static u_char  ngx_live_chat_fold_additional[] =
    "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
    "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
    "wwwwwwwwwwxxxxyyzzzzzzhtwyas..sdaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
    "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy....yy";


/* and Roman numerals */

static u_char  ngx_live_chat_fold_letterlike[] =
    "..c.......ghhhh.iill.n...pqrrr......z...z.k.bc.eef.mo....i......"
    ".....ddeij......................iiiivvvvixxxlcdmiiiivvvvixxxlcdm"
    "................";


static ngx_live_chat_fold_table_t  ngx_live_chat_fold_tables[] = {
    { 0x00c0, 0x02af, ngx_live_chat_fold_latin },
    { 0x1d00, 0x1d7f, ngx_live_chat_fold_phonetic },
    { 0x1e00, 0x1eff, ngx_live_chat_fold_additional },
    { 0x2100, 0x218f, ngx_live_chat_fold_letterlike },
    { 0, 0, NULL }
};


/* sorted */

static ngx_live_chat_fold_pair_t  ngx_live_chat_fold_pairs[] = {
    { 0x00aa, 'a' }, { 0x00ba, 'o' }, { 0x02b0, 'h' }, { 0x02b2, 'j' },
    { 0x02b3, 'r' }, { 0x02b7, 'w' }, { 0x02b8, 'y' }, { 0x02e1, 'l' },
    { 0x02e2, 's' }, { 0x02e3, 'x' }, { 0x0390, 'i' }, { 0x03ac, 'a' },
    { 0x03ad, 'e' }, { 0x03ae, 'n' }, { 0x03af, 'i' }, { 0x03b0, 'u' },
    { 0x03b1, 'a' }, { 0x03b2, 'b' }, { 0x03b3, 'y' }, { 0x03b5, 'e' },
    { 0x03b6, 'z' }, { 0x03b7, 'n' }, { 0x03b9, 'i' }, { 0x03ba, 'k' },
    { 0x03bd, 'v' }, { 0x03bf, 'o' }, { 0x03c1, 'p' }, { 0x03c2, 0x03c3 },
    { 0x03c4, 't' }, { 0x03c5, 'u' }, { 0x03c7, 'x' }, { 0x03c9, 'w' },
    { 0x03ca, 'i' }, { 0x03cb, 'u' }, { 0x03cc, 'o' }, { 0x03cd, 'u' },
    { 0x03ce, 'w' }, { 0x03f2, 'c' }, { 0x0430, 'a' }, { 0x0432, 'b' },
    { 0x0435, 'e' }, { 0x0439, 0x0438 }, { 0x043a, 'k' }, { 0x043c, 'm' },
    { 0x043d, 'h' }, { 0x043e, 'o' }, { 0x0440, 'p' }, { 0x0441, 'c' },
    { 0x0442, 't' }, { 0x0443, 'y' }, { 0x0445, 'x' }, { 0x0450, 'e' },
    { 0x0451, 'e' }, { 0x0455, 's' }, { 0x0456, 'i' }, { 0x0457, 'i' },
    { 0x0458, 'j' }, { 0x045e, 'y' }, { 0x04bb, 'h' }, { 0x04cf, 'l' },
    { 0x04d1, 'a' }, { 0x04d3, 'a' }, { 0x04d7, 'e' }, { 0x04e7, 'o' },
    { 0x04f1, 'y' }, { 0x0501, 'd' }, { 0x051b, 'q' }, { 0x051d, 'w' },
    { 0x0570, 'h' }, { 0x0578, 'n' }, { 0x057d, 'u' }, { 0x0581, 'g' },
    { 0x0585, 'o' }, { 0x2071, 'i' }, { 0x207f, 'n' }
};


ngx_uint_t
ngx_live_chat_kind(uint32_t ch)
{
    ngx_uint_t                   left, right, mid;
    ngx_live_chat_fold_range_t  *r;

    if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') {
        return NGX_LIVE_CHAT_LETTER;
    }

    if ((ch & 0xfffe) == 0xfffe) {
        return NGX_LIVE_CHAT_CONTROL;
    }

    left = 0;
    right = sizeof(ngx_live_chat_fold_ranges)
            / sizeof(ngx_live_chat_fold_range_t);

    while (left < right) {
        mid = (left + right) / 2;
        r = &ngx_live_chat_fold_ranges[mid];

        if (ch < r->first) {
            right = mid;

        } else if (ch > r->last) {
            left = mid + 1;

        } else {
            return r->kind;
        }
    }

    return NGX_LIVE_CHAT_LETTER;
}


ngx_uint_t
ngx_live_chat_unspaced(uint32_t ch)
{
    return (ch >= 0x0e00 && ch <= 0x0eff)              /* Thai, Lao */
           || (ch >= 0x1000 && ch <= 0x109f)           /* Myanmar */
           || (ch >= 0x1780 && ch <= 0x17ff)           /* Khmer */
           || (ch >= 0x3040 && ch <= 0x30ff)           /* Kana */
           || (ch >= 0x31f0 && ch <= 0x31ff)
           || (ch >= 0x3400 && ch <= 0x9fff)           /* Han */
           || (ch >= 0xf900 && ch <= 0xfaff)
           || (ch >= 0xff66 && ch <= 0xff9f)           /* half-width Kana */
           || (ch >= 0x20000 && ch <= 0x3ffff);
}


uint32_t
ngx_live_chat_fold(uint32_t ch, ngx_uint_t latin)
{
    u_char                       letter;
    uint32_t                     look;
    ngx_live_chat_fold_table_t  *t;

    if (ch < 0x80) {
        return (ch >= 'A' && ch <= 'Z') ? ch | 0x20 : ch;
    }

    for (t = ngx_live_chat_fold_tables; t->last; t++) {

        if (ch >= t->first && ch <= t->last) {
            letter = t->letters[ch - t->first];

            return (letter == '.') ? ch : letter;
        }
    }

    if (latin) {
        look = ngx_live_chat_fold_greek(ch);

        if (look != ch) {
            return look;
        }
    }

    if (ch >= 0x2400) {
        return ngx_live_chat_fold_forms(ch);
    }

    return ngx_live_chat_fold_pair(ngx_live_chat_lower(ch));
}


static uint32_t
ngx_live_chat_fold_greek(uint32_t ch)
{
    switch (ch) {

    case 0x0389:
    case 0x0397:
        return 'h';

    case 0x039c:
        return 'm';

    case 0x039d:
        return 'n';

    case 0x038e:
    case 0x03a5:
    case 0x03ab:
        return 'y';

    default:
        return ch;
    }
}


uint32_t
ngx_live_chat_lower(uint32_t ch)
{
    if (ch < 0x80) {
        return (ch >= 'A' && ch <= 'Z') ? ch | 0x20 : ch;
    }

    if (ch < 0x0180) {

        if (ch < 0x0100) {
            return (ch >= 0xc0 && ch <= 0xde && ch != 0xd7) ? ch + 0x20 : ch;
        }

        if (ch == 0x0130 || ch == 0x0131 || ch == 0x0138 || ch == 0x0149
            || ch == 0x017f)
        {
            return ch;
        }

        if (ch == 0x0178) {
            return 0x00ff;
        }

        if ((ch >= 0x0139 && ch <= 0x0148) || ch >= 0x0179) {
            return (ch & 1) ? ch + 1 : ch;
        }

        return ch | 1;
    }

    if (ch < 0x0370 || ch > 0x0556) {
        return ch;
    }

    if (ch < 0x0400) {

        if (ch >= 0x0391 && ch <= 0x03ab) {
            return ch + 0x20;
        }

        switch (ch) {

        case 0x0386:
            return 0x03ac;

        case 0x0388:
        case 0x0389:
        case 0x038a:
            return ch - 0x0388 + 0x03ad;

        case 0x038c:
            return 0x03cc;

        case 0x038e:
        case 0x038f:
            return ch - 0x038e + 0x03cd;

        case 0x03f9:
            return 0x03f2;

        default:
            return ch;
        }
    }

    if (ch <= 0x040f) {
        return ch + 0x50;
    }

    if (ch <= 0x042f) {
        return ch + 0x20;
    }

    if (ch == 0x04c0) {
        return 0x04cf;
    }

    if (ch >= 0x04c1 && ch <= 0x04ce) {
        return (ch & 1) ? ch + 1 : ch;
    }

    if ((ch >= 0x0460 && ch <= 0x0481) || (ch >= 0x048a && ch <= 0x052f)) {
        return ch | 1;
    }

    if (ch >= 0x0531) {
        return ch + 0x30;
    }

    return ch;
}


/* letters and digits that were given another form */

static uint32_t
ngx_live_chat_fold_forms(uint32_t ch)
{
    if (ch >= 0xff01 && ch <= 0xff5e) {
        ch = ch - 0xff01 + 0x21;

        return (ch >= 'A' && ch <= 'Z') ? ch | 0x20 : ch;
    }

    /* in circles, squares and brackets */

    if (ch >= 0x249c && ch <= 0x24b5) {
        return 'a' + ch - 0x249c;
    }

    if (ch >= 0x24b6 && ch <= 0x24e9) {
        return 'a' + (ch - 0x24b6) % 26;
    }

    if (ch >= 0x1f110 && ch <= 0x1f129) {
        return 'a' + ch - 0x1f110;
    }

    if (ch >= 0x1f130 && ch <= 0x1f149) {
        return 'a' + ch - 0x1f130;
    }

    if (ch >= 0x1f150 && ch <= 0x1f169) {
        return 'a' + ch - 0x1f150;
    }

    if (ch >= 0x1f170 && ch <= 0x1f189) {
        return 'a' + ch - 0x1f170;
    }

    /* regional indicators */

    if (ch >= 0x1f1e6 && ch <= 0x1f1ff) {
        return 'a' + ch - 0x1f1e6;
    }

    /* mathematical: 13 alphabets, 5 sets of digits */

    if (ch >= 0x1d400 && ch <= 0x1d6a3) {
        return 'a' + (ch - 0x1d400) % 26;
    }

    if (ch >= 0x1d7ce && ch <= 0x1d7ff) {
        return '0' + (ch - 0x1d7ce) % 10;
    }

    return ch;
}


static uint32_t
ngx_live_chat_fold_pair(uint32_t ch)
{
    ngx_uint_t                  left, right, mid;
    ngx_live_chat_fold_pair_t  *pair;

    left = 0;
    right = sizeof(ngx_live_chat_fold_pairs)
            / sizeof(ngx_live_chat_fold_pair_t);

    while (left < right) {
        mid = (left + right) / 2;
        pair = &ngx_live_chat_fold_pairs[mid];

        if (ch < pair->ch) {
            right = mid;

        } else if (ch > pair->ch) {
            left = mid + 1;

        } else {
            return pair->to;
        }
    }

    return ch;
}
