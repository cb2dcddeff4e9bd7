
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Helpers of the unit tests, which speak TAP:
 *
 *     ok(cond, "what");
 *     is_int(got, expected, "what");          integers of up to 64 bits
 *     is_str(&ngx_str, "text", "what");
 *     is_mem(got, got_len, "text", len, "what");
 *     n = unhex(buf, "de ad be ef");          bytes of a hex dump
 *     p = buf_copy(data, len);                heap copy of exactly that size
 *     done_testing();                         main's return value
 *
 * The format of "what" may be followed by its arguments, as of printf().
 */


#ifndef _NGX_UNIT_H_INCLUDED_
#define _NGX_UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdio.h>


static ngx_uint_t  ngx_unit_tests;
static ngx_uint_t  ngx_unit_failed;


/*
 * What is tested is evaluated before the arguments of "what", which may be
 * its results.
 */

#define ok(cond, ...)                                                         \
    ({                                                                        \
        ngx_uint_t  ngx_unit_c = (cond) ? 1 : 0;                              \
                                                                              \
        ngx_unit_ok(ngx_unit_c, __FILE__, __LINE__, __VA_ARGS__);             \
    })

#define is_int(got, expected, ...)                                            \
    ({                                                                        \
        int64_t  ngx_unit_g = (int64_t) (got);                                \
                                                                              \
        ngx_unit_is_int(ngx_unit_g, (int64_t) (expected),                     \
                        __FILE__, __LINE__, __VA_ARGS__);                     \
    })

#define is_str(got, expected, ...)                                            \
    ngx_unit_is_mem((got)->data, (got)->len, expected, strlen(expected),      \
                    __FILE__, __LINE__, __VA_ARGS__)

#define is_mem(got, glen, expected, elen, ...)                                \
    ngx_unit_is_mem(got, glen, expected, elen, __FILE__, __LINE__,            \
                    __VA_ARGS__)

/* for functions that take a pointer and an end: a heap block of that size
 * lets the address sanitizer see a read of one byte too many */
#define buf_copy(data, len)  ngx_unit_copy(data, len)


static ngx_inline ngx_uint_t
ngx_unit_vok(ngx_uint_t cond, const char *file, int line, const char *fmt,
    va_list args)
{
    ngx_unit_tests++;

    printf("%sok %lu - ", cond ? "" : "not ", (unsigned long) ngx_unit_tests);
    vprintf(fmt, args);
    printf("\n");

    if (!cond) {
        ngx_unit_failed++;
        printf("#   failed at %s line %d\n", file, line);
    }

    fflush(stdout);

    return cond;
}


static ngx_inline ngx_uint_t
ngx_unit_ok(ngx_uint_t cond, const char *file, int line, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    cond = ngx_unit_vok(cond, file, line, fmt, args);
    va_end(args);

    return cond;
}


static ngx_inline ngx_uint_t
ngx_unit_is_int(int64_t got, int64_t expected, const char *file, int line,
    const char *fmt, ...)
{
    va_list     args;
    ngx_uint_t  cond;

    va_start(args, fmt);
    cond = ngx_unit_vok(got == expected, file, line, fmt, args);
    va_end(args);

    if (!cond) {
        printf("#   got %lld, expected %lld\n",
               (long long) got, (long long) expected);
    }

    return cond;
}


static ngx_inline void
ngx_unit_dump(const char *name, const u_char *p, size_t len)
{
    size_t  i;

    printf("#   %s (%lu) ", name, (unsigned long) len);

    for (i = 0; i < len && i < 256; i++) {
        if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\') {
            printf("%c", p[i]);

        } else {
            printf("\\x%02x", p[i]);
        }
    }

    printf("\n");
}


static ngx_inline ngx_uint_t
ngx_unit_is_mem(const void *got, size_t glen, const void *expected,
    size_t elen, const char *file, int line, const char *fmt, ...)
{
    va_list     args;
    ngx_uint_t  cond;

    cond = (glen == elen
            && (glen == 0
                || (got != NULL && memcmp(got, expected, glen) == 0)));

    va_start(args, fmt);
    cond = ngx_unit_vok(cond, file, line, fmt, args);
    va_end(args);

    if (!cond) {
        ngx_unit_dump("got     ", got, got == NULL ? 0 : glen);
        ngx_unit_dump("expected", expected, elen);
    }

    return cond;
}


static ngx_inline size_t
unhex(u_char *dst, const char *hex)
{
    size_t      n;
    ngx_uint_t  c, half, value;

    n = 0;
    half = 0;
    value = 0;

    for ( /* void */ ; *hex; hex++) {
        c = (u_char) *hex | 0x20;

        if (c >= '0' && c <= '9') {
            value = (value << 4) | (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            value = (value << 4) | (c - 'a' + 10);

        } else {
            continue;
        }

        half ^= 1;

        if (!half) {
            dst[n++] = (u_char) value;
        }
    }

    return n;
}


/* the blocks live until the program ends, reachable for the leak check */

static ngx_inline u_char *
ngx_unit_copy(const void *data, size_t len)
{
    struct block {
        struct block   *next;
        u_char         *data;
    } *b;

    static struct block  *blocks;

    b = malloc(sizeof(struct block));
    if (b == NULL) {
        abort();
    }

    b->data = malloc(len ? len : 1);
    if (b->data == NULL) {
        abort();
    }

    if (len) {
        memcpy(b->data, data, len);
    }

    b->next = blocks;
    blocks = b;

    return b->data;
}


static ngx_inline int
done_testing(void)
{
    printf("1..%lu\n", (unsigned long) ngx_unit_tests);

    return ngx_unit_failed ? 1 : 0;
}


#endif /* _NGX_UNIT_H_INCLUDED_ */
