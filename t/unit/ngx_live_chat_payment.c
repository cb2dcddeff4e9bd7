
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of payments: events that are tips, and those that are none. */


#include "ngx_live_chat_payment.h"
#include "ngx_unit.h"


#define META  "\"metadata\":{\"room\":\"live/a\",\"user\":\"u-1\","            \
              "\"name\":\" Joe \",\"text\":\" Great! \"}"
#define EVENT(type, object)                                                   \
    "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"" type "\","           \
    "\"data\":{\"object\":{" object "}}}"
#define CHECKOUT(object)  EVENT("checkout.session.completed", object)
#define PAID                                                                  \
    "\"id\":\"cs_1\",\"payment_status\":\"paid\",\"amount_total\":500,"       \
    "\"currency\":\"eur\""


static ngx_live_chat_payment_t   pm;
static const char               *reason;


static ngx_int_t parse(const char *json, ngx_uint_t types);
static void test_tips(void);
static void test_others(void);
static void test_bad(void);


int
main(void)
{
    test_tips();
    test_others();
    test_bad();

    return done_testing();
}


static ngx_int_t
parse(const char *json, ngx_uint_t types)
{
    reason = NULL;

    return ngx_live_chat_payment_parse(buf_copy(json, strlen(json)),
                                       strlen(json),
                                       buf_copy(json, strlen(json)), types,
                                       &pm, &reason);
}


static void
test_tips(void)
{
    is_int(parse(CHECKOUT(PAID ",\"payment_intent\":\"pi_1\"," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_OK, "a checkout");
    is_str(&pm.id, "evt_1", "id");
    is_str(&pm.app, "live", "application");
    is_str(&pm.name, "a", "name");
    is_str(&pm.tip.user, "u-1", "user");
    is_str(&pm.tip.name, "Joe", "his name");
    is_str(&pm.tip.text, "Great!", "text");
    is_int(pm.tip.amount, 500, "amount");
    is_mem(pm.tip.currency, 3, "EUR", 3, "currency");
    is_str(&pm.tip.keys[0], "evt_1", "key of the event");
    is_str(&pm.tip.keys[1], "pi_1", "key of the payment");

    is_int(parse(EVENT("payment_intent.succeeded",
                       "\"id\":\"pi_1\",\"status\":\"succeeded\","
                       "\"amount\":900,\"amount_received\":800,"
                       "\"currency\":\"usd\"," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_OK, "a payment intent");
    is_int(pm.tip.amount, 800, "what was received");
    is_str(&pm.tip.keys[1], "pi_1", "the same payment");

    is_int(parse(EVENT("charge.succeeded",
                       "\"id\":\"ch_1\",\"captured\":true,\"amount\":900,"
                       "\"payment_intent\":null,\"currency\":\"usd\"," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_OK, "a charge");
    is_str(&pm.tip.keys[1], "ch_1", "without a payment intent");

    is_int(parse(EVENT("checkout.session.async_payment_succeeded",
                       PAID ",\"metadata\":{\"room\":\"live/a\"}"),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_OK, "a slow checkout");
    is_int(pm.tip.user.len + pm.tip.name.len + pm.tip.text.len, 0,
           "of nobody");
}


static void
test_others(void)
{
    is_int(parse(EVENT("invoice.paid", PAID), NGX_LIVE_CHAT_EVENTS_ALL),
           NGX_DECLINED, "another type");
    is_int(parse(CHECKOUT(PAID "," META), NGX_LIVE_CHAT_EVENT_CHARGE),
           NGX_DECLINED, "a type that is not wanted");
    is_int(parse(CHECKOUT(PAID), NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED,
           "no metadata");
    is_int(parse(CHECKOUT(PAID ",\"metadata\":{}"), NGX_LIVE_CHAT_EVENTS_ALL),
           NGX_DECLINED, "no room");
    is_int(parse(CHECKOUT(PAID ",\"metadata\":{\"room\":\"a\"}"),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "a bad room");
    is_int(parse(CHECKOUT(PAID ",\"metadata\":{\"room\":\"a/b/c\"}"),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "a path");
    is_int(parse(CHECKOUT(PAID ",\"metadata\":{\"room\":\"/\"}"),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "nothing");
    is_int(parse(CHECKOUT("\"id\":\"cs_1\",\"payment_status\":\"unpaid\","
                          "\"amount_total\":500,\"currency\":\"eur\"," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "not paid");
    is_int(parse(EVENT("charge.succeeded",
                       "\"id\":\"ch_1\",\"captured\":false,\"amount\":900,"
                       "\"currency\":\"usd\"," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "not captured");
    is_int(parse(CHECKOUT("\"id\":\"cs_1\",\"payment_status\":\"paid\","
                          "\"amount_total\":0,\"currency\":\"eur\"," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "for nothing");
    is_int(parse(CHECKOUT("\"id\":\"cs_1\",\"payment_status\":\"paid\","
                          "\"amount_total\":5,\"currency\":null," META),
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_DECLINED, "no currency");
    ok(reason != NULL, "there is a reason");
}


static void
test_bad(void)
{
    is_int(parse("", NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR, "empty");
    is_int(parse("[]", NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR, "no object");
    is_int(parse("{\"type\":\"charge.succeeded\"}", NGX_LIVE_CHAT_EVENTS_ALL),
           NGX_ERROR, "no id");
    is_int(parse("{\"id\":\"evt 1\",\"type\":\"charge.succeeded\"}",
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR, "a bad id");
    is_int(parse("{\"id\":\"evt_1\"}", NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR,
           "no type");
    is_int(parse("{\"id\":\"evt_1\",\"type\":\"charge.succeeded\"}",
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR, "no object in it");
    is_int(parse("{\"id\":\"evt_1\",\"id\":\"evt_2\","
                 "\"type\":\"charge.succeeded\"}",
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR, "two ids");
    is_int(parse("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
                 NGX_LIVE_CHAT_EVENTS_ALL), NGX_ERROR, "too deep");
}
