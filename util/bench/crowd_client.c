
/*
 * Copyright (C) nginx-live authors
 */


/* What clients of chatcrowd are told. */


#include "ngx_live_crowd.h"
#include <stdlib.h>
#include <string.h>


static void chatcrowd_welcome(chatcrowd_t *cc, client_t *c,
    bench_json_t *json);
static void chatcrowd_room(chatcrowd_t *cc, client_t *c, bench_json_t *room);
static void chatcrowd_scope(client_t *c, bench_json_t *scope);
static void chatcrowd_answer(chatcrowd_t *cc, client_t *c, bench_json_t *json,
    int good);
static void chatcrowd_entry(chatcrowd_t *cc, client_t *c, bench_json_t *json,
    int live);
static void chatcrowd_told(chatcrowd_t *cc, client_t *c, crowd_entry_t *e,
    int live);
static void chatcrowd_latency(chatcrowd_t *cc, client_t *c, crowd_entry_t *e);
static void chatcrowd_cheat(chatcrowd_t *cc, client_t *c, crowd_entry_t *e,
    int live);
static void chatcrowd_cursor(client_t *c, bench_json_t *cursor);
static void chatcrowd_get(bench_json_t *json, const char *name,
    bench_json_t *value);
static void chatcrowd_sample(chatcrowd_t *cc, bench_json_t *json);


int
chatcrowd_message(chatcrowd_t *cc, client_t *c, bench_json_t *json)
{
    bench_json_t  type, scope, inner;

    if (bench_json_enter(json, &inner, '{') == -1) {
        return -1;
    }

    chatcrowd_sample(cc, json);
    chatcrowd_get(json, "type", &type);

    if (bench_json_is(&type, "message")) {
        chatcrowd_entry(cc, c, json, 1);

    } else if (bench_json_is(&type, "welcome")) {
        chatcrowd_welcome(cc, c, json);

    } else if (bench_json_is(&type, "ack")) {
        chatcrowd_answer(cc, c, json, 1);

    } else if (bench_json_is(&type, "error")) {
        chatcrowd_answer(cc, c, json, 0);

    } else if (bench_json_is(&type, "state")) {
        chatcrowd_get(json, "scope", &scope);
        chatcrowd_scope(c, &scope);
    }

    return type.p ? 0 : -1;
}


static void
chatcrowd_welcome(chatcrowd_t *cc, client_t *c, bench_json_t *json)
{
    bench_json_t  value, inner, entry;

    chatcrowd_get(json, "resumed", &value);

    if (c->cursor[0]) {
        if (bench_json_is(&value, "true")) {
            cc->resumed++;

        } else {
            crowd_fault(crowd_anew, "client %d with %s by node %d",
                        c->reader.number, c->cursor, c->node);
        }
    }

    chatcrowd_get(json, "messages", &value);

    if (value.p && bench_json_enter(&value, &inner, '[') == 0) {
        while (bench_json_element(&inner, &entry) == 1) {
            chatcrowd_entry(cc, c, &entry, 0);
        }
    }

    chatcrowd_get(json, "cursor", &value);
    chatcrowd_cursor(c, &value);

    chatcrowd_get(json, "room", &value);
    chatcrowd_room(cc, c, &value);

    bench_stat_add(&cc->joins, (double) (cc->now - c->when) / BENCH_MS);
    c->state = client_joined;
}


static void
chatcrowd_room(chatcrowd_t *cc, client_t *c, bench_json_t *room)
{
    bench_json_t  scope;

    if (room->p) {
        chatcrowd_get(room, "scope", &scope);
        chatcrowd_scope(c, &scope);
    }
}


static void
chatcrowd_scope(client_t *c, bench_json_t *scope)
{
    if (scope->p) {
        c->scope = bench_json_is(scope, "node") ? scope_node : scope_cluster;
    }
}


static void
chatcrowd_answer(chatcrowd_t *cc, client_t *c, bench_json_t *json, int good)
{
    int               number;
    bench_json_t      ref, id;
    crowd_message_t  *m;

    chatcrowd_get(json, "ref", &ref);
    number = ref.p ? atoi(ref.p) : -1;
    m = NULL;

    if (number >= 0 && number < c->reader.room->n) {
        m = &c->reader.room->messages[number];
    }

    if (!good) {
        crowd_fault(crowd_error, "client %d by node %d: %.*s",
                    c->reader.number, c->node, (int) (json->end - json->p),
                    json->p);
        if (m) {
            m->state = crowd_refused;
        }

        return;
    }

    chatcrowd_get(json, "id", &id);

    if (m == NULL || m->speaker != c->reader.number || m->state != crowd_said
        || id.p == NULL || crowd_id_parse(&id, &m->ack) == -1)
    {
        crowd_fault(crowd_strange, "client %d by node %d: %.*s",
                    c->reader.number, c->node, (int) (json->end - json->p),
                    json->p);
        return;
    }

    m->state = crowd_acked;
    cc->acked++;
}


/* of other types only the cursor matters */

static void
chatcrowd_entry(chatcrowd_t *cc, client_t *c, bench_json_t *json, int live)
{
    size_t         len;
    bench_json_t   value, cursor;
    crowd_entry_t  e;

    chatcrowd_get(json, "cursor", &cursor);
    chatcrowd_cursor(c, &cursor);

    chatcrowd_get(json, "text", &value);
    len = sizeof(CHATCROWD_TEXT) - 1;

    if (value.p == NULL || (size_t) (value.end - value.p) <= len
        || memcmp(value.p, CHATCROWD_TEXT, len) != 0)
    {
        return;
    }

    e.node = c->node;
    e.number = atoi(value.p + len);
    e.cursor = c->cursor;

    chatcrowd_get(json, "id", &value);

    if (cursor.p == NULL || value.p == NULL
        || crowd_id_parse(&value, &e.id) == -1)
    {
        crowd_fault(crowd_broken, "client %d: %.*s", c->reader.number,
                    (int) (json->end - json->p), json->p);
        return;
    }

    chatcrowd_get(json, "origin", &value);
    e.has_origin = value.p && crowd_id_parse(&value, &e.origin) == 0;

    if (cc->cheat[0]) {
        chatcrowd_cheat(cc, c, &e, live);
        return;
    }

    chatcrowd_told(cc, c, &e, live);
}


static void
chatcrowd_told(chatcrowd_t *cc, client_t *c, crowd_entry_t *e, int live)
{
    if (!crowd_read(&c->reader, e)) {
        cc->dropped++;
        return;
    }

    cc->shown++;

    if (live) {
        chatcrowd_latency(cc, c, e);
    }
}


static void
chatcrowd_latency(chatcrowd_t *cc, client_t *c, crowd_entry_t *e)
{
    double            ms;
    crowd_message_t  *m;

    m = &c->reader.room->messages[e->number];
    ms = (double) (cc->now - m->at) / BENCH_MS;

    if (m->node == c->node) {
        bench_stat_add(&cc->same, ms);
        return;
    }

    bench_stat_add(&cc->across, ms);

    if (!cc->stormy) {
        bench_stat_add(&cc->calm, ms);
    }
}


/* what is found has to be found: some clients are not as they should be */

static void
chatcrowd_cheat(chatcrowd_t *cc, client_t *c, crowd_entry_t *e, int live)
{
    static char           cursor[256];
    static crowd_entry_t  held;

    switch (c->reader.number) {

    case 0:
        if (e->number == 3 && chatcrowd_cheats(cc, "lost")) {
            return;
        }

        break;

    case 1:
        if (e->number == 5 && chatcrowd_cheats(cc, "order")) {
            held = *e;
            held.cursor = strcpy(cursor, e->cursor);
            return;
        }

        if (held.cursor) {
            chatcrowd_told(cc, c, e, live);
            *e = held;
            held.cursor = NULL;
        }

        break;

    case 2:
        if (e->number == 4 && chatcrowd_cheats(cc, "twice")) {
            chatcrowd_told(cc, c, e, live);
            e->id.seq += 1000000;
            e->origin.seq += 1000000;
        }

        break;

    default:
        break;
    }

    chatcrowd_told(cc, c, e, live);
}


int
chatcrowd_cheats(chatcrowd_t *cc, const char *how)
{
    return strstr(cc->cheat, how) != NULL;
}


static void
chatcrowd_cursor(client_t *c, bench_json_t *cursor)
{
    if (cursor->p && (size_t) (cursor->end - cursor->p) < sizeof(c->cursor)) {
        memcpy(c->cursor, cursor->p, cursor->end - cursor->p);
        c->cursor[cursor->end - cursor->p] = '\0';
    }
}


/* p is NULL if there is none */

static void
chatcrowd_get(bench_json_t *json, const char *name, bench_json_t *value)
{
    bench_json_t  inner, n;

    if (bench_json_enter(json, &inner, '{') == 0) {
        while (bench_json_member(&inner, &n, value) == 1) {
            if (bench_json_is(&n, name)) {
                return;
            }
        }
    }

    value->p = NULL;
    value->end = NULL;
}


/* one of each shape, by the names of its members, for the schema */

static void
chatcrowd_sample(chatcrowd_t *cc, bench_json_t *json)
{
    int            i;
    size_t         len;
    uint32_t       shape;
    const char    *p;
    bench_json_t   inner, name, value;

    shape = 0;

    (void) bench_json_enter(json, &inner, '{');

    while (bench_json_member(&inner, &name, &value) == 1) {
        for (p = name.p; p < name.end; p++) {
            shape = shape * 31 + (u_char) *p;
        }

        if (bench_json_is(&name, "type")) {
            shape = shape * 31 + (value.end - value.p);
        }
    }

    for (i = 0; i < cc->nsamples; i++) {
        if (cc->samples[i].shape == shape) {
            return;
        }
    }

    if (i == CHATCROWD_SAMPLES) {
        return;
    }

    len = json->end - json->p;
    cc->samples[i].shape = shape;
    cc->samples[i].text = malloc(len);
    cc->samples[i].len = len;

    if (cc->samples[i].text) {
        memcpy(cc->samples[i].text, json->p, len);
        cc->nsamples++;
    }
}
