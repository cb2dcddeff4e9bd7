
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_keys.h"


#define NGX_LIVE_TOKEN_FILE_MAX  262144    /* bytes of a file */


typedef struct ngx_live_token_loader_s  ngx_live_token_loader_t;

typedef ngx_int_t (*ngx_live_token_file_pt)(ngx_live_token_loader_t *ld,
    u_char *path, ngx_str_t *kid);

struct ngx_live_token_loader_s {
    ngx_live_token_source_t   *source;
    ngx_live_token_fault_t    *fault;
    ngx_live_token_file_pt     handler;    /* called for each file */
    ngx_uint_t                 directory;  /* files of one are being read */
    uint64_t                   stamp;
    ngx_live_token_keys_t     *keys;
};


static ngx_int_t ngx_live_token_keys_walk(ngx_live_token_loader_t *ld,
    ngx_array_t *sources);
static ngx_int_t ngx_live_token_keys_directory(ngx_live_token_loader_t *ld);
static int ngx_libc_cdecl ngx_live_token_keys_compare(const void *one,
    const void *two);
static ngx_int_t ngx_live_token_keys_entry(ngx_live_token_loader_t *ld,
    char *name);
static ngx_int_t ngx_live_token_keys_stamp_file(ngx_live_token_loader_t *ld,
    u_char *path, ngx_str_t *kid);
static uint64_t ngx_live_token_keys_mix(uint64_t stamp, void *data,
    size_t len);
static ngx_int_t ngx_live_token_keys_load_file(ngx_live_token_loader_t *ld,
    u_char *path, ngx_str_t *kid);
static ngx_int_t ngx_live_token_keys_read(ngx_live_token_loader_t *ld,
    u_char *path, ngx_str_t *text);
static ngx_int_t ngx_live_token_keys_add_jwk(ngx_live_token_loader_t *ld,
    ngx_str_t *text, ngx_str_t *kid);
static ngx_int_t ngx_live_token_keys_add_secret(ngx_live_token_loader_t *ld,
    u_char *path, ngx_str_t *text, ngx_str_t *kid);
static ngx_int_t ngx_live_token_keys_push(ngx_live_token_loader_t *ld,
    ngx_live_token_key_t *key, ngx_str_t *kid);
static ngx_uint_t ngx_live_token_keys_suffix(u_char *path,
    const char *suffix);
static ngx_int_t ngx_live_token_keys_fault(ngx_live_token_loader_t *ld,
    u_char *path, const char *reason, ngx_err_t err);


/* files of a directory; others may lie beside them */

static const char  *ngx_live_token_keys_suffixes[] = {
    ".pem", ".pub", ".crt", ".json", ".jwk", ".jwks", ".secret", NULL
};


ngx_int_t
ngx_live_token_keys_stamp(ngx_array_t *sources, uint64_t *stamp,
    ngx_live_token_fault_t *fault)
{
    ngx_live_token_loader_t  ld;

    ngx_memzero(&ld, sizeof(ngx_live_token_loader_t));

    ld.fault = fault;
    ld.handler = ngx_live_token_keys_stamp_file;
    ld.stamp = 0xcbf29ce484222325ULL;

    if (ngx_live_token_keys_walk(&ld, sources) != NGX_OK) {
        return NGX_ERROR;
    }

    *stamp = ld.stamp;

    return NGX_OK;
}


ngx_live_token_keys_t *
ngx_live_token_keys_load(ngx_array_t *sources, ngx_live_token_fault_t *fault,
    ngx_log_t *log)
{
    ngx_pool_t               *pool;
    ngx_live_token_keys_t    *keys;
    ngx_live_token_loader_t   ld;

    ngx_memzero(&ld, sizeof(ngx_live_token_loader_t));

    fault->path[0] = '\0';
    fault->reason = "no memory";
    fault->err = 0;

    pool = ngx_create_pool(4096, log);
    if (pool == NULL) {
        return NULL;
    }

    keys = ngx_pcalloc(pool, sizeof(ngx_live_token_keys_t));

    if (keys == NULL
        || ngx_array_init(&keys->keys, pool, 8, sizeof(ngx_live_token_key_t))
           != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    keys->pool = pool;

    ld.fault = fault;
    ld.handler = ngx_live_token_keys_load_file;
    ld.keys = keys;

    if (ngx_live_token_keys_walk(&ld, sources) != NGX_OK) {
        ngx_live_token_keys_free(keys);
        return NULL;
    }

    return keys;
}


void
ngx_live_token_keys_free(ngx_live_token_keys_t *keys)
{
    ngx_uint_t             i;
    ngx_live_token_key_t  *key;

    key = keys->keys.elts;

    for (i = 0; i < keys->keys.nelts; i++) {
        ngx_live_token_key_free(&key[i]);
    }

    ngx_destroy_pool(keys->pool);
}


ngx_int_t
ngx_live_token_keys_verify(ngx_live_token_keys_t *keys, ngx_live_jwt_t *jwt,
    const char **reason)
{
    ngx_int_t              rc;
    ngx_uint_t             i, tries;
    ngx_live_token_key_t  *key;

    key = keys->keys.elts;
    tries = 0;

    for (i = 0; i < keys->keys.nelts; i++) {

        if (!(key[i].algs & jwt->alg)) {
            continue;
        }

        if (jwt->kid.len && key[i].kid.len
            && (jwt->kid.len != key[i].kid.len
                || ngx_memcmp(jwt->kid.data, key[i].kid.data, jwt->kid.len)
                   != 0))
        {
            continue;
        }

        if (tries++ == NGX_LIVE_TOKEN_TRIES) {
            *reason = "token names none of too many keys";
            return NGX_DECLINED;
        }

        rc = ngx_live_token_key_verify(&key[i], jwt->alg, &jwt->input,
                                       &jwt->signature);

        if (rc == NGX_OK || rc == NGX_ERROR) {
            return rc;
        }
    }

    *reason = tries ? "token's signature does not match"
                    : "no key for the token";

    return NGX_DECLINED;
}


static ngx_int_t
ngx_live_token_keys_walk(ngx_live_token_loader_t *ld, ngx_array_t *sources)
{
    ngx_str_t                 none;
    ngx_uint_t                i;
    ngx_file_info_t           fi;
    ngx_live_token_source_t  *source;

    source = sources->elts;
    ngx_str_null(&none);

    for (i = 0; i < sources->nelts; i++) {
        ld->source = &source[i];

        if (ngx_file_info(source[i].path.data, &fi) == NGX_FILE_ERROR) {
            return ngx_live_token_keys_fault(ld, source[i].path.data,
                                             "cannot be found", ngx_errno);
        }

        ld->directory = ngx_is_dir(&fi);

        if (ld->directory) {
            if (ngx_live_token_keys_directory(ld) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (ld->handler(ld, source[i].path.data, &none) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * By name: the order of a directory says nothing, and keys are told apart by
 * their order.
 */

static ngx_int_t
ngx_live_token_keys_directory(ngx_live_token_loader_t *ld)
{
    int              n, i;
    ngx_int_t        rc;
    struct dirent  **list;

    n = scandir((char *) ld->source->path.data, &list, NULL, NULL);

    if (n < 0) {
        return ngx_live_token_keys_fault(ld, ld->source->path.data,
                                         "cannot be read", ngx_errno);
    }

    ngx_qsort(list, n, sizeof(struct dirent *), ngx_live_token_keys_compare);

    rc = NGX_OK;

    for (i = 0; i < n; i++) {
        if (rc == NGX_OK) {
            rc = ngx_live_token_keys_entry(ld, list[i]->d_name);
        }

        free(list[i]);
    }

    free(list);

    return rc;
}


static int ngx_libc_cdecl
ngx_live_token_keys_compare(const void *one, const void *two)
{
    struct dirent  *a = *(struct dirent **) one;
    struct dirent  *b = *(struct dirent **) two;

    return ngx_strcmp(a->d_name, b->d_name);
}


static ngx_int_t
ngx_live_token_keys_entry(ngx_live_token_loader_t *ld, char *name)
{
    size_t        len, suffix;
    u_char        path[NGX_MAX_PATH];
    ngx_str_t     kid;
    ngx_uint_t    i;

    if (name[0] == '.') {
        return NGX_OK;
    }

    len = ngx_strlen(name);
    suffix = 0;

    for (i = 0; ngx_live_token_keys_suffixes[i]; i++) {
        if (ngx_live_token_keys_suffix((u_char *) name,
                                       ngx_live_token_keys_suffixes[i]))
        {
            suffix = ngx_strlen(ngx_live_token_keys_suffixes[i]);
        }
    }

    if (suffix == 0) {
        return NGX_OK;
    }

    if (ld->source->path.len + len + 2 > NGX_MAX_PATH) {
        return ngx_live_token_keys_fault(ld, ld->source->path.data,
                                         "is too long a path", 0);
    }

    (void) ngx_sprintf(path, "%V/%s%Z", &ld->source->path, name);

    kid.data = (u_char *) name;
    kid.len = len - suffix;

    return ld->handler(ld, path, &kid);
}


static ngx_int_t
ngx_live_token_keys_stamp_file(ngx_live_token_loader_t *ld, u_char *path,
    ngx_str_t *kid)
{
    uint64_t         n[5];
    ngx_file_info_t  fi;

    if (ngx_file_info(path, &fi) == NGX_FILE_ERROR) {

        /* it may go while a directory is being read: seen next time */

        if (ld->directory && ngx_errno == NGX_ENOENT) {
            return NGX_OK;
        }

        return ngx_live_token_keys_fault(ld, path, "cannot be found",
                                         ngx_errno);
    }

    n[0] = (uint64_t) fi.st_ino;
    n[1] = (uint64_t) fi.st_size;
    n[2] = (uint64_t) fi.st_mtim.tv_sec;
    n[3] = (uint64_t) fi.st_mtim.tv_nsec;
    n[4] = (uint64_t) fi.st_dev;

    ld->stamp = ngx_live_token_keys_mix(ld->stamp, path, ngx_strlen(path) + 1);
    ld->stamp = ngx_live_token_keys_mix(ld->stamp, n, sizeof(n));

    return NGX_OK;
}


/* FNV-1a */

static uint64_t
ngx_live_token_keys_mix(uint64_t stamp, void *data, size_t len)
{
    size_t   i;
    u_char  *p;

    p = data;

    for (i = 0; i < len; i++) {
        stamp = (stamp ^ p[i]) * 0x100000001b3ULL;
    }

    return stamp;
}


static ngx_int_t
ngx_live_token_keys_load_file(ngx_live_token_loader_t *ld, u_char *path,
    ngx_str_t *kid)
{
    u_char                *p, *last;
    ngx_int_t              rc;
    ngx_str_t              text, algs;
    const char            *reason;
    ngx_live_token_key_t   key;

    rc = ngx_live_token_keys_read(ld, path, &text);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    /* what the keys are named and used for counts, too */

    algs.data = (u_char *) &ld->source->algs;
    algs.len = sizeof(ngx_uint_t);

    if (ngx_live_token_key_chain(ld->keys->hash, kid) != NGX_OK
        || ngx_live_token_key_chain(ld->keys->hash, &algs) != NGX_OK
        || ngx_live_token_key_chain(ld->keys->hash, &ld->source->kid)
           != NGX_OK
        || ngx_live_token_key_chain(ld->keys->hash, &text) != NGX_OK)
    {
        return ngx_live_token_keys_fault(ld, path, "cannot be hashed", 0);
    }

    p = text.data;
    last = p + text.len;

    while (p < last && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    if (p < last && *p == '{') {
        rc = ngx_live_token_keys_add_jwk(ld, &text, kid);

    } else if (ngx_strnstr(text.data, "-----BEGIN ", text.len)) {

        rc = ngx_live_token_key_pem(&key, text.data, text.len, &reason);

        if (rc == NGX_OK) {
            rc = ngx_live_token_keys_push(ld, &key, kid);

        } else {
            ld->fault->reason = reason;
        }

    } else {
        rc = ngx_live_token_keys_add_secret(ld, path, &text, kid);
    }

    if (rc != NGX_OK) {
        return ngx_live_token_keys_fault(ld, path, ld->fault->reason, 0);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_keys_read(ngx_live_token_loader_t *ld, u_char *path,
    ngx_str_t *text)
{
    off_t            size;
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_err_t        err;
    ngx_file_info_t  fi;

    fd = ngx_open_file(path, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK, NGX_FILE_OPEN,
                       0);

    if (fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (ld->directory && err == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        return ngx_live_token_keys_fault(ld, path, "cannot be opened", err);
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        (void) ngx_close_file(fd);
        return ngx_live_token_keys_fault(ld, path, "is no file", 0);
    }

    size = ngx_file_size(&fi);

    if (size == 0 || size > NGX_LIVE_TOKEN_FILE_MAX) {
        (void) ngx_close_file(fd);
        return ngx_live_token_keys_fault(ld, path,
                                         size ? "is too large" : "is empty",
                                         0);
    }

    text->data = ngx_pnalloc(ld->keys->pool, size + 1);

    if (text->data == NULL) {
        (void) ngx_close_file(fd);
        return ngx_live_token_keys_fault(ld, path, "no memory", 0);
    }

    n = ngx_read_fd(fd, text->data, size);
    err = ngx_errno;

    (void) ngx_close_file(fd);

    if (n != (ssize_t) size) {
        return ngx_live_token_keys_fault(ld, path, "cannot be read",
                                         n == -1 ? err : 0);
    }

    text->data[n] = '\0';
    text->len = n;

    return NGX_OK;
}


static ngx_int_t
ngx_live_token_keys_add_jwk(ngx_live_token_loader_t *ld, ngx_str_t *text,
    ngx_str_t *kid)
{
    ngx_uint_t             i, skipped, found;
    ngx_array_t            jwks;
    ngx_live_jwk_t        *jwk;
    ngx_live_token_key_t   key;

    if (ngx_array_init(&jwks, ld->keys->pool, 4, sizeof(ngx_live_jwk_t))
        != NGX_OK)
    {
        ld->fault->reason = "no memory";
        return NGX_ERROR;
    }

    if (ngx_live_jwk_parse(text->data, text->len, &jwks, &skipped,
                           ld->keys->pool, &ld->fault->reason)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    jwk = jwks.elts;
    found = 0;

    for (i = 0; i < jwks.nelts; i++) {

        if (ngx_live_token_key_jwk(&key, &jwk[i], &ld->fault->reason)
            != NGX_OK)
        {
            continue;
        }

        /* the name of a file is that of its only key */

        if (ngx_live_token_keys_push(ld, &key, jwks.nelts == 1 ? kid : NULL)
            == NGX_OK)
        {
            found++;
        }
    }

    return found ? NGX_OK : NGX_ERROR;
}


/*
 * A secret has to be called one: a public key in a format that is not known
 * here would otherwise be a secret that everybody has.
 */

static ngx_int_t
ngx_live_token_keys_add_secret(ngx_live_token_loader_t *ld, u_char *path,
    ngx_str_t *text, ngx_str_t *kid)
{
    size_t                 i;
    ngx_live_token_key_t   key;

    if (!(ld->source->algs & NGX_LIVE_JWT_HS)
        && !ngx_live_token_keys_suffix(path, ".secret"))
    {
        ld->fault->reason = "is neither PEM nor JSON, nor called a secret";
        return NGX_ERROR;
    }

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] > 0x7e) {
            break;
        }
    }

    /* the end of the line does not belong to a text, but to random bytes */

    if (i + 1 == text->len && text->data[i] == LF) {
        text->len--;

    } else if (i + 2 == text->len && text->data[i] == CR
               && text->data[i + 1] == LF)
    {
        text->len -= 2;
    }

    if (ngx_live_token_key_secret(&key, text->data, text->len,
                                  &ld->fault->reason)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_token_keys_push(ld, &key, kid);
}


/*
 * Takes over the key.
 */

static ngx_int_t
ngx_live_token_keys_push(ngx_live_token_loader_t *ld,
    ngx_live_token_key_t *key, ngx_str_t *kid)
{
    ngx_str_t             *name;
    ngx_live_token_key_t  *dst;

    if (ld->source->algs) {
        key->algs &= ld->source->algs;
    }

    if (key->algs == 0) {
        ld->fault->reason = "has no key for this algorithm";
        goto failed;
    }

    name = ld->source->kid.len ? &ld->source->kid
           : (key->kid.len == 0 && kid) ? kid : NULL;

    if (name && name->len) {
        key->kid.len = name->len;
        key->kid.data = ngx_pstrdup(ld->keys->pool, name);

        if (key->kid.data == NULL) {
            ld->fault->reason = "no memory";
            goto failed;
        }
    }

    if (ld->keys->keys.nelts == NGX_LIVE_TOKEN_KEYS_MAX) {
        ld->fault->reason = "is one key too many";
        goto failed;
    }

    dst = ngx_array_push(&ld->keys->keys);

    if (dst == NULL) {
        ld->fault->reason = "no memory";
        goto failed;
    }

    *dst = *key;
    ld->keys->private += key->private;

    return NGX_OK;

failed:

    ngx_live_token_key_free(key);

    return NGX_ERROR;
}


static ngx_uint_t
ngx_live_token_keys_suffix(u_char *path, const char *suffix)
{
    size_t  len, n;

    len = ngx_strlen(path);
    n = ngx_strlen(suffix);

    return len > n && ngx_strcmp(path + len - n, suffix) == 0;
}


static ngx_int_t
ngx_live_token_keys_fault(ngx_live_token_loader_t *ld, u_char *path,
    const char *reason, ngx_err_t err)
{
    (void) ngx_cpystrn(ld->fault->path, path, NGX_MAX_PATH);
    ld->fault->reason = reason;
    ld->fault->err = err;

    return NGX_ERROR;
}
