
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_sdp.h"


typedef struct {
    ngx_live_sdp_t            *sdp;
    ngx_live_sdp_media_t      *media;      /* NULL: in the session part */
    ngx_uint_t                 lines;
    unsigned                   fragment:1;
    const char                *reason;
} ngx_live_sdp_parser_t;


typedef ngx_int_t (*ngx_live_sdp_attribute_pt)(ngx_live_sdp_parser_t *ps,
    ngx_str_t *value, ngx_uint_t data);


typedef struct {
    ngx_str_t                  name;
    ngx_live_sdp_attribute_pt  handler;
    ngx_uint_t                 data;
} ngx_live_sdp_attribute_t;


typedef enum {
    NGX_LIVE_SDP_FLAG_MUX = 0,
    NGX_LIVE_SDP_FLAG_RSIZE,
    NGX_LIVE_SDP_FLAG_BUNDLE_ONLY,
    NGX_LIVE_SDP_FLAG_SIMULCAST,
    NGX_LIVE_SDP_FLAG_LITE,
    NGX_LIVE_SDP_FLAG_MIXED,
    NGX_LIVE_SDP_FLAG_ENDED
} ngx_live_sdp_flag_e;


static ngx_int_t ngx_live_sdp_lines(ngx_live_sdp_parser_t *ps, u_char *pos,
    u_char *end);
static ngx_int_t ngx_live_sdp_line(ngx_live_sdp_parser_t *ps, ngx_str_t *line);
static ngx_int_t ngx_live_sdp_media_line(ngx_live_sdp_parser_t *ps,
    ngx_str_t *value);
static ngx_int_t ngx_live_sdp_attribute(ngx_live_sdp_parser_t *ps,
    ngx_str_t *value);
static void ngx_live_sdp_inherit(ngx_live_sdp_t *sdp);
static ngx_uint_t ngx_live_sdp_in_bundle(ngx_live_sdp_t *sdp, ngx_str_t *mid);

static ngx_int_t ngx_live_sdp_group(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_mid(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_ufrag(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_pwd(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_fingerprint(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_setup(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_direction(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_flag(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_rtpmap(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_fmtp(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_feedback(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_extmap(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_rid(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_msid(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_ssrc(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_ssrc_group(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);
static ngx_int_t ngx_live_sdp_candidate(ngx_live_sdp_parser_t *ps,
    ngx_str_t *v, ngx_uint_t data);

static ngx_live_sdp_codec_t *ngx_live_sdp_codec_pt(ngx_live_sdp_media_t *m,
    ngx_uint_t pt);


/* what is not here is passed over */

static ngx_live_sdp_attribute_t  ngx_live_sdp_attributes[] = {
    { ngx_string("rtpmap"), ngx_live_sdp_rtpmap, 0 },
    { ngx_string("fmtp"), ngx_live_sdp_fmtp, 0 },
    { ngx_string("rtcp-fb"), ngx_live_sdp_feedback, 0 },
    { ngx_string("extmap"), ngx_live_sdp_extmap, 0 },
    { ngx_string("mid"), ngx_live_sdp_mid, 0 },
    { ngx_string("sendrecv"), ngx_live_sdp_direction,
      NGX_LIVE_SDP_SEND|NGX_LIVE_SDP_RECV },
    { ngx_string("sendonly"), ngx_live_sdp_direction, NGX_LIVE_SDP_SEND },
    { ngx_string("recvonly"), ngx_live_sdp_direction, NGX_LIVE_SDP_RECV },
    { ngx_string("inactive"), ngx_live_sdp_direction, 0 },
    { ngx_string("rtcp-mux"), ngx_live_sdp_flag, NGX_LIVE_SDP_FLAG_MUX },
    { ngx_string("rtcp-rsize"), ngx_live_sdp_flag, NGX_LIVE_SDP_FLAG_RSIZE },
    { ngx_string("bundle-only"), ngx_live_sdp_flag,
      NGX_LIVE_SDP_FLAG_BUNDLE_ONLY },
    { ngx_string("simulcast"), ngx_live_sdp_flag,
      NGX_LIVE_SDP_FLAG_SIMULCAST },
    { ngx_string("ice-lite"), ngx_live_sdp_flag, NGX_LIVE_SDP_FLAG_LITE },
    { ngx_string("extmap-allow-mixed"), ngx_live_sdp_flag,
      NGX_LIVE_SDP_FLAG_MIXED },
    { ngx_string("end-of-candidates"), ngx_live_sdp_flag,
      NGX_LIVE_SDP_FLAG_ENDED },
    { ngx_string("ice-ufrag"), ngx_live_sdp_ufrag, 0 },
    { ngx_string("ice-pwd"), ngx_live_sdp_pwd, 0 },
    { ngx_string("fingerprint"), ngx_live_sdp_fingerprint, 0 },
    { ngx_string("setup"), ngx_live_sdp_setup, 0 },
    { ngx_string("group"), ngx_live_sdp_group, 0 },
    { ngx_string("rid"), ngx_live_sdp_rid, 0 },
    { ngx_string("msid"), ngx_live_sdp_msid, 0 },
    { ngx_string("ssrc"), ngx_live_sdp_ssrc, 0 },
    { ngx_string("ssrc-group"), ngx_live_sdp_ssrc_group, 0 },
    { ngx_string("candidate"), ngx_live_sdp_candidate, 0 },
    { ngx_null_string, NULL, 0 }
};


/* by NGX_LIVE_SDP_EXT_... */

ngx_str_t  ngx_live_sdp_extensions[] = {
    ngx_null_string,
    ngx_string("urn:ietf:params:rtp-hdrext:sdes:mid"),
    ngx_string("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    ngx_string("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"),
    ngx_string("http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
    ngx_string("http://www.webrtc.org/experiments/rtp-hdrext/"
               "abs-capture-time"),
    ngx_string("http://www.ietf.org/id/"
               "draft-holmer-rmcat-transport-wide-cc-extensions-01"),
    ngx_string("urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
    ngx_string("urn:3gpp:video-orientation"),
    ngx_string("http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"),
    ngx_string("https://aomediacodec.github.io/av1-rtp-spec/"
               "#dependency-descriptor-rtp-header-extension")
};


const char  *ngx_live_sdp_setups[] = {
    "", "actpass", "active", "passive"
};


ngx_int_t
ngx_live_sdp_parse(ngx_live_sdp_t *sdp, u_char *pos, u_char *end,
    const char **reason)
{
    ngx_int_t              rc;
    ngx_live_sdp_parser_t  ps;

    ngx_memzero(sdp, sizeof(ngx_live_sdp_t));
    ngx_memzero(&ps, sizeof(ngx_live_sdp_parser_t));

    ps.sdp = sdp;

    rc = ngx_live_sdp_lines(&ps, pos, end);

    if (rc == NGX_OK && ps.lines == 0) {
        ps.reason = "empty session description";
        rc = NGX_ERROR;
    }

    *reason = ps.reason;

    return rc;
}


ngx_int_t
ngx_live_sdp_parse_fragment(ngx_live_sdp_t *sdp, u_char *pos, u_char *end,
    const char **reason)
{
    ngx_int_t              rc;
    ngx_live_sdp_parser_t  ps;

    ngx_memzero(sdp, sizeof(ngx_live_sdp_t));
    ngx_memzero(&ps, sizeof(ngx_live_sdp_parser_t));

    ps.sdp = sdp;
    ps.fragment = 1;

    rc = ngx_live_sdp_lines(&ps, pos, end);

    *reason = ps.reason;

    return rc;
}


static ngx_int_t
ngx_live_sdp_lines(ngx_live_sdp_parser_t *ps, u_char *pos, u_char *end)
{
    u_char     *p;
    ngx_str_t   line;

    while (pos < end) {

        for (p = pos; p < end && *p != '\n' && *p != '\r'; p++) {

            /* no text that goes into an answer or a log has controls */

            if (*p < 0x20 || *p == 0x7f) {
                ps->reason = "control character in session description";
                return NGX_ERROR;
            }
        }

        line.data = pos;
        line.len = p - pos;

        /* CR LF, and what senders make of it */

        pos = p + 1;

        if (line.len && ngx_live_sdp_line(ps, &line) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_live_sdp_inherit(ps->sdp);

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_line(ngx_live_sdp_parser_t *ps, ngx_str_t *line)
{
    ngx_str_t  value;

    if (line->len < 2 || line->data[1] != '=') {
        ps->reason = "line of session description without a type";
        return NGX_ERROR;
    }

    value.data = line->data + 2;
    value.len = line->len - 2;

    if (ps->lines++ == 0 && !ps->fragment
        && (line->data[0] != 'v' || !ngx_live_sdp_is(&value, "0")))
    {
        ps->reason = "session description does not begin with v=0";
        return NGX_ERROR;
    }

    switch (line->data[0]) {

    case 'm':
        return ngx_live_sdp_media_line(ps, &value);

    case 'a':
        return ngx_live_sdp_attribute(ps, &value);

    default:
        return NGX_OK;
    }
}


/* RFC 8866, 5.14: m=<media> <port> <proto> <fmt> ... */

static ngx_int_t
ngx_live_sdp_media_line(ngx_live_sdp_parser_t *ps, ngx_str_t *value)
{
    uint64_t               n;
    ngx_str_t              word;
    ngx_live_sdp_media_t  *m;

    if (ps->sdp->nmedia == NGX_LIVE_SDP_MEDIA) {
        ps->reason = "too many media sections";
        return NGX_ERROR;
    }

    m = &ps->sdp->media[ps->sdp->nmedia];

    if (ngx_live_sdp_word(value, &m->kind_text) != NGX_OK
        || ngx_live_sdp_word(value, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 65535, &n) != NGX_OK
        || ngx_live_sdp_word(value, &m->proto) != NGX_OK
        || value->len == 0)
    {
        ps->reason = "malformed media line";
        return NGX_ERROR;
    }

    m->port = n;
    m->formats = *value;
    m->direction = NGX_LIVE_SDP_SEND|NGX_LIVE_SDP_RECV;

    m->kind = ngx_live_sdp_is(&m->kind_text, "audio") ? NGX_LIVE_SDP_AUDIO
              : ngx_live_sdp_is(&m->kind_text, "video") ? NGX_LIVE_SDP_VIDEO
              : ngx_live_sdp_is(&m->kind_text, "application")
                ? NGX_LIVE_SDP_APPLICATION
              : NGX_LIVE_SDP_OTHER;

    ps->media = m;
    ps->sdp->nmedia++;

    if (m->kind != NGX_LIVE_SDP_AUDIO && m->kind != NGX_LIVE_SDP_VIDEO) {
        return NGX_OK;
    }

    /* the order of the formats is that of preference */

    while (m->ncodecs < NGX_LIVE_SDP_CODECS
           && ngx_live_sdp_word(value, &word) == NGX_OK)
    {
        if (ngx_live_sdp_number(&word, 127, &n) != NGX_OK) {
            ps->reason = "payload type is no number";
            return NGX_ERROR;
        }

        if (ngx_live_sdp_codec_pt(m, n) == NULL) {
            m->codecs[m->ncodecs++].pt = n;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_attribute(ngx_live_sdp_parser_t *ps, ngx_str_t *value)
{
    u_char                    *p, *end;
    ngx_str_t                  name;
    ngx_live_sdp_attribute_t  *a;

    end = value->data + value->len;

    for (p = value->data; p < end && *p != ':'; p++) { /* void */ }

    name.data = value->data;
    name.len = p - value->data;

    value->data = (p < end) ? p + 1 : p;
    value->len = end - value->data;

    for (a = ngx_live_sdp_attributes; a->handler; a++) {
        if (a->name.len == name.len
            && ngx_strncmp(a->name.data, name.data, name.len) == 0)
        {
            return a->handler(ps, value, a->data);
        }
    }

    return NGX_OK;
}


static void
ngx_live_sdp_inherit(ngx_live_sdp_t *sdp)
{
    ngx_uint_t                 i;
    ngx_live_sdp_media_t      *m;
    ngx_live_sdp_transport_t  *from, *to;

    from = &sdp->transport;

    for (i = 0; i < sdp->nmedia; i++) {
        m = &sdp->media[i];
        to = &m->transport;

        if (to->ufrag.data == NULL) {
            to->ufrag = from->ufrag;
        }

        if (to->pwd.data == NULL) {
            to->pwd = from->pwd;
        }

        if (!to->fingerprinted && from->fingerprinted) {
            ngx_memcpy(to->fingerprint, from->fingerprint,
                       NGX_LIVE_SDP_FINGERPRINT);
            to->fingerprinted = 1;
        }

        if (to->setup == NGX_LIVE_SDP_SETUP_NONE) {
            to->setup = from->setup;
        }

        m->bundled = ngx_live_sdp_in_bundle(sdp, &m->mid);
    }
}


static ngx_uint_t
ngx_live_sdp_in_bundle(ngx_live_sdp_t *sdp, ngx_str_t *mid)
{
    ngx_str_t  rest, word;

    if (mid->len == 0) {
        return 0;
    }

    rest = sdp->bundle;

    while (ngx_live_sdp_word(&rest, &word) == NGX_OK) {
        if (word.len == mid->len
            && ngx_strncmp(word.data, mid->data, mid->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* RFC 9143: the first group BUNDLE */

static ngx_int_t
ngx_live_sdp_group(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    ngx_str_t  word;

    if (ps->media == NULL && ps->sdp->bundle.data == NULL
        && ngx_live_sdp_word(v, &word) == NGX_OK
        && ngx_live_sdp_is(&word, "BUNDLE"))
    {
        ps->sdp->bundle = *v;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_mid(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    ngx_str_t  word;

    if (ps->media == NULL) {
        return NGX_OK;
    }

    if (ngx_live_sdp_word(v, &word) != NGX_OK || v->len
        || word.len > NGX_LIVE_SDP_MID_MAX)
    {
        ps->reason = "malformed mid";
        return NGX_ERROR;
    }

    ps->media->mid = word;

    return NGX_OK;
}


#define ngx_live_sdp_transport(ps)                                            \
    ((ps)->media ? &(ps)->media->transport : &(ps)->sdp->transport)


static ngx_int_t
ngx_live_sdp_ufrag(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    if (!ngx_live_sdp_ice_chars(v, NGX_LIVE_SDP_UFRAG_MIN)) {
        ps->reason = "malformed ice-ufrag";
        return NGX_ERROR;
    }

    ngx_live_sdp_transport(ps)->ufrag = *v;

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_pwd(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    if (!ngx_live_sdp_ice_chars(v, NGX_LIVE_SDP_PWD_MIN)) {
        ps->reason = "malformed ice-pwd";
        return NGX_ERROR;
    }

    ngx_live_sdp_transport(ps)->pwd = *v;

    return NGX_OK;
}


/*
 * RFC 8122: a hash function may be any, and there may be several; SHA-256 is
 * the one that all have (RFC 8827, section 6.5).
 */

static ngx_int_t
ngx_live_sdp_fingerprint(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    ngx_int_t                  byte;
    ngx_str_t                  hash;
    ngx_uint_t                 i;
    ngx_live_sdp_transport_t  *t;

    if (ngx_live_sdp_word(v, &hash) != NGX_OK
        || hash.len != 7
        || ngx_strncasecmp(hash.data, (u_char *) "sha-256", 7) != 0)
    {
        return NGX_OK;
    }

    t = ngx_live_sdp_transport(ps);

    if (t->fingerprinted) {
        return NGX_OK;
    }

    if (v->len != NGX_LIVE_SDP_FINGERPRINT * 3 - 1) {
        ps->reason = "malformed fingerprint";
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_LIVE_SDP_FINGERPRINT; i++) {
        byte = ngx_hextoi(v->data + i * 3, 2);

        if (byte == NGX_ERROR
            || (i + 1 < NGX_LIVE_SDP_FINGERPRINT
                && v->data[i * 3 + 2] != ':'))
        {
            ps->reason = "malformed fingerprint";
            return NGX_ERROR;
        }

        t->fingerprint[i] = (u_char) byte;
    }

    t->fingerprinted = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_setup(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    ngx_uint_t  i;

    for (i = NGX_LIVE_SDP_SETUP_ACTPASS; i <= NGX_LIVE_SDP_SETUP_PASSIVE; i++)
    {
        if (ngx_live_sdp_is(v, ngx_live_sdp_setups[i])) {
            ngx_live_sdp_transport(ps)->setup = i;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_direction(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    if (ps->media) {
        ps->media->direction = data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_flag(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    ngx_live_sdp_media_t  *m;

    m = ps->media;

    if (m == NULL && data < NGX_LIVE_SDP_FLAG_LITE) {
        return NGX_OK;
    }

    switch (data) {

    case NGX_LIVE_SDP_FLAG_MUX:
        m->rtcp_mux = 1;
        break;

    case NGX_LIVE_SDP_FLAG_RSIZE:
        m->rtcp_rsize = 1;
        break;

    case NGX_LIVE_SDP_FLAG_BUNDLE_ONLY:
        m->bundle_only = 1;
        break;

    case NGX_LIVE_SDP_FLAG_SIMULCAST:
        m->simulcast = 1;
        break;

    case NGX_LIVE_SDP_FLAG_LITE:
        ps->sdp->ice_lite = 1;
        break;

    case NGX_LIVE_SDP_FLAG_MIXED:
        ps->sdp->allow_mixed = 1;
        break;

    default: /* NGX_LIVE_SDP_FLAG_ENDED */
        ps->sdp->end_of_candidates = 1;
        break;
    }

    return NGX_OK;
}


/* <payload type> <name>/<rate>[/<channels>] */

static ngx_int_t
ngx_live_sdp_rtpmap(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    u_char                *p, *end;
    uint64_t               n;
    ngx_str_t              word, rate;
    ngx_live_sdp_codec_t  *c;

    if (ps->media == NULL
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 127, &n) != NGX_OK
        || ngx_live_sdp_word(v, &word) != NGX_OK)
    {
        return NGX_OK;
    }

    c = ngx_live_sdp_codec_pt(ps->media, n);

    if (c == NULL) {
        return NGX_OK;
    }

    end = word.data + word.len;
    p = ngx_strlchr(word.data, end, '/');

    if (p == NULL || p == word.data) {
        return NGX_OK;
    }

    rate.data = p + 1;
    word.len = p - word.data;

    p = ngx_strlchr(rate.data, end, '/');

    rate.len = (p ? p : end) - rate.data;

    if (ngx_live_sdp_number(&rate, 0xffffffff, &n) != NGX_OK) {
        return NGX_OK;
    }

    c->name = word;
    c->rate = (uint32_t) n;

    if (p) {
        rate.data = p + 1;
        rate.len = end - rate.data;

        if (ngx_live_sdp_number(&rate, 255, &n) == NGX_OK) {
            c->channels = n;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_fmtp(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    uint64_t               n;
    ngx_str_t              word;
    ngx_live_sdp_codec_t  *c;

    if (ps->media == NULL
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 127, &n) != NGX_OK)
    {
        return NGX_OK;
    }

    c = ngx_live_sdp_codec_pt(ps->media, n);

    if (c && v->len) {
        c->fmtp = *v;
    }

    return NGX_OK;
}


/* RFC 4585, 4.2: "*" is for all of the section */

static ngx_int_t
ngx_live_sdp_feedback(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    uint64_t               n;
    ngx_str_t              word;
    ngx_uint_t             i, all, bit;
    ngx_live_sdp_media_t  *m;

    m = ps->media;

    if (m == NULL || ngx_live_sdp_word(v, &word) != NGX_OK) {
        return NGX_OK;
    }

    all = ngx_live_sdp_is(&word, "*");

    if (!all && ngx_live_sdp_number(&word, 127, &n) != NGX_OK) {
        return NGX_OK;
    }

    bit = ngx_live_sdp_is(v, "nack") ? NGX_LIVE_SDP_NACK
          : ngx_live_sdp_is(v, "nack pli") ? NGX_LIVE_SDP_PLI
          : ngx_live_sdp_is(v, "ccm fir") ? NGX_LIVE_SDP_FIR
          : ngx_live_sdp_is(v, "goog-remb") ? NGX_LIVE_SDP_REMB
          : ngx_live_sdp_is(v, "transport-cc") ? NGX_LIVE_SDP_TWCC
          : 0;

    for (i = 0; i < m->ncodecs; i++) {
        if (all || m->codecs[i].pt == n) {
            m->codecs[i].feedback |= bit;
        }
    }

    return NGX_OK;
}


/* RFC 8285, 8: <id>[/<direction>] <URI> <attributes> */

static ngx_int_t
ngx_live_sdp_extmap(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    u_char                    *p;
    uint64_t                   n;
    ngx_str_t                  id, uri;
    ngx_uint_t                 i;
    ngx_live_sdp_media_t      *m;
    ngx_live_sdp_extension_t  *e;

    m = ps->media;

    if (m == NULL
        || ngx_live_sdp_word(v, &id) != NGX_OK
        || ngx_live_sdp_word(v, &uri) != NGX_OK)
    {
        return NGX_OK;
    }

    p = ngx_strlchr(id.data, id.data + id.len, '/');

    if (p) {
        id.len = p - id.data;
    }

    if (ngx_live_sdp_number(&id, 255, &n) != NGX_OK
        || n == 0
        || m->nextensions == NGX_LIVE_SDP_EXTENSIONS)
    {
        return NGX_OK;
    }

    for (i = NGX_LIVE_SDP_EXT_MID; i < NGX_LIVE_SDP_EXT_MAX; i++) {
        if (ngx_live_sdp_extensions[i].len == uri.len
            && ngx_strncmp(ngx_live_sdp_extensions[i].data, uri.data, uri.len)
               == 0
            && ngx_live_sdp_extension(m, i) == 0)
        {
            e = &m->extensions[m->nextensions++];
            e->id = n;
            e->type = i;
        }
    }

    return NGX_OK;
}


/* RFC 8851: <id> <direction> [<restrictions>] */

static ngx_int_t
ngx_live_sdp_rid(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    ngx_str_t              id, direction;
    ngx_live_sdp_media_t  *m;

    m = ps->media;

    if (m == NULL
        || m->nrids == NGX_LIVE_SDP_RIDS
        || ngx_live_sdp_word(v, &id) != NGX_OK
        || ngx_live_sdp_word(v, &direction) != NGX_OK
        || id.len > NGX_LIVE_SDP_MID_MAX)
    {
        return NGX_OK;
    }

    if (m->nrids == 0) {
        m->rid_direction = ngx_live_sdp_is(&direction, "recv")
                           ? NGX_LIVE_SDP_RECV : NGX_LIVE_SDP_SEND;
    }

    m->rids[m->nrids++] = id;

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_msid(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    if (ps->media && ps->media->msid.data == NULL && v->len) {
        ps->media->msid = *v;
    }

    return NGX_OK;
}


/* RFC 5576: <ssrc> <attribute>[:<value>] */

static ngx_int_t
ngx_live_sdp_ssrc(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    uint64_t               n;
    ngx_str_t              word;
    ngx_live_sdp_media_t  *m;

    m = ps->media;

    if (m == NULL
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 0xffffffff, &n) != NGX_OK)
    {
        return NGX_OK;
    }

    if (m->ssrc == 0) {
        m->ssrc = (uint32_t) n;
    }

    if (m->cname.data == NULL && v->len > 6
        && ngx_strncmp(v->data, "cname:", 6) == 0)
    {
        m->cname.data = v->data + 6;
        m->cname.len = v->len - 6;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_sdp_ssrc_group(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    uint64_t               first, second;
    ngx_str_t              word;
    ngx_live_sdp_media_t  *m;

    m = ps->media;

    if (m == NULL || m->rtx
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || !ngx_live_sdp_is(&word, "FID")
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 0xffffffff, &first) != NGX_OK
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 0xffffffff, &second) != NGX_OK
        || first == 0 || second == 0)
    {
        return NGX_OK;
    }

    m->ssrc = (uint32_t) first;
    m->rtx = (uint32_t) second;

    return NGX_OK;
}


/* RFC 8839, 5.1: foundation, component, transport, priority, address, port */

static ngx_int_t
ngx_live_sdp_candidate(ngx_live_sdp_parser_t *ps, ngx_str_t *v,
    ngx_uint_t data)
{
    uint64_t                   component, priority, port;
    ngx_str_t                  word, transport;
    ngx_live_sdp_candidate_t  *c;

    if (ps->sdp->ncandidates == NGX_LIVE_SDP_CANDIDATES) {
        return NGX_OK;
    }

    c = &ps->sdp->candidates[ps->sdp->ncandidates];

    if (ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 256, &component) != NGX_OK
        || ngx_live_sdp_word(v, &transport) != NGX_OK
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 0xffffffff, &priority) != NGX_OK
        || ngx_live_sdp_word(v, &c->address) != NGX_OK
        || ngx_live_sdp_word(v, &word) != NGX_OK
        || ngx_live_sdp_number(&word, 65535, &port) != NGX_OK)
    {
        return NGX_OK;
    }

    c->priority = (uint32_t) priority;
    c->port = port;
    c->tcp = (transport.len == 3
              && ngx_strncasecmp(transport.data, (u_char *) "tcp", 3) == 0);

    ps->sdp->ncandidates++;

    return NGX_OK;
}


static ngx_live_sdp_codec_t *
ngx_live_sdp_codec_pt(ngx_live_sdp_media_t *m, ngx_uint_t pt)
{
    ngx_uint_t  i;

    for (i = 0; i < m->ncodecs; i++) {
        if (m->codecs[i].pt == pt) {
            return &m->codecs[i];
        }
    }

    return NULL;
}
