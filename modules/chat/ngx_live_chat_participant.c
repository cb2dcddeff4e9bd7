
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_people.h"
#include "ngx_live_participant.h"


/*
 * Those who take part by WebRTC, as the module that has their media says it:
 * the room tells it, and remembers who is there, for those who come later.
 */

#define NGX_LIVE_CHAT_PARTICIPANT_NAME  32   /* code points */


static void ngx_live_chat_participant(ngx_live_participant_t *part);
static ngx_int_t ngx_live_chat_participant_user(
    ngx_live_participant_t *part, ngx_live_chat_person_t *p);
static ngx_live_chat_room_sh_t *ngx_live_chat_participant_enter(
    ngx_live_chat_zone_t *zone, ngx_str_t *key, ngx_live_participant_t *part,
    ngx_live_chat_person_t *p, const char **type);
static ngx_live_chat_room_sh_t *ngx_live_chat_participant_leave(
    ngx_live_chat_zone_t *zone, ngx_str_t *key, ngx_live_chat_person_t *p,
    const char **type);
static ngx_uint_t ngx_live_chat_participant_set(
    ngx_live_chat_person_sh_t *person, ngx_int_t audio, ngx_int_t video);
static void ngx_live_chat_participant_tell(ngx_live_chat_zone_t *zone,
    ngx_str_t *key, const char *type, ngx_str_t *user, ngx_uint_t audio,
    ngx_uint_t video);


void
ngx_live_chat_participant_init(void)
{
    ngx_live_participant_handler = ngx_live_chat_participant;
}


static void
ngx_live_chat_participant(ngx_live_participant_t *part)
{
    ngx_str_t                 key;
    const char               *type;
    ngx_live_chat_zone_t     *zone;
    ngx_live_chat_person_t    p;
    ngx_live_chat_room_sh_t  *room;

    zone = ngx_live_chat_zone();

    if (zone == NULL || part->id.len == 0
        || part->id.len > NGX_LIVE_CHAT_STATE_USER)
    {
        return;
    }

    key.len = part->app.len + 1 + part->name.len;
    key.data = ngx_alloc(key.len, ngx_cycle->log);

    if (key.data == NULL) {
        return;
    }

    (void) ngx_sprintf(key.data, "%V/%V", &part->app, &part->name);

    if (ngx_live_chat_participant_user(part, &p) == NGX_OK) {
        type = NULL;

        if (part->what == NGX_LIVE_PARTICIPANT_LEFT) {
            room = ngx_live_chat_participant_leave(zone, &key, &p, &type);

        } else {
            room = ngx_live_chat_participant_enter(zone, &key, part, &p,
                                                   &type);
        }

        if (room && type) {
            ngx_live_chat_participant_tell(zone, &key, type, &p.json, p.audio,
                                           p.video);
        }

        ngx_free(p.json.data);
    }

    ngx_free(key.data);
}


static ngx_int_t
ngx_live_chat_participant_user(ngx_live_participant_t *part,
    ngx_live_chat_person_t *p)
{
    size_t      size;
    ngx_str_t   name;

    name = part->user;

    if (name.len == 0 || name.len > 4 * NGX_LIVE_CHAT_PARTICIPANT_NAME) {
        name = part->id;
    }

    size = ngx_live_chat_user_json_size(&part->id, &name, &part->role);

    p->json.data = ngx_alloc(size, ngx_cycle->log);
    if (p->json.data == NULL) {
        return NGX_ERROR;
    }

    p->json.len = ngx_live_chat_user_json_write(p->json.data, &part->id, &name,
                                                &part->role)
                  - p->json.data;
    p->id = part->id;
    p->hash = ngx_crc32_long(p->id.data, p->id.len);
    p->audio = 0;
    p->video = 0;

    return NGX_OK;
}


/* a room is made for him: who comes later has to be told that he is there */

static ngx_live_chat_room_sh_t *
ngx_live_chat_participant_enter(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_participant_t *part, ngx_live_chat_person_t *p,
    const char **type)
{
    ngx_uint_t                  changed;
    ngx_live_chat_room_sh_t    *room;
    ngx_live_chat_person_sh_t  *person;

    ngx_live_chat_lock(zone);

    person = NULL;
    room = ngx_live_chat_room_get_locked(zone, key);

    if (room) {
        person = ngx_live_chat_person_find(&room->participants, p);

        if (part->what == NGX_LIVE_PARTICIPANT_JOINED) {
            *type = person ? NULL : "joined";
            person = ngx_live_chat_person_enter_locked(zone, room,
                             &room->participants, NGX_LIVE_CHAT_PARTICIPANTS,
                             p);
        }
    }

    if (person == NULL) {
        ngx_live_chat_unlock(zone);
        *type = NULL;
        return NULL;
    }

    changed = ngx_live_chat_participant_set(person, part->audio, part->video);

    p->audio = person->audio;
    p->video = person->video;

    ngx_live_chat_unlock(zone);

    if (*type == NULL && changed) {
        *type = "status";
    }

    return room;
}


/* non-zero: it was otherwise */

static ngx_uint_t
ngx_live_chat_participant_set(ngx_live_chat_person_sh_t *person,
    ngx_int_t audio, ngx_int_t video)
{
    ngx_uint_t  changed;

    audio = (audio == -1) ? person->audio : (audio != 0);
    video = (video == -1) ? person->video : (video != 0);

    changed = ((ngx_uint_t) audio != person->audio
               || (ngx_uint_t) video != person->video);

    person->audio = audio;
    person->video = video;

    return changed;
}


static ngx_live_chat_room_sh_t *
ngx_live_chat_participant_leave(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_chat_person_t *p, const char **type)
{
    ngx_live_chat_room_sh_t    *room;
    ngx_live_chat_person_sh_t  *person;

    ngx_live_chat_lock(zone);

    room = ngx_live_chat_room_find_locked(zone, key);
    person = room ? ngx_live_chat_person_find(&room->participants, p) : NULL;

    if (person) {
        p->audio = person->audio;
        p->video = person->video;

        if (ngx_live_chat_person_leave(person)) {
            *type = "left";
            ngx_live_chat_person_free_locked(zone, &room->participants,
                                             person);
        }
    }

    ngx_live_chat_unlock(zone);

    return room;
}


static void
ngx_live_chat_participant_tell(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    const char *type, ngx_str_t *user, ngx_uint_t audio, ngx_uint_t video)
{
    u_char                head[32], *p;
    ngx_live_chat_say_t   say;

    p = ngx_alloc(user->len + sizeof(",\"user\":,\"audio\":false,"
                                     "\"video\":false}"),
                  ngx_cycle->log);
    if (p == NULL) {
        return;
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    say.head.data = head;
    say.head.len = ngx_sprintf(head, "{\"type\":\"%s\",", type) - head;

    say.tail.data = p;

    if (ngx_strcmp(type, "left") == 0) {
        p = ngx_sprintf(p, ",\"user\":%V}", user);

    } else {
        p = ngx_sprintf(p, ",\"user\":%V,\"audio\":%s,\"video\":%s}", user,
                        audio ? "true" : "false", video ? "true" : "false");
    }

    say.tail.len = p - say.tail.data;
    say.passing = 1;

    ngx_live_chat_say_to(zone, key, &say);

    ngx_free(say.tail.data);
}


ngx_int_t
ngx_live_chat_participant_status(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_person_t *p, ngx_int_t audio,
    ngx_int_t video)
{
    ngx_live_chat_person_sh_t  *person;

    ngx_live_chat_lock(zone);

    if (room->participants.n == 0) {
        ngx_live_chat_unlock(zone);
        return NGX_DECLINED;
    }

    person = ngx_live_chat_person_find(&room->participants, p);

    if (person) {
        (void) ngx_live_chat_participant_set(person, audio, video);

        p->audio = person->audio;
        p->video = person->video;
    }

    ngx_live_chat_unlock(zone);

    return person ? NGX_OK : NGX_ABORT;
}


ngx_uint_t
ngx_live_chat_people_take_part(ngx_live_chat_room_sh_t *room)
{
    ngx_queue_t                *q;
    ngx_live_chat_person_sh_t  *person;

    for (q = ngx_queue_head(&room->participants.queue);
         q != ngx_queue_sentinel(&room->participants.queue);
         q = ngx_queue_next(q))
    {
        person = ngx_live_chat_person(q);

        ngx_live_chat_person_living(person);

        if (person->left == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_live_chat_participants_tick(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room)
{
    ngx_str_t                   user, key;
    ngx_queue_t                *q, *next;
    ngx_live_chat_list_sh_t     gone;
    ngx_live_chat_person_sh_t  *person;

    if (room->participants.n == 0) {
        return;
    }

    ngx_queue_init(&gone.queue);
    gone.n = 0;

    ngx_live_chat_lock(zone);

    for (q = ngx_queue_head(&room->participants.queue);
         q != ngx_queue_sentinel(&room->participants.queue);
         q = next)
    {
        next = ngx_queue_next(q);
        person = ngx_live_chat_person(q);

        ngx_live_chat_person_living(person);

        if (person->left) {
            ngx_live_chat_person_move(&room->participants, &gone, person);
        }
    }

    ngx_live_chat_unlock(zone);

    while (!ngx_queue_empty(&gone.queue)) {
        person = ngx_live_chat_person(ngx_queue_head(&gone.queue));

        key = room->sn.str;
        user.data = person->data + person->id_len;
        user.len = person->json_len;

        ngx_live_chat_participant_tell(zone, &key, "left", &user, 0, 0);

        ngx_live_chat_lock(zone);

        ngx_live_chat_person_free_locked(zone, &gone, person);

        ngx_live_chat_unlock(zone);
    }
}


ngx_int_t
ngx_live_chat_participants_json(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_pool_t *pool, ngx_str_t *json)
{
    u_char                     *p;
    size_t                      size;
    ngx_queue_t                *q;
    ngx_live_chat_person_sh_t  *person;

    ngx_str_null(json);

    if (room->participants.n == 0) {
        return NGX_OK;
    }

    size = sizeof(",\"participants\":[]");

    ngx_live_chat_lock(zone);

    for (q = ngx_queue_head(&room->participants.queue);
         q != ngx_queue_sentinel(&room->participants.queue);
         q = ngx_queue_next(q))
    {
        size += ngx_live_chat_person(q)->json_len
                + sizeof("{\"user\":,\"audio\":false,\"video\":false},");
    }

    p = ngx_pnalloc(pool, size);

    if (p == NULL) {
        ngx_live_chat_unlock(zone);
        return NGX_ERROR;
    }

    json->data = p;

    p = ngx_sprintf(p, ",\"participants\":[");

    for (q = ngx_queue_head(&room->participants.queue);
         q != ngx_queue_sentinel(&room->participants.queue);
         q = ngx_queue_next(q))
    {
        person = ngx_live_chat_person(q);

        p = ngx_sprintf(p, "{\"user\":%*s,\"audio\":%s,\"video\":%s},",
                        (size_t) person->json_len,
                        person->data + person->id_len,
                        person->audio ? "true" : "false",
                        person->video ? "true" : "false");
    }

    ngx_live_chat_unlock(zone);

    if (p[-1] == ',') {
        p--;
    }

    *p++ = ']';

    json->len = p - json->data;

    return NGX_OK;
}
