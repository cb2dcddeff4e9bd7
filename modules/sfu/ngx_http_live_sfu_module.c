
/*
 * Copyright (C) nginx-live authors
 */


/*
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): an offer is answered, and
 * what was agreed is written where the worker finds it that receives the
 * client's first datagram.
 */


#include "ngx_http_live.h"
#include "ngx_live_h26x.h"
#include "ngx_live_sfu_session.h"


#define NGX_HTTP_LIVE_SFU_OFFER    65536    /* bytes, at most */
#define NGX_HTTP_LIVE_SFU_ANSWER   16384

#define NGX_HTTP_LIVE_SFU_UNPROCESSABLE  422

/* ms between two looks at whether a session was adopted */
#define NGX_HTTP_LIVE_SFU_PENDING  500

#define NGX_HTTP_LIVE_SFU_CANDIDATE                                           \
    ((uint32_t) 126 << 24 | (uint32_t) 65535 << 8 | 255)


typedef struct {
    ngx_uint_t                 door;       /* NGX_LIVE_DOOR_WHIP, _WHEP */
} ngx_http_live_sfu_loc_conf_t;


/*
 * A session that was offered is in the registry of sessions of the worker that
 * has answered until another one has it, so that it can be ended meanwhile.
 */

typedef struct {
    ngx_live_session_t         session;
    ngx_live_sfu_session_sh_t *sh;
    ngx_live_stream_t         *stream;
    ngx_event_t                timer;
    ngx_connection_t           dummy;
    u_char                     id[NGX_LIVE_SFU_ID];
} ngx_http_live_sfu_pending_t;


typedef struct {
    ngx_http_request_t         *request;
    ngx_live_stream_t          *stream;    /* WHEP */
    ngx_live_sdp_t             *offer;
    ngx_live_sdp_t             *answer;
    ngx_live_sfu_session_sh_t  *sh;
    ngx_uint_t                  door;
} ngx_http_live_sfu_ctx_t;


static ngx_int_t ngx_http_live_sfu_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_sfu_resource(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_sfu_offered(ngx_http_request_t *r);
static void ngx_http_live_sfu_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_live_sfu_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_live_sfu_type(ngx_http_request_t *r,
    const char *type);
static ngx_int_t ngx_http_live_sfu_answer(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_live_sfu_stream(ngx_http_live_sfu_ctx_t *ctx,
    ngx_live_sfu_negotiation_t *n);
static ngx_uint_t ngx_http_live_sfu_taken(ngx_live_stream_t *st,
    ngx_live_app_conf_t *lacf);
static ngx_int_t ngx_http_live_sfu_session(ngx_http_live_sfu_ctx_t *ctx,
    ngx_live_sfu_negotiation_t *n);
static void ngx_http_live_sfu_who(ngx_http_live_sfu_ctx_t *ctx);
static uint16_t ngx_http_live_sfu_copy(u_char *dst, size_t size,
    ngx_str_t *src);
static ngx_int_t ngx_http_live_sfu_candidates(ngx_http_live_sfu_ctx_t *ctx);
static void ngx_http_live_sfu_candidate(ngx_live_sdp_t *answer,
    ngx_str_t *address, ngx_uint_t port);
static ngx_int_t ngx_http_live_sfu_reply(ngx_http_live_sfu_ctx_t *ctx);
static ngx_int_t ngx_http_live_sfu_pending(ngx_http_live_sfu_ctx_t *ctx);
static void ngx_http_live_sfu_pending_timer(ngx_event_t *ev);
static void ngx_http_live_sfu_pending_kill(ngx_live_session_t *s);
static void ngx_http_live_sfu_pending_free(ngx_http_live_sfu_pending_t *p);
static void *ngx_http_live_sfu_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_live_sfu(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_live_sfu_commands[] = {

    { ngx_string("live_whip"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_sfu,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_LIVE_DOOR_WHIP,
      NULL },

    { ngx_string("live_whep"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_live_sfu,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_LIVE_DOOR_WHEP,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_live_sfu_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_live_sfu_create_loc_conf,     /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_live_sfu_module = {
    NGX_MODULE_V1,
    &ngx_http_live_sfu_module_ctx,         /* module context */
    ngx_http_live_sfu_commands,            /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_str_t  ngx_http_live_sfu_accept_post =
    ngx_string("application/sdp");
static ngx_str_t  ngx_http_live_sfu_accept_patch =
    ngx_string("application/trickle-ice-sdpfrag");


static ngx_int_t
ngx_http_live_sfu_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_uint_t                     methods;
    ngx_http_live_ctx_t           *ctx;
    ngx_http_live_sfu_loc_conf_t  *slcf;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    methods = NGX_HTTP_POST|NGX_HTTP_PATCH|NGX_HTTP_DELETE;

    if (r->method == NGX_HTTP_OPTIONS
        && ngx_http_live_header(r, "Accept-Post",
                                &ngx_http_live_sfu_accept_post)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_live_method(r, methods);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_live_path(r, &ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_live_sfu_zone == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "WebRTC is not available");
    }

    if (ctx->rest.len) {
        return ngx_http_live_sfu_resource(r);
    }

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_ALLOWED,
                                     "only POST makes a session");
    }

    if (ngx_http_live_sfu_type(r, "application/sdp") != NGX_OK) {
        return ngx_http_live_problem(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                     "an offer is application/sdp");
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_live_sfu_module);

    return ngx_http_live_access(r, slcf->door,
                                slcf->door == NGX_LIVE_DOOR_WHIP
                                ? NGX_LIVE_ACTION_PUBLISH
                                : NGX_LIVE_ACTION_PLAY,
                                ngx_http_live_sfu_offered);
}


/* who knows the name of a session, 128 random bits, may end it */

static ngx_int_t
ngx_http_live_sfu_resource(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   empty;
    ngx_http_live_ctx_t        *ctx;
    ngx_live_sfu_session_sh_t  *sh;

    ctx = ngx_http_live_get_ctx(r);

    if (r->method == NGX_HTTP_POST) {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_ALLOWED,
                                     "POST makes a session, it does not "
                                     "change one");
    }

    sh = ngx_live_sfu_find_id(&ctx->rest);

    if (sh == NULL || sh->ended
        || sh->app_len != ctx->app.len || sh->name_len != ctx->name.len
        || ngx_memcmp(sh->app, ctx->app.data, ctx->app.len) != 0
        || ngx_memcmp(sh->name, ctx->name.data, ctx->name.len) != 0)
    {
        return ngx_http_live_problem(r, NGX_HTTP_NOT_FOUND,
                                     "no such session");
    }

    if (r->method == NGX_HTTP_PATCH) {

        if (ngx_http_live_sfu_type(r, "application/trickle-ice-sdpfrag")
            != NGX_OK)
        {
            return ngx_http_live_problem(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                         "a change is "
                                         "application/trickle-ice-sdpfrag");
        }

        /* a lite agent has no use for candidates (RFC 8445, section 2.5) */

        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }

        r->headers_out.status = NGX_HTTP_NO_CONTENT;
        r->header_only = 1;

        return ngx_http_send_header(r);
    }

    ngx_live_sfu_end(sh);

    ngx_str_null(&empty);

    return ngx_http_live_reply(r, NGX_HTTP_OK, "text/plain", &empty);
}


static ngx_int_t
ngx_http_live_sfu_type(ngx_http_request_t *r, const char *type)
{
    size_t      len;
    ngx_str_t  *value;

    if (r->headers_in.content_type == NULL) {
        return NGX_DECLINED;
    }

    value = &r->headers_in.content_type->value;
    len = ngx_strlen(type);

    if (value->len < len
        || ngx_strncasecmp(value->data, (u_char *) type, len) != 0
        || (value->len > len && value->data[len] != ';'
            && value->data[len] != ' '))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_sfu_offered(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r->headers_in.content_length_n > NGX_HTTP_LIVE_SFU_OFFER) {
        return ngx_http_live_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                     "offer is too long");
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_live_sfu_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_live_sfu_body_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    rc = ngx_http_live_sfu_body(r, &body);

    if (rc == NGX_OK) {
        rc = ngx_http_live_sfu_answer(r, &body);

    } else if (rc == NGX_DECLINED) {
        rc = ngx_http_live_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                   "offer is too long");
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_live_sfu_body(ngx_http_request_t *r, ngx_str_t *body)
{
    size_t        n, size;
    ngx_chain_t  *cl, *in;

    size = 0;
    in = r->request_body ? r->request_body->bufs : NULL;

    for (cl = in; cl; cl = cl->next) {

        /* an offer that does not fit client_body_buffer_size */

        if (cl->buf->in_file) {
            return NGX_DECLINED;
        }

        size += cl->buf->last - cl->buf->pos;
    }

    if (size > NGX_HTTP_LIVE_SFU_OFFER) {
        return NGX_DECLINED;
    }

    body->len = 0;
    body->data = ngx_pnalloc(r->pool, size + 1);

    if (body->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (cl = in; cl; cl = cl->next) {
        n = cl->buf->last - cl->buf->pos;

        if (n) {
            ngx_memcpy(body->data + body->len, cl->buf->pos, n);
            body->len += n;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_sfu_answer(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t                      rc;
    const char                    *reason;
    ngx_http_live_sfu_ctx_t        ctx;
    ngx_live_sfu_negotiation_t     n;
    ngx_http_live_sfu_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_live_sfu_module);

    ngx_memzero(&ctx, sizeof(ngx_http_live_sfu_ctx_t));

    ctx.request = r;
    ctx.door = slcf->door;
    ctx.offer = ngx_pcalloc(r->pool, sizeof(ngx_live_sdp_t));
    ctx.answer = ngx_pcalloc(r->pool, sizeof(ngx_live_sdp_t));

    if (ctx.offer == NULL || ctx.answer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_live_sdp_parse(ctx.offer, body->data, body->data + body->len,
                           &reason)
        != NGX_OK)
    {
        return ngx_http_live_problem(r, NGX_HTTP_BAD_REQUEST, reason);
    }

    ngx_memzero(&n, sizeof(ngx_live_sfu_negotiation_t));

    n.offer = ctx.offer;
    n.answer = ctx.answer;
    n.publish = (ctx.door == NGX_LIVE_DOOR_WHIP);
    n.has[NGX_LIVE_SFU_VIDEO] = 1;
    n.has[NGX_LIVE_SFU_AUDIO] = 1;

    rc = ngx_http_live_sfu_stream(&ctx, &n);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_live_sfu_session(&ctx, &n);
    }

    if (ctx.stream) {
        ngx_live_stream_close(ctx.stream);
    }

    return rc;
}


/* what the stream has; anything but NGX_DECLINED was answered */

static ngx_int_t
ngx_http_live_sfu_stream(ngx_http_live_sfu_ctx_t *ctx,
    ngx_live_sfu_negotiation_t *n)
{
    ngx_uint_t             track;
    ngx_http_live_ctx_t   *lctx;
    ngx_live_config_sh_t  *config;

    lctx = ngx_http_live_get_ctx(ctx->request);

    ctx->stream = ngx_live_stream_find(&lctx->app, &lctx->name);

    if (n->publish) {

        if (ctx->stream
            && ngx_http_live_sfu_taken(ctx->stream, lctx->access.conf))
        {
            return ngx_http_live_problem(ctx->request, NGX_HTTP_CONFLICT,
                                         "another publisher is there");
        }

        return NGX_DECLINED;
    }

    if (ctx->stream == NULL) {
        return ngx_http_live_problem(ctx->request, NGX_HTTP_NOT_FOUND,
                                     "no such stream");
    }

    n->has[NGX_LIVE_SFU_AUDIO] =
           (ngx_live_sfu_track(ctx->stream, NGX_LIVE_SFU_AUDIO)
            != NGX_LIVE_SFU_NONE);

    track = ngx_live_sfu_track(ctx->stream, NGX_LIVE_SFU_VIDEO);

    if (track == NGX_LIVE_SFU_NONE) {
        n->has[NGX_LIVE_SFU_VIDEO] = 0;

    } else if (ngx_live_sfu_reordered(ctx->stream, track)) {
        return ngx_http_live_problem(ctx->request,
                                     NGX_HTTP_LIVE_SFU_UNPROCESSABLE,
                                     "the stream has B-frames, which WebRTC "
                                     "cannot play: switch them off in the "
                                     "encoder");

    } else {
        config = ngx_live_stream_config(ctx->stream, track, 0);

        /* the second byte of the record, behind the tag's header */

        if (config && config->size > 6) {
            n->profile = config->data[6];
        }
    }

    if (!n->has[NGX_LIVE_SFU_AUDIO] && !n->has[NGX_LIVE_SFU_VIDEO]) {
        return ngx_http_live_problem(ctx->request,
                                     NGX_HTTP_LIVE_SFU_UNPROCESSABLE,
                                     "the stream has nothing that WebRTC "
                                     "can play");
    }

    return NGX_DECLINED;
}


/* as it will be found when the client is connected, which is too late to say */

static ngx_uint_t
ngx_http_live_sfu_taken(ngx_live_stream_t *st, ngx_live_app_conf_t *lacf)
{
    return st->sh->state == NGX_LIVE_STREAM_LIVE
           && lacf->publish_conflict == NGX_LIVE_CONFLICT_REJECT
           && ngx_live_clock() - st->sh->last_frame
              < (int64_t) lacf->publish_stale;
}


static ngx_int_t
ngx_http_live_sfu_session(ngx_http_live_sfu_ctx_t *ctx,
    ngx_live_sfu_negotiation_t *n)
{
    u_char                     *pwd;
    ngx_int_t                   rc;
    ngx_http_request_t         *r;
    ngx_live_sfu_session_sh_t  *sh;

    r = ctx->request;

    pwd = ngx_pnalloc(r->pool, NGX_LIVE_SFU_PWD);
    if (pwd == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nothing is offered before all is right */

    sh = ngx_live_sfu_create(pwd);

    if (sh == NULL) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "too many WebRTC sessions, see \"sfu_sessions\"");
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "too many sessions");
    }

    ctx->sh = sh;

    n->media = sh->media;
    n->fingerprint = sh->fingerprint;

    rc = ngx_live_sfu_negotiate(n);

    if (rc != NGX_OK) {
        ngx_live_sfu_destroy(sh);
        return ngx_http_live_problem(r, rc == NGX_ERROR
                                        ? NGX_HTTP_BAD_REQUEST
                                        : NGX_HTTP_LIVE_SFU_UNPROCESSABLE,
                                     n->reason);
    }

    ctx->answer->transport.pwd.data = pwd;
    ctx->answer->transport.pwd.len = NGX_LIVE_SFU_PWD;

    ngx_http_live_sfu_who(ctx);

    if (ngx_http_live_sfu_candidates(ctx) != NGX_OK) {
        ngx_live_sfu_destroy(sh);
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "there is no address for media");
    }

    if (ngx_http_live_sfu_pending(ctx) != NGX_OK) {
        ngx_live_sfu_destroy(sh);
        return ngx_http_live_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "the live zone is full");
    }

    return ngx_http_live_sfu_reply(ctx);
}


static void
ngx_http_live_sfu_who(ngx_http_live_sfu_ctx_t *ctx)
{
    ngx_http_live_ctx_t        *lctx;
    ngx_live_sfu_session_sh_t  *sh;

    sh = ctx->sh;
    lctx = ngx_http_live_get_ctx(ctx->request);

    sh->door = ctx->door;
    sh->lease = lctx->access.lease;

    sh->app_len = ngx_http_live_sfu_copy(sh->app, sizeof(sh->app),
                                         &lctx->app);
    sh->name_len = ngx_http_live_sfu_copy(sh->name, sizeof(sh->name),
                                          &lctx->name);
    sh->sub_len = ngx_http_live_sfu_copy(sh->sub, sizeof(sh->sub),
                                         &lctx->access.sub);
    sh->jti_len = ngx_http_live_sfu_copy(sh->jti, sizeof(sh->jti),
                                         &lctx->access.jti);
    sh->address_len = ngx_http_live_sfu_copy(sh->address, sizeof(sh->address),
                                         &ctx->request->connection->addr_text);
}


static uint16_t
ngx_http_live_sfu_copy(u_char *dst, size_t size, ngx_str_t *src)
{
    size_t  n;

    n = ngx_min(src->len, size);

    if (n) {
        ngx_memcpy(dst, src->data, n);
    }

    return (uint16_t) n;
}


/*
 * What "live_sfu_address" says, or the address that is listened on; of a
 * wildcard the one that the client has found http at.
 */

static ngx_int_t
ngx_http_live_sfu_candidates(ngx_http_live_sfu_ctx_t *ctx)
{
    u_char                 *text;
    ngx_str_t               local, *address;
    ngx_uint_t              i, j, n;
    ngx_connection_t       *c;
    ngx_live_sfu_socket_t  *s;

    c = ctx->request->connection;
    s = ngx_live_sfu_sockets(&n);

    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        if (s[i].addresses) {
            address = s[i].addresses->elts;

            for (j = 0; j < s[i].addresses->nelts; j++) {
                ngx_http_live_sfu_candidate(ctx->answer, &address[j],
                                            s[i].port);
            }

            continue;
        }

        if (s[i].wildcard
            && c->local_sockaddr->sa_family != (sa_family_t) s[i].family)
        {
            continue;
        }

        text = ngx_pnalloc(ctx->request->pool, NGX_SOCKADDR_STRLEN);
        if (text == NULL) {
            return NGX_ERROR;
        }

        local.data = text;
        local.len = s[i].wildcard
                    ? ngx_sock_ntop(c->local_sockaddr, c->local_socklen, text,
                                    NGX_SOCKADDR_STRLEN, 0)
                    : ngx_sock_ntop(s[i].sockaddr, s[i].socklen, text,
                                    NGX_SOCKADDR_STRLEN, 0);

        ngx_http_live_sfu_candidate(ctx->answer, &local, s[i].port);
    }

    return ctx->answer->ncandidates ? NGX_OK : NGX_ERROR;
}


/* ngx_sock_ntop() writes IPv6 in brackets, ICE does not */

static void
ngx_http_live_sfu_candidate(ngx_live_sdp_t *answer, ngx_str_t *address,
    ngx_uint_t port)
{
    ngx_live_sdp_candidate_t  *c;

    if (answer->ncandidates == NGX_LIVE_SDP_CANDIDATES || address->len < 3) {
        return;
    }

    c = &answer->candidates[answer->ncandidates];

    c->address = *address;
    c->port = port;
    c->priority = NGX_HTTP_LIVE_SFU_CANDIDATE
                  - (uint32_t) answer->ncandidates * 256;

    if (address->data[0] == '[') {
        c->address.data++;
        c->address.len -= 2;
    }

    answer->ncandidates++;
}


static ngx_int_t
ngx_http_live_sfu_reply(ngx_http_live_sfu_ctx_t *ctx)
{
    u_char                     *p;
    ngx_str_t                   body, location, etag;
    ngx_live_sdp_t             *answer;
    ngx_http_request_t         *r;
    ngx_live_sfu_session_sh_t  *sh;

    r = ctx->request;
    sh = ctx->sh;
    answer = ctx->answer;

    answer->id = (uint64_t) ngx_time();
    answer->ice_lite = 1;
    answer->allow_mixed = ctx->offer->allow_mixed;
    answer->transport.ufrag.data = sh->ufrag;
    answer->transport.ufrag.len = NGX_LIVE_SFU_UFRAG;
    answer->transport.setup = NGX_LIVE_SDP_SETUP_PASSIVE;
    answer->transport.fingerprinted = 1;
    ngx_memcpy(answer->transport.fingerprint,
               ngx_live_sfu_zone->sh->fingerprint, NGX_LIVE_SDP_FINGERPRINT);

    body.data = ngx_pnalloc(r->pool, NGX_HTTP_LIVE_SFU_ANSWER);
    location.data = ngx_pnalloc(r->pool, r->uri.len + 1
                                         + 2 * NGX_LIVE_SFU_ID);
    etag.data = ngx_pnalloc(r->pool, NGX_LIVE_SFU_UFRAG + 2);

    if (body.data == NULL || location.data == NULL || etag.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_live_sdp_write(answer, body.data,
                           body.data + NGX_HTTP_LIVE_SFU_ANSWER);
    if (p == NULL) {
        return ngx_http_live_problem(r, NGX_HTTP_LIVE_SFU_UNPROCESSABLE,
                                     "offer has too much to be answered");
    }

    body.len = p - body.data;

    p = ngx_sprintf(location.data, "%V/", &r->uri);
    p = ngx_hex_dump(p, sh->id, NGX_LIVE_SFU_ID);
    location.len = p - location.data;

    p = ngx_sprintf(etag.data, "\"%*s\"", (size_t) NGX_LIVE_SFU_UFRAG,
                    sh->ufrag);
    etag.len = p - etag.data;

    if (ngx_http_live_header(r, "Location", &location) != NGX_OK
        || ngx_http_live_header(r, "ETag", &etag) != NGX_OK
        || ngx_http_live_header(r, "Accept-Patch",
                                &ngx_http_live_sfu_accept_patch)
           != NGX_OK
        || ngx_http_live_cache_control(r, "no-store") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_live_sfu_offer(sh);

    return ngx_http_live_reply(r, NGX_HTTP_CREATED, "application/sdp", &body);
}


static ngx_int_t
ngx_http_live_sfu_pending(ngx_http_live_sfu_ctx_t *ctx)
{
    ngx_http_live_ctx_t          *lctx;
    ngx_http_live_sfu_pending_t  *p;

    lctx = ngx_http_live_get_ctx(ctx->request);

    p = ngx_calloc(sizeof(ngx_http_live_sfu_pending_t), ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p->sh = ctx->sh;
    ngx_memcpy(p->id, ctx->sh->id, NGX_LIVE_SFU_ID);

    p->session.handler = ngx_http_live_sfu_pending_kill;
    p->session.data = p;

    if (ngx_live_session_open(&p->session, NULL, &lctx->access) != NGX_OK) {
        ngx_free(p);
        return NGX_ERROR;
    }

    p->dummy.fd = (ngx_socket_t) -1;
    p->dummy.data = p;
    p->timer.data = &p->dummy;
    p->timer.log = ngx_cycle->log;
    p->timer.handler = ngx_http_live_sfu_pending_timer;

    ngx_add_timer(&p->timer, NGX_HTTP_LIVE_SFU_PENDING);

    return NGX_OK;
}


static void
ngx_http_live_sfu_pending_timer(ngx_event_t *ev)
{
    ngx_connection_t             *dummy;
    ngx_http_live_sfu_pending_t  *p;

    dummy = ev->data;
    p = dummy->data;

    if (ngx_memcmp(p->sh->id, p->id, NGX_LIVE_SFU_ID) == 0
        && p->sh->pid && !p->sh->ended)
    {
        if (p->sh->state == NGX_LIVE_SFU_OFFERED) {
            ngx_add_timer(ev, NGX_HTTP_LIVE_SFU_PENDING);
            return;
        }

        if (p->sh->state == NGX_LIVE_SFU_ADOPTED) {

            /* it is entered elsewhere, with its lease */

            p->session.sh->lease = 0;
        }
    }

    ngx_http_live_sfu_pending_free(p);
}


static void
ngx_http_live_sfu_pending_kill(ngx_live_session_t *s)
{
    ngx_http_live_sfu_pending_t  *p;

    p = s->data;

    if (ngx_memcmp(p->sh->id, p->id, NGX_LIVE_SFU_ID) == 0) {
        ngx_live_sfu_end(p->sh);
    }

    ngx_http_live_sfu_pending_free(p);
}


static void
ngx_http_live_sfu_pending_free(ngx_http_live_sfu_pending_t *p)
{
    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    ngx_live_session_close(&p->session);

    ngx_free(p);
}


static void *
ngx_http_live_sfu_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_live_sfu_loc_conf_t));
}


static char *
ngx_http_live_sfu(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_live_sfu_loc_conf_t *slcf = conf;

    if (slcf->door) {
        return "is duplicate";
    }

    slcf->door = cmd->offset;

    return ngx_http_live_location(cf, ngx_http_live_sfu_handler, NULL);
}
