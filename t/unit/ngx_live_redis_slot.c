
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_unit.h>
#include <ngx_live_redis_slot.h>


static const char                 *reason;
static ngx_live_redis_range_t      range;
static ngx_live_redis_redirect_t   to;


static ngx_uint_t
slot(const char *text)
{
    ngx_str_t  key;

    key.len = strlen(text);
    key.data = buf_copy(text, key.len);

    return ngx_live_redis_slot(&key);
}


static ngx_int_t
redirect(const char *text)
{
    ngx_str_t  error;

    error.len = strlen(text);
    error.data = buf_copy(text, error.len);
    reason = "";

    return ngx_live_redis_slot_redirect(&error, &to, &reason);
}


static void
test_slot(void)
{
    /* the example of the specification, and what CLUSTER KEYSLOT says */

    is_int(slot("123456789"), 0x31c3, "the example");
    is_int(slot("foo"), 12182, "a key");
    is_int(slot("bar"), 5061, "another");
    is_int(slot("hello"), 866, "a third");
    is_int(slot(""), 0, "an empty one");

    is_int(slot("{foo}bar"), 12182, "hash tag");
    is_int(slot("x{foo}bar{y}"), 12182, "the first one");
    is_int(slot("x{foo}"), 12182, "at the end");
    is_int(slot("{{foo}"), slot("{foo"), "a brace in it");
    is_int(slot("x{{foo}}y"), slot("{foo"), "up to the first that closes");
    is_int(slot("a}{foo}"), 12182, "one that closes before it");

    ok(slot("{}foo") != slot(""), "an empty tag is none");
    ok(slot("{}{foo}") != 12182, "also when another one follows");
    ok(slot("{foo") != 12182, "an open one is none");
}


static void
test_redirect(void)
{
    is_int(redirect("MOVED 3999 127.0.0.1:6381"), NGX_OK, "MOVED");
    is_int(to.ask, 0, "for good");
    is_int(to.slot, 3999, "slot");
    is_str(&to.host, "127.0.0.1", "host");
    is_int(to.port, 6381, "port");

    is_int(redirect("ASK 0 ::1:7000"), NGX_OK, "ASK");
    is_int(to.ask, 1, "once");
    is_int(to.slot, 0, "slot");
    is_str(&to.host, "::1", "an IPv6 address");
    is_int(to.port, 7000, "port");

    is_int(redirect("MOVED 16383 redis-1.example.org:1"), NGX_OK, "a name");
    is_str(&to.host, "redis-1.example.org", "host");
    is_int(redirect("MOVED 1 :65535"), NGX_OK, "the same host");
    is_str(&to.host, "", "host");
    is_int(redirect("MOVED 1 ?:1"), NGX_OK, "an unknown host");
    is_str(&to.host, "", "host");

    is_int(redirect("ERR wrong"), NGX_DECLINED, "another error");
    is_int(redirect(""), NGX_DECLINED, "none");
    is_int(redirect("MOVED"), NGX_DECLINED, "a word");
    is_int(redirect("MOVED "), NGX_DECLINED, "and a blank");
    is_int(redirect("MOVEDX 1 a:1"), NGX_DECLINED, "another word");
    is_int(redirect("ASK "), NGX_DECLINED, "ASK and a blank");
    is_int(redirect("MOVED 1"), NGX_ERROR, "no address: %s", reason);
    is_int(redirect("MOVED 16384 a:1"), NGX_ERROR, "slot: %s", reason);
    is_int(redirect("MOVED -1 a:1"), NGX_ERROR, "negative: %s", reason);
    is_int(redirect("MOVED  a:1"), NGX_ERROR, "no slot: %s", reason);
    is_int(redirect("MOVED 99999999999999999999 a:1"), NGX_ERROR,
           "too large: %s", reason);
    is_int(redirect("MOVED 1 a"), NGX_ERROR, "no port: %s", reason);
    is_int(redirect("MOVED 1 "), NGX_ERROR, "no address: %s", reason);
    is_int(redirect("MOVED 1 a:"), NGX_ERROR, "empty port: %s", reason);
    is_int(redirect("MOVED 1 a:0"), NGX_ERROR, "port 0: %s", reason);
    is_int(redirect("MOVED 1 a:65536"), NGX_ERROR, "large port: %s", reason);
    is_int(redirect("MOVED 1 a b:1"), NGX_ERROR, "a blank: %s", reason);
    is_int(redirect("MOVED 1 a\r\nb:1"), NGX_ERROR, "lines: %s", reason);
}


static ngx_live_redis_reply_t
integer(int64_t n)
{
    ngx_live_redis_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = NGX_LIVE_REDIS_INTEGER;
    r.integer = n;

    return r;
}


static ngx_live_redis_reply_t
string(const char *text)
{
    ngx_live_redis_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = NGX_LIVE_REDIS_STRING;
    r.str.data = (u_char *) text;
    r.str.len = strlen(text);

    return r;
}


static ngx_live_redis_reply_t
array(ngx_live_redis_reply_t *elts, ngx_uint_t n)
{
    ngx_live_redis_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = NGX_LIVE_REDIS_ARRAY;
    r.elts = elts;
    r.n = n;

    return r;
}


static ngx_int_t
one(ngx_live_redis_reply_t first, ngx_live_redis_reply_t last,
    ngx_live_redis_reply_t host, ngx_live_redis_reply_t port)
{
    ngx_live_redis_reply_t  all, range_elts[3], node[2], range_reply;

    node[0] = host;
    node[1] = port;

    range_elts[0] = first;
    range_elts[1] = last;
    range_elts[2] = array(node, 2);

    range_reply = array(range_elts, 3);
    all = array(&range_reply, 1);

    reason = "";

    return ngx_live_redis_slot_range(&all, 0, &range, &reason);
}


static void
test_range(void)
{
    ngx_live_redis_reply_t  nil, all, inner, elts[3], node[2];

    memset(&nil, 0, sizeof(nil));

    is_int(one(integer(0), integer(5460), string("10.0.0.1"), integer(6379)),
           NGX_OK, "a range");
    is_int(range.first, 0, "first");
    is_int(range.last, 5460, "last");
    is_str(&range.host, "10.0.0.1", "host");
    is_int(range.port, 6379, "port");

    is_int(one(integer(16383), integer(16383), string(""), integer(1)),
           NGX_OK, "one slot");
    is_str(&range.host, "", "no host");
    is_int(one(integer(1), integer(2), nil, integer(1)), NGX_OK, "nil");
    is_str(&range.host, "", "no host");
    is_int(one(integer(1), integer(2), string("?"), integer(1)), NGX_OK,
           "not known");
    is_str(&range.host, "", "no host");

    is_int(one(integer(2), integer(1), string("a"), integer(1)), NGX_ERROR,
           "turned round: %s", reason);
    is_int(one(integer(-1), integer(1), string("a"), integer(1)), NGX_ERROR,
           "negative: %s", reason);
    is_int(one(integer(0), integer(16384), string("a"), integer(1)),
           NGX_ERROR, "too large: %s", reason);
    is_int(one(string("0"), integer(1), string("a"), integer(1)), NGX_ERROR,
           "a string: %s", reason);
    is_int(one(integer(0), integer(1), string("a"), integer(0)), NGX_ERROR,
           "port 0: %s", reason);
    is_int(one(integer(0), integer(1), string("a"), string("1")), NGX_ERROR,
           "port as a string: %s", reason);
    is_int(one(integer(0), integer(1), integer(1), integer(1)), NGX_ERROR,
           "host as a number: %s", reason);
    is_int(one(integer(0), integer(1), string("a/b"), integer(1)), NGX_ERROR,
           "strange host: %s", reason);

    all = array(NULL, 0);
    is_int(ngx_live_redis_slot_range(&all, 0, &range, &reason), NGX_DONE,
           "no ranges");
    is_int(ngx_live_redis_slot_range(&nil, 0, &range, &reason), NGX_ERROR,
           "nil: %s", reason);

    node[0] = string("a");
    elts[0] = integer(0);
    elts[1] = integer(1);
    elts[2] = array(node, 1);
    inner = array(elts, 3);
    all = array(&inner, 1);
    is_int(ngx_live_redis_slot_range(&all, 0, &range, &reason), NGX_ERROR,
           "half a node: %s", reason);

    inner = array(elts, 2);
    is_int(ngx_live_redis_slot_range(&all, 0, &range, &reason), NGX_ERROR,
           "no node: %s", reason);

    inner = nil;
    is_int(ngx_live_redis_slot_range(&all, 0, &range, &reason), NGX_ERROR,
           "no range: %s", reason);
}


int
main(void)
{
    test_slot();
    test_redirect();
    test_range();

    return done_testing();
}
