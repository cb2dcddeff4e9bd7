
/*
 * Copyright (C) nginx-live authors
 */


/*
 * RTP (RFC 3550, section 5.1) and its header extensions of one and two bytes
 * (RFC 8285).
 */


#ifndef _NGX_LIVE_RTP_H_INCLUDED_
#define _NGX_LIVE_RTP_H_INCLUDED_


#include "ngx_live_bytes.h"


#define NGX_LIVE_RTP_HEADER               12      /* bytes, at least */

#define NGX_LIVE_RTP_ONE_BYTE             0xbede  /* profiles of extensions */
#define NGX_LIVE_RTP_TWO_BYTE             0x1000  /* the last 4 bits are free */

/* extensions of a packet; others are dropped */
#define NGX_LIVE_RTP_MAX_EXTENSIONS       16


/* pointers lead into the packet */

typedef struct {
    ngx_uint_t                id;
    u_char                   *data;
    size_t                    len;
} ngx_live_rtp_extension_t;


typedef struct {
    u_char                   *start;
    u_char                   *payload;
    size_t                    len;         /* of the payload, less padding */
    size_t                    padding;
    uint32_t                  timestamp;
    uint32_t                  ssrc;
    uint16_t                  seq;
    u_char                    type;        /* 0..127 */
    unsigned                  marker:1;

    ngx_uint_t                nextensions;
    ngx_live_rtp_extension_t  extensions[NGX_LIVE_RTP_MAX_EXTENSIONS];
} ngx_live_rtp_t;


/* what becomes of a header for one receiver */

typedef struct {
    uint32_t                  timestamp;
    uint32_t                  ssrc;
    uint16_t                  seq;
    u_char                    type;
    unsigned                  marker:1;

    /* values by the ids of the receiver, 1 to 255; an empty list writes a
     * header without extensions */
    ngx_uint_t                nextensions;
    ngx_live_rtp_extension_t *extensions;
} ngx_live_rtp_header_t;


/* the length of the header with its extensions, or 0: malformed; padding is
 * encrypted, so it is not looked at */

static ngx_inline size_t
ngx_live_rtp_header_len(u_char *p, u_char *end)
{
    size_t  n;

    if (end - p < NGX_LIVE_RTP_HEADER || (p[0] & 0xc0) != 0x80) {
        return 0;
    }

    n = NGX_LIVE_RTP_HEADER + (size_t) (p[0] & 0x0f) * 4;

    if (p[0] & 0x10) {

        if ((size_t) (end - p) < n + 4) {
            return 0;
        }

        n += 4 + (size_t) ngx_live_be16(p + n + 2) * 4;
    }

    return (size_t) (end - p) < n ? 0 : n;
}


/* NGX_OK, or NGX_ERROR with a reason; an extension block of another profile
 * is passed over */
ngx_int_t ngx_live_rtp_parse(ngx_live_rtp_t *rtp, u_char *pos, u_char *end,
    const char **reason);

/* the extension with this id, or NULL; an id of 0 is none */
ngx_live_rtp_extension_t *ngx_live_rtp_extension(ngx_live_rtp_t *rtp,
    ngx_uint_t id);

/*
 * A retransmission (RFC 4588, section 4) becomes the packet that it repeats,
 * with the type and source given; NGX_DECLINED: it is padding only, a probe.
 */
ngx_int_t ngx_live_rtp_restore(ngx_live_rtp_t *rtp, ngx_uint_t type,
    uint32_t ssrc);

/*
 * Writes a header, with extensions in the form of one byte if all ids and
 * lengths allow it.  The place behind it, or NULL: no room, or an extension
 * that has no form.
 */
u_char *ngx_live_rtp_write(u_char *pos, u_char *end,
    ngx_live_rtp_header_t *header);

/* the extended number nearest to the last one, RFC 3550, appendix A.1; of a
 * first one see ngx_live_rtp_first() */

static ngx_inline uint64_t
ngx_live_rtp_extend(uint64_t last, uint16_t seq)
{
    int16_t  ahead;

    ahead = (int16_t) (seq - (uint16_t) last);

    if (ahead < 0 && last < (uint64_t) -ahead) {
        return seq;
    }

    return last + ahead;
}


/* so far from zero that there is room for those that come late */

#define ngx_live_rtp_first(seq)  ((uint64_t) 0x10000 | (seq))


#endif /* _NGX_LIVE_RTP_H_INCLUDED_ */
