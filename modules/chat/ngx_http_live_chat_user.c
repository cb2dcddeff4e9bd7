
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_people.h"
#include "ngx_live_chat_text.h"

#include <ngx_md5.h>


/*
 * Who a client is: what its token says, or a guest with a name of his own.
 */

#define NGX_HTTP_LIVE_CHAT_GUEST        "guest-"
#define NGX_HTTP_LIVE_CHAT_GUEST_BYTES  5

/* bytes of a name in JSON: 4 of each code point in UTF-8, or an escape */
#define NGX_HTTP_LIVE_CHAT_NAME_SIZE    (6 * NGX_HTTP_LIVE_CHAT_NAME_MAX)


static ngx_int_t ngx_http_live_chat_variable(ngx_http_request_t *r,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_live_chat_guest(ngx_http_request_t *r,
    ngx_str_t *id);
static size_t ngx_http_live_chat_user_size(ngx_http_live_chat_user_t *user);
static void ngx_http_live_chat_user_json(ngx_http_live_chat_user_t *user,
    ngx_str_t *name);
static ngx_uint_t ngx_http_live_chat_one_of(ngx_str_t *roles, ngx_str_t *role);
static ngx_uint_t ngx_http_live_chat_level(ngx_http_request_t *r);


static ngx_str_t  ngx_http_live_chat_role = ngx_string("live_role");

static ngx_str_t  ngx_http_live_chat_groups = ngx_string("live_token_groups");

static ngx_str_t  ngx_http_live_chat_moderators[] = {
    ngx_string("moderator"),
    ngx_string("creator"),
    ngx_string("publisher"),
    ngx_string("admin"),
    ngx_null_string
};

static ngx_str_t  ngx_http_live_chat_servers[] = {
    ngx_string("server"),
    ngx_string("admin"),
    ngx_null_string
};


ngx_int_t
ngx_http_live_chat_user(ngx_http_request_t *r,
    ngx_http_live_chat_user_t *user, ngx_str_t *name)
{
    ngx_http_live_ctx_t            *ctx;
    ngx_http_live_chat_loc_conf_t  *lccf;

    ctx = ngx_http_live_get_ctx(r);
    lccf = ngx_http_get_module_loc_conf(r, ngx_http_live_chat_module);

    if (user->json.data) {
        ngx_http_live_chat_user_json(user, name);
        return NGX_OK;
    }

    user->id = ctx->access.sub;

    if (user->id.len) {
        user->writes = 1;

        if (ngx_http_live_chat_variable(r, &ngx_http_live_chat_role,
                                        &user->role)
            != NGX_OK)
        {
            ngx_str_set(&user->role, "viewer");
        }

        user->moderates = ngx_http_live_chat_one_of(
                              ngx_http_live_chat_moderators, &user->role);
        user->serves = ngx_http_live_chat_one_of(
                              ngx_http_live_chat_servers, &user->role);
        user->level = ngx_http_live_chat_level(r);

    } else {
        ngx_str_set(&user->role, "guest");

        user->guest = 1;
        user->writes = (lccf->guests == NGX_HTTP_LIVE_CHAT_GUESTS_WRITE);

        if (ngx_http_live_chat_guest(r, &user->id) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    user->hash = ngx_crc32_long(user->id.data, user->id.len);
    user->hash += (user->hash == 0);

    user->json.data = ngx_pnalloc(r->pool,
                                  ngx_http_live_chat_user_size(user));
    if (user->json.data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_live_chat_user_json(user, name);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_live_chat_one_of(ngx_str_t *roles, ngx_str_t *role)
{
    ngx_str_t  *r;

    for (r = roles; r->len; r++) {
        if (r->len == role->len
            && ngx_memcmp(r->data, role->data, r->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* by the groups of the token, with commas between them */

static ngx_uint_t
ngx_http_live_chat_level(ngx_http_request_t *r)
{
    u_char      *p, *end, *last;
    size_t       len;
    ngx_str_t    groups;
    ngx_uint_t   level;

    level = NGX_LIVE_CHAT_ALL;

    if (ngx_http_live_chat_variable(r, &ngx_http_live_chat_groups, &groups)
        != NGX_OK)
    {
        return level;
    }

    last = groups.data + groups.len;

    for (p = groups.data; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        len = end - p;

        if (len == sizeof("subscriber") - 1
            && ngx_strncmp(p, "subscriber", len) == 0)
        {
            return NGX_LIVE_CHAT_SUBSCRIBERS;
        }

        if (len == sizeof("follower") - 1
            && ngx_strncmp(p, "follower", len) == 0)
        {
            level = NGX_LIVE_CHAT_FOLLOWERS;
        }
    }

    return level;
}


static ngx_int_t
ngx_http_live_chat_variable(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_http_variable_value_t  *vv;

    vv = ngx_http_get_variable(r, name,
                               ngx_hash_key(name->data, name->len));

    if (vv == NULL || vv->not_found || vv->len == 0) {
        return NGX_DECLINED;
    }

    value->data = vv->data;
    value->len = vv->len;

    return NGX_OK;
}


/*
 * The same guest as long as he comes from the same address with the same
 * program, so that he can be banned, and over polling is one user.  The
 * secret keeps others from trying all addresses.
 */

static ngx_int_t
ngx_http_live_chat_guest(ngx_http_request_t *r, ngx_str_t *id)
{
    u_char                *p, digest[16];
    ngx_md5_t              md5;
    ngx_str_t             *agent;
    ngx_live_chat_zone_t  *zone;

    zone = ngx_live_chat_zone();

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, zone->sh->secret, sizeof(zone->sh->secret));
    ngx_md5_update(&md5, r->connection->addr_text.data,
                   r->connection->addr_text.len);

    if (r->headers_in.user_agent) {
        agent = &r->headers_in.user_agent->value;
        ngx_md5_update(&md5, agent->data, agent->len);
    }

    ngx_md5_final(digest, &md5);

    id->data = ngx_pnalloc(r->pool, sizeof(NGX_HTTP_LIVE_CHAT_GUEST) - 1
                                    + 2 * NGX_HTTP_LIVE_CHAT_GUEST_BYTES);
    if (id->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(id->data, NGX_HTTP_LIVE_CHAT_GUEST,
                   sizeof(NGX_HTTP_LIVE_CHAT_GUEST) - 1);
    p = ngx_hex_dump(p, digest, NGX_HTTP_LIVE_CHAT_GUEST_BYTES);

    id->len = p - id->data;

    return NGX_OK;
}


/* whatever the name: one who joins again and again has it made in place */

static size_t
ngx_http_live_chat_user_size(ngx_http_live_chat_user_t *user)
{
    size_t  id;

    id = user->id.len
         + ngx_escape_json(NULL, user->id.data, user->id.len);

    return sizeof("{\"id\":\"\",\"name\":\"\",\"role\":\"\"}") - 1
           + id + ngx_max(id, NGX_HTTP_LIVE_CHAT_NAME_SIZE) + user->role.len;
}


static void
ngx_http_live_chat_user_json(ngx_http_live_chat_user_t *user, ngx_str_t *name)
{
    ngx_str_t  shown;

    shown = *name;

    if (shown.len == 0
        || shown.len + ngx_escape_json(NULL, shown.data, shown.len)
           > NGX_HTTP_LIVE_CHAT_NAME_SIZE)
    {
        shown = user->id;
    }

    user->json.len = ngx_live_chat_user_json_write(user->json.data, &user->id,
                                                   &shown, &user->role)
                     - user->json.data;
}


ngx_int_t
ngx_http_live_chat_name_arg(ngx_http_request_t *r, ngx_str_t *name)
{
    u_char     *dst, *src;
    ngx_str_t   raw;

    ngx_str_null(name);

    if (ngx_http_arg(r, (u_char *) "name", 4, &raw) != NGX_OK) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, raw.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    name->data = dst;
    src = raw.data;

    ngx_unescape_uri(&dst, &src, raw.len, 0);

    if (ngx_live_chat_text_line(name->data, name->data, dst - name->data,
                                NGX_HTTP_LIVE_CHAT_NAME_MAX, name)
        != NGX_LIVE_CHAT_TEXT_OK)
    {
        ngx_str_null(name);
    }

    return NGX_OK;
}
