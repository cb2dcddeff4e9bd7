
/*
 * Copyright (C) nginx-live authors
 */


/*
 * DTLS-SRTP (RFC 5763, RFC 5764): the handshake, of which the keys of SRTP
 * are all that is kept.  We are the server.  Only an address that has passed
 * a check gets here, so there is no exchange of cookies: a browser's first
 * flight is longer than a datagram.
 */


#include "ngx_live_sfu_session.h"

#include <openssl/ssl.h>


/* bytes: what DTLS may send in a datagram */
#define NGX_LIVE_SFU_DTLS_MTU     1200

/* ms after the handshake, in which its end may have to be sent again */
#define NGX_LIVE_SFU_DTLS_LINGER  5000

#define NGX_LIVE_SFU_DTLS_LABEL   "EXTRACTOR-dtls_srtp"

#define NGX_LIVE_SFU_DTLS_SECRET                                              \
    (2 * (NGX_LIVE_SRTP_MAX_KEY + NGX_LIVE_SRTP_MAX_SALT))

/* AEAD is less work; who has no AEAD has the last */
#define NGX_LIVE_SFU_DTLS_PROFILES                                            \
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80"


struct ngx_live_sfu_dtls_s {
    SSL                       *ssl;
    u_char                    *data;       /* the datagram that is read */
    size_t                     len;
    ngx_msec_t                 done;       /* when the handshake was */
};


static int ngx_live_sfu_bio_create(BIO *bio);
static int ngx_live_sfu_bio_read(BIO *bio, char *buf, int size);
static int ngx_live_sfu_bio_write(BIO *bio, const char *buf, int len);
static long ngx_live_sfu_bio_ctrl(BIO *bio, int cmd, long num, void *ptr);
static int ngx_live_sfu_dtls_verify(int ok, X509_STORE_CTX *store);
static ngx_int_t ngx_live_sfu_dtls_create(ngx_live_sfu_session_t *s);
static ngx_int_t ngx_live_sfu_dtls_done(ngx_live_sfu_session_t *s,
    const char **reason);
static ngx_int_t ngx_live_sfu_dtls_peer(ngx_live_sfu_session_t *s);
static ngx_int_t ngx_live_sfu_dtls_keys(ngx_live_sfu_session_t *s,
    const char **reason);
static ngx_int_t ngx_live_sfu_dtls_receiver(ngx_live_sfu_session_t *s);


static SSL_CTX     *ngx_live_sfu_ssl;
static BIO_METHOD  *ngx_live_sfu_bio;


ngx_int_t
ngx_live_sfu_dtls_init(ngx_cycle_t *cycle)
{
    SSL_CTX            *ctx;
    const u_char       *p;
    BIO_METHOD         *bio;
    EVP_PKEY           *key;
    ngx_live_sfu_sh_t  *sh;

    sh = ngx_live_sfu_zone->sh;
    key = NULL;

    ctx = SSL_CTX_new(DTLS_server_method());
    bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                       "live datagrams");

    if (ctx == NULL || bio == NULL) {
        goto failed;
    }

    p = sh->key;
    key = d2i_AutoPrivateKey(NULL, &p, sh->key_len);

    if (key == NULL
        || SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1
        || SSL_CTX_use_certificate_ASN1(ctx, sh->cert_len, sh->cert) != 1
        || SSL_CTX_use_PrivateKey(ctx, key) != 1
        || SSL_CTX_set_tlsext_use_srtp(ctx, NGX_LIVE_SFU_DTLS_PROFILES) != 0
        || BIO_meth_set_create(bio, ngx_live_sfu_bio_create) != 1
        || BIO_meth_set_read(bio, ngx_live_sfu_bio_read) != 1
        || BIO_meth_set_write(bio, ngx_live_sfu_bio_write) != 1
        || BIO_meth_set_ctrl(bio, ngx_live_sfu_bio_ctrl) != 1)
    {
        goto failed;
    }

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       ngx_live_sfu_dtls_verify);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU|SSL_OP_NO_TICKET
                             |SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);

    EVP_PKEY_free(key);

    ngx_live_sfu_ssl = ctx;
    ngx_live_sfu_bio = bio;

    return NGX_OK;

failed:

    ngx_ssl_error(NGX_LOG_EMERG, cycle->log, 0, "DTLS cannot be set up");

    EVP_PKEY_free(key);
    SSL_CTX_free(ctx);
    BIO_meth_free(bio);

    return NGX_ERROR;
}


/* any certificate: it is compared with the fingerprint of the offer */

static int
ngx_live_sfu_dtls_verify(int ok, X509_STORE_CTX *store)
{
    return 1;
}


static int
ngx_live_sfu_bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);

    return 1;
}


/* a read is a datagram, never two of them */

static int
ngx_live_sfu_bio_read(BIO *bio, char *buf, int size)
{
    size_t                   n;
    ngx_live_sfu_dtls_t     *dtls;
    ngx_live_sfu_session_t  *s;

    s = BIO_get_data(bio);
    dtls = s->dtls;

    BIO_clear_retry_flags(bio);

    if (dtls->len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }

    n = ngx_min(dtls->len, (size_t) size);

    ngx_memcpy(buf, dtls->data, n);
    dtls->len = 0;

    return (int) n;
}


static int
ngx_live_sfu_bio_write(BIO *bio, const char *buf, int len)
{
    ngx_live_sfu_session_t  *s;

    s = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);

    ngx_live_sfu_send(&s->sh->paths[s->last_path], (u_char *) buf, len);

    return len;
}


static long
ngx_live_sfu_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    switch (cmd) {

    case BIO_CTRL_FLUSH:
        return 1;

    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return NGX_LIVE_SFU_DTLS_MTU;

    case BIO_CTRL_DGRAM_SET_MTU:
        return num;

    case BIO_CTRL_WPENDING:
    case BIO_CTRL_PENDING:
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
    default:
        return 0;
    }
}


static ngx_int_t
ngx_live_sfu_dtls_create(ngx_live_sfu_session_t *s)
{
    BIO                  *bio;
    SSL                  *ssl;
    ngx_live_sfu_dtls_t  *dtls;

    dtls = ngx_calloc(sizeof(ngx_live_sfu_dtls_t), s->log);
    ssl = SSL_new(ngx_live_sfu_ssl);
    bio = BIO_new(ngx_live_sfu_bio);

    if (dtls == NULL || ssl == NULL || bio == NULL) {
        BIO_free(bio);
        SSL_free(ssl);

        if (dtls) {
            ngx_free(dtls);
        }

        return NGX_ERROR;
    }

    BIO_set_data(bio, s);

    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    SSL_set_mtu(ssl, NGX_LIVE_SFU_DTLS_MTU);

    dtls->ssl = ssl;
    s->dtls = dtls;

    return NGX_OK;
}


ngx_int_t
ngx_live_sfu_dtls_input(ngx_live_sfu_session_t *s, u_char *data, size_t len,
    const char **reason)
{
    int                   n;
    char                  buf[256];
    ngx_live_sfu_dtls_t  *dtls;

    if (s->dtls == NULL) {

        if (s->keyed) {

            /* its end was heard, and the object is freed */

            return NGX_OK;
        }

        if (ngx_live_sfu_dtls_create(s) != NGX_OK) {
            *reason = "no memory for DTLS";
            return NGX_ERROR;
        }
    }

    dtls = s->dtls;

    if (dtls->done == 0 && ngx_live_sfu_handshake() != NGX_OK) {
        return NGX_OK;
    }

    dtls->data = data;
    dtls->len = len;

    ERR_clear_error();

    /* behind the handshake: alerts, and the peer's last flight once more */

    n = dtls->done ? SSL_read(dtls->ssl, buf, sizeof(buf))
                   : SSL_do_handshake(dtls->ssl);

    dtls->len = 0;

    if (SSL_get_shutdown(dtls->ssl) & SSL_RECEIVED_SHUTDOWN) {
        *reason = "client has closed DTLS";
        return NGX_ERROR;
    }

    if (dtls->done) {
        ERR_clear_error();
        return NGX_OK;
    }

    if (n == 1) {
        return ngx_live_sfu_dtls_done(s, reason);
    }

    n = SSL_get_error(dtls->ssl, n);

    if (n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE) {
        return NGX_OK;
    }

    ngx_ssl_error(NGX_LOG_INFO, s->log, 0, "DTLS handshake failed");

    *reason = "DTLS handshake failed";

    return NGX_ERROR;
}


static ngx_int_t
ngx_live_sfu_dtls_done(ngx_live_sfu_session_t *s, const char **reason)
{
    if (ngx_live_sfu_dtls_peer(s) != NGX_OK) {
        *reason = "client's certificate has another fingerprint";
        return NGX_ERROR;
    }

    if (ngx_live_sfu_dtls_keys(s, reason) != NGX_OK) {
        return NGX_ERROR;
    }

    s->dtls->done = ngx_current_msec ? ngx_current_msec : 1;

    ngx_live_sfu_count(handshakes);

    return NGX_OK;
}


static ngx_int_t
ngx_live_sfu_dtls_peer(ngx_live_sfu_session_t *s)
{
    int           rc;
    X509         *cert;
    u_char        digest[EVP_MAX_MD_SIZE];
    unsigned int  n;

    cert = SSL_get1_peer_certificate(s->dtls->ssl);

    if (cert == NULL) {
        return NGX_ERROR;
    }

    rc = X509_digest(cert, EVP_sha256(), digest, &n);

    X509_free(cert);

    if (rc != 1 || n != NGX_LIVE_SDP_FINGERPRINT
        || !ngx_live_hmac_equal(digest, s->sh->fingerprint, n))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* RFC 5764, 4.2: keys of client and server, then their salts */

static ngx_int_t
ngx_live_sfu_dtls_keys(ngx_live_sfu_session_t *s, const char **reason)
{
    size_t                   key, salt;
    u_char                   secret[NGX_LIVE_SFU_DTLS_SECRET], *salts;
    ngx_int_t                rc;
    ngx_uint_t               play;
    SRTP_PROTECTION_PROFILE *profile;

    profile = SSL_get_selected_srtp_profile(s->dtls->ssl);

    if (profile == NULL) {
        *reason = "client has no SRTP profile of ours";
        return NGX_ERROR;
    }

    key = ngx_live_srtp_key_len(profile->id);
    salt = ngx_live_srtp_salt_len(profile->id);
    salts = secret + 2 * key;

    if (key == 0
        || SSL_export_keying_material(s->dtls->ssl, secret, 2 * (key + salt),
                                      NGX_LIVE_SFU_DTLS_LABEL,
                                      sizeof(NGX_LIVE_SFU_DTLS_LABEL) - 1,
                                      NULL, 0, 0)
           != 1)
    {
        *reason = "keys of SRTP cannot be exported";
        return NGX_ERROR;
    }

    /* who plays sends no RTP, who publishes is sent none */

    play = (s->sh->door == NGX_LIVE_DOOR_WHEP);

    rc = NGX_ERROR;

    if (ngx_live_srtp_init(&s->in, profile->id, secret, salts, 0, !play)
        == NGX_OK
        && ngx_live_srtp_init(&s->out, profile->id, secret + key,
                              salts + salt, 1, play)
           == NGX_OK)
    {
        rc = ngx_live_sfu_dtls_receiver(s);
    }

    ngx_explicit_memzero(secret, sizeof(secret));

    if (rc != NGX_OK) {
        *reason = "no memory for SRTP";
        return NGX_ERROR;
    }

    s->keyed = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_live_sfu_dtls_receiver(ngx_live_sfu_session_t *s)
{
    ngx_uint_t  n;

    n = (s->sh->door == NGX_LIVE_DOOR_WHEP) ? 0 : 8;

    s->rtcp_sources = ngx_calloc(NGX_LIVE_SRTCP_SOURCES
                                 * sizeof(ngx_live_srtcp_source_t), s->log);
    if (s->rtcp_sources == NULL) {
        return NGX_ERROR;
    }

    s->in.rtcp_sources = s->rtcp_sources;

    if (n == 0) {
        return NGX_OK;
    }

    s->sources = ngx_calloc(n * sizeof(ngx_live_srtp_source_t), s->log);
    if (s->sources == NULL) {
        return NGX_ERROR;
    }

    s->in.sources = s->sources;
    s->in.max_sources = n;

    return NGX_OK;
}


void
ngx_live_sfu_dtls_tick(ngx_live_sfu_session_t *s)
{
    ngx_live_sfu_dtls_t  *dtls;

    dtls = s->dtls;

    if (dtls == NULL) {
        return;
    }

    if (dtls->done == 0) {
        ERR_clear_error();
        (void) DTLSv1_handle_timeout(dtls->ssl);
        ERR_clear_error();
        return;
    }

    if (ngx_current_msec - dtls->done > NGX_LIVE_SFU_DTLS_LINGER) {
        ngx_live_sfu_dtls_free(s, 0);
    }
}


void
ngx_live_sfu_dtls_free(ngx_live_sfu_session_t *s, ngx_uint_t notify)
{
    if (s->dtls == NULL) {
        return;
    }

    if (notify && s->dtls->done) {
        ERR_clear_error();
        (void) SSL_shutdown(s->dtls->ssl);
        ERR_clear_error();
    }

    SSL_free(s->dtls->ssl);

    ngx_free(s->dtls);
    s->dtls = NULL;
}
