
/*
 * Copyright (C) nginx-live authors
 */


/*
 * See ngx_live_hls_secret.h.
 */


#include <ngx_live_hls_secret.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>


/* not names that an application may have */
#define NGX_LIVE_HLS_SECRET_FILE   "/.secret"
#define NGX_LIVE_HLS_SECRET_OLD    "/.secret.old"

/* bytes of the HMAC that are used: 96 bits */
#define NGX_LIVE_HLS_SECRET_BYTES  12


static const u_char *ngx_live_hls_secret_key(const ngx_live_hls_keys_t *keys,
    int64_t date);
static void ngx_live_hls_secret_make(const u_char *key,
    const ngx_str_t *session, ngx_uint_t init, uint64_t id, u_char *dst);
static ngx_int_t ngx_live_hls_secret_hmac(const u_char *key, u_char *text,
    size_t len, u_char *md);
static EVP_MAC_CTX *ngx_live_hls_secret_ctx(void);
static ngx_int_t ngx_live_hls_secret_path(u_char *file, ngx_str_t *path,
    const char *name, ngx_log_t *log);
static ngx_int_t ngx_live_hls_secret_read(u_char *file, u_char *key,
    time_t *mtime, ngx_log_t *log);
static ngx_int_t ngx_live_hls_secret_create(u_char *file, u_char *key,
    ngx_log_t *log);


void
ngx_live_hls_secret_sign(void *data, ngx_uint_t kind, uint64_t id,
    int64_t date, u_char *dst)
{
    ngx_live_hls_signer_t *s = data;

    ngx_uint_t     init;
    const u_char  *key;

    init = (kind == NGX_LIVE_HLS_NAME_INIT);
    key = ngx_live_hls_secret_key(s->keys, init ? -1 : date);

    if (s->key != key || s->id != id || s->init != init) {
        ngx_live_hls_secret_make(key, &s->session, init, id, s->text);

        s->key = key;
        s->id = id;
        s->init = init;
    }

    ngx_memcpy(dst, s->text, NGX_LIVE_HLS_SECRET_LEN);
}


static const u_char *
ngx_live_hls_secret_key(const ngx_live_hls_keys_t *keys, int64_t date)
{
    if (date < 0 || date / 1000 >= keys->since || ngx_time() >= keys->until) {
        return keys->key;
    }

    return keys->former;
}


ngx_uint_t
ngx_live_hls_secret_check(const ngx_live_hls_keys_t *keys,
    const ngx_live_hls_name_t *name, const ngx_str_t *value)
{
    u_char      text[NGX_LIVE_HLS_SECRET_LEN];
    uint64_t    id;
    ngx_uint_t  init;

    if ((name->kind != NGX_LIVE_HLS_NAME_INIT
         && name->kind != NGX_LIVE_HLS_NAME_SEGMENT
         && name->kind != NGX_LIVE_HLS_NAME_PART)
        || value->len != NGX_LIVE_HLS_SECRET_LEN)
    {
        return 0;
    }

    init = (name->kind == NGX_LIVE_HLS_NAME_INIT);
    id = init ? name->hash : name->msn;

    ngx_live_hls_secret_make(keys->key, &name->session, init, id, text);

    if (CRYPTO_memcmp(text, value->data, NGX_LIVE_HLS_SECRET_LEN) == 0) {
        return 1;
    }

    if (ngx_time() >= keys->until) {
        return 0;
    }

    ngx_live_hls_secret_make(keys->former, &name->session, init, id, text);

    return CRYPTO_memcmp(text, value->data, NGX_LIVE_HLS_SECRET_LEN) == 0;
}


static void
ngx_live_hls_secret_make(const u_char *key, const ngx_str_t *session,
    ngx_uint_t init, uint64_t id, u_char *dst)
{
    u_char        text[NGX_LIVE_HLS_NAME_LEN + 1 + NGX_INT64_LEN], *last;
    u_char        md[EVP_MAX_MD_SIZE];
    ngx_str_t     from, to;

    last = ngx_slprintf(text, text + sizeof(text), "%V%c%uL", session,
                        init ? 'i' : '-', id);

    if (ngx_live_hls_secret_hmac(key, text, last - text, md) != NGX_OK) {

        /* no memory: what nobody can guess */

        (void) RAND_bytes(md, NGX_LIVE_HLS_SECRET_BYTES);
    }

    from.data = md;
    from.len = NGX_LIVE_HLS_SECRET_BYTES;
    to.data = dst;

    ngx_encode_base64url(&to, &from);
}


/*
 * HMAC() looks for the algorithm and takes the key in each time, which costs
 * five times as much as the rest.  Both are kept, by each thread for itself.
 */

static ngx_int_t
ngx_live_hls_secret_hmac(const u_char *key, u_char *text, size_t len,
    u_char *md)
{
    size_t                  n;
    const u_char           *init;
    static __thread u_char  last[NGX_LIVE_HLS_SECRET_KEY];

    static __thread EVP_MAC_CTX  *ctx;

    init = NULL;

    if (ctx == NULL
        || CRYPTO_memcmp(last, key, NGX_LIVE_HLS_SECRET_KEY) != 0)
    {
        init = key;
    }

    if (ctx == NULL) {
        ctx = ngx_live_hls_secret_ctx();
    }

    if (ctx == NULL
        || EVP_MAC_init(ctx, init, init ? NGX_LIVE_HLS_SECRET_KEY : 0, NULL)
           != 1
        || EVP_MAC_update(ctx, text, len) != 1
        || EVP_MAC_final(ctx, md, &n, EVP_MAX_MD_SIZE) != 1)
    {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;

        ERR_clear_error();
        return NGX_ERROR;
    }

    ngx_memcpy(last, key, NGX_LIVE_HLS_SECRET_KEY);

    return NGX_OK;
}


static EVP_MAC_CTX *
ngx_live_hls_secret_ctx(void)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    if (ctx && EVP_MAC_CTX_set_params(ctx, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


ngx_int_t
ngx_live_hls_secret_test(ngx_str_t *path, ngx_log_t *log)
{
    u_char  file[NGX_MAX_PATH], old[NGX_MAX_PATH];
    u_char  key[NGX_LIVE_HLS_SECRET_KEY];
    time_t  mtime;

    if (ngx_live_hls_secret_path(file, path, NGX_LIVE_HLS_SECRET_FILE, log)
        != NGX_OK
        || ngx_live_hls_secret_path(old, path, NGX_LIVE_HLS_SECRET_OLD, log)
           != NGX_OK
        || ngx_live_hls_secret_read(file, key, &mtime, log) == NGX_ERROR
        || ngx_live_hls_secret_read(old, key, &mtime, log) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_hls_secret_load(ngx_str_t *path, time_t seconds,
    ngx_live_hls_keys_t *keys, ngx_log_t *log)
{
    u_char     file[NGX_MAX_PATH], old[NGX_MAX_PATH];
    time_t     mtime;
    ngx_int_t  rc;

    if (ngx_live_hls_secret_path(file, path, NGX_LIVE_HLS_SECRET_FILE, log)
        != NGX_OK
        || ngx_live_hls_secret_path(old, path, NGX_LIVE_HLS_SECRET_OLD, log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_live_hls_secret_read(file, keys->key, &keys->since, log);

    if (rc == NGX_DECLINED) {
        keys->since = ngx_time();
        rc = ngx_live_hls_secret_create(file, keys->key, log);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_live_hls_secret_read(old, keys->former, &mtime, log);

    keys->until = (rc == NGX_OK) ? keys->since + seconds : 0;

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_live_hls_secret_path(u_char *file, ngx_str_t *path, const char *name,
    ngx_log_t *log)
{
    u_char  *last;

    last = ngx_slprintf(file, file + NGX_MAX_PATH, "%V%s%Z", path, name);

    if (last == file + NGX_MAX_PATH) {
        ngx_log_error(NGX_LOG_EMERG, log, 0, "\"%V\" is too long", path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* NGX_DECLINED: there is no such file */

static ngx_int_t
ngx_live_hls_secret_read(u_char *file, u_char *key, time_t *mtime,
    ngx_log_t *log)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    fd = ngx_open_file(file, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_open_file_n " \"%s\" failed", file);
        return NGX_ERROR;
    }

    n = -1;

    if (ngx_fd_info(fd, &fi) != NGX_FILE_ERROR) {
        *mtime = ngx_file_mtime(&fi);
        n = ngx_read_fd(fd, key, NGX_LIVE_HLS_SECRET_KEY);
    }

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
