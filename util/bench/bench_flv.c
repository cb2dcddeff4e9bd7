
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>


/* NAL length, type 6, payload type 5, payload size, mark, trailing bits */
#define BENCH_SEI_SIZE   (4 + 3 + BENCH_MARK_SIZE + 1)

/* element id, tag and alignment flag in a byte, count, mark */
#define BENCH_DSE_SIZE   (2 + BENCH_MARK_SIZE)


static u_char *bench_flv_read(const char *path, size_t *len);
static int bench_flv_tags(bench_flv_t *flv, u_char *p, u_char *end);
static int bench_flv_tag(bench_flv_t *flv, int type, uint32_t timestamp,
    u_char *p, size_t len);
static int bench_flv_push(bench_track_t *t, u_char *p, size_t len,
    uint32_t timestamp, int key);
static int bench_flv_rates(bench_flv_t *flv);
static void bench_source_video(bench_source_t *src, bench_frame_t *f,
    int64_t mark);
static void bench_source_audio(bench_source_t *src, bench_frame_t *f,
    int64_t mark);


bench_flv_t *
bench_flv_load(const char *path)
{
    size_t        len;
    bench_flv_t  *flv;

    flv = calloc(1, sizeof(bench_flv_t));
    if (flv == NULL) {
        return NULL;
    }

    flv->file = bench_flv_read(path, &len);

    if (flv->file == NULL || len < 13 || memcmp(flv->file, "FLV", 3) != 0
        || bench_flv_tags(flv, flv->file + 13, flv->file + len) == -1
        || bench_flv_rates(flv) == -1)
    {
        fprintf(stderr, "\"%s\" is not FLV with H.264 and AAC\n", path);
        return NULL;
    }

    return flv;
}


static u_char *
bench_flv_read(const char *path, size_t *len)
{
    FILE    *f;
    long     size;
    u_char  *p;

    f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }

    p = NULL;

    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0) {
        rewind(f);
        p = malloc(size);

        if (p && fread(p, 1, size, f) != (size_t) size) {
            free(p);
            p = NULL;
        }

        *len = size;
    }

    fclose(f);

    return p;
}


static int
bench_flv_tags(bench_flv_t *flv, u_char *p, u_char *end)
{
    size_t    len;
    uint32_t  timestamp;

    while (end - p >= 11) {
        len = (size_t) p[1] << 16 | p[2] << 8 | p[3];
        timestamp = (uint32_t) p[7] << 24 | p[4] << 16 | p[5] << 8 | p[6];

        if ((size_t) (end - p) < 11 + len) {
            break;
        }

        if (bench_flv_tag(flv, p[0], timestamp, p + 11, len) == -1) {
            return -1;
        }

        p += 11 + len;

        if (end - p < 4) {
            break;
        }

        p += 4;
    }

    return 0;
}


static int
bench_flv_tag(bench_flv_t *flv, int type, uint32_t timestamp, u_char *p,
    size_t len)
{
    switch (type) {

    case BENCH_FLV_META:
        flv->meta.data = p;
        flv->meta.len = len;
        return 0;

    case BENCH_FLV_VIDEO:

        if (len < 5 || (p[0] & 0x0f) != 7) {
            return -1;
        }

        if (p[1] == 0) {
            flv->video.header.data = p;
            flv->video.header.len = len;
            return 0;
        }

        if (p[1] != 1) {
            return 0;
        }

        return bench_flv_push(&flv->video, p, len, timestamp, p[0] >> 4 == 1);

    case BENCH_FLV_AUDIO:

        if (len < 3 || p[0] >> 4 != 10) {
            return -1;
        }

        if (p[1] == 0) {
            flv->audio.header.data = p;
            flv->audio.header.len = len;
            return 0;
        }

        return bench_flv_push(&flv->audio, p, len, timestamp, 0);

    default:
        return 0;
    }
}


static int
bench_flv_push(bench_track_t *t, u_char *p, size_t len, uint32_t timestamp,
    int key)
{
    bench_frame_t  *f;

    if (t->n % 256 == 0) {
        f = realloc(t->frames, (t->n + 256) * sizeof(bench_frame_t));
        if (f == NULL) {
            return -1;
        }

        t->frames = f;
    }

    if (t->n == 0) {
        t->first = timestamp;
    }

    f = &t->frames[t->n++];
    f->data = p;
    f->len = len;
    f->key = key;

    t->last = timestamp;

    return 0;
}


/*
 * FLV has milliseconds; with the true rates the file is repeated without a
 * seam, each track for itself
 */

static int
bench_flv_rates(bench_flv_t *flv)
{
    unsigned         index;
    bench_track_t   *v, *a;
    static unsigned  rates[] = { 96000, 88200, 64000, 48000, 44100, 32000,
                                 24000, 22050, 16000, 12000, 11025, 8000 };

    v = &flv->video;
    a = &flv->audio;

    if (v->n < 2 || a->n < 2 || !v->frames[0].key || v->last == v->first
        || v->header.len == 0 || a->header.len < 4)
    {
        return -1;
    }

    v->rate = (double) (v->n - 1) * 1000 / (v->last - v->first);
    v->rate = round(v->rate * 50) / 50;

    /* AudioSpecificConfig, ISO/IEC 14496-3, 1.6.2.1 */

    index = (a->header.data[2] & 0x07) << 1 | a->header.data[3] >> 7;

    if (index >= sizeof(rates) / sizeof(rates[0])) {
        return -1;
    }

    a->rate = rates[index] / 1024.0;

    return 0;
}


void
bench_source_init(bench_source_t *src, bench_flv_t *flv)
{
    memset(src, 0, sizeof(bench_source_t));
    src->flv = flv;
}


int64_t
bench_source_due(bench_source_t *src)
{
    double  video, audio;

    video = (double) src->video / src->flv->video.rate;
    audio = (double) src->audio / src->flv->audio.rate;

    return (int64_t) ((video <= audio ? video : audio) * 1e9);
}


void
bench_source_next(bench_source_t *src, int64_t mark)
{
    u_char         *buf;
    size_t          size;
    double          video, audio;
    bench_frame_t  *f;

    video = (double) src->video / src->flv->video.rate;
    audio = (double) src->audio / src->flv->audio.rate;

    src->due = bench_source_due(src);

    if (video <= audio) {
        f = &src->flv->video.frames[src->video++ % src->flv->video.n];
        src->type = BENCH_FLV_VIDEO;
        src->timestamp = (uint32_t) llround(video * 1000);

    } else {
        f = &src->flv->audio.frames[src->audio++ % src->flv->audio.n];
        src->type = BENCH_FLV_AUDIO;
        src->timestamp = (uint32_t) llround(audio * 1000);
    }

    size = f->len + BENCH_SEI_SIZE;

    if (size > src->size) {
        buf = realloc(src->buf, size);
        if (buf == NULL) {
            perror("realloc()");
            exit(1);
        }

        src->buf = buf;
        src->size = size;
    }

    src->key = f->key;

    if (src->type == BENCH_FLV_VIDEO) {
        bench_source_video(src, f, mark);

    } else {
        bench_source_audio(src, f, mark);
    }
}


/* user_data_unregistered SEI, ISO/IEC 14496-10, D.1.7 */

static void
bench_source_video(bench_source_t *src, bench_frame_t *f, int64_t mark)
{
    u_char  *p;

    p = src->buf;

    memcpy(p, f->data, 5);
    p += 5;

    *p++ = 0;
    *p++ = 0;
    *p++ = 0;
    *p++ = BENCH_SEI_SIZE - 4;
    *p++ = 6;
    *p++ = 5;
    *p++ = BENCH_MARK_SIZE;

    bench_mark_write(p, mark);
    p += BENCH_MARK_SIZE;

    *p++ = 0x80;

    memcpy(p, f->data + 5, f->len - 5);

    src->len = f->len + BENCH_SEI_SIZE;
}


/*
 * data_stream_element, ISO/IEC 14496-3, 4.4.2.1: of whole bytes, so that
 * the rest of the raw_data_block stays as it is
 */

static void
bench_source_audio(bench_source_t *src, bench_frame_t *f, int64_t mark)
{
    u_char  *p;

    p = src->buf;

    memcpy(p, f->data, 2);
    p += 2;

    *p++ = 4 << 5 | 1;
    *p++ = BENCH_MARK_SIZE;

    bench_mark_write(p, mark);
    p += BENCH_MARK_SIZE;

    memcpy(p, f->data + 2, f->len - 2);

    src->len = f->len + BENCH_DSE_SIZE;
}
