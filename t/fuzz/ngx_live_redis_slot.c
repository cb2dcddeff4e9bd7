
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of keys, redirections and replies of CLUSTER SLOTS. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_redis_slot.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_live_redis_reply_t  replies[256];
static ngx_uint_t              nreplies;


static void
check_host(ngx_str_t *host, const uint8_t *data, size_t size)
{
    if (host->len
        && (host->data < data
            || host->len > (size_t) (data + size - host->data)))
    {
        abort();
    }
}


/* a tree from bytes: a type each, then a number, a length or elements */

static void
build(ngx_live_redis_reply_t *r, const uint8_t **p, const uint8_t *end,
    ngx_uint_t depth)
{
    ngx_uint_t  i, n;

    memset(r, 0, sizeof(ngx_live_redis_reply_t));

    if (end - *p < 3) {
        return;
    }

    r->type = **p % (NGX_LIVE_REDIS_ERROR + 1);
    n = (*p)[1];
    r->integer = (int16_t) (n << 8 | (*p)[2]);

    *p += 3;

    if (r->type == NGX_LIVE_REDIS_ARRAY) {
        n %= 8;

        if (depth == 7 || nreplies + n > 256) {
            return;
        }

        r->elts = &replies[nreplies];
        r->n = n;
        nreplies += n;

        for (i = 0; i < n; i++) {
            build(&r->elts[i], p, end, depth + 1);
        }

    } else if (r->type != NGX_LIVE_REDIS_INTEGER) {
        n = ngx_min(n, (ngx_uint_t) (end - *p));

        r->str.data = (u_char *) *p;
        r->str.len = n;
        *p += n;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_uint_t                  i;
    const char                 *reason;
    const uint8_t              *p;
    ngx_live_redis_range_t      range;
    ngx_live_redis_reply_t      reply;
    ngx_live_redis_redirect_t   to;

    text.data = (u_char *) data;
    text.len = size;

    if (ngx_live_redis_slot(&text) >= NGX_LIVE_REDIS_SLOTS) {
        abort();
    }

    if (ngx_live_redis_slot_redirect(&text, &to, &reason) == NGX_OK) {
        check_host(&to.host, data, size);

        if (to.slot >= NGX_LIVE_REDIS_SLOTS || to.port - 1 > 65534) {
            abort();
        }
    }

    p = data;
    nreplies = 0;

    build(&reply, &p, data + size, 0);

    for (i = 0; /* void */ ; i++) {
        rc = ngx_live_redis_slot_range(&reply, i, &range, &reason);

        if (rc == NGX_DONE || reply.type != NGX_LIVE_REDIS_ARRAY) {
            break;
        }

        if (rc != NGX_OK) {
            continue;
        }

        check_host(&range.host, data, size);

        if (range.first > range.last || range.last >= NGX_LIVE_REDIS_SLOTS
            || range.port - 1 > 65534)
        {
            abort();
        }
    }

    return 0;
}
