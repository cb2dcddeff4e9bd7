
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_MEDIA_H_INCLUDED_
#define _NGX_LIVE_MEDIA_H_INCLUDED_


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_live_helper_frame.h"


/*
 * live-media: the helper program of nginx-live.  Its descriptor 0 is a socket
 * of messages (ngx_live_helper_frame.h), what it writes to descriptor 2 is
 * logged by nginx.  It ends by itself when nginx closes the socket.
 */

/* of a message from nginx */
#define NGX_LIVE_MEDIA_BODY_MAX  (32 * 1024 * 1024)


typedef struct {
    ngx_live_helper_message_t  msg;
    u_char                    *body;      /* msg.size bytes and zeros */
    size_t                     allocated;
} ngx_live_media_input_t;


/* what is done with the messages; NGX_OK or NGX_ERROR, which ends it */

typedef struct {
    const char                *name;
    const char                *usage;
    ngx_int_t                (*init)(int argc, char **argv);
    ngx_int_t                (*config)(ngx_live_media_input_t *in);
    ngx_int_t                (*frame)(ngx_live_media_input_t *in);
} ngx_live_media_mode_t;


extern ngx_live_media_mode_t  ngx_live_media_opus;


/* writes all of it, however long that takes; NGX_ERROR: nginx is gone */
ngx_int_t ngx_live_media_write(ngx_live_helper_message_t *msg,
    const void *body);

/* the next message; NGX_DONE: nginx does not need us any more */
ngx_int_t ngx_live_media_read(ngx_live_media_input_t *in);


#endif /* _NGX_LIVE_MEDIA_H_INCLUDED_ */
