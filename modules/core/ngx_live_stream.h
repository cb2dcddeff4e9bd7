
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_STREAM_H_INCLUDED_
#define _NGX_LIVE_STREAM_H_INCLUDED_


#include "ngx_live_metadata.h"
#include "ngx_live_packet_ring.h"
#include "ngx_live_timeline.h"


#define NGX_LIVE_TRACKS          16
#define NGX_LIVE_CONFIGS         4       /* versions of a track's config */
#define NGX_LIVE_CONFIG_MAX      16384   /* bytes of one */
#define NGX_LIVE_ATTACHMENTS     8
#define NGX_LIVE_SESSION_LEN     16
#define NGX_LIVE_CODEC_LEN       32


typedef enum {
    NGX_LIVE_KIND_NONE = 0,
    NGX_LIVE_KIND_VIDEO,
    NGX_LIVE_KIND_AUDIO,
    NGX_LIVE_KIND_DATA                  /* onMetaData and its like */
} ngx_live_kind_e;


typedef enum {
    NGX_LIVE_CODEC_NONE = 0,
    NGX_LIVE_CODEC_H264,
    NGX_LIVE_CODEC_AAC,
    NGX_LIVE_CODEC_MP3,
    NGX_LIVE_CODEC_SCRIPT,              /* AMF0 data messages */
    NGX_LIVE_CODEC_OPUS                 /* record: OpusHead, RFC 7845 */
} ngx_live_codec_e;


/* what a configuration record says, filled by the door that parsed it */

typedef struct {
    uint8_t                    kind;        /* NGX_LIVE_KIND_* */
    uint8_t                    codec;       /* NGX_LIVE_CODEC_* */
    uint16_t                   width;
    uint16_t                   height;
    uint16_t                   channels;
    uint32_t                   rate;        /* audio samples per second */
    uint32_t                   samples;     /* audio samples per frame */
    uint32_t                   fps_num;     /* as signalled, 0: unknown */
    uint32_t                   fps_den;
    u_char                     string[NGX_LIVE_CODEC_LEN]; /* RFC 6381, \0 */
} ngx_live_track_info_t;


typedef struct {
    uint32_t                   version;     /* 0: empty */
    uint32_t                   size;
    u_char                    *data;        /* slab: FLV tag body with its
                                               prefix, e.g. 17 00 .. avcC */
    ngx_live_track_info_t      info;
} ngx_live_config_sh_t;


/*
 * Non-zero if players of RTMP and FLV are sent the configuration: that of MP3,
 * which has none, is made of the constant bits of its frames' headers, and few
 * of them know Opus.
 */
#define ngx_live_config_is_sent(config)                                       \
    ((config)->size && (config)->info.codec != NGX_LIVE_CODEC_MP3             \
     && (config)->info.codec != NGX_LIVE_CODEC_OPUS)


typedef struct {
    ngx_atomic_t               config;      /* newest version, 0: none */
    ngx_live_config_sh_t       configs[NGX_LIVE_CONFIGS]; /* version % 4 */

    uint64_t                   publisher;   /* number of the last one that
                                               has configured it */
    int64_t                    changed;     /* clock: changes are counted
                                               since */
    ngx_uint_t                 changes;

    ngx_uint_t                 source;      /* 1 + the track that it is made
                                               of, 0: the publisher's own */
    u_char                     group[8];    /* alternatives of one content */
    u_char                     lang[8];
    u_char                     role[8];

    ngx_live_time_t            last;        /* dts of the newest frame */
    ngx_live_time_t            duration;    /* of the newest frame */
    ngx_live_time_t            last_key;    /* dts of the newest key frame */
    ngx_live_time_t            key_interval;

    uint64_t                   bytes;
    uint64_t                   frames;
    uint64_t                   keys;

    /* a second's window for bitrate and fps */
    int64_t                    window_start; /* clock */
    uint64_t                   window_bytes;
    uint64_t                   window_frames;
    uint32_t                   bitrate;      /* bits per second */
    uint32_t                   fps;          /* frames per 1000 s */
} ngx_live_track_sh_t;


/* packets of a track: see ngx_live_packets.h */

typedef struct {
    ngx_atomic_t               readers[NGX_LIVE_SLOT_WORDS]; /* slots */
    ngx_live_packet_ring_sh_t *ring;        /* (m) once made it stays */
} ngx_live_packets_sh_t;


typedef enum {
    NGX_LIVE_STREAM_LIVE = 0,               /* a publisher is there */
    NGX_LIVE_STREAM_WAITING,                /* for its return */
    NGX_LIVE_STREAM_ENDED
} ngx_live_stream_state_e;


#define NGX_LIVE_NO_OWNER  ((ngx_atomic_uint_t) -1)


/*
 * A stream in shared memory.  The owner writes all fields without a lock,
 * except those marked (m), which are changed under the zone's mutex.
 */

struct ngx_live_stream_sh_s {
    ngx_str_node_t             sn;          /* (m) "APP/NAME" */
    ngx_str_t                  app;         /* both point into sn.str */
    ngx_str_t                  name;
    ngx_uint_t                 index;       /* in zone->streams */
    uint64_t                   uid;         /* never used twice in a zone */

    u_char                     session[NGX_LIVE_SESSION_LEN + 1];

    ngx_atomic_t               state;
    ngx_atomic_t               owner;       /* (m) slot, NGX_LIVE_NO_OWNER */
    ngx_atomic_t               generation;  /* (m) of ownership */
    ngx_atomic_t               writer;      /* generation that wrote last */
    ngx_atomic_t               writer_slot; /* and its slot */
    ngx_atomic_t               ack;         /* generation up to which nobody
                                               writes any more */
    ngx_atomic_t               interest[NGX_LIVE_SLOT_WORDS];
                                            /* slots with a local handle */
    ngx_atomic_t               wanted[NGX_LIVE_SLOT_WORDS];
                                            /* slots to be rung for a frame */

    ngx_live_ring_sh_t        *ring;
    ngx_uint_t                 ntracks;
    ngx_live_track_sh_t        tracks[NGX_LIVE_TRACKS];
    ngx_live_packets_sh_t      packets[NGX_LIVE_TRACKS];
    ngx_live_timeline_t        timeline;
    ngx_live_metadata_queue_sh_t  metadata;  /* (m) */

    ngx_uint_t                 conf_generation; /* it was started with */
    ngx_msec_t                 reconnect;   /* ms */
    ngx_msec_t                 stale;       /* ms: publish_stale */
    ngx_msec_t                 buffer;      /* ms */

    /* of ngx_live_clock() */
    int64_t                    created;
    int64_t                    started;     /* the publisher came */
    int64_t                    last_frame;
    int64_t                    waiting;     /* since; 0: not waiting */
    uint64_t                   publishers;  /* that have come so far */

    ngx_uint_t                 door;        /* of the publisher */
    u_char                     address[NGX_SOCKADDR_STRLEN + 1];

    uint64_t                   bytes_in;
    ngx_atomic_t               bytes_out;
    ngx_atomic_t               viewers[NGX_LIVE_DOOR_MAX];
    ngx_atomic_t               viewer_table; /* extent + 1: who has none of
                                                the sessions, 0: nobody */
    uint64_t                   dropped;     /* frames, zone or ring was full */
    ngx_atomic_t               skipped;     /* readers moved to a key frame */
    ngx_uint_t                 dropping;    /* up to the next key frame */

    struct {
        uint32_t               key;         /* e.g. 'HLS ' */
        void                  *data;
    } attachments[NGX_LIVE_ATTACHMENTS];
};


/*
 * A worker's handle of a stream; one per stream and worker, counted.  While
 * it exists the shared part is not freed.
 */

struct ngx_live_stream_s {
    ngx_live_stream_sh_t      *sh;
    ngx_uint_t                 refs;
    ngx_uint_t                 index;
    uint64_t                   uid;

    ngx_live_app_conf_t       *app;         /* settings the stream started
                                               with; NULL unless owned */
    ngx_live_publisher_t      *publisher;   /* in this worker, or NULL */
    uint64_t                   generation;  /* ours while owned */

    ngx_live_config_sh_t      *configs[NGX_LIVE_TRACKS][NGX_LIVE_CONFIGS];
    ngx_queue_t                watchers;    /* ngx_live_watcher_t */
    ngx_queue_t                fanouts;     /* of readers, by interval */
    ngx_live_packets_t        *packets;     /* readers of them, by track */
    void                     **ctx;         /* by ctx_index of live modules */
    ngx_pool_t                *pool;
    ngx_log_t                 *log;

    unsigned                   owned:1;
    unsigned                   fanning:1;   /* readers are being called */
};


/*
 * Called in this worker whenever something of the stream changed: a frame,
 * a part, its state.  A watcher may remove itself, or others, in its handler.
 */

typedef struct ngx_live_watcher_s  ngx_live_watcher_t;

struct ngx_live_watcher_s {
    ngx_queue_t                queue;
    void                     (*handler)(ngx_live_watcher_t *w);
    void                      *data;
};


/*
 * A handle of an existing stream, or NULL.  Each open or find is paired with
 * one ngx_live_stream_close().
 */
ngx_live_stream_t *ngx_live_stream_find(ngx_str_t *app, ngx_str_t *name);
ngx_live_stream_t *ngx_live_stream_open_index(ngx_uint_t index);
void ngx_live_stream_close(ngx_live_stream_t *st);

/*
 * The next stream that has ended, is found by its name no more, but is still
 * held by somebody, e.g. until its files are written.  *i begins with 0.
 */
ngx_live_stream_t *ngx_live_stream_next_ended(ngx_str_t *app, ngx_str_t *name,
    ngx_uint_t *i);

void ngx_live_stream_watch(ngx_live_stream_t *st, ngx_live_watcher_t *w);
void ngx_live_stream_unwatch(ngx_live_watcher_t *w);

/* tells all workers with a handle that something changed; cheap */
void ngx_live_stream_ring(ngx_live_stream_t *st);

/* a frame: tells those only that do not look at the ring by a timer anyway */
void ngx_live_stream_ring_frame(ngx_live_stream_t *st);

/* non-zero while this worker owns the stream: check before each commit */
#define ngx_live_stream_owned(st)                                             \
    ((st)->owned && (st)->generation == (st)->sh->generation)

/*
 * A module's own data in shared memory, found by its key.  set returns
 * NGX_ERROR when all attachments are taken.
 */
void *ngx_live_stream_attachment(ngx_live_stream_sh_t *sh, uint32_t key);
ngx_int_t ngx_live_stream_attach(ngx_live_stream_sh_t *sh, uint32_t key,
    void *data);

/*
 * The configuration of a track: version 0 is the newest.  NULL when that
 * version is not kept any more.  The result is a copy cached in the handle;
 * it stays valid until the track has had NGX_LIVE_CONFIGS newer ones or the
 * handle is closed: ask again by version rather than keep it.
 */
ngx_live_config_sh_t *ngx_live_stream_config(ngx_live_stream_t *st,
    ngx_uint_t track, uint32_t version);

/*
 * The time of the publisher's newest picture or sound: where its stream is
 * now.
 */
ngx_live_time_t ngx_live_stream_time(ngx_live_stream_sh_t *sh);

#define ngx_live_stream_module_ctx(st, module)                                \
    (st)->ctx[(module).ctx_index]

/* ends a stream for good: admin, housekeeper */
void ngx_live_stream_end(ngx_live_stream_t *st);

/*
 * Internal to core.  own makes this worker the owner (the shared fields are
 * set already), release gives ownership up, to nobody or to the one who has
 * taken it; busy is non-zero while another living worker may still write.
 * create returns a handle, or NULL: *full says why, NULL is no memory.
 */
ngx_live_stream_t *ngx_live_stream_create(ngx_live_app_conf_t *app,
    ngx_str_t *name, const char **full);
ngx_uint_t ngx_live_stream_busy(ngx_live_stream_sh_t *sh);
void ngx_live_stream_own(ngx_live_stream_t *st, uint64_t generation);
void ngx_live_stream_release(ngx_live_stream_t *st, const char *reason);

/* internal to core: by "APP/NAME", NULL: there is none */
ngx_live_stream_sh_t *ngx_live_stream_named_locked(ngx_str_t *key);

/* internal to core: this worker's handle if there is one, not counted */
ngx_live_stream_t *ngx_live_stream_local(ngx_uint_t index);

/* internal to core: after a bell, once a second, for a slot that died */
void ngx_live_stream_dispatch(ngx_uint_t index);
void ngx_live_stream_tick(ngx_uint_t keeper);
void ngx_live_stream_lost_slot_locked(ngx_uint_t slot);
void ngx_live_stream_sweep_locked(ngx_uint_t slot);
ngx_int_t ngx_live_stream_init_process(ngx_cycle_t *cycle);


/*
 * ms since the epoch: a date that people, playlists and files are told.  It
 * may be set, so nothing is measured with it.
 */
#define ngx_live_now()                                                        \
    ((int64_t) (ngx_cached_time->sec * 1000 + ngx_cached_time->msec))

/*
 * ms of the machine's monotonic clock, which all processes share: for times
 * in shared memory that are compared with each other.
 */
#define ngx_live_clock()  ((int64_t) ngx_current_msec)


#endif /* _NGX_LIVE_STREAM_H_INCLUDED_ */
