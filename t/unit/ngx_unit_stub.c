
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The few functions of nginx's core that pure files may use, for the unit
 * tests and fuzz targets, which are not linked with nginx.  They behave as
 * nginx's as far as a pure file can tell; memory of a pool comes from
 * malloc() block by block, so that the address sanitizer sees its bounds.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdio.h>


static void ngx_unit_crc32_init(void) __attribute__((constructor));


ngx_uint_t               ngx_pagesize = 4096;
ngx_uint_t               ngx_pagesize_shift = 12;
ngx_uint_t               ngx_cacheline_size = 64;
volatile ngx_msec_t      ngx_current_msec;
static ngx_time_t        ngx_unit_time;
volatile ngx_time_t     *ngx_cached_time = &ngx_unit_time;
uint32_t                 ngx_crc32_table256[256];
static uint32_t          ngx_unit_crc32_table16[16];
uint32_t                *ngx_crc32_table_short = ngx_unit_crc32_table16;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size ? size : 1);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    return calloc(1, size ? size : 1);
}


ngx_pool_t *
ngx_create_pool(size_t size, ngx_log_t *log)
{
    ngx_pool_t  *pool;

    pool = calloc(1, sizeof(ngx_pool_t));
    if (pool == NULL) {
        return NULL;
    }

    pool->max = size;
    pool->log = log;
    pool->current = pool;

    return pool;
}


void
ngx_destroy_pool(ngx_pool_t *pool)
{
    ngx_pool_large_t    *l, *next;
    ngx_pool_cleanup_t  *c;

    for (c = pool->cleanup; c; c = c->next) {
        if (c->handler) {
            c->handler(c->data);
        }
    }

    for (l = pool->large; l; l = next) {
        next = l->next;
        free(l->alloc);
        free(l);
    }

    free(pool);
}


void
ngx_reset_pool(ngx_pool_t *pool)
{
    ngx_pool_large_t  *l, *next;

    for (l = pool->large; l; l = next) {
        next = l->next;
        free(l->alloc);
        free(l);
    }

    pool->large = NULL;
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    ngx_pool_large_t  *l;

    l = malloc(sizeof(ngx_pool_large_t));
    if (l == NULL) {
        return NULL;
    }

    l->alloc = malloc(size ? size : 1);
    if (l->alloc == NULL) {
        free(l);
        return NULL;
    }

    l->next = pool->large;
    pool->large = l;

    return l->alloc;
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = ngx_palloc(pool, size);

    if (p) {
        memset(p, 0, size);
    }

    return p;
}


ngx_int_t
ngx_pfree(ngx_pool_t *pool, void *p)
{
    ngx_pool_large_t  *l;

    for (l = pool->large; l; l = l->next) {
        if (p == l->alloc) {
            free(l->alloc);
            l->alloc = NULL;

            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_pool_cleanup_t *
ngx_pool_cleanup_add(ngx_pool_t *p, size_t size)
{
    ngx_pool_cleanup_t  *c;

    c = ngx_pcalloc(p, sizeof(ngx_pool_cleanup_t));
    if (c == NULL) {
        return NULL;
    }

    if (size) {
        c->data = ngx_palloc(p, size);
        if (c->data == NULL) {
            return NULL;
        }
    }

    c->next = p->cleanup;
    p->cleanup = c;

    return c;
}


ngx_array_t *
ngx_array_create(ngx_pool_t *p, ngx_uint_t n, size_t size)
{
    ngx_array_t  *a;

    a = ngx_palloc(p, sizeof(ngx_array_t));

    if (a == NULL || ngx_array_init(a, p, n, size) != NGX_OK) {
        return NULL;
    }

    return a;
}


void
ngx_array_destroy(ngx_array_t *a)
{
    ngx_pfree(a->pool, a->elts);
    ngx_pfree(a->pool, a);
}


void *
ngx_array_push(ngx_array_t *a)
{
    return ngx_array_push_n(a, 1);
}


void *
ngx_array_push_n(ngx_array_t *a, ngx_uint_t n)
{
    void        *elts;
    ngx_uint_t   nalloc;

    if (a->nalloc - a->nelts < n) {
        nalloc = 2 * ngx_max(n, a->nalloc);

        elts = ngx_palloc(a->pool, nalloc * a->size);
        if (elts == NULL) {
            return NULL;
        }

        memcpy(elts, a->elts, a->nelts * a->size);

        a->elts = elts;
        a->nalloc = nalloc;
    }

    elts = (u_char *) a->elts + a->nelts * a->size;
    a->nelts += n;

    return elts;
}


/*
 * Formatting: %[0][width][u][x|X][.frac] and i d l L T z O P D uA M r p f c
 * Z N s S V v *s %
 */

static u_char *
ngx_unit_put_number(u_char *buf, u_char *last, uint64_t v, ngx_uint_t width,
    u_char pad, ngx_uint_t hex)
{
    u_char       tmp[24], *p;
    const char  *digits;
    ngx_uint_t   base, n;

    digits = (hex == 2) ? "0123456789ABCDEF" : "0123456789abcdef";
    base = hex ? 16 : 10;
    p = tmp + sizeof(tmp);

    do {
        *--p = (u_char) digits[v % base];
        v /= base;
    } while (v);

    n = (tmp + sizeof(tmp)) - p;

    while (n < width && buf < last) {
        *buf++ = pad;
        width--;
    }

    while (n-- && buf < last) {
        *buf++ = *p++;
    }

    return buf;
}


static u_char *
ngx_unit_put_double(u_char *buf, u_char *last, double f, ngx_uint_t width,
    u_char pad, ngx_uint_t frac)
{
    uint64_t    whole, part, scale;
    ngx_uint_t  i;

    if (f < 0) {
        if (buf < last) {
            *buf++ = '-';
        }

        f = -f;
    }

    scale = 1;

    for (i = 0; i < frac; i++) {
        scale *= 10;
    }

    whole = (uint64_t) f;
    part = (uint64_t) ((f - (double) whole) * (double) scale + 0.5);

    if (part == scale) {
        whole++;
        part = 0;
    }

    buf = ngx_unit_put_number(buf, last, whole, width, pad, 0);

    if (frac) {
        if (buf < last) {
            *buf++ = '.';
        }

        buf = ngx_unit_put_number(buf, last, part, frac, '0', 0);
    }

    return buf;
}


static u_char *
ngx_unit_put_data(u_char *buf, u_char *last, const void *data, size_t len)
{
    len = ngx_min((size_t) (last - buf), len);

    if (len == 0) {
        return buf;
    }

    return (u_char *) memcpy(buf, data, len) + len;
}


typedef struct {
    ngx_uint_t   width;
    ngx_uint_t   frac;
    ngx_uint_t   sign;
    ngx_uint_t   hex;
    ngx_uint_t   star;
    ngx_uint_t   negative;
    u_char       pad;
} ngx_unit_spec_t;


static const char *
ngx_unit_parse_spec(const char *fmt, ngx_unit_spec_t *s)
{
    s->pad = (*fmt == '0') ? '0' : ' ';
    s->width = 0;
    s->frac = 0;
    s->sign = 1;
    s->hex = 0;
    s->star = 0;
    s->negative = 0;

    while (*fmt >= '0' && *fmt <= '9') {
        s->width = s->width * 10 + (*fmt++ - '0');
    }

    for ( ;; ) {
        switch (*fmt) {

        case 'u':
            s->sign = 0;
            break;

        case 'm':
            break;

        case 'X':
            s->hex = 2;
            s->sign = 0;
            break;

        case 'x':
            s->hex = 1;
            s->sign = 0;
            break;

        case '.':
            while (fmt[1] >= '0' && fmt[1] <= '9') {
                s->frac = s->frac * 10 + (*++fmt - '0');
            }

            break;

        case '*':
            s->star = 1;
            return fmt + 1;

        default:
            return fmt;
        }

        fmt++;
    }
}


/* an integer argument: its absolute value, and whether it is negative */

static uint64_t
ngx_unit_get_integer(char type, va_list *args, ngx_unit_spec_t *s)
{
    int64_t  value;

    switch (type) {

    case 'p':
        s->hex = 2;
        s->pad = '0';
        s->width = 2 * sizeof(void *);

        return (uintptr_t) va_arg(*args, void *);

    case 'M':
        return va_arg(*args, ngx_msec_t);

    case 'd':
        value = va_arg(*args, int);
        value = s->sign ? value : (int64_t) (u_int) value;
        break;

    case 'D':
        value = va_arg(*args, int32_t);
        value = s->sign ? value : (int64_t) (uint32_t) value;
        break;

    case 'P':
        value = va_arg(*args, ngx_pid_t);
        break;

    /* the others have 64 bits */

    case 'i': case 'l': case 'L': case 'O': case 'T': case 'z': case 'A':
        value = va_arg(*args, int64_t);
        break;

    default:
        fprintf(stderr, "unknown format \"%c\"\n", type);
        abort();
    }

    if (s->sign && value < 0) {
        s->negative = 1;
        return 0 - (uint64_t) value;
    }

    return (uint64_t) value;
}


static u_char *
ngx_unit_put_string(u_char *buf, u_char *last, u_char *p, size_t len,
    ngx_uint_t hex)
{
    if (hex == 0) {
        return ngx_unit_put_data(buf, last, p, len);
    }

    for ( /* void */ ; len && last - buf >= 2; len--, p++) {
        buf = ngx_unit_put_number(buf, last, *p, 2, '0', hex);
    }

    return buf;
}


u_char *
ngx_vslprintf(u_char *buf, u_char *last, const char *fmt, va_list list)
{
    u_char                *p;
    size_t                 len;
    va_list                args;
    uint64_t               value;
    ngx_str_t             *str;
    ngx_unit_spec_t        s;
    ngx_variable_value_t  *v;

    va_copy(args, list);

    while (*fmt && buf < last) {

        if (*fmt != '%') {
            *buf++ = *fmt++;
            continue;
        }

        fmt = ngx_unit_parse_spec(fmt + 1, &s);

        switch (*fmt) {

        case 'V':
            str = va_arg(args, ngx_str_t *);
            buf = ngx_unit_put_data(buf, last, str->data, str->len);
            break;

        case 'v':
            v = va_arg(args, ngx_variable_value_t *);
            buf = ngx_unit_put_data(buf, last, v->data, v->len);
            break;

        case 's':
            /* of "%*s" the length stands before the pointer */
            len = s.star ? va_arg(args, size_t) : 0;
            p = va_arg(args, u_char *);
            len = s.star ? len : strlen((char *) p);
            buf = ngx_unit_put_string(buf, last, p, len, s.hex);
            break;

        case 'f':
            buf = ngx_unit_put_double(buf, last, va_arg(args, double),
                                      s.width, s.pad, s.frac);
            break;

        case 'c':
            *buf++ = (u_char) va_arg(args, int);
            break;

        case 'Z':
            *buf++ = '\0';
            break;

        case 'N':
            *buf++ = LF;
            break;

        case '%':
            *buf++ = '%';
            break;

        default:
            value = ngx_unit_get_integer(*fmt, &args, &s);

            if (s.negative) {
                *buf++ = '-';
            }

            buf = ngx_unit_put_number(buf, last, value, s.width, s.pad,
                                      s.hex);
        }

        fmt++;
    }

    va_end(args);

    return buf;
}


u_char * ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, (u_char *) (uintptr_t) -1, fmt, args);
    va_end(args);

    return p;
}


u_char * ngx_cdecl
ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + max, fmt, args);
    va_end(args);

    return p;
}


u_char * ngx_cdecl
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, last, fmt, args);
    va_end(args);

    return p;
}


void
ngx_strlow(u_char *dst, u_char *src, size_t n)
{
    while (n) {
        *dst++ = ngx_tolower(*src);
        src++;
        n--;
    }
}


u_char *
ngx_cpystrn(u_char *dst, u_char *src, size_t n)
{
    if (n == 0) {
        return dst;
    }

    while (--n) {
        *dst = *src++;

        if (*dst == '\0') {
            return dst;
        }

        dst++;
    }

    *dst = '\0';

    return dst;
}


u_char *
ngx_pstrdup(ngx_pool_t *pool, ngx_str_t *src)
{
    u_char  *dst;

    dst = ngx_pnalloc(pool, src->len);

    if (dst && src->len) {
        memcpy(dst, src->data, src->len);
    }

    return dst;
}


ngx_int_t
ngx_strcasecmp(u_char *s1, u_char *s2)
{
    return ngx_strncasecmp(s1, s2, (size_t) -1);
}


ngx_int_t
ngx_strncasecmp(u_char *s1, u_char *s2, size_t n)
{
    ngx_uint_t  c1, c2;

    for ( /* void */ ; n; n--) {
        c1 = ngx_tolower(*s1);
        c2 = ngx_tolower(*s2);
        s1++;
        s2++;

        if (c1 != c2) {
            return c1 - c2;
        }

        if (c1 == 0) {
            return 0;
        }
    }

    return 0;
}


u_char *
ngx_strnstr(u_char *s1, char *s2, size_t n)
{
    size_t  len;

    len = strlen(s2);

    for ( /* void */ ; n >= len && *s1; s1++, n--) {
        if (strncmp((char *) s1, s2, len) == 0) {
            return s1;
        }
    }

    return NULL;
}


ngx_int_t
ngx_memn2cmp(u_char *s1, u_char *s2, size_t n1, size_t n2)
{
    ngx_int_t  rc;

    rc = memcmp(s1, s2, ngx_min(n1, n2));

    if (rc == 0 && n1 != n2) {
        return (n1 < n2) ? -1 : 1;
    }

    return rc;
}


ngx_int_t
ngx_atoi(u_char *line, size_t n)
{
    ngx_int_t  value;

    if (n == 0) {
        return NGX_ERROR;
    }

    for (value = 0; n--; line++) {
        if (*line < '0' || *line > '9'
            || __builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, *line - '0', &value))
        {
            return NGX_ERROR;
        }
    }

    return value;
}


off_t
ngx_atoof(u_char *line, size_t n)
{
    return ngx_atoi(line, n);
}


time_t
ngx_atotm(u_char *line, size_t n)
{
    return ngx_atoi(line, n);
}


ngx_int_t
ngx_hextoi(u_char *line, size_t n)
{
    u_char      c;
    ngx_int_t   value;

    if (n == 0) {
        return NGX_ERROR;
    }

    for (value = 0; n--; line++) {
        if (value > NGX_MAX_INT_T_VALUE / 16) {
            return NGX_ERROR;
        }

        c = *line | 0x20;

        if (*line >= '0' && *line <= '9') {
            value = value * 16 + (*line - '0');

        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + (c - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    return value;
}


u_char *
ngx_hex_dump(u_char *dst, u_char *src, size_t len)
{
    static u_char  hex[] = "0123456789abcdef";

    while (len--) {
        *dst++ = hex[*src >> 4];
        *dst++ = hex[*src++ & 0xf];
    }

    return dst;
}


/* CRC-32 of IEEE 802.3, reflected; its tables are filled before main() */

static void
ngx_unit_crc32_init(void)
{
    uint32_t    c;
    ngx_uint_t  i, k;

    for (i = 0; i < 256; i++) {
        for (c = i, k = 0; k < 8; k++) {
            c = (c & 1) ? (c >> 1) ^ 0xedb88320 : c >> 1;
        }

        ngx_crc32_table256[i] = c;
    }

    for (i = 0; i < 16; i++) {
        for (c = i, k = 0; k < 4; k++) {
            c = (c & 1) ? (c >> 1) ^ 0xedb88320 : c >> 1;
        }

        ngx_unit_crc32_table16[i] = c;
    }
}
