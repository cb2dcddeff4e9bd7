
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of session descriptions: offers of browsers, answers, nonsense. */


#include "ngx_live_sdp.h"
#include "ngx_unit.h"


#define SESSION  "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define PRINT    "70:21:3C:69:EF:B5:60:E5:C3:21:31:1C:4A:50:6D:56:"           \
                 "B0:5D:15:F9:D7:E5:12:E8:98:CF:CE:C8:A9:0B:12:82"


static ngx_int_t parse(const char *text);
static void test_browser(void);
static void test_offers(void);
static void offer(const char *name, ngx_uint_t n, const char *expected);
static void test_session_level(void);
static void test_fragment(void);
static void test_refused(void);
static void test_bounds(void);
static void test_write(void);
static void test_write_short(void);


static ngx_live_sdp_t  sdp;
static const char     *reason;


int
main(void)
{
    test_browser();
    test_offers();
    test_session_level();
    test_fragment();
    test_refused();
    test_bounds();
    test_write();
    test_write_short();

    return done_testing();
}


static ngx_int_t
parse(const char *text)
{
    u_char  *p;
    size_t   n;

    n = strlen(text);
    p = buf_copy(text, n);

    return ngx_live_sdp_parse(&sdp, p, p + n, &reason);
}


static void
test_browser(void)
{
    ngx_str_t              value;
    ngx_live_sdp_codec_t  *c;
    ngx_live_sdp_media_t  *m;

    is_int(parse(SESSION
        "a=group:BUNDLE 0 1\r\n"
        "a=extmap-allow-mixed\r\n"
        "a=msid-semantic: WMS *\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0\r\n"
        "c=IN IP4 0.0.0.0\r\n"
        "a=ice-ufrag:MVdP\r\n"
        "a=ice-pwd:FhVYAFx7cFu9pxu0cBq6fBL/\r\n"
        "a=ice-options:trickle\r\n"
        "a=fingerprint:sha-256 " PRINT "\r\n"
        "a=setup:actpass\r\n"
        "a=mid:0\r\n"
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        "a=sendonly\r\n"
        "a=msid:s1 t1\r\n"
        "a=rtcp-mux\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=rtcp-fb:111 transport-cc\r\n"
        "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
        "a=ssrc:3526338106 cname:D/aq3bDfPWbtOoqs\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\n"
        "a=mid:1\r\n"
        "a=extmap:3/sendonly http://www.ietf.org/id/"
        "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
        "a=extmap:9 http://example.org/unknown\r\n"
        "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
        "a=sendonly\r\n"
        "a=rtcp-mux\r\n"
        "a=rtcp-rsize\r\n"
        "a=rtpmap:96 VP8/90000\r\n"
        "a=rtcp-fb:* nack pli\r\n"
        "a=rtpmap:97 rtx/90000\r\n"
        "a=fmtp:97 apt=96\r\n"
        "a=rtpmap:102 H264/90000\r\n"
        "a=rtcp-fb:102 nack\r\n"
        "a=rtcp-fb:102 ccm fir\r\n"
        "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1; "
        "profile-level-id=42001f\r\n"
        "a=rtpmap:103 rtx/90000\r\n"
        "a=fmtp:103 apt=102\r\n"
        "a=rid:q send\r\n"
        "a=rid:h send max-width=640\r\n"
        "a=simulcast:send q;h\r\n"
        "a=ssrc-group:FID 11 12\r\n"),
        NGX_OK, "a browser's offer");

    is_int(sdp.nmedia, 2, "sections");
    is_int(sdp.allow_mixed, 1, "extmap-allow-mixed");

    m = &sdp.media[0];

    is_int(m->kind, NGX_LIVE_SDP_AUDIO, "audio");
    is_int(m->direction, NGX_LIVE_SDP_SEND, "sendonly");
    is_int(m->bundled, 1, "bundled");
    is_int(m->rtcp_mux, 1, "rtcp-mux");
    is_int(m->rtcp_rsize, 0, "no rtcp-rsize");
    is_int(m->ncodecs, 3, "codecs");
    is_str(&m->mid, "0", "mid");
    is_str(&m->msid, "s1 t1", "msid");
    is_str(&m->cname, "D/aq3bDfPWbtOoqs", "cname");
    is_int(m->ssrc, 3526338106, "ssrc");
    is_str(&m->transport.ufrag, "MVdP", "ufrag");
    is_str(&m->transport.pwd, "FhVYAFx7cFu9pxu0cBq6fBL/", "pwd");
    is_int(m->transport.setup, NGX_LIVE_SDP_SETUP_ACTPASS, "setup");
    is_int(m->transport.fingerprinted, 1, "fingerprint");
    is_int(m->transport.fingerprint[0], 0x70, "its first byte");
    is_int(m->transport.fingerprint[31], 0x82, "its last byte");
    is_int(ngx_live_sdp_extension(m, NGX_LIVE_SDP_EXT_MID), 4, "extension");
    is_int(ngx_live_sdp_extension(m, NGX_LIVE_SDP_EXT_RID), 0, "none");

    c = ngx_live_sdp_codec(m, 0, "OPUS", 48000);

    ok(c && c->pt == 111 && c->channels == 2, "opus");
    is_int(c ? c->feedback : 0, NGX_LIVE_SDP_TWCC, "its feedback");

    m = &sdp.media[1];

    is_int(m->kind, NGX_LIVE_SDP_VIDEO, "video");
    is_int(m->ncodecs, 4, "codecs");
    is_int(m->rtcp_rsize, 1, "rtcp-rsize");
    is_int(m->nextensions, 2, "known extensions");
    is_int(ngx_live_sdp_extension(m, NGX_LIVE_SDP_EXT_TWCC), 3,
           "one with a direction");
    is_int(m->ssrc, 11, "ssrc of a group");
    is_int(m->rtx, 12, "and its rtx");
    is_int(m->nrids, 2, "rids");
    is_str(&m->rids[1], "h", "rid");
    is_int(m->rid_direction, NGX_LIVE_SDP_SEND, "they are sent");
    is_int(m->simulcast, 1, "simulcast");

    c = ngx_live_sdp_codec(m, 0, "H264", 90000);

    ok(c && c->pt == 102, "H.264");
    is_int(c ? c->feedback : 0,
           NGX_LIVE_SDP_NACK|NGX_LIVE_SDP_PLI|NGX_LIVE_SDP_FIR,
           "feedback of one and of all");

    ok(c && ngx_live_sdp_parameter(&c->fmtp, "profile-level-id", &value)
            == NGX_OK,
       "a parameter");
    is_str(&value, "42001f", "its value");
    ok(c && ngx_live_sdp_parameter(&c->fmtp, "packetization", &value)
            == NGX_DECLINED,
       "no parameter by a part of its name");

    c = ngx_live_sdp_rtx(m, 102);

    ok(c && c->pt == 103, "rtx");
    ok(ngx_live_sdp_rtx(m, 103) == NULL, "no rtx");
    ok(ngx_live_sdp_codec(m, 3, "H264", 90000) == NULL, "no other H.264");
    ok(ngx_live_sdp_codec(m, 0, "H264", 8000) == NULL, "nor at that rate");
}


/* whole offers, which are the fuzzer's corpus as well */

static void
test_offers(void)
{
    offer("chromium-whip", 0, "audio 0 send 8 codecs 4 ext 0 rid twcc 3 rtx 0");
    offer("chromium-whip", 1, "video 1 send 23 codecs 8 ext 3 rid twcc 3 "
                              "rtx 0");
    offer("chromium-whep", 0, "audio 0 recv 8 codecs 4 ext 0 rid twcc 3 rtx 0");
    offer("chromium-whep", 1, "video 1 recv 34 codecs 7 ext 0 rid twcc 3 "
                              "rtx 0");
    offer("chromium-whep", 2, "other 2 both 0 codecs 0 ext 0 rid twcc 0 rtx 0");
    offer("firefox", 0, "audio 0 send 5 codecs 2 ext 0 rid twcc 0 rtx 0");
    offer("firefox", 1, "video 1 send 8 codecs 6 ext 2 rid twcc 7 "
                        "rtx 3456789012");
    offer("safari", 0, "video 0 recv 6 codecs 4 ext 0 rid twcc 4 rtx 0");
    offer("safari", 1, "audio 1 recv 3 codecs 2 ext 0 rid twcc 0 rtx 0");
    offer("obs", 0, "audio 0 send 1 codecs 0 ext 0 rid twcc 0 rtx 0");
    offer("obs", 1, "video 1 send 1 codecs 0 ext 0 rid twcc 0 rtx 0");
    offer("gstreamer", 0, "video video0 both 1 codecs 0 ext 0 rid twcc 0 "
                          "rtx 0");
    offer("gstreamer", 1, "audio audio1 both 1 codecs 0 ext 0 rid twcc 0 "
                          "rtx 0");
    offer("aiortc", 0, "audio 0 both 3 codecs 2 ext 0 rid twcc 0 rtx 0");
    offer("aiortc", 1, "video 1 both 6 codecs 2 ext 0 rid twcc 0 "
                       "rtx 1374775206");
}


static void
offer(const char *name, ngx_uint_t n, const char *expected)
{
    FILE                  *f;
    u_char                 got[256], *p;
    size_t                 len;
    const char            *kind, *direction;
    ngx_live_sdp_media_t  *m;
    char                   path[1024];

    static u_char       text[16384];
    static const char  *kinds[] = { "none", "audio", "video", "other" };
    static const char  *directions[] = { "none", "send", "recv", "both" };

    snprintf(path, sizeof(path), "%s/t/fuzz/corpus/ngx_live_sdp/%s",
             NGX_UNIT_TOP, name);

    f = fopen(path, "r");
    if (f == NULL) {
        ok(0, "%s", path);
        return;
    }

    len = fread(text, 1, sizeof(text), f);
    fclose(f);

    p = buf_copy(text, len);

    is_int(ngx_live_sdp_parse(&sdp, p, p + len, &reason), NGX_OK, "%s", name);
    ok(n < sdp.nmedia, "section %lu", (unsigned long) n);

    m = &sdp.media[n];
    kind = kinds[m->kind];
    direction = directions[m->direction];

    p = ngx_snprintf(got, sizeof(got), "%s %V %s %ui codecs %ui ext %ui rid "
                     "twcc %ui rtx %uD", kind, &m->mid, direction,
                     m->ncodecs, m->nextensions, m->nrids,
                     ngx_live_sdp_extension(m, NGX_LIVE_SDP_EXT_TWCC),
                     m->rtx);

    is_mem(got, p - got, expected, strlen(expected), "what it says");

    ok(m->bundled && m->rtcp_mux + (m->kind == NGX_LIVE_SDP_APPLICATION),
       "bundled");
    ok(m->transport.fingerprinted && m->transport.ufrag.len >= 4
       && m->transport.pwd.len >= 22
       && m->transport.setup == NGX_LIVE_SDP_SETUP_ACTPASS, "transport");
}


static void
test_session_level(void)
{
    is_int(parse(SESSION
        "a=ice-ufrag:abcd\n"
        "a=ice-pwd:0123456789012345678901\n"
        "a=fingerprint:sha-1 00:11\n"
        "a=fingerprint:SHA-256 " PRINT "\n"
        "a=setup:active\n"
        "a=ice-lite\n"
        "a=recvonly\n"
        "m=video 0 UDP/TLS/RTP/SAVPF 96\n"
        "a=bundle-only\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"
        "a=ice-ufrag:efgh\n"),
        NGX_OK, "lines end with LF, all is said once");

    is_int(sdp.ice_lite, 1, "ice-lite");
    is_str(&sdp.media[0].transport.ufrag, "abcd", "inherited");
    is_int(sdp.media[0].transport.fingerprinted, 1, "fingerprint as well");
    is_int(sdp.media[0].transport.setup, NGX_LIVE_SDP_SETUP_ACTIVE, "setup");
    is_int(sdp.media[0].bundle_only, 1, "bundle-only");
    is_int(sdp.media[0].bundled, 0, "no group");
    is_int(sdp.media[0].direction, NGX_LIVE_SDP_SEND|NGX_LIVE_SDP_RECV,
           "direction is the section's");
    is_int(sdp.media[1].kind, NGX_LIVE_SDP_APPLICATION, "data channel");
    is_str(&sdp.media[1].formats, "webrtc-datachannel", "its format");
    is_str(&sdp.media[1].transport.ufrag, "efgh", "not inherited");
}


static void
test_fragment(void)
{
    u_char      *p;
    size_t       n;
    const char  *text;

    text = "a=ice-ufrag:EsAw\r\n"
           "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
           "m=audio 9 RTP/AVP 0\r\n"
           "a=mid:0\r\n"
           "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host"
           " generation 0\r\n"
           "a=candidate:1 1 TCP 2105458943 2001:db8::1 9 typ host tcptype"
           " active\r\n"
           "a=candidate:x 1 udp\r\n"
           "a=end-of-candidates\r\n";

    n = strlen(text);
    p = buf_copy(text, n);

    is_int(ngx_live_sdp_parse_fragment(&sdp, p, p + n, &reason), NGX_OK,
           "a fragment");
    is_str(&sdp.media[0].transport.ufrag, "EsAw", "ufrag");
    is_int(sdp.ncandidates, 2, "candidates");
    is_str(&sdp.candidates[0].address, "192.0.2.1", "address");
    is_int(sdp.candidates[0].port, 61764, "port");
    is_int(sdp.candidates[0].tcp, 0, "udp");
    is_int(sdp.candidates[1].tcp, 1, "tcp");
    is_int(sdp.end_of_candidates, 1, "end of candidates");

    is_int(ngx_live_sdp_parse(&sdp, p, p + n, &reason), NGX_ERROR,
           "it is no whole description");
}


static void
test_refused(void)
{
    ngx_uint_t  i;

    static const char  *texts[] = {
        "",
        "\r\n\r\n",
        "hello",
        "v=1\r\n",
        "o=- 1 2 IN IP4 127.0.0.1\r\n",
        SESSION "a\r\n",
        SESSION "a=mid:\t0\r\n",
        SESSION "m=video\r\n",
        SESSION "m=video 9 UDP/TLS/RTP/SAVPF\r\n",
        SESSION "m=video 65536 UDP/TLS/RTP/SAVPF 96\r\n",
        SESSION "m=video 9 UDP/TLS/RTP/SAVPF 128\r\n",
        SESSION "m=video 9 UDP/TLS/RTP/SAVPF x\r\n",
        SESSION "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:\r\n",
        SESSION "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:a b\r\n",
        SESSION "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                "a=mid:123456789012345678901234567890123\r\n",
        SESSION "a=ice-ufrag:abc\r\n",
        SESSION "a=ice-ufrag:ab cd\r\n",
        SESSION "a=ice-pwd:012345678901234567890\r\n",
        SESSION "a=fingerprint:sha-256 00:11\r\n",
        SESSION "a=fingerprint:sha-256 7021:3C:69:EF:B5:60:E5:C3:21:31:1C:"
                "4A:50:6D:56:B0:5D:15:F9:D7:E5:12:E8:98:CF:CE:C8:A9:0B:12:8"
                "2:\r\n",
        SESSION "a=fingerprint:sha-256 G0:21:3C:69:EF:B5:60:E5:C3:21:31:1C:"
                "4A:50:6D:56:B0:5D:15:F9:D7:E5:12:E8:98:CF:CE:C8:A9:0B:12:82"
                "\r\n"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        reason = NULL;

        is_int(parse(texts[i]), NGX_ERROR, "refused, %lu",
               (unsigned long) i);
        ok(reason != NULL, "with a reason: %s", reason ? reason : "");
    }
}


static void
test_bounds(void)
{
    char        *text, *p;
    ngx_uint_t   i;

    text = malloc(65536);

    p = text + sprintf(text, SESSION);

    for (i = 0; i < NGX_LIVE_SDP_MEDIA; i++) {
        p += sprintf(p, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n");
    }

    is_int(parse(text), NGX_OK, "as many sections as there may be");

    p += sprintf(p, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n");

    is_int(parse(text), NGX_ERROR, "one more");

    p = text + sprintf(text, SESSION "m=video 9 UDP/TLS/RTP/SAVPF");

    for (i = 0; i < 128; i++) {
        p += sprintf(p, " %lu", (unsigned long) i);
    }

    p += sprintf(p, "\r\na=rtpmap:127 H264/90000\r\na=mid:v\r\n");

    for (i = 0; i < 100; i++) {
        p += sprintf(p, "a=rid:%lu send\r\na=candidate:1 1 udp 1 1.1.1.1 1 "
                     "typ host\r\n", (unsigned long) i);
    }

    is_int(parse(text), NGX_OK, "too much of what is optional");
    is_int(sdp.media[0].ncodecs, NGX_LIVE_SDP_CODECS, "codecs");
    is_int(sdp.media[0].nrids, NGX_LIVE_SDP_RIDS, "rids");
    is_int(sdp.ncandidates, NGX_LIVE_SDP_CANDIDATES, "candidates");

    free(text);
}


static ngx_live_sdp_media_t *
answer(void)
{
    ngx_live_sdp_media_t  *m;

    ngx_memzero(&sdp, sizeof(ngx_live_sdp_t));

    sdp.id = 12345;
    sdp.ice_lite = 1;
    sdp.nmedia = 2;
    sdp.ncandidates = 1;

    ngx_str_set(&sdp.transport.ufrag, "ufra");
    ngx_str_set(&sdp.transport.pwd, "pwdpwdpwdpwdpwdpwdpwdp");
    sdp.transport.setup = NGX_LIVE_SDP_SETUP_PASSIVE;
    sdp.transport.fingerprinted = 1;
    sdp.transport.fingerprint[1] = 0xab;

    ngx_str_set(&sdp.candidates[0].address, "192.0.2.7");
    sdp.candidates[0].port = 3478;
    sdp.candidates[0].priority = 2130706431;

    m = &sdp.media[0];

    ngx_str_set(&m->kind_text, "video");
    ngx_str_set(&m->proto, "UDP/TLS/RTP/SAVPF");
    ngx_str_set(&m->mid, "v");
    ngx_str_set(&m->msid, "- video");
    ngx_str_set(&m->cname, "live");
    m->port = 9;
    m->direction = NGX_LIVE_SDP_SEND;
    m->rtcp_rsize = 1;
    m->ssrc = 4294967295u;
    m->rtx = 7;
    m->nextensions = 1;
    m->extensions[0].id = 4;
    m->extensions[0].type = NGX_LIVE_SDP_EXT_MID;
    m->ncodecs = 1;
    m->codecs[0].pt = 102;
    m->codecs[0].rate = 90000;
    m->codecs[0].feedback = NGX_LIVE_SDP_NACK|NGX_LIVE_SDP_PLI;
    ngx_str_set(&m->codecs[0].name, "H264");
    ngx_str_set(&m->codecs[0].fmtp, "packetization-mode=1");

    m = &sdp.media[1];

    ngx_str_set(&m->kind_text, "application");
    ngx_str_set(&m->proto, "UDP/DTLS/SCTP");
    ngx_str_set(&m->formats, "webrtc-datachannel");
    ngx_str_set(&m->mid, "d");

    return &sdp.media[0];
}


static void
test_write(void)
{
    u_char      buf[4096], *p;
    ngx_str_t   text;

    (void) answer();

    p = ngx_live_sdp_write(&sdp, buf, buf + sizeof(buf));

    text.data = buf;
    text.len = p ? p - buf : 0;

    is_str(&text,
        "v=0\r\n"
        "o=- 12345 1 IN IP4 0.0.0.0\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "a=ice-lite\r\n"
        "a=group:BUNDLE v\r\n"
        "a=msid-semantic: WMS *\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 102\r\n"
        "c=IN IP4 0.0.0.0\r\n"
        "a=mid:v\r\n"
        "a=ice-ufrag:ufra\r\n"
        "a=ice-pwd:pwdpwdpwdpwdpwdpwdpwdp\r\n"
        "a=fingerprint:sha-256 00:AB:00:00:00:00:00:00:00:00:00:00:00:00:00:"
        "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n"
        "a=setup:passive\r\n"
        "a=sendonly\r\n"
        "a=rtcp-mux\r\n"
        "a=rtcp-rsize\r\n"
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        "a=rtpmap:102 H264/90000\r\n"
        "a=rtcp-fb:102 nack\r\n"
        "a=rtcp-fb:102 nack pli\r\n"
        "a=fmtp:102 packetization-mode=1\r\n"
        "a=msid:- video\r\n"
        "a=ssrc-group:FID 4294967295 7\r\n"
        "a=ssrc:4294967295 cname:live\r\n"
        "a=ssrc:7 cname:live\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.7 3478 typ host\r\n"
        "a=end-of-candidates\r\n"
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
        "c=IN IP4 0.0.0.0\r\n"
        "a=mid:d\r\n"
        "a=inactive\r\n",
        "an answer");
}


static void
test_write_short(void)
{
    u_char  *buf, *p;
    size_t   n, whole;

    (void) answer();

    buf = malloc(4096);
    p = ngx_live_sdp_write(&sdp, buf, buf + 4096);
    whole = p - buf;
    free(buf);

    for (n = 0; n <= whole; n++) {
        buf = malloc(n + 1);
        p = ngx_live_sdp_write(&sdp, buf, buf + n);
        free(buf);

        if (p) {
            break;
        }
    }

    ok(n == whole + 1, "nothing that is cut off: %lu of %lu bytes",
       (unsigned long) n, (unsigned long) whole);
}
