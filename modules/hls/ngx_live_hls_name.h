
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Names of what a stream consists of, below /hls/APP/NAME/:
 *
 *     index.m3u8                           multivariant playlist
 *     SESSION/TRACK.m3u8                   media playlist
 *     SESSION/TRACK-init-HASH.mp4          initialization section
 *     SESSION/TRACK-MSN.m4s                segment
 *     SESSION/TRACK-MSN.PART.m4s           part
 *
 * SESSION and TRACK are 1 to 32 letters, digits and underscores.  HASH is 16
 * lower-case hexadecimal digits.  MSN and PART are decimal without leading
 * zeros.  Each thing has exactly one name, a name that differs in one byte is
 * no name: a cache never holds two copies.
 */


#ifndef _NGX_LIVE_HLS_NAME_H_INCLUDED_
#define _NGX_LIVE_HLS_NAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_HLS_NAME_INDEX     1
#define NGX_LIVE_HLS_NAME_PLAYLIST  2
#define NGX_LIVE_HLS_NAME_INIT      3
#define NGX_LIVE_HLS_NAME_SEGMENT   4
#define NGX_LIVE_HLS_NAME_PART      5

/* longest SESSION and TRACK */
#define NGX_LIVE_HLS_NAME_LEN       32

/* no name of a file in a session is longer */
#define NGX_LIVE_HLS_NAME_FILE_LEN                                            \
    (NGX_LIVE_HLS_NAME_LEN + sizeof("-18446744073709551615.4294967295.m4s"))

#define NGX_LIVE_HLS_MSN_MAX        0x7fffffffffffffffULL
#define NGX_LIVE_HLS_PART_MAX       0xffffULL


typedef struct {
    ngx_uint_t                kind;
    ngx_str_t                 session;     /* points into the input */
    ngx_str_t                 file;        /* what follows SESSION/ */
    ngx_str_t                 track;
    uint64_t                  msn;
    ngx_uint_t                part;
    uint64_t                  hash;
} ngx_live_hls_name_t;


/* data is the path behind APP/NAME/, decoded.  NGX_OK or NGX_DECLINED; fields
 * that the kind does not have are zero. */
ngx_int_t ngx_live_hls_name_parse(ngx_live_hls_name_t *name, u_char *data,
    size_t len);

/* non-zero when s may be a SESSION or a TRACK */
ngx_uint_t ngx_live_hls_name_valid(const ngx_str_t *s);

/* writes the name without SESSION/, which needs NGX_LIVE_HLS_NAME_FILE_LEN
 * bytes at most, by kind, track, msn, part and hash; returns its end */
u_char *ngx_live_hls_name_file(u_char *p, ngx_uint_t kind,
    const ngx_str_t *track, uint64_t msn, ngx_uint_t part, uint64_t hash);

/* a decimal without sign and leading zeros, up to max; NGX_OK, NGX_ERROR */
ngx_int_t ngx_live_hls_name_number(u_char *p, u_char *end, uint64_t max,
    uint64_t *value);

/* 16 lower-case hexadecimal digits and nothing else */
ngx_int_t ngx_live_hls_name_hash(u_char *p, u_char *end, uint64_t *value);


#endif /* _NGX_LIVE_HLS_NAME_H_INCLUDED_ */
