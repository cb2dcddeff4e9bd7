
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The AMF3 side of the reader, for ngx_live_amf.c alone: values behind the
 * avmplus switch, and all in a container that was read by them.
 */


#ifndef _NGX_LIVE_AMF3_H_INCLUDED_
#define _NGX_LIVE_AMF3_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_amf.h>


#define NGX_LIVE_AMF_TRUNCATED  "truncated AMF value"


typedef enum {
    NGX_LIVE_AMF0_KIND_OBJECT = 0,      /* until an empty key and 0x09 */
    NGX_LIVE_AMF0_KIND_ECMA,            /* same, its count is a hint */
    NGX_LIVE_AMF0_KIND_STRICT,          /* "left" values without keys */
    NGX_LIVE_AMF3_KIND_OBJECT,          /* "left" sealed members, then, if
                                           dynamic, until an empty key */
    NGX_LIVE_AMF3_KIND_ARRAY            /* dynamic: keys until an empty one;
                                           then "left" values without keys */
} ngx_live_amf_kind_e;


/* reads a value of AMF3 at a->pos */
ngx_int_t ngx_live_amf3_read(ngx_live_amf_t *a, ngx_live_amf_value_t *v);

/* step to the next key of l, the innermost level, as ngx_live_amf_next() */
ngx_int_t ngx_live_amf3_step_object(ngx_live_amf_t *a,
    ngx_live_amf_level_t *l, ngx_str_t *key);

/* and that of AMF0's strict arrays, which have no keys */
ngx_int_t ngx_live_amf3_step_array(ngx_live_amf_t *a,
    ngx_live_amf_level_t *l, ngx_str_t *key);


/* what both sides share, in ngx_live_amf.c but for the first */

/* keeps the first reason; inline, so that gcc sees what it returns and takes
 * no variable for unset that is unset after an error only */

static ngx_inline ngx_int_t
ngx_live_amf_error(ngx_live_amf_t *a, const char *reason)
{
    if (a->reason == NULL) {
        a->reason = reason;
    }

    return NGX_ERROR;
}


/* opens and closes a level; pop returns NGX_DONE */
ngx_int_t ngx_live_amf_push(ngx_live_amf_t *a, ngx_live_amf_kind_e kind,
    uint32_t left);
ngx_int_t ngx_live_amf_pop(ngx_live_amf_t *a);

/* eight bytes of IEEE 754 */
ngx_int_t ngx_live_amf_take_number(ngx_live_amf_t *a, double *number);


#endif /* _NGX_LIVE_AMF3_H_INCLUDED_ */
