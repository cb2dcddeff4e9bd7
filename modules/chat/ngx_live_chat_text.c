
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_fold.h"
#include "ngx_live_chat_text.h"
#include "ngx_live_utf8.h"


#define NGX_LIVE_CHAT_ZWJ        0x200d
#define NGX_LIVE_CHAT_VS16       0xfe0f
#define NGX_LIVE_CHAT_KEYCAP     0x20e3
#define NGX_LIVE_CHAT_FLAG       0x1f3f4   /* may be followed by tags */

#define ngx_live_chat_is_tag(ch)  ((ch) >= 0xe0020 && (ch) <= 0xe007f)
#define ngx_live_chat_is_tone(ch)  ((ch) >= 0x1f3fb && (ch) <= 0x1f3ff)
#define ngx_live_chat_is_region(ch)  ((ch) >= 0x1f1e6 && (ch) <= 0x1f1ff)


typedef struct {
    u_char                    *last;
    ngx_uint_t                 line;       /* not more than one */
    ngx_uint_t                 count;      /* code points written */
    ngx_uint_t                 seen;       /* of them can be seen */
    ngx_uint_t                 marks;      /* at the end */
    ngx_uint_t                 blanks;
    ngx_uint_t                 newlines;
    ngx_uint_t                 flag;       /* tags may follow */

    /* up to the last that is no blank */
    u_char                    *trimmed;
    ngx_uint_t                 trimmed_count;
} ngx_live_chat_text_t;


static ngx_uint_t ngx_live_chat_text_write(u_char *dst, u_char *p,
    size_t len, ngx_uint_t max, ngx_uint_t line, ngx_str_t *text);
static void ngx_live_chat_text_char(ngx_live_chat_text_t *ct, uint32_t ch);
static void ngx_live_chat_text_blank(ngx_live_chat_text_t *ct, uint32_t ch);
static void ngx_live_chat_text_put(ngx_live_chat_text_t *ct, uint32_t ch);
static ngx_uint_t ngx_live_chat_text_emoji(u_char *p, u_char *end);
static ngx_uint_t ngx_live_chat_text_element(u_char **pos, u_char *end);
static ngx_uint_t ngx_live_chat_text_pictograph(uint32_t ch);
static uint32_t ngx_live_chat_text_peek(u_char *p, u_char *end);


ngx_uint_t
ngx_live_chat_text_clean(u_char *dst, u_char *p, size_t len, ngx_uint_t max,
    ngx_str_t *text)
{
    return ngx_live_chat_text_write(dst, p, len, max, 0, text);
}


ngx_uint_t
ngx_live_chat_text_line(u_char *dst, u_char *p, size_t len, ngx_uint_t max,
    ngx_str_t *text)
{
    return ngx_live_chat_text_write(dst, p, len, max, 1, text);
}


/* nothing that is written is longer than what it was read from */

static ngx_uint_t
ngx_live_chat_text_write(u_char *dst, u_char *p, size_t len, ngx_uint_t max,
    ngx_uint_t line, ngx_str_t *text)
{
    u_char                *end;
    uint32_t               ch;
    ngx_live_chat_text_t   ct;

    if (ngx_live_utf8_check(p, len) != NGX_OK) {
        return NGX_LIVE_CHAT_TEXT_INVALID;
    }

    ngx_memzero(&ct, sizeof(ngx_live_chat_text_t));

    ct.last = dst;
    ct.trimmed = dst;
    ct.line = line;

    end = p + len;

    while (p < end) {
        ch = ngx_live_utf8_get(&p);

        if (ch == '\r' && p < end && *p == '\n') {
            continue;
        }

        ngx_live_chat_text_char(&ct, ch);
    }

    text->data = dst;
    text->len = ct.trimmed - dst;

    if (ct.seen == 0) {
        return NGX_LIVE_CHAT_TEXT_EMPTY;
    }

    return (ct.trimmed_count > max) ? NGX_LIVE_CHAT_TEXT_LONG
                                    : NGX_LIVE_CHAT_TEXT_OK;
}


static void
ngx_live_chat_text_char(ngx_live_chat_text_t *ct, uint32_t ch)
{
    ngx_uint_t  flag;

    flag = ct->flag;
    ct->flag = 0;

    switch (ngx_live_chat_kind(ch)) {

    case NGX_LIVE_CHAT_CONTROL:
        return;

    case NGX_LIVE_CHAT_BLANK:
        ngx_live_chat_text_blank(ct, ch);
        return;

    case NGX_LIVE_CHAT_HIDDEN:

        if (ct->line || ch == 0xfeff) {
            return;
        }

        /* text could be hidden in tags */

        if (ch >= 0xe0000) {

            if (!flag || !ngx_live_chat_is_tag(ch)) {
                return;
            }

            ct->flag = 1;
        }

        ngx_live_chat_text_put(ct, ch);
        return;

    case NGX_LIVE_CHAT_MARK:

        if (ct->trimmed == ct->last && ct->seen
            && ct->marks < NGX_LIVE_CHAT_TEXT_MARKS)
        {
            ngx_live_chat_text_put(ct, ch);
            ct->marks++;
        }

        return;

    default: /* NGX_LIVE_CHAT_LETTER, NGX_LIVE_CHAT_SIGN */

        ngx_live_chat_text_put(ct, ch);

        ct->seen++;
        ct->marks = 0;
        ct->flag = (ch == NGX_LIVE_CHAT_FLAG);
    }
}


static void
ngx_live_chat_text_blank(ngx_live_chat_text_t *ct, uint32_t ch)
{
    ngx_uint_t  newline;

    if (ct->count == 0) {
        return;
    }

    newline = (ch == '\n' || ch == '\r' || ch == 0x85 || ch == 0x2028
               || ch == 0x2029);

    if (ct->line) {

        if (ct->blanks) {
            return;
        }

        ch = ' ';

    } else if (newline) {

        if (ct->newlines == NGX_LIVE_CHAT_TEXT_NEWLINES) {
            return;
        }

        ct->newlines++;
        ch = '\n';

    } else if (ch == '\t') {
        ch = ' ';
    }

    ct->last = ngx_live_utf8_put(ct->last, ch);
    ct->count++;
    ct->blanks++;
    ct->marks = 0;
}


static void
ngx_live_chat_text_put(ngx_live_chat_text_t *ct, uint32_t ch)
{
    ct->last = ngx_live_utf8_put(ct->last, ch);
    ct->count++;
    ct->blanks = 0;
    ct->newlines = 0;

    ct->trimmed = ct->last;
    ct->trimmed_count = ct->count;
}


ngx_uint_t
ngx_live_chat_text_kind(u_char *p, size_t len)
{
    size_t  i;

    if (len == 0 || len > NGX_LIVE_CHAT_KIND_MAX) {
        return 0;
    }

    if (ngx_live_chat_text_emoji(p, p + len)) {
        return 1;
    }

    for (i = 0; i < len; i++) {
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9')
              || p[i] == '_' || p[i] == '-'))
        {
            return 0;
        }
    }

    return 1;
}


/* Unicode Technical Standard 51, 1.4.9, without tags */

static ngx_uint_t
ngx_live_chat_text_emoji(u_char *p, u_char *end)
{
    uint32_t  ch;

    ch = ngx_live_utf8_get(&p);

    if (ngx_live_chat_is_region(ch)) {

        if (!ngx_live_chat_is_region(ngx_live_chat_text_peek(p, end))) {
            return 0;
        }

        (void) ngx_live_utf8_get(&p);

        return p == end;
    }

    if ((ch >= '0' && ch <= '9') || ch == '#' || ch == '*') {

        if (ngx_live_chat_text_peek(p, end) == NGX_LIVE_CHAT_VS16) {
            (void) ngx_live_utf8_get(&p);
        }

        if (ngx_live_chat_text_peek(p, end) != NGX_LIVE_CHAT_KEYCAP) {
            return 0;
        }

        (void) ngx_live_utf8_get(&p);

        return p == end;
    }

    if (!ngx_live_chat_text_pictograph(ch)) {
        return 0;
    }

    for ( ;; ) {

        if (!ngx_live_chat_text_element(&p, end)) {
            return p == end;
        }

        /* joined to the next */

        if (p == end || !ngx_live_chat_text_pictograph(ngx_live_utf8_get(&p))) {
            return 0;
        }
    }
}


/* what modifies a pictograph; non-zero if it ends with a joiner */

static ngx_uint_t
ngx_live_chat_text_element(u_char **pos, u_char *end)
{
    uint32_t  ch;

    ch = ngx_live_chat_text_peek(*pos, end);

    if (ch == NGX_LIVE_CHAT_VS16 || ngx_live_chat_is_tone(ch)) {
        (void) ngx_live_utf8_get(pos);
        ch = ngx_live_chat_text_peek(*pos, end);
    }

    if (ch != NGX_LIVE_CHAT_ZWJ) {
        return 0;
    }

    (void) ngx_live_utf8_get(pos);

    return 1;
}


static ngx_uint_t
ngx_live_chat_text_pictograph(uint32_t ch)
{
    if (ch >= 0x1f000) {
        return ch <= 0x1faff && !ngx_live_chat_is_tone(ch)
               && !ngx_live_chat_is_region(ch);
    }

    return (ch >= 0x2190 && ch <= 0x21ff) || (ch >= 0x2300 && ch <= 0x23ff)
           || (ch >= 0x25a0 && ch <= 0x27bf) || (ch >= 0x2900 && ch <= 0x297f)
           || (ch >= 0x2b00 && ch <= 0x2bff) || ch == 0x24c2 || ch == 0xa9
           || ch == 0xae || ch == 0x203c || ch == 0x2049 || ch == 0x2122
           || ch == 0x2139 || ch == 0x3030 || ch == 0x303d || ch == 0x3297
           || ch == 0x3299;
}


/* 0 at the end */

static uint32_t
ngx_live_chat_text_peek(u_char *p, u_char *end)
{
    return (p == end) ? 0 : ngx_live_utf8_get(&p);
}
