
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of RTCP: each packet of a compound, read as everything. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_rtcp.h>
#include <ngx_live_twcc.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reports(ngx_live_rtcp_t *p);
static void feedback(ngx_live_rtcp_t *p);
static void transport(ngx_live_rtcp_t *p);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           *pos, *last;
    ngx_int_t         rc;
    const char       *reason;
    ngx_live_rtcp_t   p;

    pos = (u_char *) data;
    last = pos;
    reason = NULL;

    while ((rc = ngx_live_rtcp_next(&pos, (u_char *) data + size, &p,
                                    &reason))
           == NGX_OK)
    {
        if (pos - last < 4 || p.data + p.len > pos) {
            abort();
        }

        last = pos;

        reports(&p);
        feedback(&p);
        transport(&p);
    }

    if (rc == NGX_ERROR && reason == NULL) {
        abort();
    }

    return 0;
}


static void
reports(ngx_live_rtcp_t *p)
{
    uint32_t                 ssrc;
    ngx_str_t                cname;
    ngx_uint_t               i;
    ngx_live_rtcp_sr_t       sr;
    ngx_live_rtcp_xr_t       xr;
    ngx_live_rtcp_report_t   report;

    (void) ngx_live_rtcp_parse_sr(p, &sr);

    for (i = 0; i < 40; i++) {
        (void) ngx_live_rtcp_parse_report(p, i, &report);
        (void) ngx_live_rtcp_parse_bye(p, i, &ssrc);
    }

    if (ngx_live_rtcp_parse_cname(p, p->ssrc, &cname) == NGX_OK
        && (cname.data < p->data || cname.data + cname.len > p->data + p->len))
    {
        abort();
    }

    (void) ngx_live_rtcp_parse_xr(p, 1, &xr);
}


static void
feedback(ngx_live_rtcp_t *p)
{
    u_char                 buf[256];
    uint16_t               seq;
    uint32_t               ssrc;
    ngx_uint_t             i, n;
    ngx_live_rtcp_nack_t   at;
    ngx_live_rtcp_remb_t   remb;

    (void) ngx_live_rtcp_parse_media(p, &ssrc);

    ngx_memzero(&at, sizeof(at));

    for (i = 0; ngx_live_rtcp_parse_nack(p, &at, &seq) == NGX_OK; i++) {
        if (i > p->len * 5) {
            abort();
        }
    }

    for (i = 0; ngx_live_rtcp_parse_fir(p, i, &ssrc, &n) == NGX_OK; i++) {
        /* void */
    }

    if (ngx_live_rtcp_parse_remb(p, &remb) == NGX_OK
        && ngx_live_rtcp_write_remb(buf, buf + sizeof(buf), 1, &remb) == NULL)
    {
        abort();
    }
}


/* what was read is written, and read again */

static void
transport(ngx_live_rtcp_t *p)
{
    u_char            *pos, *end, buf[16384];
    int64_t            times[NGX_LIVE_TWCC_MAX], time;
    uint16_t           seq;
    ngx_int_t          rc;
    ngx_uint_t         i, n, taken;
    const char        *reason;
    ngx_live_rtcp_t    again;
    ngx_live_twcc_t    t;

    if (ngx_live_twcc_parse(p, &t) != NGX_OK) {
        return;
    }

    n = 0;

    while ((rc = ngx_live_twcc_next(&t, &seq, &times[n])) == NGX_OK) {
        n++;
    }

    if (n > t.count || (rc == NGX_DONE && n != t.count)) {
        abort();
    }

    for (i = 0; i < n && times[i] == NGX_LIVE_TWCC_LOST; i++) {
        /* void */
    }

    if (i == n || times[i] < 0) {
        return;
    }

    end = ngx_live_twcc_write(buf, buf + sizeof(buf), 1, 2, t.number, t.base,
                              times, n, &taken);

    pos = buf;

    if (end == NULL
        || ngx_live_rtcp_next(&pos, end, &again, &reason) != NGX_OK
        || pos != end || ngx_live_twcc_parse(&again, &t) != NGX_OK
        || t.count != taken)
    {
        abort();
    }

    for (i = 0; ngx_live_twcc_next(&t, &seq, &time) == NGX_OK; i++) {
        /* times have 32 bits, and some are lost */

        if ((uint32_t) time != (uint32_t) times[i]
            || (time == NGX_LIVE_TWCC_LOST) != (times[i] == NGX_LIVE_TWCC_LOST))
        {
            abort();
        }
    }

    if (i != taken) {
        abort();
    }
}
