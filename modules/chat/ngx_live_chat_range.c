
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_range.h"


static ngx_int_t ngx_live_chat_range_log_locked(
    ngx_live_chat_room_sh_t *room, ngx_live_chat_range_t *range,
    ngx_pool_t *pool);
static int64_t ngx_live_chat_range_when(ngx_live_chat_range_t *range,
    u_char *p, size_t len, int64_t *ts);
static ngx_int_t ngx_live_chat_range_text(ngx_live_chat_range_t *range,
    ngx_pool_t *pool);
static ngx_int_t ngx_libc_cdecl ngx_live_chat_range_cmp(const void *one,
    const void *two);


ngx_int_t
ngx_live_chat_range(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_chat_range_t *range, ngx_pool_t *pool)
{
    ngx_int_t                 rc;
    ngx_live_chat_room_sh_t  *room;

    if (ngx_array_init(&range->items, pool, 32,
                       sizeof(ngx_live_chat_range_item_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = NGX_OK;
    range->whole = 0;

    ngx_live_chat_lock(zone);

    room = ngx_live_chat_room_find_locked(zone, key);

    if (room) {
        rc = ngx_live_chat_range_log_locked(room, range, pool);
    }

    ngx_live_chat_unlock(zone);

    return (rc == NGX_OK) ? ngx_live_chat_range_text(range, pool) : rc;
}


/* copies what is within the range, of which most may be shown later only */

static ngx_int_t
ngx_live_chat_range_log_locked(ngx_live_chat_room_sh_t *room,
    ngx_live_chat_range_t *range, ngx_pool_t *pool)
{
    int64_t                      when, ts;
    ngx_queue_t                 *q;
    ngx_live_chat_entry_sh_t    *e;
    ngx_live_chat_range_item_t  *item;

    range->whole = (room->dropped == 0);

    for (q = ngx_queue_head(&room->log);
         q != ngx_queue_sentinel(&room->log);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        when = ngx_live_chat_range_when(range, e->text, e->len, &ts);

        /* the oldest: what was forgotten was said before it */

        if (q == ngx_queue_head(&room->log)
            && ((when != -1 && when <= range->from)
                || (range->media && ts < range->since)))
        {
            range->whole = 1;
        }

        if (e->hidden || when < range->from || when >= range->to) {
            continue;
        }

        item = ngx_array_push(&range->items);
        if (item == NULL) {
            return NGX_ERROR;
        }

        item->when = when;
        item->text.len = e->len;
        item->text.data = ngx_pnalloc(pool, e->len);

        if (item->text.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(item->text.data, e->text, e->len);
    }

    return NGX_OK;
}


/* -1: it is not on the range's time line */

static int64_t
ngx_live_chat_range_when(ngx_live_chat_range_t *range, u_char *p, size_t len,
    int64_t *ts)
{
    int64_t  time;

    ngx_live_chat_when_said(p, len, ts, &time);

    if (!range->media) {
        return *ts;
    }

    return (*ts < range->since) ? -1 : time;
}


static ngx_int_t
ngx_live_chat_range_text(ngx_live_chat_range_t *range, ngx_pool_t *pool)
{
    u_char                      *p;
    size_t                       size;
    ngx_uint_t                   i, n;
    ngx_live_chat_range_item_t  *items;

    items = range->items.elts;
    n = range->items.nelts;
    size = 0;

    /* what comes late, from a node that was cut off, may be out of order */

    ngx_sort(items, n, sizeof(ngx_live_chat_range_item_t),
             ngx_live_chat_range_cmp);

    range->next = -1;

    for (i = 0; i < n; i++) {
        if (i >= range->limit && items[i].when != items[i - 1].when) {
            range->next = items[i].when;
            break;
        }

        size += items[i].text.len + 1;
    }

    n = i;

    ngx_str_null(&range->text);

    if (n == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    range->text.data = p;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, items[i].text.data, items[i].text.len);
        *p++ = ',';
    }

    range->text.len = size - 1;

    return NGX_OK;
}


static ngx_int_t ngx_libc_cdecl
ngx_live_chat_range_cmp(const void *one, const void *two)
{
    const ngx_live_chat_range_item_t  *first, *second;

    first = one;
    second = two;

    return (first->when > second->when) ? 1 : 0;
}
