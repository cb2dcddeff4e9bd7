
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the cutting: any sequence of frames on three tracks, with
 * ends and starts between.  No endless loop, events in their order, no part
 * above PART-TARGET, all tracks at the same MSN at the end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_cut.h>


#define TRACKS  3
#define FRAMES  256


typedef struct {
    ngx_live_hls_cut_frame_t   frames[FRAMES];
    ngx_uint_t                 head;
    ngx_uint_t                 tail;
    uint64_t                   msn;
    ngx_uint_t                 open;
    ngx_uint_t                 part_open;
    int64_t                    dts;
} queue_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
event(ngx_live_hls_cut_t *cut, queue_t *q, ngx_live_hls_cut_event_t *ev)
{
    switch (ev->type) {

    case NGX_LIVE_HLS_CUT_DROP:
        q->head++;
        return;

    case NGX_LIVE_HLS_CUT_FRAME:
        q->head++;

        if (ev->duration <= 0 || ev->new_segment == q->open
            || ev->new_part == q->part_open)
        {
            abort();
        }

        q->open = 1;
        q->part_open = 1;
        break;

    case NGX_LIVE_HLS_CUT_PART_END:

        if (!cut->conf.part || !q->part_open
            || ev->duration > cut->conf.part)
        {
            abort();
        }

        q->part_open = 0;
        break;

    case NGX_LIVE_HLS_CUT_SEGMENT_END:

        if ((cut->conf.part && q->part_open) || ev->gap == q->open
            || ev->duration < 0)
        {
            abort();
        }

        q->open = 0;
        q->part_open = 0;
        break;

    default:
        abort();
    }

    if (ev->msn != q->msn) {
        abort();
    }

    q->msn += (ev->type == NGX_LIVE_HLS_CUT_SEGMENT_END);
}


static ngx_uint_t
run(ngx_live_hls_cut_t *cut, queue_t *queues)
{
    queue_t                   *q;
    ngx_int_t                  rc;
    ngx_uint_t                 i, k, n, again, done, loops;
    ngx_live_hls_cut_event_t   ev;
    ngx_live_hls_cut_frame_t  *head;

    loops = 0;

    do {
        again = 0;
        done = 0;

        for (k = 0; k < TRACKS; k++) {
            i = (cut->leader + k) % TRACKS;
            q = &queues[i];

            for ( ;; ) {
                n = q->tail - q->head;
                head = &q->frames[q->head];

                rc = ngx_live_hls_cut_next(cut, i, n ? head : NULL,
                                           n > 1 ? head + 1 : NULL, &ev);
                if (rc != NGX_OK) {
                    done += (rc == NGX_DONE);
                    break;
                }

                event(cut, q, &ev);
                again = 1;

                if (++loops > 100000) {
                    abort();
                }
            }
        }

    } while (again);

    return done == TRACKS;
}


static void
finish(ngx_live_hls_cut_t *cut, queue_t *queues)
{
    ngx_uint_t  i;

    ngx_live_hls_cut_end(cut);

    if (!run(cut, queues)) {
        abort();
    }

    for (i = 0; i < TRACKS; i++) {
        if (queues[i].head != queues[i].tail
            || queues[i].msn != queues[0].msn
            || queues[i].open)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t                t, i, video[TRACKS];
    queue_t                  *q;
    const uint8_t            *p, *end;
    ngx_live_hls_cut_t        cut;
    ngx_live_hls_cut_conf_t   conf;
    ngx_live_hls_cut_frame_t *f;
    static queue_t            queues[TRACKS];

    if (size < 5) {
        return 0;
    }

    ngx_memzero(&conf, sizeof(conf));
    ngx_memzero(queues, sizeof(queues));

    conf.part = data[0] * 900;
    conf.segment = (data[1] % 10 + 1) * 45000;
    conf.limit = conf.segment + data[2] * 900;
    conf.patience = data[3] * 9000;

    for (i = 0; i < TRACKS; i++) {
        video[i] = (data[4] >> i) & 1;
    }

    if (ngx_live_hls_cut_init(&cut, &conf, video, TRACKS) != NGX_OK) {
        abort();
    }

    end = data + size;

    /* track, key, end of a run; time since the last frame of it; duration */

    for (p = data + 5; end - p >= 3; p += 3) {

        t = p[0] & 3;

        if (t == 3) {
            finish(&cut, queues);
            ngx_live_hls_cut_start(&cut, 0, p[1] & 1);
            continue;
        }

        q = &queues[t];

        if (q->tail == FRAMES) {
            ngx_memmove(q->frames, q->frames + q->head,
                        (q->tail - q->head) * sizeof(q->frames[0]));
            q->tail -= q->head;
            q->head = 0;
        }

        if (q->tail == FRAMES) {
            break;
        }

        q->dts += (int64_t) (p[1] - (p[0] >> 7)) * (p[0] & 8 ? 9000 : 375);

        f = &q->frames[q->tail++];
        f->dts = q->dts;
        f->duration = p[2] * 375;
        f->key = !video[t] || (p[0] & 4);

        ngx_live_hls_cut_seen(&cut, t, f->dts);

        if (p[0] & 16) {
            (void) run(&cut, queues);
        }
    }

    finish(&cut, queues);

    return 0;
}
