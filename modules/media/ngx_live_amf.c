
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_amf.h.  Containers are walked by a stack in the cursor, never
 * by recursion, so nesting costs no C stack.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_bytes.h>
#include <ngx_live_amf.h>
#include <ngx_live_amf3.h>


/* AMF0 markers, 2.1 */

#define NGX_LIVE_AMF0_NUMBER        0x00
#define NGX_LIVE_AMF0_BOOLEAN       0x01
#define NGX_LIVE_AMF0_STRING        0x02
#define NGX_LIVE_AMF0_OBJECT        0x03
#define NGX_LIVE_AMF0_NULL          0x05
#define NGX_LIVE_AMF0_UNDEFINED     0x06
#define NGX_LIVE_AMF0_REFERENCE     0x07
#define NGX_LIVE_AMF0_ECMA_ARRAY    0x08
#define NGX_LIVE_AMF0_OBJECT_END    0x09
#define NGX_LIVE_AMF0_STRICT_ARRAY  0x0a
#define NGX_LIVE_AMF0_DATE          0x0b
#define NGX_LIVE_AMF0_LONG_STRING   0x0c
#define NGX_LIVE_AMF0_UNSUPPORTED   0x0d
#define NGX_LIVE_AMF0_XML           0x0f
#define NGX_LIVE_AMF0_TYPED_OBJECT  0x10
#define NGX_LIVE_AMF0_AVMPLUS       0x11


static ngx_int_t ngx_live_amf_read_type(ngx_live_amf_t *a, ngx_uint_t types,
    ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf_step(ngx_live_amf_t *a, ngx_str_t *key);

static ngx_int_t ngx_live_amf0_read(ngx_live_amf_t *a,
    ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf0_read_container(ngx_live_amf_t *a,
    ngx_uint_t marker, ngx_live_amf_value_t *v);
static ngx_int_t ngx_live_amf0_take_string(ngx_live_amf_t *a, ngx_str_t *s);
static ngx_int_t ngx_live_amf0_take_long_string(ngx_live_amf_t *a,
    ngx_str_t *s);
static ngx_int_t ngx_live_amf0_step_object(ngx_live_amf_t *a,
    ngx_live_amf_level_t *l, ngx_str_t *key);


void
ngx_live_amf_init(ngx_live_amf_t *a, u_char *pos, u_char *end)
{
    /* the tables are not cleared, they are used as far as they are filled */

    a->pos = pos;
    a->end = end;
    a->reason = NULL;
    a->depth = 0;
    a->values = 0;
    a->nstrings = 0;
    a->ntraits = 0;
}


void
ngx_live_amf_init_amf3(ngx_live_amf_t *a, u_char *pos, u_char *end)
{
    ngx_live_amf_init(a, pos, end);

    if (pos < end && *pos == 0) {
        a->pos++;
    }
}


ngx_int_t
ngx_live_amf_push(ngx_live_amf_t *a, ngx_live_amf_kind_e kind, uint32_t left)
{
    ngx_live_amf_level_t  *l;

    if (a->depth == NGX_LIVE_AMF_MAX_DEPTH) {
        return ngx_live_amf_error(a, "AMF values nested too deep");
    }

    l = &a->level[a->depth++];

    l->kind = kind;
    l->pending = 0;
    l->dynamic = 0;
    l->left = left;
    l->names = NULL;

    return NGX_OK;
}


ngx_int_t
ngx_live_amf_pop(ngx_live_amf_t *a)
{
    a->depth--;

    return NGX_DONE;
}


ngx_int_t
ngx_live_amf_read(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    ngx_live_amf_level_t  *l;

    ngx_memzero(v, sizeof(ngx_live_amf_value_t));

    if (a->reason) {
        return NGX_ERROR;
    }

    if (a->depth == 0) {

        if (a->pos == a->end) {
            return NGX_DONE;
        }

        l = NULL;

    } else {
        l = &a->level[a->depth - 1];

        if (!l->pending) {
            return NGX_DONE;
        }

        l->pending = 0;
    }

    if (a->values++ == NGX_LIVE_AMF_MAX_VALUES) {
        return ngx_live_amf_error(a, "too many AMF values");
    }

    if (l && l->kind >= NGX_LIVE_AMF3_KIND_OBJECT) {
        return ngx_live_amf3_read(a, v);
    }

    return ngx_live_amf0_read(a, v);
}


/* reads a value of one of the types (bits), or leaves the cursor in place */

static ngx_int_t
ngx_live_amf_read_type(ngx_live_amf_t *a, ngx_uint_t types,
    ngx_live_amf_value_t *v)
{
    u_char      *pos;
    ngx_int_t    rc;
    ngx_uint_t   depth, values, nstrings, ntraits;

    pos = a->pos;
    depth = a->depth;
    values = a->values;
    nstrings = a->nstrings;
    ntraits = a->ntraits;

    rc = ngx_live_amf_read(a, v);

    if (rc != NGX_OK || (types & ((ngx_uint_t) 1 << v->type))) {
        return rc;
    }

    a->pos = pos;
    a->depth = depth;
    a->values = values;
    a->nstrings = nstrings;
    a->ntraits = ntraits;

    if (depth) {
        a->level[depth - 1].pending = 1;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_live_amf_read_number(ngx_live_amf_t *a, double *number)
{
    ngx_int_t             rc;
    ngx_live_amf_value_t  v;

    rc = ngx_live_amf_read_type(a, 1 << NGX_LIVE_AMF_NUMBER, &v);

    if (rc == NGX_OK) {
        *number = v.number;
    }

    return rc;
}


ngx_int_t
ngx_live_amf_read_boolean(ngx_live_amf_t *a, ngx_uint_t *boolean)
{
    ngx_int_t             rc;
    ngx_live_amf_value_t  v;

    rc = ngx_live_amf_read_type(a, 1 << NGX_LIVE_AMF_BOOLEAN, &v);

    if (rc == NGX_OK) {
        *boolean = v.boolean;
    }

    return rc;
}


ngx_int_t
ngx_live_amf_read_string(ngx_live_amf_t *a, ngx_str_t *string)
{
    ngx_int_t             rc;
    ngx_live_amf_value_t  v;

    rc = ngx_live_amf_read_type(a, 1 << NGX_LIVE_AMF_STRING, &v);

    if (rc == NGX_OK) {
        *string = v.string;
    }

    return rc;
}


ngx_int_t
ngx_live_amf_read_null(ngx_live_amf_t *a)
{
    ngx_live_amf_value_t  v;

    return ngx_live_amf_read_type(a, (1 << NGX_LIVE_AMF_NULL)
                                     | (1 << NGX_LIVE_AMF_UNDEFINED), &v);
}


ngx_int_t
ngx_live_amf_read_object(ngx_live_amf_t *a)
{
    ngx_live_amf_value_t  v;

    return ngx_live_amf_read_type(a, (1 << NGX_LIVE_AMF_OBJECT)
                                     | (1 << NGX_LIVE_AMF_ECMA_ARRAY)
                                     | (1 << NGX_LIVE_AMF_STRICT_ARRAY), &v);
}


ngx_int_t
ngx_live_amf_next(ngx_live_amf_t *a, ngx_str_t *key)
{
    ngx_str_null(key);

    if (a->reason) {
        return NGX_ERROR;
    }

    if (a->depth == 0) {
        return NGX_DONE;
    }

    if (a->level[a->depth - 1].pending
        && ngx_live_amf_skip(a) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return ngx_live_amf_step(a, key);
}


ngx_int_t
ngx_live_amf_leave(ngx_live_amf_t *a)
{
    ngx_int_t              rc;
    ngx_str_t              key;
    ngx_uint_t             depth;
    ngx_live_amf_value_t   v;

    if (a->depth == 0) {
        return a->reason ? NGX_ERROR : NGX_OK;
    }

    depth = a->depth;

    do {
        /* reading a container enters it, so that it is walked next */

        rc = ngx_live_amf_read(a, &v);

        if (rc == NGX_DONE) {
            rc = ngx_live_amf_step(a, &key);
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

    } while (a->depth >= depth);

    return NGX_OK;
}


ngx_int_t
ngx_live_amf_skip(ngx_live_amf_t *a)
{
    ngx_int_t             rc;
    ngx_uint_t            depth;
    ngx_live_amf_value_t  v;

    depth = a->depth;

    rc = ngx_live_amf_read(a, &v);

    if (rc == NGX_OK && a->depth > depth) {
        return ngx_live_amf_leave(a);
    }

    return rc;
}


int64_t
ngx_live_amf_integer(double number)
{
    if (number != number) {
        return 0;
    }

    /* 2^63 is representable as a double, 2^63 - 1 is not */

    if (number >= 9223372036854775808.0) {
        return INT64_MAX;
    }

    if (number <= -9223372036854775808.0) {
        return INT64_MIN;
    }

    return (int64_t) number;
}


/* the step to the next key of the innermost container, no value pending */

static ngx_int_t
ngx_live_amf_step(ngx_live_amf_t *a, ngx_str_t *key)
{
    ngx_int_t              rc;
    ngx_live_amf_level_t  *l;

    l = &a->level[a->depth - 1];

    switch (l->kind) {

    case NGX_LIVE_AMF0_KIND_OBJECT:
    case NGX_LIVE_AMF0_KIND_ECMA:
        rc = ngx_live_amf0_step_object(a, l, key);
        break;

    case NGX_LIVE_AMF3_KIND_OBJECT:
        rc = ngx_live_amf3_step_object(a, l, key);
        break;

    default: /* NGX_LIVE_AMF0_KIND_STRICT, NGX_LIVE_AMF3_KIND_ARRAY */
        rc = ngx_live_amf3_step_array(a, l, key);
        break;
    }

    if (rc == NGX_OK) {
        l->pending = 1;
    }

    return rc;
}


static ngx_int_t
ngx_live_amf0_step_object(ngx_live_amf_t *a, ngx_live_amf_level_t *l,
    ngx_str_t *key)
{
    /* some encoders leave out the end of the ECMA array of onMetaData */

    if (l->kind == NGX_LIVE_AMF0_KIND_ECMA && a->depth == 1
        && a->pos == a->end)
    {
        return ngx_live_amf_pop(a);
    }

    if (ngx_live_amf0_take_string(a, key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (a->pos == a->end) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    if (key->len == 0 && *a->pos == NGX_LIVE_AMF0_OBJECT_END) {
        a->pos++;
        return ngx_live_amf_pop(a);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_amf0_read(ngx_live_amf_t *a, ngx_live_amf_value_t *v)
{
    u_char      *p;
    uint16_t     v16;
    ngx_uint_t   marker;

    p = ngx_live_read_u8(a->pos, a->end, &marker);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    a->pos = p;

    switch (marker) {

    case NGX_LIVE_AMF0_NUMBER:
        v->type = NGX_LIVE_AMF_NUMBER;
        return ngx_live_amf_take_number(a, &v->number);

    case NGX_LIVE_AMF0_BOOLEAN:
        v->type = NGX_LIVE_AMF_BOOLEAN;
        p = ngx_live_read_u8(a->pos, a->end, &v->boolean);
        v->boolean = (v->boolean != 0);
        break;

    case NGX_LIVE_AMF0_STRING:
        v->type = NGX_LIVE_AMF_STRING;
        return ngx_live_amf0_take_string(a, &v->string);

    case NGX_LIVE_AMF0_LONG_STRING:
    case NGX_LIVE_AMF0_XML:
        v->type = NGX_LIVE_AMF_STRING;
        return ngx_live_amf0_take_long_string(a, &v->string);

    case NGX_LIVE_AMF0_NULL:
    case NGX_LIVE_AMF0_UNSUPPORTED:
        v->type = NGX_LIVE_AMF_NULL;
        break;

    case NGX_LIVE_AMF0_UNDEFINED:
        v->type = NGX_LIVE_AMF_UNDEFINED;
        break;

    case NGX_LIVE_AMF0_REFERENCE:
        v->type = NGX_LIVE_AMF_REFERENCE;
        p = ngx_live_read_be16(a->pos, a->end, &v16);
        break;

    case NGX_LIVE_AMF0_DATE:
        v->type = NGX_LIVE_AMF_DATE;

        if (ngx_live_amf_take_number(a, &v->number) != NGX_OK) {
            return NGX_ERROR;
        }

        /* the time zone, "should be 0x0000" */

        p = ngx_live_read_be16(a->pos, a->end, &v16);
        break;

    case NGX_LIVE_AMF0_AVMPLUS:
        return ngx_live_amf3_read(a, v);

    default:
        return ngx_live_amf0_read_container(a, marker, v);
    }

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    a->pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_live_amf0_read_container(ngx_live_amf_t *a, ngx_uint_t marker,
    ngx_live_amf_value_t *v)
{
    u_char               *p;
    uint32_t              count;
    ngx_live_amf_kind_e   kind;

    count = 0;
    p = a->pos;

    switch (marker) {

    case NGX_LIVE_AMF0_TYPED_OBJECT:
        if (ngx_live_amf0_take_string(a, &v->string) != NGX_OK) {
            return NGX_ERROR;
        }

        p = a->pos;

        /* fall through */

    case NGX_LIVE_AMF0_OBJECT:
        v->type = NGX_LIVE_AMF_OBJECT;
        kind = NGX_LIVE_AMF0_KIND_OBJECT;
        break;

    case NGX_LIVE_AMF0_ECMA_ARRAY:
        v->type = NGX_LIVE_AMF_ECMA_ARRAY;
        kind = NGX_LIVE_AMF0_KIND_ECMA;
        p = ngx_live_read_be32(p, a->end, &count);
        break;

    case NGX_LIVE_AMF0_STRICT_ARRAY:
        v->type = NGX_LIVE_AMF_STRICT_ARRAY;
        kind = NGX_LIVE_AMF0_KIND_STRICT;
        p = ngx_live_read_be32(p, a->end, &count);
        break;

    case NGX_LIVE_AMF0_OBJECT_END:
        return ngx_live_amf_error(a, "unexpected AMF object end");

    default:
        return ngx_live_amf_error(a, "AMF value of unknown type");
    }

    /* each element is a byte at least */

    if (p == NULL
        || (kind == NGX_LIVE_AMF0_KIND_STRICT
            && count > (size_t) (a->end - p)))
    {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    a->pos = p;

    return ngx_live_amf_push(a, kind, count);
}


ngx_int_t
ngx_live_amf_take_number(ngx_live_amf_t *a, double *number)
{
    u_char  *p;

    union {
        uint64_t  i;
        double    d;
    } u;

    p = ngx_live_read_be64(a->pos, a->end, &u.i);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    a->pos = p;
    *number = u.d;

    return NGX_OK;
}


static ngx_int_t
ngx_live_amf0_take_string(ngx_live_amf_t *a, ngx_str_t *s)
{
    u_char    *p;
    uint16_t   len;

    p = ngx_live_read_be16(a->pos, a->end, &len);
    p = ngx_live_take(p, a->end, len, &s->data);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    s->len = len;
    a->pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_live_amf0_take_long_string(ngx_live_amf_t *a, ngx_str_t *s)
{
    u_char    *p;
    uint32_t   len;

    p = ngx_live_read_be32(a->pos, a->end, &len);
    p = ngx_live_take(p, a->end, len, &s->data);

    if (p == NULL) {
        return ngx_live_amf_error(a, NGX_LIVE_AMF_TRUNCATED);
    }

    s->len = len;
    a->pos = p;

    return NGX_OK;
}


u_char *
ngx_live_amf_write_number(u_char *pos, u_char *end, double number)
{
    union {
        uint64_t  i;
        double    d;
    } u;

    u.d = number;

    pos = ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_NUMBER);

    return ngx_live_write_be64(pos, end, u.i);
}


u_char *
ngx_live_amf_write_boolean(u_char *pos, u_char *end, ngx_uint_t boolean)
{
    pos = ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_BOOLEAN);

    return ngx_live_write_u8(pos, end, boolean ? 1 : 0);
}


u_char *
ngx_live_amf_write_string(u_char *pos, u_char *end, const void *data,
    size_t len)
{
    if (len > 0xffff) {

        if (len > 0xffffffff) {
            return NULL;
        }

        pos = ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_LONG_STRING);
        pos = ngx_live_write_be32(pos, end, len);

    } else {
        pos = ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_STRING);
        pos = ngx_live_write_be16(pos, end, len);
    }

    return ngx_live_write_data(pos, end, data, len);
}


u_char *
ngx_live_amf_write_null(u_char *pos, u_char *end)
{
    return ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_NULL);
}


u_char *
ngx_live_amf_write_object(u_char *pos, u_char *end)
{
    return ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_OBJECT);
}


u_char *
ngx_live_amf_write_ecma_array(u_char *pos, u_char *end, uint32_t count)
{
    pos = ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_ECMA_ARRAY);

    return ngx_live_write_be32(pos, end, count);
}


u_char *
ngx_live_amf_write_key(u_char *pos, u_char *end, const void *data, size_t len)
{
    if (len > 0xffff) {
        return NULL;
    }

    pos = ngx_live_write_be16(pos, end, len);

    return ngx_live_write_data(pos, end, data, len);
}


u_char *
ngx_live_amf_write_end(u_char *pos, u_char *end)
{
    pos = ngx_live_write_be16(pos, end, 0);

    return ngx_live_write_u8(pos, end, NGX_LIVE_AMF0_OBJECT_END);
}
