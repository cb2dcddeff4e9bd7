
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_rtp_unit.h"


/* a packet is a unit */

#define ngx_live_rtp_assembler_whole(a)                                       \
    ((a)->unpack == ngx_live_rtp_unpack)


static ngx_int_t ngx_live_rtp_assembler_take(ngx_live_rtp_assembler_t *a,
    ngx_live_rtp_t *rtp, const char **reason);


ngx_int_t
ngx_live_rtp_unpack(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    u->key = 1;

    return ngx_live_rtp_unit_append(u, p, end, reason);
}


ngx_int_t
ngx_live_rtp_unit_append(ngx_live_rtp_unit_t *u, u_char *p, u_char *end,
    const char **reason)
{
    u_char  *pos;

    pos = ngx_live_write_data(u->pos, u->end, p, end - p);

    if (pos == NULL) {
        *reason = "RTP frame is too long";
        return NGX_ERROR;
    }

    u->pos = pos;

    return NGX_OK;
}


void
ngx_live_rtp_assembler_init(ngx_live_rtp_assembler_t *a,
    ngx_live_rtp_unpack_pt unpack, u_char *buf, size_t size)
{
    ngx_memzero(a, sizeof(ngx_live_rtp_assembler_t));

    a->unpack = unpack;
    a->unit.start = buf;
    a->unit.end = buf + size;

    ngx_live_rtp_assembler_reset(a);
}


void
ngx_live_rtp_assembler_reset(ngx_live_rtp_assembler_t *a)
{
    a->unit.pos = a->unit.start;
    a->unit.open = NULL;
    a->unit.key = 0;

    a->begun = 0;
    a->broken = 0;
}


ngx_int_t
ngx_live_rtp_assembler_add(ngx_live_rtp_assembler_t *a, ngx_live_rtp_t *rtp,
    uint64_t number, const char **reason)
{
    if (a->synced && number < a->next) {
        *reason = "RTP packet is late";
        return NGX_DECLINED;
    }

    if (a->begun && rtp->timestamp != a->timestamp) {

        /* without a marker it ends where the next one begins */

        if (number == a->next && !a->broken && a->unit.open == NULL
            && a->unit.pos != a->unit.start)
        {
            return NGX_DONE;
        }

        ngx_live_rtp_assembler_reset(a);
        a->lost = 1;
    }

    /* what is missing may be the begin of this unit: no format tells always */

    if (a->synced && number != a->next) {
        a->lost = 1;
        a->broken = !ngx_live_rtp_assembler_whole(a);
    }

    a->synced = 1;
    a->next = number + 1;
    a->begun = 1;
    a->timestamp = rtp->timestamp;

    return ngx_live_rtp_assembler_take(a, rtp, reason);
}


static ngx_int_t
ngx_live_rtp_assembler_take(ngx_live_rtp_assembler_t *a, ngx_live_rtp_t *rtp,
    const char **reason)
{
    *reason = "RTP packets of a frame are lost";

    if (!a->broken && rtp->len
        && a->unpack(&a->unit, rtp->payload, rtp->payload + rtp->len, reason)
           != NGX_OK)
    {
        a->broken = 1;
        a->lost = 1;
    }

    /* a marker of audio is another thing, RFC 3551, section 4.1 */

    if (!rtp->marker && !ngx_live_rtp_assembler_whole(a)) {
        return a->broken ? NGX_DECLINED : NGX_AGAIN;
    }

    /* padding alone is no frame, whatever its marker says */

    if (!a->broken && a->unit.pos == a->unit.start) {
        a->begun = 0;
        return NGX_AGAIN;
    }

    if (a->broken || a->unit.open) {
        ngx_live_rtp_assembler_reset(a);
        a->lost = 1;
        return NGX_DECLINED;
    }

    return NGX_OK;
}
