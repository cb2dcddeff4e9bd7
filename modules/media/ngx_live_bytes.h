
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Bounded readers and writers of integers and runs of bytes, and a bit
 * reader with Exp-Golomb codes.
 *
 * Every reader and writer takes the place where it stands and the end of the
 * buffer, and returns the place behind what it has read or written, or NULL
 * when the buffer is too short.  A NULL place is handed through, so a fixed
 * layout is read by a run of calls with one check after the last of them.
 * A value that could not be read is zero.
 */


#ifndef _NGX_LIVE_BYTES_H_INCLUDED_
#define _NGX_LIVE_BYTES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define ngx_live_be16(p)                                                      \
    ((uint16_t) (((p)[0] << 8) | (p)[1]))

#define ngx_live_be24(p)                                                      \
    (((uint32_t) (p)[0] << 16) | ((uint32_t) (p)[1] << 8) | (p)[2])

#define ngx_live_be32(p)                                                      \
    (((uint32_t) (p)[0] << 24) | ((uint32_t) (p)[1] << 16)                    \
     | ((uint32_t) (p)[2] << 8) | (p)[3])

#define ngx_live_be64(p)                                                      \
    (((uint64_t) ngx_live_be32(p) << 32) | ngx_live_be32((p) + 4))


static ngx_inline u_char *
ngx_live_skip(u_char *pos, u_char *end, size_t n)
{
    if (pos == NULL || (size_t) (end - pos) < n) {
        return NULL;
    }

    return pos + n;
}


/* out points into the buffer, nothing is copied; NULL when too short */

static ngx_inline u_char *
ngx_live_take(u_char *pos, u_char *end, size_t n, u_char **out)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, n);
    *out = (next == NULL) ? NULL : pos;

    return next;
}


static ngx_inline u_char *
ngx_live_read_u8(u_char *pos, u_char *end, ngx_uint_t *value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 1);
    *value = (next == NULL) ? 0 : pos[0];

    return next;
}


static ngx_inline u_char *
ngx_live_read_be16(u_char *pos, u_char *end, uint16_t *value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 2);
    *value = (next == NULL) ? 0 : ngx_live_be16(pos);

    return next;
}


static ngx_inline u_char *
ngx_live_read_be24(u_char *pos, u_char *end, uint32_t *value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 3);
    *value = (next == NULL) ? 0 : ngx_live_be24(pos);

    return next;
}


static ngx_inline u_char *
ngx_live_read_be32(u_char *pos, u_char *end, uint32_t *value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 4);
    *value = (next == NULL) ? 0 : ngx_live_be32(pos);

    return next;
}


static ngx_inline u_char *
ngx_live_read_be64(u_char *pos, u_char *end, uint64_t *value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 8);
    *value = (next == NULL) ? 0 : ngx_live_be64(pos);

    return next;
}


static ngx_inline u_char *
ngx_live_read_le32(u_char *pos, u_char *end, uint32_t *value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 4);

    *value = (next == NULL) ? 0
             : (((uint32_t) pos[3] << 24) | ((uint32_t) pos[2] << 16)
                | ((uint32_t) pos[1] << 8) | pos[0]);

    return next;
}


static ngx_inline u_char *
ngx_live_write_u8(u_char *pos, u_char *end, ngx_uint_t value)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, 1);

    if (next != NULL) {
        pos[0] = (u_char) value;
    }

    return next;
}


/* the lowest n (1..8) bytes of value, the most significant first */

static ngx_inline u_char *
ngx_live_write_be(u_char *pos, u_char *end, uint64_t value, ngx_uint_t n)
{
    u_char  *next;

    next = ngx_live_skip(pos, end, n);

    if (next == NULL) {
        return NULL;
    }

    while (n) {
        pos[--n] = (u_char) value;
        value >>= 8;
    }

    return next;
}


#define ngx_live_write_be16(pos, end, value)                                  \
    ngx_live_write_be(pos, end, value, 2)

#define ngx_live_write_be24(pos, end, value)                                  \
    ngx_live_write_be(pos, end, value, 3)

#define ngx_live_write_be32(pos, end, value)                                  \
    ngx_live_write_be(pos, end, value, 4)

#define ngx_live_write_be64(pos, end, value)                                  \
    ngx_live_write_be(pos, end, value, 8)


u_char *ngx_live_write_le32(u_char *pos, u_char *end, uint32_t value);
u_char *ngx_live_write_data(u_char *pos, u_char *end, const void *data,
    size_t len);


/*
 * The bit reader.  After an underrun, or an Exp-Golomb code of more than 31
 * leading zeros, error is set and stays set, and every further read yields
 * zero: a caller may read a whole structure and look at error once.  Loops
 * whose count was read must look at it before they loop.
 */

typedef struct {
    u_char                   *pos;
    u_char                   *end;
    ngx_uint_t                zeros;       /* zero bytes just passed */
    uint32_t                  cache;       /* the byte being read */
    ngx_uint_t                left;        /* its unread bits */
    unsigned                  nal:1;       /* remove emulation prevention */
    unsigned                  error:1;
} ngx_live_bits_t;


void ngx_live_bits_init(ngx_live_bits_t *b, u_char *pos, u_char *end);

/* reads an RBSP: 0x03 behind two zero bytes is dropped, H.264, 7.4.1 */
void ngx_live_bits_init_nal(ngx_live_bits_t *b, u_char *pos, u_char *end);

/* n is 0..32 */
uint32_t ngx_live_bits_read(ngx_live_bits_t *b, ngx_uint_t n);
void ngx_live_bits_skip(ngx_live_bits_t *b, ngx_uint_t n);

/* bits not read yet; of a NAL with those that are dropped */
size_t ngx_live_bits_left(ngx_live_bits_t *b);

/* ue(v) and se(v) of H.264, 9.1 */
uint32_t ngx_live_bits_ue(ngx_live_bits_t *b);
int32_t ngx_live_bits_se(ngx_live_bits_t *b);


#endif /* _NGX_LIVE_BYTES_H_INCLUDED_ */
