
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

/* one worker looks after the directories from time to time */
ngx_int_t ngx_live_hls_recover_init_process(ngx_cycle_t *cycle);

/*
 * A publisher came to a stream without an index: when a session of this
 * stream was cut off by a restart and "reconnect" has not passed since, it is
 * made the stream's.
 */
void ngx_live_hls_recover(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf);


#endif /* _NGX_LIVE_HLS_RECOVER_H_INCLUDED_ */
