
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_crowd.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>


static int crowd_epoch(crowd_room_t *room, crowd_entry_t *entry);
static long crowd_identity(crowd_room_t *room, crowd_id_t *id, int number);
static void crowd_place(crowd_reader_t *reader, crowd_entry_t *entry,
    int epoch);
static int crowd_id_cmp(crowd_id_t *a, crowd_id_t *b);
static void crowd_judge_message(crowd_room_t *room, int number,
    crowd_reader_t **readers, int n);
static int crowd_wrong(crowd_room_t *room, crowd_message_t *m);
static char *crowd_describe(crowd_room_t *room, int number);


#define crowd_bit(bits, i)      ((bits)[(i) / 8] & 1 << (i) % 8)
#define crowd_bit_set(bits, i)  ((bits)[(i) / 8] |= 1 << (i) % 8)


static const char  *crowd_names[CROWD_FAULTS] = {
    "lost", "twice", "order", "moved", "mixed", "strange", "unanswered",
    "error", "anew", "closed", "broken", "late"
};

static const char  *crowd_states[] = {
    "not answered", "acked", "unknown", "refused"
};

static int          crowd_faults[CROWD_FAULTS];
static char         crowd_details[CROWD_FAULTS][CROWD_DETAILS][512];


int
crowd_room_init(crowd_room_t *room, const char *name, int max)
{
    size_t  i, size;

    snprintf(room->name, sizeof(room->name), "%s", name);

    /* some identities for each message, and the hash not full then */

    for (size = 64; size < (size_t) max * 8; size *= 2) { /* void */ }

    room->max = max;
    room->mask = size - 1;
    room->messages = calloc(max, sizeof(crowd_message_t));
    room->identities = malloc(size * sizeof(crowd_identity_t));

    if (room->messages == NULL || room->identities == NULL) {
        return -1;
    }

    for (i = 0; i < size; i++) {
        room->identities[i].number = -1;
    }

    return 0;
}


int
crowd_reader_init(crowd_reader_t *reader, crowd_room_t *room, int number)
{
    reader->number = number;
    reader->room = room;
    reader->shown = calloc(1, room->max / 8 + 1);
    reader->seen = calloc(1, room->mask / 8 + 1);
    room->readers++;

    return (reader->shown == NULL || reader->seen == NULL) ? -1 : 0;
}


int
crowd_say(crowd_room_t *room, int node, int speaker)
{
    crowd_message_t  *m;

    if (room->n == room->max) {
        return -1;
    }

    m = &room->messages[room->n];
    m->at = bench_now();
    m->node = node;
    m->speaker = speaker;

    return room->n++;
}


int
crowd_id_parse(bench_json_t *value, crowd_id_t *id)
{
    int          n;
    size_t       len;
    char         buf[64];
    unsigned long long  ms, seq;

    len = value->end - value->p;

    if (len >= sizeof(buf)) {
        return -1;
    }

    memcpy(buf, value->p, len);
    buf[len] = '\0';
    n = 0;

    if (sscanf(buf, "%llu-%llu%n", &ms, &seq, &n) != 2 || (size_t) n != len) {
        return -1;
    }

    id->ms = ms;
    id->seq = seq;

    return 0;
}


int
crowd_read(crowd_reader_t *reader, crowd_entry_t *entry)
{
    int               epoch;
    long              i;
    crowd_room_t     *room;
    crowd_message_t  *m;

    room = reader->room;

    if (entry->number < 0 || entry->number >= room->n) {
        crowd_fault(crowd_strange, "client %d of %s was told %d",
                    reader->number, room->name, entry->number);
        return 0;
    }

    i = crowd_identity(room, entry->has_origin ? &entry->origin : &entry->id,
                       entry->number);

    if (i == -1) {
        return 0;
    }

    epoch = crowd_epoch(room, entry);
    crowd_place(reader, entry, epoch);

    if (crowd_bit(reader->seen, i)) {
        return 0;
    }

    crowd_bit_set(reader->seen, i);

    if (crowd_id_cmp(&entry->id, &reader->last[epoch]) <= 0) {
        crowd_fault(crowd_order, "client %d: %s, by node %d, behind %llu-%llu",
                    reader->number, crowd_describe(room, entry->number),
                    entry->node,
                    (unsigned long long) reader->last[epoch].ms,
                    (unsigned long long) reader->last[epoch].seq);

    } else {
        reader->last[epoch] = entry->id;
    }

    if (crowd_bit(reader->shown, entry->number)) {
        crowd_fault(crowd_twice, "client %d: %s, by node %d",
                    reader->number, crowd_describe(room, entry->number),
                    entry->node);
        return 0;
    }

    crowd_bit_set(reader->shown, entry->number);

    m = &room->messages[entry->number];
    m->count++;

    return 1;
}


/*
 * How epochs are told: a cursor begins with the one that all nodes share.
 * What has an origin has come by that; what has none was entered by a node for
 * itself, and is ordered among what that node has entered so.
 */

static int
crowd_epoch(crowd_room_t *room, crowd_entry_t *entry)
{
    int   i;
    char  name[CROWD_EPOCH_LEN + 4];

    snprintf(name, sizeof(name), "%.*s%c%d", CROWD_EPOCH_LEN, entry->cursor,
             entry->has_origin ? '*' : '/',
             entry->has_origin ? 0 : entry->node % 10);

    for (i = 0; i < room->nepochs; i++) {
        if (strcmp(room->epochs[i], name) == 0) {
            return i;
        }
    }

    if (i == CROWD_EPOCHS) {
        crowd_fault(crowd_broken, "%s has more than %d epochs", room->name, i);
        return i - 1;
    }

    strcpy(room->epochs[i], name);
    room->nepochs++;

    return i;
}


/* its place in the hash, -1: it is that of another message, too */

static long
crowd_identity(crowd_room_t *room, crowd_id_t *id, int number)
{
    size_t             i;
    crowd_identity_t  *slot;

    i = (id->ms * 0x9e3779b97f4a7c15ULL ^ id->seq * 0xc2b2ae3d27d4eb4fULL)
        >> 20;

    for ( ;; i++) {
        i &= room->mask;
        slot = &room->identities[i];

        if (slot->number == -1) {
            break;
        }

        if (crowd_id_cmp(&slot->id, id) == 0) {
            if (slot->number == number) {
                return i;
            }

            crowd_fault(crowd_mixed, "%s has the identity of %d",
                        crowd_describe(room, number), slot->number);
            return -1;
        }
    }

    if (room->nidentities == room->mask / 2) {
        crowd_fault(crowd_broken, "%s has too many identities", room->name);
        return -1;
    }

    room->nidentities++;
    slot->id = *id;
    slot->number = number;

    return i;
}


/* within an epoch a message has one id, whoever tells it */

static void
crowd_place(crowd_reader_t *reader, crowd_entry_t *entry, int epoch)
{
    int               i;
    crowd_place_t    *place;
    crowd_message_t  *m;

    m = &reader->room->messages[entry->number];

    for (i = 0; i < m->nplaces; i++) {
        place = &m->places[i];

        if (place->epoch != epoch) {
            continue;
        }

        if (crowd_id_cmp(&place->id, &entry->id) == 0) {
            return;
        }

        crowd_fault(crowd_moved, "client %d: %s, by node %d as %llu-%llu",
                    reader->number,
                    crowd_describe(reader->room, entry->number), entry->node,
                    (unsigned long long) entry->id.ms,
                    (unsigned long long) entry->id.seq);
    }

    if (i < CROWD_PLACES) {
        m->places[i].epoch = epoch;
        m->places[i].id = entry->id;
        m->nplaces++;
    }
}


static int
crowd_id_cmp(crowd_id_t *a, crowd_id_t *b)
{
    if (a->ms != b->ms) {
        return a->ms < b->ms ? -1 : 1;
    }

    return a->seq < b->seq ? -1 : a->seq > b->seq;
}


void
crowd_hang_up(crowd_room_t *room, int speaker)
{
    int               i;
    crowd_message_t  *m;

    for (i = 0; i < room->n; i++) {
        m = &room->messages[i];

        if (m->speaker == speaker && m->state == crowd_said) {
            m->state = crowd_unknown;
        }
    }
}


int
crowd_settled(crowd_room_t *room)
{
    int  i;

    for (i = 0; i < room->n; i++) {
        if (crowd_wrong(room, &room->messages[i])) {
            return 0;
        }
    }

    return 1;
}


static int
crowd_wrong(crowd_room_t *room, crowd_message_t *m)
{
    switch (m->state) {

    case crowd_said:
        return 1;

    case crowd_acked:
        return m->count != room->readers;

    case crowd_unknown:
        return m->count != 0 && m->count != room->readers;

    default:
        return m->count != 0;
    }
}


void
crowd_judge(crowd_room_t *room, crowd_reader_t **readers, int n,
    uint64_t *states)
{
    int               i;
    crowd_message_t  *m;

    for (i = 0; i < room->n; i++) {
        m = &room->messages[i];
        states[m->state]++;

        if (m->state == crowd_said) {
            crowd_fault(crowd_unanswered, "%s", crowd_describe(room, i));

        } else if (m->state == crowd_refused && m->count) {
            crowd_fault(crowd_strange, "%s", crowd_describe(room, i));

        } else if (crowd_wrong(room, m)) {
            crowd_judge_message(room, i, readers, n);
        }
    }
}


static void
crowd_judge_message(crowd_room_t *room, int number, crowd_reader_t **readers,
    int n)
{
    int  i;

    for (i = 0; i < n; i++) {
        if (readers[i]->room == room
            && !crowd_bit(readers[i]->shown, number))
        {
            crowd_fault(crowd_lost, "client %d: %s", readers[i]->number,
                        crowd_describe(room, number));
        }
    }
}


static char *
crowd_describe(crowd_room_t *room, int number)
{
    int               i;
    size_t            len;
    crowd_place_t    *place;
    crowd_message_t  *m;
    static char       buf[400];

    m = &room->messages[number];

    len = snprintf(buf, sizeof(buf), "%s %d (said at %.3f to node %d, %s",
                   room->name, number, (double) m->at / BENCH_SECOND, m->node,
                   crowd_states[m->state]);

    if (m->state == crowd_acked) {
        len += snprintf(buf + len, sizeof(buf) - len, " as %llu-%llu",
                        (unsigned long long) m->ack.ms,
                        (unsigned long long) m->ack.seq);
    }

    len += snprintf(buf + len, sizeof(buf) - len, ", %d of %d have it",
                    m->count, room->readers);

    for (i = 0; i < m->nplaces && len < sizeof(buf) - 80; i++) {
        place = &m->places[i];
        len += snprintf(buf + len, sizeof(buf) - len, ", %s:%llu-%llu",
                        room->epochs[place->epoch],
                        (unsigned long long) place->id.ms,
                        (unsigned long long) place->id.seq);
    }

    snprintf(buf + len, sizeof(buf) - len, ")");

    return buf;
}


void
crowd_fault(crowd_fault_e kind, const char *fmt, ...)
{
    int      n;
    va_list  args;

    n = crowd_faults[kind]++;

    if (n < CROWD_DETAILS) {
        va_start(args, fmt);
        vsnprintf(crowd_details[kind][n], sizeof(crowd_details[kind][n]), fmt,
                  args);
        va_end(args);
    }
}


int
crowd_faults_count(void)
{
    int  k, n;

    n = 0;

    for (k = 0; k < CROWD_FAULTS; k++) {
        n += crowd_faults[k];
    }

    return n;
}


void
crowd_faults_print(FILE *out)
{
    int          i, k;
    char         buf[sizeof(crowd_details[0][0]) + 32];
    const char  *comma;

    fprintf(out, "\"faults\": {");
    comma = "";

    for (k = 0; k < CROWD_FAULTS; k++) {
        if (crowd_faults[k]) {
            fprintf(out, "%s\"%s\": %d", comma, crowd_names[k],
                    crowd_faults[k]);
            comma = ", ";
        }
    }

    fprintf(out, "}, \"details\": [");
    comma = "";

    for (k = 0; k < CROWD_FAULTS; k++) {
        for (i = 0; i < CROWD_DETAILS && i < crowd_faults[k]; i++) {
            snprintf(buf, sizeof(buf), "%s: %s", crowd_names[k],
                     crowd_details[k][i]);
            fputs(comma, out);
            bench_json_print(out, buf, strlen(buf));
            comma = ", ";
        }
    }

    fprintf(out, "]");
}
