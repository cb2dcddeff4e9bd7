
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of query strings in playlists: nothing that could end a URI or
 * is ours gets through, and a splice is as long as was said.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_playlist.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                  *args, *out, *p, text[1024];
    size_t                   len, total, i;
    uint32_t                 uris[8];
    ngx_str_t                s;
    ngx_live_hls_text_t      t;
    ngx_live_hls_playlist_t  pl;
    ngx_live_hls_segment_t   seg;

    if (size > 4096) {
        return 0;
    }

    args = malloc(3 * size + 1);
    if (args == NULL) {
        return 0;
    }

    s.data = (u_char *) data;
    s.len = size;

    len = ngx_live_hls_playlist_args(args, &s);

    for (i = 0; i < len; i++) {
        if (args[i] <= ' ' || args[i] >= 0x7f || args[i] == '"') {
            abort();
        }
    }

    if (len >= 5 && ngx_memcmp(args, "_HLS_", 5) == 0) {
        abort();
    }

    ngx_memzero(&pl, sizeof(pl));
    ngx_memzero(&seg, sizeof(seg));
    ngx_memzero(&t, sizeof(t));

    ngx_str_set(&pl.track, "v0");
    seg.discontinuity = 1;

    t.start = text;
    t.pos = text;
    t.end = text + sizeof(text);
    t.uris = uris;
    t.nuris = 0;
    t.max_uris = 8;

    if (ngx_live_hls_playlist_segment(&t, &pl, &seg, 1) != NGX_OK) {
        abort();
    }

    total = ngx_live_hls_playlist_splice_size(uris, t.nuris, 0, t.pos - text,
                                              len);
    out = malloc(total);

    if (out) {
        p = ngx_live_hls_playlist_splice(out, text, uris, t.nuris, 0,
                                         t.pos - text, args, len);

        if ((size_t) (p - out) != total) {
            abort();
        }
    }

    free(out);
    free(args);

    return 0;
}
