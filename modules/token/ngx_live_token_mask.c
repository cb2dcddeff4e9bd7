
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_mask.h"


#define NGX_LIVE_TOKEN_STARS  3

/* bytes, fewer than any token has and more than a tilde's rest of a name */
#define NGX_LIVE_TOKEN_LONG   40


/* what ends a token; a null does, too */
#define NGX_LIVE_TOKEN_PATH   "/? \""
#define NGX_LIVE_TOKEN_ARG    "& \""


static size_t ngx_live_token_mask_path(u_char *p, u_char *last,
    u_char *out, size_t done);
static size_t ngx_live_token_mask_arg(u_char *p, u_char *last,
    ngx_str_t *names, ngx_uint_t n);


size_t
ngx_live_token_mask(u_char *text, size_t len, ngx_str_t *names, ngx_uint_t n)
{
    size_t       lead, stars;
    u_char      *in, *out, *last;
    const char  *stop;

    in = text;
    out = text;
    last = text + len;

    while (in < last) {

        stop = NGX_LIVE_TOKEN_PATH;

        lead = ngx_live_token_mask_path(in, last, out, out - text);

        if (lead == 0) {
            stop = NGX_LIVE_TOKEN_ARG;
            lead = ngx_live_token_mask_arg(in, last, names, n);
        }

        if (lead == 0) {
            *out++ = *in++;
            continue;
        }

        out = ngx_movemem(out, in, lead);
        in += lead;

        for (stars = 0;
             in < last && ngx_strchr(stop, *in) == NULL;
             in++, stars++)
        {
            if (stars < NGX_LIVE_TOKEN_STARS) {
                *out++ = '*';
            }
        }
    }

    return out - text;
}


/*
 * The length of what announces a token here, 0: nothing does.  What is before
 * it has been written to "out" already.
 */

static size_t
ngx_live_token_mask_path(u_char *p, u_char *last, u_char *out, size_t done)
{
    size_t   lead;
    u_char  *end;

    if (*p == '~') {
        lead = 1;

    } else if (last - p >= 3
               && ngx_strncasecmp(p, (u_char *) "%7e", 3) == 0)
    {
        lead = 3;

    } else {
        return 0;
    }

    if (done == 0
        || out[-1] == '/'
        || (done >= 3 && ngx_strncasecmp(out - 3, (u_char *) "%2f", 3) == 0))
    {
        return lead;
    }

    /* a location without a slash: what is in a name is short */

    end = p + lead;

    while (end < last && ngx_strchr(NGX_LIVE_TOKEN_PATH, *end) == NULL) {
        end++;
    }

    return (end - p - lead >= NGX_LIVE_TOKEN_LONG) ? lead : 0;
}


static size_t
ngx_live_token_mask_arg(u_char *p, u_char *last, ngx_str_t *names,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    if (*p != '?' && *p != '&') {
        return 0;
    }

    p++;

    for (i = 0; i < n; i++) {

        if ((size_t) (last - p) > names[i].len
            && p[names[i].len] == '='
            && ngx_strncasecmp(p, names[i].data, names[i].len) == 0)
        {
            return 1 + names[i].len + 1;
        }
    }

    return 0;
}
