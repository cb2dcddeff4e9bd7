
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_when.h"


/* digits of ms: beyond any stream's time */
#define NGX_LIVE_CHAT_WHEN_DIGITS  15

/* bytes within which an entry's "ts" begins */
#define NGX_LIVE_CHAT_WHEN_HEAD    512

#define NGX_LIVE_CHAT_TS           ",\"ts\":"
#define NGX_LIVE_CHAT_TIME         ",\"time\":"


static ngx_int_t ngx_live_chat_when_date(u_char *p, u_char *end,
    int64_t *ms);
static u_char *ngx_live_chat_when_digits(u_char *p, u_char *end, size_t n,
    u_char next, int64_t *value);
static u_char *ngx_live_chat_when_fraction(u_char *p, u_char *end,
    int64_t *ms);
static u_char *ngx_live_chat_when_zone(u_char *p, u_char *end, int64_t *ms);
static int64_t ngx_live_chat_when_days(int64_t y, int64_t m, int64_t d);


ngx_int_t
ngx_live_chat_when_parse(u_char *p, size_t len, ngx_live_chat_when_t *when)
{
    size_t   i;
    u_char  *end;

    end = p + len;

    for (i = 0; i < len && p[i] >= '0' && p[i] <= '9'; i++) { /* void */ }

    when->ms = 0;
    when->media = (i == len);

    if (!when->media) {
        return ngx_live_chat_when_date(p, end, &when->ms);
    }

    if (len == 0 || len > NGX_LIVE_CHAT_WHEN_DIGITS) {
        return NGX_ERROR;
    }

    for ( /* void */ ; p < end; p++) {
        when->ms = when->ms * 10 + (*p - '0');
    }

    return NGX_OK;
}


/* RFC 3339, 5.6 */

static ngx_int_t
ngx_live_chat_when_date(u_char *p, u_char *end, int64_t *ms)
{
    int64_t  y, mon, d, h, min, s;

    p = ngx_live_chat_when_digits(p, end, 4, '-', &y);
    p = ngx_live_chat_when_digits(p, end, 2, '-', &mon);
    p = ngx_live_chat_when_digits(p, end, 2, 'T', &d);
    p = ngx_live_chat_when_digits(p, end, 2, ':', &h);
    p = ngx_live_chat_when_digits(p, end, 2, ':', &min);
    p = ngx_live_chat_when_digits(p, end, 2, 0, &s);

    if (p == NULL || y < 1970 || mon < 1 || mon > 12 || d < 1 || d > 31
        || h > 23 || min > 59 || s > 60)
    {
        return NGX_ERROR;
    }

    *ms = (((ngx_live_chat_when_days(y, mon, d) * 24 + h) * 60 + min) * 60
           + s) * 1000;

    p = ngx_live_chat_when_fraction(p, end, ms);
    p = ngx_live_chat_when_zone(p, end, ms);

    return (p == NULL || p != end) ? NGX_ERROR : NGX_OK;
}


/* n digits, and what has to follow them, 0: anything */

static u_char *
ngx_live_chat_when_digits(u_char *p, u_char *end, size_t n, u_char next,
    int64_t *value)
{
    *value = 0;

    if (p == NULL || (size_t) (end - p) < n + (next != 0)) {
        return NULL;
    }

    for ( /* void */ ; n; n--, p++) {
        if (*p < '0' || *p > '9') {
            return NULL;
        }

        *value = *value * 10 + (*p - '0');
    }

    if (next == 0) {
        return p;
    }

    return ((*p | 0x20) == (next | 0x20)) ? p + 1 : NULL;
}


static u_char *
ngx_live_chat_when_fraction(u_char *p, u_char *end, int64_t *ms)
{
    int64_t  unit;

    if (p == end || *p != '.') {
        return p;
    }

    p++;

    if (p == end || *p < '0' || *p > '9') {
        return NULL;
    }

    for (unit = 100; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10) {
        *ms += unit * (*p - '0');
    }

    return p;
}


static u_char *
ngx_live_chat_when_zone(u_char *p, u_char *end, int64_t *ms)
{
    int64_t  h, min, sign;

    if (p == NULL || p == end) {
        return NULL;
    }

    if (*p == 'Z' || *p == 'z') {
        return p + 1;
    }

    /* a plus in arguments may have become a blank */

    if (*p != '+' && *p != '-' && *p != ' ') {
        return NULL;
    }

    sign = (*p == '-') ? 1 : -1;

    p = ngx_live_chat_when_digits(p + 1, end, 2, ':', &h);
    p = ngx_live_chat_when_digits(p, end, 2, 0, &min);

    if (p == NULL || h > 23 || min > 59) {
        return NULL;
    }

    *ms += sign * (h * 60 + min) * 60000;

    return p;
}


/* since 1970, in the Gregorian calendar; years begin in March */

static int64_t
ngx_live_chat_when_days(int64_t y, int64_t m, int64_t d)
{
    if (m <= 2) {
        y--;
        m += 12;
    }

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5
           + d - 719469;
}


void
ngx_live_chat_when_said(u_char *p, size_t len, int64_t *ts, int64_t *time)
{
    size_t    i;
    u_char   *end, *last;
    int64_t  *value;

    *ts = -1;
    *time = -1;

    end = p + len;
    last = p + ngx_min(len, NGX_LIVE_CHAT_WHEN_HEAD);

    while ((size_t) (last - p) > sizeof(NGX_LIVE_CHAT_TS) - 1
           && ngx_memcmp(p, NGX_LIVE_CHAT_TS, sizeof(NGX_LIVE_CHAT_TS) - 1))
    {
        p++;
    }

    if ((size_t) (last - p) <= sizeof(NGX_LIVE_CHAT_TS) - 1) {
        return;
    }

    p += sizeof(NGX_LIVE_CHAT_TS) - 1;
    value = ts;

    for ( ;; ) {
        *value = 0;

        for (i = 0;
             p < end && *p >= '0' && *p <= '9'
             && i < NGX_LIVE_CHAT_WHEN_DIGITS;
             i++)
        {
            *value = *value * 10 + (*p++ - '0');
        }

        if (i == 0) {
            *value = -1;
            return;
        }

        if (value == time
            || (size_t) (end - p) < sizeof(NGX_LIVE_CHAT_TIME) - 1
            || ngx_memcmp(p, NGX_LIVE_CHAT_TIME,
                          sizeof(NGX_LIVE_CHAT_TIME) - 1))
        {
            return;
        }

        p += sizeof(NGX_LIVE_CHAT_TIME) - 1;
        value = time;
    }
}
