
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of commands: what is taken lies within the buffer and within
 * bounds, what is refused has a code and a reason.
 */


#include "ngx_live_chat_command.h"
#include "ngx_unit.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(u_char *buf, size_t size, ngx_str_t *text)
{
    if (text->len
        && (text->data < buf || text->data > buf + size
            || text->len > (size_t) (buf + size - text->data)))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   *p, *buf;
    ngx_uint_t                i;
    ngx_live_chat_limits_t    limits = { 2048, 40, 10, 100 };
    ngx_live_chat_command_t   cmd;

    p = malloc(size + 1);
    buf = malloc(size ? size : 1);

    if (p == NULL || buf == NULL) {
        abort();
    }

    memcpy(p, data, size);

    if (ngx_live_chat_command_parse(p, size, buf, &limits, &cmd) == NGX_OK) {

        check(buf, size, &cmd.text);
        check(buf, size, &cmd.name);
        check(buf, size, &cmd.kind);
        check(buf, size, &cmd.user);
        check(buf, size, &cmd.reason);
        check(buf, size, &cmd.tip.user);
        check(buf, size, &cmd.tip.name);
        check(buf, size, &cmd.tip.text);
        check(buf, size, &cmd.tip.keys[0]);

        for (i = 0; i < cmd.noptions; i++) {
            check(buf, size, &cmd.options[i]);
        }

        if (cmd.type > NGX_LIVE_CHAT_POLL_END
            || (cmd.type == NGX_LIVE_CHAT_TIP
                && (cmd.tip.amount < 1
                    || cmd.tip.amount > NGX_LIVE_CHAT_AMOUNT_MAX))
            || (cmd.type == NGX_LIVE_CHAT_POLL
                && (cmd.noptions < NGX_LIVE_CHAT_OPTIONS_MIN
                    || cmd.noptions > NGX_LIVE_CHAT_OPTIONS_MAX))
            || cmd.option >= NGX_LIVE_CHAT_OPTIONS_MAX
            || cmd.action > NGX_LIVE_CHAT_SHADOW
            || cmd.seconds < 0 || cmd.limit > limits.history
            || cmd.user.len > NGX_LIVE_CHAT_USER_MAX
            || (cmd.type == NGX_LIVE_CHAT_MESSAGE && cmd.text.len == 0)
            || (cmd.type == NGX_LIVE_CHAT_REACTION && cmd.kind.len == 0))
        {
            abort();
        }

    } else if (cmd.code.len == 0 || cmd.error == NULL) {
        abort();
    }

    check(buf, size, &cmd.id);

    if (cmd.id.len > NGX_LIVE_CHAT_NONCE_MAX) {
        abort();
    }

    free(p);
    free(buf);

    return 0;
}
