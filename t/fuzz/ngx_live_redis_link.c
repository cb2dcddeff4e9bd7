
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of what a Redis server sends: through hiredis, which must not
 * abort, to replies.  The first byte says how many commands are pending and
 * whether something is subscribed to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_live_redis_link.h>
#include <sys/un.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* what the link calls of nginx */

ngx_event_actions_t        ngx_event_actions;
ngx_queue_t                ngx_posted_events;

static ngx_event_t         read_event, write_event;
static ngx_connection_t    connection;
static ngx_log_t           quiet_log;

static volatile ngx_uint_t  sum;
static ngx_uint_t           broken;


ngx_connection_t *
ngx_get_connection(ngx_socket_t s, ngx_log_t *log)
{
    ngx_memzero(&connection, sizeof(ngx_connection_t));
    ngx_memzero(&read_event, sizeof(ngx_event_t));
    ngx_memzero(&write_event, sizeof(ngx_event_t));

    connection.fd = s;
    connection.read = &read_event;
    connection.write = &write_event;
    read_event.data = &connection;
    write_event.data = &connection;

    return &connection;
}


void
ngx_free_connection(ngx_connection_t *c)
{
    if (c->read->active || c->write->active || c->write->posted) {
        abort();
    }
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


u_char *
ngx_strcasestrn(u_char *s1, char *s2, size_t n)
{
    return (u_char *) strcasestr((char *) s1, s2);
}


static ngx_int_t
add_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
    ev->active = 1;
    return NGX_OK;
}


static ngx_int_t
del_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
    ev->active = 0;
    return NGX_OK;
}


static ngx_int_t
del_connection(ngx_connection_t *c, ngx_uint_t flags)
{
    c->read->active = 0;
    c->write->active = 0;
    return NGX_OK;
}


static void
link_open(ngx_live_redis_link_t *link)
{
}


static void
walk(ngx_live_redis_reply_t *r, ngx_uint_t depth)
{
    size_t      n;
    ngx_uint_t  i;

    if (depth > 8 || r->type > NGX_LIVE_REDIS_ERROR || r->fault) {
        abort();
    }

    for (n = 0; n < r->str.len; n++) {
        sum += r->str.data[n];
    }

    for (i = 0; i < r->n; i++) {
        walk(&r->elts[i], depth + 1);
    }
}


static void
link_reply(ngx_live_redis_link_t *link, ngx_live_redis_reply_t *reply)
{
    walk(reply, 0);
}


static void
link_push(ngx_live_redis_link_t *link, ngx_live_redis_reply_t *reply)
{
    if (reply->type != NGX_LIVE_REDIS_ARRAY
        || reply->n < 3
        || reply->elts[0].type != NGX_LIVE_REDIS_STRING
        || reply->elts[1].type != NGX_LIVE_REDIS_STRING)
    {
        abort();
    }

    walk(reply, 0);
}


static void
link_broken(ngx_live_redis_link_t *link)
{
    u_char  *p;

    for (p = link->reason; *p; p++) {
        if (*p < 0x20 || *p >= 0x7f) {
            abort();
        }
    }

    if (p == link->reason) {
        abort();
    }

    broken = 1;
}


static struct sockaddr_un  address;


static int
make_listener(void)
{
    int  fd;

    ngx_queue_init(&ngx_posted_events);

    ngx_event_actions.add = add_event;
    ngx_event_actions.del = del_event;
    ngx_event_actions.del_conn = del_connection;

    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof(address.sun_path),
             "/tmp/nginx-live-fuzz-%d", (int) getpid());

    unlink(address.sun_path);

    fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd == -1
        || bind(fd, (struct sockaddr *) &address, sizeof(address)) == -1
        || listen(fd, 8) == -1)
    {
        abort();
    }

    return fd;
}


static void
remove_listener(void)
{
    unlink(address.sun_path);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    peer;
    ngx_str_t              argv[2];
    ngx_uint_t             i;
    static int             listener = -1;
    ngx_live_redis_link_t  link;

    if (size < 1 || size > 32768) {
        return 0;
    }

    if (listener == -1) {
        listener = make_listener();
        atexit(remove_listener);
    }

    broken = 0;

    ngx_memzero(&link, sizeof(ngx_live_redis_link_t));

    link.log = &quiet_log;
    link.open = link_open;
    link.reply = link_reply;
    link.push = link_push;
    link.broken = link_broken;

    if (ngx_live_redis_link_connect(&link, (u_char *) address.sun_path, 0)
        != NGX_OK)
    {
        abort();
    }

    peer = accept(listener, NULL, NULL);

    if (peer == -1) {
        abort();
    }

    write_event.handler(&write_event);

    ngx_str_set(&argv[0], "GET");
    ngx_str_set(&argv[1], "news");

    for (i = 0; i < (data[0] & 3); i++) {
        (void) ngx_live_redis_link_send(&link, argv, 2);
    }

    if (data[0] & 4) {
        ngx_str_set(&argv[0], "SUBSCRIBE");
        (void) ngx_live_redis_link_send(&link, argv, 2);
    }

    if (data[0] & 8) {
        ngx_str_set(&argv[0], "PSUBSCRIBE");
        (void) ngx_live_redis_link_send(&link, argv, 2);
    }

    if (write(peer, data + 1, size - 1) != (ssize_t) (size - 1)) {
        abort();
    }

    close(peer);

    /* a piece per turn, at last the end */

    for (i = 0; i < 100 && !broken; i++) {
        read_event.handler(&read_event);
    }

    if (!broken || link.context) {
        abort();
    }

    return 0;
}
