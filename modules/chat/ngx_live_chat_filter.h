
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The word filter of chats.
 *
 * A list has one entry per line; blank lines and those beginning with "#" are
 * skipped:
 *
 *     word        a whole word
 *     word*       words that begin with it
 *     *word       words that end with it
 *     *word*      anywhere within words
 *     two words   next to each other, whatever stands between them
 *     =word       spelled exactly like this, but for upper and lower case
 *
 * But for "=", letters are told apart as a reader does: see
 * ngx_live_chat_fold(), and digits and signs that stand for letters (0 1 3 4 5
 * 7 @ $ ! |).  Letters may be repeated more often than in the entry.  What has
 * no width is not there.  Single letters with blanks or signs between them
 * are one word.
 */


#ifndef _NGX_LIVE_CHAT_FILTER_H_INCLUDED_
#define _NGX_LIVE_CHAT_FILTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_CHAT_FILTER_LIST   (4 * 1024 * 1024)  /* bytes of a list */
#define NGX_LIVE_CHAT_FILTER_TEXT   8192   /* bytes of a text */
#define NGX_LIVE_CHAT_FILTER_WORD   64     /* different letters in a row */


typedef struct ngx_live_chat_filter_s  ngx_live_chat_filter_t;


typedef struct {
    size_t                     start;      /* bytes in the text */
    size_t                     len;
    ngx_uint_t                 line;       /* of the entry in its list */
} ngx_live_chat_match_t;


/*
 * Compiles a list; all memory, about 40 bytes per byte of the list and 128 kB,
 * is from the pool.  NULL: a constant reason, and the line from 1 or 0.
 */
ngx_live_chat_filter_t *ngx_live_chat_filter_create(ngx_pool_t *pool,
    u_char *p, size_t len, ngx_uint_t *line, const char **reason);

/* entries of the list */
ngx_uint_t ngx_live_chat_filter_words(ngx_live_chat_filter_t *filter);

/*
 * NGX_OK: an entry matches; NGX_DECLINED: none does; NGX_ERROR: the text is
 * longer than NGX_LIVE_CHAT_FILTER_TEXT or no UTF-8.  Takes time in
 * proportion to the text.
 */
ngx_int_t ngx_live_chat_filter_match(ngx_live_chat_filter_t *filter,
    u_char *p, size_t len, ngx_live_chat_match_t *match);


#endif /* _NGX_LIVE_CHAT_FILTER_H_INCLUDED_ */
