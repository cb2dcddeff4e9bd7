
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Tips: what a payment service or a server of the site says that somebody has
 * given.
 */


#ifndef _NGX_LIVE_CHAT_PAYMENT_H_INCLUDED_
#define _NGX_LIVE_CHAT_PAYMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* of a currency, ISO 4217: three letters */
#define NGX_LIVE_CHAT_CURRENCY     3

/* what one tip can be, and all of them together: JSON's exact integers */
#define NGX_LIVE_CHAT_AMOUNT_MAX   1000000000000LL
#define NGX_LIVE_CHAT_TOTAL_MAX    9007199254740991LL

/* bytes of what a payment is called by who sends it */
#define NGX_LIVE_CHAT_KEY_MAX      255

/* code points, at most */
#define NGX_LIVE_CHAT_TIP_TEXT     500

/* of the JSON of an event */
#define NGX_LIVE_CHAT_EVENT_DEPTH  32


/* strings are empty if they are not there */

typedef struct {
    int64_t                    amount;     /* in the smallest unit, 1.. */
    u_char                     currency[NGX_LIVE_CHAT_CURRENCY];
                                           /* upper case */
    ngx_str_t                  user;       /* id of the giver */
    ngx_str_t                  name;       /* cleaned */
    ngx_str_t                  text;       /* cleaned */

    /* the same key is the same tip: of the event, and of the payment */
    ngx_str_t                  keys[2];
} ngx_live_chat_tip_t;


/* types of Stripe's events that may be tips */

#define NGX_LIVE_CHAT_EVENT_CHECKOUT   0x0002
#define NGX_LIVE_CHAT_EVENT_ASYNC      0x0004
#define NGX_LIVE_CHAT_EVENT_INTENT     0x0008
#define NGX_LIVE_CHAT_EVENT_CHARGE     0x0010
#define NGX_LIVE_CHAT_EVENTS_ALL       0x001e


typedef struct {
    ngx_live_chat_tip_t        tip;
    ngx_str_t                  id;         /* of the event, printable */
    ngx_str_t                  app;        /* of the room: valid names */
    ngx_str_t                  name;
} ngx_live_chat_payment_t;


/*
 * Reads Stripe's event object.  Strings are written to buf, which has len
 * bytes.  types is a mask of NGX_LIVE_CHAT_EVENT_*.
 *
 *   NGX_OK        it is a tip
 *   NGX_DECLINED  it is an event, but none, for the constant reason
 *   NGX_ERROR     it is no event, for the constant reason
 *
 * Several events may tell of one payment, so the second key is that of its
 * payment intent, or of the object itself if it has none.
 */
ngx_int_t ngx_live_chat_payment_parse(u_char *p, size_t len, u_char *buf,
    ngx_uint_t types, ngx_live_chat_payment_t *pm, const char **reason);

/* three letters, in upper case from then on; NGX_ERROR: they are not */
ngx_int_t ngx_live_chat_currency(u_char *dst, u_char *p, size_t len);

/* non-zero if it may be the id of a user: 1 to 256 bytes, no controls */
ngx_uint_t ngx_live_chat_user_valid(u_char *p, size_t len);


#endif /* _NGX_LIVE_CHAT_PAYMENT_H_INCLUDED_ */
