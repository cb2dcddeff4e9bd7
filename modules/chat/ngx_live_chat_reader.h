
/*
 * Copyright (C) nginx-live authors
 */


/*
 * How the word filter reads: a text becomes units, letters as they are meant,
 * and breaks between words.
 */


#ifndef _NGX_LIVE_CHAT_READER_H_INCLUDED_
#define _NGX_LIVE_CHAT_READER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* symbols: what stands between words, a-z, 0-9, and those of the list */

#define NGX_LIVE_CHAT_SYMBOL_BREAK    0
#define NGX_LIVE_CHAT_SYMBOL_LETTER   1
#define NGX_LIVE_CHAT_SYMBOL_DIGIT    27
#define NGX_LIVE_CHAT_SYMBOL_OTHER    37
#define NGX_LIVE_CHAT_SYMBOL_NONE     0xffff


/* how what may be a letter or not is read */

#define NGX_LIVE_CHAT_READ_I          0    /* 1 ! | are "i" */
#define NGX_LIVE_CHAT_READ_L          1    /* they are "l" */
#define NGX_LIVE_CHAT_READ_BREAK      2    /* digits and signs are breaks */
#define NGX_LIVE_CHAT_READ_LIST       3    /* of an entry: as READ_I, but ! and
                                              | are signs */


/* a letter, repeated or not, or a break */

typedef struct {
    uint32_t                   start;      /* bytes in the text */
    uint32_t                   end;
    uint16_t                   count;
    uint16_t                   symbol;
    unsigned                   begin:1;    /* a word may begin here */
    unsigned                   edge:1;     /* and end, too */
    unsigned                   real:1;     /* not digits and "$" only */
    unsigned                   gap:8;      /* of a break: code points */
    unsigned                   glue:1;     /* of a break: an apostrophe */
} ngx_live_chat_unit_t;


typedef struct ngx_live_chat_symbol_s  ngx_live_chat_symbol_t;


typedef struct {
    ngx_live_chat_symbol_t    *symbols;    /* hash table */
    ngx_uint_t                 mask;
    ngx_uint_t                 nsymbols;

    ngx_uint_t                 read;       /* NGX_LIVE_CHAT_READ_I, ... */
    ngx_live_chat_unit_t      *units;
    ngx_uint_t                 n;          /* units */
    ngx_uint_t                 ones;       /* 1 ! | were there */
    ngx_uint_t                 doubts;     /* what may be no letter was */
} ngx_live_chat_reader_t;


/* for a list and for texts of so many bytes; the memory is from the pool */
ngx_int_t ngx_live_chat_reader_init(ngx_live_chat_reader_t *rd,
    ngx_pool_t *pool, size_t list, size_t text);

/*
 * Cuts a text, which is UTF-8, into units; there are no more of them than
 * bytes.  A list's letters are learned, others become
 * NGX_LIVE_CHAT_SYMBOL_NONE.
 */
void ngx_live_chat_read(ngx_live_chat_reader_t *rd, u_char *p, size_t len);


#endif /* _NGX_LIVE_CHAT_READER_H_INCLUDED_ */
