
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the table of playback sessions. */


#include "ngx_unit.h"
#include "ngx_live_redis.h"
#include "ngx_live_session.h"
#include "ngx_live_token_session.h"
#include "ngx_live_worker.h"


#define LEASE  20000


ngx_int_t                          ngx_live_slot;
ngx_live_zone_t                   *ngx_live_zone = (ngx_live_zone_t *) 1;

static ngx_slab_pool_t             pool;
static ngx_shm_zone_t              shm_zone;
static ngx_live_token_sessions_t   table, *t = &table;
static ngx_log_t                   log;
static ngx_uint_t                  locked, allocated, room, up, complaints;
static uint64_t                    closed;      /* the last one */

/* the slab part of the zone: blocks of one size */
static u_char                     *blocks[1000];
static void                       *sh;


void
ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    if (locked++) {
        abort();
    }
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    locked--;
}


void *
ngx_slab_calloc(ngx_slab_pool_t *p, size_t size)
{
    return sh = calloc(1, size);
}


void *
ngx_slab_calloc_locked(ngx_slab_pool_t *p, size_t size)
{
    ngx_uint_t  i;

    /* what fits into a slot of the slab */

    if (size > 128) {
        abort();
    }

    for (i = 0; i < room; i++) {
        if (blocks[i] == NULL) {
            allocated++;
            return blocks[i] = calloc(1, size);
        }
    }

    return NULL;
}


void
ngx_slab_free_locked(ngx_slab_pool_t *p, void *data)
{
    ngx_uint_t  i;

    for (i = 0; blocks[i] != data; i++) { /* void */ }

    blocks[i] = NULL;
    allocated--;

    free(data);
}


static void
clear(void)
{
    ngx_uint_t  i;

    for (i = 0; i < 1000; i++) {
        free(blocks[i]);
        blocks[i] = NULL;
    }

    free(sh);
    sh = NULL;
}


ngx_uint_t
ngx_live_redis_up(void)
{
    return up;
}


ngx_uint_t
ngx_live_session_end(ngx_uint_t by, uint64_t id, ngx_str_t *value)
{
    if (locked) {
        abort();
    }

    closed = id;

    return 1;
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *l, ngx_err_t err,
    const char *fmt, ...)
{
    complaints += (level == NGX_LOG_ERR);
}


/* a tree that is none too balanced */

void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    node->left = tree->sentinel;
    node->right = tree->sentinel;
    node->parent = NULL;

    if (tree->root == tree->sentinel) {
        tree->root = node;
        return;
    }

    tree->insert(tree->root, node, tree->sentinel);
}


static void
replace(ngx_rbtree_t *tree, ngx_rbtree_node_t *old, ngx_rbtree_node_t *node)
{
    if (old->parent == NULL) {
        tree->root = node;

    } else if (old->parent->left == old) {
        old->parent->left = node;

    } else {
        old->parent->right = node;
    }

    if (node != tree->sentinel) {
        node->parent = old->parent;
    }
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    ngx_rbtree_node_t  *next;

    if (node->left == tree->sentinel) {
        replace(tree, node, node->right);
        return;
    }

    if (node->right == tree->sentinel) {
        replace(tree, node, node->left);
        return;
    }

    next = ngx_rbtree_min(node->right, tree->sentinel);

    if (next != node->right) {
        replace(tree, next, next->right);
        next->right = node->right;
        next->right->parent = next;
    }

    replace(tree, node, next);
    next->left = node->left;
    next->left->parent = next;
}


ngx_rbtree_node_t *
ngx_rbtree_next(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    ngx_rbtree_node_t  *parent;

    if (node->right != tree->sentinel) {
        return ngx_rbtree_min(node->right, tree->sentinel);
    }

    for (parent = node->parent; parent; parent = node->parent) {

        if (parent->left == node) {
            return parent;
        }

        node = parent;
    }

    return NULL;
}


static ngx_live_token_session_t *
session(uint64_t sub, uint64_t id, ngx_uint_t max, ngx_uint_t replace)
{
    static ngx_live_token_session_t  s;

    s.sub[0] = sub / 2;
    s.sub[1] = sub;
    s.id = id;
    s.start = 0;
    s.max = (uint32_t) max;
    s.lease = LEASE;
    s.replace = replace ? 1 : 0;

    return &s;
}


static ngx_int_t
enter(uint64_t sub, uint64_t id, ngx_uint_t max, ngx_uint_t replace)
{
    return ngx_live_token_session_enter(t, session(sub, id, max, replace), 0,
                                        &log);
}


static ngx_int_t
renew(uint64_t sub, uint64_t id)
{
    ngx_uint_t  tell;

    return ngx_live_token_session_renew(t, session(sub, id, 1, 0), &tell);
}


static ngx_uint_t
now(void)
{
    ngx_live_token_sessions_stat_t  stat;

    ngx_live_token_sessions_stat(t, &stat);

    return stat.now;
}


static void
pass(ngx_msec_t ms)
{
    ngx_current_msec += ms;
    ngx_cached_time->sec += ms / 1000;
    ngx_cached_time->msec += ms % 1000;
}


/* an empty table */

static void
reset(void)
{
    clear();
    pass(3600000);

    ngx_memzero(&table, sizeof(table));
    shm_zone.data = &table;
    shm_zone.shm.addr = (u_char *) &pool;

    is_int(ngx_live_token_sessions_init(&shm_zone, NULL), NGX_OK, "init");

    allocated = 0;
    room = 1000;
    up = 0;
    closed = 0;
}


static void
test_refuse(void)
{
    reset();

    is_int(renew(1, 1), NGX_DECLINED, "unknown");
    is_int(enter(1, 1, 2, 0), NGX_OK, "first");
    is_int(enter(1, 2, 2, 0), NGX_OK, "second");
    is_int(enter(1, 3, 2, 0), NGX_DECLINED, "third");
    ok(ngx_live_token_session_full(t, session(1, 3, 2, 0)), "full");
    is_int(enter(1, 1, 2, 0), NGX_OK, "first again");
    is_int(enter(2, 1, 1, 0), NGX_OK, "the same id of another");
    is_int(enter(3, 1, 1, 0), NGX_OK, "and of one beside it");
    is_int(now(), 4, "four");

    pass(LEASE - 1);
    is_int(renew(1, 1), NGX_OK, "renewed");
    pass(1);
    is_int(renew(1, 2), NGX_DECLINED, "a lease is over");
    ok(!ngx_live_token_session_full(t, session(1, 3, 2, 0)), "not full");
    is_int(enter(1, 3, 2, 0), NGX_OK, "third");
    is_int(now(), 2, "two");

    is_int(ngx_live_token_session_enter(t, session(1, 4, 2, 0), 1, &log),
           NGX_OK, "admitted by Redis");
    is_int(now(), 3, "counts");
    is_int(closed, 0, "nobody gave way");
}


static void
test_replace(void)
{
    reset();

    is_int(enter(1, 9, 2, 1), NGX_OK, "first");
    pass(10);
    is_int(enter(1, 5, 2, 1), NGX_OK, "second");
    pass(10);
    is_int(enter(1, 7, 2, 1), NGX_OK, "third");
    is_int(closed, 9, "ends the first");
    is_int(renew(1, 9), NGX_ABORT, "which is remembered");
    is_int(enter(1, 9, 2, 1), NGX_ABORT, "and does not return");
    is_int(now(), 2, "two");

    pass(NGX_LIVE_TOKEN_SESSION_FORGET - 1);
    is_int(renew(1, 9), NGX_ABORT, "as long as it asks");
    pass(NGX_LIVE_TOKEN_SESSION_FORGET);
    is_int(renew(1, 9), NGX_DECLINED, "until it is silent");

    is_int(enter(1, 1, 3, 1), NGX_OK, "one");
    is_int(enter(1, 2, 3, 1), NGX_OK, "two");
    is_int(enter(1, 3, 3, 1), NGX_OK, "three");
    is_int(enter(1, 4, 1, 1), NGX_OK, "a lower limit");
    is_int(now(), 1, "ends all of them");
}


static void
test_ended(void)
{
    ngx_uint_t  i, n;
    uint64_t    sub[2];

    reset();

    for (i = 1; i <= 1000; i++) {
        (void) enter(1, i, 1, 1);
        pass(1);
    }

    is_int(now(), 1, "who begins anew each time has one session");
    ok(allocated <= NGX_LIVE_TOKEN_SESSION_ENDED + 3, "and few that ended");

    for (n = 0, i = 1; i <= 1000; i++) {
        n += (renew(1, i) == NGX_ABORT);
    }

    ok(n >= NGX_LIVE_TOKEN_SESSION_ENDED, "the last ones");
    is_int(renew(1, 999), NGX_ABORT, "such as this");

    sub[0] = 0;
    sub[1] = 1;

    closed = 0;
    ngx_live_token_session_end(t, sub, 1000, &log);
    is_int(closed, 1000, "ended by another node");
    closed = 0;
    ngx_live_token_session_end(t, sub, 1000, &log);
    is_int(closed, 0, "once");
    ngx_live_token_session_end(t, sub, 2000, &log);
    is_int(closed, 0, "if it is there");
    is_int(now(), 0, "none");
}


static void
test_full(void)
{
    ngx_uint_t                      i;
    ngx_live_token_sessions_stat_t  stat;

    reset();
    room = 100;

    for (i = 1; i <= 150; i++) {
        is_int(enter(i, 1, 1, 0), NGX_OK, "%d", (int) i);
    }

    ngx_live_token_sessions_stat(t, &stat);
    is_int(stat.now, 100, "as many as fit in");
    is_int(stat.unlimited, 50, "the others are counted");
    is_int(complaints, 1, "said once");

    pass(LEASE);
    is_int(enter(200, 1, 1, 0), NGX_OK, "those that are over");
    is_int(now(), 1, "make room");
    is_int(enter(200, 2, 1, 0), NGX_DECLINED, "and count again");
}


static void
test_bound(void)
{
    ngx_uint_t                more;
    ngx_live_token_session_t  s[8];

    reset();

    is_int(enter(1, 1, 5, 0), NGX_OK, "of a connection");
    is_int(enter(1, 2, 5, 0), NGX_OK, "another one");
    is_int(enter(1, 3, 5, 0), NGX_OK, "one that is not opened");
    is_int(enter(1, 4, 5, 1), NGX_OK, "one that is ended");

    is_int(ngx_live_token_session_bind(t, session(1, 1, 5, 0)), NGX_OK,
           "opened");
    is_int(ngx_live_token_session_bind(t, session(1, 2, 5, 0)), NGX_OK,
           "opened");
    is_int(ngx_live_token_session_bind(t, session(1, 8, 5, 0)), NGX_OK,
           "one that had no room");

    ngx_live_token_session_end(t, session(1, 4, 5, 0)->sub, 4, &log);
    is_int(ngx_live_token_session_bind(t, session(1, 4, 5, 0)), NGX_ABORT,
           "not opened");

    is_int(ngx_live_token_session_due(t, s, 8, 1, &more), 0, "none is due");
    pass(LEASE / 3 + 1);
    is_int(ngx_live_token_session_due(t, s, 1, 1, &more), 1, "one is due");
    is_int(more, 1, "there are more");
    is_int(s[0].id, 1, "the first");
    is_int(ngx_live_token_session_due(t, s, 8, 1, &more), 1, "and another");
    is_int(s[0].id, 2, "the second");
    is_int(more, 0, "no more");

    pass(LEASE / 3 + 1);
    is_int(ngx_live_token_session_due(t, s, 8, 0, &more), 0, "not told");
    pass(LEASE / 3 + 1);
    is_int(now(), 2, "but renewed");

    is_int(ngx_live_token_session_remove(t, s[0].sub, 2, 1), NGX_DECLINED,
           "stays while it is open");
    is_int(ngx_live_token_session_remove(t, s[0].sub, 2, 0), NGX_OK,
           "closed");
    is_int(ngx_live_token_session_remove(t, s[0].sub, 2, 0), NGX_DECLINED,
           "once");

    is_int(ngx_live_token_session_lost(t, s), NGX_DECLINED, "nothing is lost");
    ngx_live_token_session_orphan(t);
    is_int(ngx_live_token_session_lost(t, s), NGX_OK, "the worker died");
    is_int(s[0].id, 1, "what it had");
    is_int(ngx_live_token_session_lost(t, s), NGX_DECLINED, "and no more");
    is_int(now(), 0, "is gone");
}


static void
test_tell(void)
{
    ngx_uint_t                i, n, more, tell;
    ngx_live_token_session_t  last, s[16];

    reset();
    up = 1;

    is_int(enter(1, 1, 1, 0), NGX_OK, "decided here");
    (void) ngx_live_token_session_renew(t, session(1, 1, 1, 0), &tell);
    is_int(tell, 1, "is told");
    (void) ngx_live_token_session_renew(t, session(1, 1, 1, 0), &tell);
    is_int(tell, 0, "once");
    pass(LEASE / 3 + 1);
    (void) ngx_live_token_session_renew(t, session(1, 1, 1, 0), &tell);
    is_int(tell, 1, "and again after a third of the lease");
    up = 0;
    pass(LEASE / 3 + 1);
    (void) ngx_live_token_session_renew(t, session(1, 1, 1, 0), &tell);
    is_int(tell, 0, "not while Redis is away");

    for (i = 1; i <= 100; i++) {
        (void) enter(i * 7 % 101 + 1, i, 5, 0);
    }

    ngx_memzero(&last, sizeof(last));
    n = 0;

    do {
        n += ngx_live_token_session_walk(t, &last, ngx_live_clock() - 1, s, 16,
                                         &more);
    } while (more);

    is_int(n, 101, "all are told when it is back");

    ngx_memzero(&last, sizeof(last));
    is_int(ngx_live_token_session_walk(t, &last, ngx_live_clock() - 1, s, 16,
                                       &more),
           0, "not by each worker");

    ngx_memzero(&last, sizeof(last));
    is_int(ngx_live_token_session_walk(t, &last, ngx_live_clock(), s, 16,
                                       &more),
           16, "but when it was lost again");
}


int
main(void)
{
    log.log_level = NGX_LOG_ERR;

    test_refuse();
    test_replace();
    test_ended();
    test_full();
    test_bound();
    test_tell();

    clear();

    return done_testing();
}
