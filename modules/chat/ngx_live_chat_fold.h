
/*
 * Copyright (C) nginx-live authors
 */


/*
 * What code points are to a reader: the kind of each, and the letter that it
 * looks like.  Tables of what is met in chats, not all of Unicode.
 */


#ifndef _NGX_LIVE_CHAT_FOLD_H_INCLUDED_
#define _NGX_LIVE_CHAT_FOLD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_LIVE_CHAT_LETTER = 0,              /* and digits, and all unknown */
    NGX_LIVE_CHAT_MARK,                    /* combines with what is before */
    NGX_LIVE_CHAT_HIDDEN,                  /* has no width of its own, or is
                                              not seen at all */
    NGX_LIVE_CHAT_BLANK,
    NGX_LIVE_CHAT_SIGN,                    /* punctuation, symbols, emoji */
    NGX_LIVE_CHAT_CONTROL                  /* also bidirectional overrides and
                                              noncharacters */
} ngx_live_chat_kind_e;


ngx_uint_t ngx_live_chat_kind(uint32_t ch);

/* scripts that write words without blanks between them */
ngx_uint_t ngx_live_chat_unspaced(uint32_t ch);

/* lower case of Latin, Greek, Cyrillic and Armenian letters, no more */
uint32_t ngx_live_chat_lower(uint32_t ch);

/*
 * Lower case, without diacritics, and as "a" to "z" or "0" to "9" whatever
 * looks like one: full-width and mathematical forms, letters in circles,
 * Cyrillic, Greek and Armenian letters.  Full-width signs become those of
 * ASCII.  Of Greek capitals that look unlike their small letter, the look
 * counts if latin is set, as within a word of Latin letters.
 */
uint32_t ngx_live_chat_fold(uint32_t ch, ngx_uint_t latin);


#endif /* _NGX_LIVE_CHAT_FOLD_H_INCLUDED_ */
