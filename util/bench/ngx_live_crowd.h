
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CROWD_H_INCLUDED_
#define _NGX_LIVE_CROWD_H_INCLUDED_


#include "ngx_live_bench.h"


/*
 * The book of chatcrowd: what was said in each room and who has been told.
 * It knows the protocol's rules for clients and no sockets.
 *
 * A message is known by its text.  A reader drops an entry whose identity
 * (its origin, or else its id) it has seen.  What is left has to be there
 * exactly once, and in the order of ids within an epoch.
 */

#define CROWD_EPOCHS     64             /* of a room */
#define CROWD_PLACES     8              /* under which a message is told */
#define CROWD_DETAILS    8              /* faults of a kind told in detail */

/* of cursors: see crowd_epoch() */
#define CROWD_EPOCH_LEN  10


typedef struct {
    uint64_t             ms;
    uint64_t             seq;
} crowd_id_t;


typedef enum {
    crowd_said = 0,                     /* not answered yet */
    crowd_acked,
    crowd_unknown,                      /* the connection was lost before */
    crowd_refused
} crowd_state_e;


typedef struct {
    int                  epoch;
    crowd_id_t           id;
} crowd_place_t;


typedef struct {
    int64_t              at;            /* when it was said */
    int                  node;          /* where */
    int                  speaker;
    int                  count;         /* readers that have it */
    crowd_state_e        state;
    crowd_id_t           ack;           /* the id it was acked by */
    int                  nplaces;
    crowd_place_t        places[CROWD_PLACES];
} crowd_message_t;


typedef struct {
    crowd_id_t           id;
    int                  number;        /* of its message, -1: free */
} crowd_identity_t;


typedef struct {
    char                 name[64];      /* "APP/NAME" */
    int                  readers;
    int                  n;
    int                  max;
    crowd_message_t     *messages;
    size_t               mask;
    size_t               nidentities;
    crowd_identity_t    *identities;    /* a hash */
    int                  nepochs;
    char                 epochs[CROWD_EPOCHS][CROWD_EPOCH_LEN + 4];
} crowd_room_t;


typedef struct {
    int                  number;
    crowd_room_t        *room;
    u_char              *shown;         /* bits, by the message's number */
    u_char              *seen;          /* bits, by the place in the hash */
    crowd_id_t           last[CROWD_EPOCHS];
} crowd_reader_t;


typedef struct {
    crowd_id_t           id;
    crowd_id_t           origin;
    int                  has_origin;
    int                  node;          /* that has told it */
    int                  number;        /* of the message */
    const char          *cursor;        /* CROWD_EPOCH_LEN bytes and more */
} crowd_entry_t;


/* faults, by kind */

typedef enum {
    crowd_lost = 0,                     /* a reader has not got it */
    crowd_twice,                        /* has got it under two identities */
    crowd_order,                        /* ids of an epoch went back */
    crowd_moved,                        /* two ids in one epoch */
    crowd_mixed,                        /* one identity of two messages */
    crowd_strange,                      /* never said, or refused */
    crowd_unanswered,
    crowd_error,                        /* an error was answered */
    crowd_anew,                         /* not resumed */
    crowd_closed,                       /* by another code than 1001, 1012 */
    crowd_broken,                       /* what is no message */
    crowd_late,                         /* a join that took too long */
    CROWD_FAULTS
} crowd_fault_e;


/* -1: there is no memory; max messages */
int crowd_room_init(crowd_room_t *room, const char *name, int max);
int crowd_reader_init(crowd_reader_t *reader, crowd_room_t *room, int number);

/* the number of the message that is said now, -1: there were too many */
int crowd_say(crowd_room_t *room, int node, int speaker);

/* "MS-SEQ", -1: none */
int crowd_id_parse(bench_json_t *value, crowd_id_t *id);

/* 1: it is shown, 0: the reader has seen it */
int crowd_read(crowd_reader_t *reader, crowd_entry_t *entry);

/* what it has said and was not answered never will be */
void crowd_hang_up(crowd_room_t *room, int speaker);

/* 1: all readers have what was acked, and agree about what was not answered */
int crowd_settled(crowd_room_t *room);

/* notes as faults what is not settled, and counts messages by their state */
void crowd_judge(crowd_room_t *room, crowd_reader_t **readers, int n,
    uint64_t *states);

/* printf-like; the first ones of a kind are kept */
void crowd_fault(crowd_fault_e kind, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

int crowd_faults_count(void);

/* "faults": {KIND: count, ...}, "details": [...] */
void crowd_faults_print(FILE *out);


/* the crowd itself */

#define CHATCROWD_NODES    8
#define CHATCROWD_SAMPLES  64
#define CHATCROWD_CODES    8

typedef enum {
    client_away = 0,
    client_connecting,
    client_response,
    client_joining,
    client_joined
} client_state_e;


typedef enum {
    scope_unknown = 0,
    scope_node,
    scope_cluster
} client_scope_e;


typedef struct {
    crowd_reader_t     reader;
    int                fd;
    client_state_e     state;
    client_scope_e     scope;
    int                node;
    int                times;           /* that it has lost its connection */
    int64_t            when;            /* away: comes back, or came */
    char               cursor[256];
    u_char            *buf;
    size_t             len;
    size_t             size;
} client_t;


typedef struct {
    const char        *uri;
    int                ports[CHATCROWD_NODES];
    int                nnodes;
    int                n;
    int                nrooms;
    double             rate;            /* messages a second */
    double             patience;        /* s, until all is settled */
    const char        *cheat;           /* faults that are made, to be found */

    int                ep;
    client_t          *clients;
    crowd_room_t      *rooms;
    int64_t            now;
    int64_t            next;            /* message is due */
    int64_t            quiet;           /* speaking has ended */
    int64_t            settled;         /* since then */
    int                stormy;          /* latency is not that of calm */
    uint64_t           said;
    uint64_t           acked;
    uint64_t           shown;
    uint64_t           dropped;
    uint64_t           lost;            /* connections */
    uint64_t           resumed;
    uint64_t           elsewhere;       /* of them, at another node */
    int                codes[CHATCROWD_CODES][2];

    bench_stat_t       joins;
    bench_stat_t       across;
    bench_stat_t       same;
    bench_stat_t       calm;

    int                nsamples;
    struct {
        uint32_t       shape;
        char          *text;
        size_t         len;
    } samples[CHATCROWD_SAMPLES];
} chatcrowd_t;


/* what a client is told; -1: no message */
int chatcrowd_message(chatcrowd_t *cc, client_t *c, bench_json_t *json);

int chatcrowd_cheats(chatcrowd_t *cc, const char *how);

/* what messages say before their number */
#define CHATCROWD_TEXT     "crowd "


#endif /* _NGX_LIVE_CROWD_H_INCLUDED_ */
