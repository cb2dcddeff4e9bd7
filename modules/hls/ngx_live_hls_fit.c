
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_fit.h>


/*
 * Timestamps rounded to a unit differ from the truth by errors that lie
 * within less than one unit of each other.  So every pair of frames bounds
 * the frame duration from both sides, and all pairs together leave an
 * interval in which it must lie.
 */

typedef struct {
    int64_t                   lo_num;      /* ticks: lo < duration < hi */
    int64_t                   lo_den;
    int64_t                   hi_num;
    int64_t                   hi_den;
} ngx_live_hls_interval_t;


#define ngx_live_hls_less(n1, d1, n2, d2)  ((n1) * (d2) < (n2) * (d1))

/* bounds that keep every product below in 64 bits */
#define NGX_LIVE_HLS_RATIO_MAX     100000000
#define NGX_LIVE_HLS_PART_LIMIT    60000000


static int64_t ngx_live_hls_fit_median(const int64_t *dts, ngx_uint_t n);
static ngx_int_t ngx_live_hls_fit_places(const int64_t *dts, ngx_uint_t n,
    int64_t round, int64_t median, uint16_t *place);
static ngx_int_t ngx_live_hls_fit_interval(const int64_t *dts, ngx_uint_t n,
    int64_t width, const uint16_t *place, ngx_live_hls_interval_t *iv);
static ngx_uint_t ngx_live_hls_fit_inside(const ngx_live_hls_interval_t *iv,
    const ngx_live_hls_ratio_t *frame);
static void ngx_live_hls_fit_choose(const ngx_live_hls_interval_t *iv,
    const ngx_live_hls_ratio_t *hint, ngx_live_hls_ratio_t *frame);
static void ngx_live_hls_fit_simplest(int64_t ln, int64_t ld, int64_t hn,
    int64_t hd, int64_t *num, int64_t *den, ngx_uint_t depth);
static ngx_uint_t ngx_live_hls_fit_count(const ngx_live_hls_ratio_t *frame,
    uint64_t target);
static uint64_t ngx_live_hls_fit_us(const ngx_live_hls_ratio_t *frame,
    uint64_t n);
static const char *ngx_live_hls_fit_check(uint32_t part,
    const ngx_live_hls_ratio_t *frame, ngx_uint_t n);
static ngx_uint_t ngx_live_hls_fit_all(const ngx_live_hls_ratio_t *frame,
    ngx_uint_t n, uint64_t target);


/* whole rates first: where a short measurement leaves both 30 and 29.97, the
 * whole one is the commoner, and a drift of a thousandth is followed */

static const ngx_live_hls_ratio_t  ngx_live_hls_rates[] = {
    { 1, 30 }, { 1, 25 }, { 1, 60 }, { 1, 50 }, { 1, 24 }, { 1, 15 },
    { 1, 12 }, { 1, 20 }, { 1, 10 }, { 1, 48 }, { 1, 120 }, { 1, 100 },
    { 1001, 30000 }, { 1001, 24000 }, { 1001, 60000 }, { 1001, 15000 },
    { 1001, 12000 }, { 1001, 120000 },
    { 0, 0 }
};


ngx_int_t
ngx_live_hls_fit_measure(const int64_t *dts, ngx_uint_t n, int64_t round,
    const ngx_live_hls_ratio_t *hint, ngx_live_hls_ratio_t *frame,
    const char **reason)
{
    int64_t                  median;
    uint16_t                 place[NGX_LIVE_HLS_MEASURE_MAX];
    ngx_live_hls_interval_t  iv;

    frame->num = 0;
    frame->den = 0;

    if (n < NGX_LIVE_HLS_MEASURE_MIN) {
        *reason = "too few frames";
        return NGX_AGAIN;
    }

    n = ngx_min(n, NGX_LIVE_HLS_MEASURE_MAX);
    round = ngx_max(round, NGX_LIVE_HLS_ROUND_TICK);
    median = ngx_live_hls_fit_median(dts, n);

    if (median <= 0 || median > 10 * NGX_LIVE_HLS_TICKS) {
        *reason = "frame durations out of range";
        return NGX_DECLINED;
    }

    if (ngx_live_hls_fit_places(dts, n, round, median, place) != NGX_OK) {
        *reason = "frame duration varies";
        return NGX_DECLINED;
    }

    /* a timestamp that was rounded twice on its way may be off by two */

    if (ngx_live_hls_fit_interval(dts, n, round, place, &iv) != NGX_OK
        && ngx_live_hls_fit_interval(dts, n, 2 * round, place, &iv) != NGX_OK)
    {
        *reason = "frame duration varies";
        return NGX_DECLINED;
    }

    ngx_live_hls_fit_choose(&iv, hint, frame);

    return NGX_OK;
}


static int64_t
ngx_live_hls_fit_median(const int64_t *dts, ngx_uint_t n)
{
    int64_t     delta[NGX_LIVE_HLS_MEASURE_MAX], d;
    ngx_uint_t  i, k;

    for (i = 1; i < n; i++) {
        d = dts[i] - dts[i - 1];

        for (k = i - 1; k > 0 && delta[k - 1] > d; k--) {
            delta[k] = delta[k - 1];
        }

        delta[k] = d;
    }

    return delta[(n - 1) / 2];
}


/* the place of each frame on a grid of about the median duration; one frame
 * in ten may be missing */

static ngx_int_t
ngx_live_hls_fit_places(const int64_t *dts, ngx_uint_t n, int64_t round,
    int64_t median, uint16_t *place)
{
    int64_t     d, step, missing;
    ngx_uint_t  i;

    place[0] = 0;
    missing = 0;

    for (i = 1; i < n; i++) {
        d = dts[i] - dts[i - 1];

        if (d <= 0 || d > 10 * NGX_LIVE_HLS_TICKS) {
            return NGX_DECLINED;
        }

        step = (d + median / 2) / median;

        if (step == 0) {
            return NGX_DECLINED;
        }

        /* median and d may each be off by the rounding, and one of a run of
         * steps is off by less than all of them: be generous here, the
         * interval is exact */

        if (ngx_abs(d - step * median) > 2 * round * (step + 1)) {
            return NGX_DECLINED;
        }

        missing += step - 1;

        if (missing * 10 > (int64_t) n) {
            return NGX_DECLINED;
        }

        place[i] = place[i - 1] + (uint16_t) step;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_fit_interval(const int64_t *dts, ngx_uint_t n, int64_t width,
    const uint16_t *place, ngx_live_hls_interval_t *iv)
{
    int64_t     d, steps;
    ngx_uint_t  i, k;

    iv->lo_num = 0;
    iv->lo_den = 1;
    iv->hi_num = 20 * NGX_LIVE_HLS_TICKS;
    iv->hi_den = 1;

    for (i = 0; i < n; i++) {
        for (k = i + 1; k < n; k++) {

            d = dts[k] - dts[i];
            steps = place[k] - place[i];

            if (ngx_live_hls_less(iv->lo_num, iv->lo_den, d - width, steps)) {
                iv->lo_num = d - width;
                iv->lo_den = steps;
            }

            if (ngx_live_hls_less(d + width, steps, iv->hi_num, iv->hi_den)) {
                iv->hi_num = d + width;
                iv->hi_den = steps;
            }
        }
    }

    if (!ngx_live_hls_less(iv->lo_num, iv->lo_den, iv->hi_num, iv->hi_den)) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_live_hls_fit_inside(const ngx_live_hls_interval_t *iv,
    const ngx_live_hls_ratio_t *frame)
{
    int64_t  num, den;

    if (frame->num == 0 || frame->den == 0
        || frame->num > NGX_LIVE_HLS_RATIO_MAX
        || frame->den > NGX_LIVE_HLS_RATIO_MAX)
    {
        return 0;
    }

    num = (int64_t) frame->num * NGX_LIVE_HLS_TICKS;
    den = frame->den;

    return ngx_live_hls_less(iv->lo_num, iv->lo_den, num, den)
           && ngx_live_hls_less(num, den, iv->hi_num, iv->hi_den);
}


static void
ngx_live_hls_fit_choose(const ngx_live_hls_interval_t *iv,
    const ngx_live_hls_ratio_t *hint, ngx_live_hls_ratio_t *frame)
{
    int64_t                      num, den;
    const ngx_live_hls_ratio_t  *r;

    if (hint && ngx_live_hls_fit_inside(iv, hint)) {
        *frame = *hint;
        return;
    }

    for (r = ngx_live_hls_rates; r->num; r++) {
        if (ngx_live_hls_fit_inside(iv, r)) {
            *frame = *r;
            return;
        }
    }

    /* none of the usual: the simplest number of frames per second */

    num = 0;
    den = 0;

    ngx_live_hls_fit_simplest(iv->hi_den * NGX_LIVE_HLS_TICKS, iv->hi_num,
                              iv->lo_den * NGX_LIVE_HLS_TICKS,
                              ngx_max(iv->lo_num, 1), &num, &den, 0);

    frame->num = (uint32_t) den;
    frame->den = (uint32_t) num;
}


/* the fraction with the least denominator between ln/ld and hn/hd */

static void
ngx_live_hls_fit_simplest(int64_t ln, int64_t ld, int64_t hn, int64_t hd,
    int64_t *num, int64_t *den, ngx_uint_t depth)
{
    int64_t  whole, n, d;

    whole = ln / ld;

    if (ngx_live_hls_less(whole + 1, 1, hn, hd)) {
        *num = whole + 1;
        *den = 1;
        return;
    }

    /* both lie within whole..whole + 1: turn what is above whole over */

    ln -= whole * ld;
    hn -= whole * hd;

    if (ln == 0) {

        /* a lower end of zero: 1/n for the first n that is less than hn/hd */

        *den = hd / hn + 1;
        *num = whole * *den + 1;
        return;
    }

    if (depth > 40) {
        *num = whole + 1;
        *den = 1;
        return;
    }

    ngx_live_hls_fit_simplest(hd, hn, ld, ln, &n, &d, depth + 1);

    *num = whole * n + d;
    *den = n;
}


ngx_int_t
ngx_live_hls_fit_part(uint32_t part, const ngx_live_hls_ratio_t *frame,
    ngx_uint_t n, uint32_t *target, ngx_uint_t *count, const char **reason)
{
    uint64_t    t, best;
    ngx_uint_t  i, k;

    *target = 0;
    ngx_memzero(count, n * sizeof(ngx_uint_t));

    *reason = ngx_live_hls_fit_check(part, frame, n);
    if (*reason) {
        return NGX_DECLINED;
    }

    /*
     * Where a value fits, so does the next lower one that is the wish itself
     * or a whole number of frames of some rendition: no other needs a try.
     */

    best = ngx_live_hls_fit_all(frame, n, part) ? part : 0;

    for (i = 0; i < n && best != part; i++) {

        if (frame[i].den == 0) {
            continue;
        }

        k = ngx_live_hls_fit_count(&frame[i], part) + 1;

        for ( ;; k++) {
            t = ngx_live_hls_fit_us(&frame[i], k);

            if (t > 2 * (uint64_t) part || (best && t >= best)) {
                break;
            }

            if (ngx_live_hls_fit_all(frame, n, t)) {
                best = t;
                break;
            }
        }
    }

    if (best == 0) {
        *reason = "no part duration fits whole frames of all renditions";
        return NGX_DECLINED;
    }

    *target = (uint32_t) best;

    for (i = 0; i < n; i++) {
        if (frame[i].den) {
            count[i] = ngx_live_hls_fit_count(&frame[i], best);
        }
    }

    return NGX_OK;
}


static const char *
ngx_live_hls_fit_check(uint32_t part, const ngx_live_hls_ratio_t *frame,
    ngx_uint_t n)
{
    ngx_uint_t  i, known;

    if (part == 0 || part > NGX_LIVE_HLS_PART_LIMIT) {
        return "part duration out of range";
    }

    if (n == 0 || n > NGX_LIVE_HLS_FIT_MAX) {
        return "no or too many renditions";
    }

    known = 0;

    for (i = 0; i < n; i++) {

        if (frame[i].num == 0 || frame[i].den == 0) {
            if (frame[i].num != frame[i].den) {
                return "frame duration out of range";
            }

            continue;
        }

        if (frame[i].num > NGX_LIVE_HLS_RATIO_MAX
            || frame[i].den > NGX_LIVE_HLS_RATIO_MAX)
        {
            return "frame duration out of range";
        }

        if (ngx_live_hls_fit_us(&frame[i], 1) > 2 * (uint64_t) part) {
            return "a frame lasts longer than two parts";
        }

        known = 1;
    }

    return known ? NULL : "frame durations are not known";
}


/* whether whole frames of each rendition fill 85 to 100 % of the target */

static ngx_uint_t
ngx_live_hls_fit_all(const ngx_live_hls_ratio_t *frame, ngx_uint_t n,
    uint64_t target)
{
    uint64_t    num;
    ngx_uint_t  i, k;

    for (i = 0; i < n; i++) {

        if (frame[i].den == 0) {
            continue;
        }

        k = ngx_live_hls_fit_count(&frame[i], target);
        num = k * (uint64_t) frame[i].num;

        if (k == 0 || num * 100000000 < target * 85 * frame[i].den) {
            return 0;
        }
    }

    return 1;
}


/* the most frames that are not longer than the target in microseconds */

static ngx_uint_t
ngx_live_hls_fit_count(const ngx_live_hls_ratio_t *frame, uint64_t target)
{
    return target * frame->den / ((uint64_t) frame->num * 1000000);
}


/* the duration of n frames in microseconds, rounded up */

static uint64_t
ngx_live_hls_fit_us(const ngx_live_hls_ratio_t *frame, uint64_t n)
{
    uint64_t  num;

    num = n * frame->num;

    return num / frame->den * 1000000
           + (num % frame->den * 1000000 + frame->den - 1) / frame->den;
}


int64_t
ngx_live_hls_fit_ticks(const ngx_live_hls_ratio_t *frame, ngx_uint_t n)
{
    uint64_t  num;

    if (frame->den == 0) {
        return 0;
    }

    num = (uint64_t) n * frame->num;

    return num / frame->den * NGX_LIVE_HLS_TICKS
           + (num % frame->den * NGX_LIVE_HLS_TICKS + frame->den / 2)
             / frame->den;
}


int64_t
ngx_live_hls_fit_target_ticks(uint32_t target)
{
    return ((int64_t) target * 9 + 99) / 100;
}
