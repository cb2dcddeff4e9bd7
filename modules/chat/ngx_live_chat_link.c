
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_fold.h"
#include "ngx_live_chat_link.h"
#include "ngx_live_utf8.h"


/* in the text as it is looked at: a letter that is not of ASCII, a sign that
 * is not, and a dot with blanks about it */

#define NGX_LIVE_CHAT_LINK_LETTER  0x80
#define NGX_LIVE_CHAT_LINK_SIGN    0x01
#define NGX_LIVE_CHAT_LINK_DOT     0x02

#define ngx_live_chat_link_is_dot(ch)                                         \
    ((ch) == '.' || (ch) == NGX_LIVE_CHAT_LINK_DOT)


/* how sure a domain makes of a link */

typedef enum {
    NGX_LIVE_CHAT_LINK_NONE = 0,
    NGX_LIVE_CHAT_LINK_WEAK,               /* a word, too: needs a path */
    NGX_LIVE_CHAT_LINK_STRONG,
    NGX_LIVE_CHAT_LINK_SURE                /* even with blanks */
} ngx_live_chat_link_e;


typedef struct {
    const char            *names;          /* each between blanks */
    ngx_uint_t             sure;
} ngx_live_chat_link_domains_t;


static u_char *ngx_live_chat_link_fold(u_char *dst, u_char *p, u_char *end);
static u_char ngx_live_chat_link_char(uint32_t ch);
static u_char *ngx_live_chat_link_dots(u_char *p, u_char *end);
static u_char *ngx_live_chat_link_bracket(u_char *p, u_char *end);
static u_char *ngx_live_chat_link_word(u_char *p, u_char *end);
static ngx_uint_t ngx_live_chat_link_scheme(u_char *start, u_char *p,
    u_char *end);
static ngx_uint_t ngx_live_chat_link_domain(u_char *start, u_char *dot,
    u_char *end);
static ngx_uint_t ngx_live_chat_link_sure(u_char *p, size_t len);
static ngx_uint_t ngx_live_chat_link_address(u_char *p, u_char *end);
static ngx_uint_t ngx_live_chat_link_tail(u_char *p, u_char *end);
static ngx_uint_t ngx_live_chat_link_label(u_char ch);


static ngx_live_chat_link_domains_t  ngx_live_chat_link_domains[] = {

    { " com net org ", NGX_LIVE_CHAT_LINK_SURE },

    { " app au aero ai biz blog br ca cc ch cloud club cn"
      " cz de dev dk edu eu fi fr gov gr hk hu ie il info int io ir jp kr lt"
      " lv mil mobi museum mx name nl nz online onion pl pt pw ro rs ru se"
      " site sk st su tk tr travel tv tw ua uk video website wiki xxx xyz za"
      " zip rip icu buzz fyi vip porn sex adult bet casino poker ",
      NGX_LIVE_CHAT_LINK_STRONG },

    { " ac ag am an as at be by bz chat cool direct do es fm fun gg game games"
      " gl gs group id im in international is it la land li life link live lol"
      " ly me media money ms my news no ninja nu page party ph pro re sc sh"
      " shop so social space store stream studio team tech tips to today top"
      " tube us vc vg vn wf wtf world ws zone ee goo gd ",
      NGX_LIVE_CHAT_LINK_WEAK },

    { NULL, 0 }
};


ngx_uint_t
ngx_live_chat_has_link(u_char *p, size_t len, u_char *buf)
{
    u_char  *end;

    end = ngx_live_chat_link_fold(buf, p, p + len);
    end = ngx_live_chat_link_dots(buf, end);

    for (p = buf; p < end; p++) {

        if (*p == ':' && ngx_live_chat_link_scheme(buf, p, end)) {
            return 1;
        }

        if (ngx_live_chat_link_is_dot(*p)
            && ngx_live_chat_link_domain(buf, p, end))
        {
            return 1;
        }
    }

    return 0;
}


/* a byte for each code point that is to be seen */

static u_char *
ngx_live_chat_link_fold(u_char *dst, u_char *p, u_char *end)
{
    uint32_t    ch;
    ngx_uint_t  kind;

    while (p < end) {
        ch = ngx_live_utf8_get(&p);
        kind = ngx_live_chat_kind(ch);

        if (kind == NGX_LIVE_CHAT_MARK || kind == NGX_LIVE_CHAT_HIDDEN) {
            continue;
        }

        if (kind == NGX_LIVE_CHAT_BLANK) {
            *dst++ = ' ';
            continue;
        }

        *dst++ = ngx_live_chat_link_char(ngx_live_chat_fold(ch, 1));
    }

    return dst;
}


static u_char
ngx_live_chat_link_char(uint32_t ch)
{
    switch (ch) {

    case 0x00b7:                           /* dots, by their looks */
    case 0x2024:
    case 0x2219:
    case 0x22c5:
    case 0x2022:
    case 0x25cf:
    case 0x26ab:
    case 0x3002:
    case 0xff61:
    case 0xfe52:
        return '.';

    case 0x2044:                           /* slashes */
    case 0x2215:
        return '/';

    case 0xa789:                           /* colons */
    case 0x2236:
        return ':';
    }

    if (ch >= 0x20 && ch < 0x7f) {
        return (u_char) ch;
    }

    return (ngx_live_chat_kind(ch) == NGX_LIVE_CHAT_LETTER)
           ? NGX_LIVE_CHAT_LINK_LETTER : NGX_LIVE_CHAT_LINK_SIGN;
}


/* "[.]", " (dot) ", " dot " and " . " become a dot, in place */

static u_char *
ngx_live_chat_link_dots(u_char *p, u_char *end)
{
    u_char  *start, *dst, *next, dot;

    start = p;
    dst = p;

    while (p < end) {
        dot = '.';
        next = ngx_live_chat_link_bracket(p, end);

        if (next == NULL) {
            dot = NGX_LIVE_CHAT_LINK_DOT;
            next = ngx_live_chat_link_word(p, end);
        }

        if (next == NULL) {
            *dst++ = *p++;
            continue;
        }

        while (dst > start && dst[-1] == ' ') {
            dst--;
        }

        *dst++ = dot;
        p = next;

        while (p < end && *p == ' ') {
            p++;
        }
    }

    return dst;
}


/* "[.]", "( dot )": what is behind it, NULL if it is none */

static u_char *
ngx_live_chat_link_bracket(u_char *p, u_char *end)
{
    if (*p != '[' && *p != '(' && *p != '{' && *p != '<') {
        return NULL;
    }

    for (p++; p < end && *p == ' '; p++) { /* void */ }

    if (p < end && (*p == '.' || *p == ',')) {
        p++;

    } else if (end - p > 3 && ngx_strncmp(p, "dot", 3) == 0) {
        p += 3;

    } else {
        return NULL;
    }

    while (p < end && *p == ' ') {
        p++;
    }

    if (p == end || (*p != ']' && *p != ')' && *p != '}' && *p != '>')) {
        return NULL;
    }

    return p + 1;
}


/* " dot " and a dot with blanks on one side or both, from the blank on */

static u_char *
ngx_live_chat_link_word(u_char *p, u_char *end)
{
    if (*p == '.') {
        return (end - p > 1 && p[1] == ' ') ? p + 1 : NULL;
    }

    if (*p != ' ') {
        return NULL;
    }

    while (p < end && *p == ' ') {
        p++;
    }

    if (end - p > 1 && *p == '.') {
        return p + 1;
    }

    if (end - p > 4 && ngx_strncmp(p, "dot ", 4) == 0) {
        return p + 4;
    }

    return NULL;
}


/* "scheme://x", the colon is given */

static ngx_uint_t
ngx_live_chat_link_scheme(u_char *start, u_char *p, u_char *end)
{
    if (end - p < 4 || p[1] != '/' || p[2] != '/' || p[3] == ' ') {
        return 0;
    }

    return p - start >= 2 && p[-2] >= 'a' && p[-2] <= 'z'
           && ((p[-1] >= 'a' && p[-1] <= 'z')
               || (p[-1] >= '0' && p[-1] <= '9'));
}


/* a label before the dot and one behind it, of a known domain */

static ngx_uint_t
ngx_live_chat_link_domain(u_char *start, u_char *dot, u_char *end)
{
    u_char      *p, *label;
    ngx_uint_t   sure;

    if (dot == start || !ngx_live_chat_link_label(dot[-1])) {
        return 0;
    }

    label = dot + 1;

    for (p = label; p < end && ngx_live_chat_link_label(*p); p++) {
        /* void */
    }

    if (p == label) {
        return 0;
    }

    if (*dot == '.' && dot - start >= 3 && ngx_strncmp(dot - 3, "www", 3) == 0
        && (dot - start == 3 || !ngx_live_chat_link_label(dot[-4])))
    {
        return 1;
    }

    /* a dot at the end of the sentence, or one more label */

    if (end - p > 1 && *p == '.' && ngx_live_chat_link_label(p[1])) {
        return *dot == '.' && ngx_live_chat_link_address(label, end);
    }

    sure = ngx_live_chat_link_sure(label, p - label);

    if (*dot == NGX_LIVE_CHAT_LINK_DOT) {
        return sure == NGX_LIVE_CHAT_LINK_SURE;
    }

    if (sure >= NGX_LIVE_CHAT_LINK_STRONG) {
        return 1;
    }

    return sure == NGX_LIVE_CHAT_LINK_WEAK && ngx_live_chat_link_tail(p, end);
}


static ngx_uint_t
ngx_live_chat_link_sure(u_char *p, size_t len)
{
    u_char                         name[16];
    ngx_live_chat_link_domains_t  *d;

    if (len > 4 && ngx_strncmp(p, "xn--", 4) == 0) {
        return NGX_LIVE_CHAT_LINK_STRONG;
    }

    if (len < 2 || len > sizeof(name) - 3) {
        return NGX_LIVE_CHAT_LINK_NONE;
    }

    name[0] = ' ';
    ngx_memcpy(name + 1, p, len);
    name[len + 1] = ' ';
    name[len + 2] = '\0';

    for (d = ngx_live_chat_link_domains; d->names; d++) {
        if (ngx_strstr(d->names, (char *) name) != NULL) {
            return d->sure;
        }
    }

    return NGX_LIVE_CHAT_LINK_NONE;
}


/* the rest of an IPv4 address behind its first dot, then a path or a port */

static ngx_uint_t
ngx_live_chat_link_address(u_char *p, u_char *end)
{
    ngx_uint_t  i, digits;

    for (i = 0; i < 3; i++) {

        for (digits = 0; p < end && *p >= '0' && *p <= '9'; p++) {
            digits++;
        }

        if (digits == 0 || digits > 3) {
            return 0;
        }

        if (i < 2 && (p == end || *p++ != '.')) {
            return 0;
        }
    }

    return ngx_live_chat_link_tail(p, end);
}


/* a path or a port */

static ngx_uint_t
ngx_live_chat_link_tail(u_char *p, u_char *end)
{
    if (p == end) {
        return 0;
    }

    if (*p == '/') {
        return 1;
    }

    return *p == ':' && end - p > 1 && p[1] >= '0' && p[1] <= '9';
}


static ngx_uint_t
ngx_live_chat_link_label(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-'
           || ch == NGX_LIVE_CHAT_LINK_LETTER;
}
