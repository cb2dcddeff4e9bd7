
/*
 * Copyright (C) nginx-live authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_live_chat_record.h"
#include "ngx_live_json_depth.h"


#define NGX_LIVE_CHAT_HEAD    "{\"type\":\""

/* what a text has between its head and its tail, in its place */
#define NGX_LIVE_CHAT_MIDDLE  "\"id\":\"\",\"origin\":\"\",\"cursor\":\"\""


static ngx_uint_t ngx_live_chat_is(ngx_str_t *name, const char *text);
static ngx_int_t ngx_live_chat_record_field(ngx_live_chat_record_t *rec,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t *seen);
static ngx_int_t ngx_live_chat_record_text(ngx_live_chat_record_t *rec,
    ngx_pool_t *pool, const char **reason);
static ngx_uint_t ngx_live_chat_record_plain(ngx_str_t *text);
static ngx_int_t ngx_live_chat_number(u_char *p, size_t len, int64_t *n);
static ngx_int_t ngx_live_chat_hex(ngx_str_t *text, size_t len, uint64_t *n);
static ngx_int_t ngx_live_chat_word(u_char **p, u_char *end,
    ngx_str_t *word);
static ngx_int_t ngx_live_chat_opening_id(ngx_live_redis_reply_t *r,
    ngx_live_chat_id_t *id);
static ngx_int_t ngx_live_chat_opening_pairs(ngx_live_redis_reply_t *r);
static void ngx_live_chat_opening_meta(ngx_live_chat_opening_t *o);


/* by NGX_LIVE_CHAT_EFFECT_NONE, ... */

static ngx_str_t  ngx_live_chat_effect_names[] = {
    ngx_null_string,
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
    ngx_string("tip"),
    ngx_string("restrict"),
    ngx_string("poll"),
    ngx_string("poll_end"),
    ngx_string("vote")
};


ngx_int_t
ngx_live_chat_record_parse(ngx_live_redis_reply_t *reply,
    ngx_live_chat_record_t *rec, ngx_uint_t passing, ngx_pool_t *pool,
    const char **reason)
{
    ngx_str_t               *sum;
    ngx_uint_t               i, seen, needed;
    ngx_live_redis_reply_t  *fields;

    ngx_memzero(rec, sizeof(ngx_live_chat_record_t));

    *reason = "no entry of a stream";

    if (reply->type != NGX_LIVE_REDIS_ARRAY || reply->n != 2
        || !ngx_live_redis_is_text(&reply->elts[0])
        || ngx_live_chat_id_parse(reply->elts[0].str.data,
                                  reply->elts[0].str.len, &rec->id)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    fields = &reply->elts[1];

    if (ngx_live_chat_opening_pairs(fields) != NGX_OK) {
        return NGX_DECLINED;
    }

    seen = 0;
    sum = NULL;

    for (i = 0; i < fields->n; i += 2) {

        if (ngx_live_chat_is(&fields->elts[i].str, "r")) {
            sum = &fields->elts[i + 1].str;
            continue;
        }

        if (ngx_live_chat_record_field(rec, &fields->elts[i].str,
                                       &fields->elts[i + 1].str, &seen)
            != NGX_OK)
        {
            *reason = "field has a wrong value";
            return NGX_DECLINED;
        }
    }

    /* bits of the letters of fields */

    needed = passing ? (1 << ('n' - 'a') | 1 << ('k' - 'a'))
                     : (1 << ('n' - 'a') | 1 << ('p' - 'a')
                        | 1 << ('s' - 'a') | 1 << ('o' - 'a'));

    if ((seen & needed) != needed) {
        *reason = "fields are missing";
        return NGX_DECLINED;
    }

    if (sum && sum->len) {
        if (ngx_live_chat_number(sum->data, sum->len, &rec->effect.sum)
            != NGX_OK
            || rec->effect.sum > NGX_LIVE_CHAT_RECORD_AMOUNT)
        {
            *reason = "sum has a wrong value";
            return NGX_DECLINED;
        }

        rec->effect.repeated = (rec->effect.sum == 0);
    }

    return ngx_live_chat_record_text(rec, pool, reason);
}


static ngx_uint_t
ngx_live_chat_is(ngx_str_t *name, const char *text)
{
    return name->len == ngx_strlen(text)
           && ngx_memcmp(name->data, text, name->len) == 0;
}


/* what a later version may have added is ignored */

static ngx_int_t
ngx_live_chat_record_field(ngx_live_chat_record_t *rec, ngx_str_t *name,
    ngx_str_t *value, ngx_uint_t *seen)
{
    int64_t    n;
    uint64_t   hex;
    ngx_int_t  rc;

    if (name->len != 1 || name->data[0] < 'a' || name->data[0] > 'z') {
        return NGX_OK;
    }

    *seen |= (ngx_uint_t) 1 << (name->data[0] - 'a');

    switch (name->data[0]) {

    case 'p':
        return ngx_live_chat_epoch_parse(value, &rec->epoch);

    case 'n':
        rc = ngx_live_chat_hex(value, 8, &hex);
        rec->node = (uint32_t) hex;
        return rc;

    case 's':
        rc = ngx_live_chat_number(value->data, value->len, &n);
        rec->seq = n;
        return (n > 0) ? rc : NGX_ERROR;

    case 'u':
        rc = ngx_live_chat_number(value->data, value->len, &n);
        rec->user = (uint32_t) n;
        return (n == (int64_t) rec->user) ? rc : NGX_ERROR;

    case 'o':
        return ngx_live_chat_id_parse(value->data, value->len, &rec->origin);

    case 'e':
        return ngx_live_chat_effect_parse(value->data, value->len,
                                          &rec->effect);

    case 'h':
        rec->head = *value;
        return NGX_OK;

    case 't':
        rec->tail = *value;
        return NGX_OK;

    case 'k':
        rec->room = *value;
        return value->len ? NGX_OK : NGX_ERROR;

    default:
        return NGX_OK;
    }
}


/* head and tail make a JSON object when the id and the like are put between */

static ngx_int_t
ngx_live_chat_record_text(ngx_live_chat_record_t *rec, ngx_pool_t *pool,
    const char **reason)
{
    u_char        *p, *text;
    size_t         len;
    json_t        *root;
    ngx_uint_t     good;
    json_error_t   error;

    if (rec->head.len == 0 && rec->tail.len == 0) {
        return NGX_OK;
    }

    *reason = "text is no message";

    if (rec->head.len > NGX_LIVE_CHAT_RECORD_HEAD
        || rec->head.len < sizeof(NGX_LIVE_CHAT_HEAD)
        || rec->tail.len > NGX_LIVE_CHAT_RECORD_TEXT
        || rec->tail.len < 2
        || ngx_memcmp(rec->head.data, NGX_LIVE_CHAT_HEAD,
                      sizeof(NGX_LIVE_CHAT_HEAD) - 1)
           != 0
        || rec->head.data[rec->head.len - 1] != ','
        || rec->tail.data[0] != ','
        || rec->tail.data[rec->tail.len - 1] != '}'
        || !ngx_live_chat_record_plain(&rec->head)
        || !ngx_live_chat_record_plain(&rec->tail))
    {
        return NGX_DECLINED;
    }

    len = rec->head.len + sizeof(NGX_LIVE_CHAT_MIDDLE) - 1 + rec->tail.len;

    text = ngx_palloc(pool, len);
    if (text == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(text, rec->head.data, rec->head.len);
    p = ngx_cpymem(p, NGX_LIVE_CHAT_MIDDLE, sizeof(NGX_LIVE_CHAT_MIDDLE) - 1);
    (void) ngx_cpymem(p, rec->tail.data, rec->tail.len);

    /* jansson recurses down to 2048 levels */

    if (ngx_live_json_depth(text, len) > NGX_LIVE_CHAT_RECORD_DEPTH) {
        return NGX_DECLINED;
    }

    root = json_loadb((char *) text, len, JSON_REJECT_DUPLICATES, &error);

    good = json_is_object(root)
           && json_is_string(json_object_get(root, "type"));

    json_decref(root);

    return good ? NGX_OK : NGX_DECLINED;
}


/* a line: what events are made of */

static ngx_uint_t
ngx_live_chat_record_plain(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20) {
            return 0;
        }
    }

    return 1;
}


u_char *
ngx_live_chat_effect_write(u_char *p, ngx_live_chat_effect_t *effect)
{
    if (effect->type == NGX_LIVE_CHAT_EFFECT_NONE) {
        return p;
    }

    p = ngx_sprintf(p, "%V ", &ngx_live_chat_effect_names[effect->type]);
    p = ngx_live_chat_id_write(p, &effect->message);

    return ngx_sprintf(p, " %L %L %V", effect->until, effect->number,
                       &effect->user);
}


ngx_int_t
ngx_live_chat_effect_parse(u_char *p, size_t len,
    ngx_live_chat_effect_t *effect)
{
    u_char      *end;
    ngx_str_t    word;
    ngx_uint_t   i;

    ngx_memzero(effect, sizeof(ngx_live_chat_effect_t));

    if (len == 0) {
        return NGX_OK;
    }

    end = p + len;

    if (ngx_live_chat_word(&p, end, &word) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 1; i < NGX_LIVE_CHAT_EFFECTS; i++) {
        if (ngx_live_chat_effect_names[i].len == word.len
            && ngx_memcmp(ngx_live_chat_effect_names[i].data, word.data,
                          word.len)
               == 0)
        {
            effect->type = i;
            break;
        }
    }

    /* that of a later version does nothing here */

    if (ngx_live_chat_word(&p, end, &word) != NGX_OK
        || ngx_live_chat_id_parse(word.data, word.len, &effect->message)
           != NGX_OK
        || ngx_live_chat_word(&p, end, &word) != NGX_OK
        || ngx_live_chat_number(word.data, word.len, &effect->until) != NGX_OK
        || ngx_live_chat_word(&p, end, &word) != NGX_OK
        || ngx_live_chat_number(word.data, word.len, &effect->number)
           != NGX_OK
        || end - p > NGX_LIVE_CHAT_RECORD_USER)
    {
        return NGX_ERROR;
    }

    effect->user.data = p;
    effect->user.len = end - p;

    switch (effect->type) {

    case NGX_LIVE_CHAT_EFFECT_BAN:
    case NGX_LIVE_CHAT_EFFECT_UNBAN:
    case NGX_LIVE_CHAT_EFFECT_TIMEOUT:
    case NGX_LIVE_CHAT_EFFECT_SHADOW:
    case NGX_LIVE_CHAT_EFFECT_PURGE:
        return effect->user.len ? NGX_OK : NGX_ERROR;

    case NGX_LIVE_CHAT_EFFECT_SLOW:
        return (effect->number <= NGX_LIVE_CHAT_RECORD_SLOW) ? NGX_OK
                                                             : NGX_ERROR;

    case NGX_LIVE_CHAT_EFFECT_TIP:
        return (effect->user.len >= 3 && effect->number > 0
                && effect->number <= NGX_LIVE_CHAT_RECORD_AMOUNT) ? NGX_OK
                                                                : NGX_ERROR;

    case NGX_LIVE_CHAT_EFFECT_VOTE:
        return (effect->user.len
                && effect->number < NGX_LIVE_CHAT_RECORD_OPTIONS) ? NGX_OK
                                                                : NGX_ERROR;

    case NGX_LIVE_CHAT_EFFECT_POLL:
        return (effect->number <= NGX_LIVE_CHAT_RECORD_OPTIONS) ? NGX_OK
                                                                : NGX_ERROR;

    default:
        return NGX_OK;
    }
}


/* up to a blank, which has to be there */

static ngx_int_t
ngx_live_chat_word(u_char **p, u_char *end, ngx_str_t *word)
{
    u_char  *blank;

    blank = ngx_strlchr(*p, end, ' ');

    if (blank == NULL) {
        return NGX_ERROR;
    }

    word->data = *p;
    word->len = blank - *p;

    *p = blank + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_number(u_char *p, size_t len, int64_t *n)
{
    size_t   i;
    int64_t  value;

    *n = 0;

    if (len == 0 || len > 19) {
        return NGX_ERROR;
    }

    value = 0;

    for (i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9' || value > (INT64_MAX - 9) / 10) {
            return NGX_ERROR;
        }

        value = value * 10 + (p[i] - '0');
    }

    *n = value;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_hex(ngx_str_t *text, size_t len, uint64_t *n)
{
    u_char  ch;
    size_t  i;

    *n = 0;

    if (text->len != len) {
        return NGX_ERROR;
    }

    for (i = 0; i < len; i++) {
        ch = text->data[i];

        if (ch >= '0' && ch <= '9') {
            *n = *n << 4 | (uint64_t) (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            *n = *n << 4 | (uint64_t) (ch - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_epoch_parse(ngx_str_t *text, uint64_t *epoch)
{
    if (ngx_live_chat_hex(text, NGX_LIVE_CHAT_EPOCH_LEN, epoch) != NGX_OK) {
        return NGX_ERROR;
    }

    return *epoch ? NGX_OK : NGX_ERROR;
}


u_char *
ngx_live_chat_epoch_write(u_char *p, uint64_t epoch)
{
    return ngx_sprintf(p, "%016xL", epoch);
}


ngx_int_t
ngx_live_chat_opening_parse(ngx_live_redis_reply_t *reply,
    ngx_live_chat_opening_t *o)
{
    int64_t                  n;
    ngx_live_redis_reply_t  *e;

    ngx_memzero(o, sizeof(ngx_live_chat_opening_t));

    if (reply->type != NGX_LIVE_REDIS_ARRAY || reply->n != 8) {
        return NGX_ERROR;
    }

    e = reply->elts;

    if (!ngx_live_redis_is_text(&e[0])
        || ngx_live_chat_epoch_parse(&e[0].str, &o->epoch) != NGX_OK
        || ngx_live_chat_opening_id(&e[1], &o->last) != NGX_OK
        || ngx_live_chat_opening_id(&e[2], &o->first) != NGX_OK
        || !ngx_live_redis_is_text(&e[3])
        || ngx_live_chat_number(e[3].str.data, e[3].str.len, &n) != NGX_OK
        || ngx_live_chat_opening_pairs(&e[4]) != NGX_OK
        || ngx_live_chat_opening_pairs(&e[5]) != NGX_OK
        || e[6].type != NGX_LIVE_REDIS_ARRAY
        || e[7].type != NGX_LIVE_REDIS_INTEGER)
    {
        return NGX_ERROR;
    }

    o->seq = n;
    o->fresh = (e[7].integer != 0);
    o->meta = &e[4];
    o->marks = &e[5];
    o->entries = &e[6];

    ngx_live_chat_opening_meta(o);

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_opening_id(ngx_live_redis_reply_t *r, ngx_live_chat_id_t *id)
{
    if (!ngx_live_redis_is_text(r)) {
        return NGX_ERROR;
    }

    return ngx_live_chat_id_parse(r->str.data, r->str.len, id);
}


static ngx_int_t
ngx_live_chat_opening_pairs(ngx_live_redis_reply_t *r)
{
    ngx_uint_t  i;

    if (r->type != NGX_LIVE_REDIS_ARRAY || r->n % 2) {
        return NGX_ERROR;
    }

    for (i = 0; i < r->n; i++) {
        if (!ngx_live_redis_is_text(&r->elts[i])) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* what is not as it should be is as if it were not set */

static void
ngx_live_chat_opening_meta(ngx_live_chat_opening_t *o)
{
    int64_t      n;
    ngx_str_t   *name, *value;
    ngx_uint_t   i;

    for (i = 0; i < o->meta->n; i += 2) {
        name = &o->meta->elts[i].str;
        value = &o->meta->elts[i + 1].str;

        if (name->len == 4 && ngx_memcmp(name->data, "slow", 4) == 0
            && ngx_live_chat_number(value->data, value->len, &n) == NGX_OK
            && n <= NGX_LIVE_CHAT_RECORD_SLOW)
        {
            o->slow = n;
            o->slow_set = 1;
        }

        if (name->len == 8 && ngx_memcmp(name->data, "restrict", 8) == 0
            && ngx_live_chat_number(value->data, value->len, &n) == NGX_OK
            && n <= NGX_LIVE_CHAT_RECORD_RESTRICT)
        {
            o->restricted = n;
            o->restricted_set = 1;
        }

        if (name->len == 6 && ngx_memcmp(name->data, "pinned", 6) == 0
            && ngx_live_chat_id_parse(value->data, value->len, &o->pinned)
               != NGX_OK)
        {
            ngx_memzero(&o->pinned, sizeof(ngx_live_chat_id_t));
        }
    }
}


ngx_int_t
ngx_live_chat_total_parse(ngx_str_t *name, ngx_str_t *value, int64_t *amount)
{
    if (name->len != sizeof("total EUR") - 1
        || ngx_memcmp(name->data, "total ", sizeof("total ") - 1) != 0
        || ngx_live_chat_number(value->data, value->len, amount) != NGX_OK
        || *amount == 0 || *amount > NGX_LIVE_CHAT_RECORD_AMOUNT)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* "b USER", "m USER" or "s USER", and until when */

ngx_int_t
ngx_live_chat_mark_parse(ngx_str_t *name, ngx_str_t *value,
    ngx_live_chat_effect_t *effect)
{
    ngx_memzero(effect, sizeof(ngx_live_chat_effect_t));

    if (name->len < 3 || name->len - 2 > NGX_LIVE_CHAT_RECORD_USER
        || name->data[1] != ' '
        || ngx_live_chat_number(value->data, value->len, &effect->until)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    switch (name->data[0]) {

    case 'b':
        effect->type = NGX_LIVE_CHAT_EFFECT_BAN;
        break;

    case 'm':
        effect->type = NGX_LIVE_CHAT_EFFECT_TIMEOUT;
        break;

    case 's':
        effect->type = NGX_LIVE_CHAT_EFFECT_SHADOW;
        break;

    default:
        return NGX_DECLINED;
    }

    effect->user.data = name->data + 2;
    effect->user.len = name->len - 2;

    return NGX_OK;
}
