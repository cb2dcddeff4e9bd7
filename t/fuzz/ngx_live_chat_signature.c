
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of signatures of webhooks: what is taken lies within the input,
 * and nothing that a fuzzer finds is signed.
 */


#include "ngx_live_chat_signature.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(u_char *p, size_t size, ngx_str_t *s)
{
    if (s->len == 0 || s->data < p || s->data > p + size
        || s->len > (size_t) (p + size - s->data))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                     *p;
    ngx_str_t                   text, secrets[NGX_LIVE_CHAT_SECRETS];
    ngx_str_t                   secret = ngx_string("a secret of the server");
    ngx_uint_t                  i, n;
    const char                 *reason;
    ngx_live_chat_signature_t   sig;

    p = malloc(size ? size : 1);

    if (p == NULL) {
        abort();
    }

    memcpy(p, data, size);

    reason = NULL;

    if (ngx_live_chat_signature_parse(p, size, &sig, &reason) == NGX_OK) {
        check(p, size, &sig.time);

        if (sig.n == 0 || sig.n > NGX_LIVE_CHAT_SIGNATURES
            || sig.seconds < 0)
        {
            abort();
        }

        text.data = p;
        text.len = size;

        if (ngx_live_chat_signature_check(&sig, &secret, 1, &text,
                                          sig.seconds, 1, &reason)
            == NGX_OK)
        {
            abort();
        }

    } else if (reason == NULL) {
        abort();
    }

    reason = NULL;

    if (ngx_live_chat_secrets_parse(p, size, secrets, &n, &reason) == NGX_OK) {

        if (n == 0 || n > NGX_LIVE_CHAT_SECRETS) {
            abort();
        }

        for (i = 0; i < n; i++) {
            check(p, size, &secrets[i]);
        }

    } else if (reason == NULL) {
        abort();
    }

    free(p);

    return 0;
}
