
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_codec_string.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_codec_string.h>


static u_char *ngx_live_codec_string_copy(u_char *buf, u_char *last,
    u_char *from, u_char *end);


u_char *
ngx_live_codec_string_h264(u_char *buf, u_char *last, ngx_uint_t profile,
    ngx_uint_t constraints, ngx_uint_t level)
{
    u_char  tmp[NGX_LIVE_CODEC_STRING_LEN], *p;

    p = ngx_slprintf(tmp, tmp + sizeof(tmp), "avc1.%02xi%02xi%02xi",
                     (ngx_int_t) (profile & 0xff),
                     (ngx_int_t) (constraints & 0xff),
                     (ngx_int_t) (level & 0xff));

    return ngx_live_codec_string_copy(buf, last, tmp, p);
}


u_char *
ngx_live_codec_string_mp4a(u_char *buf, u_char *last, ngx_uint_t object_type)
{
    u_char  tmp[NGX_LIVE_CODEC_STRING_LEN], *p;

    p = ngx_slprintf(tmp, tmp + sizeof(tmp), "mp4a.40.%ui", object_type);

    return ngx_live_codec_string_copy(buf, last, tmp, p);
}


static u_char *
ngx_live_codec_string_copy(u_char *buf, u_char *last, u_char *from,
    u_char *end)
{
    if (last - buf < end - from) {
        return NULL;
    }

    return ngx_cpymem(buf, from, end - from);
}
