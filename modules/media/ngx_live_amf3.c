
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_amf3.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>
#include <ngx_live_amf.h>
#include <ngx_live_amf3.h>


/* AMF3 markers, 3.1 */

#define NGX_LIVE_AMF3_UNDEFINED     0x00
#define NGX_LIVE_AMF3_NULL          0x01
#define NGX_LIVE_AMF3_FALSE         0x02
#define NGX_LIVE_AMF3_TRUE          0x03
#define NGX_LIVE_AMF3_INTEGER       0x04
#define NGX_LIVE_AMF3_DOUBLE        0x05
#define NGX_LIVE_AMF3_STRING        0x06
#define NGX_LIVE_AMF3_XML_DOC       0x07
#define NGX_LIVE_AMF3_DATE          0x08
#define NGX_LIVE_AMF3_ARRAY         0x09
#define NGX_LIVE_AMF3_OBJECT        0x0a
#define NGX_LIVE_AMF3_XML           0x0b
#define NGX_LIVE_AMF3_BYTE_ARRAY    0x0c


static ngx_int_t ngx_live_amf3_read_bytes(ngx_live_amf_t *a,
    ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf3_read_date(ngx_live_amf_t *a,
    ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf3_read_array(ngx_live_amf_t *a,
    ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf3_read_object(ngx_live_amf_t *a,
    ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf3_read_traits(ngx_live_amf_t *a, uint32_t u,
    ngx_live_amf_traits_t *t);
static ngx_int_t ngx_live_amf3_take_u29(ngx_live_amf_t *a, u_char **pos,
    uint32_t *value);
static ngx_int_t ngx_live_amf3_take_string(ngx_live_amf_t *a, u_char **pos,
    ngx_str_t *s, ngx_uint_t add);


ngx_int_t
ngx_live_amf3_step_object(ngx_live_amf_t *a, ngx_live_amf_level_t *l,
    ngx_str_t *key)
{
    if (l->left) {
        l->left--;

        /* the name stands where the traits were read and was counted then */

        return ngx_live_amf3_take_string(a, &l->names, key, 0);
    }

    if (!l->dynamic) {
        return ngx_live_amf_pop(a);
    }

    if (ngx_live_amf3_take_string(a, &a->pos, key, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    return key->len ? NGX_OK : ngx_live_amf_pop(a);
}


ngx_int_t
ngx_live_amf3_step_array(ngx_live_amf_t *a, ngx_live_amf_level_t *l,
    ngx_str_t *key)
{
    if (l->dynamic) {

        if (ngx_live_amf3_take_string(a, &a->pos, key, 1) != NGX_OK) {
            return NGX_ERROR;
        }

        if (key->len) {
            return NGX_OK;
        }

        l->dynamic = 0;
    }

    if (l->left == 0) {
        return ngx_live_amf_pop(a);
    }

    l->left--;
    ngx_str_null(key);

    return NGX_OK;
}


ngx_int_t
ngx_live_amf3_read(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    u_char      *p;
    uint32_t     u;
    ngx_uint_t   marker;

    p = ngx_live_read_u8(a->pos, a->end, &marker);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    a->pos = p;

    switch (marker) {

    case NGX_LIVE_AMF3_UNDEFINED:
        v->type = NGX_LIVE_AMF_UNDEFINED;
        return NGX_OK;

    case NGX_LIVE_AMF3_NULL:
        v->type = NGX_LIVE_AMF_NULL;
        return NGX_OK;

    case NGX_LIVE_AMF3_FALSE:
    case NGX_LIVE_AMF3_TRUE:
        v->type = NGX_LIVE_AMF_BOOLEAN;
        v->boolean = (marker == NGX_LIVE_AMF3_TRUE);
        return NGX_OK;

    case NGX_LIVE_AMF3_INTEGER:
        v->type = NGX_LIVE_AMF_NUMBER;

        if (ngx_live_amf3_take_u29(a, &a->pos, &u) != NGX_OK) {
            return NGX_ERROR;
        }

        /* 29 bits in two's complement, 3.6 */

        v->number = (u & 0x10000000) ? (double) u - 0x20000000 : (double) u;
        return NGX_OK;

    case NGX_LIVE_AMF3_DOUBLE:
        v->type = NGX_LIVE_AMF_NUMBER;
        return ngx_live_amf_take_number(a, &v->number);

    case NGX_LIVE_AMF3_STRING:
        v->type = NGX_LIVE_AMF_STRING;
        return ngx_live_amf3_take_string(a, &a->pos, &v->string, 1);

    case NGX_LIVE_AMF3_XML_DOC:
    case NGX_LIVE_AMF3_XML:
        v->type = NGX_LIVE_AMF_STRING;
        return ngx_live_amf3_read_bytes(a, v);

    case NGX_LIVE_AMF3_BYTE_ARRAY:
        v->type = NGX_LIVE_AMF_BYTES;
        return ngx_live_amf3_read_bytes(a, v);

    case NGX_LIVE_AMF3_DATE:
        return ngx_live_amf3_read_date(a, v);

    case NGX_LIVE_AMF3_ARRAY:
        return ngx_live_amf3_read_array(a, v);

    case NGX_LIVE_AMF3_OBJECT:
        return ngx_live_amf3_read_object(a, v);
    }

    return ngx_live_amf_error(a, "AMF3 value of unknown type");
}


/* XML and byte arrays: the lowest bit is 0 for a reference, 3.9 */

static ngx_int_t
ngx_live_amf3_read_bytes(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    u_char    *p;
    uint32_t   u;

    if (ngx_live_amf3_take_u29(a, &a->pos, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!(u & 1)) {
        v->type = NGX_LIVE_AMF_REFERENCE;
        return NGX_OK;
    }

    p = ngx_live_take(a->pos, a->end, u >> 1, &v->string.data);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    v->string.len = u >> 1;
    a->pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_live_amf3_read_date(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    uint32_t  u;

    if (ngx_live_amf3_take_u29(a, &a->pos, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!(u & 1)) {
        v->type = NGX_LIVE_AMF_REFERENCE;
        return NGX_OK;
    }

    v->type = NGX_LIVE_AMF_DATE;

    return ngx_live_amf_take_number(a, &v->number);
}


static ngx_int_t
ngx_live_amf3_read_array(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    uint32_t  u;

    if (ngx_live_amf3_take_u29(a, &a->pos, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!(u & 1)) {
        v->type = NGX_LIVE_AMF_REFERENCE;
        return NGX_OK;
    }

    v->type = NGX_LIVE_AMF_STRICT_ARRAY;

    if ((u >> 1) > (size_t) (a->end - a->pos)) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    if (ngx_live_amf_push(a, NGX_LIVE_AMF3_KIND_ARRAY, u >> 1) != NGX_OK) {
        return NGX_ERROR;
    }

    a->level[a->depth - 1].dynamic = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_amf3_read_object(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    uint32_t                u;
    ngx_live_amf_level_t   *l;
    ngx_live_amf_traits_t   t;

    if (ngx_live_amf3_take_u29(a, &a->pos, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!(u & 1)) {
        v->type = NGX_LIVE_AMF_REFERENCE;
        return NGX_OK;
    }

    if (ngx_live_amf3_read_traits(a, u, &t) != NGX_OK
        || ngx_live_amf_push(a, NGX_LIVE_AMF3_KIND_OBJECT, t.sealed)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    l = &a->level[a->depth - 1];
    l->dynamic = t.dynamic;
    l->names = t.names;

    v->type = NGX_LIVE_AMF_OBJECT;
    v->string = t.class;

    return NGX_OK;
}


/* u is the U29O-traits of 3.12 */

static ngx_int_t
ngx_live_amf3_read_traits(ngx_live_amf_t *a, uint32_t u,
    ngx_live_amf_traits_t *t)
{
    uint32_t   n;
    ngx_str_t  name;

    if ((u & 3) == 1) {
        n = u >> 2;

        if (n >= a->ntraits || n >= NGX_LIVE_AMF_MAX_TRAITS) {
            return ngx_live_amf_error(a, "AMF3 reference to unknown traits");
        }

        *t = a->traits[n];

        return NGX_OK;
    }

    if (u & 4) {
        return ngx_live_amf_error(a, "AMF3 externalizable object");
    }

    t->dynamic = (u >> 3) & 1;
    t->sealed = u >> 4;

    if (ngx_live_amf3_take_string(a, &a->pos, &t->class, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    t->names = a->pos;

    for (n = 0; n < t->sealed; n++) {
        if (ngx_live_amf3_take_string(a, &a->pos, &name, 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (a->ntraits < NGX_LIVE_AMF_MAX_TRAITS) {
        a->traits[a->ntraits] = *t;
    }

    a->ntraits++;

    return NGX_OK;
}


/* 1.3.1: seven bits in each of three bytes, eight in the fourth */

static ngx_int_t
ngx_live_amf3_take_u29(ngx_live_amf_t *a, u_char **pos, uint32_t *value)
{
    u_char      *p;
    uint32_t     u;
    ngx_uint_t   i, c;

    u = 0;
    p = *pos;

    for (i = 0; i < 4; i++) {
        p = ngx_live_read_u8(p, a->end, &c);

        if (p == NULL) {
            return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
        }

        if (i == 3) {
            u = (u << 8) | c;
            break;
        }

        u = (u << 7) | (c & 0x7f);

        if (c < 0x80) {
            break;
        }
    }

    *pos = p;
    *value = u;

    return NGX_OK;
}


/*
 * A string, or a reference to an earlier one, 1.3.2; with add, a string that
 * is not empty takes the next place in the table of strings.
 */

static ngx_int_t
ngx_live_amf3_take_string(ngx_live_amf_t *a, u_char **pos, ngx_str_t *s,
    ngx_uint_t add)
{
    u_char    *p;
    uint32_t   u;

    if (ngx_live_amf3_take_u29(a, pos, &u) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!(u & 1)) {
        u >>= 1;

        if (u >= a->nstrings || u >= NGX_LIVE_AMF_MAX_STRINGS) {
            return ngx_live_amf_error(a, "AMF3 reference to unknown string");
        }

        *s = a->strings[u];

        return NGX_OK;
    }

    p = ngx_live_take(*pos, a->end, u >> 1, &s->data);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    s->len = u >> 1;
    *pos = p;

    if (add && s->len) {
        if (a->nstrings < NGX_LIVE_AMF_MAX_STRINGS) {
            a->strings[a->nstrings] = *s;
        }

        a->nstrings++;
    }

    return NGX_OK;
}
