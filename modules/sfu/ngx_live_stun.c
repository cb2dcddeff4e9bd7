
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_stun.h"
#include "ngx_live_bytes.h"


#define NGX_LIVE_STUN_MAPPED_ADDRESS      0x0001
#define NGX_LIVE_STUN_USERNAME            0x0006
#define NGX_LIVE_STUN_INTEGRITY           0x0008
#define NGX_LIVE_STUN_ERROR_CODE          0x0009
#define NGX_LIVE_STUN_UNKNOWN_ATTRIBUTES  0x000a
#define NGX_LIVE_STUN_REALM               0x0014
#define NGX_LIVE_STUN_NONCE               0x0015
#define NGX_LIVE_STUN_INTEGRITY_SHA256    0x001c
#define NGX_LIVE_STUN_XOR_MAPPED_ADDRESS  0x0020
#define NGX_LIVE_STUN_PRIORITY            0x0024
#define NGX_LIVE_STUN_USE_CANDIDATE       0x0025
#define NGX_LIVE_STUN_FINGERPRINT         0x8028
#define NGX_LIVE_STUN_CONTROLLED          0x8029
#define NGX_LIVE_STUN_CONTROLLING         0x802a

#define NGX_LIVE_STUN_ATTRIBUTE           4       /* bytes of its header */

/* RFC 8489, section 14.7 */
#define NGX_LIVE_STUN_CRC_XOR             0x5354554e


typedef struct {
    ngx_uint_t                type;
    u_char                   *start;       /* of its header */
    u_char                   *value;
    size_t                    len;
} ngx_live_stun_attribute_t;


static ngx_int_t ngx_live_stun_parse_header(ngx_live_stun_t *m,
    const char **reason);
static ngx_int_t ngx_live_stun_next(u_char **pos, u_char *end,
    ngx_live_stun_attribute_t *a);
static ngx_int_t ngx_live_stun_take(ngx_live_stun_t *m,
    ngx_live_stun_attribute_t *a, const char **reason);
static ngx_int_t ngx_live_stun_take_number(ngx_live_stun_t *m,
    ngx_live_stun_attribute_t *a);
static ngx_int_t ngx_live_stun_take_address(ngx_live_stun_t *m,
    ngx_live_stun_attribute_t *a);
static ngx_int_t ngx_live_stun_take_error(ngx_live_stun_t *m,
    ngx_live_stun_attribute_t *a);
static void ngx_live_stun_take_unknown(ngx_live_stun_t *m, ngx_uint_t type);
static ngx_int_t ngx_live_stun_take_fingerprint(ngx_live_stun_t *m,
    ngx_live_stun_attribute_t *a, const char **reason);
static void ngx_live_stun_mask(u_char *ip, size_t len, u_char *transaction);
static u_char *ngx_live_stun_add(ngx_live_stun_writer_t *w, ngx_uint_t type,
    size_t len);
static void ngx_live_stun_length(ngx_live_stun_writer_t *w);
static const char *ngx_live_stun_phrase(ngx_uint_t code);


ngx_int_t
ngx_live_stun_parse(ngx_live_stun_t *m, u_char *pos, u_char *end,
    const char **reason)
{
    u_char                     *p;
    ngx_int_t                   rc;
    ngx_live_stun_attribute_t   a;

    ngx_memzero(m, sizeof(ngx_live_stun_t));

    m->start = pos;
    m->end = end;

    if (ngx_live_stun_parse_header(m, reason) != NGX_OK) {
        return NGX_ERROR;
    }

    p = pos + NGX_LIVE_STUN_HEADER;

    while ((rc = ngx_live_stun_next(&p, end, &a)) == NGX_OK) {

        if (m->fingerprint) {
            *reason = "STUN attribute behind FINGERPRINT";
            return NGX_ERROR;
        }

        if (ngx_live_stun_take(m, &a, reason) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (rc == NGX_ERROR) {
        *reason = "STUN attribute is longer than its message";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_stun_parse_header(ngx_live_stun_t *m, const char **reason)
{
    u_char    *p;
    uint16_t   type, len;
    uint32_t   cookie;

    p = ngx_live_read_be16(m->start, m->end, &type);
    p = ngx_live_read_be16(p, m->end, &len);
    p = ngx_live_read_be32(p, m->end, &cookie);
    p = ngx_live_take(p, m->end, NGX_LIVE_STUN_TRANSACTION, &m->transaction);

    if (p == NULL) {
        *reason = "STUN message is too short";
        return NGX_ERROR;
    }

    if ((type & 0xc000) || cookie != NGX_LIVE_STUN_COOKIE) {
        *reason = "no STUN message";
        return NGX_ERROR;
    }

    if ((len & 3) || (size_t) (m->end - p) != len) {
        *reason = "STUN message with wrong length";
        return NGX_ERROR;
    }

    /* RFC 8489, figure 3: the class lies between the bits of the method */

    m->class = ((type >> 7) & 2) | ((type >> 4) & 1);
    m->method = ((type >> 2) & 0xf80) | ((type >> 1) & 0x70) | (type & 0xf);

    return NGX_OK;
}


/* an attribute and the bytes that fill it up to four */

static ngx_int_t
ngx_live_stun_next(u_char **pos, u_char *end, ngx_live_stun_attribute_t *a)
{
    u_char    *p;
    uint16_t   type, len;

    if (*pos == end) {
        return NGX_DONE;
    }

    a->start = *pos;

    p = ngx_live_read_be16(*pos, end, &type);
    p = ngx_live_read_be16(p, end, &len);
    p = ngx_live_take(p, end, ngx_align((size_t) len, 4), &a->value);

    if (p == NULL) {
        return NGX_ERROR;
    }

    a->type = type;
    a->len = len;
    *pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_live_stun_take(ngx_live_stun_t *m, ngx_live_stun_attribute_t *a,
    const char **reason)
{
    ngx_int_t  rc;

    if (a->type == NGX_LIVE_STUN_FINGERPRINT) {
        return ngx_live_stun_take_fingerprint(m, a, reason);
    }

    if (m->integrity) {
        return NGX_OK;
    }

    rc = NGX_OK;

    switch (a->type) {

    case NGX_LIVE_STUN_USERNAME:

        if (a->len > NGX_LIVE_STUN_USERNAME_MAX) {
            rc = NGX_ERROR;

        } else if (m->username.data == NULL) {
            m->username.data = a->value;
            m->username.len = a->len;
        }

        break;

    case NGX_LIVE_STUN_INTEGRITY:

        if (a->len == NGX_LIVE_HMAC_SHA1_LEN) {
            m->integrity = a->start;

        } else {
            rc = NGX_ERROR;
        }

        break;

    case NGX_LIVE_STUN_PRIORITY:
    case NGX_LIVE_STUN_CONTROLLED:
    case NGX_LIVE_STUN_CONTROLLING:
        rc = ngx_live_stun_take_number(m, a);
        break;

    case NGX_LIVE_STUN_USE_CANDIDATE:
        m->use_candidate = 1;
        break;

    case NGX_LIVE_STUN_ERROR_CODE:
        rc = ngx_live_stun_take_error(m, a);
        break;

    case NGX_LIVE_STUN_XOR_MAPPED_ADDRESS:
        rc = ngx_live_stun_take_address(m, a);
        break;

    /* known, and of no use here */

    case NGX_LIVE_STUN_MAPPED_ADDRESS:
    case NGX_LIVE_STUN_UNKNOWN_ATTRIBUTES:
    case NGX_LIVE_STUN_REALM:
    case NGX_LIVE_STUN_NONCE:
    case NGX_LIVE_STUN_INTEGRITY_SHA256:
        break;

    default:
        ngx_live_stun_take_unknown(m, a->type);
    }

    if (rc != NGX_OK) {
        *reason = "STUN attribute is malformed";
    }

    return rc;
}


static ngx_int_t
ngx_live_stun_take_number(ngx_live_stun_t *m, ngx_live_stun_attribute_t *a)
{
    if (a->type == NGX_LIVE_STUN_PRIORITY) {

        if (a->len != 4) {
            return NGX_ERROR;
        }

        if (m->priority == 0) {
            m->priority = ngx_live_be32(a->value);
        }

        return NGX_OK;
    }

    if (a->len != 8) {
        return NGX_ERROR;
    }

    if (m->controlling || m->controlled) {
        return NGX_OK;
    }

    m->controlling = (a->type == NGX_LIVE_STUN_CONTROLLING);
    m->controlled = !m->controlling;
    m->tie_breaker = ngx_live_be64(a->value);

    return NGX_OK;
}


static ngx_int_t
ngx_live_stun_take_address(ngx_live_stun_t *m, ngx_live_stun_attribute_t *a)
{
    size_t                    len;
    ngx_live_stun_address_t  *addr;

    addr = &m->mapped;

    if (addr->family) {
        return NGX_OK;
    }

    len = a->len == 8 ? 4 : 16;

    if (a->len != 4 + len || a->value[1] != (len == 4 ? 1 : 2)) {
        return NGX_ERROR;
    }

    addr->family = (len == 4) ? AF_INET : AF_INET6;
    addr->port = ngx_live_be16(a->value + 2) ^ (NGX_LIVE_STUN_COOKIE >> 16);

    ngx_memcpy(addr->ip, a->value + 4, len);
    ngx_live_stun_mask(addr->ip, len, m->transaction);

    return NGX_OK;
}


/* XOR with the cookie and, for IPv6, the transaction id: section 14.2 */

static void
ngx_live_stun_mask(u_char *ip, size_t len, u_char *transaction)
{
    size_t  i;

    static const u_char  cookie[] = { 0x21, 0x12, 0xa4, 0x42 };

    for (i = 0; i < len; i++) {
        ip[i] ^= i < 4 ? cookie[i] : transaction[i - 4];
    }
}


static ngx_int_t
ngx_live_stun_take_error(ngx_live_stun_t *m, ngx_live_stun_attribute_t *a)
{
    ngx_uint_t  class, number;

    if (a->len < 4) {
        return NGX_ERROR;
    }

    class = a->value[2] & 7;
    number = a->value[3];

    if (class < 3 || class > 6 || number > 99) {
        return NGX_ERROR;
    }

    if (m->error == 0) {
        m->error = class * 100 + number;
    }

    return NGX_OK;
}


/* the lower half of the types must be understood, section 14 */

static void
ngx_live_stun_take_unknown(ngx_live_stun_t *m, ngx_uint_t type)
{
    if (type >= 0x8000) {
        return;
    }

    if (m->nunknown < NGX_LIVE_STUN_UNKNOWN_MAX) {
        m->unknown[m->nunknown] = (uint16_t) type;
    }

    m->nunknown++;
}


static ngx_int_t
ngx_live_stun_take_fingerprint(ngx_live_stun_t *m,
    ngx_live_stun_attribute_t *a, const char **reason)
{
    uint32_t  crc;

    if (a->len != 4) {
        *reason = "STUN attribute is malformed";
        return NGX_ERROR;
    }

    crc = ngx_crc32_long(m->start, a->start - m->start);

    if ((crc ^ NGX_LIVE_STUN_CRC_XOR) != ngx_live_be32(a->value)) {
        *reason = "STUN message with wrong fingerprint";
        return NGX_ERROR;
    }

    m->fingerprint = 1;

    return NGX_OK;
}


ngx_int_t
ngx_live_stun_verify(ngx_live_stun_t *m, const ngx_live_hmac_key_t *key)
{
    u_char  header[NGX_LIVE_STUN_HEADER], mac[NGX_LIVE_HMAC_SHA1_LEN];
    size_t  len;

    if (m->integrity == NULL) {
        return NGX_DECLINED;
    }

    /* the length is counted up to the end of this attribute, section 14.5 */

    len = m->integrity - m->start - NGX_LIVE_STUN_HEADER;

    ngx_memcpy(header, m->start, NGX_LIVE_STUN_HEADER);
    ngx_live_write_be16(header + 2, header + 4,
                        len + NGX_LIVE_STUN_ATTRIBUTE
                        + NGX_LIVE_HMAC_SHA1_LEN);

    ngx_live_hmac_sha1(key, mac, header, NGX_LIVE_STUN_HEADER,
                       m->start + NGX_LIVE_STUN_HEADER, len);

    if (!ngx_live_hmac_equal(mac, m->integrity + NGX_LIVE_STUN_ATTRIBUTE,
                             NGX_LIVE_HMAC_SHA1_LEN))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_live_stun_check(ngx_live_stun_t *m)
{
    if (m->username.data == NULL || m->integrity == NULL) {
        return NGX_LIVE_STUN_BAD_REQUEST;
    }

    return 0;
}


ngx_int_t
ngx_live_stun_fragments(ngx_live_stun_t *m, ngx_str_t *ours,
    ngx_str_t *theirs)
{
    u_char  *p, *last;

    p = m->username.data;

    if (p == NULL) {
        return NGX_ERROR;
    }

    last = p + m->username.len;
    p = ngx_strlchr(p, last, ':');

    if (p == NULL || p == m->username.data || p + 1 == last) {
        return NGX_ERROR;
    }

    ours->data = m->username.data;
    ours->len = p - m->username.data;
    theirs->data = p + 1;
    theirs->len = last - (p + 1);

    return NGX_OK;
}


void
ngx_live_stun_begin(ngx_live_stun_writer_t *w, u_char *buf, u_char *end,
    ngx_uint_t class, const u_char *transaction)
{
    ngx_uint_t  type;

    type = NGX_LIVE_STUN_BINDING | ((class & 2) << 7) | ((class & 1) << 4);

    w->start = buf;
    w->end = end;

    w->pos = ngx_live_write_be16(buf, end, type);
    w->pos = ngx_live_write_be16(w->pos, end, 0);
    w->pos = ngx_live_write_be32(w->pos, end, NGX_LIVE_STUN_COOKIE);
    w->pos = ngx_live_write_data(w->pos, end, transaction,
                                 NGX_LIVE_STUN_TRANSACTION);
}


/* the place of its value, which is filled up with zeros; NULL: no room */

static u_char *
ngx_live_stun_add(ngx_live_stun_writer_t *w, ngx_uint_t type, size_t len)
{
    u_char  *value;

    w->pos = ngx_live_write_be16(w->pos, w->end, type);
    w->pos = ngx_live_write_be16(w->pos, w->end, len);
    w->pos = ngx_live_take(w->pos, w->end, ngx_align(len, 4), &value);

    if (value && len) {
        ngx_memzero(value, ngx_align(len, 4));
    }

    return value;
}


void
ngx_live_stun_add_username(ngx_live_stun_writer_t *w, ngx_str_t *name)
{
    u_char  *value;

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_USERNAME, name->len);

    if (value && name->len) {
        ngx_memcpy(value, name->data, name->len);
    }
}


void
ngx_live_stun_add_priority(ngx_live_stun_writer_t *w, uint32_t priority)
{
    u_char  *value;

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_PRIORITY, 4);

    if (value) {
        ngx_live_write_be32(value, value + 4, priority);
    }
}


void
ngx_live_stun_add_use_candidate(ngx_live_stun_writer_t *w)
{
    (void) ngx_live_stun_add(w, NGX_LIVE_STUN_USE_CANDIDATE, 0);
}


void
ngx_live_stun_add_role(ngx_live_stun_writer_t *w, ngx_uint_t controlling,
    uint64_t tie_breaker)
{
    u_char  *value;

    value = ngx_live_stun_add(w, controlling ? NGX_LIVE_STUN_CONTROLLING
                                             : NGX_LIVE_STUN_CONTROLLED, 8);

    if (value) {
        ngx_live_write_be64(value, value + 8, tie_breaker);
    }
}


void
ngx_live_stun_add_address(ngx_live_stun_writer_t *w, struct sockaddr *sa)
{
    u_char               *ip, *value;
    size_t                len;
    ngx_uint_t            port;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    if (sa->sa_family == AF_INET6) {
        sin6 = (struct sockaddr_in6 *) sa;
        port = ntohs(sin6->sin6_port);
        ip = sin6->sin6_addr.s6_addr;
        len = 16;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            ip += 12;
            len = 4;
        }

    } else if (sa->sa_family == AF_INET) {
        sin = (struct sockaddr_in *) sa;
        port = ntohs(sin->sin_port);
        ip = (u_char *) &sin->sin_addr;
        len = 4;

    } else {
        w->pos = NULL;
        return;
    }

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_XOR_MAPPED_ADDRESS, 4 + len);

    if (value) {
        value[1] = len == 4 ? 1 : 2;
        ngx_live_write_be16(value + 2, value + 4,
                            port ^ (NGX_LIVE_STUN_COOKIE >> 16));
        ngx_memcpy(value + 4, ip, len);
        ngx_live_stun_mask(value + 4, len, w->start + 8);
    }
}


static const char *
ngx_live_stun_phrase(ngx_uint_t code)
{
    switch (code) {

    case NGX_LIVE_STUN_BAD_REQUEST:
        return "Bad Request";

    case NGX_LIVE_STUN_UNAUTHENTICATED:
        return "Unauthenticated";

    case NGX_LIVE_STUN_UNKNOWN_ATTRIBUTE:
        return "Unknown Attribute";

    case NGX_LIVE_STUN_ROLE_CONFLICT:
        return "Role Conflict";

    default:
        return "Server Error";
    }
}


void
ngx_live_stun_add_error(ngx_live_stun_writer_t *w, ngx_uint_t code)
{
    u_char      *value;
    size_t       len;
    const char  *phrase;

    phrase = ngx_live_stun_phrase(code);
    len = ngx_strlen(phrase);

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_ERROR_CODE, 4 + len);

    if (value) {
        value[2] = (u_char) (code / 100);
        value[3] = (u_char) (code % 100);
        ngx_memcpy(value + 4, phrase, len);
    }
}


void
ngx_live_stun_add_unknown(ngx_live_stun_writer_t *w, ngx_live_stun_t *m)
{
    u_char      *value;
    ngx_uint_t   i, n;

    n = ngx_min(m->nunknown, NGX_LIVE_STUN_UNKNOWN_MAX);

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_UNKNOWN_ATTRIBUTES, n * 2);

    for (i = 0; value && i < n; i++) {
        value = ngx_live_write_be16(value, w->end, m->unknown[i]);
    }
}


static void
ngx_live_stun_length(ngx_live_stun_writer_t *w)
{
    ngx_live_write_be16(w->start + 2, w->end,
                        w->pos - w->start - NGX_LIVE_STUN_HEADER);
}


void
ngx_live_stun_add_integrity(ngx_live_stun_writer_t *w,
    const ngx_live_hmac_key_t *key)
{
    u_char  *value;

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_INTEGRITY,
                              NGX_LIVE_HMAC_SHA1_LEN);

    if (value) {
        ngx_live_stun_length(w);
        ngx_live_hmac_sha1(key, value, w->start,
                           value - NGX_LIVE_STUN_ATTRIBUTE - w->start,
                           NULL, 0);
    }
}


size_t
ngx_live_stun_finish(ngx_live_stun_writer_t *w)
{
    u_char    *value;
    uint32_t   crc;

    value = ngx_live_stun_add(w, NGX_LIVE_STUN_FINGERPRINT, 4);

    if (value == NULL) {
        return 0;
    }

    ngx_live_stun_length(w);

    crc = ngx_crc32_long(w->start,
                         value - NGX_LIVE_STUN_ATTRIBUTE - w->start);
    ngx_live_write_be32(value, value + 4, crc ^ NGX_LIVE_STUN_CRC_XOR);

    return w->pos - w->start;
}


size_t
ngx_live_stun_success(u_char *buf, u_char *end, ngx_live_stun_t *m,
    struct sockaddr *sa, const ngx_live_hmac_key_t *key)
{
    ngx_live_stun_writer_t  w;

    ngx_live_stun_begin(&w, buf, end, NGX_LIVE_STUN_SUCCESS, m->transaction);
    ngx_live_stun_add_address(&w, sa);

    if (key) {
        ngx_live_stun_add_integrity(&w, key);
    }

    return ngx_live_stun_finish(&w);
}


size_t
ngx_live_stun_refuse(u_char *buf, u_char *end, ngx_live_stun_t *m,
    ngx_uint_t code, const ngx_live_hmac_key_t *key)
{
    ngx_live_stun_writer_t  w;

    ngx_live_stun_begin(&w, buf, end, NGX_LIVE_STUN_ERROR, m->transaction);
    ngx_live_stun_add_error(&w, code);

    if (code == NGX_LIVE_STUN_UNKNOWN_ATTRIBUTE) {
        ngx_live_stun_add_unknown(&w, m);
    }

    if (key) {
        ngx_live_stun_add_integrity(&w, key);
    }

    return ngx_live_stun_finish(&w);
}
