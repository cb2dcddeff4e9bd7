
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Secrets of media URLs.  Where playlists are checked against a token, the
 * URLs in them need none: each segment has a secret of its own, from its birth
 * on, that stands behind the URL of the segment and of its parts as "?s=", and
 * is the same for everybody, so that caches keep one copy.  Who is refused
 * the next playlist cannot tell what comes next.
 *
 * A secret is an HMAC of the session and the MSN, or of the hash of an init
 * section, with the node's key; nothing is kept of it.
 *
 * The key is in the file ".secret" of hls_path.  One that was put aside as
 * ".secret.old" is the former key: segments that were born before the new one
 * was made keep their secrets of it for as long as they can be listed, which
 * is twice the window, the second time in a session that is over, and four
 * target durations more.  Init sections are of no time, and have secrets of
 * the new key at once.
 */


#ifndef _NGX_LIVE_HLS_SECRET_H_INCLUDED_
#define _NGX_LIVE_HLS_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_name.h>
#include <ngx_live_hls_playlist.h>


#define NGX_LIVE_HLS_SECRET_KEY  32        /* bytes */
#define NGX_LIVE_HLS_SECRET_TEXT                                              \
    (sizeof("?" NGX_LIVE_HLS_SECRET_ARG "=") - 1 + NGX_LIVE_HLS_SECRET_LEN)
#define NGX_LIVE_HLS_SECRET_ARG  "s"


typedef struct {
    u_char                     key[NGX_LIVE_HLS_SECRET_KEY];
    u_char                     former[NGX_LIVE_HLS_SECRET_KEY];
    time_t                     since;      /* key was made; seconds */
    time_t                     until;      /* former counts; 0: there is none */
} ngx_live_hls_keys_t;


/* what a text is signed with; the last secret is kept */

typedef struct {
    const ngx_live_hls_keys_t *keys;       /* NULL: not at all */
    ngx_str_t                  session;
    uint64_t                   id;         /* of text */
    const u_char              *key;
    ngx_uint_t                 init;
    u_char                     text[NGX_LIVE_HLS_SECRET_LEN];
} ngx_live_hls_signer_t;


/* a ngx_live_hls_sign_pt; data is a ngx_live_hls_signer_t */
void ngx_live_hls_secret_sign(void *data, ngx_uint_t kind, uint64_t id,
    int64_t date, u_char *dst);

/*
 * Non-zero if value is the secret of what is named, compared in constant
 * time; playlists have none.
 */
ngx_uint_t ngx_live_hls_secret_check(const ngx_live_hls_keys_t *keys,
    const ngx_live_hls_name_t *name, const ngx_str_t *value);

/*
 * The files that there are hold keys: NGX_OK, or NGX_ERROR, which has been
 * logged.  While the configuration is read, where a fault is not the end of a
 * running nginx; nothing is made.
 */
ngx_int_t ngx_live_hls_secret_test(ngx_str_t *path, ngx_log_t *log);

/*
 * Reads the keys from the directory path; that of the file ".secret" is made
 * if it is not there, for the user alone.  For the master, when it starts or
 * is reloaded.  seconds is how long a segment may be listed.  NGX_ERROR has
 * been logged.
 */
ngx_int_t ngx_live_hls_secret_load(ngx_str_t *path, time_t seconds,
    ngx_live_hls_keys_t *keys, ngx_log_t *log);


#endif /* _NGX_LIVE_HLS_SECRET_H_INCLUDED_ */
