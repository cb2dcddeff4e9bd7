
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
 */


#ifndef _NGX_LIVE_HLS_SECRET_H_INCLUDED_
#define _NGX_LIVE_HLS_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_name.h>
#include <ngx_live_hls_playlist.h>


#define NGX_LIVE_HLS_SECRET_KEY  32        /* bytes */
#define NGX_LIVE_HLS_SECRET_ARG  "s"


/* what a text is signed with; the last secret is kept */

typedef struct {
    const u_char              *key;        /* NULL: not at all */
    ngx_str_t                  session;
    uint64_t                   id;         /* of text */
    ngx_uint_t                 init;
    u_char                     text[NGX_LIVE_HLS_SECRET_LEN];
    unsigned                   valid:1;
} ngx_live_hls_signer_t;


/* a ngx_live_hls_sign_pt; data is a ngx_live_hls_signer_t */
void ngx_live_hls_secret_sign(void *data, ngx_uint_t kind, uint64_t id,
    u_char *dst);

/*
 * Non-zero if value is the secret of what is named, compared in constant
 * time; playlists have none.
 */
ngx_uint_t ngx_live_hls_secret_check(const u_char *key,
    const ngx_live_hls_name_t *name, const ngx_str_t *value);

/*
 * Reads the key from the file "secret" in the directory path, which is made
 * if it is not there, for the user alone.  For the master, when it starts.
 * NGX_ERROR has been logged.
 */
ngx_int_t ngx_live_hls_secret_load(ngx_str_t *path, u_char *key,
    ngx_log_t *log);


#endif /* _NGX_LIVE_HLS_SECRET_H_INCLUDED_ */
