
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_chat_state.h"


/* another digit would not fit behind it */
#define NGX_LIVE_CHAT_STATE_TIME    922337203685477579LL

#define NGX_LIVE_CHAT_STATE_FIRST   "nginx-live chat 1"
#define NGX_LIVE_CHAT_STATE_SECRET  "secret "


static ngx_int_t ngx_live_chat_state_line(ngx_live_chat_state_t *st,
    ngx_str_t *line);
static ngx_int_t ngx_live_chat_state_error(ngx_live_chat_state_t *st,
    const char *reason);
static ngx_int_t ngx_live_chat_state_secret(ngx_live_chat_state_t *st,
    ngx_str_t *line);
static ngx_int_t ngx_live_chat_state_word(ngx_str_t *line, ngx_str_t *word);
static ngx_int_t ngx_live_chat_state_name(ngx_str_t *line, size_t max,
    ngx_str_t *name);
static ngx_int_t ngx_live_chat_state_time(ngx_str_t *line, int64_t *time);
static u_char *ngx_live_chat_state_escape(u_char *p, ngx_str_t *name);


ngx_int_t
ngx_live_chat_state_start(ngx_live_chat_state_t *st, u_char *p, size_t len)
{
    ngx_str_t  line;

    ngx_memzero(st, sizeof(ngx_live_chat_state_t));

    st->pos = p;
    st->end = p + len;

    if (ngx_live_chat_state_line(st, &line) != NGX_OK) {
        return NGX_ERROR;
    }

    if (line.len != sizeof(NGX_LIVE_CHAT_STATE_FIRST) - 1
        || ngx_memcmp(line.data, NGX_LIVE_CHAT_STATE_FIRST, line.len) != 0)
    {
        return ngx_live_chat_state_error(st, "unknown format");
    }

    if (ngx_live_chat_state_line(st, &line) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_live_chat_state_secret(st, &line) != NGX_OK) {
        return ngx_live_chat_state_error(st, "bad secret");
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_chat_state_next(ngx_live_chat_state_t *st)
{
    ngx_str_t  line, word;

    if (ngx_live_chat_state_line(st, &line) != NGX_OK) {
        return NGX_ERROR;
    }

    if (line.len == 3 && ngx_memcmp(line.data, "end", 3) == 0) {
        return (st->pos == st->end) ? NGX_DONE
               : ngx_live_chat_state_error(st, "text behind the end");
    }

    if (ngx_live_chat_state_word(&line, &word) != NGX_OK
        || word.len != 4 || ngx_memcmp(word.data, "user", 4) != 0)
    {
        return ngx_live_chat_state_error(st, "unknown line");
    }

    if (ngx_live_chat_state_name(&line, NGX_LIVE_CHAT_STATE_ROOM, &st->room)
        != NGX_OK
        || ngx_live_chat_state_name(&line, NGX_LIVE_CHAT_STATE_USER, &st->user)
           != NGX_OK)
    {
        return ngx_live_chat_state_error(st, "bad name");
    }

    if (ngx_live_chat_state_time(&line, &st->marks.banned) != NGX_OK
        || ngx_live_chat_state_time(&line, &st->marks.muted) != NGX_OK
        || ngx_live_chat_state_time(&line, &st->marks.shadow) != NGX_OK
        || line.len)
    {
        return ngx_live_chat_state_error(st, "bad time");
    }

    return NGX_OK;
}


/* without its end; what has none was cut off */

static ngx_int_t
ngx_live_chat_state_line(ngx_live_chat_state_t *st, ngx_str_t *line)
{
    u_char  *p;

    st->line++;

    for (p = st->pos; p < st->end; p++) {

        if (*p == LF) {
            line->data = st->pos;
            line->len = p - st->pos;
            st->pos = p + 1;

            return NGX_OK;
        }
    }

    return ngx_live_chat_state_error(st, "the end is missing");
}


static ngx_int_t
ngx_live_chat_state_error(ngx_live_chat_state_t *st, const char *reason)
{
    st->reason = reason;
    return NGX_ERROR;
}


static ngx_int_t
ngx_live_chat_state_secret(ngx_live_chat_state_t *st, ngx_str_t *line)
{
    u_char     *p;
    ngx_int_t   n;
    ngx_uint_t  i;

    if (line->len != sizeof(NGX_LIVE_CHAT_STATE_SECRET) - 1
                     + 2 * NGX_LIVE_CHAT_SECRET_LEN
        || ngx_memcmp(line->data, NGX_LIVE_CHAT_STATE_SECRET,
                      sizeof(NGX_LIVE_CHAT_STATE_SECRET) - 1)
           != 0)
    {
        return NGX_ERROR;
    }

    p = line->data + sizeof(NGX_LIVE_CHAT_STATE_SECRET) - 1;

    for (i = 0; i < NGX_LIVE_CHAT_SECRET_LEN; i++) {
        n = ngx_hextoi(p + 2 * i, 2);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        st->secret[i] = (u_char) n;
    }

    return NGX_OK;
}


/* up to the next blank; line is what is behind it */

static ngx_int_t
ngx_live_chat_state_word(ngx_str_t *line, ngx_str_t *word)
{
    size_t  n;

    for (n = 0; n < line->len && line->data[n] != ' '; n++) { /* void */ }

    if (n == 0) {
        return NGX_ERROR;
    }

    word->data = line->data;
    word->len = n;

    if (n < line->len) {
        n++;
    }

    line->data += n;
    line->len -= n;

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_state_name(ngx_str_t *line, size_t max, ngx_str_t *name)
{
    u_char     *p, *q, *last;
    ngx_int_t   n;

    if (ngx_live_chat_state_word(line, name) != NGX_OK) {
        return NGX_ERROR;
    }

    q = name->data;
    last = name->data + name->len;

    for (p = name->data; p < last; p++) {

        if (*p <= 0x20 || *p >= 0x7f) {
            return NGX_ERROR;
        }

        if (*p != '%') {
            *q++ = *p;
            continue;
        }

        if (last - p < 3) {
            return NGX_ERROR;
        }

        n = ngx_hextoi(p + 1, 2);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        *q++ = (u_char) n;
        p += 2;
    }

    name->len = q - name->data;

    return (name->len <= max) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_live_chat_state_time(ngx_str_t *line, int64_t *time)
{
    size_t     i;
    int64_t    n;
    ngx_str_t  word;

    if (ngx_live_chat_state_word(line, &word) != NGX_OK) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < word.len; i++) {

        if (word.data[i] < '0' || word.data[i] > '9'
            || n > NGX_LIVE_CHAT_STATE_TIME)
        {
            return NGX_ERROR;
        }

        n = n * 10 + (word.data[i] - '0');
    }

    *time = n;

    return NGX_OK;
}


u_char *
ngx_live_chat_state_write_start(u_char *p, u_char *secret)
{
    ngx_uint_t  i;

    p = ngx_sprintf(p, NGX_LIVE_CHAT_STATE_FIRST "\n"
                    NGX_LIVE_CHAT_STATE_SECRET);

    for (i = 0; i < NGX_LIVE_CHAT_SECRET_LEN; i++) {
        p = ngx_sprintf(p, "%02xi", (ngx_uint_t) secret[i]);
    }

    *p++ = LF;

    return p;
}


u_char *
ngx_live_chat_state_write(u_char *p, ngx_str_t *room, ngx_str_t *user,
    ngx_live_chat_marks_t *marks)
{
    p = ngx_sprintf(p, "user ");
    p = ngx_live_chat_state_escape(p, room);
    *p++ = ' ';
    p = ngx_live_chat_state_escape(p, user);

    return ngx_sprintf(p, " %L %L %L\n", marks->banned, marks->muted,
                       marks->shadow);
}


u_char *
ngx_live_chat_state_write_end(u_char *p)
{
    return ngx_sprintf(p, "end\n");
}


static u_char *
ngx_live_chat_state_escape(u_char *p, ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {

        if (name->data[i] <= 0x20 || name->data[i] >= 0x7f
            || name->data[i] == '%')
        {
            p = ngx_sprintf(p, "%%%02xi", (ngx_uint_t) name->data[i]);
            continue;
        }

        *p++ = name->data[i];
    }

    return p;
}
