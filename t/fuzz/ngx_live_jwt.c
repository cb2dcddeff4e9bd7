
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of tokens as they come, and of headers as they are decoded. */


#include "ngx_live_jwt.h"
#include "ngx_live_base64url.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(ngx_str_t *token)
{
    u_char          *buf, *end;
    const char      *reason;
    ngx_live_jwt_t   jwt;

    reason = NULL;
    buf = malloc(NGX_LIVE_JWT_SIZE(token->len));

    if (buf == NULL) {
        abort();
    }

    end = buf + NGX_LIVE_JWT_SIZE(token->len);

    if (ngx_live_jwt_parse(token, buf, &jwt, &reason) == NGX_OK) {

        if (jwt.alg == 0 || (jwt.alg & ~NGX_LIVE_JWT_ALL)
            || jwt.input.data != token->data
            || jwt.input.len >= token->len
            || jwt.signature.len == 0
            || jwt.payload.data + jwt.payload.len > end
            || jwt.signature.data + jwt.signature.len > end
            || jwt.kid.len > NGX_LIVE_JWT_KID_MAX)
        {
            abort();
        }

        if (jwt.kid.len && jwt.kid.data + jwt.kid.len > end) {
            abort();
        }

    } else if (reason == NULL) {
        abort();
    }

    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     *p;
    ngx_str_t   token;

    token.data = (u_char *) data;
    token.len = size;

    check(&token);

    /* base64url hides the header from the fuzzer */

    token.data = malloc(ngx_live_base64url_encoded(size) + 9);

    if (token.data == NULL) {
        abort();
    }

    p = ngx_live_base64url_encode(token.data, (u_char *) data, size);
    p = ngx_cpymem(p, ".e30.c2ln", 9);
    token.len = p - token.data;

    check(&token);

    free(token.data);

    return 0;
}
