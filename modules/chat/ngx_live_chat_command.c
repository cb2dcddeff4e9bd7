
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_live_chat_command.h"
#include "ngx_live_json_depth.h"
#include "ngx_live_chat_text.h"


/* what an action of moderation is about */

#define NGX_LIVE_CHAT_ON_NOTHING    0
#define NGX_LIVE_CHAT_ON_USER       1
#define NGX_LIVE_CHAT_ON_MESSAGE    2
#define NGX_LIVE_CHAT_ON_ANY        3      /* a message or all of them */


typedef struct {
    json_t                    *root;
    u_char                    *pos;        /* of the caller's buffer */
    ngx_live_chat_limits_t    *limits;
    ngx_live_chat_command_t   *cmd;
} ngx_live_chat_command_parser_t;


typedef struct {
    ngx_str_t                  name;
    ngx_int_t                (*parse)(ngx_live_chat_command_parser_t *cp);
} ngx_live_chat_command_type_t;


typedef struct {
    ngx_uint_t                 target;
    ngx_uint_t                 required;   /* seconds are */
    time_t                     min;
    time_t                     max;        /* 0: no seconds */
} ngx_live_chat_command_action_t;


static ngx_int_t ngx_live_chat_command_read(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_join(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_message(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_reaction(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_typing(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_status(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_history(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_moderate(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_tip(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_giver(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_key(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_poll(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_option(
    ngx_live_chat_command_parser_t *cp, json_t *js, ngx_uint_t max,
    ngx_str_t *value);
static ngx_int_t ngx_live_chat_command_vote(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_poll_end(
    ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_name(json_t *js, ngx_str_t *names,
    ngx_uint_t *index);
static ngx_int_t ngx_live_chat_command_target(
    ngx_live_chat_command_parser_t *cp, ngx_uint_t target);
static ngx_int_t ngx_live_chat_command_when(
    ngx_live_chat_command_parser_t *cp, const char *name,
    ngx_live_chat_when_t *when);
static ngx_int_t ngx_live_chat_command_id(ngx_live_chat_command_parser_t *cp);
static ngx_int_t ngx_live_chat_command_string(
    ngx_live_chat_command_parser_t *cp, const char *name, ngx_str_t *value);
static ngx_int_t ngx_live_chat_command_line(
    ngx_live_chat_command_parser_t *cp, const char *name, ngx_uint_t max,
    ngx_str_t *value);
static ngx_int_t ngx_live_chat_command_flag(
    ngx_live_chat_command_parser_t *cp, const char *name, ngx_int_t *value);
static ngx_int_t ngx_live_chat_command_number(
    ngx_live_chat_command_parser_t *cp, const char *name, int64_t min,
    int64_t max, int64_t *value);
static ngx_int_t ngx_live_chat_command_entry(
    ngx_live_chat_command_parser_t *cp, const char *name,
    const char *error);
static json_t *ngx_live_chat_command_get(ngx_live_chat_command_parser_t *cp,
    const char *name);
static ngx_int_t ngx_live_chat_command_refuse(ngx_live_chat_command_t *cmd,
    const char *code, const char *error);


static ngx_live_chat_command_type_t  ngx_live_chat_command_types[] = {
    { ngx_string("join"), ngx_live_chat_command_join },
    { ngx_string("message"), ngx_live_chat_command_message },
    { ngx_string("reaction"), ngx_live_chat_command_reaction },
    { ngx_string("typing"), ngx_live_chat_command_typing },
    { ngx_string("status"), ngx_live_chat_command_status },
    { ngx_string("history"), ngx_live_chat_command_history },
    { ngx_string("moderate"), ngx_live_chat_command_moderate },
    { ngx_string("tip"), ngx_live_chat_command_tip },
    { ngx_string("announcement"), ngx_live_chat_command_message },
    { ngx_string("poll"), ngx_live_chat_command_poll },
    { ngx_string("vote"), ngx_live_chat_command_vote },
    { ngx_string("poll_end"), ngx_live_chat_command_poll_end },
    { ngx_null_string, NULL }
};


ngx_str_t  ngx_live_chat_action_names[] = {
    ngx_string("delete"),
    ngx_string("ban"),
    ngx_string("unban"),
    ngx_string("timeout"),
    ngx_string("purge"),
    ngx_string("pin"),
    ngx_string("unpin"),
    ngx_string("clear"),
    ngx_string("slow"),
    ngx_string("shadow"),
    ngx_string("restrict"),
    ngx_null_string
};


ngx_str_t  ngx_live_chat_restrict_names[] = {
    ngx_string("off"),
    ngx_string("followers"),
    ngx_string("subscribers"),
    ngx_null_string
};


/* by NGX_LIVE_CHAT_DELETE, ... */

static ngx_live_chat_command_action_t  ngx_live_chat_command_actions[] = {
    { NGX_LIVE_CHAT_ON_MESSAGE, 0, 0, 0 },
    { NGX_LIVE_CHAT_ON_USER, 0, 0, NGX_LIVE_CHAT_BAN_MAX },
    { NGX_LIVE_CHAT_ON_USER, 0, 0, 0 },
    { NGX_LIVE_CHAT_ON_USER, 1, 1, NGX_LIVE_CHAT_TIMEOUT_MAX },
    { NGX_LIVE_CHAT_ON_USER, 0, 0, 0 },
    { NGX_LIVE_CHAT_ON_MESSAGE, 0, 0, 0 },
    { NGX_LIVE_CHAT_ON_ANY, 0, 0, 0 },
    { NGX_LIVE_CHAT_ON_NOTHING, 0, 0, 0 },
    { NGX_LIVE_CHAT_ON_NOTHING, 1, 0, NGX_LIVE_CHAT_SLOW_MAX },
    { NGX_LIVE_CHAT_ON_USER, 0, 0, NGX_LIVE_CHAT_BAN_MAX },
    { NGX_LIVE_CHAT_ON_NOTHING, 0, 0, 0 }
};


ngx_int_t
ngx_live_chat_command_parse(u_char *p, size_t len, u_char *buf,
    ngx_live_chat_limits_t *limits, ngx_live_chat_command_t *cmd)
{
    ngx_int_t                       rc;
    json_error_t                    error;
    ngx_live_chat_command_parser_t  cp;

    ngx_memzero(cmd, sizeof(ngx_live_chat_command_t));

    cmd->audio = -1;
    cmd->video = -1;

    if (len > limits->size) {
        return ngx_live_chat_command_refuse(cmd, "too_long",
                                            "command is too long");
    }

    /* jansson recurses down to 2048 levels */

    if (ngx_live_json_depth(p, len) > NGX_LIVE_CHAT_DEPTH) {
        return ngx_live_chat_command_refuse(cmd, "bad_json",
                                            "JSON is nested too deeply");
    }

    cp.root = json_loadb((char *) p, len, JSON_REJECT_DUPLICATES, &error);
    cp.pos = buf;
    cp.limits = limits;
    cp.cmd = cmd;

    if (cp.root == NULL) {
        return ngx_live_chat_command_refuse(cmd, "bad_json",
                        json_error_code(&error) == json_error_duplicate_key
                        ? "JSON has duplicate members" : "invalid JSON");
    }

    rc = ngx_live_chat_command_read(&cp);

    json_decref(cp.root);

    return rc;
}


static ngx_int_t
ngx_live_chat_command_read(ngx_live_chat_command_parser_t *cp)
{
    json_t                        *js;
    ngx_live_chat_command_t       *cmd;
    ngx_live_chat_command_type_t  *type;

    cmd = cp->cmd;

    if (!json_is_object(cp->root)) {
        return ngx_live_chat_command_refuse(cmd, "bad_json",
                                            "JSON is no object");
    }

    if (ngx_live_chat_command_id(cp) != NGX_OK) {
        return NGX_ERROR;
    }

    js = ngx_live_chat_command_get(cp, "type");

    if (!json_is_string(js)) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"type\" is no string");
    }

    for (type = ngx_live_chat_command_types; type->parse; type++) {

        if (json_string_length(js) == type->name.len
            && ngx_memcmp(json_string_value(js), type->name.data,
                          type->name.len)
               == 0)
        {
            cmd->type = type - ngx_live_chat_command_types;
            return type->parse(cp);
        }
    }

    return ngx_live_chat_command_refuse(cmd, "unknown_type",
                                        "\"type\" is unknown");
}


static ngx_int_t
ngx_live_chat_command_join(ngx_live_chat_command_parser_t *cp)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, "cursor");

    if (js) {

        if (!json_is_string(js)
            || ngx_live_chat_cursor_parse((u_char *) json_string_value(js),
                                          json_string_length(js),
                                          &cp->cmd->cursor)
               != NGX_OK)
        {
            return ngx_live_chat_command_refuse(cp->cmd, "bad_cursor",
                                                "\"cursor\" is no cursor");
        }

        cp->cmd->has_cursor = 1;
    }

    return ngx_live_chat_command_line(cp, "name", cp->limits->name,
                                      &cp->cmd->name);
}


static ngx_int_t
ngx_live_chat_command_message(ngx_live_chat_command_parser_t *cp)
{
    json_t                   *js;
    ngx_live_chat_command_t  *cmd;

    cmd = cp->cmd;

    js = ngx_live_chat_command_get(cp, "text");

    if (!json_is_string(js)) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"text\" is no string");
    }

    switch (ngx_live_chat_text_clean(cp->pos,
                                     (u_char *) json_string_value(js),
                                     json_string_length(js),
                                     cp->limits->text, &cmd->text))
    {

    case NGX_LIVE_CHAT_TEXT_OK:
        cp->pos += cmd->text.len;
        return NGX_OK;

    case NGX_LIVE_CHAT_TEXT_LONG:
        return ngx_live_chat_command_refuse(cmd, "too_long",
                                            "\"text\" is too long");

    case NGX_LIVE_CHAT_TEXT_EMPTY:
        return ngx_live_chat_command_refuse(cmd, "empty",
                                            "\"text\" is empty");

    default: /* NGX_LIVE_CHAT_TEXT_INVALID */
        return ngx_live_chat_command_refuse(cmd, "bad_json",
                                            "\"text\" is not UTF-8");
    }
}


static ngx_int_t
ngx_live_chat_command_reaction(ngx_live_chat_command_parser_t *cp)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, "kind");

    if (!json_is_string(js)
        || !ngx_live_chat_text_kind((u_char *) json_string_value(js),
                                    json_string_length(js)))
    {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                     "\"kind\" is no emoji and no short name");
    }

    return ngx_live_chat_command_string(cp, "kind", &cp->cmd->kind);
}


static ngx_int_t
ngx_live_chat_command_typing(ngx_live_chat_command_parser_t *cp)
{
    ngx_int_t  on;

    on = 1;

    if (ngx_live_chat_command_flag(cp, "on", &on) != NGX_OK) {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                            "\"on\" is no boolean");
    }

    cp->cmd->on = on ? 1 : 0;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_command_status(ngx_live_chat_command_parser_t *cp)
{
    ngx_live_chat_command_t  *cmd;

    cmd = cp->cmd;

    if (ngx_live_chat_command_flag(cp, "audio", &cmd->audio) != NGX_OK) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"audio\" is no boolean");
    }

    if (ngx_live_chat_command_flag(cp, "video", &cmd->video) != NGX_OK) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"video\" is no boolean");
    }

    if (cmd->audio == -1 && cmd->video == -1) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                     "\"audio\" or \"video\" is missing");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_command_history(ngx_live_chat_command_parser_t *cp)
{
    int64_t  limit;

    limit = 0;

    if (ngx_live_chat_command_number(cp, "limit", 1, cp->limits->history,
                                     &limit)
        == NGX_ERROR)
    {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                            "\"limit\" is out of bounds");
    }

    cp->cmd->limit = (ngx_uint_t) limit;

    switch (ngx_live_chat_command_when(cp, "from", &cp->cmd->from)) {

    case NGX_OK:
        cp->cmd->has_from = 1;
        break;

    case NGX_ERROR:
        return NGX_ERROR;
    }

    switch (ngx_live_chat_command_when(cp, "to", &cp->cmd->to)) {

    case NGX_OK:
        cp->cmd->has_to = 1;
        break;

    case NGX_ERROR:
        return NGX_ERROR;
    }

    if (ngx_live_chat_command_get(cp, "before") == NULL) {
        return NGX_OK;
    }

    return ngx_live_chat_command_entry(cp, "before",
                                       "\"before\" is no id of a message");
}


/* NGX_DECLINED: it is not there */

static ngx_int_t
ngx_live_chat_command_when(ngx_live_chat_command_parser_t *cp,
    const char *name, ngx_live_chat_when_t *when)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, name);

    if (js == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_string(js)
        || ngx_live_chat_when_parse((u_char *) json_string_value(js),
                                    json_string_length(js), when)
           != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                              "\"from\" or \"to\" is no date and no number");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_command_moderate(ngx_live_chat_command_parser_t *cp)
{
    json_t                          *js;
    int64_t                          seconds;
    ngx_int_t                        rc;
    ngx_live_chat_command_t         *cmd;
    ngx_live_chat_command_action_t  *action;

    cmd = cp->cmd;

    js = ngx_live_chat_command_get(cp, "action");

    if (!json_is_string(js)) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"action\" is no string");
    }

    if (ngx_live_chat_command_name(js, ngx_live_chat_action_names,
                                   &cmd->action)
        != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cmd, "unknown_action",
                                            "\"action\" is unknown");
    }

    action = &ngx_live_chat_command_actions[cmd->action];

    if (cmd->action == NGX_LIVE_CHAT_RESTRICT
        && ngx_live_chat_command_name(ngx_live_chat_command_get(cp, "value"),
                                      ngx_live_chat_restrict_names,
                                      &cmd->value)
           != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"value\" is unknown");
    }

    if (ngx_live_chat_command_target(cp, action->target) != NGX_OK) {
        return NGX_ERROR;
    }

    if (action->max) {
        seconds = 0;
        rc = ngx_live_chat_command_number(cp, "seconds", action->min,
                                          action->max, &seconds);

        if (rc == NGX_ERROR || (rc == NGX_DECLINED && action->required)) {
            return ngx_live_chat_command_refuse(cmd, "bad_field",
                                         "\"seconds\" is out of bounds");
        }

        cmd->seconds = (time_t) seconds;
    }

    return ngx_live_chat_command_line(cp, "reason", NGX_LIVE_CHAT_REASON_MAX,
                                      &cmd->reason);
}


/* NGX_DECLINED: it is none of the names */

static ngx_int_t
ngx_live_chat_command_name(json_t *js, ngx_str_t *names, ngx_uint_t *index)
{
    ngx_uint_t  i;

    if (!json_is_string(js)) {
        return NGX_DECLINED;
    }

    for (i = 0; names[i].len; i++) {

        if (json_string_length(js) == names[i].len
            && ngx_memcmp(json_string_value(js), names[i].data, names[i].len)
               == 0)
        {
            *index = i;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_chat_command_tip(ngx_live_chat_command_parser_t *cp)
{
    json_t                   *js;
    ngx_live_chat_command_t  *cmd;

    cmd = cp->cmd;

    if (ngx_live_chat_command_number(cp, "amount", 1, NGX_LIVE_CHAT_AMOUNT_MAX,
                                     &cmd->tip.amount)
        != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"amount\" is out of bounds");
    }

    js = ngx_live_chat_command_get(cp, "currency");

    if (!json_is_string(js)
        || ngx_live_chat_currency(cmd->tip.currency,
                                  (u_char *) json_string_value(js),
                                  json_string_length(js))
           != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"currency\" is no currency");
    }

    if (ngx_live_chat_command_giver(cp) != NGX_OK
        || ngx_live_chat_command_key(cp) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_live_chat_command_get(cp, "text") == NULL) {
        return NGX_OK;
    }

    if (ngx_live_chat_command_message(cp) != NGX_OK) {

        if (ngx_strcmp(cmd->code.data, "empty") != 0) {
            return NGX_ERROR;
        }

        ngx_str_null(&cmd->text);
        ngx_str_null(&cmd->code);
        cmd->error = NULL;
    }

    cmd->tip.text = cmd->text;

    return NGX_OK;
}


/* "user":{"id":..,"name":..}, each of which may be missing */

static ngx_int_t
ngx_live_chat_command_giver(ngx_live_chat_command_parser_t *cp)
{
    json_t                   *js, *root, *id;
    ngx_int_t                 rc;
    ngx_live_chat_command_t  *cmd;

    cmd = cp->cmd;
    js = ngx_live_chat_command_get(cp, "user");

    if (js == NULL) {
        return NGX_OK;
    }

    if (!json_is_object(js)) {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"user\" is no object");
    }

    root = cp->root;
    cp->root = js;

    id = ngx_live_chat_command_get(cp, "id");

    if (id
        && !ngx_live_chat_user_valid((u_char *) json_string_value(id),
                                     json_string_length(id)))
    {
        rc = ngx_live_chat_command_refuse(cmd, "bad_field",
                                          "\"id\" of the user is none");

    } else {
        if (id) {
            (void) ngx_live_chat_command_string(cp, "id", &cmd->tip.user);
        }

        rc = ngx_live_chat_command_line(cp, "name", NGX_LIVE_CHAT_PERSON_MAX,
                                        &cmd->tip.name);
    }

    cp->root = root;

    return rc;
}


/* what can stand beside others, with blanks between */

static ngx_int_t
ngx_live_chat_command_key(ngx_live_chat_command_parser_t *cp)
{
    u_char  *p;
    size_t   i, len;
    json_t  *js;

    js = ngx_live_chat_command_get(cp, "key");

    if (js == NULL) {
        return NGX_OK;
    }

    p = (u_char *) json_string_value(js);
    len = json_string_length(js);

    if (p == NULL || len == 0 || len > NGX_LIVE_CHAT_KEY_MAX) {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                     "\"key\" is no string of 1 to 255 bytes");
    }

    for (i = 0; i < len; i++) {
        if (p[i] <= 0x20 || p[i] >= 0x7f) {
            return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                                "\"key\" is not printable");
        }
    }

    return ngx_live_chat_command_string(cp, "key", &cp->cmd->tip.keys[0]);
}


static ngx_int_t
ngx_live_chat_command_poll(ngx_live_chat_command_parser_t *cp)
{
    size_t                    i;
    json_t                   *js;
    int64_t                   seconds;
    ngx_live_chat_command_t  *cmd;

    cmd = cp->cmd;

    if (ngx_live_chat_command_option(cp, ngx_live_chat_command_get(cp,
                                                                "question"),
                                     NGX_LIVE_CHAT_QUESTION_MAX, &cmd->text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    js = ngx_live_chat_command_get(cp, "options");

    if (!json_is_array(js) || json_array_size(js) < NGX_LIVE_CHAT_OPTIONS_MIN
        || json_array_size(js) > NGX_LIVE_CHAT_OPTIONS_MAX)
    {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                       "\"options\" are not two to ten");
    }

    for (i = 0; i < json_array_size(js); i++) {
        if (ngx_live_chat_command_option(cp, json_array_get(js, i),
                                         NGX_LIVE_CHAT_OPTION_MAX,
                                         &cmd->options[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    cmd->noptions = json_array_size(js);

    seconds = 0;

    if (ngx_live_chat_command_number(cp, "seconds", 0, NGX_LIVE_CHAT_POLL_MAX,
                                     &seconds)
        == NGX_ERROR)
    {
        return ngx_live_chat_command_refuse(cmd, "bad_field",
                                            "\"seconds\" is out of bounds");
    }

    cmd->seconds = (time_t) seconds;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_command_option(ngx_live_chat_command_parser_t *cp, json_t *js,
    ngx_uint_t max, ngx_str_t *value)
{
    if (!json_is_string(js)) {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                             "\"question\" or an option is no string");
    }

    switch (ngx_live_chat_text_line(cp->pos, (u_char *) json_string_value(js),
                                    json_string_length(js), max, value))
    {

    case NGX_LIVE_CHAT_TEXT_OK:
        cp->pos += value->len;
        return NGX_OK;

    case NGX_LIVE_CHAT_TEXT_LONG:
        return ngx_live_chat_command_refuse(cp->cmd, "too_long",
                             "\"question\" or an option is too long");

    case NGX_LIVE_CHAT_TEXT_EMPTY:
        return ngx_live_chat_command_refuse(cp->cmd, "empty",
                             "\"question\" or an option is empty");

    default: /* NGX_LIVE_CHAT_TEXT_INVALID */
        return ngx_live_chat_command_refuse(cp->cmd, "bad_json",
                                            "JSON is not UTF-8");
    }
}


static ngx_int_t
ngx_live_chat_command_vote(ngx_live_chat_command_parser_t *cp)
{
    int64_t  option;

    if (ngx_live_chat_command_number(cp, "option", 0,
                                     NGX_LIVE_CHAT_OPTIONS_MAX - 1, &option)
        != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                            "\"option\" is out of bounds");
    }

    cp->cmd->option = (ngx_uint_t) option;

    return ngx_live_chat_command_poll_end(cp);
}


/* the open poll, if it is not named */

static ngx_int_t
ngx_live_chat_command_poll_end(ngx_live_chat_command_parser_t *cp)
{
    if (ngx_live_chat_command_get(cp, "poll") == NULL) {
        return NGX_OK;
    }

    return ngx_live_chat_command_entry(cp, "poll", "\"poll\" is no id");
}


static ngx_int_t
ngx_live_chat_command_target(ngx_live_chat_command_parser_t *cp,
    ngx_uint_t target)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, "target");

    switch (target) {

    case NGX_LIVE_CHAT_ON_NOTHING:
        return NGX_OK;

    case NGX_LIVE_CHAT_ON_ANY:

        if (js == NULL) {
            return NGX_OK;
        }

        /* fall through */

    case NGX_LIVE_CHAT_ON_MESSAGE:
        return ngx_live_chat_command_entry(cp, "target",
                                           "\"target\" is no id of a message");

    default: /* NGX_LIVE_CHAT_ON_USER */
        break;
    }

    if (!json_is_string(js)
        || !ngx_live_chat_user_valid((u_char *) json_string_value(js),
                                     json_string_length(js)))
    {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                            "\"target\" is no user");
    }

    return ngx_live_chat_command_string(cp, "target", &cp->cmd->user);
}


/* what can be sent back without being escaped */

static ngx_int_t
ngx_live_chat_command_id(ngx_live_chat_command_parser_t *cp)
{
    u_char  *p;
    size_t   i, len;
    json_t  *js;

    js = ngx_live_chat_command_get(cp, "id");

    if (js == NULL) {
        return NGX_OK;
    }

    p = (u_char *) json_string_value(js);
    len = json_string_length(js);

    if (p == NULL || len == 0 || len > NGX_LIVE_CHAT_NONCE_MAX) {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                     "\"id\" is no string of 1 to 64 bytes");
    }

    for (i = 0; i < len; i++) {
        if (p[i] <= 0x20 || p[i] >= 0x7f || p[i] == '"' || p[i] == '\\') {
            return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                                "\"id\" is not printable");
        }
    }

    return ngx_live_chat_command_string(cp, "id", &cp->cmd->id);
}


/*
 * A string in JSON is no shorter than what it means, so there is room for
 * all of them.  The value is known to be one.
 */

static ngx_int_t
ngx_live_chat_command_string(ngx_live_chat_command_parser_t *cp,
    const char *name, ngx_str_t *value)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, name);

    value->data = cp->pos;
    value->len = json_string_length(js);

    cp->pos = ngx_cpymem(cp->pos, json_string_value(js), value->len);

    return NGX_OK;
}


/* may be missing; what is not to be seen is missing too */

static ngx_int_t
ngx_live_chat_command_line(ngx_live_chat_command_parser_t *cp,
    const char *name, ngx_uint_t max, ngx_str_t *value)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, name);

    if (js == NULL) {
        return NGX_OK;
    }

    if (!json_is_string(js)) {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field",
                                     "\"name\" or \"reason\" is no string");
    }

    switch (ngx_live_chat_text_line(cp->pos, (u_char *) json_string_value(js),
                                    json_string_length(js), max, value))
    {

    case NGX_LIVE_CHAT_TEXT_OK:
        cp->pos += value->len;
        return NGX_OK;

    case NGX_LIVE_CHAT_TEXT_EMPTY:
        ngx_str_null(value);
        return NGX_OK;

    case NGX_LIVE_CHAT_TEXT_LONG:
        ngx_str_null(value);
        return ngx_live_chat_command_refuse(cp->cmd, "too_long",
                                     "\"name\" or \"reason\" is too long");

    default: /* NGX_LIVE_CHAT_TEXT_INVALID */
        ngx_str_null(value);
        return ngx_live_chat_command_refuse(cp->cmd, "bad_json",
                                            "JSON is not UTF-8");
    }
}


/* the value stays if there is none */

static ngx_int_t
ngx_live_chat_command_flag(ngx_live_chat_command_parser_t *cp,
    const char *name, ngx_int_t *value)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, name);

    if (js == NULL) {
        return NGX_OK;
    }

    if (!json_is_boolean(js)) {
        return NGX_ERROR;
    }

    *value = json_is_true(js) ? 1 : 0;

    return NGX_OK;
}


/* NGX_DECLINED: there is none */

static ngx_int_t
ngx_live_chat_command_number(ngx_live_chat_command_parser_t *cp,
    const char *name, int64_t min, int64_t max, int64_t *value)
{
    json_t   *js;
    int64_t   n;

    js = ngx_live_chat_command_get(cp, name);

    if (js == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_integer(js)) {
        return NGX_ERROR;
    }

    n = json_integer_value(js);

    if (n < min || n > max) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_command_entry(ngx_live_chat_command_parser_t *cp,
    const char *name, const char *error)
{
    json_t  *js;

    js = ngx_live_chat_command_get(cp, name);

    if (!json_is_string(js)
        || ngx_live_chat_id_parse((u_char *) json_string_value(js),
                                  json_string_length(js), &cp->cmd->message)
           != NGX_OK)
    {
        return ngx_live_chat_command_refuse(cp->cmd, "bad_field", error);
    }

    cp->cmd->has_message = 1;

    return NGX_OK;
}


static json_t *
ngx_live_chat_command_get(ngx_live_chat_command_parser_t *cp,
    const char *name)
{
    json_t  *js;

    js = json_object_get(cp->root, name);

    return json_is_null(js) ? NULL : js;
}


static ngx_int_t
ngx_live_chat_command_refuse(ngx_live_chat_command_t *cmd, const char *code,
    const char *error)
{
    cmd->code.data = (u_char *) code;
    cmd->code.len = ngx_strlen(code);
    cmd->error = error;

    return NGX_ERROR;
}
