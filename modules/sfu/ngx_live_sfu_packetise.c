
/*
 * Copyright (C) nginx-live authors
 */


/*
 * In the owner of a stream that came in as frames: while somebody watches over
 * WebRTC they become packets, once for all (RFC 6184, mode 1; RFC 7587).
 */


#include "ngx_live_sfu.h"
#include "ngx_live_bytes.h"
#include "ngx_live_h26x.h"
#include "ngx_live_helper.h"
#include "ngx_live_reader.h"


/* bytes of a packet's payload: with all headers it fits any path */
#define NGX_LIVE_SFU_PAYLOAD       1160

#define NGX_LIVE_SFU_NVIDEO        4096     /* packets that are kept, */
#define NGX_LIVE_SFU_NAUDIO        256
#define NGX_LIVE_SFU_WINDOW        2000     /* ms, and for how long */

/* bytes: a frame that is larger is left out */
#define NGX_LIVE_SFU_FRAME         (8 * 1024 * 1024)

#define NGX_LIVE_SFU_NAL_FILLER    12
#define NGX_LIVE_SFU_NAL_STAP_A    24
#define NGX_LIVE_SFU_NAL_FU_A      28

#define NGX_LIVE_SFU_HELPER_RATE   1000000  /* bits per second at most */
#define NGX_LIVE_SFU_HELPER_TIME   4000     /* ms */


typedef struct ngx_live_sfu_stream_s  ngx_live_sfu_stream_t;


/* a track that is made packets of */

typedef struct {
    ngx_live_sfu_stream_t     *stream;
    ngx_live_reader_t          reader;
    ngx_uint_t                 kind;
    ngx_uint_t                 track;
    uint64_t                   number;
    unsigned                   opened:1;
    unsigned                   discont:1;
    unsigned                   need_key:1;
} ngx_live_sfu_source_t;


struct ngx_live_sfu_stream_s {
    ngx_live_stream_t         *stream;
    ngx_live_watcher_t         watcher;
    ngx_live_sfu_source_t      sources[NGX_LIVE_SFU_KINDS];
    ngx_live_helper_conf_t     helper;
    unsigned                   helped:1;
};


/* packets of one frame */

typedef struct {
    ngx_live_sfu_source_t     *source;
    ngx_live_packet_ring_sh_t *ring;
    ngx_live_packet_t          packet;     /* of the next one */
    ngx_live_packet_t         *last;       /* is committed by the next, or as
                                              the last one */
} ngx_live_sfu_packets_t;


static void ngx_live_sfu_reordered_handler(ngx_live_reader_t *r);
static void ngx_live_sfu_watch(ngx_live_watcher_t *w);
static void ngx_live_sfu_source_open(ngx_live_sfu_source_t *src,
    ngx_uint_t track);
static void ngx_live_sfu_source_close(ngx_live_sfu_source_t *src);
static void ngx_live_sfu_source_handler(ngx_live_reader_t *r);
static ngx_int_t ngx_live_sfu_source_frame(ngx_live_sfu_source_t *src,
    ngx_live_frame_t *f);
static void ngx_live_sfu_helper(ngx_live_sfu_stream_t *ss, ngx_uint_t track);
static u_char *ngx_live_sfu_frame(ngx_live_sfu_source_t *src,
    ngx_live_frame_t *f);
static void ngx_live_sfu_h264(ngx_live_sfu_packets_t *out,
    ngx_live_frame_t *f, u_char *p, u_char *end);
static ngx_int_t ngx_live_sfu_h264_sets(ngx_live_sfu_packets_t *out,
    ngx_live_h264_config_t *config);
static void ngx_live_sfu_h264_nal(ngx_live_sfu_packets_t *out,
    ngx_str_t *nal);
static u_char *ngx_live_sfu_packet(ngx_live_sfu_packets_t *out, size_t size);
static void ngx_live_sfu_packet_end(ngx_live_sfu_packets_t *out);


/* of the frame that is being read; as large as the largest one was */

static u_char  *ngx_live_sfu_scratch;
static size_t   ngx_live_sfu_scratch_size;


ngx_uint_t
ngx_live_sfu_track(ngx_live_stream_t *st, ngx_uint_t kind)
{
    ngx_uint_t             i, best;
    ngx_live_track_sh_t   *track;
    ngx_live_config_sh_t  *config;

    best = NGX_LIVE_SFU_NONE;

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        track = &st->sh->tracks[i];

        if (track->config == 0 || track->publisher != st->sh->publishers) {
            continue;
        }

        config = ngx_live_stream_config(st, i, 0);

        if (config == NULL) {
            continue;
        }

        if (kind == NGX_LIVE_SFU_VIDEO) {

            if (config->info.codec == NGX_LIVE_CODEC_H264) {
                return i;
            }

            continue;
        }

        if (config->info.codec == NGX_LIVE_CODEC_OPUS) {
            return i;
        }

        /* who wants packets of these has Opus made of them */

        if (config->info.kind == NGX_LIVE_KIND_AUDIO
            && best == NGX_LIVE_SFU_NONE)
        {
            best = i;
        }
    }

    return best;
}


ngx_uint_t
ngx_live_sfu_reordered(ngx_live_stream_t *st, ngx_uint_t track)
{
    int32_t             cts;
    uint64_t            seq;
    ngx_uint_t          n, reordered;
    ngx_live_frame_t   *f;
    ngx_live_reader_t   r;

    ngx_memzero(&r, sizeof(ngx_live_reader_t));

    r.handler = ngx_live_sfu_reordered_handler;

    if (ngx_live_reader_open(&r, st, 1000) != NGX_OK) {
        return 0;
    }

    n = 0;
    cts = 0;
    reordered = 0;

    if (!r.waiting) {
        for (seq = r.seq; seq < ngx_live_reader_head(&r); seq++) {
            f = ngx_live_reader_frame(&r, seq);

            if (f == NULL) {
                break;
            }

            if (f->track != track) {
                continue;
            }

            /* an encoder without them may nevertheless have a delay */

            if (n++ && f->cts != cts) {
                reordered = 1;
                break;
            }

            cts = f->cts;
        }
    }

    ngx_live_reader_close(&r);

    return reordered;
}


static void
ngx_live_sfu_reordered_handler(ngx_live_reader_t *r)
{
    /* void */
}


ngx_int_t
ngx_live_sfu_stream_start(ngx_live_stream_t *st)
{
    ngx_uint_t              i;
    ngx_live_sfu_stream_t  *ss;

    if (ngx_live_sfu_zone == NULL || st->sh->door == NGX_LIVE_DOOR_WHIP) {
        return NGX_OK;
    }

    ss = ngx_live_stream_module_ctx(st, ngx_live_sfu_module);

    if (ss == NULL) {
        ss = ngx_pcalloc(st->pool, sizeof(ngx_live_sfu_stream_t));
        if (ss == NULL) {
            return NGX_ERROR;
        }

        ngx_live_stream_module_ctx(st, ngx_live_sfu_module) = ss;
    }

    if (ss->stream) {
        return NGX_OK;
    }

    ss->stream = st;
    ss->helped = 0;

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        ss->sources[i].stream = ss;
        ss->sources[i].kind = i;
    }

    ss->watcher.handler = ngx_live_sfu_watch;
    ss->watcher.data = ss;

    ngx_live_stream_watch(st, &ss->watcher);

    return NGX_OK;
}


void
ngx_live_sfu_stream_stop(ngx_live_stream_t *st)
{
    ngx_uint_t              i;
    ngx_live_sfu_stream_t  *ss;

    ss = ngx_live_stream_module_ctx(st, ngx_live_sfu_module);

    if (ss == NULL || ss->stream == NULL) {
        return;
    }

    ngx_live_stream_unwatch(&ss->watcher);

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        ngx_live_sfu_source_close(&ss->sources[i]);
    }

    ss->stream = NULL;
}


static void
ngx_live_sfu_watch(ngx_live_watcher_t *w)
{
    ngx_uint_t              i, track;
    ngx_live_sfu_source_t  *src;
    ngx_live_sfu_stream_t  *ss;

    ss = w->data;

    for (i = 0; i < NGX_LIVE_SFU_KINDS; i++) {
        src = &ss->sources[i];

        if (src->opened && ngx_live_packets_wanted(ss->stream, src->track)) {
            continue;
        }

        ngx_live_sfu_source_close(src);

        track = ngx_live_sfu_track(ss->stream, i);

        if (track != NGX_LIVE_SFU_NONE
            && ngx_live_packets_wanted(ss->stream, track))
        {
            ngx_live_sfu_source_open(src, track);
        }
    }
}


static void
ngx_live_sfu_source_open(ngx_live_sfu_source_t *src, ngx_uint_t track)
{
    uint64_t               head;
    ngx_live_stream_t     *st;
    ngx_live_config_sh_t  *config;

    st = src->stream->stream;
    config = ngx_live_stream_config(st, track, 0);

    if (config == NULL) {
        return;
    }

    if (config->info.codec != NGX_LIVE_CODEC_H264
        && config->info.codec != NGX_LIVE_CODEC_OPUS)
    {
        ngx_live_sfu_helper(src->stream, track);
        return;
    }

    src->reader.handler = ngx_live_sfu_source_handler;
    src->reader.data = src;

    if (ngx_live_reader_open(&src->reader, st, 0) != NGX_OK) {
        return;
    }

    src->opened = 1;
    src->track = track;
    src->discont = 1;
    src->need_key = (src->kind == NGX_LIVE_SFU_VIDEO);

    /* numbers that nobody has seen, whoever has written before */

    src->number = (uint64_t) ngx_live_clock() << 12;

    if (src->kind == NGX_LIVE_SFU_AUDIO && !src->reader.waiting) {

        /* sound that is over is of no use */

        head = ngx_live_reader_head(&src->reader);
        ngx_live_reader_advance(&src->reader, head);
    }

    ngx_live_sfu_source_handler(&src->reader);
}


static void
ngx_live_sfu_source_close(ngx_live_sfu_source_t *src)
{
    if (src->opened) {
        src->opened = 0;
        ngx_live_reader_close(&src->reader);
    }
}


/* a helper makes Opus of whatever it is, and lives as long as the publisher */

static void
ngx_live_sfu_helper(ngx_live_sfu_stream_t *ss, ngx_uint_t track)
{
    ngx_live_helper_conf_t    *conf;
    ngx_live_sfu_main_conf_t  *smcf;

    if (ss->helped) {
        return;
    }

    smcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_sfu_module);

    ss->helped = 1;

    if (smcf->helper.len == 0) {
        return;
    }

    conf = &ss->helper;

    ngx_cpystrn(conf->name, (u_char *) "opus", NGX_LIVE_HELPER_NAME_LEN);

    conf->argv = smcf->argv;
    conf->tracks = (ngx_uint_t) 1 << track;
    conf->source = track;
    conf->codec = NGX_LIVE_HELPER_OPUS;
    conf->bitrate = NGX_LIVE_SFU_HELPER_RATE;
    conf->timeout = NGX_LIVE_SFU_HELPER_TIME;

    (void) ngx_live_helper_start(ss->stream, conf);
}


static void
ngx_live_sfu_source_handler(ngx_live_reader_t *r)
{
    uint64_t                seq, head;
    ngx_uint_t              n;
    ngx_live_frame_t       *f;
    ngx_live_stream_t      *st;
    ngx_live_sfu_source_t  *src;

    src = r->data;
    st = src->stream->stream;

    if (r->slow && ngx_live_reader_skip(r) == NGX_OK) {
        src->need_key = (src->kind == NGX_LIVE_SFU_VIDEO);
    }

    if (r->waiting) {
        return;
    }

    n = 0;
    head = ngx_live_reader_head(r);

    for (seq = r->seq; seq < head; seq++) {
        f = ngx_live_reader_frame(r, seq);

        if (f == NULL) {
            break;
        }

        if (f->track == src->track
            && ngx_live_sfu_source_frame(src, f) == NGX_OK)
        {
            n++;
        }

        ngx_live_reader_advance(r, seq + 1);
    }

    if (n) {
        ngx_live_packets_notify(st, src->track);
    }
}


static ngx_int_t
ngx_live_sfu_source_frame(ngx_live_sfu_source_t *src, ngx_live_frame_t *f)
{
    u_char                  *p, *end, *dst;
    ngx_live_stream_t       *st;
    ngx_live_sfu_packets_t   out;

    st = src->stream->stream;

    if (src->need_key) {

        if (!(f->flags & NGX_LIVE_FRAME_KEY)) {
            return NGX_DECLINED;
        }

        src->need_key = 0;
    }

    ngx_memzero(&out, sizeof(ngx_live_sfu_packets_t));

    out.source = src;
    out.ring = ngx_live_stream_packets(st, src->track,
                                       src->kind == NGX_LIVE_SFU_VIDEO
                                       ? NGX_LIVE_SFU_NVIDEO
                                       : NGX_LIVE_SFU_NAUDIO,
                                       NGX_LIVE_SFU_WINDOW);

    if (out.ring == NULL || f->size <= f->prefix) {
        return NGX_DECLINED;
    }

    p = ngx_live_sfu_frame(src, f);

    if (p == NULL) {
        return NGX_DECLINED;
    }

    end = p + f->size;
    p += f->prefix;

    out.packet.time = f->dts + f->cts;
    out.packet.received = ngx_live_clock();
    out.packet.frame = f->seq;
    out.packet.flags = NGX_LIVE_PACKET_START;

    if (src->discont) {
        out.packet.flags |= NGX_LIVE_PACKET_DISCONT;
    }

    if (src->kind == NGX_LIVE_SFU_AUDIO || (f->flags & NGX_LIVE_FRAME_KEY)) {
        out.packet.flags |= NGX_LIVE_PACKET_KEY;
    }

    if (src->kind == NGX_LIVE_SFU_VIDEO) {
        ngx_live_sfu_h264(&out, f, p, end);

    } else if (end - p <= NGX_LIVE_SFU_PAYLOAD) {
        dst = ngx_live_sfu_packet(&out, end - p);

        if (dst) {
            ngx_memcpy(dst, p, end - p);
        }
    }

    ngx_live_sfu_packet_end(&out);

    return NGX_OK;
}


/* a frame crosses extents */

static u_char *
ngx_live_sfu_frame(ngx_live_sfu_source_t *src, ngx_live_frame_t *f)
{
    u_char  *p;
    size_t   size;

    if (f->size > ngx_live_sfu_scratch_size) {

        if (f->size > NGX_LIVE_SFU_FRAME) {
            return NULL;
        }

        size = ngx_align(f->size, 65536);
        p = ngx_alloc(size, src->stream->stream->log);

        if (p == NULL) {
            return NULL;
        }

        if (ngx_live_sfu_scratch) {
            ngx_free(ngx_live_sfu_scratch);
        }

        ngx_live_sfu_scratch = p;
        ngx_live_sfu_scratch_size = size;
    }

    ngx_live_ring_copy_out(ngx_live_zone, src->stream->stream->sh->ring, f, 0,
                           ngx_live_sfu_scratch, f->size);

    return ngx_live_sfu_scratch;
}


static void
ngx_live_sfu_h264(ngx_live_sfu_packets_t *out, ngx_live_frame_t *f,
    u_char *p, u_char *end)
{
    ngx_str_t                nal;
    const char              *reason;
    ngx_live_config_sh_t    *sh;

    static ngx_live_h264_config_t  config;

    sh = ngx_live_stream_config(out->source->stream->stream, f->track,
                                f->config);

    /* behind the 5 bytes of the tag's header */

    if (sh == NULL || sh->size < 6
        || ngx_live_h264_parse_config(&config, sh->data + 5,
                                      sh->data + sh->size, &reason)
           != NGX_OK)
    {
        return;
    }

    if ((f->flags & NGX_LIVE_FRAME_KEY)
        && ngx_live_sfu_h264_sets(out, &config) != NGX_OK)
    {
        return;
    }

    while (ngx_live_h264_next_nal(&p, end, config.nal_length_size, &nal)
           == NGX_OK)
    {
        switch (ngx_live_h264_nal_type(&nal)) {

        case NGX_LIVE_H264_NAL_SPS:
        case NGX_LIVE_H264_NAL_PPS:
        case NGX_LIVE_H264_NAL_AUD:
        case NGX_LIVE_H264_NAL_SEI:
        case NGX_LIVE_SFU_NAL_FILLER:
            break;

        default:
            ngx_live_sfu_h264_nal(out, &nal);
        }
    }
}


/* parameter sets in one packet, a STAP-A (RFC 6184, 5.7.1) */

static ngx_int_t
ngx_live_sfu_h264_sets(ngx_live_sfu_packets_t *out,
    ngx_live_h264_config_t *config)
{
    u_char      *p, *end;
    size_t       size;
    ngx_str_t   *nal;
    ngx_uint_t   i;

    size = 1;

    for (i = 0; i < config->nsps + config->npps; i++) {
        nal = (i < config->nsps) ? &config->sps[i]
                                 : &config->pps[i - config->nsps];
        size += 2 + nal->len;
    }

    if (size > NGX_LIVE_SFU_PAYLOAD) {
        return NGX_ERROR;
    }

    p = ngx_live_sfu_packet(out, size);

    if (p == NULL) {
        return NGX_ERROR;
    }

    end = p + size;

    *p++ = NGX_LIVE_SFU_NAL_STAP_A | 0x60;

    for (i = 0; i < config->nsps + config->npps; i++) {
        nal = (i < config->nsps) ? &config->sps[i]
                                 : &config->pps[i - config->nsps];

        p = ngx_live_write_be16(p, end, nal->len);
        p = ngx_cpymem(p, nal->data, nal->len);
    }

    return NGX_OK;
}


/* RFC 6184, 5.6 and 5.8 */

static void
ngx_live_sfu_h264_nal(ngx_live_sfu_packets_t *out, ngx_str_t *nal)
{
    u_char  *p, *pos, type, indicator;
    size_t   n, left, pieces;

    if (nal->len <= NGX_LIVE_SFU_PAYLOAD) {
        p = ngx_live_sfu_packet(out, nal->len);

        if (p) {
            ngx_memcpy(p, nal->data, nal->len);
        }

        return;
    }

    /* equal pieces: they can be sent by one system call */

    indicator = (nal->data[0] & 0xe0) | NGX_LIVE_SFU_NAL_FU_A;
    type = nal->data[0] & 0x1f;

    pos = nal->data + 1;
    left = nal->len - 1;
    pieces = (left + NGX_LIVE_SFU_PAYLOAD - 3) / (NGX_LIVE_SFU_PAYLOAD - 2);

    for ( /* void */ ; pieces; pieces--) {
        n = (left + pieces - 1) / pieces;

        p = ngx_live_sfu_packet(out, n + 2);

        if (p == NULL) {
            return;
        }

        *p++ = indicator;
        *p++ = type | (pos == nal->data + 1 ? 0x80 : 0)
                    | (pieces == 1 ? 0x40 : 0);

        ngx_memcpy(p, pos, n);

        pos += n;
        left -= n;
    }
}


/*
 * Room for one more packet of the frame.  Which one is the last is known only
 * when the frame is over.
 */

static u_char *
ngx_live_sfu_packet(ngx_live_sfu_packets_t *out, size_t size)
{
    ngx_live_sfu_source_t  *src;

    src = out->source;

    if (out->last) {
        ngx_live_packet_ring_commit(out->ring, out->last);
        out->last = NULL;
    }

    out->packet.number = src->number;

    out->last = ngx_live_packet_ring_reserve(ngx_live_zone, out->ring,
                                             &out->packet, size);
    if (out->last == NULL) {
        return NULL;
    }

    src->number++;
    src->discont = 0;

    out->packet.flags = 0;

    return ngx_live_packet_data(out->last);
}


static void
ngx_live_sfu_packet_end(ngx_live_sfu_packets_t *out)
{
    if (out->last) {
        out->last->flags |= NGX_LIVE_PACKET_MARKER;
        ngx_live_packet_ring_commit(out->ring, out->last);
    }
}
