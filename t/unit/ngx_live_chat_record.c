
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of what Redis has of rooms: what is taken, and what is refused. */


#include "ngx_live_chat_record.h"
#include "ngx_unit.h"


#define FIELDS  32


static ngx_int_t parse(ngx_uint_t passing, ...);
static ngx_str_t text(const char *p);
static void test_record(void);
static void test_refused(void);
static void test_effect(void);
static void test_opening(void);
static void test_mark(void);


static ngx_pool_t              *pool;
static const char              *reason;
static ngx_live_chat_record_t   rec;


int
main(void)
{
    pool = ngx_create_pool(4096, NULL);

    test_record();
    test_refused();
    test_effect();
    test_opening();
    test_mark();

    ngx_destroy_pool(pool);

    return done_testing();
}


static ngx_str_t
text(const char *p)
{
    ngx_str_t  s;

    s.len = strlen(p);
    s.data = buf_copy(p, s.len);

    return s;
}


/* an entry of these fields and values, up to NULL */

static ngx_int_t
parse(ngx_uint_t passing, ...)
{
    va_list                 args;
    const char             *p;
    ngx_live_redis_reply_t  reply, e[2], fields[FIELDS];

    memset(&reply, 0, sizeof(reply));
    memset(e, 0, sizeof(e));
    memset(fields, 0, sizeof(fields));

    reply.type = NGX_LIVE_REDIS_ARRAY;
    reply.n = 2;
    reply.elts = e;

    e[0].type = NGX_LIVE_REDIS_STRING;
    e[0].str = text("1700000000000-3");
    e[1].type = NGX_LIVE_REDIS_ARRAY;
    e[1].elts = fields;

    va_start(args, passing);

    while ((p = va_arg(args, const char *)) && e[1].n < FIELDS) {
        fields[e[1].n].type = NGX_LIVE_REDIS_STRING;
        fields[e[1].n++].str = text(p);
    }

    va_end(args);

    return ngx_live_chat_record_parse(&reply, &rec, passing, pool, &reason);
}


#define OURS                                                                  \
    "p", "0123456789abcdef", "n", "00c0ffee", "s", "7",                       \
    "o", "1700000000000-9", "u", "4294967295"

#define HEAD  "{\"type\":\"message\","


static void
test_record(void)
{
    is_int(parse(0, OURS, "h", HEAD, "t", ",\"ts\":1,\"text\":\"hi\"}",
                 "e", "", "z", "of later", "later", "too", NULL),
           NGX_OK, "an entry");
    is_int(rec.id.ms, 1700000000000, "ms");
    is_int(rec.id.seq, 3, "seq");
    is_int(rec.epoch, 0x0123456789abcdef, "epoch");
    is_int(rec.node, 0xc0ffee, "node");
    is_int(rec.seq, 7, "its number");
    is_int(rec.origin.seq, 9, "origin");
    is_int(rec.user, UINT32_MAX, "user");
    is_str(&rec.head, HEAD, "head");
    is_str(&rec.tail, ",\"ts\":1,\"text\":\"hi\"}", "tail");
    is_int(rec.effect.type, NGX_LIVE_CHAT_EFFECT_NONE, "no effect");

    is_int(parse(0, OURS, "h", "", "t", "", "e", "shadow 0-0 5 0 joe",
                 NULL),
           NGX_OK, "without a text");
    is_int(rec.effect.type, NGX_LIVE_CHAT_EFFECT_SHADOW, "an effect");
    is_str(&rec.effect.user, "joe", "of a user");

    is_int(parse(0, OURS, "r", "9007199254740991", "e",
                 "tip 0-0 0 500 EUR k1 k2", NULL),
           NGX_OK, "a sum");
    is_int(rec.effect.sum, 9007199254740991, "of Redis");
    is_int(rec.effect.repeated, 0, "is not repeated");
    is_str(&rec.effect.user, "EUR k1 k2", "currency and keys");

    is_int(parse(0, OURS, "e", "tip 0-0 0 500 EUR k1", "r", "0", NULL),
           NGX_OK, "no sum");
    is_int(rec.effect.repeated, 1, "is repeated");

    is_int(parse(0, OURS, "r", "", NULL), NGX_OK, "an empty one");
    is_int(rec.effect.repeated, 0, "is none");
    is_int(parse(0, OURS, "r", "-1", NULL), NGX_DECLINED, "negative");
    is_int(parse(0, OURS, "r", "9007199254740992", NULL), NGX_DECLINED,
           "too much");

    is_int(parse(1, "n", "00000001", "k", "live/a", "h",
                 "{\"type\":\"reactions\",", "t", ",\"reactions\":{}}", NULL),
           NGX_OK, "what passes");
    is_str(&rec.room, "live/a", "its room");
}


#define is_refused(...)                                                       \
    is_int(parse(0, __VA_ARGS__, NULL), NGX_DECLINED, "refused")


static void
test_refused(void)
{
    u_char                  *p;
    ngx_live_redis_reply_t   reply;

    memset(&reply, 0, sizeof(reply));
    is_int(ngx_live_chat_record_parse(&reply, &rec, 0, pool, &reason),
           NGX_DECLINED, "nil");

    is_refused("x");
    is_refused(OURS, "h");
    is_refused("n", "00c0ffee", "s", "7");
    is_refused(OURS, "p", "0000000000000000");
    is_refused(OURS, "p", "0123456789ABCDEF");
    is_refused(OURS, "n", "c0ffee");
    is_refused(OURS, "s", "0");
    is_refused(OURS, "s", "-1");
    is_refused(OURS, "s", "99999999999999999999");
    is_refused(OURS, "u", "4294967296");
    is_refused(OURS, "o", "1-01");

    is_refused(OURS, "h", HEAD);
    is_refused(OURS, "t", ",\"text\":\"\"}");
    is_refused(OURS, "h", "{\"type\":\"message\"", "t", ",\"text\":\"\"}");
    is_refused(OURS, "h", "{\"text\":\"\",", "t", ",\"type\":\"message\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"text\":\"\"");
    is_refused(OURS, "h", HEAD, "t", ",\"text\":\"\"}]");
    is_refused(OURS, "h", HEAD, "t", ",\"text\":\"\"}{}");
    is_refused(OURS, "h", HEAD, "t", ",\"text\":\"\n\"}");
    is_refused(OURS, "h", HEAD, "t", ",\n\"text\":\"\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"text\":\"\xff\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"id\":\"1-1\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"cursor\":\"x\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"origin\":\"1-1\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"type\":\"tip\"}");
    is_refused(OURS, "h", HEAD, "t", ",\"a\":[[[[[]]]]]}");

    p = malloc(NGX_LIVE_CHAT_RECORD_HEAD + 32);
    memset(p, 'a', NGX_LIVE_CHAT_RECORD_HEAD + 32);
    memcpy(p, "{\"type\":\"", 9);
    memcpy(p + NGX_LIVE_CHAT_RECORD_HEAD, "\",", 3);
    is_refused(OURS, "h", (char *) p, "t", ",\"text\":\"\"}");
    free(p);

    is_refused(OURS, "e", "ban");
    is_refused(OURS, "e", "ban 0-0 1 0 ");
    is_refused(OURS, "e", "ban 0-0 -1 0 joe");
    is_refused(OURS, "e", "ban x 1 0 joe");
    is_refused(OURS, "e", "slow 0-0 0 86401 ");
    is_refused(OURS, "e", "tip 0-0 0 0 EUR");
}


static void
test_effect(void)
{
    u_char                  buf[NGX_LIVE_CHAT_EFFECT_LEN + 64], *p;
    ngx_uint_t              i;
    ngx_live_chat_effect_t  effect, copy;

    for (i = 1; i < NGX_LIVE_CHAT_EFFECTS; i++) {
        memset(&effect, 0, sizeof(effect));

        effect.type = i;
        effect.message.ms = UINT64_MAX;
        effect.message.seq = UINT64_MAX;
        effect.until = NGX_LIVE_CHAT_EVER;
        effect.number = 7;
        effect.user = text("joe doe");

        p = ngx_live_chat_effect_write(buf, &effect);

        is_int(ngx_live_chat_effect_parse(buf, p - buf, &copy), NGX_OK,
               "effect %d", (int) i);
        ok(copy.type == i && copy.message.seq == UINT64_MAX
           && copy.until == NGX_LIVE_CHAT_EVER && copy.number == 7,
           "is as it was");
        is_str(&copy.user, "joe doe", "its user");
    }

    is_int(ngx_live_chat_effect_parse((u_char *) "new 0-0 0 0 ", 12,
                                      &copy),
           NGX_OK, "of a later version");
    is_int(copy.type, NGX_LIVE_CHAT_EFFECT_NONE, "does nothing");

    memset(&effect, 0, sizeof(effect));
    ok(ngx_live_chat_effect_write(buf, &effect) == buf, "none");
    is_int(ngx_live_chat_effect_parse(buf, 0, &copy), NGX_OK, "none");
}


static void
test_opening(void)
{
    ngx_live_redis_reply_t   reply, e[8], meta[8];
    ngx_live_chat_opening_t  o;

    memset(&reply, 0, sizeof(reply));
    memset(e, 0, sizeof(e));
    memset(meta, 0, sizeof(meta));

    reply.type = NGX_LIVE_REDIS_ARRAY;
    reply.n = 8;
    reply.elts = e;

    e[0].type = NGX_LIVE_REDIS_STRING;
    e[0].str = text("00000000000000ff");
    e[1].type = NGX_LIVE_REDIS_STRING;
    e[1].str = text("5-6");
    e[2].type = NGX_LIVE_REDIS_STRING;
    e[2].str = text("3-4");
    e[3].type = NGX_LIVE_REDIS_STRING;
    e[3].str = text("12");
    e[4].type = NGX_LIVE_REDIS_ARRAY;
    e[4].elts = meta;
    e[4].n = 8;
    e[5].type = NGX_LIVE_REDIS_ARRAY;
    e[6].type = NGX_LIVE_REDIS_ARRAY;
    e[7].type = NGX_LIVE_REDIS_INTEGER;

    meta[0].str = text("slow");
    meta[1].str = text("9");
    meta[2].str = text("pinned");
    meta[3].str = text("7-8");
    meta[4].str = text("restrict");
    meta[5].str = text("1");
    meta[6].str = text("of later");
    meta[7].str = text("x");

    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_ERROR, "types");

    meta[0].type = meta[1].type = meta[2].type = meta[3].type =
    meta[4].type = meta[5].type = meta[6].type = meta[7].type =
        NGX_LIVE_REDIS_STRING;

    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_OK, "an opening");
    is_int(o.epoch, 255, "epoch");
    is_int(o.last.ms, 5, "last");
    is_int(o.first.seq, 4, "first");
    is_int(o.seq, 12, "number");
    ok(o.slow_set && o.slow == 9, "slow mode");
    is_int(o.pinned.seq, 8, "pinned");
    ok(o.restricted_set && o.restricted == 1, "restricted");

    meta[1].str = text("99999999");
    meta[3].str = text("7");
    meta[5].str = text("-");
    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_OK, "strange values");
    ok(!o.slow_set && o.pinned.ms == 0 && !o.restricted_set,
       "are as if not set");

    meta[5].str = text("3");
    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_OK, "restricted");
    ok(!o.restricted_set, "in no known way");

    e[4].n = 7;
    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_ERROR, "odd");
    e[4].n = 8;
    reply.n = 7;
    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_ERROR, "too few");
    reply.n = 8;
    e[0].str = text("0000000000000000");
    is_int(ngx_live_chat_opening_parse(&reply, &o), NGX_ERROR, "no epoch");
}


static void
test_mark(void)
{
    int64_t                 amount;
    ngx_str_t               name, value;
    ngx_live_chat_effect_t  effect;

    name = text("total EUR");
    value = text("500");
    is_int(ngx_live_chat_total_parse(&name, &value, &amount), NGX_OK,
           "a total");
    is_int(amount, 500, "its amount");
    value = text("9007199254740992");
    is_int(ngx_live_chat_total_parse(&name, &value, &amount), NGX_DECLINED,
           "too much");
    value = text("-1");
    is_int(ngx_live_chat_total_parse(&name, &value, &amount), NGX_DECLINED,
           "negative");

    name = text("b joe doe");
    value = text("1234");
    is_int(ngx_live_chat_mark_parse(&name, &value, &effect), NGX_OK, "a ban");
    is_int(ngx_live_chat_total_parse(&name, &value, &amount), NGX_DECLINED,
           "which is no total");
    is_int(effect.type, NGX_LIVE_CHAT_EFFECT_BAN, "a ban");
    is_int(effect.until, 1234, "until");
    is_str(&effect.user, "joe doe", "of whom");

    name = text("m joe");
    is_int(ngx_live_chat_mark_parse(&name, &value, &effect), NGX_OK, "muted");
    is_int(effect.type, NGX_LIVE_CHAT_EFFECT_TIMEOUT, "muted");

    name = text("s joe");
    is_int(ngx_live_chat_mark_parse(&name, &value, &effect), NGX_OK, "shadow");
    is_int(effect.type, NGX_LIVE_CHAT_EFFECT_SHADOW, "shadow");

    name = text("x joe");
    is_int(ngx_live_chat_mark_parse(&name, &value, &effect), NGX_DECLINED,
           "no mark");
    name = text("b ");
    is_int(ngx_live_chat_mark_parse(&name, &value, &effect), NGX_DECLINED,
           "no user");
    name = text("b joe");
    value = text("x");
    is_int(ngx_live_chat_mark_parse(&name, &value, &effect), NGX_DECLINED,
           "no time");
}
