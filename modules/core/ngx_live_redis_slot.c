
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_slot.h"


static uint16_t ngx_live_redis_slot_crc(u_char *p, size_t len);
static ngx_int_t ngx_live_redis_slot_host(ngx_str_t *host,
    const char **reason);


/* CRC16/XMODEM, polynomial 0x1021, by halves of a byte */

static uint16_t  ngx_live_redis_slot_crcs[] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
    0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
};


static uint16_t
ngx_live_redis_slot_crc(u_char *p, size_t len)
{
    uint16_t  crc;

    crc = 0;

    while (len--) {
        crc = (uint16_t) (crc << 4)
              ^ ngx_live_redis_slot_crcs[(crc >> 12) ^ (*p >> 4)];
        crc = (uint16_t) (crc << 4)
              ^ ngx_live_redis_slot_crcs[(crc >> 12) ^ (*p & 0x0f)];
        p++;
    }

    return crc;
}


ngx_uint_t
ngx_live_redis_slot(ngx_str_t *key)
{
    u_char  *p, *end, *tag;

    end = key->data + key->len;

    tag = ngx_strlchr(key->data, end, '{');

    if (tag) {
        tag++;
        p = ngx_strlchr(tag, end, '}');

        if (p && p != tag) {
            return ngx_live_redis_slot_crc(tag, p - tag)
                   % NGX_LIVE_REDIS_SLOTS;
        }
    }

    return ngx_live_redis_slot_crc(key->data, key->len)
           % NGX_LIVE_REDIS_SLOTS;
}


/* MOVED 3999 127.0.0.1:6381, ASK 3999 127.0.0.1:6381 */

ngx_int_t
ngx_live_redis_slot_redirect(ngx_str_t *error, ngx_live_redis_redirect_t *r,
    const char **reason)
{
    u_char     *p, *end, *sp, *colon;
    ngx_int_t   n;

    p = error->data;
    end = p + error->len;

    if (error->len > 6 && ngx_strncmp(p, "MOVED ", 6) == 0) {
        r->ask = 0;
        p += 6;

    } else if (error->len > 4 && ngx_strncmp(p, "ASK ", 4) == 0) {
        r->ask = 1;
        p += 4;

    } else {
        return NGX_DECLINED;
    }

    sp = ngx_strlchr(p, end, ' ');

    if (sp == NULL) {
        *reason = "redirection without an address";
        return NGX_ERROR;
    }

    n = ngx_atoi(p, sp - p);

    if (n == NGX_ERROR || n >= NGX_LIVE_REDIS_SLOTS) {
        *reason = "redirection of an invalid slot";
        return NGX_ERROR;
    }

    r->slot = n;

    /* an IPv6 address has colons itself, without brackets */

    r->host.data = sp + 1;
    colon = end;

    while (colon > r->host.data && colon[-1] != ':') {
        colon--;
    }

    if (colon == r->host.data) {
        *reason = "redirection without a port";
        return NGX_ERROR;
    }

    r->host.len = colon - 1 - r->host.data;

    n = ngx_atoi(colon, end - colon);

    if (n < 1 || n > 65535) {
        *reason = "redirection to an invalid port";
        return NGX_ERROR;
    }

    r->port = n;

    return ngx_live_redis_slot_host(&r->host, reason);
}


ngx_int_t
ngx_live_redis_slot_range(ngx_live_redis_reply_t *reply, ngx_uint_t i,
    ngx_live_redis_range_t *range, const char **reason)
{
    ngx_live_redis_reply_t  *e, *master;

    if (reply->type != NGX_LIVE_REDIS_ARRAY) {
        *reason = "slots are no array";
        return NGX_ERROR;
    }

    if (i >= reply->n) {
        return NGX_DONE;
    }

    e = &reply->elts[i];

    if (e->type != NGX_LIVE_REDIS_ARRAY
        || e->n < 3
        || e->elts[0].type != NGX_LIVE_REDIS_INTEGER
        || e->elts[1].type != NGX_LIVE_REDIS_INTEGER
        || e->elts[2].type != NGX_LIVE_REDIS_ARRAY
        || e->elts[2].n < 2)
    {
        *reason = "range of slots is incomplete";
        return NGX_ERROR;
    }

    if (e->elts[0].integer < 0
        || e->elts[0].integer > e->elts[1].integer
        || e->elts[1].integer >= NGX_LIVE_REDIS_SLOTS)
    {
        *reason = "range of slots is invalid";
        return NGX_ERROR;
    }

    range->first = (ngx_uint_t) e->elts[0].integer;
    range->last = (ngx_uint_t) e->elts[1].integer;

    master = e->elts[2].elts;

    if (master[1].type != NGX_LIVE_REDIS_INTEGER
        || master[1].integer < 1
        || master[1].integer > 65535)
    {
        *reason = "node of slots has an invalid port";
        return NGX_ERROR;
    }

    range->port = (ngx_uint_t) master[1].integer;

    ngx_str_null(&range->host);

    /* nil: the node does not know its own address */

    if (ngx_live_redis_is_text(&master[0])) {
        range->host = master[0].str;

    } else if (master[0].type != NGX_LIVE_REDIS_NIL) {
        *reason = "node of slots has no address";
        return NGX_ERROR;
    }

    return ngx_live_redis_slot_host(&range->host, reason);
}


/* an address, a name, or "?" for what is not known */

static ngx_int_t
ngx_live_redis_slot_host(ngx_str_t *host, const char **reason)
{
    size_t  i;
    u_char  ch;

    if (host->len == 1 && host->data[0] == '?') {
        host->len = 0;
    }

    if (host->len > 255) {
        *reason = "address of a node is too long";
        return NGX_ERROR;
    }

    for (i = 0; i < host->len; i++) {
        ch = host->data[i];

        if ((ch >= '0' && ch <= '9')
            || (ch >= 'a' && ch <= 'z')
            || (ch >= 'A' && ch <= 'Z')
            || ch == '.' || ch == ':' || ch == '-' || ch == '_')
        {
            continue;
        }

        *reason = "address of a node has invalid characters";
        return NGX_ERROR;
    }

    return NGX_OK;
}
