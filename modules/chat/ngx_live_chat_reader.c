
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_fold.h"
#include "ngx_live_chat_reader.h"
#include "ngx_live_utf8.h"


/* letters of a list, other than a-z and 0-9 */
#define NGX_LIVE_CHAT_READ_SYMBOLS  4096

/* blanks and signs between the single letters of a word */
#define NGX_LIVE_CHAT_READ_GAP      3


struct ngx_live_chat_symbol_s {
    uint32_t                   ch;         /* 0: free */
    uint32_t                   symbol;
};


static uint32_t ngx_live_chat_read_letter(ngx_live_chat_reader_t *rd,
    uint32_t raw, uint32_t ch);
static void ngx_live_chat_read_unit(ngx_live_chat_reader_t *rd,
    uint32_t symbol, uint32_t ch, size_t start, size_t end);
static void ngx_live_chat_read_break(ngx_live_chat_reader_t *rd,
    uint32_t ch, size_t start, size_t end);
static uint32_t ngx_live_chat_read_symbol(ngx_live_chat_reader_t *rd,
    uint32_t ch);
static void ngx_live_chat_read_join(ngx_live_chat_reader_t *rd);
static ngx_uint_t ngx_live_chat_read_single(ngx_live_chat_unit_t *units,
    ngx_uint_t i, ngx_uint_t n);
static ngx_uint_t ngx_live_chat_read_append(ngx_live_chat_unit_t *units,
    ngx_uint_t n, ngx_live_chat_unit_t *unit);


ngx_int_t
ngx_live_chat_reader_init(ngx_live_chat_reader_t *rd, ngx_pool_t *pool,
    size_t list, size_t text)
{
    ngx_uint_t  n;

    ngx_memzero(rd, sizeof(ngx_live_chat_reader_t));

    for (n = 64; n < list && n < 2 * NGX_LIVE_CHAT_READ_SYMBOLS; n *= 2) {
        /* void */
    }

    rd->mask = n - 1;
    rd->nsymbols = NGX_LIVE_CHAT_SYMBOL_OTHER;

    rd->symbols = ngx_pcalloc(pool, n * sizeof(ngx_live_chat_symbol_t));
    rd->units = ngx_palloc(pool, text * sizeof(ngx_live_chat_unit_t));

    return rd->symbols && rd->units ? NGX_OK : NGX_ERROR;
}


void
ngx_live_chat_read(ngx_live_chat_reader_t *rd, u_char *p, size_t len)
{
    u_char      *text, *end;
    size_t       start;
    uint32_t     raw, ch, symbol;
    ngx_uint_t   kind, latin;

    rd->n = 0;
    rd->ones = 0;
    rd->doubts = 0;

    text = p;
    end = p + len;
    latin = 0;

    while (p < end) {
        start = p - text;
        raw = ngx_live_utf8_get(&p);

        kind = ngx_live_chat_kind(raw);

        if (kind == NGX_LIVE_CHAT_MARK || kind == NGX_LIVE_CHAT_HIDDEN) {

            /* U+0489 and its like are drawn around the letter before */

            if (rd->n) {
                rd->units[rd->n - 1].end = p - text;
            }

            continue;
        }

        latin = (latin || (p < end && (*p | 0x20) >= 'a'
                           && (*p | 0x20) <= 'z'));

        ch = ngx_live_chat_fold(raw, latin);
        symbol = ngx_live_chat_read_letter(rd, raw, ch);

        /* "sh!t", but not "hell!" */

        if ((ch == '!' || ch == '|')
            && (p == end || (*p != '@' && *p != '$' && *p < 0x80
                             && ngx_live_chat_kind(*p)
                                != NGX_LIVE_CHAT_LETTER)))
        {
            symbol = NGX_LIVE_CHAT_SYMBOL_BREAK;
        }

        latin = (raw < 0x80 && kind == NGX_LIVE_CHAT_LETTER);

        if (symbol == NGX_LIVE_CHAT_SYMBOL_BREAK) {
            ngx_live_chat_read_break(rd, ch, start, p - text);

        } else {
            ngx_live_chat_read_unit(rd, symbol, ch, start, p - text);

            if ((ch < '0' || ch > '9') && ch != '$') {
                rd->units[rd->n - 1].real = 1;
            }

            if (raw == 0xdf || raw == 0x1e9e) {
                rd->units[rd->n - 1].count++;
            }
        }
    }

    ngx_live_chat_read_join(rd);
}


static uint32_t
ngx_live_chat_read_letter(ngx_live_chat_reader_t *rd, uint32_t raw,
    uint32_t ch)
{
    u_char       letter;
    ngx_uint_t   kind;

    static u_char  digits[] = "oi2eas6t89";

    kind = ngx_live_chat_kind(ch);

    /* letters in circles, squares and flags are pictures for some */

    if (ch >= 'a' && ch <= 'z') {

        if (raw >= 0x1f000 && raw < 0x20000) {
            rd->doubts = 1;

            if (rd->read == NGX_LIVE_CHAT_READ_BREAK) {
                return NGX_LIVE_CHAT_SYMBOL_BREAK;
            }
        }

        return NGX_LIVE_CHAT_SYMBOL_LETTER + ch - 'a';
    }

    if (ch >= '0' && ch <= '9') {
        letter = digits[ch - '0'];

    } else {

        switch (ch) {

        case '@':
            letter = 'a';
            break;

        case '$':
            letter = 's';
            break;

        case '!':
        case '|':
            if (rd->read == NGX_LIVE_CHAT_READ_LIST) {
                return NGX_LIVE_CHAT_SYMBOL_BREAK;
            }

            letter = 'i';
            break;

        default:

            if (kind != NGX_LIVE_CHAT_LETTER) {
                return NGX_LIVE_CHAT_SYMBOL_BREAK;
            }

            return ngx_live_chat_read_symbol(rd, ch);
        }
    }

    rd->doubts = 1;

    if (rd->read == NGX_LIVE_CHAT_READ_BREAK) {
        return NGX_LIVE_CHAT_SYMBOL_BREAK;
    }

    if (letter == 'i') {
        rd->ones = 1;

        if (rd->read == NGX_LIVE_CHAT_READ_L) {
            letter = 'l';
        }
    }

    if (letter <= '9') {
        return NGX_LIVE_CHAT_SYMBOL_DIGIT + letter - '0';
    }

    return NGX_LIVE_CHAT_SYMBOL_LETTER + letter - 'a';
}


static void
ngx_live_chat_read_unit(ngx_live_chat_reader_t *rd, uint32_t symbol,
    uint32_t ch, size_t start, size_t end)
{
    ngx_live_chat_unit_t  *unit;

    unit = &rd->units[rd->n];

    /* of letters that are not known nothing can be said */

    if (rd->n && unit[-1].symbol == symbol
        && symbol != NGX_LIVE_CHAT_SYMBOL_NONE)
    {
        unit--;
        unit->end = end;

        if (unit->count < 65000) {
            unit->count++;
        }

        return;
    }

    ngx_memzero(unit, sizeof(ngx_live_chat_unit_t));

    unit->symbol = symbol;
    unit->count = 1;
    unit->start = start;
    unit->end = end;
    unit->edge = ngx_live_chat_unspaced(ch);

    rd->n++;
}


static void
ngx_live_chat_read_break(ngx_live_chat_reader_t *rd, uint32_t ch,
    size_t start, size_t end)
{
    ngx_live_chat_unit_t  *unit;

    if (rd->n == 0) {
        return;
    }

    unit = &rd->units[rd->n];

    if (unit[-1].symbol == NGX_LIVE_CHAT_SYMBOL_BREAK) {
        unit--;
        unit->end = end;
        unit->glue = 0;

        if (unit->gap < 255) {
            unit->gap++;
        }

        return;
    }

    ngx_memzero(unit, sizeof(ngx_live_chat_unit_t));

    unit->symbol = NGX_LIVE_CHAT_SYMBOL_BREAK;
    unit->count = 1;
    unit->gap = 1;
    unit->glue = (ch == '\'' || ch == 0x2019);
    unit->start = start;
    unit->end = end;

    rd->n++;
}


/* the list's own letters are learned while it is read */

static uint32_t
ngx_live_chat_read_symbol(ngx_live_chat_reader_t *rd, uint32_t ch)
{
    ngx_uint_t               i;
    ngx_live_chat_symbol_t  *s;

    for (i = ch * 2654435761U >> 7; /* void */ ; i++) {
        s = &rd->symbols[i & rd->mask];

        if (s->ch == ch) {
            return s->symbol;
        }

        if (s->ch == 0) {
            break;
        }
    }

    if (rd->read != NGX_LIVE_CHAT_READ_LIST
        || rd->nsymbols - NGX_LIVE_CHAT_SYMBOL_OTHER
           >= NGX_LIVE_CHAT_READ_SYMBOLS)
    {
        return NGX_LIVE_CHAT_SYMBOL_NONE;
    }

    s->ch = ch;
    s->symbol = rd->nsymbols++;

    return s->symbol;
}


/*
 * "b a d" and "b.a.d" are "bad": runs of words of one letter become one word.
 * "grab ad" stays what it is, and the "s" of "it's" begins no such run.
 */

static void
ngx_live_chat_read_join(ngx_live_chat_reader_t *rd)
{
    ngx_uint_t             i, n, single;
    ngx_live_chat_unit_t  *units;

    units = rd->units;
    n = 0;
    single = 0;

    for (i = 0; i < rd->n; i++) {

        if (units[i].symbol != NGX_LIVE_CHAT_SYMBOL_BREAK) {
            single = ngx_live_chat_read_single(units, i, rd->n)
                     && (i == 0 || !units[i - 1].glue);

        } else if (single && units[i].gap <= NGX_LIVE_CHAT_READ_GAP
                   && i + 1 < rd->n
                   && ngx_live_chat_read_single(units, i + 1, rd->n))
        {
            /* the break goes, and the letter after it is appended */

            i++;
            n = ngx_live_chat_read_append(units, n, &units[i]);

            continue;
        }

        if (n != i) {
            units[n] = units[i];
        }

        n++;
    }

    rd->n = n;
}


/* a word of one letter, repeated or not */

static ngx_uint_t
ngx_live_chat_read_single(ngx_live_chat_unit_t *units, ngx_uint_t i,
    ngx_uint_t n)
{
    return units[i].symbol != NGX_LIVE_CHAT_SYMBOL_NONE
           && !units[i].edge
           && (i == 0 || units[i - 1].symbol == NGX_LIVE_CHAT_SYMBOL_BREAK)
           && (i + 1 == n
               || units[i + 1].symbol == NGX_LIVE_CHAT_SYMBOL_BREAK);
}


static ngx_uint_t
ngx_live_chat_read_append(ngx_live_chat_unit_t *units, ngx_uint_t n,
    ngx_live_chat_unit_t *unit)
{
    ngx_live_chat_unit_t  *last;

    last = &units[n - 1];

    if (last->symbol == unit->symbol) {
        last->count = ngx_min(last->count + unit->count, 65000);
        last->end = unit->end;
        last->real |= unit->real;

        return n;
    }

    units[n] = *unit;

    /* "a b a d" begins with a word that has one letter */

    if (last->count == 1
        && (n == 1 || last[-1].symbol == NGX_LIVE_CHAT_SYMBOL_BREAK)
        && (last->symbol == NGX_LIVE_CHAT_SYMBOL_LETTER
            || last->symbol == NGX_LIVE_CHAT_SYMBOL_LETTER + 'i' - 'a'
            || last->symbol == NGX_LIVE_CHAT_SYMBOL_LETTER + 'u' - 'a'))
    {
        units[n].begin = 1;
    }

    return n + 1;
}
