
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_conf.h"
#include "ngx_live_session.h"


/*
 * "max_rate" of sessions of connections.  They are measured and ended, not
 * slowed down: who publishes or plays more slowly than the stream runs loses
 * pictures.
 */

#define NGX_LIVE_TOKEN_RATE_TICK    1000   /* ms */
#define NGX_LIVE_TOKEN_RATE_TICKS   10
#define NGX_LIVE_TOKEN_RATE_WINDOW                                            \
    (NGX_LIVE_TOKEN_RATE_TICK * NGX_LIVE_TOKEN_RATE_TICKS)


typedef struct {
    uint64_t                   bytes;
    int64_t                    time;       /* ngx_live_clock() */
} ngx_live_token_rate_sample_t;


typedef struct {
    ngx_rbtree_node_t             node;    /* key: session */
    ngx_live_session_t           *session;
    uint64_t                      max;     /* bits per second */
    ngx_uint_t                    n;       /* samples so far */
    ngx_live_token_rate_sample_t  samples[NGX_LIVE_TOKEN_RATE_TICKS];
    unsigned                      fast:1;
} ngx_live_token_rate_t;


static void ngx_live_token_rate_timer(ngx_event_t *ev);
static ngx_uint_t ngx_live_token_rate_fast(ngx_live_token_rate_t *r);
static void ngx_live_token_rate_end(void);
static ngx_live_token_rate_t *ngx_live_token_rate_next(
    ngx_live_token_rate_t *r);


static ngx_event_t        ngx_live_token_rate_event;
static ngx_connection_t   ngx_live_token_rate_dummy;

/* of this worker */
static ngx_rbtree_t       ngx_live_token_rates;
static ngx_rbtree_node_t  ngx_live_token_rates_sentinel;


ngx_int_t
ngx_live_token_rate_opened(ngx_live_session_t *session, ngx_live_access_t *a)
{
    ngx_event_t            *ev;
    ngx_live_token_rate_t  *r;

    if (a->max_rate == 0) {
        return NGX_OK;
    }

    r = ngx_calloc(sizeof(ngx_live_token_rate_t), a->log);
    if (r == NULL) {
        return NGX_ERROR;
    }

    r->session = session;
    r->max = a->max_rate;
    r->node.key = (ngx_rbtree_key_t) session;

    if (ngx_live_token_rates.root == NULL) {
        ngx_rbtree_init(&ngx_live_token_rates, &ngx_live_token_rates_sentinel,
                        ngx_rbtree_insert_value);
    }

    ngx_rbtree_insert(&ngx_live_token_rates, &r->node);

    ev = &ngx_live_token_rate_event;

    if (!ev->timer_set) {
        ngx_live_token_rate_dummy.fd = (ngx_socket_t) -1;

        ev->handler = ngx_live_token_rate_timer;
        ev->data = &ngx_live_token_rate_dummy;
        ev->log = ngx_cycle->log;
        ev->cancelable = 1;

        ngx_add_timer(ev, NGX_LIVE_TOKEN_RATE_TICK);
    }

    return NGX_OK;
}


void
ngx_live_token_rate_closed(ngx_live_session_t *session)
{
    ngx_rbtree_key_t        key;
    ngx_rbtree_node_t      *node;
    ngx_live_token_rate_t  *r;

    if (ngx_live_token_rates.root == NULL) {
        return;
    }

    key = (ngx_rbtree_key_t) session;
    node = ngx_live_token_rates.root;

    while (node != &ngx_live_token_rates_sentinel) {

        if (key == node->key) {
            r = ngx_rbtree_data(node, ngx_live_token_rate_t, node);

            ngx_rbtree_delete(&ngx_live_token_rates, node);
            ngx_free(r);

            return;
        }

        node = (key < node->key) ? node->left : node->right;
    }
}


/* the first one, if r is NULL */

static ngx_live_token_rate_t *
ngx_live_token_rate_next(ngx_live_token_rate_t *r)
{
    ngx_rbtree_node_t  *node;

    if (r) {
        node = ngx_rbtree_next(&ngx_live_token_rates, &r->node);

    } else if (ngx_live_token_rates.root == &ngx_live_token_rates_sentinel) {
        node = NULL;

    } else {
        node = ngx_rbtree_min(ngx_live_token_rates.root,
                              &ngx_live_token_rates_sentinel);
    }

    return node ? ngx_rbtree_data(node, ngx_live_token_rate_t, node) : NULL;
}


static void
ngx_live_token_rate_timer(ngx_event_t *ev)
{
    ngx_uint_t              fast;
    ngx_live_token_rate_t  *r;

    fast = 0;

    for (r = ngx_live_token_rate_next(NULL);
         r;
         r = ngx_live_token_rate_next(r))
    {
        r->fast = ngx_live_token_rate_fast(r);
        fast |= r->fast;
    }

    if (fast) {
        ngx_live_token_rate_end();
    }

    if (ngx_live_token_rate_next(NULL)) {
        ngx_add_timer(ev, NGX_LIVE_TOKEN_RATE_TICK);
    }
}


/*
 * An average, with a tenth of indulgence for headers and for rate control.  A
 * player begins with what is buffered, and so faster than the stream: its first
 * ten seconds do not count.
 */

static ngx_uint_t
ngx_live_token_rate_fast(ngx_live_token_rate_t *r)
{
    int64_t                        now, passed;
    uint64_t                       bytes, bits;
    ngx_uint_t                     publish;
    ngx_live_session_t            *s;
    ngx_live_token_rate_sample_t  *sample;

    s = r->session;
    now = ngx_live_clock();

    publish = (s->sh->action == NGX_LIVE_ACTION_PUBLISH);

    bytes = publish ? s->sh->bytes_in + s->in : s->sh->bytes_out + s->out;

    sample = &r->samples[r->n % NGX_LIVE_TOKEN_RATE_TICKS];

    if (r->n < NGX_LIVE_TOKEN_RATE_TICKS) {

        /* so much may already be too much for ten seconds */

        bits = publish ? bytes * 8 : 0;
        passed = NGX_LIVE_TOKEN_RATE_WINDOW;

    } else {
        bits = (bytes - sample->bytes) * 8;
        passed = ngx_max(now - sample->time, NGX_LIVE_TOKEN_RATE_WINDOW);

        if (!publish && r->n < 2 * NGX_LIVE_TOKEN_RATE_TICKS) {
            bits = 0;
        }
    }

    sample->bytes = bytes;
    sample->time = now;
    r->n++;

    return bits * 1000 / passed > r->max + r->max / 10;
}


/* a handler removes its session, and perhaps others: begin anew */

static void
ngx_live_token_rate_end(void)
{
    ngx_live_session_t     *s;
    ngx_live_token_rate_t  *r;

    for ( ;; ) {
        r = ngx_live_token_rate_next(NULL);

        while (r && !r->fast) {
            r = ngx_live_token_rate_next(r);
        }

        if (r == NULL) {
            return;
        }

        r->fast = 0;

        ngx_live_token_session_fast();

        s = r->session;
        s->reason = "faster than the token's max_rate";
        s->handler(s);
    }
}
