
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Commands of the client, RTMP specification 1.0, section 7.2, and those that
 * only Adobe's encoders and their heirs know.
 */


#include "ngx_stream_live_rtmp.h"


typedef struct {
    ngx_str_t                       name;
    double                          transaction;
    uint32_t                        msid;
    ngx_live_amf_t                 *amf;        /* behind the transaction */
} ngx_stream_live_rtmp_call_t;


typedef struct {
    ngx_str_t                       name;
    ngx_int_t                     (*handler)(ngx_stream_live_rtmp_t *rs,
                                             ngx_stream_live_rtmp_call_t *call);
    ngx_uint_t                      states;     /* in which it may come */
} ngx_stream_live_rtmp_command_t;


static ngx_int_t ngx_stream_live_rtmp_call_string(
    ngx_stream_live_rtmp_call_t *call, ngx_str_t *value);
static ngx_int_t ngx_stream_live_rtmp_malformed(ngx_stream_live_rtmp_t *rs,
    ngx_live_amf_t *amf);

static ngx_int_t ngx_stream_live_rtmp_connect(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_connected(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_create_stream(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_delete_stream(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_close_stream(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_publish(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_play(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_pause(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_seek(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_fc(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call, const char *command, const char *code);
static ngx_int_t ngx_stream_live_rtmp_fc_publish(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_fc_unpublish(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_fc_subscribe(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_zero(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_null(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);
static ngx_int_t ngx_stream_live_rtmp_silent(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call);


#define NGX_STREAM_LIVE_RTMP_IN(state)  (1 << NGX_STREAM_LIVE_RTMP_ ## state)

#define NGX_STREAM_LIVE_RTMP_CONNECTED                                        \
    (NGX_STREAM_LIVE_RTMP_IN(COMMAND)|NGX_STREAM_LIVE_RTMP_IN(PUBLISH)        \
     |NGX_STREAM_LIVE_RTMP_IN(PLAY))


static ngx_stream_live_rtmp_command_t  ngx_stream_live_rtmp_commands[] = {

    { ngx_string("connect"), ngx_stream_live_rtmp_connect,
      NGX_STREAM_LIVE_RTMP_IN(CONNECT) },

    { ngx_string("createStream"), ngx_stream_live_rtmp_create_stream,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("publish"), ngx_stream_live_rtmp_publish,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("play"), ngx_stream_live_rtmp_play,
      NGX_STREAM_LIVE_RTMP_IN(COMMAND) },

    { ngx_string("deleteStream"), ngx_stream_live_rtmp_delete_stream,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("closeStream"), ngx_stream_live_rtmp_close_stream,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("pause"), ngx_stream_live_rtmp_pause,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("pauseRaw"), ngx_stream_live_rtmp_pause,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("seek"), ngx_stream_live_rtmp_seek,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("FCPublish"), ngx_stream_live_rtmp_fc_publish,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("FCUnpublish"), ngx_stream_live_rtmp_fc_unpublish,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("FCSubscribe"), ngx_stream_live_rtmp_fc_subscribe,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("releaseStream"), ngx_stream_live_rtmp_null,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("_checkbw"), ngx_stream_live_rtmp_null,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("getStreamLength"), ngx_stream_live_rtmp_zero,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("receiveAudio"), ngx_stream_live_rtmp_silent,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("receiveVideo"), ngx_stream_live_rtmp_silent,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    /* answers to calls that were never made */

    { ngx_string("_result"), ngx_stream_live_rtmp_silent,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("_error"), ngx_stream_live_rtmp_silent,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_string("onStatus"), ngx_stream_live_rtmp_silent,
      NGX_STREAM_LIVE_RTMP_CONNECTED },

    { ngx_null_string, NULL, 0 }
};


ngx_int_t
ngx_stream_live_rtmp_command(ngx_stream_live_rtmp_t *rs,
    ngx_live_rtmp_message_t *m)
{
    ngx_int_t                        rc;
    ngx_live_amf_t                   amf;
    ngx_stream_live_rtmp_call_t      call;
    ngx_stream_live_rtmp_command_t  *cmd;

    if (m->type == NGX_LIVE_RTMP_AMF3_COMMAND) {
        ngx_live_amf_init_amf3(&amf, m->body, m->body + m->len);

    } else {
        ngx_live_amf_init(&amf, m->body, m->body + m->len);
    }

    call.amf = &amf;
    call.msid = m->msid;

    rc = ngx_live_amf_read_string(&amf, &call.name);

    if (rc != NGX_OK) {
        rs->reason = (rc == NGX_ERROR) ? amf.reason : "command without a name";
        return NGX_ERROR;
    }

    rc = ngx_live_amf_read_number(&amf, &call.transaction);

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, &amf);
    }

    if (rc != NGX_OK) {
        call.transaction = 0;
    }

    for (cmd = ngx_stream_live_rtmp_commands; cmd->handler; cmd++) {
        if (cmd->name.len == call.name.len
            && ngx_strncmp(cmd->name.data, call.name.data, call.name.len)
               == 0)
        {
            break;
        }
    }

    ngx_log_debug3(NGX_LOG_DEBUG_STREAM, rs->connection->log, 0,
                   "rtmp command \"%V\" state:%ui msid:%uD",
                   &call.name, rs->state, call.msid);

    if (cmd->handler == NULL && rs->state != NGX_STREAM_LIVE_RTMP_CONNECT) {
        return (call.transaction > 0)
               ? ngx_stream_live_rtmp_reply_unknown(rs, call.transaction)
               : NGX_OK;
    }

    if (!(cmd->states & (1 << rs->state))) {
        rs->reason = (rs->state == NGX_STREAM_LIVE_RTMP_CONNECT)
                     ? "command before \"connect\""
                     : "command out of order";
        return NGX_ERROR;
    }

    return cmd->handler(rs, &call);
}


/*
 * The first argument behind the command object, which is null but for
 * "connect"; DECLINED if it is no string.
 */

static ngx_int_t
ngx_stream_live_rtmp_call_string(ngx_stream_live_rtmp_call_t *call,
    ngx_str_t *value)
{
    ngx_int_t  rc;

    rc = ngx_live_amf_skip(call->amf);

    if (rc == NGX_OK) {
        rc = ngx_live_amf_read_string(call->amf, value);
    }

    return (rc == NGX_DONE) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_stream_live_rtmp_malformed(ngx_stream_live_rtmp_t *rs, ngx_live_amf_t *amf)
{
    rs->reason = amf->reason;
    return NGX_ERROR;
}


static ngx_int_t
ngx_stream_live_rtmp_connect(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_int_t        rc;
    ngx_str_t        key, app;
    ngx_live_amf_t  *amf;

    amf = call->amf;
    ngx_str_null(&app);

    rc = ngx_live_amf_read_object(amf);

    while (rc == NGX_OK) {
        rc = ngx_live_amf_next(amf, &key);

        if (rc != NGX_OK) {
            break;
        }

        if (key.len == 3 && ngx_strncmp(key.data, "app", 3) == 0) {
            rc = ngx_live_amf_read_string(amf, &app);

        } else if (key.len == 14
                   && ngx_strncmp(key.data, "objectEncoding", 14) == 0)
        {
            rc = ngx_live_amf_read_number(amf, &rs->encoding);
        }

        if (rc == NGX_DECLINED) {
            rc = NGX_OK;
        }
    }

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, amf);
    }

    rc = ngx_stream_live_rtmp_set_app(rs, &app);

    if (rc == NGX_DECLINED) {
        app.data = (u_char *) rs->reason;
        app.len = ngx_strlen(rs->reason);

        return ngx_stream_live_rtmp_refuse(rs, NGX_STREAM_LIVE_RTMP_BAD_APP,
                                           call->transaction, &app);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_stream_live_rtmp_connected(rs, call);
}


static ngx_int_t
ngx_stream_live_rtmp_connected(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_stream_live_rtmp_srv_conf_t  *conf;

    conf = ngx_stream_live_rtmp_conf(rs);

    if (ngx_stream_live_rtmp_control(rs, NGX_LIVE_RTMP_WINDOW_ACK_SIZE,
                                     (uint32_t) conf->window)
        != NGX_OK
        || ngx_stream_live_rtmp_control(rs, NGX_LIVE_RTMP_SET_PEER_BANDWIDTH,
                                        (uint32_t) conf->window)
           != NGX_OK
        || ngx_stream_live_rtmp_control(rs, NGX_LIVE_RTMP_SET_CHUNK_SIZE,
                                        (uint32_t) conf->chunk_size)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_stream_live_rtmp_set_state(rs, NGX_STREAM_LIVE_RTMP_COMMAND);

    return ngx_stream_live_rtmp_reply_connect(rs, call->transaction);
}


static ngx_int_t
ngx_stream_live_rtmp_create_stream(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_int_t  id;

    for (id = 1; id <= ngx_stream_live_rtmp_conf(rs)->max_streams; id++) {

        if (!(rs->msids & ((uint32_t) 1 << id))) {
            rs->msids |= (uint32_t) 1 << id;

            return ngx_stream_live_rtmp_reply_number(rs, call->transaction,
                                                     (double) id);
        }
    }

    rs->reason = "too many streams created";

    return NGX_ERROR;
}


static ngx_int_t
ngx_stream_live_rtmp_delete_stream(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    double     id;
    ngx_int_t  rc;

    rc = ngx_live_amf_skip(call->amf);

    if (rc == NGX_OK) {
        rc = ngx_live_amf_read_number(call->amf, &id);
    }

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, call->amf);
    }

    if (rc != NGX_OK || !(id >= 1 && id < 32)) {
        return NGX_OK;
    }

    rs->msids &= ~((uint32_t) 1 << (uint32_t) id);

    if ((uint32_t) id == rs->msid
        && rs->state != NGX_STREAM_LIVE_RTMP_COMMAND)
    {
        ngx_stream_live_rtmp_stop(rs);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_close_stream(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_uint_t  publishing;

    if (rs->state == NGX_STREAM_LIVE_RTMP_COMMAND || call->msid != rs->msid) {
        return NGX_OK;
    }

    publishing = (rs->state == NGX_STREAM_LIVE_RTMP_PUBLISH);

    ngx_stream_live_rtmp_stop(rs);

    return publishing
           ? ngx_stream_live_rtmp_status(rs, "NetStream.Unpublish.Success",
                                         "Stopped publishing.")
           : ngx_stream_live_rtmp_status(rs, "NetStream.Play.Stop",
                                         "Stopped playing.");
}


static ngx_int_t
ngx_stream_live_rtmp_publish(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_int_t   rc;
    ngx_str_t   name;
    ngx_uint_t  on;

    rc = ngx_stream_live_rtmp_call_string(call, &name);

    if (rc == NGX_DECLINED
        && ngx_live_amf_read_boolean(call->amf, &on) == NGX_OK && !on)
    {
        /* NetStream.publish(false) */

        return ngx_stream_live_rtmp_close_stream(rs, call);
    }

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, call->amf);
    }

    if (rc != NGX_OK) {
        rs->reason = "\"publish\" without a name";
        return NGX_ERROR;
    }

    if (rs->state != NGX_STREAM_LIVE_RTMP_COMMAND) {
        rs->reason = "\"publish\" twice";
        return NGX_ERROR;
    }

    if (call->msid > 31 || !(rs->msids & ((uint32_t) 1 << call->msid))) {
        rs->reason = "\"publish\" before \"createStream\"";
        return NGX_ERROR;
    }

    return ngx_stream_live_rtmp_begin(rs, NGX_LIVE_ACTION_PUBLISH, &name,
                                      call->msid);
}


static ngx_int_t
ngx_stream_live_rtmp_play(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    rc = ngx_stream_live_rtmp_call_string(call, &name);

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, call->amf);
    }

    if (rc != NGX_OK) {
        rs->reason = "\"play\" without a name";
        return NGX_ERROR;
    }

    if (call->msid > 31 || !(rs->msids & ((uint32_t) 1 << call->msid))) {
        rs->reason = "\"play\" before \"createStream\"";
        return NGX_ERROR;
    }

    return ngx_stream_live_rtmp_begin(rs, NGX_LIVE_ACTION_PLAY, &name,
                                      call->msid);
}


static ngx_int_t
ngx_stream_live_rtmp_pause(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    ngx_int_t   rc;
    ngx_uint_t  on;

    rc = ngx_live_amf_skip(call->amf);

    if (rc == NGX_OK) {
        rc = ngx_live_amf_read_boolean(call->amf, &on);
    }

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, call->amf);
    }

    if (rc != NGX_OK || rs->state != NGX_STREAM_LIVE_RTMP_PLAY) {
        return NGX_OK;
    }

    if (on) {
        if (ngx_stream_live_rtmp_play_pause(rs) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_stream_live_rtmp_status(rs, "NetStream.Pause.Notify",
                                           "Paused.");
    }

    if (ngx_stream_live_rtmp_play_resume(rs) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_stream_live_rtmp_status(rs, "NetStream.Unpause.Notify",
                                       "Unpaused.");
}


/* a live stream has one position only */

static ngx_int_t
ngx_stream_live_rtmp_seek(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    if (rs->state != NGX_STREAM_LIVE_RTMP_PLAY) {
        return NGX_OK;
    }

    return ngx_stream_live_rtmp_status(rs, "NetStream.Seek.Notify",
                                       "Playing the live stream.");
}


/*
 * Some encoders publish only after they have been told onFCPublish, others
 * wait for the result of the call.
 */

static ngx_int_t
ngx_stream_live_rtmp_fc(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call, const char *command, const char *code)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    rc = ngx_stream_live_rtmp_call_string(call, &name);

    if (rc == NGX_ERROR) {
        return ngx_stream_live_rtmp_malformed(rs, call->amf);
    }

    if (rc != NGX_OK) {
        ngx_str_null(&name);
    }

    if (ngx_stream_live_rtmp_notify(rs, command, code, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_stream_live_rtmp_null(rs, call);
}


static ngx_int_t
ngx_stream_live_rtmp_fc_publish(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    return ngx_stream_live_rtmp_fc(rs, call, "onFCPublish",
                                   "NetStream.Publish.Start");
}


static ngx_int_t
ngx_stream_live_rtmp_fc_unpublish(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    return ngx_stream_live_rtmp_fc(rs, call, "onFCUnpublish",
                                   "NetStream.Unpublish.Success");
}


static ngx_int_t
ngx_stream_live_rtmp_fc_subscribe(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    return ngx_stream_live_rtmp_fc(rs, call, "onFCSubscribe",
                                   "NetStream.Play.Start");
}


static ngx_int_t
ngx_stream_live_rtmp_null(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    if (call->transaction > 0) {
        return ngx_stream_live_rtmp_reply_null(rs, call->transaction);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_live_rtmp_zero(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    return ngx_stream_live_rtmp_reply_number(rs, call->transaction, 0);
}


static ngx_int_t
ngx_stream_live_rtmp_silent(ngx_stream_live_rtmp_t *rs,
    ngx_stream_live_rtmp_call_t *call)
{
    return NGX_OK;
}
