
/*
 * Copyright (C) nginx-live authors
 */


/*
 * AMF0 (Action Message Format, 2007) and the part of AMF3 (2013) that RTMP
 * clients send.
 *
 * The reader pulls values out of a buffer that the caller keeps in place;
 * it allocates nothing and strings point into the buffer.  A value of either
 * encoding looks the same to the caller, and the avmplus switch (0x11) is
 * followed by the reader itself.
 *
 *     ngx_live_amf_init(&amf, pos, end);
 *
 *     if (ngx_live_amf_read_string(&amf, &command) != NGX_OK) ...
 *     if (ngx_live_amf_read_number(&amf, &transaction) != NGX_OK) ...
 *
 *     if (ngx_live_amf_read_object(&amf) == NGX_OK) {
 *         while ((rc = ngx_live_amf_next(&amf, &key)) == NGX_OK) {
 *             if (key is wanted) {
 *                 ngx_live_amf_read_string(&amf, &value);
 *             }
 *         }
 *     }
 *
 * What the typed readers return:
 *
 *     NGX_OK        the value was read, the cursor stands behind it
 *     NGX_DECLINED  the next value is of another type and stays unread
 *     NGX_DONE      there is no further value; inside a container: the value
 *                   of the current property was read already
 *     NGX_ERROR     the buffer is malformed, reason says how; final
 */


#ifndef _NGX_LIVE_AMF_H_INCLUDED_
#define _NGX_LIVE_AMF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_LIVE_AMF_MAX_DEPTH    32
#define NGX_LIVE_AMF_MAX_VALUES   65536

/* AMF3 reference tables, as far as they are kept */
#define NGX_LIVE_AMF_MAX_STRINGS  64
#define NGX_LIVE_AMF_MAX_TRAITS   16


typedef enum {
    NGX_LIVE_AMF_NUMBER = 0,
    NGX_LIVE_AMF_BOOLEAN,
    NGX_LIVE_AMF_STRING,              /* long strings and XML too */
    NGX_LIVE_AMF_NULL,                /* and "unsupported" */
    NGX_LIVE_AMF_UNDEFINED,
    NGX_LIVE_AMF_REFERENCE,           /* to an object; not resolved */
    NGX_LIVE_AMF_DATE,                /* number: ms since 1970 */
    NGX_LIVE_AMF_BYTES,               /* AMF3 ByteArray */
    NGX_LIVE_AMF_OBJECT,              /* object and typed object */
    NGX_LIVE_AMF_ECMA_ARRAY,
    NGX_LIVE_AMF_STRICT_ARRAY         /* and AMF3 array */
} ngx_live_amf_type_e;


typedef struct {
    ngx_live_amf_type_e       type;
    double                    number;      /* number, date */
    ngx_uint_t                boolean;
    ngx_str_t                 string;      /* string, bytes; class of object */
} ngx_live_amf_value_t;


typedef struct {
    uint8_t                   kind;        /* ngx_live_amf_kind_e */
    uint8_t                   pending;     /* key read, its value not */
    uint8_t                   dynamic;     /* AMF3: properties after sealed */
    uint32_t                  left;        /* elements or sealed members */
    u_char                   *names;       /* AMF3: names of sealed members */
} ngx_live_amf_level_t;


typedef struct {
    u_char                   *names;
    uint32_t                  sealed;
    ngx_uint_t                dynamic;
    ngx_str_t                 class;
} ngx_live_amf_traits_t;


/* all fields but pos, end and reason are the reader's own */

typedef struct {
    u_char                   *pos;
    u_char                   *end;
    const char               *reason;      /* constant, once NGX_ERROR came */

    ngx_uint_t                depth;       /* containers that are open */
    ngx_uint_t                values;      /* read so far */
    ngx_live_amf_level_t      level[NGX_LIVE_AMF_MAX_DEPTH];

    ngx_uint_t                nstrings;
    ngx_uint_t                ntraits;
    ngx_str_t                 strings[NGX_LIVE_AMF_MAX_STRINGS];
    ngx_live_amf_traits_t     traits[NGX_LIVE_AMF_MAX_TRAITS];
} ngx_live_amf_t;


void ngx_live_amf_init(ngx_live_amf_t *a, u_char *pos, u_char *end);

/*
 * for RTMP messages of types 15 and 17: steps over the format byte (0) that
 * stands before the AMF0 values; clients that leave it out are tolerated
 */
void ngx_live_amf_init_amf3(ngx_live_amf_t *a, u_char *pos, u_char *end);

/*
 * Reads the next value of any type.  When it is a container, the cursor is
 * inside it then, as after ngx_live_amf_read_object().
 */
ngx_int_t ngx_live_amf_read(ngx_live_amf_t *a, ngx_live_amf_value_t *v);

ngx_int_t ngx_live_amf_read_number(ngx_live_amf_t *a, double *number);
ngx_int_t ngx_live_amf_read_boolean(ngx_live_amf_t *a, ngx_uint_t *boolean);
ngx_int_t ngx_live_amf_read_string(ngx_live_amf_t *a, ngx_str_t *string);

/* null, undefined */
ngx_int_t ngx_live_amf_read_null(ngx_live_amf_t *a);

/* enters an object or an array of any kind */
ngx_int_t ngx_live_amf_read_object(ngx_live_amf_t *a);

/*
 * Steps to the next property of the innermost open container: key is its
 * name (empty for an element of an array) and its value may be read next.
 * A value that was not read is skipped; a container that was entered must be
 * left first.  NGX_DONE: the container has ended, the cursor is behind it.
 */
ngx_int_t ngx_live_amf_next(ngx_live_amf_t *a, ngx_str_t *key);

/* leaves the innermost open container, whatever is unread in it */
ngx_int_t ngx_live_amf_leave(ngx_live_amf_t *a);

/* a number cut to an integer; NaN is 0, and what does not fit the limit */
int64_t ngx_live_amf_integer(double number);

/* skips one value with all that is in it; NGX_OK, NGX_DONE, NGX_ERROR */
ngx_int_t ngx_live_amf_skip(ngx_live_amf_t *a);


/*
 * The AMF0 writer: returns the place behind what was written, NULL when the
 * buffer is too short or pos was NULL.  A string of more than 65535 bytes is
 * written as a long string; a key of that length cannot be written (NULL).
 *
 *     p = ngx_live_amf_write_object(p, end);
 *     p = ngx_live_amf_write_key(p, end, "level", 5);
 *     p = ngx_live_amf_write_string(p, end, "status", 6);
 *     p = ngx_live_amf_write_end(p, end);
 */

u_char *ngx_live_amf_write_number(u_char *pos, u_char *end, double number);
u_char *ngx_live_amf_write_boolean(u_char *pos, u_char *end,
    ngx_uint_t boolean);
u_char *ngx_live_amf_write_string(u_char *pos, u_char *end, const void *data,
    size_t len);
u_char *ngx_live_amf_write_null(u_char *pos, u_char *end);
u_char *ngx_live_amf_write_object(u_char *pos, u_char *end);
u_char *ngx_live_amf_write_ecma_array(u_char *pos, u_char *end,
    uint32_t count);
u_char *ngx_live_amf_write_key(u_char *pos, u_char *end, const void *data,
    size_t len);
u_char *ngx_live_amf_write_end(u_char *pos, u_char *end);


#endif /* _NGX_LIVE_AMF_H_INCLUDED_ */
