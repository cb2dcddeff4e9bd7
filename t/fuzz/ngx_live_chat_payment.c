
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of payments: what is taken lies within the buffer and within
 * bounds, what is not has a reason.
 */


#include "ngx_live_chat_payment.h"
#include "ngx_live_name.h"
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
    u_char                   *p, *buf, key[NGX_LIVE_NAME_KEY_MAX];
    ngx_int_t                 rc;
    ngx_str_t                 room;
    const char               *reason, *fault;
    ngx_live_chat_payment_t   pm;

    p = malloc(size ? size : 1);
    buf = malloc(size ? size : 1);

    if (p == NULL || buf == NULL) {
        abort();
    }

    memcpy(p, data, size);

    reason = NULL;
    rc = ngx_live_chat_payment_parse(p, size, buf, NGX_LIVE_CHAT_EVENTS_ALL,
                                     &pm, &reason);

    check(buf, size, &pm.id);
    check(buf, size, &pm.app);
    check(buf, size, &pm.name);
    check(buf, size, &pm.tip.user);
    check(buf, size, &pm.tip.name);
    check(buf, size, &pm.tip.text);
    check(buf, size, &pm.tip.keys[0]);
    check(buf, size, &pm.tip.keys[1]);

    if (rc == NGX_OK) {
        if (pm.tip.amount < 1 || pm.tip.amount > NGX_LIVE_CHAT_AMOUNT_MAX
            || pm.tip.keys[0].len == 0 || pm.tip.keys[1].len == 0
            || ngx_live_name_key(&pm.app, &pm.name, key, &room, &fault)
               != NGX_OK)
        {
            abort();
        }

    } else if (reason == NULL) {
        abort();
    }

    free(p);
    free(buf);

    return 0;
}
