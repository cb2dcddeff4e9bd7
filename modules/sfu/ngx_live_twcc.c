
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_twcc.h"
#include "ngx_live_rtp.h"


#define NGX_LIVE_TWCC_HEADER          16      /* behind RTCP's first 4 bytes */

#define NGX_LIVE_TWCC_NONE            0       /* symbols; 3 is reserved */
#define NGX_LIVE_TWCC_SMALL           1       /* difference of one byte */
#define NGX_LIVE_TWCC_LARGE           2       /* of two */

#define NGX_LIVE_TWCC_VECTOR          7       /* symbols of two bits */

#define NGX_LIVE_TWCC_REFERENCE       256     /* 64 ms / 250 us */


static void ngx_live_twcc_load(ngx_live_twcc_t *t);
static ngx_uint_t ngx_live_twcc_symbol(ngx_live_twcc_t *t);
static ngx_int_t ngx_live_twcc_classify(int64_t *last, int64_t time);
static ngx_uint_t ngx_live_twcc_fit(u_char *symbols, int64_t last,
    int64_t *times, ngx_uint_t n, size_t room);
static u_char *ngx_live_twcc_write_chunks(u_char *p, u_char *end,
    u_char *symbols, ngx_uint_t n);
static u_char *ngx_live_twcc_write_deltas(u_char *p, u_char *end,
    u_char *symbols, int64_t last, int64_t *times, ngx_uint_t n);


ngx_int_t
ngx_live_twcc_parse(ngx_live_rtcp_t *p, ngx_live_twcc_t *t)
{
    u_char           *pos;
    int64_t           reference;
    uint16_t          count;
    ngx_uint_t        n;
    ngx_live_twcc_t   scan;

    if (p->type != NGX_LIVE_RTCP_RTPFB || p->count != NGX_LIVE_RTCP_RTPFB_TWCC
        || p->len < NGX_LIVE_TWCC_HEADER)
    {
        return NGX_ERROR;
    }

    ngx_memzero(t, sizeof(ngx_live_twcc_t));

    pos = p->data + 8;

    t->base = ngx_live_be16(pos);
    count = ngx_live_be16(pos + 2);
    reference = ngx_live_be24(pos + 4);
    t->number = pos[7];

    if (count == 0 || count > NGX_LIVE_TWCC_MAX) {
        return NGX_ERROR;
    }

    if (reference & 0x800000) {
        reference -= 0x1000000;
    }

    t->count = count;
    t->time = reference * NGX_LIVE_TWCC_REFERENCE;
    t->chunk = pos + 8;
    t->end = p->data + p->len;
    t->chunks = t->end;

    /* the times begin behind the chunks, which are as many as are needed */

    scan = *t;

    for (n = 0; n < t->count; n += scan.run + scan.bits) {

        if (scan.end - scan.chunk < 2) {
            return NGX_ERROR;
        }

        ngx_live_twcc_load(&scan);
    }

    t->chunks = scan.chunk;
    t->delta = scan.chunk;

    return NGX_OK;
}


/* a chunk: a run of one symbol, or a vector of 14 or 7 of them */

static void
ngx_live_twcc_load(ngx_live_twcc_t *t)
{
    ngx_uint_t  word;

    word = ngx_live_be16(t->chunk);
    t->chunk += 2;

    t->run = 0;
    t->bits = 0;

    if ((word & 0x8000) == 0) {
        t->symbol = (word >> 13) & 3;
        t->run = word & 0x1fff;
        return;
    }

    t->width = (word & 0x4000) ? 2 : 1;
    t->bits = 14 / t->width;
    t->symbol = word & 0x3fff;
}


static ngx_uint_t
ngx_live_twcc_symbol(ngx_live_twcc_t *t)
{
    while (t->run == 0 && t->bits == 0) {
        ngx_live_twcc_load(t);
    }

    if (t->run) {
        t->run--;
        return t->symbol;
    }

    t->bits--;

    return (t->symbol >> (t->bits * t->width)) & ((1 << t->width) - 1);
}


ngx_int_t
ngx_live_twcc_next(ngx_live_twcc_t *t, uint16_t *seq, int64_t *time)
{
    if (t->n == t->count) {
        return NGX_DONE;
    }

    *seq = (uint16_t) (t->base + t->n++);
    *time = NGX_LIVE_TWCC_LOST;

    switch (ngx_live_twcc_symbol(t)) {

    case NGX_LIVE_TWCC_SMALL:

        if (t->end - t->delta < 1) {
            return NGX_ERROR;
        }

        t->time += *t->delta++;
        break;

    case NGX_LIVE_TWCC_LARGE:

        if (t->end - t->delta < 2) {
            return NGX_ERROR;
        }

        t->time += (int16_t) ngx_live_be16(t->delta);
        t->delta += 2;
        break;

    default:
        return NGX_OK;
    }

    *time = t->time;

    return NGX_OK;
}


/* the symbol of a packet, NGX_ERROR if its time has no form */

static ngx_int_t
ngx_live_twcc_classify(int64_t *last, int64_t time)
{
    int64_t  ahead;

    if (time == NGX_LIVE_TWCC_LOST) {
        return NGX_LIVE_TWCC_NONE;
    }

    ahead = time - *last;
    *last = time;

    if (ahead >= 0 && ahead <= 255) {
        return NGX_LIVE_TWCC_SMALL;
    }

    if (ahead >= -32768 && ahead <= 32767) {
        return NGX_LIVE_TWCC_LARGE;
    }

    return NGX_ERROR;
}


/*
 * The symbols of those packets that fit.  Each chunk stands for seven of them
 * at least, but the last one.
 */

static ngx_uint_t
ngx_live_twcc_fit(u_char *symbols, int64_t last, int64_t *times, ngx_uint_t n,
    size_t room)
{
    size_t      deltas, chunks;
    ngx_int_t   symbol;
    ngx_uint_t  i;

    deltas = 0;

    for (i = 0; i < n; i++) {
        symbol = ngx_live_twcc_classify(&last, times[i]);

        if (symbol == NGX_ERROR) {
            break;
        }

        deltas += symbol;
        chunks = (i / NGX_LIVE_TWCC_VECTOR + 1) * 2;

        if (ngx_align(chunks + deltas, 4) > room) {
            break;
        }

        symbols[i] = (u_char) symbol;
    }

    return i;
}


/* a run where it is not longer than a vector of seven */

static u_char *
ngx_live_twcc_write_chunks(u_char *p, u_char *end, u_char *symbols,
    ngx_uint_t n)
{
    ngx_uint_t  i, run, word;

    while (n) {

        for (run = 1; run < n && symbols[run] == symbols[0]; run++) {
            /* void */
        }

        if (run >= NGX_LIVE_TWCC_VECTOR || run == n) {
            word = (ngx_uint_t) symbols[0] << 13 | run;

        } else {
            run = ngx_min(n, NGX_LIVE_TWCC_VECTOR);
            word = 0xc000;

            for (i = 0; i < run; i++) {
                word |= (ngx_uint_t) symbols[i] << (12 - 2 * i);
            }
        }

        p = ngx_live_write_be16(p, end, word);

        symbols += run;
        n -= run;
    }

    return p;
}


static u_char *
ngx_live_twcc_write_deltas(u_char *p, u_char *end, u_char *symbols,
    int64_t last, int64_t *times, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (symbols[i] == NGX_LIVE_TWCC_NONE) {
            continue;
        }

        p = ngx_live_write_be(p, end, (uint64_t) (times[i] - last),
                              symbols[i]);
        last = times[i];
    }

    return p;
}


u_char *
ngx_live_twcc_write(u_char *pos, u_char *end, uint32_t sender, uint32_t media,
    ngx_uint_t number, uint16_t base, int64_t *times, ngx_uint_t n,
    ngx_uint_t *taken)
{
    u_char      *p, symbols[NGX_LIVE_TWCC_MAX];
    int64_t      reference, last;
    ngx_uint_t   first;

    *taken = 0;

    for (first = 0; first < n; first++) {
        if (times[first] != NGX_LIVE_TWCC_LOST) {
            break;
        }
    }

    if (first == n || n > NGX_LIVE_TWCC_MAX || times[first] < 0
        || (size_t) (end - pos) < 4 + NGX_LIVE_TWCC_HEADER)
    {
        return NULL;
    }

    /* 24 bits of them, which roll over after 12 days */

    reference = times[first] / NGX_LIVE_TWCC_REFERENCE;
    last = reference * NGX_LIVE_TWCC_REFERENCE;

    n = ngx_live_twcc_fit(symbols, last, times, n,
                          end - pos - 4 - NGX_LIVE_TWCC_HEADER);

    if (n <= first) {
        return NULL;
    }

    p = ngx_live_rtcp_begin(pos, end, NGX_LIVE_RTCP_RTPFB,
                            NGX_LIVE_RTCP_RTPFB_TWCC, sender);
    p = ngx_live_write_be32(p, end, media);
    p = ngx_live_write_be16(p, end, base);
    p = ngx_live_write_be16(p, end, n);
    p = ngx_live_write_be24(p, end, (uint64_t) reference & 0xffffff);
    p = ngx_live_write_u8(p, end, number);

    p = ngx_live_twcc_write_chunks(p, end, symbols, n);
    p = ngx_live_twcc_write_deltas(p, end, symbols, last, times, n);

    while (p && (p - pos) % 4) {
        p = ngx_live_write_u8(p, end, 0);
    }

    *taken = p ? n : 0;

    return ngx_live_rtcp_end(pos, p);
}


void
ngx_live_twcc_log_add(ngx_live_twcc_log_t *log, uint16_t seq, int64_t now)
{
    uint64_t  number, i;

    if (!log->begun) {
        log->begun = 1;
        log->highest = ngx_live_rtp_first(seq);
        log->first = log->highest;
        log->next = log->highest;
        number = log->highest;

    } else {
        number = ngx_live_rtp_extend(log->highest, seq);
    }

    if (number > log->highest) {

        if (number - log->highest > NGX_LIVE_TWCC_LOG) {
            log->first = number;
            log->next = number;
        }

        for (i = ngx_max(log->highest + 1, log->first); i < number; i++) {
            log->times[i % NGX_LIVE_TWCC_LOG] = NGX_LIVE_TWCC_LOST;
        }

        log->highest = number;

        if (number - log->next >= NGX_LIVE_TWCC_LOG) {
            log->next = number - NGX_LIVE_TWCC_LOG + 1;
        }

    } else if (number < log->first
               || log->highest - number >= NGX_LIVE_TWCC_LOG / 2)
    {
        return;
    }

    log->next = ngx_min(log->next, number);
    log->times[number % NGX_LIVE_TWCC_LOG] = now / 250;
}


u_char *
ngx_live_twcc_log_write(ngx_live_twcc_log_t *log, u_char *pos, u_char *end,
    uint32_t sender, uint32_t media)
{
    int64_t     times[NGX_LIVE_TWCC_LOG];
    uint64_t    i;
    ngx_uint_t  n, taken;

    if (!log->begun) {
        return NULL;
    }

    n = 0;

    for (i = log->next; i <= log->highest; i++) {
        times[n++] = log->times[i % NGX_LIVE_TWCC_LOG];
    }

    pos = ngx_live_twcc_write(pos, end, sender, media, log->number,
                              (uint16_t) log->next, times, n, &taken);

    if (pos) {
        log->next += taken;
        log->number = (log->number + 1) & 0xff;
    }

    return pos;
}
