
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_WATCH_H_INCLUDED_
#define _NGX_LIVE_WATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>


/*
 * Small files that are read when the configuration is, where a bad one is an
 * error, and again, by a thread, when they have changed: a bad one leaves in
 * force what was read before.  Each worker looks every two seconds.
 */

typedef struct ngx_live_watch_s  ngx_live_watch_t;

/*
 * What the file holds, at most max bytes, in the event loop or at configuration
 * time.  NGX_OK: the handler has taken p, of ngx_alloc().  NGX_ERROR with a
 * constant reason: the content is bad.
 */
typedef ngx_int_t (*ngx_live_watch_pt)(ngx_live_watch_t *w, u_char *p,
    size_t len, const char **reason);

struct ngx_live_watch_s {
    ngx_str_t                  path;       /* ends with a zero byte */
    const char                *what;       /* it is, for the log */
    size_t                     max;
    ngx_live_watch_pt          handler;
    void                      *data;       /* the handler's */

    /* core's own */
    uint64_t                   stamp;      /* of the file that was read */
    uint64_t                   failed;     /* of the one that was bad */
    ngx_thread_task_t         *task;
};


/* at configuration time; NGX_ERROR: it has been logged */
ngx_int_t ngx_live_watch_read(ngx_conf_t *cf, ngx_live_watch_t *w);

/* in a worker; watches are ngx_live_watch_t * */
ngx_int_t ngx_live_watch_start(ngx_cycle_t *cycle, ngx_array_t *watches,
    ngx_thread_pool_t *threads);


#endif /* _NGX_LIVE_WATCH_H_INCLUDED_ */
