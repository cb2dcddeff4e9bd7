
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_RECOVER_H_INCLUDED_
#define _NGX_LIVE_HLS_RECOVER_H_INCLUDED_


#include "ngx_live_hls_packager.h"


/*
 * What is in hls_path without a stream in the zone: sessions that ended, and
 * those that nginx left behind when it was stopped.
 */

/* nginx was started: called once in its master, and again at each reload */
void ngx_live_hls_recover_start(void);

/*
 * Non-zero while the sessions of nginx's former life may not have been looked
 * after yet: what is missing is not gone.
 */
ngx_uint_t ngx_live_hls_recover_early(void);

/* seconds since its last line for which a session may be continued */
#define ngx_live_hls_recover_time(conf, reconnect)                            \
    (((reconnect) + (conf)->target_duration) / 1000 + 1)

/*
 * A publisher came to a stream without a session: one that a restart of nginx
 * had cut off may be in the files, and is looked for in a thread.  The handler
 * is called in the stream's worker:
 *
 *     NGX_OK        the stream's index has become that of the session, it is
 *                   to be finished once it has a packager
 *     NGX_DECLINED  there is none
 *     NGX_ERROR     the stream is another worker's now
 *
 * It is not called once the search was cancelled.  Either way the search is
 * no more the caller's; until then the stream's handle is kept.  NULL: no
 * memory.
 */

typedef struct ngx_live_hls_recover_s  ngx_live_hls_recover_t;

typedef void (*ngx_live_hls_recover_pt)(ngx_live_stream_t *st,
    ngx_live_hls_recover_t *rec, ngx_int_t rc);

ngx_uint_t ngx_live_hls_recover_wanted(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf);
ngx_live_hls_recover_t *ngx_live_hls_recover(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf, ngx_live_hls_recover_pt handler);
void ngx_live_hls_recover_cancel(ngx_live_hls_recover_t *rec);

/* what is to be done in the files of the session */
void ngx_live_hls_recover_finish(ngx_live_hls_recover_t *rec,
    ngx_live_hls_packager_t *p);


/* ngx_live_hls_keeper.c: one worker looks after the directories */
ngx_int_t ngx_live_hls_keeper_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_LIVE_HLS_RECOVER_H_INCLUDED_ */
