
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_TEST_H_INCLUDED_
#define _NGX_LIVE_TEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_access.h"
#include "ngx_live_json.h"
#include "ngx_live_stream.h"


/* a hook: cuts frames into packets while somebody wants them */
void ngx_live_test_packets_frame(ngx_live_stream_t *st, ngx_live_frame_t *f);

/* begins to read APP/NAME in this worker, or ends, and says what came */
void ngx_live_test_packets_open(ngx_str_t *name, ngx_uint_t track);
void ngx_live_test_packets_close(void);
void ngx_live_test_packets_show(ngx_live_json_t *js);
void ngx_live_test_packets_find(ngx_live_json_t *js, uint64_t number);

/* around the opening of sessions; the last three are hooks */
void ngx_live_test_session_access(ngx_live_access_t *a);
ngx_int_t ngx_live_test_session_open(ngx_live_session_t *s,
    ngx_live_access_t *a);
void ngx_live_test_session_close(ngx_live_session_t *s);
ngx_int_t ngx_live_test_session_start(ngx_live_stream_t *st);

/* locations, and what a worker begins with */
ngx_int_t ngx_http_live_test_frames_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_live_test_metadata_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_live_test_redis_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_live_test_redis_init_process(ngx_cycle_t *cycle);

/* a whole answer; of json the outermost object has been ended */
ngx_int_t ngx_http_live_test_json(ngx_http_request_t *r, ngx_live_json_t *js);
ngx_int_t ngx_http_live_test_send(ngx_http_request_t *r, ngx_chain_t *out,
    off_t size);


#endif /* _NGX_LIVE_TEST_H_INCLUDED_ */
