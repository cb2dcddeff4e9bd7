
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Positions in a room's log and the cursors by which clients resume.
 *
 * The id of a message is that of an entry of a Redis stream, "MS-SEQ", two
 * decimal numbers of 64 bits: ms since 1970, and which of that millisecond.
 * It orders what belongs to one epoch.
 *
 * A cursor names an epoch and a position in it.  While a node goes on without
 * the others it has an epoch of its own, and its cursors name both: where the
 * client stood in the epoch of all, and where it stands in that of the node.
 * To clients it is a text without a meaning, which they hand back as they got
 * it; a checksum tells texts that never were cursors.  It is no secret and
 * proves nothing.
 */


#ifndef _NGX_LIVE_CHAT_CURSOR_H_INCLUDED_
#define _NGX_LIVE_CHAT_CURSOR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of "18446744073709551615-18446744073709551615" */
#define NGX_LIVE_CHAT_ID_LEN      41

/* bytes of a cursor's text: 28 or 52 bytes in base64url */
#define NGX_LIVE_CHAT_CURSOR_SHORT  38
#define NGX_LIVE_CHAT_CURSOR_LEN    70


typedef struct {
    uint64_t               ms;
    uint64_t               seq;
} ngx_live_chat_id_t;


typedef struct {
    uint64_t               epoch;
    ngx_live_chat_id_t     id;             /* of the last message seen, 0-0:
                                              none */
    uint64_t               local;          /* the node's epoch, 0: none */
    ngx_live_chat_id_t     local_id;       /* of the last one in that */
} ngx_live_chat_cursor_t;


/* the epoch that an entry with this cursor belongs to, and its id there */

#define ngx_live_chat_cursor_epoch(c)                                         \
    ((c)->local ? (c)->local : (c)->epoch)

#define ngx_live_chat_cursor_id(c)                                            \
    ((c)->local ? &(c)->local_id : &(c)->id)


/*
 * NGX_OK or NGX_ERROR: the text is not as Redis writes it, so that an id has
 * one text only; leading zeros are refused.
 */
ngx_int_t ngx_live_chat_id_parse(u_char *p, size_t len,
    ngx_live_chat_id_t *id);

/* writes at most NGX_LIVE_CHAT_ID_LEN bytes, returns the end */
u_char *ngx_live_chat_id_write(u_char *dst, ngx_live_chat_id_t *id);

/* less than, equal to or greater than zero, as a is to b */
ngx_int_t ngx_live_chat_id_cmp(ngx_live_chat_id_t *a, ngx_live_chat_id_t *b);

/* NGX_OK or NGX_ERROR: no cursor */
ngx_int_t ngx_live_chat_cursor_parse(u_char *p, size_t len,
    ngx_live_chat_cursor_t *cursor);

/* writes at most NGX_LIVE_CHAT_CURSOR_LEN bytes, returns the end */
u_char *ngx_live_chat_cursor_write(u_char *dst,
    ngx_live_chat_cursor_t *cursor);


#endif /* _NGX_LIVE_CHAT_CURSOR_H_INCLUDED_ */
