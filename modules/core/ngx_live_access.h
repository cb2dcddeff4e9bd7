
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_ACCESS_H_INCLUDED_
#define _NGX_LIVE_ACCESS_H_INCLUDED_


#include "ngx_live.h"


/*
 * One question for every door: may this client do this with that stream?
 *
 * First each access handler is asked (all must agree), then the rules that
 * the application names in "publish" or "play" (one of them suffices).  Where
 * "play" says "any", chat asks all rules nevertheless: one that agrees says who
 * the client is.
 * Either may answer later.
 */

typedef enum {
    NGX_LIVE_ACTION_PUBLISH = 0,
    NGX_LIVE_ACTION_PLAY,
    NGX_LIVE_ACTION_CHAT,
    NGX_LIVE_ACTION_ADMIN
} ngx_live_action_e;


/*
 * What a door says of a client that plays, for those who count playback:
 * whether it opens a session for it, or it goes on as long as there are
 * requests like this one, or this is a part of what other requests stand for.
 */

typedef enum {
    NGX_LIVE_PLAYBACK_SESSION = 0,
    NGX_LIVE_PLAYBACK_REQUEST,
    NGX_LIVE_PLAYBACK_PART
} ngx_live_playback_e;


/*
 * Answers of a handler or rule:
 *
 *   NGX_OK        handler: go on; rule: allowed
 *   NGX_DECLINED  no opinion (a rule: not satisfied)
 *   NGX_ABORT     denied; a->reason is set
 *   NGX_AGAIN     later, by ngx_live_access_done(); a->cancel may be set
 *   NGX_ERROR     internal failure; denied
 *
 * A handler renames a stream by changing a->app or a->name (pool memory).
 * When all have been asked both must be valid names (ngx_live_name.h).
 */

typedef ngx_int_t (*ngx_live_access_handler_pt)(ngx_live_access_t *a);

typedef struct {
    ngx_str_t                    name;      /* as in "publish NAME" */
    ngx_uint_t                   mask;      /* NGX_LIVE_RULE_* bit */
    ngx_live_access_handler_pt   handler;
} ngx_live_access_rule_t;


struct ngx_live_access_s {
    ngx_uint_t                   door;
    ngx_uint_t                   action;
    ngx_str_t                    app;
    ngx_str_t                    name;
    ngx_str_t                    args;
    struct sockaddr             *sockaddr;
    socklen_t                    socklen;
    ngx_str_t                    address;   /* text */
    ngx_pool_t                  *pool;
    ngx_log_t                   *log;

    /* value of a variable of the door's own kind, NGX_DECLINED if none */
    ngx_int_t                  (*variable)(ngx_live_access_t *a,
                                           ngx_str_t *name, ngx_str_t *value);
    void                        *data;      /* the door's */

    /* the door has a proof of its own: "publish" and "play" are not asked */
    ngx_uint_t                   proved;

    ngx_uint_t                   playback;  /* NGX_LIVE_PLAYBACK_* */

    /* called with the result if check answered NGX_AGAIN */
    void                       (*handler)(ngx_live_access_t *a, ngx_int_t rc);

    /* results */
    ngx_live_app_conf_t         *conf;      /* of a->app */
    ngx_str_t                    reason;    /* of a refusal, for our log */
    ngx_str_t                    sub;       /* who it is */
    ngx_str_t                    jti;
    uint64_t                     lease;     /* a rule's: something that is
                                               held while the session lasts;
                                               0: none */
    uint64_t                     max_rate;  /* bits per second, 0: any */
    unsigned                     private:1;  /* what it gets is for nobody
                                                 else: not for caches */
    unsigned                     limited:1;  /* its playback is counted: it
                                                 is to be told from others */
    unsigned                     bad_name:1; /* refused: no valid name */

    /*
     * Set by the rule that has allowed, if what it has seen may change:
     * called once the session is in the registry, where whoever changes it
     * afterwards finds the session.  Anything but NGX_OK ends it.
     */
    ngx_int_t                  (*confirm)(ngx_live_access_t *a);
    void                        *confirm_data;

    /* of the handler that answers later */
    void                        *ctx;
    void                       (*cancel)(ngx_live_access_t *a);

    /* core's own */
    ngx_uint_t                   current;
    unsigned                     rules:1;
    unsigned                     pending:1;
};


/*
 * NGX_OK: allowed, a->conf is the application; NGX_DECLINED: refused, see
 * a->reason; NGX_AGAIN: a->handler will be called.
 */
ngx_int_t ngx_live_access_check(ngx_live_access_t *a);

/* the client went away while NGX_AGAIN was pending */
void ngx_live_access_cancel(ngx_live_access_t *a);

/* a handler's late answer */
void ngx_live_access_done(ngx_live_access_t *a, ngx_int_t rc);

/* at configuration time: from a live module's preconfiguration */
ngx_int_t ngx_live_access_add_handler(ngx_conf_t *cf,
    ngx_live_access_handler_pt handler);
ngx_int_t ngx_live_access_add_rule(ngx_conf_t *cf, ngx_str_t *name,
    ngx_live_access_handler_pt handler);

/* of the names of "publish" and "play" */
char *ngx_live_access_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

extern ngx_str_t  ngx_live_door_names[];


#endif /* _NGX_LIVE_ACCESS_H_INCLUDED_ */
