
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of the FLV headers: the input is a file, or a message. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_flv.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
parse_message(u_char *p, u_char *end)
{
    const char            *reason;
    ngx_live_flv_audio_t   a;
    ngx_live_flv_video_t   v;

    if (ngx_live_flv_parse_audio(&a, p, end, &reason) == NGX_OK
        && (a.data + a.len != end || a.rate == 0))
    {
        abort();
    }

    if (ngx_live_flv_parse_video(&v, p, end, &reason) == NGX_OK
        && (v.data + v.len != end || v.cts < -0x800000 || v.cts > 0x7fffff))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char              *p, *end, *start, out[NGX_LIVE_FLV_TAG_HEADER_LEN];
    ngx_uint_t           flags;
    const char          *reason;
    ngx_live_flv_tag_t   tag;

    p = (u_char *) data;
    end = p + size;

    parse_message(p, end);

    if (ngx_live_flv_parse_header(&p, end, &flags, &reason) != NGX_OK) {
        return 0;
    }

    for ( ;; ) {
        start = p;

        if (ngx_live_flv_parse_tag(&p, end, &tag, &reason) != NGX_OK
            || (size_t) (end - p) < tag.size)
        {
            return 0;
        }

        parse_message(p, p + tag.size);

        /* what was parsed is written as it was, but for the stream id */

        (void) ngx_live_flv_write_tag(out, out + sizeof(out), tag.type,
                                      tag.size, tag.timestamp);

        if (!tag.filter && memcmp(out, start, 8) != 0) {
            abort();
        }

        p += tag.size;

        if ((size_t) (end - p) < NGX_LIVE_FLV_TAG_TRAILER_LEN) {
            return 0;
        }

        p += NGX_LIVE_FLV_TAG_TRAILER_LEN;
    }
}
