
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_METADATA_H_INCLUDED_
#define _NGX_LIVE_CHAT_METADATA_H_INCLUDED_


#include "ngx_live_chat_room.h"


/* chat_metadata: what is put into the stream's media */

#define NGX_LIVE_CHAT_METADATA_OFF    0x0002
#define NGX_LIVE_CHAT_METADATA_TIPS   0x0004
#define NGX_LIVE_CHAT_METADATA_PINS   0x0008
#define NGX_LIVE_CHAT_METADATA_POLLS  0x0010

/* whose it is: the value of the scheme, and what the text is called */
#define NGX_LIVE_CHAT_URN             "urn:nginx-live:chat:2026"


/*
 * An entry has entered the log: if it is of a kind that the application wants,
 * and the stream is packaged on this node, it becomes timed metadata.
 */
void ngx_live_chat_metadata_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_entry_sh_t *e);

/*
 * In the relay, every NGX_LIVE_CHAT_METADATA_FOLLOW ms: streams that are
 * packaged on this node, and whose media takes what is said elsewhere, have
 * their rooms, also when nobody is there.
 */
#define NGX_LIVE_CHAT_METADATA_FOLLOW  1000

void ngx_live_chat_metadata_follow(ngx_live_chat_zone_t *zone);


#endif /* _NGX_LIVE_CHAT_METADATA_H_INCLUDED_ */
