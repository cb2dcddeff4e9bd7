
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>


static double bench_process_stat(pid_t pid);


int
bench_processes_parse(bench_processes_t *ps, const char *list)
{
    char  *end;
    long   pid;

    memset(ps, 0, sizeof(bench_processes_t));

    while (*list) {
        pid = strtol(list, &end, 10);

        if (end == list || pid <= 0 || ps->n == BENCH_PIDS) {
            return -1;
        }

        ps->p[ps->n++].pid = pid;
        list = (*end == ',') ? end + 1 : end;
    }

    return 0;
}


/*
 * the process's own clock has nanoseconds, utime and stime have ticks of
 * 10 ms; it counts all threads, user and system time
 */

void
bench_processes_cpu(bench_processes_t *ps)
{
    int               i;
    clockid_t         clock;
    struct timespec   ts;
    bench_process_t  *p;

    for (i = 0; i < ps->n; i++) {
        p = &ps->p[i];

        if (clock_getcpuclockid(p->pid, &clock) == 0
            && clock_gettime(clock, &ts) == 0)
        {
            p->cpu = (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;

        } else {
            p->cpu = bench_process_stat(p->pid);
        }
    }
}


static double
bench_process_stat(pid_t pid)
{
    char           path[64], line[1024], *p;
    FILE          *f;
    unsigned long  utime, stime;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);

    f = fopen(path, "r");
    if (f == NULL) {
        return 0;
    }

    p = fgets(line, sizeof(line), f);
    fclose(f);

    if (p == NULL) {
        return 0;
    }

    /* the name may hold spaces */

    p = strrchr(line, ')');

    if (p == NULL
        || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                  "%lu %lu", &utime, &stime) != 2)
    {
        return 0;
    }

    return (double) (utime + stime) / 100.0;
}


void
bench_processes_memory(bench_processes_t *ps)
{
    int               i;
    char              path[64], line[256];
    FILE             *f;
    bench_process_t  *p;

    for (i = 0; i < ps->n; i++) {
        p = &ps->p[i];

        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int) p->pid);

        f = fopen(path, "r");
        if (f == NULL) {
            continue;
        }

        while (fgets(line, sizeof(line), f)) {
            sscanf(line, "Rss: %ld", &p->rss);
            sscanf(line, "Pss: %ld", &p->pss);
            sscanf(line, "Pss_Anon: %ld", &p->anon);
        }

        fclose(f);
    }
}


void
bench_processes_print(FILE *out, bench_processes_t *from,
    bench_processes_t *to)
{
    int  i;

    fprintf(out, "\"processes\": [");

    for (i = 0; i < to->n; i++) {
        fprintf(out, "%s{\"pid\": %d, \"cpu\": %.6f, \"rss\": %ld, "
                "\"rss_added\": %ld, \"pss_added\": %ld, "
                "\"anon_added\": %ld}",
                i ? ", " : "", (int) to->p[i].pid,
                to->p[i].cpu - from->p[i].cpu, to->p[i].rss,
                to->p[i].rss - from->p[i].rss, to->p[i].pss - from->p[i].pss,
                to->p[i].anon - from->p[i].anon);
    }

    fprintf(out, "]");
}
