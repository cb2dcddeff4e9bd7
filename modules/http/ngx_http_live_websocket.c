
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_sha1.h>

#include "ngx_http_live.h"


/* base64 of 16 and of 20 bytes */
#define NGX_HTTP_LIVE_WEBSOCKET_KEY_LEN     24
#define NGX_HTTP_LIVE_WEBSOCKET_ACCEPT_LEN  28

#define NGX_HTTP_LIVE_WEBSOCKET_GUID                                          \
    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


static ngx_str_t *ngx_http_live_websocket_key(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_websocket_upgrade(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_uint_t ngx_http_live_has_token(ngx_str_t *value,
    const char *token);


static ngx_str_t  ngx_http_live_websocket_name = ngx_string("websocket");
static ngx_str_t  ngx_http_live_websocket_version = ngx_string("13");


ngx_uint_t
ngx_http_live_websocket(ngx_http_request_t *r)
{
    ngx_str_t  *connection;

    if (r->method != NGX_HTTP_GET
        || r->http_version != NGX_HTTP_VERSION_11
        || r->headers_in.upgrade == NULL
        || !ngx_http_live_has_token(&r->headers_in.upgrade->value,
                                    "websocket"))
    {
        return 0;
    }

    connection = ngx_http_live_header_in(r, "connection");

    return connection && ngx_http_live_has_token(connection, "upgrade");
}


/*
 * Browsers let any page open a WebSocket anywhere and name its origin: so
 * where live_cors names origins, others are refused.
 */

ngx_int_t
ngx_http_live_websocket_accept(ngx_http_request_t *r)
{
    ngx_str_t                 *key, *version;
    ngx_http_live_loc_conf_t  *llcf;

    version = ngx_http_live_header_in(r, "sec-websocket-version");

    if (version == NULL || version->len != 2
        || ngx_strncmp(version->data, "13", 2) != 0)
    {
        if (ngx_http_live_header(r, "Sec-WebSocket-Version",
                                 &ngx_http_live_websocket_version)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_live_problem(r, 426, "WebSocket version is not 13");
    }

    key = ngx_http_live_websocket_key(r);

    if (key == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_BAD_REQUEST,
                                     "invalid Sec-WebSocket-Key");
    }

    llcf = ngx_http_get_module_loc_conf(r, ngx_http_live_module);

    if (llcf->cors
        && ngx_http_live_header_in(r, "origin")
        && ngx_http_live_origin_allowed(r) == NULL)
    {
        return ngx_http_live_problem(r, NGX_HTTP_FORBIDDEN,
                                     "origin is not allowed");
    }

    return ngx_http_live_websocket_upgrade(r, key);
}


static ngx_str_t *
ngx_http_live_websocket_key(ngx_http_request_t *r)
{
    u_char      buf[ngx_base64_decoded_length(NGX_HTTP_LIVE_WEBSOCKET_KEY_LEN)];
    ngx_str_t  *key, bytes;

    key = ngx_http_live_header_in(r, "sec-websocket-key");

    if (key == NULL || key->len != NGX_HTTP_LIVE_WEBSOCKET_KEY_LEN) {
        return NULL;
    }

    bytes.data = buf;

    if (ngx_decode_base64(&bytes, key) != NGX_OK || bytes.len != 16) {
        return NULL;
    }

    return key;
}


static ngx_int_t
ngx_http_live_websocket_upgrade(ngx_http_request_t *r, ngx_str_t *key)
{
    u_char       digest[20];
    ngx_int_t    rc;
    ngx_str_t    accept, hash;
    ngx_sha1_t   sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, NGX_HTTP_LIVE_WEBSOCKET_GUID,
                    sizeof(NGX_HTTP_LIVE_WEBSOCKET_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    accept.data = ngx_pnalloc(r->pool, NGX_HTTP_LIVE_WEBSOCKET_ACCEPT_LEN);
    if (accept.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hash.data = digest;
    hash.len = 20;

    ngx_encode_base64(&accept, &hash);

    if (ngx_http_live_header(r, "Upgrade", &ngx_http_live_websocket_name)
        != NGX_OK
        || ngx_http_live_header(r, "Sec-WebSocket-Accept", &accept) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");
    r->keepalive = 0;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    rc = ngx_http_send_special(r, NGX_HTTP_FLUSH);

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_DECLINED;
}


/* an element of a comma-separated list, RFC 9110, 5.6.1 */

static ngx_uint_t
ngx_http_live_has_token(ngx_str_t *value, const char *token)
{
    size_t   len;
    u_char  *p, *last, *start;

    len = ngx_strlen(token);
    p = value->data;
    last = value->data + value->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        start = p;

        while (p < last && *p != ' ' && *p != '\t' && *p != ',') {
            p++;
        }

        if ((size_t) (p - start) == len
            && ngx_strncasecmp(start, (u_char *) token, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
