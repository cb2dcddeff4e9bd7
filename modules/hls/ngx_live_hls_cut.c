
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_cut.h>


/* a key frame may come this much too early for its segment to be long enough:
 * the encoder's clock is not ours */
#define NGX_LIVE_HLS_CUT_SLACK    1800

#define NGX_LIVE_HLS_CUT_SECOND   90000


static ngx_int_t ngx_live_hls_cut_idle(ngx_live_hls_cut_t *cut,
    ngx_uint_t track, const ngx_live_hls_cut_frame_t *head,
    ngx_live_hls_cut_event_t *ev);
static void ngx_live_hls_cut_begin(ngx_live_hls_cut_t *cut, int64_t time,
    ngx_uint_t forced);
static ngx_int_t ngx_live_hls_cut_lead(ngx_live_hls_cut_t *cut,
    ngx_uint_t track, const ngx_live_hls_cut_frame_t *head,
    int64_t duration);
static int64_t ngx_live_hls_cut_longest(ngx_live_hls_cut_t *cut,
    int64_t start);
static ngx_uint_t ngx_live_hls_cut_stalled(ngx_live_hls_cut_t *cut);
static ngx_uint_t ngx_live_hls_cut_expired(ngx_live_hls_cut_t *cut,
    ngx_live_hls_cut_track_t *tr);
static ngx_int_t ngx_live_hls_cut_push(ngx_live_hls_cut_t *cut, int64_t time,
    ngx_uint_t forced);
static int64_t ngx_live_hls_cut_duration(ngx_live_hls_cut_t *cut,
    const ngx_live_hls_cut_frame_t *head,
    const ngx_live_hls_cut_frame_t *next);
static ngx_int_t ngx_live_hls_cut_no_head(ngx_live_hls_cut_t *cut,
    ngx_uint_t track, ngx_live_hls_cut_event_t *ev);
static ngx_uint_t ngx_live_hls_cut_must_wait(ngx_live_hls_cut_t *cut,
    ngx_uint_t track, const ngx_live_hls_cut_frame_t *head);
static ngx_int_t ngx_live_hls_cut_part(ngx_live_hls_cut_t *cut,
    ngx_live_hls_cut_track_t *tr, const ngx_live_hls_cut_frame_t *head,
    int64_t duration, ngx_uint_t certain);
static ngx_int_t ngx_live_hls_cut_frame(ngx_live_hls_cut_t *cut,
    ngx_uint_t track, const ngx_live_hls_cut_frame_t *head, int64_t duration,
    ngx_live_hls_cut_event_t *ev);
static ngx_int_t ngx_live_hls_cut_drop(ngx_uint_t track,
    ngx_live_hls_cut_track_t *tr, const ngx_live_hls_cut_frame_t *head,
    ngx_live_hls_cut_event_t *ev);
static ngx_int_t ngx_live_hls_cut_part_end(ngx_uint_t track,
    ngx_live_hls_cut_track_t *tr, ngx_live_hls_cut_event_t *ev);
static ngx_int_t ngx_live_hls_cut_segment_end(ngx_live_hls_cut_t *cut,
    ngx_uint_t track, ngx_live_hls_cut_event_t *ev);


#define ngx_live_hls_cut_bound(cut, msn)                                      \
    (&(cut)->bounds[(msn) % NGX_LIVE_HLS_CUT_BOUNDS])


ngx_int_t
ngx_live_hls_cut_init(ngx_live_hls_cut_t *cut,
    const ngx_live_hls_cut_conf_t *conf, const ngx_uint_t *video,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    if (n == 0 || n > NGX_LIVE_HLS_CUT_TRACKS
        || conf->segment <= 0 || conf->limit < conf->segment
        || conf->part < 0 || conf->recover < 0 || conf->patience < 0)
    {
        return NGX_ERROR;
    }

    ngx_memzero(cut, sizeof(ngx_live_hls_cut_t));

    cut->conf = *conf;
    cut->ntracks = n;
    cut->leader = 0;

    if (conf->recover == 0) {
        cut->conf.recover = ngx_min(NGX_LIVE_HLS_CUT_SECOND, conf->segment);
    }

    if (conf->patience == 0) {
        cut->conf.patience = NGX_LIVE_HLS_CUT_SECOND;
    }

    for (i = n; i > 0; i--) {
        if (video[i - 1]) {
            cut->tracks[i - 1].video = 1;
            cut->leader = i - 1;
        }
    }

    return NGX_OK;
}


void
ngx_live_hls_cut_seen(ngx_live_hls_cut_t *cut, ngx_uint_t track, int64_t dts)
{
    ngx_live_hls_cut_track_t  *tr;

    tr = &cut->tracks[track];

    if (!tr->seen_any || dts > tr->seen) {
        tr->seen = dts;
        tr->seen_any = 1;
    }

    if (!cut->seen_any || dts > cut->newest) {
        cut->newest = dts;
        cut->seen_any = 1;
    }
}


void
ngx_live_hls_cut_end(ngx_live_hls_cut_t *cut)
{
    cut->ending = 1;
}


void
ngx_live_hls_cut_start(ngx_live_hls_cut_t *cut, uint64_t msn,
    ngx_uint_t discontinuity)
{
    ngx_uint_t                 i, video;
    ngx_live_hls_cut_track_t  *tr;

    if (cut->running) {
        cut->conf.msn = cut->last + 1;
    }

    cut->conf.msn = ngx_max(cut->conf.msn, msn);

    cut->running = 0;
    cut->ending = 0;
    cut->leader_done = 0;
    cut->seen_any = 0;
    cut->discontinuity = discontinuity ? 1 : 0;

    for (i = 0; i < cut->ntracks; i++) {
        tr = &cut->tracks[i];
        video = tr->video;

        ngx_memzero(tr, sizeof(ngx_live_hls_cut_track_t));

        tr->video = video;
    }
}


ngx_uint_t
ngx_live_hls_cut_due(ngx_live_hls_cut_t *cut, int64_t dts, int64_t duration,
    ngx_uint_t key)
{
    int64_t                    elapsed, least;
    ngx_live_hls_cut_bound_t  *b;

    if (!cut->running) {
        return key;
    }

    b = ngx_live_hls_cut_bound(cut, cut->last);
    elapsed = dts - b->time;

    if (key) {
        least = b->forced ? cut->conf.recover : cut->conf.segment;

        if (elapsed > 0 && elapsed + NGX_LIVE_HLS_CUT_SLACK >= least) {
            return 1;
        }
    }

    return elapsed > 0
           && elapsed + duration > ngx_live_hls_cut_longest(cut, b->time);
}


/*
 * Where the next key frame is expected so soon after the limit that a segment
 * could not end with it, its segments never would begin with a key frame:
 * leave it the room it needs.
 */

static int64_t
ngx_live_hls_cut_longest(ngx_live_hls_cut_t *cut, int64_t start)
{
    int64_t  next;

    if (cut->interval == 0) {
        return cut->conf.limit;
    }

    next = cut->key + cut->interval - start;

    if (next <= cut->conf.limit
        || next >= cut->conf.limit + cut->conf.recover
        || next - cut->conf.recover < cut->conf.segment)
    {
        return cut->conf.limit;
    }

    return next - cut->conf.recover;
}


ngx_int_t
ngx_live_hls_cut_next(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    const ngx_live_hls_cut_frame_t *head,
    const ngx_live_hls_cut_frame_t *next, ngx_live_hls_cut_event_t *ev)
{
    int64_t                    duration;
    ngx_int_t                  rc;
    ngx_uint_t                 certain;
    ngx_live_hls_cut_track_t  *tr;

    ngx_memzero(ev, sizeof(ngx_live_hls_cut_event_t));
    ev->track = track;

    if (!cut->running) {
        rc = ngx_live_hls_cut_idle(cut, track, head, ev);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    tr = &cut->tracks[track];

    if (head == NULL) {
        return ngx_live_hls_cut_no_head(cut, track, ev);
    }

    /* late, after the track was closed without it, or not monotonic, or not
     * to be decoded without what was before */

    if (tr->msn > cut->last
        || head->dts < ngx_live_hls_cut_bound(cut, tr->msn)->time
        || (tr->taken && head->dts <= tr->dts)
        || (!tr->taken && !head->key))
    {
        return ngx_live_hls_cut_drop(track, tr, head, ev);
    }

    duration = ngx_live_hls_cut_duration(cut, head, next);

    if (tr->msn == cut->last
        && ngx_live_hls_cut_lead(cut, track, head, duration) != NGX_OK)
    {
        return NGX_AGAIN;
    }

    if (tr->msn < cut->last
        && head->dts >= ngx_live_hls_cut_bound(cut, tr->msn + 1)->time)
    {
        return ngx_live_hls_cut_segment_end(cut, track, ev);
    }

    if (ngx_live_hls_cut_must_wait(cut, track, head)) {
        return NGX_AGAIN;
    }

    certain = (next != NULL || cut->ending
               || ngx_live_hls_cut_expired(cut, tr));

    if (certain) {
        duration = ngx_max(duration, 1);
    }

    rc = ngx_live_hls_cut_part(cut, tr, head, duration, certain);

    if (rc == NGX_OK) {
        return ngx_live_hls_cut_part_end(track, tr, ev);
    }

    if (rc == NGX_AGAIN || !certain) {
        return NGX_AGAIN;
    }

    return ngx_live_hls_cut_frame(cut, track, head, duration, ev);
}


/* NGX_DECLINED: it runs now */

static ngx_int_t
ngx_live_hls_cut_idle(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    const ngx_live_hls_cut_frame_t *head, ngx_live_hls_cut_event_t *ev)
{
    ngx_live_hls_cut_track_t  *tr;

    tr = &cut->tracks[track];

    if (head == NULL) {
        return cut->ending ? NGX_DONE : NGX_AGAIN;
    }

    if (track == cut->leader) {

        /* nothing can be decoded before the first key frame */

        if (!head->key) {
            return ngx_live_hls_cut_drop(track, tr, head, ev);
        }

        ngx_live_hls_cut_begin(cut, head->dts, 0);

        return NGX_DECLINED;
    }

    if (cut->ending || cut->newest - head->dts > cut->conf.patience) {
        ngx_live_hls_cut_begin(cut, head->dts, 1);

        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_live_hls_cut_begin(ngx_live_hls_cut_t *cut, int64_t time,
    ngx_uint_t forced)
{
    ngx_uint_t                 i;
    ngx_live_hls_cut_bound_t  *b;

    cut->running = 1;
    cut->base = cut->conf.msn;
    cut->last = cut->base;
    cut->decided = time - 1;
    cut->reach = time;
    cut->key = time;
    cut->interval = 0;

    b = ngx_live_hls_cut_bound(cut, cut->base);

    b->time = time;
    b->forced = forced ? 1 : 0;
    b->discontinuity = cut->discontinuity;

    for (i = 0; i < cut->ntracks; i++) {
        cut->tracks[i].msn = cut->base;
    }
}


/* the leader's head may be a boundary; while there are no frames of the
 * leader, others see to it that segments do not get too long.  NGX_DECLINED:
 * it is one, but the slowest track is too far behind to remember it. */

static ngx_int_t
ngx_live_hls_cut_lead(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    const ngx_live_hls_cut_frame_t *head, int64_t duration)
{
    ngx_uint_t  key;

    if (track == cut->leader) {
        key = head->key;

    } else if (ngx_live_hls_cut_stalled(cut)) {
        key = 0;

    } else {
        return NGX_OK;
    }

    if (!ngx_live_hls_cut_due(cut, head->dts, duration, key)) {
        return NGX_OK;
    }

    return ngx_live_hls_cut_push(cut, head->dts, !key);
}


static ngx_uint_t
ngx_live_hls_cut_stalled(ngx_live_hls_cut_t *cut)
{
    ngx_live_hls_cut_track_t  *tr;

    if (cut->ending) {
        return cut->leader_done;
    }

    tr = &cut->tracks[cut->leader];

    return !tr->seen_any || cut->newest - tr->seen > cut->conf.patience;
}


/* a track that is so far behind that its segment ends without waiting */

static ngx_uint_t
ngx_live_hls_cut_expired(ngx_live_hls_cut_t *cut, ngx_live_hls_cut_track_t *tr)
{
    if (tr->msn >= cut->last) {
        return 0;
    }

    return cut->newest - ngx_live_hls_cut_bound(cut, tr->msn + 1)->time
           > cut->conf.patience;
}


static ngx_int_t
ngx_live_hls_cut_push(ngx_live_hls_cut_t *cut, int64_t time,
    ngx_uint_t forced)
{
    ngx_uint_t                 i;
    ngx_live_hls_cut_bound_t  *b;

    for (i = 0; i < cut->ntracks; i++) {
        if (cut->last + 1 >= cut->tracks[i].msn + NGX_LIVE_HLS_CUT_BOUNDS) {
            return NGX_DECLINED;
        }
    }

    cut->last++;
    b = ngx_live_hls_cut_bound(cut, cut->last);

    b->time = time;
    b->forced = forced ? 1 : 0;
    b->discontinuity = 0;

    return NGX_OK;
}


/*
 * Until the next frame; what is expected where there is none; 0 if that is
 * not known.  A frame before a hole does not last longer than a part may.
 */

static int64_t
ngx_live_hls_cut_duration(ngx_live_hls_cut_t *cut,
    const ngx_live_hls_cut_frame_t *head,
    const ngx_live_hls_cut_frame_t *next)
{
    int64_t  duration;

    duration = head->duration;

    if (next && next->dts > head->dts) {
        duration = next->dts - head->dts;
    }

    if (cut->conf.part && duration > cut->conf.part) {
        duration = cut->conf.part;
    }

    return ngx_max(duration, 0);
}


static ngx_int_t
ngx_live_hls_cut_no_head(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    ngx_live_hls_cut_event_t *ev)
{
    ngx_live_hls_cut_track_t  *tr;

    tr = &cut->tracks[track];

    if (!cut->ending && !ngx_live_hls_cut_expired(cut, tr)) {
        return NGX_AGAIN;
    }

    if (tr->msn < cut->last) {
        return ngx_live_hls_cut_segment_end(cut, track, ev);
    }

    if (track == cut->leader) {
        cut->leader_done = 1;

    } else if (!cut->leader_done) {
        return NGX_AGAIN;
    }

    return tr->msn > cut->last
           ? NGX_DONE : ngx_live_hls_cut_segment_end(cut, track, ev);
}


/* the segment may have ended before this frame, and the leader is not yet so
 * far that it could be known */

static ngx_uint_t
ngx_live_hls_cut_must_wait(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    const ngx_live_hls_cut_frame_t *head)
{
    int64_t                    least;
    ngx_live_hls_cut_track_t  *tr;
    ngx_live_hls_cut_bound_t  *b;

    tr = &cut->tracks[track];

    if (track == cut->leader
        || tr->msn < cut->last
        || head->dts <= cut->decided
        || ngx_live_hls_cut_stalled(cut))
    {
        return 0;
    }

    b = ngx_live_hls_cut_bound(cut, tr->msn);

    least = b->forced ? cut->conf.recover : cut->conf.segment;
    least -= NGX_LIVE_HLS_CUT_SLACK;

    return head->dts - b->time >= least;
}


/*
 * Whether a part ends before head: NGX_OK, NGX_DECLINED, or NGX_AGAIN if it
 * depends on how long head lasts.  Where that is expected only, a part is
 * closed early if it is long enough to stand: it is not known whether the
 * next frame will come in time.
 */

static ngx_int_t
ngx_live_hls_cut_part(ngx_live_hls_cut_t *cut, ngx_live_hls_cut_track_t *tr,
    const ngx_live_hls_cut_frame_t *head, int64_t duration,
    ngx_uint_t certain)
{
    ngx_uint_t  enough;

    if (cut->conf.part == 0 || tr->part_frames == 0) {
        return NGX_DECLINED;
    }

    /* draft-pantos-hls-rfc8216bis, 4.4.4.9 */

    enough = tr->part_duration * 100 >= cut->conf.part * 85;

    if (head->key && !tr->part_key && enough) {
        return NGX_OK;
    }

    if (!certain && (duration == 0 || !enough)) {
        return NGX_AGAIN;
    }

    if (tr->part_duration + duration > cut->conf.part) {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_hls_cut_frame(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    const ngx_live_hls_cut_frame_t *head, int64_t duration,
    ngx_live_hls_cut_event_t *ev)
{
    ngx_live_hls_cut_track_t  *tr;

    tr = &cut->tracks[track];

    if (tr->frames == 0) {
        tr->start = head->dts;
        tr->duration = 0;
        tr->key = head->key;
        tr->part = 0;
        ev->new_segment = 1;
        ev->discontinuity = ngx_live_hls_cut_bound(cut, tr->msn)->discontinuity;
        ev->independent = tr->key;
    }

    if (tr->part_frames == 0) {
        tr->part_start = head->dts;
        tr->part_duration = 0;
        tr->part_key = head->key;
        ev->new_part = 1;
        ev->independent = tr->part_key;
    }

    tr->frames++;
    tr->part_frames++;
    tr->duration += duration;
    tr->part_duration += duration;
    tr->dts = head->dts;
    tr->taken = 1;

    cut->reach = ngx_max(cut->reach, head->dts + duration);

    if (track == cut->leader) {
        cut->decided = head->dts;

        if (head->key) {
            cut->interval = (cut->key < head->dts) ? head->dts - cut->key : 0;
            cut->key = head->dts;
        }
    }

    ev->type = NGX_LIVE_HLS_CUT_FRAME;
    ev->msn = tr->msn;
    ev->part = tr->part;
    ev->start = head->dts;
    ev->duration = duration;
    ev->frames = tr->part_frames;

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_cut_drop(ngx_uint_t track, ngx_live_hls_cut_track_t *tr,
    const ngx_live_hls_cut_frame_t *head, ngx_live_hls_cut_event_t *ev)
{
    ev->type = NGX_LIVE_HLS_CUT_DROP;
    ev->msn = tr->msn;
    ev->start = head->dts;
    ev->duration = head->duration;

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_cut_part_end(ngx_uint_t track, ngx_live_hls_cut_track_t *tr,
    ngx_live_hls_cut_event_t *ev)
{
    ev->type = NGX_LIVE_HLS_CUT_PART_END;
    ev->msn = tr->msn;
    ev->part = tr->part;
    ev->start = tr->part_start;
    ev->duration = tr->part_duration;
    ev->frames = tr->part_frames;
    ev->independent = tr->part_key;

    tr->part++;
    tr->part_frames = 0;

    return NGX_OK;
}


/* of the part that is open, of the segment with the next call */

static ngx_int_t
ngx_live_hls_cut_segment_end(ngx_live_hls_cut_t *cut, ngx_uint_t track,
    ngx_live_hls_cut_event_t *ev)
{
    ngx_live_hls_cut_track_t  *tr;
    ngx_live_hls_cut_bound_t  *b, *end;

    tr = &cut->tracks[track];

    if (cut->conf.part && tr->part_frames) {
        return ngx_live_hls_cut_part_end(track, tr, ev);
    }

    b = ngx_live_hls_cut_bound(cut, tr->msn);
    end = (tr->msn < cut->last) ? ngx_live_hls_cut_bound(cut, tr->msn + 1)
                                : NULL;

    ev->type = NGX_LIVE_HLS_CUT_SEGMENT_END;
    ev->msn = tr->msn;
    ev->discontinuity = b->discontinuity;
    ev->forced = end ? end->forced : 0;

    if (tr->frames) {
        ev->part = cut->conf.part ? tr->part : 0;
        ev->start = tr->start;
        ev->duration = tr->duration;
        ev->frames = tr->frames;
        ev->independent = tr->key;

    } else {
        ev->start = b->time;
        ev->duration = (end ? end->time : ngx_max(cut->reach, b->time))
                       - b->time;
        ev->gap = 1;
    }

    tr->msn++;
    tr->frames = 0;
    tr->part_frames = 0;
    tr->part = 0;

    return NGX_OK;
}
