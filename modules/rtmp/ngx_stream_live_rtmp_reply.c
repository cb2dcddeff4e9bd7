
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Command messages to the client.
 */


#include "ngx_stream_live_rtmp.h"


typedef struct {
    u_char                         *pos;        /* NULL: buf was too short */
    u_char                         *end;
    u_char                          buf[NGX_STREAM_LIVE_RTMP_MAX_REPLY];
} ngx_stream_live_rtmp_reply_t;


typedef struct {
    const char                     *what;       /* for the log */
    const char                     *verb;
    const char                     *code;
    const char                     *description;
} ngx_stream_live_rtmp_refusal_t;


static void ngx_stream_live_rtmp_reply_start(ngx_stream_live_rtmp_reply_t *r,
    const char *command, double transaction);
static void ngx_stream_live_rtmp_reply_string(ngx_stream_live_rtmp_reply_t *r,
    const char *key, const char *value);
static void ngx_stream_live_rtmp_reply_info(ngx_stream_live_rtmp_reply_t *r,
    const char *level, const char *code, const char *description);
static ngx_int_t ngx_stream_live_rtmp_reply_end(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_reply_t *r, uint32_t msid);
static ngx_int_t ngx_stream_live_rtmp_reply_status(ngx_stream_live_rtmp_t *rs,
    const char *level, const char *code, const char *description);


/* in the order of ngx_stream_live_rtmp_refusal_e */

static ngx_stream_live_rtmp_refusal_t  ngx_stream_live_rtmp_refusals[] = {

    { "connect", "refused", "NetConnection.Connect.InvalidApp",
      "Application not found." },

    { "publish", "refused", "NetStream.Publish.BadName",
      "Invalid stream name." },
    { "publish", "refused", "NetStream.Publish.BadName",
      "Stream is already being published." },
    { "publish", "refused", "NetStream.Publish.Denied",
      "Publishing is not allowed." },
    { "publish", "refused", "NetStream.Failed",
      "No room for another stream." },
    { "publish", "refused", "NetStream.Failed",
      "Codec is not supported." },
    { "publish", "ended", "NetStream.Failed",
      "Publishing was ended by the server." },

    { "play", "refused", "NetStream.Play.StreamNotFound",
      "Invalid stream name." },
    { "play", "refused", "NetStream.Play.StreamNotFound",
      "Stream not found." },
    { "play", "refused", "NetStream.Play.Failed",
      "Playing is not allowed." },
    { "play", "refused", "NetStream.Play.Failed",
      "No room for another player." },
    { "play", "ended", "NetStream.Play.Failed",
      "Playing was ended by the server." }
};


static void
ngx_stream_live_rtmp_reply_start(ngx_stream_live_rtmp_reply_t *r,
    const char *command, double transaction)
{
    r->end = r->buf + NGX_STREAM_LIVE_RTMP_MAX_REPLY;

    r->pos = ngx_live_amf_write_string(r->buf, r->end, command,
                                       ngx_strlen(command));
    r->pos = ngx_live_amf_write_number(r->pos, r->end, transaction);
}


static void
ngx_stream_live_rtmp_reply_string(ngx_stream_live_rtmp_reply_t *r,
    const char *key, const char *value)
{
    r->pos = ngx_live_amf_write_key(r->pos, r->end, key, ngx_strlen(key));
    r->pos = ngx_live_amf_write_string(r->pos, r->end, value,
                                       ngx_strlen(value));
}


static void
ngx_stream_live_rtmp_reply_info(ngx_stream_live_rtmp_reply_t *r,
    const char *level, const char *code, const char *description)
{
    r->pos = ngx_live_amf_write_object(r->pos, r->end);

    ngx_stream_live_rtmp_reply_string(r, "level", level);
    ngx_stream_live_rtmp_reply_string(r, "code", code);
    ngx_stream_live_rtmp_reply_string(r, "description", description);
}


static ngx_int_t
ngx_stream_live_rtmp_reply_end(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_reply_t *r, uint32_t msid)
{
    ngx_live_rtmp_message_t  m;

    if (r->pos == NULL) {
        rs->reason = "too long reply";
        return NGX_ERROR;
    }

    ngx_memzero(&m, sizeof(ngx_live_rtmp_message_t));

    m.csid = NGX_STREAM_LIVE_RTMP_CSID_COMMAND;
    m.type = NGX_LIVE_RTMP_AMF0_COMMAND;
    m.msid = msid;
    m.body = r->buf;
    m.len = (uint32_t) (r->pos - r->buf);

    return ngx_stream_live_rtmp_message(rs, &m);
}


ngx_int_t
ngx_stream_live_rtmp_reply_connect(ngx_stream_live_rtmp_t *rs,
    double transaction)
{
    ngx_stream_live_rtmp_reply_t  r;

    ngx_stream_live_rtmp_reply_start(&r, "_result", transaction);

    /* clients look for a version of Adobe's server that they know */

    r.pos = ngx_live_amf_write_object(r.pos, r.end);
    ngx_stream_live_rtmp_reply_string(&r, "fmsVer", "FMS/3,0,1,123");
    r.pos = ngx_live_amf_write_key(r.pos, r.end, "capabilities", 12);
    r.pos = ngx_live_amf_write_number(r.pos, r.end, 31);
    r.pos = ngx_live_amf_write_end(r.pos, r.end);

    ngx_stream_live_rtmp_reply_info(&r, "status",
                                    "NetConnection.Connect.Success",
                                    "Connection succeeded.");
    r.pos = ngx_live_amf_write_key(r.pos, r.end, "objectEncoding", 14);
    r.pos = ngx_live_amf_write_number(r.pos, r.end, rs->encoding);
    r.pos = ngx_live_amf_write_end(r.pos, r.end);

    return ngx_stream_live_rtmp_reply_end(rs, &r, 0);
}


ngx_int_t
ngx_stream_live_rtmp_reply_null(ngx_stream_live_rtmp_t *rs, double transaction)
{
    ngx_stream_live_rtmp_reply_t  r;

    ngx_stream_live_rtmp_reply_start(&r, "_result", transaction);

    r.pos = ngx_live_amf_write_null(r.pos, r.end);
    r.pos = ngx_live_amf_write_null(r.pos, r.end);

    return ngx_stream_live_rtmp_reply_end(rs, &r, 0);
}


ngx_int_t
ngx_stream_live_rtmp_reply_number(ngx_stream_live_rtmp_t *rs,
    double transaction, double number)
{
    ngx_stream_live_rtmp_reply_t  r;

    ngx_stream_live_rtmp_reply_start(&r, "_result", transaction);

    r.pos = ngx_live_amf_write_null(r.pos, r.end);
    r.pos = ngx_live_amf_write_number(r.pos, r.end, number);

    return ngx_stream_live_rtmp_reply_end(rs, &r, 0);
}


ngx_int_t
ngx_stream_live_rtmp_reply_unknown(ngx_stream_live_rtmp_t *rs,
    double transaction)
{
    ngx_stream_live_rtmp_reply_t  r;

    ngx_stream_live_rtmp_reply_start(&r, "_error", transaction);

    r.pos = ngx_live_amf_write_null(r.pos, r.end);
    ngx_stream_live_rtmp_reply_info(&r, "error", "NetConnection.Call.Failed",
                                    "Method not found.");
    r.pos = ngx_live_amf_write_end(r.pos, r.end);

    return ngx_stream_live_rtmp_reply_end(rs, &r, 0);
}


static ngx_int_t
ngx_stream_live_rtmp_reply_status(ngx_stream_live_rtmp_t *rs,
    const char *level, const char *code, const char *description)
{
    ngx_stream_live_rtmp_reply_t  r;

    ngx_stream_live_rtmp_reply_start(&r, "onStatus", 0);

    r.pos = ngx_live_amf_write_null(r.pos, r.end);
    ngx_stream_live_rtmp_reply_info(&r, level, code, description);
    r.pos = ngx_live_amf_write_end(r.pos, r.end);

    return ngx_stream_live_rtmp_reply_end(rs, &r, rs->msid);
}


ngx_int_t
ngx_stream_live_rtmp_status(ngx_stream_live_rtmp_t *rs, const char *code,
    const char *description)
{
    return ngx_stream_live_rtmp_reply_status(rs, "status", code, description);
}


ngx_int_t
ngx_stream_live_rtmp_notify(ngx_stream_live_rtmp_t *rs, const char *command,
    const char *code, ngx_str_t *description)
{
    ngx_stream_live_rtmp_reply_t  r;

    ngx_stream_live_rtmp_reply_start(&r, command, 0);

    r.pos = ngx_live_amf_write_null(r.pos, r.end);
    r.pos = ngx_live_amf_write_object(r.pos, r.end);

    ngx_stream_live_rtmp_reply_string(&r, "level", "status");
    ngx_stream_live_rtmp_reply_string(&r, "code", code);

    r.pos = ngx_live_amf_write_key(r.pos, r.end, "description", 11);
    r.pos = ngx_live_amf_write_string(r.pos, r.end, description->data,
                                      ngx_min(description->len, 256));
    r.pos = ngx_live_amf_write_end(r.pos, r.end);

    return ngx_stream_live_rtmp_reply_end(rs, &r, 0);
}


ngx_int_t
ngx_stream_live_rtmp_refuse(ngx_stream_live_rtmp_t *rs, ngx_uint_t refusal,
    double transaction, ngx_str_t *reason)
{
    ngx_int_t                        rc;
    ngx_stream_live_rtmp_reply_t     r;
    ngx_stream_live_rtmp_refusal_t  *ref;

    ref = &ngx_stream_live_rtmp_refusals[refusal];

    if (refusal == NGX_STREAM_LIVE_RTMP_BAD_APP) {
        ngx_log_error(NGX_LOG_INFO, rs->connection->log, 0,
                      "connect to \"%V\" refused: %V",
                      &rs->connect_app, reason);

        ngx_stream_live_rtmp_reply_start(&r, "_error", transaction);

        r.pos = ngx_live_amf_write_null(r.pos, r.end);
        ngx_stream_live_rtmp_reply_info(&r, "error", ref->code,
                                        ref->description);
        r.pos = ngx_live_amf_write_end(r.pos, r.end);

        rc = ngx_stream_live_rtmp_reply_end(rs, &r, 0);

    } else {
        ngx_log_error(NGX_LOG_INFO, rs->connection->log, 0,
                      "%s of \"%V/%V\" %s: %V",
                      ref->what, &rs->app, &rs->name, ref->verb, reason);

        /* first, since it may leave the rest of a frame to be sent */

        ngx_stream_live_rtmp_end(rs, 0);

        rc = ngx_stream_live_rtmp_reply_status(rs, "error", ref->code,
                                               ref->description);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    rs->status = NGX_STREAM_FORBIDDEN;

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_CLOSING);

    return NGX_DONE;
}


ngx_int_t
ngx_stream_live_rtmp_refuse_text(ngx_stream_live_rtmp_t *rs,
    ngx_uint_t refusal, const char *reason)
{
    ngx_str_t  text;

    text.data = (u_char *) reason;
    text.len = ngx_strlen(reason);

    return ngx_stream_live_rtmp_refuse(rs, refusal, 0, &text);
}
