
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_time.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_time.h>


/* the last millisecond of the year 9999 */
#define NGX_LIVE_TIME_MAX_MS      253402300799999


static u_char *ngx_live_time_digits(u_char *p, ngx_uint_t value,
    ngx_uint_t n);


int64_t
ngx_live_rescale(int64_t value, uint32_t from, uint32_t to)
{
    uint64_t  v, q, r, rest, limit;

    /* negated as unsigned, so that INT64_MIN has an absolute value too */

    v = (value < 0) ? 0 - (uint64_t) value : (uint64_t) value;
    limit = (value < 0) ? (uint64_t) INT64_MAX + 1 : (uint64_t) INT64_MAX;

    /* v = q * from + r, both factors of r * to are below 2^32 */

    q = v / from;
    r = v % from;

    r *= to;
    rest = r % from;
    r = r / from + (rest >= from - rest);

    q = (to && q > limit / to) ? limit : q * to;

    v = (r > limit - q) ? limit : q + r;

    if (value < 0) {
        return (v == limit) ? INT64_MIN : -(int64_t) v;
    }

    return (int64_t) v;
}


u_char *
ngx_live_iso8601(u_char *buf, int64_t ms)
{
    u_char      *p;
    ngx_uint_t   days, msec, era, year, month, day;

    ms = ngx_max(ms, 0);
    ms = ngx_min(ms, NGX_LIVE_TIME_MAX_MS);

    days = ms / 86400000;
    msec = ms % 86400000;

    /*
     * Years are counted from March 1, so that the leap day is the last one
     * of a year, and in eras of 400 years, which are of equal length.
     */

    days += 719468;
    era = days / 146097;
    days %= 146097;

    year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    days -= year * 365 + year / 4 - year / 100;
    month = (days * 5 + 2) / 153;
    day = days - (month * 153 + 2) / 5 + 1;

    year += era * 400 + (month >= 10);
    month = (month < 10) ? month + 3 : month - 9;

    p = ngx_live_time_digits(buf, year, 4);
    *p++ = '-';
    p = ngx_live_time_digits(p, month, 2);
    *p++ = '-';
    p = ngx_live_time_digits(p, day, 2);
    *p++ = 'T';
    p = ngx_live_time_digits(p, msec / 3600000, 2);
    *p++ = ':';
    p = ngx_live_time_digits(p, msec / 60000 % 60, 2);
    *p++ = ':';
    p = ngx_live_time_digits(p, msec / 1000 % 60, 2);
    *p++ = '.';
    p = ngx_live_time_digits(p, msec % 1000, 3);
    *p++ = 'Z';

    return p;
}


static u_char *
ngx_live_time_digits(u_char *p, ngx_uint_t value, ngx_uint_t n)
{
    u_char  *end;

    end = p + n;

    while (n) {
        p[--n] = (u_char) ('0' + value % 10);
        value /= 10;
    }

    return end;
}
