
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Text for logs, without the tokens in its URIs.
 */


#ifndef _NGX_LIVE_TOKEN_MASK_H_INCLUDED_
#define _NGX_LIVE_TOKEN_MASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Puts at most three asterisks in the place of each token: the values of the
 * arguments of these names, in any case, and in paths what is between "~", or
 * "%7e", and the end of that part, if the part begins there or this is as long
 * as tokens are.  A URI ends with a blank or a quote.  The text is changed in
 * place; returns its length, which is not greater.
 */
size_t ngx_live_token_mask(u_char *text, size_t len, ngx_str_t *names,
    ngx_uint_t n);


#endif /* _NGX_LIVE_TOKEN_MASK_H_INCLUDED_ */
