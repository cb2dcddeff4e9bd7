
/*
 * Copyright (C) nginx-live authors
 */


/*
 * For tests only: what happens around the opening of a session.  Arguments of
 * a stream, at any door:
 *
 *     lease=NUMBER  the session holds it
 *     confirm=no    what has allowed it holds no more once it is entered
 *     open=no       a module does not want it
 *
 * A stream whose name is "revoke-JTI" revokes that token when it starts: of
 * its publisher that is between the access check and the entry of the session.
 */


#include "ngx_live_access.h"
#include "ngx_live_session.h"
#include "ngx_live_test.h"
#include "ngx_live_url.h"

#include <dlfcn.h>


/* of ngx_live_token_module, which need not be there */
typedef ngx_int_t (*ngx_live_test_revoke_pt)(ngx_uint_t kind, ngx_str_t *value,
    time_t before, time_t until, ngx_log_t *log);


static ngx_int_t ngx_live_test_session_confirm(ngx_live_access_t *a);


void
ngx_live_test_session_access(ngx_live_access_t *a)
{
    ngx_str_t  value;

    if (ngx_live_url_arg(&a->args, "lease", &value)) {
        a->lease = ngx_atoi(value.data, value.len);
    }

    a->confirm = ngx_live_test_session_confirm;
}


static ngx_int_t
ngx_live_test_session_confirm(ngx_live_access_t *a)
{
    ngx_str_t  value;

    return ngx_live_url_arg(&a->args, "confirm", &value) ? NGX_DECLINED
                                                         : NGX_OK;
}


ngx_int_t
ngx_live_test_session_open(ngx_live_session_t *s, ngx_live_access_t *a)
{
    ngx_str_t  value;

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "test session open, lease %uL, sub \"%V\"",
                  s->sh->lease, &a->sub);

    return ngx_live_url_arg(&a->args, "open", &value) ? NGX_ERROR : NGX_OK;
}


void
ngx_live_test_session_close(ngx_live_session_t *s)
{
    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "test session close, lease %uL", s->sh->lease);
}


ngx_int_t
ngx_live_test_session_start(ngx_live_stream_t *st)
{
    ngx_str_t                 jti;
    ngx_live_test_revoke_pt   revoke;

    if (ngx_strncmp(st->sh->name.data, "revoke-", 7) != 0) {
        return NGX_OK;
    }

    jti.data = st->sh->name.data + 7;
    jti.len = st->sh->name.len - 7;

    *(void **) &revoke = dlsym(RTLD_DEFAULT, "ngx_live_token_revoke");

    if (revoke) {
        (void) revoke(0, &jti, 0, ngx_time() + 60, ngx_cycle->log);
    }

    return NGX_OK;
}
