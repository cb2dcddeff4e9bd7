
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_stream.h"


/* what a moderator does, for ever */
#define NGX_HTTP_LIVE_CHAT_EVER  ((int64_t) 1 << 62)


static ngx_int_t ngx_http_live_chat_moderate_user(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_command_t *cmd);
static ngx_int_t ngx_http_live_chat_moderate_tell(
    ngx_http_live_chat_deed_t *deed, ngx_live_chat_command_t *cmd);
static u_char *ngx_http_live_chat_moderate_target(u_char *p,
    ngx_live_chat_command_t *cmd);


/* by NGX_LIVE_CHAT_DELETE, ...; of a shadow ban nobody is told */

static char  *ngx_http_live_chat_deeds[] = {
    "deleted",
    "banned",
    "unbanned",
    "timeout",
    "purged",
    "pinned",
    "unpinned",
    "cleared",
    "slowmode",
    NULL
};


ngx_int_t
ngx_http_live_chat_moderate(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    ngx_int_t                 rc;
    ngx_live_chat_zone_t     *zone;
    ngx_live_chat_room_sh_t  *room;

    if (!deed->user->moderates) {
        return ngx_http_live_chat_refuse(deed, "forbidden",
                                         NGX_HTTP_FORBIDDEN);
    }

    zone = ngx_live_chat_zone();
    room = deed->hall->room;
    rc = NGX_OK;

    switch (cmd->action) {

    case NGX_LIVE_CHAT_DELETE:
        if (ngx_live_chat_room_hide(zone, room, &cmd->message, 0) == 0) {
            return ngx_http_live_chat_refuse(deed, "no_message",
                                             NGX_HTTP_NOT_FOUND);
        }

        break;

    case NGX_LIVE_CHAT_CLEAR:
        (void) ngx_live_chat_room_hide(zone, room, NULL, 0);
        break;

    case NGX_LIVE_CHAT_SLOW:
        room->slow = cmd->seconds;
        break;

    case NGX_LIVE_CHAT_PIN:
        room->pinned = cmd->message;
        break;

    case NGX_LIVE_CHAT_UNPIN:
        ngx_memzero(&room->pinned, sizeof(ngx_live_chat_id_t));
        break;

    default:
        rc = ngx_http_live_chat_moderate_user(deed, cmd);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_log_error(NGX_LOG_NOTICE, deed->request->connection->log, 0,
                  "moderation of room \"%V\": \"%V\" did %V \"%V\"",
                  &deed->hall->key, &deed->user->id,
                  &ngx_live_chat_action_names[cmd->action], &cmd->user);

    if (ngx_http_live_chat_deeds[cmd->action] == NULL) {
        return NGX_OK;
    }

    return ngx_http_live_chat_moderate_tell(deed, cmd);
}


static ngx_int_t
ngx_http_live_chat_moderate_user(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    int64_t                   until;
    uint32_t                  hash;
    ngx_live_chat_zone_t     *zone;
    ngx_live_chat_room_sh_t  *room;
    ngx_live_chat_user_sh_t  *user;

    zone = ngx_live_chat_zone();
    room = deed->hall->room;

    until = cmd->seconds ? ngx_live_now() + (int64_t) cmd->seconds * 1000
                         : NGX_HTTP_LIVE_CHAT_EVER;

    ngx_live_chat_lock(zone);

    user = ngx_live_chat_user_locked(zone, room, &cmd->user,
                                     cmd->action != NGX_LIVE_CHAT_UNBAN);

    if (user) {

        switch (cmd->action) {

        case NGX_LIVE_CHAT_BAN:
            user->banned = until;
            break;

        case NGX_LIVE_CHAT_SHADOW:
            user->shadow = until;
            break;

        case NGX_LIVE_CHAT_TIMEOUT:
            user->muted = until;
            break;

        case NGX_LIVE_CHAT_UNBAN:
            user->banned = 0;
            user->shadow = 0;
            user->muted = 0;
            break;

        default: /* NGX_LIVE_CHAT_PURGE */
            break;
        }
    }

    ngx_live_chat_unlock(zone);

    if (user == NULL) {
        return ngx_http_live_chat_refuse(deed,
                   cmd->action == NGX_LIVE_CHAT_UNBAN ? "no_user"
                                                      : "room_full",
                   NGX_HTTP_CONFLICT);
    }

    if (cmd->action == NGX_LIVE_CHAT_PURGE
        || cmd->action == NGX_LIVE_CHAT_BAN)
    {
        hash = ngx_crc32_long(cmd->user.data, cmd->user.len);

        (void) ngx_live_chat_room_hide(zone, room, NULL, hash + (hash == 0));
    }

    return NGX_OK;
}


/* in the log: those who come later have to know it too */

static ngx_int_t
ngx_http_live_chat_moderate_tell(ngx_http_live_chat_deed_t *deed,
    ngx_live_chat_command_t *cmd)
{
    u_char               *p, head[64];
    size_t                len;
    ngx_int_t             rc;
    ngx_live_chat_say_t   say;

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    say.head.data = head;
    say.head.len = ngx_sprintf(head, "{\"type\":\"%s\",",
                               ngx_http_live_chat_deeds[cmd->action])
                   - head;

    len = sizeof(",\"ts\":,\"by\":,\"message\":\"\",\"user\":\"\","
                 "\"seconds\":,\"reason\":\"\"}") - 1
          + 2 * NGX_INT64_LEN + deed->user->json.len + NGX_LIVE_CHAT_ID_LEN
          + cmd->user.len
          + ngx_escape_json(NULL, cmd->user.data, cmd->user.len)
          + cmd->reason.len
          + ngx_escape_json(NULL, cmd->reason.data, cmd->reason.len);

    p = ngx_alloc(len, deed->request->connection->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    say.tail.data = p;

    p = ngx_sprintf(p, ",\"ts\":%L,\"by\":%V", ngx_live_now(),
                    &deed->user->json);
    p = ngx_http_live_chat_moderate_target(p, cmd);
    *p++ = '}';

    say.tail.len = p - say.tail.data;

    rc = ngx_live_chat_room_say(ngx_live_chat_zone(), deed->hall->room, &say);

    ngx_free(say.tail.data);

    if (rc != NGX_OK) {
        return ngx_http_live_chat_refuse(deed, "room_full",
                                         NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    deed->pos = say.pos;

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

    if (cmd->reason.len) {
        p = ngx_sprintf(p, ",\"reason\":\"");
        p = (u_char *) ngx_escape_json(p, cmd->reason.data, cmd->reason.len);
        *p++ = '"';
    }

    return p;
}
