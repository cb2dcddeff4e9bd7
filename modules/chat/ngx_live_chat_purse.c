
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_record.h"

#include <ngx_md5.h>
#include <sys/random.h>


static ngx_live_chat_purse_sh_t *ngx_live_chat_purse_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room);
static ngx_uint_t ngx_live_chat_purse_seen_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_purse_sh_t *purse, ngx_live_chat_effect_t *effect);
static void ngx_live_chat_purse_keys_of(ngx_live_chat_effect_t *effect,
    ngx_str_t *keys);
static ngx_uint_t ngx_live_chat_purse_next(ngx_str_t *keys, ngx_str_t *key);
static void ngx_live_chat_purse_remember_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
static ngx_live_chat_total_sh_t *ngx_live_chat_purse_total(
    ngx_live_chat_purse_sh_t *purse, ngx_live_chat_effect_t *effect);
static ngx_live_chat_total_sh_t *ngx_live_chat_purse_currency(
    ngx_live_chat_purse_sh_t *purse, u_char *text);
static size_t ngx_live_chat_tips_pick(ngx_queue_t *entries, ngx_uint_t *max);
static u_char *ngx_live_chat_tips_copy(u_char *p, ngx_queue_t *entries,
    ngx_uint_t skip);


static ngx_live_chat_purse_sh_t *
ngx_live_chat_purse_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_purse_sh_t  *purse;

    if (room->purse) {
        return room->purse;
    }

    purse = ngx_live_chat_alloc_locked(zone, room,
                                       sizeof(ngx_live_chat_purse_sh_t));
    if (purse == NULL) {
        return NULL;
    }

    ngx_queue_init(&purse->tips);

    purse->keys = ngx_live_chat_keys_create_locked(zone, room);

    if (purse->keys == NULL) {
        ngx_slab_free_locked(zone->shpool, purse);
        return NULL;
    }

    room->purse = purse;

    return purse;
}


const char *
ngx_live_chat_purse_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_live_chat_purse_sh_t  *purse;

    purse = ngx_live_chat_purse_locked(zone, room);

    if (purse == NULL) {
        return "room_full";
    }

    if (ngx_live_chat_purse_seen_locked(zone, purse, effect)) {
        return "seen";
    }

    if (ngx_live_chat_purse_total(purse, effect) == NULL) {
        return "too_many_currencies";
    }

    return NULL;
}


static ngx_uint_t
ngx_live_chat_purse_seen_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_purse_sh_t *purse, ngx_live_chat_effect_t *effect)
{
    ngx_str_t  keys, key;

    ngx_live_chat_purse_keys_of(effect, &keys);

    while (ngx_live_chat_purse_next(&keys, &key)) {
        if (ngx_live_chat_keys_find_locked(zone, purse->keys, &key)
            != NGX_DECLINED)
        {
            return 1;
        }
    }

    return 0;
}


/* behind the currency */

static void
ngx_live_chat_purse_keys_of(ngx_live_chat_effect_t *effect, ngx_str_t *keys)
{
    size_t  n;

    n = ngx_min(effect->user.len, NGX_LIVE_CHAT_CURRENCY);

    keys->data = effect->user.data + n;
    keys->len = effect->user.len - n;
}


/* of those with blanks between */

static ngx_uint_t
ngx_live_chat_purse_next(ngx_str_t *keys, ngx_str_t *key)
{
    u_char  *p, *last;

    p = keys->data;
    last = p + keys->len;

    while (p < last && *p == ' ') {
        p++;
    }

    key->data = p;

    while (p < last && *p != ' ') {
        p++;
    }

    key->len = p - key->data;

    keys->data = p;
    keys->len = last - p;

    return key->len;
}


/* the currency's, or a free one; NULL: there are too many */

static ngx_live_chat_total_sh_t *
ngx_live_chat_purse_total(ngx_live_chat_purse_sh_t *purse,
    ngx_live_chat_effect_t *effect)
{
    /* of what comes from other nodes nothing is sure */

    if (effect->user.len < NGX_LIVE_CHAT_CURRENCY
        || effect->number < 1 || effect->number > NGX_LIVE_CHAT_AMOUNT_MAX)
    {
        return NULL;
    }

    return ngx_live_chat_purse_currency(purse, effect->user.data);
}


static ngx_live_chat_total_sh_t *
ngx_live_chat_purse_currency(ngx_live_chat_purse_sh_t *purse, u_char *text)
{
    u_char                     currency[NGX_LIVE_CHAT_CURRENCY];
    ngx_uint_t                 i;
    ngx_live_chat_total_sh_t  *total;

    if (ngx_live_chat_currency(currency, text, NGX_LIVE_CHAT_CURRENCY)
        != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < NGX_LIVE_CHAT_CURRENCIES; i++) {
        total = &purse->totals[i];

        if (total->currency[0] == '\0'
            || ngx_memcmp(total->currency, currency, NGX_LIVE_CHAT_CURRENCY)
               == 0)
        {
            return total;
        }
    }

    return NULL;
}


void
ngx_live_chat_purse_add_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    int64_t                    sum;
    ngx_uint_t                 seen;
    ngx_live_chat_purse_sh_t  *purse;
    ngx_live_chat_total_sh_t  *total;

    purse = ngx_live_chat_purse_locked(zone, room);

    if (purse == NULL) {
        return;
    }

    total = ngx_live_chat_purse_total(purse, effect);

    if (total == NULL) {
        return;
    }

    /* the entry of a tip may come again, with another id */

    seen = ngx_live_chat_purse_seen_locked(zone, purse, effect);

    if (!seen) {
        ngx_live_chat_purse_remember_locked(zone, room, effect);
    }

    if (effect->sum) {

        /* it includes what others have counted */

        sum = effect->sum;
        total->counted = ngx_max(total->counted, sum);
        total->amount = ngx_max(total->amount, sum);

    } else {

        if (!seen && !effect->repeated) {

            /* what no JavaScript could count any more is not counted here */

            total->amount = ngx_min(NGX_LIVE_CHAT_TOTAL_MAX - effect->number,
                                    total->amount)
                            + effect->number;
        }

        sum = total->amount;
    }

    if (total->amount) {
        (void) ngx_live_chat_currency(total->currency, effect->user.data,
                                      NGX_LIVE_CHAT_CURRENCY);
    }

    effect->repeated |= seen;

    effect->added_len = ngx_snprintf(effect->added, NGX_LIVE_CHAT_EFFECT_ADDED,
                                     ",\"total\":%L", sum)
                        - effect->added;
}


static void
ngx_live_chat_purse_remember_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect)
{
    ngx_str_t   keys, key;
    ngx_uint_t  ntips, nkeys;

    ngx_live_chat_purse_limits(&ntips, &nkeys);

    ngx_live_chat_purse_keys_of(effect, &keys);

    while (ngx_live_chat_purse_next(&keys, &key)) {
        (void) ngx_live_chat_keys_add_locked(zone, room, room->purse->keys,
                                             &key, 0, nkeys, 1);
    }
}


void
ngx_live_chat_purse_open_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_redis_reply_t *meta)
{
    int64_t                    amount;
    u_char                    *currency;
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    ngx_live_chat_purse_sh_t  *purse;
    ngx_live_chat_total_sh_t  *total;

    for (i = 0; i < meta->n; i += 2) {
        name = &meta->elts[i].str;

        if (ngx_live_chat_total_parse(name, &meta->elts[i + 1].str, &amount)
            != NGX_OK)
        {
            continue;
        }

        purse = ngx_live_chat_purse_locked(zone, room);

        if (purse == NULL) {
            return;
        }

        currency = name->data + name->len - NGX_LIVE_CHAT_CURRENCY;

        total = ngx_live_chat_purse_currency(purse, currency);

        if (total) {
            (void) ngx_live_chat_currency(total->currency, currency,
                                          NGX_LIVE_CHAT_CURRENCY);

            total->counted = ngx_max(total->counted, amount);
            total->amount = ngx_max(total->amount, amount);
        }
    }
}


u_char *
ngx_live_chat_purse_keys(u_char *p, ngx_live_chat_tip_t *tip)
{
    u_char      digest[16];
    ngx_md5_t   md5;
    ngx_uint_t  i, n;

    n = 0;

    p = ngx_cpymem(p, tip->currency, NGX_LIVE_CHAT_CURRENCY);

    for (i = 0; i < 2; i++) {

        if (tip->keys[i].len == 0) {
            continue;
        }

        *p++ = ' ';
        n++;

        ngx_md5_init(&md5);
        ngx_md5_update(&md5, tip->keys[i].data, tip->keys[i].len);
        ngx_md5_final(digest, &md5);

        p = ngx_hex_dump(p, digest, sizeof(digest));
    }

    /* without a key it is a tip of its own, whichever way its entry comes */

    if (n == 0
        && getrandom(digest, sizeof(digest), 0) == (ssize_t) sizeof(digest))
    {
        *p++ = ' ';
        p = ngx_hex_dump(p, digest, sizeof(digest));
    }

    return p;
}


ngx_uint_t
ngx_live_chat_purse_keep_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_entry_sh_t *e)
{
    ngx_uint_t                 ntips, nkeys;
    ngx_live_chat_purse_sh_t  *purse;

    purse = room->purse;

    ngx_live_chat_purse_limits(&ntips, &nkeys);

    if (purse == NULL || !e->tip || e->hidden || ntips == 0) {
        return 0;
    }

    while (purse->n >= ntips) {
        ngx_live_chat_purse_drop_locked(zone, room);
    }

    ngx_queue_insert_tail(&purse->tips, &e->queue);
    purse->n++;

    return 1;
}


void
ngx_live_chat_purse_drop_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_queue_t               *q;
    ngx_live_chat_purse_sh_t  *purse;

    purse = room->purse;
    q = ngx_queue_head(&purse->tips);

    ngx_queue_remove(q);
    purse->n--;

    ngx_slab_free_locked(zone->shpool,
                         ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue));
}


u_char *
ngx_live_chat_totals_write_locked(u_char *p, ngx_live_chat_room_sh_t *room)
{
    ngx_uint_t                 i;
    ngx_live_chat_total_sh_t  *total;

    if (room->purse == NULL) {
        return p;
    }

    *p++ = '{';

    for (i = 0; i < NGX_LIVE_CHAT_CURRENCIES; i++) {
        total = &room->purse->totals[i];

        if (total->amount) {
            p = ngx_sprintf(p, "%s\"%*s\":%L", i ? "," : "",
                            (size_t) NGX_LIVE_CHAT_CURRENCY, total->currency,
                            total->amount);
        }
    }

    *p++ = '}';

    return p;
}


ngx_int_t
ngx_live_chat_tips_list(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_uint_t max, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char      *p;
    size_t       size;
    ngx_uint_t   n, nlog;

    ngx_str_null(text);

    ngx_live_chat_lock(zone);

    /* the newest are in the log; n: how many more there may be */

    n = max;
    size = ngx_live_chat_tips_pick(&room->log, &n);
    nlog = max - n;

    if (room->purse) {
        size += ngx_live_chat_tips_pick(&room->purse->tips, &n);
    }

    p = size ? ngx_pnalloc(pool, size) : NULL;

    if (p) {
        text->data = p;

        if (room->purse) {
            p = ngx_live_chat_tips_copy(p, &room->purse->tips,
                                        max - nlog - n);
        }

        p = ngx_live_chat_tips_copy(p, &room->log, nlog);

        text->len = p - text->data - 1;
    }

    ngx_live_chat_unlock(zone);

    return (size && p == NULL) ? NGX_ERROR : NGX_OK;
}


/* bytes of the newest ones, at most max, which is less by them then */

static size_t
ngx_live_chat_tips_pick(ngx_queue_t *entries, ngx_uint_t *max)
{
    size_t                     size;
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    size = 0;

    for (q = ngx_queue_last(entries);
         q != ngx_queue_sentinel(entries) && *max;
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->tip && !e->hidden) {
            size += e->len + 1;
            (*max)--;
        }
    }

    return size;
}


/* the newest n of them */

static u_char *
ngx_live_chat_tips_copy(u_char *p, ngx_queue_t *entries, ngx_uint_t n)
{
    ngx_queue_t               *q, *first;
    ngx_live_chat_entry_sh_t  *e;

    first = ngx_queue_sentinel(entries);

    for (q = ngx_queue_last(entries);
         q != ngx_queue_sentinel(entries) && n;
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->tip && !e->hidden) {
            first = q;
            n--;
        }
    }

    for (q = first; q != ngx_queue_sentinel(entries); q = ngx_queue_next(q)) {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->tip && !e->hidden) {
            p = ngx_cpymem(p, e->text, e->len);
            *p++ = ',';
        }
    }

    return p;
}


void
ngx_live_chat_purse_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_purse_sh_t  *purse;

    purse = room->purse;

    if (purse == NULL) {
        return;
    }

    while (!ngx_queue_empty(&purse->tips)) {
        ngx_live_chat_purse_drop_locked(zone, room);
    }

    ngx_live_chat_keys_free_locked(zone, purse->keys);
    ngx_slab_free_locked(zone->shpool, purse);

    room->purse = NULL;
}
