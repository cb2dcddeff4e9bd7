
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_ROOM_H_INCLUDED_
#define _NGX_LIVE_CHAT_ROOM_H_INCLUDED_


#include "ngx_live_chat_cursor.h"
#include "ngx_live_chat_effect.h"
#include "ngx_live_chat_state.h"
#include "ngx_live_worker.h"


/*
 * Rooms in shared memory.  A room has a log of what was said, which all
 * workers of the node write and follow: what is entered gets the next serial
 * number, in whose order every worker delivers, and a cursor, which is what
 * clients know of it: an epoch and a position in that.
 *
 * All of it is under the mutex of the chat's own zone.  Nothing is sent out of
 * it: a worker copies what is new once, for all its clients.
 */

#define NGX_LIVE_CHAT_ROOMS      4096
#define NGX_LIVE_CHAT_WORDS      (NGX_LIVE_CHAT_ROOMS / 64)

/* entries that the settings may ask for */
#define NGX_LIVE_CHAT_HISTORY_MAX  1000

/* epochs that a room remembers */
#define NGX_LIVE_CHAT_SPANS      8

/* ms: what is younger is not dropped, a worker may not have seen it yet */
#define NGX_LIVE_CHAT_FRESH      10000

/* bytes of a room's log, whatever the settings */
#define NGX_LIVE_CHAT_LOG_MAX    (1024 * 1024)

/* ms between two counts of a room's clients that are told */
#define NGX_LIVE_CHAT_PRESENCE   5000

/* reactions: ms in which they are summed up, kinds of a room at a time, bytes
 * of a kind, and how many of a user in a second */
#define NGX_LIVE_CHAT_REACTIONS       500
#define NGX_LIVE_CHAT_KINDS           16
#define NGX_LIVE_CHAT_KIND_LEN        16
#define NGX_LIVE_CHAT_USER_REACTIONS  10

/* who types: ms in which it is not said again of one, and of how many of a
 * room in a second */
#define NGX_LIVE_CHAT_TYPING          3000
#define NGX_LIVE_CHAT_ROOM_TYPING     5

/* ms that a room without clients keeps its log, and that one is needed whose
 * stream was seen */
#define NGX_LIVE_CHAT_LINGER     3600000
#define NGX_LIVE_CHAT_PACKAGED   5000


typedef struct ngx_live_chat_room_sh_s   ngx_live_chat_room_sh_t;
typedef struct ngx_live_chat_keys_sh_s   ngx_live_chat_keys_sh_t;
typedef struct ngx_live_chat_purse_sh_s  ngx_live_chat_purse_sh_t;
typedef struct ngx_live_chat_ballot_sh_s ngx_live_chat_ballot_sh_t;

typedef struct {
    ngx_queue_t                queue;
    ngx_queue_t                all;        /* of the zone */
    ngx_live_chat_room_sh_t   *room;
    uint64_t                   serial;
    ngx_live_chat_cursor_t     cursor;     /* of whoever has seen it */
    ngx_live_chat_id_t         origin;     /* its id when it was said, ms is
                                              0: its own */
    int64_t                    clock;      /* ms, ngx_live_clock() */
    uint64_t                   seq;        /* of what this node has said to
                                              others, 0: of others */
    uint32_t                   user;       /* hash of who said it, 0: none */
    uint32_t                   len;
    unsigned                   passing:1;  /* not history: reactions, ... */
    unsigned                   hidden:1;   /* deleted: no longer shown */
    unsigned                   tip:1;
    unsigned                   repeated:1; /* was told before, by another */
    unsigned                   moved:1;    /* is hidden since it has come
                                              again under another id */
    unsigned                   shared:1;   /* of what passes: for others */
    u_char                     text[1];    /* a JSON object */
} ngx_live_chat_entry_sh_t;


typedef struct {
    uint32_t                   n;
    u_char                     len;        /* 0: free */
    u_char                     kind[NGX_LIVE_CHAT_KIND_LEN];
} ngx_live_chat_reaction_sh_t;


/* see ngx_live_chat_people.h */

typedef struct {
    ngx_queue_t                queue;
    ngx_uint_t                 n;
} ngx_live_chat_list_sh_t;


/* an epoch of which the log has, or had, entries */

typedef struct {
    uint64_t                   epoch;      /* 0: free */
    ngx_live_chat_id_t         base;       /* up to here the log has nothing */
    uint64_t                   serial;     /* what comes behind base in the
                                              log has a greater one */
} ngx_live_chat_span_sh_t;


struct ngx_live_chat_room_sh_s {
    ngx_str_node_t             sn;         /* "APP/NAME" */
    ngx_queue_t                queue;      /* of all rooms, by their use */
    ngx_uint_t                 index;      /* in zone->sh->rooms */
    uint64_t                   serial;     /* of the newest entry */
    uint64_t                   dropped;    /* the newest that the log lost */
    ngx_live_chat_id_t         last;       /* local id that was given last */
    ngx_live_chat_cursor_t     cursor;     /* of the log's newest entry */
    ngx_live_chat_span_sh_t    spans[NGX_LIVE_CHAT_SPANS];
    int64_t                    used;       /* ngx_live_clock() */

    ngx_queue_t                log;        /* oldest first */
    ngx_queue_t                passing;    /* the same, of what passes */
    ngx_uint_t                 history;    /* entries of the log to be kept */
    ngx_uint_t                 n;          /* entries of the log */
    size_t                     bytes;      /* of all */

    ngx_atomic_t               slots[NGX_LIVE_SLOT_WORDS];
                                           /* workers that follow it */
    uint32_t                   clients[NGX_LIVE_SLOTS];
    uint32_t                   told;       /* clients, as was said last */
    int64_t                    presence;   /* ngx_live_clock() of that */
    ngx_uint_t                 slow;       /* s between messages of a user */
    ngx_uint_t                 restricted; /* NGX_LIVE_CHAT_ALL, ... */
    ngx_live_chat_id_t         pinned;     /* 0-0: nothing is */

    /* by a moderator, so that the settings do not matter any more */
    ngx_uint_t                 slow_set;
    ngx_uint_t                 restricted_set;

    time_t                     typed;      /* s: the second of those who
                                              were told to type */
    ngx_uint_t                 typing;     /* how many it were */

    int64_t                    reactions_due; /* ngx_live_clock(), 0: never */
    ngx_live_chat_reaction_sh_t  reactions[NGX_LIVE_CHAT_KINDS];

    ngx_rbtree_t               users;      /* ngx_live_chat_user_sh_t */
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                recent;     /* users, most recent first */
    ngx_uint_t                 nusers;

    ngx_uint_t                 small;      /* up to so many clients people
                                              are told of */
    ngx_live_chat_list_sh_t    people;
    ngx_live_chat_list_sh_t    participants;
    ngx_live_chat_purse_sh_t  *purse;      /* NULL: no tip yet */
    ngx_live_chat_ballot_sh_t *ballot;     /* of the open poll, or NULL */

    uint64_t                   lost;       /* entries that found no memory */

    /* with other nodes, see ngx_live_chat_outbox.h */

    uint64_t                   birth;      /* tells it from others */
    ngx_uint_t                 scope;      /* NGX_LIVE_CHAT_ALONE, ... */
    uint64_t                   epoch;      /* of the stream, 0: not known */
    ngx_live_chat_id_t         stream;     /* up to here it was read */
    int64_t                    waits;      /* ngx_live_clock(): it is being
                                              opened since, or something was
                                              answered */
    uint64_t                   done;       /* numbers of this node up to it
                                              have entered the log */
    ngx_live_chat_list_sh_t    outbox;     /* is to be in the stream */
    ngx_live_chat_list_sh_t    sent;       /* has come back */
    ngx_uint_t                 backlog;    /* entries of each, at most */
    ngx_uint_t                 age;        /* s that the stream keeps */
    uint64_t                   passed;     /* serial: what passes was sent */
    uint32_t                   others;     /* viewers at other nodes */
    int64_t                    packaged;   /* ngx_live_clock(): its stream was
                                              here, for chat_metadata */
    ngx_uint_t                 restore;    /* Redis has to be told all */
};


typedef struct {
    ngx_rbtree_t               rbtree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;      /* most recently used first */
    ngx_queue_t                entries;    /* of all rooms, oldest first */
    ngx_uint_t                 generation; /* of the newest configuration
                                              that has this zone */
    ngx_uint_t                 nrooms;
    ngx_live_chat_room_sh_t   *rooms[NGX_LIVE_CHAT_ROOMS];
    ngx_atomic_t               dirty[NGX_LIVE_SLOTS][NGX_LIVE_CHAT_WORDS];
    ngx_pid_t                  pids[NGX_LIVE_SLOTS]; /* of the followers */
    ngx_atomic_t               refused;    /* rooms there was no memory for */
    u_char                     secret[NGX_LIVE_CHAT_SECRET_LEN];
                                           /* of the names of guests */

    /* see ngx_live_chat_mark.h */
    ngx_rbtree_t               marks;
    ngx_rbtree_node_t          marks_sentinel;
    ngx_queue_t                marked;
    ngx_uint_t                 nmarks;
    uint64_t                   marks_version; /* + 1 by each change */
    uint64_t                   marks_kept; /* that of the file */
    ngx_pid_t                  marks_keeper; /* who writes it just now */
    int64_t                    marks_changed; /* ngx_live_clock() */
    int64_t                    marks_due;  /* it may be written again */

    uint32_t                   node;       /* random: of this zone */
    uint64_t                   births;
    uint64_t                   seq;        /* of what was said to others */
    ngx_pid_t                  relay;      /* who speaks to Redis, 0: nobody */
    ngx_uint_t                 relay_slot;
    ngx_uint_t                 relay_leaves; /* it is exiting */
    ngx_atomic_t               calls[NGX_LIVE_CHAT_WORDS]; /* rooms that it is
                                              to look at */
    uint64_t                   relayed;    /* entries, by streams */
    uint64_t                   reconciled; /* that were said without Redis */
    uint64_t                   outgone;    /* that never will be, for lack of
                                              room in an outbox */
} ngx_live_chat_sh_t;


typedef struct {
    ngx_live_chat_sh_t        *sh;
    ngx_slab_pool_t           *shpool;
    ngx_uint_t                 generation; /* of this configuration */
    ngx_str_t                  state;      /* text of the file, or empty */
} ngx_live_chat_zone_t;


#define ngx_live_chat_lock(zone)    ngx_shmtx_lock(&(zone)->shpool->mutex)
#define ngx_live_chat_unlock(zone)  ngx_shmtx_unlock(&(zone)->shpool->mutex)


/* of the running cycle; NULL: the module is not in use */
ngx_live_chat_zone_t *ngx_live_chat_zone(void);

ngx_int_t ngx_live_chat_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/* a worker starts: what one that died has left in its slot is dropped */
void ngx_live_chat_zone_claim(ngx_live_chat_zone_t *zone);

typedef struct {
    ngx_uint_t                 rooms;
    ngx_uint_t                 clients;
    ngx_uint_t                 entries;    /* of logs */
    ngx_uint_t                 lost;       /* found no memory */
    ngx_uint_t                 refused;    /* rooms that found none */
    ngx_uint_t                 nodes;      /* rooms without the others */
    ngx_uint_t                 waiting;    /* entries for Redis */
    ngx_uint_t                 relayed;
    ngx_uint_t                 reconciled;
    ngx_uint_t                 dropped;
} ngx_live_chat_stat_t;

void ngx_live_chat_zone_stat(ngx_live_chat_zone_t *zone,
    ngx_live_chat_stat_t *stat);

/*
 * A room by its name, made if there is none; this worker follows it from now
 * on, until leave.  history is the number of entries that it keeps.  NULL:
 * there is no memory, or there are too many rooms.
 */
ngx_live_chat_room_sh_t *ngx_live_chat_room_follow(ngx_live_chat_zone_t *zone,
    ngx_str_t *key, ngx_uint_t history);
void ngx_live_chat_room_leave(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/*
 * Zeroed, for something of the room or for a room (NULL).  NULL: there is no
 * memory, even after others gave way.
 */
void *ngx_live_chat_alloc_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, size_t size);

/* the same, made if need be */
ngx_live_chat_room_sh_t *ngx_live_chat_room_get_locked(
    ngx_live_chat_zone_t *zone, ngx_str_t *key);

/* an existing room, or NULL; valid while the mutex is held */
ngx_live_chat_room_sh_t *ngx_live_chat_room_find_locked(
    ngx_live_chat_zone_t *zone, ngx_str_t *key);

/*
 * What is to be said: an object with an id and a cursor,
 *
 *     head "id":"MS-SEQ","origin":"MS-SEQ","cursor":"CURSOR" tail
 *
 * the cursor only if it is to stay in the log, the origin only if it has come
 * from elsewhere; tail ends with "}".  pos and cursor are set to what it got,
 * from which ngx_live_chat_say_write() makes the text, which is
 * NGX_LIVE_CHAT_SAY_LEN bytes longer at most.  The workers that follow the
 * room are rung.  What has an effect alone (untold) is no entry.
 * NGX_DECLINED: the user may not say it, or the effect is refused, error says
 * why.  NGX_ERROR: there is no memory even after old entries were dropped; it
 * has been counted.
 */

#define NGX_LIVE_CHAT_SAY_LEN                                                 \
    (sizeof("\"id\":\"\",\"origin\":\"\",\"cursor\":\"\"") - 1              \
     + 2 * NGX_LIVE_CHAT_ID_LEN                                               \
     + NGX_LIVE_CHAT_CURSOR_LEN + NGX_LIVE_CHAT_EFFECT_ADDED)

typedef struct ngx_live_chat_speech_s  ngx_live_chat_speech_t;

typedef struct {
    ngx_str_t                  head;
    ngx_str_t                  tail;
    uint32_t                   user;       /* hash of his id, 0: nobody's */
    ngx_uint_t                 passing;
    ngx_uint_t                 untold;     /* nobody is told of the effect */
    ngx_uint_t                 local;      /* passes at this node only */
    ngx_uint_t                 hidden;     /* was deleted meanwhile */
    ngx_live_chat_speech_t    *speech;     /* NULL: nobody is asked */
    ngx_live_chat_effect_t     effect;
    const char                *error;
    ngx_live_chat_id_t         pos;
    ngx_live_chat_id_t         origin;     /* ms is 0: it has none */
    ngx_live_chat_cursor_t     cursor;
    ngx_uint_t                 hushed;     /* nobody but him is told */
    uint64_t                   seq;        /* it enters the log later, when
                                              room->done says so; 0: it has */
} ngx_live_chat_say_t;

ngx_int_t ngx_live_chat_room_say(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_say_t *say);

/* to a room that may not exist: then nobody is told */
void ngx_live_chat_say_to(ngx_live_chat_zone_t *zone, ngx_str_t *key,
    ngx_live_chat_say_t *say);

u_char *ngx_live_chat_say_write(u_char *p, ngx_live_chat_say_t *say);

/*
 * NULL, or the code of an error: the effect cannot be.  apply may add to the
 * entry's text; that of an entry that others have accepted is never refused.
 */
const char *ngx_live_chat_effect_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
void ngx_live_chat_effect_apply_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);

/* clients in this worker came or went */
void ngx_live_chat_room_count(ngx_live_chat_room_sh_t *room, ngx_int_t n);

/* the sum of reactions since the last time, if there were any */
void ngx_live_chat_reactions_say(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* the same, and those at other nodes */
ngx_uint_t ngx_live_chat_room_viewers(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* clients in all living workers */
ngx_uint_t ngx_live_chat_room_clients(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


/* the workers that follow the room are to look at it */
void ngx_live_chat_room_ring(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


#endif /* _NGX_LIVE_CHAT_ROOM_H_INCLUDED_ */
