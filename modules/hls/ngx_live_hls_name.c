
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_name.h>


static ngx_int_t ngx_live_hls_name_parse_init(ngx_live_hls_name_t *name,
    u_char *p, u_char *end);
static ngx_int_t ngx_live_hls_name_parse_media(ngx_live_hls_name_t *name,
    u_char *p, u_char *end);
static u_char *ngx_live_hls_name_word(u_char *p, u_char *end);
static ngx_uint_t ngx_live_hls_name_ends(u_char *p, u_char **end,
    const char *suffix, size_t len);


#define ngx_live_hls_name_cut(p, end, suffix)                                 \
    ngx_live_hls_name_ends(p, end, suffix, sizeof(suffix) - 1)


ngx_int_t
ngx_live_hls_name_parse(ngx_live_hls_name_t *name, u_char *data, size_t len)
{
    u_char  *p, *end, *last;

    ngx_memzero(name, sizeof(ngx_live_hls_name_t));

    p = data;
    end = data + len;

    if (len == sizeof("index.m3u8") - 1
        && ngx_memcmp(p, "index.m3u8", len) == 0)
    {
        name->kind = NGX_LIVE_HLS_NAME_INDEX;
        name->file.data = p;
        name->file.len = len;

        return NGX_OK;
    }

    last = ngx_live_hls_name_word(p, end);

    if (last == NULL || last == end || *last != '/') {
        return NGX_DECLINED;
    }

    name->session.data = p;
    name->session.len = last - p;

    p = last + 1;
    name->file.data = p;
    name->file.len = end - p;

    last = ngx_live_hls_name_word(p, end);

    if (last == NULL) {
        return NGX_DECLINED;
    }

    name->track.data = p;
    name->track.len = last - p;
    p = last;

    if ((size_t) (end - p) == sizeof(".m3u8") - 1
        && ngx_memcmp(p, ".m3u8", sizeof(".m3u8") - 1) == 0)
    {
        name->kind = NGX_LIVE_HLS_NAME_PLAYLIST;
        return NGX_OK;
    }

    if (p == end || *p++ != '-') {
        return NGX_DECLINED;
    }

    if (p != end && *p == 'i') {
        return ngx_live_hls_name_parse_init(name, p, end);
    }

    return ngx_live_hls_name_parse_media(name, p, end);
}


static ngx_int_t
ngx_live_hls_name_parse_init(ngx_live_hls_name_t *name, u_char *p,
    u_char *end)
{
    if (!ngx_live_hls_name_cut(p, &end, ".mp4")
        || (size_t) (end - p) < sizeof("init-") - 1
        || ngx_memcmp(p, "init-", sizeof("init-") - 1) != 0
        || ngx_live_hls_name_hash(p + sizeof("init-") - 1, end, &name->hash)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    name->kind = NGX_LIVE_HLS_NAME_INIT;

    return NGX_OK;
}


static ngx_int_t
ngx_live_hls_name_parse_media(ngx_live_hls_name_t *name, u_char *p,
    u_char *end)
{
    u_char    *dot;
    uint64_t   msn, part;

    if (!ngx_live_hls_name_cut(p, &end, ".m4s")) {
        return NGX_DECLINED;
    }

    dot = ngx_strlchr(p, end, '.');

    if (ngx_live_hls_name_number(p, dot ? dot : end, NGX_LIVE_HLS_MSN_MAX,
                                 &msn)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    part = 0;

    if (dot
        && ngx_live_hls_name_number(dot + 1, end, NGX_LIVE_HLS_PART_MAX, &part)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    name->kind = dot ? NGX_LIVE_HLS_NAME_PART : NGX_LIVE_HLS_NAME_SEGMENT;
    name->msn = msn;
    name->part = part;

    return NGX_OK;
}


/* the end of a SESSION or TRACK that starts at p, or NULL if there is none */

static u_char *
ngx_live_hls_name_word(u_char *p, u_char *end)
{
    u_char  *start, c;

    for (start = p; p != end; p++) {
        c = *p | 0x20;

        if ((c < 'a' || c > 'z') && (*p < '0' || *p > '9') && *p != '_') {
            break;
        }
    }

    if (p == start || p - start > NGX_LIVE_HLS_NAME_LEN) {
        return NULL;
    }

    return p;
}


/* takes the suffix off the end, if it is there */

static ngx_uint_t
ngx_live_hls_name_ends(u_char *p, u_char **end, const char *suffix,
    size_t len)
{
    if ((size_t) (*end - p) < len
        || ngx_memcmp(*end - len, suffix, len) != 0)
    {
        return 0;
    }

    *end -= len;

    return 1;
}


ngx_uint_t
ngx_live_hls_name_valid(const ngx_str_t *s)
{
    return s->len
           && ngx_live_hls_name_word(s->data, s->data + s->len)
              == s->data + s->len;
}


ngx_int_t
ngx_live_hls_name_number(u_char *p, u_char *end, uint64_t max,
    uint64_t *value)
{
    uint64_t    v;
    ngx_uint_t  digit;

    if (p == end || (*p == '0' && end - p > 1)) {
        return NGX_ERROR;
    }

    for (v = 0; p != end; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        digit = *p - '0';

        if (v > (max - digit) / 10) {
            return NGX_ERROR;
        }

        v = v * 10 + digit;
    }

    *value = v;

    return NGX_OK;
}


ngx_int_t
ngx_live_hls_name_hash(u_char *p, u_char *end, uint64_t *value)
{
    u_char    c;
    uint64_t  v;

    if (end - p != 16) {
        return NGX_ERROR;
    }

    for (v = 0; p != end; p++) {
        c = *p;

        if (c >= '0' && c <= '9') {
            v = (v << 4) | (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            v = (v << 4) | (c - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    *value = v;

    return NGX_OK;
}


u_char *
ngx_live_hls_name_file(u_char *p, ngx_uint_t kind, const ngx_str_t *track,
    uint64_t msn, ngx_uint_t part, uint64_t hash)
{
    if (kind == NGX_LIVE_HLS_NAME_INDEX) {
        return ngx_cpymem(p, "index.m3u8", sizeof("index.m3u8") - 1);
    }

    p = ngx_cpymem(p, track->data,
                   ngx_min(track->len, NGX_LIVE_HLS_NAME_LEN));

    switch (kind) {

    case NGX_LIVE_HLS_NAME_PLAYLIST:
        return ngx_cpymem(p, ".m3u8", sizeof(".m3u8") - 1);

    case NGX_LIVE_HLS_NAME_INIT:
        return ngx_sprintf(p, "-init-%016xL.mp4", (int64_t) hash);

    case NGX_LIVE_HLS_NAME_SEGMENT:
        return ngx_sprintf(p, "-%uL.m4s", msn);

    default: /* NGX_LIVE_HLS_NAME_PART */
        return ngx_sprintf(p, "-%uL.%ui.m4s", msn, part);
    }
}
