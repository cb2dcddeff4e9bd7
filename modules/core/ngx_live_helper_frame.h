
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What a worker and a helper process say to each other: messages of a header
 * of 32 bytes in network order and a body.
 *
 *      0  magic, "LH"             8  track              16  configuration
 *      2  version, 1              9  0                  20  cts
 *      3  type                   10  flags              24  dts
 *      4  size of the body       12  codec
 *
 *     CONFIG  both ways: the configuration record of a track (avcC,
 *             AudioSpecificConfig, OpusHead), named by its codec
 *     FRAME   both ways: an access unit as ISO BMFF has it, without FLV's tag
 *             header; "configuration" is the version that it goes with
 *     PING    to the helper, which has to answer it after all that came before
 *     PONG    the answer, with the dts of the question
 *
 * dts and cts are in ticks of 1/90000 s on the stream's timeline.  The track
 * is the stream's own on the way to the helper and 0 on the way back.  A pure
 * file: live-media is linked with it too.
 */


#ifndef _NGX_LIVE_HELPER_FRAME_H_INCLUDED_
#define _NGX_LIVE_HELPER_FRAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_HELPER_HEADER_LEN  32

#define NGX_LIVE_HELPER_CONFIG      1
#define NGX_LIVE_HELPER_FRAME       2
#define NGX_LIVE_HELPER_PING        3
#define NGX_LIVE_HELPER_PONG        4

#define NGX_LIVE_HELPER_KEY         0x0001
#define NGX_LIVE_HELPER_DISCONT     0x0002  /* time does not continue */
#define NGX_LIVE_HELPER_DROPPED     0x0004  /* frames are missing before it */

#define NGX_LIVE_HELPER_AVC         0x61766331   /* "avc1" */
#define NGX_LIVE_HELPER_AAC         0x6d703461   /* "mp4a" */
#define NGX_LIVE_HELPER_MP3         0x2e6d7033   /* ".mp3" */
#define NGX_LIVE_HELPER_OPUS        0x4f707573   /* "Opus" */


typedef struct {
    ngx_uint_t                type;
    ngx_uint_t                track;
    ngx_uint_t                flags;
    uint32_t                  size;      /* of the body */
    uint32_t                  codec;     /* of CONFIG, else 0 */
    uint32_t                  config;
    int32_t                   cts;
    int64_t                   dts;
} ngx_live_helper_message_t;


/*
 * Takes messages out of bytes that come in pieces.  body is the caller's
 * memory of max bytes; a message that does not fit is an error.
 */

typedef struct {
    ngx_live_helper_message_t  msg;
    u_char                     header[NGX_LIVE_HELPER_HEADER_LEN];
    size_t                     nheader;   /* bytes that are there */
    u_char                    *body;
    size_t                     max;
    size_t                     nbody;
} ngx_live_helper_parser_t;


/* p has room for NGX_LIVE_HELPER_HEADER_LEN bytes */
void ngx_live_helper_write_header(u_char *p, ngx_live_helper_message_t *msg);

/* NGX_OK, NGX_AGAIN when too short, NGX_ERROR with a reason */
ngx_int_t ngx_live_helper_parse_header(ngx_live_helper_message_t *msg,
    u_char *p, u_char *end, const char **reason);

void ngx_live_helper_parser_init(ngx_live_helper_parser_t *ps, u_char *body,
    size_t max);

/*
 * NGX_OK: ps->msg and ps->body are a message, until the next call; NGX_AGAIN:
 * all up to end was taken; NGX_ERROR with a reason.  *pos is moved.
 */
ngx_int_t ngx_live_helper_parse(ngx_live_helper_parser_t *ps, u_char **pos,
    u_char *end, const char **reason);


#endif /* _NGX_LIVE_HELPER_FRAME_H_INCLUDED_ */
