
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"

#include <zlib.h>


/*
 * A playlist of hours is compressed in pieces (RFC 1951, 1952): blocks of the
 * body are deflated once, each on its own and up to a byte's end, and kept
 * for as long as they are in the window.  A change costs the deflating of the
 * head, of the tail and of less than two blocks.
 *
 * Blocks begin at multiples of their length, so that all workers make the
 * same bytes of the same text.
 */

/* entries of the body */
#define NGX_HTTP_LIVE_HLS_BLOCK      64

/* bytes of gzip's header and trailer, and more than ends of pieces take */
#define NGX_HTTP_LIVE_HLS_GZIP_HEAD  10
#define NGX_HTTP_LIVE_HLS_GZIP_TAIL  8
#define NGX_HTTP_LIVE_HLS_GZIP_MORE  64


struct ngx_http_live_hls_block_s {
    ngx_http_live_hls_block_t  *next;       /* a later one */
    uint64_t                    msn;        /* of the first entry */
    size_t                      len;        /* bytes of text */
    uLong                       crc;        /* of them */
    size_t                      size;       /* compressed */
    u_char                     *data;
};


/* what of a list goes into blocks, and what comes before and behind them */

typedef struct {
    ngx_http_live_hls_block_t  *first;
    ngx_uint_t                  n;
    size_t                      size;       /* compressed, all of them */
    size_t                      from;       /* of the body */
    size_t                      to;
} ngx_http_live_hls_blocks_t;


typedef struct {
    u_char                     *pos;
    u_char                     *end;
    uLong                       crc;
    size_t                      len;        /* bytes of text */
} ngx_http_live_hls_gzip_t;


static ngx_int_t ngx_http_live_hls_gzip_write(ngx_http_live_hls_list_t *list,
    ngx_uint_t delta, ngx_http_live_hls_blocks_t *blocks,
    ngx_http_live_hls_gzip_t *gz, ngx_log_t *log);
static ngx_int_t ngx_http_live_hls_gzip_blocks(ngx_http_live_hls_list_t *list,
    ngx_uint_t delta, ngx_http_live_hls_blocks_t *blocks, ngx_log_t *log);
static ngx_http_live_hls_block_t *ngx_http_live_hls_gzip_block(
    ngx_http_live_hls_body_t *body, uint64_t msn, ngx_log_t *log);
static ngx_int_t ngx_http_live_hls_gzip_reset(ngx_log_t *log);
static ngx_int_t ngx_http_live_hls_gzip_put(ngx_http_live_hls_gzip_t *gz,
    u_char *p, size_t len, int flush, ngx_log_t *log);
static void ngx_http_live_hls_gzip_old(ngx_http_live_hls_list_t *list);


/* of the worker, for its memory is large */

static z_stream    ngx_http_live_hls_deflate;
static ngx_uint_t  ngx_http_live_hls_deflate_ready;

/* neither name nor time nor flags; made by Unix */

static u_char  ngx_http_live_hls_gzip_header[NGX_HTTP_LIVE_HLS_GZIP_HEAD] = {
    0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3
};


ngx_http_live_hls_text_t *
ngx_http_live_hls_gzip(ngx_http_live_hls_list_t *list, ngx_uint_t delta,
    ngx_log_t *log)
{
    size_t                       size;
    ngx_uint_t                   i;
    ngx_http_live_hls_gzip_t     gz;
    ngx_http_live_hls_text_t    *text;
    ngx_http_live_hls_blocks_t   blocks;

    if (ngx_http_live_hls_gzip_reset(log) != NGX_OK
        || ngx_http_live_hls_gzip_blocks(list, delta, &blocks, log) != NGX_OK)
    {
        return NULL;
    }

    size = list->head[delta]->len + (blocks.from - list->from[delta])
           + (list->to - blocks.to) + list->tail->len;

    size = NGX_HTTP_LIVE_HLS_GZIP_HEAD
           + deflateBound(&ngx_http_live_hls_deflate, size)
           + NGX_HTTP_LIVE_HLS_GZIP_MORE
           + blocks.size + NGX_HTTP_LIVE_HLS_GZIP_TAIL;

    text = ngx_alloc(sizeof(ngx_http_live_hls_text_t) + size, log);
    if (text == NULL) {
        return NULL;
    }

    ngx_memzero(text, sizeof(ngx_http_live_hls_text_t));

    text->refs = 1;
    text->data = (u_char *) &text[1];

    gz.pos = ngx_cpymem(text->data, ngx_http_live_hls_gzip_header,
                        NGX_HTTP_LIVE_HLS_GZIP_HEAD);
    gz.end = text->data + size - NGX_HTTP_LIVE_HLS_GZIP_TAIL;
    gz.crc = crc32(0, NULL, 0);
    gz.len = 0;

    if (ngx_http_live_hls_gzip_write(list, delta, &blocks, &gz, log)
        != NGX_OK)
    {
        ngx_free(text);
        return NULL;
    }

    for (i = 0; i < 4; i++) {
        gz.pos[i] = (u_char) (gz.crc >> (8 * i));
        gz.pos[i + 4] = (u_char) (gz.len >> (8 * i));
    }

    text->len = gz.pos + NGX_HTTP_LIVE_HLS_GZIP_TAIL - text->data;

    return text;
}


static ngx_int_t
ngx_http_live_hls_gzip_write(ngx_http_live_hls_list_t *list,
    ngx_uint_t delta, ngx_http_live_hls_blocks_t *blocks,
    ngx_http_live_hls_gzip_t *gz, ngx_log_t *log)
{
    u_char                     *body;
    ngx_uint_t                  i;
    ngx_http_live_hls_block_t  *block;

    body = list->body ? list->body->text.data : NULL;

    if (ngx_http_live_hls_gzip_put(gz, list->head[delta]->data,
                                   list->head[delta]->len, Z_NO_FLUSH, log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (blocks->n) {

        if (ngx_http_live_hls_gzip_put(gz, body + list->from[delta],
                                       blocks->from - list->from[delta],
                                       Z_FULL_FLUSH, log)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        block = blocks->first;

        for (i = 0; i < blocks->n; i++) {
            gz->pos = ngx_cpymem(gz->pos, block->data, block->size);
            gz->crc = crc32_combine(gz->crc, block->crc, block->len);
            gz->len += block->len;

            block = block->next;
        }

        if (ngx_http_live_hls_gzip_reset(log) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (blocks->to < list->to
        && ngx_http_live_hls_gzip_put(gz, body + blocks->to,
                                      list->to - blocks->to, Z_NO_FLUSH, log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_live_hls_gzip_put(gz, list->tail->data, list->tail->len,
                                      Z_FINISH, log);
}


/* the whole blocks in that which is sent of the body */

static ngx_int_t
ngx_http_live_hls_gzip_blocks(ngx_http_live_hls_list_t *list,
    ngx_uint_t delta, ngx_http_live_hls_blocks_t *blocks, ngx_log_t *log)
{
    uint64_t                     msn, last;
    ngx_http_live_hls_body_t    *body;
    ngx_http_live_hls_block_t   *block, **link;

    ngx_memzero(blocks, sizeof(ngx_http_live_hls_blocks_t));

    blocks->from = list->from[delta];
    blocks->to = list->from[delta];

    ngx_http_live_hls_gzip_old(list);

    if (list->from[delta] == list->to) {
        return NGX_OK;
    }

    body = list->body;

    msn = body->msn + list->first[delta] + NGX_HTTP_LIVE_HLS_BLOCK - 1;
    msn -= msn % NGX_HTTP_LIVE_HLS_BLOCK;
    last = body->msn + list->last;
    link = &list->blocks;

    for ( /* void */ ;
         msn + NGX_HTTP_LIVE_HLS_BLOCK <= last;
         msn += NGX_HTTP_LIVE_HLS_BLOCK)
    {
        while (*link && (*link)->msn < msn) {
            link = &(*link)->next;
        }

        block = *link;

        if (block == NULL || block->msn != msn) {

            /* a delta may have had later ones made before */

            block = ngx_http_live_hls_gzip_block(body, msn, log);
            if (block == NULL) {
                return NGX_ERROR;
            }

            block->next = *link;
            *link = block;
        }

        if (blocks->n++ == 0) {
            blocks->first = block;
            blocks->from = ngx_http_live_hls_body_end(body, msn - body->msn);
            blocks->to = blocks->from;
        }

        blocks->size += block->size;
        blocks->to += block->len;
    }

    return ngx_http_live_hls_gzip_reset(log);
}


static ngx_http_live_hls_block_t *
ngx_http_live_hls_gzip_block(ngx_http_live_hls_body_t *body, uint64_t msn,
    ngx_log_t *log)
{
    size_t                      from, len, size;
    ngx_uint_t                  i;
    ngx_http_live_hls_gzip_t    gz;
    ngx_http_live_hls_block_t  *block;

    i = msn - body->msn;

    from = ngx_http_live_hls_body_end(body, i);
    len = ngx_http_live_hls_body_end(body, i + NGX_HTTP_LIVE_HLS_BLOCK)
          - from;

    if (ngx_http_live_hls_gzip_reset(log) != NGX_OK) {
        return NULL;
    }

    size = deflateBound(&ngx_http_live_hls_deflate, len)
           + NGX_HTTP_LIVE_HLS_GZIP_MORE;

    block = ngx_alloc(sizeof(ngx_http_live_hls_block_t) + size, log);
    if (block == NULL) {
        return NULL;
    }

    gz.pos = (u_char *) &block[1];
    gz.end = gz.pos + size;
    gz.crc = crc32(0, NULL, 0);
    gz.len = 0;

    if (ngx_http_live_hls_gzip_put(&gz, body->text.data + from, len,
                                   Z_FULL_FLUSH, log)
        != NGX_OK)
    {
        ngx_free(block);
        return NULL;
    }

    block->msn = msn;
    block->len = len;
    block->crc = gz.crc;
    block->data = (u_char *) &block[1];
    block->size = gz.pos - block->data;

    return block;
}


static ngx_int_t
ngx_http_live_hls_gzip_reset(ngx_log_t *log)
{
    z_stream  *z = &ngx_http_live_hls_deflate;

    if (ngx_http_live_hls_deflate_ready) {
        (void) deflateReset(z);
        return NGX_OK;
    }

    /* -15: the largest window, and neither header nor trailer */

    if (deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "deflateInit2() failed");
        return NGX_ERROR;
    }

    ngx_http_live_hls_deflate_ready = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_hls_gzip_put(ngx_http_live_hls_gzip_t *gz, u_char *p,
    size_t len, int flush, ngx_log_t *log)
{
    int        rc;
    z_stream  *z = &ngx_http_live_hls_deflate;

    z->next_in = p;
    z->avail_in = len;
    z->next_out = gz->pos;
    z->avail_out = gz->end - gz->pos;

    rc = deflate(z, flush);

    /* with no input and nothing to flush there is no progress */

    if ((rc != (flush == Z_FINISH ? Z_STREAM_END : Z_OK)
         && !(rc == Z_BUF_ERROR && len == 0))
        || z->avail_in || z->avail_out == 0)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "deflate() failed: %d", rc);
        return NGX_ERROR;
    }

    gz->pos = z->next_out;
    gz->crc = crc32(gz->crc, p, len);
    gz->len += len;

    return NGX_OK;
}


/* those that begin before the window */

static void
ngx_http_live_hls_gzip_old(ngx_http_live_hls_list_t *list)
{
    uint64_t                    msn;
    ngx_http_live_hls_block_t  *block;

    msn = list->body ? list->body->msn + list->first[NGX_HTTP_LIVE_HLS_FULL]
                     : 0;

    while (list->blocks && (list->body == NULL || list->blocks->msn < msn)) {
        block = list->blocks;
        list->blocks = block->next;
        ngx_free(block);
    }
}


void
ngx_http_live_hls_gzip_drop(ngx_http_live_hls_list_t *list)
{
    ngx_http_live_hls_block_t  *block, *next;

    for (block = list->blocks; block; block = next) {
        next = block->next;
        ngx_free(block);
    }

    list->blocks = NULL;
}
