
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The names of codecs in playlists and MIME types (RFC 6381, 3.3).
 */


#ifndef _NGX_LIVE_CODEC_STRING_H_INCLUDED_
#define _NGX_LIVE_CODEC_STRING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a buffer of this size is long enough for each of them */
#define NGX_LIVE_CODEC_STRING_LEN  32

/* the object type of ISO/IEC 14496-3 by which HLS names MP3 */
#define NGX_LIVE_CODEC_STRING_MP3  34


/*
 * Each writes to buf, up to last, and returns the place behind what was
 * written, without a terminating zero; NULL when there is no room.
 */

/* avc1.PPCCLL: profile, constraint flags and level of the SPS */
u_char *ngx_live_codec_string_h264(u_char *buf, u_char *last,
    ngx_uint_t profile, ngx_uint_t constraints, ngx_uint_t level);

/* mp4a.40.N; with explicitly signalled SBR or PS, N is 5 or 29 */
u_char *ngx_live_codec_string_mp4a(u_char *buf, u_char *last,
    ngx_uint_t object_type);


#endif /* _NGX_LIVE_CODEC_STRING_H_INCLUDED_ */
