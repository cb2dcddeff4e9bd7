
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Playing: the bytes of frames are made from the ring at each send, so that
 * a player costs a cursor and no queue.
 */


#include "ngx_stream_live_rtmp.h"

#if (NGX_LINUX)
#include <netinet/tcp.h>
#endif


/* bytes put into one send; a client that is that far behind waits anyway */
#define NGX_STREAM_LIVE_RTMP_SEND  (1024 * 1024)


/* how a frame looks to a player: a configuration, if it is new, and itself */

typedef struct {
    ngx_uint_t                      kind;
    ngx_live_rtmp_message_t         config;
    ngx_live_rtmp_message_t         frame;
    size_t                          config_len; /* on the wire, 0: none */
    size_t                          len;        /* on the wire, of both */
} ngx_stream_live_rtmp_layout_t;


static ngx_int_t ngx_stream_live_rtmp_play_start(ngx_stream_live_rtmp_t *rs);
static void ngx_stream_live_rtmp_play_user_timeout(ngx_connection_t *c,
    ngx_msec_t timeout);
static void ngx_stream_live_rtmp_play_handler(ngx_live_reader_t *r);
static ngx_int_t ngx_stream_live_rtmp_play_slow(ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_play_detach(ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_play_headers(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f);
static ngx_int_t ngx_stream_live_rtmp_play_metadata(
    ngx_stream_live_rtmp_t *rs);
static void ngx_stream_live_rtmp_play_choose(ngx_stream_live_rtmp_t *rs);
static ngx_int_t ngx_stream_live_rtmp_play_begun(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f, ngx_stream_live_rtmp_layout_t *layout);
static void ngx_stream_live_rtmp_play_copy(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f, ngx_stream_live_rtmp_layout_t *layout, u_char *p,
    size_t end);
static ngx_uint_t ngx_stream_live_rtmp_play_layout(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f, uint32_t *configs,
    ngx_stream_live_rtmp_layout_t *layout);
static void ngx_stream_live_rtmp_play_done(uint32_t *configs,
    ngx_stream_live_rtmp_layout_t *layout, ngx_live_frame_t *f);
static ngx_live_config_sh_t *ngx_stream_live_rtmp_play_config(
    ngx_stream_live_rtmp_t *rs, ngx_uint_t kind, uint32_t version);
static void ngx_stream_live_rtmp_play_message(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m, ngx_uint_t kind, ngx_live_time_t dts);
static ngx_int_t ngx_stream_live_rtmp_play_add(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send, ngx_live_frame_t *f,
    ngx_stream_live_rtmp_layout_t *layout, size_t offset);


static const u_char  ngx_stream_live_rtmp_play_types[] = {
    NGX_LIVE_RTMP_VIDEO,
    NGX_LIVE_RTMP_AUDIO,
    NGX_LIVE_RTMP_AMF0_DATA
};

static const u_char  ngx_stream_live_rtmp_play_csids[] = {
    NGX_STREAM_LIVE_RTMP_CSID_VIDEO,
    NGX_STREAM_LIVE_RTMP_CSID_AUDIO,
    NGX_STREAM_LIVE_RTMP_CSID_DATA
};


ngx_int_t
ngx_stream_live_rtmp_play_allowed(ngx_stream_live_rtmp_t *rs)
{
    ngx_uint_t                    i;
    ngx_live_stream_t            *st;
    ngx_stream_live_rtmp_play_t  *play;

    play = ngx_pcalloc(rs->pool, sizeof(ngx_stream_live_rtmp_play_t));
    if (play == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_STREAM_LIVE_RTMP_KINDS; i++) {
        play->tracks[i] = -1;
    }

    st = ngx_live_stream_find(&rs->app, &rs->name);

    if (st == NULL) {
        return ngx_stream_live_rtmp_refuse_text(rs,
                                           NGX_STREAM_LIVE_RTMP_PLAY_NOT_FOUND,
                                           "no such stream");
    }

    play->stream = st;
    rs->play = play;

    if (st->sh->state == NGX_LIVE_STREAM_ENDED) {
        return ngx_stream_live_rtmp_refuse_text(rs,
                                           NGX_STREAM_LIVE_RTMP_PLAY_NOT_FOUND,
                                           "stream has ended");
    }

    play->reader.handler = ngx_stream_live_rtmp_play_handler;
    play->reader.data = rs;

    if (ngx_stream_live_rtmp_register(rs, st) != NGX_OK
        || ngx_stream_live_rtmp_play_resume(rs) != NGX_OK)
    {
        return ngx_stream_live_rtmp_refuse_text(rs,
                                           NGX_STREAM_LIVE_RTMP_PLAY_FAILED,
                                           "no memory");
    }

    return ngx_stream_live_rtmp_play_start(rs);
}


static ngx_int_t
ngx_stream_live_rtmp_play_start(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_srv_conf_t  *conf;

    if (ngx_stream_live_rtmp_event(rs, NGX_STREAM_LIVE_RTMP_STREAM_BEGIN,
                                   rs->msid)
        != NGX_OK
        || ngx_stream_live_rtmp_status(rs, "NetStream.Play.Reset",
                                       "Playing and resetting.")
           != NGX_OK
        || ngx_stream_live_rtmp_status(rs, "NetStream.Play.Start",
                                       "Started playing.")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_PLAY);

    conf = ngx_stream_live_rtmp_conf(rs);

    ngx_stream_live_rtmp_play_user_timeout(rs->connection,
                                           conf->send_timeout);

    /* for pings; it also keeps an old worker alive */

    ngx_add_timer(rs->connection->read, conf->timeout);

    return NGX_OK;
}


/* nothing may be sent for long: a ping that is not acknowledged must tell */

static void
ngx_stream_live_rtmp_play_user_timeout(ngx_connection_t *c, ngx_msec_t timeout)
{
#ifdef TCP_USER_TIMEOUT

    unsigned int  value;

    value = (unsigned int) timeout;

    if (setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                   (const void *) &value, sizeof(value))
        == -1)
    {
        /* not TCP: a UNIX domain socket has no silent peers */

        ngx_log_debug0(NGX_LOG_DEBUG_STREAM, c->log, ngx_socket_errno,
                       "setsockopt(TCP_USER_TIMEOUT) failed");
    }

#endif
}


ngx_int_t
ngx_stream_live_rtmp_play_resume(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (play->reading) {
        return NGX_OK;
    }

    if (ngx_live_reader_open(&play->reader, play->stream,
                             ngx_stream_live_rtmp_conf(rs)->flush)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    play->reading = 1;
    play->behind = 0;

    return NGX_OK;
}


ngx_int_t
ngx_stream_live_rtmp_play_pause(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (!play->reading) {
        return NGX_OK;
    }

    if (ngx_stream_live_rtmp_play_detach(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    play->reading = 0;

    ngx_live_reader_close(&play->reader);

    return NGX_OK;
}


void
ngx_stream_live_rtmp_play_close(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    /* what was begun is completed for a client that is told something yet */

    if (play->reading) {

        if (!rs->closed) {
            (void) ngx_stream_live_rtmp_play_detach(rs);
        }

        ngx_live_reader_close(&play->reader);
    }

    rs->play = NULL;

    ngx_live_stream_close(play->stream);
}


ngx_uint_t
ngx_stream_live_rtmp_play_ended(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (play->stream->sh->state != NGX_LIVE_STREAM_ENDED) {
        return 0;
    }

    return !play->reading
           || ngx_live_reader_frame(&play->reader, play->reader.seq) == NULL;
}


static void
ngx_stream_live_rtmp_play_handler(ngx_live_reader_t *r)
{
    ngx_stream_live_rtmp_t  *rs;

    rs = r->data;

    /* also if the socket is not ready: memory waits for it */

    if (r->slow && ngx_stream_live_rtmp_play_slow(rs) != NGX_OK) {
        ngx_stream_live_rtmp_fail(rs);
        return;
    }

    ngx_stream_live_rtmp_flush(rs);
}


/*
 * The writer wants the memory this player stands in.  It is moved to the
 * newest key frame once; if it cannot follow from there either, it is closed.
 */

static ngx_int_t
ngx_stream_live_rtmp_play_slow(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (play->behind) {
        rs->reason = "player is too slow";
        return NGX_ERROR;
    }

    if (ngx_stream_live_rtmp_play_detach(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_live_reader_skip(&play->reader) != NGX_OK) {
        rs->reason = "player is too slow";
        return NGX_ERROR;
    }

    play->behind = 1;

    ngx_log_error(NGX_LOG_INFO, rs->connection->log, 0,
                  "player is too slow, moved to a key frame");

    return NGX_OK;
}


/* copies the rest of a frame that has been sent in part */

static ngx_int_t
ngx_stream_live_rtmp_play_detach(ngx_stream_live_rtmp_t *rs)
{
    u_char                         *p;
    ngx_live_frame_t               *f;
    ngx_stream_live_rtmp_play_t    *play;
    ngx_stream_live_rtmp_layout_t   layout;

    play = rs->play;

    if (play->offset == 0) {
        return NGX_OK;
    }

    f = ngx_live_reader_frame(&play->reader, play->reader.seq);

    if (f == NULL
        || !ngx_stream_live_rtmp_play_layout(rs, f, play->configs, &layout))
    {
        return NGX_ERROR;
    }

    p = ngx_stream_live_rtmp_out_first(rs, layout.len - play->offset);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_stream_live_rtmp_play_copy(rs, f, &layout, p, layout.len);
    ngx_stream_live_rtmp_play_done(play->configs, &layout, f);

    play->offset = 0;

    ngx_live_reader_advance(&play->reader, play->reader.seq + 1);

    return NGX_OK;
}


ngx_int_t
ngx_stream_live_rtmp_play_prepare(ngx_stream_live_rtmp_t *rs)
{
    ngx_live_frame_t             *f;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (!play->reading || play->offset) {
        return NGX_OK;
    }

    f = ngx_live_reader_frame(&play->reader, play->reader.seq);

    if (f == NULL) {
        return NGX_OK;
    }

    if (!play->started) {
        play->started = 1;
        return ngx_stream_live_rtmp_play_headers(rs, f);
    }

    return ngx_stream_live_rtmp_play_metadata(rs);
}


/*
 * Metadata and the configurations of all tracks stand before the first frame:
 * players find out from them which tracks there are.
 */

static ngx_int_t
ngx_stream_live_rtmp_play_headers(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f)
{
    ngx_uint_t                    kind;
    ngx_live_config_sh_t         *config;
    ngx_live_rtmp_message_t       m;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    ngx_stream_live_rtmp_play_choose(rs);

    if (ngx_stream_live_rtmp_play_metadata(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    for (kind = 0; kind < NGX_STREAM_LIVE_RTMP_DATA; kind++) {

        if (play->tracks[kind] == -1) {
            continue;
        }

        config = ngx_stream_live_rtmp_play_config(rs, kind, 0);

        if (config == NULL) {
            continue;
        }

        ngx_stream_live_rtmp_play_message(rs, &m, kind, f->dts);

        m.body = config->data;
        m.len = config->size;

        if (ngx_stream_live_rtmp_message(rs, &m) != NGX_OK) {
            return NGX_ERROR;
        }

        play->configs[kind] = config->version;
    }

    return NGX_OK;
}


/*
 * No frame refers to the metadata, so it is looked at between frames.  Its
 * time is 0: players take metadata of any other time for a track of text.
 */

static ngx_int_t
ngx_stream_live_rtmp_play_metadata(ngx_stream_live_rtmp_t *rs)
{
    ngx_live_config_sh_t         *config;
    ngx_live_track_sh_t          *track;
    ngx_live_rtmp_message_t       m;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (play->tracks[NGX_STREAM_LIVE_RTMP_DATA] == -1) {
        return NGX_OK;
    }

    track = &play->stream->sh->tracks[play->tracks[NGX_STREAM_LIVE_RTMP_DATA]];

    if (track->config == play->configs[NGX_STREAM_LIVE_RTMP_DATA]) {
        return NGX_OK;
    }

    config = ngx_stream_live_rtmp_play_config(rs, NGX_STREAM_LIVE_RTMP_DATA,
                                              0);
    if (config == NULL) {
        return NGX_OK;
    }

    ngx_stream_live_rtmp_play_message(rs, &m, NGX_STREAM_LIVE_RTMP_DATA, 0);

    m.body = config->data;
    m.len = config->size;

    play->configs[NGX_STREAM_LIVE_RTMP_DATA] = config->version;

    return ngx_stream_live_rtmp_message(rs, &m);
}


/* a player of RTMP gets the publisher's first track of each kind */

static void
ngx_stream_live_rtmp_play_choose(ngx_stream_live_rtmp_t *rs)
{
    ngx_uint_t                    i, kind;
    ngx_live_stream_t            *st;
    ngx_live_config_sh_t         *config;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;
    st = play->stream;

    for (i = 0; i < st->sh->ntracks; i++) {
        config = ngx_live_stream_config(st, i, 0);

        if (config == NULL || st->sh->tracks[i].source) {
            continue;
        }

        switch (config->info.kind) {

        case NGX_LIVE_KIND_VIDEO:
            kind = NGX_STREAM_LIVE_RTMP_VIDEO;
            break;

        case NGX_LIVE_KIND_AUDIO:
            kind = NGX_STREAM_LIVE_RTMP_AUDIO;
            break;

        case NGX_LIVE_KIND_DATA:
            kind = NGX_STREAM_LIVE_RTMP_DATA;
            break;

        default:
            continue;
        }

        if (play->tracks[kind] == -1) {
            play->tracks[kind] = i;
        }
    }
}


uint64_t
ngx_stream_live_rtmp_play_gather(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send)
{
    size_t                          offset;
    uint32_t                        configs[NGX_STREAM_LIVE_RTMP_KINDS];
    uint64_t                        seq;
    ngx_live_frame_t               *f;
    ngx_live_reader_t              *r;
    ngx_stream_live_rtmp_play_t    *play;
    ngx_stream_live_rtmp_layout_t   layout;

    play = rs->play;
    r = &play->reader;

    if (!play->reading) {
        return 0;
    }

    ngx_memcpy(configs, play->configs, sizeof(configs));

    offset = play->offset;
    layout.config_len = 0;

    for (seq = r->seq; send->size < NGX_STREAM_LIVE_RTMP_SEND; seq++) {

        /* looking for another configuration may free that one */

        if (layout.config_len) {
            break;
        }

        f = ngx_live_reader_frame(r, seq);

        if (f == NULL) {
            break;
        }

        if (!ngx_stream_live_rtmp_play_layout(rs, f, configs, &layout)) {

            if (seq == r->seq) {
                ngx_live_reader_advance(r, seq + 1);
            }

            continue;
        }

        if (ngx_stream_live_rtmp_play_add(rs, send, f, &layout, offset)
            != NGX_OK)
        {
            break;
        }

        ngx_stream_live_rtmp_play_done(configs, &layout, f);

        offset = 0;
    }

    return ngx_memcmp(configs, play->configs, sizeof(configs)) == 0 ? seq : 0;
}


ngx_int_t
ngx_stream_live_rtmp_play_sent(ngx_stream_live_rtmp_t *rs, size_t n)
{
    size_t                          left;
    ngx_live_frame_t               *f;
    ngx_live_reader_t              *r;
    ngx_stream_live_rtmp_play_t    *play;
    ngx_stream_live_rtmp_layout_t   layout;

    play = rs->play;
    r = &play->reader;

    while (n) {
        f = ngx_live_reader_frame(r, r->seq);

        if (f == NULL) {
            ngx_log_error(NGX_LOG_ALERT, rs->connection->log, 0,
                          "sent more than there is");
            return NGX_ERROR;
        }

        if (ngx_stream_live_rtmp_play_layout(rs, f, play->configs, &layout)) {

            left = layout.len - play->offset;

            if (n < left) {
                play->offset += n;
                return ngx_stream_live_rtmp_play_begun(rs, f, &layout);
            }

            n -= left;

            play->offset = 0;
            ngx_stream_live_rtmp_play_done(play->configs, &layout, f);
        }

        ngx_live_reader_advance(r, r->seq + 1);
    }

    if (r->seq == ngx_live_reader_head(r)) {
        play->behind = 0;
    }

    return NGX_OK;
}


/*
 * A frame is pinned until all of it has left, its configuration is not: what
 * has not been sent of that is copied now, and "offset" is one of the frame.
 */

static ngx_int_t
ngx_stream_live_rtmp_play_begun(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f, ngx_stream_live_rtmp_layout_t *layout)
{
    u_char                       *p;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (play->offset < layout->config_len) {
        p = ngx_stream_live_rtmp_out_first(rs,
                                           layout->config_len - play->offset);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_stream_live_rtmp_play_copy(rs, f, layout, p, layout->config_len);

        play->offset = 0;

    } else {
        play->offset -= layout->config_len;
    }

    ngx_stream_live_rtmp_play_done(play->configs, layout, f);

    return NGX_OK;
}


/* copies what stands on the wire from offset to end */

static void
ngx_stream_live_rtmp_play_copy(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f, ngx_stream_live_rtmp_layout_t *layout, u_char *p,
    size_t end)
{
    size_t                    offset;
    ngx_live_ring_sh_t       *ring;
    ngx_live_rtmp_piece_t     piece;
    ngx_live_rtmp_message_t  *m;

    ring = rs->play->stream->sh->ring;

    for (offset = rs->play->offset;
         offset < end;
         offset += piece.hlen + piece.len)
    {
        m = (offset < layout->config_len) ? &layout->config : &layout->frame;

        ngx_live_rtmp_chunk_piece(&piece, m, rs->chunk_size,
                                  (m == &layout->config)
                                  ? offset : offset - layout->config_len);

        p = ngx_cpymem(p, piece.header, piece.hlen);

        if (m == &layout->config) {
            p = ngx_cpymem(p, m->body + piece.body, piece.len);

        } else {
            ngx_live_ring_copy_out(ngx_live_zone, ring, f, piece.body, p,
                                   piece.len);
            p += piece.len;
        }
    }
}


/* returns 0 if the frame is none for this player */

static ngx_uint_t
ngx_stream_live_rtmp_play_layout(ngx_stream_live_rtmp_t *rs,
    ngx_live_frame_t *f, uint32_t *configs,
    ngx_stream_live_rtmp_layout_t *layout)
{
    ngx_uint_t                    kind;
    ngx_live_config_sh_t         *config;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (f->flags & NGX_LIVE_FRAME_DERIVED) {
        layout->config_len = 0;
        return 0;
    }

    if (f->flags & NGX_LIVE_FRAME_VIDEO) {
        kind = NGX_STREAM_LIVE_RTMP_VIDEO;

    } else if (f->flags & NGX_LIVE_FRAME_AUDIO) {
        kind = NGX_STREAM_LIVE_RTMP_AUDIO;

    } else {
        kind = NGX_STREAM_LIVE_RTMP_DATA;
    }

    if (play->tracks[kind] == -1) {
        play->tracks[kind] = f->track;
    }

    layout->config_len = 0;

    if (play->tracks[kind] != f->track) {
        return 0;
    }

    ngx_stream_live_rtmp_play_message(rs, &layout->frame, kind, f->dts);

    layout->frame.len = f->size;
    layout->kind = kind;

    if (kind != NGX_STREAM_LIVE_RTMP_DATA && f->config != configs[kind]) {

        config = ngx_stream_live_rtmp_play_config(rs, kind, f->config);

        if (config) {
            layout->config = layout->frame;
            layout->config.body = config->data;
            layout->config.len = config->size;

            layout->config_len = ngx_live_rtmp_chunk_wire_len(&layout->config,
                                                              rs->chunk_size);
        }
    }

    layout->len = layout->config_len
                  + ngx_live_rtmp_chunk_wire_len(&layout->frame,
                                                 rs->chunk_size);
    return 1;
}


/* the player has the configuration of this frame now */

static void
ngx_stream_live_rtmp_play_done(uint32_t *configs,
    ngx_stream_live_rtmp_layout_t *layout, ngx_live_frame_t *f)
{
    if (layout->kind != NGX_STREAM_LIVE_RTMP_DATA) {
        configs[layout->kind] = f->config;
    }
}


/* a version, 0 for the newest, if it is something that players are sent */

static ngx_live_config_sh_t *
ngx_stream_live_rtmp_play_config(ngx_stream_live_rtmp_t *rs, ngx_uint_t kind,
    uint32_t version)
{
    ngx_live_config_sh_t         *config;
    ngx_stream_live_rtmp_play_t  *play;

    play = rs->play;

    if (version == 0 && play->stream->sh->tracks[play->tracks[kind]].config
                        == 0)
    {
        return NULL;
    }

    config = ngx_live_stream_config(play->stream, play->tracks[kind], version);

    if (config == NULL || !ngx_live_config_is_sent(config)) {
        return NULL;
    }

    return config;
}


static void
ngx_stream_live_rtmp_play_message(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m, ngx_uint_t kind, ngx_live_time_t dts)
{
    m->timestamp = (uint32_t) (dts / NGX_LIVE_TICKS_PER_MS);
    m->msid = rs->msid;
    m->csid = ngx_stream_live_rtmp_play_csids[kind];
    m->type = ngx_stream_live_rtmp_play_types[kind];
    m->len = 0;
    m->body = NULL;
}


/* adds what stands on the wire from offset on; DECLINED: no room for more */

static ngx_int_t
ngx_stream_live_rtmp_play_add(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send, ngx_live_frame_t *f,
    ngx_stream_live_rtmp_layout_t *layout, size_t offset)
{
    ngx_int_t                 rc;
    ngx_live_rtmp_piece_t     piece;
    ngx_live_rtmp_message_t  *m;

    while (offset < layout->len) {
        m = (offset < layout->config_len) ? &layout->config : &layout->frame;

        ngx_live_rtmp_chunk_piece(&piece, m, rs->chunk_size,
                                  (m == &layout->config)
                                  ? offset : offset - layout->config_len);

        if (piece.hlen
            && ngx_live_send_copy(send, piece.header, piece.hlen) != NGX_OK)
        {
            return NGX_DECLINED;
        }

        if (m == &layout->config) {
            rc = ngx_live_send_add(send, m->body + piece.body, piece.len);

        } else {
            rc = ngx_live_send_frame(send, &rs->play->reader, f,
                                     (uint32_t) piece.body,
                                     (uint32_t) piece.len);
        }

        if (rc != NGX_OK) {
            return NGX_DECLINED;
        }

        offset += piece.hlen + piece.len;
    }

    return NGX_OK;
}
