
/*
 * Copyright (C) nginx-live authors
 */


/*
 * SDP (RFC 8866) as WebRTC uses it (JSEP, RFC 9429): offers are read and
 * answers are written, fragments of trickle ICE (RFC 8840) too.  What is read
 * may come in any order and with anything else between; what is written is
 * strict.  The same structure holds both.
 */


#ifndef _NGX_LIVE_SDP_H_INCLUDED_
#define _NGX_LIVE_SDP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_SDP_MEDIA           8     /* more of them are an error; of */
#define NGX_LIVE_SDP_CODECS          64    /* the rest the first are kept */
#define NGX_LIVE_SDP_EXTENSIONS      24
#define NGX_LIVE_SDP_RIDS            4
#define NGX_LIVE_SDP_CANDIDATES      16

#define NGX_LIVE_SDP_FINGERPRINT     32    /* bytes: SHA-256 */

#define NGX_LIVE_SDP_UFRAG_MIN       4     /* RFC 8839, section 5.4 */
#define NGX_LIVE_SDP_PWD_MIN         22
#define NGX_LIVE_SDP_CREDENTIAL_MAX  256
#define NGX_LIVE_SDP_MID_MAX         32


typedef enum {
    NGX_LIVE_SDP_OTHER = 0,
    NGX_LIVE_SDP_AUDIO,
    NGX_LIVE_SDP_VIDEO,
    NGX_LIVE_SDP_APPLICATION
} ngx_live_sdp_kind_e;


/* bits; both is sendrecv, none is inactive */

#define NGX_LIVE_SDP_SEND            1
#define NGX_LIVE_SDP_RECV            2


typedef enum {
    NGX_LIVE_SDP_SETUP_NONE = 0,
    NGX_LIVE_SDP_SETUP_ACTPASS,
    NGX_LIVE_SDP_SETUP_ACTIVE,
    NGX_LIVE_SDP_SETUP_PASSIVE
} ngx_live_sdp_setup_e;


/* rtcp-fb: bits */

#define NGX_LIVE_SDP_NACK            0x01
#define NGX_LIVE_SDP_PLI             0x02  /* nack pli */
#define NGX_LIVE_SDP_FIR             0x04  /* ccm fir */
#define NGX_LIVE_SDP_REMB            0x08  /* goog-remb */
#define NGX_LIVE_SDP_TWCC            0x10  /* transport-cc */


/* header extensions that have a meaning here */

typedef enum {
    NGX_LIVE_SDP_EXT_NONE = 0,
    NGX_LIVE_SDP_EXT_MID,
    NGX_LIVE_SDP_EXT_RID,
    NGX_LIVE_SDP_EXT_REPAIRED_RID,
    NGX_LIVE_SDP_EXT_ABS_SEND_TIME,
    NGX_LIVE_SDP_EXT_ABS_CAPTURE_TIME,
    NGX_LIVE_SDP_EXT_TWCC,
    NGX_LIVE_SDP_EXT_AUDIO_LEVEL,
    NGX_LIVE_SDP_EXT_ORIENTATION,
    NGX_LIVE_SDP_EXT_PLAYOUT_DELAY,
    NGX_LIVE_SDP_EXT_DEPENDENCY,
    NGX_LIVE_SDP_EXT_MAX
} ngx_live_sdp_ext_e;


/* all strings point into what was parsed; data is NULL when absent */

typedef struct {
    ngx_uint_t                pt;          /* 0..127 */
    ngx_str_t                 name;        /* H264, opus, rtx; not if static */
    uint32_t                  rate;        /* Hz */
    ngx_uint_t                channels;    /* 0: not said */
    ngx_str_t                 fmtp;
    ngx_uint_t                feedback;    /* NGX_LIVE_SDP_NACK ... */
} ngx_live_sdp_codec_t;


typedef struct {
    ngx_uint_t                id;          /* 1..255 */
    ngx_uint_t                type;        /* NGX_LIVE_SDP_EXT_... */
} ngx_live_sdp_extension_t;


typedef struct {
    ngx_str_t                 address;     /* text */
    ngx_uint_t                port;
    uint32_t                  priority;
    unsigned                  tcp:1;
} ngx_live_sdp_candidate_t;


typedef struct {
    ngx_str_t                 ufrag;
    ngx_str_t                 pwd;
    u_char                    fingerprint[NGX_LIVE_SDP_FINGERPRINT];
    ngx_uint_t                setup;       /* NGX_LIVE_SDP_SETUP_... */
    unsigned                  fingerprinted:1;
} ngx_live_sdp_transport_t;


typedef struct {
    ngx_uint_t                kind;        /* NGX_LIVE_SDP_OTHER ... */
    ngx_str_t                 kind_text;
    ngx_uint_t                port;        /* 0: refused, unless bundled */
    ngx_str_t                 proto;
    ngx_str_t                 formats;     /* all of them as they stand */

    ngx_str_t                 mid;
    ngx_uint_t                direction;   /* NGX_LIVE_SDP_SEND | _RECV */
    ngx_live_sdp_transport_t  transport;   /* the session's if it has none */

    ngx_uint_t                ncodecs;
    ngx_live_sdp_codec_t      codecs[NGX_LIVE_SDP_CODECS];

    ngx_uint_t                nextensions;
    ngx_live_sdp_extension_t  extensions[NGX_LIVE_SDP_EXTENSIONS];

    ngx_uint_t                nrids;       /* a=rid, in the order of them */
    ngx_str_t                 rids[NGX_LIVE_SDP_RIDS];
    ngx_uint_t                rid_direction; /* of the first */

    ngx_str_t                 msid;        /* "STREAM TRACK" */
    uint32_t                  ssrc;        /* the first, 0: none */
    uint32_t                  rtx;         /* the other one of a group FID */
    ngx_str_t                 cname;

    unsigned                  rtcp_mux:1;
    unsigned                  rtcp_rsize:1;
    unsigned                  bundle_only:1;
    unsigned                  bundled:1;   /* is in the group BUNDLE */
    unsigned                  simulcast:1;
} ngx_live_sdp_media_t;


typedef struct {
    uint64_t                  id;          /* o=, when written */
    ngx_live_sdp_transport_t  transport;

    ngx_str_t                 bundle;      /* mids, as they stand */
    ngx_uint_t                ncandidates;
    ngx_live_sdp_candidate_t  candidates[NGX_LIVE_SDP_CANDIDATES];

    ngx_uint_t                nmedia;
    ngx_live_sdp_media_t      media[NGX_LIVE_SDP_MEDIA];

    unsigned                  ice_lite:1;
    unsigned                  allow_mixed:1;
    unsigned                  end_of_candidates:1;
} ngx_live_sdp_t;


/*
 * NGX_OK, or NGX_ERROR with a reason.  A fragment (RFC 8840, section 9) has
 * no session part of its own: lines may begin with a=.
 */
ngx_int_t ngx_live_sdp_parse(ngx_live_sdp_t *sdp, u_char *pos, u_char *end,
    const char **reason);
ngx_int_t ngx_live_sdp_parse_fragment(ngx_live_sdp_t *sdp, u_char *pos,
    u_char *end, const char **reason);

/*
 * The place behind what was written, NULL when it does not fit.  All media
 * share one transport, sdp->transport, and its candidates.  A media section
 * with port 0 is refused: its formats are written as they stand.
 */
u_char *ngx_live_sdp_write(ngx_live_sdp_t *sdp, u_char *pos, u_char *end);


/* a parameter "name=value" of a=fmtp; NGX_DECLINED when it is not there */
ngx_int_t ngx_live_sdp_parameter(ngx_str_t *fmtp, const char *name,
    ngx_str_t *value);

/* the codec with this name (in any case) and rate, from the n-th on; or NULL */
ngx_live_sdp_codec_t *ngx_live_sdp_codec(ngx_live_sdp_media_t *media,
    ngx_uint_t n, const char *name, uint32_t rate);

/* the RTX of a payload type (RFC 4588, section 8.6), or NULL */
ngx_live_sdp_codec_t *ngx_live_sdp_rtx(ngx_live_sdp_media_t *media,
    ngx_uint_t pt);

/* the id of an extension, 0 when it was not offered */
ngx_uint_t ngx_live_sdp_extension(ngx_live_sdp_media_t *media,
    ngx_uint_t type);


/*
 * Internal: takes a word off the text, and the blanks behind it; a number up
 * to max, of digits only (both NGX_DECLINED if there is none); whether it is
 * this text; whether it consists of ice-char (RFC 8839, section 5.4).
 */
ngx_int_t ngx_live_sdp_word(ngx_str_t *s, ngx_str_t *word);
ngx_int_t ngx_live_sdp_number(ngx_str_t *s, uint64_t max, uint64_t *n);
ngx_uint_t ngx_live_sdp_is(ngx_str_t *s, const char *text);
ngx_uint_t ngx_live_sdp_ice_chars(ngx_str_t *s, size_t min);

/* by NGX_LIVE_SDP_EXT_..., the first is empty; and by NGX_LIVE_SDP_SETUP_... */
extern ngx_str_t    ngx_live_sdp_extensions[];
extern const char  *ngx_live_sdp_setups[];


#endif /* _NGX_LIVE_SDP_H_INCLUDED_ */
