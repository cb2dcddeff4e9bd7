
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Links in what people write, for rooms that want none.
 */


#ifndef _NGX_LIVE_CHAT_LINK_H_INCLUDED_
#define _NGX_LIVE_CHAT_LINK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Non-zero if the valid UTF-8 text has what a reader would follow or type:
 *
 *     scheme://something
 *     www.something
 *     name.com            and other domains that are no words
 *     name.me/path        those that are words, with a path or port
 *     192.0.2.1/ or :80   addresses with a path or port
 *
 * also with full-width and look-alike letters, with hidden code points, and
 * with the dot as "[.]", "(dot)" or, before the commonest domains, " dot " or
 * between blanks.  buf holds len bytes.
 */
ngx_uint_t ngx_live_chat_has_link(u_char *p, size_t len, u_char *buf);


#endif /* _NGX_LIVE_CHAT_LINK_H_INCLUDED_ */
