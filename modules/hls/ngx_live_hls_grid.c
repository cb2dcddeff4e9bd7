
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_grid.h>


/* a mean error that is left alone: less than what jitter makes of it */
#define NGX_LIVE_HLS_GRID_VIDEO_SLACK   180
#define NGX_LIVE_HLS_GRID_AUDIO_SLACK   1800

/* how many frames of audio make a mean */
#define NGX_LIVE_HLS_GRID_AUDIO_FRAMES  512

/* how far the grid may run ahead of video, in frames */
#define NGX_LIVE_HLS_GRID_AHEAD         3

/* how often in so many frames audio may depart from its timestamps before its
 * frame duration is not believed */
#define NGX_LIVE_HLS_GRID_STRIKES       3


static ngx_uint_t ngx_live_hls_grid_loose(ngx_live_hls_grid_t *g, int64_t in);
static ngx_uint_t ngx_live_hls_grid_video(ngx_live_hls_grid_t *g, int64_t in,
    ngx_uint_t anchor);
static ngx_uint_t ngx_live_hls_grid_audio(ngx_live_hls_grid_t *g, int64_t in);
static ngx_uint_t ngx_live_hls_grid_anchor(ngx_live_hls_grid_t *g,
    int64_t at, ngx_uint_t result);
static void ngx_live_hls_grid_advance(ngx_live_hls_grid_t *g, int64_t n);
static void ngx_live_hls_grid_correct(ngx_live_hls_grid_t *g, int64_t slack);
static int64_t ngx_live_hls_grid_step(ngx_live_hls_grid_t *g, int64_t n,
    uint32_t *rest);


void
ngx_live_hls_grid_init(ngx_live_hls_grid_t *g,
    const ngx_live_hls_ratio_t *frame, ngx_uint_t audio)
{
    ngx_memzero(g, sizeof(ngx_live_hls_grid_t));

    g->frame = *frame;
    g->audio = audio ? 1 : 0;

    if (frame->num == 0 || frame->den == 0
        || ngx_live_hls_fit_ticks(frame, 1) == 0)
    {
        g->loose = 1;
    }
}


void
ngx_live_hls_grid_reset(ngx_live_hls_grid_t *g)
{
    g->started = 0;
    g->strikes = 0;
}


ngx_uint_t
ngx_live_hls_grid_next(ngx_live_hls_grid_t *g, int64_t in, ngx_uint_t anchor,
    int64_t *out)
{
    int64_t     delta, jump;
    ngx_uint_t  rc;

    if (!g->started) {
        g->started = 1;
        rc = ngx_live_hls_grid_anchor(g, in, NGX_LIVE_HLS_GRID_OK);
        goto done;
    }

    delta = in - g->in;
    jump = ngx_max(NGX_LIVE_HLS_GRID_JUMP,
                   3 * ngx_live_hls_fit_ticks(&g->frame, 1));

    if (delta < -NGX_LIVE_HLS_GRID_GAP || delta > jump) {
        rc = ngx_live_hls_grid_anchor(g, in, NGX_LIVE_HLS_GRID_BREAK);

    } else if (g->loose) {
        rc = ngx_live_hls_grid_loose(g, in);

    } else if (g->audio) {
        rc = ngx_live_hls_grid_audio(g, in);

    } else {
        rc = ngx_live_hls_grid_video(g, in, anchor);
    }

done:

    g->in = in;
    *out = g->out;

    return rc;
}


/* what came in too early is let out at half speed until time has caught up */

static ngx_uint_t
ngx_live_hls_grid_loose(ngx_live_hls_grid_t *g, int64_t in)
{
    int64_t  least, out;

    least = g->out + ngx_max((in - g->in) / 2, 1);
    out = ngx_max(in, least);

    g->last = out - g->out;
    g->out = out;

    return NGX_LIVE_HLS_GRID_OK;
}


static ngx_uint_t
ngx_live_hls_grid_video(ngx_live_hls_grid_t *g, int64_t in, ngx_uint_t anchor)
{
    int64_t   frame, error, missing;
    uint32_t  rest;

    frame = ngx_live_hls_fit_ticks(&g->frame, 1);
    rest = g->rest;
    error = in - g->out - ngx_live_hls_grid_step(g, 1, &rest);

    missing = 0;

    if (error > 0) {
        missing = (error + frame / 2) / frame;

    } else if (error < -NGX_LIVE_HLS_GRID_AHEAD * frame) {

        /* frames come faster than they should */

        g->loose = 1;
        (void) ngx_live_hls_grid_loose(g, in);

        return NGX_LIVE_HLS_GRID_LEFT;
    }

    ngx_live_hls_grid_advance(g, 1 + missing);

    g->error += in - g->out;
    g->errors++;

    if (anchor) {
        ngx_live_hls_grid_correct(g, NGX_LIVE_HLS_GRID_VIDEO_SLACK);
    }

    return NGX_LIVE_HLS_GRID_OK;
}


static ngx_uint_t
ngx_live_hls_grid_audio(ngx_live_hls_grid_t *g, int64_t in)
{
    int64_t   error;
    uint32_t  rest;

    rest = g->rest;
    error = in - g->out - ngx_live_hls_grid_step(g, 1, &rest);

    if (ngx_abs(error) > NGX_LIVE_HLS_GRID_GAP) {

        if (++g->strikes >= NGX_LIVE_HLS_GRID_STRIKES) {
            g->loose = 1;
            (void) ngx_live_hls_grid_loose(g, in);

            return NGX_LIVE_HLS_GRID_LEFT;
        }

        /* time cannot be taken back without a discontinuity */

        return ngx_live_hls_grid_anchor(g, in,
                                        error > 0 ? NGX_LIVE_HLS_GRID_RESYNC
                                                  : NGX_LIVE_HLS_GRID_BREAK);
    }

    ngx_live_hls_grid_advance(g, 1);

    g->error += in - g->out;
    g->errors++;

    if (g->errors >= NGX_LIVE_HLS_GRID_AUDIO_FRAMES) {
        g->strikes = 0;
        ngx_live_hls_grid_correct(g, NGX_LIVE_HLS_GRID_AUDIO_SLACK);
    }

    return NGX_LIVE_HLS_GRID_OK;
}


static ngx_uint_t
ngx_live_hls_grid_anchor(ngx_live_hls_grid_t *g, int64_t at, ngx_uint_t result)
{
    if (result == NGX_LIVE_HLS_GRID_RESYNC) {
        g->last = at - g->out;
    }

    g->out = at;
    g->rest = 0;
    g->error = 0;
    g->errors = 0;

    return result;
}


/* moves by n frames; what is less than a tick is kept as the rest */

static void
ngx_live_hls_grid_advance(ngx_live_hls_grid_t *g, int64_t n)
{
    int64_t  step;

    step = ngx_live_hls_grid_step(g, n, &g->rest);

    g->out += step;
    g->last = step;
}


static int64_t
ngx_live_hls_grid_step(ngx_live_hls_grid_t *g, int64_t n, uint32_t *rest)
{
    uint64_t  num, ticks;

    num = (uint64_t) n * g->frame.num;
    ticks = num / g->frame.den * NGX_LIVE_HLS_TICKS;
    num = num % g->frame.den * NGX_LIVE_HLS_TICKS + *rest;

    ticks += num / g->frame.den;
    *rest = num % g->frame.den;

    return (int64_t) ticks;
}


/* the grid follows the mean error, by half a frame at most, so that frames
 * stay apart */

static void
ngx_live_hls_grid_correct(ngx_live_hls_grid_t *g, int64_t slack)
{
    int64_t  mean, most;

    mean = g->error / (int64_t) g->errors;
    most = ngx_live_hls_fit_ticks(&g->frame, 1) / 2;

    g->error = 0;
    g->errors = 0;

    if (ngx_abs(mean) <= slack) {
        return;
    }

    mean = ngx_min(mean, most);
    mean = ngx_max(mean, -most);

    g->out += mean;
    g->last += mean;
}


int64_t
ngx_live_hls_grid_duration(ngx_live_hls_grid_t *g)
{
    uint32_t  rest;

    if (g->loose) {
        return ngx_max(g->last, 0);
    }

    rest = g->rest;

    return ngx_live_hls_grid_step(g, 1, &rest);
}
