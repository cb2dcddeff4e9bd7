
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_hls.h"


/*
 * Playlists as files have them are looked through, in a thread, for what is
 * asked about them later: their numbers, gaps and the ends of their URIs.
 * Secrets of media are not in files, which may outlive a setting, but put
 * behind the URIs here: once for all who ask.
 */

typedef struct {
    ngx_http_live_hls_saved_t *list;
    ngx_live_hls_signer_t      signer;      /* without keys: none */
    int64_t                    date;        /* of the segment, ms */
    ngx_uint_t                 gap;         /* it is one */
    u_char                    *pos;         /* of the copy */
} ngx_http_live_hls_saving_t;


static void ngx_http_live_hls_saved_line(ngx_http_live_hls_saving_t *s,
    u_char *p, u_char *eol);
static void ngx_http_live_hls_saved_segment(ngx_http_live_hls_saving_t *s);
static u_char *ngx_http_live_hls_saved_tags(ngx_http_live_hls_saving_t *s,
    u_char *p, u_char *eol);
static void ngx_http_live_hls_saved_uri(ngx_http_live_hls_saving_t *s,
    u_char *p, u_char *last);
static ngx_uint_t ngx_http_live_hls_saved_media(ngx_live_hls_name_t *name,
    ngx_str_t *session, u_char *p, u_char *last);
static ngx_uint_t ngx_http_live_hls_saved_tag(u_char *p, u_char *eol,
    const char *tag, uint64_t *value);
static int64_t ngx_http_live_hls_saved_date(u_char *p, u_char *last);


ngx_http_live_hls_saved_t *
ngx_http_live_hls_saved(u_char *data, size_t len, ngx_live_hls_keys_t *keys,
    ngx_str_t *session, ngx_log_t *log)
{
    u_char                      *p, *eol, *last;
    size_t                       n, size;
    ngx_http_live_hls_saved_t   *list;
    ngx_http_live_hls_saving_t   s;

    last = data + len;
    n = 1;

    for (p = data; p < last; p++) {
        n += (*p == '\n');
    }

    size = len + (keys ? n * NGX_LIVE_HLS_SECRET_TEXT : 0);

    list = ngx_calloc(sizeof(ngx_http_live_hls_saved_t)
                      + n * sizeof(uint32_t) + n / 8 + 1 + size, log);
    if (list == NULL) {
        return NULL;
    }

    list->text.refs = 1;
    list->text.uris = (uint32_t *) &list[1];
    list->gaps = (u_char *) &list->text.uris[n];
    list->text.data = list->gaps + n / 8 + 1;

    ngx_memzero(&s, sizeof(ngx_http_live_hls_saving_t));

    s.list = list;
    s.pos = list->text.data;
    s.date = -1;

    if (session->len) {
        s.signer.keys = keys;
        s.signer.session = *session;
    }

    for (p = data; p < last; p = eol + 1) {
        eol = ngx_strlchr(p, last, '\n');

        if (eol == NULL) {
            s.pos = ngx_cpymem(s.pos, p, last - p);
            break;
        }

        ngx_http_live_hls_saved_line(&s, p, eol);
        *s.pos++ = '\n';
    }

    list->text.len = s.pos - list->text.data;
    list->crc = ngx_crc32_long(list->text.data, list->text.len);
    list->next += list->first;

    return list;
}


/* our own text: each line has one URI at most */

static void
ngx_http_live_hls_saved_line(ngx_http_live_hls_saving_t *s, u_char *p,
    u_char *eol)
{
    u_char  *uri, *last;

    if (p == eol) {
        return;
    }

    if (*p != '#') {
        ngx_http_live_hls_saved_segment(s);
        ngx_http_live_hls_saved_uri(s, p, eol);
        s->date = -1;
        return;
    }

    uri = ngx_http_live_hls_saved_tags(s, p, eol);
    last = uri ? ngx_strlchr(uri, eol, '"') : NULL;

    if (last == NULL) {
        s->pos = ngx_cpymem(s->pos, p, eol - p);
        return;
    }

    s->pos = ngx_cpymem(s->pos, p, uri - p);

    ngx_http_live_hls_saved_uri(s, uri, last);

    s->pos = ngx_cpymem(s->pos, last, eol - last);
}


static void
ngx_http_live_hls_saved_segment(ngx_http_live_hls_saving_t *s)
{
    ngx_http_live_hls_saved_t  *list;

    list = s->list;

    if (s->gap) {
        list->gaps[list->next / 8] |= 1 << (list->next % 8);
        s->gap = 0;
    }

    list->next++;
}


/* where the URI of the tag begins, or NULL */

static u_char *
ngx_http_live_hls_saved_tags(ngx_http_live_hls_saving_t *s, u_char *p,
    u_char *eol)
{
    u_char  *uri;
    size_t   len;

    len = sizeof("#EXT-X-PROGRAM-DATE-TIME:") - 1;

    if ((size_t) (eol - p) > len
        && ngx_memcmp(p, "#EXT-X-PROGRAM-DATE-TIME:", len) == 0)
    {
        s->date = ngx_http_live_hls_saved_date(p + len, eol);

    } else if (ngx_http_live_hls_saved_tag(p, eol, "#EXT-X-GAP", NULL)) {
        s->gap = 1;

    } else if (ngx_http_live_hls_saved_tag(p, eol, "#EXT-X-ENDLIST", NULL)) {
        s->list->ended = 1;

    } else if (!ngx_http_live_hls_saved_tag(p, eol, "#EXT-X-MEDIA-SEQUENCE:",
                                            &s->list->first)
               && !ngx_http_live_hls_saved_tag(p, eol,
                                               "#EXT-X-TARGETDURATION:",
                                               &s->list->target))
    {
        uri = ngx_strlcasestrn(p, eol, (u_char *) "URI=\"", 5 - 1);

        return uri ? uri + 5 : NULL;
    }

    return NULL;
}


static void
ngx_http_live_hls_saved_uri(ngx_http_live_hls_saving_t *s, u_char *p,
    u_char *last)
{
    ngx_live_hls_name_t        name;
    ngx_http_live_hls_text_t  *text;

    s->pos = ngx_cpymem(s->pos, p, last - p);

    if (s->signer.keys
        && ngx_http_live_hls_saved_media(&name, &s->signer.session, p, last))
    {
        s->pos = ngx_cpymem(s->pos, "?" NGX_LIVE_HLS_SECRET_ARG "=",
                            sizeof("?" NGX_LIVE_HLS_SECRET_ARG "=") - 1);

        ngx_live_hls_secret_sign(&s->signer, name.kind,
                                 name.kind == NGX_LIVE_HLS_NAME_INIT
                                 ? name.hash : name.msn,
                                 s->date, s->pos);

        s->pos += NGX_LIVE_HLS_SECRET_LEN;
        return;
    }

    text = &s->list->text;
    text->uris[text->nuris++] = s->pos - text->data;
}


static ngx_uint_t
ngx_http_live_hls_saved_media(ngx_live_hls_name_t *name, ngx_str_t *session,
    u_char *p, u_char *last)
{
    u_char  buf[NGX_LIVE_HLS_NAME_LEN + 1 + NGX_LIVE_HLS_NAME_FILE_LEN], *end;

    if (session->len > NGX_LIVE_HLS_NAME_LEN
        || (size_t) (last - p) > NGX_LIVE_HLS_NAME_FILE_LEN)
    {
        return 0;
    }

    end = ngx_cpymem(buf, session->data, session->len);
    *end++ = '/';
    end = ngx_cpymem(end, p, last - p);

    return ngx_live_hls_name_parse(name, buf, end - buf) == NGX_OK
           && name->kind != NGX_LIVE_HLS_NAME_INDEX
           && name->kind != NGX_LIVE_HLS_NAME_PLAYLIST;
}


static ngx_uint_t
ngx_http_live_hls_saved_tag(u_char *p, u_char *eol, const char *tag,
    uint64_t *value)
{
    size_t  len;

    len = ngx_strlen(tag);

    if ((size_t) (eol - p) < len || ngx_memcmp(p, tag, len) != 0) {
        return 0;
    }

    if (value == NULL) {
        return (size_t) (eol - p) == len;
    }

    return ngx_live_hls_name_number(p + len, eol, NGX_LIVE_HLS_MSN_MAX / 2,
                                   value)
           == NGX_OK;
}


/* YYYY-MM-DDThh:mm:ss.mmmZ; negative: it is not */

static int64_t
ngx_http_live_hls_saved_date(u_char *p, u_char *last)
{
    time_t     sec;
    ngx_int_t  ms;
    struct tm  tm;

    if ((size_t) (last - p) != sizeof("YYYY-MM-DDThh:mm:ss.mmmZ") - 1) {
        return -1;
    }

    ngx_memzero(&tm, sizeof(struct tm));

    tm.tm_year = ngx_atoi(p, 4) - 1900;
    tm.tm_mon = ngx_atoi(p + 5, 2) - 1;
    tm.tm_mday = ngx_atoi(p + 8, 2);
    tm.tm_hour = ngx_atoi(p + 11, 2);
    tm.tm_min = ngx_atoi(p + 14, 2);
    tm.tm_sec = ngx_atoi(p + 17, 2);

    ms = ngx_atoi(p + 20, 3);
    sec = timegm(&tm);

    return (ms == NGX_ERROR || sec < 0) ? -1 : (int64_t) sec * 1000 + ms;
}
