
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <math.h>
#include <stdlib.h>


static int bench_stat_cmp(const void *one, const void *two);


void
bench_stat_add(bench_stat_t *st, double value)
{
    float   *values;
    size_t   size;

    if (st->n == st->size) {
        size = st->size ? st->size * 2 : 1024;

        values = realloc(st->values, size * sizeof(float));
        if (values == NULL) {
            return;
        }

        st->values = values;
        st->size = size;
    }

    st->values[st->n++] = value;
    st->sorted = 0;
}


double
bench_stat_percentile(bench_stat_t *st, double percent)
{
    size_t  rank;

    if (st->n == 0) {
        return 0;
    }

    if (!st->sorted) {
        qsort(st->values, st->n, sizeof(float), bench_stat_cmp);
        st->sorted = 1;
    }

    rank = (size_t) ceil(percent / 100.0 * (double) st->n);

    return st->values[rank ? rank - 1 : 0];
}


size_t
bench_stat_above(bench_stat_t *st, double limit)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < st->n; i++) {
        n += st->values[i] > limit;
    }

    return n;
}


void
bench_stat_print(FILE *out, const char *name, bench_stat_t *st)
{
    fprintf(out, "\"%s\": {\"n\": %zu, \"p50\": %.3f, \"p95\": %.3f, "
            "\"p99\": %.3f, \"max\": %.3f}", name, st->n,
            bench_stat_percentile(st, 50), bench_stat_percentile(st, 95),
            bench_stat_percentile(st, 99), bench_stat_percentile(st, 100));
}


static int
bench_stat_cmp(const void *one, const void *two)
{
    float  a, b;

    a = *(const float *) one;
    b = *(const float *) two;

    return (a > b) - (a < b);
}
