
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_live_chat_filter.h"
#include "ngx_live_chat_fold.h"
#include "ngx_live_chat_reader.h"
#include "ngx_live_utf8.h"


#define NGX_LIVE_CHAT_FILTER_NODES  262144


typedef struct {
    uint32_t                   child;
    uint32_t                   sibling;
    uint32_t                   fail;
    uint32_t                   dict;       /* the next node by fail that ends
                                              an entry */
    uint32_t                   word;       /* the first entry that ends here,
                                              from 1 */
    uint32_t                   symbol;
} ngx_live_chat_node_t;


typedef struct {
    uint32_t                   next;       /* that ends at the same node */
    uint32_t                   line;
    uint32_t                   text;       /* in the list */
    uint16_t                   len;
    uint16_t                   nunits;
    uint32_t                   counts;     /* the first of its units' */
    unsigned                   exact:1;
    unsigned                   left:1;     /* letters may come before */
    unsigned                   right:1;    /* and after */
    unsigned                   real:1;     /* not digits and "$" only */
} ngx_live_chat_word_t;


struct ngx_live_chat_filter_s {
    ngx_pool_t                *pool;
    u_char                    *list;       /* a copy */
    size_t                     len;

    ngx_live_chat_node_t      *nodes;      /* the first is the root */
    ngx_uint_t                 nnodes;
    ngx_uint_t                 max_nodes;
    uint32_t                  *root;       /* its children by symbol */

    ngx_live_chat_word_t      *words;      /* the first is not used */
    ngx_uint_t                 nwords;
    u_char                    *counts;
    ngx_uint_t                 ncounts;

    ngx_live_chat_reader_t     reader;
};


static ngx_int_t ngx_live_chat_filter_init(ngx_live_chat_filter_t *f,
    u_char *p, size_t len);
static ngx_int_t ngx_live_chat_filter_entry(ngx_live_chat_filter_t *f,
    u_char *p, u_char *end, ngx_uint_t line, const char **reason);
static ngx_int_t ngx_live_chat_filter_add(ngx_live_chat_filter_t *f,
    ngx_live_chat_word_t *word, ngx_uint_t n, const char **reason);
static ngx_int_t ngx_live_chat_filter_link(ngx_live_chat_filter_t *f);
static uint32_t ngx_live_chat_filter_child(ngx_live_chat_filter_t *f,
    uint32_t node, uint32_t symbol);
static uint32_t ngx_live_chat_filter_step(ngx_live_chat_filter_t *f,
    uint32_t node, uint32_t symbol);
static ngx_int_t ngx_live_chat_filter_run(ngx_live_chat_filter_t *f,
    ngx_uint_t n, u_char *p, ngx_live_chat_match_t *match);
static ngx_uint_t ngx_live_chat_filter_fits(ngx_live_chat_filter_t *f,
    ngx_live_chat_word_t *word, ngx_uint_t first, ngx_uint_t last,
    ngx_uint_t n, u_char *p);
static ngx_uint_t ngx_live_chat_filter_exact(ngx_live_chat_filter_t *f,
    ngx_live_chat_word_t *word, u_char *p, u_char *end);


ngx_live_chat_filter_t *
ngx_live_chat_filter_create(ngx_pool_t *pool, u_char *p, size_t len,
    ngx_uint_t *line, const char **reason)
{
    u_char                  *end, *next;
    ngx_live_chat_filter_t  *f;

    *line = 0;

    if (len > NGX_LIVE_CHAT_FILTER_LIST) {
        *reason = "list is too long";
        return NULL;
    }

    f = ngx_pcalloc(pool, sizeof(ngx_live_chat_filter_t));
    if (f == NULL) {
        *reason = "no memory";
        return NULL;
    }

    f->pool = pool;

    if (ngx_live_chat_filter_init(f, p, len) != NGX_OK) {
        *reason = "no memory";
        return NULL;
    }

    p = f->list;
    end = p + len;

    /* a byte order mark, as editors of Windows write it */

    if (len >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    f->reader.read = NGX_LIVE_CHAT_READ_LIST;

    while (p < end) {
        (*line)++;

        next = ngx_strlchr(p, end, '\n');

        if (next == NULL) {
            next = end;
        }

        if (ngx_live_chat_filter_entry(f, p, next, *line, reason) != NGX_OK) {
            return NULL;
        }

        p = (next == end) ? end : next + 1;
    }

    if (ngx_live_chat_filter_link(f) != NGX_OK) {
        *line = 0;
        *reason = "no memory";
        return NULL;
    }

    return f;
}


/*
 * A node for each byte is the most that can be needed; so is an entry for two
 * of them.
 */

static ngx_int_t
ngx_live_chat_filter_init(ngx_live_chat_filter_t *f, u_char *p, size_t len)
{
    f->list = ngx_pnalloc(f->pool, len + 1);
    if (f->list == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(f->list, p, len);
    f->len = len;

    f->max_nodes = ngx_min(len + 1, NGX_LIVE_CHAT_FILTER_NODES);
    f->nodes = ngx_palloc(f->pool,
                          f->max_nodes * sizeof(ngx_live_chat_node_t));

    f->counts = ngx_palloc(f->pool, len + 1);

    f->words = ngx_pcalloc(f->pool,
                           (len / 2 + 2) * sizeof(ngx_live_chat_word_t));

    if (f->nodes == NULL || f->counts == NULL || f->words == NULL
        || ngx_live_chat_reader_init(&f->reader, f->pool, len,
                                     NGX_LIVE_CHAT_FILTER_TEXT)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&f->nodes[0], sizeof(ngx_live_chat_node_t));

    f->nnodes = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_filter_entry(ngx_live_chat_filter_t *f, u_char *p, u_char *end,
    ngx_uint_t line, const char **reason)
{
    ngx_live_chat_word_t     word;
    ngx_live_chat_reader_t  *rd;

    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (p < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }

    if (p == end || *p == '#') {
        return NGX_OK;
    }

    ngx_memzero(&word, sizeof(ngx_live_chat_word_t));

    if (*p == '=') {
        word.exact = 1;
        p++;
    }

    if (p < end && *p == '*') {
        word.left = 1;
        p++;
    }

    if (p < end && end[-1] == '*') {
        word.right = 1;
        end--;
    }

    if (ngx_strlchr(p, end, '*') != NULL) {
        *reason = "\"*\" within an entry";
        return NGX_ERROR;
    }

    if (end - p > NGX_LIVE_CHAT_FILTER_WORD * NGX_LIVE_UTF8_MAX) {
        *reason = "entry is too long";
        return NGX_ERROR;
    }

    if (ngx_live_utf8_check(p, end - p) != NGX_OK) {
        *reason = "entry is not UTF-8";
        return NGX_ERROR;
    }

    rd = &f->reader;

    ngx_live_chat_read(rd, p, end - p);

    if (rd->n && rd->units[rd->n - 1].symbol == NGX_LIVE_CHAT_SYMBOL_BREAK) {
        rd->n--;
    }

    if (rd->n == 0) {
        *reason = "entry has no letters";
        return NGX_ERROR;
    }

    word.line = line;
    word.text = p - f->list;
    word.len = end - p;

    return ngx_live_chat_filter_add(f, &word, rd->n, reason);
}


static ngx_int_t
ngx_live_chat_filter_add(ngx_live_chat_filter_t *f,
    ngx_live_chat_word_t *word, ngx_uint_t n, const char **reason)
{
    uint32_t               at, child;
    ngx_uint_t             i;
    ngx_live_chat_unit_t  *units;
    ngx_live_chat_node_t  *node;

    if (n > NGX_LIVE_CHAT_FILTER_WORD) {
        *reason = "entry is too long";
        return NGX_ERROR;
    }

    units = f->reader.units;
    at = 0;

    word->nunits = n;
    word->counts = f->ncounts;

    for (i = 0; i < n; i++) {

        if (units[i].symbol == NGX_LIVE_CHAT_SYMBOL_NONE) {
            *reason = "too many different letters";
            return NGX_ERROR;
        }

        f->counts[f->ncounts++] = (u_char) ngx_min(units[i].count, 255);
        word->real |= units[i].real;

        child = ngx_live_chat_filter_child(f, at, units[i].symbol);

        if (child == 0) {

            if (f->nnodes == f->max_nodes) {
                *reason = "too many entries";
                return NGX_ERROR;
            }

            child = f->nnodes++;

            node = &f->nodes[child];
            ngx_memzero(node, sizeof(ngx_live_chat_node_t));

            node->symbol = units[i].symbol;
            node->sibling = f->nodes[at].child;
            f->nodes[at].child = child;
        }

        at = child;
    }

    word->next = f->nodes[at].word;

    f->words[++f->nwords] = *word;
    f->nodes[at].word = f->nwords;

    return NGX_OK;
}


/* Aho and Corasick: where to go on when the next symbol does not fit */

static ngx_int_t
ngx_live_chat_filter_link(ngx_live_chat_filter_t *f)
{
    uint32_t               *queue, at, child, fail;
    ngx_uint_t              head, tail;
    ngx_live_chat_node_t   *node;

    f->root = ngx_pcalloc(f->pool, f->reader.nsymbols * sizeof(uint32_t));
    queue = ngx_palloc(f->pool, f->nnodes * sizeof(uint32_t));

    if (f->root == NULL || queue == NULL) {
        return NGX_ERROR;
    }

    head = 0;
    tail = 0;

    for (at = f->nodes[0].child; at; at = f->nodes[at].sibling) {
        f->root[f->nodes[at].symbol] = at;
        queue[tail++] = at;
    }

    while (head < tail) {
        at = queue[head++];

        for (child = f->nodes[at].child; child; child = node->sibling) {
            node = &f->nodes[child];

            fail = ngx_live_chat_filter_step(f, f->nodes[at].fail,
                                             node->symbol);
            node->fail = fail;
            node->dict = f->nodes[fail].word ? fail : f->nodes[fail].dict;

            queue[tail++] = child;
        }
    }

    (void) ngx_pfree(f->pool, queue);

    return NGX_OK;
}


/* 0: none */

static uint32_t
ngx_live_chat_filter_child(ngx_live_chat_filter_t *f, uint32_t node,
    uint32_t symbol)
{
    uint32_t  child;

    if (node == 0 && f->root) {
        return f->root[symbol];
    }

    for (child = f->nodes[node].child; child; child = f->nodes[child].sibling) {
        if (f->nodes[child].symbol == symbol) {
            return child;
        }
    }

    return 0;
}


static uint32_t
ngx_live_chat_filter_step(ngx_live_chat_filter_t *f, uint32_t node,
    uint32_t symbol)
{
    uint32_t  child;

    for ( ;; ) {
        child = ngx_live_chat_filter_child(f, node, symbol);

        if (child || node == 0) {
            return child;
        }

        node = f->nodes[node].fail;
    }
}


ngx_uint_t
ngx_live_chat_filter_words(ngx_live_chat_filter_t *f)
{
    return f->nwords;
}


/*
 * "sh1t" and "sh1t" with an "l" are read one after the other, and then "shit5"
 * and "shit!" by what is left without digits and signs.
 */

ngx_int_t
ngx_live_chat_filter_match(ngx_live_chat_filter_t *f, u_char *p, size_t len,
    ngx_live_chat_match_t *match)
{
    ngx_live_chat_reader_t  *rd;

    if (len > NGX_LIVE_CHAT_FILTER_TEXT
        || ngx_live_utf8_check(p, len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (f->nwords == 0) {
        return NGX_DECLINED;
    }

    rd = &f->reader;
    rd->read = NGX_LIVE_CHAT_READ_I;

    ngx_live_chat_read(rd, p, len);

    if (ngx_live_chat_filter_run(f, rd->n, p, match) == NGX_OK) {
        return NGX_OK;
    }

    if (rd->ones) {
        rd->read = NGX_LIVE_CHAT_READ_L;

        ngx_live_chat_read(rd, p, len);

        if (ngx_live_chat_filter_run(f, rd->n, p, match) == NGX_OK) {
            return NGX_OK;
        }
    }

    if (rd->doubts) {
        rd->read = NGX_LIVE_CHAT_READ_BREAK;

        ngx_live_chat_read(rd, p, len);

        return ngx_live_chat_filter_run(f, rd->n, p, match);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_chat_filter_run(ngx_live_chat_filter_t *f, ngx_uint_t n, u_char *p,
    ngx_live_chat_match_t *match)
{
    uint32_t               at, node, w;
    ngx_uint_t             i, first;
    ngx_live_chat_unit_t  *units;
    ngx_live_chat_word_t  *word;

    units = f->reader.units;
    at = 0;

    for (i = 0; i < n; i++) {

        if (units[i].symbol == NGX_LIVE_CHAT_SYMBOL_NONE) {
            at = 0;
            continue;
        }

        at = ngx_live_chat_filter_step(f, at, units[i].symbol);

        node = f->nodes[at].word ? at : f->nodes[at].dict;

        for ( /* void */ ; node; node = f->nodes[node].dict) {

            for (w = f->nodes[node].word; w; w = word->next) {
                word = &f->words[w];
                first = i + 1 - word->nunits;

                if (!ngx_live_chat_filter_fits(f, word, first, i, n, p)) {
                    continue;
                }

                match->start = units[first].start;
                match->len = units[i].end - units[first].start;
                match->line = word->line;

                return NGX_OK;
            }
        }
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_live_chat_filter_fits(ngx_live_chat_filter_t *f,
    ngx_live_chat_word_t *word, ngx_uint_t first, ngx_uint_t last,
    ngx_uint_t n, u_char *p)
{
    u_char                *counts;
    ngx_uint_t             i, real;
    ngx_live_chat_unit_t  *units;

    units = f->reader.units;

    if (!word->left && first > 0
        && !units[first].begin && !units[first].edge
        && units[first - 1].symbol != NGX_LIVE_CHAT_SYMBOL_BREAK
        && !units[first - 1].edge)
    {
        return 0;
    }

    if (!word->right && last + 1 < n && !units[last].edge
        && units[last + 1].symbol != NGX_LIVE_CHAT_SYMBOL_BREAK
        && !units[last + 1].edge)
    {
        return 0;
    }

    counts = &f->counts[word->counts];
    real = 0;

    for (i = first; i <= last; i++) {
        if (units[i].count < counts[i - first]) {
            return 0;
        }

        real |= units[i].real;
    }

    /* "455" is a number, and "$5" a price */

    if (word->real && !real) {
        return 0;
    }

    if (word->exact) {
        return ngx_live_chat_filter_exact(f, word, p + units[first].start,
                                          p + units[last].end);
    }

    return 1;
}


static ngx_uint_t
ngx_live_chat_filter_exact(ngx_live_chat_filter_t *f,
    ngx_live_chat_word_t *word, u_char *p, u_char *end)
{
    u_char  *w, *last;

    w = f->list + word->text;
    last = w + word->len;

    while (p < end && w < last) {
        if (ngx_live_chat_lower(ngx_live_utf8_get(&p))
            != ngx_live_chat_lower(ngx_live_utf8_get(&w)))
        {
            return 0;
        }
    }

    return p == end && w == last;
}
