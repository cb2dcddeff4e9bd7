
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the cutting of parts and segments. */


#include <ngx_unit.h>
#include <ngx_live_hls_cut.h>
#include <ngx_live_hls_fit.h>


#define MAX_FRAMES  4000
#define MAX_EVENTS  8000

#define S           90000


/* the queues and what came out */

typedef struct {
    ngx_live_hls_cut_t         cut;
    ngx_uint_t                 ntracks;
    ngx_live_hls_cut_frame_t   frames[3][MAX_FRAMES];
    ngx_uint_t                 head[3];
    ngx_uint_t                 tail[3];
    ngx_live_hls_cut_event_t   events[MAX_EVENTS];
    ngx_uint_t                 nevents;
    ngx_uint_t                 done;
    ngx_uint_t                 holes;    /* where 85 % is not possible */
} sim_t;


static sim_t  sim;

static const ngx_uint_t  av[] = { 1, 0, 0 };
static const ngx_uint_t  audio_only[] = { 0, 0, 0 };


static void
setup(const ngx_uint_t *video, ngx_uint_t n, int64_t part, int64_t segment,
    ngx_uint_t target)
{
    ngx_live_hls_cut_conf_t  conf;

    memset(&sim, 0, sizeof(sim));
    memset(&conf, 0, sizeof(conf));

    conf.part = part;
    conf.segment = segment;
    conf.limit = ngx_live_hls_cut_limit(target);

    sim.ntracks = n;

    if (ngx_live_hls_cut_init(&sim.cut, &conf, video, n) != NGX_OK) {
        abort();
    }
}


static void
run(void)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i, k, n, done, again;
    ngx_live_hls_cut_event_t  *ev;
    ngx_live_hls_cut_frame_t  *head, *next;

    do {
        again = 0;
        done = 0;

        for (k = 0; k < sim.ntracks; k++) {

            /* the leader first */

            i = (sim.cut.leader + k) % sim.ntracks;

            for ( ;; ) {
                n = sim.tail[i] - sim.head[i];
                head = n > 0 ? &sim.frames[i][sim.head[i]] : NULL;
                next = n > 1 ? head + 1 : NULL;
                ev = &sim.events[sim.nevents];

                rc = ngx_live_hls_cut_next(&sim.cut, i, head, next, ev);

                if (rc != NGX_OK) {
                    done += (rc == NGX_DONE);
                    break;
                }

                if (++sim.nevents == MAX_EVENTS) {
                    abort();
                }

                if (ev->type == NGX_LIVE_HLS_CUT_FRAME
                    || ev->type == NGX_LIVE_HLS_CUT_DROP)
                {
                    sim.head[i]++;
                }

                again = 1;
            }
        }

    } while (again);

    sim.done = (done == sim.ntracks);
}


static void
frame(ngx_uint_t track, int64_t dts, int64_t duration, ngx_uint_t key)
{
    ngx_live_hls_cut_frame_t  *f;

    f = &sim.frames[track][sim.tail[track]++];

    f->dts = dts;
    f->duration = duration;
    f->key = key;

    ngx_live_hls_cut_seen(&sim.cut, track, dts);

    run();
}


/* until DTS, in the order of time, from where the tracks are; a key frame
 * every gop frames; audio lags behind by delay */

typedef struct {
    int64_t                video;       /* next DTS */
    int64_t                audio;
    int64_t                vdur;
    int64_t                adur;
    int64_t                delay;       /* of audio */
    ngx_uint_t             gop;
    ngx_uint_t             nth;
} source_t;


static void
feed(source_t *s, int64_t until)
{
    while ((s->vdur && s->video < until) || (s->adur && s->audio < until)) {

        if (s->vdur
            && (!s->adur || s->video <= s->audio + s->delay)
            && s->video < until)
        {
            frame(0, s->video, s->vdur, s->nth++ % s->gop == 0);
            s->video += s->vdur;

        } else if (s->adur && s->audio < until) {
            frame(s->vdur ? 1 : 0, s->audio, s->adur, 1);
            s->audio += s->adur;

        } else {
            break;
        }
    }
}


static ngx_live_hls_cut_event_t *
find(ngx_uint_t track, ngx_uint_t type, uint64_t msn, ngx_uint_t part)
{
    ngx_uint_t                 i;
    ngx_live_hls_cut_event_t  *ev;

    for (i = 0; i < sim.nevents; i++) {
        ev = &sim.events[i];

        if (ev->track == track && ev->type == type && ev->msn == msn
            && (type != NGX_LIVE_HLS_CUT_PART_END || ev->part == part))
        {
            return ev;
        }
    }

    return NULL;
}


static ngx_uint_t
count(ngx_uint_t track, ngx_uint_t type)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < sim.nevents; i++) {
        n += (sim.events[i].track == track && sim.events[i].type == type);
    }

    return n;
}


/*
 * What holds always: the order of events, no frame lost or taken twice,
 * durations that add up, R2 (no part above PART-TARGET), R3 (at least 85 %
 * but for the last of a segment and those that begin with a key frame).
 */

static void
check(const char *name)
{
    int64_t                    part, segment, target, floor;
    uint64_t                   msn;
    ngx_uint_t                 i, t, n, parts, frames, taken, bad, shortest;
    ngx_live_hls_cut_event_t  *ev, *last;

    target = sim.cut.conf.part;
    floor = target * 85 / 100;

    for (t = 0; t < sim.ntracks; t++) {

        bad = 0;
        n = parts = frames = taken = 0;
        part = segment = 0;
        shortest = 0;
        msn = 0;
        last = NULL;

        for (i = 0; i < sim.nevents; i++) {
            ev = &sim.events[i];

            if (ev->track != t) {
                continue;
            }

            switch (ev->type) {

            case NGX_LIVE_HLS_CUT_DROP:
                taken++;
                continue;

            case NGX_LIVE_HLS_CUT_FRAME:
                bad += (ev->start != sim.frames[t][taken++].dts);
                bad += (ev->new_segment != (n == 0));
                bad += (ev->new_part != (frames == 0));
                bad += (ev->msn != msn || (target && ev->part != parts));
                bad += (shortest && frames == 0 && n != 0);
                n++;
                frames++;
                part += ev->duration;
                segment += ev->duration;
                break;

            case NGX_LIVE_HLS_CUT_PART_END:
                bad += (!target || frames == 0 || ev->frames != frames);
                bad += (ev->msn != msn || ev->part != parts);
                bad += (ev->duration != part || part > target);

                if (part < floor && t == 0 && !ev->independent && !sim.holes) {
                    shortest = 1;      /* nothing may follow in the segment */
                }

                parts++;
                frames = 0;
                part = 0;
                break;

            case NGX_LIVE_HLS_CUT_SEGMENT_END:
                bad += (target && frames != 0);
                bad += (ev->msn != msn || (ev->gap != (n == 0)));
                bad += (n && (ev->duration != segment || ev->frames != n));
                bad += (target && ev->part != parts);
                bad += ((segment + S / 2) / S
                        > (sim.cut.conf.limit - 36000) / S);
                msn++;
                n = parts = frames = 0;
                part = segment = 0;
                shortest = 0;
                break;

            default:
                bad++;
            }

            if (bad) {
                break;
            }

            last = ev;
        }

        ok(bad == 0, "%s: events of track %d, %d of them", name, (int) t,
           (int) i);

        if (bad && last) {
            printf("#   after type %d msn %d part %d start %lld\n",
                   (int) last->type, (int) last->msn, (int) last->part,
                   (long long) last->start);
        }
    }
}


static void
test_parts(void)
{
    ngx_uint_t                 i, bad;
    source_t                   s;
    ngx_live_hls_cut_event_t  *ev;

    /* 24 fps in 208.334 ms, 48 kHz, a GOP of 2 s, segments of 4 s */

    memset(&s, 0, sizeof(s));
    s.vdur = 3750;
    s.adur = 1920;
    s.gop = 48;
    s.video = 1000;
    s.audio = 500;

    setup(av, 2, ngx_live_hls_fit_target_ticks(208334), 4 * S, 6);
    feed(&s, 30 * S);
    check("24 fps");

    bad = 0;

    for (i = 0; i < 19; i++) {
        ev = find(0, NGX_LIVE_HLS_CUT_PART_END, 1, i);
        bad += (ev == NULL || ev->duration != 18750 || ev->frames != 5
                || ev->independent != (i == 0));
        ev = find(1, NGX_LIVE_HLS_CUT_PART_END, 1, i);
        bad += (ev == NULL || ev->duration != 9 * 1920 || !ev->independent);
    }

    is_int(bad, 0, "parts of five frames, of nine of audio");

    ev = find(0, NGX_LIVE_HLS_CUT_PART_END, 1, 19);
    ok(ev && ev->frames == 1, "what is left at the end of a segment");

    for (i = 0, bad = 0; i < 6; i++) {
        ev = find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, i, 0);
        bad += (ev == NULL || ev->duration != 4 * S || !ev->independent
                || ev->forced || ev->gap
                || ev->start != 1000 + (int64_t) i * 4 * S);

        ev = find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, i, 0);
        bad += (ev == NULL || ev->start < 1000 + (int64_t) i * 4 * S
                || ev->start >= 1000 + (int64_t) i * 4 * S + 1920);
    }

    is_int(bad, 0, "segments of 4 s, audio cut at the same times");
    is_int(count(1, NGX_LIVE_HLS_CUT_DROP), 1, "audio before video is no use");

    ev = find(0, NGX_LIVE_HLS_CUT_FRAME, 0, 0);
    ok(ev && !ev->discontinuity, "no discontinuity at the start");
}


/* a part is complete with the frame after it, a segment with its key frame */

static void
test_early(void)
{
    ngx_uint_t  i;

    setup(av, 1, 18000, 2 * S, 6);

    for (i = 0; i < 6; i++) {
        frame(0, i * 3000, 3000, i == 0);
    }

    is_int(count(0, NGX_LIVE_HLS_CUT_PART_END), 0, "not before the next frame");

    frame(0, 6 * 3000, 3000, 0);
    is_int(count(0, NGX_LIVE_HLS_CUT_PART_END), 1, "but with it");

    for (i = 7; i < 60; i++) {
        frame(0, i * 3000, 3000, 0);
    }

    is_int(count(0, NGX_LIVE_HLS_CUT_SEGMENT_END), 0, "a segment goes on");
    frame(0, 60 * 3000, 3000, 1);
    is_int(count(0, NGX_LIVE_HLS_CUT_SEGMENT_END), 1,
           "until there is a key frame");
    is_int(count(0, NGX_LIVE_HLS_CUT_PART_END), 10, "which ends its last part");
    is_int(count(0, NGX_LIVE_HLS_CUT_FRAME), 60, "and is of the next one");
    ok(ngx_live_hls_cut_due(&sim.cut, 120 * 3000, 3000, 1), "the next is due");
    ok(!ngx_live_hls_cut_due(&sim.cut, 119 * 3000, 3000, 1), "not before");
    ok(!ngx_live_hls_cut_due(&sim.cut, 120 * 3000, 3000, 0), "not any frame");

    /* a part whose last frame is followed by a hole was not complete */

    setup(av, 1, 18000, 2 * S, 6);

    for (i = 0; i < 6; i++) {
        frame(0, i * 3000, 3000, i == 0);
    }

    frame(0, 7 * 3000, 3000, 0);
    is_int(count(0, NGX_LIVE_HLS_CUT_PART_END), 1, "a missing frame");
    is_int(sim.events[sim.nevents - 2].duration, 15000,
           "leaves the one before it to the next part");
    is_int(sim.events[sim.nevents - 1].duration, 6000, "where it lasts longer");

    frame(0, 70 * 3000, 3000, 0);
    is_int(sim.events[sim.nevents - 1].duration, 18000,
           "nothing lasts longer than a part");
    frame(0, 71 * 3000, 3000, 0);
    sim.holes = 1;
    check("holes");
}


static void
test_key_frames(void)
{
    int64_t                    gop;
    ngx_uint_t                 bad;
    source_t                   s;
    ngx_uint_t                 i, n, keys;
    ngx_live_hls_cut_event_t  *ev;

    /* intervals of 0.5 to 10 s at 30 fps, segments of 4 s, at most 6 s */

    for (gop = 15; gop <= 300; gop += 15) {

        memset(&s, 0, sizeof(s));
        s.vdur = 3000;
        s.adur = 2090;
        s.gop = gop;

        setup(av, 2, 45000, 4 * S, 6);
        feed(&s, 60 * S);
        check("key frame interval");

        bad = 0;
        keys = 0;

        for (i = 0; (ev = find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, i, 0)); i++) {

            n = ev->start / 3000;

            bad += (ev->independent != (n % gop == 0));

            if (ev->forced) {
                bad += (ev->duration > sim.cut.conf.limit);

                /* only to leave room for the next key frame, earlier */

                bad += (ev->duration + 3000 <= sim.cut.conf.limit
                        && (ev->start + ev->duration + S) % (gop * 3000) != 0);

            } else {
                bad += (ev->duration < (ev->independent ? 4 * S : S));
            }

            keys += ev->independent;
        }

        ok(bad == 0 && i >= 8, "key frames every %d ms: %d segments, "
           "%d independent", (int) gop * 1000 / 30, (int) i, (int) keys);

        /* where whole GOPs last 4 to 6.4 s */

        if (192 / gop * gop >= 120) {
            is_int(keys, i, "all of them");

        } else {
            ok(keys >= i / 3 + 1, "some of them");
        }
    }
}


/* audio waits for video only where a segment may end */

static void
test_wait(void)
{
    int64_t   t;
    source_t  s;

    memset(&s, 0, sizeof(s));
    s.vdur = 3000;
    s.adur = 1920;
    s.gop = 60;

    setup(av, 2, 18000, 2 * S, 6);
    feed(&s, 15 * S / 10);

    for (t = s.audio; t < 19 * S / 10; t += 1920) {
        frame(1, t, 1920, 1);
    }

    ok(sim.tail[1] - sim.head[1] <= 1, "audio ahead of video is taken");

    for ( /* void */ ; t < 22 * S / 10; t += 1920) {
        frame(1, t, 1920, 1);
    }

    ok(sim.tail[1] - sim.head[1] > 9, "until the segment may have ended");
    is_int(count(1, NGX_LIVE_HLS_CUT_SEGMENT_END), 0, "which is not known");

    s.audio = t;
    s.adur = 0;
    feed(&s, 2 * S + 9000);
    is_int(count(1, NGX_LIVE_HLS_CUT_SEGMENT_END), 1, "then it is");
    ok(sim.tail[1] - sim.head[1] <= 1, "and the rest is taken");
    check("audio ahead");

    /* audio that comes 700 ms late */

    memset(&s, 0, sizeof(s));
    s.vdur = 3000;
    s.adur = 1920;
    s.gop = 60;
    s.delay = 7 * S / 10;

    setup(av, 2, 18000, 2 * S, 6);
    feed(&s, 20 * S);
    check("audio late");
    is_int(count(1, NGX_LIVE_HLS_CUT_DROP), 0, "late audio is not dropped");
}


/* a track that stops: the others and the cadence go on */

static void
test_stall(void)
{
    ngx_uint_t                 i, gaps;
    source_t                   s, a;
    ngx_live_hls_cut_event_t  *ev;

    memset(&s, 0, sizeof(s));
    s.vdur = 3000;
    s.adur = 1920;
    s.gop = 60;

    setup(av, 2, 18000, 2 * S, 6);
    feed(&s, 5 * S);

    /* no audio for 10 s */

    a = s;
    s.adur = 0;
    feed(&s, 15 * S);
    check("no audio");

    for (i = 0, gaps = 0; i < 20; i++) {
        ev = find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, i, 0);
        gaps += (ev && ev->gap && ev->duration == 2 * S);
    }

    is_int(gaps, 3, "segments without audio are gaps");
    is_int(count(0, NGX_LIVE_HLS_CUT_SEGMENT_END), 7, "video goes on");

    /* a late frame is of no use, then sound is back */

    frame(1, 6 * S, 1920, 1);
    is_int(count(1, NGX_LIVE_HLS_CUT_DROP), 1, "audio of a closed segment");

    s.adur = 1920;
    s.audio = 15 * S;
    feed(&s, 21 * S);
    check("audio is back");

    /* no video for 20 s */

    s = a;
    setup(av, 2, 18000, 2 * S, 6);
    s.video = s.audio = 0;
    s.nth = 0;
    feed(&s, 5 * S);

    a = s;
    a.vdur = 0;

    for (i = 0; a.audio < 25 * S; a.audio += 1920) {
        frame(1, a.audio, 1920, 1);
    }

    check("no video");

    for (i = 0, gaps = 0; i < 20; i++) {
        ev = find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, i, 0);
        gaps += (ev && ev->gap);
    }

    ok(gaps >= 2, "segments without video are gaps: %d", (int) gaps);

    ev = find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, 3, 0);
    ok(ev && ev->forced, "audio is cut at the limit");

    s.video = s.audio = 25 * S;
    s.nth = 0;
    feed(&s, 35 * S);
    check("video is back");

    ev = find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, 7, 0);
    ok(ev && ev->independent && !ev->gap, "with key frames");
}


static void
test_no_leader(void)
{
    ngx_uint_t                 i;
    ngx_live_hls_cut_event_t  *ev;

    /* video that was announced and never comes */

    setup(av, 2, 18000, 2 * S, 6);

    for (i = 0; i < 46; i++) {
        frame(1, i * 1920, 1920, 1);
    }

    is_int(sim.nevents, 0, "audio waits for video");

    for ( /* void */ ; i < 400; i++) {
        frame(1, i * 1920, 1920, 1);
    }

    ok(count(1, NGX_LIVE_HLS_CUT_SEGMENT_END) >= 1, "for a second");
    is_int(count(1, NGX_LIVE_HLS_CUT_DROP), 0, "without loss");
    ev = find(1, NGX_LIVE_HLS_CUT_FRAME, 0, 0);
    ok(ev && ev->start == 0, "from the first frame");
    check("no video at all");

    /* frames before the first key frame are of no use */

    setup(av, 1, 18000, 2 * S, 6);

    for (i = 0; i < 100; i++) {
        frame(0, i * 3000, 3000, i % 60 == 30);
    }

    is_int(count(0, NGX_LIVE_HLS_CUT_DROP), 30, "before the first key frame");
    ev = find(0, NGX_LIVE_HLS_CUT_FRAME, 0, 0);
    ok(ev && ev->start == 90000 && ev->independent, "which is the start");
}


static void
test_audio_only(void)
{
    ngx_uint_t                 i, bad;
    source_t                   s;
    ngx_live_hls_cut_event_t  *ev;

    memset(&s, 0, sizeof(s));
    s.adur = 2090;

    setup(audio_only, 1, 18000, 4 * S, 6);
    feed(&s, 30 * S);
    check("audio only");

    for (i = 0, bad = 0; i < 7; i++) {
        ev = find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, i, 0);
        bad += (ev == NULL || !ev->independent || ev->forced
                || ev->duration < 4 * S - 1800
                || ev->duration >= 4 * S + 2090 || ev->part != 22);
    }

    is_int(bad, 0, "segments of 4 s, of parts of 8 frames");
}


static void
test_plain(void)
{
    source_t                   s;
    ngx_live_hls_cut_event_t  *ev;

    memset(&s, 0, sizeof(s));
    s.vdur = 90000;
    s.adur = 1920;
    s.gop = 2;

    setup(av, 2, 0, 4 * S, 6);
    feed(&s, 30 * S);
    check("plain");

    is_int(count(0, NGX_LIVE_HLS_CUT_PART_END), 0, "no parts");
    ev = find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, 2, 0);
    ok(ev && ev->duration == 4 * S && ev->part == 0, "segments of 4 s");
}


/* frames of varying duration, which say nothing of what to expect */

static void
test_variable(void)
{
    int64_t     t;
    ngx_uint_t  i;

    setup(av, 1, 45000, 2 * S, 6);

    for (i = 0, t = 0; t < 20 * S; i++) {
        frame(0, t, 0, i % 50 == 0);
        t += 1500 + (i * 7919) % 4500;
    }

    check("variable");

    /* a key frame within a segment begins a part if that is allowed */

    setup(av, 1, 45000, 4 * S, 6);

    for (i = 0; i < 46; i++) {
        frame(0, i * 3000, 3000, i == 0 || i == 29 || i == 40);
    }

    is_int(find(0, NGX_LIVE_HLS_CUT_PART_END, 0, 1)->frames, 14,
           "a part of 93 %% ends before a key frame");
    is_int(find(0, NGX_LIVE_HLS_CUT_PART_END, 0, 2)->independent, 1,
           "so the next is independent");
    is_int(find(0, NGX_LIVE_HLS_CUT_PART_END, 0, 2)->frames, 15,
           "a part of 73 %% does not");
}


static void
test_end(void)
{
    ngx_uint_t                 n;
    source_t                   s;
    ngx_live_hls_cut_event_t  *ev;

    memset(&s, 0, sizeof(s));
    s.vdur = 3000;
    s.adur = 1920;
    s.gop = 60;
    s.delay = 30000;

    setup(av, 2, 18000, 2 * S, 6);
    feed(&s, 5 * S);

    ngx_live_hls_cut_end(&sim.cut);
    run();

    ok(sim.done, "a run ends");
    check("end");
    ok(sim.head[0] == sim.tail[0] && sim.head[1] == sim.tail[1],
       "with no frame left");
    ok(find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, 2, 0)
       && find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, 2, 0)
       && !find(0, NGX_LIVE_HLS_CUT_SEGMENT_END, 3, 0)
       && !find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, 3, 0),
       "all tracks at the same MSN");

    n = sim.nevents;
    run();
    ok(sim.done && sim.nevents == n, "and stays ended");

    /* the next run, at a time of its own; two gaps were listed meanwhile */

    ngx_live_hls_cut_start(&sim.cut, 5, 1);
    s.video = s.audio = 1000;
    s.nth = 0;
    feed(&s, 4 * S);

    ev = find(0, NGX_LIVE_HLS_CUT_FRAME, 5, 0);
    ok(ev && ev->new_segment && ev->discontinuity && ev->start == 1000,
       "video goes on after a discontinuity");
    ev = find(1, NGX_LIVE_HLS_CUT_FRAME, 5, 0);
    ok(ev && ev->new_segment && ev->discontinuity, "audio at the same MSN");
    ev = find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, 5, 0);
    ok(ev && ev->discontinuity, "the segment says so");
    ev = find(0, NGX_LIVE_HLS_CUT_FRAME, 6, 0);
    ok(ev && !ev->discontinuity, "the next one does not");

    /* an end when audio has not reached the last segment of video */

    memset(&s, 0, sizeof(s));
    s.vdur = 3000;
    s.adur = 1920;
    s.gop = 60;

    setup(av, 2, 18000, 2 * S, 6);
    feed(&s, 35 * S / 10);
    s.adur = 0;
    feed(&s, 45 * S / 10);
    ngx_live_hls_cut_end(&sim.cut);
    run();

    ok(sim.done, "a run ends without audio");
    check("end without audio");
    ev = find(1, NGX_LIVE_HLS_CUT_SEGMENT_END, 2, 0);
    ok(ev && ev->gap && ev->duration == 45000, "the last segment is a gap");

    /* ... or never was anything */

    setup(av, 2, 18000, 2 * S, 6);
    ngx_live_hls_cut_end(&sim.cut);
    run();
    ok(sim.done && sim.nevents == 0, "an empty run");
    ngx_live_hls_cut_start(&sim.cut, 0, 1);
    frame(0, 5, 3000, 1);
    frame(0, 3005, 3000, 0);
    is_int(sim.events[0].msn, 0, "takes no MSN");
}


/* a burst of queued frames: the leader may not run away from the others */

static void
test_burst(void)
{
    ngx_uint_t                 i;
    ngx_live_hls_cut_frame_t  *f;

    setup(av, 2, 18000, 1 * S, 6);

    for (i = 0; i < 3000; i++) {
        f = &sim.frames[0][sim.tail[0]++];
        f->dts = i * 3000;
        f->duration = 3000;
        f->key = (i % 30 == 0);
        ngx_live_hls_cut_seen(&sim.cut, 0, f->dts);
    }

    run();
    check("burst");
    is_int(count(0, NGX_LIVE_HLS_CUT_SEGMENT_END), 99, "all of video");
    ok(count(1, NGX_LIVE_HLS_CUT_SEGMENT_END) >= 97, "audio is gaps");
}


int
main(int argc, char **argv)
{
    test_parts();
    test_early();
    test_key_frames();
    test_wait();
    test_stall();
    test_no_leader();
    test_audio_only();
    test_plain();
    test_variable();
    test_end();
    test_burst();

    return done_testing();
}
