
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_SFU_H_INCLUDED_
#define _NGX_LIVE_SFU_H_INCLUDED_


#include "ngx_live_access.h"
#include "ngx_live_hmac.h"
#include "ngx_live_packets.h"
#include "ngx_live_sdp.h"
#include "ngx_live_session.h"
#include "ngx_live_worker.h"


/*
 * What workers share about WebRTC: the sessions that were negotiated over
 * http, the addresses that have proved to be theirs, and for each worker a
 * ring of datagrams that others have received for it.
 *
 * A session is OFFERED by the worker that has answered the request, and
 * belongs to the worker that adopts it: that which receives its first valid
 * check.  Only the owner sends to its addresses.
 */

#define NGX_LIVE_SFU_ID            16     /* bytes of a resource's name */
#define NGX_LIVE_SFU_UFRAG         12     /* base64 of 3 bytes of index and
                                             6 random ones */
#define NGX_LIVE_SFU_PWD           32     /* base64 of 24 random bytes */
#define NGX_LIVE_SFU_PATHS         4      /* addresses of a session */
#define NGX_LIVE_SFU_SUB           128    /* bytes of sub and jti */
#define NGX_LIVE_SFU_NAME          128

#define NGX_LIVE_SFU_DATAGRAM      1500   /* bytes, at most */
#define NGX_LIVE_SFU_RING          128    /* datagrams; a power of two */
#define NGX_LIVE_SFU_PROBES        16     /* in the table of addresses */

#define NGX_LIVE_SFU_CERT          1024   /* bytes of DER */
#define NGX_LIVE_SFU_KEY           512

#define NGX_LIVE_SFU_NONE          ((ngx_uint_t) -1)


typedef enum {
    NGX_LIVE_SFU_FREE = 0,
    NGX_LIVE_SFU_OFFERED,
    NGX_LIVE_SFU_ADOPTED
} ngx_live_sfu_state_e;


typedef enum {
    NGX_LIVE_SFU_VIDEO = 0,
    NGX_LIVE_SFU_AUDIO,
    NGX_LIVE_SFU_KINDS
} ngx_live_sfu_kind_e;


/* what was negotiated for video and audio */

typedef struct {
    uint32_t                   ssrc;      /* of what we send */
    uint8_t                    pt;
    uint8_t                    used;
    uint8_t                    feedback;  /* NGX_LIVE_SDP_NACK ... */
    uint8_t                    unused;
} ngx_live_sfu_media_t;


/* an address without what may differ in padding */

typedef struct {
    u_char                     ip[16];    /* IPv4 is mapped */
    uint16_t                   port;      /* network order */
    uint16_t                   socket;    /* number of the listening one */
} ngx_live_sfu_path_t;


typedef struct {
    ngx_atomic_t               state;     /* (m) */
    ngx_atomic_t               owner;     /* (m) slot, NGX_LIVE_NO_OWNER */
    ngx_atomic_t               pid;       /* of the owner or the offerer */
    ngx_atomic_t               ended;     /* the owner is to close it */
    u_char                     id[NGX_LIVE_SFU_ID];
    int64_t                    created;   /* ngx_live_clock() */

    ngx_uint_t                 door;      /* NGX_LIVE_DOOR_WHIP, _WHEP */
    u_char                     ufrag[NGX_LIVE_SFU_UFRAG];
    ngx_live_hmac_key_t        key;       /* of our ice-pwd */
    u_char                     fingerprint[NGX_LIVE_SDP_FINGERPRINT];
    ngx_live_sfu_media_t       media[NGX_LIVE_SFU_KINDS];

    ngx_uint_t                 npaths;
    ngx_live_sfu_path_t        paths[NGX_LIVE_SFU_PATHS];  /* (m) */

    /* who it is: of the request */

    uint64_t                   lease;
    uint16_t                   app_len;
    uint16_t                   name_len;
    uint16_t                   sub_len;
    uint16_t                   jti_len;
    uint16_t                   address_len;
    u_char                     app[NGX_LIVE_SFU_NAME];
    u_char                     name[NGX_LIVE_SFU_NAME];
    u_char                     sub[NGX_LIVE_SFU_SUB];
    u_char                     jti[NGX_LIVE_SFU_SUB];
    u_char                     address[NGX_SOCKADDR_STRLEN];
} ngx_live_sfu_session_sh_t;


typedef struct {
    uint32_t                   hash;      /* 0: free */
    uint32_t                   index;     /* of the session */
} ngx_live_sfu_address_sh_t;


typedef struct {
    uint32_t                   index;
    uint16_t                   len;
    uint16_t                   unused;
    ngx_live_sfu_path_t        path;
    u_char                     data[NGX_LIVE_SFU_DATAGRAM];
} ngx_live_sfu_datagram_sh_t;


/* written under the mutex, read by its slot alone */

typedef struct {
    ngx_atomic_t               head;
    ngx_atomic_t               tail;
    ngx_live_sfu_datagram_sh_t datagrams[NGX_LIVE_SFU_RING];
} ngx_live_sfu_ring_sh_t;


typedef struct {
    ngx_atomic_t               sessions;  /* that were made */
    ngx_atomic_t               refused;   /* the table was full */
    ngx_atomic_t               received;  /* datagrams */
    ngx_atomic_t               sent;
    ngx_atomic_t               unsent;    /* the socket was full */
    ngx_atomic_t               unknown;   /* of nobody's address, or no STUN,
                                             DTLS, RTP or RTCP */
    ngx_atomic_t               unauthentic; /* checks with a wrong password,
                                             SRTP with a wrong tag */
    ngx_atomic_t               replayed;
    ngx_atomic_t               handed;    /* over to another worker */
    ngx_atomic_t               lost;      /* its ring was full */
    ngx_atomic_t               handshakes;
    ngx_atomic_t               postponed; /* too many handshakes at a time */
    ngx_atomic_t               nacks;     /* packets that were sent again */
    ngx_atomic_t               gone;      /* and those too old for it */
} ngx_live_sfu_counters_sh_t;


typedef struct {
    ngx_uint_t                 max;       /* sessions */
    ngx_uint_t                 nsessions; /* (m) */
    ngx_uint_t                 next;      /* (m) where to look for a free one */
    ngx_uint_t                 mask;      /* of addresses */
    u_char                     secret[16];

    size_t                     cert_len;
    size_t                     key_len;
    u_char                     cert[NGX_LIVE_SFU_CERT];
    u_char                     key[NGX_LIVE_SFU_KEY];
    u_char                     fingerprint[NGX_LIVE_SDP_FINGERPRINT];

    ngx_live_sfu_counters_sh_t counters;

    ngx_live_sfu_session_sh_t *sessions;
    ngx_live_sfu_address_sh_t *addresses;
    ngx_live_sfu_ring_sh_t    *rings;     /* by slot */
} ngx_live_sfu_sh_t;


typedef struct {
    ngx_live_sfu_sh_t         *sh;
    ngx_slab_pool_t           *shpool;
    ngx_uint_t                 max;
} ngx_live_sfu_zone_t;


typedef struct {
    ngx_uint_t                 sessions;  /* max; 0: no zone */
    ngx_live_sfu_zone_t        zone;
    ngx_str_t                  helper;    /* path of live-media */
    char                      *argv[3];
} ngx_live_sfu_main_conf_t;


extern ngx_module_t  ngx_live_sfu_module;

/* NULL in a worker without a slot, or without live {} */
extern ngx_live_sfu_zone_t  *ngx_live_sfu_zone;

#define ngx_live_sfu_count(what)                                              \
    (void) ngx_atomic_fetch_add(&ngx_live_sfu_zone->sh->counters.what, 1)

#define ngx_live_sfu_lock()    ngx_shmtx_lock(&ngx_live_sfu_zone->shpool->mutex)
#define ngx_live_sfu_unlock()                                                 \
    ngx_shmtx_unlock(&ngx_live_sfu_zone->shpool->mutex)


/* ngx_live_sfu_table.c */

size_t ngx_live_sfu_zone_size(ngx_uint_t sessions);
ngx_int_t ngx_live_sfu_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/*
 * A free session, with index, id and ufrag, or NULL when the table is full.
 * pwd is what the answer says; its key is kept.  The session is found when
 * ngx_live_sfu_offer() is called, after everything else was written.
 */
ngx_live_sfu_session_sh_t *ngx_live_sfu_create(u_char pwd[NGX_LIVE_SFU_PWD]);
void ngx_live_sfu_offer(ngx_live_sfu_session_sh_t *sh);

/* frees it with its addresses */
void ngx_live_sfu_destroy(ngx_live_sfu_session_sh_t *sh);

/* makes this worker its owner; NGX_DECLINED: somebody was faster */
ngx_int_t ngx_live_sfu_adopt(ngx_live_sfu_session_sh_t *sh);

/* has the owner close it, from any worker */
void ngx_live_sfu_end(ngx_live_sfu_session_sh_t *sh);

ngx_live_sfu_session_sh_t *ngx_live_sfu_find_ufrag(ngx_str_t *ufrag);
ngx_live_sfu_session_sh_t *ngx_live_sfu_find_id(ngx_str_t *hex);
ngx_live_sfu_session_sh_t *ngx_live_sfu_find_path(ngx_live_sfu_path_t *path);

/*
 * By the owner: path has passed a check.  Its number in sh->paths; when all
 * are used it takes the place of another one than "keep".
 */
ngx_uint_t ngx_live_sfu_add_path(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path, ngx_uint_t keep);

#define ngx_live_sfu_index(s)                                                 \
    ((ngx_uint_t) ((s) - ngx_live_sfu_zone->sh->sessions))

/* hands a datagram over to the session's owner */
void ngx_live_sfu_hand_over(ngx_live_sfu_session_sh_t *sh,
    ngx_live_sfu_path_t *path, u_char *data, size_t len);

/* frees sessions of workers that died, and offers nobody came for */
void ngx_live_sfu_sweep(void);


/* ngx_live_sfu_cert.c: a key and a certificate, NGX_OK or NGX_ERROR */
ngx_int_t ngx_live_sfu_cert_make(ngx_live_sfu_sh_t *sh, ngx_log_t *log);


/*
 * ngx_live_sfu_answer.c: what of an offer is taken.  The caller has set what
 * the stream has (or, of a publisher, may have); media says what was agreed.
 * NGX_OK; NGX_DECLINED: nothing of it is any use to us; NGX_ERROR: the offer
 * is incomplete; both with a reason.
 */

typedef struct {
    ngx_live_sdp_t            *offer;
    ngx_live_sdp_t            *answer;
    ngx_uint_t                 publish;
    ngx_uint_t                 has[NGX_LIVE_SFU_KINDS];
    ngx_uint_t                 profile;   /* profile_idc of H.264; 0: any */
    ngx_live_sfu_media_t      *media;     /* by kind */
    u_char                    *fingerprint;
    const char                *reason;
} ngx_live_sfu_negotiation_t;

ngx_int_t ngx_live_sfu_negotiate(ngx_live_sfu_negotiation_t *n);


/* ngx_live_sfu_packetise.c: frames of the stream's ring become packets */
ngx_int_t ngx_live_sfu_stream_start(ngx_live_stream_t *st);
void ngx_live_sfu_stream_stop(ngx_live_stream_t *st);


/*
 * Non-zero if pictures are shown in another order than they come: what is
 * known of the newest frames of a track.  WebRTC has no place for that.
 */
ngx_uint_t ngx_live_sfu_reordered(ngx_live_stream_t *st, ngx_uint_t track);


/* the track of a kind that WebRTC plays, NGX_LIVE_SFU_NONE if there is none */
ngx_uint_t ngx_live_sfu_track(ngx_live_stream_t *st, ngx_uint_t kind);


#endif /* _NGX_LIVE_SFU_H_INCLUDED_ */
