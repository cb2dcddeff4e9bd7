
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_stamp.h"
#include "ngx_live_stream.h"


/*
 * Polls: who may ask, what is asked, and votes.
 */

static ngx_uint_t ngx_http_live_chat_may_ask(ngx_http_live_chat_deed_t *deed);
static size_t ngx_http_live_chat_poll_size(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd);
static u_char *ngx_http_live_chat_poll_write(u_char *p,
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_poll_said(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_say_t *say, ngx_int_t rc);
static const char *ngx_http_live_chat_may_vote(
    ngx_http_live_chat_deed_t *deed);


ngx_int_t
ngx_http_live_chat_ask(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t             rc;
    ngx_live_chat_say_t   say;

    if (!ngx_http_live_chat_may_ask(deed)) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"poll\",");

    say.effect.type = NGX_LIVE_CHAT_EFFECT_POLL;
    say.effect.number = cmd->noptions;

    if (cmd->seconds) {
        say.effect.until = ngx_live_now() + (int64_t) cmd->seconds * 1000;
    }

    say.tail.data = ngx_alloc(ngx_http_live_chat_poll_size(deed, cmd),
                              deed->request->connection->log);
    if (say.tail.data == NULL) {
        return NGX_ERROR;
    }

    say.tail.len = ngx_http_live_chat_poll_write(say.tail.data, deed, cmd)
                   - say.tail.data;

    rc = ngx_live_chat_room_say(ngx_live_chat_zone(), deed->hall->room, &say);

    ngx_free(say.tail.data);

    return ngx_http_live_chat_poll_said(deed, &say, rc);
}


static ngx_uint_t
ngx_http_live_chat_may_ask(ngx_http_live_chat_deed_t *deed)
{
    return deed->user->moderates || deed->user->serves;
}


static size_t
ngx_http_live_chat_poll_size(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    size_t       len;
    ngx_str_t   *option;
    ngx_uint_t   i;

    len = NGX_LIVE_CHAT_STAMP_LEN
          + sizeof(",\"by\":,\"seconds\":,\"question\":\"\",\"options\":[]}")
          + deed->user->json.len + NGX_TIME_T_LEN
          + cmd->text.len
          + ngx_escape_json(NULL, cmd->text.data, cmd->text.len);

    for (i = 0; i < cmd->noptions; i++) {
        option = &cmd->options[i];
        len += sizeof(",\"\"") - 1 + option->len
               + ngx_escape_json(NULL, option->data, option->len);
    }

    return len;
}


/* what is asked comes last: the end tells it again */

static u_char *
ngx_http_live_chat_poll_write(u_char *p, ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_uint_t  i;

    p = ngx_live_chat_stamp(p, &deed->hall->key);
    p = ngx_sprintf(p, ",\"by\":%V", &deed->user->json);

    if (cmd->seconds) {
        p = ngx_sprintf(p, ",\"seconds\":%T", cmd->seconds);
    }

    p = ngx_sprintf(p, ",\"question\":\"");
    p = (u_char *) ngx_escape_json(p, cmd->text.data, cmd->text.len);
    p = ngx_sprintf(p, "\",\"options\":[");

    for (i = 0; i < cmd->noptions; i++) {

        if (i) {
            *p++ = ',';
        }

        *p++ = '"';
        p = (u_char *) ngx_escape_json(p, cmd->options[i].data,
                                       cmd->options[i].len);
        *p++ = '"';
    }

    *p++ = ']';
    *p++ = '}';

    return p;
}


static ngx_int_t
ngx_http_live_chat_poll_said(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_say_t *say, ngx_int_t rc)
{
    if (rc == NGX_DECLINED) {
        return ngx_http_live_chat_refuse(deed, say->error, NGX_HTTP_CONFLICT);
    }

    if (rc != NGX_OK) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    deed->pos = say->pos;

    return NGX_OK;
}


ngx_int_t
ngx_http_live_chat_vote(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    const char  *error;
    ngx_uint_t   hushed, first;

    error = ngx_http_live_chat_may_vote(deed);

    if (error) {
        return ngx_http_live_chat_refuse(deed, error, NGX_HTTP_FORBIDDEN);
    }

    error = ngx_http_live_chat_passes(deed, &hushed);

    if (error) {
        return ngx_http_live_chat_refuse(deed, error, 429);
    }

    error = ngx_live_chat_vote(ngx_live_chat_zone(), deed->hall->room,
                               &deed->user->id,
                               cmd->has_message ? &cmd->message : NULL,
                               cmd->option, hushed, &first);
    if (error) {
        return ngx_http_live_chat_refuse(deed, error, NGX_HTTP_CONFLICT);
    }

    if (first) {
        ngx_live_chat_hall_react(deed->hall);
    }

    return NGX_OK;
}


/* who may not write has no vote: NULL, or the code of the error */

static const char *
ngx_http_live_chat_may_vote(ngx_http_live_chat_deed_t *deed)
{
    const char               *error;
    ngx_live_chat_zone_t     *zone;
    ngx_live_chat_room_sh_t  *room;
    ngx_live_chat_user_sh_t  *user;

    zone = ngx_live_chat_zone();
    room = deed->hall->room;
    error = NULL;

    ngx_live_chat_lock(zone);

    user = ngx_live_chat_user_locked(zone, room, &deed->user->id, 0);

    if (user && user->marks.muted > ngx_live_now()) {
        error = "muted";

    } else if (deed->user->level < room->restricted && !deed->user->moderates)
    {
        error = "restricted";
    }

    ngx_live_chat_unlock(zone);

    return error;
}


ngx_int_t
ngx_http_live_chat_ask_end(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t             rc;
    ngx_live_chat_say_t   say;

    if (!ngx_http_live_chat_may_ask(deed)) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    rc = ngx_live_chat_poll_end(ngx_live_chat_zone(), deed->hall->room,
                                cmd->has_message ? &cmd->message : NULL,
                                &deed->user->json, &say);

    return ngx_http_live_chat_poll_said(deed, &say, rc);
}
