
/*
 * Copyright (C) nginx-live authors
 */


/*
 * The certificate of DTLS: made by the master process when the zone is, and
 * the same in all workers and after a reload, since the answer that names its
 * fingerprint may be another worker's.
 */


#include "ngx_live_sfu.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>


#define NGX_LIVE_SFU_CERT_AGE  (10L * 365 * 86400)


static X509 *ngx_live_sfu_cert_sign(EVP_PKEY *key);
static ngx_int_t ngx_live_sfu_cert_keep(ngx_live_sfu_sh_t *sh, X509 *cert,
    EVP_PKEY *key);


ngx_int_t
ngx_live_sfu_cert_make(ngx_live_sfu_sh_t *sh, ngx_log_t *log)
{
    X509       *cert;
    EVP_PKEY   *key;
    ngx_int_t   rc;

    rc = NGX_ERROR;
    cert = NULL;

    key = EVP_EC_gen("P-256");

    if (key) {
        cert = ngx_live_sfu_cert_sign(key);
    }

    if (cert) {
        rc = ngx_live_sfu_cert_keep(sh, cert, key);
    }

    X509_free(cert);
    EVP_PKEY_free(key);

    if (rc != NGX_OK) {
        ngx_ssl_error(NGX_LOG_EMERG, log, 0,
                      "certificate for DTLS cannot be made");
    }

    return rc;
}


/* nobody looks at its names: the fingerprint says whose it is, RFC 8122 */

static X509 *
ngx_live_sfu_cert_sign(EVP_PKEY *key)
{
    X509       *cert;
    uint64_t    serial;
    X509_NAME  *name;

    cert = X509_new();

    if (cert == NULL) {
        return NULL;
    }

    if (RAND_bytes((u_char *) &serial, sizeof(serial)) != 1) {
        goto failed;
    }

    name = X509_get_subject_name(cert);

    if (X509_set_version(cert, X509_VERSION_3) != 1
        || ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1)
           != 1
        || X509_gmtime_adj(X509_getm_notBefore(cert), -86400) == NULL
        || X509_gmtime_adj(X509_getm_notAfter(cert), NGX_LIVE_SFU_CERT_AGE)
           == NULL
        || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (u_char *) "live", -1, -1, 0)
           != 1
        || X509_set_issuer_name(cert, name) != 1
        || X509_set_pubkey(cert, key) != 1
        || X509_sign(cert, key, EVP_sha256()) == 0)
    {
        goto failed;
    }

    return cert;

failed:

    X509_free(cert);

    return NULL;
}


static ngx_int_t
ngx_live_sfu_cert_keep(ngx_live_sfu_sh_t *sh, X509 *cert, EVP_PKEY *key)
{
    int            len;
    u_char        *p;
    unsigned int   n;

    len = i2d_X509(cert, NULL);

    if (len <= 0 || len > NGX_LIVE_SFU_CERT) {
        return NGX_ERROR;
    }

    p = sh->cert;
    sh->cert_len = i2d_X509(cert, &p);

    len = i2d_PrivateKey(key, NULL);

    if (len <= 0 || len > NGX_LIVE_SFU_KEY) {
        return NGX_ERROR;
    }

    p = sh->key;
    sh->key_len = i2d_PrivateKey(key, &p);

    n = sizeof(sh->fingerprint);

    if (X509_digest(cert, EVP_sha256(), sh->fingerprint, &n) != 1
        || n != NGX_LIVE_SDP_FINGERPRINT)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
