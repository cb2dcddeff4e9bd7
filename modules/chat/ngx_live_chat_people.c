
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_people.h"
#include "ngx_live_stream.h"


/* of one user in one worker that are counted */
#define NGX_LIVE_CHAT_CONNECTIONS  65535

#define NGX_LIVE_CHAT_JOINED  0
#define NGX_LIVE_CHAT_LEFT    1


static ngx_live_chat_person_sh_t *ngx_live_chat_person_create_locked(
    ngx_live_chat_zone_t *zone, ngx_live_chat_room_sh_t *room,
    ngx_live_chat_list_sh_t *list, ngx_live_chat_person_t *p);
static ngx_uint_t ngx_live_chat_person_here(ngx_live_chat_person_sh_t *person);
static void ngx_live_chat_people_sweep_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list, ngx_uint_t many);
static ngx_uint_t ngx_live_chat_person_news(ngx_live_chat_person_sh_t *person,
    ngx_uint_t what);
static u_char *ngx_live_chat_people_write(u_char *p,
    ngx_live_chat_list_sh_t *list, ngx_uint_t what);
static void ngx_live_chat_person_lost(ngx_live_chat_person_sh_t *person,
    ngx_uint_t slot);
static ngx_uint_t ngx_live_chat_list_here(ngx_live_chat_list_sh_t *list);
static void ngx_live_chat_list_lost(ngx_live_chat_list_sh_t *list,
    ngx_uint_t slot);
static void ngx_live_chat_list_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list);


ngx_int_t
ngx_live_chat_people_enter(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_person_t *p)
{
    ngx_live_chat_person_sh_t  *person;

    if (room->small == 0) {
        return NGX_DECLINED;
    }

    ngx_live_chat_lock(zone);

    /* where nobody is nobody is told who has left */

    ngx_live_chat_people_sweep_locked(zone, &room->people,
                                      !ngx_live_chat_list_here(&room->people));

    person = ngx_live_chat_person_enter_locked(zone, room, &room->people,
                                               room->small, p);

    ngx_live_chat_unlock(zone);

    return person ? NGX_OK : NGX_DECLINED;
}


void
ngx_live_chat_people_leave(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_person_t *p)
{
    ngx_live_chat_person_sh_t  *person;

    ngx_live_chat_lock(zone);

    person = ngx_live_chat_person_find(&room->people, p);

    if (person) {
        (void) ngx_live_chat_person_leave(person);
    }

    ngx_live_chat_unlock(zone);
}


ngx_live_chat_person_sh_t *
ngx_live_chat_person_enter_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_list_sh_t *list,
    ngx_uint_t max, ngx_live_chat_person_t *p)
{
    ngx_live_chat_person_sh_t  *person, *old;

    old = ngx_live_chat_person_find(list, p);
    person = old;

    if (old == NULL && list->n >= max) {
        return NULL;
    }

    if (old == NULL
        || old->json_len != p->json.len
        || ngx_memcmp(old->data + old->id_len, p->json.data, p->json.len) != 0)
    {
        person = ngx_live_chat_person_create_locked(zone, room, list, p);

        if (person == NULL) {
            return NULL;
        }
    }

    if (old && old != person) {

        /* of another name now */

        ngx_memcpy(person->n, old->n, sizeof(person->n));
        person->left = old->left;
        person->told = old->told;
        person->audio = old->audio;
        person->video = old->video;

        ngx_live_chat_person_free_locked(zone, list, old);
    }

    if (person->n[ngx_live_slot] < NGX_LIVE_CHAT_CONNECTIONS) {
        person->n[ngx_live_slot]++;
    }

    person->left = 0;

    return person;
}


static ngx_live_chat_person_sh_t *
ngx_live_chat_person_create_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_list_sh_t *list,
    ngx_live_chat_person_t *p)
{
    u_char                     *data;
    ngx_live_chat_person_sh_t  *person;

    person = ngx_live_chat_alloc_locked(zone, room,
                                  offsetof(ngx_live_chat_person_sh_t, data)
                                  + p->id.len + p->json.len);
    if (person == NULL) {
        return NULL;
    }

    person->hash = p->hash;
    person->id_len = p->id.len;
    person->json_len = p->json.len;

    data = ngx_cpymem(person->data, p->id.data, p->id.len);
    ngx_memcpy(data, p->json.data, p->json.len);

    ngx_queue_insert_tail(&list->queue, &person->queue);
    list->n++;

    return person;
}


ngx_live_chat_person_sh_t *
ngx_live_chat_person_find(ngx_live_chat_list_sh_t *list,
    ngx_live_chat_person_t *p)
{
    ngx_queue_t                *q;
    ngx_live_chat_person_sh_t  *person;

    for (q = ngx_queue_head(&list->queue);
         q != ngx_queue_sentinel(&list->queue);
         q = ngx_queue_next(q))
    {
        person = ngx_live_chat_person(q);

        if (person->hash == p->hash
            && person->id_len == p->id.len
            && ngx_memcmp(person->data, p->id.data, p->id.len) == 0)
        {
            return person;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_live_chat_person_leave(ngx_live_chat_person_sh_t *person)
{
    if (person->n[ngx_live_slot]) {
        person->n[ngx_live_slot]--;
    }

    if (ngx_live_chat_person_here(person)) {
        return 0;
    }

    person->left = ngx_live_clock();

    return 1;
}


static ngx_uint_t
ngx_live_chat_person_here(ngx_live_chat_person_sh_t *person)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        if (person->n[i]) {
            return 1;
        }
    }

    return 0;
}


void
ngx_live_chat_person_move(ngx_live_chat_list_sh_t *from,
    ngx_live_chat_list_sh_t *to, ngx_live_chat_person_sh_t *person)
{
    ngx_queue_remove(&person->queue);
    from->n--;

    ngx_queue_insert_tail(&to->queue, &person->queue);
    to->n++;
}


void
ngx_live_chat_person_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list, ngx_live_chat_person_sh_t *person)
{
    ngx_queue_remove(&person->queue);
    list->n--;

    ngx_slab_free_locked(zone->shpool, person);
}


static ngx_uint_t
ngx_live_chat_list_here(ngx_live_chat_list_sh_t *list)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&list->queue);
         q != ngx_queue_sentinel(&list->queue);
         q = ngx_queue_next(q))
    {
        if (ngx_live_chat_person(q)->left == 0) {
            return 1;
        }
    }

    return 0;
}


/* connections of workers that died, and those of whom nobody is told */

static void
ngx_live_chat_people_sweep_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list, ngx_uint_t many)
{
    int64_t                     now;
    ngx_queue_t                *q, *next;
    ngx_live_chat_person_sh_t  *person;

    now = ngx_live_clock();

    for (q = ngx_queue_head(&list->queue);
         q != ngx_queue_sentinel(&list->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        person = ngx_live_chat_person(q);

        ngx_live_chat_person_living(person);

        if (person->left == 0) {
            person->told |= many;
            continue;
        }

        if ((now - person->left >= NGX_LIVE_CHAT_GRACE
             && (many || !person->told))
            || now - person->left >= 2 * NGX_LIVE_CHAT_GRACE)
        {
            ngx_live_chat_person_free_locked(zone, list, person);
        }
    }
}


void
ngx_live_chat_people_news_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_uint_t many, ngx_str_t *text)
{
    u_char                     *p;
    size_t                      len;
    ngx_queue_t                *q, *next;
    ngx_live_chat_person_sh_t  *person;

    ngx_str_null(text);

    ngx_live_chat_people_sweep_locked(zone, &room->people, many);

    len = 0;

    for (q = ngx_queue_head(&room->people.queue);
         q != ngx_queue_sentinel(&room->people.queue);
         q = ngx_queue_next(q))
    {
        person = ngx_live_chat_person(q);

        if (ngx_live_chat_person_news(person, NGX_LIVE_CHAT_JOINED)
            || ngx_live_chat_person_news(person, NGX_LIVE_CHAT_LEFT))
        {
            len += person->json_len + 1;
        }
    }

    if (len == 0) {
        return;
    }

    p = ngx_alloc(len + sizeof(",\"joined\":[],\"left\":[]"), ngx_cycle->log);
    if (p == NULL) {
        return;
    }

    text->data = p;

    p = ngx_live_chat_people_write(p, &room->people, NGX_LIVE_CHAT_JOINED);
    p = ngx_live_chat_people_write(p, &room->people, NGX_LIVE_CHAT_LEFT);

    text->len = p - text->data;

    for (q = ngx_queue_head(&room->people.queue);
         q != ngx_queue_sentinel(&room->people.queue);
         q = next)
    {
        next = ngx_queue_next(q);
        person = ngx_live_chat_person(q);

        if (ngx_live_chat_person_news(person, NGX_LIVE_CHAT_LEFT)) {
            ngx_live_chat_person_free_locked(zone, &room->people, person);

        } else if (person->left == 0) {
            person->told = 1;
        }
    }
}


static ngx_uint_t
ngx_live_chat_person_news(ngx_live_chat_person_sh_t *person, ngx_uint_t what)
{
    if (what == NGX_LIVE_CHAT_JOINED) {
        return !person->told && person->left == 0;
    }

    return person->told && person->left
           && ngx_live_clock() - person->left >= NGX_LIVE_CHAT_GRACE;
}


static u_char *
ngx_live_chat_people_write(u_char *p, ngx_live_chat_list_sh_t *list,
    ngx_uint_t what)
{
    u_char                     *start;
    ngx_queue_t                *q;
    ngx_live_chat_person_sh_t  *person;

    start = p;

    for (q = ngx_queue_head(&list->queue);
         q != ngx_queue_sentinel(&list->queue);
         q = ngx_queue_next(q))
    {
        person = ngx_live_chat_person(q);

        if (!ngx_live_chat_person_news(person, what)) {
            continue;
        }

        if (p == start) {
            p = ngx_sprintf(p, ",\"%s\":[", what == NGX_LIVE_CHAT_JOINED
                                            ? "joined" : "left");
        } else {
            *p++ = ',';
        }

        p = ngx_cpymem(p, person->data + person->id_len, person->json_len);
    }

    if (p != start) {
        *p++ = ']';
    }

    return p;
}


void
ngx_live_chat_people_lost_locked(ngx_live_chat_room_sh_t *room,
    ngx_uint_t slot)
{
    ngx_live_chat_list_lost(&room->people, slot);
    ngx_live_chat_list_lost(&room->participants, slot);
}


static void
ngx_live_chat_list_lost(ngx_live_chat_list_sh_t *list, ngx_uint_t slot)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&list->queue);
         q != ngx_queue_sentinel(&list->queue);
         q = ngx_queue_next(q))
    {
        ngx_live_chat_person_lost(ngx_live_chat_person(q), slot);
    }
}


void
ngx_live_chat_person_living(ngx_live_chat_person_sh_t *person)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_LIVE_SLOTS; i++) {
        if (person->n[i] && !ngx_live_slot_alive(i)) {
            ngx_live_chat_person_lost(person, i);
        }
    }
}


static void
ngx_live_chat_person_lost(ngx_live_chat_person_sh_t *person, ngx_uint_t slot)
{
    if (person->n[slot] == 0) {
        return;
    }

    person->n[slot] = 0;

    if (!ngx_live_chat_person_here(person)) {
        person->left = ngx_live_clock();
    }
}


void
ngx_live_chat_people_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_live_chat_list_free_locked(zone, &room->people);
    ngx_live_chat_list_free_locked(zone, &room->participants);
}


static void
ngx_live_chat_list_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_list_sh_t *list)
{
    while (!ngx_queue_empty(&list->queue)) {
        ngx_live_chat_person_free_locked(zone, list,
                     ngx_live_chat_person(ngx_queue_head(&list->queue)));
    }
}


size_t
ngx_live_chat_user_json_size(ngx_str_t *id, ngx_str_t *name, ngx_str_t *role)
{
    return sizeof("{\"id\":\"\",\"name\":\"\",\"role\":\"\"}") - 1
           + id->len + ngx_escape_json(NULL, id->data, id->len)
           + name->len + ngx_escape_json(NULL, name->data, name->len)
           + role->len;
}


u_char *
ngx_live_chat_user_json_write(u_char *p, ngx_str_t *id, ngx_str_t *name,
    ngx_str_t *role)
{
    p = ngx_cpymem(p, "{\"id\":\"", sizeof("{\"id\":\"") - 1);
    p = (u_char *) ngx_escape_json(p, id->data, id->len);
    p = ngx_cpymem(p, "\",\"name\":\"", sizeof("\",\"name\":\"") - 1);
    p = (u_char *) ngx_escape_json(p, name->data, name->len);
    p = ngx_cpymem(p, "\",\"role\":\"", sizeof("\",\"role\":\"") - 1);
    p = ngx_cpymem(p, role->data, role->len);

    return ngx_cpymem(p, "\"}", sizeof("\"}") - 1);
}
