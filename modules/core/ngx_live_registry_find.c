
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_registry.h"
#include "ngx_live_name.h"
#include "ngx_live_redis.h"


/*
 * What all nodes have told: one stream by its name, or the names of all.
 */


struct ngx_live_registry_find_s {
    ngx_live_redis_call_t         *call;
    ngx_live_registry_found_pt     found;
    ngx_live_registry_listed_pt    listed;
    void                          *data;
};


static ngx_live_registry_find_t *ngx_live_registry_ask(
    ngx_live_redis_args_t *a, ngx_live_redis_handler_pt handler, void *data);
static void ngx_live_registry_found(ngx_live_redis_reply_t *reply,
    void *data);
static ngx_int_t ngx_live_registry_entry(ngx_live_registry_entry_t *entry,
    ngx_live_redis_reply_t *reply);
static void ngx_live_registry_listed(ngx_live_redis_reply_t *reply,
    void *data);


typedef struct {
    ngx_str_t                      name;
    ngx_uint_t                     offset;
} ngx_live_registry_field_t;

static ngx_live_registry_field_t  ngx_live_registry_fields[] = {
    { ngx_string("node"), offsetof(ngx_live_registry_entry_t, node) },
    { ngx_string("url"), offsetof(ngx_live_registry_entry_t, url) },
    { ngx_string("session"), offsetof(ngx_live_registry_entry_t, session) },
    { ngx_string("state"), offsetof(ngx_live_registry_entry_t, state) },
    { ngx_string("door"), offsetof(ngx_live_registry_entry_t, door) },
    { ngx_string("tracks"), offsetof(ngx_live_registry_entry_t, tracks) },
    { ngx_string("start"), offsetof(ngx_live_registry_entry_t, start) },
    { ngx_null_string, 0 }
};


/* what is in force by the server's clock: those of nodes may differ */

static ngx_live_redis_script_t  ngx_live_registry_names =
    ngx_live_redis_script(
        "return redis.call('ZRANGEBYSCORE', KEYS[1], "
        "'(' .. redis.call('TIME')[1], '+inf', 'LIMIT', 0, ARGV[1])");


ngx_live_registry_find_t *
ngx_live_registry_find(ngx_str_t *app, ngx_str_t *name,
    ngx_live_registry_found_pt handler, void *data)
{
    u_char                     buf[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t                  key;
    const char                *reason;
    ngx_live_redis_args_t      a;
    ngx_live_registry_find_t  *find;

    if (ngx_live_name_key(app, name, buf, &key, &reason) != NGX_OK) {
        return NULL;
    }

    ngx_live_redis_args(&a, "HGETALL");
    ngx_live_redis_key(&a, "stream:{%V}", &key);

    find = ngx_live_registry_ask(&a, ngx_live_registry_found, data);

    if (find) {
        find->found = handler;
    }

    return find;
}


ngx_live_registry_find_t *
ngx_live_registry_list(ngx_uint_t max, ngx_live_registry_listed_pt handler,
    void *data)
{
    ngx_live_redis_args_t      a;
    ngx_live_registry_find_t  *find;

    ngx_live_redis_args_script(&a, &ngx_live_registry_names, 1);
    ngx_live_redis_key(&a, "streams");
    ngx_live_redis_arg_int(&a, max);

    find = ngx_live_registry_ask(&a, ngx_live_registry_listed, data);

    if (find) {
        find->listed = handler;
    }

    return find;
}


static ngx_live_registry_find_t *
ngx_live_registry_ask(ngx_live_redis_args_t *a,
    ngx_live_redis_handler_pt handler, void *data)
{
    ngx_live_registry_find_t  *find;

    if (!ngx_live_redis_on()) {
        return NULL;
    }

    find = ngx_alloc(sizeof(ngx_live_registry_find_t), ngx_cycle->log);
    if (find == NULL) {
        return NULL;
    }

    find->data = data;
    find->call = ngx_live_redis_command(a, handler, find);

    if (find->call == NULL) {
        ngx_free(find);
        return NULL;
    }

    return find;
}


void
ngx_live_registry_cancel(ngx_live_registry_find_t *find)
{
    ngx_live_redis_cancel(find->call);
    ngx_free(find);
}


static void
ngx_live_registry_found(ngx_live_redis_reply_t *reply, void *data)
{
    ngx_int_t                   rc;
    ngx_live_registry_find_t    find;
    ngx_live_registry_entry_t   entry;

    find = *(ngx_live_registry_find_t *) data;
    ngx_free(data);

    rc = ngx_live_registry_entry(&entry, reply);

    find.found(rc, rc == NGX_OK ? &entry : NULL, find.data);
}


static ngx_int_t
ngx_live_registry_entry(ngx_live_registry_entry_t *entry,
    ngx_live_redis_reply_t *reply)
{
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_live_redis_reply_t     *e;
    ngx_live_registry_field_t  *f;

    if (reply->type != NGX_LIVE_REDIS_ARRAY) {
        return NGX_ERROR;
    }

    ngx_memzero(entry, sizeof(ngx_live_registry_entry_t));

    e = reply->elts;

    for (i = 0; i + 1 < reply->n; i += 2) {

        if (!ngx_live_redis_is_text(&e[i])
            || !ngx_live_redis_is_text(&e[i + 1]))
        {
            continue;
        }

        for (f = ngx_live_registry_fields; f->name.len; f++) {
            if (e[i].str.len == f->name.len
                && ngx_memcmp(e[i].str.data, f->name.data, f->name.len) == 0)
            {
                value = (ngx_str_t *) ((u_char *) entry + f->offset);
                *value = e[i + 1].str;
            }
        }
    }

    return entry->node.len ? NGX_OK : NGX_DECLINED;
}


static void
ngx_live_registry_listed(ngx_live_redis_reply_t *reply, void *data)
{
    u_char                    *slash;
    ngx_str_t                 *s, app, name;
    ngx_uint_t                 i;
    ngx_live_registry_find_t   find;

    find = *(ngx_live_registry_find_t *) data;
    ngx_free(data);

    if (reply->type != NGX_LIVE_REDIS_ARRAY) {
        find.listed(NGX_ERROR, NULL, NULL, find.data);
        return;
    }

    for (i = 0; i < reply->n; i++) {
        s = &reply->elts[i].str;

        slash = ngx_strlchr(s->data, s->data + s->len, '/');

        if (slash == NULL || !ngx_live_redis_is_text(&reply->elts[i])) {
            continue;
        }

        app.data = s->data;
        app.len = slash - s->data;
        name.data = slash + 1;
        name.len = s->data + s->len - name.data;

        find.listed(NGX_AGAIN, &app, &name, find.data);
    }

    find.listed(NGX_OK, NULL, NULL, find.data);
}
