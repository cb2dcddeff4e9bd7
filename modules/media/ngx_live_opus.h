
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Opus: the identification header (RFC 7845, 5.1), which serves as its
 * configuration record, and the duration of a packet (RFC 6716, 3.1 and 3.2).
 */


#ifndef _NGX_LIVE_OPUS_H_INCLUDED_
#define _NGX_LIVE_OPUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* its clock, whatever the input had */
#define NGX_LIVE_OPUS_RATE      48000

/* without a channel mapping table */
#define NGX_LIVE_OPUS_HEAD_LEN  19


typedef struct {
    ngx_uint_t                channels;    /* 1..255 */
    ngx_uint_t                pre_skip;    /* samples at 48 kHz */
    uint32_t                  rate;        /* Hz, of the input; a hint */
    ngx_uint_t                family;      /* of the channel mapping */
} ngx_live_opus_head_t;


/* NGX_OK, or NGX_ERROR with a reason */
ngx_int_t ngx_live_opus_parse_head(ngx_live_opus_head_t *head, u_char *pos,
    u_char *end, const char **reason);

/* samples at 48 kHz in a packet, at most 5760; 0 when it is malformed */
ngx_uint_t ngx_live_opus_samples(u_char *pos, u_char *end);


#endif /* _NGX_LIVE_OPUS_H_INCLUDED_ */
