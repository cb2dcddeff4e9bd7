
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_keys.h"

#include <ngx_md5.h>


#define NGX_LIVE_CHAT_KEY_LISTS  124       /* of at most some hundred keys */
#define NGX_LIVE_CHAT_KEY_HASH   15


struct ngx_live_chat_key_sh_s {
    ngx_queue_t                queue;      /* of all, oldest first */
    ngx_live_chat_key_sh_t    *next;       /* of the same list */
    u_char                     hash[NGX_LIVE_CHAT_KEY_HASH];
    u_char                     number;
};


struct ngx_live_chat_keys_sh_s {
    ngx_queue_t                queue;
    ngx_uint_t                 n;
    ngx_live_chat_key_sh_t    *lists[NGX_LIVE_CHAT_KEY_LISTS];
};


static ngx_uint_t ngx_live_chat_key_hash(ngx_live_chat_zone_t *zone,
    ngx_str_t *text, u_char *hash);
static void ngx_live_chat_key_forget_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_keys_sh_t *keys);


ngx_live_chat_keys_sh_t *
ngx_live_chat_keys_create_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *but)
{
    ngx_live_chat_keys_sh_t  *keys;

    keys = ngx_live_chat_alloc_locked(zone, but,
                                      sizeof(ngx_live_chat_keys_sh_t));
    if (keys) {
        ngx_queue_init(&keys->queue);
    }

    return keys;
}


/* who does not know the secret cannot make lists long */

static ngx_uint_t
ngx_live_chat_key_hash(ngx_live_chat_zone_t *zone, ngx_str_t *text,
    u_char *hash)
{
    u_char     digest[16];
    ngx_md5_t  md5;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, zone->sh->secret, sizeof(zone->sh->secret));
    ngx_md5_update(&md5, text->data, text->len);
    ngx_md5_final(digest, &md5);

    ngx_memcpy(hash, digest, NGX_LIVE_CHAT_KEY_HASH);

    return ((digest[0] << 8) + digest[1]) % NGX_LIVE_CHAT_KEY_LISTS;
}


ngx_int_t
ngx_live_chat_keys_find_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_keys_sh_t *keys, ngx_str_t *text)
{
    u_char                   hash[NGX_LIVE_CHAT_KEY_HASH];
    ngx_uint_t               i;
    ngx_live_chat_key_sh_t  *key;

    i = ngx_live_chat_key_hash(zone, text, hash);

    for (key = keys->lists[i]; key; key = key->next) {
        if (ngx_memcmp(key->hash, hash, NGX_LIVE_CHAT_KEY_HASH) == 0) {
            return key->number;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_live_chat_keys_add_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *but, ngx_live_chat_keys_sh_t *keys,
    ngx_str_t *text, ngx_uint_t number, ngx_uint_t max, ngx_uint_t forget)
{
    ngx_uint_t               i;
    ngx_live_chat_key_sh_t  *key;

    if (keys->n >= max) {

        if (!forget) {
            return NGX_DECLINED;
        }

        ngx_live_chat_key_forget_locked(zone, keys);
    }

    key = ngx_live_chat_alloc_locked(zone, but,
                                     sizeof(ngx_live_chat_key_sh_t));
    if (key == NULL) {
        return NGX_ERROR;
    }

    i = ngx_live_chat_key_hash(zone, text, key->hash);

    key->number = (u_char) number;
    key->next = keys->lists[i];
    keys->lists[i] = key;

    ngx_queue_insert_tail(&keys->queue, &key->queue);
    keys->n++;

    return NGX_OK;
}


static void
ngx_live_chat_key_forget_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_keys_sh_t *keys)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_live_chat_key_sh_t   *key, **p;

    if (ngx_queue_empty(&keys->queue)) {
        return;
    }

    q = ngx_queue_head(&keys->queue);
    key = ngx_queue_data(q, ngx_live_chat_key_sh_t, queue);

    i = ((key->hash[0] << 8) + key->hash[1]) % NGX_LIVE_CHAT_KEY_LISTS;

    for (p = &keys->lists[i]; *p; p = &(*p)->next) {
        if (*p == key) {
            *p = key->next;
            break;
        }
    }

    ngx_queue_remove(q);
    keys->n--;

    ngx_slab_free_locked(zone->shpool, key);
}


ngx_uint_t
ngx_live_chat_keys_n(ngx_live_chat_keys_sh_t *keys)
{
    return keys->n;
}


void
ngx_live_chat_keys_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_keys_sh_t *keys)
{
    while (!ngx_queue_empty(&keys->queue)) {
        ngx_live_chat_key_forget_locked(zone, keys);
    }

    ngx_slab_free_locked(zone->shpool, keys);
}
