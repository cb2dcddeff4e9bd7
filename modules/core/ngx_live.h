
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_H_INCLUDED_
#define _NGX_LIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_live_time.h"


#define NGX_LIVE_VERSION           "0.1.0"

#define NGX_LIVE_MODULE            0x4556494c     /* "LIVE" */

#define NGX_LIVE_MAIN_CONF         0x02000000
#define NGX_LIVE_APP_CONF          0x04000000


#define NGX_LIVE_MAIN_CONF_OFFSET  offsetof(ngx_live_conf_ctx_t, main_conf)
#define NGX_LIVE_APP_CONF_OFFSET   offsetof(ngx_live_conf_ctx_t, app_conf)


/*
 * Doors: the ways by which a client reaches a stream.  The values are stored
 * in shared memory and index the per-door viewer counters.
 */

typedef enum {
    NGX_LIVE_DOOR_RTMP = 0,
    NGX_LIVE_DOOR_HLS,
    NGX_LIVE_DOOR_FLV,
    NGX_LIVE_DOOR_WHIP,
    NGX_LIVE_DOOR_WHEP,
    NGX_LIVE_DOOR_CHAT,
    NGX_LIVE_DOOR_API,
    NGX_LIVE_DOOR_MAX
} ngx_live_door_e;


typedef struct ngx_live_zone_s       ngx_live_zone_t;
typedef struct ngx_live_stream_s     ngx_live_stream_t;
typedef struct ngx_live_publisher_s  ngx_live_publisher_t;
typedef struct ngx_live_reader_s     ngx_live_reader_t;
typedef struct ngx_live_session_s    ngx_live_session_t;
typedef struct ngx_live_access_s     ngx_live_access_t;
typedef struct ngx_live_frame_s      ngx_live_frame_t;
typedef struct ngx_live_ring_sh_s    ngx_live_ring_sh_t;
typedef struct ngx_live_packets_s    ngx_live_packets_t;
typedef struct ngx_live_stream_sh_s  ngx_live_stream_sh_t;
typedef struct ngx_live_app_conf_s   ngx_live_app_conf_t;


typedef struct {
    void                     **main_conf;
    void                     **app_conf;
} ngx_live_conf_ctx_t;


/*
 * The context of a module of type NGX_LIVE_MODULE: configuration callbacks
 * as in http, and hooks into a stream's life.  Any member may be NULL.
 *
 * The stream_* hooks run in the worker that owns the stream, except
 * stream_free, which runs in whichever worker drops the last reference:
 *
 *   stream_start   a publisher begins or continues the stream.  The first
 *                  frame of a continued stream carries NGX_LIVE_FRAME_DISCONT
 *   stream_config  a track got a new configuration (also at stream_start,
 *                  for each track that has one already)
 *   stream_frame   a frame was committed to the ring; it stays valid during
 *                  the call, longer only behind a pin
 *   stream_stop    the publisher went away; the stream waits for it or ends.
 *                  Also called when ownership is lost to another worker
 *                  (stream->owned is 0 then: write nothing any more)
 *   stream_adopt   this worker became owner of a stream without a publisher
 *                  because the former owner died or is leaving
 *   stream_end     the stream ended for good: reconnect time has passed.
 *                  It is called in the owner before stream_free
 *   stream_free    the shared part of the stream is about to be freed; zone
 *                  mutex is not held
 *   stream_status  append to the stream's object of live_status
 *
 * The session_* hooks run in the worker that holds the session, which is in
 * the registry then (ngx_live_session.h), without the zone's mutex:
 *
 *   session_open   a was allowed and its session is entered.  Anything but
 *                  NGX_OK ends the session, as ngx_live_session_end() does
 *   session_close  it is about to be removed.  A worker that died has not
 *                  called it
 *
 *   status         append to the whole of live_status
 *   zone_init      the zone was just created (master process, once)
 */

typedef struct ngx_live_json_s  ngx_live_json_t;

typedef struct {
    ngx_int_t  (*preconfiguration)(ngx_conf_t *cf);
    ngx_int_t  (*postconfiguration)(ngx_conf_t *cf);

    void      *(*create_main_conf)(ngx_conf_t *cf);
    char      *(*init_main_conf)(ngx_conf_t *cf, void *conf);

    void      *(*create_app_conf)(ngx_conf_t *cf);
    char      *(*merge_app_conf)(ngx_conf_t *cf, void *prev, void *conf);

    ngx_int_t  (*stream_start)(ngx_live_stream_t *st);
    void       (*stream_config)(ngx_live_stream_t *st, ngx_uint_t track);
    void       (*stream_frame)(ngx_live_stream_t *st, ngx_live_frame_t *f);
    void       (*stream_stop)(ngx_live_stream_t *st);
    void       (*stream_adopt)(ngx_live_stream_t *st);
    void       (*stream_end)(ngx_live_stream_t *st);
    void       (*stream_free)(ngx_live_stream_sh_t *sh);
    void       (*stream_status)(ngx_live_stream_sh_t *sh, ngx_live_json_t *js);

    ngx_int_t  (*session_open)(ngx_live_session_t *s, ngx_live_access_t *a);
    void       (*session_close)(ngx_live_session_t *s);

    void       (*status)(ngx_live_json_t *js);
} ngx_live_module_t;


typedef struct {
    ngx_str_t                  node;
    ngx_msec_t                 drain;       /* 0: off */
    ngx_live_zone_t           *zone;
    ngx_array_t                apps;        /* ngx_live_app_conf_t * */
    ngx_array_t                access;      /* ngx_live_access_handler_t */
    ngx_array_t                rules;       /* ngx_live_access_rule_t */
    ngx_array_t                subscribers; /* ngx_live_event_handler_pt */
    ngx_uint_t                 generation;  /* configuration generation */
    ngx_live_module_t        **modules;     /* all, NULL-terminated */
} ngx_live_main_conf_t;


#define NGX_LIVE_CONFLICT_REJECT    0
#define NGX_LIVE_CONFLICT_TAKEOVER  1

/* publish and play: a bit per rule; "any" and "none" are the core's own */

#define NGX_LIVE_RULE_NONE  0x00000001
#define NGX_LIVE_RULE_ANY   0x00000002

struct ngx_live_app_conf_s {
    ngx_str_t                  name;
    void                     **app_conf;    /* of all live modules */

    ngx_uint_t                 publish;     /* NGX_LIVE_RULE_* */
    ngx_uint_t                 play;
    ngx_uint_t                 publish_conflict;
    ngx_msec_t                 publish_stale;
    ngx_msec_t                 reconnect;
    ngx_msec_t                 buffer;
    size_t                     buffer_size; /* bytes of a stream's ring */
    ngx_uint_t                 tracks;
    size_t                     metadata_queue; /* bytes */

    u_char                    *file;        /* where "application" stands */
    ngx_uint_t                 line;
};


extern ngx_module_t  ngx_live_module;
extern ngx_module_t  ngx_live_core_module;


/*
 * The main configuration of the running cycle, NULL when nginx.conf has no
 * live {} block.  At configuration time use ngx_live_conf_get_main_conf().
 */

ngx_live_main_conf_t *ngx_live_main_conf(ngx_cycle_t *cycle);

/* application by name, NULL if there is none */
ngx_live_app_conf_t *ngx_live_app_conf(ngx_live_main_conf_t *lmcf,
    ngx_str_t *name);

#define ngx_live_conf_get_module_main_conf(cf, module)                        \
    ((ngx_live_conf_ctx_t *) cf->ctx)->main_conf[module.ctx_index]

#define ngx_live_conf_get_module_app_conf(cf, module)                         \
    ((ngx_live_conf_ctx_t *) cf->ctx)->app_conf[module.ctx_index]

#define ngx_live_get_module_app_conf(lacf, module)                            \
    (lacf)->app_conf[module.ctx_index]

/* main configuration of any live module in a running cycle */
void *ngx_live_get_module_main_conf(ngx_cycle_t *cycle, ngx_module_t *module);

/* calls HOOK of every live module that has it; there is a live {} block */
#define ngx_live_call_hooks(hook, args)                                       \
    do {                                                                      \
        ngx_live_module_t  **m_;                                              \
                                                                              \
        m_ = ngx_live_main_conf((ngx_cycle_t *) ngx_cycle)->modules;          \
                                                                              \
        for ( /* void */ ; *m_; m_++) {                                       \
            if ((*m_)->hook) {                                                \
                (*m_)->hook args;                                             \
            }                                                                 \
        }                                                                     \
    } while (0)


#endif /* _NGX_LIVE_H_INCLUDED_ */
