
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of what Redis has of rooms.  Values of fields are divided by
 * zeroes; what is taken points into them, and a text is a line.
 */


#include "ngx_live_chat_record.h"
#include "ngx_unit.h"


#define FIELDS  24


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check(ngx_str_t *s, u_char *data, size_t size);


static void
check(ngx_str_t *s, u_char *data, size_t size)
{
    size_t  i;

    if (s->len == 0) {
        return;
    }

    if (s->data < data || s->len > (size_t) (data + size - s->data)) {
        abort();
    }

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < 0x20) {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                  *copy, *p, *end;
    ngx_pool_t              *pool;
    const char              *reason;
    ngx_live_chat_record_t   rec;
    ngx_live_chat_effect_t   effect;
    ngx_live_redis_reply_t   reply, e[8], fields[FIELDS];
    ngx_live_chat_opening_t  o;

    copy = malloc(size + 1);
    pool = ngx_create_pool(4096, NULL);

    if (copy == NULL || pool == NULL) {
        abort();
    }

    memcpy(copy, data, size);
    copy[size] = '\0';

    memset(&reply, 0, sizeof(reply));
    memset(e, 0, sizeof(e));
    memset(fields, 0, sizeof(fields));

    e[1].type = NGX_LIVE_REDIS_ARRAY;
    e[1].elts = fields;

    end = copy + size;

    for (p = copy; p < end && e[1].n < FIELDS; p++) {
        fields[e[1].n].type = NGX_LIVE_REDIS_STRING;
        fields[e[1].n].str.data = p;

        while (p < end && *p) {
            p++;
        }

        fields[e[1].n].str.len = p - fields[e[1].n].str.data;
        e[1].n++;
    }

    e[0] = fields[0];
    reply.type = NGX_LIVE_REDIS_ARRAY;
    reply.n = 2;
    reply.elts = e;
    e[1].elts++;
    e[1].n -= (e[1].n != 0);

    if (ngx_live_chat_record_parse(&reply, &rec, size % 2, pool, &reason)
        == NGX_OK)
    {
        check(&rec.head, copy, size);
        check(&rec.tail, copy, size);
    }

    (void) ngx_live_chat_effect_parse(copy, size, &effect);
    (void) ngx_live_chat_mark_parse(&fields[0].str, &fields[1].str, &effect);

    reply.n = 8;
    e[4] = e[1];
    e[1] = fields[1];
    e[2] = fields[2];
    e[3] = fields[3];
    e[5] = e[4];
    e[6] = e[4];
    e[7].type = NGX_LIVE_REDIS_INTEGER;
    (void) ngx_live_chat_opening_parse(&reply, &o);

    ngx_destroy_pool(pool);
    free(copy);

    return 0;
}
