
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of VP8 and VP9 in RTP: a descriptor is rewritten, parsed again,
 * and has the new values and nothing else.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_rtp_vpx.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void vp8(u_char *p, size_t size);
static void vp9(u_char *p, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               *p, room[256];
    const char           *reason;
    ngx_live_rtp_info_t   info;
    ngx_live_rtp_unit_t   u;

    p = (u_char *) data;

    vp8(p, size);
    vp9(p, size);

    (void) ngx_live_rtp_vp8_inspect(&info, p, p + size);
    (void) ngx_live_rtp_vp9_inspect(&info, p, p + size);

    ngx_memzero(&u, sizeof(u));
    u.start = room;
    u.pos = room;
    u.end = room + sizeof(room);

    (void) ngx_live_rtp_vp8_unpack(&u, p, p + size, &reason);
    (void) ngx_live_rtp_vp9_unpack(&u, p, p + size, &reason);

    return 0;
}


static void
vp8(u_char *p, size_t size)
{
    u_char              *copy;
    ngx_live_rtp_vp8_t   d, e;

    if (ngx_live_rtp_vp8_parse(&d, p, p + size) != NGX_OK) {
        return;
    }

    copy = malloc(size);
    if (copy == NULL) {
        abort();
    }

    ngx_memcpy(copy, p, size);
    ngx_live_rtp_vp8_rewrite(&d, copy, 0x55, 0xaa);

    if (ngx_live_rtp_vp8_parse(&e, copy, copy + size) != NGX_OK
        || d.len != e.len || d.temporal != e.temporal
        || d.key_frame != e.key_frame
        || (d.picture && e.picture_id != 0x55)
        || (d.tl0 && e.tl0_picture != 0xaa))
    {
        abort();
    }

    free(copy);
}


static void
vp9(u_char *p, size_t size)
{
    u_char              *copy;
    ngx_live_rtp_vp9_t   d, e;

    if (ngx_live_rtp_vp9_parse(&d, p, p + size) != NGX_OK) {
        return;
    }

    copy = malloc(size);
    if (copy == NULL) {
        abort();
    }

    ngx_memcpy(copy, p, size);
    ngx_live_rtp_vp9_rewrite(&d, copy, 0x55, 0xaa);

    if (ngx_live_rtp_vp9_parse(&e, copy, copy + size) != NGX_OK
        || d.len != e.len || d.temporal != e.temporal
        || d.spatial != e.spatial || d.layers != e.layers
        || (d.picture && e.picture_id != 0x55)
        || (d.tl0 && e.tl0_picture != 0xaa))
    {
        abort();
    }

    free(copy);
}
