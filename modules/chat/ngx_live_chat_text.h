
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What people write: bounded, and without what disturbs the page or the lines
 * of others.
 */


#ifndef _NGX_LIVE_CHAT_TEXT_H_INCLUDED_
#define _NGX_LIVE_CHAT_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* marks that may follow each other, newlines too */
#define NGX_LIVE_CHAT_TEXT_MARKS     4
#define NGX_LIVE_CHAT_TEXT_NEWLINES  2

/* bytes of a kind of reaction */
#define NGX_LIVE_CHAT_KIND_MAX       16


typedef enum {
    NGX_LIVE_CHAT_TEXT_OK = 0,
    NGX_LIVE_CHAT_TEXT_INVALID,            /* no UTF-8 */
    NGX_LIVE_CHAT_TEXT_EMPTY,              /* nothing of it can be seen */
    NGX_LIVE_CHAT_TEXT_LONG
} ngx_live_chat_text_e;


/*
 * Writes the text as it may be shown to dst, which has len bytes and may be p
 * itself; text points there.  At most max code points are left of it.
 *
 * Dropped are control characters and noncharacters, bidirectional overrides
 * and isolates, marks that follow nothing or NGX_LIVE_CHAT_TEXT_MARKS others,
 * and blanks on both sides.  Newlines are "\n", with a blank line between at
 * most; tabs are blanks.
 */
ngx_uint_t ngx_live_chat_text_clean(u_char *dst, u_char *p, size_t len,
    ngx_uint_t max, ngx_str_t *text);

/*
 * The same for what stands in one line, names and reasons: newlines are
 * blanks, each run of which becomes a single space, and what has no width is
 * dropped, so that two names that look the same are the same more often.
 */
ngx_uint_t ngx_live_chat_text_line(u_char *dst, u_char *p, size_t len,
    ngx_uint_t max, ngx_str_t *text);

/*
 * Non-zero if the valid UTF-8 text is a kind of reaction: a single emoji, with
 * what modifies and joins it, or 1 to NGX_LIVE_CHAT_KIND_MAX bytes of a-z,
 * 0-9, "_" and "-".
 */
ngx_uint_t ngx_live_chat_text_kind(u_char *p, size_t len);


#endif /* _NGX_LIVE_CHAT_TEXT_H_INCLUDED_ */
