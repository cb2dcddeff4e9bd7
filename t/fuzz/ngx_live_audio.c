
/*
 * Copyright (C) nginx-live authors
 */


/* Fuzz target of the audio headers. */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_audio.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *p, *end;
    ngx_int_t               rc;
    const char             *reason;
    ngx_live_aac_config_t   aac;
    ngx_live_mp3_header_t   mp3;

    p = (u_char *) data;
    end = p + size;
    reason = NULL;

    rc = ngx_live_aac_parse_config(&aac, p, end, &reason);

    if (rc == NGX_OK
        && (aac.sample_rate == 0 || aac.sample_rate > 192000
            || aac.output_rate == 0 || aac.channels == 0
            || aac.channels > 99
            || (aac.frame_length != 1024 && aac.frame_length != 960)))
    {
        abort();
    }

    if (rc != NGX_OK && reason == NULL) {
        abort();
    }

    /* a run of frames */

    while (ngx_live_mp3_parse_header(&mp3, p, end, &reason) == NGX_OK) {

        if (mp3.size < 4 || mp3.size > 4096 || mp3.samples == 0
            || mp3.sample_rate == 0)
        {
            abort();
        }

        if ((size_t) (end - p) < mp3.size) {
            break;
        }

        p += mp3.size;
    }

    return 0;
}
