
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A tag of ID3v2.4 with one frame, TXXX: a text under a description of its
 * own.  It is what players of HLS read out of emsg boxes of this scheme.
 */


#ifndef _NGX_LIVE_ID3_H_INCLUDED_
#define _NGX_LIVE_ID3_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_ID3_SCHEME  "https://aomedia.org/emsg/ID3"

/* bytes besides the description and the text */
#define NGX_LIVE_ID3_LEN     22

/* a size has 28 bits */
#define NGX_LIVE_ID3_MAX     0x0fffffff


/*
 * Both in UTF-8, without a \0; players expect the description in ASCII.  NULL
 * when the tag does not fit.
 */
u_char *ngx_live_id3_write(u_char *pos, u_char *end, ngx_str_t *description,
    ngx_str_t *text);


#endif /* _NGX_LIVE_ID3_H_INCLUDED_ */
