
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <stdlib.h>
#include <string.h>


static int bench_playlist_attr(const char *line, const char *name, char *value);
static void bench_playlist_part(bench_playlist_t *pl, const char *line,
    bench_edge_t from);
static int bench_playlist_after(bench_edge_t one, bench_edge_t two);
static const char *bench_playlist_next(const char *p);
static void bench_playlist_copy(char *to, const char *from);


int
bench_playlist_parse(bench_playlist_t *pl, const char *text,
    bench_edge_t from)
{
    int          ok;
    const char  *p;

    memset(pl, 0, sizeof(bench_playlist_t));
    pl->last.part = -1;
    ok = 0;

    for (p = text; *p; p = bench_playlist_next(p)) {

        if (strncmp(p, "#EXTM3U", 7) == 0) {
            ok = 1;

        } else if (strncmp(p, "#EXT-X-MEDIA-SEQUENCE:", 22) == 0) {
            pl->next.msn = strtoll(p + 22, NULL, 10);

        } else if (strncmp(p, "#EXT-X-SKIP:SKIPPED-SEGMENTS=", 29) == 0) {
            pl->next.msn += strtoll(p + 29, NULL, 10);

        } else if (strncmp(p, "#EXT-X-PART:", 12) == 0) {
            bench_playlist_part(pl, p, from);

        } else if (strncmp(p, "#EXT-X-ENDLIST", 14) == 0) {
            pl->ended = 1;

        } else if (*p != '#' && *p != '\r' && *p != '\n') {
            bench_playlist_copy(pl->segment, p);
            pl->next.msn++;
            pl->next.part = 0;
        }
    }

    return ok ? 0 : -1;
}


static void
bench_playlist_part(bench_playlist_t *pl, const char *line, bench_edge_t from)
{
    pl->last = pl->next;
    pl->next.part++;

    if (pl->uri[0] == '\0' && bench_playlist_after(pl->last, from)
        && bench_playlist_attr(line, "URI=\"", pl->uri) == 0)
    {
        pl->uri_edge = pl->last;
        pl->gap = memmem(line, bench_playlist_next(line) - line, "GAP=YES", 7)
                  != NULL;
    }
}


static int
bench_playlist_after(bench_edge_t one, bench_edge_t two)
{
    return one.msn > two.msn || (one.msn == two.msn && one.part > two.part);
}


int
bench_playlist_master(const char *text, char *video, char *audio)
{
    int          variant;
    const char  *p;

    video[0] = '\0';
    audio[0] = '\0';
    variant = 0;

    for (p = text; *p; p = bench_playlist_next(p)) {

        if (strncmp(p, "#EXT-X-STREAM-INF:", 18) == 0) {
            variant = 1;

        } else if (strncmp(p, "#EXT-X-MEDIA:TYPE=AUDIO", 23) == 0
                   && audio[0] == '\0')
        {
            bench_playlist_attr(p, "URI=\"", audio);

        } else if (*p != '#' && *p != '\r' && *p != '\n' && variant) {
            bench_playlist_copy(video, p);
            return 0;
        }
    }

    return -1;
}


static int
bench_playlist_attr(const char *line, const char *name, char *value)
{
    size_t       len;
    const char  *p, *end;

    end = bench_playlist_next(line);

    p = memmem(line, end - line, name, strlen(name));
    if (p == NULL) {
        return -1;
    }

    p += strlen(name);
    len = strcspn(p, "\"\r\n");

    if (len >= BENCH_URI) {
        return -1;
    }

    memcpy(value, p, len);
    value[len] = '\0';

    return 0;
}


static const char *
bench_playlist_next(const char *p)
{
    p = strchrnul(p, '\n');

    return *p ? p + 1 : p;
}


static void
bench_playlist_copy(char *to, const char *from)
{
    size_t  len;

    len = strcspn(from, "\r\n");
    len = len < BENCH_URI ? len : BENCH_URI - 1;

    memcpy(to, from, len);
    to[len] = '\0';
}


void
bench_uri(char *to, const char *base, const char *uri)
{
    size_t       len;
    const char  *p;

    if (uri[0] == '/') {
        snprintf(to, 2 * BENCH_URI, "%s", uri);
        return;
    }

    len = strcspn(base, "?");
    p = memrchr(base, '/', len);
    len = p ? (size_t) (p - base) + 1 : 0;

    snprintf(to, 2 * BENCH_URI, "%.*s%s", (int) len, base, uri);
}
