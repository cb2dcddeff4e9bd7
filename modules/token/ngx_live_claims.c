
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_claims.h"
#include "ngx_live_token_json.h"

#include <arpa/inet.h>


#define NGX_LIVE_CLAIM_PATTERN    260      /* bytes */
#define NGX_LIVE_CLAIM_COUNTRY    16
#define NGX_LIVE_CLAIM_PREFIX     17       /* bytes as stored */
#define NGX_LIVE_CLAIM_RATE       1000000000000LL
#define NGX_LIVE_CLAIM_SESSIONS   1000000


typedef struct {
    u_char                   *pos;
    u_char                   *end;
    ngx_live_claims_t        *claims;
    ngx_live_token_json_t    *root;
    ngx_live_token_json_t    *live;
} ngx_live_claims_parser_t;


/* appends a member to a list; the text is checked for control characters */
typedef ngx_int_t (*ngx_live_claims_member_pt)(ngx_live_claims_parser_t *cp,
    ngx_str_t *value);

typedef struct {
    const char               *name;
    ngx_uint_t                live;        /* a member of "live" */
    size_t                    offset;      /* in ngx_live_claims_t */
    ngx_live_claims_member_pt member;      /* NULL: a string, not a list */
    const char               *reason;
} ngx_live_claims_text_t;


typedef struct {
    const char               *name;
    ngx_uint_t                up;
    time_t                    missing;
    size_t                    offset;
    const char               *reason;
} ngx_live_claims_date_t;


static ngx_int_t ngx_live_claims_read(ngx_live_claims_parser_t *cp,
    const char **reason);
static ngx_int_t ngx_live_claims_text(ngx_live_claims_parser_t *cp,
    ngx_live_claims_text_t *t);
static ngx_int_t ngx_live_claims_string(ngx_live_token_json_t *js,
    size_t max, ngx_str_t *value);
static ngx_int_t ngx_live_claims_append(ngx_live_claims_parser_t *cp,
    void *data, size_t len);
static ngx_int_t ngx_live_claims_member(ngx_live_claims_parser_t *cp,
    ngx_str_t *value);
static ngx_int_t ngx_live_claims_member_country(ngx_live_claims_parser_t *cp,
    ngx_str_t *value);
static ngx_int_t ngx_live_claims_member_prefix(ngx_live_claims_parser_t *cp,
    ngx_str_t *value);
static ngx_int_t ngx_live_claims_number(ngx_live_claims_parser_t *cp,
    const char *name, int64_t max, uint64_t *value);
static ngx_int_t ngx_live_claims_bool(ngx_live_claims_parser_t *cp,
    const char *name, ngx_uint_t *value);
static ngx_int_t ngx_live_claims_role(ngx_live_claims_parser_t *cp);
static ngx_uint_t ngx_live_claims_match(ngx_str_t *pattern, ngx_str_t *app,
    ngx_str_t *name);


ngx_str_t  ngx_live_role_names[] = {
    ngx_string("viewer"),
    ngx_string("guest"),
    ngx_string("moderator"),
    ngx_string("server"),
    ngx_string("creator"),
    ngx_string("publisher"),
    ngx_string("admin"),
    ngx_null_string
};


static ngx_live_claims_text_t  ngx_live_claims_texts[] = {

    { "iss", 0, offsetof(ngx_live_claims_t, iss), NULL,
      "bad claim \"iss\"" },

    { "sub", 0, offsetof(ngx_live_claims_t, sub), NULL,
      "bad claim \"sub\"" },

    { "jti", 0, offsetof(ngx_live_claims_t, jti), NULL,
      "bad claim \"jti\"" },

    { "aud", 0, offsetof(ngx_live_claims_t, aud),
      ngx_live_claims_member,
      "bad claim \"aud\"" },

    { "streams", 1, offsetof(ngx_live_claims_t, streams),
      ngx_live_claims_member,
      "bad claim \"streams\"" },

    { "countries", 1, offsetof(ngx_live_claims_t, countries),
      ngx_live_claims_member_country,
      "bad claim \"countries\"" },

    { "groups", 1, offsetof(ngx_live_claims_t, groups),
      ngx_live_claims_member,
      "bad claim \"groups\"" },

    { "ip", 1, offsetof(ngx_live_claims_t, ip),
      ngx_live_claims_member_prefix,
      "bad claim \"ip\"" },

    { NULL, 0, 0, NULL, NULL }
};


/*
 * RFC 7519, 2: a NumericDate may have a fraction.  It is dropped so that the
 * token is valid for shorter.
 */

static ngx_live_claims_date_t  ngx_live_claims_dates[] = {

    { "exp", 0, NGX_LIVE_CLAIM_NEVER, offsetof(ngx_live_claims_t, exp),
      "bad claim \"exp\"" },

    { "nbf", 1, 0, offsetof(ngx_live_claims_t, nbf),
      "bad claim \"nbf\"" },

    { "iat", 0, 0, offsetof(ngx_live_claims_t, iat),
      "bad claim \"iat\"" },

    { NULL, 0, 0, 0, NULL }
};


ngx_int_t
ngx_live_claims_parse(u_char *p, size_t len, u_char *buf,
    ngx_live_claims_t *claims, const char **reason)
{
    ngx_int_t                 rc;
    ngx_live_claims_parser_t  cp;

    ngx_memzero(claims, sizeof(ngx_live_claims_t));

    cp.root = ngx_live_token_json_parse(p, len, reason);

    if (cp.root == NULL) {
        return NGX_ERROR;
    }

    cp.live = ngx_live_token_json_get(cp.root, "live");
    cp.claims = claims;
    cp.pos = buf;
    cp.end = buf + NGX_LIVE_CLAIMS_SIZE(len);

    rc = ngx_live_claims_read(&cp, reason);

    ngx_live_token_json_free(cp.root);

    claims->data.data = buf;
    claims->data.len = cp.pos - buf;

    return rc;
}


static ngx_int_t
ngx_live_claims_read(ngx_live_claims_parser_t *cp, const char **reason)
{
    int64_t                  n;
    uint64_t                 sessions;
    ngx_uint_t               age;
    ngx_live_claims_t       *claims;
    ngx_live_token_json_t   *js;
    ngx_live_claims_date_t  *d;
    ngx_live_claims_text_t  *t;

    claims = cp->claims;

    if (cp->live
        && ngx_live_token_json_type(cp->live) != NGX_LIVE_TOKEN_JSON_OBJECT)
    {
        *reason = "claim \"live\" is no object";
        return NGX_ERROR;
    }

    for (d = ngx_live_claims_dates; d->name; d++) {
        js = ngx_live_token_json_get(cp->root, d->name);
        n = d->missing;

        if (js
            && ngx_live_token_json_number(js, NGX_LIVE_CLAIM_NEVER - 1, d->up,
                                          &n)
               != NGX_OK)
        {
            *reason = d->reason;
            return NGX_ERROR;
        }

        *(time_t *) ((u_char *) claims + d->offset) = n;
    }

    for (t = ngx_live_claims_texts; t->name; t++) {
        if (ngx_live_claims_text(cp, t) != NGX_OK) {
            *reason = t->reason;
            return NGX_ERROR;
        }
    }

    if (ngx_live_claims_role(cp) != NGX_OK) {
        *reason = "bad claim \"role\"";
        return NGX_ERROR;
    }

    if (ngx_live_claims_bool(cp, "age_verified", &age) != NGX_OK) {
        *reason = "bad claim \"age_verified\"";
        return NGX_ERROR;
    }

    claims->age_verified = age;

    if (ngx_live_claims_number(cp, "max_sessions", NGX_LIVE_CLAIM_SESSIONS,
                               &sessions)
        != NGX_OK)
    {
        *reason = "bad claim \"max_sessions\"";
        return NGX_ERROR;
    }

    claims->max_sessions = sessions;

    if (ngx_live_claims_number(cp, "max_rate", NGX_LIVE_CLAIM_RATE,
                               &claims->max_rate)
        != NGX_OK)
    {
        *reason = "bad claim \"max_rate\"";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * A string, or a list whose only member may stand without an array.
 */

static ngx_int_t
ngx_live_claims_text(ngx_live_claims_parser_t *cp, ngx_live_claims_text_t *t)
{
    u_char                 *start;
    ngx_str_t               value, *dst;
    ngx_uint_t              i, n, array;
    ngx_live_token_json_t  *js, *item;

    js = ngx_live_token_json_get(t->live ? cp->live : cp->root, t->name);

    if (js == NULL) {
        return NGX_OK;
    }

    dst = (ngx_str_t *) ((u_char *) cp->claims + t->offset);
    start = cp->pos;

    if (t->member == NULL) {
        if (ngx_live_claims_string(js, NGX_LIVE_CLAIM_MAX, &value) != NGX_OK
            || ngx_live_claims_append(cp, value.data, value.len) != NGX_OK)
        {
            return NGX_ERROR;
        }

        goto done;
    }

    array = (ngx_live_token_json_type(js) == NGX_LIVE_TOKEN_JSON_ARRAY);
    n = array ? ngx_live_token_json_size(js) : 1;

    /* an empty list of what is allowed is no absent one */

    if (n == 0 || n > NGX_LIVE_CLAIM_LIST) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        item = array ? ngx_live_token_json_at(js, i) : js;

        if (ngx_live_claims_string(item, NGX_LIVE_CLAIM_PATTERN, &value)
            != NGX_OK
            || t->member(cp, &value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

done:

    dst->data = start;
    dst->len = cp->pos - start;

    return NGX_OK;
}


static ngx_int_t
ngx_live_claims_string(ngx_live_token_json_t *js, size_t max,
    ngx_str_t *value)
{
    size_t  i;

    if (ngx_live_token_json_string(js, value) != NGX_OK
        || value->len == 0
        || value->len > max)
    {
        return NGX_ERROR;
    }

    /* it will stand in logs and variables */

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_claims_append(ngx_live_claims_parser_t *cp, void *data, size_t len)
{
    if ((size_t) (cp->end - cp->pos) < len) {
        return NGX_ERROR;
    }

    cp->pos = ngx_cpymem(cp->pos, data, len);

    return NGX_OK;
}


static ngx_int_t
ngx_live_claims_member(ngx_live_claims_parser_t *cp, ngx_str_t *value)
{
    if (ngx_live_claims_append(cp, value->data, value->len) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_claims_append(cp, "", 1);
}


static ngx_int_t
ngx_live_claims_member_country(ngx_live_claims_parser_t *cp, ngx_str_t *value)
{
    size_t  i;
    u_char  text[NGX_LIVE_CLAIM_COUNTRY];

    if (value->len > NGX_LIVE_CLAIM_COUNTRY) {
        return NGX_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        text[i] = ngx_toupper(value->data[i]);
    }

    if (ngx_live_claims_append(cp, text, value->len) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_live_claims_append(cp, "", 1);
}


static ngx_int_t
ngx_live_claims_member_prefix(ngx_live_claims_parser_t *cp, ngx_str_t *value)
{
    char       text[INET6_ADDRSTRLEN];
    size_t     len;
    u_char    *slash, p[NGX_LIVE_CLAIM_PREFIX];
    ngx_int_t  bits, max;

    slash = ngx_strlchr(value->data, value->data + value->len, '/');
    len = slash ? (size_t) (slash - value->data) : value->len;

    if (len >= sizeof(text)) {
        return NGX_ERROR;
    }

    ngx_memcpy(text, value->data, len);
    text[len] = '\0';

    ngx_memzero(p, sizeof(p));

    if (inet_pton(AF_INET, text, p + 12) == 1) {
        p[10] = 0xff;
        p[11] = 0xff;
        max = 32;

    } else if (inet_pton(AF_INET6, text, p) == 1) {
        max = 128;

    } else {
        return NGX_ERROR;
    }

    bits = max;

    if (slash) {
        len = value->data + value->len - (slash + 1);
        bits = (len <= 3) ? ngx_atoi(slash + 1, len) : NGX_ERROR;

        if (bits == NGX_ERROR || bits > max) {
            return NGX_ERROR;
        }
    }

    p[16] = (u_char) (bits + 128 - max);

    return ngx_live_claims_append(cp, p, NGX_LIVE_CLAIM_PREFIX);
}


static ngx_int_t
ngx_live_claims_number(ngx_live_claims_parser_t *cp, const char *name,
    int64_t max, uint64_t *value)
{
    int64_t                 n;
    ngx_live_token_json_t  *js;

    n = 0;
    js = ngx_live_token_json_get(cp->live, name);

    /* 0 would be no limit */

    if (js
        && (ngx_live_token_json_number(js, max, 1, &n) != NGX_OK || n == 0))
    {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


static ngx_int_t
ngx_live_claims_bool(ngx_live_claims_parser_t *cp, const char *name,
    ngx_uint_t *value)
{
    ngx_live_token_json_t  *js;

    js = ngx_live_token_json_get(cp->live, name);

    switch (ngx_live_token_json_type(js)) {

    case NGX_LIVE_TOKEN_JSON_TRUE:
        *value = 1;
        return NGX_OK;

    case NGX_LIVE_TOKEN_JSON_NONE:
    case NGX_LIVE_TOKEN_JSON_FALSE:
        *value = 0;
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_live_claims_role(ngx_live_claims_parser_t *cp)
{
    ngx_str_t               value, *name;
    ngx_uint_t              i;
    ngx_live_token_json_t  *js;

    js = ngx_live_token_json_get(cp->live, "role");

    if (js == NULL) {
        cp->claims->role = NGX_LIVE_ROLE_VIEWER;
        return NGX_OK;
    }

    if (ngx_live_token_json_string(js, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_LIVE_ROLE_MAX; i++) {
        name = &ngx_live_role_names[i];

        if (value.len == name->len
            && ngx_memcmp(value.data, name->data, name->len) == 0)
        {
            cp->claims->role = i;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


void
ngx_live_claims_copy(ngx_live_claims_t *dst, ngx_live_claims_t *src,
    u_char *buf)
{
    size_t                   len;
    u_char                  *from;
    ngx_str_t               *s;
    ngx_live_claims_text_t  *t;

    from = src->data.data;
    len = src->data.len;

    *dst = *src;
    dst->data.data = buf;

    if (len) {
        ngx_memcpy(buf, from, len);
    }

    for (t = ngx_live_claims_texts; t->name; t++) {
        s = (ngx_str_t *) ((u_char *) dst + t->offset);

        if (s->len) {
            s->data = buf + (s->data - from);
        }
    }
}


ngx_int_t
ngx_live_claims_time(ngx_live_claims_t *claims, time_t now, time_t leeway,
    const char **reason)
{
    /* RFC 7519, 4.1.4: "on or after" exp it is refused */

    if (claims->exp <= now - leeway) {
        *reason = "token expired";
        return NGX_DECLINED;
    }

    if (claims->nbf > now + leeway) {
        *reason = "token not yet valid";
        return NGX_DECLINED;
    }

    if (claims->iat > now + leeway) {
        *reason = "token issued in the future";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_live_claims_has(ngx_str_t *list, ngx_str_t *value)
{
    size_t   len;
    u_char  *p, *end;

    if (list->len == 0) {
        return 0;
    }

    end = list->data + list->len;

    for (p = list->data; p < end; p += len + 1) {
        len = ngx_strlen(p);

        if (len == value->len && ngx_memcmp(p, value->data, len) == 0) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_live_claims_country(ngx_str_t *list, ngx_str_t *value)
{
    size_t     i;
    u_char     text[NGX_LIVE_CLAIM_COUNTRY];
    ngx_str_t  upper;

    if (list->len == 0) {
        return 1;
    }

    if (value->len == 0 || value->len > NGX_LIVE_CLAIM_COUNTRY) {
        return 0;
    }

    for (i = 0; i < value->len; i++) {
        text[i] = ngx_toupper(value->data[i]);
    }

    upper.data = text;
    upper.len = value->len;

    return ngx_live_claims_has(list, &upper);
}


ngx_uint_t
ngx_live_claims_stream(ngx_str_t *patterns, ngx_str_t *app, ngx_str_t *name)
{
    u_char     *p, *end;
    ngx_str_t   pattern;

    if (patterns->len == 0) {
        return 0;
    }

    end = patterns->data + patterns->len;

    for (p = patterns->data; p < end; p += pattern.len + 1) {
        pattern.data = p;
        pattern.len = ngx_strlen(p);

        if (ngx_live_claims_match(&pattern, app, name)) {
            return 1;
        }
    }

    return 0;
}


/*
 * A star never takes the slash, so that both parts are matched on their own,
 * and for each part it is enough to go back to its last star.
 */

static ngx_uint_t
ngx_live_claims_match(ngx_str_t *pattern, ngx_str_t *app, ngx_str_t *name)
{
    u_char      c, *p, *end, *star;
    size_t      i, n, back;

    p = pattern->data;
    end = p + pattern->len;
    star = NULL;
    back = 0;
    n = app->len + 1 + name->len;

    for (i = 0; i < n; /* void */ ) {

        c = (i < app->len) ? app->data[i]
            : (i == app->len) ? '/' : name->data[i - app->len - 1];

        if (p < end && *p == '*') {
            if (++p == end) {
                return 1;
            }

            star = p;
            back = i;
            continue;
        }

        if (p < end && *p == c) {
            if (c == '/') {
                star = NULL;
            }

            p++;
            i++;
            continue;
        }

        if (star == NULL || back == app->len) {
            return 0;
        }

        p = star;
        i = ++back;
    }

    return p == end || (*p == '*' && p + 1 == end);
}


ngx_uint_t
ngx_live_claims_address(ngx_str_t *prefixes, struct sockaddr *sockaddr)
{
    u_char      *p, *end, address[16];
    ngx_uint_t   bytes, bits;

    if (prefixes->len == 0) {
        return 1;
    }

    ngx_memzero(address, sizeof(address));

    switch (sockaddr->sa_family) {

    case AF_INET:
        address[10] = 0xff;
        address[11] = 0xff;
        ngx_memcpy(address + 12,
                   &((struct sockaddr_in *) sockaddr)->sin_addr, 4);
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        ngx_memcpy(address,
                   &((struct sockaddr_in6 *) sockaddr)->sin6_addr, 16);
        break;
#endif

    default:
        return 0;
    }

    end = prefixes->data + prefixes->len;

    for (p = prefixes->data; p < end; p += NGX_LIVE_CLAIM_PREFIX) {
        bytes = p[16] / 8;
        bits = p[16] % 8;

        if (ngx_memcmp(p, address, bytes) == 0
            && (bits == 0
                || ((p[bytes] ^ address[bytes]) >> (8 - bits)) == 0))
        {
            return 1;
        }
    }

    return 0;
}
