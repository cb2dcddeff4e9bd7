
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_link.h"
#include "ngx_live_chat_people.h"
#include "ngx_live_chat_stamp.h"
#include "ngx_live_stream.h"


static ngx_int_t ngx_http_live_chat_dispatch(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_enter_room(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_filter(ngx_http_live_chat_deed_t *deed,
    ngx_str_t *text);
static ngx_int_t ngx_http_live_chat_message(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_say_message(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_say_t *say);
static ngx_int_t ngx_http_live_chat_status(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_history(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);


ngx_int_t
ngx_http_live_chat_do(ngx_http_live_chat_deed_t *deed, ngx_str_t *json)
{
    u_char                         *buf;
    ngx_int_t                       rc;
    ngx_live_chat_limits_t          limits;
    ngx_live_chat_command_t         cmd;
    ngx_http_live_chat_loc_conf_t  *lccf;

    lccf = ngx_http_get_module_loc_conf(deed->request,
                                        ngx_http_live_chat_module);

    limits.size = lccf->message_size;
    limits.text = lccf->message_length;
    limits.name = NGX_HTTP_LIVE_CHAT_NAME_MAX;
    limits.history = NGX_HTTP_LIVE_CHAT_HISTORY_MAX;

    buf = ngx_alloc(json->len + 1, deed->request->connection->log);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    if (ngx_live_chat_command_parse(json->data, json->len, buf, &limits, &cmd)
        != NGX_OK)
    {
        rc = ngx_http_live_chat_refuse(deed, (char *) cmd.code.data,
                                       NGX_HTTP_BAD_REQUEST);

        ngx_log_error(NGX_LOG_INFO, deed->request->connection->log, 0,
                      "client sent invalid command: %s", cmd.error);

    } else {
        rc = ngx_http_live_chat_dispatch(deed, &cmd);
    }

    if (cmd.id.len) {
        deed->ref_len = ngx_min(cmd.id.len, NGX_LIVE_CHAT_NONCE_MAX);
        ngx_memcpy(deed->ref, cmd.id.data, deed->ref_len);
    }

    ngx_free(buf);

    return rc;
}


ngx_int_t
ngx_http_live_chat_refuse(ngx_http_live_chat_deed_t *deed, const char *error,
    ngx_uint_t status)
{
    deed->error = error;
    deed->status = status;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_live_chat_dispatch(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    if (cmd->type == NGX_LIVE_CHAT_JOIN) {
        return ngx_http_live_chat_enter_room(deed, cmd);
    }

    if (deed->hall == NULL) {
        return ngx_http_live_chat_refuse(deed, "not_joined",
                                         NGX_HTTP_BAD_REQUEST);
    }

    if (cmd->type == NGX_LIVE_CHAT_HISTORY) {
        return ngx_http_live_chat_history(deed, cmd);
    }

    if (!deed->user->writes) {
        return ngx_http_live_chat_refuse(deed, "read_only",
                                         NGX_HTTP_FORBIDDEN);
    }

    switch (cmd->type) {

    case NGX_LIVE_CHAT_MESSAGE:
        return ngx_http_live_chat_message(deed, cmd);

    case NGX_LIVE_CHAT_REACTION:
        return ngx_http_live_chat_react(deed, cmd);

    case NGX_LIVE_CHAT_STATUS:
        return ngx_http_live_chat_status(deed, cmd);

    case NGX_LIVE_CHAT_MODERATE:
        return ngx_http_live_chat_moderate(deed, cmd);

    case NGX_LIVE_CHAT_TIP:
        return ngx_http_live_chat_tip(deed, cmd);

    case NGX_LIVE_CHAT_ANNOUNCEMENT:
        return ngx_http_live_chat_announce(deed, cmd);

    case NGX_LIVE_CHAT_POLL:
        return ngx_http_live_chat_ask(deed, cmd);

    case NGX_LIVE_CHAT_VOTE:
        return ngx_http_live_chat_vote(deed, cmd);

    case NGX_LIVE_CHAT_POLL_END:
        return ngx_http_live_chat_ask_end(deed, cmd);

    default: /* NGX_LIVE_CHAT_TYPING */
        return ngx_http_live_chat_typing(deed, cmd);
    }
}


/* of users; moderators may say what they like */

static ngx_int_t
ngx_http_live_chat_filter(ngx_http_live_chat_deed_t *deed, ngx_str_t *text)
{
    u_char                    *buf;
    ngx_uint_t                 link;
    ngx_live_chat_match_t      match;
    ngx_http_live_ctx_t       *ctx;
    ngx_live_chat_app_conf_t  *cacf;

    ctx = ngx_http_live_get_ctx(deed->request);
    cacf = ngx_live_get_module_app_conf(ctx->access.conf,
                                        ngx_live_chat_module);

    if (deed->user->moderates) {
        return NGX_OK;
    }

    if (!cacf->links) {
        buf = ngx_alloc(text->len, deed->request->connection->log);
        if (buf == NULL) {
            return NGX_ERROR;
        }

        link = ngx_live_chat_has_link(text->data, text->len, buf);

        ngx_free(buf);

        if (link) {
            return ngx_http_live_chat_refuse(deed, "links",
                                             NGX_HTTP_FORBIDDEN);
        }
    }

    if (cacf->words
        && ngx_live_chat_filter_match(cacf->words->filter, text->data,
                                      text->len, &match)
           != NGX_DECLINED)
    {
        return ngx_http_live_chat_refuse(deed, "filtered",
                                         NGX_HTTP_FORBIDDEN);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_live_chat_enter_room(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t  rc;

    if (deed->client == NULL) {
        return ngx_http_live_chat_refuse(deed, "unknown_type",
                                         NGX_HTTP_BAD_REQUEST);
    }

    rc = ngx_http_live_chat_join(deed->client, &cmd->name,
                                 cmd->has_cursor ? &cmd->cursor : NULL);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    if (rc == NGX_AGAIN) {
        deed->later = 1;
        return NGX_OK;
    }

    return rc;
}


static ngx_int_t
ngx_http_live_chat_message(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    u_char                          *p;
    size_t                           len;
    ngx_int_t                        rc;
    ngx_live_chat_say_t              say;
    ngx_live_chat_speech_t           speech;
    ngx_http_live_chat_user_t       *user;
    ngx_http_live_chat_loc_conf_t   *lccf;

    user = deed->user;
    lccf = ngx_http_get_module_loc_conf(deed->request,
                                        ngx_http_live_chat_module);

    rc = ngx_http_live_chat_filter(deed, &cmd->text);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&speech, sizeof(ngx_live_chat_speech_t));

    speech.id = &user->id;
    speech.rate = lccf->rate;
    speech.burst = lccf->burst;
    speech.text = ngx_crc32_long(cmd->text.data, cmd->text.len);
    speech.level = user->level;
    speech.exempt = user->moderates;

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"message\",");

    len = sizeof(",\"user\":,\"text\":\"\"}") - 1
          + NGX_LIVE_CHAT_STAMP_LEN + user->json.len + cmd->text.len
          + ngx_escape_json(NULL, cmd->text.data, cmd->text.len);

    say.tail.data = ngx_alloc(len, deed->request->connection->log);
    if (say.tail.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_live_chat_stamp(say.tail.data, &deed->hall->key);
    p = ngx_sprintf(p, ",\"user\":%V,\"text\":\"", &user->json);
    p = (u_char *) ngx_escape_json(p, cmd->text.data, cmd->text.len);
    *p++ = '"';
    *p++ = '}';

    say.tail.len = p - say.tail.data;
    say.user = user->hash;
    say.speech = &speech;

    rc = ngx_http_live_chat_say_message(deed, &say);

    ngx_free(say.tail.data);

    return rc;
}


static ngx_int_t
ngx_http_live_chat_say_message(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_say_t *say)
{
    ngx_int_t  rc;
    ngx_str_t  json;

    rc = ngx_live_chat_room_say(ngx_live_chat_zone(), deed->hall->room, say);

    if (rc == NGX_DECLINED) {
        deed->wait = say->speech->wait;
        return ngx_http_live_chat_refuse(deed, say->error, 429);
    }

    if (rc != NGX_OK) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    deed->pos = say->pos;
    deed->seq = say->seq;

    if (!say->hushed || deed->client == NULL) {
        return NGX_OK;
    }

    json.data = ngx_alloc(say->head.len + NGX_LIVE_CHAT_SAY_LEN
                          + say->tail.len, deed->request->connection->log);
    if (json.data == NULL) {
        return NGX_ERROR;
    }

    json.len = ngx_live_chat_say_write(json.data, say) - json.data;

    rc = ngx_http_live_chat_own(deed->client, &json);

    ngx_free(json.data);

    return rc;
}


/*
 * Flags of a participant, who is known if there is a module that says who takes
 * part.  Where it has named nobody anybody's are passed on.
 */

static ngx_int_t
ngx_http_live_chat_status(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    u_char                  *p;
    ngx_int_t                rc, audio, video;
    const char              *error;
    ngx_uint_t               hushed;
    ngx_live_chat_say_t      say;
    ngx_live_chat_person_t   person;

    error = ngx_http_live_chat_passes(deed, &hushed);

    if (error) {
        return ngx_http_live_chat_refuse(deed, error, 429);
    }

    if (hushed) {
        return NGX_OK;
    }

    audio = cmd->audio;
    video = cmd->video;

    person.id = deed->user->id;
    person.hash = ngx_crc32_long(person.id.data, person.id.len);

    rc = ngx_live_chat_participant_status(ngx_live_chat_zone(),
                                          deed->hall->room, &person, audio,
                                          video);

    if (rc == NGX_ABORT) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    if (rc == NGX_OK) {
        audio = person.audio;
        video = person.video;
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"status\",");

    say.tail.data = ngx_alloc(sizeof(",\"user\":,\"audio\":false,"
                                     "\"video\":false}")
                              + deed->user->json.len,
                              deed->request->connection->log);
    if (say.tail.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(say.tail.data, ",\"user\":%V", &deed->user->json);

    if (audio != -1) {
        p = ngx_sprintf(p, ",\"audio\":%s", audio ? "true" : "false");
    }

    if (video != -1) {
        p = ngx_sprintf(p, ",\"video\":%s", video ? "true" : "false");
    }

    *p++ = '}';

    say.tail.len = p - say.tail.data;
    say.user = deed->user->hash;
    say.passing = 1;

    rc = ngx_live_chat_room_say(ngx_live_chat_zone(), deed->hall->room, &say);

    ngx_free(say.tail.data);

    if (rc != NGX_OK) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    deed->pos = say.pos;

    return NGX_OK;
}


/* a client that stays is answered itself */

static ngx_int_t
ngx_http_live_chat_history(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t                 rc;
    ngx_str_t                 json;
    ngx_pool_t               *pool;
    ngx_live_chat_history_t   h;

    if (deed->client == NULL) {
        return ngx_http_live_chat_refuse(deed, "unknown_type",
                                         NGX_HTTP_BAD_REQUEST);
    }

    if (cmd->has_from || cmd->has_to) {
        return ngx_http_live_chat_range_history(deed, cmd);
    }

    pool = ngx_create_pool(4096, deed->request->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&h, sizeof(ngx_live_chat_history_t));

    h.before = cmd->has_message ? &cmd->message : NULL;
    h.max = cmd->limit ? cmd->limit : NGX_HTTP_LIVE_CHAT_HISTORY;

    rc = ngx_live_chat_hall_history(deed->hall, &h, pool);

    if (rc == NGX_OK) {
        json.data = ngx_pnalloc(pool, sizeof("{\"type\":\"history\","
                                             "\"messages\":[]}") + h.text.len);
        if (json.data == NULL) {
            rc = NGX_ERROR;

        } else {
            json.len = ngx_sprintf(json.data, "{\"type\":\"history\","
                                   "\"messages\":[%V]}", &h.text)
                       - json.data;

            rc = ngx_http_live_chat_own(deed->client, &json);
        }
    }

    ngx_destroy_pool(pool);

    return rc;
}


ngx_int_t
ngx_http_live_chat_command(ngx_http_live_chat_t *ch, u_char *data, size_t len)
{
    ngx_int_t                  rc;
    ngx_str_t                  json;
    ngx_http_live_chat_deed_t  deed;

    json.data = data;
    json.len = len;

    ngx_memzero(&deed, sizeof(ngx_http_live_chat_deed_t));

    deed.request = ch->request;
    deed.user = &ch->user;
    deed.hall = ch->client.hall;
    deed.client = ch;

    rc = ngx_http_live_chat_do(&deed, &json);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK && (deed.later || (deed.seq && deed.ref_len))) {
        return ngx_http_live_chat_await_log(ch, &deed);
    }

    return ngx_http_live_chat_answer(ch, &deed);
}


/* to a command that it has named, and to errors */

ngx_int_t
ngx_http_live_chat_answer(ngx_http_live_chat_t *ch,
    ngx_http_live_chat_deed_t *deed)
{
    u_char     *p, buf[256];
    ngx_str_t   json, ref;

    if (deed->error == NULL && deed->ref_len == 0) {
        return NGX_OK;
    }

    ref.data = deed->ref;
    ref.len = deed->ref_len;

    p = buf;

    if (deed->error) {
        p = ngx_sprintf(p, "{\"type\":\"error\",\"code\":\"%s\"", deed->error);

        if (deed->wait) {
            p = ngx_sprintf(p, ",\"seconds\":%ui", deed->wait);
        }

    } else {
        p = ngx_sprintf(p, "{\"type\":\"ack\"");

        if (deed->pos.ms) {
            p = ngx_sprintf(p, ",\"id\":\"");
            p = ngx_live_chat_id_write(p, &deed->pos);
            *p++ = '"';
        }
    }

    if (ref.len) {
        p = ngx_sprintf(p, ",\"ref\":\"%V\"", &ref);
    }

    *p++ = '}';

    json.data = buf;
    json.len = p - buf;

    return ngx_http_live_chat_own(ch, &json);
}
