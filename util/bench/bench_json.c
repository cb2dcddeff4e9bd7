
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <ctype.h>
#include <string.h>


static void bench_json_blanks(bench_json_t *j);
static int bench_json_value(bench_json_t *j, bench_json_t *value);
static const char *bench_json_string(const char *p, const char *end);


int
bench_json_enter(bench_json_t *value, bench_json_t *inner, char kind)
{
    char  last;

    last = kind == '{' ? '}' : ']';

    if (value->end - value->p < 2 || *value->p != kind
        || value->end[-1] != last)
    {
        return -1;
    }

    inner->p = value->p + 1;
    inner->end = value->end - 1;

    return 0;
}


int
bench_json_member(bench_json_t *inner, bench_json_t *name,
    bench_json_t *value)
{
    bench_json_blanks(inner);

    if (inner->p == inner->end) {
        return 0;
    }

    if (*inner->p != '"' || bench_json_value(inner, name) == -1) {
        return -1;
    }

    bench_json_blanks(inner);

    if (inner->p == inner->end || *inner->p++ != ':') {
        return -1;
    }

    return bench_json_element(inner, value);
}


int
bench_json_element(bench_json_t *inner, bench_json_t *value)
{
    bench_json_blanks(inner);

    if (inner->p == inner->end) {
        return 0;
    }

    if (bench_json_value(inner, value) == -1) {
        return -1;
    }

    bench_json_blanks(inner);

    if (inner->p == inner->end) {
        return 1;
    }

    return *inner->p++ == ',' ? 1 : -1;
}


static void
bench_json_blanks(bench_json_t *j)
{
    while (j->p < j->end && isspace((u_char) *j->p)) {
        j->p++;
    }
}


static int
bench_json_value(bench_json_t *j, bench_json_t *value)
{
    int          depth;
    const char  *p;

    value->p = j->p;

    if (*j->p == '"') {
        p = bench_json_string(j->p, j->end);

        if (p == NULL) {
            return -1;
        }

        value->p++;
        value->end = p;
        j->p = p + 1;

        return 0;
    }

    depth = 0;

    for (p = j->p; p < j->end; p++) {

        if (*p == '"') {
            p = bench_json_string(p, j->end);

            if (p == NULL) {
                return -1;
            }

        } else if (*p == '{' || *p == '[') {
            depth++;

        } else if ((*p == '}' || *p == ']') && --depth <= 0) {
            p++;
            break;

        } else if (depth == 0 && (*p == ',' || isspace((u_char) *p))) {
            break;
        }
    }

    value->end = p;
    j->p = p;

    return (depth == 0 && value->end > value->p) ? 0 : -1;
}


/* the quote that ends the string that begins at p */

static const char *
bench_json_string(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '"') {
            return p;
        }

        if (*p == '\\') {
            p++;
        }
    }

    return NULL;
}


int
bench_json_is(bench_json_t *value, const char *text)
{
    size_t  len;

    len = strlen(text);

    return (size_t) (value->end - value->p) == len
           && memcmp(value->p, text, len) == 0;
}


void
bench_json_print(FILE *out, const char *text, size_t len)
{
    size_t  i;

    fputc('"', out);

    for (i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            fputc('\\', out);
        }

        if ((u_char) text[i] < 0x20) {
            fprintf(out, "\\u%04x", (u_char) text[i]);

        } else {
            fputc(text[i], out);
        }
    }

    fputc('"', out);
}
