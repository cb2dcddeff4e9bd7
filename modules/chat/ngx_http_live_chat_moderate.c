
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_stream.h"


static void ngx_http_live_chat_moderate_effect(ngx_live_chat_command_t *cmd,
    ngx_live_chat_effect_t *effect);
static void ngx_http_live_chat_moderate_audit(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_command_t *cmd);
static size_t ngx_http_live_chat_moderate_size(ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_moderate_say(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_command_t *cmd,
    ngx_live_chat_say_t *say);
static ngx_int_t ngx_http_live_chat_moderate_result(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_say_t *say);
static u_char *ngx_http_live_chat_moderate_target(u_char *p,
    ngx_live_chat_command_t *cmd);


/* by NGX_LIVE_CHAT_DELETE, ...; of a shadow ban nobody is told */

static struct {
    ngx_uint_t   effect;
    const char  *told;
} ngx_http_live_chat_deeds[] = {
    { NGX_LIVE_CHAT_EFFECT_DELETE, "deleted" },
    { NGX_LIVE_CHAT_EFFECT_BAN, "banned" },
    { NGX_LIVE_CHAT_EFFECT_UNBAN, "unbanned" },
    { NGX_LIVE_CHAT_EFFECT_TIMEOUT, "timeout" },
    { NGX_LIVE_CHAT_EFFECT_PURGE, "purged" },
    { NGX_LIVE_CHAT_EFFECT_PIN, "pinned" },
    { NGX_LIVE_CHAT_EFFECT_UNPIN, "unpinned" },
    { NGX_LIVE_CHAT_EFFECT_CLEAR, "cleared" },
    { NGX_LIVE_CHAT_EFFECT_SLOW, "slowmode" },
    { NGX_LIVE_CHAT_EFFECT_SHADOW, NULL },
    { NGX_LIVE_CHAT_EFFECT_RESTRICT, "restricted" }
};


ngx_int_t
ngx_http_live_chat_moderate(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t            rc;
    ngx_live_chat_say_t  say;

    if (!deed->user->moderates) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_http_live_chat_moderate_effect(cmd, &say.effect);

    rc = ngx_http_live_chat_moderate_say(deed, cmd, &say);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_live_chat_moderate_audit(deed, cmd);

    return NGX_OK;
}


/* an object of JSON, for programs that keep it */

static void
ngx_http_live_chat_moderate_audit(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    u_char     *p;
    ngx_str_t   target;

    target.data = ngx_alloc(ngx_http_live_chat_moderate_size(cmd),
                            deed->request->connection->log);
    if (target.data == NULL) {
        return;
    }

    p = ngx_http_live_chat_moderate_target(target.data, cmd);
    target.len = p - target.data;

    ngx_log_error(NGX_LOG_NOTICE, deed->request->connection->log, 0,
                  "chat moderation {\"room\":\"%V\",\"action\":\"%V\","
                  "\"by\":%V%V}",
                  &deed->hall->key, &ngx_live_chat_action_names[cmd->action],
                  &deed->user->json, &target);

    ngx_free(target.data);
}


static size_t
ngx_http_live_chat_moderate_size(ngx_live_chat_command_t *cmd)
{
    return sizeof(",\"message\":\"\",\"user\":\"\",\"seconds\":,"
                  "\"value\":\"subscribers\",\"reason\":\"\"") - 1
           + NGX_INT64_LEN + NGX_LIVE_CHAT_ID_LEN
           + cmd->user.len
           + ngx_escape_json(NULL, cmd->user.data, cmd->user.len)
           + cmd->reason.len
           + ngx_escape_json(NULL, cmd->reason.data, cmd->reason.len);
}


static void
ngx_http_live_chat_moderate_effect(ngx_live_chat_command_t *cmd,
    ngx_live_chat_effect_t *effect)
{
    effect->type = ngx_http_live_chat_deeds[cmd->action].effect;
    effect->message = cmd->message;
    effect->user = cmd->user;
    effect->number = (cmd->action == NGX_LIVE_CHAT_RESTRICT)
                     ? (int64_t) cmd->value : cmd->seconds;
    effect->until = cmd->seconds
                    ? ngx_live_now() + (int64_t) cmd->seconds * 1000
                    : NGX_LIVE_CHAT_EVER;
}


/* in the log: those who come later have to know it too */

static ngx_int_t
ngx_http_live_chat_moderate_say(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd, ngx_live_chat_say_t *say)
{
    u_char      *p, head[64];
    size_t       len;
    ngx_int_t    rc;
    const char  *told;

    told = ngx_http_live_chat_deeds[cmd->action].told;

    if (told == NULL) {
        say->untold = 1;
        return ngx_http_live_chat_moderate_result(deed, say);
    }

    say->head.data = head;
    say->head.len = ngx_sprintf(head, "{\"type\":\"%s\",", told) - head;

    len = sizeof(",\"ts\":,\"by\":}") - 1 + NGX_INT64_LEN
          + deed->user->json.len + ngx_http_live_chat_moderate_size(cmd);

    p = ngx_alloc(len, deed->request->connection->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    say->tail.data = p;

    p = ngx_sprintf(p, ",\"ts\":%L,\"by\":%V", ngx_live_now(),
                    &deed->user->json);
    p = ngx_http_live_chat_moderate_target(p, cmd);
    *p++ = '}';

    say->tail.len = p - say->tail.data;

    rc = ngx_http_live_chat_moderate_result(deed, say);

    ngx_free(say->tail.data);

    return rc;
}


static ngx_int_t
ngx_http_live_chat_moderate_result(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_say_t *say)
{
    ngx_int_t  rc;

    rc = ngx_live_chat_room_say(ngx_live_chat_zone(), deed->hall->room, say);

    if (rc == NGX_DECLINED) {
        return ngx_http_live_chat_refuse(deed, say->error,
                   ngx_strcmp(say->error, "no_message") == 0
                   ? NGX_HTTP_NOT_FOUND : NGX_HTTP_CONFLICT);
    }

    if (rc != NGX_OK) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    if (!say->untold) {
        deed->pos = say->pos;
        deed->seq = say->seq;
    }

    return NGX_OK;
}


static u_char *
ngx_http_live_chat_moderate_target(u_char *p, ngx_live_chat_command_t *cmd)
{
    if (cmd->has_message) {
        p = ngx_sprintf(p, ",\"message\":\"");
        p = ngx_live_chat_id_write(p, &cmd->message);
        *p++ = '"';
    }

    if (cmd->user.len) {
        p = ngx_sprintf(p, ",\"user\":\"");
        p = (u_char *) ngx_escape_json(p, cmd->user.data, cmd->user.len);
        *p++ = '"';
    }

    if (cmd->seconds || cmd->action == NGX_LIVE_CHAT_SLOW) {
        p = ngx_sprintf(p, ",\"seconds\":%T", cmd->seconds);
    }

    if (cmd->action == NGX_LIVE_CHAT_RESTRICT) {
        p = ngx_sprintf(p, ",\"value\":\"%V\"",
                        &ngx_live_chat_restrict_names[cmd->value]);
    }

    if (cmd->reason.len) {
        p = ngx_sprintf(p, ",\"reason\":\"");
        p = (u_char *) ngx_escape_json(p, cmd->reason.data, cmd->reason.len);
        *p++ = '"';
    }

    return p;
}
