
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of H.264: the input is a configuration record, a parameter set
 * and an access unit.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_h26x.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
parse_sps(u_char *p, u_char *end)
{
    const char           *reason;
    ngx_live_h264_sps_t   s;

    reason = NULL;

    if (ngx_live_h264_parse_sps(&s, p, end, &reason) != NGX_OK) {

        if (reason == NULL) {
            abort();
        }

        return;
    }

    if (s.width == 0 || s.width > NGX_LIVE_H264_MAX_DIMENSION
        || s.height == 0 || s.height > NGX_LIVE_H264_MAX_DIMENSION
        || s.reorder_frames < -1 || s.reorder_frames > 16
        || (s.num_units_in_tick == 0) != (s.time_scale == 0))
    {
        abort();
    }
}


static void
walk(u_char *p, u_char *end, ngx_uint_t size)
{
    ngx_int_t   rc, idr, found;
    ngx_str_t   nal;
    u_char     *start;

    start = p;
    found = 0;

    while ((rc = ngx_live_h264_next_nal(&p, end, size, &nal)) == NGX_OK) {

        if (nal.len == 0 || nal.data < start || nal.data + nal.len != p
            || p > end)
        {
            abort();
        }

        found |= (ngx_live_h264_nal_type(&nal) == NGX_LIVE_H264_NAL_IDR);
    }

    idr = ngx_live_h264_is_idr(start, end, size);

    if (idr != ((rc == NGX_DONE) ? found : NGX_ERROR)) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                  *p, *end;
    ngx_uint_t               i;
    const char              *reason;
    ngx_live_h264_config_t   c;

    p = (u_char *) data;
    end = p + size;

    parse_sps(p, end);

    walk(p, end, 1);
    walk(p, end, 2);
    walk(p, end, 4);

    if (ngx_live_h264_parse_config(&c, p, end, &reason) == NGX_OK) {

        for (i = 0; i < c.nsps; i++) {
            parse_sps(c.sps[i].data, c.sps[i].data + c.sps[i].len);
        }

        for (i = 0; i < c.npps; i++) {
            if (c.pps[i].data < p
                || c.pps[i].len > (size_t) (end - c.pps[i].data))
            {
                abort();
            }
        }
    }

    return 0;
}
