
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_timeline.h"


#define NGX_LIVE_TIMELINE_MS         90

/* ms; tracks that jump together do so within this time of arrival */
#define NGX_LIVE_TIMELINE_TOGETHER   5000

/* ticks; the least distance between what was and what goes on */
#define NGX_LIVE_TIMELINE_STEP       (100 * NGX_LIVE_TIMELINE_MS)


static int64_t ngx_live_timeline_unwrap(ngx_live_timeline_t *tl,
    ngx_live_timeline_track_t *t, uint32_t ms, ngx_uint_t *repairs);
static int64_t ngx_live_timeline_resume(ngx_live_timeline_t *tl, int64_t now);
static void ngx_live_timeline_rebase(ngx_live_timeline_t *tl,
    ngx_live_timeline_track_t *t, int64_t raw, int64_t now,
    ngx_uint_t *repairs);


void
ngx_live_timeline_restart(ngx_live_timeline_t *tl)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_TIMELINE_TRACKS; i++) {
        tl->tracks[i].seen = 0;
    }

    tl->restart = 1;
}


ngx_uint_t
ngx_live_timeline_map(ngx_live_timeline_t *tl, ngx_uint_t track, uint32_t ms,
    int64_t now, ngx_live_time_t *out)
{
    int64_t                     raw, mapped;
    ngx_uint_t                  repairs;
    ngx_live_timeline_track_t  *t;

    repairs = 0;
    t = &tl->tracks[track];

    raw = ngx_live_timeline_unwrap(tl, t, ms, &repairs);

    if (tl->restart) {
        tl->restart = 0;

        if (tl->started) {
            tl->restarts++;
            repairs |= NGX_LIVE_TIMELINE_RESTART;
            tl->offset = ngx_live_timeline_resume(tl, now) - raw;

        } else {

            /* a stream begins at 0, whatever its encoder says */

            tl->started = 1;
            tl->offset = -raw;
        }

        tl->jump_ms = 0;
        t->offset = tl->offset;

    } else if (!t->seen) {

        t->offset = tl->offset;

        mapped = raw + t->offset;

        if (mapped > tl->out + NGX_LIVE_TIMELINE_JUMP
            || mapped < tl->out - NGX_LIVE_TIMELINE_JUMP)
        {
            /*
             * A track that begins later shares the clock with the others; one
             * that has a clock of its own is set to the time of its arrival.
             */

            tl->late++;
            repairs |= NGX_LIVE_TIMELINE_LATE;
            t->offset = tl->out - raw;
        }

    } else if (raw > t->raw + NGX_LIVE_TIMELINE_JUMP
               || raw < t->raw - NGX_LIVE_TIMELINE_JUMP)
    {
        ngx_live_timeline_rebase(tl, t, raw, now, &repairs);
    }

    mapped = raw + t->offset;

    if (t->used && mapped <= t->out) {

        if (!(repairs & NGX_LIVE_TIMELINE_RESTART)) {
            tl->nonmonotonic++;
            repairs |= NGX_LIVE_TIMELINE_MONO;
        }

        mapped = t->out + 1;

    } else if (t->seen && mapped - t->out < NGX_LIVE_TIMELINE_JUMP) {
        t->step = mapped - t->out;
    }

    t->raw = raw;
    t->out = mapped;
    t->seen = 1;
    t->used = 1;

    if (mapped > tl->out) {
        tl->out = mapped;
        tl->out_ms = now;
    }

    *out = mapped;

    return repairs;
}


/*
 * RTMP's time has 32 bits of milliseconds and starts anew after 49.7 days:
 * the value nearest to the track's last one, or to the newest of any track,
 * is meant.
 */

static int64_t
ngx_live_timeline_unwrap(ngx_live_timeline_t *tl, ngx_live_timeline_track_t *t,
    uint32_t ms, ngx_uint_t *repairs)
{
    int32_t   delta;
    int64_t   ref, raw;

    if (tl->restart) {
        return (int64_t) ms * NGX_LIVE_TIMELINE_MS;
    }

    ref = t->seen ? t->raw : tl->out - tl->offset;
    ref /= NGX_LIVE_TIMELINE_MS;

    delta = (int32_t) (ms - (uint32_t) ref);
    raw = ref + delta;

    if (t->seen && delta > 0 && ms < (uint32_t) ref) {
        tl->wraps++;
        *repairs |= NGX_LIVE_TIMELINE_WRAP;
    }

    return raw * NGX_LIVE_TIMELINE_MS;
}


/*
 * Where a stream goes on: after its last frame, by as much as has passed
 * since on the wall clock, so that media time keeps up with real time.
 */

static int64_t
ngx_live_timeline_resume(ngx_live_timeline_t *tl, int64_t now)
{
    int64_t  gap;

    gap = (now - tl->out_ms) * NGX_LIVE_TIMELINE_MS;

    if (gap < NGX_LIVE_TIMELINE_STEP) {
        gap = NGX_LIVE_TIMELINE_STEP;
    }

    return tl->out + gap;
}


/*
 * A jump.  When another track has just jumped by the same distance, this one
 * follows it, so that audio and video stay together; else time goes on after
 * the newest frame.
 */

static void
ngx_live_timeline_rebase(ngx_live_timeline_t *tl, ngx_live_timeline_track_t *t,
    int64_t raw, int64_t now, ngx_uint_t *repairs)
{
    int64_t  mapped;

    if (raw > t->raw) {
        tl->jumps_forward++;
        *repairs |= NGX_LIVE_TIMELINE_FORWARD;

    } else {
        tl->jumps_back++;
        *repairs |= NGX_LIVE_TIMELINE_BACK;
    }

    if (t->offset != tl->offset
        && tl->jump_ms
        && now - tl->jump_ms < NGX_LIVE_TIMELINE_TOGETHER)
    {
        mapped = raw + tl->offset;

        if (mapped < tl->out + NGX_LIVE_TIMELINE_JUMP
            && mapped > tl->out - NGX_LIVE_TIMELINE_JUMP)
        {
            t->offset = tl->offset;
            return;
        }
    }

    tl->offset = ngx_live_timeline_resume(tl, now) - raw;
    tl->jump_ms = now;

    t->offset = tl->offset;
}
