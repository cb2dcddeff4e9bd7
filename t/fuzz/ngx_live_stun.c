
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of STUN: what is parsed is answered, and that is parsed too. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_demux.h>
#include <ngx_live_stun.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(ngx_live_stun_t *m, const ngx_live_hmac_key_t *key);
static void frames(u_char *p, u_char *end);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               *p;
    ngx_str_t             ours, theirs;
    const char           *reason;
    ngx_live_stun_t       m;
    ngx_live_hmac_key_t   key;

    p = (u_char *) data;
    reason = NULL;

    (void) ngx_live_datagram_kind(p, size);
    frames(p, p + size);

    if (ngx_live_stun_parse(&m, p, p + size, &reason) != NGX_OK) {
        if (reason == NULL) {
            abort();
        }

        return 0;
    }

    ngx_live_hmac_key(&key, (u_char *) "VOkJxbRl1RmTxUk/WvJxBt", 22);

    (void) ngx_live_stun_check(&m);
    (void) ngx_live_stun_verify(&m, &key);
    (void) ngx_live_stun_fragments(&m, &ours, &theirs);

    answer(&m, &key);

    return 0;
}


static void
answer(ngx_live_stun_t *m, const ngx_live_hmac_key_t *key)
{
    u_char           out[256];
    size_t           len;
    const char      *reason;
    ngx_live_stun_t  r;

    len = ngx_live_stun_refuse(out, out + sizeof(out), m, 420, key);

    if (len == 0
        || ngx_live_stun_parse(&r, out, out + len, &reason) != NGX_OK
        || ngx_live_stun_verify(&r, key) != NGX_OK || r.error != 420)
    {
        abort();
    }
}


static void
frames(u_char *p, u_char *end)
{
    u_char     *last;
    ngx_str_t   frame;

    last = p;

    while (ngx_live_framing_next(&p, end, 1500, &frame) == NGX_OK) {

        if (frame.len == 0 || frame.data < last || frame.data + frame.len != p
            || p > end)
        {
            abort();
        }

        last = p;
    }
}
