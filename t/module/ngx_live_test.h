
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_TEST_H_INCLUDED_
#define _NGX_LIVE_TEST_H_INCLUDED_


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


#endif /* _NGX_LIVE_TEST_H_INCLUDED_ */
