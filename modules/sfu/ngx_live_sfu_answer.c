
/*
 * Copyright (C) nginx-live authors
 */


/*
 * An offer's answer: one section of video and one of audio over one transport
 * (BUNDLE, RFC 9143); whatever else is offered is refused, as it stands.
 */


#include "ngx_live_sfu.h"


#define NGX_LIVE_SFU_OPUS  48000


static ngx_int_t ngx_live_sfu_negotiate_media(ngx_live_sfu_negotiation_t *n,
    ngx_live_sdp_media_t *offer, ngx_live_sdp_media_t *answer);
static ngx_live_sdp_codec_t *ngx_live_sfu_negotiate_h264(
    ngx_live_sfu_negotiation_t *n, ngx_live_sdp_media_t *m);
static ngx_int_t ngx_live_sfu_negotiate_transport(
    ngx_live_sfu_negotiation_t *n, ngx_live_sdp_media_t *m);
static void ngx_live_sfu_negotiate_codec(ngx_live_sfu_negotiation_t *n,
    ngx_live_sdp_media_t *a, ngx_live_sdp_codec_t *c);


ngx_int_t
ngx_live_sfu_negotiate(ngx_live_sfu_negotiation_t *n)
{
    ngx_int_t              rc;
    ngx_uint_t             i, taken;
    ngx_live_sdp_media_t  *m, *a;

    taken = 0;
    n->answer->nmedia = n->offer->nmedia;

    for (i = 0; i < n->offer->nmedia; i++) {
        m = &n->offer->media[i];
        a = &n->answer->media[i];

        a->kind = m->kind;
        a->kind_text = m->kind_text;
        a->proto = m->proto;
        a->formats = m->formats;
        a->mid = m->mid;
        a->port = 0;

        /* all that is taken shares the transport of the first */

        if (taken && !m->bundled) {
            continue;
        }

        rc = ngx_live_sfu_negotiate_media(n, m, a);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc != NGX_OK) {
            continue;
        }

        if (!taken && ngx_live_sfu_negotiate_transport(n, m) != NGX_OK) {
            return NGX_ERROR;
        }

        taken = 1;
    }

    if (taken) {
        return NGX_OK;
    }

    n->reason = n->publish
                ? "H.264 or Opus must be offered to be sent"
                : "H.264 in packetization mode 1, or Opus, must be offered to "
                  "be received";

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_sfu_negotiate_media(ngx_live_sfu_negotiation_t *n,
    ngx_live_sdp_media_t *m, ngx_live_sdp_media_t *a)
{
    ngx_uint_t             kind, direction;
    ngx_live_sdp_codec_t  *c;

    if (m->kind != NGX_LIVE_SDP_VIDEO && m->kind != NGX_LIVE_SDP_AUDIO) {
        return NGX_DECLINED;
    }

    kind = (m->kind == NGX_LIVE_SDP_VIDEO) ? NGX_LIVE_SFU_VIDEO
                                           : NGX_LIVE_SFU_AUDIO;

    direction = n->publish ? NGX_LIVE_SDP_SEND : NGX_LIVE_SDP_RECV;

    if (!(m->direction & direction)
        || (m->port == 0 && !m->bundle_only)
        || !n->has[kind]
        || n->media[kind].used)
    {
        return NGX_DECLINED;
    }

    c = (kind == NGX_LIVE_SFU_VIDEO)
        ? ngx_live_sfu_negotiate_h264(n, m)
        : ngx_live_sdp_codec(m, 0, "opus", NGX_LIVE_SFU_OPUS);

    if (c == NULL) {
        return NGX_DECLINED;
    }

    /* RFC 8858: there is one port for both */

    if (!m->rtcp_mux) {
        n->reason = "rtcp-mux must be offered";
        return NGX_ERROR;
    }

    a->port = 9;
    a->direction = n->publish ? NGX_LIVE_SDP_RECV : NGX_LIVE_SDP_SEND;
    a->rtcp_rsize = m->rtcp_rsize;
    a->rtcp_mux = 1;

    n->media[kind].used = 1;

    ngx_live_sfu_negotiate_codec(n, a, c);

    return NGX_OK;
}


/*
 * Mode 1, since nobody sends pictures that fit a packet each; the stream's
 * own profile if it is among those offered, and otherwise the first: decoders
 * take more than they say.
 */

static ngx_live_sdp_codec_t *
ngx_live_sfu_negotiate_h264(ngx_live_sfu_negotiation_t *n,
    ngx_live_sdp_media_t *m)
{
    ngx_int_t              profile;
    ngx_str_t              value;
    ngx_uint_t             i;
    ngx_live_sdp_codec_t  *c, *best;

    best = NULL;

    for (i = 0; /* void */; i = c - m->codecs + 1) {
        c = ngx_live_sdp_codec(m, i, "H264", NGX_LIVE_TIMESCALE);

        if (c == NULL) {
            return best;
        }

        if (ngx_live_sdp_parameter(&c->fmtp, "packetization-mode", &value)
            != NGX_OK
            || value.len != 1 || value.data[0] != '1')
        {
            continue;
        }

        if (best == NULL) {
            best = c;
        }

        if (n->profile
            && ngx_live_sdp_parameter(&c->fmtp, "profile-level-id", &value)
               == NGX_OK
            && value.len == 6)
        {
            profile = ngx_hextoi(value.data, 2);

            if (profile == (ngx_int_t) n->profile) {
                return c;
            }
        }
    }
}


static void
ngx_live_sfu_negotiate_codec(ngx_live_sfu_negotiation_t *n,
    ngx_live_sdp_media_t *a, ngx_live_sdp_codec_t *c)
{
    ngx_live_sfu_media_t  *media;

    media = &n->media[a->kind == NGX_LIVE_SDP_VIDEO ? NGX_LIVE_SFU_VIDEO
                                                    : NGX_LIVE_SFU_AUDIO];

    a->ncodecs = 1;
    a->codecs[0] = *c;
    a->codecs[0].feedback &= NGX_LIVE_SDP_NACK|NGX_LIVE_SDP_PLI
                             |NGX_LIVE_SDP_FIR
                             |(n->publish ? NGX_LIVE_SDP_REMB : 0);

    media->pt = (uint8_t) c->pt;
    media->feedback = (uint8_t) a->codecs[0].feedback;

    if (n->publish) {
        return;
    }

    /* 0 would say that there is none */

    media->ssrc = ((uint32_t) ngx_random() << 1) | 1;

    a->ssrc = media->ssrc;
    ngx_str_set(&a->cname, "live");

    if (a->kind == NGX_LIVE_SDP_VIDEO) {
        ngx_str_set(&a->msid, "live video");

    } else {
        ngx_str_set(&a->msid, "live audio");
    }
}


static ngx_int_t
ngx_live_sfu_negotiate_transport(ngx_live_sfu_negotiation_t *n,
    ngx_live_sdp_media_t *m)
{
    ngx_live_sdp_transport_t  *t;

    t = &m->transport;

    if (t->ufrag.len == 0 || t->pwd.len == 0) {
        n->reason = "offer has no ice-ufrag or ice-pwd";
        return NGX_ERROR;
    }

    if (!t->fingerprinted) {
        n->reason = "offer has no fingerprint by SHA-256";
        return NGX_ERROR;
    }

    /* RFC 5763, section 5: we are the server */

    if (t->setup != NGX_LIVE_SDP_SETUP_ACTPASS
        && t->setup != NGX_LIVE_SDP_SETUP_ACTIVE)
    {
        n->reason = "offer must be setup:actpass";
        return NGX_ERROR;
    }

    ngx_memcpy(n->fingerprint, t->fingerprint, NGX_LIVE_SDP_FINGERPRINT);

    return NGX_OK;
}
