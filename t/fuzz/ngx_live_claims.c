
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of claims: what is taken lies within the buffer, survives a
 * copy and can be asked anything.
 */


#include "ngx_live_claims.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_text(ngx_live_claims_t *claims, ngx_str_t *text)
{
    if (text->len
        && (text->data < claims->data.data
            || text->len > (size_t) (claims->data.data + claims->data.len
                                     - text->data)))
    {
        abort();
    }
}


static void
check_list(ngx_live_claims_t *claims, ngx_str_t *list)
{
    check_text(claims, list);

    if (list->len && list->data[list->len - 1] != '\0') {
        abort();
    }
}


static void
check(ngx_live_claims_t *claims)
{
    const char           *reason;
    ngx_str_t             app = ngx_string("live"), name = ngx_string("a-b-c");
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;

    check_text(claims, &claims->iss);
    check_text(claims, &claims->sub);
    check_text(claims, &claims->jti);
    check_text(claims, &claims->ip);
    check_list(claims, &claims->aud);
    check_list(claims, &claims->streams);
    check_list(claims, &claims->countries);
    check_list(claims, &claims->groups);

    if (claims->role >= NGX_LIVE_ROLE_MAX
        || claims->exp < 0 || claims->nbf < 0 || claims->iat < 0)
    {
        abort();
    }

    memset(&sin, 0, sizeof(sin));
    memset(&sin6, 0, sizeof(sin6));

    sin.sin_family = AF_INET;
    sin6.sin6_family = AF_INET6;

    (void) ngx_live_claims_time(claims, 1700000000, 30, &reason);
    (void) ngx_live_claims_stream(&claims->streams, &app, &name);
    (void) ngx_live_claims_has(&claims->aud, &app);
    (void) ngx_live_claims_country(&claims->countries, &app);
    (void) ngx_live_claims_address(&claims->ip, (struct sockaddr *) &sin);
    (void) ngx_live_claims_address(&claims->ip, (struct sockaddr *) &sin6);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char             *buf, *copy;
    const char         *reason;
    ngx_live_claims_t   claims, moved;

    reason = NULL;
    buf = malloc(NGX_LIVE_CLAIMS_SIZE(size));

    if (buf == NULL) {
        abort();
    }

    if (ngx_live_claims_parse((u_char *) data, size, buf, &claims, &reason)
        == NGX_OK)
    {
        check(&claims);

        copy = malloc(claims.data.len + 1);
        if (copy == NULL) {
            abort();
        }

        ngx_live_claims_copy(&moved, &claims, copy);
        free(buf);
        buf = copy;

        check(&moved);

    } else if (reason == NULL) {
        abort();
    }

    free(buf);

    return 0;
}
