
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_mark.h"
#include "ngx_live_stream.h"


typedef struct {
    ngx_str_node_t             sn;         /* room, LF, id */
    ngx_queue_t                queue;
    size_t                     room;       /* bytes */
    ngx_live_chat_marks_t      marks;
} ngx_live_chat_mark_sh_t;


#define NGX_LIVE_CHAT_MARK_KEY                                                \
    (NGX_LIVE_CHAT_STATE_ROOM + 1 + NGX_LIVE_CHAT_STATE_USER)


static ngx_int_t ngx_live_chat_mark_key(u_char *buf, ngx_str_t *room,
    ngx_str_t *user, ngx_str_t *key);
static ngx_live_chat_mark_sh_t *ngx_live_chat_mark_find_locked(
    ngx_live_chat_zone_t *zone, ngx_str_t *key);
static ngx_uint_t ngx_live_chat_mark_of(ngx_live_chat_mark_sh_t *mark,
    ngx_str_t *room);
static ngx_uint_t ngx_live_chat_mark_holds(ngx_live_chat_marks_t *marks);
static void ngx_live_chat_mark_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_mark_sh_t *mark);
static void ngx_live_chat_mark_purge_locked(ngx_live_chat_zone_t *zone);


ngx_int_t
ngx_live_chat_mark_get_locked(ngx_live_chat_zone_t *zone, ngx_str_t *room,
    ngx_str_t *user, ngx_live_chat_marks_t *marks)
{
    u_char                    buf[NGX_LIVE_CHAT_MARK_KEY];
    ngx_str_t                 key;
    ngx_live_chat_mark_sh_t  *mark;

    /* the usual case */

    if (zone->sh->nmarks == 0
        || ngx_live_chat_mark_key(buf, room, user, &key) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    mark = ngx_live_chat_mark_find_locked(zone, &key);

    if (mark == NULL) {
        return NGX_DECLINED;
    }

    *marks = mark->marks;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_mark_key(u_char *buf, ngx_str_t *room, ngx_str_t *user,
    ngx_str_t *key)
{
    u_char  *p;

    if (room->len > NGX_LIVE_CHAT_STATE_ROOM
        || user->len > NGX_LIVE_CHAT_STATE_USER)
    {
        return NGX_ERROR;
    }

    p = ngx_cpymem(buf, room->data, room->len);
    *p++ = LF;
    p = ngx_cpymem(p, user->data, user->len);

    key->data = buf;
    key->len = p - buf;

    return NGX_OK;
}


static ngx_live_chat_mark_sh_t *
ngx_live_chat_mark_find_locked(ngx_live_chat_zone_t *zone, ngx_str_t *key)
{
    return (ngx_live_chat_mark_sh_t *)
               ngx_str_rbtree_lookup(&zone->sh->marks, key,
                                     ngx_crc32_long(key->data, key->len));
}


ngx_int_t
ngx_live_chat_mark_reserve_locked(ngx_live_chat_zone_t *zone,
    ngx_str_t *room, ngx_str_t *user)
{
    u_char                    buf[NGX_LIVE_CHAT_MARK_KEY];
    ngx_str_t                 key;
    ngx_live_chat_mark_sh_t  *mark;

    if (ngx_live_chat_mark_key(buf, room, user, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_live_chat_mark_find_locked(zone, &key)) {
        return NGX_OK;
    }

    if (zone->sh->nmarks >= NGX_LIVE_CHAT_MARKS) {
        ngx_live_chat_mark_purge_locked(zone);

        if (zone->sh->nmarks >= NGX_LIVE_CHAT_MARKS) {
            return NGX_ERROR;
        }
    }

    mark = ngx_slab_calloc_locked(zone->shpool,
                                  sizeof(ngx_live_chat_mark_sh_t) + key.len);
    if (mark == NULL) {
        return NGX_ERROR;
    }

    mark->sn.str.data = (u_char *) mark + sizeof(ngx_live_chat_mark_sh_t);
    mark->sn.str.len = key.len;
    ngx_memcpy(mark->sn.str.data, key.data, key.len);
    mark->sn.node.key = ngx_crc32_long(key.data, key.len);
    mark->room = room->len;

    ngx_rbtree_insert(&zone->sh->marks, &mark->sn.node);
    ngx_queue_insert_tail(&zone->sh->marked, &mark->queue);
    zone->sh->nmarks++;

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_mark_set_locked(ngx_live_chat_zone_t *zone, ngx_str_t *room,
    ngx_str_t *user, ngx_live_chat_marks_t *marks)
{
    u_char                    buf[NGX_LIVE_CHAT_MARK_KEY];
    ngx_str_t                 key;
    ngx_live_chat_mark_sh_t  *mark;

    if (ngx_live_chat_mark_key(buf, room, user, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    mark = ngx_live_chat_mark_find_locked(zone, &key);

    if (mark == NULL && !ngx_live_chat_mark_holds(marks)) {
        return NGX_OK;
    }

    if (mark == NULL) {

        if (ngx_live_chat_mark_reserve_locked(zone, room, user) != NGX_OK) {
            return NGX_ERROR;
        }

        mark = ngx_live_chat_mark_find_locked(zone, &key);
    }

    mark->marks = *marks;

    if (!ngx_live_chat_mark_holds(marks)) {
        ngx_live_chat_mark_free_locked(zone, mark);
    }

    zone->sh->marks_version++;
    zone->sh->marks_changed = ngx_live_clock();

    return NGX_OK;
}


static ngx_uint_t
ngx_live_chat_mark_of(ngx_live_chat_mark_sh_t *mark, ngx_str_t *room)
{
    return mark->room == room->len
           && ngx_memcmp(mark->sn.str.data, room->data, room->len) == 0;
}


void
ngx_live_chat_mark_clear_locked(ngx_live_chat_zone_t *zone, ngx_str_t *room)
{
    ngx_queue_t              *q, *next;
    ngx_live_chat_mark_sh_t  *mark;

    for (q = ngx_queue_head(&zone->sh->marked);
         q != ngx_queue_sentinel(&zone->sh->marked);
         q = next)
    {
        next = ngx_queue_next(q);
        mark = ngx_queue_data(q, ngx_live_chat_mark_sh_t, queue);

        if (ngx_live_chat_mark_of(mark, room)) {
            ngx_live_chat_mark_free_locked(zone, mark);

            zone->sh->marks_version++;
            zone->sh->marks_changed = ngx_live_clock();
        }
    }
}


ngx_int_t
ngx_live_chat_mark_list_locked(ngx_live_chat_zone_t *zone, ngx_str_t *room,
    ngx_uint_t n, ngx_str_t *user, ngx_live_chat_marks_t *marks)
{
    ngx_queue_t              *q;
    ngx_live_chat_mark_sh_t  *mark;

    for (q = ngx_queue_head(&zone->sh->marked);
         q != ngx_queue_sentinel(&zone->sh->marked);
         q = ngx_queue_next(q))
    {
        mark = ngx_queue_data(q, ngx_live_chat_mark_sh_t, queue);

        if (!ngx_live_chat_mark_of(mark, room)
            || !ngx_live_chat_mark_holds(&mark->marks)
            || n--)
        {
            continue;
        }

        user->data = mark->sn.str.data + mark->room + 1;
        user->len = mark->sn.str.len - mark->room - 1;
        *marks = mark->marks;

        return NGX_OK;
    }

    return NGX_DONE;
}


static ngx_uint_t
ngx_live_chat_mark_holds(ngx_live_chat_marks_t *marks)
{
    int64_t  now;

    now = ngx_live_now();

    return marks->banned > now || marks->muted > now || marks->shadow > now;
}


static void
ngx_live_chat_mark_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_mark_sh_t *mark)
{
    ngx_queue_remove(&mark->queue);
    ngx_rbtree_delete(&zone->sh->marks, &mark->sn.node);
    zone->sh->nmarks--;

    ngx_slab_free_locked(zone->shpool, mark);
}


/* those of which none holds any more */

static void
ngx_live_chat_mark_purge_locked(ngx_live_chat_zone_t *zone)
{
    ngx_queue_t              *q, *next;
    ngx_live_chat_mark_sh_t  *mark;

    for (q = ngx_queue_head(&zone->sh->marked);
         q != ngx_queue_sentinel(&zone->sh->marked);
         q = next)
    {
        next = ngx_queue_next(q);
        mark = ngx_queue_data(q, ngx_live_chat_mark_sh_t, queue);

        if (!ngx_live_chat_mark_holds(&mark->marks)) {
            ngx_live_chat_mark_free_locked(zone, mark);
        }
    }
}


ngx_int_t
ngx_live_chat_mark_write_locked(ngx_live_chat_zone_t *zone, ngx_str_t *text)
{
    u_char                   *p;
    size_t                    size;
    ngx_str_t                 room, user;
    ngx_queue_t              *q;
    ngx_live_chat_mark_sh_t  *mark;

    ngx_live_chat_mark_purge_locked(zone);

    size = NGX_LIVE_CHAT_STATE_SIZE;

    for (q = ngx_queue_head(&zone->sh->marked);
         q != ngx_queue_sentinel(&zone->sh->marked);
         q = ngx_queue_next(q))
    {
        mark = ngx_queue_data(q, ngx_live_chat_mark_sh_t, queue);
        size += ngx_live_chat_state_size(mark->sn.str.len, 0);
    }

    text->data = ngx_alloc(size, ngx_cycle->log);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_live_chat_state_write_start(text->data, zone->sh->secret);

    for (q = ngx_queue_head(&zone->sh->marked);
         q != ngx_queue_sentinel(&zone->sh->marked);
         q = ngx_queue_next(q))
    {
        mark = ngx_queue_data(q, ngx_live_chat_mark_sh_t, queue);

        room.data = mark->sn.str.data;
        room.len = mark->room;
        user.data = room.data + room.len + 1;
        user.len = mark->sn.str.len - room.len - 1;

        p = ngx_live_chat_state_write(p, &room, &user, &mark->marks);
    }

    p = ngx_live_chat_state_write_end(p);

    text->len = p - text->data;

    return NGX_OK;
}
