
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
 * A publisher came to a stream without an index.  NGX_OK: a session of this
 * stream that a restart of nginx had cut off is the stream's now.
 */
ngx_int_t ngx_live_hls_recover(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf);


/* ngx_live_hls_keeper.c: one worker looks after the directories */
ngx_int_t ngx_live_hls_keeper_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_LIVE_HLS_RECOVER_H_INCLUDED_ */
