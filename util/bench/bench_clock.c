
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <string.h>
#include <time.h>


static int64_t bench_mark_read(const u_char *p);


int64_t
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * BENCH_SECOND + ts.tv_nsec;
}


void
bench_mark_write(u_char *p, int64_t ns)
{
    char  text[BENCH_MARK_SIZE + 1];

    snprintf(text, sizeof(text), BENCH_MARK "%016llx",
             (unsigned long long) ns);
    memcpy(p, text, BENCH_MARK_SIZE);
}


int64_t
bench_mark_first(const u_char *p, size_t len)
{
    u_char  *m;

    m = memmem(p, len, BENCH_MARK, BENCH_MARK_NAME);

    if (m == NULL || (size_t) (p + len - m) < BENCH_MARK_SIZE) {
        return -1;
    }

    return bench_mark_read(m);
}


int64_t
bench_mark_last(const u_char *p, size_t len)
{
    size_t   n, from, step;
    int64_t  found;
    u_char  *m;

    /* from the end in steps that overlap by a mark */

    step = 8192;
    from = len;

    while (from > 0) {
        n = (len - from < BENCH_MARK_SIZE) ? len - from : BENCH_MARK_SIZE;

        if (from > step) {
            from -= step;
            n += step;

        } else {
            n += from;
            from = 0;
        }

        found = -1;
        m = (u_char *) p + from;

        for ( ;; ) {
            m = memmem(m, p + from + n - m, BENCH_MARK, BENCH_MARK_NAME);

            if (m == NULL || (size_t) (p + len - m) < BENCH_MARK_SIZE) {
                break;
            }

            found = bench_mark_read(m);
            m += BENCH_MARK_NAME;
        }

        if (found != -1) {
            return found;
        }
    }

    return -1;
}


static int64_t
bench_mark_read(const u_char *p)
{
    int      i, c;
    int64_t  ns;

    ns = 0;

    for (i = BENCH_MARK_NAME; i < BENCH_MARK_SIZE; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            ns = ns << 4 | (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            ns = ns << 4 | (c - 'a' + 10);

        } else {
            return -1;
        }
    }

    return ns;
}
