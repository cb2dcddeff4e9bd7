
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_PARTICIPANT_H_INCLUDED_
#define _NGX_LIVE_PARTICIPANT_H_INCLUDED_


#include "ngx_live.h"


/*
 * Those who take part in a stream with camera or microphone.  The module that
 * has their media says when one comes, goes, or mutes himself; who wants to
 * know, such as the chat, whose rooms carry the signalling, sets the handler
 * in init_process.
 *
 * A user may take part by several connections: each is said to have joined and
 * left, by the worker that has it.  Those of a worker that dies have left.
 */

typedef enum {
    NGX_LIVE_PARTICIPANT_JOINED = 0,
    NGX_LIVE_PARTICIPANT_LEFT,
    NGX_LIVE_PARTICIPANT_STATUS
} ngx_live_participant_e;


typedef struct {
    ngx_uint_t                 what;       /* NGX_LIVE_PARTICIPANT_JOINED, */
    ngx_str_t                  app;
    ngx_str_t                  name;       /* of the stream */
    ngx_str_t                  id;         /* the user's, up to 256 bytes */
    ngx_str_t                  user;       /* what he is called, or empty */
    ngx_str_t                  role;       /* "viewer", ... */
    ngx_int_t                  audio;      /* 1, 0, -1: as it was, at first
                                              0 */
    ngx_int_t                  video;
} ngx_live_participant_t;


extern void  (*ngx_live_participant_handler)(ngx_live_participant_t *p);

/* the strings are the caller's */
void ngx_live_participant(ngx_live_participant_t *p);


#endif /* _NGX_LIVE_PARTICIPANT_H_INCLUDED_ */
