
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_HTTP_LIVE_H_INCLUDED_
#define _NGX_HTTP_LIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_live_stream.h"
#include "ngx_live_access.h"


/*
 * What the http doors share.  A door's content handler goes through it in
 * this order:
 *
 *     rc = ngx_http_live_method(r, NGX_HTTP_GET|NGX_HTTP_HEAD);
 *
 *     if (rc != NGX_DECLINED) {
 *         return rc;
 *     }
 *
 *     rc = ngx_http_live_path(r, &ctx);
 *
 *     if (rc != NGX_DECLINED) {
 *         return rc;
 *     }
 *
 *     return ngx_http_live_access(r, NGX_LIVE_DOOR_HLS,
 *                                 NGX_LIVE_ACTION_PLAY, handler);
 *
 * NGX_DECLINED always means that nothing was answered and the door goes on;
 * anything else is the content handler's result.
 */


/* the context of a request, kept in r->pool */

typedef struct {
    ngx_str_t                  app;
    ngx_str_t                  name;
    ngx_str_t                  rest;      /* of the path, behind the name,
                                             without its "/" */
    ngx_str_t                  token;     /* of a path that begins with it */
    ngx_live_access_t          access;    /* results, once it was asked */
    ngx_http_request_t        *request;
    ngx_http_handler_pt        handler;

    ngx_event_t               *timer;     /* of an answer that is awaited */

    ngx_uint_t                 playback;  /* by the door: NGX_LIVE_PLAYBACK_* */

    unsigned                   proved:1;  /* by the door: see a->proved */
    unsigned                   suspended:1;
} ngx_http_live_ctx_t;


typedef struct {
    ngx_array_t               *cors;      /* ngx_str_t, NULL: off */
    const char                *suffix;    /* of names, NULL: none */
    unsigned                   streams:1; /* a door's location */
} ngx_http_live_loc_conf_t;


extern ngx_module_t  ngx_http_live_module;


#define ngx_http_live_get_ctx(r)                                              \
    ((ngx_http_live_ctx_t *) ngx_http_get_module_ctx(r, ngx_http_live_module))


/*
 * At configuration time, of a door's directive: makes handler the content
 * handler of the location, which must be given by a prefix.  With a suffix
 * (".flv", a constant) paths are APP/NAME.flv and nothing behind it.
 */
char *ngx_http_live_location(ngx_conf_t *cf, ngx_http_handler_pt handler,
    const char *suffix);

/*
 * The first thing of a door: adds the CORS headers to whatever is answered,
 * answers OPTIONS, and other methods than those of the mask by 405, and
 * drops the request body unless it is POST, PUT or PATCH that is allowed.
 */
ngx_int_t ngx_http_live_method(ngx_http_request_t *r, ngx_uint_t methods);

/*
 * Takes the request's URI behind the location's prefix for APP/NAME[/REST],
 * or ~TOKEN/APP/NAME[/REST], and makes the request's context.  Other paths are
 * answered by 404.
 */
ngx_int_t ngx_http_live_path(ngx_http_request_t *r,
    ngx_http_live_ctx_t **ctx);

/*
 * The same parts of the path in any phase behind the choice of the location:
 * of the request's context or, as long as there is none, as the path names
 * them.  NGX_DECLINED: the location is not a door's, or the path is no
 * stream's; token may be there nevertheless.
 */
typedef struct {
    ngx_str_t                  token;
    ngx_str_t                  app;
    ngx_str_t                  name;
} ngx_http_live_parts_t;

ngx_int_t ngx_http_live_parts(ngx_http_request_t *r,
    ngx_http_live_parts_t *parts);

/*
 * Asks whether the client may do this with ctx->app and ctx->name, which may
 * be renamed by the answer.  When it may, the result is that of handler(r),
 * a content handler; when it may not, 403.  While the answer is pending the
 * request is suspended: handler is then run later, and its result finalizes
 * the request.  It may be a subrequest.
 */
ngx_int_t ngx_http_live_access(ngx_http_request_t *r, ngx_uint_t door,
    ngx_uint_t action, ngx_http_handler_pt handler);

/* at preconfiguration; vars end with ngx_http_null_variable */
ngx_int_t ngx_http_live_add_variables(ngx_conf_t *cf,
    ngx_http_variable_t *vars);

/* of its get_handler; an empty value is none */
ngx_int_t ngx_http_live_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *s);

/* at postconfiguration */
ngx_int_t ngx_http_live_add_phase_handler(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler);

/*
 * The rest of the response is sent at this rate (bits per second, 0: any),
 * or at that of "limit_rate" if it is lower.
 */
void ngx_http_live_limit_rate(ngx_http_request_t *r, uint64_t rate);

/*
 * Sends the header of a response whose body has no end.  Over HTTP/1 the door
 * then writes it past the filters: no chunks, no compression, and the
 * connection ends with it.
 */
ngx_int_t ngx_http_live_endless_header(ngx_http_request_t *r);

/*
 * Over HTTP/2 and HTTP/3 it goes through the filters.  What a frame of theirs
 * holds has to stay until it was sent, also of a stream that was reset.  So a
 * bounded piece is copied, and the next one when that has left.
 */

typedef struct {
    ngx_buf_t                  buf;
    ngx_chain_t                out;
    u_char                    *data;       /* heap, NULL: nothing is there */
} ngx_http_live_copy_t;

/* NULL: no memory */
ngx_http_live_copy_t *ngx_http_live_copy_create(ngx_http_request_t *r);

/* NGX_OK: all has left, NGX_AGAIN, NGX_ERROR */
ngx_int_t ngx_http_live_copy_flush(ngx_http_request_t *r,
    ngx_http_live_copy_t *copy);

/*
 * When all has left: a place for size bytes, NULL: no memory; they are to be
 * written there and sent, which returns what flush does.
 */
u_char *ngx_http_live_copy_alloc(ngx_http_request_t *r,
    ngx_http_live_copy_t *copy, size_t size);
ngx_int_t ngx_http_live_copy_send(ngx_http_request_t *r,
    ngx_http_live_copy_t *copy);

/* adds a response header; key is a constant, NULL: no memory */
ngx_table_elt_t *ngx_http_live_header_push(ngx_http_request_t *r,
    const char *key);

/* the same with its value, which must outlive the request */
ngx_int_t ngx_http_live_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value);

/* a request header by its name in lower case, NULL if there is none */
ngx_str_t *ngx_http_live_header_in(ngx_http_request_t *r, const char *name);

/* what live_cors allows of the request's origin, NULL if nothing */
ngx_str_t *ngx_http_live_origin_allowed(ngx_http_request_t *r);

/* "Cache-Control", and "private" if the answer is; value is a constant */
ngx_int_t ngx_http_live_cache_control(ngx_http_request_t *r,
    const char *value);
ngx_int_t ngx_http_live_cache_value(ngx_http_request_t *r,
    const char *value, ngx_str_t *s);

/*
 * A small whole response from memory that lives as long as the request;
 * type is a constant.  The connection is kept alive, whatever the status.
 */
ngx_int_t ngx_http_live_reply(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *body);

/*
 * An error as application/problem+json (RFC 9457).  nginx itself closes the
 * connection after a 400, which would cost a player its keep-alive, and
 * error_page does not apply.  detail is a constant without quotes, or NULL.
 */
ngx_int_t ngx_http_live_problem(ngx_http_request_t *r, ngx_uint_t status,
    const char *detail);


/* the request came as WebSocket: GET with Upgrade: websocket */
ngx_uint_t ngx_http_live_websocket(ngx_http_request_t *r);

/*
 * The opening handshake, RFC 6455, 4.2: sends 101, of which a rest may wait
 * in r->out.  NGX_DECLINED: accepted.
 */
ngx_int_t ngx_http_live_websocket_accept(ngx_http_request_t *r);


#endif /* _NGX_HTTP_LIVE_H_INCLUDED_ */
