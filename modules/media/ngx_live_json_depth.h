
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_JSON_DEPTH_H_INCLUDED_
#define _NGX_LIVE_JSON_DEPTH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * How deep a JSON text (RFC 8259) is nested, before a parser that recurses is
 * given it: no less than the real depth of a valid text; of another one it
 * says nothing.
 */
ngx_uint_t ngx_live_json_depth(u_char *p, size_t len);


#endif /* _NGX_LIVE_JSON_DEPTH_H_INCLUDED_ */
