
/*
 * Copyright (C) nginx-live authors
 */


/*
 * RTMP chunk stream, RTMP specification 1.0, section 5.3: an incremental
 * demultiplexer for hostile input, and the writer of chunk headers.
 */


#ifndef _NGX_LIVE_RTMP_CHUNK_H_INCLUDED_
#define _NGX_LIVE_RTMP_CHUNK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_RTMP_CHUNK_SIZE          128         /* until it is set */
#define NGX_LIVE_RTMP_CHUNK_MAX_SIZE      0x7fffffff

/* of a message: its length has 24 bits */
#define NGX_LIVE_RTMP_MAX_LEN             0xffffff

/* chunk streams one peer may use; encoders in use need fewer than ten */
#define NGX_LIVE_RTMP_CHUNK_MAX_STREAMS   64

/* basic header, message header, extended timestamp */
#define NGX_LIVE_RTMP_CHUNK_MAX_HEADER    (3 + 11 + 4)

/* the longest headers the writer makes: chunk stream ids are below 64 */
#define NGX_LIVE_RTMP_CHUNK_HEADER0       (1 + 11 + 4)
#define NGX_LIVE_RTMP_CHUNK_HEADER3       (1 + 4)


/* message types, sections 5.4, 6.2 and 7.1 */

#define NGX_LIVE_RTMP_SET_CHUNK_SIZE      1
#define NGX_LIVE_RTMP_ABORT               2
#define NGX_LIVE_RTMP_ACK                 3
#define NGX_LIVE_RTMP_USER_CONTROL        4
#define NGX_LIVE_RTMP_WINDOW_ACK_SIZE     5
#define NGX_LIVE_RTMP_SET_PEER_BANDWIDTH  6
#define NGX_LIVE_RTMP_AUDIO               8
#define NGX_LIVE_RTMP_VIDEO               9
#define NGX_LIVE_RTMP_AMF3_DATA           15
#define NGX_LIVE_RTMP_AMF3_SHARED         16
#define NGX_LIVE_RTMP_AMF3_COMMAND        17
#define NGX_LIVE_RTMP_AMF0_DATA           18
#define NGX_LIVE_RTMP_AMF0_SHARED         19
#define NGX_LIVE_RTMP_AMF0_COMMAND        20
#define NGX_LIVE_RTMP_AGGREGATE           22


/*
 * A message.  The timestamp is absolute, in milliseconds, modulo 2^32.  The
 * body stays the reader's and is valid until its next call.
 */

typedef struct {
    uint32_t                         timestamp;
    uint32_t                         msid;       /* message stream id */
    uint32_t                         csid;       /* chunk stream id */
    uint32_t                         len;
    u_char                          *body;       /* NULL if len is 0 */
    u_char                           type;
} ngx_live_rtmp_message_t;


/*
 * Changes the size of memory: p is NULL for new memory, size is 0 to free.
 * Returns NULL when there is none, p stays valid then.
 */

typedef void *(*ngx_live_rtmp_chunk_resize_pt)(void *data, void *p,
    size_t size);


typedef struct {
    uint32_t                         csid;
    uint32_t                         timestamp;  /* of the last message */
    uint32_t                         delta;
    uint32_t                         len;        /* of the current message */
    uint32_t                         msid;
    uint32_t                         received;   /* bytes of the body */
    uint32_t                         size;       /* of body's memory */
    u_char                           type;
    unsigned                         started:1;  /* within a message */
    unsigned                         extended:1;
    u_char                          *body;
} ngx_live_rtmp_chunk_stream_t;


/*
 * The reader's state.  Memory grows with what has been received, not with
 * what has been announced, and is at most max_memory for all bodies.
 */

typedef struct {
    ngx_live_rtmp_chunk_resize_pt    resize;
    void                            *data;       /* resize's first argument */

    uint32_t                         max_message;
    size_t                           max_memory;

    const char                      *reason;     /* set with NGX_ERROR */

    /* the rest is the reader's own */

    u_char                          *body;       /* in the caller's bytes */
    size_t                           memory;
    uint32_t                         chunk_size;
    uint32_t                         left;       /* of the current chunk */

    ngx_live_rtmp_chunk_stream_t    *streams;
    ngx_uint_t                       nstreams;
    ngx_uint_t                       nalloc;
    ngx_uint_t                       current;
    ngx_uint_t                       finished;   /* index + 1 */

    ngx_uint_t                       state;
    ngx_uint_t                       ext_habit;
    u_char                           hlen;       /* bytes in header[] */
    u_char                           hneed;
    u_char                           rpos;       /* bytes to be read again */
    u_char                           rlast;
    u_char                           header[NGX_LIVE_RTMP_CHUNK_MAX_HEADER];
    u_char                           replay[4];
} ngx_live_rtmp_chunk_reader_t;


/*
 * Zeroes the state; the caller then sets resize, data, max_message and
 * max_memory.
 */

void ngx_live_rtmp_chunk_init(ngx_live_rtmp_chunk_reader_t *cr);

/* Frees all memory. */

void ngx_live_rtmp_chunk_free(ngx_live_rtmp_chunk_reader_t *cr);

/*
 * Takes bytes from *pos on and moves *pos behind those it has used.  Returns
 *   NGX_OK     a message is complete, call again even if no bytes are left;
 *   NGX_AGAIN  all bytes are used, more are needed;
 *   NGX_ERROR  the peer breaks the protocol or a limit, cr->reason says how.
 * "Set Chunk Size" and "Abort Message" are obeyed here and never returned.
 * A message's body is valid until the next call and no longer than the bytes
 * are: one that has come in one piece is not copied.
 */

ngx_int_t ngx_live_rtmp_chunk_read(ngx_live_rtmp_chunk_reader_t *cr,
    u_char **pos, u_char *last, ngx_live_rtmp_message_t *m);


/*
 * Render a header for a message whose type, timestamp, msid, csid (2 to 63)
 * and length are set; the timestamp is absolute, so that the bytes do not
 * depend on what was sent before.  Type 0 begins a message, type 3 begins
 * each further chunk.  They return the end of the header.
 */

u_char *ngx_live_rtmp_chunk_header0(u_char *p,
    const ngx_live_rtmp_message_t *m);
u_char *ngx_live_rtmp_chunk_header3(u_char *p,
    const ngx_live_rtmp_message_t *m);

/* Bytes on the wire of a message of len bytes. */

size_t ngx_live_rtmp_chunk_wire_len(const ngx_live_rtmp_message_t *m,
    size_t chunk_size);

/*
 * Renders a whole message into memory of ngx_live_rtmp_chunk_wire_len()
 * bytes; returns its end.
 */

u_char *ngx_live_rtmp_chunk_write(u_char *p, const ngx_live_rtmp_message_t *m,
    size_t chunk_size);


/*
 * What stands on the wire from some offset of a message on: the rest of a
 * header, if the offset is in one, then len bytes of the body from offset
 * body on, up to the end of their chunk.
 */

typedef struct {
    size_t                           body;
    size_t                           len;
    size_t                           hlen;       /* bytes in header[] */
    u_char                           header[NGX_LIVE_RTMP_CHUNK_HEADER0];
} ngx_live_rtmp_piece_t;

/* offset is below ngx_live_rtmp_chunk_wire_len(); no body is needed */
void ngx_live_rtmp_chunk_piece(ngx_live_rtmp_piece_t *piece,
    const ngx_live_rtmp_message_t *m, size_t chunk_size, size_t offset);


#endif /* _NGX_LIVE_RTMP_CHUNK_H_INCLUDED_ */
