
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Words and numbers of a session description, and what is looked for in one
 * that was read.
 */


#include "ngx_live_sdp.h"


ngx_int_t
ngx_live_sdp_word(ngx_str_t *s, ngx_str_t *word)
{
    u_char  *p, *end;

    if (s->len == 0) {
        ngx_str_null(word);
        return NGX_DECLINED;
    }

    end = s->data + s->len;

    for (p = s->data; p < end && *p != ' '; p++) { /* void */ }

    word->data = s->data;
    word->len = p - s->data;

    while (p < end && *p == ' ') {
        p++;
    }

    s->data = p;
    s->len = end - p;

    return word->len ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_live_sdp_number(ngx_str_t *s, uint64_t max, uint64_t *n)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    for (i = 0; i < s->len; i++) {

        if (s->data[i] < '0' || s->data[i] > '9') {
            return NGX_DECLINED;
        }

        value = value * 10 + (s->data[i] - '0');

        if (value > max) {
            return NGX_DECLINED;
        }
    }

    *n = value;

    return s->len ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_live_sdp_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_strncmp(s->data, text, s->len) == 0;
}


ngx_uint_t
ngx_live_sdp_ice_chars(ngx_str_t *s, size_t min)
{
    size_t  i;
    u_char  ch, low;

    if (s->len < min || s->len > NGX_LIVE_SDP_CREDENTIAL_MAX) {
        return 0;
    }

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];
        low = ch | 0x20;

        if ((low < 'a' || low > 'z') && (ch < '0' || ch > '9')
            && ch != '+' && ch != '/')
        {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_live_sdp_parameter(ngx_str_t *fmtp, const char *name, ngx_str_t *value)
{
    u_char  *p, *end, *last;
    size_t   len;

    if (fmtp->len == 0) {
        return NGX_DECLINED;
    }

    len = ngx_strlen(name);
    p = fmtp->data;
    end = p + fmtp->len;

    while (p < end) {

        while (p < end && (*p == ' ' || *p == ';')) {
            p++;
        }

        last = ngx_strlchr(p, end, ';');

        if (last == NULL) {
            last = end;
        }

        if ((size_t) (last - p) > len && p[len] == '='
            && ngx_strncasecmp(p, (u_char *) name, len) == 0)
        {
            value->data = p + len + 1;
            value->len = last - value->data;
            return NGX_OK;
        }

        p = last;
    }

    return NGX_DECLINED;
}


ngx_live_sdp_codec_t *
ngx_live_sdp_codec(ngx_live_sdp_media_t *media, ngx_uint_t n,
    const char *name, uint32_t rate)
{
    size_t                 len;
    ngx_live_sdp_codec_t  *c;

    len = ngx_strlen(name);

    for ( /* void */ ; n < media->ncodecs; n++) {
        c = &media->codecs[n];

        if (c->rate == rate && c->name.len == len
            && ngx_strncasecmp(c->name.data, (u_char *) name, len) == 0)
        {
            return c;
        }
    }

    return NULL;
}


ngx_live_sdp_codec_t *
ngx_live_sdp_rtx(ngx_live_sdp_media_t *media, ngx_uint_t pt)
{
    ngx_str_t              value;
    ngx_uint_t             i;
    ngx_live_sdp_codec_t  *c;

    for (i = 0; i < media->ncodecs; i++) {
        c = &media->codecs[i];

        if (c->name.len == 3
            && ngx_strncasecmp(c->name.data, (u_char *) "rtx", 3) == 0
            && ngx_live_sdp_parameter(&c->fmtp, "apt", &value) == NGX_OK
            && ngx_atoi(value.data, value.len) == (ngx_int_t) pt)
        {
            return c;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_live_sdp_extension(ngx_live_sdp_media_t *media, ngx_uint_t type)
{
    ngx_uint_t  i;

    for (i = 0; i < media->nextensions; i++) {
        if (media->extensions[i].type == type) {
            return media->extensions[i].id;
        }
    }

    return 0;
}
