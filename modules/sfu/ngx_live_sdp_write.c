
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What is written for a peer to read: always in the same order, and nothing
 * that it need not know.
 */


#include "ngx_live_sdp.h"


static u_char *ngx_live_sdp_write_media(ngx_live_sdp_t *sdp,
    ngx_live_sdp_media_t *m, u_char *p, u_char *end);
static u_char *ngx_live_sdp_write_codec(ngx_live_sdp_codec_t *c, u_char *p,
    u_char *end);
static u_char *ngx_live_sdp_write_sources(ngx_live_sdp_media_t *m, u_char *p,
    u_char *end);
static u_char *ngx_live_sdp_write_rids(ngx_live_sdp_media_t *m, u_char *p,
    u_char *end);
static u_char *ngx_live_sdp_write_transport(ngx_live_sdp_t *sdp, u_char *p,
    u_char *end);
static u_char *ngx_live_sdp_write_candidates(ngx_live_sdp_t *sdp, u_char *p,
    u_char *end);


/* by NGX_LIVE_SDP_SEND | NGX_LIVE_SDP_RECV */

static const char  *ngx_live_sdp_directions[] = {
    "inactive", "sendonly", "recvonly", "sendrecv"
};


u_char *
ngx_live_sdp_write(ngx_live_sdp_t *sdp, u_char *pos, u_char *end)
{
    u_char                *p;
    ngx_uint_t             i;
    ngx_live_sdp_media_t  *m;

    p = ngx_slprintf(pos, end, "v=0\r\n"
                     "o=- %uL 1 IN IP4 0.0.0.0\r\n"
                     "s=-\r\n"
                     "t=0 0\r\n", sdp->id);

    if (sdp->ice_lite) {
        p = ngx_slprintf(p, end, "a=ice-lite\r\n");
    }

    if (sdp->allow_mixed) {
        p = ngx_slprintf(p, end, "a=extmap-allow-mixed\r\n");
    }

    /* what is refused is not in the group (RFC 9143, 7.3.3) */

    p = ngx_slprintf(p, end, "a=group:BUNDLE");

    for (i = 0; i < sdp->nmedia; i++) {
        m = &sdp->media[i];

        if (m->port && m->mid.len) {
            p = ngx_slprintf(p, end, " %V", &m->mid);
        }
    }

    p = ngx_slprintf(p, end, "\r\na=msid-semantic: WMS *\r\n");

    for (i = 0; i < sdp->nmedia; i++) {
        p = ngx_live_sdp_write_media(sdp, &sdp->media[i], p, end);
    }

    /* what was cut off is no answer */

    return (p < end) ? p : NULL;
}


static u_char *
ngx_live_sdp_write_media(ngx_live_sdp_t *sdp, ngx_live_sdp_media_t *m,
    u_char *p, u_char *end)
{
    ngx_str_t   *uri;
    ngx_uint_t   i;

    p = ngx_slprintf(p, end, "m=%V %ui %V", &m->kind_text, m->port,
                     &m->proto);

    if (m->port == 0) {
        p = ngx_slprintf(p, end, " %V\r\nc=IN IP4 0.0.0.0\r\n", &m->formats);

        if (m->mid.len) {
            p = ngx_slprintf(p, end, "a=mid:%V\r\n", &m->mid);
        }

        return ngx_slprintf(p, end, "a=inactive\r\n");
    }

    for (i = 0; i < m->ncodecs; i++) {
        p = ngx_slprintf(p, end, " %ui", m->codecs[i].pt);
    }

    p = ngx_slprintf(p, end, "\r\nc=IN IP4 0.0.0.0\r\n");

    if (m->mid.len) {
        p = ngx_slprintf(p, end, "a=mid:%V\r\n", &m->mid);
    }

    p = ngx_live_sdp_write_transport(sdp, p, end);

    p = ngx_slprintf(p, end, "a=%s\r\na=rtcp-mux\r\n",
                     ngx_live_sdp_directions[m->direction & 3]);

    if (m->rtcp_rsize) {
        p = ngx_slprintf(p, end, "a=rtcp-rsize\r\n");
    }

    for (i = 0; i < m->nextensions; i++) {
        uri = &ngx_live_sdp_extensions[m->extensions[i].type];

        p = ngx_slprintf(p, end, "a=extmap:%ui %V\r\n", m->extensions[i].id,
                         uri);
    }

    for (i = 0; i < m->ncodecs; i++) {
        p = ngx_live_sdp_write_codec(&m->codecs[i], p, end);
    }

    p = ngx_live_sdp_write_rids(m, p, end);
    p = ngx_live_sdp_write_sources(m, p, end);

    return ngx_live_sdp_write_candidates(sdp, p, end);
}


static u_char *
ngx_live_sdp_write_transport(ngx_live_sdp_t *sdp, u_char *p, u_char *end)
{
    ngx_uint_t                 i;
    ngx_live_sdp_transport_t  *t;

    t = &sdp->transport;

    p = ngx_slprintf(p, end, "a=ice-ufrag:%V\r\na=ice-pwd:%V\r\n", &t->ufrag,
                     &t->pwd);

    if (t->fingerprinted) {
        p = ngx_slprintf(p, end, "a=fingerprint:sha-256 ");

        for (i = 0; i < NGX_LIVE_SDP_FINGERPRINT; i++) {
            p = ngx_slprintf(p, end, "%s%02Xi", i ? ":" : "",
                             (ngx_int_t) t->fingerprint[i]);
        }

        p = ngx_slprintf(p, end, "\r\n");
    }

    if (t->setup) {
        p = ngx_slprintf(p, end, "a=setup:%s\r\n",
                         ngx_live_sdp_setups[t->setup]);
    }

    return p;
}


static u_char *
ngx_live_sdp_write_codec(ngx_live_sdp_codec_t *c, u_char *p, u_char *end)
{
    ngx_uint_t  i;

    static struct {
        ngx_uint_t   bit;
        const char  *text;
    } feedback[] = {
        { NGX_LIVE_SDP_REMB, "goog-remb" },
        { NGX_LIVE_SDP_TWCC, "transport-cc" },
        { NGX_LIVE_SDP_FIR, "ccm fir" },
        { NGX_LIVE_SDP_NACK, "nack" },
        { NGX_LIVE_SDP_PLI, "nack pli" }
    };

    if (c->name.len) {
        p = ngx_slprintf(p, end, "a=rtpmap:%ui %V/%uD", c->pt, &c->name,
                         c->rate);

        if (c->channels) {
            p = ngx_slprintf(p, end, "/%ui", c->channels);
        }

        p = ngx_slprintf(p, end, "\r\n");
    }

    for (i = 0; i < sizeof(feedback) / sizeof(feedback[0]); i++) {
        if (c->feedback & feedback[i].bit) {
            p = ngx_slprintf(p, end, "a=rtcp-fb:%ui %s\r\n", c->pt,
                             feedback[i].text);
        }
    }

    if (c->fmtp.len) {
        p = ngx_slprintf(p, end, "a=fmtp:%ui %V\r\n", c->pt, &c->fmtp);
    }

    return p;
}


static u_char *
ngx_live_sdp_write_rids(ngx_live_sdp_media_t *m, u_char *p, u_char *end)
{
    ngx_uint_t   i;
    const char  *direction;

    if (m->nrids == 0) {
        return p;
    }

    direction = (m->rid_direction == NGX_LIVE_SDP_RECV) ? "recv" : "send";

    for (i = 0; i < m->nrids; i++) {
        p = ngx_slprintf(p, end, "a=rid:%V %s\r\n", &m->rids[i], direction);
    }

    if (!m->simulcast) {
        return p;
    }

    p = ngx_slprintf(p, end, "a=simulcast:%s ", direction);

    for (i = 0; i < m->nrids; i++) {
        p = ngx_slprintf(p, end, "%s%V", i ? ";" : "", &m->rids[i]);
    }

    return ngx_slprintf(p, end, "\r\n");
}


static u_char *
ngx_live_sdp_write_sources(ngx_live_sdp_media_t *m, u_char *p, u_char *end)
{
    if (m->msid.len) {
        p = ngx_slprintf(p, end, "a=msid:%V\r\n", &m->msid);
    }

    if (m->ssrc == 0) {
        return p;
    }

    if (m->rtx) {
        p = ngx_slprintf(p, end, "a=ssrc-group:FID %uD %uD\r\n", m->ssrc,
                         m->rtx);
    }

    p = ngx_slprintf(p, end, "a=ssrc:%uD cname:%V\r\n", m->ssrc, &m->cname);

    if (m->rtx) {
        p = ngx_slprintf(p, end, "a=ssrc:%uD cname:%V\r\n", m->rtx,
                         &m->cname);
    }

    return p;
}


static u_char *
ngx_live_sdp_write_candidates(ngx_live_sdp_t *sdp, u_char *p, u_char *end)
{
    ngx_uint_t                 i;
    ngx_live_sdp_candidate_t  *c;

    for (i = 0; i < sdp->ncandidates; i++) {
        c = &sdp->candidates[i];

        p = ngx_slprintf(p, end, "a=candidate:%ui 1 %s %uD %V %ui typ host"
                         "%s\r\n", i + 1, c->tcp ? "tcp" : "udp",
                         c->priority, &c->address, c->port,
                         c->tcp ? " tcptype passive" : "");
    }

    return ngx_slprintf(p, end, "a=end-of-candidates\r\n");
}
