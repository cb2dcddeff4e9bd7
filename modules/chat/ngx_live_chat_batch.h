
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_BATCH_H_INCLUDED_
#define _NGX_LIVE_CHAT_BATCH_H_INCLUDED_


#include "ngx_live_chat_hall.h"


typedef struct {
    ngx_str_t                  text;       /* JSON, in the batch's block */
    ngx_live_chat_cursor_t     cursor;
    ngx_uint_t                 passing;
} ngx_live_chat_item_t;


/*
 * Entries of a room, copied out of shared memory, as the bytes that clients
 * of each format are sent: all of them and, for those who lag behind, without
 * what passes.  The forms are made when they are first asked for.
 */

struct ngx_live_chat_batch_s {
    ngx_queue_t                queue;
    ngx_uint_t                 waiting;    /* clients that stand in it */
    uint64_t                   serial;     /* of its last entry */
    uint64_t                   told;       /* of its last entry of the log,
                                              0: it has none */
    ngx_live_chat_cursor_t     cursor;     /* of that */
    uint64_t                   end;        /* the hall's bytes up to here */
    ngx_uint_t                 n;
    ngx_live_chat_item_t      *items;
    ngx_str_t                  texts[NGX_LIVE_CHAT_FORMATS][2];
};


/* what is newer than serial; NULL: nothing is, or there is no memory */
ngx_live_chat_batch_t *ngx_live_chat_batch_create_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    uint64_t serial);
void ngx_live_chat_batch_free(ngx_live_chat_batch_t *batch);

/* the bytes of a format; NULL: there is no memory */
ngx_str_t *ngx_live_chat_batch_text(ngx_live_chat_batch_t *batch,
    ngx_uint_t format, ngx_uint_t behind);


#endif /* _NGX_LIVE_CHAT_BATCH_H_INCLUDED_ */
