
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_node.h"


ngx_int_t
ngx_live_redis_peer_set(ngx_live_redis_peer_t *peer, ngx_str_t *host,
    ngx_uint_t port)
{
    if (host->len == 0
        || host->len >= NGX_LIVE_REDIS_HOST
        || port > 65535
        || ngx_strlchr(host->data, host->data + host->len, '\0'))
    {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(peer->host, host->data, host->len + 1);
    peer->port = (in_port_t) port;

    return NGX_OK;
}


ngx_uint_t
ngx_live_redis_peer_is_address(ngx_live_redis_peer_t *peer)
{
    size_t  len;
#if (NGX_HAVE_INET6)
    u_char  addr[16];
#endif

    len = ngx_strlen(peer->host);

    if (ngx_inet_addr(peer->host, len) != INADDR_NONE) {
        return 1;
    }

#if (NGX_HAVE_INET6)
    return ngx_inet6_addr(peer->host, len, addr) == NGX_OK;
#else
    return 0;
#endif
}


u_char *
ngx_live_redis_peer_name(ngx_live_redis_peer_t *peer)
{
    u_char         *p;
    const char     *format;
    static u_char   name[NGX_LIVE_REDIS_HOST + 16];

    if (peer->port == 0) {
        format = "unix:%s";

    } else if (ngx_strchr(peer->host, ':')) {
        format = "[%s]:%ui";

    } else {
        format = "%s:%ui";
    }

    p = ngx_snprintf(name, sizeof(name) - 1, format, peer->host,
                     (ngx_uint_t) peer->port);
    *p = '\0';

    return name;
}
