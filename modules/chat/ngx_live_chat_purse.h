
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_CHAT_PURSE_H_INCLUDED_
#define _NGX_LIVE_CHAT_PURSE_H_INCLUDED_


#include "ngx_live_chat_keys.h"
#include "ngx_live_chat_payment.h"
#include "ngx_live_redis_reply.h"


/*
 * What was given in a room: totals, payments that were seen, and the tips that
 * the log has no room for any more.  Made with the first tip, under the zone's
 * mutex.
 */

#define NGX_LIVE_CHAT_CURRENCIES  16       /* of a room */

/* bytes of {"EUR":N,...} */
#define NGX_LIVE_CHAT_TOTALS_LEN                                              \
    (2 + NGX_LIVE_CHAT_CURRENCIES * (sizeof("\"EUR\":,") - 1 + NGX_INT64_LEN))


typedef struct {
    u_char                     currency[NGX_LIVE_CHAT_CURRENCY];
                                           /* zeroes: free */
    int64_t                    amount;     /* in the smallest unit */
    int64_t                    counted;    /* of it by Redis, for all nodes */
} ngx_live_chat_total_sh_t;


struct ngx_live_chat_purse_sh_s {
    ngx_live_chat_total_sh_t   totals[NGX_LIVE_CHAT_CURRENCIES];
    ngx_live_chat_keys_sh_t   *keys;
    ngx_queue_t                tips;       /* entries, oldest first */
    ngx_uint_t                 n;
};


/* bounds, by "chat_tips": tips that are kept, and keys of payments */
void ngx_live_chat_purse_limits(ngx_uint_t *tips, ngx_uint_t *keys);

/*
 * The effect's user of a tip: the currency, and hashes of its keys, or
 * something random, by which it is known on all nodes.
 */
#define NGX_LIVE_CHAT_PURSE_KEYS_LEN  (NGX_LIVE_CHAT_CURRENCY + 1 + 2 * 33)

u_char *ngx_live_chat_purse_keys(u_char *p, ngx_live_chat_tip_t *tip);

/*
 * Of the effect: NULL, or the code of the error: "seen", "too_many_currencies"
 * or "room_full".  After that nothing is missing to apply it.
 */
const char *ngx_live_chat_purse_check_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);
void ngx_live_chat_purse_add_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_effect_t *effect);

/* totals as Redis has them: names and values of a room's settings */
void ngx_live_chat_purse_open_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_redis_reply_t *meta);

/*
 * An entry that the log drops and has left: non-zero if it is kept.  drop
 * frees the oldest one of them, which is no more in the queue of the zone.
 */
ngx_uint_t ngx_live_chat_purse_keep_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_live_chat_entry_sh_t *e);
void ngx_live_chat_purse_drop_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);

/* {"EUR":500}; len is at most NGX_LIVE_CHAT_TOTALS_LEN, 0: there are none */
u_char *ngx_live_chat_totals_write_locked(u_char *p,
    ngx_live_chat_room_sh_t *room);

/*
 * The newest tips that were not removed, at most max, as elements of a JSON
 * array, oldest first.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_live_chat_tips_list(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room, ngx_uint_t max, ngx_pool_t *pool,
    ngx_str_t *text);

void ngx_live_chat_purse_free_locked(ngx_live_chat_zone_t *zone,
    ngx_live_chat_room_sh_t *room);


#endif /* _NGX_LIVE_CHAT_PURSE_H_INCLUDED_ */
