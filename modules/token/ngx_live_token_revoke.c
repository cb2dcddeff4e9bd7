
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token.h"
#include "ngx_live_token_revoke.h"
#include "ngx_live_name.h"
#include "ngx_live_session.h"


#define NGX_LIVE_TOKEN_REVOKE_PURGE  8     /* entries looked at for a new one */


typedef struct {
    ngx_str_node_t             sn;         /* a byte of the kind, value */
    ngx_queue_t                queue;
    time_t                     before;     /* s, NGX_LIVE_CLAIM_NEVER: all */
    time_t                     until;      /* s */
    time_t                     since;      /* s, when it was entered */
    ngx_uint_t                 undone;     /* taken back; Redis is to know */
    u_char                     data[1];
} ngx_live_token_revoked_sh_t;


/* a value as it is looked for */

typedef struct {
    ngx_str_t                  str;
    uint32_t                   hash;
    u_char                     data[1 + NGX_LIVE_NAME_KEY_MAX];
} ngx_live_token_revoke_key_t;


static ngx_int_t ngx_live_token_revoke_key(ngx_live_token_revoke_key_t *key,
    ngx_uint_t kind, ngx_str_t *value);
static ngx_int_t ngx_live_token_revoke_add(ngx_live_token_revoke_t *table,
    ngx_live_token_revoke_key_t *key, time_t before, time_t until);
static ngx_live_token_revoked_sh_t *ngx_live_token_revoke_lookup_locked(
    ngx_live_token_revoke_t *table, ngx_live_token_revoke_key_t *key);
static ngx_live_token_revoked_sh_t *ngx_live_token_revoke_insert_locked(
    ngx_live_token_revoke_t *table, ngx_live_token_revoke_key_t *key,
    time_t before, time_t until);
static ngx_live_token_revoked_sh_t *ngx_live_token_revoke_alloc_locked(
    ngx_live_token_revoke_t *table, size_t size);
static void ngx_live_token_revoke_purge_locked(ngx_live_token_revoke_t *table,
    ngx_uint_t max);
static void ngx_live_token_revoke_delete_locked(
    ngx_live_token_revoke_t *table, ngx_live_token_revoked_sh_t *e);
static ngx_uint_t ngx_live_token_revoke_end(ngx_uint_t kind,
    ngx_str_t *value);
static ngx_uint_t ngx_live_token_revoke_find(ngx_live_token_revoke_t *table,
    ngx_uint_t kind, ngx_str_t *value, time_t iat);


static char  *ngx_live_token_revoke_kinds[] = { "jti", "sub", "stream" };


ngx_int_t
ngx_live_token_revoke_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_live_token_revoke_t *old = data;

    ngx_live_token_revoke_t  *table;

    table = shm_zone->data;

    if (old) {
        *table = *old;
        return NGX_OK;
    }

    table->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        table->sh = table->shpool->data;
        return NGX_OK;
    }

    table->sh = ngx_slab_calloc(table->shpool,
                                sizeof(ngx_live_token_revoke_sh_t));
    if (table->sh == NULL) {
        return NGX_ERROR;
    }

    table->shpool->data = table->sh;
    table->shpool->log_nomem = 0;

    ngx_rbtree_init(&table->sh->rbtree, &table->sh->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&table->sh->queue);

    return NGX_OK;
}


ngx_int_t
ngx_live_token_revoke(ngx_uint_t kind, ngx_str_t *value, time_t before,
    time_t until, ngx_log_t *log)
{
    ngx_uint_t                    n;
    ngx_live_token_revoke_t      *table;
    ngx_live_token_revoke_key_t   key;

    table = ngx_live_token_revoke_table();

    if (table == NULL || ngx_live_token_revoke_key(&key, kind, value) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "cannot revoke tokens: %s",
                      table ? "bad value" : "there are no token keys");
        return NGX_ERROR;
    }

    if (ngx_live_token_revoke_add(table, &key,
                                  before ? before : NGX_LIVE_CLAIM_NEVER,
                                  until)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "cannot revoke tokens: "
                      "too many are revoked");
        return NGX_ERROR;
    }

    /* afterwards: who was ended may be back at once */

    n = ngx_live_token_revoke_end(kind, value);

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "tokens of %s \"%V\" are revoked, %ui sessions end",
                  ngx_live_token_revoke_kinds[kind], value, n);

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_revoke_key(ngx_live_token_revoke_key_t *key, ngx_uint_t kind,
    ngx_str_t *value)
{
    if (kind > NGX_LIVE_REVOKE_STREAM
        || value->len == 0
        || value->len > NGX_LIVE_NAME_KEY_MAX)
    {
        return NGX_ERROR;
    }

    key->data[0] = (u_char) kind;
    ngx_memcpy(key->data + 1, value->data, value->len);

    key->str.data = key->data;
    key->str.len = 1 + value->len;
    key->hash = ngx_crc32_short(key->data, key->str.len);

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_revoke_add(ngx_live_token_revoke_t *table,
    ngx_live_token_revoke_key_t *key, time_t before, time_t until)
{
    ngx_live_token_revoked_sh_t  *e;

    ngx_shmtx_lock(&table->shpool->mutex);

    ngx_live_token_revoke_purge_locked(table, NGX_LIVE_TOKEN_REVOKE_PURGE);

    e = ngx_live_token_revoke_lookup_locked(table, key);

    if (e && (e->until <= ngx_time() || e->undone)) {

        /* what is over must not last on with the new one */

        ngx_live_token_revoke_delete_locked(table, e);
        e = NULL;
    }

    if (e) {
        if (before > e->before || until > e->until) {
            e->since = ngx_time();
        }

        e->before = ngx_max(e->before, before);
        e->until = ngx_max(e->until, until);
        table->sh->generation++;
        ngx_shmtx_unlock(&table->shpool->mutex);
        return NGX_OK;
    }

    e = ngx_live_token_revoke_insert_locked(table, key, before, until);

    ngx_shmtx_unlock(&table->shpool->mutex);

    return e ? NGX_OK : NGX_ERROR;
}


static ngx_live_token_revoked_sh_t *
ngx_live_token_revoke_lookup_locked(ngx_live_token_revoke_t *table,
    ngx_live_token_revoke_key_t *key)
{
    return (ngx_live_token_revoked_sh_t *)
               ngx_str_rbtree_lookup(&table->sh->rbtree, &key->str, key->hash);
}


static ngx_live_token_revoked_sh_t *
ngx_live_token_revoke_insert_locked(ngx_live_token_revoke_t *table,
    ngx_live_token_revoke_key_t *key, time_t before, time_t until)
{
    ngx_live_token_revoked_sh_t  *e;

    e = ngx_live_token_revoke_alloc_locked(table,
                              offsetof(ngx_live_token_revoked_sh_t, data)
                              + key->str.len);
    if (e == NULL) {
        return NULL;
    }

    ngx_memcpy(e->data, key->data, key->str.len);

    e->sn.str.data = e->data;
    e->sn.str.len = key->str.len;
    e->sn.node.key = key->hash;
    e->before = before;
    e->until = until;
    e->since = ngx_time();
    e->undone = 0;

    ngx_rbtree_insert(&table->sh->rbtree, &e->sn.node);
    ngx_queue_insert_head(&table->sh->queue, &e->queue);
    table->sh->n++;
    table->sh->generation++;

    return e;
}


static ngx_live_token_revoked_sh_t *
ngx_live_token_revoke_alloc_locked(ngx_live_token_revoke_t *table,
    size_t size)
{
    ngx_live_token_revoked_sh_t  *e;

    e = ngx_slab_alloc_locked(table->shpool, size);

    if (e == NULL) {
        ngx_live_token_revoke_purge_locked(table, table->sh->n);
        e = ngx_slab_alloc_locked(table->shpool, size);
    }

    return e;
}


/*
 * Forgets what is over among the oldest entries; those that are not go to the
 * head, so that each one's turn comes.
 */

static void
ngx_live_token_revoke_purge_locked(ngx_live_token_revoke_t *table,
    ngx_uint_t max)
{
    time_t                        now;
    ngx_queue_t                  *q;
    ngx_live_token_revoked_sh_t  *e;

    now = ngx_time();

    while (max-- && !ngx_queue_empty(&table->sh->queue)) {

        q = ngx_queue_last(&table->sh->queue);
        e = ngx_queue_data(q, ngx_live_token_revoked_sh_t, queue);

        if (e->until <= now) {
            ngx_live_token_revoke_delete_locked(table, e);
            continue;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_head(&table->sh->queue, q);
    }
}


static void
ngx_live_token_revoke_delete_locked(ngx_live_token_revoke_t *table,
    ngx_live_token_revoked_sh_t *e)
{
    ngx_queue_remove(&e->queue);
    ngx_rbtree_delete(&table->sh->rbtree, &e->sn.node);
    ngx_slab_free_locked(table->shpool, e);
    table->sh->n--;
}


static ngx_uint_t
ngx_live_token_revoke_end(ngx_uint_t kind, ngx_str_t *value)
{
    if (ngx_live_zone == NULL) {
        return 0;
    }

    switch (kind) {

    case NGX_LIVE_REVOKE_JTI:
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_JTI, 0, value);

    case NGX_LIVE_REVOKE_SUB:
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_SUB, 0, value);

    default: /* NGX_LIVE_REVOKE_STREAM */
        return ngx_live_session_end(NGX_LIVE_SESSION_BY_NAME, 0, value);
    }
}


ngx_int_t
ngx_live_token_unrevoke(ngx_uint_t kind, ngx_str_t *value)
{
    ngx_live_token_revoke_t      *table;
    ngx_live_token_revoked_sh_t  *e;
    ngx_live_token_revoke_key_t   key;

    table = ngx_live_token_revoke_table();

    if (table == NULL || ngx_live_token_revoke_key(&key, kind, value) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_shmtx_lock(&table->shpool->mutex);

    e = ngx_live_token_revoke_lookup_locked(table, &key);

    if (e) {
        ngx_live_token_revoke_delete_locked(table, e);
    }

    ngx_shmtx_unlock(&table->shpool->mutex);

    return e ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_live_token_revoke_undo(ngx_uint_t kind, ngx_str_t *value, time_t until)
{
    ngx_int_t                     rc;
    ngx_live_token_revoke_t      *table;
    ngx_live_token_revoked_sh_t  *e;
    ngx_live_token_revoke_key_t   key;

    table = ngx_live_token_revoke_table();

    if (table == NULL || ngx_live_token_revoke_key(&key, kind, value) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = NGX_OK;

    ngx_shmtx_lock(&table->shpool->mutex);

    e = ngx_live_token_revoke_lookup_locked(table, &key);

    if (e == NULL || e->undone) {
        rc = NGX_DECLINED;
    }

    if (e == NULL) {
        e = ngx_live_token_revoke_insert_locked(table, &key, 0, until);
    }

    if (e) {
        e->undone = 1;
        e->since = ngx_time();
    }

    ngx_shmtx_unlock(&table->shpool->mutex);

    return rc;
}


void
ngx_live_token_unrevoke_older(ngx_uint_t kind, ngx_str_t *value, time_t when)
{
    ngx_live_token_revoke_t      *table;
    ngx_live_token_revoked_sh_t  *e;
    ngx_live_token_revoke_key_t   key;

    table = ngx_live_token_revoke_table();

    if (table == NULL || ngx_live_token_revoke_key(&key, kind, value) != NGX_OK)
    {
        return;
    }

    ngx_shmtx_lock(&table->shpool->mutex);

    e = ngx_live_token_revoke_lookup_locked(table, &key);

    if (e && !e->undone && e->since <= when) {
        ngx_live_token_revoke_delete_locked(table, e);
    }

    ngx_shmtx_unlock(&table->shpool->mutex);
}


ngx_uint_t
ngx_live_token_revoke_undone(ngx_uint_t kind, ngx_str_t *value,
    ngx_uint_t forget)
{
    ngx_uint_t                    undone;
    ngx_live_token_revoke_t      *table;
    ngx_live_token_revoked_sh_t  *e;
    ngx_live_token_revoke_key_t   key;

    table = ngx_live_token_revoke_table();

    if (table == NULL || ngx_live_token_revoke_key(&key, kind, value) != NGX_OK)
    {
        return 0;
    }

    ngx_shmtx_lock(&table->shpool->mutex);

    e = ngx_live_token_revoke_lookup_locked(table, &key);
    undone = (e && e->undone);

    if (undone && forget) {
        ngx_live_token_revoke_delete_locked(table, e);
    }

    ngx_shmtx_unlock(&table->shpool->mutex);

    return undone;
}


ngx_uint_t
ngx_live_token_revoked(ngx_live_claims_t *claims, ngx_str_t *stream)
{
    ngx_live_token_revoke_t  *table;

    table = ngx_live_token_revoke_table();

    /* the usual case costs no lock */

    if (table == NULL || table->sh->n == 0) {
        return 0;
    }

    return ngx_live_token_revoke_find(table, NGX_LIVE_REVOKE_JTI,
                                      &claims->jti, claims->iat)
           || ngx_live_token_revoke_find(table, NGX_LIVE_REVOKE_SUB,
                                         &claims->sub, claims->iat)
           || (stream
               && ngx_live_token_revoke_find(table, NGX_LIVE_REVOKE_STREAM,
                                             stream, claims->iat));
}


ngx_uint_t
ngx_live_token_revoked_stream(ngx_live_claims_t *claims, ngx_str_t *stream)
{
    ngx_live_token_revoke_t  *table;

    table = ngx_live_token_revoke_table();

    if (table == NULL || table->sh->n == 0) {
        return 0;
    }

    return ngx_live_token_revoke_find(table, NGX_LIVE_REVOKE_STREAM, stream,
                                      claims->iat);
}


ngx_atomic_uint_t
ngx_live_token_revoke_generation(void)
{
    ngx_live_token_revoke_t  *table;

    table = ngx_live_token_revoke_table();

    return table ? table->sh->generation : 0;
}


static ngx_uint_t
ngx_live_token_revoke_find(ngx_live_token_revoke_t *table, ngx_uint_t kind,
    ngx_str_t *value, time_t iat)
{
    ngx_uint_t                    found;
    ngx_live_token_revoked_sh_t  *e;
    ngx_live_token_revoke_key_t   key;

    if (ngx_live_token_revoke_key(&key, kind, value) != NGX_OK) {
        return 0;
    }

    ngx_shmtx_lock(&table->shpool->mutex);

    e = ngx_live_token_revoke_lookup_locked(table, &key);

    found = (e && !e->undone && e->until > ngx_time() && iat < e->before);

    ngx_shmtx_unlock(&table->shpool->mutex);

    return found;
}


ngx_array_t *
ngx_live_token_revoke_list(ngx_live_token_revoke_t *table, ngx_uint_t undone,
    time_t since, ngx_pool_t *pool)
{
    time_t                        now;
    ngx_queue_t                  *q;
    ngx_array_t                  *list;
    ngx_live_token_revoked_t     *r;
    ngx_live_token_revoked_sh_t  *e;

    now = ngx_time();
    list = ngx_array_create(pool, 64, sizeof(ngx_live_token_revoked_t));

    if (list == NULL) {
        return NULL;
    }

    ngx_shmtx_lock(&table->shpool->mutex);

    for (q = ngx_queue_head(&table->sh->queue);
         q != ngx_queue_sentinel(&table->sh->queue);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_live_token_revoked_sh_t, queue);

        if (e->until <= now || e->undone != undone || e->since < since) {
            continue;
        }

        r = ngx_array_push(list);
        if (r == NULL) {
            list = NULL;
            break;
        }

        r->kind = e->data[0];
        r->before = e->before == NGX_LIVE_CLAIM_NEVER ? 0 : e->before;
        r->until = e->until;
        r->since = e->since;
        r->value.len = e->sn.str.len - 1;
        r->value.data = ngx_pnalloc(pool, r->value.len);
        if (r->value.data == NULL) {
            list = NULL;
            break;
        }

        ngx_memcpy(r->value.data, e->data + 1, r->value.len);
    }

    ngx_shmtx_unlock(&table->shpool->mutex);

    return list;
}
