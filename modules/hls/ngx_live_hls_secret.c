
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_hls_secret.h.
 */


#include <ngx_live_hls_secret.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>


/* not a name that an application may have */
#define NGX_LIVE_HLS_SECRET_FILE   "/.secret"

/* bytes of the HMAC that are used: 96 bits */
#define NGX_LIVE_HLS_SECRET_BYTES  12


static void ngx_live_hls_secret_make(const u_char *key,
    const ngx_str_t *session, ngx_uint_t init, uint64_t id, u_char *dst);
static ngx_int_t ngx_live_hls_secret_create(u_char *file, u_char *key,
    ngx_log_t *log);


void
ngx_live_hls_secret_sign(void *data, ngx_uint_t kind, uint64_t id,
    u_char *dst)
{
    ngx_live_hls_signer_t *s = data;

    ngx_uint_t  init;

    init = (kind == NGX_LIVE_HLS_NAME_INIT);

    if (!s->valid || s->id != id || s->init != init) {
        ngx_live_hls_secret_make(s->key, &s->session, init, id, s->text);

        s->id = id;
        s->init = init;
        s->valid = 1;
    }

    ngx_memcpy(dst, s->text, NGX_LIVE_HLS_SECRET_LEN);
}


ngx_uint_t
ngx_live_hls_secret_check(const u_char *key, const ngx_live_hls_name_t *name,
    const ngx_str_t *value)
{
    u_char      text[NGX_LIVE_HLS_SECRET_LEN];
    ngx_uint_t  init;

    if ((name->kind != NGX_LIVE_HLS_NAME_INIT
         && name->kind != NGX_LIVE_HLS_NAME_SEGMENT
         && name->kind != NGX_LIVE_HLS_NAME_PART)
        || value->len != NGX_LIVE_HLS_SECRET_LEN)
    {
        return 0;
    }

    init = (name->kind == NGX_LIVE_HLS_NAME_INIT);

    ngx_live_hls_secret_make(key, &name->session, init,
                             init ? name->hash : name->msn, text);

    return CRYPTO_memcmp(text, value->data, NGX_LIVE_HLS_SECRET_LEN) == 0;
}


static void
ngx_live_hls_secret_make(const u_char *key, const ngx_str_t *session,
    ngx_uint_t init, uint64_t id, u_char *dst)
{
    u_char        text[NGX_LIVE_HLS_NAME_LEN + 1 + NGX_INT64_LEN], *last;
    u_char        md[EVP_MAX_MD_SIZE];
    ngx_str_t     from, to;
    unsigned int  len;

    last = ngx_slprintf(text, text + sizeof(text), "%V%c%uL", session,
                        init ? 'i' : '-', id);

    if (HMAC(EVP_sha256(), key, NGX_LIVE_HLS_SECRET_KEY, text, last - text,
             md, &len)
        == NULL)
    {
        /* no memory: what nobody can guess */

        (void) RAND_bytes(md, NGX_LIVE_HLS_SECRET_BYTES);
    }

    from.data = md;
    from.len = NGX_LIVE_HLS_SECRET_BYTES;
    to.data = dst;

    ngx_encode_base64url(&to, &from);
}


ngx_int_t
ngx_live_hls_secret_load(ngx_str_t *path, u_char *key, ngx_log_t *log)
{
    u_char    file[NGX_MAX_PATH], *last;
    ssize_t   n;
    ngx_fd_t  fd;

    last = ngx_slprintf(file, file + sizeof(file),
                        "%V" NGX_LIVE_HLS_SECRET_FILE "%Z", path);

    if (last == file + sizeof(file)) {
        ngx_log_error(NGX_LOG_EMERG, log, 0, "\"%V\" is too long", path);
        return NGX_ERROR;
    }

    fd = ngx_open_file(file, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno != NGX_ENOENT) {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          ngx_open_file_n " \"%s\" failed", file);
            return NGX_ERROR;
        }

        return ngx_live_hls_secret_create(file, key, log);
    }

    n = ngx_read_fd(fd, key, NGX_LIVE_HLS_SECRET_KEY);

    if (n != NGX_LIVE_HLS_SECRET_KEY) {
        ngx_log_error(NGX_LOG_EMERG, log, n < 0 ? ngx_errno : 0,
                      "no key of %d bytes in \"%s\"",
                      NGX_LIVE_HLS_SECRET_KEY, file);
    }

    (void) ngx_close_file(fd);

    return n == NGX_LIVE_HLS_SECRET_KEY ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_live_hls_secret_create(u_char *file, u_char *key, ngx_log_t *log)
{
    ssize_t   n;
    ngx_fd_t  fd;

    if (RAND_bytes(key, NGX_LIVE_HLS_SECRET_KEY) != 1) {
        ngx_log_error(NGX_LOG_EMERG, log, 0, "RAND_bytes() failed");
        return NGX_ERROR;
    }

    fd = ngx_open_file(file, NGX_FILE_WRONLY, O_CREAT|O_EXCL,
                       NGX_FILE_OWNER_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_open_file_n " \"%s\" failed", file);
        return NGX_ERROR;
    }

    n = ngx_write_fd(fd, key, NGX_LIVE_HLS_SECRET_KEY);

    if (n != NGX_LIVE_HLS_SECRET_KEY) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_write_fd_n " \"%s\" failed", file);
        (void) ngx_delete_file(file);
    }

    (void) ngx_close_file(fd);

    return n == NGX_LIVE_HLS_SECRET_KEY ? NGX_OK : NGX_ERROR;
}
