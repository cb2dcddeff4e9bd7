
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_request.h>


#define NGX_LIVE_HLS_REQUEST_MAX  0x7fffffffffffffffULL


static ngx_int_t ngx_live_hls_request_number(const ngx_str_t *s,
    uint64_t *value);
static const char *ngx_live_hls_request_ahead(const ngx_live_hls_edge_t *edge,
    const ngx_live_hls_want_t *want);
static uint64_t ngx_live_hls_request_limit(const ngx_live_hls_edge_t *edge);


ngx_uint_t
ngx_live_hls_request(const ngx_live_hls_edge_t *edge, const ngx_str_t *msn,
    const ngx_str_t *part, const ngx_str_t *skip, ngx_live_hls_want_t *want,
    ngx_uint_t *delta, const char **reason)
{
    *delta = 0;
    *reason = NULL;
    want->msn = 0;
    want->part = NGX_LIVE_HLS_WHOLE;

    if (edge->ended) {
        return NGX_LIVE_HLS_ANSWER;
    }

    if (skip->data
        && ((skip->len == 3 && ngx_memcmp(skip->data, "YES", 3) == 0)
            || (skip->len == 2 && ngx_memcmp(skip->data, "v2", 2) == 0)))
    {
        *delta = 1;
    }

    if (msn->data == NULL) {

        if (part->data) {
            *reason = "_HLS_part without _HLS_msn";
            return NGX_LIVE_HLS_BAD_REQUEST;
        }

        return NGX_LIVE_HLS_ANSWER;
    }

    if (ngx_live_hls_request_number(msn, &want->msn) != NGX_OK) {
        *reason = "invalid _HLS_msn";
        return NGX_LIVE_HLS_BAD_REQUEST;
    }

    if (part->data
        && ngx_live_hls_request_number(part, &want->part) != NGX_OK)
    {
        *reason = "invalid _HLS_part";
        return NGX_LIVE_HLS_BAD_REQUEST;
    }

    if (edge->part_target == 0) {
        want->part = NGX_LIVE_HLS_WHOLE;
    }

    if (ngx_live_hls_request_ready(edge, want)) {
        return NGX_LIVE_HLS_ANSWER;
    }

    *reason = ngx_live_hls_request_ahead(edge, want);

    return *reason ? NGX_LIVE_HLS_BAD_REQUEST : NGX_LIVE_HLS_WAIT;
}


/* any number of digits; what does not fit is as far ahead as the maximum */

static ngx_int_t
ngx_live_hls_request_number(const ngx_str_t *s, uint64_t *value)
{
    size_t      i;
    uint64_t    v;
    ngx_uint_t  digit;

    if (s->len == 0) {
        return NGX_ERROR;
    }

    v = 0;

    for (i = 0; i < s->len; i++) {

        if (s->data[i] < '0' || s->data[i] > '9') {
            return NGX_ERROR;
        }

        digit = s->data[i] - '0';

        if (v > (NGX_LIVE_HLS_REQUEST_MAX - digit) / 10) {
            v = NGX_LIVE_HLS_REQUEST_MAX;

        } else {
            v = v * 10 + digit;
        }
    }

    *value = v;

    return NGX_OK;
}


/*
 * Further than the last MSN plus two, or than the last part by more than the
 * Advance Part Limit: draft-pantos-hls-rfc8216bis, 6.2.5.2.  How many parts
 * the segment in progress has left is not known, so a part of a later one is
 * counted as if it had none.
 */

static const char *
ngx_live_hls_request_ahead(const ngx_live_hls_edge_t *edge,
    const ngx_live_hls_want_t *want)
{
    uint64_t  ahead;

    /* next is the last MSN plus one */

    if (want->msn > edge->next && want->msn - edge->next > 1) {
        return "_HLS_msn is too far ahead";
    }

    if (want->part == NGX_LIVE_HLS_WHOLE) {
        return NULL;
    }

    ahead = want->part + 1;

    if (want->msn == edge->next) {
        ahead -= edge->parts;
    }

    if (ahead > ngx_live_hls_request_limit(edge)) {
        return "_HLS_part is too far ahead";
    }

    return NULL;
}


static uint64_t
ngx_live_hls_request_limit(const ngx_live_hls_edge_t *edge)
{
    if (edge->part_target == 0 || edge->part_target >= 1000000) {
        return 3;
    }

    return 3000000 / edge->part_target;
}


ngx_uint_t
ngx_live_hls_request_ready(const ngx_live_hls_edge_t *edge,
    ngx_live_hls_want_t *want)
{
    if (edge->ended) {
        return 1;
    }

    if (want->part == NGX_LIVE_HLS_WHOLE) {
        return want->msn < edge->next;
    }

    /* a gap has no parts: who waits for one is told of the gap */

    if (want->msn + 1 == edge->next
        && edge->last_parts && want->part >= edge->last_parts)
    {
        want->msn++;
        want->part = 0;
    }

    if (want->msn != edge->next) {
        return want->msn < edge->next;
    }

    return want->part < edge->parts;
}


ngx_int_t
ngx_live_hls_request_part(const ngx_live_hls_edge_t *edge, uint64_t msn,
    ngx_uint_t part)
{
    if (msn < edge->next) {

        if (msn + 1 == edge->next && part >= edge->last_parts) {
            return NGX_DECLINED;
        }

        return NGX_OK;
    }

    if (msn == edge->next && part < edge->parts) {
        return NGX_OK;
    }

    if (msn == edge->next && part == edge->parts
        && edge->part_target && !edge->ended)
    {
        return NGX_AGAIN;
    }

    return NGX_DECLINED;
}
