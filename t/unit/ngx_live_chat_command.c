
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of commands: each type, and what is refused by which code. */


#include "ngx_live_chat_command.h"
#include "ngx_unit.h"


#define CURSOR  "AAAAAAAAAAEAAAAAAAAAAgAAAAAAAAAD"

/* with which code, and that there is a reason for people */
#define is_refused(json, expected)                                            \
    (is_int(parse(json), NGX_ERROR, "%s", json),                              \
     is_str(&cmd.code, expected, "its code"),                                 \
     ok(cmd.error != NULL, "because %s", cmd.error))


static ngx_live_chat_command_t  cmd;
static ngx_live_chat_limits_t   limits = { 1024, 20, 10, 100 };


static ngx_int_t parse(const char *json);
static ngx_int_t parse_len(const char *json, size_t len);
static void test_join(void);
static void test_message(void);
static void test_others(void);
static void test_moderate(void);
static void test_tip(void);
static void test_poll(void);
static void test_json(void);


int
main(void)
{
    test_join();
    test_message();
    test_others();
    test_moderate();
    test_tip();
    test_poll();
    test_json();

    return done_testing();
}


static ngx_int_t
parse(const char *json)
{
    return parse_len(json, strlen(json));
}


static ngx_int_t
parse_len(const char *json, size_t len)
{
    return ngx_live_chat_command_parse(buf_copy(json, len), len,
                                       buf_copy(json, len), &limits, &cmd);
}


static void
test_join(void)
{
    u_char                  json[256], *p;
    ngx_live_chat_cursor_t  cursor = { 1, { 2, 3 }, 0, { 0, 0 } };

    is_int(parse("{\"type\":\"join\"}"), NGX_OK, "join");
    is_int(cmd.type, NGX_LIVE_CHAT_JOIN, "type");
    is_int(cmd.has_cursor, 0, "no cursor");
    is_int(cmd.name.len, 0, "no name");
    is_int(cmd.id.len, 0, "no id");

    p = ngx_cpymem(json, "{\"type\":\"join\",\"cursor\":\"", 25);
    p = ngx_live_chat_cursor_write(p, &cursor);
    p = ngx_cpymem(p, "\",\"name\":\" Joe\\nDoe \"}", 22);
    *p = '\0';

    is_int(parse((char *) json), NGX_OK, "with a cursor");
    is_int(cmd.has_cursor, 1, "cursor");
    is_int(cmd.cursor.epoch, 1, "epoch");
    is_int(cmd.cursor.id.seq, 3, "seq");
    is_str(&cmd.name, "Joe Doe", "name");

    is_int(parse("{\"type\":\"join\",\"cursor\":null,\"name\":null}"), NGX_OK,
           "null is as missing");
    is_int(parse("{\"type\":\"join\",\"name\":\"\"}"), NGX_OK, "empty name");
    is_int(cmd.name.len, 0, "no name");
    is_int(parse("{\"type\":\"join\",\"new\":[{}]}"), NGX_OK,
           "of a newer client");

    is_refused("{\"type\":\"join\",\"cursor\":\"" CURSOR "\"}", "bad_cursor");
    is_refused("{\"type\":\"join\",\"cursor\":1}", "bad_cursor");
    is_refused("{\"type\":\"join\",\"name\":1}", "bad_field");
    is_refused("{\"type\":\"join\",\"name\":\"01234567890\"}", "too_long");
}


static void
test_message(void)
{
    is_int(parse("{\"type\":\"message\",\"text\":\" Hi\\u0007! "
                 "\\ud83d\\ude00\",\"id\":\"n-1\"}"), NGX_OK, "message");
    is_int(cmd.type, NGX_LIVE_CHAT_MESSAGE, "type");
    is_str(&cmd.text, "Hi! \xf0\x9f\x98\x80", "text");
    is_str(&cmd.id, "n-1", "id");

    is_int(parse("{\"type\":\"message\",\"text\":\"a\\nb\"}"), NGX_OK,
           "two lines");
    is_str(&cmd.text, "a\nb", "text");

    is_int(parse("{\"type\":\"message\",\"text\":\"01234567890123456789\"}"),
           NGX_OK, "as long as may be");

    is_refused("{\"type\":\"message\",\"text\":\"012345678901234567890\"}",
               "too_long");
    is_refused("{\"type\":\"message\",\"text\":\"\"}", "empty");
    is_refused("{\"type\":\"message\",\"text\":\" \\u200b\\n\"}", "empty");
    is_refused("{\"type\":\"message\",\"id\":\"n\"}", "bad_field");
    is_str(&cmd.id, "n", "the id is there");
    is_refused("{\"type\":\"message\",\"text\":5}", "bad_field");
    is_refused("{\"type\":\"message\",\"text\":[\"a\"]}", "bad_field");
    is_refused("{\"type\":\"message\",\"text\":\"a\",\"id\":1}", "bad_field");
    is_refused("{\"type\":\"message\",\"text\":\"a\",\"id\":\"\"}",
               "bad_field");
    is_refused("{\"type\":\"message\",\"text\":\"a\",\"id\":\"a b\"}",
               "bad_field");
    is_refused("{\"type\":\"message\",\"text\":\"a\",\"id\":\"\\\"\"}",
               "bad_field");
    is_int(cmd.id.len, 0, "it is not there");
    is_refused("{\"type\":\"message\",\"text\":\"a\",\"id\":\""
               "0123456789012345678901234567890123456789012345678901234567890"
               "1234\"}", "bad_field");
}


static void
test_others(void)
{
    is_int(parse("{\"type\":\"reaction\",\"kind\":\"heart\"}"), NGX_OK,
           "reaction");
    is_int(cmd.type, NGX_LIVE_CHAT_REACTION, "type");
    is_str(&cmd.kind, "heart", "kind");
    is_int(parse("{\"type\":\"reaction\",\"kind\":\"\\u2764\\ufe0f\"}"),
           NGX_OK, "emoji");
    is_str(&cmd.kind, "\xe2\x9d\xa4\xef\xb8\x8f", "kind");

    is_refused("{\"type\":\"reaction\"}", "bad_field");
    is_refused("{\"type\":\"reaction\",\"kind\":\"\"}", "bad_field");
    is_refused("{\"type\":\"reaction\",\"kind\":\"no kind\"}", "bad_field");

    is_int(parse("{\"type\":\"typing\"}"), NGX_OK, "typing");
    is_int(cmd.type, NGX_LIVE_CHAT_TYPING, "type");
    is_int(cmd.on, 1, "on");
    is_int(parse("{\"type\":\"typing\",\"on\":false}"), NGX_OK, "no more");
    is_int(cmd.on, 0, "off");
    is_refused("{\"type\":\"typing\",\"on\":1}", "bad_field");

    is_int(parse("{\"type\":\"status\",\"audio\":true,\"video\":false}"),
           NGX_OK, "status");
    is_int(cmd.type, NGX_LIVE_CHAT_STATUS, "type");
    is_int(cmd.audio, 1, "audio");
    is_int(cmd.video, 0, "video");
    is_int(parse("{\"type\":\"status\",\"video\":true}"), NGX_OK, "one");
    is_int(cmd.audio, -1, "as it was");
    is_refused("{\"type\":\"status\"}", "bad_field");
    is_refused("{\"type\":\"status\",\"audio\":\"on\"}", "bad_field");
    is_refused("{\"type\":\"status\",\"video\":0}", "bad_field");

    is_int(parse("{\"type\":\"history\"}"), NGX_OK, "history");
    is_int(cmd.type, NGX_LIVE_CHAT_HISTORY, "type");
    is_int(cmd.limit, 0, "no limit");
    is_int(cmd.has_message, 0, "the newest");
    is_int(parse("{\"type\":\"history\",\"before\":\"5-6\",\"limit\":100}"),
           NGX_OK, "before a message");
    is_int(cmd.limit, 100, "limit");
    is_int(cmd.has_message, 1, "before");
    is_int(cmd.message.ms, 5, "ms");
    is_int(cmd.message.seq, 6, "seq");
    is_int(parse("{\"type\":\"history\",\"from\":\"93500\","
                 "\"to\":\"2023-11-14T22:13:20Z\"}"),
           NGX_OK, "history of a time");
    ok(cmd.has_from && cmd.has_to, "from and to");
    is_int(cmd.from.ms, 93500, "from");
    is_int(cmd.to.ms, 1700000000000, "to");

    is_refused("{\"type\":\"history\",\"from\":5}", "bad_field");
    is_refused("{\"type\":\"history\",\"to\":\"soon\"}", "bad_field");
    is_refused("{\"type\":\"history\",\"limit\":0}", "bad_field");
    is_refused("{\"type\":\"history\",\"limit\":101}", "bad_field");
    is_refused("{\"type\":\"history\",\"limit\":1.5}", "bad_field");
    is_refused("{\"type\":\"history\",\"limit\":\"1\"}", "bad_field");
    is_refused("{\"type\":\"history\",\"before\":\"5\"}", "bad_field");
    is_refused("{\"type\":\"history\",\"before\":5}", "bad_field");
}


static void
test_moderate(void)
{
    ngx_uint_t   i;
    const char  *json;

    const char *good[] = {
        "{\"type\":\"moderate\",\"action\":\"delete\",\"target\":\"1-0\"}",
        "{\"type\":\"moderate\",\"action\":\"ban\",\"target\":\"u\"}",
        "{\"type\":\"moderate\",\"action\":\"unban\",\"target\":\"u\"}",
        "{\"type\":\"moderate\",\"action\":\"timeout\",\"target\":\"u\","
            "\"seconds\":1}",
        "{\"type\":\"moderate\",\"action\":\"purge\",\"target\":\"u\"}",
        "{\"type\":\"moderate\",\"action\":\"pin\",\"target\":\"1-0\"}",
        "{\"type\":\"moderate\",\"action\":\"unpin\"}",
        "{\"type\":\"moderate\",\"action\":\"clear\"}",
        "{\"type\":\"moderate\",\"action\":\"slow\",\"seconds\":0}",
        "{\"type\":\"moderate\",\"action\":\"shadow\",\"target\":\"u\"}"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_int(parse(good[i]), NGX_OK, "%s", good[i]);
        is_int(cmd.type, NGX_LIVE_CHAT_MODERATE, "type");
        is_int(cmd.action, i, "action");
        ok(strstr(good[i], (char *) ngx_live_chat_action_names[i].data)
           != NULL, "name");
        is_int(cmd.seconds, i == NGX_LIVE_CHAT_TIMEOUT, "seconds");
    }

    json = "{\"type\":\"moderate\",\"action\":\"ban\","
           "\"target\":\"guest-\\u00e4\",\"seconds\":3600,"
           "\"reason\":\" spam\\n\",\"id\":\"7\"}";

    is_int(parse(json), NGX_OK, "ban");
    is_str(&cmd.user, "guest-\xc3\xa4", "user");
    is_int(cmd.seconds, 3600, "seconds");
    is_str(&cmd.reason, "spam", "reason");
    is_str(&cmd.id, "7", "id");

    is_int(parse("{\"type\":\"moderate\",\"action\":\"unpin\","
                 "\"target\":\"9-1\"}"), NGX_OK, "unpin a message");
    is_int(cmd.has_message, 1, "message");
    is_int(cmd.message.ms, 9, "ms");

    is_refused("{\"type\":\"moderate\"}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"Ban\"}",
               "unknown_action");
    is_refused("{\"type\":\"moderate\",\"action\":\"\"}", "unknown_action");
    is_refused("{\"type\":\"moderate\",\"action\":\"ban\"}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"ban\",\"target\":\"\"}",
               "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"ban\",\"target\":\"a\\n\"}",
               "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"ban\",\"target\":\"a\","
               "\"seconds\":-1}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"ban\",\"target\":\"a\","
               "\"seconds\":99999999999}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"ban\",\"target\":\"a\","
               "\"reason\":true}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"delete\","
               "\"target\":\"user\"}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"timeout\","
               "\"target\":\"a\"}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"timeout\","
               "\"target\":\"a\",\"seconds\":0}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"slow\"}", "bad_field");
    is_refused("{\"type\":\"moderate\",\"action\":\"pin\"}", "bad_field");
}


static void
test_tip(void)
{
    is_int(parse("{\"type\":\"tip\",\"amount\":5,\"currency\":\"eUr\"}"),
           NGX_OK, "tip");
    is_int(cmd.type, NGX_LIVE_CHAT_TIP, "type");
    is_int(cmd.tip.amount, 5, "amount");
    is_mem(cmd.tip.currency, 3, "EUR", 3, "currency in upper case");
    is_int(cmd.tip.user.len + cmd.tip.name.len + cmd.tip.text.len
           + cmd.tip.keys[0].len, 0, "of nobody");

    is_int(parse("{\"type\":\"tip\",\"amount\":1000000000000,"
                 "\"currency\":\"JPY\",\"user\":{\"id\":\"u-1\","
                 "\"name\":\" Joe \"},\"text\":\" hi \",\"key\":\"k-1\","
                 "\"id\":\"n\"}"), NGX_OK, "all of it");
    is_str(&cmd.tip.user, "u-1", "user");
    is_str(&cmd.tip.name, "Joe", "name");
    is_str(&cmd.tip.text, "hi", "text");
    is_str(&cmd.tip.keys[0], "k-1", "key");
    is_str(&cmd.id, "n", "id of the command");

    is_int(parse("{\"type\":\"tip\",\"amount\":5,\"currency\":\"EUR\","
                 "\"text\":\" \",\"user\":{\"name\":\"\"}}"), NGX_OK,
           "nothing to be seen");
    is_int(cmd.code.len, 0, "is no error");

    is_refused("{\"type\":\"tip\",\"amount\":0,\"currency\":\"EUR\"}",
               "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1000000000001,"
               "\"currency\":\"EUR\"}", "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1.0,\"currency\":\"EUR\"}",
               "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"EU\"}",
               "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"E R\"}",
               "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"EUR\","
               "\"key\":\"a b\"}", "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"EUR\","
               "\"key\":\"\"}", "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"EUR\","
               "\"user\":\"joe\"}", "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"EUR\","
               "\"user\":{\"id\":7}}", "bad_field");
    is_refused("{\"type\":\"tip\",\"amount\":1,\"currency\":\"EUR\","
               "\"text\":\"123456789012345678901\"}", "too_long");

    is_int(parse("{\"type\":\"announcement\",\"text\":\"At nine.\"}"), NGX_OK,
           "announcement");
    is_int(cmd.type, NGX_LIVE_CHAT_ANNOUNCEMENT, "type");
    is_str(&cmd.text, "At nine.", "text");
    is_refused("{\"type\":\"announcement\"}", "bad_field");
}


static void
test_poll(void)
{
    is_int(parse("{\"type\":\"poll\",\"question\":\" Tea? \",\"options\":"
                 "[\"yes\",\" no\"],\"seconds\":60}"), NGX_OK, "poll");
    is_int(cmd.type, NGX_LIVE_CHAT_POLL, "type");
    is_str(&cmd.text, "Tea?", "question");
    is_int(cmd.noptions, 2, "options");
    is_str(&cmd.options[0], "yes", "one");
    is_str(&cmd.options[1], "no", "another");
    is_int(cmd.seconds, 60, "seconds");

    is_refused("{\"type\":\"poll\",\"question\":\"?\",\"options\":[\"a\"]}",
               "bad_field");
    is_refused("{\"type\":\"poll\",\"question\":\"?\",\"options\":[\"1\","
               "\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\","
               "\"11\"]}", "bad_field");
    is_refused("{\"type\":\"poll\",\"question\":\"?\",\"options\":[\"a\",1]}",
               "bad_field");
    is_refused("{\"type\":\"poll\",\"question\":\"?\",\"options\":[\"a\","
               "\" \"]}", "empty");
    is_refused("{\"type\":\"poll\",\"options\":[\"a\",\"b\"]}", "bad_field");
    is_refused("{\"type\":\"poll\",\"question\":\"?\",\"options\":\"a\"}",
               "bad_field");
    is_refused("{\"type\":\"poll\",\"question\":\"?\",\"options\":[\"a\","
               "\"b\"],\"seconds\":86401}", "bad_field");

    is_int(parse("{\"type\":\"vote\",\"option\":9,\"poll\":\"5-6\"}"), NGX_OK,
           "vote");
    is_int(cmd.option, 9, "option");
    is_int(cmd.has_message, 1, "of a poll");
    is_int(cmd.message.ms, 5, "its id");
    is_int(parse("{\"type\":\"vote\",\"option\":0}"), NGX_OK, "the open one");
    is_int(cmd.has_message, 0, "has no id");
    is_refused("{\"type\":\"vote\"}", "bad_field");
    is_refused("{\"type\":\"vote\",\"option\":10}", "bad_field");
    is_refused("{\"type\":\"vote\",\"option\":-1}", "bad_field");
    is_refused("{\"type\":\"vote\",\"option\":1,\"poll\":\"a\"}", "bad_field");

    is_int(parse("{\"type\":\"poll_end\"}"), NGX_OK, "end");
    is_int(cmd.type, NGX_LIVE_CHAT_POLL_END, "type");
}


static void
test_json(void)
{
    char    long_text[1100];
    size_t  len;

    is_refused("", "bad_json");
    is_refused("hello", "bad_json");
    is_refused("[]", "bad_json");
    is_refused("\"join\"", "bad_json");
    is_refused("{\"type\":\"join\"", "bad_json");
    is_refused("{\"type\":\"join\"}}", "bad_json");
    is_refused("{\"type\":\"join\",\"type\":\"join\"}", "bad_json");
    is_refused("{\"type\":\"message\",\"text\":\"\\u0000\"}", "bad_json");
    is_refused("{\"type\":\"message\",\"text\":\"\\ud800\"}", "bad_json");
    is_refused("{\"type\":\"message\",\"text\":\"\xc0\x80\"}", "bad_json");
    is_refused("{\"a\":[[[[]]]],\"type\":\"join\"}", "bad_json");
    is_refused("{}", "bad_field");
    is_refused("{\"type\":1}", "bad_field");
    is_refused("{\"type\":\"\"}", "unknown_type");
    is_refused("{\"type\":\"welcome\"}", "unknown_type");

    is_int(parse("{\"a\":[[[]]],\"b\":\"[[[[[[\\\"[[\",\"type\":\"join\"}"),
           NGX_OK, "brackets in strings");

    is_int(parse_len("{\"type\":\"join\"\0}", 16), NGX_ERROR, "NUL");

    len = sizeof(long_text);
    memset(long_text, ' ', len);
    memcpy(long_text, "{\"type\":\"join\"}", 15);

    is_int(parse_len(long_text, 1024), NGX_OK, "1024 bytes");
    is_int(parse_len(long_text, 1025), NGX_ERROR, "one more");
    is_str(&cmd.code, "too_long", "its code");
}
