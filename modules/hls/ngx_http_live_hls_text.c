
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"
#include "ngx_live_hls_index.h"


static void ngx_http_live_hls_text_index_tag(ngx_http_live_hls_list_t *list);
static void ngx_http_live_hls_text_pieces(ngx_http_live_hls_list_t *list,
    ngx_uint_t delta, ngx_http_live_hls_answer_t *a);
static void ngx_http_live_hls_text_piece(ngx_http_live_hls_answer_t *a,
    ngx_http_live_hls_text_t *text, size_t from, size_t to);
static void ngx_http_live_hls_text_cleanup(void *data);


ngx_int_t
ngx_http_live_hls_text(ngx_http_live_hls_stream_t *hs, ngx_int_t n,
    ngx_uint_t delta, ngx_uint_t gzip, ngx_http_live_hls_answer_t *a)
{
    ngx_http_live_hls_list_t  *list;

    list = (n < 0) ? &hs->index : &hs->lists[n];

    if (list->tail == NULL || list->generation != hs->hls->generation) {

        if (ngx_http_live_hls_render(hs, n) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (n < 0) {
            ngx_http_live_hls_text_index_tag(list);
        }
    }

    if (!list->skips) {
        delta = NGX_HTTP_LIVE_HLS_FULL;
    }

    ngx_http_live_hls_text_pieces(list, delta, a);

    if (!gzip) {
        return NGX_OK;
    }

    if (list->gzip[delta] == NULL) {
        list->gzip[delta] = ngx_http_live_hls_gzip(list, delta, hs->st->log);

        if (list->gzip[delta] == NULL) {
            return NGX_DECLINED;
        }
    }

    a->n = 0;
    a->len = 0;

    ngx_http_live_hls_text_piece(a, list->gzip[delta], 0,
                                 list->gzip[delta]->len);

    return NGX_OK;
}


/*
 * What is behind a number of changes is rendered the same way in all workers.
 * They are counted from 0 anew after a restart, of the same session: the time
 * of the last one is a part of the tag.  The multivariant playlist seldom
 * says something new.
 */

static void
ngx_http_live_hls_text_index_tag(ngx_http_live_hls_list_t *list)
{
    ngx_str_t  s;

    s.data = list->head[NGX_HTTP_LIVE_HLS_FULL]->data;
    s.len = list->head[NGX_HTTP_LIVE_HLS_FULL]->len;

    list->tag[0] = ngx_live_hls_index_hash(&s);
    list->tag[1] = s.len;
}


static void
ngx_http_live_hls_text_pieces(ngx_http_live_hls_list_t *list,
    ngx_uint_t delta, ngx_http_live_hls_answer_t *a)
{
    a->n = 0;
    a->len = 0;
    a->delta = delta;
    a->tag[0] = list->tag[0];
    a->tag[1] = list->tag[1];

    ngx_http_live_hls_text_piece(a, list->head[delta], 0,
                                 list->head[delta]->len);

    if (list->body) {
        ngx_http_live_hls_text_piece(a, &list->body->text, list->from[delta],
                                     list->to);
    }

    ngx_http_live_hls_text_piece(a, list->tail, 0, list->tail->len);
}


static void
ngx_http_live_hls_text_piece(ngx_http_live_hls_answer_t *a,
    ngx_http_live_hls_text_t *text, size_t from, size_t to)
{
    ngx_http_live_hls_piece_t  *piece;

    if (from == to) {
        return;
    }

    piece = &a->pieces[a->n++];

    piece->text = text;
    piece->from = from;
    piece->to = to;

    a->len += to - from;
}


ngx_int_t
ngx_http_live_hls_text_hold(ngx_http_request_t *r,
    ngx_http_live_hls_text_t *text)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_live_hls_text_cleanup;
    cln->data = text;

    text->refs++;

    return NGX_OK;
}


static void
ngx_http_live_hls_text_cleanup(void *data)
{
    ngx_http_live_hls_text_free(data);
}


void
ngx_http_live_hls_text_free(ngx_http_live_hls_text_t *text)
{
    if (text && --text->refs == 0) {
        ngx_free(text);
    }
}


ngx_int_t
ngx_http_live_hls_answer_hold(ngx_http_request_t *r,
    ngx_http_live_hls_answer_t *a)
{
    ngx_uint_t  i;

    for (i = 0; i < a->n; i++) {
        if (ngx_http_live_hls_text_hold(r, a->pieces[i].text) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* all but the body */

void
ngx_http_live_hls_list_drop(ngx_http_live_hls_list_t *list)
{
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        ngx_http_live_hls_text_free(list->head[i]);
        ngx_http_live_hls_text_free(list->gzip[i]);

        list->head[i] = NULL;
        list->gzip[i] = NULL;
        list->from[i] = 0;
        list->first[i] = 0;
    }

    ngx_http_live_hls_text_free(list->tail);

    list->tail = NULL;
    list->to = 0;
    list->last = 0;
    list->skips = 0;
}


void
ngx_http_live_hls_text_forget(ngx_http_live_hls_stream_t *hs)
{
    ngx_uint_t  i, n;

    ngx_http_live_hls_list_drop(&hs->index);

    for (i = 0; i < NGX_LIVE_TRACKS; i++) {
        ngx_http_live_hls_list_drop(&hs->lists[i]);
        ngx_http_live_hls_gzip_drop(&hs->lists[i]);

        if (hs->lists[i].body) {
            ngx_http_live_hls_text_free(&hs->lists[i].body->text);
            hs->lists[i].body = NULL;
        }

        for (n = 0; n < NGX_HTTP_LIVE_HLS_COPIES; n++) {
            ngx_http_live_hls_text_free(hs->copies[i][n].text);
        }
    }

    ngx_memzero(hs->copies, sizeof(hs->copies));
}
