
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_redis_link.h"

#include <hiredis/hiredis.h>
#include <hiredis/async.h>


#define NGX_LIVE_REDIS_BUFFER    (64 * 1024 * 1024)  /* bytes of a reply */
#define NGX_LIVE_REDIS_ELEMENTS  262144              /* of an array */


static ngx_int_t ngx_live_redis_link_attach(ngx_live_redis_link_t *link,
    redisAsyncContext *ac);
static void ngx_live_redis_link_reason(ngx_live_redis_link_t *link,
    const char *reason);
static void ngx_live_redis_link_read_handler(ngx_event_t *rev);
static void ngx_live_redis_link_write_handler(ngx_event_t *wev);
static void ngx_live_redis_link_check(ngx_live_redis_link_t *link);
static void ngx_live_redis_link_connected(const redisAsyncContext *ac,
    int status);
static void ngx_live_redis_link_add_read(void *data);
static void ngx_live_redis_link_del_read(void *data);
static void ngx_live_redis_link_add_write(void *data);
static void ngx_live_redis_link_del_write(void *data);
static void ngx_live_redis_link_cleanup(void *data);
static void ngx_live_redis_link_reply(redisAsyncContext *ac, void *reply,
    void *data);
static ngx_int_t ngx_live_redis_link_convert(ngx_live_redis_reply_t *dst,
    redisReply *src, ngx_pool_t *pool);

static ngx_uint_t ngx_live_redis_link_refuse(const redisReadTask *task,
    int type, int n);
static void *ngx_live_redis_link_string(const redisReadTask *task, char *p,
    size_t len);
static void *ngx_live_redis_link_array(const redisReadTask *task, int n);
static void *ngx_live_redis_link_integer(const redisReadTask *task,
    long long n);
static void *ngx_live_redis_link_nil(const redisReadTask *task);


/* those of hiredis, and ours that stand before them */

static redisReplyObjectFunctions  *ngx_live_redis_link_default;

static redisReplyObjectFunctions  ngx_live_redis_link_functions = {
    ngx_live_redis_link_string,
    ngx_live_redis_link_array,
    ngx_live_redis_link_integer,
    ngx_live_redis_link_nil,
    freeReplyObject
};


ngx_int_t
ngx_live_redis_link_connect(ngx_live_redis_link_t *link, u_char *host,
    in_port_t port)
{
    redisAsyncContext  *ac;

    link->closing = 0;
    link->writing = 0;
    link->pushing = 0;
    link->refused = 0;
    link->reason[0] = '\0';
    link->read = ngx_current_msec;

    /* an address does not make getaddrinfo() ask anybody */

    ac = port ? redisAsyncConnect((char *) host, port)
              : redisAsyncConnectUnix((char *) host);

    if (ac == NULL) {
        ngx_live_redis_link_reason(link, "no memory");
        return NGX_ERROR;
    }

    if (ac->err || ngx_live_redis_link_attach(link, ac) != NGX_OK) {
        if (ac->err) {
            ngx_live_redis_link_reason(link, ac->errstr);
        }

        redisAsyncFree(ac);

        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_redis_link_attach(ngx_live_redis_link_t *link, redisAsyncContext *ac)
{
    ngx_connection_t  *c;

    if (fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC) == -1) {
        ngx_live_redis_link_reason(link, "fcntl(FD_CLOEXEC) failed");
        return NGX_ERROR;
    }

    c = ngx_get_connection(ac->c.fd, link->log);
    if (c == NULL) {
        ngx_live_redis_link_reason(link, "no free worker_connections");
        return NGX_ERROR;
    }

    c->data = link;
    c->log = link->log;
    c->read->log = link->log;
    c->write->log = link->log;
    c->read->handler = ngx_live_redis_link_read_handler;
    c->write->handler = ngx_live_redis_link_write_handler;

    link->connection = c;
    link->context = ac;

    ngx_live_redis_link_default = ac->c.reader->fn;
    ac->c.reader->fn = &ngx_live_redis_link_functions;
    ac->c.reader->privdata = link;

    ac->data = link;
    ac->ev.data = link;
    ac->ev.addRead = ngx_live_redis_link_add_read;
    ac->ev.delRead = ngx_live_redis_link_del_read;
    ac->ev.addWrite = ngx_live_redis_link_add_write;
    ac->ev.delWrite = ngx_live_redis_link_del_write;
    ac->ev.cleanup = ngx_live_redis_link_cleanup;

    (void) redisAsyncSetConnectCallback(ac, ngx_live_redis_link_connected);

    return NGX_OK;
}


static void
ngx_live_redis_link_reason(ngx_live_redis_link_t *link, const char *reason)
{
    u_char  *p;

    if (*reason == '\0') {
        reason = "it gives no reason";
    }

    ngx_cpystrn(link->reason, (u_char *) reason, sizeof(link->reason));

    /* the text may be the server's: it is logged as one line */

    for (p = link->reason; *p; p++) {
        if (*p < 0x20 || *p >= 0x7f) {
            *p = '.';
        }
    }
}


ngx_int_t
ngx_live_redis_link_send(ngx_live_redis_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc)
{
    int          rc;
    size_t       lens_buf[NGX_LIVE_REDIS_LINK_ARGS], *lens;
    ngx_uint_t   i;
    const char  *args_buf[NGX_LIVE_REDIS_LINK_ARGS], **args;

    if (link->context == NULL || link->closing) {
        return NGX_ERROR;
    }

    args = args_buf;
    lens = lens_buf;
    lens[0] = 0;

    if (argc > NGX_LIVE_REDIS_LINK_ARGS) {
        args = ngx_alloc(argc * (sizeof(char *) + sizeof(size_t)), link->log);
        if (args == NULL) {
            return NGX_ERROR;
        }

        lens = (size_t *) &args[argc];
    }

    for (i = 0; i < argc; i++) {
        args[i] = (char *) argv[i].data;
        lens[i] = argv[i].len;
    }

    /*
     * The callback's data is the link, never the command: hiredis 0.14 may
     * call the one of an earlier command for a message of a channel that it
     * does not know.
     */

    rc = redisAsyncCommandArgv(link->context, ngx_live_redis_link_reply, link,
                               argc, args, lens);

    if (args != args_buf) {
        ngx_free(args);
    }

    return (rc == REDIS_OK) ? NGX_OK : NGX_ERROR;
}


void
ngx_live_redis_link_flush(ngx_live_redis_link_t *link)
{
    int                 done;
    redisAsyncContext  *ac;

    ac = link->context;

    if (ac && !link->closing && (ac->c.flags & REDIS_CONNECTED)) {
        (void) redisBufferWrite(&ac->c, &done);
    }
}


void
ngx_live_redis_link_close(ngx_live_redis_link_t *link)
{
    link->closing = 1;

    if (link->context) {
        redisAsyncFree(link->context);
    }
}


static void
ngx_live_redis_link_read_handler(ngx_event_t *rev)
{
    ngx_connection_t       *c;
    redisAsyncContext      *ac;
    ngx_live_redis_link_t  *link;

    c = rev->data;
    link = c->data;

    link->read = ngx_current_msec;

    redisAsyncHandleRead(link->context);

    ac = link->context;

    if (ac && ac->c.reader->len > NGX_LIVE_REDIS_BUFFER) {
        redisAsyncFree(ac);
        ngx_live_redis_link_reason(link, "reply is too long");
    }

    ngx_live_redis_link_check(link);
}


static void
ngx_live_redis_link_write_handler(ngx_event_t *wev)
{
    ngx_connection_t       *c;
    ngx_live_redis_link_t  *link;

    c = wev->data;
    link = c->data;

    link->writing = 1;

    redisAsyncHandleWrite(link->context);

    link->writing = 0;

    ngx_live_redis_link_check(link);
}


static void
ngx_live_redis_link_check(ngx_live_redis_link_t *link)
{
    if (link->context == NULL && !link->closing) {
        link->closing = 1;
        link->broken(link);
    }
}


static void
ngx_live_redis_link_connected(const redisAsyncContext *ac, int status)
{
    ngx_live_redis_link_t  *link;

    link = ac->data;

    if (status == REDIS_OK && !link->closing) {
        link->open(link);
    }
}


static void
ngx_live_redis_link_add_read(void *data)
{
    ngx_live_redis_link_t *link = data;

    ngx_event_t  *rev;

    rev = link->connection->read;

    /* hiredis reads a piece per call: the event has to come again */

    if (!rev->active) {
        (void) ngx_add_event(rev, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_live_redis_link_del_read(void *data)
{
    ngx_live_redis_link_t *link = data;

    ngx_event_t  *rev;

    rev = link->connection->read;

    if (rev->active) {
        (void) ngx_del_event(rev, NGX_READ_EVENT, 0);
    }
}


static void
ngx_live_redis_link_add_write(void *data)
{
    ngx_live_redis_link_t *link = data;

    ngx_event_t        *wev;
    redisAsyncContext  *ac;

    ac = link->context;
    wev = link->connection->write;

    if (wev->active) {
        return;
    }

    if ((ac->c.flags & REDIS_CONNECTED) && !link->writing) {

        /* commands of one turn of the event loop leave together */

        ngx_post_event(wev, &ngx_posted_events);
        return;
    }

    (void) ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
}


static void
ngx_live_redis_link_del_write(void *data)
{
    ngx_live_redis_link_t *link = data;

    ngx_event_t  *wev;

    wev = link->connection->write;

    if (wev->active) {
        (void) ngx_del_event(wev, NGX_WRITE_EVENT, 0);
    }
}


/* hiredis is about to close the descriptor and to free its context */

static void
ngx_live_redis_link_cleanup(void *data)
{
    ngx_live_redis_link_t *link = data;

    ngx_connection_t   *c;
    redisAsyncContext  *ac;

    c = link->connection;
    ac = link->context;

    if (ac->err && !link->refused) {
        ngx_live_redis_link_reason(link, ac->errstr);
    }

    link->connection = NULL;
    link->context = NULL;

    if (ngx_del_conn) {
        (void) ngx_del_conn(c, 0);

    } else {
        if (c->read->active || c->read->disabled) {
            (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
        }

        if (c->write->active || c->write->disabled) {
            (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
        }
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);

    c->fd = (ngx_socket_t) -1;
}


static void
ngx_live_redis_link_reply(redisAsyncContext *ac, void *reply, void *data)
{
    ngx_live_redis_link_t *link = data;

    redisReply              *src;
    ngx_pool_t              *pool;
    ngx_live_redis_reply_t   dst;

    src = reply;

    /* NULL: the context is being freed */

    if (src == NULL || link->closing) {
        return;
    }

    pool = NULL;

    if (src->type == REDIS_REPLY_ARRAY && src->elements) {
        pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, link->log);
    }

    if (ngx_live_redis_link_convert(&dst, src, pool) != NGX_OK) {

        /* without its answer the next one would be taken for it */

        link->refused = 1;
        ngx_live_redis_link_reason(link, "no memory for a reply");
        redisAsyncFree(ac);

    } else if (link->pushing) {
        link->push(link, &dst);

    } else {
        link->reply(link, &dst);
    }

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


static ngx_int_t
ngx_live_redis_link_convert(ngx_live_redis_reply_t *dst, redisReply *src,
    ngx_pool_t *pool)
{
    size_t  i;

    ngx_memzero(dst, sizeof(ngx_live_redis_reply_t));

    if (src == NULL) {
        return NGX_OK;
    }

    switch (src->type) {

    case REDIS_REPLY_STATUS:
        dst->type = NGX_LIVE_REDIS_STATUS;
        break;

    case REDIS_REPLY_STRING:
        dst->type = NGX_LIVE_REDIS_STRING;
        break;

    case REDIS_REPLY_ERROR:
        dst->type = NGX_LIVE_REDIS_ERROR;
        break;

    case REDIS_REPLY_INTEGER:
        dst->type = NGX_LIVE_REDIS_INTEGER;
        dst->integer = src->integer;
        return NGX_OK;

    case REDIS_REPLY_ARRAY:
        dst->type = NGX_LIVE_REDIS_ARRAY;
        break;

    default:
        return NGX_OK;
    }

    if (src->type != REDIS_REPLY_ARRAY) {
        dst->str.data = (u_char *) src->str;
        dst->str.len = src->len;
        return NGX_OK;
    }

    if (src->elements == 0) {
        return NGX_OK;
    }

    if (pool == NULL) {
        return NGX_ERROR;
    }

    dst->elts = ngx_palloc(pool,
                           src->elements * sizeof(ngx_live_redis_reply_t));
    if (dst->elts == NULL) {
        return NGX_ERROR;
    }

    dst->n = src->elements;

    /* the depth is bounded by hiredis, which reads seven levels */

    for (i = 0; i < src->elements; i++) {
        if (ngx_live_redis_link_convert(&dst->elts[i], src->element[i], pool)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * hiredis asserts that a server answers what it was asked, and that a push is
 * an array that begins with two strings.  Objects that break this are not
 * created, which hiredis takes for a broken connection.
 */

static ngx_uint_t
ngx_live_redis_link_refuse(const redisReadTask *task, int type, int n)
{
    redisReply             *first;
    redisAsyncContext      *ac;
    ngx_live_redis_link_t  *link;

    link = task->privdata;
    ac = link->context;

    if (task->parent == NULL) {

        link->pushing = (ac->replies.head == NULL);

        if (!link->pushing || type == REDIS_REPLY_ERROR) {
            return 0;
        }

        if (!(ac->c.flags & REDIS_SUBSCRIBED)
            || type != REDIS_REPLY_ARRAY
            || n < 3)
        {
            goto refuse;
        }

        return 0;
    }

    if (task->parent->parent || !link->pushing || task->idx > 2) {
        return 0;
    }

    if (task->idx < 2) {
        if (type != REDIS_REPLY_STRING) {
            goto refuse;
        }

        return 0;
    }

    first = ((redisReply *) task->parent->obj)->element[0];

    if (type != REDIS_REPLY_INTEGER
        && ngx_strcasestrn((u_char *) first->str, "unsubscribe", 11 - 1))
    {
        goto refuse;
    }

    return 0;

refuse:

    link->refused = 1;
    ngx_live_redis_link_reason(link, "unexpected reply");

    return 1;
}


static void *
ngx_live_redis_link_string(const redisReadTask *task, char *p, size_t len)
{
    if (ngx_live_redis_link_refuse(task, task->type, 0)) {
        return NULL;
    }

    return ngx_live_redis_link_default->createString(task, p, len);
}


static void *
ngx_live_redis_link_array(const redisReadTask *task, int n)
{
    if (n > NGX_LIVE_REDIS_ELEMENTS
        || ngx_live_redis_link_refuse(task, REDIS_REPLY_ARRAY, n))
    {
        return NULL;
    }

    return ngx_live_redis_link_default->createArray(task, n);
}


static void *
ngx_live_redis_link_integer(const redisReadTask *task, long long n)
{
    if (ngx_live_redis_link_refuse(task, REDIS_REPLY_INTEGER, 0)) {
        return NULL;
    }

    return ngx_live_redis_link_default->createInteger(task, n);
}


static void *
ngx_live_redis_link_nil(const redisReadTask *task)
{
    if (ngx_live_redis_link_refuse(task, REDIS_REPLY_NIL, 0)) {
        return NULL;
    }

    return ngx_live_redis_link_default->createNil(task);
}
