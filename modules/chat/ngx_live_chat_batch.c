
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_batch.h"
#include "ngx_live_chat_deflate.h"
#include "ngx_live_websocket.h"


#define NGX_LIVE_CHAT_EVENT_ID    "id: "
#define NGX_LIVE_CHAT_EVENT_DATA  "data: "

/* speed counts for more than the last bytes of short texts */
#define NGX_LIVE_CHAT_DEFLATE_LEVEL  1


static ngx_queue_t *ngx_live_chat_newer(ngx_queue_t *entries,
    uint64_t serial);
static ngx_live_chat_entry_sh_t *ngx_live_chat_merge(ngx_queue_t **log,
    ngx_queue_t *log_end, ngx_queue_t **passing, ngx_queue_t *passing_end);
static ngx_int_t ngx_live_chat_batch_make(ngx_live_chat_batch_t *batch,
    ngx_uint_t format, ngx_uint_t behind, ngx_str_t *text);
static size_t ngx_live_chat_item_size(ngx_live_chat_item_t *item,
    ngx_uint_t format);
static u_char *ngx_live_chat_item_write(u_char *p, u_char *end,
    ngx_live_chat_item_t *item, ngx_uint_t format);
static u_char *ngx_live_chat_item_deflate(u_char *p, u_char *end,
    ngx_live_chat_item_t *item);
static u_char *ngx_live_chat_item_event(u_char *p,
    ngx_live_chat_item_t *item);


ngx_live_chat_batch_t *
ngx_live_chat_batch_create_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, uint64_t serial)
{
    u_char                    *p;
    size_t                     size;
    ngx_uint_t                 n;
    ngx_queue_t               *log, *passing, *l, *s;
    ngx_live_chat_item_t      *item;
    ngx_live_chat_batch_t     *batch;
    ngx_live_chat_entry_sh_t  *e;

    log = ngx_live_chat_newer(&room->log, serial);
    passing = ngx_live_chat_newer(&room->passing, serial);

    n = 0;
    size = 0;
    l = log;
    s = passing;

    while ((e = ngx_live_chat_merge(&l, &room->log, &s, &room->passing))) {
        size += e->len;
        n++;
    }

    if (n == 0) {
        return NULL;
    }

    batch = ngx_calloc(sizeof(ngx_live_chat_batch_t)
                       + n * sizeof(ngx_live_chat_item_t) + size,
                       ngx_cycle->log);
    if (batch == NULL) {
        return NULL;
    }

    batch->n = n;
    batch->items = (ngx_live_chat_item_t *) &batch[1];

    item = batch->items;
    p = (u_char *) &item[n];

    while ((e = ngx_live_chat_merge(&log, &room->log, &passing,
                                    &room->passing)))
    {
        item->text.data = p;
        item->text.len = e->hidden ? 0 : e->len;
        item->cursor = e->cursor;
        item->passing = e->passing;

        p = ngx_cpymem(p, e->text, item->text.len);
        item++;

        batch->serial = e->serial;

        if (!e->passing) {
            batch->told = e->serial;
            batch->cursor = e->cursor;
        }
    }

    if (ngx_live_chat_batch_text(batch, NGX_LIVE_CHAT_WEBSOCKET, 0) == NULL)
    {
        ngx_live_chat_batch_free(batch);
        return NULL;
    }

    return batch;
}


/* the first entry with a greater serial number: there are few */

static ngx_queue_t *
ngx_live_chat_newer(ngx_queue_t *entries, uint64_t serial)
{
    ngx_queue_t               *q;
    ngx_live_chat_entry_sh_t  *e;

    for (q = ngx_queue_last(entries);
         q != ngx_queue_sentinel(entries);
         q = ngx_queue_prev(q))
    {
        e = ngx_queue_data(q, ngx_live_chat_entry_sh_t, queue);

        if (e->serial <= serial) {
            break;
        }
    }

    return ngx_queue_next(q);
}


/* the next entry of both queues, in the order of their serial numbers */

static ngx_live_chat_entry_sh_t *
ngx_live_chat_merge(ngx_queue_t **log, ngx_queue_t *log_end,
    ngx_queue_t **passing, ngx_queue_t *passing_end)
{
    ngx_live_chat_entry_sh_t  *a, *b;

    a = (*log == log_end) ? NULL
        : ngx_queue_data(*log, ngx_live_chat_entry_sh_t, queue);
    b = (*passing == passing_end) ? NULL
        : ngx_queue_data(*passing, ngx_live_chat_entry_sh_t, queue);

    if (a && (b == NULL || a->serial < b->serial)) {
        *log = ngx_queue_next(*log);
        return a;
    }

    if (b) {
        *passing = ngx_queue_next(*passing);
    }

    return b;
}


void
ngx_live_chat_batch_free(ngx_live_chat_batch_t *batch)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_CHAT_FORMATS; i++) {

        if (batch->texts[i][1].data
            && batch->texts[i][1].data != batch->texts[i][0].data)
        {
            ngx_free(batch->texts[i][1].data);
        }

        if (batch->texts[i][0].data) {
            ngx_free(batch->texts[i][0].data);
        }
    }

    ngx_free(batch);
}


ngx_str_t *
ngx_live_chat_batch_text(ngx_live_chat_batch_t *batch, ngx_uint_t format,
    ngx_uint_t behind)
{
    ngx_str_t  *text;

    text = &batch->texts[format][behind];

    if (text->data == NULL
        && ngx_live_chat_batch_make(batch, format, behind, text) != NGX_OK)
    {
        return NULL;
    }

    return text;
}


static ngx_int_t
ngx_live_chat_batch_make(ngx_live_chat_batch_t *batch, ngx_uint_t format,
    ngx_uint_t behind, ngx_str_t *text)
{
    u_char      *p, *end;
    size_t       size;
    ngx_uint_t   i;

    size = 0;

    for (i = 0; i < batch->n; i++) {
        size += ngx_live_chat_item_size(&batch->items[i], format);
    }

    p = ngx_alloc(size + 1, ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    end = p + size;

    for (i = 0; i < batch->n; i++) {

        if (batch->items[i].text.len == 0
            || (behind && batch->items[i].passing))
        {
            continue;
        }

        p = ngx_live_chat_item_write(p, end, &batch->items[i], format);
    }

    text->len = p - text->data;

    return NGX_OK;
}


/* at most */

static size_t
ngx_live_chat_item_size(ngx_live_chat_item_t *item, ngx_uint_t format)
{
    if (format == NGX_LIVE_CHAT_EVENTS) {
        return sizeof(NGX_LIVE_CHAT_EVENT_ID) - 1
               + NGX_LIVE_CHAT_CURSOR_LEN + 1
               + sizeof(NGX_LIVE_CHAT_EVENT_DATA) - 1 + item->text.len + 2;
    }

    return NGX_LIVE_WEBSOCKET_HEADER_MAX + item->text.len;
}


static u_char *
ngx_live_chat_item_write(u_char *p, u_char *end, ngx_live_chat_item_t *item,
    ngx_uint_t format)
{
    if (format == NGX_LIVE_CHAT_EVENTS) {
        return ngx_live_chat_item_event(p, item);
    }

    if (format == NGX_LIVE_CHAT_DEFLATE) {
        return ngx_live_chat_item_deflate(p, end, item);
    }

    p = ngx_live_websocket_write_header(p, end, NGX_LIVE_WEBSOCKET_TEXT,
                                        item->text.len);

    return ngx_cpymem(p, item->text.data, item->text.len);
}


/*
 * Behind the longest header that it may have, and then moved.  What is not
 * worth it, or finds no memory, is sent as it is.
 */

static u_char *
ngx_live_chat_item_deflate(u_char *p, u_char *end,
    ngx_live_chat_item_t *item)
{
    size_t                          n;
    u_char                         *data;
    ngx_uint_t                      opcode;
    static ngx_live_chat_deflate_t  df;

    if (!df.deflating) {
        ngx_live_chat_deflate_init(&df, NGX_LIVE_CHAT_DEFLATE_LEVEL);
    }

    data = p + NGX_LIVE_WEBSOCKET_HEADER_MAX;
    opcode = NGX_LIVE_WEBSOCKET_TEXT | NGX_LIVE_WEBSOCKET_RSV1;

    if (ngx_live_chat_deflate(&df, item->text.data, item->text.len, data,
                              end - data, &n)
        != NGX_OK)
    {
        data = item->text.data;
        n = item->text.len;
        opcode = NGX_LIVE_WEBSOCKET_TEXT;
    }

    p = ngx_live_websocket_write_header(p, end, opcode, n);

    return ngx_movemem(p, data, n);
}


/* what passes has no id: after it nothing is asked for again */

static u_char *
ngx_live_chat_item_event(u_char *p, ngx_live_chat_item_t *item)
{
    if (!item->passing) {
        p = ngx_cpymem(p, NGX_LIVE_CHAT_EVENT_ID,
                       sizeof(NGX_LIVE_CHAT_EVENT_ID) - 1);
        p = ngx_live_chat_cursor_write(p, &item->cursor);
        *p++ = LF;
    }

    p = ngx_cpymem(p, NGX_LIVE_CHAT_EVENT_DATA,
                   sizeof(NGX_LIVE_CHAT_EVENT_DATA) - 1);
    p = ngx_cpymem(p, item->text.data, item->text.len);

    *p++ = LF;
    *p++ = LF;

    return p;
}
