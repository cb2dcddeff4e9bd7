
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the chat's state: both ways, what is refused. */


#include "ngx_live_chat_state.h"
#include "ngx_unit.h"


#define HEAD  "nginx-live chat 1\nsecret 000102030405060708090a0b0c0d0e0f\n"


static void test_both(void);
static void test_refused(void);


int
main(void)
{
    test_both();
    test_refused();

    return done_testing();
}


static void
test_both(void)
{
    u_char                  buf[1024], secret[NGX_LIVE_CHAT_SECRET_LEN], *p;
    ngx_uint_t              i;
    ngx_str_t               room = ngx_string("live/a b");
    ngx_str_t               user = ngx_string("\xc3\xa4%\n");
    ngx_live_chat_marks_t   marks = { (int64_t) 1 << 62, 0, 1700000000000 };
    ngx_live_chat_state_t   st;
    const char             *text = HEAD
        "user live/a%20b %c3%a4%25%0a 4611686018427387904 0 1700000000000\n"
        "end\n";

    for (i = 0; i < NGX_LIVE_CHAT_SECRET_LEN; i++) {
        secret[i] = (u_char) i;
    }

    p = ngx_live_chat_state_write_start(buf, secret);
    p = ngx_live_chat_state_write(p, &room, &user, &marks);
    p = ngx_live_chat_state_write_end(p);

    is_mem(buf, p - buf, text, strlen(text), "written");
    ok((size_t) (p - buf) <= NGX_LIVE_CHAT_STATE_SIZE
          + ngx_live_chat_state_size(room.len, user.len), "in the size");

    is_int(ngx_live_chat_state_start(&st, buf, p - buf), NGX_OK, "start");
    is_mem(st.secret, NGX_LIVE_CHAT_SECRET_LEN, secret,
           NGX_LIVE_CHAT_SECRET_LEN, "secret");
    is_int(ngx_live_chat_state_next(&st), NGX_OK, "a user");
    is_mem(st.room.data, st.room.len, "live/a b", 8, "room");
    is_mem(st.user.data, st.user.len, "\xc3\xa4%\n", 4, "user");
    is_int(st.marks.banned, (int64_t) 1 << 62, "banned");
    is_int(st.marks.muted, 0, "muted");
    is_int(st.marks.shadow, 1700000000000, "shadow");
    is_int(ngx_live_chat_state_next(&st), NGX_DONE, "end");
}


static void
test_refused(void)
{
    size_t                   len;
    u_char                  *p;
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_live_chat_state_t    st;

    static const char  *bad[] = {
        "", "nginx-live chat 1", "nginx-live chat 2\n", HEAD,
        "nginx-live chat 1\nsecret 00\nend\n",
        "nginx-live chat 1\nsecret 000102030405060708090a0b0c0d0e0x\nend\n",
        HEAD "end", HEAD "end\nend\n", HEAD "end\n\n",
        HEAD "user\nend\n", HEAD "user a b 0 0\nend\n",
        HEAD "user a b 0 0 0 0\nend\n", HEAD "user a b 0 0 -1\nend\n",
        HEAD "user a b 0 0 9223372036854775808\nend\n",
        HEAD "user a b 0 0 99999999999999999999\nend\n",
        HEAD "user a% b 0 0 0\nend\n", HEAD "user a%2 b 0 0 0\nend\n",
        HEAD "user a b%xx 0 0 0\nend\n", HEAD "user  b 0 0 0\nend\n",
        HEAD "user a\tc b 0 0 0\nend\n", HEAD "room a b 0 0 0\nend\n",
        HEAD "user a b 0 0 0\r\nend\n", HEAD "\nend\n", NULL
    };

    for (i = 0; bad[i]; i++) {
        len = strlen(bad[i]);
        p = buf_copy(bad[i], len);

        rc = ngx_live_chat_state_start(&st, p, len);

        while (rc == NGX_OK) {
            rc = ngx_live_chat_state_next(&st);
        }

        is_int(rc, NGX_ERROR, bad[i]);
        ok(st.reason && st.line, "with a reason");
    }
}
