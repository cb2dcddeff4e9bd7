
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_deflate.h"


#define NGX_LIVE_CHAT_DEFLATE_WINDOW   15

/* hash of 8 kB, to be cleared for each message; these are short */
#define NGX_LIVE_CHAT_DEFLATE_MEMORY   5

/* final blocks within a message, each of which costs a window */
#define NGX_LIVE_CHAT_DEFLATE_FINALS   8


#define NGX_LIVE_CHAT_DEFLATE_SERVER_TAKEOVER  0x01
#define NGX_LIVE_CHAT_DEFLATE_CLIENT_TAKEOVER  0x02
#define NGX_LIVE_CHAT_DEFLATE_SERVER_WINDOW    0x04
#define NGX_LIVE_CHAT_DEFLATE_CLIENT_WINDOW    0x08


typedef struct {
    u_char                    *pos;
    u_char                    *end;
    ngx_str_t                  name;       /* of a parameter */
    ngx_str_t                  value;      /* in buf, if quoted */
    ngx_uint_t                 has_value;
    u_char                     buf[8];
} ngx_live_chat_offer_t;


static ngx_int_t ngx_live_chat_offer_extension(ngx_live_chat_offer_t *o,
    ngx_uint_t *seen);
static ngx_int_t ngx_live_chat_offer_param(ngx_live_chat_offer_t *o);
static ngx_int_t ngx_live_chat_offer_check(ngx_live_chat_offer_t *o,
    ngx_uint_t *seen);
static ngx_uint_t ngx_live_chat_offer_window(ngx_str_t *value);
static ngx_uint_t ngx_live_chat_offer_is(ngx_str_t *name, const char *text);
static ngx_int_t ngx_live_chat_offer_token(ngx_live_chat_offer_t *o,
    ngx_str_t *token);
static ngx_int_t ngx_live_chat_offer_quoted(ngx_live_chat_offer_t *o);
static ngx_uint_t ngx_live_chat_offer_next(ngx_live_chat_offer_t *o,
    u_char ch);
static void ngx_live_chat_offer_blank(ngx_live_chat_offer_t *o);
static ngx_int_t ngx_live_chat_inflate_piece(ngx_live_chat_deflate_t *df,
    u_char *dst, ngx_uint_t *finals, const char **reason);
static ngx_int_t ngx_live_chat_inflate_final(z_stream *zs, u_char *dst,
    ngx_uint_t *finals, const char **reason);


/* RFC 7692, 7.2.1: what ends a flushed block and is not sent */
static u_char  ngx_live_chat_deflate_tail[] = { 0x00, 0x00, 0xff, 0xff };


static ngx_str_t  ngx_live_chat_deflate_answer =
    ngx_string("permessage-deflate; server_no_context_takeover; "
               "client_no_context_takeover");

static ngx_str_t  ngx_live_chat_deflate_answer_window =
    ngx_string("permessage-deflate; server_no_context_takeover; "
               "client_no_context_takeover; server_max_window_bits=15");


ngx_int_t
ngx_live_chat_deflate_offer(u_char *p, size_t len, ngx_str_t *answer)
{
    ngx_int_t              rc;
    ngx_uint_t             seen, accepted;
    ngx_live_chat_offer_t  o;

    ngx_memzero(&o, sizeof(ngx_live_chat_offer_t));

    o.pos = p;
    o.end = p + len;
    accepted = 0;

    for ( ;; ) {

        /* RFC 2616, 2.1: a list may have empty elements */

        while (ngx_live_chat_offer_next(&o, ',')) { /* void */ }

        if (o.pos == o.end) {
            return accepted ? NGX_OK : NGX_DECLINED;
        }

        rc = ngx_live_chat_offer_extension(&o, &seen);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        /* RFC 7692, 7.1.2.1: a window that was asked for is confirmed */

        if (rc == NGX_OK && !accepted) {
            accepted = 1;
            *answer = (seen & NGX_LIVE_CHAT_DEFLATE_SERVER_WINDOW)
                      ? ngx_live_chat_deflate_answer_window
                      : ngx_live_chat_deflate_answer;
        }

        if (o.pos != o.end && !ngx_live_chat_offer_next(&o, ',')) {
            return NGX_ERROR;
        }
    }
}


/* NGX_DECLINED: another extension, or one whose parameters cannot be met */

static ngx_int_t
ngx_live_chat_offer_extension(ngx_live_chat_offer_t *o, ngx_uint_t *seen)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    if (ngx_live_chat_offer_token(o, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    *seen = 0;

    rc = ngx_live_chat_offer_is(&name, "permessage-deflate") ? NGX_OK
                                                             : NGX_DECLINED;

    while (ngx_live_chat_offer_next(o, ';')) {

        if (ngx_live_chat_offer_param(o) != NGX_OK) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            rc = ngx_live_chat_offer_check(o, seen);
        }
    }

    return rc;
}


static ngx_int_t
ngx_live_chat_offer_param(ngx_live_chat_offer_t *o)
{
    ngx_str_null(&o->value);

    if (ngx_live_chat_offer_token(o, &o->name) != NGX_OK) {
        return NGX_ERROR;
    }

    o->has_value = ngx_live_chat_offer_next(o, '=');

    if (!o->has_value) {
        return NGX_OK;
    }

    if (o->pos < o->end && *o->pos == '"') {
        return ngx_live_chat_offer_quoted(o);
    }

    return ngx_live_chat_offer_token(o, &o->value);
}


static ngx_int_t
ngx_live_chat_offer_check(ngx_live_chat_offer_t *o, ngx_uint_t *seen)
{
    ngx_uint_t  param;

    if (ngx_live_chat_offer_is(&o->name, "server_no_context_takeover")) {
        param = NGX_LIVE_CHAT_DEFLATE_SERVER_TAKEOVER;

        if (o->has_value) {
            return NGX_DECLINED;
        }

    } else if (ngx_live_chat_offer_is(&o->name, "client_no_context_takeover")) {
        param = NGX_LIVE_CHAT_DEFLATE_CLIENT_TAKEOVER;

        if (o->has_value) {
            return NGX_DECLINED;
        }

    } else if (ngx_live_chat_offer_is(&o->name, "server_max_window_bits")) {
        param = NGX_LIVE_CHAT_DEFLATE_SERVER_WINDOW;

        if (ngx_live_chat_offer_window(&o->value)
            != NGX_LIVE_CHAT_DEFLATE_WINDOW)
        {
            return NGX_DECLINED;
        }

    } else if (ngx_live_chat_offer_is(&o->name, "client_max_window_bits")) {
        param = NGX_LIVE_CHAT_DEFLATE_CLIENT_WINDOW;

        if (o->has_value && ngx_live_chat_offer_window(&o->value) == 0) {
            return NGX_DECLINED;
        }

    } else {
        return NGX_DECLINED;
    }

    if (*seen & param) {
        return NGX_DECLINED;
    }

    *seen |= param;

    return NGX_OK;
}


/* 8 to 15 without leading zeros, 0: something else */

static ngx_uint_t
ngx_live_chat_offer_window(ngx_str_t *value)
{
    u_char  *p;

    p = value->data;

    if (value->len == 1 && (p[0] == '8' || p[0] == '9')) {
        return p[0] - '0';
    }

    if (value->len == 2 && p[0] == '1' && p[1] >= '0' && p[1] <= '5') {
        return 10 + p[1] - '0';
    }

    return 0;
}


static ngx_uint_t
ngx_live_chat_offer_is(ngx_str_t *name, const char *text)
{
    return name->len == ngx_strlen(text)
           && ngx_strncasecmp(name->data, (u_char *) text, name->len) == 0;
}


/* moves over blanks on both sides */

static ngx_int_t
ngx_live_chat_offer_token(ngx_live_chat_offer_t *o, ngx_str_t *token)
{
    u_char  ch;

    ngx_live_chat_offer_blank(o);

    token->data = o->pos;

    while (o->pos < o->end) {
        ch = *o->pos;

        if (ch <= 0x20 || ch >= 0x7f
            || ngx_strchr("()<>@,;:\\\"/[]?={}", ch) != NULL)
        {
            break;
        }

        o->pos++;
    }

    token->len = o->pos - token->data;

    ngx_live_chat_offer_blank(o);

    return token->len ? NGX_OK : NGX_ERROR;
}


/* a value too long for any parameter is cut, which makes it no better */

static ngx_int_t
ngx_live_chat_offer_quoted(ngx_live_chat_offer_t *o)
{
    u_char  ch;
    size_t  n;

    n = 0;
    o->pos++;

    while (o->pos < o->end) {
        ch = *o->pos++;

        if (ch == '"') {
            o->value.data = o->buf;
            o->value.len = n;

            ngx_live_chat_offer_blank(o);

            return NGX_OK;
        }

        if (ch == '\\') {

            if (o->pos == o->end) {
                return NGX_ERROR;
            }

            ch = *o->pos++;
        }

        if (n < sizeof(o->buf)) {
            o->buf[n++] = ch;
        }
    }

    return NGX_ERROR;
}


static ngx_uint_t
ngx_live_chat_offer_next(ngx_live_chat_offer_t *o, u_char ch)
{
    ngx_live_chat_offer_blank(o);

    if (o->pos == o->end || *o->pos != ch) {
        return 0;
    }

    o->pos++;

    ngx_live_chat_offer_blank(o);

    return 1;
}


static void
ngx_live_chat_offer_blank(ngx_live_chat_offer_t *o)
{
    while (o->pos < o->end && (*o->pos == ' ' || *o->pos == '\t')) {
        o->pos++;
    }
}


void
ngx_live_chat_deflate_init(ngx_live_chat_deflate_t *df, ngx_int_t level)
{
    ngx_memzero(df, sizeof(ngx_live_chat_deflate_t));

    df->level = level;
}


void
ngx_live_chat_deflate_done(ngx_live_chat_deflate_t *df)
{
    if (df->deflating) {
        (void) deflateEnd(&df->deflate);
        df->deflating = 0;
    }

    if (df->inflating) {
        (void) inflateEnd(&df->inflate);
        df->inflating = 0;
    }
}


ngx_int_t
ngx_live_chat_deflate(ngx_live_chat_deflate_t *df, u_char *p, size_t len,
    u_char *dst, size_t size, size_t *n)
{
    int        rc;
    size_t     out;
    z_stream  *zs;

    zs = &df->deflate;

    if (len < NGX_LIVE_CHAT_DEFLATE_MIN || len > UINT32_MAX) {
        return NGX_DECLINED;
    }

    if (!df->deflating) {

        if (deflateInit2(zs, (int) df->level, Z_DEFLATED,
                         -NGX_LIVE_CHAT_DEFLATE_WINDOW,
                         NGX_LIVE_CHAT_DEFLATE_MEMORY, Z_DEFAULT_STRATEGY)
            != Z_OK)
        {
            return NGX_ERROR;
        }

        df->deflating = 1;

    } else if (deflateReset(zs) != Z_OK) {
        return NGX_ERROR;
    }

    zs->next_in = p;
    zs->avail_in = (uInt) len;
    zs->next_out = dst;
    zs->avail_out = (uInt) ngx_min(size, len);

    rc = deflate(zs, Z_SYNC_FLUSH);

    /* with room to spare the flush is complete */

    if (rc != Z_OK || zs->avail_in || zs->avail_out == 0) {
        return NGX_DECLINED;
    }

    out = zs->next_out - dst;

    if (out < sizeof(ngx_live_chat_deflate_tail)) {
        return NGX_DECLINED;
    }

    *n = out - sizeof(ngx_live_chat_deflate_tail);

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_inflate(ngx_live_chat_deflate_t *df, u_char *p, size_t len,
    u_char *dst, size_t size, size_t *n, const char **reason)
{
    ngx_int_t    rc;
    z_stream    *zs;
    ngx_uint_t   finals;

    zs = &df->inflate;

    if (len > UINT32_MAX || size > UINT32_MAX) {
        *reason = "message is too long";
        return NGX_DECLINED;
    }

    if (len == 0) {
        *n = 0;
        return NGX_OK;
    }

    if (!df->inflating) {

        if (inflateInit2(zs, -NGX_LIVE_CHAT_DEFLATE_WINDOW) != Z_OK) {
            *reason = "no memory to inflate";
            return NGX_ERROR;
        }

        df->inflating = 1;

    } else if (inflateReset(zs) != Z_OK) {
        *reason = "inflateReset() failed";
        return NGX_ERROR;
    }

    finals = 0;

    zs->next_out = dst;
    zs->avail_out = (uInt) size;
    zs->next_in = p;
    zs->avail_in = (uInt) len;

    rc = ngx_live_chat_inflate_piece(df, dst, &finals, reason);

    if (rc != NGX_OK) {
        return rc;
    }

    zs->next_in = ngx_live_chat_deflate_tail;
    zs->avail_in = sizeof(ngx_live_chat_deflate_tail);

    rc = ngx_live_chat_inflate_piece(df, dst, &finals, reason);

    if (rc != NGX_OK) {
        return rc;
    }

    /* a message ends with a block and with a byte */

    if ((zs->data_type & 128) == 0 || (zs->data_type & 63) != 0) {
        *reason = "compressed message is cut off";
        return NGX_ERROR;
    }

    *n = zs->next_out - dst;

    return NGX_OK;
}


/* inflates all of the input */

static ngx_int_t
ngx_live_chat_inflate_piece(ngx_live_chat_deflate_t *df, u_char *dst,
    ngx_uint_t *finals, const char **reason)
{
    int        rc;
    u_char    *last, extra[1];
    ngx_int_t  final;
    z_stream  *zs;

    zs = &df->inflate;

    for ( ;; ) {
        rc = Z_OK;

        if (zs->avail_out) {
            rc = inflate(zs, Z_SYNC_FLUSH);
        }

        if (rc != Z_STREAM_END && zs->avail_out == 0) {

            /* dst is full, but there may be no more than ends of blocks */

            last = zs->next_out;
            zs->next_out = extra;
            zs->avail_out = 1;

            rc = inflate(zs, Z_SYNC_FLUSH);

            if (zs->avail_out == 0) {
                *reason = "inflated message is too long";
                return NGX_DECLINED;
            }

            zs->next_out = last;
            zs->avail_out = 0;
        }

        if (rc == Z_STREAM_END) {
            final = ngx_live_chat_inflate_final(zs, dst, finals, reason);

            if (final != NGX_OK) {
                return final;
            }

            if (zs->avail_in) {
                continue;
            }

            return NGX_OK;
        }

        /* Z_BUF_ERROR: nothing to do, which is no error of the client */

        if ((rc != Z_OK && rc != Z_BUF_ERROR) || zs->avail_in) {
            *reason = "message is not deflated";
            return NGX_ERROR;
        }

        return NGX_OK;
    }
}


/*
 * RFC 7692, 7.2.3.4: a message may have final blocks, after which it goes on.
 * What was before them can be referred to.
 */

static ngx_int_t
ngx_live_chat_inflate_final(z_stream *zs, u_char *dst, ngx_uint_t *finals,
    const char **reason)
{
    size_t  n;

    if (++(*finals) > NGX_LIVE_CHAT_DEFLATE_FINALS) {
        *reason = "compressed message has too many final blocks";
        return NGX_ERROR;
    }

    n = zs->next_out - dst;
    n = ngx_min(n, (size_t) 1 << NGX_LIVE_CHAT_DEFLATE_WINDOW);

    if (inflateReset(zs) != Z_OK
        || (n && inflateSetDictionary(zs, zs->next_out - n, (uInt) n) != Z_OK))
    {
        *reason = "inflateReset() failed";
        return NGX_ERROR;
    }

    return NGX_OK;
}
