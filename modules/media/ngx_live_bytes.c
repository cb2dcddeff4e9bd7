
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_bytes.h; here is what is too long to be inlined.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>


static ngx_uint_t ngx_live_bits_fill(ngx_live_bits_t *b);


u_char *
ngx_live_write_le32(u_char *pos, u_char *end, uint32_t value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 4);

    if (next != NULL) {
        pos[0] = (u_char) value;
        pos[1] = (u_char) (value >> 8);
        pos[2] = (u_char) (value >> 16);
        pos[3] = (u_char) (value >> 24);
    }

    return next;
}


u_char *
ngx_live_write_data(u_char *pos, u_char *end, const void *data, size_t len)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, len);

    if (next != NULL && len) {
        ngx_memcpy(pos, data, len);
    }

    return next;
}


void
ngx_live_bits_init(ngx_live_bits_t *b, u_char *pos, u_char *end)
{
    ngx_memzero(b, sizeof(ngx_live_bits_t));

    b->pos = pos;
    b->end = end;
}


void
ngx_live_bits_init_nal(ngx_live_bits_t *b, u_char *pos, u_char *end)
{
    ngx_live_bits_init(b, pos, end);

    b->nal = 1;
}


/* takes the next byte into the cache */

static ngx_uint_t
ngx_live_bits_fill(ngx_live_bits_t *b)
{
    if (b->nal && b->zeros >= 2 && b->pos < b->end && *b->pos == 3) {
        b->pos++;
        b->zeros = 0;
    }

    if (b->error || b->pos >= b->end) {
        b->error = 1;
        b->left = 0;
        return 0;
    }

    b->cache = *b->pos++;
    b->left = 8;
    b->zeros = (b->cache == 0) ? b->zeros + 1 : 0;

    return 1;
}


uint32_t
ngx_live_bits_read(ngx_live_bits_t *b, ngx_uint_t n)
{
    uint32_t    value;
    ngx_uint_t  take;

    value = 0;

    while (n) {

        if (b->left == 0 && !ngx_live_bits_fill(b)) {
            return 0;
        }

        take = ngx_min(n, b->left);

        b->left -= take;
        n -= take;

        /* take is 1..8, so nothing is shifted by 32 */

        value = (value << take)
                | ((b->cache >> b->left) & (((uint32_t) 1 << take) - 1));
    }

    return value;
}


void
ngx_live_bits_skip(ngx_live_bits_t *b, ngx_uint_t n)
{
    ngx_uint_t  take;

    while (n && !b->error) {
        take = ngx_min(n, 32);
        (void) ngx_live_bits_read(b, take);
        n -= take;
    }
}


size_t
ngx_live_bits_left(ngx_live_bits_t *b)
{
    return b->error ? 0 : (size_t) (b->end - b->pos) * 8 + b->left;
}


uint32_t
ngx_live_bits_ue(ngx_live_bits_t *b)
{
    uint32_t    value;
    ngx_uint_t  zeros;

    zeros = 0;

    while (ngx_live_bits_read(b, 1) == 0) {

        if (b->error || ++zeros > 31) {
            b->error = 1;
            return 0;
        }
    }

    value = ngx_live_bits_read(b, zeros);

    if (b->error) {
        return 0;
    }

    return ((uint32_t) 1 << zeros) - 1 + value;
}


int32_t
ngx_live_bits_se(ngx_live_bits_t *b)
{
    uint32_t  code;

    code = ngx_live_bits_ue(b);

    /* 1, -1, 2, -2, ...; code is at most 2^32 - 2 */

    if (code & 1) {
        return (int32_t) (code / 2 + 1);
    }

    return -(int32_t) (code / 2);
}
