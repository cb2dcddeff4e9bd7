
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_STAMP_H_INCLUDED_
#define _NGX_LIVE_CHAT_STAMP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * When something is said in a room: ,"ts":N,"time":N, the time of day and that
 * of the media of the room's stream, if it has one; ms.  At most
 * NGX_LIVE_CHAT_STAMP_LEN bytes.
 */
#define NGX_LIVE_CHAT_STAMP_LEN                                               \
    (sizeof(",\"ts\":,\"time\":") - 1 + 2 * NGX_INT64_LEN)

u_char *ngx_live_chat_stamp(u_char *p, ngx_str_t *key);


#endif /* _NGX_LIVE_CHAT_STAMP_H_INCLUDED_ */
