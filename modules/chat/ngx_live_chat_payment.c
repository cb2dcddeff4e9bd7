
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_live_chat_payment.h"
#include "ngx_live_chat_command.h"
#include "ngx_live_chat_text.h"
#include "ngx_live_json_depth.h"
#include "ngx_live_name.h"


typedef struct {
    ngx_uint_t                 mask;
    const char                *name;
    const char                *amount;     /* member of the object */

    /* a member that has to have this value: else nothing was paid yet */
    const char                *paid;
    const char                *value;      /* NULL: true */
} ngx_live_chat_payment_type_t;


typedef struct {
    u_char                    *pos;        /* of the caller's buffer */
    ngx_live_chat_payment_t   *pm;
    const char               **reason;
} ngx_live_chat_payment_reader_t;


static ngx_int_t ngx_live_chat_payment_event(
    ngx_live_chat_payment_reader_t *rd, json_t *root, ngx_uint_t types);
static ngx_int_t ngx_live_chat_payment_type(
    ngx_live_chat_payment_reader_t *rd, json_t *root, ngx_uint_t types,
    ngx_live_chat_payment_type_t **type);
static ngx_int_t ngx_live_chat_payment_object(
    ngx_live_chat_payment_reader_t *rd, json_t *object,
    ngx_live_chat_payment_type_t *type);
static ngx_uint_t ngx_live_chat_payment_paid(json_t *object,
    ngx_live_chat_payment_type_t *type);
static ngx_int_t ngx_live_chat_payment_metadata(
    ngx_live_chat_payment_reader_t *rd, json_t *metadata);
static ngx_int_t ngx_live_chat_payment_room(
    ngx_live_chat_payment_reader_t *rd, json_t *js);
static void ngx_live_chat_payment_text(ngx_live_chat_payment_reader_t *rd,
    json_t *js, ngx_uint_t line, ngx_uint_t max, ngx_str_t *value);
static ngx_int_t ngx_live_chat_payment_id(ngx_live_chat_payment_reader_t *rd,
    json_t *js, ngx_str_t *value);
static void ngx_live_chat_payment_copy(ngx_live_chat_payment_reader_t *rd,
    json_t *js, ngx_str_t *value);
static ngx_int_t ngx_live_chat_payment_refuse(
    ngx_live_chat_payment_reader_t *rd, ngx_int_t rc, const char *reason);


/*
 * A checkout is completed before the money of a slow method has come: another
 * event says that.  A charge may be authorized only, to be captured later.
 */

static ngx_live_chat_payment_type_t  ngx_live_chat_payment_types[] = {

    { NGX_LIVE_CHAT_EVENT_CHECKOUT, "checkout.session.completed",
      "amount_total", "payment_status", "paid" },

    { NGX_LIVE_CHAT_EVENT_ASYNC, "checkout.session.async_payment_succeeded",
      "amount_total", "payment_status", "paid" },

    { NGX_LIVE_CHAT_EVENT_INTENT, "payment_intent.succeeded",
      "amount_received", "status", "succeeded" },

    { NGX_LIVE_CHAT_EVENT_CHARGE, "charge.succeeded",
      "amount", "captured", NULL },

    { 0, NULL, NULL, NULL, NULL }
};


ngx_int_t
ngx_live_chat_payment_parse(u_char *p, size_t len, u_char *buf,
    ngx_uint_t types, ngx_live_chat_payment_t *pm, const char **reason)
{
    json_t                          *root;
    ngx_int_t                        rc;
    json_error_t                     error;
    ngx_live_chat_payment_reader_t   rd;

    ngx_memzero(pm, sizeof(ngx_live_chat_payment_t));

    rd.pos = buf;
    rd.pm = pm;
    rd.reason = reason;

    /* jansson recurses down to 2048 levels */

    if (ngx_live_json_depth(p, len) > NGX_LIVE_CHAT_EVENT_DEPTH) {
        return ngx_live_chat_payment_refuse(&rd, NGX_ERROR,
                                            "JSON is nested too deeply");
    }

    root = json_loadb((char *) p, len, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        return ngx_live_chat_payment_refuse(&rd, NGX_ERROR, "invalid JSON");
    }

    rc = ngx_live_chat_payment_event(&rd, root, types);

    json_decref(root);

    return rc;
}


static ngx_int_t
ngx_live_chat_payment_event(ngx_live_chat_payment_reader_t *rd, json_t *root,
    ngx_uint_t types)
{
    json_t                        *object;
    ngx_int_t                      rc;
    ngx_live_chat_payment_type_t  *type;

    if (ngx_live_chat_payment_id(rd, json_object_get(root, "id"),
                                 &rd->pm->id)
        != NGX_OK)
    {
        return ngx_live_chat_payment_refuse(rd, NGX_ERROR,
                                            "event has no id");
    }

    rd->pm->tip.keys[0] = rd->pm->id;

    rc = ngx_live_chat_payment_type(rd, root, types, &type);

    if (rc != NGX_OK) {
        return rc;
    }

    object = json_object_get(json_object_get(root, "data"), "object");

    if (!json_is_object(object)) {
        return ngx_live_chat_payment_refuse(rd, NGX_ERROR,
                                            "event has no object");
    }

    return ngx_live_chat_payment_object(rd, object, type);
}


static ngx_int_t
ngx_live_chat_payment_type(ngx_live_chat_payment_reader_t *rd, json_t *root,
    ngx_uint_t types, ngx_live_chat_payment_type_t **type)
{
    json_t                        *js;
    ngx_live_chat_payment_type_t  *t;

    js = json_object_get(root, "type");

    if (!json_is_string(js)) {
        return ngx_live_chat_payment_refuse(rd, NGX_ERROR,
                                            "event has no type");
    }

    for (t = ngx_live_chat_payment_types; t->name; t++) {
        if ((types & t->mask)
            && ngx_strcmp(json_string_value(js), t->name) == 0)
        {
            *type = t;
            return NGX_OK;
        }
    }

    return ngx_live_chat_payment_refuse(rd, NGX_DECLINED,
                                        "type of event does not count");
}


static ngx_int_t
ngx_live_chat_payment_object(ngx_live_chat_payment_reader_t *rd,
    json_t *object, ngx_live_chat_payment_type_t *type)
{
    json_t               *js;
    ngx_int_t             rc;
    ngx_live_chat_tip_t  *tip;

    tip = &rd->pm->tip;

    /* payments that are no tips have no room */

    rc = ngx_live_chat_payment_metadata(rd,
                                        json_object_get(object, "metadata"));

    if (rc != NGX_OK) {
        return rc;
    }

    if (!ngx_live_chat_payment_paid(object, type)) {
        return ngx_live_chat_payment_refuse(rd, NGX_DECLINED,
                                            "nothing was paid yet");
    }

    js = json_object_get(object, type->amount);

    if (!json_is_integer(js) || json_integer_value(js) < 1
        || json_integer_value(js) > NGX_LIVE_CHAT_AMOUNT_MAX)
    {
        return ngx_live_chat_payment_refuse(rd, NGX_DECLINED,
                                            "amount is out of bounds");
    }

    tip->amount = json_integer_value(js);

    js = json_object_get(object, "currency");

    if (!json_is_string(js)
        || ngx_live_chat_currency(tip->currency,
                                  (u_char *) json_string_value(js),
                                  json_string_length(js))
           != NGX_OK)
    {
        return ngx_live_chat_payment_refuse(rd, NGX_DECLINED,
                                            "currency is not known");
    }

    if (ngx_live_chat_payment_id(rd, json_object_get(object,
                                                     "payment_intent"),
                                 &tip->keys[1])
           != NGX_OK
        && ngx_live_chat_payment_id(rd, json_object_get(object, "id"),
                                    &tip->keys[1])
           != NGX_OK)
    {
        return ngx_live_chat_payment_refuse(rd, NGX_ERROR,
                                            "object has no id");
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_live_chat_payment_paid(json_t *object, ngx_live_chat_payment_type_t *type)
{
    json_t  *js;

    js = json_object_get(object, type->paid);

    if (type->value == NULL) {
        return json_is_true(js);
    }

    return json_is_string(js)
           && ngx_strcmp(json_string_value(js), type->value) == 0;
}


static ngx_int_t
ngx_live_chat_payment_metadata(ngx_live_chat_payment_reader_t *rd,
    json_t *metadata)
{
    json_t               *js;
    ngx_int_t             rc;
    ngx_live_chat_tip_t  *tip;

    tip = &rd->pm->tip;

    rc = ngx_live_chat_payment_room(rd, json_object_get(metadata, "room"));

    if (rc != NGX_OK) {
        return rc;
    }

    js = json_object_get(metadata, "user");

    if (json_is_string(js)
        && ngx_live_chat_user_valid((u_char *) json_string_value(js),
                                    json_string_length(js)))
    {
        ngx_live_chat_payment_copy(rd, js, &tip->user);
    }

    /* what was paid for is not refused for what was written beside it */

    ngx_live_chat_payment_text(rd, json_object_get(metadata, "name"), 1,
                               NGX_LIVE_CHAT_PERSON_MAX, &tip->name);
    ngx_live_chat_payment_text(rd, json_object_get(metadata, "text"), 0,
                               NGX_LIVE_CHAT_TIP_TEXT, &tip->text);

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_payment_room(ngx_live_chat_payment_reader_t *rd, json_t *js)
{
    u_char       *slash, key[NGX_LIVE_NAME_KEY_MAX];
    ngx_str_t     room, whole;
    const char   *reason;

    if (!json_is_string(js)) {
        return ngx_live_chat_payment_refuse(rd, NGX_DECLINED,
                                            "metadata name no room");
    }

    ngx_live_chat_payment_copy(rd, js, &room);

    slash = ngx_strlchr(room.data, room.data + room.len, '/');

    if (slash) {
        rd->pm->app.data = room.data;
        rd->pm->app.len = slash - room.data;
        rd->pm->name.data = slash + 1;
        rd->pm->name.len = room.data + room.len - slash - 1;
    }

    if (slash == NULL
        || ngx_live_name_key(&rd->pm->app, &rd->pm->name, key, &whole,
                             &reason)
           != NGX_OK)
    {
        return ngx_live_chat_payment_refuse(rd, NGX_DECLINED,
                                            "metadata name a bad room");
    }

    return NGX_OK;
}


static void
ngx_live_chat_payment_text(ngx_live_chat_payment_reader_t *rd, json_t *js,
    ngx_uint_t line, ngx_uint_t max, ngx_str_t *value)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   rc;

    if (!json_is_string(js)) {
        return;
    }

    p = (u_char *) json_string_value(js);
    len = json_string_length(js);

    rc = line ? ngx_live_chat_text_line(rd->pos, p, len, max, value)
              : ngx_live_chat_text_clean(rd->pos, p, len, max, value);

    if (rc != NGX_LIVE_CHAT_TEXT_OK) {
        ngx_str_null(value);
        return;
    }

    rd->pos += value->len;
}


/* what Stripe calls something: printable, without '"' and '\' */

static ngx_int_t
ngx_live_chat_payment_id(ngx_live_chat_payment_reader_t *rd, json_t *js,
    ngx_str_t *value)
{
    size_t         i, len;
    const u_char  *p;

    if (!json_is_string(js)) {
        return NGX_DECLINED;
    }

    p = (u_char *) json_string_value(js);
    len = json_string_length(js);

    if (len == 0 || len > NGX_LIVE_CHAT_KEY_MAX) {
        return NGX_DECLINED;
    }

    for (i = 0; i < len; i++) {
        if (p[i] <= 0x20 || p[i] >= 0x7f || p[i] == '"' || p[i] == '\\') {
            return NGX_DECLINED;
        }
    }

    ngx_live_chat_payment_copy(rd, js, value);

    return NGX_OK;
}


/* a string in JSON is no shorter than what it means: there is room for all */

static void
ngx_live_chat_payment_copy(ngx_live_chat_payment_reader_t *rd, json_t *js,
    ngx_str_t *value)
{
    value->data = rd->pos;
    value->len = json_string_length(js);

    rd->pos = ngx_cpymem(rd->pos, json_string_value(js), value->len);
}


static ngx_int_t
ngx_live_chat_payment_refuse(ngx_live_chat_payment_reader_t *rd, ngx_int_t rc,
    const char *reason)
{
    *rd->reason = reason;

    return rc;
}


ngx_int_t
ngx_live_chat_currency(u_char *dst, u_char *p, size_t len)
{
    size_t  i;
    u_char  c;

    if (len != NGX_LIVE_CHAT_CURRENCY) {
        return NGX_ERROR;
    }

    for (i = 0; i < len; i++) {
        c = ngx_toupper(p[i]);

        if (c < 'A' || c > 'Z') {
            return NGX_ERROR;
        }

        dst[i] = c;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_live_chat_user_valid(u_char *p, size_t len)
{
    size_t  i;

    if (len == 0 || len > NGX_LIVE_CHAT_USER_MAX) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (p[i] < 0x20) {
            return 0;
        }
    }

    return 1;
}
